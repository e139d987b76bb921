> `capacity` 0 is allowed; a team without reps, too.

| [[team]]
| id = "nobody"
| calendar = "always"
| [team.sla]
| within = "1h"
| [[rep]]
| id = "rest"
| team = "inside"
| capacity = 0
check

2026-11-04 00:00 mia form demo-request employees=400
    2026-11-04T00:00:00 mia: null → inquiry (cycle 0, 30 + 40 points; event /story#1)
    2026-11-04T00:00:00 mia: inquiry → marketing-qualified (cycle 1, 30 + 40 points; event /story#1, rule thresholds)
    2026-11-04T00:00:00 mia-1-1 handed to carl of inside, to be answered by 2026-11-04T08:00:00; not dora not-their-turn, rest at-capacity
