//! Handing a lead on: asking the desk, and what its answers start.

use super::cycle::{Cycle, Now};
use super::effects::{Step, To};
use super::event::{Decision, HandedOff, Queued, Topic, Withdrawn, WithdrawnBecause};
use super::fact::HandoffId;
use super::lead::{Known, Lead};
use super::letter::{Ask, AskId, Granted, Letter, NoTeam, Release, Waiting};
use super::route;
use super::sla::{self, Attempt, Holder};
use super::text::folded;

/// Asks the route's team for a rep.
pub(crate) fn ask(lead: &mut Lead<'_>, step: &mut Step<'_>) {
    let id = lead.id;
    let refused = lead.history().refused.clone();
    let Some(cycle) = lead.cycle_mut() else { return };
    cycle.asks += 1;
    let (ask, route) = (cycle.ask_id(id), cycle.route.clone());
    let owner = route.owner_from.as_deref().and_then(|from| lead.profile().text(from));
    let ask = Ask {
        id: ask,
        team: route.team,
        needs: route.needs,
        refused,
        owner: owner.map(|owner| folded(owner).into_owned()),
        causation: step.cause.to_string(),
    };
    step.send(To::Desk, Letter::Ask(Box::new(ask)));
}

/// Asks again, by the routes as they are now.
fn ask_routes_again(lead: &mut Lead<'_>, step: &mut Step<'_>) {
    let route = route::choose(step.terms, lead.profile());
    if let (Some(cycle), Some(route)) = (lead.cycle_mut(), route) {
        cycle.route = route;
        ask(lead, step);
    }
}

/// The desk found a rep.
pub(crate) fn granted(known: &mut Known<'_>, step: &mut Step<'_>, granted: &Granted) {
    let Some(lead) = awaiting(known, granted.ask) else {
        return give_back(step, granted);
    };
    let terms = step.terms;
    let Some(team) = terms.team(&granted.team) else {
        give_back(step, granted);
        return ask_routes_again(lead, step);
    };
    let Some(cycle) = lead.cycle_mut() else { return };
    cycle.close_attempt(granted.at, Now::Asking);
    let may_reassign = cycle.reassigns < team.sla.reassign_at_most;
    let promise = sla::promise(terms, team, granted.at, may_reassign);
    let holder = Holder::Rep {
        id: granted.rep.clone(),
        cost: granted.cost,
        holds_place: true,
    };
    let attempt = Attempt::new(team, holder, &promise);
    let handoff = handoff_id(granted.ask, cycle);
    let (route, qualified) = (cycle.route.name.clone(), cycle.qualified.clone());
    cycle.now = Now::Open(attempt);
    lead.history().tell(&team.topic);
    let handed_off = HandedOff {
        handoff,
        team: granted.team.clone(),
        rep: granted.rep.clone(),
        route,
        person: lead.person(),
        profile: lead.profile().attributes(),
        campaign: lead.campaigns(),
        score: lead.score(step, granted.at.day()),
        qualified_at: qualified.at,
        qualified_by: qualified.by,
        passed_over: granted.passed_over.clone(),
        sla: promise,
        message: lead.message.as_ref().map(|message| message.what.to_string()),
        policy: step.stamp(),
    };
    let topic = Topic::Handoffs(team.topic.clone());
    step.emit(topic, lead.id, Decision::HandedOff(Box::new(handed_off)));
}

/// The desk has nobody, and put the lead into a queue.
pub(crate) fn queued(known: &mut Known<'_>, step: &mut Step<'_>, waiting: &Waiting) {
    let Some(lead) = awaiting(known, waiting.ask) else {
        step.effects.counts.stale_answers += 1;
        return step.send(To::Desk, Letter::Leave(waiting.ask));
    };
    let terms = step.terms;
    let Some(team) = terms.team(&waiting.team) else {
        step.send(To::Desk, Letter::Leave(waiting.ask));
        return ask_routes_again(lead, step);
    };
    let Some(cycle) = lead.cycle_mut() else { return };
    cycle.close_attempt(waiting.at, Now::Asking);
    let promise = sla::promise(terms, team, waiting.at, false);
    let handoff = handoff_id(waiting.ask, cycle);
    cycle.now = Now::Open(Attempt::new(team, Holder::Queue, &promise));
    let queued = Queued {
        handoff,
        team: waiting.team.clone(),
        route: cycle.route.name.clone(),
        passed_over: waiting.passed_over.clone(),
        sla: promise,
        policy: step.stamp(),
    };
    step.emit(Topic::Lifecycle, waiting.ask.lead, Decision::Queued(Box::new(queued)));
}

/// The desk doesn't know the team any more.
pub(crate) fn no_team(known: &mut Known<'_>, step: &mut Step<'_>, none: &NoTeam) {
    if let Some(lead) = awaiting(known, none.ask) {
        ask_routes_again(lead, step);
    }
}

/// Takes the lead from whoever has it, to ask again: by deadline, or because the rep refused.
/// The caller ends the attempt's story; this says `withdrawn`, and nothing from nobody.
pub(crate) fn emit_withdrawn(lead: &Lead<'_>, step: &mut Step<'_>, end: &Ended, because: WithdrawnBecause) {
    let Holder::Rep { id: rep, .. } = &end.attempt.holder else {
        return;
    };
    let withdrawn = Withdrawn {
        handoff: end.handoff,
        team: end.attempt.record.team.clone(),
        rep: rep.clone(),
        because,
        policy: step.stamp(),
    };
    let topic = Topic::Handoffs(end.attempt.topic.clone());
    step.emit(topic, lead.id, Decision::Withdrawn(withdrawn));
}

/// An attempt that was open until now.
pub(crate) struct Ended {
    pub(crate) handoff: HandoffId,
    pub(crate) attempt: Attempt,
    ask: AskId,
}

impl Ended {
    /// Lets go of the rep's place, or of the place in the queue.
    pub(crate) fn let_go(&self, step: &mut Step<'_>, rejected: bool) {
        match &self.attempt.holder {
            Holder::Queue => step.send(To::Desk, Letter::Leave(self.ask)),
            Holder::Rep { id, cost, holds_place } => {
                let gives_back = if rejected { *cost } else { 0 };
                release(step, id, *holds_place, gives_back);
            }
        }
    }
}

/// Ends the open attempt of the present cycle, if there is one.
pub(crate) fn end_attempt(lead: &mut Lead<'_>, step: &Step<'_>, now: Now) -> Option<Ended> {
    let id = lead.id;
    let cycle = lead.cycle_mut()?;
    let Now::Open(attempt) = &cycle.now else { return None };
    let ended = Ended {
        handoff: handoff_id(cycle.ask_id(id), cycle),
        attempt: attempt.clone(),
        ask: cycle.ask_id(id),
    };
    cycle.close_attempt(step.at, now);
    Some(ended)
}

/// Tells the desk that a rep is done with a lead, if that means anything to it.
pub(crate) fn release(step: &mut Step<'_>, rep: &str, frees: bool, gives_back: i64) {
    if frees || gives_back > 0 {
        let release = Release {
            rep: rep.to_owned(),
            frees,
            gives_back,
            causation: step.cause.to_string(),
        };
        step.send(To::Desk, Letter::Release(release));
    }
}

fn give_back(step: &mut Step<'_>, granted: &Granted) {
    step.effects.counts.stale_answers += 1;
    release(step, &granted.rep, true, granted.cost);
}

/// The lead, if it still waits for the answer to this ask.
fn awaiting<'k, 'a>(known: &'k mut Known<'a>, ask: AskId) -> Option<&'k mut Lead<'a>> {
    let Known::Lead(lead) = known else { return None };
    let awaits = lead.has_history() && lead.cycle_mut().is_some_and(|cycle| cycle.awaits(ask));
    awaits.then_some(lead)
}

fn handoff_id(ask: AskId, cycle: &Cycle) -> HandoffId {
    HandoffId {
        lead: ask.lead,
        cycle: cycle.number,
        attempt: cycle.attempt_number(),
    }
}
