//! `tasuki replay`: the same core over a file, without a log and without a clock.

use std::io::{BufWriter, Write as _, stdin, stdout};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::{Failed, failed, failed_all};
use crate::domain::ids::LeadKey;
use crate::domain::time::Instant;
use crate::replay::{self, Options, SavedState};
use crate::wire::{policy_file, rfc3339};

/// Bytes written at once.
const BUFFER_BYTES: usize = 1 << 20;

#[derive(Debug, Args)]
pub(super) struct Replay {
    /// The policy file to replay with
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// Deadlines earlier than this fire at the end, such as 2026-12-01T00:00:00Z
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    until: Option<Instant>,
    /// Go on from a state that --save wrote
    #[arg(long, value_name = "STATE")]
    load: Option<PathBuf>,
    /// Write the state after the last line
    #[arg(long, value_name = "STATE")]
    save: Option<PathBuf>,
}

pub(super) fn parse_time(text: &str) -> Result<Instant, String> {
    rfc3339::parse(text).ok_or_else(|| "not a time such as 2026-12-01T00:00:00Z".to_owned())
}

pub(super) fn run(config: &[PathBuf], arguments: &Replay) -> Result<(), Failed> {
    let settings = super::settings(config)?;
    let (_, policy) = policy_file::load(&arguments.policy).map_err(|faults| failed_all(&faults, "fault"))?;
    let key = LeadKey::derive(settings.privacy.secret.reveal());
    let loaded = arguments.load.as_ref().map(std::fs::read).transpose();
    let loaded = loaded
        .map_err(|error| failed(format!("--load: {error}")))?
        .map(SavedState);
    let mut input = stdin().lock();
    let mut output = BufWriter::with_capacity(BUFFER_BYTES, stdout().lock());
    let options = Options {
        deployment: &settings.deployment,
        until: arguments.until,
    };
    let replayed = replay::replay(
        (Arc::new(policy), &key),
        loaded.as_ref(),
        &mut input,
        &mut output,
        &options,
    );
    // What came before the fault is told as well.
    output.flush().map_err(failed)?;
    let replayed = replayed.map_err(|error| failed(crate::app::chain(&error)))?;
    if let Some(path) = &arguments.save {
        std::fs::write(path, replayed.save().0).map_err(|error| failed(format!("--save: {error}")))?;
    }
    // The process ends here; to let go of each lead before would only take time.
    std::mem::forget(replayed);
    Ok(())
}
