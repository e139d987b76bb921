//! What the settings promise.

use std::path::PathBuf;

use super::*;
use crate::shape::{Kind, Need, Table};

fn variables(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    pairs
        .iter()
        .map(|(name, text)| (OsString::from(name), OsString::from(text)))
        .collect()
}

/// Writes a file into this run's folder.
fn file(name: &str, text: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("tasuki-settings-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    if !name.is_empty() {
        std::fs::write(&path, text).unwrap();
    }
    path
}

fn faults(files: &[PathBuf], environment: &[(&str, &str)]) -> Vec<String> {
    let faults = Settings::layered(files, &variables(environment)).expect_err("faults");
    let folder = file("", "").display().to_string();
    faults
        .iter()
        .map(|fault| fault.to_string().replace(&folder, ""))
        .collect()
}

#[test]
fn the_defaults_are_those_of_the_contract() {
    let settings = Settings::layered(&[], &[]).unwrap();
    assert_eq!(settings.deployment, "local");
    assert_eq!(settings.instance, None);
    assert_eq!(settings.log, LogKind::Local);
    assert_eq!(settings.local.path, PathBuf::from("data"));
    assert_eq!(settings.kafka.session_timeout, Duration::from_secs(10));
    assert_eq!(settings.journal_partitions(), 4);
    assert_eq!((settings.shard.workers, settings.intake.workers), (1, 1));
    assert_eq!(settings.shard.batch_records_max, 20_000);
    assert_eq!(settings.http.address.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.http.body_bytes_max, 1 << 20);
    assert_eq!(settings.privacy.secret.reveal(), "tasuki");
    assert_eq!(settings.time.patience, Duration::from_mins(1));
    assert_eq!(settings.sources.len(), 5);
    assert_eq!(settings.sources["sales.follow-ups"].role, Role::FollowUps);
    assert!(settings.source_topics().is_empty());
    assert_eq!(settings.telemetry.log_format, LogFormat::Text);
    assert!(settings.warnings().is_empty());
}

#[test]
fn later_layers_win_and_leave_the_rest() {
    let base = file(
        "layers.toml",
        "log = \"kafka\"\n[kafka]\nbrokers = \"one:9092\"\nprefix = \"a.\"\n[kafka.client]\n\
         security.protocol = \"SSL\"\nsocket.keepalive.enable = true\n[sources.\"sales.roster\"]\nenabled = false\n\
         [sources.\"crm.tasks\"]\nrole = \"follow-ups\"\nbegin = 2026-01-01T00:00:00Z\n",
    );
    let environment = variables(&[
        ("TASUKI__KAFKA__BROKERS", "two:9092"),
        ("TASUKI__KAFKA__CLIENT__SASL__MECHANISM", "PLAIN"),
        ("TASUKI__PRIVACY__SECRET", "0123"),
        ("TASUKI__DEPLOYMENT", "prod"),
        ("TASUKI__INSTANCE", ""),
        ("TASUKI_PORT", "tcp://10.0.0.1:80"),
        (
            "TASUKI__sources__sales.follow-ups__TYPES",
            "tasuki.follow-up.recorded.v1, tasuki.rep.changed.v1",
        ),
    ]);
    let settings = Settings::layered(&[base], &environment).unwrap();
    assert_eq!(settings.kafka.brokers, "two:9092");
    assert_eq!((&*settings.kafka.prefix, &*settings.kafka.source_prefix), ("a.", "a."));
    assert_eq!(settings.kafka.session_timeout, Duration::from_secs(10));
    let client: Vec<String> = settings
        .kafka
        .client_properties()
        .iter()
        .map(|(name, text)| format!("{name}={text}"))
        .collect();
    assert_eq!(
        client,
        [
            "sasl.mechanism=PLAIN",
            "security.protocol=SSL",
            "socket.keepalive.enable=true"
        ]
    );
    assert_eq!(settings.privacy.secret.reveal(), "0123");
    assert_eq!(settings.journal_partitions(), 12);
    assert_eq!(settings.telemetry.log_format, LogFormat::Json);
    assert!(!settings.sources["sales.roster"].enabled);
    assert_eq!(settings.sources["sales.roster"].role, Role::Roster);
    let begin = Begin::At(Instant::from_millis(1_767_225_600_000));
    assert_eq!(settings.sources["crm.tasks"].begin, begin);
    assert_eq!(
        settings.sources["sales.follow-ups"].types.as_ref().map(Vec::len),
        Some(2)
    );
    assert_eq!(settings.source_topics().len(), 5);
    assert!(settings.warnings().is_empty());
}

#[test]
fn every_fault_comes_at_once_with_place_and_remedy() {
    let wrong = file(
        "wrong.toml",
        "deployement = \"x\"\n[kafka]\nsession_timeout = 10\n[kafka.client]\ngroup.id = \"mine\"\n\n[shard]\n\
         workers = \"2\"\nidle_commit_interval = \"1 s\"\n[sources.\"crm.tasks\"]\nrole = \"follow-up\"\n[http]\n\
         address = \"0.0.0.0:80\"\n[sources.calls]\nenabled = true\n",
    );
    let environment = [
        ("TASUKI__KAFKA__BROKER", "x"),
        ("TASUKI__JOURNAL__PARTITIONS", "twelve"),
        ("TASUKI__LOG", "kafak"),
        ("TASUKI__PRIVACY__SECRET_FILE", "/nowhere/secret"),
    ];
    expect_test::expect_file!["snapshots/faults.txt"].assert_eq(&(faults(&[wrong], &environment).join("\n") + "\n"));
}

#[test]
fn what_librdkafka_does_not_take_is_told_at_once_and_where() {
    let text = "[kafka.client]\nliner.ms = 5\nlinger.ms = \"soon\"\nsasl.password = \"swordfish\"\nsecurity.protocol = \"tls\"\n";
    let found = faults(
        &[file("client.toml", text)],
        &[
            ("TASUKI__KAFKA__CLIENT__QUITE__ANOTHER", "1"),
            ("TASUKI__KAFKA__CLIENT__SSL__CA__PEM", &"x".repeat(60_000)),
        ],
    );
    let expected = [
        "client.toml:2:12: `liner.ms` is no property of librdkafka; did you mean `linger.ms`?",
        "client.toml:3:13: `linger.ms` cannot have this value: ",
        "client.toml:5:21: `security.protocol` cannot have this value: ",
        "TASUKI__KAFKA__CLIENT__QUITE__ANOTHER: `quite.another` is no property of librdkafka; remove it, or ",
    ];
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.contains(expected), "{found} {expected}");
        assert!(!found.contains("tls"), "values are not shown: {found}");
    }
}

#[test]
fn a_file_that_is_not_toml_has_a_place() {
    let found = faults(&[file("syntax.toml", "log = \"local\"\nlog = \"local\"\n[http\n")], &[]);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0].contains("syntax.toml:2:1: not TOML: duplicate key"),
        "{found:?}"
    );
    assert!(found[1].contains("syntax.toml:3:"), "{found:?}");
}

#[test]
fn a_log_level_that_would_silence_everything_has_a_place() {
    let level = |level| [("TASUKI__TELEMETRY__LOG_LEVEL", level)];
    for wrong in ["warning", "verbose", "info,tasuki", "info,["] {
        let found = faults(&[], &level(wrong));
        assert_eq!(found.len(), 1, "{wrong}: {found:?}");
        assert!(found[0].starts_with("TASUKI__TELEMETRY__LOG_LEVEL: "), "{found:?}");
    }
    for right in ["off", "WARN", "info,tasuki=debug", "error,tasuki::shard=trace"] {
        assert!(Settings::layered(&[], &variables(&level(right))).is_ok(), "{right}");
    }
}

#[test]
fn a_source_or_hook_of_which_nothing_is_said_is_told() {
    let text = "[sources.\"crm.tasks\"]\n[sources.\"sales.roster\"]\n[hooks.crm]\n# role = \"forms\"\n[kafka.client]\n";
    let found = faults(&[file("empty.toml", text)], &[]);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0].contains("empty.toml:1:") && found[0].contains("the source `crm.tasks` has no `role`"),
        "{found:?}"
    );
    assert!(
        found[1].contains("empty.toml:3:") && found[1].contains("the hook `crm` has no `role`"),
        "{found:?}"
    );
}

#[test]
fn an_unreadable_file_is_a_fault() {
    let found = faults(&[PathBuf::from("/nowhere.toml")], &[]);
    assert!(found[0].starts_with("/nowhere.toml: cannot be read"), "{found:?}");
}

#[test]
fn secrets_come_from_files_and_are_never_shown() {
    let secret = file("secret", "swordfish\n");
    let secret = secret.to_str().unwrap();
    let environment = variables(&[
        ("TASUKI__PRIVACY__SECRET_FILE", secret),
        ("TASUKI__HTTP__TOKEN", "swordfish"),
        ("TASUKI__HTTP__ADDRESS", "0.0.0.0:8080"),
        ("TASUKI__KAFKA__PASSWORD_FILE", secret),
        ("TASUKI__KAFKA__CLIENT__SSL__KEY__PASSWORD", "swordfish"),
    ]);
    let settings = Settings::layered(&[], &environment).unwrap();
    assert_eq!(settings.privacy.secret.reveal(), "swordfish");
    assert_eq!(settings.kafka.client_properties()["sasl.password"], "swordfish");
    assert!(!format!("{settings:?}").contains("swordfish"));
}

#[test]
fn a_secret_in_the_environment_outranks_a_file_that_is_named_before() {
    let secret = file("earlier-secret", "swordfish\n");
    let named = file("names-a-secret.toml", &format!("[privacy]\nsecret_file = {secret:?}\n"));
    let revealed = |environment: &[(&str, &str)]| {
        let settings = Settings::layered(std::slice::from_ref(&named), &variables(environment)).unwrap();
        settings.privacy.secret.reveal().to_owned()
    };
    assert_eq!(revealed(&[]), "swordfish");
    assert_eq!(revealed(&[("TASUKI__PRIVACY__SECRET", "herring")]), "herring");
    let both = [
        ("TASUKI__PRIVACY__SECRET", "herring"),
        ("TASUKI__PRIVACY__SECRET_FILE", secret.to_str().unwrap()),
    ];
    assert_eq!(revealed(&both), "swordfish");

    let named = file(
        "names-a-password.toml",
        &format!("[kafka]\npassword_file = {secret:?}\n"),
    );
    let password = |environment: &[(&str, &str)]| {
        let settings = Settings::layered(std::slice::from_ref(&named), &variables(environment)).unwrap();
        settings.kafka.client_properties()["sasl.password"].clone()
    };
    assert_eq!(password(&[]), "swordfish");
    assert_eq!(
        password(&[("TASUKI__KAFKA__CLIENT__SASL__PASSWORD", "herring")]),
        "herring"
    );
    assert_eq!(password(&[("TASUKI__KAFKA__CLIENT__SASL__PASSWORD", "")]), "swordfish");
}

#[test]
fn a_hook_that_asks_for_a_token_that_there_is_not_is_warned_of() {
    let hook = file(
        "open-hook.toml",
        "[hooks.ours]\nrole = \"forms\"\nsignature = \"token\"\n",
    );
    let warned = |environment: &[(&str, &str)]| {
        let settings = Settings::layered(std::slice::from_ref(&hook), &variables(environment)).unwrap();
        settings.warnings()
    };
    assert!(warned(&[])[0].starts_with("hooks.ours asks for the token"));
    assert!(warned(&[("TASUKI__HTTP__TOKEN", "herring")]).is_empty());
}

#[test]
fn a_file_by_itself_is_wrong_by_what_it_says_and_not_by_what_may_be_added() {
    let text =
        "log = \"kafka\"\n[http]\naddress = \"0.0.0.0:80\"\n[hooks.a]\nrole = \"forms\"\nsignature = \"mautic\"\n";
    assert_eq!(check_file(&file("by-itself.toml", text)).0, []);
    let text = "[http]\naddress = \"nonsense\"\n[sources.\"tasuki.journal\"]\nrole = \"forms\"\n[sources.x]\nbegin = \"latest\"\n";
    let lines: Vec<_> = check_file(&file("wrong-by-itself.toml", text))
        .0
        .into_iter()
        .map(|fault| match fault.place {
            Place::File { line, .. } => line,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(lines, [2, 4, 6]);
}

#[test]
fn the_public_secret_is_warned_of_outside_local() {
    let settings = Settings::layered(&[], &variables(&[("TASUKI__DEPLOYMENT", "prod")])).unwrap();
    assert_eq!(settings.warnings().len(), 1);
}

/// Every setting stands in the default file, with its default or commented out, under a comment.
#[test]
fn the_default_file_holds_every_setting_with_a_comment() {
    let text = include_str!("../../config/default.toml");
    every_leaf(&SETTINGS, &mut |table, key| {
        let assigned = text
            .lines()
            .position(|line| line.starts_with(&format!("{} = ", key.name)));
        let shown = text
            .lines()
            .position(|line| line.starts_with(&format!("# {} = ", key.name)));
        match key.need {
            // There is no hook by default, only examples of some.
            Need::Required if table.doc == "a hook" => assert!(assigned.or(shown).is_some(), "{}", key.name),
            Need::Required => assert!(assigned.is_some(), "{} {} has no default", table.doc, key.name),
            Need::Optional => assert!(shown.is_some(), "{} {} is not shown", table.doc, key.name),
            Need::Default(_) => {}
        }
        let line = assigned.or(shown).unwrap();
        let above = text.lines().nth(line - 1).unwrap();
        assert!(
            above.starts_with("# ") || ["a source", "a hook"].contains(&table.doc),
            "{} has no comment",
            key.name
        );
    });
}

fn every_leaf(table: &'static Table, visit: &mut dyn FnMut(&'static Table, &'static crate::shape::Key)) {
    for key in table.keys {
        match &key.kind {
            Kind::Table(nested)
            | Kind::Map {
                of: Kind::Table(nested),
                ..
            } => every_leaf(nested, visit),
            Kind::Map { .. } => {}
            _ => visit(table, key),
        }
    }
}

const HOOKS: &str = r#"
[hooks.hubspot]
role = "engagement"
format = "hubspot"
signature = "hubspot-v3"
secret = "swordfish"
url = "https://leads.example.com/hooks/hubspot"
max_age = "1m"
[hooks.mautic]
role = "forms"
types = ["tasuki.form.submitted.v1"]
unknown_types = "ignore"
signature = "mautic"
secret_file = "SECRET"
[hooks.twenty]
role = "forms"
signature = "twenty"
[hooks.shop]
role = "forms"
signature = "hmac"
secret = "swordfish"
header = "x-signature"
prefix = "sha256="
timestamp_header = "x-time"
signed = "{timestamp}.{body}"
[hooks.intern]
role = "roster"
signature = "token"
"#;

#[test]
fn hooks_are_signed_as_their_platform_does_it() {
    let secret = file("hook-secret", "swordfish\n");
    let hooks = file("hooks.toml", &HOOKS.replace("SECRET", secret.to_str().unwrap()));
    let environment = variables(&[("TASUKI__HOOKS__twenty__SECRET", "swordfish")]);
    let settings = Settings::layered(&[hooks], &environment).unwrap();
    let secret = || Secret::new("swordfish");
    let signature = |name: &str| settings.hooks[name].signature.clone();
    let five_minutes = Duration::from_mins(5);
    let url = "https://leads.example.com/hooks/hubspot".to_owned();
    let max_age = Duration::from_mins(1);
    let hubspot = Signature::HubSpotV3 {
        secret: secret(),
        url,
        max_age,
    };
    assert_eq!(signature("hubspot"), hubspot);
    assert_eq!(signature("mautic"), Signature::Mautic { secret: secret() });
    let twenty = Signature::Twenty {
        secret: secret(),
        max_age: five_minutes,
    };
    assert_eq!(signature("twenty"), twenty);
    let shop = Signature::Hmac {
        secret: secret(),
        header: "x-signature".to_owned(),
        encoding: Encoding::Hex,
        prefix: "sha256=".to_owned(),
        timestamp_header: Some("x-time".to_owned()),
        signed: "{timestamp}.{body}".to_owned(),
        max_age: five_minutes,
    };
    assert_eq!(signature("shop"), shop);
    assert_eq!(signature("intern"), Signature::Token);
    let mautic = &settings.hooks["mautic"];
    assert_eq!((mautic.role, mautic.unknown_types), (Role::Forms, UnknownTypes::Ignore));
    assert_eq!(settings.hooks["hubspot"].format.as_deref(), Some("hubspot"));
    assert_eq!(settings.formats().into_iter().collect::<Vec<_>>(), ["hubspot"]);
    assert!(!format!("{settings:?}").contains("swordfish"));
}

#[test]
fn a_hook_that_cannot_be_right_is_a_fault_with_its_remedy() {
    let wrong = file(
        "wrong-hooks.toml",
        r#"[hooks.bare]
role = "forms"
[hooks.mautic]
role = "forms"
signature = "mautic"
url = "https://example.com"
[hooks.hubspot]
signature = "hubspot-v3"
secret = "swordfish"
[hooks.elsewhere]
role = "forms"
signature = "hubspot-v3"
secret = "swordfish"
url = "leads.example.com"
[hooks.shop]
role = "forms"
signature = "hmac"
secret = "swordfish"
timestamp_header = "x-time"
[hooks.timeless]
role = "forms"
signature = "hmac"
secret = "swordfish"
header = "x-signature"
signed = "{timestamp}.{body}"
[hooks.intern]
role = "forms"
signature = "token"
secret = "swordfish"
[hooks."a/b"]
role = "forms"
signature = "token"
[hooks.typo]
role = "forms"
signature = "hubspot"
secret_file = "/nowhere/secret"
"#,
    );
    let found = faults(&[wrong], &[]);
    assert!(!found.concat().contains("swordfish"), "{found:?}");
    expect_test::expect_file!["snapshots/hook-faults.txt"].assert_eq(&(found.join("\n") + "\n"));
}
