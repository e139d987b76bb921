//! `POST /sources/TOPIC/release`: a source that was paused is read on.

use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::Shared;
use super::problem::Problem;

/// Releases the source in this process.
pub(super) async fn release(State(shared): State<Shared>, Path(topic): Path<String>) -> Result<StatusCode, Problem> {
    if shared.service.release(&topic) {
        return Ok(StatusCode::NO_CONTENT);
    }
    let detail = "this process has paused no source of that name; the log names those it has";
    Err(Problem::new(StatusCode::NOT_FOUND, "not-paused", detail))
}
