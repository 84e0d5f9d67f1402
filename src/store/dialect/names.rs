//! SQL that users write, for PostgreSQL: queries of views, and expressions and conditions of indexes.
//! It is written once, in the SQL of SQLite, where the case of names does not count and few words
//! are reserved; everything else has to be SQL of both.

use std::collections::HashMap;

use sqlparser::dialect::SQLiteDialect;
use sqlparser::tokenizer::{Token, Tokenizer, Whitespace, Word};

use crate::domain::collection::Collection;
use crate::domain::schema::Schema;
use crate::store::sql::quote;

/// `text` with every name that `names` has in quotes, as it is spelled there. A text that has no
/// tokens stays as it is: the database refuses it.
pub(super) fn postgres_text(text: &str, names: &Names<'_>) -> String {
    let dialect = SQLiteDialect {};
    let Ok(tokens) = Tokenizer::new(&dialect, text).with_unescape(false).tokenize() else {
        return text.to_owned();
    };
    let written = tokens.iter().enumerate().map(|(index, token)| match token {
        Token::DoubleEq => "=".to_owned(),
        Token::Word(word) => match word.quote_style {
            Some(_) => quote(names.spelled(&word.value).unwrap_or(&word.value)),
            None => plain(word, &tokens[..index], &tokens[index + 1..], names),
        },
        // The token ends its line by itself, also where the text ends without.
        Token::Whitespace(Whitespace::SingleLineComment { prefix, comment }) => {
            format!("{prefix}{}\n", comment.trim_end_matches('\n'))
        }
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
    KEYWORDS.split(' ').any(|keyword| keyword.eq_ignore_ascii_case(text))
}

/// How names are spelled, by name in lower case; the first one of several.
#[derive(Default)]
pub(super) struct Names<'a>(HashMap<String, &'a str>);

impl<'a> Names<'a> {
    /// The names of the columns of `table`.
    pub(super) fn of_table(table: &'a Collection) -> Self {
        let mut names = Self::default();
        names.add(table.fields.iter().map(|field| field.name.as_str()));
        names
    }

    /// All that the query of `view` may name: what there is, and then its own columns.
    pub(super) fn of_view(view: &'a Collection, schema: &'a Schema) -> Self {
        let mut names = Self::default();
        for collection in schema.collections() {
            names.add([collection.name.as_str()]);
            names.add(collection.fields.iter().map(|field| field.name.as_str()));
        }
        names.add(view.fields.iter().map(|field| field.name.as_str()));
        names
    }

    fn add(&mut self, names: impl IntoIterator<Item = &'a str>) {
        for name in names {
            self.0.entry(name.to_ascii_lowercase()).or_insert(name);
        }
    }

    fn spelled(&self, name: &str) -> Option<&'a str> {
        self.0.get(&name.to_ascii_lowercase()).copied()
    }
}

/// The words that SQLite does not take for names, and some that it would and that a query means
/// otherwise.
const KEYWORDS: &str = "ALL AND AS ASC BETWEEN BY CASE CAST COLLATE CROSS CURRENT_DATE CURRENT_TIME \
    CURRENT_TIMESTAMP DESC DISTINCT ELSE END ESCAPE EXCEPT EXISTS FALSE FILTER FIRST FOLLOWING \
    FROM FULL GROUP HAVING IN INNER INTERSECT IS ISNULL JOIN LAST LEFT LIKE LIMIT MATERIALIZED \
    NATURAL NOT NOTNULL NULL NULLS OFFSET ON OR ORDER OUTER OVER PARTITION PRECEDING RANGE \
    RECURSIVE RIGHT ROW ROWS SELECT THEN TRUE UNBOUNDED UNION USING VALUES WHEN WHERE WINDOW \
    WITH";

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
                r#"select "id", "firstName" || 'Posts' as "fullName", "user" from "Posts" -- Posts
"#,
            ),
            (
                "SELECT p.ID, COUNT(*) AS Total, p.Key FROM `Posts` p WHERE p.[user] == \"real\"",
                r#"SELECT p."id", COUNT(*) AS "total", p."key" FROM "Posts" p WHERE p."user" = "real""#,
            ),
            (
                "select cast(Real as REAL) x, cast(key as text) Y from posts group by 1",
                r#"select cast("real" as double precision) x, cast("key" as text) "Y" from "Posts" group by 1"#,
            ),
            ("select 'it''s' as it", "select 'it''s' as it"),
            ("select 'open", "select 'open"),
        ] {
            assert_eq!(postgres_text(query, &Names::of_view(&view, &schema)), expected);
        }
    }
}
