//! Bytes that are nearly right: seeds, bent.
//!
//! A library for coverage-guided fuzzing needs a nightly compiler or a build of its own; what is
//! bent here and how is a page. Everything is drawn from one seed, so a run can be repeated.

use tasuki::log::simulated::chance::Chance;

/// Bytes of an input at most.
const BYTES_MAX: usize = 16 << 10;
/// Bends of one input at most.
const BENDS_MAX: u64 = 4;
/// How often a piece is repeated at most.
const REPEATS_MAX: u64 = 200;

/// What decoders look for, or stumble over.
const WORDS: &[&[u8]] = &[
    b"\0",
    b"\xff",
    b"\x80",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\0\0\0\0\x05",
    "ı".as_bytes(),
    "İ".as_bytes(),
    "ﬃ".as_bytes(),
    "\u{3000}".as_bytes(),
    "\u{1e9e}".as_bytes(),
    b"\\u0000",
    b"\\ud800",
    b"\\ud83d\\ude00",
    b"\\\"",
    b"null",
    b"true",
    b"-0",
    b"1e999",
    b"1e-2147483648",
    b"0.000001",
    b"999999999999999999",
    b"18446744073709551616",
    b"-9223372036854775808",
    b"4294967296",
    b"2147483648",
    b"1.0",
    b"\"specversion\":\"1.0\",",
    b"\"data_base64\":\"e30=\",",
    b"\"id\":1,",
    b"{}",
    b"[]",
    b"[[[[[[[[[[[[[[[[",
    b"\r\n",
    b"\n\n",
    b"\n ",
    b":",
    b";",
    b"=",
    b"%",
    b"%zz",
    b"..",
    b"/",
    b"~1",
    b"#",
    b"'''",
    b"9999-12-31T23:59:59.999Z",
    b"0000-01-01T00:00:00+23:59",
    b"99991231",
    b"P3660D",
    b"24:00",
    b"-1",
];

/// Bends a seed; `other` lends pieces.
pub(crate) fn bent(chance: &mut Chance, seed: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=chance.below(BENDS_MAX) {
        bend(chance, &mut bytes, other);
        bytes.truncate(BYTES_MAX);
    }
    bytes
}

fn bend(chance: &mut Chance, bytes: &mut Vec<u8>, other: &[u8]) {
    match chance.below(12) {
        0 | 1 => change(chance, bytes),
        2 => drop(bytes.splice(span(chance, bytes), [])),
        3 => bytes.truncate(chance.below(bytes.len() as u64 + 1) as usize),
        4 => {
            let at = place(chance, bytes);
            let word = *chance.pick(WORDS);
            bytes.splice(at..at, word.iter().copied());
        }
        5 => {
            let piece = bytes[span(chance, bytes)].repeat(chance.below(REPEATS_MAX) as usize);
            let at = place(chance, bytes);
            bytes.splice(at..at, piece.into_iter().take(BYTES_MAX));
        }
        6 => {
            let piece = other[span(chance, other)].to_vec();
            bytes.splice(span(chance, bytes), piece);
        }
        7 => {
            bytes.truncate(place(chance, bytes));
            bytes.extend_from_slice(&other[place(chance, other)..]);
        }
        8 => number(chance, bytes),
        9 => varint(chance, bytes),
        _ => value(chance, bytes, other),
    }
}

fn place(chance: &mut Chance, bytes: &[u8]) -> usize {
    chance.below(bytes.len() as u64 + 1) as usize
}

/// A short stretch mostly.
fn span(chance: &mut Chance, bytes: &[u8]) -> std::ops::Range<usize> {
    let start = place(chance, bytes);
    let most = if chance.once_in(8) { bytes.len() } else { 16 };
    let length = chance.below(most as u64 + 1) as usize;
    start..(start + length).min(bytes.len())
}

fn change(chance: &mut Chance, bytes: &mut [u8]) {
    if bytes.is_empty() {
        return;
    }
    let at = chance.below(bytes.len() as u64) as usize;
    bytes[at] = match chance.below(3) {
        0 => bytes[at] ^ 1 << chance.below(8),
        1 => bytes[at].wrapping_add(chance.between(-2, 2) as u8),
        _ => chance.any() as u8,
    };
}

/// Another number where one is.
fn number(chance: &mut Chance, bytes: &mut Vec<u8>) {
    let from = place(chance, bytes);
    let Some(start) = bytes[from..].iter().position(u8::is_ascii_digit).map(|at| from + at) else {
        return;
    };
    let length = bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let edge = 1_u64 << chance.below(64);
    let other = edge.wrapping_add(chance.between(-2, 2) as u64).to_string();
    bytes.splice(start..start + length, other.into_bytes());
}

/// Another length or count as our own formats write them.
fn varint(chance: &mut Chance, bytes: &mut Vec<u8>) {
    let at = place(chance, bytes);
    let mut value = chance.any() >> chance.below(64);
    let mut written = Vec::new();
    while value >= 0x80 {
        written.push(value as u8 | 0x80);
        value >>= 7;
    }
    written.push(value as u8);
    let end = (at + chance.below(3) as usize).min(bytes.len());
    bytes.splice(at..end, written);
}

/// Another value where JSON has one: from elsewhere, or a word.
fn value(chance: &mut Chance, bytes: &mut Vec<u8>, other: &[u8]) {
    let Some(here) = json_value(chance, bytes) else { return };
    let there = if chance.once_in(2) {
        json_value(chance, other)
    } else {
        None
    };
    let new = match there {
        Some(there) => other[there].to_vec(),
        None => chance.pick(WORDS).to_vec(),
    };
    bytes.splice(here, new);
}

/// Where a value, or a member's name, stands.
fn json_value(chance: &mut Chance, bytes: &[u8]) -> Option<std::ops::Range<usize>> {
    let from = place(chance, bytes);
    let begins = |byte: &u8| matches!(byte, b':' | b'[' | b',' | b'{');
    let start = from + bytes[from..].iter().position(begins)? + 1;
    let mut depth = 0_i32;
    let mut quoted = false;
    let mut escaped = false;
    for (at, byte) in bytes[start..].iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' | b',' | b':' if depth == 0 => return Some(start..start + at),
            b']' | b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}
