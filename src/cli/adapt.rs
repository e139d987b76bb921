//! `tasuki adapt`: what would come of a payload, and why not.

use std::io::{Read as _, Write as _, stdin, stdout};
use std::path::PathBuf;

use clap::Args;

use super::{Failed, count, failed, failed_all};
use crate::app::{self, Adapters};
use crate::clock::Clock;
use crate::domain::ids::LeadKey;
use crate::log::Record;
use crate::names::Names;
use crate::settings::{Settings, SourceSettings, adapter_of};
use crate::wire::json::Json;
use crate::wire::translate::{EVENT_BYTES_MAX, Explained, HOOK, explain};

/// Stands before the name of a hook.
const HOOKS: &str = "hooks/";

#[derive(Debug, Args)]
pub(super) struct Adapt {
    /// A source of the settings, such as marketing.engagement, or a hook, such as hooks/hubspot
    #[arg(value_name = "SOURCE")]
    source: String,
    /// Try this adapter instead: a name, the path of a file, or tasuki for none
    #[arg(long, value_name = "NAME|FILE")]
    format: Option<String>,
}

/// Reads one payload from stdin; tells each event that comes of it on a line of stdout.
pub(super) fn run(config: &[PathBuf], arguments: &Adapt) -> Result<(), Failed> {
    let mut settings = super::settings(config)?;
    let tried = tried(&mut settings, arguments)?;
    let adapters = Adapters::load(&settings).map_err(|faults| failed_all(&faults, "fault"))?;
    let (context, headers) = match tried {
        Tried::Source(source) => (app::source(arguments.source.clone(), &source, &adapters), Vec::new()),
        Tried::Hook(name) => {
            let names = Names::new(&settings.kafka.prefix);
            let header = (HOOK.to_owned(), Some(name.into_bytes()));
            (app::inbox(&settings, &adapters, &names), vec![header])
        }
    };
    let mut value = Vec::new();
    let limit = EVENT_BYTES_MAX as u64 + 1;
    stdin().lock().take(limit).read_to_end(&mut value).map_err(failed)?;
    let record = Record {
        offset: 0,
        time: Clock::machine().now(),
        key: None,
        value: Some(value),
        headers,
    };
    let key = LeadKey::derive(settings.privacy.secret.reveal());
    tell(&explain(&context.context([0; 16], 0), &key, &record))
}

/// What the payload is tried on.
enum Tried {
    Source(SourceSettings),
    /// By its name.
    Hook(String),
}

/// Finds what is named, and leaves only that in the settings: faults of others are not asked for.
fn tried(settings: &mut Settings, arguments: &Adapt) -> Result<Tried, Failed> {
    let name = arguments.source.as_str();
    let hook = name.strip_prefix(HOOKS).unwrap_or_default();
    let hooks = settings.hooks.keys().map(|hook| [HOOKS, hook].concat());
    let known: Vec<String> = settings.sources.keys().cloned().chain(hooks).collect();
    settings.sources.retain(|other, _| other == name);
    settings.hooks.retain(|other, _| other == hook);
    if let Some(source) = settings.sources.get_mut(name) {
        source.format = chosen(arguments, source.format.take());
        return Ok(Tried::Source(source.clone()));
    }
    if let Some(settings) = settings.hooks.get_mut(hook) {
        settings.format = chosen(arguments, settings.format.take());
        return Ok(Tried::Hook(hook.to_owned()));
    }
    let remedy = crate::fault::suggest(name, known.iter().map(String::as_str));
    Err(failed(format!(
        "there is no source or hook `{name}` in the settings; {remedy}"
    )))
}

/// The adapter to try; none where events are taken as they are.
fn chosen(arguments: &Adapt, set: Option<String>) -> Option<String> {
    match &arguments.format {
        Some(named) => adapter_of(named),
        None => set,
    }
}

fn tell(explained: &[Explained]) -> Result<(), Failed> {
    let mut out = Vec::new();
    let mut bad = 0;
    for each in explained {
        bad += usize::from(each.judged.is_err());
        line(each, &mut out);
    }
    stdout().lock().write_all(&out).map_err(failed)?;
    if explained.is_empty() {
        eprintln!("tasuki: nothing comes of it: no event of the adapter takes it, and such records are ignored");
    }
    if bad > 0 {
        return Err(failed(format!("{} cannot be used", count(bad, "event"))));
    }
    Ok(())
}

/// The verdict, then the event as it was judged.
fn line(Explained { event, judged }: &Explained, out: &mut Vec<u8>) {
    let mut said: Vec<(&str, String)> = Vec::new();
    match judged {
        Ok(facts) => match facts.first() {
            None => said.push(("result", "ignored".to_owned())),
            Some((_, fact)) => {
                said.push(("result", "fact".to_owned()));
                said.push(("id", fact.id.clone()));
                said.push(("at", fact.at.to_string()));
                said.extend(facts.iter().map(|(lead, _)| ("lead", lead.to_string())));
            }
        },
        Err(why) => {
            said.push(("result", "dead-letter".to_owned()));
            said.push(("reason", why.reason.name().to_owned()));
            said.push(("detail", why.detail.clone()));
        }
    }
    out.push(b'{');
    for (name, text) in said {
        Json::Text(name).write(out);
        out.push(b':');
        Json::Text(&text).write(out);
        out.push(b',');
    }
    out.extend_from_slice(b"\"event\":");
    out.extend_from_slice(event.as_deref().unwrap_or(b"null"));
    out.extend_from_slice(b"}\n");
}
