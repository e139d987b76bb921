//! Collectors of events: Segment and RudderStack, Snowplow, PostHog.

use super::{check, sample, told};

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
fn segment_nobody_known_by_user_id_yet_is_a_visitor_and_records_say_the_same_in_any_order() {
    let track = sample("segment-track.json");
    let unknown = track.replace("\"97980cfea0067\"", "null");
    assert!(told("segment", &unknown)[0].starts_with("mia@example.de 507f191e810c19729de860ea: form"));
    // Without a message key the destination deals records out in turn; each says when it happened.
    let late = track.replace("2026-11-24T09:05:00.612Z", "2026-11-24T08:00:00Z");
    assert!(told("segment", &late)[0].contains(" at 2026-11-24T08:00:00.000Z"));
    let group = track.replace("\"type\":\"track\"", "\"type\":\"group\"");
    assert_eq!(told("segment", &group), [""; 0]);
}

#[test]
fn snowplow_its_table_of_tabs_is_no_json_and_a_visitor_may_be_known_by_the_network_alone() {
    assert_eq!(
        told("snowplow", "web\tpc\t2026-11-24 09:05:01.000"),
        ["not-json: not JSON at byte 0"]
    );
    let network = sample("snowplow.json").replace("\"domain_userid\":\"bc2e92ec6c204a14\"", "\"domain_userid\":null");
    assert!(told("snowplow", &network)[0].starts_with("mia@example.de ecdff4d0-9175-40ac-a8bb-325c49733607: form"));
}

#[test]
fn posthog_a_body_by_a_template_or_flat_and_what_is_older_than_two_days() {
    check(
        "posthog",
        "posthog.json",
        &[
            "mia@example.de 018e2b7c-aaaa: page_viewed on /pricing at 2026-11-24T09:05:00.123Z as 018e2b7c-0001-7b7e-9a55-1a2b3c4d5e6f//event",
            "018e2b7c-cccc: webinar_registered on /webinar at 2026-11-20T09:05:02.000Z as /018e2b7c-0003-7b7e-9a55-1a2b3c4d5e6f/event",
        ],
    );
}
