//! What the probes ask: has everything turned lately, and is everything ready?

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A loop that has not turned for so long is stuck.
pub const TURN_MAX: Duration = Duration::from_secs(30);

/// Shared between the loops and the probes.
#[derive(Default)]
pub struct Status(Mutex<Known>);

#[derive(Default)]
struct Known {
    turned: BTreeMap<String, Instant>,
    /// None: the worker has no share of the partitions, not even an empty one.
    shards: BTreeMap<String, Option<ShardStatus>>,
    intakes: BTreeMap<String, bool>,
    policy_needed: u64,
    paused: BTreeSet<String>,
}

/// How far a worker's partitions are.
#[derive(Clone, Copy, Debug)]
pub struct ShardStatus {
    /// Partitions dealt to it.
    pub owned: usize,
    /// Those of them that are restored.
    pub restored: usize,
    /// The newest policy version that they have adopted.
    pub policy: Option<u64>,
}

impl Status {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A loop has turned.
    pub fn turned(&self, name: &str) {
        let mut known = self.known();
        match known.turned.get_mut(name) {
            Some(turned) => *turned = Instant::now(),
            None => {
                known.turned.insert(name.to_owned(), Instant::now());
            }
        }
    }

    /// A loop has ended; nobody waits for it to turn.
    pub fn ended(&self, name: &str) {
        self.known().turned.remove(name);
    }

    /// The policy version that every shard must have adopted before we are ready.
    pub fn need_policy(&self, version: u64) {
        self.known().policy_needed = version;
    }

    /// How far a worker's partitions are; none while its group has dealt it no share, or has taken it.
    pub fn tell_shard(&self, worker: &str, shard: Option<ShardStatus>) {
        self.known().shards.insert(worker.to_owned(), shard);
    }

    /// Whether an intake worker has joined its group.
    pub fn tell_intake(&self, worker: &str, joined: bool) {
        self.known().intakes.insert(worker.to_owned(), joined);
    }

    /// A source is not read until it is released.
    pub fn pause(&self, source: &str) {
        self.known().paused.insert(source.to_owned());
    }

    /// A source is read again; false if it was not paused.
    pub fn release(&self, source: &str) -> bool {
        self.known().paused.remove(source)
    }

    /// The sources that are paused.
    pub fn paused(&self) -> BTreeSet<String> {
        self.known().paused.clone()
    }

    /// The loops that have not turned lately.
    pub fn stuck(&self) -> Vec<String> {
        let known = self.known();
        let late = known.turned.iter().filter(|(_, turned)| turned.elapsed() > TURN_MAX);
        late.map(|(name, _)| name.clone()).collect()
    }

    /// Why we are not ready; none when we are.
    pub fn unready(&self) -> Option<String> {
        let known = self.known();
        let joined = !known.intakes.is_empty() && known.intakes.values().all(|joined| *joined);
        let shards: Option<Vec<ShardStatus>> = known.shards.values().copied().collect();
        let Some(shards) = shards.filter(|shards| joined && !shards.is_empty()) else {
            return Some("not joined yet".to_owned());
        };
        let (owned, restored) = shards.iter().fold((0, 0), |(owned, restored), shard| {
            (owned + shard.owned, restored + shard.restored)
        });
        if restored < owned {
            return Some(format!("restored {restored} of {owned} partitions"));
        }
        let behind = shards
            .iter()
            .filter(|shard| shard.owned > 0)
            .any(|shard| shard.policy < Some(known.policy_needed));
        behind.then(|| format!("policy {} is not adopted yet", known.policy_needed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: ShardStatus = ShardStatus {
        owned: 2,
        restored: 2,
        policy: Some(1),
    };

    #[test]
    fn whoever_lost_its_share_is_not_ready() {
        let status = Status::default();
        status.need_policy(1);
        let not_joined = Some("not joined yet".to_owned());
        assert_eq!(status.unready(), not_joined);
        status.tell_shard("a", Some(WHOLE));
        status.tell_shard("b", None);
        status.tell_intake("intake", true);
        assert_eq!(status.unready(), not_joined, "one worker has no share yet");
        status.tell_shard("b", Some(WHOLE));
        assert_eq!(status.unready(), None);
        status.tell_shard("a", None);
        assert_eq!(status.unready(), not_joined, "one lost its share");
        status.tell_shard(
            "a",
            Some(ShardStatus {
                owned: 0,
                restored: 0,
                policy: None,
            }),
        );
        assert_eq!(status.unready(), None, "an empty share is one");
        status.tell_intake("intake", false);
        assert_eq!(status.unready(), not_joined);
    }

    #[test]
    fn what_is_missing_is_said() {
        let status = Status::default();
        status.need_policy(2);
        status.tell_intake("intake", true);
        status.tell_shard("a", Some(ShardStatus { restored: 1, ..WHOLE }));
        assert_eq!(status.unready().as_deref(), Some("restored 1 of 2 partitions"));
        status.tell_shard("a", Some(WHOLE));
        assert_eq!(status.unready().as_deref(), Some("policy 2 is not adopted yet"));
    }
}
