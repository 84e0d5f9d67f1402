//! What an operator should know of an installation: whether the database is whole, whether the file and
//! the database agree, whether mails, buckets and backups work, and which rules let anybody in. Looks at
//! everything and mends nothing.

mod backups;
mod finding;
mod outside;
mod rules;

pub use finding::{Finding, Grade};

use crate::domain::settings::Settings;
use crate::services::app::App;
use crate::services::plan::{self, Class, Declared};
use crate::services::{Error, settings, superusers};
use crate::store::clock;

/// Milliseconds that the clocks of this machine and of the database may differ.
const SKEW: i64 = 5_000;

/// What the config file wants.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Collections and settings.
    pub declared: Declared,
    /// Whether the log of the database is shipped.
    pub has_replica: bool,
}

/// Looks at what `app` works with. `wanted` is what the file says, if there is one.
pub async fn examine(app: &App, wanted: Option<&Wanted>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let database = database(app).await;
    let is_away = database.iter().any(|finding| finding.grade == Grade::Fault);
    findings.extend(database);
    if is_away {
        return findings;
    }
    if let Some(wanted) = wanted {
        findings.push(drift(app, &wanted.declared).await);
    }
    findings.extend(rules::examine(&app.store.schema()));
    findings.push(superusers(app).await);
    let has_replica = wanted.is_some_and(|wanted| wanted.has_replica);
    match settings::current(app).await {
        Ok(settings) => {
            findings.extend(limits(&settings));
            findings.extend(outside::address(&settings));
            findings.extend(outside::mail(app, &settings).await);
            findings.extend(outside::buckets(app, &settings).await);
            findings.extend(backups::examine(app, &settings, has_replica).await);
        }
        Err(error) => findings.push(unreadable("settings", &error)),
    }
    findings
}

async fn database(app: &App) -> Vec<Finding> {
    let theirs = match app.store.read(clock::now).await {
        Ok(theirs) => theirs,
        Err(error) => return vec![unreadable("database", &error.into())],
    };
    let fault = match app.store.find_fault().await {
        Ok(fault) => fault,
        // It answered a moment ago: what it does not get through is the file.
        Err(error) => Some(error.to_string()),
    };
    let mut findings = vec![match fault {
        None => Finding::good("database", "The database answers and is whole."),
        Some(fault) => damaged(&fault),
    }];
    let apart = theirs.map_or(0, |theirs| app.clock.now().millis().abs_diff(theirs.millis()));
    if apart > SKEW.unsigned_abs() {
        let text = format!("The clocks of this machine and of the database are {apart} ms apart.");
        findings.push(Finding::fault("clock", text, "Let NTP set both, with chrony for instance."));
    }
    findings
}

fn damaged(how: &str) -> Finding {
    let help = "Stop the server, keep a copy of the folder, and restore the newest backup: ferrobase \
                restore NAME";
    Finding::fault("database", format!("The database is damaged: {how}."), help)
}

async fn drift(app: &App, declared: &Declared) -> Finding {
    let plan = match plan::compute(app, declared).await {
        Ok(plan) => plan,
        Err(error) => return unreadable("file", &error),
    };
    if plan.is_empty() {
        return Finding::good("file", "The file and the database say the same.");
    }
    let rendered = plan::render(&plan);
    match plan.class() {
        Class::Safe | Class::Opening => Finding::advice(
            "file",
            format!("The file says what the database has not yet:\n{rendered}"),
            "The next start makes these changes.",
        ),
        Class::NeedsApply | Class::Blocked => Finding::fault(
            "file",
            format!("The file says what no start makes by itself:\n{rendered}"),
            "Change the file back, or see docs/config.md, Changing the file.",
        ),
    }
}

async fn superusers(app: &App) -> Finding {
    match superusers::is_there_one(app).await {
        Ok(true) => Finding::good("superusers", "There is a superuser."),
        Ok(false) => Finding::advice(
            "superusers",
            "There is no superuser, and whoever has the link that a start prints becomes the first.",
            "ferrobase superuser create EMAIL",
        ),
        Err(error) => unreadable("superusers", &error),
    }
}

fn limits(settings: &Settings) -> Option<Finding> {
    (!settings.rate_limits.enabled).then(|| {
        Finding::advice(
            "limits",
            "Anybody may send any number of requests.",
            "Add [limits] to the file: docs/limits.md.",
        )
    })
}

/// What cannot be looked at.
fn unreadable(about: &'static str, error: &Error) -> Finding {
    let cause = std::error::Error::source(error);
    let text = match cause {
        Some(cause) => format!("It cannot be looked at: {error}: {cause}."),
        None => format!("It cannot be looked at: {error}."),
    };
    Finding::fault(about, text, "See whether the database can be reached and has room.")
}
