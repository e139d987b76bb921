//! `tasuki repair`: shards whose state log has a hole, and outputs that are lost to readers.

use std::path::PathBuf;

use super::{Failed, count, export, failed, say, serve};
use crate::app;
use crate::repair::Progress;

pub(super) const HELP: &str = "\
For a shard that stops with \"state is missing\" or \"the state log … cannot be used\", and where the auditor tells of a \
gap in the outputs (`tasuki_audit_violations_total{kind=\"gap\"}`). Stop every `tasuki serve` of the deployment, keep \
copies of the topics, then run this with the same settings and the same version.

From the last whole record of the state log on, what stands in the journal is decided once more. What can be read among \
the outputs is left alone, and the rest is said, so readers get each decision once, the missing ones late. If something \
else was said than the journal leads to, nothing more is written, and the shard goes on refusing to work. A repair that \
is interrupted goes on where it stopped; a shard with a hole refuses to work until one has come to its end.

It cannot help where the journal no longer reaches back to the hole (journal.kept), or where what stood in front of the \
hole in the state log has been deleted since; it says so.";

pub(super) fn run(config: &[PathBuf]) -> Result<(), Failed> {
    let settings = super::settings(config)?;
    export::expect_folder(&settings)?;
    let ground = serve::ground(settings)?;
    let done = app::repair(&ground, tell).map_err(|error| failed(app::chain(&error)))?;
    if done.out_of_reach > 0 {
        eprintln!(
            "tasuki: {} cannot be read, and can only be decided again in a new deployment: decided before all that is \
             left of the state log and the journal (deleted for their age, or lost)",
            count(done.out_of_reach, "output")
        );
    }
    if done.repaired == 0 && done.outputs_added == 0 {
        return say(format!(
            "nothing had to be repaired: {} whole",
            count(done.shards, "shard")
        ));
    }
    say(format!(
        "{} repaired, {} said that had been missing",
        count(done.repaired, "shard"),
        count(done.outputs_added, "output")
    ))
}

fn tell(progress: Progress) {
    match progress {
        Progress::Read(outputs) => eprintln!("tasuki: {} read", count(outputs, "output")),
        Progress::Works(at) => eprintln!("tasuki: {} of {} restored", at.restored, count(at.owned, "shard")),
    }
}
