//! The intake, turned by hand: what it reads, when it appends, and how it stops and begins again.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    dead_code,
    reason = "a test program may panic, and uses a part of what is shared"
)]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use support::deployment::{BEGINNING, Deployment, POLICY, TOPICS, form, open_local};
use tasuki::clock::{Clock, Now};
use tasuki::domain::journal::{JournalRecord, Report};
use tasuki::intake::{GuardPlan, Intake};
use tasuki::log::simulated::{Faults, SimulatedLog};
use tasuki::log::{Membership, NewRecord, Place, Record};
use tasuki::shard::Worker;
use tasuki::wire::journal;

/// On a log that takes its time to acknowledge.
#[test]
fn what_comes_one_after_the_other_goes_to_the_journal_together() {
    let mut now = BEGINNING;
    let clock = Clock::by_hand(now);
    let log = SimulatedLog::new(clock.clone(), 1);
    log.ensure("tasuki.journal", 4);
    for (topic, partitions) in TOPICS {
        log.ensure(topic, partitions);
    }
    let deployment = Deployment::new(Arc::new(log.clone()), clock.clone(), 4, POLICY);
    let mut intake = deployment.intake();
    log.set_faults(Faults {
        delay: 2,
        ..Faults::default()
    });
    for number in 0..400 {
        now.time = now.time.plus_millis(10);
        now.running_ms += 10;
        clock.set(now);
        if (100..200).contains(&number) {
            let value = Some(form(number, number).to_string().into_bytes());
            let record = NewRecord {
                value,
                ..NewRecord::default()
            };
            log.append_now(&Place::new("tasuki.inbox", 0), record);
        }
        intake.step(now).unwrap();
    }
    let journal = deployment.records("tasuki.journal");
    let records = journal.iter().filter(|record| entries(record) > 0).count();
    assert_eq!(taken(&deployment), 100 + 4, "and the policy, in each partition");
    assert!(records <= 60, "{records} records of the journal hold them");
}

/// What an earlier translation has read without committing it, and what follows.
#[test]
fn what_another_translation_left_is_taken_once_wherever_the_next_ones_crash() {
    let bad = json!({"no": "type"});
    for crash_after in [0, 1, 2, 3, 5] {
        let directory = tempfile::tempdir().unwrap();
        let mut now = BEGINNING;
        let clock = Clock::by_hand(now);
        let deployment = Deployment::new(Arc::new(open_local(directory.path(), &clock)), clock.clone(), 4, POLICY);
        let mut turn = |intake: &mut Intake, worker: Option<&mut Worker>, times: u32| {
            let mut worker = worker;
            for _ in 0..times {
                now.time = now.time.plus_millis(40);
                now.running_ms += 40;
                clock.set(now);
                intake.step(now).unwrap();
                if let Some(worker) = &mut worker {
                    worker.step(now).unwrap();
                }
            }
        };
        deployment.send(&[form(1, 1), bad.clone(), form(2, 2), bad.clone()]);
        let mut oldest = deployment.intake_translating(1);
        // Not long enough for an offset to be committed.
        turn(&mut oldest, None, 10);
        drop(oldest);
        deployment.send(&[bad.clone(), form(3, 3)]);
        let mut older = deployment.intake_translating(2);
        turn(&mut older, None, crash_after);
        drop(older);
        let (mut newer, mut worker) = (deployment.intake_translating(3), deployment.worker("w"));
        turn(&mut newer, Some(&mut worker), 40);
        newer.close();
        let turnovers = turnovers(&deployment);
        assert!(turnovers >= 2 * 4, "two sources, four journal partitions: {turnovers}");

        // After a clean stop nothing has to be found out.
        deployment.send(&[form(4, 4), bad.clone()]);
        let mut newest = deployment.intake_translating(4);
        turn(&mut newest, Some(&mut worker), 30);
        assert_eq!(self::turnovers(&deployment), turnovers);
        let seen = (
            deployment.records("sales.handoffs.inside").len(),
            deployment.records("tasuki.dead-letters").len(),
        );
        assert_eq!(seen, (4, 4), "crashed after {crash_after} steps");
    }
}

/// Turns an intake so many times, 40 milliseconds apart.
fn turning(clock: Clock) -> impl FnMut(&mut Intake, u32) {
    let mut now = BEGINNING;
    move |intake, times| {
        for _ in 0..times {
            now.time = now.time.plus_millis(40);
            now.running_ms += 40;
            clock.set(now);
            intake.step(now).unwrap();
        }
    }
}

/// A stop is clean only once all has been read again that an unclean one had read.
#[test]
fn who_stops_before_all_is_read_again_does_not_stop_cleanly() {
    let mut were_stopped_midway = 0;
    for turns in 1..=4 {
        let directory = tempfile::tempdir().unwrap();
        let clock = Clock::by_hand(BEGINNING);
        let deployment = Deployment::new(Arc::new(open_local(directory.path(), &clock)), clock.clone(), 4, POLICY);
        let mut turn = turning(clock);
        // More than one poll brings.
        let forms: Vec<_> = (0..10_500).map(|number| form(number, number)).collect();
        deployment.send(&forms);
        let mut oldest = deployment.intake_translating(1);
        turn(&mut oldest, 10);
        drop(oldest);
        let mut again = deployment.intake_translating(1);
        turn(&mut again, turns);
        again.close();
        let taken = taken(&deployment);
        assert!(taken >= forms.len(), "{taken}");
        let is_midway = taken < 2 * forms.len();
        were_stopped_midway += usize::from(is_midway && taken > forms.len());
        let mut newer = deployment.intake_translating(2);
        turn(&mut newer, 10);
        newer.close();
        assert!(
            is_midway == (turnovers(&deployment) > 0),
            "after {turns} turns, {taken} taken"
        );
    }
    assert!(were_stopped_midway > 0);
}

/// As after an unclean election: what comes at these offsets would be taken for what was seen.
#[test]
fn a_partition_that_ends_before_what_was_read_of_it_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let clock = Clock::by_hand(BEGINNING);
    let deployment = Deployment::new(Arc::new(open_local(directory.path(), &clock)), clock.clone(), 4, POLICY);
    let mut turn = turning(clock);
    deployment.send(&[form(1, 1)]);
    let mut intake = deployment.intake();
    turn(&mut intake, 40);
    intake.close();
    commit_two_more(&deployment);

    let (taken, proofs) = (|| taken(&deployment), || proofs(&deployment));
    let before = (taken(), proofs());
    deployment.send(&[form(2, 2)]);
    let mut intake = deployment.intake();
    turn(&mut intake, 100);
    assert_eq!(
        (taken(), proofs()),
        before,
        "nothing is read, nor said to have been read"
    );
    let mut appender = deployment.log.appender().unwrap();
    let beside = NewRecord {
        value: Some(form(5, 5).to_string().into_bytes()),
        ..NewRecord::default()
    };
    appender.append(&deployment.names.inbox(), Some(1), &beside).unwrap();
    while appender.poll(Duration::from_millis(10)).unwrap().is_empty() {}
    turn(&mut intake, 100);
    assert_eq!(taken(), before.0 + 1, "the others go on");
    // It has grown beyond what was read by then, which only its people know.
    deployment.send(&[form(3, 3), form(4, 4)]);
    turn(&mut intake, 400);
    assert_eq!(taken(), before.0 + 2);
}

/// Lets the group believe that two records more were read of the inbox's first partition.
fn commit_two_more(deployment: &Deployment) {
    let inbox = Place::new(&deployment.names.inbox(), 0);
    let membership = Membership {
        group: deployment.names.intake_group(),
        topics: vec![inbox.topic.to_string()],
        instance: None,
        committed_only: true,
    };
    let mut member = deployment.log.consumer(&membership).unwrap();
    while member
        .poll(deployment.batch, Duration::from_millis(10))
        .unwrap()
        .is_empty()
    {}
    let places = std::slice::from_ref(&inbox);
    let mut committed = member.committed(places).unwrap().pop().flatten().unwrap();
    committed.offset += 2;
    member.commit(&[(inbox, committed)]).unwrap();
    member.close();
}

/// How often the journal was told how far the inbox's first partition was read.
fn proofs(deployment: &Deployment) -> usize {
    let inbox = deployment.names.inbox();
    let topic = deployment.log.topics(&[&inbox]).unwrap().pop().flatten().unwrap();
    let is_it = |report: &Report| (report.source.topic, report.source.partition) == (topic.id.0, 0);
    let journal = deployment.records("tasuki.journal");
    let proves = |record: &&Record| match journal::decode(record.value.as_deref().unwrap()).unwrap() {
        JournalRecord::Clock(clock) => {
            let mut reports = clock.reports.iter();
            reports.any(|report| is_it(report) && report.watermark.is_some())
        }
        _ => false,
    };
    journal.iter().filter(proves).count()
}

/// Entries in the journal.
fn taken(deployment: &Deployment) -> usize {
    deployment.records("tasuki.journal").iter().map(entries).sum()
}

fn entries(record: &Record) -> usize {
    match journal::decode(record.value.as_deref().unwrap()).unwrap() {
        JournalRecord::Facts(packed) => packed.entries.len(),
        _ => 0,
    }
}

fn turnovers(deployment: &Deployment) -> usize {
    let journal = deployment.records("tasuki.journal");
    let is_turnover = |record: &&Record| {
        let record = journal::decode(record.value.as_deref().unwrap()).unwrap();
        matches!(record, JournalRecord::Turnover(_))
    };
    journal.iter().filter(is_turnover).count()
}

#[test]
fn a_source_of_nothing_but_bad_records_is_paused_and_deadlines_wait_until_it_is_released() {
    let directory = tempfile::tempdir().unwrap();
    let mut now = BEGINNING;
    let clock = Clock::by_hand(now);
    let mut deployment = Deployment::new(Arc::new(open_local(directory.path(), &clock)), clock.clone(), 4, POLICY);
    deployment.guard = GuardPlan {
        records: 20,
        bad_percent_min: 95,
    };
    let (mut intake, mut worker) = (deployment.intake(), deployment.worker("w"));
    let mut turn = |times: u32| {
        for _ in 0..times {
            now = Now {
                time: now.time.plus_millis(30_000),
                running_ms: now.running_ms + 500,
            };
            clock.set(now);
            intake.step(now).unwrap();
            worker.step(now).unwrap();
        }
    };
    let shows = |line| deployment.watch.metrics.render().unwrap().contains(line);
    deployment.send(&[form(1, 1)]);
    turn(20);
    let bad: Vec<serde_json::Value> = (0..30).map(|_| json!({"no": "type"})).collect();
    let answer = json!({
        "type": "tasuki.follow-up.recorded.v1", "id": "a", "source": "crm",
        "person": {"email": "p1@example.com"}, "outcome": "contacted",
    });
    deployment.send(&bad);
    deployment.send(&[answer]);
    // Longer than the promised hour, and longer than an unreadable source would be waited for.
    turn(300);
    assert_eq!(deployment.records("tasuki.dead-letters").len(), 19, "19 bad of 20");
    assert_eq!(
        deployment.types("sales.sla"),
        BTreeMap::new(),
        "what lies in it may be an answer"
    );
    assert!(shows("tasuki_sources_paused 1\n"));

    assert!(deployment.watch.status.release("tasuki.inbox"));
    assert!(!deployment.watch.status.release("tasuki.inbox"), "once");
    turn(40);
    assert_eq!(deployment.records("tasuki.dead-letters").len(), 30);
    let told = deployment.types("sales.sla");
    assert_eq!(told.keys().collect::<Vec<_>>(), ["tasuki.sla.met.v1"]);
    assert!(shows("tasuki_sources_paused 0\n"));
}
