//! Attempts: one promise each, with its deadlines, from its start to its end.

use super::bytes::{Malformed, Reader, Writer};
use super::event::{Promise, SlaKind};
use super::policy::Team;
use super::terms::Terms;
use super::time::Instant;

/// What a deadline leads to, in the order in which deadlines of one instant fire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Deadline {
    Warn,
    Breach,
    Escalate,
    Reassign,
}

impl Deadline {
    const ALL: [Self; 4] = [Self::Warn, Self::Breach, Self::Escalate, Self::Reassign];

    /// The word in a cause.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::Breach => "breach",
            Self::Escalate => "escalate",
            Self::Reassign => "reassign",
        }
    }

    /// The notice it leads to; none where a lead is taken away.
    pub(crate) fn notice(self) -> Option<SlaKind> {
        match self {
            Self::Warn => Some(SlaKind::AtRisk),
            Self::Breach => Some(SlaKind::Breached),
            Self::Escalate => Some(SlaKind::Escalated),
            Self::Reassign => None,
        }
    }
}

/// Deadlines that have not fired and are not void.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pending {
    warn: Option<Instant>,
    breach: Option<Instant>,
    escalate: Option<Instant>,
    reassign: Option<Instant>,
}

impl Pending {
    /// All deadlines of a promise.
    pub(crate) fn of(promise: &Promise) -> Self {
        Self {
            warn: promise.warn_at,
            breach: Some(promise.respond_by),
            escalate: promise.escalate_at,
            reassign: promise.reassign_at,
        }
    }

    /// The first to fire.
    pub(crate) fn first(&self) -> Option<(Instant, Deadline)> {
        let all = Deadline::ALL.into_iter();
        all.filter_map(|deadline| Some((self.get(deadline)?, deadline))).min()
    }

    /// It fired, or is void.
    pub(crate) fn clear(&mut self, deadline: Deadline) {
        *self.slot(deadline) = None;
    }

    /// Only notices before this instant remain: a response ends a reassign at once, and what lies
    /// at or after it.
    pub(crate) fn end_from(&mut self, instant: Instant) {
        self.reassign = None;
        for slot in [&mut self.warn, &mut self.breach, &mut self.escalate] {
            *slot = slot.filter(|due| *due < instant);
        }
    }

    fn get(&self, deadline: Deadline) -> Option<Instant> {
        match deadline {
            Deadline::Warn => self.warn,
            Deadline::Breach => self.breach,
            Deadline::Escalate => self.escalate,
            Deadline::Reassign => self.reassign,
        }
    }

    fn slot(&mut self, deadline: Deadline) -> &mut Option<Instant> {
        match deadline {
            Deadline::Warn => &mut self.warn,
            Deadline::Breach => &mut self.breach,
            Deadline::Escalate => &mut self.escalate,
            Deadline::Reassign => &mut self.reassign,
        }
    }

    fn write(&self, writer: &mut Writer) {
        let set = Deadline::ALL.into_iter().enumerate();
        writer.u8(set.map(|(bit, one)| u8::from(self.get(one).is_some()) << bit).sum());
        for at in Deadline::ALL.into_iter().filter_map(|one| self.get(one)) {
            writer.int(at.millis());
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let flags = reader.u8()?;
        let mut pending = Self::default();
        for (bit, deadline) in Deadline::ALL.into_iter().enumerate() {
            if flags >> bit & 1 == 1 {
                *pending.slot(deadline) = Some(Instant::from_millis(reader.int()?));
            }
        }
        Ok(pending)
    }
}

/// Who made the promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    /// The team; the lead waits in its queue.
    Queue,
    /// A rep.
    Rep {
        /// The rep's id.
        id: String,
        /// Virtual time the grant cost.
        cost: i64,
        /// Whether the rep's place is still taken.
        holds_place: bool,
    },
}

/// What of a promise outlives the attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// The granting team's id.
    pub(crate) team: String,
    /// The rep's id; none in a queue.
    pub(crate) rep: Option<String>,
    pub(crate) start: Instant,
    pub(crate) respond_by: Instant,
    /// The breach was flagged and has not been excused.
    pub(crate) breached: bool,
    /// Notices that fell due before the attempt ended and have not fired.
    pub(crate) pending: Pending,
}

/// A promise that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) record: Record,
    pub(crate) holder: Holder,
    /// Where the handoff went.
    pub(crate) topic: String,
    /// A response came.
    pub(crate) answered: bool,
}

/// What a response came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Met { late: bool },
    Excused,
}

impl Attempt {
    /// A promise as given now.
    pub(crate) fn new(team: &Team, holder: Holder, promise: &Promise) -> Self {
        let rep = match &holder {
            Holder::Queue => None,
            Holder::Rep { id, .. } => Some(id.clone()),
        };
        Self {
            record: Record {
                team: team.id.clone(),
                rep,
                start: promise.start,
                respond_by: promise.respond_by,
                breached: false,
                pending: Pending::of(promise),
            },
            holder,
            topic: team.topic.clone(),
            answered: false,
        }
    }

    /// A response of this event time.
    pub(crate) fn answer(&mut self, happened: Instant) -> Option<Answer> {
        let first = !std::mem::replace(&mut self.answered, true);
        let excused = self.record.answer(happened);
        match (excused, first) {
            (true, _) => Some(Answer::Excused),
            (false, true) => Some(Answer::Met {
                late: happened > self.record.respond_by,
            }),
            (false, false) => None,
        }
    }

    /// The end, at this instant. What an unanswered promise still owes by then stays owed, so that
    /// a machine that is behind decides as one that is not.
    pub(crate) fn close(mut self, at: Instant) -> Record {
        if self.answered {
            self.record.pending.clear(Deadline::Reassign);
        } else {
            self.record.pending.end_from(at);
        }
        self.record
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        self.record.write(writer);
        match &self.holder {
            Holder::Queue => writer.u8(0),
            Holder::Rep { cost, holds_place, .. } => {
                writer.u8(1 + u8::from(*holds_place));
                writer.int(*cost);
            }
        }
        writer.text(&self.topic);
        writer.bool(self.answered);
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let record = Record::read(reader)?;
        let holder = match (reader.u8()?, &record.rep) {
            (0, None) => Holder::Queue,
            (tag @ 1..=2, Some(rep)) => Holder::Rep {
                id: rep.clone(),
                cost: reader.int()?,
                holds_place: tag == 2,
            },
            _ => return Err(Malformed),
        };
        Ok(Self {
            record,
            holder,
            topic: reader.text()?.into(),
            answered: reader.bool()?,
        })
    }
}

impl Record {
    /// A response of this event time: ends what lies at or after it; true if it disproves a breach.
    pub(crate) fn answer(&mut self, happened: Instant) -> bool {
        self.pending.end_from(happened);
        let excused = self.breached && happened <= self.respond_by;
        self.breached &= !excused;
        excused
    }

    /// Whole seconds of the team's working time from the start; none if the team is gone.
    pub(crate) fn working_seconds(&self, terms: &Terms, until: Instant) -> Option<i64> {
        let calendar = terms.policy.calendars.get(terms.team(&self.team)?.calendar)?;
        Some(calendar.between(self.start, until).max(0) / 1_000)
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        writer.text(&self.team);
        writer.option(self.rep.as_deref(), Writer::text);
        writer.int(self.start.millis());
        writer.int(self.respond_by.millis());
        writer.bool(self.breached);
        self.pending.write(writer);
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            team: reader.text()?.into(),
            rep: reader.option(Reader::text)?.map(str::to_owned),
            start: Instant::from_millis(reader.int()?),
            respond_by: Instant::from_millis(reader.int()?),
            breached: reader.bool()?,
            pending: Pending::read(reader)?,
        })
    }
}

/// The instants of a promise that starts now, in the team's working time.
pub(crate) fn promise(terms: &Terms, team: &Team, start: Instant, may_reassign: bool) -> Promise {
    let calendar = terms.policy.calendars.get(team.calendar);
    let after = |span: i64| calendar.map_or(start.plus_millis(span), |calendar| calendar.after(start, span));
    Promise {
        start,
        warn_at: team.sla.warn_ms.map(after),
        respond_by: after(team.sla.within_ms),
        escalate_at: team.sla.escalate_ms.map(after),
        reassign_at: team.sla.reassign_ms.filter(|_| may_reassign).map(after),
        calendar: calendar.map_or_else(String::new, |calendar| calendar.id.clone()),
    }
}
