//! The desk: all teams, reps and queues, in one place, so that fairness and capacity are exact.
//!
//! Leads ask by letter and are answered by letter. No step grants more than `at_once` leads of a
//! queue; the rest goes on by a letter to itself, and asks of that team wait their turn
//! behind it.

use std::collections::{BTreeMap, BTreeSet};

use super::bytes::{Malformed, Reader, Writer};
use super::effects::{Step, To};
use super::event::PassedOver;
use super::image::{Entity, Kind, parts};
use super::letter::{Ask, AskId, Granted, Letter, NoTeam, Release, Serve, Waiting};
use super::queue::{Place, Queues};
use super::rotation::{Rep, Rotation};
use super::terms::Terms;

/// Leads of a queue that one step serves, where nobody says otherwise.
const SERVED_AT_ONCE: usize = 200;

/// All teams, reps and queues.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    pub(crate) rotation: Rotation,
    pub(crate) queues: Queues,
    pub(crate) teams: BTreeMap<String, Team>,
    /// Leads of a queue that one step serves.
    pub(crate) at_once: usize,
}

impl Default for Desk {
    fn default() -> Self {
        Self {
            rotation: Rotation::default(),
            queues: Queues::default(),
            teams: BTreeMap::new(),
            at_once: SERVED_AT_ONCE,
        }
    }
}

/// What is remembered of a team.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Team {
    /// How many grants it has made.
    grants: u64,
    /// A letter is on its way that goes on serving its queue.
    serving: bool,
}

impl Team {
    fn write(&self, writer: &mut Writer) {
        writer.uint(self.grants);
        writer.bool(self.serving);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            grants: reader.uint()?,
            serving: reader.bool()?,
        })
    }
}

impl Desk {
    /// A lead asks for a rep.
    pub(crate) fn ask(&mut self, step: &mut Step<'_>, ask: &Ask) {
        let terms = step.terms;
        let Some(home) = terms.team(&ask.team) else {
            return no_team(step, ask);
        };
        let overflow = home.overflow.and_then(|place| terms.policy.teams.get(place));
        let overflow = overflow.map(|team| team.id.as_str());
        if self.is_serving(&ask.team) || overflow.is_some_and(|team| self.is_serving(team)) {
            return step.send(To::Desk, Letter::Ask(Box::new(ask.clone())));
        }
        let at_home = self.rotation.next(&ask.team, ask).map(|rep| (ask.team.as_str(), rep));
        let found = at_home.or_else(|| {
            let team = overflow?;
            Some((team, self.rotation.next(team, ask)?))
        });
        match found {
            Some((team, rep)) => self.grant(step, ask, team, &rep),
            None => self.queue(step, ask, overflow),
        }
    }

    /// A lead no longer waits.
    pub(crate) fn leave(&mut self, step: &mut Step<'_>, ask: AskId) {
        if let Some(number) = self.queues.place_of(ask) {
            self.drop_place(step, number);
        }
    }

    /// A rep is done with a lead.
    pub(crate) fn release(&mut self, step: &mut Step<'_>, release: &Release) {
        let Some(rep) = self.rotation.reps.get_mut(&release.rep) else {
            return;
        };
        rep.virtual_time -= release.gives_back;
        if release.frees {
            rep.open = rep.open.saturating_sub(1);
        }
        let team = rep.team.clone();
        self.changed_rep(step, &release.rep);
        self.serve(step, &team);
    }

    /// Goes on serving.
    pub(crate) fn go_on(&mut self, step: &mut Step<'_>, serve: &Serve) {
        self.set_serving(step, &serve.team, false);
        self.serve(step, &serve.team);
    }

    /// Goes through a team's queue in order; each lead that has an eligible rep leaves it.
    pub(crate) fn serve(&mut self, step: &mut Step<'_>, team: &str) {
        if self.is_serving(team) {
            return;
        }
        if step.terms.team(team).is_none() {
            return self.send_away(step, team);
        }
        let free: Vec<_> = self.rotation.team(team).filter(|(_, rep)| rep.has_room()).collect();
        let mut heads = if free.is_empty() {
            BTreeSet::new()
        } else {
            self.queues.servable(team, &free)
        };
        let mut served = 0;
        while let Some(number) = heads.pop_first() {
            if served == self.at_once {
                return self.serve_later(step, team);
            }
            let Some(place) = self.queues.places.get(&number) else {
                continue;
            };
            // Within one step reps only fill up, so a line that nobody can serve is done with.
            let Some(rep) = self.rotation.next(team, &place.ask) else {
                continue;
            };
            let ask = place.ask.clone();
            heads.extend(self.queues.behind(number));
            self.drop_place(step, number);
            self.grant(step, &ask, team, &rep);
            served += 1;
        }
    }

    /// Says that a team's queue is to be gone through by a letter of its own.
    pub(crate) fn serve_later(&mut self, step: &mut Step<'_>, team: &str) {
        self.set_serving(step, team, true);
        let serve = Serve {
            team: team.to_owned(),
            causation: step.cause.to_string(),
        };
        step.send(To::Desk, Letter::Serve(serve));
    }

    /// The queue of a team that the policy no longer names asks the routes again.
    fn send_away(&mut self, step: &mut Step<'_>, team: &str) {
        let numbers = self.queues.first(team, self.at_once);
        let more = numbers.len() == self.at_once;
        for number in numbers {
            if let Some(place) = self.queues.places.get(&number) {
                let ask = place.ask.clone();
                self.drop_place(step, number);
                no_team(step, &ask);
            }
        }
        if more {
            self.serve_later(step, team);
        }
    }

    fn grant(&mut self, step: &mut Step<'_>, ask: &Ask, team: &str, rep: &str) {
        let passed_over = self.passed_over(ask, team, Some(rep));
        let counter = self.teams.entry(team.to_owned()).or_default();
        counter.grants += 1;
        let number = counter.grants;
        let Some(cost) = self.rotation.reps.get_mut(rep).map(|rep| rep.grant(number)) else {
            return;
        };
        self.changed_rep(step, rep);
        changed_team(step, team);
        let granted = Granted {
            ask: ask.id,
            at: step.at,
            team: team.to_owned(),
            rep: rep.to_owned(),
            cost,
            passed_over,
            causation: step.cause.to_string(),
        };
        step.send(To::Lead(ask.id.lead), Letter::Granted(Box::new(granted)));
    }

    fn queue(&mut self, step: &mut Step<'_>, ask: &Ask, overflow: Option<&str>) {
        let waiting = Waiting {
            ask: ask.id,
            at: step.at,
            team: ask.team.clone(),
            passed_over: self.passed_over(ask, overflow.unwrap_or(&ask.team), None),
            causation: step.cause.to_string(),
        };
        let number = self.queues.join(ask, step.at);
        let kind = Kind::Place(number);
        changed(step, &kind, self.image_parts(&kind));
        step.send(To::Lead(ask.id.lead), Letter::Queued(Box::new(waiting)));
    }

    /// Every other rep of the team or teams asked, home team first; `last` is the last team asked.
    fn passed_over(&self, ask: &Ask, last: &str, chosen: Option<&str>) -> Vec<PassedOver> {
        let home = self.rotation.passed_over(&ask.team, ask, chosen);
        if last == ask.team {
            return home.collect();
        }
        home.chain(self.rotation.passed_over(last, ask, chosen)).collect()
    }

    fn drop_place(&mut self, step: &mut Step<'_>, number: u64) {
        let kind = Kind::Place(number);
        let images = self.image_parts(&kind);
        self.queues.remove(number);
        changed(step, &kind, images);
    }

    /// Whether a letter is on its way that goes on serving a team's queue.
    pub(crate) fn is_serving(&self, team: &str) -> bool {
        self.teams.get(team).is_some_and(|team| team.serving)
    }

    fn set_serving(&mut self, step: &mut Step<'_>, team: &str, serving: bool) {
        self.teams.entry(team.to_owned()).or_default().serving = serving;
        changed_team(step, team);
    }

    /// A rep is another than before.
    pub(crate) fn changed_rep(&self, step: &mut Step<'_>, rep: &str) {
        let kind = Kind::Rep(rep.to_owned());
        let images = self.image_parts(&kind);
        changed(step, &kind, images);
    }

    /// Open handoffs by team: places of its reps that are taken.
    pub(crate) fn open_by_team(&self, terms: &Terms) -> BTreeMap<String, u64> {
        let none = terms.policy.teams.iter().map(|team| (team.id.clone(), 0));
        let mut open: BTreeMap<_, _> = none.collect();
        for rep in self.rotation.reps.values() {
            *open.entry(rep.team.clone()).or_default() += u64::from(rep.open);
        }
        open
    }

    /// The bytes of a rep, team or place; none if it is not there.
    pub(crate) fn body(&self, kind: &Kind) -> Option<Vec<u8>> {
        let mut writer = Writer::new();
        match kind {
            Kind::Rep(rep) => self.rotation.reps.get(rep)?.write(&mut writer),
            Kind::Team(team) => self.teams.get(team)?.write(&mut writer),
            Kind::Place(number) => self.queues.places.get(number)?.write(&mut writer),
            Kind::Lead(_) | Kind::Cycle(..) | Kind::FormerMarks(..) | Kind::Marks(..) => return None,
        }
        Some(writer.0)
    }

    /// Puts a rep, team or place back, or takes it away.
    pub(crate) fn restore(&mut self, kind: &Kind, body: Option<&[u8]>) -> Result<(), Malformed> {
        let mut reader = Reader(body.unwrap_or_default());
        match (kind, body) {
            (Kind::Rep(id), Some(_)) => {
                self.rotation.reps.insert(id.clone(), Rep::read(&mut reader)?);
            }
            (Kind::Rep(id), None) => {
                self.rotation.reps.remove(id);
            }
            (Kind::Team(id), Some(_)) => {
                self.teams.insert(id.clone(), Team::read(&mut reader)?);
            }
            (Kind::Team(id), None) => {
                self.teams.remove(id);
            }
            (Kind::Place(number), Some(_)) => self.queues.put(*number, Place::read(&mut reader)?),
            (Kind::Place(number), None) => {
                self.queues.remove(*number);
            }
            (Kind::Lead(_) | Kind::Cycle(..) | Kind::FormerMarks(..) | Kind::Marks(..), _) => return Err(Malformed),
        }
        reader.end()
    }

    fn image_parts(&self, kind: &Kind) -> u16 {
        self.body(kind).map_or(1, |body| parts(body.len())).max(1)
    }
}

fn no_team(step: &mut Step<'_>, ask: &Ask) {
    let none = NoTeam {
        ask: ask.id,
        causation: step.cause.to_string(),
    };
    step.send(To::Lead(ask.id.lead), Letter::NoTeam(none));
}

fn changed_team(step: &mut Step<'_>, team: &str) {
    changed(step, &Kind::Team(team.to_owned()), 1);
}

fn changed(step: &mut Step<'_>, kind: &Kind, images: u16) {
    let entities = (0..images).map(|part| Entity {
        kind: kind.clone(),
        part,
    });
    step.effects.changed.extend(entities);
}
