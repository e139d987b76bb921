//! Writing: appends and transactions, both one SQLite transaction each.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::super::{Ack, Appender, Commit, Committed, LogError, NewRecord, Ownership, Place, Transactor};
use super::consumer::LocalOwnership;
use super::{Partition, Shared, State};
use crate::domain::ids::murmur2;
use crate::domain::time::Instant;

/// Records an appender holds until the next poll.
const QUEUE_RECORDS_MAX: usize = 100_000;

/// Records on their way to their places.
type Queued = Vec<(Place, NewRecord)>;

/// Appends outside of transactions.
pub(super) struct LocalAppender {
    shared: Arc<Shared>,
    queue: Queued,
    next_ticket: u64,
}

impl LocalAppender {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            queue: Vec::new(),
            next_ticket: 0,
        }
    }
}

impl Appender for LocalAppender {
    fn append(&mut self, topic: &str, partition: Option<u32>, record: &NewRecord) -> Result<u64, LogError> {
        if self.queue.len() >= QUEUE_RECORDS_MAX {
            return Err(LogError::Retry("the append queue is full".into()));
        }
        let place = place_for(&self.shared.state(), topic, partition, record)?;
        self.queue.push((place, record.clone()));
        self.next_ticket += 1;
        Ok(self.next_ticket - 1)
    }

    fn poll(&mut self, wait: Duration) -> Result<Vec<Ack>, LogError> {
        if self.queue.is_empty() {
            std::thread::sleep(wait);
            return Ok(Vec::new());
        }
        let first = self.next_ticket - self.queue.len() as u64;
        let places = write(&self.shared, std::mem::take(&mut self.queue), &[], None)?;
        let ack = |(ticket, (offset, time))| Ack { ticket, offset, time };
        Ok((first..).zip(places).map(ack).collect())
    }
}

/// A transactional writer; everything is held back until the commit.
pub(super) struct LocalTransactor {
    shared: Arc<Shared>,
    id: String,
    epoch: u64,
    /// False outside of a transaction, and for good after an error in one.
    is_open: bool,
    queue: Queued,
    positions: Vec<(String, u32, Committed)>,
}

impl LocalTransactor {
    pub(super) fn new(shared: Arc<Shared>, id: &str) -> Self {
        let epoch = {
            let mut state = shared.state();
            let epoch = state.transactors.entry(id.to_owned()).or_default();
            *epoch += 1;
            *epoch
        };
        Self {
            shared,
            id: id.to_owned(),
            epoch,
            is_open: false,
            queue: Vec::new(),
            positions: Vec::new(),
        }
    }

    fn expect_open(&self) -> Result<(), LogError> {
        if self.is_open {
            return Ok(());
        }
        Err(LogError::Refused("no transaction is open".into()))
    }
}

impl Transactor for LocalTransactor {
    fn begin(&mut self) -> Result<(), LogError> {
        self.queue.clear();
        self.positions.clear();
        self.is_open = true;
        Ok(())
    }

    fn append(&mut self, topic: &str, partition: Option<u32>, record: NewRecord) -> Result<(), LogError> {
        let place = place_for(&self.shared.state(), topic, partition, &record)?;
        self.queue.push((place, record));
        Ok(())
    }

    fn flush(&mut self) -> Result<(), LogError> {
        Ok(())
    }

    fn positions(&mut self, offsets: &[(Place, Committed)], ownership: &Ownership) -> Result<(), LogError> {
        let Some(owner) = ownership.0.downcast_ref::<LocalOwnership>() else {
            return Err(LogError::Refused("an ownership of another log".into()));
        };
        self.expect_open()?;
        self.is_open = false;
        let state = self.shared.state();
        self.positions = checked_positions(&state, offsets, &owner.group, owner.member)?;
        self.is_open = true;
        Ok(())
    }

    fn commit(&mut self) -> Result<Commit, LogError> {
        self.expect_open()?;
        self.is_open = false;
        let (queue, positions) = (std::mem::take(&mut self.queue), std::mem::take(&mut self.positions));
        write(&self.shared, queue, &positions, Some((&self.id, self.epoch)))?;
        Ok(Commit::Clean)
    }
}

/// The partition a record goes to, as the Java client chooses it by key.
fn place_for(state: &State, topic: &str, partition: Option<u32>, record: &NewRecord) -> Result<Place, LogError> {
    let known = state
        .topics
        .get(topic)
        .ok_or_else(|| LogError::Refused(format!("no topic {topic} in the local log")))?;
    let by_key = || (murmur2(record.key.as_deref().unwrap_or_default()) & 0x7fff_ffff) % known.partitions;
    Ok(Place {
        topic: known.name.clone(),
        partition: partition.unwrap_or_else(by_key),
    })
}

/// Offsets as rows, if the member owns every place.
pub(super) fn checked_positions(
    state: &State,
    offsets: &[(Place, Committed)],
    group: &str,
    member: u64,
) -> Result<Vec<(String, u32, Committed)>, LogError> {
    let row = |(place, committed): &(Place, Committed)| {
        // The shard also commits an offset for the state log's partition, which no group reads.
        let foreign = state
            .groups
            .get(group)
            .is_some_and(|members| !members.owns(member, place) && members.reads(place));
        if foreign {
            return Err(LogError::Fenced(format!("{place} belongs to somebody else")));
        }
        Ok((group.to_owned(), state.partition(place)?.number, committed.clone()))
    };
    offsets.iter().map(row).collect()
}

/// Gives every record its offset and time and writes all in one transaction.
fn write(
    shared: &Shared,
    queue: Queued,
    positions: &[(String, u32, Committed)],
    fence: Option<(&str, u64)>,
) -> Result<Vec<(u64, Instant)>, LogError> {
    let mut state = shared.state();
    if let Some((id, epoch)) = fence
        && state.transactors.get(id) != Some(&epoch)
    {
        return Err(LogError::Fenced(format!(
            "another writer uses the transactional id {id}"
        )));
    }
    let now = shared.clock.now();
    let mut grown: BTreeMap<Place, Partition> = BTreeMap::new();
    let mut rows = Vec::with_capacity(queue.len());
    let mut places = Vec::with_capacity(queue.len());
    for (place, record) in queue {
        let known = *state.partition(&place)?;
        let partition = grown.entry(place).or_insert(known);
        partition.last_time = partition.last_time.max(now);
        places.push((partition.next, partition.last_time));
        rows.push((*partition, partition.last_time, record));
        partition.next += 1;
    }
    let bounds: Vec<Partition> = grown.values().copied().collect();
    state.store.write(&rows, &bounds, positions)?;
    state.partitions.extend(grown);
    state.expire(now);
    drop(state);
    shared.bell.notify_all();
    Ok(places)
}
