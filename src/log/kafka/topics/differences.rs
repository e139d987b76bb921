//! What is wrong with the topics found, each with its remedy.

use std::collections::BTreeMap;
use std::fmt;

use super::needed::{Kind, NeededTopic, Partitions, Setting, Wanted, in_sync};

/// A topic as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundTopic {
    /// How many partitions it has.
    pub partitions: u32,
    /// How many copies there are of each.
    pub replication: usize,
    /// Its settings, by name, those in force by default among them.
    pub settings: BTreeMap<String, String>,
}

/// A cluster as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// How many brokers there are.
    pub brokers: usize,
    /// The broker's `transaction.partition.verification.enable`; `None` where it does not say.
    pub verifies_transactions: Option<bool>,
    /// The topics that are there, of those asked for.
    pub topics: BTreeMap<String, FoundTopic>,
}

/// One thing that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The topic; `None` where it is about the brokers.
    pub topic: Option<String>,
    /// What differs.
    pub what: String,
    /// What it is.
    pub is: String,
    /// What it should be.
    pub should: String,
    /// What to do about it.
    pub remedy: String,
}

impl Difference {
    /// True if `topics create` takes care of it.
    pub fn is_missing(&self) -> bool {
        self.what == MISSING
    }
}

/// What differs about a topic that is not there.
const MISSING: &str = "the topic";

impl fmt::Display for Difference {
    /// `tasuki.journal: retention.ms is 604800000, should be -1; do this`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            what,
            is,
            should,
            remedy,
            ..
        } = self;
        let topic = self.topic.as_deref().unwrap_or("the brokers");
        write!(f, "{topic}: {what} is {is}, should be {should}; {remedy}")
    }
}

/// Everything that is not as it must be, topic by topic in the order of `needed`.
pub fn differences(needed: &[NeededTopic], found: &Found) -> Vec<Difference> {
    let mut all: Vec<Difference> = needed
        .iter()
        .flat_map(|topic| topic_differences(topic, found))
        .collect();
    if found.verifies_transactions == Some(false) {
        all.push(Difference {
            topic: None,
            what: VERIFICATION.to_owned(),
            is: "false".to_owned(),
            should: "true".to_owned(),
            remedy: format!(
                "set it on every broker: kafka-configs.sh --alter --entity-type brokers --entity-default \
                 --add-config {VERIFICATION}=true"
            ),
        });
    }
    all
}

/// Without it, a broker takes late records of an ended transaction into the next one.
pub(super) const VERIFICATION: &str = "transaction.partition.verification.enable";

fn topic_differences(needed: &NeededTopic, found: &Found) -> Vec<Difference> {
    let Some(topic) = found.topics.get(&needed.name) else {
        return vec![missing(needed)];
    };
    let mut all: Vec<Difference> = partitions_difference(needed, topic).into_iter().collect();
    all.extend(
        needed
            .settings
            .iter()
            .filter_map(|setting| setting_difference(needed, topic, *setting)),
    );
    if needed.kind != Kind::Source {
        all.extend(in_sync_difference(needed, topic));
    }
    all
}

fn missing(needed: &NeededTopic) -> Difference {
    let remedy = match needed.kind {
        Kind::Source => "make it, or run `tasuki topics create`, or take it out of the settings' sources",
        _ => "run `tasuki topics create`",
    };
    Difference {
        topic: Some(needed.name.clone()),
        what: MISSING.to_owned(),
        is: "missing".to_owned(),
        should: "there".to_owned(),
        remedy: remedy.to_owned(),
    }
}

fn partitions_difference(needed: &NeededTopic, topic: &FoundTopic) -> Option<Difference> {
    let (right, should) = match needed.partitions {
        Partitions::Exactly(count) => (topic.partitions == count, count.to_string()),
        Partitions::AtLeast(count) => (topic.partitions >= count, format!("at least {count}")),
    };
    let remedy = match needed.kind {
        Kind::Journal | Kind::State => format!(
            "set journal.partitions to {}; or, while nothing has been recorded, delete the topic and run `tasuki topics \
             create`",
            topic.partitions
        ),
        Kind::Policy => {
            "delete the topic and run `tasuki topics create`; each instance publishes its policy again".to_owned()
        }
        _ => format!(
            "add partitions: kafka-topics.sh --alter --topic {} --partitions {should}",
            needed.name
        )
        .replace("at least ", ""),
    };
    (!right).then(|| Difference {
        topic: Some(needed.name.clone()),
        what: "the number of partitions".to_owned(),
        is: topic.partitions.to_string(),
        should,
        remedy,
    })
}

fn setting_difference(needed: &NeededTopic, topic: &FoundTopic, setting: Setting) -> Option<Difference> {
    let value = topic.settings.get(setting.name).map_or("not known", String::as_str);
    if setting.wanted.allows(value) {
        return None;
    }
    let number = setting.wanted.made_with();
    let should = match setting.wanted {
        Wanted::Is(_) => number.clone(),
        Wanted::AtLeast(_) => format!("at least {number}"),
        Wanted::AtMost(_) => format!("at most {number}"),
    };
    Some(set_it(needed, setting.name, value, should, &number))
}

fn in_sync_difference(needed: &NeededTopic, topic: &FoundTopic) -> Option<Difference> {
    const NAME: &str = "min.insync.replicas";
    let value = topic.settings.get(NAME)?;
    let copies: u32 = value.parse().ok()?;
    let least = in_sync(topic.replication);
    if copies as usize > topic.replication {
        let should = format!("at most {}, the number of copies", topic.replication);
        return Some(set_it(needed, NAME, value, should, &least.to_string()));
    }
    (copies < least).then(|| set_it(needed, NAME, value, format!("at least {least}"), &least.to_string()))
}

fn set_it(needed: &NeededTopic, what: &str, is: &str, should: String, value: &str) -> Difference {
    Difference {
        topic: Some(needed.name.clone()),
        what: what.to_owned(),
        is: is.to_owned(),
        should,
        remedy: format!(
            "set it: kafka-configs.sh --alter --entity-type topics --entity-name {} --add-config {what}={value}",
            needed.name
        ),
    }
}
