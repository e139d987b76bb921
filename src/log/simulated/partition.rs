//! One partition: its records, what of them may be seen, and its bounds.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::super::{Header, Isolation, NewRecord, ReadLimit, Record};
use crate::domain::time::Instant;

/// So many entries that were deleted may come back.
const DELETED_MAX: usize = 500;

/// The records of a partition.
#[derive(Debug, Default)]
pub(super) struct Partition {
    start: u64,
    entries: VecDeque<Entry>,
    /// What was deleted last, in front of `start`.
    deleted: VecDeque<Entry>,
    last_time: Instant,
    /// Open transactions and the offset of their first record here.
    open: BTreeMap<u64, u64>,
    aborted: BTreeSet<u64>,
}

#[derive(Debug)]
struct Entry {
    time: Instant,
    /// The transaction it belongs to.
    transaction: Option<u64>,
    /// None: the mark that ends a transaction.
    record: Option<NewRecord>,
}

impl Partition {
    pub(super) fn start(&self) -> u64 {
        self.start
    }

    pub(super) fn end(&self) -> u64 {
        self.start + self.entries.len() as u64
    }

    /// Everything below is final.
    pub(super) fn stable_end(&self) -> u64 {
        self.open_at().unwrap_or_else(|| self.end())
    }

    /// The first offset in an open transaction.
    pub(super) fn open_at(&self) -> Option<u64> {
        self.open.values().min().copied()
    }

    /// Up to where a reader may read.
    pub(super) fn readable_end(&self, isolation: Isolation) -> u64 {
        match isolation {
            Isolation::Committed => self.stable_end(),
            Isolation::Uncommitted => self.end(),
        }
    }

    pub(super) fn append(&mut self, now: Instant, transaction: Option<u64>, record: NewRecord) -> (u64, Instant) {
        let offset = self.end();
        if let Some(number) = transaction {
            self.open.entry(number).or_insert(offset);
        }
        (offset, self.push(now, transaction, Some(record)))
    }

    /// Ends a transaction; true if it wrote here.
    pub(super) fn finish(&mut self, now: Instant, transaction: u64, commits: bool) -> bool {
        if self.open.remove(&transaction).is_none() {
            return false;
        }
        if !commits {
            self.aborted.insert(transaction);
        }
        self.push(now, Some(transaction), None);
        true
    }

    fn push(&mut self, now: Instant, transaction: Option<u64>, record: Option<NewRecord>) -> Instant {
        self.last_time = self.last_time.max(now);
        self.entries.push_back(Entry {
            time: self.last_time,
            transaction,
            record,
        });
        self.last_time
    }

    /// The records from `from` on that may be seen, and where to read on.
    pub(super) fn read(&self, from: u64, isolation: Isolation, limit: ReadLimit) -> (Vec<Record>, u64) {
        let end = self.readable_end(isolation);
        let (mut records, mut bytes, mut next) = (Vec::new(), 0, from);
        while next < end && records.len() < limit.records_max && bytes < limit.bytes_max {
            let entry = &self.entries[(next - self.start) as usize];
            let hidden = entry.transaction.is_some_and(|number| self.aborted.contains(&number));
            if let (Some(record), true) = (&entry.record, isolation == Isolation::Uncommitted || !hidden) {
                bytes += record.value.as_ref().map_or(0, Vec::len);
                records.push(seen(next, entry.time, record));
            }
            next += 1;
        }
        (records, next)
    }

    /// The first offset at or after `time`.
    pub(super) fn offset_at(&self, time: Instant) -> u64 {
        let before = self.entries.partition_point(|entry| entry.time < time);
        self.start + before as u64
    }

    pub(super) fn trim(&mut self, below: u64) {
        while self.start < below.min(self.end()) {
            self.deleted.extend(self.entries.pop_front());
            self.start += 1;
        }
        let older = self.deleted.len().saturating_sub(DELETED_MAX);
        self.deleted.drain(..older);
    }

    /// Begins where it began before it was trimmed, if it was.
    pub(super) fn forget_trims(&mut self) -> Option<()> {
        self.deleted.front()?;
        while let Some(entry) = self.deleted.pop_back() {
            self.entries.push_front(entry);
            self.start -= 1;
        }
        Some(())
    }
}

fn seen(offset: u64, time: Instant, record: &NewRecord) -> Record {
    let headers: Vec<Header> = record.headers.clone();
    Record {
        offset,
        time,
        key: record.key.clone(),
        value: record.value.clone(),
        headers,
    }
}
