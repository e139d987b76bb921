//! Lead ids, and the journal partition a lead lives in.

use std::fmt;

use super::text::fold_email;

/// A lead: 16 bytes of a keyed hash over the strongest identifier; 32 hex digits as text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeadId(pub [u8; 16]);

/// The key that turns identifiers into lead ids, derived from the deployment's secret.
#[derive(Clone)]
pub struct LeadKey([u8; 32]);

impl LeadKey {
    /// Derives the key from the secret of the settings.
    pub fn derive(secret: &str) -> Self {
        Self(blake3::derive_key("tasuki lead id v1", secret.as_bytes()))
    }

    /// The lead known by a CRM's id, used as given.
    pub fn by_lead_id(&self, id: &str) -> LeadId {
        self.hash("id:", id)
    }

    /// The lead known by an e-mail address, folded here.
    pub fn by_email(&self, address: &str) -> LeadId {
        self.hash("email:", &fold_email(address))
    }

    /// The lead known by a visitor's id, used as given.
    pub fn by_anonymous_id(&self, id: &str) -> LeadId {
        self.hash("anon:", id)
    }

    fn hash(&self, kind: &str, identifier: &str) -> LeadId {
        // Identifiers are short: one call on one buffer costs half of two on a hasher.
        let mut buffer = [0; 128];
        let hash = match buffer.get_mut(..kind.len() + identifier.len()) {
            Some(name) => {
                let (head, tail) = name.split_at_mut(kind.len());
                head.copy_from_slice(kind.as_bytes());
                tail.copy_from_slice(identifier.as_bytes());
                blake3::keyed_hash(&self.0, name)
            }
            None => blake3::keyed_hash(&self.0, [kind, identifier].concat().as_bytes()),
        };
        let mut id = [0; 16];
        for (byte, hashed) in id.iter_mut().zip(hash.as_bytes()) {
            *byte = *hashed;
        }
        LeadId(id)
    }
}

impl LeadId {
    /// Reads 32 lower-case hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 32 {
            return None;
        }
        let mut id = [0; 16];
        for (byte, pair) in id.iter_mut().zip(digits.chunks_exact(2)) {
            let [high, low] = *pair else { return None };
            *byte = hex_digit(high)? << 4 | hex_digit(low)?;
        }
        Some(Self(id))
    }

    /// The first 64 bits, in whose order ids are.
    pub(crate) fn first_bits(self) -> u64 {
        self.0.first_chunk().copied().map_or(0, u64::from_be_bytes)
    }

    /// The id's text: 32 lower-case hex digits.
    pub fn digits(self) -> [u8; 32] {
        let mut digits = [0; 32];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(self.0) {
            if let [high, low] = pair {
                (*high, *low) = (to_digit(byte >> 4), to_digit(byte & 15));
            }
        }
        digits
    }

    /// The journal partition of this lead, out of `partitions`: what the Java client's default
    /// partitioner chooses for the id's text as the key.
    pub fn partition(self, partitions: u32) -> u32 {
        (murmur2(&self.digits()) & 0x7fff_ffff) % partitions.max(1)
    }
}

fn to_digit(half: u8) -> u8 {
    if half < 10 { b'0' + half } else { b'a' + half - 10 }
}

fn hex_digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

impl fmt::Display for LeadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.digits()).unwrap_or_default())
    }
}

impl fmt::Debug for LeadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Murmur2 as the Java client computes it for partitioning.
pub fn murmur2(data: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let mut hash = 0x9747_b28c ^ data.len() as u32;
    let mut words = data.chunks_exact(4);
    for word in words.by_ref() {
        let mut k = word.iter().rev().fold(0_u32, |k, byte| k << 8 | u32::from(*byte));
        k = k.wrapping_mul(M);
        k ^= k >> 24;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    let rest = words.remainder();
    if !rest.is_empty() {
        hash ^= rest.iter().rev().fold(0_u32, |k, byte| k << 8 | u32::from(*byte));
        hash = hash.wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ hash >> 15
}
