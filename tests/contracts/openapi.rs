//! docs/openapi.json: what is asked of a process by HTTP, a path a function.

use serde_json::{Map, Value, json};
use tasuki::domain::event::RejectReason;
use tasuki::wire::outputs::TYPES;

use super::schema::{from, integer, named, object, one_of, said, text};
use super::{incoming, info, outgoing};

/// Reasons of problems that are no reasons of dead letters.
const REASONS: [&str; 12] = [
    "unsupported-media-type",
    "unauthorized",
    "signature-missing",
    "signature-too-old",
    "signature-wrong",
    "unknown-hook",
    "too-many-requests",
    "not-found",
    "not-paused",
    "method-not-allowed",
    "invalid-offset",
    "unavailable",
];

pub fn document() -> Value {
    let all = incoming::schemas().into_iter().chain(outgoing::schemas());
    let mut schemas: Map<String, Value> = all.filter(|(name, _)| !name.ends_with("Headers")).collect();
    schemas.insert("Problem".to_owned(), problem());
    schemas.insert(
        "Accepted".to_owned(),
        object("how many events are stored", vec![("accepted", from(0))], vec![]),
    );
    json!({
        "openapi": "3.1.0",
        "info": info("What a process of Tasuki answers. Every path but the probes and signed hooks asks for the token, if one is set."),
        "servers": [{"url": "http://localhost:8080", "description": "the setting `http.address`"}],
        "security": [{"token": []}, {}],
        "paths": {
            "/events": {"post": events()},
            "/hooks/{name}": {"post": hook()},
            "/livez": {"get": probe("live", "Does every loop turn?")},
            "/readyz": {"get": probe("ready", "Is everything that this process owns in service?")},
            "/metrics": {"get": metrics()},
            "/outputs/{topic}": {"get": outputs()},
            "/sources/{topic}/release": {"post": release()},
        },
        "components": {
            "schemas": schemas,
            "responses": responses(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "the setting `http.token_file`"}},
        },
    })
}

/// Why a request was refused, in the form of RFC 9457.
fn problem() -> Value {
    let mut reasons = RejectReason::ALL.map(RejectReason::name).to_vec();
    reasons.extend(REASONS);
    object(
        "problem details of RFC 9457",
        vec![
            ("type", json!({"const": "about:blank"})),
            ("title", text()),
            ("status", integer()),
            ("detail", said("for people, never a value of the request", text())),
            ("reason", said("for programs", one_of(&reasons))),
        ],
        vec![("index", said("which event of a batch, from 0", from(0)))],
    )
}

/// A refusal; each is used under its status.
fn responses() -> Value {
    let refusal = |words: &str| {
        let content = json!({"application/problem+json": {"schema": named("Problem")}});
        json!({"description": words, "content": content})
    };
    json!({
        "400": refusal("not JSON, or not CloudEvents"),
        "401": refusal("the token or the signature is missing or wrong"),
        "404": refusal("there is nothing there"),
        "413": refusal("an event or the body is too large"),
        "415": refusal("another media type"),
        "422": refusal("an event that would be a dead letter"),
        "429": refusal("too many requests; `retry-after` says when to come again"),
        "503": refusal("not now: send it again"),
    })
}

/// An answer of its own, and refusals of these statuses.
fn answers(good: &str, answer: Value, refusals: &[&str]) -> Value {
    let mut answers = Map::from_iter([(good.to_owned(), answer)]);
    for status in refusals {
        answers.insert(
            (*status).to_owned(),
            json!({"$ref": format!("#/components/responses/{status}")}),
        );
    }
    Value::Object(answers)
}

fn events() -> Value {
    let schema = |name: &str| json!({"schema": named(name)});
    let attribute = |(name, words, required, schema): (&str, &str, bool, Value)| json!({"name": name, "in": "header", "required": required, "description": words, "schema": schema});
    let attributes = [
        (
            "ce-specversion",
            "binary mode: there, and 1.0",
            false,
            json!({"const": "1.0"}),
        ),
        ("ce-id", "binary mode: names the event, with `ce-source`", false, text()),
        ("ce-source", "binary mode: who names it", false, text()),
        ("ce-type", "binary mode: one of the types that come in", false, text()),
        (
            "ce-time",
            "binary mode: when it happened",
            false,
            json!({"type": "string", "format": "date-time"}),
        ),
    ];
    json!({
        "operationId": "postEvents",
        "summary": "Takes events, all of a request or none.",
        "description": "CloudEvents in structured, batched and binary mode (attributes in `ce-` headers, the data as the body), and bare JSON.",
        "parameters": attributes.map(attribute),
        "requestBody": {"required": true, "content": {
            "application/cloudevents+json": schema("Event"),
            "application/cloudevents-batch+json": schema("Events"),
            "application/json": {"schema": {
                "description": "bare JSON; in binary mode the data of the type",
                "anyOf": [named("BareJson"), {"type": "object"}],
            }},
        }},
        "responses": answers("202", json!({
            "description": "stored durably",
            "content": {"application/json": schema("Accepted")},
        }), &["400", "401", "413", "415", "422", "429", "503"]),
    })
}

fn hook() -> Value {
    let name = said("a hook of the settings", text());
    json!({
        "operationId": "postHook",
        "summary": "Takes what a platform sends in its own form, once its signature is verified.",
        "description": "docs/hooks.md says which headers the signature is in. The payload is stored as it came; what is bad in it becomes a dead letter.",
        "security": [{"token": []}, {}],
        "parameters": [{"name": "name", "in": "path", "required": true, "schema": name}],
        "requestBody": {"required": true, "content": {"application/json": {"schema": {"description": "the platform's"}}}},
        "responses": answers("202", json!({
            "description": "stored durably",
            "content": {"application/json": {"schema": named("Accepted")}},
        }), &["400", "401", "404", "413", "415", "429", "503"]),
    })
}

fn plain(words: &str) -> Value {
    json!({"description": words, "content": {"text/plain": {"schema": text()}}})
}

fn probe(good: &str, summary: &str) -> Value {
    json!({
        "operationId": good,
        "summary": summary,
        "security": [],
        "responses": {"200": plain(&format!("`{good}`")), "503": plain("what is missing")},
    })
}

fn metrics() -> Value {
    json!({
        "operationId": "metrics",
        "summary": "The metrics in the text format of Prometheus.",
        "responses": answers("200", plain("docs/metrics.md lists them"), &["401", "503"]),
    })
}

fn release() -> Value {
    let topic = said("the source's full name, with its prefix", text());
    json!({
        "operationId": "releaseSource",
        "summary": "A source that this process paused, since nearly everything in it was bad, is read on.",
        "parameters": [{"name": "topic", "in": "path", "required": true, "schema": topic}],
        "responses": answers("204", json!({"description": "it is read on"}), &["401", "404", "503"]),
    })
}

fn outputs() -> Value {
    let offset = || json!({"type": "integer", "minimum": 0});
    let topic = said("such as sales.sla, without a prefix", text());
    json!({
        "operationId": "streamOutputs",
        "summary": "An output topic of the embedded log as server-sent events; they go on for as long as you read.",
        "description": format!("`id` is the offset, `data` the event as `Output` has it, of {} types.", TYPES.len() + 1),
        "parameters": [
            {"name": "topic", "in": "path", "required": true, "schema": topic},
            {"name": "from", "in": "query", "description": "the first offset; 0 if it is not said", "schema": offset()},
            {"name": "Last-Event-ID", "in": "header", "description": "go on behind this one", "schema": offset()},
        ],
        "responses": answers("200", json!({
            "description": "outputs, and comments that keep the connection",
            "content": {"text/event-stream": {"schema": text()}},
        }), &["400", "401", "404", "503"]),
    })
}
