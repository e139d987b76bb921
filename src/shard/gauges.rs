//! What the shards of this process hold, summed over its workers for the metrics.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use super::{LAG_EVERY_MS, Live, Phase, Worker};
use crate::clock::Now;
use crate::domain::book::QueueGauge;
use crate::domain::time::Instant;
use crate::log::Place;
use crate::status::ShardStatus;
use crate::telemetry::metrics::{Metrics, seconds_between};

/// Shared by the workers of a process.
#[derive(Default)]
pub struct Board(Mutex<Readings>);

#[derive(Default)]
struct Readings {
    by_partition: BTreeMap<u32, Reading>,
    /// Teams that something was shown of: what nobody tells of any more is nothing.
    teams: BTreeSet<String>,
}

/// What one shard holds.
#[derive(Clone, Debug, Default)]
struct Reading {
    leads: i64,
    state_log_bytes: u64,
    not_waited_for: i64,
    clock: Instant,
    open: BTreeMap<String, u64>,
    queues: BTreeMap<String, QueueGauge>,
}

impl Board {
    /// Notes what the shard of `partition` holds.
    pub(super) fn note(&self, partition: u32, live: &Live, now: Now) {
        // No deadline fires before there is a time, so that stands where the shard came back.
        let restored = || now.time.plus_millis(live.restored_at - now.running_ms);
        let gauges = live
            .shard
            .book()
            .map(crate::domain::book::Book::gauges)
            .unwrap_or_default();
        let reading = Reading {
            leads: count(gauges.leads),
            state_log_bytes: live.forward.log_bytes(),
            not_waited_for: live.shard.not_waited_for() as i64,
            clock: live.shard.clock().now().unwrap_or_else(restored),
            open: gauges.handoffs_open,
            queues: gauges.queues,
        };
        self.lock().by_partition.insert(partition, reading);
    }

    /// Forgets a partition that is no longer ours.
    pub(super) fn forget(&self, partition: u32) {
        self.lock().by_partition.remove(&partition);
    }

    /// Shows the sums.
    pub(super) fn publish(&self, metrics: &Metrics, now: Instant) {
        let mut held = self.lock();
        let Readings { by_partition, teams } = &mut *held;
        let readings = &*by_partition;
        let shard = &metrics.shard;
        shard.partitions_owned.set(readings.len() as i64);
        shard.leads.set(readings.values().map(|reading| reading.leads).sum());
        shard
            .state_log_bytes
            .set(count(readings.values().map(|reading| reading.state_log_bytes).sum()));
        shard.sources_not_waited_for.set(
            readings
                .values()
                .map(|reading| reading.not_waited_for)
                .max()
                .unwrap_or(0),
        );
        let slowest = readings.values().map(|reading| reading.clock).min();
        shard
            .deadline_clock_lag_seconds
            .set(slowest.map_or(0.0, |slowest| seconds_between(slowest, now)));
        // Only the desk knows teams, and there is one.
        let desk = readings
            .values()
            .find(|reading| !(reading.open.is_empty() && reading.queues.is_empty()));
        let nothing = Reading::default();
        let desk = desk.unwrap_or(&nothing);
        teams.extend(desk.open.keys().chain(desk.queues.keys()).cloned());
        for team in &*teams {
            let open = desk.open.get(team).copied().unwrap_or_default();
            let queue = desk.queues.get(team).copied().unwrap_or_default();
            let waited = queue.oldest.map_or(0.0, |oldest| seconds_between(oldest, now));
            shard.handoffs_open.with_label_values(&[team]).set(count(open));
            shard.leads_queued.with_label_values(&[team]).set(count(queue.leads));
            shard.queue_oldest_seconds.with_label_values(&[team]).set(waited);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Readings> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// What a worker shows.
impl Worker {
    /// The next turn shows everything, whenever the last did: partitions have come or gone.
    pub(super) fn ask_lag_soon(&mut self) {
        self.lag_asked_at = i64::MIN / 2;
    }

    pub(super) fn ask_lag(&mut self, now: Now) {
        if now.running_ms - self.lag_asked_at < LAG_EVERY_MS {
            return;
        }
        self.lag_asked_at = now.running_ms;
        let journal = self.plan.names.journal();
        let ready: Vec<(u32, &Live)> = self
            .partitions
            .iter()
            .filter_map(|(partition, phase)| Some((*partition, phase.live()?)))
            .collect();
        let places: Vec<Place> = ready
            .iter()
            .map(|(partition, _)| Place::new(&journal, *partition))
            .collect();
        let ends = if places.is_empty() {
            Vec::new()
        } else {
            self.consumer.ends(&places)
        };
        for ((partition, live), end) in ready.into_iter().zip(ends) {
            if let Ok(end) = end {
                self.show_lag(partition, end.saturating_sub(live.shard.next_offset()));
            }
            self.board.note(partition, live, now);
        }
        self.board.publish(&self.metrics, now.time);
    }

    pub(super) fn show_lag(&self, partition: u32, records: u64) {
        let gauge = self
            .metrics
            .shard
            .journal_lag_records
            .with_label_values(&[&partition.to_string()]);
        gauge.set(i64::try_from(records).unwrap_or(i64::MAX));
    }

    pub(super) fn tell_status(&mut self) {
        self.tell_deadlines();
        if !self.is_dealt {
            self.status.tell_shard(&self.plan.writer_id, None);
            return;
        }
        let ready = self.partitions.values().filter_map(Phase::live);
        let policy = ready
            .clone()
            .filter_map(|live| live.shard.policy())
            .max_by_key(|policy| policy.version);
        let restored = ready.count();
        let shard = ShardStatus {
            owned: self.partitions.len(),
            restored,
            policy: policy.map(|policy| policy.version),
        };
        self.status.tell_shard(&self.plan.writer_id, Some(shard));
        if let Some(policy) = policy
            && self.shown_policy < Some(policy.version)
        {
            self.metrics.adopt(policy);
            self.shown_policy = Some(policy.version);
        }
    }

    /// What the intake goes by: whoever is not at work yet, or has no time yet, waits for it, and so
    /// does whose patience with a source runs.
    fn tell_deadlines(&self) {
        let rests = |live: &&Live| {
            let clock = live.shard.clock();
            clock.now().is_some() && !clock.is_patient(self.plan.patience_ms)
        };
        for (partition, phase) in &self.partitions {
            match phase.live().filter(rests) {
                Some(live) => self.horizon.tell(*partition, live.shard.next_deadline()),
                None => self.horizon.forget(*partition),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each gauge of a team shows.
    fn shown(board: &Board, metrics: &Metrics) -> (i64, i64, f64) {
        board.publish(metrics, Instant::from_millis(5_000));
        let shard = &metrics.shard;
        (
            shard.handoffs_open.with_label_values(&["inside"]).get(),
            shard.leads_queued.with_label_values(&["inside"]).get(),
            shard.queue_oldest_seconds.with_label_values(&["inside"]).get(),
        )
    }

    #[test]
    fn what_nobody_tells_of_any_more_is_nothing() {
        let (board, metrics) = (Board::default(), Metrics::new().unwrap());
        let team = || "inside".to_owned();
        let queue = QueueGauge {
            leads: 2,
            oldest: Some(Instant::from_millis(2_000)),
        };
        let reading = Reading {
            open: BTreeMap::from([(team(), 3)]),
            queues: BTreeMap::from([(team(), queue)]),
            ..Reading::default()
        };
        board.lock().by_partition.insert(0, reading.clone());
        board.lock().by_partition.insert(1, Reading::default());
        assert_eq!(shown(&board, &metrics), (3, 2, 3.0));
        let served = Reading {
            queues: BTreeMap::new(),
            ..reading
        };
        board.lock().by_partition.insert(0, served);
        assert_eq!(shown(&board, &metrics), (3, 0, 0.0));
        board.forget(0);
        assert_eq!(shown(&board, &metrics), (0, 0, 0.0));
        assert_eq!(metrics.shard.partitions_owned.get(), 1);
    }
}
