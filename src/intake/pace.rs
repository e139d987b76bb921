//! How often the journal is appended to while little arrives at a time.
//!
//! What is appended is a request for each journal partition, which costs a broker nearly the same
//! however little is in it. So what arrives soon after an append waits until that is acknowledged, and
//! then for some times as long as that took: where the broker is quick nobody notices, and where it
//! is busy more goes into each request.

use std::time::Duration;

use super::READ;

/// For each millisecond that acknowledgements took, so many are rested for.
const REST_FACTOR: i64 = 4;
/// After an append nothing more is held up for longer than this, in milliseconds.
const HELD_UP_MS_MAX: i64 = 100;
/// What arrives after so many milliseconds without an append or a rest is appended, and holds nothing
/// up, if it is less than so many records: more take their time to be translated.
const QUIET_MS: i64 = 50;
const FEW: usize = 100;

/// What an intake worker rests for.
#[derive(Debug, Default)]
pub(super) struct Pace {
    phase: Phase,
    /// When something was appended or a rest ended last, as far as is known.
    busy_at: Option<i64>,
}

#[derive(Debug, Default)]
enum Phase {
    /// For nothing.
    #[default]
    Free,
    /// Something was appended; when, is what the next turn says.
    Appended { end: u64, is_little: bool },
    /// Everything below this ticket is to be acknowledged.
    Waiting { end: u64, since: i64 },
    /// Until then.
    Resting(i64),
}

impl Pace {
    /// So many records were appended, and tickets end here now. Who takes in as many as a poll may
    /// bring is behind, and does not rest.
    pub(super) fn appended(&mut self, records: usize, end: u64) {
        self.phase = if records < READ.records_max {
            let is_little = records < FEW;
            Phase::Appended { end, is_little }
        } else {
            Phase::Free
        };
    }

    /// How long nothing is to be read, if everything below the ticket `acknowledged` is. To be asked
    /// in each turn, and again after a wait for acknowledgements of that length.
    pub(super) fn rest(&mut self, now_ms: i64, acknowledged: u64) -> Option<Duration> {
        if let Phase::Appended { end, is_little } = self.phase {
            let before = self.busy_at.replace(now_ms);
            let was_quiet = before.is_none_or(|before| now_ms - before >= QUIET_MS);
            self.phase = if is_little && was_quiet {
                Phase::Free
            } else {
                Phase::Waiting { end, since: now_ms }
            };
        }
        if let Phase::Waiting { end, since } = self.phase
            && acknowledged >= end
        {
            let took = now_ms - since;
            self.phase = Phase::Resting(now_ms + (took * REST_FACTOR).min(HELD_UP_MS_MAX - took));
        }
        let until = match self.phase {
            Phase::Free | Phase::Appended { .. } => return None,
            Phase::Waiting { since, .. } => since + HELD_UP_MS_MAX,
            Phase::Resting(until) => until,
        };
        if until <= now_ms {
            self.phase = Phase::Free;
            self.busy_at = Some(now_ms);
            return None;
        }
        u64::try_from(until - now_ms).ok().map(Duration::from_millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(wait: Option<Duration>) -> Option<u128> {
        wait.map(|wait| wait.as_millis())
    }

    #[test]
    fn what_comes_soon_waits_for_some_times_as_long_as_acknowledgements_took() {
        let mut pace = Pace::default();
        pace.appended(10, 3);
        assert_eq!(pace.rest(1_000, 0), None, "nothing came shortly before");
        pace.appended(10, 6);
        assert_eq!(ms(pace.rest(1_010, 3)), Some(100));
        assert_eq!(ms(pace.rest(1_014, 5)), Some(96), "one is missing");
        assert_eq!(ms(pace.rest(1_016, 6)), Some(24));
        assert_eq!(ms(pace.rest(1_030, 6)), Some(10));
        assert_eq!(pace.rest(1_040, 6), None);
        pace.appended(10, 9);
        assert_eq!(ms(pace.rest(1_089, 6)), Some(100));
        assert_eq!(pace.rest(1_189, 6), None);
        pace.appended(10, 12);
        assert_eq!(pace.rest(1_239, 6), None, "it was quiet for long enough");
        pace.appended(FEW, 15);
        assert_eq!(
            ms(pace.rest(2_000, 12)),
            Some(100),
            "it may have been translated all the time"
        );
    }

    #[test]
    fn nothing_is_held_up_for_long() {
        let mut pace = Pace::default();
        pace.appended(1, 1);
        pace.rest(0, 0);
        pace.appended(1, 2);
        assert_eq!(ms(pace.rest(10, 1)), Some(100));
        assert_eq!(ms(pace.rest(90, 2)), Some(20), "80 milliseconds and 20 of rest");
        assert_eq!(pace.rest(110, 2), None);
        pace.appended(1, 3);
        assert_eq!(ms(pace.rest(120, 2)), Some(100));
        assert_eq!(pace.rest(220, 2), None, "never acknowledged");
        assert_eq!(pace.rest(221, 2), None, "that is over");
    }

    #[test]
    fn who_is_behind_does_not_rest_nor_does_who_is_answered_at_once() {
        let mut pace = Pace::default();
        pace.appended(READ.records_max, 1);
        pace.appended(READ.records_max, 2);
        assert_eq!(pace.rest(10, 0), None);
        pace.appended(1, 3);
        assert_eq!(pace.rest(20, 0), None);
        pace.appended(1, 4);
        assert_eq!(pace.rest(21, 4), None);
    }
}
