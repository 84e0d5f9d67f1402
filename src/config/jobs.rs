//! `[[jobs]]`: what happens by the clock.

mod keep;

use std::time::Duration;

use crate::config::report::Fault;
use crate::config::secret::Secret;
use crate::config::section::{Reader, Section};
use crate::config::{cron, webhooks};
use crate::domain::schema::Schema;
use crate::domain::script;
use crate::domain::webhooks::SigningKey;
pub use keep::{Keep, Kept};

/// What happens by the clock.
#[derive(Debug, Clone)]
pub struct Job {
    /// Name, unique among the jobs.
    pub name: String,
    /// Cron expression or macro of contract B 6.3, UTC.
    pub schedule: String,
    /// What becomes of a time at which no server ran.
    pub missed: Missed,
    /// What happens.
    pub task: Task,
}

/// What becomes of a time of a job at which no server ran.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Missed {
    /// Nothing: the next one counts.
    #[default]
    Skip,
    /// The next start makes up for the last one.
    Run,
}

/// What a job does.
#[derive(Debug, Clone)]
pub enum Task {
    /// Sends a message.
    Webhook(Call),
    /// Runs these statements.
    Sql(Vec<String>),
    /// Forgets what is older.
    Keep(Vec<Keep>),
    /// Makes a backup.
    Backup,
}

/// Where a job sends a message.
#[derive(Debug, Clone)]
pub struct Call {
    /// The address; never empty.
    pub url: Secret,
    /// What signs the message.
    pub key: Option<SigningKey>,
    /// Whether private addresses may be called.
    pub allow_private: bool,
    /// How long an answer may take.
    pub timeout: Option<Duration>,
}

/// What belongs to `webhook` and to no other task.
const OF_WEBHOOKS: [&str; 3] = ["secret", "allow_private", "timeout"];

const TASKS: [&str; 4] = ["webhook", "sql", "keep", "backup"];

const MISSED: [(&str, Missed); 2] = [("skip", Missed::Skip), ("run", Missed::Run)];

/// One job; nothing when it cannot be read, or when its address is empty.
pub(super) fn read(
    section: &Section<'_>,
    known: &[Job],
    schema: &Schema,
    reader: &mut Reader<'_>,
) -> Option<Job> {
    let keys = [&["name", "schedule", "missed"], &TASKS[..], &OF_WEBHOOKS].concat();
    section.only(&keys, reader);
    let name = name(section, known, reader);
    if !section.has("schedule") {
        reader.fault(Fault::error("a job needs a `schedule`").at(section.place));
    }
    let schedule = cron::read("schedule", section, reader);
    let missed = section.choice("missed", &MISSED, reader).unwrap_or_default();
    let task = task(section, schema, reader);
    Some(Job { name: name?, schedule: schedule?, missed, task: task? })
}

fn task(section: &Section<'_>, schema: &Schema, reader: &mut Reader<'_>) -> Option<Task> {
    let tasks: Vec<&str> = TASKS.into_iter().filter(|task| section.has(task)).collect();
    let [task] = tasks.as_slice() else {
        reader.fault(
            Fault::error(format!("a job does one thing, not {}", tasks.len()))
                .at(section.place)
                .help("write one of `webhook`, `sql`, `keep` and `backup`"),
        );
        return None;
    };
    for key in OF_WEBHOOKS.into_iter().filter(|key| *task != "webhook" && section.has(key)) {
        let message = format!("`{key}` is for jobs with a `webhook`");
        reader.fault(Fault::error(message).at(section.key_place(key)));
    }
    match *task {
        "webhook" => call(section, reader).map(Task::Webhook),
        "sql" => sql(section, reader).map(Task::Sql),
        "keep" => keep::read(section, schema, reader).map(Task::Keep),
        _ => section.bool("backup", reader)?.then_some(Task::Backup),
    }
}

fn call(section: &Section<'_>, reader: &mut Reader<'_>) -> Option<Call> {
    let key = webhooks::key(section, reader);
    let allow_private = section.bool("allow_private", reader).unwrap_or_default();
    let timeout = webhooks::timeout(section, reader);
    let url = webhooks::address("webhook", allow_private, section, reader)?;
    Some(Call { url, key, allow_private, timeout })
}

/// The statements of `sql`.
fn sql(section: &Section<'_>, reader: &mut Reader<'_>) -> Option<Vec<String>> {
    let node = section.node("sql")?;
    let text = reader.text("sql", node)?;
    match script::statements(&text) {
        Ok(statements) => Some(statements),
        Err(reason) => {
            let message = format!("`sql` cannot be run: {reason}");
            reader.fault(Fault::error(message).at(&node.place));
            None
        }
    }
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
