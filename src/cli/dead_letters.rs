//! `tasuki dead-letters`: the records that could not be used, looked through and sent back.

use std::collections::BTreeSet;
use std::io::{BufWriter, Write as _, stdout};
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::replay::parse_time;
use super::{Failed, count, export, failed, say};
use crate::dead_letters::{self, Choice, Letter, LetterName, LettersError, Sent};
use crate::domain::event::RejectReason;
use crate::domain::time::Instant;
use crate::fault::suggest;
use crate::log::Log;
use crate::names::Names;
use crate::settings::Settings;

#[derive(Debug, Subcommand)]
#[command(after_help = "\
A record that cannot be used is kept among the dead letters as it came, with the reason. To get it in after all:

  tasuki dead-letters list --since 2026-11-01T00:00:00Z         which, and why: nothing personal
  tasuki dead-letters show 3/17 | tasuki adapt crm.activities   what comes of one now, if its event is in the value
  tasuki dead-letters replay --source crm.activities --dry-run  how many would be sent back
  tasuki dead-letters replay --source crm.activities            send them back

Replay once what was wrong is mended: an adapter, the settings, a team missing in the policy. What is still wrong \
becomes a dead letter again, and the old ones stay until their retention: --since keeps from sending them back each \
time.

The embedded log is used by one process at a time: stop `tasuki serve` first. A cluster may be at work.")]
pub(super) enum DeadLetters {
    /// Print a line for each letter: its name, when, why, where it came from, its bytes, the detail
    List(Chosen),
    /// Write the bytes of one letter to stdout as they came, and what is known of it to stderr
    #[command(after_help = "\
What is shown is what somebody sent, names and addresses included, in stdout as well as in the key and the headers.")]
    Show {
        /// The letter's name, such as 3/17, as `list` prints it
        #[arg(value_name = "LETTER")]
        letter: LetterName,
    },
    /// Send letters back to the topic they came from, key, value and headers as they were
    #[command(after_help = "\
All letters go back unless an option says which, and a record with several letters once. However often it is sent back, \
an event counts once (within the 7 days in which repetitions are known) and happens when it did: a record that does not \
say which event it is, or when, gets the header `tasuki_sent_back_from` with where and when it stood first. Only what an \
adapter makes without an `id` counts each time. Letters of topics that are no source in the settings stay where they \
are. The command ends once everything is durable; if it fails midway it says so, and may be repeated.")]
    Replay {
        #[command(flatten)]
        chosen: Chosen,
        /// Say what would be sent, and send nothing
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Debug, Args)]
pub(super) struct Chosen {
    /// Only letters with this reason, such as invalid-data; may be given several times
    #[arg(long, value_name = "REASON", value_parser = parse_reason)]
    reason: Vec<RejectReason>,
    /// Only letters from this topic, a source of the settings with or without its prefix; may be given several times
    #[arg(long, value_name = "TOPIC")]
    source: Vec<String>,
    /// Only records that became letters from this time on, such as 2026-11-01T00:00:00Z
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    since: Option<Instant>,
    /// Only records that became letters before this time
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    until: Option<Instant>,
}

impl Chosen {
    fn choice(&self, sources: &BTreeSet<String>, prefixes: [&str; 2]) -> Choice {
        let topics = self.source.iter().map(|named| topic(named, sources, prefixes));
        Choice {
            reasons: self.reason.clone(),
            sources: topics.collect(),
            since: self.since,
            until: self.until,
        }
    }
}

/// The topic of a source, which may be named as in the settings, without its prefix. A source that
/// was taken out of the settings has letters too.
fn topic(named: &str, sources: &BTreeSet<String>, prefixes: [&str; 2]) -> String {
    let mut spelled = [""].into_iter().chain(prefixes).map(|prefix| [prefix, named].concat());
    spelled.find(|topic| sources.contains(topic)).unwrap_or_else(|| {
        let remedy = suggest(named, sources.iter().map(String::as_str));
        eprintln!("tasuki: no source of the settings is `{named}`; {remedy}");
        named.to_owned()
    })
}

fn parse_reason(text: &str) -> Result<RejectReason, String> {
    let found = RejectReason::ALL.into_iter().find(|reason| reason.name() == text);
    found.ok_or_else(|| {
        format!(
            "there is no such reason; {}",
            suggest(text, RejectReason::ALL.map(RejectReason::name))
        )
    })
}

pub(super) fn run(config: &[PathBuf], what: &DeadLetters) -> Result<(), Failed> {
    let settings = super::settings(config)?;
    let log = export::open(&settings)?;
    let names = Names::new(&settings.kafka.prefix);
    let sources = sources(&settings, &names);
    let prefixes = [settings.kafka.source_prefix.as_str(), settings.kafka.prefix.as_str()];
    let choice = |chosen: &Chosen| chosen.choice(&sources, prefixes);
    let done = match what {
        DeadLetters::List(chosen) => list(log.as_ref(), &names, &choice(chosen)),
        DeadLetters::Show { letter } => show(log.as_ref(), &names, *letter),
        DeadLetters::Replay { chosen, dry_run } => {
            let sent = dead_letters::send_back(log.as_ref(), &names, &sources, &choice(chosen), *dry_run);
            return tell(&sent.map_err(|error| failed(crate::app::chain(&error)))?, *dry_run);
        }
    };
    done.map_err(|error| failed(crate::app::chain(&error)))
}

/// Where letters may go back to.
fn sources(settings: &Settings, names: &Names) -> BTreeSet<String> {
    let topics = settings.source_topics().into_iter().map(|(topic, _)| topic);
    topics.chain([names.inbox()]).collect()
}

fn list(log: &dyn Log, names: &Names, choice: &Choice) -> Result<(), LettersError> {
    let mut out = BufWriter::new(stdout().lock());
    let mut letters = 0;
    let strangers = dead_letters::each(log, names, choice, |letter| {
        letters += 1;
        writeln!(out, "{}", line(&letter)).map_err(LettersError::Write)
    })?;
    out.flush().map_err(LettersError::Write)?;
    eprintln!("tasuki: {}", count(letters, "dead letter"));
    tell_strangers(strangers);
    Ok(())
}

/// What may be told of a letter where everybody can see it: nothing of what was sent.
fn line(letter: &Letter) -> String {
    let Letter {
        name,
        at,
        filed,
        original,
    } = letter;
    let bytes = original.value.as_ref().map_or(0, Vec::len);
    let (reason, source, offset) = (filed.reason.name(), &filed.source, filed.offset);
    format!("{name}\t{at}\t{reason}\t{source}/{offset}\t{bytes}\t{}", filed.detail)
}

fn show(log: &dyn Log, names: &Names, name: LetterName) -> Result<(), LettersError> {
    let Letter {
        at, filed, original, ..
    } = dead_letters::one(log, names, name)?;
    eprintln!("letter {name}, since {at}");
    eprintln!("reason {}: {}", filed.reason.name(), filed.detail);
    eprintln!("from   {}/{}, {}", filed.source, filed.offset, filed.time);
    eprintln!("key    {}", shown(original.key.as_deref()));
    for (name, value) in &original.headers {
        eprintln!("header {}: {}", name.escape_debug(), shown(value.as_deref()));
    }
    let mut out = stdout().lock();
    match &original.value {
        None => eprintln!("there is no value"),
        Some(value) => out.write_all(value).map_err(LettersError::Write)?,
    }
    out.flush().map_err(LettersError::Write)
}

/// Bytes for a terminal, on which they can do no harm.
fn shown(bytes: Option<&[u8]>) -> String {
    bytes.map_or_else(|| "none".to_owned(), |bytes| format!("\"{}\"", bytes.escape_ascii()))
}

fn tell(sent: &Sent, dry: bool) -> Result<(), Failed> {
    let verb = if dry { "would be sent back" } else { "sent back" };
    for (topic, records) in &sent.back {
        say(format!("{records}\t{topic}"))?;
    }
    let all: u64 = sent.back.values().sum();
    eprintln!("tasuki: {} {verb}", count(all as usize, "record"));
    if sent.further > 0 {
        let letters = count(sent.further as usize, "further letter");
        eprintln!("tasuki: {letters} of these records, each of which goes back once");
    }
    for (topic, letters) in &sent.left {
        eprintln!(
            "tasuki: left where they are: {} from {topic}, which is no source of the settings, or not there",
            count(*letters as usize, "dead letter")
        );
    }
    tell_strangers(sent.strangers);
    Ok(())
}

fn tell_strangers(strangers: u64) {
    if strangers > 0 {
        eprintln!(
            "tasuki: left out: {} among the dead letters that tasuki did not write",
            count(strangers as usize, "record")
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_may_be_named_as_in_the_settings() {
        let sources = ["eu.crm.tasks", "t.tasuki.inbox"].map(str::to_owned).into();
        let topic = |named| topic(named, &sources, ["eu.", "t."]);
        assert_eq!(topic("crm.tasks"), "eu.crm.tasks");
        assert_eq!(topic("eu.crm.tasks"), "eu.crm.tasks");
        assert_eq!(topic("tasuki.inbox"), "t.tasuki.inbox");
        assert_eq!(topic("crm.deals"), "crm.deals", "it was taken out of the settings");
    }
}
