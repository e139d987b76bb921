//! Processes on one log, and the scheduler that owns every choice.
//!
//! Each process has an intake and a worker, the production code as it is. A turn lets one of them
//! take one step; in the middle of any call of the log, others may go on for a while, or the
//! process may be gone when the call comes back.

mod happenings;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use super::outside::Outside;
use super::plan::{self, DEPLOYMENT, OUTPUT_PARTITIONS, OUTPUTS, Plan, SECRET, SOURCES};
use tasuki::clock::{Clock, Now};
use tasuki::domain::ids::LeadKey;
use tasuki::domain::time::Instant;
use tasuki::intake::{self, Intake, founding};
use tasuki::log::simulated::chance::Chance;
use tasuki::log::simulated::{SESSION_MS, SimulatedLog};
use tasuki::log::{Log, LogError, Place, ReadLimit};
use tasuki::names::Names;
use tasuki::shard::{self, Watch, Worker};
use tasuki::telemetry::metrics::Metrics;

/// When the story begins: a time of day like any other.
const BEGIN: Instant = Instant::from_millis(1_790_000_000_000);
/// Longer than any run: the oracle reads the journal from its beginning.
const JOURNAL_KEPT_MS: i64 = 86_400_000;
/// Calls within calls within calls, at most.
const DEPTH_MAX: u32 = 2;
/// Calls at which it matters who goes on meanwhile are interrupted so many times as often.
const CROSSING: u32 = 10;
/// For how long nobody runs, in milliseconds.
const STANDSTILL_MS: (i64, i64) = (47_000, 67_500);
/// One history in so many ends with all of its processes, the others with a single one.
const ALL_REMAIN: u32 = 4;
/// Process numbers of one seat are so far apart.
const NUMBERS: u64 = 16;

/// Everything there is.
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) names: Names,
    pub(crate) log: SimulatedLog,
    clock: Clock,
    watch: Watch,
    seats: Vec<Seat>,
    inner: Mutex<Inner>,
}

/// Where an intake or a worker sits.
struct Seat {
    process: usize,
    is_intake: bool,
    actor: Mutex<Option<Actor>>,
}

/// A loop at work, of the process with this number.
struct Actor {
    number: u64,
    role: Role,
}

enum Role {
    Intake(Box<Intake>),
    Worker(Box<Worker>),
}

/// What choices are made of.
pub(crate) struct Inner {
    pub(crate) chance: Chance,
    pub(crate) outside: Outside,
    processes: Vec<Process>,
    depth: u32,
    is_healing: bool,
    pub(crate) started: usize,
    /// The newest number of a translation.
    translation: u32,
    pub(crate) crashes: usize,
    pub(crate) reached: BTreeSet<&'static str>,
    pub(crate) violations: Vec<String>,
    pub(crate) story: Option<String>,
}

/// A process that may come and go.
struct Process {
    /// Every start has a number of its own.
    number: u64,
    is_up: bool,
    back_at: i64,
    frozen_until: i64,
    /// Its clock is so far ahead.
    ahead_ms: i64,
    /// The number of its translation.
    translation: u32,
}

impl World {
    pub(crate) fn new(seed: u64, metrics: &Arc<Metrics>, tells: bool) -> Arc<Self> {
        let mut chance = Chance::new(seed);
        let plan = Plan::draw(&mut chance);
        let names = Names::new("");
        let clock = Clock::by_hand(Now {
            time: BEGIN,
            running_ms: 0,
        });
        let log = SimulatedLog::new(clock.clone(), chance.any());
        make_topics(&log, &names, &plan);
        let processes = (0..plan.processes).map(|_| Process::new(&mut chance)).collect();
        let seats = (0..plan.processes * 2).map(|number| Seat {
            process: number / 2,
            is_intake: number % 2 == 0,
            actor: Mutex::new(None),
        });
        let outside = Outside::new(&names, plan.people);
        let inner = Inner {
            chance,
            outside,
            processes,
            depth: 0,
            is_healing: false,
            started: 0,
            translation: 1,
            crashes: 0,
            reached: BTreeSet::new(),
            violations: Vec::new(),
            story: tells.then(String::new),
        };
        let world = Arc::new(Self {
            seats: seats.collect(),
            names,
            clock,
            watch: Watch {
                metrics: metrics.clone(),
                status: Arc::default(),
                board: Arc::default(),
                horizon: Arc::default(),
            },
            inner: Mutex::new(inner),
            log,
            plan,
        });
        let weak: Weak<Self> = Arc::downgrade(&world);
        world.log.set_hook(Box::new(move |process, crossing| {
            if let Some(world) = weak.upgrade() {
                world.interrupt(process, crossing);
            }
        }));
        world
    }

    /// Lays the ground as `serve` does.
    pub(crate) fn found(&self) -> Result<(), String> {
        let policy = plan::policy(1);
        let log: &dyn Log = &self.log;
        founding::publish_policy(log, &self.names, &policy).map_err(|error| error.to_string())?;
        let foundation = plan::foundation(self.plan.partitions);
        founding::found(log, &self.names, &foundation, &policy).map_err(|error| error.to_string())
    }

    pub(crate) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From here on things go wrong.
    pub(crate) fn trouble(&self) {
        self.log.set_faults(self.plan.faults);
    }

    /// From here on nothing goes wrong. Every process runs, or all but one are gone for good, and
    /// what they had comes to that one.
    pub(crate) fn heal(&self) {
        self.log.heal();
        let mut inner = self.inner();
        inner.is_healing = true;
        let processes = inner.processes.len() as u64;
        let remaining = inner.chance.below(processes) as usize;
        let all_remain = inner.chance.once_in(ALL_REMAIN);
        for (number, process) in inner.processes.iter_mut().enumerate() {
            process.frozen_until = 0;
            process.ahead_ms = 0;
            if all_remain || number == remaining {
                process.back_at = 0;
            } else {
                process.end(&self.log, i64::MAX);
            }
        }
        drop(inner);
        let who = if all_remain { "all processes" } else { "one process" };
        self.tell(|| format!("everything heals, with {who}"));
    }

    /// Time passes, something may happen outside, and one loop takes a step.
    pub(crate) fn turn(&self, passes_ms: (i64, i64)) {
        self.stand_still();
        let seat = {
            let mut inner = self.inner();
            let passes = inner.chance.between(passes_ms.0, passes_ms.1);
            self.pass(passes);
            let now = self.clock.read();
            inner.happen(self, now);
            inner.chance.below(self.seats.len() as u64) as usize
        };
        self.step(&self.seats[seat]);
    }

    /// Once in a while nobody runs for longer than anybody would be waited for.
    fn stand_still(&self) {
        let mut left = {
            let mut inner = self.inner();
            if inner.depth > 0 || !inner.chance.once_in(self.plan.standstill) {
                return;
            }
            let for_ms = inner.chance.between(STANDSTILL_MS.0, STANDSTILL_MS.1);
            inner.stand_still(self, self.clock.read(), for_ms);
            for_ms
        };
        while left > 0 {
            let passes = self.inner().chance.between(100, 1_500);
            self.pass(passes);
            left -= passes;
            self.inner().go_on_alone(self, self.clock.read());
        }
    }

    /// Each loop takes a step, in turn, without anything new outside.
    pub(crate) fn round(&self, passes_ms: i64) {
        self.pass(passes_ms);
        {
            let mut inner = self.inner();
            let now = self.clock.read();
            inner.wake(self, now);
            let Inner { outside, chance, .. } = &mut *inner;
            outside.send_due(&self.log, chance, now);
            inner.tell_outside(now);
        }
        for seat in &self.seats {
            self.step(seat);
        }
    }

    /// Only workers take a step.
    pub(crate) fn workers_round(&self, passes_ms: i64) {
        self.pass(passes_ms);
        for seat in self.seats.iter().filter(|seat| !seat.is_intake) {
            self.step(seat);
        }
    }

    fn pass(&self, millis: i64) {
        let now = self.clock.read();
        self.clock.set(Now {
            time: now.time.plus_millis(millis),
            running_ms: now.running_ms + millis,
        });
        self.log.turn();
    }

    fn step(&self, seat: &Seat) {
        // A loop in the middle of a call is up the stack.
        let Ok(mut held) = seat.actor.try_lock() else {
            return;
        };
        let (number, frozen, now) = {
            let inner = self.inner();
            let process = &inner.processes[seat.process];
            let now = self.clock.read();
            let number = process.is_up.then_some(process.number);
            let shown = Now {
                time: now.time.plus_millis(process.ahead_ms),
                ..now
            };
            (number, now.running_ms < process.frozen_until, shown)
        };
        if held.as_ref().is_some_and(|actor| Some(actor.number) != number) {
            *held = None;
        }
        let Some(number) = number.filter(|_| !frozen) else {
            return;
        };
        let outcome = match held.as_mut() {
            Some(actor) => actor.step(now),
            None => self.join(seat, number).map(|actor| *held = actor),
        };
        // What a process that was killed meanwhile has to say reaches nobody.
        if self.is_up(seat.process, number)
            && let Err(stop) = outcome
        {
            let words = format!("process {number} stops: {stop}");
            self.tell(|| words.clone());
            self.inner().violations.push(words);
            self.kill(seat.process, 1_000);
        }
    }

    fn is_up(&self, process: usize, number: u64) -> bool {
        let inner = self.inner();
        inner.processes[process].is_up && inner.processes[process].number == number
    }

    fn join(&self, seat: &Seat, number: u64) -> Result<Option<Actor>, String> {
        let log: Arc<dyn Log> = Arc::new(self.log.handle(number));
        let role = if seat.is_intake {
            let watch = self.watch.clone();
            let plan = self.intake_plan(seat.process);
            Intake::join(log, plan, watch.metrics, watch.status, watch.horizon)
                .map(|intake| Role::Intake(Box::new(intake)))
        } else {
            Worker::join(log, self.shard_plan(seat.process, number), self.watch.clone())
                .map(|worker| Role::Worker(Box::new(worker)))
        };
        match role {
            Ok(role) => Ok(Some(Actor { number, role })),
            Err(LogError::Refused(why)) => Err(why),
            Err(_) => Ok(None),
        }
    }

    fn intake_plan(&self, process: usize) -> intake::Plan {
        intake::Plan {
            names: self.names.clone(),
            worker: "intake".to_owned(),
            instance: self.plan.is_static.then(|| format!("p{process}.intake")),
            partitions: self.plan.partitions,
            lead_key: LeadKey::derive(SECRET),
            translation: self.inner().processes[process].translation,
            sources_version: 1,
            sources: plan::sources(&self.names),
            guard: intake::GuardPlan {
                records: 1_000,
                bad_percent_min: 95,
            },
            clock_every_ms: 700,
        }
    }

    fn shard_plan(&self, process: usize, number: u64) -> shard::Plan {
        let instance = if self.plan.is_static {
            format!("p{process}")
        } else {
            format!("n{number}")
        };
        shard::Plan {
            names: self.names.clone(),
            deployment: DEPLOYMENT.to_owned(),
            foundation: plan::foundation(self.plan.partitions),
            writer_id: self.names.transactional_id(&instance, 0),
            instance: self.plan.is_static.then(|| format!("p{process}.shard")),
            partitions: self.plan.partitions,
            dead_letter_partitions: OUTPUT_PARTITIONS,
            patience_ms: self.plan.patience_ms,
            batch: ReadLimit {
                records_max: self.plan.records_max,
                bytes_max: 1 << 20,
            },
            deadlines_max: self.plan.deadlines_max,
            queued_max: self.plan.queued_max,
            // The machine's clock would make a seed's histories differ.
            batch_time: Duration::MAX,
            open_time_max: Duration::MAX,
            idle_commit_ms: 2_000,
            journal_kept_ms: JOURNAL_KEPT_MS,
            sources_version: 1,
            said: None,
            erase_within_ms: self.plan.erase_within_ms,
        }
    }

    /// In the middle of a call of `number`: others may go on, and the process may die.
    fn interrupt(&self, number: u64, crossing: bool) {
        let process = ((number - 1) % NUMBERS) as usize;
        let turns = {
            let mut inner = self.inner();
            let often = self.plan.interruption;
            let often = if crossing { often.div_ceil(CROSSING) } else { often };
            if inner.is_healing || inner.depth >= DEPTH_MAX || !inner.chance.once_in(often) {
                return;
            }
            inner.depth += 1;
            let now_ms = self.clock.read().running_ms;
            let freezes = inner.chance.once_in(2);
            if freezes {
                inner.reached.insert("a process was frozen in the middle of a call");
                inner.processes[process].frozen_until = now_ms + 2 * SESSION_MS;
                20 + inner.chance.below(if crossing { 120 } else { 60 })
            } else {
                inner.reached.insert("others went on in the middle of a call");
                1 + inner.chance.below(10)
            }
        };
        self.tell(|| format!("process {number} is held up in the middle of a call for {turns} turns"));
        for _ in 0..turns {
            self.turn((1, 150));
        }
        let dies = {
            let mut inner = self.inner();
            inner.depth -= 1;
            inner.processes[process].frozen_until = 0;
            inner.chance.once_in(3)
        };
        if dies && self.is_up(process, number) {
            self.inner().reached.insert("a process died in the middle of a call");
            let back = self.inner().chance.between(0, 6_000);
            self.kill(process, back);
        }
    }

    fn kill(&self, process: usize, back_ms: i64) {
        let number = {
            let mut inner = self.inner();
            inner.crashes += 1;
            let now_ms = self.clock.read().running_ms;
            let process = &mut inner.processes[process];
            process.end(&self.log, now_ms + back_ms);
            process.number
        };
        self.tell(|| format!("process {number} is killed"));
    }

    pub(crate) fn tell(&self, words: impl FnOnce() -> String) {
        let now_ms = self.clock.read().running_ms;
        self.inner().tell(now_ms, words);
    }
}

impl Process {
    fn new(chance: &mut Chance) -> Self {
        Self {
            number: 0,
            is_up: false,
            back_at: chance.between(0, 2_000),
            frozen_until: 0,
            ahead_ms: 0,
            translation: 1,
        }
    }
}

impl Actor {
    fn step(&mut self, now: Now) -> Result<(), String> {
        match &mut self.role {
            Role::Intake(intake) => intake.step(now).map_err(|stop| format!("its intake: {stop}")),
            Role::Worker(worker) => worker.step(now).map_err(|stop| format!("its worker: {stop}")),
        }
    }
}

fn make_topics(log: &SimulatedLog, names: &Names, plan: &Plan) {
    for topic in [names.journal(), names.state()] {
        log.ensure(&topic, plan.partitions);
    }
    log.ensure(&names.policy(), 1);
    log.ensure(&names.inbox(), 1);
    for (topic, _, partitions) in SOURCES {
        log.ensure(topic, partitions);
    }
    for topic in OUTPUTS {
        log.ensure(topic, OUTPUT_PARTITIONS);
    }
}
