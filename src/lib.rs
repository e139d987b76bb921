//! Tasuki: lead routing on Kafka, exactly once, with the response-time SLA watched.

pub mod app;
pub mod audit;
pub mod check;
pub mod cli;
pub mod clock;
pub mod dead_letters;
pub mod demo;
pub mod domain;
pub mod export;
pub mod fault;
pub mod horizon;
pub mod http;
pub mod intake;
pub mod log;
pub mod names;
pub mod planted;
pub mod repair;
pub mod replay;
pub mod settings;
pub mod shape;
pub mod shard;
pub mod status;
pub mod telemetry;
pub mod trouble;
pub mod watchdog;
pub mod wire;
