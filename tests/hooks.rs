//! Webhooks into the service as it runs: signed as platforms sign, sent again as platforms do, and
//! handed off once, also when the process is killed behind its answer.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    dead_code,
    reason = "a test program may panic, and uses a part of what is shared"
)]

mod support;

use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use support::deployment::POLICY;
use support::process::{Folder, Tasuki, Variables, post, stream, variables};

/// Signed by `openssl dgst -sha256 -hmac mautic-secret -binary | base64`.
const FORM: &str = r#"{"mautic.form_on_submit":[{"submission":{"id":2,"form":{"alias":"demo-request"},"results":{"email":"canary@example.com"}},"timestamp":"2026-11-24T09:09:00+00:00"}]}"#;
const FORM_SIGNED: &str = "1tqJubAJGlUXQ+KsHq0zd8ZXSouIW19Ezk5CYgZjSPA=";
/// A submission without a form or a person, and one that is right.
const HALF: &str = r#"{"mautic.form_on_submit":[{"submission":{"id":3}},{"submission":{"id":4,"form":{"alias":"f"},"results":{"email":"canary@example.com"}}}]}"#;
const HALF_SIGNED: &str = "YAd4osqU3WJjE0UNIgUXZHRQ6vT6sp7R8C1FoTcUd5g=";
const PATIENCE: Duration = Duration::from_secs(30);
const URL: &str = "https://leads.example.com/hooks/hubspot";

fn settings(folder: &Folder) -> Variables {
    let secret = folder.write("mautic-secret", "mautic-secret\n");
    // Nobody tells Mautic how many they are.
    let policy = POLICY.replace("fit_at_least = 20", "fit_at_least = 0");
    let policy = folder.write("policy.toml", &policy);
    let data = folder.path("data");
    variables(&[
        ("LOCAL__PATH", data.to_str().unwrap()),
        ("POLICY__FILE", &policy),
        ("HOOKS__mautic__ROLE", "forms"),
        ("HOOKS__mautic__FORMAT", "mautic"),
        ("HOOKS__mautic__SIGNATURE", "mautic"),
        ("HOOKS__mautic__SECRET_FILE", &secret),
        ("HOOKS__hubspot__ROLE", "engagement"),
        ("HOOKS__hubspot__FORMAT", "hubspot"),
        ("HOOKS__hubspot__SIGNATURE", "hubspot-v3"),
        ("HOOKS__hubspot__SECRET", "hubspot-secret"),
        ("HOOKS__hubspot__URL", URL),
    ])
}

fn send(tasuki: &Tasuki, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
    let all = [&[("content-type", "application/json")], headers].concat();
    post(tasuki.port(), path, &all, body.as_bytes()).unwrap()
}

fn mautic(tasuki: &Tasuki, signature: &str, body: &str) -> (u16, String) {
    send(tasuki, "/hooks/mautic", &[("webhook-signature", signature)], body)
}

/// Sends as HubSpot does, signed at this moment.
fn hubspot(tasuki: &Tasuki, body: &str) -> (u16, String) {
    let since_epoch = SystemTime::UNIX_EPOCH.elapsed().unwrap();
    let time = since_epoch.as_millis().to_string();
    let signature = base64(&hmac("hubspot-secret", &["POST", URL, body, &time].concat()));
    let headers = [
        ("x-hubspot-signature-v3", signature.as_str()),
        ("x-hubspot-request-timestamp", &time),
    ];
    send(tasuki, "/hooks/hubspot", &headers, body)
}

fn hmac(secret: &str, text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let mut three = [0; 3];
        three[..chunk.len()].copy_from_slice(chunk);
        let bits = u32::from_be_bytes([0, three[0], three[1], three[2]]);
        for place in 0..4 {
            let digit = char::from(DIGITS[(bits >> (18 - 6 * place) & 63) as usize]);
            text.push(if place <= chunk.len() { digit } else { '=' });
        }
    }
    text
}

/// Waits until a sum of samples is so much.
#[track_caller]
fn wait_for(tasuki: &Tasuki, metric: &str, expected: u64) {
    let until = Instant::now() + PATIENCE;
    while tasuki.metric(metric) < expected {
        assert!(
            Instant::now() < until,
            "{metric} does not reach {expected}: {}",
            tasuki.words()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(tasuki.metric(metric), expected, "{metric}");
}

fn events(result: &str) -> String {
    format!("tasuki_events_total{{result=\"{result}\",role=\"inbox\"}}")
}

#[test]
fn what_is_sent_again_is_handed_off_once_and_a_kill_behind_the_answer_loses_nothing() {
    let folder = Folder::new("hooks");
    let settings = settings(&folder);
    let mut tasuki = Tasuki::start(&folder, "tasuki", &settings);
    tasuki.wait_ready(4);
    assert_eq!(mautic(&tasuki, FORM_SIGNED, FORM), (202, "{\"accepted\":1}".to_owned()));
    tasuki.kill();

    let mut tasuki = Tasuki::start(&folder, "tasuki", &settings);
    tasuki.wait_ready(4);
    assert_eq!(mautic(&tasuki, FORM_SIGNED, FORM).0, 202);
    wait_for(&tasuki, &events("duplicate"), 1);
    let until = Instant::now() + PATIENCE;
    let mut handoffs = Vec::new();
    while handoffs.is_empty() && Instant::now() < until {
        handoffs = stream(tasuki.port(), "sales.handoffs.inside", 0);
    }
    assert_eq!(handoffs.len(), 1, "{handoffs:?}");
    assert!(
        handoffs[0].contains("\"causationid\":\"mautic#submission/2/form\""),
        "{handoffs:?}"
    );

    assert_eq!(mautic(&tasuki, HALF_SIGNED, HALF).0, 202);
    wait_for(&tasuki, "tasuki_dead_letters_total", 1);
    assert_eq!(mautic(&tasuki, HALF_SIGNED, FORM).0, 401);
    assert_eq!(mautic(&tasuki, FORM_SIGNED, "{}").0, 401);
    let wrong = "tasuki_hook_requests_total{answer=\"wrong-signature\",hook=\"mautic\"}";
    assert_eq!(tasuki.metric(wrong), 2);
    tasuki.stop();
    assert!(!tasuki.words().contains("canary"), "{}", tasuki.words());
}

#[test]
fn a_retry_with_another_number_and_another_signature_is_the_same_event() {
    let folder = Folder::new("hooks-again");
    let mut tasuki = Tasuki::start(&folder, "tasuki", &settings(&folder));
    tasuki.wait_ready(4);
    let events_of = |attempt: u32| {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/payloads/hubspot.json");
        let sample = std::fs::read_to_string(path).unwrap();
        sample.replace("\"attemptNumber\":0", &format!("\"attemptNumber\":{attempt}"))
    };
    // A profile, a lead status and an erasure.
    assert_eq!(hubspot(&tasuki, &events_of(0)).0, 202);
    wait_for(&tasuki, &events("accepted"), 3);
    assert_eq!(hubspot(&tasuki, &events_of(1)).0, 202);
    wait_for(&tasuki, &events("duplicate"), 3);
    assert_eq!(tasuki.metric(&events("accepted")), 3);
    tasuki.stop();
}

/// Forms of a shop, one of which its adapter does not know by name.
const SHOP: &str = r#"
[[event]]
name = "form"
type = "tasuki.form.submitted.v1"
id = ["/number"]
email = ["/who"]
form = ["/form | forms"]
[values.forms]
contact = "contact-sales"
"#;

#[test]
fn after_a_fix_of_the_adapter_a_dead_letter_goes_the_same_way_again() {
    let folder = Folder::new("hooks-fixed");
    let mut settings = settings(&folder);
    let adapter = folder.write("shop.toml", SHOP);
    settings.extend(variables(&[
        ("HOOKS__shop__ROLE", "forms"),
        ("HOOKS__shop__FORMAT", &adapter),
        ("HOOKS__shop__SIGNATURE", "hmac"),
        ("HOOKS__shop__SECRET", "shop-secret"),
        ("HOOKS__shop__HEADER", "x-shop-signature"),
        ("HOOKS__shop__ENCODING", "base64"),
        ("HOOKS__shop__PREFIX", "sha256="),
    ]));
    let mut tasuki = Tasuki::start(&folder, "tasuki", &settings);
    tasuki.wait_ready(4);
    let body = r#"{"number": 7, "who": "canary@example.com", "form": "demo"}"#;
    let signature = ["sha256=", &base64(&hmac("shop-secret", body))].concat();
    let signed = [("x-shop-signature", signature.as_str())];
    assert_eq!(send(&tasuki, "/hooks/shop", &signed, body).0, 202);
    wait_for(&tasuki, "tasuki_dead_letters_total{reason=\"unmapped\"}", 1);
    tasuki.stop();

    folder.write("shop.toml", &[SHOP, "demo = \"demo-request\"\n"].concat());
    let mut replay = Command::new(env!("CARGO_BIN_EXE_tasuki"));
    replay.args(["dead-letters", "replay"]).envs(settings.iter().cloned());
    assert!(replay.status().unwrap().success());

    let mut tasuki = Tasuki::start(&folder, "tasuki", &settings);
    tasuki.wait_ready(4);
    wait_for(&tasuki, "tasuki_handoffs_total", 1);
    assert_eq!(tasuki.metric(&events("accepted")), 1);
    tasuki.stop();
}
