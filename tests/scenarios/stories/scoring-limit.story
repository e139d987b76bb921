> `value_r = trunc(Σ points · count · weight / 2^31)`, then limited to ±`at_most`.

show data/score/reasons

2026-11-30 09:00 mia form demo-request
    2026-11-30T09:00:00 mia: null → inquiry (cycle 0, 0 + 40 points; event /story#1)
        data/score/reasons: [{"last":"2026-11-30","points":40,"rule":"demo","touches":1}]
2026-11-30 09:01 mia form demo-request
2026-11-30 09:02 mia form demo-request
2026-11-30 09:03 mia profile employees=300
    2026-11-30T09:03:00 mia: inquiry → marketing-qualified (cycle 1, 30 + 80 points; event /story#4, rule thresholds)
        data/score/reasons: [{"last":"2026-11-30","points":80,"rule":"demo","touches":3},{"last":null,"points":30,"rule":"large","touches":null}]
    2026-11-30T09:03:00 mia-1-1 handed to carl of inside, to be answered by 2026-11-30T17:03:00; not dora not-their-turn
        data/score/reasons: [{"last":"2026-11-30","points":80,"rule":"demo","touches":3},{"last":null,"points":30,"rule":"large","touches":null}]
