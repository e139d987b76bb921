> After every form, engagement, profile or consent event about a lead whose stage is `inquiry`, or `recycled`/`lost` since at least `requalify_after_days`: it qualifies if no block holds, consent is not refused, and either both thresholds are met or the event itself left a touch of a fast-track rule and fit reaches that rule's `fit_at_least`.
> Then `cycle` grows by one, the stage is `marketing-qualified`, the first matching route names the team, and the team is asked for a rep.
> Qualifying is looked at after form, engagement, profile and consent events only.

show data/qualified

2026-11-04 00:00 mia form demo-request
    2026-11-04T00:00:00 mia: null → inquiry (cycle 0, 0 + 40 points; event /story#1)
2026-11-04 00:01 mia profile employees=299
2026-11-04 00:02 mia profile employees=300
    2026-11-04T00:02:00 mia: inquiry → marketing-qualified (cycle 1, 30 + 40 points; event /story#3, rule thresholds)
    2026-11-04T00:02:00 mia-1-1 handed to carl of inside, to be answered by 2026-11-04T08:02:00; not dora not-their-turn
        data/qualified: {"at":"2026-11-04T00:02:00.000Z","by":"thresholds"}
2026-11-04 00:03 rival form demo-request employees=900 company="Rival KK"
    2026-11-04T00:03:00 rival: null → inquiry (cycle 0, 30 + 40 points; event /story#4)
2026-11-04 00:04 rival profile company="Honest KK"
    2026-11-04T00:04:00 rival: inquiry → marketing-qualified (cycle 1, 30 + 40 points; event /story#5, rule thresholds)
    2026-11-04T00:04:00 rival-1-1 handed to dora of inside, to be answered by 2026-11-04T08:04:00; not carl not-their-turn
        data/qualified: {"at":"2026-11-04T00:04:00.000Z","by":"thresholds"}
2026-11-04 00:05 noa consents no
    2026-11-04T00:05:00 noa: null → inquiry (cycle 0, 0 + 0 points; event /story#6)
2026-11-04 00:06 noa form demo-request employees=900
2026-11-04 00:07 sales contacted noa
    2026-11-04T00:07:00 feedback on noa: contacted
2026-11-04 00:08 noa consents yes
    2026-11-04T00:08:00 noa: inquiry → marketing-qualified (cycle 1, 30 + 40 points; event /story#9, rule thresholds)
    2026-11-04T00:08:00 noa-1-1 handed to carl of inside, to be answered by 2026-11-04T08:08:00; not dora not-their-turn
        data/qualified: {"at":"2026-11-04T00:08:00.000Z","by":"thresholds"}
2026-11-04 00:09 hana form call-me
    2026-11-04T00:09:00 hana: null → inquiry (cycle 0, 0 + 5 points; event /story#10)
    2026-11-04T00:09:00 hana: inquiry → marketing-qualified (cycle 1, 0 + 5 points; event /story#10, rule call-me)
    2026-11-04T00:09:00 hana-1-1 handed to dora of inside, to be answered by 2026-11-04T08:09:00; not carl not-their-turn
        data/qualified: {"at":"2026-11-04T00:09:00.000Z","by":"call-me"}
