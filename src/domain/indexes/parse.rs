//! Takes a `CREATE INDEX` text apart, as far as its words go: what stands in expressions and in the
//! condition is kept as text for the database to judge.

use super::{Index, IndexColumn, IndexKey};

pub(super) fn parse(text: &str) -> Result<Index, String> {
    let text = text.trim().trim_end_matches(';').trim_end();
    let mut cursor = Cursor { rest: text };
    cursor.expect("CREATE")?;
    let unique = cursor.keyword("UNIQUE");
    cursor.expect("INDEX")?;
    let optional = cursor.keyword("IF");
    if optional {
        cursor.expect("NOT")?;
        cursor.expect("EXISTS")?;
    }
    let (schema, name) = cursor.qualified()?;
    cursor.expect("ON")?;
    let table = cursor.table()?;
    let columns = cursor.parenthesised()?;
    let columns = split(columns).into_iter().map(column).collect::<Result<Vec<_>, _>>()?;
    let condition = if cursor.keyword("WHERE") { cursor.rest.trim() } else { "" };
    if condition.is_empty() && !cursor.rest.trim().is_empty() {
        return Err(format!("`{}` is not expected behind the columns.", cursor.rest.trim()));
    }
    Ok(Index { unique, optional, schema, name, table, columns, condition: condition.to_owned() })
}

struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Takes `word` if it is next, in any case.
    fn keyword(&mut self, word: &str) -> bool {
        self.skip_space();
        let Some(head) = self.rest.get(..word.len()) else { return false };
        let rest = &self.rest[word.len()..];
        let ends = !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        if head.eq_ignore_ascii_case(word) && ends {
            self.rest = rest;
            return true;
        }
        false
    }

    fn expect(&mut self, word: &str) -> Result<(), String> {
        if self.keyword(word) {
            return Ok(());
        }
        let found: String = self.rest.chars().take(20).collect();
        Err(format!(
            "`{word}` is expected where `{found}` stands; write CREATE [UNIQUE] INDEX name ON table (columns)."
        ))
    }

    fn identifier(&mut self) -> Result<String, String> {
        self.skip_space();
        let (name, rest) = identifier(self.rest).ok_or_else(|| {
            "A name is expected; write CREATE INDEX name ON table (columns).".to_owned()
        })?;
        self.rest = rest;
        Ok(name)
    }

    /// A name with perhaps a schema before it.
    fn qualified(&mut self) -> Result<(String, String), String> {
        let first = self.identifier()?;
        self.skip_space();
        match self.rest.strip_prefix('.') {
            Some(rest) => {
                self.rest = rest;
                Ok((first, self.identifier()?))
            }
            None => Ok((String::new(), first)),
        }
    }

    /// The name of the table. It may be an empty one in quotes, as in the indexes of a collection that
    /// has no name yet (contract A 2.14): which table is meant is known without it.
    fn table(&mut self) -> Result<String, String> {
        self.skip_space();
        for empty in ["``", "\"\"", "''", "[]"] {
            if let Some(rest) = self.rest.strip_prefix(empty) {
                self.rest = rest;
                return Ok(String::new());
            }
        }
        Ok(self.qualified()?.1)
    }

    /// What stands between the next parenthesis and the one that closes it.
    fn parenthesised(&mut self) -> Result<&'a str, String> {
        self.skip_space();
        let Some(inner) = self.rest.strip_prefix('(') else {
            return Err("The columns are expected in parentheses.".to_owned());
        };
        let mut depth = 0usize;
        for (position, character) in outside_quotes(inner) {
            match character {
                '(' => depth += 1,
                ')' if depth == 0 => {
                    self.rest = &inner[position + 1..];
                    return Ok(&inner[..position]);
                }
                ')' => depth -= 1,
                _ => {}
            }
        }
        Err("The parenthesis of the columns does not close.".to_owned())
    }
}

/// The characters of `text` that stand in no quotes, with their positions.
fn outside_quotes(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut quote: Option<char> = None;
    text.char_indices().filter(move |&(_, character)| match quote {
        Some(end) => {
            if character == end {
                quote = None;
            }
            false
        }
        None => {
            quote = closing_quote(character);
            quote.is_none()
        }
    })
}

const fn closing_quote(character: char) -> Option<char> {
    match character {
        '`' | '"' | '\'' => Some(character),
        '[' => Some(']'),
        _ => None,
    }
}

/// `text` cut at its commas outside of quotes and parentheses.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0i32, 0);
    for (position, character) in outside_quotes(text) {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[start..position]);
                start = position + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn column(text: &str) -> Result<IndexColumn, String> {
    let mut text = text.trim();
    let mut order = String::new();
    if let Some((before, word)) = last_word(text)
        && (word.eq_ignore_ascii_case("asc") || word.eq_ignore_ascii_case("desc"))
    {
        order = word.to_ascii_uppercase();
        text = before;
    }
    let mut collate = String::new();
    if let Some((before, word)) = last_word(text)
        && let Some((key, keyword)) = last_word(before)
        && keyword.eq_ignore_ascii_case("collate")
    {
        collate = word.trim_matches(['`', '"', '\'', '[', ']']).to_owned();
        text = key;
    }
    if text.trim_matches(['`', '"', '\'', '[', ']']).is_empty() {
        return Err("A column is missing between the commas.".to_owned());
    }
    let key = match identifier(text) {
        Some((name, "")) => IndexKey::Column(name),
        _ => IndexKey::Expression(text.to_owned()),
    };
    Ok(IndexColumn { key, collate, order })
}

/// What stands before the last word, and that word.
fn last_word(text: &str) -> Option<(&str, &str)> {
    let (before, word) = text.rsplit_once(char::is_whitespace)?;
    Some((before.trim_end(), word))
}

/// The identifier that `text` begins with, without its quotes, and what follows.
fn identifier(text: &str) -> Option<(String, &str)> {
    let first = text.chars().next()?;
    if let Some(end) = closing_quote(first) {
        let inner = &text[first.len_utf8()..];
        let length = inner.find(end)?;
        let rest = &inner[length + end.len_utf8()..];
        return (length > 0).then(|| (inner[..length].to_owned(), rest));
    }
    let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let length = text.find(|c| !is_name(c)).unwrap_or(text.len());
    (length > 0 && !first.is_ascii_digit()).then(|| (text[..length].to_owned(), &text[length..]))
}
