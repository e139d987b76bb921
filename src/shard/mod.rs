//! journal → decisions → one transaction. A worker owns one consumer, one transactional writer and
//! the shards of its partitions; workers share nothing.
//!
//! The rule: everything a shard did is in one transaction with the journal position it did it at,
//! and after anything but a clean commit the log is asked what became of it.

mod again;
mod batch;
mod commit;
mod forward;
#[cfg(test)]
mod forward_tests;
mod gauges;
mod hanging;
#[cfg(test)]
mod hanging_tests;
mod kept;
mod left_open;
mod marks;
mod plan;
mod restore;
mod said;
mod takeover;
mod unsettled;
mod writers;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Now;
use crate::domain::bytes::Malformed;
use crate::domain::shard::{Consequences, Halt, Shard};
use crate::horizon::Horizon;
use crate::log::{Consumer, Log, LogError, Ownership, Place, Record, Signal, Transactor};
use crate::planted::{self, Bug};
use crate::status::Status;
use crate::telemetry::metrics::Metrics;
use crate::trouble::{Acquaintance, TROUBLE_MINUTES_MAX, Trouble};
use crate::wire;

pub use self::again::{Again, say_again};
pub use self::gauges::Board;
pub use self::plan::Plan;
pub use self::said::Said;

use self::batch::{Load, Pace};
use self::commit::Attempt;
use self::forward::Forward;
use self::hanging::Hanging;
use self::restore::{Restore, RestoreError};
use self::unsettled::Unsettled;
use self::writers::Former;

/// How long a poll waits when there is nothing to do.
const POLL_WAIT: Duration = Duration::from_millis(100);
/// A restore that reads nothing for so long looks for writers that left a transaction open.
const QUIET_MS_MAX: i64 = 2_000;
/// After so long it ends again what was ended before, and is still open.
const HANGING_MS_MAX: i64 = 8_000;
/// How often the lag is asked for, in milliseconds.
const LAG_EVERY_MS: i64 = 5_000;

/// Where a worker shows what it does.
#[derive(Clone)]
pub struct Watch {
    /// Every metric.
    pub metrics: Arc<Metrics>,
    /// What the probes ask.
    pub status: Arc<Status>,
    /// What the shards hold.
    pub board: Arc<Board>,
    /// How far away their deadlines are.
    pub horizon: Arc<Horizon>,
}

impl Watch {
    /// Nothing is shown yet.
    pub fn new(metrics: Metrics) -> Self {
        Self {
            metrics: Arc::new(metrics),
            status: Arc::default(),
            board: Arc::default(),
            horizon: Arc::default(),
        }
    }
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
    #[error("gave up after {TROUBLE_MINUTES_MAX} minutes of trouble; the last: {last}")]
    Trouble {
        /// What was wrong in the end.
        last: LogError,
    },
}

/// What ends a turn early.
#[derive(Debug)]
pub enum Interrupt {
    /// The log did not answer as hoped.
    Log(LogError),
    /// Only a person can mend it.
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
    horizon: Arc<Horizon>,
    consumer: Box<dyn Consumer>,
    writer: Option<Box<dyn Transactor>>,
    partitions: BTreeMap<u32, Phase>,
    /// The group has dealt out partitions, be it none to us.
    is_dealt: bool,
    /// As it was when the batch was read.
    ownership: Result<Ownership, LogError>,
    pace: Pace,
    /// What the shards applied and have not committed yet, taken together.
    load: Load,
    trouble: Trouble,
    acquaintance: Acquaintance,
    lag_asked_at: i64,
    /// When this turn's clock was read.
    turn_began: std::time::Instant,
    /// Writers whose transactions were ended since the last fence.
    ended: BTreeSet<String>,
    hanging: Hanging,
    /// Where restores of partitions ended in front of what was committed, by the first look.
    doubted: BTreeMap<u32, u64>,
    /// The policy version that was shown last.
    shown_policy: Option<u64>,
    repaired: usize,
    outputs_added: usize,
    /// From one transaction to the next.
    room: wire::state::Room,
}

/// Where a worker stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Partitions that are its own.
    pub owned: usize,
    /// Of them, those that are restored.
    pub restored: usize,
    /// Those that a repair had to make good.
    pub repaired: usize,
    /// Outputs that a repair has added.
    pub outputs_added: usize,
    /// Everything in the journal is decided and committed.
    pub is_at_rest: bool,
}

/// How far a partition is on its way to being ours.
enum Phase {
    /// Ours, with nothing in memory.
    Assigned,
    /// Behind its fence, reading.
    Restoring(Restore),
    /// In memory, but what it wrote last may be in the log or not.
    Unsettled(Unsettled),
    /// At work.
    Ready(Box<Live>),
}

/// A shard at work.
struct Live {
    shard: Shard,
    /// What it led to that is not committed yet: it is kept and dropped with the shard alone.
    pending: Consequences,
    /// The journal offset up to which everything is committed.
    committed: u64,
    committed_at: i64,
    forward: Forward,
    /// The shard's own state as it was written last: by this its last record is known.
    written: Vec<u8>,
    /// What stands in a transaction that has not come to its end.
    attempt: Option<Attempt>,
    /// Tokens of our own fences behind what was written last.
    fences: Vec<[u8; 16]>,
    /// A record of ours stands behind what others wrote in the state log. Until then each restore
    /// takes their transactional ids over, and may fence them at work on other partitions.
    is_signed: bool,
    /// Who wrote before, while it is not long ago.
    former: Former,
    /// When it was restored, in running time.
    restored_at: i64,
    /// When it was looked whether the journal can be trimmed.
    looked_at: i64,
    /// What a repair has to make good.
    mending: Option<Mending>,
    /// The journal has been read to its end.
    is_at_end: bool,
}

/// What a repair has to make good.
#[derive(Clone, Copy)]
struct Mending {
    /// The state log does not say yet where its use ends.
    is_to_be_told: bool,
    /// The group keeps this journal offset until the shard is past it.
    committed: u64,
}

impl Worker {
    /// Joins the group.
    pub fn join(log: Arc<dyn Log>, plan: Plan, watch: Watch) -> Result<Self, LogError> {
        let consumer = log.consumer(&plan.membership())?;
        Ok(Self {
            log,
            plan,
            metrics: watch.metrics,
            status: watch.status,
            board: watch.board,
            horizon: watch.horizon,
            consumer,
            writer: None,
            partitions: BTreeMap::new(),
            is_dealt: false,
            ownership: Err(LogError::Retry("nothing was read yet".to_owned())),
            pace: Pace::default(),
            load: Load::default(),
            trouble: Trouble::default(),
            acquaintance: Acquaintance::default(),
            ended: BTreeSet::new(),
            hanging: Hanging::default(),
            doubted: BTreeMap::new(),
            shown_policy: None,
            repaired: 0,
            outputs_added: 0,
            room: wire::state::Room::default(),
            lag_asked_at: i64::MIN / 2,
            turn_began: std::time::Instant::now(),
        })
    }

    /// One turn: takes what has arrived, decides, commits. An error ends the worker for good.
    pub fn step(&mut self, now: Now) -> Result<(), Stop> {
        match self.turn(now) {
            Ok(()) => {
                if self.partitions.values().any(|phase| matches!(phase, Phase::Ready(_))) {
                    self.trouble.is_over();
                }
                Ok(())
            }
            Err(Interrupt::Stop(stop)) => Err(stop),
            Err(Interrupt::Log(LogError::Refused(why))) => Err(Stop::Refused(why)),
            Err(Interrupt::Log(error)) => self.start_over(error, now),
        }
    }

    /// How far it is.
    pub fn standing(&self) -> Standing {
        let ready: Vec<&Live> = self.partitions.values().filter_map(Phase::live).collect();
        let rests =
            |live: &&Live| live.is_at_end && live.committed == live.shard.next_offset() && live.mending.is_none();
        let (owned, restored) = (self.partitions.len(), ready.len());
        Standing {
            owned,
            restored,
            repaired: self.repaired,
            outputs_added: self.outputs_added,
            is_at_rest: restored == owned && ready.iter().all(rests),
        }
    }

    /// The number of each shard's last output.
    pub fn last_said(&self) -> BTreeMap<u32, u64> {
        let lives = self
            .partitions
            .iter()
            .filter_map(|(shard, phase)| Some((*shard, phase.live()?)));
        lives.map(|(shard, live)| (shard, live.committed_sequence())).collect()
    }

    /// Finishes and leaves the group.
    pub fn close(self) {
        drop(self.writer);
        self.consumer.close();
    }

    fn turn(&mut self, now: Now) -> Result<(), Interrupt> {
        self.turn_began = std::time::Instant::now();
        let resting = self.trouble.rests(now);
        if !resting {
            self.bring_back(now)?;
        }
        let all_ready = self.partitions.values().all(|phase| matches!(phase, Phase::Ready(_)));
        let wait = if all_ready || resting {
            self.patience(now)
        } else {
            Duration::ZERO
        };
        let signals = self.consumer.poll(self.plan.batch, wait)?;
        // Taken before the batch is applied: a later one could let a batch through whose partition
        // was lost meanwhile. What waits from earlier polls may go with a newer one: a loss is told by
        // a poll, and what was lost is forgotten, before the group gives another.
        if self.may_commit(&signals, now) {
            self.ownership = self.consumer.ownership();
        }
        self.take_all(signals, now)?;
        self.commit_due(now)?;
        self.commit_idle(now)?;
        self.trim_journal(now);
        self.free_readers(now);
        self.ask_lag(now);
        self.tell_status();
        Ok(())
    }

    /// After an error nothing more is applied, but the coming and going of partitions is still
    /// answered: the group waits for it, and it is told once.
    fn take_all(&mut self, signals: Vec<Signal>, now: Now) -> Result<(), Interrupt> {
        self.load.go_on();
        let mut interrupted = Ok(());
        for signal in signals {
            if interrupted.is_err() && matches!(signal, Signal::Records(..)) {
                continue;
            }
            let taken = self.take(signal, now);
            if let Err(Interrupt::Stop(_)) = taken {
                return taken;
            }
            interrupted = interrupted.and(taken);
        }
        interrupted
    }

    fn take(&mut self, signal: Signal, now: Now) -> Result<(), Interrupt> {
        self.acquaintance.heard(&signal);
        match signal {
            Signal::Assigned(places) => {
                tracing::info!(partitions = places.len(), "journal partitions assigned");
                self.is_dealt = true;
                self.partitions
                    .extend(places.iter().map(|place| (place.partition, Phase::Assigned)));
            }
            Signal::Revoked(places) => {
                tracing::info!(partitions = places.len(), "journal partitions revoked");
                let finished = self.commit(now);
                let left = finished.and_then(|()| self.take_leave(&places).map_err(Interrupt::Log));
                self.forget(&places)?;
                left?;
            }
            Signal::Lost(places) => {
                tracing::warn!(partitions = places.len(), "journal partitions lost");
                // Until the group deals anew.
                self.is_dealt = false;
                self.forget(&places)?;
            }
            Signal::Records(place, records) => self.apply(place.partition, &records, now)?,
            Signal::End(place, _) => self.at_end(place.partition),
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

    fn at_end(&mut self, partition: u32) {
        if let Some(Phase::Ready(live)) = self.partitions.get_mut(&partition) {
            live.is_at_end = true;
        }
        self.show_lag(partition, 0);
    }

    fn forget(&mut self, places: &[Place]) -> Result<(), LogError> {
        for place in places {
            self.partitions.remove(&place.partition);
            self.hanging.swept.remove(&place.partition);
            self.board.forget(place.partition);
            self.horizon.forget(place.partition);
            let label = place.partition.to_string();
            // There is no gauge yet where nothing was read.
            let _none = self.metrics.shard.journal_lag_records.remove_label_values(&[&label]);
        }
        self.ask_lag_soon();
        self.consumer.release(places)
    }

    fn apply(&mut self, partition: u32, records: &[Record], now: Now) -> Result<(), Interrupt> {
        for record in records {
            if !planted::is(Bug::DeadlinesAfterRecord) {
                self.fire(partition, now)?;
            }
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
            let at = planted::either(Bug::OwnTime, now.time, record.time);
            let applied = live.shard.apply(record.offset, at, &journaled, &mut live.pending);
            applied.map_err(|halt| Interrupt::Stop(Stop::Halt { partition, halt }))?;
            live.is_at_end = false;
            self.load.took(value.len());
            if self.is_full() {
                self.commit(now)?;
            }
        }
        self.fire(partition, now)
    }

    /// Fires what is due, committing whenever a transaction has its fill.
    fn fire(&mut self, partition: u32, now: Now) -> Result<(), Interrupt> {
        loop {
            let Some(Phase::Ready(live)) = self.partitions.get_mut(&partition) else {
                return Ok(());
            };
            if !live.shard.is_due() {
                return Ok(());
            }
            if live.shard.fire(self.plan.deadlines_max, &mut live.pending) >= self.plan.deadlines_max {
                self.commit(now)?;
            }
        }
    }
}

impl Phase {
    fn live(&self) -> Option<&Live> {
        match self {
            Self::Ready(live) => Some(live),
            Self::Assigned | Self::Restoring(_) | Self::Unsettled(_) => None,
        }
    }
}
