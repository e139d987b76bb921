//! The hooks of the settings, as HTTP needs them.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use crate::http::{Encoding, Proof, Rate, Scheme};
use crate::settings::{self, HookSettings, Http, Signature};

/// How many requests are taken.
pub(super) fn rate(http: &Http) -> Rate {
    let at_least_one = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
    Rate {
        per_second: at_least_one(http.rate_per_second),
        burst: at_least_one(http.rate_burst),
    }
}

/// How each hook's requests prove where they come from.
pub(super) fn proofs(hooks: &BTreeMap<String, HookSettings>) -> BTreeMap<String, Proof> {
    let hooks = hooks.iter();
    hooks
        .map(|(name, hook)| (name.clone(), proof(&hook.signature)))
        .collect()
}

fn proof(signature: &Signature) -> Proof {
    let scheme = match signature {
        Signature::Token => return Proof::Token,
        Signature::HubSpotV3 { secret, url, max_age } => Scheme::hubspot_v3(secret.reveal(), url, millis(*max_age)),
        Signature::Mautic { secret } => Scheme::mautic(secret.reveal()),
        Signature::Twenty { secret, max_age } => Scheme::twenty(secret.reveal(), millis(*max_age)),
        Signature::Hmac {
            secret,
            header,
            encoding,
            prefix,
            timestamp_header,
            signed,
            max_age,
        } => {
            let encoding = match encoding {
                settings::Encoding::Hex => Encoding::Hex,
                settings::Encoding::Base64 => Encoding::Base64,
            };
            let scheme = Scheme::of(header, secret.reveal())
                .written(encoding, prefix)
                .signing(signed);
            match timestamp_header {
                Some(header) => scheme.timed(header, millis(*max_age)),
                None => scheme,
            }
        }
    };
    Proof::Signature(Box::new(scheme))
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}
