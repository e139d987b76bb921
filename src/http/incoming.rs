//! What comes in by HTTP: its body read within bounds, judged as the intake will judge it, and
//! appended to the inbox.

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;

use super::Shared;
use super::problem::Problem;
use crate::domain::event::{RejectReason, Rejection};
use crate::domain::journal::Content;
use crate::log::{Header, NewRecord, Record};
use crate::wire::translate;

/// Of a body that is too large, so much is still read before the answer.
const DROPPED_BYTES_MAX: usize = 16 << 20;

/// The body, if it isn't too large. One that is, is read on for a while and thrown away: a client that
/// is still writing would see its connection break instead of the answer.
pub(super) async fn read(headers: &HeaderMap, body: Body, bytes_max: usize) -> Result<Vec<u8>, Problem> {
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok())
        .unwrap_or(0);
    let mut bytes = Vec::with_capacity(announced.min(bytes_max));
    let mut dropped = 0;
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| {
            let detail = "the body broke off".to_owned();
            Problem::rejected(rejection(RejectReason::NotJson, detail), None)
        })?;
        if dropped > 0 || bytes.len() + chunk.len() > bytes_max {
            dropped += chunk.len();
            bytes = Vec::new();
        } else {
            bytes.extend_from_slice(&chunk);
        }
        if dropped > DROPPED_BYTES_MAX {
            break;
        }
    }
    if dropped > 0 {
        let detail = format!("the body has more than {bytes_max} bytes");
        return Err(Problem::rejected(rejection(RejectReason::TooLarge, detail), None));
    }
    Ok(bytes)
}

/// What will come of the record. It gets the lead of its first fact as the key, so that the events
/// of one lead keep their order.
pub(super) fn translated(shared: &Shared, new: &mut NewRecord) -> Vec<Content> {
    let record = Record {
        offset: 0,
        time: shared.options.clock.now(),
        key: None,
        value: new.value.take(),
        headers: std::mem::take(&mut new.headers),
    };
    let translated = translate::translate(&shared.options.inbox, &shared.options.lead_key, &record);
    (new.value, new.headers) = (record.value, record.headers);
    new.key = translated.contents.iter().find_map(|content| match content {
        Content::Fact { lead, .. } => Some(lead.digits().to_vec()),
        Content::Rejected { .. } | Content::Policy(_) => None,
    });
    translated.contents
}

/// Appends the records; they are durable, or the client is told to come again.
pub(super) async fn append(shared: &Shared, records: Vec<NewRecord>) -> Result<(), Problem> {
    if records.is_empty() {
        return Ok(());
    }
    let appended = shared.service.append(records).await;
    appended.map_err(|_| Problem::busy("the events could not be stored; send them again"))
}

/// The answer where so many are durable.
pub(super) fn accepted(count: usize) -> Response {
    let body = format!("{{\"accepted\":{count}}}");
    (StatusCode::ACCEPTED, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

pub(super) fn content_type(headers: &HeaderMap) -> Vec<Header> {
    let kind = headers.get(header::CONTENT_TYPE);
    kind.map(|kind| ("content-type".to_owned(), Some(kind.as_bytes().to_vec())))
        .into_iter()
        .collect()
}

pub(super) fn new_record(headers: Vec<Header>, value: Vec<u8>) -> NewRecord {
    NewRecord {
        key: None,
        value: Some(value),
        headers,
    }
}

pub(super) fn rejection(reason: RejectReason, detail: String) -> Rejection {
    Rejection { reason, detail }
}
