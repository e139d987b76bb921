//! One golden file for each type that goes out: headers, then data.

use super::*;
use crate::domain::event::*;
use crate::domain::fact::{Amount, Campaign, HandoffId, Outcome, Person};
use crate::domain::ids::LeadId;
use crate::domain::journal::Original;
use crate::domain::time::Instant;
use crate::domain::value::{Number, Value};

const HANDOFF: HandoffId = HandoffId {
    lead: LeadId([0x1f; 16]),
    cycle: 1,
    attempt: 2,
};

fn instant(minutes: i64) -> Instant {
    Instant::from_millis(1_791_158_400_000 + minutes * 60_000)
}

fn policy() -> PolicyStamp {
    PolicyStamp {
        version: 3,
        hash: "0123456789abcdef".to_owned(),
    }
}

fn reasons() -> Vec<Reason> {
    let reason = |rule: &str, points, touches, last_day| Reason {
        rule: rule.to_owned(),
        points,
        touches,
        last_day,
    };
    vec![
        reason("demo-request", 40, Some(1), Some(20_731)),
        reason("enterprise", 30, None, None),
    ]
}

fn score() -> Score {
    Score {
        fit: 30,
        engagement: 40,
        reasons: reasons(),
    }
}

fn campaigns() -> CampaignSpan {
    CampaignSpan {
        first: Some(Campaign {
            source: Some("google".to_owned()),
            medium: Some("cpc".to_owned()),
            name: None,
        }),
        last: None,
    }
}

fn passed_over() -> Vec<PassedOver> {
    let other = |rep: &str, why| PassedOver {
        rep: rep.to_owned(),
        why,
    };
    vec![other("ben", Why::NotTheirTurn), other("carl", Why::AtCapacity)]
}

fn promise() -> Promise {
    Promise {
        start: instant(0),
        warn_at: Some(instant(180)),
        respond_by: instant(240),
        escalate_at: None,
        reassign_at: Some(instant(480)),
        calendar: "tokyo".to_owned(),
    }
}

fn handed_off() -> Decision {
    Decision::HandedOff(Box::new(HandedOff {
        handoff: HANDOFF,
        team: "enterprise".to_owned(),
        rep: "ana".to_owned(),
        route: "jp-enterprise".to_owned(),
        person: Person {
            lead_id: None,
            email: Some("yuki@example.jp".to_owned()),
            anonymous_id: None,
        },
        profile: vec![
            ("company".to_owned(), Some(Value::Text("株式会社\"例\"\n".to_owned()))),
            ("customer".to_owned(), Some(Value::Bool(false))),
            ("employees".to_owned(), Number::parse("3.00e2").map(Value::Number)),
        ],
        campaign: campaigns(),
        score: score(),
        qualified_at: instant(0),
        qualified_by: "thresholds".to_owned(),
        passed_over: passed_over(),
        sla: promise(),
        message: Some("こんにちは".to_owned()),
        policy: policy(),
    }))
}

fn queued() -> Decision {
    Decision::Queued(Box::new(Queued {
        handoff: HANDOFF,
        team: "enterprise".to_owned(),
        route: "jp-enterprise".to_owned(),
        passed_over: passed_over(),
        sla: promise(),
        policy: policy(),
    }))
}

fn withdrawn(because: WithdrawnBecause) -> Decision {
    Decision::Withdrawn(Withdrawn {
        handoff: HANDOFF,
        team: "enterprise".to_owned(),
        rep: "ana".to_owned(),
        because,
        policy: policy(),
    })
}

fn notice(kind: SlaKind) -> Decision {
    let answered = matches!(kind, SlaKind::Met | SlaKind::Excused);
    Decision::Sla(SlaNotice {
        kind,
        handoff: HANDOFF,
        team: "enterprise".to_owned(),
        rep: (kind != SlaKind::Escalated).then(|| "ana".to_owned()),
        respond_by: instant(240),
        response_at: answered.then(|| instant(250)),
        late: (kind == SlaKind::Met).then_some(true),
        working_seconds: answered.then_some(15_000),
        policy: policy(),
    })
}

fn stage_changed() -> Decision {
    Decision::StageChanged(StageChanged {
        lead: HANDOFF.lead,
        cycle: 0,
        from: None,
        to: Stage::Inquiry,
        at: instant(0),
        because_event: "/web#e-1".to_owned(),
        because_rule: None,
        because_reason: None,
        score: score(),
        policy: policy(),
    })
}

fn feedback() -> Decision {
    Decision::Feedback(Box::new(Feedback {
        lead: HANDOFF.lead,
        handoff: Some(HANDOFF),
        cycle: Some(1),
        team: Some("enterprise".to_owned()),
        rep: Some("ana".to_owned()),
        outcome: Outcome::Won,
        reason: None,
        note: Some("signed".to_owned()),
        amount: Some(Amount {
            value: "1200000".to_owned(),
            currency: "JPY".to_owned(),
        }),
        at: instant(250),
        campaign: campaigns(),
        rules: reasons(),
        working_seconds: Some(15_000),
        policy: policy(),
    }))
}

fn decisions() -> Vec<Decision> {
    let mut decisions = vec![
        handed_off(),
        queued(),
        withdrawn(WithdrawnBecause::Deadline),
        stage_changed(),
        feedback(),
        Decision::Forgotten { lead: HANDOFF.lead },
    ];
    decisions.extend(SlaKind::ALL.map(notice));
    decisions
}

fn output(decision: Decision) -> Output {
    Output {
        topic: Topic::Handoffs("sales.handoffs.enterprise".to_owned()),
        lead: HANDOFF.lead,
        id: [0xa0; 16],
        at: instant(0),
        causation: "/web#e-1".to_owned(),
        decision,
    }
}

const DECIDER: Decider<'_> = Decider {
    deployment: "local",
    shard: 7,
};

fn shown(record: &NewRecord) -> String {
    let text = |bytes: &Option<Vec<u8>>| match bytes {
        Some(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        None => "null".to_owned(),
    };
    let mut shown = format!("key {}\n", text(&record.key));
    for (name, value) in &record.headers {
        shown.push_str(&[name, ": ", &text(value), "\n"].concat());
    }
    shown + &text(&record.value) + "\n"
}

#[test]
fn each_type_looks_as_it_did() {
    for decision in decisions() {
        let output = output(decision);
        let file = format!(
            "{}/tests/golden/outputs/{}.txt",
            env!("CARGO_MANIFEST_DIR"),
            type_name(&output.decision)
        );
        expect_test::expect_file![file].assert_eq(&shown(&record(&output, DECIDER, 42)));
    }
}

#[test]
fn the_types_are_listed() {
    let mut names: Vec<_> = decisions().iter().map(type_name).collect();
    let mut listed = TYPES.to_vec();
    names.sort_unstable();
    listed.sort_unstable();
    assert_eq!(names, listed);
}

#[test]
fn a_line_is_the_structured_form_of_the_record() {
    for decision in decisions() {
        let output = output(decision);
        let written = record(&output, DECIDER, 42);
        let read = Record {
            offset: 0,
            time: instant(0),
            key: written.key,
            value: written.value,
            headers: written.headers,
        };
        let mut expected = structured("sales.handoffs.enterprise", &read).unwrap();
        expected.push(b'\n');
        let mut line_of_it = Vec::new();
        line(&mut line_of_it, &output, DECIDER, 42);
        assert_eq!(String::from_utf8(line_of_it), String::from_utf8(expected));
    }
}

#[test]
fn every_line_is_json_that_serde_json_reads() {
    for decision in decisions() {
        let mut out = Vec::new();
        line(&mut out, &output(decision), DECIDER, 42);
        let event: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(event["sequence"], "00000000000000000042");
        assert_eq!(event["data"]["lead"], HANDOFF.lead.to_string());
    }
}

#[test]
fn a_rejection_without_a_reason_withdraws_because_of_null() {
    let record = record(&output(withdrawn(WithdrawnBecause::Reason(None))), DECIDER, 1);
    let value = String::from_utf8(record.value.unwrap()).unwrap();
    assert!(value.contains(r#""because":{"reason":null}"#), "{value}");
}

fn bad() -> (Original, Rejection) {
    let original = Original {
        topic: "marketing.engagement".to_owned(),
        partition: 8,
        offset: 41,
        time: instant(0),
        key: None,
        value: Some(vec![0xff]),
        headers: vec![("a".to_owned(), None), ("a".to_owned(), Some(vec![0]))],
    };
    let rejection = Rejection {
        reason: RejectReason::NotJson,
        detail: "not UTF-8 at byte 0".to_owned(),
    };
    (original, rejection)
}

#[test]
fn a_dead_letter_is_the_record_with_headers_behind_its_own() {
    let (original, rejection) = bad();
    let letter = dead_letter(&original, &rejection, 7, 42);
    assert_eq!((&letter.key, &letter.value), (&original.key, &original.value));
    assert_eq!(letter.headers[..2], original.headers);
    let added: Vec<_> = letter.headers[2..]
        .iter()
        .map(|(name, value)| (name.as_str(), String::from_utf8(value.clone().unwrap()).unwrap()))
        .collect();
    let expected = [
        ("tasuki_dlq_reason", "not-json"),
        ("tasuki_dlq_detail", "not UTF-8 at byte 0"),
        ("tasuki_dlq_topic", "marketing.engagement"),
        ("tasuki_dlq_partition", "8"),
        ("tasuki_dlq_offset", "41"),
        ("tasuki_dlq_timestamp", "1791158400000"),
        ("tasuki_dlq_shard", "7"),
        ("tasuki_dlq_sequence", "00000000000000000042"),
    ];
    assert_eq!(added, expected.map(|(name, value)| (name, value.to_owned())));
}

#[test]
fn a_dead_letter_without_key_goes_to_the_partition_of_the_same_number() {
    let (mut original, _) = bad();
    assert_eq!(dead_letter_partition(&original, 6), Some(2));
    original.key = Some(Vec::new());
    assert_eq!(dead_letter_partition(&original, 6), None);
}

#[test]
fn replay_shows_a_dead_letter_as_an_event() {
    let (_, rejection) = bad();
    let letter = DeadLetter {
        rejection: &rejection,
        causation: Some("/web#e-1"),
        at: instant(0),
        event: br#"{"id":5}"#,
    };
    let mut out = Vec::new();
    dead_letter_line(&mut out, &letter, DECIDER, 42);
    expect_test::expect_file!["../../../tests/golden/outputs/tasuki.dead-letter.v1.txt"]
        .assert_eq(&String::from_utf8(out).unwrap());
}
