//! What hangs in outputs comes to light, but for what was aborted; and what is our own is ended before
//! we write there again.

use super::forward_tests::Bench;
use super::writers::headers;
use crate::domain::sample::demo;
use crate::domain::time::Instant;
use crate::log::simulated::Faults;
use crate::log::{Log, NewRecord, Place, Record, Transactor};
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

/// The first output, in an open transaction of one of the writer's two ids.
fn says_the_first(bench: &Bench, turn: usize) -> Box<dyn Transactor> {
    let mut writer = bench.log.transactor(bench.writer_id).unwrap();
    for _ in 0..turn {
        writer.begin().unwrap();
        writer.commit().unwrap();
    }
    let header = |name: &str, value: &str| (name.to_owned(), Some(value.as_bytes().to_vec()));
    let first = NewRecord {
        headers: vec![header("ce_tasukishard", "0"), header("ce_sequence", "1")],
        ..NewRecord::default()
    };
    writer.begin().unwrap();
    writer.append(LIFECYCLE, Some(0), first).unwrap();
    writer.flush().unwrap();
    writer
}

/// The numbers of what can be seen; 0 for what says nothing.
fn numbers(bench: &Bench) -> Vec<u64> {
    let number = |record: &Record| outputs::numbered(&record.headers, false).map_or(0, |(_, number)| number);
    bench.seen().iter().map(number).collect()
}

#[test]
fn what_we_left_open_is_ended_before_more_is_written_there() {
    for (is_killed, is_behind_another) in [(false, false), (true, false), (true, true)] {
        let mut bench = Bench::new(1);
        bench.settle();
        let mut other = bench.log.transactor("other").unwrap();
        if is_behind_another {
            other.begin().unwrap();
            other.append(LIFECYCLE, Some(0), NewRecord::default()).unwrap();
            other.flush().unwrap();
        }
        bench.log.set_faults(hangs());
        bench.tell(vec![(1, demo(1, vec![]))]);
        bench.wait(2);
        bench.log.set_faults(Faults {
            slow_commit: u32::from(!is_killed),
            ..Faults::default()
        });
        assert!(bench.seen().is_empty());
        if is_killed {
            bench.crash();
        } else {
            bench.tell(vec![(2, demo(2, vec![]))]);
            bench.wait(1);
        }
        bench.log.set_faults(Faults::default());
        bench.tell(vec![(3, demo(3, vec![]))]);
        bench.settle();
        bench.wait(1);
        drop((other, bench.log.transactor("other").unwrap()));
        let numbers = numbers(&bench);
        let said: Vec<u64> = numbers.iter().copied().filter(|number| *number > 0).collect();
        assert!(
            said.windows(2).all(|pair| pair[1] > pair[0]) && said.len() >= 2,
            "{numbers:?}"
        );
        let last = numbers.iter().rposition(|number| *number == 0).unwrap();
        assert!((1..numbers.len() - 1).contains(&last), "{numbers:?}");
    }
}

#[test]
fn what_we_aborted_stays_unseen_and_readers_get_past_it() {
    for turn in 0..2 {
        let mut bench = Bench::new(1);
        bench.settle();
        bench.crash();
        let mut open = says_the_first(&bench, turn);
        // As another process would that was killed while it ended this.
        let mut nothing = outputs::unblocking("local", bench.writer_id, Instant::default());
        nothing.headers.extend(headers(bench.writer_id));
        open.append(LIFECYCLE, Some(0), nothing).unwrap();
        open.flush().unwrap();
        bench.log.set_faults(Faults {
            lost_abort_mark: 1,
            ..Faults::default()
        });
        drop((open, bench.log.transactor(bench.writer_id).unwrap()));
        bench.log.set_faults(Faults::default());
        bench.tell(vec![(1, demo(1, vec![]))]);
        bench.settle();
        bench.wait(1);
        let decided = bench.seen().iter().filter(|record| record.value.is_some()).count();
        assert!(decided > 0, "no reader gets past it");
        let numbers = numbers(&bench);
        assert_eq!(numbers.iter().filter(|number| **number == 1).count(), 1, "{numbers:?}");
    }
}

#[test]
fn what_was_said_again_since_stays_unseen() {
    let mut bench = Bench::new(1);
    bench.settle();
    bench.log.set_faults(hangs());
    let mut dead = says_the_first(&bench, 0);
    bench.is_succeeded();
    dead.commit().unwrap();
    bench.log.set_faults(Faults::default());
    bench.tell(vec![(1, demo(1, vec![]))]);
    bench.settle();
    bench.wait(120);
    assert!(bench.seen().is_empty(), "it would be there twice");
}
