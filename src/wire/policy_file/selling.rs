//! `[[route]]`, `[[team]]`, `[[rep]]`, `[reject]`: who gets which leads, and what they promise.

use std::collections::BTreeMap;

use super::keys::{MANY, RELEASES, RESPONSES};
use super::names::{Alike, Names, named, unique};
use super::scoring::conditions;
use crate::domain::fact::Outcome;
use crate::domain::policy::{RejectionPath, RepTerms, Route, Sla, Team};
use crate::domain::text::fold;
use crate::shape::{Entries, HOURS, Node, Reading, span_text};

/// The routes. The last takes everyone, and only the last.
pub(super) fn routes(reading: &mut Reading<'_>, root: &Entries, teams: &Names) -> Vec<Route> {
    unique(reading, "route", Alike::Exactly, named(root, "route", "name"));
    let tables: Vec<&Entries> = root.tables("route").collect();
    match tables.iter().position(|table| !table.names("when")) {
        Some(open) => {
            let line = reading.document().place(tables[open].at).line().unwrap_or_default();
            for table in &tables[open + 1..] {
                let remedy = format!("move it before line {line}, or give that route a `when`");
                reading.fault(
                    table.at,
                    format!("a route that is never reached: line {line} takes everyone"),
                    remedy,
                );
            }
        }
        None => {
            if let Some(last) = tables.last() {
                let remedy = "add a last route without `when`, for everyone else";
                reading.fault(
                    last.at("when"),
                    "the last route has a `when`, so some leads have no team",
                    remedy,
                );
            }
        }
    }
    let routes = tables.into_iter().map(|table| Route {
        name: table.text("name").unwrap_or_default().to_owned(),
        when: conditions(reading, table),
        team: teams.find(reading, table, "team").unwrap_or_default(),
        needs: texts(table, "needs"),
        owner_from: table.text("owner_from").map(str::to_owned),
    });
    routes.collect()
}

/// The teams and their promises.
pub(super) fn teams(reading: &mut Reading<'_>, root: &Entries, teams: &Names, calendars: &Names) -> Vec<Team> {
    unique(reading, "team", Alike::Folded, named(root, "team", "id"));
    let tables = root.tables("team").enumerate();
    tables
        .map(|(place, table)| team(reading, table, place, teams, calendars))
        .collect()
}

fn team(reading: &mut Reading<'_>, table: &Entries, place: usize, teams: &Names, calendars: &Names) -> Team {
    let id = table.text("id").unwrap_or_default();
    let overflow = teams.find(reading, table, "overflow");
    if overflow == Some(place) {
        reading.fault(
            table.at("overflow"),
            format!("the team `{id}` overflows to itself"),
            "name another team",
        );
    }
    let sla = match table.table("sla") {
        Some(sla) => promise(reading, sla),
        None => promise(reading, &Entries::default()),
    };
    Team {
        topic: topic(reading, table, id),
        calendar: calendars.find(reading, table, "calendar").unwrap_or_default(),
        id: id.to_owned(),
        overflow,
        sla,
    }
}

fn topic(reading: &mut Reading<'_>, table: &Entries, id: &str) -> String {
    if let Some(topic) = table.text("topic") {
        if topic.starts_with("tasuki.") || matches!(topic, "sales.sla" | "marketing.feedback" | "leads.lifecycle") {
            let remedy = "name another, or leave it out for sales.handoffs.<id>";
            reading.fault(
                table.at("topic"),
                format!("the topic {topic} is for something else"),
                remedy,
            );
        }
        return topic.to_owned();
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if !table.names("topic") && (id.len() > 180 || !id.bytes().all(plain)) {
        let message = format!("sales.handoffs.{id} cannot be the name of a topic");
        reading.fault(
            table.at("id"),
            message,
            "add `topic`: letters, digits, `.`, `_` and `-`",
        );
    }
    format!("sales.handoffs.{id}")
}

/// `warn` < `within` <= `escalate` <= `reassign`.
fn promise(reading: &mut Reading<'_>, table: &Entries) -> Sla {
    let spans = ["warn", "within", "escalate", "reassign"].map(|key| (key, table.duration(key)));
    let mut before: Option<(&str, i64)> = None;
    for (key, span) in spans {
        let Some(span) = span else { continue };
        if let Some((earlier, limit)) = before {
            let word = if earlier == "warn" { "later than" } else { "not before" };
            if span < limit || (earlier == "warn" && span == limit) {
                let message = format!("`{key}` must be {word} `{earlier}`");
                let remedy = format!("write {word} {}, or correct `{earlier}`", span_text(limit, HOURS));
                reading.fault(table.at(key), message, remedy);
            }
        }
        // A warning that comes too late is told once: whatever follows is measured by `within`.
        let limit = before.filter(|(earlier, _)| *earlier != "warn");
        before = Some((key, limit.map_or(span, |(_, limit)| limit.max(span))));
    }
    let [warn_ms, within_ms, escalate_ms, reassign_ms] = spans.map(|(_, span)| span);
    Sla {
        warn_ms,
        within_ms: within_ms.unwrap_or_default(),
        escalate_ms,
        reassign_ms,
        reassign_at_most: table.integer("reassign_at_most").unwrap_or(2) as u32,
        responses: outcomes(table, "responses", RESPONSES),
        releases: outcomes(table, "releases", RELEASES),
    }
}

/// The outcomes named at a key, each once; `default` lists them as the file would.
fn outcomes(table: &Entries, key: &str, default: &str) -> Vec<Outcome> {
    let mut outcomes: Vec<Outcome> = if table.names(key) {
        table.texts(key).filter_map(|(name, _)| Outcome::parse(name)).collect()
    } else {
        default.split('"').filter_map(Outcome::parse).collect()
    };
    outcomes.sort_unstable();
    outcomes.dedup();
    outcomes
}

/// The reps.
pub(super) fn reps(reading: &mut Reading<'_>, root: &Entries, teams: &Names) -> Vec<RepTerms> {
    unique(reading, "rep", Alike::Folded, named(root, "rep", "id"));
    let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
    let mut reps = Vec::new();
    for table in root.tables("rep") {
        let team = teams.find(reading, table, "team");
        let size = sizes.entry(team.unwrap_or(usize::MAX)).or_default();
        *size += 1;
        if *size == MANY + 1 && team.is_some() {
            let remedy = format!("keep at most {MANY}, or make two teams of it");
            reading.fault(
                table.at,
                format!("the team of this rep has more than {MANY} reps"),
                remedy,
            );
        }
        reps.push(RepTerms {
            id: table.text("id").unwrap_or_default().to_owned(),
            team: team.unwrap_or_default(),
            weight: table.integer("weight").unwrap_or(1) as u32,
            capacity: table.integer("capacity").unwrap_or_default() as u32,
            skills: texts(table, "skills"),
        });
    }
    reps
}

/// What reasons lead to, by folded reason.
pub(super) fn reject(reading: &mut Reading<'_>, root: &Entries) -> BTreeMap<String, RejectionPath> {
    let Some(table) = root.table("reject") else {
        return BTreeMap::new();
    };
    let mut reasons: Vec<(&str, usize)> = table
        .members
        .iter()
        .map(|(reason, item)| (&**reason, item.at))
        .collect();
    reasons.sort_by_key(|(_, at)| *at);
    unique(reading, "reason", Alike::Folded, reasons.iter().copied());
    for (reason, at) in reasons {
        if reason.trim().is_empty() || reason.len() > 256 {
            reading.fault(at, "a reason is empty or too long", "write 1 to 256 bytes");
        }
    }
    let path = |node: &Node| match node {
        Node::Text(word) if word == "reassign" => RejectionPath::Reassign,
        Node::Text(word) if word == "disqualify" => RejectionPath::Disqualify,
        _ => RejectionPath::Recycle,
    };
    table
        .members
        .iter()
        .map(|(reason, item)| (fold(reason), path(&item.node)))
        .collect()
}

fn texts(table: &Entries, key: &str) -> Vec<String> {
    table.texts(key).map(|(text, _)| text.to_owned()).collect()
}
