//! Deleting what the journal no longer needs: older than it is to be kept, and done with.

use super::{Live, Phase, Worker};
use crate::clock::Now;
use crate::log::{LogError, Place};

/// The journal is looked at so often within the time it is kept, but no more and no less often than
/// this, in milliseconds.
const LOOKS: i64 = 8;
const LOOK_EVERY_MS: (i64, i64) = (1_000, 600_000);

impl Worker {
    /// Looks at one partition at most, so that a turn waits for one answer.
    pub(super) fn trim_journal(&mut self, now: Now) {
        let every = (self.plan.journal_kept_ms / LOOKS).clamp(LOOK_EVERY_MS.0, LOOK_EVERY_MS.1);
        let ready = self.partitions.iter_mut().filter_map(|(partition, phase)| match phase {
            Phase::Ready(live) => Some((*partition, live)),
            Phase::Assigned | Phase::Restoring(_) | Phase::Unsettled(_) => None,
        });
        let due = ready.filter(|(_, live)| now.running_ms - live.looked_at >= every);
        let Some((partition, live)) = due.min_by_key(|(_, live)| live.looked_at) else {
            return;
        };
        live.looked_at = now.running_ms;
        let place = Place::new(&self.plan.names.journal(), partition);
        let kept_ms = self.plan.journal_kept_ms;
        let trimmed = delete_older(live, kept_ms, &place, self.consumer.as_mut(), self.log.as_ref());
        if let Err(error) = trimmed {
            tracing::warn!(%place, %error, "the journal cannot be trimmed");
        }
    }
}

/// Deletes what is older than it is kept, as far as it is committed. What is old is told by the
/// journal's own time, so a clock of ours that is wrong deletes nothing early.
fn delete_older(
    live: &Live,
    kept_ms: i64,
    place: &Place,
    consumer: &mut dyn crate::log::Consumer,
    log: &dyn crate::log::Log,
) -> Result<(), LogError> {
    let first_kept = consumer.offset_at(place, live.shard.at().plus_millis(-kept_ms))?;
    let below = first_kept.min(live.committed);
    if below > consumer.start_offset(place)? {
        log.trim(place, below)?;
        tracing::debug!(%place, below, "journal records deleted");
    }
    Ok(())
}
