//! Laws of groups: assignment, reading, committing, and changing hands.

use std::time::Instant;

use tasuki::log::{Committed, Consumer, LogError, Place, ReadLimit, Signal};

use super::{ALL, Bench, QUIET, STEP, assigned, at, signal, text, until, value_of};

/// Reads until `count` records of the place came; returns their values.
fn take(consumer: &mut dyn Consumer, place: &Place, count: usize) -> Vec<String> {
    let mut values = Vec::new();
    until("the records come", || {
        for signal in consumer.poll(ALL, STEP).unwrap() {
            if let Signal::Records(from, records) = signal {
                assert_eq!(from, *place);
                values.extend(records.iter().map(value_of));
            }
        }
        (values.len() >= count).then_some(())
    });
    values
}

/// Reads until the end is told at `offset`; returns what came before it, and the sizes of reads.
fn take_to(consumer: &mut dyn Consumer, place: &Place, offset: u64, limit: ReadLimit) -> (Vec<String>, Vec<usize>) {
    let (mut values, mut sizes) = (Vec::new(), Vec::new());
    until("the end is told", || {
        let mut is_end = false;
        for signal in consumer.poll(limit, STEP).unwrap() {
            match signal {
                Signal::Records(_, records) => {
                    values.extend(records.iter().map(value_of));
                    sizes.push(records.len());
                }
                Signal::End(at, end) => is_end = at == *place && end == offset,
                other => panic!("{other:?}"),
            }
        }
        is_end.then_some(())
    });
    (values, sizes)
}

/// Asserts that nothing is read for a while.
fn silent(consumer: &mut dyn Consumer) {
    let begun = Instant::now();
    while begun.elapsed() < QUIET {
        for signal in consumer.poll(ALL, STEP).unwrap() {
            assert!(!matches!(signal, Signal::Records(..)), "{signal:?}");
        }
    }
}

pub fn a_member_reads_what_it_starts(bench: &Bench) {
    let topic = bench.topic(2);
    let (first, second) = (Place::new(&topic, 0), Place::new(&topic, 1));
    bench.fill(&first, &["0", "1", "2", "3"]);
    bench.fill(&second, &["other"]);
    let mut consumer = bench.join(&bench.name("group"), &topic);
    let mut places = assigned(&mut *consumer);
    places.sort();
    assert_eq!(places, [first.clone(), second.clone()]);
    silent(&mut *consumer);
    consumer.start(&first, 1).unwrap();
    let (values, _) = take_to(&mut *consumer, &first, 4, ALL);
    assert_eq!(values, ["1", "2", "3"]);
    bench.fill(&first, &["4", "5"]);
    let one = ReadLimit {
        records_max: 1,
        bytes_max: 1,
    };
    let (values, sizes) = take_to(&mut *consumer, &first, 6, one);
    assert_eq!(values, ["4", "5"]);
    assert_eq!(sizes, [1, 1], "one by one");
    let ends = consumer.ends(&[second.clone(), first.clone(), Place::new("no-such-topic", 0)]);
    assert_eq!(ends[..2], [Ok(1), Ok(6)]);
    assert!(ends[2].is_err());
    consumer.close();
}

pub fn stopped_is_silent(bench: &Bench) {
    let place = Place::new(&bench.topic(1), 0);
    bench.fill(&place, &["0", "1", "2", "3", "4"]);
    let mut consumer = bench.join(&bench.name("group"), &place.topic);
    assigned(&mut *consumer);
    consumer.start(&place, 0).unwrap();
    let one = ReadLimit {
        records_max: 1,
        bytes_max: 1,
    };
    let first = until("the first comes", || match consumer.poll(one, STEP).unwrap().pop() {
        Some(Signal::Records(_, records)) => Some(value_of(&records[0])),
        _ => None,
    });
    assert_eq!(first, "0");
    consumer.stop(&place).unwrap();
    bench.fill(&place, &["5"]);
    silent(&mut *consumer);
    consumer.start(&place, 1).unwrap();
    assert_eq!(take(&mut *consumer, &place, 5), ["1", "2", "3", "4", "5"]);
    // Starting what is started begins anew, without what was on its way.
    consumer.start(&place, 0).unwrap();
    consumer.poll(one, STEP).unwrap();
    consumer.start(&place, 0).unwrap();
    assert_eq!(take(&mut *consumer, &place, 6), ["0", "1", "2", "3", "4", "5"]);
    consumer.close();
}

pub fn committed_offsets_keep_metadata(bench: &Bench) {
    let topic = bench.topic(2);
    let (first, second) = (Place::new(&topic, 0), Place::new(&topic, 1));
    let group = bench.name("group");
    let mut consumer = bench.join(&group, &topic);
    assigned(&mut *consumer);
    assert_eq!(
        consumer.committed(&[first.clone(), second.clone()]).unwrap(),
        [None, None]
    );
    let noted = Committed {
        offset: 17,
        metadata: "topic=ab translation=3 ü".to_owned(),
    };
    consumer.commit(&[(first.clone(), noted.clone())]).unwrap();
    assert_eq!(
        consumer.committed(&[second.clone(), first.clone()]).unwrap(),
        [None, Some(noted.clone())]
    );
    consumer.close();
    let mut consumer = bench.join(&group, &topic);
    assigned(&mut *consumer);
    assert_eq!(consumer.committed(&[first, second]).unwrap(), [Some(noted), None]);
    consumer.close();
}

pub fn offsets_by_time(bench: &Bench) {
    let place = Place::new(&bench.topic(1), 0);
    let before = bench.fill(&place, &["0"])[0].time;
    std::thread::sleep(STEP);
    let after = bench.fill(&place, &["1", "2"])[0].time;
    let mut consumer = bench.join(&bench.name("group"), &place.topic);
    assert_eq!(consumer.offset_at(&place, before).unwrap(), 0);
    assert_eq!(consumer.offset_at(&place, before.plus_millis(1)).unwrap(), 1);
    assert_eq!(consumer.offset_at(&place, after).unwrap(), 1);
    assert_eq!(consumer.offset_at(&place, after.plus_millis(60_000)).unwrap(), 3);
    assert_eq!(consumer.start_offset(&place).unwrap(), 0);
    bench.log.trim(&place, 2).unwrap();
    assert_eq!(consumer.start_offset(&place).unwrap(), 2);
    consumer.close();
}

pub fn out_of_range_is_told(bench: &Bench) {
    let place = Place::new(&bench.topic(1), 0);
    bench.fill(&place, &["0", "1", "2"]);
    bench.log.trim(&place, 2).unwrap();
    let mut consumer = bench.join(&bench.name("group"), &place.topic);
    assigned(&mut *consumer);
    consumer.start(&place, 0).unwrap();
    signal(&mut *consumer, "it is told", |signal| match signal {
        Signal::OutOfRange(at) => (at == place).then_some(()),
        Signal::Records(..) => panic!("{signal:?}"),
        _ => None,
    });
    consumer.start(&place, 2).unwrap();
    assert_eq!(take(&mut *consumer, &place, 1), ["2"]);
    consumer.close();
}

/// Both members are polled until the first is asked for partitions; none has gone over by then.
fn asked_back(first: &mut dyn Consumer, second: &mut dyn Consumer) -> Vec<Place> {
    until("partitions are asked back", || {
        for signal in second.poll(ALL, STEP).unwrap() {
            assert!(
                !matches!(&signal, Signal::Assigned(places) if !places.is_empty()),
                "too early: {signal:?}"
            );
        }
        first
            .poll(ALL, STEP)
            .unwrap()
            .into_iter()
            .find_map(|signal| match signal {
                Signal::Revoked(places) => Some(places),
                _ => None,
            })
    })
}

/// Both members are polled until the second has something; the first is asked for no more.
fn gone_over(first: &mut dyn Consumer, second: &mut dyn Consumer) -> Vec<Place> {
    until("they go over", || {
        for signal in first.poll(ALL, STEP).unwrap() {
            if let Signal::Revoked(places) | Signal::Lost(places) = signal {
                panic!("asked for more: {places:?}");
            }
        }
        second
            .poll(ALL, STEP)
            .unwrap()
            .into_iter()
            .find_map(|signal| match signal {
                Signal::Assigned(places) if !places.is_empty() => Some(places),
                _ => None,
            })
    })
}

pub fn moves_only_after_release(bench: &Bench) {
    let topic = bench.topic(4);
    let group = bench.name("group");
    let mut first = bench.join(&group, &topic);
    let all = assigned(&mut *first);
    assert_eq!(all.len(), 4);
    for place in &all[..3] {
        first.start(place, 0).unwrap();
    }
    let mut second = bench.join(&group, &topic);
    let mut asked = asked_back(&mut *first, &mut *second);
    assert_eq!(asked.len(), 2);
    // What is asked back is ours until released: it can be committed, and nobody else gets it.
    nobody_gets_anything(&mut *first, &mut *second);
    let last: Vec<_> = asked.iter().map(|place| (place.clone(), at(5))).collect();
    until("the last commit goes through", || match first.commit(&last) {
        Ok(()) => Some(()),
        Err(LogError::Retry(_)) => None,
        Err(error) => panic!("{error}"),
    });
    let filled = asked[0].clone();
    bench.fill(&filled, &["for the next owner"]);
    // What is kept may be stopped meanwhile, which is no answer to the question.
    let kept = all.iter().find(|place| !asked.contains(place)).unwrap();
    first.stop(kept).unwrap();
    nobody_gets_anything(&mut *first, &mut *second);
    silent(&mut *first);
    first.release(&asked).unwrap();
    let mut got = gone_over(&mut *first, &mut *second);
    got.sort();
    asked.sort();
    assert_eq!(got, asked);
    assert_eq!(second.committed(&asked).unwrap(), [Some(at(5)), Some(at(5))]);
    let gone = asked.iter().find(|place| **place == filled).unwrap();
    second.start(gone, 0).unwrap();
    assert_eq!(take(&mut *second, gone, 1), ["for the next owner"]);
    bench.fill(kept, &["still ours"]);
    first.start(kept, 0).unwrap();
    assert_eq!(take(&mut *first, kept, 1), ["still ours"]);
    assert!(matches!(
        first.commit(&[(asked[0].clone(), at(9))]),
        Err(LogError::Fenced(_))
    ));
    second.close();
    come_back(&mut *first, 2);
    first.close();
}

pub fn what_is_kept_is_read_on(bench: &Bench) {
    let topic = bench.topic(4);
    let group = bench.name("group");
    let mut first = bench.join(&group, &topic);
    let all = assigned(&mut *first);
    for place in &all {
        bench.fill(place, &["0"]);
        first.start(place, 0).unwrap();
        assert_eq!(take_to(&mut *first, place, 1, ALL).0, ["0"]);
    }
    let mut second = bench.join(&group, &topic);
    let asked = asked_back(&mut *first, &mut *second);
    let kept: Vec<&Place> = all.iter().filter(|place| !asked.contains(place)).collect();
    // Behind an end that was told already, and while partitions change hands.
    for place in &kept {
        bench.fill(place, &["1"]);
    }
    first.release(&asked).unwrap();
    let mut missing = kept.len();
    until("what was written meanwhile is read", || {
        second.poll(ALL, STEP).unwrap();
        for signal in first.poll(ALL, STEP).unwrap() {
            match signal {
                Signal::Records(place, records) => {
                    assert!(kept.contains(&&place), "{place} was given up");
                    assert_eq!(records.iter().map(value_of).collect::<Vec<_>>(), ["1"]);
                    missing -= 1;
                }
                Signal::OutOfRange(place) => panic!("{place} has lost its place"),
                _ => {}
            }
        }
        (missing == 0).then_some(())
    });
    second.close();
    first.close();
}

fn nobody_gets_anything(first: &mut dyn Consumer, second: &mut dyn Consumer) {
    let begun = Instant::now();
    while begun.elapsed() < QUIET {
        for signal in second.poll(ALL, STEP).unwrap() {
            assert!(
                !matches!(&signal, Signal::Assigned(places) if !places.is_empty()),
                "too early"
            );
        }
        first.poll(ALL, STEP).unwrap();
    }
}

/// The one that stays gets everything back.
fn come_back(first: &mut dyn Consumer, count: usize) {
    let mut back = Vec::new();
    until("everything comes back", || {
        for signal in first.poll(ALL, STEP).unwrap() {
            if let Signal::Assigned(places) = signal {
                back.extend(places);
            }
        }
        (back.len() == count).then_some(())
    });
}

pub fn a_former_owner_commits_nothing(bench: &Bench) {
    let (from, to) = (bench.topic(2), Place::new(&bench.topic(1), 0));
    let group = bench.name("group");
    let mut first = bench.join(&group, &from);
    assigned(&mut *first);
    let stale = first.ownership().unwrap();
    let mut transactor = bench.log.transactor(&bench.name("id")).unwrap();
    transactor.begin().unwrap();
    transactor.append(&to.topic, Some(0), text("a zombie's")).unwrap();
    transactor.flush().unwrap();
    let mut second = bench.join(&group, &from);
    let asked = asked_back(&mut *first, &mut *second);
    first.release(&asked).unwrap();
    gone_over(&mut *first, &mut *second);
    let outcome = transactor.positions(&[(asked[0].clone(), at(1))], &stale);
    assert!(matches!(outcome, Err(LogError::Fenced(_))), "{outcome:?}");
    assert!(transactor.commit().is_err());
    drop(transactor);
    assert_eq!(second.committed(&asked).unwrap(), [None]);
    first.close();
    second.close();
}
