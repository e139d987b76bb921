//! What comes by HTTP or from the demo: appended to the inbox, answered once it is durable.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

use super::{Beat, Crew};
use crate::log::{Appender, Log, LogError, NewRecord};

/// Requests that wait to be appended, at most.
const WAITING_MAX: usize = 1_024;
/// Requests that are appended together, at most.
const TOGETHER_MAX: usize = 256;
/// How long the thread waits for a request before it looks whether to stop.
const IDLE_WAIT: Duration = Duration::from_millis(500);
/// How long one wait for acknowledgements takes, and how many may bring none before requests are told
/// that they could not be stored.
const ACK_WAIT: Duration = Duration::from_millis(100);
const WAITS_IN_VAIN_MAX: u32 = 250;

/// Where requests wait.
#[derive(Clone)]
pub(super) struct Inbox(SyncSender<Request>);

struct Request {
    records: Vec<NewRecord>,
    answer: oneshot::Sender<Result<(), String>>,
}

impl Inbox {
    pub(super) fn open(
        log: Arc<dyn Log>,
        topic: &str,
        crew: &Crew,
    ) -> Result<(Self, JoinHandle<()>), super::StartError> {
        let (sender, receiver) = sync_channel(WAITING_MAX);
        let mut door = Door {
            appender: Some(log.appender()?),
            log,
            topic: topic.to_owned(),
        };
        let thread = crew.spawn("inbox".to_owned(), move |beat| door.serve(beat, &receiver))?;
        Ok((Self(sender), thread))
    }

    /// Queues records; the answer comes once they are durable, or cannot be made so.
    pub(super) fn append(&self, records: Vec<NewRecord>) -> oneshot::Receiver<Result<(), String>> {
        let (answer, answered) = oneshot::channel();
        if let Err(TrySendError::Full(request) | TrySendError::Disconnected(request)) =
            self.0.try_send(Request { records, answer })
        {
            reply(request, Err("too many requests are waiting for the log".to_owned()));
        }
        answered
    }
}

/// Where requests are appended.
struct Door {
    log: Arc<dyn Log>,
    topic: String,
    /// None after an error: then the next request is for a fresh one.
    appender: Option<Box<dyn Appender>>,
}

impl Door {
    fn serve(&mut self, beat: &Beat, requests: &Receiver<Request>) -> Result<(), String> {
        while beat.turn() {
            let first = match requests.recv_timeout(IDLE_WAIT) {
                Ok(request) => request,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            };
            let mut together = vec![first];
            together.extend(requests.try_iter().take(TOGETHER_MAX - 1));
            // Who was told that it took too long sends again.
            together.retain(|request| !request.answer.is_closed());
            let records = together
                .iter_mut()
                .flat_map(|request| std::mem::take(&mut request.records));
            let done = self.append(beat, records);
            if let Err(error) = &done {
                tracing::warn!(%error, requests = together.len(), "what came by HTTP could not be stored");
                self.appender = None;
            }
            let answer = done.as_ref().map_err(ToString::to_string);
            for request in together {
                reply(request, answer.clone().copied());
            }
            if let Err(error @ LogError::Refused(_)) = done {
                return Err(format!("the inbox cannot be written: {error}"));
            }
        }
        Ok(())
    }

    /// Each record is there afterwards, or some may be and others not.
    fn append(&mut self, beat: &Beat, records: impl Iterator<Item = NewRecord>) -> Result<(), LogError> {
        let appender = match &mut self.appender {
            Some(appender) => appender,
            none => none.insert(self.log.appender()?),
        };
        let mut in_vain = 0;
        let mut wait = |appender: &mut Box<dyn Appender>| {
            beat.turn();
            let acknowledged = appender.poll(ACK_WAIT)?.len();
            in_vain += u32::from(acknowledged == 0);
            if in_vain > WAITS_IN_VAIN_MAX {
                return Err(LogError::Unknown("no acknowledgement in time".to_owned()));
            }
            Ok(acknowledged)
        };
        let mut on_their_way = 0;
        for record in records {
            while let Err(error) = appender.append(&self.topic, None, &record) {
                match error {
                    LogError::Retry(_) => on_their_way -= wait(appender)?,
                    error => return Err(error),
                }
            }
            on_their_way += 1;
        }
        while on_their_way > 0 {
            on_their_way -= wait(appender)?;
        }
        Ok(())
    }
}

fn reply(request: Request, answer: Result<(), String>) {
    if request.answer.send(answer).is_err() {
        tracing::debug!("a request was given up before it was answered");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::log::simulated::{Faults, SimulatedLog};

    #[test]
    fn what_could_not_be_stored_is_told_and_what_comes_next_is_stored() {
        let log = SimulatedLog::new(Clock::machine(), 1);
        log.ensure("inbox", 1);
        let mut door = Door {
            appender: None,
            log: Arc::new(log.clone()),
            topic: "inbox".to_owned(),
        };
        let beat = Beat {
            name: "inbox".to_owned(),
            status: Arc::default(),
            stop: Arc::default(),
        };
        let (sender, receiver) = sync_channel(WAITING_MAX);
        let thread = std::thread::spawn(move || door.serve(&beat, &receiver));
        let inbox = Inbox(sender);
        let append = || inbox.append(vec![NewRecord::default()]).blocking_recv().unwrap();
        assert_eq!(append(), Ok(()));
        log.set_faults(Faults {
            lost_append: 1,
            ..Faults::default()
        });
        assert!(append().is_err_and(|why| why.contains("not acknowledged")));
        log.set_faults(Faults::default());
        assert_eq!(append(), Ok(()));
        drop(inbox);
        assert_eq!(thread.join().unwrap(), Ok(()));
    }
}
