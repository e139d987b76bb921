//! How text compares.

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

/// An e-mail address as an identifier: trimmed, NFKC, lower case, in this order.
pub fn fold_email(address: &str) -> String {
    fold(address.trim())
}
