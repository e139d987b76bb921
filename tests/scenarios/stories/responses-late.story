> A response ends a coming reassign at once, and the notices (warn, breach, escalate) at or after its own event time; earlier ones still fire when they are due: no late response without its breach.
> An outcome in `responses` is a response: with event time ≤ `respond_by`: `tasuki.sla.met.v1` (or, if the breach was already flagged, `tasuki.sla.excused.v1`); later: `tasuki.sla.met.v1` with `late: true`.
> (A response that happened in time, but was received after the instant, is `met` if it is read before the deadline fires, else `breached` and `excused`: both are right.

2026-11-04 00:00 mia form demo-request country=JP
    2026-11-04T00:00:00 mia: null → inquiry (cycle 0, 20 + 40 points; event /story#1)
    2026-11-04T00:00:00 mia: inquiry → marketing-qualified (cycle 1, 20 + 40 points; event /story#1, rule thresholds)
    2026-11-04T00:00:00 mia-1-1 handed to ana of tokyo, to be answered by 2026-11-04T04:00:00; not ben not-their-turn
2026-11-04 04:30 sales contacted mia-1-1
    2026-11-04T03:00:00 mia-1-1 at-risk
    2026-11-04T04:00:00 mia-1-1 breached
    2026-11-04T04:30:00 mia-1-1 met late after 16200 s of working time
    2026-11-04T04:30:00 mia: marketing-qualified → sales-accepted (cycle 1, 20 + 40 points; event /story#2)
    2026-11-04T04:30:00 feedback on mia-1-1: contacted, rep ana, working_seconds 16200
2026-11-04 05:00 noa form demo-request country=JP
    2026-11-04T05:00:00 noa: null → inquiry (cycle 0, 20 + 40 points; event /story#3)
    2026-11-04T05:00:00 noa: inquiry → marketing-qualified (cycle 1, 20 + 40 points; event /story#3, rule thresholds)
    2026-11-04T05:00:00 noa-1-1 handed to ben of tokyo, to be answered by 2026-11-04T09:00:00; not ana not-their-turn
2026-11-05 00:30 sales contacted noa-1-1 @2026-11-04T08:00
    2026-11-04T08:00:00 noa-1-1 at-risk
    2026-11-04T09:00:00 noa-1-1 breached
    2026-11-05T00:30:00 noa-1-1 excused after 10800 s of working time
    2026-11-05T00:30:00 noa: marketing-qualified → sales-accepted (cycle 1, 20 + 39 points; event /story#4)
    2026-11-05T00:30:00 feedback on noa-1-1: contacted, rep ben, working_seconds 10800
2026-11-05 00:31 sales contacted noa-1-1 @2026-11-05T00:20
    2026-11-05T00:31:00 feedback on noa-1-1: contacted, rep ben, working_seconds 15600
2026-11-06 00:00 clock
