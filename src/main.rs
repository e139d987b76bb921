//! The program: everything is in the library.

use std::process::ExitCode;

/// One allocator for Rust and for librdkafka's many threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    tasuki::cli::run()
}
