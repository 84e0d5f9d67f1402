use actix_web::dev::Service;
use actix_web::http::StatusCode;
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, init_service, read_body};
use actix_web::{App, web};

use super::*;
use crate::domain::origins::OriginPattern;

async fn fine() -> &'static str {
    "fine"
}

async fn varied() -> HttpResponse {
    HttpResponse::Ok().insert_header((VARY, "Accept")).finish()
}

async fn panicking() -> &'static str {
    assert_eq!(1, 2, "on purpose");
    "never"
}

async fn failing() -> Result<&'static str, ApiError> {
    Err(ApiError(Error::internal("the disk of /secret is on fire")))
}

fn origins_of(patterns: &[&str]) -> Origins {
    let patterns = patterns.iter().map(|text| OriginPattern::parse(text).unwrap());
    Origins::new(patterns.collect())
}

/// Status, headers by name and body of the answer to `request`.
async fn answer(origins: &[&str], request: TestRequest) -> (StatusCode, HeaderMap, String) {
    let origins = Data::new(origins_of(origins));
    let app = App::new()
        .app_data(origins)
        .route("/fine", web::get().to(fine))
        .route("/varied", web::get().to(varied))
        .route("/panic", web::get().to(panicking))
        .route("/fail", web::get().to(failing))
        .wrap(from_fn(edge));
    let app = init_service(app).await;
    match app.call(request.to_request()).await {
        Ok(response) => {
            let (status, headers) = (response.status(), response.headers().clone());
            (status, headers, String::from_utf8(read_body(response).await.to_vec()).unwrap())
        }
        Err(error) => {
            let response = error.error_response();
            let headers = response.headers().clone();
            let body = response.into_body().try_into_bytes().unwrap();
            (
                error.as_response_error().status_code(),
                headers,
                String::from_utf8(body.to_vec()).unwrap(),
            )
        }
    }
}

fn all(headers: &HeaderMap, name: &str) -> Vec<String> {
    headers.get_all(name).map(|value| value.to_str().unwrap().to_owned()).collect()
}

fn cors(headers: &HeaderMap) -> Vec<(String, String)> {
    let mut found: Vec<_> = headers
        .iter()
        .filter(|(name, _)| name.as_str().starts_with("access-control"))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    found.sort();
    found
}

fn get(uri: &str) -> TestRequest {
    TestRequest::get().uri(uri)
}

#[actix_web::test]
async fn every_answer_has_the_security_headers() {
    for uri in ["/fine", "/unknown", "/fail", "/panic"] {
        let (_, headers, _) = answer(&["*"], get(uri)).await;
        assert_eq!(all(&headers, "x-xss-protection"), ["1; mode=block"], "{uri}");
        assert_eq!(all(&headers, "x-content-type-options"), ["nosniff"]);
        assert_eq!(all(&headers, "x-frame-options"), ["SAMEORIGIN"]);
        assert_eq!(all(&headers, "cross-origin-opener-policy"), ["same-origin"]);
        assert_eq!(all(&headers, "vary"), ["Origin"]);
    }
    let (_, headers, _) = answer(&["*"], get("/varied")).await;
    assert_eq!(all(&headers, "vary"), ["Accept", "Origin"]);
}

#[actix_web::test]
async fn simple_requests_learn_whether_they_may_read() {
    let from = |origin: &'static str| get("/fine").insert_header((ORIGIN, origin));
    let allow = |value: &str| vec![("access-control-allow-origin".to_owned(), value.to_owned())];
    for (origins, origin, expected) in [
        (&["*"][..], "https://a.com", allow("*")),
        (&["https://a.com"], "https://a.com", allow("https://a.com")),
        (&["https://*.b.com"], "https://x.b.com", allow("https://x.b.com")),
        (&["https://a.com"], "https://evil.com", vec![]),
    ] {
        let (status, headers, body) = answer(origins, from(origin)).await;
        assert_eq!((status, body.as_str()), (StatusCode::OK, "fine"));
        assert_eq!(cors(&headers), expected, "{origin}");
    }
    let (_, headers, _) = answer(&["*"], get("/fine")).await;
    assert_eq!(cors(&headers), []);
    let failure = get("/panic").insert_header((ORIGIN, "https://a.com"));
    let mut expected = allow("*");
    let exposed = ("access-control-expose-headers", "Retry-After, X-Request-Id");
    expected.push((exposed.0.to_owned(), exposed.1.to_owned()));
    assert_eq!(cors(&answer(&["*"], failure).await.1), expected, "scripts can read failures too");
}

#[actix_web::test]
async fn any_options_request_is_a_preflight() {
    for uri in ["/fine", "/unknown", "/", "/panic"] {
        let request = TestRequest::with_uri(uri)
            .method(Method::OPTIONS)
            .insert_header((ORIGIN, "https://a.com"))
            .insert_header((ACCESS_CONTROL_REQUEST_HEADERS, "authorization,x-y"));
        let (status, headers, body) = answer(&["https://a.com"], request).await;
        assert_eq!((status, body.as_str()), (StatusCode::NO_CONTENT, ""), "{uri}");
        let expected = [
            ("access-control-allow-headers", "authorization,x-y"),
            ("access-control-allow-methods", "GET,HEAD,PUT,PATCH,POST,DELETE"),
            ("access-control-allow-origin", "https://a.com"),
            ("access-control-max-age", "600"),
        ];
        assert_eq!(cors(&headers), expected.map(|(k, v)| (k.to_owned(), v.to_owned())));
        assert_eq!(
            all(&headers, "vary"),
            ["Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers"]
        );
        assert_eq!(all(&headers, "x-frame-options"), [""; 0]);
    }
}

#[actix_web::test]
async fn preflights_of_strangers_allow_nothing() {
    let bare = || TestRequest::with_uri("/fine").method(Method::OPTIONS);
    for request in [bare(), bare().insert_header((ORIGIN, "https://evil.com"))] {
        let (status, headers, _) = answer(&["https://a.com"], request).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        assert_eq!(cors(&headers), []);
        assert_eq!(all(&headers, "vary"), ["Origin"]);
    }
    let (_, headers, _) = answer(&["*"], bare().insert_header((ORIGIN, "https://a.com"))).await;
    assert!(!headers.contains_key(ACCESS_CONTROL_ALLOW_HEADERS), "nothing was asked for");
}

#[actix_web::test]
async fn panics_and_failures_are_named_and_tell_nothing() {
    for uri in ["/panic", "/fail"] {
        let (status, headers, body) = answer(&["*"], get(uri)).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR, "{uri}");
        assert_eq!(all(&headers, "x-request-id")[0].len(), 15);
        assert_eq!(all(&headers, "content-type"), ["application/json"]);
        assert!(body.starts_with("{\"data\":{},\"message\":"), "{body}");
        assert!(body.ends_with("\"status\":500}\n"));
        assert!(!body.contains("secret") && !body.contains("purpose"));
    }
    let (_, headers, _) = answer(&["*"], get("/fine")).await;
    assert!(!headers.contains_key(REQUEST_ID));
}
