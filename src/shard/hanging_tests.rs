//! What hangs in outputs comes to light, but for what was aborted.

use super::forward_tests::Bench;
use crate::domain::sample::demo;
use crate::log::simulated::Faults;
use crate::log::{Log, NewRecord, Place, Record};
use crate::wire::outputs;

const LIFECYCLE: &str = "leads.lifecycle";

/// Every commit leaves its transaction open.
fn hangs() -> Faults {
    Faults {
        lost_mark: 1,
        ..Faults::default()
    }
}

impl Bench {
    /// Nothing comes, and the worker turns.
    fn wait(&mut self, seconds: u32) {
        for _ in 0..seconds * 2 {
            self.turn();
        }
    }

    /// The process is gone, and another one comes.
    fn is_succeeded(&mut self) {
        self.crash();
        self.writer_id = "successor";
    }

    fn seen(&self) -> Vec<Record> {
        self.log.committed_records(&Place::new(LIFECYCLE, 0), 0).0
    }
}

fn readers_get_past_what(happens: impl FnOnce(&mut Bench)) {
    let mut bench = Bench::new(1);
    bench.settle();
    bench.log.set_faults(hangs());
    bench.tell(vec![(1, demo(1, vec![]))]);
    bench.wait(2);
    bench.log.set_faults(Faults::default());
    assert!(bench.seen().is_empty());
    happens(&mut bench);
    bench.wait(80);
    let (nothing, decisions): (Vec<Record>, Vec<Record>) = bench
        .seen()
        .into_iter()
        .partition(|record| outputs::is_unblocking(&record.headers));
    assert!(
        !decisions.is_empty() && (1..=4).contains(&nothing.len()),
        "{} {nothing:?}",
        decisions.len()
    );
    let spoken = |record: &Record| outputs::numbered(&record.headers, false).is_some();
    assert!(decisions.iter().all(spoken) && !nothing.iter().any(spoken));
}

#[test]
fn readers_get_past_a_transaction_that_was_left_open() {
    readers_get_past_what(|_| {});
}

#[test]
fn readers_get_past_a_transaction_of_a_process_that_is_gone() {
    readers_get_past_what(Bench::is_succeeded);
}

#[test]
fn what_was_said_again_since_stays_unseen() {
    let mut bench = Bench::new(1);
    bench.settle();
    bench.log.set_faults(hangs());
    let mut dead = bench.log.transactor(bench.writer_id).unwrap();
    bench.is_succeeded();
    let header = |name: &str, value: &str| (name.to_owned(), Some(value.as_bytes().to_vec()));
    let first = NewRecord {
        headers: vec![header("ce_tasukishard", "0"), header("ce_sequence", "1")],
        ..NewRecord::default()
    };
    dead.begin().unwrap();
    dead.append(LIFECYCLE, Some(0), first).unwrap();
    dead.commit().unwrap();
    bench.log.set_faults(Faults::default());
    bench.tell(vec![(1, demo(1, vec![]))]);
    bench.settle();
    bench.wait(120);
    assert!(bench.seen().is_empty(), "it would be there twice");
}
