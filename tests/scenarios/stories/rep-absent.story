> A rep who becomes available again, or is new, starts at max(own virtual, the smallest virtual of the team's available reps): an absence earns no burst and no penalty.
> "Becomes available": `available` from false to true, not capacity freed.
> Smallest virtual: of the team's available reps without this one, capacity or not; nobody: one's own.

| [[rep]]
| id = "emil"
| team = "inside"
| capacity = 9

2026-11-04 00:00 a form demo-request employees=400
    2026-11-04T00:00:00 a: null → inquiry (cycle 0, 30 + 40 points; event /story#1)
    2026-11-04T00:00:00 a: inquiry → marketing-qualified (cycle 1, 30 + 40 points; event /story#1, rule thresholds)
    2026-11-04T00:00:00 a-1-1 handed to carl of inside, to be answered by 2026-11-04T08:00:00; not dora not-their-turn, emil not-their-turn
2026-11-04 00:01 roster carl available=false
2026-11-04 00:02 b form demo-request employees=400
    2026-11-04T00:02:00 b: null → inquiry (cycle 0, 30 + 40 points; event /story#3)
    2026-11-04T00:02:00 b: inquiry → marketing-qualified (cycle 1, 30 + 40 points; event /story#3, rule thresholds)
    2026-11-04T00:02:00 b-1-1 handed to dora of inside, to be answered by 2026-11-04T08:02:00; not carl unavailable, emil not-their-turn
2026-11-04 00:03 c form demo-request employees=400
    2026-11-04T00:03:00 c: null → inquiry (cycle 0, 30 + 40 points; event /story#4)
    2026-11-04T00:03:00 c: inquiry → marketing-qualified (cycle 1, 30 + 40 points; event /story#4, rule thresholds)
    2026-11-04T00:03:00 c-1-1 handed to emil of inside, to be answered by 2026-11-04T08:03:00; not carl unavailable, dora not-their-turn
2026-11-04 00:04 d form demo-request employees=400
    2026-11-04T00:04:00 d: null → inquiry (cycle 0, 30 + 40 points; event /story#5)
    2026-11-04T00:04:00 d: inquiry → marketing-qualified (cycle 1, 30 + 40 points; event /story#5, rule thresholds)
    2026-11-04T00:04:00 d-1-1 handed to dora of inside, to be answered by 2026-11-04T08:04:00; not carl unavailable, emil not-their-turn
2026-11-04 00:05 roster carl available=true
2026-11-04 00:06 e form demo-request employees=400
    2026-11-04T00:06:00 e: null → inquiry (cycle 0, 30 + 40 points; event /story#7)
    2026-11-04T00:06:00 e: inquiry → marketing-qualified (cycle 1, 30 + 40 points; event /story#7, rule thresholds)
    2026-11-04T00:06:00 e-1-1 handed to carl of inside, to be answered by 2026-11-04T08:06:00; not dora not-their-turn, emil not-their-turn
2026-11-04 00:07 f form demo-request employees=400
    2026-11-04T00:07:00 f: null → inquiry (cycle 0, 30 + 40 points; event /story#8)
    2026-11-04T00:07:00 f: inquiry → marketing-qualified (cycle 1, 30 + 40 points; event /story#8, rule thresholds)
    2026-11-04T00:07:00 f-1-1 handed to emil of inside, to be answered by 2026-11-04T08:07:00; not carl not-their-turn, dora not-their-turn
2026-11-04 00:08 g form demo-request employees=400
    2026-11-04T00:08:00 g: null → inquiry (cycle 0, 30 + 40 points; event /story#9)
    2026-11-04T00:08:00 g: inquiry → marketing-qualified (cycle 1, 30 + 40 points; event /story#9, rule thresholds)
    2026-11-04T00:08:00 g-1-1 handed to dora of inside, to be answered by 2026-11-04T08:08:00; not carl not-their-turn, emil not-their-turn
2026-11-04 00:09 roster dora capacity=1
2026-11-04 00:10 roster dora capacity=9
2026-11-04 00:11 h form demo-request employees=400
    2026-11-04T00:11:00 h: null → inquiry (cycle 0, 30 + 40 points; event /story#12)
    2026-11-04T00:11:00 h: inquiry → marketing-qualified (cycle 1, 30 + 40 points; event /story#12, rule thresholds)
    2026-11-04T00:11:00 h-1-1 handed to carl of inside, to be answered by 2026-11-04T08:11:00; not dora not-their-turn, emil not-their-turn
