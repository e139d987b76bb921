//! Members of groups.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::super::{
    Committed, Consumer, Isolation, LogError, Membership, Ownership, Place, ReadLimit, Signal, TopicId,
};
use super::SimulatedLog;
use super::group::{Group, Told};
use super::state::{Late, State};
use crate::domain::time::Instant;
use crate::planted::{self, Bug};

/// A member of a group.
pub(super) struct SimulatedConsumer {
    log: SimulatedLog,
    membership: Membership,
    member: u64,
    /// What we have been told is ours and have not released.
    owned: BTreeSet<Place>,
    /// Asked back, or lost, and not released yet; told once only.
    leaving: BTreeSet<Place>,
    is_lost: bool,
    started: BTreeMap<Place, Cursor>,
    /// The partitions of its topics, as of when the log had so many in all.
    readable: (usize, Vec<Place>),
}

/// How far one partition has been read.
struct Cursor {
    next: u64,
    /// The topic it was begun in; one made anew has another id.
    topic: Option<TopicId>,
    /// The end that was reported last.
    end_told: Option<u64>,
}

/// What an ownership proves: a member, and the generation it knew.
pub(super) struct Proof {
    pub(super) group: String,
    pub(super) member: u64,
    pub(super) generation: u64,
}

/// A slow partition brings a single record, once in so many reads.
const SLOW_READ: u32 = 12;

/// The generation of a member that knows none; the group checks nothing then.
pub(super) const UNCHECKED: u64 = u64::MAX;

impl SimulatedConsumer {
    pub(super) fn join(log: SimulatedLog, membership: &Membership) -> Result<Self, LogError> {
        let member = {
            let mut state = log.enter()?;
            let unknown = membership
                .topics
                .iter()
                .find(|topic| !state.topics.contains_key(topic.as_str()));
            if let Some(topic) = unknown {
                return Err(LogError::Refused(format!("no topic {topic} in the simulated log")));
            }
            enrol(&mut state, membership)
        };
        Ok(Self {
            log,
            membership: membership.clone(),
            member,
            owned: BTreeSet::new(),
            leaving: BTreeSet::new(),
            is_lost: false,
            started: BTreeMap::new(),
            readable: (0, Vec::new()),
        })
    }

    /// Hears what has become of our share.
    fn balance(&mut self, state: &mut State) -> Vec<Signal> {
        // Partitions are added, never taken away.
        if self.readable.0 != state.partitions.len() {
            let topics = &self.membership.topics;
            let mine = |place: &&Place| topics.iter().any(|topic| **topic == *place.topic);
            self.readable = (
                state.partitions.len(),
                state.partitions.keys().filter(mine).cloned().collect(),
            );
        }
        let reshuffle = state.faults.reshuffle;
        let reshuffles = state.chance.once_in(reshuffle);
        let group = group_of(state, &self.membership);
        if reshuffles {
            group.reshuffle();
        }
        if self.is_lost {
            return Vec::new();
        }
        let (revoked, assigned) = match group.sync(self.member, &self.owned, &self.readable.1) {
            Told::Gone if self.owned.is_empty() => {
                self.member = enrol(state, &self.membership);
                return Vec::new();
            }
            Told::Gone => {
                self.is_lost = true;
                self.leaving.clone_from(&self.owned);
                state.reach("a member lost its partitions");
                return vec![Signal::Lost(self.owned.iter().cloned().collect())];
            }
            Told::Share { revoked, assigned } => (revoked, assigned),
        };
        self.owned.extend(assigned.iter().cloned());
        let revoked: Vec<Place> = revoked
            .into_iter()
            .filter(|place| self.leaving.insert(place.clone()))
            .collect();
        let mut signals = Vec::new();
        if !revoked.is_empty() {
            state.reach("partitions were revoked");
            signals.push(Signal::Revoked(revoked));
        }
        if !assigned.is_empty() {
            signals.push(Signal::Assigned(assigned));
        }
        signals
    }

    fn read(&mut self, state: &mut State, limit: ReadLimit) -> Vec<Signal> {
        let (mut signals, mut left) = (Vec::new(), limit);
        let first = state.chance.below(self.started.len() as u64) as usize;
        let mut started: Vec<(&Place, &mut Cursor)> = self.started.iter_mut().collect();
        started.rotate_left(first);
        for (place, cursor) in started {
            let is_slow = state.is_slow(place);
            if self.leaving.contains(place) || is_slow && !state.chance.once_in(SLOW_READ) {
                continue;
            }
            if state.is_cut_off(place) {
                state.reach("a partition could not be read");
                signals.push(Signal::Unreadable(place.clone(), "cut off".to_owned()));
                continue;
            }
            let short_read = state.faults.short_read;
            let limit = if is_slow {
                ReadLimit { records_max: 1, ..left }
            } else if state.chance.once_in(short_read) {
                ReadLimit {
                    records_max: left.records_max.min(1 + state.chance.below(3) as usize),
                    ..left
                }
            } else {
                left
            };
            read_place(state, place, cursor, limit, &mut signals);
            if let Some(Signal::Records(_, records)) = signals.last() {
                left.records_max -= records.len().min(left.records_max);
            }
            if left.records_max == 0 {
                break;
            }
        }
        signals
    }

    fn is_ours(&self, place: &Place) -> Result<(), LogError> {
        if self.owned.contains(place) {
            return Ok(());
        }
        Err(LogError::Fenced(format!("{place} is not ours")))
    }

    /// A call that is no poll is a sign of life too: a living process sends heartbeats.
    fn enter(&self) -> Result<std::sync::MutexGuard<'_, State>, LogError> {
        let mut state = self.log.enter()?;
        let now_ms = state.now.running_ms;
        group_of(&mut state, &self.membership).heard(self.member, now_ms);
        Ok(state)
    }
}

fn group_of<'a>(state: &'a mut State, membership: &Membership) -> &'a mut Group {
    state.groups.entry(membership.group.clone()).or_default()
}

fn enrol(state: &mut State, membership: &Membership) -> u64 {
    let now_ms = state.now.running_ms;
    let (topics, instance) = (membership.topics.clone(), membership.instance.clone());
    group_of(state, membership).join(topics, instance, now_ms)
}

/// Brings the next records of a place, and its end when there is nothing behind it.
fn read_place(state: &mut State, place: &Place, cursor: &mut Cursor, limit: ReadLimit, signals: &mut Vec<Signal>) {
    let is_anew = state.topic_id(place) != cursor.topic;
    let Ok(partition) = state.partition(place) else {
        return;
    };
    if is_anew || cursor.next < partition.start() || cursor.next > partition.end() {
        signals.push(Signal::OutOfRange(place.clone()));
        return;
    }
    let end = partition.readable_end(Isolation::Committed);
    if cursor.next < end {
        let (records, next) = partition.read(cursor.next, Isolation::Committed, limit);
        cursor.next = next;
        if !records.is_empty() {
            signals.push(Signal::Records(place.clone(), records));
        }
    }
    if cursor.next >= end && cursor.end_told != Some(cursor.next) {
        cursor.end_told = Some(cursor.next);
        signals.push(Signal::End(place.clone(), cursor.next));
    }
}

impl Consumer for SimulatedConsumer {
    fn poll(&mut self, limit: ReadLimit, _: Duration) -> Result<Vec<Signal>, LogError> {
        let log = self.log.clone();
        let mut state = log.enter()?;
        let now_ms = state.now.running_ms;
        group_of(&mut state, &self.membership).heard(self.member, now_ms);
        let signals = self.balance(&mut state);
        if !signals.is_empty() {
            return Ok(signals);
        }
        Ok(self.read(&mut state, limit))
    }

    fn ownership(&mut self) -> Result<Ownership, LogError> {
        let mut state = self.enter()?;
        let group = group_of(&mut state, &self.membership);
        let Some(generation) = group.current(self.member).filter(|_| !self.is_lost) else {
            return Err(LogError::Retry("the group is rebalancing".to_owned()));
        };
        Ok(Ownership(Arc::new(Proof {
            group: self.membership.group.clone(),
            member: self.member,
            generation: planted::either(Bug::NegativeGeneration, UNCHECKED, generation),
        })))
    }

    fn start(&mut self, place: &Place, offset: u64) -> Result<(), LogError> {
        self.is_ours(place)?;
        if self.leaving.contains(place) {
            return Err(LogError::Fenced(format!("{place} is not ours")));
        }
        let topic = self.enter()?.topic_id(place);
        let cursor = Cursor {
            next: offset,
            topic,
            end_told: None,
        };
        self.started.insert(place.clone(), cursor);
        Ok(())
    }

    fn stop(&mut self, place: &Place) -> Result<(), LogError> {
        self.started.remove(place);
        Ok(())
    }

    fn release(&mut self, places: &[Place]) -> Result<(), LogError> {
        for place in places {
            self.owned.remove(place);
            self.leaving.remove(place);
            self.started.remove(place);
        }
        if self.is_lost && self.owned.is_empty() {
            self.is_lost = false;
        }
        // The client tells the group by itself, as soon as there is a broker.
        match self.enter() {
            Err(LogError::Retry(_)) => {
                let log = self.log.clone();
                group_of(&mut log.state(), &self.membership).release(self.member, places);
                Ok(())
            }
            Err(error) => Err(error),
            Ok(mut state) => {
                group_of(&mut state, &self.membership).release(self.member, places);
                Ok(())
            }
        }
    }

    fn committed(&mut self, places: &[Place]) -> Result<Vec<Option<Committed>>, LogError> {
        let mut state = self.enter()?;
        if places
            .iter()
            .any(|place| state.is_offset_open(&self.membership.group, place))
        {
            state.reach("committed offsets waited for an open transaction");
            return Err(LogError::Retry("an open transaction holds the offset".to_owned()));
        }
        let offsets = &group_of(&mut state, &self.membership).offsets;
        Ok(places.iter().map(|place| offsets.get(place).cloned()).collect())
    }

    fn commit(&mut self, offsets: &[(Place, Committed)]) -> Result<(), LogError> {
        offsets.iter().try_for_each(|(place, _)| self.is_ours(place))?;
        let mut state = self.enter()?;
        let late_offsets = state.faults.late_offsets;
        let is_late = state.chance.once_in(late_offsets);
        let group = group_of(&mut state, &self.membership);
        if !group.knows(self.member) {
            return Err(LogError::Fenced("the group does not know us any more".to_owned()));
        }
        let Some(generation) = group.current(self.member) else {
            return Err(LogError::Retry("the group is rebalancing".to_owned()));
        };
        if is_late {
            let proof = (self.member, generation);
            state.send_late(Late::Offsets(self.membership.group.clone(), proof, offsets.to_vec()));
            return Err(LogError::Unknown("no answer to a commit of offsets".to_owned()));
        }
        group.offsets.extend(offsets.iter().cloned());
        Ok(())
    }

    fn ends(&mut self, places: &[Place]) -> Vec<Result<u64, LogError>> {
        let mut state = match self.enter() {
            Ok(state) => state,
            Err(error) => return places.iter().map(|_| Err(error.clone())).collect(),
        };
        let end = |place: &Place| {
            if state.is_cut_off(place) {
                return Err(LogError::Retry(format!("{place} is cut off")));
            }
            state.partition(place).map(|partition| partition.end())
        };
        places.iter().map(end).collect()
    }

    fn offset_at(&mut self, place: &Place, time: Instant) -> Result<u64, LogError> {
        Ok(self.enter()?.partition(place)?.offset_at(time))
    }

    fn start_offset(&mut self, place: &Place) -> Result<u64, LogError> {
        let mut state = self.enter()?;
        if state.is_cut_off(place) {
            return Err(LogError::Retry(format!("{place} is cut off")));
        }
        Ok(state.partition(place)?.start())
    }

    fn close(self: Box<Self>) {
        if let Ok(mut state) = self.enter() {
            group_of(&mut state, &self.membership).leave(self.member);
        }
    }
}
