//! Erasure: a person is forgotten; what is kept names nobody.

use super::cycle::{Archive, Now};
use super::effects::{Step, To};
use super::event::{Decision, Topic};
use super::handoff;
use super::ids::LeadId;
use super::lead::{Erased, Known, Lead};
use super::letter::Letter;

/// Forgets whoever is known under this id, or takes note for one who is not.
pub(crate) fn forget(known: &mut Known<'_>, id: LeadId, archive: &mut Archive, step: &mut Step<'_>) {
    let cycle = match known {
        Known::Nothing => 0,
        Known::Erased(erased) => erased.cycle,
        Known::Lead(lead) => lead.cycle,
    };
    step.emit(Topic::Lifecycle, id, Decision::Forgotten { lead: id });
    if let Known::Lead(lead) = known {
        tell_teams(lead, step);
    }
    archive.forget(id, step.effects);
    *known = Known::Erased(Erased { at: step.at, cycle });
}

fn tell_teams(lead: &mut Lead<'_>, step: &mut Step<'_>) {
    let id = lead.id;
    if !lead.has_history() {
        return;
    }
    for topic in std::mem::take(&mut lead.history().topics) {
        step.emit(Topic::Handoffs(topic), id, Decision::Forgotten { lead: id });
    }
    let asking = lead.cycle_mut().filter(|cycle| cycle.now == Now::Asking);
    if let Some(ask) = asking.map(|cycle| cycle.ask_id(id)) {
        step.send(To::Desk, Letter::Leave(ask));
    }
    if let Some(ended) = handoff::end_attempt(lead, step, Now::Over) {
        ended.let_go(step, false);
    }
}
