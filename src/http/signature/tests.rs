//! Signatures of other hands: published by the platforms, made by HubSpot's own client for Python
//! (hubspot-api-client 12), or by `openssl dgst -sha256 -hmac`.

use super::*;

const MINUTES: i64 = 60_000;
const HUBSPOT_SECRET: &str = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy";
const HUBSPOT_BODY: &str = r#"[{"eventId":1,"subscriptionId":12345,"portalId":62515,"occurredAt":1564113600000,"subscriptionType":"contact.creation","attemptNumber":0,"objectId":123,"changeSource":"CRM","changeFlag":"NEW","appId":54321}]"#;
const HUBSPOT: [(&str, &str); 2] = [
    ("X-HubSpot-Signature-v3", "TOYP96KgNiAUz53zbV0rBtwq88u9p+iqi7M+egKkOp4="),
    ("X-HubSpot-Request-Timestamp", "1564113600500"),
];
const TWENTY_BODY: &str = r#"{"event":"person.created","data":{"id":"abc12345"},"timestamp":"2025-02-10T15:30:50Z"}"#;
const TWENTY: [(&str, &str); 2] = [
    (
        "X-Twenty-Webhook-Signature",
        "ae1108e2cf3875a2460ea13d49f899e3fef5acac0595987c4b05d2c9d3d22619",
    ),
    ("X-Twenty-Webhook-Timestamp", "1739201450123"),
];
const MAUTIC_BODY: &str = r#"{"mautic.form_on_submit":[{"submission":{"id":2}}]}"#;
const MAUTIC: [(&str, &str); 1] = [("Webhook-Signature", "rrBcHBHOhjVGtoqNwTlYig22mP3L6cklMS2EeAJ31XI=")];
const GITHUB: [(&str, &str); 1] = [(
    "X-Hub-Signature-256",
    "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
)];
const SLACK_BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
const SLACK: [(&str, &str); 2] = [
    (
        "X-Slack-Signature",
        "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    ),
    ("X-Slack-Request-Timestamp", "1531420618"),
];

fn hubspot() -> Scheme {
    Scheme::hubspot_v3(HUBSPOT_SECRET, "https://leads.example.com/hooks/hubspot", 5 * MINUTES)
}

fn twenty() -> Scheme {
    Scheme::twenty("twenty-secret", 5 * MINUTES)
}

fn github() -> Scheme {
    Scheme::of("x-hub-signature-256", "It's a Secret to Everybody").written(Encoding::Hex, "sha256=")
}

fn slack() -> Scheme {
    Scheme::of("x-slack-signature", "8f742231b10e8888abcd99yyyzzz85a5")
        .written(Encoding::Hex, "v0=")
        .timed("x-slack-request-timestamp", 5 * MINUTES)
        .signing("v0:{timestamp}:{body}")
}

/// What a scheme says of a request that arrives at `now`.
fn said(scheme: &Scheme, now: i64, headers: &[(&str, &str)], body: &str) -> Result<(), Unproven> {
    let mut all = HeaderMap::new();
    for (name, value) in headers {
        let name: axum::http::HeaderName = name.parse().unwrap();
        all.insert(name, HeaderValue::from_str(value).unwrap());
    }
    let claim = scheme.claim(&all, Instant::from_millis(now))?;
    claim.prove(body.as_bytes())
}

#[test]
fn what_platforms_sign_is_proven() {
    assert_eq!(said(&hubspot(), 1_564_113_600_900, &HUBSPOT, HUBSPOT_BODY), Ok(()));
    assert_eq!(said(&Scheme::mautic("mautic-secret"), 0, &MAUTIC, MAUTIC_BODY), Ok(()));
    assert_eq!(said(&twenty(), 1_739_201_451_000, &TWENTY, TWENTY_BODY), Ok(()));
    assert_eq!(said(&github(), 0, &GITHUB, "Hello, World!"), Ok(()));
    assert_eq!(said(&slack(), 1_531_420_619_000, &SLACK, SLACK_BODY), Ok(()));
}

#[test]
fn what_was_changed_or_signed_by_others_is_wrong() {
    let wrong = Err(Unproven::Wrong);
    let now = 1_564_113_600_900;
    let others = [
        Scheme::hubspot_v3("another", "https://leads.example.com/hooks/hubspot", 5 * MINUTES),
        Scheme::hubspot_v3(HUBSPOT_SECRET, "https://leads.example.com/hooks/other", 5 * MINUTES),
    ];
    for other in others {
        assert_eq!(said(&other, now, &HUBSPOT, HUBSPOT_BODY), wrong);
    }
    assert_eq!(
        said(&hubspot(), now, &HUBSPOT, &HUBSPOT_BODY.replace("123,", "124,")),
        wrong
    );
    let [signature, (time, _)] = HUBSPOT;
    let later = [signature, (time, "1564113600501")];
    assert_eq!(said(&hubspot(), now, &later, HUBSPOT_BODY), wrong);
    assert_eq!(said(&Scheme::mautic("mautic-secret"), 0, &MAUTIC, ""), wrong);
    assert_eq!(said(&github(), 0, &GITHUB, "Hello, World"), wrong);
    for written in ["", "757107ea", "sha256=", "sha256=757107ea", "sha256=zz", "sha256=é"] {
        let headers = [("X-Hub-Signature-256", written)];
        assert_eq!(said(&github(), 0, &headers, "Hello, World!"), wrong, "{written}");
    }
}

#[test]
fn digits_of_a_signature_may_be_large() {
    let [(name, value)] = GITHUB;
    let large = value.to_ascii_uppercase().replace("SHA256", "sha256");
    assert_eq!(said(&github(), 0, &[(name, &large)], "Hello, World!"), Ok(()));
}

#[test]
fn a_header_that_is_missing_or_no_time_is_told() {
    let missing = Err(Unproven::Missing);
    let [signature, time] = TWENTY;
    for headers in [&[] as &[_], &[signature], &[time]] {
        assert_eq!(said(&twenty(), 1_739_201_451_000, headers, TWENTY_BODY), missing);
    }
    for unreadable in [
        "",
        "now",
        "1739201450123.5",
        "99999999999999999999",
        "-9223372036854775808",
    ] {
        let headers = [signature, (time.0, unreadable)];
        let said = said(&twenty(), 1_739_201_451_000, &headers, TWENTY_BODY);
        assert_eq!(said, missing, "{unreadable}");
    }
}

#[test]
fn a_signature_is_good_for_so_long_before_and_after_its_time() {
    let signed_at = 1_564_113_600_500;
    for (now, expected) in [
        (signed_at + 5 * MINUTES, Ok(())),
        (signed_at + 5 * MINUTES + 1, Err(Unproven::TooOld)),
        (signed_at - 5 * MINUTES, Ok(())),
        (signed_at - 5 * MINUTES - 1, Err(Unproven::TooOld)),
    ] {
        assert_eq!(said(&hubspot(), now, &HUBSPOT, HUBSPOT_BODY), expected, "{now}");
    }
    let in_seconds = 1_531_420_618_000;
    assert_eq!(said(&slack(), in_seconds + 5 * MINUTES, &SLACK, SLACK_BODY), Ok(()));
    let late = said(&slack(), in_seconds + 5 * MINUTES + 1, &SLACK, SLACK_BODY);
    assert_eq!(late, Err(Unproven::TooOld));
}

#[test]
fn hubspot_signs_an_address_with_some_characters_decoded() {
    let headers = [
        ("X-HubSpot-Signature-v3", "CrM/a9Zm9b0rBbYYBYp3qIfgPV8YJUAfqlo0lJm4qpA="),
        ("X-HubSpot-Request-Timestamp", "1564113600500"),
    ];
    let body = r#"{"example_field":"example_value"}"#;
    for url in ["to=a%2Cb", "to=a%2cb", "to=a,b"] {
        let url = ["https://leads.example.com/hooks/hubspot?", url].concat();
        let scheme = Scheme::hubspot_v3(HUBSPOT_SECRET, &url, 5 * MINUTES);
        assert_eq!(said(&scheme, 1_564_113_600_900, &headers, body), Ok(()), "{url}");
    }
}

#[test]
fn what_is_signed_may_be_said_in_any_order() {
    let text = |text: &str| Part::Text(text.to_owned());
    let scheme = Scheme::of("x", "secret").signing("a{body}{timestamp}b");
    assert_eq!(scheme.signed, [text("a"), Part::Body, Part::Timestamp, text("b")]);
}

#[test]
fn a_scheme_does_not_show_its_secret() {
    assert!(!format!("{:?}", Scheme::mautic("swordfish")).contains("swordfish"));
}
