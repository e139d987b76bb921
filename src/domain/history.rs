//! What came of a lead's qualifying: its cycles, who must not have it again, and who was told of it.

use super::bytes::{Malformed, Reader, Writer};
use super::cycle::Cycle;
use super::letter::{read_texts, write_texts};

/// What came of a lead's qualifying.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct History {
    /// The last is the present one; earlier ones stay while they owe a notice.
    pub(crate) cycles: Vec<Cycle>,
    /// Reps who had the lead and lost it, sorted; for the lead's life.
    pub(crate) refused: Vec<String>,
    /// Handoff topics that were told of the lead, in order of the first time.
    pub(crate) topics: Vec<String>,
}

impl History {
    /// The reps this lead must not go to any more.
    pub(crate) fn refuse(&mut self, rep: &str) {
        if let Err(place) = self.refused.binary_search_by(|one| one.as_str().cmp(rep)) {
            self.refused.insert(place, rep.to_owned());
        }
    }

    /// A handoff topic is told of the lead.
    pub(crate) fn tell(&mut self, topic: &str) {
        if !self.topics.iter().any(|one| one == topic) {
            self.topics.push(topic.to_owned());
        }
    }

    /// Nothing happened, nothing written.
    pub(crate) fn write(&self, writer: &mut Writer) {
        if *self == Self::default() {
            return;
        }
        writer.list(&self.cycles, |writer, cycle| cycle.write(writer));
        write_texts(writer, &self.refused);
        write_texts(writer, &self.topics);
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            cycles: reader.list(Cycle::read)?,
            refused: read_texts(reader)?,
            topics: read_texts(reader)?,
        })
    }
}
