//! Writes JSON without white space, members in the order they are named.

use std::fmt::Display;
use std::io::Write as _;

use crate::wire::json::plain_length;

/// Writes the members of one object.
#[derive(Debug)]
pub(super) struct Members<'b> {
    out: &'b mut Vec<u8>,
    empty: bool,
}

/// Writes an object whose members `write` names.
pub(super) fn object(out: &mut Vec<u8>, write: impl FnOnce(&mut Members<'_>)) {
    out.push(b'{');
    write(&mut Members { out, empty: true });
    out.push(b'}');
}

/// Writes text as JSON; what is not ASCII stands as it is.
pub(in crate::wire) fn text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    loop {
        let (plain, special) = rest.split_at(plain_length(rest));
        out.extend_from_slice(plain);
        let Some((byte, behind)) = special.split_first() else {
            break;
        };
        match byte {
            b'"' => out.extend_from_slice(br#"\""#),
            b'\\' => out.extend_from_slice(br"\\"),
            b'\n' => out.extend_from_slice(br"\n"),
            b'\r' => out.extend_from_slice(br"\r"),
            b'\t' => out.extend_from_slice(br"\t"),
            _ => show(out, format_args!("\\u{byte:04x}")),
        }
        rest = behind;
    }
    out.push(b'"');
}

/// Writes what displays without anything to escape.
fn show(out: &mut Vec<u8>, value: impl Display) {
    // Memory takes everything.
    let _written = write!(out, "{value}");
}

impl Members<'_> {
    /// A member whose value is written by `write`. Its name is one of ours: nothing to escape.
    pub(super) fn value(&mut self, name: &'static str, write: impl FnOnce(&mut Vec<u8>)) {
        let before: &[u8] = if std::mem::take(&mut self.empty) { b"\"" } else { b",\"" };
        self.out.extend_from_slice(before);
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        write(self.out);
    }

    /// A member of any name.
    pub(super) fn any(&mut self, name: &str, write: impl FnOnce(&mut Vec<u8>)) {
        if !std::mem::take(&mut self.empty) {
            self.out.push(b',');
        }
        text(self.out, name);
        self.out.push(b':');
        write(self.out);
    }

    /// Text.
    pub(super) fn text(&mut self, name: &'static str, value: &str) {
        self.value(name, |out| text(out, value));
    }

    /// What displays as plain text without anything to escape: ids, times.
    pub(super) fn shown(&mut self, name: &'static str, value: impl Display) {
        self.value(name, |out| {
            out.push(b'"');
            show(out, value);
            out.push(b'"');
        });
    }

    /// A number or a bool.
    pub(super) fn plain(&mut self, name: &'static str, value: impl Display) {
        self.value(name, |out| show(out, value));
    }

    /// `null`
    pub(super) fn null(&mut self, name: &'static str) {
        self.value(name, |out| out.extend_from_slice(b"null"));
    }

    /// Text, or `null` where there is none.
    pub(super) fn text_or_null(&mut self, name: &'static str, value: Option<&str>) {
        match value {
            Some(value) => self.text(name, value),
            None => self.null(name),
        }
    }

    /// Text, left out where there is none.
    pub(super) fn text_if(&mut self, name: &'static str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// An object.
    pub(super) fn object(&mut self, name: &'static str, write: impl FnOnce(&mut Members<'_>)) {
        self.value(name, |out| object(out, write));
    }

    /// A list of objects.
    pub(super) fn objects<T>(&mut self, name: &'static str, items: &[T], mut write: impl FnMut(&mut Members<'_>, &T)) {
        self.value(name, |out| {
            out.push(b'[');
            for (number, item) in items.iter().enumerate() {
                if number > 0 {
                    out.push(b',');
                }
                object(out, |members| write(members, item));
            }
            out.push(b']');
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn serde_json_reads_the_text_that_was_written(text in any::<String>()) {
            let mut out = Vec::new();
            super::text(&mut out, &text);
            prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }
    }
}
