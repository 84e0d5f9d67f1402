//! The routes that need no collection, through the whole application.

use std::sync::Arc;

use actix_web::http::{Method, StatusCode};
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::web::Data;
use serde_json::json;

use crate::domain::Json;
use crate::http::application;
use crate::http::edge::Origins;
use crate::services::test_app::TestApp;
use crate::services::test_records::{auth_collection, auth_record};
use crate::services::tokens::{Grant, Lifetime, issue};

async fn answer(app: &TestApp, request: TestRequest) -> (StatusCode, String) {
    let state = Data::from(Arc::clone(&app.app));
    let service = init_service(application(state, Data::new(Origins::default()))).await;
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
        "canBackup": false, "possibleProxyHeader": "X-Forwarded-For", "realIP": "192.0.2.7",
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
