//! Where reading a source partition begins, and what is noted beside a committed offset.

use crate::domain::time::Instant;
use crate::log::{Committed, Consumer, LogError, Place, TopicId};
use crate::planted::{self, Bug};
use crate::settings::Begin;
use crate::wire::hex;

/// What stands in the metadata of a committed source offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Note {
    /// A topic made anew has another id: an offset of another id counts as none.
    pub(super) topic: TopicId,
    /// The number of the translation that read so far.
    pub(super) translation: u32,
    /// True: everything below is in the journal and nothing above it.
    pub(super) clean: bool,
    /// The turnover that it is read under.
    pub(super) turnover: u64,
    /// True: what earlier turnovers left in the journal above is not passed yet.
    pub(super) turning: bool,
    /// When it was committed; while something may stand above that readers before have left, when
    /// theirs was. `None` in what former versions wrote.
    pub(super) at: Option<Instant>,
}

impl Note {
    pub(super) fn write(&self) -> String {
        let stop = if self.clean { "clean" } else { "running" };
        let turn = if self.turning { "turning" } else { "turned" };
        let (topic, translation, turnover) = (hex(&self.topic.0), self.translation, self.turnover);
        let at = self.at.map(|at| at.millis().to_string()).unwrap_or_default();
        format!("1 {topic} {translation} {stop} {turnover} {turn} {at}")
    }

    fn read(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let (format, topic, translation) = (words.next()?, words.next()?, words.next()?);
        let clean = match words.next()? {
            "clean" => true,
            "running" => false,
            _ => return None,
        };
        let topic = TopicId(crate::domain::ids::LeadId::parse(topic)?.0);
        (format == "1").then_some(Self {
            topic,
            translation: translation.parse().ok()?,
            clean,
            turnover: words.next().map_or(Some(0), |number| number.parse().ok())?,
            turning: words.next() == Some("turning"),
            at: words.next().and_then(|at| at.parse().ok()).map(Instant::from_millis),
        })
    }
}

/// Where to begin, and what that means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Start {
    pub(super) offset: u64,
    /// Records below that were never read and are gone.
    pub(super) lost: u64,
    /// The offset is our choice: nobody has committed one.
    pub(super) chosen: bool,
    /// The turnover to read under: higher than that of every reader before, also where the note of
    /// one was lost, or came late.
    pub(super) turnover: u64,
    /// What readers before that did not stop cleanly may have left above the offset.
    pub(super) left: Option<Left>,
}

/// What may be left in the journal. Until it is passed, nobody stops cleanly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Left {
    /// No earlier than this, if that is known.
    pub(super) since: Option<Instant>,
    /// Where our own translation has left it: it is passed once everything below is read again.
    /// `None`: another one has, and it must be found out first what.
    pub(super) below: Option<u64>,
}

impl Left {
    pub(super) fn is_of_another(&self) -> bool {
        self.below.is_none()
    }
}

/// Decides where a partition begins; `journal_time` is that of a record appended since it is ours.
/// Nowhere, if it ends before what was read of it: shards would take what comes there for what they
/// have seen.
pub(super) fn start(
    consumer: &mut dyn Consumer,
    place: &Place,
    begin: Begin,
    (topic, translation): (TopicId, u32),
    journal_time: Instant,
) -> Result<Option<Start>, LogError> {
    let latest = u64::try_from(journal_time.millis()).unwrap_or_default();
    let first = consumer.start_offset(place)?;
    let committed = consumer.committed(std::slice::from_ref(place))?.pop().flatten();
    let Some((committed, note)) = known(committed, topic) else {
        let offset = match begin {
            Begin::Earliest => first,
            Begin::Latest => end(consumer, place)?,
            Begin::At(time) => consumer.offset_at(place, time)?,
        };
        return Ok(Some(Start {
            offset,
            lost: 0,
            chosen: true,
            turnover: latest,
            left: None,
        }));
    };
    let ends_at = end(consumer, place)?;
    if committed > ends_at {
        tracing::error!(%place, ends_at, committed, "it ends before what was read of it: records have been lost");
        return Ok(None);
    }
    let left = if note.clean {
        None
    } else {
        let is_of_another = note.turning || note.translation != translation;
        let below = (!is_of_another).then_some(ends_at);
        Some(Left { since: note.at, below })
    };
    Ok(Some(Start {
        offset: committed.max(first),
        lost: first.saturating_sub(committed),
        chosen: false,
        turnover: latest.max(note.turnover + 1),
        left,
    }))
}

fn known(committed: Option<Committed>, topic: TopicId) -> Option<(u64, Note)> {
    let committed = committed?;
    let note = Note::read(&committed.metadata)?;
    (note.topic == topic || planted::is(Bug::TopicIdIgnored)).then_some((committed.offset, note))
}

fn end(consumer: &mut dyn Consumer, place: &Place) -> Result<u64, LogError> {
    let no_answer = || Err(LogError::Retry(format!("no end offset of {place}")));
    consumer
        .ends(std::slice::from_ref(place))
        .pop()
        .unwrap_or_else(no_answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(clean: bool) -> Note {
        Note {
            topic: TopicId([1; 16]),
            translation: 7,
            clean,
            turnover: 0,
            turning: false,
            at: None,
        }
    }

    #[test]
    fn a_note_is_read_back() {
        for (clean, at) in [(true, None), (false, Some(Instant::from_millis(-5)))] {
            let note = Note {
                turning: !clean,
                turnover: 3,
                at,
                ..note(clean)
            };
            assert_eq!(Note::read(&note.write()), Some(note));
        }
        assert_eq!(Note::read(""), None);
    }

    #[test]
    fn a_note_of_a_version_that_knew_no_turnovers_is_read() {
        let text = format!("1 {} 7 clean", "01".repeat(16));
        assert_eq!(Note::read(&text), Some(note(true)));
    }

    #[test]
    fn an_offset_of_a_topic_made_anew_counts_as_none() {
        let note = note(true);
        let committed = Committed {
            offset: 5,
            metadata: note.write(),
        };
        assert_eq!(known(Some(committed.clone()), TopicId([1; 16])), Some((5, note)));
        assert_eq!(known(Some(committed), TopicId([2; 16])), None);
    }
}
