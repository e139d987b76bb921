> A rejection that reassigns emits withdrawn and counts like a reassign by deadline, also while the lead is queued; when the limit is reached it recycles instead, with the given reason.
> Refused reps stay refused for the lead's life.
> Within one: stage change from null; SLA output (met, excused); withdrawn; stage change; feedback; then what was set off, first in first out (a freed place serves its queue before the lead asks again).

2026-11-04 00:00 mia form demo-request employees=400
    2026-11-04T00:00:00 mia: null → inquiry (cycle 0, 30 + 40 points; event /story#1)
    2026-11-04T00:00:00 mia: inquiry → marketing-qualified (cycle 1, 30 + 40 points; event /story#1, rule thresholds)
    2026-11-04T00:00:00 mia-1-1 handed to carl of inside, to be answered by 2026-11-04T08:00:00; not dora not-their-turn
2026-11-04 00:01 sales rejected mia-1-1 reason="Wrong-Territory"
    2026-11-04T00:01:00 mia-1-1 met after 60 s of working time
    2026-11-04T00:01:00 mia-1-1 withdrawn from carl: reason Wrong-Territory
    2026-11-04T00:01:00 feedback on mia-1-1: rejected, reason Wrong-Territory, rep carl, working_seconds 60
    2026-11-04T00:01:00 mia-1-2 handed to dora of inside, to be answered by 2026-11-04T08:01:00; not carl refused-before
2026-11-04 00:02 sales rejected mia-1-2 reason=wrong-territory
    2026-11-04T00:02:00 mia-1-2 met after 60 s of working time
    2026-11-04T00:02:00 mia-1-2 withdrawn from dora: reason wrong-territory
    2026-11-04T00:02:00 feedback on mia-1-2: rejected, reason wrong-territory, rep dora, working_seconds 60
    2026-11-04T00:02:00 mia-1-3 waits in the queue of inside, to be answered by 2026-11-04T08:02:00; not carl refused-before, dora refused-before
2026-11-04 00:03 roster emil team=inside capacity=4
    2026-11-04T00:03:00 mia-1-4 handed to emil of inside, to be answered by 2026-11-04T08:03:00; not carl refused-before, dora refused-before
2026-11-04 00:04 sales rejected mia-1-4 reason=wrong-territory
    2026-11-04T00:04:00 mia-1-4 met after 60 s of working time
    2026-11-04T00:04:00 mia: marketing-qualified → recycled (cycle 1, 30 + 40 points; event /story#5, reason wrong-territory)
    2026-11-04T00:04:00 feedback on mia-1-4: rejected, reason wrong-territory, rep emil, working_seconds 60
2026-12-31 00:00 mia form demo-request
    2026-12-31T00:00:00 mia: recycled → marketing-qualified (cycle 2, 30 + 50 points; event /story#6, rule thresholds)
    2026-12-31T00:00:00 mia-2-1 waits in the queue of inside, to be answered by 2026-12-31T08:00:00; not carl refused-before, dora refused-before, emil refused-before
