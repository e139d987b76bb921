//! docs/asyncapi.json: every topic, what stands in it, and what is read and written.

use serde_json::{Map, Value, json};
use tasuki::domain::journal::Role;
use tasuki::settings::Settings;
use tasuki::wire::facts::FactType;
use tasuki::wire::outputs::{DEAD_LETTERS_TOPIC, TYPES, UNBLOCKED_TYPE};
use tasuki::wire::translate::default_type;

use super::schema::{exactly, named, object, pattern, said, text};
use super::{incoming, info, outgoing};

/// Topics of outputs, and which types stand in them.
const OUTPUTS: [(&str, &str, &[&str]); 4] = [
    (
        "sales.handoffs.{team}",
        "handoffs of a team, and what becomes of them",
        &[
            "tasuki.lead.handed-off.v1",
            "tasuki.handoff.withdrawn.v1",
            "tasuki.lead.forgotten.v1",
        ],
    ),
    (
        "sales.sla",
        "notices about promises",
        &[
            "tasuki.sla.at-risk.v1",
            "tasuki.sla.breached.v1",
            "tasuki.sla.met.v1",
            "tasuki.sla.excused.v1",
            "tasuki.sla.escalated.v1",
        ],
    ),
    (
        "marketing.feedback",
        "what sales did with each lead",
        &["tasuki.feedback.recorded.v1"],
    ),
    (
        "leads.lifecycle",
        "stages of leads",
        &[
            "tasuki.lead.stage-changed.v1",
            "tasuki.lead.queued.v1",
            "tasuki.lead.forgotten.v1",
        ],
    ),
];

pub fn document() -> Value {
    let (mut channels, mut operations) = (Map::new(), Map::new());
    for (topic, role) in sources() {
        let mut messages: Vec<String> = FactType::ALL.map(|kind| kind.name().to_owned()).into();
        messages.extend(["structured".to_owned(), "bare".to_owned()]);
        let default = default_type(role).map_or_else(String::new, |kind| {
            format!("; a record that names no type is `{}`", kind.name())
        });
        let words = format!("the default source of the role {}{default}", role.name());
        add(&mut channels, &mut operations, ("receive", &topic, &words), &messages);
    }
    for (topic, words, types) in OUTPUTS {
        let types = types.iter().chain([&UNBLOCKED_TYPE]);
        let types: Vec<String> = types.map(|kind| (*kind).to_owned()).collect();
        add(&mut channels, &mut operations, ("send", topic, words), &types);
    }
    let words = "records that cannot be used, byte for byte";
    add(
        &mut channels,
        &mut operations,
        ("send", DEAD_LETTERS_TOPIC, words),
        &["dead-letter".to_owned(), UNBLOCKED_TYPE.to_owned()],
    );
    let schemas: Map<String, Value> = incoming::schemas().into_iter().chain(outgoing::schemas()).collect();
    let mut info = info(
        "What Tasuki reads from Kafka and writes to it. Read its outputs with `isolation.level=read_committed`, and take each `id` once. Any topic can be a source; these are the defaults.",
    );
    info["tags"] = json!([{"name": "lead routing"}]);
    json!({
        "asyncapi": "3.1.0",
        "info": info,
        "defaultContentType": "application/json",
        "servers": {"kafka": {
            "host": "localhost:9092",
            "protocol": "kafka",
            "description": "the brokers of the setting `kafka.brokers`",
        }},
        "channels": channels,
        "operations": operations,
        "components": {"schemas": schemas, "messages": messages()},
    })
}

/// The sources that are read by default on Kafka.
fn sources() -> Vec<(String, Role)> {
    let variables = [("TASUKI__LOG", "kafka"), ("TASUKI__KAFKA__BROKERS", "localhost:9092")];
    let variables = variables.map(|(name, value)| (name.into(), value.into()));
    let settings = Settings::layered(&[], &variables).unwrap();
    let mut sources: Vec<_> = settings
        .source_topics()
        .into_iter()
        .map(|(topic, source)| (topic, source.role))
        .collect();
    sources.sort_by_key(|(_, role)| Role::ALL.iter().position(|other| other == role));
    sources
}

fn add(
    channels: &mut Map<String, Value>,
    operations: &mut Map<String, Value>,
    (action, topic, words): (&str, &str, &str),
    messages: &[String],
) {
    let name = topic.replace(".{team}", "");
    let of_channel = |message: &String| {
        (
            message.clone(),
            json!({"$ref": format!("#/components/messages/{message}")}),
        )
    };
    let mut channel = json!({
        "address": topic,
        "description": words,
        "messages": messages.iter().map(of_channel).collect::<Map<_, _>>(),
        "servers": [{"$ref": "#/servers/kafka"}],
    });
    if topic.contains("{team}") {
        channel["parameters"] =
            json!({"team": {"description": "the team's id; its setting `topic` gives another address"}});
    }
    operations.insert(
        format!("{action}-{name}"),
        json!({
            "action": action,
            "channel": {"$ref": format!("#/channels/{name}")},
            "summary": words,
        }),
    );
    channels.insert(name, channel);
}

fn messages() -> Map<String, Value> {
    let mut messages = Map::new();
    for kind in FactType::ALL.map(FactType::name) {
        messages.insert(
            kind.to_owned(),
            json!({
                "summary": "a CloudEvent in binary mode",
                "headers": incoming_headers(kind),
                "payload": named(kind),
            }),
        );
    }
    messages.insert(
        "structured".to_owned(),
        json!({
            "summary": "a CloudEvent in structured mode, whatever its headers",
            "contentType": "application/cloudevents+json",
            "payload": named("Event"),
        }),
    );
    messages.insert(
        "bare".to_owned(),
        json!({
            "summary": "the data, and beside it what names the event",
            "payload": named("BareJson"),
        }),
    );
    for kind in TYPES {
        let mut headers = outgoing::headers();
        headers["properties"]["ce_type"] = exactly(kind);
        messages.insert(
            kind.to_owned(),
            json!({
                "headers": headers,
                "payload": named(kind),
                "bindings": {"kafka": {"key": named("LeadId")}},
            }),
        );
    }
    messages.insert(
        "dead-letter".to_owned(),
        json!({
            "summary": "key, value and headers as they came, and behind them why",
            "headers": named("DeadLetterHeaders"),
            "payload": {"description": "any bytes, or none"},
            "contentType": "application/octet-stream",
        }),
    );
    messages.insert(
        UNBLOCKED_TYPE.to_owned(),
        json!({
            "summary": "nothing was decided: pass over it. It ends a transaction that a broker had left open",
            "headers": unblocking_headers(),
            "payload": {"type": "null"},
        }),
    );
    messages
}

/// The headers of a record that says nothing.
fn unblocking_headers() -> Value {
    let members = vec![
        ("ce_specversion", exactly("1.0")),
        ("ce_type", exactly(UNBLOCKED_TYPE)),
        ("ce_id", text()),
        ("ce_source", pattern("^/tasuki/")),
        ("ce_time", text()),
    ];
    object(
        "attributes of a CloudEvent in binary mode, without data",
        members,
        vec![],
    )
}

/// The headers of an event of this type in binary mode.
fn incoming_headers(kind: &str) -> Value {
    object(
        "attributes of a CloudEvent in binary mode; others may be there",
        vec![
            ("ce_specversion", exactly("1.0")),
            (
                "ce_id",
                said(
                    "with `ce_source` the event's name: sent twice it counts once",
                    pattern("."),
                ),
            ),
            ("ce_source", said("who names it", pattern("."))),
            ("ce_type", exactly(kind)),
        ],
        vec![
            ("ce_time", json!({"type": "string", "format": "date-time"})),
            (
                "content-type",
                said("says JSON, as `*/json` or `*/*+json`, whatever its parameters", text()),
            ),
        ],
    )
}
