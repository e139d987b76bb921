//! What a worker writes: outputs, mail, state records and fences, as records of the log.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::restore::WRITER_HEADER;
use super::{Live, Plan};
use crate::clock::Now;
use crate::domain::bytes::Malformed;
use crate::domain::journal::{JournalRecord, Mail};
use crate::domain::shard::{Consequences, Outgoing, Part};
use crate::domain::time::Instant;
use crate::log::{LogError, NewRecord, ReadLimit, Transactor};
use crate::planted::{self, Bug};
use crate::wire::state::{Images, StateRecord};
use crate::wire::{self, outputs};

/// A state or mail record is at most about this large.
const RECORD_BYTES_MAX: usize = 1 << 20;
/// What a record takes in the log besides its value: headers, framing.
pub(super) const RECORD_OVERHEAD: u64 = 128;
/// Letters in one journal record at most.
const LETTERS_MAX: usize = 1_000;

/// What led to nothing that anybody waits for is committed after so long, in milliseconds.
const WAITING_MS_MAX: i64 = 500;

/// What one transaction takes in.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) consequences: BTreeMap<u32, Consequences>,
    pub(super) bytes: usize,
    /// When its first record was taken; the commit before it is not its time.
    began: Option<std::time::Instant>,
    /// Since when something in it is not committed.
    waits_since: Option<i64>,
    /// Other partitions have uncommitted changes, which wait for another transaction.
    is_part: bool,
}

/// How much of its limit a transaction takes in, halved so often.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pace(u32);

/// Halved no further than this: what still takes too long is not slow by its size, and smaller ones
/// would only fall behind.
const HALVED_MAX: u32 = 3;

impl Pace {
    /// After a transaction that was open for so long.
    pub(super) fn took(&mut self, open: Duration, open_time_max: Duration) {
        self.0 = if open > open_time_max {
            (self.0 + 1).min(HALVED_MAX)
        } else {
            self.0.saturating_sub(1)
        };
    }

    /// What the next one takes in.
    pub(super) fn limit(self, whole: ReadLimit) -> ReadLimit {
        ReadLimit {
            records_max: (whole.records_max >> self.0).max(1),
            bytes_max: (whole.bytes_max >> self.0).max(1),
        }
    }
}

impl Batch {
    /// Takes another record in, of so many bytes.
    pub(super) fn took(&mut self, bytes: usize) {
        self.bytes += bytes;
        self.began.get_or_insert_with(std::time::Instant::now);
    }

    /// What is left over from one turn, taken up by the next.
    pub(super) fn resumed(self) -> Self {
        Self { began: None, ..self }
    }

    /// Takes out what somebody waits for: the partitions that have something to say.
    pub(super) fn urgent(&mut self) -> Self {
        let says = |_: &u32, it: &mut Consequences| !(it.outputs.is_empty() && it.mail.is_empty());
        let consequences: BTreeMap<_, _> = self.consequences.extract_if(.., says).collect();
        Self {
            consequences,
            is_part: true,
            ..Self::default()
        }
    }

    /// How many milliseconds what is left may wait; none where there is nothing to commit.
    pub(super) fn patience_ms(&mut self, now: Now) -> Option<i64> {
        if !self.leads_to_something() {
            self.waits_since = None;
            return None;
        }
        let since = *self.waits_since.get_or_insert(now.running_ms);
        Some(since + WAITING_MS_MAX - now.running_ms)
    }

    pub(super) fn leads_to_something(&self) -> bool {
        self.consequences.values().any(Consequences::is_something)
    }

    /// Whether the transaction carries what this partition has done.
    pub(super) fn covers(&self, partition: u32) -> bool {
        !self.is_part || self.consequences.contains_key(&partition)
    }

    pub(super) fn is_full(&self, limit: ReadLimit, batch_time: Duration) -> bool {
        let outputs: usize = self
            .consequences
            .values()
            .map(|it| it.outputs.len() + it.mail.len())
            .sum();
        self.bytes >= limit.bytes_max
            || outputs >= limit.records_max
            || self.began.is_some_and(|began| began.elapsed() >= batch_time)
    }
}

/// Writes into the open transaction.
pub(super) struct Writer<'a> {
    pub(super) transactor: &'a mut dyn Transactor,
    pub(super) plan: &'a Plan,
}

impl Writer<'_> {
    /// Decisions and dead letters.
    pub(super) fn outputs(&mut self, batch: &BTreeMap<u32, Consequences>) -> Result<(), LogError> {
        for (shard, consequences) in batch {
            for numbered in &consequences.outputs {
                match &numbered.what {
                    Outgoing::Decision(output) => {
                        let topic = self.plan.names.output(&output.topic);
                        let record = outputs::record(output, self.plan.decider(*shard), numbered.sequence);
                        self.transactor.append(&topic, None, record)?;
                    }
                    Outgoing::DeadLetter(original, rejection) => {
                        let record = outputs::dead_letter(original, rejection, *shard, numbered.sequence);
                        let partition = outputs::dead_letter_partition(original, self.plan.dead_letter_partitions);
                        self.transactor
                            .append(&self.plan.names.dead_letters(), partition, record)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Letters, packed per receiving partition, in order.
    pub(super) fn mail(&mut self, batch: &BTreeMap<u32, Consequences>) -> Result<(), LogError> {
        let journal = self.plan.names.journal();
        let mut bags: BTreeMap<u32, Vec<Mail>> = BTreeMap::new();
        for (to, mail) in batch.values().flat_map(|consequences| &consequences.mail) {
            let bag = bags.entry(*to).or_default();
            let at = planted::either(Bug::LettersReversed, 0, bag.len());
            bag.insert(at, mail.clone());
            if planted::is(Bug::MailTwice) {
                bag.push(mail.clone());
            }
            if planted::is(Bug::MailGapIgnored) && mail.sequence % 5 == 0 {
                bag.pop();
            }
        }
        for (to, letters) in bags {
            for letters in letters.chunks(LETTERS_MAX) {
                let value = wire::journal::encode(&JournalRecord::Mail(letters.to_vec()));
                self.transactor.append(
                    &journal,
                    Some(to),
                    NewRecord {
                        value: Some(value),
                        ..NewRecord::default()
                    },
                )?;
            }
        }
        Ok(())
    }

    /// What a shard remembers of the range it applied; returns the bytes it takes.
    pub(super) fn state(&mut self, partition: u32, images: Images) -> Result<u64, LogError> {
        let mut bytes = 0;
        for images in wire::state::split(images, RECORD_BYTES_MAX) {
            bytes += self.state_record(partition, &StateRecord::Images(images))?;
        }
        Ok(bytes)
    }

    /// The mark that a restore reads up to.
    pub(super) fn fence(&mut self, partition: u32, token: [u8; 16]) -> Result<(), LogError> {
        self.state_record(
            partition,
            &StateRecord::Fence {
                token,
                writer: self.plan.writer_id.clone(),
            },
        )?;
        Ok(())
    }

    fn state_record(&mut self, partition: u32, record: &StateRecord) -> Result<u64, LogError> {
        let headers = vec![(WRITER_HEADER.to_owned(), Some(self.plan.writer_id.clone().into_bytes()))];
        let value = wire::state::encode(record);
        let bytes = value.len() as u64 + RECORD_OVERHEAD;
        let record = NewRecord {
            key: None,
            value: Some(value),
            headers,
        };
        self.transactor
            .append(&self.plan.names.state(), Some(partition), record)?;
        Ok(bytes)
    }
}

/// What a shard remembers of the range it applied: what changed, and some of what did not, so that
/// the log can be trimmed.
pub(super) fn remember(
    live: &mut Live,
    changed: Option<&BTreeSet<Part>>,
    erase_within_ms: i64,
) -> Result<Images, Malformed> {
    let image = |live: &Live, part: &Part| (part.key(), live.shard.image(part));
    let none = BTreeSet::new();
    let parts = changed.unwrap_or(&none);
    let written = parts.iter().skip(usize::from(planted::is(Bug::ChangeNotWritten)));
    let mut changed: Vec<_> = written.map(|part| image(live, part)).collect();
    let shard = live.shard.own_image();
    let sizes = changed
        .iter()
        .map(|(key, image)| key.len() + image.as_ref().map_or(0, Vec::len));
    let own_bytes = (shard.len() + sizes.sum::<usize>()) as u64 + RECORD_OVERHEAD;
    let carried = live.forward.carry(&mut live.shard, parts, own_bytes, erase_within_ms)?;
    changed.extend(carried.expired.iter().map(|part| image(live, part)));
    Ok(Images {
        format: IMAGE_FORMAT,
        covers: live.committed..live.shard.next_offset(),
        closes: true,
        shard,
        changed,
        carried: carried.images,
        turn: live.forward.turn.clone(),
    })
}

/// The format of the domain's images.
const IMAGE_FORMAT: u32 = 1;

/// A token nobody else writes: of the writer, the time and the process.
pub(super) fn fence_token(writer: &str, now: Instant) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(writer.as_bytes());
    hasher.update(&now.millis().to_le_bytes());
    hasher.update(&std::process::id().to_le_bytes());
    let mut token = [0; 16];
    hasher.finalize_xof().fill(&mut token);
    token
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::LeadId;
    use crate::domain::letter::{AskId, Letter};

    #[test]
    fn transactions_that_stay_open_too_long_get_smaller_and_grow_again() {
        let whole = ReadLimit {
            records_max: 1_000,
            bytes_max: 64,
        };
        let max = Duration::from_millis(50);
        let mut pace = Pace::default();
        pace.took(max, max);
        assert_eq!(pace.limit(whole).records_max, 1_000);
        (0..2).for_each(|_| pace.took(max * 2, max));
        assert_eq!((pace.limit(whole).records_max, pace.limit(whole).bytes_max), (250, 16));
        (0..20).for_each(|_| pace.took(max * 2, max));
        assert_eq!((pace.limit(whole).records_max, pace.limit(whole).bytes_max), (125, 8));
        (0..20).for_each(|_| pace.took(max, max));
        assert_eq!(pace.limit(whole).records_max, 1_000);
    }

    #[test]
    fn a_batch_is_full_when_its_time_is_over() {
        let limit = ReadLimit {
            records_max: 10,
            bytes_max: 10,
        };
        let mut batch = Batch::default();
        assert!(!batch.is_full(limit, Duration::ZERO), "it has not begun");
        batch.took(1);
        assert!(!batch.is_full(limit, Duration::MAX));
        assert!(batch.is_full(limit, Duration::ZERO));
    }

    #[test]
    fn what_has_something_to_say_is_taken_out_and_the_rest_waits_for_its_time() {
        let at = |running_ms| Now {
            time: Instant::from_millis(0),
            running_ms,
        };
        let changed = Consequences {
            changed: BTreeSet::from([Part::Policy]),
            ..Consequences::default()
        };
        let letter = Mail {
            from: 2,
            sequence: 1,
            policy_version: 1,
            letter: Letter::Leave(AskId {
                lead: LeadId([7; 16]),
                cycle: 1,
                number: 1,
            }),
        };
        let says = Consequences {
            mail: vec![(0, letter)],
            ..Consequences::default()
        };
        let mut batch = Batch::default();
        assert_eq!(batch.patience_ms(at(0)), None, "there is nothing to commit");
        batch.consequences = BTreeMap::from([(1, changed), (2, says)]);
        assert_eq!(batch.patience_ms(at(5)), Some(WAITING_MS_MAX));

        let urgent = batch.urgent();
        assert!(
            urgent.covers(2) && !urgent.covers(1),
            "the transaction is of partition 2 alone"
        );
        assert!(urgent.leads_to_something());
        assert_eq!(batch.consequences.keys().collect::<Vec<_>>(), [&1]);
        assert!(batch.covers(3), "whatever else has gone on is committed with the rest");
        let mut rest = batch.resumed();
        assert_eq!(rest.patience_ms(at(5 + WAITING_MS_MAX)), Some(0));
    }
}
