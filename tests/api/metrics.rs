//! Figures for Prometheus, and what a probe of health is told.

use reqwest::Method;
use serde_json::json;

use super::harness::{Answer, Client, TestApp};

const METRICS: &str = "/metrics";

const CONFIG: &str = "[collections.notes]\nfields = { text = \"text\" }\nrules = { read = \"public\", create = \"public\" }\n";

const TOKEN: &str = "a token of the operator";

async fn with_token() -> TestApp {
    TestApp::with_variables(CONFIG, &[("FERROBASE_METRICS_TOKEN", TOKEN)]).await
}

async fn as_bearer(app: &TestApp, token: &str) -> Answer {
    let request = app.guest().request(Method::GET, METRICS);
    app.guest().send(request.header("Authorization", format!("Bearer {token}"))).await
}

/// The value of a line.
fn figure(page: &Answer, line: &str) -> Option<f64> {
    let mut lines = page.text.lines();
    lines.find_map(|found| found.strip_prefix(line)?.trim().parse().ok())
}

#[actix_web::test]
async fn who_may_not_read_them_finds_nothing() {
    let app = with_token().await;
    let user = TestApp::with_config(
        "[collections.users]\ntype = \"auth\"\nrules = { create = \"public\" }\n",
    )
    .await;
    let ann = user.user("ann@example.com").await;
    app.guest().get(METRICS).await.expect(404);
    ann.get(METRICS).await.expect(404);
    for token in ["", "wrong", &TOKEN[1..], &format!("{TOKEN}x"), "a.b.c"] {
        as_bearer(&app, token).await.expect(404);
    }
    // Without a token of the operator's, no token is one.
    as_bearer(&user, "").await.expect(404);
    as_bearer(&user, TOKEN).await.expect(404);
    app.guest().post(METRICS, json!({})).await.expect(404);
}

#[actix_web::test]
async fn superusers_and_the_token_of_the_operator_read_them() {
    let app = with_token().await;
    let page = app.superuser().await.get(METRICS).await.expect(200);
    assert_eq!(page.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let again = as_bearer(&app, TOKEN).await.expect(200);
    for page in [page, again] {
        assert!(page.text.starts_with("# HELP ferrobase_build_info "), "{}", page.text);
        assert!(page.text.contains("process_resident_memory_bytes "), "{}", page.text);
        assert!(!page.text.contains(TOKEN));
    }
}

#[actix_web::test]
async fn the_file_may_name_the_token() {
    let config = format!("[server]\nmetrics_token = \"${{METRICS}}\"\n{CONFIG}");
    let app = TestApp::with_variables(&config, &[("METRICS", TOKEN)]).await;
    as_bearer(&app, TOKEN).await.expect(200);
    as_bearer(&app, "METRICS").await.expect(404);
}

#[actix_web::test]
async fn requests_are_counted_by_route_and_never_by_what_clients_send() {
    let app = with_token().await;
    let guest = app.guest();
    for number in 0..5 {
        guest.get(&format!("/api/collections/notes/records/none{number}")).await.expect(404);
        guest.get(&format!("/api/made-up-{number}")).await.expect(404);
        guest.send(guest.request(Method::from_bytes(b"MADEUP").unwrap(), "/x")).await.expect(404);
    }
    guest.create("notes", json!({ "text": "a" })).await.expect(200);
    let page = as_bearer(&app, TOKEN).await.expect(200);
    let requests = |method: &str, route: &str, status: &str| {
        let labels = format!("method=\"{method}\",route=\"{route}\",status=\"{status}\"");
        figure(&page, &format!("ferrobase_http_requests_total{{{labels}}}"))
    };
    let records = "/api/collections/{collection}/records";
    assert_eq!(requests("GET", &format!("{records}/{{id}}"), "4xx"), Some(5.0));
    assert_eq!(requests("POST", records, "2xx"), Some(1.0));
    assert_eq!(requests("GET", "unmatched", "4xx"), Some(5.0));
    assert_eq!(requests("other", "unmatched", "4xx"), Some(5.0));
    for word in ["notes", "none1", "made-up", "MADEUP"] {
        assert!(!page.text.contains(word), "{word}: {}", page.text);
    }
    let all = format!(
        "ferrobase_http_request_duration_seconds_bucket{{method=\"POST\",route=\"{records}\",le=\"+Inf\"}}"
    );
    assert_eq!(figure(&page, &all), Some(1.0));
}

#[actix_web::test]
async fn the_database_the_queue_and_connections_have_figures() {
    let app = with_token().await;
    app.guest().create("notes", json!({ "text": "a" })).await.expect(200);
    let events = super::harness::Events::connect(&app.guest()).await;
    let page = as_bearer(&app, TOKEN).await.expect(200);
    for (line, least) in [
        ("ferrobase_database_writes_total", 1.0),
        ("ferrobase_database_commits_total", 1.0),
        ("ferrobase_database_queue_length", 0.0),
        ("ferrobase_database_busy_seconds_total", 0.0),
        ("ferrobase_database_refused_total", 0.0),
        ("ferrobase_realtime_connections", 1.0),
        ("ferrobase_queue_jobs{state=\"waiting\"}", 0.0),
        ("ferrobase_queue_jobs{state=\"dead\"}", 0.0),
        ("ferrobase_queue_failures_total", 0.0),
        ("ferrobase_logs_dropped_total", 0.0),
        ("process_open_fds", 1.0),
        ("process_cpu_seconds_total", 0.0),
    ] {
        let figure = figure(&page, line).unwrap_or_else(|| panic!("no {line} in {}", page.text));
        assert!(figure >= least, "{line} {figure}");
    }
    drop(events);
}

#[actix_web::test]
async fn health_is_about_the_database_unless_it_is_asked_for_life() {
    let app = TestApp::with_config(CONFIG).await;
    let root: Client = app.superuser().await;
    let up = json!({ "message": "Server is up.", "code": 200, "data": {} });
    for path in ["/api/health", "/api/health?live=false", "/api/health?live=true"] {
        assert_eq!(app.guest().get(path).await.expect(200).json(), up, "{path}");
    }
    assert_eq!(root.get("/api/health?live=true").await.expect(200).json(), up);
    let told = root.get("/api/health").await.expect(200).at("/data");
    let expected = json!({ "canBackup": true, "possibleProxyHeader": "", "realIP": "127.0.0.1" });
    assert_eq!(told, expected);
    app.guest().get("/api/health?live=maybe").await.expect(400);
}
