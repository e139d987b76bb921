//! Entities: what is written to the state log when it changed, each with its image.
//!
//! An image is a format version, a flag, and bytes. What is longer than `PART` is cut into parts,
//! each an entity of its own, so that no image outgrows 64 KiB however many rules, attributes or
//! attempts a lead collects.

use super::bytes::{Malformed, Reader, Writer};
use super::ids::LeadId;

/// Bytes of a body in one image.
pub(crate) const PART: usize = 60 * 1024;

/// Bytes of an image before those of the body.
const HEAD: usize = 2;

/// Images begin with this byte. In the first version leads were written in another form, and in the
/// first two duplicate marks (as entities of another kind).
const VERSION: u8 = 3;

/// Something that lives in the book and has an image.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entity {
    pub(crate) kind: Kind,
    pub(crate) part: u16,
}

/// What an entity is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A lead, or what is kept of an erased one.
    Lead(LeadId),
    /// A cycle of a lead that ended before the present one began.
    Cycle(LeadId, u32),
    /// Duplicate marks as earlier versions wrote them; they are read only.
    FormerMarks(LeadId, u32),
    /// Duplicate marks of a lead (or, by its hashed name, of a rep), by the number of the chunk.
    Marks(LeadId, u32),
    /// A rep.
    Rep(String),
    /// A team.
    Team(String),
    /// A lead's place in a queue, by the number of joining.
    Place(u64),
}

impl Entity {
    /// The first part.
    pub(crate) fn whole(kind: Kind) -> Self {
        Self { kind, part: 0 }
    }

    /// Whether it is part of what is known of a lead, or of a rep's marks: it needs no policy.
    pub fn is_of_a_lead(&self) -> bool {
        self.lead().is_some()
    }

    /// The lead (or hashed rep) that it is part of what is known of.
    pub(crate) fn lead(&self) -> Option<LeadId> {
        match self.kind {
            Kind::Lead(lead) | Kind::Cycle(lead, _) | Kind::FormerMarks(lead, _) | Kind::Marks(lead, _) => Some(lead),
            Kind::Rep(_) | Kind::Team(_) | Kind::Place(_) => None,
        }
    }

    /// Writes down which entity this is.
    pub fn write(&self, writer: &mut Writer) {
        let (tag, lead, number, name) = match &self.kind {
            Kind::Lead(lead) => (1, Some(lead), None, None),
            Kind::Cycle(lead, cycle) => (2, Some(lead), Some(u64::from(*cycle)), None),
            Kind::FormerMarks(lead, chunk) => (3, Some(lead), Some(u64::from(*chunk)), None),
            Kind::Rep(rep) => (4, None, None, Some(rep)),
            Kind::Team(team) => (5, None, None, Some(team)),
            Kind::Place(place) => (6, None, Some(*place), None),
            Kind::Marks(lead, chunk) => (7, Some(lead), Some(u64::from(*chunk)), None),
        };
        writer.u8(tag);
        writer.uint(self.part.into());
        if let Some(lead) = lead {
            writer.raw(&lead.0);
        }
        if let Some(number) = number {
            writer.uint(number);
        }
        if let Some(name) = name {
            writer.text(name);
        }
    }

    /// Reads which entity is meant.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let tag = reader.u8()?;
        let part = u16::try_from(reader.uint()?).map_err(|_| Malformed)?;
        let kind = match tag {
            1 => Kind::Lead(LeadId(reader.array()?)),
            2 => Kind::Cycle(LeadId(reader.array()?), reader.u32()?),
            3 => Kind::FormerMarks(LeadId(reader.array()?), reader.u32()?),
            4 => Kind::Rep(reader.text()?.into()),
            5 => Kind::Team(reader.text()?.into()),
            6 => Kind::Place(reader.uint()?),
            7 => Kind::Marks(LeadId(reader.array()?), reader.u32()?),
            _ => return Err(Malformed),
        };
        Ok(Self { kind, part })
    }
}

/// How many images a body of this length needs; 0 bytes need none.
pub(crate) fn parts(len: usize) -> u16 {
    u16::try_from(len.div_ceil(PART)).unwrap_or(u16::MAX)
}

/// Appends the image of one part of a body; false if the body has no such part.
pub(crate) fn wrap(body: &[u8], part: u16, into: &mut Vec<u8>) -> bool {
    let mut rest = body.chunks(PART).skip(part.into());
    let Some(slice) = rest.next() else { return false };
    into.push(VERSION);
    into.push(u8::from(rest.next().is_some()));
    into.extend_from_slice(slice);
    true
}

/// The bytes of the image of one part of a body; none if the body has no such part.
pub(crate) fn len(body: &[u8], part: u16) -> Option<usize> {
    let slice = body.chunks(PART).nth(part.into())?;
    Some(HEAD + slice.len())
}

/// The bytes in an image, and whether more follow in the next part.
pub(crate) fn unwrap(image: &[u8]) -> Result<(&[u8], bool), Malformed> {
    let mut reader = Reader(image);
    if !(1..=VERSION).contains(&reader.u8()?) {
        return Err(Malformed);
    }
    let more = reader.bool()?;
    if reader.0.is_empty() {
        return Err(Malformed);
    }
    Ok((reader.0, more))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: Kind, part: u16) {
        let entity = Entity { kind, part };
        let mut writer = Writer::new();
        entity.write(&mut writer);
        assert_eq!(Entity::read(&mut Reader(&writer.0)), Ok(entity));
    }

    #[test]
    fn an_entity_reads_back_as_written() {
        let lead = LeadId([9; 16]);
        check(Kind::Lead(lead), 0);
        check(Kind::Lead(lead), 300);
        check(Kind::Cycle(lead, 7), 1);
        check(Kind::FormerMarks(lead, 12), 0);
        check(Kind::Marks(lead, 12), 0);
        check(Kind::Rep("ana".into()), 0);
        check(Kind::Team("inside".into()), 0);
        check(Kind::Place(1 << 40), 0);
    }

    #[test]
    fn a_long_body_is_cut_into_parts_below_the_limit() {
        let body: Vec<u8> = (0..PART * 2 + 5).map(|at| at as u8).collect();
        let mut together = Vec::new();
        for part in 0..parts(body.len()) {
            let mut image = Vec::new();
            assert!(wrap(&body, part, &mut image));
            assert!(image.len() <= 64 * 1024);
            assert_eq!(len(&body, part), Some(image.len()));
            let (slice, more) = unwrap(&image).unwrap();
            assert_eq!(more, part < 2);
            together.extend_from_slice(slice);
        }
        assert_eq!(together, body);
        assert!(!wrap(&body, 3, &mut Vec::new()));
        assert_eq!((len(&body, 3), len(&[], 0)), (None, None));
        assert!(!wrap(&[], 0, &mut Vec::new()));
    }
}
