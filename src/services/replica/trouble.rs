//! Telling people that nothing is shipped: in the log at once, and by mail when it goes on.

use std::mem::{Discriminant, discriminant};
use std::time::{Duration, Instant};

use crate::services::app::App;
use crate::services::mail::alert::{self, Alert};
use crate::services::replica::ReplicaError;

/// How long it may go on before superusers get a mail, and before the log says it again.
const PATIENCE: Duration = Duration::from_secs(300);

/// Since when nothing was shipped.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    since: Option<Instant>,
    /// What kind of trouble was told last, and when.
    told: Option<(Discriminant<ReplicaError>, Instant)>,
    is_mailed: bool,
}

impl Trouble {
    /// Takes note of how a round went.
    pub(super) async fn report(&mut self, app: &App, round: Result<(), ReplicaError>) {
        let Err(error) = round else {
            if self.since.take().is_some() {
                tracing::warn!("the log of the database is shipped again");
                *self = Self::default();
            }
            return;
        };
        let since = *self.since.get_or_insert_with(Instant::now);
        let kind = discriminant(&error);
        let is_known = self.told.is_some_and(|(told, at)| told == kind && at.elapsed() < PATIENCE);
        if !is_known {
            tracing::error!(%error, "the log of the database is not shipped now");
            self.told = Some((kind, Instant::now()));
        }
        if since.elapsed() < PATIENCE || self.is_mailed {
            return;
        }
        self.is_mailed = true;
        if let Err(error) = alert::tell_superusers(app, Alert::Replica, &error.to_string()).await {
            tracing::error!(%error, "superusers could not be told that nothing is shipped");
        }
    }
}
