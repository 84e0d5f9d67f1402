//! JSON texts of clients as trees of values. A value takes 72 bytes of memory and two of a text, so
//! values are counted as they are read, and a text with too many is refused before it is all there.

use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

use crate::domain::{Json, JsonMap};

/// Bytes of a body's limit for each value in it.
const BYTES_PER_VALUE: u64 = 32;

/// The values that a body may have however short it must be.
const ALWAYS_ALLOWED: u64 = 10_000;

/// How many more values a body may have. Keys count as values.
#[derive(Debug)]
pub(super) struct Budget(u64);

impl Budget {
    /// What a body of at most `limit` bytes may have: a million for 32 MiB.
    pub(super) fn of(limit: u64) -> Self {
        Self((limit / BYTES_PER_VALUE).max(ALWAYS_ALLOWED))
    }

    /// The first JSON value in `text`; what follows it is ignored. Nesting ends at 128 levels.
    ///
    /// # Errors
    /// When there is no such value, or it has more values in it than are left.
    pub(super) fn read(&mut self, text: &[u8]) -> Result<Json, serde_json::Error> {
        Value(self).deserialize(&mut serde_json::Deserializer::from_slice(text))
    }

    /// The JSON value that `text` is.
    ///
    /// # Errors
    /// As [`Budget::read`], and when anything but blanks follows the value.
    pub(super) fn read_whole(&mut self, text: &[u8]) -> Result<Json, serde_json::Error> {
        let mut reader = serde_json::Deserializer::from_slice(text);
        let value = Value(self).deserialize(&mut reader)?;
        reader.end()?;
        Ok(value)
    }

    fn spend<E: serde::de::Error>(&mut self, values: u64) -> Result<(), E> {
        self.0 = self.0.checked_sub(values).ok_or_else(|| E::custom("it has too many values"))?;
        Ok(())
    }
}

/// Reads one value within a budget.
struct Value<'a>(&'a mut Budget);

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = Json;

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<Json, D::Error> {
        self.0.spend(1)?;
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = Json;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Json, E> {
        Number::from_f64(value).map(Json::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<Json, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Value(self.0))? {
            list.push(item);
        }
        Ok(Json::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut map = JsonMap::new();
        while let Some(key) = entries.next_key::<String>()? {
            self.0.spend::<A::Error>(1)?;
            map.insert(key, entries.next_value_seed(Value(self.0))?);
        }
        Ok(Json::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    fn plainly(text: &[u8]) -> Result<Json, serde_json::Error> {
        Json::deserialize(&mut serde_json::Deserializer::from_slice(text))
    }

    #[test]
    fn every_value_and_every_key_counts() {
        for (text, values) in [
            ("1", 1),
            ("[]", 1),
            ("[1,2]", 3),
            ("{\"a\":1}", 3),
            ("{\"a\":1,\"a\":2}", 5),
            ("{\"a\":[{},null,\"x\"]}", 6),
        ] {
            assert!(Budget(values).read(text.as_bytes()).is_ok(), "{text}");
            let refused = Budget(values - 1).read(text.as_bytes()).unwrap_err();
            assert!(refused.to_string().starts_with("it has too many values"), "{text}");
        }
    }

    #[test]
    fn the_budget_is_one_for_all_that_is_read() {
        let mut budget = Budget(4);
        assert!(budget.read(b"[1]").is_ok());
        assert!(budget.read(b"[1]").is_ok());
        assert!(budget.read(b"[1]").is_err());
        assert_eq!(Budget::of(32 << 20).0, 1 << 20);
        assert_eq!(Budget::of(0).0, ALWAYS_ALLOWED);
    }

    proptest! {
        #[test]
        fn within_the_budget_it_reads_as_serde_json_does(
            text in "([ \\[\\]{}:,]|\"[a-c\\\\u0]{0,3}\"|-?[0-9]{1,3}|1e[0-9]{2,3}|0\\.[0-9]{1,20}|true|null|[0-9]{18,21}){0,12}"
        ) {
            let (ours, plain) = (Budget(1_000).read(text.as_bytes()), plainly(text.as_bytes()));
            prop_assert_eq!(ours.map_err(|err| err.to_string()), plain.map_err(|err| err.to_string()));
        }
    }
}
