//! Transactions, gone on with only after a commit that is certain to leave nothing on its way.
//!
//! librdkafka repeats a commit inside, and Kafka may deliver a late copy into the next
//! transaction of the same epoch. It repeats no sooner than `RETRY_PAUSE`. The rule: a commit that
//! succeeded well within that, on an unbroken connection, was sent once and answered, and is
//! `Clean`; any other success is `Slow`; any error ends this transactor. Nothing is ever aborted
//! here: the next transactor with this id ends what is open, and its epoch fences the rest.
//!
//! Two clients take turns, each under a transactional id of its own. After a commit is answered the
//! broker still writes its markers, and refuses that id another transaction until they are there;
//! librdkafka asks again only after 20 ms. A transaction of the one begins after the commit of the
//! other was answered, so they are one after the other all the same.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::appender::not_queued;
use super::client_settings::{self, RETRY_PAUSE, TRANSACTION_MAX};
use super::consumer::{Token, committed_spots};
use super::faults::{Otherwise, judge, judge_with};
use super::ffi::{Client, Code, Fault, Kind, List, produce};
use super::{KafkaOptions, WATCH_SLACK, fault_of};
use crate::log::{Commit, Committed, LogError, NewRecord, Ownership, Place, Transactor};
use crate::watchdog::watch;

/// A commit answered within this was sent once.
const CLEAN_COMMIT_MAX: Duration = Duration::from_millis(RETRY_PAUSE.as_millis() as u64 * 4 / 5);
/// How long fencing the predecessor and ending what it left open may take.
const INIT_WAIT: Duration = Duration::from_secs(20);
/// How long to wait for a broker's first answer: a client that knows none yet when it is to take its
/// id asks for the coordinator again only after half a second.
const BROKER_WAIT: Duration = Duration::from_secs(1);
/// Stands behind the id of a worker for the second of its clients; a number would be another worker's.
const SECOND: &str = ".second";

/// A transactor on Kafka.
pub(super) struct KafkaTransactor {
    /// Whose turn it is.
    client: Arc<Client>,
    /// Whose turn is next.
    other: Arc<Client>,
    state: State,
    troubles_before: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Ready,
    Open,
    Ended(LogError),
}

impl KafkaTransactor {
    /// Fences earlier users of the id and ends what they left open.
    pub(super) fn new(options: &KafkaOptions, id: &str) -> Result<Self, LogError> {
        let second = format!("{id}{SECOND}");
        let (client, other) = std::thread::scope(|scope| {
            let other = scope.spawn(|| take_id(options, &second));
            let client = take_id(options, id);
            (client, other.join())
        });
        Ok(Self {
            client: client?,
            other: other.map_err(|_| LogError::Unknown(format!("taking the transactional id {second} panicked")))??,
            state: State::Ready,
            troubles_before: 0,
        })
    }

    fn expect(&self, state: &State, what: &str) -> Result<(), LogError> {
        if let State::Ended(error) = &self.state {
            return Err(error.clone());
        }
        if self.state == *state {
            return Ok(());
        }
        Err(LogError::Refused(format!("{what} out of turn")))
    }

    fn end(&mut self, what: &str, fault: &Fault) -> LogError {
        let cause = self.client.fatal().unwrap_or_else(|| fault.clone());
        self.ended(judge(what, &cause, Otherwise::Unknown))
    }

    fn ended(&mut self, error: LogError) -> LogError {
        self.state = State::Ended(error.clone());
        error
    }

    /// A record that was not delivered is the cause of whatever fails after it.
    fn undelivered(&self) -> Option<Fault> {
        let deliveries = self.client.shared().take_deliveries();
        deliveries.iter().find_map(|delivery| delivery.fault).map(fault_of)
    }
}

/// A client that has the transactional id for itself.
fn take_id(options: &KafkaOptions, id: &str) -> Result<Arc<Client>, LogError> {
    let what = format!("taking the transactional id {id}");
    let client = Client::new(Kind::Producer, &client_settings::transactor(options, id))
        .map_err(|fault| judge(&what, &fault, Otherwise::Retry))?;
    let _watch = watch("taking a transactional id", BROKER_WAIT + INIT_WAIT + WATCH_SLACK);
    // Where none answers, that is told by what follows.
    let _found = client.brokers(BROKER_WAIT);
    if let Err(fault) = client.init_transactions(INIT_WAIT) {
        client.serve(Duration::ZERO);
        return Err(judge_with(&client, &what, &fault, Otherwise::Retry));
    }
    Ok(client)
}

impl Transactor for KafkaTransactor {
    fn begin(&mut self) -> Result<(), LogError> {
        self.expect(&State::Ready, "beginning a transaction")?;
        std::mem::swap(&mut self.client, &mut self.other);
        self.client.serve(Duration::ZERO);
        self.troubles_before = self.client.shared().trouble_count();
        if let Err(fault) = self.client.begin_transaction() {
            return Err(self.end("beginning a transaction", &fault));
        }
        self.state = State::Open;
        Ok(())
    }

    fn append(&mut self, topic: &str, partition: Option<u32>, record: NewRecord) -> Result<(), LogError> {
        self.expect(&State::Open, "writing in a transaction")?;
        let what = format!("writing to {topic}");
        let mut result = produce::produce(&self.client, topic, partition, &record, 0);
        if matches!(&result, Err(fault) if fault.code == Code::QueueFull) {
            self.flush()?;
            result = produce::produce(&self.client, topic, partition, &record, 0);
        }
        result.map_err(|fault| {
            let cause = self.client.fatal().unwrap_or(fault);
            self.ended(match not_queued(&what, &cause) {
                LogError::Retry(words) => LogError::Unknown(words),
                other => other,
            })
        })
    }

    fn flush(&mut self) -> Result<(), LogError> {
        let what = "waiting for acknowledgements";
        self.expect(&State::Open, what)?;
        let _watch = watch(what, TRANSACTION_MAX + WATCH_SLACK);
        let flushed = self.client.flush(TRANSACTION_MAX);
        if let Some(fault) = self.undelivered() {
            return Err(self.end(what, &fault));
        }
        flushed.map_err(|fault| self.end(what, &fault))
    }

    fn positions(&mut self, offsets: &[(Place, Committed)], ownership: &Ownership) -> Result<(), LogError> {
        let what = "adding offsets to the transaction";
        self.expect(&State::Open, what)?;
        let Some(token) = ownership.0.downcast_ref::<Token>() else {
            return Err(LogError::Refused(format!(
                "{what}: the proof of ownership is of another log"
            )));
        };
        let _watch = watch(what, TRANSACTION_MAX + WATCH_SLACK);
        List::new(&committed_spots(offsets))
            .and_then(|list| self.client.send_offsets(&list, &token.0, TRANSACTION_MAX))
            .map_err(|fault| self.end(what, &fault))
    }

    fn commit(&mut self) -> Result<Commit, LogError> {
        let what = "committing a transaction";
        self.expect(&State::Open, what)?;
        // Whatever is not acknowledged yet would count as the commit's own time.
        self.flush()?;
        let _watch = watch(what, TRANSACTION_MAX + WATCH_SLACK);
        let begun = Instant::now();
        if let Err(fault) = self.client.commit_transaction(TRANSACTION_MAX) {
            return Err(self.end(what, &fault));
        }
        let took = begun.elapsed();
        self.client.serve(Duration::ZERO);
        if took < CLEAN_COMMIT_MAX && self.client.shared().trouble_count() == self.troubles_before {
            self.state = State::Ready;
            return Ok(Commit::Clean);
        }
        self.state = State::Ended(LogError::Unknown(
            "the last commit was slow: use a new transactor".to_owned(),
        ));
        Ok(Commit::Slow)
    }
}
