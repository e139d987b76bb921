//! Coming and going of partitions: fences, restores, and starting over.

use super::batch::{self, Load};
use super::restore::{Restore, RestoreError, Restored};
use super::unsettled::{Ending, Unsettled};
use super::{HANGING_MS_MAX, Interrupt, Live, Mending, Phase, QUIET_MS_MAX, Stop, Worker};
use crate::clock::Now;
use crate::domain::shard::{Consequences, Shard};
use crate::log::{LogError, Place};
use crate::planted::{self, Bug};

impl Worker {
    /// Puts fences before partitions that are not ready, and reads on up to them.
    pub(super) fn bring_back(&mut self, now: Now) -> Result<(), Interrupt> {
        let needs_fence = |phase: &Phase| match phase {
            Phase::Assigned => true,
            Phase::Unsettled(unsettled) => unsettled.needs_fence(),
            Phase::Restoring(_) | Phase::Ready(_) => false,
        };
        let unfenced = self.partitions.iter().filter(|(_, phase)| needs_fence(phase));
        let unfenced: Vec<u32> = unfenced.map(|(partition, _)| *partition).collect();
        if !unfenced.is_empty() {
            self.fence(&unfenced, now)?;
        }
        let partitions: Vec<u32> = self.partitions.keys().copied().collect();
        partitions.into_iter().try_for_each(|partition| {
            self.look(partition, now)?;
            self.restore(partition, now)
        })
    }

    fn fence(&mut self, partitions: &[u32], now: Now) -> Result<(), Interrupt> {
        let token = batch::fence_token(&self.plan.writer_id, now);
        for partition in partitions {
            if let Some(Phase::Unsettled(unsettled)) = self.partitions.get_mut(partition) {
                unsettled.live.fences.push(token);
            }
        }
        self.mark(partitions, token)?;
        self.ended.clear();
        for partition in partitions {
            let place = Place::new(&self.plan.names.state(), *partition);
            if let Some(Phase::Unsettled(unsettled)) = self.partitions.get_mut(partition) {
                unsettled.look(self.log.as_ref(), &place, token, now)?;
            } else {
                let restore = Restore::begin(self.log.as_ref(), &place, token, self.plan.said.is_some(), now)?;
                self.partitions.insert(*partition, Phase::Restoring(restore));
            }
        }
        Ok(())
    }

    /// Goes on with what is in memory, if the end of the state log is ours; else restores.
    fn look(&mut self, partition: u32, now: Now) -> Result<(), Interrupt> {
        let Some(Phase::Unsettled(unsettled)) = self.partitions.get_mut(&partition) else {
            return Ok(());
        };
        let Some(ending) = unsettled.step(self.log.as_ref(), &self.plan.writer_id, now)? else {
            return Ok(());
        };
        let next = unsettled.live.shard.next_offset();
        let phase = if ending == Ending::Others {
            Phase::Assigned
        } else {
            let journal = Place::new(&self.plan.names.journal(), partition);
            self.consumer.start(&journal, next)?;
            let Some(Phase::Unsettled(Unsettled { mut live, .. })) = self.partitions.remove(&partition) else {
                return Ok(());
            };
            if ending == Ending::Written {
                live.settle(&self.metrics, now, self.turn_began);
            }
            if let Some(attempt) = live.attempt.take() {
                live.forward.lost(&attempt.forward);
            }
            Phase::Ready(live)
        };
        let found = ending.name();
        tracing::info!(
            partition,
            offset = next,
            found,
            "what became of the last transaction is known"
        );
        self.metrics.shard.unsettled.with_label_values(&[found]).inc();
        self.partitions.insert(partition, phase);
        Ok(())
    }

    /// Reads on; what comes back, once all of it has been read.
    fn read_on(&mut self, partition: u32, now: Now) -> Result<Option<Restored>, Interrupt> {
        let charter = self.plan.charter(partition);
        let Some(Phase::Restoring(restore)) = self.partitions.get_mut(&partition) else {
            return Ok(None);
        };
        let restored = match restore.step(self.log.as_ref(), charter, now) {
            Ok(restored) => restored,
            Err(RestoreError::Overtaken) => {
                tracing::info!(
                    partition,
                    "the state log was trimmed while it was read: once more from its start"
                );
                self.partitions.insert(partition, Phase::Assigned);
                return Ok(None);
            }
            Err(RestoreError::Log(error)) => return Err(Interrupt::Log(error)),
            Err(error @ RestoreError::Broken { .. }) => return Err(Interrupt::Stop(Stop::Restore(error))),
        };
        if restored.is_none() && now.running_ms - restore.quiet_since >= QUIET_MS_MAX {
            restore.quiet_since = now.running_ms;
            let writers = restore.writers_ahead(self.log.as_ref())?;
            let is_ended = |writer: &String| *writer == self.plan.writer_id || self.ended.contains(writer);
            let hangs = now.running_ms - restore.went_on_at >= HANGING_MS_MAX;
            if hangs && !planted::is(Bug::HangingLeftOpen) && !writers.is_empty() && writers.iter().all(is_ended) {
                self.end_hanging(partition, writers, now)?;
            } else {
                self.end_transactions(writers)?;
            }
        }
        Ok(restored)
    }

    fn restore(&mut self, partition: u32, now: Now) -> Result<(), Interrupt> {
        let restored = self.read_on(partition, now)?;
        let (Some(restored), Some(Phase::Restoring(restore))) = (restored, self.partitions.get_mut(&partition)) else {
            return Ok(());
        };
        let Restored {
            shard,
            forward,
            is_broken,
        } = restored;
        let (began_at, fence) = (restore.began_at, restore.token);
        let (predecessors, former) = (restore.predecessors(), restore.former());
        let is_signed = predecessors.iter().all(|writer| *writer == self.plan.writer_id);
        self.end_transactions(predecessors)?;
        let journal = Place::new(&self.plan.names.journal(), partition);
        // Where the journal's first record is gone, only the state still knows.
        let foundation = &self.plan.foundation;
        shard
            .goes_with(foundation)
            .map_err(|halt| Interrupt::Stop(Stop::Halt { partition, halt }))?;
        let mending = self.check_restored(&journal, &shard, is_broken)?;
        self.repaired += usize::from(mending.is_some());
        self.metrics
            .shard
            .restore_seconds
            .observe(seconds(now.running_ms - began_at));
        let committed = shard.next_offset();
        self.consumer.start(&journal, committed)?;
        tracing::info!(partition, offset = committed, "shard restored");
        let (ours, highest) = (self.plan.sources_version, shard.clock().settings());
        if ours < highest {
            let words =
                "intake.sources_version is lower than it was: deadlines do not wait for a source that came back since";
            tracing::warn!(partition, ours, highest, words);
        }
        self.partitions.insert(
            partition,
            Phase::Ready(Box::new(Live {
                written: shard.own_image(),
                shard,
                pending: Consequences::default(),
                committed,
                committed_at: now.running_ms,
                forward,
                attempt: None,
                fences: vec![fence],
                is_signed,
                former,
                restored_at: now.running_ms,
                looked_at: now.running_ms,
                mending,
                is_at_end: false,
            })),
        );
        self.ask_lag_soon();
        Ok(())
    }

    /// What the state log says must reach what the group has committed, and the journal must still
    /// have what follows. A worker that was held up behind its fence sees what others have done
    /// since; so what is wrong counts only once another restore has come to the same place. What a
    /// repair has to make good, where one is under way.
    fn check_restored(
        &mut self,
        journal: &Place,
        shard: &Shard,
        is_broken: bool,
    ) -> Result<Option<Mending>, Interrupt> {
        let committed = self.consumer.committed(std::slice::from_ref(journal))?.pop().flatten();
        let committed = committed.map_or(0, |committed| committed.offset);
        let (start, _) = self.log.bounds(journal)?;
        let next = shard.next_offset();
        if self.plan.said.is_some() && next >= start && (is_broken || next < committed) {
            tracing::warn!(
                partition = journal.partition,
                from = next,
                until = committed,
                "to be repaired"
            );
            return Ok(Some(Mending {
                is_to_be_told: true,
                committed,
            }));
        }
        let wrong = if next < committed || planted::is(Bug::EqualityInRestore) && next != committed {
            format!("the state log ends at journal offset {next}, but {committed} was committed: state is missing")
        } else if next < start {
            format!("{journal} begins at {start}, but {next} comes next: its records were deleted too early")
        } else {
            self.doubted.remove(&journal.partition);
            return Ok(None);
        };
        if self.doubted.insert(journal.partition, next) == Some(next) {
            return Err(Interrupt::Stop(Stop::Refused(wrong)));
        }
        Err(Interrupt::Log(LogError::Unknown(wrong)))
    }

    /// Throws the writer away; the log says what happened.
    pub(super) fn start_over(&mut self, error: LogError, now: Now) -> Result<(), Stop> {
        let Some(wait) = self.trouble.again(now) else {
            return Err(Stop::Trouble { last: error });
        };
        tracing::warn!(%error, wait_ms = wait, "starting over from the log");
        let is_estranged = self.acquaintance.is_over(&error, now);
        if !(planted::is(Bug::AbortAndGoOn) && matches!(error, LogError::Unknown(_))) {
            self.writer = None;
        }
        self.load = Load::default();
        let journal = self.plan.names.journal();
        for (partition, phase) in &mut self.partitions {
            if let Phase::Ready(live) = phase {
                if planted::is(Bug::MemoryKept) {
                    live.attempt = None;
                    live.pending = Consequences::default();
                    continue;
                }
                if let Err(error) = self.consumer.stop(&Place::new(&journal, *partition)) {
                    tracing::warn!(%error, partition, "cannot stop reading");
                }
            }
            *phase = match std::mem::replace(phase, Phase::Assigned) {
                Phase::Ready(live) => Phase::Unsettled(Unsettled::new(live)),
                Phase::Unsettled(mut unsettled) => {
                    unsettled.begin_anew();
                    Phase::Unsettled(unsettled)
                }
                Phase::Assigned | Phase::Restoring(_) => Phase::Assigned,
            };
        }
        if is_estranged && let Err(error) = self.join_anew() {
            tracing::warn!(%error, "cannot join the group anew");
        }
        self.tell_status();
        Ok(())
    }

    /// Leaves a member behind that the group does not know any more; what it had is others'.
    fn join_anew(&mut self) -> Result<(), LogError> {
        tracing::warn!("the group takes nothing from this member, and does not tell it why: joining anew");
        let consumer = self.log.consumer(&self.plan.membership())?;
        let journal = self.plan.names.journal();
        let places: Vec<Place> = self
            .partitions
            .keys()
            .map(|partition| Place::new(&journal, *partition))
            .collect();
        if let Err(error) = self.forget(&places) {
            tracing::debug!(%error, "the member that is left behind keeps what it had");
        }
        self.consumer = consumer;
        self.is_dealt = false;
        self.ownership = Err(LogError::Retry("nothing was read yet".to_owned()));
        self.acquaintance.is_kept();
        Ok(())
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of any real span are exact")]
fn seconds(millis: i64) -> f64 {
    millis as f64 / 1000.0
}
