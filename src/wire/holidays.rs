//! Holiday lists that are built in.

use jiff::civil::Date;

/// The names of the lists.
pub const LISTS: &[&str] = &["jp"];

/// The last year that the list `jp` covers.
pub const JP_LAST_YEAR: i16 = 2050;

const JP: &str = include_str!("holidays_jp.txt");

/// The dates of the list of this name.
pub fn dates(list: &str) -> Option<Vec<Date>> {
    match list {
        "jp" => Some(JP.lines().filter_map(|line| line.parse().ok()).collect()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn japan_has_its_holidays_from_1970_to_2050() {
        let dates = dates("jp").unwrap();
        assert_eq!(dates.len(), 1_329);
        assert_eq!(dates.len(), JP.lines().filter(|line| !line.starts_with('#')).count());
        assert!(dates.is_sorted_by(|one, next| one < next));
        assert_eq!((dates[0].year(), dates[1_328].year()), (1970, JP_LAST_YEAR));
        let has = |date: &str| dates.contains(&date.parse().unwrap());
        assert!(
            has("2026-10-12") && has("2024-02-12") && has("2026-09-22"),
            "sports day, substitute, bridging day"
        );
        assert!(!has("2026-12-25") && !has("2026-05-01"));
    }
}
