//! `PUT /api/collections/import` (contract A 2.13).

use serde_json::{Value, json};

use super::{assert_closed, codes, fields, make, start, text};
use crate::harness::{Answer, Client};

async fn import(root: &Client, body: Value) -> Answer {
    let body = body.to_string().into_bytes();
    root.raw("PUT", "/api/collections/import", "application/json", body).await
}

#[actix_web::test]
async fn nobody_but_superusers_imports() {
    let (app, _root) = start().await;
    let body = json!({ "collections": [{ "name": "a" }] });
    assert_closed(&app, "PUT", "/api/collections/import", &body).await;
}

#[actix_web::test]
async fn new_collections_may_refer_to_each_other_in_any_order() {
    let (app, root) = start().await;
    let body = json!({ "collections": [
        { "name": "digest", "type": "view", "viewQuery": "select id, title from posts where id in (select id from base)" },
        { "name": "base", "type": "view", "viewQuery": "select id, title as head from posts" },
        { "name": "posts", "id": "c_posts", "listRule": "author.name != '' || @collection.people.name = 'x'", "fields": [
            text("title"), { "name": "author", "type": "relation", "collectionId": "c_people" },
        ] },
        { "name": "people", "id": "c_people", "fields": [
            text("name"), { "name": "best", "type": "relation", "collectionId": "c_posts" },
        ] },
    ] });
    assert_eq!(import(&root, body.clone()).await.expect(204).text, "");
    assert_eq!(fields(&root.get("/api/collections/digest").await), ["id", "title"]);
    let person = root.create("people", json!({ "name": "Ada" })).await.expect(200).id();
    root.create("posts", json!({ "title": "T", "author": person })).await.expect(200);
    assert_eq!(root.list("digest", "").await.at("/totalItems"), json!(1));
    // The same once more changes nothing but dates.
    import(&root, body).await.expect(204);
    assert_eq!((app.count("people"), app.count("posts")), (1, 1));
    assert_eq!(root.list("digest", "").await.at("/totalItems"), json!(1));
}

#[actix_web::test]
async fn stored_fields_stay_unless_the_missing_are_deleted() {
    let (app, root) = start().await;
    make(
        &root,
        json!({ "name": "posts", "listRule": "", "fields": [
        text("title"), { "name": "n", "type": "number" },
    ] }),
    )
    .await;
    make(&root, json!({ "name": "other" })).await;
    make(&root, json!({ "name": "seen", "type": "view", "viewQuery": "select id, n from posts" }))
        .await;
    let id = root.create("posts", json!({ "title": "T", "n": 5 })).await.expect(200).id();
    let own = json!({ "name": "posts", "fields": [
        { "id": "another", "name": "title", "type": "text", "max": 9 }, { "name": "flag", "type": "bool" },
    ] });
    import(&root, json!({ "collections": [own] })).await.expect(204);
    let posts = root.get("/api/collections/posts").await;
    assert_eq!(fields(&posts), ["title", "flag", "id", "n"]);
    assert_eq!(posts.at("/listRule"), json!(""));
    let record = format!("/api/collections/posts/records/{id}");
    assert_eq!(root.get(&record).await.at("/title"), json!("T"), "no column was lost");

    let before = app.state_digest();
    let own = json!({ "name": "posts", "fields": [text("title")] });
    let all = json!({ "collections": [own, { "name": "seen", "viewQuery": "select id, n from posts" }],
        "deleteMissing": true });
    let refused = import(&root, all).await;
    assert_eq!(codes(&refused), "400 collections:collections_import_failure");
    assert_eq!(app.state_digest(), before, "the view would lose a column");

    let own = json!({ "name": "posts", "fields": [text("title")] });
    let all = json!({ "collections": [own, { "name": "seen", "viewQuery": "select id, title from posts" }],
        "deleteMissing": true });
    import(&root, all).await.expect(204);
    assert_eq!(fields(&root.get("/api/collections/posts").await), ["title", "id"]);
    assert_eq!(fields(&root.get("/api/collections/seen").await), ["id", "title"]);
    root.get("/api/collections/other").await.expect(404);
    root.get("/api/collections/users").await.expect(404);
    root.get("/api/collections/_mfas").await.expect(200);
    assert_eq!(root.get(&record).await.at("/title"), json!("T"));
    import(&root, json!({ "collections": [{ "name": "posts" }], "deleteMissing": true }))
        .await
        .expect(204);
    assert_eq!(fields(&root.get("/api/collections/posts").await), ["id"]);
    assert_eq!(app.count("posts"), 1);
}

#[actix_web::test]
async fn an_import_that_fails_half_way_changes_nothing() {
    let (app, root) = start().await;
    make(&root, json!({ "name": "posts", "fields": [text("title")] })).await;
    make(&root, json!({ "name": "old" })).await;
    for _ in 0..2 {
        root.create("posts", json!({ "title": "same" })).await.expect(200);
    }
    let before = app.state_digest();
    let fine = json!({ "name": "fine", "fields": [text("a")] });
    let renamed = json!({ "id": "pbc_1125843985", "name": "articles", "fields": [text("other")] });
    for broken in [
        json!({ "name": "a b" }),
        json!({ "name": "b", "fields": [{ "name": "x", "type": "nope" }] }),
        json!({ "name": "b", "fields": [{ "name": "x", "type": "relation", "collectionId": "gone" }] }),
        json!({ "name": "b", "listRule": "nope = 1" }),
        json!({ "name": "FINE" }),
        json!({ "name": "v", "type": "view", "viewQuery": "select id from nowhere" }),
        json!({ "name": "v", "type": "view", "viewQuery": "select '' as id" }),
        json!({ "name": "v", "type": "view", "viewQuery": "select id from v" }),
        json!({ "name": "v", "type": "view" }),
        json!({ "name": "b", "indexes": ["create index x on b (nope)"] }),
        json!({ "name": "users", "type": "base" }),
        json!({ "name": "_superusers", "listRule": "" }),
        json!({ "id": "xxx" }),
    ] {
        for all in [false, true] {
            let list = json!([fine, renamed, broken]);
            let body = json!({ "collections": list, "deleteMissing": all });
            let answer = import(&root, body).await;
            assert_eq!(codes(&answer), "400 collections:collections_import_failure", "{broken}");
            assert_eq!(app.state_digest(), before, "{broken}");
        }
    }
    let unique = json!({ "name": "posts", "indexes": ["create unique index u on posts (title)"] });
    let answer =
        import(&root, json!({ "collections": [fine, unique], "deleteMissing": true })).await;
    assert_eq!(codes(&answer), "400 collections:collections_import_failure");
    assert!(answer.text.contains("posts"), "{}", answer.text);
    for (body, expected) in [
        (json!({}), "400 collections:required"),
        (json!({ "collections": [] }), "400 collections:required"),
        (json!({ "collections": "x" }), "400"),
        (json!({ "collections": [1] }), "400"),
        (json!({ "collections": [{ "name": "a" }], "deleteMissing": "x" }), "400"),
    ] {
        assert_eq!(codes(&import(&root, body).await), expected);
    }
    assert_eq!(app.state_digest(), before);
    assert_eq!(app.count("posts"), 2);
    root.create("posts", json!({ "title": "still" })).await.expect(200);
}

#[actix_web::test]
async fn a_collection_may_be_called_import() {
    let (_app, root) = start().await;
    make(&root, json!({ "name": "import" })).await;
    root.get("/api/collections/import").await.expect(200);
    let put = root.raw("PUT", "/api/collections/users", "application/json", "{}".into()).await;
    put.expect(404);
    root.delete("/api/collections/import").await.expect(204);
}
