> A response ends a coming reassign at once, and the notices (warn, breach, escalate) at or after its own event time; earlier ones still fire when they are due: no late response without its breach.
> An outcome in `responses` is a response: with event time ≤ `respond_by`: `tasuki.sla.met.v1` (or, if the breach was already flagged, `tasuki.sla.excused.v1`); later: `tasuki.sla.met.v1` with `late: true`.
> The first response ends all timers of the attempt.
> Only the first response of an attempt is met.

2026-11-04 00:00 mia form demo-request country=JP
    2026-11-04T00:00:00 mia: null → inquiry (cycle 0, 20 + 40 points; event /story#1)
    2026-11-04T00:00:00 mia: inquiry → marketing-qualified (cycle 1, 20 + 40 points; event /story#1, rule thresholds)
    2026-11-04T00:00:00 mia-1-1 handed to ana of tokyo, to be answered by 2026-11-04T04:00:00; not ben not-their-turn
2026-11-04 03:30 sales contacted mia-1-1
    2026-11-04T03:00:00 mia-1-1 at-risk
    2026-11-04T03:30:00 mia-1-1 met after 12600 s of working time
    2026-11-04T03:30:00 mia: marketing-qualified → sales-accepted (cycle 1, 20 + 40 points; event /story#2)
    2026-11-04T03:30:00 feedback on mia-1-1: contacted, rep ana, working_seconds 12600
2026-11-04 03:31 sales meeting_held mia-1-1
    2026-11-04T03:31:00 feedback on mia-1-1: meeting_held, rep ana, working_seconds 12660
2026-11-06 00:00 clock
