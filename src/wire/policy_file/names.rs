//! Names of things in the policy file, and what refers to them.

use std::collections::BTreeMap;

use crate::domain::text::fold;
use crate::fault::suggest;
use crate::shape::{Entries, Reading};

/// The names of one kind of thing, in the order of the file.
pub(super) struct Names {
    what: &'static str,
    known: Vec<String>,
    /// False if some name could not be read, so that an unknown one may be that.
    complete: bool,
}

impl Names {
    /// The names at `key` in the tables of the list `list`.
    pub(super) fn of(reading: &Reading<'_>, root: &Entries, list: &str, key: &str, what: &'static str) -> Self {
        let known: Vec<String> = root
            .tables(list)
            .map(|table| table.text(key).unwrap_or_default().to_owned())
            .collect();
        let complete = reading.is_whole()
            && !root.spoiled.iter().any(|key| key == list)
            && known.iter().all(|name| !name.is_empty());
        Self { what, known, complete }
    }

    /// The place in the list of the name at `key` of `table`, or a fault.
    pub(super) fn find(&self, reading: &mut Reading<'_>, table: &Entries, key: &str) -> Option<usize> {
        let name = table.text(key)?;
        let place = self.known.iter().position(|known| known == name);
        if place.is_none() && self.complete {
            let remedy = suggest(name, self.known.iter().map(String::as_str));
            reading.fault(table.at(key), format!("there is no {} `{name}`", self.what), remedy);
        }
        place
    }
}

/// How names compare when none may appear twice.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Alike {
    /// Letter by letter.
    Exactly,
    /// After NFKC and lower-casing.
    Folded,
}

/// Reports each name that appears a second time.
pub(super) fn unique<'e>(
    reading: &mut Reading<'_>,
    what: &str,
    alike: Alike,
    names: impl IntoIterator<Item = (&'e str, usize)>,
) {
    let mut seen: BTreeMap<String, (&str, usize)> = BTreeMap::new();
    for (name, at) in names {
        let key = if alike == Alike::Folded {
            fold(name)
        } else {
            name.to_owned()
        };
        let Some((before, before_at)) = seen.get(&key) else {
            seen.insert(key, (name, at));
            continue;
        };
        let line = reading.document().place(*before_at).line().unwrap_or_default();
        let message = if *before == name {
            format!("the {what} `{name}` appears twice")
        } else {
            format!("the {what}s `{before}` and `{name}` differ in the case or form of letters only")
        };
        reading.fault(at, message, format!("rename one of them; the other is on line {line}"));
    }
}

/// The names at `key` of the tables of a list, with their places.
pub(super) fn named<'e>(root: &'e Entries, list: &'e str, key: &'e str) -> impl Iterator<Item = (&'e str, usize)> {
    root.tables(list)
        .filter_map(move |table| Some((table.text(key)?, table.at(key))))
}
