//! One transaction: outputs and mail first, then the state that proves them, then the offsets.

use std::collections::{BTreeMap, BTreeSet};

use super::batch::{Batch, Writer};
use super::{Interrupt, Live, Phase, Worker};
use crate::clock::Now;
use crate::domain::shard::{Consequences, Outgoing};
use crate::log::{Commit, Committed, Place};

impl Worker {
    pub(super) fn commit(&mut self, batch: &Batch, now: Now) -> Result<(), Interrupt> {
        if batch.leads_to_something() {
            self.write(batch, now)
        } else {
            Ok(())
        }
    }

    /// Commits what led to nothing, once in a while.
    pub(super) fn commit_idle(&mut self, now: Now) -> Result<(), Interrupt> {
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

impl Batch {
    fn leads_to_something(&self) -> bool {
        self.consequences.values().any(Consequences::is_something)
    }
}
