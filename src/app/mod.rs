//! Threads and waiting: everything runs here, nothing is decided here.
//!
//! Each loop has a thread of its own and turns until it is told to stop. A loop that ends by
//! itself stops the process: what it could not finish is in the log.

mod hooks;
mod inbox;
mod sources;
mod web;

use std::fmt::Display;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::audit::{self, Auditor};
use crate::clock::Clock;
use crate::domain::ids::LeadKey;
use crate::domain::journal::{Foundation, PolicyDocument};
use crate::domain::policy::Policy;
use crate::intake::founding::{self, FoundingError};
use crate::intake::{self, Intake};
use crate::log::{INBOX_KEPT_MS, Log, LogError, OUTPUT_KEPT_MS, ReadLimit};
use crate::names::Names;
use crate::repair::{self, RepairError, Repaired};
use crate::settings::{LogKind, Settings};
use crate::shard::{self, Watch, Worker};
use crate::status::Status;
use crate::telemetry::metrics::Metrics;
use crate::wire::translate::{TRANSLATION, settings_hash};

pub use self::sources::{Adapters, inbox, source};
pub use self::web::Site;

/// A stop that takes longer ends the process anyway; what is open is ended by whoever takes over.
const STOP_WAIT: Duration = Duration::from_secs(20);
/// What must stand in the log before anything begins may take so long to get there.
const GROUND_WAIT: Duration = Duration::from_secs(30);
/// A loop that could not join its group tries again after this.
const JOIN_WAIT: Duration = Duration::from_secs(1);
/// An auditor that has nothing to do looks again after this.
const AUDIT_WAIT: Duration = Duration::from_millis(100);

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The log does not answer as hoped.
    #[error(transparent)]
    Log(#[from] LogError),
    /// What is in the log does not go with the settings or the policy.
    #[error(transparent)]
    Founding(#[from] FoundingError),
    /// A repair has ended too early.
    #[error(transparent)]
    Repair(#[from] RepairError),
    /// A metric could not be made.
    #[error("the metrics cannot be set up")]
    Metrics(#[from] prometheus::Error),
    /// A thread could not be started.
    #[error("a thread cannot be started: {0}")]
    Thread(#[from] std::io::Error),
}

/// Everything a running service is made of.
pub struct Service {
    /// The log it runs on.
    pub log: Arc<dyn Log>,
    /// Topic and group names.
    pub names: Names,
    /// Where it shows what it does.
    pub watch: Watch,
    inbox: inbox::Inbox,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    failures: Mutex<mpsc::Receiver<String>>,
}

/// What a service runs on.
pub struct Ground {
    /// The settings in force.
    pub settings: Settings,
    /// The policy and its file.
    pub policy: (PolicyDocument, Policy),
    /// What makes events of platforms' payloads.
    pub adapters: Adapters,
    /// The log, with every topic in place.
    pub log: Arc<dyn Log>,
    /// Where time comes from.
    pub clock: Clock,
}

impl Service {
    /// Publishes the policy, lays the journal's foundation and starts every loop.
    pub fn start(ground: &Ground) -> Result<Self, StartError> {
        let (settings, log) = (&ground.settings, &ground.log);
        let names = Names::new(&settings.kafka.prefix);
        lay_ground(ground, &names)?;
        let metrics = Metrics::new()?;
        metrics.adopt(&ground.policy.1);
        for hook in settings.hooks.keys() {
            metrics.add_hook(hook);
        }
        let watch = Watch::new(metrics);
        watch.status.need_policy(ground.policy.1.version);
        let stop = Arc::new(AtomicBool::new(false));
        let (failed, failures) = mpsc::channel();
        let crew = Crew {
            clock: ground.clock.clone(),
            status: watch.status.clone(),
            stop: stop.clone(),
            failed,
        };
        let instance = settings.instance.clone().unwrap_or_else(random_instance);
        let mut threads = Vec::new();
        for number in 0..settings.intake.workers {
            let plan = intake_plan(ground, &names, number);
            threads.push(crew.intake(log.clone(), plan, &watch)?);
        }
        for number in 0..settings.shard.workers {
            let plan = shard_plan(ground, &names, &instance, number)?;
            threads.push(crew.shard(log.clone(), plan, &watch)?);
        }
        if settings.audit.enabled {
            let plan = audit::Plan {
                names: names.clone(),
                instance,
            };
            threads.push(crew.audit(log.clone(), plan, &watch)?);
        }
        let (inbox, thread) = inbox::Inbox::open(log.clone(), &names.inbox(), &crew)?;
        threads.push(thread);
        Ok(Self {
            log: log.clone(),
            names,
            watch,
            inbox,
            stop,
            threads,
            failures: Mutex::new(failures),
        })
    }

    /// What ended a loop, if one has ended by itself.
    pub fn failure(&self) -> Option<String> {
        self.failures
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .try_recv()
            .ok()
    }

    /// Tells every loop to finish, and waits for them; false if one did not in time.
    pub fn stop(self) -> bool {
        self.stop.store(true, Ordering::Relaxed);
        let until = std::time::Instant::now() + STOP_WAIT;
        while std::time::Instant::now() < until {
            if self.threads.iter().all(JoinHandle::is_finished) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        false
    }
}

/// Publishes the policy and founds the journal. Topics that have just been made have no leader for a
/// moment, so this is tried again while the log says that it may pass; each step may be repeated.
fn lay_ground(ground: &Ground, names: &Names) -> Result<(), FoundingError> {
    let (log, document) = (ground.log.as_ref(), &ground.policy.0);
    let with_file = |error| match error {
        FoundingError::Refused(words) => {
            FoundingError::Refused(format!("{}: {words}", ground.settings.policy.file.display()))
        }
        FoundingError::Log(_) => error,
    };
    let foundation = foundation(&ground.settings);
    let until = std::time::Instant::now() + GROUND_WAIT;
    loop {
        let laid = founding::publish_policy(log, names, document)
            .map_err(with_file)
            .and_then(|()| founding::found(log, names, &foundation, document));
        match laid {
            Err(FoundingError::Log(error @ (LogError::Retry(_) | LogError::Unknown(_))))
                if std::time::Instant::now() < until =>
            {
                tracing::warn!(%error, "cannot begin yet");
                std::thread::sleep(JOIN_WAIT);
            }
            laid => return laid,
        }
    }
}

/// What every loop needs.
struct Crew {
    clock: Clock,
    status: Arc<Status>,
    stop: Arc<AtomicBool>,
    failed: mpsc::Sender<String>,
}

impl Crew {
    fn intake(&self, log: Arc<dyn Log>, plan: intake::Plan, watch: &Watch) -> std::io::Result<JoinHandle<()>> {
        let (metrics, status) = (watch.metrics.clone(), watch.status.clone());
        let (horizon, clock) = (watch.horizon.clone(), self.clock.clone());
        self.spawn(plan.worker.clone(), move |beat| {
            let Some(mut intake) = join(beat, || {
                let (metrics, status) = (metrics.clone(), status.clone());
                Intake::join(log.clone(), plan.clone(), metrics, status, horizon.clone())
            })?
            else {
                return Ok(());
            };
            while beat.turn() {
                intake.step(clock.read()).map_err(|stop| stop.to_string())?;
            }
            intake.close();
            Ok(())
        })
    }

    fn shard(&self, log: Arc<dyn Log>, plan: shard::Plan, watch: &Watch) -> std::io::Result<JoinHandle<()>> {
        let (watch, clock) = (watch.clone(), self.clock.clone());
        self.spawn(plan.writer_id.clone(), move |beat| {
            let Some(mut worker) = join(beat, || Worker::join(log.clone(), plan.clone(), watch.clone()))? else {
                return Ok(());
            };
            while beat.turn() {
                worker.step(clock.read()).map_err(|stop| stop.to_string())?;
            }
            worker.close();
            Ok(())
        })
    }

    fn audit(&self, log: Arc<dyn Log>, plan: audit::Plan, watch: &Watch) -> std::io::Result<JoinHandle<()>> {
        let (metrics, clock) = (watch.metrics.clone(), self.clock.clone());
        self.spawn("audit".to_owned(), move |beat| {
            let mut auditor = Auditor::new(log, plan, metrics);
            while beat.turn() {
                if !auditor.step(clock.read()).map_err(|stop| stop.to_string())? {
                    std::thread::sleep(AUDIT_WAIT);
                }
            }
            auditor.close();
            Ok(())
        })
    }

    /// Runs a loop in a thread of its own; what it ends with, unless it was told to stop, is a failure.
    fn spawn(
        &self,
        name: String,
        run: impl FnOnce(&Beat) -> Result<(), String> + Send + 'static,
    ) -> std::io::Result<JoinHandle<()>> {
        let beat = Beat {
            name: name.clone(),
            status: self.status.clone(),
            stop: self.stop.clone(),
        };
        let failed = self.failed.clone();
        std::thread::Builder::new().name(name).spawn(move || {
            if let Err(failure) = run(&beat) {
                tracing::error!(thread = beat.name, failure, "stopped");
                if failed.send(failure).is_err() {
                    tracing::debug!("nobody is left to be told");
                }
            }
            beat.status.ended(&beat.name);
        })
    }
}

/// A loop's pulse.
struct Beat {
    name: String,
    status: Arc<Status>,
    stop: Arc<AtomicBool>,
}

impl Beat {
    /// Notes that the loop turns; false when it should stop.
    fn turn(&self) -> bool {
        self.status.turned(&self.name);
        !self.stop.load(Ordering::Relaxed)
    }
}

/// Joins a group, trying again while the log says that nothing has happened.
fn join<T>(beat: &Beat, mut join: impl FnMut() -> Result<T, LogError>) -> Result<Option<T>, String> {
    while beat.turn() {
        match join() {
            Ok(joined) => return Ok(Some(joined)),
            Err(error @ (LogError::Refused(_) | LogError::Fenced(_))) => return Err(error.to_string()),
            Err(error) => {
                tracing::warn!(%error, "cannot join yet");
                std::thread::sleep(JOIN_WAIT);
            }
        }
    }
    Ok(None)
}

/// What must never change once the journal has begun.
pub fn foundation(settings: &Settings) -> Foundation {
    let fingerprint = blake3::derive_key(
        "tasuki secret fingerprint v1",
        settings.privacy.secret.reveal().as_bytes(),
    );
    let mut secret_fingerprint = [0; 16];
    secret_fingerprint.copy_from_slice(&fingerprint[..16]);
    Foundation {
        secret_fingerprint,
        deployment: settings.deployment.clone(),
        partitions: settings.journal_partitions(),
    }
}

fn intake_plan(ground: &Ground, names: &Names, number: u32) -> intake::Plan {
    let settings = &ground.settings;
    let sources = sources::all(settings, &ground.adapters, names);
    let contexts: Vec<_> = sources.iter().map(|source| source.context([0; 16], 0)).collect();
    intake::Plan {
        names: names.clone(),
        worker: format!("intake.{number}"),
        instance: settings
            .instance
            .as_ref()
            .map(|instance| format!("{instance}.intake.{number}")),
        partitions: settings.journal_partitions(),
        lead_key: LeadKey::derive(settings.privacy.secret.reveal()),
        // The number of the code, and a fingerprint of the settings that a translation hangs on.
        translation: TRANSLATION << 16 | (settings_hash(&contexts) & 0xffff) as u32,
        sources_version: settings.intake.sources_version,
        sources,
        guard: intake::GuardPlan {
            records: settings.intake.guard_records,
            bad_percent_min: settings.intake.guard_bad_percent_min,
        },
        clock_every_ms: i64::try_from(settings.time.clock_interval.as_millis()).unwrap_or(i64::MAX),
    }
}

fn shard_plan(ground: &Ground, names: &Names, instance: &str, number: u32) -> Result<shard::Plan, LogError> {
    let settings = &ground.settings;
    let dead_letters = ground.log.topics(&[&names.dead_letters()])?.pop().flatten();
    Ok(shard::Plan {
        names: names.clone(),
        deployment: settings.deployment.clone(),
        foundation: foundation(settings),
        writer_id: names.transactional_id(instance, number),
        instance: settings
            .instance
            .as_ref()
            .map(|instance| format!("{instance}.shard.{number}")),
        partitions: settings.journal_partitions(),
        dead_letter_partitions: dead_letters.map_or(1, |topic| topic.partitions),
        patience_ms: i64::try_from(settings.time.patience.as_millis()).unwrap_or(i64::MAX),
        batch: ReadLimit {
            records_max: settings.shard.batch_records_max,
            bytes_max: settings.shard.batch_bytes_max,
        },
        deadlines_max: settings.shard.deadlines_per_transaction_max,
        queued_max: settings.shard.queued_per_transaction_max,
        batch_time: settings.shard.batch_time,
        open_time_max: settings.shard.open_time_max,
        idle_commit_ms: i64::try_from(settings.shard.idle_commit_interval.as_millis()).unwrap_or(i64::MAX),
        journal_kept_ms: i64::try_from(settings.journal.kept.as_millis()).unwrap_or(i64::MAX),
        sources_version: settings.intake.sources_version,
        said: None,
        erase_within_ms: i64::try_from(settings.privacy.erase_within.as_millis()).unwrap_or(i64::MAX),
    })
}

/// Repairs shards whose state log has a hole, or whose outputs are lost (see `repair`).
pub fn repair(ground: &Ground, tell: impl FnMut(repair::Progress)) -> Result<Repaired, StartError> {
    let names = Names::new(&ground.settings.kafka.prefix);
    let watch = Watch::new(Metrics::new()?);
    let instance = ground.settings.instance.clone().unwrap_or_else(random_instance);
    let plan = shard_plan(ground, &names, &instance, 0)?;
    Ok(repair::repair(&ground.log, &plan, watch, &ground.clock, tell)?)
}

/// Opens the embedded log with every topic in place, each kept as long as on Kafka. Outputs have one
/// partition each there, so that an offset says where a reader is.
pub fn open_local(settings: &Settings, policy: &Policy, clock: &Clock) -> Result<Arc<dyn Log>, LogError> {
    debug_assert!(settings.log == LogKind::Local, "the caller looked");
    let log = crate::log::local::LocalLog::open(&settings.local.path, clock.clone())?;
    let names = Names::new(&settings.kafka.prefix);
    log.ensure(&names.journal(), settings.journal_partitions())?;
    log.ensure(&names.state(), settings.journal_partitions())?;
    for topic in [names.inbox(), names.policy(), names.dead_letters()] {
        log.ensure(&topic, 1)?;
    }
    for topic in names.outputs(policy) {
        log.ensure(&topic, 1)?;
    }
    log.keep(&names.inbox(), INBOX_KEPT_MS as i64, Some(names.intake_group()));
    // Those of teams that are gone too; topics of another prefix in the folder are not ours.
    let mut outputs = founding::output_topics(&log, &names)?;
    outputs.extend(names.outputs(policy));
    for output in outputs {
        log.keep(&output, OUTPUT_KEPT_MS as i64, None);
    }
    Ok(Arc::new(log))
}

/// A name for a process that was given none: nobody else has it.
fn random_instance() -> String {
    use std::hash::{BuildHasher as _, Hasher as _};
    let random = std::collections::hash_map::RandomState::new().build_hasher().finish();
    format!("{random:016x}")
}

/// What is wrong, in words, with everything that caused it.
pub fn chain(error: &dyn std::error::Error) -> impl Display {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_words = cause.to_string();
        if !words.contains(&cause_words) {
            words.push_str(": ");
            words.push_str(&cause_words);
        }
        source = cause.source();
    }
    words
}
