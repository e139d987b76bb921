//! A broker with every topic, and ways of sending events.

use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tasuki::log::kafka::topics::{TopicNames, needed};
use tasuki::log::kafka::{KafkaLog, KafkaOptions};
use tasuki::log::{Appender, Log, LogError, NewRecord, Place};

use crate::support::process::{Variables, ask, variables};

pub const FORMS: &str = "marketing.form-submissions";
pub const ENGAGEMENT: &str = "marketing.engagement";
pub const FOLLOW_UPS: &str = "sales.follow-ups";
pub const SOURCES: [&str; 5] = [FORMS, ENGAGEMENT, FOLLOW_UPS, "sales.roster", "privacy.requests"];

/// Events that go out together.
const TOGETHER: usize = 100;
/// How long a broker or a service may take to answer a sender, restarts included.
const SEND_WAIT: Duration = Duration::from_secs(90);

/// A moment of no significance, from a seed that can be given.
pub struct Chance(u64);

impl Chance {
    pub fn new() -> Self {
        let given = std::env::var("CHAOS_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or_else(|| u64::from(std::process::id()) * 7_919 + 1);
        eprintln!("CHAOS_SEED={seed}");
        Self(seed)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    pub fn millis(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.below(to - from))
    }
}

/// An event on its way: a structured CloudEvent.
#[derive(Clone, Debug)]
pub struct Event {
    pub topic: &'static str,
    pub key: String,
    pub body: Value,
}

impl Event {
    pub fn new(topic: &'static str, key: &str, kind: &str, id: &str, data: &Value) -> Self {
        let event = serde_json::json!({
            "specversion": "1.0", "id": id, "source": "test", "type": format!("tasuki.{kind}.v1"),
            "datacontenttype": "application/json", "data": data,
        });
        Self {
            topic,
            key: key.to_owned(),
            body: event,
        }
    }

    pub fn at(mut self, time: &str) -> Self {
        self.body["time"] = time.into();
        self
    }
}

/// Sends events; comes back when all of them are durable.
pub trait Feed: Send {
    fn send(&mut self, events: &[Event]);
}

/// Into topics.
pub struct Producer(Box<dyn Appender>);

impl Producer {
    pub fn new(log: &dyn Log) -> Self {
        Self(log.appender().unwrap())
    }
}

impl Feed for Producer {
    fn send(&mut self, events: &[Event]) {
        let mut left = 0;
        for event in events {
            let record = NewRecord {
                key: Some(event.key.clone().into_bytes()),
                value: Some(event.body.to_string().into_bytes()),
                headers: Vec::new(),
            };
            loop {
                match self.0.append(event.topic, None, &record) {
                    Ok(_) => break,
                    Err(LogError::Retry(_)) => left -= self.0.poll(Duration::from_millis(50)).unwrap().len(),
                    Err(error) => panic!("{error}"),
                }
            }
            left += 1;
        }
        let until = Instant::now() + SEND_WAIT;
        while left > 0 {
            assert!(Instant::now() < until, "{left} events are not acknowledged");
            left -= self.0.poll(Duration::from_millis(50)).unwrap().len();
        }
    }
}

/// By HTTP; a request that is not answered is sent again.
pub struct Poster<'a>(pub &'a AtomicU16);

impl Feed for Poster<'_> {
    fn send(&mut self, events: &[Event]) {
        for events in events.chunks(TOGETHER) {
            let values: Vec<&Value> = events.iter().map(|event| &event.body).collect();
            let body = serde_json::to_vec(&values).unwrap();
            let until = Instant::now() + SEND_WAIT;
            loop {
                let port = self.0.load(Ordering::Relaxed);
                match ask(port, "POST", "/events", "application/cloudevents-batch+json", &body) {
                    Ok((202, _)) => break,
                    Ok((status @ 400..=499, words)) => panic!("{status}: {words}"),
                    Ok(_) | Err(_) => std::thread::sleep(Duration::from_millis(20)),
                }
                assert!(Instant::now() < until, "nobody takes events");
            }
        }
    }
}

pub fn connect(address: &str) -> KafkaLog {
    KafkaLog::connect(KafkaOptions::new(address)).unwrap()
}

/// Makes every topic that these teams need, and says which carry outputs.
pub fn make_topics(log: &KafkaLog, partitions: u32, teams: &[&str]) -> Vec<String> {
    make_topics_but(log, partitions, teams, "")
}

/// The same, without one of the sources.
pub fn make_topics_but(log: &KafkaLog, partitions: u32, teams: &[&str], source: &str) -> Vec<String> {
    let team_topics: Vec<String> = teams.iter().map(|team| format!("sales.handoffs.{team}")).collect();
    let sources = SOURCES.iter().filter(|known| **known != source);
    let sources: Vec<String> = sources.map(|source| (*source).to_owned()).collect();
    let names = TopicNames {
        prefix: "",
        journal_partitions: partitions,
        team_topics: &team_topics,
        sources: &sources,
    };
    for made in log.create_missing(&needed(&names)).unwrap() {
        let made = made.unwrap();
        (0..made.partitions).for_each(|partition| wait_for_leader(log, &Place::new(&made.name, partition)));
    }
    outputs(teams)
}

/// A topic that was just made has no leader for a moment.
fn wait_for_leader(log: &KafkaLog, place: &Place) {
    let until = Instant::now() + SEND_WAIT;
    while let Err(error) = log.bounds(place) {
        assert!(Instant::now() < until, "{error}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The topics that carry outputs and dead letters.
pub fn outputs(teams: &[&str]) -> Vec<String> {
    let fixed = [
        "sales.sla",
        "marketing.feedback",
        "leads.lifecycle",
        "tasuki.dead-letters",
    ];
    let teams = teams.iter().map(|team| format!("sales.handoffs.{team}"));
    fixed.iter().map(|topic| (*topic).to_owned()).chain(teams).collect()
}

/// The settings of a process on a broker.
pub fn on_kafka(address: &str, policy: &str, partitions: u32) -> Variables {
    variables(&[
        ("LOG", "kafka"),
        ("KAFKA__BROKERS", address),
        ("KAFKA__SESSION_TIMEOUT", "6s"),
        ("JOURNAL__PARTITIONS", &partitions.to_string()),
        ("POLICY__FILE", policy),
        ("PRIVACY__SECRET", "chaos"),
    ])
}

/// The settings of a process on a local log.
pub fn on_local(path: &str, policy: &str) -> Variables {
    variables(&[
        ("LOG", "local"),
        ("LOCAL__PATH", path),
        ("JOURNAL__PARTITIONS", "4"),
        ("POLICY__FILE", policy),
        ("PRIVACY__SECRET", "chaos"),
    ])
}
