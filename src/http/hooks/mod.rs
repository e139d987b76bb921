//! `POST /hooks/<name>`: webhooks of platforms, their signatures verified, taken as they came.
//!
//! The payload goes to the inbox under a header with the hook's name, and there the hook's adapter
//! makes events of it. Refused is only what no later fix could make use of: a platform that is
//! refused too often gives up on a webhook. What else is bad in a payload becomes a dead letter.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::incoming::{accepted, append, content_type, new_record, read, translated};
use super::problem::Problem;
use super::rate::{Limit, Rate};
use super::signature::{Claim, Scheme, Unproven};
use super::{Shared, carries_token};
use crate::domain::event::RejectReason;
use crate::domain::journal::Content;
use crate::telemetry::metrics::HookAnswer;
use crate::wire::cloudevents::is_json;
use crate::wire::translate::HOOK;

/// How a hook's requests prove where they come from.
#[derive(Clone, Debug)]
pub enum Proof {
    /// They are signed.
    Signature(Box<Scheme>),
    /// They carry the bearer token of the API, where there is one.
    Token,
}

/// Every hook, with what has been taken of its rate.
pub(super) type Doors = Arc<BTreeMap<String, (Proof, Limit)>>;

/// Opens the hooks of the options.
pub(super) fn doors(hooks: &BTreeMap<String, Proof>, rate: Rate) -> Doors {
    let door = |(name, proof): (&String, &Proof)| (name.clone(), (proof.clone(), Limit::new(rate)));
    Arc::new(hooks.iter().map(door).collect())
}

/// Why a request is not taken, in both tongues.
type Refusal = (HookAnswer, Problem);

/// Verifies what came, appends it, and answers once it is durable.
pub(super) async fn accept(
    State(shared): State<Shared>,
    name: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let name = name.map_or_else(|_| String::new(), |Path(name)| name);
    let Some((proof, limit)) = shared.hooks.get(&name) else {
        let detail = "there is no hook of this name in the settings";
        return Problem::new(StatusCode::NOT_FOUND, "unknown-hook", detail).into_response();
    };
    let taken = take(&shared, (&name, proof, limit), request).await;
    let answer = taken.as_ref().err().map_or(HookAnswer::Accepted, |(answer, _)| *answer);
    shared.service.hook_answered(&name, answer);
    match taken {
        Ok(()) => accepted(1),
        Err((_, problem)) => problem.into_response(),
    }
}

async fn take(shared: &Shared, (name, proof, limit): (&str, &Proof, &Limit), request: Request) -> Result<(), Refusal> {
    limit.take().map_err(|problem| (HookAnswer::TooMany, problem))?;
    let (parts, body) = request.into_parts();
    let headers = &parts.headers;
    let claim = claim(shared, proof, headers)?;
    says_json(headers).map_err(refused)?;
    let body = read(headers, body, shared.options.body_bytes_max)
        .await
        .map_err(refused)?;
    if let Some(claim) = claim {
        claim.prove(&body).map_err(unproven)?;
    }
    let mut sent = content_type(headers);
    sent.push((HOOK.to_owned(), Some(name.as_bytes().to_vec())));
    let mut record = new_record(sent, body);
    is_of_use(translated(shared, &mut record)).map_err(refused)?;
    append(shared, vec![record])
        .await
        .map_err(|problem| (HookAnswer::Failed, problem))
}

/// What the headers prove, or claim and the body must prove.
fn claim<'a>(shared: &Shared, proof: &'a Proof, headers: &'a HeaderMap) -> Result<Option<Claim<'a>>, Refusal> {
    match proof {
        Proof::Signature(scheme) => {
            let claim = scheme.claim(headers, shared.options.clock.now());
            Ok(Some(claim.map_err(unproven)?))
        }
        Proof::Token if carries_token(shared, headers) => Ok(None),
        Proof::Token => Err((HookAnswer::WrongToken, Problem::no_token())),
    }
}

fn says_json(headers: &HeaderMap) -> Result<(), Problem> {
    let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    if kind.is_none_or(is_json) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported-media-type",
        "content-type must be application/json, or end with +json",
    ))
}

/// A payload that no fix of settings or adapters could make use of is not stored.
fn is_of_use(mut contents: Vec<Content>) -> Result<(), Problem> {
    let last = if contents.len() == 1 { contents.pop() } else { None };
    match last {
        Some(Content::Rejected { rejection, .. })
            if matches!(rejection.reason, RejectReason::NotJson | RejectReason::TooLarge) =>
        {
            Err(Problem::rejected(rejection, None))
        }
        Some(_) | None => Ok(()),
    }
}

fn refused(problem: Problem) -> Refusal {
    (HookAnswer::Refused, problem)
}

fn unproven(why: Unproven) -> Refusal {
    let (answer, reason, detail) = match why {
        Unproven::Missing => (
            HookAnswer::NoSignature,
            "signature-missing",
            "a header that the hook's signature needs is missing or cannot be read",
        ),
        Unproven::TooOld => (
            HookAnswer::TooOld,
            "signature-too-old",
            "it was signed longer ago, or later, than the hook's max_age allows",
        ),
        Unproven::Wrong => (
            HookAnswer::WrongSignature,
            "signature-wrong",
            "it is not signed with the hook's secret, or was changed on its way",
        ),
    };
    let problem = Problem::new(StatusCode::UNAUTHORIZED, reason, detail);
    (answer, problem.with_header(header::WWW_AUTHENTICATE, "Signature"))
}

#[cfg(test)]
mod tests;
