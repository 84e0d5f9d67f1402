//! The tasks behind realtime: one tells clients what the store told, the other ends connections whose time
//! is over.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::task::JoinHandle;

use crate::domain::event::Event;
use crate::services::app::App;
use crate::services::realtime::backlog::{Commit, Task};
use crate::services::realtime::deliver::{Change, deliver};
use crate::services::realtime::identity;
use crate::services::realtime::past::{Past, catch_up};

/// How often the clock is looked at.
const TICK: Duration = Duration::from_secs(1);

/// The tasks, until they are stopped or dropped.
pub struct Service {
    telling: JoinHandle<()>,
    sweeping: JoinHandle<()>,
}

impl Service {
    /// Starts them.
    pub fn start(app: Arc<App>) -> Self {
        let sweeping = tokio::spawn(sweep(Arc::clone(&app)));
        Self { telling: tokio::spawn(tell(app)), sweeping }
    }

    /// Stops them. Who is still connected is told nothing more.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.telling.abort();
        self.sweeping.abort();
    }
}

async fn sweep(app: Arc<App>) {
    let mut ticks = tokio::time::interval(TICK);
    loop {
        ticks.tick().await;
        app.realtime.sweep(app.clock.now());
    }
}

async fn tell(app: Arc<App>) {
    let mut past = Past::default();
    loop {
        let task = app.realtime.backlog.next().await;
        if AssertUnwindSafe(carry_out(&app, &mut past, task)).catch_unwind().await.is_err() {
            // The panic hook has written what happened. Nobody knows who was told what, or whose
            // sign-in has ended meanwhile.
            past = Past::default();
            app.realtime.end_all();
            app.realtime.progress.skip();
        }
    }
}

async fn carry_out(app: &App, past: &mut Past, task: Task) {
    match task {
        Task::Commit(commit) => {
            tell_of(app, &commit).await;
            past.keep(commit, app.realtime.pace.now());
        }
        Task::CatchUp(wanted) => catch_up(app, past, &wanted).await,
        Task::Overrun => {
            tracing::warn!("realtime cannot keep up with the writes: all clients start anew");
            *past = Past::default();
            app.realtime.end_all();
            app.realtime.progress.skip();
        }
    }
}

/// Tells of one commit. Accounts are what the whole of it made them: who has lost a role in it is not told
/// either what it did before. Who removed their own account hears of it; who lost a session does not hear
/// of what came after.
async fn tell_of(app: &App, commit: &Commit) {
    for event in &commit.events {
        if let Event::Updated { new, .. } = event {
            identity::updated(&app.realtime, new);
        }
    }
    for (position, event) in commit.events.iter().enumerate() {
        if let Some(change) = Change::of(commit, position) {
            deliver(app, &change).await;
        }
        match event {
            Event::Deleted(record) => identity::deleted(&app.realtime, record),
            Event::SchemaChanged => identity::check_all(app).await,
            Event::SignedOut { record } => identity::signed_out(app, record).await,
            Event::Created(_) | Event::Updated { .. } | Event::Queued => {}
        }
        app.realtime.progress.tell(commit.number_of(position));
    }
    app.realtime.progress.tell(commit.last_number());
}
