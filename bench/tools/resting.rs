//! Leads at rest: what a company that has been at it for years mostly remembers; and leads that wait
//! for an answer.
//!
//! Each of the former has an e-mail address of 24 bytes, four attributes, a first and a last campaign, and
//! three touches, of two events: the form of the first round, the page view of the second. Nobody
//! qualifies under the agreement of `bench/plain.py`.

use super::events::draw;

const TITLES: &[&str] = &[
    "Head of Sales",
    "Managing Director",
    "Buyer",
    "IT Manager",
    "Marketing Manager",
    "CTO",
    "Operations Lead",
    "Consultant",
];
const COUNTRIES: &[&str] = &["DE", "JP", "US", "FR", "GB", "AT", "CH", "NL"];
/// Source, medium and name.
const CAMPAIGNS: &[(&str, &str, &str)] = &[
    ("google", "cpc", "brand-2026-q3"),
    ("google", "cpc", "competitor-2026"),
    ("linkedin", "social", "abm-automotive"),
    ("newsletter", "email", "october"),
    ("newsletter", "email", "product-news"),
    ("webinar", "event", "autumn-series"),
    ("bing", "cpc", "generic"),
    ("partner", "referral", "integrations"),
];

/// The type and the body of an event of this round.
pub(crate) fn body(round: u64, lead: u64) -> (&'static str, String) {
    let (source, medium, name) = of(CAMPAIGNS, lead, 10 + round);
    let campaign = format!(r#""campaign":{{"source":"{source}","medium":"{medium}","name":"{name}"}},"agent":""#);
    if round > 0 {
        let body = format!(r#""activity":"page_viewed","target":"/pricing",{campaign}"#);
        return ("engagement.recorded", body);
    }
    let (title, country) = (of(TITLES, lead, 11), of(COUNTRIES, lead, 12));
    let (company, employees) = (draw(lead, 13) % 10_000, 1 + draw(lead, 4) % 900);
    let profile = format!(
        r#"{{"company":"Beispiel {company:04}","employees":{employees},"country":"{country}","job_title":"{title}"}}"#
    );
    let body = format!(r#""form":"guide-download","profile":{profile},{campaign}"#);
    ("form.submitted", body)
}

/// Somebody of a large company, or of a small one, asks for a demo.
pub(crate) fn open(is_large: bool) -> (&'static str, String) {
    let employees = if is_large { 900 } else { 9 };
    let body = format!(r#""form":"demo-request","profile":{{"employees":{employees}}},"agent":""#);
    ("form.submitted", body)
}

fn of<T: Copy>(all: &[T], lead: u64, what: u64) -> T {
    all[(draw(lead, what) % all.len() as u64) as usize]
}
