//! The keys of an adapter's file: names, types, bounds and meaning.

use crate::shape::{Key, Kind, Table, defaulted, optional, required};

const PATH_BYTES: usize = 512;
const PATH: Kind = Kind::Text {
    min: 0,
    max: PATH_BYTES,
};
const WORDS: Kind = Kind::Text { min: 0, max: 256 };
const NAME: Kind = Kind::Word { min: 1, max: 64 };

/// Where a value comes from, the first that is there.
const ORIGINS: Kind = Kind::List {
    of: &PATH,
    min: 1,
    max: 16,
};

const SOME_WORDS: Kind = Kind::List {
    of: &WORDS,
    min: 1,
    max: 500,
};

const TYPES: &[&str] = &[
    "tasuki.form.submitted.v1",
    "tasuki.engagement.recorded.v1",
    "tasuki.profile.changed.v1",
    "tasuki.follow-up.recorded.v1",
    "tasuki.rep.changed.v1",
    "tasuki.consent.changed.v1",
    "tasuki.lead.erased.v1",
];

/// An adapter's file.
pub static ADAPTER: Table = Table {
    doc: "the adapter",
    exactly_one: &[],
    keys: &[
        defaulted(
            "records",
            PATH,
            "\"\"",
            "where the record or the list of records lies in a payload; the payload itself if it is not there",
        ),
        defaulted(
            "unmatched",
            Kind::Choice(&["dead-letter", "ignore"]),
            "\"dead-letter\"",
            "what becomes of a record that no event takes",
        ),
        defaulted(
            "without_value",
            Kind::Choice(&["dead-letter", "ignore"]),
            "\"dead-letter\"",
            "what becomes of a record without a value, such as a tombstone",
        ),
        optional(
            "time_zone",
            NAME_OF_ZONE,
            "the zone of times that name none; without it they are invalid",
        ),
        defaulted(
            "time_unit",
            Kind::Choice(&["s", "ms", "us"]),
            "\"ms\"",
            "what numbers count in times",
        ),
        optional(
            "values",
            Kind::Map {
                of: &VALUES,
                max: 100,
                dotted: false,
            },
            "tables of values: what the platform says, and what it means here; `*` is everything else, \"\" leaves the event out",
        ),
        required(
            "event",
            Kind::Tables {
                of: &EVENT,
                min: 1,
                max: 200,
            },
            "an event to make of a record",
        ),
    ],
};

const NAME_OF_ZONE: Kind = Kind::Text { min: 1, max: 64 };

const VALUES: Kind = Kind::Map {
    of: &WORDS,
    max: 1000,
    dotted: false,
};

const fn member(name: &'static str, doc: &'static str) -> Key {
    optional(name, ORIGINS, doc)
}

static EVENT: Table = Table {
    doc: "an event",
    exactly_one: &[],
    keys: EVENT_KEYS,
};

const EVENT_KEYS: &[Key] = &[
    required(
        "name",
        NAME,
        "its name in this file; stands at the end of the ids it makes",
    ),
    required("type", Kind::Choice(TYPES), "what it becomes"),
    optional("each", PATH, "one event for each item of the list there"),
    optional(
        "when",
        Kind::Tables {
            of: &CONDITION,
            min: 1,
            max: 20,
        },
        "all must hold",
    ),
    optional(
        "id",
        ORIGINS,
        "joined by `/`, they name the event; those that are missing count as empty",
    ),
    optional(
        "time",
        ORIGINS,
        "when it happened; the record's own time if left out or missing",
    ),
    member("lead_id", "the person's id in the CRM"),
    member("email", "the person's e-mail address"),
    member("anonymous_id", "the person's id as a visitor"),
    member("form", "the form's name"),
    member("message", "what the person wrote"),
    member("activity", "what the person did"),
    member("target", "on what"),
    member("is_bot", "true: done by a machine"),
    member("sales_contact", "may sales contact the person?"),
    member("campaign_source", "where the person came from"),
    member("campaign_medium", "by which medium"),
    member("campaign_name", "by which campaign"),
    member("handoff_id", "the attempt that sales answers"),
    member("outcome", "what came of it"),
    member("reason", "why"),
    member("note", "free text"),
    member("rep", "the rep's id"),
    member("amount", "what it is worth"),
    member("currency", "in which currency"),
    member("available", "may the rep be given leads?"),
    member("capacity", "open handoffs of the rep at most"),
    member("team", "the rep's team"),
    member("weight", "the rep's share"),
    optional(
        "profile",
        Kind::Map {
            of: &ORIGINS,
            max: 64,
            dotted: false,
        },
        "attributes of the person",
    ),
];

static CONDITION: Table = Table {
    doc: "a condition",
    exactly_one: &["one_of", "none_of", "present"],
    keys: &[
        required("path", PATH, "where to look"),
        optional("one_of", SOME_WORDS, "it is one of these"),
        optional("none_of", SOME_WORDS, "it is none of these, or not there"),
        optional("present", Kind::Bool, "it is there, or not"),
    ],
};
