//! The topics Tasuki needs, what is wrong with those found, and making the missing ones.
//!
//! The rule: `needed` and `differences` are pure; `broker` asks and orders. `serve` refuses to
//! start on any difference, in the words of `topics check`.

mod broker;
mod differences;
mod needed;
#[cfg(test)]
mod tests;

pub use super::ffi::describe::TopicPlan;
pub use broker::Made;
pub use differences::{Difference, Found, FoundTopic, differences};
pub use needed::{Kind, NeededTopic, Partitions, Setting, TopicNames, Wanted, needed};
