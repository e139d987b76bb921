> An event that matches an engagement rule (form name; or activity and, where given, one of the target prefixes) leaves a touch (rule, day(event time), +1) on the lead.
> `is_bot` leaves none.
> One event may match several rules, each once.

| [[score.engagement]]
| rule = "any-page"
| activity = ["page_viewed"]
| points = 1
show data/score/reasons

2026-11-04 09:00 mia did page_viewed /blog
    2026-11-04T09:00:00 mia: null → inquiry (cycle 0, 0 + 1 points; event /story#1)
        data/score/reasons: [{"last":"2026-11-04","points":1,"rule":"any-page","touches":1}]
2026-11-04 09:01 mia did page_viewed /pricing/teams
2026-11-04 09:02 mia did page_viewed /pricing is_bot=true
2026-11-04 09:03 mia form demo-request country=JP
    2026-11-04T09:03:00 mia: inquiry → marketing-qualified (cycle 1, 20 + 52 points; event /story#4, rule thresholds)
        data/score/reasons: [{"last":"2026-11-04","points":40,"rule":"demo","touches":1},{"last":"2026-11-04","points":10,"rule":"pages","touches":1},{"last":"2026-11-04","points":2,"rule":"any-page","touches":2},{"last":null,"points":20,"rule":"japan","touches":null}]
    2026-11-04T09:03:00 mia-1-1 handed to ana of tokyo, to be answered by 2026-11-05T04:00:00; not ben not-their-turn
        data/score/reasons: [{"last":"2026-11-04","points":40,"rule":"demo","touches":1},{"last":"2026-11-04","points":10,"rule":"pages","touches":1},{"last":"2026-11-04","points":2,"rule":"any-page","touches":2},{"last":null,"points":20,"rule":"japan","touches":null}]
