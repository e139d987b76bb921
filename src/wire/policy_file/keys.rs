//! Every key of the policy file: its type, bounds, default and meaning.

use crate::domain::fact::Outcome;
use crate::shape::{HOURS, Key, Kind, Table, defaulted, optional, required};

/// Rules, routes, and reps of a team, at most.
pub(super) const MANY: usize = 1_000;
const POINTS: i64 = 1_000_000;
const SECOND: i64 = 1_000;
const NINETY_DAYS: i64 = 90 * 24 * 3_600 * SECOND;

const NAME: Kind = Kind::Text { min: 1, max: 256 };
const NAMES: Kind = Kind::List {
    of: &NAME,
    min: 1,
    max: MANY,
};
const MAYBE_NAMES: Kind = Kind::List {
    of: &NAME,
    min: 0,
    max: MANY,
};
const VALUE_BYTES: Kind = Kind::Text { min: 0, max: 1_024 };
const POINTS_EITHER_WAY: Kind = Kind::Integer {
    min: -POINTS,
    max: POINTS,
};
const DAYS: Kind = Kind::Integer { min: 1, max: 3_650 };
const PROMISE: Kind = Kind::Duration {
    units: HOURS,
    min: SECOND,
    max: NINETY_DAYS,
};
const WHEN: Kind = Kind::Tables {
    of: &CONDITION,
    min: 1,
    max: 100,
};
const OUTCOMES: Kind = Kind::List {
    of: &Kind::Choice(OUTCOME_NAMES),
    min: 0,
    max: 100,
};
const BLOCKS: Kind = Kind::List {
    of: &Kind::Hours,
    min: 0,
    max: 100,
};

/// The names of outcomes, in the order of `Outcome::ALL`.
const OUTCOME_NAMES: &[&str] = &{
    let mut names = [""; Outcome::ALL.len()];
    let mut place = 0;
    while place < names.len() {
        names[place] = Outcome::ALL[place].name();
        place += 1;
    }
    names
};

const fn list(of: &'static Table, min: usize) -> Kind {
    Kind::Tables { of, min, max: MANY }
}

/// The policy file.
pub static POLICY: Table = Table {
    doc: "the policy",
    exactly_one: &[],
    keys: &[
        required(
            "version",
            Kind::Integer { min: 1, max: i64::MAX },
            "grows with each change",
        ),
        defaulted("name", Kind::Text { min: 0, max: 256 }, "\"\"", "what people call it"),
        required(
            "score",
            Kind::Table(&SCORE),
            "points for what leads did and for what they are",
        ),
        required("qualify", Kind::Table(&QUALIFY), "the MQL definition"),
        required(
            "route",
            list(&ROUTE, 1),
            "which team gets which leads; the first that matches wins",
        ),
        required("team", list(&TEAM, 1), "teams of sellers and their promises"),
        optional(
            "rep",
            Kind::Tables {
                of: &REP,
                min: 0,
                max: MANY * MANY,
            },
            "sellers",
        ),
        required("calendar", list(&CALENDAR, 1), "when teams work"),
        optional(
            "reject",
            REJECT,
            "what a reason given by sales leads to; for reasons not named, recycle",
        ),
    ],
};

const REJECT: Kind = Kind::Map {
    of: &Kind::Choice(&["recycle", "reassign", "disqualify"]),
    max: MANY,
    dotted: false,
};

static SCORE: Table = Table {
    doc: "[score]",
    exactly_one: &[],
    keys: &[
        required("forget_after_days", DAYS, "what a lead did longer ago counts nothing"),
        optional("engagement", list(&ENGAGEMENT, 0), "points for what they did"),
        optional("fit", list(&FIT, 0), "points for who they are"),
    ],
};

static ENGAGEMENT: Table = Table {
    doc: "[[score.engagement]]",
    exactly_one: &["form", "activity"],
    keys: &[
        required("rule", NAME, "the rule's name, unique over all rules"),
        optional("form", NAMES, "forms that count; either this or `activity`"),
        optional("activity", NAMES, "activities that count; either this or `form`"),
        optional(
            "target_prefix",
            NAMES,
            "with `activity`: only on targets that begin with one of these",
        ),
        required("points", POINTS_EITHER_WAY, "points each time"),
        optional(
            "at_most",
            Kind::Integer { min: 1, max: POINTS },
            "limit of the rule's total, either sign",
        ),
        optional("half_life_days", DAYS, "days in which points fade to a half"),
        optional("within_days", DAYS, "what happened longer ago counts nothing"),
    ],
};

static FIT: Table = Table {
    doc: "[[score.fit]]",
    exactly_one: &[],
    keys: &[
        required("rule", NAME, "the rule's name, unique over all rules"),
        required("when", WHEN, "conditions, all of which must hold"),
        required("points", POINTS_EITHER_WAY, "points while they hold"),
    ],
};

static CONDITION: Table = Table {
    doc: "a condition",
    exactly_one: TESTS,
    keys: CONDITION_KEYS,
};

/// The tests, of which a condition has one.
pub(super) const TESTS: &[&str] = &["equals", "one_of", "at_least", "at_most", "contains", "present"];

const CONDITION_KEYS: &[Key] = &[
    required("attribute", NAME, "the profile attribute's exact name"),
    optional("equals", Kind::Scalar, "it equals this"),
    optional(
        "one_of",
        Kind::List {
            of: &Kind::Scalar,
            min: 1,
            // Accounts by name may be many; the file's size is their bound.
            max: MANY * MANY,
        },
        "it equals one of these",
    ),
    optional("at_least", Kind::Number, "it is a number, this or more"),
    optional("at_most", Kind::Number, "it is a number, this or less"),
    optional("contains", VALUE_BYTES, "it is text that contains this"),
    optional("present", Kind::Bool, "it is there, or (false) it is not"),
];

static QUALIFY: Table = Table {
    doc: "[qualify]",
    exactly_one: &[],
    keys: &[
        required("fit_at_least", POINTS_EITHER_WAY, "fit points needed"),
        required("engagement_at_least", POINTS_EITHER_WAY, "engagement points needed"),
        required(
            "requalify_after_days",
            DAYS,
            "days after recycled or lost until a lead may qualify again",
        ),
        optional(
            "not_before",
            Kind::Time,
            "earlier events are scored and remembered, but qualify nothing",
        ),
        optional("fast_track", list(&FAST_TRACK, 0), "hand-raisers: one touch is enough"),
        optional("block", list(&BLOCK, 0), "whoever matches one never qualifies"),
    ],
};

static FAST_TRACK: Table = Table {
    doc: "[[qualify.fast_track]]",
    exactly_one: &[],
    keys: &[
        required("rule", NAME, "an engagement rule"),
        defaulted("fit_at_least", POINTS_EITHER_WAY, "0", "fit points needed all the same"),
    ],
};

static BLOCK: Table = Table {
    doc: "[[qualify.block]]",
    exactly_one: &[],
    keys: &[
        required("name", NAME, "what people call it"),
        required("when", WHEN, "conditions, all of which must hold"),
    ],
};

static ROUTE: Table = Table {
    doc: "[[route]]",
    exactly_one: &[],
    keys: &[
        required("name", NAME, "what people call it"),
        optional(
            "when",
            WHEN,
            "conditions, all of which must hold; the last route has none",
        ),
        required("team", NAME, "the team that gets the lead"),
        defaulted("needs", MAYBE_NAMES, "[]", "skills the rep must have"),
        optional("owner_from", NAME, "an attribute that may name the rep"),
    ],
};

static TEAM: Table = Table {
    doc: "[[team]]",
    exactly_one: &[],
    keys: &[
        required("id", NAME, "the team's name, unique whatever the case of its letters"),
        optional(
            "topic",
            Kind::Word { min: 1, max: 200 },
            "where its handoffs go; sales.handoffs.<id> if left out",
        ),
        required("calendar", NAME, "when it works"),
        optional("overflow", NAME, "the team that helps out when nobody is free"),
        required(
            "sla",
            Kind::Table(&SLA),
            "the promise, in working time since the handoff",
        ),
    ],
};

static SLA: Table = Table {
    doc: "[team.sla]",
    exactly_one: &[],
    keys: &[
        optional("warn", PROMISE, "at risk after this"),
        required("within", PROMISE, "breached after this"),
        optional("escalate", PROMISE, "escalated after this"),
        optional("reassign", PROMISE, "taken away and given to another after this"),
        defaulted(
            "reassign_at_most",
            Kind::Integer { min: 0, max: 1_000 },
            "2",
            "times a lead changes hands in a cycle",
        ),
        defaulted("responses", OUTCOMES, RESPONSES, "outcomes that count as a response"),
        defaulted("releases", OUTCOMES, RELEASES, "outcomes that free the rep's capacity"),
    ],
};

pub(super) const RESPONSES: &str = "[\"contacted\", \"meeting_held\", \"qualified\", \"opportunity_created\", \"won\", \"lost\", \
                         \"rejected\", \"recycled\"]";
pub(super) const RELEASES: &str =
    "[\"qualified\", \"opportunity_created\", \"won\", \"lost\", \"rejected\", \"recycled\"]";

static REP: Table = Table {
    doc: "[[rep]]",
    exactly_one: &[],
    keys: &[
        required("id", NAME, "the rep's name, unique whatever the case of its letters"),
        required("team", NAME, "the team the rep sells for"),
        defaulted(
            "weight",
            Kind::Integer { min: 1, max: 1_000 },
            "1",
            "share of the rotation",
        ),
        required(
            "capacity",
            Kind::Integer { min: 0, max: 1_000_000 },
            "open handoffs at most",
        ),
        defaulted("skills", MAYBE_NAMES, "[]", "what the rep can do"),
    ],
};

static CALENDAR: Table = Table {
    doc: "[[calendar]]",
    exactly_one: &[],
    keys: &[
        required("id", NAME, "the calendar's name"),
        optional(
            "time_zone",
            NAME,
            "an IANA time zone, whose clock the hours are read on",
        ),
        optional(
            "hours",
            Kind::Table(&HOURS_OF_WEEK),
            "working hours by weekday; a day not named is closed",
        ),
        optional(
            "holidays",
            MAYBE_NAMES,
            "built-in lists (`jp`), or paths of .ics files beside this file",
        ),
        optional(
            "closed",
            Kind::List {
                of: &Kind::Date,
                min: 0,
                max: 10_000,
            },
            "more closed dates",
        ),
        defaulted("always", Kind::Bool, "false", "around the clock, instead of hours"),
    ],
};

/// Weekdays, from Monday.
pub(super) const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

static HOURS_OF_WEEK: Table = Table {
    doc: "hours",
    exactly_one: &[],
    keys: &[
        optional("mon", BLOCKS, "Monday"),
        optional("tue", BLOCKS, "Tuesday"),
        optional("wed", BLOCKS, "Wednesday"),
        optional("thu", BLOCKS, "Thursday"),
        optional("fri", BLOCKS, "Friday"),
        optional("sat", BLOCKS, "Saturday"),
        optional("sun", BLOCKS, "Sunday"),
    ],
};
