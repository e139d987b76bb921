//! How a schema is put together, in the words that AsyncAPI and OpenAPI share.
//!
//! Objects are open, as readers should take them: what is not named may be there. `closed` makes
//! them shut for the tests, so that nothing goes unnamed.

use serde_json::{Map, Value, json};

/// Members of an object: name and schema.
pub type Members = Vec<(&'static str, Value)>;

/// An object with members that must be there and others that may.
pub fn object(words: &str, required: Members, optional: Members) -> Value {
    let names: Vec<&str> = required.iter().map(|(name, _)| *name).collect();
    let properties: Map<String, Value> = required
        .into_iter()
        .chain(optional)
        .map(|(name, schema)| (name.to_owned(), schema))
        .collect();
    json!({"type": "object", "description": words, "required": names, "properties": properties})
}

/// An object that comes in: `null` in an optional member is absence.
pub fn incoming(words: &str, required: Members, optional: Members) -> Value {
    let optional = optional.into_iter().map(|(name, schema)| (name, or_null(schema)));
    object(words, required, optional.collect())
}

pub fn list(of: Value) -> Value {
    let mut list = json!({"type": "array"});
    list["items"] = of;
    list
}

pub fn text() -> Value {
    json!({"type": "string"})
}

/// Text of so many bytes; of characters there are never more.
pub fn text_of(bytes: usize) -> Value {
    json!({"type": "string", "maxLength": bytes})
}

pub fn pattern(pattern: &str) -> Value {
    json!({"type": "string", "pattern": pattern})
}

pub fn one_of(words: &[&str]) -> Value {
    json!({"type": "string", "enum": words})
}

pub fn exactly(word: &str) -> Value {
    json!({"const": word})
}

pub fn integer() -> Value {
    json!({"type": "integer"})
}

/// A whole number from `minimum` on.
pub fn from(minimum: u32) -> Value {
    json!({"type": "integer", "minimum": minimum})
}

pub fn bool() -> Value {
    json!({"type": "boolean"})
}

/// The schema of this name.
pub fn named(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// The same, or `null`.
pub fn or_null(schema: Value) -> Value {
    let Value::Object(mut members) = schema else {
        panic!("{schema} is no schema")
    };
    match members.get("type").cloned() {
        Some(Value::String(kind)) => {
            members.insert("type".to_owned(), json!([kind, "null"]));
            if let Some(Value::Array(words)) = members.get_mut("enum") {
                words.push(Value::Null);
            }
            Value::Object(members)
        }
        Some(Value::Array(mut kinds)) => {
            kinds.push(json!("null"));
            members.insert("type".to_owned(), Value::Array(kinds));
            Value::Object(members)
        }
        _ => json!({"anyOf": [members, {"type": "null"}]}),
    }
}

/// With what it means.
pub fn said(words: &str, schema: Value) -> Value {
    let Value::Object(mut members) = schema else {
        panic!("{schema} is no schema")
    };
    // Draft 07, which AsyncAPI's dialect is made of, ignores what stands beside a reference.
    if members.contains_key("$ref") {
        return json!({"description": words, "allOf": [members]});
    }
    members.insert("description".to_owned(), json!(words));
    Value::Object(members)
}

/// Every object that names its members takes no others.
pub fn closed(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => {
            let mut closed: Map<String, Value> = members
                .iter()
                .map(|(name, value)| (name.clone(), self::closed(value)))
                .collect();
            if members.get("type") == Some(&json!("object")) && members.contains_key("properties") {
                closed.entry("additionalProperties").or_insert(json!(false));
            }
            Value::Object(closed)
        }
        Value::Array(items) => items.iter().map(closed).collect(),
        other => other.clone(),
    }
}
