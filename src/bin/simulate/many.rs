//! Many seeds on all cores, and what they showed.

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::play::{Outcome, play};
use tasuki::telemetry::metrics::Metrics;

/// Violations told in full at most.
const TOLD_MAX: usize = 10;
/// How often a progress line is written.
const PROGRESS_EVERY: Duration = Duration::from_secs(10);

/// Seeds from the first up to, not including, the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    /// The first seed.
    pub(crate) first: u64,
    /// Behind the last.
    pub(crate) end: u64,
}

/// What many seeds showed.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    /// Seeds played.
    pub(crate) seeds: u64,
    /// Seeds that broke a law.
    pub(crate) failed: Vec<u64>,
    /// What was reached by any.
    pub(crate) reached: BTreeSet<&'static str>,
    /// How long it took.
    pub(crate) took: Duration,
    records: Vec<usize>,
    processes: Vec<usize>,
    crashes: Vec<usize>,
}

/// Plays the seeds on as many threads as there are cores; stops after the first violation if told
/// so. Violations are written as they are found. Each thread begins with `first`.
pub(crate) fn run_many(
    range: Range,
    stops_at_first: bool,
    first: &(dyn Fn() + Sync),
    out: &mut (impl Write + Send),
) -> Result<Summary, String> {
    let next = AtomicU64::new(range.first);
    let begun = Instant::now();
    let summary = Mutex::new((Summary::default(), out, begun));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || -> Result<(), String> {
        first();
        let metrics = Arc::new(Metrics::new().map_err(|error| error.to_string())?);
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= range.end {
                return Ok(());
            }
            let outcome = play(seed, &metrics, false);
            let mut held = summary.lock().unwrap_or_else(PoisonError::into_inner);
            let (summary, out, told_at) = &mut *held;
            let failed = !outcome.violations.is_empty();
            summary.take(&outcome, *out)?;
            if told_at.elapsed() >= PROGRESS_EVERY {
                *told_at = Instant::now();
                summary.took = begun.elapsed();
                writeln!(out, "{}", summary.line()).map_err(|error| error.to_string())?;
            }
            if failed && stops_at_first {
                next.store(range.end, Ordering::Relaxed);
            }
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| {
            worker
                .join()
                .map_err(|_| "a thread of the simulation panicked".to_owned())?
        })
    })?;
    let (mut summary, _, _) = summary.into_inner().unwrap_or_else(PoisonError::into_inner);
    summary.took = begun.elapsed();
    Ok(summary)
}

impl Summary {
    fn take(&mut self, outcome: &Outcome, out: &mut impl Write) -> Result<(), String> {
        self.seeds += 1;
        self.reached.extend(&outcome.reached);
        self.records.push(outcome.records);
        self.processes.push(outcome.processes);
        self.crashes.push(outcome.crashes);
        if outcome.violations.is_empty() {
            return Ok(());
        }
        self.failed.push(outcome.seed);
        if self.failed.len() <= TOLD_MAX {
            for violation in outcome.violations.iter().take(TOLD_MAX) {
                writeln!(out, "seed {}: {violation}", outcome.seed).map_err(|error| error.to_string())?;
            }
        }
        Ok(())
    }

    /// Everything in one line.
    pub(crate) fn line(&self) -> String {
        let millis = u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX).max(1);
        let per_second = self.seeds * 1_000 / millis;
        format!(
            "{} seeds, {} violated, {per_second} seeds/s; {} things reached; medians per seed: {} journal records, {} \
             processes, {} crashes",
            self.seeds,
            self.failed.len(),
            self.reached.len(),
            median(&self.records),
            median(&self.processes),
            median(&self.crashes)
        )
    }
}

fn median(numbers: &[usize]) -> usize {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
