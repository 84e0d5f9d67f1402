//! Files that come with a request: named, stored before their record is, and taken back when it does
//! not come to be.

use std::collections::HashSet;
use std::sync::Arc;

use crate::domain::changes::Upload;
use crate::domain::files::name::{base_name, stored_name};
use crate::domain::files::sniff::sniff;
use crate::domain::random::Random;
use crate::domain::record::Record;
use crate::domain::time::Timestamp;
use crate::services::Error;
use crate::services::app::App;
use crate::services::blobs::Spooled;
use crate::services::files::loose::{self, PATIENCE};
use crate::services::files::place;
use crate::store::{Tx, loose_files};

/// A file as it came.
#[derive(Debug)]
pub struct Received {
    /// The key that it was sent under.
    pub key: String,
    /// The name that it had at the client.
    pub name: String,
    /// Its bytes.
    pub content: Spooled,
}

/// The files that came for one record, with the names that they are to be stored under. Clones
/// share them.
#[derive(Debug, Clone, Default)]
pub struct Uploads {
    list: Arc<Vec<Upload>>,
    contents: Arc<Vec<Spooled>>,
    rehearsed: bool,
}

/// Files that are stored and wait for their record.
#[must_use = "files that no record gets are to be discarded"]
#[derive(Debug, Default)]
pub struct Stored {
    paths: Vec<String>,
}

impl Uploads {
    /// Names the files that came.
    pub fn new(received: Vec<Received>, random: &mut Random) -> Self {
        let (mut list, mut contents) = (Vec::new(), Vec::new());
        for Received { key, name, content } in received {
            let kind = sniff(content.head());
            list.push(Upload {
                key,
                name: stored_name(&name, kind.extension, random),
                original_name: base_name(&name).to_owned(),
                size: content.size(),
                mime: kind.mime.into_owned(),
            });
            contents.push(content);
        }
        Self { list: Arc::new(list), contents: Arc::new(contents), rehearsed: false }
    }

    /// What a record's changes know of the files.
    pub fn list(&self) -> &[Upload] {
        &self.list
    }

    /// Whether no file came.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The same files for a transaction that is undone whatever becomes of it: they need not be stored
    /// for that.
    pub fn rehearsed(&self) -> Self {
        Self { rehearsed: true, ..self.clone() }
    }

    /// Gives the files that `new` names to it, and writes down those of `old` that it does not.
    ///
    /// # Errors
    /// As [`loose::settle`].
    pub fn settle(
        &self,
        tx: &mut Tx,
        old: Option<&Record>,
        new: &Record,
        now: Timestamp,
    ) -> Result<(), Error> {
        if self.rehearsed { Ok(()) } else { loose::settle(tx, old, Some(new), now) }
    }

    /// Stores those of the files that `record` names, where it will look for them.
    ///
    /// # Errors
    /// `Unavailable` when the storage takes no files or the database cannot be reached; nothing is
    /// left then.
    pub async fn store(&self, app: &App, record: &Record) -> Result<Stored, Error> {
        let named: HashSet<String> = place::of_record(record).into_iter().collect();
        let collection = &record.collection().id;
        let files: Vec<(String, &Upload, &Spooled)> = self
            .list
            .iter()
            .zip(self.contents.iter())
            .map(|(upload, content)| {
                (place::file(collection, record.id(), &upload.name), upload, content)
            })
            .filter(|(path, _, _)| named.contains(path))
            .collect();
        let paths: Vec<String> = files.iter().map(|(path, _, _)| path.clone()).collect();
        if paths.is_empty() {
            return Ok(Stored::default());
        }
        let (announced, due) = (paths.clone(), app.clock.now().plus_millis(PATIENCE));
        app.store.write(move |tx| loose_files::announce(tx, &announced, due)).await?;
        let stored = Stored { paths };
        for (path, upload, content) in files {
            if let Err(error) = app.files.blobs.store(&path, content, &upload.mime).await {
                stored.discard(app).await;
                return Err(error.into());
            }
        }
        Ok(stored)
    }
}

impl Stored {
    /// Leaves the files to the record when `outcome` is that there is one, and takes them back
    /// otherwise.
    ///
    /// # Errors
    /// The error of `outcome`.
    pub async fn keep_if<T>(self, app: &App, outcome: Result<T, Error>) -> Result<T, Error> {
        if outcome.is_err() {
            self.discard(app).await;
        }
        outcome
    }

    /// Takes the files back, which no record got. What cannot be removed now is later.
    pub async fn discard(self, app: &App) {
        if self.paths.is_empty() {
            return;
        }
        let (paths, now) = (self.paths, app.clock.now());
        let given_up = app.store.write(move |tx| loose_files::give_up(tx, &paths, now)).await;
        let swept = match given_up {
            Ok(()) => loose::sweep(app).await,
            Err(error) => Err(error.into()),
        };
        if let Err(error) = swept {
            tracing::warn!(%error, "uploads that no record got are not removed yet");
        }
    }
}
