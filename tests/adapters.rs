//! The payloads in samples/payloads, in the platforms' true shape, and what their adapters make of
//! them: one test for each platform's traps.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test's helpers may fail loudly")]

use std::path::Path;

use tasuki::domain::fact::{Body, Fact, Person};
use tasuki::domain::ids::LeadKey;
use tasuki::domain::journal::{Content, Role};
use tasuki::domain::time::Instant;
use tasuki::log::Record;
use tasuki::wire::adapters::Adapter;
use tasuki::wire::translate::{SourceContext, translate};

fn context(adapter: &str) -> SourceContext {
    SourceContext {
        topic: "topic".to_owned(),
        topic_id: [0; 16],
        partition: 0,
        role: Role::Engagement,
        types: None,
        ignore_unknown_types: false,
        adapter: Some(Adapter::load(adapter).unwrap()),
    }
}

fn sample(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("samples/payloads")
        .join(name);
    std::fs::read_to_string(path).unwrap()
}

fn contents(adapter: &str, value: Option<&str>) -> Vec<Content> {
    let record = Record {
        offset: 0,
        time: Instant::default(),
        key: None,
        value: value.map(|value| value.as_bytes().to_vec()),
        headers: Vec::new(),
    };
    translate(&context(adapter), &LeadKey::derive("tasuki"), &record).contents
}

/// Each fact in a line: who, what, when and its id.
fn told(adapter: &str, value: &str) -> Vec<String> {
    let told = |content| match content {
        Content::Fact { fact, .. } => line(&fact),
        Content::Rejected { rejection, .. } => format!("{}: {}", rejection.reason.name(), rejection.detail),
        Content::Policy(_) => panic!("no policy comes of a payload"),
    };
    contents(adapter, Some(value)).into_iter().map(told).collect()
}

fn line(fact: &Fact) -> String {
    let optional =
        |word: &str, text: &Option<String>| text.as_ref().map(|text| format!(" {word} {text}")).unwrap_or_default();
    let names = |profile: &[(String, _)]| {
        let names: Vec<&str> = profile.iter().map(|(name, _): &(String, _)| name.as_str()).collect();
        names.join(",")
    };
    let what = match &fact.body {
        Body::Form(form) => {
            let message = if form.message.is_some() { " with a message" } else { "" };
            format!(
                "{}: form {} [{}]{message}",
                who(&form.person),
                form.form,
                names(&form.profile)
            )
        }
        Body::Engagement(engagement) => {
            let bot = if engagement.is_bot { " by a bot" } else { "" };
            let target = optional("on", &engagement.target);
            format!("{}: {}{target}{bot}", who(&engagement.person), engagement.activity)
        }
        Body::Profile(person, profile) => format!("{}: profile [{}]", who(person), names(profile)),
        Body::FollowUp(it) => {
            let person = it.person.as_ref().map(who).unwrap_or_default();
            let amount = it
                .amount
                .as_ref()
                .map(|it| format!(" for {} {}", it.value, it.currency));
            let reason = optional("because", &it.reason);
            format!("{person}: {}{reason}{}", it.outcome.name(), amount.unwrap_or_default())
        }
        Body::Erasure(person) => format!("{}: erased", who(person)),
        Body::Consent(person, may) => format!("{}: consent {may}", who(person)),
        Body::Rep(rep) => format!("rep {}", rep.rep),
    };
    format!("{what} at {} as {}", fact.at, fact.id)
}

fn who(person: &Person) -> String {
    let all = [&person.lead_id, &person.email, &person.anonymous_id];
    let all: Vec<&str> = all.into_iter().filter_map(|id| id.as_deref()).collect();
    all.join(" ")
}

#[track_caller]
fn check(adapter: &str, name: &str, expected: &[&str]) {
    let told = told(adapter, &sample(name));
    assert_eq!(told, expected, "{told:#?}");
}

#[test]
fn segment_a_form_takes_the_corrected_time_and_the_identifiers_of_every_place() {
    check(
        "segment",
        "segment-track.json",
        &[
            "97980cfea0067 mia@example.de 507f191e810c19729de860ea: form demo-request [country,employees,job_title] at 2026-11-24T09:05:00.612Z as ajs-next-1708986598741-9f3c/form",
        ],
    );
}

#[test]
fn segment_identify_is_a_profile_and_alias_and_group_are_nothing() {
    let identify = r#"{"type":"identify","messageId":"m","anonymousId":"a","userId":null,"traits":{"email":"a@b.c","company":{"name":"X"}},"timestamp":"2026-11-24T09:05:00Z"}"#;
    assert_eq!(
        told("segment", identify),
        ["a@b.c a: profile [company] at 2026-11-24T09:05:00.000Z as m/identify"]
    );
    let bare = identify.replace(r#""traits":{"email":"a@b.c","company":{"name":"X"}},"#, "");
    assert_eq!(told("segment", &bare), [""; 0]);
    assert_eq!(told("segment", &identify.replace("identify", "alias")), [""; 0]);
    assert_eq!(told("rudderstack", identify), told("segment", identify));
}

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
fn salesforce_several_leads_in_a_record_bitmaps_gaps_deletes_and_nulls_of_unchanged_fields() {
    check(
        "salesforce",
        "salesforce.json",
        &[
            "00Q5f000005bwLFEAY: profile [employees] at 2024-04-26T17:49:40.000Z as 00006948-0ac9-7da3-edb3-ea0e31b2334a/4/00Q5f000005bwLFEAY/lead",
            "00Q5f000005bwLGEAY: profile [employees] at 2024-04-26T17:49:40.000Z as 00006948-0ac9-7da3-edb3-ea0e31b2334a/4/00Q5f000005bwLGEAY/lead",
            "00Q5f000005bwLFEAY: contacted at 2024-04-26T17:49:40.000Z as 00006948-0ac9-7da3-edb3-ea0e31b2334a/4/00Q5f000005bwLFEAY/lead-status",
            "00Q5f000005bwLGEAY: contacted at 2024-04-26T17:49:40.000Z as 00006948-0ac9-7da3-edb3-ea0e31b2334a/4/00Q5f000005bwLGEAY/lead-status",
            "00Q5f000005bwLFEAY: attempted at 2024-04-26T17:49:52.000Z as 00006948-0ac9-7da3-edb3-ea0e31b2334d/1/00T5f00000AbcdEEAR/task",
            "00Q5f000005bwLFEAY: lost because price at 2024-04-26T17:49:53.000Z as 00006948-0ac9-7da3-edb3-ea0e31b2334e/2/0065f00000XyzABAAZ/opportunity",
        ],
    );
}

#[test]
fn marketo_clicks_of_machines_are_marked_and_scores_and_merges_are_nothing() {
    check(
        "marketo",
        "marketo.json",
        &[
            "1: form demo-request [] at 2026-11-24T09:05:00.000Z as 102988/102988/form",
            "1: email_clicked on Autumn mail by a bot at 2026-11-24T09:06:00.000Z as 102989/102989/activity",
            "2: page_viewed on /pricing at 2026-11-24T09:09:00.000Z as 102992/102992/activity",
        ],
    );
}

#[test]
fn pardot_both_spellings_visitors_without_a_prospect_and_times_without_a_zone() {
    check(
        "pardot",
        "pardot.json",
        &[
            "1038441 98131: form Demo form [] at 2026-11-24T14:05:00.000Z as 351447141/form",
            "98132: page_viewed on /pricing at 2026-11-24T09:06:00.000Z as 351447142/activity",
            "1038441: won at 2026-11-24T14:07:00.000Z as 351447143/opportunity",
        ],
    );
}

#[test]
fn mautic_types_in_one_body_old_and_new_names_objects_for_lists_and_when_it_happened() {
    check(
        "mautic",
        "mautic.json",
        &[
            "53 mia@example.de: form demo-request [company] at 2026-11-24T09:05:00.000Z as submission/2/form",
            "53: email_clicked on /offer at 2026-11-24T09:04:00.000Z as hit/8/2026-11-24T09:04:00+00:00/click",
            "53: page_viewed on /pricing at 2026-11-24T09:06:00.000Z as hit/7/2026-11-24T09:06:00+00:00/hit",
            "53 mia@example.de: email_opened on Autumn at 2026-11-24T09:03:00.000Z as stat/92/open",
            "54: unsubscribed on email at 2026-11-24T09:10:00.000Z as email/unsubscribed/54//2026-11-24T09:10:00+00:00/unsubscribed",
        ],
    );
}

#[test]
fn pipedrive_only_changes_of_the_status_count_and_retries_are_one() {
    check(
        "pipedrive",
        "pipedrive.json",
        &[
            "812: opportunity_created for 1200.5 EUR at 2026-11-24T09:05:00.000Z as 0b9f3a52-0001-4a4e-8f0e-6c1d2e3f4a5b/deal-created",
            "812: lost because Too expensive at 2026-11-25T09:05:00.000Z as 0b9f3a52-0002-4a4e-8f0e-6c1d2e3f4a5b/deal-status",
            "812: meeting_held at 2026-11-25T09:07:30.000Z as 44/meeting/activity-done",
        ],
    );
    let again = sample("pipedrive.json").replace(r#""attempt":2"#, r#""attempt":3"#);
    assert_eq!(told("pipedrive", &again), told("pipedrive", &sample("pipedrive.json")));
}

#[test]
fn odoo_a_row_by_debezium_in_its_envelope_or_bare_in_microseconds_and_its_tombstone() {
    check(
        "odoo",
        "odoo.json",
        &[
            "27 mia@example.de: profile [company,job_title] at 2025-11-25T09:05:00.123Z as 27/1764061500123999/profile",
            "27: won for 1200.5 EUR at 2025-11-25T09:05:00.123Z as 27/4/1764061500123456/stage",
        ],
    );
    check(
        "odoo",
        "odoo-lost.json",
        &["28: lost because too-expensive at 2025-11-25T09:06:40.123Z as 28/1/1764061600123456/lost"],
    );
    assert_eq!(contents("odoo", None), []);
    assert_eq!(told("odoo", r#"{"before":{"id":27},"after":null,"op":"d"}"#), [""; 0]);
}

#[test]
fn snowplow_the_same_id_with_other_content_is_another_event_and_robots_are_marked() {
    check(
        "snowplow",
        "snowplow.json",
        &[
            "mia@example.de bc2e92ec6c204a14: form demo-request [company,country] at 2026-11-24T09:05:00.123Z as c6ef3124-b53a-4b13-a233-0088f79dcbcb/e3dbfa9cca0412c3d4052863cefb547f/form",
            "bc2e92ec6c204a14: page_viewed on /pricing at 2026-11-24T09:06:00.000Z as c6ef3124-b53a-4b13-a233-0088f79dcbcc/a/event",
            "bc2e92ec6c204a14: page_viewed on /blog by a bot at 2026-11-24T09:06:00.000Z as c6ef3124-b53a-4b13-a233-0088f79dcbcc/b/event",
        ],
    );
}

#[test]
fn every_adapter_says_which_fields_it_was_written_from() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/adapters");
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("# Written from "), "{}", path.display());
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(
            Adapter::names().any(|known| known == name),
            "{name} does not come with the program"
        );
    }
}
