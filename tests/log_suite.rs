//! The laws of a log, run on each log there is.
//!
//! The laws know `&dyn Log` only. A law that a log can't be put to (it has one process, or no way
//! to make a topic anew) is left out by name here, not inside the law.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    unreachable_pub,
    reason = "a test program: it may fail loudly, and tells how long things took"
)]

mod laws;
mod support;

use laws::{Bench, Law, groups, reading, transactions, writing};
use support::broker::Broker;
use tasuki::clock::Clock;
use tasuki::log::kafka::topics::TopicPlan;
use tasuki::log::kafka::{KafkaLog, KafkaOptions};
use tasuki::log::local::LocalLog;
use tasuki::log::simulated::SimulatedLog;

/// What every log keeps.
const LAWS: &[(&str, Law)] = &[
    (
        "appends are acknowledged in order and without gaps",
        writing::appends_are_gapless,
    ),
    (
        "records come back byte for byte",
        writing::records_come_back_byte_for_byte,
    ),
    (
        "keys choose partitions as the Java client does",
        writing::keys_choose_partitions,
    ),
    ("topics are known by id and partitions", reading::topics_are_known),
    (
        "a reader waits no longer than it was told",
        reading::a_reader_keeps_to_its_wait,
    ),
    (
        "a reader reaches the end, whatever stands last",
        reading::a_reader_reaches_the_end,
    ),
    (
        "trimming moves the start, and readers hear of it",
        reading::trimming_moves_the_start,
    ),
    (
        "a transaction is seen as a whole or not at all",
        transactions::whole_or_not_at_all,
    ),
    ("where a transaction is open is told", transactions::an_open_one_is_told),
    (
        "a dropped transaction is ended by its successor",
        transactions::dropped_is_ended,
    ),
    (
        "a second transactor fences the first",
        transactions::the_second_fences_the_first,
    ),
    (
        "positions are committed with the records",
        transactions::positions_are_committed,
    ),
    (
        "a member reads what it starts, from where it says",
        groups::a_member_reads_what_it_starts,
    ),
    (
        "a stopped partition is silent until started again",
        groups::stopped_is_silent,
    ),
    (
        "committed offsets keep their metadata",
        groups::committed_offsets_keep_metadata,
    ),
    ("offsets are found by time", groups::offsets_by_time),
    ("an offset out of range is told", groups::out_of_range_is_told),
    (
        "a partition moves only after its release",
        groups::moves_only_after_release,
    ),
    ("what a member keeps is read on", groups::what_is_kept_is_read_on),
    ("a former owner commits nothing", groups::a_former_owner_commits_nothing),
];

fn suite(bench: &Bench, laws: &[(&str, Law)]) {
    for (name, law) in laws {
        let begun = std::time::Instant::now();
        eprintln!("law: {name}");
        law(bench);
        eprintln!("law: {name}: held, {} ms", begun.elapsed().as_millis());
    }
}

fn kafka_bench(broker: &Broker) -> Bench {
    let options = KafkaOptions {
        session_timeout: std::time::Duration::from_secs(6),
        ..KafkaOptions::new(broker.address())
    };
    let log = KafkaLog::connect(options.clone()).expect("a broker that answers");
    let maker = KafkaLog::connect(options).expect("a broker that answers");
    let make = move |topic: &str, partitions| {
        let append_time = ("message.timestamp.type".to_owned(), "LogAppendTime".to_owned());
        let plan = TopicPlan {
            name: topic.to_owned(),
            partitions,
            replication: 1,
            settings: vec![append_time],
        };
        maker.make_topics(&[plan]).unwrap().remove(0).unwrap();
    };
    Bench::new(Box::new(log), Box::new(make))
}

#[test]
fn the_laws_hold_on_kafka() {
    let broker = Broker::start(&[]);
    let bench = kafka_bench(&broker);
    suite(&bench, LAWS);
    suite(
        &bench,
        &[
            ("one-record transactions are fast", transactions::one_record_is_fast),
            (
                "uncommitted records are seen on demand",
                transactions::uncommitted_on_demand,
            ),
        ],
    );
}

#[test]
fn the_laws_hold_on_the_local_log() {
    let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("local-{}", std::process::id()));
    let log = LocalLog::open(&directory, Clock::machine()).unwrap();
    let maker = log.clone();
    let make = move |topic: &str, partitions| {
        maker.ensure(topic, partitions).unwrap();
    };
    suite(&Bench::new(Box::new(log), Box::new(make)), LAWS);
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn the_laws_hold_on_the_simulated_log() {
    let log = SimulatedLog::new(Clock::machine(), 1);
    let maker = log.clone();
    let make = move |topic: &str, partitions| {
        maker.ensure(topic, partitions);
    };
    let bench = Bench::new(Box::new(log), Box::new(make));
    suite(&bench, LAWS);
    suite(
        &bench,
        &[(
            "uncommitted records are seen on demand",
            transactions::uncommitted_on_demand,
        )],
    );
}
