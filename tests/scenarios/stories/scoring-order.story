> The score is a function of the touches, the profile, the policy and the day, and of nothing else; so the order of arrival never matters.

show data/score/reasons

2026-11-10 09:00 mia form contact @2026-11-01T09:00
    2026-11-10T09:00:00 mia: null → inquiry (cycle 0, 0 + 32 points; event /story#1)
        data/score/reasons: [{"last":"2026-11-01","points":32,"rule":"demo","touches":1}]
2026-11-10 09:01 mia did page_viewed /pricing @2026-11-09T09:00
2026-11-10 09:02 mia profile country=JP
    2026-11-10T09:02:00 mia: inquiry → marketing-qualified (cycle 1, 20 + 42 points; event /story#3, rule thresholds)
        data/score/reasons: [{"last":"2026-11-01","points":32,"rule":"demo","touches":1},{"last":"2026-11-09","points":10,"rule":"pages","touches":1},{"last":null,"points":20,"rule":"japan","touches":null}]
    2026-11-10T09:02:00 mia-1-1 handed to ana of tokyo, to be answered by 2026-11-11T04:00:00; not ben not-their-turn
        data/score/reasons: [{"last":"2026-11-01","points":32,"rule":"demo","touches":1},{"last":"2026-11-09","points":10,"rule":"pages","touches":1},{"last":null,"points":20,"rule":"japan","touches":null}]
2026-11-10 09:03 noa profile country=JP
    2026-11-10T09:03:00 noa: null → inquiry (cycle 0, 20 + 0 points; event /story#4)
        data/score/reasons: [{"last":null,"points":20,"rule":"japan","touches":null}]
2026-11-10 09:04 noa did page_viewed /pricing @2026-11-09T09:00
2026-11-10 09:05 noa form contact @2026-11-01T09:00
    2026-11-10T09:05:00 noa: inquiry → marketing-qualified (cycle 1, 20 + 42 points; event /story#6, rule thresholds)
        data/score/reasons: [{"last":"2026-11-01","points":32,"rule":"demo","touches":1},{"last":"2026-11-09","points":10,"rule":"pages","touches":1},{"last":null,"points":20,"rule":"japan","touches":null}]
    2026-11-10T09:05:00 noa-1-1 handed to ben of tokyo, to be answered by 2026-11-11T04:00:00; not ana not-their-turn
        data/score/reasons: [{"last":"2026-11-01","points":32,"rule":"demo","touches":1},{"last":"2026-11-09","points":10,"rule":"pages","touches":1},{"last":null,"points":20,"rule":"japan","touches":null}]
