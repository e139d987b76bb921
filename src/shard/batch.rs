//! What a worker writes: outputs, mail, state records and fences, as records of the log.

use std::collections::BTreeMap;
use std::time::Duration;

use super::forward::{Forward, Pen};
use super::{Live, Plan, writers};
use crate::clock::Now;
use crate::domain::bytes::Malformed;
use crate::domain::journal::{JournalRecord, Mail};
use crate::domain::shard::{Numbered, Outgoing};
use crate::log::{Header, LogError, NewRecord, ReadLimit, Transactor};
use crate::planted::{self, Bug};
use crate::wire::state::{Draft, Room};
use crate::wire::{self, outputs};

/// A state or mail record is at most about this large.
const RECORD_BYTES_MAX: usize = 1 << 20;
/// What a record takes in the log besides its value: headers, framing.
pub(super) const RECORD_OVERHEAD: u64 = 128;
/// Letters in one journal record at most.
const LETTERS_MAX: usize = 1_000;

/// What led to nothing that anybody waits for is committed after so long, in milliseconds.
const WAITING_MS_MAX: i64 = 2_000;

/// What the next transaction takes in, all shards together.
#[derive(Default)]
pub(super) struct Load {
    bytes: usize,
    /// When its first record was taken; the commit before it is not its time.
    began: Option<std::time::Instant>,
    /// Since when something in it is not committed.
    waits_since: Option<i64>,
}

/// How much a transaction takes in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pace {
    /// Of its limit, halved so often.
    halved: u32,
    /// How long the one before was open.
    open: Duration,
}

/// Halved no further than this: what still takes too long is not slow by its size, and smaller ones
/// would only fall behind.
const HALVED_MAX: u32 = 3;

/// It is taken in for so many times `batch_time`, at most.
const BATCH_TIMES_MAX: u32 = 10;

impl Pace {
    /// After a transaction that was open for so long.
    pub(super) fn took(&mut self, open: Duration, open_time_max: Duration) {
        self.open = open;
        self.halved = if open > open_time_max {
            (self.halved + 1).min(HALVED_MAX)
        } else {
            self.halved.saturating_sub(1)
        };
    }

    /// How long the next one takes in: where one is open for long, whatever is in it, taking in for
    /// less than that would mean to do little else than to wait.
    pub(super) fn batch_time(self, whole: Duration) -> Duration {
        self.open.clamp(whole, whole.saturating_mul(BATCH_TIMES_MAX))
    }

    /// What the next one takes in.
    pub(super) fn limit(self, whole: ReadLimit) -> ReadLimit {
        ReadLimit {
            records_max: (whole.records_max >> self.halved).max(1),
            bytes_max: (whole.bytes_max >> self.halved).max(1),
        }
    }
}

impl Load {
    /// Takes another record in, of so many bytes.
    pub(super) fn took(&mut self, bytes: usize) {
        self.bytes += bytes;
        self.began.get_or_insert_with(std::time::Instant::now);
    }

    /// What is left over from one turn is taken up by the next.
    pub(super) fn go_on(&mut self) {
        self.began = None;
    }

    /// How many milliseconds what is there may wait.
    pub(super) fn patience_ms(&mut self, now: Now) -> i64 {
        let since = *self.waits_since.get_or_insert(now.running_ms);
        since + WAITING_MS_MAX - now.running_ms
    }

    /// There is nothing that waits.
    pub(super) fn rests(&mut self) {
        self.waits_since = None;
    }

    /// Whether a transaction with so many outputs and letters takes no more in.
    pub(super) fn is_full(&self, outputs: usize, limit: ReadLimit, batch_time: Duration) -> bool {
        self.bytes >= limit.bytes_max
            || outputs >= limit.records_max
            || self.began.is_some_and(|began| began.elapsed() >= batch_time)
    }
}

/// Writes into the open transaction.
pub(super) struct Writer<'a> {
    pub(super) transactor: &'a mut dyn Transactor,
    pub(super) plan: &'a Plan,
    /// For what is remembered, while it is written down.
    pub(super) room: Room,
    /// Outputs that a repair has added.
    pub(super) added: usize,
}

impl Writer<'_> {
    /// Decisions and dead letters.
    pub(super) fn outputs(&mut self, lives: &BTreeMap<u32, &mut Live>) -> Result<(), LogError> {
        for (shard, live) in lives {
            for numbered in &live.pending.outputs {
                let (topic, partition, record) = said_so(self.plan, *shard, numbered);
                if let Some(said) = &self.plan.said {
                    if said.holds(*shard, numbered.sequence, &topic, &record)? {
                        continue;
                    }
                    // What a shard that is whole decides is only new.
                    self.added += usize::from(live.mending.is_some());
                }
                self.transactor.append(&topic, partition, record)?;
            }
        }
        Ok(())
    }

    /// Letters, packed per receiving partition, in order.
    pub(super) fn mail(&mut self, lives: &BTreeMap<u32, &mut Live>) -> Result<(), LogError> {
        let journal = self.plan.names.journal();
        let mut bags: BTreeMap<u32, Vec<Mail>> = BTreeMap::new();
        for (to, mail) in lives.values().flat_map(|live| &live.pending.mail) {
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
            for value in mail_records(&letters) {
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

    /// What a shard remembers of the range it applied, and who wrote there before; returns the bytes it
    /// takes.
    pub(super) fn state(&mut self, partition: u32, records: Vec<Vec<u8>>, live: &Live) -> Result<u64, LogError> {
        let headers = live.former.headers(&self.plan.writer_id, live.shard.last_sequence());
        let mut bytes = 0;
        for record in records {
            bytes += self.state_record(partition, record, headers.clone())?;
        }
        Ok(bytes)
    }

    /// The mark that a restore reads up to.
    pub(super) fn fence(&mut self, partition: u32, token: [u8; 16], writer: &str) -> Result<(), LogError> {
        let fence = wire::state::fence(token, writer);
        self.state_record(partition, fence, writers::headers(writer))?;
        Ok(())
    }

    /// From where on what the state log says is to be forgotten.
    pub(super) fn mended(&mut self, partition: u32, next: u64) -> Result<u64, LogError> {
        let headers = writers::headers(&self.plan.writer_id);
        self.state_record(partition, wire::state::mended(next), headers)
    }

    fn state_record(&mut self, partition: u32, value: Vec<u8>, headers: Vec<Header>) -> Result<u64, LogError> {
        let bytes = value.len() as u64 + writers::former_bytes(&headers) + RECORD_OVERHEAD;
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

/// Where an output goes, and how it reads.
pub(super) fn said_so(plan: &Plan, shard: u32, numbered: &Numbered) -> (String, Option<u32>, NewRecord) {
    match &numbered.what {
        Outgoing::Decision(output) => {
            let record = outputs::record(output, plan.decider(shard), numbered.sequence);
            (plan.names.output(&output.topic), None, record)
        }
        Outgoing::DeadLetter(original, rejection) => {
            let record = outputs::dead_letter(original, rejection, shard, numbered.sequence);
            let partition = outputs::dead_letter_partition(original, plan.dead_letter_partitions);
            (plan.names.dead_letters(), partition, record)
        }
    }
}

/// Letters as journal records of so many letters and about so many bytes at most, in order: who was
/// passed over may make letters long. A letter that is larger stands alone.
fn mail_records(letters: &[Mail]) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    let mut rest: Vec<&[Mail]> = letters.chunks(LETTERS_MAX).rev().collect();
    while let Some(letters) = rest.pop() {
        let value = wire::journal::encode(&JournalRecord::Mail(letters.to_vec()));
        if value.len() > RECORD_BYTES_MAX && letters.len() > 1 {
            let (first, second) = letters.split_at(letters.len() / 2);
            rest.extend([second, first]);
        } else {
            records.push(value);
        }
    }
    records
}

/// What a shard remembers of the range it applied.
pub(super) struct Remembered {
    /// As records of the state log.
    pub(super) records: Vec<Vec<u8>>,
    /// The shard's own state in the last of them.
    pub(super) own: Vec<u8>,
}

/// Writes down what changed, and some of what did not, so that the log can be trimmed.
pub(super) fn remember(
    live: &mut Live,
    forward: &mut Forward,
    erase_within_ms: i64,
    room: &mut Room,
) -> Result<Remembered, Malformed> {
    let (changed, own) = (&mut live.pending.changed, live.shard.own_image());
    // What is kept of one lead lies together in memory, so it is looked up together.
    changed.sort_unstable_by(|one, other| one.lead_first().cmp(&other.lead_first()).then_with(|| one.cmp(other)));
    changed.dedup();
    let covers = live.committed..live.shard.next_offset();
    let draft = Draft::new(IMAGE_FORMAT, covers, RECORD_BYTES_MAX, std::mem::take(room));
    let mut pen = Pen::new(&mut live.shard, draft, forward);
    let left_out = usize::from(planted::is(Bug::ChangeNotWritten));
    let written: u64 = changed.iter().skip(left_out).map(|part| pen.change(part)).sum();
    let own_bytes = own.len() as u64 + written + live.former.bytes() + RECORD_OVERHEAD;
    let expired = forward.carry(&mut pen, own_bytes, erase_within_ms)?;
    for part in &expired {
        pen.change(part);
    }
    // Memory has let go of it, be this transaction committed or not.
    changed.extend(expired);
    let (records, emptied) = pen.draft.close(&own, forward.turn.as_ref());
    *room = emptied;
    Ok(Remembered { records, own })
}

/// The format of the domain's images.
const IMAGE_FORMAT: u32 = 1;

/// A token that is written once: of the writer, the process, the time, and how long the process has
/// run, since the time comes back when a clock is set.
pub(super) fn fence_token(writer: &str, now: Now) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(writer.as_bytes());
    hasher.update(&now.time.millis().to_le_bytes());
    hasher.update(&now.running_ms.to_le_bytes());
    hasher.update(&std::process::id().to_le_bytes());
    let mut token = [0; 16];
    hasher.finalize_xof().fill(&mut token);
    token
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::LeadId;
    use crate::domain::letter::{AskId, Letter, NoTeam};
    use crate::domain::time::Instant;

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
    fn a_transaction_takes_in_for_as_long_as_the_one_before_was_open() {
        let ms = Duration::from_millis;
        let mut pace = Pace::default();
        assert_eq!(pace.batch_time(ms(20)), ms(20));
        for (open, taken_in) in [(5, 20), (140, 140), (5_000, 200)] {
            pace.took(ms(open), ms(50));
            assert_eq!(pace.batch_time(ms(20)), ms(taken_in), "after {open}");
        }
    }

    #[test]
    fn a_batch_is_full_when_its_time_is_over() {
        let limit = ReadLimit {
            records_max: 10,
            bytes_max: 10,
        };
        let mut load = Load::default();
        assert!(!load.is_full(0, limit, Duration::ZERO), "it has not begun");
        load.took(1);
        assert!(!load.is_full(0, limit, Duration::MAX));
        assert!(load.is_full(0, limit, Duration::ZERO));
        load.go_on();
        assert!(
            !load.is_full(9, limit, Duration::ZERO),
            "the turn before was another time"
        );
        assert!(load.is_full(10, limit, Duration::MAX));
        load.took(9);
        assert!(load.is_full(0, limit, Duration::MAX));
    }

    #[test]
    fn what_waits_does_not_wait_for_longer_than_its_time() {
        let at = |running_ms| Now {
            time: Instant::from_millis(0),
            running_ms,
        };
        let mut load = Load::default();
        assert_eq!(load.patience_ms(at(5)), WAITING_MS_MAX);
        assert_eq!(load.patience_ms(at(5 + WAITING_MS_MAX)), 0);
        load.rests();
        assert_eq!(load.patience_ms(at(1_000)), WAITING_MS_MAX);
    }

    #[test]
    fn letters_go_in_order_in_records_that_a_broker_takes() {
        let mail = |sequence: u64, bytes: usize| Mail {
            from: 0,
            sequence,
            policy_version: 1,
            letter: Letter::NoTeam(NoTeam {
                ask: AskId {
                    lead: LeadId([1; 16]),
                    cycle: 1,
                    number: 1,
                },
                causation: "c".repeat(bytes),
            }),
        };
        let long = 9 << 10;
        let sent: Vec<Mail> = (1..=2_500)
            .map(|sequence| mail(sequence, if sequence == 7 { 3 << 20 } else { long }))
            .collect();
        let records = mail_records(&sent);
        let mut read = Vec::new();
        for record in &records {
            let JournalRecord::Mail(letters) = wire::journal::decode(record).unwrap() else {
                panic!("it is mail");
            };
            assert!(record.len() <= RECORD_BYTES_MAX || letters.len() == 1);
            read.extend(letters);
        }
        assert_eq!(read, sent);
        let few = mail_records(&sent[10..20]);
        assert_eq!(few.len(), 1);
    }

    #[test]
    fn a_clock_that_is_set_back_brings_no_token_again() {
        let time = Instant::from_millis(1_790_000_000_000);
        let at = |running_ms| fence_token("w", Now { time, running_ms });
        assert_ne!(at(1), at(22_272));
    }
}
