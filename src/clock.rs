//! The only place that reads the time of day.

use std::sync::Arc;
use std::time;

use crate::domain::time::Instant;

/// What the clocks show when a turn begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// The time of day, in the log's terms.
    pub time: Instant,
    /// How long the process has run, in milliseconds; for waits and intervals.
    pub running_ms: i64,
}

/// Where the service gets its time from.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Source>);

#[derive(Debug)]
struct Source {
    made: time::Instant,
    pace: Pace,
}

#[derive(Debug)]
enum Pace {
    /// The machine's clock.
    Machine,
    /// Begins at `from` when made and runs `speed` times as fast as real time.
    Fast { from: Instant, speed: u32 },
}

impl Clock {
    /// The machine's clock.
    pub fn machine() -> Self {
        Self::made(Pace::Machine)
    }

    /// A clock that begins at `from` now and runs `speed` times as fast as real time.
    pub fn fast(from: Instant, speed: u32) -> Self {
        Self::made(Pace::Fast { from, speed })
    }

    fn made(pace: Pace) -> Self {
        Self(Arc::new(Source {
            made: time::Instant::now(),
            pace,
        }))
    }

    /// Both clocks.
    pub fn read(&self) -> Now {
        Now {
            time: self.now(),
            running_ms: self.running_ms(),
        }
    }

    /// The time of day.
    #[expect(clippy::disallowed_methods, reason = "this is the place that reads the time of day")]
    pub fn now(&self) -> Instant {
        match &self.0.pace {
            Pace::Machine => Instant::from_millis(jiff::Timestamp::now().as_millisecond()),
            Pace::Fast { from, speed } => from.plus_millis(self.running_ms().saturating_mul(i64::from(*speed))),
        }
    }

    fn running_ms(&self) -> i64 {
        i64::try_from(self.0.made.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}
