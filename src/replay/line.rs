//! One line of a history: `{"at": time, "event": {CloudEvents JSON}}`, or without the event.
//!
//! What is wrong with the line ends the replay; what is wrong with the event is a dead letter.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::domain::event::{RejectReason, Rejection};
use crate::domain::ids::{LeadId, LeadKey};
use crate::domain::time::Instant;
use crate::wire::json::{self, Arena, Json, NotJson};
use crate::wire::rfc3339;
use crate::wire::translate::{EVENT_BYTES_MAX, LeadFact, translate_event};

/// A line, its event judged as far as it can be without state.
pub(super) struct Line {
    pub(super) at: Instant,
    pub(super) event: Option<Result<Vec<LeadFact>, Rejection>>,
}

impl Line {
    /// Whom the first fact is about.
    pub(super) fn lead(&self) -> Option<LeadId> {
        let (lead, _) = self.event.as_ref()?.as_ref().ok()?.first()?;
        Some(*lead)
    }
}

pub(super) fn read(key: &LeadKey, text: &[u8], arena: &Arena) -> Result<Line, &'static str> {
    let line = match json::parse(text, arena) {
        Ok(line) => line,
        Err(NotJson::Depth(_)) => return too_deep(text),
        Err(NotJson::Encoding(_)) => return Err("not UTF-8"),
        Err(NotJson::Grammar(_)) => return Err("not JSON"),
    };
    let Json::Object(line) = &line else {
        return Err("not a JSON object");
    };
    let at = match line.get("at") {
        Some(Json::Text(at)) => rfc3339::parse(at).ok_or(NO_TIME)?,
        Some(_) => return Err(NO_TIME),
        None => return Err("`at` is missing"),
    };
    let event = match line.get("event") {
        None => None,
        Some(_) if text.len() > EVENT_BYTES_MAX && event(text).len() > EVENT_BYTES_MAX => Some(Err(Rejection {
            reason: RejectReason::TooLarge,
            detail: "more than 256 KiB".to_owned(),
        })),
        Some(Json::Object(event)) => Some(translate_event(key, event, at)),
        Some(_) => Some(Err(Rejection {
            reason: RejectReason::NotCloudEvents,
            detail: "the event is not a JSON object".to_owned(),
        })),
    };
    Ok(Line { at, event })
}

const NO_TIME: &str = "`at` is not a time of RFC 3339";

/// The event of a line as it stands there.
pub(super) fn event(text: &[u8]) -> &[u8] {
    member(text, "event").map_or(b"null", |event| event.get().as_bytes())
}

/// `<source>#<id>` of the event of a line, where both are text.
pub(super) fn cause(text: &[u8]) -> Option<String> {
    let event = event(text);
    let text_of = |name| serde_json::from_str::<String>(member(event, name)?.get()).ok();
    Some([text_of("source")?.as_str(), "#", &text_of("id")?].concat())
}

/// An event nested too deeply is bad, its line is not.
fn too_deep(text: &[u8]) -> Result<Line, &'static str> {
    let at = member(text, "at").ok_or("nested too deeply")?;
    let at = serde_json::from_str::<Cow<'_, str>>(at.get()).map_err(|_| NO_TIME)?;
    let at = rfc3339::parse(&at).ok_or(NO_TIME)?;
    let event = Rejection {
        reason: RejectReason::NotJson,
        detail: "nested too deeply".to_owned(),
    };
    Ok(Line {
        at,
        event: Some(Err(event)),
    })
}

fn member<'a>(text: &'a [u8], name: &str) -> Option<&'a RawValue> {
    let members: BTreeMap<Cow<'a, str>, &'a RawValue> = serde_json::from_slice(text).ok()?;
    members.get(name).copied()
}
