//! Bringing a shard back from its state log: read up to our own fence, later images winning.
//!
//! Nothing is believed until the fence has been read: what others wrote before it is then final,
//! and whoever held the partition before cannot commit any more.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use super::batch::RECORD_OVERHEAD;
use super::forward::Forward;
use super::writers::{Former, former_bytes, writer_of};
use crate::clock::Now;
use crate::domain::book::Shelf;
use crate::domain::bytes::Malformed;
use crate::domain::shard::{Charter, Part, Shard};
use crate::log::{Found, Isolation, Log, LogError, Place, ReadLimit, Reader, look_through};
use crate::planted::{self, Bug};
use crate::wire::state::{self, Images, StateRecord, TurnPlace};

/// The token of a mark that is no fence: its writer has left the partition with nothing open.
pub(super) const FAREWELL: [u8; 16] = [0; 16];

/// One read of the state log.
pub(super) const READ: ReadLimit = ReadLimit {
    records_max: 2_000,
    bytes_max: 16 << 20,
};
/// How far a restore is, is told this often, in milliseconds.
const TELL_EVERY_MS: i64 = 2_000;
/// How long one read waits for records.
pub(super) const READ_WAIT: Duration = Duration::from_millis(20);

/// A restore on its way.
pub(super) struct Restore {
    place: Place,
    /// Of the fence it reads up to.
    pub(super) token: [u8; 16],
    /// Where the log is broken, it ends with what stands before.
    repairs: bool,
    reader: Box<dyn Reader>,
    /// Where the reader stands; an uncommitted read begins there.
    next: u64,
    gathered: Gathered,
    /// Who wrote the last images, and who fenced the partition since, without taking leave.
    writers: Vec<String>,
    /// Who wrote images, as far as can be read.
    former: Former,
    /// The state log's start and end when it began.
    bounds: (u64, u64),
    /// When it was last told how far it is, in running time.
    told_at: i64,
    /// When it began, and since when nothing was read, in running time.
    pub(super) began_at: i64,
    /// See `began_at`.
    pub(super) quiet_since: i64,
    /// When something was read last, or what was in the way was ended again, in running time.
    pub(super) went_on_at: i64,
}

/// What has been read so far.
#[derive(Default)]
pub(super) struct Gathered {
    /// What comes back after the policy.
    parts: BTreeMap<Part, Vec<u8>>,
    /// What is by far the most, and needs nothing: it goes to its place as it is read.
    leads: Shelf,
    own: Vec<u8>,
    /// Journal offset behind the last closed range.
    end: Option<u64>,
    /// Records of a transaction whose closing record has not come yet, and the range they are of.
    open: Vec<Vec<u8>>,
    open_covers: Option<Range<u64>>,
    /// Bytes of records since the last closing one.
    open_bytes: u64,
    forward: Forward,
    /// Where the last turn began that has gone round.
    round: Option<u64>,
    /// What is wrong with what follows, none of which was taken.
    broken: Option<String>,
}

/// What a restore ends with.
pub(super) struct Restored {
    pub(super) shard: Shard,
    pub(super) forward: Forward,
    /// Behind it the state log cannot be used.
    pub(super) is_broken: bool,
}

/// Why a restore ends without a shard.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The log did not answer as hoped.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The state log was trimmed while it was read. What was read lacks what was carried forward
    /// since, and the fence may stand in the middle of a turn: another one is needed.
    #[error("the state log was trimmed while it was read")]
    Overtaken,
    /// The state log cannot be what it should be.
    #[error("the state log {place} cannot be used: {why}")]
    Broken {
        /// Its partition.
        place: Place,
        /// What is wrong with it.
        why: String,
    },
}

impl Restore {
    /// Begins at the start of the state log; the fence with `token` was committed before.
    pub(super) fn begin(
        log: &dyn Log,
        place: &Place,
        token: [u8; 16],
        repairs: bool,
        now: Now,
    ) -> Result<Self, LogError> {
        let (start, end) = log.bounds(place)?;
        let isolation = planted::either(Bug::UncommittedBelieved, Isolation::Uncommitted, Isolation::Committed);
        let reader = log.reader(place, start, isolation)?;
        let gathered = Gathered::default();
        Ok(Self {
            place: place.clone(),
            token,
            repairs,
            reader,
            next: start,
            gathered,
            writers: Vec::new(),
            former: Former::default(),
            bounds: (start, end),
            told_at: now.running_ms,
            began_at: now.running_ms,
            quiet_since: now.running_ms,
            went_on_at: now.running_ms,
        })
    }

    /// Reads on; the shard, once the fence has been read.
    pub(super) fn step(&mut self, log: &dyn Log, charter: Charter, now: Now) -> Result<Option<Restored>, RestoreError> {
        let records = match self.reader.read(READ, READ_WAIT)? {
            Found::Records(records) => records,
            Found::Trimmed(start) if planted::is(Bug::TrimReadOver) => {
                self.reader = log.reader(&self.place, start, Isolation::Committed)?;
                return Ok(None);
            }
            Found::Trimmed(_) => return Err(RestoreError::Overtaken),
        };
        self.tell(now);
        if planted::is(Bug::FenceNotAwaited) && records.is_empty() {
            return self.finish(charter).map(Some);
        }
        for record in records {
            self.next = record.offset + 1;
            self.quiet_since = now.running_ms;
            self.went_on_at = now.running_ms;
            let value = record.value.as_deref().unwrap_or_default();
            let decoded = state::decode(value).ok();
            match &decoded {
                Some(StateRecord::Fence { token, .. }) if *token == self.token => {
                    return self.finish(charter).map(Some);
                }
                Some(StateRecord::Fence { token, writer }) => {
                    self.writers.retain(|known| known != writer);
                    if *token != FAREWELL {
                        self.writers.push((*writer).to_owned());
                    }
                }
                Some(StateRecord::Images(_)) => {
                    self.writers = writer_of(&record).into_iter().collect();
                    self.former.read(&record);
                    self.gathered.open_bytes += value.len() as u64 + former_bytes(&record.headers) + RECORD_OVERHEAD;
                }
                Some(StateRecord::Mended { .. }) => self.writers = writer_of(&record).into_iter().collect(),
                None => {}
            }
            let gathers = self.gathered.read(decoded.as_ref(), value);
            gathers.map_err(|why| self.broken(&why))?;
        }
        Ok(None)
    }

    /// Transactional ids of those who held the partition last and may have left something open:
    /// not only here, also in outputs and in the journals they wrote to.
    pub(super) fn predecessors(&mut self) -> Vec<String> {
        std::mem::take(&mut self.writers)
    }

    /// Transactional ids of those who wrote images, the last ones.
    pub(super) fn former(&mut self) -> Former {
        std::mem::take(&mut self.former)
    }

    /// Transactional ids of those who wrote behind the last record that could be read.
    pub(super) fn writers_ahead(&self, log: &dyn Log) -> Result<Vec<String>, LogError> {
        let mut writers = Vec::new();
        look_through(log, &self.place, self.next, |record| {
            let writer = writer_of(&record);
            writers.extend(writer.filter(|writer| !writers.contains(writer)));
            true
        })?;
        Ok(writers)
    }

    /// Says once in a while how far it is.
    fn tell(&mut self, now: Now) {
        if now.running_ms - self.told_at >= TELL_EVERY_MS {
            self.told_at = now.running_ms;
            let (start, end) = self.bounds;
            let percent = 100 * self.next.saturating_sub(start) / end.saturating_sub(start).max(1);
            tracing::info!(place = %self.place, percent = percent.min(100), leads = self.gathered.leads.len(), "restoring");
        }
    }

    fn finish(&mut self, charter: Charter) -> Result<Restored, RestoreError> {
        let mut gathered = std::mem::take(&mut self.gathered);
        if let Some(why) = &gathered.broken {
            if !self.repairs {
                return Err(self.broken(why));
            }
            if !gathered.is_complete(self.bounds.0) {
                let words =
                    format!("{why}; what stood in front of it has been deleted in part, so it cannot be repaired");
                return Err(self.broken(&words));
            }
        }
        let is_broken = gathered.broken.is_some();
        let forward = std::mem::take(&mut gathered.forward);
        let shard = gathered.shard(charter);
        Ok(Restored {
            shard: shard.map_err(|Malformed| self.broken("an image is malformed"))?,
            forward,
            is_broken,
        })
    }

    fn broken(&self, why: &str) -> RestoreError {
        RestoreError::Broken {
            place: self.place.clone(),
            why: why.to_owned(),
        }
    }
}

impl Gathered {
    /// What was gathered, as a shard at work.
    pub(super) fn shard(self, charter: Charter) -> Result<Shard, Malformed> {
        let mut shard = Shard::new(charter);
        if self.end.is_some() {
            shard.restore_own(&self.own)?;
            for (part, image) in self.parts {
                shard.restore(&part, Some(&image))?;
            }
            shard.take_leads(self.leads)?;
            shard.rebuilt()?;
        }
        Ok(shard)
    }

    /// Reads the next record; none, if it is malformed.
    pub(super) fn read(&mut self, record: Option<&StateRecord<'_>>, value: &[u8]) -> Result<(), String> {
        match record {
            Some(StateRecord::Images(images)) => self.take(images, value),
            Some(StateRecord::Mended { next }) => self.mended(*next),
            Some(StateRecord::Fence { .. }) => Ok(()),
            None => {
                self.break_off("a record is malformed");
                Ok(())
            }
        }
    }

    /// Takes the next images, unless something was wrong before them.
    pub(super) fn take(&mut self, images: &Images<'_>, record: &[u8]) -> Result<(), String> {
        if self.broken.is_some() {
            return Ok(());
        }
        if let Some(open) = self.open_covers.as_ref().filter(|open| **open != images.covers) {
            self.break_off(&format!("the range {open:?} was never closed"));
            return Ok(());
        }
        if images.closes {
            return self.close(images);
        }
        self.open_covers = Some(images.covers.clone());
        self.open.push(record.to_vec());
        Ok(())
    }

    /// Nothing that follows is taken.
    fn break_off(&mut self, why: &str) {
        self.broken.get_or_insert_with(|| why.to_owned());
        self.forget_open();
        self.open_bytes = 0;
    }

    /// A repair has gone on from here.
    fn mended(&mut self, next: u64) -> Result<(), String> {
        let end = self.end.unwrap_or_default();
        if end != next {
            return Err(format!("it was repaired from {next} on, but can be read up to {end}"));
        }
        self.broken = None;
        self.forget_open();
        Ok(())
    }

    fn forget_open(&mut self) -> Vec<Vec<u8>> {
        self.open_covers = None;
        std::mem::take(&mut self.open)
    }

    /// The journal offset behind what was read.
    pub(super) fn end(&self) -> Option<u64> {
        self.end
    }

    /// Whether everything that lives stands in what was read: nothing of it was deleted since.
    pub(super) fn is_complete(&self, start: u64) -> bool {
        start == 0 || self.round.is_some_and(|round| start <= round)
    }

    fn close(&mut self, images: &Images<'_>) -> Result<(), String> {
        let start = images.covers.start;
        if let Some(end) = self.end.filter(|end| *end != start) {
            self.break_off(&format!("a range begins at {start} where {end} was to follow"));
            return Ok(());
        }
        for record in self.forget_open() {
            if let Ok(StateRecord::Images(images)) = state::decode(&record) {
                self.put_all(&images)?;
            }
        }
        self.put_all(images)?;
        self.end = Some(images.covers.end);
        self.own = images.shard.to_vec();
        let round = images.turn.as_ref().filter(|turn| turn.place == TurnPlace::Round);
        self.round = round.map(|turn| turn.start).or(self.round);
        self.forward
            .read(images.turn.clone(), std::mem::take(&mut self.open_bytes));
        Ok(())
    }

    fn put_all(&mut self, images: &Images<'_>) -> Result<(), String> {
        let carried = images.carried.iter().map(|(key, image)| (*key, Some(*image)));
        for (key, image) in images.changed.iter().copied().chain(carried) {
            let part = Part::parse(key).map_err(|Malformed| "a key is malformed".to_owned())?;
            self.put(part, image)
                .map_err(|Malformed| "an image is malformed".to_owned())?;
        }
        Ok(())
    }

    fn put(&mut self, part: Part, image: Option<&[u8]>) -> Result<(), Malformed> {
        if image.is_none() && planted::is(Bug::GoneComesBack) {
            return Ok(());
        }
        if let Part::Book(entity) = &part
            && entity.is_of_a_lead()
        {
            let is_older = || planted::is(Bug::OlderImageWins) && self.leads.image(entity, &mut Vec::new());
            return match image {
                Some(_) if is_older() => Ok(()),
                image => self.leads.restore(entity, image.unwrap_or_default()),
            };
        }
        match image {
            Some(_) if planted::is(Bug::OlderImageWins) && self.parts.contains_key(&part) => None,
            Some(image) => self.parts.insert(part, image.to_vec()),
            None => self.parts.remove(&part),
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::writers::headers;
    use super::*;
    use crate::clock::Clock;
    use crate::domain::time::Instant;
    use crate::log::simulated::SimulatedLog;
    use crate::log::{NewRecord, Transactor};

    const STATE: &str = "tasuki.state";

    /// A transaction with one record in it, not committed yet.
    fn open(log: &SimulatedLog, writer: &str) -> Box<dyn Transactor> {
        let mut transactor = log.transactor(writer).unwrap();
        let record = NewRecord {
            headers: headers(writer),
            ..NewRecord::default()
        };
        transactor.begin().unwrap();
        transactor.append(STATE, Some(0), record).unwrap();
        transactor.flush().unwrap();
        log.turn();
        transactor
    }

    #[test]
    fn who_holds_a_transaction_open_is_found_though_the_log_was_trimmed_meanwhile() {
        let now = Now {
            time: Instant::from_millis(1_790_000_000_000),
            running_ms: 0,
        };
        let log = SimulatedLog::new(Clock::by_hand(now), 1);
        log.ensure(STATE, 1);
        let place = Place::new(STATE, 0);
        open(&log, "before").commit().unwrap();
        let restore = Restore::begin(&log, &place, [1; 16], false, now).unwrap();
        let behind = log.bounds(&place).unwrap().1;

        let _open = open(&log, "open");
        assert_eq!(restore.writers_ahead(&log).unwrap(), ["before", "open"]);
        log.trim(&place, behind).unwrap();
        assert_eq!(restore.writers_ahead(&log).unwrap(), ["open"]);
    }
}
