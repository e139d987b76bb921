//! A lead: what we know of a person, and where we stand with them.
//!
//! At rest a lead is its image; it is read, changed and written back for each event. Identifiers
//! and touches are read each time, what is rarely needed only when somebody looks.

use std::borrow::Cow;

use super::bytes::{Malformed, Reader, Writer};
use super::cycle::{Archive, Cycle, Due};
use super::effects::Step;
use super::event::{CampaignSpan, Decision, Score, Stage, StageChanged, Topic};
use super::fact::{Body, Campaign, Person};
use super::form::Form;
use super::history::History;
use super::identity::{Campaigns, Identity, Said, SaidText, latest, read_said_text, write_said_text};
use super::ids::LeadId;
use super::profile::Profile;
use super::score;
use super::section::Section;
use super::time::Instant;
use super::touches::Touches;

/// What is kept under a lead id.
#[derive(Clone, Debug)]
pub(crate) enum Known<'a> {
    /// Nothing but perhaps duplicate marks.
    Nothing,
    /// An erased person.
    Erased(Erased),
    /// A lead.
    Lead(Lead<'a>),
}

/// What is kept of an erased person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Erased {
    /// What happened at or before this is dropped.
    pub(crate) at: Instant,
    /// The last cycle's number, so that no handoff id is used twice.
    pub(crate) cycle: u32,
}

/// A lead.
#[derive(Clone, Debug)]
pub(crate) struct Lead<'a> {
    pub(crate) id: LeadId,
    /// Journal time of the first event.
    born: Instant,
    pub(crate) stage: Stage,
    /// Journal time of the last stage change.
    pub(crate) since: Instant,
    /// The number of the last cycle; 0 before the first.
    pub(crate) cycle: u32,
    /// An erasure that came before this lead.
    pub(crate) erased: Option<Erased>,
    /// May sales contact this person?
    pub(crate) consent: Option<Said<bool>>,
    pub(crate) touches: Touches,
    pub(crate) message: Option<SaidText<'a>>,
    identity: Identity<'a>,
    profile: Section<'a, Profile<'a>>,
    campaigns: Section<'a, Campaigns>,
    history: Section<'a, History>,
    /// The first deadline in the history, so that nobody need look.
    due: Option<Instant>,
}

impl<'a> Known<'a> {
    /// The first byte of a lead, and of one that the first version wrote.
    const LEAD: u8 = 3;
    const FIRST_LEAD: u8 = 2;

    /// Whether these bytes are a lead's.
    pub(crate) fn is_lead(bytes: &[u8]) -> bool {
        bytes.first() == Some(&Self::LEAD)
    }

    /// An erasure that came before.
    pub(crate) fn erased(&self) -> Option<Erased> {
        match self {
            Self::Nothing => None,
            Self::Erased(erased) => Some(*erased),
            Self::Lead(lead) => lead.erased,
        }
    }

    /// When the first deadline of the lead fires.
    pub(crate) fn due(&self) -> Option<Instant> {
        match self {
            Self::Nothing | Self::Erased(_) => None,
            Self::Lead(lead) => lead.due(),
        }
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        match self {
            Self::Nothing => {}
            Self::Erased(erased) => {
                writer.u8(1);
                erased.write(writer);
            }
            Self::Lead(lead) => {
                writer.u8(Self::LEAD);
                lead.write(writer);
            }
        }
    }

    /// Reads what is kept under `id`; no bytes are nothing.
    pub(crate) fn read(id: LeadId, bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader(bytes);
        if bytes.is_empty() {
            return Ok(Self::Nothing);
        }
        let known = match reader.u8()? {
            1 => Self::Erased(Erased::read(&mut reader)?),
            Self::LEAD => Self::Lead(Lead::read(id, &mut reader)?),
            Self::FIRST_LEAD => Self::Lead(Lead::read_first(id, &mut reader)?),
            _ => return Err(Malformed),
        };
        reader.end()?;
        Ok(known)
    }

    /// These bytes, or what the first version wrote in today's form.
    pub(crate) fn renewed(id: LeadId, bytes: &[u8]) -> Result<Cow<'_, [u8]>, Malformed> {
        if bytes.first() != Some(&Self::FIRST_LEAD) {
            return Ok(bytes.into());
        }
        let mut writer = Writer::new();
        Known::checked(id, bytes)?.write(&mut writer);
        Ok(writer.0.into())
    }

    /// Reads bytes that come from outside: each section must say something.
    pub(crate) fn checked(id: LeadId, bytes: &'a [u8]) -> Result<Self, Malformed> {
        let known = Self::read(id, bytes)?;
        if let Self::Lead(lead) = &known {
            let form = lead.form();
            whole(lead.profile.packed(), |reader| Profile::read(reader, form))?;
            whole(lead.campaigns.packed(), |reader| Campaigns::read(reader, form))?;
            whole(lead.history.packed(), History::read)?;
        }
        Ok(known)
    }
}

/// What a section says, to its end; none if it says nothing.
fn whole<'a, T>(
    bytes: &'a [u8],
    read: impl FnOnce(&mut Reader<'a>) -> Result<T, Malformed>,
) -> Result<Option<T>, Malformed> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let mut reader = Reader(bytes);
    let value = read(&mut reader)?;
    reader.end()?;
    Ok(Some(value))
}

impl Erased {
    fn write(self, writer: &mut Writer) {
        writer.int(self.at.millis());
        writer.uint(self.cycle.into());
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            at: Instant::from_millis(reader.int()?),
            cycle: reader.u32()?,
        })
    }
}

impl<'a> Lead<'a> {
    /// Somebody we have not heard of, or whom we were told to forget.
    pub(crate) fn new(id: LeadId, since: Instant, erased: Option<Erased>) -> Self {
        Self {
            id,
            born: since,
            stage: Stage::Inquiry,
            since,
            cycle: erased.map_or(0, |erased| erased.cycle),
            erased,
            consent: None,
            touches: Touches::default(),
            message: None,
            identity: Identity::default(),
            profile: Section::default(),
            campaigns: Section::default(),
            history: Section::default(),
            due: None,
        }
    }

    /// Takes note of what an event says. Returns the places of the engagement rules it matched.
    pub(crate) fn learn(&mut self, step: &mut Step<'_>, happened: Instant, body: &Body) -> Vec<usize> {
        let matched = step.terms.matched(body);
        for key in matched.iter().filter_map(|place| step.terms.key(*place)) {
            self.touches.add(key, happened.day(), step.at.day());
        }
        match body {
            Body::Form(form) => {
                self.identity.learn(&form.person, happened);
                self.learn_campaign(form.campaign.as_ref(), happened);
                for attribute in &form.profile {
                    let room = self.profile().learn(attribute, happened);
                    step.effects.counts.attributes_ignored += u64::from(!room);
                }
                if let Some(consent) = form.sales_contact {
                    latest(&mut self.consent, happened, || consent);
                }
                if let Some(message) = &form.message {
                    latest(&mut self.message, happened, || message.clone().into());
                }
            }
            Body::Engagement(engagement) => {
                self.identity.learn(&engagement.person, happened);
                self.learn_campaign(engagement.campaign.as_ref(), happened);
            }
            Body::Profile(person, attributes) => {
                self.identity.learn(person, happened);
                for attribute in attributes {
                    let room = self.profile().learn(attribute, happened);
                    step.effects.counts.attributes_ignored += u64::from(!room);
                }
            }
            Body::Consent(person, consent) => {
                self.identity.learn(person, happened);
                latest(&mut self.consent, happened, || *consent);
            }
            Body::FollowUp(_) | Body::Rep(_) | Body::Erasure(_) => {}
        }
        matched
    }

    fn learn_campaign(&mut self, campaign: Option<&Campaign>, happened: Instant) {
        if let Some(campaign) = campaign {
            let form = self.form();
            let campaigns = self.campaigns.open(|reader| Campaigns::read(reader, form));
            campaigns.learn(campaign, happened);
        }
    }

    /// The attributes.
    pub(crate) fn profile(&mut self) -> &mut Profile<'a> {
        let form = self.form();
        self.profile.open(|reader| Profile::read(reader, form))
    }

    /// Whether no attribute was ever given.
    pub(crate) fn is_blank(&self) -> bool {
        self.profile.is_empty()
    }

    /// What came of qualifying.
    pub(crate) fn history(&mut self) -> &mut History {
        self.history.open(History::read)
    }

    /// The latest cycle, if it is of this lead's life.
    pub(crate) fn cycle_mut(&mut self) -> Option<&mut Cycle> {
        self.history().cycles.last_mut()
    }

    /// Whether the lead ever qualified.
    pub(crate) fn has_history(&self) -> bool {
        !self.history.is_empty()
    }

    /// The identifiers as last given.
    pub(crate) fn person(&self) -> Person {
        self.identity.person()
    }

    /// First and last campaign.
    pub(crate) fn campaigns(&mut self) -> CampaignSpan {
        let form = self.form();
        self.campaigns.open(|reader| Campaigns::read(reader, form)).span()
    }

    /// The whole score on a day.
    pub(crate) fn score(&mut self, step: &Step<'_>, today: i32) -> Score {
        let form = self.form();
        let profile = self.profile.open(|reader| Profile::read(reader, form));
        score::score(step.terms, &self.touches, profile, today)
    }

    /// Says that the lead is at a stage now.
    pub(crate) fn emit_stage(
        &mut self,
        step: &mut Step<'_>,
        from: Option<Stage>,
        rule: Option<&str>,
        reason: Option<&str>,
    ) {
        let changed = StageChanged {
            lead: self.id,
            cycle: self.cycle,
            from,
            to: self.stage,
            at: step.at,
            because_event: step.cause.to_string(),
            because_rule: rule.map(str::to_owned),
            because_reason: reason.map(str::to_owned),
            score: self.score(step, step.at.day()),
            policy: step.stamp(),
        };
        step.emit(Topic::Lifecycle, self.id, Decision::StageChanged(changed));
    }

    /// The first deadline to fire.
    pub(crate) fn first_due(&mut self) -> Option<Due> {
        self.history().cycles.iter().filter_map(Cycle::first_due).min()
    }

    fn due(&self) -> Option<Instant> {
        match self.history.opened() {
            Some(history) => history
                .cycles
                .iter()
                .filter_map(|cycle| Some(cycle.first_due()?.at))
                .min(),
            None => self.due,
        }
    }

    /// Puts cycles away that are behind the present one and owe nothing.
    pub(crate) fn archive_cycles(&mut self, archive: &mut Archive, step: &mut Step<'_>) {
        let lead = self.id;
        let cycles = &mut self.history().cycles;
        let present = cycles.last().map(|cycle| cycle.number);
        cycles.retain(|cycle| {
            let keep = Some(cycle.number) == present || cycle.first_due().is_some();
            if !keep {
                archive.put(lead, cycle, step.effects);
            }
            keep
        });
    }

    /// How it is written down.
    fn form(&self) -> Form {
        Form::since(self.born)
    }

    fn write(&self, writer: &mut Writer) {
        let (due, form) = (self.due(), self.form());
        let flags = [
            self.erased.is_some(),
            self.consent.is_some(),
            self.consent.as_ref().is_some_and(|consent| consent.what),
            self.message.is_some(),
            due.is_some(),
            self.since != self.born,
        ];
        let flags = flags.into_iter().enumerate();
        writer.u8(flags.map(|(bit, set)| u8::from(set) << bit).sum());
        writer.u8(stage_number(self.stage));
        writer.int(self.born.millis());
        if self.since != self.born {
            form.write_time(writer, self.since);
        }
        writer.uint(self.cycle.into());
        if let Some(erased) = self.erased {
            erased.write(writer);
        }
        if let Some(consent) = &self.consent {
            form.write_time(writer, consent.at);
        }
        if let Some(message) = &self.message {
            write_said_text(writer, form, message);
        }
        if let Some(due) = due {
            form.write_time(writer, due);
        }
        self.identity.write(writer, form);
        self.touches.write(writer, form);
        self.profile
            .write(writer, |writer, profile| profile.write(writer, form));
        self.campaigns
            .write(writer, |writer, campaigns| campaigns.write(writer, form));
        self.history.write(writer, |writer, history| history.write(writer));
    }

    fn read(id: LeadId, reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let (flags, stage) = (reader.u8()?, reader.u8()?);
        let born = Instant::from_millis(reader.int()?);
        let form = Form::since(born);
        let since = if flags & SINCE == 0 {
            born
        } else {
            form.read_time(reader)?
        };
        Self::read_rest((id, born, stage, since), flags, reader, form)
    }

    /// What the first version wrote: it knew the last change of stage only.
    fn read_first(id: LeadId, reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let (flags, stage) = (reader.u8()?, reader.u8()?);
        let since = Instant::from_millis(reader.int()?);
        let mut lead = Self::read_rest((id, since, stage, since), flags, reader, Form::FIRST)?;
        // They are written in another form from now on.
        let profile = whole(lead.profile.packed(), |reader| Profile::read(reader, Form::FIRST))?;
        let campaigns = whole(lead.campaigns.packed(), |reader| Campaigns::read(reader, Form::FIRST))?;
        (lead.profile, lead.campaigns) = (Section::of(profile), Section::of(campaigns));
        Ok(lead)
    }

    fn read_rest(
        (id, born, stage, since): (LeadId, Instant, u8, Instant),
        flags: u8,
        reader: &mut Reader<'a>,
        form: Form,
    ) -> Result<Self, Malformed> {
        let has = |bit: u8| flags & bit != 0;
        Ok(Self {
            id,
            born,
            stage: *STAGES.get(usize::from(stage)).ok_or(Malformed)?,
            since,
            cycle: reader.u32()?,
            erased: has(1).then(|| Erased::read(reader)).transpose()?,
            consent: if has(2) {
                Some(Said {
                    what: has(4),
                    at: form.read_time(reader)?,
                })
            } else {
                None
            },
            message: has(8).then(|| read_said_text(reader, form)).transpose()?,
            due: has(16).then(|| form.read_time(reader)).transpose()?,
            identity: Identity::read(reader, form)?,
            touches: Touches::read(reader, form)?,
            profile: Section::read(reader)?,
            campaigns: Section::read(reader)?,
            history: Section::read(reader)?,
        })
    }
}

/// The flag of a lead whose stage changed after its first event.
const SINCE: u8 = 32;

const STAGES: [Stage; 9] = [
    Stage::Inquiry,
    Stage::MarketingQualified,
    Stage::SalesAccepted,
    Stage::SalesQualified,
    Stage::Opportunity,
    Stage::Won,
    Stage::Lost,
    Stage::Recycled,
    Stage::Disqualified,
];

fn stage_number(stage: Stage) -> u8 {
    STAGES.iter().position(|one| *one == stage).unwrap_or_default() as u8
}
