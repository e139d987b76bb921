//! Bytes: what comes in, what goes out, and what we write down for ourselves.
//!
//! Everything here is a pure function of its arguments. Bytes from outside may be anything: they
//! lead to a fact or a reason why not, never to a panic.

pub mod adapters;
pub mod cloudevents;
pub mod facts;
pub mod holidays;
pub mod ics;
pub mod journal;
pub mod json;
pub mod outputs;
pub mod policy_file;
pub mod rfc3339;
pub mod sent_back;
pub mod state;
pub mod translate;

/// Bytes as lower-case hex digits.
pub fn hex(bytes: &[u8]) -> String {
    let mut digits = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        for half in [byte >> 4, byte & 15] {
            digits.push(char::from(b"0123456789abcdef"[usize::from(half)]));
        }
    }
    digits
}

/// The bytes that `hex` wrote, as golden files have them.
#[cfg(test)]
pub(crate) fn unhex(digits: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(byte).collect()
}
