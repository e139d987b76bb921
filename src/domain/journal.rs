//! What stands in the journal: the one order of everything that can influence a decision.

use super::bytes::{Malformed, Reader, Writer};
use super::event::Rejection;
use super::fact::Fact;
use super::ids::LeadId;
use super::letter::Letter;
use super::time::Instant;

/// One record of a journal partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalRecord {
    /// What decides the partition of a fact, and the first policy; the first record of every
    /// partition.
    Foundation(Foundation, PolicyDocument),
    /// Facts and rejected records of one source partition, in order.
    Facts(Packed),
    /// Letters between shards.
    Mail(Vec<Mail>),
    /// How far the sources have been read.
    Clock(Clock),
    /// Another translation goes on with a source partition.
    Turnover(Turnover),
}

/// Fixed with the first record; `serve` refuses another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foundation {
    /// Of the secret, never the secret itself.
    pub secret_fingerprint: [u8; 16],
    /// The deployment's name.
    pub deployment: String,
    /// How many journal partitions there are.
    pub partitions: u32,
}

/// A partition of a source, by its topic's id: a topic made anew is another source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourcePartition {
    /// The topic's id.
    pub topic: [u8; 16],
    /// The partition.
    pub partition: u32,
}

impl SourcePartition {
    /// Writes it down.
    pub fn write(&self, writer: &mut Writer) {
        writer.raw(&self.topic);
        writer.uint(u64::from(self.partition));
    }

    /// Reads what `write` wrote.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            topic: reader.array()?,
            partition: reader.u32()?,
        })
    }
}

/// Where a fact comes from within its source partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position {
    /// The record's offset.
    pub offset: u64,
    /// The number of the fact within the record, from 0.
    pub index: u32,
}

/// What a source is for; gives the default type, and a label to metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Form submissions.
    Forms,
    /// Engagement.
    Engagement,
    /// What sales did.
    FollowUps,
    /// Who sells.
    Roster,
    /// Erasure requests.
    Privacy,
    /// What came by HTTP.
    Inbox,
    /// Policies.
    Policy,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 7] = [
        Self::Forms,
        Self::Engagement,
        Self::FollowUps,
        Self::Roster,
        Self::Privacy,
        Self::Inbox,
        Self::Policy,
    ];

    /// The word in settings and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Forms => "forms",
            Self::Engagement => "engagement",
            Self::FollowUps => "follow-ups",
            Self::Roster => "roster",
            Self::Privacy => "privacy",
            Self::Inbox => "inbox",
            Self::Policy => "policy",
        }
    }
}

impl Foundation {
    /// Writes it down.
    pub fn write(&self, writer: &mut Writer) {
        writer.raw(&self.secret_fingerprint);
        writer.text(&self.deployment);
        writer.uint(self.partitions.into());
    }

    /// Reads what `write` wrote.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            secret_fingerprint: reader.array()?,
            deployment: reader.text()?.to_owned(),
            partitions: reader.u32()?,
        })
    }
}

/// Facts of one source partition, packed into one journal record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    /// The number of the translation that made them.
    pub translation: u32,
    /// The turnover that their reader goes by; those of an earlier one are not taken any more.
    pub turnover: u64,
    /// Where they come from.
    pub source: SourcePartition,
    /// What the source is for.
    pub role: Role,
    /// In order of position.
    pub entries: Vec<Entry>,
}

/// One fact, rejected record or policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where in the source partition.
    pub position: Position,
    /// What it is.
    pub content: Content,
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A checked fact about a lead (a roster fact stands under the lead id of zeros).
    Fact {
        /// Whom it is about.
        lead: LeadId,
        /// What happened.
        fact: Fact,
        /// The record as it came, for facts that state may yet reject (follow-ups, roster).
        original: Option<Original>,
    },
    /// A record that cannot be used.
    Rejected {
        /// Why.
        rejection: Rejection,
        /// The record as it came.
        original: Original,
    },
    /// A policy to adopt if its version is higher.
    Policy(PolicyDocument),
}

/// A record as it came, for the dead letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Original {
    /// The source topic's name.
    pub topic: String,
    /// The source partition.
    pub partition: u32,
    /// Its offset there.
    pub offset: u64,
    /// Its timestamp.
    pub time: Instant,
    /// The key.
    pub key: Option<Vec<u8>>,
    /// The value.
    pub value: Option<Vec<u8>>,
    /// The headers, in order.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

/// A policy file with the files it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyDocument {
    /// The policy file's text.
    pub text: String,
    /// `.ics` files by the path that the policy names, sorted.
    pub files: Vec<(String, String)>,
}

impl PolicyDocument {
    /// Writes it down.
    pub fn write(&self, writer: &mut Writer) {
        writer.text(&self.text);
        writer.list(&self.files, |writer, (path, content)| {
            writer.text(path);
            writer.text(content);
        });
    }

    /// Reads what `write` wrote.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let text = reader.text()?.to_owned();
        let files = reader.list(|reader| Ok((reader.text()?.to_owned(), reader.text()?.to_owned())))?;
        Ok(Self { text, files })
    }
}

/// A letter on its way, with what makes it exactly once and in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The sender's journal partition.
    pub from: u32,
    /// Consecutive per (from, to), from 1.
    pub sequence: u64,
    /// The policy in force when it was sent.
    pub policy_version: u64,
    /// What it says.
    pub letter: Letter,
}

/// From here on a source partition is read under another turnover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turnover {
    /// Which partition.
    pub source: SourcePartition,
    /// Higher than that of every reader before.
    pub number: u64,
    /// The source offset at which its reader begins. What the journal has from there on, before
    /// this record, it leaves out.
    pub from: u64,
}

/// How far the sources have been read, as one process proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Grows when the configured sources change; only a higher number forgets a source.
    pub settings: u64,
    /// Every configured source, with partition counts asked for after the instant.
    pub sources: Vec<NamedSource>,
    /// The partitions this process owns.
    pub reports: Vec<Report>,
}

/// A configured source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamedSource {
    /// The topic's id.
    pub topic: [u8; 16],
    /// How many partitions it has.
    pub partitions: u32,
}

/// How far one source partition has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// Which partition.
    pub source: SourcePartition,
    /// Everything received by then is in the journal, before this record.
    pub watermark: Option<Instant>,
    /// False: it cannot be read right now, or is behind without progress.
    pub reading: bool,
}
