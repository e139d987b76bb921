//! What comes in: the data of each type, the event in one piece, and bare JSON.

use serde_json::{Value, json};
use tasuki::domain::fact::Outcome;
use tasuki::wire::facts::{
    ATTRIBUTE_BYTES_MAX, ATTRIBUTES_MAX, CAPACITY_MAX, FactType, NAME_BYTES_MAX, SKILLS_MAX, WEIGHT_MAX,
};

use super::schema::{bool, exactly, incoming, list, named, object, one_of, or_null, pattern, said, text, text_of};

/// The form of a handoff's name.
pub const HANDOFF: &str = "^[0-9a-f]{32}-[1-9][0-9]*-[1-9][0-9]*$";
/// Something is left of it after trimming; else it counts as absent.
const NOT_BLANK: &str = r"\S";
const BLANK: &str = r"^\s*$";

/// Every schema of what comes in, by name; those of data by their type.
pub fn schemas() -> Vec<(String, Value)> {
    let mut schemas = vec![
        ("Person".to_owned(), person()),
        ("ProfileGiven".to_owned(), profile()),
        ("CampaignGiven".to_owned(), campaign()),
        ("Event".to_owned(), event()),
        ("Events".to_owned(), list(named("Event"))),
        ("BareJson".to_owned(), bare()),
    ];
    schemas.extend(FactType::ALL.map(|kind| (kind.name().to_owned(), data(kind))));
    schemas
}

fn name(words: &str) -> Value {
    said(words, text_of(NAME_BYTES_MAX))
}

/// A name that must be there.
fn required_name(words: &str) -> Value {
    let mut name = name(words);
    name["pattern"] = json!(NOT_BLANK);
    name
}

fn person() -> Value {
    let id = json!({"type": ["string", "integer"], "maxLength": NAME_BYTES_MAX});
    let mut person = incoming(
        "who it is; the strongest identifier, in the order `lead_id`, `email`, `anonymous_id`, names the lead, and blank text is none",
        vec![],
        vec![
            ("lead_id", said("the CRM's id", id)),
            ("email", name("the e-mail address")),
            ("anonymous_id", name("a visitor's id")),
        ],
    );
    let has = |member: &str, kind: Value| json!({"required": [member], "properties": {member: kind}});
    let text = json!({"type": "string", "pattern": NOT_BLANK});
    person["anyOf"] = json!([
        has("lead_id", json!({"type": ["string", "integer"], "pattern": NOT_BLANK})),
        has("email", text.clone()),
        has("anonymous_id", text),
    ]);
    person
}

fn profile() -> Value {
    json!({
        "type": "object",
        "description": "attributes of the person: text, numbers, bools, or null, which removes one; lists, objects and numbers of more than 18 digits or 6 decimal places are left out",
        "propertyNames": {"maxLength": NAME_BYTES_MAX},
        "maxProperties": ATTRIBUTES_MAX,
        "additionalProperties": {"maxLength": ATTRIBUTE_BYTES_MAX},
    })
}

fn campaign() -> Value {
    incoming(
        "where the person came from",
        vec![],
        vec![
            ("source", name("such as google")),
            ("medium", name("such as cpc")),
            ("name", name("such as spring")),
        ],
    )
}

fn data(kind: FactType) -> Value {
    let who = || ("person", named("Person"));
    match kind {
        FactType::FormSubmitted => incoming(
            "a form was submitted",
            vec![who(), ("form", required_name("the form's name"))],
            vec![
                ("profile", named("ProfileGiven")),
                ("campaign", named("CampaignGiven")),
                (
                    "consent",
                    incoming("what the person agrees to", vec![], vec![sales_contact()]),
                ),
                ("message", said("what the person wrote; cut after 4 KiB", text())),
            ],
        ),
        FactType::EngagementRecorded => incoming(
            "a person did something",
            vec![
                who(),
                ("activity", required_name("what, such as page_viewed; any is taken")),
            ],
            vec![
                ("target", said("on what, such as a path", text())),
                ("campaign", named("CampaignGiven")),
                ("is_bot", said("true: a machine did it; it does nothing", bool())),
            ],
        ),
        FactType::ProfileChanged => incoming(
            "attributes of a person became known",
            vec![who(), ("profile", named("ProfileGiven"))],
            vec![],
        ),
        FactType::FollowUpRecorded => follow_up(),
        FactType::RepChanged => rep(),
        FactType::ConsentChanged => incoming("may sales contact this person?", vec![who(), sales_contact()], vec![]),
        FactType::LeadErased => incoming("forget this person: the lead of each identifier", vec![who()], vec![]),
    }
}

fn sales_contact() -> (&'static str, Value) {
    ("sales_contact", said("may sales contact the person?", bool()))
}

fn follow_up() -> Value {
    let outcome = said("what came of it", one_of(&Outcome::ALL.map(Outcome::name)));
    let amount = incoming(
        "what it is worth",
        vec![
            ("value", required_name("such as 1200000")),
            ("currency", required_name("such as JPY")),
        ],
        vec![],
    );
    let mut follow_up = incoming(
        "what sales did with a lead: by handoff, which outranks, or by person, meaning the open attempt",
        vec![("outcome", outcome)],
        vec![
            (
                "handoff_id",
                said("the attempt", pattern(&format!("{HANDOFF}|{BLANK}"))),
            ),
            ("reason", said("why; cut after 4 KiB", text())),
            ("note", said("free text; cut after 4 KiB", text())),
            ("rep", name("who says so: a note, never a key")),
            ("amount", amount),
        ],
    );
    follow_up["properties"]["person"] = json!({"description": "who it is; not looked at beside a `handoff_id`"});
    follow_up["anyOf"] = json!([
        {"required": ["handoff_id"], "properties": {"handoff_id": {"type": "string", "pattern": NOT_BLANK}}},
        {"required": ["person"], "properties": {"handoff_id": {"type": ["string", "null"], "pattern": BLANK}, "person": named("Person")}},
    ]);
    follow_up
}

fn rep() -> Value {
    let number = |minimum: u32, maximum: u32| json!({"type": "integer", "minimum": minimum, "maximum": maximum});
    let mut skills = list(text_of(NAME_BYTES_MAX));
    skills["maxItems"] = json!(SKILLS_MAX);
    incoming(
        "a seller's terms changed; one that nobody has named before needs `team` and `capacity`",
        vec![("rep", required_name("the seller's id"))],
        vec![
            ("available", said("may the rep be given leads?", bool())),
            ("capacity", said("open handoffs at most", number(0, CAPACITY_MAX))),
            ("team", name("the team the rep sells for")),
            ("weight", said("the rep's share", number(1, WEIGHT_MAX))),
            ("skills", said("what the rep can do", skills)),
        ],
    )
}

/// A CloudEvent in one piece, of any of our types.
fn event() -> Value {
    let events: Vec<Value> = FactType::ALL
        .map(|kind| {
            structured(
                kind.name(),
                vec![],
                vec![
                    (
                        "time",
                        or_null(said("when it happened; the record's own time if absent", time())),
                    ),
                    ("subject", or_null(text())),
                    ("dataschema", or_null(text())),
                    (
                        "datacontenttype",
                        or_null(said(
                            "says JSON, as `*/json` or `*/*+json`, whatever its parameters",
                            text(),
                        )),
                    ),
                ],
            )
        })
        .into();
    json!({"description": "a CloudEvent 1.0 in the JSON format; extension attributes may be there, and `data_base64` instead of `data`", "oneOf": events})
}

/// A CloudEvent of one type, whose data is that of the type.
pub fn structured(kind: &str, required: Vec<(&'static str, Value)>, optional: Vec<(&'static str, Value)>) -> Value {
    let id = json!({"type": "string", "minLength": 1, "maxLength": NAME_BYTES_MAX});
    let mut members = vec![
        ("specversion", exactly("1.0")),
        (
            "id",
            said("with `source` the event's name: sent twice it counts once", id.clone()),
        ),
        ("source", said("who names it", id)),
        ("type", exactly(kind)),
        ("data", named(kind)),
    ];
    members.extend(required);
    object(kind, members, optional)
}

fn time() -> Value {
    json!({"type": "string", "format": "date-time"})
}

/// What stands in bare JSON beside the data.
fn bare() -> Value {
    let id = json!({"type": ["string", "integer"], "maxLength": NAME_BYTES_MAX});
    let types = FactType::ALL.map(FactType::name);
    let mut bare = incoming(
        "the data of a type, and beside it what names the event",
        vec![],
        vec![
            ("id", said("names the event; without it its place does", id.clone())),
            ("source", said("who names it; else the topic", id)),
            (
                "type",
                said(
                    "else that of the source's role; by HTTP it must be there",
                    one_of(&types),
                ),
            ),
            (
                "occurred_at",
                said("when it happened; else the record's own time", time()),
            ),
        ],
    );
    bare["anyOf"] = types.map(named).into();
    bare
}
