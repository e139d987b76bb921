> **Deadlines** are due strictly after their instant, carry that instant as their time, and fire in order of (instant, lead id, warn < breach < escalate < reassign), each once, however late the machine notices.
> warn: `tasuki.sla.at-risk.v1` · breach: `tasuki.sla.breached.v1` · escalate: `tasuki.sla.escalated.v1` · reassign: `tasuki.handoff.withdrawn.v1`, the rep is released, and the team is asked again without that rep, at most `reassign_at_most` times per cycle.
> `replay` fires what is earlier than `at` first.)
> What one line or deadline sets off is finished before the next deadline.

2026-11-04 00:00 mia form demo-request country=JP
    2026-11-04T00:00:00 mia: null → inquiry (cycle 0, 20 + 40 points; event /story#1)
    2026-11-04T00:00:00 mia: inquiry → marketing-qualified (cycle 1, 20 + 40 points; event /story#1, rule thresholds)
    2026-11-04T00:00:00 mia-1-1 handed to ana of tokyo, to be answered by 2026-11-04T04:00:00; not ben not-their-turn
2026-11-04 00:00 noa form demo-request country=JP
    2026-11-04T00:00:00 noa: null → inquiry (cycle 0, 20 + 40 points; event /story#2)
    2026-11-04T00:00:00 noa: inquiry → marketing-qualified (cycle 1, 20 + 40 points; event /story#2, rule thresholds)
    2026-11-04T00:00:00 noa-1-1 handed to ben of tokyo, to be answered by 2026-11-04T04:00:00; not ana not-their-turn
2026-11-04 03:00 clock
2026-11-04 03:00:00.001 clock
    2026-11-04T03:00:00 noa-1-1 at-risk
    2026-11-04T03:00:00 mia-1-1 at-risk
2026-11-04 08:00:00.001 clock
    2026-11-04T04:00:00 noa-1-1 breached
    2026-11-04T04:00:00 mia-1-1 breached
    2026-11-04T06:00:00 noa-1-1 escalated
    2026-11-04T06:00:00 mia-1-1 escalated
    2026-11-04T08:00:00 noa-1-1 withdrawn from ben: deadline reassign
    2026-11-04T08:00:00 noa-1-2 handed to ana of tokyo, to be answered by 2026-11-05T03:00:00; not ben refused-before
    2026-11-04T08:00:00 mia-1-1 withdrawn from ana: deadline reassign
    2026-11-04T08:00:00 mia-1-2 handed to ben of tokyo, to be answered by 2026-11-05T03:00:00; not ana refused-before
