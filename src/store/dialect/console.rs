//! Which statements that people write by hand only look.

use crate::store::dialect::Dialect;

/// What SQLite tells of itself by `PRAGMA name` or `PRAGMA name(argument)`. Others change the
/// connection or the file.
const PRAGMAS: [&str; 14] = [
    "collation_list",
    "compile_options",
    "database_list",
    "foreign_key_list",
    "freelist_count",
    "function_list",
    "index_info",
    "index_list",
    "index_xinfo",
    "page_count",
    "page_size",
    "table_info",
    "table_list",
    "table_xinfo",
];

impl Dialect {
    /// Whether `sql` begins like a statement that asks for rows and leaves the connection as it is.
    pub(in crate::store) fn only_looks(self, sql: &str) -> bool {
        let sql = sql.trim_start();
        let first = first_word(sql);
        let is = |words: &[&str]| words.iter().any(|word| first.eq_ignore_ascii_case(word));
        match self {
            _ if is(&["SELECT", "WITH", "VALUES", "EXPLAIN"]) => true,
            Self::Postgres => is(&["TABLE", "SHOW"]),
            Self::Sqlite if is(&["PRAGMA"]) => {
                let rest = sql.get(first.len()..).unwrap_or_default().trim_start();
                let name = first_word(rest);
                PRAGMAS.iter().any(|pragma| pragma.eq_ignore_ascii_case(name))
                    && !rest.contains('=')
            }
            Self::Sqlite => false,
        }
    }
}

fn first_word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_a_connection_does_not_only_look() {
        for (sql, sqlite, postgres) in [
            (" select 1", true, true),
            ("SELECT(1)", true, true),
            ("with x as (select 1) select * from x", true, true),
            ("values (1)", true, true),
            ("table posts", false, true),
            ("show server_version", false, true),
            ("explain select 1", true, true),
            ("pragma table_info(posts)", true, false),
            ("PRAGMA Page_Count", true, false),
            ("pragma page_size = 4096", false, false),
            ("pragma query_only(0)", false, false),
            ("pragma main.query_only(0)", false, false),
            ("attach 'x' as x", false, false),
            ("begin", false, false),
            ("set search_path = x", false, false),
            ("selected", false, false),
            ("", false, false),
        ] {
            assert_eq!(Dialect::Sqlite.only_looks(sql), sqlite, "{sql}");
            assert_eq!(Dialect::Postgres.only_looks(sql), postgres, "{sql}");
        }
    }
}
