//! A small company for tests: its policy, facts about leads by number, and outputs as short lines.

use std::sync::Arc;

use super::calendar::Calendar;
use super::effects::Effects;
use super::event::{Decision, Output, Topic, Verdict, WithdrawnBecause};
use super::fact::{Attribute, Body, Campaign, Engagement, Fact, FollowUp, Form, HandoffId, Outcome, Person, RepChange};
use super::ids::LeadId;
use super::policy::{
    Block, Condition, EngagementMatch, EngagementRule, FastTrack, FitRule, Policy, Qualify, RejectionPath, RepTerms,
    Route, Sla, Team, Test,
};
use super::single::Single;
use super::time::Instant;
use super::value::{Number, Value};

pub(crate) const HOUR: i64 = 3_600_000;

/// Hours after the story begins.
pub(crate) fn hour(hours: i64) -> Instant {
    Instant::from_millis(1_767_225_600_000 + hours * HOUR)
}

pub(crate) fn lead(number: u8) -> LeadId {
    LeadId([number; 16])
}

pub(crate) fn handoff(number: u8, cycle: u32, attempt: u32) -> HandoffId {
    HandoffId {
        lead: lead(number),
        cycle,
        attempt,
    }
}

fn person(number: u8) -> Person {
    Person {
        email: Some(format!("p{number}@example.com")),
        ..Person::default()
    }
}

pub(crate) fn rep(id: &str, team: usize, capacity: u32) -> RepTerms {
    RepTerms {
        id: id.to_owned(),
        team,
        weight: 1,
        capacity,
        skills: Vec::new(),
    }
}

pub(crate) fn team(id: &str, overflow: Option<usize>) -> Team {
    Team {
        id: id.to_owned(),
        topic: format!("sales.handoffs.{id}"),
        calendar: 0,
        overflow,
        sla: Sla {
            warn_ms: Some(3 * HOUR),
            within_ms: 4 * HOUR,
            escalate_ms: Some(6 * HOUR),
            reassign_ms: Some(8 * HOUR),
            reassign_at_most: 2,
            responses: Outcome::ALL.into_iter().skip(2).collect(),
            releases: Outcome::ALL.into_iter().skip(4).collect(),
        },
    }
}

fn engagement(rule: &str, matches: EngagementMatch, points: i64) -> EngagementRule {
    EngagementRule {
        rule: rule.to_owned(),
        matches,
        points,
        at_most: Some(80),
        half_life_days: Some(30),
        within_days: None,
    }
}

pub(crate) fn is(attribute: &str, value: &str) -> Condition {
    Condition {
        attribute: attribute.to_owned(),
        test: Test::Equals(Value::Text(value.to_owned())),
    }
}

/// Ana and Ben sell to enterprises, Carl to everybody; Carl helps out.
pub(crate) fn policy() -> Policy {
    let activity = |name: &str| EngagementMatch::Activity(vec![name.to_owned()], None);
    Policy {
        version: 1,
        name: "sample".to_owned(),
        hash: "0123456789abcdef".to_owned(),
        forget_after_days: 180,
        engagement: vec![
            engagement("demo", EngagementMatch::Form(vec!["demo".to_owned()]), 40),
            engagement("views", activity("page_viewed"), 5),
            engagement("spam", activity("spam_reported"), -50),
        ],
        fit: vec![FitRule {
            rule: "big".to_owned(),
            when: vec![Condition {
                attribute: "employees".to_owned(),
                test: Test::AtLeast(Number::parse("300").unwrap()),
            }],
            points: 30,
        }],
        qualify: Qualify {
            fit_at_least: 20,
            engagement_at_least: 20,
            requalify_after_days: 30,
            not_before: None,
            fast_track: vec![FastTrack {
                rule: 0,
                fit_at_least: 0,
            }],
            block: vec![Block {
                name: "rival".to_owned(),
                when: vec![is("company", "rival kk")],
            }],
        },
        routes: vec![
            Route {
                name: "enterprise".to_owned(),
                when: vec![is("segment", "enterprise")],
                team: 0,
                needs: Vec::new(),
                owner_from: Some("account_owner".to_owned()),
            },
            Route {
                name: "everyone-else".to_owned(),
                when: Vec::new(),
                team: 1,
                needs: Vec::new(),
                owner_from: None,
            },
        ],
        teams: vec![team("enterprise", Some(1)), team("inside", None)],
        reps: vec![rep("ana", 0, 1), rep("ben", 0, 1), rep("carl", 1, 1)],
        calendars: vec![Calendar::always("always")],
        reject: [
            ("wrong-territory".to_owned(), RejectionPath::Reassign),
            ("competitor".to_owned(), RejectionPath::Disqualify),
        ]
        .into(),
    }
}

pub(crate) fn text(name: &str, value: &str) -> Attribute {
    (name.to_owned(), Some(Value::Text(value.to_owned())))
}

pub(crate) fn demo(number: u8, profile: Vec<Attribute>) -> Body {
    Body::Form(Form {
        person: person(number),
        form: "Demo".to_owned(),
        profile,
        campaign: Some(Campaign {
            source: Some("ad".to_owned()),
            ..Campaign::default()
        }),
        sales_contact: None,
        message: Some(format!("call {number}")),
    })
}

pub(crate) fn viewed(number: u8, is_bot: bool) -> Body {
    Body::Engagement(Engagement {
        person: person(number),
        activity: "page_viewed".to_owned(),
        target: Some("/pricing".to_owned()),
        campaign: None,
        is_bot,
    })
}

pub(crate) fn profile(number: u8, attributes: Vec<Attribute>) -> Body {
    Body::Profile(person(number), attributes)
}

pub(crate) fn consent(number: u8, consent: bool) -> Body {
    Body::Consent(person(number), consent)
}

pub(crate) fn erasure(number: u8) -> Body {
    Body::Erasure(person(number))
}

pub(crate) fn follow_up(handoff: Option<HandoffId>, outcome: Outcome, reason: Option<&str>) -> Body {
    Body::FollowUp(FollowUp {
        handoff,
        person: handoff.is_none().then(Person::default),
        outcome,
        reason: reason.map(str::to_owned),
        note: None,
        rep: None,
        amount: None,
    })
}

pub(crate) fn roster(id: &str, change: impl FnOnce(&mut RepChange)) -> Body {
    let mut body = RepChange {
        rep: id.to_owned(),
        ..RepChange::default()
    };
    change(&mut body);
    Body::Rep(body)
}

pub(crate) fn available(id: &str, available: bool) -> Body {
    roster(id, |change| change.available = Some(available))
}

/// A story: facts go in, short lines come out.
pub(crate) struct Story {
    pub(crate) single: Single,
    pub(crate) effects: Effects,
    facts: u32,
}

impl Story {
    pub(crate) fn new(policy: Policy) -> Self {
        Self {
            single: Single::new(Arc::new(policy)),
            effects: Effects::default(),
            facts: 0,
        }
    }

    /// Something happens and is known at once.
    pub(crate) fn tell(&mut self, at: Instant, number: u8, body: Body) -> Verdict {
        self.tell_late(at, at, number, body)
    }

    /// Something that happened earlier becomes known.
    pub(crate) fn tell_late(&mut self, at: Instant, happened: Instant, number: u8, body: Body) -> Verdict {
        self.facts += 1;
        let id = self.facts.to_string();
        self.tell_as(&id, (at, happened), number, body)
    }

    /// The event is named.
    pub(crate) fn tell_as(&mut self, id: &str, times: (Instant, Instant), number: u8, body: Body) -> Verdict {
        let fact = Fact {
            source: "s".to_owned(),
            id: id.to_owned(),
            at: times.1,
            body,
        };
        self.single.line(times.0, lead(number), &fact, &mut self.effects)
    }

    pub(crate) fn until(&mut self, at: Instant) {
        self.single.until(at, &mut self.effects);
    }

    /// What came out since the last look.
    pub(crate) fn lines(&mut self) -> Vec<String> {
        assert_eq!(self.effects.letters, [], "letters are delivered at once");
        let lines = self.effects.outputs.iter().map(line).collect();
        self.effects.clear();
        lines
    }

    #[track_caller]
    pub(crate) fn check(&mut self, expected: &[&str]) {
        assert_eq!(self.lines(), expected);
    }
}

fn short(handoff: &HandoffId) -> String {
    let [number, ..] = handoff.lead.0;
    format!("{number}-{}-{}", handoff.cycle, handoff.attempt)
}

/// An output in a few words.
pub(crate) fn line(output: &Output) -> String {
    let [number, ..] = output.lead.0;
    match &output.decision {
        Decision::HandedOff(it) => {
            let others = it.passed_over.iter();
            let others: Vec<_> = others.map(|one| format!(" {}:{}", one.rep, one.why.name())).collect();
            format!("{} handed to {}{}", short(&it.handoff), it.rep, others.concat())
        }
        Decision::Queued(it) => {
            let others = it.passed_over.iter();
            let others: Vec<_> = others.map(|one| format!(" {}:{}", one.rep, one.why.name())).collect();
            format!("{} queued at {}{}", short(&it.handoff), it.team, others.concat())
        }
        Decision::Withdrawn(it) => {
            let because = match &it.because {
                WithdrawnBecause::Deadline => "deadline",
                WithdrawnBecause::Reason(reason) => reason.as_deref().unwrap_or("no reason"),
            };
            format!("{} withdrawn from {}: {because}", short(&it.handoff), it.rep)
        }
        Decision::Sla(it) => {
            let late = if it.late == Some(true) { " late" } else { "" };
            format!("{} {}{late}", short(&it.handoff), it.kind.name())
        }
        Decision::StageChanged(it) => {
            let from = it.from.map_or("null", super::event::Stage::name);
            let rule = it.because_rule.as_ref().map(|rule| format!(" by {rule}"));
            format!(
                "{number} c{} {from} > {}{}",
                it.cycle,
                it.to.name(),
                rule.unwrap_or_default()
            )
        }
        Decision::Feedback(it) => {
            let about = it.handoff.as_ref().map_or_else(|| number.to_string(), short);
            format!("{about} feedback {}", it.outcome.name())
        }
        Decision::Forgotten { .. } => match &output.topic {
            Topic::Handoffs(topic) => format!("{number} forgotten {topic}"),
            Topic::Sla | Topic::Feedback | Topic::Lifecycle => format!("{number} forgotten"),
        },
    }
}
