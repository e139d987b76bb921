//! CloudEvents as others understand them: the scenarios that the project publishes for its
//! protocol bindings, and its SDK as a second opinion on what comes in and what goes out.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    unreachable_pub,
    reason = "a test program may fail loudly"
)]

mod binding;
mod http;
mod kafka;
#[path = "../support/process.rs"]
mod process;
mod sdk;

use serde_json::Value;
use tasuki::log::Header;
use tasuki::wire::cloudevents::{self, Data, Time, TypeName};
use tasuki::wire::json::{self, Arena, Json};

/// The attributes of an event in the order of the scenarios' tables, and its data.
#[derive(Debug, PartialEq, Eq)]
struct Parsed {
    attributes: [(&'static str, String); 6],
    data: Value,
}

/// What our code makes of a record. `specversion` and `datacontenttype` are checked by it, and not
/// handed on: they are looked up where they stand.
fn parsed(headers: &[Header], value: &[u8]) -> Parsed {
    let arena = Arena::new();
    let value = json::parse(value, &arena).unwrap();
    let envelope = cloudevents::envelope(headers, &value).unwrap();
    let Data::Object(data) = envelope.data else {
        panic!("{:?}", envelope.data)
    };
    let Some(TypeName::Name(kind)) = envelope.kind else {
        panic!("no type")
    };
    let Time::Text(time) = envelope.time else {
        panic!("no time")
    };
    let attribute = |header: &str, member: &str| {
        let found = headers.iter().find(|(name, _)| name == header);
        match (found, &value) {
            (Some((_, value)), _) => String::from_utf8(value.clone().unwrap()).unwrap(),
            (None, Json::Object(object)) => match object.get(member) {
                Some(Json::Text(text)) => (*text).to_owned(),
                other => panic!("{member}: {other:?}"),
            },
            (None, other) => panic!("{other:?}"),
        }
    };
    let is_structured = matches!(&value, Json::Object(object) if object.names("specversion"));
    let kind_of_data = if is_structured { "" } else { "content-type" };
    let mut text = Vec::new();
    Json::Object(*data).write(&mut text);
    Parsed {
        attributes: [
            ("id", envelope.id.unwrap().to_owned()),
            ("specversion", attribute("ce_specversion", "specversion")),
            ("type", kind.to_owned()),
            ("source", envelope.source.unwrap().to_owned()),
            ("time", time.to_owned()),
            ("datacontenttype", attribute(kind_of_data, "datacontenttype")),
        ],
        data: serde_json::from_slice(&text).unwrap(),
    }
}

/// The table of every scenario, with its last row.
fn expected(kind: &str, data_content_type: &str, data: Value) -> Parsed {
    let attributes = [
        ("id", "1234-1234-1234"),
        ("specversion", "1.0"),
        ("type", kind),
        ("source", "/mycontext/subcontext"),
        ("time", "2018-04-05T03:56:24Z"),
        ("datacontenttype", data_content_type),
    ];
    Parsed {
        attributes: attributes.map(|(name, value)| (name, value.to_owned())),
        data,
    }
}

/// The structured event of the scenarios.
fn structured(kind: &str, data: &str) -> String {
    format!(
        r#"{{
    "specversion": "1.0",
    "type": "{kind}",
    "time": "2018-04-05T03:56:24Z",
    "id": "1234-1234-1234",
    "source": "/mycontext/subcontext",
    "datacontenttype": "application/json",
    "data": {data}
}}"#
    )
}
