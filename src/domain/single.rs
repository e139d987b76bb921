//! One book that holds everything, its letters delivered at once: `tasuki replay`, and tests.
//!
//! Before a line, deadlines earlier than it fire in order. What a line or a deadline sets off is
//! finished, first in first out, at the same instant, before the next (contract §6).

use std::collections::VecDeque;
use std::sync::Arc;

use super::book::Book;
use super::effects::Effects;
use super::event::Verdict;
use super::fact::Fact;
use super::ids::LeadId;
use super::letter::Letter;
use super::policy::Policy;
use super::time::Instant;

/// One book and its mail. No letter is under way between two calls.
#[derive(Debug)]
pub struct Single {
    /// The book of the one journal partition.
    pub book: Book,
    mail: VecDeque<Letter>,
}

impl Single {
    /// An empty book.
    pub fn new(policy: Arc<Policy>) -> Self {
        Self::with(Book::new(0, 1, policy))
    }

    /// A book that was restored.
    pub fn with(book: Book) -> Self {
        let mail = VecDeque::new();
        Self { book, mail }
    }

    /// A fact at a journal time, after all deadlines before it. `effects.letters` stays empty.
    pub fn line(&mut self, at: Instant, lead: LeadId, fact: &Fact, effects: &mut Effects) -> Verdict {
        self.until(at, effects);
        let verdict = self.book.fact(at, lead, fact, effects);
        self.deliver(at, effects);
        verdict
    }

    /// Fires all deadlines earlier than `at`, each with everything it sets off.
    pub fn until(&mut self, at: Instant, effects: &mut Effects) {
        while let Some(due) = self.book.next_deadline().filter(|due| *due < at) {
            self.book.fire(at, 1, effects);
            self.deliver(due, effects);
        }
    }

    /// Adopts another policy, after all deadlines before it.
    pub fn adopt(&mut self, at: Instant, policy: Arc<Policy>, effects: &mut Effects) {
        self.until(at, effects);
        self.book.adopt(at, policy, effects);
        self.deliver(at, effects);
    }

    /// Finishes what the book was told at `at` set off; after the last of several facts at once.
    pub fn deliver(&mut self, at: Instant, effects: &mut Effects) {
        loop {
            self.mail.extend(effects.letters.drain(..).map(|(_, letter)| letter));
            let Some(letter) = self.mail.pop_front() else { return };
            self.book.letter(at, &letter, effects);
        }
    }
}
