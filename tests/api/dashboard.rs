//! The files of the dashboard. What its pages do is tried in a browser.

use reqwest::Method;
use reqwest::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, ETAG, IF_NONE_MATCH};
use serde_json::json;

use super::harness::{Client, TestApp};

/// The files that the first page names.
async fn named_files(guest: &Client) -> Vec<String> {
    let page = guest.get("/_/").await.expect(200);
    let reference = regex::Regex::new(r#"(?:src|href)="\./([^"]+)""#).unwrap();
    let files: Vec<String> =
        reference.captures_iter(&page.text).map(|found| found[1].to_owned()).collect();
    for ending in [".js", ".css", ".svg"] {
        assert!(files.iter().any(|file| file.ends_with(ending)), "{ending}: {files:?}");
    }
    files
}

#[actix_web::test]
async fn the_first_page_and_its_files_load_nothing_from_elsewhere() {
    let app = TestApp::without_config().await;
    let guest = app.guest();
    let page = guest.get("/_/").await.expect(200);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    let policy = page.header("content-security-policy").unwrap();
    for part in ["default-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    assert!(!page.text.contains(" style=") && !page.text.contains("<style"), "no inline style");
    assert!(!page.text.contains("<script>"), "no inline script");

    for file in named_files(&guest).await {
        let answer = guest.get(&format!("/_/{file}")).await.expect(200);
        assert!(!answer.text.is_empty(), "{file}");
        assert_ne!(answer.header("content-type"), Some("application/octet-stream"), "{file}");
        let immutable = answer.header("cache-control").unwrap().contains("immutable");
        assert_eq!(immutable, file.starts_with("assets/"), "{file}");
    }
}

#[actix_web::test]
async fn files_come_packed_to_those_who_take_it_and_are_not_sent_twice() {
    let app = TestApp::without_config().await;
    let files = named_files(&app.guest()).await;
    let script = files.iter().find(|file| file.ends_with(".js")).unwrap();
    let url = format!("http://{}/_/{script}", app.address());
    let client = reqwest::Client::new();
    let get = |encoding: &'static str| client.get(&url).header(ACCEPT_ENCODING, encoding).send();

    let plain = get("identity").await.unwrap();
    assert_eq!(plain.headers().get(CONTENT_ENCODING), None);
    let plain_tag = plain.headers()[ETAG].clone();
    let plain = plain.bytes().await.unwrap();
    for refused in ["gzip;q=0", "zstd", ""] {
        assert_eq!(get(refused).await.unwrap().bytes().await.unwrap(), plain, "{refused}");
    }
    let shortest = get("gzip, deflate, br, zstd").await.unwrap();
    assert_eq!(shortest.headers()[CONTENT_ENCODING], "br");
    assert_ne!(shortest.headers()[ETAG], plain_tag);
    assert!(shortest.bytes().await.unwrap().len() < plain.len());
    let packed = get("br;q=0.1, GZIP;q=0.5").await.unwrap();
    assert_eq!(packed.headers()[CONTENT_ENCODING], "gzip");
    assert!(packed.headers().get_all("vary").iter().any(|value| value == "Accept-Encoding"));
    let packed_tag = packed.headers()[ETAG].clone();
    assert_ne!(packed_tag, plain_tag);
    let packed = packed.bytes().await.unwrap();
    assert!(packed.starts_with(&[0x1f, 0x8b]) && packed.len() < plain.len());

    let again = client.get(&url).header(ACCEPT_ENCODING, "gzip").header(IF_NONE_MATCH, packed_tag);
    let again = again.send().await.unwrap();
    assert_eq!(again.status(), 304);
    assert!(again.headers()[CACHE_CONTROL].to_str().unwrap().contains("immutable"));
    assert_eq!(again.bytes().await.unwrap().len(), 0);
}

#[actix_web::test]
async fn nothing_else_is_under_the_dashboard() {
    let app = TestApp::without_config().await;
    let guest = app.guest();
    for path in [
        "/_/nothing.js",
        "/_/../config.toml",
        "/_/%2e%2e/Cargo.toml",
        "/_/index.html/",
        "/_//",
        "/_x",
    ] {
        let answer = guest.get(path).await.expect(404);
        assert_eq!(answer.at("/status"), json!(404), "{path}");
    }
    guest.post("/_/", json!({})).await.expect(404);
    let head = guest.send(guest.request(Method::HEAD, "/_/")).await.expect(200);
    assert_eq!(head.text, "");
    let client =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let answer = client.get(format!("http://{}/_", app.address())).send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["location"]),
        (307, &"/_/".parse().unwrap())
    );
}
