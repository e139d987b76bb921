//! What the journal says must happen: the domain over it once, with no process, crash or batch.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::plan::{DEPLOYMENT, OUTPUT_PARTITIONS, Plan, charter};
use super::world::World;
use tasuki::domain::event::{Output, Verdict};
use tasuki::domain::journal::{Content, JournalRecord, Mail, Position, SourcePartition, Turnover};
use tasuki::domain::shard::{Consequences, Outgoing, Shard};
use tasuki::log::simulated::SimulatedLog;
use tasuki::log::{NewRecord, Place};
use tasuki::names::Names;
use tasuki::wire::journal;
use tasuki::wire::outputs::{self, Decider};

/// One partition of the journal, followed.
pub(crate) struct Follower {
    place: Place,
    partition: u32,
    next: u64,
    pub(crate) shard: Shard,
    /// What must be said, by sequence.
    pub(crate) outputs: BTreeMap<u64, Said>,
    /// What was taken in from each source partition, in order.
    pub(crate) taken: BTreeMap<SourcePartition, Vec<(Position, Content)>>,
    /// The position taken in last, and the turnover it is read under.
    last: BTreeMap<SourcePartition, Option<Position>>,
    latest: BTreeMap<SourcePartition, u64>,
    /// Letters to be sent, by receiver and sequence.
    pub(crate) sent: BTreeMap<(u32, u64), Mail>,
    /// Letters that came, by sender and sequence, each as it came first.
    pub(crate) got: BTreeMap<(u32, u64), Mail>,
    /// Behind the last record that led, or might lead, to something.
    behind_news: u64,
    /// Journal records read.
    pub(crate) records: usize,
}

/// Something to be said.
pub(crate) struct Said {
    pub(crate) topic: String,
    /// The partition, where it does not follow from the key.
    pub(crate) partition: Option<u32>,
    pub(crate) record: NewRecord,
    /// The decision; none for a dead letter.
    pub(crate) output: Option<Output>,
}

impl Follower {
    pub(crate) fn new(names: &Names, plan: &Plan, partition: u32) -> Self {
        Self {
            place: Place::new(&names.journal(), partition),
            partition,
            next: 0,
            shard: Shard::new(charter(plan, partition)),
            outputs: BTreeMap::new(),
            taken: BTreeMap::new(),
            last: BTreeMap::new(),
            latest: BTreeMap::new(),
            sent: BTreeMap::new(),
            got: BTreeMap::new(),
            behind_news: 0,
            records: 0,
        }
    }

    /// Applies what has been committed since; what cannot be applied is a violation, in words.
    pub(crate) fn advance(
        &mut self,
        log: &SimulatedLog,
        names: &Names,
        reached: &mut BTreeSet<&'static str>,
    ) -> Result<(), String> {
        let (records, next) = log.committed_records(&self.place, self.next);
        self.next = next;
        for record in records {
            self.records += 1;
            let value = record.value.unwrap_or_default();
            let journaled =
                journal::decode(&value).map_err(|_| format!("{} {}: malformed", self.place, record.offset))?;
            let mut consequences = Consequences::default();
            let applied = self
                .shard
                .apply(record.offset, record.time, &journaled, &mut consequences);
            applied.map_err(|halt| format!("{} {}: {halt}", self.place, record.offset))?;
            if consequences.repeats > 0 {
                reached.insert(match &journaled {
                    JournalRecord::Mail(_) => "a repeated letter was skipped",
                    _ => "a repeated fact was skipped by its position",
                });
            }
            self.fire(&mut consequences, reached);
            if consequences.is_something() || !matches!(journaled, JournalRecord::Clock(_)) {
                self.behind_news = record.offset + 1;
            }
            self.note(journaled);
            self.say(consequences, names, reached);
        }
        Ok(())
    }

    /// Whether a deadline is still to come.
    pub(crate) fn awaits_deadline(&self) -> bool {
        self.shard.book().is_some_and(|book| book.next_deadline().is_some())
    }

    /// Whether the worker has committed everything that could lead to something.
    pub(crate) fn is_quiet(&self, world: &World) -> bool {
        self.news_committed(world) == self.behind_news
    }

    /// Grows whenever something that could lead to something comes into the journal, or is committed.
    pub(crate) fn progress(&self, world: &World) -> u64 {
        self.behind_news + self.news_committed(world)
    }

    /// How far the worker has committed what could lead to something.
    fn news_committed(&self, world: &World) -> u64 {
        let committed = world.log.committed_offset(&world.names.shard_group(), &self.place);
        committed.unwrap_or_default().min(self.behind_news)
    }

    /// Whether the worker has committed everything that is in the journal.
    pub(crate) fn is_committed(&self, world: &World) -> bool {
        let committed = world.log.committed_offset(&world.names.shard_group(), &self.place);
        committed == Some(self.shard.next_offset())
    }

    /// The last position that was taken in from a source partition.
    pub(crate) fn position(&self, source: SourcePartition) -> Option<Position> {
        Some(self.taken.get(&source)?.last()?.0)
    }

    fn fire(&mut self, consequences: &mut Consequences, reached: &mut BTreeSet<&'static str>) {
        let mut fired = 0;
        while self.shard.is_due() {
            fired += self.shard.fire(1_000, consequences);
        }
        if fired > 1 {
            reached.insert("several deadlines fired at once");
        }
    }

    fn note(&mut self, journaled: JournalRecord) {
        let packed = match journaled {
            JournalRecord::Facts(packed) => packed,
            JournalRecord::Mail(letters) => {
                for mail in letters {
                    self.got.entry((mail.from, mail.sequence)).or_insert(mail);
                }
                return;
            }
            JournalRecord::Turnover(turnover) => return self.turn_over(&turnover),
            JournalRecord::Foundation(..) | JournalRecord::Clock(_) => return,
        };
        if self.latest.get(&packed.source) > Some(&packed.turnover) {
            return;
        }
        let taken = self.taken.entry(packed.source).or_default();
        let last = self.last.entry(packed.source).or_default();
        for entry in packed.entries {
            if last.is_none_or(|last| last < entry.position) {
                *last = Some(entry.position);
                // What an earlier turnover left may stand above what is taken in now.
                let place = taken.partition_point(|(at, _)| *at <= entry.position);
                taken.insert(place, (entry.position, entry.content));
            }
        }
    }

    /// What is read under earlier turnovers is taken no more, and positions begin anew.
    fn turn_over(&mut self, turnover: &Turnover) {
        let latest = self.latest.entry(turnover.source).or_default();
        if turnover.number >= *latest {
            *latest = turnover.number;
            self.last.insert(turnover.source, turnover.position());
        }
    }

    fn say(&mut self, consequences: Consequences, names: &Names, reached: &mut BTreeSet<&'static str>) {
        for (_, verdict) in &consequences.tally {
            reached.insert(match verdict {
                Verdict::Accepted => "a fact was accepted",
                Verdict::Duplicate => "a duplicate changed nothing",
                Verdict::Erased => "a fact about somebody erased was dropped",
                Verdict::Ignored => "a fact was ignored",
                Verdict::Rejected(_) => "a record was rejected",
            });
        }
        if !consequences.mail.is_empty() {
            reached.insert("letters were sent");
        }
        let addressed = |(to, mail): (u32, Mail)| ((to, mail.sequence), mail);
        self.sent.extend(consequences.mail.into_iter().map(addressed));
        let decider = Decider {
            deployment: DEPLOYMENT,
            shard: self.partition,
        };
        for numbered in consequences.outputs {
            let said = match numbered.what {
                Outgoing::Decision(output) => Said {
                    topic: names.output(&output.topic),
                    partition: None,
                    record: outputs::record(&output, decider, numbered.sequence),
                    output: Some(output),
                },
                Outgoing::DeadLetter(original, rejection) => Said {
                    topic: names.dead_letters(),
                    partition: outputs::dead_letter_partition(&original, OUTPUT_PARTITIONS),
                    record: outputs::dead_letter(&original, &rejection, self.partition, numbered.sequence),
                    output: None,
                },
            };
            self.outputs.insert(numbered.sequence, said);
        }
    }
}
