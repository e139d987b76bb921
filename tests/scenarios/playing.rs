//! The core that `tasuki replay` runs, told a story's lines under the story's policy.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tasuki::domain::ids::LeadKey;
use tasuki::domain::journal::PolicyDocument;
use tasuki::domain::policy::Policy;
use tasuki::replay::{Options, ReplayError, SavedState, replay};
use tasuki::wire::policy_file::{Fault, compile};

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

/// Every story's file, in order.
pub(crate) fn stories() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder().join("stories")).unwrap();
    let mut stories: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    stories.sort();
    stories
}

/// A story's policy: that of `policy.toml`, with what the story changes. `~ key = value` stands
/// for the first line of that key, `~ - text` takes the line of that text away, `| text` is added
/// at the end.
pub(crate) fn policy_text(story: &str) -> String {
    let mut lines: Vec<String> = std::fs::read_to_string(folder().join("policy.toml"))
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    for line in story.lines() {
        if let Some(gone) = line.strip_prefix("~ - ") {
            let place = lines.iter().position(|one| one == gone);
            lines.remove(place.unwrap_or_else(|| panic!("{gone}: not in the policy")));
        } else if let Some(change) = line.strip_prefix("~ ") {
            let key = change.split('=').next().unwrap();
            let place = lines.iter().position(|one| one.starts_with(key));
            lines[place.unwrap_or_else(|| panic!("{key}: not in the policy"))] = change.replace("\\n", "\n");
        } else if let Some(more) = line.strip_prefix("| ") {
            lines.push(more.to_owned());
        }
    }
    lines.join("\n") + "\n"
}

pub(crate) fn compiled(text: String) -> Result<Arc<Policy>, Vec<Fault>> {
    let files = Vec::new();
    compile(&PolicyDocument { text, files }).map(Arc::new)
}

/// One line through the core, from a saved state to the next: every story is also a replay in as
/// many pieces as it has lines.
pub(crate) fn step(
    policy: &Arc<Policy>,
    state: Option<&SavedState>,
    line: &str,
) -> Result<(SavedState, Vec<serde_json::Value>), ReplayError> {
    let options = Options {
        deployment: "local",
        until: None,
    };
    let mut output = Vec::new();
    let key = LeadKey::derive("tasuki");
    let state = replay(
        (policy.clone(), &key),
        state,
        &mut line.as_bytes(),
        &mut output,
        &options,
    )?
    .save();
    let outputs = output.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    Ok((
        state,
        outputs.map(|line| serde_json::from_slice(line).unwrap()).collect(),
    ))
}
