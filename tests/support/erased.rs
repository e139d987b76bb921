//! Someone who asked to be forgotten, looked for in everything a client can read of the state log.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::missing_panics_doc,
    missing_docs,
    reason = "each test program uses its part; tests may panic"
)]

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tasuki::log::{Found, Isolation, Place, ReadLimit};

use super::deployment::Deployment;

const CANARY: &str = "forget-me@example.com";
/// More than any round takes to be decided.
const PATIENCE: Duration = Duration::from_secs(30);

/// Whether the bytes of the canary stand in any record of the state log, of aborted transactions too.
fn is_in_the_state_log(deployment: &Deployment) -> bool {
    let limit = ReadLimit {
        records_max: 100_000,
        bytes_max: 64 << 20,
    };
    (0..deployment.partitions).any(|partition| {
        let place = Place::new(&deployment.names.state(), partition);
        let (start, end) = deployment.log.bounds(&place).unwrap();
        if start == end {
            return false;
        }
        let mut reader = deployment.log.reader(&place, start, Isolation::Uncommitted).unwrap();
        loop {
            let records = match reader.read(limit, Duration::from_millis(500)).unwrap() {
                Found::Records(records) if !records.is_empty() => records,
                Found::Records(_) | Found::Trimmed(_) => return false,
            };
            let holds = |value: &[u8]| value.windows(CANARY.len()).any(|bytes| bytes == CANARY.as_bytes());
            if records
                .iter()
                .any(|record| holds(record.value.as_deref().unwrap_or_default()))
            {
                return true;
            }
        }
    })
}

fn form(id: &str, email: &str) -> Value {
    json!({
        "type": "tasuki.form.submitted.v1", "id": id, "source": "web",
        "person": {"email": email}, "form": "demo-request", "profile": {"employees": 500},
    })
}

/// Erases a lead among others and waits until it has left the state log; panics if it is not out of
/// it in time.
pub fn leaves_the_state_log_in_time(deployment: &Deployment) {
    let (mut intake, mut worker) = (deployment.intake(), deployment.worker("w"));
    let mut turn_until = |what: &str, within: Duration, done: &mut dyn FnMut() -> bool| {
        let began = Instant::now();
        let mut looked = Instant::now();
        loop {
            intake.step(deployment.clock.read()).unwrap();
            worker.step(deployment.clock.read()).unwrap();
            if looked.elapsed() > Duration::from_millis(300) {
                if done() {
                    return began.elapsed();
                }
                assert!(began.elapsed() < within, "{what}: not in time");
                looked = Instant::now();
            }
        }
    };
    let others = (0..200).map(|other| form(&format!("other-{other}"), &format!("other{other}@example.com")));
    deployment.send(&others.chain([form("canary", CANARY)]).collect::<Vec<_>>());
    turn_until("the canary is remembered", PATIENCE, &mut || {
        is_in_the_state_log(deployment)
    });
    deployment.send(&[json!({
        "type": "tasuki.lead.erased.v1", "id": "forget", "source": "privacy", "person": {"email": CANARY},
    })]);
    let forgotten = |deployment: &Deployment| {
        deployment
            .types("leads.lifecycle")
            .contains_key("tasuki.lead.forgotten.v1")
    };
    turn_until("the erasure is decided", PATIENCE, &mut || forgotten(deployment));
    let within = Duration::from_millis(deployment.erase_within_ms.unsigned_abs());
    let took = turn_until("the canary is out", within, &mut || !is_in_the_state_log(deployment));
    eprintln!(
        "out of the state log {:.1} s after the erasure, of {} s",
        took.as_secs_f64(),
        within.as_secs()
    );
}
