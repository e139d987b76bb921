//! Duplicate marks: twice is once (contract §1).
//!
//! A mark is 16 bytes of BLAKE3 over source and id, with the journal time at which it was made.
//! It stands for seven days, the end included, and makes way for newer ones beyond 4,096. Marks
//! are kept in order of time; chunks of 64 are entities of their own, so that an event of a busy
//! lead writes one chunk.

use std::ops::Range;

use super::bytes::Malformed;
use super::time::{DAY_MS, Instant};

/// How long a mark stands, in milliseconds of journal time.
const STANDS_MS: i64 = 7 * DAY_MS;
/// Marks a lead may have.
const AT_MOST: usize = 4_096;
/// Marks in a chunk.
const CHUNK: usize = 64;
/// Bytes of a mark: six of time, sixteen of hash.
const BYTES: usize = 22;
/// Added to times, so that those before 1970 have six bytes as well.
const EPOCH: i64 = 1 << 46;

/// The name of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark(pub(crate) [u8; 16]);

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
}

/// The marks of one lead or rep, oldest first, in whole chunks but for the last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    /// The number of the first chunk, counted over the life of the owner.
    first: u32,
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
            .filter(|entry| entry.ends_with(&mark.0))
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
        self.bytes.extend_from_slice(&mark.0);
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

    /// Puts the next chunk back; chunks must come in order.
    pub(crate) fn restore(&mut self, number: u32, chunk: &[u8]) -> Result<(), Malformed> {
        if self.bytes.is_empty() {
            self.first = number;
        }
        let next = self.first + (self.bytes.len() / (CHUNK * BYTES)) as u32;
        let is_last = self.bytes.len().is_multiple_of(CHUNK * BYTES);
        let is_whole = chunk.len().is_multiple_of(BYTES) && chunk.len() <= CHUNK * BYTES;
        if !is_last || !is_whole || number != next {
            return Err(Malformed);
        }
        self.bytes.extend_from_slice(chunk);
        Ok(())
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

fn is_over(entry: &[u8], at: Instant) -> bool {
    let made = entry
        .iter()
        .take(6)
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
            again.restore(number, marks.chunk(number).unwrap()).unwrap();
        }
        assert_eq!(again, marks);
        assert_eq!(again.restore(again.chunks().end + 1, &[]), Err(Malformed));
    }

    #[test]
    fn marks_that_ran_out_are_let_go_of() {
        let mut marks = Marks::default();
        for number in 0..100 {
            marks.add(mark(number), Instant::from_millis(0));
        }
        assert!(marks.expire(Instant::from_millis(STANDS_MS)).is_empty());
        assert_eq!(marks.expire(Instant::from_millis(STANDS_MS + 1)), 0..2);
        assert!(marks.is_empty());
        assert_eq!(marks.add(mark(1), Instant::from_millis(0)).grown, 0);
    }
}
