//! What an adapter's file says, and what comes of payloads.

use super::*;
use crate::domain::event::RejectReason;
use crate::wire::json::{self, Json};

const FILE: &str = r#"
records = "/batch"
time_zone = "Asia/Tokyo"
time_unit = "s"

[[event]]
name = "call"
type = "tasuki.follow-up.recorded.v1"
each = "/ids"
when = [{ path = "^/kind", one_of = ["call"] }, { path = "^/gone", present = false }]
id = ["^/tx", ""]
time = ["^/at"]
lead_id = [""]
outcome = ["^/result | outcomes"]
note = ["=by phone"]

[[event]]
name = "seen"
type = "tasuki.engagement.recorded.v1"
when = [{ path = "/kind", none_of = ["call"] }]
id = ["/tx"]
email = ["/mail", "/other"]
activity = ["/kind"]
is_bot = ["/bot"]

[values.outcomes]
ok = "contacted"
skip = ""
"7" = "attempted"
"#;

fn made(file: &str, payload: &str) -> Vec<String> {
    let adapter = Adapter::compile("file.toml", file).unwrap();
    let arena = Arena::new();
    let payload = json::parse(payload.as_bytes(), &arena).unwrap();
    let text = |made: Made<'_>| match made {
        Ok(object) => {
            let mut text = Vec::new();
            Json::Object(object).write(&mut text);
            String::from_utf8(text).unwrap()
        }
        Err(rejection) => rejection.reason.name().to_owned(),
    };
    adapter.events(&payload, &arena).into_iter().map(text).collect()
}

#[track_caller]
fn check(payload: &str, expected: &[&str]) {
    assert_eq!(made(FILE, payload), expected, "{payload}");
}

#[test]
fn one_record_about_several_leads_is_an_event_for_each() {
    check(
        r#"{"batch":[{"kind":"call","tx":"t","at":"2018-03-07 14:28:16","ids":[5,"x"],"result":7}]}"#,
        &[
            r#"{"type":"tasuki.follow-up.recorded.v1","id":"t/5/call","occurred_at":"2018-03-07T05:28:16.000Z","outcome":"attempted","note":"by phone","person":{"lead_id":"5"}}"#,
            r#"{"type":"tasuki.follow-up.recorded.v1","id":"t/x/call","occurred_at":"2018-03-07T05:28:16.000Z","outcome":"attempted","note":"by phone","person":{"lead_id":"x"}}"#,
        ],
    );
}

#[test]
fn blank_text_and_null_are_not_there_and_the_next_path_counts() {
    check(
        r#"{"batch":{"kind":"seen","mail":" ","other":"a@b.c","bot":"1","tx":null}}"#,
        &[r#"{"type":"tasuki.engagement.recorded.v1","activity":"seen","is_bot":true,"person":{"email":"a@b.c"}}"#],
    );
}

#[test]
fn a_value_is_looked_up_left_out_or_unmapped() {
    let call = |result| format!(r#"{{"batch":[{{"kind":"call","ids":[1],"result":{result}}}]}}"#);
    check(&call(r#""skip""#), &[]);
    check(&call(r#""new""#), &["unmapped"]);
    let others = FILE.replace("skip = \"\"", "\"*\" = \"attempted\"");
    assert_eq!(made(&others, &call("\"new\"")).len(), 1);
}

#[test]
fn a_record_that_no_event_takes_is_unmapped_or_ignored() {
    let gone = r#"{"batch":[{"kind":"call","gone":1,"ids":[1]}]}"#;
    check(gone, &["unmapped"]);
    let file = ["unmatched = \"ignore\"\n", FILE].concat();
    assert_eq!(made(&file, gone), [""; 0]);
}

#[test]
fn too_many_events_are_one_rejection() {
    let many = |count| format!(r#"{{"batch":[{}]}}"#, vec![r#"{"kind":"x"}"#; count].join(","));
    assert_eq!(made(FILE, &many(EVENTS_MAX)).len(), EVENTS_MAX);
    check(&many(EVENTS_MAX + 1), &[RejectReason::TooLarge.name()]);
}

#[test]
fn every_fault_is_told_at_its_line_with_a_remedy() {
    let file = FILE
        .replace("\"/kind\", none_of", "\"kind\", none_of")
        .replace("| outcomes", "| outcome")
        .replace("Asia/Tokyo", "Asia/Edo")
        .replace("lead_id = [\"\"]", "form = [\"/x\"]")
        .replace("activity =", "activty =")
        .replace("present = false", "present = false, one_of = [\"x\"]");
    let faults = Adapter::compile("file.toml", &file).unwrap_err();
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    let expected = [
        "file.toml:3:",
        "file.toml:6:",
        "file.toml:10:",
        "file.toml:13:",
        "file.toml:14:",
        "file.toml:20:",
        "file.toml:23:",
    ];
    assert_eq!(told.len(), expected.len() + 1, "{told:#?}");
    for place in expected {
        assert!(told.iter().any(|fault| fault.starts_with(place)), "{place} {told:#?}");
    }
    assert!(
        told.iter().any(|fault| fault.contains("did you mean `outcomes`")),
        "{told:#?}"
    );
}

#[test]
fn every_adapter_that_comes_with_the_program_is_right() {
    for name in Adapter::names() {
        if let Err(faults) = Adapter::load(name) {
            panic!("{faults:#?}");
        }
    }
    let unknown = Adapter::load("segmint").unwrap_err();
    assert!(unknown[0].remedy.contains("segment"), "{unknown:?}");
}
