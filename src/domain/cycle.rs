//! Cycles: from qualifying to the outcome, with every attempt made in between.

use std::collections::BTreeMap;

use super::bytes::{Malformed, Reader, Writer};
use super::effects::Effects;
use super::event::Reason;
use super::ids::LeadId;
use super::image::{Entity, Kind, parts};
use super::letter::{AskId, read_texts, write_texts};
use super::sla::{Attempt, Deadline, Holder, Record};
use super::time::Instant;

/// One time that a lead qualified, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cycle {
    /// From 1; never used twice for a lead.
    pub(crate) number: u32,
    pub(crate) qualified: Qualified,
    pub(crate) route: Taken,
    /// How often the lead was taken away or sent back.
    pub(crate) reassigns: u32,
    /// The number of the last ask.
    pub(crate) asks: u32,
    /// Attempts that ended; the first is attempt 1.
    pub(crate) past: Vec<Record>,
    pub(crate) now: Now,
}

/// How a lead qualified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Qualified {
    pub(crate) at: Instant,
    /// `thresholds` or a fast-track rule.
    pub(crate) by: String,
    /// The reasons of that moment.
    pub(crate) rules: Vec<Reason>,
}

/// The route of a cycle, kept as it was at qualification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) name: String,
    /// The team's id.
    pub(crate) team: String,
    /// Sorted.
    pub(crate) needs: Vec<String>,
    pub(crate) owner_from: Option<String>,
}

/// Where a cycle stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Now {
    /// The desk has been asked and has not answered.
    Asking,
    /// A promise is open.
    Open(Attempt),
    /// It ended.
    Over,
}

/// A deadline of one of a lead's attempts; sorts in the order of firing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Due {
    pub(crate) at: Instant,
    pub(crate) deadline: Deadline,
    pub(crate) cycle: u32,
    pub(crate) attempt: u32,
}

impl Cycle {
    /// The number of the open attempt, or of the next.
    pub(crate) fn attempt_number(&self) -> u32 {
        self.past.len() as u32 + 1
    }

    /// The ask that has been made last.
    pub(crate) fn ask_id(&self, lead: LeadId) -> AskId {
        AskId {
            lead,
            cycle: self.number,
            number: self.asks,
        }
    }

    /// Whether an answer to this ask is still of use: it is the last one, and nobody has the lead.
    pub(crate) fn awaits(&self, ask: AskId) -> bool {
        let waiting = match &self.now {
            Now::Asking => true,
            Now::Open(attempt) => attempt.holder == Holder::Queue,
            Now::Over => false,
        };
        waiting && (ask.cycle, ask.number) == (self.number, self.asks)
    }

    /// Ends the open attempt, if there is one, and says what comes now.
    pub(crate) fn close_attempt(&mut self, at: Instant, now: Now) {
        if let Now::Open(attempt) = std::mem::replace(&mut self.now, now) {
            self.past.push(attempt.close(at));
        }
    }

    /// What is known of an attempt, open or not.
    pub(crate) fn record_mut(&mut self, attempt: u32) -> Option<&mut Record> {
        let place = usize::try_from(attempt.checked_sub(1)?).ok()?;
        match &mut self.now {
            Now::Open(open) if place == self.past.len() => Some(&mut open.record),
            _ => self.past.get_mut(place),
        }
    }

    /// The first deadline to fire.
    pub(crate) fn first_due(&self) -> Option<Due> {
        let open = match &self.now {
            Now::Open(attempt) => Some(&attempt.record),
            Now::Asking | Now::Over => None,
        };
        let records = self.past.iter().chain(open).enumerate();
        let due = records.filter_map(|(place, record)| {
            let (at, deadline) = record.pending.first()?;
            Some(Due {
                at,
                deadline,
                cycle: self.number,
                attempt: place as u32 + 1,
            })
        });
        due.min()
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        writer.uint(self.number.into());
        writer.int(self.qualified.at.millis());
        writer.text(&self.qualified.by);
        writer.list(&self.qualified.rules, write_reason);
        writer.text(&self.route.name);
        writer.text(&self.route.team);
        write_texts(writer, &self.route.needs);
        writer.option(self.route.owner_from.as_deref(), Writer::text);
        writer.uint(self.reassigns.into());
        writer.uint(self.asks.into());
        writer.list(&self.past, |writer, record| record.write(writer));
        match &self.now {
            Now::Asking => writer.u8(0),
            Now::Open(attempt) => {
                writer.u8(1);
                attempt.write(writer);
            }
            Now::Over => writer.u8(2),
        }
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            number: reader.u32()?,
            qualified: Qualified {
                at: Instant::from_millis(reader.int()?),
                by: reader.text()?.into(),
                rules: reader.list(read_reason)?,
            },
            route: Taken {
                name: reader.text()?.into(),
                team: reader.text()?.into(),
                needs: read_texts(reader)?,
                owner_from: reader.option(Reader::text)?.map(str::to_owned),
            },
            reassigns: reader.u32()?,
            asks: reader.u32()?,
            past: reader.list(Record::read)?,
            now: match reader.u8()? {
                0 => Now::Asking,
                1 => Now::Open(Attempt::read(reader)?),
                2 => Now::Over,
                _ => return Err(Malformed),
            },
        })
    }
}

fn write_reason(writer: &mut Writer, reason: &Reason) {
    writer.text(&reason.rule);
    writer.int(reason.points);
    writer.option(reason.touches, |writer, touches| writer.uint(touches.into()));
    writer.option(reason.last_day, |writer, day| writer.int(day.into()));
}

fn read_reason(reader: &mut Reader<'_>) -> Result<Reason, Malformed> {
    Ok(Reason {
        rule: reader.text()?.into(),
        points: reader.int()?,
        touches: reader.option(Reader::u32)?,
        last_day: reader.option(|reader| i32::try_from(reader.int()?).map_err(|_| Malformed))?,
    })
}

/// Cycles that are behind their leads, each packed: follow-ups may still name their attempts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Archive(pub(crate) BTreeMap<(LeadId, u32), Box<[u8]>>);

impl Archive {
    /// Puts a cycle away, or back.
    pub(crate) fn put(&mut self, lead: LeadId, cycle: &Cycle, effects: &mut Effects) {
        let mut writer = Writer::new();
        cycle.write(&mut writer);
        let images = parts(writer.0.len());
        let before = self.0.insert((lead, cycle.number), writer.0.into());
        let images = images.max(before.map_or(0, |bytes| parts(bytes.len())));
        changed(lead, cycle.number, images, effects);
    }

    /// Looks a cycle up.
    pub(crate) fn get(&self, lead: LeadId, cycle: u32) -> Option<Cycle> {
        Cycle::read(&mut Reader(self.0.get(&(lead, cycle))?)).ok()
    }

    /// Takes a packed cycle from outside, or takes it away.
    pub(crate) fn restore(&mut self, lead: LeadId, cycle: u32, body: Option<&[u8]>) -> Result<(), Malformed> {
        let Some(body) = body else {
            self.0.remove(&(lead, cycle));
            return Ok(());
        };
        let mut reader = Reader(body);
        Cycle::read(&mut reader)?;
        reader.end()?;
        self.0.insert((lead, cycle), body.into());
        Ok(())
    }

    /// Forgets everything about a lead.
    pub(crate) fn forget(&mut self, lead: LeadId, effects: &mut Effects) {
        let keys: Vec<_> = self
            .0
            .range((lead, 0)..=(lead, u32::MAX))
            .map(|(key, _)| *key)
            .collect();
        for key in keys {
            let bytes = self.0.remove(&key);
            changed(lead, key.1, bytes.map_or(0, |bytes| parts(bytes.len())), effects);
        }
    }
}

fn changed(lead: LeadId, cycle: u32, images: u16, effects: &mut Effects) {
    let kind = Kind::Cycle(lead, cycle);
    effects.changed.extend((0..images).map(|part| Entity {
        kind: kind.clone(),
        part,
    }));
}
