//! A shard whose last transaction failed, or was not answered: the end of its state log says what
//! became of it.
//!
//! Memory is a function of the journal alone, so it is right either way, and what it led to is still
//! there. The rule: behind a fence of ours stands, as the last of all, what was written before that
//! transaction, or what was written in it. Anything else is of others, and everything is restored.

use super::restore::{READ, READ_WAIT};
use super::writers::writer_of;
use super::{Live, QUIET_MS_MAX};
use crate::clock::Now;
use crate::log::{Found, Isolation, Log, LogError, Place, Reader, Record};
use crate::planted::{self, Bug};
use crate::wire::state::{self, StateRecord};

/// Offsets from the end at which the look begins: what the largest transaction takes, and its marker.
const BACK: u64 = 16;
/// So many times as far, if that was not far enough.
const FURTHER: u64 = 8;
/// With more fences of our own than this behind what was written last, everything is restored.
const FENCES_MAX: usize = 64;

/// A shard that waits for what the end of its state log says.
pub(super) struct Unsettled {
    pub(super) live: Box<Live>,
    /// There is none before the fence is committed.
    look: Option<Look>,
}

/// What became of the last transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// There is nothing of it.
    NotWritten,
    /// It is committed.
    Written,
    /// The log ends with something else.
    Others,
}

/// A look at the end of a state log, up to a fence.
struct Look {
    place: Place,
    token: [u8; 16],
    reader: Box<dyn Reader>,
    /// Offsets from the log's end at which it began, and whether that is the log's start.
    back: u64,
    is_whole: bool,
    last: Option<Ending>,
    /// Since when nothing was read, in running time.
    quiet_since: i64,
}

impl Ending {
    /// For logs and metrics.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::NotWritten => "not-written",
            Self::Written => "written",
            Self::Others => "others",
        }
    }
}

impl Unsettled {
    pub(super) fn new(live: Box<Live>) -> Self {
        Self { live, look: None }
    }

    /// Whether a fence has to be written first.
    pub(super) fn needs_fence(&self) -> bool {
        self.look.is_none()
    }

    /// Where the fence was written was not told, or the look failed: from the beginning.
    pub(super) fn begin_anew(&mut self) {
        self.look = None;
    }

    /// Looks at the end of the log; the fence with `token` was committed before.
    pub(super) fn look(&mut self, log: &dyn Log, place: &Place, token: [u8; 16], now: Now) -> Result<(), LogError> {
        self.look = Some(Look::begin(log, place, token, BACK, now)?);
        Ok(())
    }

    /// Reads on; what became of the transaction, once the fence has been read.
    pub(super) fn step(&mut self, log: &dyn Log, writer: &str, now: Now) -> Result<Option<Ending>, LogError> {
        let Some(look) = &mut self.look else { return Ok(None) };
        if self.live.fences.len() > FENCES_MAX {
            return Ok(Some(Ending::Others));
        }
        let Found::Records(records) = look.reader.read(READ, READ_WAIT)? else {
            return Ok(Some(Ending::Others));
        };
        // Somebody's open transaction is in the way: a restore knows what to do.
        if records.is_empty() && now.running_ms - look.quiet_since >= QUIET_MS_MAX {
            return Ok(Some(Ending::Others));
        }
        for record in records {
            look.quiet_since = now.running_ms;
            match state::decode(record.value.as_deref().unwrap_or_default()) {
                Ok(StateRecord::Fence { token, .. }) if token == look.token => return self.ended(log, now),
                Ok(StateRecord::Fence { token, .. }) if self.live.fences.contains(&token) => {}
                Ok(StateRecord::Images(images)) if is_of(&record, writer) => {
                    if images.closes {
                        look.last = Some(self.live.ending(images.shard));
                    }
                }
                Ok(_) | Err(_) => look.last = Some(Ending::Others),
            }
        }
        Ok(None)
    }

    /// The fence has been read.
    fn ended(&mut self, log: &dyn Log, now: Now) -> Result<Option<Ending>, LogError> {
        let Some(look) = &mut self.look else { return Ok(None) };
        if look.last.is_none() && !look.is_whole {
            *look = Look::begin(log, &look.place, look.token, look.back.saturating_mul(FURTHER), now)?;
            return Ok(None);
        }
        Ok(Some(look.last.unwrap_or(Ending::Others)))
    }
}

impl Look {
    fn begin(log: &dyn Log, place: &Place, token: [u8; 16], back: u64, now: Now) -> Result<Self, LogError> {
        let (start, end) = log.bounds(place)?;
        let from = end.saturating_sub(back).max(start);
        Ok(Self {
            place: place.clone(),
            token,
            reader: log.reader(place, from, Isolation::Committed)?,
            back,
            is_whole: from == start,
            last: None,
            quiet_since: now.running_ms,
        })
    }
}

impl Live {
    /// What it means that the last record of ours holds this state of the shard's own. Where both
    /// are the same, nothing was said, and writing again changes nothing.
    fn ending(&self, own: &[u8]) -> Ending {
        let in_doubt = self.attempt.as_ref().map(|attempt| attempt.written.as_slice());
        if own == self.written {
            Ending::NotWritten
        } else if in_doubt == Some(own) {
            planted::either(Bug::WrittenAgain, Ending::NotWritten, Ending::Written)
        } else {
            Ending::Others
        }
    }
}

fn is_of(record: &Record, writer: &str) -> bool {
    writer_of(record).as_deref() == Some(writer)
}
