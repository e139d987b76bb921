//! What each kind of client is told, and which settings stay ours.
//!
//! The rule: what exactly-once rests on is set here and can't be changed from outside; whatever
//! else librdkafka knows may be (`KafkaOptions::client`).

use std::time::Duration;

use super::KafkaOptions;
use crate::log::{Isolation, Membership};

/// Records above this are refused, by us and by the topics.
pub const RECORD_BYTES_MAX: usize = 8 * 1024 * 1024;
/// What a consumer fetches ahead, over all of its partitions.
const FETCH_AHEAD_KIBIBYTES: usize = 16 * 1024;
/// What one partition may bring in one fetch; a bigger record comes alone.
const FETCH_PARTITION_BYTES: usize = 1024 * 1024;
/// The pause of a full fetch queue: the default second stalls, none burns a core.
const FETCH_QUEUE_PAUSE: Duration = Duration::from_millis(10);
/// The pause after a failed fetch of a partition.
const FETCH_ERROR_PAUSE: Duration = Duration::from_millis(100);
/// A member that doesn't poll for so long is given up; rebalances wait for it as long, and so does
/// librdkafka for the answer to a join. One whose join was lost still lives for the group, since it
/// commits, and nobody else is dealt anything meanwhile: so this is well below the default of
/// `time.patience`, after which a source that nobody reads makes breaches false.
const POLL_INTERVAL_MAX: Duration = Duration::from_secs(30);
/// Heartbeats also tell of a rebalance, so this bounds how fast partitions change hands.
const HEARTBEAT_MAX: Duration = Duration::from_secs(1);
/// Heartbeats in a session, at least.
const HEARTBEATS_A_SESSION: u32 = 4;
/// Records wait so long for company in a batch; a flush doesn't wait.
const LINGER: Duration = Duration::from_millis(3);
/// What an appender or transactor holds unacknowledged.
const SEND_AHEAD_KIBIBYTES: usize = 64 * 1024;
/// Records an appender or transactor holds unacknowledged.
const SEND_AHEAD_RECORDS: usize = 100_000;
/// An open transaction blocks every reader of committed records, so it doesn't live long.
pub(super) const TRANSACTION_MAX: Duration = Duration::from_secs(10);
/// librdkafka repeats a request no sooner than this. A commit answered within less than 0.8 of
/// it was sent once (`transactor`).
pub(super) const RETRY_PAUSE: Duration = Duration::from_millis(500);
/// Above `RETRY_PAUSE`, or librdkafka would lower that.
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(2);
/// A broker that came back is found again within this.
const RECONNECT_PAUSE_MAX: Duration = Duration::from_secs(1);
/// New partitions and moved leaders are noticed within this, if nothing else tells.
const METADATA_AGE: Duration = Duration::from_secs(30);

/// Settings that may not be named in `KafkaOptions::client`.
pub const RESERVED: &[&str] = &[
    "acks",
    "allow.auto.create.topics",
    "auto.commit.enable",
    "auto.offset.reset",
    "bootstrap.servers",
    "delivery.report.only.error",
    "delivery.timeout.ms",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.gapless.guarantee",
    "enable.idempotence",
    "enable.partition.eof",
    "enable.random.seed",
    "group.id",
    "group.instance.id",
    "group.protocol",
    "group.remote.assignor",
    "heartbeat.interval.ms",
    "isolation.level",
    "log.connection.close",
    "log.queue",
    "max.in.flight",
    "max.in.flight.requests.per.connection",
    "max.poll.interval.ms",
    "message.max.bytes",
    "message.send.max.retries",
    "message.timeout.ms",
    "metadata.broker.list",
    "offset.store.method",
    "partition.assignment.strategy",
    "partitioner",
    "request.required.acks",
    "retries",
    "retry.backoff.max.ms",
    "retry.backoff.ms",
    "session.timeout.ms",
    "transaction.timeout.ms",
    "transactional.id",
];

/// A client's settings, later ones winning.
pub(super) type Settings = Vec<(String, String)>;

fn common(options: &KafkaOptions) -> Settings {
    let mut settings = vec![
        entry("client.id", "tasuki"),
        entry("enable.metrics.push", false),
        entry("socket.keepalive.enable", true),
        entry("reconnect.backoff.max.ms", RECONNECT_PAUSE_MAX.as_millis()),
        // The OpenSSL that is built in would look below /usr/local/ssl, where no system has anything.
        // `ssl.ca.pem`, or another location, goes before it.
        entry("ssl.ca.location", "probe"),
        entry("topic.metadata.refresh.interval.ms", METADATA_AGE.as_millis()),
    ];
    settings.extend(options.client.iter().map(|(name, value)| (name.clone(), value.clone())));
    settings.extend([
        entry("bootstrap.servers", &options.brokers),
        entry("log.connection.close", true),
        entry("retry.backoff.max.ms", RETRY_PAUSE_MAX.as_millis()),
        entry("retry.backoff.ms", RETRY_PAUSE.as_millis()),
    ]);
    settings
}

/// A client that asks and orders: topics, offsets, trimming.
pub(super) fn asker(options: &KafkaOptions) -> Settings {
    without(common(options), is_consumers_alone)
}

fn reading(options: &KafkaOptions, isolation: Isolation) -> Settings {
    let level = match isolation {
        Isolation::Committed => "read_committed",
        Isolation::Uncommitted => "read_uncommitted",
    };
    let mut settings = vec![
        entry("fetch.message.max.bytes", FETCH_PARTITION_BYTES),
        entry("fetch.queue.backoff.ms", FETCH_QUEUE_PAUSE.as_millis()),
        entry("fetch.error.backoff.ms", FETCH_ERROR_PAUSE.as_millis()),
        entry("queued.max.messages.kbytes", FETCH_AHEAD_KIBIBYTES),
    ];
    settings.extend(without(common(options), is_producers_alone));
    settings.extend([
        entry("allow.auto.create.topics", false),
        entry("auto.offset.reset", "error"),
        entry("enable.auto.commit", false),
        entry("enable.auto.offset.store", false),
        entry("enable.partition.eof", true),
        entry("isolation.level", level),
    ]);
    settings
}

/// A reader of one partition.
pub(super) fn reader(options: &KafkaOptions, isolation: Isolation) -> Settings {
    reading(options, isolation)
}

/// A member of a group.
pub(super) fn member(options: &KafkaOptions, membership: &Membership) -> Settings {
    let isolation = if membership.committed_only {
        Isolation::Committed
    } else {
        Isolation::Uncommitted
    };
    let heartbeat = (options.session_timeout / HEARTBEATS_A_SESSION).min(HEARTBEAT_MAX);
    let mut settings = reading(options, isolation);
    settings.extend([
        entry("group.id", &membership.group),
        entry("group.protocol", "classic"),
        entry("partition.assignment.strategy", "cooperative-sticky"),
        entry("session.timeout.ms", options.session_timeout.as_millis()),
        entry("heartbeat.interval.ms", heartbeat.as_millis()),
        entry(
            "max.poll.interval.ms",
            POLL_INTERVAL_MAX.max(options.session_timeout).as_millis(),
        ),
    ]);
    if let Some(instance) = &membership.instance {
        settings.push(entry("group.instance.id", instance));
    }
    settings
}

fn writing(options: &KafkaOptions) -> Settings {
    let mut settings = vec![
        // Records are JSON and packed facts; lz4 halves them for next to no time, and every
        // client can read it.
        entry("compression.type", "lz4"),
        entry("linger.ms", LINGER.as_millis()),
        entry("queue.buffering.max.kbytes", SEND_AHEAD_KIBIBYTES),
        entry("queue.buffering.max.messages", SEND_AHEAD_RECORDS),
    ];
    settings.extend(without(common(options), is_consumers_alone));
    settings.extend([
        entry("acks", "all"),
        entry("enable.idempotence", true),
        entry("message.max.bytes", RECORD_BYTES_MAX),
        entry("partitioner", "murmur2_random"),
    ]);
    settings
}

/// A writer outside of transactions: nothing expires, so nothing is left out.
pub(super) fn appender(options: &KafkaOptions) -> Settings {
    let mut settings = writing(options);
    settings.extend([entry("enable.gapless.guarantee", true), entry("message.timeout.ms", 0)]);
    settings
}

/// A transactional writer.
pub(super) fn transactor(options: &KafkaOptions, id: &str) -> Settings {
    let mut settings = writing(options);
    settings.extend([
        entry("transactional.id", id),
        entry("transaction.timeout.ms", TRANSACTION_MAX.as_millis()),
        entry("message.timeout.ms", TRANSACTION_MAX.as_millis()),
    ]);
    settings
}

/// librdkafka warns about each setting given to a client that has no use for it.
fn without(mut settings: Settings, is_useless: fn(&str) -> bool) -> Settings {
    settings.retain(|(name, _)| !is_useless(name));
    settings
}

fn is_consumers_alone(name: &str) -> bool {
    name.starts_with("fetch.") || name.starts_with("queued.") || name.starts_with("check.crcs")
}

fn is_producers_alone(name: &str) -> bool {
    name.starts_with("queue.buffering.")
        || name.starts_with("compression.")
        || name.starts_with("linger.")
        || name.starts_with("batch.")
        || name.starts_with("sticky.")
}

fn entry(name: &str, value: impl std::fmt::Display) -> (String, String) {
    (name.to_owned(), format!("{value}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_settings_refuse_the_same_names() {
        let reserved: BTreeSet<&str> = RESERVED.iter().copied().collect();
        let owned: BTreeSet<&str> = crate::settings::OWNED.iter().copied().collect();
        assert_eq!(reserved, owned);
    }

    #[test]
    fn what_follows_the_callers_settings_is_reserved() {
        let options = KafkaOptions::new("127.0.0.1:1");
        let membership = Membership {
            group: "g".to_owned(),
            topics: Vec::new(),
            instance: Some("i".to_owned()),
            committed_only: true,
        };
        let mut options_with_marker = options.clone();
        options_with_marker
            .client
            .insert("debug".to_owned(), "marker".to_owned());
        let reserved: BTreeSet<&str> = RESERVED.iter().copied().collect();
        for settings in [
            member(&options_with_marker, &membership),
            appender(&options_with_marker),
            transactor(&options_with_marker, "t"),
        ] {
            let marker = settings.iter().position(|(name, _)| name == "debug").unwrap();
            for (name, _) in &settings[marker + 1..] {
                assert!(
                    reserved.contains(name.as_str()),
                    "{name} wins over the caller's, so it is reserved"
                );
            }
        }
    }
}
