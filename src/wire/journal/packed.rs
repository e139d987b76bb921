//! Packed facts: what follows from the entry before is not written again.
//!
//! Offsets and times are differences to the entry before; a source's and a topic's name are
//! written once, then as a zero byte for as long as they stay the same.

use super::{body, read_instant, read_lead, read_source, write_instant, write_source};
use crate::domain::bytes::{Malformed, Reader, Writer};
use crate::domain::event::{RejectReason, Rejection};
use crate::domain::fact::Fact;
use crate::domain::journal::{Content, Entry, Original, Packed, PolicyDocument, Position, Role};
use crate::domain::time::Instant;

const FACT: u8 = 0;
const FACT_WITH_ORIGINAL: u8 = 1;
const REJECTED: u8 = 2;
const POLICY: u8 = 3;

/// Room that entries are given at first: a few hundred facts that are short.
const ENTRIES_BYTES: usize = 32 << 10;
/// Bytes of a number of entries at most.
const LEN_BYTES_MAX: usize = 10;

/// What an entry may leave out because the one before said it.
#[derive(Default)]
struct Before {
    position: Position,
    millis: i64,
    source: String,
    topic: String,
}

/// Facts of one source partition on their way into one journal record, written down as they come.
pub struct Draft {
    /// The record without its entries.
    head: Writer,
    len: usize,
    entries: Writer,
    before: Before,
}

impl Draft {
    /// No entry is written yet; those of `of` are passed over.
    pub fn new(of: &Packed) -> Self {
        let mut head = super::head(super::FACTS);
        head.uint(of.translation.into());
        head.uint(of.turnover);
        write_source(&mut head, of.source);
        head.u8(place(&Role::ALL, &of.role));
        Self {
            head,
            len: 0,
            entries: Writer(Vec::with_capacity(ENTRIES_BYTES)),
            before: Before::default(),
        }
    }

    /// Entries so far.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds an entry, unless the record has some and would be longer than `bytes_max` with it: then
    /// it takes no more.
    #[must_use]
    pub fn takes(&mut self, entry: &Entry, bytes_max: usize) -> bool {
        let before = self.entries.0.len();
        write_entry(&mut self.entries, entry, &mut self.before);
        let bytes = self.head.0.len() + LEN_BYTES_MAX + self.entries.0.len();
        if self.len > 0 && bytes > bytes_max {
            self.entries.0.truncate(before);
            return false;
        }
        self.len += 1;
        true
    }

    /// The record.
    pub fn close(mut self) -> Vec<u8> {
        self.head.0.reserve_exact(self.entries.0.len() + LEN_BYTES_MAX);
        self.head.uint(self.len as u64);
        self.head.raw(&self.entries.0);
        self.head.0
    }
}

pub(super) fn read(reader: &mut Reader<'_>, format: u8) -> Result<Packed, Malformed> {
    let translation = reader.u32()?;
    let turnover = if format == 1 { 0 } else { reader.uint()? };
    let source = read_source(reader)?;
    let role = *Role::ALL.get(usize::from(reader.u8()?)).ok_or(Malformed)?;
    let mut before = Before::default();
    let entries = reader.list(|reader| read_entry(reader, &mut before))?;
    Ok(Packed {
        translation,
        turnover,
        source,
        role,
        entries,
    })
}

fn write_entry(writer: &mut Writer, entry: &Entry, before: &mut Before) {
    write_difference(writer, entry.position.offset as i64, before.position.offset as i64);
    writer.uint(entry.position.index.into());
    before.position = entry.position;
    match &entry.content {
        Content::Fact { lead, fact, original } => {
            writer.u8(if original.is_some() { FACT_WITH_ORIGINAL } else { FACT });
            writer.raw(&lead.0);
            write_fact(writer, fact, before);
            if let Some(original) = original {
                write_original(writer, original, before);
            }
        }
        Content::Rejected { rejection, original } => {
            writer.u8(REJECTED);
            writer.u8(place(&RejectReason::ALL, &rejection.reason));
            writer.text(&rejection.detail);
            write_original(writer, original, before);
        }
        Content::Policy(policy) => {
            writer.u8(POLICY);
            policy.write(writer);
        }
    }
}

fn read_entry(reader: &mut Reader<'_>, before: &mut Before) -> Result<Entry, Malformed> {
    let offset = read_difference(reader, before.position.offset as i64)? as u64;
    let index = reader.u32()?;
    before.position = Position { offset, index };
    let content = match reader.u8()? {
        kind @ (FACT | FACT_WITH_ORIGINAL) => Content::Fact {
            lead: read_lead(reader)?,
            fact: read_fact(reader, before)?,
            original: if kind == FACT {
                None
            } else {
                Some(read_original(reader, before)?)
            },
        },
        REJECTED => Content::Rejected {
            rejection: Rejection {
                reason: *RejectReason::ALL.get(usize::from(reader.u8()?)).ok_or(Malformed)?,
                detail: reader.text()?.to_owned(),
            },
            original: read_original(reader, before)?,
        },
        POLICY => Content::Policy(PolicyDocument::read(reader)?),
        _ => return Err(Malformed),
    };
    Ok(Entry {
        position: before.position,
        content,
    })
}

fn write_fact(writer: &mut Writer, fact: &Fact, before: &mut Before) {
    write_name(writer, &fact.source, &mut before.source);
    writer.text(&fact.id);
    write_difference(writer, fact.at.millis(), before.millis);
    before.millis = fact.at.millis();
    body::write(writer, &fact.body);
}

fn read_fact(reader: &mut Reader<'_>, before: &mut Before) -> Result<Fact, Malformed> {
    let source = read_name(reader, &mut before.source)?;
    let id = reader.text()?.to_owned();
    before.millis = read_difference(reader, before.millis)?;
    Ok(Fact {
        source,
        id,
        at: Instant::from_millis(before.millis),
        body: body::read(reader)?,
    })
}

fn write_original(writer: &mut Writer, original: &Original, before: &mut Before) {
    write_name(writer, &original.topic, &mut before.topic);
    writer.uint(original.partition.into());
    write_difference(writer, original.offset as i64, before.position.offset as i64);
    write_instant(writer, original.time);
    writer.option(original.key.as_deref(), Writer::bytes);
    writer.option(original.value.as_deref(), Writer::bytes);
    writer.list(&original.headers, |writer, (name, value)| {
        writer.text(name);
        writer.option(value.as_deref(), Writer::bytes);
    });
}

fn read_original(reader: &mut Reader<'_>, before: &mut Before) -> Result<Original, Malformed> {
    Ok(Original {
        topic: read_name(reader, &mut before.topic)?,
        partition: reader.u32()?,
        offset: read_difference(reader, before.position.offset as i64)? as u64,
        time: read_instant(reader)?,
        key: reader.option(read_bytes)?,
        value: reader.option(read_bytes)?,
        headers: reader.list(|reader| Ok((reader.text()?.to_owned(), reader.option(read_bytes)?)))?,
    })
}

fn read_bytes(reader: &mut Reader<'_>) -> Result<Vec<u8>, Malformed> {
    reader.bytes().map(<[u8]>::to_vec)
}

/// A name behind its length plus one; zero: the same as before.
fn write_name(writer: &mut Writer, name: &str, before: &mut String) {
    if !name.is_empty() && name == before {
        writer.uint(0);
        return;
    }
    writer.uint(name.len() as u64 + 1);
    writer.raw(name.as_bytes());
    name.clone_into(before);
}

fn read_name(reader: &mut Reader<'_>, before: &mut String) -> Result<String, Malformed> {
    let length = reader.uint()?;
    if length > 0 {
        let bytes = reader.raw(usize::try_from(length - 1).map_err(|_| Malformed)?)?;
        std::str::from_utf8(bytes).map_err(|_| Malformed)?.clone_into(before);
    }
    Ok(before.clone())
}

fn write_difference(writer: &mut Writer, value: i64, before: i64) {
    writer.int(value.wrapping_sub(before));
}

fn read_difference(reader: &mut Reader<'_>, before: i64) -> Result<i64, Malformed> {
    Ok(before.wrapping_add(reader.int()?))
}

fn place<T: PartialEq>(all: &[T], value: &T) -> u8 {
    all.iter().position(|other| other == value).unwrap_or_default() as u8
}
