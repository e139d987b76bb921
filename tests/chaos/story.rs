//! 20,000 events about 4,000 leads, of which the outcome depends on neither timing nor order.

use serde_json::json;
use tasuki::domain::ids::LeadKey;

use crate::ground::{ENGAGEMENT, Event, FOLLOW_UPS, FORMS};
use crate::support::outputs::{Output, count};

/// Leads that qualify for the team with all the time in the world.
pub const PATIENT: usize = 1_800;
/// Leads that qualify for the team that never answers in time.
pub const QUICK: usize = 600;
/// Leads that never qualify.
const OTHERS: usize = 1_600;
const PAGES: usize = 3;
const PROFILES: usize = 300;
/// Follow-ups on handoffs that never were.
pub const STRAY: usize = 100;

pub const TEAMS: [&str; 2] = ["patient", "quick"];

pub const POLICY: &str = r#"
version = 1
name = "story"
[score]
forget_after_days = 180
[[score.engagement]]
rule = "demo-request"
form = ["demo-request"]
points = 40
[[score.engagement]]
rule = "pages"
activity = ["page_viewed"]
points = 1
at_most = 20
[[score.fit]]
rule = "big"
when = [{ attribute = "employees", at_least = 300 }]
points = 30
[qualify]
fit_at_least = 20
engagement_at_least = 40
requalify_after_days = 30
[[route]]
name = "japan"
when = [{ attribute = "country", one_of = ["JP"] }]
team = "quick"
[[route]]
name = "rest"
team = "patient"
[[team]]
id = "patient"
calendar = "always"
[team.sla]
within = "12h"
[[team]]
id = "quick"
calendar = "always"
[team.sla]
within = "2s"
[[rep]]
id = "ana"
team = "patient"
capacity = 100000
[[rep]]
id = "ben"
team = "patient"
capacity = 100000
[[rep]]
id = "cho"
team = "quick"
capacity = 100000
[[calendar]]
id = "always"
time_zone = "UTC"
always = true
"#;

fn email(lead: usize) -> String {
    format!("lead{lead}@example.com")
}

/// The lead's id, by the secret that the tests use.
fn id(lead: usize) -> String {
    LeadKey::derive("chaos").by_email(&email(lead)).to_string()
}

/// Everything marketing sends.
pub fn opening() -> Vec<Event> {
    let mut events = Vec::new();
    for turn in 0..=PAGES {
        for lead in 0..PATIENT + QUICK + OTHERS {
            let (email, qualifies) = (email(lead), lead < PATIENT + QUICK);
            let person = json!({ "email": email });
            // Each lead's form comes before, between or behind its pages.
            let event = if qualifies && turn == lead % (PAGES + 1) {
                let country = if lead < PATIENT { "DE" } else { "JP" };
                let profile = json!({"employees": 500, "country": country});
                let data = json!({"person": person, "form": "demo-request", "profile": profile});
                Event::new(FORMS, &email, "form.submitted", &format!("form-{lead}"), &data)
            } else {
                let data = json!({"person": person, "activity": "page_viewed", "target": "/pricing"});
                let id = format!("page-{lead}-{turn}");
                Event::new(ENGAGEMENT, &email, "engagement.recorded", &id, &data)
            };
            events.push(event);
        }
    }
    for lead in PATIENT + QUICK..PATIENT + QUICK + PROFILES {
        let data = json!({"person": {"email": email(lead)}, "profile": {"country": "FR"}});
        events.push(Event::new(
            FORMS,
            &email(lead),
            "profile.changed",
            &format!("profile-{lead}"),
            &data,
        ));
    }
    events
}

/// True once everything that follows from the opening has been said.
pub fn is_opened(seen: &[Output]) -> bool {
    count(seen, "lead.handed-off") >= PATIENT + QUICK && count(seen, "sla.breached") >= QUICK
}

/// What sales does with a lead, in order.
fn outcomes(lead: usize) -> &'static [&'static str] {
    if lead >= PATIENT {
        return &["contacted"];
    }
    match lead % 6 {
        0 => &["accepted", "contacted", "qualified", "won"],
        1 => &["rejected"],
        2 => &["contacted", "lost"],
        3 => &["contacted"],
        4 => &[],
        _ => &["qualified", "opportunity_created"],
    }
}

/// How many answers tell marketing something.
pub fn feedback() -> usize {
    (0..PATIENT + QUICK).map(|lead| outcomes(lead).len()).sum()
}

/// Everything sales sends, knowing what was handed off: to the patient team long before the
/// deadline, to the quick one long after; every second of those claims to have happened in time.
pub fn answers(seen: &[Output]) -> Vec<Event> {
    let mut events = Vec::new();
    for lead in 0..PATIENT + QUICK {
        let id = id(lead);
        let handed_off = seen
            .iter()
            .find(|output| output.kind == "lead.handed-off" && output.lead == id);
        let handed_off = handed_off.unwrap_or_else(|| panic!("lead {lead} was not handed off"));
        for outcome in outcomes(lead) {
            let mut data = json!({"outcome": outcome});
            if lead % 6 == 3 {
                data["person"] = json!({"email": email(lead)});
            } else {
                data["handoff_id"] = handed_off.handoff_id().into();
            }
            let event_id = format!("answer-{lead}-{outcome}");
            let event = Event::new(FOLLOW_UPS, &email(lead), "follow-up.recorded", &event_id, &data);
            let in_time = lead >= PATIENT && lead % 2 == 0;
            events.push(if in_time {
                event.at(handed_off.data["sla"]["start"].as_str().unwrap())
            } else {
                event
            });
        }
    }
    events
}

/// Answers about what never was.
pub fn strays() -> Vec<Event> {
    let stray = |number: usize| {
        let data = json!({"outcome": "contacted", "handoff_id": format!("{number:032x}-1-1")});
        Event::new(
            FOLLOW_UPS,
            "stray",
            "follow-up.recorded",
            &format!("stray-{number}"),
            &data,
        )
    };
    (0..STRAY).map(stray).collect()
}
