//! Records in, facts or reasons out.

use proptest::prelude::*;

use super::*;
use crate::domain::fact::{Campaign, Outcome};
use crate::log::Header;

fn source(role: Role) -> SourceContext {
    SourceContext {
        topic: "some.topic".to_owned(),
        topic_id: [0xab; 16],
        partition: 2,
        role,
        types: None,
        ignore_unknown_types: false,
        adapter: None,
        hooks: Hooks::default(),
    }
}

fn record(headers: &[(&str, &str)], value: &str) -> Record {
    Record {
        offset: 41,
        time: Instant::from_millis(1_000),
        key: None,
        value: Some(value.as_bytes().to_vec()),
        headers: headers.iter().map(|(name, value)| header(name, value)).collect(),
    }
}

fn header(name: &str, value: &str) -> Header {
    (name.to_owned(), Some(value.as_bytes().to_vec()))
}

fn key() -> LeadKey {
    LeadKey::derive("tasuki")
}

fn contents(role: Role, record: &Record) -> Vec<Content> {
    translate(&source(role), &key(), record).contents
}

/// The one fact of a record.
#[track_caller]
fn fact(role: Role, record: &Record) -> (LeadId, Fact) {
    let contents = contents(role, record);
    let [Content::Fact { lead, fact, .. }] = &*contents else {
        panic!("{contents:?}")
    };
    (*lead, fact.clone())
}

/// Why a record is not used.
#[track_caller]
fn reason(role: Role, record: &Record) -> &'static str {
    let contents = contents(role, record);
    let [Content::Rejected { rejection, .. }] = &*contents else {
        panic!("{contents:?}")
    };
    rejection.reason.name()
}

#[track_caller]
fn check(value: &str, expected: &str) {
    assert_eq!(reason(Role::Engagement, &record(&[], value)), expected, "{value}");
}

const BINARY: [(&str, &str); 5] = [
    ("ce_specversion", "1.0"),
    ("ce_id", "e-1"),
    ("ce_source", "/web"),
    ("ce_type", "tasuki.engagement.recorded.v1"),
    ("content-type", "application/json; charset=utf-8"),
];

const VIEW: &str = r#"{"person":{"email":" Yuki@Example.JP "},"activity":"page_viewed","target":"/pricing","x":1}"#;

fn structured(data: &str) -> String {
    format!(
        r#"{{"specversion":"1.0","id":"e-1","source":"/web","type":"tasuki.engagement.recorded.v1",
            "time":"2026-10-05T09:00:00.1239+09:00","data":{data}}}"#
    )
}

#[test]
fn binary_structured_and_bare_events_say_the_same() {
    let mut headers = BINARY.to_vec();
    headers.push(("ce_time", "2026-10-05T00:00:00.123Z"));
    let (lead, binary) = fact(Role::Forms, &record(&headers, VIEW));
    let structured = fact(Role::Forms, &record(&[], &structured(VIEW)));
    let bare = VIEW.replacen(
        '{',
        r#"{"id":"e-1","source":"/web","occurred_at":"2026-10-05T00:00:00.123Z","time":"ignored","#,
        1,
    );
    let bare = fact(Role::Engagement, &record(&[], &bare));
    assert_eq!(lead, key().by_email("yuki@example.jp"));
    assert_eq!(binary.at.to_string(), "2026-10-05T00:00:00.123Z");
    assert_eq!((lead, &binary), (structured.0, &structured.1));
    assert_eq!((lead, &binary), (bare.0, &bare.1));
}

#[test]
fn bare_json_is_named_by_its_topic_and_position_and_dated_by_the_record() {
    let (_, fact) = fact(Role::Engagement, &record(&[], VIEW));
    assert_eq!(fact.source, "some.topic");
    assert_eq!(fact.id, format!("{}/2/41", "ab".repeat(16)));
    assert_eq!(fact.at, Instant::from_millis(1_000));
}

#[test]
fn bare_ids_may_be_integers() {
    let value = VIEW.replacen('{', r#"{"id":17,"source":4,"#, 1);
    let (_, fact) = fact(Role::Engagement, &record(&[], &value));
    assert_eq!((&*fact.id, &*fact.source), ("17", "4"));
    check(&VIEW.replacen('{', r#"{"id":1.5,"#, 1), "invalid-data");
    check(&VIEW.replacen('{', r#"{"source":true,"#, 1), "invalid-data");
}

#[test]
fn what_cannot_be_read_is_not_json() {
    let mut without_value = record(&[], "");
    without_value.value = None;
    assert_eq!(reason(Role::Forms, &without_value), "not-json");
    for value in ["", "{", "{\"person\":{\"email\":\"\\ud800\"}}", "\u{feff}{}"] {
        check(value, "not-json");
    }
    check(&["[".repeat(129), "]".repeat(129)].concat(), "not-json");
    let mut invalid = record(&[], "{\"activity\":\"a\"}");
    invalid.value = Some(b"{\"activity\":\"\xff\"}".to_vec());
    assert_eq!(reason(Role::Engagement, &invalid), "not-json");
}

#[test]
fn size_is_looked_at_first() {
    check(&"{".repeat(EVENT_BYTES_MAX + 1), "too-large");
    let padding = " ".repeat(EVENT_BYTES_MAX - VIEW.len());
    fact(Role::Engagement, &record(&[], &[VIEW, &padding].concat()));
}

#[test]
fn attributes_that_break_the_specification_are_not_cloudevents() {
    let whole = structured(VIEW);
    for (part, instead) in [
        (r#""1.0""#, "1.0"),
        (r#""1.0""#, r#""0.3""#),
        (r#""1.0""#, "null"),
        (r#""e-1""#, r#""""#),
        (r#""e-1""#, "5"),
        (r#""/web""#, "null"),
        (r#""type""#, r#""tipe""#),
        (r#""data""#, r#""data_base64":"e30=","data""#),
    ] {
        check(&whole.replacen(part, instead, 1), "not-cloudevents");
    }
    assert_eq!(reason(Role::Engagement, &record(&BINARY, &whole)), "not-cloudevents");
    for missing in 1..4 {
        let mut headers = BINARY.to_vec();
        headers.remove(missing);
        assert_eq!(reason(Role::Engagement, &record(&headers, VIEW)), "not-cloudevents");
    }
    let mut twice = BINARY.to_vec();
    twice.push(("ce_subject", "a"));
    twice.push(("ce_subject", "a"));
    assert_eq!(reason(Role::Engagement, &record(&twice, VIEW)), "not-cloudevents");
    let mut null = record(&BINARY, VIEW);
    null.headers[1].1 = None;
    assert_eq!(reason(Role::Engagement, &null), "not-cloudevents");
    let declared = record(&[("content-type", "Application/CloudEvents+json")], VIEW);
    assert_eq!(reason(Role::Engagement, &declared), "not-cloudevents");
}

#[test]
fn checks_come_in_order_type_data_time_handoff() {
    let whole = structured("5").replace("T09", "T99");
    check(&whole.replace("engagement", "enragement"), "unknown-type");
    check(&whole, "invalid-data");
    check(&structured(VIEW).replace("T09", "T99"), "invalid-time");
    let follow_up = r#"{"handoff_id":"x","outcome":"won","occurred_at":1}"#;
    assert_eq!(reason(Role::FollowUps, &record(&[], follow_up)), "invalid-time");
    let follow_up = r#"{"handoff_id":"x","outcome":"won"}"#;
    assert_eq!(reason(Role::FollowUps, &record(&[], follow_up)), "unknown-handoff");
    let follow_up = r#"{"handoff_id":"x","outcome":"sold"}"#;
    assert_eq!(reason(Role::FollowUps, &record(&[], follow_up)), "invalid-data");
}

#[test]
fn data_of_another_media_type_is_invalid_and_base64_is_read() {
    let mut headers = BINARY.to_vec();
    headers[4].1 = "text/plain";
    assert_eq!(reason(Role::Engagement, &record(&headers, VIEW)), "invalid-data");
    headers[4].1 = "application/vnd.x+JSON;v=1";
    fact(Role::Engagement, &record(&headers, VIEW));
    let encoded = "eyJwZXJzb24iOnsibGVhZF9pZCI6IjEifSwiYWN0aXZpdHkiOiJhIn0=";
    let base64 = structured(&format!("\"{encoded}\"")).replace(r#""data""#, r#""data_base64""#);
    assert_eq!(fact(Role::Forms, &record(&[], &base64)).0, key().by_lead_id("1"));
    check(&base64.replace("eyJw", "ey!w"), "invalid-data");
}

#[test]
fn a_type_outside_the_contract_or_the_sources_list_is_unknown_or_ignored() {
    let other = record(&[], r#"{"type":"com.example.other"}"#);
    assert_eq!(reason(Role::Engagement, &other), "unknown-type");
    assert_eq!(reason(Role::Inbox, &record(&[], VIEW)), "unknown-type");
    assert_eq!(reason(Role::Engagement, &record(&[], r#"{"type":7}"#)), "unknown-type");
    let mut picky = source(Role::Engagement);
    picky.types = Some(vec![FactType::FormSubmitted]);
    picky.ignore_unknown_types = true;
    assert_eq!(translate(&picky, &key(), &record(&[], VIEW)), Translated::default());
    assert_eq!(translate(&picky, &key(), &other), Translated::default());
}

#[test]
fn an_erasure_of_several_identifiers_erases_each_of_their_leads() {
    let value = r#"{"id":"x","person":{"lead_id":12,"email":"A@b.c","anonymous_id":"  "}}"#;
    let contents = contents(Role::Privacy, &record(&[], value));
    let leads: Vec<_> = contents
        .iter()
        .map(|content| match content {
            Content::Fact { lead, fact, .. } => (*lead, fact.id.as_str()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(leads, [(key().by_lead_id("12"), "x"), (key().by_email("a@b.c"), "x")]);
}

#[test]
fn a_follow_up_goes_to_the_lead_of_its_handoff_and_keeps_the_record() {
    let value = r#"{"handoff_id":"000102030405060708090a0b0c0d0e0f-2-1","person":5,"outcome":"meeting_held"}"#;
    let contents = contents(Role::FollowUps, &record(&[("x", "y")], value));
    let [Content::Fact { lead, fact, original }] = &*contents else {
        panic!("{contents:?}")
    };
    assert_eq!(lead.to_string(), "000102030405060708090a0b0c0d0e0f");
    assert!(matches!(&fact.body, Body::FollowUp(it) if it.outcome == Outcome::MeetingHeld && it.person.is_none()));
    let original = original
        .as_ref()
        .map(|it| (it.offset, it.partition, &*it.topic, it.headers.len()));
    assert_eq!(original, Some((41, 2, "some.topic", 1)));
}

#[test]
fn a_rejected_record_is_kept_byte_for_byte_and_its_values_stay_out_of_the_detail() {
    let mut bad = record(
        &[("h", "1"), ("h", "2")],
        r#"{"person":{"email":"canary@example.com"},"activity":99}"#,
    );
    bad.key = Some(vec![0, 255]);
    let contents = contents(Role::Engagement, &bad);
    let [Content::Rejected { rejection, original }] = &*contents else {
        panic!("{contents:?}")
    };
    assert_eq!(rejection.detail, "`activity` is not text");
    assert_eq!(
        (&original.key, &original.value, &original.headers),
        (&bad.key, &bad.value, &bad.headers)
    );
}

#[test]
fn a_campaign_that_says_nothing_is_none() {
    for (campaign, expected) in [
        ("{}", None),
        (r#"{"source":null,"medium":"","name":" ","x":1}"#, None),
        (
            r#"{"name":" n","source":""}"#,
            Some(Campaign {
                name: Some(" n".to_owned()),
                ..Campaign::default()
            }),
        ),
    ] {
        let value = VIEW.replacen('{', &format!(r#"{{"campaign":{campaign},"#), 1);
        let (_, fact) = fact(Role::Engagement, &record(&[], &value));
        assert!(
            matches!(&fact.body, Body::Engagement(it) if it.campaign == expected),
            "{campaign}"
        );
    }
}

#[test]
fn settings_that_could_move_a_fact_change_the_hash() {
    let plain = settings_hash(&[source(Role::Forms)]);
    let mut picky = source(Role::Forms);
    picky.types = Some(Vec::new());
    assert_ne!(plain, settings_hash(&[source(Role::Roster)]));
    assert_ne!(plain, settings_hash(&[picky]));
    let mut other_partition = source(Role::Forms);
    other_partition.partition = 9;
    assert_eq!(plain, settings_hash(&[other_partition]));
}

fn some_header() -> impl Strategy<Value = Header> {
    let name = prop_oneof![
        "ce_(specversion|id|source|type|time)",
        Just("content-type".to_owned()),
        ".{0,8}"
    ];
    let value = prop_oneof![
        Just(b"1.0".to_vec()),
        Just(b"application/cloudevents+json".to_vec()),
        Just(b"tasuki.form.submitted.v1".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..20)
    ];
    (name, proptest::option::weighted(0.9, value))
}

/// JSON that looks like ours, and often is not.
fn some_value() -> impl Strategy<Value = Vec<u8>> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just(r#""1.0""#.to_owned()),
        Just(r#""tasuki.follow-up.recorded.v1""#.to_owned()),
        Just(r#""won""#.to_owned()),
        "-?[0-9]{1,22}(\\.[0-9]{1,9})?(e[0-9]{1,4})?",
        "\"[a-z0-9TZ:.+-]{0,30}\"",
    ];
    let names = "(person|email|lead_id|activity|form|profile|data|specversion|type|id|source|time|outcome|rep|skills)";
    let json = leaf.prop_recursive(4, 40, 8, move |inner| {
        prop_oneof![
            proptest::collection::vec((names, inner.clone()), 0..8).prop_map(|members| {
                let members: Vec<_> = members
                    .iter()
                    .map(|(name, value)| format!("\"{name}\":{value}"))
                    .collect();
                format!("{{{}}}", members.join(","))
            }),
            proptest::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(","))),
        ]
    });
    prop_oneof![
        json.prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>(), 0..60)
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_record_is_facts_or_a_rejection(
        value in proptest::option::weighted(0.95, some_value()),
        headers in proptest::collection::vec(some_header(), 0..6),
        role in prop::sample::select(Role::ALL.to_vec()),
    ) {
        let record = Record { offset: 1, time: Instant::from_millis(0), key: None, value, headers };
        let contents = contents(role, &record);
        prop_assert!(!contents.is_empty() && contents.len() <= 3);
        prop_assert!(contents.len() == 1 || role == Role::Privacy);
    }
}

const ADAPTER: &str = r#"
[[event]]
name = "call"
type = "tasuki.follow-up.recorded.v1"
when = [{ path = "/kind", one_of = ["call"] }]
lead_id = ["/lead"]
outcome = ["/outcome"]

[[event]]
name = "view"
type = "tasuki.engagement.recorded.v1"
when = [{ path = "/kind", one_of = ["view"] }]
id = ["/id"]
email = ["/email"]
activity = ["/what"]
"#;

fn adapted() -> SourceContext {
    let mut context = source(Role::Engagement);
    context.adapter = Some(Adapter::compile("adapter.toml", ADAPTER).unwrap());
    context
}

#[test]
fn several_events_of_a_record_are_facts_of_their_own_and_what_is_bad_is_told_once() {
    let value = r#"[{"kind":"view","id":1,"email":"a@b.c","what":"seen"},{"kind":"view","what":"seen"},
        {"kind":"call","lead":7,"outcome":"won"},{"kind":"other"}]"#;
    let record = record(&[], value);
    let translated = translate(&adapted(), &key(), &record);
    let [
        Content::Fact {
            lead,
            fact,
            original: None,
        },
        Content::Fact {
            fact: call,
            original: Some(_),
            ..
        },
        Content::Rejected { rejection, original },
    ] = &*translated.contents
    else {
        panic!("{translated:?}")
    };
    assert_eq!(
        (*lead, &*fact.id, &*fact.source),
        (key().by_email("a@b.c"), "1/view", "some.topic")
    );
    assert_eq!(call.id, format!("{}/2/41/2", "ab".repeat(16)));
    assert_eq!(rejection.reason.name(), "invalid-data");
    assert!(rejection.detail.starts_with("event 2 of 4: "), "{}", rejection.detail);
    assert!(
        rejection.detail.ends_with("; 1 more of them cannot be used"),
        "{}",
        rejection.detail
    );
    assert_eq!(original.value, record.value);
    assert_eq!(explain(&adapted(), &key(), &record).len(), 4);
}

#[test]
fn copies_of_a_record_that_state_may_reject_are_limited() {
    let call = r#"{"kind":"call","lead":7,"outcome":"won"}"#;
    let value = format!("[{}]", vec![call; 900].join(","));
    let rejected = translate(&adapted(), &key(), &record(&[], &value)).contents;
    assert!(
        matches!(&*rejected, [Content::Rejected { rejection, .. }] if rejection.reason == RejectReason::TooLarge),
        "{}",
        rejected.len()
    );
    let value = format!("[{}]", vec![call; 400].join(","));
    assert_eq!(translate(&adapted(), &key(), &record(&[], &value)).contents.len(), 400);
}

/// A batch that came compressed may hold a record that cannot be written again whole.
#[test]
fn of_a_record_larger_than_a_source_may_have_the_beginning_is_kept() {
    let value = "x".repeat(ORIGINAL_BYTES_MAX + 1);
    let contents = translate(&adapted(), &key(), &record(&[("a", "b")], &value)).contents;
    let [Content::Rejected { rejection, original }] = &*contents else {
        panic!("{} contents", contents.len())
    };
    assert_eq!(rejection.reason, RejectReason::TooLarge);
    assert_eq!(rejection.detail, "more than 4 MiB, the beginning of which is kept");
    assert_eq!(original.value.as_ref().map(Vec::len), Some(ORIGINAL_BYTES_MAX));
    assert_eq!(original.headers, []);
}

#[test]
fn json_behind_confluents_five_bytes_is_read() {
    let mut framed = record(&[], "");
    framed.value = Some([&[0, 0, 0, 1, 2], VIEW.as_bytes()].concat());
    fact(Role::Engagement, &framed);
    framed.value = Some(vec![0, 0, 0, 1]);
    assert_eq!(reason(Role::Engagement, &framed), "not-json");
}

#[test]
fn another_adapter_changes_the_hash_of_the_settings() {
    assert_ne!(settings_hash(&[adapted()]), settings_hash(&[source(Role::Engagement)]));
}

/// The inbox, with a hook whose adapter is `ADAPTER`.
fn hooked() -> SourceContext {
    let adapter = adapted().adapter;
    let hook = Hook {
        role: Role::Engagement,
        types: None,
        ignore_unknown_types: false,
        adapter,
    };
    let mut inbox = source(Role::Inbox);
    inbox.hooks = Arc::new([("crm".to_owned(), hook)].into());
    inbox
}

#[test]
fn what_came_through_a_hook_is_taken_in_its_manner_and_named_after_it() {
    let value = r#"[{"kind":"view","id":1,"email":"a@b.c","what":"seen"},{"kind":"call","lead":7,"outcome":"won"}]"#;
    let record = record(&[("content-type", "application/json"), (HOOK, "crm")], value);
    let translated = translate(&hooked(), &key(), &record);
    let [
        Content::Fact { fact, .. },
        Content::Fact {
            original: Some(original),
            ..
        },
    ] = &*translated.contents
    else {
        panic!("{translated:?}")
    };
    assert_eq!((&*fact.source, &*fact.id), ("crm", "1/view"));
    assert_eq!(original.topic, "some.topic");
    assert_eq!(original.headers, record.headers);
}

#[test]
fn a_hooks_role_names_the_type_where_an_event_does_not() {
    let mut inbox = hooked();
    let crm = Arc::get_mut(&mut inbox.hooks).unwrap().get_mut("crm").unwrap();
    crm.adapter = None;
    let record = record(&[(HOOK, "crm")], VIEW);
    let contents = translate(&inbox, &key(), &record).contents;
    assert!(matches!(&*contents, [Content::Fact { .. }]), "{contents:?}");
}

#[test]
fn a_hook_that_is_not_in_the_settings_leaves_a_dead_letter() {
    let unknown = record(&[(HOOK, "gone")], VIEW);
    let nameless = Record {
        headers: vec![(HOOK.to_owned(), None)],
        ..record(&[], VIEW)
    };
    for record in [unknown, nameless] {
        let contents = translate(&hooked(), &key(), &record).contents;
        let [Content::Rejected { rejection, original }] = &*contents else {
            panic!("{contents:?}")
        };
        assert_eq!(rejection.reason, RejectReason::Unmapped);
        assert_eq!(original.value, record.value);
    }
}

#[test]
fn a_source_other_than_the_inbox_has_no_hooks() {
    let mut source = hooked();
    source.role = Role::Engagement;
    let record = record(&[(HOOK, "crm")], VIEW);
    let contents = translate(&source, &key(), &record).contents;
    let [Content::Fact { fact, .. }] = &*contents else {
        panic!("{contents:?}")
    };
    assert_eq!(fact.source, "some.topic");
}

#[test]
fn whatever_changes_a_hook_changes_the_hash_of_the_settings() {
    let changed = |change: &dyn Fn(&mut Hook)| {
        let mut inbox = hooked();
        change(Arc::get_mut(&mut inbox.hooks).unwrap().get_mut("crm").unwrap());
        settings_hash(&[inbox])
    };
    let hashes = [
        settings_hash(&[source(Role::Inbox)]),
        changed(&|_| ()),
        changed(&|hook| hook.role = Role::Forms),
        changed(&|hook| hook.types = Some(Vec::new())),
        changed(&|hook| hook.ignore_unknown_types = true),
        changed(&|hook| hook.adapter = None),
    ];
    let different: std::collections::BTreeSet<u64> = hashes.into();
    assert_eq!(different.len(), hashes.len());
    assert_eq!(changed(&|_| ()), settings_hash(&[hooked()]));
}
