//! What Tasuki says, as another program reads it: every output once, in the order it came.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    missing_docs,
    reason = "each test program uses its part; tests may panic"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::Value;
use tasuki::log::{Consumer, Log, Membership, Place, ReadLimit, Record, Signal};

const LIMIT: ReadLimit = ReadLimit {
    records_max: 10_000,
    bytes_max: 16 << 20,
};

/// One output, or one dead letter.
#[derive(Clone, Debug)]
pub struct Output {
    /// The type without `tasuki.` and version; `dead-letter`.
    pub kind: String,
    pub lead: String,
    pub cycle: u64,
    pub attempt: u64,
    pub shard: u32,
    pub sequence: u64,
    pub time: String,
    pub causation: String,
    pub data: Value,
    pub seen_at: Instant,
}

/// What two runs must agree on.
pub type Named = (String, String, u64, u64);

impl Output {
    pub fn of(record: &Record) -> Self {
        let header = |name: &str| {
            let found = record.headers.iter().rev().find(|(known, _)| known == name);
            let value = found.and_then(|(_, value)| value.clone()).unwrap_or_default();
            String::from_utf8(value).unwrap()
        };
        let value = serde_json::from_slice(record.value.as_deref().unwrap_or_default()).unwrap_or(Value::Null);
        if header("tasuki_dlq_reason").is_empty() {
            Self::new(header, "ce_", value)
        } else {
            Self {
                kind: "dead-letter".to_owned(),
                shard: header("tasuki_dlq_shard").parse().unwrap(),
                sequence: header("tasuki_dlq_sequence").parse().unwrap(),
                lead: value["data"]["handoff_id"].as_str().unwrap_or_default().to_owned(),
                cycle: 0,
                attempt: 0,
                time: String::new(),
                causation: header("tasuki_dlq_reason"),
                data: value,
                seen_at: Instant::now(),
            }
        }
    }

    pub fn of_event(event: &str) -> Self {
        let event: Value = serde_json::from_str(event).unwrap();
        let attribute = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        Self::new(attribute, "", event["data"].clone())
    }

    fn new(attribute: impl Fn(&str) -> String, prefix: &str, data: Value) -> Self {
        let attribute = |name: &str| attribute(&[prefix, name].concat());
        let kind = attribute("type");
        let kind = kind.trim_start_matches("tasuki.").trim_end_matches(".v1").to_owned();
        let handoff: Vec<&str> = data["handoff_id"].as_str().unwrap_or_default().split('-').collect();
        let number = |at: usize| handoff.get(at).and_then(|text| text.parse::<u64>().ok());
        Self {
            kind,
            lead: attribute("subject"),
            cycle: data["cycle"].as_u64().or(number(1)).unwrap_or_default(),
            attempt: data["attempt"].as_u64().or(number(2)).unwrap_or_default(),
            shard: attribute("tasukishard").parse().unwrap(),
            sequence: attribute("sequence").parse().unwrap(),
            time: attribute("time"),
            causation: attribute("causationid"),
            data,
            seen_at: Instant::now(),
        }
    }

    pub fn named(&self) -> Named {
        (self.kind.clone(), self.lead.clone(), self.cycle, self.attempt)
    }

    pub fn handoff_id(&self) -> &str {
        self.data["handoff_id"].as_str().unwrap()
    }

    pub fn rep(&self) -> &str {
        self.data["rep"].as_str().unwrap()
    }
}

/// Every output with its count, without dead letters.
pub fn named(outputs: &[Output]) -> BTreeMap<Named, usize> {
    let mut counts = BTreeMap::new();
    for output in outputs.iter().filter(|output| output.kind != "dead-letter") {
        *counts.entry(output.named()).or_default() += 1;
    }
    counts
}

/// How many outputs there are of each type.
pub fn kinds(outputs: &[Output]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for output in outputs {
        *counts.entry(output.kind.clone()).or_default() += 1;
    }
    counts
}

pub fn count(outputs: &[Output], kind: &str) -> usize {
    outputs.iter().filter(|output| output.kind == kind).count()
}

/// The stages of each lead, in the order it went through them.
pub fn paths(outputs: &[Output]) -> BTreeMap<String, Vec<String>> {
    let mut changes: Vec<&Output> = outputs
        .iter()
        .filter(|output| output.kind == "lead.stage-changed")
        .collect();
    changes.sort_by_key(|change| (change.shard, change.sequence));
    let mut paths: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for change in changes {
        let stage = |name: &str| change.data[name].as_str().unwrap_or("nothing").to_owned();
        let path = paths.entry(change.lead.clone()).or_insert_with(|| vec![stage("from")]);
        assert_eq!(
            path.last(),
            Some(&stage("from")),
            "{} jumps from stage to stage",
            change.lead
        );
        path.push(stage("to"));
    }
    paths
}

/// Sees that the outputs of each shard are numbered from 1 without gap and without repeat.
#[track_caller]
pub fn assert_gapless(outputs: &[Output]) {
    let mut shards: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
    for output in outputs {
        shards.entry(output.shard).or_default().push(output.sequence);
    }
    for (shard, mut sequences) in shards {
        sequences.sort_unstable();
        let expected: Vec<u64> = (1..=sequences.len() as u64).collect();
        let wrong = sequences
            .iter()
            .zip(&expected)
            .find(|(found, expected)| found != expected);
        assert_eq!(
            wrong,
            None,
            "shard {shard}: (found, expected) of {} outputs",
            sequences.len()
        );
    }
}

/// A concurrent reader of committed records.
pub struct Observer {
    consumer: Box<dyn Consumer>,
    pub seen: Vec<Output>,
    taken: BTreeSet<(Place, u64)>,
}

impl Observer {
    pub fn join(log: &dyn Log, topics: &[String]) -> Self {
        let membership = Membership {
            group: "observer".to_owned(),
            topics: topics.to_vec(),
            instance: None,
            committed_only: true,
        };
        Self {
            consumer: log.consumer(&membership).unwrap(),
            seen: Vec::new(),
            taken: BTreeSet::new(),
        }
    }

    /// Takes what is there; waits at most `wait` when there is nothing.
    pub fn look(&mut self, wait: Duration) {
        for signal in self.consumer.poll(LIMIT, wait).unwrap() {
            match signal {
                Signal::Assigned(places) => places.iter().for_each(|place| self.consumer.start(place, 0).unwrap()),
                Signal::Revoked(places) | Signal::Lost(places) => self.consumer.release(&places).unwrap(),
                Signal::Records(place, records) => {
                    // After a rebalance it begins again: the same record is the same output.
                    let fresh = |record: &&Record| self.taken.insert((place.clone(), record.offset));
                    let fresh: Vec<Output> = records.iter().filter(fresh).map(Output::of).collect();
                    self.seen.extend(fresh);
                }
                Signal::End(..) | Signal::Unreadable(..) => {}
                Signal::OutOfRange(place) => panic!("{place}: records were deleted"),
            }
        }
    }

    /// Looks until nothing has come for so long.
    pub fn until_quiet(&mut self, quiet: Duration) {
        let mut since = Instant::now();
        while since.elapsed() < quiet {
            let before = self.seen.len();
            self.look(Duration::from_millis(100));
            if self.seen.len() > before {
                since = Instant::now();
            }
        }
    }

    /// Looks until it holds; panics with the counts by type when it does not in time.
    #[track_caller]
    pub fn until(&mut self, what: &str, within: Duration, mut holds: impl FnMut(&[Output]) -> bool) {
        let until = Instant::now() + within;
        while !holds(&self.seen) {
            assert!(
                Instant::now() < until,
                "{what}: not in time; seen {:?}",
                kinds(&self.seen)
            );
            self.look(Duration::from_millis(50));
        }
    }
}
