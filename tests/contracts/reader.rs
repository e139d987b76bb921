//! The contract takes what the reader takes, and refuses what it refuses.
//!
//! A whole event of each type is changed in one place, in every way, and in several places at
//! random. The changes leave out what a schema cannot say: bytes beyond ASCII, and integers written
//! with a fraction.

use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Value, json};
use tasuki::wire::facts::{self, FactType};
use tasuki::wire::json::{self, Arena, Json};

use super::{asyncapi, validator};

/// An event that has every member.
fn whole(kind: FactType) -> Value {
    let person = json!({"lead_id": 4711, "email": "mia@example.de", "anonymous_id": "v-17"});
    let profile = json!({"company": "Beispiel AG", "employees": 450, "customer": false, "phone": null});
    match kind {
        FactType::FormSubmitted => json!({
            "person": person, "form": "demo-request", "profile": profile,
            "campaign": {"source": "google", "medium": "cpc", "name": "spring"},
            "consent": {"sales_contact": true}, "message": "Hello",
        }),
        FactType::EngagementRecorded => json!({
            "person": person, "activity": "page_viewed", "target": "/pricing",
            "campaign": {"source": "google", "medium": "cpc", "name": "spring"}, "is_bot": false,
        }),
        FactType::ProfileChanged => json!({"person": person, "profile": profile}),
        FactType::FollowUpRecorded => json!({
            "handoff_id": "1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f-1-2", "person": person, "outcome": "won", "reason": "price",
            "note": "signed", "rep": "ana", "amount": {"value": "1200000", "currency": "JPY"},
        }),
        FactType::RepChanged => json!({
            "rep": "ana", "available": true, "capacity": 10, "team": "inside", "weight": 2, "skills": ["ja", "en"],
        }),
        FactType::ConsentChanged => json!({"person": person, "sales_contact": true}),
        FactType::LeadErased => json!({"person": person}),
    }
}

/// What may stand in a place instead; `None` takes it away.
fn others() -> Vec<Option<Value>> {
    let text = |bytes: usize| json!("x".repeat(bytes));
    let names = |count: usize| {
        (0..count)
            .map(|number| (format!("n{number}"), json!(1)))
            .collect::<Value>()
    };
    let values = [
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(1),
        json!(-1),
        json!(2.5),
        json!(1000),
        json!(1001),
        json!(1_000_000),
        json!(1_000_001),
        json!(""),
        json!("   "),
        text(1),
        text(256),
        text(257),
        text(1024),
        text(1025),
        text(5000),
        json!("meeting_held"),
        json!("sold"),
        json!("1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f-0-1"),
        json!("1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f-1-01"),
        json!("1F1F1F1F1F1F1F1F1F1F1F1F1F1F1F1F-1-1"),
        json!([]),
        json!(["ja"]),
        json!([1]),
        json!(vec!["x"; 64]),
        json!(vec!["x"; 65]),
        json!(["x".repeat(257)]),
        json!({}),
        json!({"x": 1}),
        json!({"email": " "}),
        json!({"lead_id": "7"}),
        json!({"lead_id": 2.5}),
        names(64),
        names(65),
    ];
    std::iter::once(None).chain(values.into_iter().map(Some)).collect()
}

/// Every place in a value, as JSON Pointers.
fn places(value: &Value, here: &str, places: &mut Vec<String>) {
    let members: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(at, value)| (at.to_string(), value))
            .collect(),
        _ => Vec::new(),
    };
    for (name, value) in members {
        let place = format!("{here}/{name}");
        self::places(value, &place, places);
        places.push(place);
    }
}

fn change(value: &mut Value, place: &str, other: Option<&Value>) {
    let (parent, name) = place.rsplit_once('/').unwrap();
    match (value.pointer_mut(parent), other) {
        (Some(Value::Object(members)), Some(other)) => drop(members.insert(name.to_owned(), other.clone())),
        (Some(Value::Object(members)), None) => drop(members.remove(name)),
        (Some(Value::Array(items)), Some(other)) => {
            if let Some(item) = name.parse().ok().and_then(|at: usize| items.get_mut(at)) {
                *item = other.clone();
            }
        }
        // An earlier change may have taken the place away.
        _ => {}
    }
}

/// Does the reader take this data?
fn is_read(kind: FactType, data: &Value) -> bool {
    let text = data.to_string();
    let arena = Arena::new();
    let Ok(Json::Object(object)) = json::parse(text.as_bytes(), &arena) else {
        panic!("{text}")
    };
    facts::read(kind, &object).is_ok_and(|read| !read.foreign_handoff)
}

fn validators() -> Vec<(FactType, Validator)> {
    let document = asyncapi::document();
    let of = |kind: FactType| (kind, validator(&document, kind.name(), false));
    FactType::ALL.map(of).into()
}

#[test]
fn a_change_in_one_place_is_taken_by_both_or_by_neither() {
    let (mut taken, mut refused) = (0, 0);
    for (kind, contract) in validators() {
        let whole = whole(kind);
        let mut all = Vec::new();
        places(&whole, "", &mut all);
        all.push("/unnamed".to_owned());
        for place in &all {
            for other in others() {
                let mut data = whole.clone();
                change(&mut data, place, other.as_ref());
                let is_read = is_read(kind, &data);
                assert_eq!(contract.is_valid(&data), is_read, "{place} in {data}");
                if is_read { taken += 1 } else { refused += 1 }
            }
        }
    }
    assert!(taken > 500 && refused > 500, "{taken} taken, {refused} refused");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changes_in_several_places_are_taken_by_both_or_by_neither(
        changes in prop::collection::vec(prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 2..5), 40),
    ) {
        let mut others = others();
        // Attributes that the reader leaves out do not count for it; the contract counts them.
        others.truncate(others.len() - 2);
        for (kind, contract) in validators() {
            let whole = whole(kind);
            let mut all = Vec::new();
            places(&whole, "", &mut all);
            for changes in &changes {
                let mut data = whole.clone();
                for (place, other) in changes {
                    change(&mut data, &all[place.index(all.len())], others[other.index(others.len())].as_ref());
                }
                prop_assert_eq!(contract.is_valid(&data), is_read(kind, &data), "{}", data);
            }
        }
    }
}

/// What the contract cannot say: it counts characters, the reader bytes. What is read is valid all
/// the same.
#[test]
fn bytes_beyond_ascii_are_never_fewer_than_characters() {
    let contract = validator(&asyncapi::document(), FactType::RepChanged.name(), false);
    for count in [85, 86, 256, 257] {
        let data = json!({"rep": "襷".repeat(count), "available": true});
        assert!(
            contract.is_valid(&data) || !is_read(FactType::RepChanged, &data),
            "{count}"
        );
        assert_eq!(is_read(FactType::RepChanged, &data), count * 3 <= facts::NAME_BYTES_MAX);
    }
}
