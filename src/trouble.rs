//! What has been going wrong without a break: when to try again, and when to give up.

use crate::clock::Now;
use crate::log::{LogError, Signal};

/// Waits between attempts, in milliseconds: the first, and the longest.
const RETRY_MS: (i64, i64) = (100, 5_000);
/// Trouble without a break for so long stops a loop, in minutes.
pub const TROUBLE_MINUTES_MAX: i64 = 10;

/// Why a loop ends for good.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// The log refuses.
    #[error("{0}")]
    Refused(String),
    /// It went on for too long.
    #[error("gave up after {TROUBLE_MINUTES_MAX} minutes of trouble; the last: {last}")]
    Trouble {
        /// What was wrong in the end.
        last: LogError,
    },
}

/// Trouble, if there is any.
#[derive(Debug, Default)]
pub struct Trouble(Option<Attempts>);

#[derive(Debug)]
struct Attempts {
    since: i64,
    number: u32,
    retry_at: i64,
}

impl Trouble {
    /// Whether it is too early to try again.
    pub fn rests(&self, now: Now) -> bool {
        self.0
            .as_ref()
            .is_some_and(|attempts| now.running_ms < attempts.retry_at)
    }

    /// It works again.
    pub fn is_over(&mut self) {
        self.0 = None;
    }

    /// It went wrong once more: how long to wait, in milliseconds; `None` when it has gone on for
    /// too long.
    pub fn again(&mut self, now: Now) -> Option<i64> {
        let attempts = self.0.get_or_insert(Attempts {
            since: now.running_ms,
            number: 0,
            retry_at: 0,
        });
        if now.running_ms - attempts.since > TROUBLE_MINUTES_MAX * 60_000 {
            return None;
        }
        let wait = (RETRY_MS.0 << attempts.number.min(10)).min(RETRY_MS.1);
        attempts.number += 1;
        attempts.retry_at = now.running_ms + wait;
        Some(wait)
    }
}

/// A group may refuse a member for so long without telling it that it is out, in milliseconds.
const ESTRANGED_MS_MAX: i64 = 15_000;

/// Whether a group still knows a member. While librdkafka waits for the answer to a join, it sends
/// no heartbeats and does not see that the session is over: a member whose join was lost may hold on
/// to partitions that are others' by then.
#[derive(Debug, Default)]
pub struct Acquaintance(Option<i64>);

impl Acquaintance {
    /// The group has taken something from us.
    pub fn is_kept(&mut self) {
        self.0 = None;
    }

    /// The group has told us something, if this comes from it.
    pub fn heard(&mut self, signal: &Signal) {
        if matches!(signal, Signal::Assigned(_) | Signal::Revoked(_) | Signal::Lost(_)) {
            self.is_kept();
        }
    }

    /// Something went wrong: true if the group has been refusing what is ours for too long.
    pub fn is_over(&mut self, error: &LogError, now: Now) -> bool {
        if !matches!(error, LogError::Fenced(_)) {
            return false;
        }
        let since = *self.0.get_or_insert(now.running_ms);
        now.running_ms - since > ESTRANGED_MS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Instant;

    fn at(running_ms: i64) -> Now {
        Now {
            time: Instant::default(),
            running_ms,
        }
    }

    #[test]
    fn waits_grow_up_to_a_limit_and_begin_anew() {
        let mut trouble = Trouble::default();
        let waits: Vec<_> = (0..8).map(|_| trouble.again(at(0))).collect();
        let expected = [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000];
        assert_eq!(waits, expected.map(Some));
        assert!(trouble.rests(at(4_999)) && !trouble.rests(at(5_000)));
        trouble.is_over();
        assert_eq!(trouble.again(at(0)), Some(100));
    }

    #[test]
    fn an_acquaintance_ends_when_nothing_is_taken_for_long() {
        let mut acquaintance = Acquaintance::default();
        let fenced = LogError::Fenced("by others".to_owned());
        assert!(!acquaintance.is_over(&fenced, at(1_000)));
        assert!(!acquaintance.is_over(&fenced, at(16_000)));
        assert!(acquaintance.is_over(&fenced, at(16_001)));
        assert!(!acquaintance.is_over(&LogError::Retry("later".to_owned()), at(16_001)));
        acquaintance.heard(&Signal::Lost(Vec::new()));
        assert!(!acquaintance.is_over(&fenced, at(40_000)));
    }

    #[test]
    fn trouble_without_a_break_ends() {
        let mut trouble = Trouble::default();
        assert!(trouble.again(at(0)).is_some());
        assert!(trouble.again(at(600_000)).is_some());
        assert_eq!(trouble.again(at(600_001)), None);
    }
}
