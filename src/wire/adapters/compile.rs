//! An adapter's file → its mapping, or every fault in it.

use std::collections::BTreeMap;

use super::keys::ADAPTER;
use super::mapped::{Condition, Event, MEMBERS, Mapping, Origin, Place, Test};
use super::path::Path;
use super::times::Unit;
use crate::domain::calendar::zone_named;
use crate::fault::{Fault, suggest};
use crate::shape::{Document, Entries, Node, Reading};
use crate::wire::facts::FactType;

/// Members that name a person.
const PERSON: [&str; 3] = ["lead_id", "email", "anonymous_id"];
/// The value of a member, and the table it is looked up in.
const LOOKED_UP: &str = " | ";

type Tables = BTreeMap<String, BTreeMap<String, String>>;

/// The mapping, and whether records without a value are ignored.
pub(super) fn compile(file: &str, text: &str) -> Result<(Mapping, bool), Vec<Fault>> {
    let document = Document::parse(file, text);
    let mut reading = Reading::new(&document, true);
    let root = reading.root(&ADAPTER);
    let tables = tables(&root);
    let mapping = Mapping {
        records: path(&mut reading, &root, "records").unwrap_or_else(Path::whole),
        ignores_unmatched: root.text("unmatched") == Some("ignore"),
        zone: zone(&mut reading, &root),
        unit: match root.text("time_unit") {
            Some("s") => Unit::Seconds,
            Some("us") => Unit::Micros,
            _ => Unit::Millis,
        },
        events: root
            .tables("event")
            .map(|table| event(&mut reading, table, &tables))
            .collect(),
    };
    let faults = reading.into_faults();
    if faults.is_empty() {
        Ok((mapping, root.text("without_value") == Some("ignore")))
    } else {
        Err(faults)
    }
}

fn tables(root: &Entries) -> Tables {
    let texts = |entries: &Entries| {
        let text = |key: &String| Some((key.clone(), entries.text(key)?.to_owned()));
        entries.members.keys().filter_map(text).collect()
    };
    let table = |values: &Entries, name: &String| Some((name.clone(), texts(values.table(name)?)));
    let Some(values) = root.table("values") else {
        return Tables::new();
    };
    values.members.keys().filter_map(|name| table(values, name)).collect()
}

fn zone(reading: &mut Reading<'_>, root: &Entries) -> Option<jiff::tz::TimeZone> {
    let zone = zone_named(root.text("time_zone")?);
    if zone.is_none() {
        let remedy = "write a zone such as \"Asia/Tokyo\" or \"UTC\"";
        reading.fault(root.at("time_zone"), "`time_zone` is not a known time zone", remedy);
    }
    zone
}

fn event(reading: &mut Reading<'_>, table: &Entries, tables: &Tables) -> Event {
    let kind = table.text("type").and_then(FactType::parse);
    if let Some(kind) = kind {
        suits(reading, table, kind);
    }
    let members = MEMBERS
        .iter()
        .filter(|(name, ..)| table.names(name))
        .map(|(name, place, form)| (*place, *form, origins(reading, table, name, tables)))
        .collect();
    let mut profile = Vec::new();
    if let Some(attributes) = table.table("profile") {
        for name in attributes.members.keys() {
            profile.push((name.clone(), origins(reading, attributes, name, tables)));
        }
    }
    Event {
        name: table.text("name").unwrap_or_default().to_owned(),
        kind: kind.unwrap_or(FactType::FormSubmitted),
        each: path(reading, table, "each"),
        when: table
            .tables("when")
            .filter_map(|when| condition(reading, when))
            .collect(),
        id: origins(reading, table, "id", tables),
        time: origins(reading, table, "time", tables),
        members,
        profile,
    }
}

/// What this type must have is there, and nothing that it cannot have.
fn suits(reading: &mut Reading<'_>, table: &Entries, kind: FactType) {
    let (needed, others) = members_of(kind);
    for name in needed.iter().filter(|name| !table.names(name)) {
        let message = format!("`{name}` is missing in an event of type {}", kind.name());
        reading.fault(
            table.at,
            message,
            format!("add `{name} = [\"/…\"]`, where it stands in the payload"),
        );
    }
    let about_person = kind != FactType::RepChanged;
    let names_person =
        PERSON.iter().any(|name| table.names(name)) || kind == FactType::FollowUpRecorded && table.names("handoff_id");
    if about_person && !names_person {
        let remedy = "add `lead_id`, `email` or `anonymous_id`";
        reading.fault(table.at, "nothing says whom the event is about", remedy);
    }
    let known = |name: &str| needed.contains(&name) || others.contains(&name) || about_person && PERSON.contains(&name);
    let written: Vec<&str> = MEMBERS
        .iter()
        .map(|(name, ..)| *name)
        .chain(["profile"])
        .filter(|name| table.names(name) && !known(name))
        .collect();
    for name in written {
        let message = format!("`{name}` is not part of an event of type {}", kind.name());
        reading.fault(table.at(name), message, "leave it out, or make another event of it");
    }
}

/// What a type must have, and what else it may have besides its person.
fn members_of(kind: FactType) -> (&'static [&'static str], &'static [&'static str]) {
    match kind {
        FactType::FormSubmitted => (
            &["form"],
            &[
                "profile",
                "message",
                "sales_contact",
                "campaign_source",
                "campaign_medium",
                "campaign_name",
            ],
        ),
        FactType::EngagementRecorded => (
            &["activity"],
            &[
                "target",
                "is_bot",
                "campaign_source",
                "campaign_medium",
                "campaign_name",
            ],
        ),
        FactType::ProfileChanged => (&["profile"], &[]),
        FactType::FollowUpRecorded => (
            &["outcome"],
            &["handoff_id", "reason", "note", "rep", "amount", "currency"],
        ),
        FactType::RepChanged => (&["rep"], &["available", "capacity", "team", "weight"]),
        FactType::ConsentChanged => (&["sales_contact"], &[]),
        FactType::LeadErased => (&[], &[]),
    }
}

fn condition(reading: &mut Reading<'_>, table: &Entries) -> Option<Condition> {
    let tests = ["one_of", "none_of", "present"];
    if tests.iter().filter(|test| table.names(test)).count() != 1 {
        let remedy = "write exactly one of `one_of`, `none_of` and `present`";
        reading.fault(table.at, "the condition does not say one thing", remedy);
    }
    let words = |name: &str| table.texts(name).map(|(text, _)| text.to_owned()).collect();
    let test = match table.get("present").map(|item| &item.node) {
        Some(Node::Bool(present)) => Test::Present(*present),
        _ if table.names("none_of") => Test::NoneOf(words("none_of")),
        _ => Test::OneOf(words("one_of")),
    };
    Some(Condition {
        path: path(reading, table, "path")?,
        test,
    })
}

fn path(reading: &mut Reading<'_>, table: &Entries, key: &str) -> Option<Path> {
    let text = table.text(key)?;
    parsed(reading, text, table.at(key))
}

fn parsed(reading: &mut Reading<'_>, text: &str, at: usize) -> Option<Path> {
    match Path::parse(text) {
        Ok(path) => Some(path),
        Err(why) => {
            let remedy = "write a JSON Pointer such as \"/person/email\"; a fixed text begins with `=`";
            reading.fault(at, format!("the path {why}"), remedy);
            None
        }
    }
}

fn origins(reading: &mut Reading<'_>, table: &Entries, key: &str, tables: &Tables) -> Vec<Origin> {
    let texts: Vec<(&str, usize)> = table.texts(key).collect();
    texts
        .into_iter()
        .filter_map(|(text, at)| origin(reading, text, at, tables))
        .collect()
}

fn origin(reading: &mut Reading<'_>, text: &str, at: usize, tables: &Tables) -> Option<Origin> {
    if let Some(constant) = text.strip_prefix('=') {
        return Some(Origin {
            place: Place::Here(constant.to_owned()),
            values: None,
        });
    }
    let (path, name) = match text.split_once(LOOKED_UP) {
        Some((path, name)) => (path, Some(name)),
        None => (text, None),
    };
    let values = name.and_then(|name| {
        let found = tables.get(name).cloned();
        if found.is_none() {
            let remedy = suggest(name, tables.keys().map(String::as_str));
            reading.fault(at, format!("there is no table of values `{name}`"), remedy);
        }
        found
    });
    Some(Origin {
        place: Place::There(parsed(reading, path, at)?),
        values,
    })
}
