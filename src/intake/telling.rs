//! Telling the journal how far the sources have been read.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::reading::Reading;
use super::watermarks::Sample;
use super::{Intake, POLL_WAIT, PROGRESS_MS_MAX, Phase, UNREADABLE_MS};
use crate::clock::Now;
use crate::domain::journal::{Clock, JournalRecord, NamedSource, Report, Role, SourcePartition};
use crate::domain::time::Instant;
use crate::log::{LogError, Place, Topic};
use crate::telemetry::metrics::seconds_between;
use crate::wire::journal;

/// Where no deadline is near the time is told once in so many clock intervals at least.
const CLEAR_INTERVALS_MAX: i64 = 8;
/// And once in so many milliseconds. A gap does not count whole for `time.patience` then, so a shard
/// whose patience runs waits for the time as one with a near deadline does.
const CLEAR_MS_MAX: i64 = 2_000;
/// A deadline is near so many milliseconds before its instant, and so many clock intervals: these are
/// longer where the clock is fast.
const NEAR_MS: i64 = 3_000;
const NEAR_INTERVALS: i64 = 4;

/// When the time was told.
#[derive(Default)]
pub(super) struct Told {
    /// Everywhere, in running time; none: it is to be told everywhere next.
    pub(super) all_at: Option<i64>,
    /// What it was when it was looked last who waits for it.
    looked: Instant,
}

/// While a partition is on its way to being read, a turn waits no longer for records: what it waits for
/// is acknowledged or read meanwhile.
const BEGIN_LOOK: Duration = Duration::from_millis(20);

impl Intake {
    /// How long a turn waits for records: until the time is to be told, at most.
    pub(super) fn patience(&self, now: Now) -> Duration {
        let left = self.clock_at.saturating_add(self.plan.clock_every_ms) - now.running_ms;
        let begins = |phase: &Phase| match phase {
            Phase::Assigned(_) => !self.on_their_way.is_empty(),
            Phase::Turning(_) => true,
            Phase::Reading(_) => false,
        };
        let longest = if self.partitions.values().any(begins) {
            BEGIN_LOOK
        } else {
            POLL_WAIT
        };
        longest.min(Duration::from_millis(u64::try_from(left).unwrap_or_default()))
    }

    /// The next turn appends clock records, whenever the last did.
    pub(super) fn tell_time_soon(&mut self) {
        self.clock_at = i64::MIN / 2;
        self.told.all_at = None;
    }

    /// Appends a clock record to every journal partition where somebody may wait for the time, and
    /// takes the next sample.
    pub(super) fn tell_time(&mut self, now: Now) -> Result<(), LogError> {
        self.show_lag(now.time);
        let partitions = self.who_waits(now);
        if partitions.is_empty() {
            return Ok(());
        }
        let sample = self.appended.sample(now.time);
        match self.ask_topics() {
            Ok(()) => self.ask_ends(&sample, now),
            Err(LogError::Retry(why)) => tracing::warn!(why, "the sources' topics cannot be asked for"),
            Err(error) => return Err(error),
        }
        if self.topics.is_empty() {
            self.told.all_at = None;
            return Ok(());
        }
        self.journaled();
        for partition in partitions {
            let value = journal::encode(&JournalRecord::Clock(self.clock(partition, now)));
            self.append(partition, value, Some(partition))?;
        }
        Ok(())
    }

    /// Journal partitions in which somebody may wait for the time.
    fn who_waits(&mut self, now: Now) -> Vec<u32> {
        let interval = self.plan.clock_every_ms.max(1);
        let pause = interval * (CLEAR_MS_MAX / interval).clamp(1, CLEAR_INTERVALS_MAX);
        let is_for_all = self.told.all_at.is_none_or(|at| now.running_ms - at >= pause);
        if is_for_all {
            self.told.all_at = Some(now.running_ms);
        }
        let looked = std::mem::replace(&mut self.told.looked, now.time);
        let passed = now.time.millis().saturating_sub(looked.millis());
        let until = now.time.plus_millis(passed.saturating_mul(NEAR_INTERVALS).max(NEAR_MS));
        let waits = |partition: &u32| is_for_all || !self.horizon.is_clear(*partition, until);
        (0..self.plan.partitions).filter(waits).collect()
    }

    /// The age of the oldest watermark of each role.
    pub(super) fn show_lag(&mut self, now: Instant) {
        let mut oldest: BTreeMap<Role, Instant> = BTreeMap::new();
        for phase in self.partitions.values() {
            if let Phase::Reading(reading) = phase
                && let Some(until) = reading.proof.read_until()
            {
                let known = oldest.entry(reading.context.role).or_insert(until);
                *known = until.min(*known);
            }
        }
        let lag = &self.metrics.intake.lag_seconds;
        for (role, until) in &oldest {
            let seconds = seconds_between(*until, now);
            lag.show(role.name(), &self.plan.worker, Some(seconds));
        }
        for role in self.lag_shown.iter().filter(|role| !oldest.contains_key(role)) {
            // Others read them now, and show it.
            lag.show(role.name(), &self.plan.worker, None);
        }
        self.lag_shown = oldest.into_keys().collect();
    }

    /// Of what stands still too: by asking, the consumer finds out that it must be read anew.
    fn ask_ends(&mut self, sample: &Arc<Sample>, now: Now) {
        let wants = |(place, phase): (&Place, &Phase)| match phase {
            Phase::Reading(reading) if reading.proof.wants_end() || self.is_stalled(reading, now) => {
                Some(place.clone())
            }
            Phase::Reading(_) | Phase::Assigned(_) | Phase::Turning(_) => None,
        };
        let places: Vec<Place> = self.partitions.iter().filter_map(wants).collect();
        let ends = if places.is_empty() {
            Vec::new()
        } else {
            self.consumer.ends(&places)
        };
        for (place, end) in places.into_iter().zip(ends) {
            match (end, self.partitions.get_mut(&place)) {
                (Ok(end), Some(Phase::Reading(reading))) if reading.proof.wants_end() => {
                    reading.proof.begin(sample, end);
                }
                (Ok(_), _) => {}
                (Err(error), _) => {
                    tracing::warn!(%place, %error, "no end offset");
                    self.unreadable_at.insert(place, now.running_ms);
                }
            }
        }
    }

    /// Whether it is behind, and nothing of it is taken any more.
    fn is_stalled(&self, reading: &Reading, now: Now) -> bool {
        // Where the journal does not take what was read, deadlines wait for it.
        let waits = self.is_crowded() || reading.next > reading.journaled;
        !waits && !reading.proof.wants_end() && now.running_ms - reading.taken_at > PROGRESS_MS_MAX
    }

    /// What a partition is reported as that waits for the journal to tell the time: the journal's
    /// trouble is ours, and deadlines wait for it.
    fn awaited(&self, place: &Place, ticket: u64) -> Option<Report> {
        let waits = self.journal_time.is_none_or(|(told, _)| told < ticket);
        let topic = self.topics.iter().find(|topic| topic.name == place.topic);
        topic.filter(|_| waits).map(|topic| Report {
            source: SourcePartition {
                topic: topic.id.0,
                partition: place.partition,
            },
            watermark: None,
            reading: true,
        })
    }

    fn clock(&self, partition: u32, now: Now) -> Clock {
        let named = |topic: &Topic| NamedSource {
            topic: topic.id.0,
            partitions: topic.partitions,
        };
        let report = |(place, phase): (&Place, &Phase)| {
            let reading = match phase {
                Phase::Assigned(ticket) => return self.awaited(place, *ticket),
                // It is waited for, however long that takes.
                Phase::Turning(turning) => {
                    return Some(Report {
                        source: turning.reading.source,
                        watermark: None,
                        reading: true,
                    });
                }
                Phase::Reading(reading) => reading,
            };
            let is_paused = self.guards.is_paused(&place.topic);
            let unreadable = self
                .unreadable_at
                .get(place)
                .is_some_and(|at| now.running_ms - at < UNREADABLE_MS);
            Some(Report {
                source: reading.source,
                watermark: reading.proof.watermark(partition),
                // What is paused is waited for, however long.
                reading: is_paused || (!self.is_stalled(reading, now) && !unreadable),
            })
        };
        Clock {
            settings: self.plan.sources_version,
            sources: self.topics.iter().map(named).collect(),
            reports: self.partitions.iter().filter_map(report).collect(),
        }
    }
}
