//! What platforms send → events of ours, by files that users can write.
//!
//! An adapter makes zero or more events in the form of bare JSON (docs/events.md) of one payload;
//! from there they are checked like any other. It is a pure function of the payload and the file.

mod compile;
mod keys;
mod mapped;
mod path;
mod times;

use std::path::Path;
use std::sync::Arc;

pub use keys::ADAPTER;
pub use mapped::{EVENTS_MAX, Made};

use crate::fault::{Fault, Place, suggest};
use crate::shape::text_of;
use crate::wire::json::{Arena, Json};

/// An adapter's file has at most so many bytes.
const FILE_BYTES_MAX: usize = 1 << 20;

/// The adapters that come with the program, by name; each is a file of `samples/adapters/`.
const BUILT_IN: &[(&str, &str)] = &[
    ("frappe", include_str!("../../../samples/adapters/frappe.toml")),
    ("hubspot", include_str!("../../../samples/adapters/hubspot.toml")),
    (
        "hubspot-contacts",
        include_str!("../../../samples/adapters/hubspot-contacts.toml"),
    ),
    (
        "hubspot-engagements",
        include_str!("../../../samples/adapters/hubspot-engagements.toml"),
    ),
    (
        "hubspot-forms",
        include_str!("../../../samples/adapters/hubspot-forms.toml"),
    ),
    ("marketo", include_str!("../../../samples/adapters/marketo.toml")),
    (
        "marketo-webhook",
        include_str!("../../../samples/adapters/marketo-webhook.toml"),
    ),
    ("mautic", include_str!("../../../samples/adapters/mautic.toml")),
    ("odoo", include_str!("../../../samples/adapters/odoo.toml")),
    ("pardot", include_str!("../../../samples/adapters/pardot.toml")),
    ("pipedrive", include_str!("../../../samples/adapters/pipedrive.toml")),
    ("posthog", include_str!("../../../samples/adapters/posthog.toml")),
    ("rd-station", include_str!("../../../samples/adapters/rd-station.toml")),
    ("salesforce", include_str!("../../../samples/adapters/salesforce.toml")),
    ("rudderstack", include_str!("../../../samples/adapters/segment.toml")),
    ("segment", include_str!("../../../samples/adapters/segment.toml")),
    ("snowplow", include_str!("../../../samples/adapters/snowplow.toml")),
    ("twenty", include_str!("../../../samples/adapters/twenty.toml")),
];

/// A checked adapter.
#[derive(Clone, Debug)]
pub struct Adapter {
    /// Of its file, since what it makes of a record hangs on it.
    pub hash: [u8; 32],
    /// Records without a value are ignored rather than rejected.
    pub ignores_missing_value: bool,
    mapping: mapped::Mapping,
}

impl Adapter {
    /// The adapter of this name, or in the file at this path.
    pub fn load(name: &str) -> Result<Arc<Self>, Vec<Fault>> {
        if let Some((_, text)) = BUILT_IN.iter().find(|(known, _)| *known == name) {
            return Self::compile(&format!("the built-in adapter {name}"), text);
        }
        let whole = || Place::Whole(name.to_owned());
        if !name.contains(['/', '.']) {
            let remedy = format!(
                "name a built-in one, or the path of a file: {}",
                suggest(name, Self::names())
            );
            return Err(vec![Fault::new(whole(), "is no built-in adapter", remedy)]);
        }
        let bytes = std::fs::read(Path::new(name)).map_err(|error| {
            vec![Fault::new(
                whole(),
                format!("cannot be read: {error}"),
                "check the path and its permissions",
            )]
        })?;
        if bytes.len() > FILE_BYTES_MAX {
            return Err(vec![Fault::new(whole(), "is larger than 1 MiB", "name the right file")]);
        }
        let text = text_of(name, bytes).map_err(|fault| vec![fault])?;
        Self::compile(name, &text)
    }

    /// Checks an adapter's text; faults name the file `file`.
    pub fn compile(file: &str, text: &str) -> Result<Arc<Self>, Vec<Fault>> {
        let (mapping, ignores_missing_value) = compile::compile(file, text)?;
        Ok(Arc::new(Self {
            hash: *blake3::hash(text.as_bytes()).as_bytes(),
            ignores_missing_value,
            mapping,
        }))
    }

    /// The names of the adapters that come with the program.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// What a payload becomes, in its order.
    pub fn events<'a>(&'a self, payload: &'a Json<'a>, arena: &'a Arena) -> Vec<Made<'a>> {
        self.mapping.events(payload, arena)
    }
}

/// The reference section of `docs/adapters.md`.
#[doc(hidden)]
pub fn adapter_reference() -> String {
    crate::shape::reference(&ADAPTER, &|_| None)
}

#[cfg(test)]
mod tests;
