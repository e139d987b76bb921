//! Probes and metrics: plain text, for machines that ask often.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::Shared;

/// `/livez`: 200 while every loop turns, else 503 and which one does not.
pub(super) async fn live(State(shared): State<Shared>) -> Response {
    verdict(shared.service.liveness(), "live")
}

/// `/readyz`: 200 in service, else 503 and what is missing.
pub(super) async fn ready(State(shared): State<Shared>) -> Response {
    verdict(shared.service.readiness(), "ready")
}

/// `/metrics`
pub(super) async fn metrics(State(shared): State<Shared>) -> Response {
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], shared.service.metrics()).into_response()
}

fn verdict(verdict: Result<(), String>, good: &str) -> Response {
    match verdict {
        Ok(()) => format!("{good}\n").into_response(),
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")).into_response(),
    }
}
