//! The rotation: whose turn it is among the reps of a team.
//!
//! Each grant costs a rep virtual time, the less the heavier the weight; the one with the least
//! goes next. Who comes back from an absence starts where the others are.

use std::collections::BTreeMap;

use super::bytes::{Malformed, Reader, Writer};
use super::event::{PassedOver, Why};
use super::fact::RepChange;
use super::letter::{Ask, read_texts, write_texts};
use super::policy::RepTerms;
use super::text::folded;
use super::time::Instant;

/// Virtual time of a grant to a rep of weight 1.
const TURN: i64 = 1_000_000;

/// A seller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rep {
    /// The team's id.
    pub(crate) team: String,
    pub(crate) weight: u32,
    pub(crate) capacity: u32,
    pub(crate) skills: Vec<String>,
    /// What the roster says; see `is_available`.
    pub(crate) available: bool,
    pub(crate) standing: Standing,
    pub(crate) virtual_time: i64,
    /// The number of the team's grant that was the rep's last; 0 if none.
    pub(crate) last: u64,
    /// Places of the capacity that are taken.
    pub(crate) open: u32,
    /// Event times of what the roster said last.
    pub(crate) said: RosterTimes,
}

/// Who names the rep; sorts in policy order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    /// The policy file, at this place.
    Policy(u32),
    /// The roster, as the so manieth.
    Roster(u32),
    /// Nobody any more.
    Gone(u32),
}

/// When the roster said what stands, by member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RosterTimes {
    available: Option<Instant>,
    capacity: Option<Instant>,
    team: Option<Instant>,
    weight: Option<Instant>,
    skills: Option<Instant>,
}

impl Rep {
    /// A rep whom nobody has seen.
    pub(crate) fn new(team: &str, standing: Standing) -> Self {
        Self {
            team: team.to_owned(),
            weight: 1,
            capacity: 0,
            skills: Vec::new(),
            available: true,
            standing,
            virtual_time: 0,
            last: 0,
            open: 0,
            said: RosterTimes::default(),
        }
    }

    /// The rep as the roster names them again, after a policy that did not: a stranger, but for open
    /// handoffs and for whether they are available, which outlives policies.
    pub(crate) fn anew(&self, team: &str, standing: Standing) -> Self {
        Self {
            open: self.open,
            available: self.available,
            said: RosterTimes {
                available: self.said.available,
                ..RosterTimes::default()
            },
            ..Self::new(team, standing)
        }
    }

    /// Takes the terms of the policy file; the team is the caller's to change.
    pub(crate) fn take_terms(&mut self, terms: &RepTerms, place: u32) {
        self.weight = terms.weight;
        self.capacity = terms.capacity;
        self.skills.clone_from(&terms.skills);
        self.standing = Standing::Policy(place);
    }

    /// Takes what the roster says, but for the team: of each member the latest event time stands.
    pub(crate) fn take_change(&mut self, change: &RepChange, at: Instant) {
        take(&mut self.available, change.available, &mut self.said.available, at);
        take(&mut self.capacity, change.capacity, &mut self.said.capacity, at);
        take(&mut self.weight, change.weight, &mut self.said.weight, at);
        take(&mut self.skills, change.skills.clone(), &mut self.said.skills, at);
    }

    /// The team the roster moves the rep to, if it does.
    pub(crate) fn take_move(&mut self, team: Option<&String>, at: Instant) -> Option<String> {
        let before = self.team.clone();
        let mut after = before.clone();
        take(&mut after, team.cloned(), &mut self.said.team, at);
        (after != before).then_some(after)
    }

    /// May the rep be given leads at all?
    pub(crate) fn is_available(&self) -> bool {
        self.available && !matches!(self.standing, Standing::Gone(_))
    }

    /// Available, with a free place.
    pub(crate) fn has_room(&self) -> bool {
        self.is_available() && self.open < self.capacity
    }

    /// The first reason why not, in the contract's order; none if eligible.
    pub(crate) fn obstacle(&self, id: &str, needs: &[String], refused: &[String]) -> Option<Why> {
        if !self.is_available() {
            Some(Why::Unavailable)
        } else if self.open >= self.capacity {
            Some(Why::AtCapacity)
        } else if !needs.iter().all(|need| self.skills.contains(need)) {
            Some(Why::LacksSkill)
        } else if refused.iter().any(|rep| rep == id) {
            Some(Why::RefusedBefore)
        } else {
            None
        }
    }

    /// One more lead, as the team's so manieth grant; returns what it cost.
    pub(crate) fn grant(&mut self, number: u64) -> i64 {
        let cost = TURN / i64::from(self.weight.max(1));
        self.virtual_time += cost;
        self.last = number;
        self.open += 1;
        cost
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        writer.text(&self.team);
        writer.uint(self.weight.into());
        writer.uint(self.capacity.into());
        write_texts(writer, &self.skills);
        writer.bool(self.available);
        let (tag, place) = match self.standing {
            Standing::Policy(place) => (0, place),
            Standing::Roster(place) => (1, place),
            Standing::Gone(place) => (2, place),
        };
        writer.u8(tag);
        writer.uint(place.into());
        writer.int(self.virtual_time);
        writer.uint(self.last);
        writer.uint(self.open.into());
        let said = &self.said;
        for at in [said.available, said.capacity, said.team, said.weight, said.skills] {
            writer.option(at, |writer, at| writer.int(at.millis()));
        }
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let (team, weight, capacity) = (reader.text()?.to_owned(), reader.u32()?, reader.u32()?);
        let (skills, available) = (read_texts(reader)?, reader.bool()?);
        let standing = match (reader.u8()?, reader.u32()?) {
            (0, place) => Standing::Policy(place),
            (1, place) => Standing::Roster(place),
            (2, place) => Standing::Gone(place),
            _ => return Err(Malformed),
        };
        let (virtual_time, last, open) = (reader.int()?, reader.uint()?, reader.u32()?);
        let mut at = || reader.option(|reader| Ok(Instant::from_millis(reader.int()?)));
        let said = RosterTimes {
            available: at()?,
            capacity: at()?,
            team: at()?,
            weight: at()?,
            skills: at()?,
        };
        Ok(Self {
            team,
            weight,
            capacity,
            skills,
            available,
            standing,
            virtual_time,
            last,
            open,
            said,
        })
    }
}

fn take<T>(standing: &mut T, said: Option<T>, said_at: &mut Option<Instant>, at: Instant) {
    if let Some(said) = said.filter(|_| said_at.is_none_or(|before| before <= at)) {
        *standing = said;
        *said_at = Some(at);
    }
}

/// All reps, and who is in which team.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rotation {
    pub(crate) reps: BTreeMap<String, Rep>,
    /// Ids in policy order, by team.
    teams: BTreeMap<String, Vec<String>>,
}

impl Rotation {
    /// Puts everyone in order after a change of teams or places, which is the caller's to call for.
    pub(crate) fn arrange(&mut self) {
        let mut everyone: Vec<_> = self.reps.iter().collect();
        everyone.sort_by_key(|(_, rep)| rep.standing);
        self.teams.clear();
        for (id, rep) in everyone {
            self.teams.entry(rep.team.clone()).or_default().push(id.clone());
        }
    }

    /// The reps of a team, in policy order.
    pub(crate) fn team(&self, team: &str) -> impl Iterator<Item = (&String, &Rep)> + Clone {
        let ids = self.teams.get(team).into_iter().flatten();
        ids.filter_map(|id| self.reps.get_key_value(id))
    }

    /// Whose turn it is: the owner's if eligible, else that of the eligible rep with the smallest
    /// (virtual, last assigned, place in the policy).
    pub(crate) fn next(&self, team: &str, ask: &Ask) -> Option<String> {
        let reps = self.team(team);
        let eligible = reps.filter(|(id, rep)| rep.obstacle(id, &ask.needs, &ask.refused).is_none());
        let owner = ask.owner.as_deref();
        let owner = eligible.clone().find(|(id, _)| owner == Some(folded(id).as_ref()));
        let next = owner.or_else(|| eligible.min_by_key(|(_, rep)| (rep.virtual_time, rep.last)));
        next.map(|(id, _)| id.clone())
    }

    /// Every rep of a team but the chosen one, and why not.
    pub(crate) fn passed_over(&self, team: &str, ask: &Ask, chosen: Option<&str>) -> impl Iterator<Item = PassedOver> {
        let others = self.team(team).filter(move |(id, _)| chosen != Some(id.as_str()));
        others.map(|(id, rep)| PassedOver {
            rep: id.clone(),
            why: rep.obstacle(id, &ask.needs, &ask.refused).unwrap_or(Why::NotTheirTurn),
        })
    }

    /// The smallest virtual time of a team's available reps without this one, capacity or not.
    pub(crate) fn smallest(&self, team: &str, without: &str) -> Option<i64> {
        let reps = self
            .team(team)
            .filter(|(id, rep)| id.as_str() != without && rep.is_available());
        reps.map(|(_, rep)| rep.virtual_time).min()
    }

    /// Somebody is available again: no burst and no penalty for the absence.
    pub(crate) fn welcome_back(&mut self, id: &str, team: &str) {
        let smallest = self.smallest(team, id);
        if let Some(rep) = self.reps.get_mut(id) {
            team.clone_into(&mut rep.team);
            rep.virtual_time = rep.virtual_time.max(smallest.unwrap_or(rep.virtual_time));
        }
    }

    /// Somebody is new to a team: starts where the others are.
    pub(crate) fn join(&mut self, id: &str, team: &str) {
        let smallest = self.smallest(team, id).unwrap_or(0);
        if let Some(rep) = self.reps.get_mut(id) {
            team.clone_into(&mut rep.team);
            rep.virtual_time = smallest;
            rep.last = 0;
        }
    }
}
