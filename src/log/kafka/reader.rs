//! One partition, read from an offset on, without a group.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::client_settings;
use super::consumer::size_of;
use super::faults::{Otherwise, is_refused, judge};
use super::ffi::incoming::{Arrival, Incoming, Tap};
use super::ffi::{Client, Fault, Kind};
use super::offsets::{self, Asked};
use super::{ANSWER_WAIT, KafkaOptions, WATCH_SLACK};
use crate::log::{Found, Isolation, LogError, Place, ReadLimit, Reader, Record};
use crate::watchdog::watch;

/// A reader on Kafka.
pub(super) struct KafkaReader {
    place: Place,
    next: u64,
    waiting: VecDeque<Incoming>,
    tap: Tap,
    client: Arc<Client>,
}

impl KafkaReader {
    /// Starts reading `place` at `offset`.
    pub(super) fn open(
        options: &KafkaOptions,
        place: &Place,
        offset: u64,
        isolation: Isolation,
    ) -> Result<Self, LogError> {
        let failed = |fault: Fault| judge(&format!("reading {place}"), &fault, Otherwise::Retry);
        let client = Client::new(Kind::Reader, &client_settings::reader(options, isolation)).map_err(failed)?;
        let _watch = watch("starting to read a partition", ANSWER_WAIT + WATCH_SLACK);
        let tap = Tap::open(&client, &place.topic, place.partition, offset).map_err(failed)?;
        Ok(Self {
            place: place.clone(),
            next: offset,
            waiting: VecDeque::new(),
            tap,
            client,
        })
    }

    /// Moves what is there into `records`, up to the limit; a trimmed start ends it.
    fn take(&mut self, limit: ReadLimit, records: &mut Vec<Record>) -> Result<Option<u64>, LogError> {
        let mut bytes = 0;
        while records.len() < limit.records_max && bytes < limit.bytes_max {
            if self.waiting.is_empty() {
                self.tap.pull(Duration::ZERO, &mut self.waiting);
            }
            let Some(incoming) = self.waiting.pop_front() else {
                break;
            };
            match incoming.what {
                Arrival::Record(record) if record.offset >= self.next => {
                    self.next = record.offset + 1;
                    bytes += size_of(&record);
                    records.push(record);
                }
                Arrival::Record(_) => {}
                // Marks of transactions take offsets too, and are nothing to return.
                Arrival::End(offset) => self.next = self.next.max(offset as u64),
                Arrival::Fault(fault) if fault.is_out_of_range() => return self.out_of_range().map(Some),
                Arrival::Fault(fault) => self.failed(&fault)?,
            }
        }
        Ok(None)
    }

    fn out_of_range(&self) -> Result<u64, LogError> {
        let first = offsets::one(&self.client, &self.place, Asked::First)?;
        if first > self.next {
            return Ok(first);
        }
        Err(LogError::Refused(format!(
            "reading {}: it ends before offset {}; records have been lost",
            self.place, self.next
        )))
    }

    fn failed(&self, fault: &Fault) -> Result<(), LogError> {
        let what = format!("reading {}", self.place);
        if let Some(cause) = self.client.fatal() {
            return Err(judge(&what, &cause, Otherwise::Retry));
        }
        if is_refused(fault.code) {
            return Err(judge(&what, fault, Otherwise::Retry));
        }
        tracing::warn!(place = %self.place, text = fault.text, "the partition can't be read right now");
        Ok(())
    }
}

impl Reader for KafkaReader {
    fn read(&mut self, limit: ReadLimit, wait: Duration) -> Result<Found, LogError> {
        let until = Instant::now() + wait;
        let mut records = Vec::new();
        loop {
            self.client.serve(Duration::ZERO);
            if self.waiting.is_empty() {
                let left = until.saturating_duration_since(Instant::now());
                self.tap.pull(left, &mut self.waiting);
            }
            if let Some(first) = self.take(limit, &mut records)? {
                // What was read before the gap is no use: its reader begins again.
                return Ok(Found::Trimmed(first));
            }
            if !records.is_empty() || Instant::now() >= until {
                return Ok(Found::Records(records));
            }
        }
    }

    fn position(&self) -> u64 {
        self.next
    }
}
