//! A running process answers as docs/openapi.json says, on every path that it has.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::process::{Folder, Tasuki, ask, stream, variables};
use super::{check, openapi, read, validator};

#[test]
fn every_route_is_in_the_contract_and_every_path_of_it_is_a_route() {
    let code = read("src/http/mod.rs");
    let routes = code.split(".route(\"").skip(1).map(|rest| {
        let (path, rest) = rest.split_once("\", ").unwrap();
        let (method, _) = rest.split_once('(').unwrap();
        (path.to_owned(), method.to_owned())
    });
    let document = openapi::document();
    let mut said = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        said.extend(
            methods
                .as_object()
                .unwrap()
                .keys()
                .map(|method| (path.clone(), method.clone())),
        );
    }
    assert_eq!(routes.collect::<BTreeSet<_>>(), said);
}

/// Every reason that the code gives to a problem is one that the contract lists, and no other.
#[test]
fn every_reason_of_a_problem_is_in_the_contract() {
    let mut given: BTreeSet<String> = tasuki::domain::event::RejectReason::ALL
        .map(|reason| reason.name().to_owned())
        .into();
    for file in [
        "events",
        "hooks/mod",
        "incoming",
        "mod",
        "outputs",
        "problem",
        "rate",
        "sources",
    ] {
        let code = read(&format!("src/http/{file}.rs"));
        for call in ["StatusCode::", "HookAnswer::"]
            .iter()
            .flat_map(|word| code.split(word).skip(1))
        {
            // The status, and behind it the reason.
            let quoted = call.split(['"', ')', ';']).nth(1).filter(|_| {
                call.split(',')
                    .nth(1)
                    .is_some_and(|next| next.trim_start().starts_with('"'))
            });
            given.extend(quoted.map(str::to_owned));
        }
    }
    let document = openapi::document();
    let said = document["components"]["schemas"]["Problem"]["properties"]["reason"]["enum"]
        .as_array()
        .unwrap();
    let said: BTreeSet<String> = said.iter().map(|reason| reason.as_str().unwrap().to_owned()).collect();
    assert_eq!(given, said);
}

/// One request: method, path, media type, body; and the status it is to have.
type Asked<'a> = (&'a str, &'a str, &'a str, String, u16);

fn asked() -> Vec<Asked<'static>> {
    let event = |data: Value| json!({"specversion": "1.0", "id": "1", "source": "/w", "type": "tasuki.form.submitted.v1", "data": data});
    let right =
        event(json!({"person": {"email": "mia@example.de"}, "form": "demo-request", "profile": {"employees": 450}}));
    let wrong = event(json!({"person": {}, "form": "demo-request"}));
    let structured = "application/cloudevents+json";
    let batch = "application/cloudevents-batch+json";
    vec![
        ("POST", "/events", structured, right.to_string(), 202),
        ("POST", "/events", batch, json!([right, right]).to_string(), 202),
        ("POST", "/events", batch, json!([right, wrong]).to_string(), 422),
        ("POST", "/events", structured, "{".to_owned(), 400),
        ("POST", "/events", structured, "{}".to_owned(), 400),
        (
            "POST",
            "/events",
            structured,
            format!("\"{}\"", "x".repeat(300_000)),
            413,
        ),
        ("POST", "/events", "text/plain", right.to_string(), 415),
        (
            "POST",
            "/events",
            "application/json",
            "{\"type\":\"x\"}".to_owned(),
            422,
        ),
        ("GET", "/livez", "", String::new(), 200),
        ("GET", "/readyz", "", String::new(), 200),
        ("GET", "/metrics", "", String::new(), 200),
        ("POST", "/sources/tasuki.inbox/release", "", String::new(), 404),
        ("POST", "/hooks/none", "", "{}".to_owned(), 404),
        ("GET", "/outputs/none", "", String::new(), 404),
        ("GET", "/outputs/sales.sla?from=x", "", String::new(), 400),
    ]
}

#[test]
fn a_process_answers_as_the_contract_says() {
    let folder = Folder::new("contracts");
    let data = folder.path("data");
    let settings = variables(&[("LOG", "local"), ("LOCAL__PATH", data.to_str().unwrap())]);
    let mut tasuki = Tasuki::start(&folder, "tasuki", &settings);
    tasuki.wait_ready(4);
    let document = openapi::document();
    let (problem, accepted) = (
        validator(&document, "Problem", true),
        validator(&document, "Accepted", true),
    );
    for (method, path, kind, body, expected) in asked() {
        let (status, answer) = ask(tasuki.port(), method, path, kind, body.as_bytes()).unwrap();
        assert_eq!(status, expected, "{method} {path}: {answer}");
        let path = path
            .split('?')
            .next()
            .unwrap()
            .replace("/sources/tasuki.inbox", "/sources/{topic}")
            .replace("/hooks/none", "/hooks/{name}")
            .replace("/outputs/none", "/outputs/{topic}")
            .replace("/outputs/sales.sla", "/outputs/{topic}");
        let operation = &document["paths"][&path][method.to_lowercase()];
        assert!(
            operation["responses"][status.to_string()].is_object(),
            "{method} {path} {status}"
        );
        if status >= 400 {
            check(&problem, &serde_json::from_str(&answer).unwrap());
        } else if method == "POST" {
            check(&accepted, &serde_json::from_str(&answer).unwrap());
        }
    }
    let outputs = validator(&document, "Output", true);
    let mut seen = Vec::new();
    while seen.is_empty() {
        seen = stream(tasuki.port(), "sales.handoffs.enterprise", 0);
    }
    seen.extend(stream(tasuki.port(), "leads.lifecycle", 0));
    for output in seen {
        check(&outputs, &serde_json::from_str(&output).unwrap());
    }
    tasuki.stop();
}
