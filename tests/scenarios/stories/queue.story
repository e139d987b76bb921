> Nobody eligible: the overflow team is asked, if any and it has somebody eligible; else the lead waits in the first team's queue (`tasuki.lead.queued.v1`), and whenever a rep of that team may have become eligible the queue is gone through in order, each lead that has an eligible rep leaving it.
> Queue or not, an SLA clock runs: the queue's attempt measures the team, the rep's promise is a new one.
> Given a rep: `tasuki.lead.handed-off.v1` to the team's topic.
> Taken from the queue: the queue's attempt ends, the next begins.
> A queue is served by its own team only; order of joining; joined again means at the back; who can't be served doesn't hold up those behind.

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
2026-11-04 00:05 sales won a-1-1
    2026-11-04T00:05:00 a-1-1 met after 180 s of working time
    2026-11-04T00:05:00 a: marketing-qualified → won (cycle 1, 30 + 40 points; event /story#6)
    2026-11-04T00:05:00 feedback on a-1-1: won, rep dora, working_seconds 180
    2026-11-04T00:05:00 b-1-2 handed to dora of inside, to be answered by 2026-11-04T08:05:00; not carl unavailable
2026-11-04 00:06 roster dora capacity=5
    2026-11-04T00:06:00 c-1-2 handed to dora of inside, to be answered by 2026-11-04T08:06:00; not carl unavailable
