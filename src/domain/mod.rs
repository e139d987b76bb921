//! The agreement of marketing and sales, as a pure state machine.
//!
//! Nothing in here does IO, reads a clock, logs, draws random numbers, uses floats or iterates a
//! hash map; nothing in here can fail. Time comes in as an argument.

pub mod bytes;
pub mod calendar;
pub mod deadline_clock;
pub mod event;
pub mod fact;
pub mod ids;
pub mod journal;
pub mod letter;
pub mod policy;
pub mod text;
pub mod time;
pub mod value;
