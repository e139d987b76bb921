//! Stopped across deadlines, and cut off from the topic of follow-ups: an answer that lay there in
//! time is never a breach, and none is one breach.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::json;
use tasuki::clock::Clock;
use tasuki::log::Log as _;

use crate::ground::{Event, FOLLOW_UPS, FORMS, Feed as _, Producer, connect, make_topics, make_topics_but, on_kafka};
use crate::support::broker::Broker;
use crate::support::outputs::{Observer, Output, assert_gapless, count, kinds};
use crate::support::process::{Folder, Tasuki};

const PARTITIONS: u32 = 4;
const LEADS: usize = 40;
/// How long the service is stopped.
const STOPPED: Duration = Duration::from_secs(90);
/// How long the topic of follow-ups cannot be reached, at least.
const UNREACHABLE: Duration = Duration::from_secs(20);
const WITHIN: Duration = Duration::from_mins(1);
const QUIET: Duration = Duration::from_secs(5);

/// A policy whose promise is this.
fn policy(within: &str) -> String {
    let promise = format!("within = \"{within}\"");
    crate::support::deployment::POLICY.replace("within = \"1h\"", &promise)
}

fn forms(name: &str, count: usize) -> Vec<Event> {
    let form = |lead: usize| {
        let email = format!("{name}{lead}@example.com");
        let data = json!({"person": {"email": email}, "form": "demo-request", "profile": {"employees": 500}});
        Event::new(FORMS, &email, "form.submitted", &email, &data)
    };
    (0..count).map(form).collect()
}

/// Answers for every second lead that was handed off, and those leads.
fn answers(seen: &[Output]) -> (Vec<Event>, BTreeSet<String>) {
    let handed_off = seen.iter().filter(|output| output.kind == "lead.handed-off");
    let answered: Vec<&Output> = handed_off.step_by(2).collect();
    let answer = |output: &&Output| {
        let data = json!({"handoff_id": output.handoff_id(), "outcome": "contacted"});
        Event::new(
            FOLLOW_UPS,
            &output.lead,
            "follow-up.recorded",
            output.handoff_id(),
            &data,
        )
    };
    let leads = answered.iter().map(|output| output.lead.clone()).collect();
    (answered.iter().map(answer).collect(), leads)
}

/// The time of day as outputs write it.
fn now() -> String {
    Clock::machine().now().to_string()
}

/// The first and the last instant by which an answer was promised.
fn promised(seen: &[Output]) -> (String, String) {
    let promise = |output: &Output| output.data["sla"]["respond_by"].as_str().unwrap().to_owned();
    let handed_off = seen.iter().filter(|output| output.kind == "lead.handed-off");
    let promises: BTreeSet<String> = handed_off.map(promise).collect();
    (promises.first().unwrap().clone(), promises.last().unwrap().clone())
}

/// Sees that these leads were answered in time, and that each other lead was breached once.
fn check(observer: &mut Observer, answered: &BTreeSet<String>, leads: usize) {
    observer.until("an end of every promise", WITHIN, |seen| {
        count(seen, "sla.met") >= answered.len() && count(seen, "sla.breached") >= leads - answered.len()
    });
    observer.until_quiet(QUIET);
    let of = |kind: &str| -> Vec<&String> {
        let outputs = observer.seen.iter().filter(|output| output.kind == kind);
        outputs.map(|output| &output.lead).collect()
    };
    let (met, breached) = (of("sla.met"), of("sla.breached"));
    eprintln!("{:?}", kinds(&observer.seen));
    assert_eq!((met.len(), breached.len()), (answered.len(), leads - answered.len()));
    assert!(met.iter().all(|lead| answered.contains(*lead)));
    assert!(breached.iter().all(|lead| !answered.contains(*lead)));
    assert_eq!(breached.iter().collect::<BTreeSet<_>>().len(), breached.len());
    assert_eq!(count(&observer.seen, "sla.excused"), 0);
    assert_gapless(&observer.seen);
}

#[test]
fn stopped_across_the_deadline_an_answer_in_time_is_no_breach() {
    let folder = Folder::new("stopped");
    let policy = folder.write("policy.toml", &policy("30s"));
    let broker = Broker::start(&[]);
    let log = connect(broker.address());
    let topics = make_topics(&log, PARTITIONS, &["inside"]);
    let settings = on_kafka(broker.address(), &policy, PARTITIONS);
    let mut observer = Observer::join(&log, &topics);
    let mut producer = Producer::new(&log);
    let mut tasuki = Tasuki::start(&folder, "tasuki", &settings);
    tasuki.wait_ready(PARTITIONS);
    producer.send(&forms("lead", LEADS));
    observer.until("handoffs", WITHIN, |seen| count(seen, "lead.handed-off") == LEADS);
    tasuki.kill();
    let killed_at = Instant::now();
    let (answers, answered) = answers(&observer.seen);
    producer.send(&answers);
    let (first, last) = promised(&observer.seen);
    assert!(now() < first, "the answers came too late to mean anything");
    std::thread::sleep(STOPPED.saturating_sub(killed_at.elapsed()));
    assert!(now() > last);
    eprintln!(
        "answers before {first}, promises until {last}, begun again at {} after {:.0} s",
        now(),
        killed_at.elapsed().as_secs_f64()
    );
    let _tasuki = Tasuki::start(&folder, "tasuki", &settings);
    check(&mut observer, &answered, LEADS);
}

#[test]
fn an_unreachable_topic_of_follow_ups_holds_the_deadlines() {
    let folder = Folder::new("unreachable");
    let policy = folder.write("policy.toml", &policy("25s"));
    let broker = Broker::start(&[]);
    let log = connect(broker.address());
    let topics = make_topics_but(&log, PARTITIONS, &["inside"], FOLLOW_UPS);
    let mut observer = Observer::join(&log, &topics);
    observer.look(Duration::from_secs(1));
    // Groups and transactions have their topics on the first broker from here on.
    drop(log.transactor("warm-up").unwrap());
    let second = broker.join();
    broker.make_topic_on(2, FOLLOW_UPS, 6);
    let settings = on_kafka(broker.address(), &policy, PARTITIONS);
    let mut producer = Producer::new(&log);
    let mut tasuki = Tasuki::start(&folder, "tasuki", &settings);
    tasuki.wait_ready(PARTITIONS);
    producer.send(&forms("lead", LEADS));
    observer.until("handoffs", WITHIN, |seen| count(seen, "lead.handed-off") == LEADS);
    tasuki.kill();
    let (answers, answered) = answers(&observer.seen);
    producer.send(&answers);
    second.pause();
    let paused_at = Instant::now();
    let (first, last) = promised(&observer.seen);
    assert!(now() < first, "the answers came too late to mean anything");
    let tasuki = Tasuki::start(&folder, "tasuki", &settings);
    producer.send(&forms("late", LEADS / 4));
    let all = LEADS + LEADS / 4;
    observer.until("handoffs while follow-ups cannot be read", WITHIN, |seen| {
        count(seen, "lead.handed-off") == all
    });
    eprintln!(
        "handoffs went on after {:.1} s of the outage",
        paused_at.elapsed().as_secs_f64()
    );
    while now() < last || paused_at.elapsed() < UNREACHABLE {
        observer.look(Duration::from_millis(100));
    }
    observer.until_quiet(QUIET);
    assert_eq!(
        count(&observer.seen, "sla.breached"),
        0,
        "a breach with follow-ups unread"
    );
    eprintln!(
        "unreachable for {:.0} s, promises until {last}, {} then: no breach",
        paused_at.elapsed().as_secs_f64(),
        now()
    );
    second.resume();
    check(&mut observer, &answered, all);
    cut_off_at_work(&mut observer, &mut producer, &second);
    let words = tasuki.words();
    let untold = words.lines().filter(|line| line.contains("no end offset"));
    let (own, others): (Vec<&str>, Vec<&str>) = untold.partition(|line| line.contains(FOLLOW_UPS));
    eprintln!("ends not told: {} of follow-ups, {} of others", own.len(), others.len());
    check(&mut observer, &answered, all + LEADS / 4);
}

/// The same while the service runs: nothing fires that cannot be proved, and everything after.
fn cut_off_at_work(observer: &mut Observer, producer: &mut Producer, second: &Broker) {
    let (handed_off, breached) = (
        count(&observer.seen, "lead.handed-off"),
        count(&observer.seen, "sla.breached"),
    );
    producer.send(&forms("again", LEADS / 4));
    observer.until("handoffs", WITHIN, |seen| {
        count(seen, "lead.handed-off") == handed_off + LEADS / 4
    });
    second.pause();
    let paused_at = Instant::now();
    let (_, last) = promised(&observer.seen);
    while now() < last || paused_at.elapsed() < UNREACHABLE {
        observer.look(Duration::from_millis(100));
    }
    observer.until_quiet(QUIET);
    assert_eq!(
        count(&observer.seen, "sla.breached"),
        breached,
        "a breach with follow-ups unread"
    );
    eprintln!(
        "cut off at work for {:.0} s: no breach",
        paused_at.elapsed().as_secs_f64()
    );
    second.resume();
}
