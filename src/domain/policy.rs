//! The agreement as the domain uses it: checked, its names resolved to places in the lists.
//!
//! Built from the policy file by `wire::policy_file`, which refuses whatever is wrong in it.

use std::collections::BTreeMap;

use super::calendar::Calendar;
use super::fact::Outcome;
use super::time::Instant;
use super::value::{Number, Value};

/// The agreement of marketing and sales.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Grows with each change.
    pub version: u64,
    /// What people call it.
    pub name: String,
    /// First 16 hex digits of BLAKE3 over the file's bytes.
    pub hash: String,
    /// Touches older than this count nothing; 1 to 3,650.
    pub forget_after_days: u32,
    /// What they did, in file order.
    pub engagement: Vec<EngagementRule>,
    /// Who they are, in file order.
    pub fit: Vec<FitRule>,
    /// The MQL definition.
    pub qualify: Qualify,
    /// First match wins; the last matches everyone.
    pub routes: Vec<Route>,
    /// In file order.
    pub teams: Vec<Team>,
    /// In file order.
    pub reps: Vec<RepTerms>,
    /// In file order.
    pub calendars: Vec<Calendar>,
    /// What a reason given by sales leads to, by folded reason; others: recycle.
    pub reject: BTreeMap<String, RejectionPath>,
}

/// Points for something a person did.
#[derive(Clone, Debug)]
pub struct EngagementRule {
    /// Unique over all rules.
    pub rule: String,
    /// What it looks at.
    pub matches: EngagementMatch,
    /// Points per touch.
    pub points: i64,
    /// Limit of the rule's total, either sign.
    pub at_most: Option<i64>,
    /// Days in which a touch loses half its weight.
    pub half_life_days: Option<u32>,
    /// Touches older than this count nothing.
    pub within_days: Option<u32>,
}

/// What an engagement rule looks at.
#[derive(Clone, Debug)]
pub enum EngagementMatch {
    /// A form of one of these folded names.
    Form(Vec<String>),
    /// One of these folded activities and, if prefixes are named, a target that begins with one.
    Activity(Vec<String>, Option<Vec<String>>),
}

/// Points for what a person is.
#[derive(Clone, Debug)]
pub struct FitRule {
    /// Unique over all rules.
    pub rule: String,
    /// All must hold.
    pub when: Vec<Condition>,
    /// Points while they hold.
    pub points: i64,
}

/// A test of one profile attribute.
#[derive(Clone, Debug)]
pub struct Condition {
    /// The attribute's exact name.
    pub attribute: String,
    /// What must hold.
    pub test: Test,
}

/// What must hold of an attribute. Text in here is folded already.
#[derive(Clone, Debug)]
pub enum Test {
    /// Equal.
    Equals(Value),
    /// Equal to one of these.
    OneOf(Vec<Value>),
    /// A number, at least this.
    AtLeast(Number),
    /// A number, at most this.
    AtMost(Number),
    /// Text that contains this.
    Contains(String),
    /// There (or not).
    Present(bool),
}

/// The MQL definition.
#[derive(Clone, Debug)]
pub struct Qualify {
    /// Fit points needed.
    pub fit_at_least: i64,
    /// Engagement points needed.
    pub engagement_at_least: i64,
    /// Days after recycled or lost until a lead may qualify again; at least 1.
    pub requalify_after_days: u32,
    /// Events that happened earlier qualify nothing.
    pub not_before: Option<Instant>,
    /// Hand-raisers.
    pub fast_track: Vec<FastTrack>,
    /// Whoever matches one never qualifies.
    pub block: Vec<Block>,
}

/// A rule whose touch qualifies by itself.
#[derive(Clone, Debug)]
pub struct FastTrack {
    /// Place of the rule in `Policy::engagement`.
    pub rule: usize,
    /// Fit points needed all the same.
    pub fit_at_least: i64,
}

/// Whom sales never wants.
#[derive(Clone, Debug)]
pub struct Block {
    /// What people call it.
    pub name: String,
    /// All must hold.
    pub when: Vec<Condition>,
}

/// Which team gets which leads.
#[derive(Clone, Debug)]
pub struct Route {
    /// What people call it.
    pub name: String,
    /// All must hold; empty in the last route only.
    pub when: Vec<Condition>,
    /// Place in `Policy::teams`.
    pub team: usize,
    /// Skills the rep must have.
    pub needs: Vec<String>,
    /// The attribute that may name the rep.
    pub owner_from: Option<String>,
}

/// A team of sellers and its promise.
#[derive(Clone, Debug)]
pub struct Team {
    /// Unique after folding.
    pub id: String,
    /// Where its handoffs go, without the deployment's topic prefix.
    pub topic: String,
    /// Place in `Policy::calendars`.
    pub calendar: usize,
    /// Place in `Policy::teams` of the team that helps out.
    pub overflow: Option<usize>,
    /// The promise.
    pub sla: Sla,
}

/// A team's promise; all spans are working time in milliseconds from the handoff.
#[derive(Clone, Debug)]
pub struct Sla {
    /// At risk after this.
    pub warn_ms: Option<i64>,
    /// Breached after this.
    pub within_ms: i64,
    /// Escalated after this.
    pub escalate_ms: Option<i64>,
    /// Taken away after this.
    pub reassign_ms: Option<i64>,
    /// How often per cycle a lead may be taken away or sent back; default 2.
    pub reassign_at_most: u32,
    /// Outcomes that count as a response.
    pub responses: Vec<Outcome>,
    /// Outcomes that free the rep's capacity.
    pub releases: Vec<Outcome>,
}

/// A seller as the file names one.
#[derive(Clone, Debug)]
pub struct RepTerms {
    /// Unique after folding.
    pub id: String,
    /// Place in `Policy::teams`.
    pub team: usize,
    /// Share of the rotation, 1 to 1000.
    pub weight: u32,
    /// Open handoffs at most.
    pub capacity: u32,
    /// What the rep can do.
    pub skills: Vec<String>,
}

/// Where a rejected lead goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RejectionPath {
    /// Back to marketing.
    Recycle,
    /// To another rep.
    Reassign,
    /// Nowhere.
    Disqualify,
}
