//! Outputs as any reader of the topics gets them: read back from the log, nothing else.

use std::time::Duration;

use serde_json::Value;

use crate::domain::time::Instant;
use crate::log::{Found, Isolation, Log, LogError, Place, ReadLimit, Reader, Record};
use crate::wire::outputs::DEAD_LETTER_TYPE;
use crate::wire::rfc3339;

/// What one look at a topic may bring.
const READ: ReadLimit = ReadLimit {
    records_max: 1_000,
    bytes_max: 4 << 20,
};

/// A decision, as it stands in its topic.
pub(super) struct Output {
    kind: String,
    /// Where it was read.
    pub(super) topic: String,
    /// The decision's time.
    pub(super) at: Instant,
    /// Shard and sequence: the order in which a shard decided.
    pub(super) order: (String, String),
    data: Value,
}

impl Output {
    /// The event type.
    pub(super) fn kind(&self) -> &str {
        &self.kind
    }

    /// A member of the data, by its path; `Value::Null` where there is none.
    pub(super) fn get(&self, pointer: &str) -> &Value {
        self.data.pointer(pointer).unwrap_or(&Value::Null)
    }

    /// A text of the data's top level; empty where there is none.
    pub(super) fn text(&self, name: &str) -> &str {
        self.data[name].as_str().unwrap_or_default()
    }

    /// A time of the data, by its path.
    pub(super) fn time(&self, pointer: &str) -> Option<Instant> {
        self.get(pointer).as_str().and_then(rfc3339::parse)
    }

    /// An output of the topic of a decision, or of the dead letters; nothing else is there.
    fn of(topic: &str, record: &Record) -> Option<Self> {
        let header = |name: &str| {
            let (_, value) = record.headers.iter().rev().find(|(header, _)| header == name)?;
            std::str::from_utf8(value.as_deref()?).ok().map(str::to_owned)
        };
        if let Some(reason) = header("tasuki_dlq_reason") {
            return Some(Self {
                kind: DEAD_LETTER_TYPE.to_owned(),
                topic: topic.to_owned(),
                at: record.time,
                order: (header("tasuki_dlq_shard")?, header("tasuki_dlq_sequence")?),
                data: serde_json::json!({"reason": reason, "detail": header("tasuki_dlq_detail")}),
            });
        }
        Some(Self {
            kind: header("ce_type")?,
            topic: topic.to_owned(),
            at: rfc3339::parse(&header("ce_time")?)?,
            order: (header("ce_tasukishard")?, header("ce_sequence")?),
            data: serde_json::from_slice(record.value.as_deref()?).ok()?,
        })
    }
}

/// Readers of every output topic, each from its beginning.
pub(super) struct Outputs(Vec<(String, Box<dyn Reader>)>);

impl Outputs {
    pub(super) fn open(log: &dyn Log, topics: &[String]) -> Result<Self, LogError> {
        let open = |topic: &String| {
            let place = Place::new(topic, 0);
            let (start, _) = log.bounds(&place)?;
            Ok((topic.clone(), log.reader(&place, start, Isolation::Committed)?))
        };
        topics.iter().map(open).collect::<Result<_, _>>().map(Self)
    }

    /// What is new in all topics, by time.
    pub(super) fn read(&mut self) -> Result<Vec<Output>, LogError> {
        let mut new = Vec::new();
        for (topic, reader) in &mut self.0 {
            if let Found::Records(records) = reader.read(READ, Duration::ZERO)? {
                new.extend(records.iter().filter_map(|record| Output::of(topic, record)));
            }
        }
        sort(&mut new);
        Ok(new)
    }
}

/// By time; what was decided at the same time, in the order it was decided.
pub(super) fn sort(outputs: &mut [Output]) {
    outputs.sort_by(|one, other| (one.at, &one.order).cmp(&(other.at, &other.order)));
}
