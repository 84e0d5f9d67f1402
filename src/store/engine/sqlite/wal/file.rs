//! The file of a write-ahead log as bytes: <https://www.sqlite.org/fileformat2.html#the_write_ahead_log>.
//! A frame counts when its checksum, which goes over all frames before it, is right, and when a frame that
//! ends a transaction follows. Until the log starts again such frames never change.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Bytes before the first frame, and before the page of each.
const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

const MAGIC: u32 = 0x377f_0682;

/// Bytes that are read at once, about.
const BLOCK: usize = 256 << 10;

/// A place in a log: after a frame that ends a transaction, or within one that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// What tells one log from the next.
    pub(super) salts: [u32; 2],
    /// Frames before it.
    pub(super) frame: u32,
    /// The checksum over all of them.
    pub(super) checksum: [u32; 2],
}

/// Pages of one or more transactions, or a part of a long one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pages {
    /// Bytes of a page.
    pub page_size: u32,
    /// Their numbers, from 1 on, in the order in which they were written; a page can be there several times.
    pub numbers: Vec<u32>,
    /// Their content, one behind the other.
    pub bytes: Vec<u8>,
    /// Pages of the database after them; nothing when the transaction goes on.
    pub size: Option<u32>,
    /// The place after them.
    pub end: Position,
}

/// A log that can be read.
pub(super) struct Log {
    file: File,
    big_endian: bool,
    pub(super) page_size: u32,
    pub(super) start: Position,
}

/// What was found in a log.
pub(super) struct Found {
    pub(super) pages: Option<Pages>,
    /// Frames up to which it is known to be whole transactions.
    pub(super) whole: u32,
}

impl Position {
    /// As bytes, [`Position::from_bytes`] reads them.
    pub fn to_bytes(&self) -> [u8; 20] {
        let [first, second] = self.salts;
        let [one, two] = self.checksum;
        let mut bytes = [0; 20];
        for (place, word) in bytes.chunks_exact_mut(4).zip([first, second, self.frame, one, two]) {
            place.copy_from_slice(&word.to_be_bytes());
        }
        bytes
    }

    /// From bytes.
    pub fn from_bytes(bytes: &[u8; 20]) -> Self {
        let word = |place| word(bytes, place, true);
        Self { salts: [word(0), word(4)], frame: word(8), checksum: [word(12), word(16)] }
    }
}

/// The log of the file `database`.
pub(super) fn log_of(database: &Path) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push("-wal");
    path.into()
}

/// Whether the file `database` has no log, or an empty one.
pub(super) fn is_empty(database: &Path) -> bool {
    match std::fs::metadata(log_of(database)) {
        Ok(log) => log.len() == 0,
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

impl Log {
    /// The log of the file `database`, if one has begun.
    pub(super) fn open(database: &Path) -> io::Result<Option<Self>> {
        let file = match File::open(log_of(database)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut head = [0; HEADER];
        if read_up_to(&file, &mut head, 0)? < HEADER {
            return Ok(None);
        }
        let magic = word(&head, 0, true);
        let big_endian = magic & 1 == 1;
        let checksum = sum([0, 0], &head[..24], big_endian);
        if magic & !1 != MAGIC || checksum != [word(&head, 24, true), word(&head, 28, true)] {
            return Ok(None);
        }
        let salts = [word(&head, 16, true), word(&head, 20, true)];
        let start = Position { salts, frame: 0, checksum };
        Ok(Some(Self { file, big_endian, page_size: word(&head, 8, true), start }))
    }

    const fn frame_size(&self) -> usize {
        FRAME_HEADER + self.page_size as usize
    }

    fn offset(&self, frame: u32) -> u64 {
        HEADER as u64 + u64::from(frame) * self.frame_size() as u64
    }

    /// Whether the frame before `position` is still the one that was read.
    pub(super) fn has(&self, position: &Position) -> io::Result<bool> {
        let Some(last) = position.frame.checked_sub(1) else { return Ok(*position == self.start) };
        let mut head = [0; FRAME_HEADER];
        let is_whole = read_up_to(&self.file, &mut head, self.offset(last))? == FRAME_HEADER;
        let salts = [word(&head, 8, true), word(&head, 12, true)];
        let checksum = [word(&head, 16, true), word(&head, 20, true)];
        Ok(is_whole && salts == position.salts && checksum == position.checksum)
    }

    /// The pages after `from`, up to `most` bytes of them, or up to the end of the first transaction if that
    /// is longer and `most` says nothing. Up to the frame `whole` all is known to be committed.
    pub(super) fn pages(&self, from: &Position, most: usize, whole: u32) -> io::Result<Found> {
        let page_size = self.page_size as usize;
        let mut pages = Pages {
            page_size: self.page_size,
            numbers: Vec::new(),
            bytes: Vec::new(),
            size: None,
            end: from.clone(),
        };
        // The last place that may be answered, and what belongs to it.
        let mut kept: Option<(usize, Option<u32>, Position)> = None;
        let mut whole = whole;
        let mut is_full = false;
        let mut stored = from.clone();
        self.frames(from, |frame| {
            if !is_full {
                pages.numbers.push(frame.page);
                pages.bytes.extend_from_slice(frame.bytes);
                stored = frame.end.clone();
            }
            if frame.size > 0 {
                whole = whole.max(frame.end.frame);
                if !is_full {
                    kept = Some((pages.numbers.len(), Some(frame.size), frame.end.clone()));
                }
            }
            is_full = is_full || pages.bytes.len() + page_size > most;
            // A transaction that does not fit is followed to its end, or it might never have been committed.
            !is_full || (kept.is_none() && whole < stored.frame)
        })?;
        if kept.is_none() && !pages.numbers.is_empty() && whole >= stored.frame {
            kept = Some((pages.numbers.len(), None, stored));
        }
        let Some((count, size, end)) = kept else { return Ok(Found { pages: None, whole }) };
        pages.numbers.truncate(count);
        pages.bytes.truncate(count * page_size);
        Ok(Found { pages: Some(Pages { size, end, ..pages }), whole })
    }

    /// The place after the last transaction that was committed after `from`.
    pub(super) fn end(&self, from: &Position) -> io::Result<Position> {
        let mut end = from.clone();
        self.frames(from, |frame| {
            if frame.size > 0 {
                end = frame.end.clone();
            }
            true
        })?;
        Ok(end)
    }

    /// Whether the place is in this log, with everything before it as it was written.
    pub(super) fn leads_to(&self, position: &Position) -> io::Result<bool> {
        let mut end = self.start.clone();
        if end.salts == position.salts && position.frame > 0 {
            self.frames(&self.start, |frame| {
                end = frame.end.clone();
                end.frame < position.frame
            })?;
        }
        Ok(end == *position)
    }

    /// Hands over the frames after `from` whose checksums are right, as long as `take` wants more.
    fn frames(&self, from: &Position, mut take: impl FnMut(&Frame<'_>) -> bool) -> io::Result<()> {
        let size = self.frame_size();
        let at_once = (BLOCK / size).max(1);
        let mut block = vec![0; at_once * size];
        let mut end = from.clone();
        loop {
            let read = read_up_to(&self.file, &mut block, self.offset(end.frame))?;
            for frame in block[..read].chunks_exact(size) {
                let (head, bytes) = frame.split_at(FRAME_HEADER);
                let checksum = sum(end.checksum, &head[..8], self.big_endian);
                let checksum = sum(checksum, bytes, self.big_endian);
                let salts = [word(head, 8, true), word(head, 12, true)];
                let stored = [word(head, 16, true), word(head, 20, true)];
                if salts != end.salts || stored != checksum {
                    return Ok(());
                }
                end = Position { frame: end.frame + 1, checksum, ..end };
                let frame = Frame {
                    page: word(head, 0, true),
                    size: word(head, 4, true),
                    bytes,
                    end: &end,
                };
                if !take(&frame) {
                    return Ok(());
                }
            }
            if read < block.len() {
                return Ok(());
            }
        }
    }
}

struct Frame<'a> {
    page: u32,
    /// Pages of the database after it, if it ends a transaction.
    size: u32,
    bytes: &'a [u8],
    end: &'a Position,
}

fn read_up_to(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut read = 0;
    while read < buffer.len() {
        match file.read_at(&mut buffer[read..], offset + read as u64) {
            Ok(0) => break,
            Ok(count) => read += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}

fn word(bytes: &[u8], place: usize, big_endian: bool) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[place..place + 4]);
    if big_endian { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) }
}

/// SQLite's checksum, going on from `sum` over `bytes`, of which there is a multiple of eight.
fn sum(sum: [u32; 2], bytes: &[u8], big_endian: bool) -> [u32; 2] {
    let [mut first, mut second] = sum;
    for pair in bytes.chunks_exact(8) {
        first = first.wrapping_add(word(pair, 0, big_endian)).wrapping_add(second);
        second = second.wrapping_add(word(pair, 4, big_endian)).wrapping_add(first);
    }
    [first, second]
}
