//! No metric is there for show: each is moved here by the thing it tells of.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    dead_code,
    reason = "a test program may panic, and uses a part of what is shared"
)]

mod support;

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use support::deployment::{Deployment, POLICY, document, open_local};
use tasuki::app::{Adapters, Ground, Service, Site};
use tasuki::audit::{self, Auditor};
use tasuki::clock::{Clock, Now};
use tasuki::log::{Log, Membership, NewRecord, Place, ReadLimit};
use tasuki::settings::Settings;
use tasuki::telemetry::metrics::Metrics;
use tasuki::wire::policy_file;

/// Time that goes only where the test lets it go.
struct Hands {
    now: Now,
}

impl Hands {
    fn pass(&mut self, millis: i64) -> Now {
        self.now.time = self.now.time.plus_millis(millis);
        self.now.running_ms += millis;
        self.now
    }
}

fn event(id: &str, kind: &str, data: &Value) -> Value {
    let mut event = json!({"type": format!("tasuki.{kind}.v1"), "id": id, "source": "test"});
    for (name, value) in data.as_object().unwrap() {
        event[name] = value.clone();
    }
    event
}

fn events() -> Vec<Value> {
    let person = |number: u32| json!({"email": format!("p{number}@example.com")});
    let form = |number: u32| json!({"person": person(number), "form": "demo-request", "profile": {"employees": 500, "list": []}});
    let follow_up = json!({"person": person(1), "outcome": "contacted"});
    let attributes = |from: u32| {
        (from..from + 40)
            .map(|number| (format!("a{number}"), json!(1)))
            .collect::<serde_json::Map<_, _>>()
    };
    let bot = json!({"person": person(5), "activity": "page_viewed", "is_bot": true});
    let old = json!({"person": person(6), "form": "demo-request", "occurred_at": "2020-01-01T00:00:00Z"});
    vec![
        event("1", "form.submitted", &form(1)),
        event("1", "form.submitted", &form(1)),
        event("2", "form.submitted", &form(2)),
        event("3", "form.submitted", &form(3)),
        event("4", "follow-up.recorded", &follow_up),
        event("5", "engagement.recorded", &bot),
        event("6", "lead.erased", &json!({"person": person(6)})),
        event("7", "form.submitted", &old),
        event("8", "no.such", &json!({})),
        // More than one lead may have.
        event(
            "9",
            "profile.changed",
            &json!({"person": person(1), "profile": attributes(0)}),
        ),
        event(
            "10",
            "profile.changed",
            &json!({"person": person(1), "profile": attributes(40)}),
        ),
    ]
}

/// What has moved: the described metrics with a value other than zero.
fn moved(metrics: &Metrics) -> BTreeSet<String> {
    let text = metrics.render().unwrap();
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    let nonzero = samples.filter(|line| line.rsplit(' ').next() != Some("0"));
    let names: BTreeSet<&str> = nonzero.map(|line| line.split(['{', ' ']).next().unwrap()).collect();
    let described = metrics.described().iter().map(|metric| metric.name.clone());
    described
        .filter(|name| {
            names
                .iter()
                .any(|sample| *sample == name || *sample == format!("{name}_count"))
        })
        .collect()
}

/// Sources, journal, decisions, restore: turned by hand.
fn loops_by_hand() -> BTreeSet<String> {
    let directory = tempfile::tempdir().unwrap();
    let mut hands = Hands {
        now: Now {
            time: Clock::machine().now(),
            running_ms: 0,
        },
    };
    let clock = Clock::machine();
    let few = POLICY.replace("capacity = 1000", "capacity = 1");
    let log = Arc::new(open_local(directory.path(), &clock));
    let mut deployment = Deployment::new(log.clone(), clock.clone(), 4, &few);
    deployment.patience_ms = 500;
    deployment.erase_within_ms = 100;
    deployment.batch = ReadLimit {
        records_max: 3,
        bytes_max: 1 << 20,
    };
    deployment.send(&events());
    let mut intake = deployment.intake();
    for _ in 0..20 {
        intake.step(hands.pass(100)).unwrap();
    }
    let mut worker = deployment.worker("w");
    let mut seen = BTreeSet::new();
    for _ in 0..60 {
        intake.step(hands.pass(1_000)).unwrap();
        worker.step(hands.pass(5_000)).unwrap();
        seen.extend(moved(&deployment.watch.metrics));
    }
    lose_records(&deployment, log.as_ref(), intake, &mut hands);
    seen.extend(moved(&deployment.watch.metrics));
    pause_a_source(&mut deployment, &mut hands);
    seen.extend(moved(&deployment.watch.metrics));
    audit_a_foreign_record(&deployment);
    seen.extend(moved(&deployment.watch.metrics));
    // The worker's next transaction fails.
    drop(deployment.log.transactor("w").unwrap());
    // A member that takes partitions and reads nothing: nobody reports them.
    let _idle = idle_member(&deployment);
    let mut intake = deployment.intake();
    for _ in 0..60 {
        intake.step(hands.pass(1_000)).unwrap();
        worker.step(hands.pass(5_000)).unwrap();
        std::thread::sleep(Duration::from_millis(30));
    }
    seen.extend(moved(&deployment.watch.metrics));
    seen
}

/// Records that are deleted before they were read.
fn lose_records(deployment: &Deployment, log: &dyn Log, intake: tasuki::intake::Intake, hands: &mut Hands) {
    intake.close();
    deployment.send(&events());
    let inbox = Place::new(&deployment.names.inbox(), 0);
    let (_, end) = log.bounds(&inbox).unwrap();
    log.trim(&inbox, end).unwrap();
    let mut intake = deployment.intake();
    for _ in 0..10 {
        intake.step(hands.pass(1_000)).unwrap();
    }
    intake.close();
}

/// A source of nothing but bad records.
fn pause_a_source(deployment: &mut Deployment, hands: &mut Hands) {
    deployment.guard.records = 5;
    deployment.send(&[json!({}), json!({}), json!({}), json!({}), json!({})]);
    let mut intake = deployment.intake();
    for _ in 0..10 {
        intake.step(hands.pass(1_000)).unwrap();
    }
    intake.close();
}

/// A record in an output topic that is none of ours.
fn audit_a_foreign_record(deployment: &Deployment) {
    let plan = audit::Plan {
        names: deployment.names.clone(),
        instance: "a".to_owned(),
    };
    let mut auditor = Auditor::new(deployment.log.clone(), plan, deployment.watch.metrics.clone());
    let mut appender = deployment.log.appender().unwrap();
    appender.append("sales.sla", Some(0), &NewRecord::default()).unwrap();
    while appender.poll(Duration::from_millis(10)).unwrap().is_empty() {}
    for _ in 0..5 {
        auditor.step(deployment.clock.read()).unwrap();
    }
    auditor.close();
}

fn idle_member(deployment: &Deployment) -> Box<dyn tasuki::log::Consumer> {
    let membership = Membership {
        group: deployment.names.intake_group(),
        topics: vec![deployment.names.inbox()],
        instance: None,
        committed_only: true,
    };
    let mut member = deployment.log.consumer(&membership).unwrap();
    member
        .poll(
            ReadLimit {
                records_max: 1,
                bytes_max: 1,
            },
            Duration::ZERO,
        )
        .unwrap();
    member
}

/// The service as it runs, with HTTP, its promise short enough to be broken.
fn service_over_http() -> BTreeSet<String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_str().unwrap().to_owned();
    let variables = [
        ("TASUKI__LOCAL__PATH", &*path),
        ("TASUKI__HOOKS__crm__ROLE", "engagement"),
        ("TASUKI__HOOKS__crm__SIGNATURE", "mautic"),
        ("TASUKI__HOOKS__crm__SECRET", "a secret"),
    ];
    let settings = Settings::layered(&[], &variables.map(|(name, text)| (name.into(), text.into()))).unwrap();
    let document = document(&POLICY.replace("within = \"1h\"", "within = \"1s\""));
    let policy = policy_file::compile(&document).unwrap();
    let clock = Clock::machine();
    let log = tasuki::app::open_local(&settings, &policy, &clock).unwrap();
    let ground = Ground {
        settings,
        policy: (document, policy),
        adapters: Adapters::default(),
        log,
        clock,
    };
    let service = Service::start(&ground).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let site = Site::of(&service, &ground.settings);
    let router = tasuki::http::router(Arc::new(site), Site::options(&ground));
    runtime.spawn(tasuki::http::serve(listener, router, std::future::pending()));
    let mut seen = BTreeSet::new();
    for event in events() {
        post(address, "/events", &event);
    }
    // A webhook that is not signed.
    post(address, "/hooks/crm", &json!([]));
    while !moved(&service.watch.metrics).contains("tasuki_handoffs_total") {
        std::thread::sleep(Duration::from_millis(20));
    }
    post(
        address,
        "/events",
        &event(
            "9",
            "follow-up.recorded",
            &json!({"person": {"email": "p2@example.com"}, "outcome": "contacted"}),
        ),
    );
    for _ in 0..50 {
        std::thread::sleep(Duration::from_millis(100));
        seen.extend(moved(&service.watch.metrics));
    }
    assert!(service.stop());
    seen
}

fn post(address: std::net::SocketAddr, path: &str, event: &Value) {
    let body = event.to_string();
    let length = body.len();
    let mut stream = TcpStream::connect(address).unwrap();
    let head = "HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json";
    write!(stream, "POST {path} {head}\r\ncontent-length: {length}\r\n\r\n{body}").unwrap();
    stream.read_to_string(&mut String::new()).unwrap();
}

#[test]
fn every_metric_is_moved_by_what_it_tells_of() {
    let mut seen = loops_by_hand();
    seen.extend(service_over_http());
    let metrics = Metrics::new().unwrap();
    let described: BTreeSet<String> = metrics.described().iter().map(|metric| metric.name.clone()).collect();
    let unmoved: Vec<&String> = described.difference(&seen).collect();
    assert!(unmoved.is_empty(), "no test moves {unmoved:?}");
}
