//! Many entries in one value: the number of the form, then compressed by zstd, for each entry its numbers, the
//! lengths of its texts, and the texts. A database stores that for a tenth of what the rows would cost it.

use std::io;
use std::sync::Arc;

use crate::domain::logs;
use crate::domain::time::Timestamp;
use crate::store::value::Value;

/// The form that is written, the first byte of a value.
const FORM: u8 = 1;

/// Levels above compress a little better and cost twice the time.
const ZSTD_LEVEL: i32 = 1;

/// Bytes of an entry besides its texts.
const HEAD: usize = 28;

/// An entry that is to be stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NewLog<'a> {
    /// When it happened.
    pub created: Timestamp,
    /// What tells it from others of the same moment, below [`logs::NUMBERS`].
    pub number: u32,
    /// How bad it is.
    pub level: i64,
    /// What happened, in a line of UTF-8.
    pub message: &'a [u8],
    /// The rest, as the text of a JSON object.
    pub data: &'a [u8],
}

/// Entries, ready to be stored more than once.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    pub(super) entries: i64,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
    pub(super) size: i64,
    pub(super) packed: Arc<[u8]>,
}

impl Batch {
    /// These entries, in their order.
    ///
    /// # Errors
    /// When there is no memory to compress them in.
    pub fn pack<'a>(entries: impl IntoIterator<Item = NewLog<'a>>) -> io::Result<Self> {
        let mut plain = Vec::new();
        let (mut count, mut first, mut last) = (0, i64::MAX, i64::MIN);
        for entry in entries {
            count += 1;
            first = first.min(entry.created.millis());
            last = last.max(entry.created.millis());
            write(entry, &mut plain);
        }
        let mut packed = vec![FORM];
        packed.extend_from_slice(&zstd::bulk::compress(&plain, ZSTD_LEVEL)?);
        Ok(Self {
            entries: count,
            first: Timestamp::from_millis(first),
            last: Timestamp::from_millis(last),
            size: plain.len() as i64,
            packed: packed.into(),
        })
    }

    /// How many entries there are.
    pub const fn entries(&self) -> i64 {
        self.entries
    }

    /// Bytes that they have before they are compressed.
    pub const fn size(&self) -> i64 {
        self.size
    }
}

fn write(entry: NewLog<'_>, into: &mut Vec<u8>) {
    into.extend_from_slice(&entry.created.millis().to_le_bytes());
    into.extend_from_slice(&entry.level.to_le_bytes());
    into.extend_from_slice(&entry.number.to_le_bytes());
    // A text has a few kB.
    into.extend_from_slice(&(entry.message.len() as u32).to_le_bytes());
    into.extend_from_slice(&(entry.data.len() as u32).to_le_bytes());
    into.extend_from_slice(entry.message);
    into.extend_from_slice(entry.data);
}

/// The entries of a value that had `size` bytes before it was compressed, as rows of the columns of
/// [`super::COLUMNS`]; none when the value is damaged.
pub(super) fn unpack(packed: &[u8], size: usize) -> Option<Vec<Vec<Value>>> {
    let (&FORM, frame) = packed.split_first()? else { return None };
    let plain = zstd::bulk::decompress(frame, size).ok().filter(|plain| plain.len() == size)?;
    let mut rest = plain.as_slice();
    let mut rows = Vec::new();
    while !rest.is_empty() {
        let (head, after) = rest.split_at_checked(HEAD)?;
        let long = |at: usize| Some(i64::from_le_bytes(head.get(at..at + 8)?.try_into().ok()?));
        let short = |at: usize| Some(u32::from_le_bytes(head.get(at..at + 4)?.try_into().ok()?));
        let (message, after) = after.split_at_checked(short(20)? as usize)?;
        let (data, after) = after.split_at_checked(short(24)? as usize)?;
        let created = long(0)?;
        rows.push(vec![
            Value::Text(logs::id(created, short(16)?)),
            Value::Int(long(8)?),
            Value::Text(String::from_utf8_lossy(message).into_owned()),
            Value::Text(String::from_utf8_lossy(data).into_owned()),
            Value::Timestamp(Timestamp::from_millis(created)),
        ]);
        rest = after;
    }
    Some(rows)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(created: i64, message: &str) -> NewLog<'_> {
        let created = Timestamp::from_millis(created);
        NewLog { created, number: 3, level: -4, message: message.as_bytes(), data: b"{}" }
    }

    #[test]
    fn entries_come_out_as_they_went_in() {
        let batch = Batch::pack([entry(5, "one"), entry(9, ""), entry(7, "zwölf")]).unwrap();
        assert_eq!((batch.entries(), batch.first.millis(), batch.last.millis()), (3, 5, 9));
        let rows = unpack(&batch.packed, batch.size() as usize).unwrap();
        let row = |created, message: &str| {
            vec![
                Value::Text(logs::id(created, 3)),
                Value::Int(-4),
                Value::text(message),
                Value::text("{}"),
                Value::Timestamp(Timestamp::from_millis(created)),
            ]
        };
        assert_eq!(rows, [row(5, "one"), row(9, ""), row(7, "zwölf")]);
    }

    #[test]
    fn many_alike_take_a_tenth() {
        let data = format!("{{\"method\":\"GET\",\"referer\":\"{}\"}}", "x".repeat(300));
        let entry = |created| NewLog {
            created: Timestamp::from_millis(created),
            number: created as u32,
            level: 0,
            message: b"GET /api",
            data: data.as_bytes(),
        };
        let batch = Batch::pack((0..1_000).map(entry)).unwrap();
        assert!(batch.packed.len() * 10 < batch.size() as usize, "{}", batch.packed.len());
    }

    #[test]
    fn what_is_no_batch_is_none() {
        let batch = Batch::pack([entry(5, "one")]).unwrap();
        let (packed, size) = (&batch.packed, batch.size() as usize);
        assert!(unpack(packed, size).is_some());
        assert!(unpack(packed, size + 1).is_none());
        assert!(unpack(packed, size - 1).is_none());
        assert!(unpack(&packed[1..], size).is_none());
        assert!(unpack(&packed[..packed.len() - 1], size).is_none());
        assert!(unpack(&[], 0).is_none());
    }

    proptest! {
        #[test]
        fn bytes_of_any_kind_never_panic(plain in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut packed = vec![FORM];
            packed.extend(zstd::bulk::compress(&plain, ZSTD_LEVEL).unwrap());
            let _ = unpack(&packed, plain.len());
            let _ = unpack(&plain, plain.len());
        }
    }
}
