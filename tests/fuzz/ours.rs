//! Decoders of what we wrote ourselves, of what people write into files, and the small ones.

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use tasuki::domain::bytes::{Malformed, Reader, Writer};
use tasuki::domain::journal::{JournalRecord, PolicyDocument, Role};
use tasuki::domain::policy::Policy;
use tasuki::domain::shard::{Charter, Part, Shard};
use tasuki::replay::{self, Options, SavedState};
use tasuki::settings;
use tasuki::wire::adapters::Adapter;
use tasuki::wire::json::{self, Arena};
use tasuki::wire::outputs::{read_dead_letter, structured};
use tasuki::wire::state::{Draft, Room, StateRecord};
use tasuki::wire::translate::translate;
use tasuki::wire::{ics, journal, policy_file, rfc3339, state};

use super::decoders::{Decoder, decoder, kind, number, packed, record, source};
use super::seeds;

// ---------------------------------------------------------------------------- what we wrote

/// Records of our own topics.
pub(crate) fn our_own() -> Vec<Decoder> {
    let letter = |input: &[u8]| {
        let (headers, body) = seeds::split(input);
        let header = |(name, value): (&[u8], &[u8])| (String::from_utf8_lossy(name).into_owned(), Some(value.to_vec()));
        let record = record(headers.into_iter().map(header).collect(), body);
        let shown = structured("tasuki.dead-letters", &record).is_some();
        let read = read_dead_letter(record);
        number((
            shown,
            read.map(|(filed, original)| (filed.reason.name(), original.headers.len().min(9))),
        ))
    };
    let names = [
        "reason: not-json",
        "detail: no value",
        "topic: a.b",
        "partition: 3",
        "offset: 12",
        "timestamp: 1790000000000",
        "shard: 1",
        "sequence: 00000000000000000042",
    ];
    let letters = vec![
        [
            names.map(|name| format!("tasuki_dlq_{name}\n")).concat().as_bytes(),
            b"\n{",
        ]
        .concat(),
    ];
    let states = ["tests/golden/state.v1.txt", "tests/golden/state.v2.txt"];
    vec![
        decoder("journal", journal_records(), journal_said),
        decoder(
            "state",
            states.into_iter().flat_map(seeds::golden).collect(),
            state_said,
        ),
        decoder("dead-letter", letters, letter),
    ]
}

/// A record of the journal, written again as it was read.
fn journal_said(input: &[u8]) -> u64 {
    match journal::decode(input) {
        Ok(record) => {
            let kind = match &record {
                JournalRecord::Foundation(..) => vec![1],
                JournalRecord::Facts(facts) => facts.entries.iter().take(5).map(|entry| kind(&entry.content)).collect(),
                JournalRecord::Mail(letters) => vec![3, letters.len().min(9)],
                JournalRecord::Clock(clock) => vec![4, clock.sources.len().min(9), clock.reports.len().min(9)],
                JournalRecord::Turnover(_) => vec![5],
            };
            assert_eq!(journal::decode(&journal::encode(&record)), Ok(record));
            number(kind)
        }
        Err(Malformed) => 0,
    }
}

/// The same of the state log.
fn state_said(input: &[u8]) -> u64 {
    match state::decode(input) {
        Ok(record) => {
            let sizes = match &record {
                StateRecord::Images(it) => [
                    1,
                    it.changed.len().min(9),
                    it.carried.len().min(9),
                    usize::from(it.turn.is_some()),
                ],
                StateRecord::Fence { writer, .. } => [2, writer.len().min(9), 0, 0],
                StateRecord::Mended { .. } => [3, 0, 0, 0],
            };
            if let Some(again) = written_again(&record) {
                assert_eq!(state::decode(&again), Ok(record));
            }
            number(sizes)
        }
        Err(Malformed) => 0,
    }
}

/// A record as we would write it; none of those that another follows, which say less.
fn written_again(record: &StateRecord<'_>) -> Option<Vec<u8>> {
    match record {
        StateRecord::Images(it) if it.closes => {
            let mut draft = Draft::new(it.format, it.covers.clone(), usize::MAX, Room::default());
            it.changed.iter().for_each(|(key, image)| draft.changed(key, *image));
            it.carried.iter().for_each(|(key, image)| draft.carried(key, image));
            draft.close(it.shard, it.turn.as_ref()).0.pop()
        }
        StateRecord::Images(_) => None,
        StateRecord::Fence { token, writer } => Some(state::fence(*token, writer)),
        StateRecord::Mended { next } => Some(state::mended(*next)),
    }
}

fn journal_records() -> Vec<Vec<u8>> {
    let (source, key) = (source(Role::Forms, None), seeds::key());
    let of = |value: Vec<u8>| {
        let header = ("h".to_owned(), Some(b"v".to_vec()));
        let contents = translate(&source, &key, &record(vec![header, ("n".to_owned(), None)], &value)).contents;
        journal::encode(&packed(&source, contents))
    };
    let golden = ["tests/golden/journal.v1.txt", "tests/golden/journal.v2.txt"];
    let mut records: Vec<_> = golden.into_iter().flat_map(seeds::golden).collect();
    records.extend(
        [seeds::bare(), seeds::structured(), vec![b"{".to_vec()]]
            .concat()
            .into_iter()
            .map(of),
    );
    records
}

/// What a shard, or a replay, takes back into memory; what it took it writes again.
pub(crate) fn memory() -> Vec<Decoder> {
    let policy = seeds::policy();
    let charter = || Charter {
        partition: 0,
        partitions: 1,
        patience_ms: 60_000,
        queued_max: 100,
        compile: the_policy,
    };
    let mut fresh = Writer::new();
    seeds::policy_document().write(&mut fresh);
    let parts = move |input: &[u8]| {
        let mut shard = Shard::new(charter());
        shard.restore(&Part::Policy, Some(&fresh.0)).unwrap();
        let mut kinds = Vec::new();
        let whole = restored(&mut shard, input, &mut kinds).is_ok();
        number((whole, kinds))
    };
    let key = seeds::key();
    let saved = move |input: &[u8]| {
        let options = Options {
            deployment: "local",
            until: None,
        };
        let loaded = SavedState(input.to_vec());
        let replayed = replay::replay(
            (policy.clone(), &key),
            Some(&loaded),
            &mut &b""[..],
            &mut Vec::new(),
            &options,
        );
        number(
            replayed
                .map(|replayed| replayed.save().0.len())
                .map_err(|error| error.to_string()),
        )
    };
    vec![
        decoder("image", seeds::parts(), parts),
        decoder("saved", seeds::saved_states(), saved),
    ]
}

/// Compiled once: whatever the images say, the policy is ours.
fn the_policy(document: &PolicyDocument) -> Option<Policy> {
    static POLICY: OnceLock<Option<Policy>> = OnceLock::new();
    POLICY.get_or_init(|| policy_file::compile(document).ok()).clone()
}

/// Takes parts and their images back, then writes each again.
fn restored(shard: &mut Shard, input: &[u8], kinds: &mut Vec<u8>) -> Result<(), Malformed> {
    let mut reader = Reader(input);
    while !reader.0.is_empty() {
        let (key, image) = (reader.bytes()?, reader.bytes()?);
        let part = Part::parse(key)?;
        assert_eq!(Part::parse(&part.key()).as_ref(), Ok(&part));
        kinds.extend(key.get(..2).unwrap_or_default());
        shard.restore(&part, Some(image))?;
    }
    shard.rebuilt()?;
    for part in shard.parts_after(None, 100) {
        assert!(shard.image(&part).is_some(), "what lives has an image");
    }
    Ok(())
}

// ---------------------------------------------------------------------------- what people write

/// Policies, settings, adapters, calendars.
pub(crate) fn files() -> Vec<Decoder> {
    let text = |input: &[u8]| String::from_utf8_lossy(input).into_owned();
    let policies = [
        "config/policy.toml",
        "samples/policy-demo.toml",
        "samples/policy-jp.toml",
        "tests/policies/twenty-faults.toml",
    ];
    let policy = move |input: &[u8]| {
        let document = PolicyDocument {
            text: text(input),
            files: Vec::new(),
        };
        number(policy_file::compile(&document).err().map(|faults| words(&faults)))
    };
    let folder = tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .unwrap();
    let path: PathBuf = folder.path().join("settings.toml");
    let set = move |input: &[u8]| {
        let _ = &folder;
        fs::write(&path, input).unwrap();
        let read = settings::Settings::layered(std::slice::from_ref(&path), &[]);
        number(read.err().map(|faults| words(&faults)))
    };
    let adapter = move |input: &[u8]| {
        number(
            Adapter::compile("a.toml", &text(input))
                .err()
                .map(|faults| words(&faults)),
        )
    };
    let calendar = move |input: &[u8]| {
        number(
            ics::dates("a.ics", &text(input))
                .map(|dates| dates.len())
                .map_err(|it| words(&it)),
        )
    };
    vec![
        decoder("policy", policies.map(seeds::file).to_vec(), policy),
        decoder("settings", seeds::sections("config/default.toml"), set),
        decoder("adapter", seeds::folder("samples/adapters"), adapter),
        decoder("calendar", vec![CALENDAR.as_bytes().to_vec()], calendar),
    ]
}

const CALENDAR: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20251225\r\nDTEND;VALUE=DATE:20251227\r\nRRULE:FREQ=YEARLY;INTERVAL=2;COUNT=5;BYMONTH=12;UNTIL=20991231T000000Z\r\nSUMMARY:a\r\n b\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nDTSTART:20261229\r\nDURATION:P2D\r\nX-A;B=\"c:d\":e\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nDTSTART:99991231\r\nDURATION:P1W\r\nSTATUS:CONFIRMED\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

/// Which faults there are, wherever they stand.
fn words(faults: &[tasuki::fault::Fault]) -> Vec<String> {
    let message = |fault: &tasuki::fault::Fault| {
        fault
            .message
            .chars()
            .filter(|letter| !letter.is_ascii_digit())
            .collect()
    };
    faults.iter().take(3).map(message).collect()
}

// ---------------------------------------------------------------------------- the small ones

/// Times, JSON, and lines of `replay`.
pub(crate) fn small() -> Vec<Decoder> {
    let time = |input: &[u8]| {
        let read = std::str::from_utf8(input).ok().and_then(rfc3339::parse);
        if let Some(read) = read {
            assert_eq!(rfc3339::parse(&read.to_string()), Some(read));
        }
        number((read.is_some(), input.len().min(40)))
    };
    let value = |input: &[u8]| {
        let arena = Arena::new();
        match json::parse(input, &arena) {
            Ok(value) => {
                let mut written = Vec::new();
                value.write(&mut written);
                assert_eq!(json::parse(&written, &arena), Ok(value));
                number((true, std::mem::discriminant(&value)))
            }
            Err(fault) => number(std::mem::discriminant(&fault)),
        }
    };
    let (policy, key) = (seeds::policy(), seeds::key());
    let lines = move |input: &[u8]| {
        let options = Options {
            deployment: "local",
            until: None,
        };
        let mut out = Vec::new();
        let replayed = replay::replay((policy.clone(), &key), None, &mut &input[..], &mut out, &options);
        number((replayed.map(|_| ()).map_err(|error| error.to_string()), out.len() / 100))
    };
    let times = seeds::TIMES.map(|time| time.as_bytes().to_vec());
    vec![
        decoder("time", times.to_vec(), time),
        decoder(
            "json",
            [seeds::bare(), seeds::folder("samples/payloads")].concat(),
            value,
        ),
        decoder("line", seeds::histories(), lines),
    ]
}
