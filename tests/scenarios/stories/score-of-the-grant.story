> A handoff carries the score of the moment of the grant.
> `reasons`: the engagement rules with at least one touch that counts, in the policy's order, then the fit rules that hold; `points` after the limit, `touches` that count (only age decides, not a weight decayed to 0), `last` the latest such touch's date; both null for fit.
> `qualified.by` is `thresholds`, or the fast-track rule; thresholds are looked at first.

show data/score data/qualified

2026-10-01 00:00 mia form demo-request country=JP
    2026-10-01T00:00:00 mia: null → inquiry (cycle 0, 20 + 40 points; event /story#1)
        data/score: {"engagement":40,"fit":20,"reasons":[{"last":"2026-10-01","points":40,"rule":"demo","touches":1},{"last":null,"points":20,"rule":"japan","touches":null}],"total":60}
    2026-10-01T00:00:00 mia: inquiry → marketing-qualified (cycle 1, 20 + 40 points; event /story#1, rule thresholds)
        data/score: {"engagement":40,"fit":20,"reasons":[{"last":"2026-10-01","points":40,"rule":"demo","touches":1},{"last":null,"points":20,"rule":"japan","touches":null}],"total":60}
    2026-10-01T00:00:00 mia-1-1 handed to ana of tokyo, to be answered by 2026-10-01T04:00:00; not ben not-their-turn
        data/score: {"engagement":40,"fit":20,"reasons":[{"last":"2026-10-01","points":40,"rule":"demo","touches":1},{"last":null,"points":20,"rule":"japan","touches":null}],"total":60}
        data/qualified: {"at":"2026-10-01T00:00:00.000Z","by":"thresholds"}
2026-10-01 00:01 roster ana available=false
2026-10-01 00:02 roster ben available=false
2026-10-01 00:03 roster carl available=false
2026-10-01 00:04 noa form demo-request country=JP
    2026-10-01T00:04:00 noa: null → inquiry (cycle 0, 20 + 40 points; event /story#5)
        data/score: {"engagement":40,"fit":20,"reasons":[{"last":"2026-10-01","points":40,"rule":"demo","touches":1},{"last":null,"points":20,"rule":"japan","touches":null}],"total":60}
    2026-10-01T00:04:00 noa: inquiry → marketing-qualified (cycle 1, 20 + 40 points; event /story#5, rule thresholds)
        data/score: {"engagement":40,"fit":20,"reasons":[{"last":"2026-10-01","points":40,"rule":"demo","touches":1},{"last":null,"points":20,"rule":"japan","touches":null}],"total":60}
    2026-10-01T00:04:00 noa-1-1 waits in the queue of tokyo, to be answered by 2026-10-01T04:04:00; not ana unavailable, ben unavailable, carl unavailable, dora lacks-skill
2026-11-30 00:00 roster ben available=true
    2026-10-01T03:00:00 mia-1-1 at-risk
    2026-10-01T03:04:00 noa-1-1 at-risk
    2026-10-01T04:00:00 mia-1-1 breached
    2026-10-01T04:04:00 noa-1-1 breached
    2026-10-01T06:00:00 mia-1-1 escalated
    2026-10-01T06:04:00 noa-1-1 escalated
    2026-10-01T08:00:00 mia-1-1 withdrawn from ana: deadline reassign
    2026-10-01T08:00:00 mia-1-2 waits in the queue of tokyo, to be answered by 2026-10-02T03:00:00; not ana unavailable, ben unavailable, carl unavailable, dora lacks-skill
    2026-10-02T02:00:00 mia-1-2 at-risk
    2026-10-02T03:00:00 mia-1-2 breached
    2026-10-02T05:00:00 mia-1-2 escalated
    2026-11-30T00:00:00 noa-1-2 handed to ben of tokyo, to be answered by 2026-11-30T05:00:00; not ana unavailable
        data/score: {"engagement":10,"fit":20,"reasons":[{"last":"2026-10-01","points":10,"rule":"demo","touches":1},{"last":null,"points":20,"rule":"japan","touches":null}],"total":30}
        data/qualified: {"at":"2026-10-01T00:04:00.000Z","by":"thresholds"}
    2026-11-30T00:00:00 mia-1-3 handed to ben of tokyo, to be answered by 2026-11-30T05:00:00; not ana unavailable
        data/score: {"engagement":10,"fit":20,"reasons":[{"last":"2026-10-01","points":10,"rule":"demo","touches":1},{"last":null,"points":20,"rule":"japan","touches":null}],"total":30}
        data/qualified: {"at":"2026-10-01T00:00:00.000Z","by":"thresholds"}
2026-11-30 00:01 hana form call-me country=JP
    2026-11-30T00:01:00 hana: null → inquiry (cycle 0, 20 + 5 points; event /story#7)
        data/score: {"engagement":5,"fit":20,"reasons":[{"last":"2026-11-30","points":5,"rule":"call-me","touches":1},{"last":null,"points":20,"rule":"japan","touches":null}],"total":25}
    2026-11-30T00:01:00 hana: inquiry → marketing-qualified (cycle 1, 20 + 5 points; event /story#7, rule call-me)
        data/score: {"engagement":5,"fit":20,"reasons":[{"last":"2026-11-30","points":5,"rule":"call-me","touches":1},{"last":null,"points":20,"rule":"japan","touches":null}],"total":25}
    2026-11-30T00:01:00 hana-1-1 waits in the queue of tokyo, to be answered by 2026-11-30T05:01:00; not ana unavailable, ben at-capacity, carl unavailable, dora lacks-skill
2026-11-30 00:02 hana form demo-request
