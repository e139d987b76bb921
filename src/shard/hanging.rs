//! Transactions that hang in outputs and in the journal.
//!
//! A broker may call a transaction committed and leave it open in some partitions, where no reader
//! of what is committed gets past it. In a state log a restore comes upon that (`marks`); here the
//! other topics are looked at. Only a commit of the same writer in the same partition ends it, so
//! one is made that says nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::restore::look_through;
use super::writers::{headers, writer_of};
use super::{Interrupt, Live, Phase, Worker};
use crate::clock::Now;
use crate::domain::journal::JournalRecord;
use crate::log::{Commit, LogError, NewRecord, Place, Record};
use crate::planted::{self, Bug};
use crate::wire::{journal, outputs};

/// How often it is looked where transactions are open, in milliseconds.
const LOOK_EVERY_MS: i64 = 5_000;
/// None is at work for longer: those of dead writers time out after ten seconds, which Kafka looks at
/// every ten seconds.
const OPEN_MS_MAX: i64 = 25_000;
/// Who wrote to a state log before a restore may be in the way for so long, in milliseconds.
const FORMER_MS_MAX: i64 = 5 * 60_000;

/// Where transactions are open.
#[derive(Default)]
pub(super) struct Hanging {
    looked_at: Option<i64>,
    open: BTreeMap<Place, Open>,
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
    fn committed_sequence(&self) -> u64 {
        self.shard.last_sequence() - self.pending.outputs.len() as u64
    }
}

impl Worker {
    /// Looks once in a while, when all is well, and ends what hangs.
    pub(super) fn free_readers(&mut self, now: Now) -> Result<(), Interrupt> {
        let is_at_work = !self.partitions.is_empty() && self.partitions.values().all(|phase| phase.live().is_some());
        if !is_at_work || !self.hanging.is_due(now) {
            return Ok(());
        }
        self.hanging.looked_at = Some(now.running_ms);
        for phase in self.partitions.values_mut() {
            if let Phase::Ready(live) = phase
                && now.running_ms - live.restored_at > FORMER_MS_MAX
            {
                live.former.forget();
            }
        }
        let found = match self.find_hanging(now) {
            Err(LogError::Retry(why)) => {
                tracing::debug!(why, "cannot see now whether transactions hang");
                return Ok(());
            }
            found => found?,
        };
        for (writer, places) in found {
            if planted::is(Bug::OutputsLeftHanging) {
                continue;
            }
            tracing::warn!(
                writer,
                partitions = places.len(),
                "a transaction is open where outputs or the journal are read, though it was ended: ending it again"
            );
            self.say_nothing(&writer, &places, now)?;
        }
        Ok(())
    }

    /// What hangs and was written by a shard of ours, by transactional id. First it is taken for our
    /// own: to commit as another is to fence it, should it be at work. A commit that is slow ends the
    /// attempt, so each has its turn again.
    fn find_hanging(&mut self, now: Now) -> Result<BTreeMap<String, Vec<Place>>, LogError> {
        let places = self.read_by_others()?;
        let offsets = self.log.open_at(&places)?;
        self.hanging.note(places, offsets, now);
        let open = self.hanging.open.iter().map(|(place, open)| (place.clone(), *open));
        let hangs: Vec<_> = open
            .filter(|(_, open)| now.running_ms - open.since >= OPEN_MS_MAX)
            .collect();
        let mut found: BTreeMap<String, Vec<Place>> = BTreeMap::new();
        for (place, open) in hangs {
            for writer in self.writers_at(&place, open)? {
                found.entry(writer).or_default().push(place.clone());
            }
            if let Some(open) = self.hanging.open.get_mut(&place) {
                open.guesses += 1;
            }
        }
        Ok(found)
    }

    /// Where shards write and others read: outputs of the policies in force, dead letters, the journal.
    fn read_by_others(&self) -> Result<Vec<Place>, LogError> {
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

    /// Who may have left a committed transaction open; nobody, if another's shard wrote it. What was
    /// aborted is said again by the shard's next owner, and must not be seen.
    fn writers_at(&self, place: &Place, open: Open) -> Result<Vec<String>, LogError> {
        let (mut first, mut is_said_again) = (None, false);
        look_through(self.log.as_ref(), place, open.offset, |record| {
            let output = self.output(place, &record);
            match &first {
                None => first = Some((output, record)),
                Some((first, _)) => is_said_again |= output.is_some() && *first == output,
            }
            !is_said_again
        })?;
        let Some((output, first)) = first else {
            return Ok(Vec::new());
        };
        if let Some(writer) = writer_of(&first) {
            return Ok(vec![writer]);
        }
        let shard = output.map(|(shard, _)| shard).or_else(|| self.sender(place, &first));
        let Some(Phase::Ready(live)) = shard.and_then(|shard| self.partitions.get(&shard)) else {
            return Ok(Vec::new());
        };
        if is_said_again {
            tracing::warn!(%place, offset = open.offset, "an aborted transaction is open here: it must be aborted again");
            return Ok(Vec::new());
        }
        // Who has not come as far yet will say it again.
        if output.is_some_and(|(_, number)| number > live.committed_sequence()) {
            return Ok(Vec::new());
        }
        let own = &self.plan.writer_id;
        if open.guesses.is_multiple_of(2) {
            return Ok(vec![own.clone()]);
        }
        let others = live.former.ids().iter().filter(|id| *id != own);
        Ok(others.cloned().collect())
    }

    /// Shard and number of an output.
    fn output(&self, place: &Place, record: &Record) -> Option<(u32, u64)> {
        let is_dead_letter = *place.topic == *self.plan.names.dead_letters();
        outputs::numbered(&record.headers, is_dead_letter)
    }

    /// The shard that sent what stands in a journal. A letter that comes twice is taken in once.
    fn sender(&self, place: &Place, record: &Record) -> Option<u32> {
        if *place.topic != *self.plan.names.journal() {
            return None;
        }
        match journal::decode(record.value.as_deref()?) {
            Ok(JournalRecord::Mail(letters)) => Some(letters.first()?.from),
            _ => None,
        }
    }

    /// Commits records without meaning. A writer may take turns between two ids, and nothing tells
    /// which of them is in the way.
    fn say_nothing(&mut self, writer: &str, places: &[Place], now: Now) -> Result<(), LogError> {
        let is_ours = writer == self.plan.writer_id;
        let mut transactor = match self.writer.take_if(|_| is_ours) {
            Some(transactor) => transactor,
            None => self.log.transactor(writer)?,
        };
        for _ in 0..2 {
            transactor.begin()?;
            for place in places {
                let record = self.nothing(writer, place, now);
                transactor.append(&place.topic, Some(place.partition), record)?;
            }
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

    fn nothing(&self, writer: &str, place: &Place, now: Now) -> NewRecord {
        let mut record = if *place.topic == *self.plan.names.journal() {
            NewRecord {
                value: Some(journal::encode(&JournalRecord::Mail(Vec::new()))),
                ..NewRecord::default()
            }
        } else {
            outputs::unblocking(&self.plan.deployment, writer, now.time)
        };
        record.headers.extend(headers(writer, &[]));
        record
    }
}
