//! The log that is carried forward and trimmed says what the whole journal says.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::batch::RECORD_OVERHEAD;
use super::restore::{Gathered, READ};
use super::writers::former_bytes;
use super::*;
use crate::clock::Clock;
use crate::domain::fact::{Body, Fact};
use crate::domain::journal::{
    Content, Entry, Foundation, JournalRecord, Packed, PolicyDocument, Position, Role, SourcePartition,
};
use crate::domain::sample::{consent, demo, erasure, lead, text, viewed};
use crate::domain::shard::{Charter, Consequences};
use crate::domain::time::Instant;
use crate::log::simulated::{Faults, SimulatedLog};
use crate::log::{Found, Isolation, NewRecord, ReadLimit};
use crate::names::Names;
use crate::wire::state::{StateRecord, TurnPlace};

const CLOCK: crate::domain::journal::Clock = crate::domain::journal::Clock {
    settings: 1,
    sources: Vec::new(),
    reports: Vec::new(),
};
const JOURNAL: &str = "tasuki.journal";
const STATE: &str = "tasuki.state";
const ERASE_WITHIN_MS: i64 = 6 * 3_600_000;
const JOURNAL_KEPT_MS: i64 = 80_000;
const POLICY: &str = include_str!("../../config/policy.toml");

fn document() -> PolicyDocument {
    PolicyDocument {
        text: POLICY.to_owned(),
        files: Vec::new(),
    }
}

fn foundation() -> Foundation {
    Foundation {
        secret_fingerprint: [0; 16],
        deployment: "local".into(),
        partitions: 1,
    }
}

fn charter() -> Charter {
    Charter {
        partition: 0,
        partitions: 1,
        patience_ms: 60_000,
        queued_max: 5,
        compile: |document| wire::policy_file::compile(document).ok(),
    }
}

/// A worker of one partition, and the shard that has seen the whole journal and nothing else.
pub(super) struct Bench {
    clock: Clock,
    pub(super) log: SimulatedLog,
    worker: Option<Worker>,
    processes: u64,
    pub(super) writer_id: &'static str,
    /// All that the journal ever said.
    journal: Vec<Record>,
    model: Shard,
    facts: u64,
    erase_within_ms: i64,
}

impl Bench {
    pub(super) fn new(seed: u64) -> Self {
        let now = Now {
            time: Instant::from_millis(1_790_000_000_000),
            running_ms: 0,
        };
        let clock = Clock::by_hand(now);
        let log = SimulatedLog::new(clock.clone(), seed);
        for topic in [JOURNAL, STATE, "tasuki.dead-letters", "sales.sla", "marketing.feedback"] {
            log.ensure(topic, 1);
        }
        for team in ["enterprise", "inside", "mid-market", "japan"] {
            log.ensure(&format!("sales.handoffs.{team}"), 1);
        }
        log.ensure("leads.lifecycle", 1);
        let bench = Self {
            clock,
            log,
            worker: None,
            processes: 0,
            writer_id: "w",
            journal: Vec::new(),
            model: Shard::new(charter()),
            facts: 0,
            erase_within_ms: ERASE_WITHIN_MS,
        };
        bench.append(&JournalRecord::Foundation(foundation(), document()));
        bench
    }

    fn append(&self, record: &JournalRecord) {
        let mut appender = self.log.appender().unwrap();
        let value = Some(wire::journal::encode(record));
        let record = NewRecord {
            value,
            ..NewRecord::default()
        };
        appender.append(JOURNAL, Some(0), &record).unwrap();
        self.log.turn();
        appender.poll(Duration::ZERO).unwrap();
    }

    /// Appends facts as one record.
    pub(super) fn tell(&mut self, bodies: Vec<(u8, Body)>) {
        let time = self.clock.read().time;
        let entries = bodies.into_iter().map(|(number, body)| {
            self.facts += 1;
            let fact = Fact {
                source: "s".to_owned(),
                id: self.facts.to_string(),
                at: time,
                body,
            };
            Entry {
                position: Position {
                    offset: self.facts,
                    index: 0,
                },
                content: Content::Fact {
                    lead: lead(number),
                    fact,
                    original: None,
                },
            }
        });
        let packed = Packed {
            translation: 1,
            turnover: 0,
            source: SourcePartition {
                topic: [1; 16],
                partition: 0,
            },
            role: Role::Forms,
            entries: entries.collect(),
        };
        self.append(&JournalRecord::Facts(packed));
    }

    /// Lets journal time pass; the processes run for half a second of it.
    fn pass(&mut self, millis: i64) {
        let next = self.journal.last().map_or(0, |record| record.offset + 1);
        let (news, _) = self.log.committed_records(&Place::new(JOURNAL, 0), next);
        self.journal.extend(news);
        let now = self.clock.read();
        self.clock.set(Now {
            time: now.time.plus_millis(millis),
            running_ms: now.running_ms + 500,
        });
        self.log.turn();
    }

    pub(super) fn crash(&mut self) {
        if self.worker.take().is_some() {
            self.log.kill(self.processes);
        }
    }

    fn worker(&mut self) -> &mut Worker {
        if self.worker.is_none() {
            self.processes += 1;
            let plan = Plan {
                names: Names::new(""),
                deployment: "local".into(),
                foundation: foundation(),
                writer_id: self.writer_id.into(),
                instance: None,
                partitions: 1,
                dead_letter_partitions: 1,
                patience_ms: 60_000,
                batch: ReadLimit {
                    records_max: 50,
                    bytes_max: 1 << 20,
                },
                deadlines_max: 10,
                queued_max: 5,
                batch_time: Duration::MAX,
                open_time_max: Duration::MAX,
                idle_commit_ms: 1_000,
                erase_within_ms: self.erase_within_ms,
                journal_kept_ms: JOURNAL_KEPT_MS,
                sources_version: 1,
                said: None,
            };
            let watch = Watch::new(Metrics::new().unwrap());
            let log = Arc::new(self.log.handle(self.processes));
            self.worker = Some(Worker::join(log, plan, watch).unwrap());
        }
        self.worker.as_mut().unwrap()
    }

    /// Half a second, and one turn of the worker.
    pub(super) fn turn(&mut self) {
        self.pass(500);
        let now = self.clock.read();
        self.worker().step(now).unwrap();
    }

    /// Turns the worker until everything in the journal is committed.
    pub(super) fn settle(&mut self) {
        for _ in 0..2_000 {
            self.turn();
            let (_, end) = self.log.committed_records(&Place::new(JOURNAL, 0), 0);
            let live = self.worker().partitions.get(&0).and_then(Phase::live);
            if live.is_some_and(|live| live.shard.next_offset() >= end && live.committed >= end) {
                return;
            }
        }
        panic!("the worker does not come to an end");
    }

    fn start(&self) -> u64 {
        self.log.bounds(&Place::new(STATE, 0)).unwrap().0
    }

    /// What the state log alone says.
    fn restored(&self) -> Shard {
        let mut gathered = Gathered::default();
        let (records, _) = self.log.committed_records(&Place::new(STATE, 0), self.start());
        for record in records {
            let value = record.value.unwrap();
            if let StateRecord::Images(images) = wire::state::decode(&value).unwrap() {
                gathered.take(&images, &value).unwrap();
            }
        }
        gathered.shard(charter()).unwrap()
    }

    /// The shard that has seen the journal as far as `until`.
    fn model(&mut self, until: u64) -> &mut Shard {
        let next = self.model.next_offset();
        for record in &self.journal {
            if (next..until).contains(&record.offset) {
                let journaled = wire::journal::decode(record.value.as_deref().unwrap()).unwrap();
                let mut consequences = Consequences::default();
                self.model
                    .apply(record.offset, record.time, &journaled, &mut consequences)
                    .unwrap();
            }
        }
        &mut self.model
    }

    fn check(&mut self) {
        self.pass(0);
        let mut restored = self.restored();
        let (journal, _) = self.log.bounds(&Place::new(JOURNAL, 0)).unwrap();
        assert!(
            journal <= restored.next_offset(),
            "the journal begins at {journal}, which is not done with"
        );
        let model = self.model(restored.next_offset());
        assert_eq!(restored.own_image(), model.own_image());
        let (restored, model) = (images(&mut restored), images(model));
        let differ = |key: &&Vec<u8>| restored.get(*key) != model.get(*key);
        let keys: Vec<_> = restored.keys().chain(model.keys()).filter(differ).collect();
        assert!(keys.is_empty(), "{keys:?} differ");
    }
}

/// Everything that lives in a shard; of duplicate marks, those that stand.
fn images(shard: &mut Shard) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut images: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
    for part in shard.parts_after(None, usize::MAX) {
        let (key, image) = (part.key(), shard.image(&part).unwrap());
        // A part of the book, marks, the first part, of a lead.
        if let Some(lead) = key.strip_prefix(&[2, 7, 0]).map(|rest| &rest[..16]) {
            let stands = |mark: &&[u8]| {
                let made = mark[..6].iter().fold(0_i64, |time, byte| time << 8 | i64::from(*byte)) - (1 << 46);
                shard.at().millis() - made <= 7 * 86_400_000
            };
            for mark in image[2..].chunks(16).filter(stands) {
                images.entry(lead.to_vec()).or_default().extend_from_slice(mark);
            }
        } else {
            images.insert(key, image);
        }
    }
    images
}

#[derive(Clone, Debug)]
enum Event {
    Facts(Vec<(u8, u8)>),
    Pass(i64),
    Crash,
}

fn body(number: u8, what: u8) -> Body {
    match what {
        0..4 => demo(number, vec![text("company", "Acme")]),
        4..8 => viewed(number, false),
        8 => consent(number, true),
        _ => erasure(number),
    }
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        6 => prop::collection::vec((0..40_u8, 0..10_u8), 1..40).prop_map(Event::Facts),
        3 => (1..72_i64).prop_map(|hours| Event::Pass(hours * 3_600_000)),
        1 => Just(Event::Crash),
    ];
    prop::collection::vec(event, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(60)))]

    #[test]
    fn what_is_carried_forward_is_what_the_journal_says(events in events(), seed: u64, trouble: bool) {
        let mut bench = Bench::new(seed);
        if trouble {
            bench.log.set_faults(Faults { lost_commit: 6, lost_answer: 6, slow_commit: 10, ..Faults::default() });
        }
        for event in events {
            match event {
                Event::Facts(facts) => {
                    bench.tell(facts.into_iter().map(|(number, what)| (number, body(number, what))).collect());
                }
                Event::Pass(millis) => {
                    bench.pass(millis);
                    bench.tell(vec![(0, viewed(0, true))]);
                }
                Event::Crash => bench.crash(),
            }
            bench.settle();
            bench.check();
        }
    }
}

#[test]
fn an_erased_lead_leaves_the_log_in_time() {
    let mut bench = Bench::new(1);
    let everybody = |bench: &mut Bench| bench.tell((0..200).map(|number| (number, demo(number, vec![]))).collect());
    everybody(&mut bench);
    bench.settle();
    bench.tell(vec![(7, erasure(7))]);
    bench.settle();
    let find = |bench: &Bench| {
        let (records, _) = bench.log.committed_records(&Place::new(STATE, 0), bench.start());
        let canary = b"p7@example.com";
        records.iter().any(|record| {
            record
                .value
                .as_ref()
                .unwrap()
                .windows(canary.len())
                .any(|bytes| bytes == canary)
        })
    };
    assert!(find(&bench), "it was there");
    // Nothing but clock readings.
    let until = bench.clock.read().time.plus_millis(ERASE_WITHIN_MS);
    while bench.clock.read().time < until {
        bench.append(&JournalRecord::Clock(CLOCK));
        bench.pass(30_000);
        bench.settle_idle();
    }
    assert!(!find(&bench), "it is gone");
    bench.check();
}

impl Bench {
    /// Bytes between the state log's start and its end, those of lost transactions too.
    fn written(&self) -> usize {
        let place = Place::new(STATE, 0);
        let log = self.log.handle(self.processes);
        let mut reader = log.reader(&place, self.start(), Isolation::Uncommitted).unwrap();
        let (_, end) = log.bounds(&place).unwrap();
        let mut bytes = 0;
        while reader.position() < end {
            if let Found::Records(records) = reader.read(READ, Duration::ZERO).unwrap() {
                bytes += records
                    .iter()
                    .map(|record| record.value.as_ref().unwrap().len())
                    .sum::<usize>();
            }
        }
        bytes
    }

    fn settle_idle(&mut self) {
        for _ in 0..3 {
            self.pass(5_000);
            let now = self.clock.read();
            self.worker().step(now).unwrap();
        }
    }
}

#[test]
fn the_log_stays_within_four_times_what_lives() {
    stays_within_four_times_what_lives(Faults::default());
}

#[test]
fn the_log_stays_within_four_times_what_lives_where_a_transaction_in_five_is_lost() {
    let faults = Faults {
        lost_commit: 5,
        ..Faults::default()
    };
    stays_within_four_times_what_lives(faults);
}

#[expect(clippy::print_stderr, reason = "tells how long the log was")]
fn stays_within_four_times_what_lives(faults: Faults) {
    let mut bench = Bench::new(2);
    bench.log.set_faults(faults);
    let long = "x".repeat(1_000);
    let profile = |round: usize| {
        let attributes = ["company", "region", "country", "city", "street"];
        let attributes = attributes.map(|name| text(name, &format!("{round} {long}")));
        crate::domain::sample::profile(0, attributes.to_vec())
    };
    let (mut turns, mut worst_percent, mut start) = (0, 0, 0);
    for round in 0.. {
        // All of 250 leads come first, then some of them again and again.
        let number = |step: usize| {
            if round < 10 {
                round * 25 + step
            } else {
                (round * 7 + step * 3) % 250
            }
        };
        bench.tell((0..25).map(|step| (number(step) as u8, profile(round))).collect());
        bench.settle();
        if bench.start() != start {
            (turns, start) = (turns + 1, bench.start());
        }
        if turns < 5 {
            continue;
        }
        let written = bench.written();
        let mut restored = bench.restored();
        let parts = images(&mut restored);
        let lives =
            parts.iter().map(|(key, image)| key.len() + image.len()).sum::<usize>() + restored.own_image().len();
        assert!(lives > 1 << 20, "{lives} bytes live");
        worst_percent = worst_percent.max(written * 100 / lives);
        if turns == 10 {
            break;
        }
    }
    eprintln!("the log was at most {worst_percent} % of what lives");
    assert!(worst_percent <= 400, "{worst_percent} %");
    assert!(worst_percent >= 200, "changes were to fill the log: {worst_percent} %");
}

#[test]
fn the_journal_keeps_what_is_young_or_not_done_with() {
    let mut bench = Bench::new(4);
    let journal = Place::new(JOURNAL, 0);
    for number in 0..10 {
        bench.tell(vec![(number, viewed(number, false))]);
        bench.settle();
        bench.pass(JOURNAL_KEPT_MS / 8);
    }
    (0..40).for_each(|_| bench.settle_idle());
    bench.check();
    let (records, _) = bench
        .log
        .committed_records(&journal, bench.log.bounds(&journal).unwrap().0);
    let newest = records.last().unwrap().time;
    assert!(records.len() > 4, "what is young is kept");
    assert!(
        records
            .iter()
            .all(|record| newest.millis() - record.time.millis() <= JOURNAL_KEPT_MS),
        "what is old is gone"
    );
    // Now nobody applies anything for long.
    bench.crash();
    let (begins, _) = bench.log.bounds(&journal).unwrap();
    (0..10).for_each(|number| {
        bench.tell(vec![(number, demo(number, vec![]))]);
        bench.pass(JOURNAL_KEPT_MS);
    });
    bench.worker();
    assert_eq!(bench.log.bounds(&journal).unwrap().0, begins);
    for _ in 0..400 {
        bench.pass(500);
        let now = bench.clock.read();
        bench.worker().step(now).unwrap();
        bench.check();
    }
    assert!(bench.log.bounds(&journal).unwrap().0 > begins);
}

#[test]
fn nothing_is_deleted_before_the_turn_is_committed() {
    let mut bench = Bench::new(3);
    bench.tell((0..50).map(|number| (number, demo(number, vec![]))).collect());
    bench.settle();
    let mut completed = false;
    // A commit in two is lost: a turn completed in it is not complete.
    bench.log.set_faults(Faults {
        lost_commit: 2,
        ..Faults::default()
    });
    for hour in 0..80 {
        bench.pass(3_600_000);
        bench.tell(vec![(hour % 50, viewed(hour % 50, false))]);
        for _ in 0..40 {
            bench.pass(500);
            let now = bench.clock.read();
            bench.worker().step(now).unwrap();
            bench.check();
            let turn = bench.last_turn();
            completed |= turn.as_ref().is_some_and(|turn| turn.place == TurnPlace::Round);
            let start = bench.start();
            assert!(
                turn.is_none_or(|turn| start <= turn.start),
                "it begins at {start}, and that turn is not round"
            );
        }
    }
    assert!(completed && bench.start() > 0, "turns went round");
}

#[test]
fn a_lead_is_carried_in_each_turn_though_their_numbers_come_again() {
    let mut bench = Bench::new(9);
    bench.erase_within_ms = 10_000;
    bench.tell((0..5).map(|number| (number, demo(number, vec![]))).collect());
    bench.settle();
    let (mut turns, mut start) = (0, 0);
    while turns < 2 * 256 {
        // Nobody else is heard of.
        bench.pass(2_000);
        bench.tell(vec![(7, viewed(7, false))]);
        bench.settle();
        bench.check();
        if bench.start() != start {
            (turns, start) = (turns + 1, bench.start());
        }
    }
}

#[test]
fn what_a_broker_forgot_to_have_deleted_is_deleted_again() {
    let mut bench = Bench::new(8);
    bench.tell((0..50).map(|number| (number, demo(number, vec![]))).collect());
    bench.settle();
    for hour in 0..6 {
        bench.pass(3_600_000);
        bench.tell(vec![(hour, viewed(hour, false))]);
        bench.settle();
    }
    while bench.last_turn().is_none_or(|turn| turn.place != TurnPlace::Round) {
        bench.tell(vec![(0, viewed(0, false))]);
        bench.settle();
    }
    // The next turn is hours away.
    let start = bench.start();
    assert!(start > 0, "a turn went round");
    for is_new in [false, true] {
        bench.log.forget_trims();
        assert!(bench.start() < start, "the broker has forgotten it");
        if is_new {
            // Whoever takes over knows only what the log says.
            bench.crash();
            bench.settle();
        }
        for _ in 0..50 {
            bench.tell(vec![(1, viewed(1, false))]);
            bench.settle();
        }
        assert_eq!(bench.start(), start, "it is deleted again");
        bench.check();
    }
    let (records, _) = bench.log.committed_records(&Place::new(STATE, 0), bench.start());
    let taken = records.iter().filter_map(|record| {
        let value = record.value.as_deref().unwrap();
        let is_images = matches!(wire::state::decode(value), Ok(StateRecord::Images(_)));
        is_images.then(|| value.len() as u64 + former_bytes(&record.headers) + RECORD_OVERHEAD)
    });
    let taken: u64 = taken.sum();
    let told = bench.worker().partitions[&0].live().unwrap().forward.log_bytes();
    assert_eq!(told, taken, "as the records that are there are reckoned");
}

impl Bench {
    fn last_turn(&self) -> Option<wire::state::Turn> {
        let (records, _) = self.log.committed_records(&Place::new(STATE, 0), self.start());
        records.into_iter().rev().find_map(|record| {
            let record = wire::state::decode(record.value.as_deref().unwrap()).unwrap();
            match record {
                StateRecord::Images(images) => images.turn,
                StateRecord::Fence { .. } | StateRecord::Mended { .. } => None,
            }
        })
    }
}

#[test]
fn a_shard_goes_on_from_memory_whatever_became_of_its_transaction() {
    let lost_commit = Faults {
        lost_commit: 3,
        ..Faults::default()
    };
    let lost_answer = Faults {
        lost_answer: 3,
        ..Faults::default()
    };
    for (faults, found) in [(lost_commit, "not-written"), (lost_answer, "written")] {
        let mut bench = Bench::new(7);
        bench.tell(vec![(0, body(0, 0))]);
        bench.settle();
        bench.log.set_faults(faults);
        for number in 0..20 {
            bench.tell(vec![(number, body(number, number % 10))]);
            bench.settle();
            bench.check();
        }
        let shard = &bench.worker().metrics.shard;
        assert!(shard.unsettled.with_label_values(&[found]).get() > 0);
        assert_eq!(shard.restore_seconds.get_sample_count(), 1, "only at the start");
    }
}
