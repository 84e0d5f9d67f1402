//! Tables that change under their rows and views over them, in a real database: the same on both
//! engines.

use std::sync::Arc;

use super::{Json, collection, field, json};
use crate::domain::collection::Collection;
use crate::domain::record::Record;
use crate::domain::schema::Schema;
use crate::store::testing::TestDatabase;
use crate::store::{Store, StoreError, Tx, ddl, records};

struct Tables {
    store: Store,
    runtime: tokio::runtime::Runtime,
    _database: TestDatabase,
}

impl Tables {
    fn new() -> Self {
        let database = TestDatabase::new();
        let store = Store::open(database.options()).expect("a database");
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        Self { store, runtime, _database: database }
    }

    fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Tx) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.runtime.block_on(self.store.write(work))
    }

    fn create(&self, collection: &Arc<Collection>) {
        let collection = Arc::clone(collection);
        let made = self.write(move |tx| {
            crate::store::collections::insert(tx, &collection)?;
            ddl::create(tx, &collection)?;
            crate::store::collections::publish(tx).map(|_| ())
        });
        made.expect("a table");
    }

    fn insert(&self, collection: &Arc<Collection>, values: Vec<Json>) {
        let record = Record::new(Arc::clone(collection), values);
        self.write(move |tx| records::insert(tx, &record)).expect("a row");
    }

    /// All values of `collection`, without the ids.
    fn rows(&self, collection: &Arc<Collection>) -> Vec<Json> {
        let collection = Arc::clone(collection);
        let read = self.write(move |tx| {
            let columns = records::select_list(&collection, &collection.name);
            let sql = format!("SELECT {columns} FROM \"{}\" ORDER BY \"id\"", collection.name);
            let rows = tx.fetch_all(crate::store::Statement::new(sql, Vec::new()))?;
            rows.into_iter()
                .map(|row| records::decode(&collection, row))
                .collect::<Result<Vec<_>, _>>()
        });
        let records = read.expect("rows");
        records.iter().map(|record| Json::from(record.values()[1..].to_vec())).collect()
    }
}

fn posts(field: Json) -> Arc<Collection> {
    Arc::new(super::posts(&[field], &[]))
}

#[test]
fn values_follow_when_a_column_changes_its_type() {
    let select = |most: i64| field("1", "f", "select", json!({ "maxSelect": most }));
    let typed = |type_name: &str| field("1", "f", type_name, json!({}));
    let nullable = |name: &str| field("1", "f", name, json!({ "ext": { "nullable": true } }));
    let date = json!("2026-01-02 03:04:05.006Z");
    let cases = [
        (select(1), select(2), vec![(json!("a"), json!(["a"])), (json!(""), json!([]))]),
        (select(2), select(1), vec![(json!(["a", "b"]), json!("b")), (json!([]), json!(""))]),
        (
            typed("date"),
            nullable("date"),
            vec![(json!(""), json!(null)), (date.clone(), date.clone())],
        ),
        (
            nullable("date"),
            typed("date"),
            vec![(json!(null), json!("")), (date.clone(), date.clone())],
        ),
        (typed("text"), nullable("text"), vec![(json!(""), json!("")), (json!("a"), json!("a"))]),
        (nullable("number"), typed("number"), vec![(json!(null), json!(0)), (json!(5), json!(5))]),
        (
            typed("number"),
            typed("text"),
            vec![
                (json!(5), json!("5")),
                (json!(2.5), json!("2.5")),
                (json!(1e19), json!("1.0e+19")),
            ],
        ),
        (typed("bool"), typed("text"), vec![(json!(true), json!("1")), (json!(false), json!("0"))]),
        (
            typed("text"),
            typed("number"),
            vec![(json!("2.5"), json!(2.5)), (json!("abc"), json!(0)), (json!(""), json!(0))],
        ),
        (typed("text"), typed("bool"), vec![(json!("t"), json!(true)), (json!("x"), json!(false))]),
        (
            typed("json"),
            typed("text"),
            vec![
                (json!("a"), json!("a")),
                (json!(null), json!("")),
                (json!({ "b": [1.0], "a": true }), json!(r#"{"b":[1.0],"a":true}"#)),
            ],
        ),
        (
            typed("json"),
            select(2),
            vec![(json!(["a"]), json!(["a"])), (json!({}), json!([])), (json!(null), json!([]))],
        ),
        (typed("text"), typed("json"), vec![(json!("a\"b"), json!("a\"b"))]),
        (typed("number"), typed("json"), vec![(json!(5), json!(5)), (json!(-2.5), json!(-2.5))]),
        (typed("bool"), typed("json"), vec![(json!(true), json!(true))]),
        (typed("date"), typed("json"), vec![(date.clone(), date.clone())]),
        (
            typed("geoPoint"),
            typed("json"),
            vec![(json!({"lon":1,"lat":2}), json!({"lon":1,"lat":2}))],
        ),
        (select(2), typed("json"), vec![(json!(["b", "a"]), json!(["b", "a"]))]),
        (typed("date"), typed("text"), vec![(date.clone(), date.clone()), (json!(""), json!(""))]),
        (typed("text"), typed("date"), vec![(date.clone(), date), (json!(""), json!(""))]),
    ];
    for (old, new, values) in cases {
        let tables = Tables::new();
        let (old, new) = (posts(old), posts(new));
        tables.create(&old);
        for (index, (value, _)) in values.iter().enumerate() {
            tables.insert(&old, vec![json!(index.to_string()), value.clone()]);
        }
        let view = Arc::new(collection(json!({ "id": "v", "name": "v", "type": "view",
            "viewQuery": "select id, f from posts", "fields": [
                field("i", "id", "text", json!({})), field("a", "f", "json", json!({}))] })));
        tables.create(&view);
        let what = format!("{:?} to {:?}", old.fields[1].kind, new.fields[1].kind);
        let (from, to) = (Arc::clone(&old), Arc::clone(&new));
        tables.write(move |tx| ddl::change(tx, &from, &to)).expect(&what);
        let expected: Vec<Json> = values.iter().map(|(_, expected)| json!([expected])).collect();
        assert_eq!(tables.rows(&new), expected, "{what}");
        assert_eq!(tables.rows(&view).len(), values.len(), "{what}");
    }
}

#[test]
fn json_comes_back_as_it_went() {
    let tables = Tables::new();
    let posts = posts(field("1", "f", "json", json!({})));
    tables.create(&posts);
    let text =
        r#"{"z":1.0,"a":1e+16,"m":-0.0,"k":"\u0000","o":{"b":[],"a":{}},"n":18446744073709551615}"#;
    tables.insert(&posts, vec![json!("1"), serde_json::from_str(text).expect("JSON")]);
    assert_eq!(tables.rows(&posts)[0][0].to_string(), text);
}

#[test]
fn a_view_reads_the_same_on_both_engines() {
    let tables = Tables::new();
    let mut posts = super::posts(
        &[
            field("1", "firstName", "text", json!({})),
            field("2", "user", "text", json!({})),
            field("3", "rank", "number", json!({})),
            field("4", "done", "bool", json!({})),
            field("5", "at", "date", json!({})),
            field("6", "tags", "select", json!({ "maxSelect": 2 })),
            field("7", "meta", "json", json!({})),
        ],
        &[],
    );
    posts.name = "Posts".into();
    let posts = Arc::new(posts);
    tables.create(&posts);
    for (id, rank, at) in [("1", 2.5, "2026-01-02 03:04:05.006Z"), ("2", 5.0, "")] {
        let meta = json!({ "z": 1.0, "a": [id] });
        tables.insert(
            &posts,
            vec![
                json!(id),
                json!("Ann"),
                json!("u"),
                json!(rank),
                json!(true),
                json!(at),
                json!(["b", "a"]),
                meta,
            ],
        );
    }
    let schema = Schema::new(1, vec![Arc::clone(&posts)]);
    let query = "SELECT p.id, p.firstname AS fullName, p.user, rank, done, at, Tags, meta,
            count(*) AS many, sum(p.rank) AS Total, avg(rank) AS mean, max(at) AS latest,
            cast(rank AS REAL) AS real, cast(p.rank AS text) AS written, 'x' AS lit, 7 AS seven,
            1.5 AS half
        FROM posts p WHERE p.RANK == p.rank GROUP BY p.id -- the end";
    let mut view =
        collection(json!({ "id": "v", "name": "v", "type": "view", "viewQuery": query }));
    view.infer_fields(&schema).expect("fields");
    let view = Arc::new(view);
    tables.create(&view);
    let row = |id: &str, rank: f64, written: &str, at: &str| {
        let rank = if rank.fract() == 0.0 { json!(rank as i64) } else { json!(rank) };
        json!(["Ann", "u", rank, true, at, ["b", "a"], { "z": 1.0, "a": [id] }, 1, rank, rank, at,
            rank, written, "x", 7, 1.5])
    };
    let expected = [row("1", 2.5, "2.5", "2026-01-02 03:04:05.006Z"), row("2", 5.0, "5", "")];
    assert_eq!(tables.rows(&view), expected);
    let change = |query: &str| {
        let mut changed = view.as_ref().clone();
        let crate::domain::collection::CollectionKind::View(options) = &mut changed.kind else {
            unreachable!("a view");
        };
        options.query = query.into();
        changed.infer_fields(&schema).expect("fields");
        Arc::new(changed)
    };
    let over = Arc::new(collection(json!({ "id": "w", "name": "w", "type": "view",
        "viewQuery": "select id from v", "fields": [field("i", "id", "text", json!({}))] })));
    tables.create(&over);
    let changed = change("select rank as id, done from posts");
    let (from, to) = (Arc::clone(&view), Arc::clone(&changed));
    tables.write(move |tx| ddl::change(tx, &from, &to)).expect("another view");
    assert_eq!(tables.rows(&changed), [json!([true]), json!([true])]);
    assert_eq!(tables.rows(&over).len(), 2);
}

#[test]
fn what_a_view_reads_stays() {
    let tables = Tables::new();
    let posts = posts(field("1", "f", "text", json!({})));
    tables.create(&posts);
    let view = Arc::new(collection(json!({ "id": "v", "name": "v", "type": "view",
        "viewQuery": "select id, f from posts", "fields": [
            field("i", "id", "text", json!({})), field("a", "f", "text", json!({}))] })));
    tables.create(&view);
    let bare = Arc::new(super::posts(&[], &[]));
    let from = Arc::clone(&posts);
    let refused = tables.write(move |tx| ddl::change(tx, &from, &bare));
    assert!(matches!(refused, Err(StoreError::Statement { .. })), "{refused:?}");
    let table = Arc::clone(&posts);
    let refused = tables.write(move |tx| ddl::drop(tx, &table));
    assert!(matches!(refused, Err(StoreError::Statement { .. })), "{refused:?}");
    assert!(tables.rows(&view).is_empty());
}
