//! What is exported of a run, replayed, decides the same.
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

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use support::deployment::{Deployment, document, open_local};
use tasuki::clock::{Clock, Now};
use tasuki::domain::ids::LeadKey;
use tasuki::domain::journal::JournalRecord;
use tasuki::domain::time::Instant;
use tasuki::export::{ExportError, Exported, Span, export};
use tasuki::intake::Intake;
use tasuki::log::{NewRecord, Place};
use tasuki::names::Names;
use tasuki::replay::{Options, SavedState, replay};
use tasuki::shard::Worker;
use tasuki::wire::{journal, outputs, policy_file};

/// Small enough that leads queue, overflow, are refused and come back. Nothing is taken away by a
/// deadline: what that sets off begins at the deadline's instant in a replay, and in the service
/// when it is decided.
const POLICY: &str = r#"
version = 1
name = "tight"
[score]
forget_after_days = 90
[[score.engagement]]
rule = "demo"
form = ["demo"]
points = 40
half_life_days = 20
[[score.engagement]]
rule = "pages"
activity = ["page_viewed"]
target_prefix = ["/pricing"]
points = 7
at_most = 20
[[score.fit]]
rule = "big"
when = [{ attribute = "employees", at_least = 300 }]
points = 20
[qualify]
fit_at_least = 0
engagement_at_least = 38
requalify_after_days = 1
[[route]]
name = "big"
when = [{ attribute = "employees", at_least = 300 }]
team = "enterprise"
needs = ["ja"]
[[route]]
name = "all"
team = "inside"
[[team]]
id = "enterprise"
calendar = "office"
overflow = "inside"
[team.sla]
warn = "1h"
within = "2h"
escalate = "3h"
[[team]]
id = "inside"
calendar = "always"
[team.sla]
within = "5h"
[[rep]]
id = "ana"
team = "enterprise"
capacity = 1
skills = ["ja"]
[[rep]]
id = "ben"
team = "inside"
capacity = 2
skills = ["ja"]
[[rep]]
id = "cleo"
team = "inside"
weight = 2
capacity = 1
[[calendar]]
id = "office"
time_zone = "Asia/Tokyo"
hours = { mon = ["09:00-12:00", "13:00-18:00"], tue = ["09:00-18:00"], wed = ["09:00-18:00"], thu = ["09:00-18:00"], fri = ["09:00-18:00"] }
[[calendar]]
id = "always"
time_zone = "UTC"
always = true
[reject]
wrong-territory = "reassign"
competitor = "disqualify"
"#;

/// 2026-10-04, a Sunday.
const BEGIN_MS: i64 = 1_791_072_000_000;
const MINUTE_MS: i64 = 60_000;
/// Rounds after which nothing is on its way any more.
const ROUNDS: usize = 6;
const DECIDED: [&str; 5] = [
    "sales.handoffs.enterprise",
    "sales.handoffs.inside",
    "sales.sla",
    "marketing.feedback",
    "leads.lifecycle",
];

/// A service whose clock stands still while it works.
struct Run {
    deployment: Deployment,
    clock: Clock,
    now: Now,
    intake: Intake,
    worker: Worker,
}

impl Run {
    fn begin(directory: &std::path::Path) -> Self {
        let now = Now {
            time: Instant::from_millis(BEGIN_MS),
            running_ms: 0,
        };
        let clock = Clock::by_hand(now);
        let log = open_local(directory, &clock);
        log.ensure("sales.handoffs.enterprise", 6).unwrap();
        let deployment = Deployment::new(Arc::new(log), clock.clone(), 4, POLICY);
        Self {
            intake: deployment.intake(),
            worker: deployment.worker("w"),
            deployment,
            clock,
            now,
        }
    }

    fn settle(&mut self) {
        for _ in 0..ROUNDS {
            self.now.running_ms += 60;
            self.clock.set(self.now);
            self.intake.step(self.now).unwrap();
            self.worker.step(self.now).unwrap();
        }
    }

    /// What is due by now fires, then the events come.
    fn after(&mut self, minutes: i64, events: &[Value]) {
        self.now.time = self.now.time.plus_millis(minutes * MINUTE_MS);
        self.settle();
        if !events.is_empty() {
            self.deployment.send(events);
            self.settle();
        }
    }

    /// Some weeks of everything that happens.
    fn play(&mut self) {
        let mut draw = Draw(7);
        for number in 0..70 {
            let event = draw.event(number);
            let minutes = 1 + i64::from(draw.below(240));
            self.after(minutes, &[event]);
        }
        // Received twice, known as the same; no event; a follow-up on nothing.
        let mut again = Draw(7).event(0);
        again["note"] = "sent again".into();
        let stranger = json!({"type": "tasuki.follow-up.recorded.v1", "id": "s", "source": "crm",
                              "person": {"email": "stranger@b"}, "outcome": "won"});
        self.after(1, &[again, json!({"no": "type"}), stranger]);
        self.after(3 * 24 * 60, &[]);
    }

    /// Everything decided, by output id.
    fn decided(&self) -> BTreeMap<String, Value> {
        let lines = DECIDED.iter().flat_map(|topic| {
            let records = self.deployment.records(topic);
            let line = |record| outputs::structured(topic, record).unwrap();
            records.iter().map(line).collect::<Vec<_>>()
        });
        by_id(lines)
    }

    fn export(&self, span: Span) -> (Exported, Vec<u8>) {
        let mut lines = Vec::new();
        let exported = export(self.deployment.log.as_ref(), &self.deployment.names, span, &mut lines).unwrap();
        (exported, lines)
    }

    fn replay(&self, history: &[u8], loaded: Option<&SavedState>, ends: bool) -> (SavedState, Vec<u8>) {
        let policy = Arc::new(policy_file::compile(&document(POLICY)).unwrap());
        let options = Options {
            deployment: "local",
            until: ends.then_some(self.now.time),
        };
        let (mut input, mut output) = (history, Vec::new());
        let key = LeadKey::derive("tasuki");
        let replayed = replay((policy, &key), loaded, &mut input, &mut output, &options).unwrap();
        (replayed.save(), output)
    }
}

/// Made-up events of a few people.
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % u64::from(limit)) as u32
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u32) as usize]
    }

    fn event(&mut self, number: u32) -> Value {
        let person = json!({"email": format!("P{}@example.com ", self.below(7))});
        let (kind, mut event) = match self.below(12) {
            0..=3 => (
                "form.submitted",
                json!({"form": "Demo", "profile": {"employees": self.one(&[20, 500]), "company": "B \"& Ü\" AG"},
                       "campaign": {"source": "s", "name": format!("c{}", self.below(3))}, "message": "call\nme"}),
            ),
            4 => (
                "engagement.recorded",
                json!({"activity": "page_viewed", "target": "/pricing/x", "is_bot": self.below(4) == 0}),
            ),
            5 => (
                "profile.changed",
                json!({"profile": {"employees": self.one(&[10, 300]), "industry": null}}),
            ),
            6 => ("consent.changed", json!({"sales_contact": self.below(4) > 0})),
            7 if self.below(3) == 0 => ("lead.erased", json!({})),
            7 => (
                "rep.changed",
                json!({"rep": self.one(&["ana", "ben", "cleo"]), "available": self.below(3) > 0, "capacity": 1 + self.below(3)}),
            ),
            _ => (
                "follow-up.recorded",
                json!({"outcome": self.one(&["accepted", "contacted", "qualified", "won", "lost", "rejected", "recycled"]),
                       "reason": self.one(&["wrong-territory", "competitor", "other"]), "rep": "ana",
                       "amount": {"value": "12", "currency": "JPY"}}),
            ),
        };
        event["person"] = person;
        event["type"] = format!("tasuki.{kind}.v1").into();
        event["id"] = number.to_string().into();
        event["source"] = "crm".into();
        event
    }
}

fn by_id(lines: impl Iterator<Item = Vec<u8>>) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for line in lines.filter(|line| !line.is_empty()) {
        let mut event: Value = serde_json::from_slice(&line).unwrap();
        if event["type"] == "tasuki.dead-letter.v1" {
            continue;
        }
        // Which partition decided, and as which of its outputs, is another matter with one partition.
        let members = event.as_object_mut().unwrap();
        members.remove("tasukishard");
        members.remove("sequence");
        // A lead is forgotten to several topics under one id.
        let name = format!("{} {}", members["id"], members["topic"]);
        assert!(found.insert(name, event).is_none(), "an output is there twice");
    }
    found
}

fn split(output: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    output.split(|byte| *byte == b'\n').map(<[u8]>::to_vec)
}

fn assert_equal(replayed: &BTreeMap<String, Value>, decided: &BTreeMap<String, Value>) {
    for (id, event) in decided {
        assert_eq!(replayed.get(id), Some(event), "decided by the service");
    }
    assert_eq!(replayed.len(), decided.len(), "replay decided more");
}

/// Appends a record of facts a second time, as an intake that was cut off does.
fn append_again(run: &Run) {
    let mut appender = run.deployment.log.appender().unwrap();
    let name = run.deployment.names.journal();
    let mut written = 0;
    for partition in 0..4 {
        let place = Place::new(&name, partition);
        let mut reader = run
            .deployment
            .log
            .reader(&place, 0, tasuki::log::Isolation::Committed)
            .unwrap();
        let tasuki::log::Found::Records(records) = reader.read(run.deployment.batch, Duration::from_secs(1)).unwrap()
        else {
            panic!("trimmed")
        };
        let facts = |value: &Vec<u8>| matches!(journal::decode(value), Ok(JournalRecord::Facts(_)));
        if let Some(value) = records.into_iter().filter_map(|record| record.value).find(facts) {
            let record = NewRecord {
                value: Some(value),
                ..NewRecord::default()
            };
            appender.append(&name, Some(partition), &record).unwrap();
            written += 1;
        }
    }
    assert!(written >= 3, "the leads are in few partitions");
    while written > 0 {
        written -= appender.poll(Duration::from_millis(100)).unwrap().len();
    }
}

#[test]
fn an_export_of_a_run_replayed_decides_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let mut run = Run::begin(directory.path());
    run.play();
    append_again(&run);
    run.after(1, &[]);
    let decided = run.decided();
    for kind in [
        "handed-off",
        "queued",
        "withdrawn",
        "breached",
        "met",
        "feedback",
        "forgotten",
    ] {
        let found = decided
            .values()
            .any(|event| event["type"].as_str().unwrap().contains(kind));
        assert!(found, "the story has no {kind}");
    }

    let (exported, history) = run.export(Span::default());
    let told = (exported.facts, exported.rejected, exported.begins_late);
    assert_eq!(told, (72, 1, false), "{exported:?}");
    assert_eq!(exported.policies.keys().collect::<Vec<_>>(), [&1]);
    let (_, output) = run.replay(&history, None, true);
    assert_equal(&by_id(split(&output)), &decided);
    assert!(run.export(Span::default()).1 == history, "a second export differs");

    // Two spans that meet are the whole, also across a saved state.
    let middle = Some(run.now.time.plus_millis(-6 * 24 * 60 * MINUTE_MS));
    let (_, before) = run.export(Span { from: None, to: middle });
    let (_, behind) = run.export(Span { from: middle, to: None });
    assert!(
        !before.is_empty() && !behind.is_empty(),
        "the cut is outside of the story"
    );
    assert!([&*before, &*behind].concat() == history, "the spans are not the whole");
    let (state, mut halves) = run.replay(&before, None, false);
    halves.extend(run.replay(&behind, Some(&state), true).1);
    assert!(halves == output, "the halves decide otherwise");
}

#[test]
fn a_journal_without_its_beginning_says_so_and_none_is_a_fault() {
    let directory = tempfile::tempdir().unwrap();
    let mut run = Run::begin(directory.path());
    run.after(1, &[Draw(1).event(1)]);
    for partition in 0..4 {
        let place = Place::new(&run.deployment.names.journal(), partition);
        run.deployment.log.trim(&place, 1).unwrap();
    }
    let (exported, _) = run.export(Span::default());
    assert_eq!((exported.facts, exported.begins_late), (1, true));

    let elsewhere = Names::new("other.");
    let nothing = export(
        run.deployment.log.as_ref(),
        &elsewhere,
        Span::default(),
        &mut Vec::new(),
    );
    assert!(matches!(nothing, Err(ExportError::NoJournal(name)) if name == "other.tasuki.journal"));
}
