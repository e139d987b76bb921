//! Making topics, and reading the settings of topics and brokers.

use std::ffi::c_char;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::bindings as rd;

use super::admin::Question;
use super::{ByTopic, Client, Code, Event, Fault, c_text, text_of};

/// What settings are asked of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::log) enum Subject {
    /// A topic, by name.
    Topic(String),
    /// A broker, by id.
    Broker(i32),
}

/// The settings in force, by name.
pub(in crate::log) type Settings = Vec<(String, Option<String>)>;

/// Reads the settings of these subjects, in their order; one that can't be told is a fault of its
/// own.
pub(in crate::log) fn describe_configs(
    client: &Arc<Client>,
    subjects: &[Subject],
    wait: Duration,
) -> Result<Vec<Result<Settings, Fault>>, Fault> {
    // A broker's settings are answered by that broker only, so each subject is asked for itself.
    subjects
        .iter()
        .map(|subject| describe_one(client, subject, wait))
        .collect()
}

fn describe_one(client: &Arc<Client>, subject: &Subject, wait: Duration) -> Result<Result<Settings, Fault>, Fault> {
    let (kind, name) = match subject {
        Subject::Topic(name) => (rd::rd_kafka_ResourceType_t::RD_KAFKA_RESOURCE_TOPIC, c_text(name)?),
        Subject::Broker(id) => (
            rd::rd_kafka_ResourceType_t::RD_KAFKA_RESOURCE_BROKER,
            c_text(&id.to_string())?,
        ),
    };
    let question = Question {
        client,
        kind: rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS,
        wait,
        isolation: None,
    };
    // SAFETY: the request copies the resource; the results belong to the event.
    unsafe {
        let event = question.ask(|options, queue| {
            let mut resource = rd::rd_kafka_ConfigResource_new(kind, name.as_ptr());
            rd::rd_kafka_DescribeConfigs(client.raw(), &raw mut resource, 1, options, queue);
            rd::rd_kafka_ConfigResource_destroy(resource);
        })?;
        let result = rd::rd_kafka_event_DescribeConfigs_result(event.raw());
        let mut count = 0;
        let resources = rd::rd_kafka_DescribeConfigs_result_resources(result, &raw mut count);
        if count == 0 {
            return Ok(Err(Fault::new(Code::ResourceNotFound, "no settings in the answer")));
        }
        Ok(settings_of(*resources))
    }
}

unsafe fn settings_of(resource: *const rd::rd_kafka_ConfigResource_t) -> Result<Settings, Fault> {
    // SAFETY: the caller vouches for the resource; its entries live as long.
    unsafe {
        let code: Code = rd::rd_kafka_ConfigResource_error(resource).into();
        if code != Code::NoError {
            let text = rd::rd_kafka_ConfigResource_error_string(resource);
            return Err(Fault::new(code, text_of(text)));
        }
        let mut count = 0;
        let entries = rd::rd_kafka_ConfigResource_configs(resource, &raw mut count);
        Ok((0..count).map(|i| setting_of(*entries.add(i))).collect())
    }
}

unsafe fn setting_of(entry: *const rd::rd_kafka_ConfigEntry_t) -> (String, Option<String>) {
    // SAFETY: the caller vouches for the entry; its texts end with a zero.
    unsafe {
        let value: *const c_char = rd::rd_kafka_ConfigEntry_value(entry);
        let value = (!value.is_null()).then(|| text_of(value));
        (text_of(rd::rd_kafka_ConfigEntry_name(entry)), value)
    }
}

/// A topic to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicPlan {
    /// Its full name.
    pub name: String,
    /// How many partitions.
    pub partitions: u32,
    /// How many copies.
    pub replication: u32,
    /// Settings by name.
    pub settings: Vec<(String, String)>,
}

/// Makes topics; one outcome each, by name.
pub(in crate::log) fn create_topics(
    client: &Arc<Client>,
    plans: &[TopicPlan],
    wait: Duration,
) -> Result<ByTopic<()>, Fault> {
    let mut topics = NewTopics(Vec::new());
    for plan in plans {
        topics.push(plan)?;
    }
    let question = Question {
        client,
        kind: rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_CREATETOPICS,
        wait,
        isolation: None,
    };
    // SAFETY: the request copies the plans; the results belong to the event.
    unsafe {
        let event = question.ask(|options, queue| {
            let count = topics.0.len();
            rd::rd_kafka_CreateTopics(client.raw(), topics.0.as_mut_ptr(), count, options, queue);
        })?;
        Ok(outcomes(&event))
    }
}

unsafe fn outcomes(event: &Event) -> ByTopic<()> {
    // SAFETY: the caller vouches that the event answers a CreateTopics; results belong to it.
    unsafe {
        let result = rd::rd_kafka_event_CreateTopics_result(event.raw());
        let mut count = 0;
        let topics = rd::rd_kafka_CreateTopics_result_topics(result, &raw mut count);
        (0..count)
            .map(|i| {
                let topic = *topics.add(i);
                let code: Code = rd::rd_kafka_topic_result_error(topic).into();
                let text = text_of(rd::rd_kafka_topic_result_error_string(topic));
                let outcome = if code == Code::NoError {
                    Ok(())
                } else {
                    Err(Fault::new(code, text))
                };
                (text_of(rd::rd_kafka_topic_result_name(topic)), outcome)
            })
            .collect()
    }
}

struct NewTopics(Vec<*mut rd::rd_kafka_NewTopic_t>);

impl NewTopics {
    fn push(&mut self, plan: &TopicPlan) -> Result<(), Fault> {
        let name = c_text(&plan.name)?;
        let (partitions, replication) = (plan.partitions as i32, plan.replication as i32);
        let mut text = [0; super::TEXT_BYTES];
        // SAFETY: the topic is destroyed with self; names and values are copied.
        unsafe {
            let topic =
                rd::rd_kafka_NewTopic_new(name.as_ptr(), partitions, replication, text.as_mut_ptr(), text.len());
            if topic.is_null() {
                return Err(Fault::new(Code::InvalidArgument, text_of(text.as_ptr())));
            }
            self.0.push(topic);
            for (name, value) in &plan.settings {
                let (name, value) = (c_text(name)?, c_text(value)?);
                Fault::check(rd::rd_kafka_NewTopic_set_config(topic, name.as_ptr(), value.as_ptr()))?;
            }
        }
        Ok(())
    }
}

impl Drop for NewTopics {
    fn drop(&mut self) {
        for &topic in &self.0 {
            // SAFETY: ours, once.
            unsafe { rd::rd_kafka_NewTopic_destroy(topic) };
        }
    }
}
