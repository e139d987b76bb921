> For rule r on day D: `age = max(0, D − touch day)`; touches with `age > forget_after_days` or `age > within_days` count nothing.

show data/score/reasons

2026-11-30 09:00 mia profile country=JP
    2026-11-30T09:00:00 mia: null → inquiry (cycle 0, 20 + 0 points; event /story#1)
        data/score/reasons: [{"last":null,"points":20,"rule":"japan","touches":null}]
2026-11-30 09:01 mia did page_viewed /pricing @2026-11-16T00:00
2026-11-30 09:02 mia did page_viewed /pricing @2026-11-15T23:59
2026-11-30 09:03 mia form call-me @2026-06-02T00:00
2026-11-30 09:04 mia form call-me @2026-06-03T00:00
    2026-11-30T09:04:00 mia: inquiry → marketing-qualified (cycle 1, 20 + 15 points; event /story#5, rule call-me)
        data/score/reasons: [{"last":"2026-11-16","points":10,"rule":"pages","touches":1},{"last":"2026-06-03","points":5,"rule":"call-me","touches":1},{"last":null,"points":20,"rule":"japan","touches":null}]
    2026-11-30T09:04:00 mia-1-1 handed to ana of tokyo, to be answered by 2026-12-01T04:00:00; not ben not-their-turn
        data/score/reasons: [{"last":"2026-11-16","points":10,"rule":"pages","touches":1},{"last":"2026-06-03","points":5,"rule":"call-me","touches":1},{"last":null,"points":20,"rule":"japan","touches":null}]
2026-11-30 09:05 sales won mia
    2026-11-30T09:05:00 mia-1-1 met after 0 s of working time
    2026-11-30T09:05:00 mia: marketing-qualified → won (cycle 1, 20 + 15 points; event /story#6)
        data/score/reasons: [{"last":"2026-11-16","points":10,"rule":"pages","touches":1},{"last":"2026-06-03","points":5,"rule":"call-me","touches":1},{"last":null,"points":20,"rule":"japan","touches":null}]
    2026-11-30T09:05:00 feedback on mia-1-1: won, rep ana, working_seconds 0
