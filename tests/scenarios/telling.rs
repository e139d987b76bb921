//! A line of a story → a line of `tasuki replay`.
//!
//! `DATE TIME who verb words…`, as README.md has them. `@TIME` is when it happened, `#ID` names the
//! event; without it each line is an event of its own.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use tasuki::domain::ids::{LeadId, LeadKey};

#[derive(Default)]
pub(crate) struct Telling {
    count: u32,
    /// Who is who in the transcript.
    pub(crate) names: BTreeMap<String, String>,
}

impl Telling {
    pub(crate) fn line(&mut self, line: &str) -> String {
        let words = words(line);
        let at = time(&[&*words[0], "T", &words[1]].concat());
        let (mut id, mut happened, mut rest) = (None, None, Vec::new());
        for word in &words[2..] {
            match word.as_bytes()[0] {
                b'#' => id = Some(word[1..].to_owned()),
                b'@' => happened = Some(time(&word[1..])),
                _ => rest.push(word.as_str()),
            }
        }
        if rest == ["clock"] {
            return format!("{{\"at\":\"{at}\"}}");
        }
        if rest[0] == "line" {
            return rest[1].replace("AT", &format!("\"at\":\"{at}\""));
        }
        self.count += 1;
        let (kind, data) = self.event(&rest);
        let id = id.unwrap_or_else(|| self.count.to_string());
        let mut event = json!({"specversion": "1.0", "id": id, "source": "/story", "type": kind, "data": data});
        if let Some(happened) = happened {
            event["time"] = Value::from(happened);
        }
        json!({"at": at, "event": event}).to_string()
    }

    fn event(&mut self, rest: &[&str]) -> (String, Value) {
        let (kind, data) = match rest {
            ["event", kind, data] => return ((*kind).to_owned(), serde_json::from_str(data).unwrap()),
            ["sales", outcome, about, more @ ..] => ("follow-up.recorded", self.answer(outcome, about, more)),
            ["roster", rep, more @ ..] => {
                let mut data = members(more);
                data.insert("rep".to_owned(), Value::from(*rep));
                ("rep.changed", Value::Object(data))
            }
            [who, "form", form, more @ ..] => {
                let mut data = json!({"person": self.person(who), "form": form});
                let (said, profile): (Vec<_>, Vec<_>) = members(more)
                    .into_iter()
                    .partition(|(name, _)| OF_FORMS.contains(&name.as_str()));
                if !profile.is_empty() {
                    data["profile"] = Value::Object(profile.into_iter().collect());
                }
                for (name, value) in said {
                    data[name] = value;
                }
                ("form.submitted", data)
            }
            [who, "did", activity, more @ ..] => {
                let (target, more) = match more {
                    [target, more @ ..] if target.starts_with('/') => (Some(*target), more),
                    more => (None, more),
                };
                let mut data = members(more);
                data.insert("person".to_owned(), self.person(who));
                data.insert("activity".to_owned(), Value::from(*activity));
                data.extend(target.map(|target| ("target".to_owned(), Value::from(target))));
                ("engagement.recorded", Value::Object(data))
            }
            [who, "profile", more @ ..] => (
                "profile.changed",
                json!({"person": self.person(who), "profile": members(more)}),
            ),
            [who, "consents", yes] => (
                "consent.changed",
                json!({"person": self.person(who), "sales_contact": *yes == "yes"}),
            ),
            [who, "erased"] => ("lead.erased", json!({"person": self.person(who)})),
            _ => panic!("not a line of a story: {rest:?}"),
        };
        (format!("tasuki.{kind}.v1"), data)
    }

    fn answer(&mut self, outcome: &str, about: &str, more: &[&str]) -> Value {
        let mut data = members(more);
        data.insert("outcome".to_owned(), Value::from(outcome));
        let handoff = about.splitn(2, '-').collect::<Vec<_>>();
        match handoff[..] {
            [who, attempt] if attempt.contains('-') => {
                let lead = self.lead(who);
                data.insert("handoff_id".to_owned(), Value::from(format!("{lead}-{attempt}")));
            }
            _ => drop(data.insert("person".to_owned(), self.person(about))),
        }
        Value::Object(data)
    }

    /// `mia` has an address; `id:7` and `anon:x` are known by other identifiers, `mia+anon:x` by both.
    fn person(&mut self, who: &str) -> Value {
        let mut person = Map::new();
        for one in who.split('+') {
            self.lead(one);
            let (name, value) = match one.split_once(':') {
                Some(("id", id)) => ("lead_id", id.to_owned()),
                Some((_, id)) => ("anonymous_id", id.to_owned()),
                None => ("email", format!("{one}@example.com")),
            };
            person.insert(name.to_owned(), Value::from(value));
        }
        Value::Object(person)
    }

    fn lead(&mut self, who: &str) -> LeadId {
        let key = LeadKey::derive("tasuki");
        let lead = match who.split_once(':') {
            Some(("id", id)) => key.by_lead_id(id),
            Some((_, id)) => key.by_anonymous_id(id),
            None => key.by_email(&format!("{who}@example.com")),
        };
        self.names.insert(lead.to_string(), who.to_owned());
        lead
    }
}

/// Members of a form's data that are not of the profile.
const OF_FORMS: [&str; 3] = ["message", "campaign", "consent"];

/// `2026-11-02T09:00`, with seconds or without, to a time of RFC 3339.
fn time(text: &str) -> String {
    match text.len() {
        10 => format!("{text}T00:00:00Z"),
        16 => format!("{text}:00Z"),
        _ => format!("{text}Z"),
    }
}

/// `name=value` each; a value is JSON where it can be, else text.
fn members(words: &[&str]) -> Map<String, Value> {
    let members = words.iter().map(|word| {
        let (name, value) = word.split_once('=').unwrap_or_else(|| panic!("{word}: not name=value"));
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
        (name.to_owned(), value)
    });
    members.collect()
}

/// Words between spaces; spaces within quotes, braces and brackets do not count.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut depth, mut quoted) = (vec![String::new()], 0, false);
    for letter in line.chars() {
        match letter {
            '"' => quoted = !quoted,
            '{' | '[' if !quoted => depth += 1,
            '}' | ']' if !quoted => depth -= 1,
            _ => {}
        }
        if letter == ' ' && depth == 0 && !quoted {
            words.push(String::new());
        } else {
            words.last_mut().unwrap().push(letter);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}
