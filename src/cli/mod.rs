//! The command line: results to stdout, words to stderr; exit status 0 done, 1 the thing asked
//! failed, 2 wrong usage.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is where the program speaks"
)]

mod serve;

use std::fmt::Display;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

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
environment overrides both: TASUKI__HTTP__ADDRESS=0.0.0.0:8080 sets http.address.\n\nTry `tasuki demo` first: it needs no set-up."
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
    /// Run the service on the log named in the settings
    Serve,
    /// Print the lead id of a person, by the secret of the settings
    #[command(name = "lead-id")]
    LeadId(Identifier),
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Identifier {
    /// An e-mail address; trimmed and folded as the intake does it
    #[arg(long, value_name = "TEXT")]
    email: Option<String>,
    /// The id of a CRM, used as given
    #[arg(long = "lead-id", value_name = "TEXT")]
    lead_id: Option<String>,
    /// A visitor's id, used as given
    #[arg(long = "anonymous-id", value_name = "TEXT")]
    anonymous_id: Option<String>,
}

/// The thing asked failed; whoever returns this has said why.
struct Failed;

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let done = match &cli.command {
        Command::Serve => serve::run(&cli.config),
        Command::LeadId(person) => lead_id(&cli.config, person),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failed) => ExitCode::FAILURE,
    }
}

fn lead_id(config: &[PathBuf], person: &Identifier) -> Result<(), Failed> {
    let key = LeadKey::derive(settings(config)?.privacy.secret.reveal());
    let id = match (&person.lead_id, &person.email, &person.anonymous_id) {
        (Some(id), _, _) => key.by_lead_id(id),
        (_, Some(email), _) => key.by_email(email),
        (_, _, Some(id)) => key.by_anonymous_id(id),
        (None, None, None) => return Err(failed("name a person")),
    };
    println!("{id}");
    Ok(())
}

/// The settings in force, or every fault in them said.
fn settings(config: &[PathBuf]) -> Result<Settings, Failed> {
    Settings::load(config).map_err(|faults| failed_all(&faults))
}

/// The policy in force, or every fault in it said.
fn policy(settings: &Settings) -> Result<(PolicyDocument, Policy), Failed> {
    policy_file::load(&settings.policy.file).map_err(|faults| failed_all(&faults))
}

fn failed(words: impl Display) -> Failed {
    eprintln!("tasuki: {words}");
    Failed
}

fn failed_all(faults: &[impl Display]) -> Failed {
    for fault in faults {
        eprintln!("{fault}");
    }
    let number = faults.len();
    failed(format!(
        "{number} {}; nothing was started",
        if number == 1 { "fault" } else { "faults" }
    ))
}
