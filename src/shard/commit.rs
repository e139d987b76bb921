//! One transaction: outputs, mail and what is remembered, and once all are acknowledged, the offsets.
//!
//! The rule: what somebody waits for is committed at once, with as few partitions as it takes.

use std::collections::BTreeMap;
use std::time::Duration;

use super::batch::{self, Load, Remembered, Writer};
use super::forward::Forward;
use super::left_open::no_writer;
use super::{Interrupt, Live, Mending, POLL_WAIT, Phase, Plan, Stop, Worker};
use crate::clock::Now;
use crate::domain::bytes::Malformed;
use crate::domain::shard::Outgoing;
use crate::log::{Commit, Committed, Log, LogError, Place, Record, Signal};
use crate::planted::{self, Bug};
use crate::telemetry::metrics::Metrics;
use crate::wire::journal;

/// Commits, at least, in the time within which what was erased must be out of the state log.
const COMMITS_TO_ERASE: i64 = 24;

/// A deadline is near so many milliseconds before its instant, whatever other clocks show.
const NEAR_BY_ANY_CLOCK_MS: i64 = 60_000;

/// Which shards a transaction is of.
type Which = fn(&Live) -> bool;

const ALL: Which = |_| true;
const AWAITED: Which = |live| live.pending.is_awaited();

/// What of a shard is so once its transaction is committed.
pub(super) struct Attempt {
    pub(super) next: u64,
    pub(super) written: Vec<u8>,
    pub(super) forward: Forward,
}

impl Worker {
    /// Commits everything, if it leads to something.
    pub(super) fn commit(&mut self, now: Now) -> Result<(), Interrupt> {
        if self.leads_to_something() {
            return self.write_all(now);
        }
        self.load = Load::default();
        Ok(())
    }

    /// Commits at once what somebody waits for, and the rest when it has waited for its time: most
    /// records only change what is remembered, and a transaction of few partitions is short.
    pub(super) fn commit_due(&mut self, now: Now) -> Result<(), Interrupt> {
        let mut ready = self.partitions.values().filter_map(Phase::live);
        if ready.any(|live| !live.is_signed) {
            return self.write_all(now);
        }
        if self.patience_ms(now).is_some_and(|left| left <= 0) {
            return self.commit(now);
        }
        let mut ready = self.partitions.values().filter_map(Phase::live);
        if ready.any(AWAITED) {
            self.write(AWAITED, now)
        } else {
            Ok(())
        }
    }

    /// Commits what led to nothing, once in a while.
    pub(super) fn commit_idle(&mut self, now: Now) -> Result<(), Interrupt> {
        if self.is_idle_commit_due(now) {
            return self.write_all(now);
        }
        Ok(())
    }

    fn is_idle_commit_due(&self, now: Now) -> bool {
        let mut ready = self.partitions.values().filter_map(Phase::live);
        ready.any(|live| live.shard.next_offset() > live.committed && self.is_long_since_commit(live, now))
    }

    fn is_long_since_commit(&self, live: &Live, now: Now) -> bool {
        let erase = self.plan.erase_within_ms / COMMITS_TO_ERASE;
        now.running_ms - live.committed_at >= self.plan.idle_commit_ms.min(erase)
    }

    /// Whether a turn that these came in may commit something.
    pub(super) fn may_commit(&mut self, signals: &[Signal], now: Now) -> bool {
        let is_over = self.patience_ms(now).is_some_and(|left| left <= 0);
        let mut ready = self.partitions.values().filter_map(Phase::live);
        is_over
            || ready.any(|live| !live.is_signed || live.pending.is_awaited())
            || signals.iter().any(|signal| self.may_lead_to_something(signal, now))
            || self.is_idle_commit_due(now)
    }

    /// The time alone leads to nothing where no deadline is near. Should one be passed even so, by a
    /// clock that is far ahead of ours, the ownership of an earlier turn is as safe, and may be refused.
    fn may_lead_to_something(&self, signal: &Signal, now: Now) -> bool {
        let Signal::Records(place, records) = signal else {
            return !matches!(signal, Signal::End(..));
        };
        let Some(live) = self.partitions.get(&place.partition).and_then(Phase::live) else {
            return true;
        };
        let near = now.time.plus_millis(NEAR_BY_ANY_CLOCK_MS);
        let tells_time = |record: &Record| journal::is_clock(record.value.as_deref().unwrap_or_default());
        live.shard.next_deadline().is_some_and(|next| next < near)
            || self.is_long_since_commit(live, now)
            || !records.iter().all(tells_time)
    }

    /// How many milliseconds what is not committed may wait; none where there is nothing to commit.
    fn patience_ms(&mut self, now: Now) -> Option<i64> {
        if self.leads_to_something() {
            return Some(self.load.patience_ms(now));
        }
        self.load.rests();
        None
    }

    /// How long a turn waits for records.
    pub(super) fn patience(&mut self, now: Now) -> Duration {
        let left = self
            .patience_ms(now)
            .map(|left| u64::try_from(left).unwrap_or_default());
        left.map_or(POLL_WAIT, |left| POLL_WAIT.min(Duration::from_millis(left)))
    }

    /// Whether the next transaction takes no more in.
    pub(super) fn is_full(&self) -> bool {
        let ready = self.partitions.values().filter_map(Phase::live);
        let outputs = ready.map(|live| live.pending.outputs.len() + live.pending.mail.len());
        let limit = self.pace.limit(self.plan.batch);
        let time = self.pace.batch_time(self.plan.batch_time);
        self.load.is_full(outputs.sum(), limit, time)
    }

    fn leads_to_something(&self) -> bool {
        let mut ready = self.partitions.values().filter_map(Phase::live);
        ready.any(|live| live.pending.is_something())
    }

    fn write_all(&mut self, now: Now) -> Result<(), Interrupt> {
        self.write(ALL, now)?;
        self.load = Load::default();
        Ok(())
    }

    /// One transaction. Offsets come last: they are refused to whoever lost a partition, and nothing
    /// of a transaction is then still on its way into what the next owner reads.
    fn write(&mut self, which: Which, now: Now) -> Result<(), Interrupt> {
        let ownership = self.ownership.clone()?;
        self.end_what_is_ours(now)?;
        let mut lives = chosen(&mut self.partitions, which)?;
        let transactor = self.writer.as_mut().ok_or_else(no_writer)?;
        let started = std::time::Instant::now();
        transactor.begin()?;
        let mut writer = Writer {
            transactor: transactor.as_mut(),
            plan: &self.plan,
            room: std::mem::take(&mut self.room),
            added: 0,
        };
        let early = planted::is(Bug::StateBeforeOutputs)
            .then(|| writer.states_alone(self.log.as_ref(), &mut lives))
            .transpose()?;
        writer.outputs(&lives)?;
        writer.mail(&lives)?;
        if planted::is(Bug::OutputsOnTheirOwn) {
            writer.cut()?;
        }
        let offsets = match early {
            Some(offsets) => offsets,
            None => writer.states(self.log.as_ref(), &mut lives)?,
        };
        let added = writer.added;
        self.room = writer.room;
        transactor.flush()?;
        if !planted::is(Bug::OffsetsLeftOut) {
            transactor.positions(&offsets, &ownership)?;
        }
        if planted::is(Bug::TrimBeforeCommit) {
            let attempts = lives
                .iter_mut()
                .filter_map(|(it, live)| Some((*it, live.attempt.as_mut()?)));
            let forwards = attempts.map(|(partition, attempt)| (partition, &mut attempt.forward));
            trim(forwards, &self.plan, self.log.as_ref(), now);
        }
        let commit = transactor.commit()?;
        let open = started.elapsed();
        self.pace.took(open, self.plan.open_time_max);
        self.metrics.shard.commit_seconds.observe(open.as_secs_f64());
        // A turn may take many transactions; each is a sign of life.
        self.status.turned(&self.plan.writer_id);
        if commit == Commit::Slow && !planted::is(Bug::SlowCommitTrusted) {
            self.writer = None;
        }
        self.outputs_added += added;
        for live in lives.values_mut() {
            live.settle(&self.metrics, now, self.turn_began);
        }
        self.acquaintance.is_kept();
        let forwards = lives
            .into_iter()
            .map(|(partition, live)| (partition, &mut live.forward));
        let turns = trim(forwards, &self.plan, self.log.as_ref(), now);
        self.metrics.shard.state_turns.inc_by(turns);
        Ok(())
    }
}

/// The shards at work that a transaction is of.
fn chosen(partitions: &mut BTreeMap<u32, Phase>, which: Which) -> Result<BTreeMap<u32, &mut Live>, LogError> {
    let ready = partitions.iter_mut().filter_map(|(partition, phase)| match phase {
        Phase::Ready(live) if which(live) => Some((*partition, &mut **live)),
        _ => None,
    });
    let lives: BTreeMap<_, _> = ready.collect();
    if lives.values().any(|live| live.attempt.is_some()) {
        let why = "what became of the transaction before is not known yet".to_owned();
        return Err(LogError::Unknown(why));
    }
    Ok(lives)
}

impl Live {
    /// Everything that was to be written is committed.
    pub(super) fn settle(&mut self, metrics: &Metrics, now: Now, turn_began: std::time::Instant) {
        if let Some(attempt) = self.attempt.take() {
            self.committed = attempt.next;
            self.written = attempt.written;
            self.forward = attempt.forward;
            self.is_signed = true;
            self.fences.clear();
            self.mending = self.mending.take().and_then(|mending| mending.after(self.committed));
        }
        self.committed_at = now.running_ms;
        let settled = std::mem::take(&mut self.pending);
        // The clock was read when the turn began, and a transaction may take long.
        let committed = now.time.plus_millis(turn_began.elapsed().as_millis() as i64);
        for numbered in &settled.outputs {
            if let Outgoing::Decision(output) = &numbered.what {
                metrics.observe(output, committed);
            }
        }
        metrics.judged(&settled.tally);
        metrics.counted(settled.counts);
    }
}

impl Mending {
    /// What is left of it once so much of the journal is committed.
    fn after(self, committed: u64) -> Option<Self> {
        (committed < self.committed).then_some(Self {
            is_to_be_told: false,
            ..self
        })
    }
}

/// Deletes what turns that have gone round leave behind them; how many there were.
fn trim<'a>(forwards: impl Iterator<Item = (u32, &'a mut Forward)>, plan: &Plan, log: &dyn Log, now: Now) -> u64 {
    let state = plan.names.state();
    let trimmed = forwards.map(|(partition, forward)| {
        let place = Place::new(&state, partition);
        u64::from(forward.trim(log, &place, now.running_ms))
    });
    trimmed.sum()
}

impl Writer<'_> {
    /// What no transaction may do: end in the middle, and be followed by another.
    fn cut(&mut self) -> Result<(), LogError> {
        self.transactor.commit()?;
        self.transactor.begin()
    }

    fn states_alone(
        &mut self,
        log: &dyn Log,
        lives: &mut BTreeMap<u32, &mut Live>,
    ) -> Result<Vec<(Place, Committed)>, Interrupt> {
        let offsets = self.states(log, lives)?;
        self.cut()?;
        Ok(offsets)
    }

    /// What each shard remembers, and the journal offsets that go with it.
    fn states(
        &mut self,
        log: &dyn Log,
        lives: &mut BTreeMap<u32, &mut Live>,
    ) -> Result<Vec<(Place, Committed)>, Interrupt> {
        let mut offsets = Vec::new();
        for (partition, live) in lives {
            let next = live.shard.next_offset();
            if next == live.committed && live.is_signed && live.mending.is_none() && live.pending.changed.is_empty() {
                continue;
            }
            let erase_within_ms = self.plan.erase_within_ms;
            let place = Place::new(&self.plan.names.state(), *partition);
            let mut forward = live.forward.clone();
            match forward.begin(log, &place, live.shard.at(), erase_within_ms) {
                Err(LogError::Retry(why)) => tracing::debug!(%place, why, "no turn is begun yet"),
                begun => begun?,
            }
            let Remembered { records, own: written } =
                batch::remember(live, &mut forward, erase_within_ms, &mut self.room)
                    .map_err(|Malformed| Interrupt::Stop(Stop::Refused(format!("the turn of {place} is malformed"))))?;
            if live.mending.is_some_and(|mending| mending.is_to_be_told) {
                forward.wrote(self.mended(*partition, live.committed)?);
            }
            forward.wrote(self.state(*partition, records, live)?);
            live.attempt = Some(Attempt { next, written, forward });
            let committed = Committed {
                offset: live.mending.map_or(next, |mending| next.max(mending.committed)),
                metadata: String::new(),
            };
            offsets.push((Place::new(&self.plan.names.journal(), *partition), committed));
        }
        Ok(offsets)
    }
}
