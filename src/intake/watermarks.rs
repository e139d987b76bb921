//! The proof of how far sources have been read.
//!
//! First an instant, then the ends as they are after it; once everything below an end is in the
//! journal, that instant is the partition's watermark. The instant is the smaller of our own clock
//! and the append time of our previous clock record in the journal partition that is told, so no
//! clock that is ahead can, alone, fire a deadline early.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::time::Instant;
use crate::planted::{self, Bug};

/// What was noted before the ends were asked for.
#[derive(Debug)]
pub(super) struct Sample {
    own: Instant,
    /// Append times of our last acknowledged clock records, by journal partition.
    appended: BTreeMap<u32, Instant>,
}

impl Sample {
    /// What this proves to journal partition `partition`; nothing before our first clock record.
    fn instant(&self, partition: u32) -> Option<Instant> {
        let bound = |appended: &Instant| planted::either(Bug::LocalClock, self.own, self.own.min(*appended));
        self.appended.get(&partition).map(bound)
    }
}

/// Clock records acknowledged so far.
#[derive(Debug, Default)]
pub(super) struct Appended(BTreeMap<u32, Instant>);

impl Appended {
    pub(super) fn acknowledged(&mut self, partition: u32, at: Instant) {
        self.0.insert(partition, at);
    }

    /// Now, by our own clock or the journal's, whichever is behind.
    pub(super) fn no_later_than(&self, own: Instant) -> Instant {
        self.0.values().copied().fold(own, Instant::min)
    }

    pub(super) fn sample(&self, own: Instant) -> Arc<Sample> {
        Arc::new(Sample {
            own,
            appended: self.0.clone(),
        })
    }
}

/// The proof of one source partition.
#[derive(Debug, Default)]
pub(super) struct Proof {
    /// To be reached, in the journal, for the sample to count.
    pending: Option<(Arc<Sample>, u64)>,
    proved: Option<Arc<Sample>>,
}

impl Proof {
    /// Whether a new end should be asked for; one that is not reached yet is not replaced, or a
    /// partition that is always behind would never prove anything.
    pub(super) fn wants_end(&self) -> bool {
        self.pending.is_none()
    }

    /// The end as it was after the sample's instant.
    pub(super) fn begin(&mut self, sample: &Arc<Sample>, end: u64) {
        self.pending = Some((sample.clone(), end));
    }

    /// Everything below `offset` has been taken and is in the journal.
    pub(super) fn journaled(&mut self, offset: u64) {
        if let Some((sample, _)) = self.pending.take_if(|(_, end)| offset >= *end) {
            self.proved = Some(sample);
        }
    }

    /// How far the partition has been read, by our own clock.
    pub(super) fn read_until(&self) -> Option<Instant> {
        self.proved.as_ref().map(|sample| sample.own)
    }

    /// How far the partition has been read, as journal partition `partition` may be told.
    pub(super) fn watermark(&self, partition: u32) -> Option<Instant> {
        self.proved.as_ref()?.instant(partition)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Instant {
        Instant::from_millis(millis)
    }

    #[test]
    fn nothing_is_proved_before_the_end_is_reached() {
        let mut appended = Appended::default();
        appended.acknowledged(0, at(900));
        let mut proof = Proof::default();
        proof.begin(&appended.sample(at(1_000)), 10);
        proof.journaled(9);
        assert_eq!(proof.watermark(0), None);
        proof.journaled(10);
        assert_eq!(proof.watermark(0), Some(at(900)));
    }

    #[test]
    fn a_clock_that_is_ahead_proves_nothing_alone() {
        let mut appended = Appended::default();
        appended.acknowledged(0, at(5_000));
        let mut proof = Proof::default();
        proof.begin(&appended.sample(at(99_000)), 0);
        proof.journaled(0);
        assert_eq!(proof.watermark(0), Some(at(5_000)));
        assert_eq!(proof.watermark(1), None, "no clock record there was acknowledged");
    }

    #[test]
    fn an_end_that_is_not_reached_is_not_replaced() {
        let mut proof = Proof::default();
        assert!(proof.wants_end());
        proof.begin(&Appended::default().sample(at(1)), 10);
        assert!(!proof.wants_end());
    }
}
