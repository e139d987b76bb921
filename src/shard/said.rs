//! What a deployment has said before, for a repair: it decides a stretch of the journal once more,
//! and must say only what is missing.

use std::collections::BTreeMap;

use crate::domain::time::Instant;
use crate::log::{LogError, NewRecord};

/// The outputs that can be read, by shard and sequence, each as a digest.
#[derive(Default)]
pub struct Said {
    shards: BTreeMap<u32, BTreeMap<u64, (Digest, Instant)>>,
    /// Before this, something may have been deleted for its age.
    cut_at: Option<Instant>,
}

type Digest = [u8; 8];

impl Said {
    /// Notes an output of a topic, and when it was appended.
    pub fn note(&mut self, shard: u32, sequence: u64, topic: &str, record: &NewRecord, at: Instant) {
        let of_shard = self.shards.entry(shard).or_default();
        of_shard.entry(sequence).or_insert_with(|| (digest(topic, record), at));
    }

    /// Notes that a partition of an output topic no longer has its first records, and when the first was
    /// appended that it has.
    pub fn note_cut(&mut self, at: Instant) {
        self.cut_at = self.cut_at.max(Some(at));
    }

    /// The numbers up to `last` that cannot be read, and come behind one that is younger than all that
    /// was deleted for its age.
    pub(super) fn missing(&self, shard: u32, last: u64) -> Vec<u64> {
        let none = BTreeMap::new();
        let known = self.shards.get(&shard).unwrap_or(&none);
        let from = match self.cut_at {
            None => 1,
            Some(cut_at) => {
                let younger = known.iter().find(|(_, (_, at))| *at > cut_at);
                younger.map_or(last + 1, |(number, _)| *number)
            }
        };
        (from..=last).filter(|number| !known.contains_key(number)).collect()
    }

    /// Whether nothing is missing.
    pub fn is_whole(&self, shard: u32, last: u64) -> bool {
        self.missing(shard, last).is_empty()
    }

    /// Whether this was said; an error if something else was.
    pub(super) fn holds(&self, shard: u32, sequence: u64, topic: &str, record: &NewRecord) -> Result<bool, LogError> {
        match self.shards.get(&shard).and_then(|of_shard| of_shard.get(&sequence)) {
            None => Ok(false),
            Some((said, _)) if *said == digest(topic, record) => Ok(true),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn said(numbers: &[(u64, i64)]) -> Said {
        let mut said = Said::default();
        for (number, at) in numbers {
            said.note(3, *number, "topic", &NewRecord::default(), Instant::from_millis(*at));
        }
        said
    }

    #[test]
    fn what_cannot_be_read_is_missing_unless_it_may_have_been_deleted_for_its_age() {
        let mut said = said(&[(3, 30), (4, 40), (6, 60), (7, 70), (9, 90)]);
        assert_eq!(said.missing(3, 10), [1, 2, 5, 8, 10]);
        assert_eq!(said.missing(4, 2), [1, 2]);
        said.note_cut(Instant::from_millis(20));
        assert_eq!(said.missing(3, 10), [5, 8, 10]);
        said.note_cut(Instant::from_millis(60));
        said.note_cut(Instant::from_millis(40));
        assert_eq!(said.missing(3, 10), [8, 10]);
        said.note_cut(Instant::from_millis(90));
        assert!(said.is_whole(3, 10) && said.is_whole(4, 2));
    }
}
