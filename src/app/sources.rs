//! The topics that are read, the hooks, and what makes events of what comes in by them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::journal::Role;
use crate::fault::Fault;
use crate::intake::Source;
use crate::names::Names;
use crate::settings::{Begin, HookSettings, Settings, SourceSettings, UnknownTypes};
use crate::wire::adapters::Adapter;
use crate::wire::facts::FactType;
use crate::wire::translate::{Hook, Hooks};

/// The adapters that the settings name, by what the settings call them.
#[derive(Clone, Debug, Default)]
pub struct Adapters(BTreeMap<String, Arc<Adapter>>);

impl Adapters {
    /// Those of every source and hook, or every fault in them.
    pub fn load(settings: &Settings) -> Result<Self, Vec<Fault>> {
        let mut adapters = BTreeMap::new();
        let mut faults = Vec::new();
        for name in settings.formats() {
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

    /// The adapter of this format, if it is one.
    fn of(&self, format: Option<&str>) -> Option<Arc<Adapter>> {
        self.0.get(format?).cloned()
    }
}

/// The topics that are read, the inbox and the policy topic among them.
pub(super) fn all(settings: &Settings, adapters: &Adapters, names: &Names) -> Vec<Source> {
    let mut sources = vec![
        own(names.policy(), Role::Policy, Hooks::default()),
        inbox(settings, adapters, names),
    ];
    for (topic, source) in settings.source_topics() {
        sources.push(self::source(topic, source, adapters));
    }
    sources
}

/// The inbox, with the hooks that its records may have come through.
pub fn inbox(settings: &Settings, adapters: &Adapters, names: &Names) -> Source {
    let hooks = settings.hooks.iter();
    let hooks = hooks.map(|(name, settings)| (name.clone(), hook(settings, adapters)));
    own(names.inbox(), Role::Inbox, Arc::new(hooks.collect()))
}

/// A topic of ours.
fn own(topic: String, role: Role, hooks: Hooks) -> Source {
    Source {
        topic,
        role,
        begin: Begin::Earliest,
        types: None,
        ignore_unknown_types: false,
        adapter: None,
        hooks,
    }
}

/// How payloads of a hook are taken, as its settings say.
fn hook(hook: &HookSettings, adapters: &Adapters) -> Hook {
    Hook {
        role: hook.role,
        types: types(hook.types.as_deref()),
        ignore_unknown_types: hook.unknown_types == UnknownTypes::Ignore,
        adapter: adapters.of(hook.format.as_deref()),
    }
}

/// A topic that is read as its settings say.
pub fn source(topic: String, source: &SourceSettings, adapters: &Adapters) -> Source {
    Source {
        topic,
        role: source.role,
        begin: source.begin,
        types: types(source.types.as_deref()),
        ignore_unknown_types: source.unknown_types == UnknownTypes::Ignore,
        adapter: adapters.of(source.format.as_deref()),
        hooks: Hooks::default(),
    }
}

fn types(names: Option<&[String]>) -> Option<Vec<FactType>> {
    names.map(|names| names.iter().filter_map(|name| FactType::parse(name)).collect())
}
