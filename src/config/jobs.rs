//! `[[jobs]]`: what happens by the clock.

use std::time::Duration;

use crate::config::cron;
use crate::config::report::Fault;
use crate::config::secret::Secret;
use crate::config::section::{Reader, Section};
use crate::config::units;

/// What happens by the clock.
#[derive(Debug, Clone)]
pub struct Job {
    /// Name, unique among the jobs.
    pub name: String,
    /// Cron expression or macro of contract B 6.3, UTC.
    pub schedule: String,
    /// What happens.
    pub task: Task,
}

/// What a job does.
#[derive(Debug, Clone)]
pub enum Task {
    /// Calls an address.
    Webhook(Secret),
    /// Runs SQL.
    Sql(String),
    /// Forgets what is older: a name, such as `logs`, and how long it is kept.
    Keep(Vec<(String, Duration)>),
    /// Makes a backup.
    Backup,
}

const TASKS: [&str; 4] = ["webhook", "sql", "keep", "backup"];

/// One job; nothing when it cannot be read.
pub(super) fn read(section: &Section<'_>, known: &[Job], reader: &mut Reader<'_>) -> Option<Job> {
    section.only(&["name", "schedule", "webhook", "sql", "keep", "backup"], reader);
    reader.not_yet("jobs are", section.place);
    let name = name(section, known, reader);
    if !section.has("schedule") {
        reader.fault(Fault::error("a job needs a `schedule`").at(section.place));
    }
    let schedule = cron::read("schedule", section, reader);
    let tasks: Vec<&str> = TASKS.into_iter().filter(|task| section.has(task)).collect();
    let [task] = tasks.as_slice() else {
        reader.fault(
            Fault::error(format!("a job does one thing, not {}", tasks.len()))
                .at(section.place)
                .help("write one of `webhook`, `sql`, `keep` and `backup`"),
        );
        return None;
    };
    let task = match *task {
        "webhook" => Task::Webhook(section.secret("webhook", reader, |_| false)?),
        "sql" => Task::Sql(section.text("sql", reader)?),
        "keep" => Task::Keep(keep(section, reader)?),
        _ => match section.bool("backup", reader)? {
            true => Task::Backup,
            false => return None,
        },
    };
    Some(Job { name: name?, schedule: schedule?, task })
}

fn name(section: &Section<'_>, known: &[Job], reader: &mut Reader<'_>) -> Option<String> {
    if !section.has("name") {
        reader.fault(Fault::error("a job needs a `name`").at(section.place));
    }
    let name = section.text("name", reader)?;
    let place = section.node("name").map_or(section.place, |node| &node.place);
    if name.is_empty() || name.starts_with("__") {
        let message = format!("`{name}` cannot be the name of a job");
        reader.fault(
            Fault::error(message).at(place).help("choose one that does not begin with `__`"),
        );
    } else if known.iter().any(|job| job.name == name) {
        reader.fault(Fault::error(format!("there are two jobs `{name}`")).at(place));
    }
    Some(name)
}

fn keep(section: &Section<'_>, reader: &mut Reader<'_>) -> Option<Vec<(String, Duration)>> {
    let table = section.table("keep", reader)?;
    let mut kept = Vec::new();
    for entry in table.entries() {
        let what = "a duration such as \"30d\"";
        let duration = reader.parse(&entry.key, &entry.node, what, units::duration);
        kept.extend(duration.map(|duration| (entry.key.clone(), duration)));
    }
    Some(kept)
}
