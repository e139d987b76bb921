//! Is a webhook's request from whom it says? HMAC-SHA256 over the body and what a platform adds.
//!
//! The platforms differ in headers, in how the signature is written and in what is signed; that is
//! all a `Scheme` says. Signatures are compared in constant time, over the bytes that came.

use axum::http::{HeaderMap, HeaderValue};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::domain::time::Instant;
use crate::wire::cloudevents::base64;

/// Numbers from here on count milliseconds since the epoch, smaller ones seconds: as seconds it is
/// the year 5138, as milliseconds 1973.
const MILLIS_FROM: i64 = 100_000_000_000;

/// What HubSpot does not leave percent-encoded in the address that it signs.
const HUBSPOT_DECODES: [(&str, &str); 12] = [
    ("%3A", ":"),
    ("%2F", "/"),
    ("%3F", "?"),
    ("%40", "@"),
    ("%21", "!"),
    ("%24", "$"),
    ("%27", "'"),
    ("%28", "("),
    ("%29", ")"),
    ("%2A", "*"),
    ("%2C", ","),
    ("%3B", ";"),
];

/// How requests are signed.
#[derive(Clone, Debug)]
pub struct Scheme {
    /// Keyed with the secret; does not show it.
    mac: Hmac<Sha256>,
    header: String,
    encoding: Encoding,
    prefix: String,
    time: Option<SignedTime>,
    signed: Vec<Part>,
}

/// How a signature is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Digits 0 to f.
    Hex,
    /// Base64, padded.
    Base64,
}

/// A time that is signed.
#[derive(Clone, Debug)]
struct SignedTime {
    header: String,
    age_ms_max: i64,
}

/// A part of what is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Timestamp,
    Body,
}

/// What is wrong with a request's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unproven {
    /// A header that is needed is not there, or cannot be read.
    Missing,
    /// It was signed too long ago, or will be.
    TooOld,
    /// It is not the signature of this request.
    Wrong,
}

/// What a request claims in its headers; to be proven by its body.
pub(super) struct Claim<'a> {
    scheme: &'a Scheme,
    signature: Vec<u8>,
    timestamp: &'a [u8],
}

impl Scheme {
    /// HubSpot, version 3: method, address, body and time, in base64.
    pub fn hubspot_v3(secret: &str, url: &str, age_ms_max: i64) -> Self {
        let decode = |url: String, (coded, plain): &(&str, &str)| {
            let url = url.replace(coded, plain);
            url.replace(&coded.to_ascii_lowercase(), plain)
        };
        let url = HUBSPOT_DECODES.iter().fold(url.to_owned(), decode);
        let signed = vec![Part::Text(["POST", &url].concat()), Part::Body, Part::Timestamp];
        Self {
            encoding: Encoding::Base64,
            signed,
            ..Self::of("x-hubspot-signature-v3", secret).timed("x-hubspot-request-timestamp", age_ms_max)
        }
    }

    /// Mautic: the body, in base64.
    pub fn mautic(secret: &str) -> Self {
        Self {
            encoding: Encoding::Base64,
            ..Self::of("webhook-signature", secret)
        }
    }

    /// Twenty: time, a colon and the body.
    pub fn twenty(secret: &str, age_ms_max: i64) -> Self {
        Self::of("x-twenty-webhook-signature", secret)
            .timed("x-twenty-webhook-timestamp", age_ms_max)
            .signing("{timestamp}:{body}")
    }

    /// The body, in hex, in this header; the others say what is different.
    pub fn of(header: &str, secret: &str) -> Self {
        Self {
            mac: keyed(secret),
            header: header.to_owned(),
            encoding: Encoding::Hex,
            prefix: String::new(),
            time: None,
            signed: vec![Part::Body],
        }
    }

    /// The signature is written so, behind `prefix`.
    #[must_use]
    pub fn written(mut self, encoding: Encoding, prefix: &str) -> Self {
        (self.encoding, self.prefix) = (encoding, prefix.to_owned());
        self
    }

    /// A header says when it was signed, which may be so long ago.
    #[must_use]
    pub fn timed(mut self, header: &str, age_ms_max: i64) -> Self {
        let header = header.to_owned();
        self.time = Some(SignedTime { header, age_ms_max });
        self
    }

    /// What is signed: `{body}`, `{timestamp}` and text between them.
    #[must_use]
    pub fn signing(mut self, signed: &str) -> Self {
        self.signed.clear();
        let mut rest = signed;
        while !rest.is_empty() {
            let named = [("{body}", Part::Body), ("{timestamp}", Part::Timestamp)];
            let next = named
                .into_iter()
                .filter_map(|(name, part)| Some((rest.find(name)?, name, part)));
            let Some((at, name, part)) = next.min_by_key(|(at, ..)| *at) else {
                self.signed.push(Part::Text(rest.to_owned()));
                break;
            };
            if at > 0 {
                self.signed.push(Part::Text(rest[..at].to_owned()));
            }
            self.signed.push(part);
            rest = &rest[at + name.len()..];
        }
        self
    }

    /// What the headers claim, at this time of day; most forgeries need no look at the body.
    pub(super) fn claim<'a>(&'a self, headers: &'a HeaderMap, now: Instant) -> Result<Claim<'a>, Unproven> {
        let value = |name: &str| headers.get(name).map(HeaderValue::as_bytes);
        let signature = value(&self.header).ok_or(Unproven::Missing)?;
        let mut timestamp: &[u8] = &[];
        if let Some(time) = &self.time {
            timestamp = value(&time.header).ok_or(Unproven::Missing)?;
            let signed_at = millis(timestamp).ok_or(Unproven::Missing)?;
            if now.millis().abs_diff(signed_at) > time.age_ms_max.unsigned_abs() {
                return Err(Unproven::TooOld);
            }
        }
        let written = signature.strip_prefix(self.prefix.as_bytes());
        let signature = written.and_then(|written| self.encoding.read(written));
        Ok(Claim {
            scheme: self,
            signature: signature.ok_or(Unproven::Wrong)?,
            timestamp,
        })
    }
}

impl Claim<'_> {
    /// Does the body bear the signature out?
    pub(super) fn prove(&self, body: &[u8]) -> Result<(), Unproven> {
        let mut mac = self.scheme.mac.clone();
        for part in &self.scheme.signed {
            mac.update(match part {
                Part::Text(text) => text.as_bytes(),
                Part::Timestamp => self.timestamp,
                Part::Body => body,
            });
        }
        mac.verify_slice(&self.signature).map_err(|_| Unproven::Wrong)
    }
}

impl Encoding {
    fn read(self, written: &[u8]) -> Option<Vec<u8>> {
        let text = std::str::from_utf8(written).ok()?;
        match self {
            Self::Base64 => base64(text),
            Self::Hex => {
                let digits: Option<Vec<u8>> = text.chars().map(|char| char.to_digit(16).map(|it| it as u8)).collect();
                let (pairs, odd) = digits.as_deref()?.as_chunks::<2>();
                odd.is_empty()
                    .then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
            }
        }
    }
}

#[expect(clippy::expect_used, reason = "there is no key that HMAC does not take")]
fn keyed(secret: &str) -> Hmac<Sha256> {
    Hmac::new_from_slice(secret.as_bytes()).expect("a key of any length")
}

/// A time since the epoch, in seconds or milliseconds, in milliseconds.
fn millis(number: &[u8]) -> Option<i64> {
    let number: i64 = std::str::from_utf8(number).ok()?.parse().ok()?;
    if number < MILLIS_FROM {
        number.checked_mul(1_000)
    } else {
        Some(number)
    }
}

#[cfg(test)]
mod tests;
