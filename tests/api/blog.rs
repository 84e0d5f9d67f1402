//! The blog of the top-level `config.toml`, endpoint by endpoint: allowed, refused, invalid.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::harness::{Client, TestApp};

async fn author(app: &TestApp, email: &str) -> Client {
    app.user_with(email, json!({ "role": "author" })).await
}

fn post(title: &str, status: &str) -> Value {
    let slug = title.to_lowercase().replace(' ', "-");
    json!({ "title": title, "slug": slug, "body": "<p>x</p>", "status": status })
}

#[actix_web::test]
async fn sign_up_is_open_and_makes_readers() {
    let app = TestApp::start().await;
    let body = json!({
        "email": "ann@example.com", "name": "Ann",
        "password": "a good password", "passwordConfirm": "a good password",
    });
    let answer = app.guest().create("users", body.clone()).await;
    assert_snapshot!(answer.summary(), @r#"200 {"avatar":"","bio":"","collectionId":"_pb_users_auth_","collectionName":"users","created":"[time]","emailVisibility":false,"id":"[id 1]","name":"Ann","role":"reader","updated":"[time]","verified":false}"#);
    assert_snapshot!(app.guest().create("users", body).await.summary(), @r#"400 Something in the submitted data is not valid. data={"email":{"code":"validation_not_unique","message":"Another record has this value already."}}"#);

    let mut author = json!({
        "email": "bea@example.com", "name": "Bea", "role": "author",
        "password": "a good password", "passwordConfirm": "a good password",
    });
    assert_snapshot!(app.guest().create("users", author.clone()).await.summary(), @"400 The record cannot be created: the rules do not allow it. data={}");
    assert_eq!(app.count("users"), 1);
    author["password"] = json!("short");
    author["passwordConfirm"] = json!("short");
    let answer = app.superuser().await.create("users", author).await;
    assert_snapshot!(answer.summary(), @r#"400 Something in the submitted data is not valid. data={"password":{"code":"validation_min_text_constraint","message":"Must be at least 8 characters long."}}"#);
}

#[actix_web::test]
async fn sign_in_answers_a_token_and_the_record() {
    let app = TestApp::start().await;
    let ann = app.user("ann@example.com").await;
    let path = "/api/collections/users/auth-with-password";
    let body = |password| json!({ "identity": "ann@example.com", "password": password });
    let answer = app.guest().post(path, body("a good password")).await;
    assert_snapshot!(answer.summary(), @r#"200 {"record":{"avatar":"","bio":"","collectionId":"_pb_users_auth_","collectionName":"users","created":"[time]","email":"ann@example.com","emailVisibility":false,"id":"[id 1]","name":"ann","role":"reader","updated":"[time]","verified":false},"token":"[token]"}"#);
    assert_snapshot!(app.guest().post(path, body("wrong")).await.summary(), @"400 Failed to authenticate. data={}");
    assert_snapshot!(app.guest().post(path, json!({})).await.summary(), @r#"400 Something in the submitted data is not valid. data={"identity":{"code":"validation_required","message":"Cannot be blank."},"password":{"code":"validation_required","message":"Cannot be blank."}}"#);
    let posts = app.guest().post("/api/collections/posts/auth-with-password", body("x")).await;
    assert_snapshot!(posts.summary(), @"404 The requested resource wasn't found. data={}");

    let refresh = "/api/collections/users/auth-refresh";
    assert_snapshot!(ann.post(refresh, json!({})).await.summary(), @r#"200 {"record":{"avatar":"","bio":"","collectionId":"_pb_users_auth_","collectionName":"users","created":"[time]","email":"ann@example.com","emailVisibility":false,"id":"[id 1]","name":"ann","role":"reader","updated":"[time]","verified":false},"token":"[token]"}"#);
    assert_snapshot!(app.guest().post(refresh, json!({})).await.summary(), @"401 The request requires valid record authorization token. data={}");
}

#[actix_web::test]
async fn authors_write_in_their_own_name() {
    let app = TestApp::start().await;
    let ann = author(&app, "ann@example.com").await;
    let answer = ann.create("posts", post("Hello", "draft")).await;
    assert_snapshot!(answer.summary(), @r#"200 {"author":"[id 1]","body":"<p>x</p>","collectionId":"pbc_1125843985","collectionName":"posts","cover":"","created":"[time]","id":"[id 2]","published_at":null,"slug":"hello","status":"draft","tags":[],"title":"Hello","updated":"[time]"}"#);

    let reader = app.user("reader@example.com").await;
    assert_snapshot!(reader.create("posts", post("Mine", "draft")).await.summary(), @"400 The record cannot be created: the rules do not allow it. data={}");
    assert_snapshot!(app.guest().create("posts", post("Mine", "draft")).await.summary(), @"400 The record cannot be created: the rules do not allow it. data={}");
    let mut foreign = post("Foreign", "draft");
    foreign["author"] = json!(reader.id());
    assert_snapshot!(ann.create("posts", foreign).await.summary(), @"400 The record cannot be created: the rules do not allow it. data={}");
    assert_snapshot!(ann.create("posts", post("Hello", "published")).await.summary(), @r#"400 Something in the submitted data is not valid. data={"slug":{"code":"validation_not_unique","message":"Another record has this value already."}}"#);
    let faulty = json!({ "title": "", "slug": "Not A Slug", "status": "lost", "tags": ["x"] });
    assert_snapshot!(ann.create("posts", faulty).await.summary(), @r#"400 Something in the submitted data is not valid. data={"body":{"code":"validation_required","message":"Cannot be blank."},"slug":{"code":"validation_invalid_format","message":"Must match the pattern `^[a-z0-9]+(-[a-z0-9]+)*$`."},"status":{"code":"validation_invalid_value","message":"`lost` is not one of draft, published.","params":{"value":"lost"}},"tags":{"code":"validation_missing_rel_records","message":"Some of the records that the field refers to do not exist."},"title":{"code":"validation_required","message":"Cannot be blank."}}"#);
    assert_eq!(app.count("posts"), 1);
}

#[actix_web::test]
async fn drafts_are_their_authors_alone() {
    let app = TestApp::start().await;
    let ann = author(&app, "ann@example.com").await;
    let id = ann.create("posts", post("Draft", "draft")).await.expect(200).id();
    let path = format!("/api/collections/posts/records/{id}");
    let reader = app.user("reader@example.com").await;
    for stranger in [app.guest(), reader] {
        assert_eq!(
            stranger.get("/api/collections/posts/records").await.at("/totalItems"),
            json!(0)
        );
        let before = app.state_digest();
        stranger.get(&path).await.expect(404);
        stranger.patch(&path, json!({ "title": "Mine" })).await.expect(404);
        stranger.delete(&path).await.expect(404);
        assert_eq!(app.state_digest(), before);
    }
    ann.patch(&path, json!({ "status": "published" })).await.expect(200);
    app.guest().get(&path).await.expect(200);
    ann.delete(&path).await.expect(204);
    assert_eq!(app.count("posts"), 0);
}

#[actix_web::test]
async fn an_author_and_their_role_cannot_be_handed_over() {
    let app = TestApp::start().await;
    let ann = author(&app, "ann@example.com").await;
    let bea = author(&app, "bea@example.com").await;
    let id = ann.create("posts", post("Mine", "draft")).await.expect(200).id();
    let path = format!("/api/collections/posts/records/{id}");
    assert_snapshot!(ann.patch(&path, json!({ "author": bea.id() })).await.summary(), @"404 The requested resource wasn't found. data={}");
    ann.patch(&path, json!({ "author": ann.id(), "title": "Same" })).await.expect(200);
    let me = format!("/api/collections/users/records/{}", ann.id());
    ann.patch(&me, json!({ "role": "admin" })).await.expect(404);
    ann.patch(&me, json!({ "role": "author", "bio": "x" })).await.expect(200);
}

#[actix_web::test]
async fn comments_need_a_published_post_and_go_with_it() {
    let app = TestApp::start().await;
    let ann = author(&app, "ann@example.com").await;
    let reader = app.user("reader@example.com").await;
    let id = ann.create("posts", post("Talk", "draft")).await.expect(200).id();
    let comment = json!({ "post": id, "text": "First" });
    assert_snapshot!(reader.create("comments", comment.clone()).await.summary(), @"400 The record cannot be created: the rules do not allow it. data={}");
    ann.patch(&format!("/api/collections/posts/records/{id}"), json!({ "status": "published" }))
        .await
        .expect(200);
    assert_snapshot!(app.guest().create("comments", comment.clone()).await.summary(), @"400 The record cannot be created: the rules do not allow it. data={}");
    assert_snapshot!(reader.create("comments", comment).await.summary(), @r#"200 {"author":"[id 1]","collectionId":"pbc_533777971","collectionName":"comments","created":"[time]","id":"[id 2]","post":"[id 3]","text":"First","updated":"[time]"}"#);
    reader.create("likes", json!({ "post": id })).await.expect(200);
    assert_snapshot!(reader.create("likes", json!({ "post": id })).await.summary(), @r#"400 Something in the submitted data is not valid. data={"post":{"code":"validation_not_unique","message":"Another record has this value already."},"user":{"code":"validation_not_unique","message":"Another record has this value already."}}"#);
    let stats = format!("/api/collections/post_stats/records/{id}");
    assert_snapshot!(app.guest().get(&stats).await.summary(), @r#"200 {"collectionId":"pbc_240029401","collectionName":"post_stats","comments":1,"id":"[id 1]","likes":1}"#);

    ann.delete(&format!("/api/collections/posts/records/{id}")).await.expect(204);
    assert_eq!((app.count("comments"), app.count("likes")), (0, 0));
}

#[actix_web::test]
async fn a_view_cannot_be_written_and_a_locked_file_not_changed() {
    let app = TestApp::start().await;
    let root = app.superuser().await;
    let before = app.state_digest();
    root.create("post_stats", json!({ "likes": 1 })).await.expect(400);
    let collection = json!({ "name": "more", "fields": [{ "name": "t", "type": "text" }] });
    let answer = root.post("/api/collections", collection).await;
    assert!([403, 404].contains(&answer.status), "{}", answer.text);
    assert_eq!(app.state_digest(), before);
}

#[actix_web::test]
async fn failed_sign_ins_are_throttled_until_time_has_passed() {
    let app = TestApp::start().await;
    app.user("ann@example.com").await;
    let path = "/api/collections/users/auth-with-password";
    let body = |password| json!({ "identity": "ann@example.com", "password": password });
    for _ in 0..10 {
        app.guest().post(path, body("wrong")).await.expect(400);
    }
    let refused = app.guest().post(path, body("a good password")).await.expect(429);
    assert!(refused.header("retry-after").is_some_and(|seconds| seconds.parse::<u64>().is_ok()));
    app.advance(std::time::Duration::from_secs(601));
    app.guest().post(path, body("a good password")).await.expect(200);
}

#[actix_web::test]
async fn without_a_file_there_are_users_and_nothing_is_open() {
    let app = TestApp::without_config().await;
    app.user("ann@example.com").await;
    let guest = app.guest();
    assert_snapshot!(guest.get("/api/collections/posts/records").await.summary(), @"404 The requested resource wasn't found. data={}");
    assert_snapshot!(guest.get("/api/collections/users/records").await.summary(), @r#"200 {"items":[],"page":1,"perPage":30,"totalItems":0,"totalPages":0}"#);
    assert_snapshot!(guest.get("/api/collections/_superusers/records").await.summary(), @"403 You are not allowed to perform this request. data={}");
    app.stop().await;
}
