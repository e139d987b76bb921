> After every form, engagement, profile or consent event about a lead whose stage is `inquiry`, or `recycled`/`lost` since at least `requalify_after_days`: it qualifies if no block holds, consent is not refused, and either both thresholds are met or the event itself left a touch of a fast-track rule and fit reaches that rule's `fit_at_least`.
> `recycled`/`lost` since: journal time of that stage change, in milliseconds.
> `message`: the last one, by event time, of the forms received since the last cycle ended.
> `campaign`: of the form and engagement events that carry one, by event time, over the lead's life.

show data/message data/campaign

2026-11-04 00:00 mia form demo-request employees=400 message="first" campaign={"name":"spring"}
    2026-11-04T00:00:00 mia: null → inquiry (cycle 0, 30 + 40 points; event /story#1)
    2026-11-04T00:00:00 mia: inquiry → marketing-qualified (cycle 1, 30 + 40 points; event /story#1, rule thresholds)
    2026-11-04T00:00:00 mia-1-1 handed to carl of inside, to be answered by 2026-11-04T08:00:00; not dora not-their-turn
        data/message: "first"
        data/campaign: {"first":{"name":"spring"},"last":{"name":"spring"}}
2026-11-04 00:10 mia form demo-request message="second, during the cycle"
2026-11-04 00:20:00.500 sales recycled mia-1-1
    2026-11-04T00:20:00.500Z mia-1-1 met after 1200 s of working time
    2026-11-04T00:20:00.500Z mia: marketing-qualified → recycled (cycle 1, 30 + 80 points; event /story#3)
    2026-11-04T00:20:00.500Z feedback on mia-1-1: recycled, rep carl, working_seconds 1200
        data/campaign: {"first":{"name":"spring"},"last":{"name":"spring"}}
2026-12-04 00:20:00.499 mia form demo-request message="third" campaign={"name":"winter"} #a
2026-12-04 00:20:00.500 mia form demo-request message="fourth"
    2026-12-04T00:20:00.500Z mia: recycled → marketing-qualified (cycle 2, 30 + 80 points; event /story#5, rule thresholds)
    2026-12-04T00:20:00.500Z mia-2-1 handed to dora of inside, to be answered by 2026-12-04T08:20:00.500Z; not carl not-their-turn
        data/message: "fourth"
        data/campaign: {"first":{"name":"spring"},"last":{"name":"winter"}}
2026-12-04 00:21 sales lost mia-2-1
    2026-12-04T00:21:00 mia-2-1 met after 59 s of working time
    2026-12-04T00:21:00 mia: marketing-qualified → lost (cycle 2, 30 + 80 points; event /story#6)
    2026-12-04T00:21:00 feedback on mia-2-1: lost, rep dora, working_seconds 59
        data/campaign: {"first":{"name":"spring"},"last":{"name":"winter"}}
