> A queue is served by its own team only; order of joining; joined again means at the back; who can't be served doesn't hold up those behind.

~ - overflow = "inside"

2026-11-04 00:00 roster ben available=false
2026-11-04 00:01 a form demo-request country=JP
    2026-11-04T00:01:00 a: null → inquiry (cycle 0, 20 + 40 points; event /story#2)
    2026-11-04T00:01:00 a: inquiry → marketing-qualified (cycle 1, 20 + 40 points; event /story#2, rule thresholds)
    2026-11-04T00:01:00 a-1-1 handed to ana of tokyo, to be answered by 2026-11-04T04:01:00; not ben unavailable
2026-11-04 00:02 sales rejected a-1-1 reason=wrong-territory
    2026-11-04T00:02:00 a-1-1 met after 60 s of working time
    2026-11-04T00:02:00 a-1-1 withdrawn from ana: reason wrong-territory
    2026-11-04T00:02:00 feedback on a-1-1: rejected, reason wrong-territory, rep ana, working_seconds 60
    2026-11-04T00:02:00 a-1-2 waits in the queue of tokyo, to be answered by 2026-11-04T04:02:00; not ana refused-before, ben unavailable
2026-11-04 00:03 b form demo-request country=JP
    2026-11-04T00:03:00 b: null → inquiry (cycle 0, 20 + 40 points; event /story#4)
    2026-11-04T00:03:00 b: inquiry → marketing-qualified (cycle 1, 20 + 40 points; event /story#4, rule thresholds)
    2026-11-04T00:03:00 b-1-1 handed to ana of tokyo, to be answered by 2026-11-04T04:03:00; not ben unavailable
2026-11-04 00:04 c form demo-request country=JP
    2026-11-04T00:04:00 c: null → inquiry (cycle 0, 20 + 40 points; event /story#5)
    2026-11-04T00:04:00 c: inquiry → marketing-qualified (cycle 1, 20 + 40 points; event /story#5, rule thresholds)
    2026-11-04T00:04:00 c-1-1 handed to ana of tokyo, to be answered by 2026-11-04T04:04:00; not ben unavailable
2026-11-04 00:05 d form demo-request country=JP
    2026-11-04T00:05:00 d: null → inquiry (cycle 0, 20 + 40 points; event /story#6)
    2026-11-04T00:05:00 d: inquiry → marketing-qualified (cycle 1, 20 + 40 points; event /story#6, rule thresholds)
    2026-11-04T00:05:00 d-1-1 waits in the queue of tokyo, to be answered by 2026-11-04T04:05:00; not ana at-capacity, ben unavailable
2026-11-04 00:06 sales won b-1-1
    2026-11-04T00:06:00 b-1-1 met after 180 s of working time
    2026-11-04T00:06:00 b: marketing-qualified → won (cycle 1, 20 + 40 points; event /story#7)
    2026-11-04T00:06:00 feedback on b-1-1: won, rep ana, working_seconds 180
    2026-11-04T00:06:00 d-1-2 handed to ana of tokyo, to be answered by 2026-11-04T04:06:00; not ben unavailable
2026-11-04 00:07 roster ben available=true
    2026-11-04T00:07:00 a-1-3 handed to ben of tokyo, to be answered by 2026-11-04T04:07:00; not ana at-capacity
