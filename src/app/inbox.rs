//! What comes by HTTP or from the demo: appended to the inbox, answered once it is durable.

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
/// How long one wait for acknowledgements takes, and how many there are before giving up.
const ACK_WAIT: Duration = Duration::from_millis(100);
const ACK_ATTEMPTS_MAX: u32 = 250;

/// Where requests wait.
#[derive(Clone)]
pub(super) struct Inbox(SyncSender<Request>);

struct Request {
    records: Vec<NewRecord>,
    answer: oneshot::Sender<Result<(), String>>,
}

impl Inbox {
    pub(super) fn open(log: &dyn Log, topic: &str, crew: &Crew) -> Result<(Self, JoinHandle<()>), super::StartError> {
        let appender = log.appender()?;
        let (sender, receiver) = sync_channel(WAITING_MAX);
        let topic = topic.to_owned();
        let thread = crew.spawn("inbox".to_owned(), move |beat| run(beat, appender, &topic, &receiver))?;
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

fn run(beat: &Beat, mut appender: Box<dyn Appender>, topic: &str, requests: &Receiver<Request>) -> Result<(), String> {
    while beat.turn() {
        let first = match requests.recv_timeout(IDLE_WAIT) {
            Ok(request) => request,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        };
        let mut together = vec![first];
        together.extend(requests.try_iter().take(TOGETHER_MAX - 1));
        let done = append(beat, appender.as_mut(), topic, &mut together);
        let failed = done.is_err();
        for request in together {
            reply(request, done.clone());
        }
        if failed {
            // An appender is of no use after an error; the process starts afresh.
            return Err(format!(
                "the inbox cannot be written: {}",
                done.err().unwrap_or_default()
            ));
        }
    }
    Ok(())
}

fn append(beat: &Beat, appender: &mut dyn Appender, topic: &str, requests: &mut [Request]) -> Result<(), String> {
    let mut on_their_way = 0;
    for record in requests
        .iter_mut()
        .flat_map(|request| std::mem::take(&mut request.records))
    {
        loop {
            match appender.append(topic, None, &record) {
                Ok(_) => break,
                Err(LogError::Retry(_)) => {
                    on_their_way -= appender.poll(ACK_WAIT).map_err(|error| error.to_string())?.len();
                }
                Err(error) => return Err(error.to_string()),
            }
        }
        on_their_way += 1;
    }
    for _ in 0..ACK_ATTEMPTS_MAX {
        if on_their_way == 0 {
            return Ok(());
        }
        on_their_way -= appender.poll(ACK_WAIT).map_err(|error| error.to_string())?.len();
        beat.turn();
    }
    Err("no acknowledgement in time".to_owned())
}

fn reply(request: Request, answer: Result<(), String>) {
    if request.answer.send(answer).is_err() {
        tracing::debug!("a request was given up before it was answered");
    }
}
