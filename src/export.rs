//! `tasuki export`: the journal's facts as a history that `tasuki replay` reads.
//!
//! Every fact once, in the order in which the shards apply them: within a journal partition as it
//! stands there, among partitions by journal time. Reads only, and takes no part in any group.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Write};
use std::time::Duration;

use crate::domain::bytes::Malformed;
use crate::domain::fact::Fact;
use crate::domain::journal::{Content, JournalRecord, Packed, PolicyDocument, Position, SourcePartition};
use crate::domain::time::Instant;
use crate::domain::turnover::Turnovers;
use crate::log::{Found, Isolation, Log, LogError, Place, ReadLimit, Reader, Record};
use crate::names::Names;
use crate::wire::{journal, outputs, policy_file};

/// One read of one partition; so much of each waits in memory for the others.
const READ: ReadLimit = ReadLimit {
    records_max: 500,
    bytes_max: 4 << 20,
};
/// How long a read waits, and how often in a row it may bring nothing while the log says it has more.
const READ_WAIT: Duration = Duration::from_millis(500);
const READ_ATTEMPTS_MAX: u32 = 60;

/// Which facts, by journal time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Span {
    /// From this time on.
    pub from: Option<Instant>,
    /// Before this time.
    pub to: Option<Instant>,
}

/// What was exported, and what a reader should know of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// Facts written.
    pub facts: u64,
    /// Records within the span that are no facts: they went to the dead letters.
    pub rejected: u64,
    /// Versions of the policy and since when each is in force, as far as the journal reaches.
    pub policies: BTreeMap<u64, Instant>,
    /// The beginning of the journal has been deleted: there were facts before the first.
    pub begins_late: bool,
}

/// Why an export stopped.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// There is nothing to export from.
    #[error("there is no topic {0}: name the log, folder and prefix with which `tasuki serve` ran")]
    NoJournal(String),
    /// A record that this version cannot read.
    #[error("{place}: the record at offset {offset} is damaged, or of a newer version of tasuki")]
    Malformed {
        /// Its journal partition.
        place: Place,
        /// Its offset.
        offset: u64,
    },
    /// The log does not answer as hoped.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The output could not be written.
    #[error("cannot write the output")]
    Write(#[source] io::Error),
}

/// Writes the facts of the journal, as it is now, as lines of a history.
pub fn export(log: &dyn Log, names: &Names, span: Span, output: &mut impl Write) -> Result<Exported, ExportError> {
    let name = names.journal();
    let topic = log.topics(&[&name])?.pop().flatten();
    let topic = topic.ok_or(ExportError::NoJournal(name))?;
    let mut exported = Exported::default();
    let mut lanes = Vec::new();
    for partition in 0..topic.partitions {
        let lane = Lane::open(log, Place::new(&topic.name, partition), span)?;
        exported.begins_late |= lane.reader.position() > 0;
        lanes.push(lane);
    }
    let mut line = Vec::new();
    loop {
        for lane in &mut lanes {
            lane.fill(log, &mut exported)?;
        }
        // Of equal times the lowest partition comes first.
        let waiting = lanes.iter_mut().filter(|lane| !lane.facts.is_empty());
        let first = waiting.min_by_key(|lane| lane.facts.front().map(|(at, _)| *at));
        let Some((at, fact)) = first.and_then(|lane| lane.facts.pop_front()) else {
            break;
        };
        line.clear();
        outputs::history_line(&mut line, at, &fact);
        output.write_all(&line).map_err(ExportError::Write)?;
        exported.facts += 1;
    }
    output.flush().map_err(ExportError::Write)?;
    Ok(exported)
}

/// One journal partition on its way out.
struct Lane {
    place: Place,
    reader: Box<dyn Reader>,
    /// Where the partition ended when the export began.
    end: u64,
    span: Span,
    /// The journal time, which never falls.
    at: Instant,
    /// What is not above the last position of its source partition is there a second time.
    seen: BTreeMap<SourcePartition, Position>,
    turnovers: Turnovers,
    facts: VecDeque<(Instant, Fact)>,
}

impl Lane {
    fn open(log: &dyn Log, place: Place, span: Span) -> Result<Self, LogError> {
        let (start, end) = log.bounds(&place)?;
        Ok(Self {
            reader: Self::reader(log, &place, start)?,
            place,
            end,
            span,
            at: Instant::from_millis(i64::MIN),
            seen: BTreeMap::new(),
            turnovers: Turnovers::default(),
            facts: VecDeque::new(),
        })
    }

    /// Facts are appended outside of transactions, so open ones hold nothing back.
    fn reader(log: &dyn Log, place: &Place, from: u64) -> Result<Box<dyn Reader>, LogError> {
        log.reader(place, from, Isolation::Uncommitted)
    }

    /// Reads on until a fact waits, or everything has been read.
    fn fill(&mut self, log: &dyn Log, exported: &mut Exported) -> Result<(), ExportError> {
        let mut attempts = 0;
        while self.facts.is_empty() && !self.is_over() {
            let before = self.reader.position();
            match self.reader.read(READ, READ_WAIT)? {
                Found::Records(records) => {
                    for record in &records {
                        self.take(record, exported)?;
                    }
                }
                Found::Trimmed(start) => {
                    self.reader = Self::reader(log, &self.place, start)?;
                    exported.begins_late = true;
                }
            }
            attempts = if self.reader.position() > before {
                0
            } else {
                attempts + 1
            };
            if attempts > READ_ATTEMPTS_MAX {
                let words = format!("{} cannot be read up to its end", self.place);
                return Err(LogError::Retry(words).into());
            }
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.reader.position() >= self.end || self.span.to.is_some_and(|to| self.at >= to)
    }

    fn take(&mut self, record: &Record, exported: &mut Exported) -> Result<(), ExportError> {
        if record.offset >= self.end {
            return Ok(());
        }
        let value = record.value.as_deref().unwrap_or_default();
        let read = journal::decode(value).map_err(|Malformed| ExportError::Malformed {
            place: self.place.clone(),
            offset: record.offset,
        })?;
        self.at = self.at.max(record.time);
        match read {
            JournalRecord::Foundation(_, policy) => self.policy(&policy, exported),
            JournalRecord::Facts(packed) => self.facts(packed, exported),
            JournalRecord::Turnover(turnover) => self.turnovers.turn_over(&turnover, &mut self.seen),
            JournalRecord::Mail(_) | JournalRecord::Clock(_) => {}
        }
        Ok(())
    }

    fn facts(&mut self, packed: Packed, exported: &mut Exported) {
        if !self.turnovers.take(packed.source, packed.turnover) {
            return;
        }
        for entry in packed.entries {
            let seen = self.seen.get(&packed.source);
            if seen.is_some_and(|seen| entry.position <= *seen) {
                continue;
            }
            self.seen.insert(packed.source, entry.position);
            match entry.content {
                Content::Policy(policy) => self.policy(&policy, exported),
                _ if !self.is_within() => {}
                Content::Fact { fact, .. } => self.facts.push_back((self.at, fact)),
                Content::Rejected { .. } => exported.rejected += 1,
            }
        }
    }

    fn is_within(&self) -> bool {
        self.span.from.is_none_or(|from| from <= self.at) && self.span.to.is_none_or(|to| self.at < to)
    }

    fn policy(&self, document: &PolicyDocument, exported: &mut Exported) {
        if let Ok(policy) = policy_file::compile(document) {
            let since = exported.policies.entry(policy.version).or_insert(self.at);
            *since = self.at.min(*since);
        }
    }
}
