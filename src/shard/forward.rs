//! Carrying what a shard remembers forward in its state log, so that what is older may be deleted.
//!
//! Each transaction writes again, besides what changed, some of what did not, in turn. When the turn
//! has gone round, everything that lives stands at its start or behind it. The rule: what is older
//! is deleted only after the transaction that completed the turn is committed.

use crate::domain::bytes::{Malformed, Writer};
use crate::domain::fresh::TurnNumber;
use crate::domain::shard::{Part, Shard};
use crate::domain::time::Instant;
use crate::log::{Log, LogError, Place};
use crate::planted::{self, Bug};
use crate::wire::state::{Draft, Turn, TurnPlace};

/// For each nine bytes that are written in a turn, changes and what is carried, it has passed so many
/// of what lives. With five, the log is at most 3.6 times what lives: two turns, each of nine fifths.
/// What changed in a turn is passed without being carried, so that fewer bytes are, and a turn takes
/// longer. Transactions that were lost fill the log too, and are made up for as if they were changes.
const PASSED_FOR_NINE: u64 = 5;
/// Bytes passed in one transaction of one shard, one image more.
const PASSED_MAX: u64 = 8 << 20;
/// A turn that wrote less is followed by the next when its time has come, not at once.
const TURN_BYTES_MIN: u64 = 256 << 10;
/// Turns in the time within which what was erased must be out of the log: it goes with the turn
/// that begins after the erasure, so two would just do.
const TURNS_TO_ERASE: i64 = 3;
/// Parts looked at together, at least and at most.
const PARTS_MIN: usize = 8;
const PARTS_MAX: usize = 256;
/// A part is about so long.
const PART_BYTES: usize = 128;
/// Bytes of the name of a part that stands in the turn already, at least: tags and the lead's id.
const NAME_BYTES: u64 = 19;
/// A log is trimmed again after this, in milliseconds, whether it could be or not: a broker that is
/// killed forgets where its logs began in the last minute, or as long as its setting
/// `log.flush.start.offset.checkpoint.interval.ms` says.
const TRIM_AGAIN_MS: i64 = 20_000;

/// How far one shard's state log has been carried forward, and how long it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Forward {
    pub(super) turn: Option<Turn>,
    /// Bytes of records before the turn began.
    older: u64,
    /// Bytes of records since.
    recent: u64,
    /// Bytes by which the turn is paced: names and images written since it began, and what goes with
    /// them; lost ones not before they are made up for.
    written: u64,
    /// The number of the turn.
    number: TurnNumber,
    /// Bytes of lost transactions that are not made up for yet.
    lost: u64,
    /// The last one was lost, so what it was to write is written again.
    is_again: bool,
    /// Where the last turn began that has gone round: everything that lives stands there or behind.
    round: u64,
    /// Bytes of records before it.
    spent: u64,
    /// The start below which everything was deleted last.
    trimmed: u64,
    /// When it was last tried, in running time.
    tried_at: Option<i64>,
}

/// What a transaction writes, and with what.
pub(super) struct Pen<'a> {
    pub(super) shard: &'a mut Shard,
    pub(super) draft: Draft,
    turn: TurnNumber,
    /// A name and an image, while they are written.
    scratch: (Writer, Writer),
}

impl Forward {
    /// Bytes between the state log's start and its end.
    pub(super) fn log_bytes(&self) -> u64 {
        self.older + self.recent
    }

    /// A transaction of so many bytes stands in the log, and says how far the turn has come.
    pub(super) fn wrote(&mut self, bytes: u64) {
        self.recent += bytes;
    }

    /// Of an attempt to go on from here, nothing stands in the log but its bytes.
    pub(super) fn lost(&mut self, attempt: &Self) {
        let bytes = attempt.log_bytes().saturating_sub(self.log_bytes());
        self.recent += bytes;
        self.lost += bytes;
        self.is_again = true;
    }

    /// The same, as it is found again in the log.
    pub(super) fn read(&mut self, turn: Option<Turn>, bytes: u64) {
        let start = |turn: &Option<Turn>| turn.as_ref().map(|turn| turn.start);
        if start(&self.turn) != start(&turn) {
            self.next_turn();
        }
        self.turn = turn;
        if planted::is(Bug::TurnForgotten) {
            self.turn.iter_mut().for_each(|turn| turn.place = TurnPlace::Round);
        }
        self.recent += bytes;
        self.written += bytes;
        self.goes_round();
    }

    /// Takes note of a turn that has gone round, and is committed.
    fn goes_round(&mut self) {
        let turn = self.turn.as_ref().filter(|turn| turn.place == TurnPlace::Round);
        if let Some(turn) = turn.filter(|turn| turn.start > self.round) {
            self.round = turn.start;
            self.spent = self.older;
            self.tried_at = None;
        }
    }

    /// Begins a turn where none is on its way and one is due. The log's end is asked for before
    /// anything of the turn is written, so all of it is behind.
    pub(super) fn begin(
        &mut self,
        log: &dyn Log,
        place: &Place,
        at: Instant,
        erase_within_ms: i64,
    ) -> Result<(), LogError> {
        let is_due = match &self.turn {
            None => true,
            Some(turn) => {
                let age = at.millis().saturating_sub(turn.began.millis());
                turn.place == TurnPlace::Round
                    && self.trimmed >= turn.start
                    && (self.recent >= TURN_BYTES_MIN || age >= erase_within_ms / TURNS_TO_ERASE)
            }
        };
        if is_due {
            let (_, end) = log.bounds(place)?;
            self.next_turn();
            self.turn = Some(Turn {
                start: end,
                began: at,
                passed: 0,
                place: TurnPlace::Begun,
            });
        }
        Ok(())
    }

    fn next_turn(&mut self) {
        self.older += std::mem::take(&mut self.recent);
        self.written = 0;
        self.number.0 = self.number.0.wrapping_add(1);
    }

    /// Goes on with the turn: as the bytes written in it and the time ask for, `own_bytes` of what
    /// changed among them. Returns what ran out on the way.
    ///
    /// What was lost is made up for once something is written again: transactions that are lost one
    /// after the other would grow from each to the next.
    pub(super) fn carry(
        &mut self,
        pen: &mut Pen<'_>,
        own_bytes: u64,
        erase_within_ms: i64,
    ) -> Result<Vec<Part>, Malformed> {
        let log_bytes = self.log_bytes();
        let mut expired = Vec::new();
        let Some(turn) = self.turn.as_mut().filter(|turn| turn.place != TurnPlace::Round) else {
            return Ok(expired);
        };
        let age = pen.shard.at().millis().saturating_sub(turn.began.millis()).max(0);
        let made_up = if std::mem::take(&mut self.is_again) {
            0
        } else {
            std::mem::take(&mut self.lost)
        };
        self.written += own_bytes + made_up;
        let asked_by_time = pace(log_bytes, age, erase_within_ms);
        let most = turn.passed.saturating_add(PASSED_MAX);
        let goal = |written: u64| (written * PASSED_FOR_NINE / 9).max(asked_by_time).min(most);
        let mut after = match &turn.place {
            TurnPlace::After(key) => Some(Part::parse(key)?),
            TurnPlace::Begun | TurnPlace::Round => None,
        };
        while turn.passed < goal(self.written) {
            let parts_max = (goal(self.written) - turn.passed) as usize / PART_BYTES;
            let parts = pen.look_ahead(after.as_ref(), parts_max.clamp(PARTS_MIN, PARTS_MAX));
            if parts.is_empty() {
                turn.place = TurnPlace::Round;
                break;
            }
            for (part, stands) in parts {
                if turn.passed >= goal(self.written) {
                    if planted::is(Bug::CarrySkipsOne) {
                        after = Some(part);
                    }
                    break;
                }
                turn.passed += if let Some(image) = stands {
                    NAME_BYTES + image as u64
                } else {
                    pen.shard.expire(&part, &mut expired);
                    let carried = pen.carry(&part);
                    self.written += carried;
                    carried
                };
                after = Some(part);
            }
            turn.place = after
                .as_ref()
                .map_or(TurnPlace::Begun, |part| TurnPlace::After(part.key()));
        }
        Ok(expired)
    }

    /// After the commit: deletes what is older than the last turn that has gone round. True if
    /// there was something.
    pub(super) fn trim(&mut self, log: &dyn Log, place: &Place, running_ms: i64) -> bool {
        self.goes_round();
        let waits = self.tried_at.is_some_and(|at| running_ms - at < TRIM_AGAIN_MS);
        if self.round == 0 || waits {
            return false;
        }
        self.tried_at = Some(running_ms);
        if let Err(error) = log.trim(place, self.round) {
            tracing::warn!(%place, %error, "the state log cannot be trimmed");
            return false;
        }
        self.trimmed = self.round;
        let spent = std::mem::take(&mut self.spent);
        self.older -= spent;
        spent > 0
    }
}

impl<'a> Pen<'a> {
    pub(super) fn new(shard: &'a mut Shard, draft: Draft, forward: &Forward) -> Self {
        Self {
            shard,
            draft,
            turn: forward.number,
            scratch: Default::default(),
        }
    }

    /// Writes a part that changed, or is gone; returns the bytes of its name and its image.
    pub(super) fn change(&mut self, part: &Part) -> u64 {
        let lives = self.look_up(part);
        if lives {
            self.shard.wrote(part, self.turn);
        }
        let (key, image) = &self.scratch;
        self.draft.changed(&key.0, lives.then_some(&image.0));
        (key.0.len() + image.0.len()) as u64
    }

    /// The parts that follow, at most so many, each with the bytes of its image if it stands in this
    /// turn. The others are about to be carried, and are on their way from memory.
    fn look_ahead(&self, after: Option<&Part>, limit: usize) -> Vec<(Part, Option<usize>)> {
        let parts = self.shard.ahead(after, limit, Some(self.turn));
        let carried = parts.iter().filter(|(_, stands)| stands.is_none());
        self.shard.warm_images(carried.map(|(part, _)| part));
        parts
    }

    /// Writes a part again, unless it is gone; returns the bytes of its name and its image.
    fn carry(&mut self, part: &Part) -> u64 {
        if !self.look_up(part) {
            return 0;
        }
        let (key, image) = &self.scratch;
        self.draft.carried(&key.0, &image.0);
        self.shard.carried(part, self.turn);
        (key.0.len() + image.0.len()) as u64
    }

    fn look_up(&mut self, part: &Part) -> bool {
        let (key, image) = &mut self.scratch;
        key.0.clear();
        image.0.clear();
        part.write_key(key);
        self.shard.write_image(part, image)
    }
}

/// Bytes that a turn of this age should have carried, if it is to go round in time. What lives is no
/// more than the log.
fn pace(log_bytes: u64, age_ms: i64, erase_within_ms: i64) -> u64 {
    let turn_ms = (erase_within_ms / TURNS_TO_ERASE).max(1) as u128;
    u64::try_from(u128::from(log_bytes) * age_ms as u128 / turn_ms).unwrap_or(u64::MAX)
}
