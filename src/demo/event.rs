//! Events as the company's other systems write them: structured CloudEvents and bare JSON.

use serde_json::{Value, json};

use crate::domain::time::Instant;

/// A structured CloudEvent, as the website sends it.
pub(super) fn structured(kind: &str, id: &str, at: Instant, data: &Value) -> Value {
    json!({
        "specversion": "1.0",
        "id": id,
        "source": "https://www.example.com/",
        "type": kind,
        "time": at.to_string(),
        "datacontenttype": "application/json",
        "data": data,
    })
}

/// Bare JSON with its type, as a CRM's webhook sends it.
pub(super) fn bare(kind: &str, id: &str, at: Instant, data: Value) -> Value {
    let mut event = data;
    event["type"] = kind.into();
    event["id"] = id.into();
    event["source"] = "crm".into();
    event["occurred_at"] = at.to_string().into();
    event
}
