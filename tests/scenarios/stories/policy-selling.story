> `[team.sla] within` is required, `warn` and the others optional; warn < within ≤ escalate ≤ reassign.
> Durations: hours, minutes, seconds (`1h30m`).
> Unknown keys are faults, with the nearest known key.
> `capacity` is required, `weight` 1, `skills` empty.
> Hours end at `24:00` at most and don't cross midnight; overlapping blocks, an unknown holiday list, `always` beside hours, holidays or closed days, a route behind one without `when`, a last route with `when`, an overflow to itself, ids of reps or teams or reject reasons that agree after NFKC and lower-casing: faults.

~ warn = "4h"
~ escalate = "3h"
~ reassign = "1d"
~ wrong-territory = "reassign"
| Wrong-Territory = "recycle"
| [[rep]]
| id = "ANA"
| team = "tokyo"
| weigth = 2
| [[team]]
| id = "loop"
| calendar = "always"
| overflow = "loop"
| [[calendar]]
| id = "odd"
| always = true
| closed = ["2026-12-29"]
| [[calendar]]
| id = "late"
| time_zone = "Asia/Tokyo"
| hours = { mon = ["22:00-25:00", "09:00-12:00", "11:00-13:00"] }
| holidays = ["us"]
| [[route]]
| name = "behind"
| when = [{ attribute = "x", present = true }]
| team = "inside"
check
    policy:70:10: `within` must be later than `warn`; write later than 4h, or correct `warn`
    policy:71:12: `escalate` must be not before `within`; write not before 4h, or correct `within`
    policy:72:12: `reassign` is not a span of time; write a span of time such as 1h30m; units, from long to short: h m s
    policy:117:19: the reasons `wrong-territory` and `Wrong-Territory` differ in the case or form of letters only; rename one of them; the other is on line 115
    policy:118:1: `capacity` is missing in [[rep]]; add `capacity`, a whole number from 0 to 1000000
    policy:119:6: the reps `ana` and `ANA` differ in the case or form of letters only; rename one of them; the other is on line 82
    policy:121:1: unknown key `weigth` in [[rep]]; did you mean `weight`?
    policy:122:1: `sla` is missing in [[team]]; add `sla`, a table
    policy:125:12: the team `loop` overflows to itself; name another team
    policy:129:10: `always` beside `closed`: it cannot be both; remove `always` or `closed`
    policy:133:18: `mon` has hours that cannot be read; write hours from 00:00 to 24:00 such as "09:00-12:00"
    policy:133:48: hours of `mon` overlap; join them, or separate them
    policy:134:13: there is no holiday list `us`; did you mean `jp`?; or name an .ics file
    policy:135:1: a route that is never reached: line 60 takes everyone; move it before line 60, or give that route a `when`
