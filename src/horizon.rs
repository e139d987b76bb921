//! How far away the next deadline of each shard of this process is.
//!
//! Shards tell it, and the intake tells the time less often where nobody waits for it. Of a shard in
//! another process nothing is known here, so its time is told as if a deadline were near.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::time::Instant;

/// Shared by the loops of a process.
#[derive(Default)]
pub struct Horizon(Mutex<BTreeMap<u32, Option<Instant>>>);

impl Horizon {
    /// The shard of this journal partition is at work here, and its next deadline is at this instant;
    /// none: it has none. To be told again whenever that may have changed.
    pub fn tell(&self, partition: u32, next: Option<Instant>) {
        self.known().insert(partition, next);
    }

    /// The shard of this journal partition is not at work here.
    pub fn forget(&self, partition: u32) {
        self.known().remove(&partition);
    }

    /// Whether the shard of this journal partition is at work here, and has no deadline before `until`.
    pub fn is_clear(&self, partition: u32, until: Instant) -> bool {
        let next = self.known().get(&partition).copied();
        next.is_some_and(|next| next.is_none_or(|next| next >= until))
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<u32, Option<Instant>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_shard_that_is_known_to_have_no_near_deadline_is_clear() {
        let (horizon, at) = (Horizon::default(), Instant::from_millis);
        assert!(!horizon.is_clear(3, at(0)), "nothing is known of it");
        horizon.tell(3, Some(at(5_000)));
        assert!(horizon.is_clear(3, at(5_000)));
        assert!(!horizon.is_clear(3, at(5_001)));
        horizon.tell(3, None);
        assert!(horizon.is_clear(3, at(i64::MAX)));
        assert!(!horizon.is_clear(4, at(0)));
        horizon.forget(3);
        assert!(!horizon.is_clear(3, at(0)));
    }
}
