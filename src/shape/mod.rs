//! What a file may contain: tables of keys with their types, bounds, defaults and meaning.
//!
//! One such table is the only source for checking a file, for its JSON Schema and for its page in
//! `docs/`. Reading a file against it reports every fault and keeps what is right.

mod document;
mod entries;
mod leaf;
mod read;
mod reference;
mod schema;

pub use document::{Document, text_of};
pub use entries::{Entries, Item, Node};
pub use leaf::{Problem, read_text};
pub use read::Reading;
pub use reference::reference;
pub use schema::schema;

/// A table: its keys, and what it is.
#[derive(Debug)]
pub struct Table {
    /// What it is, in a few words.
    pub doc: &'static str,
    /// Keys of which it has exactly one; empty if there are none such.
    pub exactly_one: &'static [&'static str],
    /// Its keys, in the order in which people write them.
    pub keys: &'static [Key],
}

/// A key of a table.
#[derive(Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What may stand there.
    pub kind: Kind,
    /// Whether it must be there.
    pub need: Need,
    /// What it means, in a sentence.
    pub doc: &'static str,
}

/// Whether a key must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// It must.
    Required,
    /// It may be left out; then there is no such thing.
    Optional,
    /// It may be left out; then this holds.
    Default(&'static str),
}

/// What may stand at a key.
#[derive(Debug)]
pub enum Kind {
    /// Text of so many bytes.
    Text {
        /// At least; 1 also refuses blank text.
        min: usize,
        /// At most.
        max: usize,
    },
    /// Letters, digits, `.`, `_` and `-`, so many bytes at most, as in names of topics.
    Word {
        /// At least.
        min: usize,
        /// At most.
        max: usize,
    },
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A whole number.
    Integer {
        /// At least.
        min: i64,
        /// At most.
        max: i64,
    },
    /// A decimal number, exact.
    Number,
    /// True or false.
    Bool,
    /// Text, a number, true or false, to compare with.
    Scalar,
    /// Text, a number, true or false, kept as text.
    Property,
    /// A span of time such as `1h30m`.
    Duration {
        /// The units that may be used, from long to short.
        units: &'static [Unit],
        /// At least, in milliseconds.
        min: i64,
        /// At most, in milliseconds.
        max: i64,
    },
    /// An RFC 3339 time.
    Time,
    /// Where a source begins: `earliest`, `latest` or an RFC 3339 time.
    Begin,
    /// A date such as `2026-12-29`.
    Date,
    /// Hours within a day, such as `09:00-12:00`.
    Hours,
    /// A list.
    List {
        /// Of these.
        of: &'static Kind,
        /// So many at least.
        min: usize,
        /// So many at most.
        max: usize,
    },
    /// A table with known keys.
    Table(&'static Table),
    /// `[[…]]`, each with known keys.
    Tables {
        /// Each of these.
        of: &'static Table,
        /// So many at least.
        min: usize,
        /// So many at most.
        max: usize,
    },
    /// A table with any keys.
    Map {
        /// Each of these.
        of: &'static Kind,
        /// So many at most.
        max: usize,
        /// Keys with dots in them may be written as tables in tables.
        dotted: bool,
    },
}

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Its letter or letters.
    pub name: &'static str,
    /// Its length in milliseconds.
    pub millis: i64,
}

/// Hours, minutes and seconds.
pub const HOURS: &[Unit] = &[unit("h", 3_600_000), unit("m", 60_000), unit("s", 1_000)];

/// Days, hours, minutes, seconds and milliseconds.
pub const DAYS: &[Unit] = &[
    unit("d", 86_400_000),
    unit("h", 3_600_000),
    unit("m", 60_000),
    unit("s", 1_000),
    unit("ms", 1),
];

const fn unit(name: &'static str, millis: i64) -> Unit {
    Unit { name, millis }
}

/// A key that must be there.
pub const fn required(name: &'static str, kind: Kind, doc: &'static str) -> Key {
    let need = Need::Required;
    Key { name, kind, need, doc }
}

/// A key that may be left out.
pub const fn optional(name: &'static str, kind: Kind, doc: &'static str) -> Key {
    let need = Need::Optional;
    Key { name, kind, need, doc }
}

/// A key that may be left out, and what holds then.
pub const fn defaulted(name: &'static str, kind: Kind, default: &'static str, doc: &'static str) -> Key {
    let need = Need::Default(default);
    Key { name, kind, need, doc }
}

impl Table {
    /// The key of this name.
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// The names of all keys.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.keys.iter().map(|key| key.name)
    }
}

impl Kind {
    /// What may stand there, in words: `a whole number from 0 to 10`.
    pub fn words(&self) -> String {
        match self {
            Self::Text { min: 0, max } => format!("text of at most {max} bytes"),
            Self::Text { max, .. } => format!("text of 1 to {max} bytes"),
            Self::Word { max, .. } => format!("text of letters, digits, `.`, `_` and `-`, at most {max}"),
            Self::Choice(words) => format!("one of {}", quoted(words)),
            Self::Integer { min, max: i64::MAX } => format!("a whole number, at least {min}"),
            Self::Integer { min, max } => format!("a whole number from {min} to {max}"),
            Self::Number => "a number of at most 18 digits and 6 decimal places".to_owned(),
            Self::Bool => "true or false".to_owned(),
            Self::Scalar | Self::Property => "text, a number, true or false".to_owned(),
            Self::Duration { units, min, max } => {
                format!(
                    "a span of time from {} to {}",
                    span_text(*min, units),
                    span_text(*max, units)
                )
            }
            Self::Time => "a time such as \"2026-11-01T00:00:00Z\"".to_owned(),
            Self::Begin => "\"earliest\", \"latest\" or a time such as \"2026-11-01T00:00:00Z\"".to_owned(),
            Self::Date => "a date such as \"2026-12-29\"".to_owned(),
            Self::Hours => "hours such as \"09:00-12:00\"".to_owned(),
            Self::List { of, min: 0, max } => format!("a list, at most {max}, each {}", of.words()),
            Self::List { of, min, max } => format!("a list of {min} to {max}, each {}", of.words()),
            Self::Table(_) | Self::Map { of: Self::Table(_), .. } => "a table".to_owned(),
            Self::Map { of, .. } => format!("a table with any keys, each {}", of.words()),
            Self::Tables { .. } => "a list of tables, each under a header in double brackets".to_owned(),
        }
    }
}

/// A span of time in the longest units that say it exactly.
pub fn span_text(millis: i64, units: &[Unit]) -> String {
    let mut rest = millis;
    let mut text = String::new();
    for unit in units {
        let count = rest / unit.millis;
        rest %= unit.millis;
        if count > 0 {
            text.extend([count.to_string().as_str(), unit.name]);
        }
    }
    let smallest = units.last().map_or("s", |unit| unit.name);
    if text.is_empty() { format!("0{smallest}") } else { text }
}

fn quoted(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    quoted.join(", ")
}
