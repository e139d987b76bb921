//! The broker: everything that outlives a process.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::{Committed, LogError, NewRecord, Place, Topic, TopicId};
use super::chance::Chance;
use super::faults::Faults;
use super::group::Group;
use super::partition::Partition;
use crate::clock::Now;
use crate::domain::time::Instant;

/// A member that is not heard of for so long is gone, in milliseconds.
pub const SESSION_MS: i64 = 3_000;
/// A transaction that is open for so long is aborted, in milliseconds.
pub const TRANSACTION_MS_MAX: i64 = 20_000;
/// What is on its way arrives within this, in milliseconds.
pub(super) const LATE_MS_MAX: i64 = 4_000;
/// A trim arrives within this, in milliseconds: long enough to meet a successor's restore.
const LATE_TRIM_MS_MAX: i64 = 12_000;

/// Everything the broker knows.
pub(super) struct State {
    pub(super) now: Now,
    pub(super) chance: Chance,
    pub(super) faults: Faults,
    pub(super) topics: BTreeMap<Arc<str>, Topic>,
    pub(super) partitions: BTreeMap<Place, Partition>,
    pub(super) groups: BTreeMap<String, Group>,
    pub(super) writers: BTreeMap<String, Writer>,
    /// By id and place.
    hanging: BTreeMap<(String, Place), Hung>,
    next_transaction: u64,
    next_topic: u64,
    /// On their way, with the time at which they arrive.
    late: Vec<(i64, Late)>,
    /// Partitions that cannot be read until then.
    pub(super) cut_off: BTreeMap<Place, i64>,
    /// Partitions that bring nothing until then, and say nothing.
    pub(super) slow: BTreeMap<Place, i64>,
    /// Processes that are gone.
    pub(super) dead: BTreeSet<u64>,
    /// What has happened at least once.
    pub(super) reached: BTreeSet<&'static str>,
}

/// The holder of a transactional id.
#[derive(Debug, Default)]
pub(super) struct Writer {
    pub(super) epoch: u64,
    open: Option<Open>,
}

/// A transaction that is over, but still open in a partition.
#[derive(Clone, Copy, Debug)]
struct Hung {
    number: u64,
    is_committed: bool,
}

#[derive(Debug)]
struct Open {
    number: u64,
    places: BTreeSet<Place>,
    offsets: Vec<(String, Place, Committed)>,
    began_ms: i64,
}

/// Something on its way.
pub(super) enum Late {
    /// Records of one appender for one partition.
    Records(Place, Vec<NewRecord>),
    /// A commit by a writer of this epoch.
    Commit(String, u64),
    /// Offsets of a member, proved in a generation.
    Offsets(String, (u64, u64), Vec<(Place, Committed)>),
    /// A trim below this offset.
    Trim(Place, u64),
}

impl State {
    pub(super) fn new(chance: Chance) -> Self {
        Self {
            now: Now {
                time: Instant::default(),
                running_ms: 0,
            },
            chance,
            faults: Faults::default(),
            topics: BTreeMap::new(),
            partitions: BTreeMap::new(),
            groups: BTreeMap::new(),
            writers: BTreeMap::new(),
            hanging: BTreeMap::new(),
            next_transaction: 0,
            next_topic: 0,
            late: Vec::new(),
            cut_off: BTreeMap::new(),
            slow: BTreeMap::new(),
            dead: BTreeSet::new(),
            reached: BTreeSet::new(),
        }
    }

    /// Notes that something worth having seen has happened.
    pub(super) fn reach(&mut self, what: &'static str) {
        self.reached.insert(what);
    }

    /// Makes a topic, or makes it anew: another id, and nothing of what was in it.
    pub(super) fn make_topic(&mut self, name: &str, partitions: u32) -> Topic {
        self.next_topic += 1;
        let mut id = [0xa0; 16];
        id[..8].copy_from_slice(&self.next_topic.to_be_bytes());
        let topic = Topic {
            name: name.into(),
            id: TopicId(id),
            partitions,
        };
        for partition in 0..partitions {
            let place = Place {
                topic: topic.name.clone(),
                partition,
            };
            for group in self.groups.values_mut() {
                group.offsets.remove(&place);
            }
            self.partitions.insert(place, Partition::default());
        }
        self.topics.insert(topic.name.clone(), topic.clone());
        topic
    }

    pub(super) fn topic_id(&self, place: &Place) -> Option<TopicId> {
        self.topics.get(&place.topic).map(|topic| topic.id)
    }

    pub(super) fn partition(&mut self, place: &Place) -> Result<&mut Partition, LogError> {
        self.partitions
            .get_mut(place)
            .ok_or_else(|| LogError::Refused(format!("no partition {place} in the simulated log")))
    }

    /// Moves on to `now`: sessions end, transactions time out, what was on its way arrives.
    pub(super) fn turn(&mut self, now: Now) {
        if now == self.now {
            return;
        }
        self.now = now;
        let since = now.running_ms - SESSION_MS;
        let expired: usize = self.groups.values_mut().map(|group| group.expire(since)).sum();
        if expired > 0 {
            self.reach("a session timed out");
        }
        let overdue: Vec<String> = self
            .writers
            .iter()
            .filter(|(_, writer)| {
                writer
                    .open
                    .as_ref()
                    .is_some_and(|open| now.running_ms - open.began_ms > TRANSACTION_MS_MAX)
            })
            .map(|(id, _)| id.clone())
            .collect();
        for id in overdue {
            self.reach("a transaction timed out");
            self.take_over(&id);
        }
        self.arrive(now.running_ms);
    }

    fn arrive(&mut self, now_ms: i64) {
        if self.late.iter().all(|(due, _)| *due > now_ms) {
            return;
        }
        let (arrived, later) = std::mem::take(&mut self.late)
            .into_iter()
            .partition(|(due, _)| *due <= now_ms);
        self.late = later;
        let arrived: Vec<(i64, Late)> = arrived;
        for (_, late) in arrived {
            match late {
                Late::Records(place, records) => {
                    self.reach("what a dead appender had sent arrived");
                    for record in records {
                        self.append(&place, record);
                    }
                }
                Late::Commit(id, epoch) => self.commit_late(&id, epoch),
                Late::Trim(place, below) => {
                    if let Some(partition) = self.partitions.get_mut(&place) {
                        partition.trim(below);
                        self.reach("a trim arrived late");
                    }
                }
                Late::Offsets(group, proof, offsets) => {
                    let known = self.groups.entry(group).or_default();
                    if known.accepts(proof.0, proof.1) {
                        known.offsets.extend(offsets);
                        self.reach("offsets were committed late");
                    }
                }
            }
        }
    }

    fn commit_late(&mut self, id: &str, epoch: u64) {
        let writer = self.writers.entry(id.to_owned()).or_default();
        if writer.epoch != epoch {
            self.reach("a late commit was fenced");
        } else if writer.open.is_some() {
            self.reach("a late commit hit a transaction");
            self.finish(id, true);
        }
    }

    /// Sends something that arrives later.
    pub(super) fn send_late(&mut self, late: Late) {
        let latest = match late {
            Late::Trim(..) => LATE_TRIM_MS_MAX,
            Late::Records(..) | Late::Commit(..) | Late::Offsets(..) => LATE_MS_MAX,
        };
        let due = self.now.running_ms + self.chance.between(1, latest);
        self.late.push((due, late));
    }

    /// Nothing is on its way any more, and no transaction is open.
    pub(super) fn is_settled(&self) -> bool {
        self.late.is_empty() && self.hanging.is_empty() && self.writers.values().all(|writer| writer.open.is_none())
    }

    /// Appends outside of transactions.
    pub(super) fn append(&mut self, place: &Place, record: NewRecord) -> Option<(u64, Instant)> {
        let now = self.now.time;
        Some(self.partitions.get_mut(place)?.append(now, None, record))
    }

    /// Ends what is open under an id and fences its holder; the new epoch.
    pub(super) fn take_over(&mut self, id: &str) -> u64 {
        if self.writers.get(id).is_some_and(|writer| writer.open.is_some()) {
            self.reach("a transaction was aborted");
            self.finish(id, false);
        }
        let writer = self.writers.entry(id.to_owned()).or_default();
        writer.epoch += 1;
        writer.epoch
    }

    /// Writes in the transaction of `id`, which begins with its first record.
    pub(super) fn write(&mut self, id: &str, epoch: u64, place: &Place, record: NewRecord) -> Result<(), LogError> {
        let number = self.opened(id, epoch, Some(place))?;
        let now = self.now.time;
        self.partition(place)?.append(now, Some(number), record);
        Ok(())
    }

    /// Adds offsets to the transaction of `id`.
    pub(super) fn add_offsets(
        &mut self,
        (id, epoch): (&str, u64),
        group: &str,
        offsets: &[(Place, Committed)],
    ) -> Result<(), LogError> {
        self.opened(id, epoch, None)?;
        if let Some(open) = self.writers.get_mut(id).and_then(|writer| writer.open.as_mut()) {
            let added = offsets
                .iter()
                .map(|(place, committed)| (group.to_owned(), place.clone(), committed.clone()));
            open.offsets.extend(added);
        }
        Ok(())
    }

    fn opened(&mut self, id: &str, epoch: u64, place: Option<&Place>) -> Result<u64, LogError> {
        self.fence(id, epoch)?;
        let began_ms = self.now.running_ms;
        let next = self.next_transaction;
        let writer = self.writers.entry(id.to_owned()).or_default();
        let open = writer.open.get_or_insert_with(|| Open {
            number: next,
            places: BTreeSet::new(),
            offsets: Vec::new(),
            began_ms,
        });
        if open.number == next {
            self.next_transaction += 1;
        }
        open.places.extend(place.cloned());
        Ok(open.number)
    }

    fn fence(&mut self, id: &str, epoch: u64) -> Result<(), LogError> {
        if self.writers.get(id).is_some_and(|writer| writer.epoch == epoch) {
            return Ok(());
        }
        self.reach("a writer was fenced by its id");
        Err(LogError::Fenced(format!(
            "another writer uses the transactional id {id}"
        )))
    }

    /// Commits the transaction of `id`, if the epoch is still its own.
    pub(super) fn commit(&mut self, id: &str, epoch: u64) -> Result<(), LogError> {
        self.fence(id, epoch)?;
        self.finish(id, true);
        Ok(())
    }

    /// Aborts the transaction of `id`, if the epoch is still its own.
    pub(super) fn abort(&mut self, id: &str, epoch: u64) {
        if self.fence(id, epoch).is_ok() {
            self.finish(id, false);
        }
    }

    fn finish(&mut self, id: &str, commits: bool) {
        let Some(open) = self.writers.get_mut(id).and_then(|writer| writer.open.take()) else {
            return;
        };
        let now = self.now.time;
        let (lost_mark, lost_abort_mark) = (self.faults.lost_mark, self.faults.lost_abort_mark);
        let hangs = self.chance.once_in(if commits { lost_mark } else { lost_abort_mark });
        for place in &open.places {
            let Some(partition) = self.partitions.get_mut(place) else {
                continue;
            };
            let key = (id.to_owned(), place.clone());
            // The end of this one is the end of that as well. But an abort would lose what was committed,
            // and only a repair helps then.
            if let Some(hung) = self.hanging.remove(&key) {
                if commits || !hung.is_committed {
                    partition.finish(now, hung.number, commits);
                } else {
                    self.hanging.insert(key.clone(), hung);
                }
            }
            if hangs {
                let (number, is_committed) = (open.number, commits);
                self.hanging.insert(key, Hung { number, is_committed });
            } else {
                partition.finish(now, open.number, commits);
            }
        }
        if hangs {
            self.reach("the mark that ends a transaction was lost");
        }
        if commits {
            for (group, place, committed) in open.offsets {
                self.groups.entry(group).or_default().offsets.insert(place, committed);
            }
        }
    }

    /// Whether an open transaction holds an offset of this place.
    pub(super) fn is_offset_open(&self, group: &str, place: &Place) -> bool {
        self.writers
            .values()
            .filter_map(|writer| writer.open.as_ref())
            .flat_map(|open| &open.offsets)
            .any(|(of, at, _)| of == group && at == place)
    }

    /// Whether the place cannot be read right now.
    pub(super) fn is_cut_off(&self, place: &Place) -> bool {
        self.cut_off
            .get(place)
            .is_some_and(|until| self.now.running_ms < *until)
    }

    /// Whether the place brings nothing right now.
    pub(super) fn is_slow(&self, place: &Place) -> bool {
        self.slow.get(place).is_some_and(|until| self.now.running_ms < *until)
    }
}
