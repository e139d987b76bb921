//! The floor: the least that an exactly-once job on Kafka can do.
//!
//! It reads the source once, in batches, and for each batch commits a transaction: 1.5 % of the
//! input as output, one small packed record for each partition, the positions. It decodes nothing,
//! remembers nothing and decides nothing. It reads by librdkafka's batch call, without a copy of
//! what it does not write, and as a member of no group, so there is nobody to share with.

#![expect(
    unsafe_code,
    reason = "the batch call and a commit without a pause are librdkafka's own"
)]

use std::collections::BTreeMap;
use std::io::Write;
use std::ptr;
use std::slice;
use std::time::Duration;

use clap::Args;
use rdkafka::bindings as rd;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};

use crate::Trouble;

/// A batch has at most so many events, and takes at most so long to come together: as the service.
const BATCH_EVENTS: usize = 20_000;
const BATCH_WAIT_MS: i32 = 20;
/// Of a thousand events so many become outputs.
const OUTPUTS: u64 = 15;
/// How long the broker may take to answer.
const ANSWER_WAIT: Duration = Duration::from_secs(30);

/// Where to read and write.
#[derive(Args)]
pub(crate) struct Floor {
    /// Brokers to ask first.
    #[arg(long)]
    brokers: String,
    /// The source.
    #[arg(long)]
    source: String,
    /// How many partitions it has.
    #[arg(long, default_value_t = 6)]
    partitions: i32,
    /// Where outputs go.
    #[arg(long)]
    output: String,
    /// Where the packed records go.
    #[arg(long)]
    packed: String,
    /// The group of the positions, and the transactional id.
    #[arg(long)]
    group: String,
}

/// What a batch took from a partition.
#[derive(Clone, Copy, Default)]
struct Taken {
    events: u64,
    next: i64,
}

impl Floor {
    /// Reads until it is stopped; writes the number of committed events after each commit.
    pub(crate) fn run(&self) -> Result<(), Trouble> {
        let consumer = self.consumer()?;
        let producer = self.producer()?;
        producer.init_transactions(ANSWER_WAIT)?;
        let mut batch = Batch::of(&consumer);
        let mut committed = 0;
        let mut out = std::io::stdout().lock();
        loop {
            batch.read();
            if batch.events().is_empty() {
                continue;
            }
            producer.begin_transaction()?;
            let taken = self.copy(&batch, &producer, committed)?;
            batch.clear();
            self.close(&consumer, &producer, &taken)?;
            committed += taken.values().map(|taken| taken.events).sum::<u64>();
            writeln!(out, "{committed}")?;
            out.flush()?;
        }
    }

    fn consumer(&self) -> Result<BaseConsumer, Trouble> {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", &self.brokers)
            .set("group.id", &self.group)
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("isolation.level", "read_committed")
            .set("queued.max.messages.kbytes", "16384")
            .set("fetch.queue.backoff.ms", "10")
            .create()?;
        let mut places = TopicPartitionList::new();
        for partition in 0..self.partitions {
            places.add_partition_offset(&self.source, partition, Offset::Beginning)?;
        }
        consumer.assign(&places)?;
        Ok(consumer)
    }

    fn producer(&self) -> Result<BaseProducer, Trouble> {
        let producer = ClientConfig::new()
            .set("bootstrap.servers", &self.brokers)
            .set("transactional.id", &self.group)
            .set("compression.type", "lz4")
            .set("linger.ms", "3")
            .set("delivery.report.only.error", "true")
            .create()?;
        Ok(producer)
    }

    /// Queues the outputs; counts what each partition gave.
    fn copy(&self, batch: &Batch, producer: &BaseProducer, before: u64) -> Result<BTreeMap<i32, Taken>, Trouble> {
        let mut taken: BTreeMap<i32, Taken> = BTreeMap::new();
        for (number, event) in (before..).zip(batch.events()) {
            let place = taken.entry(event.partition).or_default();
            place.events += 1;
            place.next = event.offset + 1;
            if number * OUTPUTS % 1_000 < OUTPUTS {
                let record: BaseRecord<'_, [u8], [u8]> = BaseRecord::to(&self.output).payload(event.value);
                producer.send(record).map_err(|(error, _)| error)?;
            }
        }
        Ok(taken)
    }

    /// Writes the packed records and commits everything with the positions.
    fn close(
        &self,
        consumer: &BaseConsumer,
        producer: &BaseProducer,
        taken: &BTreeMap<i32, Taken>,
    ) -> Result<(), Trouble> {
        let mut positions = TopicPartitionList::new();
        for (partition, place) in taken {
            let packed = [place.events.to_le_bytes(), place.next.to_le_bytes()].concat();
            let record: BaseRecord<'_, [u8], [u8]> =
                BaseRecord::to(&self.packed).partition(*partition).payload(&packed);
            producer.send(record).map_err(|(error, _)| error)?;
            positions.add_partition_offset(&self.source, *partition, Offset::Offset(place.next))?;
        }
        let member = consumer.group_metadata().ok_or("no group")?;
        // SAFETY: the client lives; only failures are reported, so nothing waits to be served.
        let code = unsafe { rd::rd_kafka_flush(producer.client().native_ptr(), ANSWER_WAIT.as_millis() as i32) };
        if code != rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
            return Err(format!("flushing: {code:?}").into());
        }
        producer.send_offsets_to_transaction(&positions, &member, ANSWER_WAIT)?;
        producer.commit_transaction(ANSWER_WAIT)?;
        Ok(())
    }
}

/// An event where it lies, in librdkafka's own memory.
struct Event<'a> {
    partition: i32,
    offset: i64,
    value: &'a [u8],
}

/// What one call brought; given back before the next.
struct Batch {
    queue: *mut rd::rd_kafka_queue_t,
    places: Vec<*mut rd::rd_kafka_message_t>,
    filled: usize,
}

impl Batch {
    fn of(consumer: &BaseConsumer) -> Self {
        Self {
            // SAFETY: the client lives as long as the program; so does its queue.
            queue: unsafe { rd::rd_kafka_queue_get_consumer(consumer.client().native_ptr()) },
            places: vec![ptr::null_mut(); BATCH_EVENTS],
            filled: 0,
        }
    }

    fn read(&mut self) {
        // SAFETY: there is room for as many as are asked for.
        let count = unsafe {
            rd::rd_kafka_consume_batch_queue(self.queue, BATCH_WAIT_MS, self.places.as_mut_ptr(), BATCH_EVENTS)
        };
        self.filled = usize::try_from(count).unwrap_or(0);
    }

    /// The events; errors, which pass, are left out.
    fn events(&self) -> Vec<Event<'_>> {
        let filled = &self.places[..self.filled];
        // SAFETY: librdkafka filled these, and they are given back only by `clear`.
        let messages = filled.iter().map(|message| unsafe { &**message });
        messages
            .filter(|message| message.err == rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR)
            .filter(|message| !message.payload.is_null())
            .map(|message| Event {
                partition: message.partition,
                offset: message.offset,
                // SAFETY: the payload is as long as the message says.
                value: unsafe { slice::from_raw_parts(message.payload.cast::<u8>(), message.len) },
            })
            .collect()
    }

    fn clear(&mut self) {
        for message in self.places.drain(..self.filled) {
            // SAFETY: ours, once.
            unsafe { rd::rd_kafka_message_destroy(message) };
        }
        self.places.resize(BATCH_EVENTS, ptr::null_mut());
        self.filled = 0;
    }
}
