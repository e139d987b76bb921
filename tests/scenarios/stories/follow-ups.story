> **Follow-ups.** `handoff_id` names the attempt; `person` means the open attempt.
> `handoff_id` outranks `person`.
> A `rep` in a follow-up is a note, never a key.
> By `person` without an open attempt: fed back without `handoff_id`, `cycle`, `team`.
> One by `person` for a lead that has no open attempt is fed back without a `handoff_id`.

show data/handoff_id data/rep data/team

2026-11-04 00:00 mia form demo-request country=JP
    2026-11-04T00:00:00 mia: null → inquiry (cycle 0, 20 + 40 points; event /story#1)
    2026-11-04T00:00:00 mia: inquiry → marketing-qualified (cycle 1, 20 + 40 points; event /story#1, rule thresholds)
    2026-11-04T00:00:00 mia-1-1 handed to ana of tokyo, to be answered by 2026-11-04T04:00:00; not ben not-their-turn
        data/handoff_id: "mia-1-1"
        data/rep: "ana"
        data/team: "tokyo"
2026-11-04 00:01 sales contacted mia rep=zoe
    2026-11-04T00:01:00 mia-1-1 met after 60 s of working time
        data/handoff_id: "mia-1-1"
        data/rep: "ana"
        data/team: "tokyo"
    2026-11-04T00:01:00 mia: marketing-qualified → sales-accepted (cycle 1, 20 + 40 points; event /story#2)
    2026-11-04T00:01:00 feedback on mia-1-1: contacted, rep ana, working_seconds 60
        data/handoff_id: "mia-1-1"
        data/rep: "ana"
        data/team: "tokyo"
2026-11-04 00:02 noa did page_viewed
    2026-11-04T00:02:00 noa: null → inquiry (cycle 0, 0 + 0 points; event /story#3)
2026-11-04 00:03 sales contacted noa rep=zoe
    2026-11-04T00:03:00 feedback on noa: contacted, rep zoe
        data/rep: "zoe"
2026-11-04 00:04 sales won mia-1-1 person={"email":"noa@example.com"}
    2026-11-04T00:04:00 mia: sales-accepted → won (cycle 1, 20 + 40 points; event /story#5)
    2026-11-04T00:04:00 feedback on mia-1-1: won, rep ana, working_seconds 240
        data/handoff_id: "mia-1-1"
        data/rep: "ana"
        data/team: "tokyo"
2026-11-04 00:05 sales contacted mia
    2026-11-04T00:05:00 feedback on mia: contacted
