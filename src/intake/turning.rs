//! Finding out what another translation left in the journal, before going on in its place.
//!
//! The rule: every journal partition is read up to our own turnover. What stands before it was
//! taken by its shard and is left out when the source is read again; what comes behind it from
//! others is not taken.

use std::time::Duration;

use super::begin::Left;
use super::pack::There;
use super::reading::Reading;
use super::{Intake, Phase};
use crate::domain::journal::{JournalRecord, Turnover};
use crate::domain::turnover::Turnovers;
use crate::log::{Consumer, Found, Isolation, Log, LogError, Place, ReadLimit, Reader};
use crate::planted::{self, Bug};
use crate::wire::journal;

/// One read of the journal.
const READ: ReadLimit = ReadLimit {
    records_max: 5_000,
    bytes_max: 8 << 20,
};
/// How long one read waits for records.
const READ_WAIT: Duration = Duration::from_millis(20);
/// Clocks of brokers and processes differ by less, in milliseconds.
const CLOCKS_DIFFER_MS: i64 = 3_600_000;

/// Where to begin in a journal partition, before the turnover is appended to it.
pub(super) fn start(consumer: &mut dyn Consumer, place: &Place, left: Left) -> Result<u64, LogError> {
    match left.since {
        Some(since) => consumer.offset_at(place, since.plus_millis(-CLOCKS_DIFFER_MS)),
        None => consumer.start_offset(place),
    }
}

/// A source partition that is begun when the journal has been looked through.
pub(super) struct Turning {
    pub(super) reading: Reading,
    turnover: Turnover,
    /// Where to begin in each journal partition.
    starts: Vec<u64>,
    /// The journal partition that is being looked through.
    partition: u32,
    reader: Option<Box<dyn Reader>>,
    turnovers: Turnovers,
    there: There,
}

impl Turning {
    /// The turnover has been appended to every journal partition, behind `starts`.
    pub(super) fn new(reading: Reading, turnover: Turnover, starts: Vec<u64>) -> Self {
        Self {
            reading,
            turnover,
            starts,
            partition: 0,
            reader: None,
            turnovers: Turnovers::default(),
            there: There::default(),
        }
    }

    /// Whether every journal partition has been looked through.
    pub(super) fn is_done(&self) -> bool {
        self.partition as usize == self.starts.len()
    }

    /// What to read now, knowing what is there.
    pub(super) fn done(mut self) -> Reading {
        if !planted::is(Bug::LeftIsTakenAgain) {
            self.reading.there = self.there;
        }
        self.reading
    }

    /// Reads on.
    pub(super) fn step(&mut self, log: &dyn Log, journal: &str) -> Result<(), LogError> {
        let Some(start) = self.starts.get(self.partition as usize) else {
            return Ok(());
        };
        let place = Place::new(journal, self.partition);
        let reader = match &mut self.reader {
            Some(reader) => reader,
            none => {
                self.turnovers = Turnovers::default();
                none.insert(log.reader(&place, *start, Isolation::Uncommitted)?)
            }
        };
        let records = match reader.read(READ, READ_WAIT)? {
            Found::Records(records) => records,
            Found::Trimmed(start) => {
                self.reader = Some(log.reader(&place, start, Isolation::Uncommitted)?);
                return Ok(());
            }
        };
        for record in records {
            let journaled = journal::decode(record.value.as_deref().unwrap_or_default())
                .map_err(|_| LogError::Refused(format!("{place} offset {}: malformed", record.offset)))?;
            if self.take(&journaled) {
                self.partition += 1;
                self.reader = None;
                break;
            }
        }
        Ok(())
    }

    /// True if it is our own turnover.
    fn take(&mut self, journaled: &JournalRecord) -> bool {
        let Turnover { source, from, .. } = self.turnover;
        match journaled {
            JournalRecord::Turnover(turnover) if *turnover == self.turnover => return true,
            JournalRecord::Turnover(turnover) if turnover.source == source => {
                self.turnovers.turn(turnover);
            }
            JournalRecord::Facts(packed) if packed.source == source && self.turnovers.take(source, packed.turnover) => {
                let above = packed.entries.iter().filter(|entry| entry.position.offset >= from);
                above.for_each(|entry| self.there.found(self.partition, entry));
            }
            _ => {}
        }
        false
    }
}

impl Intake {
    /// Looks on through the journal for one of those that wait for it.
    pub(super) fn go_on_turning(&mut self) -> Result<(), LogError> {
        let waits = |(place, phase): (&Place, &mut Phase)| match phase {
            Phase::Turning(_) => Some(place.clone()),
            Phase::Assigned(_) | Phase::Reading(_) => None,
        };
        let Some(place) = self.partitions.iter_mut().find_map(waits) else {
            return Ok(());
        };
        let Some(Phase::Turning(turning)) = self.partitions.get_mut(&place) else {
            return Ok(());
        };
        let journal = self.plan.names.journal();
        turning.step(self.log.as_ref(), &journal)?;
        if !turning.is_done() {
            return Ok(());
        }
        // The topic may have been made anew meanwhile, and is to be begun anew then.
        match self.ask_topics() {
            Err(LogError::Retry(why)) => {
                tracing::warn!(why, "the sources' topics cannot be asked for");
                return Ok(());
            }
            asked => asked?,
        }
        let turning = self.partitions.remove(&place);
        if let Some(Phase::Turning(turning)) = turning {
            let reading = turning.done();
            tracing::info!(%place, facts = reading.there.len(), "what another translation left in the journal is left out");
            self.read_on(&place, reading)?;
        } else {
            self.partitions.extend(turning.map(|phase| (place, phase)));
        }
        Ok(())
    }
}
