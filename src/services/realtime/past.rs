//! The changes of the last minute, for clients that come back after their connection broke. Who may know
//! of them is asked anew; only how far the former connection had come is remembered.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::services::app::App;
use crate::services::realtime::audience;
use crate::services::realtime::backlog::{CatchUp, Commit, Former, NUMBERED};
use crate::services::realtime::deliver::{Change, deliver_to};
use crate::services::realtime::roster::GONE_LASTS;
use crate::services::realtime::topic::Topic;
use crate::store::nodes;

/// Most events that are kept, and about how many bytes of them.
const MOST_EVENTS: usize = 10_000;
const MOST_BYTES: usize = 16 << 20;

/// The commits that everybody was told of, oldest first.
#[derive(Default)]
pub(super) struct Past {
    commits: VecDeque<(i64, Arc<Commit>)>,
    events: usize,
    bytes: usize,
}

impl Past {
    /// Keeps a commit for a minute, if there is room for it.
    pub(super) fn keep(&mut self, commit: Arc<Commit>, now: i64) {
        self.events += commit.events.len();
        self.bytes += commit.bytes;
        self.commits.push_back((now, commit));
        while let Some((told, oldest)) = self.commits.front() {
            let is_full = self.events > MOST_EVENTS || self.bytes > MOST_BYTES;
            if !is_full && now - told < GONE_LASTS {
                break;
            }
            self.events -= oldest.events.len();
            self.bytes -= oldest.bytes;
            self.commits.pop_front();
        }
    }

    /// The commits that hold an event after `number`, those included that are no longer kept or never were,
    /// as far as the database has them.
    async fn after(&self, number: u64, app: &App) -> Vec<Arc<Commit>> {
        let kept = self.commits.iter().map(|(_, commit)| commit);
        let told = app.realtime.progress.told() / NUMBERED;
        let first_kept = kept.clone().next().map_or(told + 1, |commit| commit.number());
        let older = app.store.past(number / NUMBERED, first_kept).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "a realtime client came back and is not told all of the past");
            Vec::new()
        });
        let older = older.into_iter().map(|(number, events)| Arc::new(Commit::new(number, events)));
        let all = older.chain(kept.cloned());
        all.filter(|commit| commit.last_number() > number).collect()
    }
}

/// Tells a client what its predecessor was not told, of the topics that both subscribed to, and what came
/// of its other topics since it did.
pub(super) async fn catch_up(app: &App, past: &Past, wanted: &CatchUp) {
    let (topics, seen) = match &wanted.former {
        Former::Here { topics, seen } => (Some(topics), *seen),
        Former::At { node } => (None, told_by(app, node.clone()).await.unwrap_or(wanted.since)),
    };
    let from = |topic: &Topic| {
        let is_known =
            |topics: &Vec<Arc<Topic>>| topics.iter().any(|known| known.text == topic.text);
        if topics.is_none_or(is_known) { seen } else { wanted.since }
    };
    for commit in past.after(seen.min(wanted.since), app).await {
        for position in 0..commit.events.len() {
            let Some(change) = Change::of(&commit, position) else { continue };
            let is_wanted = |topic: &Topic| change.number > from(topic);
            let audiences = audience::of_one(&wanted.client, change.record(), is_wanted);
            deliver_to(app, &change, audiences).await;
        }
    }
    wanted.client.state().awaits_past = false;
}

/// The last event that all clients of another process were told of.
async fn told_by(app: &App, node: String) -> Option<u64> {
    if !app.store.is_shared() {
        return None;
    }
    let told = app.store.read(move |db| nodes::told_for_certain(db, &node)).await;
    told.inspect_err(|error| tracing::warn!(%error, "a realtime client may have missed something"))
        .ok()?
}
