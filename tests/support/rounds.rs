//! Rounds of the same short story, each crashed at another step: whatever stands between two steps
//! is lost, and what is said must be the same.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::missing_panics_doc,
    missing_docs,
    reason = "each test program uses its part; tests may panic"
)]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tasuki::domain::ids::LeadKey;
use tasuki::intake::Intake;
use tasuki::shard::Worker;

use super::deployment::Deployment;
use super::outputs::{Observer, Output, assert_gapless, count};

/// Leads of a round: the first half is answered, the second is not.
const LEADS: usize = 4;
/// A round that takes longer has come to a stop.
const ROUND_MAX: Duration = Duration::from_mins(1);
const TOPICS: [&str; 5] = [
    "sales.handoffs.inside",
    "sales.sla",
    "marketing.feedback",
    "leads.lifecycle",
    "tasuki.dead-letters",
];

/// Intake and worker, turned by hand.
struct Hands<'a> {
    deployment: &'a Deployment,
    intake: Intake,
    worker: Worker,
    steps: usize,
}

impl<'a> Hands<'a> {
    fn new(deployment: &'a Deployment) -> Self {
        Self {
            deployment,
            intake: deployment.intake(),
            worker: deployment.worker("w"),
            steps: 0,
        }
    }

    /// Loses everything that is not in the log, and begins again.
    fn crash(self) -> Self {
        let Self { deployment, steps, .. } = self;
        Self {
            steps,
            ..Self::new(deployment)
        }
    }

    /// One step of one of them, in turn.
    fn step(&mut self) {
        let now = self.deployment.clock.read();
        if self.steps.is_multiple_of(2) {
            self.intake.step(now).unwrap();
        } else {
            self.worker.step(now).unwrap();
        }
        self.steps += 1;
    }
}

fn email(round: usize, lead: usize) -> String {
    format!("r{round}l{lead}@example.com")
}

fn forms(round: usize) -> Vec<Value> {
    let form = |lead: usize| {
        json!({
            "type": "tasuki.form.submitted.v1", "id": format!("form-{round}-{lead}"), "source": "web",
            "person": {"email": email(round, lead)}, "form": "demo-request", "profile": {"employees": 500},
        })
    };
    (0..LEADS).map(form).chain([json!({"no": "type"})]).collect()
}

fn answers(round: usize) -> Vec<Value> {
    let answer = |lead: usize| {
        json!({
            "type": "tasuki.follow-up.recorded.v1", "id": format!("answer-{round}-{lead}"), "source": "sales",
            "person": {"email": email(round, lead)}, "outcome": "won",
        })
    };
    (0..LEADS / 2).map(answer).collect()
}

/// What is said about the leads of a round, by lead and type.
fn said(all: &[Output], round: usize) -> BTreeMap<(usize, String), usize> {
    let key = LeadKey::derive("tasuki");
    let leads: BTreeMap<String, usize> = (0..LEADS)
        .map(|lead| (key.by_email(&email(round, lead)).to_string(), lead))
        .collect();
    let mut counts = BTreeMap::new();
    for output in all {
        if let Some(lead) = leads.get(&output.lead) {
            *counts.entry((*lead, output.kind.clone())).or_default() += 1;
        }
    }
    counts
}

/// What is to be said about each round.
fn expected() -> BTreeMap<(usize, String), usize> {
    let mut counts = BTreeMap::new();
    for lead in 0..LEADS {
        let answered = lead < LEADS / 2;
        counts.insert((lead, "lead.handed-off".to_owned()), 1);
        counts.insert((lead, "lead.stage-changed".to_owned()), if answered { 3 } else { 2 });
        if answered {
            counts.insert((lead, "sla.met".to_owned()), 1);
            counts.insert((lead, "feedback.recorded".to_owned()), 1);
        }
    }
    counts
}

/// Crashes at step `round` of round `round`, until a round ends before its crash or there have been
/// `rounds_max`.
pub fn crash_at_every_step(deployment: &Deployment, rounds_max: usize) {
    let mut observer = Observer::join(deployment.log.as_ref(), &TOPICS.map(str::to_owned));
    let mut hands = Hands::new(deployment);
    let (mut rounds, mut crashed) = (0, true);
    while crashed && rounds < rounds_max {
        crashed = false;
        let begin = hands.steps;
        for phase in [Phase::Forms, Phase::Answers] {
            phase.send(deployment, rounds);
            let until = Instant::now() + ROUND_MAX;
            while !phase.is_done(&observer.seen, rounds) {
                if hands.steps - begin == rounds && !crashed {
                    hands = hands.crash();
                    crashed = true;
                }
                hands.step();
                observer.look(Duration::ZERO);
                assert!(Instant::now() < until, "round {rounds} does not end");
            }
        }
        rounds += 1;
    }
    observer.until_quiet(Duration::from_secs(1));
    assert_gapless(&observer.seen);
    for round in 0..rounds {
        assert_eq!(said(&observer.seen, round), expected(), "round {round}");
    }
    assert_eq!(count(&observer.seen, "dead-letter"), rounds);
    eprintln!(
        "{rounds} rounds, each crashed at another step; {} steps in all",
        hands.steps
    );
}

#[derive(Clone, Copy)]
enum Phase {
    Forms,
    Answers,
}

impl Phase {
    fn send(self, deployment: &Deployment, round: usize) {
        match self {
            Self::Forms => deployment.send(&forms(round)),
            Self::Answers => deployment.send(&answers(round)),
        }
    }

    fn is_done(self, seen: &[Output], round: usize) -> bool {
        match self {
            Self::Forms => count(seen, "lead.handed-off") >= LEADS * (round + 1),
            Self::Answers => count(seen, "feedback.recorded") >= LEADS / 2 * (round + 1),
        }
    }
}
