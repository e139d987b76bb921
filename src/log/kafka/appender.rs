//! Appends outside of transactions: idempotent, in order, without gaps.
//!
//! The rule: nothing expires here, so a record is either acknowledged, or this appender has ended
//! and says so for good.

use std::sync::Arc;
use std::time::Duration;

use super::client_settings;
use super::faults::{Otherwise, judge};
use super::ffi::{Client, Code, Delivery, Fault, Kind, produce};
use super::{KafkaOptions, fault_of};
use crate::domain::time::Instant;
use crate::log::{Ack, Appender, LogError, NewRecord};

/// An appender on Kafka.
pub(super) struct KafkaAppender {
    client: Arc<Client>,
    next_ticket: u64,
    ended: Option<LogError>,
}

impl KafkaAppender {
    /// A fresh one; connects in the background.
    pub(super) fn new(options: &KafkaOptions) -> Result<Self, LogError> {
        let client = Client::new(Kind::Producer, &client_settings::appender(options))
            .map_err(|fault| judge("making an appender", &fault, Otherwise::Retry))?;
        Ok(Self {
            client,
            next_ticket: 0,
            ended: None,
        })
    }

    fn end(&mut self, error: LogError) -> LogError {
        self.ended.get_or_insert(error).clone()
    }

    fn acknowledged(&mut self, delivery: &Delivery) -> Result<Ack, LogError> {
        if let Some(code) = delivery.fault {
            let cause = self.client.fatal().unwrap_or_else(|| fault_of(code));
            return Err(self.end(judge("appending", &cause, Otherwise::Unknown)));
        }
        // A broker that has forgotten an old batch acknowledges its copy without saying where the
        // first one stands.
        let Ok(offset) = u64::try_from(delivery.offset) else {
            return Err(self.end(LogError::Unknown("appending: written, but not known where".to_owned())));
        };
        Ok(Ack {
            ticket: delivery.ticket as u64,
            offset,
            time: Instant::from_millis(delivery.time),
        })
    }
}

impl Appender for KafkaAppender {
    fn append(&mut self, topic: &str, partition: Option<u32>, record: &NewRecord) -> Result<u64, LogError> {
        if let Some(error) = &self.ended {
            return Err(error.clone());
        }
        let ticket = self.next_ticket;
        match produce::produce(&self.client, topic, partition, record, ticket as usize) {
            Ok(()) => {
                self.next_ticket += 1;
                Ok(ticket)
            }
            Err(fault) => {
                let error = not_queued(&format!("appending to {topic}"), &fault);
                if matches!(error, LogError::Unknown(_) | LogError::Fenced(_)) {
                    return Err(self.end(error));
                }
                Err(error)
            }
        }
    }

    fn poll(&mut self, wait: Duration) -> Result<Vec<Ack>, LogError> {
        if let Some(error) = &self.ended {
            return Err(error.clone());
        }
        let until = std::time::Instant::now() + wait;
        self.client.serve(Duration::ZERO);
        let mut deliveries = self.client.shared().take_deliveries();
        while deliveries.is_empty() {
            let left = until.saturating_duration_since(std::time::Instant::now());
            if left.is_zero() {
                break;
            }
            self.client.serve(left);
            deliveries = self.client.shared().take_deliveries();
        }
        if let Some(cause) = self.client.fatal() {
            return Err(self.end(judge("appending", &cause, Otherwise::Unknown)));
        }
        deliveries.iter().map(|delivery| self.acknowledged(delivery)).collect()
    }
}

/// Judges a record that librdkafka didn't take: it is nowhere.
pub(super) fn not_queued(what: &str, fault: &Fault) -> LogError {
    match fault.code {
        Code::QueueFull => LogError::Retry(format!("{what}: the queue is full")),
        // Nothing was sent, but a client in this state sends nothing any more.
        Code::Fatal | Code::State | Code::GaplessGuarantee => judge(what, fault, Otherwise::Unknown),
        _ => judge(what, fault, Otherwise::Retry),
    }
}
