//! Plays made-up histories on the simulated log: `simulate SEED` tells one, `simulate A..B` plays
//! many.

mod many;
mod oracle;
mod outside;
mod plan;
#[cfg(feature = "planted")]
mod planted;
mod play;
mod promises;
mod replay;
mod world;

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use tasuki::settings::LogFormat;
use tasuki::telemetry::logs::begin;
use tasuki::telemetry::metrics::Metrics;

use many::{Range, run_many};
use play::play;

/// The service's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What is to be said about the use.
const USAGE: &str = "usage: simulate SEED        plays one seed and tells its story
       simulate SEED LEVEL  the same, with the log lines of the service from this level on
       simulate A..B        plays the seeds from A up to, not including, B";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let mut out = std::io::stdout();
    #[cfg(feature = "planted")]
    if let Some(("--planted", words)) = words.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        return ended(planted::run(words, &mut out));
    }
    let outcome = match words.as_slice() {
        [word] => match (word.parse(), range(word)) {
            (Ok(seed), _) => one(seed, &mut out),
            (_, Some(range)) => many(range, &mut out),
            _ => return usage(),
        },
        [seed, level] => match seed.parse() {
            Ok(seed) => begin(LogFormat::Text, level)
                .map_err(|error| error.to_string())
                .and_then(|()| one(seed, &mut out)),
            Err(_) => return usage(),
        },
        _ => return usage(),
    };
    ended(outcome)
}

fn ended(outcome: Result<bool, String>) -> ExitCode {
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(words) => {
            // Nobody is left to be told when this cannot be written.
            let _written = writeln!(std::io::stderr(), "simulate: {words}");
            ExitCode::from(1)
        }
    }
}

fn usage() -> ExitCode {
    let _written = writeln!(std::io::stderr(), "{USAGE}");
    ExitCode::from(2)
}

fn range(word: &str) -> Option<Range> {
    let (first, end) = word.split_once("..")?;
    Some(Range {
        first: first.parse().ok()?,
        end: end.parse().ok()?,
    })
}

fn one(seed: u64, out: &mut impl Write) -> Result<bool, String> {
    let metrics = Arc::new(Metrics::new().map_err(|error| error.to_string())?);
    let outcome = play(seed, &metrics, true);
    let words = |error: std::io::Error| error.to_string();
    write!(out, "{}", outcome.story).map_err(words)?;
    for violation in &outcome.violations {
        writeln!(out, "violated: {violation}").map_err(words)?;
    }
    writeln!(
        out,
        "seed {seed}: {} journal records, {} processes started, {} killed, {} things reached, {} laws broken",
        outcome.records,
        outcome.processes,
        outcome.crashes,
        outcome.reached.len(),
        outcome.violations.len()
    )
    .map_err(words)?;
    Ok(outcome.violations.is_empty())
}

fn many(range: Range, out: &mut (impl Write + Send)) -> Result<bool, String> {
    let summary = run_many(range, false, &|| (), out)?;
    let words = |error: std::io::Error| error.to_string();
    for what in &summary.reached {
        writeln!(out, "reached: {what}").map_err(words)?;
    }
    writeln!(out, "{}", summary.line()).map_err(words)?;
    Ok(summary.failed.is_empty())
}
