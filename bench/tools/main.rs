//! What `bench/run` and `bench/rest` cannot do in Python: making events, a past, and the floor.
//!
//! `cargo build --release --bin bench-tools` builds it; each command says what it takes.

mod events;
mod floor;
mod lived;
mod resting;
mod send;

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;

/// The service's own allocator, since `lived` is the service.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Anything that ends a command.
type Trouble = Box<dyn Error>;

#[derive(Parser)]
#[command(about = "Makes events, and does the least that an exactly-once job on Kafka can do.")]
enum Command {
    /// Writes events into a topic, all at once or at a rate.
    Send(send::Send),
    /// Writes the same events to the standard output, one a line.
    Print(events::Span),
    /// Has the service live through events on the embedded log of the settings, days ago.
    Lived(lived::Lived),
    /// The floor: reads, commits, and decides nothing. Says how many events it has committed.
    Floor(floor::Floor),
}

fn main() -> ExitCode {
    let done = match Command::parse() {
        Command::Send(send) => send.run(),
        Command::Print(span) => span.print(&mut std::io::stdout().lock()),
        Command::Lived(lived) => lived.run(),
        Command::Floor(floor) => floor.run(),
    };
    if let Err(trouble) = done {
        use std::io::Write as _;
        // Nobody is left to be told when this cannot be written.
        let _written = writeln!(std::io::stderr(), "bench-tools: {trouble}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
