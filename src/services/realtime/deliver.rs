//! Telling clients of one change: who may know is asked in a few reads, then messages are made and
//! added to the outboxes. One change after the other, so every client hears of them in order.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::timeout;

use crate::domain::event::Event;
use crate::domain::record::Record;
use crate::domain::rules::RequestInfo;
use crate::services::Error;
use crate::services::app::App;
use crate::services::realtime::audience::{self, Audience};
use crate::services::realtime::backlog::Commit;
use crate::services::realtime::message::{self, Action};
use crate::services::records::record_view::RecordView;
use crate::services::records::told::{Gate, Open, Told, told, told_from_memory};

/// Audiences that are asked about in one read: a long one would be taken from its thread.
const AT_ONCE: usize = 50;

/// How long the question of a client may take that says itself what it wants. Others wait for it.
const PATIENCE: Duration = Duration::from_secs(1);

/// A change that clients are told of.
#[derive(Debug)]
pub(super) struct Change {
    /// The number of its event.
    pub(super) number: u64,
    pub(super) action: Action,
    pub(super) told: Told,
}

impl Change {
    /// The change of a record that the event at `position` of `commit` is; none if it is none.
    pub(super) fn of(commit: &Commit, position: usize) -> Option<Self> {
        let (action, record, before) = match commit.events.get(position)? {
            Event::Created(record) => (Action::Create, record, None),
            Event::Updated { new, .. } => (Action::Update, new, None),
            Event::Deleted(record) => (Action::Delete, record, Some(commit.before())),
            Event::SchemaChanged | Event::SignedOut { .. } | Event::Queued => return None,
        };
        let told = Told { record: Arc::clone(record), before };
        Some(Self { number: commit.number_of(position), action, told })
    }

    /// The record that was changed.
    pub(super) const fn record(&self) -> &Arc<Record> {
        &self.told.record
    }
}

/// Tells everybody of a change who may know of it.
pub(super) async fn deliver(app: &App, change: &Change) {
    let schema = app.store.schema();
    let Some(collection) = schema.by_id(&change.record().collection().id) else { return };
    let audiences = audience::of(&app.realtime, collection, change.record());
    deliver_to(app, change, audiences).await;
}

/// Tells those of `audiences` of a change who may know of it.
pub(super) async fn deliver_to(app: &App, change: &Change, audiences: Vec<Audience>) {
    let (choosy, plain): (Vec<_>, Vec<_>) =
        audiences.into_iter().partition(|audience| audience.topic.asks_for_more());
    for audiences in plain.chunks(AT_ONCE) {
        match ask(app, change, audiences).await {
            Ok(views) => tell_all(app, change, audiences, views),
            Err(_) => tell_each(app, change, audiences).await,
        }
    }
    for audiences in choosy.chunks(AT_ONCE) {
        match timeout(PATIENCE, ask(app, change, audiences)).await {
            Ok(Ok(views)) => tell_all(app, change, audiences, views),
            Ok(Err(_)) | Err(_) => tell_each_in_time(app, change, audiences).await,
        }
    }
}

/// One of them failed, and with it the read: whoever it was must not keep the others from hearing.
async fn tell_each(app: &App, change: &Change, audiences: &[Audience]) {
    for audience in audiences.chunks(1) {
        match ask(app, change, audience).await {
            Ok(views) => tell_all(app, change, audience, views),
            Err(error) => tracing::warn!(%error, "a rule cannot be asked; nobody is told"),
        }
    }
}

/// The same for clients who say themselves what they want. Who asks for more than can be answered in
/// time is cut off.
async fn tell_each_in_time(app: &App, change: &Change, audiences: &[Audience]) {
    for audience in audiences.chunks(1) {
        match timeout(PATIENCE, ask(app, change, audience)).await {
            Ok(Ok(views)) => tell_all(app, change, audience, views),
            // A filter that fails finds nothing (contract A 5.5).
            Ok(Err(error)) => tracing::debug!(%error, "the filter of a topic cannot be used"),
            Err(_) => {
                for client in audience.iter().flat_map(|audience| &audience.clients) {
                    tracing::debug!(client = %client.address, "a topic takes too long");
                    app.realtime.end(client);
                }
            }
        }
    }
}

/// What each of `audiences` is told of a change, if anything. The database is asked only about those
/// for whom the record and the caller do not say it.
async fn ask(
    app: &App,
    change: &Change,
    audiences: &[Audience],
) -> Result<Vec<Option<RecordView>>, Error> {
    let now = app.clock.now();
    let schema = app.store.schema();
    let mut views = Vec::with_capacity(audiences.len());
    let mut open = Vec::new();
    for (place, audience) in audiences.iter().enumerate() {
        let (gate, request) = (audience.gate, audience.topic.request(audience.caller.clone(), now));
        views.push(told_from_memory(&schema, &change.told, gate, &request).unwrap_or_else(
            |Open| {
                open.push((place, gate, request));
                None
            },
        ));
    }
    if open.is_empty() {
        // There may be many audiences, and nothing else is waited for.
        tokio::task::yield_now().await;
        return Ok(views);
    }
    let asked = change.told.clone();
    let answers = app.store.read(move |db| {
        let answer = |(place, gate, request): &(usize, Gate, RequestInfo)| {
            Ok::<_, Error>((*place, told(db, &asked, *gate, request)?))
        };
        open.iter().map(answer).collect::<Result<Vec<_>, _>>()
    });
    for (place, view) in answers.await? {
        views[place] = view;
    }
    Ok(views)
}

fn tell_all(app: &App, change: &Change, audiences: &[Audience], views: Vec<Option<RecordView>>) {
    for (audience, view) in audiences.iter().zip(views) {
        let Some(view) = view else { continue };
        let topic = &audience.topic;
        let body = message::changed(&topic.text, &view, topic.pick.as_ref(), change.action);
        for client in &audience.clients {
            app.realtime.tell(client, Bytes::clone(&body), Some(change.number));
        }
    }
}
