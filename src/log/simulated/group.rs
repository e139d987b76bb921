//! Groups: who reads which partition, in which generation.
//!
//! A partition goes to its next owner only after the last one has released it, or is gone. Every
//! change is a new generation, and what was proved in an older one commits nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{Committed, Place};

/// The members of one group, what they own, and the committed offsets.
#[derive(Debug, Default)]
pub(super) struct Group {
    generation: u64,
    next_member: u64,
    members: BTreeMap<u64, Member>,
    /// Turns the shares, so that partitions move.
    shift: usize,
    pub(super) offsets: BTreeMap<Place, Committed>,
}

#[derive(Debug)]
struct Member {
    topics: Vec<String>,
    instance: Option<String>,
    owned: BTreeSet<Place>,
    /// The generation it knows.
    synced: u64,
    /// What it has been dealt its share of: the generation, the last to join (a static member that
    /// comes back makes no generation), and the number of partitions.
    dealt: Option<(u64, u64, usize)>,
    seen_ms: i64,
}

/// What a member is told.
#[derive(Debug)]
pub(super) enum Told {
    /// The group does not know it any more.
    Gone,
    /// What it must give up, and what is its own from here on.
    Share { revoked: Vec<Place>, assigned: Vec<Place> },
}

impl Group {
    pub(super) fn join(&mut self, topics: Vec<String>, instance: Option<String>, now_ms: i64) -> u64 {
        self.next_member += 1;
        let same = |member: &Member| instance.is_some() && member.instance == instance;
        let former = self.members.iter().find(|(_, member)| same(member)).map(|(id, _)| *id);
        // A static member that comes back has what it had, and nobody else hears of it.
        let owned = former
            .and_then(|id| self.members.remove(&id))
            .map(|member| member.owned);
        if owned.is_none() {
            self.generation += 1;
        }
        self.members.insert(
            self.next_member,
            Member {
                topics,
                instance,
                owned: owned.unwrap_or_default(),
                synced: self.generation,
                dealt: None,
                seen_ms: now_ms,
            },
        );
        self.next_member
    }

    /// A static member keeps its place until its session ends.
    pub(super) fn leave(&mut self, member: u64) {
        let is_dynamic = |member: &Member| member.instance.is_none();
        if self.members.get(&member).is_some_and(is_dynamic) {
            self.members.remove(&member);
            self.generation += 1;
        }
    }

    /// Forgets members that have not been heard of since `since_ms`; how many there were.
    pub(super) fn expire(&mut self, since_ms: i64) -> usize {
        let before = self.members.len();
        self.members.retain(|_, member| member.seen_ms >= since_ms);
        let gone = before - self.members.len();
        if gone > 0 {
            self.generation += 1;
        }
        gone
    }

    pub(super) fn reshuffle(&mut self) {
        self.shift += 1;
        self.generation += 1;
    }

    pub(super) fn knows(&self, member: u64) -> bool {
        self.members.contains_key(&member)
    }

    /// The generation that the member knows, if it is the group's.
    pub(super) fn current(&self, member: u64) -> Option<u64> {
        let known = self.members.get(&member)?.synced;
        (known == self.generation).then_some(known)
    }

    /// Whether what was proved in `generation` still holds.
    pub(super) fn accepts(&self, member: u64, generation: u64) -> bool {
        self.knows(member) && generation == self.generation
    }

    /// A sign of life.
    pub(super) fn heard(&mut self, member: u64, now_ms: i64) {
        if let Some(member) = self.members.get_mut(&member) {
            member.seen_ms = now_ms;
        }
    }

    pub(super) fn release(&mut self, member: u64, places: &[Place]) {
        if let Some(member) = self.members.get_mut(&member) {
            member.owned.retain(|place| !places.contains(place));
            self.generation += 1;
        }
    }

    /// Tells a member that has `has` about its share.
    pub(super) fn sync(&mut self, member: u64, has: &BTreeSet<Place>, partitions: &[Place]) -> Told {
        let dealt = Some((self.generation, self.next_member, partitions.len()));
        let is_known = |me: &Member| me.dealt == dealt && me.owned == *has;
        if self.members.get(&member).is_some_and(is_known) {
            return Told::Share {
                revoked: Vec::new(),
                assigned: Vec::new(),
            };
        }
        let target = self.target(member, partitions);
        let others: BTreeSet<&Place> = self
            .members
            .iter()
            .filter(|(id, _)| **id != member)
            .flat_map(|(_, other)| &other.owned)
            .collect();
        let assigned: Vec<Place> = target
            .iter()
            .filter(|place| !has.contains(place) && !others.contains(place))
            .cloned()
            .collect();
        let generation = self.generation;
        let Some(me) = self.members.get_mut(&member) else {
            return Told::Gone;
        };
        me.synced = generation;
        me.dealt = dealt;
        me.owned.extend(assigned.iter().cloned());
        let before = me.owned.len();
        // A static member that came back never hears of what has gone to others meanwhile.
        me.owned.retain(|place| has.contains(place) || target.contains(place));
        if me.owned.len() < before {
            self.generation += 1;
        }
        let revoked = has.iter().filter(|place| !target.contains(place)).cloned().collect();
        Told::Share { revoked, assigned }
    }

    /// The share of a member: partitions dealt out in order to those who read their topic.
    fn target(&self, member: u64, partitions: &[Place]) -> Vec<Place> {
        let mut share = Vec::new();
        let (mut topic, mut readers): (&str, Vec<u64>) = ("", Vec::new());
        for (turn, place) in partitions.iter().enumerate() {
            if topic != &*place.topic {
                topic = &place.topic;
                let reads = |member: &Member| member.topics.iter().any(|known| known == topic);
                let those = self.members.iter().filter(|(_, member)| reads(member));
                readers = those.map(|(id, _)| *id).collect();
            }
            if !readers.is_empty() && readers[(turn + self.shift) % readers.len()] == member {
                share.push(place.clone());
            }
        }
        share
    }
}
