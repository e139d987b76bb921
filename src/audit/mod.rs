//! The auditor: reads the outputs as their readers do, and looks whether each decision is there
//! exactly once.
//!
//! It decides nothing and repairs nothing. The rule: a gap is told only once everything that was
//! visible after a later number has been read, in every partition of every output topic.

mod ledger;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Now;
use crate::domain::time::Instant;
use crate::intake::founding;
use crate::log::{Consumer, Log, LogError, Membership, Place, ReadLimit, Record, Signal};
use crate::names::Names;
use crate::telemetry::metrics::Metrics;
use crate::trouble::{Stop, Trouble};

use self::ledger::{Ledger, Violation};

/// What one poll may bring.
const READ: ReadLimit = ReadLimit {
    records_max: 10_000,
    bytes_max: 8 << 20,
};
/// How long a poll waits when there is nothing to do.
const POLL_WAIT: Duration = Duration::from_millis(100);
/// The audit begins with what was put out so long ago, in milliseconds, so that what went wrong
/// when everybody started again is seen.
const LOOK_BACK_MS: i64 = 15 * 60_000;
/// Of that, what clocks of producers may differ by, in milliseconds: a shard's first number is
/// chosen after this, and everything behind that number is then in what is read.
const CLOCKS_DIFFER_MS_MAX: i64 = 2 * 60_000;
/// Gaps are looked for this often, in milliseconds.
const ROUND_EVERY_MS: i64 = 2_000;

/// What an auditor needs to know.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Topic and group names.
    pub names: Names,
    /// This process's name: each auditor reads everything, in a group of its own.
    pub instance: String,
}

/// Reads the outputs and compares their numbers.
pub struct Auditor {
    log: Arc<dyn Log>,
    plan: Plan,
    metrics: Arc<Metrics>,
    audit: Option<Audit>,
    trouble: Trouble,
}

/// What is known since it began to read.
struct Audit {
    consumer: Box<dyn Consumer>,
    topics: Vec<String>,
    /// The end of the policy topic when the topics were named.
    policies_end: u64,
    since: Instant,
    /// What is read, and how far.
    read_until: BTreeMap<Place, u64>,
    ledger: Ledger,
    round: Option<Round>,
    round_at: i64,
}

/// A search for gaps: behind these ends every number up to these has been read.
struct Round {
    numbers: BTreeMap<u32, u64>,
    ends: Vec<(Place, u64)>,
}

impl Auditor {
    /// An auditor that has read nothing yet.
    pub fn new(log: Arc<dyn Log>, plan: Plan, metrics: Arc<Metrics>) -> Self {
        Self {
            log,
            plan,
            metrics,
            audit: None,
            trouble: Trouble::default(),
        }
    }

    /// One turn: reads what has come, and looks for gaps once in a while. False when there is nothing
    /// to do for a moment.
    pub fn step(&mut self, now: Now) -> Result<bool, Stop> {
        if self.trouble.rests(now) {
            return Ok(false);
        }
        match self.turn(now) {
            Ok(()) => {
                self.trouble.is_over();
                Ok(true)
            }
            Err(LogError::Refused(why)) => Err(Stop::Refused(why)),
            Err(error) => {
                // Dropped without leaving its group, which is its own: leaving waits for a broker that
                // may be out of reach, and a member that could not leave goes on until the process
                // ends.
                self.audit = None;
                let wait = self.trouble.again(now);
                let wait = wait.ok_or_else(|| Stop::Trouble { last: error.clone() })?;
                tracing::warn!(%error, wait_ms = wait, "the audit begins again");
                Ok(false)
            }
        }
    }

    /// Leaves its group.
    pub fn close(self) {
        if let Some(audit) = self.audit {
            audit.consumer.close();
        }
    }

    fn turn(&mut self, now: Now) -> Result<(), LogError> {
        let log = self.log.as_ref();
        let audit = match &mut self.audit {
            Some(audit) => audit,
            none => none.insert(Audit::begin(log, &self.plan, now)?),
        };
        let mut violations = Vec::new();
        for signal in audit.consumer.poll(READ, POLL_WAIT)? {
            violations.extend(audit.take(signal, &self.plan.names)?);
        }
        if let Some(round) = audit.round.take_if(|round| round.is_over(&audit.read_until)) {
            violations.extend(audit.ledger.settle(&round.numbers));
        }
        for Violation { kind, outputs, words } in violations {
            tracing::error!(kind = kind.name(), words, "the outputs are not as they must be");
            self.metrics.violated(kind, outputs);
        }
        if now.running_ms - audit.round_at >= ROUND_EVERY_MS {
            audit.round_at = now.running_ms;
            if audit.round.is_none() {
                audit.begin_round(log, &self.plan.names)?;
            } else {
                // By asking, the consumer finds out what stands still and must be read anew.
                let places: Vec<Place> = audit.read_until.keys().cloned().collect();
                let _ends = audit.consumer.ends(&places);
            }
        }
        Ok(())
    }
}

/// The topics to read, and the end of the policy topic.
fn output_topics(log: &dyn Log, names: &Names) -> Result<(Vec<String>, u64), LogError> {
    let (_, end) = log.bounds(&Place::new(&names.policy(), 0))?;
    Ok((founding::output_topics(log, names)?, end))
}

impl Round {
    fn is_over(&self, read_until: &BTreeMap<Place, u64>) -> bool {
        let is_read = |(place, end): &(Place, u64)| read_until.get(place).is_some_and(|until| until >= end);
        self.ends.iter().all(is_read)
    }
}

impl Audit {
    fn begin(log: &dyn Log, plan: &Plan, now: Now) -> Result<Self, LogError> {
        let (topics, policies_end) = output_topics(log, &plan.names)?;
        let consumer = log.consumer(&Membership {
            group: plan.names.audit_group(&plan.instance),
            topics: topics.clone(),
            instance: None,
            committed_only: true,
        })?;
        let since = now.time.plus_millis(-LOOK_BACK_MS);
        tracing::info!(topics = topics.len(), "the audit begins");
        Ok(Self {
            consumer,
            topics,
            policies_end,
            since,
            read_until: BTreeMap::new(),
            ledger: Ledger::new(since.plus_millis(CLOCKS_DIFFER_MS_MAX)),
            round: None,
            round_at: now.running_ms,
        })
    }

    /// Notes the numbers seen, and then how far everything must be read for all below them to have
    /// been seen too.
    fn begin_round(&mut self, log: &dyn Log, names: &Names) -> Result<(), LogError> {
        let numbers = self.ledger.highest();
        let (_, policies_end) = log.bounds(&Place::new(&names.policy(), 0))?;
        if policies_end != self.policies_end && output_topics(log, names)?.0 != self.topics {
            return Err(LogError::Retry("a new policy names other output topics".to_owned()));
        }
        self.policies_end = policies_end;
        let topics: Vec<&str> = self.topics.iter().map(String::as_str).collect();
        let found = log.topics(&topics)?;
        let partitions: u32 = found.iter().flatten().map(|topic| topic.partitions).sum();
        if self.read_until.len() < partitions as usize {
            return Ok(());
        }
        let places: Vec<Place> = self.read_until.keys().cloned().collect();
        let ends: Result<Vec<u64>, LogError> = self.consumer.ends(&places).into_iter().collect();
        match ends {
            Ok(ends) => {
                let ends = places.into_iter().zip(ends).collect();
                self.round = Some(Round { numbers, ends });
            }
            Err(error) => tracing::debug!(%error, "no end offsets; gaps are looked for later"),
        }
        Ok(())
    }

    fn take(&mut self, signal: Signal, names: &Names) -> Result<Vec<Violation>, LogError> {
        match signal {
            Signal::Assigned(places) => {
                for place in places {
                    let offset = self.consumer.offset_at(&place, self.since)?;
                    self.consumer.start(&place, offset)?;
                    self.read_until.insert(place, offset);
                }
            }
            Signal::Records(place, records) => return self.read(&place, &records, names),
            Signal::End(place, end) => {
                self.read_until
                    .entry(place)
                    .and_modify(|until| *until = end.max(*until));
            }
            Signal::Unreadable(place, why) => tracing::debug!(%place, why, "an output cannot be read right now"),
            Signal::Revoked(_) | Signal::Lost(_) | Signal::OutOfRange(_) => {
                return Err(LogError::Retry("its reading was interrupted".to_owned()));
            }
        }
        Ok(Vec::new())
    }

    fn read(&mut self, place: &Place, records: &[Record], names: &Names) -> Result<Vec<Violation>, LogError> {
        let is_dead_letter = *place.topic == *names.dead_letters();
        let violations = records
            .iter()
            .filter_map(|record| self.ledger.take(place, record, is_dead_letter))
            .collect();
        if let Some(last) = records.last() {
            self.read_until.insert(place.clone(), last.offset + 1);
        }
        if self.ledger.is_full() {
            return Err(LogError::Retry(
                "too much was put out while a partition could not be read".to_owned(),
            ));
        }
        Ok(violations)
    }
}
