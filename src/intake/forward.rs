//! What is on its way to the journal, and what has arrived there.

use std::time::Duration;

use super::pack::Packer;
use super::{ACK_WAIT, Intake, Phase};
use crate::log::{Ack, LogError, NewRecord};

/// A full queue is waited for so often before everything begins anew.
const FULL_ATTEMPTS_MAX: u32 = 500;

/// Too much is on its way to the journal, for too long.
pub(super) fn takes_nothing() -> LogError {
    LogError::Unknown("the journal does not take what is on its way".to_owned())
}

impl Intake {
    /// Appends packed facts; from here on they are on their way.
    pub(super) fn forward(&mut self, packer: Packer) -> Result<(), LogError> {
        for (partition, value) in packer.records() {
            self.append(partition, value, None)?;
        }
        let ticket = self.next_ticket;
        for phase in self.partitions.values_mut() {
            if let Phase::Reading(reading) = phase {
                reading.mark(ticket);
            }
        }
        self.journaled();
        Ok(())
    }

    pub(super) fn append(&mut self, partition: u32, value: Vec<u8>, clock: Option<u32>) -> Result<(), LogError> {
        let journal = self.plan.names.journal();
        let record = NewRecord {
            value: Some(value),
            ..NewRecord::default()
        };
        let no_appender = || LogError::Retry("no appender".to_owned());
        for _ in 0..FULL_ATTEMPTS_MAX {
            let appender = self.appender.as_mut().ok_or_else(no_appender)?;
            match appender.append(&journal, Some(partition), &record) {
                Ok(ticket) => {
                    self.on_their_way.insert(ticket, clock);
                    self.next_ticket = ticket + 1;
                    return Ok(());
                }
                Err(LogError::Retry(_)) => self.take_acks(ACK_WAIT)?,
                Err(error) => return Err(error),
            }
        }
        Err(takes_nothing())
    }

    pub(super) fn take_acks(&mut self, wait: Duration) -> Result<(), LogError> {
        let Some(appender) = &mut self.appender else {
            return Ok(());
        };
        let acks = appender.poll(wait)?;
        let before = self.acknowledged();
        for Ack { ticket, time, .. } in acks {
            if let Some(Some(partition)) = self.on_their_way.remove(&ticket) {
                self.appended.acknowledged(partition, time);
                if partition == 0 {
                    self.journal_time = Some((ticket, time));
                }
            }
        }
        if self.acknowledged() > before {
            self.journal_took_at = self.now.running_ms;
        }
        self.journaled();
        Ok(())
    }

    /// Everything below this ticket is acknowledged.
    pub(super) fn acknowledged(&self) -> u64 {
        self.on_their_way.keys().next().copied().unwrap_or(self.next_ticket)
    }

    /// Moves every partition up to what is acknowledged.
    pub(super) fn journaled(&mut self) {
        let acknowledged = self.acknowledged();
        for phase in self.partitions.values_mut() {
            if let Phase::Reading(reading) = phase {
                reading.acknowledged(acknowledged);
            }
        }
    }
}
