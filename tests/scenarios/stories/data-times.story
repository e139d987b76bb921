> Times finer than a millisecond are cut.
> An unreadable time is a dead letter.
> Outputs: UTC, three decimals, `Z`.
> `time` absent: `at`.
> The day is that of the journal time (of a deadline: its instant).

show time data/sla

2026-11-04 00:00:00.123456 mia form call-me country=JP
    2026-11-04T00:00:00.123Z mia: null → inquiry (cycle 0, 20 + 5 points; event /story#1)
        time: "2026-11-04T00:00:00.123Z"
    2026-11-04T00:00:00.123Z mia: inquiry → marketing-qualified (cycle 1, 20 + 5 points; event /story#1, rule call-me)
        time: "2026-11-04T00:00:00.123Z"
    2026-11-04T00:00:00.123Z mia-1-1 handed to ana of tokyo, to be answered by 2026-11-04T04:00:00.123Z; not ben not-their-turn
        time: "2026-11-04T00:00:00.123Z"
        data/sla: {"calendar":"tokyo","escalate_at":"2026-11-04T06:00:00.123Z","reassign_at":"2026-11-04T08:00:00.123Z","respond_by":"2026-11-04T04:00:00.123Z","start":"2026-11-04T00:00:00.123Z","warn_at":"2026-11-04T03:00:00.123Z"}
2026-11-04 00:01 event tasuki.form.submitted.v1 {"person":{"email":"x@example.com"},"form":"call-me"} @yesterday
    2026-11-04T00:01:00 dead letter: invalid-time, the time is not one of RFC 3339
        time: "2026-11-04T00:01:00.000Z"
2026-11-30 23:59:59.999 noa form demo-request country=JP @2026-10-31T00:00
    2026-11-04T03:00:00.123Z mia-1-1 at-risk
        time: "2026-11-04T03:00:00.123Z"
    2026-11-04T04:00:00.123Z mia-1-1 breached
        time: "2026-11-04T04:00:00.123Z"
    2026-11-04T06:00:00.123Z mia-1-1 escalated
        time: "2026-11-04T06:00:00.123Z"
    2026-11-04T08:00:00.123Z mia-1-1 withdrawn from ana: deadline reassign
        time: "2026-11-04T08:00:00.123Z"
    2026-11-04T08:00:00.123Z mia-1-2 handed to ben of tokyo, to be answered by 2026-11-05T03:00:00.123Z; not ana refused-before
        time: "2026-11-04T08:00:00.123Z"
        data/sla: {"calendar":"tokyo","escalate_at":"2026-11-05T05:00:00.123Z","reassign_at":"2026-11-05T07:00:00.123Z","respond_by":"2026-11-05T03:00:00.123Z","start":"2026-11-04T08:00:00.123Z","warn_at":"2026-11-05T02:00:00.123Z"}
    2026-11-05T02:00:00.123Z mia-1-2 at-risk
        time: "2026-11-05T02:00:00.123Z"
    2026-11-05T03:00:00.123Z mia-1-2 breached
        time: "2026-11-05T03:00:00.123Z"
    2026-11-05T05:00:00.123Z mia-1-2 escalated
        time: "2026-11-05T05:00:00.123Z"
    2026-11-05T07:00:00.123Z mia-1-2 withdrawn from ben: deadline reassign
        time: "2026-11-05T07:00:00.123Z"
    2026-11-05T07:00:00.123Z mia-1-3 handed to carl of inside, to be answered by 2026-11-05T15:00:00.123Z; not ana refused-before, ben refused-before, dora lacks-skill
        time: "2026-11-05T07:00:00.123Z"
        data/sla: {"calendar":"always","escalate_at":null,"reassign_at":null,"respond_by":"2026-11-05T15:00:00.123Z","start":"2026-11-05T07:00:00.123Z","warn_at":null}
    2026-11-05T15:00:00.123Z mia-1-3 breached
        time: "2026-11-05T15:00:00.123Z"
    2026-11-30T23:59:59.999Z noa: null → inquiry (cycle 0, 20 + 20 points; event /story#3)
        time: "2026-11-30T23:59:59.999Z"
2026-12-01 00:00 noa form demo-request country=JP @2026-10-31T00:00
