//! A fact as a line of the history that `replay` reads.
//!
//! Reading the line gives the fact again, whole: what the intake left out stays out, and what it
//! cut stays cut.

use super::data::{write_amount, write_person, write_profile, write_source_of};
use super::members::{Members, object, text};
use crate::domain::fact::{Body, Engagement, Fact, FollowUp, Form, RepChange};
use crate::domain::time::Instant;
use crate::wire::facts::FactType;

/// Appends `{"at": time, "event": {…}}` and a line feed.
pub fn history_line(out: &mut Vec<u8>, at: Instant, fact: &Fact) {
    object(out, |line| {
        line.shown("at", at);
        line.object("event", |event| {
            event.text("specversion", "1.0");
            event.text("id", &fact.id);
            event.text("source", &fact.source);
            event.text("type", FactType::of(&fact.body).name());
            event.shown("time", fact.at);
            event.object("data", |data| write_body(data, &fact.body));
        });
    });
    out.push(b'\n');
}

fn write_body(data: &mut Members<'_>, body: &Body) {
    match body {
        Body::Form(form) => write_form(data, form),
        Body::Engagement(engagement) => write_engagement(data, engagement),
        Body::Profile(person, profile) => {
            data.object("person", |members| write_person(members, person));
            data.object("profile", |members| write_profile(members, profile));
        }
        Body::FollowUp(follow_up) => write_follow_up(data, follow_up),
        Body::Rep(change) => write_rep(data, change),
        Body::Consent(person, sales_contact) => {
            data.object("person", |members| write_person(members, person));
            data.plain("sales_contact", sales_contact);
        }
        Body::Erasure(person) => data.object("person", |members| write_person(members, person)),
    }
}

fn write_form(data: &mut Members<'_>, form: &Form) {
    data.object("person", |members| write_person(members, &form.person));
    data.text("form", &form.form);
    if !form.profile.is_empty() {
        data.object("profile", |members| write_profile(members, &form.profile));
    }
    if let Some(campaign) = &form.campaign {
        data.object("campaign", |members| write_source_of(members, campaign));
    }
    if let Some(sales_contact) = form.sales_contact {
        data.object("consent", |consent| consent.plain("sales_contact", sales_contact));
    }
    data.text_if("message", form.message.as_deref());
}

fn write_engagement(data: &mut Members<'_>, engagement: &Engagement) {
    data.object("person", |members| write_person(members, &engagement.person));
    data.text("activity", &engagement.activity);
    data.text_if("target", engagement.target.as_deref());
    if let Some(campaign) = &engagement.campaign {
        data.object("campaign", |members| write_source_of(members, campaign));
    }
    if engagement.is_bot {
        data.plain("is_bot", true);
    }
}

fn write_follow_up(data: &mut Members<'_>, follow_up: &FollowUp) {
    if let Some(handoff) = follow_up.handoff {
        data.shown("handoff_id", handoff);
    }
    if let Some(person) = &follow_up.person {
        data.object("person", |members| write_person(members, person));
    }
    data.text("outcome", follow_up.outcome.name());
    data.text_if("reason", follow_up.reason.as_deref());
    data.text_if("note", follow_up.note.as_deref());
    data.text_if("rep", follow_up.rep.as_deref());
    if let Some(amount) = &follow_up.amount {
        data.object("amount", |members| write_amount(members, amount));
    }
}

fn write_rep(data: &mut Members<'_>, change: &RepChange) {
    data.text("rep", &change.rep);
    if let Some(available) = change.available {
        data.plain("available", available);
    }
    if let Some(capacity) = change.capacity {
        data.plain("capacity", capacity);
    }
    data.text_if("team", change.team.as_deref());
    if let Some(weight) = change.weight {
        data.plain("weight", weight);
    }
    if let Some(skills) = &change.skills {
        data.value("skills", |out| write_texts(out, skills));
    }
}

fn write_texts(out: &mut Vec<u8>, texts: &[String]) {
    out.push(b'[');
    for (number, one) in texts.iter().enumerate() {
        if number > 0 {
            out.push(b',');
        }
        text(out, one);
    }
    out.push(b']');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::LeadKey;
    use crate::wire::json::{self, Arena, Json};
    use crate::wire::translate::{LeadFact, translate_event};

    const AT: Instant = Instant::from_millis(1_790_000_000_123);

    fn facts_of(event: &str) -> Vec<LeadFact> {
        let arena = Arena::new();
        let Ok(Json::Object(event)) = json::parse(event.as_bytes(), &arena) else {
            panic!("{event} is not an object")
        };
        translate_event(&LeadKey::derive("tasuki"), &event, AT).unwrap()
    }

    /// What the written line is read as.
    fn again(fact: &Fact) -> Vec<LeadFact> {
        let mut line = Vec::new();
        history_line(&mut line, AT, fact);
        let line = String::from_utf8(line).unwrap();
        let begin = format!("{{\"at\":\"{AT}\",\"event\":");
        let event = line.strip_prefix(&begin).and_then(|rest| rest.strip_suffix("}\n"));
        facts_of(event.unwrap_or_else(|| panic!("{line} is framed in another way")))
    }

    #[test]
    fn every_type_with_every_member_comes_back_as_it_was() {
        let long = "é".repeat(3000);
        for (kind, data) in [
            (
                "form.submitted",
                format!(
                    r#"{{"person":{{"lead_id":7,"email":" A@B.de ","anonymous_id":"v"}},"form":"demo \"é\"\u0001",
                    "profile":{{"a":"","n":1.50e2,"neg":-0,"t":true,"gone":null,"list":[1],"ü":"x"}},
                    "campaign":{{"source":"s","medium":"m","name":"n"}},"consent":{{"sales_contact":false}},
                    "message":"{long}"}}"#
                ),
            ),
            ("form.submitted", r#"{"person":{"email":"a@b"},"form":" f "}"#.to_owned()),
            (
                "engagement.recorded",
                r#"{"person":{"email":"a@b"},"activity":"x","target":"/p?a=\\","campaign":{"name":"n"},"is_bot":true}"#
                    .to_owned(),
            ),
            ("engagement.recorded", r#"{"person":{"email":"a@b"},"activity":"x"}"#.to_owned()),
            ("profile.changed", r#"{"person":{"email":"a@b"},"profile":{"x":null,"y":false}}"#.to_owned()),
            ("profile.changed", r#"{"person":{"email":"a@b"},"profile":{}}"#.to_owned()),
            (
                "follow-up.recorded",
                r#"{"handoff_id":"0123456789abcdef0123456789abcdef-2-3","outcome":"meeting_held","reason":"r","note":"n\n",
                "rep":"ana","amount":{"value":"12","currency":"JPY"}}"#
                    .to_owned(),
            ),
            ("follow-up.recorded", r#"{"person":{"anonymous_id":"v"},"outcome":"won"}"#.to_owned()),
            (
                "rep.changed",
                r#"{"rep":"ana","available":false,"capacity":0,"team":"t","weight":3,"skills":["ja","\"en\""]}"#.to_owned(),
            ),
            ("rep.changed", r#"{"rep":"ana","skills":[]}"#.to_owned()),
            ("consent.changed", r#"{"person":{"email":"a@b"},"sales_contact":true}"#.to_owned()),
            ("lead.erased", r#"{"person":{"lead_id":"1","email":"a@b","anonymous_id":"v"}}"#.to_owned()),
        ] {
            let event = format!(
                r#"{{"specversion":"1.0","id":"i \"1\"","source":"/ü","type":"tasuki.{kind}.v1","time":"2026-10-05T09:00:00.007+02:00","data":{data}}}"#
            );
            let facts = facts_of(&event);
            assert!(!facts.is_empty(), "{event}");
            for fact in facts {
                assert_eq!(again(&fact.1), std::slice::from_ref(&fact), "{event}");
            }
        }
    }
}
