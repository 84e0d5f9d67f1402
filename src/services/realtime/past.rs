//! The changes of the last minute, for clients that come back after their connection broke. Who may know
//! of them is asked anew; only how far the former connection had come is remembered.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::services::app::App;
use crate::services::realtime::audience;
use crate::services::realtime::backlog::{CatchUp, Commit};
use crate::services::realtime::deliver::{Change, deliver_to};
use crate::services::realtime::roster::GONE_LASTS;
use crate::services::realtime::topic::Topic;

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

    fn after(&self, number: u64) -> impl Iterator<Item = &Arc<Commit>> {
        let commits = self.commits.iter().map(|(_, commit)| commit);
        commits.filter(move |commit| commit.first + commit.events.len() as u64 > number + 1)
    }
}

/// Tells a client what its predecessor was not told, of the topics that both subscribed to, and what came
/// of its other topics since it did.
pub(super) async fn catch_up(app: &App, past: &Past, wanted: &CatchUp) {
    let from = |topic: &Topic| {
        let is_known = wanted.topics.iter().any(|former| former.text == topic.text);
        if is_known { wanted.seen } else { wanted.since }
    };
    for commit in past.after(wanted.seen.min(wanted.since)) {
        for position in 0..commit.events.len() {
            let Some(change) = Change::of(commit, position) else { continue };
            let is_wanted = |topic: &Topic| change.number > from(topic);
            let audiences = audience::of_one(&wanted.client, change.record(), is_wanted);
            deliver_to(app, &change, audiences).await;
        }
    }
    wanted.client.state().awaits_past = false;
}
