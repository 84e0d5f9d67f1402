//! One process at a time for what all of them must keep off from: backups and restores.

use crate::store::error::StoreError;
use crate::store::{Snapshot, Store};

/// What keeps other processes from doing the same until it is released. When it is dropped, or its process
/// ends, that follows as soon as the server notices.
pub struct Held {
    session: Option<Snapshot>,
}

impl Held {
    /// Lets go of it. When this returns, the next one may have it.
    pub async fn release(self) {
        let Some(mut session) = self.session else { return };
        let released = tokio::task::spawn_blocking(move || {
            let release = session.dialect().release();
            session.fetch_one(release).map(|_| ())
        });
        if let Ok(Err(error)) = released.await {
            tracing::debug!(%error, "the server finds out by itself that a lock is free");
        }
    }
}

impl Store {
    /// Keeps all other processes that use the database from backups and restores, until what is answered
    /// is released; `None` when one of them is at it. Where the database is a file, files keep them off.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn hold(&self) -> Result<Option<Held>, StoreError> {
        match self {
            Self::Sqlite(_) => Ok(Some(Held { session: None })),
            Self::Postgres(engine) => {
                let held = engine.hold().await?;
                Ok(held.map(|session| Held { session: Some(session) }))
            }
        }
    }

    /// Whether a process has the database by [`Store::hold`].
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn is_held(&self) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(_) => Ok(false),
            Self::Postgres(_) => {
                self.read(|db| {
                    let held = db.dialect().is_held();
                    db.fetch_one(held)?.bool(0)
                })
                .await
            }
        }
    }
}
