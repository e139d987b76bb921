//! Lists of topic partitions: made, given to librdkafka, and read back.

use std::ffi::CString;
use std::ptr::NonNull;

use rdkafka::bindings as rd;

use super::{Code, Fault, text_of};

/// One entry of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::log) struct Spot {
    /// The topic's name.
    pub(in crate::log) topic: String,
    /// From 0; below 0 when it is about the topic as a whole.
    pub(in crate::log) partition: i32,
    /// An offset, or one of librdkafka's negative stand-ins.
    pub(in crate::log) offset: i64,
    /// What stands beside a committed offset.
    pub(in crate::log) metadata: String,
    /// What went wrong with this entry alone.
    pub(in crate::log) fault: Option<Code>,
}

impl Spot {
    /// A partition, at an offset.
    pub(in crate::log) fn new(topic: &str, partition: u32, offset: i64) -> Self {
        Self {
            topic: topic.to_owned(),
            partition: partition as i32,
            offset,
            metadata: String::new(),
            fault: None,
        }
    }
}

/// An owned list.
pub(in crate::log) struct List {
    handle: NonNull<rd::rd_kafka_topic_partition_list_t>,
}

impl List {
    /// A list of these entries.
    pub(in crate::log) fn new(spots: &[Spot]) -> Result<Self, Fault> {
        // SAFETY: a fresh list, destroyed on drop.
        let handle = NonNull::new(unsafe { rd::rd_kafka_topic_partition_list_new(spots.len() as i32) })
            .ok_or_else(|| Fault::new(Code::CriticalSystemResource, "no memory for a list of partitions"))?;
        let list = Self { handle };
        for spot in spots {
            list.push(spot)?;
        }
        Ok(list)
    }

    fn push(&self, spot: &Spot) -> Result<(), Fault> {
        let topic = super::c_text(&spot.topic)?;
        // SAFETY: the entry belongs to the list; the metadata is made by the allocator that
        // librdkafka frees it with.
        unsafe {
            let entry = rd::rd_kafka_topic_partition_list_add(self.raw(), topic.as_ptr(), spot.partition);
            (*entry).offset = spot.offset;
            if !spot.metadata.is_empty() {
                let text: CString = super::c_text(&spot.metadata)?;
                let size = text.as_bytes().len();
                let copy = rd::rd_kafka_mem_malloc(std::ptr::null_mut(), size);
                std::ptr::copy_nonoverlapping(text.as_ptr(), copy.cast(), size);
                (*entry).metadata = copy;
                (*entry).metadata_size = size;
            }
        }
        Ok(())
    }

    pub(super) fn raw(&self) -> *mut rd::rd_kafka_topic_partition_list_t {
        self.handle.as_ptr()
    }

    /// The entries as they are now.
    pub(in crate::log) fn spots(&self) -> Vec<Spot> {
        // SAFETY: the list is ours.
        unsafe { Self::read(self.raw()) }
    }

    /// Copies somebody's list.
    pub(super) unsafe fn read(list: *const rd::rd_kafka_topic_partition_list_t) -> Vec<Spot> {
        if list.is_null() {
            return Vec::new();
        }
        // SAFETY: the caller vouches for the list; `cnt` entries stand at `elems`.
        unsafe {
            (0..(*list).cnt)
                .map(|i| Self::read_one((*list).elems.offset(i as isize)))
                .collect()
        }
    }

    pub(super) unsafe fn read_one(entry: *const rd::rd_kafka_topic_partition_t) -> Spot {
        // SAFETY: the caller vouches for the entry.
        unsafe {
            let failed = (*entry).err != rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;
            let metadata = super::bytes_of((*entry).metadata, (*entry).metadata_size).unwrap_or_default();
            Spot {
                topic: text_of((*entry).topic),
                partition: (*entry).partition,
                offset: (*entry).offset,
                metadata: String::from_utf8_lossy(&metadata).into_owned(),
                fault: failed.then(|| (*entry).err.into()),
            }
        }
    }
}

impl Drop for List {
    fn drop(&mut self) {
        // SAFETY: ours, once.
        unsafe { rd::rd_kafka_topic_partition_list_destroy(self.raw()) };
    }
}
