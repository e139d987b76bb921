//! `data` → what happened, checked (contract §1, §9).
//!
//! Members that are not ours are kept out of the way; `null` in an optional member is absence, and
//! so is text that is empty after trimming, except as a value inside `profile`. What is wrong is told by the name of the member, never by
//! its value.

mod members;

use self::members::{Members, wrong};
use super::json::{Json, Object};
use crate::domain::event::Rejection;
use crate::domain::fact::{
    Amount, Attribute, Body, Campaign, Engagement, FollowUp, Form, HandoffId, Outcome, Person, RepChange,
};
use crate::domain::value::{Number, Value};

/// Bytes of an identifier or a name at most.
pub const NAME_BYTES_MAX: usize = 256;
/// Bytes of a message, note or reason at most; longer ones are cut and marked.
pub const PROSE_BYTES_MAX: usize = 4096;
/// Attributes of a profile at most.
pub const ATTRIBUTES_MAX: usize = 64;
/// Bytes of an attribute's text at most.
pub const ATTRIBUTE_BYTES_MAX: usize = 1024;
/// Skills of a rep at most.
pub const SKILLS_MAX: usize = 64;
/// Open handoffs of a rep at most.
pub const CAPACITY_MAX: u32 = 1_000_000;
/// A rep's share at most.
pub const WEIGHT_MAX: u32 = 1000;

/// The types of events that come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FactType {
    /// `tasuki.form.submitted.v1`
    FormSubmitted,
    /// `tasuki.engagement.recorded.v1`
    EngagementRecorded,
    /// `tasuki.profile.changed.v1`
    ProfileChanged,
    /// `tasuki.follow-up.recorded.v1`
    FollowUpRecorded,
    /// `tasuki.rep.changed.v1`
    RepChanged,
    /// `tasuki.consent.changed.v1`
    ConsentChanged,
    /// `tasuki.lead.erased.v1`
    LeadErased,
}

impl FactType {
    /// Every type, in the contract's order.
    pub const ALL: [Self; 7] = [
        Self::FormSubmitted,
        Self::EngagementRecorded,
        Self::ProfileChanged,
        Self::FollowUpRecorded,
        Self::RepChanged,
        Self::ConsentChanged,
        Self::LeadErased,
    ];

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::FormSubmitted => "tasuki.form.submitted.v1",
            Self::EngagementRecorded => "tasuki.engagement.recorded.v1",
            Self::ProfileChanged => "tasuki.profile.changed.v1",
            Self::FollowUpRecorded => "tasuki.follow-up.recorded.v1",
            Self::RepChanged => "tasuki.rep.changed.v1",
            Self::ConsentChanged => "tasuki.consent.changed.v1",
            Self::LeadErased => "tasuki.lead.erased.v1",
        }
    }

    /// The type of an event that says this.
    pub fn of(body: &Body) -> Self {
        match body {
            Body::Form(_) => Self::FormSubmitted,
            Body::Engagement(_) => Self::EngagementRecorded,
            Body::Profile(..) => Self::ProfileChanged,
            Body::FollowUp(_) => Self::FollowUpRecorded,
            Body::Rep(_) => Self::RepChanged,
            Body::Consent(..) => Self::ConsentChanged,
            Body::Erasure(_) => Self::LeadErased,
        }
    }

    /// The type of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What was read of `data`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// What happened.
    pub body: Body,
    /// Profile attributes left out because their values are of no use here.
    pub attributes_ignored: u32,
    /// The data is well-formed, but names a handoff that cannot be ours.
    pub foreign_handoff: bool,
}

/// Reads `data` of this type.
pub fn read(kind: FactType, data: &Object<'_>) -> Result<Read, Rejection> {
    let data = Members {
        object: data,
        within: "",
    };
    let mut ignored = 0;
    let mut foreign_handoff = false;
    let body = match kind {
        FactType::FormSubmitted => Body::Form(form(data, &mut ignored)?),
        FactType::EngagementRecorded => Body::Engagement(engagement(data)?),
        FactType::ProfileChanged => {
            let person = person(data)?;
            let profile = data.object("profile", "profile.")?;
            let profile = profile.ok_or_else(|| data.missing("profile"))?;
            Body::Profile(person, attributes(profile, &mut ignored)?)
        }
        FactType::FollowUpRecorded => {
            let (follow_up, foreign) = follow_up(data)?;
            foreign_handoff = foreign;
            Body::FollowUp(follow_up)
        }
        FactType::RepChanged => Body::Rep(rep(data)?),
        FactType::ConsentChanged => {
            let person = person(data)?;
            let sales_contact = data.bool("sales_contact")?;
            Body::Consent(person, sales_contact.ok_or_else(|| data.missing("sales_contact"))?)
        }
        FactType::LeadErased => Body::Erasure(person(data)?),
    };
    Ok(Read {
        body,
        attributes_ignored: ignored,
        foreign_handoff,
    })
}

fn form(data: Members<'_>, ignored: &mut u32) -> Result<Form, Rejection> {
    let person = person(data)?;
    let form = data.required_name("form")?;
    let profile = match data.object("profile", "profile.")? {
        Some(profile) => attributes(profile, ignored)?,
        None => Vec::new(),
    };
    let consent = data.object("consent", "consent.")?;
    Ok(Form {
        person,
        form,
        profile,
        campaign: campaign(data)?,
        sales_contact: consent.map_or(Ok(None), |consent| consent.bool("sales_contact"))?,
        message: data.prose("message")?,
    })
}

fn engagement(data: Members<'_>) -> Result<Engagement, Rejection> {
    Ok(Engagement {
        person: person(data)?,
        activity: data.required_name("activity")?,
        target: data.text("target")?.map(str::to_owned),
        campaign: campaign(data)?,
        is_bot: data.bool("is_bot")?.unwrap_or(false),
    })
}

/// The follow-up, and whether the handoff it names has a form we never write.
fn follow_up(data: Members<'_>) -> Result<(FollowUp, bool), Rejection> {
    let named = data.text("handoff_id")?;
    let handoff = named.and_then(HandoffId::parse);
    let person = if named.is_some() { None } else { Some(person(data)?) };
    let outcome = data.text("outcome")?.ok_or_else(|| data.missing("outcome"))?;
    let outcome = Outcome::parse(outcome).ok_or_else(|| data.wrong("outcome", "is not one of the outcomes"))?;
    let amount = match data.object("amount", "amount.")? {
        Some(amount) => Some(Amount {
            value: amount.required_name("value")?,
            currency: amount.required_name("currency")?,
        }),
        None => None,
    };
    let follow_up = FollowUp {
        handoff,
        person,
        outcome,
        reason: data.prose("reason")?,
        note: data.prose("note")?,
        rep: data.name("rep")?,
        amount,
    };
    Ok((follow_up, named.is_some() && handoff.is_none()))
}

fn rep(data: Members<'_>) -> Result<RepChange, Rejection> {
    Ok(RepChange {
        rep: data.required_name("rep")?,
        available: data.bool("available")?,
        capacity: data.integer("capacity", 0..=CAPACITY_MAX)?,
        team: data.name("team")?,
        weight: data.integer("weight", 1..=WEIGHT_MAX)?,
        skills: skills(data)?,
    })
}

fn skills(data: Members<'_>) -> Result<Option<Vec<String>>, Rejection> {
    let items = match data.object.get("skills") {
        None => return Ok(None),
        Some(Json::List(items)) if items.len() <= SKILLS_MAX => items,
        Some(Json::List(_)) => return Err(data.wrong("skills", "has more than 64 items")),
        Some(_) => return Err(data.wrong("skills", "is not a list")),
    };
    let skill = |item: &Json<'_>| match item {
        Json::Text(skill) if skill.len() <= NAME_BYTES_MAX => Ok(skill.to_string()),
        _ => Err(data.wrong("skills", "holds something that is not text of at most 256 bytes")),
    };
    items.iter().map(skill).collect::<Result<_, _>>().map(Some)
}

fn person(data: Members<'_>) -> Result<Person, Rejection> {
    let members = data
        .object("person", "person.")?
        .ok_or_else(|| data.missing("person"))?;
    let person = Person {
        lead_id: members.lead_id()?,
        email: members.name("email")?,
        anonymous_id: members.name("anonymous_id")?,
    };
    if person == Person::default() {
        return Err(data.wrong("person", "has none of lead_id, email, anonymous_id"));
    }
    Ok(person)
}

/// A campaign that says nothing is none.
fn campaign(data: Members<'_>) -> Result<Option<Campaign>, Rejection> {
    let Some(members) = data.object("campaign", "campaign.")? else {
        return Ok(None);
    };
    let campaign = Campaign {
        source: members.name("source")?,
        medium: members.name("medium")?,
        name: members.name("name")?,
    };
    Ok((campaign != Campaign::default()).then_some(campaign))
}

fn attributes(profile: Members<'_>, ignored: &mut u32) -> Result<Vec<Attribute>, Rejection> {
    let mut attributes: Vec<Attribute> = Vec::new();
    for (name, value) in profile.object.of_each_name() {
        let value = match attribute(value)? {
            Known::Value(value) => Some(value),
            Known::Removed => None,
            Known::Useless => {
                *ignored += 1;
                continue;
            }
        };
        if name.len() > NAME_BYTES_MAX {
            return Err(wrong("a name in `profile` has more than 256 bytes"));
        }
        if attributes.len() == ATTRIBUTES_MAX {
            return Err(wrong("`profile` has more than 64 attributes"));
        }
        attributes.push((name.to_string(), value));
    }
    Ok(attributes)
}

/// What a value of a profile is to us.
enum Known {
    Value(Value),
    Removed,
    Useless,
}

fn attribute(value: &Json<'_>) -> Result<Known, Rejection> {
    Ok(match value {
        Json::Null => Known::Removed,
        Json::Bool(value) => Known::Value(Value::Bool(*value)),
        Json::Text(text) if text.len() <= ATTRIBUTE_BYTES_MAX => Known::Value(Value::Text(text.to_string())),
        Json::Text(_) => return Err(wrong("an attribute of `profile` has more than 1 KiB")),
        Json::Number(text) if text.len() <= ATTRIBUTE_BYTES_MAX => match Number::parse(text) {
            Some(number) => Known::Value(Value::Number(number)),
            None => Known::Useless,
        },
        Json::Number(_) | Json::List(_) | Json::Object(_) => Known::Useless,
    })
}

#[cfg(test)]
mod tests;
