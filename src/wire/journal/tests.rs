//! Golden bytes and round trips of journal records.

use proptest::prelude::*;

use super::*;
use crate::domain::event::{RejectReason, Rejection};
use crate::domain::fact::*;
use crate::domain::journal::{Content, Entry, Original, Packed, PolicyDocument, Position, Role};
use crate::domain::value::{Number, Value};
use crate::wire::{hex, unhex};

fn person() -> Person {
    Person {
        lead_id: None,
        email: Some("Yuki@Example.jp".to_owned()),
        anonymous_id: Some("v-17".to_owned()),
    }
}

fn original() -> Original {
    Original {
        topic: "sales.follow-ups".to_owned(),
        partition: 3,
        offset: 1002,
        time: Instant::from_millis(1_790_000_000_500),
        key: None,
        value: Some(b"{}".to_vec()),
        headers: vec![("a".to_owned(), None), ("a".to_owned(), Some(vec![0xff]))],
    }
}

fn fact(id: &str, body: Body) -> Content {
    Content::Fact {
        lead: LeadId([0xab; 16]),
        fact: Fact {
            source: "web".to_owned(),
            id: id.to_owned(),
            at: Instant::from_millis(1_790_000_000_000),
            body,
        },
        original: None,
    }
}

fn bodies() -> Vec<Body> {
    let campaign = Some(Campaign {
        source: Some("google".to_owned()),
        medium: None,
        name: Some(String::new()),
    });
    let profile = vec![
        ("company".to_owned(), Some(Value::Text("Acme".to_owned()))),
        ("employees".to_owned(), Number::parse("3.00e2").map(Value::Number)),
        ("customer".to_owned(), Some(Value::Bool(true))),
        ("phone".to_owned(), None),
    ];
    vec![
        Body::Form(Form {
            person: person(),
            form: "demo-request".to_owned(),
            profile: profile.clone(),
            campaign: campaign.clone(),
            sales_contact: Some(false),
            message: Some("こんにちは".to_owned()),
        }),
        Body::Engagement(Engagement {
            person: person(),
            activity: "page_viewed".to_owned(),
            target: Some("/pricing".to_owned()),
            campaign,
            is_bot: false,
        }),
        Body::Profile(person(), profile),
        Body::FollowUp(FollowUp {
            handoff: HandoffId::parse("abababababababababababababababab-2-1"),
            person: None,
            outcome: Outcome::Rejected,
            reason: Some("wrong-territory".to_owned()),
            note: None,
            rep: Some("ana".to_owned()),
            amount: Some(Amount {
                value: "1200000".to_owned(),
                currency: "JPY".to_owned(),
            }),
        }),
        Body::Rep(RepChange {
            rep: "ana".to_owned(),
            available: Some(true),
            capacity: Some(1_000_000),
            team: None,
            weight: Some(3),
            skills: Some(vec!["ja".to_owned(), "en".to_owned()]),
        }),
        Body::Consent(person(), true),
        Body::Erasure(person()),
    ]
}

fn packed() -> JournalRecord {
    packed_under(1_790_000_000_000)
}

fn packed_under(turnover: u64) -> JournalRecord {
    let mut contents: Vec<_> = bodies().into_iter().map(|body| fact("e-1", body)).collect();
    if let Content::Fact { original: absent, .. } = &mut contents[3] {
        *absent = Some(original());
    }
    contents.push(Content::Rejected {
        rejection: Rejection {
            reason: RejectReason::TooLarge,
            detail: "more than 256 KiB".to_owned(),
        },
        original: original(),
    });
    contents.push(Content::Policy(policy()));
    let entries = contents.into_iter().enumerate().map(|(number, content)| Entry {
        position: Position {
            offset: 1000 + number as u64,
            index: 1,
        },
        content,
    });
    JournalRecord::Facts(Packed {
        translation: 1,
        turnover,
        source: SourcePartition {
            topic: [5; 16],
            partition: 3,
        },
        role: Role::FollowUps,
        entries: entries.collect(),
    })
}

fn policy() -> PolicyDocument {
    PolicyDocument {
        text: "version = 1".to_owned(),
        files: vec![("a.ics".to_owned(), "BEGIN".to_owned())],
    }
}

fn records() -> Vec<(&'static str, JournalRecord)> {
    let clock = Clock {
        settings: 7,
        sources: vec![NamedSource {
            topic: [5; 16],
            partitions: 6,
        }],
        reports: [Some(Instant::from_millis(1_790_000_000_000)), None]
            .into_iter()
            .map(|watermark| Report {
                source: SourcePartition {
                    topic: [5; 16],
                    partition: 300,
                },
                watermark,
                reading: watermark.is_some(),
            })
            .collect(),
    };
    let turnover = Turnover {
        source: SourcePartition {
            topic: [5; 16],
            partition: 3,
        },
        number: 1_790_000_000_001,
        from: 1_000,
    };
    let foundation = Foundation {
        secret_fingerprint: [1; 16],
        deployment: "local".to_owned(),
        partitions: 12,
    };
    vec![
        ("foundation", JournalRecord::Foundation(foundation, policy())),
        ("facts", packed()),
        ("mail", JournalRecord::Mail(Vec::new())),
        ("clock", JournalRecord::Clock(clock)),
        ("turnover", JournalRecord::Turnover(turnover)),
    ]
}

#[test]
fn bytes_of_this_version_stay_what_they_are() {
    let mut lines = String::new();
    for (name, record) in records() {
        lines.push_str(&[name, " ", &hex(&encode(&record)), "\n"].concat());
    }
    expect_test::expect_file!["../../../tests/golden/journal.v2.txt"].assert_eq(&lines);
}

#[test]
fn what_the_first_version_wrote_is_still_read() {
    let golden = include_str!("../../../tests/golden/journal.v1.txt");
    let mut read = golden.lines().map(|line| {
        let (_, bytes) = line.split_once(' ').unwrap();
        decode(&unhex(bytes))
    });
    for (name, record) in records().into_iter().take(4) {
        let record = if name == "facts" { packed_under(0) } else { record };
        assert_eq!(read.next(), Some(Ok(record)), "{name}");
    }
}

#[test]
fn every_record_is_read_back_as_it_was() {
    for (name, record) in records() {
        assert_eq!(decode(&encode(&record)), Ok(record), "{name}");
    }
}

#[test]
fn a_record_cut_anywhere_is_malformed() {
    for (name, record) in records() {
        let bytes = encode(&record);
        for end in 0..bytes.len() {
            assert_eq!(decode(&bytes[..end]), Err(Malformed), "{name} cut at {end}");
        }
    }
}

#[test]
fn a_format_from_the_future_is_malformed() {
    let mut bytes = encode(&packed());
    bytes[0] = FORMAT + 1;
    assert_eq!(decode(&bytes), Err(Malformed));
}

#[test]
fn a_page_view_after_another_takes_less_than_fifty_bytes_besides_its_texts() {
    let JournalRecord::Facts(mut facts) = packed() else {
        unreachable!()
    };
    facts.entries = vec![facts.entries[1].clone(); 2];
    facts.entries[1].position.offset += 1;
    let two = encode(&JournalRecord::Facts(facts.clone())).len();
    facts.entries.pop();
    let one = encode(&JournalRecord::Facts(facts)).len();
    let texts = "e-1".len() + "Yuki@Example.jp".len() + "v-17".len() + "page_viewed/pricinggoogle".len();
    assert!(two - one - texts < 50, "{} bytes", two - one - texts);
}

#[test]
fn a_draft_takes_what_fits_and_at_least_one() {
    let JournalRecord::Facts(facts) = packed() else {
        unreachable!()
    };
    let whole = encode(&packed()).len() + 10;
    for bytes_max in [0, whole / 3, whole / 2, whole] {
        let (mut entries, mut records) = (facts.entries.as_slice(), Vec::new());
        while !entries.is_empty() {
            let mut draft = Draft::new(&facts);
            let taken = entries.iter().take_while(|entry| draft.takes(entry, bytes_max)).count();
            assert_eq!(taken, draft.len());
            records.push(draft.close());
            entries = &entries[taken..];
        }
        let mut again = Vec::new();
        for record in &records {
            let JournalRecord::Facts(part) = decode(record).unwrap() else {
                unreachable!()
            };
            assert!(record.len() <= bytes_max || part.entries.len() == 1);
            again.extend(part.entries);
        }
        assert_eq!(again, facts.entries);
        assert_eq!(records.len() == 1, bytes_max == whole);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_a_record_or_malformed(bytes in proptest::collection::vec(any::<u8>(), 0..300), kind in 0u8..5) {
        let mut framed = vec![FORMAT, kind];
        framed.extend_from_slice(&bytes);
        drop(decode(&framed));
        drop(decode(&bytes));
    }

    #[test]
    fn a_changed_byte_never_panics(at in any::<prop::sample::Index>(), value in any::<u8>()) {
        let mut bytes = encode(&packed());
        let place = at.index(bytes.len());
        bytes[place] = value;
        drop(decode(&bytes));
    }
}
