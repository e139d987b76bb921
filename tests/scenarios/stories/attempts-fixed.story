> Start = the journal time of the grant; `warn_at`, `respond_by`, `escalate_at`, `reassign_at` are the instants at which that much working time of the team's calendar has passed since the start, fixed then and never moved.

show data/sla

2026-11-04 00:00 mia form demo-request country=JP
    2026-11-04T00:00:00 mia: null → inquiry (cycle 0, 20 + 40 points; event /story#1)
    2026-11-04T00:00:00 mia: inquiry → marketing-qualified (cycle 1, 20 + 40 points; event /story#1, rule thresholds)
    2026-11-04T00:00:00 mia-1-1 handed to ana of tokyo, to be answered by 2026-11-04T04:00:00; not ben not-their-turn
        data/sla: {"calendar":"tokyo","escalate_at":"2026-11-04T06:00:00.000Z","reassign_at":"2026-11-04T08:00:00.000Z","respond_by":"2026-11-04T04:00:00.000Z","start":"2026-11-04T00:00:00.000Z","warn_at":"2026-11-04T03:00:00.000Z"}
adopt within = "5h"
2026-11-04 00:01 noa form demo-request country=JP
    2026-11-04T00:01:00 noa: null → inquiry (cycle 0, 20 + 40 points; event /story#2)
    2026-11-04T00:01:00 noa: inquiry → marketing-qualified (cycle 1, 20 + 40 points; event /story#2, rule thresholds)
    2026-11-04T00:01:00 noa-1-1 handed to ben of tokyo, to be answered by 2026-11-04T05:01:00; not ana not-their-turn
        data/sla: {"calendar":"tokyo","escalate_at":"2026-11-04T06:01:00.000Z","reassign_at":"2026-11-04T08:01:00.000Z","respond_by":"2026-11-04T05:01:00.000Z","start":"2026-11-04T00:01:00.000Z","warn_at":"2026-11-04T03:01:00.000Z"}
2026-11-04 05:00:00.001 clock
    2026-11-04T03:00:00 mia-1-1 at-risk
    2026-11-04T03:01:00 noa-1-1 at-risk
    2026-11-04T04:00:00 mia-1-1 breached
2026-11-04 05:01:00.001 clock
    2026-11-04T05:01:00 noa-1-1 breached
