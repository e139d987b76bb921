//! Questions and orders to the brokers: offsets, trimming, topic ids.

use std::ffi::{CString, c_char};
use std::sync::Arc;
use std::time::Duration;

use rdkafka::bindings as rd;

use super::{ByTopic, Client, Code, Event, Fault, List, Queue, Spot, c_text, millis, text_of};
use crate::log::{Isolation, TopicId};

/// An answer that librdkafka gives up on is still reported; so much later at most.
const SLACK: Duration = Duration::from_millis(500);

/// A kind of request and the time it has.
#[derive(Clone, Copy)]
pub(super) struct Question<'a> {
    pub(super) client: &'a Arc<Client>,
    pub(super) kind: rd::rd_kafka_admin_op_t,
    pub(super) wait: Duration,
    pub(super) isolation: Option<Isolation>,
}

impl Question<'_> {
    /// Sends what `send` sends and waits for the answer.
    pub(super) fn ask(
        self,
        send: impl FnOnce(*const rd::rd_kafka_AdminOptions_t, *mut rd::rd_kafka_queue_t),
    ) -> Result<Event, Fault> {
        let queue = Queue::new(self.client)?;
        let mut text = [0; super::TEXT_BYTES];
        // SAFETY: the options live until the request was sent, which copies them.
        unsafe {
            let options = rd::rd_kafka_AdminOptions_new(self.client.raw(), self.kind);
            let wait = millis(self.wait);
            rd::rd_kafka_AdminOptions_set_request_timeout(options, wait, text.as_mut_ptr(), text.len());
            let waits_inside = matches!(
                self.kind,
                rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_CREATETOPICS
                    | rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DELETERECORDS
            );
            if waits_inside {
                rd::rd_kafka_AdminOptions_set_operation_timeout(options, wait, text.as_mut_ptr(), text.len());
            }
            if let Some(isolation) = self.isolation {
                let level = match isolation {
                    Isolation::Committed => rd::rd_kafka_IsolationLevel_t::RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED,
                    Isolation::Uncommitted => rd::rd_kafka_IsolationLevel_t::RD_KAFKA_ISOLATION_LEVEL_READ_UNCOMMITTED,
                };
                let error = rd::rd_kafka_AdminOptions_set_isolation_level(options, level);
                self.client.settle(error)?;
            }
            send(options, queue.raw());
            rd::rd_kafka_AdminOptions_destroy(options);
        }
        Event::next(&queue, self.wait + SLACK)
    }
}

/// Which offset of a partition is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::log) enum OffsetSpec {
    /// The first that is there.
    First,
    /// The next that will be written.
    End,
    /// The first at or after this time in milliseconds.
    At(i64),
}

impl OffsetSpec {
    /// How the request says it.
    pub(in crate::log) fn code(self) -> i64 {
        match self {
            Self::First => rd::rd_kafka_OffsetSpec_t::RD_KAFKA_OFFSET_SPEC_EARLIEST as i64,
            Self::End => rd::rd_kafka_OffsetSpec_t::RD_KAFKA_OFFSET_SPEC_LATEST as i64,
            Self::At(millis) => millis.max(0),
        }
    }
}

/// Offsets of partitions, one entry each; with `Committed`, an end is where the first open transaction
/// begins.
pub(in crate::log) fn list_offsets(
    client: &Arc<Client>,
    spots: &[Spot],
    isolation: Isolation,
    wait: Duration,
) -> Result<Vec<Spot>, Fault> {
    let list = List::new(spots)?;
    let question = Question {
        client,
        kind: rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_LISTOFFSETS,
        wait,
        isolation: Some(isolation),
    };
    // SAFETY: the list is copied by the request; the infos belong to the event.
    unsafe {
        let event = question.ask(|options, queue| {
            rd::rd_kafka_ListOffsets(client.raw(), list.raw(), options, queue);
        })?;
        let result = rd::rd_kafka_event_ListOffsets_result(event.raw());
        let mut count = 0;
        let infos = rd::rd_kafka_ListOffsets_result_infos(result, &raw mut count);
        Ok((0..count)
            .map(|i| List::read_one(rd::rd_kafka_ListOffsetsResultInfo_topic_partition(*infos.add(i))))
            .collect())
    }
}

/// Deletes what is below the entries' offsets; one entry each, the first offset that is left.
pub(in crate::log) fn delete_records(client: &Arc<Client>, spots: &[Spot], wait: Duration) -> Result<Vec<Spot>, Fault> {
    let list = List::new(spots)?;
    let question = Question {
        client,
        kind: rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DELETERECORDS,
        wait,
        isolation: None,
    };
    // SAFETY: the request copies what it is given; the result belongs to the event.
    unsafe {
        let event = question.ask(|options, queue| {
            let mut request = rd::rd_kafka_DeleteRecords_new(list.raw());
            rd::rd_kafka_DeleteRecords(client.raw(), &raw mut request, 1, options, queue);
            rd::rd_kafka_DeleteRecords_destroy(request);
        })?;
        let result = rd::rd_kafka_event_DeleteRecords_result(event.raw());
        Ok(List::read(rd::rd_kafka_DeleteRecords_result_offsets(result)))
    }
}

/// What a broker says of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::log) struct Described {
    /// Its name.
    pub(in crate::log) name: String,
    /// Its id.
    pub(in crate::log) id: TopicId,
    /// How many partitions it has.
    pub(in crate::log) partitions: u32,
    /// How many copies of its first partition there are.
    pub(in crate::log) replication: usize,
}

/// Looks topics up; those that don't answer are faults of their own.
pub(in crate::log) fn describe_topics(
    client: &Arc<Client>,
    names: &[&str],
    wait: Duration,
) -> Result<ByTopic<Described>, Fault> {
    let names: Vec<CString> = names.iter().map(|name| c_text(name)).collect::<Result<_, _>>()?;
    let mut starts: Vec<*const c_char> = names.iter().map(|name| name.as_ptr()).collect();
    let question = Question {
        client,
        kind: rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS,
        wait,
        isolation: None,
    };
    // SAFETY: the names live during the request, which copies them; descriptions belong to the
    // event.
    unsafe {
        let event = question.ask(|options, queue| {
            let topics = rd::rd_kafka_TopicCollection_of_topic_names(starts.as_mut_ptr(), starts.len());
            rd::rd_kafka_DescribeTopics(client.raw(), topics, options, queue);
            rd::rd_kafka_TopicCollection_destroy(topics);
        })?;
        let result = rd::rd_kafka_event_DescribeTopics_result(event.raw());
        let mut count = 0;
        let topics = rd::rd_kafka_DescribeTopics_result_topics(result, &raw mut count);
        Ok((0..count).map(|i| described(*topics.add(i))).collect())
    }
}

unsafe fn described(topic: *const rd::rd_kafka_TopicDescription_t) -> (String, Result<Described, Fault>) {
    // SAFETY: the caller vouches for the description and all that hangs on it.
    unsafe {
        let name = text_of(rd::rd_kafka_TopicDescription_name(topic));
        let error = rd::rd_kafka_TopicDescription_error(topic);
        if !error.is_null() {
            let code: Code = rd::rd_kafka_error_code(error).into();
            if code != Code::NoError {
                return (name, Err(Fault::new(code, text_of(rd::rd_kafka_error_string(error)))));
            }
        }
        let uuid = rd::rd_kafka_TopicDescription_topic_id(topic);
        let mut id = [0; 16];
        id[..8].copy_from_slice(&rd::rd_kafka_Uuid_most_significant_bits(uuid).to_be_bytes());
        id[8..].copy_from_slice(&rd::rd_kafka_Uuid_least_significant_bits(uuid).to_be_bytes());
        let (mut partitions, mut replication) = (0, 0);
        let infos = rd::rd_kafka_TopicDescription_partitions(topic, &raw mut partitions);
        if partitions > 0 {
            rd::rd_kafka_TopicPartitionInfo_replicas(*infos, &raw mut replication);
        }
        let described = Described {
            name: name.clone(),
            id: TopicId(id),
            partitions: partitions as u32,
            replication,
        };
        (name, Ok(described))
    }
}
