//! What several types that go out have in common, each part under its name.

use serde_json::{Value, json};
use tasuki::domain::event::Why;

use super::incoming::HANDOFF;
use super::schema::{Members, from, integer, list, named, object, one_of, or_null, pattern, said, text};

pub const LEAD: &str = "^[0-9a-f]{32}$";
pub const INSTANT: &str = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$";

pub fn parts() -> Members {
    let handoff = said("the attempt: lead, cycle and number", pattern(HANDOFF));
    let instant = json!({"type": "string", "format": "date-time", "pattern": INSTANT});
    vec![
        ("LeadId", said("the lead", pattern(LEAD))),
        ("HandoffId", handoff),
        ("Instant", said("UTC, milliseconds", instant)),
        ("PersonKnown", person()),
        ("Profile", profile()),
        ("Campaign", campaign()),
        ("Campaigns", campaigns()),
        ("Reason", reason()),
        ("Score", score()),
        ("PassedOver", passed_over()),
        ("Promise", promise()),
        ("Amount", amount()),
        ("Policy", policy()),
    ]
}

fn person() -> Value {
    let ids = vec![("lead_id", text()), ("email", text()), ("anonymous_id", text())];
    object("the identifiers as last given", vec![], ids)
}

fn profile() -> Value {
    json!({
        "type": "object",
        "description": "what is known of the person; numbers as they came",
        "additionalProperties": {"type": ["string", "number", "boolean"]},
    })
}

fn campaign() -> Value {
    let members = vec![("source", text()), ("medium", text()), ("name", text())];
    object("where the person came from", vec![], members)
}

fn campaigns() -> Value {
    let one = || or_null(named("Campaign"));
    let members = vec![("first", one()), ("last", one())];
    object("of all forms and engagements that carry one", members, vec![])
}

fn reason() -> Value {
    let date = json!({"type": "string", "format": "date"});
    let members = vec![
        ("rule", text()),
        ("points", said("after the rule's limit", integer())),
        ("touches", or_null(said("how many count; null for fit", from(1)))),
        ("last", or_null(said("the latest one's date; null for fit", date))),
    ];
    object("a rule that counts", members, vec![])
}

fn score() -> Value {
    let members = vec![
        ("fit", from(0)),
        ("engagement", from(0)),
        ("total", from(0)),
        ("reasons", list(named("Reason"))),
    ];
    object("what the lead is worth", members, vec![])
}

fn passed_over() -> Value {
    let why = said("the first that holds", one_of(&Why::ALL.map(Why::name)));
    object(
        "a rep who was not given the lead",
        vec![("rep", text()), ("why", why)],
        vec![],
    )
}

fn promise() -> Value {
    let maybe = || or_null(named("Instant"));
    let members = vec![
        ("start", named("Instant")),
        ("warn_at", maybe()),
        ("respond_by", named("Instant")),
        ("escalate_at", maybe()),
        ("reassign_at", maybe()),
        ("calendar", text()),
    ];
    object(
        "by when the team must respond, fixed when the attempt starts",
        members,
        vec![],
    )
}

fn amount() -> Value {
    object("money, as text", vec![("value", text()), ("currency", text())], vec![])
}

fn policy() -> Value {
    let hash = said("of the file", pattern("^[0-9a-f]{16}$"));
    object(
        "the agreement that decided",
        vec![("version", from(0)), ("hash", hash)],
        vec![],
    )
}
