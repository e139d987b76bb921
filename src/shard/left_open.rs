//! What our own ids have left open where others read, ended before they write there again.
//!
//! A broker may end a transaction and leave it open in some partitions (`hanging`). The next
//! transaction of the same id there ends it as it ends itself: an abort takes back what was committed,
//! and a commit shows what was aborted. Whoever has just taken its ids has nothing open; so what is
//! open under them hangs, and what the shard remembers says how it was ended. The rule: no shard's
//! outputs are written under ids that were just taken before what it said there is ended likewise, by
//! records that say nothing.

use std::time::{Duration, Instant as Moment};

use super::hanging::Written;
use super::{Live, Phase, Worker};
use crate::clock::Now;
use crate::log::{LogError, Place, Record, look_through};
use crate::planted::{self, Bug};

/// How long all looks together may take; what was not seen by then is left to the look at what hangs
/// for long (`hanging`). The group waits for it.
const LOOKS_MAX: Duration = Duration::from_secs(8);

/// Others at work have ended a transaction by then, which spares a look at it: a reader takes up to
/// half a second to find its broker.
const LASTING: Duration = Duration::from_millis(500);

/// How a transaction was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    Committed,
    Aborted,
}

/// A record in a stretch that is open at its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trace {
    /// Said by a shard of ours, and committed by us if it hangs.
    Ours,
    /// Above all that a shard of ours has committed.
    Unsaid,
    /// Without meaning, and ours.
    Nothing,
    /// Of other shards or writers.
    Others,
}

pub(super) fn no_writer() -> LogError {
    LogError::Unknown("nobody has taken the transactional ids".to_owned())
}

impl Worker {
    /// Takes our ids, if that has to be done.
    pub(super) fn take_ids(&mut self) -> Result<(), LogError> {
        if self.writer.is_none() {
            self.writer = Some(self.log.transactor(&self.plan.writer_id)?);
            self.hanging.swept.clear();
        }
        Ok(())
    }

    /// Once our ids are taken, and once more when shards have come back since: ends what hangs under
    /// them.
    pub(super) fn end_what_is_ours(&mut self, now: Now) -> Result<(), LogError> {
        self.take_ids()?;
        let certain: Vec<u32> = self
            .partitions
            .keys()
            .copied()
            .filter(|it| self.certain(*it).is_some())
            .collect();
        let is_swept = certain.iter().all(|shard| self.hanging.swept.contains(shard));
        if is_swept || planted::is(Bug::OutputsLeftHanging) {
            return Ok(());
        }
        let mut found: Vec<(Place, Ended)> = Vec::new();
        let until = Moment::now() + LOOKS_MAX;
        for (place, offset) in self.open_at(self.read_by_others()?, LASTING)? {
            let ended = self.how_ended(&place, offset, until)?;
            if Moment::now() > until {
                tracing::warn!(%place, "too much is open to look at all of it");
                break;
            }
            found.extend(ended.map(|ended| (place, ended)));
        }
        // Where nothing is open any more, nothing hung. Where something else is, ours may stand behind
        // what was in front of it.
        let still = self.open_at(found.iter().map(|(place, _)| place.clone()).collect(), Duration::ZERO)?;
        found.retain(|(place, _)| still.iter().any(|(it, _)| it == place));
        let (committed, aborted): (Vec<_>, Vec<_>) = found.into_iter().partition(|(_, it)| *it == Ended::Committed);
        // Each by itself: what fails in one place is aborted, and would take back what hangs in all.
        for (place, ended) in committed {
            self.end_likewise(&[place], ended, now)?;
        }
        let aborted: Vec<Place> = aborted.into_iter().map(|(place, _)| place).collect();
        self.end_likewise(&aborted, Ended::Aborted, now)?;
        self.hanging.swept.extend(certain);
        Ok(())
    }

    /// Where transactions are open, and stay so, and from which offset on.
    fn open_at(&self, places: Vec<Place>, lasting: Duration) -> Result<Vec<(Place, u64)>, LogError> {
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let offsets = self.log.open_at(&places, lasting)?;
        let open = places.into_iter().zip(offsets);
        Ok(open.filter_map(|(place, offset)| Some((place, offset?))).collect())
    }

    /// How what is open here was ended, if it can be one of ours.
    ///
    /// A commit of ours ends nothing of others, so where something of ours was committed it does no harm.
    /// It is wrong only where two of ours hang in one partition and were ended differently.
    fn how_ended(&self, place: &Place, offset: u64, until: Moment) -> Result<Option<Ended>, LogError> {
        let mut traces: Vec<Trace> = Vec::new();
        let is_whole = look_through(self.log.as_ref(), place, offset, |record| {
            let trace = self.trace(place, &record);
            // What follows upon the same says no more.
            if traces.last() != Some(&trace) {
                traces.push(trace);
            }
            trace != Trace::Ours && Moment::now() < until
        })?;
        if !is_whole {
            return Err(LogError::Retry(format!("what is open in {place} could not be read")));
        }
        let (first, last) = (traces.first(), traces.last());
        let has = |trace| traces.contains(&trace);
        Ok(match (first, last) {
            // It cannot be told which of both it is.
            (_, Some(Trace::Ours)) if has(Trace::Unsaid) => None,
            (_, Some(Trace::Ours)) => Some(Ended::Committed),
            (Some(Trace::Others) | None, _) => None,
            _ if has(Trace::Unsaid) => Some(Ended::Aborted),
            _ => Some(Ended::Committed),
        })
    }

    /// A shard at work of which it is known what is committed.
    fn certain(&self, shard: u32) -> Option<&Live> {
        let live = self.partitions.get(&shard).and_then(Phase::live);
        live.filter(|live| live.attempt.is_none())
    }

    /// Letters are taken in once, so those that were aborted may be seen.
    fn trace(&self, place: &Place, record: &Record) -> Trace {
        let own = self.plan.writer_id.as_str();
        let is = |it, trace| if it { trace } else { Trace::Others };
        match self.written(place, record) {
            Some(Written::Letters(from)) => is(self.certain(from).is_some(), Trace::Ours),
            Some(Written::Output(shard, number)) => match self.certain(shard) {
                Some(live) if number > live.committed_sequence() => Trace::Unsaid,
                Some(live) => is(live.former.of(number).is_none_or(|writer| writer == own), Trace::Ours),
                None => Trace::Others,
            },
            Some(Written::Nothing(writer)) => is(writer == own, Trace::Nothing),
            None => Trace::Others,
        }
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
