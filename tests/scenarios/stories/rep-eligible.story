> **Choosing the rep.** Eligible: in the team, available, fewer open handoffs than capacity, has every needed skill, and is not among the reps this lead has been rejected by or taken from.
> `passed_over`: every other rep of the team or teams asked, in policy order, home team first, each with the first of the listed reasons that holds.

2026-11-04 00:00 roster kim team=tokyo capacity=5 skills=["en"]
2026-11-04 00:01 roster ben available=false
2026-11-04 00:02 a form demo-request country=JP
    2026-11-04T00:02:00 a: null → inquiry (cycle 0, 20 + 40 points; event /story#3)
    2026-11-04T00:02:00 a: inquiry → marketing-qualified (cycle 1, 20 + 40 points; event /story#3, rule thresholds)
    2026-11-04T00:02:00 a-1-1 handed to ana of tokyo, to be answered by 2026-11-04T04:02:00; not ben unavailable, kim lacks-skill
2026-11-04 00:03 b form demo-request country=JP
    2026-11-04T00:03:00 b: null → inquiry (cycle 0, 20 + 40 points; event /story#4)
    2026-11-04T00:03:00 b: inquiry → marketing-qualified (cycle 1, 20 + 40 points; event /story#4, rule thresholds)
    2026-11-04T00:03:00 b-1-1 handed to ana of tokyo, to be answered by 2026-11-04T04:03:00; not ben unavailable, kim lacks-skill
2026-11-04 00:04 c form demo-request country=JP
    2026-11-04T00:04:00 c: null → inquiry (cycle 0, 20 + 40 points; event /story#5)
    2026-11-04T00:04:00 c: inquiry → marketing-qualified (cycle 1, 20 + 40 points; event /story#5, rule thresholds)
    2026-11-04T00:04:00 c-1-1 handed to carl of inside, to be answered by 2026-11-04T08:04:00; not ana at-capacity, ben unavailable, kim lacks-skill, dora lacks-skill
2026-11-04 00:05 roster ben available=true
2026-11-04 00:06 sales rejected a-1-1 reason=wrong-territory
    2026-11-04T00:06:00 a-1-1 met after 240 s of working time
    2026-11-04T00:06:00 a-1-1 withdrawn from ana: reason wrong-territory
    2026-11-04T00:06:00 feedback on a-1-1: rejected, reason wrong-territory, rep ana, working_seconds 240
    2026-11-04T00:06:00 a-1-2 handed to ben of tokyo, to be answered by 2026-11-04T04:06:00; not ana refused-before, kim lacks-skill
