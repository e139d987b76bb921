//! The only place that reads the time of day.

use std::sync::Arc;
use std::time;

use crate::domain::time::Instant;

/// Where the service gets its time from.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Source>);

#[derive(Debug)]
enum Source {
    /// The machine's clock.
    Machine,
    /// Begins at `from` when made and runs `speed` times as fast as real time.
    Fast {
        from: Instant,
        made: time::Instant,
        speed: u32,
    },
}

impl Clock {
    /// The machine's clock.
    pub fn machine() -> Self {
        Self(Arc::new(Source::Machine))
    }

    /// A clock that begins at `from` now and runs `speed` times as fast as real time.
    pub fn fast(from: Instant, speed: u32) -> Self {
        Self(Arc::new(Source::Fast {
            from,
            made: time::Instant::now(),
            speed,
        }))
    }

    /// What this clock shows.
    #[expect(clippy::disallowed_methods, reason = "this is the place that reads the time of day")]
    pub fn now(&self) -> Instant {
        match &*self.0 {
            Source::Machine => Instant::from_millis(jiff::Timestamp::now().as_millisecond()),
            Source::Fast { from, made, speed } => {
                let real_ms = i64::try_from(made.elapsed().as_millis()).unwrap_or(i64::MAX);
                from.plus_millis(real_ms.saturating_mul(i64::from(*speed)))
            }
        }
    }
}
