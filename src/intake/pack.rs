//! Facts on their way into the journal, sorted by partition and packed.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::fact::Body;
use crate::domain::journal::{Content, Entry, Packed, Position, Role, SourcePartition};
use crate::wire::journal::Draft;

/// A packed record is at most this large, unless one entry alone is larger.
const RECORD_BYTES_MAX: usize = 1 << 20;
/// Entries in a packed record at most.
const ENTRIES_MAX: usize = 5_000;

/// Where entries come from, and under which turnover they are read.
#[derive(Clone, Copy)]
pub(super) struct Origin {
    pub(super) source: SourcePartition,
    pub(super) role: Role,
    pub(super) turnover: u64,
}

impl Origin {
    fn draft(self, translation: u32) -> Draft {
        Draft::new(&Packed {
            translation,
            turnover: self.turnover,
            source: self.source,
            role: self.role,
            entries: Vec::new(),
        })
    }
}

/// Entries per journal partition and source partition, each in order.
pub(super) struct Packer {
    partitions: u32,
    translation: u32,
    drafts: BTreeMap<(u32, SourcePartition), Draft>,
    /// Records that take no more, and their partitions.
    full: Vec<(u32, Vec<u8>)>,
}

/// What earlier turnovers left of a source partition in the journal, wherever they put it: of a
/// policy, which goes to all journal partitions, in which of them it is.
#[derive(Clone, Debug, Default)]
pub(super) struct There(BTreeSet<(Position, Option<u32>)>);

impl There {
    /// Takes note of an entry in a journal partition.
    pub(super) fn found(&mut self, partition: u32, entry: &Entry) {
        self.0.insert(Self::name(partition, entry));
    }

    fn has(&self, partition: u32, entry: &Entry) -> bool {
        !self.0.is_empty() && self.0.contains(&Self::name(partition, entry))
    }

    fn name(partition: u32, entry: &Entry) -> (Position, Option<u32>) {
        let is_policy = matches!(entry.content, Content::Policy(_));
        (entry.position, is_policy.then_some(partition))
    }

    /// The last source offset of which there is something.
    pub(super) fn last(&self) -> Option<u64> {
        self.0.last().map(|(position, _)| position.offset)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Packer {
    pub(super) fn new(partitions: u32, translation: u32) -> Self {
        Self {
            partitions,
            translation,
            drafts: BTreeMap::new(),
            full: Vec::new(),
        }
    }

    /// Adds what a source record was translated into, but for what is there already.
    pub(super) fn add(&mut self, origin: Origin, offset: u64, contents: Vec<Content>, there: &There) {
        for (index, content) in (0..).zip(contents) {
            let position = Position { offset, index };
            let entry = Entry { position, content };
            for partition in self.destination(&entry) {
                if !there.has(partition, &entry) {
                    self.write(partition, origin, &entry);
                }
            }
        }
    }

    /// Everything, as journal records for their partitions.
    pub(super) fn records(mut self) -> Vec<(u32, Vec<u8>)> {
        let rest = self.drafts.into_iter();
        self.full
            .extend(rest.map(|((partition, _), draft)| (partition, draft.close())));
        self.full
    }

    fn write(&mut self, partition: u32, origin: Origin, entry: &Entry) {
        let empty = || origin.draft(self.translation);
        let draft = self.drafts.entry((partition, origin.source)).or_insert_with(empty);
        if draft.len() < ENTRIES_MAX && draft.takes(entry, RECORD_BYTES_MAX) {
            return;
        }
        let full = std::mem::replace(draft, origin.draft(self.translation));
        self.full.push((partition, full.close()));
        let taken = draft.takes(entry, RECORD_BYTES_MAX);
        debug_assert!(taken, "the first is taken, whatever its length");
    }

    /// A lead's facts go to its partition, the roster's to the desk's, a policy to all; a rejected
    /// record goes where its position says.
    fn destination(&self, entry: &Entry) -> std::ops::Range<u32> {
        let one = |partition: u32| partition..partition + 1;
        match &entry.content {
            Content::Fact { fact, .. } if matches!(fact.body, Body::Rep(_)) => one(0),
            Content::Fact { lead, .. } => one(lead.partition(self.partitions)),
            Content::Rejected { .. } => one((entry.position.offset % u64::from(self.partitions)) as u32),
            Content::Policy(_) => 0..self.partitions,
        }
    }
}
