//! What is refused before a request is counted, and what after.

use std::net::SocketAddr;

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::{limit, rule, start, statuses};

#[actix_web::test]
async fn what_is_closed_to_the_caller_is_counted_before_it_says_so() {
    let (app, root) = start().await;
    let ann = app.user("ann@example.com").await;
    let guest = app.guest();
    limit(&root, &[rule("/api/settings", 1), rule("/api/sql", 1), rule("*:authRefresh", 1)]).await;
    assert_eq!(statuses(&guest, "/api/settings", 2).await, [401, 429]);
    ann.post("/api/sql", json!({})).await.expect(403);
    ann.post("/api/sql", json!({})).await.expect(429);
    let refresh = "/api/collections/users/auth-refresh";
    guest.post(refresh, json!({})).await.expect(401);
    guest.post(refresh, json!({})).await.expect(429);
    let path = format!("/api/collections/users/impersonate/{}", ann.id());
    limit(&root, &[rule("POST /api/collections/users/impersonate/", 1)]).await;
    guest.post(&path, json!({})).await.expect(401);
    guest.post(&path, json!({})).await.expect(429);
}

#[actix_web::test]
async fn a_collection_that_is_not_there_comes_first_and_one_of_another_type_after() {
    let (app, root) = start().await;
    let guest = app.guest();
    let notes = json!({ "name": "notes", "type": "base", "listRule": "" });
    root.post("/api/collections", notes).await.expect(200);
    limit(&root, &[rule("/api/", 1)]).await;
    for path in ["/api/collections/nothing/records", "/api/collections/nothing/auth-methods"] {
        assert_eq!(statuses(&guest, path, 3).await, [404, 404, 404]);
    }
    assert_eq!(statuses(&guest, "/api/files/nothing/a/b", 3).await, [404, 404, 404]);
    assert_eq!(statuses(&guest, "/api/collections/notes/auth-methods", 2).await, [404, 429]);
    // Such a collection has no actions, and is a path like any other to its guards.
    assert_eq!(statuses(&guest, "/api/collections/nothing", 2).await, [401, 429]);
}

#[actix_web::test]
async fn of_records_long_bodies_and_views_come_first_and_broken_bodies_and_rules_after() {
    let (app, root) = start().await;
    let guest = app.guest();
    for collection in [
        json!({ "name": "notes", "type": "base" }),
        json!({ "name": "seen", "type": "view", "viewQuery": "select id from notes" }),
    ] {
        root.post("/api/collections", collection).await.expect(200);
    }
    limit(&root, &[rule("*:create", 1), rule("*:update", 1), rule("*:delete", 1)]).await;
    let send = async |method: &str, path: &str, body: &str| {
        let body = body.as_bytes().to_vec();
        guest
            .raw(method, &format!("/api/collections/{path}"), "application/json", body)
            .await
            .status
    };
    let writes =
        [("POST", "records"), ("PATCH", "records/a1abcdefghijklm"), ("DELETE", "records/a1")];
    for (method, path) in writes {
        let view = format!("seen/{path}");
        for _ in 0..3 {
            assert_eq!(send(method, &view, "{}").await, 400, "{method}");
        }
        let stored = format!("notes/{path}");
        assert_eq!(send(method, &stored, "{}").await, 403, "{method}");
        assert_eq!(send(method, &stored, "{}").await, 429, "{method}");
        assert_eq!(send(method, &stored, "{").await, 429, "{method}");
    }
    let line = first_line(app.address(), "POST /api/collections/notes/records", 64 << 20).await;
    assert!(line.contains("413"), "{line}");
}

/// The first line of the answer to a request that says it has this many bytes, and sends none.
async fn first_line(address: SocketAddr, line: &str, length: u64) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!("{line} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).await.unwrap();
    answer
}

#[actix_web::test]
async fn an_escaped_letter_is_the_letter_and_preflights_are_free() {
    let (app, root) = start().await;
    let guest = app.guest();
    limit(&root, &[rule("/api/health", 1), rule("users:list", 1)]).await;
    assert_eq!(statuses(&guest, "/api/%68ealth", 1).await, [200]);
    assert_eq!(statuses(&guest, "/api/health?a=b", 1).await, [429]);
    assert_eq!(statuses(&guest, "/api/collections/user%73/record%73", 1).await, [200]);
    assert_eq!(statuses(&guest, "/api/collections/users/records", 1).await, [429]);
    for _ in 0..3 {
        guest.send(guest.request(Method::OPTIONS, "/api/health")).await.expect(204);
    }
}
