//! JSON Schema of a table of keys, for editors.

use serde_json::{Map, Value, json};

use super::{Kind, Need, Table, Unit};

/// The schema of a file, as indented text. Says what one key alone must be; what keys say of each
/// other is left to the checker.
pub fn schema(title: &str, table: &Table) -> String {
    let mut schema = object(table);
    schema.insert("$schema".to_owned(), json!("http://json-schema.org/draft-07/schema#"));
    schema.insert("title".to_owned(), json!(title));
    format!("{:#}\n", Value::Object(schema))
}

fn object(table: &Table) -> Map<String, Value> {
    let mut properties = Map::new();
    for key in table.keys {
        let mut property = value(&key.kind);
        property.insert("description".to_owned(), json!(sentence(key.doc)));
        if let Need::Default(text) = key.need {
            let default = serde_json::from_str(text).unwrap_or_else(|_| json!(text));
            property.insert("default".to_owned(), default);
        }
        properties.insert(key.name.to_owned(), Value::Object(property));
    }
    let required: Vec<&str> = table
        .keys
        .iter()
        .filter(|key| key.need == Need::Required)
        .map(|key| key.name)
        .collect();
    let mut schema = map([
        ("type", json!("object")),
        ("properties", Value::Object(properties)),
        ("additionalProperties", json!(false)),
        ("required", json!(required)),
    ]);
    if !table.exactly_one.is_empty() {
        let choices: Vec<Value> = table
            .exactly_one
            .iter()
            .map(|name| json!({ "required": [name] }))
            .collect();
        schema.insert("oneOf".to_owned(), json!(choices));
    }
    schema
}

fn value(kind: &Kind) -> Map<String, Value> {
    match kind {
        // Lengths are bytes here and characters in JSON Schema; bytes are never fewer.
        Kind::Text { min, max } => text([("minLength", json!(min)), ("maxLength", json!(max))]),
        Kind::Word { min, max } => text([("pattern", json!(format!("^[A-Za-z0-9._-]{{{min},{max}}}$")))]),
        Kind::Choice(words) => text([("enum", json!(words))]),
        Kind::Integer { min, max } => map([
            ("type", json!("integer")),
            ("minimum", json!(min)),
            ("maximum", json!(max)),
        ]),
        Kind::Number => map([("type", json!("number"))]),
        Kind::Bool => map([("type", json!("boolean"))]),
        Kind::Scalar | Kind::Property => map([("type", json!(["string", "number", "boolean"]))]),
        Kind::Duration { units, .. } => text([("pattern", json!(duration_pattern(units)))]),
        Kind::Time => text([("format", json!("date-time"))]),
        Kind::Begin => text([]),
        Kind::Date => text([("format", json!("date"))]),
        Kind::Hours => text([(
            "pattern",
            json!("^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"),
        )]),
        Kind::List { of, min, max } => list(value(of), *min, *max),
        Kind::Tables { of, min, max } => list(object(of), *min, *max),
        Kind::Table(table) => object(table),
        Kind::Map { of, max, .. } => map([
            ("type", json!("object")),
            ("additionalProperties", Value::Object(value(of))),
            ("maxProperties", json!(max)),
        ]),
    }
}

fn text<const N: usize>(members: [(&str, Value); N]) -> Map<String, Value> {
    let mut schema = map(members);
    schema.insert("type".to_owned(), json!("string"));
    schema
}

fn list(items: Map<String, Value>, min: usize, max: usize) -> Map<String, Value> {
    map([
        ("type", json!("array")),
        ("items", Value::Object(items)),
        ("minItems", json!(min)),
        ("maxItems", json!(max)),
    ])
}

fn map<const N: usize>(members: [(&str, Value); N]) -> Map<String, Value> {
    members
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// Each unit at most once, from long to short, and at least one of them.
fn duration_pattern(units: &[Unit]) -> String {
    let parts: Vec<String> = units.iter().map(|unit| format!("([0-9]+{})?", unit.name)).collect();
    format!("^(?=.){}$", parts.concat())
}

fn sentence(doc: &str) -> String {
    let mut letters = doc.chars();
    let first: String = letters
        .next()
        .map(|letter| letter.to_uppercase().collect())
        .unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
