//! The only place that reads the time of day.

use std::sync::{Arc, Mutex, PoisonError};
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
    /// A clock of its own that runs faster than real time.
    Fast(Mutex<Leg>),
    /// Shows what it was set to.
    ByHand(Mutex<Now>),
}

/// A stretch of a fast clock at one speed.
#[derive(Clone, Copy, Debug)]
struct Leg {
    from: Instant,
    since_us: i64,
    speed: u32,
}

impl Leg {
    fn time(&self, running_us: i64) -> Instant {
        let ran_us = (running_us - self.since_us).max(0);
        self.from
            .plus_millis(ran_us.saturating_mul(i64::from(self.speed)) / 1_000)
    }
}

impl Clock {
    /// The machine's clock.
    pub fn machine() -> Self {
        Self::made(Pace::Machine)
    }

    /// A clock that begins at `from` now and runs `speed` times as fast as real time.
    pub fn fast(from: Instant, speed: u32) -> Self {
        Self::made(Pace::Fast(Mutex::new(Leg {
            from,
            since_us: 0,
            speed,
        })))
    }

    /// A clock that stands still until it is set.
    pub fn by_hand(now: Now) -> Self {
        Self::made(Pace::ByHand(Mutex::new(now)))
    }

    /// Sets a clock that was made by hand; others go their own way.
    pub fn set(&self, now: Now) {
        if let Pace::ByHand(shown) = &self.0.pace {
            *shown.lock().unwrap_or_else(PoisonError::into_inner) = now;
        }
    }

    /// Goes on from the time it shows at `speed` times real time; the machine's clock has one speed.
    pub fn set_speed(&self, speed: u32) {
        if let Pace::Fast(leg) = &self.0.pace {
            let mut leg = leg.lock().unwrap_or_else(PoisonError::into_inner);
            if leg.speed != speed {
                let now_us = self.running_us();
                *leg = Leg {
                    from: leg.time(now_us),
                    since_us: now_us,
                    speed,
                };
            }
        }
    }

    fn made(pace: Pace) -> Self {
        Self(Arc::new(Source {
            made: time::Instant::now(),
            pace,
        }))
    }

    /// Both clocks.
    pub fn read(&self) -> Now {
        if let Pace::ByHand(shown) = &self.0.pace {
            return *shown.lock().unwrap_or_else(PoisonError::into_inner);
        }
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
            Pace::Fast(leg) => leg
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .time(self.running_us()),
            Pace::ByHand(shown) => shown.lock().unwrap_or_else(PoisonError::into_inner).time,
        }
    }

    fn running_ms(&self) -> i64 {
        self.running_us() / 1_000
    }

    fn running_us(&self) -> i64 {
        i64::try_from(self.0.made.elapsed().as_micros()).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_speed_neither_jumps_nor_falls() {
        let start = Instant::from_millis(1_000_000);
        let clock = Clock::fast(start, 1_000_000);
        std::thread::sleep(time::Duration::from_millis(2));
        let before = clock.now();
        assert!(before >= start.plus_millis(2_000_000), "{before}");
        clock.set_speed(1);
        let after = clock.now();
        assert!(after >= before, "{after} is before {before}");
        std::thread::sleep(time::Duration::from_millis(2));
        let later = clock.now();
        assert!(later.millis() - after.millis() < 1_000_000, "{later} after {after}");
    }
}
