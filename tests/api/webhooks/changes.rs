//! What is told: which changes, and what of them.

use serde_json::{Value, json};

use super::{COLLECTIONS, SECRET, create_post, jobs, nothing_waits, path, start, webhook};
use crate::harness::{PASSWORD, Receiver, TestApp};

/// Type of a message and title of its post.
fn told(body: &Value) -> (&str, &str) {
    (body["type"].as_str().unwrap(), body["data"]["title"].as_str().unwrap())
}

#[actix_web::test]
async fn every_kind_of_change_is_told_and_signed() {
    let mut receiver = Receiver::start().await;
    let app = start(&webhook("\"posts:*\"", ""), &receiver).await;
    let guest = app.guest();
    let post = guest.create("posts", json!({ "title": "One", "notes": "x" })).await.expect(200);

    let delivery = receiver.next().await;
    assert_eq!(delivery.target, "POST /hush?token=hush");
    assert_eq!(delivery.header("content-type"), "application/json");
    assert!(delivery.header("user-agent").starts_with("Ferrobase/"));
    assert!(delivery.header("webhook-id").starts_with("msg_"));
    assert_eq!(delivery.header("webhook-timestamp"), "1767225600");
    assert!(delivery.is_signed_with(SECRET));
    let body = delivery.body();
    assert_eq!(body["type"], "posts.create");
    assert_eq!(body["timestamp"], "2026-01-01T00:00:00.000Z");
    // As it was answered: the hidden field is not there for anybody.
    assert_eq!(body["data"], post.json());
    assert_eq!((body.get("old"), body.get("cut")), (None, None));
    delivery.answer("200 OK").await;

    let one = path("posts", &post.id());
    let changed = guest.patch(&one, json!({ "title": "Two" })).await.expect(200);
    let body = receiver.accept().await;
    assert_eq!(told(&body), ("posts.update", "Two"));
    assert_eq!((&body["data"], &body["old"]), (&changed.json(), &post.json()));

    guest.delete(&one).await.expect(204);
    let body = receiver.accept().await;
    assert_eq!(told(&body), ("posts.delete", "Two"));
    assert_eq!(body["data"], changed.json());
    nothing_waits(&app.superuser().await).await;
    assert!(receiver.is_silent());
}

#[actix_web::test]
async fn only_what_is_asked_for_is_told() {
    let mut receiver = Receiver::start().await;
    let hooks =
        [webhook("\"posts:delete\", \"authors:create\"", ""), webhook("\"posts:delete\"", "")];
    let app = start(&hooks.concat(), &receiver).await;
    let guest = app.guest();
    let id = create_post(&guest, "One").await;
    guest.patch(&path("posts", &id), json!({ "title": "Two" })).await.expect(200);
    assert_eq!(app.count("_queue"), 0);
    guest.delete(&path("posts", &id)).await.expect(204);
    let deliveries = [receiver.next().await, receiver.next().await];
    let ids = deliveries.each_ref().map(|delivery| delivery.header("webhook-id").to_owned());
    assert_ne!(ids[0], ids[1], "each webhook has a message of its own");
    for delivery in deliveries {
        assert_eq!(told(&delivery.body()), ("posts.delete", "Two"));
        delivery.answer("200 OK").await;
    }
    guest.create("authors", json!({ "name": "Ann" })).await.expect(200);
    assert_eq!(receiver.accept().await["type"], "authors.create");
    nothing_waits(&app.superuser().await).await;
    assert!(receiver.is_silent());
}

#[actix_web::test]
async fn an_empty_address_switches_it_off_and_a_missing_secret_the_signature() {
    let mut receiver = Receiver::start().await;
    let url = receiver.url();
    let config = format!("{COLLECTIONS}\n{}", webhook("\"posts:*\"", ""));
    let off = TestApp::with_variables(&config, &[("HOOK", ""), ("HOOK_SECRET", "")]).await;
    create_post(&off.guest(), "One").await;
    assert_eq!(off.count("_queue"), 0);
    let variables = [("HOOK", url.as_str()), ("HOOK_SECRET", "")];
    let unsigned = TestApp::with_variables(&config, &variables).await;
    create_post(&unsigned.guest(), "Two").await;
    let delivery = receiver.next().await;
    assert_eq!(told(&delivery.body()), ("posts.create", "Two"));
    assert_eq!(delivery.find_header("webhook-signature"), None);
    delivery.answer("200 OK").await;
}

#[actix_web::test]
async fn when_is_asked_of_the_new_record_and_of_the_old_one_on_delete() {
    let mut receiver = Receiver::start().await;
    let when = "when = \"status = 'published' && @request.auth.id = ''\"";
    let app = start(&webhook("\"posts:*\"", when), &receiver).await;
    let (guest, root) = (app.guest(), app.superuser().await);
    let id = create_post(&guest, "One").await;
    let one = path("posts", &id);
    assert_eq!(app.count("_queue"), 0, "a draft");
    // Whoever changes it, the question is nobody's.
    root.patch(&one, json!({ "status": "published" })).await.expect(200);
    let body = receiver.accept().await;
    assert_eq!((&body["type"], &body["old"]["status"]), (&json!("posts.update"), &json!("")));
    guest.patch(&one, json!({ "status": "draft" })).await.expect(200);
    guest.delete(&one).await.expect(204);
    let two = json!({ "title": "Two", "status": "published" });
    let two = guest.create("posts", two).await.expect(200).id();
    assert_eq!(told(&receiver.accept().await), ("posts.create", "Two"));
    guest.delete(&path("posts", &two)).await.expect(204);
    assert_eq!(told(&receiver.accept().await), ("posts.delete", "Two"));
    nothing_waits(&root).await;
    assert!(receiver.is_silent());
}

#[actix_web::test]
async fn a_cascade_is_told_record_by_record_and_when_sees_what_went_with_it() {
    let mut receiver = Receiver::start().await;
    let hooks = [
        webhook("\"posts:delete\"", "when = \"author.name = 'Ann'\""),
        webhook("\"comments:delete\"", "when = \"post.author.name = 'Ann'\""),
    ];
    let app = start(&hooks.concat(), &receiver).await;
    let guest = app.guest();
    let mut authors = Vec::new();
    for name in ["Ann", "Bob"] {
        let author = guest.create("authors", json!({ "name": name })).await.expect(200).id();
        let post = json!({ "title": name, "author": author });
        let post = guest.create("posts", post).await.expect(200).id();
        let comment = json!({ "text": format!("to {name}"), "post": post });
        guest.create("comments", comment).await.expect(200);
        authors.push(author);
    }
    for author in authors.iter().rev() {
        guest.delete(&path("authors", author)).await.expect(204);
    }
    let mut told = [receiver.accept().await, receiver.accept().await].map(|body| {
        let said = body["data"]["title"].as_str().or(body["data"]["text"].as_str()).unwrap();
        format!("{} {said}", body["type"].as_str().unwrap())
    });
    told.sort();
    assert_eq!(told, ["comments.delete to Ann", "posts.delete Ann"]);
    nothing_waits(&app.superuser().await).await;
    assert!(receiver.is_silent());
}

#[actix_web::test]
async fn a_batch_that_is_undone_tells_nothing() {
    let mut receiver = Receiver::start().await;
    let app = start(&webhook("\"posts:*\"", ""), &receiver).await;
    let guest = app.guest();
    let create = |title: &str| {
        let url = "/api/collections/posts/records";
        json!({ "method": "POST", "url": url, "body": { "title": title } })
    };
    let refused = json!({ "requests": [create("One"), create("")] });
    guest.post("/api/batch", refused).await.expect(400);
    assert_eq!((app.count("posts"), app.count("_queue")), (0, 0));
    let kept = json!({ "requests": [create("Two"), create("Three")] });
    guest.post("/api/batch", kept).await.expect(200);
    let mut titles = [receiver.accept().await, receiver.accept().await]
        .map(|body| body["data"]["title"].as_str().unwrap().to_owned());
    titles.sort();
    assert_eq!(titles, ["Three", "Two"]);
    nothing_waits(&app.superuser().await).await;
    assert!(receiver.is_silent());
}

#[actix_web::test]
async fn a_refused_write_tells_nothing() {
    let receiver = Receiver::start().await;
    let app = start(&webhook("\"posts:*\", \"users:*\"", ""), &receiver).await;
    let guest = app.guest();
    guest.create("posts", json!({ "title": "" })).await.expect(400);
    guest.create("users", json!({ "email": "x" })).await.expect(400);
    guest.delete(&path("posts", "nothing00000000")).await.expect(404);
    assert_eq!(app.count("_queue"), 0);
}

#[actix_web::test]
async fn accounts_are_told_without_their_secrets() {
    let mut receiver = Receiver::start().await;
    let app = start(&webhook("\"users:*\"", ""), &receiver).await;
    let account = json!({ "email": "ann@example.com", "password": PASSWORD,
        "passwordConfirm": PASSWORD, "name": "Ann" });
    let id = app.guest().create("users", account).await.expect(200).id();
    let delivery = receiver.next().await;
    let body = delivery.body();
    assert_eq!(body["type"], "users.create");
    let keys: Vec<&str> = body["data"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "collectionId",
            "collectionName",
            "created",
            "email",
            "emailVisibility",
            "id",
            "name",
            "updated",
            "verified"
        ]
    );
    // Nobody may see the address, but for whom it was written down.
    assert_eq!(
        (&body["data"]["email"], &body["data"]["id"]),
        (&json!("ann@example.com"), &json!(id))
    );
    delivery.answer("200 OK").await;
    // A changed password is a change, of which nothing is seen.
    let root = app.superuser().await;
    let change = json!({ "password": "another good one", "passwordConfirm": "another good one" });
    root.patch(&path("users", &id), change).await.expect(200);
    let delivery = receiver.next().await;
    assert_eq!(delivery.body()["type"], "users.update");
    for hidden in ["password", "tokenKey", "argon2", "$2"] {
        assert!(!delivery.text.contains(hidden), "{}", delivery.text);
    }
    delivery.answer("200 OK").await;
}

#[actix_web::test]
async fn records_that_are_truncated_are_told_and_a_deleted_account_too() {
    let mut receiver = Receiver::start().await;
    let app = start(&webhook("\"posts:delete\"", ""), &receiver).await;
    let (guest, root) = (app.guest(), app.superuser().await);
    for title in ["One", "Two"] {
        create_post(&guest, title).await;
    }
    root.delete("/api/collections/posts/truncate").await.expect(204);
    let mut titles =
        [receiver.accept().await, receiver.accept().await].map(|body| told(&body).1.to_owned());
    titles.sort();
    assert_eq!(titles, ["One", "Two"]);
    nothing_waits(&root).await;
}

#[actix_web::test]
async fn what_is_too_long_is_left_out_and_named() {
    let mut receiver = Receiver::start().await;
    let config = "[collections.texts]\nfields = { title = \"text\", text = \"text max=5000000\" }\n\
                  rules = { read = \"public\", write = \"public\" }\n";
    let config = format!("{config}{}", webhook("\"texts:*\"", ""));
    let url = receiver.url();
    let app = TestApp::with_variables(&config, &[("HOOK", &url), ("HOOK_SECRET", SECRET)]).await;
    let guest = app.guest();
    let long = |length: usize| "x".repeat(length);
    let text = guest.create("texts", json!({ "title": "a", "text": long(600_000) })).await;
    let text = text.expect(200).json();
    assert_eq!(receiver.accept().await["data"], text);
    let one = path("texts", text["id"].as_str().unwrap());
    let changed = guest.patch(&one, json!({ "title": "b" })).await.expect(200).json();
    let body = receiver.accept().await;
    assert_eq!((&body["data"], body.get("old")), (&changed, None));
    assert_eq!(body["cut"], json!(["old"]));
    guest.patch(&one, json!({ "text": long(1_100_000) })).await.expect(200);
    let body = receiver.accept().await;
    assert_eq!(body["cut"], json!(["data", "old"]));
    let reference = json!({ "collectionId": text["collectionId"], "collectionName": "texts",
        "id": text["id"] });
    assert_eq!(body["data"], reference);
    jobs(&app.superuser().await, "waiting", <[Value]>::is_empty).await;
}
