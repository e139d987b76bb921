//! A small company's week, played on the service as it is: its intake, its shards, the embedded
//! log; only the clock runs faster.
//!
//! The rule: made-up events go in through the inbox, as by HTTP, and whatever is told comes out of
//! the log's output topics. Sales reacts to handoffs read there.

mod event;
mod outputs;
mod sales;
mod script;
mod story;
mod summary;

use std::collections::VecDeque;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant as Moment};

use serde_json::Value;
use tokio::runtime::Runtime;

use self::outputs::{Output, Outputs};
use self::sales::Sales;
use self::script::Incoming;
use self::story::Story;
use self::summary::Summary;
use crate::app::{self, Adapters, Ground, Service, Site};
use crate::clock::Clock;
use crate::domain::journal::PolicyDocument;
use crate::domain::policy::Policy;
use crate::domain::time::Instant;
use crate::fault::Fault;
use crate::http::Service as _;
use crate::log::{LogError, NewRecord};
use crate::settings::{LogKind, Settings};
use crate::wire::outputs::DEAD_LETTERS_TOPIC;
use crate::wire::policy_file;

/// The agreement that is played.
const POLICY: &str = include_str!("../../samples/policy-demo.toml");
/// Monday, 5 October 2026, 00:00 where the company is.
const MONDAY: Instant = Instant::from_millis(1_791_126_000_000);
/// The company is in Tokyo, where the clocks never change.
const ZONE_MS: i64 = 9 * 3_600_000;
const DAY_MS: i64 = crate::domain::time::DAY_MS;
const MINUTE_MS: i64 = 60_000;

/// The clock shows this when the curtain rises, and when it falls on Friday.
const RISES_AT_MS: i64 = (8 * 60 + 55) * MINUTE_MS;
const FALLS_AT_MS: i64 = 4 * DAY_MS + (18 * 60 + 15) * MINUTE_MS;
/// Every night passes faster, between these times of the day, by this factor.
const EVENING_MS: i64 = (18 * 60 + 15) * MINUTE_MS;
const MORNING_MS: i64 = (8 * 60 + 50) * MINUTE_MS;
const NIGHTS_FASTER: u32 = 16;
/// Of the time there is, so much is left for the beginning and the end.
const AROUND_IT: Duration = Duration::from_millis(1_500);

/// Clock records follow each other so closely, in real time: deadlines are seen soon.
const CLOCK_EVERY: Duration = Duration::from_millis(20);
/// Between two looks at the outputs, in real time.
const LOOK_EVERY: Duration = Duration::from_millis(15);
/// An output is told so much later, in real time, that what happened before it is there, too.
const HELD_BACK: Duration = Duration::from_millis(400);
/// Getting ready takes no longer.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// How long an event waits to become durable.
const DURABLE_WITHIN: Duration = Duration::from_secs(30);

/// Why the play broke off.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The agreement has faults.
    #[error("the demo's agreement: {0}")]
    Policy(Fault),
    /// The folder cannot be made.
    #[error("a temporary folder cannot be made")]
    Folder(#[source] io::Error),
    /// The log does not answer.
    #[error(transparent)]
    Log(#[from] LogError),
    /// Nobody takes the lines.
    #[error("the lines cannot be written")]
    Output(#[from] io::Error),
    /// A loop of the service ended, or is not getting ready.
    #[error("the service: {0}")]
    Service(String),
}

/// A folder of one's own, removed at the end.
pub struct Folder(PathBuf);

impl Folder {
    /// Makes a folder that was not there.
    pub fn make() -> Result<Self, DemoError> {
        let unique = Clock::machine().now().millis();
        let path = std::env::temp_dir().join(format!("tasuki-demo-{}-{unique}", std::process::id()));
        std::fs::create_dir(&path).map_err(DemoError::Folder)?;
        Ok(Self(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, "the temporary folder cannot be removed");
        }
    }
}

/// The demo's agreement.
pub fn policy() -> Result<(PolicyDocument, Policy), DemoError> {
    let document = PolicyDocument {
        text: POLICY.to_owned(),
        files: Vec::new(),
    };
    let policy = policy_file::compile(&document);
    let policy = policy.map_err(|mut faults| DemoError::Policy(faults.remove(0)))?;
    Ok((document, policy))
}

/// What the service runs on: these settings, but the embedded log in `folder`, and a clock that
/// shows Monday morning.
pub fn ground(mut settings: Settings, folder: &Folder) -> Result<Ground, DemoError> {
    "demo".clone_into(&mut settings.deployment);
    settings.log = LogKind::Local;
    settings.local.path = folder.path().join("log");
    settings.kafka.prefix.clear();
    settings.time.clock_interval = CLOCK_EVERY;
    // Patience is counted in clock records, which come faster here.
    settings.time.patience = Duration::from_hours(1);
    let policy = policy()?;
    let clock = Clock::fast(MONDAY.plus_millis(RISES_AT_MS), 1);
    let log = app::open_local(&settings, &policy.1, &clock)?;
    Ok(Ground {
        settings,
        policy,
        adapters: Adapters::default(),
        log,
        clock,
    })
}

/// A play of the week.
pub struct Week<'a> {
    ground: &'a Ground,
    service: &'a Service,
    site: Site,
    runtime: &'a Runtime,
    speed: u32,
    incoming: VecDeque<Incoming>,
    sales: Sales,
    outputs: Outputs,
    held_back: Vec<Output>,
    story: Story,
    summary: Summary,
}

impl<'a> Week<'a> {
    /// Prepares to play the week on a service in about `length`.
    pub fn new(
        ground: &'a Ground,
        service: &'a Service,
        runtime: &'a Runtime,
        length: Duration,
    ) -> Result<Self, DemoError> {
        let policy = &ground.policy.1;
        let calendar = policy.calendars.first().cloned();
        let calendar = calendar.ok_or_else(|| DemoError::Service("no calendar".to_owned()))?;
        let mut topics = crate::wire::outputs::topics(policy);
        topics.push(DEAD_LETTERS_TOPIC.to_owned());
        Ok(Self {
            ground,
            service,
            site: Site::of(service, &ground.settings),
            runtime,
            speed: speed(length.saturating_sub(AROUND_IT)),
            incoming: script::week(MONDAY).into(),
            sales: Sales::new(calendar, MONDAY),
            outputs: Outputs::open(ground.log.as_ref(), &topics)?,
            held_back: Vec::new(),
            story: Story::default(),
            summary: Summary::default(),
        })
    }

    /// Plays it, until its end or until `stop`, and tells it to `out`.
    pub fn play(mut self, stop: &AtomicBool, out: &mut dyn Write) -> Result<(), DemoError> {
        self.introduce(out)?;
        self.get_ready(stop)?;
        let end = MONDAY.plus_millis(FALLS_AT_MS);
        while self.ground.clock.now() < end {
            if stop.load(Ordering::Relaxed) {
                return Ok(());
            }
            self.ground.clock.set_speed(self.speed_at(self.ground.clock.now()));
            self.turn(out)?;
            std::thread::sleep(LOOK_EVERY);
        }
        self.ground.clock.set_speed(1);
        let last = Moment::now();
        while last.elapsed() < HELD_BACK {
            self.look()?;
            std::thread::sleep(LOOK_EVERY);
        }
        self.tell(None, out)?;
        self.conclude(out)
    }

    fn introduce(&self, out: &mut dyn Write) -> Result<(), DemoError> {
        let nights = self.speed.saturating_mul(NIGHTS_FASTER);
        writeln!(
            out,
            "A week at a small company in Tokyo: marketing brings leads, two teams of two reps take them."
        )?;
        writeln!(
            out,
            "The service runs as in production, on its embedded log; its clock runs {}× as fast as real",
            self.speed
        )?;
        writeln!(
            out,
            "time, and {nights}× at night. Every line is an output, read back from the log's topics.\n"
        )?;
        Ok(out.flush()?)
    }

    fn get_ready(&self, stop: &AtomicBool) -> Result<(), DemoError> {
        let begun = Moment::now();
        while let Some(why) = self.service.watch.status.unready() {
            self.look_after_service()?;
            if begun.elapsed() > READY_WITHIN {
                return Err(DemoError::Service(why));
            }
            if stop.load(Ordering::Relaxed) {
                return Ok(());
            }
            std::thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }

    fn turn(&mut self, out: &mut dyn Write) -> Result<(), DemoError> {
        self.look_after_service()?;
        let now = self.ground.clock.now();
        let mut due = self.sales.until(now);
        while let Some(next) = self.incoming.pop_front_if(|next| next.at <= now) {
            due.push(next);
        }
        due.sort_by_key(|incoming| incoming.at);
        self.send(due.iter().map(|incoming| &incoming.event))?;
        self.look()?;
        let held_ms = HELD_BACK.as_millis() as i64 * i64::from(self.speed);
        self.tell(Some(now.plus_millis(-held_ms)), out)
    }

    fn look_after_service(&self) -> Result<(), DemoError> {
        self.service
            .failure()
            .map_or(Ok(()), |failure| Err(DemoError::Service(failure)))
    }

    /// Puts events into the inbox and waits until they are durable.
    fn send<'e>(&self, events: impl Iterator<Item = &'e Value>) -> Result<(), DemoError> {
        let records: Vec<NewRecord> = events.map(record).collect();
        if records.is_empty() {
            return Ok(());
        }
        let appended = self.site.append(records);
        let durable = self
            .runtime
            .block_on(async { tokio::time::timeout(DURABLE_WITHIN, appended).await });
        durable
            .unwrap_or_else(|_| Err("the inbox does not answer".to_owned()))
            .map_err(DemoError::Service)
    }

    /// Reads what came out; sales and the summary see it at once.
    fn look(&mut self) -> Result<(), DemoError> {
        for output in self.outputs.read()? {
            self.sales.read(&output);
            self.summary.count(&output);
            self.held_back.push(output);
        }
        outputs::sort(&mut self.held_back);
        Ok(())
    }

    /// Tells what happened before `until`; everything, if it is not given.
    fn tell(&mut self, until: Option<Instant>, out: &mut dyn Write) -> Result<(), DemoError> {
        let count = until.map_or(self.held_back.len(), |until| {
            self.held_back.partition_point(|output| output.at < until)
        });
        for output in self.held_back.drain(..count) {
            for line in self.story.lines(&output) {
                writeln!(out, "{line}")?;
            }
        }
        Ok(out.flush()?)
    }

    fn conclude(&self, out: &mut dyn Write) -> Result<(), DemoError> {
        writeln!(
            out,
            "\nThe week, counted from the same outputs (answers in working time):\n"
        )?;
        for line in self.summary.lines() {
            writeln!(out, "{line}")?;
        }
        Ok(out.flush()?)
    }

    /// Nights pass faster, slowing down towards the morning: no look comes too late for it.
    fn speed_at(&self, now: Instant) -> u32 {
        let time_of_day = (now.millis() + ZONE_MS).rem_euclid(DAY_MS);
        if (MORNING_MS..EVENING_MS).contains(&time_of_day) {
            return self.speed;
        }
        let left_ms = (MORNING_MS - time_of_day).rem_euclid(DAY_MS);
        let not_past_it = u32::try_from(left_ms / (4 * LOOK_EVERY.as_millis() as i64)).unwrap_or(u32::MAX);
        let fast = self.speed.saturating_mul(NIGHTS_FASTER);
        fast.min(not_past_it).max(self.speed)
    }
}

/// How fast the clock must run by day for the week to pass in `length`.
fn speed(length: Duration) -> u32 {
    let nights_ms = 4 * (DAY_MS - (EVENING_MS - MORNING_MS));
    let days_ms = FALLS_AT_MS - RISES_AT_MS - nights_ms;
    let all_ms = days_ms + nights_ms / i64::from(NIGHTS_FASTER);
    let length_ms = i64::try_from(length.as_millis()).unwrap_or(i64::MAX).max(1);
    u32::try_from(all_ms / length_ms).unwrap_or(u32::MAX).max(1)
}

/// The record that `POST /events` would make of an event.
fn record(event: &Value) -> NewRecord {
    let kind = if event.get("specversion").is_some() {
        "application/cloudevents+json"
    } else {
        "application/json"
    };
    NewRecord {
        key: None,
        value: Some(event.to_string().into_bytes()),
        headers: vec![("content-type".to_owned(), Some(kind.as_bytes().to_vec()))],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agreement_has_no_fault() {
        assert!(policy().is_ok());
    }

    #[test]
    fn the_week_is_the_same_each_time() {
        let week = || -> Vec<(Instant, String)> {
            let events = script::week(MONDAY).into_iter();
            events.map(|it| (it.at, it.event.to_string())).collect()
        };
        assert_eq!(week(), week());
    }

    #[test]
    fn the_week_passes_in_the_time_it_is_given() {
        assert_eq!(speed(Duration::from_mins(1)), 3_038);
    }
}
