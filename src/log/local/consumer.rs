//! Reading: members of groups, and readers of one partition.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant as Moment};

use super::super::{
    Committed, Consumer, Found, LogError, Membership, Ownership, Place, ReadLimit, Reader, Record, Signal,
};
use super::store::{Access, Store};
use super::{Partition, Shared, State};
use crate::domain::time::Instant;

/// A member of a group of the process.
pub(super) struct LocalConsumer {
    shared: Arc<Shared>,
    store: Store,
    group: String,
    member: u64,
    topics: Vec<String>,
    started: BTreeMap<Place, Cursor>,
    /// Asked back and not released yet; asked for once only.
    revoking: BTreeSet<Place>,
    /// It has been told its first share.
    is_dealt: bool,
}

/// How far one partition has been read.
struct Cursor {
    next: u64,
    /// The end that was reported last.
    end_told: Option<u64>,
}

/// What the ownership of a local group is: a member of it.
pub(super) struct LocalOwnership {
    pub(super) group: String,
    pub(super) member: u64,
}

impl LocalConsumer {
    pub(super) fn join(shared: Arc<Shared>, membership: &Membership) -> Result<Self, LogError> {
        let store = Store::open(&shared.directory, Access::Read)?;
        let member = {
            let mut state = shared.state();
            let unknown = membership
                .topics
                .iter()
                .find(|topic| !state.topics.contains_key(topic.as_str()));
            if let Some(topic) = unknown {
                return Err(LogError::Refused(format!("no topic {topic} in the local log")));
            }
            state
                .groups
                .entry(membership.group.clone())
                .or_default()
                .join(membership.topics.clone())
        };
        shared.bell.notify_all();
        Ok(Self {
            shared,
            store,
            group: membership.group.clone(),
            member,
            topics: membership.topics.clone(),
            started: BTreeMap::new(),
            revoking: BTreeSet::new(),
            is_dealt: false,
        })
    }

    fn balance(&mut self, state: &mut State) -> Vec<Signal> {
        let mine = |place: &&Place| self.topics.iter().any(|topic| **topic == *place.topic);
        let partitions: BTreeSet<Place> = state.partitions.keys().filter(mine).cloned().collect();
        let Some(group) = state.groups.get_mut(&self.group) else {
            return Vec::new();
        };
        let (mut revoked, assigned) = group.balance(self.member, &partitions);
        revoked.retain(|place| self.revoking.insert(place.clone()));
        let mut signals = Vec::new();
        if !revoked.is_empty() {
            signals.push(Signal::Revoked(revoked));
        }
        // Whoever gets nothing is told so once: an empty share is one.
        let is_first = !std::mem::replace(&mut self.is_dealt, true);
        if is_first || !assigned.is_empty() {
            signals.push(Signal::Assigned(assigned));
        }
        signals
    }

    /// What can be read now: the partitions whose end lies behind the cursor, or was not told yet.
    fn ready(&self, state: &State) -> Vec<(Place, Partition)> {
        let behind = |(place, cursor): (&Place, &Cursor)| {
            let partition = *state.partitions.get(place)?;
            let news = partition.next > cursor.next || cursor.end_told != Some(partition.next);
            news.then(|| (place.clone(), partition))
        };
        let kept = |(place, _): &(&Place, &Cursor)| !self.revoking.contains(*place);
        self.started.iter().filter(kept).filter_map(behind).collect()
    }

    fn read(&mut self, ready: &[(Place, Partition)], limit: ReadLimit) -> Result<Vec<Signal>, LogError> {
        let (mut signals, mut left) = (Vec::new(), limit);
        for (place, partition) in ready {
            let Some(cursor) = self.started.get_mut(place) else {
                continue;
            };
            if cursor.next < partition.start {
                signals.push(Signal::OutOfRange(place.clone()));
                continue;
            }
            if left.records_max == 0 || left.bytes_max == 0 {
                break;
            }
            let records = self.store.records(partition, cursor.next, left)?;
            left.records_max -= records.len().min(left.records_max);
            left.bytes_max = left.bytes_max.saturating_sub(bytes_of(&records));
            if let Some(last) = records.last() {
                cursor.next = last.offset + 1;
                signals.push(Signal::Records(place.clone(), records));
            }
            if cursor.next >= partition.next {
                cursor.end_told = Some(cursor.next);
                signals.push(Signal::End(place.clone(), cursor.next));
            }
        }
        Ok(signals)
    }
}

fn bytes_of(records: &[Record]) -> usize {
    records
        .iter()
        .map(|record| record.value.as_ref().map_or(0, Vec::len))
        .sum()
}

impl Consumer for LocalConsumer {
    fn poll(&mut self, limit: ReadLimit, wait: Duration) -> Result<Vec<Signal>, LogError> {
        let shared = self.shared.clone();
        let until = Moment::now() + wait;
        let mut state = shared.state();
        loop {
            let signals = self.balance(&mut state);
            if !signals.is_empty() {
                return Ok(signals);
            }
            let ready = self.ready(&state);
            if !ready.is_empty() {
                drop(state);
                return self.read(&ready, limit);
            }
            let left = until.saturating_duration_since(Moment::now());
            if left.is_zero() {
                return Ok(Vec::new());
            }
            state = shared
                .bell
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    fn ownership(&mut self) -> Result<Ownership, LogError> {
        Ok(Ownership(Arc::new(LocalOwnership {
            group: self.group.clone(),
            member: self.member,
        })))
    }

    fn start(&mut self, place: &Place, offset: u64) -> Result<(), LogError> {
        self.started.insert(
            place.clone(),
            Cursor {
                next: offset,
                end_told: None,
            },
        );
        Ok(())
    }

    fn stop(&mut self, place: &Place) -> Result<(), LogError> {
        self.started.remove(place);
        Ok(())
    }

    fn release(&mut self, places: &[Place]) -> Result<(), LogError> {
        for place in places {
            self.started.remove(place);
            self.revoking.remove(place);
        }
        if let Some(group) = self.shared.state().groups.get_mut(&self.group) {
            group.release(self.member, places);
        }
        self.shared.bell.notify_all();
        Ok(())
    }

    fn committed(&mut self, places: &[Place]) -> Result<Vec<Option<Committed>>, LogError> {
        let read = |place| self.store.position(&self.group, &self.shared.partition(place)?);
        places.iter().map(read).collect()
    }

    fn commit(&mut self, offsets: &[(Place, Committed)]) -> Result<(), LogError> {
        let mut state = self.shared.state();
        let positions = super::writer::checked_positions(&state, offsets, &self.group, self.member)?;
        state.store.write(&[], &[], &positions)
    }

    fn ends(&mut self, places: &[Place]) -> Vec<Result<u64, LogError>> {
        places
            .iter()
            .map(|place| self.shared.partition(place).map(|partition| partition.next))
            .collect()
    }

    fn offset_at(&mut self, place: &Place, time: Instant) -> Result<u64, LogError> {
        let partition = self.shared.partition(place)?;
        Ok(self.store.offset_at(&partition, time)?.unwrap_or(partition.next))
    }

    fn start_offset(&mut self, place: &Place) -> Result<u64, LogError> {
        self.shared.partition(place).map(|partition| partition.start)
    }

    fn close(self: Box<Self>) {}
}

impl Drop for LocalConsumer {
    fn drop(&mut self) {
        if let Some(group) = self.shared.state().groups.get_mut(&self.group) {
            group.leave(self.member);
        }
        self.shared.bell.notify_all();
    }
}

/// Reads one partition on its own.
pub(super) struct LocalReader {
    shared: Arc<Shared>,
    store: Store,
    place: Place,
    next: u64,
}

impl LocalReader {
    pub(super) fn new(shared: Arc<Shared>, place: Place, next: u64) -> Result<Self, LogError> {
        shared.partition(&place)?;
        let store = Store::open(&shared.directory, Access::Read)?;
        Ok(Self {
            shared,
            store,
            place,
            next,
        })
    }
}

impl Reader for LocalReader {
    fn read(&mut self, limit: ReadLimit, wait: Duration) -> Result<Found, LogError> {
        let until = Moment::now() + wait;
        let mut state = self.shared.state();
        loop {
            let partition = *state.partition(&self.place)?;
            if self.next < partition.start {
                return Ok(Found::Trimmed(partition.start));
            }
            if self.next < partition.next {
                drop(state);
                let records = self.store.records(&partition, self.next, limit)?;
                self.next = records.last().map_or(self.next, |last| last.offset + 1);
                return Ok(Found::Records(records));
            }
            let left = until.saturating_duration_since(Moment::now());
            if left.is_zero() {
                return Ok(Found::Records(Vec::new()));
            }
            state = self
                .shared
                .bell
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    fn position(&self) -> u64 {
        self.next
    }
}
