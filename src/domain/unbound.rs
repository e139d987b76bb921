//! Images that come back in parts, until all parts are there.

use std::collections::BTreeMap;

use super::bytes::Malformed;
use super::image::{self, Entity, Kind};

/// Parts whose others are still to come.
#[derive(Debug, Default)]
pub(crate) struct Unbound(BTreeMap<Kind, BTreeMap<u16, Vec<u8>>>);

/// What came with an image.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Came<'a> {
    /// The body as a whole; none: it is gone.
    Body(Option<&'a [u8]>),
    /// A part, kept until `bound`.
    Part,
}

impl Unbound {
    /// Takes an image; an empty one means gone. The last image of each part stands.
    pub(crate) fn take<'a>(&mut self, entity: &Entity, image: &'a [u8]) -> Result<Came<'a>, Malformed> {
        let Entity { kind, part } = entity;
        if image.is_empty() {
            let parts = self.0.get_mut(kind);
            if let Some(parts) = parts {
                parts.remove(part);
            }
            return Ok(if *part == 0 { Came::Body(None) } else { Came::Part });
        }
        let (body, more) = image::unwrap(image)?;
        if *part == 0 && !more {
            self.0.remove(kind);
            return Ok(Came::Body(Some(body)));
        }
        self.0.entry(kind.clone()).or_default().insert(*part, image.to_vec());
        Ok(Came::Part)
    }

    /// The bodies of what came in parts.
    pub(crate) fn bound(&mut self) -> Result<Vec<(Kind, Vec<u8>)>, Malformed> {
        let whole = std::mem::take(&mut self.0);
        // Later parts without a first are left from when the entity was longer.
        let whole = whole.into_iter().filter(|(_, parts)| parts.contains_key(&0));
        whole.map(|(kind, parts)| Ok((kind, bind(&parts)?))).collect()
    }
}

/// Puts a body together again; parts behind the last are left from when it was longer.
fn bind(parts: &BTreeMap<u16, Vec<u8>>) -> Result<Vec<u8>, Malformed> {
    let mut body = Vec::new();
    for (expected, (part, image)) in (0..).zip(parts) {
        let (slice, more) = image::unwrap(image)?;
        if *part != expected {
            break;
        }
        body.extend_from_slice(slice);
        if !more {
            return Ok(body);
        }
    }
    Err(Malformed)
}
