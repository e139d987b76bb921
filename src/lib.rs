//! Tasuki: lead routing on Kafka, exactly once, with the response-time SLA watched.

pub mod clock;
pub mod domain;
pub mod log;
pub mod wire;
