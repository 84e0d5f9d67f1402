//! Logs of requests: what is written down, who may read it, and how it goes again.

mod lines;

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::harness::{Answer, Client, Events, PASSWORD, Process, TestApp};

const LOGS: &str = "/api/logs";

const CONFIG: &str = r#"
[collections.users]
type  = "auth"
rules = { read = "public", create = "public" }

[collections.notes]
fields = { text = "text!" }
rules  = { read = "public", create = "public" }
"#;

const NOTES: &str = "/api/collections/notes/records";

async fn start() -> (TestApp, Client) {
    start_with("").await
}

/// A server, and a superuser before whom nothing is logged.
async fn start_with(more: &str) -> (TestApp, Client) {
    let app = TestApp::with_config(&format!("{CONFIG}{more}")).await;
    let root = app.superuser().await;
    root.delete(LOGS).await.expect(204);
    (app, root)
}

async fn find(root: &Client, filter: &str) -> Answer {
    root.query(LOGS, &[("filter", filter), ("sort", "@rowid"), ("perPage", "500")]).await
}

/// The messages of the entries that the filter finds, the oldest first.
async fn messages(root: &Client, filter: &str) -> Vec<String> {
    texts(&find(root, filter).await.expect(200).at("/items"))
}

fn texts(items: &Value) -> Vec<String> {
    let items = items.as_array().unwrap();
    items.iter().map(|item| item["message"].as_str().unwrap().to_owned()).collect()
}

async fn set(root: &Client, logs: Value) {
    root.patch("/api/settings", json!({ "logs": logs })).await.expect(200);
}

#[actix_web::test]
async fn each_request_is_an_entry() {
    let (app, root) = start().await;
    let request = app.guest().request(Method::GET, &format!("{NOTES}?page=1&x=%20y"));
    let request = request.header("Referer", "https://from.example/").header("User-Agent", "me");
    app.guest().send(request).await.expect(200);
    app.guest().create("notes", json!({ "text": "" })).await.expect(400);
    let user = app.user("ann@example.com").await;
    user.get("/api/nothing").await.expect(404);
    user.get(NOTES).await.expect(200);

    let items = find(&root, "data.type = 'request'").await.expect(200).at("/items");
    let first = &items[0];
    let keys: Vec<&String> = first.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["id", "created", "data", "message", "level"]);
    assert_eq!(first["message"], format!("GET {NOTES}?page=1&x= y"));
    assert_eq!(first["level"], 0);
    assert_eq!(first["created"], "2026-01-01 00:00:00.000Z");
    assert_eq!(first["id"].as_str().unwrap().len(), 15);
    let mut data = first["data"].clone();
    assert!(data["execTime"].take().as_f64().unwrap() > 0.0);
    let expected = json!({
        "auth": "", "execTime": null, "method": "GET", "referer": "https://from.example/",
        "remoteIP": "127.0.0.1", "status": 200, "type": "request",
        "url": format!("{NOTES}?page=1&x=%20y"), "userAgent": "me", "userIP": "127.0.0.1",
    });
    assert_eq!(data, expected);

    let refused = &items[1];
    assert_eq!((&refused["level"], &refused["data"]["status"]), (&json!(8), &json!(400)));
    assert_eq!(refused["data"]["details"]["text"]["code"], "validation_required");
    assert!(refused["data"]["error"].as_str().unwrap().len() > 5);

    let last = &items[items.as_array().unwrap().len() - 1];
    assert_eq!(last["data"]["auth"], "users");
    assert!(last["data"].get("authId").is_none());
}

#[actix_web::test]
async fn only_superusers_read_and_clear_them() {
    let (app, root) = start().await;
    let user = app.user("ann@example.com").await;
    let id = find(&root, "").await.at("/items/0/id").as_str().unwrap().to_owned();
    for path in [LOGS, "/api/logs/stats", &format!("{LOGS}/{id}")] {
        app.guest().get(path).await.expect(401);
        user.get(path).await.expect(403);
        root.get(path).await.expect(200);
    }
    let before = find(&root, "").await.at("/totalItems").as_i64().unwrap();
    app.guest().delete(LOGS).await.expect(401);
    user.delete(LOGS).await.expect(403);
    assert_eq!(find(&root, "").await.at("/totalItems").as_i64().unwrap(), before + 2);
    // Superusers of other databases are nobody here.
    app.guest().with_token("a.b.c").get(LOGS).await.expect(401);
}

#[actix_web::test]
async fn filters_read_the_fields_and_what_is_in_the_data() {
    let (app, root) = start().await;
    app.guest().get(NOTES).await.expect(200);
    app.guest().get("/api/nothing").await.expect(404);
    root.get(NOTES).await.expect(200);
    let (ok, lost) = (format!("GET {NOTES}"), "GET /api/nothing".to_owned());
    let request = |filter: &str| format!("data.method = 'GET' && ({filter})");
    for (filter, expected) in [
        ("data.status >= 400", vec![&lost]),
        ("data.status < 400", vec![&ok, &ok]),
        ("data.status = 404.0", vec![&lost]),
        ("data.status = '404'", vec![]),
        ("data.status ~ '40'", vec![&lost]),
        ("data.auth != ''", vec![&ok]),
        ("data.auth = ''", vec![&ok, &lost]),
        ("data.auth = '_superusers'", vec![&ok]),
        ("data.none != ''", vec![&ok, &lost, &ok]),
        ("data.none = ''", vec![]),
        ("data.none = null", vec![&ok, &lost, &ok]),
        ("data.a.b.c = null", vec![&ok, &lost, &ok]),
        ("data.error ~ 'not' || data.error ~ 'n\\'t'", vec![&lost]),
        ("data ~ 'nothing'", vec![&lost]),
        ("data.execTime > 0 && data.execTime < 100000", vec![&ok, &lost, &ok]),
        ("message ~ 'notes'", vec![&ok, &ok]),
        ("level > 0", vec![&lost]),
        ("level = 8", vec![&lost]),
        ("created >= '2026-01-01' && created <= @now", vec![&ok, &lost, &ok]),
        ("created > @now", vec![]),
        ("id != ''", vec![&ok, &lost, &ok]),
    ] {
        let found = messages(&root, &request(filter)).await;
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{filter}");
    }
}

#[actix_web::test]
async fn sorts_and_pages_are_those_of_lists() {
    let (app, root) = start().await;
    for path in ["/api/b", "/api/c", "/api/a"] {
        app.guest().get(path).await.expect(404);
        app.advance(Duration::from_secs(1));
    }
    app.guest().get(NOTES).await.expect(200);
    let sorted = async |sort: &str| {
        let query = [("filter", "message ~ '/api/'"), ("sort", sort), ("perPage", "3")];
        let items = root.query(LOGS, &query).await.expect(200).at("/items");
        texts(&items).iter().map(|text| text.chars().last().unwrap()).collect::<String>()
    };
    assert_eq!(sorted("@rowid").await, "bca");
    assert_eq!(sorted("-@rowid").await, "sac");
    assert_eq!(sorted("created").await, "bca");
    assert_eq!(sorted("-created").await, "sac");
    assert_eq!(sorted("message").await, "abc");
    assert_eq!(sorted("-data.status,message").await, "abc");
    assert_eq!(sorted("data.status,-data.url").await, "scb");
    assert_eq!(sorted("-level,id").await, "bca");
    assert_eq!(sorted("@random").await.len(), 3);
    let query = [("filter", "level > 0"), ("sort", "@rowid"), ("perPage", "2"), ("page", "2")];
    let page = root.query(LOGS, &query).await.expect(200);
    assert_eq!(texts(&page.at("/items")), ["GET /api/a"]);
    let numbers =
        ["page", "perPage", "totalItems", "totalPages"].map(|key| page.json()[key].clone());
    assert_eq!(numbers, [2, 2, 3, 2]);
    let picked = root.get("/api/logs?fields=level&perPage=1&skipTotal=1").await.expect(200);
    assert_eq!(picked.at("/items/0"), json!({ "level": 8 }));
    assert_eq!(picked.at("/totalItems"), -1);
}

#[actix_web::test]
async fn what_is_no_field_of_entries_is_refused() {
    let (_app, root) = start().await;
    for filter in [
        "nope = 1",
        "rowid > 0",
        "data. = 1",
        "data.a- = 1",
        "@request.auth.id != ''",
        "@collection.users.id != ''",
        "level >",
        "level.a = 1",
        "(",
    ] {
        find(&root, filter).await.expect(400);
        root.query("/api/logs/stats", &[("filter", filter)]).await.expect(400);
    }
    for sort in ["nope", "rowid", "data.", "data.x-y", "@request.auth.id", "@now", "a;b", "level.x"]
    {
        let answer = root.query(LOGS, &[("sort", sort)]).await;
        assert_eq!(answer.status, 400, "{sort}: {}", answer.text);
    }
    root.get("/api/logs?page=x").await.expect(400);
    root.get("/api/logs?fields=a:b").await.expect(400);
}

#[actix_web::test]
async fn stats_count_by_hours() {
    let (app, root) = start().await;
    app.guest().get("/api/a").await.expect(404);
    app.guest().get(NOTES).await.expect(200);
    app.advance(Duration::from_secs(3 * 3600 + 59));
    app.guest().get("/api/b").await.expect(404);
    let stats = root.get("/api/logs/stats").await.expect(200).json();
    let expected = json!([
        { "date": "2026-01-01 00:00:00.000Z", "total": 2 },
        { "date": "2026-01-01 03:00:00.000Z", "total": 1 },
    ]);
    assert_eq!(stats, expected);
    let errors = root.query("/api/logs/stats", &[("filter", "level > 0")]).await.expect(200);
    assert_eq!(errors.at("/0/total"), 1);
    let none = root.query("/api/logs/stats", &[("filter", "level > 8")]).await.expect(200);
    assert_eq!(none.text, "[]\n");
}

#[actix_web::test]
async fn one_entry_is_shown_by_its_id() {
    let (app, root) = start().await;
    app.guest().get("/api/a").await.expect(404);
    let entry = find(&root, "").await.at("/items/0");
    let id = entry["id"].as_str().unwrap();
    assert_eq!(root.get(&format!("{LOGS}/{id}")).await.expect(200).json(), entry);
    let level = root.get(&format!("{LOGS}/{id}?fields=level")).await.expect(200).json();
    assert_eq!(level, json!({ "level": 8 }));
    root.get(&format!("{LOGS}/nothing")).await.expect(404);
    root.get(&format!("{LOGS}/{id}'")).await.expect(404);
}

#[actix_web::test]
async fn cleared_logs_are_gone_and_clearing_is_none() {
    let (app, root) = start().await;
    app.guest().get("/api/a").await.expect(404);
    assert_eq!(messages(&root, "").await.len(), 1);
    app.guest().get("/api/b").await.expect(404);
    let answer = root.delete(LOGS).await.expect(204);
    assert_eq!(answer.text, "");
    assert_eq!(messages(&root, "").await, [""; 0]);
    app.guest().get("/api/c").await.expect(404);
    assert_eq!(messages(&root, "").await, ["GET /api/c"]);
}

#[actix_web::test]
async fn successes_that_nobody_needs_are_not_written_down() {
    let (app, root) = start().await;
    for path in [LOGS, "/api/logs/stats", "/metrics", "/api/health?live=true"] {
        root.get(path).await.expect(200);
    }
    app.guest().get("/_/").await;
    let preflight =
        app.guest().request(Method::OPTIONS, NOTES).header("Origin", "https://a.example");
    app.guest().send(preflight).await.expect(204);
    let events = Events::connect(&app.guest()).await;
    drop(events);
    assert_eq!(messages(&root, "data.status < 400").await, [""; 0]);
    // What is refused there is.
    app.guest().get(LOGS).await.expect(401);
    app.guest().get("/metrics").await.expect(404);
    app.guest().get("/_/nothing").await.expect(404);
    app.guest().get("/api/health").await.expect(200);
    let found = messages(&root, "").await;
    assert_eq!(
        found[found.len() - 4..],
        ["GET /api/logs", "GET /metrics", "GET /_/nothing", "GET /api/health"]
    );
}

#[actix_web::test]
async fn secrets_in_addresses_are_stars() {
    let (app, root) = start().await;
    let path = "/api/files/notes/x/y?token=eyJhbGciOi.abc.def&thumb=1x1";
    let request = app.guest().request(Method::GET, path);
    app.guest()
        .send(request.header("Referer", "https://a.example/?token=eyJhbGciOi"))
        .await
        .expect(404);
    app.guest().get("/api/oauth2-redirect?state=none&code=eyJhbGciOi").await;
    let items = find(&root, "").await.at("/items");
    assert!(!items.to_string().contains("eyJhbGciOi"), "{items}");
    assert_eq!(items[0]["data"]["url"], "/api/files/notes/x/y?token=***&thumb=1x1");
    assert_eq!(items[0]["data"]["referer"], "https://a.example/?token=***");
}

#[actix_web::test]
async fn answers_that_only_look_like_successes_are_known_as_such() {
    let (app, root) = start().await;
    for action in ["request-password-reset", "request-verification"] {
        let path = format!("/api/collections/users/{action}");
        app.guest().post(&path, json!({ "email": "nobody@example.com" })).await.expect(204);
        let entry = find(&root, &format!("message ~ '{action}'")).await.at("/items/0");
        assert_eq!(
            (&entry["level"], &entry["data"]["status"]),
            (&json!(8), &json!(204)),
            "{action}"
        );
        assert!(entry["data"]["error"].as_str().unwrap().contains("account"), "{entry}");
    }
    app.user("ann@example.com").await;
    let path = "/api/collections/users/request-password-reset";
    app.guest().post(path, json!({ "email": "ann@example.com" })).await.expect(204);
    let last = find(&root, "message ~ 'password-reset'").await.at("/items/1");
    assert_eq!(last["level"], 0);
}

#[actix_web::test]
async fn settings_act_at_once() {
    let app = TestApp::without_config().await;
    let root = app.superuser().await;
    let entries = async |path: &str| {
        app.guest().get(path).await;
        root.get("/api/collections").await.expect(200);
        let items = find(&root, "data.method = 'GET'").await.expect(200).at("/items");
        root.delete(LOGS).await.expect(204);
        items.as_array().unwrap().clone()
    };
    assert_eq!(entries("/api/a").await.len(), 2);
    set(&root, json!({ "logIP": false, "logAuthId": true })).await;
    let found = entries("/api/a").await;
    assert!(found.iter().all(|entry| entry["data"].get("userIP").is_none()));
    assert!(found.iter().all(|entry| entry["data"].get("remoteIP").is_none()));
    assert_eq!(found[1]["data"]["authId"], root.id());
    set(&root, json!({ "minLevel": 4 })).await;
    let found = entries("/api/a").await;
    assert_eq!(texts(&found.into()), ["GET /api/a"]);
    set(&root, json!({ "minLevel": 0, "maxDataSize": 250 })).await;
    let found = entries(&format!("/api/{}", "a".repeat(300))).await;
    assert_eq!(found[0]["data"]["__pb_truncated__"], true);
    assert!(found[0]["data"].to_string().len() <= 250, "{}", found[0]);
    assert!(found[1]["data"].get("__pb_truncated__").is_none(), "{}", found[1]);
    set(&root, json!({ "maxDays": 0 })).await;
    assert_eq!(entries("/api/a").await, [json!(null); 0]);
    root.patch("/api/settings", json!({ "logs": { "maxDays": -1 } })).await.expect(400);
    root.patch("/api/settings", json!({ "logs": { "maxDataSize": -1 } })).await.expect(400);
    set(&root, json!({ "maxDays": 1 })).await;
    assert_eq!(entries("/api/a").await.len(), 2);
}

#[actix_web::test]
async fn nothing_is_kept_once_nothing_is_to_be_kept() {
    let app = TestApp::without_config().await;
    let root = app.superuser().await;
    app.guest().get("/api/a").await.expect(404);
    assert!(!messages(&root, "").await.is_empty());
    set(&root, json!({ "maxDays": 0 })).await;
    assert_eq!(messages(&root, "").await, [""; 0]);
}

#[actix_web::test]
async fn old_entries_are_removed_by_the_clock() {
    let keep = "[[jobs]]\nname = \"tidy\"\nschedule = \"@yearly\"\nkeep = { logs = \"2d\" }\n";
    let (app, root) = start_with(keep).await;
    app.guest().get("/api/old").await.expect(404);
    assert_eq!(messages(&root, "").await, ["GET /api/old"]);
    app.advance_days(4);
    let root = app.superuser().await;
    app.guest().get("/api/new").await.expect(404);
    let run = async |root: &Client, job: &str| {
        root.post(&format!("/api/crons/{job}"), json!(null)).await.expect(204);
        loop {
            let run = root.get(&format!("/api/crons/{job}/runs")).await.expect(200).at("/items/0");
            if run["finished"] != "" {
                return assert_eq!(run["outcome"], "done");
            }
        }
    };
    run(&root, "__pbLogsCleanup__").await;
    let found = messages(&root, "message ~ '/api/old' || message ~ '/api/new'").await;
    assert_eq!(found, ["GET /api/old", "GET /api/new"], "five days are kept");
    run(&root, "tidy").await;
    let found = messages(&root, "message ~ '/api/old' || message ~ '/api/new'").await;
    assert_eq!(found, ["GET /api/new"]);
    app.advance_days(6);
    let root = app.superuser().await;
    run(&root, "__pbLogsCleanup__").await;
    assert_eq!(messages(&root, "message ~ '/api/new'").await, [""; 0]);
}

#[actix_web::test]
async fn there_are_never_more_than_so_many() {
    let (app, root) = start_with("[logs]\nrows = 40\n").await;
    for number in 0..100 {
        app.guest().get(&format!("/api/{number}")).await.expect(404);
    }
    let found = find(&root, "").await.expect(200);
    assert!(found.at("/totalItems").as_i64().unwrap() <= 40, "{}", found.text);
    let found = texts(&found.at("/items"));
    assert_eq!(found.last().unwrap(), "GET /api/99");
}

#[actix_web::test]
async fn of_large_ones_fewer_are_kept() {
    let (app, root) = start_with("[logs]\nrows = 40\n").await;
    let long = "x".repeat(2_000);
    for number in 0..40 {
        app.guest().get(&format!("/api/{number}?{long}")).await.expect(404);
    }
    let found = find(&root, "").await.expect(200);
    let count = found.at("/totalItems").as_i64().unwrap();
    assert!((5..=20).contains(&count), "{count} of 4 kB each in the room of 40 kB");
    let last = texts(&found.at("/items")).last().unwrap().clone();
    assert!(last.starts_with("GET /api/39?x"), "{last}");
}

#[actix_web::test]
async fn a_few_large_ones_take_the_room_of_no_others() {
    let (app, root) = start_with("[logs]\nrows = 100\n").await;
    for number in 0..60 {
        app.guest().get(&format!("/api/{number}")).await.expect(404);
    }
    let long = "x".repeat(2_500);
    for number in 0..4 {
        find(&root, "").await.expect(200);
        app.guest().get(&format!("/api/{number}?{long}")).await.expect(404);
    }
    let found = find(&root, "message ~ '/api/'").await.expect(200);
    assert!(found.at("/totalItems").as_i64().unwrap() >= 64, "{}", found.text);
}

#[test]
fn what_waits_is_written_when_the_server_stops() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let made = ["superuser", "create", "root@example.com", PASSWORD];
    assert_eq!(Process::run(folder.path(), &made).code, Some(0));
    let server = Process::serve(folder.path(), &[]);
    runtime.block_on(async { server.guest().get("/api/before").await.expect(404) });
    assert_eq!(server.terminate().code, Some(0));
    let server = Process::serve(folder.path(), &[]);
    let found = runtime.block_on(async {
        let root = server.guest().sign_in("_superusers", "root@example.com", PASSWORD).await;
        messages(&root, "data.status = 404").await
    });
    assert_eq!(found, ["GET /api/before"]);
}
