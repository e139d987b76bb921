//! What we decided: every output, with its reason, as values.
//!
//! The decision is the explanation: nothing is published, counted or logged that is not in here.

use super::fact::{Amount, Attribute, Campaign, HandoffId, Outcome, Person};
use super::ids::LeadId;
use super::time::Instant;

/// One decision, ready to be written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Where it goes.
    pub topic: Topic,
    /// Whom it is about; the key and the subject.
    pub lead: LeadId,
    /// Deterministic: the same decision always has the same id.
    pub id: [u8; 16],
    /// When it was decided: journal time, or the deadline's instant.
    pub at: Instant,
    /// What set it off: `<source>#<id>`, or `<handoff_id>/<deadline>`.
    pub causation: String,
    /// What was decided.
    pub decision: Decision,
}

/// Where an output goes; names without the deployment's prefix.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// A team's handoff topic, by its name.
    Handoffs(String),
    /// `sales.sla`
    Sla,
    /// `marketing.feedback`
    Feedback,
    /// `leads.lifecycle`
    Lifecycle,
}

/// Which agreement decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyStamp {
    /// The policy's version.
    pub version: u64,
    /// First 16 hex digits of BLAKE3 over the file.
    pub hash: String,
}

/// What was decided; members in the contract's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// `tasuki.lead.handed-off.v1`
    HandedOff(Box<HandedOff>),
    /// `tasuki.lead.queued.v1`
    Queued(Box<Queued>),
    /// `tasuki.handoff.withdrawn.v1`
    Withdrawn(Withdrawn),
    /// `tasuki.sla.<kind>.v1`
    Sla(SlaNotice),
    /// `tasuki.lead.stage-changed.v1`
    StageChanged(StageChanged),
    /// `tasuki.feedback.recorded.v1`
    Feedback(Box<Feedback>),
    /// `tasuki.lead.forgotten.v1`
    Forgotten {
        /// The lead that was forgotten.
        lead: LeadId,
    },
}

/// The CloudEvents type of a decision (contract §5).
pub fn type_name(decision: &Decision) -> &'static str {
    match decision {
        Decision::HandedOff(_) => "tasuki.lead.handed-off.v1",
        Decision::Queued(_) => "tasuki.lead.queued.v1",
        Decision::Withdrawn(_) => "tasuki.handoff.withdrawn.v1",
        Decision::Sla(notice) => match notice.kind {
            SlaKind::AtRisk => "tasuki.sla.at-risk.v1",
            SlaKind::Breached => "tasuki.sla.breached.v1",
            SlaKind::Met => "tasuki.sla.met.v1",
            SlaKind::Excused => "tasuki.sla.excused.v1",
            SlaKind::Escalated => "tasuki.sla.escalated.v1",
        },
        Decision::StageChanged(_) => "tasuki.lead.stage-changed.v1",
        Decision::Feedback(_) => "tasuki.feedback.recorded.v1",
        Decision::Forgotten { .. } => "tasuki.lead.forgotten.v1",
    }
}

/// A lead given to a rep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandedOff {
    /// The attempt this is.
    pub handoff: HandoffId,
    /// The granting team's id.
    pub team: String,
    /// The rep's id.
    pub rep: String,
    /// The route's name.
    pub route: String,
    /// Identifiers as last given.
    pub person: Person,
    /// Attributes that stand, sorted by name.
    pub profile: Vec<Attribute>,
    /// First and last campaign of the lead's life.
    pub campaign: CampaignSpan,
    /// The score at the moment of the grant.
    pub score: Score,
    /// When and by what the lead qualified in this cycle.
    pub qualified_at: Instant,
    /// `thresholds` or the fast-track rule.
    pub qualified_by: String,
    /// Every other rep of the teams asked, and why not.
    pub passed_over: Vec<PassedOver>,
    /// The promise.
    pub sla: Promise,
    /// The last message of the person.
    pub message: Option<String>,
    /// Which agreement decided.
    pub policy: PolicyStamp,
}

/// A lead waiting for a rep of a team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued {
    /// The attempt that measures the team.
    pub handoff: HandoffId,
    /// The team's id.
    pub team: String,
    /// The route's name.
    pub route: String,
    /// Every rep of the teams asked, and why not.
    pub passed_over: Vec<PassedOver>,
    /// The promise.
    pub sla: Promise,
    /// Which agreement decided.
    pub policy: PolicyStamp,
}

/// A lead taken from a rep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawn {
    /// The attempt that ends.
    pub handoff: HandoffId,
    /// The team's id.
    pub team: String,
    /// The rep's id.
    pub rep: String,
    /// Why: a deadline or a reason given by sales.
    pub because: WithdrawnBecause,
    /// Which agreement decided.
    pub policy: PolicyStamp,
}

/// Why a lead was taken away; `because{deadline|reason}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WithdrawnBecause {
    /// The reassign deadline passed.
    Deadline,
    /// The rep refused, with this reason if one was given.
    Reason(Option<String>),
}

/// What happened to a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SlaKind {
    /// `at-risk`
    AtRisk,
    /// `breached`
    Breached,
    /// `met`
    Met,
    /// `excused`
    Excused,
    /// `escalated`
    Escalated,
}

impl SlaKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::AtRisk, Self::Breached, Self::Met, Self::Excused, Self::Escalated];

    /// The word in the type's name and in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::AtRisk => "at-risk",
            Self::Breached => "breached",
            Self::Met => "met",
            Self::Excused => "excused",
            Self::Escalated => "escalated",
        }
    }
}

/// A notice about a promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlaNotice {
    /// What happened.
    pub kind: SlaKind,
    /// The attempt.
    pub handoff: HandoffId,
    /// The team's id.
    pub team: String,
    /// The rep's id; none while queued.
    pub rep: Option<String>,
    /// The promised instant.
    pub respond_by: Instant,
    /// Event time of the response, for `met` and `excused`.
    pub response_at: Option<Instant>,
    /// True on a `met` that came too late; absent otherwise.
    pub late: Option<bool>,
    /// Whole seconds of working time from start to the response.
    pub working_seconds: Option<i64>,
    /// Which agreement decided.
    pub policy: PolicyStamp,
}

/// A lead's step along the funnel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageChanged {
    /// The lead.
    pub lead: LeadId,
    /// The cycle; 0 before the first.
    pub cycle: u32,
    /// None for a lead's first event.
    pub from: Option<Stage>,
    /// The stage it has now.
    pub to: Stage,
    /// When.
    pub at: Instant,
    /// The causing event's `<source>#<id>` or deadline.
    pub because_event: String,
    /// The rule or threshold that did it.
    pub because_rule: Option<String>,
    /// The reason sales gave.
    pub because_reason: Option<String>,
    /// The score at that moment.
    pub score: Score,
    /// Which agreement decided.
    pub policy: PolicyStamp,
}

/// What sales did, for marketing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feedback {
    /// The lead.
    pub lead: LeadId,
    /// The attempt it is about, if any.
    pub handoff: Option<HandoffId>,
    /// The attempt's cycle, if any.
    pub cycle: Option<u32>,
    /// The team of the attempt, if any.
    pub team: Option<String>,
    /// The attempt's rep, else the follow-up's.
    pub rep: Option<String>,
    /// What came of it.
    pub outcome: Outcome,
    /// Why.
    pub reason: Option<String>,
    /// Free text.
    pub note: Option<String>,
    /// What it is worth.
    pub amount: Option<Amount>,
    /// When it happened.
    pub at: Instant,
    /// First and last campaign of the lead's life.
    pub campaign: CampaignSpan,
    /// The rules that qualified that cycle.
    pub rules: Vec<Reason>,
    /// Whole seconds of working time from the attempt's start to the event.
    pub working_seconds: Option<i64>,
    /// Which agreement decided.
    pub policy: PolicyStamp,
}

/// First and last touch's campaigns; `null` where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CampaignSpan {
    /// Of the earliest event that carried one.
    pub first: Option<Campaign>,
    /// Of the latest.
    pub last: Option<Campaign>,
}

/// A score and its reasons.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Score {
    /// Points for who they are, not below 0.
    pub fit: i64,
    /// Points for what they did, not below 0.
    pub engagement: i64,
    /// Engagement rules with touches that count, then fit rules that hold, in policy order.
    pub reasons: Vec<Reason>,
}

impl Score {
    /// Fit and engagement together.
    pub fn total(&self) -> i64 {
        self.fit + self.engagement
    }
}

/// What one rule gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The rule's name.
    pub rule: String,
    /// After the rule's limit.
    pub points: i64,
    /// Touches that count; none for a fit rule.
    pub touches: Option<u32>,
    /// The day of the latest such touch, as a UTC day number; none for a fit rule.
    pub last_day: Option<i32>,
}

/// A rep who did not get the lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassedOver {
    /// The rep's id.
    pub rep: String,
    /// The first of the listed reasons that holds.
    pub why: Why,
}

/// Why a rep was passed over, in the order in which reasons are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// Away.
    Unavailable,
    /// As many open handoffs as allowed.
    AtCapacity,
    /// A needed skill is missing.
    LacksSkill,
    /// Has refused this lead, or had it taken away.
    RefusedBefore,
    /// Somebody else was next.
    NotTheirTurn,
}

impl Why {
    /// Every reason, in the order in which they are looked at.
    pub const ALL: [Self; 5] = [
        Self::Unavailable,
        Self::AtCapacity,
        Self::LacksSkill,
        Self::RefusedBefore,
        Self::NotTheirTurn,
    ];

    /// The word in outputs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            Self::AtCapacity => "at-capacity",
            Self::LacksSkill => "lacks-skill",
            Self::RefusedBefore => "refused-before",
            Self::NotTheirTurn => "not-their-turn",
        }
    }
}

/// The four instants of an attempt, fixed when it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promise {
    /// The grant.
    pub start: Instant,
    /// At risk after this.
    pub warn_at: Option<Instant>,
    /// Breached after this.
    pub respond_by: Instant,
    /// Escalated after this.
    pub escalate_at: Option<Instant>,
    /// Taken away after this.
    pub reassign_at: Option<Instant>,
    /// The calendar's id.
    pub calendar: String,
}

/// Where a lead stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Known, not qualified.
    Inquiry,
    /// MQL.
    MarketingQualified,
    /// SAL.
    SalesAccepted,
    /// SQL.
    SalesQualified,
    /// A deal is open.
    Opportunity,
    /// The deal is won.
    Won,
    /// The deal is lost.
    Lost,
    /// Back at marketing.
    Recycled,
    /// Out for good.
    Disqualified,
}

impl Stage {
    /// Every stage, the first six in their order.
    pub const ALL: [Self; 9] = [
        Self::Inquiry,
        Self::MarketingQualified,
        Self::SalesAccepted,
        Self::SalesQualified,
        Self::Opportunity,
        Self::Won,
        Self::Lost,
        Self::Recycled,
        Self::Disqualified,
    ];

    /// The word in outputs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Inquiry => "inquiry",
            Self::MarketingQualified => "marketing-qualified",
            Self::SalesAccepted => "sales-accepted",
            Self::SalesQualified => "sales-qualified",
            Self::Opportunity => "opportunity",
            Self::Won => "won",
            Self::Lost => "lost",
            Self::Recycled => "recycled",
            Self::Disqualified => "disqualified",
        }
    }
}

/// Why a record went to the dead letters; a closed set, in the contract's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RejectReason {
    /// Not readable as JSON, or nothing there.
    NotJson,
    /// CloudEvents attributes are missing, wrong, or in two modes at once.
    NotCloudEvents,
    /// A type that is not ours.
    UnknownType,
    /// The data lacks something or has the wrong form.
    InvalidData,
    /// A time that cannot be read.
    InvalidTime,
    /// A roster change of a rep nobody has named.
    UnknownRep,
    /// A team the policy does not name.
    UnknownTeam,
    /// A follow-up on an attempt or lead we never had.
    UnknownHandoff,
    /// An adapter has no mapping for it.
    Unmapped,
    /// More than 256 KiB.
    TooLarge,
}

impl RejectReason {
    /// Every reason.
    pub const ALL: [Self; 10] = [
        Self::NotJson,
        Self::NotCloudEvents,
        Self::UnknownType,
        Self::InvalidData,
        Self::InvalidTime,
        Self::UnknownRep,
        Self::UnknownTeam,
        Self::UnknownHandoff,
        Self::Unmapped,
        Self::TooLarge,
    ];

    /// The word in headers and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotJson => "not-json",
            Self::NotCloudEvents => "not-cloudevents",
            Self::UnknownType => "unknown-type",
            Self::InvalidData => "invalid-data",
            Self::InvalidTime => "invalid-time",
            Self::UnknownRep => "unknown-rep",
            Self::UnknownTeam => "unknown-team",
            Self::UnknownHandoff => "unknown-handoff",
            Self::Unmapped => "unmapped",
            Self::TooLarge => "too-large",
        }
    }
}

/// A record we could not use: why, in words without any value from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The closed set.
    pub reason: RejectReason,
    /// What exactly, for people; never a value from the record.
    pub detail: String,
}

/// What became of a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It counted.
    Accepted,
    /// Seen before; it changed nothing.
    Duplicate,
    /// About somebody erased since; dropped for good.
    Erased,
    /// A machine's doing; it changed nothing.
    Ignored,
    /// Only state could tell: a dead letter.
    Rejected(Rejection),
}

impl Verdict {
    /// The word in metrics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Duplicate => "duplicate",
            Self::Erased => "erased",
            Self::Ignored => "ignored",
            Self::Rejected(_) => "dead_letter",
        }
    }
}
