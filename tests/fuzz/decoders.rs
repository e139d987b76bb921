//! A decoder: its seeds, and one run, which says in a number what came of an input. And those of what
//! comes in.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use tasuki::domain::ids::LeadKey;
use tasuki::domain::journal::{Content, Entry, JournalRecord, Packed, Position, Role, SourcePartition};
use tasuki::domain::time::Instant;
use tasuki::http::records_of;
use tasuki::log::{Header, Record};
use tasuki::wire::adapters::Adapter;
use tasuki::wire::facts::FactType;
use tasuki::wire::journal;
use tasuki::wire::translate::{Hooks, SourceContext, Translated, translate};

use super::seeds;

/// Runs a decoder on an input.
type Run = dyn FnMut(&[u8]) -> u64;

/// One decoder.
pub(crate) struct Decoder {
    pub(crate) name: &'static str,
    pub(crate) seeds: Vec<Vec<u8>>,
    pub(crate) run: Box<Run>,
}

pub(crate) fn decoder(name: &'static str, seeds: Vec<Vec<u8>>, run: impl FnMut(&[u8]) -> u64 + 'static) -> Decoder {
    Decoder {
        name,
        seeds,
        run: Box::new(run),
    }
}

pub(crate) fn number(said: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    said.hash(&mut hasher);
    hasher.finish()
}

// ------------------------------------------------------------------------------ what comes in

pub(crate) fn source(role: Role, adapter: Option<&str>) -> SourceContext {
    SourceContext {
        topic: "some.topic".to_owned(),
        topic_id: [7; 16],
        partition: 1,
        role,
        types: None,
        ignore_unknown_types: false,
        adapter: adapter.map(|name| Adapter::load(name).unwrap()),
        hooks: Hooks::default(),
    }
}

pub(crate) fn record(headers: Vec<Header>, value: &[u8]) -> Record {
    Record {
        offset: 5,
        time: Instant::from_millis(1_790_000_000_000),
        key: None,
        value: Some(value.to_vec()),
        headers,
    }
}

/// What became of a record; what goes into the journal is read back as it was.
fn judged(source: &SourceContext, key: &LeadKey, record: &Record) -> u64 {
    let translated = translate(source, key, record);
    assert_eq!(
        translate(source, key, record),
        translated,
        "the same record, the same facts"
    );
    let said = number(said(&translated));
    let packed = packed(source, translated.contents);
    assert_eq!(journal::decode(&journal::encode(&packed)), Ok(packed));
    said
}

/// What the intake would write of a record.
pub(crate) fn packed(source: &SourceContext, contents: Vec<Content>) -> JournalRecord {
    let entries = (0..).zip(contents).map(|(index, content)| Entry {
        position: Position { offset: 5, index },
        content,
    });
    JournalRecord::Facts(Packed {
        translation: 1,
        turnover: 0,
        source: SourcePartition {
            topic: source.topic_id,
            partition: source.partition,
        },
        role: source.role,
        entries: entries.collect(),
    })
}

pub(crate) fn kind(content: &Content) -> usize {
    match content {
        Content::Fact { fact, original, .. } => FactType::of(&fact.body) as usize * 2 + usize::from(original.is_some()),
        Content::Rejected { rejection, .. } => 20 + rejection.reason as usize,
        Content::Policy(_) => 50,
    }
}

fn said(translated: &Translated) -> Vec<(u32, String)> {
    let content = |content: &Content| match content {
        Content::Fact { fact, original, .. } => {
            let kind = FactType::of(&fact.body).name().to_owned();
            (u32::from(original.is_some()), kind)
        }
        Content::Rejected { rejection, .. } => (9, [rejection.reason.name(), &rejection.detail].concat()),
        Content::Policy(_) => panic!("no policy comes of a record"),
    };
    translated.contents.iter().take(8).map(content).collect()
}

/// Records in each form of ours.
pub(crate) fn records() -> Vec<Decoder> {
    let key = seeds::key();
    let translated = move |role: Role| {
        let (source, key) = (source(role, None), key.clone());
        move |input: &[u8]| judged(&source, &key, &record(Vec::new(), input))
    };
    let framed = |event: Vec<u8>| [b"\0\0\0\0\x07".to_vec(), event].concat();
    let (source, key) = (source(Role::Forms, None), seeds::key());
    let binary = move |input: &[u8]| {
        let (headers, body) = seeds::split(input);
        let header = |(name, value): (&[u8], &[u8])| {
            let value = (value != b"null").then(|| value.to_vec());
            (String::from_utf8_lossy(name).into_owned(), value)
        };
        judged(&source, &key, &record(headers.into_iter().map(header).collect(), body))
    };
    vec![
        decoder("bare", seeds::bare(), translated(Role::Engagement)),
        decoder("structured", seeds::structured(), translated(Role::Inbox)),
        decoder(
            "framed",
            seeds::bare().into_iter().map(framed).collect(),
            translated(Role::Forms),
        ),
        decoder("binary", seeds::with_headers("ce_"), binary),
    ]
}

/// Payloads of each platform that comes with the program.
pub(crate) fn payloads() -> Vec<Decoder> {
    Adapter::names()
        .map(|name| {
            let (source, key) = (source(Role::Engagement, Some(name)), seeds::key());
            let run = move |input: &[u8]| judged(&source, &key, &record(Vec::new(), input));
            decoder(name, seeds::folder("samples/payloads"), run)
        })
        .collect()
}

/// Requests to `POST /events`: headers and a body, in every mode.
pub(crate) fn requests() -> Vec<Decoder> {
    let with = |kind: &str, body: Vec<u8>| [format!("content-type: {kind}\n\n").into_bytes(), body].concat();
    let array = |events: Vec<Vec<u8>>| [b"[".to_vec(), events.join(&b","[..]), b"]".to_vec()].concat();
    let mut requests = seeds::with_headers("ce-");
    requests.extend(seeds::bare().into_iter().map(|body| with("application/json", body)));
    let structured = seeds::structured().into_iter();
    requests.extend(structured.map(|body| with("application/cloudevents+json", body)));
    requests.push(with("application/cloudevents-batch+json", array(seeds::structured())));
    let (source, key) = (source(Role::Inbox, None), seeds::key());
    let run = move |input: &[u8]| {
        let (lines, body) = seeds::split(input);
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
                headers.append(name, value);
            }
        }
        let Some(records) = records_of(&headers, body.to_vec()) else {
            return 0;
        };
        let each = records.into_iter().map(|new| {
            let value = new.value.unwrap_or_default();
            judged(&source, &key, &record(new.headers, &value))
        });
        number(each.take(8).collect::<Vec<_>>())
    };
    vec![decoder("request", requests, run)]
}
