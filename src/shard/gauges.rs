//! What the shards of this process hold, summed over its workers for the metrics.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::{LAG_EVERY_MS, Live, Phase, Worker};
use crate::clock::Now;
use crate::domain::book::QueueGauge;
use crate::domain::time::Instant;
use crate::log::Place;
use crate::telemetry::metrics::{Metrics, seconds_between};

/// Shared by the workers of a process.
#[derive(Default)]
pub struct Board(Mutex<BTreeMap<u32, Reading>>);

/// What one shard holds.
#[derive(Clone, Debug, Default)]
struct Reading {
    leads: i64,
    state_log_bytes: u64,
    not_waited_for: i64,
    clock: Option<Instant>,
    open: BTreeMap<String, u64>,
    queues: BTreeMap<String, QueueGauge>,
}

impl Board {
    /// Notes what the shard of `partition` holds.
    pub(super) fn note(&self, partition: u32, live: &Live) {
        let gauges = live
            .shard
            .book()
            .map(crate::domain::book::Book::gauges)
            .unwrap_or_default();
        let reading = Reading {
            leads: count(gauges.leads),
            state_log_bytes: live.forward.log_bytes(),
            not_waited_for: live.shard.not_waited_for() as i64,
            clock: live.shard.clock().now(),
            open: gauges.handoffs_open,
            queues: gauges.queues,
        };
        self.lock().insert(partition, reading);
    }

    /// Forgets a partition that is no longer ours.
    pub(super) fn forget(&self, partition: u32) {
        self.lock().remove(&partition);
    }

    /// Shows the sums.
    pub(super) fn publish(&self, metrics: &Metrics, now: Instant) {
        let readings = self.lock();
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
        let slowest = readings.values().filter_map(|reading| reading.clock).min();
        shard
            .deadline_clock_lag_seconds
            .set(slowest.map_or(0.0, |slowest| seconds_between(slowest, now)));
        for (team, open) in readings.values().flat_map(|reading| &reading.open) {
            shard.handoffs_open.with_label_values(&[team]).set(count(*open));
        }
        for (team, queue) in readings.values().flat_map(|reading| &reading.queues) {
            shard.leads_queued.with_label_values(&[team]).set(count(queue.leads));
            let waited = queue.oldest.map_or(0.0, |oldest| seconds_between(oldest, now));
            shard.queue_oldest_seconds.with_label_values(&[team]).set(waited);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<u32, Reading>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// What a worker shows.
impl Worker {
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
            self.board.note(partition, live);
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
        if !self.is_dealt {
            return;
        }
        let ready = self.partitions.values().filter_map(Phase::live);
        let policy = ready
            .clone()
            .filter_map(|live| live.shard.policy())
            .max_by_key(|policy| policy.version);
        let restored = ready.count();
        self.status.tell_shard(
            &self.plan.writer_id,
            self.partitions.len(),
            restored,
            policy.map(|policy| policy.version),
        );
        if let Some(policy) = policy
            && self.shown_policy < Some(policy.version)
        {
            self.metrics.adopt(policy);
            self.shown_policy = Some(policy.version);
        }
    }
}
