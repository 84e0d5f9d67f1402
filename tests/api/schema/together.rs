//! Schema changes while records are written: each write sees the old collection or the new one, none
//! is lost, and none fails for it.

use futures_util::future::join_all;
use serde_json::json;

use super::{make, start, text};

#[actix_web::test]
async fn writes_and_schema_changes_do_not_hurt_each_other() {
    let (app, root) = start().await;
    make(&root, json!({ "name": "posts", "listRule": "", "fields": [text("title")] })).await;
    make(
        &root,
        json!({ "name": "seen", "type": "view", "viewQuery": "select id, title from posts" }),
    )
    .await;
    let writers = (0..4).map(|writer| {
        let root = root.clone();
        async move {
            let mut ids = Vec::new();
            for number in 0..25 {
                let body =
                    json!({ "title": format!("{writer}-{number}"), "extra": "e", "more": "m" });
                ids.push(root.create("posts", body).await.expect(200).id());
                root.get("/api/collections/posts/records?sort=-title").await.expect(200);
                root.get("/api/collections/seen/records").await.expect(200);
            }
            ids
        }
    });
    let changes = async {
        for number in 0..12 {
            let extra = json!({ "id": "f_extra", "name": "extra", "type": "text" });
            let list = match number % 4 {
                0 => json!([text("title"), extra]),
                1 => {
                    json!([text("title"), extra, { "name": "tags", "type": "select", "values": ["a"], "maxSelect": 1 }])
                }
                2 => json!([text("title"), { "id": "f_extra", "name": "more", "type": "text" }]),
                _ => json!([text("title")]),
            };
            let indexes = if number % 2 == 0 {
                json!(["create index t on posts (title)"])
            } else {
                json!([])
            };
            let body = json!({ "fields": list, "indexes": indexes });
            root.patch("/api/collections/posts", body).await.expect(200);
        }
    };
    let (written, ()) = futures_util::join!(join_all(writers), changes);
    let written: Vec<String> = written.into_iter().flatten().collect();
    assert_eq!(app.count("posts"), 100);
    for id in written {
        root.get(&format!("/api/collections/posts/records/{id}")).await.expect(200);
    }
}

#[actix_web::test]
async fn a_collection_that_goes_takes_its_writes_along() {
    let (app, root) = start().await;
    for round in 0..3 {
        make(&root, json!({ "name": "posts", "fields": [text("title")] })).await;
        let writers = (0..4).map(|_| {
            let root = root.clone();
            async move {
                for _ in 0..10 {
                    let answer = root.create("posts", json!({ "title": "x" })).await;
                    assert!(matches!(answer.status, 200 | 404), "{}", answer.text);
                }
            }
        });
        let gone = async { root.delete("/api/collections/posts").await.expect(204) };
        futures_util::join!(join_all(writers), gone);
        root.get("/api/collections/posts").await.expect(404);
        assert_eq!(app.count("users"), 0, "round {round}");
    }
}

#[actix_web::test]
async fn of_two_collections_of_one_name_there_is_one() {
    let (app, root) = start().await;
    let makers = (0..6).map(|_| {
        let root = root.clone();
        async move { root.post("/api/collections", json!({ "name": "posts" })).await.status }
    });
    let mut answers = join_all(makers).await;
    answers.sort_unstable();
    assert_eq!(answers, [200, 400, 400, 400, 400, 400]);
    assert_eq!(app.count("posts"), 0);
}
