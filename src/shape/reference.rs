//! The reference section of a page in `docs/`: every key of a file, as Markdown tables.

use super::{Key, Kind, Need, Table};

/// Tables of all keys. `default` gives the default of a required key that a built-in file sets.
pub fn reference(table: &'static Table, default: &dyn Fn(&str) -> Option<String>) -> String {
    let mut page = Page {
        default,
        told: Vec::new(),
        text: String::new(),
    };
    page.section(table, "");
    page.text
}

struct Page<'a> {
    default: &'a dyn Fn(&str) -> Option<String>,
    /// Tables that have their section already.
    told: Vec<&'static Table>,
    text: String,
}

impl Page<'_> {
    fn section(&mut self, table: &'static Table, path: &str) {
        if self.told.iter().any(|told| std::ptr::eq(*told, table)) {
            return;
        }
        self.told.push(table);
        let title = if path.is_empty() {
            "At the top".to_owned()
        } else {
            format!("`{path}`")
        };
        let head = "\n\n| key | what may stand there | default | meaning |\n|---|---|---|---|\n";
        self.text.extend(["### ", &title, head]);
        for key in table.keys {
            let words = key.kind.words();
            let default = self.default_of(key, &join(path, key.name));
            self.text
                .extend(["| `", key.name, "` | ", &words, " | ", &default, " | ", key.doc, " |\n"]);
        }
        if !table.exactly_one.is_empty() {
            let choices = table.exactly_one.join("`, `");
            self.text.extend(["\nExactly one of `", &choices, "`.\n"]);
        }
        self.text.push('\n');
        for key in table.keys {
            if let Some((inner, suffix)) = nested(&key.kind) {
                self.section(inner, &format!("{}{suffix}", join(path, key.name)));
            }
        }
    }

    fn default_of(&self, key: &Key, path: &str) -> String {
        match ((self.default)(path), key.need) {
            (Some(text), _) => format!("`{text}`"),
            (None, Need::Default(text)) => format!("`{text}`"),
            (None, Need::Required) => "required".to_owned(),
            (None, Need::Optional) => "none".to_owned(),
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

/// The table at a key, and how a path into it goes on.
fn nested(kind: &Kind) -> Option<(&'static Table, &'static str)> {
    match kind {
        Kind::Table(table) => Some((table, "")),
        Kind::Tables { of, .. } => Some((of, "[]")),
        Kind::Map {
            of: Kind::Table(table), ..
        } => Some((table, ".<name>")),
        _ => None,
    }
}
