//! `POST /events`: CloudEvents in every mode of the HTTP binding, and bare JSON.
//!
//! All or nothing: an event that could not be used refuses the request, with its place if it came
//! in a batch.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::value::RawValue;

use super::Shared;
use super::incoming::{accepted, append, content_type, new_record, read, rejection, translated};
use super::problem::Problem;
use crate::domain::event::{RejectReason, Rejection};
use crate::domain::journal::Content;
use crate::log::{Header, NewRecord};
use crate::telemetry::metrics::Answer;
use crate::wire::cloudevents::is_json;

const STRUCTURED: &str = "application/cloudevents+json";
const BATCH: &str = "application/cloudevents-batch+json";

/// Judges what came, appends it, and answers once it is durable.
pub(super) async fn accept(State(shared): State<Shared>, request: Request) -> Response {
    match take(&shared, request).await {
        Ok(count) => {
            shared.service.answered(Answer::Accepted);
            accepted(count)
        }
        Err(problem) => {
            shared.service.answered(answer(&problem));
            problem.into_response()
        }
    }
}

async fn take(shared: &Shared, request: Request) -> Result<usize, Problem> {
    shared.events.take()?;
    let (parts, body) = request.into_parts();
    let mode = Mode::of(&parts.headers)?;
    let body = read(&parts.headers, body, shared.options.body_bytes_max).await?;
    let mut records = mode.records(&parts.headers, body)?;
    for (index, record) in records.iter_mut().enumerate() {
        let place = matches!(mode, Mode::Batch).then_some(index);
        judge(shared, record).map_err(|rejection| Problem::rejected(rejection, place))?;
    }
    let count = records.len();
    append(shared, records).await?;
    Ok(count)
}

fn answer(problem: &Problem) -> Answer {
    match problem.status() {
        StatusCode::TOO_MANY_REQUESTS => Answer::TooMany,
        status if status.is_server_error() => Answer::Failed,
        _ => Answer::Refused,
    }
}

/// How the event or events stand in the request.
#[derive(Clone, Copy)]
enum Mode {
    /// Attributes in headers, data in the body.
    Binary,
    /// One object in the body: a structured CloudEvent, or bare JSON.
    One,
    /// An array of structured CloudEvents.
    Batch,
}

impl Mode {
    fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
        let essence = kind
            .and_then(|kind| kind.split(|byte| *byte == b';').next())
            .unwrap_or_default()
            .trim_ascii();
        let is_binary = headers.contains_key("ce-specversion");
        let is_batch = essence.eq_ignore_ascii_case(BATCH.as_bytes());
        if is_batch || essence.eq_ignore_ascii_case(STRUCTURED.as_bytes()) {
            if is_binary {
                let detail = "both a `ce-specversion` header and a content type of structured events".to_owned();
                return Err(Problem::rejected(rejection(RejectReason::NotCloudEvents, detail), None));
            }
            return Ok(if is_batch { Self::Batch } else { Self::One });
        }
        if is_binary && kind.is_none_or(is_json) {
            return Ok(Self::Binary);
        }
        if essence.eq_ignore_ascii_case(b"application/json") {
            return Ok(Self::One);
        }
        Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported-media-type",
            "content-type must be application/cloudevents+json, application/cloudevents-batch+json or application/json",
        ))
    }

    /// The records for the inbox: what came, in the Kafka binding's terms.
    fn records(self, headers: &HeaderMap, body: Vec<u8>) -> Result<Vec<NewRecord>, Problem> {
        match self {
            Self::Binary => Ok(vec![new_record(binary_headers(headers)?, body)]),
            Self::One => Ok(vec![new_record(content_type(headers), body)]),
            Self::Batch => {
                let events: Vec<&RawValue> = serde_json::from_slice(&body).map_err(|_| {
                    let is_json = serde_json::from_slice::<&RawValue>(&body).is_ok();
                    let reason = if is_json {
                        RejectReason::NotCloudEvents
                    } else {
                        RejectReason::NotJson
                    };
                    let detail = "the body is not a JSON array of events".to_owned();
                    Problem::rejected(rejection(reason, detail), None)
                })?;
                let kind = || vec![("content-type".to_owned(), Some(STRUCTURED.as_bytes().to_vec()))];
                let event = |event: &&RawValue| new_record(kind(), event.get().as_bytes().to_vec());
                Ok(events.iter().map(event).collect())
            }
        }
    }
}

/// The records that a request would put into the inbox; none if it is refused before its events are
/// looked at.
#[doc(hidden)]
pub fn records_of(headers: &HeaderMap, body: Vec<u8>) -> Option<Vec<NewRecord>> {
    Mode::of(headers).and_then(|mode| mode.records(headers, body)).ok()
}

/// Refuses what could not be used; else the record gets the event's lead as its key.
fn judge(shared: &Shared, record: &mut NewRecord) -> Result<(), Rejection> {
    match translated(shared, record).into_iter().next() {
        Some(Content::Rejected { rejection, .. }) => Err(rejection),
        Some(Content::Fact { .. } | Content::Policy(_)) | None => Ok(()),
    }
}

/// `ce-` headers as the Kafka binding has them: `ce_`, and nothing percent-encoded.
fn binary_headers(headers: &HeaderMap) -> Result<Vec<Header>, Problem> {
    let mut all = content_type(headers);
    for (name, value) in headers {
        let Some(attribute) = name.as_str().strip_prefix("ce-") else {
            continue;
        };
        let value = percent_decoded(value.as_bytes()).ok_or_else(|| {
            let detail = "a `ce-` header is not percent-encoded UTF-8".to_owned();
            Problem::rejected(rejection(RejectReason::NotCloudEvents, detail), None)
        })?;
        all.push((["ce_", attribute].concat(), Some(value)));
    }
    Ok(all)
}

/// The value of a header of the HTTP binding: quotes around it fall, and the `\` before what they
/// protect; then `%XX` is a byte of UTF-8.
fn percent_decoded(value: &[u8]) -> Option<Vec<u8>> {
    let unquoted = unquoted(value);
    let mut rest = unquoted.as_deref().unwrap_or(value);
    let mut bytes = Vec::with_capacity(rest.len());
    while let Some((first, others)) = rest.split_first() {
        rest = others;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, others) = rest.split_at_checked(2)?;
        let digit = |at: usize| char::from(digits[at]).to_digit(16);
        bytes.push((digit(0)? << 4 | digit(1)?) as u8);
        rest = others;
    }
    std::str::from_utf8(&bytes).is_ok().then_some(bytes)
}

/// What a quoted string says (RFC 9110 §5.6.4); none if it is not one.
fn unquoted(value: &[u8]) -> Option<Vec<u8>> {
    let inner = value.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let mut bytes = inner.iter();
    let mut said = Vec::with_capacity(inner.len());
    while let Some(byte) = bytes.next() {
        said.push(if *byte == b'\\' { *bytes.next()? } else { *byte });
    }
    Some(said)
}
