//! HTTP: events in, probes, metrics, and on the local log the outputs as server-sent events.
//!
//! Nothing is decided here. An event is judged by the same translation as one from Kafka, and is
//! acknowledged only once it is durable; what cannot be used is refused whole, and not stored.

mod events;
mod hooks;
mod incoming;
mod outputs;
mod probes;
mod problem;
mod rate;
mod signature;
mod sources;

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

pub use hooks::Proof;
pub use rate::Rate;
pub use signature::{Encoding, Scheme};

use crate::clock::Clock;
use crate::domain::ids::LeadKey;
use crate::log::{NewRecord, Record};
use crate::telemetry::metrics::{Answer, HookAnswer};
use crate::wire::translate::SourceContext;
use hooks::Doors;
use problem::Problem;
use rate::Limit;

#[doc(hidden)]
pub use events::records_of;

/// A request that is not a stream is answered within this.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// Requests to `POST /events` that are worked on at the same time, at most, and as many to hooks;
/// more are told to come again.
pub const REQUESTS_MAX: usize = 256;
/// Streams of outputs that are open at the same time, at most.
pub const STREAMS_MAX: usize = 64;

/// An answer that takes a while.
pub type Pending<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What HTTP asks of the rest of the program.
pub trait Service: Send + Sync + 'static {
    /// Appends to the inbox; `Ok` once every record is durable. An error is in words for people,
    /// and says nothing about whether some of the records are there.
    fn append(&self, records: Vec<NewRecord>) -> Pending<Result<(), String>>;

    /// Does every loop turn? Else which one does not.
    fn liveness(&self) -> Result<(), String>;

    /// Is everything this process owns in service? Else what is missing.
    fn readiness(&self) -> Result<(), String>;

    /// The metrics in Prometheus' text format.
    fn metrics(&self) -> String;

    /// A request to `POST /events` was answered.
    fn answered(&self, answer: Answer);

    /// Has a source read on that its guard paused; false if it was not paused.
    fn release(&self, source: &str) -> bool;

    /// A request to a hook of the settings was answered.
    fn hook_answered(&self, hook: &str, answer: HookAnswer);

    /// At most `max` committed records of an output topic from offset `from` on, in order; empty
    /// where there is nothing yet. `None`: there is no such topic. May block for as long as a
    /// read of the log takes; asked for on the local log only.
    fn outputs(&self, topic: &str, from: u64, max: usize) -> Option<Vec<Record>>;
}

/// What HTTP needs to know.
#[derive(Clone)]
pub struct Options {
    /// What every request must carry, but those to the probes and to hooks that are signed.
    pub token: Option<String>,
    /// Bytes of a request's body, at most.
    pub body_bytes_max: usize,
    /// How many requests to `POST /events` are taken, and how many to each hook.
    pub rate: Rate,
    /// The hooks, and how their requests prove where they come from.
    pub hooks: BTreeMap<String, Proof>,
    /// The inbox, as a source.
    pub inbox: SourceContext,
    /// What lead ids are made with.
    pub lead_key: LeadKey,
    /// The time of day.
    pub clock: Clock,
    /// The deployment's name.
    pub deployment: String,
    /// Are the outputs served, as they are on the local log?
    pub serves_outputs: bool,
}

/// What every handler sees.
#[derive(Clone)]
struct Shared {
    service: Arc<dyn Service>,
    options: Arc<Options>,
    token: Option<blake3::Hash>,
    events: Limit,
    hooks: Doors,
    streams: Arc<Semaphore>,
}

/// All routes of this process.
pub fn router(service: Arc<dyn Service>, options: Options) -> Router {
    let shared = Shared {
        service,
        token: options.token.as_ref().map(|token| blake3::hash(token.as_bytes())),
        events: Limit::new(options.rate),
        hooks: hooks::doors(&options.hooks, options.rate),
        streams: Arc::new(Semaphore::new(STREAMS_MAX)),
        options: Arc::new(options),
    };
    // Apart from each other: anybody may come to a hook, and stay until its signature is looked at.
    let in_time = || middleware::from_fn_with_state(ANSWER_WITHIN, in_time);
    let limited = |routes: Router<Shared>| {
        let in_turn = middleware::from_fn_with_state(Arc::new(Semaphore::new(REQUESTS_MAX)), take_turn);
        routes.layer(in_time()).route_layer(in_turn)
    };
    // Who watches and mends is let in however many events wait for a slow log.
    let watched = Router::new()
        .route("/metrics", get(probes::metrics))
        .route("/sources/{topic}/release", post(sources::release));
    let api = limited(Router::new().route("/events", post(events::accept))).merge(watched.layer(in_time()));
    let hooks = limited(Router::new().route("/hooks/{name}", post(hooks::accept)));
    let mut streams = Router::new();
    if shared.options.serves_outputs {
        streams = streams.route("/outputs/{topic}", get(outputs::stream));
    }
    api.merge(streams)
        .route_layer(middleware::from_fn_with_state(shared.clone(), authorize))
        .merge(hooks)
        .route("/livez", get(probes::live))
        .route("/readyz", get(probes::ready))
        .fallback(async || Problem::new(StatusCode::NOT_FOUND, "not-found", "there is nothing at this path"))
        .method_not_allowed_fallback(async || {
            Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "another method is needed here",
            )
        })
        .with_state(shared)
}

/// Serves `router` until `until` is over; requests under way are answered first.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    until: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    axum::serve(listener, router).with_graceful_shutdown(until).await
}

/// Lets a request in if there is room for it.
async fn take_turn(State(turns): State<Arc<Semaphore>>, request: Request, next: Next) -> Response {
    match turns.try_acquire() {
        Ok(_turn) => next.run(request).await,
        Err(_) => Problem::busy("too many requests at the same time").into_response(),
    }
}

/// Answers within the limit, whatever has been done by then.
async fn in_time(State(limit): State<Duration>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_over) => Problem::busy("not done in time; send it again").into_response(),
    }
}

/// Lets a request in if it carries the token.
async fn authorize(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    if carries_token(&shared, request.headers()) {
        next.run(request).await
    } else {
        Problem::no_token().into_response()
    }
}

/// Is the token there, or none asked for? Hashes are compared, in constant time.
fn carries_token(shared: &Shared, headers: &HeaderMap) -> bool {
    let Some(expected) = shared.token else {
        return true;
    };
    let given = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
    let token = given.and_then(|value| value.split_at_checked("Bearer ".len()));
    token.is_some_and(|(scheme, token)| scheme.eq_ignore_ascii_case(b"Bearer ") && blake3::hash(token) == expected)
}

#[cfg(test)]
mod tests;
