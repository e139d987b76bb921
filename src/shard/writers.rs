//! Who has written to a state log, by transactional id, as its records say.

use crate::log::{Header, Record};

/// The header that names the transactional id a record was written under.
const WRITER_HEADER: &str = "writer";
/// The header with the number of the last output that goes with it.
const SAID_HEADER: &str = "said";
/// The header that names those who wrote before, a line each, with the number of their last output.
const FORMER_HEADER: &str = "former";
/// As many of them are known at most; the last ones.
const FORMER_MAX: usize = 32;

/// The headers of a mark.
pub(super) fn headers(writer: &str) -> Vec<Header> {
    vec![(WRITER_HEADER.to_owned(), Some(writer.as_bytes().to_vec()))]
}

/// The transactional id a record was written under.
pub(super) fn writer_of(record: &Record) -> Option<String> {
    text(record, WRITER_HEADER).map(str::to_owned)
}

/// The number of the last output that goes with a record of images.
pub(super) fn said_with(record: &Record) -> Option<u64> {
    text(record, SAID_HEADER)?.parse().ok()
}

/// What the names of former writers take.
pub(super) fn former_bytes(headers: &[Header]) -> u64 {
    let former = headers.iter().filter(|(name, _)| name == FORMER_HEADER);
    former
        .flat_map(|(_, value)| value)
        .map(|value| value.len() as u64)
        .sum()
}

fn text<'a>(record: &'a Record, name: &str) -> Option<&'a str> {
    let (_, value) = record.headers.iter().find(|(known, _)| known == name)?;
    std::str::from_utf8(value.as_deref()?).ok()
}

/// Those who wrote last, one after the other. What they wrote may be gone from the state log by the
/// time at which it is asked who said something.
#[derive(Debug, Default)]
pub(super) struct Former(Vec<Stretch>);

/// What one writer said without another between.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stretch {
    writer: String,
    /// The number of its last output that is committed.
    said: u64,
}

impl Stretch {
    fn parse(line: &str) -> Option<Self> {
        let (writer, said) = line.rsplit_once(' ')?;
        Some(Self {
            writer: writer.to_owned(),
            said: said.parse().ok()?,
        })
    }

    fn line(&self) -> String {
        format!("{} {}\n", self.writer, self.said)
    }
}

impl Former {
    /// Takes in who wrote a committed record, and whom it names.
    pub(super) fn read(&mut self, record: &Record) {
        let (Some(writer), Some(said)) = (writer_of(record), said_with(record)) else {
            return;
        };
        if let Some(former) = text(record, FORMER_HEADER) {
            self.0 = former.lines().filter_map(Stretch::parse).collect();
        }
        match self.0.last_mut().filter(|last| last.writer == writer) {
            Some(last) => last.said = said,
            None => self.0.push(Stretch { writer, said }),
        }
        let older = self.0.len().saturating_sub(FORMER_MAX);
        self.0.drain(..older);
    }

    /// The headers of a record that `writer` writes behind them, with the number of the last output.
    pub(super) fn headers(&self, writer: &str, said: u64) -> Vec<Header> {
        let mut headers = headers(writer);
        headers.push((SAID_HEADER.to_owned(), Some(said.to_string().into_bytes())));
        if !self.0.is_empty() {
            let lines: String = self.0.iter().map(Stretch::line).collect();
            headers.push((FORMER_HEADER.to_owned(), Some(lines.into_bytes())));
        }
        headers
    }

    /// Who has committed the output of this number, if it was one of them.
    pub(super) fn of(&self, number: u64) -> Option<&str> {
        let stretch = self.0.iter().find(|stretch| stretch.said >= number)?;
        Some(&stretch.writer)
    }

    /// All of them.
    pub(super) fn latest_first(&self) -> impl Iterator<Item = &str> {
        self.0.iter().rev().map(|stretch| stretch.writer.as_str())
    }

    /// What their names take in each record.
    pub(super) fn bytes(&self) -> u64 {
        self.0.iter().map(|stretch| stretch.line().len() as u64).sum()
    }

    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Instant;

    fn record(headers: Vec<Header>) -> Record {
        Record {
            offset: 0,
            time: Instant::default(),
            key: None,
            value: None,
            headers,
        }
    }

    fn lines(former: &Former) -> Vec<String> {
        former.0.iter().map(Stretch::line).collect()
    }

    #[test]
    fn who_said_what_is_known_though_their_records_are_gone() {
        let mut before = Former::default();
        for (writer, said) in [("a", 4), ("a", 7), ("b", 7), ("a", 9)] {
            before.read(&record(Former::default().headers(writer, said)));
        }
        let mut former = Former::default();
        former.read(&record(before.headers("c", 12)));
        former.read(&record(before.headers("c", 15)));
        assert_eq!(lines(&former), ["a 7\n", "b 7\n", "a 9\n", "c 15\n"]);
        let of = [1, 7, 8, 9, 10, 15, 16].map(|number| former.of(number));
        assert_eq!(
            of,
            [Some("a"), Some("a"), Some("a"), Some("a"), Some("c"), Some("c"), None]
        );
        for number in 0..FORMER_MAX as u64 {
            former.read(&record(Former::default().headers(&number.to_string(), 20 + number)));
        }
        assert_eq!((former.0.len(), former.of(1)), (FORMER_MAX, Some("0")));
        former.read(&record(headers("a mark")));
        assert_eq!(former.of(u64::MAX), None);
    }
}
