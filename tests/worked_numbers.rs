//! The numbers that `docs/policy.md` works out, decided by the code.
#![expect(clippy::unwrap_used, reason = "a test may stop")]

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use tasuki::domain::ids::LeadKey;
use tasuki::domain::journal::PolicyDocument;
use tasuki::replay::{Options, replay};
use tasuki::wire::policy_file::compile;

/// What the page's story is in events, in Tokyo's time.
const STORY: &[(&str, &str, &str)] = &[
    (
        "2026-10-09T10:00:00+09:00",
        "form.submitted",
        r#""form":"newsletter","profile":{"employees":400}"#,
    ),
    (
        "2026-10-09T11:00:00+09:00",
        "engagement.recorded",
        r#""activity":"webinar_attended""#,
    ),
    (
        "2026-10-09T17:38:00+09:00",
        "engagement.recorded",
        r#""activity":"page_viewed","target":"/pricing""#,
    ),
    (
        "2026-10-09T17:39:00+09:00",
        "engagement.recorded",
        r#""activity":"page_viewed","target":"/pricing/a""#,
    ),
    (
        "2026-10-09T17:40:00+09:00",
        "engagement.recorded",
        r#""activity":"page_viewed","target":"/pricing/b""#,
    ),
    (
        "2026-10-12T12:00:00+09:00",
        "follow-up.recorded",
        r#""outcome":"contacted""#,
    ),
    ("2026-11-08T12:00:00+09:00", "follow-up.recorded", r#""outcome":"won""#),
];

fn outputs() -> Vec<Value> {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/policy.md")).unwrap();
    let (_, rest) = page.split_once("```toml worked\n").unwrap();
    let text = rest.split_once("```").unwrap().0.to_owned();
    let policy = compile(&PolicyDocument {
        text,
        files: Vec::new(),
    })
    .unwrap();
    let lines: Vec<String> = STORY.iter().enumerate().map(|(id, (at, kind, data))| {
        format!(
            r#"{{"at":"{at}","event":{{"specversion":"1.0","id":"{id}","source":"/story","type":"tasuki.{kind}.v1","data":{{"person":{{"email":"kim@example.com"}},{data}}}}}}}"#
        )
    }).collect();
    let mut written = Vec::new();
    let options = Options {
        deployment: "local",
        until: None,
    };
    let key = LeadKey::derive("tasuki");
    replay(
        (Arc::new(policy), &key),
        None,
        &mut lines.join("\n").as_bytes(),
        &mut written,
        &options,
    )
    .unwrap();
    written
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

fn only(outputs: &[Value], kind: &str, holds: impl Fn(&Value) -> bool) -> Value {
    let found: Vec<&Value> = outputs
        .iter()
        .filter(|output| output["type"] == kind && holds(&output["data"]))
        .collect();
    assert_eq!(found.len(), 1, "{kind}: {outputs:#?}");
    found[0]["data"].clone()
}

#[test]
fn a_lead_has_57_points_today_and_41_next_month() {
    let outputs = outputs();
    let today = only(&outputs, "tasuki.lead.handed-off.v1", |_| true);
    assert_eq!(
        (&today["score"]["total"], &today["score"]["fit"]),
        (&Value::from(57), &Value::from(25))
    );
    let points: Vec<i64> = today["score"]["reasons"]
        .as_array()
        .unwrap()
        .iter()
        .map(|reason| reason["points"].as_i64().unwrap())
        .collect();
    assert_eq!(points, [20, 6, 6, 25]);
    let later = only(&outputs, "tasuki.lead.stage-changed.v1", |data| data["to"] == "won");
    assert_eq!(later["score"]["total"], 41);
}

#[test]
fn friday_17_40_and_four_working_hours_is_tuesday_13_40() {
    let promise = only(&outputs(), "tasuki.lead.handed-off.v1", |_| true)["sla"].clone();
    assert_eq!(promise["start"], "2026-10-09T08:40:00.000Z");
    assert_eq!(promise["respond_by"], "2026-10-13T04:40:00.000Z");
}
