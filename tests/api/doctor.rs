//! `ferrobase doctor`: what is wrong is told, what is well too, and nothing is changed.

use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::TempDir;

use super::harness::{Database, Finished, PASSWORD, Process};
use super::only::sqlite_only;

const NOTES: &str =
    "[collections.notes]\nfields = { text = \"text\" }\nrules = { read = \"public\" }\n";

/// A folder with this file whose server has run.
fn installed(config: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), config);
    let made = ["superuser", "create", "root@example.com", PASSWORD];
    assert_eq!(Process::run(folder.path(), &made).code, Some(0));
    assert_eq!(Process::serve(folder.path(), &[]).terminate().code, Some(0));
    folder
}

fn write(folder: &Path, config: &str) {
    fs::write(folder.join("config.toml"), config).unwrap();
}

/// What the doctor says, which changes nothing.
fn examine(folder: &Path) -> Finished {
    let digest = Database::of(folder).digest();
    let examined = Process::run(folder, &["doctor"]);
    assert_eq!(Database::of(folder).digest(), digest);
    examined
}

/// Its lines that begin with this word.
fn graded(examined: &Finished, word: &str) -> Vec<String> {
    let lines = examined.stdout.lines().filter(|line| line.starts_with(word));
    lines.map(|line| line[word.len()..].split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[track_caller]
fn assert_says(lines: &[String], words: &str) {
    assert!(lines.iter().any(|line| line.contains(words)), "{words:?} is not in {lines:?}");
}

#[test]
fn an_installation_that_is_well_is_called_so() {
    let config = format!(
        "{NOTES}[app]\nurl = \"https://app.example\"\n[limits]\n\"/api/\" = \"100/s\"\n\
         [backups]\ncron = \"0 3 * * *\"\n"
    );
    let folder = installed(&config);
    let folder = folder.path();
    fs::set_permissions(folder.join("data"), fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(Process::run(folder, &["backup"]).code, Some(0));
    let examined = examine(folder);
    assert_eq!(examined.code, Some(0), "{examined:?}");
    let well = graded(&examined, "ok");
    for words in [
        "config.toml is fine",
        "is private and has room",
        "The database answers and is whole",
        "The file and the database say the same",
        "There is a superuser",
        "No rule lets guests",
        "The newest backup is of",
    ] {
        assert_says(&well, words);
    }
    let advice = graded(&examined, "think");
    assert_says(&advice, "on the same machine as the data");
    assert_eq!((advice.len(), graded(&examined, "mend").len()), (1, 0), "{advice:?}");
}

#[test]
fn what_few_people_mean_is_asked_about() {
    let config = "[collections.notes]\nfields = { text = \"text\" }\n\
                  rules = { read = \"public\", write = \"public\" }\n\
                  [collections.people]\ntype = \"auth\"\nrules = { read = \"public\" }\n\
                  [app]\nurl = \"http://app.example\"\n";
    let folder = installed(config);
    let data = folder.path().join("data");
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let examined = examine(folder.path());
    assert_eq!(examined.code, Some(0), "{examined:?}");
    let advice = graded(&examined, "think");
    assert_says(&advice, "Guests may change every record and delete every record of notes");
    assert_says(&advice, "Guests may list the accounts of people");
    assert_says(&advice, "http://app.example/ is not encrypted");
    assert_says(&advice, "Anybody may send any number of requests");
    assert_says(&advice, "Mails reach nobody");
    assert_says(&advice, "No backups are made by the clock");
    assert_says(&advice, "There is no backup");
    assert!(examined.stdout.contains("→ Make one: ferrobase backup"), "{}", examined.stdout);
    assert!(examined.stderr.contains("Nothing is broken"), "{}", examined.stderr);
}

#[test]
fn what_does_not_work_is_to_mend() {
    let folder = installed(NOTES);
    let folder = folder.path();
    let type_changed = NOTES.replace("text = \"text\"", "text = \"number\"");
    // Nobody listens at that port, which needs a right that only the system's services have.
    let mail = "[mail]\nfrom = \"App <app@example.com>\"\nsmtp = \"smtp://127.0.0.1:1\"\n";
    write(folder, &format!("{type_changed}{mail}"));
    let examined = examine(folder);
    assert_eq!(examined.code, Some(1), "{examined:?}");
    let faults = graded(&examined, "mend");
    assert_says(&faults, "The file says what no start makes by itself");
    assert_says(&faults, "The mail server 127.0.0.1:1 takes no mails");
    assert_says(&faults, "which others cannot reach");
    assert!(examined.stdout.contains("notes"), "{}", examined.stdout);
    assert!(examined.stderr.contains("3 to mend"), "{}", examined.stderr);

    write(folder, "[collections.notes]\nfield = {}\n");
    let examined = examine(folder);
    assert_eq!(examined.code, Some(1));
    assert_says(&graded(&examined, "mend"), "file");
    assert!(examined.stdout.contains("field"), "{}", examined.stdout);
}

#[test]
fn a_folder_that_is_none_is_told_and_not_made() {
    if sqlite_only("there is a database elsewhere") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let examined = Process::run(folder.path(), &["doctor"]);
    assert_eq!(examined.code, Some(1), "{examined:?}");
    let faults = graded(&examined, "mend");
    assert_says(&faults, "cannot be looked at");
    assert_says(&faults, "There is no database");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_damaged_database_is_seen() {
    if sqlite_only("PostgreSQL looks after its own files") {
        return;
    }
    let folder = installed(NOTES);
    let folder = folder.path();
    let rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) \
                INSERT INTO notes (id, text) SELECT printf('%015d', i), hex(zeroblob(500)) FROM n";
    Database::of(folder).change(rows);
    let file = Database::file(folder);
    let mut file = fs::OpenOptions::new().write(true).open(file).unwrap();
    // The last page is one of the rows.
    file.seek(SeekFrom::End(-4096)).unwrap();
    file.write_all(&[0xff; 4096]).unwrap();
    drop(file);
    let examined = Process::run(folder, &["doctor"]);
    assert_eq!(examined.code, Some(1), "{examined:?}");
    assert_says(&graded(&examined, "mend"), "The database is damaged");
    assert!(examined.stdout.contains("ferrobase restore"), "{}", examined.stdout);
}
