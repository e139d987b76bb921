//! The payloads in samples/payloads, in the platforms' true shape, and what their adapters make of
//! them. samples/payloads/README.md lists each platform's traps, and the test that shows each.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test program may fail loudly")]

mod collectors;
mod crm;
mod hubspot;
mod marketing;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tasuki::domain::fact::{Body, Fact, Person};
use tasuki::domain::ids::LeadKey;
use tasuki::domain::journal::{Content, Role};
use tasuki::domain::time::Instant;
use tasuki::log::Record;
use tasuki::wire::adapters::Adapter;
use tasuki::wire::translate::{Hooks, SourceContext, translate};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name)
}

fn built_in(name: &str) -> Arc<Adapter> {
    Adapter::load(name).unwrap()
}

fn compiled(text: &str) -> Arc<Adapter> {
    Adapter::compile("changed.toml", text).unwrap()
}

fn context(adapter: &Arc<Adapter>) -> SourceContext {
    SourceContext {
        topic: "topic".to_owned(),
        topic_id: [0; 16],
        partition: 0,
        role: Role::Engagement,
        types: None,
        ignore_unknown_types: false,
        adapter: Some(adapter.clone()),
        hooks: Hooks::default(),
    }
}

fn sample(name: &str) -> String {
    std::fs::read_to_string(folder("payloads").join(name)).unwrap()
}

fn contents(adapter: &Arc<Adapter>, value: Option<&str>) -> Vec<Content> {
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
    told_by(&built_in(adapter), value)
}

fn told_by(adapter: &Arc<Adapter>, value: &str) -> Vec<String> {
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
            let consent = form
                .sales_contact
                .map(|may| format!(" consent {may}"))
                .unwrap_or_default();
            format!(
                "{}: form {} [{}]{message}{consent}",
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
