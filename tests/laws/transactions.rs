//! Laws of transactions.

use std::time::{Duration, Instant};

use tasuki::log::{Commit, Committed, Isolation, LogError, Place};

use super::{Bench, assigned, at, text, transact};

/// What the contract promises for a one-event transaction.
const COMMIT_MEDIAN_MAX: Duration = Duration::from_millis(25);

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

pub fn dropped_is_ended(bench: &Bench) {
    let place = Place::new(&bench.topic(1), 0);
    let id = bench.name("id");
    let mut transactor = bench.log.transactor(&id).unwrap();
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
    bench.sees(&place, Isolation::Committed, &["next"]);
}

pub fn the_second_fences_the_first(bench: &Bench) {
    let place = Place::new(&bench.topic(1), 0);
    let id = bench.name("id");
    let mut first = bench.log.transactor(&id).unwrap();
    transact(&mut *first, &place, "one").unwrap();
    first.begin().unwrap();
    first.append(&place.topic, Some(0), text("never")).unwrap();
    let mut second = bench.log.transactor(&id).unwrap();
    transact(&mut *second, &place, "two").unwrap();
    let outcome = first.flush().and_then(|()| first.commit().map(|_| ()));
    assert!(matches!(outcome, Err(LogError::Fenced(_))), "{outcome:?}");
    assert!(transact(&mut *first, &place, "never").is_err());
    transact(&mut *second, &place, "three").unwrap();
    bench.sees(&place, Isolation::Committed, &["one", "two", "three"]);
}

pub fn positions_are_committed(bench: &Bench) {
    let (from, to) = (Place::new(&bench.topic(1), 0), Place::new(&bench.topic(1), 0));
    bench.fill(&from, &["x"]);
    let mut consumer = bench.join(&bench.name("group"), &from.topic);
    assert_eq!(assigned(&mut *consumer), std::slice::from_ref(&from));
    let ownership = consumer.ownership().unwrap();
    let mut transactor = bench.log.transactor(&bench.name("id")).unwrap();
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
    transactor.commit().unwrap();
    let committed = consumer.committed(std::slice::from_ref(&from)).unwrap();
    assert_eq!(committed, [Some(position)]);
    // Positions alone are a transaction too, and so is one for a place of no member.
    transactor.begin().unwrap();
    transactor
        .positions(&[(from.clone(), at(2)), (to.clone(), at(7))], &ownership)
        .unwrap();
    transactor.commit().unwrap();
    assert_eq!(consumer.committed(&[from, to]).unwrap(), [Some(at(2)), Some(at(7))]);
    consumer.close();
}

pub fn one_record_is_fast(bench: &Bench) {
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
        let outcome = transactor.commit().unwrap();
        times.push(begun.elapsed());
        // A machine that is busy with other things may well be slow at times.
        if outcome == Commit::Slow {
            transactor = bench.log.transactor(&id).unwrap();
        }
    }
    times.sort();
    let median = times[ROUNDS / 2];
    eprintln!(
        "one-record transaction with positions: median {median:?}, 99th {:?}",
        times[ROUNDS * 99 / 100]
    );
    assert!(median <= COMMIT_MEDIAN_MAX, "median {median:?}");
}

pub fn uncommitted_on_demand(bench: &Bench) {
    let place = Place::new(&bench.topic(1), 0);
    let mut transactor = bench.log.transactor(&bench.name("id")).unwrap();
    transact(&mut *transactor, &place, "committed").unwrap();
    transactor.begin().unwrap();
    transactor.append(&place.topic, Some(0), text("open")).unwrap();
    transactor.flush().unwrap();
    bench.sees(&place, Isolation::Committed, &["committed"]);
    bench.sees(&place, Isolation::Uncommitted, &["committed", "open"]);
    let (_, end) = bench.log.bounds(&place).unwrap();
    assert_eq!(end, 3, "the end counts what is open: a record, its marker, a record");
}
