//! Writing: producing, flushing, and the calls of a transaction, each without a floor of its own.

use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::bindings as rd;

use super::group::GroupToken;
use super::{Client, Fault, List, c_text, millis};
use crate::log::{Header, NewRecord};

/// librdkafka's `RD_KAFKA_PARTITION_UA`: the partitioner chooses.
const BY_KEY: i32 = -1;
/// The parts of a record that librdkafka is told, headers aside.
const PARTS: usize = 6;

/// Queues a record; `ticket` comes back in its delivery report.
pub(in crate::log) fn produce(
    client: &Arc<Client>,
    topic: &str,
    partition: Option<u32>,
    record: &NewRecord,
    ticket: usize,
) -> Result<(), Fault> {
    let topic = c_text(topic)?;
    let partition = partition.map_or(BY_KEY, |partition| partition as i32);
    let mut parts = Vec::with_capacity(PARTS + 1);
    parts.push(part(
        rd::rd_kafka_vtype_t::RD_KAFKA_VTYPE_TOPIC,
        rd::rd_kafka_vu_s__bindgen_ty_1 { cstr: topic.as_ptr() },
    ));
    parts.push(part(
        rd::rd_kafka_vtype_t::RD_KAFKA_VTYPE_PARTITION,
        rd::rd_kafka_vu_s__bindgen_ty_1 { i32_: partition },
    ));
    parts.push(part(
        rd::rd_kafka_vtype_t::RD_KAFKA_VTYPE_MSGFLAGS,
        rd::rd_kafka_vu_s__bindgen_ty_1 {
            i: rd::RD_KAFKA_MSG_F_COPY,
        },
    ));
    parts.push(memory(rd::rd_kafka_vtype_t::RD_KAFKA_VTYPE_KEY, record.key.as_deref()));
    parts.push(memory(
        rd::rd_kafka_vtype_t::RD_KAFKA_VTYPE_VALUE,
        record.value.as_deref(),
    ));
    parts.push(part(
        rd::rd_kafka_vtype_t::RD_KAFKA_VTYPE_OPAQUE,
        rd::rd_kafka_vu_s__bindgen_ty_1 {
            ptr: ptr::without_provenance_mut(ticket),
        },
    ));
    let headers = headers_of(&record.headers)?;
    if !headers.is_null() {
        parts.push(part(
            rd::rd_kafka_vtype_t::RD_KAFKA_VTYPE_HEADERS,
            rd::rd_kafka_vu_s__bindgen_ty_1 { headers },
        ));
    }
    // SAFETY: key and value are copied before the call returns; the headers become librdkafka's
    // on success and stay ours otherwise.
    unsafe {
        let result = client.settle(rd::rd_kafka_produceva(client.raw(), parts.as_ptr(), parts.len()));
        if result.is_err() && !headers.is_null() {
            rd::rd_kafka_headers_destroy(headers);
        }
        result
    }
}

fn part(vtype: rd::rd_kafka_vtype_t, u: rd::rd_kafka_vu_s__bindgen_ty_1) -> rd::rd_kafka_vu_t {
    rd::rd_kafka_vu_t { vtype, u }
}

fn memory(vtype: rd::rd_kafka_vtype_t, bytes: Option<&[u8]>) -> rd::rd_kafka_vu_t {
    let mem = rd::rd_kafka_vu_s__bindgen_ty_1__bindgen_ty_1 {
        ptr: bytes.map_or(ptr::null_mut(), |bytes| bytes.as_ptr().cast_mut().cast::<c_void>()),
        size: bytes.map_or(0, <[u8]>::len),
    };
    part(vtype, rd::rd_kafka_vu_s__bindgen_ty_1 { mem })
}

/// Null where there are none.
fn headers_of(headers: &[Header]) -> Result<*mut rd::rd_kafka_headers_t, Fault> {
    if headers.is_empty() {
        return Ok(ptr::null_mut());
    }
    // SAFETY: names and values are copied by each call; on a fault the headers are destroyed.
    unsafe {
        let list = rd::rd_kafka_headers_new(headers.len());
        for (name, value) in headers {
            let start = value.as_ref().map_or(ptr::null(), |value| value.as_ptr().cast());
            let size = value.as_ref().map_or(0, Vec::len);
            let code = rd::rd_kafka_header_add(list, name.as_ptr().cast(), name.len() as isize, start, size as isize);
            if let Err(fault) = Fault::check(code) {
                rd::rd_kafka_headers_destroy(list);
                return Err(fault);
            }
        }
        Ok(list)
    }
}

impl Client {
    /// Sends everything queued without lingering, and waits for the delivery reports.
    pub(in crate::log) fn flush(&self, wait: Duration) -> Result<(), Fault> {
        // SAFETY: the handle lives as long as self.
        Fault::check(unsafe { rd::rd_kafka_flush(self.raw(), millis(wait)) })
    }

    /// Fences earlier users of the transactional id and ends what they left open.
    pub(in crate::log) fn init_transactions(&self, wait: Duration) -> Result<(), Fault> {
        // SAFETY: the handle lives as long as self; the error object is handed over.
        unsafe { self.settle(rd::rd_kafka_init_transactions(self.raw(), millis(wait))) }
    }

    /// Opens a transaction.
    pub(in crate::log) fn begin_transaction(&self) -> Result<(), Fault> {
        // SAFETY: as above.
        unsafe { self.settle(rd::rd_kafka_begin_transaction(self.raw())) }
    }

    /// Adds offsets, fenced by the token. librdkafka may ignore `wait`.
    pub(in crate::log) fn send_offsets(&self, offsets: &List, token: &GroupToken, wait: Duration) -> Result<(), Fault> {
        // SAFETY: list and token live during the call; the error object is handed over.
        unsafe {
            self.settle(rd::rd_kafka_send_offsets_to_transaction(
                self.raw(),
                offsets.raw(),
                token.raw(),
                millis(wait),
            ))
        }
    }

    /// Commits the open transaction.
    pub(in crate::log) fn commit_transaction(&self, wait: Duration) -> Result<(), Fault> {
        // SAFETY: as above.
        unsafe { self.settle(rd::rd_kafka_commit_transaction(self.raw(), millis(wait))) }
    }
}
