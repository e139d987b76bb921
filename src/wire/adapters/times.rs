//! The forms in which platforms write times → instants.
//!
//! Numbers since the epoch (also as text), RFC 3339, and what looks like it: a space for the `T`,
//! `+0900`, ` UTC`, a date alone, and local times where the adapter names a zone.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::domain::time::Instant;
use crate::wire::json::Json;
use crate::wire::rfc3339;

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Seconds,
    Millis,
    Micros,
}

/// Reads a time; `None`: it is none, or a local one where no zone is known.
pub(super) fn read(value: &Json<'_>, unit: Unit, zone: Option<&TimeZone>) -> Option<Instant> {
    match value {
        Json::Number(digits) => count(digits, unit),
        Json::Text(text) => count(text.trim(), unit).or_else(|| written(text.trim(), zone)),
        Json::Null | Json::Bool(_) | Json::List(_) | Json::Object(_) => None,
    }
}

fn count(digits: &str, unit: Unit) -> Option<Instant> {
    let count: i64 = digits.parse().ok()?;
    let millis = match unit {
        Unit::Seconds => count.checked_mul(1000)?,
        Unit::Millis => count,
        Unit::Micros => count.div_euclid(1000),
    };
    Some(Instant::from_millis(millis))
}

fn written(text: &str, zone: Option<&TimeZone>) -> Option<Instant> {
    let mut text = text.replacen(' ', "T", 1);
    if let Some(plain) = text.strip_suffix(" UTC") {
        text = [plain, "Z"].concat();
    }
    if let Some(at) = offset_without_colon(&text) {
        text.insert(at, ':');
    }
    rfc3339::parse(&text).or_else(|| local(&text, zone?))
}

/// Where the colon of `+0900` is missing.
fn offset_without_colon(text: &str) -> Option<usize> {
    let at = text.len().checked_sub(5).filter(|at| *at >= 19)?;
    let (sign, digits) = text.get(at..)?.split_at_checked(1)?;
    let is_offset = matches!(sign, "+" | "-") && digits.bytes().all(|digit| digit.is_ascii_digit());
    is_offset.then_some(at + 3)
}

/// A local time; one that a change of the clock skips counts as the instant of the change, one
/// that is there twice as the first.
fn local(text: &str, zone: &TimeZone) -> Option<Instant> {
    let plain = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'-' | b':' | b'.' | b'T');
    if !text.bytes().all(plain) || text.matches('-').count() != 2 {
        return None;
    }
    let civil: DateTime = text.parse().ok()?;
    let timestamp = zone.to_ambiguous_timestamp(civil).compatible().ok()?;
    Some(Instant::from_millis(timestamp.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &Json<'_>, expected: Option<&str>) {
        let zone = TimeZone::get("Asia/Tokyo").unwrap();
        let read = read(value, Unit::Millis, Some(&zone)).map(|instant| instant.to_string());
        assert_eq!(read.as_deref(), expected, "{value:?}");
    }

    #[test]
    fn every_form_of_the_platforms_is_read() {
        check(&Json::Number("1708986598741"), Some("2024-02-26T22:29:58.741Z"));
        check(&Json::Text("1708986598741"), Some("2024-02-26T22:29:58.741Z"));
        for (text, expected) in [
            ("2024-02-26T22:29:58.741999Z", "2024-02-26T22:29:58.741Z"),
            ("2024-02-26T22:29:58-03:00", "2024-02-27T01:29:58.000Z"),
            ("2024-02-26T22:29:58.000+0000", "2024-02-26T22:29:58.000Z"),
            ("2024-02-26 22:29:58+00:00", "2024-02-26T22:29:58.000Z"),
            ("2024-02-26 22:29:58 UTC", "2024-02-26T22:29:58.000Z"),
            ("2018-03-07 14:28:16", "2018-03-07T05:28:16.000Z"),
            ("2018-03-07 14:28:16.123456", "2018-03-07T05:28:16.123Z"),
            ("2018-03-07", "2018-03-06T15:00:00.000Z"),
        ] {
            check(&Json::Text(text), Some(expected));
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "yesterday",
            "2024-13-01",
            "2024-02-26T22:29:58[Asia/Tokyo]",
            "1.5",
            "99999999999999999999",
        ] {
            check(&Json::Text(text), None);
        }
        check(&Json::Bool(true), None);
        check(&Json::Number("1e3"), None);
    }

    #[test]
    fn a_local_time_without_a_known_zone_is_none() {
        assert_eq!(read(&Json::Text("2018-03-07 14:28:16"), Unit::Millis, None), None);
    }

    #[test]
    fn numbers_count_what_the_adapter_says() {
        assert_eq!(
            read(&Json::Number("1708986598"), Unit::Seconds, None),
            read(&Json::Number("1708986598000999"), Unit::Micros, None)
        );
    }
}
