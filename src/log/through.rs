//! Reading a stretch of a partition: all that is committed of it, or what stands there at all.

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
/// How long a look at uncommitted records waits for some, and how often: a new client has to find
/// its broker first.
const LOOK_WAIT: Duration = Duration::from_millis(200);
const LOOK_WAITS_MAX: u32 = 10;

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

/// Shows `see` what stands from here up to the end, committed or not, as long as it wants more. Where
/// records do not come within two seconds it ends early, and says so by `false`: who looks for what is
/// open looks again.
pub fn look_through(
    log: &dyn Log,
    place: &Place,
    from: u64,
    mut see: impl FnMut(Record) -> bool,
) -> Result<bool, LogError> {
    let (_, end) = log.bounds(place)?;
    let mut reader = log.reader(place, from, Isolation::Uncommitted)?;
    let mut waits = 0;
    while reader.position() < end && waits < LOOK_WAITS_MAX {
        let records = match reader.read(READ, LOOK_WAIT)? {
            Found::Records(records) => records,
            // What was deleted since is over; what is still open stands behind it.
            Found::Trimmed(start) => {
                reader = log.reader(place, start, Isolation::Uncommitted)?;
                continue;
            }
        };
        waits += u32::from(records.is_empty());
        if !records.into_iter().all(&mut see) {
            return Ok(true);
        }
    }
    Ok(reader.position() >= end)
}
