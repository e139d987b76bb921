//! What a seed decides before anything happens: sizes, and how much goes wrong.

use tasuki::domain::journal::{Foundation, PolicyDocument, Role};
use tasuki::domain::shard::Charter;
use tasuki::intake::Source;
use tasuki::log::simulated::Faults;
use tasuki::log::simulated::chance::Chance;
use tasuki::names::Names;
use tasuki::settings::Begin;
use tasuki::wire::policy_file;
use tasuki::wire::translate::Hooks;

/// What a run is made of.
pub(crate) struct Plan {
    /// Journal partitions.
    pub(crate) partitions: u32,
    /// Processes, each with an intake and a worker.
    pub(crate) processes: usize,
    /// Processes have names that outlive them.
    pub(crate) is_static: bool,
    /// Turns before everything heals.
    pub(crate) turns: u32,
    /// People who may become leads.
    pub(crate) people: u64,
    pub(crate) faults: Faults,
    /// A process is killed once in so many turns.
    pub(crate) kill: u32,
    /// A call lets others go on, once in so many.
    pub(crate) interruption: u32,
    /// A partition is cut off or slow, once in so many turns.
    pub(crate) outage: u32,
    /// For how long at most, in milliseconds.
    pub(crate) outage_ms_max: i64,
    /// A group forgets an offset, once in so many turns.
    pub(crate) forgetting: u32,
    /// Logs forget that they were trimmed, once in so many turns.
    pub(crate) untrimming: u32,
    /// Nobody runs for a while, once in so many turns.
    pub(crate) standstill: u32,
    /// A source is made anew, once in so many turns.
    pub(crate) made_anew: u32,
    /// Of processes that are started, one in so many brings a translation of its own, which those
    /// after it have as well.
    pub(crate) rollout: u32,
    /// A process's clock jumps, once in so many turns.
    pub(crate) clock_jump: u32,
    pub(crate) patience_ms: i64,
    /// Short, so that state logs are carried forward and trimmed.
    pub(crate) erase_within_ms: i64,
    pub(crate) deadlines_max: usize,
    pub(crate) queued_max: usize,
    pub(crate) records_max: usize,
}

impl Plan {
    pub(crate) fn draw(chance: &mut Chance) -> Self {
        let mut often = |few: u32, many: u32| *chance.pick(&[0, many, few]);
        let faults = Faults {
            refusal: often(400, 80),
            delay: often(6, 2),
            lost_append: often(300, 60),
            lost_write: often(80, 20),
            lost_answer: often(80, 20),
            lost_commit: often(80, 20),
            lost_mark: often(200, 50),
            // What another's dead id aborted and left open is for a person to end.
            lost_abort_mark: 0,
            late_commit: often(40, 10),
            slow_commit: often(25, 7),
            late_trim: often(6, 2),
            late_offsets: often(60, 15),
            short_read: often(6, 2),
            reshuffle: often(250, 70),
        };
        let outage = often(120, 40);
        let (clock_jump, forgetting) = (often(200, 60), often(400, 150));
        // An offset that is lost while another translation looks for what was left takes that with it.
        let rollout = if forgetting > 0 { 0 } else { often(6, 2) };
        let (standstill, made_anew) = (often(4_000, 1_000), often(1_200, 300));
        let untrimming = often(1_000, 300);
        // These are never left out: most of what can go wrong goes wrong then.
        let (kill, interruption) = (*chance.pick(&[250, 90, 250]), *chance.pick(&[250, 120, 400]));
        Self {
            partitions: 2 + chance.below(2) as u32,
            processes: 3 + chance.below(2) as usize,
            is_static: chance.once_in(3),
            turns: 180 + chance.below(120) as u32,
            people: 4 + chance.below(8),
            faults,
            kill,
            interruption,
            outage,
            outage_ms_max: 6_000,
            forgetting,
            untrimming,
            standstill,
            made_anew,
            rollout,
            clock_jump,
            // Longer than the outages of one partition follow each other, and shorter than a
            // standstill: a false breach is never excused by patience, but patience that counts a
            // standstill shows.
            patience_ms: 45_000,
            erase_within_ms: chance.between(1_500, 6_000),
            deadlines_max: 1 + chance.below(4) as usize,
            queued_max: 1 + chance.below(4) as usize,
            records_max: 4 + chance.below(40) as usize,
        }
    }
}

/// Sources by role, with their partitions.
pub(crate) const SOURCES: [(&str, Role, u32); 5] = [
    ("marketing.form-submissions", Role::Forms, 2),
    ("marketing.engagement", Role::Engagement, 1),
    ("sales.follow-ups", Role::FollowUps, 2),
    ("sales.roster", Role::Roster, 1),
    ("privacy.requests", Role::Privacy, 1),
];

/// Output topics, each of as many partitions.
pub(crate) const OUTPUTS: [&str; 6] = [
    "sales.handoffs.enterprise",
    "sales.handoffs.inside",
    "sales.sla",
    "marketing.feedback",
    "leads.lifecycle",
    "tasuki.dead-letters",
];
pub(crate) const OUTPUT_PARTITIONS: u32 = 2;

/// The deployment's name.
pub(crate) const DEPLOYMENT: &str = "simulated";
/// The secret that lead ids are made with.
pub(crate) const SECRET: &str = "tasuki";

/// What a shard is told when it is made.
pub(crate) fn charter(plan: &Plan, partition: u32) -> Charter {
    Charter {
        partition,
        partitions: plan.partitions,
        patience_ms: plan.patience_ms,
        queued_max: plan.queued_max,
        compile: policy_file::remembered,
    }
}

pub(crate) fn foundation(partitions: u32) -> Foundation {
    Foundation {
        secret_fingerprint: [7; 16],
        deployment: DEPLOYMENT.to_owned(),
        partitions,
    }
}

/// What intakes read.
pub(crate) fn sources(names: &Names) -> Vec<Source> {
    let own = [(names.policy(), Role::Policy), (names.inbox(), Role::Inbox)];
    let given = SOURCES.iter().map(|(topic, role, _)| ((*topic).to_owned(), *role));
    let source = |(topic, role)| Source {
        topic,
        role,
        begin: Begin::Earliest,
        types: None,
        ignore_unknown_types: false,
        adapter: None,
        hooks: Hooks::default(),
    };
    own.into_iter().chain(given).map(source).collect()
}

/// The agreement, in one of its versions: promises of seconds, and few reps.
pub(crate) fn policy(version: u64) -> PolicyDocument {
    let within = if version == 1 { "8s" } else { "9s" };
    let text = include_str!("policy.toml")
        .replace("VERSION", &version.to_string())
        .replace("WITHIN", within);
    PolicyDocument {
        text,
        files: Vec::new(),
    }
}
