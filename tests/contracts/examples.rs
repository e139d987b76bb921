//! Every example of docs/events.md, every golden output and every output of the stories is what
//! the contracts say: nothing in it is unnamed, and nothing that is named is idle.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tasuki::domain::event::{RejectReason, Rejection};
use tasuki::domain::journal::Original;
use tasuki::domain::time::Instant;
use tasuki::wire::facts::FactType;
use tasuki::wire::outputs::{DEAD_LETTER_TYPE, TYPES, dead_letter};

use super::playing::{compiled, policy_text, step, stories};
use super::telling::Telling;
use super::{asyncapi, check, openapi, read, root, validator};

/// The example of each type of docs/events.md, under its heading.
fn example(kind: &str) -> Value {
    let page = read("docs/events.md");
    let (_, section) = page.split_once(&format!("### `{kind}`\n")).unwrap();
    let (_, example) = section.split_once("```json\n").unwrap();
    serde_json::from_str(example.lines().next().unwrap()).unwrap()
}

#[test]
fn every_example_that_comes_in_is_as_the_contracts_say() {
    for document in [asyncapi::document(), openapi::document()] {
        let events = validator(&document, "Event", true);
        let batches = validator(&document, "Events", true);
        for kind in FactType::ALL {
            let event = example(kind.name());
            check(&validator(&document, kind.name(), true), &event["data"]);
            check(&events, &event);
            check(&batches, &json!([event, event]));
            let mut bare = event["data"].clone();
            for (member, attribute) in [
                ("id", "id"),
                ("source", "source"),
                ("type", "type"),
                ("occurred_at", "time"),
            ] {
                bare[member] = event[attribute].clone();
            }
            check(&validator(&document, "BareJson", false), &bare);
        }
    }
}

#[test]
fn what_is_wrong_is_not_as_the_contracts_say() {
    let events = validator(&openapi::document(), "Event", false);
    for kind in FactType::ALL {
        let right = example(kind.name());
        for (member, wrong) in [
            ("specversion", json!("0.3")),
            ("id", json!("")),
            ("source", json!(5)),
            ("type", json!("tasuki.lead.lost.v1")),
            ("time", json!("yesterday")),
            ("data", json!([])),
        ] {
            let mut event = right.clone();
            event[member] = wrong;
            assert!(!events.is_valid(&event), "{event}");
        }
    }
}

/// A golden record: its headers, and its data.
fn golden(kind: &str) -> (Value, Value) {
    let text = read(&format!("tests/golden/outputs/{kind}.txt"));
    let headers = text.lines().filter_map(|line| line.split_once(": "));
    let headers = headers.filter(|(name, _)| name.starts_with("ce_") || *name == "content-type");
    let headers = headers.map(|(name, value)| (name.to_owned(), json!(value))).collect();
    (
        Value::Object(headers),
        serde_json::from_str(text.lines().last().unwrap()).unwrap(),
    )
}

#[test]
fn every_golden_output_is_as_the_contracts_say() {
    let document = asyncapi::document();
    for kind in TYPES {
        let (headers, data) = golden(kind);
        check(&validator(&document, "OutputHeaders", true), &headers);
        check(&validator(&document, kind, true), &data);
        assert_eq!(example(kind), data);
        let message = &document["components"]["messages"][kind];
        assert_eq!(message["headers"]["properties"]["ce_type"]["const"], kind);
    }
    let (_, letter) = golden(DEAD_LETTER_TYPE);
    check(&validator(&document, "Output", true), &letter);
}

#[test]
fn the_headers_of_every_dead_letter_are_as_the_contract_says() {
    let headers = validator(&asyncapi::document(), "DeadLetterHeaders", true);
    for reason in RejectReason::ALL {
        let original = Original {
            topic: "sales.roster".to_owned(),
            partition: 3,
            offset: 17,
            time: Instant::from_millis(1_791_158_400_000),
            key: None,
            value: None,
            headers: Vec::new(),
        };
        let detail = "in words".to_owned();
        let letter = dead_letter(&original, &Rejection { reason, detail }, 7, 42);
        let found = letter.headers.into_iter();
        let found = found.map(|(name, value)| (name, json!(String::from_utf8(value.unwrap()).unwrap())));
        check(&headers, &Value::Object(found.collect()));
    }
}

/// What no story has: somebody known by two identifiers whose campaign says all it can.
const MORE: &str = r#"
2026-11-04 00:00 mia+anon:v-17 form demo-request employees=400 campaign={"source":"google","medium":"cpc","name":"spring"}
"#;

/// What the core says to all lines of all stories.
fn outputs_of_the_stories() -> Vec<Value> {
    let mut outputs = Vec::new();
    let stories = stories().into_iter().map(|path| std::fs::read_to_string(path).unwrap());
    for story in stories.chain([MORE.to_owned()]) {
        let Ok(policy) = compiled(policy_text(&story)) else {
            continue;
        };
        let (mut telling, mut state) = (Telling::default(), None);
        for line in story.lines().filter(|line| line.starts_with(char::is_numeric)) {
            if let Ok((next, said)) = step(&policy, state.as_ref(), &telling.line(line)) {
                state = Some(next);
                outputs.extend(said);
            }
        }
    }
    outputs
}

/// Marks the members of `value` that a schema names, as there (`true`) or not.
fn look(document: &Value, (name, schema): (&str, &Value), value: &Value, seen: &mut BTreeMap<String, BTreeSet<bool>>) {
    if let Some(path) = schema["$ref"].as_str() {
        let name = path.rsplit('/').next().unwrap();
        return look(document, (name, &document["components"]["schemas"][name]), value, seen);
    }
    for kind in ["anyOf", "allOf", "oneOf"] {
        for one in schema[kind].as_array().into_iter().flatten() {
            let required = one["required"].as_array().into_iter().flatten();
            if required
                .filter_map(Value::as_str)
                .all(|member| value.get(member).is_some())
            {
                look(document, (name, one), value, seen);
            }
        }
    }
    for (member, schema) in schema["properties"].as_object().into_iter().flatten() {
        let name = format!("{name}/{member}");
        let found = value.get(member);
        seen.entry(name.clone()).or_default().insert(found.is_some());
        look(document, (&name, schema), found.unwrap_or(&Value::Null), seen);
    }
    for item in value.as_array().into_iter().flatten() {
        look(document, (name, &schema["items"]), item, seen);
    }
}

#[test]
fn every_output_of_the_stories_is_as_the_contracts_say_and_nothing_said_is_idle() {
    let document = asyncapi::document();
    let validator = validator(&document, "Output", true);
    let (mut seen, mut channels) = (BTreeMap::new(), BTreeSet::new());
    let outputs = outputs_of_the_stories();
    assert!(outputs.len() > 500, "{} outputs", outputs.len());
    for output in &outputs {
        check(&validator, output);
        let (topic, kind) = (output["topic"].as_str().unwrap(), output["type"].as_str().unwrap());
        let schema = &document["components"]["schemas"][kind];
        look(&document, (kind, schema), &output["data"], &mut seen);
        let topic = if topic.starts_with("sales.handoffs.") {
            "sales.handoffs"
        } else {
            topic
        };
        channels.insert((topic.to_owned(), kind.to_owned()));
    }
    let mut wrong = Vec::new();
    for (member, seen) in &seen {
        let (of, name) = member.rsplit_once('/').unwrap();
        if !seen.contains(&true) {
            wrong.push(format!("{member} is never there"));
        }
        // Of several objects, which one it is was told by what it has: none of that is required.
        let required = schema_at(&document, of)["required"].as_array();
        if required.is_some_and(|required| !required.contains(&json!(name))) && !seen.contains(&false) {
            wrong.push(format!("{member} is always there"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(channels, said_channels(&document));
}

/// The schema of this name, and the members behind it.
fn schema_at<'a>(document: &'a Value, path: &str) -> &'a Value {
    let mut steps = path.split('/');
    let schema = &document["components"]["schemas"][steps.next().unwrap()];
    steps.fold(schema, |schema, member| &schema["properties"][member])
}

/// Which types stand in which topics, dead letters of `replay` as they are told there.
fn said_channels(document: &Value) -> BTreeSet<(String, String)> {
    let mut said = BTreeSet::new();
    for (name, channel) in document["channels"].as_object().unwrap() {
        for message in channel["messages"].as_object().unwrap().keys() {
            let kind = if message == "dead-letter" {
                DEAD_LETTER_TYPE
            } else {
                message
            };
            if TYPES.contains(&kind) || kind == DEAD_LETTER_TYPE {
                said.insert((name.clone(), kind.to_owned()));
            }
        }
    }
    said
}

#[test]
fn the_documents_are_named_where_people_look() {
    for page in ["README.md", "docs/events.md"] {
        for name in ["asyncapi.json", "openapi.json"] {
            assert!(read(page).contains(name), "{page} does not name {name}");
            assert!(root().join("docs").join(name).exists());
        }
    }
}
