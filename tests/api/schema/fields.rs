//! What becomes of rows when fields change (contract A 2.11).

use serde_json::{Value, json};

use super::{codes, fields, make, start, text};

#[actix_web::test]
async fn rows_follow_their_fields() {
    let (_app, root) = start().await;
    let tags = |max: u32, name: &str| json!({ "id": "f_tags", "name": name, "type": "select", "values": ["a", "b"], "maxSelect": max });
    let title = json!({ "id": "f_title", "name": "title", "type": "text" });
    let body = json!({ "id": "f_body", "name": "body", "type": "text" });
    make(&root, json!({ "name": "posts", "fields": [title, body, tags(1, "tag"), text("gone")] }))
        .await;
    let row = json!({ "title": "T", "body": "B", "tag": "a", "gone": "G" });
    let id = root.create("posts", row).await.expect(200).id();
    let record = format!("/api/collections/posts/records/{id}");

    let swapped = json!([
        { "id": "f_title", "name": "body", "type": "text" },
        { "id": "f_body", "name": "title", "type": "text" },
        tags(2, "tags"), { "name": "n", "type": "number" }, { "name": "at", "type": "date" },
    ]);
    let path = "/api/collections/posts";
    let changed = root.patch(path, json!({ "fields": swapped })).await.expect(200);
    assert_eq!(fields(&changed), ["id", "body", "title", "tags", "n", "at"]);
    let seen = root.get(&record).await.expect(200).json();
    assert_eq!((&seen["title"], &seen["body"]), (&json!("B"), &json!("T")));
    assert_eq!((&seen["tags"], &seen["n"], &seen["at"]), (&json!(["a"]), &json!(0), &json!("")));
    assert_eq!(seen.get("gone"), None);

    root.patch(&record, json!({ "tags": ["a", "b"] })).await.expect(200);
    root.patch(path, json!({ "fields": [title, tags(1, "tag")] })).await.expect(200);
    let seen = root.get(&record).await.expect(200).json();
    assert_eq!((&seen["title"], &seen["tag"]), (&json!("T"), &json!("b")), "the last one stays");
    let retyped = json!([{ "id": "f_title", "name": "title", "type": "number" }]);
    let refused = root.patch(path, json!({ "fields": retyped })).await;
    assert_eq!(codes(&refused), "400 fields.1:field_type_change");
    assert_eq!(root.get(&record).await.json(), seen);
}

#[actix_web::test]
async fn a_field_without_an_id_is_the_one_of_its_name_or_another_column() {
    let (_app, root) = start().await;
    make(&root, json!({ "name": "posts", "fields": [text("title"), { "id": "own", "name": "sub", "type": "text" }] })).await;
    let id = root.create("posts", json!({ "title": "T", "sub": "S" })).await.expect(200).id();
    let same = json!([{ "name": "title", "type": "text", "max": 9 }, text("sub")]);
    root.patch("/api/collections/posts", json!({ "fields": same })).await.expect(200);
    let seen = root.get(&format!("/api/collections/posts/records/{id}")).await.json();
    assert_eq!((&seen["title"], &seen["sub"]), (&json!("T"), &json!("")), "sub is a new column");
}

#[actix_web::test]
async fn an_index_that_the_rows_break_is_refused_and_nothing_changes() {
    let (app, root) = start().await;
    make(&root, json!({ "name": "posts", "fields": [text("title")] })).await;
    for _ in 0..2 {
        root.create("posts", json!({ "title": "same" })).await.expect(200);
    }
    let before = app.state_digest();
    let body = json!({ "name": "articles", "fields": [text("title"), text("more")], "indexes": [
        "create index fine on posts (more)", "create unique index broken on posts (title)",
    ] });
    let refused = root.patch("/api/collections/posts", body).await;
    assert_eq!(codes(&refused), "400 indexes.1:invalid_index_expression");
    assert!(refused.text.contains("UNIQUE"), "{}", refused.text);
    assert_eq!(app.state_digest(), before);
    let taken =
        json!({ "name": "new", "indexes": ["create index idx_email__pb_users_auth_ on x (id)"] });
    let answer = root.post("/api/collections", taken).await;
    assert_eq!(codes(&answer), "400 indexes.0:existing_index_name");
    assert_eq!(answer.at("/data/indexes/0/params/usedTableName"), json!("users"));
    let unique = root.patch("/api/collections/users", json!({ "indexes": [] })).await;
    assert_eq!(codes(&unique), "200", "the indexes of accounts come back by themselves");
    assert_eq!(app.count("posts"), 2);
}

#[actix_web::test]
async fn relations_of_a_collection_that_changes_stay_whole() {
    let (_app, root) = start().await;
    let to = |name: &str, id: &str, max: u32| json!({ "id": format!("f_{name}"), "name": name, "type": "relation", "collectionId": id, "maxSelect": max });
    make(&root, json!({ "name": "people", "id": "c_people" })).await;
    make(
        &root,
        json!({ "name": "posts", "id": "c_posts", "fields": [
        to("author", "c_people", 1), to("parent", "c_posts", 1), to("readers", "c_people", 5),
    ], "listRule": "parent.author.id != 'x'" }),
    )
    .await;
    let person = root.create("people", json!({})).await.expect(200).id();
    let first = root
        .create("posts", json!({ "author": person, "readers": [person] }))
        .await
        .expect(200)
        .id();
    root.create("posts", json!({ "parent": first, "author": person })).await.expect(200);
    let swapped = json!([
        to("author", "c_people", 3),
        to("parent", "c_posts", 1),
        to("readers", "c_people", 1)
    ]);
    root.patch("/api/collections/posts", json!({ "fields": swapped, "name": "articles" }))
        .await
        .expect(200);
    let list = root
        .get("/api/collections/articles/records?expand=author,parent.author,readers")
        .await
        .expect(200);
    let items = list.at("/items");
    let first = items.as_array().unwrap().iter().find(|item| item["id"] == json!(first)).unwrap();
    assert_eq!(first["author"], json!([person]));
    assert_eq!(first["expand"]["readers"]["id"], json!(person));
    let moved = json!([to("author", "c_posts", 3)]);
    let refused =
        root.patch("/api/collections/articles", json!({ "fields": moved, "listRule": null })).await;
    assert_eq!(codes(&refused), "400 fields.1.collectionId:field_relation_change");
    root.delete(&format!("/api/collections/people/records/{person}")).await.expect(204);
    let list = root.get("/api/collections/articles/records").await.json();
    let authors: Vec<&Value> =
        list["items"].as_array().unwrap().iter().map(|item| &item["author"]).collect();
    assert_eq!(authors, [&json!([]), &json!([])]);
}
