//! Repair of shards whose state log has a hole, or of whose outputs some cannot be read: what the journal
//! leads to from the last whole range on is decided once more, and only what is missing is said.
//!
//! It is the worker that decides, as in `serve`. Until a shard is past what was committed, its group
//! keeps the offset it had; so a repair that ends early leaves a shard that refuses to work, and
//! another repair goes on where it stopped.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::intake::founding;
use crate::log::{Log, LogError, NewRecord, Place, Record, read_through};
use crate::names::Names;
use crate::shard::{Interrupt, Plan, Said, Standing, Stop, Watch, Worker, say_again};
use crate::wire::outputs;

/// Whoever worked before may be a member of the group for so long.
const OTHERS_WAIT: Duration = Duration::from_secs(90);
/// How often it says how far it is.
const TELL_EVERY: Duration = Duration::from_secs(2);

/// How far a repair is.
#[derive(Clone, Copy, Debug)]
pub enum Progress {
    /// So many outputs have been read.
    Read(usize),
    /// The shards stand so.
    Works(Standing),
}

/// What a repair has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Repaired {
    /// Shards that there are.
    pub shards: usize,
    /// Of them, those whose state log had a hole.
    pub repaired: usize,
    /// Outputs that had been missing, and were said.
    pub outputs_added: usize,
    /// Outputs that cannot be read, and were decided before all that the logs still hold.
    pub out_of_reach: usize,
}

/// Why a repair has ended too early.
#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    /// The log does not answer as hoped.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A shard cannot go on.
    #[error(transparent)]
    Stop(#[from] Stop),
    /// Others are at work.
    #[error(
        "{owned} of {partitions} journal partitions came to this process: others are at work; stop every `tasuki serve` \
         of the deployment, then repair again"
    )]
    Others {
        /// Partitions that are ours.
        owned: usize,
        /// How many there are.
        partitions: u32,
    },
}

impl From<Interrupt> for RepairError {
    fn from(interrupt: Interrupt) -> Self {
        match interrupt {
            Interrupt::Log(error) => Self::Log(error),
            Interrupt::Stop(stop) => Self::Stop(stop),
        }
    }
}

/// Repairs every shard that needs it, and works off what is in the journal; says now and then how far
/// it is.
pub fn repair(
    log: &Arc<dyn Log>,
    plan: &Plan,
    watch: Watch,
    clock: &Clock,
    mut tell: impl FnMut(Progress),
) -> Result<Repaired, RepairError> {
    let read =
        |tell: &mut dyn FnMut(Progress)| said(log.as_ref(), &plan.names, |outputs| tell(Progress::Read(outputs)));
    let before = Arc::new(read(&mut tell)?);
    let said = Some(before.clone());
    let (standing, last_said) = work_off(log, Plan { said, ..plan.clone() }, watch, clock, &mut tell)?;
    let mut done = Repaired {
        shards: standing.owned,
        repaired: standing.repaired,
        outputs_added: standing.outputs_added,
        out_of_reach: 0,
    };
    if last_said.iter().all(|(shard, last)| before.is_whole(*shard, *last)) {
        return Ok(done);
    }
    let said = read(&mut tell)?;
    for (partition, last) in last_said {
        let again = say_again(log.as_ref(), plan, partition, last, &said)?;
        done.outputs_added += again.said;
        done.out_of_reach += again.out_of_reach;
    }
    Ok(done)
}

/// Lets a worker decide until everything in the journal is committed; the number of each shard's last
/// output, too.
fn work_off(
    log: &Arc<dyn Log>,
    plan: Plan,
    watch: Watch,
    clock: &Clock,
    tell: &mut dyn FnMut(Progress),
) -> Result<(Standing, BTreeMap<u32, u64>), RepairError> {
    let partitions = plan.partitions;
    let mut worker = Worker::join(log.clone(), plan, watch)?;
    let begun = std::time::Instant::now();
    let mut told = begun;
    loop {
        worker.step(clock.read())?;
        let standing = worker.standing();
        if standing.owned == partitions as usize {
            if standing.is_at_rest {
                let last_said = worker.last_said();
                worker.close();
                return Ok((standing, last_said));
            }
        } else if begun.elapsed() > OTHERS_WAIT {
            worker.close();
            let owned = standing.owned;
            return Err(RepairError::Others { owned, partitions });
        }
        if told.elapsed() >= TELL_EVERY {
            told = std::time::Instant::now();
            tell(Progress::Works(standing));
        }
    }
}

/// Everything that can be read in the output topics and among the dead letters; says now and then how
/// much it is.
pub fn said(log: &dyn Log, names: &Names, mut tell: impl FnMut(usize)) -> Result<Said, LogError> {
    let mut said = Said::default();
    let (mut seen, mut told) = (0, std::time::Instant::now());
    let topics = founding::output_topics(log, names)?;
    let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
    for topic in log.topics(&topics)?.into_iter().flatten() {
        let is_dead_letters = *topic.name == *names.dead_letters();
        for partition in 0..topic.partitions {
            let place = Place::new(&topic.name, partition);
            let (start, end) = log.bounds(&place)?;
            let mut is_cut = start > 0;
            read_through(log, &place, start..end, |record: Record| {
                let at = record.time;
                if std::mem::take(&mut is_cut) {
                    said.note_cut(at);
                }
                if let Some((shard, sequence)) = outputs::numbered(&record.headers, is_dead_letters) {
                    let Record {
                        key, value, headers, ..
                    } = record;
                    said.note(shard, sequence, &topic.name, &NewRecord { key, value, headers }, at);
                }
                seen += 1;
                if told.elapsed() >= TELL_EVERY {
                    told = std::time::Instant::now();
                    tell(seen);
                }
                Ok::<(), LogError>(())
            })?;
        }
    }
    tell(seen);
    Ok(said)
}
