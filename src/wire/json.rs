//! JSON as a tree that borrows from its text and an arena, read in one pass.
//!
//! Strict RFC 8259, with a limit of depth. Numbers keep the text they came in; of members of the
//! same name the last one counts. (`serde_json` reads nothing in one pass whose meaning hangs on
//! a later member, as `data` does on `type`; a test compares the two.)

use std::collections::BTreeMap;

use bumpalo::collections::Vec as ArenaVec;
use wide::u8x16;

use super::outputs::members::text as write_text;

/// What a tree is made of besides its text; given back in one piece, when the tree is done with.
pub use bumpalo::Bump as Arena;

/// Arrays and objects within each other at most.
pub const DEPTH_MAX: usize = 128;

/// A JSON value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Json<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as it is written.
    Number(&'a str),
    /// Text, its escapes resolved.
    Text(&'a str),
    /// An array.
    List(&'a [Json<'a>]),
    /// An object.
    Object(Object<'a>),
}

/// A JSON object: its members in the order they came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Object<'a>(pub &'a [Member<'a>]);

/// The name of a member of an object, and its value.
pub type Member<'a> = (&'a str, Json<'a>);

impl<'a> Object<'a> {
    /// The member of this name; `null` is absence.
    pub fn get(&self, name: &str) -> Option<&'a Json<'a>> {
        self.last(name).filter(|value| !matches!(value, Json::Null))
    }

    /// Is there a member of this name, be it `null`?
    pub fn names(&self, name: &str) -> bool {
        self.last(name).is_some()
    }

    /// Of the members of each name the last, in their order.
    pub fn of_each_name(&self) -> impl Iterator<Item = &'a Member<'a>> {
        let numbered = (0_usize..).zip(self.0.iter());
        let last: BTreeMap<&str, usize> = numbered.clone().map(|(place, (name, _))| (*name, place)).collect();
        numbered
            .filter(move |(place, (name, _))| last.get(name) == Some(place))
            .map(|(_, member)| member)
    }

    fn last(&self, name: &str) -> Option<&'a Json<'a>> {
        self.0
            .iter()
            .rev()
            .find(|(member, _)| *member == name)
            .map(|(_, value)| value)
    }
}

impl Json<'_> {
    /// Appends the value as JSON without white space.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.extend_from_slice(b"null"),
            Self::Bool(true) => out.extend_from_slice(b"true"),
            Self::Bool(false) => out.extend_from_slice(b"false"),
            Self::Number(digits) => out.extend_from_slice(digits.as_bytes()),
            Self::Text(text) => write_text(out, text),
            Self::List(items) => write_each(out, (b'[', b']'), items, |out, item| item.write(out)),
            Self::Object(Object(members)) => write_each(out, (b'{', b'}'), members, |out, (name, value)| {
                write_text(out, name);
                out.push(b':');
                value.write(out);
            }),
        }
    }
}

fn write_each<T>(out: &mut Vec<u8>, ends: (u8, u8), items: &[T], mut write: impl FnMut(&mut Vec<u8>, &T)) {
    out.push(ends.0);
    for (number, item) in items.iter().enumerate() {
        if number > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(ends.1);
}

/// Bytes that are not JSON; the place is for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotJson {
    /// Not UTF-8.
    #[error("not UTF-8 at byte {0}")]
    Encoding(usize),
    /// Against the grammar, or text that ends too early.
    #[error("not JSON at byte {0}")]
    Grammar(usize),
    /// Nested too deeply.
    #[error("nested deeper than {DEPTH_MAX} levels at byte {0}")]
    Depth(usize),
}

/// JSON that was written with Confluent's serializer has a zero and the schema's number in front;
/// no JSON begins so.
pub fn unframed(value: &[u8]) -> &[u8] {
    match value {
        [0, _, _, _, _, json @ ..] => json,
        _ => value,
    }
}

/// Reads one JSON value with nothing but white space around it.
pub fn parse<'a>(bytes: &'a [u8], arena: &'a Arena) -> Result<Json<'a>, NotJson> {
    let text = std::str::from_utf8(bytes).map_err(|fault| NotJson::Encoding(fault.valid_up_to()))?;
    let mut parser = Parser { text, at: 0, arena };
    let value = parser.value(0)?;
    parser.space();
    if parser.at < bytes.len() {
        return Err(parser.fault());
    }
    Ok(value)
}

/// Room for the members of an object that has as many as most.
const MEMBERS_USUAL: usize = 8;

struct Parser<'a> {
    text: &'a str,
    at: usize,
    arena: &'a Arena,
}

impl<'a> Parser<'a> {
    fn fault(&self) -> NotJson {
        NotJson::Grammar(self.at)
    }

    #[inline]
    fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    /// Most JSON has no space.
    #[inline]
    fn space(&mut self) {
        if self.peek() <= b' ' {
            self.spaces();
        }
    }

    fn spaces(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
    }

    #[inline]
    fn expect(&mut self, byte: u8) -> Result<(), NotJson> {
        if self.peek() != byte {
            return Err(self.fault());
        }
        self.at += 1;
        Ok(())
    }

    fn value(&mut self, depth: usize) -> Result<Json<'a>, NotJson> {
        self.space();
        match self.peek() {
            b'"' => self.string().map(Json::Text),
            b'{' => self.object(depth + 1).map(Json::Object),
            b'[' => self.list(depth + 1).map(Json::List),
            b'-' | b'0'..=b'9' => self.number().map(Json::Number),
            b't' => self.word("true", Json::Bool(true)),
            b'f' => self.word("false", Json::Bool(false)),
            b'n' => self.word("null", Json::Null),
            _ => Err(self.fault()),
        }
    }

    fn word(&mut self, word: &str, value: Json<'a>) -> Result<Json<'a>, NotJson> {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return Err(self.fault());
        }
        self.at += word.len();
        Ok(value)
    }

    fn enter(&mut self, depth: usize) -> Result<(), NotJson> {
        if depth > DEPTH_MAX {
            return Err(NotJson::Depth(self.at));
        }
        self.at += 1;
        self.space();
        Ok(())
    }

    fn object(&mut self, depth: usize) -> Result<Object<'a>, NotJson> {
        self.enter(depth)?;
        if self.peek() == b'}' {
            self.at += 1;
            return Ok(Object::default());
        }
        let mut members = ArenaVec::with_capacity_in(MEMBERS_USUAL, self.arena);
        loop {
            self.space();
            let name = self.string()?;
            self.space();
            self.expect(b':')?;
            self.space();
            // Most values are text: a shorter way than through `value`.
            let value = match self.peek() {
                b'"' => Json::Text(self.string()?),
                _ => self.value(depth)?,
            };
            members.push((name, value));
            self.space();
            if self.peek() != b',' {
                self.expect(b'}')?;
                return Ok(Object(members.into_bump_slice()));
            }
            self.at += 1;
        }
    }

    fn list(&mut self, depth: usize) -> Result<&'a [Json<'a>], NotJson> {
        self.enter(depth)?;
        let mut items = ArenaVec::new_in(self.arena);
        if self.peek() == b']' {
            self.at += 1;
            return Ok(&[]);
        }
        loop {
            items.push(self.value(depth)?);
            self.space();
            if self.peek() != b',' {
                self.expect(b']')?;
                return Ok(items.into_bump_slice());
            }
            self.at += 1;
        }
    }

    fn number(&mut self) -> Result<&'a str, NotJson> {
        let start = self.at;
        if self.peek() == b'-' {
            self.at += 1;
        }
        if self.peek() == b'0' {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == b'.' {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), b'e' | b'E') {
            self.at += 1;
            if matches!(self.peek(), b'+' | b'-') {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(&self.text[start..self.at])
    }

    fn digits(&mut self) -> Result<(), NotJson> {
        let start = self.at;
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        if self.at == start { Err(self.fault()) } else { Ok(()) }
    }

    #[inline]
    fn string(&mut self) -> Result<&'a str, NotJson> {
        self.expect(b'"')?;
        let plain = self.plain();
        if self.peek() == b'"' {
            self.at += 1;
            return Ok(plain);
        }
        self.escaped(plain)
    }

    /// The rest of a string that is not as it is written.
    #[cold]
    fn escaped(&mut self, begun: &str) -> Result<&'a str, NotJson> {
        let mut text = bumpalo::collections::String::from_str_in(begun, self.arena);
        loop {
            match self.peek() {
                b'"' => {
                    self.at += 1;
                    return Ok(text.into_bump_str());
                }
                b'\\' => {
                    self.at += 1;
                    text.push(self.escape()?);
                }
                _ => return Err(self.fault()),
            }
            text.push_str(self.plain());
        }
    }

    /// Text up to the next quote, backslash or control character, or the end.
    #[inline]
    fn plain(&mut self) -> &'a str {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let (plain, _) = rest.split_at(plain_length(rest.as_bytes()));
        self.at += plain.len();
        plain
    }

    fn escape(&mut self) -> Result<char, NotJson> {
        let escaped = match self.peek() {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(),
            _ => return Err(self.fault()),
        };
        self.at += 1;
        Ok(escaped)
    }

    /// `uXXXX`, or two of them that make a surrogate pair; a lone surrogate is not JSON.
    fn unicode(&mut self) -> Result<char, NotJson> {
        let high = self.unit()?;
        if !(0xd800..0xdc00).contains(&high) {
            return char::from_u32(high).ok_or_else(|| self.fault());
        }
        self.expect(b'\\')?;
        let low = self.unit()?;
        if !(0xdc00..0xe000).contains(&low) {
            return Err(self.fault());
        }
        char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)).ok_or_else(|| self.fault())
    }

    fn unit(&mut self) -> Result<u32, NotJson> {
        self.expect(b'u')?;
        let mut unit = 0;
        for _ in 0..4 {
            let digit = char::from(self.peek()).to_digit(16).ok_or_else(|| self.fault())?;
            unit = unit << 4 | digit;
            self.at += 1;
        }
        Ok(unit)
    }
}

/// How many bytes come before the first quote, backslash or control character; sixteen at a time,
/// for most of what arrives is text.
#[inline]
pub(super) fn plain_length(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    while let Some((chunk, behind)) = rest.split_first_chunk() {
        let found = specials(*chunk);
        if found != 0 {
            return bytes.len() - rest.len() + found.trailing_zeros() as usize;
        }
        rest = behind;
    }
    let mut chunk = [b'"'; 16];
    chunk.iter_mut().zip(rest).for_each(|(to, byte)| *to = *byte);
    bytes.len() - rest.len() + specials(chunk).trailing_zeros().min(rest.len() as u32) as usize
}

/// A bit for each byte that is a quote, a backslash or a control character.
#[inline]
fn specials(chunk: [u8; 16]) -> u32 {
    let chunk = u8x16::new(chunk);
    let control = chunk.min(LAST_CONTROL).simd_eq(chunk);
    (control | chunk.simd_eq(QUOTE) | chunk.simd_eq(BACKSLASH)).to_bitmask()
}

const LAST_CONTROL: u8x16 = u8x16::new([0x1f; 16]);
const QUOTE: u8x16 = u8x16::new([b'"'; 16]);
const BACKSLASH: u8x16 = u8x16::new([b'\\'; 16]);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: &Json<'_>) {
        assert_eq!(parse(text.as_bytes(), &Arena::new()).as_ref(), Ok(expected), "{text}");
    }

    #[track_caller]
    fn refused(text: &str) {
        assert!(parse(text.as_bytes(), &Arena::new()).is_err(), "{text}");
    }

    #[test]
    fn values_are_read() {
        check(" null ", &Json::Null);
        check("-0.5e+10", &Json::Number("-0.5e+10"));
        check(
            r#"{"a":[true,{}],"b":"x"}"#,
            &Json::Object(Object(&[
                ("a", Json::List(&[Json::Bool(true), Json::Object(Object::default())])),
                ("b", Json::Text("x")),
            ])),
        );
        check(r#""\u00e9\ud83d\ude00\n\/""#, &Json::Text("é😀\n/"));
        check(
            "\"twelve bytes, then \\\" one\"",
            &Json::Text("twelve bytes, then \" one"),
        );
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for text in [
            "",
            " ",
            "01",
            "1.",
            ".5",
            "+1",
            "1e",
            "-",
            "nul",
            "NaN",
            "\u{feff}1",
            "1 2",
            "[1,]",
            "[,1]",
        ] {
            refused(text);
        }
        for text in [
            r#"{"a":1,}"#,
            r"{a:1}",
            r#"{"a"}"#,
            r#""\x""#,
            r#""\ud800""#,
            r#""\udc00\ud800""#,
            "\"a\nb\"",
        ] {
            refused(text);
        }
        refused("\"no end");
        refused(r#""\u12"#);
        assert_eq!(parse(b"\"\xff\"", &Arena::new()), Err(NotJson::Encoding(1)));
    }

    #[test]
    fn a_hundred_and_twenty_eight_levels_are_read_and_one_more_is_refused() {
        let nested = |levels| ["[".repeat(levels), "]".repeat(levels)].concat();
        assert!(parse(nested(128).as_bytes(), &Arena::new()).is_ok());
        assert_eq!(parse(nested(129).as_bytes(), &Arena::new()), Err(NotJson::Depth(128)));
        refused(&"[".repeat(100_000));
    }

    #[test]
    fn of_members_of_the_same_name_the_last_counts() {
        let arena = Arena::new();
        let Ok(Json::Object(object)) = parse(br#"{"a":1,"a":null,"b":2,"b":3}"#, &arena) else {
            panic!("an object")
        };
        assert_eq!((object.get("a"), object.names("a")), (None, true));
        assert_eq!(object.get("b"), Some(&Json::Number("3")));
        let each: Vec<_> = object.of_each_name().collect();
        assert_eq!(each, [&("a", Json::Null), &("b", Json::Number("3"))]);
    }

    fn same(ours: &Json<'_>, theirs: &serde_json::Value) -> bool {
        match (ours, theirs) {
            (Json::Bool(ours), serde_json::Value::Bool(theirs)) => ours == theirs,
            (Json::Null, serde_json::Value::Null) | (Json::Number(_), serde_json::Value::Number(_)) => true,
            (Json::Text(ours), serde_json::Value::String(theirs)) => ours == theirs,
            (Json::List(ours), serde_json::Value::Array(theirs)) => {
                ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| same(ours, theirs))
            }
            (Json::Object(ours), serde_json::Value::Object(theirs)) => theirs
                .iter()
                .all(|(name, value)| ours.last(name).is_some_and(|ours| same(ours, value))),
            _ => false,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _judged = parse(&bytes, &Arena::new());
        }

        #[test]
        fn serde_json_reads_and_refuses_the_same(
            text in r#"([\[\]{},: ]|"[a-b\\"/u0-9é]{0,12}"|-?[0-9.eE+]{1,5}|true|false|null|"a":){0,12}"#
        ) {
            let theirs = serde_json::from_str::<serde_json::Value>(&text);
            match (parse(text.as_bytes(), &Arena::new()), theirs) {
                (Ok(ours), Ok(theirs)) => prop_assert!(same(&ours, &theirs), "{text}"),
                (ours, theirs) => prop_assert_eq!(ours.is_err(), theirs.is_err(), "{}", text),
            }
        }

        #[test]
        fn what_is_written_is_read_as_it_was(
            text in r#"([\[\]{},: ]|"[a-b/u0-9é]{0,12}"|-?[0-9.eE+]{1,5}|true|false|null|"a":){0,12}"#
        ) {
            let arena = Arena::new();
            if let Ok(value) = parse(text.as_bytes(), &arena) {
                let mut written = Vec::new();
                value.write(&mut written);
                prop_assert_eq!(parse(&written, &arena), Ok(value));
            }
        }

        #[test]
        fn text_survives_being_written_by_serde_json(text in any::<String>()) {
            let written = serde_json::to_string(&text).unwrap();
            let arena = Arena::new();
            prop_assert_eq!(parse(written.as_bytes(), &arena), Ok(Json::Text(&text)));
        }
    }
}
