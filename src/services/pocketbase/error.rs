//! Why a folder of PocketBase was not taken over. The texts are for people.

use std::path::PathBuf;

use crate::store::{OpenError, StoreError};

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// There is no such folder.
    #[error("{path} is no folder\nName PocketBase's data folder, which it calls pb_data.")]
    NoFolder {
        /// What was named.
        path: PathBuf,
    },
    /// The folder is not PocketBase's.
    #[error(
        "{path} is not a data folder of PocketBase: {reason}\nName the folder that PocketBase calls \
         pb_data. Nothing was imported."
    )]
    NotPocketBase {
        /// The folder.
        path: PathBuf,
        /// What is missing there.
        reason: &'static str,
    },
    /// PocketBase before 0.23 made it.
    #[error(
        "{path} was made by PocketBase before 0.23, whose tables were others\nStart PocketBase 0.39 \
         on a copy of the folder once, which brings it up to date, and import that. Nothing was \
         imported."
    )]
    TooOld {
        /// The folder.
        path: PathBuf,
    },
    /// The settings are encrypted, and there is no key.
    #[error(
        "the settings of PocketBase are encrypted\nName the variable that holds their key, as \
         PocketBase was told: --encryption-env PB_ENCRYPTION_KEY. Nothing was imported."
    )]
    Encrypted,
    /// The settings do not open with the key.
    #[error(
        "the settings of PocketBase cannot be decrypted: {0}\nThe variable has to hold the key that \
         PocketBase was started with. Nothing was imported."
    )]
    WrongKey(&'static str),
    /// Something in the database has another shape than PocketBase gives it.
    #[error(
        "{what} cannot be read: {reason}\nNothing was imported. Does PocketBase itself start on the \
         folder?"
    )]
    Unreadable {
        /// What.
        what: String,
        /// Why.
        reason: String,
    },
    /// The new database refuses a collection.
    #[error("the collection {collection} cannot be made: {message}\n{advice}Nothing was imported.")]
    Refused {
        /// The collection.
        collection: String,
        /// What the database says.
        message: String,
        /// What to do, if that is known; a line.
        advice: &'static str,
    },
    /// What was read back is not what was imported.
    #[error(
        "the records of {0} are not the same on both sides\nThis must not happen, and is worth a \
         report. Nothing was kept of the import."
    )]
    Differs(String),
    /// A file that was read back is not what was copied.
    #[error("the copy of the file {0} is not the same\nNothing was kept of the import.")]
    FileDiffers(String),
    /// Somebody wrote to the folder meanwhile.
    #[error(
        "another program wrote to {path} while it was read\nStop PocketBase, and import again. \
         Nothing was imported."
    )]
    SourceChanged {
        /// The database.
        path: PathBuf,
    },
    /// PocketBase's database cannot be opened.
    #[error("{0}\nNothing was imported.")]
    Open(#[source] OpenError),
    /// PocketBase's database failed.
    #[error("PocketBase's database failed: {0}\nNothing was imported.")]
    Source(#[source] StoreError),
    /// The new database cannot be made.
    #[error(transparent)]
    Build(#[from] OpenError),
    /// The new database failed.
    #[error("the new database failed: {0}\nNothing was imported; the same command starts anew.")]
    Target(#[source] StoreError),
    /// A file cannot be read or written.
    #[error("cannot copy the file {path}: {source}\nNothing was imported.")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
}

impl From<StoreError> for ImportError {
    fn from(error: StoreError) -> Self {
        Self::Target(error)
    }
}
