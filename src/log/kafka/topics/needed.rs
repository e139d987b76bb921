//! Which topics there must be, and how they must be set.

use super::super::RECORD_BYTES_MAX;
use super::TopicPlan;
use crate::log::{INBOX_KEPT_MS, OUTPUT_KEPT_MS};

/// Partitions of the inbox, outputs, dead letters, and of sources that we make.
const PARTITIONS: u32 = 6;
/// A source with records above this is a fault: packed, they would not fit into ours.
const SOURCE_RECORD_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Small segments, so that what a shard has trimmed really goes.
const STATE_SEGMENT_BYTES: usize = 16 * 1024 * 1024;
/// As above: a quiet state log lets go within the hour.
const STATE_SEGMENT_MS: u64 = 3_600_000;
/// Copies of a topic, where there are as many brokers.
const REPLICATION: usize = 3;
/// How many copies must be in step for a write, where there are `REPLICATION`.
const IN_SYNC: u32 = 2;

/// What a topic is to Tasuki.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The one order of everything.
    Journal,
    /// What shards remember.
    State,
    /// What came by HTTP.
    Inbox,
    /// The agreements, in order.
    Policy,
    /// Decisions, read by others.
    Output,
    /// What could not be understood.
    DeadLetters,
    /// Somebody else's topic that is read.
    Source,
}

/// How many partitions a topic must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Partitions {
    /// Fixed: leads are dealt out over them.
    Exactly(u32),
    /// More do no harm.
    AtLeast(u32),
}

/// What a setting must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// This text.
    Is(&'static str),
    /// A number, at least this; -1 (no limit) is enough too.
    AtLeast(u64),
    /// A number, at most this, and a limit.
    AtMost(u64),
}

/// A setting of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name on the broker.
    pub name: &'static str,
    /// What it must be.
    pub wanted: Wanted,
}

/// A topic that must be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeededTopic {
    /// Its full name.
    pub name: String,
    /// What it is to Tasuki.
    pub kind: Kind,
    /// How many partitions it must have.
    pub partitions: Partitions,
    /// How it must be set.
    pub settings: Vec<Setting>,
}

/// What the settings and the policy say about topics.
#[derive(Clone, Copy, Debug)]
pub struct TopicNames<'a> {
    /// Prefix of every topic of ours.
    pub prefix: &'a str,
    /// Partitions of the journal and of the state log.
    pub journal_partitions: u32,
    /// Topics of the teams, without the prefix.
    pub team_topics: &'a [String],
    /// Full names of the sources.
    pub sources: &'a [String],
}

/// Every topic that must be there, each once, ours first.
pub fn needed(names: &TopicNames) -> Vec<NeededTopic> {
    let ours = |name: &str, kind, partitions| NeededTopic {
        name: format!("{}{name}", names.prefix),
        kind,
        partitions,
        settings: settings_of(kind),
    };
    let shards = Partitions::Exactly(names.journal_partitions);
    let some = Partitions::AtLeast(PARTITIONS);
    let mut topics = vec![
        ours("tasuki.journal", Kind::Journal, shards),
        ours("tasuki.state", Kind::State, shards),
        ours("tasuki.inbox", Kind::Inbox, some),
        ours("tasuki.policy", Kind::Policy, Partitions::Exactly(1)),
        ours("tasuki.dead-letters", Kind::DeadLetters, some),
    ];
    let fixed = ["sales.sla", "marketing.feedback", "leads.lifecycle"];
    topics.extend(fixed.map(|name| ours(name, Kind::Output, some)));
    topics.extend(names.team_topics.iter().map(|name| ours(name, Kind::Output, some)));
    topics.extend(names.sources.iter().map(|name| NeededTopic {
        name: name.clone(),
        kind: Kind::Source,
        partitions: Partitions::AtLeast(1),
        settings: settings_of(Kind::Source),
    }));
    let mut seen = std::collections::BTreeSet::new();
    topics.retain(|topic| seen.insert(topic.name.clone()));
    topics
}

fn settings_of(kind: Kind) -> Vec<Setting> {
    let kept = match kind {
        Kind::Source => {
            return vec![setting(
                "max.message.bytes",
                Wanted::AtMost(SOURCE_RECORD_BYTES_MAX as u64),
            )];
        }
        Kind::Journal | Kind::State | Kind::Policy => Wanted::Is("-1"),
        Kind::Inbox => Wanted::AtLeast(INBOX_KEPT_MS),
        Kind::Output | Kind::DeadLetters => Wanted::AtLeast(OUTPUT_KEPT_MS),
    };
    let mut settings = vec![
        setting("cleanup.policy", Wanted::Is("delete")),
        setting("retention.ms", kept),
        setting("retention.bytes", Wanted::Is("-1")),
        setting("max.message.bytes", Wanted::AtLeast(RECORD_BYTES_MAX as u64)),
    ];
    if kind == Kind::Journal {
        settings.push(setting("message.timestamp.type", Wanted::Is("LogAppendTime")));
    }
    if kind == Kind::State {
        settings.push(setting("segment.bytes", Wanted::AtMost(STATE_SEGMENT_BYTES as u64)));
        settings.push(setting("segment.ms", Wanted::AtMost(STATE_SEGMENT_MS)));
    }
    settings
}

fn setting(name: &'static str, wanted: Wanted) -> Setting {
    Setting { name, wanted }
}

impl Wanted {
    /// The value a topic is made with.
    pub fn made_with(self) -> String {
        match self {
            Self::Is(text) => text.to_owned(),
            Self::AtLeast(number) | Self::AtMost(number) => number.to_string(),
        }
    }

    /// True if the broker's value will do.
    pub fn allows(self, value: &str) -> bool {
        match self {
            Self::Is(text) => value == text,
            Self::AtLeast(least) => value == "-1" || value.parse().is_ok_and(|number: u64| number >= least),
            Self::AtMost(most) => value.parse().is_ok_and(|number: u64| number <= most),
        }
    }
}

impl NeededTopic {
    /// How it is made on a cluster of so many brokers.
    pub fn plan(&self, brokers: usize) -> TopicPlan {
        let replication = brokers.clamp(1, REPLICATION);
        let mut settings: Vec<(String, String)> = self
            .settings
            .iter()
            .map(|setting| (setting.name.to_owned(), setting.wanted.made_with()))
            .collect();
        settings.push(("min.insync.replicas".to_owned(), in_sync(replication).to_string()));
        TopicPlan {
            name: self.name.clone(),
            partitions: match self.partitions {
                Partitions::AtLeast(count) if self.kind == Kind::Source => count.max(PARTITIONS),
                Partitions::Exactly(count) | Partitions::AtLeast(count) => count,
            },
            replication: replication as u32,
            settings,
        }
    }
}

/// How many copies must be in step for a write, of so many.
pub(super) fn in_sync(replication: usize) -> u32 {
    if replication >= REPLICATION { IN_SYNC } else { 1 }
}
