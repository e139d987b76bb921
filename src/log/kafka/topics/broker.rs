//! Asking a cluster for its topics, and making those that are missing.

use std::collections::BTreeMap;
use std::time::Duration;

use super::TopicPlan;
use super::differences::{Found, FoundTopic, VERIFICATION};
use super::needed::NeededTopic;
use crate::log::LogError;
use crate::log::kafka::faults::{Otherwise, is_refused, judge, judge_with};
use crate::log::kafka::ffi::admin::describe_topics;
use crate::log::kafka::ffi::describe::{Settings, Subject, create_topics, describe_configs};
use crate::log::kafka::ffi::{ByTopic, Code, Fault};
use crate::log::kafka::{ANSWER_WAIT, KafkaLog, WATCH_SLACK};
use crate::watchdog::watch;

/// How long the brokers have to make topics.
const CREATE_WAIT: Duration = Duration::from_secs(30);
/// How long a new topic may take until every broker tells of it.
const SPREAD_WAIT: Duration = Duration::from_secs(10);
/// How often it is looked for.
const SPREAD_STEP: Duration = Duration::from_millis(100);

/// A topic that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Its full name.
    pub name: String,
    /// How many partitions it has.
    pub partitions: u32,
    /// How many copies of each.
    pub replication: u32,
}

impl KafkaLog {
    /// The cluster as it is, as far as `needed` asks.
    pub fn find_topics(&self, needed: &[NeededTopic]) -> Result<Found, LogError> {
        let _watch = watch("asking for topics and their settings", ANSWER_WAIT * 4 + WATCH_SLACK);
        let brokers = self
            .asker
            .brokers(ANSWER_WAIT)
            .map_err(|fault| self.asked("the brokers", &fault))?;
        let names: Vec<&str> = needed.iter().map(|topic| topic.name.as_str()).collect();
        let described =
            describe_topics(&self.asker, &names, ANSWER_WAIT).map_err(|fault| self.asked("topics", &fault))?;
        let mut topics = BTreeMap::new();
        for (name, topic) in described {
            let topic = match topic {
                Ok(topic) => topic,
                Err(fault) if is_missing(&fault) => continue,
                Err(fault) => return Err(judge(&format!("describing {name}"), &fault, Otherwise::Retry)),
            };
            let found = FoundTopic {
                partitions: topic.partitions,
                replication: topic.replication,
                settings: BTreeMap::new(),
            };
            topics.insert(topic.name, found);
        }
        self.add_settings(&mut topics)?;
        Ok(Found {
            brokers: brokers.len(),
            verifies_transactions: self.verifies_transactions(&brokers)?,
            topics,
        })
    }

    fn add_settings(&self, topics: &mut BTreeMap<String, FoundTopic>) -> Result<(), LogError> {
        let subjects: Vec<Subject> = topics.keys().cloned().map(Subject::Topic).collect();
        let answers = describe_configs(&self.asker, &subjects, ANSWER_WAIT)
            .map_err(|fault| self.asked("topics' settings", &fault))?;
        for ((name, topic), answer) in topics.iter_mut().zip(answers) {
            let refused = |fault: Fault| {
                let remedy = if is_refused(fault.code) {
                    " (it takes the right DescribeConfigs)"
                } else {
                    ""
                };
                judge(&format!("describing {name}{remedy}"), &fault, Otherwise::Retry)
            };
            topic.settings = known(answer.map_err(refused)?);
        }
        Ok(())
    }

    /// Whether each broker verifies transactions; `None` where we may not know.
    fn verifies_transactions(&self, brokers: &[i32]) -> Result<Option<bool>, LogError> {
        let mut verifies = None;
        for broker in brokers {
            let subject = [Subject::Broker(*broker)];
            let answer = match describe_configs(&self.asker, &subject, ANSWER_WAIT).map(|mut answers| answers.remove(0))
            {
                Ok(Ok(settings)) => known(settings),
                // Reading a broker's settings is a right that operators may keep to themselves.
                Ok(Err(fault)) | Err(fault) if is_refused(fault.code) => continue,
                Ok(Err(fault)) | Err(fault) => return Err(self.asked("a broker's settings", &fault)),
            };
            if let Some(value) = answer.get(VERIFICATION) {
                verifies = Some(verifies.unwrap_or(true) && value == "true");
            }
        }
        Ok(verifies)
    }

    fn asked(&self, what: &str, fault: &Fault) -> LogError {
        judge_with(&self.asker, &format!("asking for {what}"), fault, Otherwise::Retry)
    }

    /// Makes what is missing of `needed`, each for itself, and waits until it is known; one outcome
    /// per missing topic. Topics that are there are left as they are.
    pub fn create_missing(&self, needed: &[NeededTopic]) -> Result<Vec<Result<Made, LogError>>, LogError> {
        let found = self.find_topics(needed)?;
        let missing = needed.iter().filter(|topic| !found.topics.contains_key(&topic.name));
        let plans: Vec<TopicPlan> = missing.map(|topic| topic.plan(found.brokers)).collect();
        let outcomes = self.make_topics(&plans)?;
        let made = |(plan, outcome): (TopicPlan, Result<(), LogError>)| {
            outcome.map(|()| Made {
                name: plan.name,
                partitions: plan.partitions,
                replication: plan.replication,
            })
        };
        Ok(plans.into_iter().zip(outcomes).map(made).collect())
    }

    /// Makes topics, each for itself, and waits until they are known; one outcome per plan.
    pub fn make_topics(&self, plans: &[TopicPlan]) -> Result<Vec<Result<(), LogError>>, LogError> {
        if plans.is_empty() {
            return Ok(Vec::new());
        }
        let _watch = watch("making topics", CREATE_WAIT + SPREAD_WAIT + WATCH_SLACK);
        let made = create_topics(&self.asker, plans, CREATE_WAIT)
            .map_err(|fault| judge_with(&self.asker, "making topics", &fault, Otherwise::Unknown))?;
        let outcomes = plans.iter().map(|plan| outcome(plan, &made)).collect();
        self.wait_until_known(plans, &made)?;
        Ok(outcomes)
    }

    fn wait_until_known(&self, plans: &[TopicPlan], made: &ByTopic<()>) -> Result<(), LogError> {
        let is_made = |plan: &&TopicPlan| made.iter().any(|(name, outcome)| *name == plan.name && outcome.is_ok());
        let names: Vec<&str> = plans.iter().filter(is_made).map(|plan| plan.name.as_str()).collect();
        let until = std::time::Instant::now() + SPREAD_WAIT;
        while !names.is_empty() {
            let known = crate::log::Log::topics(self, &names)?;
            if known
                .iter()
                .all(|topic| topic.as_ref().is_some_and(|topic| topic.partitions > 0))
            {
                break;
            }
            if std::time::Instant::now() > until {
                return Err(LogError::Retry(
                    "the topics were made, but the brokers don't tell of them yet".to_owned(),
                ));
            }
            std::thread::sleep(SPREAD_STEP);
        }
        Ok(())
    }
}

fn outcome(plan: &TopicPlan, made: &ByTopic<()>) -> Result<(), LogError> {
    match made.iter().find(|(name, _)| *name == plan.name) {
        Some((_, Ok(()))) => Ok(()),
        Some((name, Err(fault))) => Err(judge(&format!("making {name}"), fault, Otherwise::Unknown)),
        None => Err(LogError::Unknown(format!("making {}: not in the answer", plan.name))),
    }
}

fn is_missing(fault: &Fault) -> bool {
    matches!(fault.code, Code::UnknownTopicOrPartition | Code::UnknownTopic)
}

/// The settings that have a value.
fn known(settings: Settings) -> BTreeMap<String, String> {
    settings
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}
