//! One journal partition's state machine: takes a journal record, returns everything that follows.
//!
//! Around the `Book` it keeps what makes the journal exactly once: the position up to which each
//! source partition has been applied, the letters' sequences, the deadline clock, the policy.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::book::{Book, Shelf};
use super::bytes::{Malformed, Reader, Writer};
use super::deadline_clock::DeadlineClock;
use super::effects::{Counts, Effects, To};
use super::event::{Output, Rejection, Verdict};
use super::fresh::TurnNumber;
use super::ids::LeadId;
use super::image::Entity;
use super::journal::{
    Clock, Content, Entry, Foundation, JournalRecord, Mail, Original, Packed, PolicyDocument, Position, Role,
    SourcePartition,
};
use super::letter::Letter;
use super::policy::Policy;
use super::time::Instant;
use super::turnover::Turnovers;
use crate::planted::{self, Bug};

/// Reads a policy document; the shell brings it, since the domain reads no files.
pub type Compile = fn(&PolicyDocument) -> Option<Policy>;

/// What a shard is told when it is made.
#[derive(Clone, Copy, Debug)]
pub struct Charter {
    /// Its journal partition.
    pub partition: u32,
    /// How many there are.
    pub partitions: u32,
    /// How long an unreadable source partition is waited for, in milliseconds of running time.
    pub patience_ms: i64,
    /// Leads of a queue that one step serves at most.
    pub queued_max: usize,
    /// Reads policy documents.
    pub compile: Compile,
}

impl Charter {
    fn book(&self, policy: Arc<Policy>) -> Book {
        Book::new(self.partition, self.partitions, policy).serving(self.queued_max)
    }
}

/// The state machine of one journal partition.
pub struct Shard {
    charter: Charter,
    own: Own,
    open: Option<Open>,
    waiting: BTreeMap<(u32, u64), Mail>,
}

/// What exists once the journal has named a policy.
struct Open {
    document: PolicyDocument,
    book: Book,
}

/// The shard's own small state, written with every transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Own {
    foundation: Option<Foundation>,
    /// The journal offset to apply next.
    next: u64,
    /// Append time of the last record; never falls.
    at: Instant,
    /// The number of the last output.
    sequence: u64,
    clock: DeadlineClock,
    positions: BTreeMap<SourcePartition, Position>,
    turnovers: Turnovers,
    /// Last sequence received, by sender.
    received: BTreeMap<u32, u64>,
    /// Last sequence sent, by receiver.
    sent: BTreeMap<u32, u64>,
}

/// A part of a shard's state that is written as one image.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The policy in force.
    Policy,
    /// A letter that waits for a policy, by sender and sequence.
    Waiting(u32, u64),
    /// Something in the book.
    Book(Entity),
}

/// Everything that follows from a stretch of the journal, in order.
#[derive(Debug, Default)]
pub struct Consequences {
    /// Outputs and dead letters with their sequence.
    pub outputs: Vec<Numbered>,
    /// Letters and the journal partition they go to.
    pub mail: Vec<(u32, Mail)>,
    /// What must be written to the state log; in any order, and some of it more than once.
    pub changed: Vec<Part>,
    /// What became of facts, for metrics.
    pub tally: Vec<(Role, Verdict)>,
    /// What happened without a decision, for metrics.
    pub counts: Counts,
    /// Entries and letters seen before and skipped.
    pub repeats: u64,
}

impl Consequences {
    /// Whether anything must be written or counted.
    pub fn is_something(&self) -> bool {
        self.is_awaited() || !(self.changed.is_empty() && self.tally.is_empty())
    }

    /// Whether somebody waits for it.
    pub fn is_awaited(&self) -> bool {
        !(self.outputs.is_empty() && self.mail.is_empty())
    }
}

/// An output and its number.
#[derive(Debug)]
pub struct Numbered {
    /// Consecutive per shard, from 1.
    pub sequence: u64,
    /// What goes out.
    pub what: Outgoing,
}

/// What goes out.
#[derive(Debug)]
pub enum Outgoing {
    /// A decision.
    Decision(Output),
    /// A record that cannot be used.
    DeadLetter(Original, Rejection),
}

/// Why a shard cannot go on; a person must look.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Halt {
    /// The journal was founded on other settings.
    #[error("the journal was founded with another {0}; settings must name what it was founded with")]
    Foundation(&'static str),
    /// A letter is missing.
    #[error("letter {expected} of partition {from} is missing: found {found}")]
    MailGap {
        /// The sender.
        from: u32,
        /// What should have come.
        expected: u64,
        /// What came.
        found: u64,
    },
    /// A policy of a newer version of Tasuki.
    #[error("a policy in the journal cannot be read by this version")]
    Policy,
    /// Facts before any policy.
    #[error("the journal begins without its foundation")]
    Unfounded,
}

impl Shard {
    /// A shard that has seen nothing.
    pub fn new(charter: Charter) -> Self {
        Self {
            charter,
            own: Own::default(),
            open: None,
            waiting: BTreeMap::new(),
        }
    }

    /// The journal offset to apply next.
    pub fn next_offset(&self) -> u64 {
        self.own.next
    }

    /// The number of the last output.
    pub fn last_sequence(&self) -> u64 {
        self.own.sequence
    }

    /// The append time of the last record applied.
    pub fn at(&self) -> Instant {
        self.own.at
    }

    /// What the journal was founded on.
    pub fn foundation(&self) -> Option<&Foundation> {
        self.own.foundation.as_ref()
    }

    /// Whether the journal was founded on this; a shard that has read nothing yet goes with anything.
    pub fn goes_with(&self, foundation: &Foundation) -> Result<(), Halt> {
        match &self.own.foundation {
            Some(known) => check_foundation(known, foundation),
            None => Ok(()),
        }
    }

    /// The policy in force.
    pub fn policy(&self) -> Option<&Arc<Policy>> {
        self.open.as_ref().map(|open| open.book.policy())
    }

    /// The book, once there is a policy.
    pub fn book(&self) -> Option<&Book> {
        self.open.as_ref().map(|open| &open.book)
    }

    /// The deadline clock.
    pub fn clock(&self) -> &DeadlineClock {
        &self.own.clock
    }

    /// Source partitions that deadlines no longer wait for.
    pub fn not_waited_for(&self) -> usize {
        self.own.clock.not_waited_for(self.charter.patience_ms)
    }

    /// The instant of the first deadline to fire.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.open.as_ref()?.book.next_deadline()
    }

    /// Whether a deadline is due.
    pub fn is_due(&self) -> bool {
        matches!((self.next_deadline(), self.own.clock.now()), (Some(next), Some(now)) if next < now)
    }

    /// Fires due deadlines, at most `limit`; to be called before each record and after the last.
    pub fn fire(&mut self, limit: usize, into: &mut Consequences) -> usize {
        let (Some(open), Some(now)) = (&mut self.open, self.own.clock.now()) else {
            return 0;
        };
        let mut effects = Effects::default();
        let fired = open.book.fire(now, limit, &mut effects);
        self.carry_out(&mut effects, into);
        fired
    }

    /// Applies the record at `offset`, appended `at`.
    pub fn apply(
        &mut self,
        offset: u64,
        at: Instant,
        record: &JournalRecord,
        into: &mut Consequences,
    ) -> Result<(), Halt> {
        if offset < self.own.next {
            into.repeats += 1;
            return Ok(());
        }
        self.own.next = offset + 1;
        self.own.at = self.own.at.max(at);
        match record {
            JournalRecord::Foundation(foundation, policy) => self.found(foundation, policy, into),
            JournalRecord::Facts(packed) if planted::is(Bug::PositionsByRange) && self.has_begun(packed) => Ok(()),
            JournalRecord::Facts(packed) if !self.takes(packed) => {
                into.repeats += packed.entries.len() as u64;
                Ok(())
            }
            JournalRecord::Facts(packed) => {
                self.warm(packed);
                let mut effects = Effects::default();
                packed
                    .entries
                    .iter()
                    .try_for_each(|entry| self.entry(packed, entry, &mut effects, into))
            }
            JournalRecord::Mail(mail) => mail.iter().try_for_each(|mail| self.receive(mail, into)),
            JournalRecord::Clock(clock) => {
                self.tick(clock);
                Ok(())
            }
            JournalRecord::Turnover(turnover) => {
                self.own.turnovers.turn_over(turnover, &mut self.own.positions);
                Ok(())
            }
        }
    }

    /// Whether the first of these was seen before, which says nothing about the others.
    fn has_begun(&self, packed: &Packed) -> bool {
        let (seen, first) = (self.own.positions.get(&packed.source), packed.entries.first());
        matches!((seen, first), (Some(seen), Some(first)) if first.position <= *seen)
    }

    fn warm(&self, packed: &Packed) {
        let leads = packed.entries.iter().filter_map(|entry| match &entry.content {
            Content::Fact { lead, .. } => Some(*lead),
            Content::Policy(_) | Content::Rejected { .. } => None,
        });
        if let Some(open) = &self.open {
            open.book.warm(leads);
        }
    }

    fn tick(&mut self, clock: &Clock) {
        self.own.clock.advance(self.own.at, clock, self.charter.patience_ms);
    }

    fn takes(&self, packed: &Packed) -> bool {
        planted::is(Bug::EarlierTurnoverTaken) || self.own.turnovers.take(packed.source, packed.turnover)
    }

    fn found(&mut self, foundation: &Foundation, policy: &PolicyDocument, into: &mut Consequences) -> Result<(), Halt> {
        if let Some(known) = &self.own.foundation {
            return check_foundation(known, foundation);
        }
        self.own.foundation = Some(foundation.clone());
        self.adopt(policy, into)
    }

    /// `effects` is empty, and is so afterwards: it comes for its room.
    fn entry(
        &mut self,
        packed: &Packed,
        entry: &Entry,
        effects: &mut Effects,
        into: &mut Consequences,
    ) -> Result<(), Halt> {
        let seen = self.own.positions.get(&packed.source);
        let by_offset = |seen: &Position| planted::is(Bug::PositionsByOffset) && entry.position.offset == seen.offset;
        if seen.is_some_and(|seen| entry.position <= *seen || by_offset(seen)) {
            into.repeats += 1;
            return Ok(());
        }
        self.own.positions.insert(packed.source, entry.position);
        match &entry.content {
            Content::Policy(document) => self.adopt(document, into),
            Content::Rejected { rejection, original } => {
                into.tally.push((packed.role, Verdict::Rejected(rejection.clone())));
                self.number(Outgoing::DeadLetter(original.clone(), rejection.clone()), into);
                Ok(())
            }
            Content::Fact { lead, fact, original } => {
                let open = self.open.as_mut().ok_or(Halt::Unfounded)?;
                let verdict = open.book.fact(self.own.at, *lead, fact, effects);
                if let (Verdict::Rejected(rejection), Some(original)) = (&verdict, original) {
                    self.number(Outgoing::DeadLetter(original.clone(), rejection.clone()), into);
                }
                into.tally.push((packed.role, verdict));
                self.carry_out(effects, into);
                Ok(())
            }
        }
    }

    fn adopt(&mut self, document: &PolicyDocument, into: &mut Consequences) -> Result<(), Halt> {
        let policy = (self.charter.compile)(document).ok_or(Halt::Policy)?;
        if self.policy().is_some_and(|known| policy.version <= known.version) {
            return Ok(());
        }
        let policy = Arc::new(policy);
        into.changed.push(Part::Policy);
        if let Some(open) = &mut self.open {
            let mut effects = Effects::default();
            open.document = document.clone();
            open.book.adopt(self.own.at, policy, &mut effects);
            self.carry_out(&mut effects, into);
            self.deliver_waiting(into);
        } else {
            let book = self.charter.book(policy);
            self.open = Some(Open {
                document: document.clone(),
                book,
            });
        }
        Ok(())
    }

    fn receive(&mut self, mail: &Mail, into: &mut Consequences) -> Result<(), Halt> {
        let last = self.own.received.entry(mail.from).or_default();
        if mail.sequence <= *last && !planted::is(Bug::MailTwice) {
            into.repeats += 1;
            return Ok(());
        }
        if mail.sequence > *last + 1 && !planted::is(Bug::MailGapIgnored) {
            return Err(Halt::MailGap {
                from: mail.from,
                expected: *last + 1,
                found: mail.sequence,
            });
        }
        *last = mail.sequence;
        let policy = self.policy().ok_or(Halt::Unfounded)?;
        if mail.policy_version > policy.version && !planted::is(Bug::NewerMailEarly) {
            let key = (mail.from, mail.sequence);
            self.waiting.insert(key, mail.clone());
            into.changed.push(Part::Waiting(key.0, key.1));
        } else {
            self.deliver(&mail.letter, into);
        }
        Ok(())
    }

    fn deliver(&mut self, letter: &Letter, into: &mut Consequences) {
        let Some(open) = &mut self.open else { return };
        let mut effects = Effects::default();
        open.book.letter(self.own.at, letter, &mut effects);
        self.carry_out(&mut effects, into);
    }

    /// Letters that waited for the policy just adopted, each sender's in order.
    fn deliver_waiting(&mut self, into: &mut Consequences) {
        let version = self.policy().map_or(0, |policy| policy.version);
        let (ready, rest) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|(_, mail)| mail.policy_version <= version);
        self.waiting = rest;
        let ready: BTreeMap<(u32, u64), Mail> = ready;
        for ((from, sequence), mail) in ready {
            into.changed.push(Part::Waiting(from, sequence));
            self.deliver(&mail.letter, into);
        }
    }

    /// Empties the effects.
    fn carry_out(&mut self, effects: &mut Effects, into: &mut Consequences) {
        let policy_version = self.policy().map_or(0, |policy| policy.version);
        into.counts.add(std::mem::take(&mut effects.counts));
        for output in effects.outputs.drain(..) {
            self.number(Outgoing::Decision(output), into);
        }
        for (to, letter) in effects.letters.drain(..) {
            let to = match to {
                To::Desk => 0,
                To::Lead(lead) => lead.partition(self.charter.partitions),
            };
            let sequence = self.own.sent.entry(to).or_default();
            *sequence += 1;
            into.mail.push((
                to,
                Mail {
                    from: self.charter.partition,
                    sequence: *sequence,
                    policy_version,
                    letter,
                },
            ));
        }
        into.changed.extend(effects.changed.drain(..).map(Part::Book));
    }

    fn number(&mut self, what: Outgoing, into: &mut Consequences) {
        self.own.sequence += 1;
        into.outputs.push(Numbered {
            sequence: self.own.sequence,
            what,
        });
    }
}

/// What differs, if anything.
fn check_foundation(known: &Foundation, found: &Foundation) -> Result<(), Halt> {
    if known.secret_fingerprint != found.secret_fingerprint {
        Err(Halt::Foundation("secret"))
    } else if known.deployment != found.deployment {
        Err(Halt::Foundation("deployment name"))
    } else if known.partitions != found.partitions {
        Err(Halt::Foundation("number of journal partitions"))
    } else {
        Ok(())
    }
}

/// Writing state down and reading it back.
impl Shard {
    /// The shard's own small state.
    pub fn own_image(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        self.own.write(&mut writer);
        writer.0
    }

    /// Reads what `own_image` wrote.
    pub fn restore_own(&mut self, image: &[u8]) -> Result<(), Malformed> {
        self.own = Own::read(&mut Reader(image))?;
        Ok(())
    }

    /// Lets go of what ran out in a part; what is another than before goes to `changed`.
    pub fn expire(&mut self, part: &Part, changed: &mut Vec<Part>) {
        if let (Part::Book(entity), Some(open)) = (part, &mut self.open) {
            let mut effects = Effects::default();
            open.book.expire(self.own.at, entity, &mut effects);
            changed.extend(effects.changed.into_iter().map(Part::Book));
        }
    }

    /// Takes note that a part is written in this turn of the state log, as it is now.
    pub fn wrote(&mut self, part: &Part, turn: TurnNumber) {
        if let (Part::Book(entity), Some(open)) = (part, &mut self.open) {
            open.book.wrote(entity, turn);
        }
    }

    /// Takes note that a part is carried: what is known of earlier turns goes.
    pub fn carried(&mut self, part: &Part, turn: TurnNumber) {
        if let (Part::Book(entity), Some(open)) = (part, &mut self.open) {
            open.book.carried(entity, turn);
        }
    }

    /// Looks up what these parts are written from, all together: see `Book::warm`.
    pub fn warm_images<'a>(&self, parts: impl Iterator<Item = &'a Part>) {
        let entities = parts.filter_map(|part| match part {
            Part::Book(entity) => Some(entity),
            Part::Policy | Part::Waiting(..) => None,
        });
        if let Some(open) = &self.open {
            open.book.warm_images(entities);
        }
    }

    /// The image of a part; `None` when it is gone.
    pub fn image(&self, part: &Part) -> Option<Vec<u8>> {
        let mut writer = Writer::new();
        self.write_image(part, &mut writer).then_some(writer.0)
    }

    /// Appends the image of a part; false when it is gone.
    pub fn write_image(&self, part: &Part, writer: &mut Writer) -> bool {
        let Some(open) = &self.open else { return false };
        match part {
            Part::Policy => open.document.write(writer),
            Part::Waiting(from, sequence) => {
                let Some(mail) = self.waiting.get(&(*from, *sequence)) else {
                    return false;
                };
                writer.uint(mail.policy_version);
                mail.letter.write(writer);
            }
            Part::Book(entity) => return open.book.image(entity, &mut writer.0),
        }
        true
    }

    /// Takes an image back; `None` means gone. Parts of the book must come after the policy.
    pub fn restore(&mut self, part: &Part, image: Option<&[u8]>) -> Result<(), Malformed> {
        match (part, image) {
            (Part::Policy, Some(image)) => self.restore_policy(image),
            (Part::Policy, None) => Err(Malformed),
            (Part::Waiting(from, sequence), None) => {
                self.waiting.remove(&(*from, *sequence));
                Ok(())
            }
            (Part::Waiting(from, sequence), Some(image)) => {
                let mut reader = Reader(image);
                let (policy_version, letter) = (reader.uint()?, Letter::read(&mut reader)?);
                let mail = Mail {
                    from: *from,
                    sequence: *sequence,
                    policy_version,
                    letter,
                };
                self.waiting.insert((*from, *sequence), mail);
                Ok(())
            }
            (Part::Book(entity), image) => {
                let open = self.open.as_mut().ok_or(Malformed)?;
                open.book.restore(entity, image.unwrap_or_default())
            }
        }
    }

    /// Takes all leads over, which may have come back before the policy.
    pub fn take_leads(&mut self, leads: Shelf) -> Result<(), Malformed> {
        match &mut self.open {
            Some(open) => open.book.take_leads(leads),
            None if leads.is_empty() => {}
            None => return Err(Malformed),
        }
        Ok(())
    }

    fn restore_policy(&mut self, image: &[u8]) -> Result<(), Malformed> {
        let document = PolicyDocument::read(&mut Reader(image))?;
        let policy = Arc::new((self.charter.compile)(&document).ok_or(Malformed)?);
        let book = self.charter.book(policy);
        self.open = Some(Open { document, book });
        Ok(())
    }

    /// To be called once everything is restored.
    pub fn rebuilt(&mut self) -> Result<(), Malformed> {
        self.open.as_mut().map_or(Ok(()), |open| open.book.rebuilt())
    }

    /// The parts that follow `after` in the order of the turn, at most `limit`.
    pub fn parts_after(&self, after: Option<&Part>, limit: usize) -> Vec<Part> {
        let ahead = self.ahead(after, limit, None);
        ahead.into_iter().map(|(part, _)| part).collect()
    }

    /// The same, each with the bytes of its image if that is known to stand in a turn.
    pub fn ahead(&self, after: Option<&Part>, limit: usize, turn: Option<TurnNumber>) -> Vec<(Part, Option<usize>)> {
        let Some(open) = &self.open else { return Vec::new() };
        let first = after.is_none().then_some(Part::Policy);
        let waiting = self
            .waiting
            .keys()
            .map(|(from, sequence)| Part::Waiting(*from, *sequence));
        let waiting = waiting.filter(|part| after.is_none_or(|after| part > after));
        let parts = first.into_iter().chain(waiting).take(limit);
        let mut parts: Vec<_> = parts.map(|part| (part, None)).collect();
        let within = match after {
            Some(Part::Book(entity)) => Some(entity),
            _ => None,
        };
        let left = limit - parts.len();
        let ahead = open.book.ahead(within, left, turn).into_iter();
        parts.extend(ahead.map(|ahead| (Part::Book(ahead.entity), ahead.stands)));
        parts
    }
}

impl Part {
    /// The part's name as bytes.
    pub fn key(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        self.write_key(&mut writer);
        writer.0
    }

    /// Appends the part's name.
    pub fn write_key(&self, writer: &mut Writer) {
        match self {
            Self::Policy => writer.u8(0),
            Self::Waiting(from, sequence) => {
                writer.u8(1);
                writer.uint(u64::from(*from));
                writer.uint(*sequence);
            }
            Self::Book(entity) => {
                writer.u8(2);
                entity.write(writer);
            }
        }
    }

    /// The first bits of the lead's id, where the part is of one.
    pub fn lead_first(&self) -> u64 {
        match self {
            Self::Policy | Self::Waiting(..) => 0,
            Self::Book(entity) => entity.lead().map_or(0, LeadId::first_bits),
        }
    }

    /// Reads what `key` wrote.
    pub fn parse(key: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader(key);
        match reader.u8()? {
            0 => Ok(Self::Policy),
            1 => Ok(Self::Waiting(reader.u32()?, reader.uint()?)),
            2 => Ok(Self::Book(Entity::read(&mut reader)?)),
            _ => Err(Malformed),
        }
    }
}

/// The format of the own state's image. The first knew of no turnovers.
const OWN_FORMAT: u8 = 2;

impl Own {
    fn write(&self, writer: &mut Writer) {
        writer.u8(OWN_FORMAT);
        writer.option(self.foundation.as_ref(), |writer, foundation| foundation.write(writer));
        writer.uint(self.next);
        writer.int(self.at.millis());
        writer.uint(self.sequence);
        self.clock.write(writer);
        writer.uint(self.positions.len() as u64);
        for (source, position) in &self.positions {
            source.write(writer);
            writer.uint(position.offset);
            writer.uint(u64::from(position.index));
        }
        for sequences in [&self.received, &self.sent] {
            writer.uint(sequences.len() as u64);
            for (partition, sequence) in sequences {
                writer.uint(u64::from(*partition));
                writer.uint(*sequence);
            }
        }
        self.turnovers.write(writer);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let format = reader.u8()?;
        if !(1..=OWN_FORMAT).contains(&format) {
            return Err(Malformed);
        }
        let sequences = |reader: &mut Reader<'_>| reader.list(|reader| Ok((reader.u32()?, reader.uint()?)));
        Ok(Self {
            foundation: reader.option(Foundation::read)?,
            next: reader.uint()?,
            at: Instant::from_millis(reader.int()?),
            sequence: reader.uint()?,
            clock: DeadlineClock::read(reader)?,
            positions: reader
                .list(|reader| {
                    let source = SourcePartition::read(reader)?;
                    Ok((
                        source,
                        Position {
                            offset: reader.uint()?,
                            index: reader.u32()?,
                        },
                    ))
                })?
                .into_iter()
                .collect(),
            received: sequences(reader)?.into_iter().collect(),
            sent: sequences(reader)?.into_iter().collect(),
            turnovers: if format == 1 {
                Turnovers::default()
            } else {
                Turnovers::read(reader)?
            },
        })
    }
}
