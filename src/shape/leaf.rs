//! Reading one value from its text. Settings from the environment and values in files meet here.

use std::str::FromStr as _;

use jiff::civil::Date;

use super::entries::Node;
use super::{Kind, Unit};
use crate::domain::value::Number;
use crate::wire::rfc3339;

/// A profile attribute's value, and thus what it is compared with, has at most so many bytes.
const VALUE_BYTES: usize = 1_024;

/// A property of librdkafka may be a chain of certificates in PEM.
const PROPERTY_BYTES: usize = 64 * 1_024;

/// Why a value is not what it should be.
#[derive(Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, without the value.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

impl Problem {
    /// A problem and its remedy.
    pub fn new(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            remedy: remedy.into(),
        }
    }

    /// It is not what `kind` allows.
    pub fn not_a(kind: &Kind) -> Self {
        Self::new("has a wrong value", format!("write {}", kind.words()))
    }
}

/// Reads a value of `kind` from text. Lists are separated by commas.
pub fn read_text(kind: &Kind, text: &str) -> Result<Node, Problem> {
    match kind {
        Kind::Text { min, max } => read_words(kind, text, *min, *max),
        Kind::Word { min, max } => {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
            if text.bytes().all(plain) {
                read_words(kind, text, *min, *max)
            } else {
                Err(Problem::not_a(kind))
            }
        }
        Kind::Choice(words) if words.contains(&text) => Ok(Node::Text(text.to_owned())),
        Kind::Choice(words) => {
            let message = format!("names an unknown word, {text:?}");
            Err(Problem::new(
                message,
                crate::fault::suggest(text, words.iter().copied()),
            ))
        }
        Kind::Integer { min, max } => read_integer(kind, text, *min, *max),
        Kind::Number => Number::parse(text)
            .map(Node::Number)
            .ok_or_else(|| Problem::not_a(kind)),
        Kind::Bool => bool::from_str(text).map(Node::Bool).map_err(|_| Problem::not_a(kind)),
        Kind::Scalar => read_words(kind, text, 0, VALUE_BYTES),
        Kind::Property => read_words(kind, text, 0, PROPERTY_BYTES),
        Kind::Duration { units, min, max } => read_duration(kind, text, units, *min, *max),
        Kind::Time => rfc3339::parse(text).map(Node::Time).ok_or_else(|| Problem::not_a(kind)),
        Kind::Begin if matches!(text, "earliest" | "latest") || rfc3339::parse(text).is_some() => {
            Ok(Node::Text(text.to_owned()))
        }
        Kind::Date => read_date(text).map(Node::Date).ok_or_else(|| Problem::not_a(kind)),
        Kind::Hours => read_hours(text),
        Kind::List { of, min, max } => {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            let items = parts
                .map(|part| read_text(of, part))
                .collect::<Result<Vec<Node>, Problem>>()?;
            let count = items.len();
            let items = items.into_iter().map(|node| super::Item { at: 0, node }).collect();
            if (*min..=*max).contains(&count) {
                Ok(Node::List(items))
            } else {
                Err(Problem::not_a(kind))
            }
        }
        Kind::Begin | Kind::Table(_) | Kind::Tables { .. } | Kind::Map { .. } => Err(Problem::not_a(kind)),
    }
}

fn read_words(kind: &Kind, text: &str, min: usize, max: usize) -> Result<Node, Problem> {
    if min > 0 && text.trim().is_empty() {
        return Err(Problem::new("is empty", format!("write {}", kind.words())));
    }
    if text.len() > max {
        let message = format!("is {} bytes long", text.len());
        return Err(Problem::new(message, format!("write at most {max} bytes")));
    }
    Ok(Node::Text(text.to_owned()))
}

fn read_integer(kind: &Kind, text: &str, min: i64, max: i64) -> Result<Node, Problem> {
    match text.parse::<i64>() {
        Ok(number) if (min..=max).contains(&number) => Ok(Node::Integer(number)),
        Ok(number) => {
            let side = if number < min { "too small" } else { "too large" };
            Err(Problem::new(format!("is {side}"), format!("write {}", kind.words())))
        }
        Err(_) => Err(Problem::not_a(kind)),
    }
}

fn read_duration(kind: &Kind, text: &str, units: &[Unit], min: i64, max: i64) -> Result<Node, Problem> {
    let Some(millis) = duration(text, units) else {
        let names: Vec<&str> = units.iter().map(|unit| unit.name).collect();
        let remedy = format!(
            "write a span of time such as 1h30m; units, from long to short: {}",
            names.join(" ")
        );
        return Err(Problem::new("is not a span of time", remedy));
    };
    if (min..=max).contains(&millis) {
        return Ok(Node::Duration(millis));
    }
    let side = if millis < min { "too short" } else { "too long" };
    Err(Problem::new(format!("is {side}"), format!("write {}", kind.words())))
}

/// Whole numbers with units, each unit at most once, from long to short.
fn duration(text: &str, units: &[Unit]) -> Option<i64> {
    let mut rest = text;
    let mut units_left = units;
    let mut millis = 0_i64;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let count: i64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let place = units_left.iter().position(|unit| unit.name == &rest[..letters])?;
        millis = millis.checked_add(count.checked_mul(units_left[place].millis)?)?;
        units_left = &units_left[place + 1..];
        rest = &rest[letters..];
    }
    (!text.is_empty()).then_some(millis)
}

fn read_date(text: &str) -> Option<Date> {
    let shaped = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    if shaped { text.parse().ok() } else { None }
}

/// `09:00-12:00` as minutes of the day.
fn read_hours(text: &str) -> Result<Node, Problem> {
    let minutes = |clock: &str| -> Option<u16> {
        let (hour, minute) = clock.split_once(':')?;
        let two_digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        if !two_digits(hour) || !two_digits(minute) {
            return None;
        }
        let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
        (minute < 60 && hour * 60 + minute <= 24 * 60).then_some(hour * 60 + minute)
    };
    let ends = text
        .split_once('-')
        .and_then(|(open, close)| Some((minutes(open.trim())?, minutes(close.trim())?)));
    match ends {
        Some((open, close)) if open < close => Ok(Node::Hours(open, close)),
        Some((open, close)) if open == close => Err(Problem::new(
            "has hours that end where they begin",
            "give them a length, or leave them out",
        )),
        Some(_) => Err(Problem::new(
            "has hours that cross midnight",
            "end them at 24:00 and go on at 00:00 of the next day",
        )),
        None => Err(Problem::new(
            "has hours that cannot be read",
            "write hours from 00:00 to 24:00 such as \"09:00-12:00\"",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{DAYS, HOURS};
    use super::*;

    #[test]
    fn spans_of_time_are_whole_numbers_with_units_from_long_to_short() {
        assert_eq!(duration("1h30m", HOURS), Some(5_400_000));
        assert_eq!(duration("90m", HOURS), Some(5_400_000));
        assert_eq!(duration("7d", DAYS), Some(604_800_000));
        assert_eq!(duration("500ms", DAYS), Some(500));
        assert_eq!(duration("1m500ms", DAYS), Some(60_500));
        for wrong in [
            "",
            "5",
            "h",
            "30m1h",
            "1h1h",
            "1.5h",
            "-1h",
            "1 h",
            "1d",
            "99999999999999999999h",
            "１h",
        ] {
            assert_eq!(duration(wrong, HOURS), None, "{wrong}");
        }
    }

    #[test]
    fn hours_end_at_midnight_at_most() {
        assert_eq!(read_hours("00:00-24:00"), Ok(Node::Hours(0, 1440)));
        for wrong in [
            "22:00-06:00",
            "09:00-09:00",
            "9:00-12:00",
            "09:00-24:01",
            "09:60-10:00",
            "09:00",
            "",
        ] {
            assert!(read_hours(wrong).is_err(), "{wrong}");
        }
    }
}
