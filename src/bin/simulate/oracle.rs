//! The laws, checked when everything has healed.
//!
//! What must be said follows from the journal, and what must be in the journal from the sources;
//! whether a breach is right follows from what the outside world did and when.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::plan::{self, OUTPUT_PARTITIONS, OUTPUTS, SECRET, SOURCES};
use super::promises::Promises;
use super::replay::{Follower, Said};
use super::world::World;
use tasuki::domain::event::type_name;
use tasuki::domain::fact::Body;
use tasuki::domain::ids::LeadKey;
use tasuki::domain::journal::{Content, Position, Role, SourcePartition};
use tasuki::domain::shard::{Part, Shard};
use tasuki::domain::time::Instant;
use tasuki::intake::Source;
use tasuki::log::{Log, NewRecord, Place, Record, TopicId};
use tasuki::wire::outputs;
use tasuki::wire::state::{self, StateRecord};
use tasuki::wire::translate::translate;

/// What must be taken in, by shard; a policy's words are not compared.
type Expected = BTreeMap<u32, Vec<(Position, Option<Content>)>>;

/// A finished run, as the log has it.
pub(crate) struct Oracle<'a> {
    pub(crate) world: &'a World,
    pub(crate) followers: &'a [Follower],
    pub(crate) violations: Vec<String>,
    pub(crate) reached: BTreeSet<&'static str>,
}

impl Oracle<'_> {
    /// What was said, in the order in which it was committed.
    pub(crate) fn story(&self) -> String {
        let mut lines = Vec::new();
        for topic in OUTPUTS {
            for partition in 0..OUTPUT_PARTITIONS {
                for record in self.world.log.committed_records(&Place::new(topic, partition), 0).0 {
                    let value = record.value.as_deref().unwrap_or_default();
                    lines.push((
                        record.time,
                        numbers(&record),
                        format!("{topic}: {}", String::from_utf8_lossy(value)),
                    ));
                }
            }
        }
        lines.sort();
        let mut story = String::new();
        for (at, numbers, words) in lines {
            let (shard, sequence) = numbers.unwrap_or_default();
            // Writing into a text cannot fail.
            let _written = writeln!(story, "{at}  shard {shard}, output {sequence}, {words}");
        }
        story
    }

    /// Checks every law.
    pub(crate) fn check(&mut self) {
        let said = self.outputs_are_what_the_journal_says();
        self.letters_are_what_the_journal_says();
        self.readers_saw_what_stands();
        self.the_journal_has_every_source_record_once();
        self.the_journal_has_the_beginning_of_past_sources();
        self.the_state_log_is_the_state();
        self.promises_are_kept(&said);
    }

    fn violated(&mut self, words: String) {
        self.violations.push(words);
    }

    /// Nothing lost, nothing twice, in order, byte for byte; when each was committed.
    fn outputs_are_what_the_journal_says(&mut self) -> BTreeMap<(u32, u64), Instant> {
        let mut committed = BTreeMap::new();
        for topic in OUTPUTS {
            for partition in 0..OUTPUT_PARTITIONS {
                let place = Place::new(topic, partition);
                let (records, _) = self.world.log.committed_records(&place, 0);
                let mut last: BTreeMap<u32, u64> = BTreeMap::new();
                for record in records {
                    let Some((shard, sequence)) = numbers(&record) else {
                        if outputs::is_unblocking(&record.headers) {
                            self.reached
                                .insert("a record that says nothing let readers past a transaction");
                            continue;
                        }
                        self.violated(format!("{place} {}: an output without its numbers", record.offset));
                        continue;
                    };
                    if last.insert(shard, sequence).is_some_and(|before| before >= sequence) {
                        self.violated(format!(
                            "{place} {}: shard {shard} goes back to {sequence}",
                            record.offset
                        ));
                    }
                    if committed.insert((shard, sequence), record.time).is_some() {
                        self.violated(format!("output {sequence} of shard {shard} is there twice"));
                    }
                    let expected = self
                        .followers
                        .get(shard as usize)
                        .and_then(|it| it.outputs.get(&sequence));
                    if !expected.is_some_and(|said| said.is(topic, partition, &record)) {
                        self.violated(format!(
                            "{place} {}: output {sequence} of shard {shard} is not what the journal says",
                            record.offset
                        ));
                    }
                }
            }
        }
        for (shard, follower) in self.followers.iter().enumerate() {
            for (sequence, said) in &follower.outputs {
                if !committed.contains_key(&(shard as u32, *sequence)) {
                    self.violations.push(format!(
                        "output {sequence} of shard {shard}, to {}, is missing",
                        said.topic
                    ));
                }
            }
        }
        committed
    }

    /// Every letter came once, and none that was not to be sent.
    fn letters_are_what_the_journal_says(&mut self) {
        for (to, receiver) in (0..).zip(self.followers) {
            for ((from, sequence), mail) in &receiver.got {
                let sender = self.followers.get(*from as usize);
                let sent = sender.and_then(|sender| sender.sent.get(&(to, *sequence)));
                if sent != Some(mail) {
                    self.violations.push(format!(
                        "letter {sequence} of {from} to {to} is not what the journal says"
                    ));
                }
            }
        }
        for (from, sender) in (0..).zip(self.followers) {
            for (to, sequence) in sender.sent.keys() {
                let receiver = self.followers.get(*to as usize);
                if !receiver.is_some_and(|receiver| receiver.got.contains_key(&(from, *sequence))) {
                    self.violations
                        .push(format!("letter {sequence} of {from} to {to} never came"));
                }
            }
        }
    }

    /// Whoever read while things went wrong has seen the beginning of what stands there now.
    fn readers_saw_what_stands(&mut self) {
        let inner = self.world.inner();
        for (place, seen) in &inner.outside.seen {
            let (records, _) = self.world.log.committed_records(place, 0);
            if records.get(..seen.len()) != Some(seen.as_slice()) {
                self.violations.push(format!(
                    "{place}: a concurrent reader saw something else than what stands there"
                ));
            }
        }
    }

    /// Every source record was taken in once, in order, as it translates, by the right shards.
    fn the_journal_has_every_source_record_once(&mut self) {
        for source in plan::sources(&self.world.names) {
            let Ok(Some(topic)) = self.world.log.topics(&[&source.topic]).map(|mut found| found.remove(0)) else {
                continue;
            };
            for partition in 0..topic.partitions {
                let place = Place::new(&source.topic, partition);
                let records = self.world.log.committed_records(&place, 0).0;
                let expected = self.expected(&source, topic.id, partition, &records);
                let id = SourcePartition {
                    topic: topic.id.0,
                    partition,
                };
                self.compare_taken(&place, id, &expected, false);
            }
        }
    }

    /// What the shards must take in of a source partition, by shard.
    fn expected(&self, source: &Source, topic: TopicId, partition: u32, records: &[Record]) -> Expected {
        let key = LeadKey::derive(SECRET);
        let context = source.context(topic.0, partition);
        let mut expected = Expected::new();
        for record in records {
            let position = |index| Position {
                offset: record.offset,
                index,
            };
            if source.role == Role::Policy {
                for shard in 0..self.world.plan.partitions {
                    expected.entry(shard).or_default().push((position(0), None));
                }
                continue;
            }
            for (index, content) in (0..).zip(translate(&context, &key, record).contents) {
                let shard = self.destination(record.offset, &content);
                expected
                    .entry(shard)
                    .or_default()
                    .push((position(index), Some(content)));
            }
        }
        expected
    }

    /// Of a topic that was made anew meanwhile, the beginning was taken in.
    fn the_journal_has_the_beginning_of_past_sources(&mut self) {
        let sources = plan::sources(&self.world.names);
        let past = std::mem::take(&mut self.world.inner().outside.past);
        for (number, topic, partition, records) in past {
            let Some(source) = sources.iter().find(|source| source.topic == SOURCES[number].0) else {
                continue;
            };
            let expected = self.expected(source, topic, partition, &records);
            let id = SourcePartition {
                topic: topic.0,
                partition,
            };
            self.compare_taken(&Place::new(&source.topic, partition), id, &expected, true);
        }
    }

    fn destination(&self, offset: u64, content: &Content) -> u32 {
        let partitions = self.world.plan.partitions;
        match content {
            Content::Fact { fact, .. } if matches!(fact.body, Body::Rep(_)) => 0,
            Content::Fact { lead, .. } => lead.partition(partitions),
            Content::Rejected { .. } | Content::Policy(_) => (offset % u64::from(partitions)) as u32,
        }
    }

    fn compare_taken(&mut self, place: &Place, id: SourcePartition, expected: &Expected, may_end_early: bool) {
        for (shard, follower) in (0..).zip(self.followers) {
            let taken = follower.taken.get(&id).map_or([].as_slice(), Vec::as_slice);
            let wanted = expected.get(&shard).map_or([].as_slice(), Vec::as_slice);
            let differs =
                |((at, content), (wanted_at, wanted)): (&(Position, Content), &(Position, Option<Content>))| {
                    at != wanted_at || wanted.as_ref().is_some_and(|wanted| wanted != content)
                };
            if let Some(wrong) = taken.iter().zip(wanted).position(differs) {
                self.violations.push(format!(
                    "{place}: shard {shard} took in {:?} at number {wrong}, where {:?} should be",
                    taken[wrong].0, wanted[wrong].0
                ));
            } else if taken.len() > wanted.len() || taken.len() < wanted.len() && !may_end_early {
                self.violations.push(format!(
                    "{place}: shard {shard} took in {} of {} facts",
                    taken.len(),
                    wanted.len()
                ));
            }
        }
    }

    /// What is remembered is what the journal says, and restores to the same.
    fn the_state_log_is_the_state(&mut self) {
        for (partition, follower) in (0..).zip(self.followers) {
            let place = Place::new(&self.world.names.state(), partition);
            match self.remembered(&place, follower) {
                Ok(()) => {}
                Err(words) => self.violations.push(format!("{place}: {words}")),
            }
        }
    }

    fn remembered(&self, place: &Place, follower: &Follower) -> Result<(), String> {
        let mut parts: BTreeMap<Vec<u8>, Option<Vec<u8>>> = BTreeMap::new();
        let (mut own, mut end) = (Vec::new(), None);
        for record in self.world.log.committed_records(place, 0).0 {
            let value = record.value.unwrap_or_default();
            let decoded = state::decode(&value).map_err(|_| format!("record {} is malformed", record.offset))?;
            let StateRecord::Images(images) = decoded else {
                continue;
            };
            if images.closes
                && let Some(end) = end
                && images.covers.start != end
            {
                return Err(format!(
                    "a range begins at {} where {end} was to follow",
                    images.covers.start
                ));
            }
            let carried = images.carried.into_iter().map(|(key, image)| (key, Some(image)));
            let written = images.changed.into_iter().chain(carried);
            parts.extend(written.map(|(key, image)| (key.to_vec(), image.map(<[u8]>::to_vec))));
            if images.closes {
                end = Some(images.covers.end);
                own = images.shard.to_vec();
            }
        }
        if end != Some(follower.shard.next_offset()) {
            return Err(format!(
                "it ends at {end:?}, the journal at {}",
                follower.shard.next_offset()
            ));
        }
        if own != follower.shard.own_image() {
            return Err("the shard's own state is not what the journal says".to_owned());
        }
        self.restores_to_the_same(place, follower, &own, parts)
    }

    fn restores_to_the_same(
        &self,
        place: &Place,
        follower: &Follower,
        own: &[u8],
        parts: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    ) -> Result<(), String> {
        let malformed = |_| "what is remembered cannot be restored".to_owned();
        let mut restored = Shard::new(plan::charter(&self.world.plan, place.partition));
        restored.restore_own(own).map_err(malformed)?;
        let live: BTreeSet<Vec<u8>> = follower
            .shard
            .parts_after(None, usize::MAX)
            .iter()
            .map(Part::key)
            .collect();
        let mut images = BTreeMap::new();
        for (key, image) in parts {
            let part = Part::parse(&key).map_err(malformed)?;
            if follower.shard.image(&part) != image {
                return Err(format!("{part:?} is not what the journal says"));
            }
            images.insert(part, image);
        }
        for (part, image) in images.iter().filter(|(_, image)| image.is_some()) {
            restored.restore(part, image.as_deref()).map_err(malformed)?;
        }
        restored.rebuilt().map_err(malformed)?;
        let back: BTreeSet<Vec<u8>> = restored.parts_after(None, usize::MAX).iter().map(Part::key).collect();
        if live != back {
            return Err(format!("{} parts live, {} come back", live.len(), back.len()));
        }
        let differs = |part: &&Part| restored.image(part) != follower.shard.image(part);
        match restored.parts_after(None, usize::MAX).iter().find(differs) {
            Some(part) => Err(format!("{part:?} comes back as something else")),
            None => Ok(()),
        }
    }

    /// Breaches: none that an answer in time forbids, none too early, none missing, each once.
    fn promises_are_kept(&mut self, committed: &BTreeMap<(u32, u64), Instant>) {
        let mut promises = Promises::default();
        for (shard, follower) in (0..).zip(self.followers) {
            for (sequence, said) in &follower.outputs {
                if let (Some(output), Some(at)) = (&said.output, committed.get(&(shard, *sequence))) {
                    self.reached.insert(type_name(&output.decision));
                    promises.note(&output.decision, *at, &mut self.violations);
                }
            }
        }
        let inner = self.world.inner();
        promises.judge(&inner.outside.answered, &mut self.violations, &mut self.reached);
    }
}

impl Said {
    /// Whether it stands there, byte for byte.
    fn is(&self, topic: &str, partition: u32, record: &Record) -> bool {
        let NewRecord { key, value, headers } = &self.record;
        self.topic == topic
            && self.partition.is_none_or(|expected| expected == partition)
            && (key, value, headers) == (&record.key, &record.value, &record.headers)
    }
}

/// Who decided, and as which of its outputs.
fn numbers(record: &Record) -> Option<(u32, u64)> {
    let number = |names: [&str; 2]| {
        let (_, value) = record
            .headers
            .iter()
            .rfind(|(name, _)| names.contains(&name.as_str()))?;
        std::str::from_utf8(value.as_deref()?).ok()?.parse::<u64>().ok()
    };
    let shard = number(["ce_tasukishard", "tasuki_dlq_shard"])?;
    Some((
        u32::try_from(shard).ok()?,
        number(["ce_sequence", "tasuki_dlq_sequence"])?,
    ))
}
