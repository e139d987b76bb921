//! The data of each decision: members in the contract's order (§5, §9).
//!
//! Members that the contract marks optional are left out when absent, all others are there.

use super::members::{Members, text as write_text};
use crate::domain::event::{
    CampaignSpan, Decision, Feedback, HandedOff, PassedOver, PolicyStamp, Promise, Queued, Reason, Score, SlaNotice,
    Stage, StageChanged, Withdrawn, WithdrawnBecause,
};
use crate::domain::fact::{Amount, Attribute, Campaign, HandoffId, Person};
use crate::domain::time::{DAY_MS, Instant};
use crate::domain::value::Value;

pub(super) fn write(data: &mut Members<'_>, decision: &Decision) {
    match decision {
        Decision::HandedOff(handed_off) => write_handed_off(data, handed_off),
        Decision::Queued(queued) => write_queued(data, queued),
        Decision::Withdrawn(withdrawn) => write_withdrawn(data, withdrawn),
        Decision::Sla(notice) => write_notice(data, notice),
        Decision::StageChanged(change) => write_stage_changed(data, change),
        Decision::Feedback(feedback) => write_feedback(data, feedback),
        Decision::Forgotten { lead } => data.shown("lead", lead),
    }
}

fn write_handed_off(data: &mut Members<'_>, handed_off: &HandedOff) {
    write_handoff(data, handed_off.handoff);
    data.text("team", &handed_off.team);
    data.text("rep", &handed_off.rep);
    data.text("route", &handed_off.route);
    data.object("person", |person| write_person(person, &handed_off.person));
    data.object("profile", |profile| write_profile(profile, &handed_off.profile));
    write_campaigns(data, &handed_off.campaign);
    write_score(data, &handed_off.score);
    data.object("qualified", |qualified| {
        qualified.shown("at", handed_off.qualified_at);
        qualified.text("by", &handed_off.qualified_by);
    });
    write_passed_over(data, &handed_off.passed_over);
    write_promise(data, &handed_off.sla);
    data.text_if("message", handed_off.message.as_deref());
    write_policy(data, &handed_off.policy);
}

fn write_queued(data: &mut Members<'_>, queued: &Queued) {
    write_handoff(data, queued.handoff);
    data.text("team", &queued.team);
    data.text("route", &queued.route);
    write_passed_over(data, &queued.passed_over);
    write_promise(data, &queued.sla);
    write_policy(data, &queued.policy);
}

fn write_withdrawn(data: &mut Members<'_>, withdrawn: &Withdrawn) {
    write_handoff(data, withdrawn.handoff);
    data.text("team", &withdrawn.team);
    data.text("rep", &withdrawn.rep);
    data.object("because", |because| match &withdrawn.because {
        WithdrawnBecause::Deadline => because.text("deadline", "reassign"),
        WithdrawnBecause::Reason(reason) => because.text_or_null("reason", reason.as_deref()),
    });
    write_policy(data, &withdrawn.policy);
}

fn write_notice(data: &mut Members<'_>, notice: &SlaNotice) {
    write_handoff(data, notice.handoff);
    data.text("team", &notice.team);
    data.text_or_null("rep", notice.rep.as_deref());
    data.shown("respond_by", notice.respond_by);
    if let Some(at) = notice.response_at {
        data.shown("response_at", at);
    }
    if let Some(late) = notice.late {
        data.plain("late", late);
    }
    if let Some(seconds) = notice.working_seconds {
        data.plain("working_seconds", seconds);
    }
    write_policy(data, &notice.policy);
}

fn write_stage_changed(data: &mut Members<'_>, change: &StageChanged) {
    data.shown("lead", change.lead);
    data.plain("cycle", change.cycle);
    data.text_or_null("from", change.from.map(Stage::name));
    data.text("to", change.to.name());
    data.shown("at", change.at);
    data.object("because", |because| {
        because.text("event", &change.because_event);
        because.text_if("rule", change.because_rule.as_deref());
        because.text_if("reason", change.because_reason.as_deref());
    });
    write_score(data, &change.score);
    write_policy(data, &change.policy);
}

fn write_feedback(data: &mut Members<'_>, feedback: &Feedback) {
    data.shown("lead", feedback.lead);
    if let Some(handoff) = feedback.handoff {
        data.shown("handoff_id", handoff);
    }
    if let Some(cycle) = feedback.cycle {
        data.plain("cycle", cycle);
    }
    data.text_if("team", feedback.team.as_deref());
    data.text_if("rep", feedback.rep.as_deref());
    data.text("outcome", feedback.outcome.name());
    data.text_if("reason", feedback.reason.as_deref());
    data.text_if("note", feedback.note.as_deref());
    if let Some(amount) = &feedback.amount {
        data.object("amount", |members| write_amount(members, amount));
    }
    data.shown("at", feedback.at);
    write_campaigns(data, &feedback.campaign);
    data.objects("rules", &feedback.rules, write_reason);
    if let Some(seconds) = feedback.working_seconds {
        data.plain("working_seconds", seconds);
    }
    write_policy(data, &feedback.policy);
}

fn write_handoff(data: &mut Members<'_>, handoff: HandoffId) {
    data.shown("handoff_id", handoff);
    data.shown("lead", handoff.lead);
    data.plain("cycle", handoff.cycle);
    data.plain("attempt", handoff.attempt);
}

pub(super) fn write_person(members: &mut Members<'_>, person: &Person) {
    members.text_if("lead_id", person.lead_id.as_deref());
    members.text_if("email", person.email.as_deref());
    members.text_if("anonymous_id", person.anonymous_id.as_deref());
}

pub(super) fn write_profile(members: &mut Members<'_>, profile: &[Attribute]) {
    for (name, value) in profile {
        members.any(name, |out| match value {
            Some(Value::Text(text)) => write_text(out, text),
            Some(Value::Number(number)) => out.extend_from_slice(number.text().as_bytes()),
            Some(Value::Bool(true)) => out.extend_from_slice(b"true"),
            Some(Value::Bool(false)) => out.extend_from_slice(b"false"),
            None => out.extend_from_slice(b"null"),
        });
    }
}

fn write_campaigns(data: &mut Members<'_>, campaigns: &CampaignSpan) {
    data.object("campaign", |span| {
        write_campaign(span, "first", campaigns.first.as_ref());
        write_campaign(span, "last", campaigns.last.as_ref());
    });
}

fn write_campaign(span: &mut Members<'_>, name: &'static str, campaign: Option<&Campaign>) {
    let Some(campaign) = campaign else {
        return span.null(name);
    };
    span.object(name, |members| write_source_of(members, campaign));
}

pub(super) fn write_amount(members: &mut Members<'_>, amount: &Amount) {
    members.text("value", &amount.value);
    members.text("currency", &amount.currency);
}

/// Where a person came from.
pub(super) fn write_source_of(members: &mut Members<'_>, campaign: &Campaign) {
    members.text_if("source", campaign.source.as_deref());
    members.text_if("medium", campaign.medium.as_deref());
    members.text_if("name", campaign.name.as_deref());
}

fn write_score(data: &mut Members<'_>, score: &Score) {
    data.object("score", |members| {
        members.plain("fit", score.fit);
        members.plain("engagement", score.engagement);
        members.plain("total", score.total());
        members.objects("reasons", &score.reasons, write_reason);
    });
}

fn write_reason(members: &mut Members<'_>, reason: &Reason) {
    members.text("rule", &reason.rule);
    members.plain("points", reason.points);
    match reason.touches {
        Some(touches) => members.plain("touches", touches),
        None => members.null("touches"),
    }
    members.text_or_null("last", reason.last_day.map(date).as_deref());
}

/// The date of a UTC day number, such as `2026-10-05`.
fn date(day: i32) -> String {
    let mut time = Instant::from_millis(i64::from(day) * DAY_MS).to_string();
    time.truncate(time.find('T').unwrap_or(time.len()));
    time
}

fn write_passed_over(data: &mut Members<'_>, passed_over: &[PassedOver]) {
    data.objects("passed_over", passed_over, |members, other| {
        members.text("rep", &other.rep);
        members.text("why", other.why.name());
    });
}

fn write_promise(data: &mut Members<'_>, promise: &Promise) {
    data.object("sla", |sla| {
        let mut instant = |name, instant: Option<Instant>| match instant {
            Some(instant) => sla.shown(name, instant),
            None => sla.null(name),
        };
        instant("start", Some(promise.start));
        instant("warn_at", promise.warn_at);
        instant("respond_by", Some(promise.respond_by));
        instant("escalate_at", promise.escalate_at);
        instant("reassign_at", promise.reassign_at);
        sla.text("calendar", &promise.calendar);
    });
}

fn write_policy(data: &mut Members<'_>, policy: &PolicyStamp) {
    data.object("policy", |members| {
        members.plain("version", policy.version);
        members.text("hash", &policy.hash);
    });
}
