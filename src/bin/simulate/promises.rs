//! What was promised about each lead, and whether breaches fit what the outside world did.

use std::collections::{BTreeMap, BTreeSet};

use super::outside::Answered;
use tasuki::domain::event::{Decision, SlaKind, Stage};
use tasuki::domain::time::Instant;

/// What was promised, and what became of it.
#[derive(Default)]
pub(super) struct Promises {
    /// The promised instant of each attempt, by handoff id.
    promised: BTreeMap<String, Instant>,
    breached: BTreeMap<String, Instant>,
    once: BTreeSet<(&'static str, String)>,
    /// Attempts that ended otherwise, by handoff id.
    ended: BTreeSet<String>,
    /// Leads that were forgotten or have left the cycle.
    left: BTreeSet<String>,
}

impl Promises {
    pub(super) fn note(&mut self, decision: &Decision, committed: Instant, violations: &mut Vec<String>) {
        let mut once = |kind: &'static str, handoff: String| {
            if !self.once.insert((kind, handoff.clone())) {
                violations.push(format!("{kind} twice for {handoff}"));
            }
        };
        match decision {
            Decision::HandedOff(it) => {
                once("handed-off", it.handoff.to_string());
                self.promised.insert(it.handoff.to_string(), it.sla.respond_by);
            }
            Decision::Queued(it) => {
                once("queued", it.handoff.to_string());
                self.promised.insert(it.handoff.to_string(), it.sla.respond_by);
            }
            Decision::Withdrawn(it) => {
                once("withdrawn", it.handoff.to_string());
                self.ended.insert(it.handoff.to_string());
            }
            Decision::Sla(notice) => {
                once(notice.kind.name(), notice.handoff.to_string());
                if notice.kind == SlaKind::Breached {
                    self.breached.insert(notice.handoff.to_string(), notice.respond_by);
                    if committed <= notice.respond_by {
                        violations.push(format!("{} was breached before its time", notice.handoff));
                    }
                }
                if notice.kind == SlaKind::Met && notice.late != Some(true) {
                    self.ended.insert(notice.handoff.to_string());
                }
            }
            Decision::StageChanged(it) => {
                if ends_cycle(it.to) {
                    self.left.insert(it.lead.to_string());
                }
            }
            Decision::Forgotten { lead } => {
                self.left.insert(lead.to_string());
            }
            Decision::Feedback(_) => {}
        }
    }

    pub(super) fn judge(
        &self,
        answers: &[Answered],
        violations: &mut Vec<String>,
        reached: &mut BTreeSet<&'static str>,
    ) {
        for (handoff, respond_by) in &self.breached {
            let in_time = |answer: &&Answered| {
                answer.handoff == *handoff
                    && answer.is_response
                    && answer.at <= *respond_by
                    && answer.appended <= *respond_by
            };
            if answers.iter().any(|answer| in_time(&answer)) {
                violations.push(format!("{handoff} was breached though the answer was there in time"));
            }
        }
        for (handoff, respond_by) in &self.promised {
            let answered = answers
                .iter()
                .any(|answer| answer.handoff == *handoff && answer.is_response && answer.at <= *respond_by);
            if answered && !self.breached.contains_key(handoff) {
                reached.insert("an answer in time prevented a breach");
            }
            let lead = handoff.split('-').next().unwrap_or_default();
            let excused = answered
                || self.breached.contains_key(handoff)
                || self.ended.contains(handoff)
                || self.left.contains(lead)
                || self.promised.contains_key(&next_attempt(handoff));
            if !excused {
                violations.push(format!("{handoff} was neither answered nor breached"));
            }
        }
    }
}

fn ends_cycle(stage: Stage) -> bool {
    matches!(stage, Stage::Won | Stage::Lost | Stage::Recycled | Stage::Disqualified)
}

/// The attempt after this one.
fn next_attempt(handoff: &str) -> String {
    let (stem, attempt) = handoff.rsplit_once('-').unwrap_or((handoff, "0"));
    format!("{stem}-{}", attempt.parse::<u32>().unwrap_or_default() + 1)
}
