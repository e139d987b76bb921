//! CRMs: Salesforce, Pipedrive, Odoo by Debezium, Twenty, Frappe.

use super::{built_in, check, contents, sample, told};

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
    assert_eq!(contents(&built_in("odoo"), None), []);
    assert_eq!(told("odoo", r#"{"before":{"id":27},"after":null,"op":"d"}"#), [""; 0]);
}

#[test]
fn salesforce_what_comes_back_counts_and_changes_of_ones_own_can_be_left_out() {
    let undelete = sample("salesforce.json").replace("\"DELETE\"", "\"UNDELETE\"").replace(
        "\"commitTimestamp\":1714153791000}}",
        "\"commitTimestamp\":1714153791000},\"Company\":\"Beispiel AG\"}",
    );
    assert!(
        told("salesforce", &undelete)
            .iter()
            .any(|line| line.starts_with("00Q5f000005bwLHEAY: profile [company]"))
    );
    let file = std::fs::read_to_string(super::folder("adapters").join("salesforce.toml")).unwrap();
    let own = "    { path = \"^/ChangeEventHeader/changeOrigin\", none_of = [\"com/salesforce/api/soap/60.0;client=SfdcInternalAPI/\"] },\n    { path = \"^/ChangeEventHeader/changeType\"";
    let guarded = super::compiled(&file.replace("    { path = \"^/ChangeEventHeader/changeType\"", own));
    let told = super::told_by(&guarded, &sample("salesforce.json"));
    assert_eq!(told.len(), 2, "the first of them is one's own: {told:?}");
}

#[test]
fn salesforce_a_list_of_changed_fields_says_what_a_bitmap_says() {
    let list = sample("salesforce.json").replace("[\"0x08F81000\"]", "[\"Status\",\"NumberOfEmployees\"]");
    assert_eq!(
        told("salesforce", &list),
        told("salesforce", &sample("salesforce.json"))
    );
}

#[test]
fn pipedrive_webhooks_of_the_first_version_and_merges_say_nothing() {
    let first = r#"{"v":1,"event":"added.deal","meta":{"action":"added","object":"deal","id":20},"current":{"id":20,"status":"won","person_id":812},"previous":null}"#;
    assert_eq!(told("pipedrive", first), [""; 0]);
    let merge = r#"[{"meta":{"action":"delete","entity":"person","entity_id":"813","id":"a"},"data":null,"previous":{"id":813,"merged_to_id":812}},
        {"meta":{"action":"change","entity":"person","entity_id":"812","id":"b","timestamp":"2026-11-25T09:07:01.000Z"},"data":{"id":812,"emails":[{"value":"mia@example.de"}],"job_title":"CEO"},"previous":{"job_title":null}}]"#;
    // The one that stays says what it has become; the one that goes asks for no erasure.
    assert_eq!(
        told("pipedrive", merge),
        ["812 mia@example.de: profile [job_title] at 2026-11-25T09:07:01.000Z as b/person"]
    );
}

#[test]
fn odoo_times_in_text_a_snapshot_and_a_row_without_its_envelope() {
    let text = sample("odoo.json")
        .replace("1764061500123456", "\"2025-11-25T09:05:00.123456Z\"")
        .replace("1764061500123999", "\"2025-11-25 09:05:00\"");
    let told_of = |text: &str| told("odoo", text);
    assert!(told_of(&text)[0].contains("at 2025-11-25T09:05:00.000Z"));
    assert!(told_of(&text)[1].contains("won for 1200.5 EUR at 2025-11-25T09:05:00.123Z"));
    // A snapshot tells stages that were entered long ago.
    let snapshot = told_of(&sample("odoo.json").replace("\"op\":\"u\"", "\"op\":\"r\""));
    assert!(snapshot.len() == 1 && snapshot[0].contains("profile"), "{snapshot:?}");
    assert_eq!(
        told_of(r#"{"id":27,"email_from":"mia@example.de","stage_id":4,"__op":"u"}"#),
        [""; 0]
    );
}

#[test]
fn twenty_a_body_of_the_server_and_of_the_guide_a_stage_once_and_deletes_are_nothing() {
    check(
        "twenty",
        "twenty.json",
        &[
            "c776ee49-f608-4a77-8cc8-6fe96ae1e43f mia@example.de: profile [job_title,phone] at 2026-11-24T09:05:00.612Z as c776ee49-f608-4a77-8cc8-6fe96ae1e43f/2026-11-24T09:05:00.612Z/person",
        ],
    );
    // A later delivery of the same change, and the deletion.
    let sample = sample("twenty.json");
    let again = sample.replace("2026-11-24T09:05:00.790Z", "2026-11-24T09:07:00.000Z");
    assert_eq!(told("twenty", &again), told("twenty", &sample));
    assert_eq!(
        told("twenty", &sample.replace("person.updated", "person.deleted")),
        [""; 0]
    );
    let guide = r#"{"event":"person.created","data":{"id":"abc12345","firstName":"Alice","email":"alice@example.com","jobTitle":"CEO","createdAt":"2025-02-10T15:30:45Z"},"timestamp":"2025-02-10T15:30:50Z"}"#;
    assert_eq!(
        told("twenty", guide),
        [
            "abc12345 alice@example.com: profile [job_title] at 2025-02-10T15:30:50.000Z as abc12345//2025-02-10T15:30:50Z/person"
        ]
    );
    let opportunity = r#"{"eventName":"opportunity.updated","record":{"id":"o-1","stage":"CUSTOMER","pointOfContactId":"c-1","updatedAt":"2026-11-25T10:00:00.000Z"},"updatedFields":["stage"]}"#;
    let won = ["c-1: won at 2026-11-25T10:00:00.000Z as o-1/CUSTOMER/stage"];
    assert_eq!(told("twenty", opportunity), won);
    assert_eq!(told("twenty", &opportunity.replace("CUSTOMER", "SCREENING")), [""; 0]);
    assert_eq!(told("twenty", &opportunity.replace("\"c-1\"", "null")), [""; 0]);
}

#[test]
fn frappe_ids_of_letters_times_of_the_site_in_microseconds_and_calls_that_are_not_over() {
    check(
        "frappe",
        "frappe.json",
        &[
            "CRM-LEAD-2026-00001 mia@example.de: profile [company,job_title] at 2026-11-24T09:05:00.123Z as CRM-LEAD-2026-00001/2026-11-24 09:05:00.123456/lead",
            "CRM-LEAD-2026-00001: contacted at 2026-11-24T09:05:00.123Z as CRM-LEAD-2026-00001/Contacted/status",
            "CRM-LEAD-2026-00002: profile [company] at 2026-11-24T09:06:00.000Z as CRM-LEAD-2026-00002/2026-11-24 09:06:00.000001/lead",
            "CRM-LEAD-2026-00001: attempted at 2026-11-24T09:07:30.500Z as call-1/No Answer/call",
        ],
    );
    let deals = sample("frappe.json").replace(
        "\"reference_doctype\":\"CRM Lead\"",
        "\"reference_doctype\":\"CRM Deal\"",
    );
    assert_eq!(told("frappe", &deals).len(), 3);
}
