//! From layered values to typed settings, and what only the whole can show.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use super::layers::{DEFAULTS, Findings, Given, Values, read};
use super::{
    Audit, Begin, Http, Intake, Journal, Kafka, Local, LogFormat, LogKind, PolicyPlace, Privacy, Secret, Settings,
    Shard, SourceSettings, Telemetry, Time, UnknownTypes, adapter_of,
};
use crate::domain::journal::Role;
use crate::fault::{Fault, Place};
use crate::shape::{Kind, Node, read_text};

/// Types the values; `findings` are those of the layers.
pub(super) fn settings(values: Values, findings: Findings) -> Result<Settings, Vec<Fault>> {
    let (settings, mut whole) = typed(values, findings);
    whole.faults.append(&mut whole.lacking);
    let faults = whole.faults();
    if faults.is_empty() { Ok(settings) } else { Err(faults) }
}

/// What is wrong, whatever another layer may add.
pub(super) fn faults(values: Values, findings: Findings) -> Vec<Fault> {
    typed(values, findings).1.faults()
}

/// The adapters that sources and hooks name, each where they do.
pub(super) fn adapters(values: &Values) -> Vec<(String, Place)> {
    let formats = values.iter().filter(|(path, _)| match path.as_slice() {
        [table, _, member] => matches!(table.as_str(), "sources" | "hooks") && member == "format",
        _ => false,
    });
    formats
        .filter_map(|(_, given)| Some((adapter_of(given.texts.first()?)?, given.place.clone())))
        .collect()
}

/// Settings that mean something only if nothing is wrong and nothing lacking.
fn typed(values: Values, findings: Findings) -> (Settings, Whole) {
    let Findings { faults, spoiled, empty } = findings;
    let mut whole = Whole {
        values,
        faults,
        lacking: Vec::new(),
        spoiled,
    };
    let log = match whole.text("log").as_str() {
        "kafka" => LogKind::Kafka,
        _ => LogKind::Local,
    };
    let settings = Settings {
        deployment: whole.text("deployment"),
        instance: whole.optional("instance"),
        log,
        local: Local {
            path: whole.path("local.path"),
        },
        kafka: whole.kafka(log),
        journal: Journal {
            partitions: whole.optional("journal.partitions").and_then(|text| text.parse().ok()),
            kept: whole.span("journal.kept"),
        },
        shard: whole.shard(),
        intake: whole.intake(),
        policy: PolicyPlace {
            file: whole.path("policy.file"),
        },
        http: whole.http(),
        privacy: Privacy {
            secret: whole
                .secret("privacy.secret")
                .unwrap_or_else(|| Secret::new(whole.text("privacy.secret"))),
            erase_within: whole.span("privacy.erase_within"),
        },
        time: Time {
            patience: whole.span("time.patience"),
            clock_interval: whole.span("time.clock_interval"),
        },
        audit: Audit {
            enabled: whole.text("audit.enabled") == "true",
        },
        sources: whole.sources(),
        hooks: whole.hooks(),
        telemetry: Telemetry {
            log_format: match (whole.optional("telemetry.log_format").as_deref(), log) {
                (Some("json"), _) | (None, LogKind::Kafka) => LogFormat::Json,
                _ => LogFormat::Text,
            },
            log_level: whole.log_level(),
        },
    };
    whole.look_into(empty);
    (settings, whole)
}

/// What to do about a source or hook without a role.
pub(super) const ADD_ROLE: &str = "add `role`: forms, engagement, follow-ups, roster or privacy";

/// The values of all layers together. Those that a layer got wrong are missing from it.
pub(super) struct Whole {
    pub(super) values: Values,
    faults: Vec<Fault>,
    /// What another layer may still give: where brokers are, and secrets.
    lacking: Vec<Fault>,
    spoiled: BTreeSet<Vec<String>>,
}

impl Whole {
    pub(super) fn given(&self, name: &str) -> Option<&Given> {
        let path: Vec<String> = name.split('.').map(str::to_owned).collect();
        self.values.get(&path)
    }

    pub(super) fn optional(&self, name: &str) -> Option<String> {
        self.given(name)?.texts.first().cloned()
    }

    pub(super) fn text(&self, name: &str) -> String {
        self.optional(name).unwrap_or_default()
    }

    fn path(&self, name: &str) -> PathBuf {
        PathBuf::from(self.text(name))
    }

    fn number<T: std::str::FromStr + Default>(&self, name: &str) -> T {
        self.text(name).parse().unwrap_or_default()
    }

    fn span(&self, name: &str) -> Duration {
        Duration::from_millis(self.number(name))
    }

    pub(super) fn place(&self, name: &str) -> Place {
        self.given(name)
            .map_or_else(|| Place::Whole(DEFAULTS.to_owned()), |given| given.place.clone())
    }

    pub(super) fn fault(&mut self, place: Place, message: &str, remedy: &str) {
        self.faults.push(Fault::new(place, message, remedy));
    }

    pub(super) fn lacks(&mut self, place: Place, message: &str, remedy: &str) {
        self.lacking.push(Fault::new(place, message, remedy));
    }

    fn faults(mut self) -> Vec<Fault> {
        self.faults.sort();
        self.faults.dedup();
        self.faults
    }

    pub(super) fn spoiled(&self, name: &str) -> bool {
        let path: Vec<String> = name.split('.').map(str::to_owned).collect();
        self.spoiled.contains(&path)
    }

    /// The content of the file that `<name>_file` names, or else the text at `name`.
    pub(super) fn secret(&mut self, name: &str) -> Option<Secret> {
        match self.secret_file(&format!("{name}_file")) {
            Some(secret) => Some(secret),
            None => self.optional(name).map(Secret::new),
        }
    }

    fn secret_file(&mut self, name: &str) -> Option<Secret> {
        let file = self.optional(name)?;
        let place = self.place(name);
        match read(Path::new(&file)) {
            Ok(text) => {
                let text = text.strip_suffix('\n').unwrap_or(&text);
                let text = text.strip_suffix('\r').unwrap_or(text);
                if text.is_empty() {
                    self.lacks(
                        place,
                        &format!("`{name}` names an empty file, {file}"),
                        "write the secret into it",
                    );
                    return None;
                }
                Some(Secret::new(text))
            }
            Err(fault) => {
                let message = format!("`{name}` names the file {file}, which {}", fault.message);
                self.lacks(place, &message, &fault.remedy);
                None
            }
        }
    }

    fn kafka(&mut self, log: LogKind) -> Kafka {
        let brokers = self.text("kafka.brokers");
        if log == LogKind::Kafka && brokers.is_empty() && !self.spoiled("kafka.brokers") {
            let remedy = "set TASUKI__KAFKA__BROKERS to host:port of some brokers";
            self.lacks(self.place("log"), "log = \"kafka\" needs `kafka.brokers`", remedy);
        }
        let prefix = self.text("kafka.prefix");
        let client = self.values.iter().filter_map(|(path, given)| match path.as_slice() {
            [kafka, client, name] if kafka == "kafka" && client == "client" => {
                Some((name.clone(), given.texts.concat()))
            }
            _ => None,
        });
        Kafka {
            brokers,
            source_prefix: self
                .given("kafka.source_prefix")
                .map_or(prefix.clone(), |given| given.texts.concat()),
            prefix,
            session_timeout: self.span("kafka.session_timeout"),
            client: client.collect(),
            password: self.secret_file("kafka.password_file"),
        }
    }

    fn intake(&self) -> Intake {
        Intake {
            workers: self.number("intake.workers"),
            sources_version: self.number("intake.sources_version"),
            guard_records: self.number("intake.guard_records"),
            guard_bad_percent_min: self.number("intake.guard_bad_percent_min"),
        }
    }

    fn shard(&self) -> Shard {
        Shard {
            workers: self.number("shard.workers"),
            batch_records_max: self.number("shard.batch_records_max"),
            batch_bytes_max: self.number("shard.batch_bytes_max"),
            deadlines_per_transaction_max: self.number("shard.deadlines_per_transaction_max"),
            queued_per_transaction_max: self.number("shard.queued_per_transaction_max"),
            batch_time: self.span("shard.batch_time"),
            open_time_max: self.span("shard.open_time_max"),
            idle_commit_interval: self.span("shard.idle_commit_interval"),
        }
    }

    fn http(&mut self) -> Http {
        let token_spoiled = self.spoiled("http.token") || self.spoiled("http.token_file");
        let token = self.secret("http.token");
        let parsed = self.text("http.address").parse::<SocketAddr>();
        if parsed.is_err() && !self.spoiled("http.address") {
            let remedy = "write an IP address and a port such as 127.0.0.1:8080";
            self.fault(self.place("http.address"), "`http.address` is not an address", remedy);
        }
        let address = parsed.unwrap_or_else(|_| SocketAddr::from(([127, 0, 0, 1], 8080)));
        let tokenless = token.is_none() && !token_spoiled && self.given("http.token_file").is_none();
        if tokenless && !address.ip().is_loopback() {
            let remedy = "set TASUKI__HTTP__TOKEN_FILE, or listen on 127.0.0.1";
            let message = "`http.address` is not a loopback address, and there is no token";
            self.lacks(self.place("http.address"), message, remedy);
        }
        Http {
            address,
            token,
            body_bytes_max: self.number("http.body_bytes_max"),
            rate_per_second: self.number("http.rate_per_second"),
            rate_burst: self.number("http.rate_burst"),
        }
    }

    /// A source or hook of which nothing is said in any layer is none that was meant to be left out.
    fn look_into(&mut self, empty: Vec<(Vec<String>, Place)>) {
        for (path, place) in empty {
            let what = match path.as_slice() {
                [kind, _] if kind == "sources" => "source",
                [kind, _] if kind == "hooks" => "hook",
                _ => continue,
            };
            if !self.values.keys().any(|known| known.starts_with(&path)) {
                self.fault(place, &format!("the {what} `{}` has no `role`", path[1]), ADD_ROLE);
            }
        }
    }

    fn log_level(&mut self) -> String {
        let level = self.text("telemetry.log_level");
        if !is_filter(&level) && !self.spoiled("telemetry.log_level") {
            let remedy = "write off, error, warn, info, debug or trace, or filters such as info,tasuki=debug";
            let message = "`telemetry.log_level` is neither a level nor a list of filters";
            self.fault(self.place("telemetry.log_level"), message, remedy);
        }
        level
    }

    fn sources(&mut self) -> BTreeMap<String, SourceSettings> {
        let mut members: BTreeMap<String, BTreeMap<String, Given>> = BTreeMap::new();
        for (path, given) in &self.values {
            if let [sources, topic, member] = path.as_slice()
                && sources == "sources"
            {
                members
                    .entry(topic.clone())
                    .or_default()
                    .insert(member.clone(), given.clone());
            }
        }
        let sources = members
            .iter()
            .filter_map(|(topic, members)| Some((topic.clone(), self.source(topic, members)?)));
        sources.collect::<Vec<_>>().into_iter().collect()
    }

    fn source(&mut self, topic: &str, members: &BTreeMap<String, Given>) -> Option<SourceSettings> {
        let place = members.values().next()?.place.clone();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        if topic.is_empty() || topic.len() > 249 || !topic.bytes().all(plain) {
            let remedy = "write 1 to 249 letters, digits, `.`, `_` and `-`";
            self.fault(
                place.clone(),
                &format!("the source `{topic}` cannot be a topic"),
                remedy,
            );
        }
        if is_ours(topic) {
            let remedy = "name a topic that others write";
            self.fault(
                place.clone(),
                &format!("the source `{topic}` is a topic that Tasuki writes"),
                remedy,
            );
        }
        let text = |member: &str| {
            members
                .get(member)
                .and_then(|given| given.texts.first())
                .map(String::as_str)
        };
        let Some(role) = text("role").and_then(|name| Role::ALL.into_iter().find(|role| role.name() == name)) else {
            if !self
                .spoiled
                .contains(["sources", topic, "role"].map(str::to_owned).as_slice())
            {
                self.fault(place, &format!("the source `{topic}` has no `role`"), ADD_ROLE);
            }
            return None;
        };
        Some(SourceSettings {
            role,
            begin: match text("begin") {
                Some("latest") => Begin::Latest,
                Some(time) => match read_text(&Kind::Time, time) {
                    Ok(Node::Time(time)) => Begin::At(time),
                    _ => Begin::Earliest,
                },
                None => Begin::Earliest,
            },
            format: text("format").and_then(adapter_of),
            types: members.get("types").map(|given| given.texts.clone()),
            unknown_types: match text("unknown_types") {
                Some("ignore") => UnknownTypes::Ignore,
                _ => UnknownTypes::DeadLetter,
            },
            enabled: text("enabled") != Some("false"),
        })
    }
}

/// A word that is no level would be taken for a part of the program, and all others be silent.
fn is_filter(level: &str) -> bool {
    let is_clear = |part: &str| part.contains(['=', '[']) || part.parse::<LevelFilter>().is_ok();
    level.split(',').all(is_clear) && EnvFilter::try_new(level).is_ok()
}

/// True for topics that Tasuki itself writes.
fn is_ours(topic: &str) -> bool {
    topic.starts_with("tasuki.") || matches!(topic, "sales.sla" | "marketing.feedback" | "leads.lifecycle")
}
