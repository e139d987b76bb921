//! What is kept under a lead id: the lead, written down, and its duplicate marks.
//!
//! A service remembers millions of leads, most of them at rest, so one without marks takes two words
//! here besides its bytes.

use super::duplicates::{Mark, Marks};
use super::time::Instant;

/// What is kept under a lead id.
#[derive(Debug)]
pub(super) enum Cell {
    /// `Known`, written down; of most leads the marks have run out.
    Unmarked(Box<[u8]>),
    /// The same, with marks.
    Marked(Box<Marked>),
}

/// A lead that was heard of in the last days.
#[derive(Debug)]
pub(super) struct Marked {
    known: Box<[u8]>,
    marks: Marks,
}

impl Default for Cell {
    fn default() -> Self {
        Self::Unmarked(Box::default())
    }
}

impl Cell {
    /// Whether nothing is kept.
    pub(super) fn is_empty(&self) -> bool {
        self.known().is_empty() && self.marks().is_none_or(Marks::is_empty)
    }

    /// `Known`, written down.
    pub(super) fn known(&self) -> &[u8] {
        match self {
            Self::Unmarked(known) => known,
            Self::Marked(marked) => &marked.known,
        }
    }

    /// Keeps another one; in place where there is room: this memory was just read, other would be
    /// cold.
    pub(super) fn keep(&mut self, known: &[u8]) {
        let place = match self {
            Self::Unmarked(place) => place,
            Self::Marked(marked) => &mut marked.known,
        };
        if place.len() == known.len() {
            place.copy_from_slice(known);
        } else {
            let mut held = std::mem::take(place).into_vec();
            held.clear();
            held.reserve_exact(known.len());
            held.extend_from_slice(known);
            *place = held.into_boxed_slice();
        }
    }

    /// The marks, if there are any.
    pub(super) fn marks(&self) -> Option<&Marks> {
        match self {
            Self::Unmarked(_) => None,
            Self::Marked(marked) => Some(&marked.marks),
        }
    }

    /// The same, to be changed.
    pub(super) fn marks_mut(&mut self) -> Option<&mut Marks> {
        match self {
            Self::Unmarked(_) => None,
            Self::Marked(marked) => Some(&mut marked.marks),
        }
    }

    /// The marks, be it none so far.
    pub(super) fn marks_or_new(&mut self) -> &mut Marks {
        // Turns once more at most.
        loop {
            match self {
                Self::Marked(marked) => return &mut marked.marks,
                Self::Unmarked(known) => {
                    let known = std::mem::take(known);
                    let marks = Marks::default();
                    *self = Self::Marked(Box::new(Marked { known, marks }));
                }
            }
        }
    }

    /// Marks that are none take no room.
    pub(super) fn drop_empty_marks(&mut self) {
        if let Self::Marked(marked) = self
            && marked.marks.is_empty()
        {
            *self = Self::Unmarked(std::mem::take(&mut marked.known));
        }
    }

    /// Whether the event was seen lately.
    pub(super) fn has_seen(&self, mark: Mark, at: Instant) -> bool {
        self.marks().is_some_and(|marks| marks.stands(mark, at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_marks_it_takes_two_words() {
        assert_eq!(size_of::<Cell>(), 2 * size_of::<usize>());
    }

    #[test]
    fn marks_come_and_go_beside_the_lead() {
        let (at, mark) = (Instant::from_millis(0), Mark::of("web", "1"));
        let mut cell = Cell::default();
        assert!(cell.is_empty());
        cell.keep(b"lead");
        cell.marks_or_new().add(mark, at);
        assert!(cell.has_seen(mark, at) && !cell.has_seen(Mark::of("web", "2"), at));
        cell.keep(b"another");
        cell.drop_empty_marks();
        assert_eq!((cell.known(), cell.marks().is_some()), (&b"another"[..], true));
        *cell.marks_or_new() = Marks::default();
        cell.drop_empty_marks();
        assert_eq!((cell.known(), cell.marks()), (&b"another"[..], None));
        cell.keep(b"");
        assert!(cell.is_empty());
    }
}
