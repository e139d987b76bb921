//! The service as a process of its own, disturbed: killed at random moments, in company, stopped
//! across deadlines, cut off from a source, robbed of its journal. What it says must be what it
//! would have said anyway.
//!
//! Each test prints what it measured; `CHAOS_SEED` repeats the random moments of a run.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    unreachable_pub,
    reason = "a test program: it may fail loudly, and tells what it measured"
)]

mod eyes;
mod ground;
mod kills;
mod outage;
mod restored;
mod story;
#[path = "../support/mod.rs"]
mod support;
mod takeover;
