//! Groups within the process: who reads which partition.
//!
//! A partition goes to its next owner only after the last one has released it.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Place;

/// The members of one group and what they own.
#[derive(Debug, Default)]
pub(super) struct Group {
    next_member: u64,
    members: BTreeMap<u64, Member>,
}

#[derive(Debug)]
struct Member {
    topics: Vec<String>,
    owned: BTreeSet<Place>,
}

impl Group {
    pub(super) fn join(&mut self, topics: Vec<String>) -> u64 {
        self.next_member += 1;
        self.members.insert(
            self.next_member,
            Member {
                topics,
                owned: BTreeSet::new(),
            },
        );
        self.next_member
    }

    pub(super) fn leave(&mut self, member: u64) {
        self.members.remove(&member);
    }

    pub(super) fn owns(&self, member: u64, place: &Place) -> bool {
        self.members
            .get(&member)
            .is_some_and(|member| member.owned.contains(place))
    }

    /// Whether any member reads the topic of this place.
    pub(super) fn reads(&self, place: &Place) -> bool {
        self.members
            .values()
            .any(|member| member.topics.iter().any(|topic| **topic == *place.topic))
    }

    pub(super) fn release(&mut self, member: u64, places: &[Place]) {
        if let Some(member) = self.members.get_mut(&member) {
            member.owned.retain(|place| !places.contains(place));
        }
    }

    /// What a member should give up and what it may take now; what it may take is its own from
    /// here on.
    pub(super) fn balance(&mut self, member: u64, partitions: &BTreeSet<Place>) -> (Vec<Place>, Vec<Place>) {
        let target = self.target(member, partitions);
        let taken: BTreeSet<Place> = self
            .members
            .values()
            .flat_map(|member| member.owned.iter().cloned())
            .collect();
        let Some(me) = self.members.get_mut(&member) else {
            return (Vec::new(), Vec::new());
        };
        let revoked = me
            .owned
            .iter()
            .filter(|place| !target.contains(*place))
            .cloned()
            .collect();
        let assigned: Vec<Place> = target.into_iter().filter(|place| !taken.contains(place)).collect();
        me.owned.extend(assigned.iter().cloned());
        (revoked, assigned)
    }

    /// The share of a member: partitions dealt out in order to those who read their topic.
    fn target(&self, member: u64, partitions: &BTreeSet<Place>) -> BTreeSet<Place> {
        let mut share = BTreeSet::new();
        for (turn, place) in partitions.iter().enumerate() {
            let readers: Vec<u64> = self
                .members
                .iter()
                .filter(|(_, member)| member.topics.iter().any(|topic| **topic == *place.topic))
                .map(|(id, _)| *id)
                .collect();
            if !readers.is_empty() && readers[turn % readers.len()] == member {
                share.insert(place.clone());
            }
        }
        share
    }
}
