//! A few collections and their rows.

use std::sync::Arc;

use serde_json::json;

use crate::domain::caller::Caller;
use crate::domain::collection::Collection;
use crate::domain::random::Random;
use crate::domain::record::Record;
use crate::domain::rules::{RequestInfo, Rule};
use crate::domain::schema::Schema;
use crate::domain::time::Timestamp;
use crate::domain::{Json, JsonMap};
use crate::store::filter::{Exists, FilterError, Query};
use crate::store::sql::quote;
use crate::store::testing::TestDatabase;
use crate::store::{Dialect, Statement, Store, StoreError, Tx, Value, ddl, records};

/// 2026-03-04 05:06:07.008, a Wednesday.
pub(super) const NOW: &str = "2026-03-04 05:06:07.008Z";

/// The collections of the tests.
pub(super) fn schema() -> Schema {
    let relation = |name: &str, to: &str, max: i64| json!({ "name": name, "type": "relation", "collectionId": to, "maxSelect": max });
    let text = |name: &str| json!({ "name": name, "type": "text" });
    let number = |name: &str| json!({ "name": name, "type": "number" });
    let tags =
        json!({ "name": "tags", "type": "select", "values": ["a", "b", "c"], "maxSelect": 3 });
    let definitions = [
        json!({ "id": "users", "name": "users", "type": "auth", "listRule": "name != 'ghost'",
            "fields": [text("name"), number("age"), relation("friends", "users", 9), tags,
                relation("team", "teams", 1), { "name": "meta", "type": "json" }] }),
        json!({ "id": "teams", "name": "teams", "listRule": "", "fields": [text("name")] }),
        json!({ "id": "posts", "name": "posts", "listRule": "",
            "fields": [text("title"), number("rank"), { "name": "done", "type": "bool" },
                { "name": "at", "type": "date" }, tags,
                { "name": "kind", "type": "select", "values": ["x", "y"] },
                relation("author", "users", 1), relation("editors", "users", 9),
                { "name": "meta", "type": "json" }, { "name": "place", "type": "geoPoint" },
                { "name": "secret", "type": "text", "hidden": true },
                { "name": "note", "type": "text", "ext": { "nullable": true } },
                { "name": "size", "type": "number", "ext": { "nullable": true } },
                { "name": "draft", "type": "text",
                    "ext": { "read": "author = @request.auth.id" } }] }),
        json!({ "id": "comments", "name": "comments", "listRule": "",
            "fields": [relation("post", "posts", 1), relation("author", "users", 1),
                relation("about", "posts", 9), text("text"), number("rank")] }),
        json!({ "id": "profiles", "name": "profiles", "listRule": "",
            "fields": [relation("user", "users", 1), text("bio"),
                { "name": "spot", "type": "geoPoint" }],
            "indexes": ["CREATE UNIQUE INDEX idx_user ON profiles (user)"] }),
        json!({ "id": "locked", "name": "locked", "fields": [relation("post", "posts", 1), text("x")] }),
        json!({ "id": "_superusers", "name": "_superusers", "type": "auth" }),
    ];
    let mut random = Random::system();
    let make = |definition: &Json| {
        let body = definition.as_object().expect("an object");
        let now = Timestamp::parse(NOW).expect("a moment");
        let collection = Collection::create(body, &Schema::default(), now, &mut random);
        Arc::new(collection.expect("a collection"))
    };
    Schema::new(1, definitions.iter().map(make).collect())
}

/// A record of `collection` with these values and zero values elsewhere.
pub(super) fn record(schema: &Schema, collection: &str, values: Json) -> Arc<Record> {
    let collection = schema.by_name(collection).expect("a collection");
    let values = values.as_object().expect("an object");
    let row = collection
        .fields
        .iter()
        .map(|field| values.get(&field.name).cloned().unwrap_or_else(|| field.zero()));
    Arc::new(Record::new(Arc::clone(collection), row.collect()))
}

/// A request without caller.
pub(super) fn guest() -> RequestInfo {
    RequestInfo {
        method: "GET".to_owned(),
        now: Timestamp::parse(NOW).expect("a moment"),
        ..RequestInfo::default()
    }
}

/// A request of the user `id`.
pub(super) fn user(schema: &Schema, id: &str) -> RequestInfo {
    as_record(record(schema, "users", json!({ "id": id, "name": id, "team": "t1" })))
}

/// A request of a superuser.
pub(super) fn superuser(schema: &Schema) -> RequestInfo {
    as_record(record(schema, "_superusers", json!({ "id": "root" })))
}

/// A request of this auth record.
pub(super) fn as_record(record: Arc<Record>) -> RequestInfo {
    RequestInfo { caller: Caller::signed_in(record), ..guest() }
}

/// A request that submits `body`.
pub(super) fn with_body(request: RequestInfo, body: Json) -> RequestInfo {
    let body: JsonMap = body.as_object().expect("an object").clone();
    RequestInfo { body: Arc::new(body), ..request }
}

/// Collections with rows in a database of their own.
pub(super) struct World {
    pub(super) schema: Arc<Schema>,
    store: Store,
    runtime: tokio::runtime::Runtime,
    _database: TestDatabase,
}

impl World {
    /// `rows` are collection names with the values of a record.
    pub(super) fn new(rows: &[(&str, Json)]) -> Self {
        let schema = Arc::new(schema());
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let database = TestDatabase::new();
        let store = Store::open(database.options()).expect("a database");
        let world = Self { schema, store, runtime, _database: database };
        world.make_tables();
        world.insert(rows);
        world
    }

    fn make_tables(&self) {
        let schema = Arc::clone(&self.schema);
        self.write(move |tx| {
            schema.collections().iter().try_for_each(|collection| ddl::create(tx, collection))
        });
    }

    /// Inserts more rows.
    pub(super) fn insert(&self, rows: &[(&str, Json)]) {
        let rows: Vec<_> = rows
            .iter()
            .map(|(collection, values)| record(&self.schema, collection, values.clone()))
            .collect();
        self.write(move |tx| rows.iter().try_for_each(|record| records::insert(tx, record)));
    }

    /// Removes every row.
    pub(super) fn clear(&self) {
        let schema = Arc::clone(&self.schema);
        self.write(move |tx| {
            schema.collections().iter().try_for_each(|collection| {
                let sql = format!("DELETE FROM {}", quote(&collection.name));
                tx.run(Statement::new(sql, Vec::new())).map(|_| ())
            })
        });
    }

    pub(super) fn write(&self, work: impl Fn(&mut Tx) -> Result<(), StoreError> + Send + 'static) {
        self.runtime.block_on(self.store.write(work)).expect("rows are written");
    }

    /// The SQL that the database speaks.
    pub(super) const fn dialect(&self) -> Dialect {
        self.store.dialect()
    }

    /// The first column of the answer, as text.
    pub(super) fn ask(&self, statement: Statement) -> Result<Vec<String>, StoreError> {
        self.runtime.block_on(self.store.read(move |db| {
            let rows = db.fetch_all(statement.clone())?;
            rows.iter()
                .map(|row| {
                    Ok(match row.value(0)? {
                        Value::Text(text) => text.clone(),
                        Value::Int(number) => number.to_string(),
                        Value::Bool(value) => u8::from(*value).to_string(),
                        other => format!("{other:?}"),
                    })
                })
                .collect()
        }))
    }

    /// The ids of the posts that `query` finds, in its order. The count must agree.
    pub(super) fn ids(&self, query: &Query<'_>) -> Vec<String> {
        let found = self.ask(query.page(1000, 0).expect("a page")).expect("rows");
        let count = self.ask(query.count().expect("a count")).expect("a count");
        assert_eq!(count, [found.len().to_string()]);
        // A row that is asked for by id is taken to be there.
        if query.exists() != Ok(Exists::Known(true)) {
            assert_eq!(self.exists(query), Ok(!found.is_empty()));
        }
        for (limit, offset) in [(1, 0), (2, 1), (1000, 0)] {
            self.check_counted(query, (limit, offset), found.len());
        }
        found
    }

    /// A page that counts all rows while it sorts them counts as many as there are, or has nothing to
    /// sort.
    fn check_counted(&self, query: &Query<'_>, (limit, offset): (i64, i64), all: usize) {
        let Some(statement) = query.counted_page(limit, offset).expect("a page") else { return };
        let sql = statement.sql.clone();
        let work = move |db: &mut crate::store::Db| db.fetch_counted(statement.clone());
        let (rows, counted) = self.runtime.block_on(self.store.read(work)).expect("rows");
        let wanted = all.saturating_sub(offset as usize).min(limit as usize);
        assert_eq!(rows.len(), wanted, "{sql}");
        if counted != 0 || all > 1 {
            assert_eq!(counted, all as u64, "{sql}");
        }
    }

    /// Whether there is a row.
    pub(super) fn exists(&self, query: &Query<'_>) -> Result<bool, FilterError> {
        Ok(match query.exists()? {
            Exists::Known(exists) => exists,
            Exists::Ask(statement) => self.ask(statement).expect("an answer") == ["1"],
        })
    }

    /// The ids of the posts for which `rule` holds, joined by spaces.
    pub(super) fn posts(&self, request: &RequestInfo, rule: &str) -> String {
        let query = || self.query("posts", request).require(&Rule::new(rule));
        let query = || query().unwrap_or_else(|error| panic!("{rule}: {error}"));
        let found = self.ids(&query());
        let sorted = self.ids(&query().sort("-rank,title").expect("a sort"));
        assert_eq!(sorted.len(), found.len(), "{rule}");
        found.join(" ")
    }

    /// The ids of the posts that a client's filter and sort find, joined by spaces.
    pub(super) fn filtered(
        &self,
        request: &RequestInfo,
        filter: &str,
        sort: &str,
    ) -> Result<String, FilterError> {
        let query = self.query("posts", request).filter(filter)?.sort(sort)?;
        Ok(self.ids(&query).join(" "))
    }

    pub(super) fn query<'a>(&'a self, collection: &str, request: &'a RequestInfo) -> Query<'a> {
        let collection = self.schema.by_name(collection).expect("a collection");
        Query::rows(self.dialect(), &self.schema, collection, request)
    }

    /// Whether a create rule holds for a post of these values.
    pub(super) fn may_create(
        &self,
        request: &RequestInfo,
        rule: &str,
        values: Json,
    ) -> Result<bool, FilterError> {
        let record = record(&self.schema, "posts", values);
        let query = Query::would_be(self.dialect(), &self.schema, &record, request)
            .require(&Rule::new(rule))?;
        let answer = self.exists(&query)?;
        assert!(query.decided().is_none_or(|decided| decided == answer), "{rule}");
        Ok(answer)
    }
}
