//! Holes in state logs: a shard that has one stops, and a repair says what is missing, once.
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

use serde_json::json;
use support::deployment::{BEGINNING, Deployment, POLICY, form, open_local};
use tasuki::clock::Clock;
use tasuki::log::{LogError, NewRecord, Place, ReadLimit, Record, read_through};
use tasuki::repair::{RepairError, Repaired, repair, said};
use tasuki::shard::{Plan, Worker};
use tasuki::wire::outputs;
use tasuki::wire::state::{self, StateRecord};

const PARTITIONS: u32 = 4;
const SAID_IN: [&str; 5] = [
    "sales.handoffs.inside",
    "sales.sla",
    "marketing.feedback",
    "leads.lifecycle",
    "tasuki.dead-letters",
];

/// What was said: by shard and number, the topic, key, headers and bytes, as often as it can be read.
type Outputs = BTreeMap<(u32, u64), Vec<(String, NewRecord)>>;

/// A deployment that has been at work for a while, and has stopped.
struct Company {
    directory: tempfile::TempDir,
    deployment: Deployment,
}

impl Company {
    fn after_a_while() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Clock::fast(BEGINNING.time, 600);
        let log = Arc::new(open_local(directory.path(), &clock));
        let company = Self {
            deployment: Deployment::new(log, clock, PARTITIONS, POLICY),
            directory,
        };
        for wave in 0..6 {
            company.goes_on(wave);
        }
        company
    }

    fn plan(&self) -> Plan {
        Plan {
            idle_commit_ms: 100,
            ..self.deployment.shard_plan("w")
        }
    }

    fn worker(&self) -> Worker {
        let deployment = &self.deployment;
        Worker::join(deployment.log.clone(), self.plan(), deployment.watch.clone()).unwrap()
    }

    /// Some leads more, a record that cannot be used, and time.
    fn goes_on(&self, wave: u32) {
        let deployment = &self.deployment;
        let leads = wave * 6..wave * 6 + 6;
        let mut events: Vec<_> = leads.map(|lead| form(lead, lead)).collect();
        events.push(json!({"no": "type"}));
        deployment.send(&events);
        let (mut intake, mut worker) = (deployment.intake(), self.worker());
        for _ in 0..15 {
            intake.step(deployment.clock.read()).unwrap();
            worker.step(deployment.clock.read()).unwrap();
        }
        intake.close();
        // What it left undone would be decided by a repair, beside what was missing.
        let mut turns_at_rest = 0;
        for _ in 0..1_000 {
            worker.step(deployment.clock.read()).unwrap();
            let is_at_rest = worker.standing().is_at_rest && worker.standing().owned == PARTITIONS as usize;
            turns_at_rest = if is_at_rest { turns_at_rest + 1 } else { 0 };
            if turns_at_rest == 3 {
                return worker.close();
            }
        }
        panic!("it does not come to rest");
    }

    fn outputs(&self) -> Outputs {
        let mut said = Outputs::new();
        for topic in SAID_IN {
            for record in self.deployment.records(topic) {
                let name = outputs::numbered(&record.headers, topic == "tasuki.dead-letters").unwrap();
                let Record {
                    key, value, headers, ..
                } = record;
                let record = NewRecord { key, value, headers };
                said.entry(name).or_default().push((topic.to_owned(), record));
            }
        }
        said
    }

    /// The shard that has said most, and the number of what it said last.
    fn last_said(&self) -> (u32, u64) {
        let said = self.outputs();
        let of = |shard: u32| {
            said.keys()
                .filter(|(it, _)| *it == shard)
                .map(|(_, sequence)| *sequence)
                .max()
        };
        (0..PARTITIONS)
            .map(|shard| (shard, of(shard).unwrap()))
            .max_by_key(|(_, last)| *last)
            .unwrap()
    }

    /// Offsets of the state log's closed ranges that are not empty.
    fn ranges(&self, shard: u32) -> Vec<u64> {
        let is_range = |record: &&Record| match state::decode(record.value.as_deref().unwrap()).unwrap() {
            StateRecord::Images(images) => images.closes && !images.covers.is_empty(),
            StateRecord::Fence { .. } | StateRecord::Mended { .. } => false,
        };
        self.read(&Place::new("tasuki.state", shard))
            .iter()
            .filter(is_range)
            .map(|record| record.offset)
            .collect()
    }

    fn read(&self, place: &Place) -> Vec<Record> {
        let (start, end) = self.deployment.log.bounds(place).unwrap();
        let mut records = Vec::new();
        read_through(self.deployment.log.as_ref(), place, start..end, |record| {
            records.push(record);
            Ok::<(), LogError>(())
        })
        .unwrap();
        records
    }

    /// Runs SQL on one record of the log.
    fn damage(&self, sql: &str, place: &Place, offset: u64) {
        let file = rusqlite::Connection::open(self.directory.path().join("tasuki.db")).unwrap();
        let number = "SELECT number << 40 FROM partitions WHERE topic = ?1 AND partition = ?2";
        let sql = format!("{sql} WHERE id = ({number}) + ?3");
        let changed = file
            .execute(&sql, (&*place.topic, place.partition, offset as i64))
            .unwrap();
        assert_eq!(changed, 1, "{place} {offset}");
    }

    fn lose_range(&self, shard: u32, offset: u64) {
        self.damage("DELETE FROM records", &Place::new("tasuki.state", shard), offset);
    }

    /// Where an output stands, and whether others stand behind it.
    fn place(&self, (shard, sequence): (u32, u64)) -> (Place, u64, bool) {
        for topic in SAID_IN {
            let partitions = self
                .deployment
                .log
                .topics(&[topic])
                .unwrap()
                .pop()
                .flatten()
                .unwrap()
                .partitions;
            for place in (0..partitions).map(|partition| Place::new(topic, partition)) {
                let records = self.read(&place);
                let is_it = |record: &Record| {
                    outputs::numbered(&record.headers, topic == "tasuki.dead-letters") == Some((shard, sequence))
                };
                if let Some(at) = records.iter().position(is_it) {
                    return (place, records[at].offset, at + 1 < records.len());
                }
            }
        }
        panic!("output {sequence} of shard {shard} is not there");
    }

    /// How a worker ends that is started now.
    fn refusal(&self) -> String {
        let mut worker = self.worker();
        let stop = (0..200).find_map(|_| worker.step(self.deployment.clock.read()).err());
        worker.close();
        stop.expect("it refuses to work").to_string()
    }

    fn repair(&self) -> Result<Repaired, RepairError> {
        let deployment = &self.deployment;
        let plan = self.plan();
        repair(
            &deployment.log,
            &plan,
            deployment.watch.clone(),
            &deployment.clock,
            |_| {},
        )
    }

    /// What can be read is this, and no more.
    fn has_said(&self, expected: &Outputs) {
        let said = self.outputs();
        let names = said.keys().chain(expected.keys());
        let differ: Vec<_> = names.filter(|name| said.get(name) != expected.get(name)).collect();
        assert!(differ.is_empty(), "said otherwise, by shard and number: {differ:?}");
    }

    /// The service goes on as if nothing had been.
    fn works_again(&self, before: &Outputs) {
        self.goes_on(100);
        let after = self.outputs();
        assert!(after.values().all(|said| said.len() == 1), "nothing is said twice");
        assert!(after.len() > before.len() && before.iter().all(|(name, said)| after.get(name) == Some(said)));
    }
}

#[test]
fn a_hole_is_made_good_and_only_what_is_missing_is_said() {
    let company = Company::after_a_while();
    let (before, (shard, last)) = (company.outputs(), company.last_said());
    let ranges = company.ranges(shard);
    company.lose_range(shard, ranges[ranges.len() / 2]);
    // The end of a partition of the embedded log is told by its records.
    let mut latest = (1..=last).rev().map(|sequence| company.place((shard, sequence)));
    let (place, offset, _) = latest.find(|(_, _, has_more)| *has_more).unwrap();
    company.damage("DELETE FROM records", &place, offset);
    let refusal = company.refusal();
    assert!(refusal.contains("a range begins at"), "{refusal}");

    let standing = company.repair().unwrap();
    assert_eq!((standing.repaired, standing.outputs_added), (1, 1));
    company.has_said(&before);
    company.works_again(&before);
    let standing = company.repair().unwrap();
    assert_eq!((standing.repaired, standing.outputs_added), (0, 0), "it is whole");
}

/// Outputs of which another of the same partition of a topic stands behind them, the last first.
fn lost_to_readers(company: &Company, shard: u32, last: u64, count: usize) -> Vec<u64> {
    let mut unread = Vec::new();
    for sequence in (1..=last).rev() {
        let (place, offset, has_more) = company.place((shard, sequence));
        if has_more && unread.len() < count {
            company.damage("DELETE FROM records", &place, offset);
            unread.push(sequence);
        }
    }
    assert_eq!(unread.len(), count);
    unread
}

#[test]
fn outputs_that_are_lost_to_readers_are_said_again_though_the_state_log_is_whole() {
    let company = Company::after_a_while();
    let (before, (shard, last)) = (company.outputs(), company.last_said());
    let unread = lost_to_readers(&company, shard, last, 5);
    assert_eq!(company.outputs().len(), before.len() - unread.len());

    let done = company.repair().unwrap();
    assert_eq!((done.repaired, done.outputs_added, done.out_of_reach), (0, 5, 0));
    company.has_said(&before);
    company.works_again(&before);
    assert_eq!(company.repair().unwrap().outputs_added, 0, "it is whole");
}

#[test]
fn nothing_is_said_again_where_something_else_was_said() {
    let company = Company::after_a_while();
    let (shard, last) = company.last_said();
    let newest = lost_to_readers(&company, shard, last, 1)[0];
    lost_to_readers(&company, shard, newest - 2, 1);
    let between = newest - 1;
    let (place, offset, _) = company.place((shard, between));
    company.damage("UPDATE records SET value = x'7b7d'", &place, offset);
    let before = company.outputs();
    let error = company.repair().unwrap_err();
    let words = format!("output {between} of shard {shard} says something else");
    assert!(error.to_string().contains(&words), "{error}");
    company.has_said(&before);
}

#[test]
fn what_was_decided_before_all_that_is_left_is_told_and_left_alone() {
    let company = Company::after_a_while();
    let (shard, _) = company.last_said();
    lost_to_readers(&company, shard, 3, 1);
    let before = company.outputs();
    let records = company.read(&Place::new("tasuki.state", shard));
    let covered = |record: &Record| match state::decode(record.value.as_deref().unwrap()).unwrap() {
        StateRecord::Images(images) => images.covers.end,
        StateRecord::Fence { .. } | StateRecord::Mended { .. } => 0,
    };
    let decided = records.iter().map(covered).max().unwrap();
    let journal = Place::new("tasuki.journal", shard);
    company.deployment.log.trim(&journal, decided).unwrap();
    let done = company.repair().unwrap();
    assert_eq!((done.outputs_added, done.out_of_reach), (0, 1));
    company.has_said(&before);
}

#[test]
fn a_repair_that_is_interrupted_goes_on_where_it_stopped() {
    let company = Company::after_a_while();
    let (before, (shard, _)) = (company.outputs(), company.last_said());
    let ranges = company.ranges(shard);
    for lost in &ranges[ranges.len() / 2..] {
        company.lose_range(shard, *lost);
    }
    let refusal = company.refusal();
    assert!(refusal.contains("state is missing"), "{refusal}");

    let deployment = &company.deployment;
    let said = said(deployment.log.as_ref(), &deployment.names, |_| {}).unwrap();
    let one = ReadLimit {
        records_max: 1,
        bytes_max: 1,
    };
    let plan = Plan {
        said: Some(Arc::new(said)),
        batch: one,
        ..company.plan()
    };
    let mut worker = Worker::join(deployment.log.clone(), plan, deployment.watch.clone()).unwrap();
    while company.ranges(shard).len() < ranges.len() / 2 + 2 {
        worker.step(deployment.clock.read()).unwrap();
    }
    assert!(!worker.standing().is_at_rest);
    drop(worker);
    let refusal = company.refusal();
    assert!(refusal.contains("state is missing"), "{refusal}");

    assert_eq!(company.repair().unwrap().repaired, 1);
    company.has_said(&before);
    company.works_again(&before);
}

#[test]
fn nothing_is_repaired_over_outputs_that_say_something_else() {
    let company = Company::after_a_while();
    let (shard, last) = company.last_said();
    let ranges = company.ranges(shard);
    company.lose_range(shard, ranges[ranges.len() / 2]);
    let (place, offset, _) = company.place((shard, last));
    company.damage("UPDATE records SET value = x'7b7d'", &place, offset);
    let error = company.repair().unwrap_err();
    let words = format!("output {last} of shard {shard} says something else");
    assert!(error.to_string().contains(&words), "{error}");
    company.refusal();
}

#[test]
fn what_was_deleted_in_front_of_a_hole_cannot_be_repaired() {
    let company = Company::after_a_while();
    let (shard, _) = company.last_said();
    let ranges = company.ranges(shard);
    let place = Place::new("tasuki.state", shard);
    company.deployment.log.trim(&place, ranges[1]).unwrap();
    company.lose_range(shard, ranges[2]);
    let error = company.repair().unwrap_err();
    assert!(error.to_string().contains("it cannot be repaired"), "{error}");
}
