//! A search finds, on both engines, what a plain walk over the words of each row finds, and in the
//! order that the walk says.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use crate::domain::Json;
use crate::domain::collection::Collection;
use crate::domain::record::Record;
use crate::domain::rules::RequestInfo;
use crate::domain::schema::Schema;
use crate::domain::search;
use crate::store::filter::Query;
use crate::store::testing::TestDatabase;
use crate::store::{Dialect, Statement, Store, StoreError, ddl, records};

/// What texts and searches are made of.
const PIECES: [&str; 48] = [
    "a",
    "ab",
    "abc",
    "b",
    "ba",
    "É",
    "é",
    "e",
    "e\u{301}",
    "Ü",
    "u",
    "Ж",
    "ж",
    "Й",
    "й",
    "Σ",
    "ς",
    "σ",
    "ß",
    "1",
    "12",
    "2b",
    "中",
    "文",
    " ",
    " ",
    " ",
    " ",
    " ",
    "-",
    "_",
    "'",
    "\"",
    "*",
    ".",
    ":",
    "(",
    ")",
    "\n",
    "%",
    "\\",
    "<b>",
    "</p>",
    "<i x=\"abc\">",
    "<",
    ">",
    "&amp;",
    "&nbsp;",
];

fn text() -> impl Strategy<Value = String> {
    let piece = (0..PIECES.len()).prop_map(|index| PIECES[index]);
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// A word as it is compared: the letters of [`PIECES`] without case and accents.
fn folded(word: &str) -> String {
    let letters = word.chars().filter(|c| !matches!(c, '\u{300}'..='\u{36f}'));
    letters
        .map(|c| match c {
            'É' | 'é' => 'e',
            'Ü' | 'ü' => 'u',
            'ς' | 'Σ' => 'σ',
            c => c.to_lowercase().next().unwrap_or(c),
        })
        .collect()
}

fn words(text: &str) -> Vec<String> {
    search::words(text).into_iter().map(folded).collect()
}

/// HTML without its tags and the entities that are no letters.
fn plain(html: &str) -> String {
    let mut pieces = html.split('<');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let is_tag = piece.starts_with(|c: char| c.is_ascii_alphabetic() || "/!".contains(c));
        let rest = piece.split_once('>').filter(|_| is_tag).map_or(piece, |(_, rest)| rest);
        text.push(' ');
        text.push_str(rest);
    }
    text.replace("&amp;", " ").replace("&nbsp;", " ")
}

/// The words of each search field of a row of `id`, `title`, `body` and `more`.
type Words = Vec<Vec<String>>;

fn row_words(row: &[String]) -> Words {
    vec![words(&row[1]), words(&plain(&row[2])), words(&row[3])]
}

fn has_all(words: &[&String], searched: &[String], prefix: bool) -> bool {
    searched.iter().enumerate().all(|(index, wanted)| {
        let goes_on = prefix && index + 1 == searched.len();
        words.iter().any(|word| *word == wanted || goes_on && word.starts_with(wanted.as_str()))
    })
}

/// How good a row is; none when it is not found.
fn rank(fields: &Words, searched: &[String]) -> Option<usize> {
    let all: Vec<&String> = fields.iter().flatten().collect();
    if !has_all(&all, searched, true) {
        return None;
    }
    for (index, field) in fields.iter().enumerate() {
        let field: Vec<&String> = field.iter().collect();
        for (step, prefix) in [false, true].into_iter().enumerate() {
            if has_all(&field, searched, prefix) {
                return Some(2 * index + step);
            }
        }
    }
    Some(2 * fields.len() + usize::from(!has_all(&all, searched, false)))
}

fn expected(rows: &[Vec<String>], searched: &str) -> Vec<String> {
    let searched = words(searched);
    let mut found: Vec<(usize, &String)> = rows
        .iter()
        .filter_map(|row| match searched.is_empty() {
            true => Some((0, &row[0])),
            false => rank(&row_words(row), &searched).map(|rank| (rank, &row[0])),
        })
        .collect();
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, id)| id.clone()).collect()
}

struct Library {
    store: Store,
    runtime: tokio::runtime::Runtime,
    books: Arc<Collection>,
    _database: TestDatabase,
}

impl Library {
    fn new() -> Self {
        let field =
            |id: &str, name: &str, kind: &str| json!({ "id": id, "name": name, "type": kind });
        let books = json!({ "id": "c_books", "name": "books", "type": "base",
            "ext": { "search": ["title", "body", "more"] },
            "fields": [
                { "id": "i", "name": "id", "type": "text", "primaryKey": true },
                field("t", "title", "text"),
                field("b", "body", "editor"),
                { "id": "m", "name": "more", "type": "text", "ext": { "nullable": true } },
            ] });
        let books = Arc::new(Collection::from_stored_json(books.as_object().unwrap()).unwrap());
        let database = TestDatabase::new();
        let store = Store::open(database.options()).expect("a database");
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let library = Self { store, runtime, books, _database: database };
        let books = Arc::clone(&library.books);
        library.write(move |tx| {
            ddl::create(tx, &books)?;
            ddl::create_indexes(tx, None, &books).map(|_| ())
        });
        library
    }

    fn write(
        &self,
        work: impl Fn(&mut crate::store::Tx) -> Result<(), StoreError> + Send + 'static,
    ) {
        self.runtime.block_on(self.store.write(work)).expect("a write");
    }

    fn record(&self, row: &[String]) -> Record {
        let values = row.iter().map(|text| Json::from(text.as_str())).collect();
        Record::new(Arc::clone(&self.books), values)
    }

    /// Fills the table, changes every third row to what it is to be and removes what is too much.
    fn fill(&self, rows: &[Vec<String>]) {
        let records: Vec<Record> = rows.iter().map(|row| self.record(row)).collect();
        let books = Arc::clone(&self.books);
        self.write(move |tx| {
            tx.run(Statement::new("DELETE FROM \"books\"", Vec::new()))?;
            for (index, record) in records.iter().enumerate() {
                let mut first = record.clone();
                if index % 3 == 0 {
                    first.set("title", Json::from("abc é 12"));
                    first.set("more", Json::Null);
                }
                records::insert(tx, &first)?;
                records::update(tx, &first, record)?;
            }
            let mut extra = records.first().cloned().expect("a row");
            extra.set("id", Json::from("extra"));
            records::insert(tx, &extra)?;
            records::remove(tx, &books, "extra").map(|_| ())
        });
    }

    fn found(&self, searched: &str) -> Vec<String> {
        let request = RequestInfo::default();
        let schema = Schema::new(1, vec![Arc::clone(&self.books)]);
        let query = Query::rows(self.store.dialect(), &schema, &self.books, &request);
        let query = query.search(searched).expect("a search");
        let (page, count) = (query.page(1_000, 0).unwrap(), query.count().unwrap());
        let ids = self.runtime.block_on(self.store.read(move |db| {
            let count = db.fetch_one(count.clone())?.int(0)?;
            let rows = db.fetch_all(page.clone())?;
            assert_eq!(count, rows.len() as i64);
            rows.iter().map(|row| Ok(row.text(0)?.to_owned())).collect::<Result<_, StoreError>>()
        }));
        ids.expect("rows")
    }
}

#[test]
fn a_search_finds_what_a_walk_over_the_words_finds() {
    let library = Library::new();
    let rows = prop::collection::vec((text(), text(), text()), 1..12);
    let searches = prop::collection::vec(text(), 12);
    let mut runner = TestRunner::new(Config { cases: 64, ..Config::default() });
    let outcome = runner.run(&(rows, searches), |(rows, searches)| {
        let rows: Vec<Vec<String>> = rows
            .into_iter()
            .enumerate()
            .map(|(index, (title, body, more))| vec![format!("r{index}"), title, body, more])
            .collect();
        library.fill(&rows);
        for searched in &searches {
            prop_assert_eq!(library.found(searched), expected(&rows, searched), "{:?}", searched);
        }
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn a_search_asks_the_index() {
    let library = Library::new();
    if library.store.dialect() == Dialect::Postgres {
        // Few rows are read faster without one.
        return;
    }
    let request = RequestInfo::default();
    let schema = Schema::new(1, vec![Arc::clone(&library.books)]);
    let query = Query::rows(Dialect::Sqlite, &schema, &library.books, &request);
    let page = query.search("two words").unwrap().page(30, 0).unwrap();
    let plan = Statement::new(format!("EXPLAIN QUERY PLAN {}", page.sql), page.params);
    let steps = library.runtime.block_on(library.store.read(move |db| {
        let rows = db.fetch_all(plan.clone())?;
        rows.iter().map(|row| Ok(row.text(3)?.to_owned())).collect::<Result<Vec<_>, StoreError>>()
    }));
    let steps = steps.unwrap().join("\n");
    assert!(steps.contains("SEARCH books USING INTEGER PRIMARY KEY"), "{steps}");
    assert!(steps.contains("SCAN c_books search VIRTUAL TABLE INDEX"), "{steps}");
}
