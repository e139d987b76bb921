//! Partitions of which nothing comes although there is more.
//!
//! librdkafka may be told to read a partition and not do so, without a word and for good; how that
//! looks is in docs/testing.md. Whoever asks where partitions end finds it out on the way.

use std::collections::BTreeMap;
use std::time::{Duration, Instant as Moment};

use crate::log::Place;

/// Nothing came for so long. A dead writer's open transaction hides what is behind it for about as
/// long; to read anew then changes nothing.
const STANDS_STILL: Duration = Duration::from_secs(20);
/// A longer time between two questions counts as this: the process itself may have been stopped.
const QUESTIONS_APART_MAX: Duration = Duration::from_secs(6);

/// How far partitions had come when they were looked at last.
#[derive(Debug, Default)]
pub(super) struct Standstill(BTreeMap<Place, Seen>);

#[derive(Debug)]
struct Seen {
    /// librdkafka said that it ends here; what it does not give out may stand in front of it.
    ended: u64,
    upto: u64,
    still: Duration,
    asked: Moment,
}

impl Standstill {
    /// It is read anew.
    pub(super) fn forget(&mut self, place: &Place) {
        self.0.remove(place);
    }

    /// It was read up to its end, which was here.
    pub(super) fn ended(&mut self, place: &Place, offset: u64) {
        if let Some(seen) = self.0.get_mut(place) {
            seen.ended = offset;
        }
    }

    /// Whether it stands still: what comes next, and where it ends.
    pub(super) fn is_one(&mut self, place: &Place, next: u64, end: u64, now: Moment) -> bool {
        let seen = self.0.entry(place.clone()).or_insert(Seen {
            ended: 0,
            upto: next,
            still: Duration::ZERO,
            asked: now,
        });
        seen.still += now.duration_since(seen.asked).min(QUESTIONS_APART_MAX);
        seen.asked = now;
        let upto = next.max(seen.ended);
        if upto != seen.upto || upto >= end {
            (seen.upto, seen.still) = (upto, Duration::ZERO);
        }
        seen.still >= STANDS_STILL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_still_has_more_and_brings_nothing() {
        let place = Place::new("t", 0);
        let begun = Moment::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        let mut standstill = Standstill::default();
        let mut asked = |seconds: std::ops::Range<u64>, next, end| {
            let mut answer = false;
            for second in seconds.step_by(5) {
                answer = standstill.is_one(&place, next, end, at(second));
            }
            answer
        };
        assert!(!asked(0..20, 5, 9), "not for long");
        assert!(asked(20..21, 5, 9));
        assert!(!asked(25..45, 6, 9), "something came");
        assert!(!asked(45..46, 6, 6), "there is no more");
        assert!(!asked(100..101, 6, 10), "nobody asked meanwhile");
        standstill.ended(&place, 9);
        assert!(
            !standstill.is_one(&place, 6, 9, at(120)),
            "what comes last is not given out"
        );
        standstill.forget(&place);
        assert!(!standstill.is_one(&place, 6, 10, at(200)), "it is read anew");
    }
}
