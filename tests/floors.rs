//! Holds the shape of the house: which floor may use which, where SQL drivers and engine
//! differences may be named, how long a file may get, and which crates may not come in.
//!
//! Every check is a function from text to faults, and has a test of its own that it can fail.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

const FLOORS: [&str; 6] = ["domain", "config", "store", "services", "http", "cli"];

const MAY_USE: [(&str, &[&str]); 6] = [
    ("domain", &[]),
    ("config", &["domain"]),
    ("store", &["domain"]),
    ("services", &["domain", "config", "store"]),
    ("http", &["domain", "services"]),
    ("cli", &["domain", "config", "store", "services", "http"]),
];

/// Lines of a source file, the tests beside it not counted.
const LONGEST_FILE: usize = 800;

/// Crates that would bring a second TLS stack or a C toolchain beyond a compiler.
const BANNED_CRATES: [&str; 3] = ["openssl-sys", "native-tls", "aws-lc-sys"];

/// Crates of which two versions would mean two databases or two TLS configurations.
const SINGLE_CRATES: [&str; 4] = ["libsqlite3-sys", "rustls", "reqwest", "tokio-rustls"];

/// Names that say nothing about what a module is for.
const EMPTY_NAMES: [&str; 5] = ["utils", "util", "helpers", "common", "manager"];

/// A source file below `src/`: its path there, and its text.
struct Source {
    path: String,
    text: String,
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// The floor that holds the file; `lib.rs` and `main.rs` are on none.
    fn floor(&self) -> Option<&str> {
        self.path.split_once('/').map(|(floor, _)| floor)
    }

    fn is_test(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.contains("/tests/")
    }

    /// The code without comments and without the `#[cfg(test)] mod tests { … }` at its end.
    fn code(&self) -> String {
        without_comments(before_tests(&self.text))
    }

    /// How many module names stand between the crate and the code of this file.
    fn depth(&self) -> usize {
        let names = self.path.trim_end_matches(".rs").trim_end_matches("/mod");
        names.split('/').count()
    }

    fn fault(&self, what: impl std::fmt::Display) -> String {
        format!("src/{}: {what}", self.path)
    }
}

fn before_tests(text: &str) -> &str {
    let tests = Regex::new(r"(?m)^#\[cfg\(test\)\]\s*(#\[[^\n]*\]\s*)*mod \w+ \{").unwrap();
    tests.find(text).map_or(text, |found| &text[..found.start()])
}

/// Drops comments that have a line to themselves or end one; `//` inside a text on the same line
/// as code cuts the line short, which hides nothing that these checks look for.
fn without_comments(text: &str) -> String {
    text.lines()
        .map(|line| line.find("//").map_or(line, |at| &line[..at]))
        .collect::<Vec<_>>()
        .join("\n")
}

fn may_use(floor: &str, other: &str) -> bool {
    floor == other || MAY_USE.iter().any(|(name, below)| *name == floor && below.contains(&other))
}

/// Paths from a floor to one that it must not know, spelled `crate::` or with enough `super::`.
/// Tests may look deeper, to see what a call has left in the database.
fn upward_paths(source: &Source) -> Vec<String> {
    let Some(floor) = source.floor().filter(|_| !source.is_test()) else { return Vec::new() };
    let code = source.code();
    let mut named = paths_from_root(&code, r"\bcrate::");
    named.extend(paths_from_root(&code, &format!(r"\b(?:super::){{{}}}", source.depth())));
    named
        .into_iter()
        .filter(|other| FLOORS.contains(&other.as_str()) && !may_use(floor, other))
        .map(|other| source.fault(format!("`{floor}` must not know `{other}`")))
        .collect()
}

/// The first names behind `root`, those of a group `{a::…, b}` included.
fn paths_from_root(code: &str, root: &str) -> Vec<String> {
    let path = Regex::new(&format!(r"{root}(?:(\w+)|(\{{))")).unwrap();
    let mut names = Vec::new();
    for found in path.captures_iter(code) {
        match (found.get(1), found.get(2)) {
            (Some(name), _) => names.push(name.as_str().to_owned()),
            (None, Some(brace)) => names.extend(group_heads(&code[brace.end()..])),
            (None, None) => {}
        }
    }
    names
}

/// First names of the members of a `use` group whose opening brace was just passed.
fn group_heads(rest: &str) -> Vec<String> {
    let mut depth = 1;
    let mut heads = vec![String::new()];
    for character in rest.chars() {
        match character {
            '{' => depth += 1,
            '}' if depth == 1 => break,
            '}' => depth -= 1,
            ',' if depth == 1 => heads.push(String::new()),
            other if depth == 1 => heads.last_mut().unwrap().push(other),
            _ => {}
        }
    }
    heads.iter().filter_map(|head| head.trim().split("::").next().map(str::to_owned)).collect()
}

/// The database drivers are known to the engines alone.
fn drivers_outside_engines(source: &Source) -> Vec<String> {
    if source.path.starts_with("store/engine/") || source.path == "store/engine.rs" {
        return Vec::new();
    }
    let driver = Regex::new(r"\b(rusqlite|sqlx)\b\s*(::|;|\s+as\b)").unwrap();
    driver
        .captures_iter(&without_comments(&source.text))
        .map(|found| source.fault(format!("`{}` belongs under store/engine/", &found[1])))
        .collect()
}

/// Decisions that depend on the engine are words of the dialect, not branches elsewhere.
fn dialect_branches(source: &Source) -> Vec<String> {
    if source.path == "store/dialect.rs" || source.is_test() {
        return Vec::new();
    }
    let variant = r"(?:\w+::)*Dialect::[A-Z]\w*";
    let branch = Regex::new(&format!(
        r"{variant}[\s),]*(?:=>|\|[^|]|\bif\b)|[=!]=\s*{variant}|{variant}\s*[=!]=|\blet\s+{variant}\s*=|matches!\s*\([^)]*?\b{variant}|Dialect::(?:\*|\{{)"
    ))
    .unwrap();
    branch
        .find_iter(&source.code())
        .map(|found| source.fault(format!("`{}` decides by dialect", found.as_str().trim())))
        .collect()
}

/// `main.rs` hands over to the command line and knows nothing else.
fn main_beyond_cli(source: &Source) -> Vec<String> {
    if source.path != "main.rs" {
        return Vec::new();
    }
    paths_from_root(&source.code(), r"\bferrobase::")
        .into_iter()
        .filter(|name| name != "cli")
        .map(|name| source.fault(format!("main knows `{name}`, it may only know `cli`")))
        .collect()
}

fn too_long(source: &Source) -> Vec<String> {
    let lines = before_tests(&source.text).lines().count();
    if source.is_test() || lines <= LONGEST_FILE {
        return Vec::new();
    }
    vec![source.fault(format!("{lines} lines, at most {LONGEST_FILE}"))]
}

fn without_opening_words(source: &Source) -> Vec<String> {
    if source.is_test() || source.text.starts_with("//!") {
        return Vec::new();
    }
    vec![source.fault("does not open with `//!` saying what it is for")]
}

fn empty_names(source: &Source) -> Vec<String> {
    source
        .path
        .trim_end_matches(".rs")
        .split('/')
        .filter(|name| EMPTY_NAMES.contains(name))
        .map(|name| source.fault(format!("`{name}` does not say what is in it")))
        .collect()
}

/// `AssertSqlSafe` is where text becomes SQL unchecked, so there is one such place.
fn unchecked_sql(sources: &[Source]) -> Vec<String> {
    let word = Regex::new(r"\bAssertSqlSafe\s*\(").unwrap();
    let uses: usize =
        sources.iter().map(|source| word.find_iter(&without_comments(&source.text)).count()).sum();
    if uses > 1 {
        vec![format!("AssertSqlSafe is used {uses} times, at most once")]
    } else {
        vec![]
    }
}

fn crates_of(lock: &str) -> Vec<&str> {
    lock.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"')).collect()
}

fn banned_crates(lock: &str) -> Vec<String> {
    let names = crates_of(lock);
    let banned = BANNED_CRATES
        .iter()
        .filter(|banned| names.contains(banned))
        .map(|banned| format!("Cargo.lock: `{banned}` must not come in"));
    let doubled = SINGLE_CRATES
        .iter()
        .filter(|single| names.iter().filter(|name| name == single).count() > 1)
        .map(|single| format!("Cargo.lock: two versions of `{single}`"));
    banned.chain(doubled).collect()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<Source> {
    let root = root().join("src");
    let mut found = Vec::new();
    collect(&root, &root, &mut found);
    assert!(found.len() > 10, "src/ was not found");
    found
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
            found.push(Source { path: name, text: fs::read_to_string(&path).unwrap() });
        }
    }
}

fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

fn assert_all(check: fn(&Source) -> Vec<String>) {
    assert_none(&sources().iter().flat_map(check).collect::<Vec<_>>());
}

#[test]
fn floors_only_look_down() {
    assert_all(upward_paths);
    assert_all(main_beyond_cli);
}

#[test]
fn every_floor_is_in_the_table() {
    let unknown: Vec<_> = sources()
        .iter()
        .filter_map(|source| source.floor().map(str::to_owned))
        .filter(|floor| !FLOORS.contains(&floor.as_str()))
        .collect();
    assert_none(&unknown);
}

#[test]
fn drivers_stay_in_the_engines() {
    assert_all(drivers_outside_engines);
}

#[test]
fn only_the_dialect_branches_on_the_dialect() {
    assert_all(dialect_branches);
}

#[test]
fn files_stay_short_and_say_what_they_are_for() {
    assert_all(too_long);
    assert_all(without_opening_words);
    assert_all(empty_names);
}

#[test]
fn sql_is_declared_safe_in_one_place() {
    assert_none(&unchecked_sql(&sources()));
}

#[test]
fn no_banned_or_doubled_crates() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    assert!(crates_of(&lock).contains(&"libsqlite3-sys"), "Cargo.lock was not understood");
    assert_none(&banned_crates(&lock));
}

#[test]
fn upward_paths_are_seen() {
    let faults = |path: &str, text: &str| upward_paths(&Source::new(path, text)).len();
    assert_eq!(faults("domain/id.rs", "use crate::store::Store;"), 1);
    assert_eq!(faults("store/sql.rs", "fn f() { crate::services::app::App::new() }"), 1);
    assert_eq!(faults("http/records.rs", "use crate::{domain::Json, store::{Db, Tx}, cli};"), 2);
    assert_eq!(faults("domain/rules/mod.rs", "use super::super::config::Config;"), 1);
    assert_eq!(faults("domain/mod.rs", "use super::http;"), 1);
    assert_eq!(faults("config/mod.rs", "use crate::services::Error;"), 1);
}

#[test]
fn downward_paths_and_words_are_not() {
    let faults = |path: &str, text: &str| upward_paths(&Source::new(path, text)).len();
    assert_eq!(faults("cli/serve.rs", "use crate::{config, http, services, store};"), 0);
    assert_eq!(faults("http/records.rs", "use crate::services::records;"), 0);
    assert_eq!(faults("http/records.rs", "use super::config::Options;"), 0);
    assert_eq!(faults("domain/id.rs", "/// See [`crate::store::Store`].\nstruct Id;"), 0);
    assert_eq!(faults("lib.rs", "pub mod store;"), 0);
    let tests = "fn f() {}\n\n#[cfg(test)]\nmod tests {\n    use crate::store::Store;\n}\n";
    assert_eq!(faults("domain/id.rs", tests), 0);
    assert_eq!(faults("http/records/tests/world.rs", "use crate::store::Store;"), 0);
}

#[test]
fn drivers_elsewhere_are_seen() {
    let faults = |path: &str, text: &str| drivers_outside_engines(&Source::new(path, text)).len();
    assert_eq!(faults("store/records.rs", "use rusqlite::Connection;"), 1);
    assert_eq!(faults("services/app.rs", "use sqlx;\nfn f(e: rusqlite::Error) {}"), 2);
    assert_eq!(faults("store/engine/sqlite.rs", "use rusqlite::Connection;"), 0);
    assert_eq!(faults("store/mod.rs", "// rusqlite::Connection is not Sync"), 0);
}

#[test]
fn dialect_branches_are_seen() {
    let faults = |text: &str| dialect_branches(&Source::new("store/ddl.rs", text)).len();
    assert_eq!(faults("match dialect { Dialect::Sqlite => 1, _ => 2 }"), 1);
    assert_eq!(faults("match d { dialect::Dialect::Sqlite\n | Dialect::Postgres if x => 1 }"), 2);
    assert_eq!(faults("if dialect == Dialect::Postgres {}"), 1);
    assert_eq!(faults("matches!(tx.dialect, Dialect::Sqlite)"), 1);
    assert_eq!(faults("if let Dialect::Sqlite = dialect {}"), 1);
    assert_eq!(faults("match (a, Dialect::Sqlite) { (_, Dialect::Sqlite) => 1 }"), 1);
    assert_eq!(faults("use crate::store::dialect::Dialect::*;"), 1);
    assert_eq!(faults("Self { dialect: Dialect::Sqlite }"), 0);
    assert_eq!(faults("for dialect in [Dialect::Sqlite, Dialect::Postgres] {}"), 0);
    let own = Source::new("store/dialect.rs", "match self { Dialect::Sqlite => 1 }");
    assert!(dialect_branches(&own).is_empty());
}

#[test]
fn main_knowing_more_is_seen() {
    let main = |text: &str| main_beyond_cli(&Source::new("main.rs", text)).len();
    assert_eq!(main("use ferrobase::store::Store;"), 1);
    assert_eq!(main("ferrobase::cli::run()"), 0);
}

#[test]
fn long_files_are_seen_without_their_tests() {
    let long = "let x = 1;\n".repeat(LONGEST_FILE + 1);
    assert_eq!(too_long(&Source::new("domain/a.rs", &long)).len(), 1);
    assert_eq!(too_long(&Source::new("domain/a/tests.rs", &long)).len(), 0);
    let tested = format!("fn f() {{}}\n#[cfg(test)]\nmod tests {{\n{long}}}\n");
    assert_eq!(too_long(&Source::new("domain/a.rs", &tested)).len(), 0);
}

#[test]
fn missing_words_and_empty_names_are_seen() {
    assert_eq!(without_opening_words(&Source::new("domain/a.rs", "use std::fs;")).len(), 1);
    assert_eq!(without_opening_words(&Source::new("domain/a.rs", "//! Ids.\n")).len(), 0);
    assert_eq!(empty_names(&Source::new("domain/utils.rs", "")).len(), 1);
    assert_eq!(empty_names(&Source::new("http/common/body.rs", "")).len(), 1);
    assert_eq!(empty_names(&Source::new("http/body.rs", "")).len(), 0);
}

#[test]
fn a_second_unchecked_sql_is_seen() {
    let once = Source::new("store/engine/postgres.rs", "query(AssertSqlSafe(text))");
    let again = Source::new("store/records.rs", "query(AssertSqlSafe (text))");
    assert_eq!(unchecked_sql(&[once, again]).len(), 1);
    let once = Source::new("store/engine/postgres.rs", "use x::AssertSqlSafe; AssertSqlSafe(text)");
    assert_eq!(unchecked_sql(&[once]).len(), 0);
}

#[test]
fn bad_crates_are_seen() {
    let package = |name: &str| format!("[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\n");
    assert_eq!(banned_crates(&package("openssl-sys")).len(), 1);
    assert_eq!(banned_crates(&package("rustls").repeat(2)).len(), 1);
    assert_eq!(banned_crates(&package("rustls")).len(), 0);
}
