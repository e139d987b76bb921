//! The journal's records as bytes.
//!
//! The first byte is the version of the format, the second the kind of record. A reader takes its
//! own version and every older one; the golden files of each stay in `tests/golden`.

mod body;
mod packed;

use crate::domain::bytes::{Malformed, Reader, Writer};
use crate::domain::ids::LeadId;
use crate::domain::journal::{
    Clock, Foundation, JournalRecord, Mail, NamedSource, PolicyDocument, Report, SourcePartition, Turnover,
};
use crate::domain::letter::Letter;
use crate::domain::time::Instant;

pub use packed::Draft;

/// The format this version writes. The first knew of no turnovers.
pub const FORMAT: u8 = 2;

const FOUNDATION: u8 = 0;
const FACTS: u8 = 1;
const MAIL: u8 = 2;
const CLOCK: u8 = 3;
const TURNOVER: u8 = 4;

/// A record as the bytes that stand in the journal.
pub fn encode(record: &JournalRecord) -> Vec<u8> {
    let mut writer;
    match record {
        JournalRecord::Foundation(foundation, policy) => {
            writer = head(FOUNDATION);
            foundation.write(&mut writer);
            policy.write(&mut writer);
        }
        JournalRecord::Facts(facts) => {
            let mut draft = Draft::new(facts);
            let taken = facts.entries.iter().all(|entry| draft.takes(entry, usize::MAX));
            debug_assert!(taken, "there is no limit");
            return draft.close();
        }
        JournalRecord::Mail(letters) => {
            writer = head(MAIL);
            writer.list(letters, write_mail);
        }
        JournalRecord::Clock(clock) => {
            writer = head(CLOCK);
            write_clock(&mut writer, clock);
        }
        JournalRecord::Turnover(turnover) => {
            writer = head(TURNOVER);
            write_source(&mut writer, turnover.source);
            writer.uint(turnover.number);
            writer.uint(turnover.from);
        }
    }
    writer.0
}

fn head(kind: u8) -> Writer {
    let mut writer = Writer::new();
    writer.u8(FORMAT);
    writer.u8(kind);
    writer
}

/// Whether a record only tells the time.
pub fn is_clock(record: &[u8]) -> bool {
    record.get(1) == Some(&CLOCK)
}

/// Reads what `encode` wrote, of this version or an older one.
pub fn decode(bytes: &[u8]) -> Result<JournalRecord, Malformed> {
    let mut reader = Reader(bytes);
    let format = reader.u8()?;
    if !(1..=FORMAT).contains(&format) {
        return Err(Malformed);
    }
    let record = match reader.u8()? {
        FOUNDATION => JournalRecord::Foundation(Foundation::read(&mut reader)?, PolicyDocument::read(&mut reader)?),
        FACTS => JournalRecord::Facts(packed::read(&mut reader, format)?),
        MAIL => JournalRecord::Mail(reader.list(read_mail)?),
        CLOCK => JournalRecord::Clock(read_clock(&mut reader)?),
        TURNOVER => JournalRecord::Turnover(Turnover {
            source: read_source(&mut reader)?,
            number: reader.uint()?,
            from: reader.uint()?,
        }),
        _ => return Err(Malformed),
    };
    reader.end()?;
    Ok(record)
}

fn write_mail(writer: &mut Writer, mail: &Mail) {
    writer.uint(mail.from.into());
    writer.uint(mail.sequence);
    writer.uint(mail.policy_version);
    mail.letter.write(writer);
}

fn read_mail(reader: &mut Reader<'_>) -> Result<Mail, Malformed> {
    Ok(Mail {
        from: reader.u32()?,
        sequence: reader.uint()?,
        policy_version: reader.uint()?,
        letter: Letter::read(reader)?,
    })
}

fn write_clock(writer: &mut Writer, clock: &Clock) {
    writer.uint(clock.settings);
    writer.list(&clock.sources, |writer, source| {
        writer.raw(&source.topic);
        writer.uint(source.partitions.into());
    });
    writer.list(&clock.reports, |writer, report| {
        write_source(writer, report.source);
        writer.option(report.watermark, write_instant);
        writer.bool(report.reading);
    });
}

fn read_clock(reader: &mut Reader<'_>) -> Result<Clock, Malformed> {
    Ok(Clock {
        settings: reader.uint()?,
        sources: reader.list(|reader| {
            Ok(NamedSource {
                topic: reader.array()?,
                partitions: reader.u32()?,
            })
        })?,
        reports: reader.list(|reader| {
            Ok(Report {
                source: read_source(reader)?,
                watermark: reader.option(read_instant)?,
                reading: reader.bool()?,
            })
        })?,
    })
}

fn write_source(writer: &mut Writer, source: SourcePartition) {
    writer.raw(&source.topic);
    writer.uint(source.partition.into());
}

fn read_source(reader: &mut Reader<'_>) -> Result<SourcePartition, Malformed> {
    Ok(SourcePartition {
        topic: reader.array()?,
        partition: reader.u32()?,
    })
}

fn write_instant(writer: &mut Writer, instant: Instant) {
    writer.int(instant.millis());
}

fn read_instant(reader: &mut Reader<'_>) -> Result<Instant, Malformed> {
    reader.int().map(Instant::from_millis)
}

fn read_lead(reader: &mut Reader<'_>) -> Result<LeadId, Malformed> {
    reader.array().map(LeadId)
}

#[cfg(test)]
mod tests;
