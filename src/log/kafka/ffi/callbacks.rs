//! What librdkafka calls: each callback only notes what it was told.
//!
//! Nothing is decided here, and no rebalance is answered here: the consumer answers when its
//! caller has.

use std::collections::VecDeque;
use std::ffi::{c_char, c_int, c_void};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::bindings as rd;

use super::{Code, List, Spot, text_of};

/// Different troubles that are remembered for a start-up failure's words.
const TROUBLES_MAX: usize = 8;
/// Complaints older than this explain nothing any more.
const TROUBLE_AGE_MAX: Duration = Duration::from_secs(30);
/// Syslog levels up to this one are worth a warning.
const LEVEL_WARNING: c_int = 4;
/// Syslog levels up to this one are worth telling.
const LEVEL_INFO: c_int = 6;

/// Something librdkafka complained about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::log) struct Trouble {
    /// What kind.
    pub(in crate::log) code: Code,
    /// In librdkafka's words: the broker and the reason.
    pub(in crate::log) text: String,
}

/// A rebalance that waits for its answer.
#[derive(Clone, Debug)]
pub(in crate::log) enum Rebalance {
    /// These are ours from here on.
    Assigned(Vec<Spot>),
    /// These are to be given up.
    Revoked(Vec<Spot>),
    /// These are gone.
    Lost(Vec<Spot>),
}

/// A delivery report.
#[derive(Clone, Debug)]
pub(in crate::log) struct Delivery {
    /// What was given to `produce`.
    pub(in crate::log) ticket: usize,
    /// Why it was not delivered.
    pub(in crate::log) fault: Option<Code>,
    /// Where it stands; below 0 where the broker did not say.
    pub(in crate::log) offset: i64,
    /// Its timestamp in the log; below 0 where the broker did not say.
    pub(in crate::log) time: i64,
}

/// What the callbacks write and the client's owner reads.
#[derive(Default)]
pub(in crate::log) struct Shared {
    troubles: Mutex<VecDeque<(Instant, Trouble)>>,
    trouble_count: AtomicU64,
    /// Something went wrong since it was last known that a broker answers.
    doubt: AtomicBool,
    rebalances: Mutex<VecDeque<Rebalance>>,
    deliveries: Mutex<Vec<Delivery>>,
    pub(super) leaving: AtomicBool,
    /// It did not leave its group in time: closing it would wait for that.
    pub(super) is_stuck: AtomicBool,
}

impl Shared {
    /// Grows with every complaint: an unchanged count means an unbroken connection.
    pub(in crate::log) fn trouble_count(&self) -> u64 {
        self.trouble_count.load(Ordering::Acquire)
    }

    /// Whether anything went wrong since the last call.
    pub(in crate::log) fn takes_doubt(&self) -> bool {
        self.doubt.swap(false, Ordering::AcqRel)
    }

    /// See `takes_doubt`.
    pub(in crate::log) fn doubt(&self) {
        self.doubt.store(true, Ordering::Release);
    }

    /// The latest different complaints of the last half minute, oldest first.
    pub(in crate::log) fn troubles(&self) -> Vec<Trouble> {
        let troubles = lock(&self.troubles);
        let is_recent = |at: &Instant| at.elapsed() < TROUBLE_AGE_MAX;
        troubles
            .iter()
            .filter(|(at, _)| is_recent(at))
            .map(|(_, trouble)| trouble.clone())
            .collect()
    }

    /// Rebalances since the last call.
    pub(in crate::log) fn take_rebalances(&self) -> VecDeque<Rebalance> {
        std::mem::take(&mut *lock(&self.rebalances))
    }

    /// True when a rebalance waits to be taken.
    pub(in crate::log) fn is_rebalancing(&self) -> bool {
        !lock(&self.rebalances).is_empty()
    }

    /// Delivery reports since the last call.
    pub(in crate::log) fn take_deliveries(&self) -> Vec<Delivery> {
        std::mem::take(&mut *lock(&self.deliveries))
    }

    fn note(&self, trouble: Trouble) {
        self.doubt();
        self.trouble_count.fetch_add(1, Ordering::AcqRel);
        let mut troubles = lock(&self.troubles);
        let is_recent = |(at, known): &(Instant, Trouble)| *known == trouble && at.elapsed() < TROUBLE_AGE_MAX;
        // librdkafka repeats itself with every attempt to connect; people are told once.
        if trouble.code == Code::AllBrokersDown || troubles.iter().any(is_recent) {
            tracing::debug!(target: "kafka", code = ?trouble.code, text = trouble.text, "the Kafka client is in trouble");
        } else {
            tracing::warn!(target: "kafka", code = ?trouble.code, text = trouble.text, "the Kafka client is in trouble");
        }
        troubles.retain(|(_, known)| *known != trouble);
        if troubles.len() == TROUBLES_MAX {
            troubles.pop_front();
        }
        troubles.push_back((Instant::now(), trouble));
    }
}

/// A callback that panicked would end the process, so the data behind a poisoned lock is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

unsafe fn shared<'a>(opaque: *mut c_void) -> &'a Shared {
    // SAFETY: every client is configured with a pointer to the `Shared` that it owns.
    unsafe { &*opaque.cast::<Shared>() }
}

pub(super) unsafe extern "C" fn on_log(
    client: *const rd::rd_kafka_t,
    level: c_int,
    facility: *const c_char,
    text: *const c_char,
) {
    // SAFETY: librdkafka hands over texts that end with a zero, and a client or null.
    let (facility, text) = unsafe { (text_of(facility), text_of(text)) };
    if (facility == "FAIL" || level <= LEVEL_WARNING) && !client.is_null() && level <= LEVEL_INFO {
        // SAFETY: configured before the client was made.
        let opaque = unsafe { rd::rd_kafka_opaque(client) };
        if !opaque.is_null() {
            // SAFETY: as above.
            let shared = unsafe { shared(opaque) };
            shared.doubt();
            if facility == "FAIL" {
                shared.trouble_count.fetch_add(1, Ordering::AcqRel);
            }
        }
    }
    // Said for each appender, and meant so.
    let is_known = facility == "CONFWARN" && text.contains("enable.gapless.guarantee is experimental");
    if level <= LEVEL_WARNING && !is_known {
        tracing::warn!(target: "kafka", facility, text, "the Kafka client complains");
    } else if level <= LEVEL_INFO && !is_known {
        tracing::info!(target: "kafka", facility, text, "the Kafka client reports");
    } else {
        tracing::debug!(target: "kafka", facility, text, "the Kafka client notes");
    }
}

pub(super) unsafe extern "C" fn on_error(
    client: *mut rd::rd_kafka_t,
    code: c_int,
    reason: *const c_char,
    opaque: *mut c_void,
) {
    let code = rd::rd_kafka_resp_err_t::try_from(code).unwrap_or(rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_UNKNOWN);
    let code: Code = code.into();
    // SAFETY: the client is alive while it calls; the text ends with a zero.
    let text = unsafe {
        if code == Code::Fatal {
            let mut buffer = [0; super::TEXT_BYTES];
            rd::rd_kafka_fatal_error(client, buffer.as_mut_ptr(), buffer.len());
            text_of(buffer.as_ptr())
        } else {
            text_of(reason)
        }
    };
    // SAFETY: the opaque pointer is the client's `Shared`.
    unsafe { shared(opaque) }.note(Trouble { code, text });
}

pub(super) unsafe extern "C" fn on_delivery(
    _client: *mut rd::rd_kafka_t,
    message: *const rd::rd_kafka_message_t,
    opaque: *mut c_void,
) {
    // SAFETY: the message is valid during the call; its private pointer is the ticket.
    let delivery = unsafe {
        let mut kind = rd::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        let failed = (*message).err != rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;
        Delivery {
            ticket: (*message)._private.addr(),
            fault: failed.then(|| (*message).err.into()),
            offset: (*message).offset,
            time: rd::rd_kafka_message_timestamp(message, &raw mut kind),
        }
    };
    // SAFETY: the opaque pointer is the client's `Shared`.
    lock(unsafe { &shared(opaque).deliveries }).push(delivery);
}

pub(super) unsafe extern "C" fn on_rebalance(
    client: *mut rd::rd_kafka_t,
    code: rd::rd_kafka_resp_err_t,
    partitions: *mut rd::rd_kafka_topic_partition_list_t,
    opaque: *mut c_void,
) {
    // SAFETY: the opaque pointer is the client's `Shared`; list and client are valid here.
    unsafe {
        let shared = shared(opaque);
        if shared.leaving.load(Ordering::Acquire) {
            super::group::wave_through(client, partitions, code);
            return;
        }
        let spots = List::read(partitions);
        let event = if code == rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            Rebalance::Assigned(spots)
        } else if rd::rd_kafka_assignment_lost(client) != 0 {
            Rebalance::Lost(spots)
        } else {
            Rebalance::Revoked(spots)
        };
        lock(&shared.rebalances).push_back(event);
    }
}
