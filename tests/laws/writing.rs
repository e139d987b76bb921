//! Laws of appending.

use std::time::Duration;

use tasuki::log::{Isolation, LogError, NewRecord, Place};

use super::{Bench, acks, text};

pub fn appends_are_gapless(bench: &Bench) {
    const COUNT: usize = 5_000;
    let place = Place::new(&bench.topic(1), 0);
    let mut appender = bench.log.appender().unwrap();
    let mut got = Vec::new();
    for number in 0..COUNT {
        loop {
            match appender.append(&place.topic, Some(0), &text(&number.to_string())) {
                Ok(ticket) => break assert_eq!(ticket, number as u64),
                Err(LogError::Retry(_)) => got.extend(appender.poll(Duration::from_millis(1)).unwrap()),
                Err(error) => panic!("{error}"),
            }
        }
    }
    got.extend(acks(&mut *appender, COUNT - got.len()));
    for (number, ack) in got.iter().enumerate() {
        assert_eq!((ack.ticket, ack.offset), (number as u64, number as u64));
    }
    assert!(got.is_sorted_by_key(|ack| ack.time), "append times never fall");
    assert!(
        got[0].time.millis() > 1_600_000_000_000,
        "append times are times of day"
    );
    let records = bench.read(&place, Isolation::Committed, COUNT);
    assert_eq!(records.len(), COUNT);
    for (record, ack) in records.iter().zip(&got) {
        assert_eq!((record.offset, record.time), (ack.offset, ack.time));
    }
    assert_eq!(bench.log.bounds(&place).unwrap(), (0, COUNT as u64));
}

pub fn records_come_back_byte_for_byte(bench: &Bench) {
    let place = Place::new(&bench.topic(1), 0);
    let header = |name: &str, value: Option<&[u8]>| (name.to_owned(), value.map(<[u8]>::to_vec));
    let records = vec![
        NewRecord::default(),
        NewRecord {
            key: Some(Vec::new()),
            value: Some(Vec::new()),
            headers: Vec::new(),
        },
        NewRecord {
            key: Some(vec![0, 255, 0]),
            value: Some(vec![0xfe; 300_000]),
            headers: vec![
                header("twice", Some(b"1")),
                header("twice", Some(b"2")),
                header("none", None),
                header("empty", Some(b"")),
                header("", Some(b"no name")),
                header("bytes", Some(&[0, 159, 146, 150])),
            ],
        },
        NewRecord {
            key: None,
            value: Some(b"value".to_vec()),
            headers: vec![header("only", None)],
        },
    ];
    let mut appender = bench.log.appender().unwrap();
    for record in &records {
        appender.append(&place.topic, Some(0), record).unwrap();
    }
    acks(&mut *appender, records.len());
    let read = bench.read(&place, Isolation::Committed, records.len());
    for (written, read) in records.iter().zip(&read) {
        assert_eq!(
            (&written.key, &written.value, &written.headers),
            (&read.key, &read.value, &read.headers)
        );
    }
}

pub fn keys_choose_partitions(bench: &Bench) {
    const KEYS: &[&str] = &["21", "foobar", "a-little-bit-long-string", "abc", "a", "5b6c1d2e"];
    // The Java client's own test vectors (`UtilsTest.testMurmur2`).
    for (key, hash) in [("21", -973_932_308_i32), ("foobar", -790_332_482), ("abc", 479_470_107)] {
        assert_eq!(murmur2(key.as_bytes()), hash as u32 & 0x7fff_ffff, "{key}");
    }
    let topic = bench.topic(10);
    let mut appender = bench.log.appender().unwrap();
    for key in KEYS {
        let record = NewRecord {
            key: Some(key.as_bytes().to_vec()),
            ..NewRecord::default()
        };
        appender.append(&topic, None, &record).unwrap();
    }
    acks(&mut *appender, KEYS.len());
    for key in KEYS {
        let expected = murmur2(key.as_bytes()) % 10;
        let place = Place::new(&topic, expected);
        let found = bench.read(&place, Isolation::Committed, 1);
        assert!(
            found.iter().any(|record| record.key.as_deref() == Some(key.as_bytes())),
            "{key}"
        );
    }
}

/// MurmurHash2 as in the Java client, made positive as it does.
fn murmur2(bytes: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let mut hash = 0x9747_b28c ^ bytes.len() as u32;
    let mut chunks = bytes.chunks_exact(4);
    for chunk in &mut chunks {
        let mut k = u32::from_le_bytes(chunk.try_into().unwrap()).wrapping_mul(M);
        k = (k ^ (k >> 24)).wrapping_mul(M);
        hash = hash.wrapping_mul(M) ^ k;
    }
    let rest = chunks.remainder();
    if !rest.is_empty() {
        for (place, byte) in rest.iter().enumerate() {
            hash ^= u32::from(*byte) << (8 * place);
        }
        hash = hash.wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(M);
    (hash ^ (hash >> 15)) & 0x7fff_ffff
}
