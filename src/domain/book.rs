//! The book: the leads of one journal partition and, in partition 0, the desk.
//!
//! It takes facts, letters and the passing of time, in the order of the journal, and returns what
//! follows. It cannot fail: whatever it is told, the answer is a decision.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use super::by_lead::ByLead;
use super::bytes::{Malformed, Writer};
use super::cell::Cell;
use super::cycle::Archive;
use super::deadline;
use super::desk::Desk;
use super::duplicates::{Gap, Mark, Marks};
use super::effects::{Cause, Effects, Step};
use super::erasure;
use super::event::Verdict;
use super::fact::{Body, Fact, FollowUp, RepChange};
use super::follow_up;
use super::fresh::TurnNumber;
use super::handoff;
use super::ids::LeadId;
use super::image::{self, Entity, Kind};
use super::lead::{Erased, Known, Lead};
use super::letter::Letter;
use super::policy::Policy;
use super::qualification;
use super::roster;
use super::terms::Terms;
use super::time::Instant;
use super::unbound::{Came, Unbound};
use crate::planted::{self, Bug};

/// The leads of one journal partition; in partition 0 also the desk.
#[derive(Debug)]
pub struct Book {
    terms: Terms,
    shelf: Shelf,
    desk: Option<Desk>,
    unbound: Unbound,
}

/// All leads at rest.
#[derive(Debug, Default)]
pub struct Shelf {
    cells: ByLead<Cell>,
    around: Around,
}

/// What goes with the leads at rest.
#[derive(Debug, Default)]
struct Around {
    archive: Archive,
    /// The first deadline of each lead that has one.
    timers: BTreeSet<(Instant, LeadId)>,
    leads: u64,
    scratch: Writer,
    unbound: Unbound,
    /// Whose marks came back with a gap that something was to fill.
    gaps: Vec<LeadId>,
}

/// Something that a turn of the state log comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ahead {
    /// What it is.
    pub entity: Entity,
    /// The bytes of its image, if that is known to stand in the turn already.
    pub stands: Option<usize>,
}

/// Numbers for metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gauges {
    /// Leads, erased ones not among them.
    pub leads: u64,
    /// Places of reps' capacity that are taken, by team id.
    pub handoffs_open: BTreeMap<String, u64>,
    /// Queues, by team id.
    pub queues: BTreeMap<String, QueueGauge>,
}

/// Numbers of one queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueGauge {
    /// Leads that wait.
    pub leads: u64,
    /// When the first of them joined.
    pub oldest: Option<Instant>,
}

impl Book {
    /// An empty book of journal partition `partition` out of `partitions`.
    pub fn new(partition: u32, _partitions: u32, policy: Arc<Policy>) -> Self {
        let desk = (partition == 0).then(|| roster::open(&policy));
        Self {
            terms: Terms::new(policy),
            shelf: Shelf::default(),
            desk,
            unbound: Unbound::default(),
        }
    }

    /// No step serves more than so many leads of a queue; how the rest is cut changes nothing else.
    #[must_use]
    pub fn serving(mut self, at_once: usize) -> Self {
        if let Some(desk) = &mut self.desk {
            desk.at_once = at_once.max(1);
        }
        self
    }

    /// The policy in force.
    pub fn policy(&self) -> &Arc<Policy> {
        &self.terms.policy
    }

    /// A fact about a lead of this partition, at this journal time. Roster facts belong to
    /// partition 0; for them `lead` means nothing.
    pub fn fact(&mut self, at: Instant, lead: LeadId, fact: &Fact, effects: &mut Effects) -> Verdict {
        let mut step = Step::new(at, Cause::Fact(fact), &self.terms, effects);
        match (&fact.body, &mut self.desk) {
            (Body::Rep(change), Some(desk)) => self.shelf.roster_fact(desk, &mut step, fact, change),
            (Body::Rep(_), None) => Verdict::Ignored,
            _ => self.shelf.lead_fact(&mut step, lead, fact),
        }
    }

    /// Looks up what is kept under these ids, so that memory is on its way before each is needed:
    /// the looks of one call wait for memory side by side, those of facts one after the other.
    pub fn warm(&self, leads: impl Iterator<Item = LeadId>) {
        for cell in leads.filter_map(|lead| self.shelf.cells.get(lead)) {
            let touched = lines(cell.known()).chain(lines(cell.marks().map_or(&[], Marks::bytes)));
            std::hint::black_box(touched.fold(0, |all, byte| all ^ byte));
        }
    }

    /// The same for the images of these entities.
    pub fn warm_images<'a>(&self, entities: impl Iterator<Item = &'a Entity>) {
        let images = entities.filter_map(|entity| self.shelf.body(&entity.kind));
        std::hint::black_box(images.flat_map(lines).fold(0, |all, byte| all ^ byte));
    }

    /// A letter that has arrived at this journal time.
    pub fn letter(&mut self, at: Instant, letter: &Letter, effects: &mut Effects) {
        let cause = Cause::Text(match letter {
            Letter::Ask(ask) => &ask.causation,
            Letter::Leave(_) => "",
            Letter::Release(release) => &release.causation,
            Letter::Serve(serve) => &serve.causation,
            Letter::Granted(granted) => &granted.causation,
            Letter::Queued(waiting) => &waiting.causation,
            Letter::NoTeam(none) => &none.causation,
        });
        let step = &mut Step::new(at, cause, &self.terms, effects);
        let Some(lead) = letter.lead() else {
            if let Some(desk) = &mut self.desk {
                desk_letter(desk, step, letter);
            }
            return;
        };
        self.shelf.with(lead, step, |known, _, step| match letter {
            Letter::Granted(granted) => handoff::granted(known, step, granted),
            Letter::Queued(waiting) => handoff::queued(known, step, waiting),
            Letter::NoTeam(none) => handoff::no_team(known, step, none),
            Letter::Ask(_) | Letter::Leave(_) | Letter::Release(_) | Letter::Serve(_) => {}
        });
    }

    /// The instant of the first deadline to fire.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.shelf.around.timers.first().map(|(at, _)| *at)
    }

    /// Fires deadlines whose instant is before `before`, in the contract's order, at most `limit`;
    /// returns how many. What each leads to carries its own instant as the decision time.
    pub fn fire(&mut self, before: Instant, limit: usize, effects: &mut Effects) -> usize {
        for fired in 0..limit {
            let Some((at, lead)) = self.shelf.around.timers.first().copied().filter(|(at, _)| *at < before) else {
                return fired;
            };
            let terms = &self.terms;
            let step = &mut Step::new(at, Cause::Text(""), terms, effects);
            self.shelf.with(lead, step, |known, archive, step| {
                if let Known::Lead(lead) = known {
                    deadline::fire(lead, archive, terms, step.effects);
                }
            });
        }
        limit
    }

    /// Adopts another policy (contract §9, Adoption).
    pub fn adopt(&mut self, at: Instant, policy: Arc<Policy>, effects: &mut Effects) {
        self.terms = Terms::new(policy);
        let cause = Cause::Policy(self.terms.policy.version);
        let mut step = Step::new(at, cause, &self.terms, effects);
        if let Some(desk) = &mut self.desk {
            roster::adopt(desk, &mut step);
        }
    }

    /// Numbers for metrics.
    pub fn gauges(&self) -> Gauges {
        let desk = self.desk.as_ref();
        let queues = desk.into_iter().flat_map(|desk| desk.queues.lengths());
        Gauges {
            leads: self.shelf.around.leads,
            handoffs_open: desk.map(|desk| desk.open_by_team(&self.terms)).unwrap_or_default(),
            queues: queues
                .map(|(team, leads, oldest)| {
                    let leads = leads as u64;
                    (team.clone(), QueueGauge { leads, oldest })
                })
                .collect(),
        }
    }
}

#[cfg(test)]
impl Book {
    /// Places taken and capacity, by rep.
    pub(crate) fn reps(&self) -> BTreeMap<String, (u32, u32)> {
        let reps = self.desk.iter().flat_map(|desk| &desk.rotation.reps);
        reps.map(|(id, rep)| (id.clone(), (rep.open, rep.capacity))).collect()
    }
}

/// Entities: what the state log writes and gives back.
impl Book {
    /// Appends the entity's image; false if the entity is gone.
    pub fn image(&self, entity: &Entity, into: &mut Vec<u8>) -> bool {
        match &entity.kind {
            Kind::Lead(_) | Kind::Cycle(..) | Kind::FormerMarks(..) | Kind::Marks(..) => self.shelf.image(entity, into),
            kind @ (Kind::Rep(_) | Kind::Team(_) | Kind::Place(_)) => {
                let body = self.desk.as_ref().and_then(|desk| desk.body(kind));
                body.is_some_and(|body| image::wrap(&body, entity.part, into))
            }
        }
    }

    /// Puts an entity back as its image says; an empty image means gone. Entities may come in any
    /// order and repeatedly; the last image of each stands. What makes no sense may be told by
    /// `rebuilt` only.
    pub fn restore(&mut self, entity: &Entity, image: &[u8]) -> Result<(), Malformed> {
        if entity.is_of_a_lead() {
            return self.shelf.restore(entity, image);
        }
        match self.unbound.take(entity, image)? {
            Came::Body(body) => self.put(&entity.kind, body),
            Came::Part => Ok(()),
        }
    }

    /// Knows no reps, not even those of the policy: all come back from images.
    pub fn forget_reps(&mut self) {
        if let Some(desk) = &mut self.desk {
            desk.rotation.reps.clear();
        }
    }

    /// Takes all leads over; there were none before.
    pub fn take_leads(&mut self, leads: Shelf) {
        self.shelf = leads;
    }

    /// After the last `restore`: binds what came in parts and winds the timers.
    pub fn rebuilt(&mut self) -> Result<(), Malformed> {
        for (kind, body) in self.unbound.bound()? {
            self.put(&kind, Some(&body))?;
        }
        if let Some(desk) = &mut self.desk {
            desk.rotation.arrange();
        }
        self.shelf.rebuilt()
    }

    /// What lives in the book, in order, from behind `after`, at most `limit`.
    pub fn entities_after(&self, after: Option<&Entity>, limit: usize) -> Vec<Entity> {
        let ahead = self.ahead(after, limit, None);
        ahead.into_iter().map(|ahead| ahead.entity).collect()
    }

    /// The same, with what of it is known to stand in a turn of the state log.
    pub fn ahead(&self, after: Option<&Entity>, limit: usize, turn: Option<TurnNumber>) -> Vec<Ahead> {
        let mut found = Vec::new();
        self.shelf.leads_after(after, limit, turn, &mut found);
        self.shelf.cycles_after(after, limit, &mut found);
        self.shelf.marks_after(after, limit, turn, &mut found);
        if let Some(desk) = &self.desk {
            let reps = desk.rotation.reps.keys().cloned().map(Kind::Rep);
            let teams = desk.teams.keys().cloned().map(Kind::Team);
            let from = match after.map(|after| &after.kind) {
                Some(Kind::Place(number)) => *number,
                _ => 0,
            };
            let places = desk.queues.places.range(from..).map(|(number, _)| Kind::Place(*number));
            for kind in reps.chain(teams).chain(places) {
                if found.len() >= limit {
                    break;
                }
                let behind = after.is_none_or(|after| kind >= after.kind);
                let parts = if behind {
                    desk.body(&kind).map_or(0, |body| image::parts(body.len()))
                } else {
                    0
                };
                push_parts(&kind, parts, after, limit, &mut found, |_| None);
            }
        }
        found
    }

    /// Takes note that an entity is written in this turn of the state log, as it is now.
    pub fn wrote(&mut self, entity: &Entity, turn: TurnNumber) {
        let Some((marks, chunk)) = self.shelf.marks_beside(&entity.kind) else {
            return;
        };
        match chunk {
            Some(number) => marks.fresh.wrote_chunk(turn, number),
            None => marks.fresh.wrote_lead(turn),
        }
    }

    /// Takes note that an entity is carried: what is known of earlier turns goes.
    pub fn carried(&mut self, entity: &Entity, turn: TurnNumber) {
        if let Some((marks, _)) = self.shelf.marks_beside(&entity.kind) {
            marks.fresh.carried(turn);
        }
    }

    /// Lets go of duplicate marks that ran out; for the turn of the state log, before `image`.
    pub fn expire(&mut self, at: Instant, entity: &Entity, effects: &mut Effects) {
        let Kind::Marks(lead, _) = &entity.kind else { return };
        let Some(cell) = self.shelf.cells.get_mut(*lead) else {
            return;
        };
        if let Some(marks) = cell.marks_mut() {
            let gone = marks.expire(at).map(|chunk| Entity::whole(Kind::Marks(*lead, chunk)));
            effects.changed.extend(gone);
        }
        cell.drop_empty_marks();
        if cell.is_empty() {
            self.shelf.cells.remove(*lead);
        }
    }

    fn put(&mut self, kind: &Kind, body: Option<&[u8]>) -> Result<(), Malformed> {
        let desk = self.desk.as_mut().ok_or(Malformed)?;
        desk.restore(kind, body)
    }
}

/// A byte of each cache line.
fn lines(bytes: &[u8]) -> impl Iterator<Item = u8> {
    bytes.iter().step_by(64).chain(bytes.last()).copied()
}

fn desk_letter(desk: &mut Desk, step: &mut Step<'_>, letter: &Letter) {
    match letter {
        Letter::Ask(ask) => desk.ask(step, ask),
        Letter::Leave(ask) => desk.leave(step, *ask),
        Letter::Release(release) => desk.release(step, release),
        Letter::Serve(serve) => desk.go_on(step, serve),
        Letter::Granted(_) | Letter::Queued(_) | Letter::NoTeam(_) => {}
    }
}

fn push_parts(
    kind: &Kind,
    parts: u16,
    after: Option<&Entity>,
    limit: usize,
    found: &mut Vec<Ahead>,
    stands: impl Fn(u16) -> Option<usize>,
) {
    for part in 0..parts {
        let kind = kind.clone();
        let entity = Entity { kind, part };
        if found.len() < limit && after.is_none_or(|after| entity > *after) {
            let stands = stands(part);
            found.push(Ahead { entity, stands });
        }
    }
}

impl Cell {
    fn mark(&mut self, id: LeadId, mark: Mark, step: &mut Step<'_>) {
        let written = self.marks_or_new().add(mark, step.at);
        let gone = written.gone.map(|chunk| Entity::whole(Kind::Marks(id, chunk)));
        step.effects.changed.extend(gone);
        step.effects.changed.push(Entity::whole(Kind::Marks(id, written.grown)));
        step.effects.counts.marks_evicted += u64::from(written.evicted);
    }

    /// Reads what is known, changes it, and writes it back.
    fn change<R>(
        &mut self,
        id: LeadId,
        around: &mut Around,
        step: &mut Step<'_>,
        change: impl FnOnce(&mut Known<'_>, &mut Archive, &mut Step<'_>) -> R,
    ) -> R {
        let before = self.known();
        // Images are checked when they are restored, so this does not fail.
        let mut known = Known::read(id, before).unwrap_or(Known::Nothing);
        let due_before = known.due();
        let result = change(&mut known, &mut around.archive, step);
        let due = known.due();
        if due != due_before {
            around.timers.extend(due.map(|due| (due, id)));
            due_before.map(|due| around.timers.remove(&(due, id)));
        }
        around.scratch.0.clear();
        known.write(&mut around.scratch);
        let is_lead = matches!(known, Known::Lead(_));
        let after = around.scratch.0.as_slice();
        if before != after {
            let was_lead = Known::is_lead(before);
            around.leads = (around.leads + u64::from(is_lead)).saturating_sub(u64::from(was_lead));
            // All of them, as what stands in a turn of the state log is known of the lead as a whole.
            for part in 0..image::parts(before.len()).max(image::parts(after.len())) {
                let kind = Kind::Lead(id);
                step.effects.changed.push(Entity { kind, part });
            }
            self.keep(after);
        }
        result
    }
}

impl Shelf {
    fn lead_fact(&mut self, step: &mut Step<'_>, id: LeadId, fact: &Fact) -> Verdict {
        let mark = Mark::of(&fact.source, &fact.id);
        let cell = self.cells.entry(id);
        if cell.has_seen(mark, step.at) {
            return Verdict::Duplicate;
        }
        let happened = fact.at.min(step.at);
        let verdict = cell.change(id, &mut self.around, step, |known, archive, step| {
            take_fact(known, archive, step, (id, happened, &fact.body))
        });
        if !matches!(verdict, Verdict::Rejected(_)) {
            cell.mark(id, mark, step);
        } else if cell.is_empty() {
            self.cells.remove(id);
        }
        verdict
    }

    /// Roster facts are deduplicated per rep, under a hash of the rep's id.
    fn roster_fact(&mut self, desk: &mut Desk, step: &mut Step<'_>, fact: &Fact, change: &RepChange) -> Verdict {
        let Mark(id) = Mark::of("rep", &change.rep);
        let (id, mark) = (LeadId(id), Mark::of(&fact.source, &fact.id));
        let known = self.cells.get(id);
        if known.is_some_and(|cell| cell.has_seen(mark, step.at)) {
            return Verdict::Duplicate;
        }
        if let Err(rejection) = roster::check(desk, step, change) {
            return Verdict::Rejected(rejection);
        }
        self.cells.entry(id).mark(id, mark, step);
        roster::change(desk, step, fact.at.min(step.at), change)
    }

    /// Changes what is known under an id.
    fn with(
        &mut self,
        id: LeadId,
        step: &mut Step<'_>,
        change: impl FnOnce(&mut Known<'_>, &mut Archive, &mut Step<'_>),
    ) {
        let cell = self.cells.entry(id);
        cell.change(id, &mut self.around, step, change);
        if cell.is_empty() {
            self.cells.remove(id);
        }
    }

    /// The marks that go with a lead or a chunk, and the number of the chunk.
    fn marks_beside(&mut self, kind: &Kind) -> Option<(&mut Marks, Option<u32>)> {
        let (lead, chunk) = match kind {
            Kind::Lead(lead) => (*lead, None),
            Kind::Marks(lead, chunk) => (*lead, Some(*chunk)),
            Kind::Cycle(..) | Kind::FormerMarks(..) | Kind::Rep(_) | Kind::Team(_) | Kind::Place(_) => return None,
        };
        let marks = self.cells.get_mut(lead)?.marks_mut()?;
        Some((marks, chunk))
    }

    fn leads_after(&self, after: Option<&Entity>, limit: usize, turn: Option<TurnNumber>, found: &mut Vec<Ahead>) {
        let from = match after {
            None => None,
            Some(Entity {
                kind: Kind::Lead(lead), ..
            }) => Some(*lead),
            Some(_) => return,
        };
        for (lead, cell) in self.cells.range(from) {
            if found.len() >= limit {
                return;
            }
            let after = after.filter(|_| from == Some(lead));
            let fresh = cell.marks().map(|marks| marks.fresh);
            let is_fresh = turn.zip(fresh).is_some_and(|(turn, fresh)| fresh.has_lead(turn));
            let stands = |part| is_fresh.then(|| image::len(cell.known(), part)).flatten();
            let parts = image::parts(cell.known().len());
            push_parts(&Kind::Lead(lead), parts, after, limit, found, stands);
        }
    }

    fn cycles_after(&self, after: Option<&Entity>, limit: usize, found: &mut Vec<Ahead>) {
        let from = match after.map(|after| &after.kind) {
            None | Some(Kind::Lead(_)) => Bound::Unbounded,
            Some(Kind::Cycle(lead, cycle)) => Bound::Included((*lead, *cycle)),
            Some(_) => return,
        };
        for ((lead, cycle), body) in self.around.archive.0.range((from, Bound::Unbounded)) {
            if found.len() >= limit {
                return;
            }
            push_parts(
                &Kind::Cycle(*lead, *cycle),
                image::parts(body.len()),
                after,
                limit,
                found,
                |_| None,
            );
        }
    }

    fn marks_after(&self, after: Option<&Entity>, limit: usize, turn: Option<TurnNumber>, found: &mut Vec<Ahead>) {
        let from = match after.map(|after| &after.kind) {
            None | Some(Kind::Lead(_) | Kind::Cycle(..)) => None,
            Some(Kind::FormerMarks(lead, _) | Kind::Marks(lead, _)) => Some(*lead),
            Some(_) => return,
        };
        if found.len() >= limit {
            // Or everybody would be looked at who has no marks.
            return;
        }
        for (lead, cell) in self.cells.range(from) {
            let after = after.filter(|_| from == Some(lead));
            let Some(marks) = cell.marks() else { continue };
            for chunk in marks.chunks() {
                if found.len() >= limit {
                    return;
                }
                let is_fresh = turn.is_some_and(|turn| marks.fresh.has_chunk(turn, chunk));
                let stands = |part| image::len(marks.chunk(chunk).filter(|_| is_fresh)?, part);
                push_parts(&Kind::Marks(lead, chunk), 1, after, limit, found, stands);
            }
        }
    }
}

/// Coming back: leads need no policy, so they may come before it.
impl Shelf {
    /// How many have a place here.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether nobody has.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends the image of an entity of a lead; false if it is gone.
    pub fn image(&self, entity: &Entity, into: &mut Vec<u8>) -> bool {
        let body = self.body(&entity.kind);
        body.is_some_and(|body| image::wrap(body, entity.part, into))
    }

    fn body(&self, kind: &Kind) -> Option<&[u8]> {
        match kind {
            Kind::Lead(lead) => self.cells.get(*lead).map(Cell::known),
            Kind::Cycle(lead, cycle) => self.around.archive.0.get(&(*lead, *cycle)).map(AsRef::as_ref),
            Kind::Marks(lead, chunk) => self.cells.get(*lead)?.marks()?.chunk(*chunk),
            Kind::FormerMarks(..) | Kind::Rep(_) | Kind::Team(_) | Kind::Place(_) => None,
        }
    }

    /// See `Book::restore`; for entities of leads.
    pub fn restore(&mut self, entity: &Entity, image: &[u8]) -> Result<(), Malformed> {
        match self.around.unbound.take(entity, image)? {
            Came::Body(body) => self.put(&entity.kind, body),
            Came::Part => Ok(()),
        }
    }

    fn put(&mut self, kind: &Kind, body: Option<&[u8]>) -> Result<(), Malformed> {
        match kind {
            Kind::Lead(lead) => {
                let cell = self.cells.entry(*lead);
                cell.keep(&Known::renewed(*lead, body.unwrap_or_default())?);
                if cell.is_empty() {
                    self.cells.remove(*lead);
                }
                Ok(())
            }
            Kind::Cycle(lead, cycle) => self.around.archive.restore(*lead, *cycle, body),
            Kind::FormerMarks(lead, chunk) => self.put_marks(*lead, |marks| marks.restore_former(*chunk, body)),
            Kind::Marks(lead, chunk) => self.put_marks(*lead, |marks| marks.restore(*chunk, body)),
            Kind::Rep(_) | Kind::Team(_) | Kind::Place(_) => Err(Malformed),
        }
    }

    fn put_marks(
        &mut self,
        lead: LeadId,
        put: impl FnOnce(&mut Marks) -> Result<Gap, Malformed>,
    ) -> Result<(), Malformed> {
        let cell = self.cells.entry(lead);
        if put(cell.marks_or_new())? == Gap::Left {
            self.around.gaps.push(lead);
        }
        cell.drop_empty_marks();
        if cell.is_empty() {
            self.cells.remove(lead);
        }
        Ok(())
    }

    /// Puts together what came in pieces, looks through everything, and winds the timers.
    fn rebuilt(&mut self) -> Result<(), Malformed> {
        for (kind, body) in self.around.unbound.bound()? {
            self.put(&kind, Some(&body))?;
        }
        for lead in std::mem::take(&mut self.around.gaps) {
            let marks = self.cells.get(lead).and_then(Cell::marks);
            if marks.is_some_and(|marks| !marks.is_whole()) {
                return Err(Malformed);
            }
        }
        let around = &mut self.around;
        around.timers.clear();
        around.leads = 0;
        for (id, cell) in self.cells.range(None) {
            let known = Known::checked(id, cell.known())?;
            around.leads += u64::from(matches!(known, Known::Lead(_)));
            if !planted::is(Bug::TimersLost) {
                around.timers.extend(known.due().map(|due| (due, id)));
            }
        }
        Ok(())
    }
}

/// A fact about a lead that is no duplicate.
fn take_fact(
    known: &mut Known<'_>,
    archive: &mut Archive,
    step: &mut Step<'_>,
    (id, happened, body): (LeadId, Instant, &Body),
) -> Verdict {
    if known.erased().is_some_and(|erased| happened <= erased.at) {
        return Verdict::Erased;
    }
    match body {
        Body::Erasure(_) => {
            erasure::forget(known, id, archive, step);
            Verdict::Accepted
        }
        Body::FollowUp(follow_up) => take_follow_up(known, archive, step, happened, follow_up),
        Body::Engagement(engagement) if engagement.is_bot => Verdict::Ignored,
        Body::Rep(_) => Verdict::Ignored,
        Body::Form(_) | Body::Engagement(_) | Body::Profile(..) | Body::Consent(..) => {
            take_event(known, archive, step, (id, happened, body));
            Verdict::Accepted
        }
    }
}

fn take_follow_up(
    known: &mut Known<'_>,
    archive: &mut Archive,
    step: &mut Step<'_>,
    happened: Instant,
    follow_up: &FollowUp,
) -> Verdict {
    let of_erased = |erased: &Erased| match follow_up.handoff {
        Some(handoff) => handoff.cycle <= erased.cycle,
        None => false,
    };
    if known.erased().as_ref().is_some_and(of_erased) {
        return Verdict::Erased;
    }
    match known {
        Known::Lead(lead) => follow_up::take(lead, archive, step, happened, follow_up),
        Known::Erased(_) if follow_up.handoff.is_none() => Verdict::Erased,
        Known::Erased(_) | Known::Nothing => follow_up::unknown_handoff(),
    }
}

fn take_event(known: &mut Known<'_>, archive: &mut Archive, step: &mut Step<'_>, event: (LeadId, Instant, &Body)) {
    let (id, happened, body) = event;
    let is_new = !matches!(known, Known::Lead(_));
    if is_new {
        *known = Known::Lead(Lead::new(id, step.at, known.erased()));
    }
    let Known::Lead(lead) = known else { return };
    let matched = lead.learn(step, happened, body);
    if is_new {
        lead.emit_stage(step, None, None, None);
    }
    qualification::consider(lead, archive, step, (happened, &matched));
}
