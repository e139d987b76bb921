//! Who a person is and where they came from, each standing by event time.

use std::borrow::Cow;

use super::bytes::{Malformed, Reader, Writer};
use super::event::CampaignSpan;
use super::fact::{Campaign, Person};
use super::form::{Form, read_word, write_word};
use super::time::Instant;

/// Something that was said at an event time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said<T> {
    pub(crate) what: T,
    pub(crate) at: Instant,
}

/// Text that was said.
pub(crate) type SaidText<'a> = Said<Cow<'a, str>>;

/// The latest wins; at equal times the one that comes later.
pub(crate) fn latest<T>(standing: &mut Option<Said<T>>, at: Instant, what: impl FnOnce() -> T) {
    if standing.as_ref().is_none_or(|said| said.at <= at) {
        *standing = Some(Said { what: what(), at });
    }
}

pub(crate) fn write_said_text(writer: &mut Writer, form: Form, said: &SaidText<'_>) {
    form.write_time(writer, said.at);
    writer.text(&said.what);
}

pub(crate) fn read_said_text<'a>(reader: &mut Reader<'a>, form: Form) -> Result<SaidText<'a>, Malformed> {
    Ok(Said {
        at: form.read_time(reader)?,
        what: Cow::Borrowed(reader.text()?),
    })
}

/// The identifiers as last given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Identity<'a> {
    lead_id: Option<SaidText<'a>>,
    email: Option<SaidText<'a>>,
    anonymous_id: Option<SaidText<'a>>,
}

impl<'a> Identity<'a> {
    /// Takes note of what an event calls the person; an absent identifier says nothing.
    pub(crate) fn learn(&mut self, person: &Person, at: Instant) {
        let pairs = [
            (&mut self.lead_id, &person.lead_id),
            (&mut self.email, &person.email),
            (&mut self.anonymous_id, &person.anonymous_id),
        ];
        for (standing, given) in pairs {
            match (standing, given) {
                (_, None) => {}
                (Some(said), Some(given)) if said.what == *given => said.at = said.at.max(at),
                (standing, Some(given)) => latest(standing, at, || Cow::Owned(given.clone())),
            }
        }
    }

    pub(crate) fn person(&self) -> Person {
        let text = |said: &Option<SaidText<'_>>| said.as_ref().map(|said| said.what.to_string());
        Person {
            lead_id: text(&self.lead_id),
            email: text(&self.email),
            anonymous_id: text(&self.anonymous_id),
        }
    }

    pub(crate) fn write(&self, writer: &mut Writer, form: Form) {
        let all = [&self.lead_id, &self.email, &self.anonymous_id];
        let flags = all.iter().enumerate();
        writer.u8(flags.map(|(bit, said)| u8::from(said.is_some()) << bit).sum());
        for said in all.into_iter().flatten() {
            write_said_text(writer, form, said);
        }
    }

    pub(crate) fn read(reader: &mut Reader<'a>, form: Form) -> Result<Self, Malformed> {
        let flags = reader.u8()?;
        let mut one = |bit: u8| match flags & bit {
            0 => Ok(None),
            _ => read_said_text(reader, form).map(Some),
        };
        Ok(Self {
            lead_id: one(1)?,
            email: one(2)?,
            anonymous_id: one(4)?,
        })
    }
}

/// The campaigns of the earliest and the latest event that carried one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Campaigns {
    first: Option<Said<Campaign>>,
    last: Option<Said<Campaign>>,
}

impl Campaigns {
    pub(crate) fn learn(&mut self, campaign: &Campaign, at: Instant) {
        if self.first.as_ref().is_none_or(|said| at < said.at) {
            let what = campaign.clone();
            self.first = Some(Said { what, at });
        }
        latest(&mut self.last, at, || campaign.clone());
    }

    pub(crate) fn span(&self) -> CampaignSpan {
        let campaign = |said: &Option<Said<Campaign>>| said.as_ref().map(|said| said.what.clone());
        CampaignSpan {
            first: campaign(&self.first),
            last: campaign(&self.last),
        }
    }

    pub(crate) fn write(&self, writer: &mut Writer, form: Form) {
        let (Some(first), Some(last)) = (&self.first, &self.last) else {
            return;
        };
        write_campaign(writer, form, first);
        if first != last {
            write_campaign(writer, form, last);
        }
    }

    /// Takes all bytes there are.
    pub(crate) fn read(reader: &mut Reader<'_>, form: Form) -> Result<Self, Malformed> {
        if reader.0.is_empty() {
            return Ok(Self::default());
        }
        let first = read_campaign(reader, form)?;
        let last = if reader.0.is_empty() {
            first.clone()
        } else {
            read_campaign(reader, form)?
        };
        Ok(Self {
            first: Some(first),
            last: Some(last),
        })
    }
}

fn write_campaign(writer: &mut Writer, form: Form, said: &Said<Campaign>) {
    form.write_time(writer, said.at);
    for word in [&said.what.source, &said.what.medium, &said.what.name] {
        write_word(writer, word.as_deref());
    }
}

fn read_campaign(reader: &mut Reader<'_>, form: Form) -> Result<Said<Campaign>, Malformed> {
    let at = form.read_time(reader)?;
    let mut text = || {
        let word = if form.is_first() {
            reader.option(Reader::text)
        } else {
            read_word(reader)
        };
        Ok(word?.map(str::to_owned))
    };
    let what = Campaign {
        source: text()?,
        medium: text()?,
        name: text()?,
    };
    Ok(Said { what, at })
}
