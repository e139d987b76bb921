//! Duplicate marks: twice is once (contract §1).
//!
//! A mark is the first ten bytes of BLAKE3 over source and id, with the journal time at which it was
//! made. It stands for seven days, the end included, and makes way for newer ones beyond 4,096: of so
//! many, one in 10^20 new events is taken for another. Marks are kept in order of time; chunks of
//! eight are entities of their own, so that an event writes few marks again that are no news.

use std::ops::Range;

use super::bytes::Malformed;
use super::fresh::Fresh;
use super::time::{DAY_MS, Instant};

/// How long a mark stands, in milliseconds of journal time.
const STANDS_MS: i64 = 7 * DAY_MS;
/// Marks a lead may have.
const AT_MOST: usize = 4_096;
/// Marks in a chunk.
const CHUNK: usize = 8;
/// Bytes of a mark: those of its time, and of the event's name.
pub(super) const BYTES: usize = TIME_BYTES + NAME_BYTES;
const TIME_BYTES: usize = 6;
const NAME_BYTES: usize = 10;
/// Chunks of one lead lie no further apart than this, those included that are to go.
const CHUNKS_MAX: u32 = (2 * AT_MOST / CHUNK) as u32;
/// Nobody lives to see a chunk of a higher number.
const NUMBER_MAX: u32 = u32::MAX / 2;
/// Chunks of a chunk as the first two versions wrote them: 64 marks, with sixteen bytes of the name.
const IN_A_FORMER_CHUNK: u32 = 8;
const FORMER_BYTES: usize = TIME_BYTES + 16;
/// Added to times, so that those before 1970 have six bytes as well.
const EPOCH: i64 = 1 << 46;

/// The name of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark(pub(crate) [u8; 16]);

/// Whether what came back leaves something out that must still come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gap {
    None,
    Left,
}

impl Mark {
    /// The mark of an event's source and id.
    pub(crate) fn of(source: &str, id: &str) -> Self {
        // Names are short: one call on one buffer costs half of three on a hasher.
        let mut buffer = [0; 256];
        let (source, id) = (source.as_bytes(), id.as_bytes());
        let end = source.len() + 1 + id.len();
        let hash = if let Some(name) = buffer.get_mut(..end) {
            let (head, tail) = name.split_at_mut(source.len());
            head.copy_from_slice(source);
            tail.iter_mut().skip(1).zip(id).for_each(|(to, byte)| *to = *byte);
            blake3::hash(name)
        } else {
            blake3::hash(&[source, &[0], id].concat())
        };
        Self(hash.as_bytes().first_chunk().copied().unwrap_or_default())
    }

    /// What is kept of it.
    fn name(&self) -> &[u8] {
        self.0.get(..NAME_BYTES).unwrap_or_default()
    }
}

/// The marks of one lead or rep, oldest first, in whole chunks but for the last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    /// The number of the first chunk, counted over the life of the owner.
    first: u32,
    /// What of the owner is written in this turn of the state log.
    pub(crate) fresh: Fresh,
    bytes: Vec<u8>,
}

/// Chunks that are another than before.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Written {
    /// Chunks that went.
    pub(crate) gone: Range<u32>,
    /// The chunk that grew.
    pub(crate) grown: u32,
    /// Whether a mark that still stood had to go.
    pub(crate) evicted: bool,
}

impl Marks {
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Whether the event was seen in the seven days before `at`.
    pub(crate) fn stands(&self, mark: Mark, at: Instant) -> bool {
        let out_of_sight = self.len().saturating_sub(AT_MOST);
        let marks = self.bytes.chunks_exact(BYTES).skip(out_of_sight);
        marks
            .filter(|entry| entry.ends_with(mark.name()))
            .any(|entry| !is_over(entry, at))
    }

    /// All there is to look through for a mark.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Makes a mark.
    pub(crate) fn add(&mut self, mark: Mark, at: Instant) -> Written {
        let leaving = self.len().checked_sub(AT_MOST);
        let leaving = leaving.and_then(|place| self.bytes.chunks_exact(BYTES).nth(place));
        let evicted = leaving.is_some_and(|entry| !is_over(entry, at));
        let before = self.first;
        while self.bytes.len() >= CHUNK * BYTES && (self.first_chunk_is_over(at) || self.len() >= AT_MOST + CHUNK) {
            self.bytes.drain(..CHUNK * BYTES);
            self.first += 1;
        }
        self.drop_old(at);
        if self.bytes.len() == self.bytes.capacity() {
            self.bytes.reserve_exact(BYTES * (4 + self.len() / 4));
        }
        self.bytes.extend_from_slice(&time_bytes(at));
        self.bytes.extend_from_slice(mark.name());
        Written {
            gone: before..self.first,
            grown: self.first + ((self.len() - 1) / CHUNK) as u32,
            evicted,
        }
    }

    /// Lets go of all marks if none stands at `at`; returns the chunks that went. Counting begins
    /// anew, as it does for whoever is restored without any.
    pub(crate) fn expire(&mut self, at: Instant) -> Range<u32> {
        let gone = self.chunks();
        let last = self.bytes.chunks_exact(BYTES).next_back();
        if last.is_none_or(|entry| !is_over(entry, at)) {
            return gone.end..gone.end;
        }
        *self = Self::default();
        gone
    }

    /// The numbers of the chunks there are.
    pub(crate) fn chunks(&self) -> Range<u32> {
        self.first..self.first + self.len().div_ceil(CHUNK) as u32
    }

    /// The bytes of a chunk, if there is one of this number.
    pub(crate) fn chunk(&self, number: u32) -> Option<&[u8]> {
        let place = number.checked_sub(self.first)? as usize;
        self.bytes.chunks(CHUNK * BYTES).nth(place)
    }

    /// Puts a chunk back, or takes note that it is gone. Chunks come in any order and repeatedly; the
    /// last image of each stands. Where one is still to come, a gap is left.
    pub(crate) fn restore(&mut self, number: u32, chunk: Option<&[u8]>) -> Result<Gap, Malformed> {
        let Some(chunk) = chunk else {
            self.lose(number);
            return Ok(Gap::None);
        };
        let is_whole = chunk.len().is_multiple_of(BYTES) && chunk.len() <= CHUNK * BYTES;
        if !is_whole || chunk.is_empty() || number > NUMBER_MAX {
            return Err(Malformed);
        }
        if self.first.saturating_sub(number) > CHUNKS_MAX {
            // Counting has begun anew, and what it began from is about to go.
            self.bytes.clear();
        }
        if self.bytes.is_empty() {
            self.first = number;
        }
        let chunks = self.chunks();
        if number.saturating_sub(chunks.end) > CHUNKS_MAX {
            return Err(Malformed);
        }
        let before = self.first.saturating_sub(number) as usize;
        if before > 0 {
            let room = std::iter::repeat_n(0, before * CHUNK * BYTES);
            self.bytes.splice(..0, room);
            self.first = number;
        }
        let from = (number - self.first) as usize * CHUNK * BYTES;
        let is_last = number + 1 >= chunks.end;
        let missing = from.saturating_sub(self.bytes.len());
        let rest = if is_last { 0 } else { CHUNK * BYTES - chunk.len() };
        if is_last {
            self.bytes
                .reserve_exact((from + chunk.len()).saturating_sub(self.bytes.len()));
            self.bytes.resize(from, 0);
            self.bytes.extend_from_slice(chunk);
        } else if let Some((place, behind)) = self
            .bytes
            .get_mut(from..)
            .and_then(|place| place.split_at_mut_checked(chunk.len()))
        {
            place.copy_from_slice(chunk);
            behind.iter_mut().take(rest).for_each(|byte| *byte = 0);
        }
        let is_left = missing > 0 || before > 1 || rest > 0;
        Ok(if is_left { Gap::Left } else { Gap::None })
    }

    /// The same, of a chunk of an earlier version.
    pub(crate) fn restore_former(&mut self, number: u32, chunk: Option<&[u8]>) -> Result<Gap, Malformed> {
        let first = number.checked_mul(IN_A_FORMER_CHUNK).ok_or(Malformed)?;
        let chunk = chunk.unwrap_or_default();
        if !chunk.len().is_multiple_of(FORMER_BYTES) {
            return Err(Malformed);
        }
        let marks = chunk.chunks_exact(FORMER_BYTES);
        let bytes: Vec<u8> = marks.flat_map(|mark| mark.iter().take(BYTES)).copied().collect();
        let mut chunks = bytes.chunks(CHUNK * BYTES);
        let mut gap = Gap::None;
        for number in first..first.saturating_add(IN_A_FORMER_CHUNK) {
            if self.restore(number, chunks.next())? == Gap::Left {
                gap = Gap::Left;
            }
        }
        if chunks.next().is_some() {
            Err(Malformed)
        } else {
            Ok(gap)
        }
    }

    /// Whether everything that came back is all there is.
    pub(crate) fn is_whole(&self) -> bool {
        !self.bytes.chunks_exact(BYTES).any(is_gap)
    }

    /// A chunk is gone.
    fn lose(&mut self, number: u32) {
        let chunks = self.chunks();
        if !chunks.contains(&number) {
            return;
        }
        let from = (number - self.first) as usize * CHUNK * BYTES;
        self.bytes
            .iter_mut()
            .skip(from)
            .take(CHUNK * BYTES)
            .for_each(|byte| *byte = 0);
        let is_gone = |chunk: &&[u8]| chunk.chunks_exact(BYTES).all(is_gap);
        let before = self.bytes.chunks(CHUNK * BYTES).take_while(is_gone).count();
        self.bytes.drain(..(before * CHUNK * BYTES).min(self.bytes.len()));
        self.first += before as u32;
        // The chunk before may have been the last for some time, and have lost marks meanwhile.
        while self.bytes.chunks_exact(BYTES).next_back().is_some_and(is_gap) {
            self.bytes.truncate(self.len().saturating_sub(1) * BYTES);
        }
    }

    /// Of a lead with one chunk, which is written as a whole anyway, the marks that ran out go as
    /// soon as they are more than half of it.
    fn drop_old(&mut self, at: Instant) {
        if self.len() >= CHUNK {
            return;
        }
        let mut marks = self.bytes.chunks_exact(BYTES);
        let middle = marks.len() / 2;
        if marks.clone().nth(middle).is_some_and(|entry| is_over(entry, at)) {
            let stands = marks.position(|entry| !is_over(entry, at)).unwrap_or(self.len());
            self.bytes.drain(..stands * BYTES);
        }
    }

    fn first_chunk_is_over(&self, at: Instant) -> bool {
        let last = self.bytes.chunks_exact(BYTES).nth(CHUNK - 1);
        last.is_some_and(|entry| is_over(entry, at))
    }

    fn len(&self) -> usize {
        self.bytes.len() / BYTES
    }
}

fn time_bytes(at: Instant) -> [u8; 6] {
    let [_, _, bytes @ ..] = at.millis().saturating_add(EPOCH).clamp(0, (1 << 48) - 1).to_be_bytes();
    bytes
}

/// No mark is of the time that this is of.
fn is_gap(entry: &[u8]) -> bool {
    entry.iter().all(|byte| *byte == 0)
}

fn is_over(entry: &[u8], at: Instant) -> bool {
    let made = entry
        .iter()
        .take(TIME_BYTES)
        .fold(0_i64, |time, byte| time << 8 | i64::from(*byte))
        - EPOCH;
    at.millis().saturating_sub(made) > STANDS_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(number: usize) -> Mark {
        Mark::of("source", &number.to_string())
    }

    #[test]
    fn a_mark_stands_for_seven_days_to_the_millisecond() {
        let mut marks = Marks::default();
        let made = Instant::from_millis(1_000);
        marks.add(mark(1), made);
        assert!(marks.stands(mark(1), made.plus_millis(STANDS_MS)));
        assert!(!marks.stands(mark(1), made.plus_millis(STANDS_MS + 1)));
        assert!(!marks.stands(mark(2), made));
    }

    #[test]
    fn marks_that_ran_out_go_when_they_are_most_of_the_only_chunk() {
        let mut marks = Marks::default();
        for (number, day) in [(0, 0), (1, 1), (2, 6), (3, 8)] {
            marks.add(mark(number), Instant::from_millis(day * DAY_MS + 1));
        }
        marks.add(mark(4), Instant::from_millis(12 * DAY_MS));
        assert_eq!(marks.len(), 5, "two in four are over");
        marks.add(mark(5), Instant::from_millis(14 * DAY_MS));
        assert_eq!((marks.len(), marks.chunks()), (3, 0..1), "three in five are over");
        assert!(marks.stands(mark(3), Instant::from_millis(15 * DAY_MS)));
    }

    #[test]
    fn source_and_id_do_not_run_into_each_other() {
        assert_ne!(Mark::of("a", "bc"), Mark::of("ab", "c"));
    }

    #[test]
    fn the_oldest_of_4096_makes_way_and_is_counted() {
        let mut marks = Marks::default();
        let at = Instant::from_millis(5);
        for number in 0..AT_MOST {
            assert!(!marks.add(mark(number), at).evicted);
        }
        assert!(marks.stands(mark(0), at));
        assert!(marks.add(mark(AT_MOST), at).evicted);
        assert!(!marks.stands(mark(0), at));
        assert!(marks.stands(mark(1), at));
        for number in AT_MOST + 1..AT_MOST * 2 {
            assert!(marks.add(mark(number), at).evicted);
        }
        assert!(marks.chunks().len() <= AT_MOST / CHUNK + 1);
        let later = at.plus_millis(STANDS_MS + 1);
        assert!(!marks.add(mark(0), later).evicted);
        assert_eq!(marks.len(), 1);
    }

    #[test]
    fn chunks_put_together_are_the_marks() {
        let mut marks = Marks::default();
        for number in 0..5_000 {
            marks.add(mark(number), Instant::from_millis(number as i64 - 100));
        }
        let mut again = Marks::default();
        for number in marks.chunks() {
            assert_eq!(again.restore(number, marks.chunk(number)), Ok(Gap::None));
        }
        assert_eq!(again, marks);
        for number in marks.chunks().rev() {
            again.restore(number, marks.chunk(number)).unwrap();
        }
        assert_eq!(again, marks, "whatever is there already");
        assert_eq!(again.restore(again.chunks().end, Some(&[])), Err(Malformed));
        assert_eq!(again.restore(u32::MAX, marks.chunk(marks.first)), Err(Malformed));
    }

    /// The chunks of 20 marks: two whole ones and one of four.
    fn chunks() -> (Marks, [Vec<u8>; 3]) {
        let mut marks = Marks::default();
        for number in 0..20 {
            marks.add(mark(number), Instant::from_millis(7));
        }
        let chunks = [0, 1, 2].map(|number| marks.chunk(number).unwrap().to_vec());
        (marks, chunks)
    }

    #[test]
    fn chunks_come_in_any_order_and_what_is_still_to_come_is_missed() {
        let (marks, chunks) = chunks();
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let mut again = Marks::default();
            for (came, number) in order.into_iter().enumerate() {
                again.restore(number, Some(&chunks[number as usize])).unwrap();
                let is_a_row = came != 1 || order[2] != 1;
                assert_eq!(again.is_whole(), is_a_row, "{order:?}: {number}");
            }
            assert_eq!(again, marks, "{order:?}");
        }
        let mut again = Marks::default();
        assert_eq!(
            again.restore(0, Some(&chunks[2])),
            Ok(Gap::None),
            "it is the last so far"
        );
        assert_eq!(again.restore(1, Some(&chunks[2])), Ok(Gap::Left), "the first has grown");
        assert_eq!(again.restore(0, Some(&chunks[0])), Ok(Gap::None));
        assert!(again.is_whole());
        assert_eq!(
            again.restore(0, Some(&chunks[2])),
            Ok(Gap::Left),
            "what has a next one was whole"
        );
    }

    #[test]
    fn chunks_that_are_gone_leave_no_gap_at_either_end() {
        let (marks, chunks) = chunks();
        for (gone, left) in [
            (&[0][..], 1..3),
            (&[2], 0..2),
            (&[1, 0], 2..3),
            (&[1, 2], 0..1),
            (&[7], 0..3),
        ] {
            let mut again = marks.clone();
            for number in gone {
                assert_eq!(again.restore(*number, None), Ok(Gap::None));
            }
            assert_eq!(again.chunks(), left, "{gone:?}");
            assert!(again.is_whole());
        }
        let mut again = marks.clone();
        for number in 0..3 {
            again.restore(number, None).unwrap();
        }
        assert!(again.is_empty());
        again.restore(9, Some(&chunks[1])).unwrap();
        assert_eq!(again.chunks(), 9..10);
    }

    #[test]
    fn counting_may_begin_anew_before_what_was_there_is_gone() {
        let (_, chunks) = chunks();
        for first in [0, 3, 5_000] {
            let mut again = Marks::default();
            for number in 0..3 {
                again.restore(first + number, Some(&chunks[number as usize])).unwrap();
            }
            again.restore(0, Some(&chunks[2])).unwrap();
            for number in (first..first + 3).filter(|number| *number != 0) {
                again.restore(number, None).unwrap();
            }
            assert_eq!(
                (again.chunks(), again.len(), again.is_whole()),
                (0..1, 4, true),
                "{first}"
            );
        }
    }

    #[test]
    fn chunks_of_earlier_versions_are_cut_anew() {
        let (marks, _) = chunks();
        let former = |marks: &[u8]| {
            let marks = marks
                .chunks_exact(BYTES)
                .map(|mark| [mark, &[7; FORMER_BYTES - BYTES]].concat());
            marks.collect::<Vec<_>>().concat()
        };
        let mut again = Marks::default();
        again.restore_former(0, Some(&former(&marks.bytes))).unwrap();
        assert_eq!(again, marks);
        assert_eq!(again.add(mark(20), Instant::from_millis(7)).grown, 2);
        again.restore_former(1, Some(&former(&marks.bytes))).unwrap();
        assert_eq!(again.chunks(), 0..11, "chunk 1 begins with mark 64");
        again.restore_former(0, None).unwrap();
        assert_eq!(again.chunks(), 8..11);
        let twelve = former(&marks.bytes[..12 * BYTES]);
        let mut shrunk = Marks::default();
        for kept in [12, 5] {
            shrunk.restore_former(0, Some(&twelve[..kept * FORMER_BYTES])).unwrap();
        }
        assert_eq!((shrunk.len(), shrunk.is_whole()), (5, true));
        assert_eq!(again.restore_former(0, Some(&[1; FORMER_BYTES + 1])), Err(Malformed));
        assert_eq!(again.restore_former(1, Some(&[1; FORMER_BYTES * 65])), Err(Malformed));
    }

    #[test]
    fn marks_that_ran_out_are_let_go_of() {
        let mut marks = Marks::default();
        for number in 0..100 {
            marks.add(mark(number), Instant::from_millis(0));
        }
        assert!(marks.expire(Instant::from_millis(STANDS_MS)).is_empty());
        assert_eq!(marks.expire(Instant::from_millis(STANDS_MS + 1)), 0..13);
        assert!(marks.is_empty());
        assert_eq!(marks.add(mark(1), Instant::from_millis(0)).grown, 0);
    }
}
