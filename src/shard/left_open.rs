//! What our own ids have left open where others read, ended before they write there again.
//!
//! A broker may end a transaction and leave it open in some partitions (`hanging`). The next
//! transaction of the same id there ends it as it ends itself: an abort takes back what was committed,
//! and a commit shows what was aborted. Whoever has just taken its ids has nothing open; so what is
//! open under them hangs, and what the shard remembers says how it was ended. The rule: nothing is
//! written under ids that were just taken before that is ended likewise, by records that say nothing.

use super::writers::writer_of;
use super::{Live, Phase, Worker};
use crate::clock::Now;
use crate::domain::journal::JournalRecord;
use crate::log::{LogError, Place, Record, look_through};
use crate::planted::{self, Bug};
use crate::wire::{journal, outputs};

/// How a transaction was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    Committed,
    Aborted,
}

pub(super) fn no_writer() -> LogError {
    LogError::Unknown("nobody has taken the transactional ids".to_owned())
}

impl Worker {
    /// Takes our ids, if that has to be done.
    pub(super) fn take_ids(&mut self) -> Result<(), LogError> {
        if self.writer.is_none() {
            self.writer = Some(self.log.transactor(&self.plan.writer_id)?);
            self.hanging.is_ours_unknown = true;
        }
        Ok(())
    }

    /// Once our ids are taken: ends what hangs under them, as far as it is of shards at work.
    pub(super) fn end_what_is_ours(&mut self, now: Now) -> Result<(), LogError> {
        self.take_ids()?;
        if !self.hanging.is_ours_unknown || planted::is(Bug::OutputsLeftHanging) {
            return Ok(());
        }
        let (mut committed, mut aborted) = (Vec::new(), Vec::new());
        let places = self.read_by_others()?;
        let offsets = self.log.open_at(&places)?;
        for (place, offset) in places.into_iter().zip(offsets) {
            let Some(offset) = offset else { continue };
            match self.how_ended(&place, offset)? {
                Some(Ended::Committed) => committed.push(place),
                Some(Ended::Aborted) => aborted.push(place),
                None => {}
            }
        }
        self.end_likewise(&committed, Ended::Committed, now)?;
        self.end_likewise(&aborted, Ended::Aborted, now)?;
        self.hanging.is_ours_unknown = !self.partitions.keys().all(|shard| self.certain(*shard).is_some());
        Ok(())
    }

    /// How the transaction was ended that is open here, if it can be one of ours. What is said to be
    /// aborted must not have something committed behind it, which would be taken back as well.
    fn how_ended(&self, place: &Place, offset: u64) -> Result<Option<Ended>, LogError> {
        let (mut first, mut is_committed_behind) = (None, false);
        look_through(self.log.as_ref(), place, offset, |record| {
            let ended = self.ended(place, &record);
            is_committed_behind |= ended == Some(Ended::Committed);
            let first = *first.get_or_insert(ended);
            first == Some(Ended::Aborted)
        })?;
        let ended = first.flatten();
        Ok(ended.filter(|ended| *ended == Ended::Committed || !is_committed_behind))
    }

    /// A shard at work of which it is known what is committed.
    fn certain(&self, shard: u32) -> Option<&Live> {
        let live = self.partitions.get(&shard).and_then(Phase::live);
        live.filter(|live| live.attempt.is_none())
    }

    /// How a transaction of ours with this record in it was ended; nothing, if that is not known. What
    /// another has committed was aborted, if it hangs under our ids. Letters are taken in once, so those
    /// that were aborted may be seen.
    fn ended(&self, place: &Place, record: &Record) -> Option<Ended> {
        let own = self.plan.writer_id.as_str();
        let is_ours = writer_of(record).is_some_and(|writer| writer == own);
        if *place.topic == *self.plan.names.journal() {
            return match journal::decode(record.value.as_deref()?).ok()? {
                JournalRecord::Mail(letters) if letters.is_empty() => is_ours.then_some(Ended::Committed),
                JournalRecord::Mail(letters) => self.certain(letters.first()?.from).map(|_| Ended::Committed),
                _ => None,
            };
        }
        let is_dead_letter = *place.topic == *self.plan.names.dead_letters();
        let Some((shard, number)) = outputs::numbered(&record.headers, is_dead_letter) else {
            let says_nothing = is_ours && outputs::is_unblocking(&record.headers);
            return says_nothing.then_some(Ended::Committed);
        };
        let live = self.certain(shard)?;
        let is_ours = live.former.of(number).is_none_or(|writer| writer == own);
        Some(if number <= live.committed_sequence() && is_ours {
            Ended::Committed
        } else {
            Ended::Aborted
        })
    }

    /// Writes records that say nothing, and ends them in the same way; under each of our two ids, since
    /// nothing tells which of them is in the way. Who takes the ids first writes under the second.
    fn end_likewise(&mut self, places: &[Place], ended: Ended, now: Now) -> Result<(), LogError> {
        if places.is_empty() {
            return Ok(());
        }
        tracing::warn!(
            ?places,
            ?ended,
            "a transaction is open that we may have ended: ending it again"
        );
        let own = self.plan.writer_id.clone();
        for is_first in [false, true] {
            self.writer = None;
            let mut transactor = self.log.transactor(&own)?;
            if is_first {
                transactor.begin()?;
                transactor.commit()?;
            }
            transactor.begin()?;
            for place in places {
                let record = self.nothing(&own, place, now);
                transactor.append(&place.topic, Some(place.partition), record)?;
            }
            transactor.flush()?;
            if ended == Ended::Committed {
                transactor.commit()?;
            }
        }
        // What is still open is aborted by this.
        self.writer = Some(self.log.transactor(&own)?);
        Ok(())
    }
}
