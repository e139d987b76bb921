//! What happened, as bytes: a byte for the kind, then the members in the order of `fact.rs`.

use crate::domain::bytes::{Malformed, Reader, Writer};
use crate::domain::fact::{
    Amount, Attribute, Body, Campaign, Engagement, FollowUp, Form, HandoffId, Outcome, Person, RepChange,
};
use crate::domain::value::{Number, Value};

const FORM: u8 = 0;
const ENGAGEMENT: u8 = 1;
const PROFILE: u8 = 2;
const FOLLOW_UP: u8 = 3;
const REP: u8 = 4;
const CONSENT: u8 = 5;
const ERASURE: u8 = 6;

const REMOVED: u8 = 0;
const TEXT: u8 = 1;
const NUMBER: u8 = 2;
const FALSE: u8 = 3;
const TRUE: u8 = 4;

pub(super) fn write(writer: &mut Writer, body: &Body) {
    match body {
        Body::Form(form) => {
            writer.u8(FORM);
            write_form(writer, form);
        }
        Body::Engagement(engagement) => {
            writer.u8(ENGAGEMENT);
            write_engagement(writer, engagement);
        }
        Body::Profile(person, profile) => {
            writer.u8(PROFILE);
            write_person(writer, person);
            writer.list(profile, write_attribute);
        }
        Body::FollowUp(follow_up) => {
            writer.u8(FOLLOW_UP);
            write_follow_up(writer, follow_up);
        }
        Body::Rep(change) => {
            writer.u8(REP);
            write_rep(writer, change);
        }
        Body::Consent(person, sales_contact) => {
            writer.u8(CONSENT);
            write_person(writer, person);
            writer.bool(*sales_contact);
        }
        Body::Erasure(person) => {
            writer.u8(ERASURE);
            write_person(writer, person);
        }
    }
}

pub(super) fn read(reader: &mut Reader<'_>) -> Result<Body, Malformed> {
    Ok(match reader.u8()? {
        FORM => Body::Form(read_form(reader)?),
        ENGAGEMENT => Body::Engagement(read_engagement(reader)?),
        PROFILE => Body::Profile(read_person(reader)?, reader.list(read_attribute)?),
        FOLLOW_UP => Body::FollowUp(read_follow_up(reader)?),
        REP => Body::Rep(read_rep(reader)?),
        CONSENT => Body::Consent(read_person(reader)?, reader.bool()?),
        ERASURE => Body::Erasure(read_person(reader)?),
        _ => return Err(Malformed),
    })
}

fn write_form(writer: &mut Writer, form: &Form) {
    write_person(writer, &form.person);
    writer.text(&form.form);
    writer.list(&form.profile, write_attribute);
    writer.option(form.campaign.as_ref(), write_campaign);
    writer.option(form.sales_contact, Writer::bool);
    write_text(writer, form.message.as_deref());
}

fn read_form(reader: &mut Reader<'_>) -> Result<Form, Malformed> {
    Ok(Form {
        person: read_person(reader)?,
        form: read_owned(reader)?,
        profile: reader.list(read_attribute)?,
        campaign: reader.option(read_campaign)?,
        sales_contact: reader.option(Reader::bool)?,
        message: read_text(reader)?,
    })
}

fn write_engagement(writer: &mut Writer, engagement: &Engagement) {
    write_person(writer, &engagement.person);
    writer.text(&engagement.activity);
    write_text(writer, engagement.target.as_deref());
    writer.option(engagement.campaign.as_ref(), write_campaign);
    writer.bool(engagement.is_bot);
}

fn read_engagement(reader: &mut Reader<'_>) -> Result<Engagement, Malformed> {
    Ok(Engagement {
        person: read_person(reader)?,
        activity: read_owned(reader)?,
        target: read_text(reader)?,
        campaign: reader.option(read_campaign)?,
        is_bot: reader.bool()?,
    })
}

fn write_follow_up(writer: &mut Writer, follow_up: &FollowUp) {
    writer.option(follow_up.handoff, write_handoff);
    writer.option(follow_up.person.as_ref(), write_person);
    let place = Outcome::ALL.iter().position(|outcome| *outcome == follow_up.outcome);
    writer.u8(place.unwrap_or_default() as u8);
    write_text(writer, follow_up.reason.as_deref());
    write_text(writer, follow_up.note.as_deref());
    write_text(writer, follow_up.rep.as_deref());
    writer.option(follow_up.amount.as_ref(), |writer, amount| {
        writer.text(&amount.value);
        writer.text(&amount.currency);
    });
}

fn read_follow_up(reader: &mut Reader<'_>) -> Result<FollowUp, Malformed> {
    Ok(FollowUp {
        handoff: reader.option(read_handoff)?,
        person: reader.option(read_person)?,
        outcome: *Outcome::ALL.get(usize::from(reader.u8()?)).ok_or(Malformed)?,
        reason: read_text(reader)?,
        note: read_text(reader)?,
        rep: read_text(reader)?,
        amount: reader.option(|reader| {
            Ok(Amount {
                value: read_owned(reader)?,
                currency: read_owned(reader)?,
            })
        })?,
    })
}

fn write_handoff(writer: &mut Writer, handoff: HandoffId) {
    writer.raw(&handoff.lead.0);
    writer.uint(handoff.cycle.into());
    writer.uint(handoff.attempt.into());
}

fn read_handoff(reader: &mut Reader<'_>) -> Result<HandoffId, Malformed> {
    Ok(HandoffId {
        lead: super::read_lead(reader)?,
        cycle: reader.u32()?,
        attempt: reader.u32()?,
    })
}

fn write_rep(writer: &mut Writer, change: &RepChange) {
    writer.text(&change.rep);
    writer.option(change.available, Writer::bool);
    writer.option(change.capacity.map(u64::from), Writer::uint);
    write_text(writer, change.team.as_deref());
    writer.option(change.weight.map(u64::from), Writer::uint);
    writer.option(change.skills.as_ref(), |writer, skills| {
        writer.list(skills, |writer, skill| writer.text(skill));
    });
}

fn read_rep(reader: &mut Reader<'_>) -> Result<RepChange, Malformed> {
    Ok(RepChange {
        rep: read_owned(reader)?,
        available: reader.option(Reader::bool)?,
        capacity: reader.option(Reader::u32)?,
        team: read_text(reader)?,
        weight: reader.option(Reader::u32)?,
        skills: reader.option(|reader| reader.list(read_owned))?,
    })
}

fn write_person(writer: &mut Writer, person: &Person) {
    write_text(writer, person.lead_id.as_deref());
    write_text(writer, person.email.as_deref());
    write_text(writer, person.anonymous_id.as_deref());
}

fn read_person(reader: &mut Reader<'_>) -> Result<Person, Malformed> {
    Ok(Person {
        lead_id: read_text(reader)?,
        email: read_text(reader)?,
        anonymous_id: read_text(reader)?,
    })
}

fn write_campaign(writer: &mut Writer, campaign: &Campaign) {
    write_text(writer, campaign.source.as_deref());
    write_text(writer, campaign.medium.as_deref());
    write_text(writer, campaign.name.as_deref());
}

fn read_campaign(reader: &mut Reader<'_>) -> Result<Campaign, Malformed> {
    Ok(Campaign {
        source: read_text(reader)?,
        medium: read_text(reader)?,
        name: read_text(reader)?,
    })
}

fn write_attribute(writer: &mut Writer, (name, value): &Attribute) {
    writer.text(name);
    match value {
        None => writer.u8(REMOVED),
        Some(Value::Text(text)) => {
            writer.u8(TEXT);
            writer.text(text);
        }
        Some(Value::Number(number)) => {
            writer.u8(NUMBER);
            writer.text(number.text());
        }
        Some(Value::Bool(value)) => writer.u8(if *value { TRUE } else { FALSE }),
    }
}

fn read_attribute(reader: &mut Reader<'_>) -> Result<Attribute, Malformed> {
    let name = read_owned(reader)?;
    let value = match reader.u8()? {
        REMOVED => None,
        TEXT => Some(Value::Text(read_owned(reader)?)),
        NUMBER => Some(Value::Number(Number::parse(reader.text()?).ok_or(Malformed)?)),
        FALSE => Some(Value::Bool(false)),
        TRUE => Some(Value::Bool(true)),
        _ => return Err(Malformed),
    };
    Ok((name, value))
}

/// Text behind its length plus one; zero: absent.
fn write_text(writer: &mut Writer, text: Option<&str>) {
    match text {
        None => writer.uint(0),
        Some(text) => {
            writer.uint(text.len() as u64 + 1);
            writer.raw(text.as_bytes());
        }
    }
}

fn read_text(reader: &mut Reader<'_>) -> Result<Option<String>, Malformed> {
    let length = reader.uint()?;
    if length == 0 {
        return Ok(None);
    }
    let bytes = reader.raw(usize::try_from(length - 1).map_err(|_| Malformed)?)?;
    let text = std::str::from_utf8(bytes).map_err(|_| Malformed)?;
    Ok(Some(text.to_owned()))
}

fn read_owned(reader: &mut Reader<'_>) -> Result<String, Malformed> {
    reader.text().map(str::to_owned)
}
