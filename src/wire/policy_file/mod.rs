//! The policy file → the agreement as the domain uses it, or every fault in it.
//!
//! One pass finds all faults, each with its line, its column and a remedy. The table of keys is
//! the only place that knows names, types and bounds; the modules beside it check what one key
//! says of another.

mod calendars;
mod keys;
mod names;
mod scoring;
mod selling;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

pub use crate::fault::Fault;
pub use keys::POLICY;

use crate::domain::journal::PolicyDocument;
use crate::domain::policy::Policy;
use crate::fault::Place;
use crate::shape::{Document, Entries, Reading, text_of};
use calendars::{Files, is_path};
use names::Names;

/// A policy file has at most so many bytes, and so has each `.ics` file.
pub const FILE_BYTES_MAX: usize = 1 << 20;
/// All `.ics` files of a policy together have at most so many bytes: they travel in one record.
pub const FILES_BYTES_MAX: usize = 2 << 20;

/// Policies that a thread remembers.
const REMEMBERED_MAX: usize = 4;

/// Compiles a policy. Faults name the file `policy`.
pub fn compile(document: &PolicyDocument) -> Result<Policy, Vec<Fault>> {
    compile_as("policy", document, &BTreeMap::new())
}

/// Compiles a policy, or remembers it: each partition that is restored brings the same few.
pub fn remembered(document: &PolicyDocument) -> Option<Policy> {
    thread_local! {
        static KNOWN: RefCell<Vec<(PolicyDocument, Policy)>> = const { RefCell::new(Vec::new()) };
    }
    KNOWN.with_borrow_mut(|known| {
        if let Some((_, policy)) = known.iter().find(|(other, _)| other == document) {
            return Some(policy.clone());
        }
        let policy = compile(document).ok()?;
        known.truncate(REMEMBERED_MAX - 1);
        known.insert(0, (document.clone(), policy.clone()));
        Some(policy)
    })
}

/// Reads the policy file at `path`, and the `.ics` files it names, and compiles it.
pub fn load(path: &Path) -> Result<(PolicyDocument, Policy), Vec<Fault>> {
    let name = path.display().to_string();
    let text = read(path)
        .and_then(|bytes| text_of(&name, bytes))
        .map_err(|fault| vec![fault])?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let (files, unread) = read_files(&name, &text, folder);
    let document = PolicyDocument { text, files };
    let policy = compile_as(&name, &document, &unread)?;
    Ok((document, policy))
}

/// First 16 hex digits of BLAKE3 over the policy file's bytes.
pub fn hash(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex()[..16].to_owned()
}

/// The version that a policy's text names, if it can be read at all.
pub fn version(text: &str) -> Option<u64> {
    let document = Document::parse("policy", text);
    let root = Reading::new(&document, false).root(&POLICY);
    u64::try_from(root.integer("version")?).ok()
}

/// JSON Schema of the policy file; `docs/policy.schema.json` is its copy.
#[doc(hidden)]
pub fn policy_schema() -> String {
    crate::shape::schema("Tasuki policy", &POLICY)
}

/// The reference section of `docs/policy.md`.
#[doc(hidden)]
pub fn policy_reference() -> String {
    crate::shape::reference(&POLICY, &|_| None)
}

fn read(path: &Path) -> Result<Vec<u8>, Fault> {
    let whole = || Place::Whole(path.display().to_string());
    let unreadable = |error: std::io::Error| {
        Fault::new(
            whole(),
            format!("cannot be read: {error}"),
            "check the path and its permissions",
        )
    };
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > FILE_BYTES_MAX as u64 {
        return Err(Fault::new(
            whole(),
            "is larger than 1 MiB",
            "split the agreement, or name the right file",
        ));
    }
    std::fs::read(path).map_err(unreadable)
}

type Unread = BTreeMap<String, String>;

/// The texts of the `.ics` files that a policy names, and why the others cannot be read.
fn read_files(name: &str, text: &str, folder: &Path) -> (Vec<(String, String)>, Unread) {
    let document = Document::parse(name, text);
    let root = Reading::new(&document, false).root(&POLICY);
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    let mut unread = Unread::new();
    let mut bytes_left = FILES_BYTES_MAX;
    let entries = root.tables("calendar").flat_map(|calendar| calendar.texts("holidays"));
    for (entry, _) in entries.filter(|(entry, _)| is_path(entry)) {
        if files.contains_key(entry) || unread.contains_key(entry) {
            continue;
        }
        match read(&folder.join(entry)).and_then(|bytes| text_of(entry, bytes)) {
            Ok(text) if text.len() <= bytes_left => {
                bytes_left -= text.len();
                files.insert(entry.to_owned(), text);
            }
            Ok(_) => drop(unread.insert(
                entry.to_owned(),
                "is too much: all .ics files take over 2 MiB".to_owned(),
            )),
            Err(fault) => drop(unread.insert(entry.to_owned(), fault.message)),
        }
    }
    (files.into_iter().collect(), unread)
}

fn compile_as(file: &str, document: &PolicyDocument, unread: &Unread) -> Result<Policy, Vec<Fault>> {
    if document.text.len() > FILE_BYTES_MAX {
        let place = Place::Whole(file.to_owned());
        return Err(vec![Fault::new(place, "is larger than 1 MiB", "split the agreement")]);
    }
    let mut files: Files<'_> = document
        .files
        .iter()
        .map(|(name, text)| (&**name, Ok(&**text)))
        .collect();
    files.extend(unread.iter().map(|(name, why)| (&**name, Err(&**why))));
    let parsed = Document::parse(file, &document.text);
    let mut reading = Reading::new(&parsed, true);
    let root = reading.root(&POLICY);
    let policy = policy(&mut reading, &root, &files, &document.text);
    let faults = reading.into_faults();
    if faults.is_empty() { Ok(policy) } else { Err(faults) }
}

/// The policy as far as it can be understood; whole only if no fault was reported.
fn policy(reading: &mut Reading<'_>, root: &Entries, files: &Files<'_>, text: &str) -> Policy {
    let nothing = Entries::default();
    let score = root.table("score").unwrap_or(&nothing);
    let qualify = root.table("qualify").unwrap_or(&nothing);
    let teams = Names::of(reading, root, "team", "id", "team");
    let calendars = Names::of(reading, root, "calendar", "id", "calendar");
    Policy {
        version: root.integer("version").unwrap_or_default() as u64,
        name: root.text("name").unwrap_or_default().to_owned(),
        hash: hash(text),
        forget_after_days: score.integer("forget_after_days").unwrap_or_default() as u32,
        engagement: scoring::engagement(reading, score),
        fit: scoring::fit(reading, score),
        qualify: scoring::qualify(reading, qualify, score),
        routes: selling::routes(reading, root, &teams),
        teams: selling::teams(reading, root, &teams, &calendars),
        reps: selling::reps(reading, root, &teams),
        calendars: calendars::calendars(reading, root, files),
        reject: selling::reject(reading, root),
    }
}

#[cfg(test)]
mod tests;
