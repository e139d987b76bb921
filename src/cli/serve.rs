//! `tasuki serve`: the service on the log named in the settings, until it is told to stop.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::{Failed, failed, failed_all, topics};
use crate::app::{self, Adapters, Ground, Service, Site};
use crate::clock::Clock;
use crate::domain::policy::Policy;
use crate::http;
use crate::log::kafka::topics::Difference;
use crate::log::kafka::{KafkaLog, KafkaOptions};
use crate::log::{Log, LogError};
use crate::settings::{LogKind, Settings};
use crate::telemetry::logs;

/// How often it is looked whether a loop has ended by itself.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// The topics' settings may take so long to be told.
const CHECK_WAIT: Duration = Duration::from_secs(30);
const CHECK_PAUSE: Duration = Duration::from_secs(1);
/// After the stop was asked for, requests under way have this long.
const ANSWERS_WAIT: Duration = Duration::from_secs(5);

pub(super) fn run(config: &[PathBuf]) -> Result<(), Failed> {
    let settings = super::settings(config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(failed)?;
    let stops = runtime.block_on(async { count_stops() }).map_err(failed)?;
    let early = runtime.spawn(end_at_once(stops.clone()));
    let ground = ground(settings)?;
    let address = ground.settings.http.address;
    let listener = runtime.block_on(TcpListener::bind(address)).map_err(|error| {
        failed(format!(
            "http.address {address}: cannot listen: {error}; set http.address to a free one"
        ))
    })?;
    let service = Service::start(&ground).map_err(|error| failed(app::chain(&error)))?;
    early.abort();
    tracing::info!(%address, log = ?ground.settings.log, policy = ground.policy.1.version, "serving");
    runtime.block_on(until_told(service, &ground, listener, stops))
}

/// Until the service runs there is nothing to finish: looking for a broker may take a minute.
async fn end_at_once(mut stops: Stops) {
    if stops.wait_for(|count| *count > 0).await.is_ok() {
        std::process::exit(0);
    }
}

/// Checks everything that was written for it, begins to log, and opens the log.
pub(super) fn ground(settings: Settings) -> Result<Ground, Failed> {
    let policy = super::policy(&settings)?;
    let adapters = Adapters::load(&settings).map_err(|faults| failed_all(&faults, "fault"))?;
    logs::begin(settings.telemetry.log_format, &settings.telemetry.log_level).map_err(failed)?;
    for warning in settings.warnings() {
        tracing::warn!(warning, "settings");
    }
    let clock = Clock::machine();
    let log = open(&settings, &policy.1, &clock)?;
    Ok(Ground {
        settings,
        policy,
        adapters,
        log,
        clock,
    })
}

/// Opens the log with every topic in place.
fn open(settings: &Settings, policy: &Policy, clock: &Clock) -> Result<Arc<dyn Log>, Failed> {
    if settings.log == LogKind::Local {
        return app::open_local(settings, policy, clock).map_err(failed);
    }
    let log = connect(settings)?;
    let different = check(&log, settings, policy).map_err(failed)?;
    if different.is_empty() {
        Ok(Arc::new(log))
    } else {
        Err(failed_all(&different, "difference"))
    }
}

/// What is wrong with the topics. A cluster that has just lost a broker, or got one back, may name
/// nobody to ask for a while.
fn check(log: &KafkaLog, settings: &Settings, policy: &Policy) -> Result<Vec<Difference>, LogError> {
    let until = std::time::Instant::now() + CHECK_WAIT;
    loop {
        match topics::check(log, settings, policy) {
            Err(error @ LogError::Retry(_)) if std::time::Instant::now() < until => {
                tracing::warn!(%error, "cannot check the topics yet");
                std::thread::sleep(CHECK_PAUSE);
            }
            checked => return checked,
        }
    }
}

/// Reaches the cluster of the settings, or says what to look at.
pub(super) fn connect(settings: &Settings) -> Result<KafkaLog, Failed> {
    let options = KafkaOptions {
        brokers: settings.kafka.brokers.clone(),
        client: settings.kafka.client_properties(),
        session_timeout: settings.kafka.session_timeout,
    };
    KafkaLog::connect(options).map_err(|error| {
        let remedy = match error {
            LogError::Refused(_) => {
                "check `security.protocol`, `sasl.*`, `ssl.*` in [kafka.client] and kafka.password_file"
            }
            LogError::Fenced(_) | LogError::Retry(_) | LogError::Unknown(_) => {
                "check kafka.brokers, whether a broker runs there, and `security.protocol` in [kafka.client]"
            }
        };
        failed(format!("kafka.brokers: {error}; {remedy}"))
    })
}

/// Serves HTTP until a signal comes or a loop ends by itself, then stops everything in order.
pub(super) async fn until_told(
    service: Service,
    ground: &Ground,
    listener: TcpListener,
    stops: Stops,
) -> Result<(), Failed> {
    let router = http::router(Arc::new(Site::of(&service, &ground.settings)), Site::options(ground));
    let (stop, mut stopped) = watch::channel(false);
    let until = async move {
        // An error means that the sender is gone, which is a stop as well.
        let _ended = stopped.wait_for(|stopped| *stopped).await;
    };
    let server = tokio::spawn(http::serve(listener, router, until));
    let failure = told(&service, stops).await;
    tracing::info!("stopping");
    if stop.send(true).is_err() {
        tracing::debug!("the HTTP server has ended already");
    }
    if tokio::time::timeout(ANSWERS_WAIT, server).await.is_err() {
        tracing::warn!("some requests were not answered in time");
    }
    let all_stopped = tokio::task::block_in_place(|| service.stop());
    if !all_stopped {
        return Err(failed(
            "a loop did not stop in time; whatever it left open is ended by whoever takes over",
        ));
    }
    tracing::info!("stopped");
    failure.map_or(Ok(()), |failure| Err(failed(failure)))
}

/// Waits for a signal, or for a loop to end by itself; a signal behind that ends the process at once.
async fn told(service: &Service, stops: Stops) -> Option<String> {
    let (mut first, mut second) = (stops.clone(), stops);
    let failure = loop {
        tokio::select! {
            // An error means that no signal can come any more.
            _ = first.wait_for(|count| *count > 0) => break None,
            () = tokio::time::sleep(LOOK_EVERY) => {
                if let Some(failure) = service.failure() {
                    break Some(failure);
                }
            }
        }
    };
    let further = *second.borrow() + 1;
    tokio::spawn(async move {
        if second.wait_for(|count| *count >= further).await.is_ok() {
            std::process::exit(1);
        }
    });
    failure
}

/// How many signals to stop have come.
pub(super) type Stops = watch::Receiver<u32>;

/// Counts the signals to stop from now on; within a runtime.
pub(super) fn count_stops() -> std::io::Result<Stops> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (sender, stops) = watch::channel(0);
    tokio::spawn(async move {
        loop {
            let came = tokio::select! {
                came = terminate.recv() => came,
                came = interrupt.recv() => came,
            };
            if came.is_none() {
                return;
            }
            sender.send_modify(|count| *count += 1);
        }
    });
    Ok(stops)
}
