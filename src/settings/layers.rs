//! The layers of settings: the built-in defaults, files, the environment; each checked alone.
//!
//! A value keeps the place it was written at through the layering, so that a fault that only the
//! whole shows can name it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use config::{Config, ConfigError, Map, Source, Value, ValueKind};

use super::keys::SETTINGS;
use super::properties;
use crate::fault::{Fault, Place};
use crate::shape::{Document, Entries, Node, Reading, text_of};

/// The name under which faults show the built-in defaults.
pub(super) const DEFAULTS: &str = "config/default.toml";
const DEFAULT_TEXT: &str = include_str!("../../config/default.toml");
const FILE_BYTES_MAX: usize = 1 << 20;

/// A value as one layer gives it, in one way of writing it (spans of time in milliseconds).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) texts: Vec<String>,
    pub(super) place: Place,
}

/// Values by path, such as `kafka`, `prefix`.
pub(super) type Values = BTreeMap<Vec<String>, Given>;

/// What the layers got wrong.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) faults: Vec<Fault>,
    /// Settings that were given a wrong value: nothing can be said about what they should be.
    pub(super) spoiled: BTreeSet<Vec<String>>,
    /// Tables in which nothing stands, and where.
    pub(super) empty: Vec<(Vec<String>, Place)>,
}

/// The built-in defaults.
pub(super) fn defaults(findings: &mut Findings) -> Values {
    from_text(DEFAULTS, DEFAULT_TEXT, findings)
}

/// The defaults by path such as `kafka.prefix`, as the file writes them.
pub(super) fn written_defaults() -> BTreeMap<String, String> {
    let document = Document::parse(DEFAULTS, DEFAULT_TEXT);
    let mut written = BTreeMap::new();
    for (path, given) in from_text(DEFAULTS, DEFAULT_TEXT, &mut Findings::default()) {
        if let Some(value) = document.line_at(&given.place).and_then(|line| line.split_once(" = ")) {
            written.insert(path.join("."), value.1.to_owned());
        }
    }
    written
}

/// A file's values.
pub(super) fn from_file(path: &Path, findings: &mut Findings) -> Values {
    match read(path) {
        Ok(text) => from_text(&path.display().to_string(), &text, findings),
        Err(fault) => {
            findings.faults.push(fault);
            Values::new()
        }
    }
}

/// The text of a file of at most 1 MiB.
pub(super) fn read(path: &Path) -> Result<String, Fault> {
    let name = path.display().to_string();
    let whole = || Place::Whole(name.clone());
    let bytes = std::fs::read(path).map_err(|error| {
        Fault::new(
            whole(),
            format!("cannot be read: {error}"),
            "check the path and its permissions",
        )
    })?;
    if bytes.len() > FILE_BYTES_MAX {
        return Err(Fault::new(whole(), "is larger than 1 MiB", "name the right file"));
    }
    text_of(&name, bytes)
}

/// The values of a file's text.
pub(super) fn from_text(file: &str, text: &str, findings: &mut Findings) -> Values {
    let document = Document::parse(file, text);
    let mut reading = Reading::new(&document, false);
    let root = reading.root(&SETTINGS);
    let mut values = Values::new();
    flatten(&document, &root, &mut Vec::new(), &mut values, findings);
    for (path, given) in &values {
        if let Some(fault) = properties::fault(path, given) {
            reading.add(fault);
        }
    }
    findings.faults.extend(reading.into_faults());
    values
}

fn flatten(
    document: &Document<'_>,
    entries: &Entries,
    path: &mut Vec<String>,
    values: &mut Values,
    findings: &mut Findings,
) {
    for name in &entries.spoiled {
        findings
            .spoiled
            .insert([path.as_slice(), std::slice::from_ref(name)].concat());
    }
    for (name, item) in &entries.members {
        path.push(name.clone());
        match &item.node {
            Node::Table(nested)
                if nested.members.is_empty() && nested.spoiled.is_empty() && nested.unknown.is_empty() =>
            {
                findings.empty.push((path.clone(), document.place(item.at)));
            }
            Node::Table(nested) => flatten(document, nested, path, values, findings),
            leaf => {
                let texts = texts(leaf);
                let place = document.place(item.at);
                values.insert(path.clone(), Given { texts, place });
            }
        }
        path.pop();
    }
}

pub(super) fn texts(node: &Node) -> Vec<String> {
    match node {
        Node::List(items) => items.iter().flat_map(|item| texts(&item.node)).collect(),
        Node::Text(text) => vec![text.clone()],
        Node::Integer(number) => vec![number.to_string()],
        Node::Number(number) => vec![number.text().to_owned()],
        Node::Bool(truth) => vec![truth.to_string()],
        Node::Duration(millis) => vec![millis.to_string()],
        Node::Time(time) => vec![time.to_string()],
        Node::Date(date) => vec![date.to_string()],
        Node::Hours(..) | Node::Table(_) => Vec::new(),
    }
}

/// A secret that is given as text outranks the file that an earlier layer names for it.
pub(super) fn outrank_files(layers: &mut [Values]) {
    for number in 1..layers.len() {
        let (below, above) = layers.split_at_mut(number);
        let [layer, ..] = above else { continue };
        for path in layer.keys() {
            let Some((name, table)) = path.split_last() else {
                continue;
            };
            let file = match table {
                [kafka, client] if (&**kafka, &**client, &**name) == ("kafka", "client", "sasl.password") => {
                    vec![kafka.clone(), "password_file".to_owned()]
                }
                table => [table, &[format!("{name}_file")]].concat(),
            };
            if !layer.contains_key(&file) {
                for values in &mut *below {
                    values.remove(&file);
                }
            }
        }
    }
}

/// Lays the layers over each other, later ones winning.
pub(super) fn lay(layers: Vec<Values>) -> Result<Values, ConfigError> {
    let places: Vec<Place> = layers
        .iter()
        .flat_map(|layer| layer.values().map(|given| given.place.clone()))
        .collect();
    let mut builder = Config::builder();
    let mut first_place = 0;
    for values in layers {
        let count = values.len();
        builder = builder.add_source(Layer { values, first_place });
        first_place += count;
    }
    let mut merged = Values::new();
    unfold(&builder.build()?.cache, &places, &mut Vec::new(), &mut merged);
    Ok(merged)
}

/// One layer, as a source for `config`. A value's origin is the number of its place.
#[derive(Clone, Debug)]
struct Layer {
    values: Values,
    first_place: usize,
}

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        let mut root = Map::new();
        for (number, (path, given)) in self.values.iter().enumerate() {
            let origin = (self.first_place + number).to_string();
            let texts = given
                .texts
                .iter()
                .map(|text| Value::new(Some(&origin), text.clone()))
                .collect();
            insert(&mut root, path, Value::new(Some(&origin), ValueKind::Array(texts)));
        }
        Ok(root)
    }
}

fn insert(table: &mut Map<String, Value>, path: &[String], value: Value) {
    let [name, rest @ ..] = path else { return };
    if rest.is_empty() {
        table.insert(name.clone(), value);
        return;
    }
    let nested = table
        .entry(name.clone())
        .or_insert_with(|| Value::new(None, ValueKind::Table(Map::new())));
    if let ValueKind::Table(nested) = &mut nested.kind {
        insert(nested, rest, value);
    }
}

fn unfold(value: &Value, places: &[Place], path: &mut Vec<String>, into: &mut Values) {
    match &value.kind {
        ValueKind::Table(members) => {
            for (name, member) in members {
                path.push(name.clone());
                unfold(member, places, path, into);
                path.pop();
            }
        }
        ValueKind::Array(members) => {
            let number = value.origin().and_then(|origin| origin.parse::<usize>().ok());
            let place = number.and_then(|number| places.get(number)).cloned();
            let texts = members.iter().map(ToString::to_string).collect();
            let place = place.unwrap_or_else(|| Place::Whole(DEFAULTS.to_owned()));
            into.insert(path.clone(), Given { texts, place });
        }
        _ => {}
    }
}
