//! The demo as a user without a terminal sees it: it ends by itself and tells the whole story.

use std::process::Command;

/// Everything a week at the company has in it.
const HAPPENS: &[&str] = &[
    "arrives",
    "qualifies",
    "fast track: demo-request",
    "reach both thresholds",
    "handed off",
    "points: demo-request 40, enterprise 30",
    "passed over: ",
    "at-capacity",
    "unavailable",
    "lacks-skill",
    "not-their-turn",
    "refused-before",
    "queued",
    "in time by",
    "LATE by ben",
    "at risk",
    "BREACHED",
    "escalated",
    "who never answered; somebody else is asked",
    "rejected by",
    "recycled",
    "feedback",
    "won",
    "lost",
    "disqualified",
    "erased",
    "dead letter",
    "median first answer",
];

#[test]
fn without_a_terminal_it_plays_a_week_and_ends() {
    let temporary = tempfile::tempdir().unwrap();
    let played = Command::new(env!("CARGO_BIN_EXE_tasuki"))
        .args(["demo", "--seconds", "20"])
        .env("TMPDIR", temporary.path())
        .output()
        .unwrap();
    let story = String::from_utf8(played.stdout).unwrap();
    let errors = String::from_utf8(played.stderr).unwrap();
    assert!(played.status.success(), "{}: {errors}", played.status);
    assert!(!errors.contains("ERROR") && !errors.contains("tasuki: "), "{errors}");
    assert!(story.lines().count() >= 60, "{story}");
    let wide: Vec<&str> = story.lines().filter(|line| line.chars().count() > 100).collect();
    assert!(wide.is_empty(), "{wide:#?}");
    let missing: Vec<&&str> = HAPPENS.iter().filter(|words| !story.contains(**words)).collect();
    assert!(missing.is_empty(), "{missing:?} is missing in\n{story}");
    let left = std::fs::read_dir(temporary.path()).unwrap().count();
    assert_eq!(left, 0, "the temporary folder stays");
}
