//! Plays seeds with a bug in the production code, to see whether it is found.

use std::io::Write;

use super::many::{Range, run_many};
use super::range;
use tasuki::planted::{Bug, plant};

/// What is to be said about the use.
const USAGE: &str = "--planted            lists the bugs
--planted BUG A..B   plays these seeds with one, named or by its number
--planted all A..B   plays them with each in turn until it is found; all must be";

/// Does what the words behind `--planted` ask for; whether nothing was found wrong with it.
pub(crate) fn run(words: &[String], out: &mut (impl Write + Send)) -> Result<bool, String> {
    match words {
        [] => list(out).map(|()| true),
        [all, seeds] if all == "all" => hunt_all(range(seeds).ok_or(USAGE)?, out),
        [bug, seeds] => {
            let bug = named(bug).ok_or("no such bug; --planted lists them")?;
            let summary = run_many(range(seeds).ok_or(USAGE)?, false, &|| plant(bug), out)?;
            writeln!(out, "{}", summary.line()).map_err(|error| error.to_string())?;
            Ok(summary.failed.is_empty())
        }
        _ => Err(USAGE.to_owned()),
    }
}

fn named(word: &str) -> Option<Bug> {
    let number = word.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    match number {
        Some(number) => Bug::ALL.get(number).copied(),
        None => Bug::ALL.iter().find(|bug| bug.name() == word).copied(),
    }
}

fn list(out: &mut impl Write) -> Result<(), String> {
    for (number, bug) in (1..).zip(Bug::ALL) {
        writeln!(out, "{number:>3}  {:<30} {}", bug.name(), bug.breaks()).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn hunt_all(seeds: Range, out: &mut (impl Write + Send)) -> Result<bool, String> {
    let mut missed = Vec::new();
    for bug in Bug::ALL {
        let mut told = Vec::new();
        let summary = run_many(seeds, true, &|| plant(*bug), &mut told)?;
        let name = bug.name();
        if let Some(seed) = summary.failed.first() {
            let told = String::from_utf8_lossy(&told);
            let mark = format!("seed {seed}: ");
            let violation = told.lines().find_map(|line| line.strip_prefix(mark.as_str()));
            let violation = violation.unwrap_or_default();
            writeln!(
                out,
                "{name}: caught by seed {seed}: {violation}; broken: {}",
                bug.breaks()
            )
            .map_err(|error| error.to_string())?;
        } else {
            writeln!(out, "{name}: NOT CAUGHT by {} seeds", summary.seeds).map_err(|error| error.to_string())?;
            missed.push(name);
        }
    }
    let caught = Bug::ALL.len() - missed.len();
    writeln!(out, "{caught} of {} planted bugs caught", Bug::ALL.len()).map_err(|error| error.to_string())?;
    Ok(missed.is_empty())
}
