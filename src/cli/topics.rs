//! `tasuki topics check|create`: the broker's topics against what the settings and the policy need.
//!
//! `serve` refuses to start on any difference, in the same words.

use std::path::PathBuf;

use clap::Subcommand;

use super::{Failed, count, failed, say, serve};
use crate::domain::policy::Policy;
use crate::log::LogError;
use crate::log::kafka::KafkaLog;
use crate::log::kafka::topics::{Difference, Kind, Made, NeededTopic, TopicNames, differences, needed};
use crate::settings::{LogKind, Settings};
use crate::wire::outputs;

#[derive(Debug, Subcommand)]
pub(super) enum Topics {
    /// Compare the broker's topics with what is needed, saying every difference with its remedy
    Check,
    /// Make the topics that are missing; those that are there are left as they are
    Create,
}

pub(super) fn run(config: &[PathBuf], what: &Topics) -> Result<(), Failed> {
    let settings = super::settings(config)?;
    let (_, policy) = super::policy(&settings)?;
    if settings.log == LogKind::Local {
        return Err(failed(
            "log is \"local\", which makes its topics itself; for those of a cluster set TASUKI__LOG=kafka and \
             TASUKI__KAFKA__BROKERS",
        ));
    }
    let log = serve::connect(&settings)?;
    let needed = needed_by(&settings, &policy);
    match what {
        Topics::Check => {}
        Topics::Create => create(&log, &needed)?,
    }
    let different = different(&log, &needed).map_err(failed)?;
    for difference in &different {
        say(difference)?;
    }
    if different.is_empty() {
        return say(format!("{} as needed", count(needed.len(), "topic")));
    }
    Err(failed(found(&different)))
}

/// Everything about the broker's topics that is not as it must be.
pub(super) fn check(log: &KafkaLog, settings: &Settings, policy: &Policy) -> Result<Vec<Difference>, LogError> {
    different(log, &needed_by(settings, policy))
}

/// How many differences there are, in words.
pub(super) fn found(different: &[Difference]) -> String {
    format!("{} found", count(different.len(), "difference"))
}

fn different(log: &KafkaLog, needed: &[NeededTopic]) -> Result<Vec<Difference>, LogError> {
    Ok(differences(needed, &log.find_topics(needed)?))
}

fn needed_by(settings: &Settings, policy: &Policy) -> Vec<NeededTopic> {
    let sources: Vec<String> = settings.source_topics().into_iter().map(|(name, _)| name).collect();
    needed(&TopicNames {
        prefix: &settings.kafka.prefix,
        journal_partitions: settings.journal_partitions(),
        team_topics: &outputs::topics(policy),
        sources: &sources,
    })
}

fn create(log: &KafkaLog, needed: &[NeededTopic]) -> Result<(), Failed> {
    let mut failure = None;
    for outcome in log.create_missing(needed).map_err(failed)? {
        match outcome {
            Ok(made) => say(words(&made, needed))?,
            Err(error) => failure = Some(failed(error)),
        }
    }
    failure.map_or(Ok(()), Err)
}

/// A source is usually somebody else's topic, so that we made one is said.
fn words(made: &Made, needed: &[NeededTopic]) -> String {
    let is_source = needed
        .iter()
        .any(|topic| topic.name == made.name && topic.kind == Kind::Source);
    let role = if is_source { ", a source that was missing" } else { "" };
    format!(
        "{}: made{role}, with {}, replication {}",
        made.name,
        count(made.partitions as usize, "partition"),
        made.replication
    )
}
