//! Times as text (RFC 3339) → instants.
//!
//! Any offset is taken, what is finer than a millisecond is cut. There is no 61st second: clocks
//! of machines do not show one. Years are those of four digits, in UTC too.

use crate::domain::time::Instant;

/// Year 0 to the end of year 9999, in milliseconds since the epoch.
const MILLIS: std::ops::Range<i64> = -62_167_219_200_000..253_402_300_800_000;

/// Reads a date-time of RFC 3339; `None` for anything else.
pub fn parse(text: &str) -> Option<Instant> {
    let (start, rest) = text.as_bytes().split_first_chunk::<19>()?;
    let [
        y1,
        y2,
        y3,
        y4,
        b'-',
        mo1,
        mo2,
        b'-',
        d1,
        d2,
        b'T' | b't',
        h1,
        h2,
        b':',
        mi1,
        mi2,
        b':',
        s1,
        s2,
    ] = *start
    else {
        return None;
    };
    let year = number(&[y1, y2, y3, y4])?;
    let [month, day] = [number(&[mo1, mo2])?, number(&[d1, d2])?];
    let [hour, minute, second] = [number(&[h1, h2])?, number(&[mi1, mi2])?, number(&[s1, s2])?];
    if day < 1 || day > days_in(year, month)? || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (millis, rest) = fraction(rest)?;
    let seconds = (days_since_epoch(year, month, day) * 24 + hour) * 3600 + minute * 60 + second;
    let instant = (seconds - offset(rest)?) * 1000 + millis;
    MILLIS.contains(&instant).then(|| Instant::from_millis(instant))
}

#[inline]
fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |number, digit| {
        digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0'))
    })
}

/// Milliseconds of the fraction of a second, and what stands behind it.
fn fraction(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let Some((b'.', rest)) = bytes.split_first() else {
        return Some((0, bytes));
    };
    let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = rest.split_at(length);
    let cut = &digits[..length.min(3)];
    match length {
        0 => None,
        _ => Some((number(cut)? * 10_i64.pow(3 - cut.len() as u32), rest)),
    }
}

/// Seconds east of Greenwich.
fn offset(bytes: &[u8]) -> Option<i64> {
    let (sign, digits) = match bytes {
        b"Z" | b"z" => return Some(0),
        [b'+', digits @ ..] => (1, digits),
        [b'-', digits @ ..] => (-1, digits),
        _ => return None,
    };
    let [h1, h2, b':', m1, m2] = *digits else {
        return None;
    };
    let (hours, minutes) = (number(&[h1, h2])?, number(&[m1, m2])?);
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 3600 + minutes * 60))
}

fn days_in(year: i64, month: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(31),
        4 | 6 | 9 | 11 => Some(30),
        2 => Some(if leap { 29 } else { 28 }),
        _ => None,
    }
}

/// Days from 1970-01-01 in the Gregorian calendar; years begin in March here, so that the leap
/// day comes last.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + (month * 153 + 2) / 5 + day - 719_469
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(
            parse(text).map(|instant| instant.to_string()).as_deref(),
            Some(expected),
            "{text}"
        );
    }

    #[test]
    fn times_of_any_offset_are_read() {
        check("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z");
        check("2026-10-05t09:00:00.5+09:00", "2026-10-05T00:00:00.500Z");
        check("2024-02-29T23:59:59.9999999-23:59", "2024-03-01T23:58:59.999Z");
        check("0000-03-01T00:00:00-00:00", "0000-03-01T00:00:00.000Z");
        check("1969-12-31T23:59:59.001z", "1969-12-31T23:59:59.001Z");
        check("0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000Z");
        check("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z");
    }

    #[test]
    fn what_is_not_a_time_is_refused() {
        for text in [
            "",
            "2026-10-05",
            "2026-10-05T09:00Z",
            "2026-10-05T09:00:00",
            "2026-10-05 09:00:00Z",
            "2026-10-05T09:00:00.Z",
            "2026-10-05T09:00:60Z",
            "2026-10-05T24:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-10-05T09:00:00+0900",
            "2026-10-05T09:00:00+24:00",
            "2026-10-05T09:00:00+09:0",
            "2026-10-05T09:00:00+09:00000000000000000000000000000000000009",
            "2026-10-05T09:00:00Z ",
            "10000-01-01T00:00:00Z",
            "9999-12-31T23:59:59-00:01",
            "0000-01-01T00:00:00+00:01",
            "2026-1０-05T09:00:00Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn jiff_reads_the_same(millis in MILLIS) {
            let text = Instant::from_millis(millis).to_string();
            prop_assert_eq!(parse(&text), Some(Instant::from_millis(millis)));
        }

        #[test]
        fn any_text_is_a_time_or_not(text in "[0-9TZ:.+-]{0,30}|.{0,30}") {
            let read = parse(&text);
            prop_assert!(read.is_none_or(|instant| MILLIS.contains(&instant.millis())));
        }
    }
}
