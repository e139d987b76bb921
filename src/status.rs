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
    shards: BTreeMap<String, ShardStatus>,
    intakes: BTreeMap<String, bool>,
    policy_needed: u64,
    paused: BTreeSet<String>,
}

#[derive(Clone, Copy)]
struct ShardStatus {
    owned: usize,
    restored: usize,
    policy: Option<u64>,
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

    /// How far a worker's partitions are.
    pub fn tell_shard(&self, worker: &str, owned: usize, restored: usize, policy: Option<u64>) {
        self.known().shards.insert(
            worker.to_owned(),
            ShardStatus {
                owned,
                restored,
                policy,
            },
        );
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
        if known.shards.is_empty() || known.intakes.is_empty() || known.intakes.values().any(|joined| !joined) {
            return Some("not joined yet".to_owned());
        }
        let (mut owned, mut restored) = (0, 0);
        for shard in known.shards.values() {
            owned += shard.owned;
            restored += shard.restored;
        }
        if restored < owned {
            return Some(format!("restored {restored} of {owned} partitions"));
        }
        let behind = known
            .shards
            .values()
            .filter(|shard| shard.owned > 0)
            .any(|shard| shard.policy < Some(known.policy_needed));
        behind.then(|| format!("policy {} is not adopted yet", known.policy_needed))
    }
}
