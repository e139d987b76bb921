//! The loops of the service, turned by hand on the embedded log; those of the intake alone are in
//! `intake.rs`.
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

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use support::deployment::{BEGINNING, Deployment, POLICY, TOPICS, document, form, header, open_local};
use tasuki::clock::{Clock, Now};
use tasuki::intake::founding;
use tasuki::log::{NewRecord, Record};
use tasuki::wire::journal;

#[test]
fn a_form_becomes_one_handoff_and_a_missing_answer_one_breach() {
    let directory = tempfile::tempdir().unwrap();
    let clock = Clock::fast(BEGINNING.time, 3_600);
    let deployment = Deployment::new(Arc::new(open_local(directory.path(), &clock)), clock.clone(), 4, POLICY);
    let (mut intake, mut worker) = (deployment.intake(), deployment.worker("w"));
    deployment.send(&[form(1, 1), form(2, 2), form(1, 1), json!({"no": "type"})]);
    for _ in 0..200 {
        intake.step(clock.read()).unwrap();
        worker.step(clock.read()).unwrap();
        if deployment.types("sales.sla").len() == 1 && deployment.records("sales.sla").len() == 2 {
            break;
        }
    }
    assert_eq!(deployment.records("sales.handoffs.inside").len(), 2);
    let breached = deployment.records("sales.sla");
    assert_eq!(breached.len(), 2);
    assert!(
        breached
            .iter()
            .all(|record| header(record, "ce_type") == "tasuki.sla.breached.v1")
    );
    let dead = deployment.records("tasuki.dead-letters");
    assert_eq!(dead.len(), 1);
    assert_eq!(header(&dead[0], "tasuki_dlq_reason"), "unknown-type");

    // A restart with nothing new writes nothing to any output.
    worker.close();
    intake.close();
    let count = || {
        TOPICS[3..]
            .iter()
            .map(|(topic, _)| deployment.records(topic).len())
            .sum::<usize>()
    };
    let before = count();
    let (mut intake, mut worker) = (deployment.intake(), deployment.worker("w"));
    for _ in 0..40 {
        intake.step(clock.read()).unwrap();
        worker.step(clock.read()).unwrap();
    }
    assert_eq!(count(), before);
}

/// Turned every 50 milliseconds, as often as the time is told where somebody waits for it.
#[test]
fn where_nobody_waits_the_time_is_told_at_every_eighth_interval() {
    let directory = tempfile::tempdir().unwrap();
    let mut now = BEGINNING;
    let clock = Clock::by_hand(now);
    let deployment = Deployment::new(Arc::new(open_local(directory.path(), &clock)), clock.clone(), 4, POLICY);
    let (mut intake, mut worker) = (deployment.intake(), deployment.worker("w"));
    let mut told_in = |intervals: u32| {
        let clocks = || {
            let records = deployment.records("tasuki.journal");
            let is_clock = |record: &&Record| journal::is_clock(record.value.as_deref().unwrap_or_default());
            records.iter().filter(is_clock).count()
        };
        let before = clocks();
        for _ in 0..intervals {
            now.time = now.time.plus_millis(50);
            now.running_ms += 50;
            clock.set(now);
            intake.step(now).unwrap();
            worker.step(now).unwrap();
        }
        clocks() - before
    };
    assert!(told_in(40) > 4 * 5, "until the shards are at work they wait");
    assert_eq!(told_in(160), 4 * 20);
    deployment.send(&[form(1, 1)]);
    // Its deadlines are far away.
    told_in(80);
    assert_eq!(told_in(160), 4 * 20);
}

/// Two processes that start at once may both find their file to be the highest.
#[test]
fn of_two_policies_of_one_version_the_first_is_in_force() {
    let directory = tempfile::tempdir().unwrap();
    let clock = Clock::by_hand(BEGINNING);
    let deployment = Deployment::new(Arc::new(open_local(directory.path(), &clock)), clock, 4, POLICY);
    let (log, names) = (deployment.log.as_ref(), &deployment.names);
    let second = POLICY.replacen("version = 1\n", "version = 2\n", 1);
    let another = second.replacen("name = ", "name = \"another\" # ", 1);
    assert!(second != POLICY && another != second);
    founding::publish_policy(log, names, &document(&second)).unwrap();
    let late = NewRecord {
        value: Some(json!({"policy": another, "files": []}).to_string().into_bytes()),
        ..NewRecord::default()
    };
    let mut appender = log.appender().unwrap();
    appender.append(&names.policy(), Some(0), &late).unwrap();
    while appender.poll(Duration::from_millis(100)).unwrap().is_empty() {}
    founding::publish_policy(log, names, &document(&second)).unwrap();
    let refused = founding::publish_policy(log, names, &document(&another)).unwrap_err();
    assert!(
        refused.to_string().contains("another file of version 2 is in force"),
        "{refused}"
    );
}

#[test]
fn a_crash_between_any_two_steps_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let clock = Clock::machine();
    let log = Arc::new(open_local(directory.path(), &clock));
    let deployment = Deployment::new(log, clock, 4, POLICY);
    support::rounds::crash_at_every_step(&deployment, 200);
}

#[test]
fn an_erased_lead_leaves_the_state_log_in_time() {
    let directory = tempfile::tempdir().unwrap();
    let clock = Clock::machine();
    let mut deployment = Deployment::new(Arc::new(open_local(directory.path(), &clock)), clock, 4, POLICY);
    deployment.erase_within_ms = 10_000;
    deployment.journal_kept_ms = 2_000;
    support::erased::leaves_the_state_log_in_time(&deployment);
}

/// Sixty leads for two places: a queue that is served at once when there is room, and sixty
/// deadlines that are overdue together. What was said, and in how many transactions.
fn a_full_house(adjust: impl Fn(&mut Deployment)) -> (BTreeSet<(String, String)>, u64) {
    const LEADS: usize = 60;
    let directory = tempfile::tempdir().unwrap();
    let mut now = BEGINNING;
    let clock = Clock::by_hand(now);
    let few = POLICY.replace("capacity = 1000", "capacity = 1");
    let mut deployment = Deployment::new(Arc::new(open_local(directory.path(), &clock)), clock.clone(), 4, &few);
    adjust(&mut deployment);
    let (mut intake, mut worker) = (deployment.intake(), deployment.worker("w"));
    let mut pass_until = |millis: i64, done: &dyn Fn() -> bool| {
        for _ in 0..400 {
            now = Now {
                time: now.time.plus_millis(millis),
                running_ms: now.running_ms + 100,
            };
            clock.set(now);
            intake.step(now).unwrap();
            worker.step(now).unwrap();
            if done() {
                return;
            }
        }
        panic!("not in time");
    };
    let said = |kind: &str, topic: &str| deployment.types(topic).get(kind).copied().unwrap_or_default();
    deployment.send(&(0..LEADS as u32).map(|lead| form(lead, lead)).collect::<Vec<_>>());
    pass_until(10, &|| said("tasuki.lead.queued.v1", "leads.lifecycle") == LEADS - 2);
    deployment.send(&[json!({
        "type": "tasuki.rep.changed.v1", "id": "room", "source": "crm", "rep": "ana", "capacity": 1000,
    })]);
    pass_until(10, &|| {
        said("tasuki.lead.handed-off.v1", "sales.handoffs.inside") == LEADS
    });
    // All sixty promises of the reps are broken, and the queue's were kept by the handoffs.
    pass_until(3_600_000, &|| said("tasuki.sla.breached.v1", "sales.sla") >= LEADS);
    let topics = ["sales.handoffs.inside", "sales.sla", "leads.lifecycle"];
    let records = topics.iter().flat_map(|topic| deployment.records(topic));
    let said = records
        .map(|record| (header(&record, "ce_type"), header(&record, "ce_id")))
        .collect();
    (said, deployment.watch.metrics.shard.commit_seconds.get_sample_count())
}

#[test]
fn how_transactions_are_cut_changes_nothing_that_is_said() {
    let (said, few) = a_full_house(|_| {});
    let (cut, many) = a_full_house(|deployment| {
        deployment.deadlines_max = 4;
        deployment.queued_max = 3;
    });
    assert_eq!(said, cut);
    // 58 places of the queue by threes, and 60 deadlines, of four partitions, by fours.
    assert!(many >= few + 58 / 3 + 60 / 4 - 4 - 4, "{few} and {many} transactions");
    let (cut, many) = a_full_house(|deployment| deployment.batch_time = Duration::ZERO);
    assert_eq!(said, cut);
    assert!(
        many > few,
        "a transaction for each record: {few} and {many} transactions"
    );
}
