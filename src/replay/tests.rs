//! Small histories under a small policy.

use std::collections::BTreeMap;

use super::*;
use crate::domain::calendar::Calendar;
use crate::domain::fact::Outcome;
use crate::domain::policy::*;

fn policy(version: u64) -> Arc<Policy> {
    let team = Team {
        id: "inside".to_owned(),
        topic: "sales.handoffs.inside".to_owned(),
        calendar: 0,
        overflow: None,
        sla: Sla {
            warn_ms: None,
            within_ms: 3_600_000,
            escalate_ms: None,
            reassign_ms: None,
            reassign_at_most: 2,
            responses: vec![Outcome::Contacted],
            releases: vec![Outcome::Won],
        },
    };
    Arc::new(Policy {
        version,
        name: "test".to_owned(),
        hash: format!("hash{version}"),
        forget_after_days: 30,
        engagement: vec![EngagementRule {
            rule: "demo".to_owned(),
            matches: EngagementMatch::Form(vec!["demo".to_owned()]),
            points: 40,
            at_most: None,
            half_life_days: None,
            within_days: None,
        }],
        fit: Vec::new(),
        qualify: Qualify {
            fit_at_least: 0,
            engagement_at_least: 40,
            requalify_after_days: 30,
            not_before: None,
            fast_track: Vec::new(),
            block: Vec::new(),
        },
        routes: vec![Route {
            name: "all".to_owned(),
            when: Vec::new(),
            team: 0,
            needs: Vec::new(),
            owner_from: None,
        }],
        teams: vec![team],
        reps: vec![RepTerms {
            id: "ana".to_owned(),
            team: 0,
            weight: 1,
            capacity: 10,
            skills: Vec::new(),
        }],
        calendars: vec![Calendar::always("always")],
        reject: BTreeMap::new(),
    })
}

fn form(at: &str, id: u32, email: &str) -> String {
    format!(
        r#"{{"at":"2026-10-05T{at}Z","event":{{"specversion":"1.0","id":"{id}","source":"/w","type":"tasuki.form.submitted.v1","data":{{"person":{{"email":"{email}"}},"form":"demo"}}}}}}"#
    ) + "\n"
}

fn key() -> LeadKey {
    LeadKey::derive("tasuki")
}

fn run(
    policy_version: u64,
    loaded: Option<&SavedState>,
    input: &str,
    until: Option<&str>,
) -> Result<(SavedState, String), ReplayError> {
    run_under(policy(policy_version), loaded, input, until)
}

fn run_under(
    policy: Arc<Policy>,
    loaded: Option<&SavedState>,
    input: &str,
    until: Option<&str>,
) -> Result<(SavedState, String), ReplayError> {
    let options = Options {
        deployment: "local",
        until: until.and_then(crate::wire::rfc3339::parse),
    };
    let mut output = Vec::new();
    let key = key();
    let state = replay((policy, &key), loaded, &mut input.as_bytes(), &mut output, &options)?.save();
    Ok((state, String::from_utf8(output).unwrap()))
}

/// Types in order, short.
fn types(output: &str) -> Vec<String> {
    let event = |line| serde_json::from_str::<serde_json::Value>(line).unwrap();
    let short = |line| {
        event(line)["type"]
            .as_str()
            .unwrap()
            .trim_start_matches("tasuki.")
            .to_owned()
    };
    output.lines().map(short).collect()
}

/// The place that the first lead leaves is given away only when both are gone.
#[test]
fn an_erasure_under_several_identifiers_is_finished_before_what_it_sets_off() {
    let capacity = r#"{"at":"2026-10-05T08:00:00Z","event":{"specversion":"1.0","id":"r","source":"/w","type":"tasuki.rep.changed.v1","data":{"rep":"ana","capacity":1}}}"#;
    let erasure = r#"{"at":"2026-10-05T11:00:00Z","event":{"specversion":"1.0","id":"e","source":"/w","type":"tasuki.lead.erased.v1","data":{"person":{"email":"a@b","anonymous_id":"x"}}}}"#;
    let forms = [form("09:00:00", 1, "a@b"), form("10:00:00", 2, "c@d")].concat();
    let (_, output) = run(1, None, &format!("{capacity}\n{forms}{erasure}\n"), None).unwrap();
    let last = types(&output).split_off(7);
    let expected = [
        "lead.forgotten.v1",
        "lead.forgotten.v1",
        "lead.forgotten.v1",
        "lead.handed-off.v1",
    ];
    assert_eq!(last, expected);
}

#[test]
fn a_form_leads_to_a_handoff_and_a_breach_if_nobody_answers() {
    let (_, output) = run(1, None, &form("09:00:00", 1, "a@b"), Some("2026-10-05T10:00:00.001Z")).unwrap();
    let expected = [
        "lead.stage-changed.v1",
        "lead.stage-changed.v1",
        "lead.handed-off.v1",
        "sla.breached.v1",
    ];
    assert_eq!(types(&output), expected);
    let sequences: Vec<_> = output
        .lines()
        .map(|line| line.contains("\"sequence\":\"0000000000000000000"))
        .collect();
    assert_eq!(sequences, [true; 4]);
}

#[test]
fn a_deadline_fires_only_before_until_or_a_later_line() {
    let (_, output) = run(1, None, &form("09:00:00", 1, "a@b"), Some("2026-10-05T10:00:00Z")).unwrap();
    assert_eq!(types(&output).len(), 3);
    let input = form("09:00:00", 1, "a@b") + "\n  \n{\"at\":\"2026-10-05T10:00:00.001Z\"}\r\n";
    assert_eq!(types(&run(1, None, &input, None).unwrap().1).len(), 4);
}

#[test]
fn two_halves_with_a_state_between_give_the_bytes_of_the_whole() {
    let lines: Vec<_> = (0..60)
        .map(|number| form(&format!("09:{number:02}:00"), number / 2, &format!("{}@b", number % 13)))
        .collect();
    let (end, whole) = run(1, None, &lines.concat(), None).unwrap();
    for cut in [0, 1, 17, 59, 60] {
        let (state, mut output) = run(1, None, &lines[..cut].concat(), None).unwrap();
        let (second_end, second) = run(1, Some(&state), &lines[cut..].concat(), None).unwrap();
        output.push_str(&second);
        assert!(output == whole, "cut at {cut}");
        assert!(second_end == end, "cut at {cut}");
    }
}

#[test]
fn a_state_goes_with_its_secret_and_an_equal_or_higher_policy() {
    let (state, _) = run(2, None, &form("09:00:00", 1, "a@b"), None).unwrap();
    assert!(run(3, Some(&state), "", None).is_ok());
    let lower = run(1, Some(&state), "", None).unwrap_err();
    assert!(matches!(lower, ReplayError::State(StateError::Policy(2))), "{lower}");
    let options = Options {
        deployment: "local",
        until: None,
    };
    let other = LeadKey::derive("other");
    let secret = replay(
        (policy(2), &other),
        Some(&state),
        &mut &b""[..],
        &mut Vec::new(),
        &options,
    )
    .unwrap_err();
    assert!(matches!(secret, ReplayError::State(StateError::Secret)), "{secret}");
    for length in 0..state.0.len() {
        assert!(
            run(2, Some(&SavedState(state.0[..length].to_vec())), "", None).is_err(),
            "{length}"
        );
    }
}

/// Contract §9: a rep new to a team starts at the smallest virtual of those who are there.
#[test]
fn a_rep_whom_a_higher_policy_names_first_gets_no_burst_of_leads() {
    let forms = |hour: u32, numbers: std::ops::Range<u32>| -> String {
        let form = |number| form(&format!("{hour:02}:{number:02}:00"), number, &format!("{number}@b"));
        numbers.map(form).collect()
    };
    let (state, _) = run(1, None, &forms(9, 0..3), None).unwrap();
    let mut higher = (*policy(2)).clone();
    let ben = RepTerms {
        id: "ben".to_owned(),
        ..higher.reps[0].clone()
    };
    higher.reps.push(ben);
    let (_, output) = run_under(Arc::new(higher), Some(&state), &forms(10, 3..7), None).unwrap();
    let reps = output.lines().filter_map(|line| {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        let is_handoff = event["type"] == "tasuki.lead.handed-off.v1";
        is_handoff.then(|| event["data"]["rep"].as_str().unwrap().to_owned())
    });
    assert_eq!(reps.collect::<Vec<_>>(), ["ben", "ana", "ben", "ana"]);
}

#[test]
fn what_is_wrong_with_a_line_ends_the_replay_and_names_it() {
    let first = form("09:00:00", 1, "a@b");
    for (line, fault) in [
        ("{", "line 3: not JSON"),
        ("[]", "line 3: not a JSON object"),
        ("{}", "line 3: `at` is missing"),
        (r#"{"at":"today"}"#, "line 3: `at` is not a time of RFC 3339"),
        (
            r#"{"at":"2026-10-05T08:59:59.999Z"}"#,
            "line 3: `at` is earlier than that of the line before",
        ),
    ] {
        let input = [&*first, "\n", line].concat();
        assert_eq!(run(1, None, &input, None).unwrap_err().to_string(), fault);
    }
}

#[test]
fn what_is_wrong_with_an_event_is_a_dead_letter_with_the_event_as_it_stands() {
    let deep = ["[".repeat(200), "]".repeat(200)].concat();
    for (event, reason) in [
        (r#"{"a": 1.50}"#, "not-cloudevents"),
        ("5", "not-cloudevents"),
        (
            r#"{"specversion":"1.0","id":"1","source":"s","type":"x"}"#,
            "unknown-type",
        ),
        (&*format!(r#"{{"x":{deep}}}"#), "not-json"),
        (&*format!(r#"{{"x":"{}"}}"#, "x".repeat(256 * 1024)), "too-large"),
    ] {
        let line = format!(r#"{{"at":"2026-10-05T09:00:00Z","event":{event}}}"#);
        let (_, output) = run(1, None, &line, None).unwrap();
        assert!(
            output.contains(r#""type":"tasuki.dead-letter.v1""#) && output.lines().count() == 1,
            "{output}"
        );
        assert!(output.contains(&format!(r#""data":{{"reason":"{reason}""#)), "{output}");
        assert!(output.ends_with(&format!("\"record\":{event}}}}}\n")), "{output}");
    }
}

#[test]
fn a_follow_up_on_what_was_never_handed_off_is_a_dead_letter_that_names_its_cause() {
    let line = r#"{"at":"2026-10-05T09:00:00Z","event":{"specversion":"1.0","id":"7","source":"/crm","type":"tasuki.follow-up.recorded.v1","data":{"person":{"email":"x@y"},"outcome":"won"}}}"#;
    let (_, output) = run(1, None, line, None).unwrap();
    assert_eq!(types(&output), ["dead-letter.v1"]);
    assert!(
        output.contains(r#""causationid":"/crm#7""#) && output.contains("unknown-handoff"),
        "{output}"
    );
}
