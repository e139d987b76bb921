//! Qualifying: is this lead ready for sales? (contract §3)

use super::cycle::{Archive, Cycle, Now, Qualified};
use super::effects::Step;
use super::event::Stage;
use super::handoff;
use super::lead::Lead;
use super::route;
use super::score;
use super::time::{DAY_MS, Instant};

/// What stands in `qualified.by` where no fast track did it.
const THRESHOLDS: &str = "thresholds";

/// Looks at a lead after an event that matched these engagement rules, and hands it on if ready.
pub(crate) fn consider(lead: &mut Lead<'_>, archive: &mut Archive, step: &mut Step<'_>, event: (Instant, &[usize])) {
    let (happened, matched) = event;
    if !may_qualify(lead, step, happened) {
        return;
    }
    let Some(by) = reason(lead, step, happened, matched).map(str::to_owned) else {
        return;
    };
    begin(lead, archive, step, &by);
}

/// Whether stage, consent and time allow it at all.
fn may_qualify(lead: &Lead<'_>, step: &Step<'_>, happened: Instant) -> bool {
    let qualify = &step.terms.policy.qualify;
    let wait_ms = i64::from(qualify.requalify_after_days) * DAY_MS;
    let stage = match lead.stage {
        Stage::Inquiry => true,
        Stage::Recycled | Stage::Lost => step.at.millis().saturating_sub(lead.since.millis()) >= wait_ms,
        Stage::MarketingQualified
        | Stage::SalesAccepted
        | Stage::SalesQualified
        | Stage::Opportunity
        | Stage::Won
        | Stage::Disqualified => false,
    };
    stage
        && lead.consent.as_ref().is_none_or(|consent| consent.what)
        && qualify.not_before.is_none_or(|not_before| happened >= not_before)
}

/// `thresholds`, or the fast-track rule that does it; none if the lead is not ready.
fn reason<'t>(lead: &mut Lead<'_>, step: &Step<'t>, happened: Instant, matched: &[usize]) -> Option<&'t str> {
    let terms = step.terms;
    let qualify = &terms.policy.qualify;
    let today = step.at.day();
    let tracks = qualify.fast_track.iter().filter(|track| matched.contains(&track.rule));
    let is_tracked = tracks.clone().next().is_some();
    // Most events end here, cheaply: nothing is known of the person, or they did too little yet.
    let fits = !lead.is_blank() || terms.fit_of_nobody >= qualify.fit_at_least;
    let engaged = fits && score::engagement(terms, &lead.touches, today) >= qualify.engagement_at_least;
    if !engaged && !is_tracked {
        return None;
    }
    let fit = score::fit(terms, lead.profile());
    let by = if engaged && fit >= qualify.fit_at_least {
        THRESHOLDS
    } else {
        let mut rules = tracks.filter_map(|track| {
            let rule = terms.policy.engagement.get(track.rule)?;
            let counts = score::counts(terms, rule, happened.day(), today);
            (counts && fit >= track.fit_at_least).then_some(rule.rule.as_str())
        });
        rules.next()?
    };
    let blocked = qualify.block.iter().any(|block| lead.profile().holds(&block.when));
    (!blocked).then_some(by)
}

fn begin(lead: &mut Lead<'_>, archive: &mut Archive, step: &mut Step<'_>, by: &str) {
    let Some(route) = route::choose(step.terms, lead.profile()) else {
        return;
    };
    let from = lead.stage;
    lead.cycle += 1;
    lead.stage = Stage::MarketingQualified;
    lead.since = step.at;
    let cycle = Cycle {
        number: lead.cycle,
        qualified: Qualified {
            at: step.at,
            by: by.to_owned(),
            rules: lead.score(step, step.at.day()).reasons,
        },
        route,
        reassigns: 0,
        asks: 0,
        past: Vec::new(),
        now: Now::Asking,
    };
    lead.history().cycles.push(cycle);
    lead.archive_cycles(archive, step);
    lead.emit_stage(step, Some(from), Some(by), None);
    handoff::ask(lead, step);
}
