//! The statements for both dialects, word by word.

mod rows;

use serde_json::{Value as Json, json};

use super::change::Change;
use super::statements::{create_index, create_table, create_view, create_view_with_casts, drop};
use crate::domain::collection::Collection;
use crate::domain::schema::Schema;
use crate::store::dialect::key_name;
use crate::store::{Dialect, Statement};

fn collection(definition: Json) -> Collection {
    Collection::from_stored_json(definition.as_object().unwrap()).unwrap()
}

fn field(id: &str, name: &str, type_name: &str, options: Json) -> Json {
    let mut field = json!({ "id": id, "name": name, "type": type_name });
    field.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
    field
}

fn posts(fields: &[Json], indexes: &[&str]) -> Collection {
    let mut all = vec![field("i", "id", "text", json!({ "primaryKey": true }))];
    all.extend_from_slice(fields);
    let definition =
        json!({ "id": "p", "name": "posts", "type": "base", "fields": all, "indexes": indexes });
    collection(definition)
}

fn texts(statements: Vec<Statement>) -> Vec<String> {
    statements.into_iter().map(|statement| statement.sql.into_owned()).collect()
}

fn every_type() -> Collection {
    posts(
        &[
            field("1", "t", "text", json!({})),
            field("2", "n", "number", json!({})),
            field("3", "b", "bool", json!({})),
            field("4", "d", "date", json!({})),
            field("5", "s", "select", json!({ "maxSelect": 1, "values": ["a"] })),
            field("6", "l", "relation", json!({ "maxSelect": 9, "collectionId": "p" })),
            field("7", "j", "json", json!({})),
            field("8", "g", "geoPoint", json!({})),
            field("9", "m", "number", json!({ "ext": { "nullable": true } })),
        ],
        &[],
    )
}

#[test]
fn a_table_has_a_column_of_each_type() {
    assert_eq!(
        create_table(Dialect::Sqlite, &every_type()).sql,
        concat!(
            r#"CREATE TABLE "posts" ("id" TEXT PRIMARY KEY NOT NULL, "t" TEXT DEFAULT '' NOT NULL, "#,
            r#""n" NUMERIC DEFAULT 0 NOT NULL, "b" BOOLEAN DEFAULT FALSE NOT NULL, "#,
            r#""d" TEXT DEFAULT '' NOT NULL, "s" TEXT DEFAULT '' NOT NULL, "#,
            r#""l" JSON DEFAULT '[]' NOT NULL, "j" JSON DEFAULT NULL, "#,
            r#""g" JSON DEFAULT '{"lon":0,"lat":0}' NOT NULL, "m" NUMERIC DEFAULT NULL)"#
        )
    );
    assert_eq!(
        create_table(Dialect::Postgres, &every_type()).sql,
        concat!(
            r#"CREATE TABLE "posts" ("id" text COLLATE "C" CONSTRAINT "p key" PRIMARY KEY NOT NULL, "#,
            r#""t" text COLLATE "C" DEFAULT '' NOT NULL, "#,
            r#""n" double precision DEFAULT 0 NOT NULL, "b" boolean DEFAULT FALSE NOT NULL, "#,
            r#""d" timestamptz DEFAULT '-infinity' NOT NULL, "s" text COLLATE "C" DEFAULT '' NOT NULL, "#,
            r#""l" jsonb DEFAULT '[]' NOT NULL, "j" json DEFAULT NULL, "#,
            r#""g" json DEFAULT '{"lon":0,"lat":0}' NOT NULL, "#,
            r#""m" double precision DEFAULT NULL, "#,
            r#""_rowid_" bigint GENERATED ALWAYS AS IDENTITY UNIQUE)"#
        )
    );
}

#[test]
fn indexes_are_written_for_the_engine() {
    let posts = posts(&[field("d", "day", "date", json!({}))], &[]);
    let cases = [
        (
            "create unique index `i` on `anything` (`title` collate nocase, [day] DESC)",
            r#"CREATE UNIQUE INDEX "i" ON "posts" ("title" COLLATE nocase, "day" DESC)"#,
            r#"CREATE UNIQUE INDEX "i" ON "posts" ((lower("title" COLLATE "C")), "day" DESC)"#,
        ),
        (
            "CREATE INDEX IF NOT EXISTS i ON x (lower(`title`)) WHERE `title` != '`'",
            r#"CREATE INDEX "i" ON "posts" (lower(`title`)) WHERE `title` != '`'"#,
            r#"CREATE INDEX "i" ON "posts" ((lower("title"))) WHERE "title" <> '`'"#,
        ),
        (
            "CREATE INDEX i ON x (lower(Day)) WHERE DAY > 'it''s'",
            r#"CREATE INDEX "i" ON "posts" (lower(Day)) WHERE DAY > 'it''s'"#,
            r#"CREATE INDEX "i" ON "posts" ((lower("day"))) WHERE "day" > 'it''s'"#,
        ),
        (
            "CREATE UNIQUE INDEX i ON x (day) WHERE day != ''",
            r#"CREATE UNIQUE INDEX "i" ON "posts" ("day") WHERE day != ''"#,
            r#"CREATE UNIQUE INDEX "i" ON "posts" ("day") WHERE "day" <> '-infinity'"#,
        ),
    ];
    for (text, sqlite, postgres) in cases {
        let index = crate::domain::indexes::Index::parse(text).unwrap();
        assert_eq!(create_index(Dialect::Sqlite, &posts, &index).sql, sqlite);
        assert_eq!(create_index(Dialect::Postgres, &posts, &index).sql, postgres);
    }
}

#[test]
fn a_view_keeps_its_query_on_lines_of_its_own() {
    let view = collection(json!({
        "id": "v", "name": "v", "type": "view", "viewQuery": " select id, a from posts -- end; ",
        "fields": [field("i", "id", "text", json!({})), field("a", "a", "json", json!({}))],
        "ext": { "queries": { "postgres": "select id, b as a from posts" } },
    }));
    let schema = Schema::default();
    let casts = [("id".to_owned(), "TEXT")];
    assert_eq!(
        create_view(Dialect::Sqlite, &schema, &view).sql,
        "CREATE VIEW \"v\" AS SELECT * FROM (\nWITH \"view columns\" (\"id\", \"a\") AS (\n\
         select id, a from posts -- end\n) SELECT * FROM \"view columns\"\n) AS \"source\""
    );
    assert_eq!(
        create_view_with_casts(Dialect::Postgres, &schema, &view, &casts).sql,
        "CREATE VIEW \"v\" AS SELECT CAST(\"id\" AS TEXT) AS \"id\", \"a\" FROM (\n\
         select id, b as a from posts\n) AS \"source\""
    );
    assert_eq!(drop(&view).sql, "DROP VIEW \"v\"");
    assert_eq!(drop(&posts(&[], &[])).sql, "DROP TABLE \"posts\"");
}

#[test]
fn what_does_not_change_is_left_alone() {
    let indexes = ["CREATE INDEX a ON posts (t)", "CREATE INDEX b ON posts (n) WHERE n > 1"];
    let old = Collection { indexes: indexes.map(str::to_owned).to_vec(), ..every_type() };
    let mut new = old.clone();
    new.fields[1].required = true;
    new.fields.swap(2, 3);
    let change = Change::between(Dialect::Sqlite, &old, &new);
    assert_eq!(texts(change.shape), [""; 0]);
    assert_eq!(texts(change.retyped), [""; 0]);
    assert_eq!(change.kept.len(), 2);
}

#[test]
fn columns_are_dropped_renamed_and_added_in_this_order() {
    let old = posts(
        &[
            field("1", "gone", "text", json!({})),
            field("2", "old", "text", json!({})),
            field("3", "same", "text", json!({})),
        ],
        &[
            "CREATE INDEX a ON posts (same)",
            "CREATE INDEX b ON posts (old)",
            "CREATE INDEX c ON posts (same) WHERE same != ''",
        ],
    );
    let mut new = posts(
        &[
            field("2", "gone", "text", json!({})),
            field("3", "same", "text", json!({})),
            field("4", "old", "number", json!({})),
        ],
        &["CREATE INDEX a ON articles (same)", "CREATE INDEX c ON posts (same) WHERE same != ''"],
    );
    new.name = "articles".to_owned();
    let change = Change::between(Dialect::Sqlite, &old, &new);
    assert_eq!(
        texts(change.shape),
        [
            r#"DROP INDEX IF EXISTS "b""#,
            r#"DROP INDEX IF EXISTS "c""#,
            r#"ALTER TABLE "posts" RENAME TO "articles""#,
            r#"ALTER TABLE "articles" DROP COLUMN "gone""#,
            r#"ALTER TABLE "articles" RENAME COLUMN "old" TO "gone""#,
            r#"ALTER TABLE "articles" ADD COLUMN "old" NUMERIC DEFAULT 0 NOT NULL"#,
        ]
    );
    assert_eq!(change.kept.into_iter().collect::<Vec<_>>(), ["a"]);
}

#[test]
fn names_are_swapped_by_way_of_names_that_nobody_has() {
    let old = posts(&[field("1", "a", "text", json!({})), field("2", "b", "text", json!({}))], &[]);
    let new = posts(&[field("1", "b", "text", json!({})), field("2", "a", "text", json!({}))], &[]);
    assert_eq!(
        texts(Change::between(Dialect::Postgres, &old, &new).shape),
        [
            r#"ALTER TABLE "posts" RENAME COLUMN "a" TO "old column 0""#,
            r#"ALTER TABLE "posts" RENAME COLUMN "b" TO "old column 1""#,
            r#"ALTER TABLE "posts" RENAME COLUMN "old column 0" TO "b""#,
            r#"ALTER TABLE "posts" RENAME COLUMN "old column 1" TO "a""#,
        ]
    );
}

#[test]
fn one_value_becomes_several_and_several_one() {
    let one = posts(&[field("1", "t", "select", json!({ "maxSelect": 1 }))], &[]);
    let several = posts(&[field("1", "t", "select", json!({ "maxSelect": 2 }))], &[]);
    assert_eq!(
        texts(Change::between(Dialect::Sqlite, &one, &several).retyped),
        [
            r#"ALTER TABLE "posts" ADD COLUMN "new column" JSON DEFAULT '[]' NOT NULL"#,
            concat!(
                r#"UPDATE "posts" SET "new column" = COALESCE(CASE WHEN COALESCE("t", '') = '' "#,
                r#"THEN '[]' ELSE json_array("t") END, '[]')"#
            ),
            r#"ALTER TABLE "posts" DROP COLUMN "t""#,
            r#"ALTER TABLE "posts" RENAME COLUMN "new column" TO "t""#,
        ]
    );
    assert_eq!(
        texts(Change::between(Dialect::Postgres, &several, &one).retyped),
        [
            r#"ALTER TABLE "posts" ALTER COLUMN "t" DROP DEFAULT, ALTER COLUMN "t" DROP NOT NULL"#,
            concat!(
                r#"ALTER TABLE "posts" ALTER COLUMN "t" TYPE text COLLATE "C" "#,
                r#"USING (COALESCE("t" ->> -1, ''))"#
            ),
            r#"ALTER TABLE "posts" ALTER COLUMN "t" SET DEFAULT '', ALTER COLUMN "t" SET NOT NULL"#,
        ]
    );
}

#[test]
fn a_key_is_named_by_the_collection_and_fits() {
    let mut posts = posts(&[], &[]);
    assert_eq!(key_name(&posts), "p key");
    posts.id = "x".repeat(100);
    assert_eq!(key_name(&posts).len(), 63);
}

#[test]
fn postgres_refuses_names_that_it_would_not_keep() {
    let long = "x".repeat(64);
    assert_eq!(Dialect::Sqlite.refuses_name(&long), None);
    assert_eq!(Dialect::Postgres.refuses_name(&long[1..]), None);
    assert!(Dialect::Postgres.refuses_name(&long).is_some());
    assert!(Dialect::Postgres.refuses_name("PG_class").is_some());
}

#[test]
fn json_has_an_order_as_text_only() {
    let text = "CREATE UNIQUE INDEX i ON x (`j`, `l`)";
    let index = crate::domain::indexes::Index::parse(text).unwrap();
    assert_eq!(
        create_index(Dialect::Postgres, &every_type(), &index).sql,
        r#"CREATE UNIQUE INDEX "i" ON "posts" (("j"::text), "l")"#
    );
    assert_eq!(
        create_index(Dialect::Sqlite, &every_type(), &index).sql,
        r#"CREATE UNIQUE INDEX "i" ON "posts" ("j", "l")"#
    );
}

#[test]
fn views_are_cast_to_the_types_of_records() {
    for (name, found, sqlite, postgres) in [
        ("id", "text", None, None),
        ("id", "INTEGER", Some("TEXT"), Some("TEXT")),
        ("n", "numeric", None, Some("double precision")),
        ("n", "bigint", None, None),
        ("d", "date", None, Some("TEXT")),
        ("d", "timestamp with time zone", None, None),
    ] {
        assert_eq!(Dialect::Sqlite.view_type(name, found), sqlite, "{name} {found}");
        assert_eq!(Dialect::Postgres.view_type(name, found), postgres, "{name} {found}");
    }
}
