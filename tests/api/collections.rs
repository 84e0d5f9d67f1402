//! Collections and the configuration as superusers see them.

use serde_json::{Value, json};

use super::harness::{Answer, Client, TestApp};

const CONFIG: &str = r#"
[policies]
staff = "@request.auth.name = 'ada'"

[collections.people]
type  = "auth"
fields = { name = "text" }

[collections.notes]
owner = "author"
rules = { read = "$owner || $staff", create = "public" }

[collections.notes.fields]
author = "-> people default=@me"
title  = "text! max=80 label"

[collections.notes.fields.slug]
type = "text"

[collections.counts]
type  = "view"
query = "SELECT MIN(id) AS id, COUNT(id) AS total FROM notes GROUP BY author"
rules = { read = "public" }
"#;

/// Both routes are closed to everybody but superusers, in the same words.
async fn assert_closed(user: &Client, root: &Client, guest: &Client, path: &str) {
    guest.get(path).await.expect(401);
    user.get(path).await.expect(403);
    root.raw("PUT", path, "application/json", "{}".into()).await.expect(404);
}

fn names(answer: &Answer) -> Vec<String> {
    let items = answer.at("/items");
    items.as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().into()).collect()
}

async fn person(app: &TestApp) -> Client {
    let body = json!({
        "email": "ada@example.com", "password": "a good password",
        "passwordConfirm": "a good password",
    });
    app.superuser().await.create("people", body).await.expect(200);
    app.guest().sign_in("people", "ada@example.com", "a good password").await
}

#[actix_web::test]
async fn superusers_list_and_view_collections_and_nobody_else_does() {
    let app = TestApp::with_config(CONFIG).await;
    let user = person(&app).await;
    let root = app.superuser().await;
    assert_closed(&user, &root, &app.guest(), "/api/collections").await;
    assert_closed(&user, &root, &app.guest(), "/api/collections/notes").await;

    let before = app.state_digest();
    let all = root.get("/api/collections").await.expect(200);
    let (listed, total) = (names(&all), all.at("/totalItems"));
    assert_eq!(json!(listed.len()), total);
    assert!(
        ["people", "notes", "counts", "_superusers"].iter().all(|&n| listed.contains(&n.into()))
    );
    assert!(!all.text.contains("secret"), "secrets of tokens stay inside");

    let notes = root.get("/api/collections/NOTES").await.expect(200);
    let id = notes.at("/id");
    assert_eq!(
        root.get(&format!("/api/collections/{}", id.as_str().unwrap())).await.json(),
        notes.json()
    );
    assert_eq!(notes.at("/type"), json!("base"));
    assert_eq!(notes.at("/updateRule"), Value::Null);
    assert_eq!(notes.at("/createRule"), json!(""));
    assert!(notes.at("/listRule").as_str().unwrap().contains("@request.auth.name = 'ada'"));
    let fields = notes.at("/fields");
    let fields: Vec<&str> =
        fields.as_array().unwrap().iter().map(|field| field["name"].as_str().unwrap()).collect();
    assert_eq!(fields, ["id", "author", "title", "slug", "created", "updated"]);
    assert!(root.get("/api/collections/counts").await.at("/viewQuery").is_string());
    root.get("/api/collections/nothing").await.expect(404);
    assert_eq!(app.state_digest(), before);
}

#[actix_web::test]
async fn a_list_of_collections_is_paged_sorted_and_picked_from() {
    let app = TestApp::with_config(CONFIG).await;
    let root = app.superuser().await;
    let page = root.get("/api/collections?sort=-type,name&perPage=2&page=1&fields=name").await;
    assert_eq!(
        page.expect(200).at("/items"),
        json!([{ "name": "counts" }, { "name": "_authOrigins" }])
    );
    let second = root.get("/api/collections?sort=name&perPage=2&page=2&skipTotal=1").await;
    assert_eq!(second.at("/totalItems"), json!(-1));
    let by_name = names(&root.get("/api/collections?sort=name").await);
    assert_eq!(names(&second), by_name[2..4]);
    let reversed = names(&root.get("/api/collections?sort=-name").await);
    assert_eq!(reversed, by_name.into_iter().rev().collect::<Vec<_>>());

    for wrong in ["sort=fields", "page=x", "filter=fields%3D'a'", "fields=a:b"] {
        root.get(&format!("/api/collections?{wrong}")).await.expect(400);
    }
}

#[actix_web::test]
async fn the_state_of_the_configuration_shows_what_the_file_says() {
    let config = format!(
        "{CONFIG}\n[app]\nname = \"Notes\"\n[mail]\nsmtp = \"${{SMTP}}\"\n\
         [limits]\n\"misspelt:list\" = \"1/s\"\n"
    );
    let app = TestApp::with_variables(&config, &[("SMTP", "smtp://u:hush@example.com:587")]).await;
    let user = person(&app).await;
    let root = app.superuser().await;
    assert_closed(&user, &root, &app.guest(), "/api/config").await;

    let report = root.get("/api/config").await.expect(200);
    assert_eq!(report.at("/source"), json!("file"));
    assert!(report.at("/file").as_str().unwrap().ends_with("config.toml"));
    assert_eq!(report.at("/environment"), json!("test"));
    assert_eq!(report.at("/locked"), json!(true));
    assert_eq!(report.at("/onBoot"), json!("apply-safe"));
    assert_eq!(report.at("/applied/number"), json!(1));
    assert_eq!(report.at("/applied/author"), json!("boot"));
    assert_eq!(report.at("/applied/at"), json!("2026-01-01 00:00:00.000Z"));
    assert_eq!(report.at("/problem"), Value::Null);
    assert_eq!(report.at("/parked"), json!({ "collections": [], "fields": [] }));
    let line = config.lines().position(|line| line.starts_with("\"misspelt")).unwrap() + 1;
    assert_eq!(report.at("/warnings/0/line"), json!(line), "{}", report.text);

    let settings = report.at("/settings");
    for path in ["meta.appName", "smtp.host", "smtp.password"] {
        assert!(settings.as_array().unwrap().contains(&json!(path)), "{path} in {settings}");
    }
    assert!(!report.text.contains("hush"));

    let notes = report.at("/collections/notes");
    assert_eq!(
        notes["rules"],
        json!({ "list": "$owner || $staff", "view": "$owner || $staff", "create": "public" })
    );
    assert_eq!(
        notes["fields"],
        json!({ "author": "-> people default=@me", "title": "text! max=80 label", "slug": null })
    );
    assert_eq!((&notes["managed"], &notes["protect"]), (&json!(true), &json!(false)));
    assert_eq!(notes["line"], json!(9));
    assert_eq!(report.json()["collections"].get("_superusers"), None);
}

#[actix_web::test]
async fn without_a_file_the_configuration_is_the_api() {
    let app = TestApp::without_config().await;
    let report = app.superuser().await.get("/api/config").await.expect(200);
    assert_eq!(report.at("/source"), json!("api"));
    assert_eq!(report.at("/locked"), json!(false));
    for absent in ["/file", "/environment", "/onBoot", "/applied", "/problem"] {
        assert_eq!(report.at(absent), Value::Null, "{absent}");
    }
    assert_eq!(report.at("/settings"), json!([]));
    assert_eq!(report.at("/collections"), json!({}));
}
