//! Several ranges of a file in one answer, `multipart/byteranges` (RFC 9110, section 14.6).

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};

use crate::domain::files::ranges::Range;
use crate::domain::random::{LOWER_ALPHANUMERIC, Random};
use crate::services::blobs::{Blob, BlobError, Pieces};

/// The parts of one answer.
pub(super) struct Parts {
    boundary: String,
    /// What stands before each range, and the range.
    parts: Vec<(Bytes, Range)>,
    end: Bytes,
}

impl Parts {
    /// `ranges` of a file of this type and `size`.
    pub(super) fn new(ranges: &[Range], mime: &str, size: u64) -> Self {
        let boundary = Random::system().text(30, LOWER_ALPHANUMERIC);
        let head = |(position, range): (usize, &Range)| {
            let line = if position == 0 { "" } else { "\r\n" };
            let place = range.content_range(size);
            let text = format!(
                "{line}--{boundary}\r\nContent-Range: {place}\r\nContent-Type: {mime}\r\n\r\n"
            );
            (Bytes::from(text), *range)
        };
        let parts = ranges.iter().enumerate().map(head).collect();
        let end = format!("\r\n--{boundary}--\r\n").into();
        Self { parts, end, boundary }
    }

    pub(super) fn content_type(&self) -> String {
        format!("multipart/byteranges; boundary={}", self.boundary)
    }

    /// How many bytes the answer has.
    pub(super) fn length(&self) -> u64 {
        let parts = self.parts.iter().map(|(head, range)| head.len() as u64 + range.length);
        parts.sum::<u64>() + self.end.len() as u64
    }

    /// The bytes of the answer.
    pub(super) fn pieces(&self, blob: &Blob) -> Pieces {
        let one = |bytes: &Bytes| stream::iter([Ok::<_, BlobError>(bytes.clone())]).boxed();
        let mut all: Vec<BoxStream<'static, Result<Bytes, BlobError>>> = Vec::new();
        for (head, range) in &self.parts {
            all.push(one(head));
            all.push(blob.pieces(range.start..range.start + range.length));
        }
        all.push(one(&self.end));
        stream::iter(all).flatten().boxed()
    }
}
