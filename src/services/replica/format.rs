//! The two kinds of files that a replica is made of (docs/backups.md, "Files of a replica").
//!
//! Both are a head of fixed length, pages packed by zlib, and the SHA-256 of all that. A segment names the
//! digest of the one before it, so that one which is missing, or belongs elsewhere, shows.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use sha2::{Digest as _, Sha256};

use crate::domain::time::Timestamp;
use crate::store::{Pages, Position};

const SEGMENT: &[u8; 8] = b"FERBSEG1";
const SNAPSHOT: &[u8; 8] = b"FERBSNP1";

/// Bytes of a head, and of a digest.
pub(super) const HEAD: usize = 89;
const DIGEST: usize = 32;

/// A SHA-256.
pub(super) type Digest = [u8; DIGEST];

/// What a file says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    /// The number of a segment, or of the one that a snapshot comes after.
    pub(super) number: u64,
    /// When everything that is in it had been committed.
    pub(super) time: Timestamp,
    /// Bytes of a page.
    pub(super) page_size: u32,
    /// Pages of the database after it; 0 when its last transaction goes on in the next segment.
    pub(super) size: u32,
    /// Pages in it.
    pub(super) count: u32,
    /// The place in the log after it, when there is a log.
    pub(super) position: Option<Position>,
    /// The digest of the segment before it, or what stands for it in front of the first one.
    pub(super) previous: Digest,
}

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum FormatError {
    /// It is not what was written.
    #[error("{0}")]
    Damaged(&'static str),
    /// It cannot be read, or what is in it cannot be written.
    #[error("{0}")]
    Io(#[from] io::Error),
}

const SHORT: FormatError = FormatError::Damaged("it is too short");
const CHANGED: FormatError = FormatError::Damaged("its checksum is wrong");
const UNPACKED: FormatError = FormatError::Damaged("its pages cannot be unpacked");

impl Head {
    fn to_bytes(&self, magic: &[u8; 8]) -> [u8; HEAD] {
        let mut bytes = [0; HEAD];
        let position = self.position.as_ref().map(Position::to_bytes);
        let parts: [&[u8]; 9] = [
            magic,
            &self.number.to_be_bytes(),
            &self.time.millis().to_be_bytes(),
            &self.page_size.to_be_bytes(),
            &self.size.to_be_bytes(),
            &self.count.to_be_bytes(),
            &[u8::from(position.is_some())],
            &position.unwrap_or_default(),
            &self.previous,
        ];
        let mut rest = bytes.as_mut_slice();
        for part in parts {
            let (place, after) = rest.split_at_mut(part.len());
            place.copy_from_slice(part);
            rest = after;
        }
        bytes
    }

    fn parse(bytes: &[u8], magic: &[u8; 8]) -> Result<Self, FormatError> {
        let mut bytes = bytes;
        let kind: [u8; 8] = take(&mut bytes)?;
        if kind != *magic {
            return Err(FormatError::Damaged("it is no file of a replica, or of a newer version"));
        }
        let number = u64::from_be_bytes(take(&mut bytes)?);
        let time = Timestamp::from_millis(i64::from_be_bytes(take(&mut bytes)?));
        let page_size = u32::from_be_bytes(take(&mut bytes)?);
        let size = u32::from_be_bytes(take(&mut bytes)?);
        let count = u32::from_be_bytes(take(&mut bytes)?);
        let [has_position]: [u8; 1] = take(&mut bytes)?;
        let position: [u8; 20] = take(&mut bytes)?;
        let position = (has_position == 1).then(|| Position::from_bytes(&position));
        let previous = take(&mut bytes)?;
        if !page_size.is_power_of_two() || !(512..=65_536).contains(&page_size) {
            return Err(FormatError::Damaged("its pages have no size that there is"));
        }
        Ok(Self { number, time, page_size, size, count, position, previous })
    }

    /// What a segment says of itself, from its first bytes; nothing is checked against its digest.
    pub(super) fn of_segment(bytes: &[u8]) -> Result<Self, FormatError> {
        Self::parse(bytes, SEGMENT)
    }

    /// As [`Head::of_segment`], of a snapshot.
    pub(super) fn of_snapshot(bytes: &[u8]) -> Result<Self, FormatError> {
        Self::parse(bytes, SNAPSHOT)
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], FormatError> {
    let (part, rest) = bytes.split_first_chunk::<N>().ok_or(SHORT)?;
    *bytes = rest;
    Ok(*part)
}

/// A segment with `pages`, each of them once, as it was written last; and its digest. The rest of `head` is
/// filled in.
pub(super) fn segment(head: Head, pages: &Pages) -> Result<(Vec<u8>, Digest), FormatError> {
    let page_size = pages.page_size as usize;
    let all = pages.numbers.iter().zip(pages.bytes.chunks_exact(page_size));
    let last: BTreeMap<u32, &[u8]> = all.map(|(number, bytes)| (*number, bytes)).collect();
    // What a smaller database has no room for is not there any more.
    let size = pages.size.unwrap_or(0);
    let last: Vec<_> =
        last.into_iter().filter(|(number, _)| size == 0 || *number <= size).collect();
    let head = Head {
        page_size: pages.page_size,
        size,
        count: last.len() as u32,
        position: Some(pages.end.clone()),
        ..head
    };
    let mut packed = ZlibEncoder::new(head.to_bytes(SEGMENT).to_vec(), Compression::fast());
    for (number, bytes) in last {
        packed.write_all(&number.to_be_bytes())?;
        packed.write_all(bytes)?;
    }
    let mut bytes = packed.finish()?;
    let digest: Digest = Sha256::digest(&bytes).into();
    bytes.extend_from_slice(&digest);
    Ok((bytes, digest))
}

/// A segment as it was read.
pub(super) struct Segment {
    pub(super) head: Head,
    pub(super) digest: Digest,
    /// Page numbers and pages.
    body: Vec<u8>,
}

impl Segment {
    /// Takes a segment apart and checks it.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, FormatError> {
        let (content, digest) = bytes.split_last_chunk::<DIGEST>().ok_or(SHORT)?;
        if Sha256::digest(content).as_slice() != digest {
            return Err(CHANGED);
        }
        let head = Head::of_segment(content)?;
        let wanted = head.count as usize * (head.page_size as usize + 4);
        let mut body = Vec::new();
        let packed = content.get(HEAD..).ok_or(SHORT)?;
        let limit = wanted as u64 + 1;
        let read = ZlibDecoder::new(packed).take(limit).read_to_end(&mut body);
        if read.is_err() || body.len() != wanted {
            return Err(UNPACKED);
        }
        Ok(Self { head, digest: *digest, body })
    }

    /// Its pages with their numbers, from 1 on.
    pub(super) fn pages(&self) -> impl Iterator<Item = (u32, &[u8])> {
        self.body.chunks_exact(self.head.page_size as usize + 4).filter_map(|chunk| {
            let (number, page) = chunk.split_first_chunk::<4>()?;
            Some((u32::from_be_bytes(*number), page))
        })
    }
}

/// Writes the database file `from` as a snapshot into `to`. Its size is filled into `head`.
pub(super) fn write_snapshot(head: Head, from: &Path, to: File) -> Result<(), FormatError> {
    let mut from = File::open(from)?;
    let length = from.metadata()?.len();
    let mut first = [0; 18];
    from.read_exact(&mut first)?;
    let stored = u16::from_be_bytes([first[16], first[17]]);
    let page_size = if stored == 1 { 65_536 } else { u32::from(stored) };
    let pages = u32::try_from(length / u64::from(page_size.max(512)))
        .map_err(|_| FormatError::Damaged("the database is too large"))?;
    let head = Head { page_size, size: pages, count: pages, ..head };
    let mut hashed = Hashed { inner: BufWriter::with_capacity(256 << 10, to), sum: Sha256::new() };
    hashed.write_all(&head.to_bytes(SNAPSHOT))?;
    let mut packed = ZlibEncoder::new(&mut hashed, Compression::fast());
    packed.write_all(&first)?;
    io::copy(&mut from, &mut packed)?;
    packed.finish()?;
    let Hashed { mut inner, sum } = hashed;
    inner.write_all(&sum.finalize())?;
    inner.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    Ok(())
}

/// Unpacks the snapshot `from` into the new database file `to`, and checks it.
pub(super) fn read_snapshot(from: &Path, to: &Path) -> Result<Head, FormatError> {
    let file = File::open(from)?;
    let length = file.metadata()?.len();
    let content = length.checked_sub(DIGEST as u64).ok_or(SHORT)?;
    let mut file = BufReader::with_capacity(256 << 10, file);
    let mut hashed = Hashed { inner: (&mut file).take(content), sum: Sha256::new() };
    let mut head = [0; HEAD];
    hashed.read_exact(&mut head).map_err(|_| SHORT)?;
    let head = Head::of_snapshot(&head)?;
    let wanted = u64::from(head.count) * u64::from(head.page_size);
    let mut out = BufWriter::with_capacity(256 << 10, File::create_new(to)?);
    let written = unpack(&mut ZlibDecoder::new(&mut hashed).take(wanted + 1), &mut out)?;
    out.flush()?;
    // What the packer did not want belongs to the sum all the same.
    io::copy(&mut hashed, &mut io::sink())?;
    let sum: Digest = hashed.sum.finalize().into();
    let mut digest = [0; DIGEST];
    file.read_exact(&mut digest).map_err(|_| SHORT)?;
    if sum != digest {
        return Err(CHANGED);
    }
    if written != wanted {
        return Err(UNPACKED);
    }
    Ok(head)
}

/// What cannot be read is damaged, what cannot be written is not.
fn unpack(from: &mut impl Read, to: &mut impl Write) -> Result<u64, FormatError> {
    let mut piece = vec![0; 256 << 10];
    let mut written = 0;
    loop {
        let read = from.read(&mut piece).map_err(|_| UNPACKED)?;
        if read == 0 {
            return Ok(written);
        }
        to.write_all(&piece[..read])?;
        written += read as u64;
    }
}

/// Sums up what goes through.
struct Hashed<T> {
    inner: T,
    sum: Sha256,
}

impl<T: Write> Write for Hashed<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.sum.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<T: Read> Read for Hashed<T> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(bytes)?;
        self.sum.update(&bytes[..read]);
        Ok(read)
    }
}
