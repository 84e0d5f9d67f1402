//! Names of backups (contract B 7.3). A name is also the name of a file in one folder, or of an object
//! in one bucket, so none may lead anywhere else.

use std::fmt;

use crate::domain::invalid::Fault;
use crate::domain::time::Timestamp;

/// What the names of scheduled backups begin with. Only these are removed when there are too many.
pub const SCHEDULED: &str = "@auto_pb_backup_";

/// Most bytes of a name that somebody gives, and of one that a file brought along.
const LONGEST_GIVEN: usize = 150;
const LONGEST: usize = 240;

/// Most characters of the app's name in a name that is made up.
const LONGEST_APP: usize = 50;

/// The name of a backup, which stays in its place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BackupName(String);

impl BackupName {
    /// Any name that can be a file of one folder: what is uploaded keeps its own. `None` for all others.
    pub fn parse(text: &str) -> Option<Self> {
        let is_plain = !text.is_empty()
            && text.len() <= LONGEST
            && !text.starts_with('.')
            && !text.contains(['/', '\\'])
            && !text.chars().any(char::is_control);
        is_plain.then(|| Self(text.to_owned()))
    }

    /// A name that somebody wants for a new backup.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn wanted(text: &str) -> Result<Self, Fault> {
        if text.len() > LONGEST_GIVEN {
            return Err(Fault::length(1, LONGEST_GIVEN));
        }
        let is_plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
        let stem = text.strip_suffix(".zip").filter(|stem| !stem.is_empty());
        match stem {
            Some(stem) if stem.bytes().all(is_plain) => Ok(Self(text.to_owned())),
            _ => Err(Fault::new(
                "validation_match_invalid",
                "Must be lower-case letters, digits, _ and -, and end with .zip.",
            )),
        }
    }

    /// The name of a backup made at `now` that nobody named.
    pub fn made_up(app: &str, now: Timestamp) -> Self {
        Self::stamped("pb_backup_", app, now)
    }

    /// The name of a backup that is made at `now` by the clock.
    pub fn scheduled(app: &str, now: Timestamp) -> Self {
        Self::stamped(SCHEDULED, app, now)
    }

    fn stamped(prefix: &str, app: &str, now: Timestamp) -> Self {
        let time = now.civil();
        Self(format!(
            "{prefix}{}_{:04}{:02}{:02}{:02}{:02}{:02}.zip",
            snake(app),
            time.year,
            time.month,
            time.day,
            time.hour,
            time.minute,
            time.second
        ))
    }

    /// Whether such a backup is removed by itself one day.
    pub fn is_scheduled(&self) -> bool {
        self.0.starts_with(SCHEDULED)
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BackupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The words of a name in lower case with `_` between them; other characters than letters and digits of
/// ASCII only part words, and so does a capital after a small letter.
fn snake(text: &str) -> String {
    let mut snake = String::new();
    let mut before = ' ';
    for character in text.chars() {
        if character.is_ascii_alphanumeric() {
            let begins = character.is_ascii_uppercase() && before.is_ascii_lowercase();
            if (begins || !before.is_ascii_alphanumeric()) && !snake.is_empty() {
                snake.push('_');
            }
            snake.push(character.to_ascii_lowercase());
        }
        before = character;
    }
    snake.truncate(LONGEST_APP);
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_stay_in_their_folder() {
        for name in
            ["a.zip", "@auto_pb_backup_x.zip", "Große Kopie (2).ZIP", "a..b", "no extension"]
        {
            assert_eq!(BackupName::parse(name).unwrap().as_str(), name);
        }
        let long = "x".repeat(241);
        for name in [
            "",
            ".",
            "..",
            ".hidden.zip",
            "../a.zip",
            "a/b.zip",
            "/a.zip",
            "a\\b.zip",
            "..\\a.zip",
            "a\0.zip",
            "a\n.zip",
            "a\u{7f}.zip",
            "a\u{85}.zip",
            &long,
        ] {
            assert_eq!(BackupName::parse(name), None, "{name:?}");
        }
    }

    #[test]
    fn names_that_are_wanted_are_plain() {
        let code = |name: &str| BackupName::wanted(name).err().map(|fault| fault.code);
        assert_eq!(code("a-b_1.zip"), None);
        for name in
            ["A.zip", "a.ZIP", ".zip", "a", "a.zip.x", "a b.zip", "../a.zip", "@a.zip", "ä.zip"]
        {
            assert_eq!(code(name), Some("validation_match_invalid"), "{name}");
        }
        let name = |length: usize| format!("{}.zip", "x".repeat(length - 4));
        assert_eq!(code(&name(150)), None);
        assert_eq!(code(&name(151)), Some("validation_length_out_of_range"));
    }

    #[test]
    fn names_that_are_made_up_tell_of_which_app_and_when() {
        let now = Timestamp::parse("2025-01-02 10:00:07.999Z").unwrap();
        let name = |app: &str| BackupName::made_up(app, now).to_string();
        assert_eq!(name("Acme"), "pb_backup_acme_20250102100007.zip");
        assert_eq!(name("My next-App, äh 2"), "pb_backup_my_next_app_h_2_20250102100007.zip");
        assert_eq!(name("myBlogAPI"), "pb_backup_my_blog_api_20250102100007.zip");
        assert_eq!(name(&"x".repeat(80)).len(), "pb_backup__20250102100007.zip".len() + 50);
        let scheduled = BackupName::scheduled("Acme", now);
        assert_eq!(scheduled.as_str(), "@auto_pb_backup_acme_20250102100007.zip");
        assert!(scheduled.is_scheduled() && !BackupName::made_up("Acme", now).is_scheduled());
        assert!(BackupName::parse(scheduled.as_str()).is_some());
    }
}
