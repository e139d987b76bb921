//! A TOML file in memory, with the line and column of everything in it.

use toml::Spanned;
use toml::de::DeTable;

use crate::fault::{Fault, Place};

/// A parsed file. Parsing goes on behind a syntax error, so that one pass finds them all.
pub struct Document<'a> {
    file: &'a str,
    text: &'a str,
    line_starts: Vec<usize>,
    root: Spanned<DeTable<'a>>,
    errors: Vec<toml::de::Error>,
}

impl<'a> Document<'a> {
    /// Parses `text`, which faults will place in `file`.
    pub fn parse(file: &'a str, text: &'a str) -> Self {
        let (root, errors) = DeTable::parse_recoverable(text);
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self {
            file,
            text,
            line_starts: std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect(),
            root,
            errors,
        }
    }

    /// The file's outermost table.
    pub fn root(&self) -> &DeTable<'a> {
        self.root.get_ref()
    }

    /// The file's name.
    pub fn file(&self) -> &str {
        self.file
    }

    /// What is not TOML.
    pub fn syntax_faults(&self) -> Vec<Fault> {
        self.errors.iter().map(|error| self.syntax_fault(error)).collect()
    }

    fn syntax_fault(&self, error: &toml::de::Error) -> Fault {
        let message = error.message();
        let remedy = if message.contains("duplicate key") {
            "keep one of them"
        } else {
            "write it as TOML: `key = value`, text in double quotes"
        };
        let place = self.place(error.span().map_or(0, |span| span.start));
        Fault::new(place, format!("not TOML: {message}"), remedy)
    }

    /// A piece of the text.
    pub(super) fn slice(&self, span: std::ops::Range<usize>) -> &'a str {
        self.text.get(span).unwrap_or_default()
    }

    /// The line of a place in this document.
    pub fn line_at(&self, place: &Place) -> Option<&'a str> {
        self.text.lines().nth(place.line()?.checked_sub(1)?)
    }

    /// The place of a byte of the text.
    pub fn place(&self, offset: usize) -> Place {
        let line = self.line_starts.partition_point(|start| *start <= offset).max(1);
        let start = self.line_starts.get(line - 1).copied().unwrap_or(0);
        let before = self.text.get(start..offset).unwrap_or("");
        Place::File {
            file: self.file.to_owned(),
            line,
            column: before.chars().count() + 1,
        }
    }
}

/// The text of bytes, or a fault at the first that is not UTF-8.
pub fn text_of(file: &str, bytes: Vec<u8>) -> Result<String, Fault> {
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let good = String::from_utf8_lossy(good);
        let last_line = good.rsplit('\n').next().unwrap_or_default();
        let place = Place::File {
            file: file.to_owned(),
            line: good.matches('\n').count() + 1,
            column: last_line.chars().count() + 1,
        };
        Fault::new(place, "not UTF-8 text", "save the file as UTF-8")
    })
}
