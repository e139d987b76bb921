//! Marketing automation: Marketo, Account Engagement (Pardot), Mautic, RD Station.

use super::{check, sample, told};

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
fn marketo_an_empty_attribute_is_left_out_and_a_second_holds_several_activities() {
    let bare = r#"{"result":[
        {"id":1,"marketoGUID":"1","leadId":7,"activityDate":"2026-11-24T09:09:00Z","activityTypeId":10,"primaryAttributeValue":"Autumn"},
        {"id":2,"marketoGUID":"2","leadId":7,"activityDate":"2026-11-24T09:09:00Z","activityTypeId":10,"primaryAttributeValue":"Autumn","attributes":[]},
        {"id":3,"marketoGUID":"3","leadId":7,"activityDate":"2026-11-24T09:09:00Z","activityTypeId":6,"primaryAttributeValue":"Autumn"}]}"#;
    assert_eq!(
        told("marketo", bare),
        [
            "7: email_opened on Autumn at 2026-11-24T09:09:00.000Z as 1/1/activity",
            "7: email_opened on Autumn at 2026-11-24T09:09:00.000Z as 2/2/activity",
        ]
    );
}

#[test]
fn marketo_a_webhook_has_times_without_a_zone_and_empty_texts_for_nothing() {
    check(
        "marketo-webhook",
        "marketo-webhook.json",
        &[
            &format!(
                "1038 mia@example.de: profile [company] at 2026-11-24T22:28:16.000Z as {}/0/0/0",
                "00".repeat(16)
            ),
            "1038 mia@example.de: page_viewed on /pricing at 2026-11-24T22:20:40.000Z as 1038/2026-11-24 14:20:40/moment",
        ],
    );
    let nothing = sample("marketo-webhook.json")
        .replace("Beispiel AG", "")
        .replace("2026-11-24 14:20:40", "");
    assert_eq!(told("marketo-webhook", &nothing), [""; 0]);
}

#[test]
fn pardot_times_are_in_the_zone_of_the_user_unless_they_say_another() {
    let of = |time: &str| {
        let told = told("pardot", &sample("pardot.json").replace("2026-11-24 09:06:00", time));
        told[1].split(" at ").nth(1).unwrap()[..24].to_owned()
    };
    assert_eq!(of("2026-11-24 09:06:00 UTC"), "2026-11-24T09:06:00.000Z");
    assert_eq!(of("2026-11-24T09:06:00+09:00"), "2026-11-24T00:06:00.000Z");
    let tokyo = std::fs::read_to_string(super::folder("adapters").join("pardot.toml")).unwrap();
    let tokyo = tokyo.replace("time_zone = \"UTC\"", "time_zone = \"Asia/Tokyo\"");
    let told = super::told_by(&super::compiled(&tokyo), &sample("pardot.json"));
    assert!(told[1].contains("at 2026-11-24T00:06:00.000Z"), "{told:?}");
}

#[test]
fn mautic_an_order_turned_round_says_the_same_and_mails_sent_and_deleted_leads_say_nothing() {
    let body = r#"{"mautic.page_on_hit":[
        {"hit":{"id":8,"dateHit":"2026-11-24T09:06:00+00:00","url":"/b","contact":{"id":53}},"timestamp":"2026-11-24T09:09:00+00:00"},
        {"hit":{"dateHit":"2026-11-24T09:04:00+00:00","url":"/a","contact":{"id":53}},"timestamp":"2026-11-24T09:09:00+00:00"}],
        "mautic.email_on_send":[{"email":{"id":4},"contact":{"id":53},"timestamp":"2026-11-24T09:09:00+00:00"}],
        "mautic.lead_post_delete":[{"id":53,"timestamp":"2026-11-24T09:09:00+00:00"}],
        "mautic.lead_post_save_update":[{"lead":{"id":53,"fields":{"core":{"email":{"value":"mia@example.de"}}}}}]}"#;
    // The first hits had no id of their own.
    assert_eq!(
        told("mautic", body),
        [
            "53: page_viewed on /b at 2026-11-24T09:06:00.000Z as hit/8/2026-11-24T09:06:00+00:00/hit",
            "53: page_viewed on /a at 2026-11-24T09:04:00.000Z as hit//2026-11-24T09:04:00+00:00/hit",
        ]
    );
}

#[test]
fn rd_station_conversions_without_an_id_happened_before_they_were_sent_and_say_who_may_be_called() {
    check(
        "rd-station",
        "rd-station.json",
        &[
            "c2f3d2b3-7250-4d27-97f4-eef38be32f7f mia@example.com.br: form demo-request [company,country,job_title] consent false at 2026-11-24T12:05:15.021Z as c2f3d2b3-7250-4d27-97f4-eef38be32f7f/demo/2026-11-24T09:05:15.021-03:00/form",
        ],
    );
}
