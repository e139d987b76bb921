> Every follow-up goes to marketing as `tasuki.feedback.recorded.v1`, with campaign of first and last touch, the rules that qualified the lead, and the working time taken.
> `feedback`: `lead handoff_id? cycle? team? rep? outcome reason? note? amount? at campaign{first,last} rules[…] working_seconds? policy`, `rules` as in `reasons` when that cycle qualified, `[]` if it never did; `rep` is the attempt's, else the follow-up's; `at` is the event time.

show data/campaign data/rules data/at data/amount data/note

2026-11-04 00:00 mia form demo-request country=JP campaign={"source":"search","medium":null,"name":"spring"}
    2026-11-04T00:00:00 mia: null → inquiry (cycle 0, 20 + 40 points; event /story#1)
        data/at: "2026-11-04T00:00:00.000Z"
    2026-11-04T00:00:00 mia: inquiry → marketing-qualified (cycle 1, 20 + 40 points; event /story#1, rule thresholds)
        data/at: "2026-11-04T00:00:00.000Z"
    2026-11-04T00:00:00 mia-1-1 handed to ana of tokyo, to be answered by 2026-11-04T04:00:00; not ben not-their-turn
        data/campaign: {"first":{"name":"spring","source":"search"},"last":{"name":"spring","source":"search"}}
2026-11-04 00:10 mia did page_viewed /pricing campaign={"source":"mail"}
2026-11-04 01:00 sales won mia-1-1 @2026-11-04T00:30 amount={"value":"1200000","currency":"JPY"} note="signed"
    2026-11-04T01:00:00 mia-1-1 met after 1800 s of working time
    2026-11-04T01:00:00 mia: marketing-qualified → won (cycle 1, 20 + 50 points; event /story#3)
        data/at: "2026-11-04T01:00:00.000Z"
    2026-11-04T01:00:00 feedback on mia-1-1: won, rep ana, working_seconds 1800
        data/campaign: {"first":{"name":"spring","source":"search"},"last":{"source":"mail"}}
        data/rules: [{"last":"2026-11-04","points":40,"rule":"demo","touches":1},{"last":null,"points":20,"rule":"japan","touches":null}]
        data/at: "2026-11-04T00:30:00.000Z"
        data/amount: {"currency":"JPY","value":"1200000"}
        data/note: "signed"
2026-11-04 01:01 noa did page_viewed
    2026-11-04T01:01:00 noa: null → inquiry (cycle 0, 0 + 0 points; event /story#4)
        data/at: "2026-11-04T01:01:00.000Z"
2026-11-04 01:02 sales attempted noa
    2026-11-04T01:02:00 feedback on noa: attempted
        data/campaign: {"first":null,"last":null}
        data/rules: []
        data/at: "2026-11-04T01:02:00.000Z"
