//! What the log on Kafka does when the cluster is away, slow, wrong or forbidding.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub,
    reason = "a test program: it may fail loudly"
)]

#[expect(
    dead_code,
    clippy::print_stderr,
    reason = "the laws' short words are of use here, the laws are not"
)]
mod laws;
mod support;

use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;

use laws::{ALL, Bench, STEP, acks, assigned, at, signal, text, transact, until};
use support::broker::Broker;
use tasuki::log::kafka::topics::{NeededTopic, TopicNames, TopicPlan, differences, needed};
use tasuki::log::kafka::{KafkaLog, KafkaOptions};
use tasuki::log::{Commit, Found, Isolation, Log, LogError, Membership, Place, Signal};

const SESSION: Duration = Duration::from_secs(6);

fn options(address: &str) -> KafkaOptions {
    KafkaOptions {
        session_timeout: SESSION,
        ..KafkaOptions::new(address)
    }
}

fn connect(broker: &Broker) -> KafkaLog {
    KafkaLog::connect(options(broker.address())).unwrap()
}

fn bench(broker: &Broker) -> Bench {
    let maker = connect(broker);
    let make = move |topic: &str, partitions| {
        let plan = TopicPlan {
            name: topic.to_owned(),
            partitions,
            replication: 1,
            settings: Vec::new(),
        };
        maker.make_topics(&[plan]).unwrap().remove(0).unwrap();
    };
    Bench::new(Box::new(connect(broker)), Box::new(make))
}

fn topics() -> Vec<NeededTopic> {
    needed(&TopicNames {
        prefix: "a.",
        journal_partitions: 4,
        team_topics: &["sales.handoffs.inside".to_owned()],
        sources: &["marketing.forms".to_owned()],
    })
}

#[test]
fn missing_topics_are_told_and_made() {
    let broker = Broker::start(&["transaction.partition.verification.enable=false"]);
    let log = connect(&broker);
    let found = log.find_topics(&topics()).unwrap();
    assert_eq!((found.brokers, found.verifies_transactions), (1, Some(false)));
    let all = differences(&topics(), &found);
    assert_eq!(
        all.iter().filter(|difference| difference.is_missing()).count(),
        topics().len()
    );
    let made = log.create_missing(&topics()).unwrap();
    assert_eq!(made.len(), topics().len());
    let sizes: Vec<u32> = made.into_iter().map(|made| made.unwrap().partitions).collect();
    assert_eq!(sizes, [4, 4, 6, 1, 6, 6, 6, 6, 6, 6]);
    let rest = differences(&topics(), &log.find_topics(&topics()).unwrap());
    assert_eq!(rest.len(), 1, "{rest:?}");
    assert_eq!(rest[0].topic, None, "only the broker's own setting is left");
    assert_eq!(log.create_missing(&topics()).unwrap().len(), 0);
}

#[test]
fn a_topic_made_anew_has_another_id() {
    let broker = Broker::start(&[]);
    let bench = bench(&broker);
    let name = bench.topic(1);
    let id = || bench.log.topics(&[&name]).unwrap().remove(0).map(|topic| topic.id);
    let before = id().unwrap();
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new()
        .set("bootstrap.servers", broker.address())
        .create()
        .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime
        .block_on(admin.delete_topics(&[&name], &AdminOptions::new()))
        .unwrap();
    until("it is gone", || id().is_none().then_some(()));
    bench.make(&name, 1);
    assert_ne!(until("it is there again", &id), before);
}

fn refused(options: KafkaOptions) -> LogError {
    let begun = Instant::now();
    let Err(error) = KafkaLog::connect(options) else {
        panic!("connected")
    };
    assert!(begun.elapsed() < Duration::from_secs(13), "{:?}", begun.elapsed());
    error
}

fn with(address: &str, settings: &[(&str, &str)]) -> KafkaOptions {
    let mut options = options(address);
    options.client = settings
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    options
}

#[test]
fn a_start_that_fails_says_the_cause() {
    let (broker, sasl) = Broker::start_with_password();
    let plain = |password| {
        let settings = [
            ("security.protocol", "sasl_plaintext"),
            ("sasl.mechanism", "PLAIN"),
            ("sasl.username", "tasuki"),
            ("sasl.password", password),
        ];
        with(&sasl, &settings)
    };
    KafkaLog::connect(plain("right")).unwrap();
    let wrong = refused(plain("swordfish"));
    assert!(
        matches!(&wrong, LogError::Refused(words) if words.contains("authentication refused")),
        "{wrong}"
    );
    assert!(!format!("{wrong} {:?}", plain("swordfish")).contains("swordfish"));
    let tls = refused(with(broker.address(), &[("security.protocol", "ssl")]));
    assert!(tls.to_string().contains("trouble with TLS"), "{tls}");
    let unknown = refused(with(broker.address(), &[("no.such.setting", "1")]));
    assert!(
        matches!(&unknown, LogError::Refused(words) if words.contains("no.such.setting")),
        "{unknown}"
    );
    let ours = refused(with(broker.address(), &[("acks", "1")]));
    assert!(
        matches!(&ours, LogError::Refused(words) if words.contains("`acks`")),
        "{ours}"
    );
    let nobody = refused(options("127.0.0.1:9"));
    assert!(
        matches!(&nobody, LogError::Retry(words) if words.contains("127.0.0.1:9") && words.contains("refused")),
        "{nobody}"
    );
    let nowhere = refused(options("no-such-host.invalid:9092"));
    assert!(nowhere.to_string().contains("no-such-host.invalid"), "{nowhere}");
}

#[test]
fn a_broker_that_comes_back_has_every_record_once_and_in_order() {
    const COUNT: usize = 3_000;
    let broker = Broker::start(&[]);
    let bench = bench(&broker);
    let place = Place::new(&bench.topic(1), 0);
    let mut consumer = bench.join("group", &place.topic);
    assigned(&mut *consumer);
    consumer.start(&place, 0).unwrap();
    let mut appender = bench.log.appender().unwrap();
    for number in 0..COUNT {
        appender
            .append(&place.topic, Some(0), &text(&number.to_string()))
            .unwrap();
        if number == COUNT / 2 {
            broker.kill();
            assert!(
                consumer.ends(std::slice::from_ref(&place))[0].is_err(),
                "nobody there to ask"
            );
            broker.again();
        }
    }
    let got = acks(&mut *appender, COUNT);
    assert!(got.iter().enumerate().all(|(number, ack)| ack.ticket == number as u64));
    let read = bench.read(&place, Isolation::Committed, COUNT);
    let values: Vec<String> = read.iter().map(laws::value_of).collect();
    assert_eq!(values, (0..COUNT).map(|number| number.to_string()).collect::<Vec<_>>());
    let mut next = 0;
    until("the member has read on by itself", || {
        for signal in consumer.poll(ALL, STEP).unwrap() {
            match signal {
                Signal::Records(_, records) => {
                    assert!(
                        records
                            .iter()
                            .zip(next..)
                            .all(|(record, offset)| record.offset == offset)
                    );
                    next += records.len() as u64;
                }
                // A broker that is away for longer than a session forgets its members.
                Signal::Lost(places) => consumer.release(&places).unwrap(),
                Signal::Assigned(places) if !places.is_empty() => consumer.start(&place, next).unwrap(),
                _ => {}
            }
        }
        (next == COUNT as u64).then_some(())
    });
}

#[test]
fn a_broker_that_is_killed_forgets_what_was_trimmed_last() {
    // By default `log.flush.start.offset.checkpoint.interval.ms` is a minute.
    let broker = Broker::start(&[]);
    let bench = bench(&broker);
    let place = Place::new(&bench.topic(1), 0);
    bench.fill(&place, &["a", "b", "c"]);
    bench.log.trim(&place, 2).unwrap();
    let bounds = || bench.log.bounds(&place).ok();
    assert_eq!(bounds(), Some((2, 3)));
    broker.kill();
    broker.again();
    assert_eq!(until("it is there again", bounds), (0, 3));
}

#[test]
fn where_partitions_begin_and_end_is_told_soon_after_a_broker_came_back() {
    /// By itself a client learns of new leaders a minute and more later.
    const SOON: Duration = Duration::from_secs(20);
    let broker = Broker::start(&[]);
    let bench = bench(&broker);
    let place = Place::new(&bench.topic(1), 0);
    for _ in 0..2 {
        broker.kill();
        broker.again();
        let begun = Instant::now();
        until("it is told", || {
            let told = bench.log.bounds(&place);
            std::thread::sleep(STEP);
            told.ok()
        });
        assert!(begun.elapsed() < SOON, "told after {:?}", begun.elapsed());
    }
}

#[test]
fn clients_find_a_broker_again_whose_controller_had_given_it_up() {
    // It is heard of too seldom, so every three seconds it is no broker of its cluster for one, and
    // answers with a list of none.
    let broker = Broker::start(&["broker.session.timeout.ms=2000", "broker.heartbeat.interval.ms=3000"]);
    let often = [("topic.metadata.refresh.interval.ms", "100")];
    let log = KafkaLog::connect(with(broker.address(), &often)).unwrap();
    let place = Place::new(&bench(&broker).topic(1), 0);
    let mut appender = log.appender().unwrap();
    let mut reader = log.reader(&place, 0, Isolation::Committed).unwrap();
    for number in 0..5 {
        std::thread::sleep(Duration::from_secs(3));
        appender.append(&place.topic, Some(0), &text("x")).unwrap();
        assert_eq!(acks(&mut *appender, 1)[0].offset, number);
        until("it is read", || {
            let found = reader.read(ALL, STEP).unwrap();
            matches!(found, Found::Records(records) if !records.is_empty()).then_some(())
        });
        until("it is asked", || log.bounds(&place).ok());
    }
}

#[test]
fn a_slow_commit_is_not_gone_on_with_and_a_drop_waits_for_nobody() {
    let broker = Broker::start(&[]);
    let bench = bench(&broker);
    let place = Place::new(&bench.topic(1), 0);
    transact(&mut *bench.log.transactor("t").unwrap(), &place, "first").unwrap();
    let mut transactor = bench.log.transactor("t").unwrap();
    transactor.begin().unwrap();
    transactor.append(&place.topic, Some(0), text("second")).unwrap();
    transactor.flush().unwrap();
    broker.pause();
    let outcome = std::thread::scope(|scope| {
        scope.spawn(|| {
            // Far longer than a machine that is busy may keep the commit from beginning.
            std::thread::sleep(Duration::from_secs(3));
            broker.resume();
        });
        transactor.commit()
    });
    assert_eq!(outcome, Ok(Commit::Slow));
    assert!(matches!(transactor.begin(), Err(LogError::Unknown(_))));
    let mut transactor = bench.log.transactor("t").unwrap();
    transactor.begin().unwrap();
    transactor.append(&place.topic, Some(0), text("never")).unwrap();
    transactor.flush().unwrap();
    transactor.append(&place.topic, Some(0), text("never either")).unwrap();
    let mut reader = bench.log.reader(&place, 0, Isolation::Uncommitted).unwrap();
    reader.read(ALL, STEP).unwrap();
    let mut consumer = bench.join("group", &place.topic);
    assigned(&mut *consumer);
    consumer.start(&place, 0).unwrap();
    broker.pause();
    for (what, drop) in [
        ("a transactor", Box::new(move || drop(transactor)) as Box<dyn FnOnce()>),
        ("a reader", Box::new(move || drop(reader))),
        ("a member", Box::new(move || drop(consumer))),
    ] {
        let begun = Instant::now();
        drop();
        assert!(
            begun.elapsed() < Duration::from_secs(1),
            "dropping {what} took {:?}",
            begun.elapsed()
        );
    }
    broker.resume();
    let mut transactor = bench.log.transactor("t").unwrap();
    transact(&mut *transactor, &place, "third").unwrap();
    bench.sees(&place, Isolation::Committed, &["first", "second", "third"]);
}

#[test]
fn a_member_that_has_not_answered_can_be_dropped() {
    let broker = Broker::start(&[]);
    let bench = bench(&broker);
    let topic = bench.topic(2);
    let unanswered = bench.join("group", &topic);
    // Nobody else is told that the group's assignment has arrived here and waits.
    std::thread::sleep(SESSION);
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        drop(unanswered);
        tell.send(()).unwrap();
    });
    assert_eq!(told.recv_timeout(Duration::from_secs(5)), Ok(()), "it is never dropped");
}

#[test]
fn members_that_owe_an_answer_can_leave_and_be_dropped() {
    let broker = Broker::start(&[]);
    let bench = bench(&broker);
    let mut members = ["leaves", "is dropped"].map(|group| bench.join(group, &bench.topic(2)));
    for member in &mut members {
        for place in assigned(&mut **member) {
            member.start(&place, 0).unwrap();
        }
    }
    broker.pause();
    for member in &mut members {
        until("the partitions are lost", || {
            let signals = member.poll(ALL, STEP).unwrap();
            signals.into_iter().find(|signal| matches!(signal, Signal::Lost(_)))
        });
    }
    broker.resume();
    let [leaves, is_dropped] = members;
    let begun = Instant::now();
    drop(is_dropped);
    leaves.close();
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(3), "leaving took {took:?}");
}

#[test]
fn a_member_that_cannot_leave_goes_in_time() {
    let broker = Broker::start(&[]);
    let bench = bench(&broker);
    let mut consumer = bench.join("group", &bench.topic(2));
    for place in assigned(&mut *consumer) {
        consumer.start(&place, 0).unwrap();
    }
    broker.pause();
    let begun = Instant::now();
    consumer.close();
    let took = begun.elapsed();
    broker.resume();
    assert!(took < Duration::from_secs(8), "leaving took {took:?}");
}

#[test]
fn members_lose_and_take_over() {
    let broker = Broker::start(&[]);
    let bench = bench(&broker);
    let topic = bench.topic(2);
    let membership = Membership {
        group: "static".to_owned(),
        topics: vec![topic.clone()],
        instance: Some("pod-0".to_owned()),
        committed_only: true,
    };
    // A static member that comes back keeps its partitions, and the former one is fenced.
    let mut former = bench.log.consumer(&membership).unwrap();
    let places = assigned(&mut *former);
    former.start(&places[0], 0).unwrap();
    let stale = former.ownership().unwrap();
    let mut latter = bench.log.consumer(&membership).unwrap();
    let mut again = assigned(&mut *latter);
    again.sort();
    assert_eq!(again.len(), 2);
    let error = until("the former is fenced", || former.poll(ALL, STEP).err());
    assert!(
        matches!(&error, LogError::Refused(words) if words.contains("`instance`")),
        "{error}"
    );
    let mut transactor = bench.log.transactor("t").unwrap();
    transactor.begin().unwrap();
    let outcome = transactor.positions(&[(places[0].clone(), at(1))], &stale);
    assert!(matches!(outcome, Err(LogError::Fenced(_))), "{outcome:?}");
    drop((former, transactor));
    // A member that hears nothing from the group for a session has lost what it had.
    latter.start(&again[0], 0).unwrap();
    broker.pause();
    let lost = signal(&mut *latter, "it is lost", |signal| match signal {
        Signal::Lost(places) => Some(places),
        Signal::Revoked(places) => panic!("asked back politely: {places:?}"),
        _ => None,
    });
    broker.resume();
    assert_eq!(lost.len(), 2);
    assert!(matches!(latter.ownership(), Err(LogError::Retry(_))));
    latter.release(&lost).unwrap();
    assert_eq!(assigned(&mut *latter).len(), 2);
    latter.start(&again[0], 0).unwrap();
    bench.fill(&again[0], &["on we go"]);
    signal(&mut *latter, "it reads again", |signal| {
        matches!(signal, Signal::Records(..)).then_some(())
    });
    latter.close();
}

/// Longer than any member may go without a poll.
const LONG_WORK: Duration = Duration::from_secs(33);

#[test]
fn a_member_that_works_for_too_long_is_given_up_and_comes_back() {
    let broker = Broker::start(&[]);
    let bench = bench(&broker);
    let mut busy = bench.join("group", &bench.topic(2));
    let places = assigned(&mut *busy);
    busy.start(&places[0], 0).unwrap();
    let stale = busy.ownership().unwrap();
    std::thread::sleep(LONG_WORK);
    let mut transactor = bench.log.transactor("t").unwrap();
    transactor.begin().unwrap();
    let outcome = transactor.positions(&[(places[0].clone(), at(1))], &stale);
    assert!(matches!(outcome, Err(LogError::Fenced(_))), "{outcome:?}");
    let lost = signal(&mut *busy, "it is lost", |signal| match signal {
        Signal::Lost(places) => Some(places),
        _ => None,
    });
    assert_eq!(lost.len(), 2);
    busy.release(&lost).unwrap();
    assert_eq!(assigned(&mut *busy).len(), 2);
    busy.close();
}
