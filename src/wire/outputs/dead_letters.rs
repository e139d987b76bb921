//! Dead letters: the bad record as it came, and why.
//!
//! Key, value and headers stay byte for byte what they were; what we add are headers behind them.
//! The detail names members, never values.

use super::members::{self, object};
use super::{Decider, sequence_digits, source, write_context};
use crate::domain::event::{RejectReason, Rejection};
use crate::domain::journal::Original;
use crate::domain::time::Instant;
use crate::log::{Header, NewRecord, Place, Record};
use crate::wire::json::{self, Arena};

/// Where dead letters go, without the deployment's prefix.
pub const DEAD_LETTERS_TOPIC: &str = "tasuki.dead-letters";

/// The type under which `replay` shows a dead letter.
pub const DEAD_LETTER_TYPE: &str = "tasuki.dead-letter.v1";

/// The record of a dead letter. The source's timestamp is given in milliseconds since the epoch,
/// as the log has it.
pub fn dead_letter(original: &Original, rejection: &Rejection, shard: u32, sequence: u64) -> NewRecord {
    let mut headers = original.headers.clone();
    let mut header = |name: &str, value: String| headers.push((name.to_owned(), Some(value.into_bytes())));
    header("tasuki_dlq_reason", rejection.reason.name().to_owned());
    header("tasuki_dlq_detail", rejection.detail.clone());
    header("tasuki_dlq_topic", original.topic.clone());
    header("tasuki_dlq_partition", original.partition.to_string());
    header("tasuki_dlq_offset", original.offset.to_string());
    header("tasuki_dlq_timestamp", original.time.millis().to_string());
    header("tasuki_dlq_shard", shard.to_string());
    header("tasuki_dlq_sequence", sequence_digits(sequence));
    NewRecord {
        key: original.key.clone(),
        value: original.value.clone(),
        headers,
    }
}

/// What our headers of a dead letter say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filed {
    /// Why it could not be used.
    pub reason: RejectReason,
    /// The same in words, which hold no value of the record.
    pub detail: String,
    /// Where it came from.
    pub source: Place,
    /// Its offset there.
    pub offset: u64,
    /// Its time there.
    pub time: Instant,
}

/// How many headers we add.
const OURS: usize = 8;

/// Takes a dead letter apart: what we said of it, and the record as it came. Only the headers at
/// the end are ours: a record that has been a dead letter before may carry the same names in front.
/// `None`: somebody else wrote it.
pub fn read_dead_letter(letter: Record) -> Option<(Filed, NewRecord)> {
    let mut headers = letter.headers;
    let ours = headers.split_off(headers.len().checked_sub(OURS)?);
    let reason = text(&ours, 0, "tasuki_dlq_reason")?;
    let time = text(&ours, 5, "tasuki_dlq_timestamp")?.parse().ok()?;
    let partition = text(&ours, 3, "tasuki_dlq_partition")?.parse().ok()?;
    let filed = Filed {
        reason: RejectReason::ALL.into_iter().find(|known| known.name() == reason)?,
        detail: text(&ours, 1, "tasuki_dlq_detail")?.to_owned(),
        source: Place::new(text(&ours, 2, "tasuki_dlq_topic")?, partition),
        offset: text(&ours, 4, "tasuki_dlq_offset")?.parse().ok()?,
        time: Instant::from_millis(time),
    };
    let original = NewRecord {
        key: letter.key,
        value: letter.value,
        headers,
    };
    Some((filed, original))
}

fn text<'a>(headers: &'a [Header], at: usize, name: &str) -> Option<&'a str> {
    let (found, value) = headers.get(at)?;
    let value = value.as_deref().filter(|_| found == name)?;
    std::str::from_utf8(value).ok()
}

/// Where a dead letter goes among `partitions`: with a key where the key says (`None`), without
/// one to the source partition's number modulo the count.
pub fn dead_letter_partition(original: &Original, partitions: u32) -> Option<u32> {
    match original.key {
        Some(_) => None,
        None => Some(original.partition % partitions.max(1)),
    }
}

/// A dead letter, to be shown.
#[derive(Clone, Copy, Debug)]
pub struct DeadLetter<'a> {
    /// Why.
    pub rejection: &'a Rejection,
    /// `<source>#<id>` of the event, as far as it was readable.
    pub causation: Option<&'a str>,
    /// The line's time, or the letter's.
    pub at: Instant,
    /// The line's event as it stands there, or the record: JSON without line feeds.
    pub event: &'a [u8],
}

/// Appends a dead letter of `replay` as a structured CloudEvent with its `topic`, and a line feed.
pub fn dead_letter_line(out: &mut Vec<u8>, letter: &DeadLetter<'_>, decider: Decider<'_>, sequence: u64) {
    write(out, &crate::wire::hex(&id(letter, sequence)), letter, decider, sequence);
    out.push(b'\n');
}

/// The structured CloudEvent of a dead letter of ours, on one line: as `replay` writes it, but that
/// only what stands in the letter is known. A record that is not JSON is text, in which what is not
/// UTF-8 is replaced. `None`: somebody else wrote it.
pub fn structured_dead_letter(deployment: &str, letter: Record) -> Option<Vec<u8>> {
    let at = letter.time;
    let (shard, sequence) = super::numbered(&letter.headers, true)?;
    let (filed, original) = read_dead_letter(letter)?;
    let letter = DeadLetter {
        rejection: &Rejection {
            reason: filed.reason,
            detail: filed.detail,
        },
        causation: None,
        at,
        event: &shown(original.value.as_deref()),
    };
    let mut out = Vec::new();
    let id = format!("dead-letter-{shard}-{sequence}");
    write(&mut out, &id, &letter, Decider { deployment, shard }, sequence);
    Some(out)
}

fn write(out: &mut Vec<u8>, id: &str, letter: &DeadLetter<'_>, decider: Decider<'_>, sequence: u64) {
    object(out, |members| {
        members.text("specversion", "1.0");
        members.text("id", id);
        members.text("source", &source(decider.deployment));
        members.text("type", DEAD_LETTER_TYPE);
        members.shown("time", letter.at);
        write_context(members, decider, sequence);
        members.text_if("causationid", letter.causation);
        members.text("topic", DEAD_LETTERS_TOPIC);
        members.text("datacontenttype", "application/json");
        members.object("data", |data| {
            data.text("reason", letter.rejection.reason.name());
            data.text("detail", &letter.rejection.detail);
            data.value("record", |out| out.extend_from_slice(letter.event));
        });
    });
}

/// A record's value as JSON on one line.
fn shown(value: Option<&[u8]>) -> Vec<u8> {
    let Some(value) = value else {
        return b"null".to_vec();
    };
    if json::parse(value, &Arena::new()).is_ok() {
        // In JSON, ends of lines stand between tokens only.
        let is_end = |byte: u8| matches!(byte, b'\r' | b'\n');
        return value
            .iter()
            .map(|byte| if is_end(*byte) { b' ' } else { *byte })
            .collect();
    }
    let mut text = Vec::new();
    members::text(&mut text, &String::from_utf8_lossy(value));
    text
}

/// As of other outputs. A record that names no cause has the sequence in place of the counter, or
/// all such dead letters would have one id.
fn id(letter: &DeadLetter<'_>, sequence: u64) -> [u8; 16] {
    let causation = letter.causation.unwrap_or_default();
    let counter = if letter.causation.is_some() { 0 } else { sequence };
    let mut hasher = blake3::Hasher::new();
    for part in [DEAD_LETTER_TYPE, "", "", "", causation] {
        hasher.update(part.as_bytes());
        hasher.update(&[0]);
    }
    hasher.update(counter.to_string().as_bytes());
    let mut id = [0; 16];
    hasher.finalize_xof().fill(&mut id);
    id
}
