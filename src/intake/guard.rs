//! The guard of a source: one of which nearly everything is bad is paused, not shunted to the dead
//! letters as a whole.
//!
//! Usually its producer has changed, and what comes now would be wanted after a fix. A source that
//! is paused is still ours and counts as being read, so deadlines wait for what lies in it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::{Intake, Phase};
use crate::clock::Now;
use crate::domain::journal::{Content, Role};
use crate::log::{LogError, Place};

/// When a source is paused.
#[derive(Clone, Copy, Debug)]
pub struct GuardPlan {
    /// Of so many records, the last ones; 0: never.
    pub records: usize,
    /// So many of a hundred are bad, or more.
    pub bad_percent_min: u32,
}

/// Whether each of the last records of a source was bad.
#[derive(Default)]
pub(super) struct Window {
    last: VecDeque<bool>,
    bad: usize,
}

impl Window {
    /// Takes a record in; true where nearly all of the last ones are bad.
    pub(super) fn judge(&mut self, is_bad: bool, plan: GuardPlan) -> bool {
        self.last.push_back(is_bad);
        self.bad += usize::from(is_bad);
        if self.last.len() > plan.records && self.last.pop_front() == Some(true) {
            self.bad -= 1;
        }
        self.last.len() == plan.records && self.bad * 100 >= plan.bad_percent_min as usize * plan.records
    }
}

/// What an intake worker knows of the sources it reads.
#[derive(Default)]
pub(super) struct Guards {
    windows: BTreeMap<Arc<str>, Window>,
    paused: BTreeSet<Arc<str>>,
}

impl Guards {
    pub(super) fn is_paused(&self, topic: &str) -> bool {
        self.paused.contains(topic)
    }

    /// What became of the last records of a source; none where nothing pauses it.
    pub(super) fn of(&mut self, topic: &Arc<str>, role: Role, plan: GuardPlan) -> Option<&mut Window> {
        let is_guarded = plan.records > 0 && role != Role::Policy;
        is_guarded.then(|| self.windows.entry(topic.clone()).or_default())
    }
}

/// Can nothing of a record be used?
pub(super) fn is_bad(contents: &[Content]) -> bool {
    !contents.is_empty()
        && contents
            .iter()
            .all(|content| matches!(content, Content::Rejected { .. }))
}

impl Intake {
    /// Nothing more is read from a source, here or by the other workers of this process.
    pub(super) fn pause(&mut self, topic: &Arc<str>) -> Result<(), LogError> {
        tracing::error!(
            source = &**topic,
            records = self.plan.guard.records,
            bad_percent_min = self.plan.guard.bad_percent_min,
            "nearly all of the last records are bad: the source is paused until it is released"
        );
        self.status.pause(topic);
        self.hold(topic)
    }

    /// Does what others have paused or released.
    pub(super) fn heed_guards(&mut self, now: Now) -> Result<(), LogError> {
        let paused = self.status.paused();
        self.metrics.intake.sources_paused.set(paused.len() as i64);
        let topics: BTreeSet<Arc<str>> = self.partitions.keys().map(|place| place.topic.clone()).collect();
        for topic in &topics {
            match (paused.contains(&**topic), self.guards.is_paused(topic)) {
                (true, false) => self.hold(topic)?,
                (false, true) => self.go_on(topic, now)?,
                (true, true) | (false, false) => {}
            }
        }
        Ok(())
    }

    fn hold(&mut self, topic: &Arc<str>) -> Result<(), LogError> {
        self.guards.paused.insert(topic.clone());
        for (place, _) in self.read_of(topic) {
            self.consumer.stop(&place)?;
        }
        Ok(())
    }

    fn go_on(&mut self, topic: &Arc<str>, now: Now) -> Result<(), LogError> {
        tracing::info!(source = &**topic, "the source is released");
        self.guards.paused.remove(topic);
        self.guards.windows.remove(topic);
        for (place, next) in self.read_of(topic) {
            self.consumer.start(&place, next)?;
            if let Some(Phase::Reading(reading)) = self.partitions.get_mut(&place) {
                reading.taken_at = now.running_ms;
            }
        }
        Ok(())
    }

    /// The partitions of a source that are being read, and the next offset of each.
    fn read_of(&self, topic: &str) -> Vec<(Place, u64)> {
        let next = |(place, phase): (&Place, &Phase)| match phase {
            Phase::Reading(reading) if *place.topic == *topic => Some((place.clone(), reading.next)),
            Phase::Reading(_) | Phase::Assigned(_) | Phase::Turning(_) => None,
        };
        self.partitions.iter().filter_map(next).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: GuardPlan = GuardPlan {
        records: 100,
        bad_percent_min: 95,
    };

    #[test]
    fn only_a_full_window_of_nearly_all_bad_records_pauses() {
        let mut window = Window::default();
        let verdicts: Vec<bool> = (0..200).map(|number| window.judge(number >= 5, PLAN)).collect();
        assert_eq!(verdicts.iter().position(|is_full| *is_full), Some(99), "5 good, 95 bad");

        let mut window = Window::default();
        let pauses = (0..10_000).any(|number| window.judge(number % 100 >= 6, PLAN));
        assert!(!pauses, "94 of any 100 are bad");
    }
}
