//! The auditor on the embedded log: quiet where all is well, and told what is not.
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

use serde_json::json;
use support::deployment::{BEGINNING, Deployment, POLICY, document, form, header, open_local};
use tasuki::audit::{Auditor, Plan};
use tasuki::clock::{Clock, Now};
use tasuki::intake::founding;
use tasuki::log::NewRecord;
use tasuki::log::local::LocalLog;

/// A deployment with its loops and an auditor, on a clock that goes on by a second a turn.
struct Town {
    log: Arc<LocalLog>,
    deployment: Deployment,
    clock: Clock,
    now: Now,
    intake: tasuki::intake::Intake,
    worker: tasuki::shard::Worker,
    auditor: Auditor,
}

impl Town {
    fn new(directory: &std::path::Path) -> Self {
        let clock = Clock::by_hand(BEGINNING);
        let log = Arc::new(open_local(directory, &clock));
        let deployment = Deployment::new(log.clone(), clock.clone(), 4, POLICY);
        let (intake, worker) = (deployment.intake(), deployment.worker("w"));
        let plan = Plan {
            names: deployment.names.clone(),
            instance: "a".to_owned(),
        };
        let auditor = Auditor::new(log.clone(), plan, deployment.watch.metrics.clone());
        Self {
            log,
            deployment,
            clock,
            now: BEGINNING,
            intake,
            worker,
            auditor,
        }
    }

    fn turn(&mut self, times: u32) {
        for _ in 0..times {
            self.now = Now {
                time: self.now.time.plus_millis(1_000),
                running_ms: self.now.running_ms + 1_000,
            };
            self.clock.set(self.now);
            self.intake.step(self.now).unwrap();
            self.worker.step(self.now).unwrap();
            self.auditor.step(self.now).unwrap();
        }
    }

    fn leads(&mut self, numbers: std::ops::Range<u32>) {
        let forms: Vec<serde_json::Value> = numbers
            .map(|number| form(number, number))
            .chain([json!({"no": "type"})])
            .collect();
        self.deployment.send(&forms);
        self.turn(15);
    }

    /// Writes a record into an output topic, as nobody should.
    fn forge(&mut self, topic: &str, record: &NewRecord) {
        let mut appender = self.deployment.log.appender().unwrap();
        appender.append(topic, Some(0), record).unwrap();
        while appender.poll(Duration::from_millis(10)).unwrap().is_empty() {}
        self.turn(15);
    }

    fn found(&self) -> BTreeMap<String, u64> {
        let text = self.deployment.watch.metrics.render().unwrap();
        let counted = |line: &str| {
            let rest = line.strip_prefix("tasuki_audit_violations_total{kind=\"")?;
            let (kind, count) = rest.split_once("\"} ")?;
            Some((kind.to_owned(), count.parse().unwrap()))
        };
        text.lines()
            .filter_map(counted)
            .filter(|(_, count)| *count > 0)
            .collect()
    }
}

fn copy(record: &tasuki::log::Record) -> NewRecord {
    NewRecord {
        key: record.key.clone(),
        value: record.value.clone(),
        headers: record.headers.clone(),
    }
}

#[test]
fn an_output_told_twice_lost_or_not_ours_is_seen_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let mut town = Town::new(directory.path());
    for wave in 0..5 {
        town.leads(wave * 20..wave * 20 + 20);
    }
    assert_eq!(town.deployment.records("sales.handoffs.inside").len(), 100);
    assert_eq!(town.found(), BTreeMap::new());

    let twice = town.deployment.records("sales.handoffs.inside").pop().unwrap();
    town.forge("sales.handoffs.inside", &copy(&twice));
    assert_eq!(town.found(), BTreeMap::from([("repeat".to_owned(), 1)]));

    // Seven behind the shard's last number: six are missing.
    let mut records = town.deployment.records("leads.lifecycle");
    records.extend(town.deployment.records("sales.handoffs.inside"));
    let shard = header(&twice, "ce_tasukishard");
    let mut outputs = records
        .iter()
        .filter(|record| header(record, "ce_tasukishard") == shard);
    let highest = outputs
        .by_ref()
        .map(|record| header(record, "ce_sequence"))
        .max()
        .unwrap();
    let mut later = copy(&twice);
    let number: u64 = highest.parse().unwrap();
    let sequence = later
        .headers
        .iter_mut()
        .find(|(name, _)| name == "ce_sequence")
        .unwrap();
    sequence.1 = Some(format!("{:020}", number + 7).into_bytes());
    town.forge("sales.handoffs.inside", &later);
    assert_eq!(town.found().get("gap"), Some(&6));

    town.forge("sales.sla", &NewRecord::default());
    let found = town.found();
    assert_eq!(
        found,
        BTreeMap::from([
            ("foreign".to_owned(), 1),
            ("gap".to_owned(), 6),
            ("repeat".to_owned(), 1)
        ])
    );
}

#[test]
fn a_new_policy_with_another_output_topic_is_no_gap() {
    let directory = tempfile::tempdir().unwrap();
    let mut town = Town::new(directory.path());
    town.leads(0..20);
    let grown = POLICY.replace("version = 1", "version = 2").replace(
        "id = \"inside\"\n",
        "id = \"inside\"\ntopic = \"sales.handoffs.other\"\n",
    );
    town.log.ensure("sales.handoffs.other", 2).unwrap();
    founding::publish_policy(town.deployment.log.as_ref(), &town.deployment.names, &document(&grown)).unwrap();
    for wave in 1..5 {
        town.leads(wave * 20..wave * 20 + 20);
    }
    assert!(town.deployment.records("sales.handoffs.other").len() > 50);
    assert_eq!(town.found(), BTreeMap::new());
}
