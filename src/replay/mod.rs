//! `tasuki replay`: a history in, the policy's decisions out (contract §6).
//!
//! The domain and the translation of the service, without a log and without a clock: time is what
//! the lines say. The same lines give the same bytes, in one piece or cut in two with a saved
//! state between.

mod line;
mod state;

use std::fmt;
use std::io::{self, Read, Write};
use std::sync::Arc;

use memchr::{memchr, memrchr};

use crate::domain::book::Book;
use crate::domain::effects::Effects;
use crate::domain::event::{Rejection, Verdict};
use crate::domain::ids::LeadKey;
use crate::domain::policy::Policy;
use crate::domain::single::Single;
use crate::domain::time::Instant;
use crate::wire::json::Arena;
use crate::wire::outputs::{self, DeadLetter, Decider};

pub use state::{SavedState, StateError};

use line::Line;

/// The one journal partition of a replay.
const SHARD: u32 = 0;
/// Bytes read at once; they stay in the processor's cache until they are decided.
const BLOCK_BYTES: u64 = 64 << 10;
/// Lines read before the first of them is decided.
const LINES_AHEAD: usize = 32;

/// Why a replay stopped.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// A line that cannot be replayed.
    #[error("line {number}: {fault}")]
    Line {
        /// From 1, counting empty lines.
        number: u64,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// The input could not be read.
    #[error("cannot read the input")]
    Read(#[source] io::Error),
    /// The output could not be written.
    #[error("cannot write the output")]
    Write(#[source] io::Error),
    /// The loaded state does not go with this replay.
    #[error(transparent)]
    State(#[from] StateError),
}

/// What a replay needs besides its lines.
#[derive(Clone, Debug)]
pub struct Options<'a> {
    /// The deployment's name, for `source`.
    pub deployment: &'a str,
    /// Deadlines earlier than this fire after the last line.
    pub until: Option<Instant>,
}

/// Where a replay came to: everything known after the last line.
pub struct Replayed<'a> {
    book: Book,
    key: &'a LeadKey,
    at: Option<Instant>,
    sequence: u64,
}

impl fmt::Debug for Replayed<'_> {
    /// Neither the secret nor what people are called.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Replayed");
        shown.field("at", &self.at).field("sequence", &self.sequence);
        shown.finish_non_exhaustive()
    }
}

impl Replayed<'_> {
    /// To go on from another time.
    pub fn save(&self) -> SavedState {
        state::save(&self.book, self.key, (self.at, self.sequence))
    }
}

/// Replays `input` and writes every output to `output`, from an empty state or a `loaded` one.
pub fn replay<'a>(
    (policy, key): (Arc<Policy>, &'a LeadKey),
    loaded: Option<&SavedState>,
    input: &mut impl Read,
    output: &mut impl Write,
    options: &Options<'a>,
) -> Result<Replayed<'a>, ReplayError> {
    let mut replay = Replay::begin(policy, key, loaded, options, output)?;
    let mut held = Vec::new();
    loop {
        let whole = read_lines(input, &mut held).map_err(ReplayError::Read)?;
        let (lines, begun) = held.split_at(whole);
        if lines.is_empty() {
            break;
        }
        replay.lines(lines)?;
        let begun = begun.len();
        held.copy_within(whole.., 0);
        held.truncate(begun);
    }
    if let Some(until) = options.until {
        replay.single.until(until, &mut replay.effects);
        replay.at = replay.at.max(Some(until));
        replay.write()?;
    }
    replay.output.flush().map_err(ReplayError::Write)?;
    Ok(Replayed {
        book: replay.single.book,
        key,
        at: replay.at,
        sequence: replay.sequence,
    })
}

/// Reads on until at least one line is whole, or to the end; returns where the last whole line ends.
fn read_lines(input: &mut impl Read, held: &mut Vec<u8>) -> io::Result<usize> {
    loop {
        let before = held.len();
        if input.by_ref().take(BLOCK_BYTES).read_to_end(held)? == 0 {
            return Ok(held.len());
        }
        if let Some(end) = memrchr(b'\n', &held[before..]) {
            return Ok(before + end + 1);
        }
    }
}

struct Replay<'a, W> {
    single: Single,
    key: &'a LeadKey,
    decider: Decider<'a>,
    output: &'a mut W,
    /// Of the last output; the first is 1.
    sequence: u64,
    /// Lines read so far, empty ones among them.
    number: u64,
    /// Of the last line.
    at: Option<Instant>,
    effects: Effects,
    written: Vec<u8>,
    /// Holds one line's tree at a time.
    arena: Arena,
}

impl<'a, W: Write> Replay<'a, W> {
    fn begin(
        policy: Arc<Policy>,
        key: &'a LeadKey,
        loaded: Option<&SavedState>,
        options: &Options<'a>,
        output: &'a mut W,
    ) -> Result<Self, ReplayError> {
        let book = Book::new(SHARD, 1, policy.clone());
        let mut replay = Self {
            single: Single::with(book),
            key,
            decider: Decider {
                deployment: options.deployment,
                shard: SHARD,
            },
            output,
            sequence: 0,
            number: 0,
            at: None,
            effects: Effects::default(),
            written: Vec::new(),
            arena: Arena::new(),
        };
        if let Some(loaded) = loaded {
            let restored = state::restore(loaded, &mut replay.single.book, key)?;
            (replay.at, replay.sequence) = (restored.at, restored.sequence);
            if restored.adopts {
                let at = restored.at.unwrap_or_default();
                replay.single.adopt(at, policy, &mut replay.effects);
                replay.write()?;
            }
        }
        Ok(replay)
    }

    /// Whole lines. A handful is read before the first of them is decided, so that the leads they
    /// are about come out of memory together.
    fn lines(&mut self, block: &[u8]) -> Result<(), ReplayError> {
        let mut rest = block;
        let mut ahead = Vec::with_capacity(LINES_AHEAD);
        while !rest.is_empty() {
            while ahead.len() < LINES_AHEAD && !rest.is_empty() {
                let end = memchr(b'\n', rest).unwrap_or(rest.len());
                let text = rest[..end].trim_ascii();
                rest = rest.get(end + 1..).unwrap_or_default();
                ahead.push((
                    text,
                    (!text.is_empty()).then(|| line::read(self.key, text, &self.arena)),
                ));
                self.arena.reset();
            }
            let leads = ahead.iter().map(|(_, line)| line.as_ref()?.as_ref().ok()?.lead());
            self.single.book.warm(leads.flatten());
            for (text, line) in ahead.drain(..) {
                self.number += 1;
                if let Some(line) = line {
                    self.line(line, text)?;
                }
            }
        }
        Ok(())
    }

    fn line(&mut self, line: Result<Line, &'static str>, text: &[u8]) -> Result<(), ReplayError> {
        let number = self.number;
        let fault = |fault| ReplayError::Line { number, fault };
        let line = line.map_err(fault)?;
        if self.at.is_some_and(|before| line.at < before) {
            return Err(fault("`at` is earlier than that of the line before"));
        }
        self.at = Some(line.at);
        self.single.until(line.at, &mut self.effects);
        match line.event {
            None => {}
            Some(Ok(facts)) => {
                for (lead, fact) in facts {
                    let verdict = self.single.book.fact(line.at, lead, &fact, &mut self.effects);
                    if let Verdict::Rejected(rejection) = verdict {
                        let causation = [&*fact.source, "#", &*fact.id].concat();
                        self.reject(&rejection, Some(&causation), line.at, text)?;
                    }
                }
                self.single.deliver(line.at, &mut self.effects);
            }
            Some(Err(rejection)) => {
                let causation = line::cause(text);
                self.reject(&rejection, causation.as_deref(), line.at, text)?;
            }
        }
        self.write()
    }

    /// Writes what was decided so far, then the dead letter.
    fn reject(
        &mut self,
        rejection: &Rejection,
        causation: Option<&str>,
        at: Instant,
        text: &[u8],
    ) -> Result<(), ReplayError> {
        self.write()?;
        self.sequence += 1;
        let letter = DeadLetter {
            rejection,
            causation,
            at,
            event: line::event(text),
        };
        outputs::dead_letter_line(&mut self.written, &letter, self.decider, self.sequence);
        self.put()
    }

    /// Writes what was decided.
    fn write(&mut self) -> Result<(), ReplayError> {
        if self.effects.outputs.is_empty() {
            self.effects.clear();
            return Ok(());
        }
        for decided in &self.effects.outputs {
            self.sequence += 1;
            outputs::line(&mut self.written, decided, self.decider, self.sequence);
        }
        self.effects.clear();
        self.put()
    }

    fn put(&mut self) -> Result<(), ReplayError> {
        self.output.write_all(&self.written).map_err(ReplayError::Write)?;
        self.written.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
