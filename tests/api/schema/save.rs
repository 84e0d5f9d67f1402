//! `POST /api/collections` and `PATCH /api/collections/{collection}` (contract A 2.4 to 2.8).

use serde_json::{Value, json};

use super::{assert_closed, codes, fields, make, start, text};

#[actix_web::test]
async fn nobody_but_superusers_changes_collections() {
    let (app, _root) = start().await;
    let body = json!({ "name": "posts" });
    assert_closed(&app, "POST", "/api/collections", &body).await;
}

#[actix_web::test]
async fn nobody_but_superusers_updates_or_deletes() {
    let (app, _root) = start().await;
    assert_closed(&app, "PATCH", "/api/collections/users", &json!({ "name": "people" })).await;
    let (app, _root) = start().await;
    assert_closed(&app, "DELETE", "/api/collections/users", &json!({})).await;
    let (app, _root) = start().await;
    assert_closed(&app, "DELETE", "/api/collections/users/truncate", &json!({})).await;
}

#[actix_web::test]
async fn a_created_collection_can_be_used_at_once() {
    let (app, root) = start().await;
    let body = json!({
        "name": "posts", "listRule": "", "createRule": "title != 'no'", "created": "2001-01-01 00:00:00.000Z",
        "fields": [{ "name": "title", "type": "text", "required": true }],
        "indexes": ["create unique index `by_title` on `whatever` (`title`)"],
    });
    let made = make(&root, body).await;
    assert_eq!(made.at("/id"), json!("pbc_1125843985"));
    assert_eq!((made.at("/type"), made.at("/system")), (json!("base"), json!(false)));
    assert_eq!((made.at("/listRule"), made.at("/viewRule")), (json!(""), Value::Null));
    assert_eq!(fields(&made), ["id", "title"]);
    assert_eq!(made.at("/fields/1/id"), json!("text724990059"));
    assert_eq!(made.at("/indexes"), json!(["CREATE UNIQUE INDEX `by_title` ON `posts` (`title`)"]));
    assert_eq!(made.at("/created"), json!("2026-01-01 00:00:00.000Z"));
    assert_eq!(root.get("/api/collections/POSTS").await.json(), made.json());

    let guest = app.guest();
    guest.create("posts", json!({ "title": "x" })).await.expect(200);
    assert_eq!(
        codes(&guest.create("posts", json!({ "title": "x" })).await),
        "400 title:not_unique"
    );
    assert_eq!(codes(&guest.create("posts", json!({ "title": "no" })).await), "400");
    assert_eq!(guest.list("posts", "title = 'x'").await.at("/totalItems"), json!(1));
    let picked = root.post("/api/collections?fields=name,type", json!({ "name": "tags" })).await;
    assert_eq!(picked.expect(200).json(), json!({ "name": "tags", "type": "base" }));
}

#[actix_web::test]
async fn an_auth_collection_has_what_accounts_need_and_keeps_its_secrets() {
    let (app, root) = start().await;
    let made = make(
        &root,
        json!({
            "name": "staff", "type": "auth", "createRule": "",
            "emailChangeToken": { "duration": 123 },
            "fields": [{ "name": "email", "type": "email", "required": false }, text("nick")],
        }),
    )
    .await;
    assert_eq!(
        fields(&made),
        ["id", "email", "nick", "password", "tokenKey", "emailVisibility", "verified"]
    );
    assert_eq!(made.at("/fields/1/required"), json!(false));
    assert_eq!(made.at("/fields/1/system"), json!(true));
    assert_eq!(made.at("/emailChangeToken"), json!({ "duration": 123 }));
    assert_eq!(made.at("/authToken"), json!({ "duration": 432_000 }));
    assert_eq!(made.at("/indexes").as_array().unwrap().len(), 2);
    assert!(!made.text.contains("secret"));

    let body = json!({ "email": "a@b.co", "password": "12345678", "passwordConfirm": "12345678" });
    app.guest().create("staff", body).await.expect(200);
    let ada = app.guest().sign_in("staff", "a@b.co", "12345678").await;
    ada.post("/api/collections/staff/auth-refresh", json!({})).await.expect(200);

    // Another option leaves everybody signed in, another rule does not.
    let patch = |body| root.patch("/api/collections/staff", body);
    patch(json!({ "fileToken": { "duration": 60 }, "indexes": [] })).await.expect(200);
    ada.post("/api/collections/staff/auth-refresh", json!({})).await.expect(200);
    assert_eq!(
        root.get("/api/collections/staff").await.at("/indexes").as_array().unwrap().len(),
        2,
        "what accounts need comes back"
    );
    patch(json!({ "authRule": "nick = ''" })).await.expect(200);
    ada.post("/api/collections/staff/auth-refresh", json!({})).await.expect(401);
    patch(json!({ "authToken": { "secret": "x".repeat(40) } })).await.expect(200);
    let before = app.state_digest();
    assert_eq!(
        codes(&patch(json!({ "authToken": { "secret": "" } })).await),
        "400 authToken.secret:required"
    );
    assert_eq!(app.state_digest(), before);
}

#[actix_web::test]
async fn what_is_not_valid_is_told_by_key_and_changes_nothing() {
    let (app, root) = start().await;
    make(&root, json!({ "name": "posts", "id": "c_posts", "fields": [text("title")] })).await;
    let before = app.state_digest();
    for (body, expected) in [
        (json!({}), "400 name:required"),
        (json!({ "type": "nope" }), "400 name:required type:in_invalid"),
        (json!({ "name": "a b", "id": "x y" }), "400 id:match_invalid name:match_invalid"),
        (json!({ "name": "POSTS" }), "400 name:collection_name_exists"),
        (json!({ "name": "c_posts" }), "400 name:collection_name_id_duplicate"),
        (json!({ "name": "new", "id": "c_posts" }), "400 id:invalid_or_existing_id"),
        (json!({ "name": "_params" }), "400 name:collection_name_invalid"),
        (json!({ "name": "a_via_b" }), "400 name:found_via"),
        (
            json!({ "name": "new", "listRule": "nope = 1", "viewRule": "a =", "createRule": " " }),
            "400 createRule:invalid_rule listRule:invalid_rule viewRule:invalid_rule",
        ),
        (
            json!({ "name": "new", "fields": [text("expand"), text("a"), text("A")] }),
            "400 fields.3.name:duplicated_field_name",
        ),
        (
            json!({ "name": "new", "fields": [
                { "name": "to", "type": "relation" }, { "name": "one", "type": "select" },
                { "name": "at", "type": "autodate" }, text("expand"),
            ] }),
            "400 fields.1.collectionId:required fields.2.values:required \
             fields.3.onCreate:required fields.3.onUpdate:required fields.4.name:not_in_invalid",
        ),
        (
            json!({ "name": "new", "indexes": ["create index x", "create index y on new (nope)"] }),
            "400 indexes.0:invalid_index_expression",
        ),
        (
            json!({ "name": "new", "type": "auth", "manageRule": "" }),
            "400 manageRule:nil_or_not_empty_required",
        ),
    ] {
        assert_eq!(codes(&root.post("/api/collections", body.clone()).await), expected, "{body}");
    }
    for body in [
        "[]",
        "{",
        "\"x\"",
        "{\"name\":5}",
        "{\"name\":\"a\",\"fields\":\"x\"}",
        "{\"name\":\"a\",\"fields\":[{\"name\":\"b\",\"type\":\"nope\"}]}",
        "{\"name\":\"a\",\"fields\":[5]}",
        "{\"name\":\"a\",\"listRule\":1}",
    ] {
        let answer = root.raw("POST", "/api/collections", "application/json", body.into()).await;
        assert_eq!(codes(&answer), "400", "{body}");
        let path = "/api/collections/posts";
        let answer = root.raw("PATCH", path, "application/json", body.into()).await;
        assert_eq!(codes(&answer), "400", "{body}");
    }
    assert_eq!(app.state_digest(), before);
}

#[actix_web::test]
async fn an_update_keeps_what_it_does_not_name() {
    let (_app, root) = start().await;
    make(
        &root,
        json!({ "name": "posts", "listRule": "", "fields": [text("title")],
        "indexes": ["create index a on posts (title)"] }),
    )
    .await;
    let path = "/api/collections/posts";
    let changed = root.patch(path, json!({ "viewRule": "title != ''" })).await.expect(200);
    assert_eq!(
        (changed.at("/listRule"), changed.at("/viewRule")),
        (json!(""), json!("title != ''"))
    );
    assert_eq!(fields(&changed), ["id", "title"]);
    let answer = root.patch(path, json!({ "fields": [] })).await;
    assert_eq!(codes(&answer), "400 indexes.0:invalid_index_expression viewRule:invalid_rule");
    let answer = root.patch(path, json!({ "type": "auth", "system": true })).await;
    assert!(codes(&answer).contains("system:collection_system_flag_change"), "{}", answer.text);
    assert!(codes(&answer).contains("type:collection_type_change"), "{}", answer.text);
    assert_eq!(codes(&root.patch(path, json!({ "id": "other" })).await), "400");
    assert_eq!(root.get(path).await.json(), changed.json());
    root.patch("/api/collections/nothing", json!({})).await.expect(404);
}

#[actix_web::test]
async fn a_rename_takes_the_table_along_and_leaves_rules_of_others() {
    let (_app, root) = start().await;
    make(
        &root,
        json!({ "name": "posts", "fields": [text("title")],
        "indexes": ["CREATE INDEX `a` ON `posts` (`title`)"] }),
    )
    .await;
    make(
        &root,
        json!({ "name": "notes", "listRule": "@collection.posts.title = 'x'",
        "fields": [{ "name": "post", "type": "relation", "collectionId": "pbc_1125843985" }] }),
    )
    .await;
    let post = root.create("posts", json!({ "title": "x" })).await.expect(200).id();
    root.create("notes", json!({ "post": post })).await.expect(200);
    let limit = |label: &str| json!({ "label": label, "duration": 1, "maxRequests": 1 });
    let limits = json!({ "rules": [limit("posts:create"), limit("postscript:list")] });
    root.patch("/api/settings", json!({ "rateLimits": limits })).await.expect(200);
    let renamed =
        root.patch("/api/collections/posts", json!({ "name": "Articles" })).await.expect(200);
    assert_eq!(renamed.at("/id"), json!("pbc_1125843985"));
    assert_eq!(renamed.at("/indexes"), json!(["CREATE INDEX `a` ON `Articles` (`title`)"]));
    let limits = root.get("/api/settings").await.expect(200).at("/rateLimits/rules");
    let labels: Vec<&Value> =
        limits.as_array().unwrap().iter().map(|limit| &limit["label"]).collect();
    assert_eq!(labels, ["Articles:create", "postscript:list"]);
    root.get("/api/collections/posts").await.expect(404);
    assert_eq!(root.list("articles", "title = 'x'").await.at("/totalItems"), json!(1));
    let note = root.list("notes", "post.title = 'x'").await;
    assert_eq!(note.at("/totalItems"), json!(1), "relations go by id");
    let path = "/api/collections/notes";
    let saved = root.patch(path, json!({ "viewRule": "" })).await;
    assert_eq!(codes(&saved), "400 listRule:invalid_rule", "its own rules are looked at again");
    // Only the case of the name.
    root.patch("/api/collections/articles", json!({ "name": "articles" })).await.expect(200);
    assert_eq!(root.list("articles", "").await.at("/totalItems"), json!(1));
}

#[actix_web::test]
async fn a_system_collection_keeps_its_shape() {
    let (app, root) = start().await;
    let before = app.state_digest();
    let path = "/api/collections/_superusers";
    for (body, expected) in [
        (
            json!({ "listRule": "", "name": "x", "system": false, "authRule": "id = 'x'" }),
            "400 authRule:collection_system_rule_change listRule:collection_system_rule_change \
             name:collection_system_name_change system:collection_system_flag_change",
        ),
        (json!({ "fields": [text("extra")] }), "400 fields:system_field_change"),
    ] {
        assert_eq!(codes(&root.patch(path, body.clone()).await), expected, "{body}");
    }
    assert_eq!(app.state_digest(), before);
    let body = json!({ "otp": { "enabled": true }, "passwordAuth": { "enabled": false } });
    let changed = root.patch(path, body).await.expect(200);
    assert_eq!(changed.at("/mfa/enabled"), json!(true), "a code alone is no way in");
    assert_eq!(changed.at("/passwordAuth/enabled"), json!(true));
}

#[actix_web::test]
async fn ext_stays_with_clients_that_do_not_know_it() {
    let (_app, root) = start().await;
    let field = json!({ "id": "f_size", "name": "size", "type": "number",
        "ext": { "default": 3, "nullable": true } });
    make(
        &root,
        json!({ "name": "things", "fields": [field, text("label")],
        "ext": { "search": ["label"] } }),
    )
    .await;
    let path = "/api/collections/things";
    let plain =
        json!([{ "id": "f_size", "name": "size", "type": "number", "min": 1 }, text("label")]);
    let kept = root.patch(path, json!({ "fields": plain })).await.expect(200);
    assert_eq!(kept.at("/fields/1/ext"), json!({ "default": 3, "nullable": true }));
    assert_eq!(kept.at("/ext"), json!({ "search": ["label"] }));
    let bare =
        json!([{ "id": "f_size", "name": "size", "type": "number", "ext": null }, text("label")]);
    let cleared = root.patch(path, json!({ "ext": null, "fields": bare })).await.expect(200);
    assert_eq!(cleared.json()["fields"][1].get("ext"), None);
    assert_eq!(cleared.json().get("ext"), None);
    let wrong =
        root.patch(path, json!({ "ext": { "search": ["nope"], "queries": { "x": "y" } } })).await;
    assert!(codes(&wrong).starts_with("400 ext."), "{}", wrong.text);
}
