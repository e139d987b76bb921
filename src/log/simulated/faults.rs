//! What goes wrong, and how often: once in so many calls, never if 0.

/// Frequencies of faults.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// A call finds no broker: nothing happens.
    pub refusal: u32,
    /// What is appended stays on its way for a while, and so do acknowledgements.
    pub delay: u32,
    /// An appender loses what is on its way, some of which arrives all the same, later.
    pub lost_append: u32,
    /// Records of a transaction do not arrive.
    pub lost_write: u32,
    /// A commit happens, and its answer is lost.
    pub lost_answer: u32,
    /// A commit is lost on its way; the transaction stays open.
    pub lost_commit: u32,
    /// A transaction is committed, but stays open in every partition it wrote to: a broker that finds
    /// no leader for a partition takes it for deleted.
    pub lost_mark: u32,
    /// The same where a transaction is aborted.
    pub lost_abort_mark: u32,
    /// A commit goes unanswered and arrives later.
    pub late_commit: u32,
    /// A commit is answered late, and a copy of it is still on its way.
    pub slow_commit: u32,
    /// A trim goes unanswered and arrives later.
    pub late_trim: u32,
    /// Offsets committed outside of a transaction arrive later, and the answer is lost.
    pub late_offsets: u32,
    /// A read brings less than there is.
    pub short_read: u32,
    /// Shares of a group are dealt anew for no reason.
    pub reshuffle: u32,
}
