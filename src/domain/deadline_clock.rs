//! Time for deadlines: what the intake has proved to have read, not what a clock shows.
//!
//! Clock records name every source partition and how far each has been read. The deadline clock is
//! the smallest of these watermarks, so a follow-up that was there in time is read before its
//! deadline fires. It never falls.

use std::collections::BTreeMap;

use super::bytes::{Malformed, Reader, Writer};
use super::journal::{Clock, SourcePartition};
use super::time::Instant;
use crate::planted::{self, Bug};

/// The most that one gap between two clock records counts towards patience: time in which nobody
/// ran does not.
const GAP_COUNTED_MS_MAX: i64 = 1_000;

/// The deadline clock of one shard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeadlineClock {
    now: Option<Instant>,
    settings: u64,
    last_record_at: Option<Instant>,
    running_ms: i64,
    sources: BTreeMap<SourcePartition, Watermark>,
}

/// How far one source partition has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Watermark {
    at: Option<Instant>,
    /// Our running time at its last good report.
    read_at_running_ms: i64,
}

impl DeadlineClock {
    /// Everything strictly before this instant is due; none until every source has reported.
    pub fn now(&self) -> Option<Instant> {
        self.now
    }

    /// The highest number of the settings that named sources.
    pub fn settings(&self) -> u64 {
        self.settings
    }

    /// Takes a clock record in, appended `at`; `patience_ms` of our own running time is how long a
    /// partition that cannot be read is waited for.
    pub fn advance(&mut self, at: Instant, record: &Clock, patience_ms: i64) {
        let gap = self.last_record_at.map_or(0, |last| at.millis() - last.millis());
        let counted_max = planted::either(Bug::PatienceWhileNobodyRan, i64::MAX, GAP_COUNTED_MS_MAX);
        self.running_ms += gap.clamp(0, counted_max);
        self.last_record_at = Some(at);
        self.name(record);
        for report in &record.reports {
            if let (true, Some(known)) = (report.reading, self.sources.get_mut(&report.source)) {
                known.read_at_running_ms = self.running_ms;
                known.at = known.at.max(report.watermark);
            }
        }
        let waited_for = self
            .sources
            .values()
            .filter(|source| self.running_ms - source.read_at_running_ms < patience_ms)
            .filter(|source| !(planted::is(Bug::NewPartitionNotWaitedFor) && source.at.is_none()));
        // A partition without a watermark holds the clock: `None` is smaller than any instant.
        let proved = waited_for.map(|source| source.at).min().unwrap_or(Some(at));
        self.now = self.now.max(proved);
    }

    /// Whether the patience with some partition runs: nothing good was reported of it for longer than
    /// what one gap counts, and it is still waited for.
    pub fn is_patient(&self, patience_ms: i64) -> bool {
        let silent = |source: &Watermark| self.running_ms - source.read_at_running_ms;
        let runs = |source| (GAP_COUNTED_MS_MAX + 1..patience_ms).contains(&silent(source));
        self.sources.values().any(runs)
    }

    /// How many named partitions are not waited for any more.
    pub fn not_waited_for(&self, patience_ms: i64) -> usize {
        self.sources
            .values()
            .filter(|source| self.running_ms - source.read_at_running_ms >= patience_ms)
            .count()
    }

    fn name(&mut self, record: &Clock) {
        if record.settings < self.settings {
            return;
        }
        let named = record.sources.iter().flat_map(|source| {
            (0..source.partitions).map(|partition| SourcePartition {
                topic: source.topic,
                partition,
            })
        });
        let fresh = Watermark {
            at: None,
            read_at_running_ms: self.running_ms,
        };
        if record.settings > self.settings {
            let mut kept = std::mem::take(&mut self.sources);
            self.sources = named
                .map(|source| (source, kept.remove(&source).unwrap_or(fresh)))
                .collect();
            self.settings = record.settings;
        } else {
            for source in named {
                self.sources.entry(source).or_insert(fresh);
            }
        }
    }

    /// Writes the clock down.
    pub fn write(&self, writer: &mut Writer) {
        writer.option(self.now, |writer, now| writer.int(now.millis()));
        writer.uint(self.settings);
        writer.option(self.last_record_at, |writer, at| writer.int(at.millis()));
        writer.int(self.running_ms);
        writer.uint(self.sources.len() as u64);
        for (source, watermark) in &self.sources {
            source.write(writer);
            writer.option(watermark.at, |writer, at| writer.int(at.millis()));
            writer.int(watermark.read_at_running_ms);
        }
    }

    /// Reads what `write` wrote.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let instant = |reader: &mut Reader<'_>| reader.int().map(Instant::from_millis);
        let now = reader.option(instant)?;
        let settings = reader.uint()?;
        let last_record_at = reader.option(instant)?;
        let running_ms = reader.int()?;
        let sources = reader.list(|reader| {
            let source = SourcePartition::read(reader)?;
            Ok((
                source,
                Watermark {
                    at: reader.option(instant)?,
                    read_at_running_ms: reader.int()?,
                },
            ))
        })?;
        Ok(Self {
            now,
            settings,
            last_record_at,
            running_ms,
            sources: sources.into_iter().collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::journal::{NamedSource, Report};

    const TOPIC: [u8; 16] = [7; 16];

    fn record(settings: u64, partitions: u32, reports: &[(u32, Option<i64>, bool)]) -> Clock {
        let report = |&(partition, watermark, reading): &(u32, Option<i64>, bool)| Report {
            source: SourcePartition {
                topic: TOPIC,
                partition,
            },
            watermark: watermark.map(Instant::from_millis),
            reading,
        };
        Clock {
            settings,
            sources: vec![NamedSource {
                topic: TOPIC,
                partitions,
            }],
            reports: reports.iter().map(report).collect(),
        }
    }

    #[track_caller]
    fn check(records: &[(i64, Clock)], expected: Option<i64>) {
        let mut clock = DeadlineClock::default();
        for (at, record) in records {
            clock.advance(Instant::from_millis(*at), record, 60_000);
        }
        assert_eq!(clock.now().map(Instant::millis), expected);
        let mut writer = Writer::new();
        clock.write(&mut writer);
        assert_eq!(DeadlineClock::read(&mut Reader(&writer.0)), Ok(clock));
    }

    #[test]
    fn the_slowest_partition_decides() {
        check(
            &[(1_000, record(1, 2, &[(0, Some(900), true), (1, Some(400), true)]))],
            Some(400),
        );
    }

    #[test]
    fn a_partition_without_a_watermark_holds_the_clock() {
        check(&[(1_000, record(1, 2, &[(0, Some(900), true)]))], None);
    }

    #[test]
    fn nothing_falls() {
        let high = record(1, 1, &[(0, Some(900), true)]);
        check(
            &[(1_000, high), (2_000, record(1, 1, &[(0, Some(100), true)]))],
            Some(900),
        );
    }

    #[test]
    fn an_unreadable_partition_is_waited_for_a_minute_of_running_time_only() {
        let bad = |at: i64| (at, record(1, 2, &[(0, Some(at), true), (1, None, false)]));
        let minute: Vec<_> = (0..60).map(|second| bad(second * 1_000)).collect();
        check(&minute, None);
        let longer: Vec<_> = (0..=60).map(|second| bad(second * 1_000)).collect();
        check(&longer, Some(60_000));
    }

    #[test]
    fn patience_runs_while_a_partition_is_silent_and_still_waited_for() {
        let (mut clock, patience_ms) = (DeadlineClock::default(), 60_000);
        let both = [(0, Some(0), true), (1, Some(0), true)];
        clock.advance(Instant::from_millis(0), &record(1, 2, &both), patience_ms);
        let mut silent_for = |seconds: i64| {
            let at = Instant::from_millis(seconds * 1_000);
            clock.advance(at, &record(1, 2, &both[..1]), patience_ms);
            clock.is_patient(patience_ms)
        };
        assert!(!silent_for(1), "one gap may be anybody's");
        assert!((2..60).all(&mut silent_for));
        assert!(!silent_for(60), "it is not waited for any more");
        clock.advance(Instant::from_millis(61_000), &record(1, 2, &both), patience_ms);
        assert!(!clock.is_patient(patience_ms));
    }

    #[test]
    fn time_in_which_nobody_ran_does_not_count() {
        let bad = |at: i64| (at, record(1, 2, &[(0, Some(at), true), (1, None, false)]));
        check(&[bad(0), bad(90_000), bad(900_000)], None);
    }

    #[test]
    fn only_a_higher_settings_number_forgets_a_source() {
        let two = record(1, 2, &[(0, Some(900), true)]);
        check(
            &[(1_000, two.clone()), (1_250, record(1, 1, &[(0, Some(1_000), true)]))],
            None,
        );
        check(
            &[(1_000, two), (1_250, record(2, 1, &[(0, Some(1_000), true)]))],
            Some(1_000),
        );
    }
}
