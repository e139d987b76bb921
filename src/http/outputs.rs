//! `GET /outputs/<topic>`: outputs as server-sent events, on the local log.
//!
//! `id` is the offset, `data` the structured CloudEvent. A reader that comes again with
//! `Last-Event-ID` goes on behind it; `from` says where to begin otherwise.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use tokio::sync::OwnedSemaphorePermit;

use super::problem::Problem;
use super::{Service, Shared};
use crate::log::Record;
use crate::wire::outputs;

/// Records read at once.
const RECORDS_MAX: usize = 100;
/// Between two looks at a topic with nothing new in it.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Something is sent at least so often.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Streams a topic's outputs from the asked place on, and whatever is added.
pub(super) async fn stream(
    State(shared): State<Shared>,
    Path(topic): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let from = match begin(&headers, query.as_deref()) {
        Ok(from) => from,
        Err(problem) => return problem.into_response(),
    };
    let Ok(turn) = shared.streams.clone().try_acquire_owned() else {
        return Problem::busy("too many streams at the same time").into_response();
    };
    let mut reading = Reading {
        service: shared.service,
        deployment: shared.options.deployment.clone(),
        topic,
        next: from,
        read: VecDeque::new(),
        _turn: turn,
    };
    if reading.look().await.is_none() {
        return Problem::new(StatusCode::NOT_FOUND, "not-found", "there is no such topic of outputs").into_response();
    }
    let events = stream::unfold(reading, async |mut reading: Reading| {
        let event = reading.event().await?;
        Some((Ok::<_, Infallible>(event), reading))
    });
    Sse::new(events)
        .keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
        .into_response()
}

/// Where to begin: behind `Last-Event-ID`, else at `from`, else at the first.
fn begin(headers: &HeaderMap, query: Option<&str>) -> Result<u64, Problem> {
    let wrong = |detail| Problem::new(StatusCode::BAD_REQUEST, "invalid-offset", detail);
    if let Some(last) = headers.get("last-event-id") {
        let last = last.to_str().ok().and_then(|last| last.parse::<u64>().ok());
        return last
            .map(|last| last.saturating_add(1))
            .ok_or_else(|| wrong("`Last-Event-ID` is not an offset"));
    }
    let mut parameters = query.unwrap_or_default().split('&');
    match parameters.find_map(|parameter| parameter.strip_prefix("from=")) {
        Some(from) => from.parse().map_err(|_| wrong("`from` is not an offset")),
        None => Ok(0),
    }
}

/// One reader of one topic.
struct Reading {
    service: Arc<dyn Service>,
    deployment: String,
    topic: String,
    next: u64,
    read: VecDeque<Record>,
    /// Held for as long as the stream is open.
    _turn: OwnedSemaphorePermit,
}

impl Reading {
    /// The next output; waits until there is one. `None` ends the stream.
    async fn event(&mut self) -> Option<Event> {
        loop {
            while let Some(record) = self.read.pop_front() {
                let offset = record.offset;
                let data = if self.topic == outputs::DEAD_LETTERS_TOPIC {
                    outputs::structured_dead_letter(&self.deployment, record)
                } else {
                    outputs::structured(&self.topic, &record)
                };
                if let Some(data) = data {
                    let data = String::from_utf8(data).ok()?;
                    return Some(Event::default().id(offset.to_string()).data(data));
                }
            }
            if self.look().await? == 0 {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
    }

    /// Reads on, and says how many records there were.
    async fn look(&mut self) -> Option<usize> {
        let (service, topic, next) = (self.service.clone(), self.topic.clone(), self.next);
        let read = tokio::task::spawn_blocking(move || service.outputs(&topic, next, RECORDS_MAX));
        let records = read.await.ok()??;
        if let Some(last) = records.last() {
            self.next = last.offset.saturating_add(1);
        }
        self.read.extend(records);
        Some(self.read.len())
    }
}
