//! What the reading of policies promises.

use proptest::prelude::*;

use super::*;
use crate::domain::fact::Outcome;
use crate::domain::policy::{EngagementMatch, RejectionPath, Test};

/// The agreement of the contract, with every key in it.
const WHOLE: &str = r#"version = 3
name = "2026-Q4 agreement"

[score]
forget_after_days = 180

[[score.engagement]]
rule = "demo-request"
form = ["Demo-Request", "contact-sales"]
points = 40
at_most = 80
half_life_days = 30
within_days = 90

[[score.engagement]]
rule = "pricing"
activity = ["page_viewed"]
target_prefix = ["/Pricing"]
points = -5

[[score.fit]]
rule = "enterprise"
when = [{ attribute = "employees", at_least = 300.50 }, { attribute = "job_title", contains = "ＶＰ" }]
points = 30

[qualify]
fit_at_least = 20
engagement_at_least = 40
requalify_after_days = 30
not_before = "2026-11-01T00:00:00Z"

[[qualify.fast_track]]
rule = "demo-request"
fit_at_least = 5

[[qualify.block]]
name = "competitor"
when = [{ attribute = "company", one_of = ["Rival KK", 7, true] }]

[[route]]
name = "jp-enterprise"
when = [{ attribute = "country", equals = "JP" }, { attribute = "employees", at_most = 1e5 }]
team = "enterprise"
needs = ["ja"]
owner_from = "account_owner"

[[route]]
name = "everyone-else"
team = "inside"

[[team]]
id = "enterprise"
topic = "sales.big"
calendar = "tokyo"
overflow = "inside"
[team.sla]
warn = "3h"
within = "4h"
escalate = "6h30m"
reassign = "8h"
reassign_at_most = 3
responses = ["contacted"]
releases = []

[[team]]
id = "inside"
calendar = "always"
[team.sla]
within = "8h"

[[rep]]
id = "ana"
team = "enterprise"
weight = 2
capacity = 10
skills = ["ja", "en"]

[[rep]]
id = "ben"
team = "inside"
capacity = 0

[[calendar]]
id = "tokyo"
time_zone = "Asia/Tokyo"
hours = { mon = ["09:00-12:00", "13:00-18:00"], tue = ["09:00-24:00"], sat = [] }
holidays = ["jp"]
closed = ["2026-12-29", 2026-12-30]

[[calendar]]
id = "always"
always = true

[reject]
Wrong-Territory = "reassign"
competitor = "disqualify"
budget = "recycle"
"#;

/// One mistake each: what stands once in the whole policy, and what it becomes.
const MISTAKES: &[(&str, &str)] = &[
    ("at_most = 80", "at_mots = 80"),
    ("[score]", "[scores]\n[score]"),
    ("forget_after_days = 180", ""),
    ("within = \"8h\"", "warn = \"8h\""),
    ("capacity = 10", ""),
    ("weight = 2", "weight = \"2\""),
    ("weight = 2", "weight = 2.5"),
    ("weight = 2", "weight = 0"),
    ("[\"ja\", \"en\"]", "\"ja\""),
    ("[\"ja\", \"en\"]", "[\"ja\", 1]"),
    ("version = 3", "version = 0"),
    ("points = -5", "points = -1000001"),
    ("half_life_days = 30", "half_life_days = 3651"),
    ("at_most = 80", "at_most = 0"),
    ("id = \"ana\"", "id = \" \""),
    ("\"2026-11-01T00:00:00Z\"", "\"2026-11-01\""),
    ("2026-12-30]", "\"2026-12-32\"]"),
    ("\"3h\"", "\"3 hours\""),
    ("reassign = \"8h\"", "reassign = \"2161h\""),
    ("\"contacted\"", "\"contactet\""),
    ("[reject]", "[rejects]"),
    ("\"disqualify\"", "\"discard\""),
    ("topic = \"sales.big\"", "topic = \"sales big\""),
    ("rule = \"pricing\"", "rule = \"demo-request\""),
    ("rule = \"enterprise\"", "rule = \"pricing\""),
    ("rule = \"demo-request\"\nfit", "rule = \"demo-requests\"\nfit"),
    ("rule = \"demo-request\"\nfit", "rule = \"enterprise\"\nfit"),
    (
        "activity = [\"page_viewed\"]\ntarget",
        "form = [\"page_viewed\"]\ntarget",
    ),
    ("activity = [\"page_viewed\"]\n", ""),
    (
        "activity = [\"page_viewed\"]\n",
        "activity = [\"page_viewed\"]\nform = [\"x\"]\n",
    ),
    ("activity = [\"page_viewed\"]", "activity = []"),
    ("equals = \"JP\"", "equals = \"JP\", present = true"),
    ("equals = \"JP\"", "equal = \"JP\""),
    (", at_most = 1e5", ""),
    ("at_most = 1e5", "at_most = \"1\""),
    ("at_most = 1e5", "at_most = nan"),
    ("at_most = 1e5", "at_most = 0.0000001"),
    ("equals = \"JP\"", "equals = 2026-01-01"),
    ("team = \"enterprise\"\nneeds", "team = \"enterprize\"\nneeds"),
    (
        "name = \"everyone-else\"\n",
        "name = \"everyone-else\"\nwhen = [{ attribute = \"a\", present = true }]\n",
    ),
    (
        "name = \"everyone-else\"\nteam",
        "name = \"x\"\nteam = \"inside\"\n[[route]]\nname = \"y\"\nteam",
    ),
    ("name = \"everyone-else\"", "name = \"jp-enterprise\""),
    ("overflow = \"inside\"", "overflow = \"enterprise\""),
    ("overflow = \"inside\"", "overflow = \"outside\""),
    ("calendar = \"always\"", "calendar = \"allways\""),
    ("id = \"ben\"", "id = \"ANA\""),
    ("id = \"ben\"", "id = \"ana\""),
    ("topic = \"sales.big\"", "topic = \"sales.sla\""),
    ("budget = ", "COMPETITOR = "),
    ("warn = \"3h\"", "warn = \"4h\""),
    ("escalate = \"6h30m\"", "escalate = \"3h59m\""),
    ("reassign = \"8h\"", "reassign = \"6h29m59s\""),
    ("Asia/Tokyo", "Asia/Tokio"),
    ("time_zone = \"Asia/Tokyo\"\n", ""),
    ("\"13:00-18:00\"", "\"11:59-18:00\""),
    ("09:00-24:00", "22:00-06:00"),
    ("09:00-24:00", "09:00-24:30"),
    ("\"jp\"", "\"jpn\""),
    ("\"jp\"", "\"uk.ics\""),
    ("always = true", "always = true\nclosed = [\"2026-01-01\"]"),
    ("always = true", "always = false"),
    ("version = 3", "version = "),
    ("points = -5", "points = -5\npoints = 6"),
    (
        "id = \"inside\"\n",
        "id = \"Enterprise\"\ncalendar = \"always\"\nsla = { within = \"1h\" }\n[[team]]\nid = \"inside\"\n",
    ),
    ("capacity = 10", "capcity = 10"),
    (
        "\"09:00-12:00\", \"13:00-18:00\"], tue = [\"09:00-24:00\"]",
        "], tue = []",
    ),
];

fn document(text: &str) -> PolicyDocument {
    PolicyDocument {
        text: text.to_owned(),
        files: Vec::new(),
    }
}

fn faults(text: &str) -> Vec<String> {
    let faults = compile(&document(text)).expect_err("faults");
    faults.iter().map(ToString::to_string).collect()
}

#[test]
fn every_key_of_the_contract_is_understood() {
    let policy = compile(&document(WHOLE)).unwrap();
    assert_eq!(
        (policy.version, policy.forget_after_days, policy.hash.len()),
        (3, 180, 16)
    );
    assert_eq!(policy.hash, blake3::hash(WHOLE.as_bytes()).to_hex()[..16]);
    let [demo, pricing] = &policy.engagement[..] else {
        panic!("two rules")
    };
    assert!(matches!(&demo.matches, EngagementMatch::Form(forms) if forms[0] == "demo-request"));
    assert_eq!(
        (demo.at_most, demo.half_life_days, demo.within_days),
        (Some(80), Some(30), Some(90))
    );
    assert!(matches!(&pricing.matches, EngagementMatch::Activity(_, Some(prefixes)) if prefixes[0] == "/Pricing"));
    assert_eq!(pricing.points, -5);
    let [at_least, contains] = &policy.fit[0].when[..] else {
        panic!("two conditions")
    };
    assert!(matches!(&at_least.test, Test::AtLeast(number) if number.micros() == 300_500_000));
    assert!(matches!(&contains.test, Test::Contains(text) if text == "vp"));
    assert!(matches!(&policy.qualify.block[0].when[0].test, Test::OneOf(values) if values.len() == 3));
    assert_eq!(
        (
            policy.qualify.fast_track[0].rule,
            policy.qualify.fast_track[0].fit_at_least
        ),
        (0, 5)
    );
    assert_eq!(
        policy.qualify.not_before.map(|time| time.to_string()),
        Some("2026-11-01T00:00:00.000Z".to_owned())
    );
    assert_eq!((policy.routes[0].team, policy.routes[1].team), (0, 1));
    assert_eq!(policy.routes[0].owner_from.as_deref(), Some("account_owner"));
    let (big, inside) = (&policy.teams[0], &policy.teams[1]);
    assert_eq!((&*big.topic, &*inside.topic), ("sales.big", "sales.handoffs.inside"));
    assert_eq!((big.overflow, big.calendar, inside.calendar), (Some(1), 0, 1));
    assert_eq!(
        (big.sla.warn_ms, big.sla.escalate_ms),
        (Some(10_800_000), Some(23_400_000))
    );
    assert_eq!(
        (&big.sla.responses[..], big.sla.releases.len()),
        (&[Outcome::Contacted][..], 0)
    );
    assert_eq!(
        (
            inside.sla.reassign_at_most,
            inside.sla.responses.len(),
            inside.sla.releases.len()
        ),
        (2, 8, 6)
    );
    assert_eq!(
        (policy.reps[0].weight, policy.reps[1].weight, policy.reps[1].capacity),
        (2, 1, 0)
    );
    assert_eq!(policy.reject["wrong-territory"], RejectionPath::Reassign);
}

#[test]
fn the_least_policy_is_short() {
    let least = "version = 1\n[score]\nforget_after_days = 1\n[qualify]\nfit_at_least = 0\nengagement_at_least = 0\n\
                 requalify_after_days = 1\n[[route]]\nname = \"all\"\nteam = \"a\"\n[[team]]\nid = \"a\"\n\
                 calendar = \"c\"\n[team.sla]\nwithin = \"1s\"\n[[calendar]]\nid = \"c\"\nalways = true\n";
    assert!(compile(&document(least)).is_ok());
    assert_eq!(version(least), Some(1));
}

/// Each mistake is found as one fault, with its place and a remedy.
#[test]
fn every_mistake_is_one_fault() {
    let mut transcript = String::new();
    for (from, to) in MISTAKES {
        assert_eq!(WHOLE.matches(from).count(), 1, "{from:?} must stand there once");
        let found = faults(&WHOLE.replacen(from, to, 1));
        assert_eq!(found.len(), 1, "{from:?} -> {to:?}: {found:#?}");
        transcript.extend([&format!("{from:?} -> {to:?}"), "\n  ", &found[0], "\n"]);
    }
    expect_test::expect_file!["snapshots/faults.txt"].assert_eq(&transcript);
}

/// A mistake that others seem to follow from is told alone.
#[test]
fn what_follows_from_a_mistake_is_no_fault() {
    let late_warning = WHOLE
        .replace("warn = \"3h\"", "warn = \"5h\"")
        .replace("escalate = \"6h30m\"", "escalate = \"4h30m\"");
    let found = faults(&late_warning);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].contains("`within` must be later than `warn`"), "{found:#?}");

    let hours = "hours = { mon = [\"09:00-12:00\", \"13:00-18:00\"], tue = [\"09:00-24:00\"], sat = [] }";
    let no_hour_readable = WHOLE.replace(hours, "hours = { mon = [\"9:00-12:00\"], sat = [] }");
    let found = faults(&no_hour_readable);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(!found[0].contains("never opens"), "{found:#?}");
}

#[test]
fn promises_may_fall_on_each_other_but_for_the_warning() {
    let equal = WHOLE
        .replace("escalate = \"6h30m\"", "escalate = \"4h\"")
        .replace("reassign = \"8h\"", "reassign = \"4h\"");
    assert!(compile(&document(&equal)).is_ok());
}

#[test]
fn what_is_not_toml_has_a_place_and_hides_nothing_before_it() {
    let found = faults(
        &WHOLE
            .replace("points = 40", "points = ")
            .replace("weight = 2", "weight = 0"),
    );
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(compile(&document("")).is_err() && compile(&document("\u{0}[[[")).is_err());
    assert_eq!(version("version = "), None);
}

#[test]
fn ics_files_are_read_beside_the_policy() {
    let folder = std::env::temp_dir().join(format!("tasuki-policy-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let event = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20261229\nEND:VEVENT\nEND:VCALENDAR\n";
    std::fs::write(folder.join("own.ics"), event).unwrap();
    std::fs::write(folder.join("bad.ics"), event.replace("20261229", "2026")).unwrap();
    let load_with = |entries: &str| {
        let path = folder.join("policy.toml");
        std::fs::write(&path, WHOLE.replace("\"jp\"", entries)).unwrap();
        load(&path).map_err(|faults| {
            let name = folder.display().to_string();
            faults
                .iter()
                .map(|fault| fault.to_string().replace(&name, ""))
                .collect::<Vec<_>>()
        })
    };
    let (document, policy) = load_with("\"own.ics\", \"jp\", \"own.ics\"").unwrap();
    assert_eq!(document.files, [("own.ics".to_owned(), event.to_owned())]);
    assert_eq!(compile(&document).unwrap().hash, policy.hash);
    let found = load_with("\"bad.ics\", \"gone.ics\"").expect_err("faults");
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(
        found[0].starts_with("/policy.toml:87:24: the file gone.ics cannot be read"),
        "{found:#?}"
    );
    assert_eq!(found[1], "bad.ics:3:1: not a date; write a date such as 20261229");
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(load(&folder.join("policy.toml")).is_err());
}

/// A policy with a piece taken out and something put in its place.
fn damaged() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just(String::new()),
        "[\\[\\]{}=,\".#\n0-9a-zé-]{1,12}",
        prop::sample::select(MISTAKES).prop_map(|(_, to)| to.to_owned()),
    ];
    (0..WHOLE.len(), 0..40_usize, piece).prop_map(|(at, length, piece)| {
        let end = (at + length).min(WHOLE.len());
        let (Some(before), Some(after)) = (WHOLE.get(..at), WHOLE.get(end..)) else {
            return piece;
        };
        format!("{before}{piece}{after}")
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn whatever_stands_in_the_file_is_a_policy_or_faults_with_lines(text in damaged()) {
        if let Err(faults) = compile(&document(&text)) {
            prop_assert!(!faults.is_empty());
            prop_assert!(faults.iter().all(|fault| fault.place.line().is_some()));
        }
    }

    #[test]
    fn whatever_stands_in_an_ics_file_is_dates_or_faults(lines in prop::collection::vec(ics_line(), 0..12)) {
        let text = format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\n{}\nEND:VEVENT\nEND:VCALENDAR", lines.join("\n"));
        prop_assert!(crate::wire::ics::dates("x.ics", &text).map_or_else(|faults| !faults.is_empty(), |_| true));
    }
}

fn ics_line() -> impl Strategy<Value = String> {
    "(DTSTART|DTEND|DURATION|RRULE|EXDATE|STATUS|BEGIN|END| |X)(;VALUE=DATE)?:?(P|FREQ=YEARLY;?|COUNT=|VEVENT|é)?(2026|9999)?[0-9]{0,4}[DWT]?"
}
