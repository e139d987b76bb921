> Nobody eligible: the overflow team is asked, if any and it has somebody eligible; else the lead waits in the first team's queue (`tasuki.lead.queued.v1`), and whenever a rep of that team may have become eligible the queue is gone through in order, each lead that has an eligible rep leaving it.
> Overflow is one level and looks at the same needs, refused reps and owner.
> Topic, calendar, SLA, lists and limits are those of the team that grants.

2026-11-04 00:00 roster ana available=false
2026-11-04 00:01 roster ben available=false
2026-11-04 00:02 a form demo-request country=JP
    2026-11-04T00:02:00 a: null → inquiry (cycle 0, 20 + 40 points; event /story#3)
    2026-11-04T00:02:00 a: inquiry → marketing-qualified (cycle 1, 20 + 40 points; event /story#3, rule thresholds)
    2026-11-04T00:02:00 a-1-1 handed to carl of inside, to be answered by 2026-11-04T08:02:00; not ana unavailable, ben unavailable, dora lacks-skill
2026-11-04 00:03 roster carl available=false
2026-11-04 00:04 b form demo-request country=JP
    2026-11-04T00:04:00 b: null → inquiry (cycle 0, 20 + 40 points; event /story#5)
    2026-11-04T00:04:00 b: inquiry → marketing-qualified (cycle 1, 20 + 40 points; event /story#5, rule thresholds)
    2026-11-04T00:04:00 b-1-1 waits in the queue of tokyo, to be answered by 2026-11-04T04:04:00; not ana unavailable, ben unavailable, carl unavailable, dora lacks-skill
2026-11-04 00:05 roster carl available=true
2026-11-04 00:06 roster ben available=true
    2026-11-04T00:06:00 b-1-2 handed to ben of tokyo, to be answered by 2026-11-04T04:06:00; not ana unavailable
