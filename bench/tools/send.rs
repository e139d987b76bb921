//! Writes events into a topic: all at once, so that whoever reads finds them lying there, or at a
//! rate, each at its time.

use std::io::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;
use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use crate::Trouble;
use crate::events::{Maker, Span, draw};

/// How long everything may take to be written.
const WRITTEN_WAIT: Duration = Duration::from_mins(4);
/// A pause of whoever is ahead of the rate, or of a full queue.
const PAUSE: Duration = Duration::from_millis(1);
/// Events between two looks at the acknowledgements.
const LOOK_EVERY: u64 = 1_000;

/// What to write, and where.
#[derive(Args)]
pub(crate) struct Send {
    /// Brokers to ask first.
    #[arg(long)]
    brokers: String,
    /// The topic.
    #[arg(long)]
    topic: String,
    /// How many partitions it has.
    #[arg(long, default_value_t = 6)]
    partitions: u64,
    /// Each event has its lead's e-mail address as its key; without: none, and any partition.
    #[arg(long)]
    keyed: bool,
    /// With everything written and not yet visible, says so and waits for a line.
    #[arg(long)]
    hold: bool,
    #[command(flatten)]
    span: Span,
}

impl Send {
    /// Writes them. Without a rate in one transaction: readers of committed records get all of it at
    /// the same moment, and no reader is slowed down or sped up by how fast this program is.
    pub(crate) fn run(&self) -> Result<(), Trouble> {
        let at_once = self.span.rate == 0;
        let producer = self.producer(at_once)?;
        if at_once {
            producer.init_transactions(WRITTEN_WAIT)?;
            producer.begin_transaction()?;
        }
        let mut maker = Maker::new(self.span.clone());
        for number in self.span.numbers() {
            let at = self.span.time_of(number);
            if !at_once {
                wait_until(at, &producer);
            }
            maker.make(number);
            self.write(&producer, &maker, number, at)?;
            if number.is_multiple_of(LOOK_EVERY) {
                producer.poll(Duration::ZERO);
            }
        }
        producer.flush(WRITTEN_WAIT)?;
        if at_once {
            if self.hold {
                wait_for_a_line()?;
            }
            producer.commit_transaction(WRITTEN_WAIT)?;
        }
        Ok(())
    }

    fn producer(&self, at_once: bool) -> Result<BaseProducer, KafkaError> {
        let mut settings = ClientConfig::new();
        settings
            .set("bootstrap.servers", &self.brokers)
            .set("compression.type", "lz4")
            .set("enable.idempotence", "true")
            .set("partitioner", "murmur2_random")
            .set("delivery.report.only.error", "true")
            .set("queue.buffering.max.messages", "200000")
            .set("linger.ms", if at_once { "20" } else { "1" });
        if at_once {
            settings
                .set("transactional.id", format!("send-{}-{}", self.topic, self.span.first))
                .set("transaction.timeout.ms", WRITTEN_WAIT.as_millis().to_string());
        }
        settings.create()
    }

    fn write(&self, producer: &BaseProducer, maker: &Maker, number: u64, at: i64) -> Result<(), KafkaError> {
        let mut record = BaseRecord::to(&self.topic).payload(&maker.text).timestamp(at);
        record = if self.keyed {
            record.key(&maker.lead)
        } else {
            record.partition((draw(number, 8) % self.partitions) as i32)
        };
        loop {
            match producer.send(record) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), again)) => {
                    producer.poll(PAUSE);
                    record = again;
                }
                Err((error, _)) => return Err(error),
            }
        }
    }
}

fn wait_for_a_line() -> std::io::Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "written")?;
    out.flush()?;
    std::io::stdin().read_line(&mut String::new())?;
    Ok(())
}

/// Waits until it is this time. Whoever is late does not wait, and stays on schedule.
fn wait_until(at: i64, producer: &BaseProducer) {
    while now() < at {
        producer.poll(Duration::ZERO);
        std::thread::sleep(PAUSE);
    }
}

#[expect(clippy::disallowed_methods, reason = "no clock of the service is in use here")]
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_millis() as i64
}
