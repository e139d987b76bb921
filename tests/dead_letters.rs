//! Dead letters are found by what is said of them, and go back as they came, without a second effect.
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
use support::deployment::{Deployment, POLICY, open_local};
use tasuki::clock::{Clock, Now};
use tasuki::dead_letters::{Choice, Letter, LetterName, LettersError, Sent, each, one, send_back};
use tasuki::domain::event::RejectReason;
use tasuki::domain::time::Instant;
use tasuki::intake::Intake;
use tasuki::log::{NewRecord, Record};
use tasuki::shard::Worker;

const BEGIN_MS: i64 = 1_791_072_000_000;
const HOUR_MS: i64 = 3_600_000;
/// Rounds after which nothing is on its way any more: what nobody waits for is committed after half
/// a second.
const ROUNDS: usize = 12;

struct Run {
    deployment: Deployment,
    clock: Clock,
    now: Now,
    intake: Intake,
    worker: Worker,
}

impl Run {
    fn begin(directory: &std::path::Path) -> Self {
        let now = Now {
            time: Instant::from_millis(BEGIN_MS),
            running_ms: 0,
        };
        let clock = Clock::by_hand(now);
        let log = open_local(directory, &clock);
        let deployment = Deployment::new(Arc::new(log), clock.clone(), 4, POLICY);
        Self {
            intake: deployment.intake(),
            worker: deployment.worker("w"),
            deployment,
            clock,
            now,
        }
    }

    fn settle(&mut self) {
        for _ in 0..ROUNDS {
            self.now.running_ms += 250;
            self.clock.set(self.now);
            self.intake.step(self.now).unwrap();
            self.worker.step(self.now).unwrap();
        }
    }

    fn an_hour_later(&mut self) {
        self.now.time = self.now.time.plus_millis(HOUR_MS);
        self.settle();
    }

    /// Appends a record to the inbox as it is.
    fn put(&mut self, partition: u32, record: &NewRecord) {
        let mut appender = self.deployment.log.appender().unwrap();
        let inbox = self.deployment.names.inbox();
        appender.append(&inbox, Some(partition), record).unwrap();
        assert_eq!(appender.poll(Duration::from_secs(5)).unwrap().len(), 1);
        self.settle();
    }

    fn letters(&self, choice: &Choice) -> Vec<Letter> {
        let mut letters = Vec::new();
        let (log, names) = (self.deployment.log.as_ref(), &self.deployment.names);
        let strangers = each(log, names, choice, |letter| {
            letters.push(letter);
            Ok(())
        });
        assert_eq!(strangers.unwrap(), 0);
        letters
    }

    fn send_back(&mut self, choice: &Choice, dry: bool) -> Sent {
        let sources = BTreeSet::from([self.deployment.names.inbox()]);
        let (log, names) = (self.deployment.log.as_ref(), &self.deployment.names);
        let sent = send_back(log, names, &sources, choice, dry).unwrap();
        self.settle();
        sent
    }

    /// The inbox's records that are equal to this one in everything.
    fn copies(&self, record: &NewRecord) -> Vec<Record> {
        let mut found = self.deployment.records(&self.deployment.names.inbox());
        found.retain(|it| (&it.key, &it.value, &it.headers) == (&record.key, &record.value, &record.headers));
        found
    }

    fn events(&self, result: &str) -> u64 {
        let metrics = self.deployment.watch.metrics.render().unwrap();
        let lines = metrics
            .lines()
            .filter(|line| line.starts_with("tasuki_events_total{") && line.contains(&format!("result=\"{result}\"")));
        let number = |line: &str| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap();
        lines.map(number).sum()
    }
}

fn because(reason: RejectReason) -> Choice {
    Choice {
        reasons: vec![reason],
        ..Choice::default()
    }
}

/// Bytes that are no text, a key, and headers with a repeated name, no value, and a name of ours.
fn odd() -> NewRecord {
    let header = |name: &str, value: Option<&[u8]>| (name.to_owned(), value.map(<[u8]>::to_vec));
    NewRecord {
        key: Some(b"\x00\xffkey".to_vec()),
        value: Some(b"{\"half\": \xc3".to_vec()),
        headers: vec![
            header("a", Some(b"1")),
            header("a", None),
            header("tasuki_dlq_reason", Some(b"too-large")),
        ],
    }
}

fn roster(event: &serde_json::Value) -> NewRecord {
    NewRecord {
        value: Some(event.to_string().into_bytes()),
        ..NewRecord::default()
    }
}

/// What is refused until she has joined, by an event without an id.
fn zoe_is_away_says_nobody() -> NewRecord {
    roster(&json!({"type": "tasuki.rep.changed.v1", "rep": "zoe", "available": false}))
}

fn zoe_joins() -> NewRecord {
    roster(
        &json!({"type": "tasuki.rep.changed.v1", "id": "2", "source": "/hr", "rep": "zoe", "team": "inside",
                   "capacity": 3}),
    )
}

#[test]
fn a_letter_goes_back_as_it_came_and_what_is_still_wrong_comes_again() {
    let directory = tempfile::tempdir().unwrap();
    let mut run = Run::begin(directory.path());
    run.put(3, &odd());
    let letters = run.letters(&Choice::default());
    let [letter] = letters.as_slice() else {
        panic!("{letters:?}")
    };
    assert_eq!(letter.original, odd());
    assert_eq!(letter.filed.reason, RejectReason::NotJson);
    assert_eq!(letter.filed.source.to_string(), "tasuki.inbox/3");
    let (log, names) = (run.deployment.log.clone(), run.deployment.names.clone());
    assert_eq!(&one(log.as_ref(), &names, letter.name).unwrap(), letter);

    let counted = run.send_back(&Choice::default(), true);
    assert_eq!(run.copies(&odd()).len(), 1, "a dry run sends something");
    let sent = run.send_back(&Choice::default(), false);
    assert_eq!(sent, counted, "a dry run counts something else");
    assert_eq!(
        sent.back.into_iter().collect::<Vec<_>>(),
        [("tasuki.inbox".to_owned(), 1)]
    );
    let copies = run.copies(&odd());
    let offsets: Vec<u64> = copies.iter().map(|record| record.offset).collect();
    assert_eq!(offsets, [0, 1], "not one behind the other in its partition");
    let again = run.letters(&Choice::default());
    let offsets: Vec<u64> = again.iter().map(|letter| letter.filed.offset).collect();
    assert_eq!(offsets, [0, 1]);
    assert_eq!(again[1].original, odd(), "headers pile up");
}

#[test]
fn sent_back_after_the_fix_it_counts_once_however_often() {
    let directory = tempfile::tempdir().unwrap();
    let mut run = Run::begin(directory.path());
    let early = json!({"type": "tasuki.rep.changed.v1", "id": "1", "source": "/hr", "rep": "zoe", "available": false});
    run.put(0, &roster(&early));
    let stranger = because(RejectReason::UnknownRep);
    assert_eq!(run.letters(&stranger).len(), 1);
    run.put(0, &zoe_joins());
    assert_eq!((run.events("accepted"), run.events("duplicate")), (1, 0));
    run.send_back(&stranger, false);
    assert_eq!((run.events("accepted"), run.events("duplicate")), (2, 0));
    run.send_back(&stranger, false);
    assert_eq!((run.events("accepted"), run.events("duplicate")), (2, 1));
    assert_eq!(
        run.letters(&Choice::default()).len(),
        1,
        "a usable event became a letter"
    );
}

#[test]
fn without_an_id_it_counts_once_too_and_happens_when_it_did() {
    let directory = tempfile::tempdir().unwrap();
    let mut run = Run::begin(directory.path());
    run.put(0, &zoe_is_away_says_nobody());
    run.put(0, &zoe_joins());
    run.an_hour_later();
    let stranger = because(RejectReason::UnknownRep);
    run.send_back(&stranger, false);
    assert_eq!((run.events("accepted"), run.events("duplicate")), (2, 0));
    run.an_hour_later();
    run.send_back(&stranger, false);
    assert_eq!((run.events("accepted"), run.events("duplicate")), (2, 1));

    let mut facts = Vec::new();
    let (log, names) = (run.deployment.log.as_ref(), &run.deployment.names);
    tasuki::export::export(log, names, tasuki::export::Span::default(), &mut facts).unwrap();
    let facts = String::from_utf8(facts).unwrap();
    let times: Vec<serde_json::Value> = facts
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["event"]["time"].clone())
        .collect();
    assert_eq!(times.len(), 4);
    assert!(times.iter().all(|time| time == &times[0]), "not when it was: {times:?}");
}

#[test]
fn what_failed_again_goes_back_once_and_by_its_first_name() {
    let directory = tempfile::tempdir().unwrap();
    let mut run = Run::begin(directory.path());
    run.put(0, &zoe_is_away_says_nobody());
    let stranger = because(RejectReason::UnknownRep);
    run.send_back(&stranger, false);
    assert_eq!(run.letters(&stranger).len(), 2);
    let sent = run.send_back(&stranger, false);
    assert_eq!((sent.back["tasuki.inbox"], sent.further), (1, 1));
    run.put(0, &zoe_joins());
    run.send_back(&stranger, false);
    run.send_back(&stranger, false);
    assert_eq!((run.events("accepted"), run.events("duplicate")), (2, 1));
}

#[test]
fn a_record_with_many_letters_goes_back_once() {
    let directory = tempfile::tempdir().unwrap();
    let mut run = Run::begin(directory.path());
    run.put(3, &odd());
    run.put(3, &odd());
    let letter = run.deployment.records("tasuki.dead-letters").remove(0);
    let further = NewRecord {
        key: letter.key,
        value: letter.value,
        headers: letter.headers,
    };
    let mut appender = run.deployment.log.appender().unwrap();
    appender.append("tasuki.dead-letters", Some(0), &further).unwrap();
    appender.poll(Duration::from_secs(5)).unwrap();
    drop(appender);
    assert_eq!(run.letters(&Choice::default()).len(), 3);

    let counted = run.send_back(&Choice::default(), true);
    let sent = run.send_back(&Choice::default(), false);
    assert_eq!(sent, counted);
    assert_eq!((sent.back["tasuki.inbox"], sent.further), (2, 1));
    assert_eq!(run.copies(&odd()).len(), 4);
}

#[test]
fn letters_are_chosen_by_reason_time_and_source() {
    let directory = tempfile::tempdir().unwrap();
    let mut run = Run::begin(directory.path());
    run.put(0, &odd());
    run.an_hour_later();
    run.put(1, &roster(&json!({"id": "1"})));
    let second = run.now.time;
    let all = run.letters(&Choice::default());
    assert_eq!(all.len(), 2);
    let reasons = |letters: Vec<Letter>| letters.iter().map(|it| it.filed.reason).collect::<Vec<_>>();
    let (bad, strange) = (RejectReason::NotJson, RejectReason::UnknownType);
    assert_eq!(reasons(run.letters(&because(bad))), [bad]);
    assert_eq!(reasons(run.letters(&because(strange))), [strange]);
    let since = Choice {
        since: Some(second),
        ..Choice::default()
    };
    assert_eq!(reasons(run.letters(&since)), [strange]);
    let until = Choice {
        until: Some(second),
        ..Choice::default()
    };
    assert_eq!(reasons(run.letters(&until)), [bad]);
    let from = |topic: &str| Choice {
        sources: vec![topic.to_owned()],
        ..Choice::default()
    };
    assert_eq!(run.letters(&from("tasuki.inbox")).len(), 2);
    assert_eq!(run.letters(&from("tasuki.inbo")).len(), 0);

    let (log, names) = (run.deployment.log.as_ref(), &run.deployment.names);
    let nowhere = LetterName {
        partition: 2,
        offset: 99,
    };
    let found = one(log, names, nowhere);
    assert!(matches!(found, Err(LettersError::NoLetter(name)) if name == nowhere));
}

#[test]
fn only_letters_of_ours_go_back_and_only_to_sources() {
    let directory = tempfile::tempdir().unwrap();
    let mut run = Run::begin(directory.path());
    run.put(0, &odd());
    let mut forged = run.deployment.records("tasuki.dead-letters").pop().unwrap();
    for (name, value) in &mut forged.headers {
        if name == "tasuki_dlq_topic" {
            *value = Some(b"tasuki.journal".to_vec());
        }
    }
    let record = |headers| NewRecord {
        key: None,
        value: None,
        headers,
    };
    let mut appender = run.deployment.log.appender().unwrap();
    for record in [record(forged.headers), record(Vec::new())] {
        appender.append("tasuki.dead-letters", Some(5), &record).unwrap();
        appender.poll(Duration::from_secs(5)).unwrap();
    }
    let journal = || run.deployment.records("tasuki.journal").len();
    let before = journal();
    let sources = BTreeSet::from([run.deployment.names.inbox()]);
    let (log, names) = (run.deployment.log.as_ref(), &run.deployment.names);
    let sent = send_back(log, names, &sources, &Choice::default(), false).unwrap();
    assert_eq!(journal(), before);
    assert_eq!(
        sent.back.into_iter().collect::<Vec<_>>(),
        [("tasuki.inbox".to_owned(), 1)]
    );
    assert_eq!(
        sent.left.into_iter().collect::<Vec<_>>(),
        [("tasuki.journal".to_owned(), 1)]
    );
    assert_eq!(sent.strangers, 1);
}
