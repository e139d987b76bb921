//! The state log's records as bytes: what a shard remembers, one packed record per transaction.
//!
//! Entities and the shard's own state are opaque bytes here; the domain knows what is in them.
//! When a transaction needs several records, each repeats the range and only the last closes it:
//! until then nothing of that range counts.

use std::ops::Range;

use crate::domain::bytes::{Malformed, Reader, Writer};
use crate::domain::time::Instant;

/// The format this version writes. Records of format 1 know of no turn.
pub const FORMAT: u8 = 2;

const IMAGES: u8 = 0;
const FENCE: u8 = 1;
const MENDED: u8 = 2;

/// What the envelope of a record takes besides entities and the shard's own state.
const ENVELOPE_BYTES: usize = 64;
/// What an entity takes besides its key and image.
const ENTITY_BYTES: usize = 8;
/// What the turn takes besides a key.
const TURN_BYTES: usize = 40;

/// An entity's key, as the domain writes it.
pub type EntityKey = Vec<u8>;
/// An entity's image, as the domain writes it.
pub type Image = Vec<u8>;

/// One record of a state-log partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateRecord {
    /// What a transaction changed.
    Images(Images),
    /// Marks where a restore ends: whatever was written before this by others is final.
    Fence {
        /// Drawn for this restore.
        token: [u8; 16],
        /// The transactional id of whoever restores.
        writer: String,
    },
    /// What stands before this counts up to the range that ends at this journal offset, and no
    /// further: a repair goes on from there.
    Mended {
        /// The journal offset.
        next: u64,
    },
}

/// What one transaction changed, or a part of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Images {
    /// The number of the domain's image format.
    pub format: u32,
    /// The journal offsets applied, the end excluded; back to back from record to record. Empty
    /// when only deadlines fired.
    pub covers: Range<u64>,
    /// False: more records of the same transaction follow.
    pub closes: bool,
    /// The shard's own small state; in the closing record only, empty elsewhere.
    pub shard: Vec<u8>,
    /// Entities that changed; `None`: gone.
    pub changed: Vec<(EntityKey, Option<Image>)>,
    /// Entities that did not change, written again in turn.
    pub carried: Vec<(EntityKey, Image)>,
    /// How far the turn has come; in the closing record only.
    pub turn: Option<Turn>,
}

/// A turn: once everything that lives is written again, what is older than its start may go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Whatever is written in this turn stands at this offset of the state log or behind it.
    pub start: u64,
    /// The journal time at which it began.
    pub began: Instant,
    /// Bytes carried in it so far.
    pub carried: u64,
    /// How far it has come.
    pub place: TurnPlace,
}

/// How far a turn has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TurnPlace {
    /// Nothing is carried yet.
    Begun,
    /// Everything up to this entity.
    After(EntityKey),
    /// Everything.
    Round,
}

/// A record as the bytes that stand in the state log.
pub fn encode(record: &StateRecord) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.u8(FORMAT);
    match record {
        StateRecord::Images(images) => {
            writer.u8(IMAGES);
            write_images(&mut writer, images);
        }
        StateRecord::Fence { token, writer: by } => {
            writer.u8(FENCE);
            writer.raw(token);
            writer.text(by);
        }
        StateRecord::Mended { next } => {
            writer.u8(MENDED);
            writer.uint(*next);
        }
    }
    writer.0
}

/// Reads what `encode` wrote, of this version or an older one.
pub fn decode(bytes: &[u8]) -> Result<StateRecord, Malformed> {
    let mut reader = Reader(bytes);
    let format = reader.u8()?;
    if !(1..=FORMAT).contains(&format) {
        return Err(Malformed);
    }
    let record = match reader.u8()? {
        IMAGES => StateRecord::Images(read_images(&mut reader, format)?),
        FENCE => StateRecord::Fence {
            token: reader.array()?,
            writer: reader.text()?.to_owned(),
        },
        MENDED => StateRecord::Mended { next: reader.uint()? },
        _ => return Err(Malformed),
    };
    reader.end()?;
    Ok(record)
}

/// Splits what a transaction changed into records of at most `bytes_max` bytes each, the last one
/// closing the range. A single entity, or the shard's own state, that is larger stands alone.
pub fn split(images: Images, bytes_max: usize) -> Vec<Images> {
    let envelope = |images: &Images| Images {
        format: images.format,
        covers: images.covers.clone(),
        ..Images::default()
    };
    let mut parts = Vec::new();
    let mut part = envelope(&images);
    let mut bytes = ENVELOPE_BYTES;
    let mut room_for = |part: &mut Images, needed: usize| {
        if bytes + needed > bytes_max && bytes > ENVELOPE_BYTES {
            let fresh = envelope(part);
            parts.push(std::mem::replace(part, fresh));
            bytes = ENVELOPE_BYTES;
        }
        bytes += needed;
    };
    for (key, image) in images.changed {
        room_for(&mut part, ENTITY_BYTES + key.len() + image.as_ref().map_or(0, Vec::len));
        part.changed.push((key, image));
    }
    for (key, image) in images.carried {
        room_for(&mut part, ENTITY_BYTES + key.len() + image.len());
        part.carried.push((key, image));
    }
    let place_bytes = match images.turn.as_ref().map(|turn| &turn.place) {
        Some(TurnPlace::After(key)) => key.len(),
        Some(TurnPlace::Begun | TurnPlace::Round) | None => 0,
    };
    room_for(&mut part, images.shard.len() + TURN_BYTES + place_bytes);
    part.shard = images.shard;
    part.turn = images.turn;
    part.closes = true;
    parts.push(part);
    parts
}

fn write_images(writer: &mut Writer, images: &Images) {
    writer.uint(images.format.into());
    writer.uint(images.covers.start);
    writer.uint(images.covers.end.saturating_sub(images.covers.start));
    writer.bool(images.closes);
    writer.bytes(&images.shard);
    writer.list(&images.changed, |writer, (key, image)| {
        writer.bytes(key);
        writer.option(image.as_deref(), Writer::bytes);
    });
    writer.list(&images.carried, |writer, (key, image)| {
        writer.bytes(key);
        writer.bytes(image);
    });
    writer.option(images.turn.as_ref(), write_turn);
}

fn write_turn(writer: &mut Writer, turn: &Turn) {
    writer.uint(turn.start);
    writer.int(turn.began.millis());
    writer.uint(turn.carried);
    match &turn.place {
        TurnPlace::Begun => writer.u8(0),
        TurnPlace::After(key) => {
            writer.u8(1);
            writer.bytes(key);
        }
        TurnPlace::Round => writer.u8(2),
    }
}

fn read_turn(reader: &mut Reader<'_>) -> Result<Turn, Malformed> {
    Ok(Turn {
        start: reader.uint()?,
        began: Instant::from_millis(reader.int()?),
        carried: reader.uint()?,
        place: match reader.u8()? {
            0 => TurnPlace::Begun,
            1 => TurnPlace::After(reader.bytes()?.to_vec()),
            2 => TurnPlace::Round,
            _ => return Err(Malformed),
        },
    })
}

fn read_images(reader: &mut Reader<'_>, format_of_record: u8) -> Result<Images, Malformed> {
    let format = reader.u32()?;
    let start = reader.uint()?;
    let end = start.checked_add(reader.uint()?).ok_or(Malformed)?;
    Ok(Images {
        format,
        covers: start..end,
        closes: reader.bool()?,
        shard: reader.bytes()?.to_vec(),
        changed: reader.list(|reader| {
            let key = reader.bytes()?.to_vec();
            let image = reader.option(|reader| reader.bytes().map(<[u8]>::to_vec))?;
            Ok((key, image))
        })?,
        carried: reader.list(|reader| Ok((reader.bytes()?.to_vec(), reader.bytes()?.to_vec())))?,
        turn: if format_of_record == 1 {
            None
        } else {
            reader.option(read_turn)?
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{hex, unhex};
    use proptest::prelude::*;

    fn images(entities: usize, bytes: usize) -> Images {
        Images {
            format: 1,
            covers: 10..25,
            closes: true,
            shard: vec![7; 5],
            changed: (0..entities as u8)
                .map(|key| (vec![key], Some(vec![key; bytes])))
                .collect(),
            carried: vec![(vec![99], vec![1; bytes]), (vec![100], vec![2; bytes])],
            turn: Some(Turn {
                start: 7,
                began: Instant::from_millis(8),
                carried: 9,
                place: TurnPlace::After(vec![5; 20]),
            }),
        }
    }

    fn small() -> (Images, StateRecord) {
        let images = Images {
            changed: vec![(vec![1, 2], Some(vec![3])), (vec![4], None)],
            turn: None,
            ..images(0, 2)
        };
        let fence = StateRecord::Fence {
            token: [9; 16],
            writer: "tasuki.a.0".to_owned(),
        };
        (images, fence)
    }

    #[test]
    fn bytes_of_this_version_stay_what_they_are() {
        let (images, fence) = small();
        let turn = |place| {
            let turn = Turn {
                start: 300,
                began: Instant::from_millis(1_790_000_000_000),
                carried: 70_000,
                place,
            };
            StateRecord::Images(Images {
                turn: Some(turn),
                ..images.clone()
            })
        };
        let records = [
            StateRecord::Images(images.clone()),
            turn(TurnPlace::Begun),
            turn(TurnPlace::After(vec![1, 2])),
            turn(TurnPlace::Round),
            fence,
            StateRecord::Mended { next: 300 },
        ];
        let lines = records.iter().map(|record| {
            assert_eq!(decode(&encode(record)).as_ref(), Ok(record));
            [&hex(&encode(record)), "\n"].concat()
        });
        let golden: String = lines.collect();
        expect_test::expect_file!["../../tests/golden/state.v2.txt"].assert_eq(&golden);
    }

    #[test]
    fn what_the_first_version_wrote_is_still_read() {
        let golden = include_str!("../../tests/golden/state.v1.txt");
        let mut records = golden.lines().map(|line| {
            let (_, bytes) = line.split_once(' ').unwrap();
            decode(&unhex(bytes))
        });
        let (images, fence) = small();
        assert_eq!(records.next(), Some(Ok(StateRecord::Images(images))));
        assert_eq!(records.next(), Some(Ok(fence)));
    }

    #[test]
    fn parts_stay_below_the_limit_and_only_the_last_closes() {
        let whole = images(40, 50);
        let parts = split(whole.clone(), 300);
        assert!(parts.len() > 1);
        for (number, part) in parts.iter().enumerate() {
            assert!(encode(&StateRecord::Images(part.clone())).len() <= 300);
            assert_eq!(part.closes, number + 1 == parts.len());
            assert_eq!(part.covers, whole.covers);
        }
        let changed: Vec<_> = parts.iter().flat_map(|part| part.changed.clone()).collect();
        let carried: Vec<_> = parts.iter().flat_map(|part| part.carried.clone()).collect();
        assert_eq!((changed, carried), (whole.changed, whole.carried));
        let last = parts.last().map(|part| (part.shard.clone(), part.turn.clone()));
        assert_eq!(last, Some((whole.shard, whole.turn)));
    }

    #[test]
    fn what_fits_one_record_is_one_record() {
        assert_eq!(split(images(3, 10), 10_000), vec![images(3, 10)]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_record_or_malformed(bytes in proptest::collection::vec(any::<u8>(), 0..200), kind in 0u8..3) {
            let mut framed = vec![FORMAT, kind];
            framed.extend_from_slice(&bytes);
            drop(decode(&framed));
            drop(decode(&bytes));
        }
    }
}
