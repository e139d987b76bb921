> **Erasure.** The lead, its timers, queue place and open handoff go; `tasuki.lead.forgotten.v1` (lead id, no personal data) goes to the lifecycle topic and to the teams that had the lead; later events of that person start a new lead only if they happened after the erasure.
> Its moment is its journal time: events that happened at or before it are dropped for good (counted `erased`), an older erasure among them; so are follow-ups on what was erased: by `handoff_id` of a cycle up to the last erased one, or by `person` while no new lead exists.
> (A dead letter would keep what was to be forgotten.) The new lead's first stage change carries the kept cycle number.
> Kept: lead id, that time, the last cycle number (so that no handoff id is ever used twice), duplicate marks.
> An unknown person's erasure is kept and receipted as well.
> `forgotten` goes to the lifecycle topic and to the topic of every team that was ever handed the lead; nothing else is emitted; the rep's place is freed.
> Follow-ups and erasures create no lead.

2026-11-04 00:00 mia form demo-request country=JP
    2026-11-04T00:00:00 mia: null → inquiry (cycle 0, 20 + 40 points; event /story#1)
    2026-11-04T00:00:00 mia: inquiry → marketing-qualified (cycle 1, 20 + 40 points; event /story#1, rule thresholds)
    2026-11-04T00:00:00 mia-1-1 handed to ana of tokyo, to be answered by 2026-11-04T04:00:00; not ben not-their-turn
2026-11-04 00:01 sales rejected mia-1-1 reason=wrong-territory
    2026-11-04T00:01:00 mia-1-1 met after 60 s of working time
    2026-11-04T00:01:00 mia-1-1 withdrawn from ana: reason wrong-territory
    2026-11-04T00:01:00 feedback on mia-1-1: rejected, reason wrong-territory, rep ana, working_seconds 60
    2026-11-04T00:01:00 mia-1-2 handed to ben of tokyo, to be answered by 2026-11-04T04:01:00; not ana refused-before
2026-11-04 00:02 mia erased
    2026-11-04T00:02:00 mia forgotten (leads.lifecycle)
    2026-11-04T00:02:00 mia forgotten (sales.handoffs.tokyo)
2026-11-04 00:03 sales won mia-1-2
2026-11-04 00:04 sales won mia
2026-11-04 00:05 mia form demo-request country=JP @2026-11-04T00:02
2026-11-04 00:06 mia form demo-request country=JP
    2026-11-04T00:06:00 mia: null → inquiry (cycle 1, 20 + 40 points; event /story#7)
    2026-11-04T00:06:00 mia: inquiry → marketing-qualified (cycle 2, 20 + 40 points; event /story#7, rule thresholds)
    2026-11-04T00:06:00 mia-2-1 handed to ana of tokyo, to be answered by 2026-11-04T04:06:00; not ben not-their-turn
2026-11-04 00:07 sales won mia-1-2
2026-11-04 00:08 nobody erased
    2026-11-04T00:08:00 nobody forgotten (leads.lifecycle)
2026-11-04 00:09 mia erased @2026-11-04T00:01
