//! What HTTP asks of the service.

use std::sync::Arc;
use std::time::Duration;

use super::inbox::Inbox;
use super::{Ground, Service, hooks, sources};
use crate::domain::ids::LeadKey;
use crate::http;
use crate::log::{Found, Isolation, Log, NewRecord, Place, ReadLimit, Record};
use crate::names::Names;
use crate::settings::{LogKind, Settings};
use crate::shard::Watch;
use crate::telemetry::metrics::{Answer, HookAnswer};

/// Bytes of outputs given at once.
const OUTPUT_BYTES_MAX: usize = 4 << 20;

/// The service, as HTTP sees it.
pub struct Site {
    log: Arc<dyn Log>,
    watch: Watch,
    inbox: Inbox,
    names: Names,
}

impl Site {
    /// The site of a running service.
    pub fn of(service: &Service, settings: &Settings) -> Self {
        Self {
            log: service.log.clone(),
            watch: service.watch.clone(),
            inbox: service.inbox.clone(),
            names: Names::new(&settings.kafka.prefix),
        }
    }

    /// How HTTP is served on this ground.
    pub fn options(ground: &Ground) -> http::Options {
        let settings = &ground.settings;
        http::Options {
            token: settings.http.token.as_ref().map(|token| token.reveal().to_owned()),
            body_bytes_max: settings.http.body_bytes_max,
            rate: hooks::rate(&settings.http),
            hooks: hooks::proofs(&settings.hooks),
            inbox: sources::inbox(settings, &ground.adapters, &Names::new(&settings.kafka.prefix)).context([0; 16], 0),
            lead_key: LeadKey::derive(settings.privacy.secret.reveal()),
            clock: ground.clock.clone(),
            deployment: settings.deployment.clone(),
            serves_outputs: settings.log == LogKind::Local,
        }
    }
}

impl http::Service for Site {
    fn append(&self, records: Vec<NewRecord>) -> http::Pending<Result<(), String>> {
        let answered = self.inbox.append(records);
        Box::pin(async move {
            answered
                .await
                .unwrap_or_else(|_| Err("the service is stopping".to_owned()))
        })
    }

    fn liveness(&self) -> Result<(), String> {
        match self.watch.status.stuck().as_slice() {
            [] => Ok(()),
            stuck => Err(format!("not turning: {}", stuck.join(", "))),
        }
    }

    fn readiness(&self) -> Result<(), String> {
        self.watch.status.unready().map_or(Ok(()), Err)
    }

    fn metrics(&self) -> String {
        self.watch.metrics.render().unwrap_or_else(|error| {
            tracing::error!(%error, "metrics cannot be rendered");
            String::new()
        })
    }

    fn answered(&self, answer: Answer) {
        self.watch.metrics.answered(answer);
    }

    fn release(&self, source: &str) -> bool {
        self.watch.status.release(source)
    }

    fn hook_answered(&self, hook: &str, answer: HookAnswer) {
        self.watch.metrics.hook_answered(hook, answer);
    }

    fn outputs(&self, topic: &str, from: u64, max: usize) -> Option<Vec<Record>> {
        let topic = self.names.served(topic)?;
        self.log.topics(&[&topic]).ok()?.pop()??;
        let place = Place::new(&topic, 0);
        let (start, _) = self.log.bounds(&place).ok()?;
        let mut reader = self.log.reader(&place, from.max(start), Isolation::Committed).ok()?;
        let limit = ReadLimit {
            records_max: max,
            bytes_max: OUTPUT_BYTES_MAX,
        };
        match reader.read(limit, Duration::ZERO).ok()? {
            Found::Records(records) => Some(records),
            Found::Trimmed(_) => Some(Vec::new()),
        }
    }
}
