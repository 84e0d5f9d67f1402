//! What stands beside the code says what is true of it: variables, options and paths in `deploy/`, the
//! tests that `SECURITY.md` names. Like `floors.rs`, each check is a function from text to faults, and
//! has a test of its own that it can fail.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use regex::Regex;

/// Beside `deploy/`, the files that tell how the server is run.
const ABOUT_RUNNING: [&str; 3] = ["Dockerfile", "docs/deploy.md", "docs/running.md"];

/// Variables of the server that it reads for others: no name of its own tells them apart.
const OTHERS: [&str; 1] = ["DATABASE_URL"];

/// Names that look like the server's and belong to the build or the tests.
const OF_THE_BUILD: [&str; 2] = ["FERROBASE_ADMIN_UI", "FERROBASE_BIN"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Path and text of every file in `deploy/`, and of those that tell how the server is run.
fn about_running() -> Vec<(String, String)> {
    let files = fs::read_dir(root().join("deploy")).unwrap();
    let names = files.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let deploy = names.map(|name| format!("deploy/{name}"));
    let mut paths: Vec<String> = deploy.chain(ABOUT_RUNNING.map(str::to_owned)).collect();
    paths.sort();
    assert!(paths.len() > ABOUT_RUNNING.len() + 3, "deploy/ was not found");
    paths.into_iter().map(|path| (path.clone(), read(&path))).collect()
}

fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

// --- variables -------------------------------------------------------------------------------------

/// The variables that the code names as text.
fn variables_of(source: &str) -> BTreeSet<String> {
    let name = Regex::new(r#""((?:FERROBASE_[A-Z0-9_]+)|DATABASE_URL)""#).unwrap();
    name.captures_iter(source).map(|found| found[1].to_owned()).collect()
}

/// What the server reads: `NAME`, and `NAME_FILE` of secrets.
fn known_variables() -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    for folder in ["src/cli", "src/config"] {
        for file in fs::read_dir(root().join(folder)).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "rs") {
                known.extend(variables_of(&fs::read_to_string(path).unwrap()));
            }
        }
    }
    known.extend(ferrobase::cli::SECRETS.iter().map(|name| format!("{name}_FILE")));
    known
}

fn unknown_variables(path: &str, text: &str, known: &BTreeSet<String>) -> Vec<String> {
    let others = OTHERS.map(|name| format!("{name}(?:_FILE)?")).join("|");
    let name = Regex::new(&format!(r"\b(?:FERROBASE_[A-Z0-9_]*[A-Z0-9]|{others})\b")).unwrap();
    name.find_iter(text)
        .map(|found| found.as_str())
        .filter(|found| !known.contains(*found) && !OF_THE_BUILD.contains(found))
        .map(|found| format!("{path}: the server reads no variable {found}"))
        .collect()
}

#[test]
fn variables_exist() {
    let known = known_variables();
    assert!(known.contains("FERROBASE_HTTP") && known.contains("DATABASE_URL_FILE"), "{known:?}");
    let files = about_running();
    let faults = files.iter().flat_map(|(path, text)| unknown_variables(path, text, &known));
    assert_none(&faults.collect::<Vec<_>>());
}

#[test]
fn every_variable_is_told_of() {
    let running = read("docs/running.md");
    let untold = known_variables().into_iter().filter(|name| {
        !name.ends_with("_FILE") && !Regex::new(&format!(r"\b{name}\b")).unwrap().is_match(&running)
    });
    // Options of `copy` and `restore`, told of where those are.
    let elsewhere = ["FERROBASE_TO", "FERROBASE_FROM"];
    let untold: Vec<_> = untold.filter(|name| !elsewhere.contains(&name.as_str())).collect();
    assert_none(&untold);
}

#[test]
fn variables_that_are_none_are_seen() {
    let known: BTreeSet<String> = ["FERROBASE_DIR".to_owned()].into();
    let faults = |text: &str| unknown_variables("x", text, &known).len();
    assert_eq!(faults("FERROBASE_DIR=/data FERROBASE_ADMIN_UI=none"), 0);
    assert_eq!(faults("FERROBASE_DIRS=/data"), 1);
    assert_eq!(faults("DATABASE_URL_FILE: /run/secrets/x, FERROBASE_DIR_FILE"), 2);
    assert_eq!(variables_of("env = \"FERROBASE_A\", \"DATABASE_URL\" FERROBASE_B").len(), 2);
}

// --- commands and options --------------------------------------------------------------------------

/// The commands and their options that a text gives to the executable, `serve` with `--http` and so on.
fn calls(text: &str) -> Vec<(String, Vec<String>)> {
    let call =
        Regex::new(r"(?m)(?:^|[\s`/(])ferrobase ((?:superuser )?[a-z]+)\b([^\n`|;&#]*)").unwrap();
    let option = Regex::new(r"(?:^|\s)(--[a-z][a-z-]*)").unwrap();
    let options = |words: &str| {
        let found = option.captures_iter(words);
        found.map(|option| option[1].to_owned()).collect()
    };
    let found = call.captures_iter(text);
    found.map(|call| (call[1].to_owned(), options(&call[2]))).collect()
}

/// The options that Kubernetes and compose files give in a list: `args: [serve, --locked=false]`.
fn listed_calls(text: &str) -> Vec<(String, Vec<String>)> {
    let list = Regex::new(r"(?m)^\s*(?:args|command): \[([^\]]*)\]").unwrap();
    let found = list.captures_iter(text).map(|list| {
        let words: Vec<String> = list[1].split(", ").map(str::to_owned).collect();
        let options = words[1..].iter().map(|word| word.split('=').next().unwrap().to_owned());
        (words[0].clone(), options.collect())
    });
    found.collect()
}

/// What `ferrobase COMMAND --help` says; nothing when there is no such command.
fn help_of(command: &str) -> Option<String> {
    let words = command.split(' ').chain(["--help"]);
    let ran = Command::new(env!("CARGO_BIN_EXE_ferrobase")).args(words).output().unwrap();
    ran.status.success().then(|| String::from_utf8(ran.stdout).unwrap())
}

#[test]
fn commands_and_options_exist() {
    let mut faults = Vec::new();
    let mut seen = 0;
    for (path, text) in about_running() {
        for (command, options) in calls(&text).into_iter().chain(listed_calls(&text)) {
            seen += 1;
            let Some(help) = help_of(&command) else {
                faults.push(format!("{path}: there is no command `ferrobase {command}`"));
                continue;
            };
            let unknown = options.iter().filter(|option| {
                !Regex::new(&format!(r"(?m)[\s,]{option}(?:[\s=\[<]|$)")).unwrap().is_match(&help)
            });
            faults.extend(
                unknown
                    .map(|option| format!("{path}: `ferrobase {command}` has no option {option}")),
            );
        }
    }
    assert_none(&faults);
    assert!(seen > 5, "no calls were found");
}

#[test]
fn calls_are_seen() {
    let text = "ExecStart=/bin/ferrobase serve --http 1 --locked=false\n`ferrobase superuser otp`";
    let serve = ("serve".to_owned(), vec!["--http".to_owned(), "--locked".to_owned()]);
    assert_eq!(calls(text), [serve, ("superuser otp".to_owned(), vec![])]);
    let list = "  args: [serve, --log-format=json]";
    assert_eq!(listed_calls(list), [("serve".to_owned(), vec!["--log-format".to_owned()])]);
    assert!(help_of("no-such-command").is_none());
    assert!(help_of("serve").unwrap().contains("--locked"));
}

// --- the image -------------------------------------------------------------------------------------

/// What the image says of itself: folders, port, user.
struct Image {
    data: String,
    work: String,
    port: String,
    user: String,
}

impl Image {
    fn of(dockerfile: &str) -> Self {
        let word = |pattern: &str| {
            let pattern = Regex::new(&format!("(?m){pattern}")).unwrap();
            // Stages before the last one have folders of their own.
            let last = pattern.captures_iter(dockerfile).last();
            last.unwrap_or_else(|| panic!("Dockerfile: no {pattern}"))[1].to_owned()
        };
        Self {
            data: word(r"^VOLUME (\S+)"),
            work: word(r"^WORKDIR (\S+)"),
            port: word(r"^EXPOSE (\d+)"),
            user: word(r"^USER (\d+):"),
        }
    }

    /// Where a text for containers says something else than the image.
    fn faults(&self, path: &str, text: &str) -> Vec<String> {
        let Self { data, work, port, user } = self;
        let wanted = [
            (r":(/data\b[^\s,\]:]*)", data.clone()),
            (r":(/app[^\s,\]:/]*)/", work.clone()),
            (r"name: data, mountPath: ([^\s,]+)", data.clone()),
            (r"name: config, mountPath: ([^\s,]+)", work.clone()),
            (r"containerPort: (\d+)", port.clone()),
            (r#"- "127\.0\.0\.1:8090:(\d+)""#, port.clone()),
            (r"server \w+ node-\w+:(\d+)", port.clone()),
            (r"(?:runAsUser|runAsGroup|fsGroup): (\d+)", user.clone()),
        ];
        let mut faults = Vec::new();
        for (pattern, is) in wanted {
            for found in Regex::new(pattern).unwrap().captures_iter(text) {
                if found[1] != is {
                    faults.push(format!("{path}: {} where the image has {is}", &found[0]));
                }
            }
        }
        faults
    }
}

#[test]
fn the_files_for_containers_agree_with_the_image() {
    let image = Image::of(&read("Dockerfile"));
    let files = about_running();
    let faults: Vec<_> = files
        .iter()
        .filter(|(path, _)| path.starts_with("deploy/"))
        .flat_map(|(path, text)| image.faults(path, text))
        .collect();
    assert_none(&faults);
    let test = read("tests/container/run.sh");
    assert!(test.contains(&format!("USER_ID={}", image.user)));
}

#[test]
fn disagreement_with_the_image_is_seen() {
    let image = Image::of("WORKDIR /src\nUSER 7:7\nWORKDIR /app\nVOLUME /data\nEXPOSE 80\n");
    let faults = |text: &str| image.faults("x", text).len();
    assert_eq!(faults("- a:/data\n- ../c.toml:/app/config.toml:ro\ncontainerPort: 80"), 0);
    assert_eq!(faults("- a:/database"), 0, "another folder");
    assert_eq!(faults("- a:/data/db"), 1);
    assert_eq!(faults("- ../c.toml:/apps/config.toml:ro"), 1);
    assert_eq!(faults("runAsUser: 8\ncontainerPort: 8080\nserver a node-a:81"), 3);
}

// --- the overlay of several nodes ------------------------------------------------------------------

#[test]
fn the_overlay_of_several_nodes_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("s3_url");
    fs::write(&secret, "https://key:secret@s3.example.com/bucket?region=eu-central-1\n").unwrap();
    let overlay = read("deploy/cluster.toml");
    assert!(overlay.contains("/run/secrets/s3_url"));
    let overlay = overlay.replace("/run/secrets/s3_url", secret.to_str().unwrap());
    fs::write(folder.path().join("config.toml"), read("config.toml")).unwrap();
    fs::write(folder.path().join("config.prod.toml"), overlay).unwrap();
    let checked = Command::new(env!("CARGO_BIN_EXE_ferrobase"))
        .current_dir(folder.path())
        .env_clear()
        .arg("check")
        .output()
        .unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}

// --- SECURITY.md and links -------------------------------------------------------------------------

/// Whether `file` below `root` has a test function of this name.
fn has_test(root: &Path, file: &str, name: &str) -> bool {
    let text = fs::read_to_string(root.join(file)).unwrap_or_default();
    Regex::new(&format!(r"\bfn {name}\b")).unwrap().is_match(&text)
}

/// Rows of tables that name no test, and tests that are not there.
fn unproven(text: &str, exists: impl Fn(&str, &str) -> bool) -> Vec<String> {
    let test = Regex::new(r"`((?:tests|src)/[\w./]+\.rs)::(\w+)`").unwrap();
    let mut faults = Vec::new();
    let lines: Vec<&str> = text.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        let is_row = line.starts_with('|') && !line.starts_with("|--") && !line.starts_with("| --");
        let is_head = lines.get(at + 1).is_some_and(|next| next.starts_with("|--"));
        if is_row && !is_head && !test.is_match(line) {
            faults.push(format!("names no test: {line}"));
        }
    }
    for found in test.captures_iter(text) {
        if !exists(&found[1], &found[2]) {
            faults.push(format!("there is no test {}::{}", &found[1], &found[2]));
        }
    }
    faults
}

#[test]
fn what_is_promised_is_tested() {
    let text = read("SECURITY.md");
    assert!(text.matches(".rs::").count() > 40, "SECURITY.md was not understood");
    assert_none(&unproven(&text, |file, name| has_test(&root(), file, name)));
}

#[test]
fn a_promise_without_a_test_is_seen() {
    let exists = |_: &str, name: &str| name == "there";
    let faults = |text: &str| unproven(text, exists).len();
    assert_eq!(faults("| who | what |\n|---|---|\n| a | b `tests/a.rs::there` |\n"), 0);
    assert_eq!(faults("| who | what |\n|---|---|\n| a | b |\n"), 1);
    assert_eq!(faults("| who | what |\n|---|---|\n| a | `src/a/b.rs::gone` |\n"), 1);
    assert!(has_test(&root(), "tests/documents.rs", "what_is_promised_is_tested"));
    assert!(!has_test(&root(), "tests/documents.rs", "what_is_promised"));
    assert!(!has_test(&root(), "tests/nowhere.rs", "there"));
}

/// Links to files that are not there.
fn dead_links(folder: &Path, text: &str) -> Vec<String> {
    let link = Regex::new(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)").unwrap();
    let links = link.captures_iter(text).map(|found| found[1].to_owned());
    links.filter(|path| !folder.join(path).exists()).collect()
}

#[test]
fn links_lead_somewhere() {
    let mut faults = Vec::new();
    for path in ["README.md", "SECURITY.md", "ARCHITECTURE.md"] {
        faults.extend(dead_links(&root(), &read(path)));
    }
    for file in fs::read_dir(root().join("docs")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "md") {
            faults.extend(dead_links(&root().join("docs"), &fs::read_to_string(&path).unwrap()));
        }
    }
    assert_none(&faults);
}

#[test]
fn dead_links_are_seen() {
    let faults = |text: &str| dead_links(&root(), text).len();
    assert_eq!(
        faults("[a](README.md) [b](docs/running.md#options) [c](https://example.com) [d](#x)"),
        0
    );
    assert_eq!(faults("[a](docs/nowhere.md) [b](nowhere.md#options)"), 2);
}
