> A response by `person` while queued counts; the lead stays queued.
> Nothing is withdrawn from nobody.

2026-11-04 00:00 roster carl available=false
2026-11-04 00:01 roster dora available=false
2026-11-04 00:02 mia form demo-request employees=400
    2026-11-04T00:02:00 mia: null → inquiry (cycle 0, 30 + 40 points; event /story#3)
    2026-11-04T00:02:00 mia: inquiry → marketing-qualified (cycle 1, 30 + 40 points; event /story#3, rule thresholds)
    2026-11-04T00:02:00 mia-1-1 waits in the queue of inside, to be answered by 2026-11-04T08:02:00; not carl unavailable, dora unavailable
2026-11-04 00:03 sales contacted mia
    2026-11-04T00:03:00 mia-1-1 met after 60 s of working time
    2026-11-04T00:03:00 mia: marketing-qualified → sales-accepted (cycle 1, 30 + 40 points; event /story#4)
    2026-11-04T00:03:00 feedback on mia-1-1: contacted, working_seconds 60
2026-11-04 00:04 sales rejected mia reason=wrong-territory
    2026-11-04T00:04:00 feedback on mia-1-1: rejected, reason wrong-territory, working_seconds 120
    2026-11-04T00:04:00 mia-1-2 waits in the queue of inside, to be answered by 2026-11-04T08:04:00; not carl unavailable, dora unavailable
2026-11-04 00:05 roster dora available=true
    2026-11-04T00:05:00 mia-1-3 handed to dora of inside, to be answered by 2026-11-04T08:05:00; not carl unavailable
