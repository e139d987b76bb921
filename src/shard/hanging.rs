//! Transactions that hang in outputs and in the journal.
//!
//! A broker may call a transaction committed and leave it open in some partitions, where no reader
//! of what is committed gets past it. In a state log a restore comes upon that (`marks`); here the
//! other topics are looked at. Only a commit of the same writer in the same partition ends it, so
//! one is made that says nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant as Moment};

use super::writers::{headers, writer_of};
use super::{Live, Phase, Worker};
use crate::clock::Now;
use crate::domain::journal::JournalRecord;
use crate::log::{Commit, LogError, NewRecord, Place, Record, look_through};
use crate::planted::{self, Bug};
use crate::wire::{journal, outputs};

/// How often it is looked where transactions are open, in milliseconds.
const LOOK_EVERY_MS: i64 = 5_000;
/// None is at work for longer: those of dead writers time out after ten seconds, which Kafka looks at
/// every ten seconds.
const OPEN_MS_MAX: i64 = 25_000;
/// Who wrote to a state log before a restore may be in the way for so long, in milliseconds.
const FORMER_MS_MAX: i64 = 5 * 60_000;
/// Somebody is taken for the writer of what hangs at most so often.
const GUESSES_MAX: u32 = 40;
/// After so long the rest waits for the next look, as does the group for this turn's end.
const ENDINGS_MAX: Duration = Duration::from_secs(8);
/// Each process begins within so many milliseconds: two who take an id over at once abort each other.
const APART_MS_MAX: u64 = 4_000;

/// Where transactions are open.
#[derive(Default)]
pub(super) struct Hanging {
    looked_at: Option<i64>,
    open: BTreeMap<Place, Open>,
    /// Shards of which nothing hangs under our ids since they were taken (`left_open`).
    pub(super) swept: BTreeSet<u32>,
}

#[derive(Clone, Copy)]
struct Open {
    /// The first that is open.
    offset: u64,
    /// Since when that is known, in running time.
    since: i64,
    /// How often somebody was taken for its writer.
    guesses: u32,
}

/// What a shard writes where others read.
pub(super) enum Written {
    /// Letters from this shard.
    Letters(u32),
    /// An output or a dead letter: its shard and number.
    Output(u32, u64),
    /// A record that says nothing: under which id.
    Nothing(String),
}

impl Hanging {
    fn is_due(&self, now: Now) -> bool {
        self.looked_at.is_none_or(|at| now.running_ms - at >= LOOK_EVERY_MS)
    }

    /// What was open before and is so still keeps its time.
    fn note(&mut self, places: Vec<Place>, offsets: Vec<Option<u64>>, now: Now) {
        let known = std::mem::take(&mut self.open);
        let open = |(place, offset): (Place, Option<u64>)| {
            let fresh = Open {
                offset: offset?,
                since: now.running_ms,
                guesses: 0,
            };
            let known = known.get(&place).filter(|open| open.offset == fresh.offset);
            Some((place, known.copied().unwrap_or(fresh)))
        };
        self.open = places.into_iter().zip(offsets).filter_map(open).collect();
    }
}

impl Live {
    /// The number of the last output that is committed.
    pub(super) fn committed_sequence(&self) -> u64 {
        self.shard.last_sequence() - self.pending.outputs.len() as u64
    }
}

impl Worker {
    /// Looks once in a while, when all is well, and ends what hangs. What goes wrong with that is tried
    /// again, and stops nothing else.
    pub(super) fn free_readers(&mut self, now: Now) {
        let is_at_work = !self.partitions.is_empty() && self.partitions.values().all(|phase| phase.live().is_some());
        if !is_at_work || !self.hanging.is_due(now) {
            return;
        }
        self.hanging.looked_at = Some(now.running_ms);
        let hangs = match self.find_hanging(now) {
            Ok(hangs) => hangs,
            Err(error) => return tracing::debug!(%error, "cannot see now whether transactions hang"),
        };
        if hangs.is_empty() {
            self.forget_former(now);
        }
        let until = Moment::now() + ENDINGS_MAX;
        for (place, open) in hangs {
            if planted::is(Bug::OutputsLeftHanging) || Moment::now() > until {
                break;
            }
            if let Some(open) = self.hanging.open.get_mut(&place) {
                open.guesses += 1;
            }
            if let Err(error) = self.end_one(&place, open, now) {
                tracing::warn!(%error, %place, "what is open here could not be ended now");
            }
        }
    }

    /// What is open for too long, and is still to be guessed at.
    fn find_hanging(&mut self, now: Now) -> Result<Vec<(Place, Open)>, LogError> {
        let places = self.read_by_others()?;
        let offsets = self.log.open_at(&places, Duration::ZERO)?;
        self.hanging.note(places, offsets, now);
        let patience_ms = OPEN_MS_MAX + apart_ms(&self.plan.writer_id);
        let hangs = |open: &Open| now.running_ms - open.since >= patience_ms && open.guesses < GUESSES_MAX;
        let open = self.hanging.open.iter().filter(|(_, open)| hangs(open));
        Ok(open.map(|(place, open)| (place.clone(), *open)).collect())
    }

    fn forget_former(&mut self, now: Now) {
        for phase in self.partitions.values_mut() {
            if let Phase::Ready(live) = phase
                && now.running_ms - live.restored_at > FORMER_MS_MAX
            {
                live.former.forget();
            }
        }
    }

    /// Where shards write and others read: outputs of the policies in force, dead letters, the journal.
    pub(super) fn read_by_others(&self) -> Result<Vec<Place>, LogError> {
        let names = &self.plan.names;
        let lives = self.partitions.values().filter_map(Phase::live);
        let policies = lives.filter_map(|live| live.shard.policy());
        let mut topics: BTreeSet<String> = policies.flat_map(|policy| names.outputs(policy)).collect();
        topics.extend([names.dead_letters(), names.journal()]);
        let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
        let known = self.log.topics(&topics)?;
        let places = known
            .into_iter()
            .flatten()
            .flat_map(|topic| (0..topic.partitions).map(move |partition| Place::new(&topic.name, partition)));
        Ok(places.collect())
    }

    fn end_one(&mut self, place: &Place, open: Open, now: Now) -> Result<(), LogError> {
        let mut first = None;
        look_through(self.log.as_ref(), place, open.offset, |record| {
            first.get_or_insert(record);
            false
        })?;
        let Some(writer) = first.and_then(|first| self.writer_at(place, &first, open.guesses)) else {
            return Ok(());
        };
        tracing::warn!(
            %place,
            offset = open.offset,
            writer,
            "a transaction is open where others read, though it was ended: ending it again"
        );
        self.say_nothing(&writer, place, open.guesses, now)
    }

    /// Who may have left a committed transaction open that begins with this record; nobody, if another's
    /// shard wrote it. Of an output it is who committed it: if what hangs is another's, it was aborted,
    /// and stays unseen.
    fn writer_at(&self, place: &Place, first: &Record, guesses: u32) -> Option<String> {
        match self.written(place, first)? {
            Written::Letters(from) => self.sender(from, guesses),
            Written::Output(shard, number) => self.who_committed(shard, number),
            Written::Nothing(writer) => Some(writer),
        }
    }

    /// What a shard wrote where others read, if one did.
    pub(super) fn written(&self, place: &Place, record: &Record) -> Option<Written> {
        let nothing = || writer_of(record).map(Written::Nothing);
        if *place.topic == *self.plan.names.journal() {
            return match journal::decode(record.value.as_deref()?).ok()? {
                JournalRecord::Mail(letters) => match letters.first() {
                    Some(letter) => Some(Written::Letters(letter.from)),
                    None => nothing(),
                },
                _ => None,
            };
        }
        let is_dead_letter = *place.topic == *self.plan.names.dead_letters();
        match outputs::numbered(&record.headers, is_dead_letter) {
            Some((shard, number)) => Some(Written::Output(shard, number)),
            None => nothing().filter(|_| outputs::is_unblocking(&record.headers)),
        }
    }

    fn who_committed(&self, shard: u32, number: u64) -> Option<String> {
        let live = self.partitions.get(&shard)?.live()?;
        if let Some(writer) = live.former.of(number) {
            return Some(writer.to_owned());
        }
        (number <= live.committed_sequence()).then(|| self.plan.writer_id.clone())
    }

    /// Who may have sent letters of a shard, whose numbers do not say when: we, then those who wrote
    /// before, the last first. Aborted ones are the same as those that were sent since, and are taken in
    /// once.
    fn sender(&self, shard: u32, guesses: u32) -> Option<String> {
        let live = self.partitions.get(&shard)?.live()?;
        let own = self.plan.writer_id.as_str();
        let mut candidates = vec![own];
        for writer in live.former.latest_first() {
            if !candidates.contains(&writer) {
                candidates.push(writer);
            }
        }
        let candidate = candidates.get(guesses as usize % candidates.len())?;
        Some((*candidate).to_owned())
    }

    /// Commits a record without meaning there. A writer takes turns between two ids, and nothing tells
    /// which of them is in the way. A commit that is slow ends the attempt: another one begins with the
    /// other id.
    fn say_nothing(&mut self, writer: &str, place: &Place, guesses: u32, now: Now) -> Result<(), LogError> {
        let is_ours = writer == self.plan.writer_id;
        if is_ours {
            self.take_ids()?;
        }
        let mut transactor = match self.writer.take_if(|_| is_ours) {
            Some(transactor) => transactor,
            None => self.log.transactor(writer)?,
        };
        if !guesses.is_multiple_of(2) {
            transactor.begin()?;
            transactor.commit()?;
        }
        for _ in 0..2 {
            transactor.begin()?;
            let record = self.nothing(writer, place, now);
            transactor.append(&place.topic, Some(place.partition), record)?;
            transactor.flush()?;
            if transactor.commit()? == Commit::Slow {
                return Ok(());
            }
        }
        if is_ours {
            self.writer = Some(transactor);
        }
        Ok(())
    }

    pub(super) fn nothing(&self, writer: &str, place: &Place, now: Now) -> NewRecord {
        let mut record = if *place.topic == *self.plan.names.journal() {
            NewRecord {
                value: Some(journal::encode(&JournalRecord::Mail(Vec::new()))),
                ..NewRecord::default()
            }
        } else {
            outputs::unblocking(&self.plan.deployment, writer, now.time)
        };
        record.headers.extend(headers(writer));
        record
    }
}

fn apart_ms(writer: &str) -> i64 {
    let hash = blake3::hash(writer.as_bytes());
    let [a, b, ..] = *hash.as_bytes();
    (u64::from(u16::from_le_bytes([a, b])) % APART_MS_MAX) as i64
}
