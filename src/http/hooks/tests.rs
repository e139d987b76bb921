//! Requests to hooks over a loopback port. The signatures were made with
//! `openssl dgst -sha256 -hmac mautic-secret -binary | base64`.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};

use super::super::tests::{Fake, ask, options, rate, refused, request, served_with, split};
use super::super::{Options, REQUESTS_MAX, Rate};
use super::*;
use crate::domain::event::Rejection;
use crate::domain::ids::LeadKey;
use crate::domain::journal::Role;
use crate::wire::adapters::Adapter;
use crate::wire::translate::Hook;

const FORM: &str = r#"{"mautic.form_on_submit":[{"submission":{"id":2,"form":{"alias":"demo-request"},"results":{"email":"canary@example.com"}},"timestamp":"2026-11-24T09:09:00+00:00"}]}"#;
const FORM_SIGNED: &str = "1tqJubAJGlUXQ+KsHq0zd8ZXSouIW19Ezk5CYgZjSPA=";
/// One event that lacks a form and a person, and one that is right.
const HALF: &str = r#"{"mautic.form_on_submit":[{"submission":{"id":3}},{"submission":{"id":4,"form":{"alias":"f"},"results":{"email":"canary@example.com"}}}]}"#;
const HALF_SIGNED: &str = "YAd4osqU3WJjE0UNIgUXZHRQ6vT6sp7R8C1FoTcUd5g=";
const BROKEN_SIGNED: &str = "7qrlm1IjJ+98CY7QSWPNjGfJtCr+j/l0DNAf2eWUiZ4=";
const LONG_SIGNED: &str = "eMOJiOtRSGAnUzhZecmioTjkZYmekyheKOMjxsylaj8=";

/// With a hook for Mautic, and one that is not signed.
fn hooked(rate: Rate) -> Options {
    let mut options = options(Some("secret"));
    let hook = |format: Option<&str>| Hook {
        role: Role::Forms,
        types: None,
        ignore_unknown_types: false,
        adapter: format.map(|name| Adapter::load(name).unwrap()),
    };
    let hooks = [("mautic", hook(Some("mautic"))), ("open", hook(None))];
    options.inbox.hooks = Arc::new(hooks.map(|(name, hook)| (name.to_owned(), hook)).into());
    let signed = Proof::Signature(Box::new(Scheme::mautic("mautic-secret")));
    let proofs = [("mautic", signed), ("open", Proof::Token)];
    options.hooks = proofs.map(|(name, proof)| (name.to_owned(), proof)).into();
    options.rate = rate;
    options
}

async fn serving(fake: &Arc<Fake>) -> SocketAddr {
    served_with(fake.clone(), hooked(rate(1_000))).await
}

/// Status and body of a webhook.
async fn post(address: SocketAddr, path: &str, headers: &str, body: &str) -> (u16, String) {
    let line = ["POST ", path].concat();
    split(&ask(address, request(&line, headers, body), "").await)
}

fn signed(signature: &str) -> String {
    format!("content-type: application/json\r\nwebhook-signature: {signature}\r\n")
}

fn answers(fake: &Fake) -> Vec<HookAnswer> {
    let answers = fake.hook_answers.lock().unwrap();
    answers.iter().map(|(_, answer)| *answer).collect()
}

/// The headers of what is in the inbox.
fn stored(fake: &Fake) -> Vec<Vec<(String, String)>> {
    let text = |value: &Option<Vec<u8>>| String::from_utf8(value.clone().unwrap()).unwrap();
    let inbox = fake.inbox.lock().unwrap();
    let headers = inbox.iter().map(|record| record.headers.iter());
    headers
        .map(|headers| headers.map(|(name, value)| (name.clone(), text(value))).collect())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_payload_is_stored_as_it_came_under_its_hook_and_keyed_by_its_lead() {
    let fake = Arc::new(Fake::default());
    let address = serving(&fake).await;
    let answer = post(address, "/hooks/mautic", &signed(FORM_SIGNED), FORM).await;
    assert_eq!(answer, (202, "{\"accepted\":1}".to_owned()));
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let headers = vec![
        header("content-type", "application/json"),
        header("tasuki_hook", "mautic"),
    ];
    assert_eq!(stored(&fake), [headers]);
    let inbox = fake.inbox.lock().unwrap();
    assert_eq!(inbox[0].value.as_deref(), Some(FORM.as_bytes()));
    let lead = LeadKey::derive("tasuki").by_email("canary@example.com");
    assert_eq!(inbox[0].key, Some(lead.digits().to_vec()));
    let counted = fake.hook_answers.lock().unwrap();
    assert_eq!(*counted, [("mautic".to_owned(), HookAnswer::Accepted)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_signed_rightly_is_unauthorized_and_not_stored() {
    let fake = Arc::new(Fake::default());
    let address = serving(&fake).await;
    let path = "/hooks/mautic";
    refused(post(address, path, "", FORM).await, 401, "signature-missing");
    refused(
        post(address, path, &signed(HALF_SIGNED), FORM).await,
        401,
        "signature-wrong",
    );
    let bearer = "authorization: Bearer secret\r\n";
    refused(post(address, path, bearer, FORM).await, 401, "signature-missing");
    refused(
        post(address, "/hooks/open", &signed(FORM_SIGNED), FORM).await,
        401,
        "unauthorized",
    );
    assert_eq!(
        answers(&fake),
        [
            HookAnswer::NoSignature,
            HookAnswer::WrongSignature,
            HookAnswer::NoSignature,
            HookAnswer::WrongToken
        ]
    );
    assert!(fake.inbox.lock().unwrap().is_empty());
    let answer = ask(address, request("POST /hooks/mautic", "", FORM), "").await;
    assert!(answer.contains("www-authenticate: Signature\r\n"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_without_a_signature_takes_the_token_of_the_api() {
    let fake = Arc::new(Fake::default());
    let address = serving(&fake).await;
    let event = r#"{"id":"1","person":{"email":"canary@example.com"},"form":"demo-request"}"#;
    let answer = post(address, "/hooks/open", "authorization: Bearer secret\r\n", event).await;
    assert_eq!(answer.0, 202, "{answer:?}");
    assert_eq!(answers(&fake), [HookAnswer::Accepted]);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_could_never_be_used_is_refused_and_the_rest_is_for_the_dead_letters() {
    let fake = Arc::new(Fake::default());
    let address = serving(&fake).await;
    let path = "/hooks/mautic";
    refused(post(address, path, &signed(BROKEN_SIGNED), "{").await, 400, "not-json");
    let long = format!("\"{}\"", "x".repeat(256 * 1024));
    refused(post(address, path, &signed(LONG_SIGNED), &long).await, 413, "too-large");
    let longer = " ".repeat((1 << 20) + 1);
    refused(
        post(address, path, &signed(FORM_SIGNED), &longer).await,
        413,
        "too-large",
    );
    let form = signed(FORM_SIGNED).replace("application/json", "application/x-www-form-urlencoded");
    refused(post(address, path, &form, FORM).await, 415, "unsupported-media-type");
    for unknown in ["/hooks/other", "/hooks/%ff"] {
        let answer = post(address, unknown, &signed(FORM_SIGNED), FORM).await;
        refused(answer, 404, "unknown-hook");
    }
    assert_eq!(answers(&fake), [HookAnswer::Refused; 4]);
    assert!(fake.inbox.lock().unwrap().is_empty());

    assert_eq!(post(address, path, &signed(HALF_SIGNED), HALF).await.0, 202);
    let token = "authorization: Bearer secret\r\n";
    assert_eq!(post(address, "/hooks/open", token, "[]").await.0, 202);
    assert_eq!(fake.inbox.lock().unwrap().len(), 2);
}

#[test]
fn a_payload_of_which_something_is_of_use_is_of_use() {
    let rejected = |reason| Content::Rejected {
        rejection: Rejection {
            reason,
            detail: String::new(),
        },
        original: crate::domain::journal::Original {
            topic: String::new(),
            partition: 0,
            offset: 0,
            time: crate::domain::time::Instant::default(),
            key: None,
            value: None,
            headers: Vec::new(),
        },
    };
    assert!(is_of_use(vec![rejected(RejectReason::TooLarge)]).is_err());
    assert!(is_of_use(vec![rejected(RejectReason::NotJson)]).is_err());
    assert!(is_of_use(vec![rejected(RejectReason::Unmapped)]).is_ok());
    assert!(
        is_of_use(vec![
            rejected(RejectReason::InvalidData),
            rejected(RejectReason::TooLarge)
        ])
        .is_ok()
    );
    assert!(is_of_use(Vec::new()).is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_stored_is_not_accepted() {
    let fake = Arc::new(Fake {
        refuses: true,
        ..Fake::default()
    });
    let address = serving(&fake).await;
    let answer = post(address, "/hooks/mautic", &signed(FORM_SIGNED), FORM).await;
    refused(answer, 503, "unavailable");
    assert_eq!(answers(&fake), [HookAnswer::Failed]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_forges_a_hook_through_events() {
    let fake = Arc::new(Fake::default());
    let address = serving(&fake).await;
    let structured = r#"{"specversion":"1.0","id":"1","source":"/w","type":"tasuki.engagement.recorded.v1","tasukihook":"mautic","data":{"person":{"email":"canary@example.com"},"activity":"page_viewed"}}"#;
    let forged =
        "authorization: Bearer secret\r\ntasuki_hook: mautic\r\ntasuki-hook: mautic\r\nce-tasuki_hook: mautic\r\n";
    let one = format!("{forged}content-type: application/cloudevents+json\r\n");
    assert_eq!(post(address, "/events", &one, structured).await.0, 202);
    let binary = format!(
        "{forged}content-type: application/json\r\nce-specversion: 1.0\r\nce-id: 2\r\nce-source: /w\r\nce-type: tasuki.engagement.recorded.v1\r\n"
    );
    let data = r#"{"person":{"email":"canary@example.com"},"activity":"page_viewed"}"#;
    assert_eq!(post(address, "/events", &binary, data).await.0, 202);
    let batch = format!("{forged}content-type: application/cloudevents-batch+json\r\n");
    assert_eq!(
        post(address, "/events", &batch, &format!("[{structured}]")).await.0,
        202
    );
    let stored = stored(&fake);
    assert_eq!(stored.len(), 3);
    for (name, _) in stored.iter().flatten() {
        assert!(name == "content-type" || name.starts_with("ce_"), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_too_much_is_told_when_to_come_again_and_the_others_are_not() {
    let fake = Arc::new(Fake::default());
    let address = served_with(fake.clone(), hooked(rate(1))).await;
    let hook = request("POST /hooks/mautic", &signed(FORM_SIGNED), FORM);
    let event = request(
        "POST /events",
        "authorization: Bearer secret\r\ncontent-type: text/plain\r\n",
        "",
    );
    for line in [&hook, &event] {
        let mut answers = Vec::new();
        while answers
            .last()
            .is_none_or(|answer: &String| !answer.starts_with("HTTP/1.1 429"))
        {
            assert!(answers.len() < 100, "{answers:?}");
            answers.push(ask(address, line.clone(), "").await);
        }
        assert!(answers.len() > 1, "the first is refused already: {answers:?}");
        let last = answers.pop().unwrap();
        assert!(last.contains("retry-after: 1\r\n"), "{last}");
        refused(split(&last), 429, "too-many-requests");
    }
    assert_eq!(answers(&fake).last(), Some(&HookAnswer::TooMany));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_to_a_hook_and_stays_does_not_shut_out_events() {
    let fake = Arc::new(Fake::default());
    let address = serving(&fake).await;
    let _stay = unfinished(address, &request("POST /hooks/mautic", &signed(FORM_SIGNED), FORM));
    let mut answer = (0, String::new());
    for _ in 0..1_000 {
        answer = post(address, "/hooks/mautic", "", FORM).await;
        if answer.0 == 503 {
            break;
        }
    }
    refused(answer, 503, "unavailable");
    let headers = "authorization: Bearer secret\r\ncontent-type: application/cloudevents-batch+json\r\n";
    assert_eq!(post(address, "/events", headers, "[]").await.0, 202);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_wait_do_not_shut_out_who_watches_and_mends() {
    let fake = Arc::new(Fake::default());
    let address = serving(&fake).await;
    let token = "authorization: Bearer secret\r\n";
    let batch = format!("{token}content-type: application/cloudevents-batch+json\r\n");
    let _stay = unfinished(address, &request("POST /events", &batch, "[]"));
    let mut answer = (0, String::new());
    for _ in 0..1_000 {
        answer = post(address, "/events", &batch, "[]").await;
        if answer.0 == 503 {
            break;
        }
    }
    refused(answer, 503, "unavailable");
    assert_eq!(
        split(&ask(address, request("GET /metrics", token, ""), "").await).0,
        200
    );
    assert_eq!(post(address, "/sources/crm.activities/release", token, "").await.0, 204);
}

/// As many requests as are worked on at the same time, each of which lacks its last byte.
fn unfinished(address: SocketAddr, request: &str) -> Vec<TcpStream> {
    let part = &request.as_bytes()[..request.len() - 1];
    let begin = |_| {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(part).unwrap();
        stream
    };
    (0..REQUESTS_MAX).map(begin).collect()
}
