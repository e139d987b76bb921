//! One source partition being read, and what its records become.

use std::collections::VecDeque;

use super::begin::Note;
use super::founding;
use super::pack::{Origin, There};
use super::watermarks::Proof;
use crate::domain::event::{RejectReason, Rejection, Verdict};
use crate::domain::ids::LeadKey;
use crate::domain::journal::{Content, Role, SourcePartition};
use crate::log::Record;
use crate::telemetry::metrics::Metrics;
use crate::wire::translate::{SourceContext, original, translate};

/// A source partition being read.
pub(super) struct Reading {
    pub(super) context: SourceContext,
    pub(super) source: SourcePartition,
    pub(super) note: Note,
    /// The next offset to take.
    pub(super) next: u64,
    pub(super) taken_at: i64,
    /// Offsets and the ticket below which everything must be acknowledged for them to be journaled.
    pub(super) marks: VecDeque<(u64, u64)>,
    /// Everything below is in the journal.
    pub(super) journaled: u64,
    /// Below it, readers before with our translation that did not stop cleanly may have left
    /// something.
    pub(super) unclean_below: u64,
    pub(super) committed: u64,
    pub(super) proof: Proof,
    /// What earlier turnovers have left in the journal.
    pub(super) there: There,
}

/// A policy is read here; everything else is translated.
pub(super) fn contents(context: &SourceContext, key: &LeadKey, record: &Record, metrics: &Metrics) -> Vec<Content> {
    if context.role != Role::Policy {
        let translated = translate(context, key, record);
        if translated.attributes_ignored > 0 {
            let ignored = &metrics.intake.attributes_ignored;
            let ignored = ignored.with_label_values(&[context.role.name()]);
            ignored.inc_by(translated.attributes_ignored.into());
        }
        if translated.contents.is_empty() {
            metrics.judged(&[(context.role, Verdict::Ignored)]);
        }
        return translated.contents;
    }
    let document = record.value.as_deref().and_then(founding::parse_policy);
    let unreadable = || Content::Rejected {
        rejection: Rejection {
            reason: RejectReason::InvalidData,
            detail: "not a published policy".to_owned(),
        },
        original: original(context, record),
    };
    vec![document.map_or_else(unreadable, Content::Policy)]
}

impl Reading {
    /// Something may stand in the journal that was left from above what we have read.
    pub(super) fn is_unclean(&self) -> bool {
        self.note.turning || self.journaled < self.unclean_below
    }

    /// Where its facts come from.
    pub(super) fn origin(&self) -> Origin {
        Origin {
            source: self.source,
            role: self.context.role,
            turnover: self.note.turnover,
        }
    }

    /// What earlier turnovers left, once all of it has been passed.
    pub(super) fn passed(&mut self) -> Option<There> {
        let is_passed = self.there.last().is_none_or(|last| last < self.journaled);
        if !(self.note.turning && is_passed) {
            return None;
        }
        self.note.turning = false;
        Some(std::mem::take(&mut self.there))
    }

    /// Everything below `next` is journaled once all tickets below `ticket` are acknowledged.
    pub(super) fn mark(&mut self, ticket: u64) {
        let known = self.marks.back().map_or(self.journaled, |(offset, _)| *offset);
        if self.next > known {
            self.marks.push_back((self.next, ticket));
        }
    }

    pub(super) fn acknowledged(&mut self, ticket: u64) {
        while let Some((offset, _)) = self.marks.pop_front_if(|(_, needed)| *needed <= ticket) {
            self.journaled = self.journaled.max(offset);
        }
        self.proof.journaled(self.journaled);
    }
}
