//! Working time: when a team works, and how much of that lies between two instants.
//!
//! A minute is working time if the local clock of the calendar's zone shows it within the hours
//! and the date is not closed. Time is elapsed time: an hour that the clock shows twice counts
//! twice, an hour that it skips not at all. The only place with civil time and zones.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::time::{DAY_MS, Instant};

const MINUTE_MS: i64 = 60_000;
const DAY_MINUTES: u16 = 24 * 60;

/// When a team works.
#[derive(Clone, Debug)]
pub struct Calendar {
    /// Its name in the policy.
    pub id: String,
    hours: Hours,
}

#[derive(Clone, Debug)]
enum Hours {
    Always,
    Weekly(Box<Weekly>),
}

/// Blocks of hours by weekday, in a zone, but for closed dates.
#[derive(Clone, Debug)]
struct Weekly {
    zone: TimeZone,
    /// From Monday; each sorted, in minutes of the day.
    blocks: [Vec<Block>; 7],
    /// Days since 1970-01-01.
    closed: BTreeSet<i64>,
    /// Working time of a week without closed dates or changes of the clock.
    week_ms: i64,
}

/// Minutes of a day from which (inclusive) to which (exclusive) a team works.
pub type Block = (u16, u16);

/// Why there is no such calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// The time zone database has no zone of this name.
    #[error("unknown time zone")]
    UnknownZone,
    /// Hours end where they begin, before, or after midnight.
    #[error("hours that are none")]
    EmptyBlock,
    /// Two blocks of a day share a minute.
    #[error("overlapping hours")]
    OverlappingBlocks,
    /// No hours on any day.
    #[error("never open")]
    NeverOpen,
}

impl Calendar {
    /// Around the clock.
    pub fn always(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            hours: Hours::Always,
        }
    }

    /// Blocks of hours by weekday from Monday, on the clock of `zone` (an IANA name), but not on
    /// the closed dates.
    pub fn weekly(
        id: impl Into<String>,
        zone: &str,
        mut blocks: [Vec<Block>; 7],
        closed: impl IntoIterator<Item = Date>,
    ) -> Result<Self, CalendarError> {
        let zone = zone_named(zone).ok_or(CalendarError::UnknownZone)?;
        let mut week_minutes = 0;
        for day in &mut blocks {
            day.sort_unstable();
            let mut free_from = 0;
            for (open, close) in day.iter().copied() {
                if open >= close || close > DAY_MINUTES {
                    return Err(CalendarError::EmptyBlock);
                }
                if open < free_from {
                    return Err(CalendarError::OverlappingBlocks);
                }
                free_from = close;
                week_minutes += i64::from(close - open);
            }
        }
        if week_minutes == 0 {
            return Err(CalendarError::NeverOpen);
        }
        let hours = Hours::Weekly(Box::new(Weekly {
            zone,
            blocks,
            closed: closed.into_iter().map(day_number).collect(),
            week_ms: week_minutes * MINUTE_MS,
        }));
        Ok(Self { id: id.into(), hours })
    }

    /// The earliest instant at which `working_ms` of working time have passed since `start`; at
    /// most the last instant of the year 9999 that every zone can show.
    pub fn after(&self, start: Instant, working_ms: i64) -> Instant {
        let latest = latest_ms();
        if working_ms <= 0 || start.millis() >= latest {
            return start;
        }
        match &self.hours {
            Hours::Always => Instant::from_millis(start.plus_millis(working_ms).millis().min(latest)),
            Hours::Weekly(weekly) => {
                let mut walk = Walk::new(start.millis().max(earliest_ms()), latest, working_ms);
                walk.go(weekly);
                Instant::from_millis(walk.at)
            }
        }
    }

    /// Working time between two instants in milliseconds; 0 if `until` is not after `from`.
    pub fn between(&self, from: Instant, until: Instant) -> i64 {
        match &self.hours {
            Hours::Always => until.millis().saturating_sub(from.millis()).max(0),
            Hours::Weekly(weekly) => {
                let until = until.millis().min(latest_ms());
                let mut walk = Walk::new(from.millis().max(earliest_ms()), until, i64::MAX);
                walk.go(weekly);
                i64::MAX - walk.wanted
            }
        }
    }
}

/// The zone of an IANA name, from the bundled database.
pub fn zone_named(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).ok().filter(|zone| !zone.is_unknown())
}

/// Days since 1970-01-01.
fn day_number(date: Date) -> i64 {
    Date::constant(1970, 1, 1).duration_until(date).as_hours() / 24
}

fn earliest_ms() -> i64 {
    Timestamp::MIN.as_millisecond()
}

fn latest_ms() -> i64 {
    Timestamp::MAX.as_millisecond()
}

/// A way along the clock that stops when enough working time is taken, or at `until`.
struct Walk {
    at: i64,
    until: i64,
    wanted: i64,
}

impl Walk {
    fn new(at: i64, until: i64, wanted: i64) -> Self {
        Self { at, until, wanted }
    }

    /// Between two changes of the clock the offset is constant, and days are plain: each step
    /// goes through one such stretch.
    fn go(&mut self, weekly: &Weekly) {
        while self.at < self.until && self.wanted > 0 {
            let Ok(now) = Timestamp::from_millisecond(self.at) else {
                return;
            };
            let offset_ms = i64::from(weekly.zone.to_offset(now).seconds()) * 1_000;
            let change = weekly.zone.following(now).next();
            let end = change.map_or(self.until, |change| change.timestamp().as_millisecond().min(self.until));
            self.stretch(weekly, offset_ms, end.max(self.at + 1));
        }
    }

    /// Days are those of the local clock, `offset_ms` ahead of UTC up to `end`.
    fn stretch(&mut self, weekly: &Weekly, offset_ms: i64, end: i64) {
        while self.at < end {
            self.skip_weeks(weekly, offset_ms, end);
            let day = (self.at + offset_ms).div_euclid(DAY_MS);
            let midnight = day * DAY_MS - offset_ms;
            for (open, close) in weekly.on(day) {
                let from = (midnight + i64::from(*open) * MINUTE_MS).max(self.at);
                let to = (midnight + i64::from(*close) * MINUTE_MS).min(end);
                if from >= to {
                    continue;
                }
                if to - from >= self.wanted {
                    self.at = from + self.wanted;
                    self.wanted = 0;
                    return;
                }
                self.wanted -= to - from;
                self.at = to;
            }
            self.at = (midnight + DAY_MS).min(end);
        }
    }

    /// Takes whole weeks at once as long as no closed date and no change of the clock is in them.
    fn skip_weeks(&mut self, weekly: &Weekly, offset_ms: i64, end: i64) {
        let day = (self.at + offset_ms).div_euclid(DAY_MS);
        let next_closed = weekly
            .closed
            .range(day..)
            .next()
            .map_or(i64::MAX, |closed| closed - day);
        // One working millisecond is left for the days behind, so that the walk ends at the
        // earliest instant and not at the end of a week.
        let weeks = ((self.wanted - 1) / weekly.week_ms)
            .min((end - self.at) / (7 * DAY_MS))
            .min(next_closed / 7 - 1);
        if weeks > 0 {
            self.at += weeks * 7 * DAY_MS;
            self.wanted -= weeks * weekly.week_ms;
        }
    }
}

impl Weekly {
    /// The hours of a day.
    fn on(&self, day: i64) -> &[Block] {
        if self.closed.contains(&day) {
            return &[];
        }
        // 1970-01-01 was a Thursday.
        let weekday = usize::try_from((day + 3).rem_euclid(7)).unwrap_or_default();
        self.blocks.get(weekday).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 09:00-12:00 and 13:00-18:00 from Monday to Friday.
    fn office(zone: &str, closed: &[&str]) -> Calendar {
        let day = vec![(780, 1080), (540, 720)];
        let blocks = [day.clone(), day.clone(), day.clone(), day.clone(), day, vec![], vec![]];
        Calendar::weekly("office", zone, blocks, closed.iter().map(|date| date.parse().unwrap())).unwrap()
    }

    fn at(text: &str) -> Instant {
        Instant::from_millis(text.parse::<Timestamp>().unwrap().as_millisecond())
    }

    const HOUR: i64 = 3_600_000;

    #[track_caller]
    fn check(calendar: &Calendar, start: &str, working_ms: i64, expected: &str) {
        assert_eq!(calendar.after(at(start), working_ms), at(expected));
        assert_eq!(calendar.between(at(start), at(expected)), working_ms);
    }

    #[test]
    fn zones_come_from_the_bundled_database() {
        assert!(
            format!("{:?}", jiff::tz::db()).to_lowercase().contains("bundled"),
            "{:?}",
            jiff::tz::db()
        );
        assert!(zone_named("Asia/Tokyo").is_some());
        assert!(zone_named("Etc/Unknown").is_none() && zone_named("Asia/Tokio").is_none());
    }

    #[test]
    fn friday_evening_and_four_hours_is_tuesday_after_lunch_when_monday_is_a_holiday() {
        let tokyo = office("Asia/Tokyo", &["2026-10-12"]);
        check(
            &tokyo,
            "2026-10-09T17:40:00+09:00",
            4 * HOUR,
            "2026-10-13T13:40:00+09:00",
        );
        check(
            &tokyo,
            "2026-10-09T17:40:00+09:00",
            HOUR / 3,
            "2026-10-09T18:00:00+09:00",
        );
        check(
            &tokyo,
            "2026-10-09T17:40:00+09:00",
            HOUR / 3 + 1,
            "2026-10-13T09:00:00.001+09:00",
        );
        check(&tokyo, "2026-10-10T00:00:00+09:00", 0, "2026-10-10T00:00:00+09:00");
    }

    #[test]
    fn an_hour_shown_twice_counts_twice_and_a_skipped_hour_not_at_all() {
        let night = Calendar::weekly("night", "Europe/Berlin", std::array::from_fn(|_| vec![(60, 240)]), []).unwrap();
        check(
            &night,
            "2026-03-29T00:00:00+01:00",
            2 * HOUR,
            "2026-03-29T04:00:00+02:00",
        );
        check(
            &night,
            "2026-10-25T00:00:00+02:00",
            4 * HOUR,
            "2026-10-25T04:00:00+01:00",
        );
        let skipped = Calendar::weekly(
            "skipped",
            "Europe/Berlin",
            std::array::from_fn(|_| vec![(120, 180)]),
            [],
        );
        check(
            &skipped.unwrap(),
            "2026-03-28T12:00:00+01:00",
            HOUR,
            "2026-03-30T03:00:00+02:00",
        );
    }

    #[test]
    fn a_whole_week_ends_with_its_last_hour_and_not_seven_days_later() {
        let tokyo = office("Asia/Tokyo", &[]);
        check(
            &tokyo,
            "2026-10-10T12:00:00+09:00",
            40 * HOUR,
            "2026-10-16T18:00:00+09:00",
        );
        check(
            &tokyo,
            "2026-10-10T12:00:00+09:00",
            120 * HOUR,
            "2026-10-30T18:00:00+09:00",
        );
        check(
            &tokyo,
            "2026-10-10T12:00:00+09:00",
            120 * HOUR + 1,
            "2026-11-02T09:00:00.001+09:00",
        );
    }

    #[test]
    fn far_futures_end_in_the_year_9999() {
        let rare = |closed: &[&str]| {
            let mut blocks = <[Vec<Block>; 7]>::default();
            blocks[0] = vec![(0, 1)];
            Calendar::weekly(
                "rare",
                "Europe/Berlin",
                blocks,
                closed.iter().map(|date| date.parse().unwrap()),
            )
            .unwrap()
        };
        let weeks = rare(&[]).after(at("2026-01-05T00:00:00+01:00"), 90 * DAY_MS);
        assert_eq!(weeks.to_string().get(..4), Some("4509"));
        let latest = Instant::from_millis(latest_ms());
        assert_eq!(
            rare(&["2026-01-05"]).after(at("2026-01-05T00:00:00+01:00"), i64::MAX),
            latest
        );
        assert_eq!(
            Calendar::always("always").after(at("2026-01-05T00:00:00+01:00"), i64::MAX),
            latest
        );
        assert_eq!(
            rare(&[]).after(Instant::from_millis(i64::MAX), 5),
            Instant::from_millis(i64::MAX)
        );
        assert!(rare(&[]).between(Instant::from_millis(i64::MIN), Instant::from_millis(i64::MAX)) > 0);
    }

    #[test]
    fn what_is_no_calendar_is_refused() {
        let make = |zone: &str, monday: Vec<Block>| {
            let mut blocks = <[Vec<Block>; 7]>::default();
            blocks[0] = monday;
            Calendar::weekly("x", zone, blocks, []).map(drop)
        };
        assert_eq!(make("Asia/Tokyo", vec![(0, 720), (720, 1440)]), Ok(()));
        assert_eq!(make("Asia/Tokio", vec![(0, 1440)]), Err(CalendarError::UnknownZone));
        assert_eq!(make("Asia/Tokyo", vec![(60, 60)]), Err(CalendarError::EmptyBlock));
        assert_eq!(make("Asia/Tokyo", vec![(0, 1441)]), Err(CalendarError::EmptyBlock));
        assert_eq!(
            make("Asia/Tokyo", vec![(300, 400), (0, 301)]),
            Err(CalendarError::OverlappingBlocks)
        );
        assert_eq!(make("Asia/Tokyo", vec![]), Err(CalendarError::NeverOpen));
    }

    const ZONES: [&str; 12] = [
        "Asia/Tokyo",
        "America/New_York",
        "Europe/Berlin",
        "Australia/Lord_Howe",
        "America/Sao_Paulo",
        "Africa/Casablanca",
        "Pacific/Apia",
        "Asia/Kathmandu",
        "America/St_Johns",
        "Antarctica/Troll",
        "Asia/Tehran",
        "UTC",
    ];

    fn blocks() -> impl Strategy<Value = Vec<Block>> {
        prop::collection::btree_set(0_u16..=1440, 0..5).prop_map(|ends| {
            ends.into_iter()
                .collect::<Vec<_>>()
                .chunks_exact(2)
                .map(|ends| (ends[0], ends[1]))
                .collect()
        })
    }

    fn calendars() -> impl Strategy<Value = Calendar> {
        let week = prop::collection::vec(blocks(), 7);
        let closed = prop::collection::vec(19_000_i64..21_500, 0..60);
        (prop::sample::select(&ZONES[..]), week, closed).prop_filter_map("never open", |(zone, week, closed)| {
            let epoch = Date::constant(1970, 1, 1);
            let dates = closed
                .into_iter()
                .map(|days| epoch + jiff::SignedDuration::from_hours(days * 24));
            Calendar::weekly("any", zone, week.try_into().ok()?, dates).ok()
        })
    }

    /// From 2022 to 2028.
    fn instants() -> impl Strategy<Value = i64> {
        1_640_995_200_000_i64..1_861_920_000_000
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn working_time_adds_up(calendar in calendars(), start in instants(), a in 0..30 * HOUR, b in 0..900 * HOUR) {
            let start = Instant::from_millis(start);
            let (first, both) = (calendar.after(start, a), calendar.after(start, a + b));
            prop_assert_eq!(calendar.after(first, b), both);
            prop_assert_eq!(calendar.between(start, both), a + b);
            prop_assert_eq!(calendar.between(start, first) + calendar.between(first, both), a + b);
        }

        #[test]
        fn it_is_the_earliest_instant(calendar in calendars(), start in instants(), span in 1..900 * HOUR) {
            let start = Instant::from_millis(start);
            let end = calendar.after(start, span);
            prop_assert!(end > start);
            prop_assert_eq!(calendar.between(start, end.plus_millis(-1)), span - 1);
        }

        #[test]
        fn it_never_runs_backwards(calendar in calendars(), start in instants(), later in 0..90 * DAY_MS, span in 0..90 * HOUR) {
            let (start, later) = (Instant::from_millis(start), Instant::from_millis(start + later));
            prop_assert!(calendar.after(start, span) <= calendar.after(later, span));
            prop_assert!(calendar.between(start, later) >= 0);
            prop_assert_eq!(calendar.between(later, start), 0);
        }
    }

    /// The definition, minute by minute, around every change of the clock of every zone since 2006.
    #[test]
    fn every_change_of_the_clock_agrees_with_the_definition() {
        let from: Timestamp = "2006-01-01T00:00:00Z".parse().unwrap();
        let until: Timestamp = "2028-01-01T00:00:00Z".parse().unwrap();
        let mut changes = 0;
        for name in jiff::tz::db().available().map(|name| name.to_string()) {
            let Some(zone) = zone_named(&name) else { continue };
            for change in zone.following(from).take_while(|change| change.timestamp() < until) {
                around(&name, &zone, change.timestamp());
                changes += 1;
            }
        }
        assert!(changes > 10_000, "{changes}");
    }

    const EDGES: [Block; 5] = [(0, 90), (95, 150), (165, 190), (600, 721), (1290, 1440)];

    fn around(name: &str, zone: &TimeZone, change: Timestamp) {
        let closed = zone.to_datetime(change + jiff::SignedDuration::from_hours(30)).date();
        let calendar = Calendar::weekly("edges", name, std::array::from_fn(|_| EDGES.to_vec()), [closed]).unwrap();
        let begin = Instant::from_millis(change.as_millisecond() - 3 * HOUR);
        let mut worked = 0;
        for minute in 0..360 {
            let start = begin.plus_millis(minute * MINUTE_MS);
            assert_eq!(calendar.between(begin, start), worked, "{name} {start}");
            let shown = zone.to_datetime(Timestamp::from_millisecond(start.millis()).unwrap());
            let of_day = u16::try_from(i32::from(shown.hour()) * 60 + i32::from(shown.minute())).unwrap();
            let open = EDGES.iter().any(|(open, close)| (*open..*close).contains(&of_day)) && shown.date() != closed;
            if open {
                assert_eq!(
                    calendar.after(begin, worked + 1),
                    start.plus_millis(1),
                    "{name} {start}"
                );
                worked += MINUTE_MS;
                assert_eq!(
                    calendar.after(begin, worked),
                    start.plus_millis(MINUTE_MS),
                    "{name} {start}"
                );
            }
        }
    }
}
