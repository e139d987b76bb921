> An outcome in `responses` is a response: with event time ≤ `respond_by`: `tasuki.sla.met.v1` (or, if the breach was already flagged, `tasuki.sla.excused.v1`); later: `tasuki.sla.met.v1` with `late: true`.
> A follow-up on an attempt that is no longer open changes no stage; it is fed back, and excuses a breach it disproves.
> A flagged breach not yet excused is excused, once, by any response with event time ≤ `respond_by` that names the attempt, open or not.
> Other follow-ups on closed attempts are only fed back.

2026-11-04 00:00 mia form demo-request country=JP
    2026-11-04T00:00:00 mia: null → inquiry (cycle 0, 20 + 40 points; event /story#1)
    2026-11-04T00:00:00 mia: inquiry → marketing-qualified (cycle 1, 20 + 40 points; event /story#1, rule thresholds)
    2026-11-04T00:00:00 mia-1-1 handed to ana of tokyo, to be answered by 2026-11-04T04:00:00; not ben not-their-turn
2026-11-04 04:30 sales contacted mia-1-1 @2026-11-04T03:59
    2026-11-04T03:00:00 mia-1-1 at-risk
    2026-11-04T04:00:00 mia-1-1 breached
    2026-11-04T04:30:00 mia-1-1 excused after 14340 s of working time
    2026-11-04T04:30:00 mia: marketing-qualified → sales-accepted (cycle 1, 20 + 40 points; event /story#2)
    2026-11-04T04:30:00 feedback on mia-1-1: contacted, rep ana, working_seconds 14340
2026-11-04 04:31 sales contacted mia-1-1 @2026-11-04T03:58
    2026-11-04T04:31:00 feedback on mia-1-1: contacted, rep ana, working_seconds 14280
2026-11-05 00:00 noa form demo-request country=JP
    2026-11-05T00:00:00 noa: null → inquiry (cycle 0, 20 + 40 points; event /story#4)
    2026-11-05T00:00:00 noa: inquiry → marketing-qualified (cycle 1, 20 + 40 points; event /story#4, rule thresholds)
    2026-11-05T00:00:00 noa-1-1 handed to ben of tokyo, to be answered by 2026-11-05T04:00:00; not ana not-their-turn
2026-11-06 00:00 clock
    2026-11-05T03:00:00 noa-1-1 at-risk
    2026-11-05T04:00:00 noa-1-1 breached
    2026-11-05T06:00:00 noa-1-1 escalated
    2026-11-05T08:00:00 noa-1-1 withdrawn from ben: deadline reassign
    2026-11-05T08:00:00 noa-1-2 handed to ana of tokyo, to be answered by 2026-11-06T03:00:00; not ben refused-before
2026-11-06 00:01 sales contacted noa-1-1 @2026-11-05T01:00
    2026-11-06T00:01:00 noa-1-1 excused after 3600 s of working time
    2026-11-06T00:01:00 feedback on noa-1-1: contacted, rep ben, working_seconds 3600
2026-11-06 00:02 sales contacted noa-1-1 @2026-11-05T01:00
    2026-11-06T00:02:00 feedback on noa-1-1: contacted, rep ben, working_seconds 3600
2026-11-06 00:03 sales accepted noa-1-1
    2026-11-06T00:03:00 feedback on noa-1-1: accepted, rep ben, working_seconds 32580
