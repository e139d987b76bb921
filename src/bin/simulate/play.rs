//! Histories made from a seed: the production loops on the simulated log, while everything goes
//! wrong that may, and the laws checked afterwards.
//!
//! The same seed is the same history, so a seed is a command to see it again.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::oracle::Oracle;
use super::plan::SECRET;
use super::replay::Follower;
use super::world::World;
use tasuki::domain::ids::LeadKey;
use tasuki::domain::journal::{Role, SourcePartition};
use tasuki::intake::Source;
use tasuki::log::{Log, Place};
use tasuki::planted::soundly;
use tasuki::telemetry::metrics::Metrics;
use tasuki::wire::translate::translate;

/// How time passes in a turn, in milliseconds, while things go wrong.
const PASSES_MS: (i64, i64) = (1, 60);
/// Rounds until everything must have come to rest after it healed, and how time passes in one: faster
/// where only time is awaited, and yet no session ends.
const ROUNDS_MAX: usize = 1_500;
const ROUND_MS: i64 = 250;
const AWAITING_ROUND_MS: i64 = 2_500;
/// Rounds between two looks at whether it has.
const LOOK_EVERY: usize = 5;
/// Rounds in which only workers go on, at the end, until everything that was read must be
/// committed, and how time passes in one.
const LAST_ROUNDS_MAX: usize = 300;
const LAST_ROUND_MS: i64 = 1_000;

/// What became of a seed.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// The seed.
    pub(crate) seed: u64,
    /// Laws that were broken, in words.
    pub(crate) violations: Vec<String>,
    /// What has happened at least once.
    pub(crate) reached: BTreeSet<&'static str>,
    /// Journal records.
    pub(crate) records: usize,
    /// Processes that were started.
    pub(crate) processes: usize,
    /// Processes that were killed.
    pub(crate) crashes: usize,
    /// What happened, if it was to be told.
    pub(crate) story: String,
}

/// What the state log said of a transaction without a clean end.
const ENDINGS: [(&str, &str); 3] = [
    ("not-written", "a transaction that failed was written again from memory"),
    ("written", "a transaction without an answer turned out to be committed"),
    ("others", "others had written behind a shard's last record"),
];

fn endings(metrics: &Metrics, found: &str) -> u64 {
    metrics.shard.unsettled.with_label_values(&[found]).get()
}

/// Plays one seed.
pub(crate) fn play(seed: u64, metrics: &Arc<Metrics>, tells: bool) -> Outcome {
    let found_before = ENDINGS.map(|(found, _)| endings(metrics, found));
    let world = World::new(seed, metrics, tells);
    let mut followers: Vec<Follower> = (0..world.plan.partitions)
        .map(|partition| Follower::new(&world.names, &world.plan, partition))
        .collect();
    let mut reached = BTreeSet::new();
    let mut violations = live(&world, &mut followers, &mut reached)
        .err()
        .into_iter()
        .collect::<Vec<_>>();
    let mut oracle = Oracle {
        world: &world,
        followers: &followers,
        violations: Vec::new(),
        reached,
    };
    soundly(|| oracle.check());
    let said = if tells { oracle.story() } else { String::new() };
    let mut inner = world.inner();
    violations.append(&mut inner.violations);
    violations.append(&mut oracle.violations);
    let mut reached = oracle.reached;
    reached.append(&mut inner.reached);
    reached.extend(world.log.reached());
    let found = ENDINGS.into_iter().zip(found_before);
    let grown = found.filter(|((found, _), before)| endings(metrics, found) > *before);
    reached.extend(grown.map(|((_, what), _)| what));
    Outcome {
        seed,
        violations,
        reached,
        records: followers.iter().map(|follower| follower.records).sum(),
        processes: inner.started,
        crashes: inner.crashes,
        story: inner.story.take().unwrap_or_default() + &said,
    }
}

/// Trouble, then healing until everything has come to rest.
fn live(world: &World, followers: &mut [Follower], reached: &mut BTreeSet<&'static str>) -> Result<(), String> {
    world.found()?;
    world.trouble();
    for _ in 0..world.plan.turns {
        world.turn(PASSES_MS);
    }
    world.heal();
    let mut rests = false;
    let mut passes_ms = ROUND_MS;
    let mut before = 0;
    for round in 0..ROUNDS_MAX {
        world.round(passes_ms);
        if round % LOOK_EVERY == LOOK_EVERY - 1 {
            follow(world, followers, reached)?;
            let is_quiet = is_quiet(world, followers);
            rests = is_quiet && is_at_rest(world, followers);
            if rests {
                break;
            }
            let now = followers.iter().map(|follower| follower.progress(world)).sum::<u64>();
            let awaits = is_quiet || now == before;
            passes_ms = if awaits { AWAITING_ROUND_MS } else { ROUND_MS };
            before = now;
        }
    }
    if !rests {
        world.tell(|| world.log.groups());
        return Err(format!("it did not come to rest within {ROUNDS_MAX} rounds"));
    }
    for _ in 0..LAST_ROUNDS_MAX {
        world.workers_round(LAST_ROUND_MS);
        follow(world, followers, reached)?;
        if world.log.is_settled() && followers.iter().all(|follower| follower.is_committed(world)) {
            return Ok(());
        }
    }
    Err(format!(
        "what was read is not committed within {LAST_ROUNDS_MAX} rounds"
    ))
}

fn follow(world: &World, followers: &mut [Follower], reached: &mut BTreeSet<&'static str>) -> Result<(), String> {
    followers
        .iter_mut()
        .try_for_each(|follower| soundly(|| follower.advance(&world.log, &world.names, reached)))
}

/// Nothing more is sent, and what has led to something is committed.
fn is_quiet(world: &World, followers: &[Follower]) -> bool {
    world.inner().outside.is_done() && followers.iter().all(|follower| follower.is_quiet(world))
}

/// Everything sent was taken in, no deadline is to come, nothing is on its way.
fn is_at_rest(world: &World, followers: &[Follower]) -> bool {
    let awaits_deadline = followers.iter().any(Follower::awaits_deadline);
    !awaits_deadline && world.log.is_settled() && all_taken(world, followers)
}

/// Whether as much was taken in of a source partition as its records translate into.
fn has_all(world: &World, followers: &[Follower], (source, place): (&Source, &Place), id: SourcePartition) -> bool {
    let taken = |follower: &Follower| follower.taken.get(&id).map_or(0, Vec::len);
    let (key, context) = (LeadKey::derive(SECRET), source.context(id.topic, id.partition));
    let records = world.log.committed_records(place, 0).0;
    let wanted = records.iter().map(|record| match source.role {
        Role::Policy => followers.len(),
        _ => translate(&context, &key, record).contents.len(),
    });
    followers.iter().map(taken).sum::<usize>() >= wanted.sum()
}

fn all_taken(world: &World, followers: &[Follower]) -> bool {
    super::plan::sources(&world.names).iter().all(|source| {
        let Ok(Some(topic)) = world.log.topics(&[&source.topic]).map(|mut found| found.remove(0)) else {
            return false;
        };
        (0..topic.partitions).all(|partition| {
            let place = Place::new(&source.topic, partition);
            let Ok((_, end)) = world.log.bounds(&place) else {
                return false;
            };
            let id = SourcePartition {
                topic: topic.id.0,
                partition,
            };
            let taken = followers.iter().filter_map(|follower| follower.position(id)).max();
            let is_at_end = end == 0 || taken.is_some_and(|taken| taken.offset + 1 >= end);
            // What an earlier turnover left may stand above what is still to be taken in.
            is_at_end && has_all(world, followers, (source, &place), id)
        })
    })
}
