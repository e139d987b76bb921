//! Outputs that no reader finds although the state log has gone on: decided once more, and said.
//!
//! A broker may take back what it had called committed, in some partitions (`left_open`). What the shard
//! remembered before still stands in the state log, and from there on the journal leads to the same
//! outputs. The rule: nothing is said before all that can be read has come out the same, and the shard
//! as the state log has it; and nothing but what is missing is written.

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
    /// So many were decided before all that the state log or the journal still holds.
    pub out_of_reach: usize,
}

/// One shard, which nobody works on, and of which the state log is whole.
pub fn say_again(log: &dyn Log, plan: &Plan, partition: u32, said: &Said) -> Result<Again, Interrupt> {
    let past = Past {
        log,
        plan,
        state: Place::new(&plan.names.state(), partition),
        journal: Place::new(&plan.names.journal(), partition),
    };
    let (last, reach) = past.shard(None)?;
    let missing = said.missing(partition, last.last_sequence());
    let in_reach = reach.map_or(missing.len(), |reach| {
        missing.partition_point(|number| *number <= reach)
    });
    let Some(first) = missing.get(in_reach) else {
        return Ok(Again {
            said: 0,
            out_of_reach: missing.len(),
        });
    };
    let (before, _) = past.shard(Some(*first))?;
    if before.next_offset() < log.bounds(&past.journal)?.0 {
        return Ok(Again {
            said: 0,
            out_of_reach: missing.len(),
        });
    }
    let unread = past.unread(before, &last, said)?;
    for records in unread.chunks(TOGETHER) {
        past.say(records)?;
    }
    Ok(Again {
        said: unread.len(),
        out_of_reach: in_reach,
    })
}

/// A record, and where it goes.
type Addressed = (String, Option<u32>, NewRecord);

/// What a shard did.
struct Past<'a> {
    log: &'a dyn Log,
    plan: &'a Plan,
    state: Place,
    journal: Place,
}

impl Past<'_> {
    /// The shard as it was before it said this, or is now; and up to which output nothing is known of
    /// how it was, if that can be told.
    fn shard(&self, before: Option<u64>) -> Result<(Shard, Option<u64>), Interrupt> {
        let (start, end) = self.log.bounds(&self.state)?;
        let mut gathered = Gathered::default();
        let (mut reach, mut is_over) = ((start == 0).then_some(0), false);
        read_through(self.log, &self.state, start..end, |record: Record| {
            let said = said_with(&record).unwrap_or_default();
            is_over |= before.is_some_and(|before| said >= before);
            if is_over {
                return Ok::<(), Interrupt>(());
            }
            self.gather(&mut gathered, &record)?;
            if reach.is_none() && gathered.is_complete(start) {
                reach = Some(said);
            }
            Ok(())
        })?;
        let broken = |Malformed| self.broken("an image is malformed");
        Ok((
            gathered
                .shard(self.plan.charter(self.state.partition))
                .map_err(broken)?,
            reach,
        ))
    }

    fn gather(&self, gathered: &mut Gathered, record: &Record) -> Result<(), Interrupt> {
        let value = record.value.as_deref().unwrap_or_default();
        match state::decode(value) {
            Ok(StateRecord::Images(images)) => gathered.take(&images, value).map_err(|why| self.broken(&why)),
            Ok(StateRecord::Mended { next }) => gathered.mended(next).map_err(|why| self.broken(&why)),
            Ok(StateRecord::Fence { .. }) => Ok(()),
            Err(Malformed) => {
                gathered.break_off("a record is malformed");
                Ok(())
            }
        }
    }

    fn broken(&self, why: &str) -> Interrupt {
        Interrupt::Stop(Stop::Restore(RestoreError::Broken {
            place: self.state.clone(),
            why: why.to_owned(),
        }))
    }

    /// What the journal leads to until the shard is what it is now, and cannot be read.
    fn unread(&self, mut shard: Shard, last: &Shard, said: &Said) -> Result<Vec<Addressed>, Interrupt> {
        let mut unread = Vec::new();
        let stretch = shard.next_offset()..last.next_offset();
        read_through(self.log, &self.journal, stretch, |record: Record| {
            let mut pending = Consequences::default();
            self.decide(&mut shard, &record, &mut pending)?;
            for numbered in &pending.outputs {
                let (topic, to, record) = said_so(self.plan, self.journal.partition, numbered);
                if !said.holds(self.journal.partition, numbered.sequence, &topic, &record)? {
                    unread.push((topic, to, record));
                }
            }
            Ok::<(), Interrupt>(())
        })?;
        if shard.own_image() != last.own_image() {
            let words = format!(
                "shard {} is not what the journal leads to now: repair with the version and the settings of Tasuki that \
                 it worked with",
                self.journal.partition
            );
            return Err(Interrupt::Stop(Stop::Refused(words)));
        }
        Ok(unread)
    }

    /// As a worker does.
    fn decide(&self, shard: &mut Shard, record: &Record, into: &mut Consequences) -> Result<(), Interrupt> {
        let partition = self.journal.partition;
        let offset = record.offset;
        let malformed = |Malformed| Interrupt::Stop(Stop::Malformed { partition, offset });
        let journaled = journal::decode(record.value.as_deref().unwrap_or_default()).map_err(malformed)?;
        self.fire(shard, into);
        let applied = shard.apply(offset, record.time, &journaled, into);
        applied.map_err(|halt| Interrupt::Stop(Stop::Halt { partition, halt }))?;
        self.fire(shard, into);
        Ok(())
    }

    fn fire(&self, shard: &mut Shard, into: &mut Consequences) {
        while shard.is_due() {
            shard.fire(self.plan.deadlines_max, into);
        }
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
