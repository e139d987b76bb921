//! Dead letters, looked through and sent back: what `tasuki dead-letters` does on a log.
//!
//! Each letter is looked at one after the other, so that any number of them fits. What is sent on
//! its way back and not yet acknowledged is in memory, and that is limited; of each record that went
//! back its offset stays, a few bytes.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::domain::event::RejectReason;
use crate::domain::time::Instant;
use crate::log::{Appender, Log, LogError, NewRecord, Place, Record, read_through};
use crate::names::Names;
use crate::wire::outputs::{self, Filed};
use crate::wire::sent_back;

/// Records on their way back at the same time, at most.
const UNACKNOWLEDGED_MAX: u64 = 1_000;
/// How long one wait for acknowledgements takes, and how many in a row may bring none.
const ACK_WAIT: Duration = Duration::from_millis(500);
const ACK_ATTEMPTS_MAX: u32 = 120;

/// Where a letter stands: partition and offset among the dead letters, written `3/17`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LetterName {
    /// The partition of the dead letters.
    pub partition: u32,
    /// The offset there.
    pub offset: u64,
}

impl fmt::Display for LetterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.partition, self.offset)
    }
}

impl FromStr for LetterName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numbers = text.split_once('/').and_then(|(partition, offset)| {
            Some(Self {
                partition: partition.parse().ok()?,
                offset: offset.parse().ok()?,
            })
        });
        numbers.ok_or("not the name of a letter such as 3/17, as `tasuki dead-letters list` prints it")
    }
}

/// One dead letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Its name.
    pub name: LetterName,
    /// When it became one.
    pub at: Instant,
    /// Why, and where it came from.
    pub filed: Filed,
    /// The record as it came: personal, so it is shown only where somebody asks for this one letter.
    pub original: NewRecord,
}

/// Which letters; what is empty chooses all.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// With one of these reasons.
    pub reasons: Vec<RejectReason>,
    /// From one of these topics.
    pub sources: Vec<String>,
    /// Dead letters from this time on.
    pub since: Option<Instant>,
    /// Dead letters before this time.
    pub until: Option<Instant>,
}

impl Choice {
    fn takes(&self, letter: &Letter) -> bool {
        let topic = letter.filed.source.topic.as_ref();
        (self.reasons.is_empty() || self.reasons.contains(&letter.filed.reason))
            && (self.sources.is_empty() || self.sources.iter().any(|source| source == topic))
            && self.since.is_none_or(|since| since <= letter.at)
            && self.until.is_none_or(|until| letter.at < until)
    }
}

/// Why it stopped.
#[derive(Debug, thiserror::Error)]
pub enum LettersError {
    /// There is nothing to look through.
    #[error("there is no topic {0}: name the log, folder and prefix with which `tasuki serve` ran")]
    NoTopic(String),
    /// There is no such letter.
    #[error(
        "there is no dead letter {0}: it was deleted, or never was; `tasuki dead-letters list` names those there are"
    )]
    NoLetter(LetterName),
    /// The log does not answer as hoped.
    #[error(transparent)]
    Log(#[from] LogError),
    /// Not everything that was sent back is known to be there.
    #[error("{acknowledged} records are back for certain, others may be; send them all again: each counts once")]
    Unfinished {
        /// How many are.
        acknowledged: u64,
        /// What went wrong.
        #[source]
        because: LogError,
    },
    /// The output could not be written.
    #[error("cannot write the output")]
    Write(#[source] std::io::Error),
}

/// Shows `see` each chosen letter that is there now, by partition, in order; returns how many
/// records there are no letters of ours.
pub fn each(
    log: &dyn Log,
    names: &Names,
    choice: &Choice,
    mut see: impl FnMut(Letter) -> Result<(), LettersError>,
) -> Result<u64, LettersError> {
    let topic = names.dead_letters();
    let known = log.topics(&[&topic])?.pop().flatten();
    let known = known.ok_or_else(|| LettersError::NoTopic(topic.clone()))?;
    let mut strangers = 0;
    for partition in 0..known.partitions {
        let place = Place::new(&topic, partition);
        let (start, end) = log.bounds(&place)?;
        read_through(log, &place, start..end, |record| {
            let says_nothing = outputs::is_unblocking(&record.headers);
            match letter(partition, record) {
                Some(letter) if choice.takes(&letter) => see(letter)?,
                Some(_) => {}
                None => strangers += u64::from(!says_nothing),
            }
            Ok::<(), LettersError>(())
        })?;
    }
    Ok(strangers)
}

/// The letter of that name.
pub fn one(log: &dyn Log, names: &Names, name: LetterName) -> Result<Letter, LettersError> {
    let topic = names.dead_letters();
    let known = log.topics(&[&topic])?.pop().flatten();
    let known = known.ok_or_else(|| LettersError::NoTopic(topic.clone()))?;
    if name.partition >= known.partitions {
        return Err(LettersError::NoLetter(name));
    }
    let place = Place::new(&topic, name.partition);
    let (start, end) = log.bounds(&place)?;
    let mut found = None;
    if (start..end).contains(&name.offset) {
        read_through(log, &place, name.offset..name.offset + 1, |record| {
            found = letter(name.partition, record);
            Ok::<(), LogError>(())
        })?;
    }
    found.ok_or(LettersError::NoLetter(name))
}

fn letter(partition: u32, record: Record) -> Option<Letter> {
    let name = LetterName {
        partition,
        offset: record.offset,
    };
    let at = record.time;
    let (filed, original) = outputs::read_dead_letter(record)?;
    Some(Letter {
        name,
        at,
        filed,
        original,
    })
}

/// What was sent back, or would be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Records by the topic they came from and go back to.
    pub back: BTreeMap<String, u64>,
    /// Letters from topics that are no source now: left where they are.
    pub left: BTreeMap<String, u64>,
    /// Further letters of records that went back for another one.
    pub further: u64,
    /// Records among the dead letters that are none of ours.
    pub strangers: u64,
}

/// Sends the chosen letters back to where they came from: key, value and headers as they were, into
/// the partition they stood in; with where they stood first, where an event may be named by that.
/// A record that holds many events may have a letter for each, and one that carries where it stood
/// first may have further ones of its copies: it goes back once. Returns once all are durable; with `dry`, it only counts.
/// Only topics among `sources` are written to: whoever can write dead letters must not reach others.
pub fn send_back(
    log: &dyn Log,
    names: &Names,
    sources: &BTreeSet<String>,
    choice: &Choice,
    dry: bool,
) -> Result<Sent, LettersError> {
    let mut sent = Sent::default();
    let mut partitions = BTreeMap::new();
    for topic in sources {
        if let Some(known) = log.topics(&[topic])?.pop().flatten() {
            partitions.insert(topic.clone(), known.partitions);
        }
    }
    // By offset and time: a topic that was made anew has other records at the same offsets.
    let mut gone: HashMap<Place, HashSet<(u64, Instant)>> = HashMap::new();
    let mut outbox = Outbox::open(log, dry)?;
    sent.strangers = each(log, names, choice, |mut letter| {
        let Filed {
            source, offset, time, ..
        } = letter.filed;
        let Place { topic, partition } = source.clone();
        let Some(count) = partitions.get(topic.as_ref()) else {
            *sent.left.entry(topic.to_string()).or_default() += 1;
            return Ok(());
        };
        let first = sent_back::mark(&mut letter.original, &source, offset, time);
        let stood = Place::new(&topic, first.partition);
        if !gone.entry(stood).or_default().insert((first.offset, first.time)) {
            sent.further += 1;
            return Ok(());
        }
        // A topic made anew may have fewer partitions; then the key chooses.
        let partition = (partition < *count).then_some(partition);
        outbox.send(&topic, partition, &letter.original)?;
        *sent.back.entry(topic.to_string()).or_default() += 1;
        Ok(())
    })?;
    outbox.finish()?;
    Ok(sent)
}

/// Records on their way back.
struct Outbox {
    /// None where nothing is to be sent.
    appender: Option<Box<dyn Appender>>,
    appended: u64,
    acknowledged: u64,
}

impl Outbox {
    fn open(log: &dyn Log, dry: bool) -> Result<Self, LogError> {
        Ok(Self {
            appender: if dry { None } else { Some(log.appender()?) },
            appended: 0,
            acknowledged: 0,
        })
    }

    fn send(&mut self, topic: &str, partition: Option<u32>, record: &NewRecord) -> Result<(), LettersError> {
        self.wait_for(UNACKNOWLEDGED_MAX)?;
        let mut attempts = 0;
        loop {
            let Some(appender) = &mut self.appender else {
                return Ok(());
            };
            match appender.append(topic, partition, record) {
                Ok(_) => break,
                Err(LogError::Retry(_)) if attempts < ACK_ATTEMPTS_MAX => attempts += 1,
                Err(because) => return Err(self.unfinished(because)),
            }
            self.poll()?;
        }
        self.appended += 1;
        Ok(())
    }

    fn finish(mut self) -> Result<(), LettersError> {
        self.wait_for(0)
    }

    /// Waits until at most `left` are not acknowledged.
    fn wait_for(&mut self, left: u64) -> Result<(), LettersError> {
        let mut attempts = 0;
        while self.appended - self.acknowledged > left {
            attempts = if self.poll()? == 0 { attempts + 1 } else { 0 };
            if attempts > ACK_ATTEMPTS_MAX {
                let because = LogError::Unknown("no acknowledgement in time".to_owned());
                return Err(self.unfinished(because));
            }
        }
        Ok(())
    }

    fn poll(&mut self) -> Result<u64, LettersError> {
        let Some(appender) = &mut self.appender else {
            return Ok(0);
        };
        match appender.poll(ACK_WAIT) {
            Ok(acks) => {
                self.acknowledged += acks.len() as u64;
                Ok(acks.len() as u64)
            }
            Err(because) => Err(self.unfinished(because)),
        }
    }

    fn unfinished(&self, because: LogError) -> LettersError {
        LettersError::Unfinished {
            acknowledged: self.acknowledged,
            because,
        }
    }
}
