//! What the integration tests share.

pub mod broker;
pub mod deployment;
pub mod erased;
pub mod outputs;
pub mod process;
pub mod rounds;
