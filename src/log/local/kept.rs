//! Deleting what a topic has held for long enough, as a broker does for its own.
//!
//! It goes on beside writing, a little at a time: whoever writes waits for it. As on a broker, what
//! is old is told by the machine's clock.

use super::{LocalLog, State};
use crate::domain::time::Instant;
use crate::log::{LogError, Place};

/// Looked for so often, in milliseconds.
const LOOK_EVERY_MS: i64 = 600_000;
/// Records deleted from a partition at once, at most; what is left goes with the next writes.
const DELETED_MAX: u64 = 500;

/// How long a topic keeps its records.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    /// In milliseconds.
    for_ms: i64,
    /// What this group has not read yet stays.
    reader: Option<String>,
}

impl LocalLog {
    /// From here on a topic keeps its records for `for_ms` milliseconds, and longer where the group
    /// that reads it has not come so far.
    pub fn keep(&self, topic: &str, for_ms: i64, reader: Option<String>) {
        let kept = Kept { for_ms, reader };
        self.0.state().kept.insert(topic.to_owned(), kept);
    }
}

impl State {
    /// Deletes what is over, if it is time to look for it.
    pub(super) fn expire(&mut self, now: Instant) {
        // A clock that was set back looks at once, and finds nothing.
        if (now.millis() - self.looked_at.millis()).abs() < LOOK_EVERY_MS {
            return;
        }
        let mut is_all = true;
        for (topic, kept) in self.kept.clone() {
            match self.expire_topic(&topic, &kept, now) {
                Ok(all) => is_all &= all,
                Err(error) => tracing::warn!(topic, %error, "what is over cannot be deleted"),
            }
        }
        if is_all {
            self.looked_at = now;
        }
    }

    /// Deletes from each partition what is over; false if more is left than goes at once.
    fn expire_topic(&mut self, topic: &str, kept: &Kept, now: Instant) -> Result<bool, LogError> {
        let is_of_topic = |place: &&Place| *place.topic == *topic;
        let places: Vec<Place> = self.partitions.keys().filter(is_of_topic).cloned().collect();
        let mut is_all = true;
        for place in places {
            let partition = *self.partition(&place)?;
            let read = match &kept.reader {
                Some(group) => self.store.position(group, &partition)?.map_or(0, |next| next.offset),
                None => partition.next,
            };
            let looked_at = partition.start..partition.next.min(partition.start + DELETED_MAX);
            let kept_since = now.plus_millis(-kept.for_ms);
            let first_kept = self.store.first_since(&partition, looked_at.clone(), kept_since)?;
            // What is not read yet is looked at again in its time.
            is_all &= first_kept.is_some() || looked_at.end == partition.next || read < looked_at.end;
            self.trim(&place, first_kept.unwrap_or(looked_at.end).min(read))?;
        }
        Ok(is_all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, Now};
    use crate::log::{Committed, Log as _, Membership, NewRecord, Signal};
    use std::time::Duration;

    const DAY_MS: i64 = 86_400_000;

    /// A log with one topic of one partition, whose clock stands at this day.
    struct Bench {
        clock: Clock,
        log: LocalLog,
        _directory: tempfile::TempDir,
    }

    impl Bench {
        fn new() -> Self {
            let directory = tempfile::tempdir().unwrap();
            let clock = Clock::by_hand(Now {
                time: Instant::from_millis(0),
                running_ms: 0,
            });
            let log = LocalLog::open(directory.path(), clock.clone()).unwrap();
            log.ensure("inbox", 1).unwrap();
            Self {
                clock,
                log,
                _directory: directory,
            }
        }

        fn write(&self, day: i64, count: u64) {
            self.clock.set(Now {
                time: Instant::from_millis(day * DAY_MS),
                running_ms: day * DAY_MS,
            });
            let mut appender = self.log.appender().unwrap();
            for _ in 0..count {
                appender.append("inbox", Some(0), &NewRecord::default()).unwrap();
            }
            appender.poll(Duration::ZERO).unwrap();
        }

        fn bounds(&self) -> (u64, u64) {
            self.log.bounds(&Place::new("inbox", 0)).unwrap()
        }
    }

    #[test]
    fn what_is_over_is_deleted_and_nothing_else() {
        let bench = Bench::new();
        bench.log.keep("inbox", 7 * DAY_MS, None);
        bench.write(1, 3);
        bench.write(2, 2);
        bench.write(7, 1);
        assert_eq!(bench.bounds(), (0, 6));
        bench.write(8, 1);
        assert_eq!(bench.bounds(), (0, 7), "what is exactly as old stays");
        bench.write(9, 1);
        assert_eq!(bench.bounds(), (3, 8));
        bench.write(30, 1);
        assert_eq!(bench.bounds(), (8, 9), "what was written just now stays");
    }

    #[test]
    fn more_than_goes_at_once_goes_with_the_next_writes() {
        let bench = Bench::new();
        bench.write(1, 2 * DELETED_MAX);
        bench.log.keep("inbox", DAY_MS, None);
        bench.write(3, 1);
        assert_eq!(bench.bounds().0, DELETED_MAX);
        bench.write(3, 1);
        assert_eq!(bench.bounds().0, 2 * DELETED_MAX);
    }

    #[test]
    fn what_was_not_read_yet_stays() {
        let bench = Bench::new();
        let group = "intake".to_owned();
        bench.log.keep("inbox", DAY_MS, Some(group.clone()));
        bench.write(1, 3);
        bench.write(5, 1);
        assert_eq!(bench.bounds().0, 0, "nobody has read anything");
        let membership = Membership {
            group,
            topics: vec!["inbox".to_owned()],
            instance: None,
            committed_only: true,
        };
        let mut consumer = bench.log.consumer(&membership).unwrap();
        let limit = crate::log::ReadLimit {
            records_max: 1,
            bytes_max: 1,
        };
        let signals = consumer.poll(limit, Duration::ZERO).unwrap();
        assert!(matches!(signals[..], [Signal::Assigned(_)]), "{signals:?}");
        let read = Committed {
            offset: 2,
            metadata: String::new(),
        };
        consumer.commit(&[(Place::new("inbox", 0), read)]).unwrap();
        bench.write(6, 1);
        assert_eq!(bench.bounds().0, 2);
    }
}
