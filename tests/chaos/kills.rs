//! Killed while 20,000 events come in, and what came of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crate::eyes::{Eyes, in_local};
use crate::ground::{Chance, Event, Feed, Poster, Producer, connect, make_topics, on_kafka, on_local, outputs};
use crate::story;
use crate::support::broker::Broker;
use crate::support::deployment::{self, Deployment};
use crate::support::erased::leaves_the_state_log_in_time;
use crate::support::outputs::{Named, Observer, Output, assert_gapless, kinds, named, paths};
use crate::support::process::{Folder, Tasuki, Variables};
use crate::support::rounds::crash_at_every_step;
use tasuki::clock::Clock;

/// Journal partitions.
const PARTITIONS: u32 = 4;
/// Events that are sent between two looks at how far the blows are.
const CHUNK: usize = 100;
const WITHIN: Duration = Duration::from_mins(2);
/// Outputs that must never change have this long to show that they do.
const QUIET: Duration = Duration::from_secs(3);

/// What happens to the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Blow {
    /// `kill -9` at any moment, and started again.
    Kill,
    /// The same, and once more while it is being restored.
    WhileRestoring,
    /// The broker is killed and started again.
    Broker,
}

/// What must be the same, disturbed or not.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    named: BTreeMap<Named, usize>,
    paths: BTreeMap<String, Vec<String>>,
    dead_letters: BTreeSet<String>,
}

impl Outcome {
    fn of(seen: &[Output]) -> Self {
        let dead = seen.iter().filter(|output| output.kind == "dead-letter");
        Self {
            named: named(seen),
            paths: paths(seen),
            dead_letters: dead.map(|letter| letter.lead.clone()).collect(),
        }
    }

    #[track_caller]
    fn assert_same(&self, other: &Self) {
        let differs = |name: &&Named| self.named.get(*name) != other.named.get(*name);
        let all: BTreeSet<&Named> = self.named.keys().chain(other.named.keys()).collect();
        let differing: Vec<_> = all.into_iter().filter(differs).collect();
        let show = |name: &&Named| format!("{name:?}: {:?}, {:?}", self.named.get(*name), other.named.get(*name));
        let shown: Vec<String> = differing.iter().take(10).map(show).collect();
        assert!(
            differing.is_empty(),
            "{} differ (disturbed, undisturbed): {shown:#?}",
            differing.len()
        );
        assert!(self.paths == other.paths, "stage paths differ");
        assert_eq!(self.dead_letters, other.dead_letters);
    }
}

/// A service under blows.
struct Victim<'a> {
    folder: &'a Folder,
    settings: Variables,
    broker: Option<&'a Broker>,
    tasuki: Tasuki,
    port: &'a AtomicU16,
    eyes: Eyes,
    chance: Chance,
    kills: usize,
    kills_while_restoring: usize,
    ended_by_itself: usize,
}

impl<'a> Victim<'a> {
    fn start(folder: &'a Folder, settings: Variables, port: &'a AtomicU16, eyes: Eyes) -> Self {
        let mut tasuki = Tasuki::start(folder, "tasuki", &settings);
        tasuki.wait_ready(PARTITIONS);
        port.store(tasuki.port(), Ordering::Relaxed);
        Self {
            folder,
            settings,
            broker: None,
            tasuki,
            port,
            eyes,
            chance: Chance::new(),
            kills: 0,
            kills_while_restoring: 0,
            ended_by_itself: 0,
        }
    }

    /// Sends events while blow falls upon blow; the last events go out after the last blow.
    fn send(&mut self, feed: &mut dyn Feed, events: &[Event], blows: &[Blow]) {
        let allowed = AtomicUsize::new(events.len() / (blows.len() + 1));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for (number, chunk) in events.chunks(CHUNK).enumerate() {
                    while number * CHUNK >= allowed.load(Ordering::Relaxed) {
                        std::thread::sleep(Duration::from_millis(10));
                    }
                    feed.send(chunk);
                }
            });
            for (number, blow) in blows.iter().enumerate() {
                let wait = self.chance.millis(300, 2_000);
                self.go_on(wait);
                self.strike(*blow);
                allowed.store(events.len() * (number + 2) / (blows.len() + 1), Ordering::Relaxed);
            }
            allowed.store(usize::MAX, Ordering::Relaxed);
        });
    }

    /// Lets time pass; whoever ends by itself is started again.
    fn go_on(&mut self, wait: Duration) {
        let until = Instant::now() + wait;
        while Instant::now() < until {
            self.revive();
            std::thread::sleep(Duration::from_millis(10).min(until.saturating_duration_since(Instant::now())));
        }
    }

    fn revive(&mut self) {
        if self.tasuki.has_ended() {
            let words = self.tasuki.words();
            eprintln!("ended by itself: {}", words.lines().last().unwrap_or_default());
            self.ended_by_itself += 1;
            self.start_again();
        }
    }

    fn start_again(&mut self) {
        self.tasuki = Tasuki::start(self.folder, "tasuki", &self.settings);
        self.port.store(self.tasuki.port(), Ordering::Relaxed);
    }

    fn kill(&mut self) {
        self.kills += 1;
        self.tasuki.kill();
        self.start_again();
    }

    fn strike(&mut self, blow: Blow) {
        match blow {
            Blow::Kill => self.kill(),
            Blow::WhileRestoring => {
                self.kill();
                if self.tasuki.said("journal partitions assigned", 1, WITHIN) {
                    self.tasuki.kill();
                    self.kills += 1;
                    let restored = self.tasuki.words().matches("shard restored").count();
                    self.kills_while_restoring += usize::from(restored < PARTITIONS as usize);
                    self.start_again();
                }
            }
            Blow::Broker => {
                let broker = self.broker.expect("a broker to kill");
                broker.kill();
                self.go_on(Duration::from_secs(1));
                broker.again();
            }
        }
    }

    fn until(&mut self, what: &str, mut holds: impl FnMut(&[Output]) -> bool) {
        let until = Instant::now() + WITHIN;
        while !holds(self.eyes.seen()) {
            let seen = kinds(self.eyes.seen());
            assert!(
                Instant::now() < until,
                "{what}: not in time; seen {seen:?}; {}",
                tail(&self.tasuki.words())
            );
            self.revive();
            self.eyes.look(self.tasuki.port());
        }
    }

    /// The whole story; returns once every output has been seen and everything sent again has been
    /// recognised.
    fn live(&mut self, feed: &mut dyn Feed, first: &[Blow], second: &[Blow]) {
        let began = Instant::now();
        let opening = story::opening();
        self.send(feed, &opening, first);
        self.until("the opening", story::is_opened);
        let answers = story::answers(self.eyes.seen());
        let all: Vec<Event> = [answers.clone(), story::strays()].concat();
        self.send(feed, &all, second);
        self.until("the answers", |seen| {
            kinds(seen).get("feedback.recorded") >= Some(&story::feedback())
        });
        eprintln!(
            "{} events in {:.1} s, {} kills, {} of them while restoring, {} ended by itself",
            opening.len() + all.len(),
            began.elapsed().as_secs_f64(),
            self.kills,
            self.kills_while_restoring,
            self.ended_by_itself,
        );
        self.tasuki.wait_ready(PARTITIONS);
        let known = self.tasuki.metric("tasuki_events_total{result=\"duplicate\"");
        let again = [opening, answers].concat();
        feed.send(&again);
        let until = Instant::now() + WITHIN;
        let recognised = |tasuki: &Tasuki| tasuki.metric("tasuki_events_total{result=\"duplicate\"") - known;
        while (recognised(&self.tasuki) as usize) < again.len() {
            assert!(
                Instant::now() < until,
                "{} of {} recognised",
                recognised(&self.tasuki),
                again.len()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        eprintln!("{} sent again, {} recognised", again.len(), recognised(&self.tasuki));
    }
}

fn tail(words: &str) -> String {
    let lines: Vec<&str> = words.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}

/// The story on the local log.
fn on_the_local_log(name: &str, first: &[Blow], second: &[Blow]) -> (Vec<Output>, usize, usize) {
    let folder = Folder::new(name);
    let policy = folder.write("policy.toml", story::POLICY);
    let data = folder.path("data");
    let port = AtomicU16::new(0);
    let eyes = Eyes::local(&[
        "sales.handoffs.patient",
        "sales.handoffs.quick",
        "sales.sla",
        "marketing.feedback",
    ]);
    let settings = on_local(data.to_str().unwrap(), &policy);
    let mut victim = Victim::start(&folder, settings, &port, eyes);
    victim.live(&mut Poster(&port), first, second);
    std::thread::sleep(QUIET);
    victim.tasuki.stop();
    let seen = in_local(&data, &outputs(&story::TEAMS));
    (seen, victim.kills, victim.kills_while_restoring)
}

/// What the story leads to when nothing happens to the service.
fn undisturbed() -> &'static Outcome {
    static OUTCOME: OnceLock<Outcome> = OnceLock::new();
    OUTCOME.get_or_init(|| {
        let (seen, ..) = on_the_local_log("undisturbed", &[], &[]);
        assert_gapless(&seen);
        let kinds = kinds(&seen);
        eprintln!("undisturbed: {kinds:?}");
        assert_eq!(kinds["lead.handed-off"], story::PATIENT + story::QUICK);
        assert_eq!(kinds["sla.breached"], story::QUICK);
        assert_eq!(kinds["sla.excused"], story::QUICK / 2);
        assert_eq!(kinds["feedback.recorded"], story::feedback());
        assert_eq!(kinds["dead-letter"], story::STRAY);
        Outcome::of(&seen)
    })
}

#[test]
fn kills_change_nothing_on_the_local_log() {
    use Blow::{Kill, WhileRestoring};
    let first = [Kill, WhileRestoring, Kill, Kill, WhileRestoring, Kill];
    let (seen, kills, while_restoring) = on_the_local_log("kills-local", &first, &[Kill, Kill]);
    assert!(
        kills >= 5 && while_restoring >= 1,
        "{kills} kills, {while_restoring} while restoring"
    );
    assert_gapless(&seen);
    Outcome::of(&seen).assert_same(undisturbed());
}

#[test]
fn kills_and_a_broker_gone_change_nothing_on_kafka() {
    use Blow::{Broker as TheBroker, Kill, WhileRestoring};
    let folder = Folder::new("kills-kafka");
    let policy = folder.write("policy.toml", story::POLICY);
    let broker = Broker::start(&[]);
    let log = connect(broker.address());
    let topics = make_topics(&log, PARTITIONS, &story::TEAMS);
    let port = AtomicU16::new(0);
    let mut settings = on_kafka(broker.address(), &policy, PARTITIONS);
    settings.push(("TASUKI__INSTANCE".to_owned(), "t-0".to_owned()));
    let eyes = Eyes::Kafka(Observer::join(&log, &topics));
    let mut victim = Victim::start(&folder, settings, &port, eyes);
    victim.broker = Some(&broker);
    let first = [Kill, WhileRestoring, Kill, TheBroker, Kill, Kill];
    victim.live(&mut Producer::new(&log), &first, &[Kill, WhileRestoring]);
    let (kills, while_restoring) = (victim.kills, victim.kills_while_restoring);
    assert!(
        kills >= 5 && while_restoring >= 1,
        "{kills} kills, {while_restoring} while restoring"
    );
    let Eyes::Kafka(observer) = &mut victim.eyes else {
        unreachable!("made above")
    };
    observer.until_quiet(QUIET);
    assert_gapless(&observer.seen);
    assert_eq!(kinds(&observer.seen)["dead-letter"], story::STRAY);
    Outcome::of(&observer.seen).assert_same(undisturbed());
}

#[test]
fn a_crash_between_any_two_steps_changes_nothing_on_kafka() {
    let broker = Broker::start(&[]);
    let log = connect(broker.address());
    make_topics(&log, PARTITIONS, &["inside"]);
    let mut deployment = Deployment::new(Arc::new(log), Clock::machine(), PARTITIONS, deployment::POLICY);
    deployment.instance = Some("hands".to_owned());
    crash_at_every_step(&deployment, 25);
}

#[test]
fn an_erased_lead_leaves_the_state_log_in_time_on_kafka() {
    let broker = Broker::start(&[]);
    let log = connect(broker.address());
    make_topics(&log, PARTITIONS, &["inside"]);
    let mut deployment = Deployment::new(Arc::new(log), Clock::machine(), PARTITIONS, deployment::POLICY);
    deployment.erase_within_ms = 20_000;
    deployment.journal_kept_ms = 2_000;
    leaves_the_state_log_in_time(&deployment);
}
