//! Instants: whole milliseconds since 1970-01-01T00:00:00Z.

/// A point in time, in milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant(i64);

/// Milliseconds in a day of the score (contract: `day(t) = floor(t / 86 400 000)`).
pub const DAY_MS: i64 = 86_400_000;

impl Instant {
    /// The instant `millis` milliseconds after the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The number of the UTC day this instant lies in.
    pub const fn day(self) -> i32 {
        self.0.div_euclid(DAY_MS) as i32
    }

    /// This instant, `millis` milliseconds later.
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }
}

impl std::fmt::Display for Instant {
    /// RFC 3339 in UTC with three decimals, as in every output.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Ok(time) = jiff::Timestamp::from_millisecond(self.0) {
            return write!(f, "{time:.3}");
        }
        // The last hours of year 9999 are beyond what has a time zone.
        match jiff::civil::date(1970, 1, 1)
            .at(0, 0, 0, 0)
            .checked_add(jiff::SignedDuration::from_millis(self.0))
        {
            Ok(time) => write!(f, "{time:.3}Z"),
            Err(_) => write!(f, "{}ms", self.0),
        }
    }
}
