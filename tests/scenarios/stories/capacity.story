> The first outcome in `releases`, and every end of an attempt, frees one place of the rep's capacity, once.
> Capacity counts all open handoffs of the rep.

2026-11-04 00:00 roster carl available=false
2026-11-04 00:01 roster dora capacity=1
2026-11-04 00:02 a form demo-request employees=400
    2026-11-04T00:02:00 a: null → inquiry (cycle 0, 30 + 40 points; event /story#3)
    2026-11-04T00:02:00 a: inquiry → marketing-qualified (cycle 1, 30 + 40 points; event /story#3, rule thresholds)
    2026-11-04T00:02:00 a-1-1 handed to dora of inside, to be answered by 2026-11-04T08:02:00; not carl unavailable
2026-11-04 00:03 b form demo-request employees=400
    2026-11-04T00:03:00 b: null → inquiry (cycle 0, 30 + 40 points; event /story#4)
    2026-11-04T00:03:00 b: inquiry → marketing-qualified (cycle 1, 30 + 40 points; event /story#4, rule thresholds)
    2026-11-04T00:03:00 b-1-1 waits in the queue of inside, to be answered by 2026-11-04T08:03:00; not carl unavailable, dora at-capacity
2026-11-04 00:04 c form demo-request employees=400
    2026-11-04T00:04:00 c: null → inquiry (cycle 0, 30 + 40 points; event /story#5)
    2026-11-04T00:04:00 c: inquiry → marketing-qualified (cycle 1, 30 + 40 points; event /story#5, rule thresholds)
    2026-11-04T00:04:00 c-1-1 waits in the queue of inside, to be answered by 2026-11-04T08:04:00; not carl unavailable, dora at-capacity
2026-11-04 00:05 sales contacted a-1-1
    2026-11-04T00:05:00 a-1-1 met after 180 s of working time
    2026-11-04T00:05:00 a: marketing-qualified → sales-accepted (cycle 1, 30 + 40 points; event /story#6)
    2026-11-04T00:05:00 feedback on a-1-1: contacted, rep dora, working_seconds 180
2026-11-04 00:06 sales qualified a-1-1
    2026-11-04T00:06:00 a: sales-accepted → sales-qualified (cycle 1, 30 + 40 points; event /story#7)
    2026-11-04T00:06:00 feedback on a-1-1: qualified, rep dora, working_seconds 240
    2026-11-04T00:06:00 b-1-2 handed to dora of inside, to be answered by 2026-11-04T08:06:00; not carl unavailable
2026-11-04 00:07 sales won a-1-1
    2026-11-04T00:07:00 a: sales-qualified → won (cycle 1, 30 + 40 points; event /story#8)
    2026-11-04T00:07:00 feedback on a-1-1: won, rep dora, working_seconds 300
