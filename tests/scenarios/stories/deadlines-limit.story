> warn: `tasuki.sla.at-risk.v1` · breach: `tasuki.sla.breached.v1` · escalate: `tasuki.sla.escalated.v1` · reassign: `tasuki.handoff.withdrawn.v1`, the rep is released, and the team is asked again without that rep, at most `reassign_at_most` times per cycle.
> An attempt without a rep has no reassign deadline; nor has one granted when `reassign_at_most` (default 2, of the granting team, per cycle) is used up; then `reassign_at` is null and nothing happens there.
> The route is chosen at qualification and kept for the cycle; asked again, the lead asks the route's team as at first; `owner_from` is read at each ask.

~ reassign = "8h"
| [[rep]]
| id = "kim"
| team = "tokyo"
| capacity = 9
| skills = ["ja"]
show data/sla/reassign_at

2026-11-04 00:00 mia form demo-request country=JP
    2026-11-04T00:00:00 mia: null → inquiry (cycle 0, 20 + 40 points; event /story#1)
    2026-11-04T00:00:00 mia: inquiry → marketing-qualified (cycle 1, 20 + 40 points; event /story#1, rule thresholds)
    2026-11-04T00:00:00 mia-1-1 handed to ana of tokyo, to be answered by 2026-11-04T04:00:00; not ben not-their-turn, kim not-their-turn
        data/sla/reassign_at: "2026-11-04T08:00:00.000Z"
2026-11-06 00:00 clock
    2026-11-04T03:00:00 mia-1-1 at-risk
    2026-11-04T04:00:00 mia-1-1 breached
    2026-11-04T06:00:00 mia-1-1 escalated
    2026-11-04T08:00:00 mia-1-1 withdrawn from ana: deadline reassign
    2026-11-04T08:00:00 mia-1-2 handed to ben of tokyo, to be answered by 2026-11-05T03:00:00; not ana refused-before, kim not-their-turn
        data/sla/reassign_at: "2026-11-05T07:00:00.000Z"
    2026-11-05T02:00:00 mia-1-2 at-risk
    2026-11-05T03:00:00 mia-1-2 breached
    2026-11-05T05:00:00 mia-1-2 escalated
    2026-11-05T07:00:00 mia-1-2 withdrawn from ben: deadline reassign
    2026-11-05T07:00:00 mia-1-3 handed to kim of tokyo, to be answered by 2026-11-06T02:00:00; not ana refused-before, ben refused-before
        data/sla/reassign_at: null
2026-11-11 00:00 clock
    2026-11-06T01:00:00 mia-1-3 at-risk
    2026-11-06T02:00:00 mia-1-3 breached
    2026-11-06T04:00:00 mia-1-3 escalated
