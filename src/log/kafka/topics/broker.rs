//! Making topics on a cluster.

use super::TopicPlan;
use crate::log::LogError;
use crate::log::kafka::faults::{Otherwise, judge, judge_with};
use crate::log::kafka::ffi::describe::create_topics;
use crate::log::kafka::{KafkaLog, WATCH_SLACK};
use crate::watchdog::watch;
use std::time::Duration;

/// How long the brokers have to make topics.
const CREATE_WAIT: Duration = Duration::from_secs(30);

impl KafkaLog {
    /// Makes topics, each for itself; one outcome per plan.
    pub fn make_topics(&self, plans: &[TopicPlan]) -> Result<Vec<Result<(), LogError>>, LogError> {
        if plans.is_empty() {
            return Ok(Vec::new());
        }
        let _watch = watch("making topics", CREATE_WAIT + WATCH_SLACK);
        let made = create_topics(&self.asker, plans, CREATE_WAIT)
            .map_err(|fault| judge_with(&self.asker, "making topics", &fault, Otherwise::Unknown))?;
        Ok(plans
            .iter()
            .map(|plan| match made.iter().find(|(name, _)| *name == plan.name) {
                Some((_, Ok(()))) => Ok(()),
                Some((name, Err(fault))) => Err(judge(&format!("making {name}"), fault, Otherwise::Unknown)),
                None => Err(LogError::Unknown(format!("making {}: not in the answer", plan.name))),
            })
            .collect())
    }
}
