//! Which numbers of each shard have been seen.
//!
//! Outputs of a shard are numbered one after the other over all topics, and become visible in that
//! order. Reading begins somewhere; a shard's first number is taken from a record that was put out
//! a while after that place, so that whatever comes behind it is in what is read.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::time::Instant;
use crate::log::{Place, Record};
use crate::telemetry::metrics::AuditKind;
use crate::wire::outputs;

/// Numbers seen with others below them missing, of all shards, at most.
const AHEAD_MAX: usize = 4_000_000;

/// What has been seen.
pub(super) struct Ledger {
    /// A shard's first number is that of a record not older than this.
    first_from: Instant,
    chains: BTreeMap<u32, Chain>,
    /// The last number of a shard in a partition.
    last: BTreeMap<(Place, u32), u64>,
}

/// One shard's numbers.
#[derive(Default)]
struct Chain {
    /// The number it begins with, and the one that is seen next where nothing is missing.
    from: Option<(u64, u64)>,
    /// Seen, with others below missing.
    ahead: BTreeSet<u64>,
}

/// Something that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Violation {
    pub(super) kind: AuditKind,
    /// How many outputs it is about.
    pub(super) outputs: u64,
    /// What and where, for people.
    pub(super) words: String,
}

impl Ledger {
    pub(super) fn new(first_from: Instant) -> Self {
        Self {
            first_from,
            chains: BTreeMap::new(),
            last: BTreeMap::new(),
        }
    }

    /// Takes a record in.
    pub(super) fn take(&mut self, place: &Place, record: &Record, is_dead_letter: bool) -> Option<Violation> {
        let found = |kind, what: &str| {
            Some(Violation {
                kind,
                outputs: 1,
                words: format!("{place}, offset {}, {what}", record.offset),
            })
        };
        let Some((shard, number)) = outputs::numbered(&record.headers, is_dead_letter) else {
            if outputs::is_unblocking(&record.headers) {
                return None;
            }
            return found(AuditKind::Foreign, "is none of ours");
        };
        let chain = self.chains.entry(shard).or_default();
        if !chain.see(number, record.time >= self.first_from) {
            return found(AuditKind::Repeat, &format!("is number {number} of shard {shard} again"));
        }
        let last = self.last.entry((place.clone(), shard)).or_default();
        if number < *last {
            let what = format!("is number {number} of shard {shard}, behind a higher one");
            return found(AuditKind::Order, &what);
        }
        *last = number;
        None
    }

    /// The highest number seen of each shard.
    pub(super) fn highest(&self) -> BTreeMap<u32, u64> {
        let highest = |(shard, chain): (&u32, &Chain)| {
            let (_, next) = chain.from?;
            Some((*shard, chain.ahead.last().copied().unwrap_or(next - 1)))
        };
        self.chains.iter().filter_map(highest).collect()
    }

    /// Everything up to these numbers has been read: what was not seen is missing.
    pub(super) fn settle(&mut self, numbers: &BTreeMap<u32, u64>) -> Vec<Violation> {
        let mut gaps = Vec::new();
        for (shard, until) in numbers {
            let Some(chain) = self.chains.get_mut(shard) else {
                continue;
            };
            while let Some((first, last)) = chain.gap(*until) {
                gaps.push(gap(*shard, first, last));
            }
        }
        gaps
    }

    /// Too much is seen with something below it missing.
    pub(super) fn is_full(&self) -> bool {
        self.chains.values().map(|chain| chain.ahead.len()).sum::<usize>() > AHEAD_MAX
    }
}

/// Numbers of a shard that are missing, the last one included.
fn gap(shard: u32, first: u64, last: u64) -> Violation {
    Violation {
        kind: AuditKind::Gap,
        outputs: last - first + 1,
        words: format!("numbers {first} to {last} of shard {shard} are missing"),
    }
}

impl Chain {
    /// False if it was seen before. One from before the beginning is nothing to know of.
    fn see(&mut self, number: u64, may_begin: bool) -> bool {
        match self.from {
            None if may_begin => {
                let is_new = !self.ahead.contains(&number);
                self.ahead = self.ahead.split_off(&(number + 1));
                self.from = Some((number, number + 1));
                self.close_up();
                is_new
            }
            None => self.ahead.insert(number),
            Some((first, _)) if number < first => true,
            Some((_, next)) if number < next => false,
            Some(_) => {
                let is_new = self.ahead.insert(number);
                self.close_up();
                is_new
            }
        }
    }

    fn close_up(&mut self) {
        if let Some((_, next)) = &mut self.from {
            while self.ahead.remove(next) {
                *next += 1;
            }
        }
    }

    /// The first numbers that are missing, none above `until`, taken as seen from here on.
    fn gap(&mut self, until: u64) -> Option<(u64, u64)> {
        let (_, next) = self.from.as_mut()?;
        if *next > until {
            return None;
        }
        let first = *next;
        let after = self.ahead.first().copied().unwrap_or(u64::MAX);
        let last = (after - 1).min(until);
        *next = last + 1;
        self.close_up();
        Some((first, last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(offset: u64, millis: i64, shard: u32, number: u64) -> Record {
        Record {
            offset,
            time: Instant::from_millis(millis),
            key: None,
            value: None,
            headers: vec![
                ("ce_tasukishard".to_owned(), Some(shard.to_string().into_bytes())),
                ("ce_sequence".to_owned(), Some(format!("{number:020}").into_bytes())),
            ],
        }
    }

    /// Feeds (partition, time, number) of shard 3, and gives the kinds of violations.
    fn fed(ledger: &mut Ledger, outputs: &[(u32, i64, u64)]) -> Vec<&'static str> {
        let mut offset = 0;
        let take = |(partition, millis, number): &(u32, i64, u64)| {
            offset += 1;
            ledger.take(
                &Place::new("sales.sla", *partition),
                &record(offset, *millis, 3, *number),
                false,
            )
        };
        let found: Vec<Violation> = outputs.iter().filter_map(take).collect();
        found.iter().map(|violation| violation.kind.name()).collect()
    }

    #[test]
    fn what_is_there_once_in_order_is_well_however_partitions_are_read() {
        let mut ledger = Ledger::new(Instant::from_millis(100));
        // 5 was put out before reading began; 7 and 9 are read before anything says where to begin.
        let outputs = [
            (0, 50, 7),
            (0, 150, 9),
            (0, 160, 12),
            (1, 140, 8),
            (1, 155, 10),
            (1, 158, 11),
        ];
        assert_eq!(fed(&mut ledger, &outputs), [""; 0]);
        assert_eq!(ledger.highest(), BTreeMap::from([(3, 12)]));
        assert_eq!(ledger.settle(&ledger.highest()), []);
        assert!(ledger.chains[&3].ahead.is_empty());
    }

    #[test]
    fn a_gap_is_told_once_everything_is_read() {
        let mut ledger = Ledger::new(Instant::from_millis(0));
        assert_eq!(fed(&mut ledger, &[(0, 1, 1), (0, 1, 4), (1, 1, 5), (0, 1, 9)]), [""; 0]);
        assert_eq!(ledger.settle(&BTreeMap::from([(3, 5)])), [gap(3, 2, 3)]);
        assert_eq!(ledger.settle(&BTreeMap::from([(3, 9)])), [gap(3, 6, 8)]);
        assert_eq!(ledger.settle(&BTreeMap::from([(3, 9)])), [], "once");
        assert_eq!(gap(3, 6, 8).outputs, 3);
        assert_eq!(gap(3, 6, 8).words, "numbers 6 to 8 of shard 3 are missing");
    }

    #[test]
    fn repeats_foreigners_and_wrong_order_are_told_at_once() {
        let mut ledger = Ledger::new(Instant::from_millis(0));
        let outputs = [(0, 1, 1), (0, 1, 2), (0, 1, 2), (1, 1, 5), (2, 1, 5), (1, 1, 4)];
        assert_eq!(fed(&mut ledger, &outputs), ["repeat", "repeat", "order"]);
        let mut foreign = record(0, 1, 3, 6);
        foreign.headers.pop();
        let found = ledger.take(&Place::new("sales.sla", 0), &foreign, false);
        assert_eq!(found.map(|violation| violation.kind.name()), Some("foreign"));
    }
}
