//! What is generated from the tables of keys stands in `docs/` as it is generated.
//! `UPDATE_EXPECT=1 cargo test --test reference` writes it.
#![expect(clippy::unwrap_used, reason = "a test may stop")]

use std::path::Path;

use tasuki::{settings, wire::adapters, wire::policy_file};

const BEGIN: &str = "<!-- reference -->\n";
const END: &str = "<!-- end of reference -->\n";

#[test]
fn the_schema_of_the_policy_is_that_of_the_checker() {
    check("docs/policy.schema.json", |_| policy_file::policy_schema());
}

#[test]
fn the_pages_list_every_key() {
    check("docs/policy.md", |page| {
        with_reference(page, &policy_file::policy_reference())
    });
    check("docs/adapters.md", |page| {
        with_reference(page, &adapters::adapter_reference())
    });
    check("docs/settings.md", |page| {
        with_reference(page, &settings::settings_reference())
    });
}

fn with_reference(page: &str, reference: &str) -> String {
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    format!("{before}{BEGIN}\n{reference}{END}{after}")
}

fn check(name: &str, expected: impl Fn(&str) -> String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    let expected = expected(&found);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, expected).unwrap();
    } else {
        assert!(
            found == expected,
            "{name} is not what the code generates; run with UPDATE_EXPECT=1"
        );
    }
}
