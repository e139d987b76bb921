//! Closed dates from iCalendar files (RFC 5545): all-day events, and those that recur yearly.
//!
//! Events with a time of day close nothing and are passed over, cancelled ones too. Recurrence
//! other than yearly on the same date is a fault, not a guess.

use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::fault::{Fault, Place};

const DAYS_MAX: usize = 20_000;
const RECUR_UNTIL: i16 = 2100;

/// The dates that the events of a file close. `file` is its name in faults.
pub fn dates(file: &str, text: &str) -> Result<Vec<Date>, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut dates = Vec::new();
    let mut event: Option<Event> = None;
    let lines = unfold(text);
    if lines
        .first()
        .is_none_or(|line| !line.text.eq_ignore_ascii_case("BEGIN:VCALENDAR"))
    {
        let place = place(file, 1);
        return Err(vec![Fault::new(
            place,
            "not an iCalendar file",
            "begin it with BEGIN:VCALENDAR",
        )]);
    }
    for line in &lines {
        let Some((name, parameters, value)) = split(&line.text) else {
            faults.push(Fault::new(
                place(file, line.number),
                "not iCalendar",
                "write NAME:value on each line",
            ));
            continue;
        };
        match (name.as_str(), value.to_ascii_uppercase().as_str(), &mut event) {
            ("BEGIN", "VEVENT", _) => event = Some(Event::new(line.number)),
            // Beyond the limit the file is refused, however many more there would be.
            ("END", "VEVENT", Some(_)) if dates.len() > DAYS_MAX => event = None,
            ("END", "VEVENT", Some(whole)) => {
                match whole.dates() {
                    Ok(days) => dates.extend(days),
                    Err((number, message, remedy)) => faults.push(Fault::new(place(file, number), message, remedy)),
                }
                event = None;
            }
            (_, _, Some(event)) => event.take(&name, parameters, value, line.number),
            _ => {}
        }
    }
    if !lines
        .last()
        .is_some_and(|line| line.text.eq_ignore_ascii_case("END:VCALENDAR"))
        || event.is_some()
    {
        let last = lines.last().map_or(1, |line| line.number);
        faults.push(Fault::new(
            place(file, last),
            "the file ends too early",
            "end it with END:VCALENDAR",
        ));
    }
    if dates.len() > DAYS_MAX {
        faults.push(Fault::new(
            place(file, 1),
            "too many closed dates",
            format!("keep at most {DAYS_MAX}"),
        ));
    }
    dates.sort_unstable();
    dates.dedup();
    if faults.is_empty() { Ok(dates) } else { Err(faults) }
}

fn place(file: &str, line: usize) -> Place {
    Place::File {
        file: file.to_owned(),
        line,
        column: 1,
    }
}

/// A content line and the number of the line it begins on.
struct Line {
    number: usize,
    text: String,
}

/// Joins folded lines: one that begins with a blank goes on the one before.
fn unfold(text: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.trim_end_matches('\r');
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some(before)) => before.text.push_str(rest),
            _ if line.trim().is_empty() => {}
            _ => lines.push(Line {
                number: index + 1,
                text: line.to_owned(),
            }),
        }
    }
    lines
}

/// Name, parameters and value of a content line; quoted parameters may hold colons.
fn split(line: &str) -> Option<(String, &str, &str)> {
    let mut quoted = false;
    let colon = line.char_indices().find(|(_, letter)| {
        quoted ^= *letter == '"';
        *letter == ':' && !quoted
    })?;
    let (head, value) = (&line[..colon.0], &line[colon.0 + 1..]);
    let (name, parameters) = head.split_once(';').unwrap_or((head, ""));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (!name.is_empty() && name.bytes().all(plain)).then(|| (name.to_ascii_uppercase(), parameters, value.trim()))
}

type Wrong = (usize, &'static str, &'static str);

/// What matters of an event, and the lines it stands on.
struct Event {
    number: usize,
    start: Option<(usize, String)>,
    end: Option<(usize, String)>,
    duration: Option<(usize, String)>,
    rule: Option<(usize, String)>,
    unsupported: Option<usize>,
    timed: bool,
    cancelled: bool,
    /// Components within it that have begun and not ended, such as an alarm.
    within: usize,
}

impl Event {
    fn new(number: usize) -> Self {
        Self {
            number,
            start: None,
            end: None,
            duration: None,
            rule: None,
            unsupported: None,
            timed: false,
            cancelled: false,
            within: 0,
        }
    }

    fn take(&mut self, name: &str, parameters: &str, value: &str, number: usize) {
        let value = value.to_ascii_uppercase();
        match name {
            "BEGIN" => self.within += 1,
            "END" => self.within = self.within.saturating_sub(1),
            _ if self.within > 0 => {}
            "DTSTART" => {
                self.timed = value.contains('T')
                    && !parameters.to_ascii_uppercase().contains("VALUE=DATE;")
                    && !parameters.to_ascii_uppercase().ends_with("VALUE=DATE");
                self.start = Some((number, value));
            }
            "DTEND" => self.end = Some((number, value)),
            "DURATION" => self.duration = Some((number, value)),
            "RRULE" => self.rule = Some((number, value)),
            "RDATE" | "EXDATE" | "EXRULE" => self.unsupported = Some(number),
            "STATUS" => self.cancelled = value == "CANCELLED",
            _ => {}
        }
    }

    fn dates(&self) -> Result<Vec<Date>, Wrong> {
        if self.cancelled || self.timed {
            return Ok(Vec::new());
        }
        if let Some(number) = self.unsupported {
            return Err((
                number,
                "RDATE, EXDATE and EXRULE are not supported",
                "write the dates as events of their own",
            ));
        }
        let Some(first) = &self.start else {
            return Err((self.number, "an event without DTSTART", "add DTSTART;VALUE=DATE:…"));
        };
        let start = date(first)?;
        let days = self.days(start)?;
        let starts = match &self.rule {
            None => vec![start],
            Some((number, rule)) => yearly(start, rule).ok_or((
                *number,
                "a recurrence that is not supported",
                "use FREQ=YEARLY with COUNT, UNTIL or INTERVAL, or write the dates as events of their own",
            ))?,
        };
        let spans = starts
            .iter()
            .flat_map(|start| (0..days).map(move |day| start.checked_add(day.days())));
        Ok(spans.filter_map(Result::ok).collect())
    }

    /// How many days the event takes; DTEND is the day after the last.
    fn days(&self, start: Date) -> Result<i32, Wrong> {
        let (number, days) = match (&self.end, &self.duration) {
            (Some(end), _) => (end.0, start.duration_until(date(end)?).as_hours() / 24),
            (None, Some((number, text))) => {
                let wrong = (
                    *number,
                    "a DURATION that is not whole days",
                    "write DURATION:P1D or DTEND",
                );
                (*number, whole_days(text).ok_or(wrong)?)
            }
            (None, None) => (self.number, 1),
        };
        // DTEND equal to DTSTART is wrong, and common: it means that day.
        match days {
            0 => Ok(1),
            1..=3_660 => Ok(days as i32),
            _ => Err((
                number,
                "an event that ends before it begins, or after ten years",
                "correct DTEND",
            )),
        }
    }
}

/// The days of a duration such as `P2D` or `P1W`.
fn whole_days(text: &str) -> Option<i64> {
    let text = text.strip_prefix('P')?;
    match (text.strip_suffix('D'), text.strip_suffix('W')) {
        (Some(days), _) => days.parse().ok(),
        (None, Some(weeks)) => weeks.parse::<i64>().ok()?.checked_mul(7),
        (None, None) => None,
    }
}

fn date((number, text): &(usize, String)) -> Result<Date, Wrong> {
    let wrong = (*number, "not a date", "write a date such as 20261229");
    let digits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits {
        return Err(wrong);
    }
    let part = |range: std::ops::Range<usize>| text[range].parse::<i16>().unwrap_or_default();
    Date::new(part(0..4), part(4..6) as i8, part(6..8) as i8).map_err(|_| wrong)
}

/// The first days of an event that recurs every year, or every few, on the same date.
fn yearly(start: Date, rule: &str) -> Option<Vec<Date>> {
    let (mut interval, mut count, mut until, mut is_yearly) =
        (1_i16, i16::MAX, Date::constant(RECUR_UNTIL, 12, 31), false);
    for part in rule.split(';').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=')?;
        match name {
            "FREQ" => is_yearly = value == "YEARLY",
            "INTERVAL" => interval = value.parse().ok().filter(|interval| *interval > 0)?,
            "COUNT" => count = value.parse().ok().filter(|count| *count > 0)?,
            "UNTIL" => until = until.min(date(&(0, value.get(..8)?.to_owned())).ok()?),
            "BYMONTH" if value.parse() == Ok(start.month()) => {}
            "BYMONTHDAY" if value.parse() == Ok(start.day()) => {}
            "WKST" => {}
            _ => return None,
        }
    }
    let years = (start.year()..=RECUR_UNTIL).step_by(usize::try_from(interval).ok()?);
    let starts = years.filter_map(|year| Date::new(year, start.month(), start.day()).ok());
    is_yearly.then(|| starts.take_while(|day| *day <= until).take(count as usize).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(events: &str, expected: &str) {
        let text = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n").replace('\n', "\r\n");
        let found = match dates("x.ics", &text) {
            Ok(dates) => dates.iter().map(Date::to_string).collect::<Vec<_>>().join(" "),
            Err(faults) => faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n"),
        };
        assert_eq!(found, expected);
    }

    fn event(lines: &str) -> String {
        format!("BEGIN:VEVENT\n{lines}END:VEVENT\n")
    }

    #[test]
    fn all_day_events_close_their_days() {
        check(&event("DTSTART;VALUE=DATE:20261224\nSUMMARY:Eve\n"), "2026-12-24");
        check(
            &event("DTSTART;VALUE=DATE:20261229\nDTEND;VALUE=DATE:20270101\n"),
            "2026-12-29 2026-12-30 2026-12-31",
        );
        check(
            &event("DTSTART;VALUE=DATE:20261229\nDURATION:P2D\n"),
            "2026-12-29 2026-12-30",
        );
        check(&event("DTST\n ART;VALUE=DA\n\tTE:20261224\n"), "2026-12-24");
        check(
            &event("DTSTART:20261224\nDTEND:20261224\nX-A;B=\"c:d\":e\n"),
            "2026-12-24",
        );
    }

    #[test]
    fn an_alarm_in_an_event_closes_nothing() {
        let alarm = |lines| format!("BEGIN:VALARM\nTRIGGER:-PT15H\n{lines}END:VALARM\n");
        for lines in [
            "REPEAT:2\nDURATION:PT5M\n",
            "DURATION:P3D\n",
            "DTSTART;VALUE=DATE:20270101\n",
        ] {
            check(
                &event(&format!("DTSTART;VALUE=DATE:20261229\n{}", alarm(lines))),
                "2026-12-29",
            );
            check(
                &event(&format!("{}DTSTART;VALUE=DATE:20261229\n", alarm(lines))),
                "2026-12-29",
            );
        }
    }

    #[test]
    fn events_with_a_time_and_cancelled_ones_close_nothing() {
        check(&event("DTSTART:20261224T090000Z\nRRULE:FREQ=DAILY\n"), "");
        check(&event("DTSTART;TZID=Asia/Tokyo:20261224T090000\n"), "");
        check(&event("DTSTART;VALUE=DATE:20261224\nSTATUS:CANCELLED\n"), "");
    }

    #[test]
    fn yearly_events_recur_on_their_date() {
        let start = "DTSTART;VALUE=DATE:20240229\n";
        check(
            &event(&format!("{start}RRULE:FREQ=YEARLY;COUNT=2\n")),
            "2024-02-29 2028-02-29",
        );
        let start = "DTSTART;VALUE=DATE:20251225\n";
        check(
            &event(&format!("{start}RRULE:FREQ=YEARLY;UNTIL=20271231T000000Z\n")),
            "2025-12-25 2026-12-25 2027-12-25",
        );
        check(
            &event(&format!("{start}RRULE:FREQ=YEARLY;INTERVAL=2;COUNT=2;BYMONTH=12\n")),
            "2025-12-25 2027-12-25",
        );
    }

    #[test]
    fn what_cannot_be_read_is_a_fault_at_its_line() {
        let remedy = "use FREQ=YEARLY with COUNT, UNTIL or INTERVAL, or write the dates as events of their own";
        check(
            &event("DTSTART;VALUE=DATE:20261124\nRRULE:FREQ=MONTHLY\n"),
            &format!("x.ics:5:1: a recurrence that is not supported; {remedy}"),
        );
        check(
            &event("DTSTART;VALUE=DATE:20261324\n"),
            "x.ics:4:1: not a date; write a date such as 20261229",
        );
        check(
            &event("SUMMARY:x\n"),
            "x.ics:3:1: an event without DTSTART; add DTSTART;VALUE=DATE:…",
        );
        check(
            &event("DTSTART;VALUE=DATE:20261224\nDURATION:P\n"),
            "x.ics:5:1: a DURATION that is not whole days; write DURATION:P1D or DTEND",
        );
        check("nonsense\n", "x.ics:3:1: not iCalendar; write NAME:value on each line");
        let decades = event("DTSTART;VALUE=DATE:20240101\nDURATION:P3650D\nRRULE:FREQ=YEARLY\n").repeat(5_000);
        check(&decades, "x.ics:1:1: too many closed dates; keep at most 20000");
        assert!(dates("x.ics", "<html>").is_err() && dates("x.ics", "").is_err());
        assert!(dates("x.ics", "BEGIN:VCALENDAR\nBEGIN:VEVENT\n").is_err());
        assert!(dates("x.ics", "BEGIN:VCALENDAR\nDTSTART:é\n:\nEND:VCALENDAR").is_err());
    }
}
