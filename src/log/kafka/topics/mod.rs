//! The topics Tasuki needs, what is wrong with those found, and making the missing ones.

mod broker;

pub use super::ffi::describe::TopicPlan;
