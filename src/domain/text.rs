//! How text compares.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfkc_quick};

/// Text as it compares: NFKC, then lower case.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    if is_nfkc_quick(text.chars()) == IsNormalized::Yes {
        return text.to_lowercase();
    }
    text.nfkc().collect::<String>().to_lowercase()
}

/// Text as it compares, without a copy where it is so already.
pub(crate) fn folded(text: &str) -> Cow<'_, str> {
    // No byte is left out, so that many are looked at together.
    let plain = text
        .bytes()
        .fold(true, |plain, byte| plain & byte.is_ascii() & !byte.is_ascii_uppercase());
    if plain {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(fold(text))
    }
}

/// An e-mail address as an identifier: trimmed, NFKC, lower case, in this order.
pub(crate) fn fold_email(address: &str) -> Cow<'_, str> {
    folded(address.trim())
}
