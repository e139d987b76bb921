//! Questions about offsets: where partitions begin and end, and where a time lies.
//!
//! The end is the high watermark: where the next record will be written, open transactions or
//! not.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::faults::{Otherwise, judge, judge_with};
use super::ffi::admin::{OffsetSpec, list_offsets};
use super::ffi::{Client, Code, Spot};
use super::{ANSWER_WAIT, WATCH_SLACK, fault_of};
use crate::domain::time::Instant;
use crate::log::{LogError, Place};
use crate::watchdog::watch;

/// How long partitions have to tell where they end; a step waits for it.
const ENDS_WAIT: Duration = Duration::from_secs(2);

/// Which offset is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// The first that is there.
    First,
    /// The next that will be written.
    End,
    /// The first at or after this time; the end where there is none.
    At(Instant),
}

impl Asked {
    fn spec(self) -> OffsetSpec {
        match self {
            Self::First => OffsetSpec::First,
            Self::End => OffsetSpec::End,
            Self::At(time) => OffsetSpec::At(time.millis()),
        }
    }

    fn words(self, place: &Place) -> String {
        match self {
            Self::First => format!("asking where {place} begins"),
            Self::End => format!("asking where {place} ends"),
            Self::At(time) => format!("asking {place} for its first record since {time}"),
        }
    }
}

/// An offset of one partition.
pub(super) fn one(client: &Arc<Client>, place: &Place, asked: Asked) -> Result<u64, LogError> {
    let answer = ask(client, std::slice::from_ref(place), asked, ANSWER_WAIT);
    match answer.into_iter().next() {
        // A time after the last record has no offset of its own.
        Some(Ok(None)) if matches!(asked, Asked::At(_)) => one(client, place, Asked::End),
        Some(Ok(Some(offset))) => Ok(offset),
        Some(Err(error)) => Err(error),
        Some(Ok(None)) | None => Err(LogError::Retry(format!("{}: no answer", asked.words(place)))),
    }
}

/// The ends of partitions, each for itself.
pub(super) fn ends(client: &Arc<Client>, places: &[Place]) -> Vec<Result<u64, LogError>> {
    if places.is_empty() {
        return Vec::new();
    }
    let answers = ask(client, places, Asked::End, ENDS_WAIT);
    answers
        .into_iter()
        .zip(places)
        .map(|(answer, place)| {
            answer?.ok_or_else(|| LogError::Retry(format!("{}: no answer", Asked::End.words(place))))
        })
        .collect()
}

fn ask(client: &Arc<Client>, places: &[Place], asked: Asked, wait: Duration) -> Vec<Result<Option<u64>, LogError>> {
    let _watch = watch("asking for offsets", wait + WATCH_SLACK);
    let code = asked.spec().code();
    let spots: Vec<Spot> = places.iter().map(|place| spot(place, code)).collect();
    let mut found = list_offsets(client, &spots, wait);
    if matches!(&found, Ok(spots) if renew_leaders(client, spots)) {
        found = list_offsets(client, &spots, wait);
    }
    match found {
        Ok(found) => places.iter().map(|place| pick(&found, place, asked)).collect(),
        Err(fault) => {
            let judged = |place| judge_with(client, &asked.words(place), &fault, Otherwise::Retry);
            places.iter().map(|place| Err(judged(place))).collect()
        }
    }
}

/// Learns the leaders of topics whose partitions have another than we know, if there are any.
fn renew_leaders(client: &Client, spots: &[Spot]) -> bool {
    let is_stale = |spot: &&Spot| {
        let fault = spot.fault;
        matches!(fault, Some(Code::FencedLeaderEpoch | Code::NotLeaderForPartition))
    };
    let topics: BTreeSet<&str> = spots.iter().filter(is_stale).map(|spot| &*spot.topic).collect();
    let renewed = topics.iter().map(|topic| client.renew_leaders(topic, ENDS_WAIT));
    renewed.flatten().count() > 0
}

fn pick(found: &[Spot], place: &Place, asked: Asked) -> Result<Option<u64>, LogError> {
    let is_it = |spot: &&Spot| *spot.topic == *place.topic && spot.partition == place.partition as i32;
    let Some(spot) = found.iter().find(is_it) else {
        return Ok(None);
    };
    if let Some(code) = spot.fault {
        return Err(judge(&asked.words(place), &fault_of(code), Otherwise::Retry));
    }
    Ok(u64::try_from(spot.offset).ok())
}

/// A list entry.
pub(super) fn spot(place: &Place, offset: i64) -> Spot {
    Spot::new(&place.topic, place.partition, offset)
}
