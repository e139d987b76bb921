//! Feature: Kafka Protocol Binding, of the published conformance tests
//! (features/kafka-protocol-binding.feature), scenario by scenario.

use serde_json::json;

use super::{expected, parsed, structured};

const TYPE: &str = "com.example.someevent";

fn header(name: &str, value: &str) -> (String, Option<Vec<u8>>) {
    (name.to_owned(), Some(value.as_bytes().to_vec()))
}

/// Scenario: Binary content mode
#[test]
fn binary_content_mode() {
    let headers = [
        header("ce_specversion", "1.0"),
        header("ce_id", "1234-1234-1234"),
        header("ce_type", TYPE),
        header("ce_source", "/mycontext/subcontext"),
        header("ce_time", "2018-04-05T03:56:24Z"),
        header("content-type", "application/json"),
    ];
    let found = parsed(&headers, br#"{"message": "Hello World!"}"#);
    assert_eq!(
        found,
        expected(TYPE, "application/json", json!({"message": "Hello World!"}))
    );
}

/// Scenario Outline: Structured content mode (<contentType>)
#[test]
fn structured_content_mode() {
    for content_type in [
        "application/cloudevents+json",
        "application/cloudevents+json; charset=utf-8",
    ] {
        let headers = [header("content-type", content_type)];
        let value = structured(TYPE, r#"{"message": "Hello World!"}"#);
        let found = parsed(&headers, value.as_bytes());
        assert_eq!(
            found,
            expected(TYPE, "application/json", json!({"message": "Hello World!"}))
        );
    }
}
