//! Query parameters. Of a repeated one only the first value counts (contract A 1.7).

use std::collections::BTreeMap;

use url::form_urlencoded;

use crate::services::Error;
use crate::services::pick::Pick;

/// The first value of each query parameter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query(BTreeMap<String, String>);

impl Query {
    /// Reads the part of a URL behind the question mark.
    pub fn parse(text: &str) -> Self {
        let mut values = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            values.entry(name.into_owned()).or_insert_with(|| value.into_owned());
        }
        Self(values)
    }

    /// The value of `name`, empty when it was not sent.
    pub fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// Whether `name` was sent, be it empty.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// What the `fields` parameter asks for; None is everything.
    ///
    /// # Errors
    /// `BadRequest` when the expression is wrong.
    pub fn pick(&self) -> Result<Option<Pick>, Error> {
        Pick::parse(self.text("fields"))
    }

    /// All values by name, as rules see them.
    pub fn into_values(self) -> BTreeMap<String, String> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_value_counts_and_escapes_are_read() {
        let query = Query::parse("a=1&a=2&b=x+y%20z%C3%A4&c&=d&e=%zz&page=");
        assert_eq!(query.text("a"), "1");
        assert_eq!(query.text("b"), "x y zä");
        assert_eq!(query.text("c"), "");
        assert_eq!(query.text("e"), "%zz");
        assert_eq!(query.text("missing"), "");
        assert!(query.pick().unwrap().is_none());
        assert_eq!(query.into_values().len(), 6);
        assert!(Query::parse("fields=a:b").pick().is_err());
    }
}
