//! Where in a payload a value stands.
//!
//! JSON Pointer (RFC 6901), with two additions: `^` in front begins at the whole record instead of
//! the item of `each`, and a step `[name=email]` takes the first object of a list whose member
//! `name` is the text `email`.

use crate::wire::json::Json;

/// The way to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path {
    pub(super) from_record: bool,
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Name(String),
    Where(String, String),
}

impl Path {
    /// To the payload itself.
    pub(super) fn whole() -> Self {
        Self {
            from_record: false,
            steps: Vec::new(),
        }
    }

    /// Reads a path; the error says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let (from_record, rest) = match text.strip_prefix('^') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let steps = match rest.strip_prefix('/') {
            Some(rest) => rest.split('/').map(step).collect::<Result<_, _>>()?,
            None if rest.is_empty() => Vec::new(),
            None => return Err("does not begin with `/`"),
        };
        Ok(Self { from_record, steps })
    }

    /// The value there; `null` is absence.
    pub(super) fn find<'a>(&self, item: &'a Json<'a>, record: &'a Json<'a>) -> Option<&'a Json<'a>> {
        let start = if self.from_record { record } else { item };
        let found = self.steps.iter().try_fold(start, |here, step| step.take(here));
        found.filter(|value| **value != Json::Null)
    }
}

fn step(text: &str) -> Result<Step, &'static str> {
    if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let (name, value) = inner.split_once('=').ok_or("has a step in brackets without `=`")?;
        return Ok(Step::Where(name.to_owned(), value.to_owned()));
    }
    let mut escapes = text.split('~').skip(1);
    if escapes.any(|rest| !rest.starts_with(['0', '1'])) {
        return Err("has a `~` that is neither `~0` nor `~1`");
    }
    Ok(Step::Name(text.replace("~1", "/").replace("~0", "~")))
}

impl Step {
    fn take<'a>(&self, here: &'a Json<'a>) -> Option<&'a Json<'a>> {
        match (self, here) {
            (Self::Name(name), Json::Object(object)) => object.get(name),
            (Self::Name(number), Json::List(items)) => items.get(number.parse::<usize>().ok()?),
            (Self::Where(name, value), Json::List(items)) => items.iter().find(|item| match item {
                Json::Object(object) => matches!(object.get(name), Some(Json::Text(text)) if text == value),
                _ => false,
            }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::json;

    #[track_caller]
    fn check(path: &str, expected: Option<&str>) {
        let arena = json::Arena::new();
        let parse = |text| json::parse(text, &arena).unwrap();
        let record = parse(br#"{"a/b":{"~":["x",{"name":"email","value":"y"}]},"n":null,"i":7}"#);
        let item = parse(br#"{"i":8}"#);
        let found = Path::parse(path).unwrap().find(&item, &record).copied();
        assert_eq!(found, expected.map(|text| parse(text.as_bytes())), "{path}");
    }

    #[test]
    fn a_path_leads_through_objects_and_lists_from_the_item_or_the_record() {
        check("/i", Some("8"));
        check("^/i", Some("7"));
        check("", Some(r#"{"i":8}"#));
        check("^/a~1b/~0/0", Some(r#""x""#));
        check("^/a~1b/~0/[name=email]/value", Some(r#""y""#));
        check("^/a~1b/~0/[name=phone]/value", None);
        check("^/n", None);
        check("^/i/x", None);
    }

    #[test]
    fn what_is_not_a_path_is_refused() {
        for text in ["a", "^a", "/a~2", "/a~", "/[name]"] {
            assert!(Path::parse(text).is_err(), "{text}");
        }
    }
}
