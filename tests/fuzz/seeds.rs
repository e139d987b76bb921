//! Right bytes to begin with: samples, golden files, and what the program itself writes of a story.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use tasuki::domain::bytes::{Reader, Writer};
use tasuki::domain::ids::LeadKey;
use tasuki::domain::image::Entity;
use tasuki::domain::journal::PolicyDocument;
use tasuki::domain::policy::Policy;
use tasuki::domain::shard::Part;
use tasuki::replay::{self, Options};
use tasuki::wire::policy_file;

/// Events of every type, as bare JSON without a type.
pub(crate) const EVENTS: [(&str, &str); 7] = [
    (
        "tasuki.form.submitted.v1",
        r#"{"person":{"lead_id":7,"email":" Ana@Example.com","anonymous_id":"v"},"form":"demo-request","profile":{"company":"株式会社","employees":3.00e2,"customer":true,"phone":null,"x":[{}]},"campaign":{"source":"a","medium":"b","name":"c"},"consent":{"sales_contact":true},"message":"hi\n\ud83d\ude00"}"#,
    ),
    (
        "tasuki.engagement.recorded.v1",
        r#"{"person":{"anonymous_id":"v"},"activity":"page_viewed","target":"/pricing","campaign":{"name":"c"},"is_bot":false}"#,
    ),
    (
        "tasuki.profile.changed.v1",
        r#"{"person":{"email":"ａ@b"},"profile":{"employees":-0.5e-3,"country":"JP","gone":null}}"#,
    ),
    (
        "tasuki.follow-up.recorded.v1",
        r#"{"handoff_id":"000102030405060708090a0b0c0d0e0f-2-1","outcome":"won","reason":"r","note":"n","rep":"ana","amount":{"value":"12","currency":"EUR"}}"#,
    ),
    (
        "tasuki.rep.changed.v1",
        r#"{"rep":"ana","available":true,"capacity":10,"team":"enterprise","weight":5,"skills":["ja","en"]}"#,
    ),
    (
        "tasuki.consent.changed.v1",
        r#"{"person":{"lead_id":"x"},"sales_contact":false}"#,
    ),
    (
        "tasuki.lead.erased.v1",
        r#"{"person":{"lead_id":-5,"email":"e@f","anonymous_id":"g"}}"#,
    ),
];

pub(crate) const TIMES: [&str; 6] = [
    "2026-10-05T09:00:00Z",
    "2026-10-05t09:00:00.123456+09:00",
    "0000-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999Z",
    "2024-02-29T23:59:59-23:59",
    "1969-12-31T23:59:59.001z",
];

pub(crate) fn file(path: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// A settings file, and each of its tables alone without the comments: small inputs are run often.
pub(crate) fn sections(path: &str) -> Vec<Vec<u8>> {
    let whole = String::from_utf8(file(path)).unwrap();
    let lines = whole.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let mut seeds = vec![String::new()];
    for line in lines {
        if line.starts_with('[') {
            seeds.push(String::new());
        }
        seeds.last_mut().unwrap().extend([line, "\n"]);
    }
    seeds.push(whole);
    seeds.into_iter().map(String::into_bytes).collect()
}

/// Every file of a folder.
pub(crate) fn folder(path: &str) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// The records of a golden file: a word, then hex digits, or these alone.
pub(crate) fn golden(path: &str) -> Vec<Vec<u8>> {
    let text = String::from_utf8(file(path)).unwrap();
    let records = text.lines().filter_map(|line| line.split(' ').next_back());
    records.map(unhex).collect()
}

fn unhex(digits: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(byte).collect()
}

/// Bare events with and without everything that may stand beside the data.
pub(crate) fn bare() -> Vec<Vec<u8>> {
    let named = |(kind, data): (&str, &str)| {
        format!(
            r#"{{"id":"e-1","source":4,"type":"{kind}","occurred_at":"2026-10-05T09:00:00+09:00",{}"#,
            &data[1..]
        )
    };
    let all = EVENTS
        .map(named)
        .into_iter()
        .chain(EVENTS.map(|(_, data)| data.to_owned()));
    all.map(String::into_bytes).collect()
}

pub(crate) fn structured() -> Vec<Vec<u8>> {
    let event = |(kind, data): (&str, &str)| {
        format!(
            r#"{{"specversion":"1.0","id":"e-1","source":"/web","type":"{kind}","time":"2026-10-05T09:00:00Z","datacontenttype":"application/json","data":{data}}}"#
        )
    };
    let encoded = r#"{"specversion":"1.0","id":"1","source":"/s","type":"tasuki.engagement.recorded.v1","data_base64":"eyJwZXJzb24iOnsibGVhZF9pZCI6IjEifSwiYWN0aXZpdHkiOiJhIn0="}"#;
    let all = EVENTS.map(event).into_iter().chain([encoded.to_owned()]);
    all.map(String::into_bytes).collect()
}

/// A request, or a record in binary mode: lines of headers, an empty line, the body.
pub(crate) fn with_headers(prefix: &str) -> Vec<Vec<u8>> {
    let event = |(kind, data): (&str, &str)| {
        format!(
            "{prefix}specversion: 1.0\n{prefix}id: \"a%20%E2%82%AC\"\n{prefix}source: /web\n{prefix}type: {kind}\n{prefix}time: 2026-10-05T09:00:00Z\ncontent-type: application/json; charset=utf-8\n\n{data}"
        )
    };
    EVENTS.map(event).into_iter().map(String::into_bytes).collect()
}

/// A header's name and value.
pub(crate) type Pair<'a> = (&'a [u8], &'a [u8]);

/// Headers and body of what `with_headers` wrote.
pub(crate) fn split(input: &[u8]) -> (Vec<Pair<'_>>, &[u8]) {
    let end = input.windows(2).position(|pair| pair == b"\n\n").unwrap_or(input.len());
    let (head, body) = input.split_at(end);
    let line = |line: &'_ [u8]| line.iter().position(|byte| *byte == b':');
    let headers = head.split(|byte| *byte == b'\n').filter_map(|header| {
        let at = line(header)?;
        Some((&header[..at], header[at + 1..].trim_ascii()))
    });
    (headers.collect(), body.get(2..).unwrap_or_default())
}

/// Histories: lines of `replay` about all that happens to leads.
pub(crate) fn histories() -> Vec<Vec<u8>> {
    let line = |(number, event): (usize, Vec<u8>)| {
        let event = String::from_utf8(event).unwrap();
        format!("{{\"at\":\"2026-11-{:02}T09:00:00Z\",\"event\":{event}}}\n", number + 1)
    };
    let lines: Vec<String> = structured().into_iter().enumerate().map(line).collect();
    vec![
        lines.concat().into_bytes(),
        [&lines[0], "\n{\"at\":\"2026-11-29T00:00:00Z\"}\n"]
            .concat()
            .into_bytes(),
        lines[4..].concat().into_bytes(),
    ]
}

pub(crate) fn policy() -> Arc<Policy> {
    Arc::new(policy_file::compile(&policy_document()).unwrap())
}

pub(crate) fn policy_document() -> PolicyDocument {
    PolicyDocument {
        text: String::from_utf8(file("config/policy.toml")).unwrap(),
        files: Vec::new(),
    }
}

pub(crate) fn key() -> LeadKey {
    LeadKey::derive("tasuki")
}

/// What `replay` remembers after each history.
pub(crate) fn saved_states() -> Vec<Vec<u8>> {
    let (policy, key) = (policy(), key());
    let options = Options {
        deployment: "local",
        until: None,
    };
    let saved = |history: Vec<u8>| {
        let mut out = Vec::new();
        let replayed = replay::replay((policy.clone(), &key), None, &mut &history[..], &mut out, &options);
        replayed.unwrap().save().0
    };
    histories().into_iter().map(saved).collect()
}

/// Parts of a shard with their images, each behind its length: what `replay` remembers.
pub(crate) fn parts() -> Vec<Vec<u8>> {
    saved_states()
        .into_iter()
        .map(|state| {
            let mut writer = Writer::new();
            for (part, image) in entities(&state) {
                writer.bytes(&part);
                writer.bytes(&image);
            }
            writer.0
        })
        .collect()
}

/// The entities of a saved state, with the keys that the state log gives them.
fn entities(state: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut reader = Reader(state);
    let head = (|| {
        reader.raw(14 + 1 + 16)?;
        reader.uint()?;
        reader.text()?;
        reader.option(Reader::int)?;
        reader.uint()
    })();
    head.unwrap();
    let mut found = Vec::new();
    while reader.bool().unwrap() {
        let entity = Entity::read(&mut reader).unwrap();
        let image = reader.bytes().unwrap().to_vec();
        found.push((Part::Book(entity).key(), image));
    }
    found
}
