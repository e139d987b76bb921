//! Who says what happened, when, and of which type: the envelope of an event.
//!
//! CloudEvents 1.0.2 in binary and structured mode, and bare JSON (contract §1, §9). Nothing is
//! decided from the role of a source here, and `data` is not looked into. Details never hold a
//! value of the record.

use std::collections::BTreeSet;

use super::json::{Json, Object};
use crate::domain::event::{RejectReason, Rejection};
use crate::log::Header;

/// An event's attributes and its data, borrowed from the record.
#[derive(Clone, Debug)]
pub struct Envelope<'a> {
    /// CloudEvents `source`; of bare JSON none may be given.
    pub source: Option<&'a str>,
    /// CloudEvents `id`; of bare JSON none may be given.
    pub id: Option<&'a str>,
    /// CloudEvents `type`; of bare JSON none may be given.
    pub kind: Option<TypeName<'a>>,
    /// When it happened.
    pub time: Time<'a>,
    /// What happened.
    pub data: Data<'a>,
}

/// A type as the record names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeName<'a> {
    /// A name.
    Name(&'a str),
    /// A bare JSON object's `type` that is not text.
    NotText,
}

/// A time as the record gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time<'a> {
    /// None given: the record's own timestamp counts.
    Absent,
    /// Text to be read.
    Text(&'a str),
    /// Something that is not text.
    NotText,
}

/// The data as the record carries it; what is wrong with it counts only once the type is known.
#[derive(Clone, Debug)]
pub enum Data<'a> {
    /// A JSON object.
    Object(&'a Object<'a>),
    /// JSON as base64.
    Base64(&'a str),
    /// Not usable, in words.
    Wrong(&'static str),
}

/// Finds the envelope of a record whose value is `value`.
pub fn envelope<'a>(headers: &'a [Header], value: &'a Json<'a>) -> Result<Envelope<'a>, Rejection> {
    let binary = headers.iter().any(|(name, _)| name == "ce_specversion");
    match value {
        Json::Object(object) if object.names("specversion") => {
            if binary {
                return Err(refused("both a `ce_specversion` header and a `specversion` member"));
            }
            structured(object)
        }
        _ if binary => from_headers(headers, value),
        Json::Object(_) | Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::List(_)
            if content_type(headers).is_some_and(|it| starts_with_fold(it, "application/cloudevents")) =>
        {
            Err(refused(
                "content-type says CloudEvents, but there is no member `specversion`",
            ))
        }
        Json::Object(object) => Ok(bare(object)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::List(_) => Ok(Envelope {
            source: None,
            id: None,
            kind: None,
            time: Time::Absent,
            data: Data::Wrong("not a JSON object"),
        }),
    }
}

/// The envelope of a structured CloudEvent.
pub fn structured<'a>(object: &'a Object<'a>) -> Result<Envelope<'a>, Rejection> {
    if text(object, "specversion") != Some("1.0") {
        return Err(refused("`specversion` is not the text 1.0"));
    }
    let id = required(text(object, "id"), "`id` is missing, empty or not text")?;
    let source = required(text(object, "source"), "`source` is missing, empty or not text")?;
    let kind = required(text(object, "type"), "`type` is missing, empty or not text")?;
    let data = match (object.get("data"), object.get("data_base64")) {
        (Some(_), Some(_)) => return Err(refused("both `data` and `data_base64`")),
        _ if !object.get("datacontenttype").is_none_or(names_json) => Data::Wrong("`datacontenttype` is not JSON"),
        (Some(Json::Object(data)), None) => Data::Object(data),
        (None, Some(Json::Text(encoded))) => Data::Base64(encoded),
        (Some(_), None) => Data::Wrong("`data` is not a JSON object"),
        (None, Some(_)) => Data::Wrong("`data_base64` is not text"),
        (None, None) => Data::Wrong("`data` is missing"),
    };
    Ok(Envelope {
        source: Some(source),
        id: Some(id),
        kind: Some(TypeName::Name(kind)),
        time: time(object, "time"),
        data,
    })
}

/// The envelope of binary mode: attributes are headers, the value is the data.
fn from_headers<'a>(headers: &'a [Header], value: &'a Json<'a>) -> Result<Envelope<'a>, Rejection> {
    let mut seen = BTreeSet::new();
    let mut attributes = headers
        .iter()
        .map(|(name, _)| name)
        .filter(|name| name.starts_with("ce_"));
    if !attributes.all(|name| seen.insert(name)) {
        return Err(refused("a `ce_` header is there twice"));
    }
    if header(headers, "ce_specversion")? != Some("1.0") {
        return Err(refused("`ce_specversion` is not 1.0"));
    }
    let id = required(header(headers, "ce_id")?, "`ce_id` is missing or empty")?;
    let source = required(header(headers, "ce_source")?, "`ce_source` is missing or empty")?;
    let kind = required(header(headers, "ce_type")?, "`ce_type` is missing or empty")?;
    let data = match value {
        _ if !content_type(headers).is_none_or(is_json) => Data::Wrong("`content-type` is not JSON"),
        Json::Object(data) => Data::Object(data),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::List(_) => {
            Data::Wrong("the data is not a JSON object")
        }
    };
    Ok(Envelope {
        source: Some(source),
        id: Some(id),
        kind: Some(TypeName::Name(kind)),
        time: header(headers, "ce_time")?.map_or(Time::Absent, Time::Text),
        data,
    })
}

/// The envelope of bare JSON: everything is a member of the one object.
fn bare<'a>(object: &'a Object<'a>) -> Envelope<'a> {
    let mut data = Data::Object(object);
    let mut name = |member| match object.get(member) {
        None => None,
        Some(Json::Text(name)) => Some(&**name).filter(|name| !name.trim().is_empty()),
        Some(Json::Number(digits)) if integer(digits) => Some(*digits),
        Some(_) => {
            data = Data::Wrong("`id` or `source` is neither text nor an integer");
            None
        }
    };
    let (id, source) = (name("id"), name("source"));
    let kind = object.get("type").map(|kind| match kind {
        Json::Text(name) => TypeName::Name(name),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::List(_) | Json::Object(_) => TypeName::NotText,
    });
    Envelope {
        source,
        id,
        kind,
        time: time(object, "occurred_at"),
        data,
    }
}

/// Is this JSON number written as an integer?
pub(super) fn integer(number: &str) -> bool {
    !number.contains(['.', 'e', 'E'])
}

fn time<'a>(object: &'a Object<'a>, member: &str) -> Time<'a> {
    match object.get(member) {
        None => Time::Absent,
        Some(Json::Text(text)) => Time::Text(text),
        Some(_) => Time::NotText,
    }
}

fn text<'a>(object: &'a Object<'a>, member: &str) -> Option<&'a str> {
    match object.get(member) {
        Some(Json::Text(text)) => Some(text),
        _ => None,
    }
}

fn required<'a>(value: Option<&'a str>, detail: &str) -> Result<&'a str, Rejection> {
    value.filter(|text| !text.is_empty()).ok_or_else(|| refused(detail))
}

fn header<'a>(headers: &'a [Header], name: &str) -> Result<Option<&'a str>, Rejection> {
    let Some((_, value)) = headers.iter().find(|(other, _)| other == name) else {
        return Ok(None);
    };
    match value.as_deref().map(std::str::from_utf8) {
        Some(Ok(text)) => Ok(Some(text)),
        Some(Err(_)) => Err(refused("a `ce_` header is not UTF-8")),
        None => Err(refused("a `ce_` header is null")),
    }
}

fn content_type(headers: &[Header]) -> Option<&[u8]> {
    let (_, value) = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-type"))?;
    value.as_deref()
}

fn names_json(value: &Json<'_>) -> bool {
    matches!(value, Json::Text(name) if is_json(name.as_bytes()))
}

/// Does this media type say JSON, whatever its parameters: `*/json` or `*/*+json`?
pub fn is_json(media_type: &[u8]) -> bool {
    let essence = media_type
        .split(|byte| *byte == b';')
        .next()
        .unwrap_or_default()
        .trim_ascii();
    let Some(slash) = essence.iter().position(|byte| *byte == b'/') else {
        return false;
    };
    let subtype = &essence[slash + 1..];
    let ending = subtype.len().saturating_sub("+json".len());
    slash > 0 && (subtype.eq_ignore_ascii_case(b"json") || subtype[ending..].eq_ignore_ascii_case(b"+json"))
}

fn starts_with_fold(text: &[u8], start: &str) -> bool {
    text.get(..start.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(start.as_bytes()))
}

fn refused(detail: &str) -> Rejection {
    Rejection {
        reason: RejectReason::NotCloudEvents,
        detail: detail.to_owned(),
    }
}

/// Reads base64 of the standard alphabet, padded.
pub fn base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    if !text.len().is_multiple_of(4) || text.len() - digits.len() > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut held) = (0_u32, 0);
    for digit in digits.bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    Some(bytes)
}
