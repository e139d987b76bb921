//! The log: topics of partitions of records, read by groups and written in transactions.
//!
//! The one door to the broken world. `kafka` is production, `local` is SQLite in one process,
//! `simulated` is memory, for tests. The code above these traits is the same on all three. No call blocks longer than the wait it is given
//! or the limit its implementation names; none panics on what a broker answers.

pub mod kafka;
pub mod local;
pub mod simulated;
mod through;

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::time::Instant;

pub use self::through::{look_through, read_through};

const DAY_MS: u64 = 86_400_000;
/// For how long the inbox is kept, in milliseconds: what came by HTTP is in the journal by then.
pub const INBOX_KEPT_MS: u64 = 7 * DAY_MS;
/// For how long outputs and dead letters are kept, in milliseconds.
pub const OUTPUT_KEPT_MS: u64 = 30 * DAY_MS;

/// One partition of a topic.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The topic's full name.
    pub topic: Arc<str>,
    /// From 0.
    pub partition: u32,
}

impl Place {
    /// Partition `partition` of `topic`.
    pub fn new(topic: &str, partition: u32) -> Self {
        Self {
            topic: topic.into(),
            partition,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.topic, self.partition)
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A topic made anew under the same name has another id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicId(pub [u8; 16]);

/// What the log knows of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its name.
    pub name: Arc<str>,
    /// Its id.
    pub id: TopicId,
    /// How many partitions it has.
    pub partitions: u32,
}

/// A record as it was read. Bytes are as they came; headers in order, duplicates and nulls kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its place in the partition.
    pub offset: u64,
    /// The record's timestamp: append time where the topic says so, else what the producer wrote.
    pub time: Instant,
    /// The key.
    pub key: Option<Vec<u8>>,
    /// The value.
    pub value: Option<Vec<u8>>,
    /// The headers.
    pub headers: Vec<Header>,
}

/// A header's name and value.
pub type Header = (String, Option<Vec<u8>>);

/// A record to write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewRecord {
    /// The key.
    pub key: Option<Vec<u8>>,
    /// The value.
    pub value: Option<Vec<u8>>,
    /// The headers.
    pub headers: Vec<Header>,
}

/// What went wrong, by what may be done about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// Somebody else has this now: forget it, never commit.
    #[error("fenced: {0}")]
    Fenced(String),
    /// Nothing happened: try again.
    #[error("not now: {0}")]
    Retry(String),
    /// It may have happened or not: forget what is in memory and start afresh.
    #[error("outcome unknown: {0}")]
    Unknown(String),
    /// It cannot work until a person changes something.
    #[error("refused: {0}")]
    Refused(String),
}

/// Proof of what a group member owned when it was taken; commits made with it are fenced by the
/// log once the partition has gone to somebody else.
#[derive(Clone)]
pub struct Ownership(pub Arc<dyn Any + Send + Sync>);

impl fmt::Debug for Ownership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ownership")
    }
}

/// What a consumer reports.
#[derive(Clone, Debug)]
pub enum Signal {
    /// These partitions are ours from here on; nothing is read until `start`. Kafka tells of each
    /// share anew, the local log of the first, though nothing be in it.
    Assigned(Vec<Place>),
    /// These must be given up: finish what is open, forget them, then call `release`. Nothing more
    /// of them is read; ownership taken from here to the release still commits for them.
    Revoked(Vec<Place>),
    /// These are gone already: forget them, never commit, then call `release`.
    Lost(Vec<Place>),
    /// Records in order of their offsets.
    Records(Place, Vec<Record>),
    /// Everything below this offset has been taken, and nothing is behind it right now.
    End(Place, u64),
    /// The partition cannot be read right now; words for people.
    Unreadable(Place, String),
    /// The offset is not in the partition any more.
    OutOfRange(Place),
}

/// A committed place to go on from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The next offset to read.
    pub offset: u64,
    /// What the committer noted beside it.
    pub metadata: String,
}

/// How much one poll may bring.
#[derive(Clone, Copy, Debug)]
pub struct ReadLimit {
    /// Records at most.
    pub records_max: usize,
    /// Bytes at most, loosely: one record more may come.
    pub bytes_max: usize,
}

/// Which group a consumer belongs to and what it reads.
#[derive(Clone, Debug)]
pub struct Membership {
    /// The group's full name.
    pub group: String,
    /// Full names of the topics.
    pub topics: Vec<String>,
    /// Set for static membership; unique per consumer.
    pub instance: Option<String>,
    /// True: only records of committed transactions.
    pub committed_only: bool,
}

/// A member of a group.
pub trait Consumer: Send {
    /// What has changed or arrived; waits at most `wait` when there is nothing.
    fn poll(&mut self, limit: ReadLimit, wait: Duration) -> Result<Vec<Signal>, LogError>;

    /// Proof of the current ownership; taken before the records of a batch are applied.
    /// `Retry` while a rebalance leaves it unclear.
    fn ownership(&mut self) -> Result<Ownership, LogError>;

    /// Starts reading an assigned partition at `offset`.
    fn start(&mut self, place: &Place, offset: u64) -> Result<(), LogError>;

    /// Stops reading for now; `start` goes on.
    fn stop(&mut self, place: &Place) -> Result<(), LogError>;

    /// Answers `Revoked` and `Lost`.
    fn release(&mut self, places: &[Place]) -> Result<(), LogError>;

    /// Reads the group's committed offsets, one answer per place. Waits for open transactions.
    fn committed(&mut self, places: &[Place]) -> Result<Vec<Option<Committed>>, LogError>;

    /// Commits offsets outside of any transaction.
    fn commit(&mut self, offsets: &[(Place, Committed)]) -> Result<(), LogError>;

    /// The offsets at which the next records will be written (high watermarks), one per place;
    /// places that do not answer are errors of their own.
    fn ends(&mut self, places: &[Place]) -> Vec<Result<u64, LogError>>;

    /// The first offset whose record is at or after `time`; the end if there is none.
    fn offset_at(&mut self, place: &Place, time: Instant) -> Result<u64, LogError>;

    /// The first offset that is still there.
    fn start_offset(&mut self, place: &Place) -> Result<u64, LogError>;

    /// Leaves the group.
    fn close(self: Box<Self>);
}

/// An acknowledged append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ack {
    /// What `append` returned.
    pub ticket: u64,
    /// Where it stands.
    pub offset: u64,
    /// Its append time.
    pub time: Instant,
}

/// Appends outside of transactions: idempotent, in order, without gaps per partition.
pub trait Appender: Send {
    /// Queues a record and returns its ticket (consecutive from 0). `Retry`: the queue is full,
    /// poll first. `partition: None` chooses by the key as the Java client does.
    fn append(&mut self, topic: &str, partition: Option<u32>, record: &NewRecord) -> Result<u64, LogError>;

    /// Acknowledgements since the last call; waits at most `wait` when there are none. After an
    /// error this appender is of no use: anything not acknowledged may be there or not.
    fn poll(&mut self, wait: Duration) -> Result<Vec<Ack>, LogError>;
}

/// How a commit went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// Done, and the transactor may go on.
    Clean,
    /// Done, but a late copy of the commit may still be on its way: use a new transactor.
    Slow,
}

/// A transactional writer. There is no abort: after any error drop it and make a new one with the
/// same id, which ends what is open and fences what is on its way.
pub trait Transactor: Send {
    /// Opens a transaction.
    fn begin(&mut self) -> Result<(), LogError>;

    /// Queues a record in the open transaction; `partition: None` chooses by the key.
    fn append(&mut self, topic: &str, partition: Option<u32>, record: NewRecord) -> Result<(), LogError>;

    /// Waits until everything appended is acknowledged.
    fn flush(&mut self) -> Result<(), LogError>;

    /// Adds offsets to the transaction, fenced by `ownership`.
    fn positions(&mut self, offsets: &[(Place, Committed)], ownership: &Ownership) -> Result<(), LogError>;

    /// Commits. An error leaves the outcome unknown unless it says `Fenced`.
    fn commit(&mut self) -> Result<Commit, LogError>;
}

/// What a reader may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// Only records of committed transactions.
    Committed,
    /// Everything, with open and aborted transactions.
    Uncommitted,
}

/// What a reader found.
#[derive(Clone, Debug)]
pub enum Found {
    /// Records in order; may be empty when nothing came within the wait.
    Records(Vec<Record>),
    /// The partition begins behind the place to read from: begin again at this offset.
    Trimmed(u64),
}

/// Reads one partition on its own, without a group.
pub trait Reader: Send {
    /// The next records; waits at most `wait` when there are none.
    fn read(&mut self, limit: ReadLimit, wait: Duration) -> Result<Found, LogError>;

    /// Everything below has been returned, or is nothing that this reader returns. It reaches the
    /// end of a partition even where no record stands last.
    fn position(&self) -> u64;
}

/// A log: makes readers and writers, and answers for topics.
pub trait Log: Send + Sync {
    /// Joins a group.
    fn consumer(&self, membership: &Membership) -> Result<Box<dyn Consumer>, LogError>;

    /// A writer outside of transactions.
    fn appender(&self) -> Result<Box<dyn Appender>, LogError>;

    /// A transactional writer; whoever used this id before is fenced and what it left open ended.
    fn transactor(&self, id: &str) -> Result<Box<dyn Transactor>, LogError>;

    /// Reads `place` from `offset`.
    fn reader(&self, place: &Place, offset: u64, isolation: Isolation) -> Result<Box<dyn Reader>, LogError>;

    /// What is known of these topics; `None` where there is no such topic.
    fn topics(&self, names: &[&str]) -> Result<Vec<Option<Topic>>, LogError>;

    /// The first offset that is there, and the next that will be written.
    fn bounds(&self, place: &Place) -> Result<(u64, u64), LogError>;

    /// The first offset of each partition that stands in an open transaction: readers of what is
    /// committed come no further. `None` where there is none, or where all that were open at the
    /// beginning end within `lasting`, which it waits for: writers at work end theirs soon.
    fn open_at(&self, places: &[Place], lasting: Duration) -> Result<Vec<Option<u64>>, LogError>;

    /// Deletes what is below the offset. It may come back where a broker dies soon after.
    fn trim(&self, place: &Place, below: u64) -> Result<(), LogError>;
}
