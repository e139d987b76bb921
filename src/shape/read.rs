//! Reading a file against its table of keys: every fault reported, everything right kept.

use std::collections::BTreeSet;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::entries::{Entries, Item, Node};
use super::{Document, Kind, Need, Problem, Table, read_text};
use crate::fault::{Fault, Place, nearest, suggest};

/// The pass over a document that collects its faults.
pub struct Reading<'a> {
    document: &'a Document<'a>,
    faults: Vec<Fault>,
    /// Missing keys are faults. Not so in a file that only overrides, or behind a syntax error.
    whole: bool,
}

impl<'a> Reading<'a> {
    /// A pass over `document`; with `whole`, required keys must be there.
    pub fn new(document: &'a Document<'a>, whole: bool) -> Self {
        let whole = whole && document.syntax_faults().is_empty();
        let faults = Vec::new();
        Self {
            document,
            faults,
            whole,
        }
    }

    /// Reads the whole file.
    pub fn root(&mut self, shape: &'static Table) -> Entries {
        let root = self.document.root();
        self.table(root, shape, 0)
    }

    /// Reports a fault at a byte of the text.
    pub fn fault(&mut self, at: usize, message: impl Into<String>, remedy: impl Into<String>) {
        self.faults.push(Fault::new(self.document.place(at), message, remedy));
    }

    /// Reports a fault found elsewhere.
    pub fn add(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    /// True if nothing is missing for a reason that was reported already.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// The document that is read.
    pub fn document(&self) -> &'a Document<'a> {
        self.document
    }

    /// Every fault, in the order of the file. What follows from a syntax error in the same line is
    /// left out.
    pub fn into_faults(self) -> Vec<Fault> {
        let mut faults = self.document.syntax_faults();
        let broken: BTreeSet<Place> = faults.iter().map(|fault| fault.place.on_line()).collect();
        faults.extend(
            self.faults
                .into_iter()
                .filter(|fault| !broken.contains(&fault.place.on_line())),
        );
        faults.sort();
        faults.dedup();
        faults
    }

    /// Reads a table, placed at byte `at`.
    fn table(&mut self, table: &DeTable<'_>, shape: &'static Table, at: usize) -> Entries {
        let mut entries = Entries {
            at,
            ..Entries::default()
        };
        for (name, value) in table {
            let text = name.get_ref().as_ref();
            let Some(key) = shape.key(text) else {
                let remedy = suggest(text, shape.names());
                self.fault(
                    name.span().start,
                    format!("unknown key `{text}` in {}", shape.doc),
                    remedy,
                );
                entries.unknown.push(text.to_owned());
                continue;
            };
            match self.value(text, value, &key.kind) {
                Some(item) => drop(entries.members.insert(text.to_owned(), item)),
                None => entries.spoiled.push(text.to_owned()),
            }
        }
        if self.whole {
            self.missing(&entries, shape);
        }
        entries
    }

    /// A required key that was only misspelt has been reported as that.
    fn missing(&mut self, entries: &Entries, shape: &'static Table) {
        let meant: Vec<&str> = entries
            .unknown
            .iter()
            .filter_map(|name| nearest(name, shape.names()))
            .collect();
        for key in shape.keys {
            let absent = !entries.names(key.name) && !meant.contains(&key.name);
            if key.need == Need::Required && absent {
                let remedy = format!("add `{}`, {}", key.name, key.kind.words());
                self.fault(
                    entries.at,
                    format!("`{}` is missing in {}", key.name, shape.doc),
                    remedy,
                );
            }
        }
    }

    fn value(&mut self, name: &str, value: &Spanned<DeValue<'_>>, kind: &'static Kind) -> Option<Item> {
        let at = value.span().start;
        let node = match (kind, value.get_ref()) {
            (Kind::List { of, min, max }, DeValue::Array(members)) => {
                self.count(name, at, members.len(), *min, *max);
                let items = members.iter().filter_map(|member| self.value(name, member, of));
                let items: Vec<Item> = items.collect();
                // It is not empty, as it would seem to be.
                let is_lost = items.is_empty() && !members.is_empty();
                (!is_lost).then_some(Node::List(items))
            }
            (Kind::Tables { of, min, max }, DeValue::Array(members)) => {
                self.count(name, at, members.len(), *min, *max);
                Some(Node::List(
                    members
                        .iter()
                        .filter_map(|member| self.member(name, member, of))
                        .collect(),
                ))
            }
            (Kind::Table(shape), DeValue::Table(members)) => Some(Node::Table(self.table(members, shape, at))),
            (Kind::Map { of, max, dotted }, DeValue::Table(members)) => {
                self.count(name, at, members.len(), 0, *max);
                let mut entries = Entries {
                    at,
                    ..Entries::default()
                };
                self.map(members, of, *dotted, "", &mut entries);
                Some(Node::Table(entries))
            }
            (_, leaf) => match read_leaf(kind, leaf, self.document.slice(value.span())) {
                Ok(node) => Some(node),
                Err(problem) => {
                    self.fault(at, format!("`{name}` {}", problem.message), problem.remedy);
                    None
                }
            },
        };
        node.map(|node| Item { at, node })
    }

    fn member(&mut self, name: &str, value: &Spanned<DeValue<'_>>, shape: &'static Table) -> Option<Item> {
        let at = value.span().start;
        if let DeValue::Table(table) = value.get_ref() {
            let node = Node::Table(self.table(table, shape, at));
            return Some(Item { at, node });
        }
        self.fault(
            at,
            format!("`{name}` holds something that is not a table"),
            format!("write {}", shape.doc),
        );
        None
    }

    fn map(&mut self, table: &DeTable<'_>, of: &'static Kind, dotted: bool, before: &str, into: &mut Entries) {
        for (name, value) in table {
            let full = format!("{before}{}", name.get_ref());
            match value.get_ref() {
                DeValue::Table(nested) if dotted => self.map(nested, of, dotted, &format!("{full}."), into),
                _ => match self.value(&full, value, of) {
                    Some(item) => drop(into.members.insert(full, item)),
                    None => into.spoiled.push(full),
                },
            }
        }
    }

    fn count(&mut self, name: &str, at: usize, count: usize, min: usize, max: usize) {
        if count < min {
            self.fault(at, format!("`{name}` is empty"), "name at least one, or leave it out");
        } else if count > max {
            self.fault(
                at,
                format!("`{name}` has {count} entries"),
                format!("keep at most {max}"),
            );
        }
    }
}

/// Reads what is neither list nor table; `source` is the value as it was written.
fn read_leaf(kind: &Kind, value: &DeValue<'_>, source: &str) -> Result<Node, Problem> {
    let not_allowed = || {
        let found = type_words(value);
        Problem::new(format!("is {found}"), format!("write {}", kind.words()))
    };
    match (kind, value) {
        (
            Kind::Text { .. }
            | Kind::Word { .. }
            | Kind::Choice(_)
            | Kind::Scalar
            | Kind::Property
            | Kind::Duration { .. }
            | Kind::Time
            | Kind::Begin
            | Kind::Date
            | Kind::Hours,
            DeValue::String(text),
        ) => read_text(kind, text),
        (Kind::Time | Kind::Begin | Kind::Date, DeValue::Datetime(_)) => read_text(kind, &source.replacen(' ', "T", 1)),
        (Kind::Integer { .. }, DeValue::Integer(number)) => {
            match i64::from_str_radix(number.as_str(), number.radix()) {
                Ok(whole) => read_text(kind, &whole.to_string()),
                Err(_) => Err(Problem::not_a(kind)),
            }
        }
        (Kind::Number, DeValue::Integer(_) | DeValue::Float(_)) => {
            read_text(kind, number_text(value).as_deref().unwrap_or_default())
        }
        (Kind::Scalar, DeValue::Integer(_) | DeValue::Float(_)) => {
            read_text(&Kind::Number, number_text(value).as_deref().unwrap_or_default())
        }
        (Kind::Bool | Kind::Scalar, DeValue::Boolean(truth)) => Ok(Node::Bool(*truth)),
        (Kind::Property, DeValue::Boolean(truth)) => Ok(Node::Text(truth.to_string())),
        (Kind::Property, DeValue::Integer(_) | DeValue::Float(_)) => {
            Ok(Node::Text(number_text(value).unwrap_or_default()))
        }
        _ => Err(not_allowed()),
    }
}

/// A number as JSON would write it.
fn number_text(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str().trim_start_matches('+').to_owned()),
        DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix())
            .ok()
            .map(|whole| whole.to_string()),
        DeValue::Float(number) => Some(number.as_str().trim_start_matches('+').to_owned()),
        _ => None,
    }
}

fn type_words(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a decimal number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
