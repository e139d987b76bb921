//! An output → the lines that tell it: day and time, what happened, to whom, and why.

use std::collections::BTreeMap;

use serde_json::Value;

use super::ZONE_MS;
use super::outputs::Output;
use crate::domain::time::{DAY_MS, Instant};
use crate::wire::outputs::DEAD_LETTER_TYPE;

/// No line is wider.
const COLUMNS: usize = 100;
/// Where the explanation begins.
const INDENT: usize = 40;
const HOUR_MS: i64 = 3_600_000;
const MINUTE_MS: i64 = 60_000;
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// Tells what happens. Knows people by what their handoffs say of them.
#[derive(Default)]
pub(super) struct Story {
    companies: BTreeMap<String, String>,
}

impl Story {
    /// The lines of an output; none for what another output tells better.
    pub(super) fn lines(&mut self, output: &Output) -> Vec<String> {
        if let Some(company) = output.get("/profile/company").as_str() {
            self.companies
                .insert(output.text("lead").to_owned(), company.to_owned());
        }
        let Some((happened, explanation)) = told(output) else {
            return Vec::new();
        };
        let start = format!("{}  {happened:<12} {:<15} ", day_and_time(output.at), self.who(output));
        wrapped(&start, &explanation)
    }

    fn who(&self, output: &Output) -> String {
        let lead = output.text("lead");
        match self.companies.get(lead) {
            Some(company) => company.clone(),
            None if lead.is_empty() => "-".to_owned(),
            None => format!("lead {}", short(lead)),
        }
    }
}

/// What happened, in a word or two, and the explanation, of some paragraphs.
fn told(output: &Output) -> Option<(&'static str, Vec<String>)> {
    let rep = output.get("/rep").as_str();
    let told = match output.kind() {
        "tasuki.lead.stage-changed.v1" => return stage(output),
        "tasuki.lead.handed-off.v1" => ("handed off", handed_off(output)),
        "tasuki.lead.queued.v1" => ("queued", queued(output)),
        "tasuki.handoff.withdrawn.v1" => ("taken back", vec![withdrawn(output)]),
        "tasuki.sla.at-risk.v1" => ("at risk", vec![format!("{}; due by {}", silent(rep), due(output))]),
        "tasuki.sla.breached.v1" => ("BREACHED", vec![format!("{}; it was due {}", silent(rep), due(output))]),
        "tasuki.sla.escalated.v1" => (
            "escalated",
            vec![format!("to whoever leads {}: {}", output.text("team"), silent(rep))],
        ),
        "tasuki.sla.met.v1" => ("answered", vec![answered(output)]),
        "tasuki.sla.excused.v1" => ("excused", vec![excused(output)]),
        "tasuki.feedback.recorded.v1" => ("feedback", vec![feedback(output)?]),
        "tasuki.lead.forgotten.v1" => ("erased", vec![format!("only the id is kept; said in {}", output.topic)]),
        DEAD_LETTER_TYPE => {
            let (reason, detail) = (output.text("reason"), output.text("detail"));
            ("dead letter", vec![format!("{reason}: {detail}")])
        }
        _ => return None,
    };
    Some(told)
}

fn named(output: &Output) -> &str {
    output.get("/rep").as_str().unwrap_or("nobody")
}

fn silent(rep: Option<&str>) -> String {
    match rep {
        Some(rep) => format!("no answer from {rep} yet"),
        None => "nobody to take it yet".to_owned(),
    }
}

/// When the answer is, or was, due: of a promise, or of a notice.
fn due(output: &Output) -> String {
    let respond_by = output.time("/sla/respond_by").or(output.time("/respond_by"));
    respond_by.map(day_and_time).unwrap_or_default()
}

fn queued(output: &Output) -> Vec<String> {
    let waits = format!(
        "nobody is free in {}; answer due by {}",
        output.text("team"),
        due(output)
    );
    vec![waits, passed_over(output)]
}

fn stage(output: &Output) -> Option<(&'static str, Vec<String>)> {
    let cause = output.get("/because/rule").as_str();
    let cause = cause.or(output.get("/because/reason").as_str()).unwrap_or("sales");
    let told = match (output.get("/from").as_str(), output.text("to")) {
        (None, _) => ("arrives", vec![points(output)]),
        (_, "marketing-qualified") if cause == "thresholds" => {
            let (fit, engagement) = (output.get("/score/fit"), output.get("/score/engagement"));
            (
                "qualifies",
                vec![format!("fit {fit} and engagement {engagement} reach both thresholds")],
            )
        }
        (_, "marketing-qualified") => ("qualifies", vec![format!("fast track: {cause}")]),
        (_, "won") => ("won", vec!["the cycle ends: a customer".to_owned()]),
        (_, "lost") => ("lost", vec![format!("the cycle ends: {cause}")]),
        (_, "recycled") => ("recycled", vec![format!("back to marketing: {cause}")]),
        (_, "disqualified") => ("disqualified", vec![format!("for good: {cause}")]),
        // Told by the follow-up's own outputs.
        _ => return None,
    };
    Some(told)
}

fn handed_off(output: &Output) -> Vec<String> {
    let again = match output.get("/attempt").as_u64() {
        Some(attempt @ 2..) => format!(", attempt {attempt}"),
        _ => String::new(),
    };
    let (rep, team) = (named(output), output.text("team"));
    vec![
        format!("to {rep} of {team}{again}; answer due by {}", due(output)),
        points(output),
        passed_over(output),
    ]
}

fn withdrawn(output: &Output) -> String {
    let rep = named(output);
    if output.get("/because/deadline").is_string() {
        return format!("from {rep}, who never answered; somebody else is asked");
    }
    let reason = output.get("/because/reason").as_str().unwrap_or("no reason");
    format!("rejected by {rep}: {reason}; somebody else is asked")
}

fn answered(output: &Output) -> String {
    let (rep, took) = (named(output), working(output.get("/working_seconds")));
    if output.get("/late").as_bool() == Some(true) {
        format!("LATE by {rep}, after {took} of working time (due {})", due(output))
    } else {
        format!("in time by {rep}, after {took} of working time")
    }
}

fn excused(output: &Output) -> String {
    let at = output.time("/response_at").map(day_and_time).unwrap_or_default();
    format!("{} answered in time, {at}, but wrote it down late", named(output))
}

/// What marketing learns; nothing of first answers, which their own output tells.
fn feedback(output: &Output) -> Option<String> {
    let outcome = output.text("outcome");
    if matches!(outcome, "accepted" | "attempted" | "contacted") {
        return None;
    }
    let mut words = format!("{}: {}", named(output), outcome.replace('_', " "));
    if let Some(reason) = output.get("/reason").as_str() {
        words = format!("{words} ({reason})");
    }
    if let Some(amount) = output.get("/amount/value").as_str() {
        let currency = output.get("/amount/currency").as_str().unwrap_or_default();
        words = format!("{words}, {amount} {currency}");
    }
    let campaign = |name| output.get(name).as_str().unwrap_or("-");
    let (source, name) = (campaign("/campaign/last/source"), campaign("/campaign/last/name"));
    let rules = list(output.get("/rules"), rule);
    Some(format!("{words}; campaign {source}/{name}, qualified by {rules}"))
}

fn points(output: &Output) -> String {
    let total = output.get("/score/total");
    let reasons = output.get("/score/reasons");
    match reasons.as_array() {
        Some(reasons) if !reasons.is_empty() => {
            format!("{total} points: {}", list(output.get("/score/reasons"), reason))
        }
        _ => format!("{total} points"),
    }
}

/// A rule and its points, with the number of touches where there was more than one.
fn reason(reason: &Value) -> String {
    let touches = match reason["touches"].as_u64() {
        Some(touches @ 2..) => format!(" ({touches}×)"),
        _ => String::new(),
    };
    format!("{} {}{touches}", rule(reason), reason["points"])
}

fn rule(reason: &Value) -> String {
    reason["rule"].as_str().unwrap_or_default().to_owned()
}

fn passed_over(output: &Output) -> String {
    let others = output.get("/passed_over");
    let other = |other: &Value| {
        let text = |name: &str| other[name].as_str().unwrap_or_default().to_owned();
        format!("{} {}", text("rep"), text("why"))
    };
    match others.as_array() {
        Some(all) if !all.is_empty() => format!("passed over: {}", list(others, other)),
        _ => String::new(),
    }
}

fn list(values: &Value, words: impl Fn(&Value) -> String) -> String {
    let values = values.as_array().map(Vec::as_slice).unwrap_or_default();
    values.iter().map(words).collect::<Vec<_>>().join(", ")
}

/// The first digits of a lead id.
fn short(lead: &str) -> &str {
    lead.get(..8).unwrap_or(lead)
}

/// `Mon 09:12`, where the company is.
pub(super) fn day_and_time(at: Instant) -> String {
    let local = at.millis() + ZONE_MS;
    // The epoch was a Thursday.
    let day = DAYS[(local.div_euclid(DAY_MS) + 3).rem_euclid(7) as usize];
    let (hours, minutes) = (local.div_euclid(HOUR_MS) % 24, local.div_euclid(MINUTE_MS) % 60);
    format!("{day} {hours:02}:{minutes:02}")
}

/// `2h 05m`
pub(super) fn working(seconds: &Value) -> String {
    let minutes = seconds.as_i64().unwrap_or_default() / 60;
    format!("{}h {:02}m", minutes / 60, minutes % 60)
}

/// Paragraphs behind `start`, each on lines of its own, broken between words.
fn wrapped(start: &str, paragraphs: &[String]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = start.to_owned();
    for paragraph in paragraphs.iter().filter(|paragraph| !paragraph.is_empty()) {
        for word in paragraph.split(' ') {
            let width = line.chars().count();
            let begun = width > INDENT;
            if begun && width + word.chars().count() >= COLUMNS {
                lines.push(std::mem::replace(&mut line, " ".repeat(INDENT)));
            } else if begun {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(std::mem::replace(&mut line, " ".repeat(INDENT)));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_explanation_is_broken_between_words_and_stays_in_its_column() {
        let start = format!("{:<INDENT$}", "Mon 09:12  handed off  Aoi Foods");
        let words = "word ".repeat(40);
        let lines = wrapped(&start, &[words.trim().to_owned(), String::new(), "next".to_owned()]);
        assert!(lines.iter().all(|line| line.chars().count() <= COLUMNS), "{lines:#?}");
        assert_eq!(lines.last().unwrap(), &format!("{}next", " ".repeat(INDENT)));
        assert_eq!(lines.concat().matches("word").count(), 40);
    }

    #[test]
    fn times_are_told_where_the_company_is() {
        assert_eq!(day_and_time(Instant::from_millis(0)), "Thu 09:00");
        assert_eq!(day_and_time(super::super::MONDAY), "Mon 00:00");
    }
}
