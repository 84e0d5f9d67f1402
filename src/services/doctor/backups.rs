//! Whether the data would survive this machine.

use crate::domain::settings::Settings;
use crate::domain::time::Timestamp;
use crate::services::app::App;
use crate::services::backups;
use crate::services::doctor::{Finding, unreadable};

/// Milliseconds of a day.
const DAY: i64 = 24 * 60 * 60 * 1_000;

/// Days after which the newest backup is old.
const OLD: i64 = 8;

/// Looks at the schedule and at what came of it.
pub(super) async fn examine(app: &App, settings: &Settings, has_replica: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    let is_scheduled = !settings.backups.cron.is_empty();
    if !is_scheduled && !has_replica {
        findings.push(Finding::advice(
            "backups",
            "No backups are made by the clock.",
            "Add [backups] with a cron expression to the file: docs/backups.md.",
        ));
    }
    let newest = match backups::list(app).await {
        Ok(views) => views.into_iter().filter_map(|view| Timestamp::parse(&view.modified)).max(),
        Err(error) => {
            findings.push(unreadable("backups", &error));
            return findings;
        }
    };
    findings.push(match newest {
        None => Finding::advice("backups", "There is no backup.", "Make one: ferrobase backup"),
        Some(newest) => {
            let days = (app.clock.now().millis() - newest.millis()).max(0) / DAY;
            if days < OLD {
                Finding::good("backups", format!("The newest backup is of {newest}."))
            } else {
                let text = format!("The newest backup is {days} days old.");
                Finding::advice("backups", text, "Make one: ferrobase backup")
            }
        }
    });
    if settings.backups.s3.bucket.is_empty() && is_scheduled {
        findings.push(Finding::advice(
            "backups",
            "Backups are kept on the same machine as the data.",
            "Keep them in a bucket ([backups] s3), or copy them elsewhere.",
        ));
    }
    findings
}
