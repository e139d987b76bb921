//! A record of a source → facts about leads, or the reason why not.
//!
//! Pure: the same record and settings give the same facts, whoever reads it and whenever. Checks
//! come in the contract's order (§9): size, readable, CloudEvents attributes, type, data, time.
//! A change here, or of a setting in here, that could move a fact or alter a verdict must let
//! `TRANSLATION` grow.

mod hooks;

use std::sync::Arc;

pub use hooks::{HOOK, Hook, Hooks};

use hooks::{Manner, manner};

use super::adapters::Adapter;
use super::cloudevents::{self, Data, Envelope, Time, TypeName};
use super::facts::{self, FactType, NAME_BYTES_MAX};
use super::json::{self, Arena, Json, Object};
use super::sent_back::First;
use super::{hex, rfc3339};
use crate::domain::event::{RejectReason, Rejection};
use crate::domain::fact::{Body, Fact, Person};
use crate::domain::ids::{LeadId, LeadKey};
use crate::domain::journal::{Content, Original, Role};
use crate::domain::time::Instant;
use crate::log::Record;

/// The number of the translation this code does.
pub const TRANSLATION: u32 = 5;

/// Bytes of an event at most: its record's value, or its line.
pub const EVENT_BYTES_MAX: usize = 256 * 1024;

/// Bytes that are kept of a record for the dead letters: as much as a source may have in one, of
/// which a batch that comes compressed may hold more than could be written again.
const ORIGINAL_BYTES_MAX: usize = 4 << 20;

/// Bytes that the tree of most events takes.
const TREE_BYTES_USUAL: usize = 2 * 1024;

/// A header takes so many more than its name and its value hold, or so it counts: there may be
/// millions of them.
const HEADER_OVERHEAD_BYTES: usize = 16;

/// Bytes that the copies of one record may take in the journal: a fact that state may reject
/// carries the record it came in.
const COPIES_BYTES_MAX: usize = 8 << 20;

/// Under which lead roster facts stand in the journal.
pub const ROSTER: LeadId = LeadId([0; 16]);

/// What a record's meaning hangs on besides the record.
#[derive(Clone, Debug)]
pub struct SourceContext {
    /// The source topic's full name.
    pub topic: String,
    /// The source topic's id.
    pub topic_id: [u8; 16],
    /// The partition the records come from.
    pub partition: u32,
    /// Gives the type where a record names none.
    pub role: Role,
    /// The types taken from this source; `None`: every one.
    pub types: Option<Vec<FactType>>,
    /// Records of other types: ignored instead of dead letters.
    pub ignore_unknown_types: bool,
    /// What makes events of a platform's payloads; none: they are events of ours.
    pub adapter: Option<Arc<Adapter>>,
    /// Of the inbox: the hooks that its records may have come through.
    pub hooks: Hooks,
}

/// What became of one record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Translated {
    /// Facts in their order, then the record itself if anything in it is rejected; nothing where
    /// the type is to be ignored.
    pub contents: Vec<Content>,
    /// Profile attributes left out because their values are of no use here.
    pub attributes_ignored: u32,
}

/// A fact and whom it is about.
pub type LeadFact = (LeadId, Fact);

/// The facts of one event, or why there are none.
type Judged = Result<Vec<LeadFact>, Rejection>;

/// The type that a source of this role gives to records that name none.
pub fn default_type(role: Role) -> Option<FactType> {
    match role {
        Role::Forms => Some(FactType::FormSubmitted),
        Role::Engagement => Some(FactType::EngagementRecorded),
        Role::FollowUps => Some(FactType::FollowUpRecorded),
        Role::Roster => Some(FactType::RepChanged),
        Role::Privacy => Some(FactType::LeadErased),
        Role::Inbox | Role::Policy => None,
    }
}

/// A hash of everything but the record that a translation hangs on, to go with `TRANSLATION`.
/// Equal for equal settings in equal order; partitions do not count.
pub fn settings_hash(sources: &[SourceContext]) -> u64 {
    let mut hasher = blake3::Hasher::new();
    for source in sources {
        Manner::of_source(source).hash(&mut hasher);
        for (name, hook) in source.hooks.iter() {
            Manner::of_hook(name, hook).hash(&mut hasher);
        }
    }
    let mut start = [0; 8];
    hasher.finalize_xof().fill(&mut start);
    u64::from_be_bytes(start)
}

/// Translates one record of `source`.
pub fn translate(source: &SourceContext, key: &LeadKey, record: &Record) -> Translated {
    let mut attributes_ignored = 0;
    let mut contents = Vec::new();
    let mut rejection = None;
    match judged(source, key, record, &mut attributes_ignored, &mut |_| ()) {
        Ok(judged) if copies_too_much(&judged, record) => {
            rejection = Some(rejected(
                RejectReason::TooLarge,
                "too many follow-ups in one record; send fewer at once",
            ));
        }
        Ok(judged) => {
            let count = judged.len();
            let mut others = 0_usize;
            for (number, facts) in (1_usize..).zip(judged) {
                match facts {
                    Ok(facts) => contents.extend(facts.into_iter().map(|fact| content(source, record, fact))),
                    Err(why) if rejection.is_none() => rejection = Some(in_place(why, number, count)),
                    Err(_) => others += 1,
                }
            }
            if let Some(first) = rejection.as_mut().filter(|_| others > 0) {
                first.detail = format!("{}; {others} more of them cannot be used", first.detail);
            }
        }
        Err(why) => rejection = Some(why),
    }
    // Once, however much of it is bad: it is the record that is sent back after a fix.
    contents.extend(rejection.map(|rejection| Content::Rejected {
        rejection,
        original: original(source, record),
    }));
    Translated {
        contents,
        attributes_ignored,
    }
}

/// Would the copies of the record take more than they may? Asked before they are made.
fn copies_too_much(judged: &[Judged], record: &Record) -> bool {
    let facts = judged.iter().flatten().flatten();
    let copies = facts.filter(|(_, fact)| may_be_rejected(&fact.body)).count();
    let bytes = record.value.as_ref().map_or(0, Vec::len);
    judged.len() > 1 && copies * bytes > COPIES_BYTES_MAX
}

/// An event as it came or was made of a payload, and its facts, or why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// As JSON; none where nothing could be made.
    pub event: Option<Vec<u8>>,
    /// Facts, none where the type is to be ignored, or why not.
    pub judged: Result<Vec<LeadFact>, Rejection>,
}

/// What comes of a record, event by event, for people.
pub fn explain(source: &SourceContext, key: &LeadKey, record: &Record) -> Vec<Explained> {
    let mut seen = Vec::new();
    let mut see = |event: Option<&Json<'_>>| {
        seen.push(event.map(|event| {
            let mut text = Vec::new();
            event.write(&mut text);
            text
        }));
    };
    let judged = judged(source, key, record, &mut 0, &mut see).unwrap_or_else(|whole| vec![Err(whole)]);
    seen.resize(judged.len(), None);
    let pairs = seen.into_iter().zip(judged);
    pairs.map(|(event, judged)| Explained { event, judged }).collect()
}

fn content(source: &SourceContext, record: &Record, (lead, fact): LeadFact) -> Content {
    Content::Fact {
        lead,
        original: may_be_rejected(&fact.body).then(|| original(source, record)),
        fact,
    }
}

/// Says which of several events a rejection is about.
fn in_place(mut rejection: Rejection, number: usize, count: usize) -> Rejection {
    if count > 1 {
        rejection.detail = format!("event {number} of {count}: {}", rejection.detail);
    }
    rejection
}

/// Translates one structured CloudEvent that came alone, such as a line of `replay`.
pub fn translate_event(key: &LeadKey, event: &Object<'_>, received: Instant) -> Result<Vec<LeadFact>, Rejection> {
    let envelope = cloudevents::structured(event)?;
    let Some(kind) = envelope.kind.and_then(known_type) else {
        return Err(unknown_type());
    };
    check(key, &envelope, kind, (received, &Names::default()), &mut 0)
}

/// Each event of a record as its facts, or why not; what is wrong with the whole record comes
/// first.
fn judged(
    source: &SourceContext,
    key: &LeadKey,
    record: &Record,
    ignored: &mut u32,
    see: &mut dyn FnMut(Option<&Json<'_>>),
) -> Result<Vec<Judged>, Rejection> {
    let value = record.value.as_deref();
    if value.is_some_and(|value| value.len() > ORIGINAL_BYTES_MAX) {
        let words = "more than 4 MiB, the beginning of which is kept";
        return Err(rejected(RejectReason::TooLarge, words));
    }
    if value.is_some_and(|value| value.len() > EVENT_BYTES_MAX) {
        return Err(rejected(RejectReason::TooLarge, "more than 256 KiB"));
    }
    let manner = manner(source, record)?;
    let adapter = manner.adapter;
    if value.is_none() && adapter.is_some_and(|adapter| adapter.ignores_missing_value) {
        return Ok(Vec::new());
    }
    let value = value.ok_or_else(|| rejected(RejectReason::NotJson, "no value"))?;
    let arena = Arena::with_capacity(TREE_BYTES_USUAL);
    let value = json::parse(json::unframed(value), &arena);
    let value = value.map_err(|fault| rejected(RejectReason::NotJson, &fault.to_string()))?;
    let Some(adapter) = adapter else {
        see(Some(&value));
        let envelope = cloudevents::envelope(&record.headers, &value)?;
        return Ok(vec![facts_of(
            (source, &manner),
            key,
            &envelope,
            (record, None),
            ignored,
        )]);
    };
    let made = adapter.events(&value, &arena);
    let facts = made.into_iter().enumerate().map(|(number, made)| {
        let value = made.map(Json::Object);
        see(value.as_ref().ok());
        let value = value?;
        let envelope = cloudevents::envelope(&[], &value)?;
        facts_of((source, &manner), key, &envelope, (record, Some(number)), ignored)
    });
    Ok(facts.collect())
}

fn facts_of(
    (source, manner): (&SourceContext, &Manner<'_>),
    key: &LeadKey,
    envelope: &Envelope<'_>,
    (record, number): (&Record, Option<usize>),
    ignored: &mut u32,
) -> Result<Vec<LeadFact>, Rejection> {
    let Some(kind) = type_of(manner, envelope.kind)? else {
        return Ok(Vec::new());
    };
    let stands = First {
        partition: source.partition,
        offset: record.offset,
        time: record.time,
    };
    let first = First::of(&record.headers, &source.topic).unwrap_or(stands);
    // A mended adapter may make other events of a record, and give one the number of another.
    let named_by = if number.is_some() { stands } else { first };
    let names = Names {
        source: manner.name,
        position: Some((&source.topic_id, named_by.partition, named_by.offset)),
        number,
    };
    check(key, envelope, kind, (first.time, &names), ignored)
}

/// What names an event that does not name itself.
#[derive(Default)]
struct Names<'a> {
    source: &'a str,
    position: Option<(&'a [u8; 16], u32, u64)>,
    /// Which of several events in the record.
    number: Option<usize>,
}

impl Names<'_> {
    fn by_position(&self) -> String {
        let Some((topic, partition, offset)) = self.position else {
            return String::new();
        };
        let record = format!("{}/{partition}/{offset}", hex(topic));
        match self.number {
            Some(number) => format!("{record}/{number}"),
            None => record,
        }
    }
}

fn known_type(name: TypeName<'_>) -> Option<FactType> {
    match name {
        TypeName::Name(name) => FactType::parse(name),
        TypeName::NotText => None,
    }
}

/// The type of a record; none where it is to be ignored.
fn type_of(manner: &Manner<'_>, name: Option<TypeName<'_>>) -> Result<Option<FactType>, Rejection> {
    let kind = name.map_or_else(|| default_type(manner.role), known_type);
    let taken = |kind: &FactType| manner.types.is_none_or(|types| types.contains(kind));
    match kind.filter(taken) {
        Some(kind) => Ok(Some(kind)),
        None if manner.ignore_unknown_types => Ok(None),
        None => Err(unknown_type()),
    }
}

/// Data, then time, then what the data says of handoffs.
fn check(
    key: &LeadKey,
    envelope: &Envelope<'_>,
    kind: FactType,
    (received, names): (Instant, &Names<'_>),
    ignored: &mut u32,
) -> Result<Vec<LeadFact>, Rejection> {
    let read = read_data(kind, &envelope.data)?;
    *ignored += read.attributes_ignored;
    let source = envelope.source.unwrap_or(names.source);
    let id = envelope.id.map_or_else(|| names.by_position(), str::to_owned);
    if source.len() > NAME_BYTES_MAX || id.len() > NAME_BYTES_MAX {
        return Err(rejected(
            RejectReason::InvalidData,
            "`id` or `source` has more than 256 bytes",
        ));
    }
    let at = match envelope.time {
        Time::Absent => Some(received),
        Time::Text(text) => rfc3339::parse(text),
        Time::NotText => None,
    };
    let at = at.ok_or_else(|| rejected(RejectReason::InvalidTime, "the time is not one of RFC 3339"))?;
    if read.foreign_handoff {
        return Err(rejected(
            RejectReason::UnknownHandoff,
            "`handoff_id` is not one of ours",
        ));
    }
    let fact = Fact {
        source: source.to_owned(),
        id,
        at,
        body: read.body,
    };
    Ok(by_lead(key, fact))
}

fn read_data(kind: FactType, data: &Data<'_>) -> Result<facts::Read, Rejection> {
    match data {
        Data::Object(object) => facts::read(kind, object),
        Data::Wrong(detail) => Err(rejected(RejectReason::InvalidData, detail)),
        Data::Base64(encoded) => {
            let bytes = cloudevents::base64(encoded);
            let bytes = bytes.ok_or_else(|| rejected(RejectReason::InvalidData, "`data_base64` is not base64"))?;
            match json::parse(&bytes, &Arena::new()) {
                Ok(Json::Object(object)) => facts::read(kind, &object),
                _ => Err(rejected(
                    RejectReason::InvalidData,
                    "`data_base64` does not hold a JSON object",
                )),
            }
        }
    }
}

/// The fact under the lead it is about; an erasure under each lead that its identifiers name.
fn by_lead(key: &LeadKey, fact: Fact) -> Vec<LeadFact> {
    let lead = match &fact.body {
        Body::Form(form) => lead_of(key, &form.person),
        Body::Engagement(engagement) => lead_of(key, &engagement.person),
        Body::Profile(person, _) | Body::Consent(person, _) => lead_of(key, person),
        Body::FollowUp(follow_up) => match (&follow_up.handoff, &follow_up.person) {
            (Some(handoff), _) => handoff.lead,
            (None, Some(person)) => lead_of(key, person),
            (None, None) => ROSTER,
        },
        Body::Rep(_) => ROSTER,
        Body::Erasure(person) => return erasures(key, person, &fact),
    };
    vec![(lead, fact)]
}

/// The lead of the strongest identifier.
pub fn lead_of(key: &LeadKey, person: &Person) -> LeadId {
    match person {
        Person { lead_id: Some(id), .. } => key.by_lead_id(id),
        Person {
            email: Some(address), ..
        } => key.by_email(address),
        Person {
            anonymous_id: Some(id), ..
        } => key.by_anonymous_id(id),
        Person { .. } => ROSTER,
    }
}

/// One erasure for each identifier, each carrying only that one.
fn erasures(key: &LeadKey, person: &Person, fact: &Fact) -> Vec<LeadFact> {
    let each = [
        Person {
            lead_id: person.lead_id.clone(),
            ..Person::default()
        },
        Person {
            email: person.email.clone(),
            ..Person::default()
        },
        Person {
            anonymous_id: person.anonymous_id.clone(),
            ..Person::default()
        },
    ];
    let named = each.into_iter().filter(|person| *person != Person::default());
    named
        .map(|person| {
            let lead = lead_of(key, &person);
            let body = Body::Erasure(person);
            (lead, Fact { body, ..fact.clone() })
        })
        .collect()
}

/// Only state can tell whether the team, rep or handoff is known.
fn may_be_rejected(body: &Body) -> bool {
    matches!(body, Body::FollowUp(_) | Body::Rep(_))
}

/// The record as it came, for the dead letters, up to [`ORIGINAL_BYTES_MAX`].
pub fn original(source: &SourceContext, record: &Record) -> Original {
    let mut left = ORIGINAL_BYTES_MAX;
    let key = beginning(record.key.as_deref(), &mut left);
    let value = beginning(record.value.as_deref(), &mut left);
    let headers = record.headers.iter().map_while(|(name, value)| {
        left = left.checked_sub(name.len() + HEADER_OVERHEAD_BYTES)?;
        Some((name.clone(), beginning(value.as_deref(), &mut left)))
    });
    Original {
        topic: source.topic.clone(),
        partition: source.partition,
        offset: record.offset,
        time: record.time,
        key,
        headers: headers.collect(),
        value,
    }
}

/// As much of it as is left room for.
fn beginning(bytes: Option<&[u8]>, left: &mut usize) -> Option<Vec<u8>> {
    let bytes = bytes?;
    let kept = bytes[..bytes.len().min(*left)].to_vec();
    *left -= kept.len();
    Some(kept)
}

fn unknown_type() -> Rejection {
    rejected(RejectReason::UnknownType, "the type is not one that is taken here")
}

fn rejected(reason: RejectReason, detail: &str) -> Rejection {
    Rejection {
        reason,
        detail: detail.to_owned(),
    }
}

#[cfg(test)]
mod tests;
