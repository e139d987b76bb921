> Otherwise the smallest (virtual, last assigned, place in the policy file): `virtual += 1 000 000 div weight` on each assignment (also for an owner); a rejection gives it back.
> "Last assigned": the number of the grant, counted per team; never = 0.
> All reps start at virtual 0, available.
> What is given back is what that grant cost; only for `rejected` on the open attempt, whatever it leads to.

| [[rep]]
| id = "emil"
| team = "inside"
| weight = 2
| capacity = 99

2026-11-04 00:00 a form demo-request employees=400
    2026-11-04T00:00:00 a: null → inquiry (cycle 0, 30 + 40 points; event /story#1)
    2026-11-04T00:00:00 a: inquiry → marketing-qualified (cycle 1, 30 + 40 points; event /story#1, rule thresholds)
    2026-11-04T00:00:00 a-1-1 handed to carl of inside, to be answered by 2026-11-04T08:00:00; not dora not-their-turn, emil not-their-turn
2026-11-04 00:01 b form demo-request employees=400
    2026-11-04T00:01:00 b: null → inquiry (cycle 0, 30 + 40 points; event /story#2)
    2026-11-04T00:01:00 b: inquiry → marketing-qualified (cycle 1, 30 + 40 points; event /story#2, rule thresholds)
    2026-11-04T00:01:00 b-1-1 handed to dora of inside, to be answered by 2026-11-04T08:01:00; not carl not-their-turn, emil not-their-turn
2026-11-04 00:02 c form demo-request employees=400
    2026-11-04T00:02:00 c: null → inquiry (cycle 0, 30 + 40 points; event /story#3)
    2026-11-04T00:02:00 c: inquiry → marketing-qualified (cycle 1, 30 + 40 points; event /story#3, rule thresholds)
    2026-11-04T00:02:00 c-1-1 handed to emil of inside, to be answered by 2026-11-04T08:02:00; not carl not-their-turn, dora not-their-turn
2026-11-04 00:03 d form demo-request employees=400
    2026-11-04T00:03:00 d: null → inquiry (cycle 0, 30 + 40 points; event /story#4)
    2026-11-04T00:03:00 d: inquiry → marketing-qualified (cycle 1, 30 + 40 points; event /story#4, rule thresholds)
    2026-11-04T00:03:00 d-1-1 handed to emil of inside, to be answered by 2026-11-04T08:03:00; not carl not-their-turn, dora not-their-turn
2026-11-04 00:04 e form demo-request employees=400
    2026-11-04T00:04:00 e: null → inquiry (cycle 0, 30 + 40 points; event /story#5)
    2026-11-04T00:04:00 e: inquiry → marketing-qualified (cycle 1, 30 + 40 points; event /story#5, rule thresholds)
    2026-11-04T00:04:00 e-1-1 handed to carl of inside, to be answered by 2026-11-04T08:04:00; not dora not-their-turn, emil not-their-turn
2026-11-04 00:05 sales rejected e-1-1
    2026-11-04T00:05:00 e-1-1 met after 60 s of working time
    2026-11-04T00:05:00 e: marketing-qualified → recycled (cycle 1, 30 + 40 points; event /story#6)
    2026-11-04T00:05:00 feedback on e-1-1: rejected, rep carl, working_seconds 60
2026-11-04 00:06 f form demo-request employees=400
    2026-11-04T00:06:00 f: null → inquiry (cycle 0, 30 + 40 points; event /story#7)
    2026-11-04T00:06:00 f: inquiry → marketing-qualified (cycle 1, 30 + 40 points; event /story#7, rule thresholds)
    2026-11-04T00:06:00 f-1-1 handed to dora of inside, to be answered by 2026-11-04T08:06:00; not carl not-their-turn, emil not-their-turn
