//! Where reading a source partition begins, and what is noted beside a committed offset.

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
}

impl Note {
    pub(super) fn write(&self) -> String {
        let stop = if self.clean { "clean" } else { "running" };
        format!("1 {} {} {stop}", hex(&self.topic.0), self.translation)
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
        })
    }
}

/// Where to begin, and what that means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Start {
    pub(super) offset: u64,
    /// Records below that were never read and are gone.
    pub(super) lost: u64,
    /// The offset is our choice and must be committed before the first record is read.
    pub(super) chosen: bool,
}

/// Decides where a partition begins.
pub(super) fn start(
    consumer: &mut dyn Consumer,
    place: &Place,
    begin: Begin,
    (topic, translation): (TopicId, u32),
) -> Result<Start, LogError> {
    let first = consumer.start_offset(place)?;
    let committed = consumer.committed(std::slice::from_ref(place))?.pop().flatten();
    let Some((committed, note)) = known(committed, topic) else {
        let offset = match begin {
            Begin::Earliest => first,
            Begin::Latest => end(consumer, place)?,
            Begin::At(time) => consumer.offset_at(place, time)?,
        };
        return Ok(Start {
            offset,
            lost: 0,
            chosen: true,
        });
    };
    if note.translation != translation && !note.clean {
        return Err(LogError::Refused(format!(
            "{place} was read by another version of Tasuki (translation {}, this one is {translation}) that did not \
             stop cleanly: start that version again, stop it with SIGTERM, then start this one",
            note.translation
        )));
    }
    Ok(Start {
        offset: committed.max(first),
        lost: first.saturating_sub(committed),
        chosen: false,
    })
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

    #[test]
    fn a_note_is_read_back() {
        for clean in [true, false] {
            let note = Note {
                topic: TopicId([0xab; 16]),
                translation: 7,
                clean,
            };
            assert_eq!(Note::read(&note.write()), Some(note));
        }
        assert_eq!(Note::read(""), None);
    }

    #[test]
    fn an_offset_of_a_topic_made_anew_counts_as_none() {
        let note = Note {
            topic: TopicId([1; 16]),
            translation: 1,
            clean: true,
        };
        let committed = Committed {
            offset: 5,
            metadata: note.write(),
        };
        assert_eq!(known(Some(committed.clone()), TopicId([1; 16])), Some((5, note)));
        assert_eq!(known(Some(committed), TopicId([2; 16])), None);
    }
}
