//! What of a lead stands in the present turn of the state log already, and need not be carried.
//!
//! A turn writes again whatever lives (see `shard::forward`), and passes over what was written since
//! it began. That is remembered beside a lead's duplicate marks: who has none is at rest.

use crate::planted::{self, Bug};

/// The number of a turn, as a process counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TurnNumber(pub u8);

const LEAD: u8 = 1;
const CHUNKS: u8 = 2;

/// What changed in a turn, and is written. What is of another turn is forgotten when it is carried, as
/// whatever lives is in each turn, or changes again: so numbers may come again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fresh {
    turn: TurnNumber,
    what: u8,
    /// The last bits of the number of the first chunk of marks; all behind it are written too.
    first_chunk: u16,
}

impl Fresh {
    /// The lead is written, whole.
    pub(crate) fn wrote_lead(&mut self, turn: TurnNumber) {
        self.of(turn).what |= LEAD;
    }

    /// A chunk of marks is written, in order of their numbers. Only the last chunk of a lead ever grows,
    /// so all from the first on that was written in a turn were.
    pub(crate) fn wrote_chunk(&mut self, turn: TurnNumber, number: u32) {
        let fresh = self.of(turn);
        if fresh.what & CHUNKS == 0 {
            fresh.what |= CHUNKS;
            fresh.first_chunk = number as u16;
        }
    }

    /// Something is carried, so what is known of earlier turns goes.
    pub(crate) fn carried(&mut self, turn: TurnNumber) {
        self.of(turn);
    }

    /// Whether the lead changed in this turn.
    pub(crate) fn has_lead(self, turn: TurnNumber) -> bool {
        self.is_of(turn) && self.what & LEAD != 0
    }

    /// Whether a chunk was; of one lead there are fewer than half of what the bits can tell.
    pub(crate) fn has_chunk(self, turn: TurnNumber, number: u32) -> bool {
        let behind = (number as u16).wrapping_sub(self.first_chunk);
        self.is_of(turn) && self.what & CHUNKS != 0 && behind <= u16::MAX / 2
    }

    fn is_of(self, turn: TurnNumber) -> bool {
        self.turn == turn || planted::is(Bug::StandsForever)
    }

    fn of(&mut self, turn: TurnNumber) -> &mut Self {
        if !self.is_of(turn) {
            *self = Self {
                turn,
                ..Self::default()
            };
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: TurnNumber = TurnNumber(1);
    const TWO: TurnNumber = TurnNumber(2);

    #[test]
    fn what_was_written_in_another_turn_is_forgotten_when_it_is_carried() {
        let mut fresh = Fresh::default();
        assert!(!fresh.has_lead(ONE));
        fresh.wrote_lead(ONE);
        fresh.carried(ONE);
        assert!(fresh.has_lead(ONE) && !fresh.has_chunk(ONE, 0));
        assert!(!fresh.has_lead(TWO));
        fresh.carried(TWO);
        assert!(!fresh.has_lead(ONE), "though its number comes again");
    }

    #[test]
    fn chunks_from_the_first_that_was_written_are_fresh() {
        for first in [0, 5, u32::from(u16::MAX), u32::MAX / 2] {
            let mut fresh = Fresh::default();
            fresh.wrote_chunk(ONE, first);
            fresh.wrote_chunk(ONE, first + 1);
            assert!(!fresh.has_lead(ONE));
            for number in first.saturating_sub(1_500)..first + 1_500 {
                assert_eq!(fresh.has_chunk(ONE, number), number >= first, "{number} of {first}");
            }
            fresh.wrote_chunk(TWO, first + 9);
            assert!(!fresh.has_chunk(TWO, first + 8) && fresh.has_chunk(TWO, first + 9));
        }
    }

    #[test]
    fn it_takes_no_more_room_than_there_is_beside_the_number_of_a_chunk() {
        assert_eq!(size_of::<Fresh>(), 4);
    }
}
