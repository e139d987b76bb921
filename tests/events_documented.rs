//! docs/events.md lists what comes in and goes out as it is.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test's helpers may fail loudly")]

use std::fs;
use std::path::{Path, PathBuf};

use tasuki::domain::event::RejectReason;
use tasuki::domain::ids::LeadKey;
use tasuki::domain::time::Instant;
use tasuki::wire::facts::FactType;
use tasuki::wire::json::{self, Arena, Json};
use tasuki::wire::{outputs, translate};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn document() -> String {
    fs::read_to_string(root().join("docs/events.md")).unwrap()
}

/// The example under the heading of this type.
fn example(document: &str, name: &str) -> String {
    let heading = format!("### `{name}`\n");
    let section = &document[document
        .find(&heading)
        .unwrap_or_else(|| panic!("{name} has no section"))..];
    let start = section.find("```json\n").unwrap() + "```json\n".len();
    section[start..].lines().next().unwrap().to_owned()
}

fn golden(name: &str) -> String {
    let file = Path::new("tests/golden/outputs").join([name, ".txt"].concat());
    let text = fs::read_to_string(root().join(file)).unwrap();
    text.lines().last().unwrap().to_owned()
}

#[test]
fn every_type_that_comes_in_has_an_example_that_is_read() {
    let document = document();
    for kind in FactType::ALL {
        let example = example(&document, kind.name());
        let arena = Arena::new();
        let Ok(Json::Object(event)) = json::parse(example.as_bytes(), &arena) else {
            panic!("{example}")
        };
        assert_eq!(event.get("type"), Some(&Json::Text(kind.name())));
        let facts = translate::translate_event(&LeadKey::derive("tasuki"), &event, Instant::default());
        assert!(facts.is_ok_and(|facts| !facts.is_empty()), "{example}");
    }
}

#[test]
fn every_type_that_goes_out_has_the_example_that_is_written() {
    let document = document();
    for name in outputs::TYPES {
        assert_eq!(example(&document, name), golden(name), "{name}");
    }
    assert!(document.contains(&golden(outputs::DEAD_LETTER_TYPE)));
}

#[test]
fn every_reason_and_header_of_dead_letters_is_listed() {
    let document = document();
    for reason in RejectReason::ALL {
        assert!(
            document.contains(&format!("| `{}` |", reason.name())),
            "{}",
            reason.name()
        );
    }
    for header in [
        "reason",
        "detail",
        "topic",
        "partition",
        "offset",
        "timestamp",
        "shard",
        "sequence",
    ] {
        assert!(document.contains(&format!("`tasuki_dlq_{header}`")), "{header}");
    }
}
