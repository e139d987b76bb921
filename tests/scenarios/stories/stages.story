> Stages: `inquiry`, `marketing-qualified`, `sales-accepted`, `sales-qualified`, `opportunity`, `won`, `lost`, `recycled`, `disqualified`.
> Within a cycle a lead never moves back along the first six; `won`, `lost`, `recycled`, `disqualified` end the cycle, and with it the attempt.
> Stages: accepted → sales-accepted; contacted, meeting_held → at least sales-accepted; qualified → sales-qualified; opportunity_created → opportunity; won; lost; recycled; rejected → by `[reject]`: recycle, reassign (as above, at once), disqualify.

2026-11-04 00:00 mia form demo-request employees=400
    2026-11-04T00:00:00 mia: null → inquiry (cycle 0, 30 + 40 points; event /story#1)
    2026-11-04T00:00:00 mia: inquiry → marketing-qualified (cycle 1, 30 + 40 points; event /story#1, rule thresholds)
    2026-11-04T00:00:00 mia-1-1 handed to carl of inside, to be answered by 2026-11-04T08:00:00; not dora not-their-turn
2026-11-04 00:01 sales attempted mia-1-1
    2026-11-04T00:01:00 feedback on mia-1-1: attempted, rep carl, working_seconds 60
2026-11-04 00:02 sales accepted mia-1-1
    2026-11-04T00:02:00 mia: marketing-qualified → sales-accepted (cycle 1, 30 + 40 points; event /story#3)
    2026-11-04T00:02:00 feedback on mia-1-1: accepted, rep carl, working_seconds 120
2026-11-04 00:03 sales meeting_held mia-1-1
    2026-11-04T00:03:00 mia-1-1 met after 180 s of working time
    2026-11-04T00:03:00 feedback on mia-1-1: meeting_held, rep carl, working_seconds 180
2026-11-04 00:04 sales qualified mia-1-1
    2026-11-04T00:04:00 mia: sales-accepted → sales-qualified (cycle 1, 30 + 40 points; event /story#5)
    2026-11-04T00:04:00 feedback on mia-1-1: qualified, rep carl, working_seconds 240
2026-11-04 00:05 sales contacted mia-1-1
    2026-11-04T00:05:00 feedback on mia-1-1: contacted, rep carl, working_seconds 300
2026-11-04 00:06 sales opportunity_created mia-1-1
    2026-11-04T00:06:00 mia: sales-qualified → opportunity (cycle 1, 30 + 40 points; event /story#7)
    2026-11-04T00:06:00 feedback on mia-1-1: opportunity_created, rep carl, working_seconds 360
2026-11-04 00:07 sales qualified mia-1-1
    2026-11-04T00:07:00 feedback on mia-1-1: qualified, rep carl, working_seconds 420
2026-11-04 00:08 sales won mia-1-1
    2026-11-04T00:08:00 mia: opportunity → won (cycle 1, 30 + 40 points; event /story#9)
    2026-11-04T00:08:00 feedback on mia-1-1: won, rep carl, working_seconds 480
2026-11-04 00:10 noa form demo-request employees=400
    2026-11-04T00:10:00 noa: null → inquiry (cycle 0, 30 + 40 points; event /story#10)
    2026-11-04T00:10:00 noa: inquiry → marketing-qualified (cycle 1, 30 + 40 points; event /story#10, rule thresholds)
    2026-11-04T00:10:00 noa-1-1 handed to dora of inside, to be answered by 2026-11-04T08:10:00; not carl not-their-turn
2026-11-04 00:11 sales rejected noa-1-1 reason=competitor
    2026-11-04T00:11:00 noa-1-1 met after 60 s of working time
    2026-11-04T00:11:00 noa: marketing-qualified → disqualified (cycle 1, 30 + 40 points; event /story#11, reason competitor)
    2026-11-04T00:11:00 feedback on noa-1-1: rejected, reason competitor, rep dora, working_seconds 60
2026-11-04 00:12 noa form demo-request
2026-11-04 00:20 hana form demo-request employees=400
    2026-11-04T00:20:00 hana: null → inquiry (cycle 0, 30 + 40 points; event /story#13)
    2026-11-04T00:20:00 hana: inquiry → marketing-qualified (cycle 1, 30 + 40 points; event /story#13, rule thresholds)
    2026-11-04T00:20:00 hana-1-1 handed to dora of inside, to be answered by 2026-11-04T08:20:00; not carl not-their-turn
2026-11-04 00:21 sales rejected hana-1-1 reason="no budget"
    2026-11-04T00:21:00 hana-1-1 met after 60 s of working time
    2026-11-04T00:21:00 hana: marketing-qualified → recycled (cycle 1, 30 + 40 points; event /story#14, reason no budget)
    2026-11-04T00:21:00 feedback on hana-1-1: rejected, reason no budget, rep dora, working_seconds 60
