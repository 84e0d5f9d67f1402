//! What is compared of a table: how many rows it has, and a checksum over all of them in order.

use std::io::Write;

use sha2::{Digest, Sha256};

use crate::domain::Json;

/// A table in short. Equal sums are equal rows in the same order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSum {
    /// The table.
    pub name: String,
    /// How many rows.
    pub rows: u64,
    /// SHA-256 over the JSON of the rows, in hexadecimal digits.
    pub checksum: String,
}

/// Adds rows up.
pub(in crate::services) struct Sum {
    rows: u64,
    hash: Sha256,
    text: Vec<u8>,
}

impl Sum {
    pub(in crate::services) fn new() -> Self {
        Self { rows: 0, hash: Sha256::new(), text: Vec::new() }
    }

    /// Adds the next row.
    pub(in crate::services) fn add<'a>(&mut self, values: impl IntoIterator<Item = &'a Json>) {
        self.rows += 1;
        self.text.clear();
        for value in values {
            write(&mut self.text, value);
            self.text.push(b'\n');
        }
        self.text.push(b'\n');
        self.hash.update(&self.text);
    }

    pub(in crate::services) fn of(self, name: &str) -> TableSum {
        let digest = self.hash.finalize();
        let checksum = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        TableSum { name: name.to_owned(), rows: self.rows, checksum }
    }
}

/// Writes JSON with the keys of objects in order, which says nothing in JSON.
fn write(text: &mut Vec<u8>, value: &Json) {
    match value {
        Json::Object(map) => {
            let mut entries: Vec<(&String, &Json)> = map.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            text.push(b'{');
            for (key, value) in entries {
                // Writing to memory does not fail.
                let _ = write!(text, "{key:?}:");
                write(text, value);
                text.push(b',');
            }
            text.push(b'}');
        }
        Json::Array(items) => {
            text.push(b'[');
            for item in items {
                write(text, item);
                text.push(b',');
            }
            text.push(b']');
        }
        scalar => {
            let _ = serde_json::to_writer(&mut *text, scalar);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sum(rows: &[Json]) -> String {
        let mut sum = Sum::new();
        rows.iter().for_each(|row| sum.add(row.as_array().unwrap()));
        sum.of("table").checksum
    }

    #[test]
    fn every_difference_of_rows_is_one_of_sums() {
        let rows = [json!(["a", 1]), json!(["b", {"x": [1], "y": null}])];
        let same = [json!(["a", 1]), json!(["b", {"y": null, "x": [1]}])];
        assert_eq!(sum(&rows), sum(&same));
        for other in [
            vec![rows[1].clone(), rows[0].clone()],
            vec![rows[0].clone()],
            vec![json!(["a"]), json!([1]), rows[1].clone()],
            vec![json!(["a", "1"]), rows[1].clone()],
            vec![json!(["a", 1.5]), rows[1].clone()],
            vec![json!(["a", 1]), json!(["b", {"x": 1, "y": null}])],
            vec![json!(["a", 1]), json!(["b", {"x": [1]}])],
            vec![json!(["a\n1"]), rows[1].clone()],
        ] {
            assert_ne!(sum(&rows), sum(&other), "{other:?}");
        }
    }
}
