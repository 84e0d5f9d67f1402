//! Queries of views for PostgreSQL. They are written once, in the SQL of SQLite, where the case of
//! names does not count and few words are reserved; everything else has to be SQL of both.

use std::collections::HashMap;

use sqlparser::dialect::SQLiteDialect;
use sqlparser::tokenizer::{Token, Tokenizer, Word};

use crate::domain::collection::Collection;
use crate::domain::schema::Schema;
use crate::store::sql::quote;

/// The query of `view` with every name that collections, fields and the view's own columns have in
/// quotes, as they spell it. A text that has no tokens stays as it is: the database refuses it.
pub(super) fn postgres_query(query: &str, view: &Collection, schema: &Schema) -> String {
    let Ok(tokens) = Tokenizer::new(&SQLiteDialect {}, query).tokenize() else {
        return query.to_owned();
    };
    let names = Names::new(view, schema);
    let written = tokens.iter().enumerate().map(|(index, token)| match token {
        Token::DoubleEq => "=".to_owned(),
        Token::Word(word) => match word.quote_style {
            Some(_) => quote(names.spelled(&word.value).unwrap_or(&word.value)),
            None => plain(word, &tokens[..index], &tokens[index + 1..], &names),
        },
        token => token.to_string(),
    });
    written.collect()
}

/// A word without quotes between what stands before and after it.
fn plain(word: &Word, before: &[Token], after: &[Token], names: &Names<'_>) -> String {
    let text = word.value.as_str();
    let next = after.iter().find(|token| !matches!(token, Token::Whitespace(_)));
    let last = before.iter().rev().find(|token| !matches!(token, Token::Whitespace(_)));
    let is_called = next == Some(&Token::LParen);
    let ends = next == Some(&Token::RParen);
    let is_type = ends && matches!(last, Some(Token::Word(word)) if is(word, "AS"));
    if is_type && is(word, "REAL") {
        return "double precision".to_owned();
    }
    if is_called || is_type || is_keyword(text) {
        return text.to_owned();
    }
    match names.spelled(text) {
        Some(name) => quote(name),
        None if text.bytes().any(|byte| byte.is_ascii_uppercase()) => quote(text),
        None => text.to_owned(),
    }
}

fn is(word: &Word, other: &str) -> bool {
    word.quote_style.is_none() && word.value.eq_ignore_ascii_case(other)
}

fn is_keyword(text: &str) -> bool {
    KEYWORDS.binary_search(&text.to_ascii_uppercase().as_str()).is_ok()
}

/// How names are spelled.
struct Names<'a> {
    /// By name in lower case; the first one of several.
    by_lower: HashMap<String, &'a str>,
    /// The names of the view's columns.
    own: Vec<&'a str>,
}

impl<'a> Names<'a> {
    fn new(view: &'a Collection, schema: &'a Schema) -> Self {
        let own: Vec<&str> = view.fields.iter().map(|field| field.name.as_str()).collect();
        let mut by_lower = HashMap::new();
        for collection in schema.collections() {
            let fields = collection.fields.iter().map(|field| field.name.as_str());
            for name in std::iter::once(collection.name.as_str()).chain(fields) {
                by_lower.entry(name.to_ascii_lowercase()).or_insert(name);
            }
        }
        for &name in &own {
            by_lower.entry(name.to_ascii_lowercase()).or_insert(name);
        }
        Self { by_lower, own }
    }

    fn spelled(&self, name: &str) -> Option<&'a str> {
        let own = self.own.iter().find(|own| **own == name).copied();
        own.or_else(|| self.by_lower.get(&name.to_ascii_lowercase()).copied())
    }
}

/// The words that SQLite does not take for names, and some that it would and that a query means
/// otherwise; in order.
const KEYWORDS: &[&str] = &[
    "ALL",
    "AND",
    "AS",
    "ASC",
    "BETWEEN",
    "BY",
    "CASE",
    "CAST",
    "COLLATE",
    "CROSS",
    "CURRENT_DATE",
    "CURRENT_TIME",
    "CURRENT_TIMESTAMP",
    "DESC",
    "DISTINCT",
    "ELSE",
    "END",
    "ESCAPE",
    "EXCEPT",
    "EXISTS",
    "FALSE",
    "FILTER",
    "FIRST",
    "FOLLOWING",
    "FROM",
    "FULL",
    "GROUP",
    "HAVING",
    "IN",
    "INNER",
    "INTERSECT",
    "IS",
    "ISNULL",
    "JOIN",
    "LAST",
    "LEFT",
    "LIKE",
    "LIMIT",
    "MATERIALIZED",
    "NATURAL",
    "NOT",
    "NOTNULL",
    "NULL",
    "NULLS",
    "OFFSET",
    "ON",
    "OR",
    "ORDER",
    "OUTER",
    "OVER",
    "PARTITION",
    "PRECEDING",
    "RANGE",
    "RECURSIVE",
    "RIGHT",
    "ROW",
    "ROWS",
    "SELECT",
    "THEN",
    "TRUE",
    "UNBOUNDED",
    "UNION",
    "USING",
    "VALUES",
    "WHEN",
    "WHERE",
    "WINDOW",
    "WITH",
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::random::Random;
    use crate::domain::time::Timestamp;

    fn collection(definition: serde_json::Value) -> Collection {
        let body = definition.as_object().expect("an object");
        let now = Timestamp::from_millis(0);
        let mut random = Random::seeded(1);
        Collection::create(body, &Schema::default(), now, &mut random).expect("a collection")
    }

    #[test]
    fn names_are_quoted_as_they_are_spelled() {
        assert!(KEYWORDS.is_sorted());
        let text = |name: &str| json!({ "name": name, "type": "text" });
        let posts = collection(json!({ "name": "Posts",
            "fields": [text("firstName"), text("user"), text("real"), text("key")] }));
        let schema = Schema::new(1, vec![posts.into()]);
        let mut view =
            collection(json!({ "name": "v", "type": "view", "viewQuery": "select 1 as id" }));
        view.fields = ["id", "fullName", "Key", "total"]
            .map(|name| {
                crate::domain::fields::Field::new(name, crate::domain::fields::FieldKind::Bool)
            })
            .into();
        for (query, expected) in [
            (
                "select id, FirstName || 'Posts' as fullName, user from posts -- Posts",
                r#"select "id", "firstName" || 'Posts' as "fullName", "user" from "Posts" -- Posts"#,
            ),
            (
                "SELECT p.ID, COUNT(*) AS Total, p.Key FROM `Posts` p WHERE p.[user] == \"real\"",
                r#"SELECT p."id", COUNT(*) AS "total", p."Key" FROM "Posts" p WHERE p."user" = "real""#,
            ),
            (
                "select cast(Real as REAL) x, cast(key as text) Y from posts group by 1",
                r#"select cast("real" as double precision) x, cast("key" as text) "Y" from "Posts" group by 1"#,
            ),
            ("select 'open", "select 'open"),
        ] {
            assert_eq!(postgres_query(query, &view, &schema), expected);
        }
    }
}
