//! `[[calendar]]`: when teams work.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::keys::WEEKDAYS;
use super::names::{Alike, named, unique};
use crate::domain::calendar::{Block, Calendar, zone_named};
use crate::fault::suggest;
use crate::shape::{Entries, Node, Reading};
use crate::wire::{holidays, ics};

/// The `.ics` files by the path that the policy names: their text, or why it cannot be read.
pub(super) type Files<'a> = BTreeMap<&'a str, Result<&'a str, &'a str>>;

/// True if an entry of `holidays` is the path of a file.
pub(super) fn is_path(entry: &str) -> bool {
    entry
        .get(entry.len().saturating_sub(4)..)
        .is_some_and(|end| end.eq_ignore_ascii_case(".ics"))
}

/// The calendars.
pub(super) fn calendars(reading: &mut Reading<'_>, root: &Entries, files: &Files<'_>) -> Vec<Calendar> {
    unique(reading, "calendar", Alike::Exactly, named(root, "calendar", "id"));
    let mut read = Lists {
        files,
        dates: BTreeMap::new(),
    };
    root.tables("calendar")
        .filter_map(|table| calendar(reading, table, &mut read))
        .collect()
}

fn calendar(reading: &mut Reading<'_>, table: &Entries, lists: &mut Lists<'_>) -> Option<Calendar> {
    let id = table.text("id").unwrap_or_default();
    if table.get("always").is_some_and(|item| item.node == Node::Bool(true)) {
        for key in ["hours", "holidays", "closed"]
            .into_iter()
            .filter(|key| table.names(key))
        {
            let message = format!("`always` beside `{key}`: it cannot be both");
            reading.fault(table.at(key), message, format!("remove `always` or `{key}`"));
        }
        return Some(Calendar::always(id));
    }
    let zone = zone(reading, table);
    let week = week(reading, table);
    let mut closed: Vec<Date> = Vec::new();
    for (entry, at) in table.texts("holidays") {
        closed.extend(lists.dates(reading, entry, at));
    }
    closed.extend(table.list("closed").iter().filter_map(|item| match item.node {
        Node::Date(date) => Some(date),
        _ => None,
    }));
    match Calendar::weekly(id, &zone?, week?, closed) {
        Ok(calendar) => Some(calendar),
        Err(error) => {
            reading.fault(
                table.at,
                format!("a calendar with {error}"),
                "correct its hours and its zone",
            );
            None
        }
    }
}

fn zone(reading: &mut Reading<'_>, table: &Entries) -> Option<String> {
    let Some(name) = table.text("time_zone") else {
        if table.names("hours") && !table.names("time_zone") && reading.is_whole() {
            let remedy = "add `time_zone`, such as \"Asia/Tokyo\"";
            reading.fault(table.at, "a calendar with hours has no `time_zone`", remedy);
        }
        return None;
    };
    if zone_named(name).is_some() {
        return Some(name.to_owned());
    }
    let known: Vec<String> = jiff::tz::db().available().map(|zone| zone.to_string()).collect();
    let remedy = match crate::fault::nearest(name, known.iter().map(String::as_str)) {
        Some(candidate) => format!("did you mean `{candidate}`?"),
        None => "write an IANA name such as \"Asia/Tokyo\"".to_owned(),
    };
    reading.fault(table.at("time_zone"), format!("there is no time zone `{name}`"), remedy);
    None
}

/// The hours of each weekday, from Monday; none if there is a fault in them.
fn week(reading: &mut Reading<'_>, table: &Entries) -> Option<[Vec<Block>; 7]> {
    let Some(hours) = table.table("hours") else {
        if !table.names("hours") && reading.is_whole() {
            let remedy = "add `hours`, or `always = true` for around the clock";
            reading.fault(table.at, "a calendar never opens: it has no hours", remedy);
        }
        return None;
    };
    let mut sound = hours.spoiled.is_empty() && reading.is_whole();
    let week = WEEKDAYS.map(|weekday| day(reading, hours, weekday, &mut sound));
    if sound && week.iter().all(Vec::is_empty) {
        let remedy = "give a weekday hours such as [\"09:00-17:00\"]";
        reading.fault(
            table.at("hours"),
            "a calendar never opens: no weekday has hours",
            remedy,
        );
        return None;
    }
    sound.then_some(week)
}

/// The hours of one weekday. `sound` becomes false if some of them were left out or overlap.
fn day(reading: &mut Reading<'_>, hours: &Entries, weekday: &str, sound: &mut bool) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for item in hours.list(weekday) {
        let Node::Hours(open, close) = item.node else { continue };
        if blocks
            .iter()
            .any(|(other_open, other_close)| open < *other_close && *other_open < close)
        {
            let remedy = "join them, or separate them";
            reading.fault(item.at, format!("hours of `{weekday}` overlap"), remedy);
            *sound = false;
        }
        blocks.push((open, close));
    }
    blocks
}

/// Holiday lists; each file is read once, however many calendars name it.
struct Lists<'a> {
    files: &'a Files<'a>,
    dates: BTreeMap<String, Vec<Date>>,
}

impl Lists<'_> {
    fn dates(&mut self, reading: &mut Reading<'_>, entry: &str, at: usize) -> Vec<Date> {
        if let Some(dates) = holidays::dates(entry) {
            return dates;
        }
        if let Some(dates) = self.dates.get(entry) {
            return dates.clone();
        }
        if !is_path(entry) {
            let remedy = format!(
                "{}; or name an .ics file",
                suggest(entry, holidays::LISTS.iter().copied())
            );
            reading.fault(at, format!("there is no holiday list `{entry}`"), remedy);
            return Vec::new();
        }
        let dates = match self.files.get(entry) {
            Some(Ok(text)) => ics::dates(entry, text).unwrap_or_else(|faults| {
                for fault in faults {
                    reading.add(fault);
                }
                Vec::new()
            }),
            Some(Err(why)) => {
                let remedy = "check the path, which is taken from this file's folder";
                reading.fault(at, format!("the file {entry} {why}"), remedy);
                return Vec::new();
            }
            None => {
                reading.fault(
                    at,
                    format!("the file {entry} is not there"),
                    "hand it in with the policy",
                );
                return Vec::new();
            }
        };
        self.dates.insert(entry.to_owned(), dates.clone());
        dates
    }
}
