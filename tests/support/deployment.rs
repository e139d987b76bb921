//! What the tests of the running service share: a small deployment whose loops a test turns by hand.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    missing_docs,
    reason = "each test uses a part; tests may panic"
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tasuki::clock::{Clock, Now};
use tasuki::domain::ids::LeadKey;
use tasuki::domain::journal::{Foundation, PolicyDocument, Role};
use tasuki::domain::time::Instant;
use tasuki::intake::{self, GuardPlan, Intake, Source, founding};
use tasuki::log::local::LocalLog;
use tasuki::log::{Log, NewRecord, Place, ReadLimit, Record};
use tasuki::names::Names;
use tasuki::settings::Begin;
use tasuki::shard::{self, Watch, Worker};
use tasuki::telemetry::metrics::Metrics;
use tasuki::wire::translate::Hooks;

pub const BEGINNING: Now = Now {
    time: Instant::from_millis(1_790_000_000_000),
    running_ms: 0,
};

/// A form that qualifies its lead at once.
pub fn form(id: u32, lead: u32) -> Value {
    json!({
        "type": "tasuki.form.submitted.v1", "id": id.to_string(), "source": "web",
        "person": {"email": format!("p{lead}@example.com")}, "form": "demo-request", "profile": {"employees": 500},
    })
}

pub const POLICY: &str = r#"
version = 1
name = "test"
[score]
forget_after_days = 180
[[score.engagement]]
rule = "demo-request"
form = ["demo-request"]
points = 40
[[score.fit]]
rule = "big"
when = [{ attribute = "employees", at_least = 300 }]
points = 30
[qualify]
fit_at_least = 20
engagement_at_least = 40
requalify_after_days = 30
[[route]]
name = "all"
team = "inside"
[[team]]
id = "inside"
calendar = "always"
[team.sla]
within = "1h"
[[rep]]
id = "ana"
team = "inside"
capacity = 1000
[[rep]]
id = "ben"
team = "inside"
capacity = 1000
[[calendar]]
id = "always"
time_zone = "UTC"
always = true
"#;

/// The embedded log in a folder, with every topic in place.
pub fn open_local(directory: &std::path::Path, clock: &Clock) -> LocalLog {
    let log = LocalLog::open(directory, clock.clone()).unwrap();
    log.ensure("tasuki.journal", 4).unwrap();
    for (topic, partitions) in TOPICS {
        log.ensure(topic, partitions).unwrap();
    }
    log
}

/// A deployment on some log.
pub struct Deployment {
    pub log: Arc<dyn Log>,
    pub names: Names,
    pub partitions: u32,
    pub sources: Vec<Source>,
    pub guard: GuardPlan,
    pub watch: Watch,
    pub clock: Clock,
    /// Static membership of the groups, if any.
    pub instance: Option<String>,
    pub patience_ms: i64,
    pub batch: ReadLimit,
    pub erase_within_ms: i64,
    pub journal_kept_ms: i64,
    pub deadlines_max: usize,
    pub queued_max: usize,
    pub batch_time: Duration,
    pub open_time_max: Duration,
}

pub fn document(text: &str) -> PolicyDocument {
    PolicyDocument {
        text: text.to_owned(),
        files: Vec::new(),
    }
}

impl Deployment {
    pub fn new(log: Arc<dyn Log>, clock: Clock, partitions: u32, policy: &str) -> Self {
        let names = Names::new("");
        let source = |topic: String, role| Source {
            topic,
            role,
            begin: Begin::Earliest,
            types: None,
            ignore_unknown_types: false,
            adapter: None,
            hooks: Hooks::default(),
        };
        let sources = vec![source(names.inbox(), Role::Inbox), source(names.policy(), Role::Policy)];
        let watch = Watch::new(Metrics::new().unwrap());
        let deployment = Self {
            log,
            names,
            partitions,
            sources,
            guard: GuardPlan {
                records: 1_000,
                bad_percent_min: 95,
            },
            watch,
            clock,
            instance: None,
            patience_ms: 60_000,
            batch: ReadLimit {
                records_max: 20_000,
                bytes_max: 4 << 20,
            },
            erase_within_ms: 86_400_000,
            journal_kept_ms: 30 * 86_400_000,
            deadlines_max: 1_000,
            queued_max: 200,
            batch_time: Duration::from_millis(20),
            open_time_max: Duration::from_millis(50),
        };
        founding::publish_policy(deployment.log.as_ref(), &deployment.names, &document(policy)).unwrap();
        let foundation = foundation(partitions);
        founding::found(
            deployment.log.as_ref(),
            &deployment.names,
            &foundation,
            &document(policy),
        )
        .unwrap();
        deployment
    }

    pub fn intake(&self) -> Intake {
        self.intake_translating(1)
    }

    /// An intake whose translation has this number.
    pub fn intake_translating(&self, translation: u32) -> Intake {
        let plan = intake::Plan {
            names: self.names.clone(),
            worker: "intake.0".into(),
            instance: self.instance.as_ref().map(|instance| format!("{instance}.intake")),
            partitions: self.partitions,
            lead_key: LeadKey::derive("tasuki"),
            translation,
            sources_version: 1,
            sources: self.sources.clone(),
            guard: self.guard,
            clock_every_ms: 50,
        };
        Intake::join(
            self.log.clone(),
            plan,
            self.watch.metrics.clone(),
            self.watch.status.clone(),
            self.watch.horizon.clone(),
        )
        .unwrap()
    }

    pub fn worker(&self, id: &str) -> Worker {
        Worker::join(self.log.clone(), self.shard_plan(id), self.watch.clone()).unwrap()
    }

    pub fn shard_plan(&self, id: &str) -> shard::Plan {
        shard::Plan {
            names: self.names.clone(),
            deployment: "local".into(),
            foundation: foundation(self.partitions),
            writer_id: id.into(),
            instance: self.instance.as_ref().map(|instance| format!("{instance}.shard")),
            partitions: self.partitions,
            dead_letter_partitions: 6,
            patience_ms: self.patience_ms,
            batch: self.batch,
            deadlines_max: self.deadlines_max,
            queued_max: self.queued_max,
            batch_time: self.batch_time,
            open_time_max: self.open_time_max,
            idle_commit_ms: 10_000,
            erase_within_ms: self.erase_within_ms,
            journal_kept_ms: self.journal_kept_ms,
            sources_version: 1,
            said: None,
        }
    }

    /// Appends bare JSON to the inbox, durably.
    pub fn send(&self, events: &[serde_json::Value]) {
        let mut appender = self.log.appender().unwrap();
        for event in events {
            let record = NewRecord {
                value: Some(event.to_string().into_bytes()),
                ..NewRecord::default()
            };
            appender.append(&self.names.inbox(), Some(0), &record).unwrap();
        }
        let mut left = events.len();
        while left > 0 {
            left -= appender.poll(Duration::from_millis(100)).unwrap().len();
        }
    }

    /// Every committed record of a topic, in order per partition.
    pub fn records(&self, topic: &str) -> Vec<Record> {
        let info = self.log.topics(&[topic]).unwrap().pop().flatten().unwrap();
        let mut records = Vec::new();
        for partition in 0..info.partitions {
            let place = Place::new(topic, partition);
            let (start, end) = self.bounds(&place);
            if end == start {
                continue;
            }
            let mut reader = self
                .log
                .reader(&place, start, tasuki::log::Isolation::Committed)
                .unwrap();
            let limit = ReadLimit {
                records_max: 100_000,
                bytes_max: 64 << 20,
            };
            loop {
                match reader.read(limit, Duration::from_millis(50)).unwrap() {
                    tasuki::log::Found::Records(found) if found.is_empty() => break,
                    tasuki::log::Found::Records(found) => records.extend(found),
                    tasuki::log::Found::Trimmed(_) => panic!("trimmed"),
                }
            }
        }
        records
    }

    /// Asked again for a while: a topic that is new may not have told every broker who leads it.
    fn bounds(&self, place: &Place) -> (u64, u64) {
        let until = std::time::Instant::now() + Duration::from_secs(10);
        loop {
            match self.log.bounds(place) {
                Err(tasuki::log::LogError::Retry(_)) if std::time::Instant::now() < until => {
                    std::thread::sleep(Duration::from_millis(100));
                }
                answer => return answer.unwrap(),
            }
        }
    }

    /// How many records of each CloudEvents type stand in a topic.
    pub fn types(&self, topic: &str) -> BTreeMap<String, usize> {
        let mut types = BTreeMap::new();
        for record in self.records(topic) {
            *types.entry(header(&record, "ce_type")).or_default() += 1;
        }
        types
    }
}

pub fn header(record: &Record, name: &str) -> String {
    let found = record.headers.iter().find(|(known, _)| known == name);
    found
        .and_then(|(_, value)| value.clone())
        .map(|value| String::from_utf8(value).unwrap())
        .unwrap_or_default()
}

pub const TOPICS: [(&str, u32); 8] = [
    ("tasuki.state", 4),
    ("tasuki.inbox", 6),
    ("tasuki.policy", 1),
    ("tasuki.dead-letters", 6),
    ("sales.handoffs.inside", 6),
    ("sales.sla", 6),
    ("marketing.feedback", 6),
    ("leads.lifecycle", 6),
];

fn foundation(partitions: u32) -> Foundation {
    Foundation {
        secret_fingerprint: [0; 16],
        deployment: "local".into(),
        partitions,
    }
}
