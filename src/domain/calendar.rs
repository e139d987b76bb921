//! Working time.

use super::time::Instant;

/// When a team works.
#[derive(Clone, Debug)]
pub struct Calendar {
    /// Its name in the policy.
    pub id: String,
}

impl Calendar {
    /// The earliest instant at which `working_ms` of working time have passed since `start`.
    pub fn after(&self, start: Instant, working_ms: i64) -> Instant {
        start.plus_millis(working_ms)
    }

    /// Working time between two instants in milliseconds; 0 if `until` is not after `from`.
    pub fn between(&self, from: Instant, until: Instant) -> i64 {
        (until.millis() - from.millis()).max(0)
    }
}
