//! sources → journal. Translates and forwards; decides nothing, remembers nothing.
//!
//! The rule: a source offset is committed only after the journal has acknowledged everything below
//! it. After any doubt the intake starts afresh from the committed offsets; shards recognise what
//! is appended again by its position.

mod begin;
mod forward;
pub mod founding;
mod guard;
mod pace;
mod pack;
mod partitions;
mod reading;
mod telling;
mod turning;
mod watermarks;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Now;
use crate::domain::ids::LeadKey;
use crate::domain::journal::Role;
use crate::domain::time::Instant;
use crate::horizon::Horizon;
use crate::log::{Appender, Consumer, Log, LogError, Membership, Place, ReadLimit, Record, Signal, Topic};
use crate::names::Names;
use crate::planted::{self, Bug};
use crate::settings::Begin;
use crate::status::Status;
use crate::telemetry::metrics::{Metrics, seconds_between};
use crate::trouble::{Acquaintance, Stop, Trouble};
use crate::wire::adapters::Adapter;
use crate::wire::facts::FactType;
use crate::wire::translate::{Hooks, SourceContext};

use self::forward::takes_nothing;
pub use self::guard::GuardPlan;
use self::guard::{Guards, is_bad};
use self::pace::Pace;
use self::pack::{Packer, There};
use self::reading::{Reading, contents};
use self::telling::Told;
use self::turning::Turning;
use self::watermarks::Appended;

/// What one poll may bring.
const READ: ReadLimit = ReadLimit {
    records_max: 10_000,
    bytes_max: 8 << 20,
};
/// How long a poll waits when there is nothing to do.
const POLL_WAIT: Duration = Duration::from_millis(100);
/// Journal records on their way at most; then nothing more is read until some are acknowledged.
const UNACKNOWLEDGED_MAX: usize = 2_000;
/// How long to wait for acknowledgements when there are too many on their way, or at the end.
const ACK_WAIT: Duration = Duration::from_millis(20);
/// Offsets are committed this often, in milliseconds.
const COMMIT_EVERY_MS: i64 = 1_000;
/// A partition that is behind and takes nothing for so long cannot be read, in milliseconds.
const PROGRESS_MS_MAX: i64 = 10_000;
/// After a fetch error a partition counts as unreadable for so long, in milliseconds.
const UNREADABLE_MS: i64 = 2_000;
/// A topic that could not be begun is tried again after so long, in milliseconds: the first time,
/// and the longest, since the question itself may block for half of it.
const BEGIN_AGAIN_MS: (i64, i64) = (200, 10_000);
/// The journal takes nothing for so long, in milliseconds: then everything begins anew, since a member
/// that does not poll is put out of its group.
const CROWDED_MS_MAX: i64 = 10_000;
/// A shutdown waits so long for acknowledgements.
const CLOSE_ATTEMPTS_MAX: u32 = 500;

/// A topic to read.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its full name.
    pub topic: String,
    /// What it is for.
    pub role: Role,
    /// Where to begin the first time.
    pub begin: Begin,
    /// The types taken from it, all if none are named.
    pub types: Option<Vec<FactType>>,
    /// Other types are ignored instead of rejected.
    pub ignore_unknown_types: bool,
    /// What makes events of a platform's payloads.
    pub adapter: Option<Arc<Adapter>>,
    /// Of the inbox: the hooks that its records may have come through.
    pub hooks: Hooks,
}

impl Source {
    /// What the records of one of its partitions hang on.
    pub fn context(&self, topic_id: [u8; 16], partition: u32) -> SourceContext {
        SourceContext {
            topic: self.topic.clone(),
            topic_id,
            partition,
            role: self.role,
            types: self.types.clone(),
            ignore_unknown_types: self.ignore_unknown_types,
            adapter: self.adapter.clone(),
            hooks: self.hooks.clone(),
        }
    }
}

/// What an intake worker needs to know.
#[derive(Clone)]
pub struct Plan {
    /// Topic and group names.
    pub names: Names,
    /// Its name in logs and probes.
    pub worker: String,
    /// Static membership, if any.
    pub instance: Option<String>,
    /// Number of journal partitions.
    pub partitions: u32,
    /// Turns identifiers into lead ids.
    pub lead_key: LeadKey,
    /// The number of the translation.
    pub translation: u32,
    /// Grows when sources are taken away.
    pub sources_version: u64,
    /// What to read.
    pub sources: Vec<Source>,
    /// When a source is paused.
    pub guard: GuardPlan,
    /// How often a clock record is appended, in milliseconds.
    pub clock_every_ms: i64,
}

impl Plan {
    fn membership(&self) -> Membership {
        Membership {
            group: self.names.intake_group(),
            topics: self.sources.iter().map(|source| source.topic.clone()).collect(),
            instance: self.instance.clone(),
            committed_only: true,
        }
    }
}

/// Reads the sources and writes the journal.
pub struct Intake {
    log: Arc<dyn Log>,
    plan: Plan,
    metrics: Arc<Metrics>,
    status: Arc<Status>,
    consumer: Box<dyn Consumer>,
    appender: Option<Box<dyn Appender>>,
    partitions: BTreeMap<Place, Phase>,
    /// The group has dealt out partitions, be it none to us.
    is_dealt: bool,
    /// Tickets of appends that are not acknowledged yet, and the journal partition of clock records.
    on_their_way: BTreeMap<u64, Option<u32>>,
    next_ticket: u64,
    appended: Appended,
    topics: Vec<Topic>,
    /// As they were when this worker first asked.
    first_topics: Vec<Topic>,
    pace: Pace,
    clock_at: i64,
    told: Told,
    horizon: Arc<Horizon>,
    /// The roles whose lag this worker shows.
    lag_shown: BTreeSet<Role>,
    committed_at: i64,
    trouble: Trouble,
    acquaintance: Acquaintance,
    unreadable_at: BTreeMap<Place, i64>,
    /// Topics that could not be begun.
    resting: BTreeMap<Arc<str>, Rest>,
    /// Partitions that end before what was read of them, and until when they are left alone.
    short_until: BTreeMap<Place, i64>,
    guards: Guards,
    /// What others left of the partitions that are ours and was passed. The commit that says so may
    /// come late: whoever begins anew before it must not turn over once more.
    turned: BTreeMap<Place, There>,
    /// The last of our clock records that journal partition 0 has acknowledged, and its time there.
    journal_time: Option<(u64, Instant)>,
    /// The time of the last step.
    now: Now,
    /// When the journal last took all up to some ticket, or was not waited for, in running time.
    journal_took_at: i64,
}

/// How far a source partition is on its way to being read.
enum Phase {
    /// It begins once a clock record with this ticket or a later one is in the journal: its time is
    /// later than whatever those did who had the partition before.
    Assigned(u64),
    Turning(Box<Turning>),
    Reading(Box<Reading>),
}

/// Until when a topic is left alone.
#[derive(Default)]
struct Rest {
    until: i64,
    attempts: u32,
}

impl Intake {
    /// Joins the group.
    pub fn join(
        log: Arc<dyn Log>,
        plan: Plan,
        metrics: Arc<Metrics>,
        status: Arc<Status>,
        horizon: Arc<Horizon>,
    ) -> Result<Self, LogError> {
        let consumer = log.consumer(&plan.membership())?;
        Ok(Self {
            log,
            plan,
            metrics,
            status,
            consumer,
            appender: None,
            partitions: BTreeMap::new(),
            is_dealt: false,
            on_their_way: BTreeMap::new(),
            next_ticket: 0,
            appended: Appended::default(),
            topics: Vec::new(),
            first_topics: Vec::new(),
            pace: Pace::default(),
            clock_at: i64::MIN / 2,
            told: Told::default(),
            horizon,
            lag_shown: BTreeSet::new(),
            committed_at: 0,
            trouble: Trouble::default(),
            acquaintance: Acquaintance::default(),
            unreadable_at: BTreeMap::new(),
            resting: BTreeMap::new(),
            short_until: BTreeMap::new(),
            guards: Guards::default(),
            turned: BTreeMap::new(),
            journal_time: None,
            now: Now {
                time: Instant::default(),
                running_ms: 0,
            },
            journal_took_at: 0,
        })
    }

    /// One turn: takes what has arrived, forwards it, notes what is acknowledged.
    pub fn step(&mut self, now: Now) -> Result<(), Stop> {
        self.now = now;
        match self.turn(now) {
            Ok(()) => Ok(()),
            Err(LogError::Refused(why)) => Err(Stop::Refused(why)),
            Err(LogError::Unknown(_)) if planted::is(Bug::LostAppendIgnored) => {
                self.forget_appends();
                Ok(())
            }
            Err(error) => self.start_over(error, now),
        }
    }

    /// Waits for what is on its way, notes a clean stop and leaves the group.
    pub fn close(mut self) {
        for _ in 0..CLOSE_ATTEMPTS_MAX {
            if self.on_their_way.is_empty() {
                break;
            }
            if let Err(error) = self.take_acks(ACK_WAIT) {
                tracing::warn!(%error, "stopping without the last acknowledgements");
                break;
            }
        }
        let places: Vec<Place> = self.partitions.keys().cloned().collect();
        if let Err(error) = self.commit(&places, true) {
            tracing::warn!(%error, "stopping without noting a clean stop");
        }
        self.consumer.close();
    }

    fn turn(&mut self, now: Now) -> Result<(), LogError> {
        if self.trouble.rests(now) {
            let signals = self.consumer.poll(READ, POLL_WAIT)?;
            let taken = self.take_signals(signals, now);
            self.status.tell_intake(&self.plan.worker, self.is_dealt);
            return taken;
        }
        if self.appender.is_none() {
            self.appender = Some(self.log.appender()?);
        }
        self.begin_reading(now)?;
        self.go_on_turning()?;
        let (crowded, first_ticket) = (self.is_crowded(), self.next_ticket);
        self.take_acks(if crowded { ACK_WAIT } else { Duration::ZERO })?;
        if !crowded {
            self.journal_took_at = now.running_ms;
        } else if now.running_ms - self.journal_took_at >= CROWDED_MS_MAX {
            return Err(takes_nothing());
        }
        if let Some(rest) = self.pace.rest(now.running_ms, self.acknowledged()) {
            self.take_acks(rest.min(self.patience(now)))?;
        } else if !crowded {
            let signals = self.consumer.poll(READ, self.patience(now))?;
            self.take_signals(signals, now)?;
        }
        if now.running_ms - self.clock_at >= self.plan.clock_every_ms {
            self.clock_at = now.running_ms;
            self.heed_guards(now)?;
            if self.next_ticket == first_ticket {
                // What is in the journal counts. What this turn appended is not there yet, and on the
                // local log is written together with the time.
                self.take_acks(Duration::ZERO)?;
            }
            self.tell_time(now)?;
        }
        if now.running_ms - self.committed_at >= COMMIT_EVERY_MS {
            self.committed_at = now.running_ms;
            let places: Vec<Place> = self.partitions.keys().cloned().collect();
            match self.commit(&places, false) {
                // A group that changes hands takes none; the next ones say as much.
                Err(LogError::Retry(why)) => tracing::warn!(why, "offsets are committed later"),
                outcome => outcome?,
            }
        }
        self.status.tell_intake(&self.plan.worker, self.is_dealt);
        self.trouble.is_over();
        Ok(())
    }

    /// So much is on its way that nothing more is read.
    fn is_crowded(&self) -> bool {
        self.on_their_way.len() > UNACKNOWLEDGED_MAX
    }

    fn take_signals(&mut self, signals: Vec<Signal>, now: Now) -> Result<(), LogError> {
        let mut packer = self.packer();
        let mut records = 0;
        let mut interrupted = Ok(());
        for signal in signals {
            // After an error nothing more is read, but the coming and going of partitions is still
            // answered: the group waits for it, and it is told once.
            if interrupted.is_err() && matches!(signal, Signal::Records(..)) {
                continue;
            }
            if let Signal::Records(_, some) = &signal {
                records += some.len();
            }
            let taken = self.take_signal(signal, &mut packer, now);
            interrupted = interrupted.and(taken);
        }
        interrupted?;
        let first_ticket = self.next_ticket;
        self.forward(packer)?;
        if self.next_ticket > first_ticket {
            self.pace.appended(records, self.next_ticket);
        }
        Ok(())
    }

    fn take_signal(&mut self, signal: Signal, packer: &mut Packer, now: Now) -> Result<(), LogError> {
        self.acquaintance.heard(&signal);
        match signal {
            Signal::Assigned(places) => {
                tracing::info!(partitions = places.len(), "source partitions assigned");
                self.is_dealt = true;
                self.tell_time_soon();
                let waits = |place| (place, Phase::Assigned(self.next_ticket));
                self.partitions.extend(places.into_iter().map(waits));
            }
            Signal::Revoked(places) => {
                tracing::info!(partitions = places.len(), "source partitions revoked");
                let finished = self.forward(std::mem::replace(packer, self.packer()));
                self.give_up(&places, finished)?;
            }
            Signal::Lost(places) => {
                tracing::warn!(partitions = places.len(), "source partitions lost");
                // Until the group deals anew.
                self.is_dealt = false;
                self.partitions.retain(|place, _| !places.contains(place));
                self.turned.retain(|place, _| !places.contains(place));
                self.consumer.release(&places)?;
            }
            Signal::Records(place, records) => self.take(&place, &records, packer, now)?,
            Signal::End(place, end) => self.reached(&place, end, now),
            Signal::Unreadable(place, why) => {
                tracing::warn!(%place, why, "cannot read a source right now");
                self.unreadable_at.insert(place, now.running_ms);
            }
            Signal::OutOfRange(place) => {
                tracing::warn!(%place, "what comes next is not in the source any more");
                self.consumer.stop(&place)?;
                self.tell_time_soon();
                self.partitions.insert(place, Phase::Assigned(self.next_ticket));
            }
        }
        Ok(())
    }

    fn packer(&self) -> Packer {
        Packer::new(self.plan.partitions, self.plan.translation)
    }

    /// Translates what a source partition brought.
    fn take(&mut self, place: &Place, records: &[Record], packer: &mut Packer, now: Now) -> Result<(), LogError> {
        if self.guards.is_paused(&place.topic) {
            return Ok(());
        }
        let Some(Phase::Reading(reading)) = self.partitions.get_mut(place) else {
            return Ok(());
        };
        let (origin, plan) = (reading.origin(), self.plan.guard);
        let mut guard = self.guards.of(&place.topic, origin.role, plan);
        for record in records {
            if record.offset < reading.next {
                continue;
            }
            reading.next = record.offset + 1;
            let contents = contents(&reading.context, &self.plan.lead_key, record, &self.metrics);
            let is_too_bad = guard.as_mut().is_some_and(|guard| guard.judge(is_bad(&contents), plan));
            packer.add(origin, record.offset, contents, &reading.there);
            if is_too_bad {
                return self.pause(&place.topic);
            }
        }
        reading.taken_at = now.running_ms;
        if let Some(last) = records.last() {
            let seconds = seconds_between(Instant::default(), last.time);
            self.metrics
                .intake
                .source_last_record_timestamp_seconds
                .with_label_values(&[&*place.topic])
                .set(seconds);
        }
        self.unreadable_at.remove(place);
        Ok(())
    }

    fn reached(&mut self, place: &Place, end: u64, now: Now) {
        // What came before this end was left where it is.
        if self.guards.is_paused(&place.topic) {
            return;
        }
        if let Some(Phase::Reading(reading)) = self.partitions.get_mut(place) {
            reading.next = reading.next.max(end);
            reading.taken_at = now.running_ms;
            self.unreadable_at.remove(place);
        }
    }
}
