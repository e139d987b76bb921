//! Questions about offsets: where partitions begin and end, and where a time lies.
//!
//! The end is the high watermark: where the next record will be written, open transactions or
//! not.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant as Moment};

use super::faults::{Otherwise, judge, judge_with};
use super::ffi::admin::{OffsetSpec, list_offsets};
use super::ffi::{Client, Code, Spot};
use super::{ANSWER_WAIT, WATCH_SLACK, fault_of};
use crate::domain::time::Instant;
use crate::log::{Isolation, LogError, Place};
use crate::watchdog::watch;

/// How long partitions have to tell where they end; a step waits for it.
const ENDS_WAIT: Duration = Duration::from_secs(2);

/// How often it is looked whether what was open is so still.
const OPEN_LOOKS_EVERY: Duration = Duration::from_millis(50);

/// What a broker answers if no record is as late as the time that is asked for.
const NONE_SINCE: i64 = -1;

/// Which offset is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// The first that is there.
    First,
    /// The next that will be written.
    End,
    /// The first in an open transaction; the end where there is none.
    Stable,
    /// The first at or after this time; the end where there is none.
    At(Instant),
}

impl Asked {
    fn spec(self) -> OffsetSpec {
        match self {
            Self::First => OffsetSpec::First,
            Self::End | Self::Stable => OffsetSpec::End,
            Self::At(time) => OffsetSpec::At(time.millis()),
        }
    }

    fn words(self, place: &Place) -> String {
        match self {
            Self::First => format!("asking where {place} begins"),
            Self::End => format!("asking where {place} ends"),
            Self::Stable => format!("asking how far {place} is committed"),
            Self::At(time) => format!("asking {place} for its first record since {time}"),
        }
    }

    fn unanswered(self, place: &Place) -> LogError {
        LogError::Retry(format!("{}: no answer", self.words(place)))
    }
}

/// An offset of one partition.
pub(super) fn one(client: &Arc<Client>, place: &Place, asked: Asked) -> Result<u64, LogError> {
    let answer = ask(client, std::slice::from_ref(place), asked, ANSWER_WAIT);
    match answer.into_iter().next() {
        Some(Ok(None)) => one(client, place, Asked::End),
        Some(Ok(Some(offset))) => Ok(offset),
        Some(Err(error)) => Err(error),
        None => Err(asked.unanswered(place)),
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
        .map(|(answer, place)| answer?.ok_or_else(|| Asked::End.unanswered(place)))
        .collect()
}

/// Where transactions stay open for so long; of each partition the first offset in one. The ends are
/// asked for once, and first: what begins behind them is not looked for.
pub(super) fn open_at(client: &Arc<Client>, places: &[Place], lasting: Duration) -> Result<Vec<Option<u64>>, LogError> {
    let until = Moment::now() + lasting;
    let ends: Result<Vec<u64>, LogError> = ends(client, places).into_iter().collect();
    let mut looked: Vec<(&Place, u64, Option<u64>)> =
        places.iter().zip(ends?).map(|(it, end)| (it, end, Some(0))).collect();
    loop {
        let mut open: Vec<_> = looked.iter_mut().filter(|(.., at)| at.is_some()).collect();
        if open.is_empty() {
            break;
        }
        let asked: Vec<Place> = open.iter().map(|(place, ..)| (*place).clone()).collect();
        for ((_, end, at), stable) in open.iter_mut().zip(ask(client, &asked, Asked::Stable, ENDS_WAIT)) {
            *at = stable?.filter(|stable| *stable < *end);
        }
        if Moment::now() >= until {
            break;
        }
        std::thread::sleep(OPEN_LOOKS_EVERY);
    }
    Ok(looked.into_iter().map(|(.., at)| at).collect())
}

fn ask(client: &Arc<Client>, places: &[Place], asked: Asked, wait: Duration) -> Vec<Result<Option<u64>, LogError>> {
    let _watch = watch("asking for offsets", wait + WATCH_SLACK);
    let code = asked.spec().code();
    let isolation = match asked {
        Asked::Stable => Isolation::Committed,
        Asked::First | Asked::End | Asked::At(_) => Isolation::Uncommitted,
    };
    let spots: Vec<Spot> = places.iter().map(|place| spot(place, code)).collect();
    let mut found = list_offsets(client, &spots, isolation, wait);
    if matches!(&found, Ok(spots) if renew_leaders(client, spots)) {
        found = list_offsets(client, &spots, isolation, wait);
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

/// What was found for one partition; none, if it has no record since the time that was asked for.
fn pick(found: &[Spot], place: &Place, asked: Asked) -> Result<Option<u64>, LogError> {
    let is_it = |spot: &&Spot| *spot.topic == *place.topic && spot.partition == place.partition as i32;
    let spot = found.iter().find(is_it).ok_or_else(|| asked.unanswered(place))?;
    if let Some(code) = spot.fault {
        return Err(judge(&asked.words(place), &fault_of(code), Otherwise::Retry));
    }
    match spot.offset {
        NONE_SINCE if matches!(asked, Asked::At(_)) => Ok(None),
        // librdkafka leaves an entry without a fault, but with no offset either, if its broker went
        // away before it answered.
        offset => u64::try_from(offset)
            .map(Some)
            .map_err(|_negative| asked.unanswered(place)),
    }
}

/// A list entry.
pub(super) fn spot(place: &Place, offset: i64) -> Spot {
    Spot::new(&place.topic, place.partition, offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_answered_is_asked_again_and_is_no_offset() {
        let place = Place::new("topic", 1);
        let time = Asked::At(Instant::from_millis(7));
        for asked in [Asked::First, Asked::End, Asked::Stable, time] {
            let unanswered = pick(&[spot(&place, -1001)], &place, asked);
            assert!(
                matches!(unanswered, Err(LogError::Retry(_))),
                "{asked:?}: {unanswered:?}"
            );
            assert!(matches!(pick(&[], &place, asked), Err(LogError::Retry(_))));
            assert_eq!(pick(&[spot(&place, 5)], &place, asked), Ok(Some(5)));
        }
        assert_eq!(pick(&[spot(&place, NONE_SINCE)], &place, time), Ok(None));
    }
}
