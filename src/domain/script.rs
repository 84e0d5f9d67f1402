//! Several SQL statements in one text, as somebody writes them who has no transaction to think of.
//! Knows where a statement ends, and not what it means.

/// How statements begin that would end the transaction they run in, or change the connection that
/// others use after.
const REFUSED: [&str; 18] = [
    "BEGIN",
    "START",
    "COMMIT",
    "END",
    "ROLLBACK",
    "ABORT",
    "SAVEPOINT",
    "RELEASE",
    "PREPARE",
    "ATTACH",
    "DETACH",
    "VACUUM",
    "SET",
    "RESET",
    "LISTEN",
    "PRAGMA",
    "COPY",
    "DISCARD",
];

/// The statements of `text`, without the semicolons between them.
///
/// # Errors
/// Why they cannot run in one transaction.
pub fn statements(text: &str) -> Result<Vec<String>, String> {
    let mut statements = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = end_of_statement(rest);
        let (statement, after) = (&rest[..end], &rest[end..]);
        let word = first_word(statement);
        if !word.is_empty() {
            if let Some(refused) = REFUSED.iter().find(|refused| refused.eq_ignore_ascii_case(word))
            {
                return Err(format!(
                    "{refused} cannot stand in it: it is one transaction by itself"
                ));
            }
            statements.push(statement.trim().to_owned());
        } else if !without_comments(statement).is_empty() {
            return Err("a statement begins with a word, such as DELETE".to_owned());
        }
        rest = after.strip_prefix(';').unwrap_or(after);
    }
    if statements.is_empty() {
        return Err("there is no statement in it".to_owned());
    }
    Ok(statements)
}

/// Where the statement at the beginning of `text` ends: at its semicolon, or with the text.
fn end_of_statement(text: &str) -> usize {
    let mut position = 0;
    while position < text.len() {
        let rest = &text[position..];
        if rest.starts_with(';') {
            return position;
        }
        position += quoted(rest)
            .or_else(|| comment(rest))
            .or_else(|| rest.chars().next().map(char::len_utf8))
            .unwrap_or(1);
    }
    text.len()
}

/// The length of what is quoted at the beginning of `text`, if anything is. A doubled quote is the end
/// of one piece and the beginning of the next, which comes to the same.
fn quoted(text: &str) -> Option<usize> {
    let quote = text.chars().next()?;
    if matches!(quote, '\'' | '"' | '`') {
        return Some(through(text, 1, &text[..1]));
    }
    let tag = text.strip_prefix('$')?;
    let length = tag.find('$')?;
    let name = &tag[..length];
    let is_tag = name.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
        && !name.starts_with(|letter: char| letter.is_ascii_digit());
    is_tag.then(|| through(text, length + 2, &text[..length + 2]))
}

/// The length of the comment at the beginning of `text`, if there is one.
fn comment(text: &str) -> Option<usize> {
    if text.starts_with("--") {
        return Some(through(text, 2, "\n"));
    }
    text.starts_with("/*").then(|| through(text, 2, "*/"))
}

/// The length of `text` up to and with the first `end` that is not before `from`.
fn through(text: &str, from: usize, end: &str) -> usize {
    text[from..].find(end).map_or(text.len(), |found| from + found + end.len())
}

fn first_word(statement: &str) -> &str {
    let statement = without_comments(statement);
    let letters = |letter: char| !letter.is_ascii_alphabetic();
    &statement[..statement.find(letters).unwrap_or(statement.len())]
}

/// `text` from its first sign on that is in no comment.
fn without_comments(text: &str) -> &str {
    let mut text = text.trim_start();
    while let Some(length) = comment(text) {
        text = text[length..].trim_start();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_ends_at_a_semicolon_that_is_nowhere_inside() {
        for (text, expected) in [
            ("DELETE FROM a", &["DELETE FROM a"][..]),
            (" DELETE FROM a ; DELETE FROM b;\n", &["DELETE FROM a", "DELETE FROM b"]),
            ("UPDATE a SET x = ';''; ' -- ; \n", &["UPDATE a SET x = ';''; ' -- ;"]),
            (
                "DELETE FROM \"a;b\"; DELETE FROM `c;d`",
                &["DELETE FROM \"a;b\"", "DELETE FROM `c;d`"],
            ),
            ("/* ; */ SELECT 1; -- BEGIN", &["/* ; */ SELECT 1"]),
            ("DO $x$ a; b; $$ $x$; SELECT $1", &["DO $x$ a; b; $$ $x$", "SELECT $1"]),
            ("SELECT 'é;'; ;; SELECT 2", &["SELECT 'é;'", "SELECT 2"]),
            ("SELECT 'open; ", &["SELECT 'open;"]),
        ] {
            assert_eq!(statements(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_part_of_a_transaction_is_refused() {
        for text in
            ["", " ; -- nothing", "BEGIN; DELETE FROM a", "delete from a; /* x */ commit", "42"]
        {
            assert!(statements(text).is_err(), "{text}");
        }
        assert!(statements("endless").is_ok(), "a word is read to its end");
    }
}
