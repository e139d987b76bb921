//! Robbed of the journal: what was committed comes back from the state log alone.

use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use tasuki::clock::Clock;
use tasuki::log::local::LocalLog;
use tasuki::log::{Log, Membership, Place};

use crate::eyes::in_local;
use crate::ground::{
    ENGAGEMENT, Event, FORMS, Feed, Poster, Producer, connect, make_topics, on_kafka, on_local, outputs,
};
use crate::story::POLICY;
use crate::support::broker::Broker;
use crate::support::outputs::{Observer, Output, assert_gapless, count, kinds};
use crate::support::process::{Folder, Tasuki};

const PARTITIONS: u32 = 4;
/// Page views of each lead.
const PAGES: usize = 10;
/// Leads that are asked about afterwards.
const ASKED: usize = 50;
const TEAMS: [&str; 2] = ["patient", "quick"];
/// Facts a second, at least, that a wait allows for.
const PACE: u64 = 1_000;

fn email(lead: usize) -> String {
    format!("lead{lead}@example.com")
}

/// Page views number `from` to `to`; each lead has its views far apart.
fn views(from: usize, to: usize, leads: usize) -> Vec<Event> {
    let view = |number: usize| {
        let email = email(number % leads);
        let data = json!({"person": {"email": email}, "activity": "page_viewed"});
        Event::new(
            ENGAGEMENT,
            &email,
            "engagement.recorded",
            &format!("view-{number}"),
            &data,
        )
    };
    (from..to).map(view).collect()
}

fn wait_for(what: &str, within: Duration, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + within;
    while !holds() {
        assert!(Instant::now() < until, "{what}: not in time");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Sends so many facts and waits until they are applied.
fn fill(feed: &mut dyn Feed, tasuki: &Tasuki, facts: usize) {
    let began = Instant::now();
    for from in (0..facts).step_by(1_000) {
        feed.send(&views(from, (from + 1_000).min(facts), facts / PAGES));
    }
    let within = Duration::from_secs(60 + facts as u64 / PACE);
    let applied = || tasuki.metric("tasuki_events_total{result=\"accepted\"") as usize;
    wait_for("applying", within, || applied() == facts);
    eprintln!(
        "{facts} facts journaled and applied in {:.1} s",
        began.elapsed().as_secs_f64()
    );
}

/// Deletes from the journal everything that is committed, while nobody is at work.
fn trim(log: &dyn Log) {
    let membership = Membership {
        group: "tasuki.shard".to_owned(),
        topics: vec!["tasuki.journal".to_owned()],
        instance: None,
        committed_only: true,
    };
    let mut consumer = log.consumer(&membership).unwrap();
    let places: Vec<Place> = (0..PARTITIONS)
        .map(|partition| Place::new("tasuki.journal", partition))
        .collect();
    let committed = consumer.committed(&places).unwrap();
    consumer.close();
    let mut deleted = 0;
    for (place, committed) in places.iter().zip(committed) {
        let committed = committed.expect("a committed position").offset;
        log.trim(place, committed).unwrap();
        let (start, end) = log.bounds(place).unwrap();
        assert_eq!(start, committed, "{place} begins where it was committed");
        deleted += start;
        assert!(end - start < 200, "{place} still has {} records", end - start);
    }
    eprintln!("{deleted} journal records deleted");
}

/// Starts on what is left, and lets old leads show what is known of them.
fn ask(feed: &mut dyn Feed, tasuki: &Tasuki, facts: usize) {
    eprintln!(
        "restored {} leads; {} partitions took {} ms together",
        tasuki.metric("tasuki_leads"),
        tasuki.metric("tasuki_restore_seconds_count"),
        tasuki.metric_millis("tasuki_restore_seconds_sum")
    );
    feed.send(&views(0, 1_000, facts / PAGES));
    let ask = |lead: usize| {
        let data = json!({"person": {"email": email(lead)}, "form": "demo-request", "profile": {"employees": 500}});
        Event::new(FORMS, &email(lead), "form.submitted", &format!("ask-{lead}"), &data)
    };
    feed.send(&(0..ASKED).map(ask).collect::<Vec<_>>());
    let duplicates = || tasuki.metric("tasuki_events_total{result=\"duplicate\"");
    wait_for("duplicates", Duration::from_mins(1), || duplicates() == 1_000);
    let handoffs = || tasuki.metric("tasuki_handoffs_total{") as usize;
    wait_for("handoffs", Duration::from_mins(1), || handoffs() == ASKED);
}

/// Every lead shows its old touches, and nothing was said twice.
fn check(seen: &[Output], facts: usize) {
    eprintln!("{:?}", kinds(seen));
    assert_gapless(seen);
    assert_eq!(count(seen, "lead.handed-off"), ASKED);
    assert_eq!(count(seen, "lead.stage-changed"), facts / PAGES + ASKED);
    for output in seen.iter().filter(|output| output.kind == "lead.handed-off") {
        let score = &output.data["score"];
        assert_eq!(score["engagement"], 40 + PAGES, "{score}");
        let pages = score["reasons"]
            .as_array()
            .unwrap()
            .iter()
            .find(|reason| reason["rule"] == "pages");
        assert_eq!(pages.unwrap()["touches"], PAGES, "{score}");
    }
}

fn on_a_broker(facts: usize) {
    let folder = Folder::new(&format!("restored-{facts}"));
    let policy = folder.write("policy.toml", POLICY);
    let broker = Broker::start(&[]);
    let log = connect(broker.address());
    let topics = make_topics(&log, PARTITIONS, &TEAMS);
    let settings = on_kafka(broker.address(), &policy, PARTITIONS);
    let mut producer = Producer::new(&log);
    let mut tasuki = Tasuki::start(&folder, "tasuki", &settings);
    tasuki.wait_ready(PARTITIONS);
    fill(&mut producer, &tasuki, facts);
    tasuki.stop();
    trim(&log);
    let began = Instant::now();
    let mut tasuki = Tasuki::start(&folder, "tasuki", &settings);
    tasuki.wait_ready(PARTITIONS);
    eprintln!("ready {:.1} s after the start", began.elapsed().as_secs_f64());
    ask(&mut producer, &tasuki, facts);
    let mut observer = Observer::join(&log, &topics);
    observer.until("everything", Duration::from_mins(2), |seen| {
        count(seen, "lead.handed-off") == ASKED && count(seen, "lead.stage-changed") >= facts / PAGES + ASKED
    });
    observer.until_quiet(Duration::from_secs(2));
    check(&observer.seen, facts);
}

#[test]
fn a_trimmed_journal_is_not_missed_on_kafka() {
    on_a_broker(50_000);
}

#[test]
#[ignore = "takes minutes; run by hand"]
fn a_million_trimmed_facts_are_not_missed() {
    on_a_broker(1_000_000);
}

#[test]
fn a_trimmed_journal_is_not_missed_on_the_local_log() {
    let facts = 20_000;
    let folder = Folder::new("restored-local");
    let policy = folder.write("policy.toml", POLICY);
    let data = folder.path("data");
    let settings = on_local(data.to_str().unwrap(), &policy);
    let port = AtomicU16::new(0);
    let start = || {
        let mut tasuki = Tasuki::start(&folder, "tasuki", &settings);
        tasuki.wait_ready(PARTITIONS);
        port.store(tasuki.port(), Ordering::Relaxed);
        tasuki
    };
    let mut tasuki = start();
    fill(&mut Poster(&port), &tasuki, facts);
    tasuki.stop();
    trim(&LocalLog::open(&data, Clock::machine()).unwrap());
    let mut tasuki = start();
    ask(&mut Poster(&port), &tasuki, facts);
    tasuki.stop();
    check(&in_local(&data, &outputs(&TEAMS)), facts);
}
