//! Readers of one partition.

use std::time::Duration;

use super::super::{Found, Isolation, LogError, Place, ReadLimit, Reader};
use super::SimulatedLog;

/// Reads one partition on its own.
pub(super) struct SimulatedReader {
    log: SimulatedLog,
    place: Place,
    next: u64,
    isolation: Isolation,
}

impl SimulatedReader {
    pub(super) fn new(log: SimulatedLog, place: Place, next: u64, isolation: Isolation) -> Self {
        Self {
            log,
            place,
            next,
            isolation,
        }
    }
}

impl Reader for SimulatedReader {
    fn read(&mut self, limit: ReadLimit, _: Duration) -> Result<Found, LogError> {
        let mut state = self.log.enter_at(true)?;
        let short_read = state.faults.short_read;
        let limit = if state.chance.once_in(short_read.div_ceil(2)) {
            ReadLimit {
                records_max: state.chance.below(8) as usize,
                ..limit
            }
        } else {
            limit
        };
        let partition = state.partition(&self.place)?;
        if self.next < partition.start() {
            let start = partition.start();
            state.reach("a reader was overtaken by trimming");
            return Ok(Found::Trimmed(start));
        }
        let (records, next) = partition.read(self.next, self.isolation, limit);
        let waits = records.is_empty() && partition.stable_end() < partition.end();
        self.next = next;
        if waits && self.isolation == Isolation::Committed {
            state.reach("a reader waited for an open transaction");
        }
        Ok(Found::Records(records))
    }

    fn position(&self) -> u64 {
        self.next
    }
}
