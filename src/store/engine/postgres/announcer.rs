//! Events between processes. A thread with a connection of its own tells others that there are new
//! rows in `_events`, and reads the rows when others tell it so, or a second has passed: a
//! notification that is lost loses nothing. NOTIFY inside of the transactions would make their
//! commits wait for each other.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use sqlx::Executor;
use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::sync::Notify;

use crate::domain::event::Event;
use crate::store::engine::postgres::connect::Server;
use crate::store::engine::postgres::order::Order;
use crate::store::engine::postgres::own::Own;
use crate::store::engine::postgres::session::trusted;
use crate::store::engine::postgres::tail::Tail;
use crate::store::engine::postgres::{PostgresEngine, Shared, Threads};
use crate::store::error::StoreError;
use crate::store::events::{self, Page};
use crate::store::sql::quote;

/// The least time between two notifications.
const PACE: Duration = Duration::from_millis(5);

/// How often the table is looked at unasked.
const LOOK: Duration = Duration::from_secs(1);

/// How often old rows are removed, and how old they are then at least.
const KEEP: Duration = Duration::from_secs(60);

/// What the announcer is told.
#[derive(Debug, Default)]
pub(super) struct Announcements {
    told: Notify,
    ended: AtomicBool,
}

impl Announcements {
    /// There are new rows.
    pub(super) fn tell(&self) {
        self.told.notify_one();
    }

    /// The store is closed.
    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::Release);
        self.told.notify_one();
    }
}

/// The thread's side of the database.
pub(super) struct Announcer {
    pub(super) server: Arc<Server>,
    pub(super) shared: Arc<Shared>,
    /// Gone when the store is.
    pub(super) threads: Weak<Threads>,
    pub(super) read_timeout: Duration,
    pub(super) write_timeout: Duration,
    pub(super) tail: Tail,
    /// What was read and is to be told in order.
    pub(super) order: Order,
    /// When the table was last read. Rows that came before that long ago may be gone.
    pub(super) looked: Instant,
}

impl Announcer {
    /// Works until the store is closed.
    pub(super) fn work(mut self) {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build();
        match runtime {
            Ok(runtime) => runtime.block_on(async {
                while !self.is_over() {
                    if let Err(error) = self.listen().await {
                        tracing::warn!(%error, "events of other processes may come late");
                        // The table is looked at all the same when there is a connection again.
                        let _ =
                            tokio::time::timeout(LOOK, self.shared.announcements.told.notified())
                                .await;
                    }
                }
            }),
            Err(error) => tracing::error!(%error, "events of other processes do not come"),
        }
    }

    fn is_over(&self) -> bool {
        self.shared.announcements.ended.load(Ordering::Acquire)
    }

    /// Tells and hears until the store is closed or the connection breaks.
    async fn listen(&mut self) -> Result<(), sqlx::Error> {
        let options = self.server.options();
        // The driver listens on connections of its pools only; this pool has one.
        let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(options);
        let mut listener = PgListener::connect_with(&pool).await?;
        let channel = self.server.channel();
        listener.listen(&channel).await?;
        let notify = format!("NOTIFY {}, '{}'", quote(&channel), self.shared.node);
        let shared = Arc::clone(&self.shared);
        let mut looks = tokio::time::interval(LOOK);
        let mut pruned = (Instant::now(), self.tail.last());
        while !self.is_over() {
            tokio::select! {
                () = shared.announcements.told.notified() => {
                    listener.execute(trusted(notify.clone())).await?;
                    if shared.is_fed() {
                        self.look_if_possible(&mut pruned).await;
                    }
                    tokio::time::sleep(PACE).await;
                    continue;
                }
                heard = listener.try_recv() => match heard? {
                    Some(heard) if heard.payload() == shared.node => continue,
                    // None: the connection was lost and is there again, nobody knows what was missed.
                    Some(_) | None => {}
                },
                _ = looks.tick() => {}
            }
            self.look_if_possible(&mut pruned).await;
        }
        Ok(())
    }

    async fn look_if_possible(&mut self, pruned: &mut (Instant, i64)) {
        match self.look(pruned).await {
            Ok(()) => {}
            Err(error @ StoreError::Away(_)) => {
                tracing::debug!(%error, "cannot read what was done to the database now");
            }
            Err(error) => tracing::warn!(%error, "cannot read what was done to the database"),
        }
    }

    /// Takes in what was done, and removes what everybody has seen.
    async fn look(&mut self, pruned: &mut (Instant, i64)) -> Result<(), StoreError> {
        let Some(threads) = self.threads.upgrade() else { return Ok(()) };
        let (read_timeout, write_timeout) = (self.read_timeout, self.write_timeout);
        let (shared, server) = (Arc::clone(&self.shared), Arc::clone(&self.server));
        let engine = PostgresEngine { shared, server, threads, read_timeout, write_timeout };
        if self.tail.has_unbound() {
            // What is missing since the last time may be missing for good.
            self.tail.bind(engine.write(write_timeout, events::transaction).await?);
        }
        let (node, last) = (self.shared.node.clone(), self.tail.last());
        let missing = self.tail.missing();
        let page = engine.read(move |db| events::since(db, &node, last, &missing)).await?;
        if page.revision > self.shared.revision.load(Ordering::Acquire) {
            // Or events of new collections could not be read.
            engine.poll_revision().await?;
        }
        if std::mem::replace(&mut self.looked, Instant::now()).elapsed() >= KEEP {
            self.miss();
        }
        self.take(&engine, page).await?;
        if pruned.0.elapsed() >= KEEP {
            let (_, seen) = std::mem::replace(pruned, (Instant::now(), self.tail.last()));
            engine.write(write_timeout, move |tx| events::forget(tx, seen)).await?;
        }
        Ok(())
    }

    /// Events were missed: whatever listeners keep may be stale.
    fn miss(&self) {
        self.shared.send(&[Event::SchemaChanged]);
        self.shared.feed(|feed| feed.interrupted());
    }

    /// Tells what others did at once, and everything in order.
    async fn take(&mut self, engine: &PostgresEngine, page: Page) -> Result<(), StoreError> {
        let schema = engine.schema();
        let is_fed = self.shared.is_fed();
        // Own rows that are to be read: whether listeners were told of them.
        let mut unread = BTreeMap::new();
        for row in self.tail.take(page) {
            match row.events.map(|text| events::decode(&schema, &text)) {
                Some(events) => {
                    self.shared.send(&events);
                    self.order.add(row.number, events);
                }
                None => match self.shared.own.take(row.number) {
                    Some(Own::Events(events)) => self.order.add(row.number, events),
                    Some(Own::Unwanted) => self.order.add(row.number, Vec::new()),
                    Some(Own::NotKept) => drop(unread.insert(row.number, true)),
                    None => drop(unread.insert(row.number, false)),
                },
            }
        }
        let missing = self.tail.missing();
        self.shared.own.forget(self.tail.last(), &missing);
        if !unread.is_empty() {
            let numbers: Vec<i64> = unread.keys().copied().collect();
            let rows = engine.read(move |db| events::under(db, &numbers)).await;
            for row in rows.inspect_err(|_| self.miss())? {
                let text = row.events.unwrap_or_default();
                let events = events::decode(&schema, &text);
                if unread.get(&row.number) == Some(&false) {
                    self.shared.send(&events);
                }
                self.order.add(row.number, events);
            }
        }
        for (number, events) in self.order.release(&missing, Instant::now()) {
            let number = u64::try_from(number).unwrap_or_default();
            if is_fed {
                self.shared.feed(|feed| feed.committed(number, &events));
            } else {
                self.shared.feed(|feed| feed.passed(number));
            }
        }
        Ok(())
    }
}
