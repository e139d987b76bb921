//! Coming and going of source partitions, and the offsets they are left at.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use super::begin::{self, Left, Note};
use super::pace::Pace;
use super::reading::Reading;
use super::turning::{self, Turning};
use super::watermarks::{Appended, Proof};
use super::{ACK_WAIT, BEGIN_AGAIN_MS, CLOSE_ATTEMPTS_MAX, Intake, Phase};
use crate::clock::Now;
use crate::domain::journal::{JournalRecord, SourcePartition, Turnover};
use crate::domain::time::Instant;
use crate::log::{Committed, LogError, Place, Topic};
use crate::planted::{self, Bug};
use crate::settings::Begin;
use crate::trouble::Stop;
use crate::wire::journal;

impl Intake {
    /// Begins what was assigned. A topic that cannot be begun right now is tried again later; the
    /// others go on, and deadlines wait for it, since no clock record names its partitions.
    pub(super) fn begin_reading(&mut self, now: Now) -> Result<(), LogError> {
        let rests = |topic: &Arc<str>| {
            let rest = self.resting.get(topic);
            rest.is_some_and(|rest| now.running_ms < rest.until)
        };
        let Some((told, journal_time)) = self.journal_time else {
            return Ok(());
        };
        let assigned = |(place, phase): (&Place, &Phase)| {
            let waits = matches!(phase, Phase::Assigned(ticket) if *ticket <= told);
            let is_short = self.short_until.get(place).is_some_and(|until| now.running_ms < *until);
            (waits && !is_short && !rests(&place.topic)).then(|| place.clone())
        };
        let places: Vec<Place> = self.partitions.iter().filter_map(assigned).collect();
        if places.is_empty() {
            return Ok(());
        }
        self.ask_topics()?;
        let mut failed: BTreeSet<Arc<str>> = BTreeSet::new();
        for place in places {
            if failed.contains(&place.topic) {
                continue;
            }
            match self.begin(&place, now, journal_time) {
                Ok(None) => {
                    // Of this one alone; the others of its topic go on.
                    self.short_until.insert(place, now.running_ms + BEGIN_AGAIN_MS.1);
                }
                Ok(Some((reading, left))) => {
                    self.resting.remove(&place.topic);
                    self.short_until.remove(&place);
                    match left {
                        Some(left) => self.turn_over(place, reading, left)?,
                        None => self.read_on(&place, reading)?,
                    }
                }
                Err(LogError::Retry(why)) => {
                    tracing::warn!(%place, why, "cannot begin to read a source right now");
                    let rest = self.resting.entry(place.topic.clone()).or_default();
                    rest.until = now.running_ms + (BEGIN_AGAIN_MS.0 << rest.attempts.min(10)).min(BEGIN_AGAIN_MS.1);
                    rest.attempts += 1;
                    failed.insert(place.topic);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    pub(super) fn read_on(&mut self, place: &Place, reading: Reading) -> Result<(), LogError> {
        let next = reading.next;
        // Also if it cannot be started right now, it is ours.
        self.partitions.insert(place.clone(), Phase::Reading(Box::new(reading)));
        if self.guards.is_paused(&place.topic) {
            return Ok(());
        }
        self.consumer.start(place, next)
    }

    /// Tells every journal partition that another translation goes on.
    fn turn_over(&mut self, place: Place, reading: Reading, left: Left) -> Result<(), LogError> {
        let turnover = Turnover {
            source: reading.source,
            number: reading.note.turnover,
            from: reading.next,
        };
        tracing::warn!(
            %place, from = turnover.from,
            "another translation has read on from here and did not stop cleanly: looking through the journal for what it left"
        );
        let mut starts = Vec::new();
        for partition in 0..self.plan.partitions {
            let journal = Place::new(&self.plan.names.journal(), partition);
            starts.push(turning::start(self.consumer.as_mut(), &journal, left)?);
            let value = journal::encode(&JournalRecord::Turnover(turnover));
            self.append(partition, value, None)?;
        }
        let turning = Turning::new(reading, turnover, starts);
        self.partitions.insert(place, Phase::Turning(Box::new(turning)));
        Ok(())
    }

    fn begin(
        &mut self,
        place: &Place,
        now: Now,
        journal_time: Instant,
    ) -> Result<Option<(Reading, Option<Left>)>, LogError> {
        let unknown = || LogError::Refused(format!("{place} is not among the configured sources"));
        let source = self
            .plan
            .sources
            .iter()
            .find(|source| *source.topic == *place.topic)
            .ok_or_else(unknown)?;
        let topic = self
            .topics
            .iter()
            .find(|topic| topic.name == place.topic)
            .ok_or_else(unknown)?;
        let origin = (topic.id, self.plan.translation);
        let begin = self.first_begin(place, topic, source.begin);
        let Some(start) = begin::start(self.consumer.as_mut(), place, begin, origin, journal_time)? else {
            return Ok(None);
        };
        let turning = start.left.is_some_and(|left| left.is_of_another());
        let since = start.left.map_or(Some(journal_time), |left| left.since);
        let known = self.turned.get(place).filter(|_| turning).cloned();
        let turns = turning && known.is_none();
        if start.lost > 0 {
            tracing::error!(%place, records = start.lost, before = start.offset, "records were deleted before they were read");
            self.metrics
                .intake
                .source_records_lost
                .with_label_values(&[source.role.name()])
                .inc_by(start.lost);
        }
        let note = Note {
            topic: topic.id,
            translation: self.plan.translation,
            clean: false,
            turnover: start.turnover,
            turning,
            at: since,
        };
        let committed = Committed {
            offset: start.offset,
            metadata: note.write(),
        };
        // Also over a clean stop's note: from here on something may lie above the offset.
        self.consumer.commit(&[(place.clone(), committed)])?;
        tracing::debug!(%place, offset = start.offset, chosen = start.chosen, "reading begins");
        let reading = Reading {
            context: source.context(topic.id.0, place.partition),
            source: SourcePartition {
                topic: topic.id.0,
                partition: place.partition,
            },
            note,
            next: start.offset,
            taken_at: now.running_ms,
            marks: VecDeque::new(),
            journaled: start.offset,
            unclean_below: start.left.and_then(|left| left.below).unwrap_or_default(),
            committed: start.offset,
            proof: Proof::default(),
            there: known.unwrap_or_default(),
        };
        Ok(Some((reading, start.left.filter(|_| turns))))
    }

    /// Where a partition begins that nobody has read: one that came to be since this worker asked
    /// first has no past to leave out.
    fn first_begin(&self, place: &Place, topic: &Topic, begin: Begin) -> Begin {
        let is_new =
            |first: &Topic| first.name == topic.name && (first.id != topic.id || place.partition >= first.partitions);
        match begin {
            Begin::Latest if self.first_topics.iter().any(is_new) => Begin::Earliest,
            begin => begin,
        }
    }

    /// What the sources are right now; a topic made anew ends this intake's reading.
    pub(super) fn ask_topics(&mut self) -> Result<(), LogError> {
        let names: Vec<&str> = self.plan.sources.iter().map(|source| source.topic.as_str()).collect();
        let found = self.log.topics(&names)?;
        let mut topics = Vec::new();
        for (name, topic) in names.iter().zip(found) {
            // Of one that is gone the others know nothing: it is waited for like one that cannot be read.
            let known = || self.topics.iter().find(|known| *known.name == **name).cloned();
            let missing = || LogError::Retry(format!("there is no topic {name}"));
            topics.push(topic.or_else(known).ok_or_else(missing)?);
        }
        let anew = |place: &Place, reading: &Reading| {
            topics
                .iter()
                .any(|topic| topic.name == place.topic && topic.id != reading.note.topic)
        };
        for (place, phase) in &mut self.partitions {
            let begun = match phase {
                Phase::Assigned(_) => None,
                Phase::Turning(turning) => Some(&turning.reading),
                Phase::Reading(reading) => Some(&**reading),
            };
            if begun.is_some_and(|reading| anew(place, reading)) && !planted::is(Bug::TopicIdIgnored) {
                tracing::warn!(%place, "the topic was made anew");
                self.consumer.stop(place)?;
                *phase = Phase::Assigned(self.next_ticket);
                self.clock_at = i64::MIN / 2;
                self.told.all_at = None;
            }
        }
        if self.first_topics.is_empty() {
            self.first_topics.clone_from(&topics);
        }
        self.topics = topics;
        Ok(())
    }

    /// Commits what is journaled.
    pub(super) fn commit(&mut self, places: &[Place], clean: bool) -> Result<(), LogError> {
        let mut offsets = Vec::new();
        for place in places {
            let Some(Phase::Reading(reading)) = self.partitions.get_mut(place) else {
                continue;
            };
            let passed = reading.passed();
            let has_turned = passed.is_some();
            self.turned.extend(passed.map(|there| (place.clone(), there)));
            if has_turned || clean || reading.journaled > reading.committed {
                // Only what was taken in whole is a clean stop.
                let note = Note {
                    clean: clean && reading.journaled == reading.next && !reading.is_unclean(),
                    at: if reading.is_unclean() {
                        reading.note.at
                    } else {
                        Some(self.appended.no_later_than(self.now.time))
                    },
                    ..reading.note
                };
                offsets.push((
                    place.clone(),
                    Committed {
                        offset: planted::either(Bug::CommitBeforeFlush, reading.next, reading.journaled),
                        metadata: note.write(),
                    },
                ));
            }
        }
        if offsets.is_empty() {
            return Ok(());
        }
        self.consumer.commit(&offsets)?;
        self.acquaintance.is_kept();
        for (place, committed) in offsets {
            if let Some(Phase::Reading(reading)) = self.partitions.get_mut(&place) {
                reading.committed = committed.offset;
            }
        }
        Ok(())
    }

    /// Finishes what is on its way from these partitions, then gives them up.
    pub(super) fn give_up(&mut self, places: &[Place], mut finished: Result<(), LogError>) -> Result<(), LogError> {
        for _ in 0..CLOSE_ATTEMPTS_MAX {
            if self.on_their_way.is_empty() || finished.is_err() {
                break;
            }
            finished = self.take_acks(ACK_WAIT);
        }
        if finished.is_ok()
            && let Err(error) = self.commit(places, true)
        {
            tracing::warn!(%error, "giving partitions up without committing");
        }
        let gone: BTreeSet<&Place> = places.iter().collect();
        self.partitions.retain(|place, _| !gone.contains(place));
        self.turned.retain(|place, _| !gone.contains(place));
        self.consumer.release(places)?;
        finished
    }

    pub(super) fn forget_appends(&mut self) {
        self.appender = None;
        self.on_their_way.clear();
        self.next_ticket = 0;
        self.pace = Pace::default();
        self.journal_time = None;
        self.appended = Appended::default();
    }

    /// Throws the appender away and reads again from the committed offsets.
    pub(super) fn start_over(&mut self, error: LogError, now: Now) -> Result<(), Stop> {
        let Some(wait) = self.trouble.again(now) else {
            return Err(Stop::Trouble { last: error });
        };
        tracing::warn!(%error, wait_ms = wait, "starting over from the committed offsets");
        self.forget_appends();
        self.told.all_at = None;
        for (place, phase) in &mut self.partitions {
            if matches!(phase, Phase::Reading(_))
                && let Err(error) = self.consumer.stop(place)
            {
                tracing::warn!(%error, %place, "cannot stop reading");
            }
            *phase = Phase::Assigned(0);
        }
        if self.acquaintance.is_over(&error, now)
            && let Err(error) = self.join_anew()
        {
            tracing::warn!(%error, "cannot join the group anew");
        }
        self.status.tell_intake(&self.plan.worker, self.is_dealt);
        Ok(())
    }

    /// Leaves a member behind that the group does not know any more; what it had is others'.
    fn join_anew(&mut self) -> Result<(), LogError> {
        tracing::warn!("the group takes nothing from this member, and does not tell it why: joining anew");
        self.consumer = self.log.consumer(&self.plan.membership())?;
        self.partitions.clear();
        self.turned.clear();
        self.is_dealt = false;
        self.acquaintance.is_kept();
        Ok(())
    }
}
