> One for an unknown attempt or lead is a dead letter `unknown-handoff`.
> A `handoff_id` of another form than §4's is `unknown-handoff`.
> Order of checks: readable, CloudEvents attributes, type, data, time, duplicate, then what depends on state: known handoff; team, rep, capacity.

2026-11-04 00:00 mia form demo-request country=JP
    2026-11-04T00:00:00 mia: null → inquiry (cycle 0, 20 + 40 points; event /story#1)
    2026-11-04T00:00:00 mia: inquiry → marketing-qualified (cycle 1, 20 + 40 points; event /story#1, rule thresholds)
    2026-11-04T00:00:00 mia-1-1 handed to ana of tokyo, to be answered by 2026-11-04T04:00:00; not ben not-their-turn
2026-11-04 00:01 sales won mia-1-2
    2026-11-04T00:01:00 dead letter: unknown-handoff, no handoff of this id, or no lead of this person, is known
2026-11-04 00:02 sales won noa
    2026-11-04T00:02:00 dead letter: unknown-handoff, no handoff of this id, or no lead of this person, is known
2026-11-04 00:03 event tasuki.follow-up.recorded.v1 {"handoff_id":"A-1","outcome":"won"}
    2026-11-04T00:03:00 dead letter: unknown-handoff, `handoff_id` is not one of ours
2026-11-04 00:04 event tasuki.follow-up.recorded.v1 {"handoff_id":"A-1","outcome":"sung"}
    2026-11-04T00:04:00 dead letter: invalid-data, `outcome` is not one of the outcomes
2026-11-04 00:05 sales won mia-1-1 #x
    2026-11-04T00:05:00 mia-1-1 met after 300 s of working time
    2026-11-04T00:05:00 mia: marketing-qualified → won (cycle 1, 20 + 40 points; event /story#x)
    2026-11-04T00:05:00 feedback on mia-1-1: won, rep ana, working_seconds 300
2026-11-04 00:06 sales won mia-1-2 #x
