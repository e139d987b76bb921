//! A deadline of a lead fires.

use super::cycle::{Archive, Due, Now};
use super::effects::{Cause, Effects, Step};
use super::event::{Decision, SlaKind, SlaNotice, Topic, WithdrawnBecause};
use super::fact::HandoffId;
use super::follow_up::take_away;
use super::handoff;
use super::lead::Lead;
use super::terms::Terms;

/// Fires the first deadline of a lead, at its own instant.
pub(crate) fn fire(lead: &mut Lead<'_>, archive: &mut Archive, terms: &Terms, effects: &mut Effects) {
    let Some(due) = lead.first_due() else { return };
    let handoff = HandoffId {
        lead: lead.id,
        cycle: due.cycle,
        attempt: due.attempt,
    };
    let mut step = Step::new(due.at, Cause::Deadline(handoff, due.deadline.name()), terms, effects);
    match due.deadline.notice() {
        Some(kind) => notify(lead, &mut step, handoff, due, kind),
        None => reassign(lead, &mut step, due),
    }
    lead.archive_cycles(archive, &mut step);
}

fn notify(lead: &mut Lead<'_>, step: &mut Step<'_>, handoff: HandoffId, due: Due, kind: SlaKind) {
    let cycle = lead.history().cycles.iter_mut().find(|cycle| cycle.number == due.cycle);
    let Some(record) = cycle.and_then(|cycle| cycle.record_mut(due.attempt)) else {
        return;
    };
    record.pending.clear(due.deadline);
    record.breached |= kind == SlaKind::Breached;
    let notice = SlaNotice {
        kind,
        handoff,
        team: record.team.clone(),
        rep: record.rep.clone(),
        respond_by: record.respond_by,
        response_at: None,
        late: None,
        working_seconds: None,
        policy: step.stamp(),
    };
    step.emit(Topic::Sla, handoff.lead, Decision::Sla(notice));
}

/// The limit is the one in force: a policy adopted meanwhile may have used it up.
fn reassign(lead: &mut Lead<'_>, step: &mut Step<'_>, due: Due) {
    let Some(cycle) = lead.cycle_mut() else { return };
    let reassigns = cycle.reassigns;
    if let Some(record) = cycle.record_mut(due.attempt) {
        record.pending.clear(due.deadline);
    }
    let Now::Open(attempt) = &cycle.now else { return };
    let team = step.terms.team(&attempt.record.team);
    if team.is_some_and(|team| reassigns >= team.sla.reassign_at_most) {
        return;
    }
    if let Some(ended) = take_away(lead, step, WithdrawnBecause::Deadline) {
        ended.let_go(step, false);
        handoff::ask(lead, step);
    }
}
