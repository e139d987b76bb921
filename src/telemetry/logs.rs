//! Logs: to stderr, as text or JSON.
//!
//! A constant message with its values as fields; never a value from an event.

use std::io;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::time::SystemTime;

use crate::settings::LogFormat;

/// Why logging could not begin.
#[derive(Debug, thiserror::Error)]
pub enum LogsError {
    /// The level is neither a level nor a list of filters.
    #[error("`telemetry.log_level` is not a level or a list of filters such as info,tasuki=debug")]
    Level(#[from] tracing_subscriber::filter::ParseError),
    /// Something in this process logs already.
    #[error("logging has begun already")]
    Begun,
}

/// Begins to log everything of this process from `level` on, such as `info` or
/// `info,tasuki=debug`.
pub fn begin(format: LogFormat, level: &str) -> Result<(), LogsError> {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_new(level)?)
        .with_writer(io::stderr)
        .with_timer(SystemTime)
        .with_target(true);
    let begun = match format {
        LogFormat::Text => builder.with_ansi(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(true).try_init(),
    };
    begun.map_err(|_| LogsError::Begun)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_that_is_none_is_refused_by_its_setting() {
        let refusal = begin(LogFormat::Json, "info,[").unwrap_err();
        assert!(refusal.to_string().starts_with("`telemetry.log_level`"), "{refusal}");
    }
}
