//! Writing: appends that are acknowledged later, and transactions that end in many ways.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::super::{Ack, Appender, Commit, Committed, LogError, NewRecord, Ownership, Place, Transactor};
use super::SimulatedLog;
use super::consumer::{Proof, UNCHECKED};
use super::state::{Late, State};
use crate::domain::ids::murmur2;
use crate::planted::{self, Bug};

/// How often a commit is on its way that got no answer in time: it is sent again and again.
const COMMIT_COPIES: usize = 4;
/// Records an appender holds at most.
const QUEUE_RECORDS_MAX: usize = 100_000;

/// Appends outside of transactions.
pub(super) struct SimulatedAppender {
    log: SimulatedLog,
    /// Not arrived yet, in order per partition.
    queues: BTreeMap<Place, VecDeque<(u64, NewRecord)>>,
    queued: usize,
    /// Arrived, and not told yet.
    acks: BTreeMap<Place, VecDeque<Ack>>,
    next_ticket: u64,
    ended: Option<LogError>,
}

impl SimulatedAppender {
    pub(super) fn new(log: SimulatedLog) -> Self {
        Self {
            log,
            queues: BTreeMap::new(),
            queued: 0,
            acks: BTreeMap::new(),
            next_ticket: 0,
            ended: None,
        }
    }

    /// Moves what is on its way: to the broker, and back to us.
    fn carry(&mut self, state: &mut State) {
        let delay = state.faults.delay;
        for (place, queue) in &mut self.queues {
            if delay != 0 && state.chance.once_in(delay) {
                state.reach("an append was delayed");
                continue;
            }
            let count = if delay == 0 {
                queue.len()
            } else {
                1 + state.chance.below(queue.len() as u64) as usize
            };
            for (ticket, record) in queue.drain(..count.min(queue.len())) {
                self.queued -= 1;
                if let Some((offset, time)) = state.append(place, record) {
                    let ack = Ack { ticket, offset, time };
                    self.acks.entry(place.clone()).or_default().push_back(ack);
                }
            }
        }
    }

    fn told(&mut self, state: &mut State) -> Vec<Ack> {
        let delay = state.faults.delay;
        let mut told = Vec::new();
        for acks in self.acks.values_mut() {
            if delay != 0 && state.chance.once_in(delay) {
                continue;
            }
            told.extend(acks.drain(..));
        }
        told
    }

    /// Some of what was sent arrives all the same: of each partition, the first ones.
    fn let_go(&mut self, state: &mut State) {
        for (place, queue) in std::mem::take(&mut self.queues) {
            let count = state.chance.below(queue.len() as u64 + 1) as usize;
            let records: Vec<NewRecord> = queue.into_iter().take(count).map(|(_, record)| record).collect();
            if !records.is_empty() {
                state.send_late(Late::Records(place, records));
            }
        }
    }
}

impl Appender for SimulatedAppender {
    fn append(&mut self, topic: &str, partition: Option<u32>, record: &NewRecord) -> Result<u64, LogError> {
        if let Some(error) = &self.ended {
            return Err(error.clone());
        }
        if self.queued >= QUEUE_RECORDS_MAX {
            return Err(LogError::Retry("the append queue is full".to_owned()));
        }
        let place = place_for(&self.log.state(), topic, partition, record)?;
        let ticket = self.next_ticket;
        let queue = self.queues.entry(place).or_default();
        queue.push_back((ticket, record.clone()));
        self.queued += 1;
        self.next_ticket += 1;
        Ok(ticket)
    }

    fn poll(&mut self, _: Duration) -> Result<Vec<Ack>, LogError> {
        if let Some(error) = &self.ended {
            return Err(error.clone());
        }
        let log = self.log.clone();
        // A producer waits for its broker; only one that is gone hears of it.
        let mut state = match log.enter() {
            Err(LogError::Retry(_)) => return Ok(Vec::new()),
            entered => entered?,
        };
        let lost_append = state.faults.lost_append;
        if self.queued > 0 && state.chance.once_in(lost_append) {
            state.reach("an append was lost");
            self.let_go(&mut state);
            let error = LogError::Unknown("an append was not acknowledged".to_owned());
            self.ended = Some(error.clone());
            return Err(error);
        }
        self.carry(&mut state);
        Ok(self.told(&mut state))
    }
}

impl Drop for SimulatedAppender {
    fn drop(&mut self) {
        let log = self.log.clone();
        self.let_go(&mut log.state());
    }
}

/// A transactional writer. As that of Kafka it takes turns between two ids, so that a late copy of
/// a commit does not meet the next transaction.
pub(super) struct SimulatedTransactor {
    log: SimulatedLog,
    id: String,
    epoch: u64,
    other: (String, u64),
    stand: Stand,
    queue: VecDeque<(Place, NewRecord)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Stand {
    Ready,
    Open,
    Ended(LogError),
}

impl SimulatedTransactor {
    /// Fences earlier users of the id and ends what they left open.
    pub(super) fn new(log: SimulatedLog, state: &mut State, id: &str) -> Self {
        let second = format!("{id}.second");
        let (epoch, other) = (state.take_over(id), state.take_over(&second));
        Self {
            log,
            id: id.to_owned(),
            epoch,
            other: (second, other),
            stand: Stand::Ready,
            queue: VecDeque::new(),
        }
    }

    fn expect(&self, stand: &Stand) -> Result<(), LogError> {
        match &self.stand {
            Stand::Ended(error) => Err(error.clone()),
            known if known == stand => Ok(()),
            _ => Err(LogError::Refused("a transaction's calls out of turn".to_owned())),
        }
    }

    /// Kafka's client can be made to: it aborts what is open, and keeps its epoch.
    fn go_on_all_the_same(&mut self) {
        let log = self.log.clone();
        if let Ok(mut state) = log.enter() {
            state.abort(&self.id, self.epoch);
            self.queue.clear();
            self.stand = Stand::Ready;
        }
    }

    /// Any error ends a transactor, and leaves the outcome unknown unless it says more.
    fn ends<T>(&mut self, outcome: Result<T, LogError>) -> Result<T, LogError> {
        outcome.map_err(|error| {
            let error = match error {
                LogError::Retry(words) => LogError::Unknown(words),
                other => other,
            };
            self.stand = Stand::Ended(error.clone());
            error
        })
    }

    /// Sends the first `count` records.
    fn send(&mut self, state: &mut State, count: usize) -> Result<(), LogError> {
        for (place, record) in self.queue.drain(..count.min(self.queue.len())) {
            state.write(&self.id, self.epoch, &place, record)?;
        }
        Ok(())
    }

    fn flushed(&mut self) -> Result<(), LogError> {
        let log = self.log.clone();
        let mut state = log.enter()?;
        let lost_write = state.faults.lost_write;
        if !self.queue.is_empty() && state.chance.once_in(lost_write) {
            let count = state.chance.below(self.queue.len() as u64) as usize;
            self.send(&mut state, count)?;
            state.reach("a transaction's records were lost");
            return Err(LogError::Unknown(
                "records of a transaction were not acknowledged".to_owned(),
            ));
        }
        let all = self.queue.len();
        self.send(&mut state, all)
    }

    fn send_late(&self, state: &mut State) {
        for _ in 0..COMMIT_COPIES {
            state.send_late(Late::Commit(self.id.clone(), self.epoch));
        }
    }

    fn committed(&mut self) -> Result<Commit, LogError> {
        let log = self.log.clone();
        let mut state = log.enter()?;
        let unanswered = Err(LogError::Unknown("a commit was not answered".to_owned()));
        match Way::of(&mut state) {
            Way::Lost => {
                state.reach("a commit was lost");
                unanswered
            }
            Way::Late => {
                self.send_late(&mut state);
                unanswered
            }
            Way::Unanswered => {
                state.commit(&self.id, self.epoch)?;
                state.reach("a commit's answer was lost");
                unanswered
            }
            Way::Slow => {
                state.commit(&self.id, self.epoch)?;
                self.send_late(&mut state);
                state.reach("a commit was slow");
                Ok(Commit::Slow)
            }
            Way::Clean => {
                state.commit(&self.id, self.epoch)?;
                Ok(Commit::Clean)
            }
        }
    }
}

/// The way a commit goes.
enum Way {
    Lost,
    Late,
    Unanswered,
    Slow,
    Clean,
}

impl Way {
    fn of(state: &mut State) -> Self {
        let faults = state.faults;
        let mut happens = |once_in| state.chance.once_in(once_in);
        if happens(faults.lost_commit) {
            Self::Lost
        } else if happens(faults.late_commit) {
            Self::Late
        } else if happens(faults.lost_answer) {
            Self::Unanswered
        } else if happens(faults.slow_commit) {
            Self::Slow
        } else {
            Self::Clean
        }
    }
}

impl Transactor for SimulatedTransactor {
    fn begin(&mut self) -> Result<(), LogError> {
        if planted::is(Bug::AbortAndGoOn) || planted::is(Bug::SlowCommitTrusted) {
            self.go_on_all_the_same();
        } else if self.stand == Stand::Ready {
            std::mem::swap(&mut self.id, &mut self.other.0);
            std::mem::swap(&mut self.epoch, &mut self.other.1);
        }
        self.expect(&Stand::Ready)?;
        self.stand = Stand::Open;
        Ok(())
    }

    fn append(&mut self, topic: &str, partition: Option<u32>, record: NewRecord) -> Result<(), LogError> {
        self.expect(&Stand::Open)?;
        let place = place_for(&self.log.state(), topic, partition, &record)?;
        self.queue.push_back((place, record));
        Ok(())
    }

    fn flush(&mut self) -> Result<(), LogError> {
        self.expect(&Stand::Open)?;
        let outcome = self.flushed();
        self.ends(outcome)
    }

    fn positions(&mut self, offsets: &[(Place, Committed)], ownership: &Ownership) -> Result<(), LogError> {
        self.expect(&Stand::Open)?;
        let Some(proof) = ownership.0.downcast_ref::<Proof>() else {
            return Err(LogError::Refused("an ownership of another log".to_owned()));
        };
        let log = self.log.clone();
        let outcome = log.enter().and_then(|mut state| {
            let known = state.groups.entry(proof.group.clone()).or_default();
            if proof.generation != UNCHECKED && !known.accepts(proof.member, proof.generation) {
                if planted::is(Bug::ZombieNotRefused) {
                    return Ok(());
                }
                state.reach("a former owner was fenced");
                return Err(LogError::Fenced(
                    "the group has gone on to another generation".to_owned(),
                ));
            }
            state.add_offsets((&self.id, self.epoch), &proof.group, offsets)
        });
        self.ends(outcome)
    }

    fn commit(&mut self) -> Result<Commit, LogError> {
        self.flush()?;
        let outcome = self.committed();
        let commit = self.ends(outcome)?;
        self.stand = match commit {
            Commit::Clean => Stand::Ready,
            Commit::Slow => Stand::Ended(LogError::Unknown(
                "the last commit was slow: use a new transactor".to_owned(),
            )),
        };
        Ok(commit)
    }
}

/// The partition a record goes to, as the Java client chooses it by key.
fn place_for(state: &State, topic: &str, partition: Option<u32>, record: &NewRecord) -> Result<Place, LogError> {
    let known = state
        .topics
        .get(topic)
        .ok_or_else(|| LogError::Refused(format!("no topic {topic} in the simulated log")))?;
    let by_key = || (murmur2(record.key.as_deref().unwrap_or_default()) & 0x7fff_ffff) % known.partitions;
    Ok(Place {
        topic: known.name.clone(),
        partition: partition.unwrap_or_else(by_key),
    })
}
