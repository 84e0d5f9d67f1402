//! Processes that serve the same database, each with equal rights (design §6): whether another one may join,
//! and that each says it is there, so that others can go on where one that is gone has left its clients.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::domain::fields::{Field, FieldKind};
use crate::domain::random::{ALPHANUMERIC, Random};
use crate::services::Error;
use crate::services::app::App;
use crate::store::nodes::{self, Node};

/// How often a process says that it is there.
const BEAT: Duration = Duration::from_secs(1);

/// Beats between two looks at the others.
const SOMETIMES: u32 = 60;

/// How often it is looked whether another process is there, and how many times: one that is gone is no longer
/// counted by then.
const TRY: Duration = Duration::from_millis(500);
const TRIES: usize = 25;

/// The file in a data folder that tells it from others.
const FOLDER_ID: &str = ".id";

/// Why a process may not serve the database beside others.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// Uploads of one would be missing at the other.
    #[error(
        "another process serves this database, and a file that one of them stores in its folder is not \
         there for the other\nName a bucket for both, with s3 in [files] or in the settings, or stop the \
         other one. docs/scale-out.md says more."
    )]
    Files,
    /// The data folder cannot be told from others.
    #[error("cannot keep the name of the data folder: {0}")]
    Folder(#[from] io::Error),
    /// The database cannot be asked.
    #[error(transparent)]
    Failed(#[from] Error),
}

/// The place among the processes that serve a database, until it is left.
pub struct Membership {
    app: Arc<App>,
    folder: Arc<str>,
    beating: JoinHandle<()>,
}

impl Membership {
    /// Joins the processes that serve the database of `app`, whose data folder is `dir`. Where it is in that
    /// folder, there are no others.
    ///
    /// # Errors
    /// [`JoinError`].
    pub async fn join(app: Arc<App>, dir: &Path) -> Result<Self, JoinError> {
        let folder = if app.store.is_shared() { folder_id(dir)? } else { Arc::default() };
        if app.store.is_shared() {
            admit(&app, &folder).await?;
        }
        let beating = tokio::spawn(beat_on(Arc::clone(&app), Arc::clone(&folder)));
        Ok(Self { app, folder, beating })
    }

    /// Leaves them. To be called when realtime clients are told nothing more.
    pub async fn leave(self) {
        self.beating.abort();
        if self.app.store.is_shared()
            && let Err(error) = beat(&self.app, &self.folder, true).await
        {
            tracing::debug!(%error, "the other processes find out by themselves");
        }
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.beating.abort();
    }
}

/// Waits until it is certain whether somebody is in the way: one who has died still seems to be there for a
/// while, and one who lives is seen again.
async fn admit(app: &App, folder: &str) -> Result<(), JoinError> {
    beat(app, folder, false).await?;
    let mut first_seen = None;
    for _ in 0..TRIES {
        let node = this(app, folder);
        let seen = if may_have_files(app) {
            app.store.read(move |db| nodes::splits_files(db, &node)).await.map_err(Error::from)?
        } else {
            None
        };
        let Some(seen) = seen else { return Ok(()) };
        if *first_seen.get_or_insert_with(|| seen.clone()) != seen {
            break;
        }
        tokio::time::sleep(TRY).await;
    }
    beat(app, folder, true).await?;
    Err(JoinError::Files)
}

/// Whether there is a collection with files.
fn may_have_files(app: &App) -> bool {
    let schema = app.store.schema();
    let is_file = |field: &Field| matches!(field.kind, FieldKind::File(_));
    schema.collections().iter().any(|collection| collection.fields.iter().any(is_file))
}

async fn beat_on(app: Arc<App>, folder: Arc<str>) {
    if !app.store.is_shared() {
        return;
    }
    let mut ticks = tokio::time::interval(BEAT);
    for count in 0_u32.. {
        ticks.tick().await;
        let mut done = beat(&app, &folder, false).await;
        if done.is_ok() && count.is_multiple_of(SOMETIMES) {
            done = look_around(&app, &folder).await;
        }
        if let Err(error) = done {
            tracing::debug!(%error, "cannot tell other processes that this one is there");
        }
    }
}

/// Forgets who is long gone, and says so when files got their first collection after others had joined.
async fn look_around(app: &App, folder: &str) -> Result<(), Error> {
    app.store.write(nodes::forget_old).await?;
    let node = this(app, folder);
    if may_have_files(app)
        && app.store.read(move |db| nodes::splits_files(db, &node)).await?.is_some()
    {
        tracing::error!("{}", JoinError::Files);
    }
    Ok(())
}

async fn beat(app: &App, folder: &str, leaves: bool) -> Result<(), Error> {
    let node = this(app, folder);
    Ok(app.store.write(move |tx| nodes::beat(tx, &node, leaves)).await?)
}

fn this(app: &App, folder: &str) -> Node {
    Node {
        id: app.realtime.node().to_owned(),
        folder: folder.to_owned(),
        keeps_files: app.files.blobs.are_in_folder(),
        told: app.realtime.told_to_all(),
    }
}

/// What tells the data folder `dir` from others, a word that is made up when it has none.
fn folder_id(dir: &Path) -> Result<Arc<str>, JoinError> {
    let path = dir.join(FOLDER_ID);
    match fs::read_to_string(&path) {
        Ok(id) if !id.trim().is_empty() => Ok(id.trim().into()),
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
        Ok(_) | Err(_) => {
            let id = Random::system().text(20, ALPHANUMERIC);
            fs::write(&path, &id)?;
            Ok(id.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_keeps_its_name_and_others_have_other_ones() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let name = folder_id(one.path()).unwrap();
        assert_eq!(folder_id(one.path()).unwrap(), name);
        assert_ne!(folder_id(other.path()).unwrap(), name);
        assert!(matches!(folder_id(&one.path().join("gone")), Err(JoinError::Folder(_))));
    }
}
