//! Every setting: its name, type, bounds and meaning. Defaults stand in `config/default.toml`.

use crate::shape::{DAYS, Key, Kind, Table, defaulted, optional, required};

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

const PATH: Kind = Kind::Text { min: 1, max: 4096 };
const SECRET: Kind = Kind::Text { min: 1, max: 1024 };
const NAME: Kind = Kind::Word { min: 1, max: 64 };
const SHORT: Kind = Kind::Text { min: 1, max: 64 };
const PREFIX: Kind = Kind::Word { min: 0, max: 64 };
const WORKERS: Kind = count(1, 64);

/// Properties of librdkafka that carry Tasuki's promises; a file that names one is refused.
pub const OWNED: &[&str] = &[
    "acks",
    "request.required.acks",
    "allow.auto.create.topics",
    "auto.commit.enable",
    "auto.offset.reset",
    "bootstrap.servers",
    "metadata.broker.list",
    "delivery.report.only.error",
    "delivery.timeout.ms",
    "message.timeout.ms",
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
    "retries",
    "offset.store.method",
    "partition.assignment.strategy",
    "partitioner",
    "retry.backoff.ms",
    "retry.backoff.max.ms",
    "session.timeout.ms",
    "transaction.timeout.ms",
    "transactional.id",
];

/// The types of events that a source may be limited to.
pub const EVENT_TYPES: &[&str] = &[
    "tasuki.form.submitted.v1",
    "tasuki.engagement.recorded.v1",
    "tasuki.profile.changed.v1",
    "tasuki.follow-up.recorded.v1",
    "tasuki.rep.changed.v1",
    "tasuki.consent.changed.v1",
    "tasuki.lead.erased.v1",
];

const fn count(min: i64, max: i64) -> Kind {
    Kind::Integer { min, max }
}

const fn span(min: i64, max: i64) -> Kind {
    let units = DAYS;
    Kind::Duration { units, min, max }
}

/// All settings.
pub static SETTINGS: Table = Table {
    doc: "the settings",
    exactly_one: &[],
    keys: &[
        required("deployment", NAME, "the deployment's name"),
        optional(
            "instance",
            NAME,
            "this process's name; random at each start if left out",
        ),
        required("log", Kind::Choice(&["local", "kafka"]), "where records are kept"),
        optional("local", Kind::Table(&LOCAL), "the local log"),
        optional("kafka", Kind::Table(&KAFKA), "Apache Kafka"),
        optional("journal", Kind::Table(&JOURNAL), "the one order of everything"),
        optional("shard", Kind::Table(&SHARD), "deciding"),
        optional("intake", Kind::Table(&INTAKE), "reading the sources"),
        optional("policy", Kind::Table(&POLICY), "the agreement"),
        optional("http", Kind::Table(&HTTP), "the HTTP server"),
        optional("privacy", Kind::Table(&PRIVACY), "identity and erasure"),
        optional("time", Kind::Table(&TIME), "clocks and deadlines"),
        optional("audit", Kind::Table(&AUDIT), "looking at the outputs"),
        optional("telemetry", Kind::Table(&TELEMETRY), "logs"),
        optional("sources", SOURCES, "topics that are read"),
        optional("hooks", HOOKS, "webhooks that are taken"),
    ],
};

const SOURCES: Kind = Kind::Map {
    of: &Kind::Table(&SOURCE),
    max: 1000,
    dotted: false,
};

const HOOKS: Kind = Kind::Map {
    of: &Kind::Table(&HOOK),
    max: 100,
    dotted: false,
};

static LOCAL: Table = Table {
    doc: "[local]",
    exactly_one: &[],
    keys: &[required("path", PATH, "the folder of the local log")],
};

static KAFKA: Table = Table {
    doc: "[kafka]",
    exactly_one: &[],
    keys: &[
        optional("brokers", PATH, "brokers to ask first"),
        required(
            "prefix",
            PREFIX,
            "stands before every topic, group and transactional id of ours",
        ),
        optional("source_prefix", PREFIX, "stands before the topics of the sources"),
        required(
            "session_timeout",
            span(SECOND, 30 * MINUTE),
            "a silent member loses its partitions",
        ),
        optional("password_file", PATH, "a file with the SASL password"),
        optional("client", CLIENT, "settings of librdkafka"),
    ],
};

const CLIENT: Kind = Kind::Map {
    of: &Kind::Property,
    max: 1000,
    dotted: true,
};

static JOURNAL: Table = Table {
    doc: "[journal]",
    exactly_one: &[],
    keys: &[
        optional("partitions", count(1, 1024), "partitions of the journal"),
        required(
            "kept",
            span(MINUTE, 3_650 * DAY),
            "records that are done with are deleted when they are older",
        ),
    ],
};

static SHARD: Table = Table {
    doc: "[shard]",
    exactly_one: &[],
    keys: &[
        required("workers", WORKERS, "threads that decide"),
        required(
            "batch_records_max",
            count(1, 1_000_000),
            "journal records in a transaction",
        ),
        required(
            "batch_bytes_max",
            count(65_536, 67_108_864),
            "bytes of journal records in a transaction",
        ),
        required(
            "deadlines_per_transaction_max",
            count(1, 100_000),
            "deadlines that a transaction fires",
        ),
        required(
            "queued_per_transaction_max",
            count(1, 100_000),
            "leads of a team's queue that are served at once",
        ),
        required(
            "batch_time",
            span(1, 10 * SECOND),
            "a transaction takes in no more after this, or after as long as the one before was open, if that is longer, up to ten times this",
        ),
        required(
            "open_time_max",
            span(1, 10 * SECOND),
            "a transaction that is open for longer makes the next ones smaller",
        ),
        required(
            "idle_commit_interval",
            span(SECOND, 10 * MINUTE),
            "clock records are committed so often",
        ),
    ],
};

static INTAKE: Table = Table {
    doc: "[intake]",
    exactly_one: &[],
    keys: &[
        required("workers", WORKERS, "threads that read the sources"),
        required(
            "sources_version",
            count(1, 1_000_000),
            "raise it with each change that takes a source away or brings one back; never lower it",
        ),
        required(
            "guard_records",
            count(0, 100_000),
            "the last records of a source that its guard looks at; 0: there is no guard",
        ),
        required(
            "guard_bad_percent_min",
            count(1, 100),
            "if so many of a hundred of them are bad, the source is paused until it is released",
        ),
    ],
};

static POLICY: Table = Table {
    doc: "[policy]",
    exactly_one: &[],
    keys: &[required("file", PATH, "the agreement of marketing and sales")],
};

static HTTP: Table = Table {
    doc: "[http]",
    exactly_one: &[],
    keys: &[
        required("address", PATH, "where HTTP listens"),
        optional(
            "token",
            SECRET,
            "the bearer token that requests must carry, but to probes and signed hooks",
        ),
        optional("token_file", PATH, "a file with the token"),
        required("body_bytes_max", count(1_024, 16_777_216), "bytes of a request's body"),
        required(
            "rate_per_second",
            count(1, 1_000_000),
            "requests a second to POST /events, and as many to each hook",
        ),
        required("rate_burst", count(1, 1_000_000), "so many of them may come together"),
    ],
};

static PRIVACY: Table = Table {
    doc: "[privacy]",
    exactly_one: &[],
    keys: &[
        required("secret", SECRET, "the secret that lead ids are made with"),
        optional("secret_file", PATH, "a file with the secret"),
        required(
            "erase_within",
            span(10 * SECOND, 30 * DAY),
            "what was erased is out of the state log after this",
        ),
    ],
};

static TIME: Table = Table {
    doc: "[time]",
    exactly_one: &[],
    keys: &[
        required(
            "patience",
            span(SECOND, HOUR),
            "an unreadable source is waited for so long",
        ),
        required(
            "clock_interval",
            span(10, 10 * SECOND),
            "clock records are appended so often where a deadline is near; elsewhere at every eighth time, or so often that two seconds are not passed",
        ),
    ],
};

static AUDIT: Table = Table {
    doc: "[audit]",
    exactly_one: &[],
    keys: &[required(
        "enabled",
        Kind::Bool,
        "this process reads all outputs and looks whether each decision is there once",
    )],
};

static TELEMETRY: Table = Table {
    doc: "[telemetry]",
    exactly_one: &[],
    keys: &[
        optional("log_format", Kind::Choice(&["text", "json"]), "how logs are written"),
        required("log_level", PATH, "what is logged"),
    ],
};

static SOURCE: Table = Table {
    doc: "a source",
    exactly_one: &[],
    keys: SOURCE_KEYS,
};

const SOURCE_KEYS: &[Key] = &[
    ROLE,
    defaulted(
        "begin",
        Kind::Begin,
        "\"earliest\"",
        "where to begin when it is read for the first time",
    ),
    FORMAT,
    ONLY_TYPES,
    OTHER_TYPES,
    defaulted("enabled", Kind::Bool, "true", "false: it is not read"),
];

static HOOK: Table = Table {
    doc: "a hook",
    exactly_one: &[],
    keys: &[
        ROLE,
        FORMAT,
        ONLY_TYPES,
        OTHER_TYPES,
        required(
            "signature",
            Kind::Choice(&["hubspot-v3", "mautic", "twenty", "hmac", "token"]),
            "how its requests are signed; \"token\": not at all, they carry the bearer token of the API",
        ),
        optional("secret", SECRET, "what the platform signs with"),
        optional("secret_file", PATH, "a file with the secret"),
        optional(
            "url",
            PATH,
            "where the platform sends to, as it is entered there; for \"hubspot-v3\", which signs it",
        ),
        defaulted(
            "max_age",
            span(SECOND, DAY),
            "\"5m\"",
            "a request that was signed longer ago is refused, where the time is signed",
        ),
        optional("header", NAME, "the header with the signature; for \"hmac\""),
        defaulted(
            "encoding",
            Kind::Choice(&["hex", "base64"]),
            "\"hex\"",
            "how the signature is written; for \"hmac\"",
        ),
        optional(
            "prefix",
            SHORT,
            "what stands before it, such as \"sha256=\"; for \"hmac\"",
        ),
        optional(
            "timestamp_header",
            NAME,
            "the header with the time of signing; for \"hmac\"",
        ),
        defaulted(
            "signed",
            SHORT,
            "\"{body}\"",
            "what is signed, of {body}, {timestamp} and text between them; for \"hmac\"",
        ),
    ],
};

const ROLE: Key = required(
    "role",
    Kind::Choice(&["forms", "engagement", "follow-ups", "roster", "privacy"]),
    "what it is for",
);

const FORMAT: Key = defaulted(
    "format",
    PATH,
    "\"tasuki\"",
    "in which form records come: \"tasuki\" (CloudEvents or bare JSON), an adapter, or the path of one",
);

const ONLY_TYPES: Key = optional("types", TYPES, "the only types taken from it");

const OTHER_TYPES: Key = defaulted(
    "unknown_types",
    Kind::Choice(&["dead-letter", "ignore"]),
    "\"dead-letter\"",
    "what becomes of others",
);

const TYPES: Kind = Kind::List {
    of: &Kind::Choice(EVENT_TYPES),
    min: 1,
    max: 100,
};
