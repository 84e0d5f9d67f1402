//! `ferrobase doctor`: looks at the config file, the data folder and all that an installation works with,
//! and says what to mend. May run beside a server.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::fs::{Access, access, statvfs};

use crate::cli::backup;
use crate::cli::configuration::{Configuration, LoadError, Lookup};
use crate::cli::lookup;
use crate::cli::options::DataOptions;
use crate::cli::run::colours;
use crate::cli::serve::Mode;
use crate::cli::terminal::{complain, say};
use crate::services::doctor::{Finding, Grade, Wanted, examine};
use crate::services::plan::Declared;

/// Bytes below which a disk is as good as full.
const LEAST_ROOM: u64 = 256 << 20;

/// How many times the size of the database there should be room for: a backup, and what unpacks it.
const COPIES: u64 = 2;

/// Prints what was found, the worst last.
///
/// # Errors
/// How much there is to mend.
pub(super) async fn run(options: &DataOptions) -> Result<(), String> {
    let mut findings = Vec::new();
    let found = lookup(options.config.clone(), Mode::Production).ok();
    let configuration = match found.as_ref().map(Lookup::load) {
        None => {
            let text = "There is no config file: collections are those that were made by the API.";
            findings.push(Finding::good("file", text));
            None
        }
        Some(Ok(configuration)) => {
            findings.push(file(&configuration));
            Some(configuration)
        }
        Some(Err(error)) => return end(vec![broken(&error)]),
    };
    findings.extend(folder(&options.dir));
    match backup::open(options, found) {
        Ok(app) => {
            let wanted = configuration.as_ref().map(|configuration| Wanted {
                declared: Declared::from_config(&configuration.config),
                has_replica: configuration.config.replica.is_some(),
            });
            findings.extend(examine(&app, wanted.as_ref()).await);
            app.store.close().await;
        }
        Err(error) => {
            findings.push(Finding::fault(
                "database",
                error.to_string(),
                "Mend that, and look again.",
            ));
        }
    }
    end(findings)
}

fn file(configuration: &Configuration) -> Finding {
    let warnings = &configuration.config.warnings;
    if warnings.is_empty() {
        return Finding::good("file", format!("{} is fine.", configuration.file.display()));
    }
    let text = warnings.render(colours());
    Finding::advice("file", text.trim_end(), "See docs/config.md.")
}

fn broken(error: &LoadError) -> Finding {
    let text = error.render(colours());
    Finding::fault("file", text.trim_end(), "Mend the file; ferrobase check looks at it alone.")
}

/// Looks at the data folder and at the disk below it.
fn folder(dir: &Path) -> Vec<Finding> {
    let shown = dir.display();
    let metadata = match fs::metadata(dir) {
        Ok(metadata) => metadata,
        Err(error) => {
            let text = format!("The data folder {shown} cannot be looked at: {error}.");
            return vec![Finding::fault("folder", text, "Name it with --dir.")];
        }
    };
    let mut findings = Vec::new();
    if access(dir, Access::WRITE_OK | Access::EXEC_OK).is_err() {
        let text = format!("This user may not write to {shown}.");
        findings.push(Finding::fault("folder", text, "Run it as the user of the server."));
    }
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o007 != 0 && is_readable(&dir.join("data.db")) {
        let text = format!("Everybody on this machine may read the data in {shown} ({mode:o}).");
        findings.push(Finding::advice("folder", text, format!("chmod 750 {shown}")));
    }
    findings.extend(room(dir));
    if findings.is_empty() {
        findings.push(Finding::good("folder", format!("{shown} is private and has room.")));
    }
    findings
}

/// Whether others may read the file.
fn is_readable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o004 != 0)
}

fn room(dir: &Path) -> Option<Finding> {
    let free = statvfs(dir).ok()?;
    let free = free.f_bavail.saturating_mul(free.f_frsize);
    let database = fs::metadata(dir.join("data.db")).map_or(0, |metadata| metadata.len());
    let text = format!("{} MB are free on the disk of {}.", free >> 20, dir.display());
    if free < LEAST_ROOM {
        let help =
            "Make room: old backups are in backups/ below it, logs are cleared in the dashboard.";
        return Some(Finding::fault("disk", text, help));
    }
    (free < database.saturating_mul(COPIES)).then(|| {
        let help = "A backup and a restore need room for the database again: use a larger disk, or a bucket.";
        Finding::advice("disk", text, help)
    })
}

fn end(mut findings: Vec<Finding>) -> Result<(), String> {
    // What matters most stands where the eye is.
    findings.sort_by_key(|finding| finding.grade);
    for finding in &findings {
        say(&line(finding));
    }
    let count = |grade| findings.iter().filter(|finding| finding.grade == grade).count();
    let (faults, advice) = (count(Grade::Fault), count(Grade::Advice));
    match faults {
        0 if advice == 0 => say("All is well."),
        0 => complain(&format!("Nothing is broken; {advice} to think about.")),
        faults => return Err(format!("{faults} to mend, {advice} to think about.")),
    }
    Ok(())
}

/// A finding as people read it: text below text.
fn line(finding: &Finding) -> String {
    let word = match finding.grade {
        Grade::Good => "ok",
        Grade::Advice => "think",
        Grade::Fault => "mend",
    };
    let text = finding.text.replace('\n', "\n                     ");
    let mut line = format!("{word:<6} {:<13} {text}", finding.about);
    if !finding.help.is_empty() {
        line.push_str(&format!("\n                     → {}", finding.help));
    }
    line
}
