//! `[score]` and `[qualify]`: rules, conditions, thresholds.

use super::keys::{MANY, TESTS};
use super::names::{Alike, named, unique};
use crate::domain::policy::{Block, Condition, EngagementMatch, EngagementRule, FastTrack, FitRule, Qualify, Test};
use crate::domain::text::fold;
use crate::domain::value::Value;
use crate::fault::suggest;
use crate::shape::{Entries, Item, Node, Reading};

/// The rules for what people did.
pub(super) fn engagement(reading: &mut Reading<'_>, score: &Entries) -> Vec<EngagementRule> {
    let tables = score.tables("engagement");
    tables.map(|table| engagement_rule(reading, table)).collect()
}

fn engagement_rule(reading: &mut Reading<'_>, table: &Entries) -> EngagementRule {
    let folded = |key: &str| table.texts(key).map(|(text, _)| fold(text)).collect::<Vec<String>>();
    let days = |key: &str| table.integer(key).and_then(|days| u32::try_from(days).ok());
    match (table.names("form"), table.names("activity")) {
        (true, true) => {
            let remedy = "make two rules of it";
            reading.fault(table.at("activity"), "a rule looks at forms and at activities", remedy);
        }
        (false, false) => {
            let remedy = "add `form` or `activity`, a list of names";
            reading.fault(table.at, "a rule looks neither at forms nor at activities", remedy);
        }
        (true, false) if table.names("target_prefix") => {
            let remedy = "remove it, or look at an `activity`";
            reading.fault(
                table.at("target_prefix"),
                "a rule about forms has a `target_prefix`",
                remedy,
            );
        }
        _ => {}
    }
    let prefixes = || table.texts("target_prefix").map(|(text, _)| text.to_owned()).collect();
    EngagementRule {
        rule: table.text("rule").unwrap_or_default().to_owned(),
        matches: if table.names("form") {
            EngagementMatch::Form(folded("form"))
        } else {
            EngagementMatch::Activity(folded("activity"), table.names("target_prefix").then(prefixes))
        },
        points: table.integer("points").unwrap_or_default(),
        at_most: table.integer("at_most"),
        half_life_days: days("half_life_days"),
        within_days: days("within_days"),
    }
}

/// The rules for who people are; also looks at the names of all rules.
pub(super) fn fit(reading: &mut Reading<'_>, score: &Entries) -> Vec<FitRule> {
    let names = named(score, "engagement", "rule").chain(named(score, "fit", "rule"));
    unique(reading, "rule", Alike::Exactly, names);
    let count = score.list("engagement").len() + score.list("fit").len();
    if count > MANY && score.list("engagement").len() <= MANY && score.list("fit").len() <= MANY {
        reading.fault(
            score.at,
            format!("there are {count} rules"),
            format!("keep at most {MANY}"),
        );
    }
    let rules = score.tables("fit").map(|table| FitRule {
        rule: table.text("rule").unwrap_or_default().to_owned(),
        when: conditions(reading, table),
        points: table.integer("points").unwrap_or_default(),
    });
    rules.collect()
}

/// The conditions under `when`.
pub(super) fn conditions(reading: &mut Reading<'_>, table: &Entries) -> Vec<Condition> {
    table
        .tables("when")
        .filter_map(|condition| self::condition(reading, condition))
        .collect()
}

fn condition(reading: &mut Reading<'_>, table: &Entries) -> Option<Condition> {
    let count = TESTS.iter().filter(|test| table.names(test)).count();
    if count == 0 && !table.unknown.is_empty() {
        return None;
    }
    if count != 1 {
        let message = if count == 0 {
            "a condition tests nothing"
        } else {
            "a condition tests several things"
        };
        let remedy = format!(
            "give it exactly one of {}; write one condition for each test",
            TESTS.join(", ")
        );
        reading.fault(table.at, message, remedy);
        return None;
    }
    let (name, item) = TESTS.iter().find_map(|test| Some((*test, table.get(test)?)))?;
    let test = match (name, &item.node) {
        ("equals", _) => Test::Equals(value(item)?),
        ("one_of", Node::List(items)) => Test::OneOf(items.iter().filter_map(value).collect()),
        ("at_least", Node::Number(number)) => Test::AtLeast(number.clone()),
        ("at_most", Node::Number(number)) => Test::AtMost(number.clone()),
        ("contains", Node::Text(text)) => Test::Contains(fold(text)),
        ("present", Node::Bool(truth)) => Test::Present(*truth),
        _ => return None,
    };
    let attribute = table.text("attribute")?.to_owned();
    Some(Condition { attribute, test })
}

fn value(item: &Item) -> Option<Value> {
    match &item.node {
        Node::Text(text) => Some(Value::Text(fold(text))),
        Node::Number(number) => Some(Value::Number(number.clone())),
        Node::Bool(truth) => Some(Value::Bool(*truth)),
        _ => None,
    }
}

/// `[qualify]`.
pub(super) fn qualify(reading: &mut Reading<'_>, table: &Entries, score: &Entries) -> Qualify {
    unique(
        reading,
        "fast track",
        Alike::Exactly,
        named(table, "fast_track", "rule"),
    );
    unique(reading, "block", Alike::Exactly, named(table, "block", "name"));
    let tracks = table
        .tables("fast_track")
        .filter_map(|track| fast_track(reading, track, score));
    let fast_track = tracks.collect();
    let blocks = table.tables("block").map(|block| Block {
        name: block.text("name").unwrap_or_default().to_owned(),
        when: conditions(reading, block),
    });
    let block = blocks.collect();
    Qualify {
        fit_at_least: table.integer("fit_at_least").unwrap_or_default(),
        engagement_at_least: table.integer("engagement_at_least").unwrap_or_default(),
        requalify_after_days: table.integer("requalify_after_days").unwrap_or(1) as u32,
        not_before: table.get("not_before").and_then(|item| match item.node {
            Node::Time(time) => Some(time),
            _ => None,
        }),
        fast_track,
        block,
    }
}

fn fast_track(reading: &mut Reading<'_>, track: &Entries, score: &Entries) -> Option<FastTrack> {
    let name = track.text("rule")?;
    let rules: Vec<&str> = score
        .tables("engagement")
        .map(|rule| rule.text("rule").unwrap_or_default())
        .collect();
    let rule = rules.iter().position(|rule| *rule == name);
    let unreadable = !reading.is_whole() || score.names("engagement") != score.get("engagement").is_some();
    if rule.is_none() && !unreadable && !rules.contains(&"") {
        let at = track.at("rule");
        if named(score, "fit", "rule").any(|(fit, _)| fit == name) {
            let remedy = "name a rule of [[score.engagement]]: a fast track is for what people do";
            reading.fault(at, format!("the fast track `{name}` is a fit rule"), remedy);
        } else {
            let message = format!("there is no engagement rule `{name}`");
            reading.fault(at, message, suggest(name, rules.iter().copied()));
        }
    }
    let fit_at_least = track.integer("fit_at_least").unwrap_or_default();
    Some(FastTrack {
        rule: rule?,
        fit_at_least,
    })
}
