//! The made-up week of marketing: who shows interest and when, and who of sales is away.
//!
//! Always the same: the minutes vary by a small generator with a fixed seed. All companies and
//! people are invented; addresses are on example.com.

use serde_json::{Value, json};

use super::event;
use crate::domain::time::Instant;

/// Minutes by which a visit may come later than it is written here.
const JITTER_MINUTES: u64 = 9;
/// Seed of the generator.
const SEED: u64 = 20_261_005;
/// One in so many events is sent twice, as sources do that send at least once.
const TWICE_IN: u64 = 4;
const MINUTE_MS: i64 = 60_000;

/// Something that comes in, and when it is sent.
pub(super) struct Incoming {
    pub(super) at: Instant,
    pub(super) event: Value,
}

const MON: u8 = 0;
const TUE: u8 = 1;
const WED: u8 = 2;
const THU: u8 = 3;
const FRI: u8 = 4;

/// What somebody does.
#[derive(Clone, Copy)]
enum Does {
    Demo,
    Whitepaper,
    Pricing,
    Webinar,
    Careers,
    AsksToBeForgotten,
}

use Does::{AsksToBeForgotten, Careers, Demo, Pricing, Webinar, Whitepaper};

/// Name, company, employees, country, the day, the time as `hhmm`, and what they do then.
type Person = (
    &'static str,
    &'static str,
    u32,
    &'static str,
    &'static [(u8, i64, Does)],
);

const PEOPLE: &[Person] = &[
    ("mori", "Aoi Foods", 800, "JP", &[(MON, 905, Demo)]),
    (
        "hart",
        "Birch Lane",
        120,
        "GB",
        &[
            (MON, 912, Whitepaper),
            (MON, 925, Pricing),
            (MON, 936, Pricing),
            (MON, 1530, Webinar),
            (FRI, 1010, Demo),
        ],
    ),
    ("vogel", "Cedar Bank", 2400, "DE", &[(MON, 935, Demo)]),
    ("petit", "Delta Kids", 12, "FR", &[(MON, 1005, Demo), (THU, 930, Demo)]),
    ("jones", "Ember Labs", 60, "US", &[(MON, 1040, Demo)]),
    ("spy", "Rival KK", 400, "JP", &[(MON, 1110, Demo)]),
    ("lund", "Fjord Energy", 950, "NO", &[(MON, 1125, Demo)]),
    ("sato", "Gion Paper", 350, "JP", &[(MON, 1320, Demo)]),
    ("young", "North College", 9, "US", &[(MON, 1400, Careers)]),
    (
        "abe",
        "Hoshi Retail",
        1200,
        "JP",
        &[(MON, 1410, Whitepaper), (MON, 1530, Webinar)],
    ),
    (
        "rossi",
        "Iris Clinic",
        45,
        "IT",
        &[(MON, 1615, Demo), (THU, 1510, Demo)],
    ),
    ("clark", "Juniper Air", 700, "GB", &[(MON, 2240, Demo)]),
    ("ono", "Kawa Logistics", 500, "JP", &[(TUE, 915, Demo)]),
    ("weber", "Lumen Works", 80, "DE", &[(TUE, 945, Demo)]),
    (
        "smith",
        "Maple Homes",
        30,
        "CA",
        &[(TUE, 1020, Whitepaper), (THU, 1120, Pricing)],
    ),
    ("ueda", "Nori Bank", 3000, "JP", &[(TUE, 1105, Demo)]),
    ("brown", "Oakwell", 150, "US", &[(TUE, 1335, Demo)]),
    ("kato", "Pine Rail", 420, "JP", &[(TUE, 1430, Demo)]),
    ("silva", "Quartz Media", 65, "BR", &[(TUE, 1510, Demo)]),
    ("endo", "River Foods", 330, "JP", &[(WED, 930, Demo)]),
    ("ito", "Sora Mobile", 900, "JP", &[(WED, 1030, Demo)]),
    ("novak", "Tansu Design", 25, "CZ", &[(WED, 1330, Demo)]),
    ("hara", "Umi Shipping", 640, "JP", &[(WED, 1415, Demo)]),
    (
        "evans",
        "Vale Dairy",
        110,
        "GB",
        &[(WED, 1405, Whitepaper), (WED, 1530, Webinar)],
    ),
    ("adams", "Willow Tech", 75, "US", &[(THU, 1030, Demo)]),
    ("nagai", "Yuki Hotels", 180, "JP", &[(THU, 1115, Demo)]),
    ("braun", "Zinc Motors", 560, "DE", &[(THU, 1325, Demo)]),
    (
        "moreau",
        "Acorn Press",
        40,
        "FR",
        &[(THU, 1505, Demo), (THU, 1620, AsksToBeForgotten)],
    ),
    ("kubo", "Basalt Group", 1500, "JP", &[(FRI, 940, Demo)]),
    ("diaz", "Coral Diving", 20, "ES", &[(FRI, 1100, Demo)]),
    ("haddad", "Dune Energy", 380, "AE", &[(FRI, 1305, Demo)]),
];

/// A day of the week from 0, and a time as `hhmm`.
type DayTime = (u8, i64);

/// Who is away: the rep, from when, until when.
pub(super) const ABSENCES: &[(&str, DayTime, DayTime)] =
    &[("carl", (WED, 1200), (FRI, 900)), ("dana", (THU, 1000), (THU, 1415))];

/// Where somebody may have heard of the company.
const CAMPAIGNS: &[(&str, &str, &str)] = &[
    ("google", "cpc", "autumn"),
    ("newsletter", "email", "october"),
    ("trade-fair", "event", "osaka"),
    ("linkedin", "social", "case-study"),
];

/// The instant of a day and time of the week that begins at `monday`.
pub(super) fn instant(monday: Instant, day: u8, hhmm: i64) -> Instant {
    let minutes = i64::from(day) * 24 * 60 + hhmm / 100 * 60 + hhmm % 100;
    monday.plus_millis(minutes * MINUTE_MS)
}

/// Everything that comes in by itself in the week that begins at `monday`, in order.
pub(super) fn week(monday: Instant) -> Vec<Incoming> {
    let mut chance = Chance(SEED);
    let mut all = Vec::new();
    for person in PEOPLE {
        let campaign = CAMPAIGNS[chance.below(CAMPAIGNS.len() as u64) as usize];
        for (day, hhmm, does) in person.4 {
            let late_ms = chance.below(JITTER_MINUTES * 60_000) as i64;
            let at = instant(monday, *day, *hhmm).plus_millis(late_ms);
            let event = visit(person, campaign, *does, at, all.len());
            if chance.below(TWICE_IN) == 0 {
                let event = event.clone();
                let at = at.plus_millis(MINUTE_MS);
                all.push(Incoming { at, event });
            }
            all.push(Incoming { at, event });
        }
    }
    for (rep, away, back) in ABSENCES {
        for ((day, hhmm), available) in [(*away, false), (*back, true)] {
            let at = instant(monday, day, hhmm);
            let data = json!({"rep": rep, "available": available});
            let event = event::bare("tasuki.rep.changed.v1", &format!("roster-{}", all.len()), at, data);
            all.push(Incoming { at, event });
        }
    }
    all.push(typing_error(instant(monday, TUE, 1600)));
    all.sort_by_key(|incoming| incoming.at);
    all
}

/// Somebody of sales mistypes a handoff id.
fn typing_error(at: Instant) -> Incoming {
    let data = json!({"handoff_id": "0123456789abcdef0123456789abcdef-1-1", "outcome": "contacted"});
    let event = event::bare("tasuki.follow-up.recorded.v1", "mistyped", at, data);
    Incoming { at, event }
}

fn visit(person: &Person, campaign: (&str, &str, &str), does: Does, at: Instant, number: usize) -> Value {
    let (name, company, employees, country, _) = person;
    let address = format!("{name}.{}@example.com", company.to_lowercase().replace(' ', "-"));
    let profile = json!({"company": company, "employees": employees, "country": country});
    let campaign = json!({"source": campaign.0, "medium": campaign.1, "name": campaign.2});
    let someone = json!({"email": address});
    let id = format!("visit-{number}");
    let form = |form: &str, message: Option<&str>| {
        let data =
            json!({"person": someone, "form": form, "profile": profile, "campaign": campaign, "message": message});
        event::structured("tasuki.form.submitted.v1", &id, at, &data)
    };
    let engagement = |activity: &str, target: Option<&str>| {
        let data = json!({"person": someone, "activity": activity, "target": target, "campaign": campaign});
        event::bare("tasuki.engagement.recorded.v1", &id, at, data)
    };
    match does {
        Demo => form("demo-request", Some("Please show us how it works.")),
        Whitepaper => form("whitepaper", None),
        Pricing => engagement("page_viewed", Some("/pricing/plans")),
        Webinar => engagement("webinar_attended", None),
        Careers => engagement("page_viewed", Some("/careers/engineering")),
        AsksToBeForgotten => event::bare("tasuki.lead.erased.v1", &id, at, json!({"person": someone})),
    }
}

/// A small generator (splitmix64), the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound.max(1)
    }
}
