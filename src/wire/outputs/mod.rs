//! Decisions → CloudEvents: records in binary mode for topics, JSON lines for `replay`.
//!
//! The same decision under the same sequence gives the same bytes. Names of topics are without
//! the deployment's prefix here; the shell puts it in front.

mod data;
mod dead_letters;
mod history;
pub(super) mod members;

use crate::domain::event::{Output, Topic};
use crate::domain::policy::Policy;
use crate::domain::time::Instant;
use crate::log::{Header, NewRecord, Record};

pub use crate::domain::event::type_name;
pub use dead_letters::{
    DEAD_LETTER_TYPE, DEAD_LETTERS_TOPIC, DeadLetter, Filed, dead_letter, dead_letter_line, dead_letter_partition,
    read_dead_letter, structured_dead_letter,
};
pub use history::history_line;
use members::{Members, object};

/// Who decided: goes into `source`, `tasukishard` and `sequence`.
#[derive(Clone, Copy, Debug)]
pub struct Decider<'a> {
    /// The deployment's name.
    pub deployment: &'a str,
    /// The journal partition.
    pub shard: u32,
}

/// Every type that goes out, dead letters of `replay` excluded.
pub const TYPES: [&str; 11] = [
    "tasuki.lead.handed-off.v1",
    "tasuki.handoff.withdrawn.v1",
    "tasuki.sla.at-risk.v1",
    "tasuki.sla.breached.v1",
    "tasuki.sla.met.v1",
    "tasuki.sla.excused.v1",
    "tasuki.sla.escalated.v1",
    "tasuki.feedback.recorded.v1",
    "tasuki.lead.stage-changed.v1",
    "tasuki.lead.queued.v1",
    "tasuki.lead.forgotten.v1",
];

/// The topic's name, without prefix.
pub fn topic_name(topic: &Topic) -> &str {
    match topic {
        Topic::Handoffs(name) => name,
        Topic::Sla => "sales.sla",
        Topic::Feedback => "marketing.feedback",
        Topic::Lifecycle => "leads.lifecycle",
    }
}

/// Every topic that a policy's decisions go to, without prefix.
pub fn topics(policy: &Policy) -> Vec<String> {
    let fixed = [Topic::Sla, Topic::Feedback, Topic::Lifecycle];
    let fixed = fixed.iter().map(|topic| topic_name(topic).to_owned());
    let mut topics: Vec<String> = policy
        .teams
        .iter()
        .map(|team| team.topic.clone())
        .chain(fixed)
        .collect();
    topics.sort_unstable();
    topics.dedup();
    topics
}

/// The shard and the number of an output or a dead letter, by its headers.
pub fn numbered(headers: &[Header], is_dead_letter: bool) -> Option<(u32, u64)> {
    let (shard, sequence) = if is_dead_letter {
        ("tasuki_dlq_shard", "tasuki_dlq_sequence")
    } else {
        ("ce_tasukishard", "ce_sequence")
    };
    // Headers of the bad record itself come first, and may have any name.
    let text = |name: &str| {
        let (_, value) = headers.iter().rfind(|(known, _)| known == name)?;
        std::str::from_utf8(value.as_deref()?).ok()
    };
    Some((text(shard)?.parse().ok()?, text(sequence)?.parse().ok()?))
}

/// The record of a decision, in binary mode; `sequence` counts the outputs of this shard from 1.
pub fn record(output: &Output, decider: Decider<'_>, sequence: u64) -> NewRecord {
    let lead = output.lead.digits().to_vec();
    let mut headers = Vec::with_capacity(10);
    let mut header = |name: &str, value: Vec<u8>| headers.push((name.to_owned(), Some(value)));
    header("ce_specversion", b"1.0".to_vec());
    header("ce_id", super::hex(&output.id).into_bytes());
    header("ce_source", source(decider.deployment).into_bytes());
    header("ce_type", type_name(&output.decision).as_bytes().to_vec());
    header("ce_subject", lead.clone());
    header("ce_time", output.at.to_string().into_bytes());
    header("ce_tasukishard", decider.shard.to_string().into_bytes());
    header("ce_sequence", sequence_digits(sequence).into_bytes());
    header("ce_causationid", output.causation.clone().into_bytes());
    header("content-type", b"application/json".to_vec());
    let mut value = Vec::with_capacity(1024);
    object(&mut value, |members| data::write(members, &output.decision));
    NewRecord {
        key: Some(lead),
        value: Some(value),
        headers,
    }
}

/// The type of a record that says nothing: it ends a transaction of `writer` that a broker had left
/// open in the partition, which hid what stands behind it.
pub const UNBLOCKED_TYPE: &str = "tasuki.log.unblocked.v1";

/// A record that says nothing. It has no number, since nothing was decided.
pub fn unblocking(deployment: &str, writer: &str, now: Instant) -> NewRecord {
    let id = format!("{writer}-{}", now.millis());
    let source = source(deployment);
    let time = now.to_string();
    let attributes = [
        ("ce_specversion", "1.0"),
        ("ce_id", &id),
        ("ce_source", &source),
        ("ce_type", UNBLOCKED_TYPE),
        ("ce_time", &time),
    ];
    let header = |(name, value): (&str, &str)| (name.to_owned(), Some(value.as_bytes().to_vec()));
    NewRecord {
        headers: attributes.map(header).to_vec(),
        ..NewRecord::default()
    }
}

/// Whether a record says nothing.
pub fn is_unblocking(headers: &[Header]) -> bool {
    let mut types = headers.iter().filter(|(name, _)| name == "ce_type");
    types.any(|(_, value)| value.as_deref() == Some(UNBLOCKED_TYPE.as_bytes()))
}

/// Appends the structured CloudEvent of a decision, with its `topic`, and a line feed.
pub fn line(out: &mut Vec<u8>, output: &Output, decider: Decider<'_>, sequence: u64) {
    object(out, |event| {
        event.text("specversion", "1.0");
        event.text("id", &super::hex(&output.id));
        event.text("source", &source(decider.deployment));
        event.text("type", type_name(&output.decision));
        event.shown("subject", output.lead);
        event.shown("time", output.at);
        write_context(event, decider, sequence);
        event.text("causationid", &output.causation);
        event.text("topic", topic_name(&output.topic));
        event.text("datacontenttype", "application/json");
        event.object("data", |members| data::write(members, &output.decision));
    });
    out.push(b'\n');
}

/// The structured CloudEvent of a record of ours in binary mode, on one line; `topic` becomes an
/// extension. `None`: the record is not a CloudEvent in binary mode.
pub fn structured(topic: &str, record: &Record) -> Option<Vec<u8>> {
    let attributes = attributes(&record.headers);
    attributes.iter().find(|(name, _)| *name == "specversion")?;
    let value = record.value.as_deref()?;
    let mut out = Vec::with_capacity(value.len() + 512);
    object(&mut out, |event| {
        for (name, value) in attributes {
            event.any(name, |out| members::text(out, value));
        }
        event.text("topic", topic);
        event.text("datacontenttype", "application/json");
        event.value("data", |out| out.extend_from_slice(value));
    });
    Some(out)
}

fn attributes(headers: &[Header]) -> Vec<(&str, &str)> {
    headers
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix("ce_")?, std::str::from_utf8(value.as_deref()?).ok()?)))
        .collect()
}

fn write_context(event: &mut Members<'_>, decider: Decider<'_>, sequence: u64) {
    event.shown("tasukishard", decider.shard);
    event.text("sequence", &sequence_digits(sequence));
}

/// `/tasuki/<deployment>`
fn source(deployment: &str) -> String {
    ["/tasuki/", deployment].concat()
}

/// Twenty digits, so that text sorts as numbers do.
fn sequence_digits(sequence: u64) -> String {
    format!("{sequence:020}")
}

#[cfg(test)]
mod tests;
