//! Files of a request on their way in: small ones are kept in memory, the others in temporary files
//! that go with the request. What lies on the disk is never more than the field accepts.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use tempfile::{NamedTempFile, TempPath};

use crate::services::blobs::{BlobError, off_thread};

/// Bytes that are collected before they are written.
const PIECE: usize = 256 << 10;

/// Bytes from the beginning that are kept at hand, to tell the content type from.
const HEAD: usize = 4 << 10;

/// Where temporary files are made: the same file system as the stored files.
#[derive(Debug, Clone)]
pub struct Spool {
    dir: PathBuf,
}

/// A file that came with a request.
#[derive(Debug)]
pub struct Spooled {
    content: Content,
    size: u64,
    head: Vec<u8>,
}

#[derive(Debug)]
pub(super) enum Content {
    Memory(Bytes),
    Disk(TempPath),
    /// It is larger than it may be, or nobody wants it: only its size is known.
    Gone,
}

/// Takes the bytes of one file.
pub struct SpoolWriter {
    dir: PathBuf,
    most: u64,
    in_memory: usize,
    buffer: Vec<u8>,
    file: Option<NamedTempFile>,
    size: u64,
    head: Vec<u8>,
}

impl Spool {
    /// Temporary files in `dir`, which must be there.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// For a file that nobody wants.
    pub fn nowhere() -> SpoolWriter {
        Self::new(PathBuf::new()).writer(0, 0)
    }

    /// For one file of which `most` bytes are wanted at most: of a larger one only the size is kept.
    /// Up to `in_memory` bytes it needs no disk.
    pub fn writer(&self, most: u64, in_memory: usize) -> SpoolWriter {
        SpoolWriter {
            dir: self.dir.clone(),
            most,
            in_memory: in_memory.min(PIECE),
            buffer: Vec::new(),
            file: None,
            size: 0,
            head: Vec::new(),
        }
    }
}

impl SpoolWriter {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// When the disk does not.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), BlobError> {
        self.size += bytes.len() as u64;
        if self.head.len() < HEAD {
            self.head.extend_from_slice(&bytes[..bytes.len().min(HEAD - self.head.len())]);
        }
        if self.size > self.most {
            self.buffer = Vec::new();
            self.file = None;
            return Ok(());
        }
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= PIECE { self.flush().await } else { Ok(()) }
    }

    /// The file, once all of it was taken.
    ///
    /// # Errors
    /// When the disk does not take the last bytes.
    pub async fn finish(mut self) -> Result<Spooled, BlobError> {
        let content = if self.size > self.most {
            Content::Gone
        } else if self.file.is_none() && self.buffer.len() <= self.in_memory {
            Content::Memory(std::mem::take(&mut self.buffer).into())
        } else {
            self.flush().await?;
            self.file.take().map_or(Content::Gone, |file| Content::Disk(file.into_temp_path()))
        };
        Ok(Spooled { content, size: self.size, head: self.head })
    }

    async fn flush(&mut self) -> Result<(), BlobError> {
        let buffer = std::mem::take(&mut self.buffer);
        let file = self.file.take();
        let dir = self.dir.clone();
        let written = off_thread(move || {
            let mut file = match file {
                Some(file) => file,
                None => NamedTempFile::new_in(dir)?,
            };
            file.write_all(&buffer)?;
            Ok((file, buffer))
        });
        let (file, mut buffer) = written.await?;
        buffer.clear();
        (self.file, self.buffer) = (Some(file), buffer);
        Ok(())
    }
}

impl Spooled {
    /// A file with this content.
    pub fn of(bytes: Bytes) -> Self {
        let head = bytes[..bytes.len().min(HEAD)].to_vec();
        Self { size: bytes.len() as u64, head, content: Content::Memory(bytes) }
    }

    /// The file `path` of this machine, which goes with this.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of_file(path: TempPath) -> Result<Self, BlobError> {
        let file = std::fs::File::open(&path)?;
        let size = file.metadata()?.len();
        let mut head = Vec::new();
        file.take(HEAD as u64).read_to_end(&mut head)?;
        Ok(Self { content: Content::Disk(path), size, head })
    }

    /// The file on the disk, on the file system of the folder `dir`.
    ///
    /// # Errors
    /// What the system says.
    pub fn into_file(self, dir: &Path) -> Result<NamedTempFile, BlobError> {
        match self.content {
            Content::Memory(bytes) => {
                let mut file = NamedTempFile::new_in(dir)?;
                file.write_all(&bytes)?;
                Ok(file)
            }
            Content::Disk(path) => {
                let file = std::fs::File::options().read(true).write(true).open(&path)?;
                Ok(NamedTempFile::from_parts(file, path))
            }
            Content::Gone => Err(BlobError::Other("the file was not kept".into())),
        }
    }

    /// How many bytes it had when it came.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Its first bytes.
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// How many bytes of memory it holds.
    pub fn memory(&self) -> usize {
        match &self.content {
            Content::Memory(bytes) => bytes.len(),
            Content::Disk(_) | Content::Gone => 0,
        }
    }

    pub(super) const fn content(&self) -> &Content {
        &self.content
    }
}

/// Where temporary files of the stored files in `dir` are.
pub(super) fn spool_dir(dir: &Path) -> PathBuf {
    dir.join(".uploads")
}
