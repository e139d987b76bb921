//! Follow-ups: what sales did with a lead, and what that does to the promise, the stage and the
//! rep's capacity (contract §4).

use super::cycle::{Archive, Cycle, Now};
use super::effects::Step;
use super::event::{
    Decision, Feedback, Reason, RejectReason, Rejection, SlaKind, SlaNotice, Stage, Topic, Verdict, WithdrawnBecause,
};
use super::fact::{FollowUp, HandoffId, Outcome};
use super::handoff::{self, Ended};
use super::lead::Lead;
use super::sla::{Answer, Holder, Record};
use super::stage::{Course, course};
use super::time::Instant;

/// What a follow-up is about.
enum About {
    /// The open attempt.
    Open(HandoffId),
    /// An attempt that ended.
    Closed(HandoffId),
    /// The lead as such: it has no open attempt.
    Lead,
}

/// A follow-up on a lead.
pub(crate) fn take(
    lead: &mut Lead<'_>,
    archive: &mut Archive,
    step: &mut Step<'_>,
    happened: Instant,
    follow_up: &FollowUp,
) -> Verdict {
    match about(lead, archive, follow_up) {
        None => return unknown_handoff(),
        Some(About::Open(handoff)) => on_open(lead, step, happened, (handoff, follow_up)),
        Some(About::Closed(handoff)) => on_closed(lead, archive, step, happened, (handoff, follow_up)),
        Some(About::Lead) => {
            let rules = lead.cycle_mut().map(|cycle| cycle.qualified.rules.clone());
            emit_feedback(lead, step, happened, follow_up, (None, rules.unwrap_or_default()));
        }
    }
    Verdict::Accepted
}

/// The dead letter of a follow-up on something we never had.
pub(crate) fn unknown_handoff() -> Verdict {
    Verdict::Rejected(Rejection {
        reason: RejectReason::UnknownHandoff,
        detail: "no handoff of this id, or no lead of this person, is known".to_owned(),
    })
}

/// None if it is about nothing we know.
fn about(lead: &mut Lead<'_>, archive: &Archive, follow_up: &FollowUp) -> Option<About> {
    let id = lead.id;
    let open = lead.cycle_mut().and_then(|cycle| match cycle.now {
        Now::Open(_) => Some(HandoffId {
            lead: id,
            cycle: cycle.number,
            attempt: cycle.attempt_number(),
        }),
        Now::Asking | Now::Over => None,
    });
    let Some(named) = follow_up.handoff else {
        return Some(open.map_or(About::Lead, About::Open));
    };
    if open == Some(named) {
        return Some(About::Open(named));
    }
    let mut cycles = lead.history().cycles.iter();
    let attempts = match cycles.find(|cycle| cycle.number == named.cycle) {
        Some(cycle) => cycle.past.len(),
        None => archive.get(id, named.cycle)?.past.len(),
    };
    (1..=attempts as u64)
        .contains(&named.attempt.into())
        .then_some(About::Closed(named))
}

fn on_open(lead: &mut Lead<'_>, step: &mut Step<'_>, happened: Instant, (handoff, follow_up): (HandoffId, &FollowUp)) {
    let Some(cycle) = lead.cycle_mut() else { return };
    let Now::Open(attempt) = &mut cycle.now else { return };
    let team = attempt.record.team.clone();
    let is_response = step.terms.is_response(&team, follow_up.outcome);
    let answer = if is_response { attempt.answer(happened) } else { None };
    let record = attempt.record.clone();
    if let Some(answer) = answer {
        emit_answer(step, happened, handoff, &record, answer);
    }
    let rules = cycle.qualified.rules.clone();
    let reassigns = cycle.reassigns;
    let limit = step
        .terms
        .team(&team)
        .map_or(u32::MAX, |team| team.sla.reassign_at_most);
    let feedback = (Some((handoff, record)), rules);
    match course(&step.terms.policy, follow_up) {
        Course::Reassign if reassigns < limit => reassign(lead, step, happened, follow_up, feedback),
        Course::Reassign => end(lead, step, happened, (follow_up, Stage::Recycled), feedback),
        Course::End(stage) => end(lead, step, happened, (follow_up, stage), feedback),
        Course::AtLeast(stage) => {
            if lead.stage < stage {
                change_stage(lead, step, stage, follow_up);
            }
            emit_feedback(lead, step, happened, follow_up, feedback);
            free_place(lead, step, &team, follow_up.outcome);
        }
        Course::Stay => {
            emit_feedback(lead, step, happened, follow_up, feedback);
            free_place(lead, step, &team, follow_up.outcome);
        }
    }
}

/// An attempt, with what was recorded of it, and the rules of its cycle.
type Told = (Option<(HandoffId, Record)>, Vec<Reason>);

fn reassign(lead: &mut Lead<'_>, step: &mut Step<'_>, happened: Instant, follow_up: &FollowUp, told: Told) {
    let because = WithdrawnBecause::Reason(follow_up.reason.clone());
    let ended = take_away(lead, step, because);
    emit_feedback(lead, step, happened, follow_up, told);
    if let Some(ended) = ended {
        ended.let_go(step, true);
        handoff::ask(lead, step);
    }
}

/// Ends the open attempt so that somebody else may have the lead: never that rep again. What the
/// desk must know of it is for the caller to send.
pub(crate) fn take_away(lead: &mut Lead<'_>, step: &mut Step<'_>, because: WithdrawnBecause) -> Option<Ended> {
    let ended = handoff::end_attempt(lead, step, Now::Asking)?;
    if let Some(cycle) = lead.cycle_mut() {
        cycle.reassigns += 1;
    }
    refuse(lead, &ended);
    handoff::emit_withdrawn(lead, step, &ended, because);
    Some(ended)
}

fn refuse(lead: &mut Lead<'_>, ended: &Ended) {
    if let Holder::Rep { id, .. } = &ended.attempt.holder {
        lead.history().refuse(id);
    }
}

fn end(
    lead: &mut Lead<'_>,
    step: &mut Step<'_>,
    happened: Instant,
    (follow_up, stage): (&FollowUp, Stage),
    told: Told,
) {
    let rejected = follow_up.outcome == Outcome::Rejected;
    let ended = handoff::end_attempt(lead, step, Now::Over);
    if let Some(ended) = ended.as_ref().filter(|_| rejected) {
        refuse(lead, ended);
    }
    lead.message = None;
    change_stage(lead, step, stage, follow_up);
    emit_feedback(lead, step, happened, follow_up, told);
    if let Some(ended) = ended {
        ended.let_go(step, rejected);
    }
}

fn change_stage(lead: &mut Lead<'_>, step: &mut Step<'_>, to: Stage, follow_up: &FollowUp) {
    let from = std::mem::replace(&mut lead.stage, to);
    lead.since = step.at;
    lead.emit_stage(step, Some(from), None, follow_up.reason.as_deref());
}

/// The first outcome of the team's list frees the rep, though the promise stays open.
fn free_place(lead: &mut Lead<'_>, step: &mut Step<'_>, team: &str, outcome: Outcome) {
    if !step.terms.is_release(team, outcome) {
        return;
    }
    let Some(Cycle {
        now: Now::Open(open), ..
    }) = lead.cycle_mut()
    else {
        return;
    };
    if let Holder::Rep { id, holds_place, .. } = &mut open.holder {
        let frees = std::mem::replace(holds_place, false);
        let rep = id.clone();
        handoff::release(step, &rep, frees, 0);
    }
}

fn on_closed(
    lead: &mut Lead<'_>,
    archive: &mut Archive,
    step: &mut Step<'_>,
    happened: Instant,
    (handoff, follow_up): (HandoffId, &FollowUp),
) {
    let archived = archive.get(lead.id, handoff.cycle);
    let mut archived = archived.filter(|_| lead.history().cycles.iter().all(|cycle| cycle.number != handoff.cycle));
    let present = lead
        .history()
        .cycles
        .iter_mut()
        .find(|cycle| cycle.number == handoff.cycle);
    let Some(cycle) = present.or(archived.as_mut()) else {
        return;
    };
    let rules = cycle.qualified.rules.clone();
    let Some(record) = cycle.record_mut(handoff.attempt) else {
        return;
    };
    let before = record.clone();
    let is_response = step.terms.is_response(&record.team, follow_up.outcome);
    let excused = is_response && record.answer(happened);
    let (record, changed) = (record.clone(), *record != before);
    if let Some(cycle) = archived.filter(|_| changed) {
        archive.put(lead.id, &cycle, step.effects);
    }
    if excused {
        emit_answer(step, happened, handoff, &record, Answer::Excused);
    }
    emit_feedback(lead, step, happened, follow_up, (Some((handoff, record)), rules));
}

fn emit_answer(step: &mut Step<'_>, happened: Instant, handoff: HandoffId, record: &Record, answer: Answer) {
    let (kind, late) = match answer {
        Answer::Excused => (SlaKind::Excused, None),
        Answer::Met { late } => (SlaKind::Met, late.then_some(true)),
    };
    let notice = SlaNotice {
        kind,
        handoff,
        team: record.team.clone(),
        rep: record.rep.clone(),
        respond_by: record.respond_by,
        response_at: Some(happened),
        late,
        working_seconds: record.working_seconds(step.terms, happened),
        policy: step.stamp(),
    };
    step.emit(Topic::Sla, handoff.lead, Decision::Sla(notice));
}

fn emit_feedback(
    lead: &mut Lead<'_>,
    step: &mut Step<'_>,
    happened: Instant,
    follow_up: &FollowUp,
    (attempt, rules): Told,
) {
    let working_seconds = attempt
        .as_ref()
        .and_then(|(_, record)| record.working_seconds(step.terms, happened));
    let (handoff, record) = attempt.unzip();
    let (team, rep) = record.map(|record| (record.team, record.rep)).unzip();
    let feedback = Feedback {
        lead: lead.id,
        handoff,
        cycle: handoff.map(|handoff| handoff.cycle),
        team,
        rep: rep.flatten().or_else(|| follow_up.rep.clone()),
        outcome: follow_up.outcome,
        reason: follow_up.reason.clone(),
        note: follow_up.note.clone(),
        amount: follow_up.amount.clone(),
        at: happened,
        campaign: lead.campaigns(),
        rules,
        working_seconds,
        policy: step.stamp(),
    };
    step.emit(Topic::Feedback, lead.id, Decision::Feedback(Box::new(feedback)));
}
