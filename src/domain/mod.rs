//! The agreement of marketing and sales, as a pure state machine.
//!
//! Nothing in here does IO, reads a clock, logs, draws random numbers, uses floats or iterates a
//! hash map; nothing in here can fail. Time comes in as an argument.

pub mod book;
mod by_lead;
pub mod bytes;
pub mod calendar;
mod cell;
mod cycle;
mod deadline;
pub mod deadline_clock;
mod desk;
mod duplicates;
pub mod effects;
mod erasure;
pub mod event;
pub mod fact;
mod follow_up;
mod form;
pub mod fresh;
mod handoff;
mod history;
mod identity;
pub mod ids;
pub mod image;
pub mod journal;
#[cfg(test)]
mod laws;
mod lead;
pub mod letter;
pub mod policy;
mod profile;
mod qualification;
mod queue;
mod roster;
mod rotation;
mod route;
#[cfg(test)]
pub(crate) mod sample;
mod score;
mod section;
pub mod shard;
pub mod single;
mod sla;
mod stage;
#[cfg(test)]
mod stories;
mod terms;
pub mod text;
pub mod time;
mod touches;
pub mod turnover;
mod unbound;
pub mod value;
