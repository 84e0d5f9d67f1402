//! The engines' words for full-text search. Both keep the words of a row in a table of its own
//! beside it, which triggers fill: FTS5 on SQLite, `tsvector` on PostgreSQL. Nothing that reads the
//! rows knows of it, and whatever writes them is followed.

use crate::domain::collection::Collection;
use crate::domain::fields::{Field, FieldKind};
use crate::domain::search;
use crate::store::dialect::Dialect;
use crate::store::dialect::ddl::LONGEST_NAME;
use crate::store::sql::quote;

/// Behind the id of a collection, the name of its table of words, with a blank as no collection has.
const SUFFIX: &str = " search";

/// Characters of a record whose words are kept, shared by its fields. More would not fit into one
/// `tsvector`, whatever they are.
const LONGEST_TEXT: usize = 240_000;

/// Fields that are told from each other; PostgreSQL has four weights. The rest count as one.
pub(in crate::store) const GROUPS: usize = 4;

/// How a word must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Last {
    /// All of it.
    Whole,
    /// The last one may go on.
    Prefix,
}

/// The table of the words of `collection`, whatever it is called.
pub(in crate::store) fn words_table(collection: &Collection) -> String {
    let id = &collection.id;
    let end = id.floor_char_boundary(LONGEST_NAME - SUFFIX.len());
    format!("{}{SUFFIX}", &id[..end])
}

/// Whether a table of this name holds words, or is one of those that SQLite keeps them in.
pub(in crate::store) fn is_words_table(name: &str) -> bool {
    name.contains(SUFFIX)
}

/// How many groups the search fields of `collection` are.
pub(in crate::store) fn groups(collection: &Collection) -> usize {
    search::fields(collection).len().min(GROUPS)
}

impl Dialect {
    /// Makes the table of words of `collection`, fills it, and has it follow.
    pub(in crate::store) fn make_search(self, collection: &Collection) -> Vec<String> {
        match self {
            Self::Sqlite => make_sqlite(collection),
            Self::Postgres => make_postgres(collection),
        }
    }

    /// Removes it, also where there is none.
    pub(in crate::store) fn drop_search(self, collection: &Collection) -> Vec<String> {
        let words = words_table(collection);
        let table = format!("DROP TABLE IF EXISTS {}", quote(&words));
        match self {
            Self::Sqlite => {
                let triggers = ["insert", "update", "delete"];
                let trigger = |event| {
                    format!("DROP TRIGGER IF EXISTS {}", quote(&format!("{words} {event}")))
                };
                triggers.into_iter().map(trigger).chain([table]).collect()
            }
            // The trigger goes with its function.
            Self::Postgres => {
                vec![format!("DROP FUNCTION IF EXISTS {}() CASCADE", quote(&words)), table]
            }
        }
    }

    /// The parameter of [`Dialect::found_rows`] for `words`: in all fields of `collection`, or in one
    /// group of them.
    pub(in crate::store) fn search_text(
        self,
        collection: &Collection,
        words: &[&str],
        group: Option<usize>,
        last: Last,
    ) -> String {
        match self {
            Self::Postgres => words.join(" "),
            Self::Sqlite => {
                let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
                let star = if last == Last::Prefix { "*" } else { "" };
                let words = format!("{}{star}", words.join(" "));
                match group {
                    None => words,
                    Some(group) => {
                        let count = search::fields(collection).len();
                        let end = if group + 1 == GROUPS { count } else { group + 1 };
                        let columns: Vec<String> = (group..end).map(column).collect();
                        format!("{{{}}} : ({words})", columns.join(" "))
                    }
                }
            }
        }
    }

    /// The numbers of the rows that have the words of the parameter `place`.
    pub(in crate::store) fn found_rows(
        self,
        collection: &Collection,
        place: &str,
        group: Option<usize>,
        last: Last,
    ) -> String {
        let words = quote(&words_table(collection));
        match self {
            Self::Sqlite => format!("SELECT \"rowid\" FROM {words} WHERE {words} MATCH {place}"),
            Self::Postgres => {
                let label = group.map_or("", |group| &"ABCD"[group..=group]);
                let prefix = last == Last::Prefix;
                format!(
                    "SELECT \"row\" FROM {words} WHERE \"words\" @@ \
                     ferrobase_search_query({place}, '{label}', {prefix})"
                )
            }
        }
    }
}

/// The column of FTS5 for a field. Its own name could be one that FTS5 means something by.
fn column(position: usize) -> String {
    format!("f{position}")
}

fn make_sqlite(collection: &Collection) -> Vec<String> {
    let fields = search::fields(collection);
    let (name, table) = (words_table(collection), quote(&collection.name));
    let words = quote(&name);
    let columns: Vec<String> = (0..fields.len()).map(|at| quote(&column(at))).collect();
    let columns = columns.join(", ");
    let values = |row: &str| -> String {
        let values = fields.iter().map(|field| sqlite_text(row, field, fields.len()));
        values.collect::<Vec<_>>().join(", ")
    };
    let trigger = |event: &str, of: &str, body: &str| {
        let name = quote(&format!("{name} {event}"));
        format!("CREATE TRIGGER {name} AFTER {event} {of}ON {table} BEGIN {body} END")
    };
    let remove = format!("DELETE FROM {words} WHERE \"rowid\" = old.\"_rowid_\";");
    let insert = format!(
        "INSERT OR REPLACE INTO {words} (\"rowid\", {columns}) VALUES (new.\"_rowid_\", {});",
        values("new")
    );
    vec![
        format!(
            "CREATE VIRTUAL TABLE {words} USING fts5({columns}, content='', contentless_delete=1, \
             tokenize='unicode61 remove_diacritics 2')"
        ),
        format!(
            "INSERT INTO {words} (\"rowid\", {columns}) SELECT \"_rowid_\", {} FROM {table}",
            values(&table)
        ),
        trigger("insert", "", &insert),
        trigger("update", &format!("OF {} ", names(&fields)), &format!("{remove} {insert}")),
        trigger("delete", "", &remove),
    ]
}

/// What of a field is looked at: an editor's without tags. A text is cut at each `<`, and of a piece
/// that closes a tag counts what is behind it.
fn sqlite_text(row: &str, field: &Field, fields: usize) -> String {
    let text = format!("substr({row}.{}, 1, {})", quote(&field.name), LONGEST_TEXT / fields);
    if !matches!(field.kind, FieldKind::Editor(_)) {
        return text;
    }
    let plain = format!(
        "(SELECT group_concat(CASE WHEN \"key\" > 0 AND \"value\" GLOB '[a-zA-Z/!]*>*' \
         THEN substr(\"value\", instr(\"value\", '>') + 1) ELSE \"value\" END, ' ') \
         FROM json_each('[' || replace(json_quote(CAST({text} AS TEXT)), '<', '\",\"') || ']'))"
    );
    let blank = |text, entity| format!("replace({text}, '{entity}', ' ')");
    ENTITIES.iter().fold(plain, blank)
}

/// The entities that stand for no letter and that editors write; else their names would be words.
const ENTITIES: [&str; 6] = ["&nbsp;", "&amp;", "&lt;", "&gt;", "&quot;", "&#39;"];

fn make_postgres(collection: &Collection) -> Vec<String> {
    let fields = search::fields(collection);
    let (name, table) = (words_table(collection), quote(&collection.name));
    let words = quote(&name);
    let of = |row: &str| {
        let texts = fields.iter().map(|field| postgres_text(row, field, fields.len()));
        format!("ferrobase_search_words(ARRAY[{}])", texts.collect::<Vec<_>>().join(", "))
    };
    let index = quote(&format!("{name} words"));
    vec![
        format!("CREATE TABLE {words} (\"row\" bigint PRIMARY KEY, \"words\" tsvector NOT NULL)"),
        format!("INSERT INTO {words} SELECT \"_rowid_\", {} FROM {table}", of(&table)),
        format!("CREATE INDEX {index} ON {words} USING gin (\"words\")"),
        format!(
            "CREATE FUNCTION {words}() RETURNS trigger LANGUAGE plpgsql AS $search$ BEGIN \
             IF TG_OP = 'DELETE' THEN DELETE FROM {words} WHERE \"row\" = OLD.\"_rowid_\"; ELSE \
             INSERT INTO {words} VALUES (NEW.\"_rowid_\", {}) ON CONFLICT (\"row\") DO UPDATE \
             SET \"words\" = EXCLUDED.\"words\"; END IF; RETURN NULL; END $search$",
            of("NEW")
        ),
        format!(
            "CREATE TRIGGER \"search\" AFTER INSERT OR UPDATE OF {} OR DELETE ON {table} \
             FOR EACH ROW EXECUTE FUNCTION {words}()",
            names(&fields)
        ),
    ]
}

fn postgres_text(row: &str, field: &Field, fields: usize) -> String {
    let text = format!("left({row}.{}, {})", quote(&field.name), LONGEST_TEXT / fields);
    if !matches!(field.kind, FieldKind::Editor(_)) {
        return text;
    }
    format!("ferrobase_search_plain({text})")
}

fn names(fields: &[&Field]) -> String {
    let names: Vec<String> = fields.iter().map(|field| quote(&field.name)).collect();
    names.join(", ")
}
