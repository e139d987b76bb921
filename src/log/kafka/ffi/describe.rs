//! Making topics.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::bindings as rd;

use super::admin::Question;
use super::{ByTopic, Client, Code, Event, Fault, c_text, text_of};

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
