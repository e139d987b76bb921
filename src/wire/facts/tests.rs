//! `data` of each type, at its edges.

use super::*;
use crate::domain::event::RejectReason;
use crate::wire::json;

fn read_text(kind: FactType, data: &str) -> Result<Read, Rejection> {
    match json::parse(data.as_bytes(), &json::Arena::new()) {
        Ok(Json::Object(object)) => read(kind, &object),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn body(kind: FactType, data: &str) -> Body {
    read_text(kind, data).map(|read| read.body).unwrap()
}

#[track_caller]
fn refused(kind: FactType, data: &str, detail: &str) {
    let refusal = read_text(kind, data).unwrap_err();
    assert_eq!(
        (refusal.reason, &*refusal.detail),
        (RejectReason::InvalidData, detail),
        "{data}"
    );
}

#[test]
fn a_form_is_read_whole() {
    let form = r#"{"person":{"lead_id":7,"email":"a@b","anonymous_id":null},"form":"demo","profile":{"company":"A","employees":3.00e2,"x":null},
        "campaign":{"source":"google","medium":null},"consent":{"sales_contact":true},"message":"hi","unknown":[{}]}"#;
    let Body::Form(form) = body(FactType::FormSubmitted, form) else {
        panic!("a form")
    };
    assert_eq!(form.person.lead_id.as_deref(), Some("7"));
    assert_eq!(form.person.anonymous_id, None);
    assert_eq!(form.sales_contact, Some(true));
    let names: Vec<_> = form
        .profile
        .iter()
        .map(|(name, value)| (name.as_str(), value.is_some()))
        .collect();
    assert_eq!(names, [("company", true), ("employees", true), ("x", false)]);
    assert!(matches!(&form.profile[1].1, Some(Value::Number(number)) if number.text() == "3.00e2"));
}

#[test]
fn null_in_an_optional_member_is_absence() {
    let form = r#"{"person":{"email":"a"},"form":"f","profile":null,"campaign":null,"consent":null,"message":null}"#;
    let Body::Form(form) = body(FactType::FormSubmitted, form) else {
        panic!("a form")
    };
    assert_eq!(
        (form.profile.len(), form.campaign, form.sales_contact, form.message),
        (0, None, None, None)
    );
    refused(
        FactType::FormSubmitted,
        r#"{"person":null,"form":"f"}"#,
        "`person` is missing",
    );
    refused(
        FactType::FormSubmitted,
        r#"{"person":{"email":"a"},"form":null}"#,
        "`form` is missing",
    );
    refused(
        FactType::ProfileChanged,
        r#"{"person":{"email":"a"},"profile":null}"#,
        "`profile` is missing",
    );
}

#[test]
fn blank_text_is_absence() {
    let form = r#"{"person":{"email":"a"},"form":" f ","campaign":{"source":"","medium":" "},"message":"\u3000\n"}"#;
    let Body::Form(form) = body(FactType::FormSubmitted, form) else {
        panic!("a form")
    };
    assert_eq!((&*form.form, form.campaign, form.message), (" f ", None, None));
    for blank in ["", " ", "\t\u{3000}"] {
        let form = serde_json::json!({"person": {"email": "a"}, "form": blank}).to_string();
        refused(FactType::FormSubmitted, &form, "`form` is missing");
    }
    let answer = r#"{"handoff_id":"","person":{"lead_id":"x"},"outcome":"lost","reason":" ","note":"","rep":""}"#;
    let read = read_text(FactType::FollowUpRecorded, answer).unwrap();
    let Body::FollowUp(answer) = read.body else {
        panic!("a follow-up")
    };
    assert!(answer.person.is_some() && !read.foreign_handoff);
    assert_eq!(
        (answer.handoff, answer.reason, answer.note, answer.rep),
        (None, None, None, None)
    );
    refused(
        FactType::FollowUpRecorded,
        r#"{"person":{"email":"a"},"outcome":"won","amount":{"value":"5","currency":" "}}"#,
        "`amount.currency` is missing",
    );
    let change = body(FactType::RepChanged, r#"{"rep":"ana","team":" "}"#);
    assert!(matches!(change, Body::Rep(change) if change.team.is_none()));
}

#[test]
fn a_person_has_at_least_one_identifier() {
    let none = "`person` has none of lead_id, email, anonymous_id";
    refused(FactType::LeadErased, r#"{"person":{}}"#, none);
    refused(
        FactType::LeadErased,
        r#"{"person":{"email":"  ","lead_id":"\u3000"}}"#,
        none,
    );
    refused(
        FactType::LeadErased,
        r#"{"person":{"email":5}}"#,
        "`person.email` is not text",
    );
    refused(FactType::LeadErased, r#"{"person":"a@b"}"#, "`person` is not an object");
    refused(
        FactType::LeadErased,
        r#"{"person":{"lead_id":1.0}}"#,
        "`person.lead_id` is neither text nor an integer of at most 256 digits",
    );
    let untrimmed = body(FactType::LeadErased, r#"{"person":{"lead_id":" x "}}"#);
    assert!(matches!(untrimmed, Body::Erasure(person) if person.lead_id.as_deref() == Some(" x ")));
}

#[test]
fn names_of_more_than_256_bytes_are_refused_and_prose_is_cut_and_marked() {
    let long = "é".repeat(128);
    let data =
        |form: &str, message: &str| format!(r#"{{"person":{{"email":"a"}},"form":"{form}","message":"{message}"}}"#);
    body(FactType::FormSubmitted, &data(&long, ""));
    refused(
        FactType::FormSubmitted,
        &data(&format!("{long}x"), ""),
        "`form` has more than 256 bytes",
    );
    for (message, length) in [
        ("a".repeat(4096), 4096),
        ("a".repeat(4097), 4096),
        ("é".repeat(2049), 4095),
    ] {
        let Body::Form(form) = body(FactType::FormSubmitted, &data("f", &message)) else {
            panic!("a form")
        };
        let read = form.message.unwrap();
        assert_eq!((read.len(), read.ends_with('…')), (length, message.len() > 4096));
    }
}

#[test]
fn profile_values_of_no_use_are_ignored_and_counted() {
    let data = r#"{"person":{"email":"a"},"profile":{"a":[1],"b":{},"c":1234567890123456789,"d":0.1234567,"e":1e400,"f":"","g":false}}"#;
    let read = read_text(FactType::ProfileChanged, data).unwrap();
    assert_eq!(read.attributes_ignored, 5);
    let Body::Profile(_, profile) = read.body else {
        panic!("a profile")
    };
    assert_eq!(profile.len(), 2);
    assert_eq!(profile[0], ("f".to_owned(), Some(Value::Text(String::new()))));
}

fn profile_of(count: usize, value: &str) -> String {
    let members: Vec<_> = (0..count).map(|number| format!("\"a{number}\":{value}")).collect();
    format!(r#"{{"person":{{"email":"a"}},"profile":{{{}}}}}"#, members.join(","))
}

#[test]
fn a_profile_has_at_most_64_attributes_of_1_kib_and_the_last_of_a_name_counts() {
    body(FactType::ProfileChanged, &profile_of(64, "1"));
    refused(
        FactType::ProfileChanged,
        &profile_of(65, "1"),
        "`profile` has more than 64 attributes",
    );
    body(
        FactType::ProfileChanged,
        &profile_of(1, &format!("\"{}\"", "x".repeat(1024))),
    );
    let long = profile_of(1, &format!("\"{}\"", "x".repeat(1025)));
    refused(
        FactType::ProfileChanged,
        &long,
        "an attribute of `profile` has more than 1 KiB",
    );
    let twice = body(
        FactType::ProfileChanged,
        r#"{"person":{"email":"a"},"profile":{"x":1,"y":2,"x":null}}"#,
    );
    let Body::Profile(_, profile) = twice else {
        panic!("a profile")
    };
    assert!(profile.len() == 2 && profile[0].0 == "y" && profile[1].1.is_none());
    let superseded = ["x".repeat(1025), "a".to_owned()].join(r#"","a0":""#);
    body(FactType::ProfileChanged, &profile_of(1, &format!("\"{superseded}\"")));
    let useless = read_text(FactType::ProfileChanged, &profile_of(1, r#"1,"a0":[]"#)).unwrap();
    assert!(matches!(useless.body, Body::Profile(_, profile) if profile.is_empty()));
    assert_eq!(useless.attributes_ignored, 1);
}

#[test]
fn is_bot_is_a_bool_or_absent() {
    let view = |bot: &str| format!(r#"{{"person":{{"email":"a"}},"activity":"x","is_bot":{bot}}}"#);
    for (bot, expected) in [("null", false), ("false", false), ("true", true)] {
        let Body::Engagement(read) = body(FactType::EngagementRecorded, &view(bot)) else {
            panic!("an engagement")
        };
        assert_eq!(read.is_bot, expected);
    }
    refused(
        FactType::EngagementRecorded,
        &view("1"),
        "`is_bot` is neither true nor false",
    );
}

#[test]
fn a_follow_up_names_a_handoff_or_a_person_and_one_of_the_outcomes() {
    let by_person = r#"{"person":{"email":"a"},"outcome":"won","amount":{"value":"1","currency":"JPY"},"rep":"ana"}"#;
    let Body::FollowUp(read) = body(FactType::FollowUpRecorded, by_person) else {
        panic!("a follow-up")
    };
    assert_eq!((read.outcome, read.handoff), (Outcome::Won, None));
    assert_eq!(read.amount.map(|amount| amount.currency).as_deref(), Some("JPY"));
    refused(
        FactType::FollowUpRecorded,
        r#"{"outcome":"won"}"#,
        "`person` is missing",
    );
    refused(
        FactType::FollowUpRecorded,
        r#"{"handoff_id":"x"}"#,
        "`outcome` is missing",
    );
    refused(
        FactType::FollowUpRecorded,
        r#"{"handoff_id":7,"outcome":"won"}"#,
        "`handoff_id` is not text",
    );
    let outcome = r#"{"handoff_id":"x","outcome":"Won"}"#;
    refused(
        FactType::FollowUpRecorded,
        outcome,
        "`outcome` is not one of the outcomes",
    );
    let amount = r#"{"handoff_id":"x","outcome":"won","amount":{"value":5,"currency":"JPY"}}"#;
    refused(FactType::FollowUpRecorded, amount, "`amount.value` is not text");
    let foreign = read_text(FactType::FollowUpRecorded, r#"{"handoff_id":"7","outcome":"won"}"#).unwrap();
    assert!(foreign.foreign_handoff);
}

#[test]
fn roster_members_keep_to_their_ranges() {
    let data = r#"{"rep":"ana","available":false,"capacity":0,"team":"x","weight":1000,"skills":["ja"]}"#;
    let Body::Rep(read) = body(FactType::RepChanged, data) else {
        panic!("a rep")
    };
    assert_eq!(
        (read.capacity, read.weight, read.available),
        (Some(0), Some(1000), Some(false))
    );
    refused(FactType::RepChanged, r#"{"rep":" "}"#, "`rep` is missing");
    refused(
        FactType::RepChanged,
        r#"{"rep":"a","capacity":-1}"#,
        "`capacity` is out of range",
    );
    refused(
        FactType::RepChanged,
        r#"{"rep":"a","capacity":1000001}"#,
        "`capacity` is out of range",
    );
    refused(
        FactType::RepChanged,
        r#"{"rep":"a","capacity":"3"}"#,
        "`capacity` is not an integer",
    );
    refused(
        FactType::RepChanged,
        r#"{"rep":"a","weight":0}"#,
        "`weight` is out of range",
    );
    refused(
        FactType::RepChanged,
        r#"{"rep":"a","weight":1.0}"#,
        "`weight` is not an integer",
    );
    refused(
        FactType::RepChanged,
        r#"{"rep":"a","skills":"ja"}"#,
        "`skills` is not a list",
    );
}
