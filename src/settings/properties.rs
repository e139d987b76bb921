//! Properties of librdkafka: those that Tasuki's promises rest on, and what librdkafka has against
//! the others.

use super::keys::OWNED;
use super::layers::Given;
use crate::fault::{Fault, nearest};
use crate::log::kafka::{Refusal, refusal, setting_names};

/// What is wrong with a value, if it is one for librdkafka.
pub(super) fn fault(path: &[String], given: &Given) -> Option<Fault> {
    let [kafka, client, name] = path else { return None };
    if kafka != "kafka" || client != "client" {
        return None;
    }
    let told = |message, remedy: &str| Some(Fault::new(given.place.clone(), message, remedy));
    if OWNED.contains(&name.as_str()) {
        let message = format!("`{name}` is not for you to set: Tasuki's promises rest on it");
        return told(message, instead_of(name));
    }
    if name == "plugin.library.paths" {
        // It would load them.
        return None;
    }
    let value = given.texts.concat();
    match refusal(name, &value)? {
        Refusal::Unknown => {
            let names = setting_names();
            let remedy = match nearest(name, names.iter().map(String::as_str)) {
                Some(candidate) => format!("did you mean `{candidate}`?"),
                None => "remove it, or see librdkafka's CONFIGURATION.md for its name".to_owned(),
            };
            told(format!("`{name}` is no property of librdkafka"), &remedy)
        }
        Refusal::Value(words) => {
            let words = words.replace(&format!("\"{value}\""), "…");
            let remedy = "see librdkafka's CONFIGURATION.md for what it can be";
            told(format!("`{name}` cannot have this value: {words}"), remedy)
        }
    }
}

fn instead_of(owned: &str) -> &'static str {
    match owned {
        "bootstrap.servers" | "metadata.broker.list" => "remove it, and set `kafka.brokers`",
        "session.timeout.ms" => "remove it, and set `kafka.session_timeout`",
        "group.instance.id" | "transactional.id" => "remove it, and set `instance`",
        "group.id" => "remove it, and set `kafka.prefix`",
        _ => "remove it",
    }
}
