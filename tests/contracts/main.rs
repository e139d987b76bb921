//! docs/asyncapi.json and docs/openapi.json: generated here from the types, and held against what
//! is really read, written and answered.
//!
//! `UPDATE_EXPECT=1 cargo test --test contracts` writes them. Types, outcomes, stages, reasons,
//! limits, topics and sources are asked of the code. Members are named once, in `incoming`,
//! `outgoing` and `parts`, and cannot drift: `reader` compares with the reader what it takes and refuses,
//! `examples` has every example and every output of the stories checked with nothing unnamed and
//! nothing idle, `service` asks a running process.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    unreachable_pub,
    reason = "a test program may fail loudly"
)]

mod asyncapi;
mod examples;
mod incoming;
mod openapi;
mod outgoing;
mod parts;
#[path = "../scenarios/playing.rs"]
mod playing;
#[path = "../support/process.rs"]
mod process;
mod reader;
mod schema;
mod service;
#[path = "../scenarios/telling.rs"]
mod telling;

use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::{Value, json};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap()
}

fn info(words: &str) -> Value {
    json!({
        "title": "Tasuki",
        "version": env!("CARGO_PKG_VERSION"),
        "description": words,
        "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
    })
}

#[test]
fn the_published_contracts_are_those_of_the_code() {
    for (name, document) in [
        ("docs/asyncapi.json", asyncapi::document()),
        ("docs/openapi.json", openapi::document()),
    ] {
        expect_test::expect_file![root().join(name)].assert_eq(&format!("{document:#}\n"));
    }
}

/// Checks against a schema of one of the documents; formats too, and with `closed` nothing unnamed.
fn validator(document: &Value, name: &str, closed: bool) -> Validator {
    let components = &document["components"];
    let components = if closed {
        schema::closed(components)
    } else {
        components.clone()
    };
    let whole = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$ref": format!("#/components/schemas/{name}"),
        "components": components,
    });
    jsonschema::options()
        .should_validate_formats(true)
        .build(&whole)
        .unwrap()
}

#[track_caller]
fn check(validator: &Validator, value: &Value) {
    let faults: Vec<String> = validator
        .iter_errors(value)
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{faults:#?} in\n{value:#}");
}
