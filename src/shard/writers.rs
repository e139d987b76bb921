//! Who has written to a state log, by transactional id, as its records say.

use crate::log::{Header, Record};

/// The header that names the transactional id a record was written under.
const WRITER_HEADER: &str = "writer";
/// The header that names those who wrote before, a line each.
const FORMER_HEADER: &str = "former";
/// As many of them are known at most; the last ones.
const FORMER_MAX: usize = 32;

/// The headers of a record that `writer` writes behind others.
pub(super) fn headers(writer: &str, former: &[String]) -> Vec<Header> {
    let mut headers = vec![(WRITER_HEADER.to_owned(), Some(writer.as_bytes().to_vec()))];
    if !former.is_empty() {
        headers.push((FORMER_HEADER.to_owned(), Some(former.join("\n").into_bytes())));
    }
    headers
}

/// The transactional id a record was written under.
pub(super) fn writer_of(record: &Record) -> Option<String> {
    text(record, WRITER_HEADER).map(str::to_owned)
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

/// Those who wrote last, each once, the latest last. What they wrote may be gone from the state log by
/// the time at which it is asked who wrote something elsewhere.
#[derive(Debug, Default)]
pub(super) struct Former(Vec<String>);

impl Former {
    /// Takes in who wrote a record, and whom it names.
    pub(super) fn read(&mut self, record: &Record) {
        let named = text(record, FORMER_HEADER).into_iter().flat_map(str::lines);
        for id in named.chain(text(record, WRITER_HEADER)) {
            if self.0.last().is_some_and(|last| last == id) {
                continue;
            }
            self.0.retain(|known| known != id);
            self.0.push(id.to_owned());
        }
        let older = self.0.len().saturating_sub(FORMER_MAX);
        self.0.drain(..older);
    }

    /// What their names take in each record.
    pub(super) fn bytes(&self) -> u64 {
        self.0.iter().map(|id| id.len() as u64 + 1).sum()
    }

    pub(super) fn ids(&self) -> &[String] {
        &self.0
    }

    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Instant;

    fn by(writer: &str, former: &[&str]) -> Record {
        let former: Vec<String> = former.iter().map(|id| (*id).to_owned()).collect();
        Record {
            offset: 0,
            time: Instant::default(),
            key: None,
            value: None,
            headers: headers(writer, &former),
        }
    }

    #[test]
    fn the_last_writers_are_known_each_once_and_those_whom_they_name() {
        let mut former = Former::default();
        former.read(&by("c", &["a", "b"]));
        former.read(&by("c", &["a", "b"]));
        assert_eq!(former.ids(), ["a", "b", "c"]);
        former.read(&by("a", &[]));
        assert_eq!(former.ids(), ["b", "c", "a"]);
        let many: Vec<String> = (0..=FORMER_MAX).map(|number| number.to_string()).collect();
        for id in &many {
            former.read(&by(id, &[]));
        }
        assert_eq!(former.ids(), &many[1..]);
    }
}
