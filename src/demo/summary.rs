//! The week in numbers, counted from the outputs read back.

use std::collections::BTreeMap;

use super::outputs::Output;
use super::story;

/// What was counted.
#[derive(Default)]
pub(super) struct Summary {
    reps: BTreeMap<String, Rep>,
    kinds: BTreeMap<&'static str, usize>,
}

#[derive(Default)]
struct Rep {
    handoffs: usize,
    in_time: usize,
    late: usize,
    breached: usize,
    excused: usize,
    taken_back: usize,
    answered_after: Vec<i64>,
}

impl Summary {
    /// Counts an output.
    pub(super) fn count(&mut self, output: &Output) {
        if let Some(kind) = counted_as(output) {
            *self.kinds.entry(kind).or_default() += 1;
        }
        let Some(rep) = output.get("/rep").as_str() else {
            return;
        };
        let rep = self.reps.entry(rep.to_owned()).or_default();
        match output.kind() {
            "tasuki.lead.handed-off.v1" => rep.handoffs += 1,
            "tasuki.handoff.withdrawn.v1" => rep.taken_back += 1,
            "tasuki.sla.breached.v1" => rep.breached += 1,
            "tasuki.sla.excused.v1" => {
                rep.excused += 1;
                rep.answered(output);
            }
            "tasuki.sla.met.v1" => {
                if output.get("/late").as_bool() == Some(true) {
                    rep.late += 1;
                } else {
                    rep.in_time += 1;
                }
                rep.answered(output);
            }
            _ => {}
        }
    }

    /// The table, and a line of totals.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!(
            "{:<8}{:>10}{:>10}{:>8}{:>10}{:>10}{:>13}   {}",
            "rep", "handoffs", "in time", "late", "breached", "excused", "taken back", "median first answer"
        )];
        for (name, rep) in &self.reps {
            lines.push(format!(
                "{name:<8}{:>10}{:>10}{:>8}{:>10}{:>10}{:>13}   {}",
                rep.handoffs,
                rep.in_time,
                rep.late,
                rep.breached,
                rep.excused,
                rep.taken_back,
                rep.median()
            ));
        }
        let total = |kind| self.kinds.get(kind).copied().unwrap_or_default();
        lines.push(String::new());
        lines.push(format!(
            "{} leads arrived, {} qualified, {} handoffs, {} waits in a queue, {} won, {} back to marketing",
            total("arrived"),
            total("qualified"),
            total("handed off"),
            total("queued"),
            total("won"),
            total("recycled")
        ));
        lines
    }
}

impl Rep {
    fn answered(&mut self, output: &Output) {
        if let Some(seconds) = output.get("/working_seconds").as_i64() {
            self.answered_after.push(seconds);
        }
    }

    /// Half of the first answers came sooner, in working time.
    fn median(&self) -> String {
        let mut all = self.answered_after.clone();
        all.sort_unstable();
        match all.get(all.len() / 2) {
            Some(seconds) => story::working(&(*seconds).into()),
            None => "-".to_owned(),
        }
    }
}

fn counted_as(output: &Output) -> Option<&'static str> {
    match (output.kind(), output.text("to")) {
        ("tasuki.lead.handed-off.v1", _) => Some("handed off"),
        ("tasuki.lead.queued.v1", _) => Some("queued"),
        ("tasuki.lead.stage-changed.v1", _) if output.get("/from").is_null() => Some("arrived"),
        ("tasuki.lead.stage-changed.v1", "marketing-qualified") => Some("qualified"),
        ("tasuki.lead.stage-changed.v1", "won") => Some("won"),
        ("tasuki.lead.stage-changed.v1", "recycled") => Some("recycled"),
        _ => None,
    }
}
