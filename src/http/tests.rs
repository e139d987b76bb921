//! Requests over a loopback port, answers compared.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;

use super::*;
use crate::domain::event::{RejectReason, Rejection};
use crate::domain::journal::{Original, Role};
use crate::domain::time::Instant;
use crate::wire::outputs;
use crate::wire::translate::Hooks;

#[derive(Default)]
pub(super) struct Fake {
    pub(super) inbox: Mutex<Vec<NewRecord>>,
    pub(super) refuses: bool,
    pub(super) not_live: Option<String>,
    pub(super) answers: Mutex<Vec<Answer>>,
    pub(super) hook_answers: Mutex<Vec<(String, HookAnswer)>>,
}

impl Service for Fake {
    fn append(&self, records: Vec<NewRecord>) -> Pending<Result<(), String>> {
        if self.refuses {
            return Box::pin(async { Err("disk full".to_owned()) });
        }
        self.inbox.lock().unwrap().extend(records);
        Box::pin(async { Ok(()) })
    }

    fn liveness(&self) -> Result<(), String> {
        self.not_live.clone().map_or(Ok(()), Err)
    }

    fn readiness(&self) -> Result<(), String> {
        Err("partition 3 is being restored".to_owned())
    }

    fn metrics(&self) -> String {
        "tasuki_leads 0\n".to_owned()
    }

    fn answered(&self, answer: Answer) {
        self.answers.lock().unwrap().push(answer);
    }

    fn release(&self, source: &str) -> bool {
        source == "crm.activities"
    }

    fn hook_answered(&self, hook: &str, answer: HookAnswer) {
        self.hook_answers.lock().unwrap().push((hook.to_owned(), answer));
    }

    fn outputs(&self, topic: &str, from: u64, max: usize) -> Option<Vec<Record>> {
        let record = |offset: u64| Record {
            offset,
            time: Instant::from_millis(0),
            key: None,
            value: Some(b"{}".to_vec()),
            headers: vec![
                ("ce_specversion".to_owned(), Some(b"1.0".to_vec())),
                ("ce_id".to_owned(), Some(offset.to_string().into_bytes())),
            ],
        };
        let dead_letter = |offset: u64| {
            let original = Original {
                topic: "tasuki.inbox".to_owned(),
                partition: 0,
                offset,
                time: Instant::from_millis(0),
                key: None,
                value: Some([b"{\r\n \"id\": 5}".to_vec(), b"no \"json\" \xff".to_vec()][offset as usize].clone()),
                headers: vec![("ce_specversion".to_owned(), Some(b"1.0".to_vec()))],
            };
            let rejection = Rejection {
                reason: RejectReason::UnknownHandoff,
                detail: "in words".to_owned(),
            };
            let letter = outputs::dead_letter(&original, &rejection, 3, 40 + offset);
            Record {
                offset,
                time: Instant::from_millis(1_000),
                key: letter.key,
                value: letter.value,
                headers: letter.headers,
            }
        };
        match topic {
            "sales.sla" => Some((from..5).take(max).map(record).collect()),
            "tasuki.dead-letters" => Some((from..2).take(max).map(dead_letter).collect()),
            _ => None,
        }
    }
}

pub(super) fn options(token: Option<&str>) -> Options {
    Options {
        token: token.map(str::to_owned),
        body_bytes_max: 1 << 20,
        rate: rate(1_000),
        hooks: BTreeMap::new(),
        inbox: SourceContext {
            topic: "tasuki.inbox".to_owned(),
            topic_id: [1; 16],
            partition: 0,
            role: Role::Inbox,
            types: None,
            ignore_unknown_types: false,
            adapter: None,
            hooks: Hooks::default(),
        },
        lead_key: LeadKey::derive("tasuki"),
        clock: Clock::machine(),
        deployment: "test".to_owned(),
        serves_outputs: true,
    }
}

pub(super) fn rate(number: u32) -> Rate {
    let number = number.try_into().unwrap();
    Rate {
        per_second: number,
        burst: number,
    }
}

/// Serves `fake` until the runtime ends.
async fn served(fake: Arc<Fake>, token: Option<&str>) -> SocketAddr {
    served_with(fake, options(token)).await
}

pub(super) async fn served_with(fake: Arc<Fake>, options: Options) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = router(fake, options);
    tokio::spawn(serve(listener, routes, std::future::pending()));
    address
}

/// Sends a request as it stands and reads until `enough` is in the answer, or to its end.
pub(super) async fn ask(address: SocketAddr, request: String, enough: &'static str) -> String {
    let asking = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = stream.read(&mut buffer) {
            answer.extend_from_slice(&buffer[..length]);
            if !enough.is_empty() && String::from_utf8_lossy(&answer).contains(enough) {
                break;
            }
        }
        String::from_utf8(answer).unwrap()
    });
    asking.await.unwrap()
}

pub(super) fn request(line: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}")
}

/// Status and body of a `POST /events`.
async fn post_events(fake: &Arc<Fake>, headers: &str, body: &str) -> (u16, String) {
    let address = served(fake.clone(), None).await;
    split(&ask(address, request("POST /events", headers, body), "").await)
}

async fn get_path(fake: &Arc<Fake>, path: &str) -> (u16, String) {
    let address = served(fake.clone(), None).await;
    split(&ask(address, request(&["GET ", path].concat(), "", ""), "").await)
}

pub(super) fn split(answer: &str) -> (u16, String) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), body.to_owned())
}

#[track_caller]
pub(super) fn refused((status, body): (u16, String), expected: u16, reason: &str) -> serde_json::Value {
    let problem: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, problem["reason"].as_str()), (expected, Some(reason)), "{body}");
    problem
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_done_in_time_is_a_problem_as_any_other() {
    let never = Router::new()
        .route("/", get(std::future::pending::<()>))
        .layer(middleware::from_fn_with_state(Duration::from_millis(10), in_time));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, never, std::future::pending()));
    let answer = ask(address, request("GET /", "", ""), "").await;
    assert!(
        answer.contains("content-type: application/problem+json\r\n"),
        "{answer}"
    );
    assert!(answer.contains("retry-after: "), "{answer}");
    refused(split(&answer), 503, "unavailable");
}

const STRUCTURED: &str = "content-type: application/cloudevents+json; charset=utf-8\r\n";
const BATCH: &str = "content-type: application/cloudevents-batch+json\r\n";
const BARE: &str = "content-type: application/json\r\n";
const DATA: &str = r#"{"person":{"email":"canary@example.com"},"activity":"page_viewed"}"#;

fn event(id: &str) -> String {
    format!(r#"{{"specversion":"1.0","id":"{id}","source":"/w","type":"tasuki.engagement.recorded.v1","data":{DATA}}}"#)
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_every_mode_are_accepted_and_keyed_by_their_lead() {
    let fake = Arc::new(Fake::default());
    let accepted = |count: usize| (202, format!("{{\"accepted\":{count}}}"));
    assert_eq!(post_events(&fake, STRUCTURED, &event("1")).await, accepted(1));
    let batch = format!("[{},{}]", event("2"), event("3"));
    assert_eq!(post_events(&fake, BATCH, &batch).await, accepted(2));
    assert_eq!(post_events(&fake, BATCH, "[]").await, accepted(0));
    let bare = DATA.replacen('{', r#"{"type":"tasuki.engagement.recorded.v1","#, 1);
    assert_eq!(post_events(&fake, BARE, &bare).await, accepted(1));
    let binary =
        "ce-specversion: 1.0\r\nce-id: caf%C3%A9\r\nce-source: /w\r\nce-type: tasuki.engagement.recorded.v1\r\n";
    assert_eq!(post_events(&fake, &[binary, BARE].concat(), DATA).await, accepted(1));
    let inbox = fake.inbox.lock().unwrap();
    let lead = LeadKey::derive("tasuki")
        .by_email("canary@example.com")
        .digits()
        .to_vec();
    assert_eq!(inbox.len(), 5);
    assert!(inbox.iter().all(|record| record.key.as_ref() == Some(&lead)));
    assert!(inbox[4].headers.contains(&("ce_id".to_owned(), Some("café".into()))));
    assert_eq!(inbox[1].value, Some(event("2").into_bytes()));
    assert_eq!(fake.answers.lock().unwrap().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_used_is_refused_with_its_reason_and_not_stored() {
    let fake = Arc::new(Fake::default());
    refused(post_events(&fake, STRUCTURED, "{").await, 400, "not-json");
    refused(post_events(&fake, STRUCTURED, DATA).await, 400, "not-cloudevents");
    refused(post_events(&fake, BATCH, "{").await, 400, "not-json");
    refused(post_events(&fake, BATCH, "{}").await, 400, "not-cloudevents");
    refused(post_events(&fake, BARE, DATA).await, 422, "unknown-type");
    let both = ["ce-specversion: 1.0\r\n", STRUCTURED].concat();
    refused(post_events(&fake, &both, &event("1")).await, 400, "not-cloudevents");
    refused(post_events(&fake, "", DATA).await, 415, "unsupported-media-type");
    refused(
        post_events(&fake, "content-type: text/plain\r\nce-specversion: 1.0\r\n", DATA).await,
        415,
        "unsupported-media-type",
    );
    let bad = event("2").replace("canary@example.com", "");
    let problem = refused(
        post_events(&fake, BATCH, &format!("[{},{bad}]", event("1"))).await,
        422,
        "invalid-data",
    );
    assert_eq!(problem["index"], 1);
    assert_eq!(problem["status"], 422);
    let long = format!("\"{}\"", "x".repeat(256 * 1024));
    refused(post_events(&fake, STRUCTURED, &long).await, 413, "too-large");
    refused(
        post_events(&fake, STRUCTURED, &" ".repeat((1 << 20) + 1)).await,
        413,
        "too-large",
    );
    assert!(fake.inbox.lock().unwrap().is_empty());
    assert!(
        fake.answers
            .lock()
            .unwrap()
            .iter()
            .all(|answer| *answer == Answer::Refused)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_could_not_be_stored_is_not_accepted() {
    let fake = Arc::new(Fake {
        refuses: true,
        ..Fake::default()
    });
    refused(post_events(&fake, STRUCTURED, &event("1")).await, 503, "unavailable");
    assert_eq!(*fake.answers.lock().unwrap(), [Answer::Failed]);
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_say_why_not_and_need_no_token() {
    let fake = Arc::new(Fake {
        not_live: Some("the intake has not turned for 31 s".to_owned()),
        ..Fake::default()
    });
    let address = served(fake, Some("secret")).await;
    let live = ask(address, request("GET /livez", "", ""), "").await;
    assert_eq!(split(&live), (503, "the intake has not turned for 31 s\n".to_owned()));
    let ready = ask(address, request("GET /readyz", "", ""), "").await;
    assert_eq!(split(&ready), (503, "partition 3 is being restored\n".to_owned()));
    assert_eq!(
        get_path(&Arc::new(Fake::default()), "/livez").await,
        (200, "live\n".to_owned())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_else_needs_the_token_if_there_is_one() {
    let address = served(Arc::new(Fake::default()), Some("secret")).await;
    for (header, expected) in [
        ("", 401),
        ("authorization: Bearer wrong\r\n", 401),
        ("authorization: Basic secret\r\n", 401),
        ("authorization: Bearer secret\r\n", 200),
        ("authorization: bearer secret\r\n", 200),
    ] {
        let answer = ask(address, request("GET /metrics", header, ""), "").await;
        assert_eq!(split(&answer).0, expected, "{header}");
    }
    refused(
        split(&ask(address, request("POST /events", STRUCTURED, ""), "").await),
        401,
        "unauthorized",
    );
    refused(
        split(&ask(address, request("GET /outputs/sales.sla", "", ""), "").await),
        401,
        "unauthorized",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_source_is_released_by_its_name() {
    let fake = Arc::new(Fake::default());
    let address = served(fake, Some("secret")).await;
    for (topic, headers, status) in [
        ("crm.activities", "authorization: Bearer secret\r\n", 204),
        ("marketing.engagement", "authorization: Bearer secret\r\n", 404),
        ("crm.activities", "", 401),
    ] {
        let line = format!("POST /sources/{topic}/release");
        let (found, _) = split(&ask(address, request(&line, headers, ""), "").await);
        assert_eq!(found, status, "{topic}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_paths_and_methods_are_problems_too() {
    let fake = Arc::new(Fake::default());
    refused(get_path(&fake, "/nothing").await, 404, "not-found");
    refused(get_path(&fake, "/events").await, 405, "method-not-allowed");
    refused(get_path(&fake, "/outputs/tasuki.journal").await, 404, "not-found");
    refused(
        get_path(&fake, "/outputs/sales.sla?from=x").await,
        400,
        "invalid-offset",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn outputs_are_streamed_from_the_asked_offset_or_behind_the_last_one_seen() {
    let address = served(Arc::new(Fake::default()), None).await;
    let ids = |answer: &str| -> Vec<u64> {
        answer
            .lines()
            .filter_map(|line| line.strip_prefix("id: ")?.parse().ok())
            .collect()
    };
    let answer = ask(
        address,
        request("GET /outputs/sales.sla?from=2", "", ""),
        "\"id\":\"4\"",
    )
    .await;
    assert!(answer.contains("content-type: text/event-stream"), "{answer}");
    let data =
        r#"data: {"specversion":"1.0","id":"2","topic":"sales.sla","datacontenttype":"application/json","data":{}}"#;
    assert!(answer.contains(data), "{answer}");
    let answer = ask(
        address,
        request("GET /outputs/sales.sla?from=0", "last-event-id: 3\r\n", ""),
        "id: 4",
    )
    .await;
    assert_eq!(ids(&answer), [4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_streamed_with_their_reason_whatever_the_record_is() {
    let address = served(Arc::new(Fake::default()), None).await;
    let answer = ask(address, request("GET /outputs/tasuki.dead-letters", "", ""), "\u{fffd}").await;
    let letter = |number: u64, record: &str| {
        format!(
            r#"data: {{"specversion":"1.0","id":"dead-letter-3-{number}","source":"/tasuki/test","type":"tasuki.dead-letter.v1","time":"1970-01-01T00:00:01.000Z","tasukishard":"3","sequence":"000000000000000000{number}","topic":"tasuki.dead-letters","datacontenttype":"application/json","data":{{"reason":"unknown-handoff","detail":"in words","record":{record}}}}}"#
        )
    };
    assert!(answer.contains(&letter(40, r#"{   "id": 5}"#)), "{answer}");
    assert!(answer.contains(&letter(41, "\"no \\\"json\\\" \u{fffd}\"")), "{answer}");
}
