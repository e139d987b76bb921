//! Members of `data` by what they must be; what is wrong is said with the member's full name.

use super::{NAME_BYTES_MAX, PROSE_BYTES_MAX};
use crate::domain::event::{RejectReason, Rejection};
use crate::wire::cloudevents::integer;
use crate::wire::json::{Json, Object};

/// What stands at the end of a text that was cut.
const CUT: char = '…';

/// The members of an object, with its own name for people: `person.`, say.
#[derive(Clone, Copy)]
pub(super) struct Members<'a> {
    pub(super) object: &'a Object<'a>,
    pub(super) within: &'static str,
}

impl<'a> Members<'a> {
    pub(super) fn object(&self, member: &str, within: &'static str) -> Result<Option<Self>, Rejection> {
        match self.object.get(member) {
            None => Ok(None),
            Some(Json::Object(object)) => Ok(Some(Self { object, within })),
            Some(_) => Err(self.wrong(member, "is not an object")),
        }
    }

    /// Text that is empty after trimming is absent.
    pub(super) fn text(&self, member: &str) -> Result<Option<&'a str>, Rejection> {
        match self.object.get(member) {
            None => Ok(None),
            Some(Json::Text(text)) => Ok(Some(&**text).filter(|text| !text.trim().is_empty())),
            Some(_) => Err(self.wrong(member, "is not text")),
        }
    }

    pub(super) fn name(&self, member: &str) -> Result<Option<String>, Rejection> {
        match self.text(member)? {
            Some(text) if text.len() > NAME_BYTES_MAX => Err(self.wrong(member, "has more than 256 bytes")),
            text => Ok(text.map(str::to_owned)),
        }
    }

    pub(super) fn required_name(&self, member: &str) -> Result<String, Rejection> {
        self.name(member)?.ok_or_else(|| self.missing(member))
    }

    pub(super) fn lead_id(&self) -> Result<Option<String>, Rejection> {
        match self.object.get("lead_id") {
            Some(Json::Number("-0")) => Ok(Some("0".to_owned())),
            Some(Json::Number(digits)) if integer(digits) && digits.len() <= NAME_BYTES_MAX => {
                Ok(Some((*digits).to_owned()))
            }
            Some(Json::Number(_)) => Err(self.wrong("lead_id", "is neither text nor an integer of at most 256 digits")),
            _ => self.name("lead_id"),
        }
    }

    /// Text for people: cut where it is too long, and marked.
    pub(super) fn prose(&self, member: &str) -> Result<Option<String>, Rejection> {
        Ok(self.text(member)?.map(cut))
    }

    pub(super) fn bool(&self, member: &str) -> Result<Option<bool>, Rejection> {
        match self.object.get(member) {
            None => Ok(None),
            Some(Json::Bool(value)) => Ok(Some(*value)),
            Some(_) => Err(self.wrong(member, "is neither true nor false")),
        }
    }

    pub(super) fn integer(&self, member: &str, range: std::ops::RangeInclusive<u32>) -> Result<Option<u32>, Rejection> {
        let number = match self.object.get(member) {
            None => return Ok(None),
            Some(Json::Number(digits)) if integer(digits) => digits.parse::<i64>().ok(),
            Some(_) => return Err(self.wrong(member, "is not an integer")),
        };
        let number = number.and_then(|number| u32::try_from(number).ok());
        match number.filter(|number| range.contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(self.wrong(member, "is out of range")),
        }
    }

    pub(super) fn missing(&self, member: &str) -> Rejection {
        self.wrong(member, "is missing")
    }

    pub(super) fn wrong(&self, member: &str, what: &str) -> Rejection {
        wrong(&["`", self.within, member, "` ", what].concat())
    }
}

pub(super) fn wrong(detail: &str) -> Rejection {
    Rejection {
        reason: RejectReason::InvalidData,
        detail: detail.to_owned(),
    }
}

fn cut(text: &str) -> String {
    if text.len() <= PROSE_BYTES_MAX {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(PROSE_BYTES_MAX - CUT.len_utf8());
    let mut shortened = text[..end].to_owned();
    shortened.push(CUT);
    shortened
}
