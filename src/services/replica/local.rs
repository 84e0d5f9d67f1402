//! What a data folder remembers of its replica: whose it is, and how the database was left. It never says
//! that anything is in the replica: that is asked of the replica.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use crate::domain::random::{LOWER_ALPHANUMERIC, Random};

const FILE: &str = ".replica.json";

/// What is remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Local {
    /// Tells this data folder from all others.
    pub(super) owner: String,
    /// The generation that was written last.
    pub(super) generation: Option<String>,
    /// How the database was left, when the replica has all of it.
    pub(super) left: Option<Left>,
}

/// A database that was left in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Left {
    /// The number of the last segment.
    pub(super) number: u64,
    /// What tells the file from one that was changed.
    pub(super) file: String,
}

impl Local {
    /// Of the data folder `dir`; a new one where nothing is remembered, or nothing that can be understood.
    pub(super) fn read(dir: &Path) -> io::Result<Self> {
        let fresh = || Self {
            owner: Random::system().text(20, LOWER_ALPHANUMERIC),
            generation: None,
            left: None,
        };
        match fs::read(path(dir)) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).unwrap_or_else(|_| fresh())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(fresh()),
            Err(error) => Err(error),
        }
    }

    /// Remembers it in the data folder `dir`.
    pub(super) fn write(&self, dir: &Path) -> io::Result<()> {
        let mut file = NamedTempFile::new_in(dir)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.as_file().sync_all()?;
        file.persist(path(dir)).map_err(|error| error.error)?;
        File::open(dir)?.sync_all()
    }
}

fn path(dir: &Path) -> PathBuf {
    dir.join(FILE)
}
