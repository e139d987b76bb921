//! What the laws share: a log, a way to make topics, and short words for what laws do.

pub mod groups;
pub mod reading;
pub mod transactions;
pub mod writing;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tasuki::log::{
    Ack, Appender, Commit, Committed, Consumer, Found, Isolation, Log, Membership, NewRecord, Place, ReadLimit, Record,
    Signal,
};

/// A law: it panics where a log breaks it.
pub type Law = fn(&Bench);

/// No law waits longer for anything; a busy machine may take a while.
pub const PATIENCE: Duration = Duration::from_mins(1);
/// Long enough for what must not happen to happen.
pub const QUIET: Duration = Duration::from_millis(800);
/// One poll's wait.
pub const STEP: Duration = Duration::from_millis(50);
/// More than any law writes.
pub const ALL: ReadLimit = ReadLimit {
    records_max: 100_000,
    bytes_max: 64 * 1024 * 1024,
};

/// Makes a topic of so many partitions.
pub type Make = Box<dyn Fn(&str, u32)>;

/// A log and a way to make topics on it.
pub struct Bench {
    pub log: Box<dyn Log>,
    make: Make,
    count: AtomicU32,
}

impl Bench {
    pub fn new(log: Box<dyn Log>, make: Make) -> Self {
        Self {
            log,
            make,
            count: AtomicU32::new(0),
        }
    }

    /// A name that no other law uses.
    pub fn name(&self, stem: &str) -> String {
        format!("{stem}-{}", self.count.fetch_add(1, Ordering::Relaxed))
    }

    /// Makes a topic.
    pub fn make(&self, topic: &str, partitions: u32) {
        (self.make)(topic, partitions);
    }

    /// A fresh topic.
    pub fn topic(&self, partitions: u32) -> String {
        let name = self.name("topic");
        self.make(&name, partitions);
        until("the topic is known everywhere", || {
            self.log.topics(&[&name]).ok()?.remove(0)?;
            (0..partitions)
                .all(|p| self.log.bounds(&Place::new(&name, p)).is_ok())
                .then_some(())
        });
        name
    }

    pub fn join(&self, group: &str, topic: &str) -> Box<dyn Consumer> {
        let membership = Membership {
            group: group.to_owned(),
            topics: vec![topic.to_owned()],
            instance: None,
            committed_only: true,
        };
        self.log.consumer(&membership).unwrap()
    }

    /// Appends values and waits for their acknowledgements.
    pub fn fill(&self, place: &Place, values: &[&str]) -> Vec<Ack> {
        let mut appender = self.log.appender().unwrap();
        for value in values {
            appender
                .append(&place.topic, Some(place.partition), &text(value))
                .unwrap();
        }
        acks(&mut *appender, values.len())
    }

    /// Reads until `count` records came, from the start.
    pub fn read(&self, place: &Place, isolation: Isolation, count: usize) -> Vec<Record> {
        let mut reader = self.log.reader(place, 0, isolation).unwrap();
        let mut records = Vec::new();
        until("the records are there", || {
            let Found::Records(more) = reader.read(ALL, STEP).unwrap() else {
                panic!("trimmed")
            };
            records.extend(more);
            (records.len() >= count).then_some(())
        });
        records
    }

    /// Asserts that a fresh reader sees these values and, for a while, nothing more.
    pub fn sees(&self, place: &Place, isolation: Isolation, expected: &[&str]) {
        let mut reader = self.log.reader(place, 0, isolation).unwrap();
        let mut values = Vec::new();
        let mut complete_since = None;
        until("what is there is read", || {
            let Found::Records(more) = reader.read(ALL, STEP).unwrap() else {
                panic!("trimmed")
            };
            values.extend(more.iter().map(value_of));
            if values.len() < expected.len() {
                return None;
            }
            let since = complete_since.get_or_insert_with(Instant::now);
            (since.elapsed() >= QUIET).then_some(())
        });
        assert_eq!(values, expected);
    }
}

pub fn text(value: &str) -> NewRecord {
    NewRecord {
        value: Some(value.as_bytes().to_vec()),
        ..NewRecord::default()
    }
}

pub fn value_of(record: &Record) -> String {
    String::from_utf8(record.value.clone().unwrap()).unwrap()
}

pub fn at(offset: u64) -> Committed {
    Committed {
        offset,
        metadata: String::new(),
    }
}

/// Tries until there is an answer.
pub fn until<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = attempt() {
            return answer;
        }
        assert!(begun.elapsed() < PATIENCE, "waited too long until {what}");
    }
}

pub fn acks(appender: &mut dyn Appender, count: usize) -> Vec<Ack> {
    let mut acks = Vec::new();
    until("everything is acknowledged", || {
        acks.extend(appender.poll(STEP).unwrap());
        (acks.len() >= count).then_some(())
    });
    acks
}

/// Polls until a signal is of use.
pub fn signal<T>(consumer: &mut dyn Consumer, what: &str, mut pick: impl FnMut(Signal) -> Option<T>) -> T {
    until(what, || {
        consumer.poll(ALL, STEP).unwrap().into_iter().find_map(&mut pick)
    })
}

/// Waits for an assignment.
pub fn assigned(consumer: &mut dyn Consumer) -> Vec<Place> {
    signal(consumer, "partitions are assigned", |signal| match signal {
        Signal::Assigned(places) if !places.is_empty() => Some(places),
        _ => None,
    })
}

/// One transaction of one record and positions; anything but success is the caller's.
pub fn transact(
    transactor: &mut dyn tasuki::log::Transactor,
    place: &Place,
    value: &str,
) -> Result<Commit, tasuki::log::LogError> {
    transactor.begin()?;
    transactor.append(&place.topic, Some(place.partition), text(value))?;
    transactor.flush()?;
    transactor.commit()
}
