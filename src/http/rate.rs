//! How many requests a second are taken, and how many at once after a pause.

use std::num::NonZeroU32;
use std::sync::Arc;

use axum::http::{StatusCode, header};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use super::problem::Problem;

/// How many requests are taken.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// In a second.
    pub per_second: NonZeroU32,
    /// Together, after a pause.
    pub burst: NonZeroU32,
}

/// What has been taken of it.
#[derive(Clone)]
pub(super) struct Limit(Arc<DefaultDirectRateLimiter>);

impl Limit {
    pub(super) fn new(rate: Rate) -> Self {
        let quota = Quota::per_second(rate.per_second).allow_burst(rate.burst);
        Self(Arc::new(RateLimiter::direct(quota)))
    }

    /// Takes a request, or says when to come again.
    pub(super) fn take(&self) -> Result<(), Problem> {
        self.0.check().map_err(|full| {
            let wait = full.wait_time_from(DefaultClock::default().now());
            let seconds = wait.as_secs().saturating_add(1);
            let detail = "more requests a second than http.rate_per_second";
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", detail)
                .with_header(header::RETRY_AFTER, &seconds.to_string())
        })
    }
}
