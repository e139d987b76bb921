//! A past: the service lives through events on the embedded log of the settings, as if it were some
//! days ago, so that whoever opens that log today finds duplicate marks that have run out.
//!
//! It is the service as it is, threads and all; only its clock is behind. Events go into the inbox
//! as by HTTP. It ends when everything is decided.

use std::io::Write;
use std::time::Duration;

use clap::Args;

use tasuki::app::{self, Adapters, Ground, Service};
use tasuki::clock::Clock;
use tasuki::log::{Appender, NewRecord};
use tasuki::settings::Settings;
use tasuki::wire::policy_file;

use crate::Trouble;
use crate::events::{Maker, Shape, Span};

/// Events written together.
const TOGETHER: usize = 20_000;
/// The inbox is at most so many events ahead of what is decided.
const AHEAD_MAX: u64 = 200_000;
/// Between two looks at what is decided.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Nothing more is decided for so many looks: it is stuck.
const LOOKS_MAX: u32 = 3_000;
const DAY_MS: i64 = 86_400_000;

/// What to live through.
#[derive(Args)]
pub(crate) struct Lived {
    /// How many days ago.
    #[arg(long, default_value_t = 0)]
    days_ago: i64,
    #[command(flatten)]
    span: Span,
}

impl Lived {
    /// Lives through all of it.
    pub(crate) fn run(&self) -> Result<(), Trouble> {
        let service = Service::start(&self.ground()?)?;
        let mut inbox = service.log.appender()?;
        let mut maker = Maker::new(self.span.clone());
        let (mut records, mut written) = (Vec::with_capacity(TOGETHER), 0);
        for number in self.span.numbers() {
            maker.make(number);
            records.push(maker.text.clone());
            if records.len() == TOGETHER || number + 1 == self.span.first + self.span.count {
                written += records.len() as u64;
                append(inbox.as_mut(), &service.names.inbox(), records.drain(..))?;
                wait_until(&service, "events_total", written.saturating_sub(AHEAD_MAX))?;
            }
        }
        wait_until(&service, "events_total", written)?;
        if self.span.shape == Shape::Open {
            wait_until(&service, "handoffs_total", written)?;
        }
        if !service.stop() {
            return Err("the service did not stop in time".into());
        }
        writeln!(std::io::stdout(), "{written}")?;
        Ok(())
    }

    fn ground(&self) -> Result<Ground, Trouble> {
        let faults = |faults: Vec<_>| -> Trouble { format!("{faults:?}").into() };
        let settings = Settings::load(&[]).map_err(faults)?;
        let policy = policy_file::load(&settings.policy.file).map_err(faults)?;
        let adapters = Adapters::load(&settings).map_err(faults)?;
        let clock = Clock::fast(Clock::machine().now().plus_millis(-self.days_ago * DAY_MS), 1);
        Ok(Ground {
            log: app::open_local(&settings, &policy.1, &clock)?,
            settings,
            policy,
            adapters,
            clock,
        })
    }
}

fn append(appender: &mut dyn Appender, inbox: &str, events: impl Iterator<Item = String>) -> Result<(), Trouble> {
    let kind = "application/cloudevents+json";
    let mut waiting = 0;
    for event in events {
        let record = NewRecord {
            key: None,
            value: Some(event.into_bytes()),
            headers: vec![("content-type".to_owned(), Some(kind.as_bytes().to_vec()))],
        };
        appender.append(inbox, Some(0), &record)?;
        waiting += 1;
    }
    while waiting > 0 {
        waiting -= appender.poll(LOOK_EVERY)?.len();
    }
    Ok(())
}

/// Waits until a counter has come this far.
fn wait_until(service: &Service, name: &str, count: u64) -> Result<(), Trouble> {
    let (mut before, mut looks) = (0, 0);
    loop {
        let counted = counted(&service.watch.metrics.render()?, name);
        if counted >= count {
            return Ok(());
        }
        looks = if counted == before { looks + 1 } else { 0 };
        if looks > LOOKS_MAX {
            return Err(format!("{name} stays at {counted}, {count} are to come").into());
        }
        before = counted;
        std::thread::sleep(LOOK_EVERY);
    }
}

/// A counter's sum over its labels.
fn counted(metrics: &str, counter: &str) -> u64 {
    let lines = metrics.lines().filter_map(|line| line.strip_prefix("tasuki_"));
    let samples = lines.filter(|line| line.starts_with(counter));
    samples
        .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
        .sum()
}
