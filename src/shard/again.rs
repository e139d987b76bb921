//! Outputs that no reader finds although the state log has gone on: decided once more, and said.
//!
//! A broker may take back what it had called committed, in some partitions (`left_open`). What the shard
//! remembered before still stands in the state log, and from there on the journal leads to the same
//! outputs. The rule: nothing is said before all that can be read of that stretch has come out the same,
//! and the shard as the state log has it behind; and nothing but what is missing is written. It is the
//! one effect that goes without the transaction of its cause, which was committed long ago.

use std::collections::BTreeSet;

use super::batch::said_so;
use super::restore::{Gathered, RestoreError};
use super::writers::said_with;
use super::{Interrupt, Plan, Said, Stop};
use crate::domain::bytes::Malformed;
use crate::domain::shard::{Consequences, Shard};
use crate::log::{Log, LogError, NewRecord, Place, Record, read_through};
use crate::wire::journal;
use crate::wire::state::{self, StateRecord};

/// Outputs in one transaction.
const TOGETHER: usize = 500;

/// What became of outputs that could not be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Again {
    /// So many were said again.
    pub said: usize,
    /// So many were decided before all that the state log and the journal still hold.
    pub out_of_reach: usize,
}

/// One shard of which the state log is whole, up to its output `last`. `said` was read since that was
/// committed, so that what is said meanwhile counts as neither.
pub fn say_again(log: &dyn Log, plan: &Plan, partition: u32, last: u64, said: &Said) -> Result<Again, Interrupt> {
    let missing = said.missing(partition, last);
    let Some(newest) = missing.last() else {
        return Ok(Again::default());
    };
    let past = Past {
        log,
        plan,
        state: Place::new(&plan.names.state(), partition),
        journal: Place::new(&plan.names.journal(), partition),
    };
    let reach = past.reach()?;
    let out_of_reach = reach.map_or(missing.len(), |reach| {
        missing.partition_point(|number| *number <= reach)
    });
    let wanted = &missing[out_of_reach..];
    let Some(first) = wanted.first() else {
        return Ok(Again { said: 0, out_of_reach });
    };
    let (before, behind) = past.around(*first, *newest)?;
    let unread = past.unread(before, &behind, wanted, said)?;
    for records in unread.chunks(TOGETHER) {
        past.say(records)?;
    }
    Ok(Again {
        said: unread.len(),
        out_of_reach,
    })
}

/// A record, and where it goes.
type Addressed = (String, Option<u32>, NewRecord);

/// How a shard was once a transaction was committed.
struct Behind {
    /// The journal offset that came next.
    next: u64,
    own: Vec<u8>,
}

/// What a shard did.
struct Past<'a> {
    log: &'a dyn Log,
    plan: &'a Plan,
    state: Place,
    journal: Place,
}

impl Past<'_> {
    /// The first output behind which it is known how the shard was, and what the journal led to since;
    /// none, if it is not known of any.
    fn reach(&self) -> Result<Option<u64>, Interrupt> {
        let (start, end) = self.log.bounds(&self.state)?;
        let (journal, _) = self.log.bounds(&self.journal)?;
        let mut gathered = Gathered::default();
        let mut reach = (start == 0 && journal == 0).then_some(0);
        read_through(self.log, &self.state, start..end, |record: Record| {
            if reach.is_none() {
                self.gather(&mut gathered, &record)?;
                let is_known = gathered.end().is_some_and(|end| end >= journal) && gathered.is_complete(start);
                reach = said_with(&record).filter(|_| is_known);
            }
            Ok::<(), Interrupt>(())
        })?;
        Ok(reach)
    }

    /// The shard as it was before it said the first, and how it was once it had said the last.
    fn around(&self, first: u64, last: u64) -> Result<(Shard, Behind), Interrupt> {
        let (start, end) = self.log.bounds(&self.state)?;
        let mut gathered = Gathered::default();
        let (mut is_over, mut behind) = (false, None);
        read_through(self.log, &self.state, start..end, |record: Record| {
            let said = said_with(&record).unwrap_or_default();
            is_over |= said >= first;
            if !is_over {
                return self.gather(&mut gathered, &record);
            }
            if behind.is_none()
                && said >= last
                && let Ok(StateRecord::Images(images)) = state::decode(record.value.as_deref().unwrap_or_default())
                && images.closes
            {
                behind = Some(Behind {
                    next: images.covers.end,
                    own: images.shard.to_vec(),
                });
            }
            Ok(())
        })?;
        let shard = gathered.shard(self.plan.charter(self.state.partition));
        let shard = shard.map_err(|Malformed| self.broken("an image is malformed"))?;
        let behind = behind.ok_or_else(|| self.broken(&format!("nothing says how it was behind output {last}")))?;
        Ok((shard, behind))
    }

    fn gather(&self, gathered: &mut Gathered, record: &Record) -> Result<(), Interrupt> {
        let value = record.value.as_deref().unwrap_or_default();
        let gathers = gathered.read(state::decode(value).ok().as_ref(), value);
        gathers.map_err(|why| self.broken(&why))
    }

    fn broken(&self, why: &str) -> Interrupt {
        Interrupt::Stop(Stop::Restore(RestoreError::Broken {
            place: self.state.clone(),
            why: why.to_owned(),
        }))
    }

    /// Those that are wanted of what the journal leads to from here until the shard is as it was.
    fn unread(
        &self,
        mut shard: Shard,
        behind: &Behind,
        wanted: &[u64],
        said: &Said,
    ) -> Result<Vec<Addressed>, Interrupt> {
        let wanted: BTreeSet<u64> = wanted.iter().copied().collect();
        let partition = self.journal.partition;
        let mut unread = Vec::new();
        let mut look = |pending: Consequences| {
            for numbered in &pending.outputs {
                let (topic, to, record) = said_so(self.plan, partition, numbered);
                if !said.holds(partition, numbered.sequence, &topic, &record)? && wanted.contains(&numbered.sequence) {
                    unread.push((topic, to, record));
                }
            }
            Ok::<(), Interrupt>(())
        };
        let stretch = shard.next_offset()..behind.next;
        read_through(self.log, &self.journal, stretch, |record: Record| {
            let mut pending = Consequences::default();
            while shard.is_due() {
                shard.fire(self.plan.deadlines_max, &mut pending);
            }
            self.apply(&mut shard, &record, &mut pending)?;
            look(pending)
        })?;
        // It may have been committed with some of what was due fired, and some not.
        while shard.own_image() != behind.own {
            if !shard.is_due() {
                return Err(self.differs());
            }
            let mut pending = Consequences::default();
            shard.fire(1, &mut pending);
            look(pending)?;
        }
        Ok(unread)
    }

    fn apply(&self, shard: &mut Shard, record: &Record, into: &mut Consequences) -> Result<(), Interrupt> {
        let partition = self.journal.partition;
        let offset = record.offset;
        let malformed = |Malformed| Interrupt::Stop(Stop::Malformed { partition, offset });
        let journaled = journal::decode(record.value.as_deref().unwrap_or_default()).map_err(malformed)?;
        let applied = shard.apply(offset, record.time, &journaled, into);
        applied.map_err(|halt| Interrupt::Stop(Stop::Halt { partition, halt }))
    }

    fn differs(&self) -> Interrupt {
        Interrupt::Stop(Stop::Refused(format!(
            "shard {} was not what the journal leads to now: repair with the version and the settings of Tasuki that it \
             worked with then",
            self.journal.partition
        )))
    }

    fn say(&self, records: &[Addressed]) -> Result<(), LogError> {
        let mut transactor = self.log.transactor(&self.plan.writer_id)?;
        transactor.begin()?;
        for (topic, partition, record) in records {
            transactor.append(topic, *partition, record.clone())?;
        }
        transactor.flush()?;
        transactor.commit()?;
        Ok(())
    }
}
