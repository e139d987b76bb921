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

/// One record of a state-log partition, where its bytes lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateRecord<'a> {
    /// What a transaction changed.
    Images(Images<'a>),
    /// Marks where a restore ends: whatever was written before this by others is final.
    Fence {
        /// Drawn for this restore.
        token: [u8; 16],
        /// The transactional id of whoever restores.
        writer: &'a str,
    },
    /// What stands before this counts up to the range that ends at this journal offset, and no
    /// further: a repair goes on from there.
    Mended {
        /// The journal offset.
        next: u64,
    },
}

/// What one transaction changed, or a part of it. Keys and images are as the domain writes them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Images<'a> {
    /// The number of the domain's image format.
    pub format: u32,
    /// The journal offsets applied, the end excluded; back to back from record to record. Empty
    /// when only deadlines fired.
    pub covers: Range<u64>,
    /// False: more records of the same transaction follow.
    pub closes: bool,
    /// The shard's own small state; in the closing record only, empty elsewhere.
    pub shard: &'a [u8],
    /// Entities that changed; `None`: gone.
    pub changed: Vec<(&'a [u8], Option<&'a [u8]>)>,
    /// Entities that did not change, written again in turn.
    pub carried: Vec<(&'a [u8], &'a [u8])>,
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
    /// Bytes that it has passed so far, whether it carried them or they stood in it already.
    pub passed: u64,
    /// How far it has come.
    pub place: TurnPlace,
}

/// How far a turn has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TurnPlace {
    /// Nothing is carried yet.
    Begun,
    /// Everything up to this entity.
    After(Vec<u8>),
    /// Everything.
    Round,
}

/// A fence as the bytes that stand in the state log.
pub fn fence(token: [u8; 16], by: &str) -> Vec<u8> {
    let mut writer = head(FENCE);
    writer.raw(&token);
    writer.text(by);
    writer.0
}

/// The mark of a repair as the bytes that stand in the state log.
pub fn mended(next: u64) -> Vec<u8> {
    let mut writer = head(MENDED);
    writer.uint(next);
    writer.0
}

fn head(kind: u8) -> Writer {
    let mut writer = Writer::new();
    writer.u8(FORMAT);
    writer.u8(kind);
    writer
}

/// Reads a record of this version or an older one.
pub fn decode(bytes: &[u8]) -> Result<StateRecord<'_>, Malformed> {
    let mut reader = Reader(bytes);
    let format = reader.u8()?;
    if !(1..=FORMAT).contains(&format) {
        return Err(Malformed);
    }
    let record = match reader.u8()? {
        IMAGES => StateRecord::Images(read_images(&mut reader, format)?),
        FENCE => StateRecord::Fence {
            token: reader.array()?,
            writer: reader.text()?,
        },
        MENDED => StateRecord::Mended { next: reader.uint()? },
        _ => return Err(Malformed),
    };
    reader.end()?;
    Ok(record)
}

/// What a transaction changed, written down entity by entity: records of at most so many bytes each,
/// the last one closing the range. A single entity, or the shard's own state, that is larger stands
/// alone.
#[derive(Debug)]
pub struct Draft {
    format: u32,
    covers: Range<u64>,
    bytes_max: usize,
    room: Room,
    full: Vec<Vec<u8>>,
}

/// Where entities are written down before it is known how many there are; kept from one draft to the
/// next, since it grows as large as records are.
#[derive(Debug, Default)]
pub struct Room {
    changed: List,
    carried: List,
}

/// Entities as a record lists them.
#[derive(Debug, Default)]
struct List {
    len: u64,
    written: Writer,
}

impl Room {
    fn bytes(&self) -> usize {
        self.changed.written.0.len() + self.carried.written.0.len()
    }
}

impl Draft {
    /// Nothing is written yet.
    pub fn new(format: u32, covers: Range<u64>, bytes_max: usize, room: Room) -> Self {
        Self {
            format,
            covers,
            bytes_max,
            room,
            full: Vec::new(),
        }
    }

    /// An entity that changed; `None`: it is gone.
    pub fn changed(&mut self, key: &[u8], image: Option<&[u8]>) {
        self.make_room(ENTITY_BYTES + key.len() + image.map_or(0, <[u8]>::len));
        let changed = &mut self.room.changed;
        changed.len += 1;
        changed.written.bytes(key);
        changed.written.option(image, Writer::bytes);
    }

    /// An entity that did not change.
    pub fn carried(&mut self, key: &[u8], image: &[u8]) {
        self.make_room(ENTITY_BYTES + key.len() + image.len());
        let carried = &mut self.room.carried;
        carried.len += 1;
        carried.written.bytes(key);
        carried.written.bytes(image);
    }

    /// The records, and the room for the next.
    pub fn close(mut self, shard: &[u8], turn: Option<&Turn>) -> (Vec<Vec<u8>>, Room) {
        let place_bytes = match turn.map(|turn| &turn.place) {
            Some(TurnPlace::After(key)) => key.len(),
            Some(TurnPlace::Begun | TurnPlace::Round) | None => 0,
        };
        self.make_room(shard.len() + TURN_BYTES + place_bytes);
        self.end_record(true, shard, turn);
        (self.full, self.room)
    }

    /// Begins another record if so many bytes more are too much for this one.
    fn make_room(&mut self, needed: usize) {
        let bytes = self.room.bytes();
        if bytes > 0 && ENVELOPE_BYTES + bytes + needed > self.bytes_max {
            self.end_record(false, &[], None);
        }
    }

    fn end_record(&mut self, closes: bool, shard: &[u8], turn: Option<&Turn>) {
        let mut writer = head(IMAGES);
        let bytes = ENVELOPE_BYTES + TURN_BYTES + self.room.bytes() + shard.len();
        writer.0.reserve_exact(bytes);
        writer.uint(self.format.into());
        writer.uint(self.covers.start);
        writer.uint(self.covers.end.saturating_sub(self.covers.start));
        writer.bool(closes);
        writer.bytes(shard);
        for list in [&mut self.room.changed, &mut self.room.carried] {
            writer.uint(std::mem::take(&mut list.len));
            writer.raw(&list.written.0);
            list.written.0.clear();
        }
        writer.option(turn, write_turn);
        self.full.push(writer.0);
    }
}

fn write_turn(writer: &mut Writer, turn: &Turn) {
    writer.uint(turn.start);
    writer.int(turn.began.millis());
    writer.uint(turn.passed);
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
        passed: reader.uint()?,
        place: match reader.u8()? {
            0 => TurnPlace::Begun,
            1 => TurnPlace::After(reader.bytes()?.to_vec()),
            2 => TurnPlace::Round,
            _ => return Err(Malformed),
        },
    })
}

fn read_images<'a>(reader: &mut Reader<'a>, format_of_record: u8) -> Result<Images<'a>, Malformed> {
    let format = reader.u32()?;
    let start = reader.uint()?;
    let end = start.checked_add(reader.uint()?).ok_or(Malformed)?;
    Ok(Images {
        format,
        covers: start..end,
        closes: reader.bool()?,
        shard: reader.bytes()?,
        changed: reader.list(|reader| Ok((reader.bytes()?, reader.option(Reader::bytes)?)))?,
        carried: reader.list(|reader| Ok((reader.bytes()?, reader.bytes()?)))?,
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

    const KEYS: [u8; 50] = {
        let mut keys = [0; 50];
        let mut place = 0;
        while place < keys.len() {
            keys[place] = place as u8;
            place += 1;
        }
        keys
    };

    fn images(entities: usize, bytes: usize) -> Images<'static> {
        let key = |place: usize| &KEYS[place..=place];
        Images {
            format: 1,
            covers: 10..25,
            closes: true,
            shard: &[7; 5],
            changed: (0..entities)
                .map(|place| (key(place), Some(&[3; 64][..bytes])))
                .collect(),
            carried: vec![(&[99], &[1; 64][..bytes]), (&[100], &[2; 64][..bytes])],
            turn: Some(Turn {
                start: 7,
                began: Instant::from_millis(8),
                passed: 9,
                place: TurnPlace::After(vec![5; 20]),
            }),
        }
    }

    fn small() -> (Images<'static>, StateRecord<'static>) {
        let images = Images {
            changed: vec![(&[1, 2], Some(&[3])), (&[4], None)],
            turn: None,
            ..images(0, 2)
        };
        let fence = StateRecord::Fence {
            token: [9; 16],
            writer: "tasuki.a.0",
        };
        (images, fence)
    }

    fn split(images: &Images<'_>, bytes_max: usize) -> Vec<Vec<u8>> {
        let mut draft = Draft::new(images.format, images.covers.clone(), bytes_max, Room::default());
        images
            .changed
            .iter()
            .for_each(|(key, image)| draft.changed(key, *image));
        images.carried.iter().for_each(|(key, image)| draft.carried(key, image));
        draft.close(images.shard, images.turn.as_ref()).0
    }

    fn encode(record: &StateRecord<'_>) -> Vec<u8> {
        match record {
            StateRecord::Images(images) => split(images, usize::MAX).pop().unwrap(),
            StateRecord::Fence { token, writer } => fence(*token, writer),
            StateRecord::Mended { next } => mended(*next),
        }
    }

    #[test]
    fn bytes_of_this_version_stay_what_they_are() {
        let (images, fence) = small();
        let turn = |place| {
            let turn = Turn {
                start: 300,
                began: Instant::from_millis(1_790_000_000_000),
                passed: 70_000,
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
        let records: Vec<_> = golden
            .lines()
            .map(|line| unhex(line.split_once(' ').unwrap().1))
            .collect();
        let (images, fence) = small();
        assert_eq!(decode(&records[0]), Ok(StateRecord::Images(images)));
        assert_eq!(decode(&records[1]), Ok(fence));
    }

    #[test]
    fn parts_stay_below_the_limit_and_only_the_last_closes() {
        let whole = images(40, 50);
        let records = split(&whole, 300);
        assert!(records.len() > 1);
        let parts: Vec<_> = records.iter().map(|record| decode(record).unwrap()).collect();
        let (mut changed, mut carried, mut last) = (Vec::new(), Vec::new(), None);
        for (number, (record, part)) in records.iter().zip(parts).enumerate() {
            let StateRecord::Images(part) = part else {
                panic!("{part:?}")
            };
            assert!(record.len() <= 300);
            assert_eq!(part.closes, number + 1 == records.len());
            assert_eq!((part.format, &part.covers), (whole.format, &whole.covers));
            assert!(part.closes || (part.shard.is_empty() && part.turn.is_none()));
            changed.extend(part.changed);
            carried.extend(part.carried);
            last = Some((part.shard, part.turn));
        }
        assert_eq!((changed, carried), (whole.changed, whole.carried));
        assert_eq!(last, Some((whole.shard, whole.turn)));
    }

    #[test]
    fn what_is_larger_than_the_limit_stands_alone() {
        let lens = |bytes_max| split(&images(3, 50), bytes_max).len();
        assert_eq!(lens(10_000), 1);
        assert_eq!(lens(1), 3 + 2 + 1);
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
