//! The outside world: marketing sends, sales answers, people change their minds.
//!
//! What it sends is on the log at once; it remembers what it said, for the oracle.

use std::collections::BTreeMap;

use super::plan::{OUTPUT_PARTITIONS, SOURCES, policy};
use tasuki::clock::Now;
use tasuki::domain::time::Instant;
use tasuki::log::simulated::SimulatedLog;
use tasuki::log::simulated::chance::Chance;
use tasuki::log::{Log, NewRecord, Place, Record, TopicId};
use tasuki::names::Names;

/// Who sends and what they have seen.
pub(crate) struct Outside {
    names: Names,
    people: u64,
    next_event: u64,
    /// What was sent lately, to be sent again.
    sent: Vec<(Place, Vec<u8>)>,
    /// How far each partition of the outputs has been read while the faults went on.
    cursors: BTreeMap<Place, u64>,
    /// What was read there, in order.
    pub(crate) seen: BTreeMap<Place, Vec<Record>>,
    /// Answers to come, with the time at which they are sent.
    answers: Vec<(i64, Answer)>,
    /// Answers that were sent.
    pub(crate) answered: Vec<Answered>,
    /// What was done, to be told.
    pub(crate) told: Vec<String>,
    policy_published: bool,
    /// Sources as they were when they were made anew: id, partition and records.
    pub(crate) past: Vec<(usize, TopicId, u32, Vec<Record>)>,
}

#[derive(Clone)]
struct Answer {
    handoff: String,
    outcome: &'static str,
    reason: Option<&'static str>,
    /// Milliseconds before it is sent at which it happened.
    ago: Option<i64>,
}

/// An answer on a handoff, as it stands in its topic.
pub(crate) struct Answered {
    pub(crate) handoff: String,
    pub(crate) is_response: bool,
    /// When it happened.
    pub(crate) at: Instant,
    /// When it was appended.
    pub(crate) appended: Instant,
}

/// The source that is made anew: engagement, on which no promise hangs.
const ANEW: usize = 1;

/// Outcomes, most often a response.
const OUTCOMES: [&str; 9] = [
    "contacted",
    "contacted",
    "accepted",
    "attempted",
    "qualified",
    "won",
    "lost",
    "rejected",
    "rejected",
];
const NO_RESPONSES: [&str; 2] = ["accepted", "attempted"];

impl Outside {
    pub(crate) fn new(names: &Names, people: u64) -> Self {
        Self {
            names: names.clone(),
            people,
            next_event: 0,
            sent: Vec::new(),
            cursors: BTreeMap::new(),
            seen: BTreeMap::new(),
            answers: Vec::new(),
            answered: Vec::new(),
            told: Vec::new(),
            policy_published: false,
            past: Vec::new(),
        }
    }

    /// Something may be sent.
    pub(crate) fn act(&mut self, log: &SimulatedLog, chance: &mut Chance, now: Now) {
        self.send_due(log, chance, now);
        match chance.below(40) {
            0..=3 => self.form(log, chance),
            4 => self.page_view(log, chance),
            5 => self.bad_record(log, chance),
            6 => self.roster(log, chance),
            7 => self.again(log, chance),
            8 if chance.once_in(3) => self.erasure(log, chance),
            9 if chance.once_in(6) => self.new_policy(log),
            10..=14 => self.read(log, chance, now),
            _ => {}
        }
    }

    /// Sends what is due, and nothing new.
    pub(crate) fn send_due(&mut self, log: &SimulatedLog, chance: &mut Chance, now: Now) {
        let (due, later) = std::mem::take(&mut self.answers)
            .into_iter()
            .partition(|(at, _)| *at <= now.running_ms);
        self.answers = later;
        let due: Vec<(i64, Answer)> = due;
        for (_, answer) in due {
            self.answer(log, chance, now, &answer);
        }
    }

    /// Whether an answer is still to come.
    pub(crate) fn is_done(&self) -> bool {
        self.answers.is_empty()
    }

    fn answer(&mut self, log: &SimulatedLog, chance: &mut Chance, now: Now, answer: &Answer) {
        let id = self.event_id();
        let at = answer.ago.map(|ago| now.time.plus_millis(-ago));
        let occurred = at.map(|at| format!(r#","occurred_at":"{at}""#)).unwrap_or_default();
        let reason = answer
            .reason
            .map(|reason| format!(r#","reason":"{reason}""#))
            .unwrap_or_default();
        let value = format!(
            r#"{{"id":"{id}","handoff_id":"{}","outcome":"{}"{reason}{occurred}}}"#,
            answer.handoff, answer.outcome
        );
        let appended = self.send(log, chance, 2, value.into_bytes());
        self.answered.push(Answered {
            handoff: answer.handoff.clone(),
            is_response: !NO_RESPONSES.contains(&answer.outcome),
            at: at.unwrap_or(appended),
            appended,
        });
    }

    fn form(&mut self, log: &SimulatedLog, chance: &mut Chance) {
        let (id, person) = (self.event_id(), chance.below(self.people));
        let employees = chance.pick(&[5_u32, 400, 400, 2_000]);
        let form = chance.pick(&["demo-request", "demo-request", "newsletter"]);
        let value = format!(
            r#"{{"id":"{id}","person":{{"email":"{}"}},"form":"{form}","profile":{{"employees":{employees}}}}}"#,
            email(person)
        );
        self.send(log, chance, 0, value.into_bytes());
    }

    fn page_view(&mut self, log: &SimulatedLog, chance: &mut Chance) {
        let (id, person) = (self.event_id(), chance.below(self.people));
        let bot = chance.once_in(4);
        let value = format!(
            r#"{{"id":"{id}","person":{{"email":"{}"}},"activity":"page_viewed","is_bot":{bot}}}"#,
            email(person)
        );
        self.send(log, chance, 1, value.into_bytes());
    }

    fn bad_record(&mut self, log: &SimulatedLog, chance: &mut Chance) {
        let values: [&[u8]; 4] = [
            b"not json",
            b"{}",
            br#"{"type":"no.such.type"}"#,
            br#"{"id":"x","handoff_id":"none","outcome":"won","type":"tasuki.follow-up.recorded.v1"}"#,
        ];
        let (value, source) = (
            chance.pick(&values).to_vec(),
            chance.below(SOURCES.len() as u64) as usize,
        );
        self.send(log, chance, source, value);
    }

    fn roster(&mut self, log: &SimulatedLog, chance: &mut Chance) {
        let id = self.event_id();
        let rep = chance.pick(&["ana", "ben", "carl"]);
        let available = !chance.once_in(3);
        let value = format!(r#"{{"id":"{id}","rep":"{rep}","available":{available}}}"#);
        self.send(log, chance, 3, value.into_bytes());
    }

    fn erasure(&mut self, log: &SimulatedLog, chance: &mut Chance) {
        let (id, person) = (self.event_id(), chance.below(self.people));
        // Two identifiers are two leads, and two facts in one record.
        let also = if chance.once_in(2) { r#""lead_id":7,"# } else { "" };
        let value = format!(r#"{{"id":"{id}","person":{{{also}"email":"{}"}}}}"#, email(person));
        self.send(log, chance, 4, value.into_bytes());
    }

    fn again(&mut self, log: &SimulatedLog, chance: &mut Chance) {
        if !self.sent.is_empty() {
            let (place, value) = chance.pick(&self.sent).clone();
            append(log, &place, value);
        }
    }

    fn new_policy(&mut self, log: &SimulatedLog) {
        if !std::mem::replace(&mut self.policy_published, true) {
            let document = policy(2);
            let value = serde_json::json!({"policy": document.text, "files": document.files});
            append(
                log,
                &Place::new(&self.names.policy(), 0),
                value.to_string().into_bytes(),
            );
        }
    }

    /// Makes a source anew; what it had and nobody has read yet is lost.
    pub(crate) fn make_anew(&mut self, log: &SimulatedLog) {
        let (topic, _, partitions) = SOURCES[ANEW];
        let Ok(Some(known)) = log.topics(&[topic]).map(|mut found| found.remove(0)) else {
            return;
        };
        for partition in 0..partitions {
            let records = log.committed_records(&Place::new(topic, partition), 0).0;
            self.past.push((ANEW, known.id, partition, records));
        }
        log.make_anew(topic);
        self.told.push(format!("{topic} is made anew"));
    }

    /// Reads the outputs as they are now, and decides what to answer.
    fn read(&mut self, log: &SimulatedLog, chance: &mut Chance, now: Now) {
        for topic in super::plan::OUTPUTS {
            for partition in 0..OUTPUT_PARTITIONS {
                let place = Place::new(topic, partition);
                let cursor = self.cursors.entry(place.clone()).or_default();
                let (records, next) = log.committed_records(&place, *cursor);
                *cursor = next;
                for record in &records {
                    if let Some(handoff) = handed_off(record) {
                        self.decide(chance, now, &handoff);
                    }
                }
                self.seen.entry(place).or_default().extend(records);
            }
        }
    }

    fn decide(&mut self, chance: &mut Chance, now: Now, handoff: &str) {
        if chance.once_in(3) {
            return;
        }
        let answers = 1 + chance.below(2);
        for _ in 0..answers {
            let outcome = *chance.pick(&OUTCOMES);
            let reason = (outcome == "rejected" && chance.once_in(2)).then_some("wrong-territory");
            // Most of them near the promised instant.
            let later = if chance.once_in(2) {
                chance.between(5_500, 8_500)
            } else {
                chance.between(0, 9_000)
            };
            let ago = chance.once_in(4).then(|| chance.between(0, later.min(3_000)));
            self.answers.push((
                now.running_ms + later,
                Answer {
                    handoff: handoff.to_owned(),
                    outcome,
                    reason,
                    ago,
                },
            ));
        }
    }

    fn event_id(&mut self) -> u64 {
        self.next_event += 1;
        self.next_event
    }

    /// Sends to a source, to any of its partitions; the append time.
    fn send(&mut self, log: &SimulatedLog, chance: &mut Chance, source: usize, value: Vec<u8>) -> Instant {
        let (topic, _, partitions) = SOURCES[source];
        let place = Place::new(topic, chance.below(u64::from(partitions)) as u32);
        self.sent.push((place.clone(), value.clone()));
        self.told
            .push(format!("to {place}: {}", String::from_utf8_lossy(&value)));
        append(log, &place, value)
    }
}

fn email(number: u64) -> String {
    format!("p{number}@example.com")
}

fn append(log: &SimulatedLog, place: &Place, value: Vec<u8>) -> Instant {
    let record = NewRecord {
        value: Some(value),
        ..NewRecord::default()
    };
    log.append_now(place, record)
}

/// The handoff id of a record that hands a lead off.
fn handed_off(record: &Record) -> Option<String> {
    let (_, kind) = record.headers.iter().find(|(name, _)| name == "ce_type")?;
    if kind.as_deref() != Some(b"tasuki.lead.handed-off.v1".as_slice()) {
        return None;
    }
    let value = std::str::from_utf8(record.value.as_deref()?).ok()?;
    let rest = value.strip_prefix(r#"{"handoff_id":""#)?;
    rest.split('"').next().map(str::to_owned)
}
