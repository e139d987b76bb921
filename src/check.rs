//! `tasuki check`: is this file right? Policies, adapters and settings, each by itself.

use std::path::{Path, PathBuf};

use crate::fault::{Fault, Place};
use crate::settings::{self, Settings};
use crate::shape::{Document, text_of};
use crate::wire::adapters::Adapter;
use crate::wire::policy_file;

/// What was found in one file, or in the settings in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The file, or `the settings in force`.
    pub subject: String,
    /// What it is, if nothing is wrong: a line for people.
    pub summary: String,
    /// What is wrong.
    pub faults: Vec<Fault>,
}

impl Report {
    /// True if nothing is wrong.
    pub fn is_right(&self) -> bool {
        self.faults.is_empty()
    }
}

/// Checks files: a policy is one with `[qualify]`, an adapter one with `[[event]]`, anything else
/// is settings. None named: the
/// settings in force (or what is wrong with them), and the policy they name.
pub fn check(files: &[PathBuf], settings: Result<&Settings, &[Fault]>) -> Vec<Report> {
    if files.is_empty() {
        return in_force(settings);
    }
    files.iter().map(|file| check_file(file)).collect()
}

fn in_force(settings: Result<&Settings, &[Fault]>) -> Vec<Report> {
    let subject = "the settings in force".to_owned();
    match settings {
        Ok(settings) => {
            let summary = format!("{subject}: right, for the deployment `{}`", settings.deployment);
            let faults = Vec::new();
            let mut reports = vec![
                Report {
                    subject,
                    summary,
                    faults,
                },
                check_policy(&settings.policy.file),
            ];
            reports.extend(settings.formats().into_iter().map(check_adapter));
            reports
        }
        Err(faults) => vec![Report {
            subject,
            summary: String::new(),
            faults: faults.to_vec(),
        }],
    }
}

fn check_file(file: &Path) -> Report {
    let name = file.display().to_string();
    match kind_of(file, &name) {
        Ok(Kind::Policy) => check_policy(file),
        Ok(Kind::Adapter) => check_adapter(&name),
        Ok(Kind::Settings) => check_settings(file, name),
        Err(fault) => Report {
            subject: name,
            summary: String::new(),
            faults: vec![fault],
        },
    }
}

/// With the adapters that are named there: `serve` would refuse the same.
fn check_settings(file: &Path, name: String) -> Report {
    let (mut faults, adapters) = settings::check_file(file);
    for (adapter, place) in adapters {
        let found = Adapter::load(&adapter).err().unwrap_or_default();
        faults.extend(found.into_iter().map(|fault| match fault.place {
            Place::Whole(_) => Fault::new(place.clone(), format!("`{adapter}` {}", fault.message), fault.remedy),
            Place::File { .. } | Place::Variable(_) => fault,
        }));
    }
    faults.sort();
    faults.dedup();
    Report {
        summary: format!("{name}: settings, right"),
        subject: name,
        faults,
    }
}

fn check_policy(file: &Path) -> Report {
    let subject = file.display().to_string();
    match policy_file::load(file) {
        Ok((_, policy)) => Report {
            summary: format!(
                "{subject}: policy, right; version {}, hash {}",
                policy.version, policy.hash
            ),
            subject,
            faults: Vec::new(),
        },
        Err(faults) => Report {
            subject,
            summary: String::new(),
            faults,
        },
    }
}

fn check_adapter(name: &str) -> Report {
    let faults = Adapter::load(name).err().unwrap_or_default();
    Report {
        summary: format!("{name}: adapter, right"),
        subject: name.to_owned(),
        faults,
    }
}

/// What a file is for.
enum Kind {
    Policy,
    Adapter,
    Settings,
}

/// A policy without `[qualify]` is still told from settings, so that this is what is reported.
fn kind_of(file: &Path, name: &str) -> Result<Kind, Fault> {
    let fault = |message: &str, remedy| Fault::new(Place::Whole(name.to_owned()), message, remedy);
    let unreadable = |error: std::io::Error| {
        fault(
            &format!("cannot be read: {error}"),
            "check the path and its permissions",
        )
    };
    // It is read twice, which a pipe cannot be.
    if !std::fs::metadata(file).map_err(unreadable)?.is_file() {
        return Err(fault(
            "is no file",
            "name a file; what comes through a pipe is written to one first, since it is read twice",
        ));
    }
    let bytes = std::fs::read(file).map_err(unreadable)?;
    let text = text_of(name, bytes)?;
    let document = Document::parse(name, &text);
    let names = |keys: &[&str]| keys.iter().any(|key| document.root().contains_key(*key));
    Ok(if names(&["qualify", "score", "route", "team"]) {
        Kind::Policy
    } else if names(&["event"]) {
        Kind::Adapter
    } else {
        Kind::Settings
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
    }

    #[test]
    fn a_file_with_qualify_is_a_policy_and_any_other_settings() {
        let files = [
            "config/policy.toml",
            "config/default.toml",
            "tests/policies/twenty-faults.toml",
            "Cargo.toml",
            "gone",
        ];
        let reports = check(&files.map(file), Err(&[]));
        let counts: Vec<usize> = reports.iter().map(|report| report.faults.len()).collect();
        assert_eq!((counts[0], counts[1], counts[2], counts[4]), (0, 0, 20, 1));
        assert!(counts[3] > 1, "a file of another kind is no settings");
        assert!(reports[0].summary.contains("policy, right; version 1, hash "));
        assert!(reports[1].summary.ends_with("default.toml: settings, right"));
        assert!(reports[0].is_right() && !reports[4].is_right());
    }

    #[test]
    fn none_named_means_what_is_in_force() {
        let mut settings = Settings::layered(&[], &[]).unwrap();
        settings.policy.file = file("config/policy.toml");
        assert!(check(&[], Ok(&settings)).iter().all(Report::is_right));
        settings.policy.file = file("gone");
        assert_eq!(
            check(&[], Ok(&settings))
                .iter()
                .filter(|report| report.is_right())
                .count(),
            1
        );
        let fault = Fault::new(Place::Variable("X".to_owned()), "is wrong", "mend it");
        assert_eq!(check(&[], Err(std::slice::from_ref(&fault)))[0].faults, [fault]);
    }

    #[test]
    fn an_adapter_that_there_is_not_is_told_where_it_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("settings.toml");
        let text = "[sources.a]\nrole = \"forms\"\nformat = \"segmnt\"\n[sources.b]\nrole = \"forms\"\nformat = \"segment\"\n\
                    [sources.c]\nrole = \"forms\"\nformat = \"tasuki\"\n[hooks.d]\nrole = \"forms\"\nsignature = \"mautic\"\nformat = \"./gone.toml\"\n";
        std::fs::write(&path, text).unwrap();
        let faults = check_file(&path).faults;
        let lines: Vec<_> = faults.iter().map(|fault| fault.place.line()).collect();
        assert_eq!(lines, [Some(3), Some(13)], "{faults:?}");
        assert_eq!(faults[0].message, "`segmnt` is no built-in adapter");
        assert!(faults[0].remedy.contains("segment"), "{}", faults[0].remedy);
    }

    #[test]
    fn what_can_be_read_once_only_is_not_called_right() {
        let report = check_file(Path::new("/dev/null"));
        assert_eq!(report.faults[0].message, "is no file");
    }
}
