//! Bugs planted on purpose, to see whether the simulator finds them.
//!
//! The rule: without the feature `planted` nothing of them is left in the program, since `is` is
//! constant then. With it, a thread is told at run time which one it has.

/// The bugs, each with its name and the promise that it breaks, in the order of their numbers.
macro_rules! bugs {
    ($($bug:ident, $name:literal, $promise:expr;)*) => {
        /// Something that the code does wrong if it is told to.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Bug {
            $(#[doc = $name] $bug,)*
        }

        impl Bug {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$bug,)*];

            /// What it is called.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$bug => $name,)* }
            }

            /// The promise that it breaks.
            pub const fn breaks(self) -> &'static str {
                match self { $(Self::$bug => $promise,)* }
            }
        }
    };
}

const TAKEN_IN: &str = "every record is taken in once, in order";
const SAID_ONCE: &str = "every decision is said once, in order";
const SAME: &str = "the same journal gives the same decisions";
const IN_TIME: &str = "a deadline fires once, never early, never over an answer in time";
const REMEMBERED: &str = "what is remembered is what the journal says";

bugs! {
    // The intake.
    CommitBeforeFlush, "commit-before-flush", TAKEN_IN;
    LostAppendIgnored, "lost-append-ignored", TAKEN_IN;
    LocalClock, "local-clock", IN_TIME;
    TopicIdIgnored, "topic-id-ignored", TAKEN_IN;
    LeftIsTakenAgain, "left-is-taken-again", TAKEN_IN;
    EarlierTurnoverTaken, "earlier-turnover-taken", TAKEN_IN;
    // The shard's transaction.
    OffsetsLeftOut, "offsets-left-out", SAID_ONCE;
    StateBeforeOutputs, "state-before-outputs", SAID_ONCE;
    OutputsOnTheirOwn, "outputs-on-their-own", SAID_ONCE;
    AbortAndGoOn, "abort-and-go-on", SAID_ONCE;
    SlowCommitTrusted, "slow-commit-trusted", SAID_ONCE;
    NegativeGeneration, "negative-generation", SAID_ONCE;
    ZombieNotRefused, "zombie-not-refused", SAID_ONCE;
    MemoryKept, "memory-kept", SAID_ONCE;
    WrittenAgain, "written-again", SAID_ONCE;
    LettersReversed, "letters-reversed", SAID_ONCE;
    // What is remembered.
    ChangeNotWritten, "change-not-written", REMEMBERED;
    CarrySkipsOne, "carry-skips-one", REMEMBERED;
    StandsForever, "stands-forever", REMEMBERED;
    TrimBeforeCommit, "trim-before-commit", REMEMBERED;
    TurnForgotten, "turn-forgotten", REMEMBERED;
    TrimReadOver, "trim-read-over", REMEMBERED;
    HangingLeftOpen, "hanging-left-open", REMEMBERED;
    OutputsLeftHanging, "outputs-left-hanging", SAID_ONCE;
    FenceNotAwaited, "fence-not-awaited", REMEMBERED;
    UncommittedBelieved, "uncommitted-believed", REMEMBERED;
    EqualityInRestore, "equality-in-restore", REMEMBERED;
    OlderImageWins, "older-image-wins", REMEMBERED;
    GoneComesBack, "gone-comes-back", REMEMBERED;
    TimersLost, "timers-lost", IN_TIME;
    // What is decided.
    OwnTime, "own-time", SAME;
    DeadlinesAfterRecord, "deadlines-after-record", SAME;
    PositionsByOffset, "positions-by-offset", TAKEN_IN;
    PositionsByRange, "positions-by-range", TAKEN_IN;
    MailTwice, "mail-twice", SAID_ONCE;
    MailGapIgnored, "mail-gap-ignored", SAID_ONCE;
    NewerMailEarly, "newer-mail-early", SAME;
    NewPartitionNotWaitedFor, "new-partition-not-waited-for", IN_TIME;
    PatienceWhileNobodyRan, "patience-while-nobody-ran", IN_TIME;
    QueueHeadLost, "queue-head-lost", SAME;
}

/// Whether the code is to do this wrong.
#[cfg(not(feature = "planted"))]
#[inline]
pub const fn is(_: Bug) -> bool {
    false
}

/// What `work` gives when nothing is done wrong.
#[cfg(not(feature = "planted"))]
#[inline]
pub fn soundly<T>(work: impl FnOnce() -> T) -> T {
    work()
}

/// The wrong one if the code is to do this wrong.
#[inline]
pub fn either<T>(bug: Bug, wrong: T, right: T) -> T {
    if is(bug) { wrong } else { right }
}

#[cfg(feature = "planted")]
pub use self::chosen::{is, plant, soundly};

/// The choice of a thread.
#[cfg(feature = "planted")]
mod chosen {
    use std::cell::Cell;

    use super::Bug;

    thread_local! {
        static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
    }

    /// Whether the code is to do this wrong.
    pub fn is(bug: Bug) -> bool {
        PLANTED.get() == Some(bug)
    }

    /// From here on this thread has this bug, and no other.
    pub fn plant(bug: Bug) {
        PLANTED.set(Some(bug));
    }

    /// What `work` gives when nothing is done wrong: a judge must not have the bug it looks for.
    pub fn soundly<T>(work: impl FnOnce() -> T) -> T {
        let planted = PLANTED.take();
        let given = work();
        PLANTED.set(planted);
        given
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_planted_bug_is_documented() {
        let page = include_str!("../docs/planted.md");
        for bug in Bug::ALL {
            let row = page
                .lines()
                .find(|line| line.starts_with(&format!("| `{}` |", bug.name())));
            assert!(
                row.is_some_and(|row| row.ends_with(&format!("| {} |", bug.breaks()))),
                "{}",
                bug.name()
            );
        }
    }

    #[test]
    fn nothing_is_planted_in_what_is_shipped() {
        assert!(Bug::ALL.iter().all(|bug| !is(*bug)));
    }
}
