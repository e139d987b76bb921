//! journal → decisions → one transaction. A worker owns one consumer, one transactional writer and
//! the shards of its partitions; workers share nothing.
//!
//! The rule: everything a shard did is in one transaction with the journal position it did it at,
//! and after anything but a clean commit memory is thrown away and restored from the log.

mod batch;
mod gauges;
mod restore;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Now;
use crate::domain::bytes::Malformed;
use crate::domain::journal::PolicyDocument;
use crate::domain::policy::Policy;
use crate::domain::shard::{Charter, Consequences, Halt, Outgoing, Shard};
use crate::log::{
    Commit, Committed, Consumer, Log, LogError, Membership, Ownership, Place, ReadLimit, Record, Signal, Transactor,
};
use crate::names::Names;
use crate::status::Status;
use crate::telemetry::metrics::Metrics;
use crate::wire;
use crate::wire::outputs::Decider;

pub use self::gauges::Board;

use self::batch::{Batch, Writer};
use self::restore::{FAREWELL, Restore, RestoreError};

/// How long a poll waits when there is nothing to do.
const POLL_WAIT: Duration = Duration::from_millis(50);
/// A restore that reads nothing for so long looks for writers that left a transaction open.
const QUIET_MS_MAX: i64 = 2_000;
/// Waits between attempts after trouble, in milliseconds: the first, and the longest.
const RETRY_MS: (i64, i64) = (100, 5_000);
/// Trouble without a break for so long stops the worker, in milliseconds.
const TROUBLE_MS_MAX: i64 = 10 * 60_000;
/// How often the lag is asked for, in milliseconds.
const LAG_EVERY_MS: i64 = 5_000;

/// What a worker needs to know.
#[derive(Clone)]
pub struct Plan {
    /// Topic and group names.
    pub names: Names,
    /// The deployment's name, in every output's `source`.
    pub deployment: String,
    /// The transactional id of this worker.
    pub writer_id: String,
    /// Static membership, if any.
    pub instance: Option<String>,
    /// Number of journal partitions.
    pub partitions: u32,
    /// Partitions of the dead-letter topic.
    pub dead_letter_partitions: u32,
    /// See `Charter::patience_ms`.
    pub patience_ms: i64,
    /// Records and bytes that one transaction takes in at most.
    pub batch: ReadLimit,
    /// Deadlines that one transaction fires at most.
    pub deadlines_max: usize,
    /// A stretch of the journal that led to nothing is committed this often at most, in milliseconds.
    pub idle_commit_ms: i64,
}

impl Plan {
    fn decider(&self, shard: u32) -> Decider<'_> {
        Decider {
            deployment: &self.deployment,
            shard,
        }
    }
}

/// Where a worker shows what it does.
#[derive(Clone)]
pub struct Watch {
    /// Every metric.
    pub metrics: Arc<Metrics>,
    /// What the probes ask.
    pub status: Arc<Status>,
    /// What the shards hold.
    pub board: Arc<Board>,
}

/// Something only a person can mend.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// A shard cannot go on.
    #[error("journal partition {partition}: {halt}")]
    Halt {
        /// Which partition.
        partition: u32,
        /// Why.
        halt: Halt,
    },
    /// A restore cannot go on.
    #[error(transparent)]
    Restore(RestoreError),
    /// The log refuses.
    #[error("{0}")]
    Refused(String),
    /// A journal record is not what it should be.
    #[error("journal record {offset} of partition {partition} is malformed")]
    Malformed {
        /// Which partition.
        partition: u32,
        /// Which record.
        offset: u64,
    },
    /// It went on for too long.
    #[error("gave up after {} minutes of trouble; the last: {last}", TROUBLE_MS_MAX / 60_000)]
    Trouble {
        /// What was wrong in the end.
        last: LogError,
    },
}

/// What ends a turn early.
enum Interrupt {
    Log(LogError),
    Stop(Stop),
}

impl From<LogError> for Interrupt {
    fn from(error: LogError) -> Self {
        Self::Log(error)
    }
}

/// One consumer, one transactional writer, and the shards of its partitions.
pub struct Worker {
    log: Arc<dyn Log>,
    plan: Plan,
    metrics: Arc<Metrics>,
    status: Arc<Status>,
    board: Arc<Board>,
    consumer: Box<dyn Consumer>,
    writer: Option<Box<dyn Transactor>>,
    partitions: BTreeMap<u32, Phase>,
    /// The group has dealt out partitions, be it none to us.
    is_dealt: bool,
    /// As it was when the batch was read.
    ownership: Result<Ownership, LogError>,
    trouble: Option<Trouble>,
    lag_asked_at: i64,
    /// Writers whose transactions were ended since the last fence.
    ended: BTreeSet<String>,
    /// The policy version that was shown last.
    shown_policy: Option<u64>,
}

/// How far a partition is on its way to being ours.
enum Phase {
    /// Ours, with nothing in memory.
    Assigned,
    /// Behind its fence, reading.
    Restoring(Restore),
    /// At work.
    Ready(Box<Live>),
}

/// A shard at work.
struct Live {
    shard: Shard,
    /// The journal offset up to which everything is committed.
    committed: u64,
    committed_at: i64,
}

/// What has been going wrong.
struct Trouble {
    since: i64,
    attempts: u32,
    retry_at: i64,
}

impl Worker {
    /// Joins the group.
    pub fn join(log: Arc<dyn Log>, plan: Plan, watch: Watch) -> Result<Self, LogError> {
        let consumer = log.consumer(&Membership {
            group: plan.names.shard_group(),
            topics: vec![plan.names.journal()],
            instance: plan.instance.clone(),
            committed_only: true,
        })?;
        Ok(Self {
            log,
            plan,
            metrics: watch.metrics,
            status: watch.status,
            board: watch.board,
            consumer,
            writer: None,
            partitions: BTreeMap::new(),
            is_dealt: false,
            ownership: Err(LogError::Retry("nothing was read yet".to_owned())),
            trouble: None,
            ended: BTreeSet::new(),
            shown_policy: None,
            lag_asked_at: i64::MIN / 2,
        })
    }

    /// One turn: takes what has arrived, decides, commits. An error ends the worker for good.
    pub fn step(&mut self, now: Now) -> Result<(), Stop> {
        match self.turn(now) {
            Ok(()) => {
                if self.partitions.values().any(|phase| matches!(phase, Phase::Ready(_))) {
                    self.trouble = None;
                }
                Ok(())
            }
            Err(Interrupt::Stop(stop)) => Err(stop),
            Err(Interrupt::Log(LogError::Refused(why))) => Err(Stop::Refused(why)),
            Err(Interrupt::Log(error)) => self.start_over(error, now),
        }
    }

    /// Finishes and leaves the group.
    pub fn close(self) {
        drop(self.writer);
        self.consumer.close();
    }

    fn turn(&mut self, now: Now) -> Result<(), Interrupt> {
        let resting = self
            .trouble
            .as_ref()
            .is_some_and(|trouble| now.running_ms < trouble.retry_at);
        if !resting {
            self.bring_back(now)?;
        }
        let all_ready = self.partitions.values().all(|phase| matches!(phase, Phase::Ready(_)));
        let wait = if all_ready || resting {
            POLL_WAIT
        } else {
            Duration::ZERO
        };
        let signals = self.consumer.poll(self.plan.batch, wait)?;
        // Taken before the batch is applied: a later one could let a batch through whose partition
        // was lost meanwhile.
        self.ownership = self.consumer.ownership();
        let batch = self.take_all(signals, now)?;
        self.commit(&batch, now)?;
        self.commit_idle(now)?;
        self.ask_lag(now);
        self.tell_status();
        Ok(())
    }

    /// After an error nothing more is applied, but the coming and going of partitions is still
    /// answered: the group waits for it, and it is told once.
    fn take_all(&mut self, signals: Vec<Signal>, now: Now) -> Result<Batch, Interrupt> {
        let mut batch = Batch::default();
        let mut interrupted = Ok(());
        for signal in signals {
            if interrupted.is_err() {
                batch = Batch::default();
                if matches!(signal, Signal::Records(..)) {
                    continue;
                }
            }
            let taken = self.take(signal, &mut batch, now);
            if let Err(Interrupt::Stop(_)) = taken {
                return taken.map(|()| batch);
            }
            interrupted = interrupted.and(taken);
        }
        interrupted.map(|()| batch)
    }

    fn take(&mut self, signal: Signal, batch: &mut Batch, now: Now) -> Result<(), Interrupt> {
        match signal {
            Signal::Assigned(places) => {
                tracing::info!(partitions = places.len(), "journal partitions assigned");
                self.is_dealt = true;
                self.partitions
                    .extend(places.iter().map(|place| (place.partition, Phase::Assigned)));
            }
            Signal::Revoked(places) => {
                tracing::info!(partitions = places.len(), "journal partitions revoked");
                let finished = self.commit(&std::mem::take(batch), now);
                let left = finished.and_then(|()| self.take_leave(&places).map_err(Interrupt::Log));
                self.forget(&places)?;
                left?;
            }
            Signal::Lost(places) => {
                tracing::warn!(partitions = places.len(), "journal partitions lost");
                let lost = |partition: &u32| places.iter().any(|place| place.partition == *partition);
                batch.consequences.retain(|partition, _| !lost(partition));
                self.forget(&places)?;
            }
            Signal::Records(place, records) => self.apply(place.partition, &records, batch, now)?,
            Signal::End(place, _) => self.show_lag(place.partition, 0),
            Signal::Unreadable(place, why) => tracing::warn!(%place, why, "cannot read the journal right now"),
            Signal::OutOfRange(place) => self.out_of_range(&place)?,
        }
        Ok(())
    }

    /// Ends the worker if what comes next has been deleted; else the log says where we stand.
    fn out_of_range(&self, place: &Place) -> Result<(), Interrupt> {
        let Some(Phase::Ready(live)) = self.partitions.get(&place.partition) else {
            return Ok(());
        };
        let next = live.shard.next_offset();
        let (start, end) = self.log.bounds(place)?;
        if start > next {
            return Err(Interrupt::Stop(Stop::Refused(format!(
                "{place} begins at {start}, but {next} comes next: its records were deleted too early"
            ))));
        }
        Err(Interrupt::Log(LogError::Unknown(format!(
            "{place} could not be read at {next}, though it reaches from {start} to {end}"
        ))))
    }

    fn forget(&mut self, places: &[Place]) -> Result<(), LogError> {
        for place in places {
            self.partitions.remove(&place.partition);
            self.board.forget(place.partition);
            let label = place.partition.to_string();
            // There is no gauge yet where nothing was read.
            let _none = self.metrics.shard.journal_lag_records.remove_label_values(&[&label]);
        }
        self.consumer.release(places)
    }

    fn apply(&mut self, partition: u32, records: &[Record], batch: &mut Batch, now: Now) -> Result<(), Interrupt> {
        for record in records {
            self.fire(partition, batch, now)?;
            let Some(Phase::Ready(live)) = self.partitions.get_mut(&partition) else {
                return Ok(());
            };
            let value = record.value.as_deref().unwrap_or_default();
            let malformed = |Malformed| {
                Interrupt::Stop(Stop::Malformed {
                    partition,
                    offset: record.offset,
                })
            };
            let journaled = wire::journal::decode(value).map_err(malformed)?;
            let consequences = batch.consequences.entry(partition).or_default();
            let applied = live.shard.apply(record.offset, record.time, &journaled, consequences);
            applied.map_err(|halt| Interrupt::Stop(Stop::Halt { partition, halt }))?;
            batch.bytes += value.len();
            if batch.is_full(self.plan.batch) {
                self.commit(&std::mem::take(batch), now)?;
            }
        }
        self.fire(partition, batch, now)
    }

    /// Fires what is due, committing whenever a transaction has its fill.
    fn fire(&mut self, partition: u32, batch: &mut Batch, now: Now) -> Result<(), Interrupt> {
        loop {
            let Some(Phase::Ready(live)) = self.partitions.get_mut(&partition) else {
                return Ok(());
            };
            if !live.shard.is_due() {
                return Ok(());
            }
            let consequences = batch.consequences.entry(partition).or_default();
            if live.shard.fire(self.plan.deadlines_max, consequences) >= self.plan.deadlines_max {
                self.commit(&std::mem::take(batch), now)?;
            }
        }
    }

    fn commit(&mut self, batch: &Batch, now: Now) -> Result<(), Interrupt> {
        if batch.leads_to_something() {
            self.write(batch, now)
        } else {
            Ok(())
        }
    }

    /// Commits what led to nothing, once in a while.
    fn commit_idle(&mut self, now: Now) -> Result<(), Interrupt> {
        let idle_commit_ms = self.plan.idle_commit_ms;
        let overdue = |phase: &Phase| match phase {
            Phase::Ready(live) => {
                live.shard.next_offset() > live.committed && now.running_ms - live.committed_at >= idle_commit_ms
            }
            Phase::Assigned | Phase::Restoring(_) => false,
        };
        if self.partitions.values().any(overdue) {
            self.write(&Batch::default(), now)
        } else {
            Ok(())
        }
    }

    /// One transaction: outputs and mail first, then the state that proves them, then the offsets.
    fn write(&mut self, batch: &Batch, now: Now) -> Result<(), Interrupt> {
        let ownership = self.ownership.clone()?;
        let mut live: BTreeMap<u32, &mut Live> = BTreeMap::new();
        for (partition, phase) in &mut self.partitions {
            if let Phase::Ready(ready) = phase {
                live.insert(*partition, ready);
            }
        }
        let transactor = match &mut self.writer {
            Some(transactor) => transactor,
            none => none.insert(self.log.transactor(&self.plan.writer_id)?),
        };
        let started = std::time::Instant::now();
        transactor.begin()?;
        let mut writer = Writer {
            transactor: transactor.as_mut(),
            plan: &self.plan,
        };
        writer.outputs(&batch.consequences)?;
        writer.mail(&batch.consequences)?;
        transactor.flush()?;
        let mut writer = Writer {
            transactor: transactor.as_mut(),
            plan: &self.plan,
        };
        let mut offsets = Vec::new();
        let journal = self.plan.names.journal();
        for (partition, live) in &live {
            let next = live.shard.next_offset();
            let changed = batch
                .consequences
                .get(partition)
                .map(|consequences| &consequences.changed);
            if next == live.committed && changed.is_none_or(BTreeSet::is_empty) {
                continue;
            }
            writer.state(*partition, live.committed..next, &live.shard, changed)?;
            offsets.push((
                Place::new(&journal, *partition),
                Committed {
                    offset: next,
                    metadata: String::new(),
                },
            ));
        }
        transactor.flush()?;
        transactor.positions(&offsets, &ownership)?;
        let commit = transactor.commit()?;
        self.metrics
            .shard
            .commit_seconds
            .observe(started.elapsed().as_secs_f64());
        for live in live.values_mut() {
            live.committed = live.shard.next_offset();
            live.committed_at = now.running_ms;
        }
        if commit == Commit::Slow {
            self.writer = None;
        }
        self.count(batch, now);
        Ok(())
    }
}

/// Coming and going of partitions.
impl Worker {
    /// Puts fences before assigned partitions, and reads on in those that are being restored.
    fn bring_back(&mut self, now: Now) -> Result<(), Interrupt> {
        let assigned: Vec<u32> = self
            .partitions
            .iter()
            .filter(|(_, phase)| matches!(phase, Phase::Assigned))
            .map(|(partition, _)| *partition)
            .collect();
        if !assigned.is_empty() {
            self.fence(&assigned, now)?;
        }
        let partitions: Vec<u32> = self.partitions.keys().copied().collect();
        partitions
            .into_iter()
            .try_for_each(|partition| self.restore(partition, now))
    }

    fn fence(&mut self, partitions: &[u32], now: Now) -> Result<(), Interrupt> {
        let token = batch::fence_token(&self.plan.writer_id, now.time);
        self.mark(partitions, token)?;
        self.ended.clear();
        let state = self.plan.names.state();
        for partition in partitions {
            let restore = Restore::begin(self.log.as_ref(), &Place::new(&state, *partition), token, now)?;
            self.partitions.insert(*partition, Phase::Restoring(restore));
        }
        Ok(())
    }

    /// Says in the state logs that we leave nothing open behind, so that nobody takes our
    /// transactional id over.
    fn take_leave(&mut self, places: &[Place]) -> Result<(), LogError> {
        let at_work = |place: &&Place| !matches!(self.partitions.get(&place.partition), None | Some(Phase::Assigned));
        let partitions: Vec<u32> = places.iter().filter(at_work).map(|place| place.partition).collect();
        if partitions.is_empty() {
            return Ok(());
        }
        self.mark(&partitions, FAREWELL)
    }

    /// Commits a mark into the state logs of partitions that are ours.
    fn mark(&mut self, partitions: &[u32], token: [u8; 16]) -> Result<(), LogError> {
        let ownership: Ownership = self.consumer.ownership()?;
        let transactor = match &mut self.writer {
            Some(transactor) => transactor,
            none => none.insert(self.log.transactor(&self.plan.writer_id)?),
        };
        let state = self.plan.names.state();
        transactor.begin()?;
        let mut writer = Writer {
            transactor: transactor.as_mut(),
            plan: &self.plan,
        };
        for partition in partitions {
            writer.fence(*partition, token)?;
        }
        transactor.flush()?;
        // Offsets of the state log's own partition: so the group checks that we own what we fence.
        let mark = Committed {
            offset: 0,
            metadata: String::new(),
        };
        let marks: Vec<_> = partitions
            .iter()
            .map(|partition| (Place::new(&state, *partition), mark.clone()))
            .collect();
        transactor.positions(&marks, &ownership)?;
        if transactor.commit()? == Commit::Slow {
            self.writer = None;
        }
        Ok(())
    }

    fn restore(&mut self, partition: u32, now: Now) -> Result<(), Interrupt> {
        let charter = self.charter(partition);
        let Some(Phase::Restoring(restore)) = self.partitions.get_mut(&partition) else {
            return Ok(());
        };
        let restored = restore
            .step(self.log.as_ref(), charter, now)
            .map_err(|error| match error {
                RestoreError::Log(error) => Interrupt::Log(error),
                RestoreError::Broken { .. } => Interrupt::Stop(Stop::Restore(error)),
            })?;
        let Some(shard) = restored else {
            if now.running_ms - restore.quiet_since >= QUIET_MS_MAX {
                restore.quiet_since = now.running_ms;
                let writers = restore.writers_ahead(self.log.as_ref())?;
                return Ok(self.end_transactions(writers)?);
            }
            return Ok(());
        };
        let began_at = restore.began_at;
        let predecessors = restore.predecessors();
        self.end_transactions(predecessors)?;
        let journal = Place::new(&self.plan.names.journal(), partition);
        self.check_restored(&journal, &shard)?;
        self.metrics
            .shard
            .restore_seconds
            .observe(seconds(now.running_ms - began_at));
        let committed = shard.next_offset();
        self.consumer.start(&journal, committed)?;
        tracing::info!(partition, offset = committed, "shard restored");
        self.partitions.insert(
            partition,
            Phase::Ready(Box::new(Live {
                shard,
                committed,
                committed_at: now.running_ms,
            })),
        );
        Ok(())
    }

    /// What the state log says must reach what the group has committed, and the journal must still
    /// have what follows.
    fn check_restored(&mut self, journal: &Place, shard: &Shard) -> Result<(), Interrupt> {
        let committed = self.consumer.committed(std::slice::from_ref(journal))?.pop().flatten();
        let committed = committed.map_or(0, |committed| committed.offset);
        let (start, _) = self.log.bounds(journal)?;
        let next = shard.next_offset();
        let wrong = if next < committed {
            format!("the state log ends at journal offset {next}, but {committed} was committed: state is missing")
        } else if next < start {
            format!("{journal} begins at {start}, but {next} comes next: its records were deleted too early")
        } else {
            return Ok(());
        };
        Err(Interrupt::Stop(Stop::Refused(wrong)))
    }

    /// A dead writer's open transaction hides what was written behind it, wherever it wrote; taking
    /// its id over ends it at once. A writer that lives after all starts over.
    fn end_transactions(&mut self, writers: Vec<String>) -> Result<(), LogError> {
        for writer in writers {
            if writer == self.plan.writer_id || self.ended.contains(&writer) {
                continue;
            }
            tracing::info!(writer, "taking over from a writer that did not take its leave");
            drop(self.log.transactor(&writer)?);
            self.ended.insert(writer);
        }
        Ok(())
    }

    /// Throws memory and writer away; the log says what happened.
    fn start_over(&mut self, error: LogError, now: Now) -> Result<(), Stop> {
        let trouble = self.trouble.get_or_insert(Trouble {
            since: now.running_ms,
            attempts: 0,
            retry_at: 0,
        });
        if now.running_ms - trouble.since > TROUBLE_MS_MAX {
            return Err(Stop::Trouble { last: error });
        }
        let wait = (RETRY_MS.0 << trouble.attempts.min(10)).min(RETRY_MS.1);
        trouble.attempts += 1;
        trouble.retry_at = now.running_ms + wait;
        tracing::warn!(%error, wait_ms = wait, "starting over from the log");
        self.writer = None;
        let journal = self.plan.names.journal();
        for (partition, phase) in &mut self.partitions {
            if matches!(phase, Phase::Ready(_))
                && let Err(error) = self.consumer.stop(&Place::new(&journal, *partition))
            {
                tracing::warn!(%error, partition, "cannot stop reading");
            }
            *phase = Phase::Assigned;
        }
        self.tell_status();
        Ok(())
    }

    fn charter(&self, partition: u32) -> Charter {
        Charter {
            partition,
            partitions: self.plan.partitions,
            patience_ms: self.plan.patience_ms,
            compile,
        }
    }

    fn ask_lag(&mut self, now: Now) {
        if now.running_ms - self.lag_asked_at < LAG_EVERY_MS {
            return;
        }
        self.lag_asked_at = now.running_ms;
        let journal = self.plan.names.journal();
        let ready: Vec<(u32, &Live)> = self
            .partitions
            .iter()
            .filter_map(|(partition, phase)| Some((*partition, phase.live()?)))
            .collect();
        let places: Vec<Place> = ready
            .iter()
            .map(|(partition, _)| Place::new(&journal, *partition))
            .collect();
        let ends = if places.is_empty() {
            Vec::new()
        } else {
            self.consumer.ends(&places)
        };
        for ((partition, live), end) in ready.into_iter().zip(ends) {
            if let Ok(end) = end {
                self.show_lag(partition, end.saturating_sub(live.shard.next_offset()));
            }
            self.board.note(partition, live);
        }
        self.board.publish(&self.metrics, now.time);
    }

    fn show_lag(&self, partition: u32, records: u64) {
        let gauge = self
            .metrics
            .shard
            .journal_lag_records
            .with_label_values(&[&partition.to_string()]);
        gauge.set(i64::try_from(records).unwrap_or(i64::MAX));
    }

    /// Counts what has been committed.
    fn count(&self, batch: &Batch, now: Now) {
        for consequences in batch.consequences.values() {
            for numbered in &consequences.outputs {
                if let Outgoing::Decision(output) = &numbered.what {
                    self.metrics.observe(output, now.time);
                }
            }
            for (role, verdict) in &consequences.tally {
                self.metrics.judged(*role, verdict);
            }
        }
    }

    fn tell_status(&mut self) {
        if !self.is_dealt {
            return;
        }
        let ready = self.partitions.values().filter_map(Phase::live);
        let policy = ready
            .clone()
            .filter_map(|live| live.shard.policy())
            .max_by_key(|policy| policy.version);
        let restored = ready.count();
        self.status.tell_shard(
            &self.plan.writer_id,
            self.partitions.len(),
            restored,
            policy.map(|policy| policy.version),
        );
        if let Some(policy) = policy
            && self.shown_policy < Some(policy.version)
        {
            self.metrics.adopt(policy);
            self.shown_policy = Some(policy.version);
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of any real span are exact")]
fn seconds(millis: i64) -> f64 {
    millis as f64 / 1000.0
}

impl Phase {
    fn live(&self) -> Option<&Live> {
        match self {
            Self::Ready(live) => Some(live),
            Self::Assigned | Self::Restoring(_) => None,
        }
    }
}

fn compile(document: &PolicyDocument) -> Option<Policy> {
    wire::policy_file::compile(document).ok()
}

impl Batch {
    fn leads_to_something(&self) -> bool {
        self.consequences.values().any(Consequences::is_something)
    }
}
