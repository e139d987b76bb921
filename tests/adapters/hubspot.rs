//! HubSpot: webhooks, contacts, forms, engagements.

use super::{check, sample, told};

#[test]
fn hubspot_many_events_in_a_body_ids_of_64_bits_and_the_attempt_outside_the_name() {
    check(
        "hubspot",
        "hubspot.json",
        &[
            "65059681032: profile [job_title] at 2024-02-26T22:30:00.000Z as 12345678/234568/65059681032/1708986600000/jobtitle/567890124/job-title",
            "65059681032: contacted at 2024-02-26T22:30:01.000Z as 12345678/234569/65059681032/1708986601000/hs_lead_status/567890124/lead-status",
            "65059681050: erased at 2024-02-26T22:30:03.000Z as 12345678/234571/65059681050/1708986603000/567890126/erased",
        ],
    );
    let again = sample("hubspot.json").replace(r#""attemptNumber":0"#, r#""attemptNumber":4"#);
    assert_eq!(told("hubspot", &again), told("hubspot", &sample("hubspot.json")));
}

#[test]
fn hubspot_a_submission_names_its_values_and_dates_itself_in_a_number_or_text() {
    check(
        "hubspot-forms",
        "hubspot-forms.json",
        &[
            "mia@example.de: form demo-request [company] with a message at 2024-11-24T09:05:00.000Z as 8a1c0b0e-6f65-4f0e-9a3b-2d1d2c7a9f01/form",
            "yuki@example.jp: form hubspot-form [] at 2024-11-24T09:03:20.000Z as 8a1c0b0e-6f65-4f0e-9a3b-2d1d2c7a9f02/form",
        ],
    );
}

#[test]
fn hubspot_a_call_about_two_contacts_is_two_follow_ups_and_an_unknown_disposition_an_attempt() {
    check(
        "hubspot-engagements",
        "hubspot-engagements.json",
        &[
            "65059681032: contacted at 2026-11-24T10:05:00.000Z as 17591596434/f240bbac-87c9-4f6e-bf70-924b57d47db7/65059681032/call",
            "65059681033: contacted at 2026-11-24T10:05:00.000Z as 17591596434/f240bbac-87c9-4f6e-bf70-924b57d47db7/65059681033/call",
            "65059681032: attempted at 2025-11-25T10:00:00.000Z as 17591596435/0d2e5a4e-aaaa-4b07-8a53-000000000001/65059681032/call",
            "65059681032: meeting_held at 2026-11-26T09:00:00.000Z as 17591596436/COMPLETED/65059681032/meeting",
        ],
    );
}

#[test]
fn hubspot_events_in_any_order_say_the_same_and_generic_ones_nothing() {
    let body: Vec<serde_json::Value> = serde_json::from_str(&sample("hubspot.json")).unwrap();
    let turned: Vec<_> = body.iter().rev().collect();
    let (mut one, mut other) = (
        told("hubspot", &sample("hubspot.json")),
        told("hubspot", &serde_json::to_string(&turned).unwrap()),
    );
    assert_ne!(one, other);
    one.sort();
    other.sort();
    assert_eq!(one, other);
    // The id of a deal is no contact's.
    let mut generic = body;
    for event in &mut generic {
        let kind = event["subscriptionType"]
            .as_str()
            .unwrap()
            .replace("contact.", "object.");
        event["subscriptionType"] = kind.into();
        event["objectTypeId"] = "0-3".into();
    }
    assert_eq!(told("hubspot", &serde_json::to_string(&generic).unwrap()), [""; 0]);
}

#[test]
fn hubspot_one_name_for_two_events_does_not_make_them_one() {
    // `eventId` is the same in both.
    let told = told("hubspot", &sample("hubspot.json"));
    assert!(
        told[0].contains("/567890124/") && told[1].contains("/567890124/"),
        "{told:?}"
    );
    assert_ne!(told[0].split(" as ").nth(1), told[1].split(" as ").nth(1));
}

#[test]
fn hubspot_a_merged_contact_is_the_one_that_stays_and_its_values_lie_one_deeper() {
    check(
        "hubspot-contacts",
        "hubspot-contacts.json",
        &[
            "65059681032 mia@example.de: profile [company] at 2024-02-26T22:30:00.123Z as 65059681030/1708986600123/contact",
            "65059681032 mia@example.de: form demo-request [] at 2024-02-26T22:29:58.741Z as 8a1c0b0e-6f65-4f0e-9a3b-2d1d2c7a9f01/form",
        ],
    );
    let without =
        sample("hubspot-contacts.json").replace(r#""email":{"value":"mia@example.de""#, r#""email":{"value":"""#);
    let told = told("hubspot-contacts", &without);
    assert!(
        told[0].starts_with("65059681032 mia@example.de: "),
        "the address of the identities: {told:?}"
    );
}

#[test]
fn hubspot_what_a_page_submits_has_a_cookie_for_an_id_and_its_time_in_text() {
    check(
        "hubspot-forms",
        "hubspot-submit.json",
        &[&format!(
            "mia@example.de 60c2ccdfe4892f0fa0593940b12c11aa: form hubspot-form [company] at 2024-11-24T09:05:00.000Z as {}/0/0/0",
            "00".repeat(16)
        )],
    );
}

#[test]
fn hubspot_who_did_not_come_was_tried_and_a_meeting_moved_says_nothing() {
    let outcome = |outcome| {
        told(
            "hubspot-engagements",
            &sample("hubspot-engagements.json").replace("COMPLETED", outcome),
        )
    };
    assert!(
        outcome("NO_SHOW")[3].contains(": attempted at 2026-11-26T09:00:00.000Z"),
        "{:?}",
        outcome("NO_SHOW")
    );
    assert_eq!(outcome("RESCHEDULED").len(), 3);
}
