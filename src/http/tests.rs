//! The routes of this floor, through the whole application.

use std::sync::Arc;

use actix_web::http::{Method, StatusCode};
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::web::Data;
use serde_json::json;

use crate::domain::Json;
use crate::http::application;
use crate::http::front::Front;
use crate::services::test_app::TestApp;
use crate::services::test_records::{auth_collection, auth_record, base_collection};
use crate::services::tokens::{Grant, Lifetime, issue};

async fn answer(app: &TestApp, request: TestRequest) -> (StatusCode, String) {
    let state = Data::from(Arc::clone(&app.app));
    let service = init_service(application(state, Front::default())).await;
    let response = call_service(&service, request.to_request()).await;
    let status = response.status();
    (status, String::from_utf8(read_body(response).await.to_vec()).unwrap())
}

#[actix_web::test]
async fn health_answers_everybody_and_tells_superusers_more() {
    let superusers = auth_collection("_superusers");
    let app = TestApp::start(vec![Arc::clone(&superusers)]).await;
    let root = auth_record(&superusers, "r1abcdefghijklm");
    app.insert(root.clone()).await;
    let grant = Grant::Auth { refreshable: true };
    let token = issue(&root, grant, Lifetime::Usual, app.app.clock.now()).unwrap();

    let get = || TestRequest::get().uri("/api/health");
    let (status, body) = answer(&app, get()).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(body, "{\"message\":\"Server is up.\",\"code\":200,\"data\":{}}\n");

    let with_token = get()
        .insert_header(("authorization", format!("Bearer {token}")))
        .insert_header(("x-forwarded-for", "1.2.3.4"))
        .peer_addr("192.0.2.7:1".parse().unwrap());
    let (_, body) = answer(&app, with_token).await;
    let body: Json = serde_json::from_str(&body).unwrap();
    let expected = json!({
        "canBackup": true, "possibleProxyHeader": "X-Forwarded-For", "realIP": "192.0.2.7",
    });
    assert_eq!(body["data"], expected);

    let (_, body) = answer(&app, TestRequest::get().uri("/api/health?fields=code,message")).await;
    assert_eq!(body, "{\"code\":200,\"message\":\"Server is up.\"}\n");
    let (status, _) = answer(&app, TestRequest::get().uri("/api/health?fields=a:b")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[actix_web::test]
async fn unknown_paths_and_methods_are_not_found_and_head_works_wherever_get_does() {
    let app = TestApp::start(vec![]).await;
    for (method, uri, expected) in [
        (Method::HEAD, "/api/health", 200),
        (Method::POST, "/api/health", 404),
        (Method::DELETE, "/api/health", 404),
        (Method::GET, "/api/health/", 404),
        (Method::GET, "/API/health", 404),
        (Method::GET, "/api", 404),
        (Method::GET, "/", 404),
        (Method::TRACE, "/api/health", 404),
        (Method::OPTIONS, "/api/anything", 204),
    ] {
        let request = TestRequest::with_uri(uri).method(method.clone());
        let (status, body) = answer(&app, request).await;
        assert_eq!(status.as_u16(), expected, "{method} {uri}");
        if expected == 404 {
            let envelope: Json = serde_json::from_str(&body).unwrap();
            assert_eq!(envelope["status"], 404);
            assert_eq!(envelope["data"], json!({}));
        }
    }
}

fn post(uri: &str, body: &Json) -> TestRequest {
    TestRequest::post().uri(uri).set_json(body)
}

async fn app_with_ann() -> (TestApp, crate::domain::record::Record) {
    let users = auth_collection("users");
    let posts = base_collection("posts");
    let app = TestApp::start(vec![Arc::clone(&users), auth_collection("staff"), posts]).await;
    let mut ann = auth_record(&users, "u1abcdefghijklm");
    ann.set("password", app.app.passwords.hash("correct horse".to_owned()).await.unwrap().into());
    app.insert(ann.clone()).await;
    (app, ann)
}

#[actix_web::test]
async fn signing_in_answers_record_and_token() {
    let (app, _) = app_with_ann().await;
    let body = json!({ "identity": "ann@example.com", "password": "correct horse" });
    for collection in ["users", "USERS", "pbc_users"] {
        let uri =
            format!("/api/collections/{collection}/auth-with-password?fields=record.id,token");
        let (status, text) = answer(&app, post(&uri, &body)).await;
        assert_eq!(status, StatusCode::OK, "{text}");
        let json: Json = serde_json::from_str(&text).unwrap();
        assert_eq!(json["record"], json!({ "id": "u1abcdefghijklm" }));
        assert_eq!(json["token"].as_str().unwrap().split('.').count(), 3);
    }
    let form = TestRequest::post()
        .uri("/api/collections/users/auth-with-password")
        .insert_header(("content-type", "application/x-www-form-urlencoded"))
        .set_payload("identity=ann%40example.com&password=correct+horse");
    let (status, text) = answer(&app, form).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    assert!(text.starts_with("{\"record\":{"), "{text}");
}

#[actix_web::test]
async fn refusals_of_a_sign_in_come_in_the_contracts_order() {
    let (app, _) = app_with_ann().await;
    let right = json!({ "identity": "ann@example.com", "password": "correct horse" });
    let uri = |collection: &str| format!("/api/collections/{collection}/auth-with-password");
    for (request, expected) in [
        (post(&uri("missing"), &json!("unreadable")), 404),
        (post(&uri("posts"), &right), 404),
        (post(&uri("users"), &json!([])), 400),
        (post(&uri("users"), &json!({ "identity": 5, "password": "x" })), 400),
        (post(&uri("users"), &json!({ "identity": "ann@example.com", "password": "x" })), 400),
        (post(&uri("users"), &right), 200),
        (TestRequest::get().uri(&uri("users")), 404),
    ] {
        assert_eq!(answer(&app, request).await.0.as_u16(), expected);
    }
    let (_, text) = answer(&app, post(&uri("users"), &json!({}))).await;
    let envelope: Json = serde_json::from_str(&text).unwrap();
    assert_eq!(envelope["data"]["identity"]["code"], "validation_required");
    assert_eq!(envelope["data"]["password"]["code"], "validation_required");
    let (_, text) =
        answer(&app, post(&uri("users"), &json!({ "identity": "a", "password": "b" }))).await;
    let envelope: Json = serde_json::from_str(&text).unwrap();
    assert_eq!(envelope["data"], json!({}));
}

#[actix_web::test]
async fn refreshing_needs_a_token_of_the_very_collection() {
    let (app, ann) = app_with_ann().await;
    let grant = Grant::Auth { refreshable: true };
    let token = issue(&ann, grant, Lifetime::Usual, app.app.clock.now()).unwrap();
    for (collection, token, expected) in [
        ("users", None, 401),
        ("posts", None, 401),
        ("missing", None, 404),
        ("users", Some("nonsense"), 401),
        ("staff", Some(token.as_str()), 403),
        ("posts", Some(token.as_str()), 403),
        ("missing", Some(token.as_str()), 404),
        ("users", Some(token.as_str()), 200),
    ] {
        let uri = format!("/api/collections/{collection}/auth-refresh");
        // The stock client says that it sends JSON and then sends nothing.
        let mut request =
            TestRequest::post().uri(&uri).insert_header(("content-type", "application/json"));
        if let Some(token) = token {
            request = request.insert_header(("authorization", token));
        }
        assert_eq!(answer(&app, request).await.0.as_u16(), expected, "{collection} {token:?}");
    }
}

#[actix_web::test]
async fn the_ways_in_are_listed_in_the_contracts_shape() {
    let (app, _) = app_with_ann().await;
    let get = |uri: &str| answer(&app, TestRequest::get().uri(uri));
    let (status, text) = get("/api/collections/users/auth-methods").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        text,
        concat!(
            r#"{"password":{"identityFields":["email"],"enabled":true},"#,
            r#""oauth2":{"providers":[],"enabled":false},"mfa":{"enabled":false,"duration":0},"#,
            r#""otp":{"enabled":false,"duration":0},"authProviders":null,"#,
            r#""usernamePassword":false,"emailPassword":true}"#,
            "\n"
        )
    );
    let (_, text) = get("/api/collections/users/auth-methods?fields=mfa,otp").await;
    assert_eq!(
        text,
        "{\"mfa\":{\"duration\":0,\"enabled\":false},\"otp\":{\"duration\":0,\"enabled\":false}}\n"
    );
    for collection in ["posts", "missing", "%FF"] {
        let uri = format!("/api/collections/{collection}/auth-methods");
        let (status, text) = get(&uri).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{collection}");
        assert!(text.ends_with("\"status\":404}\n"), "{text}");
    }
}

/// Sends `request` to a real server and answers everything that came back until it closed.
async fn raw(app: &TestApp, request: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let state = Data::from(Arc::clone(&app.app));
    let server = actix_web::HttpServer::new(move || application(state.clone(), Front::default()));
    let server = server.workers(1).disable_signals().bind(("127.0.0.1", 0)).unwrap();
    let address = server.addrs()[0];
    let server = server.run();
    let handle = server.handle();
    let running = actix_web::rt::spawn(server);
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    handle.stop(false).await;
    running.await.unwrap().unwrap();
    String::from_utf8(answer).unwrap()
}

#[actix_web::test]
async fn head_answers_over_the_wire_have_the_length_and_no_body() {
    let app = TestApp::start(vec![]).await;
    for (path, status) in [("/api/health", "200 OK"), ("/nowhere", "404 Not Found")] {
        let request = format!("HEAD {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let text = raw(&app, &request).await;
        assert!(text.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{text}");
        assert!(text.ends_with("\r\n\r\n"), "no body: {text}");
        assert!(text.to_lowercase().contains("content-length: "), "{text}");
        assert!(text.to_lowercase().contains("content-type: application/json\r\n"), "{text}");
    }
}

#[actix_web::test]
async fn a_declared_length_beyond_the_limit_is_refused_before_the_body_comes() {
    let app = TestApp::start(vec![auth_collection("users")]).await;
    let request = "POST /api/collections/users/auth-with-password HTTP/1.1\r\nHost: x\r\n\
        Connection: close\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n\r\n{";
    let text = raw(&app, request).await;
    assert!(text.starts_with("HTTP/1.1 413 "), "{text}");
    assert!(text.ends_with("\"status\":413}\n"), "{text}");
}

#[actix_web::test]
async fn an_empty_chunked_body_is_no_json() {
    let app = TestApp::start(vec![auth_collection("users")]).await;
    let request = "POST /api/collections/users/auth-with-password HTTP/1.1\r\nHost: x\r\n\
        Connection: close\r\nContent-Type: application/json\r\n\
        Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let text = raw(&app, request).await;
    assert!(text.starts_with("HTTP/1.1 400 "), "{text}");
    assert!(text.contains("\"data\":{}"), "{text}");
}
