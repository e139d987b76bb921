//! Reading costs time in proportion to what is read: twice the bytes, at most 2.3 times the time,
//! whatever shape they have. `bench/linear` prints the figures.
//!
//! Ratios say this in any build, so it is the test profile's. A ratio counts once it holds: what
//! else the machine does can make one larger, and never smaller, for as long as it goes on.
#![expect(clippy::unwrap_used, reason = "a test's helpers may fail loudly")]

use std::time::Instant as Watch;

use axum::http::{HeaderMap, HeaderValue};
use tasuki::domain::ids::LeadKey;
use tasuki::domain::journal::{Content, Entry, JournalRecord, Packed, Position, Role, SourcePartition};
use tasuki::domain::time::Instant;
use tasuki::http::records_of;
use tasuki::log::{Header, Record};
use tasuki::wire::adapters::Adapter;
use tasuki::wire::journal;
use tasuki::wire::outputs::{dead_letter, read_dead_letter};
use tasuki::wire::translate::{Hooks, SourceContext, translate};

/// As in production: what the system's allocator does with large pieces is another matter.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const RATIO_MAX: f64 = 2.3;
const RUNS: usize = 9;
/// How often a ratio is taken until it holds.
const ATTEMPTS: usize = 12;
const KIB: usize = 1024;
/// More than the processor's caches hold.
const CACHES: usize = 64 << 20;
/// An event may have 256 KiB, a request 1 MiB, a record of a source 4 MiB.
const EVENT: [usize; 3] = [64 * KIB, 128 * KIB, 256 * KIB];
const REQUEST: [usize; 5] = [64 * KIB, 128 * KIB, 256 * KIB, 512 * KIB, 1024 * KIB];
const RECORD: [usize; 4] = [512 * KIB, 1024 * KIB, 2048 * KIB, 4096 * KIB];

/// Where bytes are only copied, two doublings at once: allocators have steps of their own.
const COPIED: [usize; 2] = [1024 * KIB, 4096 * KIB];

/// Something of a size that is read.
struct Shape {
    name: &'static str,
    sizes: &'static [usize],
    adapter: Option<&'static str>,
    make: fn(usize) -> Input,
}

enum Input {
    Record(Vec<Header>, Vec<u8>),
    Request(&'static str, Vec<u8>),
}

const GOOD: &str = r#""type":"tasuki.profile.changed.v1","person":{"lead_id":"a"},"profile":{"b":1}"#;

/// A good event with one more member, whose value is `piece`s between `begin` and `end`.
fn event(size: usize, begin: &str, piece: &str, end: &str) -> Input {
    let frame = GOOD.len() + begin.len() + end.len() + 16;
    let times = (size - frame) / piece.len();
    Input::Record(
        Vec::new(),
        format!("{{{GOOD},\"x\":{begin}{}{end}}}", piece.repeat(times)).into_bytes(),
    )
}

/// One shape of an event.
macro_rules! event {
    ($name:literal, $begin:literal, $piece:literal, $end:literal) => {
        Shape {
            name: $name,
            sizes: &EVENT,
            adapter: None,
            make: |size| event(size, $begin, $piece, $end),
        }
    };
}

/// Events in every shape that JSON can have.
fn events() -> Vec<Shape> {
    vec![
        Shape {
            name: "brackets without end",
            sizes: &EVENT,
            adapter: None,
            make: |size| Input::Record(Vec::new(), b"[".repeat(size)),
        },
        Shape {
            name: "lists 100 deep",
            sizes: &EVENT,
            adapter: None,
            make: |size| event(size, "[0", &format!(",{}{}", "[".repeat(100), "]".repeat(100)), "]"),
        },
        event!("a long list", "[0", ",0", "]"),
        event!("many members", "{\"a\":0", ",\"abcdef\":0", "}"),
        event!("the same members of the event", "0", ",\"profile\":{\"c\":2}", ""),
        event!("attributes of the same name", "0,\"profile\":{\"c\":0", ",\"c\":0", "}"),
        event!("attributes of no use", "0,\"profile\":{\"c\":0", ",\"d\":[]", "}"),
        event!("one long number", "", "7", ""),
        event!("a long text", "\"", "abcdefgh", "\""),
        event!("escapes", "\"", "\\n\\u00e9\\ud83d\\ude00", "\""),
        event!("text of three bytes a letter", "\"", "株式会社", "\""),
        event!("a message to be cut", "0,\"message\":\"", "\\t \u{3000}ﬃ", "\""),
        event!("white space", "0", "  \n\t", ""),
    ]
}

/// Records with headers, requests, payloads of platforms.
fn others() -> Vec<Shape> {
    let request = |name, make| Shape {
        name,
        sizes: &REQUEST,
        adapter: None,
        make,
    };
    let record = |name, make| Shape {
        name,
        sizes: &RECORD,
        adapter: None,
        make,
    };
    let payload = |name, adapter, make| Shape {
        name,
        sizes: &EVENT,
        adapter: Some(adapter),
        make,
    };
    vec![
        record("many headers", |size| headers(size, "h")),
        record("many headers of one event", |size| headers(size, "ce_x")),
        Shape {
            name: "a record that is too large",
            sizes: &COPIED,
            adapter: None,
            make: |size| Input::Record(Vec::new(), vec![b'x'; size]),
        },
        request("a batch of events", batch),
        request("one event in a batch", |size| {
            let event = format!(r#"[{{"specversion":"1.0","x":"{}"}}]"#, "y".repeat(size - 64));
            Input::Request("application/cloudevents-batch+json", event.into_bytes())
        }),
        payload("a payload of many records", "marketo", |size| {
            list(size, r#"{"activityTypeId":99}"#)
        }),
        payload("a payload of many follow-ups", "hubspot", |size| {
            list(
                size,
                r#"{"subscriptionType":"contact.propertyChange","propertyName":"hs_lead_status","propertyValue":"CONNECTED","objectId":1,"occurredAt":1}"#,
            )
        }),
        payload("many leads beside many members", "salesforce", |size| {
            let (ids, members) = (r#""a","#.repeat(size / 14), r#""b":0,"#.repeat(size / 20));
            let whole = format!(
                r#"{{{members}"ChangeEventHeader":{{"entityName":"Lead","changeType":"UPDATE","recordIds":[{ids}"a"]}},{members}"c":0}}"#
            );
            Input::Record(Vec::new(), whole.into_bytes())
        }),
        payload("a submission of many values", "hubspot-forms", |size| {
            let values = r#"{"name":"a","value":"b"},"#.repeat(size / 25 - 4);
            let whole = format!(r#"{{"submittedAt":1,"values":[{values}{{}}]}}"#);
            Input::Record(Vec::new(), whole.into_bytes())
        }),
    ]
}

fn headers(size: usize, name: &str) -> Input {
    let each = |number| (format!("{name}{number:06}"), Some(b"value".to_vec()));
    let mut headers: Vec<Header> = [("specversion", "1.0"), ("id", "1"), ("source", "/s")]
        .map(|(name, value)| (format!("ce_{name}"), Some(value.as_bytes().to_vec())))
        .to_vec();
    headers.extend((0..size / 13).map(each));
    Input::Record(headers, b"{}".to_vec())
}

fn batch(size: usize) -> Input {
    let event = format!(r#"{{"specversion":"1.0","id":"1","source":"/s","data":{{}},{GOOD}}},"#);
    let events = event.repeat(size / event.len() - 1);
    let body = format!("[{}]", events.trim_end_matches(','));
    Input::Request("application/cloudevents-batch+json", body.into_bytes())
}

fn list(size: usize, item: &str) -> Input {
    let items = format!("{item},").repeat(size / (item.len() + 1) - 1);
    Input::Record(Vec::new(), format!("[{}]", items.trim_end_matches(',')).into_bytes())
}

/// Reads an input as the service does: a record up to the journal and back, a bad one up to the dead
/// letters and back.
fn read(source: &SourceContext, key: &LeadKey, input: &Input) {
    match input {
        Input::Record(headers, value) => through(source, key, headers.clone(), value.clone()),
        Input::Request(kind, body) => {
            let mut headers = HeaderMap::new();
            headers.insert("content-type", HeaderValue::from_static(kind));
            for new in records_of(&headers, body.clone()).unwrap() {
                through(source, key, new.headers, new.value.unwrap());
            }
        }
    }
}

fn through(source: &SourceContext, key: &LeadKey, headers: Vec<Header>, value: Vec<u8>) {
    let record = Record {
        offset: 1,
        time: Instant::from_millis(0),
        key: None,
        value: Some(value),
        headers,
    };
    let contents = translate(source, key, &record).contents;
    let entries = (0..).zip(contents).map(|(index, content)| Entry {
        position: Position { offset: 1, index },
        content,
    });
    let facts = JournalRecord::Facts(Packed {
        translation: 1,
        turnover: 0,
        source: SourcePartition {
            topic: source.topic_id,
            partition: 0,
        },
        role: source.role,
        entries: entries.collect(),
    });
    let JournalRecord::Facts(facts) = journal::decode(&journal::encode(&facts)).unwrap() else {
        return;
    };
    for entry in facts.entries {
        if let Content::Rejected { rejection, original } = entry.content {
            let letter = dead_letter(&original, &rejection, 0, 1);
            let read = Record {
                value: letter.value,
                headers: letter.headers,
                ..record.clone()
            };
            assert!(read_dead_letter(read).is_some());
        }
    }
}

/// The median of some runs, in microseconds; a run is as many readings as take a millisecond. What
/// may outgrow the processor's caches is read once, from caches that hold nothing of it: else a size
/// that just fits into one would make the next look worse than it is.
fn time(input: &Input, cold: bool, read: &dyn Fn(&Input)) -> f64 {
    let elsewhere = vec![1_u8; if cold { CACHES } else { 64 }];
    let begun = Watch::now();
    read(input);
    let often = (1_000 / begun.elapsed().as_micros().max(1)).clamp(1, 100) as u32;
    let times = if cold { 1 } else { often };
    let mut runs: Vec<f64> = (0..RUNS)
        .map(|_| {
            assert!(elsewhere.iter().step_by(64).all(|byte| *byte == 1));
            let begun = Watch::now();
            (0..times).for_each(|_| read(input));
            begun.elapsed().as_secs_f64() * 1e6 / f64::from(times)
        })
        .collect();
    runs.sort_by(f64::total_cmp);
    runs[RUNS / 2]
}

/// The lowest of some ratios, or the first that holds, and the times it comes from; `doublings` lie
/// between the two.
fn ratio(doublings: f64, time: impl Fn(usize) -> f64) -> (f64, f64, f64) {
    let mut lowest = (f64::INFINITY, 0.0, 0.0);
    for _ in 0..ATTEMPTS {
        let [once, twice] = [time(0), time(1)];
        let ratio = (twice / once).powf(1.0 / doublings);
        if ratio < lowest.0 {
            lowest = (ratio, once, twice);
        }
        if lowest.0 <= RATIO_MAX {
            break;
        }
    }
    lowest
}

#[test]
#[ignore = "it is timed: bench/linear runs it"]
#[expect(clippy::print_stdout, reason = "bench/linear shows it")]
fn twice_the_bytes_take_at_most_2_3_times_the_time() {
    let key = LeadKey::derive("tasuki");
    let mut wrong = Vec::new();
    for shape in events().into_iter().chain(others()) {
        let source = SourceContext {
            topic: "some.topic".to_owned(),
            topic_id: [7; 16],
            partition: 0,
            role: Role::Inbox,
            types: None,
            ignore_unknown_types: false,
            adapter: shape.adapter.map(|name| Adapter::load(name).unwrap()),
            hooks: Hooks::default(),
        };
        let inputs: Vec<Input> = shape.sizes.iter().map(|size| (shape.make)(*size)).collect();
        for (pair, sizes) in inputs.windows(2).zip(shape.sizes.windows(2)) {
            let doublings = f64::from((sizes[1] / sizes[0]).max(2).ilog2());
            let cold = sizes[1] > 1024 * KIB;
            let (ratio, once, twice) = ratio(doublings, |at| {
                time(&pair[at], cold, &|input| read(&source, &key, input))
            });
            let [from, to] = [sizes[0], sizes[1]].map(|size| size.div_ceil(KIB));
            let line = format!(
                "{:32} {from:5} → {to:4} KiB: {once:8.0} → {twice:8.0} µs, {ratio:.2}",
                shape.name
            );
            println!("{line}");
            if ratio > RATIO_MAX {
                wrong.push(line);
            }
        }
    }
    assert!(wrong.is_empty(), "more than {RATIO_MAX} times:\n{}", wrong.join("\n"));
}
