//! Queues: leads for whom a team has nobody, in order of joining.
//!
//! Leads with the same needs and the same refused reps are all servable or all not, so they stand
//! in one line, and a freed place looks at the heads of lines only.

use std::collections::{BTreeMap, BTreeSet};

use super::bytes::{Malformed, Reader, Writer};
use super::letter::{Ask, AskId};
use super::rotation::Rep;
use super::time::Instant;
use crate::planted::{self, Bug};

/// A lead's place in a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) joined: Instant,
    pub(crate) ask: Ask,
}

/// What decides who can serve a lead: needs and refused reps.
type Line = (Vec<String>, Vec<String>);

/// All queues.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queues {
    /// By the number of joining.
    pub(crate) places: BTreeMap<u64, Place>,
    teams: BTreeMap<String, Team>,
    /// A lead may still stand where it asked before, if its leaving overtook its ask.
    asks: BTreeMap<AskId, u64>,
}

#[derive(Clone, Debug, Default)]
struct Team {
    order: BTreeSet<u64>,
    lines: BTreeMap<Line, BTreeSet<u64>>,
}

impl Queues {
    /// Puts a lead at the back; returns the number of its place.
    pub(crate) fn join(&mut self, ask: &Ask, joined: Instant) -> u64 {
        let number = self.places.last_key_value().map_or(1, |(last, _)| last + 1);
        let ask = ask.clone();
        self.put(number, Place { joined, ask });
        number
    }

    /// Puts a place back where it was.
    pub(crate) fn put(&mut self, number: u64, place: Place) {
        self.remove(number);
        let team = self.teams.entry(place.ask.team.clone()).or_default();
        team.order.insert(number);
        team.lines.entry(line(&place.ask)).or_default().insert(number);
        self.asks.insert(place.ask.id, number);
        self.places.insert(number, place);
    }

    /// The number of the place that this ask has, if it has one.
    pub(crate) fn place_of(&self, ask: AskId) -> Option<u64> {
        self.asks.get(&ask).copied()
    }

    /// Takes a place away.
    pub(crate) fn remove(&mut self, number: u64) -> Option<Place> {
        let place = self.places.remove(&number)?;
        if self.asks.get(&place.ask.id) == Some(&number) {
            self.asks.remove(&place.ask.id);
        }
        let team = self.teams.get_mut(&place.ask.team)?;
        team.order.remove(&number);
        let key = line(&place.ask);
        if let Some(line) = team.lines.get_mut(&key) {
            line.remove(&number);
            if line.is_empty() {
                team.lines.remove(&key);
            }
        }
        if team.order.is_empty() {
            self.teams.remove(&place.ask.team);
        }
        Some(place)
    }

    /// Lines that one of these reps can serve, by their heads.
    pub(crate) fn servable(&self, team: &str, reps: &[(&String, &Rep)]) -> BTreeSet<u64> {
        let lines = self.teams.get(team).into_iter().flat_map(|team| &team.lines);
        let servable = lines.filter(|((needs, refused), _)| {
            let mut reps = reps.iter();
            reps.any(|(id, rep)| rep.obstacle(id, needs, refused).is_none())
        });
        let lost = usize::from(planted::is(Bug::QueueHeadLost));
        servable
            .filter_map(|(_, line)| line.iter().nth(lost).copied())
            .collect()
    }

    /// The place behind this one in its line.
    pub(crate) fn behind(&self, number: u64) -> Option<u64> {
        let place = self.places.get(&number)?;
        let line = self.teams.get(&place.ask.team)?.lines.get(&line(&place.ask))?;
        line.range(number + 1..).next().copied()
    }

    /// The first places of a team's queue, at most so many.
    pub(crate) fn first(&self, team: &str, limit: usize) -> Vec<u64> {
        let order = self.teams.get(team).into_iter().flat_map(|team| &team.order);
        order.take(limit).copied().collect()
    }

    /// The teams that have a queue, with its length and when its head joined.
    pub(crate) fn lengths(&self) -> impl Iterator<Item = (&String, usize, Option<Instant>)> {
        self.teams.iter().map(|(team, queue)| {
            let head = queue.order.first().and_then(|number| self.places.get(number));
            (team, queue.order.len(), head.map(|place| place.joined))
        })
    }
}

fn line(ask: &Ask) -> Line {
    (ask.needs.clone(), ask.refused.clone())
}

impl Place {
    pub(crate) fn write(&self, writer: &mut Writer) {
        writer.int(self.joined.millis());
        self.ask.write(writer);
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            joined: Instant::from_millis(reader.int()?),
            ask: Ask::read(reader)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::LeadId;

    fn ask(number: u32) -> Ask {
        Ask {
            id: AskId {
                lead: LeadId([1; 16]),
                cycle: 1,
                number,
            },
            team: "inside".to_owned(),
            needs: Vec::new(),
            refused: Vec::new(),
            owner: None,
            causation: String::new(),
        }
    }

    #[test]
    fn a_lead_that_stands_twice_is_found_at_each_place_restored_or_not() {
        let mut live = Queues::default();
        let first = live.join(&ask(2), Instant::default());
        let second = live.join(&ask(1), Instant::default());
        live.remove(second);
        let mut restored = Queues::default();
        for (number, place) in &live.places {
            restored.put(*number, place.clone());
        }
        for queues in [live, restored] {
            assert_eq!(queues.place_of(ask(2).id), Some(first));
            assert_eq!(queues.place_of(ask(1).id), None);
        }
    }
}
