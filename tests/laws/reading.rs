//! Laws of topics and of readers without a group.

use std::time::{Duration, Instant};

use tasuki::log::{Found, Isolation, Place};

use super::{ALL, Bench, STEP, transact, until, value_of};

pub fn topics_are_known(bench: &Bench) {
    let (one, three) = (bench.topic(1), bench.topic(3));
    let found = bench.log.topics(&[&three, "no-such-topic", &one]).unwrap();
    assert_eq!(found[1], None);
    let (first, last) = (found[0].clone().unwrap(), found[2].clone().unwrap());
    assert_eq!((&*first.name, first.partitions), (three.as_str(), 3));
    assert_eq!((&*last.name, last.partitions), (one.as_str(), 1));
    assert_ne!(first.id, last.id);
    assert_ne!(first.id.0, [0; 16]);
    assert_eq!(bench.log.topics(&[&one]).unwrap()[0], Some(last));
}

pub fn a_reader_keeps_to_its_wait(bench: &Bench) {
    let place = Place::new(&bench.topic(1), 0);
    let mut reader = bench.log.reader(&place, 0, Isolation::Committed).unwrap();
    let begun = Instant::now();
    let found = reader.read(ALL, Duration::from_millis(200)).unwrap();
    assert!(matches!(found, Found::Records(records) if records.is_empty()));
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    bench.fill(&place, &["a", "b"]);
    until("what was written meanwhile is read", || {
        let Found::Records(records) = reader.read(ALL, STEP).unwrap() else {
            panic!("trimmed")
        };
        let first = records.first()?;
        assert_eq!(value_of(first), "a");
        Some(())
    });
}

pub fn trimming_moves_the_start(bench: &Bench) {
    let place = Place::new(&bench.topic(1), 0);
    bench.fill(&place, &["0", "1", "2", "3", "4"]);
    bench.log.trim(&place, 3).unwrap();
    assert_eq!(bench.log.bounds(&place).unwrap(), (3, 5));
    bench.log.trim(&place, 3).unwrap();
    bench.log.trim(&place, 1).unwrap();
    assert_eq!(bench.log.bounds(&place).unwrap(), (3, 5));
    let mut reader = bench.log.reader(&place, 1, Isolation::Committed).unwrap();
    let start = until("the reader hears of it", || match reader.read(ALL, STEP).unwrap() {
        Found::Trimmed(start) => Some(start),
        Found::Records(records) => {
            assert!(records.is_empty());
            None
        }
    });
    assert_eq!(start, 3);
    let mut reader = bench.log.reader(&place, 3, Isolation::Committed).unwrap();
    let first = until("the rest is read", || match reader.read(ALL, STEP).unwrap() {
        Found::Records(records) => records.first().map(value_of),
        Found::Trimmed(_) => panic!("trimmed"),
    });
    assert_eq!(first, "3");
}

pub fn a_reader_reaches_the_end(bench: &Bench) {
    let place = Place::new(&bench.topic(1), 0);
    bench.fill(&place, &["alone"]);
    // On Kafka the mark of a transaction stands last, and is no record.
    let mut transactor = bench.log.transactor(&bench.name("id")).unwrap();
    transact(&mut *transactor, &place, "whole").unwrap();
    let (_, end) = bench.log.bounds(&place).unwrap();
    for isolation in [Isolation::Committed, Isolation::Uncommitted] {
        let mut reader = bench.log.reader(&place, 0, isolation).unwrap();
        assert_eq!(reader.position(), 0);
        let mut values = Vec::new();
        until("the end is reached", || {
            let Found::Records(records) = reader.read(ALL, STEP).unwrap() else {
                panic!("trimmed")
            };
            values.extend(records.iter().map(value_of));
            (reader.position() == end).then_some(())
        });
        assert_eq!(values, ["alone", "whole"]);
    }
}
