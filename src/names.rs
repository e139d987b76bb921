//! The names of our topics, groups and transactional ids, with the deployment's prefix.

use crate::domain::event::Topic;
use crate::domain::policy::Policy;
use crate::wire::outputs;

/// Names under one prefix.
#[derive(Clone, Debug)]
pub struct Names {
    prefix: String,
}

impl Names {
    /// Names that begin with `prefix`, which may be empty.
    pub fn new(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
        }
    }

    fn name(&self, name: &str) -> String {
        [&self.prefix, name].concat()
    }

    /// Everything that can influence a decision.
    pub fn journal(&self) -> String {
        self.name("tasuki.journal")
    }

    /// What the shards remember.
    pub fn state(&self) -> String {
        self.name("tasuki.state")
    }

    /// What comes by HTTP.
    pub fn inbox(&self) -> String {
        self.name("tasuki.inbox")
    }

    /// Every policy there was.
    pub fn policy(&self) -> String {
        self.name("tasuki.policy")
    }

    /// Records that cannot be used.
    pub fn dead_letters(&self) -> String {
        self.name("tasuki.dead-letters")
    }

    /// Where an output goes.
    pub fn output(&self, topic: &Topic) -> String {
        self.name(outputs::topic_name(topic))
    }

    /// Who reads the sources.
    pub fn intake_group(&self) -> String {
        self.name("tasuki.intake")
    }

    /// Who decides.
    pub fn shard_group(&self) -> String {
        self.name("tasuki.shard")
    }

    /// Who looks at the outputs: every auditor in a group of its own.
    pub fn audit_group(&self, instance: &str) -> String {
        self.name(&format!("tasuki.audit.{instance}"))
    }

    /// The topics that a policy's decisions go to.
    pub fn outputs(&self, policy: &Policy) -> Vec<String> {
        let names = outputs::topics(policy);
        names.iter().map(|name| self.name(name)).collect()
    }

    /// A topic that readers may ask for by its name without prefix: not those that are our own.
    pub fn served(&self, topic: &str) -> Option<String> {
        let topic = self.name(topic);
        let own = [self.journal(), self.state(), self.inbox(), self.policy()];
        (!own.contains(&topic)).then_some(topic)
    }

    /// Who writes for worker `worker` of `instance`.
    pub fn transactional_id(&self, instance: &str, worker: u32) -> String {
        self.name(&format!("tasuki.{instance}.{worker}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_the_service_reads_is_not_served() {
        let names = Names::new("eu.");
        for own in ["tasuki.journal", "tasuki.state", "tasuki.inbox", "tasuki.policy"] {
            assert_eq!(names.served(own), None, "{own}");
        }
        assert_eq!(names.served("sales.sla").as_deref(), Some("eu.sales.sla"));
        assert_eq!(names.served("tasuki.dead-letters"), Some(names.dead_letters()));
    }
}
