//! Marks that a worker commits into state logs beside its work: fences, farewells, and those that
//! end what others have left open.

use super::batch::{self, Writer};
use super::left_open::no_writer;
use super::restore::FAREWELL;
use super::{Phase, Plan, Worker};
use crate::clock::Now;
use crate::log::{Commit, Committed, LogError, Ownership, Place, Transactor};
use crate::wire::state::Room;

impl Worker {
    /// Says in the state logs that we leave nothing open behind, so that nobody takes our
    /// transactional id over.
    pub(super) fn take_leave(&mut self, places: &[Place]) -> Result<(), LogError> {
        let at_work = |place: &&Place| !matches!(self.partitions.get(&place.partition), None | Some(Phase::Assigned));
        let partitions: Vec<u32> = places.iter().filter(at_work).map(|place| place.partition).collect();
        if partitions.is_empty() {
            return Ok(());
        }
        self.mark(&partitions, FAREWELL)
    }

    /// Commits a mark into the state logs of partitions that are ours.
    pub(super) fn mark(&mut self, partitions: &[u32], token: [u8; 16]) -> Result<(), LogError> {
        let ownership: Ownership = self.consumer.ownership()?;
        self.take_ids()?;
        let transactor = self.writer.as_mut().ok_or_else(no_writer)?;
        let writer = &self.plan.writer_id;
        if mark(transactor.as_mut(), &self.plan, writer, partitions, token, &ownership)? == Commit::Slow {
            self.writer = None;
        }
        self.acquaintance.is_kept();
        Ok(())
    }

    /// A dead writer's open transaction hides what was written behind it, wherever it wrote; taking
    /// its id over ends it at once. A writer that lives after all starts over.
    pub(super) fn end_transactions(&mut self, writers: Vec<String>) -> Result<(), LogError> {
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

    /// Ends again what is still open although it was ended: a broker that finds no leader for a
    /// partition takes it for deleted, and leaves a transaction open there that it calls committed.
    /// The next commit of the same writer in the same partition ends it. The restore then reads up
    /// to a fence behind all of that: if something is still open, it sees that.
    pub(super) fn end_hanging(&mut self, partition: u32, writers: Vec<String>, now: Now) -> Result<(), LogError> {
        // Two who wait for each other's transactions have taken each other's ids over by now: with what
        // was fenced, each would start over, and wait once more.
        self.writer = None;
        for writer in writers {
            tracing::warn!(
                partition,
                writer,
                "a transaction is open in the state log that was ended: ending it again"
            );
            // A writer may take turns between two ids, and nothing tells which of them is in the way.
            if writer == self.plan.writer_id {
                self.mark(&[partition], FAREWELL)?;
                continue;
            }
            let ownership = self.consumer.ownership()?;
            let mut transactor = self.log.transactor(&writer)?;
            for _ in 0..2 {
                let one = transactor.as_mut();
                if mark(one, &self.plan, &writer, &[partition], FAREWELL, &ownership)? == Commit::Slow {
                    break;
                }
            }
        }
        let token = batch::fence_token(&self.plan.writer_id, now);
        self.mark(&[partition], token)?;
        if let Some(Phase::Restoring(restore)) = self.partitions.get_mut(&partition) {
            restore.token = token;
            restore.went_on_at = now.running_ms;
        }
        Ok(())
    }
}

/// One transaction of the writer `id` that puts a mark into state logs.
fn mark(
    transactor: &mut dyn Transactor,
    plan: &Plan,
    id: &str,
    partitions: &[u32],
    token: [u8; 16],
    ownership: &Ownership,
) -> Result<Commit, LogError> {
    transactor.begin()?;
    let mut writer = Writer {
        transactor,
        plan,
        room: Room::default(),
        added: 0,
    };
    for partition in partitions {
        writer.fence(*partition, token, id)?;
    }
    transactor.flush()?;
    // Offsets of the state log's own partition: so the group checks that we own what we fence.
    let offset = Committed {
        offset: 0,
        metadata: String::new(),
    };
    let state = plan.names.state();
    let offsets: Vec<_> = partitions
        .iter()
        .map(|partition| (Place::new(&state, *partition), offset.clone()))
        .collect();
    transactor.positions(&offsets, ownership)?;
    transactor.commit()
}
