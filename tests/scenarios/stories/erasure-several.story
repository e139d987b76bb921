> An erasure that names several identifiers erases each of their leads.
> Within one: stage change from null; SLA output (met, excused); withdrawn; stage change; feedback; then what was set off, first in first out (a freed place serves its queue before the lead asks again).

2026-11-04 00:00 roster carl available=false
2026-11-04 00:01 roster dora capacity=1
2026-11-04 00:02 mia form demo-request employees=400
    2026-11-04T00:02:00 mia: null → inquiry (cycle 0, 30 + 40 points; event /story#3)
    2026-11-04T00:02:00 mia: inquiry → marketing-qualified (cycle 1, 30 + 40 points; event /story#3, rule thresholds)
    2026-11-04T00:02:00 mia-1-1 handed to dora of inside, to be answered by 2026-11-04T08:02:00; not carl unavailable
2026-11-04 00:03 noa form demo-request employees=400
    2026-11-04T00:03:00 noa: null → inquiry (cycle 0, 30 + 40 points; event /story#4)
    2026-11-04T00:03:00 noa: inquiry → marketing-qualified (cycle 1, 30 + 40 points; event /story#4, rule thresholds)
    2026-11-04T00:03:00 noa-1-1 waits in the queue of inside, to be answered by 2026-11-04T08:03:00; not carl unavailable, dora at-capacity
2026-11-04 00:04 mia+anon:x erased
    2026-11-04T00:04:00 mia forgotten (leads.lifecycle)
    2026-11-04T00:04:00 mia forgotten (sales.handoffs.inside)
    2026-11-04T00:04:00 anon:x forgotten (leads.lifecycle)
    2026-11-04T00:04:00 noa-1-2 handed to dora of inside, to be answered by 2026-11-04T08:04:00; not carl unavailable
