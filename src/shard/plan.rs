//! What a worker needs to know, and what follows from it for its group and its shards.

use std::sync::Arc;
use std::time::Duration;

use super::Said;
use crate::domain::journal::Foundation;
use crate::domain::shard::Charter;
use crate::log::{Membership, ReadLimit};
use crate::names::Names;
use crate::wire;
use crate::wire::outputs::Decider;

/// What a worker needs to know.
#[derive(Clone)]
pub struct Plan {
    /// Topic and group names.
    pub names: Names,
    /// The deployment's name, in every output's `source`.
    pub deployment: String,
    /// What must never change once the journal has begun.
    pub foundation: Foundation,
    /// The transactional id of this worker.
    pub writer_id: String,
    /// Static membership, if any.
    pub instance: Option<String>,
    /// Number of journal partitions.
    pub partitions: u32,
    /// Partitions of the dead-letter topic.
    pub dead_letter_partitions: u32,
    /// See `Charter::patience_ms`.
    pub patience_ms: i64,
    /// Records and bytes that one transaction takes in at most.
    pub batch: ReadLimit,
    /// Deadlines that one transaction fires at most.
    pub deadlines_max: usize,
    /// Leads of a queue that one letter of the desk to itself serves at most.
    pub queued_max: usize,
    /// A transaction takes no more in once this has passed, by the machine's clock.
    pub batch_time: Duration,
    /// A transaction that was open for longer makes the next ones smaller, by the machine's clock.
    pub open_time_max: Duration,
    /// A stretch of the journal that led to nothing is committed this often at most, in milliseconds.
    pub idle_commit_ms: i64,
    /// What was erased is out of the state log after so many milliseconds of journal time.
    pub erase_within_ms: i64,
    /// Journal records that are done with are kept for so many milliseconds of journal time.
    pub journal_kept_ms: i64,
    /// The number of the settings that name the sources.
    pub sources_version: u64,
    /// What was said before, where shards are repaired.
    pub said: Option<Arc<Said>>,
}

impl Plan {
    pub(super) fn membership(&self) -> Membership {
        Membership {
            group: self.names.shard_group(),
            topics: vec![self.names.journal()],
            instance: self.instance.clone(),
            committed_only: true,
        }
    }

    pub(super) fn charter(&self, partition: u32) -> Charter {
        Charter {
            partition,
            partitions: self.partitions,
            patience_ms: self.patience_ms,
            queued_max: self.queued_max,
            compile: wire::policy_file::remembered,
        }
    }

    pub(super) fn decider(&self, shard: u32) -> Decider<'_> {
        Decider {
            deployment: &self.deployment,
            shard,
        }
    }
}
