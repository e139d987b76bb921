//! A map by lead id, in order of the ids.
//!
//! Lead ids are hashes, so their first bits spread evenly: those bits say in which bucket an id
//! is, and a bucket holds a handful. A look costs two cache misses however many leads there are,
//! where a `BTreeMap` of 200,000 costs five.

use super::ids::LeadId;

/// Entries a bucket holds on average at most; with more, there will be twice as many buckets.
const FILL_MAX: usize = 6;

/// A map by lead id.
#[derive(Debug)]
pub(crate) struct ByLead<T> {
    /// `1 << bits` of them, each sorted; all ids of one come before those of the next.
    buckets: Vec<Vec<(LeadId, T)>>,
    bits: u32,
    len: usize,
}

impl<T> Default for ByLead<T> {
    fn default() -> Self {
        Self {
            buckets: vec![Vec::new()],
            bits: 0,
            len: 0,
        }
    }
}

impl<T> ByLead<T> {
    /// How many ids something is kept under.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// What is kept under an id.
    pub(crate) fn get(&self, id: LeadId) -> Option<&T> {
        let bucket = self.buckets.get(place(id, self.bits))?;
        bucket.iter().find(|(one, _)| *one == id).map(|(_, what)| what)
    }

    /// The same, to be changed.
    pub(crate) fn get_mut(&mut self, id: LeadId) -> Option<&mut T> {
        let bucket = self.buckets.get_mut(place(id, self.bits))?;
        bucket.iter_mut().find(|(one, _)| *one == id).map(|(_, what)| what)
    }

    /// What is kept under an id from now on.
    #[expect(clippy::indexing_slicing, reason = "there is a bucket for all bits an id can have")]
    pub(crate) fn entry(&mut self, id: LeadId) -> &mut T
    where
        T: Default,
    {
        if self.len >= self.buckets.len() * FILL_MAX {
            self.spread();
        }
        let bucket = &mut self.buckets[place(id, self.bits)];
        let found = bucket.iter().position(|(one, _)| *one == id);
        let found = found.unwrap_or_else(|| {
            let behind = bucket.iter().position(|(one, _)| *one > id).unwrap_or(bucket.len());
            // Many buckets, so room that stays empty adds up; the allocator leaves some anyway.
            bucket.reserve_exact(1);
            bucket.insert(behind, (id, T::default()));
            self.len += 1;
            behind
        });
        &mut bucket[found].1
    }

    /// Keeps nothing under an id any more.
    pub(crate) fn remove(&mut self, id: LeadId) {
        let bucket = self.buckets.get_mut(place(id, self.bits));
        let Some(bucket) = bucket else { return };
        if let Some(found) = bucket.iter().position(|(one, _)| *one == id) {
            bucket.remove(found);
            self.len -= 1;
        }
    }

    /// Everything in order, from an id on.
    pub(crate) fn range(&self, from: Option<LeadId>) -> impl Iterator<Item = (LeadId, &T)> {
        let before = from.map_or(0, |from| place(from, self.bits));
        let entries = self.buckets.iter().skip(before).flatten();
        entries
            .skip_while(move |(id, _)| from.is_some_and(|from| *id < from))
            .map(|(id, what)| (*id, what))
    }

    /// Makes twice as many buckets.
    fn spread(&mut self) {
        self.bits += 1;
        let mut spread = Vec::with_capacity(self.buckets.len() * 2);
        for (lower, bucket) in (0..).step_by(2).zip(std::mem::take(&mut self.buckets)) {
            let middle = bucket.partition_point(|(id, _)| place(*id, self.bits) == lower);
            let mut upper = Vec::with_capacity(bucket.len() - middle);
            let mut entries = bucket.into_iter();
            spread.push(entries.by_ref().take(middle).collect());
            // Collected, they would keep the room of them all.
            upper.extend(entries);
            spread.push(upper);
        }
        self.buckets = spread;
    }
}

/// The first bits of an id, as a number.
fn place(id: LeadId, bits: u32) -> usize {
    id.first_bits().checked_shr(u64::BITS - bits).unwrap_or(0) as usize
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Short ids in a small range, so that buckets meet equal, near and crowded ones.
        #[test]
        fn it_holds_what_a_sorted_map_holds(
            steps in prop::collection::vec((any::<bool>(), any::<[u8; 2]>(), any::<u8>()), 0..600),
            from in any::<[u8; 2]>(),
        ) {
            let id = |[first, last]: [u8; 2]| {
                let mut id = [0; 16];
                (id[0], id[15]) = (first, last & 3);
                LeadId(id)
            };
            let (mut map, mut sorted) = (ByLead::<u8>::default(), BTreeMap::new());
            for (stays, name, what) in steps {
                let id = id(name);
                if stays {
                    *map.entry(id) = what;
                    sorted.insert(id, what);
                } else {
                    map.remove(id);
                    sorted.remove(&id);
                }
                prop_assert_eq!(map.get(id), sorted.get(&id));
                prop_assert_eq!(map.get_mut(id), sorted.get_mut(&id));
            }
            let all: Vec<_> = map.range(None).map(|(id, what)| (id, *what)).collect();
            prop_assert_eq!(all, sorted.clone().into_iter().collect::<Vec<_>>());
            let from = id(from);
            let tail: Vec<_> = map.range(Some(from)).map(|(id, what)| (id, *what)).collect();
            prop_assert_eq!(tail, sorted.into_iter().filter(|(id, _)| *id >= from).collect::<Vec<_>>());
        }
    }
}
