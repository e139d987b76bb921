//! Every metric (contract §7), in one file.
//!
//! Labels come from closed sets: never an id, an address or a name from an event. Decisions are
//! counted by `observe` and `judged`, which the shard calls for what is committed, never before.
//! docs/metrics.md describes each one; a test compares.

pub use super::answers::{Answer, AuditKind, HookAnswer};

use prometheus::{
    Encoder as _, Error, Gauge, GaugeVec, Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec,
    Registry, TextEncoder,
};

use super::greatest::Greatest;
use super::register::{Builder, Described};
use crate::domain::effects::Counts;
use crate::domain::event::{Decision, Output, RejectReason, SlaKind, Verdict};
use crate::domain::journal::Role;
use crate::domain::policy::Policy;
use crate::domain::time::Instant;

/// Bounds of what takes milliseconds, in seconds.
const SHORT: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];
/// Bounds of what takes up to minutes, in seconds.
const MEDIUM: &[f64] = &[
    0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0,
];
/// Bounds of working time, in seconds: from five minutes to ten working days.
const WORKING: &[f64] = &[
    300.0, 900.0, 1800.0, 3600.0, 7200.0, 10_800.0, 14_400.0, 21_600.0, 28_800.0, 57_600.0, 86_400.0, 144_000.0,
    288_000.0,
];

/// All metrics of a process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    described: Vec<Described>,
    decisions: Decisions,
    /// What the intake sees.
    pub intake: Intake,
    /// What the shards see.
    pub shard: Shard,
    /// `audit_violations_total{kind}`; counted by `violated`.
    audit_violations: IntCounterVec,
    /// `http_requests_total{answer}`; counted by `answered`.
    http_requests: IntCounterVec,
    /// `hook_requests_total{hook,answer}`; counted by `hook_answered`.
    hook_requests: IntCounterVec,
}

/// What was decided; moved by `observe` and `judged` only.
#[derive(Debug)]
struct Decisions {
    events: IntCounterVec,
    dead_letters: IntCounterVec,
    no_room: IntCounterVec,
    handoffs: IntCounterVec,
    sla_events: IntCounterVec,
    response_working_seconds: HistogramVec,
    breach_notice_delay_seconds: Histogram,
    event_to_handoff_seconds: Histogram,
}

/// What the intake sees.
#[derive(Debug)]
pub struct Intake {
    /// `intake_lag_seconds{role}`
    pub lag_seconds: Greatest,
    /// `source_last_record_timestamp_seconds{source}`; the label is a configured topic.
    pub source_last_record_timestamp_seconds: GaugeVec,
    /// `source_records_lost_total{role}`
    pub source_records_lost: IntCounterVec,
    /// `attributes_ignored_total{role}`
    pub attributes_ignored: IntCounterVec,
    /// `sources_paused`
    pub sources_paused: IntGauge,
}

/// What the shards see.
#[derive(Debug)]
pub struct Shard {
    /// `journal_lag_records{partition}`
    pub journal_lag_records: IntGaugeVec,
    /// `sources_not_waited_for`
    pub sources_not_waited_for: IntGauge,
    /// `deadline_clock_lag_seconds`
    pub deadline_clock_lag_seconds: Gauge,
    /// `handoffs_open{team}`
    pub handoffs_open: IntGaugeVec,
    /// `leads_queued{team}`
    pub leads_queued: IntGaugeVec,
    /// `queue_oldest_seconds{team}`
    pub queue_oldest_seconds: GaugeVec,
    /// `partitions_owned`
    pub partitions_owned: IntGauge,
    /// `commit_seconds`
    pub commit_seconds: Histogram,
    /// `restore_seconds`
    pub restore_seconds: Histogram,
    /// `unsettled_total{found}`
    pub unsettled: IntCounterVec,
    /// `leads`
    pub leads: IntGauge,
    /// `state_log_bytes`
    pub state_log_bytes: IntGauge,
    /// `state_turns_total`
    pub state_turns: IntCounter,
    /// `policy_info{version,hash}`; set by `adopt`.
    policy_info: IntGaugeVec,
}

impl Metrics {
    /// Every metric, at zero where its labels are known.
    pub fn new() -> Result<Self, Error> {
        let mut builder = Builder::new("tasuki")?;
        let build = builder.gauges("build_info", &["version"], "1; the version of this program")?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        let metrics = Self {
            decisions: Decisions::new(&mut builder)?,
            intake: Intake::new(&mut builder)?,
            shard: Shard::new(&mut builder)?,
            audit_violations: builder.counters(
                "audit_violations_total",
                &["kind"],
                "Outputs that are missing, there twice, out of order or not ours, as this process's auditor sees them",
            )?,
            http_requests: builder.counters(
                "http_requests_total",
                &["answer"],
                "Requests to POST /events by how they ended",
            )?,
            hook_requests: builder.counters(
                "hook_requests_total",
                &["hook", "answer"],
                "Requests to a hook of the settings by how they ended",
            )?,
            registry: builder.registry,
            described: builder.described,
        };
        metrics.begin_at_zero();
        Ok(metrics)
    }

    /// Counts that can be asked for before anything has happened are there, at zero.
    fn begin_at_zero(&self) {
        for role in Role::ALL {
            for result in RESULTS {
                self.decisions.events.with_label_values(&[role.name(), result]);
            }
            self.intake.source_records_lost.with_label_values(&[role.name()]);
            self.intake.attributes_ignored.with_label_values(&[role.name()]);
        }
        for kind in AuditKind::ALL {
            self.audit_violations.with_label_values(&[kind.name()]);
        }
        for reason in RejectReason::ALL {
            self.decisions.dead_letters.with_label_values(&[reason.name()]);
        }
        for what in [ATTRIBUTES, MARKS] {
            self.decisions.no_room.with_label_values(&[what]);
        }
        for found in UNSETTLED {
            self.shard.unsettled.with_label_values(&[found]);
        }
        for answer in [Answer::Accepted, Answer::Refused, Answer::TooMany, Answer::Failed] {
            self.http_requests.with_label_values(&[answer.name()]);
        }
    }

    /// Counts a committed decision; `committed` is the machine's time after the commit.
    pub fn observe(&self, output: &Output, committed: Instant) {
        let decisions = &self.decisions;
        match &output.decision {
            Decision::HandedOff(handed_off) => {
                decisions.handoffs.with_label_values(&[&handed_off.team]).inc();
                if handed_off.handoff.attempt == 1 {
                    let waited = seconds_between(handed_off.qualified_at, committed);
                    decisions.event_to_handoff_seconds.observe(waited);
                }
            }
            Decision::Sla(notice) => {
                let kind = notice.kind.name();
                decisions.sla_events.with_label_values(&[&notice.team, kind]).inc();
                if notice.kind == SlaKind::Breached {
                    let delay = seconds_between(output.at, committed);
                    decisions.breach_notice_delay_seconds.observe(delay);
                }
                if let Some(seconds) = notice.working_seconds {
                    let working = decisions.response_working_seconds.with_label_values(&[&notice.team]);
                    working.observe(seconds_between(
                        Instant::default(),
                        Instant::default().plus_millis(seconds.saturating_mul(1000)),
                    ));
                }
            }
            Decision::Queued(_)
            | Decision::Withdrawn(_)
            | Decision::StageChanged(_)
            | Decision::Feedback(_)
            | Decision::Forgotten { .. } => {}
        }
    }

    /// Counts what became of facts, and of records rejected before they were any, once committed.
    pub fn judged(&self, tally: &[(Role, Verdict)]) {
        let labels = |(role, verdict): &(Role, Verdict)| [role.name(), verdict.name()];
        // Most are like the one before, and looking labels up is what costs.
        for run in tally.chunk_by(|one, next| labels(one) == labels(next)) {
            let Some(one) = run.first() else { continue };
            let events = self.decisions.events.with_label_values(&labels(one));
            events.inc_by(run.len() as u64);
        }
        for (_, verdict) in tally {
            if let Verdict::Rejected(rejection) = verdict {
                let reason = rejection.reason.name();
                self.decisions.dead_letters.with_label_values(&[reason]).inc();
            }
        }
    }

    /// Counts what happened without a decision, once committed.
    pub fn counted(&self, counts: Counts) {
        for (what, count) in [(ATTRIBUTES, counts.attributes_ignored), (MARKS, counts.marks_evicted)] {
            self.decisions.no_room.with_label_values(&[what]).inc_by(count);
        }
    }

    /// Names the policy in force, and its teams at zero.
    pub fn adopt(&self, policy: &Policy) {
        self.shard.policy_info.reset();
        let version = policy.version.to_string();
        self.shard
            .policy_info
            .with_label_values(&[&*version, &policy.hash])
            .set(1);
        for team in &policy.teams {
            self.decisions.handoffs.with_label_values(&[&team.id]);
            self.decisions.response_working_seconds.with_label_values(&[&team.id]);
            for kind in SlaKind::ALL {
                self.decisions.sla_events.with_label_values(&[&*team.id, kind.name()]);
            }
            self.shard.handoffs_open.with_label_values(&[&team.id]);
            self.shard.leads_queued.with_label_values(&[&team.id]);
            self.shard.queue_oldest_seconds.with_label_values(&[&team.id]);
        }
    }

    /// Counts a request to `POST /events`.
    pub fn answered(&self, answer: Answer) {
        self.http_requests.with_label_values(&[answer.name()]).inc();
    }

    /// Counts outputs that are not as they must be.
    pub fn violated(&self, kind: AuditKind, outputs: u64) {
        self.audit_violations.with_label_values(&[kind.name()]).inc_by(outputs);
    }

    /// Names a hook, at zero.
    pub fn add_hook(&self, hook: &str) {
        for answer in HookAnswer::ALL {
            self.hook_requests.with_label_values(&[hook, answer.name()]);
        }
    }

    /// Counts a request to a hook of the settings.
    pub fn hook_answered(&self, hook: &str, answer: HookAnswer) {
        self.hook_requests.with_label_values(&[hook, answer.name()]).inc();
    }

    /// Everything in Prometheus' text format.
    pub fn render(&self) -> Result<String, Error> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// What there is, for the documents.
    pub fn described(&self) -> &[Described] {
        &self.described
    }
}

const ATTRIBUTES: &str = "attributes";
const MARKS: &str = "duplicate-marks";
/// What a state log may say of a transaction that failed or was not answered.
const UNSETTLED: [&str; 3] = ["not-written", "written", "others"];
const RESULTS: [&str; 5] = ["accepted", "duplicate", "erased", "ignored", "dead_letter"];

impl Decisions {
    fn new(builder: &mut Builder) -> Result<Self, Error> {
        Ok(Self {
            events: builder.counters(
                "events_total",
                &["role", "result"],
                "Events by the role of their source and what became of them",
            )?,
            dead_letters: builder.counters("dead_letters_total", &["reason"], "Dead letters by reason")?,
            no_room: builder.counters(
                "no_room_total",
                &["what"],
                "What a lead had no room for: attributes that were left out, duplicate marks that went before their seven days",
            )?,
            handoffs: builder.counters("handoffs_total", &["team"], "Leads handed to a rep")?,
            sla_events: builder.counters("sla_events_total", &["team", "kind"], "Notices about promises")?,
            response_working_seconds: builder.histograms(
                "response_working_seconds",
                &["team"],
                WORKING,
                "Working time from the start of an attempt to its response",
            )?,
            breach_notice_delay_seconds: builder.histogram(
                "breach_notice_delay_seconds",
                MEDIUM,
                "From the promised instant until the breach is committed",
            )?,
            event_to_handoff_seconds: builder.histogram(
                "event_to_handoff_seconds",
                MEDIUM,
                "From the journal time of the event that qualified a lead until its handoff is committed, where it did not wait in a queue",
            )?,
        })
    }
}

impl Intake {
    fn new(builder: &mut Builder) -> Result<Self, Error> {
        Ok(Self {
            lag_seconds: Greatest::of(builder.float_gauges(
                "intake_lag_seconds",
                &["role"],
                "Age of the oldest watermark of the sources of a role",
            )?),
            source_last_record_timestamp_seconds: builder.float_gauges(
                "source_last_record_timestamp_seconds",
                &["source"],
                "Timestamp of the latest record read of a source, in seconds since the epoch",
            )?,
            source_records_lost: builder.counters(
                "source_records_lost_total",
                &["role"],
                "Records that were gone from a source before they were read",
            )?,
            attributes_ignored: builder.counters(
                "attributes_ignored_total",
                &["role"],
                "Profile attributes left out because their values are of no use",
            )?,
            sources_paused: builder.gauge(
                "sources_paused",
                "Sources that are not read since nearly everything in them is bad; deadlines wait",
            )?,
        })
    }
}

impl Shard {
    fn new(builder: &mut Builder) -> Result<Self, Error> {
        Ok(Self {
            journal_lag_records: builder.gauges(
                "journal_lag_records",
                &["partition"],
                "Journal records not applied yet, by partition owned",
            )?,
            sources_not_waited_for: builder.gauge(
                "sources_not_waited_for",
                "Source partitions that deadlines are not waiting for, since they could not be read for too long",
            )?,
            deadline_clock_lag_seconds: builder.float_gauge(
                "deadline_clock_lag_seconds",
                "How far the slowest deadline clock is behind the time of day",
            )?,
            handoffs_open: builder.gauges("handoffs_open", &["team"], "Leads that reps of a team hold")?,
            leads_queued: builder.gauges("leads_queued", &["team"], "Leads that wait for a rep of a team")?,
            queue_oldest_seconds: builder.float_gauges(
                "queue_oldest_seconds",
                &["team"],
                "How long the first lead of a team's queue has been waiting",
            )?,
            partitions_owned: builder.gauge("partitions_owned", "Journal partitions that this process owns and has restored")?,
            commit_seconds: builder.histogram("commit_seconds", SHORT, "From the begin of a transaction to its end")?,
            restore_seconds: builder.histogram("restore_seconds", MEDIUM, "Time a partition took to be restored")?,
            unsettled: builder.counters(
                "unsettled_total",
                &["found"],
                "Times that a partition's last transaction failed or was not answered, by what its state log says of it",
            )?,
            leads: builder.gauge("leads", "Leads that the partitions of this process remember")?,
            state_log_bytes: builder.gauge(
                "state_log_bytes",
                "Bytes of the state logs of this process's partitions, from their starts to their ends",
            )?,
            state_turns: builder.counter(
                "state_turns_total",
                "Times that a state log has been carried forward as a whole, and what was older deleted",
            )?,
            policy_info: builder.gauges("policy_info", &["version", "hash"], "1; the policy in force")?,
        })
    }
}

/// Seconds from one instant to the other, not below 0.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of any real span are exact")]
pub fn seconds_between(from: Instant, until: Instant) -> f64 {
    until.millis().saturating_sub(from.millis()).max(0) as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::{PolicyStamp, Rejection, SlaNotice, Topic};
    use crate::domain::fact::HandoffId;
    use crate::domain::ids::LeadId;

    fn instant(seconds: i64) -> Instant {
        Instant::from_millis(seconds * 1000)
    }

    fn notice(kind: SlaKind, working_seconds: Option<i64>) -> Output {
        let lead = LeadId([1; 16]);
        Output {
            topic: Topic::Sla,
            lead,
            id: [0; 16],
            at: instant(100),
            causation: "canary@example.com".to_owned(),
            decision: Decision::Sla(SlaNotice {
                kind,
                handoff: HandoffId {
                    lead,
                    cycle: 1,
                    attempt: 1,
                },
                team: "inside".to_owned(),
                rep: Some("canary".to_owned()),
                respond_by: instant(100),
                response_at: None,
                late: None,
                working_seconds,
                policy: PolicyStamp {
                    version: 1,
                    hash: "h".to_owned(),
                },
            }),
        }
    }

    #[track_caller]
    fn shows(metrics: &Metrics, line: &str) {
        let text = metrics.render().unwrap();
        assert!(text.lines().any(|other| other == line), "{line} is not in\n{text}");
    }

    #[test]
    fn a_committed_breach_is_counted_with_its_delay() {
        let metrics = Metrics::new().unwrap();
        metrics.observe(&notice(SlaKind::Breached, None), instant(107));
        shows(&metrics, r#"tasuki_sla_events_total{kind="breached",team="inside"} 1"#);
        shows(&metrics, r#"tasuki_breach_notice_delay_seconds_bucket{le="5"} 0"#);
        shows(&metrics, r#"tasuki_breach_notice_delay_seconds_bucket{le="10"} 1"#);
        assert!(!metrics.render().unwrap().contains("canary"));
    }

    #[test]
    fn a_response_is_measured_in_working_seconds() {
        let metrics = Metrics::new().unwrap();
        metrics.observe(&notice(SlaKind::Met, Some(1800)), instant(100));
        shows(&metrics, r#"tasuki_response_working_seconds_sum{team="inside"} 1800"#);
    }

    #[test]
    fn each_event_counts_and_a_rejected_one_as_a_dead_letter_of_its_reason() {
        let metrics = Metrics::new().unwrap();
        let rejection = Rejection {
            reason: RejectReason::UnknownRep,
            detail: String::new(),
        };
        let accepted = (Role::Forms, Verdict::Accepted);
        metrics.judged(&[
            accepted.clone(),
            accepted.clone(),
            (Role::Roster, Verdict::Rejected(rejection)),
            (Role::Roster, Verdict::Duplicate),
            accepted,
        ]);
        shows(&metrics, r#"tasuki_events_total{result="accepted",role="forms"} 3"#);
        shows(&metrics, r#"tasuki_events_total{result="duplicate",role="roster"} 1"#);
        shows(&metrics, r#"tasuki_events_total{result="dead_letter",role="roster"} 1"#);
        shows(&metrics, r#"tasuki_dead_letters_total{reason="unknown-rep"} 1"#);
        shows(&metrics, r#"tasuki_events_total{result="accepted",role="roster"} 0"#);
    }

    #[test]
    fn the_rest_is_moved_by_its_handles() {
        let metrics = Metrics::new().unwrap();
        metrics.answered(Answer::Refused);
        metrics.shard.partitions_owned.set(3);
        metrics.shard.commit_seconds.observe(0.012);
        shows(&metrics, r#"tasuki_http_requests_total{answer="refused"} 1"#);
        shows(&metrics, "tasuki_partitions_owned 3");
        shows(&metrics, r#"tasuki_commit_seconds_bucket{le="0.025"} 1"#);
    }

    /// The table of docs/metrics.md as it must be.
    fn table(metrics: &Metrics) -> String {
        let mut table = String::from("| metric | type | labels | meaning | bounds |\n|---|---|---|---|---|\n");
        for metric in metrics.described() {
            let labels: Vec<_> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
            let bounds: Vec<_> = metric.bounds.iter().map(f64::to_string).collect();
            let cells = [
                &*metric.name,
                metric.kind,
                &labels.join(" "),
                metric.help,
                &bounds.join(" "),
            ];
            table.push_str(&["| `", cells[0], "` | ", &cells[1..].join(" | "), " |\n"].concat());
        }
        table
    }

    #[test]
    fn every_metric_is_documented_as_it_is() {
        let expected = table(&Metrics::new().unwrap());
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/metrics.md");
        let text = std::fs::read_to_string(path).unwrap();
        let start = text.find("| metric |").unwrap();
        let end = text[start..].find("\n\n").map_or(text.len(), |end| start + end + 1);
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            let updated = [&text[..start], &expected, &text[end..]].concat();
            std::fs::write(path, updated).unwrap();
        } else {
            assert_eq!(&text[start..end], expected);
        }
    }
}
