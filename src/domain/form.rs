//! In which form leads are written down: short, since most of a service's memory is leads at rest.
//!
//! Times are distances from the lead's first event; the words that nearly everybody uses are
//! numbers. Numbers are never used for another word: lists only grow, up to their limits.

use super::bytes::{Malformed, Reader, Writer};
use super::time::Instant;

/// Attributes that the contract names, from 1.
const NAMES: &[&str] = &[
    "company",
    "employees",
    "industry",
    "country",
    "region",
    "job_title",
    "language",
    "phone",
    "account_owner",
];
/// Where campaigns come from and what they use, from 1.
const WORDS: &[&str] = &[
    "google",
    "bing",
    "facebook",
    "instagram",
    "linkedin",
    "twitter",
    "youtube",
    "tiktok",
    "reddit",
    "newsletter",
    "webinar",
    "partner",
    "direct",
    "website",
    "hubspot",
    "salesforce",
    "marketo",
    "mailchimp",
    "organic",
    "cpc",
    "ppc",
    "cpm",
    "paid",
    "paid_search",
    "paid-search",
    "paid_social",
    "paid-social",
    "search",
    "social",
    "email",
    "e-mail",
    "referral",
    "affiliate",
    "display",
    "banner",
    "retargeting",
    "event",
    "sms",
    "qr",
    "print",
    "podcast",
    "video",
    "content",
    "blog",
];
/// Numbers below this are words or nothing; text is its length on top of it.
const WORDS_MAX: u64 = 64;

/// The form of one lead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form {
    /// What times are distances from.
    from: Instant,
    /// What the first version wrote: whole times, and everything spelled out.
    is_first: bool,
}

impl Form {
    /// The form of the first version.
    pub(crate) const FIRST: Self = Self {
        from: Instant::from_millis(0),
        is_first: true,
    };

    /// The form of a lead whose first event came at this journal time.
    pub(crate) fn since(from: Instant) -> Self {
        Self { from, is_first: false }
    }

    pub(crate) fn is_first(self) -> bool {
        self.is_first
    }

    /// The day that days are distances from.
    pub(crate) fn day(self) -> i64 {
        self.from.day().into()
    }

    pub(crate) fn write_time(self, writer: &mut Writer, at: Instant) {
        writer.int(at.millis().wrapping_sub(self.from.millis()));
    }

    pub(crate) fn read_time(self, reader: &mut Reader<'_>) -> Result<Instant, Malformed> {
        let distance = reader.int()?;
        Ok(Instant::from_millis(self.from.millis().wrapping_add(distance)))
    }
}

/// Writes an attribute's name, and with it a number below eight.
pub(crate) fn write_name(writer: &mut Writer, name: &str, kind: u8) {
    let known = NAMES.iter().position(|known| *known == name);
    let number = known.map_or(0, |place| place as u64 + 1);
    writer.uint(number << 3 | u64::from(kind));
    if known.is_none() {
        writer.text(name);
    }
}

/// What `write_name` wrote.
pub(crate) fn read_name<'a>(reader: &mut Reader<'a>) -> Result<(&'a str, u8), Malformed> {
    let number = reader.uint()?;
    let name = match (number >> 3).checked_sub(1) {
        None => reader.text()?,
        Some(place) => *NAMES.get(place as usize).ok_or(Malformed)?,
    };
    Ok((name, (number & 7) as u8))
}

/// Writes what a campaign says of itself.
pub(crate) fn write_word(writer: &mut Writer, word: Option<&str>) {
    let Some(word) = word else { return writer.uint(0) };
    if let Some(place) = WORDS.iter().position(|known| *known == word) {
        return writer.uint(place as u64 + 1);
    }
    writer.uint(word.len() as u64 + WORDS_MAX);
    writer.raw(word.as_bytes());
}

/// What `write_word` wrote.
pub(crate) fn read_word<'a>(reader: &mut Reader<'a>) -> Result<Option<&'a str>, Malformed> {
    let number = reader.uint()?;
    if let Some(len) = number.checked_sub(WORDS_MAX) {
        let len = usize::try_from(len).map_err(|_| Malformed)?;
        return std::str::from_utf8(reader.raw(len)?).map(Some).map_err(|_| Malformed);
    }
    match (number as usize).checked_sub(1) {
        None => Ok(None),
        Some(place) => WORDS.get(place).copied().map(Some).ok_or(Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back_as_written_and_known_ones_are_a_byte() {
        let long = "x".repeat(300);
        for (word, len) in [
            (None, 1),
            (Some("cpc"), 1),
            (Some("blog"), 1),
            (Some(""), 1),
            (Some("Blog"), 5),
            (Some(&*long), 302),
        ] {
            let mut writer = Writer::new();
            write_word(&mut writer, word);
            assert_eq!(writer.0.len(), len, "{word:?}");
            assert_eq!(read_word(&mut Reader(&writer.0)), Ok(word));
        }
        assert!((WORDS.len() as u64) < WORDS_MAX);
        assert_eq!(read_word(&mut Reader(&[63])), Err(Malformed));
    }

    #[test]
    fn names_read_back_as_written_with_their_kind() {
        for (name, len) in [("company", 1), ("account_owner", 1), ("", 2), ("Company", 9)] {
            let mut writer = Writer::new();
            write_name(&mut writer, name, 4);
            assert_eq!(writer.0.len(), len, "{name}");
            assert_eq!(read_name(&mut Reader(&writer.0)), Ok((name, 4)));
        }
        assert_eq!(read_name(&mut Reader(&[10 << 3])), Err(Malformed));
    }

    #[test]
    fn times_read_back_wherever_they_are() {
        for from in [0, 1_790_000_000_000, i64::MIN, i64::MAX] {
            for at in [0, -5, 1_790_000_000_001, i64::MIN, i64::MAX] {
                let (form, at) = (Form::since(Instant::from_millis(from)), Instant::from_millis(at));
                let mut writer = Writer::new();
                form.write_time(&mut writer, at);
                assert_eq!(form.read_time(&mut Reader(&writer.0)), Ok(at));
            }
        }
    }
}
