//! The settings: `config/default.toml`, then files, then the environment; checked as a whole.
//!
//! Whatever is unknown, of the wrong type or out of bounds is refused, each with its place, the
//! nearest known name and a remedy, all at once. Values are never guessed: text stays text.

mod environment;
mod hooks;
mod keys;
mod layers;
mod merged;
mod properties;
mod secret;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use hooks::{Encoding, HookSettings, Signature};
pub use keys::{EVENT_TYPES, OWNED, SETTINGS};
pub use secret::Secret;

use layers::Findings;

use crate::domain::journal::Role;
use crate::domain::time::Instant;
use crate::fault::{Fault, Place};

/// Everything that can be set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The deployment's name; fixed with the first record.
    pub deployment: String,
    /// This process's name; random at each start if none.
    pub instance: Option<String>,
    /// Where records are kept.
    pub log: LogKind,
    /// The local log.
    pub local: Local,
    /// Apache Kafka.
    pub kafka: Kafka,
    /// The one order of everything.
    pub journal: Journal,
    /// Deciding.
    pub shard: Shard,
    /// Reading the sources.
    pub intake: Intake,
    /// The agreement.
    pub policy: PolicyPlace,
    /// The HTTP server.
    pub http: Http,
    /// Identity and erasure.
    pub privacy: Privacy,
    /// Looking at the outputs.
    pub audit: Audit,
    /// Clocks and deadlines.
    pub time: Time,
    /// Topics that are read on Kafka, by name without `kafka.source_prefix`; disabled ones too.
    pub sources: BTreeMap<String, SourceSettings>,
    /// Webhooks that are taken, by name.
    pub hooks: BTreeMap<String, HookSettings>,
    /// Logs.
    pub telemetry: Telemetry,
}

/// Where records are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogKind {
    /// In a folder, by one process.
    Local,
    /// In Apache Kafka.
    Kafka,
}

/// The local log.
#[derive(Clone, Debug)]
pub struct Local {
    /// Its folder.
    pub path: PathBuf,
}

/// Apache Kafka.
#[derive(Clone)]
pub struct Kafka {
    /// `host:port`, separated by commas; empty on the local log.
    pub brokers: String,
    /// Stands before every topic, group and transactional id of ours.
    pub prefix: String,
    /// Stands before the topics of the sources.
    pub source_prefix: String,
    /// A silent member loses its partitions after this.
    pub session_timeout: Duration,
    /// Settings of librdkafka, none of those that Tasuki owns.
    pub client: BTreeMap<String, String>,
    /// What `password_file` holds, for `sasl.password`.
    pub password: Option<Secret>,
}

/// The journal.
#[derive(Clone, Debug)]
pub struct Journal {
    /// As set; see `Settings::journal_partitions`.
    pub partitions: Option<u32>,
    /// What is done with is deleted after this.
    pub kept: Duration,
}

/// Deciding.
#[derive(Clone, Debug)]
pub struct Shard {
    /// Threads.
    pub workers: u32,
    /// Journal records in a transaction, at most.
    pub batch_records_max: usize,
    /// Bytes of journal records in a transaction, at most, one record more.
    pub batch_bytes_max: usize,
    /// Deadlines that a transaction fires, at most.
    pub deadlines_per_transaction_max: usize,
    /// Leads of a queue that a transaction serves for one team, at most.
    pub queued_per_transaction_max: usize,
    /// A transaction takes in no more after this.
    pub batch_time: Duration,
    /// A transaction that stays open for longer makes the next ones smaller.
    pub open_time_max: Duration,
    /// Clock records that pass no deadline are committed at most so often.
    pub idle_commit_interval: Duration,
}

/// Looking at the outputs.
#[derive(Clone, Copy, Debug)]
pub struct Audit {
    /// This process does.
    pub enabled: bool,
}

/// Reading the sources.
#[derive(Clone, Debug)]
pub struct Intake {
    /// Threads.
    pub workers: u32,
    /// Grows when a source is taken away; only a higher number forgets one.
    pub sources_version: u64,
    /// A source is paused when of so many records nearly all are bad; 0: never.
    pub guard_records: usize,
    /// Nearly all: so many of a hundred.
    pub guard_bad_percent_min: u32,
}

/// The agreement.
#[derive(Clone, Debug)]
pub struct PolicyPlace {
    /// The policy file.
    pub file: PathBuf,
}

/// The HTTP server.
#[derive(Clone, Debug)]
pub struct Http {
    /// Where it listens.
    pub address: SocketAddr,
    /// What every request must carry.
    pub token: Option<Secret>,
    /// Bytes of a request's body, at most.
    pub body_bytes_max: usize,
    /// Requests a second to `POST /events`, and as many to each hook.
    pub rate_per_second: u32,
    /// So many of them may come together.
    pub rate_burst: u32,
}

/// Identity and erasure.
#[derive(Clone, Debug)]
pub struct Privacy {
    /// What lead ids are made with; fixed with the first record.
    pub secret: Secret,
    /// What was erased is out of the state log after this.
    pub erase_within: Duration,
}

/// Clocks and deadlines.
#[derive(Clone, Debug)]
pub struct Time {
    /// An unreadable source partition is waited for so long of our own running time.
    pub patience: Duration,
    /// Clock records are appended so often.
    pub clock_interval: Duration,
}

/// A topic that is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSettings {
    /// Gives the type of records that name none.
    pub role: Role,
    /// Where to begin when it is read for the first time.
    pub begin: Begin,
    /// In which form its records come: the name of an adapter, or the path of its file; none:
    /// CloudEvents or bare JSON.
    pub format: Option<String>,
    /// The only types taken from it.
    pub types: Option<Vec<String>>,
    /// What becomes of other types.
    pub unknown_types: UnknownTypes,
    /// False: it is not read.
    pub enabled: bool,
}

/// Where to begin reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// At the first record that is there.
    Earliest,
    /// Behind the last.
    Latest,
    /// At the first record of that time or later.
    At(Instant),
}

/// What becomes of events of types that are not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownTypes {
    /// They go to the dead letters.
    DeadLetter,
    /// They are dropped, and counted.
    Ignore,
}

/// Logs.
#[derive(Clone, Debug)]
pub struct Telemetry {
    /// How they are written.
    pub log_format: LogFormat,
    /// What is logged: a level, or filters.
    pub log_level: String,
}

/// How logs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

impl Settings {
    /// The settings in force: defaults, these files in order, this process's environment.
    pub fn load(files: &[PathBuf]) -> Result<Self, Vec<Fault>> {
        let environment: Vec<(OsString, OsString)> = std::env::vars_os().collect();
        Self::layered(files, &environment)
    }

    /// Defaults, these files in order, these variables.
    pub fn layered(files: &[PathBuf], environment: &[(OsString, OsString)]) -> Result<Self, Vec<Fault>> {
        let mut findings = Findings::default();
        let mut layers = vec![layers::defaults(&mut findings)];
        layers.extend(files.iter().map(|file| layers::from_file(file, &mut findings)));
        layers.push(environment::from_environment(environment, &mut findings));
        layers::outrank_files(&mut layers);
        match layers::lay(layers) {
            Ok(values) => merged::settings(values, findings),
            Err(error) => {
                let place = Place::Whole(layers::DEFAULTS.to_owned());
                let fault = Fault::new(
                    place,
                    format!("settings cannot be layered: {error}"),
                    "check the files' keys",
                );
                findings.faults.push(fault);
                Err(findings.faults)
            }
        }
    }

    /// What is allowed, and yet should not stay so.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.privacy.secret.reveal() == "tasuki" && self.deployment != "local" {
            warnings.push(
                "privacy.secret is the public default: anyone can compute lead ids from e-mail addresses; \
                 set TASUKI__PRIVACY__SECRET_FILE before the first record is written"
                    .to_owned(),
            );
        }
        let is_open = |hook: &&String| self.hooks[*hook].signature == Signature::Token;
        if self.http.token.is_none()
            && let Some(hook) = self.hooks.keys().find(is_open)
        {
            warnings.push(format!(
                "hooks.{hook} asks for the token of the API, and there is none: whoever reaches http.address is \
                 let in, through a proxy too; set TASUKI__HTTP__TOKEN_FILE"
            ));
        }
        warnings
    }

    /// How many partitions the journal has: as set, else 12, on the local log 4.
    pub fn journal_partitions(&self) -> u32 {
        let default = match self.log {
            LogKind::Kafka => 12,
            LogKind::Local => 4,
        };
        self.journal.partitions.unwrap_or(default)
    }

    /// Every format that a source or a hook names, in order and once; disabled sources too.
    pub fn formats(&self) -> BTreeSet<&str> {
        let sources = self.sources.values().map(|source| source.format.as_deref());
        let hooks = self.hooks.values().map(|hook| hook.format.as_deref());
        sources.chain(hooks).flatten().collect()
    }

    /// The full name of a topic of ours.
    pub fn topic(&self, name: &str) -> String {
        format!("{}{name}", self.kafka.prefix)
    }

    /// The full names of the topics that are read as sources, and how; none on the local log.
    pub fn source_topics(&self) -> Vec<(String, &SourceSettings)> {
        if self.log == LogKind::Local {
            return Vec::new();
        }
        let enabled = self.sources.iter().filter(|(_, source)| source.enabled);
        enabled
            .map(|(name, source)| (format!("{}{name}", self.kafka.source_prefix), source))
            .collect()
    }
}

impl Kafka {
    /// The settings of librdkafka with the password among them.
    pub fn client_properties(&self) -> BTreeMap<String, String> {
        let mut properties = self.client.clone();
        if let Some(password) = &self.password {
            properties.insert("sasl.password".to_owned(), password.reveal().to_owned());
        }
        properties
    }
}

impl fmt::Debug for Kafka {
    /// Names librdkafka's settings without their values: some are secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kafka")
            .field("brokers", &self.brokers)
            .field("prefix", &self.prefix)
            .field("source_prefix", &self.source_prefix)
            .field("session_timeout", &self.session_timeout)
            .field("client", &self.client.keys())
            .field("password", &self.password)
            .finish()
    }
}

/// The adapter that a format names; none for `tasuki`, CloudEvents and bare JSON.
pub fn adapter_of(format: &str) -> Option<String> {
    (format != "tasuki").then(|| format.to_owned())
}

/// Checks one file alone: what it says, not what the environment may add to it, such as secrets.
/// Returns what is wrong, and the adapters that it names, each where it does.
pub fn check_file(path: &Path) -> (Vec<Fault>, Vec<(String, Place)>) {
    let mut findings = Findings::default();
    let layers = vec![layers::defaults(&mut findings), layers::from_file(path, &mut findings)];
    match layers::lay(layers) {
        Ok(values) => {
            let adapters = merged::adapters(&values);
            (merged::faults(values, findings), adapters)
        }
        Err(_) => (findings.faults, Vec::new()),
    }
}

/// The reference section of `docs/settings.md`.
#[doc(hidden)]
pub fn settings_reference() -> String {
    let defaults = layers::written_defaults();
    crate::shape::reference(&SETTINGS, &|path| defaults.get(path).cloned())
}

#[cfg(test)]
mod tests;
