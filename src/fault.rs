//! What is wrong in something a person wrote: where, what, and what to do about it.
//!
//! Settings and policies are checked whole, so faults come in lists; none of them ends the check.

use std::fmt;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// What is wrong; a lower-case fragment, never a secret.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

/// Where something was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In a file.
    File {
        /// Its path, as given.
        file: String,
        /// From 1.
        line: usize,
        /// In characters, from 1.
        column: usize,
    },
    /// The file as a whole: it cannot be read, or something is not in it.
    Whole(String),
    /// An environment variable, by its name.
    Variable(String),
}

impl Fault {
    /// A fault at a place.
    pub fn new(place: Place, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            place,
            message: message.into(),
            remedy: remedy.into(),
        }
    }
}

impl Place {
    /// The beginning of its line.
    #[must_use]
    pub fn on_line(&self) -> Self {
        match self {
            Self::File { file, line, .. } => Self::File {
                file: file.clone(),
                line: *line,
                column: 1,
            },
            Self::Whole(_) | Self::Variable(_) => self.clone(),
        }
    }

    /// The line, where there is one.
    pub fn line(&self) -> Option<usize> {
        match self {
            Self::File { line, .. } => Some(*line),
            Self::Whole(_) | Self::Variable(_) => None,
        }
    }
}

impl fmt::Display for Fault {
    /// `config/policy.toml:12:5: what is wrong; what to do`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.place, self.message, self.remedy)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, line, column } => write!(f, "{file}:{line}:{column}"),
            Self::Whole(file) => f.write_str(file),
            Self::Variable(name) => f.write_str(name),
        }
    }
}

impl std::error::Error for Fault {}

/// The known name that looks most like `name`, if any looks like it at all.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let within = (name.chars().count() / 3).max(2);
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= within)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// What to do about a name nobody knows: the nearest known one, or what there is to choose from.
pub fn suggest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    match nearest(name, known.iter().copied()) {
        Some(candidate) => format!("did you mean `{candidate}`?"),
        None if known.is_empty() => "remove it".to_owned(),
        None => format!("known here: {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_finds_its_word() {
        assert_eq!(nearest("capcity", ["weight", "capacity"]), Some("capacity"));
        assert_eq!(nearest("warm", ["warn", "within"]), Some("warn"));
        assert_eq!(nearest("zzzzzz", ["warn", "within"]), None);
    }
}
