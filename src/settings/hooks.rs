//! The tables of `[hooks]`: what comes through a webhook, and how it is signed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::merged::{ADD_ROLE, Whole};
use super::{Secret, UnknownTypes, adapter_of};
use crate::domain::journal::Role;
use crate::fault::Place;

/// Keys that belong to `signature = "hmac"` alone.
const HMAC_KEYS: [&str; 5] = ["header", "encoding", "prefix", "timestamp_header", "signed"];
/// Where nothing is said, a signature is good for so long.
const MAX_AGE: Duration = Duration::from_mins(5);
/// What stands for the body and the time in `signed`.
const BODY: &str = "{body}";
const TIMESTAMP: &str = "{timestamp}";

/// A webhook that is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookSettings {
    /// Gives the type of events that name none.
    pub role: Role,
    /// In which form payloads come, as for a source.
    pub format: Option<String>,
    /// The only types taken from it.
    pub types: Option<Vec<String>>,
    /// What becomes of other types.
    pub unknown_types: UnknownTypes,
    /// How its requests are signed.
    pub signature: Signature,
}

/// How requests are signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signature {
    /// Not at all: they carry the bearer token of the API.
    Token,
    /// As HubSpot does it in its third version.
    HubSpotV3 {
        /// The app's client secret.
        secret: Secret,
        /// Where it sends to, as entered there.
        url: String,
        /// How old a signature may be.
        max_age: Duration,
    },
    /// As Mautic does it.
    Mautic {
        /// The webhook's secret.
        secret: Secret,
    },
    /// As Twenty does it.
    Twenty {
        /// The webhook's secret.
        secret: Secret,
        /// How old a signature may be.
        max_age: Duration,
    },
    /// HMAC-SHA256, as said here.
    Hmac {
        /// What is shared with the platform.
        secret: Secret,
        /// The header with the signature.
        header: String,
        /// How it is written.
        encoding: Encoding,
        /// What stands before it.
        prefix: String,
        /// The header with the time of signing.
        timestamp_header: Option<String>,
        /// What is signed: `{body}`, `{timestamp}` and text between them.
        signed: String,
        /// How old a signature may be.
        max_age: Duration,
    },
}

/// How a signature is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Digits 0 to f.
    Hex,
    /// Base64, padded.
    Base64,
}

impl Whole {
    /// Every hook of the settings that is right, by name; what is wrong becomes faults.
    pub(super) fn hooks(&mut self) -> BTreeMap<String, HookSettings> {
        let names: BTreeSet<String> = self
            .values
            .keys()
            .filter_map(|path| match path.as_slice() {
                [hooks, name, _] if hooks == "hooks" => Some(name.clone()),
                _ => None,
            })
            .collect();
        let hooks = names.into_iter().filter_map(|name| {
            let hook = self.hook(&name)?;
            Some((name, hook))
        });
        hooks.collect()
    }

    fn hook(&mut self, name: &str) -> Option<HookSettings> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if name.is_empty() || name.len() > 64 || !name.bytes().all(plain) {
            let message = format!("the hook `{name}` cannot be part of a path");
            let remedy = "name it with 1 to 64 letters, digits, `_` and `-`";
            let place = self.hook_place(name);
            self.fault(place, &message, remedy);
            return None;
        }
        let role = self.of_hook(name, "role");
        let role = role.and_then(|word| Role::ALL.into_iter().find(|role| role.name() == word));
        if role.is_none() {
            self.missing(name, "role", ADD_ROLE);
        }
        let signature = self.signature(name);
        Some(HookSettings {
            role: role?,
            format: self.of_hook(name, "format").as_deref().and_then(adapter_of),
            types: self.given(&path(name, "types")).map(|given| given.texts.clone()),
            unknown_types: match self.of_hook(name, "unknown_types").as_deref() {
                Some("ignore") => UnknownTypes::Ignore,
                _ => UnknownTypes::DeadLetter,
            },
            signature: signature?,
        })
    }

    /// How the hook is signed; none: that was a fault.
    fn signature(&mut self, name: &str) -> Option<Signature> {
        let Some(scheme) = self.of_hook(name, "signature") else {
            let remedy = "add `signature`: hubspot-v3, mautic, twenty, hmac or token";
            self.missing(name, "signature", remedy);
            return None;
        };
        self.misplaced(name, &scheme);
        if scheme == "token" {
            return Some(Signature::Token);
        }
        let secret = self.secret(&path(name, "secret"));
        let named = self.given(&path(name, "secret_file")).is_some() || self.spoiled(&path(name, "secret_file"));
        if secret.is_none() && !named {
            let remedy = "set `secret_file` to a file with what the platform signs with";
            if !self.spoiled(&path(name, "secret")) {
                let place = self.hook_place(name);
                self.lacks(place, &format!("the hook `{name}` has no `secret`"), remedy);
            }
        }
        let max_age = self.of_hook(name, "max_age").and_then(|millis| millis.parse().ok());
        let max_age = max_age.map_or(MAX_AGE, Duration::from_millis);
        match scheme.as_str() {
            "hubspot-v3" => {
                let url = self.url(name);
                Some(Signature::HubSpotV3 {
                    secret: secret?,
                    url: url?,
                    max_age,
                })
            }
            "mautic" => Some(Signature::Mautic { secret: secret? }),
            "twenty" => Some(Signature::Twenty {
                secret: secret?,
                max_age,
            }),
            _ => self.hmac(name, secret, max_age),
        }
    }

    fn url(&mut self, name: &str) -> Option<String> {
        let url = self.of_hook(name, "url");
        let remedy =
            "set `url` to the address that is entered at HubSpot, such as https://leads.example.com/hooks/hubspot";
        match url {
            Some(url) if url.starts_with("https://") || url.starts_with("http://") => Some(url),
            Some(_) => {
                let place = self.place(&path(name, "url"));
                self.fault(place, &format!("`url` of the hook `{name}` is not an address"), remedy);
                None
            }
            None => {
                self.missing(name, "url", remedy);
                None
            }
        }
    }

    fn hmac(&mut self, name: &str, secret: Option<Secret>, max_age: Duration) -> Option<Signature> {
        let header = self.of_hook(name, "header");
        if header.is_none() {
            self.missing(
                name,
                "header",
                "set `header` to the name of the header with the signature",
            );
        }
        let timestamp_header = self.of_hook(name, "timestamp_header");
        let signed = self.of_hook(name, "signed").unwrap_or_else(|| BODY.to_owned());
        let has_time = timestamp_header.is_some();
        if signed.matches(BODY).count() != 1 || signed.matches(TIMESTAMP).count() != usize::from(has_time) {
            let message = format!("`signed` of the hook `{name}` does not say what is signed");
            let remedy = if has_time {
                "write {timestamp} and {body} once each, such as \"{timestamp}.{body}\""
            } else {
                "write {body} once; {timestamp} needs `timestamp_header`"
            };
            let named = if self.given(&path(name, "signed")).is_some() {
                "signed"
            } else {
                "timestamp_header"
            };
            let place = self.place(&path(name, named));
            self.fault(place, &message, remedy);
            return None;
        }
        Some(Signature::Hmac {
            secret: secret?,
            header: header?,
            encoding: match self.of_hook(name, "encoding").as_deref() {
                Some("base64") => Encoding::Base64,
                _ => Encoding::Hex,
            },
            prefix: self.of_hook(name, "prefix").unwrap_or_default(),
            timestamp_header,
            signed,
            max_age,
        })
    }

    /// Reports keys that mean nothing with this scheme: somebody believes that they do.
    fn misplaced(&mut self, name: &str, scheme: &str) {
        let idle: &[&[&str]] = match scheme {
            "hmac" => &[&["url"]],
            "hubspot-v3" => &[&HMAC_KEYS],
            "twenty" => &[&HMAC_KEYS, &["url"]],
            "mautic" => &[&HMAC_KEYS, &["url", "max_age"]],
            _ => &[&HMAC_KEYS, &["url", "max_age", "secret", "secret_file"]],
        };
        for key in idle.concat() {
            if let Some(given) = self.given(&path(name, key)) {
                let message = format!("`{key}` of the hook `{name}` means nothing with signature = \"{scheme}\"");
                self.fault(given.place.clone(), &message, "remove it");
            }
        }
    }

    fn missing(&mut self, name: &str, key: &str, remedy: &str) {
        if !self.spoiled(&path(name, key)) {
            let place = self.hook_place(name);
            self.fault(place, &format!("the hook `{name}` has no `{key}`"), remedy);
        }
    }

    fn of_hook(&self, name: &str, key: &str) -> Option<String> {
        self.optional(&path(name, key))
    }

    /// Where the hook is first named.
    fn hook_place(&self, name: &str) -> Place {
        let members = self.values.iter().filter_map(|(path, given)| match path.as_slice() {
            [hooks, of, _] if hooks == "hooks" && of == name => Some(given.place.clone()),
            _ => None,
        });
        members.min().unwrap_or_else(|| self.place("hooks"))
    }
}

fn path(name: &str, key: &str) -> String {
    format!("hooks.{name}.{key}")
}
