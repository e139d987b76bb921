> A rep new to a team, by policy, roster or move, starts there at the smallest virtual of its available reps (0 if none), last assigned 0.
> A rep first named by the roster needs `team` and `capacity` (`invalid-data` otherwise), comes after the policy's reps in order of appearance, weight 1, no skills unless said.
> A rep who becomes available again, or is new, starts at max(own virtual, the smallest virtual of the team's available reps): an absence earns no burst and no penalty.

2026-11-04 00:00 a form demo-request employees=400
    2026-11-04T00:00:00 a: null → inquiry (cycle 0, 30 + 40 points; event /story#1)
    2026-11-04T00:00:00 a: inquiry → marketing-qualified (cycle 1, 30 + 40 points; event /story#1, rule thresholds)
    2026-11-04T00:00:00 a-1-1 handed to carl of inside, to be answered by 2026-11-04T08:00:00; not dora not-their-turn
2026-11-04 00:01 b form demo-request employees=400
    2026-11-04T00:01:00 b: null → inquiry (cycle 0, 30 + 40 points; event /story#2)
    2026-11-04T00:01:00 b: inquiry → marketing-qualified (cycle 1, 30 + 40 points; event /story#2, rule thresholds)
    2026-11-04T00:01:00 b-1-1 handed to dora of inside, to be answered by 2026-11-04T08:01:00; not carl not-their-turn
2026-11-04 00:02 c form demo-request employees=400
    2026-11-04T00:02:00 c: null → inquiry (cycle 0, 30 + 40 points; event /story#3)
    2026-11-04T00:02:00 c: inquiry → marketing-qualified (cycle 1, 30 + 40 points; event /story#3, rule thresholds)
    2026-11-04T00:02:00 c-1-1 handed to carl of inside, to be answered by 2026-11-04T08:02:00; not dora not-their-turn
2026-11-04 00:03 roster nobody capacity=3
    2026-11-04T00:03:00 dead letter: unknown-rep, neither the policy nor the roster has named this rep
2026-11-04 00:04 roster eve team=inside
    2026-11-04T00:04:00 dead letter: invalid-data, a rep first named by the roster needs `capacity`
2026-11-04 00:05 roster eve team=inside capacity=3
2026-11-04 00:06 d form demo-request employees=400
    2026-11-04T00:06:00 d: null → inquiry (cycle 0, 30 + 40 points; event /story#7)
    2026-11-04T00:06:00 d: inquiry → marketing-qualified (cycle 1, 30 + 40 points; event /story#7, rule thresholds)
    2026-11-04T00:06:00 d-1-1 handed to eve of inside, to be answered by 2026-11-04T08:06:00; not carl not-their-turn, dora not-their-turn
2026-11-04 00:07 e form demo-request employees=400
    2026-11-04T00:07:00 e: null → inquiry (cycle 0, 30 + 40 points; event /story#8)
    2026-11-04T00:07:00 e: inquiry → marketing-qualified (cycle 1, 30 + 40 points; event /story#8, rule thresholds)
    2026-11-04T00:07:00 e-1-1 handed to dora of inside, to be answered by 2026-11-04T08:07:00; not carl not-their-turn, eve not-their-turn
2026-11-04 00:08 roster eve team=tokyo skills=["ja"]
2026-11-04 00:09 f form demo-request country=JP
    2026-11-04T00:09:00 f: null → inquiry (cycle 0, 20 + 40 points; event /story#10)
    2026-11-04T00:09:00 f: inquiry → marketing-qualified (cycle 1, 20 + 40 points; event /story#10, rule thresholds)
    2026-11-04T00:09:00 f-1-1 handed to ana of tokyo, to be answered by 2026-11-04T04:09:00; not ben not-their-turn, eve not-their-turn
