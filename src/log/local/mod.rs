//! The embedded log: SQLite in one directory, one process, nothing to install.
//!
//! One writing connection behind a lock; readers have their own (WAL). What is visible is
//! committed and on disk (`synchronous=FULL`). A record's row id is its place's number and its
//! offset together, so offsets never come back, whatever was deleted.

mod consumer;
mod group;
mod kept;
mod store;
mod writer;

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Clock;
use crate::domain::time::Instant;

use self::group::Group;
use self::kept::Kept;
use self::store::Store;
use super::{Appender, Consumer, Isolation, Log, LogError, Membership, Place, Reader, Topic, Transactor};

/// The embedded log of one directory.
#[derive(Clone)]
pub struct LocalLog(Arc<Shared>);

/// What all readers and writers of one open log share.
struct Shared {
    directory: PathBuf,
    clock: Clock,
    state: Mutex<State>,
    /// Rung when records were committed or a group changed.
    bell: Condvar,
    /// Held while the log is open: one process at a time.
    _lock: File,
}

/// The writing connection, and what is known without asking it.
struct State {
    store: Store,
    topics: BTreeMap<Arc<str>, Topic>,
    partitions: BTreeMap<Place, Partition>,
    groups: BTreeMap<String, Group>,
    /// The current holder of each transactional id; older ones are fenced.
    transactors: BTreeMap<String, u64>,
    /// How long topics keep their records; those not named keep them for ever.
    kept: BTreeMap<String, Kept>,
    /// When all that was over had been deleted.
    looked_at: Instant,
}

/// One partition: its number in row ids, and its bounds.
#[derive(Clone, Copy, Debug)]
struct Partition {
    number: u32,
    start: u64,
    next: u64,
    last_time: Instant,
}

impl LocalLog {
    /// Opens the log in `directory`, which is made if it is missing.
    pub fn open(directory: &Path, clock: Clock) -> Result<Self, LogError> {
        let refused = |what: &str, error: &dyn std::fmt::Display| {
            LogError::Refused(format!("{what} {}: {error}", directory.display()))
        };
        std::fs::create_dir_all(directory).map_err(|error| {
            let words = format!("{error}; set local.path to a directory that may be written");
            refused("cannot make the directory", &words)
        })?;
        let lock = File::create(directory.join("lock")).map_err(|error| {
            let words = format!("{error}; give it to this user, or set local.path to a directory that may be written");
            refused("cannot write into", &words)
        })?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => refused(
                "another process uses",
                &"stop it, or set local.path to another directory",
            ),
            TryLockError::Error(error) => {
                let words = format!("{error}; set local.path to a directory on a file system that knows locks");
                refused("cannot lock", &words)
            }
        })?;
        let store = Store::open(directory, store::Access::Write)?;
        let topics = store.topics()?;
        let partitions = store.partitions(&topics)?;
        let state = State {
            store,
            topics,
            partitions,
            groups: BTreeMap::new(),
            transactors: BTreeMap::new(),
            kept: BTreeMap::new(),
            looked_at: Instant::from_millis(i64::MIN / 2),
        };
        Ok(Self(Arc::new(Shared {
            directory: directory.to_owned(),
            clock,
            state: Mutex::new(state),
            bell: Condvar::new(),
            _lock: lock,
        })))
    }

    /// Makes a topic unless it is there; a topic never changes its number of partitions.
    pub fn ensure(&self, name: &str, partitions: u32) -> Result<Topic, LogError> {
        let mut state = self.0.state();
        if let Some(topic) = state.topics.get(name) {
            return Ok(topic.clone());
        }
        let (topic, made) = state.store.make_topic(name, partitions)?;
        state.topics.insert(topic.name.clone(), topic.clone());
        state.partitions.extend(made);
        Ok(topic)
    }

    /// Reads records of a place from `offset` on, for tools and tests.
    pub fn read(&self, place: &Place, offset: u64, records_max: usize) -> Result<Vec<super::Record>, LogError> {
        let partition = self.0.partition(place)?;
        let limit = super::ReadLimit {
            records_max,
            bytes_max: usize::MAX,
        };
        Store::open(&self.0.directory, store::Access::Read)?.records(&partition, offset, limit)
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // A panic while the lock was held cannot leave a half-done change visible: SQLite rolls back.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn partition(&self, place: &Place) -> Result<Partition, LogError> {
        self.state().partition(place).copied()
    }
}

impl State {
    fn partition(&self, place: &Place) -> Result<&Partition, LogError> {
        self.partitions
            .get(place)
            .ok_or_else(|| LogError::Refused(format!("no partition {place} in the local log")))
    }

    fn trim(&mut self, place: &Place, below: u64) -> Result<(), LogError> {
        let mut partition = *self.partition(place)?;
        let below = below.min(partition.next);
        if below > partition.start {
            self.store.trim(&partition, below)?;
            partition.start = below;
            self.partitions.insert(place.clone(), partition);
        }
        Ok(())
    }
}

impl Log for LocalLog {
    fn consumer(&self, membership: &Membership) -> Result<Box<dyn Consumer>, LogError> {
        Ok(Box::new(consumer::LocalConsumer::join(self.0.clone(), membership)?))
    }

    fn appender(&self) -> Result<Box<dyn Appender>, LogError> {
        Ok(Box::new(writer::LocalAppender::new(self.0.clone())))
    }

    fn transactor(&self, id: &str) -> Result<Box<dyn Transactor>, LogError> {
        Ok(Box::new(writer::LocalTransactor::new(self.0.clone(), id)))
    }

    fn reader(&self, place: &Place, offset: u64, _: Isolation) -> Result<Box<dyn Reader>, LogError> {
        Ok(Box::new(consumer::LocalReader::new(
            self.0.clone(),
            place.clone(),
            offset,
        )?))
    }

    fn topics(&self, names: &[&str]) -> Result<Vec<Option<Topic>>, LogError> {
        let state = self.0.state();
        Ok(names.iter().map(|name| state.topics.get(*name).cloned()).collect())
    }

    fn bounds(&self, place: &Place) -> Result<(u64, u64), LogError> {
        let partition = self.0.partition(place)?;
        Ok((partition.start, partition.next))
    }

    /// A transaction is written as a whole, so none is ever open.
    fn open_at(&self, places: &[Place], _lasting: Duration) -> Result<Vec<Option<u64>>, LogError> {
        Ok(vec![None; places.len()])
    }

    fn trim(&self, place: &Place, below: u64) -> Result<(), LogError> {
        self.0.state().trim(place, below)
    }
}
