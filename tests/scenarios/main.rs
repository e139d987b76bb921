//! Short stories, each one behaviour, told to the core that `tasuki replay` runs.
//!
//! A story quotes the sentences of docs/agreement.md that it shows, changes the policy of
//! `policy.toml` where it must, and tells what happens; below each line stands what came of it.
//! README.md in this folder says how they are written. `UPDATE_EXPECT=1 cargo test --test
//! scenarios` writes anew what came of it: read the difference before you commit it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop")]

mod playing;
mod telling;
mod transcript;

use playing::{compiled, policy_text, step, stories};
use telling::Telling;
use transcript::Transcript;

/// The story with what comes of each line below it, whatever stood there before.
fn told(story: &str) -> String {
    let mut text = String::new();
    let mut telling = Telling::default();
    let mut transcript = Transcript::default();
    let mut policy = None;
    let mut state = None;
    for line in story.lines().filter(|line| !line.starts_with("    ")) {
        text.push_str(line);
        text.push('\n');
        if let Some(fields) = line.strip_prefix("show ") {
            transcript.shows = fields.split_whitespace().map(str::to_owned).collect();
        } else if line == "check" {
            for fault in compiled(policy_text(story)).err().unwrap_or_default() {
                text.extend(["    ", &fault.to_string(), "\n"]);
            }
        } else if let Some(change) = line.strip_prefix("adopt ") {
            // From here on the policy is the next version, with this line in place of the key's.
            let before: String = policy_text(story).replace("version = 1", "version = 2");
            let key = change.split('=').next().unwrap();
            let place = before.lines().find(|one| one.starts_with(key)).unwrap();
            policy = Some(compiled(before.replacen(place, change, 1)).unwrap());
        } else if line.starts_with(char::is_numeric) {
            let json = telling.line(line);
            let policy = policy
                .get_or_insert_with(|| compiled(policy_text(story)).unwrap_or_else(|faults| panic!("{faults:?}")));
            match step(policy, state.as_ref(), &json) {
                Ok((next, outputs)) => {
                    state = Some(next);
                    for output in &outputs {
                        text.push_str(&transcript.line(output, &telling));
                    }
                }
                Err(error) => text.extend(["    exit status 1: ", &error.to_string(), "\n"]),
            }
        }
    }
    text
}

#[test]
fn the_stories_go_as_they_are_told() {
    let mut count = 0;
    for path in stories() {
        let story = std::fs::read_to_string(&path).unwrap();
        expect_test::expect_file![&path].assert_eq(&told(&story));
        count += 1;
    }
    assert!(count >= 40, "{count} stories");
}
