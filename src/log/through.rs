//! Reading a stretch of a partition from its first record to its last.

use std::ops::Range;
use std::time::Duration;

use super::{Found, Isolation, Log, LogError, Place, ReadLimit, Reader, Record};

/// One read.
const READ: ReadLimit = ReadLimit {
    records_max: 500,
    bytes_max: 4 << 20,
};
/// How long a read waits, and how often in a row it may bring nothing while the log says it has more.
const READ_WAIT: Duration = Duration::from_millis(500);
const READ_ATTEMPTS_MAX: u32 = 60;

/// Shows `see` every committed record at these offsets, one after the other. What is deleted
/// meanwhile is left out.
pub fn read_through<E: From<LogError>>(
    log: &dyn Log,
    place: &Place,
    offsets: Range<u64>,
    mut see: impl FnMut(Record) -> Result<(), E>,
) -> Result<(), E> {
    if offsets.is_empty() {
        return Ok(());
    }
    let open = |from| -> Result<Box<dyn Reader>, LogError> { log.reader(place, from, Isolation::Committed) };
    let mut reader = open(offsets.start)?;
    let mut attempts = 0;
    while reader.position() < offsets.end {
        let before = reader.position();
        match reader.read(READ, READ_WAIT)? {
            Found::Records(found) => {
                for record in found.into_iter().filter(|record| record.offset < offsets.end) {
                    see(record)?;
                }
            }
            Found::Trimmed(start) => reader = open(start)?,
        }
        let stuck = reader.position() <= before;
        attempts = if stuck { attempts + 1 } else { 0 };
        if attempts > READ_ATTEMPTS_MAX {
            return Err(LogError::Retry(format!("{place} cannot be read up to its end")).into());
        }
    }
    Ok(())
}
