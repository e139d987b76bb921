//! A member of a group: what the shell is told, and what librdkafka is answered.
//!
//! The rule: an assignment is answered at once with nothing, so that the group goes on, and each
//! partition is added when the shell starts it; a revocation is answered when the shell releases
//! it, and not before. Records come out only of partitions that are started and not being given
//! up, and per start their offsets only rise.

mod arrivals;
mod standstill;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant as Moment};

use super::client_settings;
use super::faults::{Otherwise, is_fenced, judge, judge_with};
use super::ffi::group::GroupToken;
use super::ffi::incoming::{Incoming, Inlet};
use super::ffi::{Client, Code, Fault, Kind, Rebalance, Spot, group};
use super::offsets::{self, Asked, spot};
use super::{KafkaOptions, WATCH_SLACK, fault_of};
use crate::domain::time::Instant;
use crate::log::{Committed, Consumer, LogError, Membership, Ownership, Place, ReadLimit, Signal};
use crate::watchdog::watch;

pub(super) use arrivals::size_of;
use standstill::Standstill;

/// librdkafka doesn't come back from waiting for records when a rebalance arrives, so no wait is
/// longer than this.
const REBALANCE_WAIT: Duration = Duration::from_millis(100);
/// How long the group's coordinator has to answer, waiting for open transactions included.
const COMMITTED_WAIT: Duration = Duration::from_secs(15);
/// How long the group's coordinator has to take a commit.
const COMMIT_WAIT: Duration = Duration::from_secs(10);
/// How long leaving may take.
const LEAVE_WAIT: Duration = Duration::from_secs(5);
/// Longer than any of its calls should take.
const CALL_WAIT: Duration = Duration::from_secs(10);

/// What a partition of ours is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stand {
    /// Assigned or stopped.
    Idle,
    /// Read; records below the offset have been given out.
    Reading(u64),
    /// Stopped while a revocation waits: librdkafka would take its removal for the answer, so its
    /// records are dropped until then. (A pause would outlive the assignment.)
    Muted,
    /// Being given up; true if librdkafka still has it.
    Leaving(bool),
}

/// A consumer on Kafka.
pub(in crate::log::kafka) struct KafkaConsumer {
    places: BTreeMap<Place, Stand>,
    standstill: Standstill,
    /// What stood still and could not be read anew yet, and the offset that comes next.
    halted: BTreeMap<Place, u64>,
    is_lost: bool,
    waiting: VecDeque<Incoming>,
    inlet: Inlet,
    client: Arc<Client>,
    /// Asks for offsets. On the member's own connections a question would wait behind a fetch, which
    /// the broker holds back for as long as there is nothing to fetch.
    asker: Arc<Client>,
}

impl KafkaConsumer {
    /// Joins the group; assignments come as signals.
    pub(in crate::log::kafka) fn join(
        options: &KafkaOptions,
        membership: &Membership,
        asker: &Arc<Client>,
    ) -> Result<Self, LogError> {
        let what = format!("joining the group {}", membership.group);
        let failed = |fault: Fault| judge(&what, &fault, Otherwise::Retry);
        let client = Client::new(Kind::Member, &client_settings::member(options, membership)).map_err(failed)?;
        let inlet = Inlet::of_member(&client).map_err(failed)?;
        client.subscribe(&membership.topics).map_err(failed)?;
        Ok(Self {
            places: BTreeMap::new(),
            standstill: Standstill::default(),
            halted: BTreeMap::new(),
            is_lost: false,
            waiting: VecDeque::new(),
            inlet,
            client,
            asker: Arc::clone(asker),
        })
    }

    /// Takes note of rebalances, and answers assignments.
    fn rebalanced(&mut self, signals: &mut Vec<Signal>) -> Result<(), LogError> {
        for rebalance in self.client.shared().take_rebalances() {
            match rebalance {
                Rebalance::Assigned(spots) => {
                    let places = places_of(&spots);
                    self.cease(&places);
                    self.client
                        .incremental_assign(&[])
                        .map_err(|fault| judge("taking an assignment", &fault, Otherwise::Unknown))?;
                    self.places
                        .extend(places.iter().map(|place| (place.clone(), Stand::Idle)));
                    signals.push(Signal::Assigned(places));
                }
                Rebalance::Revoked(spots) => signals.push(Signal::Revoked(self.leaving(&spots))),
                Rebalance::Lost(spots) => {
                    self.is_lost = true;
                    signals.push(Signal::Lost(self.leaving(&spots)));
                }
            }
        }
        Ok(())
    }

    /// Ends the reading of what was revoked and is dealt out again before the shell has released it;
    /// whoever is told of both begins it anew.
    fn cease(&mut self, places: &[Place]) {
        let leaves = |place: &&Place| self.places.get(*place) == Some(&Stand::Leaving(true));
        let started: Vec<Spot> = places.iter().filter(leaves).map(|place| spot(place, 0)).collect();
        if !started.is_empty()
            && let Err(fault) = self.client.incremental_unassign(&started)
        {
            tracing::debug!(text = fault.text, "what was revoked is not read any more");
        }
    }

    fn leaving(&mut self, spots: &[Spot]) -> Vec<Place> {
        let places = places_of(spots);
        for place in &places {
            let is_started = self.is_started(place);
            self.halted.remove(place);
            self.places.insert(place.clone(), Stand::Leaving(is_started));
        }
        places
    }

    /// True if librdkafka has been given the partition.
    fn is_started(&self, place: &Place) -> bool {
        matches!(
            self.places.get(place),
            Some(Stand::Reading(_) | Stand::Muted | Stand::Leaving(true))
        )
    }

    fn is_being_revoked(&self) -> bool {
        self.client.shared().is_rebalancing() || self.places.values().any(|stand| matches!(stand, Stand::Leaving(_)))
    }

    /// Reads a partition anew that stands still in front of its end.
    fn move_on(&mut self, place: &Place, end: u64) {
        let next = match (self.places.get(place), self.halted.get(place)) {
            (Some(Stand::Reading(next)), _) if self.standstill.is_one(place, *next, end, Moment::now()) => *next,
            (Some(Stand::Idle), Some(next)) => *next,
            _ => return,
        };
        if self.is_being_revoked() {
            return;
        }
        tracing::warn!(%place, next, end, "nothing comes of it although there is more: reading it anew");
        if let Err(error) = self.start(place, next) {
            tracing::warn!(%error, "it cannot be read anew yet");
            self.halted.insert(place.clone(), next);
        }
    }

    fn owned(&self, place: &Place) -> Result<(), LogError> {
        if self.places.contains_key(place) {
            return Ok(());
        }
        Err(LogError::Fenced(format!("{place} is not ours")))
    }
}

impl Consumer for KafkaConsumer {
    fn poll(&mut self, limit: ReadLimit, wait: Duration) -> Result<Vec<Signal>, LogError> {
        let until = Moment::now() + wait;
        let mut signals = Vec::new();
        loop {
            if self.waiting.is_empty() {
                let left = until.saturating_duration_since(Moment::now());
                self.inlet.pull(left.min(REBALANCE_WAIT), &mut self.waiting);
            }
            self.rebalanced(&mut signals)?;
            self.take(limit, &mut signals)?;
            // What was pulled meanwhile may have brought a rebalance as well.
            self.rebalanced(&mut signals)?;
            if let Some(cause) = self.client.fatal() {
                return Err(cannot_go_on(&cause));
            }
            if !signals.is_empty() || Moment::now() >= until {
                return Ok(signals);
            }
        }
    }

    fn ownership(&mut self) -> Result<Ownership, LogError> {
        let _watch = watch("asking for the group's generation", CALL_WAIT + WATCH_SLACK);
        let token = self
            .client
            .group_token()
            .map_err(|fault| judge("asking for the group's generation", &fault, Otherwise::Retry))?;
        if !token.is_fenced() {
            return Err(LogError::Retry("the group is rebalancing".to_owned()));
        }
        // A member that was given up keeps its last generation until it has joined again.
        if self.is_lost || self.client.is_assignment_lost() {
            return Err(LogError::Retry(
                "the partitions are lost, and not released yet".to_owned(),
            ));
        }
        Ok(Ownership(Arc::new(Token(token))))
    }

    fn start(&mut self, place: &Place, offset: u64) -> Result<(), LogError> {
        let what = format!("starting to read {place}");
        match self.places.get(place) {
            None | Some(Stand::Leaving(_)) => return Err(LogError::Fenced(format!("{place} is not ours"))),
            Some(Stand::Idle) => {}
            Some(Stand::Reading(_) | Stand::Muted) => self.stop(place)?,
        }
        if self.places.get(place) != Some(&Stand::Idle) {
            return Err(LogError::Retry(format!("{what}: a revocation waits to be released")));
        }
        let _watch = watch("starting to read a partition", CALL_WAIT + WATCH_SLACK);
        self.forget_waiting(place);
        self.client
            .incremental_assign(&[spot(place, offset as i64)])
            .map_err(|fault| judge(&what, &fault, Otherwise::Retry))?;
        self.places.insert(place.clone(), Stand::Reading(offset));
        self.standstill.forget(place);
        self.halted.remove(place);
        Ok(())
    }

    fn stop(&mut self, place: &Place) -> Result<(), LogError> {
        self.halted.remove(place);
        if !matches!(self.places.get(place), Some(Stand::Reading(_) | Stand::Muted)) {
            return self.owned(place);
        }
        let _watch = watch("ceasing to read a partition", CALL_WAIT + WATCH_SLACK);
        let spots = [spot(place, 0)];
        let failed = |fault: Fault| judge(&format!("ceasing to read {place}"), &fault, Otherwise::Retry);
        if self.is_being_revoked() {
            self.places.insert(place.clone(), Stand::Muted);
        } else {
            self.client.incremental_unassign(&spots).map_err(failed)?;
            self.places.insert(place.clone(), Stand::Idle);
        }
        Ok(())
    }

    fn release(&mut self, places: &[Place]) -> Result<(), LogError> {
        let _watch = watch("giving partitions up", CALL_WAIT + WATCH_SLACK);
        let started: Vec<Spot> = places
            .iter()
            .filter(|place| self.places.get(*place) == Some(&Stand::Leaving(true)))
            .map(|place| spot(place, 0))
            .collect();
        self.client
            .incremental_unassign(&started)
            .map_err(|fault| judge("giving partitions up", &fault, Otherwise::Retry))?;
        // What was dealt to us again meanwhile is ours.
        for place in places {
            if matches!(self.places.get(place), Some(Stand::Leaving(_))) {
                self.places.remove(place);
            }
        }
        self.is_lost = false;
        Ok(())
    }

    fn committed(&mut self, places: &[Place]) -> Result<Vec<Option<Committed>>, LogError> {
        let what = "reading committed offsets";
        let _watch = watch(what, COMMITTED_WAIT + WATCH_SLACK);
        let spots: Vec<Spot> = places.iter().map(|place| spot(place, 0)).collect();
        let found = self
            .client
            .committed(&spots, COMMITTED_WAIT)
            .map_err(|fault| judge_with(&self.client, what, &fault, Otherwise::Retry))?;
        found
            .into_iter()
            .map(|spot| match spot.fault {
                Some(code) => Err(judge(what, &fault_of(code), Otherwise::Retry)),
                None => Ok(u64::try_from(spot.offset).ok().map(|offset| Committed {
                    offset,
                    metadata: spot.metadata,
                })),
            })
            .collect()
    }

    fn commit(&mut self, offsets: &[(Place, Committed)]) -> Result<(), LogError> {
        let what = "committing offsets";
        for (place, _) in offsets {
            self.owned(place)?;
        }
        if offsets.is_empty() {
            return Ok(());
        }
        let _watch = watch(what, COMMIT_WAIT + WATCH_SLACK);
        let answer = group::commit(&self.client, &committed_spots(offsets), COMMIT_WAIT)
            .map_err(|fault| commit_failed(&self.client, &fault))?;
        match answer.iter().find_map(|spot| spot.fault) {
            Some(code) => Err(commit_failed(&self.client, &fault_of(code))),
            None => Ok(()),
        }
    }

    fn ends(&mut self, places: &[Place]) -> Vec<Result<u64, LogError>> {
        let ends = offsets::ends(&self.asker, places);
        for (place, end) in places.iter().zip(&ends) {
            if let Ok(end) = end {
                self.move_on(place, *end);
            }
        }
        ends
    }

    fn offset_at(&mut self, place: &Place, time: Instant) -> Result<u64, LogError> {
        offsets::one(&self.asker, place, Asked::At(time))
    }

    fn start_offset(&mut self, place: &Place) -> Result<u64, LogError> {
        offsets::one(&self.asker, place, Asked::First)
    }

    fn close(mut self: Box<Self>) {
        let is_leaving = |stand: &Stand| matches!(stand, Stand::Leaving(_));
        let leaving = self.places.iter().filter(|(_, stand)| is_leaving(stand));
        let leaving: Vec<Place> = leaving.map(|(place, _)| place.clone()).collect();
        if !leaving.is_empty()
            && let Err(error) = self.release(&leaving)
        {
            tracing::debug!(%error, "what was revoked could not be given up any more");
        }
        let _watch = watch("leaving the group", LEAVE_WAIT + WATCH_SLACK);
        if let Err(fault) = group::leave(&self.client, &mut self.inlet, LEAVE_WAIT) {
            tracing::warn!(
                text = fault.text,
                "leaving the group did not go through; its session will time out"
            );
        }
    }
}

impl Drop for KafkaConsumer {
    fn drop(&mut self) {
        let _watch = watch("dropping a group member", CALL_WAIT + WATCH_SLACK);
        group::answer_all(&self.client, &mut self.inlet);
    }
}

/// What `ownership` proves with.
pub(in crate::log::kafka) struct Token(pub(in crate::log::kafka) GroupToken);

/// A generation that has just changed is no loss: whoever still owns the partition commits again.
fn commit_failed(client: &Client, fault: &Fault) -> LogError {
    let what = "committing offsets";
    if matches!(fault.code, Code::RebalanceInProgress | Code::IllegalGeneration) {
        return LogError::Retry(format!("{what}: {}", fault.text));
    }
    if is_fenced(fault.code) {
        return judge(what, fault, Otherwise::Unknown);
    }
    judge_with(client, what, fault, Otherwise::Unknown)
}

/// List entries that carry what is committed.
pub(in crate::log::kafka) fn committed_spots(offsets: &[(Place, Committed)]) -> Vec<Spot> {
    offsets
        .iter()
        .map(|(place, committed)| Spot {
            metadata: committed.metadata.clone(),
            ..spot(place, committed.offset as i64)
        })
        .collect()
}

/// What is fatal to a member never passes, so its process ends and is started again; waiting would
/// keep partitions in memory that the group has given to others.
fn cannot_go_on(cause: &Fault) -> LogError {
    let remedy = if cause.code == Code::FencedInstanceId {
        "; another process has joined under this instance: give each its own `instance`"
    } else {
        ""
    };
    LogError::Refused(format!("reading as a group member: {}{remedy}", cause.text))
}

fn places_of(spots: &[Spot]) -> Vec<Place> {
    spots
        .iter()
        .map(|spot| Place::new(&spot.topic, spot.partition as u32))
        .collect()
}
