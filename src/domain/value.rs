//! Values of profile attributes: text, number, bool. Numbers keep the text they came in.

/// What a profile attribute holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Text, as it came.
    Text(String),
    /// A number, as it came.
    Number(Number),
    /// True or false.
    Bool(bool),
}

/// A decimal number of at most 18 digits and 6 decimal places, with the text it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number {
    text: Box<str>,
    micros: i128,
}

impl Number {
    /// Reads a JSON number; `None` when it has more than 18 digits or 6 decimal places
    /// (counted after the exponent is written out, without leading or trailing zeros).
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match rest.find(['e', 'E']) {
            Some(at) => (&rest[..at], rest[at + 1..].trim_start_matches('+').parse::<i32>().ok()?),
            None => (rest, 0),
        };
        let (whole, decimals) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits: String = [whole, decimals].concat();
        if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let significant = digits.trim_start_matches('0').trim_end_matches('0');
        let trailing = digits.len() - digits.trim_end_matches('0').len();
        let scale = i64::from(exponent) - decimals.len() as i64 + trailing as i64;
        let micros = if significant.is_empty() {
            0
        } else {
            if significant.len() > 18 || !(-6..=18).contains(&scale) || significant.len() as i64 + scale.max(0) > 18 {
                return None;
            }
            significant.parse::<i128>().ok()? * 10_i128.pow((scale + 6) as u32)
        };
        Some(Self {
            text: text.into(),
            micros: if negative { -micros } else { micros },
        })
    }

    /// The number as it came in.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The value in millionths, exact.
    pub fn micros(&self) -> i128 {
        self.micros
    }
}
