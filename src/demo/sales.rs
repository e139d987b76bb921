//! The made-up sales team: each rep's habits, in reaction to handoffs read back from the log.
//!
//! ana answers fast, ben slowly or never, carl goes on holiday, dana writes some calls down late.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::event;
use super::outputs::Output;
use super::script::{self, Incoming};
use crate::domain::calendar::Calendar;
use crate::domain::time::Instant;

const MINUTE_MS: i64 = 60_000;
/// Back at the desk, what was due meanwhile is done after so long.
const CATCHING_UP_MS: i64 = 20 * MINUTE_MS;

/// Something a rep does about a handoff.
struct Step {
    /// Working minutes since the handoff.
    after: i64,
    /// Working minutes that pass until it is written down.
    written_down: i64,
    outcome: &'static str,
    reason: Option<&'static str>,
    amount: Option<&'static str>,
}

const fn does(after: i64, outcome: &'static str) -> Step {
    Step {
        after,
        written_down: 0,
        outcome,
        reason: None,
        amount: None,
    }
}

const fn because(after: i64, outcome: &'static str, reason: &'static str) -> Step {
    Step {
        reason: Some(reason),
        ..does(after, outcome)
    }
}

const fn wins(after: i64, amount: &'static str) -> Step {
    Step {
        amount: Some(amount),
        ..does(after, "won")
    }
}

const fn calls_and_writes_it_down_later(after: i64, written_down: i64) -> Step {
    Step {
        written_down,
        ..does(after, "contacted")
    }
}

/// What becomes of a rep's first handoff, the second, and so on; then from the start.
type Habits = &'static [&'static [Step]];

const ANA: Habits = &[
    &[
        does(20, "contacted"),
        does(140, "meeting_held"),
        does(260, "qualified"),
        wins(900, "1200000"),
    ],
    &[does(25, "contacted"), because(300, "recycled", "no-budget-this-year")],
    &[does(10, "accepted"), does(40, "contacted"), does(700, "qualified")],
    &[because(35, "rejected", "wrong-territory")],
    &[does(30, "contacted"), because(560, "lost", "chose-another")],
];

const BEN: Habits = &[
    &[
        does(230, "contacted"),
        does(430, "qualified"),
        does(700, "opportunity_created"),
    ],
    &[],
    &[
        does(30, "accepted"),
        does(130, "contacted"),
        because(500, "recycled", "no-need-yet"),
    ],
    &[does(250, "contacted"), wins(660, "3400000")],
];

const CARL: Habits = &[
    &[does(45, "contacted"), because(200, "recycled", "too-small")],
    &[does(60, "contacted"), does(300, "qualified"), wins(640, "450000")],
    &[
        does(30, "attempted"),
        does(80, "contacted"),
        because(400, "lost", "no-answer"),
    ],
    &[because(20, "rejected", "job-seeker")],
];

const DANA: Habits = &[
    &[calls_and_writes_it_down_later(60, 100), does(500, "qualified")],
    &[does(70, "contacted"), because(240, "recycled", "no-budget")],
    &[does(170, "contacted"), because(420, "rejected", "not-a-fit")],
    &[does(50, "contacted"), does(380, "qualified"), wins(800, "280000")],
];

/// What sales is going to do.
pub(super) struct Sales {
    calendar: Calendar,
    absences: Vec<(&'static str, Instant, Instant)>,
    taken: BTreeMap<String, usize>,
    due: BTreeMap<(Instant, usize), FollowUp>,
    planned: usize,
}

struct FollowUp {
    handoff_id: String,
    lead: String,
    event: Value,
}

impl Sales {
    /// The team in the week that begins at `monday`.
    pub(super) fn new(calendar: Calendar, monday: Instant) -> Self {
        let instant = |(day, hhmm)| script::instant(monday, day, hhmm);
        Self {
            calendar,
            absences: script::ABSENCES
                .iter()
                .map(|(rep, away, back)| (*rep, instant(*away), instant(*back)))
                .collect(),
            taken: BTreeMap::new(),
            due: BTreeMap::new(),
            planned: 0,
        }
    }

    /// Notices what concerns sales.
    pub(super) fn read(&mut self, output: &Output) {
        match output.kind() {
            "tasuki.lead.handed-off.v1" => self.take(output),
            "tasuki.handoff.withdrawn.v1" => self.due.retain(|_, it| it.handoff_id != output.text("handoff_id")),
            "tasuki.lead.forgotten.v1" => self.due.retain(|_, it| it.lead != output.text("lead")),
            _ => {}
        }
    }

    /// What sales does up to `now`.
    pub(super) fn until(&mut self, now: Instant) -> Vec<Incoming> {
        let later = self.due.split_off(&(now, usize::MAX));
        let done = std::mem::replace(&mut self.due, later);
        done.into_iter()
            .map(|((at, _), it)| Incoming { at, event: it.event })
            .collect()
    }

    fn take(&mut self, output: &Output) {
        let rep = output.text("rep");
        let habits = match rep {
            "ana" => ANA,
            "ben" => BEN,
            "carl" => CARL,
            "dana" => DANA,
            _ => return,
        };
        let taken = self.taken.entry(rep.to_owned()).or_default();
        let steps = habits[*taken % habits.len()];
        *taken += 1;
        for step in steps {
            let at = self.in_office(rep, self.calendar.after(output.at, step.after * MINUTE_MS));
            let sent_at = self.calendar.after(at, step.written_down * MINUTE_MS);
            self.plan(output, step, at, sent_at);
        }
    }

    fn plan(&mut self, output: &Output, step: &Step, at: Instant, sent_at: Instant) {
        let handoff_id = output.text("handoff_id").to_owned();
        self.planned += 1;
        let mut data = json!({"handoff_id": handoff_id, "outcome": step.outcome});
        if let Some(reason) = step.reason {
            data["reason"] = reason.into();
        }
        if let Some(amount) = step.amount {
            data["amount"] = json!({"value": amount, "currency": "JPY"});
        }
        let id = format!("{handoff_id}-{}", step.outcome);
        let event = event::bare("tasuki.follow-up.recorded.v1", &id, at, data);
        let lead = output.text("lead").to_owned();
        self.due.insert(
            (sent_at, self.planned),
            FollowUp {
                handoff_id,
                lead,
                event,
            },
        );
    }

    /// `at`, or the return of a rep who is away then.
    fn in_office(&self, rep: &str, at: Instant) -> Instant {
        let away = |(who, from, until): &&(&str, Instant, Instant)| *who == rep && *from <= at && at < *until;
        self.absences
            .iter()
            .find(away)
            .map_or(at, |(_, _, until)| until.plus_millis(CATCHING_UP_MS))
    }
}
