//! What is known of a person: attributes, each standing at its latest event time.
//!
//! A null is a value: it is kept with its time, so that an older value that comes later does not
//! bring the attribute back.

use std::borrow::Cow;

use super::bytes::{Malformed, Reader, Writer};
use super::fact::Attribute;
use super::form::{Form, read_name, write_name};
use super::policy::{Condition, Test};
use super::text::folded;
use super::time::Instant;
use super::value::{Number, Value};

/// Attributes a lead may have (contract §8, Limits).
const AT_MOST: usize = 64;
/// Removed attributes that are remembered with the time of their removal.
const REMOVED_AT_MOST: usize = 64;

/// The attributes of one person, sorted by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Profile<'a>(Vec<Entry<'a>>);

#[derive(Clone, Debug)]
struct Entry<'a> {
    name: Cow<'a, str>,
    value: Option<Held<'a>>,
    at: Instant,
}

#[derive(Clone, Debug)]
enum Held<'a> {
    Text(Cow<'a, str>),
    Number(Cow<'a, str>),
    Bool(bool),
}

impl<'a> Profile<'a> {
    /// Takes note of an attribute; false if there is no room for it.
    pub(crate) fn learn(&mut self, (name, value): &Attribute, at: Instant) -> bool {
        let value = value.as_ref().map(Held::of);
        match self.0.binary_search_by(|entry| entry.name.as_ref().cmp(name)) {
            Ok(place) => {
                let revives = value.is_some() && self.0.get(place).is_some_and(|entry| entry.value.is_none());
                if revives && self.standing() >= AT_MOST {
                    return false;
                }
                if let Some(entry) = self.0.get_mut(place).filter(|entry| entry.at <= at) {
                    entry.value = value;
                    entry.at = at;
                }
            }
            Err(_) if value.is_some() && self.standing() >= AT_MOST => return false,
            Err(place) => {
                let name = Cow::Owned(name.clone());
                self.0.insert(place, Entry { name, value, at });
            }
        }
        self.forget_oldest_removal();
        true
    }

    /// Whether all conditions hold.
    pub(crate) fn holds(&self, when: &[Condition]) -> bool {
        when.iter().all(|condition| {
            let value = self.get(&condition.attribute);
            match &condition.test {
                Test::Present(present) => value.is_some() == *present,
                test => value.is_some_and(|value| value.passes(test)),
            }
        })
    }

    /// The text of an attribute; none if it is of another type.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Held::Text(text) => Some(text),
            Held::Number(_) | Held::Bool(_) => None,
        }
    }

    /// The attributes that stand, sorted by name.
    pub(crate) fn attributes(&self) -> Vec<Attribute> {
        let entries = self.0.iter();
        let standing = entries.filter_map(|entry| Some((entry.name.to_string(), Some(entry.value.as_ref()?.value()?))));
        standing.collect()
    }

    /// Nothing known, nothing written.
    pub(crate) fn write(&self, writer: &mut Writer, form: Form) {
        if self.0.is_empty() {
            return;
        }
        writer.list(&self.0, |writer, entry| {
            let (kind, text) = match &entry.value {
                None => (0, None),
                Some(Held::Text(text)) => (1, Some(text)),
                Some(Held::Number(text)) => (2, Some(text)),
                Some(Held::Bool(false)) => (3, None),
                Some(Held::Bool(true)) => (4, None),
            };
            write_name(writer, &entry.name, kind);
            form.write_time(writer, entry.at);
            if let Some(text) = text {
                writer.text(text);
            }
        });
    }

    pub(crate) fn read(reader: &mut Reader<'a>, form: Form) -> Result<Self, Malformed> {
        let entries = reader.list(|reader| {
            let (name, at, kind) = if form.is_first() {
                (reader.text()?, form.read_time(reader)?, reader.u8()?)
            } else {
                let (name, kind) = read_name(reader)?;
                (name, form.read_time(reader)?, kind)
            };
            Ok(Entry {
                name: Cow::Borrowed(name),
                at,
                value: match kind {
                    0 => None,
                    1 => Some(Held::Text(Cow::Borrowed(reader.text()?))),
                    2 => Some(Held::Number(Cow::Borrowed(reader.text()?))),
                    3 => Some(Held::Bool(false)),
                    4 => Some(Held::Bool(true)),
                    _ => return Err(Malformed),
                },
            })
        });
        entries.map(Self)
    }

    fn get(&self, name: &str) -> Option<&Held<'a>> {
        let place = self.0.binary_search_by(|entry| entry.name.as_ref().cmp(name)).ok()?;
        self.0.get(place)?.value.as_ref()
    }

    fn standing(&self) -> usize {
        self.0.iter().filter(|entry| entry.value.is_some()).count()
    }

    fn forget_oldest_removal(&mut self) {
        let removed = self.0.iter().enumerate().filter(|(_, entry)| entry.value.is_none());
        if removed.clone().count() > REMOVED_AT_MOST {
            let oldest = removed.min_by_key(|(_, entry)| entry.at).map(|(place, _)| place);
            if let Some(place) = oldest {
                self.0.remove(place);
            }
        }
    }
}

impl Held<'_> {
    fn of(value: &Value) -> Self {
        match value {
            Value::Text(text) => Self::Text(Cow::Owned(text.clone())),
            Value::Number(number) => Self::Number(Cow::Owned(number.text().to_owned())),
            Value::Bool(value) => Self::Bool(*value),
        }
    }

    fn value(&self) -> Option<Value> {
        Some(match self {
            Self::Text(text) => Value::Text(text.to_string()),
            Self::Number(text) => Value::Number(Number::parse(text)?),
            Self::Bool(value) => Value::Bool(*value),
        })
    }

    fn micros(&self) -> Option<i128> {
        match self {
            Self::Number(text) => Number::parse(text).map(|number| number.micros()),
            Self::Text(_) | Self::Bool(_) => None,
        }
    }

    fn equals(&self, other: &Value) -> bool {
        match (self, other) {
            (Self::Text(text), Value::Text(other)) => folded(text) == *other,
            (Self::Number(_), Value::Number(other)) => self.micros() == Some(other.micros()),
            (Self::Bool(value), Value::Bool(other)) => value == other,
            (Self::Text(_) | Self::Number(_) | Self::Bool(_), _) => false,
        }
    }

    fn passes(&self, test: &Test) -> bool {
        match test {
            Test::Equals(value) => self.equals(value),
            Test::OneOf(values) => values.iter().any(|value| self.equals(value)),
            Test::AtLeast(number) => self.micros().is_some_and(|micros| micros >= number.micros()),
            Test::AtMost(number) => self.micros().is_some_and(|micros| micros <= number.micros()),
            Test::Contains(part) => match self {
                Self::Text(whole) => folded(whole).contains(part.as_str()),
                Self::Number(_) | Self::Bool(_) => false,
            },
            Test::Present(present) => *present,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Value {
        Value::Number(Number::parse(text).unwrap())
    }

    #[track_caller]
    fn check(attribute: &str, test: Test, expected: bool) {
        let mut profile = Profile::default();
        let known = [
            ("company", Value::Text("Ａcme KK".into())),
            ("employees", number("300.0")),
            ("partner", Value::Bool(true)),
            ("empty", Value::Text(String::new())),
        ];
        for (name, value) in known {
            profile.learn(&(name.into(), Some(value)), Instant::from_millis(0));
        }
        let attribute = attribute.to_owned();
        assert_eq!(profile.holds(&[Condition { attribute, test }]), expected);
    }

    #[test]
    fn text_compares_folded() {
        check("company", Test::Equals(Value::Text("acme kk".into())), true);
        check("company", Test::Contains("cme".into()), true);
        check("company", Test::OneOf(vec![Value::Text("acme".into())]), false);
        check("empty", Test::Equals(Value::Text(String::new())), true);
    }

    #[test]
    fn numbers_compare_by_value_and_are_no_bools() {
        check("employees", Test::Equals(number("300")), true);
        check("employees", Test::AtLeast(Number::parse("300").unwrap()), true);
        check("employees", Test::AtMost(Number::parse("299.999999").unwrap()), false);
        check("partner", Test::AtLeast(Number::parse("0").unwrap()), false);
        check("partner", Test::Equals(Value::Bool(true)), true);
        check("partner", Test::Equals(number("1")), false);
    }

    #[test]
    fn what_is_missing_is_false_but_for_present_false() {
        check("phone", Test::Equals(Value::Text(String::new())), false);
        check("phone", Test::Present(false), true);
        check("phone", Test::Present(true), false);
        check("empty", Test::Present(true), true);
    }

    #[test]
    fn the_latest_event_time_stands_and_a_null_is_a_value() {
        let mut profile = Profile::default();
        let at = Instant::from_millis;
        let text = |text: &str| Some(Value::Text(text.to_owned()));
        profile.learn(&("a".into(), None), at(5));
        profile.learn(&("a".into(), text("old")), at(4));
        assert_eq!(profile.attributes(), []);
        profile.learn(&("a".into(), text("same time")), at(5));
        assert_eq!(profile.text("a"), Some("same time"));
        profile.learn(&("a".into(), None), at(5));
        assert_eq!(profile.text("a"), None);
    }

    #[test]
    fn the_sixty_fifth_attribute_is_left_out() {
        let mut profile = Profile::default();
        for place in 0..64 {
            assert!(profile.learn(&(format!("a{place}"), Some(Value::Bool(true))), Instant::from_millis(0)));
        }
        let one_more = ("more".to_owned(), Some(Value::Bool(true)));
        assert!(!profile.learn(&one_more, Instant::from_millis(0)));
        assert!(profile.learn(&("a0".into(), None), Instant::from_millis(0)));
        assert!(profile.learn(&one_more, Instant::from_millis(0)));
    }
}
