//! What people and machines can see of a running service: logs and metrics.
//!
//! Neither ever carries an e-mail address, a name, a phone number or another value of an event.

mod answers;
mod greatest;
pub mod logs;
pub mod metrics;
mod register;

pub use register::Described;
