//! Tasuki: lead routing on Kafka, exactly once, with the response-time SLA watched.

pub mod check;
pub mod clock;
pub mod domain;
pub mod fault;
pub mod http;
pub mod log;
pub mod replay;
pub mod settings;
pub mod shape;
pub mod telemetry;
pub mod watchdog;
pub mod wire;
