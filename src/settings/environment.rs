//! The environment as a layer of settings: every variable that begins with `TASUKI__`.

use std::ffi::OsString;

use super::keys::SETTINGS;
use super::layers::{DEFAULTS, Findings, Given, Values, texts};
use super::properties;
use crate::fault::{Fault, Place, nearest};
use crate::shape::{Kind, Need, Table, read_text};

const VARIABLES: &str = "TASUKI__";

/// The values of the environment: every variable that begins with `TASUKI__`.
pub(super) fn from_environment(variables: &[(OsString, OsString)], findings: &mut Findings) -> Values {
    let mut values = Values::new();
    for (name, text) in variables {
        let Some(name) = name.to_str().filter(|name| name.starts_with(VARIABLES)) else {
            continue;
        };
        let place = Place::Variable(name.to_owned());
        let Some(text) = text.to_str() else {
            findings
                .faults
                .push(Fault::new(place, "is not UTF-8 text", "set it to text"));
            continue;
        };
        let parts: Vec<&str> = name[VARIABLES.len()..].split("__").collect();
        let Some(setting) = resolve(&parts) else {
            findings.faults.push(unknown(name, place));
            continue;
        };
        match from_variable(&setting, text, &place) {
            Ok(None) => {}
            Ok(Some(given)) => drop(values.insert(setting.path, given)),
            Err(fault) => {
                findings.faults.push(fault);
                findings.spoiled.insert(setting.path);
            }
        }
    }
    values
}

fn unknown(name: &str, place: Place) -> Fault {
    let known = variable_names(&SETTINGS, "TASUKI");
    let remedy = match nearest(name, known.iter().map(String::as_str)) {
        Some(candidate) => format!("did you mean `{candidate}`?"),
        None => format!("see {DEFAULTS} for all settings"),
    };
    Fault::new(place, "names no setting", remedy)
}

fn from_variable(setting: &Resolved, text: &str, place: &Place) -> Result<Option<Given>, Fault> {
    if text.is_empty() && setting.optional && setting.path != ["kafka", "source_prefix"] {
        return Ok(None);
    }
    let node =
        read_text(setting.kind, text).map_err(|problem| Fault::new(place.clone(), problem.message, problem.remedy))?;
    let given = Given {
        texts: texts(&node),
        place: place.clone(),
    };
    match properties::fault(&setting.path, &given) {
        Some(fault) => Err(fault),
        None => Ok(Some(given)),
    }
}

/// The setting that a variable's name leads to.
struct Resolved {
    path: Vec<String>,
    kind: &'static Kind,
    optional: bool,
}

fn resolve(parts: &[&str]) -> Option<Resolved> {
    let mut table: &'static Table = &SETTINGS;
    let mut path = Vec::new();
    for (place, part) in parts.iter().enumerate() {
        let rest = &parts[place + 1..];
        let mut key = table.key(&part.to_lowercase())?;
        path.push(key.name.to_owned());
        match &key.kind {
            Kind::Table(nested) => {
                table = nested;
                continue;
            }
            Kind::Map {
                of: Kind::Table(nested),
                ..
            } => {
                let [name, member] = rest else { return None };
                key = nested.key(&member.to_lowercase())?;
                path.extend([(*name).to_owned(), key.name.to_owned()]);
            }
            Kind::Map { of, .. } => {
                path.push(rest.join(".").to_lowercase());
                let optional = true;
                return (!rest.is_empty()).then_some(Resolved {
                    path,
                    kind: of,
                    optional,
                });
            }
            _ if rest.is_empty() => {}
            _ => return None,
        }
        let optional = key.need == Need::Optional;
        return Some(Resolved {
            path,
            kind: &key.kind,
            optional,
        });
    }
    None
}

fn variable_names(table: &Table, before: &str) -> Vec<String> {
    let mut names = Vec::new();
    for key in table.keys {
        let name = format!("{before}__{}", key.name.to_uppercase());
        match &key.kind {
            Kind::Table(nested) => names.extend(variable_names(nested, &name)),
            Kind::Map { .. } => {}
            _ => names.push(name),
        }
    }
    names
}
