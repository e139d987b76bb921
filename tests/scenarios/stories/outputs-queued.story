> `queued`: `handoff_id lead cycle attempt team route passed_over sla policy`.
> `withdrawn`: `handoff_id lead cycle attempt team rep because{deadline|reason} policy`.
> `forgotten`: `lead`.

show data

2026-11-04 00:00 roster carl available=false
2026-11-04 00:01 roster dora capacity=1
2026-11-04 00:02 mia form demo-request employees=400
    2026-11-04T00:02:00 mia: null → inquiry (cycle 0, 30 + 40 points; event /story#3)
        data: {"at":"2026-11-04T00:02:00.000Z","because":{"event":"/story#3"},"cycle":0,"from":null,"lead":"mia","policy":{"hash":"b23b8dae780578b9","version":1},"score":{"engagement":40,"fit":30,"reasons":[{"last":"2026-11-04","points":40,"rule":"demo","touches":1},{"last":null,"points":30,"rule":"large","touches":null}],"total":70},"to":"inquiry"}
    2026-11-04T00:02:00 mia: inquiry → marketing-qualified (cycle 1, 30 + 40 points; event /story#3, rule thresholds)
        data: {"at":"2026-11-04T00:02:00.000Z","because":{"event":"/story#3","rule":"thresholds"},"cycle":1,"from":"inquiry","lead":"mia","policy":{"hash":"b23b8dae780578b9","version":1},"score":{"engagement":40,"fit":30,"reasons":[{"last":"2026-11-04","points":40,"rule":"demo","touches":1},{"last":null,"points":30,"rule":"large","touches":null}],"total":70},"to":"marketing-qualified"}
    2026-11-04T00:02:00 mia-1-1 handed to dora of inside, to be answered by 2026-11-04T08:02:00; not carl unavailable
        data: {"attempt":1,"campaign":{"first":null,"last":null},"cycle":1,"handoff_id":"mia-1-1","lead":"mia","passed_over":[{"rep":"carl","why":"unavailable"}],"person":{"email":"mia@example.com"},"policy":{"hash":"b23b8dae780578b9","version":1},"profile":{"employees":400},"qualified":{"at":"2026-11-04T00:02:00.000Z","by":"thresholds"},"rep":"dora","route":"everyone-else","score":{"engagement":40,"fit":30,"reasons":[{"last":"2026-11-04","points":40,"rule":"demo","touches":1},{"last":null,"points":30,"rule":"large","touches":null}],"total":70},"sla":{"calendar":"always","escalate_at":null,"reassign_at":null,"respond_by":"2026-11-04T08:02:00.000Z","start":"2026-11-04T00:02:00.000Z","warn_at":null},"team":"inside"}
2026-11-04 00:03 noa form demo-request employees=400
    2026-11-04T00:03:00 noa: null → inquiry (cycle 0, 30 + 40 points; event /story#4)
        data: {"at":"2026-11-04T00:03:00.000Z","because":{"event":"/story#4"},"cycle":0,"from":null,"lead":"noa","policy":{"hash":"b23b8dae780578b9","version":1},"score":{"engagement":40,"fit":30,"reasons":[{"last":"2026-11-04","points":40,"rule":"demo","touches":1},{"last":null,"points":30,"rule":"large","touches":null}],"total":70},"to":"inquiry"}
    2026-11-04T00:03:00 noa: inquiry → marketing-qualified (cycle 1, 30 + 40 points; event /story#4, rule thresholds)
        data: {"at":"2026-11-04T00:03:00.000Z","because":{"event":"/story#4","rule":"thresholds"},"cycle":1,"from":"inquiry","lead":"noa","policy":{"hash":"b23b8dae780578b9","version":1},"score":{"engagement":40,"fit":30,"reasons":[{"last":"2026-11-04","points":40,"rule":"demo","touches":1},{"last":null,"points":30,"rule":"large","touches":null}],"total":70},"to":"marketing-qualified"}
    2026-11-04T00:03:00 noa-1-1 waits in the queue of inside, to be answered by 2026-11-04T08:03:00; not carl unavailable, dora at-capacity
        data: {"attempt":1,"cycle":1,"handoff_id":"noa-1-1","lead":"noa","passed_over":[{"rep":"carl","why":"unavailable"},{"rep":"dora","why":"at-capacity"}],"policy":{"hash":"b23b8dae780578b9","version":1},"route":"everyone-else","sla":{"calendar":"always","escalate_at":null,"reassign_at":null,"respond_by":"2026-11-04T08:03:00.000Z","start":"2026-11-04T00:03:00.000Z","warn_at":null},"team":"inside"}
2026-11-04 00:04 sales rejected mia-1-1 reason=wrong-territory
    2026-11-04T00:04:00 mia-1-1 met after 120 s of working time
        data: {"attempt":1,"cycle":1,"handoff_id":"mia-1-1","lead":"mia","policy":{"hash":"b23b8dae780578b9","version":1},"rep":"dora","respond_by":"2026-11-04T08:02:00.000Z","response_at":"2026-11-04T00:04:00.000Z","team":"inside","working_seconds":120}
    2026-11-04T00:04:00 mia-1-1 withdrawn from dora: reason wrong-territory
        data: {"attempt":1,"because":{"reason":"wrong-territory"},"cycle":1,"handoff_id":"mia-1-1","lead":"mia","policy":{"hash":"b23b8dae780578b9","version":1},"rep":"dora","team":"inside"}
    2026-11-04T00:04:00 feedback on mia-1-1: rejected, reason wrong-territory, rep dora, working_seconds 120
        data: {"at":"2026-11-04T00:04:00.000Z","campaign":{"first":null,"last":null},"cycle":1,"handoff_id":"mia-1-1","lead":"mia","outcome":"rejected","policy":{"hash":"b23b8dae780578b9","version":1},"reason":"wrong-territory","rep":"dora","rules":[{"last":"2026-11-04","points":40,"rule":"demo","touches":1},{"last":null,"points":30,"rule":"large","touches":null}],"team":"inside","working_seconds":120}
    2026-11-04T00:04:00 noa-1-2 handed to dora of inside, to be answered by 2026-11-04T08:04:00; not carl unavailable
        data: {"attempt":2,"campaign":{"first":null,"last":null},"cycle":1,"handoff_id":"noa-1-2","lead":"noa","passed_over":[{"rep":"carl","why":"unavailable"}],"person":{"email":"noa@example.com"},"policy":{"hash":"b23b8dae780578b9","version":1},"profile":{"employees":400},"qualified":{"at":"2026-11-04T00:03:00.000Z","by":"thresholds"},"rep":"dora","route":"everyone-else","score":{"engagement":40,"fit":30,"reasons":[{"last":"2026-11-04","points":40,"rule":"demo","touches":1},{"last":null,"points":30,"rule":"large","touches":null}],"total":70},"sla":{"calendar":"always","escalate_at":null,"reassign_at":null,"respond_by":"2026-11-04T08:04:00.000Z","start":"2026-11-04T00:04:00.000Z","warn_at":null},"team":"inside"}
    2026-11-04T00:04:00 mia-1-2 waits in the queue of inside, to be answered by 2026-11-04T08:04:00; not carl unavailable, dora at-capacity
        data: {"attempt":2,"cycle":1,"handoff_id":"mia-1-2","lead":"mia","passed_over":[{"rep":"carl","why":"unavailable"},{"rep":"dora","why":"at-capacity"}],"policy":{"hash":"b23b8dae780578b9","version":1},"route":"everyone-else","sla":{"calendar":"always","escalate_at":null,"reassign_at":null,"respond_by":"2026-11-04T08:04:00.000Z","start":"2026-11-04T00:04:00.000Z","warn_at":null},"team":"inside"}
2026-11-04 00:05 noa erased
    2026-11-04T00:05:00 noa forgotten (leads.lifecycle)
        data: {"lead":"noa"}
    2026-11-04T00:05:00 noa forgotten (sales.handoffs.inside)
        data: {"lead":"noa"}
