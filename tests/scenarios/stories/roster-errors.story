> Unknown team: `unknown-team`; a change to an unknown rep without team: `unknown-rep`.
> Roster members likewise.

2026-11-04 00:00 roster ana team=osaka
    2026-11-04T00:00:00 dead letter: unknown-team, the policy names no such team
2026-11-04 00:01 roster zoe available=false
    2026-11-04T00:01:00 dead letter: unknown-rep, neither the policy nor the roster has named this rep
2026-11-04 00:02 roster ana available=false @2026-11-03T12:00
2026-11-04 00:03 roster ana available=true @2026-11-03T11:00
2026-11-04 00:04 a form demo-request country=JP
    2026-11-04T00:04:00 a: null → inquiry (cycle 0, 20 + 40 points; event /story#5)
    2026-11-04T00:04:00 a: inquiry → marketing-qualified (cycle 1, 20 + 40 points; event /story#5, rule thresholds)
    2026-11-04T00:04:00 a-1-1 handed to ben of tokyo, to be answered by 2026-11-04T04:04:00; not ana unavailable
