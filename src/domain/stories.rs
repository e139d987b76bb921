//! Short stories, each one behaviour of the whole book.

use std::sync::Arc;

use super::event::{Decision, RejectReason, Verdict};
use super::fact::{Outcome, RepChange};
use super::policy::Policy;
use super::sample::{
    HOUR, Story, available, consent, demo, erasure, follow_up, handoff, hour, policy, profile, rep, roster, team, text,
    viewed,
};

fn enterprise() -> Vec<super::fact::Attribute> {
    vec![text("segment", "Enterprise")]
}

fn story() -> Story {
    Story::new(policy())
}

#[track_caller]
fn check_rejected(verdict: &Verdict, expected: RejectReason) {
    assert!(
        matches!(verdict, Verdict::Rejected(rejection) if rejection.reason == expected),
        "{verdict:?}"
    );
}

#[test]
fn a_hand_raiser_is_handed_off_at_once() {
    let mut story = story();
    assert_eq!(story.tell(hour(0), 1, demo(1, enterprise())), Verdict::Accepted);
    story.check(&[
        "1 c0 null > inquiry",
        "1 c1 inquiry > marketing-qualified by demo",
        "1-1-1 handed to ana ben:not-their-turn",
    ]);
}

#[test]
fn thresholds_are_looked_at_first_and_need_both_scores() {
    let mut story = story();
    for at in 0..4 {
        story.tell(hour(at), 1, viewed(1, false));
    }
    story.check(&["1 c0 null > inquiry"]);
    let big = (
        "employees".to_owned(),
        Some(super::value::Value::Number(super::value::Number::parse("300").unwrap())),
    );
    story.tell(hour(5), 1, profile(1, vec![big]));
    story.check(&[
        "1 c1 inquiry > marketing-qualified by thresholds",
        "1-1-1 handed to carl",
    ]);
}

#[test]
fn what_a_bot_does_creates_nothing_but_leaves_a_mark() {
    let mut story = story();
    let times = (hour(0), hour(0));
    assert_eq!(story.tell_as("x", times, 1, viewed(1, true)), Verdict::Ignored);
    assert_eq!(story.tell_as("x", times, 1, demo(1, enterprise())), Verdict::Duplicate);
    story.check(&[]);
}

#[test]
fn blocks_and_refused_consent_keep_a_lead_back() {
    let mut story = story();
    story.tell(hour(0), 1, demo(1, vec![text("company", "RIVAL KK")]));
    story.tell(hour(0), 2, consent(2, false));
    story.tell(hour(0), 2, demo(2, vec![]));
    story.check(&["1 c0 null > inquiry", "2 c0 null > inquiry"]);
}

#[test]
fn earlier_than_not_before_qualifies_nothing() {
    let mut policy = policy();
    policy.qualify.not_before = Some(hour(10));
    let mut story = Story::new(policy);
    story.tell_late(hour(20), hour(9), 1, demo(1, vec![]));
    story.check(&["1 c0 null > inquiry"]);
    story.tell_late(hour(20), hour(10), 1, demo(1, vec![]));
    story.check(&["1 c1 inquiry > marketing-qualified by demo", "1-1-1 handed to carl"]);
}

#[test]
fn the_owner_goes_before_the_rotation() {
    let mut story = story();
    let mut owned = enterprise();
    owned.push(text("account_owner", "BEN"));
    story.tell(hour(0), 1, demo(1, owned));
    story.check(&[
        "1 c0 null > inquiry",
        "1 c1 inquiry > marketing-qualified by demo",
        "1-1-1 handed to ben ana:not-their-turn",
    ]);
}

#[test]
fn overflow_helps_out_then_the_home_queue_takes_over() {
    let mut story = story();
    for number in 1..=3 {
        story.tell(hour(0), number, demo(number, enterprise()));
    }
    story.lines();
    story.tell(hour(1), 4, demo(4, enterprise()));
    story.check(&[
        "4 c0 null > inquiry",
        "4 c1 inquiry > marketing-qualified by demo",
        "4-1-1 queued at enterprise ana:at-capacity ben:at-capacity carl:at-capacity",
    ]);
    story.tell(hour(2), 3, follow_up(Some(handoff(3, 1, 1)), Outcome::Won, None));
    story.check(&["3-1-1 met", "3 c1 marketing-qualified > won", "3-1-1 feedback won"]);
    story.tell(hour(2), 1, follow_up(Some(handoff(1, 1, 1)), Outcome::Qualified, None));
    story.check(&[
        "1-1-1 met",
        "1 c1 marketing-qualified > sales-qualified",
        "1-1-1 feedback qualified",
        "4-1-2 handed to ana ben:at-capacity",
    ]);
}

#[test]
fn the_ladder_is_climbed_to_the_end() {
    let mut policy = policy();
    policy.teams[0].overflow = None;
    let mut story = Story::new(policy);
    story.tell(hour(0), 1, demo(1, enterprise()));
    story.lines();
    story.until(hour(4));
    story.check(&["1-1-1 at-risk"]);
    story.until(hour(100));
    story.check(&[
        "1-1-1 breached",
        "1-1-1 escalated",
        "1-1-1 withdrawn from ana: deadline",
        "1-1-2 handed to ben ana:refused-before",
        "1-1-2 at-risk",
        "1-1-2 breached",
        "1-1-2 escalated",
        "1-1-2 withdrawn from ben: deadline",
        "1-1-3 queued at enterprise ana:refused-before ben:refused-before",
        "1-1-3 at-risk",
        "1-1-3 breached",
        "1-1-3 escalated",
    ]);
    assert_eq!(story.single.book.next_deadline(), None);
}

#[test]
fn deadlines_are_due_strictly_after_their_instant() {
    let mut story = story();
    story.tell(hour(0), 1, demo(1, enterprise()));
    story.lines();
    story.until(hour(3));
    story.check(&[]);
    story.until(hour(3).plus_millis(1));
    story.check(&["1-1-1 at-risk"]);
}

#[test]
fn a_response_in_time_is_met_and_ends_the_timers() {
    let mut story = story();
    story.tell(hour(0), 1, demo(1, enterprise()));
    story.lines();
    story.tell(hour(4), 1, follow_up(None, Outcome::Contacted, None));
    story.tell(hour(5), 1, follow_up(None, Outcome::MeetingHeld, None));
    story.until(hour(100));
    story.check(&[
        "1-1-1 at-risk",
        "1-1-1 met",
        "1 c1 marketing-qualified > sales-accepted",
        "1-1-1 feedback contacted",
        "1-1-1 feedback meeting_held",
    ]);
}

#[test]
fn a_breach_is_excused_once_by_who_was_in_time_after_all() {
    let mut story = story();
    story.tell(hour(0), 1, demo(1, enterprise()));
    story.until(hour(5));
    story.lines();
    story.tell_late(hour(5), hour(5), 1, follow_up(None, Outcome::Contacted, None));
    story.tell_late(hour(6), hour(4), 1, follow_up(None, Outcome::Contacted, None));
    story.tell_late(hour(7), hour(1), 1, follow_up(None, Outcome::Contacted, None));
    story.check(&[
        "1-1-1 met late",
        "1 c1 marketing-qualified > sales-accepted",
        "1-1-1 feedback contacted",
        "1-1-1 excused",
        "1-1-1 feedback contacted",
        "1-1-1 feedback contacted",
    ]);
}

#[test]
fn a_closed_attempt_is_fed_back_and_excuses_its_breach() {
    let mut story = story();
    story.tell(hour(0), 1, demo(1, enterprise()));
    story.until(hour(9));
    story.lines();
    story.tell_late(
        hour(9),
        hour(2),
        1,
        follow_up(Some(handoff(1, 1, 1)), Outcome::Won, None),
    );
    story.tell(hour(9), 1, follow_up(Some(handoff(1, 1, 1)), Outcome::Won, None));
    story.check(&["1-1-1 excused", "1-1-1 feedback won", "1-1-1 feedback won"]);
    let unknown = story.tell(hour(9), 1, follow_up(Some(handoff(1, 1, 3)), Outcome::Won, None));
    check_rejected(&unknown, RejectReason::UnknownHandoff);
    let unknown = story.tell(hour(9), 2, follow_up(None, Outcome::Won, None));
    check_rejected(&unknown, RejectReason::UnknownHandoff);
}

#[test]
fn a_rejection_reassigns_until_the_limit_then_recycles() {
    let mut policy = policy();
    policy.teams[0].sla.reassign_at_most = 1;
    policy.teams[1].sla.reassign_at_most = 1;
    let mut story = Story::new(policy);
    story.tell(hour(0), 1, demo(1, enterprise()));
    story.lines();
    let refuse = || follow_up(None, Outcome::Rejected, Some("Wrong-Territory"));
    story.tell(hour(1), 1, refuse());
    story.check(&[
        "1-1-1 met",
        "1-1-1 withdrawn from ana: Wrong-Territory",
        "1-1-1 feedback rejected",
        "1-1-2 handed to ben ana:refused-before",
    ]);
    story.tell(hour(1), 1, refuse());
    story.check(&[
        "1-1-2 met",
        "1 c1 marketing-qualified > recycled",
        "1-1-2 feedback rejected",
    ]);
}

#[test]
fn what_a_rejection_gives_back_makes_the_rep_next_again() {
    let mut policy = policy();
    policy.reps[0].capacity = 9;
    policy.reps[1].capacity = 9;
    let mut story = Story::new(policy);
    story.tell(hour(0), 1, demo(1, enterprise()));
    story.tell(hour(0), 1, follow_up(None, Outcome::Rejected, Some("competitor")));
    story.tell(hour(0), 2, demo(2, enterprise()));
    story.tell(hour(0), 3, demo(3, enterprise()));
    let lines = story.lines();
    let grants: Vec<_> = lines.iter().filter(|line| line.contains("handed")).collect();
    assert_eq!(
        grants,
        [
            "1-1-1 handed to ana ben:not-their-turn",
            // Ana has paid nothing, but was assigned before.
            "2-1-1 handed to ben ana:not-their-turn",
            "3-1-1 handed to ana ben:not-their-turn",
        ]
    );
}

#[test]
fn a_freed_place_serves_its_queue_before_the_lead_asks_again() {
    let mut policy = policy();
    policy.teams[0].overflow = None;
    policy.reps.truncate(1);
    let mut story = Story::new(policy);
    story.tell(hour(0), 1, demo(1, enterprise()));
    story.tell(hour(0), 2, demo(2, enterprise()));
    story.lines();
    story.tell(hour(1), 1, follow_up(None, Outcome::Rejected, Some("wrong-territory")));
    story.check(&[
        "1-1-1 met",
        "1-1-1 withdrawn from ana: wrong-territory",
        "1-1-1 feedback rejected",
        "2-1-2 handed to ana",
        "1-1-2 queued at enterprise ana:at-capacity",
    ]);
}

#[test]
fn who_cannot_be_served_does_not_hold_up_those_behind() {
    let mut policy = policy();
    policy.teams[0].overflow = None;
    policy.reps.truncate(1);
    let mut story = Story::new(policy);
    story.tell(hour(0), 1, demo(1, enterprise()));
    story.tell(hour(1), 1, follow_up(None, Outcome::Rejected, Some("wrong-territory")));
    story.tell(hour(1), 2, demo(2, enterprise()));
    story.tell(hour(1), 3, demo(3, enterprise()));
    story.lines();
    story.tell(hour(2), 2, follow_up(None, Outcome::Lost, None));
    story.check(&[
        "2-1-1 met",
        "2 c1 marketing-qualified > lost",
        "2-1-1 feedback lost",
        "3-1-2 handed to ana",
    ]);
    story.tell(
        hour(2),
        9,
        roster("dora", |change| {
            change.team = Some("enterprise".to_owned());
            change.capacity = Some(5);
        }),
    );
    story.check(&["1-1-3 handed to dora ana:at-capacity"]);
}

#[test]
fn a_response_while_queued_counts_and_the_lead_stays_queued() {
    let mut story = story();
    for number in 1..=4 {
        story.tell(hour(0), number, demo(number, enterprise()));
    }
    story.lines();
    story.tell(hour(1), 4, follow_up(None, Outcome::Contacted, None));
    story.tell(hour(1), 1, follow_up(None, Outcome::Won, None));
    story.check(&[
        "4-1-1 met",
        "4 c1 marketing-qualified > sales-accepted",
        "4-1-1 feedback contacted",
        "1-1-1 met",
        "1 c1 marketing-qualified > won",
        "1-1-1 feedback won",
        "4-1-2 handed to ana ben:at-capacity",
    ]);
}

#[test]
fn a_lost_lead_may_come_back_after_its_days() {
    let mut story = story();
    story.tell(hour(0), 1, demo(1, vec![]));
    story.tell(hour(1), 1, follow_up(None, Outcome::Lost, None));
    story.lines();
    story.tell(hour(24 * 30), 1, demo(1, vec![]));
    story.check(&[]);
    story.tell(hour(24 * 30 + 1), 1, demo(1, vec![]));
    story.check(&["1 c2 lost > marketing-qualified by demo", "1-2-1 handed to carl"]);
    story.tell(
        hour(24 * 30 + 1),
        1,
        follow_up(Some(handoff(1, 1, 1)), Outcome::Attempted, None),
    );
    story.check(&["1-1-1 feedback attempted"]);
}

#[test]
fn an_absence_earns_nothing() {
    let mut policy = policy();
    policy.reps[0].capacity = 99;
    policy.reps[1].capacity = 99;
    let mut story = Story::new(policy);
    story.tell(hour(0), 9, available("ana", false));
    for number in 1..=5 {
        story.tell(hour(0), number, demo(number, enterprise()));
    }
    story.tell(hour(0), 9, available("ana", true));
    story.lines();
    for number in 6..=9 {
        story.tell(hour(0), number, demo(number, enterprise()));
    }
    let lines = story.lines();
    let ana = lines.iter().filter(|line| line.contains("handed to ana")).count();
    assert_eq!(ana, 2);
}

#[test]
fn an_erased_lead_leaves_its_number_and_frees_its_rep() {
    let mut policy = policy();
    policy.teams[0].overflow = None;
    policy.reps.truncate(1);
    let mut story = Story::new(policy);
    story.tell(hour(0), 1, demo(1, enterprise()));
    story.tell(hour(0), 2, demo(2, enterprise()));
    story.lines();
    story.tell(hour(1), 1, erasure(1));
    story.check(&[
        "1 forgotten",
        "1 forgotten sales.handoffs.enterprise",
        "2-1-2 handed to ana",
    ]);
    assert_eq!(
        story.tell_late(hour(2), hour(1), 1, demo(1, enterprise())),
        Verdict::Erased
    );
    let old = follow_up(Some(handoff(1, 1, 1)), Outcome::Won, None);
    assert_eq!(story.tell(hour(2), 1, old.clone()), Verdict::Erased);
    assert_eq!(
        story.tell(hour(2), 1, follow_up(None, Outcome::Won, None)),
        Verdict::Erased
    );
    let new = follow_up(Some(handoff(1, 2, 1)), Outcome::Won, None);
    check_rejected(&story.tell(hour(2), 1, new), RejectReason::UnknownHandoff);
    story.check(&[]);
    story.tell(hour(3), 1, demo(1, enterprise()));
    story.check(&[
        "1 c1 null > inquiry",
        "1 c2 inquiry > marketing-qualified by demo",
        "1-2-1 queued at enterprise ana:at-capacity",
    ]);
    assert_eq!(story.tell(hour(4), 1, old), Verdict::Erased);
}

#[test]
fn an_unknown_persons_erasure_is_receipted() {
    let mut story = story();
    assert_eq!(story.tell(hour(1), 1, erasure(1)), Verdict::Accepted);
    assert_eq!(story.tell_late(hour(2), hour(0), 1, demo(1, vec![])), Verdict::Erased);
    story.check(&["1 forgotten"]);
}

#[test]
fn roster_facts_that_name_nobody_are_dead_letters() {
    let mut story = story();
    let unknown = story.tell(hour(0), 9, available("zoe", true));
    check_rejected(&unknown, RejectReason::UnknownRep);
    let unknown = story.tell(
        hour(0),
        9,
        roster("ana", |change| change.team = Some("nowhere".to_owned())),
    );
    check_rejected(&unknown, RejectReason::UnknownTeam);
    let incomplete = story.tell(
        hour(0),
        9,
        roster("zoe", |change| change.team = Some("inside".to_owned())),
    );
    check_rejected(&incomplete, RejectReason::InvalidData);
}

#[test]
fn a_policy_without_a_team_sends_its_queue_to_the_routes_again() {
    let mut before = policy();
    before.reps.clear();
    let mut story = Story::new(before);
    story.tell(hour(0), 1, demo(1, enterprise()));
    story.lines();
    let after = Policy {
        version: 2,
        routes: policy()
            .routes
            .into_iter()
            .skip(1)
            .map(|route| super::policy::Route { team: 0, ..route })
            .collect(),
        teams: vec![team("inside", None)],
        reps: vec![rep("carl", 0, 1)],
        ..policy()
    };
    story.single.adopt(hour(1), Arc::new(after), &mut story.effects);
    story.check(&["1-1-2 handed to carl"]);
    story.until(hour(9));
    story.check(&["1-1-2 at-risk", "1-1-2 breached", "1-1-2 escalated"]);
}

#[test]
fn a_rep_no_longer_named_is_passed_over_and_keeps_the_place_taken() {
    let mut story = story();
    story.tell(hour(0), 1, demo(1, enterprise()));
    story.lines();
    let mut after = policy();
    after.version = 2;
    after.reps.remove(0);
    story.single.adopt(hour(1), Arc::new(after), &mut story.effects);
    story.tell(hour(1), 2, demo(2, enterprise()));
    story.check(&[
        "2 c0 null > inquiry",
        "2 c1 inquiry > marketing-qualified by demo",
        "2-1-1 handed to ben ana:unavailable",
    ]);
    let gauges = story.single.book.gauges();
    assert_eq!(gauges.handoffs_open.get("enterprise"), Some(&2));
}

#[test]
fn reps_who_return_by_policy_earn_nothing_and_are_no_measure_for_who_is_new() {
    let version = |version: u64, reps: &[&str]| {
        let with_room = |id: &&str| super::policy::RepTerms {
            capacity: 99,
            ..rep(id, 0, 1)
        };
        let reps = reps.iter().map(with_room).collect();
        Policy {
            version,
            reps,
            ..policy()
        }
    };
    for order in [["cy", "ana", "dan", "ben"], ["ana", "dan", "cy", "ben"]] {
        let mut story = Story::new(version(1, &["ana", "ben", "dan"]));
        let adopt = |story: &mut Story, policy: Policy| {
            story.single.adopt(hour(1), Arc::new(policy), &mut story.effects);
        };
        adopt(&mut story, version(2, &["ben"]));
        for number in 1..=10 {
            story.tell(hour(1), number, demo(number, enterprise()));
        }
        adopt(&mut story, version(3, &order));
        story.lines();
        for number in 11..=18 {
            story.tell(hour(1), number, demo(number, enterprise()));
        }
        let lines = story.lines();
        for name in order {
            let to = format!("handed to {name}");
            let count = lines.iter().filter(|line| line.contains(&to)).count();
            assert_eq!(count, 2, "{name} of {order:?}: {lines:?}");
        }
    }
}

#[test]
fn a_rep_dropped_while_away_is_away_still_when_the_roster_names_them_again() {
    let mut story = story();
    let away = |change: &mut RepChange| change.available = Some(false);
    story.tell(hour(0), 1, roster("ana", away));
    story.tell(hour(0), 2, roster("ben", away));
    let mut after = policy();
    after.version = 2;
    after.reps.remove(0);
    story.single.adopt(hour(1), Arc::new(after), &mut story.effects);
    let again = |change: &mut RepChange| {
        change.team = Some("enterprise".to_owned());
        change.capacity = Some(1);
    };
    story.tell(hour(2), 3, roster("ana", again));
    story.tell(hour(3), 4, demo(1, enterprise()));
    story.check(&[
        "4 c0 null > inquiry",
        "4 c1 inquiry > marketing-qualified by demo",
        "4-1-1 handed to carl ben:unavailable ana:unavailable",
    ]);
    let back = |change: &mut RepChange| change.available = Some(true);
    story.tell(hour(4), 5, roster("ana", back));
    story.tell(hour(4), 6, demo(2, enterprise()));
    story.check(&[
        "6 c0 null > inquiry",
        "6 c1 inquiry > marketing-qualified by demo",
        "6-1-1 handed to ana ben:unavailable",
    ]);
}

#[test]
fn what_the_roster_says_of_a_rep_no_longer_named_stands_for_the_policy_that_names_them_again() {
    for is_back in [false, true] {
        let mut story = story();
        let says = |available| move |change: &mut RepChange| change.available = Some(available);
        story.tell(hour(0), 1, roster("ana", says(!is_back)));
        let adopt = |story: &mut Story, at, version, is_named| {
            let mut policy = policy();
            policy.version = version;
            policy.reps.retain(|rep| is_named || rep.id != "ana");
            story.single.adopt(at, Arc::new(policy), &mut story.effects);
        };
        adopt(&mut story, hour(1), 2, false);
        let verdict = story.tell(hour(2), 2, roster("ana", says(is_back)));
        assert_eq!(verdict, Verdict::Accepted);
        story.tell(hour(2), 3, demo(1, enterprise()));
        adopt(&mut story, hour(3), 3, true);
        story.lines();
        story.tell(hour(4), 4, demo(2, enterprise()));
        let lines = story.lines().join("\n");
        let (to, passed_over) = if is_back {
            ("handed to ana", "")
        } else {
            ("handed to carl", "ana:unavailable")
        };
        assert!(lines.contains(to) && lines.contains(passed_over), "{lines}");
    }
}

#[test]
fn a_long_queue_is_served_in_order_by_several_letters() {
    let mut policy = policy();
    policy.reps.clear();
    let mut story = Story::new(policy);
    for number in 0..=250 {
        story.tell(hour(0), number, demo(number, vec![]));
    }
    story.lines();
    story.tell(
        hour(1),
        9,
        roster("dora", |change| {
            change.team = Some("inside".to_owned());
            change.capacity = Some(1_000);
        }),
    );
    let expected: Vec<_> = (0..=250).map(|number| format!("{number}-1-2 handed to dora")).collect();
    assert_eq!(story.lines(), expected);
}

#[test]
fn an_answer_that_comes_too_late_is_given_back() {
    let mut story = story();
    let form = super::fact::Fact {
        source: "s".to_owned(),
        id: "f".to_owned(),
        at: hour(0),
        body: demo(1, enterprise()),
    };
    let book = &mut story.single.book;
    let effects = &mut story.effects;
    book.fact(hour(0), super::sample::lead(1), &form, effects);
    let asked = std::mem::take(&mut effects.letters);
    book.letter(hour(0), &asked[0].1, effects);
    let granted = std::mem::take(&mut effects.letters);
    let erased = super::fact::Fact {
        id: "e".to_owned(),
        body: erasure(1),
        ..form
    };
    book.fact(hour(1), super::sample::lead(1), &erased, effects);
    let left = std::mem::take(&mut effects.letters);
    book.letter(hour(1), &left[0].1, effects);
    book.letter(hour(1), &granted[0].1, effects);
    let released = std::mem::take(&mut effects.letters);
    assert_eq!(effects.counts.stale_answers, 1);
    assert_eq!(book.gauges().handoffs_open.get("enterprise"), Some(&1));
    book.letter(hour(1), &released[0].1, effects);
    assert_eq!(book.gauges().handoffs_open.get("enterprise"), Some(&0));
    story.tell(hour(2), 2, demo(2, enterprise()));
    assert!(story.lines().iter().any(|line| line.starts_with("2-1-1 handed to ben")));
}

#[test]
fn messages_and_campaigns_go_by_event_time() {
    let mut story = story();
    let mut first = demo(1, vec![text("company", "Rival KK")]);
    if let super::fact::Body::Form(form) = &mut first {
        form.message = Some("later".to_owned());
    }
    story.tell_late(hour(5), hour(4), 1, first);
    story.tell_late(hour(6), hour(3), 1, demo(1, vec![]));
    story.lines();
    story.tell(hour(7), 1, profile(1, vec![("company".to_owned(), None)]));
    story.tell_late(hour(7), hour(2), 1, demo(1, vec![]));
    let handed = story.effects.outputs.iter().find_map(|output| match &output.decision {
        Decision::HandedOff(it) => Some(it),
        _ => None,
    });
    assert_eq!(handed.and_then(|it| it.message.as_deref()), Some("later"));
}

#[test]
fn the_promise_starts_at_the_grant_and_its_instants_are_fixed() {
    let mut story = story();
    story.tell(hour(0), 1, demo(1, enterprise()));
    let promise = story.effects.outputs.iter().find_map(|output| match &output.decision {
        Decision::HandedOff(it) => Some(it.sla.clone()),
        _ => None,
    });
    let promise = promise.unwrap();
    assert_eq!(promise.start, hour(0));
    assert_eq!(promise.respond_by, hour(0).plus_millis(4 * HOUR));
    assert_eq!(promise.reassign_at, Some(hour(8)));
}

/// A book with a bit of everything: an erased lead, one in a queue, one with two cycles.
fn eventful() -> Story {
    let mut story = story();
    for number in 1..=4 {
        story.tell(hour(0), number, demo(number, enterprise()));
    }
    story.tell(hour(1), 1, follow_up(None, Outcome::Contacted, None));
    story.tell(hour(1), 2, follow_up(None, Outcome::Rejected, Some("wrong-territory")));
    story.tell(hour(1), 3, follow_up(None, Outcome::Recycled, None));
    story.tell(hour(2), 4, erasure(4));
    story.tell(hour(2), 5, viewed(5, false));
    story.tell(hour(2), 5, consent(5, false));
    story.tell(hour(2), 9, available("ben", false));
    story.tell(hour(24 * 32), 3, demo(3, vec![("gone".to_owned(), None)]));
    story
}

#[test]
fn images_of_every_version_are_still_read() {
    let mut story = eventful();
    let hex = |bytes: &[u8]| {
        let digits: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        digits.concat()
    };
    let images = super::laws::images(&story.single.book);
    let written = images
        .iter()
        .map(|(name, image)| format!("{} {}\n", hex(name), hex(image)));
    let written: Vec<_> = written.collect();
    let written = written.concat();
    expect_test::expect_file!["golden/images-3.txt"].assert_eq(&written);

    let unhex = |text: &str| -> Vec<u8> {
        let pairs = text.as_bytes().chunks(2);
        pairs
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    };
    let read = |golden: &str| {
        let golden = golden.lines().map(|line| line.split_once(' ').unwrap());
        let golden = golden.map(|(name, image)| (unhex(name), unhex(image))).collect();
        super::laws::restored(policy(), &golden)
    };
    for same in [&written, include_str!("golden/images-2.txt")] {
        assert_eq!(super::laws::images(&read(same)), images);
    }
    // The first version did not write down when a lead began; nothing hangs on that.
    let mut first = super::sample::Story::new(policy());
    first.single.book = read(include_str!("golden/images-1.txt"));
    let again = super::laws::images(&first.single.book);
    assert_eq!(again.keys().collect::<Vec<_>>(), images.keys().collect::<Vec<_>>());
    assert_eq!(super::laws::images(&super::laws::restored(policy(), &again)), again);
    assert_eq!(first.single.book.next_deadline(), story.single.book.next_deadline());
    story.effects.clear();
    for told in [&mut first, &mut story] {
        told.single.until(hour(24 * 33), &mut told.effects);
        for number in [1, 2, 3, 5] {
            let later = [
                (33, follow_up(None, Outcome::Contacted, None)),
                (33, viewed(number, false)),
                (33, follow_up(None, Outcome::Recycled, None)),
                (66, consent(number, true)),
                (66, demo(number, vec![])),
            ];
            for (place, (day, body)) in later.into_iter().enumerate() {
                let (id, at) = (format!("later {place}"), hour(24 * day));
                told.tell_as(&id, (at, at), number, body);
            }
        }
    }
    assert!(first.effects.outputs.len() > 20);
    assert_eq!(first.effects.outputs, story.effects.outputs);
}

#[test]
fn a_lead_too_long_for_one_image_comes_back_from_its_parts() {
    let mut story = story();
    let long = "x".repeat(1_024);
    let attributes = (0..64).map(|place| text(&format!("{place}{}", "n".repeat(200)), &long));
    story.tell(hour(0), 1, demo(1, attributes.collect()));
    let images = super::laws::images(&story.single.book);
    let book = super::laws::restored(policy(), &images);
    assert_eq!(super::laws::images(&book), images);
    story.tell(hour(1), 1, erasure(1));
    let names = super::laws::images(&story.single.book);
    let leads = story
        .effects
        .changed
        .iter()
        .filter(|entity| matches!(entity.kind, super::image::Kind::Lead(_)))
        .collect::<std::collections::BTreeSet<_>>();
    assert_eq!(leads.len(), 2, "both parts are another than before");
    assert!(names.len() < images.len());
}

#[test]
fn marks_in_several_chunks_come_back_in_any_order() {
    let mut story = story();
    for _ in 0..150 {
        story.tell(hour(0), 1, viewed(1, false));
    }
    let images = super::laws::images(&story.single.book);
    let is_marks = |name: &&Vec<u8>| name.starts_with(&[7]);
    assert_eq!(images.keys().filter(is_marks).count(), 19, "150 marks");
    let mut names: Vec<_> = images.keys().collect();
    for _ in 0..names.len() {
        names.rotate_left(1);
        let mut book = super::book::Book::new(0, 1, Arc::new(policy()));
        for name in names.iter().chain(&names[..2]) {
            let entity = super::image::Entity::read(&mut super::bytes::Reader(name)).unwrap();
            book.restore(&entity, &images[*name]).unwrap();
        }
        book.rebuilt().unwrap();
        assert_eq!(super::laws::images(&book), images);
    }
}

#[test]
fn images_that_make_no_sense_are_refused() {
    let story = eventful();
    for (name, image) in super::laws::images(&story.single.book) {
        let entity = super::image::Entity::read(&mut super::bytes::Reader(&name)).unwrap();
        for len in 1..image.len() {
            let mut book = super::book::Book::new(0, 1, Arc::new(policy()));
            let result = book.restore(&entity, &image[..len]).and_then(|()| book.rebuilt());
            let is_marks = matches!(entity.kind, super::image::Kind::Marks(..));
            assert!(
                result.is_err() || (is_marks && (len - 2).is_multiple_of(super::duplicates::BYTES)),
                "{entity:?} cut to {len}"
            );
        }
    }
}
