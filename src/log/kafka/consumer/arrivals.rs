//! What comes in for a member, sorted out: only what is started and wanted becomes a signal.

use std::sync::Arc;
use std::time::Duration;

use super::super::faults::{Otherwise, is_refused, judge};
use super::super::ffi::incoming::Arrival;
use super::super::ffi::{Code, Fault};
use super::{KafkaConsumer, Stand, cannot_go_on};
use crate::log::{LogError, Place, ReadLimit, Record, Signal};

impl KafkaConsumer {
    /// Moves what is there into signals, up to the limit.
    pub(super) fn take(&mut self, limit: ReadLimit, signals: &mut Vec<Signal>) -> Result<(), LogError> {
        let (mut records, mut bytes) = (0, 0);
        while records < limit.records_max && bytes < limit.bytes_max {
            if self.waiting.is_empty() {
                self.inlet.pull(Duration::ZERO, &mut self.waiting);
            }
            let Some(incoming) = self.waiting.pop_front() else {
                break;
            };
            match incoming.what {
                Arrival::Record(record) => {
                    let place = place_of(&incoming.topic, incoming.partition);
                    if self.is_next(&place, record.offset) {
                        records += 1;
                        bytes += size_of(&record);
                        push_record(signals, place, record);
                    }
                }
                Arrival::End(offset) => {
                    let place = place_of(&incoming.topic, incoming.partition);
                    if matches!(self.places.get(&place), Some(Stand::Reading(next)) if *next <= offset as u64) {
                        self.standstill.ended(&place, offset as u64);
                        signals.push(Signal::End(place, offset as u64));
                    }
                }
                Arrival::Fault(fault) => self.failed(&incoming.topic, incoming.partition, fault, signals)?,
            }
        }
        Ok(())
    }

    /// True if the record is wanted; moves the partition on.
    fn is_next(&mut self, place: &Place, offset: u64) -> bool {
        match self.places.get_mut(place) {
            Some(Stand::Reading(next)) if offset >= *next => {
                *next = offset + 1;
                true
            }
            _ => false,
        }
    }

    fn failed(
        &self,
        topic: &Arc<str>,
        partition: i32,
        fault: Fault,
        signals: &mut Vec<Signal>,
    ) -> Result<(), LogError> {
        if partition < 0 || topic.is_empty() {
            return self.member_failed(&fault);
        }
        let place = place_of(topic, partition);
        if matches!(self.places.get(&place), Some(Stand::Reading(_))) {
            signals.push(if fault.is_out_of_range() {
                tracing::warn!(%place, code = ?fault.code, text = fault.text, "the offset to read is not there");
                Signal::OutOfRange(place)
            } else {
                Signal::Unreadable(place, fault.text)
            });
        }
        Ok(())
    }

    fn member_failed(&self, fault: &Fault) -> Result<(), LogError> {
        if let Some(cause) = self.client.fatal() {
            return Err(cannot_go_on(&cause));
        }
        // A topic that isn't there may be a broker that has just come back; it is looked for on.
        let passes = matches!(fault.code, Code::UnknownTopicOrPartition | Code::UnknownTopic);
        if is_refused(fault.code) && !passes {
            return Err(judge("reading as a group member", fault, Otherwise::Retry));
        }
        tracing::warn!(code = ?fault.code, text = fault.text, "the group member has a problem");
        Ok(())
    }

    /// Drops what was read of a place and not given out yet: after a new start it would look like
    /// a gap.
    pub(super) fn forget_waiting(&mut self, place: &Place) {
        self.waiting
            .retain(|incoming| incoming.topic != place.topic || incoming.partition != place.partition as i32);
    }
}

fn place_of(topic: &Arc<str>, partition: i32) -> Place {
    Place {
        topic: Arc::clone(topic),
        partition: partition as u32,
    }
}

/// Neighbours of one partition go into one signal.
fn push_record(signals: &mut Vec<Signal>, place: Place, record: Record) {
    if let Some(Signal::Records(last, records)) = signals.last_mut()
        && *last == place
    {
        records.push(record);
        return;
    }
    signals.push(Signal::Records(place, vec![record]));
}

/// What a record weighs against the byte limit.
pub(in crate::log::kafka) fn size_of(record: &Record) -> usize {
    let headers = record
        .headers
        .iter()
        .map(|(name, value)| name.len() + value.as_ref().map_or(0, Vec::len));
    record.key.as_ref().map_or(0, Vec::len) + record.value.as_ref().map_or(0, Vec::len) + headers.sum::<usize>()
}
