//! The topics that are read, and what makes events of their records.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::journal::Role;
use crate::fault::Fault;
use crate::intake::Source;
use crate::names::Names;
use crate::settings::{Begin, Settings, SourceSettings, UnknownTypes};
use crate::wire::adapters::Adapter;
use crate::wire::facts::FactType;

/// The adapters that the settings name, by what the settings call them.
#[derive(Clone, Debug, Default)]
pub struct Adapters(BTreeMap<String, Arc<Adapter>>);

impl Adapters {
    /// Those of every source, or every fault in them.
    pub fn load(settings: &Settings) -> Result<Self, Vec<Fault>> {
        let mut adapters = BTreeMap::new();
        let mut faults = Vec::new();
        for name in settings.sources.values().filter_map(|source| source.format.as_deref()) {
            if adapters.contains_key(name) {
                continue;
            }
            match Adapter::load(name) {
                Ok(adapter) => drop(adapters.insert(name.to_owned(), adapter)),
                Err(found) => faults.extend(found),
            }
        }
        faults.sort();
        faults.dedup();
        if faults.is_empty() {
            Ok(Self(adapters))
        } else {
            Err(faults)
        }
    }

    /// The adapter of a source, if it has one.
    pub fn of(&self, source: &SourceSettings) -> Option<Arc<Adapter>> {
        self.0.get(source.format.as_ref()?).cloned()
    }
}

/// The topics that are read, the inbox and the policy topic among them.
pub(super) fn all(settings: &Settings, adapters: &Adapters, names: &Names) -> Vec<Source> {
    let own = |topic: String, role| Source {
        topic,
        role,
        begin: Begin::Earliest,
        types: None,
        ignore_unknown_types: false,
        adapter: None,
    };
    let mut sources = vec![own(names.policy(), Role::Policy), own(names.inbox(), Role::Inbox)];
    for (topic, source) in settings.source_topics() {
        sources.push(self::source(topic, source, adapters));
    }
    sources
}

/// A topic that is read as its settings say.
pub fn source(topic: String, source: &SourceSettings, adapters: &Adapters) -> Source {
    let types = source
        .types
        .as_ref()
        .map(|types| types.iter().filter_map(|name| FactType::parse(name)).collect());
    Source {
        topic,
        role: source.role,
        begin: source.begin,
        types,
        ignore_unknown_types: source.unknown_types == UnknownTypes::Ignore,
        adapter: adapters.of(source),
    }
}
