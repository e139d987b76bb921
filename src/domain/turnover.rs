//! Turnovers: another translation goes on with what an earlier one has begun to read.
//!
//! The earlier one may have left facts in the journal above the offset that it committed, and may
//! still be writing. So whoever goes on appends a turnover to every journal partition, finds out
//! what stands before it, and leaves that out. The rule: behind a turnover, facts of an earlier one
//! are not taken, and positions begin anew at the offset that the turnover names.

use std::collections::BTreeMap;

use super::bytes::{Malformed, Reader, Writer};
use super::journal::{Position, SourcePartition, Turnover};

/// The turnover that each source partition is read under, where there was any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turnovers(BTreeMap<SourcePartition, u64>);

impl Turnovers {
    /// Whether facts read under this turnover are taken.
    pub fn take(&self, source: SourcePartition, turnover: u64) -> bool {
        self.0.get(&source).is_none_or(|latest| turnover >= *latest)
    }

    /// From here on earlier ones are not taken; false if a later one came before.
    pub fn turn(&mut self, turnover: &Turnover) -> bool {
        let takes = self.take(turnover.source, turnover.number);
        if takes {
            self.0.insert(turnover.source, turnover.number);
        }
        takes
    }

    /// The same, and the position of the source partition begins anew.
    pub fn turn_over(&mut self, turnover: &Turnover, positions: &mut BTreeMap<SourcePartition, Position>) {
        if !self.turn(turnover) {
            return;
        }
        match turnover.position() {
            Some(position) => positions.insert(turnover.source, position),
            None => positions.remove(&turnover.source),
        };
    }

    /// Writes them down.
    pub fn write(&self, writer: &mut Writer) {
        writer.uint(self.0.len() as u64);
        for (source, turnover) in &self.0 {
            source.write(writer);
            writer.uint(*turnover);
        }
    }

    /// Reads what `write` wrote.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let all = reader.list(|reader| Ok((SourcePartition::read(reader)?, reader.uint()?)))?;
        Ok(Self(all.into_iter().collect()))
    }
}

impl Turnover {
    /// The last position that counts as taken behind it; `None` where it begins with the first.
    pub fn position(&self) -> Option<Position> {
        let offset = self.from.checked_sub(1)?;
        Some(Position {
            offset,
            index: u32::MAX,
        })
    }
}
