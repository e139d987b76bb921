> `working_seconds`: whole seconds of the team's working time from start to the response's event time, not below 0.

2026-11-02 02:00 mia form demo-request country=JP
    2026-11-02T02:00:00 mia: null → inquiry (cycle 0, 20 + 40 points; event /story#1)
    2026-11-02T02:00:00 mia: inquiry → marketing-qualified (cycle 1, 20 + 40 points; event /story#1, rule thresholds)
    2026-11-02T02:00:00 mia-1-1 handed to ana of tokyo, to be answered by 2026-11-02T07:00:00; not ben not-their-turn
2026-11-04 00:01 sales contacted mia-1-1 @2026-11-04T00:00:30.900
    2026-11-02T06:00:00 mia-1-1 at-risk
    2026-11-02T07:00:00 mia-1-1 breached
    2026-11-02T09:00:00 mia-1-1 escalated
    2026-11-04T00:01:00 mia-1-1 met late after 21630 s of working time
    2026-11-04T00:01:00 mia: marketing-qualified → sales-accepted (cycle 1, 20 + 38 points; event /story#2)
    2026-11-04T00:01:00 feedback on mia-1-1: contacted, rep ana, working_seconds 21630
2026-11-04 00:02 noa form demo-request country=JP
    2026-11-04T00:02:00 noa: null → inquiry (cycle 0, 20 + 40 points; event /story#3)
    2026-11-04T00:02:00 noa: inquiry → marketing-qualified (cycle 1, 20 + 40 points; event /story#3, rule thresholds)
    2026-11-04T00:02:00 noa-1-1 handed to ben of tokyo, to be answered by 2026-11-04T04:02:00; not ana not-their-turn
2026-11-04 00:03 sales contacted noa-1-1 @2026-11-03T00:00
    2026-11-04T00:03:00 noa-1-1 met after 0 s of working time
    2026-11-04T00:03:00 noa: marketing-qualified → sales-accepted (cycle 1, 20 + 40 points; event /story#4)
    2026-11-04T00:03:00 feedback on noa-1-1: contacted, rep ben, working_seconds 0
