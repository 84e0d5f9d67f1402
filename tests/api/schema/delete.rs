//! Deleting and emptying collections (contract A 2.3, 2.14).

use serde_json::json;

use super::{codes, make, start, text};

#[actix_web::test]
async fn a_deleted_collection_is_gone_with_what_belongs_to_it() {
    let (app, root) = start().await;
    make(&root, json!({ "name": "staff", "type": "auth", "id": "c_staff" })).await;
    make(
        &root,
        json!({ "name": "tree", "fields": [
        { "name": "parent", "type": "relation", "collectionId": "pbc_tree" },
    ], "id": "pbc_tree" }),
    )
    .await;
    let account =
        json!({ "email": "a@b.co", "password": "12345678", "passwordConfirm": "12345678" });
    let person = root.create("staff", account).await.expect(200).id();
    let origin = json!({ "collectionRef": "c_staff", "recordRef": person, "fingerprint": "x" });
    root.create("_authOrigins", origin).await.expect(200);
    let ada = app.guest().sign_in("staff", "a@b.co", "12345678").await;

    root.delete("/api/collections/staff").await.expect(204);
    root.get("/api/collections/staff").await.expect(404);
    let origins = root.list("_authOrigins", "collectionRef = 'c_staff'").await.expect(200);
    assert_eq!(origins.at("/totalItems"), json!(0));
    ada.get("/api/collections").await.expect(401);
    root.delete("/api/collections/tree").await.expect(204);
    root.delete("/api/collections/tree").await.expect(404);
    // The name is free again, and nothing is left under it.
    make(&root, json!({ "name": "staff" })).await;
    assert_eq!(app.count("staff"), 0);
}

#[actix_web::test]
async fn what_is_needed_is_not_deleted() {
    let (app, root) = start().await;
    make(&root, json!({ "name": "people", "id": "c_people", "fields": [text("name")] })).await;
    make(
        &root,
        json!({ "name": "posts", "fields": [
        { "name": "author", "type": "relation", "collectionId": "c_people" },
    ] }),
    )
    .await;
    make(&root, json!({ "name": "tags", "fields": [text("name")] })).await;
    make(
        &root,
        json!({ "name": "names", "type": "view", "viewQuery": "select id, name from tags" }),
    )
    .await;
    let before = app.state_digest();
    for (name, word) in
        [("people", "posts"), ("tags", "names"), ("_superusers", "_superusers"), ("_mfas", "_mfas")]
    {
        let refused = root.delete(&format!("/api/collections/{name}")).await;
        assert_eq!(codes(&refused), "400", "{}", refused.text);
        assert!(refused.text.contains(word), "{}", refused.text);
    }
    assert_eq!(app.state_digest(), before);
    root.delete("/api/collections/names").await.expect(204);
    root.delete("/api/collections/tags").await.expect(204);
    root.delete("/api/collections/posts").await.expect(204);
    root.delete("/api/collections/people").await.expect(204);
}

#[actix_web::test]
async fn a_truncated_collection_loses_its_records_as_if_each_were_deleted() {
    let (app, root) = start().await;
    make(&root, json!({ "name": "people", "id": "c_people" })).await;
    let author = |required: bool| {
        json!([{ "id": "f", "name": "author", "type": "relation",
        "collectionId": "c_people", "required": required, "cascadeDelete": !required }])
    };
    make(&root, json!({ "name": "posts", "fields": author(true) })).await;
    for _ in 0..3 {
        let person = root.create("people", json!({})).await.expect(200).id();
        root.create("posts", json!({ "author": person })).await.expect(200);
    }
    let before = app.state_digest();
    assert_eq!(codes(&root.delete("/api/collections/people/truncate").await), "400");
    assert_eq!(app.state_digest(), before, "none goes when one has to stay");
    root.patch("/api/collections/posts", json!({ "fields": author(false) })).await.expect(200);
    root.delete("/api/collections/people/truncate").await.expect(204);
    assert_eq!((app.count("people"), app.count("posts")), (0, 0));
    root.delete("/api/collections/people/truncate").await.expect(204);
    root.delete("/api/collections/nothing/truncate").await.expect(404);
    assert_eq!(codes(&root.delete("/api/collections/_superusers/truncate").await), "400");
    assert_eq!(app.count("_superusers"), 1);
    make(&root, json!({ "name": "v", "type": "view", "viewQuery": "select id from people" })).await;
    assert_eq!(codes(&root.delete("/api/collections/v/truncate").await), "400");
}

#[actix_web::test]
async fn many_records_that_refer_to_each_other_go_together() {
    let (app, root) = start().await;
    make(
        &root,
        json!({ "name": "tree", "id": "c_tree", "fields": [
        { "name": "parent", "type": "relation", "collectionId": "c_tree", "cascadeDelete": true },
    ] }),
    )
    .await;
    let mut parent = String::new();
    for _ in 0..20 {
        parent = root.create("tree", json!({ "parent": parent })).await.expect(200).id();
    }
    root.delete("/api/collections/tree/truncate").await.expect(204);
    assert_eq!(app.count("tree"), 0);
}
