//! The auditor: reads the outputs as their readers do, and looks whether each decision is there
//! exactly once.
//!
//! It decides nothing and repairs nothing. The rule: a gap is told only once everything that was
//! visible after a later number has been read, in every partition of every output topic.

mod ledger;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Now;
use crate::domain::time::Instant;
use crate::intake::founding;
use crate::log::{Consumer, Log, LogError, Membership, Place, ReadLimit, Record, Signal};
use crate::names::Names;
use crate::telemetry::metrics::Metrics;
use crate::trouble::{TROUBLE_MINUTES_MAX, Trouble};
use crate::wire::policy_file;

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

/// Why an audit ends for good.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// The log refuses.
    #[error("{0}")]
    Refused(String),
    /// It went on for too long.
    #[error("the audit gave up after {TROUBLE_MINUTES_MAX} minutes of trouble; the last: {last}")]
    Trouble {
        /// What was wrong in the end.
        last: LogError,
    },
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
                if let Some(audit) = self.audit.take() {
                    audit.consumer.close();
                }
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
        if self.audit.is_none() {
            self.audit = Some(self.begin(now)?);
        }
        let Some(audit) = &mut self.audit else { return Ok(()) };
        for signal in audit.consumer.poll(READ, POLL_WAIT)? {
            for violation in audit.take(signal, &self.plan.names)? {
                tell(&self.metrics, &violation);
            }
        }
        if let Some(round) = audit.round.take_if(|round| round.is_over(&audit.read_until)) {
            for gap in audit.ledger.settle(&round.numbers) {
                tell(&self.metrics, &gap);
            }
        }
        if audit.round.is_none() && now.running_ms - audit.round_at >= ROUND_EVERY_MS {
            audit.round_at = now.running_ms;
            self.begin_round()?;
        }
        Ok(())
    }

    fn begin(&self, now: Now) -> Result<Audit, LogError> {
        let (topics, policies_end) = self.topics()?;
        let consumer = self.log.consumer(&Membership {
            group: self.plan.names.audit_group(&self.plan.instance),
            topics: topics.clone(),
            instance: None,
            committed_only: true,
        })?;
        let since = now.time.plus_millis(-LOOK_BACK_MS);
        tracing::info!(topics = topics.len(), "the audit begins");
        Ok(Audit {
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

    /// The topics that any policy's decisions go to, as far as they exist, and the end of the policy
    /// topic.
    fn topics(&self) -> Result<(Vec<String>, u64), LogError> {
        let names = &self.plan.names;
        let (_, end) = self.log.bounds(&Place::new(&names.policy(), 0))?;
        let mut wanted = BTreeSet::from([names.dead_letters()]);
        for document in founding::policies(self.log.as_ref(), names)? {
            if let Ok(policy) = policy_file::compile(&document) {
                wanted.extend(names.outputs(&policy));
            }
        }
        let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
        let found = self.log.topics(&wanted)?;
        let topics = found.into_iter().flatten().map(|topic| topic.name.to_string());
        Ok((topics.collect(), end))
    }

    /// Notes the numbers seen, and then how far everything must be read for all below them to have
    /// been seen too.
    fn begin_round(&mut self) -> Result<(), LogError> {
        let Some(audit) = &self.audit else { return Ok(()) };
        let numbers = audit.ledger.highest();
        let (_, policies_end) = self.log.bounds(&Place::new(&self.plan.names.policy(), 0))?;
        if policies_end != audit.policies_end && self.topics()?.0 != audit.topics {
            return Err(LogError::Retry("a new policy names other output topics".to_owned()));
        }
        let names: Vec<&str> = audit.topics.iter().map(String::as_str).collect();
        let partitions: u32 = self
            .log
            .topics(&names)?
            .iter()
            .flatten()
            .map(|topic| topic.partitions)
            .sum();
        let Some(audit) = &mut self.audit else { return Ok(()) };
        audit.policies_end = policies_end;
        if audit.read_until.len() < partitions as usize {
            return Ok(());
        }
        let places: Vec<Place> = audit.read_until.keys().cloned().collect();
        let ends: Result<Vec<u64>, LogError> = audit.consumer.ends(&places).into_iter().collect();
        match ends {
            Ok(ends) => {
                let ends = places.into_iter().zip(ends).collect();
                audit.round = Some(Round { numbers, ends });
            }
            Err(error) => tracing::debug!(%error, "no end offsets; gaps are looked for later"),
        }
        Ok(())
    }
}

impl Round {
    fn is_over(&self, read_until: &BTreeMap<Place, u64>) -> bool {
        let is_read = |(place, end): &(Place, u64)| read_until.get(place).is_some_and(|until| until >= end);
        self.ends.iter().all(is_read)
    }
}

impl Audit {
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

fn tell(metrics: &Metrics, violation: &Violation) {
    tracing::error!(
        kind = violation.kind(),
        "the outputs are not as they must be: {violation}"
    );
    let counter = metrics.audit_violations.with_label_values(&[violation.kind()]);
    counter.inc_by(violation.count());
}
