//! Letters between leads and the desk.

use super::bytes::{Malformed, Reader, Writer};

/// What a lead asks of the desk, or the desk answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Letter {}

impl Letter {
    /// Writes the letter down.
    pub fn write(&self, _writer: &mut Writer) {
        match *self {}
    }

    /// Reads a letter.
    pub fn read(_reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Err(Malformed)
    }
}
