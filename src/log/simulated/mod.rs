//! The log in memory, for simulations: deterministic, with everything that Kafka does to its
//! clients.
//!
//! One seed decides what goes wrong and when. A process has a handle of its own; once it is killed,
//! nothing that it still does has any effect, but what it had sent may yet arrive. A hook may let
//! others go on in the middle of any call, as a process that is frozen there would.

pub mod chance;
mod consumer;
mod faults;
mod group;
mod partition;
mod reader;
mod state;
mod writer;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

pub use self::faults::Faults;
pub use self::state::{SESSION_MS, TRANSACTION_MS_MAX};

use self::chance::Chance;
use self::partition::Partition;
use self::state::{Late, State};
use super::{
    Appender, Consumer, Isolation, Log, LogError, Membership, NewRecord, Place, ReadLimit, Reader, Record, Topic,
    Transactor,
};
use crate::clock::Clock;
use crate::domain::time::Instant;

/// Called at the beginning of each call, with the process that makes it and whether the call is one
/// of the few at which it matters most who else goes on meanwhile.
pub type Hook = Box<dyn Fn(u64, bool) + Send + Sync>;

/// One process's door to the log.
#[derive(Clone)]
pub struct SimulatedLog {
    shared: Arc<Shared>,
    process: u64,
}

struct Shared {
    clock: Clock,
    state: Mutex<State>,
    hook: OnceLock<Hook>,
}

impl SimulatedLog {
    /// An empty log whose faults are chosen by `seed`. The handle is the outside world's: nothing
    /// goes wrong on it.
    pub fn new(clock: Clock, seed: u64) -> Self {
        Self {
            shared: Arc::new(Shared {
                clock,
                state: Mutex::new(State::new(Chance::new(seed))),
                hook: OnceLock::new(),
            }),
            process: 0,
        }
    }

    /// The handle of a process, numbered from 1.
    #[must_use]
    pub fn handle(&self, process: u64) -> Self {
        Self {
            shared: self.shared.clone(),
            process,
        }
    }

    /// Has `hook` called at the beginning of every call; once, before anything begins.
    pub fn set_hook(&self, hook: Hook) {
        // A second one would be another simulation's.
        let _first = self.shared.hook.set(hook);
    }

    /// From here on, what goes wrong.
    pub fn set_faults(&self, faults: Faults) {
        self.state().faults = faults;
    }

    /// Makes a topic unless it is there.
    pub fn ensure(&self, name: &str, partitions: u32) -> Topic {
        let mut state = self.state();
        match state.topics.get(name) {
            Some(topic) => topic.clone(),
            None => state.make_topic(name, partitions),
        }
    }

    /// Deletes a topic and makes it again, with another id.
    pub fn make_anew(&self, name: &str) -> Option<Topic> {
        let mut state = self.state();
        let partitions = state.topics.get(name)?.partitions;
        Some(state.make_topic(name, partitions))
    }

    /// A group no longer knows what it has committed for a partition.
    pub fn forget_offset(&self, group: &str, place: &Place) {
        if let Some(group) = self.state().groups.get_mut(group) {
            group.offsets.remove(place);
        }
    }

    /// Logs begin where they began some time before, as those of a broker that died do.
    pub fn forget_trims(&self) {
        let mut state = self.state();
        let came_back = state.partitions.values_mut().filter_map(Partition::forget_trims);
        if came_back.count() > 0 {
            state.reach("a trim was forgotten");
        }
    }

    /// From here on, nothing that this process does has any effect.
    pub fn kill(&self, process: u64) {
        self.state().dead.insert(process);
    }

    /// For so long, in milliseconds, a partition cannot be read.
    pub fn cut_off(&self, place: &Place, for_ms: i64) {
        let until = self.shared.clock.read().running_ms + for_ms;
        self.state().cut_off.insert(place.clone(), until);
    }

    /// For so long, in milliseconds, a partition brings nothing.
    pub fn slow_down(&self, place: &Place, for_ms: i64) {
        let until = self.shared.clock.read().running_ms + for_ms;
        self.state().slow.insert(place.clone(), until);
    }

    /// Everything can be read again.
    pub fn heal(&self) {
        let mut state = self.state();
        state.faults = Faults::default();
        state.cut_off.clear();
        state.slow.clear();
    }

    /// Moves on to the clock's time.
    pub fn turn(&self) {
        let now = self.shared.clock.read();
        self.state().turn(now);
    }

    /// Who is in which group and owns what, for people.
    pub fn groups(&self) -> String {
        format!("{:?}", self.state().groups)
    }

    /// Whether nothing is on its way and no transaction is open.
    pub fn is_settled(&self) -> bool {
        self.state().is_settled()
    }

    /// What has happened at least once.
    pub fn reached(&self) -> BTreeSet<&'static str> {
        self.state().reached.clone()
    }

    /// What a group has committed for a partition.
    pub fn committed_offset(&self, group: &str, place: &Place) -> Option<u64> {
        let state = self.state();
        let committed = state.groups.get(group)?.offsets.get(place)?;
        Some(committed.offset)
    }

    /// Appends a record of the outside world; its append time.
    pub fn append_now(&self, place: &Place, record: NewRecord) -> Instant {
        let now = self.shared.clock.read();
        let mut state = self.state();
        state.turn(now);
        state.append(place, record).map_or(now.time, |(_, time)| time)
    }

    /// Everything committed in a partition from `offset` on, and where to read on.
    pub fn committed_records(&self, place: &Place, offset: u64) -> (Vec<Record>, u64) {
        let all = ReadLimit {
            records_max: usize::MAX,
            bytes_max: usize::MAX,
        };
        match self.state().partitions.get(place) {
            Some(partition) => partition.read(offset.max(partition.start()), Isolation::Committed, all),
            None => (Vec::new(), offset),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Most calls of a process begin here.
    fn enter(&self) -> Result<MutexGuard<'_, State>, LogError> {
        self.enter_at(false)
    }

    /// Every call of a process begins here; see `Hook`.
    fn enter_at(&self, crossing: bool) -> Result<MutexGuard<'_, State>, LogError> {
        if self.process == 0 {
            let now = self.shared.clock.read();
            let mut state = self.state();
            state.turn(now);
            return Ok(state);
        }
        if let Some(hook) = self.shared.hook.get() {
            hook(self.process, crossing);
        }
        let now = self.shared.clock.read();
        let mut state = self.state();
        state.turn(now);
        if state.dead.contains(&self.process) {
            return Err(LogError::Unknown("this process is gone".to_owned()));
        }
        let refusal = state.faults.refusal;
        if state.chance.once_in(refusal) {
            state.reach("a call found no broker");
            return Err(LogError::Retry("no broker answers".to_owned()));
        }
        Ok(state)
    }
}

impl Log for SimulatedLog {
    fn consumer(&self, membership: &Membership) -> Result<Box<dyn Consumer>, LogError> {
        Ok(Box::new(consumer::SimulatedConsumer::join(self.clone(), membership)?))
    }

    fn appender(&self) -> Result<Box<dyn Appender>, LogError> {
        drop(self.enter()?);
        Ok(Box::new(writer::SimulatedAppender::new(self.clone())))
    }

    fn transactor(&self, id: &str) -> Result<Box<dyn Transactor>, LogError> {
        let mut state = self.enter_at(true)?;
        let log = self.clone();
        Ok(Box::new(writer::SimulatedTransactor::new(log, &mut state, id)))
    }

    fn reader(&self, place: &Place, offset: u64, isolation: Isolation) -> Result<Box<dyn Reader>, LogError> {
        self.enter()?.partition(place)?;
        let reader = reader::SimulatedReader::new(self.clone(), place.clone(), offset, isolation);
        Ok(Box::new(reader))
    }

    fn topics(&self, names: &[&str]) -> Result<Vec<Option<Topic>>, LogError> {
        let state = self.enter()?;
        Ok(names.iter().map(|name| state.topics.get(*name).cloned()).collect())
    }

    fn bounds(&self, place: &Place) -> Result<(u64, u64), LogError> {
        let mut state = self.enter()?;
        let partition = state.partition(place)?;
        Ok((partition.start(), partition.end()))
    }

    /// Nobody else is at work while somebody asks.
    fn open_at(&self, places: &[Place], _lasting: Duration) -> Result<Vec<Option<u64>>, LogError> {
        let mut state = self.enter()?;
        let open_at = |place| state.partition(place).map(|partition| partition.open_at());
        places.iter().map(open_at).collect()
    }

    fn trim(&self, place: &Place, below: u64) -> Result<(), LogError> {
        let mut state = self.enter_at(true)?;
        let late_trim = state.faults.late_trim;
        if state.chance.once_in(late_trim) {
            state.send_late(Late::Trim(place.clone(), below));
            return Err(LogError::Unknown("a trim was not answered".to_owned()));
        }
        state.partition(place)?.trim(below);
        Ok(())
    }
}
