//! What went wrong with a request, as RFC 9457 problem details.
//!
//! `reason` is from a closed set; `detail` is for people and never holds a value of the request.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::domain::event::{RejectReason, Rejection};

/// A refusal.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    reason: &'static str,
    detail: String,
    index: Option<usize>,
    header: Option<Box<(HeaderName, String)>>,
}

/// The body's members, in order.
#[derive(Serialize)]
struct Body<'a> {
    r#type: &'static str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, reason: &'static str, detail: &str) -> Self {
        Self {
            status,
            reason,
            detail: detail.to_owned(),
            index: None,
            header: None,
        }
    }

    /// Nothing wrong with the request: come again.
    pub(super) fn busy(detail: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail).with_header(header::RETRY_AFTER, "1")
    }

    /// Whoever asks must show the bearer token.
    pub(super) fn no_token() -> Self {
        let detail = "the bearer token is missing or wrong";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail).with_header(header::WWW_AUTHENTICATE, "Bearer")
    }

    /// An event that would be a dead letter; `index` is its place in a batch, from 0.
    pub(super) fn rejected(rejection: Rejection, index: Option<usize>) -> Self {
        Self {
            detail: rejection.detail,
            index,
            ..Self::new(status(rejection.reason), rejection.reason.name(), "")
        }
    }

    #[must_use]
    pub(super) fn with_header(mut self, name: HeaderName, value: &str) -> Self {
        self.header = Some(Box::new((name, value.to_owned())));
        self
    }

    pub(super) fn status(&self) -> StatusCode {
        self.status
    }
}

fn status(reason: RejectReason) -> StatusCode {
    match reason {
        RejectReason::NotJson | RejectReason::NotCloudEvents => StatusCode::BAD_REQUEST,
        RejectReason::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        RejectReason::UnknownType
        | RejectReason::InvalidData
        | RejectReason::InvalidTime
        | RejectReason::UnknownRep
        | RejectReason::UnknownTeam
        | RejectReason::UnknownHandoff
        | RejectReason::Unmapped => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Body {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or_default(),
            status: self.status.as_u16(),
            detail: &self.detail,
            reason: self.reason,
            index: self.index,
        };
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = (self.status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        if let Some(header) = self.header
            && let Ok(value) = HeaderValue::from_str(&header.1)
        {
            response.headers_mut().insert(header.0, value);
        }
        response
    }
}
