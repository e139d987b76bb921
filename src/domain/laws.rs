//! What holds for any policy and any history. 256 cases each; more by `PROPTEST_CASES`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use proptest::prelude::*;

use super::book::Book;
use super::effects::{Cause, Effects, Step, To};
use super::event::{Decision, Output, Score, SlaKind, Verdict, WithdrawnBecause};
use super::fact::{Body, Fact, HandoffId, Outcome};
use super::ids::LeadId;
use super::image::Entity;
use super::lead::Lead;
use super::letter::Letter;
use super::policy::Policy;
use super::sample::{
    HOUR, available, consent, demo, erasure, follow_up, handoff, hour, is, lead, policy, profile, rep, roster, text,
    viewed,
};
use super::single::Single;
use super::terms::Terms;
use super::time::Instant;
use super::value::{Number, Value};

/// Something that happens to one of a few leads.
#[derive(Clone, Debug)]
enum Happening {
    Demo {
        enterprise: bool,
    },
    View {
        bot: bool,
    },
    Employees(u32),
    Blocked(bool),
    Consent(bool),
    FollowUp {
        by_handoff: Option<(u32, u32)>,
        outcome: Outcome,
        reason: usize,
    },
    Erasure,
    Available {
        rep: usize,
        available: bool,
    },
    Capacity {
        rep: usize,
        capacity: u32,
    },
    Move {
        rep: usize,
        team: usize,
    },
}

/// A happening, after so many minutes, known so many minutes after it happened.
#[derive(Clone, Debug)]
struct Line {
    after: i64,
    delay: i64,
    number: u8,
    what: Happening,
}

const REPS: [&str; 5] = ["ana", "ben", "carl", "dora", "emil"];
const TEAMS: [&str; 2] = ["enterprise", "inside"];
const REASONS: [Option<&str>; 3] = [None, Some("Wrong-Territory"), Some("competitor")];

fn happening() -> impl Strategy<Value = Happening> {
    let outcome = prop::sample::select(Outcome::ALL.to_vec());
    let named = prop::option::of((1..4_u32, 1..4_u32));
    prop_oneof![
        6 => any::<bool>().prop_map(|enterprise| Happening::Demo { enterprise }),
        3 => prop::bool::weighted(0.1).prop_map(|bot| Happening::View { bot }),
        2 => (200..400_u32).prop_map(Happening::Employees),
        1 => any::<bool>().prop_map(Happening::Blocked),
        1 => prop::bool::weighted(0.8).prop_map(Happening::Consent),
        8 => (named, outcome, 0..REASONS.len())
            .prop_map(|(by_handoff, outcome, reason)| Happening::FollowUp { by_handoff, outcome, reason }),
        1 => Just(Happening::Erasure),
        2 => (0..REPS.len(), any::<bool>()).prop_map(|(rep, available)| Happening::Available { rep, available }),
        2 => (0..REPS.len(), 0..4_u32).prop_map(|(rep, capacity)| Happening::Capacity { rep, capacity }),
        1 => (0..REPS.len(), 0..2_usize).prop_map(|(rep, team)| Happening::Move { rep, team }),
    ]
}

fn lines() -> impl Strategy<Value = Vec<Line>> {
    let after = prop_oneof![Just(0), 0..600_i64, 0..60_000_i64];
    let delay = prop_oneof![3 => Just(0), 1 => 0..600_i64];
    let line = (after, delay, 0..6_u8, happening());
    let line = line.prop_map(|(after, delay, number, what)| Line {
        after,
        delay,
        number,
        what,
    });
    prop::collection::vec(line, 1..80)
}

fn policies() -> impl Strategy<Value = Policy> {
    let reps = prop::collection::vec((0..2_usize, 0..3_u32, 1..4_u32, any::<bool>()), 1..REPS.len());
    let limits = (0..3_u32, 0..3_u32, any::<bool>(), any::<bool>(), any::<bool>());
    (reps, limits).prop_map(|(reps, (home, helping, overflow, needs, qualified_responds))| {
        let mut policy = policy();
        policy.teams[0].sla.reassign_at_most = home;
        policy.teams[1].sla.reassign_at_most = helping;
        policy.teams[0].overflow = overflow.then_some(1);
        if !qualified_responds {
            policy.teams[0]
                .sla
                .responses
                .retain(|outcome| *outcome != Outcome::Rejected);
        }
        policy.qualify.requalify_after_days = 1;
        policy.qualify.block[0].when = vec![is("company", "rival")];
        policy.routes[0].needs = if needs { vec!["ja".to_owned()] } else { vec![] };
        let terms = reps.into_iter().zip(REPS).map(|((team, capacity, weight, ja), id)| {
            let mut terms = rep(id, team, capacity);
            terms.weight = weight;
            terms.skills = if ja { vec!["ja".to_owned()] } else { vec![] };
            terms
        });
        policy.reps = terms.collect();
        policy
    })
}

fn body(line: &Line) -> Body {
    let number = line.number;
    match &line.what {
        Happening::Demo { enterprise: true } => demo(number, vec![text("segment", "enterprise")]),
        Happening::Demo { enterprise: false } => demo(number, vec![]),
        Happening::View { bot } => viewed(number, *bot),
        Happening::Employees(count) => {
            let count = Number::parse(&count.to_string()).unwrap();
            profile(number, vec![("employees".to_owned(), Some(Value::Number(count)))])
        }
        Happening::Blocked(blocked) => profile(number, vec![text("company", if *blocked { "Rival" } else { "Acme" })]),
        Happening::Consent(given) => consent(number, *given),
        Happening::FollowUp {
            by_handoff,
            outcome,
            reason,
        } => {
            let named = by_handoff.map(|(cycle, attempt)| handoff(number, cycle, attempt));
            follow_up(named, *outcome, REASONS[*reason])
        }
        Happening::Erasure => erasure(number),
        Happening::Available { rep, available: is } => available(REPS[*rep], *is),
        Happening::Capacity { rep, capacity } => roster(REPS[*rep], |change| change.capacity = Some(*capacity)),
        Happening::Move { rep, team } => roster(REPS[*rep], |change| {
            change.team = Some(TEAMS[*team].to_owned());
            change.capacity = Some(1);
        }),
    }
}

/// The lines as facts, in order of journal time.
fn facts(lines: &[Line]) -> Vec<(Instant, LeadId, Fact)> {
    let mut at = hour(0);
    let with_ids = lines.iter().enumerate();
    let facts = with_ids.map(|(number, line)| {
        at = at.plus_millis(line.after * 60_000);
        let fact = Fact {
            source: "s".to_owned(),
            id: number.to_string(),
            at: at.plus_millis(-line.delay * 60_000),
            body: body(line),
        };
        (at, lead(line.number), fact)
    });
    facts.collect()
}

fn run(policy: Policy, facts: &[(Instant, LeadId, Fact)]) -> (Single, Vec<Output>) {
    let mut single = Single::new(Arc::new(policy));
    let mut effects = Effects::default();
    for (at, lead, fact) in facts {
        single.line(*at, *lead, fact, &mut effects);
    }
    single.until(hour(1 << 20), &mut effects);
    (single, effects.outputs)
}

pub(crate) fn images(book: &Book) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut images = BTreeMap::new();
    let mut after: Option<Entity> = None;
    loop {
        let some = book.entities_after(after.as_ref(), 3);
        let Some(last) = some.last() else { return images };
        after = Some(last.clone());
        for entity in &some {
            let (mut name, mut image) = (super::bytes::Writer::new(), Vec::new());
            entity.write(&mut name);
            assert!(book.image(entity, &mut image), "what lives has an image");
            assert!(image.len() <= 64 * 1024);
            assert_eq!(images.insert(name.0, image), None, "the turn meets each once");
        }
    }
}

pub(crate) fn restored(policy: Policy, images: &BTreeMap<Vec<u8>, Vec<u8>>) -> Book {
    let mut book = Book::new(0, 1, Arc::new(policy));
    for (name, image) in images.iter().rev() {
        let entity = Entity::read(&mut super::bytes::Reader(name)).unwrap();
        book.restore(&entity, image).unwrap();
    }
    book.rebuilt().unwrap();
    book
}

/// What happened to one attempt.
#[derive(Default)]
struct Told {
    started: u32,
    notices: Vec<SlaKind>,
    withdrawn: u32,
}

fn check_attempts(outputs: &[Output]) {
    let mut attempts: BTreeMap<HandoffId, Told> = BTreeMap::new();
    let mut refused: BTreeSet<(LeadId, &str)> = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for output in outputs {
        assert!(ids.insert(output.id), "no two decisions have one id: {output:?}");
        match &output.decision {
            Decision::HandedOff(it) => {
                assert!(!refused.contains(&(output.lead, it.rep.as_str())), "back to {}", it.rep);
                attempts.entry(it.handoff).or_default().started += 1;
            }
            Decision::Queued(it) => attempts.entry(it.handoff).or_default().started += 1,
            Decision::Withdrawn(it) => {
                refused.insert((output.lead, &it.rep));
                attempts.entry(it.handoff).or_default().withdrawn += 1;
            }
            Decision::Sla(it) => attempts.entry(it.handoff).or_default().notices.push(it.kind),
            Decision::Forgotten { .. } => refused.retain(|(lead, _)| *lead != output.lead),
            Decision::StageChanged(_) | Decision::Feedback(_) => {}
        }
    }
    for (handoff, told) in &attempts {
        check_attempt(*handoff, told);
        let before = HandoffId {
            attempt: handoff.attempt.saturating_sub(1).max(1),
            ..*handoff
        };
        assert!(attempts.contains_key(&before), "{handoff:?} without the one before");
    }
}

fn check_attempt(handoff: HandoffId, told: &Told) {
    let count = |kind| told.notices.iter().filter(|one| **one == kind).count();
    let place = |kind| told.notices.iter().position(|one| *one == kind);
    assert_eq!(told.started, 1, "{handoff:?} starts once");
    assert!(told.withdrawn <= 1, "{handoff:?} ends once");
    for kind in SlaKind::ALL {
        assert!(count(kind) <= 1, "{handoff:?} has one {kind:?} at most");
    }
    if let Some(excused) = place(SlaKind::Excused) {
        assert!(
            place(SlaKind::Breached).is_some_and(|breached| breached < excused),
            "{handoff:?}"
        );
    }
}

proptest! {
    #[test]
    fn an_attempt_ends_once_and_never_goes_back_to_who_refused(policy in policies(), lines in lines()) {
        let (_, outputs) = run(policy, &facts(&lines));
        check_attempts(&outputs);
        let times: Vec<_> = outputs.iter().map(|output| output.at).collect();
        prop_assert!(times.is_sorted(), "time never falls");
    }

    #[test]
    fn deadlines_fire_once_and_in_order_of_instant_lead_and_kind(policy in policies(), lines in lines()) {
        let (_, outputs) = run(policy, &facts(&lines));
        let fired: Vec<_> = outputs.iter().filter_map(|output| Some((output.at, output.lead, deadline(&output.decision)?))).collect();
        prop_assert!(fired.is_sorted_by(|one, next| one < next), "{fired:?}");
    }

    #[test]
    fn lines_of_the_clock_change_nothing(
        policy in policies(),
        lines in lines(),
        extra in prop::collection::vec(prop::option::of(0..20_000_i64), 80),
    ) {
        let facts = facts(&lines);
        let (plain, expected) = run(policy.clone(), &facts);
        let mut single = Single::new(Arc::new(policy));
        let mut effects = Effects::default();
        let next = facts.iter().skip(1).map(|(at, ..)| Some(*at)).chain([None]);
        for (((at, lead, fact), next), extra) in facts.iter().zip(next).zip(extra) {
            single.line(*at, *lead, fact, &mut effects);
            if let Some(minutes) = extra {
                let between = at.plus_millis(minutes * 60_000);
                single.until(next.map_or(between, |next| between.min(next)), &mut effects);
            }
        }
        single.until(hour(1 << 20), &mut effects);
        prop_assert_eq!(effects.outputs, expected);
        prop_assert_eq!(images(&single.book), images(&plain.book));
    }

    #[test]
    fn nothing_is_granted_at_or_above_capacity(policy in policies(), lines in lines()) {
        let mut single = Single::new(Arc::new(policy));
        let mut effects = Effects::default();
        for (at, lead, fact) in facts(&lines) {
            single.until(at, &mut effects);
            let before = single.book.reps();
            single.line(at, lead, &fact, &mut effects);
            for (id, (open, capacity)) in single.book.reps() {
                let was = before.get(&id).map_or(0, |(open, _)| *open);
                prop_assert!(open <= capacity.max(was), "{id} has {open} of {capacity}");
            }
        }
    }

    #[test]
    fn when_all_are_forgotten_no_place_is_taken(policy in policies(), lines in lines()) {
        let facts = facts(&lines);
        let (mut single, _) = run(policy, &facts);
        let mut effects = Effects::default();
        for number in 0..6 {
            let fact = Fact {
                source: "e".to_owned(),
                id: number.to_string(),
                at: hour(1 << 21),
                body: erasure(number),
            };
            single.line(hour(1 << 21), lead(number), &fact, &mut effects);
        }
        let gauges = single.book.gauges();
        prop_assert_eq!(gauges.leads, 0);
        prop_assert!(gauges.handoffs_open.values().all(|open| *open == 0), "{:?}", gauges);
        prop_assert!(gauges.queues.is_empty());
        prop_assert_eq!(single.book.next_deadline(), None);
    }

    #[test]
    fn a_duplicate_changes_nothing(policy in policies(), lines in lines()) {
        let mut single = Single::new(Arc::new(policy));
        let mut effects = Effects::default();
        for (at, lead, fact) in facts(&lines) {
            let verdict = single.line(at, lead, &fact, &mut effects);
            effects.clear();
            let before = images(&single.book);
            let again = single.line(at, lead, &fact, &mut effects);
            if matches!(verdict, Verdict::Rejected(_)) {
                prop_assert_eq!(again, verdict);
            } else {
                prop_assert_eq!(again, Verdict::Duplicate);
            }
            prop_assert_eq!(effects.outputs.len(), 0);
            prop_assert_eq!(effects.changed.len(), 0);
            prop_assert_eq!(images(&single.book), before);
        }
    }

    #[test]
    fn a_book_rebuilt_from_images_goes_on_as_the_book(policy in policies(), lines in lines(), half in 0..80_usize) {
        let facts = facts(&lines);
        let (before, after) = facts.split_at(half.min(facts.len()));
        let mut live = Single::new(Arc::new(policy.clone()));
        let mut effects = Effects::default();
        for (at, lead, fact) in before {
            live.line(*at, *lead, fact, &mut effects);
        }
        let saved = images(&live.book);
        let mut again = Single::with(restored(policy, &saved));
        prop_assert_eq!(&images(&again.book), &saved);
        prop_assert_eq!(again.book.gauges(), live.book.gauges());
        let mut effects = [Effects::default(), Effects::default()];
        for (single, effects) in [&mut live, &mut again].into_iter().zip(&mut effects) {
            for (at, lead, fact) in after {
                single.line(*at, *lead, fact, effects);
            }
            single.until(hour(1 << 20), effects);
        }
        prop_assert_eq!(&effects[0].outputs, &effects[1].outputs);
        prop_assert_eq!(&effects[0].changed, &effects[1].changed);
        prop_assert_eq!(images(&live.book), images(&again.book));
    }

    #[test]
    fn how_a_queue_is_cut_changes_nothing_that_is_said(policy in policies(), lines in lines(), at_once in 1..4_usize) {
        let policy = Arc::new(policy);
        let run = |at_once| {
            let mut single = Single::with(Book::new(0, 1, policy.clone()).serving(at_once));
            let mut effects = Effects::default();
            for (at, lead, fact) in facts(&lines) {
                single.line(at, lead, &fact, &mut effects);
            }
            single.until(hour(1 << 20), &mut effects);
            effects.outputs
        };
        prop_assert_eq!(run(at_once), run(1_000));
    }

    #[test]
    fn what_changed_is_what_was_said_to_have_changed(policy in policies(), lines in lines()) {
        let mut single = Single::new(Arc::new(policy));
        let mut effects = Effects::default();
        let mut before = images(&single.book);
        for (at, lead, fact) in facts(&lines) {
            effects.clear();
            single.line(at, lead, &fact, &mut effects);
            let names: BTreeSet<_> = effects.changed.iter().map(|entity| {
                let mut name = super::bytes::Writer::new();
                entity.write(&mut name);
                name.0
            }).collect();
            let after = images(&single.book);
            for name in before.keys().chain(after.keys()) {
                prop_assert!(before.get(name) == after.get(name) || names.contains(name), "{name:?} was not named");
            }
            before = after;
        }
    }

    #[test]
    fn the_score_does_not_depend_on_the_order_of_arrival(
        lines in lines(),
        order in Just((0..80).collect::<Vec<usize>>()).prop_shuffle(),
    ) {
        let mut facts: Vec<_> = facts(&lines);
        for (number, (_, _, fact)) in facts.iter_mut().enumerate() {
            // Equal times are settled by the order in the journal.
            fact.at = fact.at.plus_millis(number as i64);
        }
        let shuffled: Vec<_> = order.into_iter().filter_map(|place| facts.get(place).cloned()).collect();
        prop_assert_eq!(score_of(&facts), score_of(&shuffled));
    }

    #[test]
    fn reps_always_eligible_get_shares_by_weight(
        weights in prop::collection::vec(1..20_u32, 2..5),
        grants in 1..400_u32,
    ) {
        let mut policy = policy();
        policy.reps = weights.iter().zip(REPS).map(|(weight, id)| {
            let mut terms = rep(id, 1, 1_000);
            terms.weight = *weight;
            terms
        }).collect();
        let mut single = Single::new(Arc::new(policy));
        let mut given: BTreeMap<String, i64> = BTreeMap::new();
        for number in 0..grants {
            *given.entry(grant(&mut single, number)).or_default() += 1;
            for (one, w) in REPS.iter().zip(&weights) {
                for (other, v) in REPS.iter().zip(&weights) {
                    let n = given.get(*one).copied().unwrap_or(0) * i64::from(*v);
                    let m = given.get(*other).copied().unwrap_or(0) * i64::from(*w);
                    prop_assert!((n - m).abs() <= i64::from(*w.max(v)), "{given:?} of {weights:?}");
                }
            }
        }
    }

    /// Counted from the return, who was away is ahead of nobody by more than a turn of each, and
    /// behind nobody by more.
    #[test]
    fn an_absence_earns_nothing_and_costs_nothing(
        weights in prop::collection::vec(1..20_u32, 2..5),
        spans in (0..60_u32, 1..200_u32, 1..200_u32),
    ) {
        let mut policy = policy();
        policy.reps = weights.iter().zip(REPS).map(|(weight, id)| {
            let mut terms = rep(id, 1, 1_000);
            terms.weight = *weight;
            terms
        }).collect();
        let mut single = Single::new(Arc::new(policy));
        let (before, away, after) = spans;
        let mut given: BTreeMap<String, i64> = BTreeMap::new();
        for number in 0..before + away + after {
            if number == before {
                tell(&mut single, number, available(REPS[0], false));
            }
            if number == before + away {
                tell(&mut single, number, available(REPS[0], true));
                given.clear();
            }
            let to = grant(&mut single, number);
            prop_assert!(to != REPS[0] || !(before..before + away).contains(&number));
            *given.entry(to).or_default() += 1;
        }
        let count = |rep: &str| given.get(rep).copied().unwrap_or(0);
        let w = i64::from(weights[0]);
        for (other, v) in REPS.iter().zip(&weights).skip(1) {
            let v = i64::from(*v);
            let ahead = count(REPS[0]) * v - count(other) * w;
            prop_assert!(ahead.abs() <= v + w, "{given:?} of {weights:?}");
        }
    }

    #[test]
    fn mail_that_takes_its_time_loses_nothing(
        policy in policies(),
        lines in lines(),
        deliveries in prop::collection::vec(0..4_usize, 1..200),
    ) {
        let mut office = Office::new(policy);
        let mut deliveries = deliveries.into_iter().cycle();
        for (at, lead, fact) in facts(&lines) {
            office.fact(at, lead, &fact);
            office.fire(at);
            for _ in 0..deliveries.next().unwrap_or(0) {
                office.deliver(at);
            }
        }
        let end = hour(1 << 20);
        office.settle(end);
        check_attempts(&office.outputs);
        for number in 0..6 {
            let body = erasure(number);
            let fact = Fact { source: "e".to_owned(), id: number.to_string(), at: end, body };
            office.fact(end.plus_millis(HOUR), lead(number), &fact);
        }
        office.settle(end.plus_millis(2 * HOUR));
        let gauges = office.desk.gauges();
        prop_assert!(gauges.handoffs_open.values().all(|open| *open == 0), "{:?}", gauges);
        prop_assert!(gauges.queues.is_empty());
    }
}

/// The kind of deadline that a decision comes of, in the order in which they fire.
fn deadline(decision: &Decision) -> Option<u32> {
    match decision {
        Decision::Sla(it) => match it.kind {
            SlaKind::AtRisk => Some(0),
            SlaKind::Breached => Some(1),
            SlaKind::Escalated => Some(2),
            SlaKind::Met | SlaKind::Excused => None,
        },
        Decision::Withdrawn(it) => matches!(it.because, WithdrawnBecause::Deadline).then_some(3),
        _ => None,
    }
}

/// A lead of its own that qualifies at once; who got it.
fn grant(single: &mut Single, number: u32) -> String {
    let mut id = [0; 16];
    id[..4].copy_from_slice(&number.to_be_bytes());
    let fact = Fact {
        source: "s".to_owned(),
        id: "f".to_owned(),
        at: hour(0),
        body: demo(1, vec![]),
    };
    let mut effects = Effects::default();
    single.line(hour(0), LeadId(id), &fact, &mut effects);
    let rep = effects.outputs.into_iter().find_map(|output| match output.decision {
        Decision::HandedOff(it) => Some(it.rep),
        _ => None,
    });
    rep.expect("somebody is free")
}

fn tell(single: &mut Single, number: u32, body: Body) {
    let fact = Fact {
        source: "roster".to_owned(),
        id: number.to_string(),
        at: hour(0),
        body,
    };
    single.line(hour(0), lead(0), &fact, &mut Effects::default());
}

fn score_of(facts: &[(Instant, LeadId, Fact)]) -> (Score, bool) {
    let terms = Terms::new(Arc::new(policy()));
    let mut effects = Effects::default();
    let end = facts
        .iter()
        .map(|(at, ..)| *at)
        .max()
        .unwrap_or(hour(0))
        .plus_millis(HOUR);
    let mut one = Lead::new(lead(1), end, None);
    let mut step = Step::new(end, Cause::Text(""), &terms, &mut effects);
    for (_, _, fact) in facts {
        one.learn(&mut step, fact.at, &fact.body);
    }
    let consent = one.consent.as_ref().is_none_or(|consent| consent.what);
    (one.score(&step, end.day()), consent)
}

/// Two books: the desk's, and one with all leads; mail between them waits until it is delivered.
struct Office {
    desk: Book,
    leads: Book,
    to_desk: VecDeque<Letter>,
    to_leads: VecDeque<Letter>,
    to_self: VecDeque<Letter>,
    outputs: Vec<Output>,
    turn: usize,
}

impl Office {
    fn new(policy: Policy) -> Self {
        let policy = Arc::new(policy);
        Self {
            desk: Book::new(0, 2, Arc::clone(&policy)),
            leads: Book::new(1, 2, policy),
            to_desk: VecDeque::new(),
            to_leads: VecDeque::new(),
            to_self: VecDeque::new(),
            outputs: Vec::new(),
            turn: 0,
        }
    }

    fn fact(&mut self, at: Instant, lead: LeadId, fact: &Fact) {
        let mut effects = Effects::default();
        if matches!(fact.body, Body::Rep(_)) {
            self.desk.fact(at, lead, fact, &mut effects);
            self.post(effects, true);
        } else {
            self.leads.fact(at, lead, fact, &mut effects);
            self.post(effects, false);
        }
    }

    fn fire(&mut self, before: Instant) {
        let mut effects = Effects::default();
        self.leads.fire(before, 1_000, &mut effects);
        self.post(effects, false);
    }

    fn deliver(&mut self, at: Instant) -> bool {
        self.turn += 1;
        let mut effects = Effects::default();
        let boxes = [&mut self.to_desk, &mut self.to_self, &mut self.to_leads];
        let full: Vec<_> = (0..3).filter(|which| !boxes[*which].is_empty()).collect();
        let Some(which) = full.get(self.turn % full.len().max(1)).copied() else {
            return false;
        };
        let [to_desk, to_self, to_leads] = boxes;
        let letter = [to_desk, to_self, to_leads][which].pop_front().unwrap();
        if which == 2 {
            self.leads.letter(at, &letter, &mut effects);
            self.post(effects, false);
        } else {
            self.desk.letter(at, &letter, &mut effects);
            self.post(effects, true);
        }
        true
    }

    fn post(&mut self, effects: Effects, from_desk: bool) {
        self.outputs.extend(effects.outputs);
        for (to, letter) in effects.letters {
            match to {
                To::Lead(_) => self.to_leads.push_back(letter),
                To::Desk if from_desk => self.to_self.push_back(letter),
                To::Desk => self.to_desk.push_back(letter),
            }
        }
    }

    fn settle(&mut self, end: Instant) {
        loop {
            while self.deliver(end) {}
            if self.leads.next_deadline().is_none_or(|due| due >= end) {
                return;
            }
            self.fire(end);
        }
    }
}
