//! `tasuki replay`: a history in, the policy's decisions out (contract §6).
//!
//! The domain and the translation of the service, without a log and without a clock: time is what
//! the lines say. The same lines give the same bytes, in one piece or cut in two with a saved
//! state between.

mod line;
mod state;

use std::io::{self, BufRead, Write};
use std::sync::Arc;

use crate::domain::book::Book;
use crate::domain::effects::Effects;
use crate::domain::event::{Rejection, Verdict};
use crate::domain::ids::LeadKey;
use crate::domain::policy::Policy;
use crate::domain::single::Single;
use crate::domain::time::Instant;
use crate::wire::outputs::{self, DeadLetter, Decider};

pub use state::{SavedState, StateError};

/// The one journal partition of a replay.
const SHARD: u32 = 0;

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

/// Replays `input` and writes every output to `output`, from an empty state or a `loaded` one;
/// returns the state after the last line.
pub fn replay(
    (policy, key): (Arc<Policy>, &LeadKey),
    loaded: Option<&SavedState>,
    input: &mut impl BufRead,
    output: &mut impl Write,
    options: &Options<'_>,
) -> Result<SavedState, ReplayError> {
    let mut replay = Replay::begin(policy, key, loaded, options, output)?;
    let mut text = Vec::new();
    let mut number = 0;
    loop {
        text.clear();
        if input.read_until(b'\n', &mut text).map_err(ReplayError::Read)? == 0 {
            break;
        }
        number += 1;
        let text = text.trim_ascii();
        if !text.is_empty() {
            replay.line(number, text)?;
        }
    }
    if let Some(until) = options.until {
        replay.single.until(until, &mut replay.effects);
        replay.at = replay.at.max(Some(until));
        replay.write()?;
    }
    replay.output.flush().map_err(ReplayError::Write)?;
    Ok(state::save(&replay.single.book, key, (replay.at, replay.sequence)))
}

struct Replay<'a, W> {
    single: Single,
    key: &'a LeadKey,
    decider: Decider<'a>,
    output: &'a mut W,
    /// Of the last output; the first is 1.
    sequence: u64,
    /// Of the last line.
    at: Option<Instant>,
    effects: Effects,
    written: Vec<u8>,
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
            at: None,
            effects: Effects::default(),
            written: Vec::new(),
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

    fn line(&mut self, number: u64, text: &[u8]) -> Result<(), ReplayError> {
        let fault = |fault| ReplayError::Line { number, fault };
        let line = line::read(self.key, text).map_err(fault)?;
        if self.at.is_some_and(|before| line.at < before) {
            return Err(fault("`at` is earlier than that of the line before"));
        }
        self.at = Some(line.at);
        match line.event {
            None => self.single.until(line.at, &mut self.effects),
            Some(Ok(facts)) => {
                for (lead, fact) in facts {
                    if let Verdict::Rejected(rejection) = self.single.line(line.at, lead, &fact, &mut self.effects) {
                        let causation = [&*fact.source, "#", &*fact.id].concat();
                        self.reject(&rejection, Some(&causation), line.at, text)?;
                    }
                }
            }
            Some(Err(rejection)) => {
                self.single.until(line.at, &mut self.effects);
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
