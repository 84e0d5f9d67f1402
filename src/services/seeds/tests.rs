//! Seeds on databases in temporary folders.

use serde_json::{Value as Json, json};

use super::{Seeded, run};
use crate::config::{Fake, SeedReference, SeedRow, Seeds};
use crate::domain::collection::Collection;
use crate::domain::random::Random;
use crate::domain::record::Record;
use crate::services::bootstrap::{self, Source};
use crate::services::test_app::TestApp;
use crate::services::{Error, collections};
use crate::store::{StoreError, Tx, records};

async fn start() -> TestApp {
    let test = TestApp::start(Vec::new()).await;
    bootstrap::run(&test.app, Source::ConfigFile).await.unwrap();
    for body in [
        json!({ "name": "people", "type": "auth",
                "fields": [{ "name": "nick", "type": "text", "required": true }] }),
        json!({ "name": "tags", "fields": [{ "name": "slug", "type": "text", "required": true,
                "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$", "max": 20 }],
                "indexes": ["CREATE UNIQUE INDEX idx_slug ON tags (slug)"] }),
    ] {
        make(&test, &body).await;
    }
    let id = |name: &str| test.app.store.schema().by_name(name).unwrap().id.clone();
    let posts = json!({ "name": "posts", "fields": [
        { "name": "title", "type": "text", "required": true, "max": 40 },
        { "name": "status", "type": "select", "values": ["draft", "live"], "required": true },
        { "name": "rank", "type": "number", "min": 3, "max": 5, "onlyInt": true },
        { "name": "link", "type": "url" },
        { "name": "shown", "type": "date", "required": true },
        { "name": "author", "type": "relation", "collectionId": id("people"), "required": true },
        { "name": "tags", "type": "relation", "collectionId": id("tags"), "maxSelect": 4 },
    ]});
    make(&test, &posts).await;
    test
}

async fn make(test: &TestApp, body: &Json) {
    let (schema, now) = (test.app.store.schema(), test.app.clock.now());
    let body = body.as_object().unwrap();
    let collection = Collection::create(body, &schema, now, &mut Random::system()).unwrap();
    let make = move |tx: &mut Tx| collections::create(tx, &collection);
    test.app.store.write(make).await.unwrap();
}

fn row(collection: &str, key: &str, values: &Json, references: Vec<SeedReference>) -> SeedRow {
    SeedRow {
        collection: collection.to_owned(),
        key: key.to_owned(),
        values: values.as_object().unwrap().clone(),
        references,
        place: Default::default(),
    }
}

fn reference(field: &str, position: Option<usize>, to: (&str, &str, &str)) -> SeedReference {
    SeedReference {
        field: field.to_owned(),
        position,
        collection: to.0.to_owned(),
        key: to.1.to_owned(),
        value: to.2.to_owned(),
    }
}

fn seeds() -> Seeds {
    let post = json!({ "title": "Hello", "status": "live", "shown": "2026-01-01",
                       "author": "@people/ada@example.com", "tags": ["@tags/news"] });
    let references = vec![
        reference("author", None, ("people", "email", "ada@example.com")),
        reference("tags", Some(0), ("tags", "slug", "news")),
    ];
    let ada = json!({ "email": "ada@example.com", "password": "changeme123", "nick": "Ada" });
    Seeds {
        rows: vec![
            row("people", "email", &ada, Vec::new()),
            row("tags", "slug", &json!({ "slug": "news" }), Vec::new()),
            row("posts", "title", &post, references),
        ],
        ..Seeds::default()
    }
}

fn fakes(counts: &[(&str, u32)]) -> Seeds {
    let fake = |(collection, count): &(&str, u32)| Fake {
        collection: (*collection).to_owned(),
        count: *count,
    };
    Seeds { fakes: counts.iter().map(fake).collect(), ..Seeds::default() }
}

async fn all(test: &TestApp, name: &str) -> Vec<Record> {
    let collection = test.app.store.schema().by_name(name).unwrap().clone();
    let read = move |db: &mut crate::store::Db| -> Result<Vec<Record>, StoreError> {
        records::oldest(db, &collection, 1000)
    };
    test.app.store.read(read).await.unwrap()
}

#[tokio::test]
async fn rows_are_made_once_with_their_references_and_passwords() {
    let test = start().await;
    assert_eq!(run(&test.app, &seeds()).await.unwrap(), Seeded { rows: 3, made_up: 0 });
    let (people, tags, posts) =
        (all(&test, "people").await, all(&test, "tags").await, all(&test, "posts").await);
    assert_eq!(posts[0].text("author"), people[0].id());
    assert_eq!(posts[0].get("tags"), &json!([tags[0].id()]));
    assert!(people[0].text("password").starts_with("$argon2id$"));

    assert_eq!(run(&test.app, &seeds()).await.unwrap(), Seeded::default());
    let mut more = seeds();
    more.rows.push(row("tags", "slug", &json!({ "slug": "how-to" }), Vec::new()));
    assert_eq!(run(&test.app, &more).await.unwrap().rows, 1);
    assert_eq!(all(&test, "posts").await, posts);
}

#[tokio::test]
async fn a_row_that_is_refused_is_named_and_takes_all_others_with_it() {
    let test = start().await;
    let mut broken = seeds();
    broken.rows.push(row("tags", "slug", &json!({ "slug": "Not a slug" }), Vec::new()));
    let Err(Error::BadRequest(message)) = run(&test.app, &broken).await else {
        panic!("the row is refused");
    };
    assert!(message.starts_with("[seeds.tags] Not a slug: slug: "), "{message}");
    assert!(all(&test, "people").await.is_empty());
}

#[tokio::test]
async fn made_up_rows_fit_their_fields_and_come_only_into_empty_collections() {
    let test = start().await;
    let wanted = fakes(&[("posts", 20), ("people", 5), ("tags", 30)]);
    assert_eq!(run(&test.app, &wanted).await.unwrap(), Seeded { rows: 0, made_up: 55 });
    for name in ["posts", "people", "tags"] {
        for record in all(&test, name).await {
            for (field, value) in record.collection().fields.iter().zip(record.values()) {
                assert_eq!(field.check(value), Ok(()), "{name}.{} = {value}", field.name);
            }
        }
    }
    let posts = all(&test, "posts").await;
    let people: Vec<String> =
        all(&test, "people").await.iter().map(|record| record.id().to_owned()).collect();
    assert!(posts.iter().all(|post| people.contains(&post.text("author").to_owned())));
    assert_eq!(run(&test.app, &wanted).await.unwrap(), Seeded::default());
}

#[tokio::test]
async fn the_same_file_makes_up_the_same_rows() {
    let titles = || async {
        let test = start().await;
        run(&test.app, &fakes(&[("people", 2), ("posts", 8)])).await.unwrap();
        let posts = all(&test, "posts").await;
        posts.iter().map(|post| post.text("title").to_owned()).collect::<Vec<_>>()
    };
    let first = titles().await;
    assert_eq!(first, titles().await);
    assert_eq!(first.len(), 8);
}

#[tokio::test]
async fn a_required_relation_without_targets_says_so() {
    let test = start().await;
    let Err(Error::BadRequest(message)) = run(&test.app, &fakes(&[("posts", 1)])).await else {
        panic!("there is nobody to refer to");
    };
    assert!(message.starts_with("[seeds.posts] fake: "), "{message}");
    assert!(message.contains("author: "), "{message}");
}
