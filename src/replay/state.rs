//! The state of a replay between two pieces of a history.
//!
//! Every entity with its image, the last line's time and the last sequence, behind a word and a
//! version. It goes with the secret it was made with, and with a policy that is the same or higher.

use crate::domain::book::Book;
use crate::domain::bytes::{Malformed, Reader, Writer};
use crate::domain::ids::{LeadId, LeadKey};
use crate::domain::image::Entity;
use crate::domain::time::Instant;

/// How a state begins.
const WORD: &[u8; 14] = b"tasuki replay\n";
/// The format this version writes.
const FORMAT: u8 = 1;
/// Entities looked up at once.
const ENTITIES_MAX: usize = 1000;

/// A state as bytes, to be kept in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedState(pub Vec<u8>);

/// Why a state cannot be loaded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// Not a state, or not whole.
    #[error("the loaded state is not one, or is damaged")]
    Malformed,
    /// A format of another version.
    #[error("the loaded state was saved by another version of tasuki")]
    Format,
    /// Lead ids would not fit.
    #[error("the loaded state was saved with another secret")]
    Secret,
    /// A lower policy, or another of the same version.
    #[error(
        "the loaded state was saved under policy version {0}; the policy given is lower, or another of that version"
    )]
    Policy(u64),
}

impl From<Malformed> for StateError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// Where the saved piece ended.
pub(super) struct Restored {
    pub(super) at: Option<Instant>,
    pub(super) sequence: u64,
    /// The book must adopt the policy it was made with: it is higher than the state's.
    pub(super) adopts: bool,
}

pub(super) fn save(book: &Book, key: &LeadKey, (at, sequence): (Option<Instant>, u64)) -> SavedState {
    let mut writer = Writer::new();
    writer.raw(WORD);
    writer.u8(FORMAT);
    writer.raw(&fingerprint(key).0);
    writer.uint(book.policy().version);
    writer.text(&book.policy().hash);
    writer.option(at, |writer, at| writer.int(at.millis()));
    writer.uint(sequence);
    let mut image = Vec::new();
    let mut after: Option<Entity> = None;
    loop {
        let entities = book.entities_after(after.as_ref(), ENTITIES_MAX);
        for entity in &entities {
            image.clear();
            if book.image(entity, &mut image) {
                writer.bool(true);
                entity.write(&mut writer);
                writer.bytes(&image);
            }
        }
        match entities.into_iter().last() {
            Some(last) => after = Some(last),
            None => break,
        }
    }
    writer.bool(false);
    SavedState(writer.0)
}

pub(super) fn restore(state: &SavedState, book: &mut Book, key: &LeadKey) -> Result<Restored, StateError> {
    let mut reader = Reader(&state.0);
    if reader.raw(WORD.len())? != WORD {
        return Err(StateError::Malformed);
    }
    if reader.u8()? != FORMAT {
        return Err(StateError::Format);
    }
    if LeadId(reader.array()?) != fingerprint(key) {
        return Err(StateError::Secret);
    }
    let version = reader.uint()?;
    let same = reader.text()? == book.policy().hash && version == book.policy().version;
    if !same && book.policy().version <= version {
        return Err(StateError::Policy(version));
    }
    let restored = Restored {
        at: reader.option(Reader::int)?.map(Instant::from_millis),
        sequence: reader.uint()?,
        adopts: !same,
    };
    // The state has each rep; those of the policy that is given are adopted on top of them.
    book.forget_reps();
    while reader.bool()? {
        let entity = Entity::read(&mut reader)?;
        book.restore(&entity, reader.bytes()?)?;
    }
    reader.end()?;
    book.rebuilt()?;
    Ok(restored)
}

/// Of the secret, never the secret itself.
fn fingerprint(key: &LeadKey) -> LeadId {
    key.by_lead_id("the fingerprint of a replay's state")
}
