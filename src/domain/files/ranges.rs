//! Parts of a file that a client asks for: the `Range` header, read as the contract's reference
//! reads it (contract A 4.3).

/// Most parts that are answered one by one; who asks for more gets the whole file.
const MOST_RANGES: usize = 256;

/// What to answer to a `Range` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ranges {
    /// 200 and the whole file: nothing was asked for, or more than the file altogether.
    Whole,
    /// 206 and these parts, in this order: at least one, none of them empty.
    Partial(Vec<Range>),
    /// 416: the header cannot be read, or no part of it lies in the file.
    Unsatisfiable,
}

/// A part of a file, which has a byte at least and lies in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The offset of its first byte.
    pub start: u64,
    /// How many bytes it has.
    pub length: u64,
}

impl Range {
    /// The value of `Content-Range` for this part of a file of `total` bytes.
    pub fn content_range(&self, total: u64) -> String {
        format!("bytes {}-{}/{total}", self.start, self.start + self.length - 1)
    }
}

/// Reads the value of a `Range` header for a file of `length` bytes. Parts may overlap and come in
/// any order; those that begin behind the end are passed over while another one does not.
pub fn parse(header: &str, length: u64) -> Ranges {
    let header = trim(header);
    if header.is_empty() {
        return Ranges::Whole;
    }
    let Some(list) = header.strip_prefix("bytes=") else { return Ranges::Unsatisfiable };
    let mut ranges = Vec::new();
    let mut beyond = false;
    for part in list.split(',').map(trim).filter(|part| !part.is_empty()) {
        match part_of(part, length) {
            None => return Ranges::Unsatisfiable,
            Some(None) => beyond = true,
            Some(Some(range)) => ranges.push(range),
        }
    }
    let total: u128 = ranges.iter().map(|range| u128::from(range.length)).sum();
    if ranges.is_empty() && beyond && length > 0 {
        Ranges::Unsatisfiable
    } else if ranges.is_empty() || total > u128::from(length) || ranges.len() > MOST_RANGES {
        Ranges::Whole
    } else {
        Ranges::Partial(ranges)
    }
}

/// One part of the list: nothing when it cannot be read, and nothing inside when no byte of it
/// lies in the file.
fn part_of(part: &str, length: u64) -> Option<Option<Range>> {
    let (first, last) = part.split_once('-')?;
    let (first, last) = (trim(first), trim(last));
    if first.is_empty() {
        let wanted = number(last)?.min(length);
        return Some((wanted > 0).then(|| Range { start: length - wanted, length: wanted }));
    }
    let start = number(first)?;
    if start >= length {
        return Some(None);
    }
    let end = if last.is_empty() { u64::MAX } else { number(last)? };
    if end < start {
        return None;
    }
    let end = end.min(length - 1);
    Some(Some(Range { start, length: end - start + 1 }))
}

/// A number from 0 to 2^63-1.
fn number(text: &str) -> Option<u64> {
    text.parse::<i64>().ok().and_then(|number| u64::try_from(number).ok())
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r', '\n'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The answer in short: `200`, `416`, or the parts as `first-last`.
    fn answer(header: &str, length: u64) -> String {
        match parse(header, length) {
            Ranges::Whole => "200".to_owned(),
            Ranges::Unsatisfiable => "416".to_owned(),
            Ranges::Partial(ranges) => {
                let part = |range: &Range| {
                    let value = range.content_range(length);
                    let value = value.strip_prefix("bytes ").unwrap();
                    value.strip_suffix(&format!("/{length}")).unwrap().to_owned()
                };
                ranges.iter().map(part).collect::<Vec<_>>().join(" ")
            }
        }
    }

    /// Each was sent to PocketBase 0.39.11 for a file of 1000 bytes.
    const AS_THE_ORIGINAL: [(&str, &str); 53] = [
        ("", "200"),
        ("bytes=0-9", "0-9"),
        ("bytes=990-", "990-999"),
        ("bytes=-10", "990-999"),
        ("bytes=-5000", "0-999"),
        ("bytes=0-", "0-999"),
        ("bytes=0-5000", "0-999"),
        ("bytes=999-", "999-999"),
        ("bytes=999-999", "999-999"),
        ("bytes=1000-", "416"),
        ("bytes=1000-1001", "416"),
        ("bytes=5-4", "416"),
        ("bytes=", "200"),
        ("bytes=,", "200"),
        ("bytes=-", "416"),
        ("bytes=0", "416"),
        ("bytes=a-b", "416"),
        ("bytes=0-a", "416"),
        ("bytes=0-9,20-29", "0-9 20-29"),
        ("bytes=0-9, 20-29", "0-9 20-29"),
        ("bytes=0-9 , 20-29", "0-9 20-29"),
        ("bytes= 0 - 9 ", "0-9"),
        (" bytes=0-9", "0-9"),
        ("bytes =0-9", "416"),
        ("Bytes=0-9", "416"),
        ("items=0-9", "416"),
        ("bytes=0-9,", "0-9"),
        ("bytes=,0-9", "0-9"),
        ("bytes=\t0-\t9", "0-9"),
        ("bytes=0-9,\t,5-6", "0-9 5-6"),
        ("bytes=0-9,5-14", "0-9 5-14"),
        ("bytes=0-600,100-600", "200"),
        ("bytes=0-499,0-499", "0-499 0-499"),
        ("bytes=0-499,0-500", "200"),
        ("bytes=500-999,0-499", "500-999 0-499"),
        ("bytes=0-9,2000-", "0-9"),
        ("bytes=2000-,3000-", "416"),
        ("bytes=0-9,5-4", "416"),
        ("bytes=-10,0-4", "990-999 0-4"),
        ("bytes=0-0,-1", "0-0 999-999"),
        ("bytes=+1-+9", "1-9"),
        ("bytes=-+5", "995-999"),
        ("bytes=00-09", "0-9"),
        ("bytes=--5", "416"),
        ("bytes=1--5", "416"),
        ("bytes=1_0-20", "416"),
        ("bytes=0-9-10", "416"),
        ("bytes=0-9;10-19", "416"),
        ("bytes=99999999999999999999-", "416"),
        ("bytes=9223372036854775807-", "416"),
        ("bytes=0-9223372036854775807", "0-999"),
        ("bytes=0-9223372036854775808", "416"),
        ("bytes=-9223372036854775808", "416"),
    ];

    #[test]
    fn ranges_are_read_as_the_original_reads_them() {
        for (header, expected) in AS_THE_ORIGINAL {
            assert_eq!(answer(header, 1000), expected, "{header:?}");
        }
    }

    #[test]
    fn an_empty_file_is_served_whole() {
        for header in ["bytes=0-", "bytes=0-0", "bytes=0-9,1-2", "bytes=1-", "bytes="] {
            assert_eq!(answer(header, 0), "200", "{header}");
        }
        assert_eq!(answer("bytes=a", 0), "416");
        // The original answers 206 with `bytes 0--1/0`, which is no range.
        assert_eq!(answer("bytes=-1", 0), "200");
    }

    #[test]
    fn a_suffix_of_nothing_is_no_part() {
        // The original answers 206 with `bytes 1000-999/1000`, which is no range.
        assert_eq!(answer("bytes=-0", 1000), "416");
        assert_eq!(answer("bytes=0-9,-0", 1000), "0-9");
    }

    #[test]
    fn a_swarm_of_ranges_is_one_file() {
        let list = |count: usize| format!("bytes={}", vec!["0-0"; count].join(","));
        assert_eq!(
            parse(&list(MOST_RANGES), 1000),
            Ranges::Partial(vec![Range { start: 0, length: 1 }; MOST_RANGES])
        );
        assert_eq!(parse(&list(MOST_RANGES + 1), 1000), Ranges::Whole);
    }

    #[test]
    fn the_largest_file_does_not_overflow() {
        let length = u64::MAX;
        assert_eq!(parse("bytes=0-,0-,0-", length), Ranges::Whole);
        assert_eq!(
            parse("bytes=-1", length),
            Ranges::Partial(vec![Range { start: u64::MAX - 1, length: 1 }])
        );
    }

    proptest! {
        #[test]
        fn parts_lie_in_the_file(
            header in prop_oneof![".{0,40}", "bytes=[0-9 ,+-]{0,40}", "bytes=([0-9]{0,3}-[0-9]{0,3},?){0,9}"],
            length in prop_oneof![0u64..500, any::<u64>()],
        ) {
            if let Ranges::Partial(ranges) = parse(&header, length) {
                prop_assert!(!ranges.is_empty());
                let mut total = 0;
                for range in ranges {
                    prop_assert!(range.length > 0);
                    prop_assert!(range.start.checked_add(range.length).is_some_and(|end| end <= length));
                    total += range.length;
                }
                prop_assert!(total <= length);
            }
        }
    }
}
