//! What goes out: the data of each type, the attributes of a record, and the event in one piece.

use serde_json::{Value, json};
use tasuki::domain::event::{RejectReason, SlaKind, Stage};
use tasuki::domain::fact::Outcome;
use tasuki::wire::outputs::{DEAD_LETTER_TYPE, TYPES};

use super::incoming::structured;
use super::parts::{INSTANT, LEAD, parts};
use super::schema::{Members, exactly, from, list, named, object, one_of, or_null, pattern, said, text};

const SEQUENCE: &str = "^[0-9]{20}$";

/// Every schema of what goes out, by name; those of data by their type.
pub fn schemas() -> Vec<(String, Value)> {
    let parts = parts().into_iter().map(|(name, schema)| (name.to_owned(), schema));
    let mut schemas: Vec<(String, Value)> = parts.collect();
    schemas.extend(TYPES.map(|kind| (kind.to_owned(), data(kind))));
    schemas.push((DEAD_LETTER_TYPE.to_owned(), replayed_dead_letter()));
    schemas.push(("Output".to_owned(), output()));
    schemas.push(("OutputHeaders".to_owned(), headers()));
    schemas.push(("DeadLetterHeaders".to_owned(), dead_letter_headers()));
    schemas
}

/// What names an attempt.
fn attempt() -> Members {
    vec![
        ("handoff_id", named("HandoffId")),
        ("lead", named("LeadId")),
        ("cycle", said("grows each time the lead qualifies", from(1))),
        ("attempt", said("within the cycle", from(1))),
        ("team", text()),
    ]
}

fn policy() -> (&'static str, Value) {
    ("policy", named("Policy"))
}

fn seconds() -> (&'static str, Value) {
    ("working_seconds", said("working time until the response", from(0)))
}

fn data(kind: &str) -> Value {
    match kind {
        "tasuki.lead.handed-off.v1" => handed_off(),
        "tasuki.lead.queued.v1" => {
            let mut members = attempt();
            members.extend([
                ("route", text()),
                ("passed_over", list(named("PassedOver"))),
                ("sla", named("Promise")),
                policy(),
            ]);
            object("a lead waits for a rep", members, vec![])
        }
        "tasuki.handoff.withdrawn.v1" => withdrawn(),
        "tasuki.feedback.recorded.v1" => feedback(),
        "tasuki.lead.stage-changed.v1" => stage_changed(),
        "tasuki.lead.forgotten.v1" => object(
            "a lead was erased; forget it too",
            vec![("lead", named("LeadId"))],
            vec![],
        ),
        kind => {
            let notice = SlaKind::ALL
                .into_iter()
                .find(|notice| kind == format!("tasuki.sla.{}.v1", notice.name()));
            notice.map_or_else(|| panic!("{kind} has no schema"), notice_of)
        }
    }
}

fn handed_off() -> Value {
    let mut members = attempt();
    let qualified = object(
        "when and by what the lead qualified",
        vec![
            ("at", named("Instant")),
            ("by", said("`thresholds`, or the fast-track rule", text())),
        ],
        vec![],
    );
    members.extend([
        ("rep", text()),
        ("route", text()),
        ("person", named("PersonKnown")),
        ("profile", named("Profile")),
        ("campaign", named("Campaigns")),
        ("score", named("Score")),
        ("qualified", qualified),
        ("passed_over", list(named("PassedOver"))),
        ("sla", named("Promise")),
        policy(),
    ]);
    object(
        "a lead is a rep's",
        members,
        vec![("message", said("the last form's", text()))],
    )
}

fn withdrawn() -> Value {
    let mut members = attempt();
    let because = json!({"oneOf": [
        object("nobody responded", vec![("deadline", exactly("reassign"))], vec![]),
        object("sales gave it back", vec![("reason", or_null(text()))], vec![]),
    ]});
    members.extend([("rep", text()), ("because", because), policy()]);
    object("a lead is no longer a rep's", members, vec![])
}

fn notice_of(kind: SlaKind) -> Value {
    let mut members = attempt();
    members.extend([
        ("rep", or_null(said("null while queued", text()))),
        ("respond_by", named("Instant")),
        policy(),
    ]);
    let response = ("response_at", named("Instant"));
    let late = (
        "late",
        said("there, and true, if it came after `respond_by`", json!({"const": true})),
    );
    let (words, optional) = match kind {
        SlaKind::AtRisk => ("time is running out", vec![]),
        SlaKind::Breached => ("nobody responded in time", vec![]),
        SlaKind::Escalated => ("nobody has responded for too long", vec![]),
        SlaKind::Met => ("the first response", vec![late]),
        SlaKind::Excused => ("a response had come in time after all", vec![]),
    };
    if matches!(kind, SlaKind::Met | SlaKind::Excused) {
        members.extend([response, seconds()]);
    }
    object(words, members, optional)
}

fn feedback() -> Value {
    object(
        "what sales did with a lead",
        vec![
            ("lead", named("LeadId")),
            ("outcome", one_of(&Outcome::ALL.map(Outcome::name))),
            ("at", named("Instant")),
            ("campaign", named("Campaigns")),
            ("rules", said("those that qualified it", list(named("Reason")))),
            policy(),
        ],
        vec![
            ("handoff_id", named("HandoffId")),
            ("cycle", from(1)),
            ("team", text()),
            ("rep", text()),
            ("reason", text()),
            ("note", text()),
            ("amount", named("Amount")),
            seconds(),
        ],
    )
}

fn stage_changed() -> Value {
    let stages = one_of(&Stage::ALL.map(Stage::name));
    let because = object(
        "what led to it",
        vec![("event", said("the `causationid`", text()))],
        vec![("rule", text()), ("reason", text())],
    );
    object(
        "a lead's stage",
        vec![
            ("lead", named("LeadId")),
            ("cycle", from(0)),
            ("from", or_null(stages.clone())),
            ("to", stages),
            ("at", named("Instant")),
            ("because", because),
            ("score", named("Score")),
            policy(),
        ],
        vec![],
    )
}

fn replayed_dead_letter() -> Value {
    object(
        "of `tasuki replay`: an event that cannot be used",
        vec![
            ("reason", one_of(&RejectReason::ALL.map(RejectReason::name))),
            ("detail", said("in words, never a value of the event", text())),
            ("record", json!({"description": "the event as it stood in the line"})),
        ],
        vec![],
    )
}

/// Attributes that all outputs have: the name, the words, the schema.
fn attributes() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        ("id", "the same decision always has the same", pattern("^[0-9a-f]{32}$")),
        ("source", "/tasuki/<deployment>", pattern("^/tasuki/")),
        ("subject", "the lead id", pattern(LEAD)),
        ("time", "when it was decided", pattern(INSTANT)),
        ("tasukishard", "the journal partition that decided", pattern("^[0-9]+$")),
        ("sequence", "consecutive for each `tasukishard`", pattern(SEQUENCE)),
        ("causationid", "the event or deadline that led to it", text()),
    ]
}

/// An output in one piece: of `GET /outputs/<topic>`, and of `tasuki replay`.
fn output() -> Value {
    let topic = ("topic", said("the topic it belongs to", text()));
    let kind = ("datacontenttype", exactly("application/json"));
    let attributes: Members = attributes()
        .into_iter()
        .map(|(name, words, schema)| (name, said(words, schema)))
        .collect();
    let of = |name: &str, kept: &dyn Fn(&str) -> bool| {
        let mut event = structured(name, vec![topic.clone(), kind.clone()], vec![]);
        for (name, schema) in &attributes {
            event["properties"][name] = schema.clone();
            if kept(name) && !["id", "source"].contains(name) {
                event["required"].as_array_mut().unwrap().push(json!(name));
            }
        }
        event
    };
    let mut events: Vec<Value> = TYPES.map(|name| of(name, &|_| true)).into();
    // A dead letter is about no lead, and may be caused by something that names itself in no way.
    let mut letter = of(DEAD_LETTER_TYPE, &|name| !["subject", "causationid"].contains(&name));
    letter["properties"].as_object_mut().unwrap().remove("subject");
    let id = pattern("^([0-9a-f]{32}|dead-letter-[0-9]+-[0-9]+)$");
    letter["properties"]["id"] = said("one of a topic is named by its place among what its shard said", id);
    events.push(letter);
    json!({"description": "a CloudEvent 1.0 in the JSON format", "oneOf": events})
}

/// The headers of an output's record.
pub fn headers() -> Value {
    let mut members: Members = vec![
        ("ce_specversion", exactly("1.0")),
        ("ce_type", said("what it is", one_of(&TYPES))),
        ("content-type", exactly("application/json")),
    ];
    members.extend(attributes().into_iter().map(|(name, words, schema)| {
        let name = match name {
            "id" => "ce_id",
            "source" => "ce_source",
            "subject" => "ce_subject",
            "time" => "ce_time",
            "tasukishard" => "ce_tasukishard",
            "sequence" => "ce_sequence",
            _ => "ce_causationid",
        };
        (name, said(words, schema))
    }));
    object("attributes of a CloudEvent in binary mode", members, vec![])
}

/// The headers behind those that a dead letter came with.
fn dead_letter_headers() -> Value {
    let digits = || pattern("^[0-9]+$");
    object(
        "behind the headers of the record as it came",
        vec![
            ("tasuki_dlq_reason", one_of(&RejectReason::ALL.map(RejectReason::name))),
            (
                "tasuki_dlq_detail",
                said("in words, never a value of the record", text()),
            ),
            ("tasuki_dlq_topic", said("where it came from", text())),
            ("tasuki_dlq_partition", digits()),
            ("tasuki_dlq_offset", digits()),
            (
                "tasuki_dlq_timestamp",
                said("milliseconds since the epoch", pattern("^-?[0-9]+$")),
            ),
            ("tasuki_dlq_shard", said("the journal partition that decided", digits())),
            ("tasuki_dlq_sequence", said("as of other outputs", pattern(SEQUENCE))),
        ],
        vec![],
    )
}
