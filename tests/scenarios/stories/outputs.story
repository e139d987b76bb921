> JSON: members in the order listed here, no white space, non-ASCII unescaped; members marked `?` are left out when absent, all others are there, `null` if empty.
> `id`: first 32 hex digits of BLAKE3 over type, lead id, cycle, attempt and `causationid`, each followed by a zero byte, then a counter from 0 where these are equal.
> `causationid`: `<source>#<id>` of the input, or `<handoff_id>/warn|breach|escalate|reassign`; of what a grant set off, that of what asked or freed the place.
> `sequence` begins at 1.
> Absent optional members are left out.

show specversion id source type subject sequence causationid topic data

2026-11-04 00:00 mia form demo-request country=JP company="Größe \"A\"" #f-1
    2026-11-04T00:00:00 mia: null → inquiry (cycle 0, 20 + 40 points; event /story#f-1)
        specversion: "1.0"
        id: "2820e88d17d1ad4be65c662103f1d40c"
        source: "/tasuki/local"
        type: "tasuki.lead.stage-changed.v1"
        subject: "mia"
        sequence: "00000000000000000001"
        causationid: "/story#f-1"
        topic: "leads.lifecycle"
        data: {"at":"2026-11-04T00:00:00.000Z","because":{"event":"/story#f-1"},"cycle":0,"from":null,"lead":"mia","policy":{"hash":"b23b8dae780578b9","version":1},"score":{"engagement":40,"fit":20,"reasons":[{"last":"2026-11-04","points":40,"rule":"demo","touches":1},{"last":null,"points":20,"rule":"japan","touches":null}],"total":60},"to":"inquiry"}
    2026-11-04T00:00:00 mia: inquiry → marketing-qualified (cycle 1, 20 + 40 points; event /story#f-1, rule thresholds)
        specversion: "1.0"
        id: "1338314969056e2e1ad612abad49f376"
        source: "/tasuki/local"
        type: "tasuki.lead.stage-changed.v1"
        subject: "mia"
        sequence: "00000000000000000002"
        causationid: "/story#f-1"
        topic: "leads.lifecycle"
        data: {"at":"2026-11-04T00:00:00.000Z","because":{"event":"/story#f-1","rule":"thresholds"},"cycle":1,"from":"inquiry","lead":"mia","policy":{"hash":"b23b8dae780578b9","version":1},"score":{"engagement":40,"fit":20,"reasons":[{"last":"2026-11-04","points":40,"rule":"demo","touches":1},{"last":null,"points":20,"rule":"japan","touches":null}],"total":60},"to":"marketing-qualified"}
    2026-11-04T00:00:00 mia-1-1 handed to ana of tokyo, to be answered by 2026-11-04T04:00:00; not ben not-their-turn
        specversion: "1.0"
        id: "42fda9c26a907cc0685904df6d7a431a"
        source: "/tasuki/local"
        type: "tasuki.lead.handed-off.v1"
        subject: "mia"
        sequence: "00000000000000000003"
        causationid: "/story#f-1"
        topic: "sales.handoffs.tokyo"
        data: {"attempt":1,"campaign":{"first":null,"last":null},"cycle":1,"handoff_id":"mia-1-1","lead":"mia","passed_over":[{"rep":"ben","why":"not-their-turn"}],"person":{"email":"mia@example.com"},"policy":{"hash":"b23b8dae780578b9","version":1},"profile":{"company":"Größe \"A\"","country":"JP"},"qualified":{"at":"2026-11-04T00:00:00.000Z","by":"thresholds"},"rep":"ana","route":"tokyo-desk","score":{"engagement":40,"fit":20,"reasons":[{"last":"2026-11-04","points":40,"rule":"demo","touches":1},{"last":null,"points":20,"rule":"japan","touches":null}],"total":60},"sla":{"calendar":"tokyo","escalate_at":"2026-11-04T06:00:00.000Z","reassign_at":"2026-11-04T08:00:00.000Z","respond_by":"2026-11-04T04:00:00.000Z","start":"2026-11-04T00:00:00.000Z","warn_at":"2026-11-04T03:00:00.000Z"},"team":"tokyo"}
2026-11-04 04:00:00.001 clock
    2026-11-04T03:00:00 mia-1-1 at-risk
        specversion: "1.0"
        id: "d20491badcc75b2930cac743a54f7544"
        source: "/tasuki/local"
        type: "tasuki.sla.at-risk.v1"
        subject: "mia"
        sequence: "00000000000000000004"
        causationid: "mia-1-1/warn"
        topic: "sales.sla"
        data: {"attempt":1,"cycle":1,"handoff_id":"mia-1-1","lead":"mia","policy":{"hash":"b23b8dae780578b9","version":1},"rep":"ana","respond_by":"2026-11-04T04:00:00.000Z","team":"tokyo"}
    2026-11-04T04:00:00 mia-1-1 breached
        specversion: "1.0"
        id: "30c08b1c28eb90901a7bd4f1152b148d"
        source: "/tasuki/local"
        type: "tasuki.sla.breached.v1"
        subject: "mia"
        sequence: "00000000000000000005"
        causationid: "mia-1-1/breach"
        topic: "sales.sla"
        data: {"attempt":1,"cycle":1,"handoff_id":"mia-1-1","lead":"mia","policy":{"hash":"b23b8dae780578b9","version":1},"rep":"ana","respond_by":"2026-11-04T04:00:00.000Z","team":"tokyo"}
