//! In which manner a record is taken: its source's, or that of the hook it came through.
//!
//! What comes through a hook lies in the inbox as the platform sent it, under a header with the
//! hook's name. Only the inbox has such records, and only the HTTP server writes that header.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{SourceContext, rejected};
use crate::domain::event::{RejectReason, Rejection};
use crate::domain::journal::Role;
use crate::log::Record;
use crate::wire::adapters::Adapter;
use crate::wire::facts::FactType;

/// The header of the inbox that names the hook a record came through.
pub const HOOK: &str = "tasuki_hook";

/// How payloads of a webhook are taken.
#[derive(Clone, Debug)]
pub struct Hook {
    /// Gives the type where an event names none.
    pub role: Role,
    /// The types taken from it; `None`: every one.
    pub types: Option<Vec<FactType>>,
    /// Events of other types: ignored instead of dead letters.
    pub ignore_unknown_types: bool,
    /// What makes events of the platform's payloads; none: they are events of ours.
    pub adapter: Option<Arc<Adapter>>,
}

/// All hooks by name.
pub type Hooks = Arc<BTreeMap<String, Hook>>;

/// In which manner a record is taken.
pub(super) struct Manner<'a> {
    /// What stands for CloudEvents `source` where an event names none.
    pub(super) name: &'a str,
    pub(super) role: Role,
    pub(super) types: Option<&'a [FactType]>,
    pub(super) ignore_unknown_types: bool,
    pub(super) adapter: Option<&'a Adapter>,
}

/// The manner of a record of `source`, or why there is none.
pub(super) fn manner<'a>(source: &'a SourceContext, record: &Record) -> Result<Manner<'a>, Rejection> {
    let header = record.headers.iter().find(|(name, _)| name == HOOK);
    let Some((_, named)) = header.filter(|_| source.role == Role::Inbox) else {
        return Ok(Manner::of_source(source));
    };
    let named = named.as_deref().and_then(|name| std::str::from_utf8(name).ok());
    let known = named.and_then(|name| source.hooks.get_key_value(name));
    let (name, hook) = known.ok_or_else(|| {
        let detail = "it came through a hook that is not in the settings";
        rejected(RejectReason::Unmapped, detail)
    })?;
    Ok(Manner::of_hook(name, hook))
}

impl<'a> Manner<'a> {
    pub(super) fn of_source(source: &'a SourceContext) -> Self {
        Self {
            name: &source.topic,
            role: source.role,
            types: source.types.as_deref(),
            ignore_unknown_types: source.ignore_unknown_types,
            adapter: source.adapter.as_deref(),
        }
    }

    pub(super) fn of_hook(name: &'a str, hook: &'a Hook) -> Self {
        Self {
            name,
            role: hook.role,
            types: hook.types.as_deref(),
            ignore_unknown_types: hook.ignore_unknown_types,
            adapter: hook.adapter.as_deref(),
        }
    }

    /// Puts everything that a translation hangs on into a hash.
    pub(super) fn hash(&self, hasher: &mut blake3::Hasher) {
        let types = self.types.unwrap_or_default();
        let mut types: Vec<_> = types.iter().map(|kind| kind.name()).collect();
        types.sort_unstable();
        hasher.update(self.name.as_bytes());
        hasher.update(&[0, u8::from(self.ignore_unknown_types), u8::from(self.types.is_some())]);
        hasher.update(self.role.name().as_bytes());
        hasher.update(types.join(",").as_bytes());
        hasher.update(&[0]);
        if let Some(adapter) = self.adapter {
            hasher.update(&adapter.hash);
        }
    }
}
