//! What happened outside: checked facts, as the intake hands them to a shard.

use super::time::Instant;
use super::value::Value;

/// One event from a source, checked as far as it can be without state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Who named it (CloudEvents `source`).
    pub source: String,
    /// Its name there (CloudEvents `id`); (source, id) is unique per lead for 7 days.
    pub id: String,
    /// When it happened, as the event says; may lie after the journal time, which then counts.
    pub at: Instant,
    /// What happened.
    pub body: Body,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// A form was submitted.
    Form(Form),
    /// Something else a person did.
    Engagement(Engagement),
    /// Attributes became known; `None` removes one.
    Profile(Person, Vec<Attribute>),
    /// What sales did with a lead.
    FollowUp(FollowUp),
    /// A seller's terms changed.
    Rep(RepChange),
    /// May sales contact this person?
    Consent(Person, bool),
    /// Forget this person.
    Erasure(Person),
}

/// The identifiers of one person; at least one is there.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Person {
    /// The CRM's id, as given.
    pub lead_id: Option<String>,
    /// The e-mail address, as given.
    pub email: Option<String>,
    /// A visitor's id, as given.
    pub anonymous_id: Option<String>,
}

impl std::fmt::Debug for Person {
    /// Which identifiers are there, never what they are.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hidden = |text: &Option<String>| text.as_ref().map(|_| "…");
        f.debug_struct("Person")
            .field("lead_id", &hidden(&self.lead_id))
            .field("email", &hidden(&self.email))
            .field("anonymous_id", &hidden(&self.anonymous_id))
            .finish()
    }
}

/// A profile attribute and its value; `None` removes it.
pub type Attribute = (String, Option<Value>);

/// A submitted form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// Who.
    pub person: Person,
    /// The form's name.
    pub form: String,
    /// What the form says of the person.
    pub profile: Vec<Attribute>,
    /// Where the person came from.
    pub campaign: Option<Campaign>,
    /// Whether sales may contact the person.
    pub sales_contact: Option<bool>,
    /// What the person wrote, at most 4 KiB.
    pub message: Option<String>,
}

/// An activity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engagement {
    /// Who.
    pub person: Person,
    /// What, such as `page_viewed`.
    pub activity: String,
    /// On what, such as a path.
    pub target: Option<String>,
    /// Where the person came from.
    pub campaign: Option<Campaign>,
    /// True: done by a machine; it does nothing.
    pub is_bot: bool,
}

/// Where a person came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Campaign {
    /// Such as `google`.
    pub source: Option<String>,
    /// Such as `cpc`.
    pub medium: Option<String>,
    /// Such as `spring-2026`.
    pub name: Option<String>,
}

/// What sales did with a lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowUp {
    /// The attempt it names, as the output wrote it; outranks `person`.
    pub handoff: Option<HandoffId>,
    /// Else the person, meaning the open attempt.
    pub person: Option<Person>,
    /// What came of it.
    pub outcome: Outcome,
    /// Why, in sales' words.
    pub reason: Option<String>,
    /// Free text, at most 4 KiB.
    pub note: Option<String>,
    /// Who says so; a note, never a key.
    pub rep: Option<String>,
    /// What it is worth.
    pub amount: Option<Amount>,
}

/// One attempt: `<lead id>-<cycle>-<attempt>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HandoffId {
    /// The lead.
    pub lead: super::ids::LeadId,
    /// From 1, grows each time the lead qualifies.
    pub cycle: u32,
    /// From 1 within the cycle.
    pub attempt: u32,
}

impl HandoffId {
    /// Reads the form written by `Display`; numbers without leading zeros, from 1.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let lead = super::ids::LeadId::parse(parts.next()?)?;
        let (cycle, attempt) = (number(parts.next()?)?, number(parts.next()?)?);
        parts.next().is_none().then_some(Self { lead, cycle, attempt })
    }
}

fn number(digits: &str) -> Option<u32> {
    let plain = digits.bytes().all(|digit| digit.is_ascii_digit()) && !digits.starts_with('0');
    if plain { digits.parse().ok() } else { None }
}

impl std::fmt::Display for HandoffId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}-{}", self.lead, self.cycle, self.attempt)
    }
}

/// An amount of money, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amount {
    /// Such as `1200000`.
    pub value: String,
    /// Such as `JPY`.
    pub currency: String,
}

/// What came of a handoff, as sales reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The rep takes the lead.
    Accepted,
    /// The rep tried to reach the person.
    Attempted,
    /// The person was reached.
    Contacted,
    /// A meeting took place.
    MeetingHeld,
    /// The need is confirmed (SQL).
    Qualified,
    /// A deal is open.
    OpportunityCreated,
    /// The deal is won.
    Won,
    /// The deal is lost.
    Lost,
    /// The rep refuses the lead, with a reason.
    Rejected,
    /// Back to marketing.
    Recycled,
}

impl Outcome {
    /// Every outcome, in the contract's order.
    pub const ALL: [Self; 10] = [
        Self::Accepted,
        Self::Attempted,
        Self::Contacted,
        Self::MeetingHeld,
        Self::Qualified,
        Self::OpportunityCreated,
        Self::Won,
        Self::Lost,
        Self::Rejected,
        Self::Recycled,
    ];

    /// The name on the wire and in the policy.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Attempted => "attempted",
            Self::Contacted => "contacted",
            Self::MeetingHeld => "meeting_held",
            Self::Qualified => "qualified",
            Self::OpportunityCreated => "opportunity_created",
            Self::Won => "won",
            Self::Lost => "lost",
            Self::Rejected => "rejected",
            Self::Recycled => "recycled",
        }
    }

    /// The outcome of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }
}

/// What the roster says of a seller; absent members stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RepChange {
    /// The rep's id.
    pub rep: String,
    /// May the rep be given leads?
    pub available: Option<bool>,
    /// Open handoffs at most.
    pub capacity: Option<u32>,
    /// The team the rep sells for.
    pub team: Option<String>,
    /// Share of the rotation, 1 to 1000.
    pub weight: Option<u32>,
    /// What the rep can do.
    pub skills: Option<Vec<String>>,
}
