//! Where a record that was a dead letter stood first, and when.
//!
//! An event without an `id` is named by the position of its record, one without a time happens at
//! its record's. What is sent back gets another position and another time, and would count once
//! more each time; so such a record carries those it had first.

use std::ops::RangeInclusive;

use super::cloudevents::{self, Time};
use super::json::{self, Arena, Json};
use crate::domain::time::Instant;
use crate::log::{Header, NewRecord, Place};

/// The header: topic, partition, offset and milliseconds since the epoch, as `forms/3/17/1790000000000`.
pub const FIRST: &str = "tasuki_sent_back_from";

/// Milliseconds of a record without a time, and of the last year that a time of ours can have.
const TIMES_MS: RangeInclusive<i64> = -1..=253_402_300_799_999;

/// Where a record stood first, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct First {
    /// The partition.
    pub partition: u32,
    /// The offset there.
    pub offset: u64,
    /// Its time there.
    pub time: Instant,
}

impl First {
    /// What the headers of a record of `topic` say. `None`: it was not sent back, or came from
    /// another topic, or somebody else wrote the header.
    pub fn of(headers: &[Header], topic: &str) -> Option<Self> {
        let (_, value) = headers.iter().find(|(name, _)| name == FIRST)?;
        let words = std::str::from_utf8(value.as_deref()?).ok()?;
        let mut parts = words.strip_prefix(topic)?.strip_prefix('/')?.split('/');
        let first = Self {
            partition: parts.next()?.parse().ok()?,
            offset: parts.next()?.parse().ok()?,
            time: Instant::from_millis(parts.next()?.parse().ok().filter(|ms| TIMES_MS.contains(ms))?),
        };
        parts.next().is_none().then_some(first)
    }
}

/// Lets a record that goes back to `source` carry where it stood, unless it does already or can do
/// without. Returns where that was.
pub fn mark(record: &mut NewRecord, source: &Place, offset: u64, time: Instant) -> First {
    if let Some(first) = First::of(&record.headers, &source.topic) {
        return first;
    }
    if !names_itself(record) {
        let value = format!("{}/{}/{offset}/{}", source.topic, source.partition, time.millis());
        record.headers.retain(|(name, _)| name != FIRST);
        record.headers.push((FIRST.to_owned(), Some(value.into_bytes())));
    }
    First {
        partition: source.partition,
        offset,
        time,
    }
}

/// Is it a CloudEvent with a time, or nothing at all? Of other JSON an adapter may make events.
fn names_itself(record: &NewRecord) -> bool {
    let arena = Arena::new();
    let value = record.value.as_deref().unwrap_or_default();
    let Ok(value) = json::parse(json::unframed(value), &arena) else {
        return true;
    };
    let structured = matches!(&value, Json::Object(object) if object.names("specversion"));
    let binary = record.headers.iter().any(|(name, _)| name == "ce_specversion");
    (structured || binary)
        && cloudevents::envelope(&record.headers, &value).is_ok_and(|event| event.time != Time::Absent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(headers: &[(&str, &str)], value: &str) -> NewRecord {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Some(value.as_bytes().to_vec())));
        NewRecord {
            key: None,
            value: Some(value.as_bytes().to_vec()),
            headers: headers.collect(),
        }
    }

    fn marked(mut record: NewRecord) -> (First, Vec<Header>) {
        let first = mark(&mut record, &Place::new("forms", 3), 17, Instant::from_millis(1_000));
        (first, record.headers)
    }

    #[test]
    fn what_was_written_is_read_and_stays() {
        let (first, headers) = marked(record(&[("a", "1")], "{}"));
        assert_eq!(headers.len(), 2);
        assert_eq!(First::of(&headers, "forms"), Some(first));
        assert_eq!((first.partition, first.offset, first.time.millis()), (3, 17, 1_000));
        assert_eq!(First::of(&headers, "form"), None, "of another topic");
        let mut timeless = record(&[], "{}");
        let stood = mark(&mut timeless, &Place::new("forms", 3), 17, Instant::from_millis(-1));
        assert_eq!(First::of(&timeless.headers, "forms"), Some(stood));
        let mut again = record(&[], "{}");
        again.headers = headers.clone();
        assert_eq!(
            mark(&mut again, &Place::new("forms", 0), 99, Instant::from_millis(5_000)),
            first
        );
        assert_eq!(again.headers, headers);
    }

    #[test]
    fn who_names_itself_goes_back_as_it_came() {
        let structured = r#"{"specversion":"1.0","id":"1","source":"/a","type":"b","time":"2026-11-26T09:00:00Z"}"#;
        let timeless = r#"{"specversion":"1.0","id":"1","source":"/a","type":"b"}"#;
        let binary = [
            ("ce_specversion", "1.0"),
            ("ce_id", "1"),
            ("ce_source", "/a"),
            ("ce_type", "b"),
        ];
        let timed = [&binary[..], &[("ce_time", "2026-11-26T09:00:00Z")]].concat();
        for (record, is_marked) in [
            (record(&[], structured), false),
            (record(&[], timeless), true),
            (record(&timed, "{}"), false),
            (record(&binary, "{}"), true),
            (record(&[], r#"{"id":"1","occurred_at":"2026-11-26T09:00:00Z"}"#), true),
            (record(&[], "not JSON"), false),
        ] {
            let before = record.headers.len();
            assert_eq!(marked(record).1.len() - before, usize::from(is_marked));
        }
    }

    #[test]
    fn what_is_no_position_is_passed_over() {
        for value in [
            "",
            "forms",
            "forms/3",
            "forms/3/17",
            "forms/3/17/x",
            "forms/3/17/-2",
            "forms/-3/17/1",
            "forms/3/17/1/2",
            "forms/3/17/253402300800000",
            "other/3/17/1",
        ] {
            assert_eq!(
                First::of(&record(&[(FIRST, value)], "{}").headers, "forms"),
                None,
                "{value}"
            );
        }
        assert_eq!(First::of(&[(FIRST.to_owned(), None)], "forms"), None);
        let (_, headers) = marked(record(&[(FIRST, "other/3/17/1")], "{}"));
        assert_eq!(headers, [(FIRST.to_owned(), Some(b"forms/3/17/1000".to_vec()))]);
    }
}
