//! Watching outputs while the service runs, on either log.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tasuki::clock::Clock;
use tasuki::log::local::LocalLog;
use tasuki::log::{Log, Place};

use crate::support::outputs::{Observer, Output};
use crate::support::process::stream;

/// A reader beside the running service.
pub enum Eyes {
    /// A group member that sees what is committed.
    Kafka(Observer),
    /// What `GET /outputs/<topic>` streams.
    Local {
        topics: BTreeMap<String, u64>,
        seen: Vec<Output>,
    },
}

impl Eyes {
    pub fn local(topics: &[&str]) -> Self {
        Self::Local {
            topics: topics.iter().map(|topic| ((*topic).to_owned(), 0)).collect(),
            seen: Vec::new(),
        }
    }

    pub fn seen(&self) -> &[Output] {
        match self {
            Self::Kafka(observer) => &observer.seen,
            Self::Local { seen, .. } => seen,
        }
    }

    /// Takes what is there from whoever serves on the port.
    pub fn look(&mut self, port: u16) {
        match self {
            Self::Kafka(observer) => observer.look(Duration::from_millis(50)),
            Self::Local { topics, seen } => {
                for (topic, next) in topics {
                    let found = stream(port, topic, *next);
                    *next += found.len() as u64;
                    seen.extend(found.iter().map(|event| Output::of_event(event)));
                }
            }
        }
    }
}

/// Everything in the outputs of a local log nobody has open.
pub fn in_local(path: &std::path::Path, topics: &[String]) -> Vec<Output> {
    let log = LocalLog::open(path, Clock::machine()).unwrap();
    let log: Arc<dyn Log> = Arc::new(log);
    topics.iter().flat_map(|topic| all_of(log.as_ref(), topic)).collect()
}

fn all_of(log: &dyn Log, topic: &str) -> Vec<Output> {
    use tasuki::log::{Found, Isolation, ReadLimit};
    let place = Place::new(topic, 0);
    let (start, end) = log.bounds(&place).unwrap();
    let mut reader = log.reader(&place, start, Isolation::Committed).unwrap();
    let mut outputs = Vec::new();
    let limit = ReadLimit {
        records_max: 10_000,
        bytes_max: 64 << 20,
    };
    while (outputs.len() as u64) < end - start {
        let Found::Records(records) = reader.read(limit, Duration::from_millis(50)).unwrap() else {
            panic!("{place} is trimmed while nobody has it open");
        };
        outputs.extend(records.iter().map(Output::of));
    }
    outputs
}
