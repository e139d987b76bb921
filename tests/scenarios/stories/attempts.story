> **Attempts.** An attempt is one promise: (cycle, attempt number from 1, rep or none).
> `handoff_id = <lead id>-<cycle>-<attempt>`.
> The earliest instant at which that much working time has passed.
> A minute is working time if the local clock of the calendar's zone shows it within the hours; time is elapsed time.

show data/attempt data/sla

2026-10-30 08:40 mia form demo-request country=JP
    2026-10-30T08:40:00 mia: null → inquiry (cycle 0, 20 + 40 points; event /story#1)
    2026-10-30T08:40:00 mia: inquiry → marketing-qualified (cycle 1, 20 + 40 points; event /story#1, rule thresholds)
    2026-10-30T08:40:00 mia-1-1 handed to ana of tokyo, to be answered by 2026-11-02T04:40:00; not ben not-their-turn
        data/attempt: 1
        data/sla: {"calendar":"tokyo","escalate_at":"2026-11-02T06:40:00.000Z","reassign_at":"2026-11-02T08:40:00.000Z","respond_by":"2026-11-02T04:40:00.000Z","start":"2026-10-30T08:40:00.000Z","warn_at":"2026-11-02T02:40:00.000Z"}
2026-11-02 01:00 noa form demo-request country=JP
    2026-11-02T01:00:00 noa: null → inquiry (cycle 0, 20 + 40 points; event /story#2)
    2026-11-02T01:00:00 noa: inquiry → marketing-qualified (cycle 1, 20 + 40 points; event /story#2, rule thresholds)
    2026-11-02T01:00:00 noa-1-1 handed to ben of tokyo, to be answered by 2026-11-02T06:00:00; not ana not-their-turn
        data/attempt: 1
        data/sla: {"calendar":"tokyo","escalate_at":"2026-11-02T08:00:00.000Z","reassign_at":"2026-11-04T01:00:00.000Z","respond_by":"2026-11-02T06:00:00.000Z","start":"2026-11-02T01:00:00.000Z","warn_at":"2026-11-02T05:00:00.000Z"}
