//! Two processes under load, and one of them gone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::ground::{ENGAGEMENT, Event, FOLLOW_UPS, FORMS, Feed as _, Producer, connect, make_topics, on_kafka};
use crate::support::broker::Broker;
use crate::support::outputs::{Observer, Output, assert_gapless, kinds, named};
use crate::support::process::{Folder, Tasuki};

const PARTITIONS: u32 = 4;
const EVENTS_A_SECOND: usize = 2_000;
/// Events go out in so many portions a second.
const PORTIONS: usize = 20;
const LOAD: Duration = Duration::from_secs(30);
/// When the owner of the desk is killed.
const KILL_AT: Duration = Duration::from_secs(12);
/// Every so many events a form that qualifies.
const FORM_EVERY: usize = 40;
/// Every so many forms one for the team with little room.
const SCARCE_EVERY: usize = 6;
/// As the processes are told.
const SESSION: Duration = Duration::from_secs(6);
/// What the contract of issue 3 allows on top.
const TAKEOVER: Duration = Duration::from_secs(5);
const WITHIN: Duration = Duration::from_mins(2);
/// Reps of the team with room, with their weights; and those of the one without, with their capacity.
const WEIGHTS: [(&str, usize); 3] = [("ana", 1), ("ben", 2), ("cho", 3)];
const CAPACITIES: [(&str, i64); 2] = [("dan", 5), ("eve", 10)];

const POLICY: &str = r#"
version = 1
name = "company"
[score]
forget_after_days = 180
[[score.engagement]]
rule = "demo-request"
form = ["demo-request"]
points = 40
[[score.fit]]
rule = "big"
when = [{ attribute = "employees", at_least = 300 }]
points = 30
[qualify]
fit_at_least = 20
engagement_at_least = 40
requalify_after_days = 30
[[route]]
name = "japan"
when = [{ attribute = "country", one_of = ["JP"] }]
team = "scarce"
[[route]]
name = "rest"
team = "roomy"
[[team]]
id = "roomy"
calendar = "always"
[team.sla]
within = "12h"
[[team]]
id = "scarce"
calendar = "always"
[team.sla]
within = "12h"
[[rep]]
id = "ana"
team = "roomy"
weight = 1
capacity = 100000
[[rep]]
id = "ben"
team = "roomy"
weight = 2
capacity = 100000
[[rep]]
id = "cho"
team = "roomy"
weight = 3
capacity = 100000
[[rep]]
id = "dan"
team = "scarce"
capacity = 5
[[rep]]
id = "eve"
team = "scarce"
capacity = 10
[[calendar]]
id = "always"
time_zone = "UTC"
always = true
"#;

/// The event of this number: a form now and then, a page view otherwise.
fn event(number: usize) -> Event {
    if !number.is_multiple_of(FORM_EVERY) {
        let email = format!("visitor{}@example.com", number % 5_000);
        let data = json!({"person": {"email": email}, "activity": "page_viewed"});
        return Event::new(ENGAGEMENT, &email, "engagement.recorded", &number.to_string(), &data);
    }
    let form = number / FORM_EVERY;
    let email = format!("lead{form}@example.com");
    let country = if form.is_multiple_of(SCARCE_EVERY) { "JP" } else { "DE" };
    let profile = json!({"employees": 500, "country": country});
    let data = json!({"person": {"email": email}, "form": "demo-request", "profile": profile});
    Event::new(FORMS, &email, "form.submitted", &number.to_string(), &data)
}

/// Sends at an even pace until told to stop, then says how many there were.
fn load(producer: &mut Producer, stop: &AtomicBool) -> usize {
    let began = Instant::now();
    let mut sent = 0;
    for portion in 1_u32.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let events: Vec<Event> = (sent..sent + EVENTS_A_SECOND / PORTIONS).map(event).collect();
        producer.send(&events);
        sent += events.len();
        let due = began + Duration::from_secs(1) / PORTIONS as u32 * portion;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    let rate = sent * 1_000 / began.elapsed().as_millis() as usize;
    eprintln!("{sent} events sent, {rate} a second");
    assert!(rate > EVENTS_A_SECOND * 9 / 10, "the load was too low to mean anything");
    sent
}

/// Answers every handoff of the team with little room, so that places become free.
struct Sales {
    producer: Producer,
    looked_at: usize,
}

impl Sales {
    fn work_until(&mut self, observer: &mut Observer, until: Instant) {
        while Instant::now() < until {
            observer.look(Duration::from_millis(20));
            self.answer(&observer.seen);
        }
    }

    fn answer(&mut self, seen: &[Output]) {
        let fresh = seen[self.looked_at..].iter();
        let scarce = fresh.filter(|output| output.kind == "lead.handed-off" && output.data["team"] == "scarce");
        let answer = |handed_off: &Output| {
            let handoff = handed_off.handoff_id();
            let data = json!({"handoff_id": handoff, "outcome": "won"});
            Event::new(
                FOLLOW_UPS,
                &handed_off.lead,
                "follow-up.recorded",
                &format!("won-{handoff}"),
                &data,
            )
        };
        let answers: Vec<Event> = scarce.map(answer).collect();
        self.looked_at = seen.len();
        if !answers.is_empty() {
            self.producer.send(&answers);
        }
    }
}

/// Leads of either team that have been handed off.
fn handed_off(seen: &[Output], team: &str) -> usize {
    let handed_off = seen
        .iter()
        .filter(|output| output.kind == "lead.handed-off" && output.data["team"] == team);
    handed_off.map(|output| &output.lead).collect::<BTreeSet<_>>().len()
}

/// The journal partitions that a process has restored since it had said so much, as it says itself.
fn restored(process: &Tasuki, since: usize) -> BTreeSet<u32> {
    let words = process.words();
    let lines = words[since..].lines().filter(|line| line.contains("shard restored"));
    let partition = |line: &str| {
        let (_, rest) = line.split_once("\"partition\":")?;
        rest.split([',', '}']).next()?.parse().ok()
    };
    lines.filter_map(partition).collect()
}

/// Sees that no rep ever had more than fits: a handoff begins at its start and ends with what sales
/// said, both in journal time, so the desk's own count was never lower than this one.
fn assert_capacity(seen: &[Output]) {
    for (rep, capacity) in CAPACITIES {
        let mut steps: Vec<(String, i64)> = Vec::new();
        for output in seen {
            if output.kind == "lead.handed-off" && output.rep() == rep {
                steps.push((output.data["sla"]["start"].as_str().unwrap().to_owned(), 1));
            } else if output.kind == "feedback.recorded" && output.data["rep"] == rep {
                steps.push((output.time.clone(), -1));
            }
        }
        // At the same millisecond a place is freed before it is given.
        steps.sort();
        let mut open = 0;
        let most = steps.iter().map(|(_, step)| {
            open += step;
            open
        });
        let most = most.max().unwrap();
        eprintln!(
            "{rep}: {} handoffs and releases, {most} open at most, capacity {capacity}",
            steps.len()
        );
        assert!(most <= capacity, "{rep} had {most} open handoffs");
        assert_eq!(most, capacity, "{rep} was never full, so nothing was tested");
    }
}

fn assert_shares(seen: &[Output]) {
    let mut shares: BTreeMap<&str, usize> = BTreeMap::new();
    for output in seen.iter().filter(|output| output.kind == "lead.handed-off") {
        *shares.entry(output.rep()).or_default() += 1;
    }
    let all: usize = WEIGHTS.iter().map(|(rep, _)| shares[rep]).sum();
    let weights: usize = WEIGHTS.iter().map(|(_, weight)| weight).sum();
    eprintln!("shares of {all}: {shares:?}");
    for (rep, weight) in WEIGHTS {
        let fair = all * weight / weights;
        assert!(
            shares[rep].abs_diff(fair) <= 2,
            "{rep} has {} of {all}, {fair} is fair",
            shares[rep]
        );
    }
}

/// The survivor's first committed output of each partition that it took, as a concurrent reader
/// sees it after the survivor says that it has restored the partition.
fn takeover(
    survivor: &mut Tasuki,
    since: usize,
    observer: &mut Observer,
    sales: &mut Sales,
    taken: &BTreeSet<u32>,
) -> Duration {
    let killed_at = Instant::now();
    let mut back: BTreeMap<u32, (Instant, usize)> = BTreeMap::new();
    loop {
        for partition in restored(survivor, since).intersection(taken) {
            let seen = observer.seen.len();
            back.entry(*partition).or_insert((Instant::now(), seen));
        }
        let spoke = |partition: &u32| {
            let (_, before) = back.get(partition)?;
            let later = observer.seen[*before..].iter();
            later
                .filter(|output| output.shard == *partition)
                .map(|output| output.seen_at)
                .min()
        };
        let spoken: Vec<Instant> = taken.iter().filter_map(spoke).collect();
        if spoken.len() == taken.len() {
            let restored_at = back.values().map(|(at, _)| *at).max().unwrap();
            let first = *spoken.iter().max().unwrap();
            eprintln!(
                "killed; restored after {:.1} s, outputs of all taken partitions after {:.1} s",
                (restored_at - killed_at).as_secs_f64(),
                (first - killed_at).as_secs_f64()
            );
            return first - killed_at;
        }
        assert!(killed_at.elapsed() < WITHIN, "nobody took over: {}", survivor.words());
        sales.work_until(observer, Instant::now() + Duration::from_millis(20));
    }
}

#[test]
fn two_share_the_work_and_one_takes_over() {
    let folder = Folder::new("takeover");
    let policy = folder.write("policy.toml", POLICY);
    let broker = Broker::start(&[]);
    let log = connect(broker.address());
    let topics = make_topics(&log, PARTITIONS, &["roomy", "scarce"]);
    let settings = on_kafka(broker.address(), &policy, PARTITIONS);
    let mut pair = ["one", "two"].map(|name| Tasuki::start(&folder, name, &settings));
    for process in &mut pair {
        process.wait_ready(PARTITIONS / 2);
    }
    let mut observer = Observer::join(&log, &topics);
    let mut sales = Sales {
        producer: Producer::new(&log),
        looked_at: 0,
    };
    let stop = AtomicBool::new(false);
    let mut producer = Producer::new(&log);
    let (sent, gap) = std::thread::scope(|scope| {
        let sender = scope.spawn(|| load(&mut producer, &stop));
        let began = Instant::now();
        sales.work_until(&mut observer, began + KILL_AT);
        let gap = kill_the_desk(&mut pair, &mut observer, &mut sales);
        sales.work_until(&mut observer, began + LOAD);
        stop.store(true, Ordering::Relaxed);
        (sender.join().unwrap(), gap)
    });
    check(&mut observer, &mut sales, sent);
    assert!(gap < SESSION + TAKEOVER, "taken over after {gap:?}");
}

/// Kills whoever has the desk, and says how long nobody spoke for its partitions.
fn kill_the_desk(pair: &mut [Tasuki; 2], observer: &mut Observer, sales: &mut Sales) -> Duration {
    let before = handed_off(&observer.seen, "roomy");
    assert!(before > 100, "{before} handoffs before the kill");
    let [one, two] = pair;
    let (desk, other) = if owned(one).contains(&0) {
        (one, two)
    } else {
        (two, one)
    };
    let kept: BTreeSet<u32> = owned(other);
    let taken: BTreeSet<u32> = (0..PARTITIONS).filter(|partition| !kept.contains(partition)).collect();
    eprintln!("{before} handoffs; the desk's process has the partitions {taken:?}");
    assert!(taken.contains(&0) && taken.len() == PARTITIONS as usize / 2);
    let said = other.words().len();
    desk.kill();
    let gap = takeover(other, said, observer, sales, &taken);
    let again = &restored(other, said) & &kept;
    assert!(again.is_empty(), "restored though it was in memory: {again:?}");
    gap
}

/// Everything is handed off once, within the bounds.
fn check(observer: &mut Observer, sales: &mut Sales, sent: usize) {
    let forms = sent.div_ceil(FORM_EVERY);
    let scarce = forms.div_ceil(SCARCE_EVERY);
    let until = Instant::now() + WITHIN;
    let done = |seen: &[Output]| {
        handed_off(seen, "roomy") == forms - scarce
            && handed_off(seen, "scarce") == scarce
            && kinds(seen).get("feedback.recorded") >= Some(&scarce)
    };
    while !done(&observer.seen) {
        assert!(
            Instant::now() < until,
            "not all is handed off: {:?}",
            kinds(&observer.seen)
        );
        observer.look(Duration::from_millis(20));
        sales.answer(&observer.seen);
    }
    observer.until_quiet(Duration::from_secs(3));
    let seen = &observer.seen;
    eprintln!("{:?}", kinds(seen));
    assert!(kinds(seen)["lead.handed-off"] >= 1_000);
    assert_eq!(kinds(seen)["lead.handed-off"], forms, "each lead is handed off once");
    assert_eq!(kinds(seen)["feedback.recorded"], scarce);
    assert!(
        named(seen)
            .iter()
            .all(|((kind, ..), times)| *times == 1 || kind == "lead.stage-changed")
    );
    assert_gapless(seen);
    assert_shares(seen);
    assert_capacity(seen);
}

/// The journal partitions that a process owns.
fn owned(process: &Tasuki) -> BTreeSet<u32> {
    process.labels("tasuki_journal_lag_records{")
}
