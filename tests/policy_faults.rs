//! Policies as people write them: samples that hold, and one with twenty mistakes planted in it.

use std::path::Path;

use tasuki::wire::policy_file;

fn path(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[test]
fn the_samples_hold() {
    for name in ["config/policy.toml", "samples/policy-jp.toml"] {
        let faults = policy_file::load(&path(name)).map(drop);
        assert_eq!(faults, Ok(()), "{name}");
    }
}

/// Each planted mistake stands on a line that ends in `# fault`.
#[test]
fn twenty_planted_faults_are_twenty_reports_each_at_its_line() {
    let path = path("tests/policies/twenty-faults.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let planted: Vec<usize> = text
        .lines()
        .enumerate()
        .filter(|(_, line)| line.ends_with("# fault"))
        .map(|(index, _)| index + 1)
        .collect();
    let faults = policy_file::load(&path).map(drop).unwrap_err();
    let reported: Vec<usize> = faults.iter().filter_map(|fault| fault.place.line()).collect();
    assert_eq!(reported, planted, "{faults:#?}");
    assert_eq!(reported.len(), 20);
    let name = format!("{}", path.display());
    let transcript: String = faults
        .iter()
        .map(|fault| format!("{fault}\n").replace(&name, "twenty-faults.toml"))
        .collect();
    expect_test::expect_file!["policies/twenty-faults.txt"].assert_eq(&transcript);
}
