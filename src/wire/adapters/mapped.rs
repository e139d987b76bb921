//! Applying a mapping to a payload.
//!
//! Of several origins the first that is there counts; `null` and blank text are not there. A value
//! that its table does not know makes the event `unmapped`; one that it maps to nothing leaves the
//! event out.

use std::cell::RefCell;
use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::path::Path;
use super::times::{self, Unit};
use crate::domain::event::{RejectReason, Rejection};
use crate::wire::facts::FactType;
use crate::wire::json::{Arena, Json, Member as Named, Object};

/// Events that are made of one payload at most.
pub const EVENTS_MAX: usize = 1_000;

/// The key of a table of values that stands for everything else.
const OTHERS: &str = "*";

/// What an adapter makes: an event as bare JSON, or why not.
pub type Made<'a> = Result<Object<'a>, Rejection>;

/// A whole adapter file.
#[derive(Clone, Debug)]
pub(super) struct Mapping {
    pub(super) records: Path,
    pub(super) ignores_unmatched: bool,
    pub(super) zone: Option<TimeZone>,
    pub(super) unit: Unit,
    pub(super) events: Vec<Event>,
}

#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) name: String,
    pub(super) kind: FactType,
    pub(super) each: Option<Path>,
    pub(super) when: Vec<Condition>,
    pub(super) id: Vec<Origin>,
    pub(super) time: Vec<Origin>,
    pub(super) members: Vec<(Member, Form, Vec<Origin>)>,
    pub(super) profile: Vec<(String, Vec<Origin>)>,
}

#[derive(Clone, Debug)]
pub(super) struct Condition {
    pub(super) path: Path,
    pub(super) test: Test,
}

#[derive(Clone, Debug)]
pub(super) enum Test {
    OneOf(Vec<String>),
    NoneOf(Vec<String>),
    Present(bool),
}

/// Where a value comes from.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    pub(super) place: Place,
    pub(super) values: Option<BTreeMap<String, String>>,
}

#[derive(Clone, Debug)]
pub(super) enum Place {
    /// A fixed text.
    Here(String),
    /// In the payload.
    There(Path),
}

/// Within which object of the data a member stands, and its name there.
pub(super) type Member = (&'static str, &'static str);

/// What a member must be in our events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Bool,
    Number,
}

/// The members of events: the key in the file, where it goes, and what it is.
pub(super) const MEMBERS: [(&str, Member, Form); 23] = [
    ("lead_id", ("person", "lead_id"), Form::Text),
    ("email", ("person", "email"), Form::Text),
    ("anonymous_id", ("person", "anonymous_id"), Form::Text),
    ("form", ("", "form"), Form::Text),
    ("message", ("", "message"), Form::Text),
    ("activity", ("", "activity"), Form::Text),
    ("target", ("", "target"), Form::Text),
    ("is_bot", ("", "is_bot"), Form::Bool),
    ("sales_contact", ("consent", "sales_contact"), Form::Bool),
    ("campaign_source", ("campaign", "source"), Form::Text),
    ("campaign_medium", ("campaign", "medium"), Form::Text),
    ("campaign_name", ("campaign", "name"), Form::Text),
    ("handoff_id", ("", "handoff_id"), Form::Text),
    ("outcome", ("", "outcome"), Form::Text),
    ("reason", ("", "reason"), Form::Text),
    ("note", ("", "note"), Form::Text),
    ("rep", ("", "rep"), Form::Text),
    ("amount", ("amount", "value"), Form::Text),
    ("currency", ("amount", "currency"), Form::Text),
    ("available", ("", "available"), Form::Bool),
    ("capacity", ("", "capacity"), Form::Number),
    ("team", ("", "team"), Form::Text),
    ("weight", ("", "weight"), Form::Number),
];

/// Why an event is not made.
enum Not {
    /// It is meant to be left out.
    Wanted,
    /// A table of values does not know a value.
    Mapped,
}

/// An item of a record, and the record.
#[derive(Clone, Copy)]
struct Here<'h, 'a> {
    item: &'a Json<'a>,
    record: &'a Json<'a>,
    found: &'h Found<'a>,
}

/// What paths of the whole record lead to, each looked for once however many items there are.
type Found<'a> = RefCell<BTreeMap<*const Path, Option<&'a Json<'a>>>>;

impl<'a> Here<'_, 'a> {
    fn find(&self, path: &Path) -> Option<&'a Json<'a>> {
        if !path.from_record {
            return path.find(self.item, self.record);
        }
        let mut found = self.found.borrow_mut();
        *found
            .entry(std::ptr::from_ref(path))
            .or_insert_with(|| path.find(self.item, self.record))
    }
}

impl Mapping {
    /// What a payload becomes, in its order.
    pub(super) fn events<'a>(&'a self, payload: &'a Json<'a>, arena: &'a Arena) -> Vec<Made<'a>> {
        let mut made = Vec::new();
        for record in items(self.records.find(payload, payload).unwrap_or(payload)) {
            if !self.record(record, arena, &mut made) {
                made.clear();
                made.push(rejected(RejectReason::TooLarge, "more than 1000 events in one record"));
                break;
            }
        }
        made
    }

    /// False: there are too many.
    fn record<'a>(&'a self, record: &'a Json<'a>, arena: &'a Arena, made: &mut Vec<Made<'a>>) -> bool {
        let mut is_matched = false;
        let known = Found::default();
        for event in &self.events {
            let found = match &event.each {
                None => Some(record),
                Some(path) => path.find(record, record),
            };
            let list = found.into_iter().flat_map(|found| match &event.each {
                None => std::slice::from_ref(found),
                Some(_) => items(found),
            });
            for item in list {
                let here = Here {
                    item,
                    record,
                    found: &known,
                };
                if !event.when.iter().all(|condition| condition.holds(here)) {
                    continue;
                }
                is_matched = true;
                match self.event(event, here, arena) {
                    Ok(object) => made.push(Ok(object)),
                    Err(Not::Wanted) => {}
                    Err(Not::Mapped) => made.push(rejected(
                        RejectReason::Unmapped,
                        &format!("the event `{}` has a value that its table does not list", event.name),
                    )),
                }
                if made.len() > EVENTS_MAX {
                    return false;
                }
            }
        }
        if !is_matched && !self.ignores_unmatched {
            made.push(rejected(
                RejectReason::Unmapped,
                "no event of the adapter takes this record",
            ));
        }
        made.len() <= EVENTS_MAX
    }

    fn event<'a>(&'a self, event: &'a Event, here: Here<'_, 'a>, arena: &'a Arena) -> Result<Object<'a>, Not> {
        let mut data = Data::default();
        data.put("", "type", Json::Text(event.kind.name()));
        if let Some(id) = event.id(here)? {
            data.put("", "id", Json::Text(arena.alloc_str(&id)));
        }
        if let Some(time) = first(&event.time, here)? {
            let read = times::read(&time, self.unit, self.zone.as_ref());
            let time = read.map_or(time, |time| Json::Text(arena.alloc_str(&time.to_string())));
            data.put("", "occurred_at", time);
        }
        for ((within, name), form, origins) in &event.members {
            if let Some(value) = first(origins, here)? {
                data.put(event.within(within), name, form.of(value));
            }
        }
        let mut knows_more = event.kind != FactType::ProfileChanged;
        for (name, origins) in &event.profile {
            if let Some(value) = first(origins, here)? {
                data.put("profile", name, value);
                knows_more = true;
            }
        }
        if knows_more {
            Ok(data.object(arena))
        } else {
            Err(Not::Wanted)
        }
    }
}

/// The members of an event while they are found: those of each object together.
#[derive(Default)]
struct Data<'a>(Vec<(&'static str, Vec<Named<'a>>)>);

impl<'a> Data<'a> {
    fn put(&mut self, within: &'static str, name: &'a str, value: Json<'a>) {
        let place = self.0.iter().position(|(other, _)| *other == within);
        let place = place.unwrap_or_else(|| {
            self.0.push((within, Vec::new()));
            self.0.len() - 1
        });
        self.0[place].1.push((name, value));
    }

    fn object(self, arena: &'a Arena) -> Object<'a> {
        let mut whole = Vec::new();
        for (within, members) in self.0 {
            // A deal without a value still has a currency.
            if within == "amount" && members.iter().all(|(name, _)| *name != "value") {
                continue;
            }
            if within.is_empty() {
                whole.extend(members);
            } else {
                let object = Object(arena.alloc_slice_copy(&members));
                whole.push((within, Json::Object(object)));
            }
        }
        Object(arena.alloc_slice_copy(&whole))
    }
}

impl Event {
    /// The object in which a member stands: a consent event has the consent at the top.
    fn within(&self, object: &'static str) -> &'static str {
        if self.kind == FactType::ConsentChanged && object == "consent" {
            ""
        } else {
            object
        }
    }

    /// Its name, after what tells it from others; none if nothing of that is there.
    fn id<'a>(&'a self, here: Here<'_, 'a>) -> Result<Option<String>, Not> {
        let mut parts = Vec::new();
        let mut is_there = false;
        for origin in &self.id {
            let found = origin.find(here)?.and_then(|value| word(&value).map(str::to_owned));
            is_there |= found.is_some() && matches!(origin.place, Place::There(_));
            parts.push(found.unwrap_or_default());
        }
        parts.push(self.name.clone());
        Ok(is_there.then(|| parts.join("/")))
    }
}

impl Condition {
    fn holds(&self, here: Here<'_, '_>) -> bool {
        let found = here.find(&self.path);
        let is_one_of = |words: &[String]| {
            let word = found.and_then(word);
            word.is_some_and(|word| words.iter().any(|other| other == word))
        };
        match &self.test {
            Test::OneOf(words) => is_one_of(words),
            Test::NoneOf(words) => !is_one_of(words),
            Test::Present(present) => found.is_some_and(|found| !is_blank(found)) == *present,
        }
    }
}

impl Origin {
    fn find<'a>(&'a self, here: Here<'_, 'a>) -> Result<Option<Json<'a>>, Not> {
        let path = match &self.place {
            Place::Here(text) => return Ok(Some(Json::Text(text))),
            Place::There(path) => path,
        };
        let found = here.find(path).filter(|value| !is_blank(value));
        let (Some(value), Some(values)) = (found, &self.values) else {
            return Ok(found.copied());
        };
        let known = word(value).and_then(|word| values.get(word));
        match known.or_else(|| values.get(OTHERS)).map(String::as_str) {
            None => Err(Not::Mapped),
            Some("") => Err(Not::Wanted),
            Some(text) => Ok(Some(Json::Text(text))),
        }
    }
}

impl Form {
    /// The value as our events have it; what cannot be that stays, and is refused by its check.
    fn of(self, value: Json<'_>) -> Json<'_> {
        match (self, value) {
            (Self::Text, Json::Number(digits)) => Json::Text(digits),
            (Self::Text, Json::Bool(value)) => Json::Text(if value { "true" } else { "false" }),
            (Self::Bool, Json::Text("true" | "1") | Json::Number("1")) => Json::Bool(true),
            (Self::Bool, Json::Text("false" | "0") | Json::Number("0")) => Json::Bool(false),
            (Self::Number, Json::Text(text)) if text.bytes().all(|byte| byte.is_ascii_digit()) => Json::Number(text),
            (_, value) => value,
        }
    }
}

fn first<'a>(origins: &'a [Origin], here: Here<'_, 'a>) -> Result<Option<Json<'a>>, Not> {
    for origin in origins {
        if let Some(value) = origin.find(here)? {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

fn items<'a>(found: &'a Json<'a>) -> &'a [Json<'a>] {
    match found {
        Json::List(items) => items,
        one => std::slice::from_ref(one),
    }
}

fn is_blank(value: &Json<'_>) -> bool {
    matches!(value, Json::Text(text) if text.trim().is_empty())
}

/// A scalar as text.
fn word<'a>(value: &Json<'a>) -> Option<&'a str> {
    match value {
        Json::Text(text) | Json::Number(text) => Some(text),
        Json::Bool(true) => Some("true"),
        Json::Bool(false) => Some("false"),
        Json::Null | Json::List(_) | Json::Object(_) => None,
    }
}

fn rejected<'a>(reason: RejectReason, detail: &str) -> Made<'a> {
    Err(Rejection {
        reason,
        detail: detail.to_owned(),
    })
}
