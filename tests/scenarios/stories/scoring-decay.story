> `steps = floor(64 · age / half_life_days)`; `weight = w[steps mod 64] >> (steps div 64)`, 0 from 31 shifts on, with `w[k] = round(2^31 · 2^(−k/64))`; without half-life `weight = 2^31`.
> `value_r = trunc(Σ points · count · weight / 2^31)`, then limited to ±`at_most`.
> `engagement = max(0, Σ value_r)`.
> `fit = max(0, Σ points of the fit rules whose conditions hold)`.
> `total = fit + engagement`.

~ engagement_at_least = 1000
show data/score

2026-11-30 09:00 new form demo-request country=JP
    2026-11-30T09:00:00 new: null → inquiry (cycle 0, 20 + 40 points; event /story#1)
        data/score: {"engagement":40,"fit":20,"reasons":[{"last":"2026-11-30","points":40,"rule":"demo","touches":1},{"last":null,"points":20,"rule":"japan","touches":null}],"total":60}
2026-11-30 09:01 half form demo-request country=JP @2026-10-31T00:00
    2026-11-30T09:01:00 half: null → inquiry (cycle 0, 20 + 20 points; event /story#2)
        data/score: {"engagement":20,"fit":20,"reasons":[{"last":"2026-10-31","points":20,"rule":"demo","touches":1},{"last":null,"points":20,"rule":"japan","touches":null}],"total":40}
2026-11-30 09:02 quarter form demo-request country=JP employees=500 @2026-10-01T00:00
    2026-11-30T09:02:00 quarter: null → inquiry (cycle 0, 50 + 10 points; event /story#3)
        data/score: {"engagement":10,"fit":50,"reasons":[{"last":"2026-10-01","points":10,"rule":"demo","touches":1},{"last":null,"points":30,"rule":"large","touches":null},{"last":null,"points":20,"rule":"japan","touches":null}],"total":60}
2026-11-30 09:03 gone form demo-request country=JP @2026-06-05T00:00
    2026-11-30T09:03:00 gone: null → inquiry (cycle 0, 20 + 0 points; event /story#4)
        data/score: {"engagement":0,"fit":20,"reasons":[{"last":"2026-06-05","points":0,"rule":"demo","touches":1},{"last":null,"points":20,"rule":"japan","touches":null}],"total":20}
2026-11-30 09:04 below did unsubscribed
    2026-11-30T09:04:00 below: null → inquiry (cycle 0, 0 + 0 points; event /story#5)
        data/score: {"engagement":0,"fit":0,"reasons":[{"last":"2026-11-30","points":-30,"rule":"goodbye","touches":1}],"total":0}
