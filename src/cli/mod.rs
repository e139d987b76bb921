//! The command line: results to stdout, words to stderr; exit status 0 done, 1 the thing asked
//! failed, 2 wrong usage.
#![expect(clippy::print_stderr, reason = "this is where the program speaks")]

mod adapt;
mod dead_letters;
mod demo;
mod export;
mod repair;
mod replay;
mod serve;
mod topics;

use std::fmt::Display;
use std::io::{Write as _, stdout};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::check;
use crate::domain::ids::LeadKey;
use crate::domain::journal::PolicyDocument;
use crate::domain::policy::Policy;
use crate::settings::Settings;
use crate::wire::policy_file;

/// Routes leads from marketing to sales, exactly once, and watches the response-time SLA.
#[derive(Debug, Parser)]
#[command(
    name = "tasuki",
    version,
    about,
    arg_required_else_help = true,
    subcommand_required = true
)]
#[command(
    after_help = "Every setting has a default (config/default.toml). A file given by --config overrides it, and the \
environment overrides both: TASUKI__HTTP__ADDRESS=127.0.0.1:9090 sets http.address.\n\nTry `tasuki demo` first: it needs no set-up."
)]
struct Cli {
    /// A settings file laid over the defaults; may be given several times, later ones win
    #[arg(long, global = true, value_name = "FILE")]
    config: Vec<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Play a made-up week on the embedded log: no set-up, and nothing is left behind
    Demo(demo::Demo),
    /// Run the service on the log named in the settings
    Serve,
    /// Check policies and settings, saying every fault with its line and its remedy
    Check {
        /// Files to check: policies (with `[qualify]`), adapters (with `[[event]]`) and settings; none: those in force
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Compare the broker's topics with what the settings need, or make those that are missing
    #[command(subcommand)]
    Topics(topics::Topics),
    /// Answer what a policy does with a history: events in on stdin, outputs on stdout
    Replay(replay::Replay),
    /// Write the journal's facts as a history that `replay` reads
    Export(export::Export),
    /// Look through the records that could not be used, and send them back after a fix
    #[command(subcommand, name = "dead-letters")]
    DeadLetters(dead_letters::DeadLetters),
    /// Make good a hole in a state log: decide the journal's stretch again, and say only what is missing
    #[command(after_help = repair::HELP)]
    Repair,
    /// Try a payload on stdin: which events a source's adapter makes of it, and why not
    Adapt(adapt::Adapt),
    /// Print the lead id of a person, by the secret of the settings
    #[command(name = "lead-id")]
    LeadId(Identifier),
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Identifier {
    /// An e-mail address; trimmed and folded as the intake does it
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    email: Option<String>,
    /// The id of a CRM, used as given
    #[arg(long = "lead-id", value_name = "TEXT", allow_hyphen_values = true)]
    lead_id: Option<String>,
    /// A visitor's id, used as given
    #[arg(long = "anonymous-id", value_name = "TEXT", allow_hyphen_values = true)]
    anonymous_id: Option<String>,
}

/// The thing asked failed; whoever returns this has said why.
struct Failed;

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let done = match &cli.command {
        Command::Demo(arguments) => demo::run(&cli.config, arguments),
        Command::Serve => serve::run(&cli.config),
        Command::Check { files } => check(&cli.config, files),
        Command::Topics(what) => topics::run(&cli.config, what),
        Command::Replay(arguments) => replay::run(&cli.config, arguments),
        Command::Export(arguments) => export::run(&cli.config, arguments),
        Command::DeadLetters(what) => dead_letters::run(&cli.config, what),
        Command::Repair => repair::run(&cli.config),
        Command::Adapt(arguments) => adapt::run(&cli.config, arguments),
        Command::LeadId(person) => lead_id(&cli.config, person),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failed) => ExitCode::FAILURE,
    }
}

fn check(config: &[PathBuf], files: &[PathBuf]) -> Result<(), Failed> {
    let loaded = Settings::load(config);
    let reports = check::check(files, loaded.as_ref().map_err(Vec::as_slice));
    for report in &reports {
        if report.is_right() {
            say(&report.summary)?;
        }
        for fault in &report.faults {
            say(fault)?;
        }
    }
    let faults: usize = reports.iter().map(|report| report.faults.len()).sum();
    if faults == 0 {
        Ok(())
    } else {
        Err(failed(format!("{} found", count(faults, "fault"))))
    }
}

fn lead_id(config: &[PathBuf], person: &Identifier) -> Result<(), Failed> {
    let key = LeadKey::derive(settings(config)?.privacy.secret.reveal());
    let said = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
    let id = match (said(&person.lead_id), said(&person.email), said(&person.anonymous_id)) {
        (Some(id), _, _) => key.by_lead_id(&id),
        (_, Some(email), _) => key.by_email(&email),
        (_, _, Some(id)) => key.by_anonymous_id(&id),
        (None, None, None) => return Err(failed("name a person: text that is blank names nobody")),
    };
    say(id)
}

/// The settings in force, or every fault in them said.
fn settings(config: &[PathBuf]) -> Result<Settings, Failed> {
    Settings::load(config).map_err(|faults| failed_all(&faults, "fault"))
}

/// The policy in force, or every fault in it said.
fn policy(settings: &Settings) -> Result<(PolicyDocument, Policy), Failed> {
    policy_file::load(&settings.policy.file).map_err(|faults| failed_all(&faults, "fault"))
}

/// A line of the result.
fn say(line: impl Display) -> Result<(), Failed> {
    writeln!(stdout().lock(), "{line}").map_err(|error| failed(format!("stdout: {error}")))
}

fn failed(words: impl Display) -> Failed {
    eprintln!("tasuki: {words}");
    Failed
}

/// Says each of what is wrong, and how many there are.
fn failed_all(wrong: &[impl Display], noun: &str) -> Failed {
    for each in wrong {
        eprintln!("{each}");
    }
    failed(format!("{} found; nothing was started", count(wrong.len(), noun)))
}

fn count(number: usize, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}
