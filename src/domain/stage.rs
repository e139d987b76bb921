//! Stages: how far a lead has come, and what moves it.

use super::event::Stage;
use super::fact::{FollowUp, Outcome};
use super::policy::{Policy, RejectionPath};
use super::text::fold;

/// What an outcome asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Course {
    /// Nothing changes.
    Stay,
    /// At least this stage.
    AtLeast(Stage),
    /// The cycle ends at this stage.
    End(Stage),
    /// Another rep, while the limit allows; else recycled.
    Reassign,
}

/// Where a follow-up leads.
pub(crate) fn course(policy: &Policy, follow_up: &FollowUp) -> Course {
    match follow_up.outcome {
        Outcome::Attempted => Course::Stay,
        Outcome::Accepted | Outcome::Contacted | Outcome::MeetingHeld => Course::AtLeast(Stage::SalesAccepted),
        Outcome::Qualified => Course::AtLeast(Stage::SalesQualified),
        Outcome::OpportunityCreated => Course::AtLeast(Stage::Opportunity),
        Outcome::Won => Course::End(Stage::Won),
        Outcome::Lost => Course::End(Stage::Lost),
        Outcome::Recycled => Course::End(Stage::Recycled),
        Outcome::Rejected => {
            let reason = follow_up.reason.as_deref().map(fold);
            let path = reason.and_then(|reason| policy.reject.get(&reason));
            match path.copied().unwrap_or(RejectionPath::Recycle) {
                RejectionPath::Recycle => Course::End(Stage::Recycled),
                RejectionPath::Disqualify => Course::End(Stage::Disqualified),
                RejectionPath::Reassign => Course::Reassign,
            }
        }
    }
}
