//! The roster: who sells for which team, as the policy file and roster facts say.

use std::collections::BTreeSet;

use super::desk::Desk;
use super::effects::Step;
use super::event::{RejectReason, Rejection, Verdict};
use super::fact::RepChange;
use super::policy::Policy;
use super::rotation::{Rep, Standing};
use super::time::Instant;

/// The reps of the first policy: all at virtual time 0, available.
pub(crate) fn open(policy: &Policy) -> Desk {
    let mut desk = Desk::default();
    for (place, terms) in policy.reps.iter().enumerate() {
        let Some(team) = policy.teams.get(terms.team) else {
            continue;
        };
        let mut rep = Rep::new(&team.id, Standing::Policy(place as u32));
        rep.take_terms(terms, place as u32);
        desk.rotation.reps.insert(terms.id.clone(), rep);
    }
    desk.rotation.arrange();
    desk
}

/// What makes a roster fact a dead letter, in the order team, rep, capacity.
pub(crate) fn check(desk: &Desk, step: &Step<'_>, change: &RepChange) -> Result<(), Rejection> {
    let reject = |reason, detail: &str| {
        let detail = detail.to_owned();
        Err(Rejection { reason, detail })
    };
    if change.team.as_ref().is_some_and(|team| step.terms.team(team).is_none()) {
        return reject(RejectReason::UnknownTeam, "the policy names no such team");
    }
    let is_known = desk.rotation.reps.contains_key(&change.rep);
    if is_named(desk, &change.rep) || (is_known && change.team.is_none()) {
        return Ok(());
    }
    if change.team.is_none() {
        return reject(
            RejectReason::UnknownRep,
            "neither the policy nor the roster has named this rep",
        );
    }
    if change.capacity.is_none() {
        return reject(
            RejectReason::InvalidData,
            "a rep first named by the roster needs `capacity`",
        );
    }
    Ok(())
}

fn is_named(desk: &Desk, rep: &str) -> bool {
    let rep = desk.rotation.reps.get(rep);
    rep.is_some_and(|rep| !matches!(rep.standing, Standing::Gone(_)))
}

/// A roster fact that passed `check`.
pub(crate) fn change(desk: &mut Desk, step: &mut Step<'_>, happened: Instant, change: &RepChange) -> Verdict {
    let id = change.rep.as_str();
    // Who is named no more, and is not named anew, stays unavailable: what is said of them stands for
    // the policy that names them again.
    if !is_named(desk, id)
        && let Some(team) = &change.team
    {
        name(desk, id, team);
    }
    let Some(rep) = desk.rotation.reps.get_mut(id) else {
        return Verdict::Ignored;
    };
    let was_available = rep.is_available();
    rep.take_change(change, happened);
    let returns = rep.is_available() && !was_available;
    if let Some(team) = rep.take_move(change.team.as_ref(), happened) {
        desk.rotation.join(id, &team);
        desk.rotation.arrange();
    }
    let team = desk.rotation.reps.get(id).map(|rep| rep.team.clone());
    let team = team.unwrap_or_default();
    if returns {
        desk.rotation.welcome_back(id, &team);
    }
    desk.changed_rep(step, id);
    desk.serve(step, &team);
    Verdict::Accepted
}

/// The roster names somebody first (or again, after the policy dropped them).
fn name(desk: &mut Desk, id: &str, team: &str) {
    let places = desk.rotation.reps.values().filter_map(|rep| match rep.standing {
        Standing::Roster(place) | Standing::Gone(place) => Some(place),
        Standing::Policy(_) => None,
    });
    let standing = Standing::Roster(places.max().map_or(0, |last| last + 1));
    let dropped = desk.rotation.reps.get(id);
    let rep = dropped.map_or_else(|| Rep::new(team, standing), |rep| rep.anew(team, standing));
    desk.rotation.reps.insert(id.to_owned(), rep);
    desk.rotation.join(id, team);
    desk.rotation.arrange();
}

/// Another policy (contract §9, Adoption): `available` outlives it, the other members come from
/// the file; who is no longer named is unavailable. Every queue is gone through afterwards.
pub(crate) fn adopt(desk: &mut Desk, step: &mut Step<'_>) {
    let policy = &step.terms.policy;
    drop_unnamed(desk, policy);
    let (mut returning, mut new) = (Vec::new(), Vec::new());
    for (place, terms) in policy.reps.iter().enumerate() {
        let Some(team) = policy.teams.get(terms.team) else {
            continue;
        };
        let known = desk.rotation.reps.contains_key(&terms.id);
        let standing = Standing::Policy(place as u32);
        let rep = desk.rotation.reps.entry(terms.id.clone());
        let rep = rep.or_insert_with(|| Rep::new("", standing));
        let returns = known && !rep.is_available();
        rep.take_terms(terms, place as u32);
        if rep.team != team.id {
            new.push((&terms.id, &team.id));
        } else if returns && rep.is_available() {
            returning.push((&terms.id, &team.id));
        } else {
            continue;
        }
        // Until they are placed, they are nobody's measure.
        rep.team = String::new();
    }
    desk.rotation.arrange();
    for (rep, team) in returning {
        desk.rotation.welcome_back(rep, team);
        desk.rotation.arrange();
    }
    for (rep, team) in new {
        desk.rotation.join(rep, team);
        desk.rotation.arrange();
    }
    let reps: Vec<_> = desk.rotation.reps.keys().cloned().collect();
    for rep in reps {
        desk.changed_rep(step, &rep);
    }
    let queues: Vec<_> = desk.queues.lengths().map(|(team, ..)| team.clone()).collect();
    for team in queues {
        if !desk.is_serving(&team) {
            desk.serve_later(step, &team);
        }
    }
}

fn drop_unnamed(desk: &mut Desk, policy: &Policy) {
    let named: BTreeSet<_> = policy.reps.iter().map(|rep| rep.id.as_str()).collect();
    for (id, rep) in &mut desk.rotation.reps {
        if let Standing::Policy(place) = rep.standing
            && !named.contains(id.as_str())
        {
            rep.standing = Standing::Gone(place);
        }
    }
}
