//! Group membership: subscribing, answering rebalances, committed offsets, and leaving.

use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rdkafka::bindings as rd;

use super::incoming::Inlet;
use super::{Client, Code, Event, Fault, List, Queue, Rebalance, Spot, keeper, millis};

/// How often a leaving member looks whether it has left.
const LEAVE_STEP: Duration = Duration::from_millis(50);
/// How long a member that is dropped looks for what it has not answered.
const ANSWER_ALL_MAX: Duration = Duration::from_secs(2);

/// The group's identity, member and generation at one moment.
pub(in crate::log) struct GroupToken {
    handle: NonNull<rd::rd_kafka_consumer_group_metadata_t>,
}

// SAFETY: a plain value, never written after it was made.
unsafe impl Send for GroupToken {}
// SAFETY: as above.
unsafe impl Sync for GroupToken {}

impl GroupToken {
    pub(super) fn raw(&self) -> *const rd::rd_kafka_consumer_group_metadata_t {
        self.handle.as_ptr()
    }

    /// False while the member is in no generation; such a token would not be fenced.
    pub(in crate::log) fn is_fenced(&self) -> bool {
        // SAFETY: the value is ours, and the member's id a text within it.
        unsafe {
            let member = super::text_of(rd::rd_kafka_consumer_group_metadata_member_id(self.raw()));
            rd::rd_kafka_consumer_group_metadata_generation_id(self.raw()) >= 0 && !member.is_empty()
        }
    }
}

impl Drop for GroupToken {
    fn drop(&mut self) {
        // SAFETY: ours, once.
        unsafe { rd::rd_kafka_consumer_group_metadata_destroy(self.handle.as_ptr()) };
    }
}

impl Client {
    /// Joins the group for these topics.
    pub(in crate::log) fn subscribe(&self, topics: &[String]) -> Result<(), Fault> {
        let spots: Vec<Spot> = topics.iter().map(|topic| Spot::new(topic, 0, 0)).collect();
        let list = List::new(&spots)?;
        // SAFETY: the list lives during the call.
        Fault::check(unsafe { rd::rd_kafka_subscribe(self.raw(), list.raw()) })
    }

    /// Adds partitions to what is read; also answers an assignment.
    pub(in crate::log) fn incremental_assign(&self, spots: &[Spot]) -> Result<(), Fault> {
        let list = List::new(spots)?;
        // SAFETY: the list lives during the call; the error object is handed over.
        unsafe { self.settle(rd::rd_kafka_incremental_assign(self.raw(), list.raw())) }
    }

    /// Takes partitions from what is read; also answers a revocation.
    pub(in crate::log) fn incremental_unassign(&self, spots: &[Spot]) -> Result<(), Fault> {
        let list = List::new(spots)?;
        // SAFETY: as above.
        unsafe { self.settle(rd::rd_kafka_incremental_unassign(self.raw(), list.raw())) }
    }

    /// True from when the group has given our partitions away until we have answered.
    pub(in crate::log) fn is_assignment_lost(&self) -> bool {
        // SAFETY: the handle lives as long as self.
        unsafe { rd::rd_kafka_assignment_lost(self.raw()) != 0 }
    }

    /// The group's identity right now.
    pub(in crate::log) fn group_token(&self) -> Result<GroupToken, Fault> {
        // SAFETY: the value is handed over.
        NonNull::new(unsafe { rd::rd_kafka_consumer_group_metadata(self.raw()) })
            .map(|handle| GroupToken { handle })
            .ok_or_else(|| Fault::new(Code::UnknownGroup, "not a member of a group"))
    }

    /// The group's committed offsets of these partitions.
    pub(in crate::log) fn committed(&self, spots: &[Spot], wait: Duration) -> Result<Vec<Spot>, Fault> {
        let list = List::new(spots)?;
        // SAFETY: the list lives during the call, which fills it in.
        Fault::check(unsafe { rd::rd_kafka_committed(self.raw(), list.raw(), millis(wait)) })?;
        Ok(list.spots())
    }
}

/// Commits offsets and waits for the answer, one outcome per entry.
pub(in crate::log) fn commit(client: &Arc<Client>, spots: &[Spot], wait: Duration) -> Result<Vec<Spot>, Fault> {
    let queue = Queue::new(client)?;
    let list = List::new(spots)?;
    // SAFETY: librdkafka copies the list; the answer comes to our own queue.
    unsafe {
        let code = rd::rd_kafka_commit_queue(client.raw(), list.raw(), queue.raw(), None, ptr::null_mut());
        Fault::check(code)?;
        let event = Event::next(&queue, wait)?;
        Ok(List::read(rd::rd_kafka_event_topic_partition_list(event.raw())))
    }
}

/// Leaves the group within `wait`; rebalances are answered before and on the way, since the group
/// does not let a member go that owes an answer.
pub(in crate::log) fn leave(client: &Arc<Client>, inlet: &mut Inlet, wait: Duration) -> Result<(), Fault> {
    client.shared().leaving.store(true, Ordering::Release);
    answer_told(client);
    let until = Instant::now() + wait;
    // SAFETY: closing goes on in the background; its callbacks run in the calls below.
    unsafe {
        let queue = Queue::own(client, rd::rd_kafka_queue_get_consumer(client.raw()))?;
        client.settle(rd::rd_kafka_consumer_close_queue(client.raw(), queue.raw()))?;
        let mut rest = std::collections::VecDeque::new();
        while rd::rd_kafka_consumer_closed(client.raw()) == 0 {
            if Instant::now() > until {
                client.shared().is_stuck.store(true, Ordering::Release);
                return Err(Fault::new(Code::OperationTimedOut, "the group did not let go in time"));
            }
            inlet.pull(LEAVE_STEP, &mut rest);
            rest.clear();
        }
    }
    Ok(())
}

/// Answers what a member was told and has not answered, as the last thing before it is dropped:
/// librdkafka's main thread never ends while an assignment waits for its answer.
pub(in crate::log) fn answer_all(client: &Client, inlet: &mut Inlet) {
    keeper::let_go(client);
    client.shared().leaving.store(true, Ordering::Release);
    answer_told(client);
    // Records that are still coming in stand before an assignment in the queue.
    let until = Instant::now() + ANSWER_ALL_MAX;
    let mut rest = std::collections::VecDeque::new();
    inlet.pull(Duration::ZERO, &mut rest);
    while !rest.is_empty() && Instant::now() < until {
        rest.clear();
        inlet.pull(Duration::ZERO, &mut rest);
    }
}

/// Answers rebalances that nobody has asked for yet.
fn answer_told(client: &Client) {
    for rebalance in client.shared().take_rebalances() {
        let answered = match rebalance {
            Rebalance::Assigned(_) => client.incremental_assign(&[]),
            Rebalance::Revoked(_) | Rebalance::Lost(_) => client.incremental_unassign(&[]),
        };
        if let Err(fault) = answered {
            tracing::debug!(text = fault.text, "a rebalance could not be answered any more");
        }
    }
}

/// Answers a rebalance of a member that is leaving: it takes nothing and gives everything.
pub(super) unsafe fn wave_through(
    client: *mut rd::rd_kafka_t,
    partitions: *mut rd::rd_kafka_topic_partition_list_t,
    code: rd::rd_kafka_resp_err_t,
) {
    // SAFETY: called from the rebalance callback, where client and list are valid; error objects
    // are ours to destroy.
    unsafe {
        let nothing = rd::rd_kafka_topic_partition_list_new(0);
        let mut error = if code == rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            rd::rd_kafka_incremental_assign(client, nothing)
        } else {
            rd::rd_kafka_incremental_unassign(client, partitions)
        };
        if !error.is_null() {
            // Some of them were never started: then none of them is being read.
            rd::rd_kafka_error_destroy(error);
            error = rd::rd_kafka_incremental_unassign(client, nothing);
            if !error.is_null() {
                rd::rd_kafka_error_destroy(error);
            }
        }
        rd::rd_kafka_topic_partition_list_destroy(nothing);
    }
}
