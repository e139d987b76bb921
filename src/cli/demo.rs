//! `tasuki demo`: a made-up week on the service as it is; in a terminal it goes on serving.

use std::io::{IsTerminal as _, stdout};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::{Failed, failed, say, serve};
use crate::app::{self, Ground, Service};
use crate::demo::{self, DemoError, Folder, Week};
use crate::settings::LogFormat;
use crate::telemetry::logs;

/// So many ports after the one of the settings are tried.
const PORTS_TRIED: u16 = 50;

#[derive(Debug, Args)]
pub(super) struct Demo {
    /// About how long the week takes
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u64).range(10..=3_600))]
    seconds: u64,
}

pub(super) fn run(config: &[PathBuf], arguments: &Demo) -> Result<(), Failed> {
    let settings = super::settings(config)?;
    logs::begin(LogFormat::Text, "warn").map_err(failed)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(failed)?;
    let stop = stop_on_signal(&runtime);
    let folder = Folder::make().map_err(|error| failed(app::chain(&error)))?;
    let ground = demo::ground(settings, &folder).map_err(|error| failed(app::chain(&error)))?;
    let service = Service::start(&ground).map_err(|error| failed(app::chain(&error)))?;
    let week = Week::new(&ground, &service, &runtime, Duration::from_secs(arguments.seconds));
    let played = week.and_then(|week| week.play(&stop, &mut stdout().lock()));
    if let Err(error) = played
        && !is_closed_pipe(&error)
    {
        service.stop();
        return Err(failed(app::chain(&error)));
    }
    if stop.load(Ordering::Relaxed) || !stdout().is_terminal() {
        service.stop();
        return Ok(());
    }
    runtime.block_on(go_on(service, &ground))
}

/// Whoever read the lines has seen enough, as `head` has.
fn is_closed_pipe(error: &DemoError) -> bool {
    matches!(error, DemoError::Output(error) if error.kind() == std::io::ErrorKind::BrokenPipe)
}

/// The first signal ends the play; the folder is removed all the same.
fn stop_on_signal(runtime: &Runtime) -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let told = stop.clone();
    runtime.spawn(async move {
        match serve::count_stops() {
            Ok(mut stops) => {
                // An error means that none can come any more.
                let _came = stops.wait_for(|count| *count > 0).await;
                told.store(true, Ordering::Relaxed);
            }
            Err(error) => tracing::warn!(%error, "signals cannot be waited for"),
        }
    });
    stop
}

/// Serves at the speed of real time until told to stop.
async fn go_on(service: Service, ground: &Ground) -> Result<(), Failed> {
    let listener = listen(ground.settings.http.address).await?;
    let address = listener.local_addr().map_err(failed)?;
    say(format!("\n{}", what_to_try(address)))?;
    if ground.settings.http.token.is_some() {
        say("http.token is set: /events, /outputs and /metrics need it as a bearer token.")?;
    }
    let stops = serve::count_stops().map_err(failed)?;
    serve::until_told(service, ground, listener, stops).await
}

async fn listen(address: SocketAddr) -> Result<TcpListener, Failed> {
    for further in 0..=PORTS_TRIED {
        let mut address = address;
        address.set_port(address.port().saturating_add(further));
        if let Ok(listener) = TcpListener::bind(address).await {
            return Ok(listener);
        }
    }
    Err(failed(format!(
        "http.address {address}: neither this port nor the {PORTS_TRIED} after it is free; set http.address to a free one"
    )))
}

fn what_to_try(address: SocketAddr) -> String {
    format!(
        r#"It goes on at normal speed at http://{address}/ until Ctrl-C. Try, in another terminal:

  curl -i http://{address}/events -H 'content-type: application/json' -d '
    {{"type": "tasuki.form.submitted.v1", "form": "demo-request",
     "person": {{"email": "you@example.com"}},
     "profile": {{"company": "Yours", "employees": 500}}}}'
  curl -N 'http://{address}/outputs/sales.handoffs.enterprise?from=0'
  curl -N 'http://{address}/outputs/sales.sla?from=0'
  curl http://{address}/metrics
  curl -i http://{address}/readyz
"#
    )
}
