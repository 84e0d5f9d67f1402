//! The static site: files, their headers, and everything that must not be reached through it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use reqwest::Method;
use tempfile::TempDir;

use super::harness::{Answer, Process, TestApp};

const COLLECTION: &str = r#"
[collections.notes]
fields = { text = "text" }
rules  = { read = "public" }
"#;

const PAGE: &str = "<!doctype html><title>The page</title>";
const SCRIPT: &str = "console.log('a script that is served');";

fn write(folder: &Path, name: &str, content: &[u8]) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// A site in a folder of its own, with a secret beside it.
fn site() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let site = folder.path().join("site");
    for (name, content) in [
        ("index.html", PAGE),
        ("about.html", "about"),
        ("docs/index.html", "docs"),
        ("docs/a b/grüße.txt", "grüße"),
        ("assets/app-BX3k9a2Q.js", SCRIPT),
        ("assets/app-BX3k9a2Q.js.br", "packed by brotli"),
        ("assets/app-BX3k9a2Q.js.gz", "packed by gzip"),
        ("assets/app-BX3k9a2Q.js.zst", "packed by zstd"),
        ("app.js", SCRIPT),
        ("empty.txt", ""),
        ("bare/only.txt", "only"),
        (".env", "SECRET=1"),
        (".git/config", "secret"),
        ("docs/.hidden", "secret"),
        (".well-known/security.txt", "Contact: mailto:me@example.com"),
        ("api/health", "not the API"),
        ("api/shadow", "not the API"),
        ("_/index.html", "not the dashboard"),
        ("%2e%2e/odd.txt", "odd"),
    ] {
        write(&site, name, content.as_bytes());
    }
    write(folder.path(), "secret.txt", b"secret");
    write(folder.path(), "outside/secret.txt", b"secret");
    symlink("../secret.txt", site.join("out.txt")).unwrap();
    symlink("../outside", site.join("out")).unwrap();
    symlink("/etc/passwd", site.join("passwd")).unwrap();
    symlink(".env", site.join("env.txt")).unwrap();
    symlink("loop.txt", site.join("loop.txt")).unwrap();
    symlink("../secret.txt", site.join("app.js.gz")).unwrap();
    symlink("about.html", site.join("inside.html")).unwrap();
    folder
}

async fn start(folder: &TempDir, more: &str) -> TestApp {
    let public = folder.path().join("site");
    let config = format!("[server]\npublic = {public:?}\n{more}\n{COLLECTION}");
    TestApp::with_config(&config).await
}

async fn get(app: &TestApp, path: &str, headers: &[(&str, &str)]) -> Answer {
    send(app, Method::GET, path, headers).await
}

async fn send(app: &TestApp, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = app.guest().request(method, path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    app.guest().send(request).await
}

#[actix_web::test]
async fn files_are_served_with_their_types_and_how_long_they_hold() {
    let folder = site();
    let app = start(&folder, "").await;
    let for_good = "public, max-age=31536000, immutable";
    for (path, body, mime, caching) in [
        ("/", PAGE, "text/html; charset=utf-8", "no-cache"),
        ("/?from=mail", PAGE, "text/html; charset=utf-8", "no-cache"),
        ("/about.html", "about", "text/html; charset=utf-8", "no-cache"),
        ("/docs/", "docs", "text/html; charset=utf-8", "no-cache"),
        ("/docs/a%20b/gr%C3%BC%C3%9Fe.txt", "grüße", "text/plain; charset=utf-8", "no-cache"),
        ("/assets/app-BX3k9a2Q.js", SCRIPT, "text/javascript; charset=utf-8", for_good),
        ("/app.js", SCRIPT, "text/javascript; charset=utf-8", "no-cache"),
        ("/empty.txt", "", "text/plain; charset=utf-8", "no-cache"),
        ("/inside.html", "about", "text/html; charset=utf-8", "no-cache"),
        (
            "/.well-known/security.txt",
            "Contact: mailto:me@example.com",
            "text/plain; charset=utf-8",
            "no-cache",
        ),
    ] {
        let answer = get(&app, path, &[]).await.expect(200);
        assert_eq!(answer.text, body, "{path}");
        assert_eq!(answer.header("content-type"), Some(mime), "{path}");
        assert_eq!(answer.header("cache-control"), Some(caching), "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert!(answer.header("last-modified").is_some(), "{path}");
        let head = send(&app, Method::HEAD, path, &[]).await.expect(200);
        assert_eq!(head.text, "", "{path}");
        for header in ["content-type", "content-length", "etag", "last-modified", "cache-control"] {
            assert_eq!(head.header(header), answer.header(header), "{path}: {header}");
        }
    }
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        send(&app, method, "/about.html", &[]).await.expect(404);
    }
    assert_eq!(get(&app, "/about.html", &[]).await.text, "about");
}

#[actix_web::test]
async fn a_client_that_has_the_file_is_not_sent_it_again() {
    let folder = site();
    let app = start(&folder, "").await;
    let first = get(&app, "/", &[]).await.expect(200);
    let (tag, time) = (first.header("etag").unwrap(), first.header("last-modified").unwrap());
    for headers in [[("if-none-match", tag)], [("if-modified-since", time)]] {
        let answer = get(&app, "/", &headers).await.expect(304);
        assert_eq!(answer.text, "");
        assert_eq!(answer.header("etag"), Some(tag));
        assert_eq!(answer.header("cache-control"), Some("no-cache"));
    }
    // Another build: a page of the same length, and of the same time.
    let page = folder.path().join("site/index.html");
    let modified = fs::metadata(&page).unwrap().modified().unwrap();
    fs::write(&page, PAGE.replace("page", "PAGE")).unwrap();
    fs::File::options().write(true).open(&page).unwrap().set_modified(modified).unwrap();
    let answer = get(&app, "/", &[("if-none-match", tag)]).await.expect(200);
    assert!(answer.text.contains("PAGE"));
    assert_eq!(answer.header("last-modified"), Some(time));
    get(&app, "/", &[("if-match", tag)]).await.expect(412);
}

#[actix_web::test]
async fn parts_are_parts_of_the_file_as_it_is() {
    let folder = site();
    let app = start(&folder, "").await;
    let large: Vec<u8> = (0..600_000_u32).map(|number| b'a' + (number % 26) as u8).collect();
    write(&folder.path().join("site"), "large.bin", &large);
    let path = "/assets/app-BX3k9a2Q.js";
    let whole = get(&app, path, &[("accept-encoding", "br")]).await.expect(200);
    assert_eq!(whole.text, "packed by brotli");
    let part = get(&app, path, &[("accept-encoding", "br"), ("range", "bytes=0-6")]).await;
    assert_eq!((part.status, part.text.as_str()), (206, "console"));
    assert_eq!(part.header("content-encoding"), None);
    assert_eq!(part.header("content-range"), Some(&*format!("bytes 0-6/{}", SCRIPT.len())));
    assert_ne!(part.header("etag"), whole.header("etag"));
    let range = ("range", "bytes=0-6");
    get(&app, path, &[range, ("if-range", whole.header("etag").unwrap())]).await.expect(200);
    get(&app, path, &[range, ("if-range", part.header("etag").unwrap())]).await.expect(206);
    get(&app, path, &[("range", "bytes=9999-")]).await.expect(416);
    let part = get(&app, "/large.bin", &[("range", "bytes=262140-262150")]).await.expect(206);
    assert_eq!(part.text.as_bytes(), &large[262_140..=262_150]);
    assert_eq!(get(&app, "/large.bin", &[]).await.expect(200).text.as_bytes(), large);
}

#[actix_web::test]
async fn the_packed_form_beside_a_file_is_for_who_takes_it() {
    let folder = site();
    let app = start(&folder, "").await;
    let path = "/assets/app-BX3k9a2Q.js";
    let mut tags = Vec::new();
    for (accepted, coding, body) in [
        ("gzip, deflate, br, zstd", Some("br"), "packed by brotli"),
        ("gzip", Some("gzip"), "packed by gzip"),
        ("zstd, gzip;q=0.5", Some("zstd"), "packed by zstd"),
        ("gzip;q=0", None, SCRIPT),
        ("identity", None, SCRIPT),
    ] {
        let answer = get(&app, path, &[("accept-encoding", accepted)]).await.expect(200);
        assert_eq!(answer.text, body, "{accepted}");
        assert_eq!(answer.header("content-encoding"), coding, "{accepted}");
        assert_eq!(answer.header("content-type"), Some("text/javascript; charset=utf-8"));
        assert!(answer.headers.contains(&("vary".to_owned(), "Accept-Encoding".to_owned())));
        let tag = answer.header("etag").unwrap().to_owned();
        let known = [("accept-encoding", accepted), ("if-none-match", &*tag)];
        get(&app, path, &known).await.expect(304);
        tags.push(tag);
    }
    assert_eq!(tags[3], tags[4]);
    tags.dedup();
    assert_eq!(tags.len(), 4, "{tags:?}");
    // Its `.gz` is a link that leads out.
    let answer = get(&app, "/app.js", &[("accept-encoding", "gzip")]).await.expect(200);
    assert_eq!((answer.text.as_str(), answer.header("content-encoding")), (SCRIPT, None));
    assert!(!answer.headers.contains(&("vary".to_owned(), "Accept-Encoding".to_owned())));
}

#[actix_web::test]
async fn a_path_has_one_form() {
    let folder = site();
    let app = start(&folder, "").await;
    for (path, status, target) in [
        ("/docs", 301, "/docs/"),
        ("/docs/a%20b", 301, "/docs/a%20b/"),
        ("/docs/index.html", 301, "/docs/"),
        ("/index.html", 301, "/"),
        ("/about.html/", 301, "/about.html"),
        ("//about.html", 307, "/about.html"),
        ("//evil.example/..", 307, "/"),
        ("/docs//index.html", 307, "/docs/index.html"),
    ] {
        let answer = raw(&app, path).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{path}: {answer}");
        assert!(answer.contains(&format!("location: {target}\r\n")), "{path}: {answer}");
        let answer = raw(&app, &format!("{path}?token=a%20b&c=/..//d")).await;
        let target = format!("location: {target}?token=a%20b&c=/..//d\r\n");
        assert!(answer.contains(&target), "{path}: {answer}");
    }
}

/// The answer to a path exactly as it is written, which clients would clean.
async fn raw(app: &TestApp, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let address = app.address();
    actix_web::web::block(move || super::edge::talk(address, request.as_bytes())).await.unwrap()
}

#[actix_web::test]
async fn paths_without_a_file_are_the_pages_own() {
    let folder = site();
    let app = start(&folder, "").await;
    for path in ["/users/42", "/bare/", "/docs/nothing/", "/about", "/nothing?x=1"] {
        let answer = get(&app, path, &[]).await.expect(200);
        assert_eq!(answer.text, PAGE, "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-cache"), "{path}");
    }
    let html = [("accept", "text/html,application/xhtml+xml,*/*;q=0.8")];
    assert_eq!(get(&app, "/users/john.doe", &html).await.expect(200).text, PAGE);
    // A script that is missing is no page.
    for accept in ["*/*", "image/avif,image/webp,*/*;q=0.8"] {
        let answer = get(&app, "/assets/gone-12345678.js", &[("accept", accept)]).await.expect(404);
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
    let app = start(&folder, "spa = false").await;
    for path in ["/users/42", "/bare/", "/nothing"] {
        get(&app, path, &html).await.expect(404);
    }
    get(&app, "/", &[]).await.expect(200);
}

#[actix_web::test]
async fn nothing_is_in_front_of_the_api_and_the_dashboard() {
    let folder = site();
    let app = start(&folder, "").await;
    let html = [("accept", "text/html")];
    for path in [
        "/api",
        "/api/",
        "/api/shadow",
        "/api/nothing",
        "/api/collections/notes/nothing",
        "/%61pi/shadow",
    ] {
        let answer = get(&app, path, &html).await.expect(404);
        assert_eq!(answer.header("content-type"), Some("application/json"), "{path}");
        assert_eq!(answer.at("/status"), 404, "{path}");
    }
    assert_eq!(get(&app, "/api/health", &html).await.expect(200).at("/code"), 200);
    assert!(!get(&app, "/_/", &html).await.expect(200).text.contains("not the dashboard"));
    get(&app, "/_/nothing", &html).await.expect(404);
    get(&app, "/metrics", &html).await.expect(404);
}

#[actix_web::test]
async fn nothing_outside_of_the_folder_or_hidden_in_it_is_shown() {
    let folder = site();
    let app = start(&folder, "spa = false").await;
    for path in [
        "/../secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e/secret.txt",
        "/%2e%2e%2fsecret.txt",
        "/docs/../../secret.txt",
        "/docs/%2e%2e/%2e%2e/secret.txt",
        "/..\\secret.txt",
        "/..%5csecret.txt",
        "/%252e%252e/secret.txt",
        "/%252e%252e%252fsecret.txt",
        "/....//secret.txt",
        "/secret.txt%00.html",
        "/about.html%00",
        "/out.txt",
        "/out/secret.txt",
        "/out/",
        "/passwd",
        "/env.txt",
        "/loop.txt",
        "/.env",
        "/%2eenv",
        "/.git/config",
        "/.git/",
        "/docs/.hidden",
        "//etc/passwd",
        "/file:///etc/passwd",
        "/%ff",
        "/about.html/x",
    ] {
        let mut answer = raw(&app, path).await;
        // A cleaner path may be named, and leads nowhere either.
        if answer.starts_with("HTTP/1.1 307") {
            let target = answer.split("location: ").nth(1).unwrap().split("\r\n").next().unwrap();
            answer = raw(&app, target).await;
        }
        assert!(answer.starts_with("HTTP/1.1 4"), "{path}: {answer}");
        assert!(!answer.to_lowercase().contains("secret"), "{path}: {answer}");
        assert!(!answer.contains("root:"), "{path}: {answer}");
    }
    assert!(raw(&app, "/%252e%252e/odd.txt").await.ends_with("odd"));
}

#[actix_web::test]
async fn a_deployment_may_move_the_folder_under_a_running_server() {
    let folder = site();
    let current = folder.path().join("current");
    symlink("site", &current).unwrap();
    let config = format!("[server]\npublic = {current:?}\n{COLLECTION}");
    let app = TestApp::with_config(&config).await;
    assert_eq!(get(&app, "/", &[]).await.expect(200).text, PAGE);
    write(folder.path(), "next/index.html", b"the next one");
    fs::remove_file(&current).unwrap();
    get(&app, "/", &[]).await.expect(404);
    symlink("next", &current).unwrap();
    assert_eq!(get(&app, "/", &[]).await.expect(200).text, "the next one");
}

#[actix_web::test]
async fn without_a_site_there_is_nothing() {
    let app = TestApp::with_config(COLLECTION).await;
    for path in ["/", "/index.html", "/nothing", "//x"] {
        get(&app, path, &[("accept", "text/html")]).await.expect(404);
    }
}

#[actix_web::test]
async fn the_command_line_names_the_site_as_pocketbase_does() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "pb_public/index.html", PAGE.as_bytes());
    write(folder.path(), "other/index.html", b"another");
    let process = Process::serve(folder.path(), &[]);
    for path in ["/", "/users/42"] {
        assert_eq!(process.guest().get(path).await.expect(200).text, PAGE);
    }
    drop(process);
    let arguments = ["--publicDir", "other", "--indexFallback=false"];
    let process = Process::serve(folder.path(), &arguments);
    assert_eq!(process.guest().get("/").await.expect(200).text, "another");
    process.guest().get("/users/42").await.expect(404);
    drop(process);
    // A config file says everything, also that there is no site.
    write(folder.path(), "config.toml", COLLECTION.as_bytes());
    Process::serve(folder.path(), &[]).guest().get("/").await.expect(404);
}

#[actix_web::test]
async fn a_site_that_is_not_built_yet_holds_no_developer_up() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "config.toml", b"[server]\npublic = \"dist\"\n");
    let process = Process::dev(folder.path(), &[]);
    process.wait_for_error("./dist");
    process.guest().get("/").await.expect(404);
    process.guest().get("/api/health").await.expect(200);
}

#[test]
fn a_folder_that_is_not_there_is_named_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("config.toml"), "[server]\npublic = \"dist\"\n").unwrap();
    for arguments in [&["check"][..], &["serve", "--http", "127.0.0.1:0"]] {
        let finished = Process::run(folder.path(), arguments);
        assert_eq!(finished.code, Some(1), "{}", finished.stderr);
        assert!(finished.stderr.contains("config.toml:2:"), "{}", finished.stderr);
        assert!(finished.stderr.contains("./dist"), "{}", finished.stderr);
        assert!(!folder.path().join("data").exists());
    }
    write(folder.path(), "dist", b"a file");
    let finished = Process::run(folder.path(), &["check"]);
    assert!(finished.stderr.contains("not a directory"), "{}", finished.stderr);
    fs::remove_file(folder.path().join("dist")).unwrap();
    write(folder.path(), "dist/index.html", PAGE.as_bytes());
    assert_eq!(Process::run(folder.path(), &["check"]).code, Some(0));
    let serve = ["serve", "--http", "127.0.0.1:0", "--public", "elsewhere"];
    let finished = Process::run(folder.path(), &serve);
    assert_eq!(finished.code, Some(1));
    assert!(finished.stderr.contains("elsewhere"), "{}", finished.stderr);
    assert!(finished.stderr.contains("--public"), "{}", finished.stderr);
}
