//! Plans on databases: what rows say, what a start does, and that a stop changes nothing.

use serde_json::{Value as Json, json};

use super::{collection, file, posts};
use crate::config::OnBoot;
use crate::domain::record::Record;
use crate::services::bootstrap::{self, Source};
use crate::services::plan::{
    Applied, BootOptions, Change, ChangeKind, Class, Declared, Stop, apply, boot, compute, render,
};
use crate::services::test_app::TestApp;
use crate::store::{Statement, StoreError, quote, testing};

async fn start() -> TestApp {
    let test = TestApp::start(Vec::new()).await;
    bootstrap::run(&test.app, Source::ConfigFile).await.unwrap();
    test
}

async fn boot_with(test: &TestApp, declared: &Declared) -> Result<Applied, Stop> {
    boot(&test.app, declared, &BootOptions::default()).await.map(Option::unwrap)
}

async fn stopped(test: &TestApp, declared: &Declared) -> Vec<Change> {
    let before = dump(test).await;
    let stop = boot_with(test, declared).await.unwrap_err();
    assert_eq!(dump(test).await, before, "a stop changes nothing");
    match stop {
        Stop::NeedsPerson(plan) | Stop::Opens(plan) | Stop::Differs(plan) => plan.changes,
        Stop::Failed(error) => panic!("{error:?}"),
    }
}

/// Stores rows as they are, without any check.
async fn insert(test: &TestApp, name: &str, rows: &[Json]) {
    let collection = test.app.store.schema().by_name(name).unwrap().clone();
    for (number, row) in rows.iter().enumerate() {
        let values = collection.fields.iter().map(|field| match row.get(&field.name) {
            Some(value) => value.clone(),
            None if field.name == "id" => format!("{name}{number:010}").into(),
            None => field.zero(),
        });
        test.insert(Record::new(collection.clone(), values.collect())).await;
    }
}

/// Everything that the database holds, as text.
async fn dump(test: &TestApp) -> String {
    test.app.store.read(testing::dump).await.unwrap()
}

async fn column(test: &TestApp, table: &str, column: &str) -> Vec<String> {
    let sql = format!("SELECT {} FROM {} ORDER BY id", quote(column), quote(table));
    let read = move |db: &mut crate::store::Db| -> Result<Vec<String>, StoreError> {
        let rows = db.fetch_all(Statement::new(sql.clone(), Vec::new()))?;
        rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
    };
    test.app.store.read(read).await.unwrap()
}

fn one_field(field: &Json) -> Declared {
    file(&[posts(&json!([field]))])
}

#[tokio::test]
async fn a_second_start_with_the_same_file_changes_nothing() {
    let test = start().await;
    let declared = file(&[
        json!({ "name": "people", "type": "auth", "fields": [{ "name": "nick", "type": "text" }] }),
        posts(&json!([{ "name": "title", "type": "text", "required": true }])),
        json!({ "name": "titles", "type": "view",
                "viewQuery": "SELECT id, title, count(id) AS times FROM posts GROUP BY id" }),
    ]);
    let first = boot_with(&test, &declared).await.unwrap();
    assert_eq!(first.number, Some(1));
    let before = dump(&test).await;
    let again = boot_with(&test, &declared).await.unwrap();
    assert!(again.plan.is_empty(), "{}", render(&again.plan));
    assert_eq!((again.number, again.plan.unchanged), (Some(1), 3));
    assert_eq!(dump(&test).await, before);
    let view = test.app.store.schema().by_name("titles").unwrap().clone();
    let types: Vec<&str> = view.fields.iter().map(|field| field.kind.type_name()).collect();
    assert_eq!(types, ["text", "text", "number"]);
}

#[tokio::test]
async fn without_a_file_users_are_there_and_stay_away_once_removed() {
    let test = TestApp::start(Vec::new()).await;
    bootstrap::run(&test.app, Source::Api).await.unwrap();
    let users = test.app.store.schema().by_name("users").unwrap().clone();
    assert_eq!(users.id, "_pb_users_auth_");
    let remove = move |tx: &mut crate::store::Tx| crate::services::collections::remove(tx, &users);
    test.app.store.write(remove).await.unwrap();
    bootstrap::run(&test.app, Source::Api).await.unwrap();
    assert!(test.app.store.schema().by_name("users").is_none());
    assert!(test.app.store.schema().by_name("_superusers").is_some());
}

#[tokio::test]
async fn a_unique_index_over_duplicates_is_blocked_with_samples() {
    let test = start().await;
    let slug = json!({ "name": "slug", "type": "text" });
    boot_with(&test, &one_field(&slug)).await.unwrap();
    let rows: Vec<Json> = ["intro", "hello", "once", "hello", "intro", "hello"]
        .iter()
        .map(|slug| json!({ "slug": slug }))
        .collect();
    insert(&test, "posts", &rows).await;
    let index = |sql: &str| file(&[json!({ "name": "posts", "fields": [slug], "indexes": [sql] })]);
    let changes = stopped(&test, &index("CREATE UNIQUE INDEX idx_slug ON posts (slug)")).await;
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].class, Class::Blocked);
    assert!(changes[0].text.contains("2 values occur more than once"), "{changes:?}");
    assert!(changes[0].advice.starts_with("\"hello\" x3, \"intro\" x2"), "{changes:?}");

    let partial = "CREATE UNIQUE INDEX idx_slug ON posts (slug) WHERE slug = 'once'";
    boot_with(&test, &index(partial)).await.unwrap();
}

#[tokio::test]
async fn tighter_options_go_when_every_row_fits_and_are_blocked_otherwise() {
    let base = json!({ "name": "f", "type": "text" });
    for (old, row, new, fits) in [
        (&base, json!("abc"), json!({ "max": 3 }), true),
        (&base, json!("abcd"), json!({ "max": 3 }), false),
        (&base, json!("ab"), json!({ "min": 3 }), false),
        (&base, json!(""), json!({ "min": 3 }), true),
        (&base, json!("abc"), json!({ "pattern": "^[a-z]+$" }), true),
        (&base, json!("Abc"), json!({ "pattern": "^[a-z]+$" }), false),
        (&base, json!("x"), json!({ "required": true }), true),
        (&base, json!(""), json!({ "required": true }), false),
        (&json!({ "name": "f", "type": "number" }), json!(9), json!({ "max": 9 }), true),
        (&json!({ "name": "f", "type": "number" }), json!(9), json!({ "max": 8 }), false),
        (&json!({ "name": "f", "type": "number" }), json!(0.5), json!({ "onlyInt": true }), false),
        (
            &json!({ "name": "f", "type": "select", "values": ["a", "b"], "maxSelect": 1 }),
            json!("a"),
            json!({ "values": ["a"] }),
            true,
        ),
        (
            &json!({ "name": "f", "type": "select", "values": ["a", "b"], "maxSelect": 1 }),
            json!("b"),
            json!({ "values": ["a"] }),
            false,
        ),
        (
            &json!({ "name": "f", "type": "date", "ext": { "nullable": true } }),
            Json::Null,
            json!({ "ext": null }),
            false,
        ),
    ] {
        let test = start().await;
        boot_with(&test, &one_field(old)).await.unwrap();
        insert(&test, "posts", &[json!({ "f": row })]).await;
        let mut tighter = old.clone();
        tighter.as_object_mut().unwrap().extend(new.as_object().unwrap().clone());
        let declared = one_field(&tighter);
        if fits {
            let applied = boot_with(&test, &declared).await.unwrap();
            assert_eq!(applied.plan.changes[0].kind, ChangeKind::TighterField, "{tighter}");
        } else {
            let changes = stopped(&test, &declared).await;
            assert_eq!(changes[0].class, Class::Blocked, "{tighter}");
            assert!(changes[0].advice.contains("posts0000000000"), "{changes:?}");
        }
    }
}

#[tokio::test]
async fn a_new_required_field_needs_a_default_where_there_are_rows() {
    let test = start().await;
    boot_with(&test, &file(&[posts(&json!([]))])).await.unwrap();
    insert(&test, "posts", &[json!({}), json!({})]).await;
    let required = json!({ "name": "mood", "type": "text", "required": true });
    let changes = stopped(&test, &one_field(&required)).await;
    assert_eq!((changes[0].class, changes[0].kind), (Class::Blocked, ChangeKind::NewField));
    assert!(changes[0].text.contains("2 rows would have none"), "{changes:?}");

    let mut filled = required;
    filled["ext"] = json!({ "default": "calm" });
    boot_with(&test, &one_field(&filled)).await.unwrap();
    assert_eq!(column(&test, "posts", "mood").await, ["calm", "calm"]);
}

#[tokio::test]
async fn parked_data_comes_back_with_its_field() {
    let test = start().await;
    let title = json!({ "name": "title", "type": "text" });
    let full = file(&[posts(&json!([title, { "name": "link", "type": "url", "required": true }]))]);
    boot_with(&test, &full).await.unwrap();
    insert(&test, "posts", &[json!({ "link": "https://example.com" })]).await;
    let id = |test: &TestApp| {
        let posts = test.app.store.schema().by_name("posts").unwrap().clone();
        posts.field("link").unwrap().id.clone()
    };
    let before = id(&test);
    let parked = boot_with(&test, &one_field(&title)).await.unwrap();
    assert_eq!(parked.plan.parked, ["posts.link"]);
    assert!(render(&parked.plan).contains("parked: posts.link"), "{}", render(&parked.plan));
    assert_eq!(column(&test, "posts", "link").await, ["https://example.com"]);
    insert(&test, "posts", &[json!({ "id": "without00000000" })]).await;

    let changes = stopped(&test, &full).await;
    assert!(changes.iter().any(|change| change.text.contains("1 row is empty")), "{changes:?}");
    let sql = "DELETE FROM posts WHERE id = 'without00000000'";
    let delete = move |tx: &mut crate::store::Tx| tx.run(Statement::new(sql, Vec::new()));
    test.app.store.write(delete).await.unwrap();
    boot_with(&test, &full).await.unwrap();
    let posts = test.app.store.schema().by_name("posts").unwrap().clone();
    let link = posts.field("link").unwrap();
    assert!(link.required && !link.hidden);
    assert_eq!(link.id, before);
    assert_eq!(column(&test, "posts", "link").await, ["https://example.com"]);
}

#[tokio::test]
async fn openings_are_said_and_refused_where_the_file_is_strict() {
    let test = start().await;
    let rule = |rule: Json| {
        let mut declared = file(&[json!({ "name": "posts", "fields": [], "listRule": rule })]);
        declared.strict = true;
        declared
    };
    boot_with(&test, &rule(Json::Null)).await.unwrap();
    let open = rule(json!(""));
    let changes = stopped(&test, &open).await;
    assert_eq!(
        (changes[0].class, changes[0].path()),
        (Class::Opening, "posts.rules.list".to_owned())
    );
    assert!(changes[0].text.contains("locked -> public"));

    let allowed = BootOptions { allow_public: true, ..BootOptions::default() };
    let applied = boot(&test.app, &open, &allowed).await.unwrap().unwrap();
    assert!(render(&applied.plan).contains("OPENS"), "{}", render(&applied.plan));

    boot_with(&test, &rule(Json::Null)).await.unwrap();
    let mut lenient = open;
    lenient.strict = false;
    boot_with(&test, &lenient).await.unwrap();
    assert!(test.app.store.schema().by_name("posts").unwrap().rules.list.is_some());
}

#[tokio::test]
async fn renames_type_changes_and_removals_stop_the_start() {
    let test = start().await;
    let declared = one_field(&json!({ "name": "teaser", "type": "text" }));
    boot_with(&test, &declared).await.unwrap();
    insert(&test, "posts", &[json!({ "teaser": "a" }), json!({})]).await;

    let mut renamed = one_field(&json!({ "name": "lead", "type": "text" }));
    let changes = stopped(&test, &renamed).await;
    assert!(changes.iter().any(|change| change.kind == ChangeKind::LikelyRename), "{changes:?}");
    renamed.collections[0].renamed_fields.insert("lead".to_owned(), "teaser".to_owned());
    let changes = stopped(&test, &renamed).await;
    assert_eq!((changes[0].class, changes[0].kind), (Class::NeedsApply, ChangeKind::RenamedField));

    let retyped = one_field(&json!({ "name": "teaser", "type": "number" }));
    assert_eq!(stopped(&test, &retyped).await[0].kind, ChangeKind::FieldType);

    let mut removed = file(&[posts(&json!([]))]);
    removed.removed.fields.push(("posts".to_owned(), "teaser".to_owned()));
    let changes = stopped(&test, &removed).await;
    assert_eq!(changes[0].kind, ChangeKind::RemovedField);
    assert!(changes[0].text.contains("1 row has a value"), "{changes:?}");
}

#[tokio::test]
async fn a_plan_that_the_database_refuses_leaves_nothing_behind() {
    let test = start().await;
    boot_with(&test, &file(&[posts(&json!([]))])).await.unwrap();
    let before = dump(&test).await;
    let declared = file(&[
        json!({ "name": "fine", "fields": [{ "name": "a", "type": "text" }] }),
        json!({ "name": "posts", "fields": [{ "name": "b", "type": "text" }],
                "indexes": ["CREATE INDEX idx_broken ON posts (nowhere)"] }),
    ]);
    let stop = boot_with(&test, &declared).await.unwrap_err();
    assert!(matches!(stop, Stop::Failed(_)), "{stop:?}");
    assert_eq!(dump(&test).await, before);
    assert!(test.app.store.schema().by_name("fine").is_none());
}

#[tokio::test]
async fn on_boot_says_how_far_a_start_goes() {
    let test = start().await;
    let declared = file(&[posts(&json!([]))]);
    let options = |on_boot| BootOptions { on_boot, ..BootOptions::default() };
    let before = dump(&test).await;
    let stop = boot(&test.app, &declared, &options(OnBoot::Check)).await.unwrap_err();
    assert!(matches!(stop, Stop::Differs(_)), "{stop:?}");
    assert!(boot(&test.app, &declared, &options(OnBoot::Off)).await.unwrap().is_none());
    assert_eq!(dump(&test).await, before);
    boot(&test.app, &declared, &options(OnBoot::ApplySafe)).await.unwrap();
    let checked = boot(&test.app, &declared, &options(OnBoot::Check)).await.unwrap().unwrap();
    assert_eq!(checked.number, Some(1));
}

#[tokio::test]
async fn a_plan_is_carried_out_only_over_the_database_it_was_made_for() {
    let test = start().await;
    boot_with(&test, &file(&[posts(&json!([]))])).await.unwrap();
    let required = one_field(&json!({ "name": "mood", "type": "text", "required": true }));
    let plan = compute(&test.app, &required).await.unwrap();
    assert_eq!(plan.class(), Class::Safe);
    insert(&test, "posts", &[json!({})]).await;
    assert!(apply(&test.app, &plan, "ann").await.is_err());
    assert!(test.app.store.schema().by_name("posts").unwrap().field("mood").is_none());
    let delete =
        |tx: &mut crate::store::Tx| tx.run(Statement::new("DELETE FROM posts", Vec::new()));
    test.app.store.write(delete).await.unwrap();
    assert_eq!(apply(&test.app, &plan, "ann").await.unwrap().number, Some(2));
    assert!(test.app.store.schema().by_name("posts").unwrap().field("mood").is_some());
}

#[tokio::test]
async fn a_views_query_may_change_while_its_columns_stay() {
    let test = start().await;
    let view = |query: &str| {
        file(&[
            posts(&json!([{ "name": "title", "type": "text" }])),
            json!({ "name": "v", "type": "view", "viewQuery": query }),
        ])
    };
    boot_with(&test, &view("SELECT id, title FROM posts")).await.unwrap();
    let again = view("SELECT id, title FROM posts WHERE title != ''");
    let applied = boot_with(&test, &again).await.unwrap();
    assert_eq!(applied.plan.changes[0].kind, ChangeKind::ViewQuery);
    let changes = stopped(&test, &view("SELECT id, count(id) AS n FROM posts")).await;
    assert_eq!((changes[0].class, changes[0].kind), (Class::NeedsApply, ChangeKind::ViewQuery));
    let changes = stopped(&test, &view("SELECT title FROM posts")).await;
    assert_eq!((changes[0].class, changes[0].kind), (Class::Blocked, ChangeKind::ViewQuery));
}

#[tokio::test]
async fn views_follow_what_they_read() {
    let test = start().await;
    let declared = |max: i64| {
        file(&[
            json!({ "name": "outer", "type": "view", "viewQuery": "SELECT id, title FROM inner_view" }),
            json!({ "name": "inner_view", "type": "view", "viewQuery": "SELECT id, title FROM posts" }),
            posts(&json!([{ "name": "title", "type": "text", "max": max }])),
        ])
    };
    boot_with(&test, &declared(80)).await.unwrap();
    boot_with(&test, &declared(90)).await.unwrap();
    let outer = test.app.store.schema().by_name("outer").unwrap().clone();
    assert_eq!(outer.field("title").unwrap().to_json()["max"], json!(90));
    assert!(boot_with(&test, &declared(90)).await.unwrap().plan.is_empty());
}

#[tokio::test]
async fn a_deleted_target_blocks_a_cascade() {
    let test = start().await;
    let target = collection(&json!({ "name": "tags", "fields": [] })).id;
    let relation = |cascade: bool| {
        let tag = json!({ "name": "tag", "type": "relation", "collectionId": target,
                          "cascadeDelete": cascade });
        file(&[json!({ "name": "tags", "fields": [] }), posts(&json!([tag]))])
    };
    boot_with(&test, &relation(false)).await.unwrap();
    insert(&test, "posts", &[json!({ "tag": "gone00000000000" }), json!({})]).await;
    let changes = stopped(&test, &relation(true)).await;
    assert!(changes[0].text.contains("1 ids belong to no record of tags"), "{changes:?}");
}

#[tokio::test]
async fn tokens_of_a_declared_auth_collection_have_secrets_that_stay() {
    let test = start().await;
    let mut declared = file(&[json!({ "name": "people", "type": "auth", "fields": [] })]);
    let collection = &mut declared.collections[0].collection;
    let crate::domain::collection::CollectionKind::Auth(options) = &mut collection.kind else {
        panic!("an auth collection");
    };
    options.auth_token.secret = String::new();
    options.file_token.secret = String::new();
    let secrets = || {
        let people = test.app.store.schema().by_name("people").unwrap().clone();
        people.auth().unwrap().tokens().map(|(_, token)| token.secret.clone())
    };
    boot_with(&test, &declared).await.unwrap();
    let first = secrets();
    assert!(first.iter().all(|secret| secret.len() >= 30), "every kind of token has its secret");
    assert_eq!(first.iter().collect::<std::collections::BTreeSet<_>>().len(), 5);
    boot_with(&test, &declared).await.unwrap();
    assert_eq!(secrets(), first);
}

#[tokio::test]
async fn a_plan_reads_as_lines_for_people() {
    let test = start().await;
    let fields = json!([
        { "name": "publishedAt", "type": "date" },
        { "name": "slug", "type": "text" },
        { "name": "subtitle", "type": "editor" },
    ]);
    let likes = json!({ "name": "likes", "fields": [] });
    boot_with(&test, &file(&[posts(&fields), likes.clone()])).await.unwrap();
    let rows = ["hello", "hello", "intro", "intro", "once"].map(|slug| json!({ "slug": slug }));
    insert(&test, "posts", &rows).await;
    let mut declared = file(&[
        json!({
            "name": "posts", "listRule": "status = 'published'",
            "fields": [
                { "name": "published_at", "type": "date" },
                { "name": "slug", "type": "text" },
                { "name": "status", "type": "text" },
            ],
            "indexes": ["CREATE UNIQUE INDEX idx_slug ON posts (slug)"],
        }),
        json!({ "name": "tags", "fields": [], "listRule": "" }),
        likes,
    ]);
    let renames = &mut declared.collections[0].renamed_fields;
    renames.insert("published_at".to_owned(), "publishedAt".to_owned());
    declared.removed.fields.push(("posts".to_owned(), "subtitle".to_owned()));
    let plan = compute(&test.app, &declared).await.unwrap();
    insta::assert_snapshot!(render(&plan), @r#"
      ~ posts
          > published_at            publishedAt -> published_at, data kept   NEEDS APPLY
          + status                  text, optional
          ! idx_slug                unique(slug): 2 values occur more than once   BLOCKED
          ~ rules.list              locked -> status = 'published'   OPENS to guests
          - subtitle                drop, allowed by [removed], 0 rows have a value   NEEDS APPLY
      + tags                        new base collection
          ~ rules.list              public   OPENS to guests
      = 1 unchanged

    Blocked: posts.idx_slug   "hello" x2, "intro" x2; mend the rows first

    Plan: 2 to add, 2 to change, 1 to destroy, 1 blocked, 2 waiting for apply, 2 opening to others.
    "#);
}
