//! The log on Kafka, by librdkafka.
//!
//! The rule: nothing here decides what happens after an error; each call answers in the terms of
//! the `log` traits, within a limit with a name, and `watchdog` ends the process where librdkafka
//! itself would wait for ever.

mod appender;
mod client_settings;
mod consumer;
mod faults;
mod ffi;
mod offsets;
mod reader;
pub mod topics;
mod transactor;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use client_settings::{RECORD_BYTES_MAX, RESERVED};
use faults::{Otherwise, explain, is_refused, judge, judge_with};
pub use ffi::known::Refusal;
use ffi::{Client, Code, Fault, Kind};

use crate::log::{Appender, Consumer, Isolation, Log, LogError, Membership, Place, Reader, Topic, Transactor};
use crate::watchdog::watch;

/// How long `KafkaLog::connect` looks for a broker that answers.
pub const CONNECT_WAIT: Duration = Duration::from_secs(10);
/// How often `connect` looks whether the reason it can't is one that won't pass.
const CONNECT_STEP: Duration = Duration::from_millis(500);
/// Complaints that follow the first come within this; the last of them says the most.
const LAST_WORDS_WAIT: Duration = Duration::from_millis(100);
/// How long the brokers have for a question about topics or offsets.
const ANSWER_WAIT: Duration = Duration::from_secs(5);
/// How long the brokers have to delete records.
const TRIM_WAIT: Duration = Duration::from_secs(10);
/// A blocking call that is this much over its time never comes back.
const WATCH_SLACK: Duration = Duration::from_secs(30);

/// Default of `KafkaOptions::session_timeout`.
const SESSION_TIMEOUT: Duration = Duration::from_secs(10);

/// How to reach a cluster.
#[derive(Clone)]
pub struct KafkaOptions {
    /// `host:port`, separated by commas.
    pub brokers: String,
    /// Settings of librdkafka by their own names; not those in `RESERVED`.
    pub client: BTreeMap<String, String>,
    /// A member that is not heard of for so long has left its group.
    pub session_timeout: Duration,
}

impl KafkaOptions {
    /// Defaults for these brokers.
    pub fn new(brokers: &str) -> Self {
        Self {
            brokers: brokers.to_owned(),
            client: BTreeMap::new(),
            session_timeout: SESSION_TIMEOUT,
        }
    }
}

impl fmt::Debug for KafkaOptions {
    /// Values of client settings stay out: a password may be among them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaOptions")
            .field("brokers", &self.brokers)
            .field("client", &self.client.keys().collect::<Vec<_>>())
            .field("session_timeout", &self.session_timeout)
            .finish()
    }
}

/// Why librdkafka does not take a client setting; none if it does. What only a whole client shows,
/// such as a mechanism without a user, is not told.
pub fn refusal(name: &str, value: &str) -> Option<Refusal> {
    ffi::known::refusal(name, value)
}

/// The names of client settings.
pub fn setting_names() -> Vec<String> {
    ffi::known::names()
}

/// A Kafka cluster.
pub struct KafkaLog {
    options: KafkaOptions,
    asker: Arc<Client>,
}

impl KafkaLog {
    /// Reaches the cluster, within `CONNECT_WAIT`.
    pub fn connect(options: KafkaOptions) -> Result<Self, LogError> {
        if let Some(name) = options.client.keys().find(|name| RESERVED.contains(&name.as_str())) {
            return Err(LogError::Refused(format!(
                "the client setting `{name}` is set by Tasuki itself: remove it"
            )));
        }
        let asker = Client::new(Kind::Producer, &client_settings::asker(&options))
            .map_err(|fault| judge("the Kafka client's settings", &fault, Otherwise::Retry))?;
        reach(&asker, &options.brokers)?;
        Ok(Self { options, asker })
    }
}

/// Waits until a broker answers, a reason appears that won't pass by itself, or time is over.
fn reach(client: &Client, addresses: &str) -> Result<(), LogError> {
    let until = Instant::now() + CONNECT_WAIT;
    loop {
        let _watch = watch("asking the brokers for their names", CONNECT_STEP + WATCH_SLACK);
        let Err(fault) = client.brokers(CONNECT_STEP) else {
            return Ok(());
        };
        client.serve(LAST_WORDS_WAIT);
        client.serve(Duration::ZERO);
        let troubles = client.shared().troubles();
        if let Some(trouble) = troubles.iter().find(|trouble| is_refused(trouble.code)) {
            return Err(LogError::Refused(format!("Kafka at {addresses}: {}", explain(trouble))));
        }
        if Instant::now() >= until {
            let told = troubles
                .iter()
                .rev()
                .find(|trouble| trouble.code != Code::AllBrokersDown);
            let words = told.map_or(fault.text, explain);
            return Err(LogError::Retry(format!(
                "no broker of Kafka at {addresses} answered within {} s: {words}",
                CONNECT_WAIT.as_secs()
            )));
        }
    }
}

impl Log for KafkaLog {
    fn consumer(&self, membership: &Membership) -> Result<Box<dyn Consumer>, LogError> {
        let consumer = consumer::KafkaConsumer::join(&self.options, membership, &self.asker)?;
        Ok(Box::new(consumer))
    }

    fn appender(&self) -> Result<Box<dyn Appender>, LogError> {
        Ok(Box::new(appender::KafkaAppender::new(&self.options)?))
    }

    fn transactor(&self, id: &str) -> Result<Box<dyn Transactor>, LogError> {
        Ok(Box::new(transactor::KafkaTransactor::new(&self.options, id)?))
    }

    fn reader(&self, place: &Place, offset: u64, isolation: Isolation) -> Result<Box<dyn Reader>, LogError> {
        Ok(Box::new(reader::KafkaReader::open(
            &self.options,
            place,
            offset,
            isolation,
        )?))
    }

    fn topics(&self, names: &[&str]) -> Result<Vec<Option<Topic>>, LogError> {
        let _watch = watch("describing topics", ANSWER_WAIT + WATCH_SLACK);
        let found = ffi::admin::describe_topics(&self.asker, names, ANSWER_WAIT)
            .map_err(|fault| judge_with(&self.asker, "describing topics", &fault, Otherwise::Retry))?;
        names
            .iter()
            .map(|name| topic_of(name, found.iter().find(|(found, _)| found == name)))
            .collect()
    }

    fn bounds(&self, place: &Place) -> Result<(u64, u64), LogError> {
        let first = offsets::one(&self.asker, place, offsets::Asked::First)?;
        let end = offsets::one(&self.asker, place, offsets::Asked::End)?;
        Ok((first, end))
    }

    fn open_at(&self, places: &[Place], lasting: Duration) -> Result<Vec<Option<u64>>, LogError> {
        offsets::open_at(&self.asker, places, lasting)
    }

    fn trim(&self, place: &Place, below: u64) -> Result<(), LogError> {
        let what = format!("trimming {place}");
        let _watch = watch("deleting records", TRIM_WAIT + WATCH_SLACK);
        let spot = offsets::spot(place, below as i64);
        let answer = ffi::admin::delete_records(&self.asker, &[spot], TRIM_WAIT)
            .map_err(|fault| judge_with(&self.asker, &what, &fault, Otherwise::Unknown))?;
        match answer.first().map(|spot| spot.fault) {
            Some(None) => Ok(()),
            // Deleting again what is deleted already is no fault of the caller.
            Some(Some(Code::OffsetOutOfRange)) if self.bounds(place)?.0 >= below => Ok(()),
            Some(Some(code)) => Err(judge(&what, &fault_of(code), Otherwise::Unknown)),
            None => Err(LogError::Unknown(format!("{what}: no answer"))),
        }
    }
}

fn topic_of(
    name: &str,
    found: Option<&(String, Result<ffi::admin::Described, Fault>)>,
) -> Result<Option<Topic>, LogError> {
    match found {
        Some((_, Ok(topic))) => Ok(Some(Topic {
            name: name.into(),
            id: topic.id,
            partitions: topic.partitions,
        })),
        Some((_, Err(fault))) if matches!(fault.code, Code::UnknownTopicOrPartition | Code::UnknownTopic) => Ok(None),
        Some((_, Err(fault))) => Err(judge(&format!("describing {name}"), fault, Otherwise::Retry)),
        None => Err(LogError::Retry(format!("describing {name}: not in the answer"))),
    }
}

/// A fault of which only the code is known.
fn fault_of(code: Code) -> Fault {
    Fault {
        code,
        text: code.to_string(),
    }
}
