> Adoption: open attempts keep instants, route and needs; lists (`responses`, `releases`) and limits are those in force when they are needed; a rep's `available` outlives it, the other members come from the file; a rep no longer named is unavailable; a team no longer named grants nothing, and its queue asks the routes again.

2026-11-04 00:00 mia form demo-request country=JP
    2026-11-04T00:00:00 mia: null → inquiry (cycle 0, 20 + 40 points; event /story#1)
    2026-11-04T00:00:00 mia: inquiry → marketing-qualified (cycle 1, 20 + 40 points; event /story#1, rule thresholds)
    2026-11-04T00:00:00 mia-1-1 handed to ana of tokyo, to be answered by 2026-11-04T04:00:00; not ben not-their-turn
2026-11-04 00:01 roster ana available=false
adopt responses = ["accepted"]
2026-11-04 00:02 noa form demo-request country=JP
    2026-11-04T00:02:00 noa: null → inquiry (cycle 0, 20 + 40 points; event /story#3)
    2026-11-04T00:02:00 noa: inquiry → marketing-qualified (cycle 1, 20 + 40 points; event /story#3, rule thresholds)
    2026-11-04T00:02:00 noa-1-1 handed to ben of tokyo, to be answered by 2026-11-04T04:02:00; not ana unavailable
2026-11-04 00:03 sales contacted mia-1-1
    2026-11-04T00:03:00 mia: marketing-qualified → sales-accepted (cycle 1, 20 + 40 points; event /story#4)
    2026-11-04T00:03:00 feedback on mia-1-1: contacted, rep ana, working_seconds 180
2026-11-04 00:04 sales accepted mia-1-1
    2026-11-04T00:04:00 mia-1-1 met after 240 s of working time
    2026-11-04T00:04:00 feedback on mia-1-1: accepted, rep ana, working_seconds 240
