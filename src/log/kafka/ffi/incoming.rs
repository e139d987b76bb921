//! Reading in batches: what arrives is copied out, so that nothing pins a fetch buffer.

use std::collections::VecDeque;
use std::ffi::c_void;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::time::Duration;

use rdkafka::bindings as rd;

use super::{Client, Code, Fault, Queue, bytes_of, c_text, millis, text_of};
use crate::domain::time::Instant;
use crate::log::{Header, Record};

/// Messages taken from librdkafka at once; bounds what is copied beyond a byte limit.
const PULL_MAX: usize = 128;

/// Something that came in about a partition.
#[derive(Debug)]
pub(in crate::log) struct Incoming {
    /// The topic; empty when it is about the client as a whole.
    pub(in crate::log) topic: Arc<str>,
    /// From 0; below 0 when it is about more than one partition.
    pub(in crate::log) partition: i32,
    /// What it is.
    pub(in crate::log) what: Arrival,
}

/// What came in.
#[derive(Debug)]
pub(in crate::log) enum Arrival {
    /// A record.
    Record(Record),
    /// Nothing is behind this offset.
    End(i64),
    /// The partition or the client has a problem.
    Fault(Fault),
}

/// A queue that messages come out of.
pub(in crate::log) struct Inlet {
    queue: Queue,
    last_topic: Arc<str>,
}

impl Inlet {
    /// The queue of a group member: records, rebalances and everything else.
    pub(in crate::log) fn of_member(client: &Arc<Client>) -> Result<Self, Fault> {
        // SAFETY: the client lives; the reference is given back by `Queue`.
        let handle = unsafe {
            Fault::check(rd::rd_kafka_poll_set_consumer(client.raw()))?;
            rd::rd_kafka_queue_get_consumer(client.raw())
        };
        Ok(Self::on(Queue::own(client, handle)?))
    }

    fn on(queue: Queue) -> Self {
        Self {
            queue,
            last_topic: Arc::from(""),
        }
    }

    /// Appends what is there to `out`, waiting at most `wait` for the first; then takes only what
    /// is there, `PULL_MAX` at most. Callbacks run inside.
    ///
    /// One by one: `rd_kafka_consume_batch_queue` counts the telling of an end as a record taken, and
    /// after the next rebalance goes on one offset too far, past the next record.
    pub(in crate::log) fn pull(&mut self, wait: Duration, out: &mut VecDeque<Incoming>) {
        let mut wait = wait;
        for _ in 0..PULL_MAX {
            // SAFETY: the queue lives; a message that is not null is ours to destroy.
            let message = unsafe { rd::rd_kafka_consume_queue(self.queue.raw(), millis(wait)) };
            if message.is_null() {
                return;
            }
            // SAFETY: as above, once.
            unsafe {
                out.push_back(self.convert(message));
                rd::rd_kafka_message_destroy(message);
            }
            wait = Duration::ZERO;
        }
    }

    unsafe fn convert(&mut self, message: *mut rd::rd_kafka_message_t) -> Incoming {
        // SAFETY: the message is valid until the caller destroys it.
        unsafe {
            let topic = self.topic_of((*message).rkt);
            let what = match (*message).err {
                rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR => Arrival::Record(record_of(message)),
                rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__PARTITION_EOF => Arrival::End((*message).offset),
                code => Arrival::Fault(Fault::new(code.into(), text_of(rd::rd_kafka_message_errstr(message)))),
            };
            Incoming {
                topic,
                partition: (*message).partition,
                what,
            }
        }
    }

    /// Messages come in runs of one partition, so the last topic's name is kept.
    unsafe fn topic_of(&mut self, topic: *mut rd::rd_kafka_topic_t) -> Arc<str> {
        if topic.is_null() {
            return Arc::from("");
        }
        // SAFETY: the topic lives while its message does, and its name with it.
        let name = unsafe { rd::rd_kafka_topic_name(topic) };
        // SAFETY: as above.
        let bytes = unsafe { std::ffi::CStr::from_ptr(name) }.to_bytes();
        if self.last_topic.as_bytes() != bytes {
            self.last_topic = Arc::from(String::from_utf8_lossy(bytes).as_ref());
        }
        Arc::clone(&self.last_topic)
    }
}

unsafe fn record_of(message: *mut rd::rd_kafka_message_t) -> Record {
    let mut kind = rd::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    // SAFETY: the caller vouches for the message; key and value are as long as it says.
    unsafe {
        Record {
            offset: (*message).offset as u64,
            time: Instant::from_millis(rd::rd_kafka_message_timestamp(message, &raw mut kind)),
            key: bytes_of((*message).key, (*message).key_len),
            value: bytes_of((*message).payload, (*message).len),
            headers: headers_of(message),
        }
    }
}

unsafe fn headers_of(message: *mut rd::rd_kafka_message_t) -> Vec<Header> {
    let mut headers = ptr::null_mut();
    let mut found = Vec::new();
    // SAFETY: the headers belong to the message and live as long; names end with a zero.
    unsafe {
        if rd::rd_kafka_message_headers(message, &raw mut headers)
            != rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR
        {
            return found;
        }
        let (mut name, mut value, mut size) = (ptr::null(), ptr::null::<c_void>(), 0);
        while rd::rd_kafka_header_get_all(headers, found.len(), &raw mut name, &raw mut value, &raw mut size)
            == rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR
        {
            found.push((text_of(name), bytes_of(value, size)));
        }
    }
    found
}

/// One partition read on its own, without a group.
pub(in crate::log) struct Tap {
    inlet: Inlet,
    topic: NonNull<rd::rd_kafka_topic_t>,
    partition: i32,
}

// SAFETY: topic handles may be used from any thread, as the client.
unsafe impl Send for Tap {}

impl Tap {
    /// Starts reading at an offset.
    pub(in crate::log) fn open(client: &Arc<Client>, topic: &str, partition: u32, offset: u64) -> Result<Self, Fault> {
        let queue = Queue::new(client)?;
        let topic = c_text(topic)?;
        let partition = partition as i32;
        // SAFETY: the topic handle is destroyed on drop or right here when reading can't start.
        let topic = unsafe {
            let handle = rd::rd_kafka_topic_new(client.raw(), topic.as_ptr(), ptr::null_mut());
            let handle = NonNull::new(handle).ok_or_else(|| Fault::of(rd::rd_kafka_last_error()))?;
            if rd::rd_kafka_consume_start_queue(handle.as_ptr(), partition, offset as i64, queue.raw()) != 0 {
                let fault = Fault::of(rd::rd_kafka_last_error());
                rd::rd_kafka_topic_destroy(handle.as_ptr());
                return Err(fault);
            }
            handle
        };
        Ok(Self {
            inlet: Inlet::on(queue),
            topic,
            partition,
        })
    }

    /// As `Inlet::pull`.
    pub(in crate::log) fn pull(&mut self, wait: Duration, out: &mut VecDeque<Incoming>) {
        self.inlet.pull(wait, out);
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        // SAFETY: started in `open`; the client is held by the inlet's queue, which goes after.
        unsafe {
            rd::rd_kafka_consume_stop(self.topic.as_ptr(), self.partition);
            rd::rd_kafka_topic_destroy(self.topic.as_ptr());
        }
    }
}

impl Fault {
    /// True when the offset asked for is not in the partition.
    pub(in crate::log) fn is_out_of_range(&self) -> bool {
        matches!(
            self.code,
            Code::AutoOffsetReset | Code::OffsetOutOfRange | Code::LogTruncation
        )
    }
}
