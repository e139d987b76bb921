//! Events written by the SDK are read as they were meant, and the SDK reads every type of ours.

use cloudevents::{AttributesReader as _, Data, Event, EventBuilder as _, EventBuilderV10};
use tasuki::domain::fact::{Body, Form};
use tasuki::domain::ids::LeadKey;
use tasuki::domain::journal::{Content, Role};
use tasuki::domain::time::Instant;
use tasuki::log::{Header, NewRecord, Record};
use tasuki::wire::facts::FactType;
use tasuki::wire::outputs::{DEAD_LETTER_TYPE, TYPES};
use tasuki::wire::translate::{Hooks, LeadFact, SourceContext, translate};

use super::binding;

/// The example of each type that comes in, of docs/events.md.
fn examples() -> Vec<String> {
    let path = [env!("CARGO_MANIFEST_DIR"), "/docs/events.md"].concat();
    let page = std::fs::read_to_string(path).unwrap();
    let of = |kind: FactType| {
        let (_, section) = page.split_once(&format!("### `{}`\n", kind.name())).unwrap();
        let (_, example) = section.split_once("```json\n").unwrap();
        example.lines().next().unwrap().to_owned()
    };
    FactType::ALL.into_iter().map(of).collect()
}

/// What is read of a record, and under which leads. The SDK keeps no order of members, so a
/// profile's is not compared.
fn facts(record: NewRecord) -> Vec<LeadFact> {
    let source = SourceContext {
        topic: "topic".to_owned(),
        topic_id: [0; 16],
        partition: 0,
        role: Role::Inbox,
        types: None,
        ignore_unknown_types: false,
        adapter: None,
        hooks: Hooks::default(),
    };
    let record = Record {
        offset: 0,
        time: Instant::default(),
        key: record.key,
        value: record.value,
        headers: record.headers,
    };
    let fact = |content| match content {
        Content::Fact { lead, mut fact, .. } => {
            if let Body::Form(Form { profile, .. }) | Body::Profile(_, profile) = &mut fact.body {
                profile.sort_by(|one, other| one.0.cmp(&other.0));
            }
            (lead, fact)
        }
        other => panic!("{other:?}"),
    };
    let translated = translate(&source, &LeadKey::derive("tasuki"), &record);
    translated.contents.into_iter().map(fact).collect()
}

fn plain(text: &str) -> NewRecord {
    NewRecord {
        value: Some(text.as_bytes().to_vec()),
        ..NewRecord::default()
    }
}

#[test]
fn every_type_in_either_mode_says_what_its_text_says() {
    for example in examples() {
        let event: Event = serde_json::from_str(&example).unwrap();
        let said = facts(plain(&example));
        let fact = &said[0].1;
        assert_eq!((event.id(), event.source().as_str()), (&*fact.id, &*fact.source));
        let time = event.time().unwrap().timestamp_millis();
        assert_eq!(time, fact.at.millis(), "{example}");
        assert_eq!(facts(binding::binary(event.clone())), said, "{example}");
        assert_eq!(facts(binding::structured(event)), said, "{example}");
    }
}

#[test]
fn extensions_of_every_kind_change_nothing() {
    for example in examples() {
        let event: Event = serde_json::from_str(&example).unwrap();
        let more = EventBuilderV10::from(event)
            .subject("somebody")
            .extension("partitionkey", "k")
            .extension("sampledrate", 5)
            .extension("retried", true)
            .build()
            .unwrap();
        assert_eq!(facts(binding::binary(more.clone())), facts(plain(&example)));
        assert_eq!(facts(binding::structured(more)), facts(plain(&example)));
    }
}

#[test]
fn data_that_the_sdk_takes_for_bytes_is_read() {
    for example in examples() {
        let event: Event = serde_json::from_str(&example).unwrap();
        let Some(Data::Json(data)) = event.data() else {
            panic!("{event:?}")
        };
        let bytes = data.to_string().into_bytes();
        for kind in [
            "application/json",
            "text/json",
            "application/vnd.tasuki+json; charset=utf-8",
        ] {
            let base64 = EventBuilderV10::from(event.clone())
                .data(kind, bytes.clone())
                .build()
                .unwrap();
            let record = binding::structured(base64.clone());
            let text = String::from_utf8(record.value.clone().unwrap()).unwrap();
            assert!(text.contains("data_base64"), "{text}");
            assert_eq!(facts(record), facts(plain(&example)), "{kind}");
            assert_eq!(facts(binding::binary(base64)), facts(plain(&example)), "{kind}");
        }
    }
}

/// A golden output: its headers and its data, or the one line of a dead letter of `replay`.
fn golden(kind: &str) -> (Vec<Header>, String) {
    let path = format!("{}/tests/golden/outputs/{kind}.txt", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let header = |line: &str| {
        let (name, value) = line
            .split_once(": ")
            .filter(|(name, _)| !name.starts_with(['{', 'k']))?;
        Some((name.to_owned(), Some(value.as_bytes().to_vec())))
    };
    let data = text.lines().last().unwrap().to_owned();
    (text.lines().filter_map(header).collect(), data)
}

#[test]
fn every_type_that_goes_out_is_read_by_the_sdk() {
    for kind in TYPES {
        let (headers, data) = golden(kind);
        let event = binding::event(&headers, data.as_bytes());
        assert_eq!(event.ty(), kind);
        assert_eq!(event.id().len(), 32);
        assert_eq!(event.datacontenttype(), Some("application/json"));
        assert_eq!(event.time().unwrap().to_rfc3339(), "2026-10-05T00:00:00+00:00");
        let extensions =
            ["tasukishard", "sequence", "causationid"].map(|name| event.extension(name).unwrap().to_string());
        assert_eq!(extensions, ["7", "00000000000000000042", "/web#e-1"]);
        let written: serde_json::Value = serde_json::from_str(&data).unwrap();
        assert_eq!(event.subject(), written["lead"].as_str());
        // What the SDK makes of it in one piece is the same event.
        let whole = serde_json::to_string(&event).unwrap();
        let again: Event = serde_json::from_str(&whole).unwrap();
        assert_eq!(
            (again.id(), again.time(), again.ty()),
            (event.id(), event.time(), event.ty())
        );
    }
    let (_, letter) = golden(DEAD_LETTER_TYPE);
    let letter: Event = serde_json::from_str(&letter).unwrap();
    assert_eq!(letter.ty(), DEAD_LETTER_TYPE);
}
