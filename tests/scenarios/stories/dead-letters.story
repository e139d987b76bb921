> Types outside §1 are dead letters (`unknown-type`), unless the source's settings say to ignore them.
> Reasons of dead letters: `not-json` `not-cloudevents` `unknown-type` `invalid-data` `invalid-time` `unknown-rep` `unknown-team` `unknown-handoff` `unmapped` `too-large`.
> `is_bot` of another type: `invalid-data`.
> Order of checks: readable, CloudEvents attributes, type, data, time, duplicate, then what depends on state: known handoff; team, rep, capacity.
> In `replay`: one journal partition; a dead letter is `tasuki.dead-letter.v1` with data `{reason, detail, record}`.

show subject data/record

2026-11-04 00:00 line {AT,"event":[]}
    2026-11-04T00:00:00 dead letter: not-cloudevents, the event is not a JSON object
        data/record: []
2026-11-04 00:01 line {AT,"event":{"specversion":"1.0","id":"1","source":"/s","type":"vendor.thing","data":{}}}
    2026-11-04T00:01:00 dead letter: unknown-type, the type is not one that is taken here
        data/record: {"data":{},"id":"1","source":"/s","specversion":"1.0","type":"vendor.thing"}
2026-11-04 00:02 event tasuki.engagement.recorded.v1 {"person":{"email":"m@example.com"},"activity":"page_viewed","is_bot":"yes"}
    2026-11-04T00:02:00 dead letter: invalid-data, `is_bot` is neither true nor false
        data/record: {"data":{"activity":"page_viewed","is_bot":"yes","person":{"email":"m@example.com"}},"id":"1","source":"/story","specversion":"1.0","type":"tasuki.engagement.recorded.v1"}
2026-11-04 00:03 line {AT,"event":{"specversion":"1.0","id":"2","source":"/s","type":"tasuki.form.submitted.v1","time":"soon","data":{"form":"call-me"}}}
    2026-11-04T00:03:00 dead letter: invalid-data, `person` is missing
        data/record: {"data":{"form":"call-me"},"id":"2","source":"/s","specversion":"1.0","time":"soon","type":"tasuki.form.submitted.v1"}
