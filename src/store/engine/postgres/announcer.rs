//! Events between processes. A thread with a connection of its own tells others that there are new
//! rows in `_events`, and reads the rows when others tell it so, or a second has passed: a
//! notification that is lost loses nothing. NOTIFY inside of the transactions would make their
//! commits wait for each other.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use sqlx::Executor;
use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::sync::Notify;

use crate::domain::event::Event;
use crate::store::engine::postgres::connect::{Role, Server};
use crate::store::engine::postgres::session::trusted;
use crate::store::engine::postgres::tail::Tail;
use crate::store::engine::postgres::{PostgresEngine, Shared, Threads};
use crate::store::error::StoreError;
use crate::store::events;
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
        let options = self.server.options(Role::Reads);
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
            if let Err(error) = self.look(&mut pruned).await {
                tracing::debug!(%error, "cannot read events of other processes now");
            }
        }
        Ok(())
    }

    /// Takes in what others did, and removes what everybody has seen.
    async fn look(&mut self, pruned: &mut (Instant, i64)) -> Result<(), StoreError> {
        let Some(threads) = self.threads.upgrade() else { return Ok(()) };
        let (read_timeout, write_timeout) = (self.read_timeout, self.write_timeout);
        let shared = Arc::clone(&self.shared);
        let engine = PostgresEngine { shared, threads, read_timeout, write_timeout };
        // First, so that events of new collections can be read.
        engine.poll_revision().await?;
        let (node, last) = (self.shared.node.clone(), self.tail.last());
        let missing = self.tail.missing();
        let page = engine.read(move |db| events::since(db, &node, last, &missing)).await?;
        if std::mem::replace(&mut self.looked, Instant::now()).elapsed() >= KEEP {
            // Events were missed: whatever listeners keep may be stale.
            self.shared.send(&[Event::SchemaChanged]);
        }
        let schema = engine.schema();
        for text in self.tail.take(page) {
            self.shared.send(&events::decode(&schema, &text));
        }
        if pruned.0.elapsed() >= KEEP {
            let (_, seen) = std::mem::replace(pruned, (Instant::now(), self.tail.last()));
            engine.write(write_timeout, move |tx| events::forget(tx, seen)).await?;
        }
        Ok(())
    }
}
