//! Feature: HTTP protocol binding, of the published conformance tests
//! (features/http-protocol-binding.feature), asked of a running service; and what the same service
//! gives out, read by the SDK in both modes.
//!
//! The scenarios' type is none that Tasuki takes. So each is sent as it stands, and refused for its
//! type alone, which is looked at after the attributes; and with a type and data of ours, and then
//! found in the inbox with the attributes of the scenario.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use cloudevents::{AttributesReader as _, Data, Event};
use serde_json::{Value, json};
use tasuki::clock::Clock;
use tasuki::log::local::LocalLog;
use tasuki::log::{Found, Isolation, Log as _, Place, ReadLimit, Record};

use super::process::{Folder, Tasuki, stream, variables};
use super::{binding, expected, parsed, structured};

const SCENARIOS_TYPE: &str = "com.example.someevent";
const SCENARIOS_DATA: &str = r#"{"message": "Hello World!"}"#;
const TYPE: &str = "tasuki.form.submitted.v1";
const DATA: &str = r#"{"person": {"email": "mia@example.de"}, "form": "demo-request", "profile": {"employees": 450}}"#;
/// What a demo request of today leads to: a new lead, its qualification, and a handoff. The
/// scenarios' is too old to count, and leads to no more than a lead.
const OUTPUTS: [(&str, usize); 2] = [("leads.lifecycle", 3), ("sales.handoffs.enterprise", 1)];
const WAIT: Duration = Duration::from_secs(30);

/// A request of the scenarios: its headers behind `Host`, and its body.
type Request = (String, String);

/// How a request is made of a content type, an event's type and its data.
type Outline = fn(&str, &str, &str) -> Request;

/// Scenario Outline: Binary content mode (<contentType>)
fn binary_content_mode(content_type: &str, kind: &str, data: &str) -> Request {
    let headers = format!(
        "ce-specversion: 1.0\r\nce-type: {kind}\r\nce-time: 2018-04-05T03:56:24Z\r\nce-id: 1234-1234-1234\r\n\
         ce-source: /mycontext/subcontext\r\nContent-Type: {content_type}\r\n"
    );
    (headers, data.to_owned())
}

/// Scenario Outline: Structured content mode (<contentType>)
fn structured_content_mode(content_type: &str, kind: &str, data: &str) -> Request {
    (format!("Content-Type: {content_type}\r\n"), structured(kind, data))
}

/// Each example of each outline: how it is made, its content type, and that of its data.
const SCENARIOS: [(Outline, &str, &str); 4] = [
    (binary_content_mode, "application/json", "application/json"),
    (
        binary_content_mode,
        "application/json; charset=utf-8",
        "application/json; charset=utf-8",
    ),
    (
        structured_content_mode,
        "application/cloudevents+json",
        "application/json",
    ),
    (
        structured_content_mode,
        "application/cloudevents+json; charset=utf-8",
        "application/json",
    ),
];

/// Status and body of a request.
fn post(port: u16, (headers, body): &Request) -> (u16, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(WAIT)).unwrap();
    let length = body.len();
    let request = format!(
        "POST /events HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), body.to_owned())
}

/// Quotes, backslashes and percent signs of older and newer senders, all of the same id.
const SPELLED: [&str; 3] = [
    r"ce-id: Euro%20%E2%82%AC%20%22\%22",
    r#"ce-id: "Euro %E2%82%AC \"\\\"""#,
    r"ce-id: %45uro%20%e2%82%ac%20%22%5C%22",
];
const MEANT: &str = r#"Euro € "\""#;

#[test]
fn the_scenarios_of_http_hold_and_the_sdk_reads_what_goes_out() {
    let folder = Folder::new("cloudevents");
    let data = folder.path("data");
    let settings = variables(&[("LOG", "local"), ("LOCAL__PATH", data.to_str().unwrap())]);
    let mut tasuki = Tasuki::start(&folder, "tasuki", &settings);
    tasuki.wait_ready(4);
    let (headers, body) = binary_content_mode("application/json", TYPE, DATA);
    let headers = headers
        .replace("ce-time: 2018-04-05T03:56:24Z\r\n", "")
        .replace("1234-1234-1234", "today");
    assert_eq!(post(tasuki.port(), &(headers, body.replace("mia", "yuki"))).0, 202);
    scenarios_are_answered(tasuki.port());
    spellings_are_answered(tasuki.port());
    let streamed = OUTPUTS.map(|(topic, count)| (topic, outputs(tasuki.port(), topic, count)));
    tasuki.stop();
    let log = LocalLog::open(&data, Clock::machine()).unwrap();
    let inbox = records(&log, "tasuki.inbox");
    let (scenarios, spelled) = inbox[1..].split_at(SCENARIOS.len());
    scenarios_are_stored(scenarios);
    spellings_are_stored(spelled);
    for (topic, events) in streamed {
        let records = records(&log, topic);
        let binary = records.iter().map(event);
        let said = |event: Event| said(&event, topic);
        let events: Vec<_> = events.into_iter().map(said).collect();
        assert_eq!(events, binary.map(said).collect::<Vec<_>>());
    }
}

fn scenarios_are_answered(port: u16) {
    for (request, content_type, _) in SCENARIOS {
        let (status, body) = post(port, &request(content_type, SCENARIOS_TYPE, SCENARIOS_DATA));
        let problem: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, &problem["reason"]), (422, &json!("unknown-type")), "{body}");
        let accepted = post(port, &request(content_type, TYPE, DATA));
        assert_eq!(accepted, (202, r#"{"accepted":1}"#.to_owned()));
    }
}

fn scenarios_are_stored(scenarios: &[Record]) {
    let form: Value = serde_json::from_str(DATA).unwrap();
    for (record, (_, _, data_content_type)) in scenarios.iter().zip(SCENARIOS) {
        let found = parsed(&record.headers, record.value.as_ref().unwrap());
        assert_eq!(found, expected(TYPE, data_content_type, form.clone()));
    }
}

/// An id in every spelling, with an extension.
fn spellings_are_answered(port: u16) {
    let (headers, body) = binary_content_mode("application/json", TYPE, DATA);
    for spelled in SPELLED {
        let headers = headers.replace("ce-id: 1234-1234-1234", spelled);
        let accepted = post(port, &(headers + "ce-partitionkey: a%20b\r\n", body.clone()));
        assert_eq!(accepted.0, 202, "{spelled}: {}", accepted.1);
    }
    let overlong = headers.replace("1234-1234-1234", "%C0%A0");
    assert_eq!(post(port, &(overlong, body)).0, 400);
}

fn spellings_are_stored(spelled: &[Record]) {
    assert_eq!(spelled.len(), SPELLED.len());
    let extension = ("ce_partitionkey".to_owned(), Some(b"a b".to_vec()));
    for record in spelled {
        let event = parsed(&record.headers, record.value.as_ref().unwrap());
        assert_eq!(event.attributes[0].1, MEANT);
        assert!(record.headers.contains(&extension), "{:?}", record.headers);
    }
}

/// What the SDK reads in a record.
fn event(record: &Record) -> Event {
    binding::event(&record.headers, record.value.as_ref().unwrap())
}

/// The outputs of a topic as `GET /outputs/<topic>` streams them, read by the SDK.
fn outputs(port: u16, topic: &str, count: usize) -> Vec<Event> {
    let until = Instant::now() + WAIT;
    loop {
        let lines = stream(port, topic, 0);
        if lines.len() == count {
            return lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        }
        assert!(Instant::now() < until, "{topic}: {lines:?}");
    }
}

/// All that an event says, as text; what the attributes must be is looked at on the way.
fn said(event: &Event, topic: &str) -> BTreeMap<String, String> {
    let mut said: BTreeMap<String, String> = event
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_string()))
        .filter(|(name, value)| name != "topic" || value != topic)
        .collect();
    let data: Value = match event.data().unwrap() {
        Data::Json(data) => data.clone(),
        Data::Binary(bytes) => serde_json::from_slice(bytes).unwrap(),
        Data::String(text) => panic!("{text}"),
    };
    assert_eq!(event.source().as_str(), "/tasuki/local");
    assert_eq!(event.subject(), data["lead"].as_str());
    assert_eq!(event.datacontenttype(), Some("application/json"));
    assert!(said["causationid"].starts_with("/mycontext/subcontext#"));
    assert_eq!(said["sequence"].len(), 20);
    assert!(said["tasukishard"].parse::<u32>().is_ok_and(|shard| shard < 4));
    said.insert("data".to_owned(), data.to_string());
    said
}

/// Every committed record of a topic, in order.
fn records(log: &LocalLog, topic: &str) -> Vec<Record> {
    let info = log.topics(&[topic]).unwrap().pop().flatten().unwrap();
    let limit = ReadLimit {
        records_max: 1_000,
        bytes_max: 16 << 20,
    };
    let mut records = Vec::new();
    for partition in 0..info.partitions {
        let place = Place::new(topic, partition);
        let (start, _) = log.bounds(&place).unwrap();
        let mut reader = log.reader(&place, start, Isolation::Committed).unwrap();
        match reader.read(limit, Duration::ZERO).unwrap() {
            Found::Records(found) => records.extend(found),
            Found::Trimmed(at) => panic!("trimmed up to {at}"),
        }
    }
    records
}
