//! `tasuki export`: the journal's facts on stdout, what a reader should know of them on stderr.

use std::io::{BufWriter, stdout};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::replay::parse_time;
use super::{Failed, count, failed, serve};
use crate::clock::Clock;
use crate::domain::time::Instant;
use crate::export::{self, Exported, Span};
use crate::log::Log;
use crate::log::local::LocalLog;
use crate::names::Names;
use crate::settings::{LogKind, Settings};

/// Bytes written at once.
const BUFFER_BYTES: usize = 1 << 20;

#[derive(Debug, Args)]
#[command(after_help = "\
What would another agreement have made of the last weeks?

  tasuki export > history.ndjson
  tasuki replay --policy config/policy.toml < history.ndjson > as-it-is.ndjson
  tasuki replay --policy proposal.toml < history.ndjson > as-it-would-be.ndjson

Each line is {\"at\": journal time, \"event\": a CloudEvent}; a fact that was sent or read twice is there once for each \
time it was sent. Replay with the same settings: lead ids hang on privacy.secret. Deadlines after the last line fire \
with `replay --until`. A replay decides all leads at once and in one order, so instants differ from the service's by \
the moments it took to decide, and where several leads ask for a rep in the same moment, the turns can differ.

The embedded log is read while nothing else uses it: stop `tasuki serve` first. A cluster is read while it runs. The \
lines hold what people typed, with names and addresses: keep the file as you keep the topics.")]
pub(super) struct Export {
    /// Facts received from this time on, such as 2026-11-01T00:00:00Z
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    from: Option<Instant>,
    /// Facts received before this time
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    to: Option<Instant>,
}

pub(super) fn run(config: &[PathBuf], arguments: &Export) -> Result<(), Failed> {
    let settings = super::settings(config)?;
    let log = open(&settings)?;
    let span = Span {
        from: arguments.from,
        to: arguments.to,
    };
    let mut output = BufWriter::with_capacity(BUFFER_BYTES, stdout().lock());
    let names = Names::new(&settings.kafka.prefix);
    let exported =
        export::export(log.as_ref(), &names, span, &mut output).map_err(|error| failed(crate::app::chain(&error)))?;
    tell(&exported);
    Ok(())
}

/// Opens the log as it is: no topic is made.
pub(super) fn open(settings: &Settings) -> Result<Arc<dyn Log>, Failed> {
    if settings.log == LogKind::Kafka {
        return Ok(Arc::new(serve::connect(settings)?));
    }
    expect_folder(settings)?;
    let log = LocalLog::open(&settings.local.path, Clock::machine()).map_err(failed)?;
    Ok(Arc::new(log))
}

/// Refuses a folder of the local log that is not there: nothing is to be found in a new one.
pub(super) fn expect_folder(settings: &Settings) -> Result<(), Failed> {
    let path = &settings.local.path;
    if settings.log == LogKind::Kafka || path.is_dir() {
        return Ok(());
    }
    Err(failed(format!(
        "local.path {}: there is no such folder; name the one that `tasuki serve` writes to, or set log and kafka.brokers",
        path.display()
    )))
}

fn tell(exported: &Exported) {
    eprintln!("tasuki: {} exported", count(exported.facts as usize, "fact"));
    if exported.rejected > 0 {
        eprintln!(
            "tasuki: left out: {} that could not be used; the dead letters have them",
            count(exported.rejected as usize, "record")
        );
    }
    if exported.begins_late {
        eprintln!("tasuki: the beginning of the journal has been deleted; leads from before it are not whole");
    }
    for (version, since) in exported.policies.iter().skip(1) {
        eprintln!(
            "tasuki: policy version {version} is in force since {since}; to follow the change, replay up to there \
             (export --to, replay --save), and from there (export --from, replay --load) with the new policy"
        );
    }
}
