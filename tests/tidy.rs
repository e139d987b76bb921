//! What must not drift: the purity of the domain, who imports whom, what the documents list, and
//! sizes. Reads files only; `./test tidy` runs it.
//!
//! `#[cfg(test)]` code is exempt from purity and imports: tests may use anything.
#![expect(clippy::panic, reason = "a test program may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use tasuki::telemetry::metrics::Metrics;

/// Lines of code, without comments, blank lines and tests, that a file may have.
const CODE_LINES_MAX: usize = 400;
/// Files above that, each with the reason.
const LONG_FILES: &[(&str, &str)] = &[(
    "src/domain/shard.rs",
    "a shard's whole memory, with how it is written and read back",
)];
/// Lines of ARCHITECTURE.md at most: it is one page.
const ARCHITECTURE_LINES_MAX: usize = 150;
/// What the domain may import from outside; in its tests, also `proptest` and `expect_test`.
const DOMAIN_MAY_USE: &[&str] = &[
    "std",
    "core",
    "alloc",
    "jiff",
    "blake3",
    "unicode_normalization",
    "thiserror",
];
/// Words that have no place in the domain's code.
const DOMAIN_NEVER: &[&str] = &[
    "f32",
    "f64",
    "HashMap",
    "HashSet",
    "std::time",
    "SystemTime",
    "println",
    "eprintln",
    "tracing",
    "serde",
    "async",
    "panic!",
    "unreachable!",
    "std::fs",
    "std::net",
    "std::env",
    "std::thread",
];

// ------------------------------------------------------------------------------------ the code

#[test]
fn the_domain_is_pure() {
    let mut faults = Faults::default();
    for file in sources().iter().filter(|file| file.room == "domain") {
        for (number, line) in file.code() {
            for word in DOMAIN_NEVER {
                if has_word(line, word) {
                    faults.add(&file.name, number, &format!("`{word}` in the domain"));
                }
            }
            if let Some(krate) = imported_crate(line)
                && !DOMAIN_MAY_USE.contains(&krate)
                && !["crate", "super", "self"].contains(&krate)
            {
                faults.add(&file.name, number, &format!("the domain imports `{krate}`"));
            }
            // What may be planted is nothing at all where it is not tested.
            for room in rooms_named(line).filter(|room| room != "domain" && room != "planted") {
                faults.add(&file.name, number, &format!("the domain uses `{room}`"));
            }
        }
    }
    faults.none();
}

#[test]
fn imports_follow_the_picture() {
    let allowed = rooms();
    let mut faults = Faults::default();
    let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in sources() {
        let Some(may_use) = allowed.get(&file.room) else {
            if file.room != "lib" {
                faults.add(&file.name, 1, "a room that ARCHITECTURE.md does not list");
            }
            continue;
        };
        for (number, line) in file.code() {
            for room in rooms_named(line).filter(|room| *room != file.room) {
                if !may_use.contains(&room) {
                    let words = format!("`{}` uses `{room}`, which ARCHITECTURE.md does not allow", file.room);
                    faults.add(&file.name, number, &words);
                }
                used.entry(file.room.clone()).or_default().insert(room);
            }
        }
    }
    for (room, may_use) in &allowed {
        let used = used.remove(room).unwrap_or_default();
        for idle in may_use.difference(&used) {
            let words = format!("lets `{room}` use `{idle}`, which it does not");
            faults.add("ARCHITECTURE.md", 0, &words);
        }
    }
    faults.none();
}

#[test]
fn crates_stay_in_their_rooms() {
    let allowed = crates();
    let mut faults = Faults::default();
    for name in dependencies().iter().filter(|name| !allowed.contains_key(*name)) {
        faults.add(
            "ARCHITECTURE.md",
            0,
            &format!("the dependency `{name}` is not in the table"),
        );
    }
    for name in allowed.keys().filter(|name| !dependencies().contains(*name)) {
        faults.add("ARCHITECTURE.md", 0, &format!("`{name}` is not in Cargo.toml"));
    }
    let mut used: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let files = sources();
    for file in &files {
        for (number, line) in file.code() {
            for (name, rooms) in &allowed {
                if !names_crate(line, name) {
                    continue;
                }
                used.entry(name).or_default().insert(&file.room);
                if !rooms.contains("any") && !rooms.contains(&file.room) {
                    let words = format!(
                        "`{}` uses the crate `{name}`, which ARCHITECTURE.md does not allow",
                        file.room
                    );
                    faults.add(&file.name, number, &words);
                }
            }
        }
    }
    for (name, rooms) in allowed.iter().filter(|(_, rooms)| !rooms.contains("any")) {
        for room in rooms {
            if !used.get(name.as_str()).is_some_and(|used| used.contains(room.as_str())) {
                faults.add(
                    "ARCHITECTURE.md",
                    0,
                    &format!("lets `{room}` use the crate `{name}`, which it does not"),
                );
            }
        }
    }
    faults.none();
}

#[test]
fn files_open_with_their_purpose_and_stay_short() {
    let mut faults = Faults::default();
    for file in sources() {
        if !file.text.starts_with("//!") {
            faults.add(&file.name, 1, "does not begin with `//!`");
        }
        let lines = file
            .code()
            .filter(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with("//"))
            .count();
        let is_long = lines > CODE_LINES_MAX;
        let excused = LONG_FILES.iter().any(|(name, _)| *name == file.name);
        if is_long && !excused {
            faults.add(
                &file.name,
                0,
                &format!("{lines} lines of code, {CODE_LINES_MAX} are enough: split it by what it does"),
            );
        }
        if !is_long && excused {
            faults.add(&file.name, 0, "is short enough: take it off the list of long files");
        }
    }
    for (name, _) in LONG_FILES.iter().filter(|(name, _)| !root().join(name).exists()) {
        faults.add(name, 0, "is on the list of long files, but is not there");
    }
    faults.none();
}

#[test]
fn nothing_is_left_to_do_and_nothing_names_a_machine() {
    // Written in two parts, so that this file does not contain them.
    let never = [
        ["TO", "DO"],
        ["FIX", "ME"],
        ["/home", "/"],
        ["/work", "/"],
        ["/root", "/"],
        ["crates", ".io"],
        ["repo.maven", ".apache.org"],
        ["registry.", "npmjs"],
        ["index.", "docker.io"],
        ["pypi", ".org"],
    ]
    .map(|parts| parts.concat());
    let mut faults = Faults::default();
    for path in written_files() {
        let Ok(text) = fs::read_to_string(root().join(&path)) else {
            continue;
        };
        for (number, line) in (1..).zip(text.lines()) {
            for word in never.iter().filter(|word| line.contains(word.as_str())) {
                faults.add(&path, number, &format!("`{word}`"));
            }
        }
    }
    faults.none();
}

// -------------------------------------------------------------------------------- the documents

#[test]
fn the_architecture_is_one_page() {
    let lines = read("ARCHITECTURE.md").lines().count();
    assert!(
        lines <= ARCHITECTURE_LINES_MAX,
        "ARCHITECTURE.md has {lines} lines, {ARCHITECTURE_LINES_MAX} are a page"
    );
}

#[test]
fn every_setting_is_documented() {
    let documented = documented_settings();
    let mut faults = Faults::default();
    for (number, setting) in settings() {
        if !documented.contains(&setting) {
            faults.add(
                "config/default.toml",
                number,
                &format!("`{setting}` is not in docs/settings.md"),
            );
        }
    }
    assert!(settings().len() > 30, "config/default.toml was not read right");
    faults.none();
}

#[test]
fn every_metric_is_documented() {
    let page = read("docs/metrics.md");
    let Ok(metrics) = Metrics::new() else {
        panic!("the metrics cannot be set up")
    };
    let mut faults = Faults::default();
    for metric in metrics.described() {
        if !page.contains(&format!("| `{}` |", metric.name)) {
            faults.add("docs/metrics.md", 0, &format!("does not list `{}`", metric.name));
        }
    }
    for used in quoted_words(&read("deploy/alerts.yml"), "tasuki_") {
        // A histogram is asked for by its parts.
        let name = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|part| used.strip_suffix(part))
            .unwrap_or(&used);
        if !metrics.described().iter().any(|metric| metric.name == name) {
            faults.add(
                "deploy/alerts.yml",
                0,
                &format!("asks for `{name}`, which there is not"),
            );
        }
    }
    faults.none();
}

#[test]
fn every_event_type_is_documented() {
    let page = read("docs/events.md");
    let mut faults = Faults::default();
    let mut count = 0;
    for file in sources() {
        for (number, line) in file.code() {
            for name in quoted_words(line, "tasuki.").filter(|name| name.rsplit('.').next() == Some("v1")) {
                count += 1;
                if !page.contains(&format!("`{name}`")) {
                    faults.add(&file.name, number, &format!("`{name}` is not in docs/events.md"));
                }
            }
        }
    }
    assert!(count >= 18, "event types were not found: {count}");
    faults.none();
}

#[test]
fn every_sentence_of_the_agreement_has_a_story_or_a_test() {
    let stories: Vec<String> = written_files()
        .iter()
        .filter(|path| path.starts_with("tests/scenarios/stories/"))
        .map(|path| read(path))
        .collect();
    let quoted: BTreeSet<&str> = stories
        .iter()
        .flat_map(|story| story.lines())
        .filter_map(|line| line.strip_prefix("> "))
        .collect();
    let page = read("docs/agreement.md");
    let mut lines = (1..).zip(page.lines()).peekable();
    let mut faults = Faults::default();
    let mut sentences = BTreeSet::new();
    while let Some((number, line)) = lines.next() {
        let Some(sentence) = line.strip_prefix("- ") else {
            continue;
        };
        sentences.insert(sentence);
        let shown = lines.next_if(|(_, next)| next.starts_with("  Shown by "));
        if let Some((_, shown)) = shown {
            let words: Vec<&str> = backticked(shown).collect();
            let [test, file] = words[..] else { panic!("{shown}") };
            if !read(file).contains(&format!("fn {test}")) {
                faults.add("docs/agreement.md", number, &format!("{file} has no test {test}"));
            }
        } else if !quoted.contains(sentence) {
            faults.add(
                "docs/agreement.md",
                number,
                "no story in tests/scenarios quotes this sentence",
            );
        }
    }
    for quote in quoted.difference(&sentences) {
        faults.add("tests/scenarios", 0, &format!("not in docs/agreement.md: {quote}"));
    }
    assert!(sentences.len() >= 140, "{} sentences", sentences.len());
    faults.none();
}

#[test]
fn every_promise_has_a_command_that_exists() {
    let readme = read("README.md");
    let mut faults = Faults::default();
    let mut count = 0;
    for row in table_after(&readme, "## What is promised") {
        count += 1;
        let Some(how) = row.last() else { continue };
        let commands: Vec<&str> = backticked(how).collect();
        if commands.is_empty() {
            faults.add("README.md", 0, &format!("no command shows: {}", row[0]));
        }
        for command in commands {
            if let Err(why) = check_command(command) {
                faults.add("README.md", 0, &format!("`{command}`: {why}"));
            }
        }
    }
    assert!(count >= 10, "the table of promises was not found");
    faults.none();
}

/// Each payload and each adapter of samples/ says which list of fields it was written from.
#[test]
fn every_sample_says_from_what_it_was_written() {
    let page = read("samples/payloads/README.md");
    let mut faults = Faults::default();
    let (mut payloads, mut adapters) = (BTreeSet::new(), BTreeSet::new());
    for row in table_after(&page, "# Payloads of platforms") {
        payloads.extend(backticked(&row[0]).map(|name| format!("samples/payloads/{name}")));
        adapters.extend(backticked(&row[1]).map(|name| format!("samples/adapters/{name}.toml")));
        if row[2].len() < 10 {
            faults.add(
                "samples/payloads/README.md",
                0,
                &format!("{} was written from nothing", row[0]),
            );
        }
    }
    let files = written_files();
    let found = |folder: &str, kind: &str| -> BTreeSet<String> {
        let of = files
            .iter()
            .filter(|file| file.starts_with(folder) && extension(file, kind));
        of.cloned().collect()
    };
    assert_eq!(payloads, found("samples/payloads/", "json"));
    assert_eq!(adapters, found("samples/adapters/", "toml"));
    for file in adapters.iter().filter(|file| !read(file).contains("\n# Written from ")) {
        faults.add(file, 0, "does not say from which fields it was written");
    }
    faults.none();
}

/// Each trap of a platform has a test of its own, and each test of the adapters a trap.
#[test]
fn every_trap_of_a_platform_has_a_test() {
    let page = read("samples/payloads/README.md");
    let tests: Vec<String> = written_files()
        .into_iter()
        .filter(|file| file.starts_with("tests/adapters/") || file == "src/wire/translate/tests.rs")
        .map(|file| read(&file))
        .collect();
    let mut faults = Faults::default();
    let mut shown = BTreeSet::new();
    for row in table_after(&page, "## Traps") {
        for name in backticked(&row[2]) {
            shown.insert(name.to_owned());
            if !tests.iter().any(|text| text.contains(&format!("#[test]\nfn {name}()"))) {
                faults.add("samples/payloads/README.md", 0, &format!("there is no test {name}"));
            }
        }
    }
    for file in ["hubspot", "marketing", "collectors", "crm"] {
        let path = format!("tests/adapters/{file}.rs");
        let text = read(&path);
        for name in text
            .split("#[test]\nfn ")
            .skip(1)
            .filter_map(|rest| rest.split('(').next())
        {
            if !shown.contains(name) {
                faults.add(&path, 0, &format!("{name} shows no trap that is listed"));
            }
        }
    }
    assert!(
        shown.len() >= 30,
        "the table of traps was not read right: {}",
        shown.len()
    );
    faults.none();
}

/// What the runbook quotes from messages stands in the code, up to what is filled in.
#[test]
fn the_runbook_quotes_what_is_said() {
    let said: String = sources()
        .iter()
        .map(|file| {
            let lines: Vec<&str> = file.text.lines().map(str::trim_start).collect();
            lines.join("\n").replace("\\\n", "")
        })
        .collect();
    let runbook = read("docs/runbook.md");
    let rows = runbook.lines().filter(|line| line.starts_with("| `"));
    let mut faults = Faults::default();
    let mut count = 0;
    for quote in rows.filter_map(|row| row.split(" | ").next()).flat_map(backticked) {
        for part in fixed_parts(quote) {
            count += 1;
            if !said.contains(&part) {
                faults.add("docs/runbook.md", 0, &format!("nothing says {part:?}, of {quote:?}"));
            }
        }
    }
    assert!(count >= 30, "the runbook's tables were not read right: {count}");
    faults.none();
}

/// The parts of a quoted message that are not filled in: between dots, numbers and single capitals.
fn fixed_parts(quote: &str) -> Vec<String> {
    let filled = |word: &str| {
        let bare = word.trim_matches([':', ';', ',']);
        bare == "…" || bare.parse::<u32>().is_ok() || (bare.len() == 1 && bare.chars().all(char::is_uppercase))
    };
    let words: Vec<&str> = quote.split(' ').collect();
    words
        .split(|word| filled(word) || word.ends_with(':'))
        .filter(|part| part.len() >= 2)
        .map(|part| part.join(" ").trim_matches([',', ';']).to_owned())
        .collect()
}

#[test]
fn links_lead_somewhere() {
    let mut faults = Faults::default();
    for path in written_files().iter().filter(|path| extension(path, "md")) {
        let folder = Path::new(path).parent().unwrap_or(Path::new(""));
        for (number, line) in (1..).zip(read(path).lines()) {
            for link in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                let is_local = !link.contains("://") && !link.contains(' ');
                if is_local && !leads_somewhere(path, folder, link) {
                    faults.add(path, number, &format!("nothing is at {link}"));
                }
            }
        }
    }
    for line in read("deploy/alerts.yml").lines() {
        if let Some(link) = line.trim().strip_prefix("runbook: ")
            && !leads_somewhere("", Path::new(""), link)
        {
            faults.add("deploy/alerts.yml", 0, &format!("nothing is at {link}"));
        }
    }
    faults.none();
}

/// The file of a link is there, and the heading that it names.
fn leads_somewhere(page: &str, folder: &Path, link: &str) -> bool {
    let (target, heading) = link.split_once('#').unwrap_or((link, ""));
    let file = if target.is_empty() {
        PathBuf::from(page)
    } else {
        folder.join(target)
    };
    if heading.is_empty() || !root().join(&file).is_file() {
        return root().join(&file).exists();
    }
    let text = read(&file.to_string_lossy());
    text.lines()
        .any(|line| line.starts_with('#') && anchor(line) == heading)
}

/// The name under which a heading is linked to.
fn anchor(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
    words
        .chars()
        .filter(|char| char.is_alphanumeric() || "-_".contains(*char))
        .collect()
}

// ------------------------------------------------------------------------------------- commands

/// Whether a command of the README can be run: its part, test, program or file exists.
fn check_command(command: &str) -> Result<(), String> {
    let words: Vec<&str> = command.split_whitespace().collect();
    match words.as_slice() {
        ["./test", parts @ ..] => parts.iter().try_for_each(|part| {
            let listed = read("test").lines().any(|line| {
                let mut columns = line.split('|');
                columns.next().is_some_and(|name| name.trim() == *part) && columns.count() == 3
            });
            listed.then_some(()).ok_or(format!("./test has no part {part}"))
        }),
        ["cargo", "test", "--test", program, filter @ ..] => {
            let alone = format!("tests/{program}.rs");
            let folder = format!("tests/{program}/");
            let files: Vec<String> = written_files()
                .into_iter()
                .filter(|file| *file == alone || file.starts_with(&folder))
                .collect();
            if files.is_empty() {
                return Err(format!("there is no {alone}"));
            }
            filter
                .iter()
                .filter(|word| !word.starts_with('-'))
                .try_for_each(|name| has_test(&files, name))
        }
        ["cargo", "test", "--lib", filter @ ..] => {
            let files: Vec<String> = sources().into_iter().map(|file| file.name).collect();
            filter
                .iter()
                .filter(|word| !word.starts_with('-'))
                .try_for_each(|name| has_test(&files, name))
        }
        ["cargo", "run", rest @ ..] => {
            let command = rest.iter().skip_while(|word| **word != "--").nth(1).unwrap_or(&"");
            has_subcommand(command)
        }
        ["python3", file, ..] => exists(file),
        [file, ..] if file.starts_with("bench/") || file.starts_with("tests/") => exists(file),
        _ => Err("a command of another form than this test knows".to_owned()),
    }
}

fn exists(file: &str) -> Result<(), String> {
    let found = root().join(file).exists();
    found.then_some(()).ok_or(format!("there is no {file}"))
}

/// The last part of a test's path is a function or a module of one of the files.
fn has_test(files: &[String], path: &str) -> Result<(), String> {
    let name = path.rsplit("::").next().unwrap_or(path);
    let found = files.iter().any(|file| {
        let text = read(file);
        text.contains(&format!("fn {name}")) || text.contains(&format!("mod {name}"))
    });
    found.then_some(()).ok_or(format!("there is no test {path}"))
}

fn has_subcommand(name: &str) -> Result<(), String> {
    let variant: String = name
        .split('-')
        .map(|part| part[..1].to_uppercase() + &part[1..])
        .collect();
    let cli = read("src/cli/mod.rs");
    let found = cli.lines().map(str::trim).any(|line| {
        [",", "(", " {"]
            .iter()
            .any(|end| line.starts_with(&format!("{variant}{end}")))
    });
    found.then_some(()).ok_or(format!("tasuki has no command {name}"))
}

// ----------------------------------------------------------------------------- reading the code

/// A file of `src`.
struct Source {
    name: String,
    /// The folder or file of `src` it belongs to.
    room: String,
    text: String,
    /// It is compiled for tests only.
    for_tests: bool,
}

impl Source {
    /// Numbered lines up to the tests, without comments.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let end = if self.for_tests {
            0
        } else {
            let lines: Vec<&str> = self.text.lines().collect();
            (0..lines.len())
                .find(|at| lines[*at] == "#[cfg(test)]" && !lines.get(at + 1).is_some_and(|next| next.ends_with(';')))
                .unwrap_or(lines.len())
        };
        (1..)
            .zip(self.text.lines())
            .take(end)
            .map(|(number, line)| (number, without_comment(line)))
    }
}

fn without_comment(line: &str) -> &str {
    let is_comment = line.trim_start().starts_with("//");
    if is_comment {
        ""
    } else {
        line.split(" // ").next().unwrap_or(line)
    }
}

fn sources() -> Vec<Source> {
    let mut files = Vec::new();
    walk(&root().join("src"), &mut files);
    let texts: BTreeMap<String, String> = files
        .iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| (relative(path), fs::read_to_string(path).unwrap_or_default()))
        .collect();
    let mut for_tests = BTreeSet::new();
    for (name, text) in &texts {
        let folder = name.strip_suffix("mod.rs").map_or_else(
            || format!("{}/", name.strip_suffix(".rs").unwrap_or(name)),
            str::to_owned,
        );
        let lines: Vec<&str> = text.lines().collect();
        for pair in lines.windows(2).filter(|pair| pair[0] == "#[cfg(test)]") {
            if let Some(module) = pair[1].strip_suffix(';').and_then(|line| line.rsplit(' ').next()) {
                for_tests.insert(format!("{folder}{module}.rs"));
            }
        }
    }
    texts
        .into_iter()
        .map(|(name, text)| Source {
            room: name
                .trim_start_matches("src/")
                .split(['/', '.'])
                .next()
                .unwrap_or_default()
                .to_owned(),
            for_tests: for_tests.contains(&name),
            name,
            text,
        })
        .collect()
}

/// The crate that a `use` names.
fn imported_crate(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let rest = line
        .strip_prefix("pub use ")
        .or_else(|| line.strip_prefix("pub(crate) use "))
        .or_else(|| line.strip_prefix("use "))?;
    rest.split([':', ';', ' ']).next()
}

/// The rooms that `crate::…` names in a line; in the program itself, that `tasuki::…` names.
fn rooms_named(line: &str) -> impl Iterator<Item = String> {
    let ours = line.split("crate::").skip(1).chain(line.split("tasuki::").skip(1));
    ours.map(|rest| {
        rest.chars()
            .take_while(|char| char.is_alphanumeric() || *char == '_')
            .collect::<String>()
    })
    .filter(|room| !room.is_empty() && room.starts_with(char::is_lowercase))
}

fn names_crate(line: &str, name: &str) -> bool {
    imported_crate(line) == Some(name) || has_word(line, &format!("{name}::"))
}

/// `word` stands in `line` with nothing of a name around it.
fn has_word(line: &str, word: &str) -> bool {
    let part_of_name = |char: Option<char>| char.is_some_and(|char| char.is_alphanumeric() || char == '_');
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let open_end = word.ends_with([':', '!']);
        !part_of_name(before) && before != Some(':') && (open_end || !part_of_name(after))
    })
}

// ------------------------------------------------------------------------ reading the documents

/// ARCHITECTURE.md's table of rooms: each with what it may use.
fn rooms() -> BTreeMap<String, BTreeSet<String>> {
    let rows = table_after(&read("ARCHITECTURE.md"), "## Rooms");
    let rooms: BTreeMap<_, _> = rows
        .iter()
        .map(|row| {
            (
                row[0].replace('`', ""),
                backticked(&row[2]).map(str::to_owned).collect(),
            )
        })
        .collect();
    assert!(rooms.contains_key("domain"), "the table of rooms was not found");
    rooms
}

/// ARCHITECTURE.md's table of crates: each with the rooms that may use it, or `any`.
fn crates() -> BTreeMap<String, BTreeSet<String>> {
    let rows = table_after(&read("ARCHITECTURE.md"), "## Dependencies");
    rows.iter()
        .map(|row| {
            let rooms = if row[2] == "any" {
                BTreeSet::from(["any".to_owned()])
            } else {
                backticked(&row[2]).map(str::to_owned).collect()
            };
            (row[0].replace('`', ""), rooms)
        })
        .collect()
}

/// The crates that Cargo.toml names under `[dependencies]`, as code names them.
fn dependencies() -> BTreeSet<String> {
    let manifest = read("Cargo.toml");
    let section = manifest.split("[dependencies]\n").nth(1).unwrap_or_default();
    section
        .lines()
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name.replace('-', "_"))
        .collect()
}

/// Every setting of config/default.toml, also those that are commented out, with its line.
fn settings() -> Vec<(usize, String)> {
    let mut table = String::new();
    let mut settings = BTreeMap::new();
    for (number, line) in (1..).zip(read("config/default.toml").lines()) {
        let line = line.strip_prefix("# ").unwrap_or(line);
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            let of_any_name = ["sources", "hooks"]
                .into_iter()
                .find(|kind| name.starts_with(&format!("{kind}.")));
            table = of_any_name.map_or_else(|| name.to_owned(), |kind| format!("{kind}.<name>"));
            continue;
        }
        let is_key = |key: &str| key.chars().all(|char| char.is_lowercase() || char == '_');
        if let Some((key, _)) = line.split_once(" = ")
            && is_key(key)
        {
            let setting = if table.is_empty() {
                key.to_owned()
            } else {
                format!("{table}.{key}")
            };
            settings.entry(setting).or_insert(number);
        }
    }
    settings
        .into_iter()
        .map(|(setting, number)| (number, setting))
        .collect()
}

/// Every key of the tables of docs/settings.md, under its heading.
fn documented_settings() -> BTreeSet<String> {
    let mut table = String::new();
    let mut settings = BTreeSet::new();
    for line in read("docs/settings.md").lines() {
        if let Some(heading) = line.strip_prefix("### ") {
            table = backticked(heading).next().map(str::to_owned).unwrap_or_default();
        } else if let Some(key) = line.strip_prefix("| `").and_then(|line| line.split('`').next()) {
            settings.insert(if table.is_empty() {
                key.to_owned()
            } else {
                format!("{table}.{key}")
            });
        }
    }
    settings
}

/// The rows of the first table after a heading, without its head.
fn table_after(text: &str, heading: &str) -> Vec<Vec<String>> {
    let Some((_, rest)) = text.split_once(heading) else {
        panic!("there is no heading {heading:?}")
    };
    rest.lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .skip(2)
        .map(|line| {
            line.trim_matches('|')
                .split('|')
                .map(|cell| cell.trim().to_owned())
                .collect()
        })
        .collect()
}

fn backticked(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Words of `text` that begin with `prefix`, of the characters that names have.
fn quoted_words(text: &str, prefix: &str) -> impl Iterator<Item = String> {
    text.match_indices(prefix).map(|(at, _)| {
        text[at..]
            .chars()
            .take_while(|char| char.is_alphanumeric() || "._-".contains(*char))
            .collect::<String>()
    })
}

// ---------------------------------------------------------------------------------------- files

/// What is wrong, all of it.
#[derive(Default)]
struct Faults(String);

impl Faults {
    fn add(&mut self, file: &str, line: usize, words: &str) {
        let place = if line == 0 {
            file.to_owned()
        } else {
            format!("{file}:{line}")
        };
        // Writing to a text cannot fail.
        let _written = writeln!(self.0, "{place}: {words}");
    }

    #[track_caller]
    fn none(self) {
        assert!(self.0.is_empty(), "\n{}", self.0);
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[track_caller]
fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Every file that people wrote: not what is built, fetched or generated.
fn written_files() -> Vec<String> {
    let mut files = Vec::new();
    walk(root(), &mut files);
    files
        .iter()
        .map(|path| relative(path))
        .filter(|path| !extension(path, "lock") && !extension(path, "pyc"))
        .collect()
}

fn extension(path: &str, extension: &str) -> bool {
    Path::new(path).extension().is_some_and(|found| found == extension)
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).to_string_lossy().into_owned()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        panic!("{} cannot be read", folder.display())
    };
    let mut paths: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    paths.sort_unstable();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && !["target", "data", ".git", "__pycache__", "proptest-regressions"].contains(&name.as_ref())
        {
            walk(&path, files);
        } else if path.is_file() && name != ".git" {
            files.push(path);
        }
    }
}
