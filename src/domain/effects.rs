//! What a step of the book leads to: outputs, letters, changed entities, counts.
//!
//! The shell writes them down in one transaction with the cause. `Step` is the pen: it knows the
//! cause and the time, and gives every output its id.

use std::fmt;

use super::event::{Decision, Output, PolicyStamp, Topic, type_name};
use super::fact::{Fact, HandoffId};
use super::ids::LeadId;
use super::image::Entity;
use super::letter::Letter;
use super::terms::Terms;
use super::time::Instant;

/// Everything that follows from what the book was told.
#[derive(Debug, Default)]
pub struct Effects {
    /// Decisions, in the contract's order.
    pub outputs: Vec<Output>,
    /// Letters, in the order in which they must be delivered.
    pub letters: Vec<(To, Letter)>,
    /// Entities whose image is another than before; one may be named more than once.
    pub changed: Vec<Entity>,
    /// What only metrics care for.
    pub counts: Counts,
}

impl Effects {
    /// Empties it, keeping the room.
    pub fn clear(&mut self) {
        self.outputs.clear();
        self.letters.clear();
        self.changed.clear();
        self.counts = Counts::default();
    }
}

/// Who a letter is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum To {
    /// The desk, in journal partition 0.
    Desk,
    /// A lead, in its own journal partition.
    Lead(LeadId),
}

/// Things that happened without a decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Profile attributes beyond the 64 a lead may have.
    pub attributes_ignored: u64,
    /// Duplicate marks given up before their seven days were over.
    pub marks_evicted: u64,
    /// Answers of the desk that came too late to be of use, and were returned.
    pub stale_answers: u64,
}

impl Counts {
    /// Adds what was counted elsewhere.
    pub fn add(&mut self, other: Self) {
        self.attributes_ignored += other.attributes_ignored;
        self.marks_evicted += other.marks_evicted;
        self.stale_answers += other.stale_answers;
    }
}

/// What set a step off; its `Display` is the `causationid`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cause<'a> {
    /// An event from a source.
    Fact(&'a Fact),
    /// A deadline, by its word.
    Deadline(HandoffId, &'static str),
    /// A cause that came with a letter.
    Text(&'a str),
    /// The adoption of a policy of this version.
    Policy(u64),
}

impl fmt::Display for Cause<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fact(fact) => write!(f, "{}#{}", fact.source, fact.id),
            Self::Deadline(handoff, deadline) => write!(f, "{handoff}/{deadline}"),
            Self::Text(text) => f.write_str(text),
            Self::Policy(version) => write!(f, "policy#{version}"),
        }
    }
}

/// One step: a fact, a letter or a deadline, at one instant, with one cause.
pub(crate) struct Step<'a> {
    /// The decision time.
    pub(crate) at: Instant,
    /// What set it off.
    pub(crate) cause: Cause<'a>,
    /// The agreement in force.
    pub(crate) terms: &'a Terms,
    /// Where everything goes.
    pub(crate) effects: &'a mut Effects,
    outputs_before: usize,
}

impl<'a> Step<'a> {
    pub(crate) fn new(at: Instant, cause: Cause<'a>, terms: &'a Terms, effects: &'a mut Effects) -> Self {
        let outputs_before = effects.outputs.len();
        Self {
            at,
            cause,
            terms,
            effects,
            outputs_before,
        }
    }

    /// Publishes a decision about a lead.
    pub(crate) fn emit(&mut self, topic: Topic, lead: LeadId, decision: Decision) {
        let causation = self.cause.to_string();
        let key = key(&decision);
        let equal = self.effects.outputs.iter().skip(self.outputs_before);
        let counter = equal
            .filter(|output| output.lead == lead && self::key(&output.decision) == key)
            .count();
        self.effects.outputs.push(Output {
            topic,
            lead,
            id: output_id(key, lead, &causation, counter),
            at: self.at,
            causation,
            decision,
        });
    }

    /// Sends a letter.
    pub(crate) fn send(&mut self, to: To, letter: Letter) {
        self.effects.letters.push((to, letter));
    }

    /// Which agreement decides.
    pub(crate) fn stamp(&self) -> PolicyStamp {
        PolicyStamp {
            version: self.terms.policy.version,
            hash: self.terms.policy.hash.clone(),
        }
    }
}

/// Type, cycle and attempt of a decision, as far as it has them.
type Key = (&'static str, Option<u32>, Option<u32>);

fn key(decision: &Decision) -> Key {
    let of = |handoff: &HandoffId| (Some(handoff.cycle), Some(handoff.attempt));
    let (cycle, attempt) = match decision {
        Decision::HandedOff(it) => of(&it.handoff),
        Decision::Queued(it) => of(&it.handoff),
        Decision::Withdrawn(it) => of(&it.handoff),
        Decision::Sla(it) => of(&it.handoff),
        Decision::StageChanged(it) => (Some(it.cycle), None),
        Decision::Feedback(it) => it.handoff.as_ref().map_or((None, None), of),
        Decision::Forgotten { .. } => (None, None),
    };
    (type_name(decision), cycle, attempt)
}

/// Contract §9, Outputs: BLAKE3 over type, lead id, cycle, attempt and cause, each followed by a
/// zero byte, then the counter among equal ones of the step.
fn output_id((type_name, cycle, attempt): Key, lead: LeadId, causation: &str, counter: usize) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    let number = |number: Option<u32>| number.map_or_else(String::new, |number| number.to_string());
    for part in [
        type_name,
        &lead.to_string(),
        &number(cycle),
        &number(attempt),
        causation,
    ] {
        hasher.update(part.as_bytes());
        hasher.update(&[0]);
    }
    hasher.update(counter.to_string().as_bytes());
    let mut id = [0; 16];
    hasher.finalize_xof().fill(&mut id);
    id
}
