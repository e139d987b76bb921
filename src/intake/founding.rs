//! What must stand in the log before the first fact: the journal's foundation, and the policy.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::domain::journal::{Foundation, JournalRecord, PolicyDocument};
use crate::log::{Log, LogError, NewRecord, Place, read_through};
use crate::names::Names;
use crate::wire::{journal, policy_file};

/// How long one wait for acknowledgements is, and how many there are.
const APPEND_WAIT: Duration = Duration::from_millis(500);
const APPEND_WAITS_MAX: u32 = 60;

/// Why `serve` cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum FoundingError {
    /// The log does not answer as hoped.
    #[error(transparent)]
    Log(#[from] LogError),
    /// What is there was made with other settings, or the policy may not be adopted.
    #[error("{0}")]
    Refused(String),
}

/// Publishes `document` unless it is in force already. Refuses a lower version than the highest
/// there is, and another file of the same version.
pub fn publish_policy(log: &dyn Log, names: &Names, document: &PolicyDocument) -> Result<(), FoundingError> {
    let place = Place::new(&names.policy(), 0);
    if let Standing::Higher = standing(log, names, document)? {
        let value = serde_json::to_vec(&Published::from(document)).unwrap_or_default();
        append(log, std::slice::from_ref(&place), &value)?;
    }
    match standing(log, names, document)? {
        Standing::InForce => Ok(()),
        Standing::Higher => Err(FoundingError::Refused(format!(
            "{place} does not keep what is appended to it"
        ))),
    }
}

/// Lays the foundation in every journal partition that is empty, and compares it in the others.
pub fn found(
    log: &dyn Log,
    names: &Names,
    foundation: &Foundation,
    policy: &PolicyDocument,
) -> Result<(), FoundingError> {
    let mut empty = Vec::new();
    let journal = log.topics(&[&names.journal()])?.pop().flatten();
    let there = journal.map_or(foundation.partitions, |topic| topic.partitions);
    // All that can be refused comes before anything is written.
    for partition in 0..foundation.partitions {
        let place = Place::new(&names.journal(), partition);
        if partition >= there {
            let wrong = cannot_change(PARTITIONS, &format!("set it to {there}"));
            return Err(FoundingError::Refused(format!("{place}: {wrong}")));
        }
        match log.bounds(&place)? {
            (_, 0) => empty.push(place),
            (0, _) => check(log, &place, foundation)?,
            // The foundation is in the state log by now; the shard compares it once it is restored.
            (_, _) => {}
        }
    }
    let first = journal::encode(&JournalRecord::Foundation(foundation.clone(), policy.clone()));
    append(log, &empty, &first)?;
    // Somebody else may have been first.
    empty.iter().try_for_each(|place| check(log, place, foundation))
}

/// Compares what a journal partition was founded with.
fn check(log: &dyn Log, place: &Place, foundation: &Foundation) -> Result<(), FoundingError> {
    let first = read(log, place, 1)?.into_iter().next();
    // It may have been trimmed since its bounds were asked for.
    if log.bounds(place)?.0 > 0 {
        return Ok(());
    }
    let wrong = match first.and_then(|value| journal::decode(&value).ok()) {
        Some(JournalRecord::Foundation(known, _)) => changed(&known, foundation),
        _ => Some("it does not begin as a journal of Tasuki does; name another prefix or folder".to_owned()),
    };
    wrong.map_or(Ok(()), |wrong| Err(FoundingError::Refused(format!("{place}: {wrong}"))))
}

/// The setting that says how many partitions the journal has.
const PARTITIONS: &str = "journal.partitions";

/// What is fixed with the first record and is another one now, with its remedy.
fn changed(known: &Foundation, found: &Foundation) -> Option<String> {
    let (setting, remedy) = if known.secret_fingerprint != found.secret_fingerprint {
        (
            "privacy.secret",
            "set privacy.secret_file to the secret it began with".to_owned(),
        )
    } else if known.deployment != found.deployment {
        ("deployment", format!("set it to \"{}\"", known.deployment))
    } else if known.partitions != found.partitions {
        (PARTITIONS, format!("set it to {}", known.partitions))
    } else {
        return None;
    };
    Some(cannot_change(setting, &remedy))
}

fn cannot_change(setting: &str, remedy: &str) -> String {
    format!(
        "{setting} is not what the journal began with, and cannot change; {remedy}, or begin anew with another prefix or \
         folder"
    )
}

/// How a policy file stands to those published.
enum Standing {
    /// To be published.
    Higher,
    /// Published already, as the highest.
    InForce,
}

fn standing(log: &dyn Log, names: &Names, document: &PolicyDocument) -> Result<Standing, FoundingError> {
    let own = version(document);
    let published = policies(log, names)?.into_iter();
    // Of two files of one version the shards adopt the first.
    let highest = published.reduce(|first, next| if version(&next) > version(&first) { next } else { first });
    let Some(highest) = highest else {
        return Ok(Standing::Higher);
    };
    let known = version(&highest);
    match own.cmp(&known) {
        std::cmp::Ordering::Greater => Ok(Standing::Higher),
        std::cmp::Ordering::Equal if highest == *document => Ok(Standing::InForce),
        std::cmp::Ordering::Equal => Err(FoundingError::Refused(format!(
            "the policy file says version {own}, but another file of version {known} is in force: raise `version`"
        ))),
        std::cmp::Ordering::Less => Err(FoundingError::Refused(format!(
            "the policy file says version {own}, but version {known} is in force: use that file, or raise `version`"
        ))),
    }
}

/// Every policy there was, in order.
pub fn policies(log: &dyn Log, names: &Names) -> Result<Vec<PolicyDocument>, LogError> {
    let place = Place::new(&names.policy(), 0);
    let (_, end) = log.bounds(&place)?;
    let published = read(log, &place, end)?;
    Ok(published.iter().filter_map(|value| parse_policy(value)).collect())
}

/// The topics that any policy's decisions and the dead letters go to, as far as they exist.
pub fn output_topics(log: &dyn Log, names: &Names) -> Result<Vec<String>, LogError> {
    let mut wanted = BTreeSet::from([names.dead_letters()]);
    for document in policies(log, names)? {
        if let Ok(policy) = policy_file::compile(&document) {
            wanted.extend(names.outputs(&policy));
        }
    }
    let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
    let found = log.topics(&wanted)?;
    let topics = found.into_iter().flatten().map(|topic| topic.name.to_string());
    Ok(topics.collect())
}

fn version(document: &PolicyDocument) -> u64 {
    policy_file::remembered(document).map_or(0, |policy| policy.version)
}

/// A policy as it stands in the policy topic.
#[derive(serde::Serialize, serde::Deserialize)]
struct Published {
    policy: String,
    files: Vec<(String, String)>,
}

impl From<&PolicyDocument> for Published {
    fn from(document: &PolicyDocument) -> Self {
        Self {
            policy: document.text.clone(),
            files: document.files.clone(),
        }
    }
}

/// Reads a record of the policy topic.
pub(super) fn parse_policy(value: &[u8]) -> Option<PolicyDocument> {
    let published: Published = serde_json::from_slice(value).ok()?;
    Some(PolicyDocument {
        text: published.policy,
        files: published.files,
    })
}

/// Appends one value to each place, and waits until all are there.
fn append(log: &dyn Log, places: &[Place], value: &[u8]) -> Result<(), LogError> {
    if places.is_empty() {
        return Ok(());
    }
    let mut appender = log.appender()?;
    let record = NewRecord {
        value: Some(value.to_vec()),
        ..NewRecord::default()
    };
    for place in places {
        appender.append(&place.topic, Some(place.partition), &record)?;
    }
    let mut missing = places.len();
    for _ in 0..APPEND_WAITS_MAX {
        missing = missing.saturating_sub(appender.poll(APPEND_WAIT)?.len());
        if missing == 0 {
            return Ok(());
        }
    }
    Err(LogError::Unknown(format!(
        "{missing} of {} records were not acknowledged, {} among them or before it",
        places.len(),
        places[places.len() - 1]
    )))
}

/// The values of the records below `end`.
fn read(log: &dyn Log, place: &Place, end: u64) -> Result<Vec<Vec<u8>>, LogError> {
    let (start, _) = log.bounds(place)?;
    let mut values = Vec::new();
    read_through(log, place, start..end, |record| {
        values.extend(record.value);
        Ok::<(), LogError>(())
    })?;
    Ok(values)
}
