//! One transaction: outputs, mail and what is remembered, and once all are acknowledged, the offsets.
//!
//! The rule: what somebody waits for is committed at once, with as few partitions as it takes.

use std::collections::{BTreeMap, BTreeSet};

use super::batch::{self, Batch, Writer};
use super::{Interrupt, Live, Phase, Plan, Stop, Worker};
use crate::clock::Now;
use crate::domain::bytes::Malformed;
use crate::domain::shard::{Consequences, Outgoing};
use crate::log::{Commit, Committed, Log, LogError, Place};
use crate::planted::{self, Bug};

/// Commits, at least, in the time within which what was erased must be out of the state log.
const COMMITS_TO_ERASE: i64 = 24;

impl Worker {
    pub(super) fn commit(&mut self, batch: &Batch, now: Now) -> Result<(), Interrupt> {
        if batch.leads_to_something() {
            self.write(batch, now)
        } else {
            Ok(())
        }
    }

    /// Commits at once what somebody waits for, and the rest when it has waited for its time: most
    /// records only change what is remembered, and a transaction of few partitions is short.
    pub(super) fn commit_due(&mut self, mut batch: Batch, now: Now) -> Result<(), Interrupt> {
        let unsigned = |phase: &Phase| matches!(phase, Phase::Ready(live) if !live.is_signed);
        if self.partitions.values().any(unsigned) {
            return self.write(&batch, now);
        }
        if batch.patience_ms(now).is_some_and(|left| left <= 0) {
            return self.commit(&batch, now);
        }
        let urgent = batch.urgent();
        self.waiting = batch;
        self.commit(&urgent, now)
    }

    /// Commits what led to nothing, once in a while.
    pub(super) fn commit_idle(&mut self, now: Now) -> Result<(), Interrupt> {
        let idle_commit_ms = self
            .plan
            .idle_commit_ms
            .min(self.plan.erase_within_ms / COMMITS_TO_ERASE);
        let overdue = |phase: &Phase| match phase {
            Phase::Ready(live) => {
                live.shard.next_offset() > live.committed && now.running_ms - live.committed_at >= idle_commit_ms
            }
            Phase::Assigned | Phase::Restoring(_) => false,
        };
        if self.partitions.values().any(overdue) {
            let waiting = std::mem::take(&mut self.waiting);
            self.write(&waiting, now)
        } else {
            Ok(())
        }
    }

    /// One transaction. Offsets come last: they are refused to whoever lost a partition, and nothing
    /// of a transaction is then still on its way into what the next owner reads.
    fn write(&mut self, batch: &Batch, now: Now) -> Result<(), Interrupt> {
        let ownership = self.ownership.clone()?;
        let mut live: BTreeMap<u32, &mut Live> = BTreeMap::new();
        for (partition, phase) in &mut self.partitions {
            if let Phase::Ready(ready) = phase
                && batch.covers(*partition)
            {
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
        let early = planted::is(Bug::StateBeforeOutputs)
            .then(|| writer.states_alone(self.log.as_ref(), &batch.consequences, &mut live))
            .transpose()?;
        writer.outputs(&batch.consequences)?;
        writer.mail(&batch.consequences)?;
        if planted::is(Bug::OutputsOnTheirOwn) {
            writer.cut()?;
        }
        let offsets = match early {
            Some(offsets) => offsets,
            None => writer.states(self.log.as_ref(), &batch.consequences, &mut live)?,
        };
        transactor.flush()?;
        if !planted::is(Bug::OffsetsLeftOut) {
            transactor.positions(&offsets, &ownership)?;
        }
        if planted::is(Bug::TrimBeforeCommit) {
            trim(&mut live, &self.plan, self.log.as_ref(), now);
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
        for live in live.values_mut() {
            live.committed = live.shard.next_offset();
            live.committed_at = now.running_ms;
            live.is_signed = true;
        }
        let turns = trim(&mut live, &self.plan, self.log.as_ref(), now);
        self.metrics.shard.state_turns.inc_by(turns);
        self.count(batch, now);
        Ok(())
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
}

/// Deletes what turns that have gone round leave behind them; how many there were.
fn trim(live: &mut BTreeMap<u32, &mut Live>, plan: &Plan, log: &dyn Log, now: Now) -> u64 {
    let state = plan.names.state();
    let mut turns = 0;
    for (partition, live) in live {
        let place = Place::new(&state, *partition);
        turns += u64::from(live.forward.trim(log, &place, now.running_ms));
    }
    turns
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
        batch: &BTreeMap<u32, Consequences>,
        live: &mut BTreeMap<u32, &mut Live>,
    ) -> Result<Vec<(Place, Committed)>, Interrupt> {
        let offsets = self.states(log, batch, live)?;
        self.cut()?;
        Ok(offsets)
    }

    /// What each shard remembers, and the journal offsets that go with it.
    fn states(
        &mut self,
        log: &dyn Log,
        batch: &BTreeMap<u32, Consequences>,
        live: &mut BTreeMap<u32, &mut Live>,
    ) -> Result<Vec<(Place, Committed)>, Interrupt> {
        let mut offsets = Vec::new();
        for (partition, live) in live {
            let next = live.shard.next_offset();
            let changed = batch.get(partition).map(|consequences| &consequences.changed);
            if next == live.committed && live.is_signed && changed.is_none_or(BTreeSet::is_empty) {
                continue;
            }
            let erase_within_ms = self.plan.erase_within_ms;
            let place = Place::new(&self.plan.names.state(), *partition);
            match live.forward.begin(log, &place, live.shard.at(), erase_within_ms) {
                Err(LogError::Retry(why)) => tracing::debug!(%place, why, "no turn is begun yet"),
                begun => begun?,
            }
            let images = batch::remember(live, changed, erase_within_ms)
                .map_err(|Malformed| Interrupt::Stop(Stop::Refused(format!("the turn of {place} is malformed"))))?;
            let bytes = self.state(*partition, images)?;
            live.forward.wrote(bytes);
            let committed = Committed {
                offset: next,
                metadata: String::new(),
            };
            offsets.push((Place::new(&self.plan.names.journal(), *partition), committed));
        }
        Ok(offsets)
    }
}
