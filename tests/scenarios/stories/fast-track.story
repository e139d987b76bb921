> Fast track: the touch must count today.
> `qualified.by` is `thresholds`, or the fast-track rule; thresholds are looked at first.

show data/qualified

2026-11-30 00:00 old form call-me @2026-05-01T00:00
    2026-11-30T00:00:00 old: null → inquiry (cycle 0, 0 + 0 points; event /story#1)
2026-11-30 00:01 mia form call-me
    2026-11-30T00:01:00 mia: null → inquiry (cycle 0, 0 + 5 points; event /story#2)
    2026-11-30T00:01:00 mia: inquiry → marketing-qualified (cycle 1, 0 + 5 points; event /story#2, rule call-me)
    2026-11-30T00:01:00 mia-1-1 handed to carl of inside, to be answered by 2026-11-30T08:01:00; not dora not-their-turn
        data/qualified: {"at":"2026-11-30T00:01:00.000Z","by":"call-me"}
2026-11-30 00:02 noa profile country=JP
    2026-11-30T00:02:00 noa: null → inquiry (cycle 0, 20 + 0 points; event /story#3)
2026-11-30 00:03 noa form demo-request @2026-11-29T00:00
