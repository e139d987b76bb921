//! What the shards of this process hold, summed over its workers for the metrics.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::Live;
use crate::domain::book::QueueGauge;
use crate::domain::time::Instant;
use crate::telemetry::metrics::{Metrics, seconds_between};

/// Shared by the workers of a process.
#[derive(Default)]
pub struct Board(Mutex<BTreeMap<u32, Reading>>);

/// What one shard holds.
#[derive(Clone, Debug, Default)]
struct Reading {
    leads: i64,
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
