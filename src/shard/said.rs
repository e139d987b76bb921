//! What a deployment has said before, for a repair: it decides a stretch of the journal once more,
//! and must say only what is missing.

use std::collections::BTreeMap;

use crate::log::{LogError, NewRecord};

/// The outputs that can be read, by shard and sequence, each as a digest.
#[derive(Default)]
pub struct Said {
    shards: BTreeMap<u32, BTreeMap<u64, Digest>>,
    /// Some topic no longer has its first records.
    is_cut: bool,
}

type Digest = [u8; 8];

impl Said {
    /// Notes an output of a topic.
    pub fn note(&mut self, shard: u32, sequence: u64, topic: &str, record: &NewRecord) {
        let of_shard = self.shards.entry(shard).or_default();
        of_shard.entry(sequence).or_insert_with(|| digest(topic, record));
    }

    /// Notes where a partition of an output topic begins.
    pub fn note_start(&mut self, start: u64) {
        self.is_cut |= start > 0;
    }

    /// The numbers up to `last` that cannot be read, though nothing says that they have been deleted
    /// for their age.
    pub(super) fn missing(&self, shard: u32, last: u64) -> Vec<u64> {
        let known = self.shards.get(&shard);
        let oldest = known.and_then(|known| known.keys().next().copied());
        let from = if self.is_cut { oldest.unwrap_or(last + 1) } else { 1 };
        let is_missing = |number: &u64| known.is_none_or(|known| !known.contains_key(number));
        (from..=last).filter(is_missing).collect()
    }

    /// Whether this was said; an error if something else was.
    pub(super) fn holds(&self, shard: u32, sequence: u64, topic: &str, record: &NewRecord) -> Result<bool, LogError> {
        match self.shards.get(&shard).and_then(|of_shard| of_shard.get(&sequence)) {
            None => Ok(false),
            Some(said) if *said == digest(topic, record) => Ok(true),
            Some(_) => Err(LogError::Refused(format!(
                "output {sequence} of shard {shard} says something else than the journal leads to now: repair with the \
                 version and the settings of Tasuki that said it"
            ))),
        }
    }
}

/// Of everything a reader sees of a record. Each stretch stands behind its length.
fn digest(topic: &str, record: &NewRecord) -> Digest {
    let mut hasher = blake3::Hasher::new();
    let mut stretch = |bytes: Option<&[u8]>| {
        hasher.update(&bytes.map_or(u64::MAX, |bytes| bytes.len() as u64).to_le_bytes());
        hasher.update(bytes.unwrap_or_default());
    };
    stretch(Some(topic.as_bytes()));
    stretch(record.key.as_deref());
    stretch(record.value.as_deref());
    for (name, value) in &record.headers {
        stretch(Some(name.as_bytes()));
        stretch(value.as_deref());
    }
    let mut digest = Digest::default();
    hasher.finalize_xof().fill(&mut digest);
    digest
}
