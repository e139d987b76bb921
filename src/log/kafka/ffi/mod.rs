//! The one place with `unsafe`: librdkafka behind safe types.
//!
//! The rule: whatever librdkafka lends (queues, topic handles, lists) is owned by a type that also
//! holds the `Arc<Client>` and gives it back on drop, before the client can go. Messages and
//! events never leave this folder; what comes out is copied. Strings that come out carry no
//! personal data and no secrets: librdkafka names brokers, topics and settings only.

#![expect(unsafe_code, reason = "librdkafka is a C library; no other folder may touch it")]

pub(super) mod admin;
mod callbacks;
pub(super) mod describe;
pub(super) mod group;
pub(super) mod incoming;
mod keeper;
pub(super) mod known;
mod list;
pub(super) mod produce;

use std::ffi::{CStr, CString, c_char};
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rdkafka::bindings as rd;
pub(super) use rdkafka::types::RDKafkaErrorCode as Code;

use super::WATCH_SLACK;
use crate::watchdog::watch;

pub(super) use callbacks::{Delivery, Rebalance, Shared, Trouble};
pub(super) use list::{List, Spot};

/// What librdkafka writes its error texts into.
const TEXT_BYTES: usize = 512;
/// How long closing a client's connections and threads should take at most.
const CLOSE_WAIT: Duration = Duration::from_secs(10);

/// Which half of librdkafka a client is, and what it is told about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::log) enum Kind {
    /// Writes; delivery reports are kept for the caller.
    Producer,
    /// A member of a group; rebalances are kept for the caller.
    Member,
    /// Reads partitions it is told, without a group.
    Reader,
}

impl Kind {
    fn closing(self) -> &'static str {
        match self {
            Self::Producer => "closing a producer",
            Self::Member => "closing a group member",
            Self::Reader => "closing a reader",
        }
    }
}

/// What librdkafka says went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::log) struct Fault {
    /// Its code; that of the cause where the client is beyond repair.
    pub(in crate::log) code: Code,
    /// Its words.
    pub(in crate::log) text: String,
}

impl Fault {
    fn of(code: rd::rd_kafka_resp_err_t) -> Self {
        // SAFETY: the text is static.
        let text = unsafe { text_of(rd::rd_kafka_err2str(code)) };
        Self {
            code: code.into(),
            text,
        }
    }

    fn check(code: rd::rd_kafka_resp_err_t) -> Result<(), Self> {
        if code == rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
            return Ok(());
        }
        Err(Self::of(code))
    }

    fn new(code: Code, text: impl Into<String>) -> Self {
        Self {
            code,
            text: text.into(),
        }
    }
}

/// Outcomes by topic name.
pub(in crate::log) type ByTopic<T> = Vec<(String, Result<T, Fault>)>;

/// A librdkafka instance with its threads and connections. Thread-safe, as librdkafka is.
pub(in crate::log) struct Client {
    handle: NonNull<rd::rd_kafka_t>,
    kind: Kind,
    shared: Box<Shared>,
    /// The brokers it was configured with.
    bootstrap: CString,
}

// SAFETY: rd_kafka_t may be used from any thread (librdkafka, INTRODUCTION.md, "Threads and
// callbacks"); what the callbacks write is behind locks in `Shared`.
unsafe impl Send for Client {}
// SAFETY: as above.
unsafe impl Sync for Client {}

impl Client {
    /// Makes an instance with these settings; connects in the background.
    pub(in crate::log) fn new(kind: Kind, settings: &[(String, String)]) -> Result<Arc<Self>, Fault> {
        let shared = Box::new(Shared::default());
        let bootstrap = settings.iter().find(|(name, _)| name == "bootstrap.servers");
        let bootstrap = c_text(bootstrap.map_or("", |(_, brokers)| brokers))?;
        // SAFETY: conf is either given to rd_kafka_new or destroyed; `shared` is boxed, so its
        // address stays while the client lives, and outlives it in `drop`.
        let handle = unsafe {
            let conf = rd::rd_kafka_conf_new();
            if let Err(fault) = configure(conf, kind, settings, &shared) {
                rd::rd_kafka_conf_destroy(conf);
                return Err(fault);
            }
            let role = match kind {
                Kind::Producer => rd::rd_kafka_type_t::RD_KAFKA_PRODUCER,
                Kind::Member | Kind::Reader => rd::rd_kafka_type_t::RD_KAFKA_CONSUMER,
            };
            let mut text = [0; TEXT_BYTES];
            let handle = rd::rd_kafka_new(role, conf, text.as_mut_ptr(), text.len());
            NonNull::new(handle).ok_or_else(|| {
                rd::rd_kafka_conf_destroy(conf);
                Fault::new(Code::InvalidArgument, text_of(text.as_ptr()))
            })?
        };
        let client = Arc::new(Self {
            handle,
            kind,
            shared,
            bootstrap,
        });
        keeper::keep(&client);
        Ok(client)
    }

    fn raw(&self) -> *mut rd::rd_kafka_t {
        self.handle.as_ptr()
    }

    /// What the callbacks have collected.
    pub(in crate::log) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Serves callbacks; returns as soon as something was served, or after `wait`.
    pub(in crate::log) fn serve(&self, wait: Duration) {
        // SAFETY: the handle lives as long as self.
        unsafe { rd::rd_kafka_poll(self.raw(), millis(wait)) };
    }

    /// The ids of the brokers, once one has answered.
    pub(in crate::log) fn brokers(&self, wait: Duration) -> Result<Vec<i32>, Fault> {
        let mut found: *const rd::rd_kafka_metadata = ptr::null();
        // SAFETY: on success librdkafka hands over a metadata object, destroyed after reading.
        unsafe {
            Fault::check(rd::rd_kafka_metadata(
                self.raw(),
                0,
                ptr::null_mut(),
                &raw mut found,
                millis(wait),
            ))?;
            let count = (*found).broker_cnt as isize;
            let ids = (0..count).map(|i| (*(*found).brokers.offset(i)).id).collect();
            rd::rd_kafka_metadata_destroy(found);
            Ok(ids)
        }
    }

    /// Whether a broker answers within `wait`; if none does, it is told again where to begin.
    pub(in crate::log) fn reminded(&self, wait: Duration) -> bool {
        if self.brokers(wait).is_ok() {
            return true;
        }
        // SAFETY: the list ends with a zero and is copied; brokers that are known stay as they are.
        unsafe { rd::rd_kafka_brokers_add(self.raw(), self.bootstrap.as_ptr()) };
        false
    }

    /// Asks again who leads the partitions of a topic. By itself the client learns it only once
    /// what it knows is a minute and a half old, whatever brokers answer meanwhile.
    pub(in crate::log) fn renew_leaders(&self, topic: &str, wait: Duration) -> Result<(), Fault> {
        let name = c_text(topic)?;
        let mut found: *const rd::rd_kafka_metadata = ptr::null();
        // SAFETY: the topic is one reference, given back; the answer is ours and not looked at.
        unsafe {
            let handle = rd::rd_kafka_topic_new(self.raw(), name.as_ptr(), ptr::null_mut());
            if handle.is_null() {
                return Fault::check(rd::rd_kafka_last_error());
            }
            let code = rd::rd_kafka_metadata(self.raw(), 0, handle, &raw mut found, millis(wait));
            rd::rd_kafka_topic_destroy(handle);
            Fault::check(code)?;
            rd::rd_kafka_metadata_destroy(found);
        }
        Ok(())
    }

    /// The cause, when this instance is beyond repair.
    pub(in crate::log) fn fatal(&self) -> Option<Fault> {
        let mut text = [0; TEXT_BYTES];
        // SAFETY: the buffer is as long as it is said to be.
        let code = unsafe { rd::rd_kafka_fatal_error(self.raw(), text.as_mut_ptr(), text.len()) };
        if code == rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
            return None;
        }
        // SAFETY: librdkafka ended the text with a zero.
        Some(Fault::new(code.into(), unsafe { text_of(text.as_ptr()) }))
    }

    /// Takes ownership of an error object, if there is one.
    unsafe fn settle(&self, error: *mut rd::rd_kafka_error_t) -> Result<(), Fault> {
        if error.is_null() {
            return Ok(());
        }
        // SAFETY: the caller hands over an error object of librdkafka; read once, then destroyed.
        let (code, text) = unsafe {
            let code: Code = rd::rd_kafka_error_code(error).into();
            let text = text_of(rd::rd_kafka_error_string(error));
            rd::rd_kafka_error_destroy(error);
            (code, text)
        };
        if code == Code::Fatal {
            return Err(self.fatal().unwrap_or(Fault { code, text }));
        }
        Err(Fault { code, text })
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if self.shared.is_stuck.load(Ordering::Acquire) {
            // Its threads go on until the process ends, and so what they call must.
            Box::leak(std::mem::take(&mut self.shared));
            return;
        }
        let _watch = watch(self.kind.closing(), CLOSE_WAIT + WATCH_SLACK);
        // SAFETY: the last owner is going; queues and topics hold an `Arc`, so none is left.
        unsafe {
            if self.kind == Kind::Producer {
                let all =
                    rd::RD_KAFKA_PURGE_F_QUEUE | rd::RD_KAFKA_PURGE_F_INFLIGHT | rd::RD_KAFKA_PURGE_F_NON_BLOCKING;
                rd::rd_kafka_purge(self.raw(), all);
                rd::rd_kafka_poll(self.raw(), 0);
            }
            // Leaving the group is `group::leave`; a drop goes like a crash, and so never waits
            // for an answer to a rebalance.
            rd::rd_kafka_destroy_flags(self.raw(), rd::RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
        }
    }
}

unsafe fn configure(
    conf: *mut rd::rd_kafka_conf_t,
    kind: Kind,
    settings: &[(String, String)],
    shared: &Shared,
) -> Result<(), Fault> {
    let mut text = [0; TEXT_BYTES];
    for (name, value) in settings {
        let (name, value) = (c_text(name)?, c_text(value)?);
        // SAFETY: both strings end with a zero, and the buffer is as long as it is said to be.
        let result =
            unsafe { rd::rd_kafka_conf_set(conf, name.as_ptr(), value.as_ptr(), text.as_mut_ptr(), text.len()) };
        if result != rd::rd_kafka_conf_res_t::RD_KAFKA_CONF_OK {
            // SAFETY: librdkafka ended the text with a zero.
            return Err(Fault::new(Code::InvalidArgument, unsafe { text_of(text.as_ptr()) }));
        }
    }
    // SAFETY: the callbacks have the types librdkafka asks for and read `Shared` only.
    unsafe {
        rd::rd_kafka_conf_set_opaque(conf, ptr::from_ref(shared).cast_mut().cast());
        rd::rd_kafka_conf_set_log_cb(conf, Some(callbacks::on_log));
        rd::rd_kafka_conf_set_error_cb(conf, Some(callbacks::on_error));
        match kind {
            Kind::Producer => rd::rd_kafka_conf_set_dr_msg_cb(conf, Some(callbacks::on_delivery)),
            Kind::Member => rd::rd_kafka_conf_set_rebalance_cb(conf, Some(callbacks::on_rebalance)),
            Kind::Reader => {}
        }
    }
    Ok(())
}

/// A queue of librdkafka, given back before its client goes.
struct Queue {
    handle: NonNull<rd::rd_kafka_queue_t>,
    /// Held, so that the queue goes before its client.
    _client: Arc<Client>,
}

// SAFETY: queues may be used from any thread, as the client.
unsafe impl Send for Queue {}

impl Queue {
    fn new(client: &Arc<Client>) -> Result<Self, Fault> {
        // SAFETY: the client lives; the queue is destroyed on drop.
        Self::own(client, unsafe { rd::rd_kafka_queue_new(client.raw()) })
    }

    fn own(client: &Arc<Client>, handle: *mut rd::rd_kafka_queue_t) -> Result<Self, Fault> {
        let handle = NonNull::new(handle).ok_or_else(|| Fault::new(Code::State, "the client has no such queue"))?;
        Ok(Self {
            handle,
            _client: Arc::clone(client),
        })
    }

    fn raw(&self) -> *mut rd::rd_kafka_queue_t {
        self.handle.as_ptr()
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // SAFETY: this reference was ours; the client is still held.
        unsafe { rd::rd_kafka_queue_destroy(self.raw()) };
    }
}

/// An event of librdkafka, destroyed on drop.
struct Event {
    handle: NonNull<rd::rd_kafka_event_t>,
}

impl Event {
    /// The next event of the queue within `wait`.
    fn next(queue: &Queue, wait: Duration) -> Result<Self, Fault> {
        // SAFETY: the queue lives; the event is destroyed on drop.
        let handle = NonNull::new(unsafe { rd::rd_kafka_queue_poll(queue.raw(), millis(wait)) })
            .ok_or_else(|| Fault::new(Code::OperationTimedOut, "no answer in time"))?;
        let event = Self { handle };
        // SAFETY: the event lives; its texts are copied.
        let (code, text) = unsafe {
            let text = rd::rd_kafka_event_error_string(event.raw());
            (rd::rd_kafka_event_error(event.raw()), text_of(text))
        };
        if code != rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
            return Err(Fault::new(code.into(), text));
        }
        Ok(event)
    }

    fn raw(&self) -> *mut rd::rd_kafka_event_t {
        self.handle.as_ptr()
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: ours, once.
        unsafe { rd::rd_kafka_event_destroy(self.raw()) };
    }
}

/// Copies a C text; a missing one is empty.
unsafe fn text_of(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: the caller vouches for a text that ends with a zero.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// Copies bytes; a null pointer is no value at all.
unsafe fn bytes_of(start: *const std::ffi::c_void, length: usize) -> Option<Vec<u8>> {
    if start.is_null() {
        return None;
    }
    // SAFETY: the caller vouches for `length` readable bytes.
    Some(unsafe { std::slice::from_raw_parts(start.cast::<u8>(), length) }.to_vec())
}

fn c_text(text: &str) -> Result<CString, Fault> {
    CString::new(text).map_err(|_| Fault::new(Code::InvalidArgument, "a name or setting contains a zero byte"))
}

/// Whole milliseconds, rounded up so that a short wait is not none.
fn millis(wait: Duration) -> i32 {
    i32::try_from(wait.as_micros().div_ceil(1000)).unwrap_or(i32::MAX)
}
