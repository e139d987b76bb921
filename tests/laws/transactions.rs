//! Laws of transactions.

use std::time::{Duration, Instant};

use tasuki::log::{Commit, Committed, Isolation, LogError, Place, Transactor};

use super::{Bench, PATIENCE, assigned, at, text, transact};

/// What the contract promises for a one-event transaction.
const COMMIT_MEDIAN_MAX: Duration = Duration::from_millis(25);
/// Measured so often at most: what is fast only while nothing else runs is fast.
const MEASUREMENTS_MAX: usize = 3;

/// Who goes on after this commit. A busy machine may be slow at any commit, and after a slow one a
/// new transactor has to.
fn go_on(bench: &Bench, id: &str, transactor: Box<dyn Transactor>, commit: Commit) -> Box<dyn Transactor> {
    match commit {
        Commit::Clean => transactor,
        Commit::Slow => {
            drop(transactor);
            bench.log.transactor(id).unwrap()
        }
    }
}

pub fn whole_or_not_at_all(bench: &Bench) {
    let topic = bench.topic(2);
    let (left, right) = (Place::new(&topic, 0), Place::new(&topic, 1));
    let mut transactor = bench.log.transactor(&bench.name("id")).unwrap();
    transactor.begin().unwrap();
    for value in ["a", "b"] {
        transactor.append(&topic, Some(0), text(value)).unwrap();
        transactor.append(&topic, Some(1), text(value)).unwrap();
    }
    transactor.flush().unwrap();
    for place in [&left, &right] {
        bench.sees(place, Isolation::Committed, &[]);
    }
    transactor.commit().unwrap();
    for place in [&left, &right] {
        bench.sees(place, Isolation::Committed, &["a", "b"]);
    }
}

pub fn an_open_one_is_told(bench: &Bench) {
    let topic = bench.topic(2);
    let places = [Place::new(&topic, 0), Place::new(&topic, 1)];
    let mut transactor = bench.log.transactor(&bench.name("id")).unwrap();
    transactor.begin().unwrap();
    transactor.append(&topic, Some(0), text("open")).unwrap();
    transactor.flush().unwrap();
    // A log may write a transaction as a whole when it is committed.
    let (_, end) = bench.log.bounds(&places[0]).unwrap();
    let open = (end > 0).then_some(0);
    for lasting in [Duration::ZERO, Duration::from_millis(200)] {
        assert_eq!(bench.log.open_at(&places, lasting).unwrap(), [open, None]);
    }
    transactor.commit().unwrap();
    // A broker says that it is committed before it has told every partition.
    let begun = Instant::now();
    assert_eq!(bench.log.open_at(&places, PATIENCE).unwrap(), [None, None]);
    assert!(begun.elapsed() < PATIENCE, "nothing is waited for once it is ended");
}

pub fn dropped_is_ended(bench: &Bench) {
    // A transactor may have more than one writer.
    for before in ["", "before"] {
        dropped_after(bench, before);
    }
}

fn dropped_after(bench: &Bench, before: &str) {
    let place = Place::new(&bench.topic(1), 0);
    let id = bench.name("id");
    let mut transactor = bench.log.transactor(&id).unwrap();
    let mut seen = Vec::new();
    if !before.is_empty() {
        let commit = transact(&mut *transactor, &place, before).unwrap();
        transactor = go_on(bench, &id, transactor, commit);
        seen.push(before);
    }
    transactor.begin().unwrap();
    transactor.append(&place.topic, Some(0), text("flushed")).unwrap();
    transactor.flush().unwrap();
    transactor.append(&place.topic, Some(0), text("queued")).unwrap();
    let begun = Instant::now();
    drop(transactor);
    assert!(
        begun.elapsed() < Duration::from_secs(1),
        "a drop takes {:?}",
        begun.elapsed()
    );
    let begun = Instant::now();
    let mut transactor = bench.log.transactor(&id).unwrap();
    transact(&mut *transactor, &place, "next").unwrap();
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "a successor takes {:?}",
        begun.elapsed()
    );
    seen.push("next");
    bench.sees(&place, Isolation::Committed, &seen);
}

pub fn the_second_fences_the_first(bench: &Bench) {
    let place = Place::new(&bench.topic(1), 0);
    let id = bench.name("id");
    let mut first = bench.log.transactor(&id).unwrap();
    let commit = transact(&mut *first, &place, "one").unwrap();
    let mut first = go_on(bench, &id, first, commit);
    first.begin().unwrap();
    first.append(&place.topic, Some(0), text("never")).unwrap();
    let mut second = bench.log.transactor(&id).unwrap();
    let commit = transact(&mut *second, &place, "two").unwrap();
    let outcome = first.flush().and_then(|()| first.commit().map(|_| ()));
    assert!(matches!(outcome, Err(LogError::Fenced(_))), "{outcome:?}");
    assert!(transact(&mut *first, &place, "never").is_err());
    let mut second = go_on(bench, &id, second, commit);
    transact(&mut *second, &place, "three").unwrap();
    bench.sees(&place, Isolation::Committed, &["one", "two", "three"]);
}

pub fn positions_are_committed(bench: &Bench) {
    let (from, to) = (Place::new(&bench.topic(1), 0), Place::new(&bench.topic(1), 0));
    bench.fill(&from, &["x"]);
    let mut consumer = bench.join(&bench.name("group"), &from.topic);
    assert_eq!(assigned(&mut *consumer), std::slice::from_ref(&from));
    let ownership = consumer.ownership().unwrap();
    let id = bench.name("id");
    let mut transactor = bench.log.transactor(&id).unwrap();
    let position = Committed {
        offset: 1,
        metadata: "beside it".to_owned(),
    };
    transactor.begin().unwrap();
    transactor.append(&to.topic, Some(0), text("y")).unwrap();
    transactor.flush().unwrap();
    transactor
        .positions(&[(from.clone(), position.clone())], &ownership)
        .unwrap();
    let commit = transactor.commit().unwrap();
    let committed = consumer.committed(std::slice::from_ref(&from)).unwrap();
    assert_eq!(committed, [Some(position)]);
    // Positions alone are a transaction too, and so is one for a place of no member.
    let mut transactor = go_on(bench, &id, transactor, commit);
    transactor.begin().unwrap();
    transactor
        .positions(&[(from.clone(), at(2)), (to.clone(), at(7))], &ownership)
        .unwrap();
    transactor.commit().unwrap();
    assert_eq!(consumer.committed(&[from, to]).unwrap(), [Some(at(2)), Some(at(7))]);
    consumer.close();
}

pub fn one_record_is_fast(bench: &Bench) {
    let mut medians = (0..MEASUREMENTS_MAX).map(|_| median_of_one_record(bench));
    assert!(
        medians.any(|median| median <= COMMIT_MEDIAN_MAX),
        "slower than {COMMIT_MEDIAN_MAX:?} each time"
    );
}

/// The median time of a transaction of one record with positions.
fn median_of_one_record(bench: &Bench) -> Duration {
    const ROUNDS: usize = 200;
    let (from, to) = (Place::new(&bench.topic(1), 0), Place::new(&bench.topic(1), 0));
    let mut consumer = bench.join(&bench.name("group"), &from.topic);
    assigned(&mut *consumer);
    let id = bench.name("id");
    let mut transactor = bench.log.transactor(&id).unwrap();
    let mut times = Vec::with_capacity(ROUNDS);
    for round in 0..ROUNDS {
        let ownership = consumer.ownership().unwrap();
        let begun = Instant::now();
        transactor.begin().unwrap();
        transactor.append(&to.topic, Some(0), text("z")).unwrap();
        transactor.flush().unwrap();
        transactor
            .positions(&[(from.clone(), at(round as u64))], &ownership)
            .unwrap();
        let commit = transactor.commit().unwrap();
        times.push(begun.elapsed());
        transactor = go_on(bench, &id, transactor, commit);
    }
    consumer.close();
    times.sort();
    let median = times[ROUNDS / 2];
    eprintln!(
        "one-record transaction with positions: median {median:?}, 99th {:?}",
        times[ROUNDS * 99 / 100]
    );
    median
}

pub fn uncommitted_on_demand(bench: &Bench) {
    let place = Place::new(&bench.topic(1), 0);
    let id = bench.name("id");
    let mut transactor = bench.log.transactor(&id).unwrap();
    let commit = transact(&mut *transactor, &place, "committed").unwrap();
    let mut transactor = go_on(bench, &id, transactor, commit);
    transactor.begin().unwrap();
    transactor.append(&place.topic, Some(0), text("open")).unwrap();
    transactor.flush().unwrap();
    bench.sees(&place, Isolation::Committed, &["committed"]);
    bench.sees(&place, Isolation::Uncommitted, &["committed", "open"]);
    let (_, end) = bench.log.bounds(&place).unwrap();
    assert_eq!(end, 3, "the end counts what is open: a record, its marker, a record");
}
