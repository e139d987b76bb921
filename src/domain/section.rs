//! A stretch of an image that is read only when somebody looks.
//!
//! Most events touch little of a lead; what they leave alone is copied, not understood.

use super::bytes::{Malformed, Reader, Writer};

/// Bytes, and what they say once somebody looked.
#[derive(Clone, Debug)]
pub(crate) struct Section<'a, T> {
    packed: &'a [u8],
    open: Option<T>,
}

impl<T> Default for Section<'_, T> {
    fn default() -> Self {
        Self {
            packed: &[],
            open: None,
        }
    }
}

impl<'a, T: Default> Section<'a, T> {
    /// What was read already; nothing where there were no bytes.
    pub(crate) fn of(value: Option<T>) -> Self {
        Self {
            packed: &[],
            open: value,
        }
    }

    /// Whether there are no bytes and nobody looked.
    pub(crate) fn is_empty(&self) -> bool {
        self.packed.is_empty() && self.open.is_none()
    }

    /// What it says, to look at or to change.
    pub(crate) fn open(&mut self, read: impl FnOnce(&mut Reader<'a>) -> Result<T, Malformed>) -> &mut T {
        let packed = self.packed;
        self.open.get_or_insert_with(|| match packed {
            [] => T::default(),
            // Images are checked when they are restored; what cannot be read does not occur.
            _ => read(&mut Reader(packed)).unwrap_or_default(),
        })
    }

    /// What it says, if somebody looked.
    pub(crate) fn opened(&self) -> Option<&T> {
        self.open.as_ref()
    }

    /// The bytes it was read from.
    pub(crate) fn packed(&self) -> &'a [u8] {
        self.packed
    }

    /// The bytes behind their length; `write` is for what was opened.
    pub(crate) fn write(&self, writer: &mut Writer, write: impl FnOnce(&mut Writer, &T)) {
        match &self.open {
            None => writer.bytes(self.packed),
            Some(value) => {
                let mut section = Writer::new();
                write(&mut section, value);
                writer.bytes(&section.0);
            }
        }
    }

    /// Takes the bytes, without looking.
    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        Ok(Self {
            packed: reader.bytes()?,
            open: None,
        })
    }
}
