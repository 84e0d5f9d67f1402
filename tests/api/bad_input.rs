//! What clients send by mistake or on purpose: a 4xx in the envelope, and nothing changed.

use serde_json::{Value, json};

use super::harness::{Answer, Client, TestApp};

const CONFIG: &str = r#"
[collections.users]
type  = "auth"
owner = "id"
fields = { name = "text" }
rules  = { read = "public", create = "public", update = "owner", delete = "owner" }

[collections.notes]
owner = "owner"

[collections.notes.fields]
text   = "text! max=200"
rank   = "int"
open   = "bool"
due    = "date"
kind   = "select(a, b)"
place  = "geo"
meta   = "json"
owner  = "-> users default=@me"

[collections.notes.rules]
read   = "public"
write  = "auth"
"#;

const NOTES: &str = "/api/collections/notes/records";

/// The server with one user and one note of theirs.
struct Scene {
    app: TestApp,
    user: Client,
    note: String,
}

impl Scene {
    async fn new() -> Self {
        let app = TestApp::with_config(CONFIG).await;
        let user = app.user("ann@example.com").await;
        let note =
            user.create("notes", json!({ "text": "here", "rank": 7 })).await.expect(200).id();
        Self { app, user, note }
    }

    /// Sends what must be refused, and looks whether it left anything.
    async fn refuses(&self, name: &str, status: u16, send: impl Future<Output = Answer>) {
        let before = self.app.state_digest();
        let answer = send.await;
        assert_eq!(answer.status, status, "{name}: {}", answer.text);
        assert_envelope(&answer, name);
        assert_eq!(self.app.state_digest(), before, "{name} changed something");
    }
}

#[track_caller]
fn assert_envelope(answer: &Answer, name: &str) {
    let body = answer.json();
    assert_eq!(body["status"], answer.status, "{name}: {body}");
    assert!(body["data"].is_object(), "{name}: {body}");
    let message = body["message"].as_str().unwrap();
    assert!(message.ends_with(['.', '?', '!']), "{name}: {message}");
    assert!(!message.starts_with(char::is_lowercase), "{name}: {message}");
}

#[actix_web::test]
async fn bodies_that_are_no_records_are_refused() {
    let scene = Scene::new().await;
    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    let bodies: [(&str, &str); 6] = [
        ("truncated", r#"{"text":"x""#),
        ("a list", r#"[{"text":"x"}]"#),
        ("a text", r#""text""#),
        ("white space", "   "),
        ("no JSON at all", "text=x"),
        ("too deep", &format!(r#"{{"text":"x","meta":{deep}}}"#)),
    ];
    for (name, body) in bodies {
        let body = body.as_bytes().to_vec();
        let send = scene.user.raw("POST", NOTES, "application/json", body);
        scene.refuses(name, 400, send).await;
    }
    let send = scene.user.raw("POST", NOTES, "text/plain", b"{\"text\":\"x\"}".to_vec());
    scene.refuses("another content type", 400, send).await;
}

#[actix_web::test]
async fn values_of_the_wrong_type_are_refused_at_their_field() {
    let scene = Scene::new().await;
    let path = format!("{NOTES}/{}", scene.note);
    let values = [
        ("rank", json!("seven")),
        ("rank", json!(1.5)),
        ("rank", json!([1])),
        ("open", json!("perhaps")),
        ("due", json!("2026-02-30")),
        ("due", json!(20_260_230)),
        ("kind", json!("c")),
        ("place", json!({ "lon": 999, "lat": 0 })),
        ("place", json!("here")),
        ("owner", json!("no_such_record1")),
        ("text", json!("")),
    ];
    for (field, value) in values {
        let name = format!("{field} = {value}");
        let before = scene.app.state_digest();
        let answer = scene.user.patch(&path, json!({ field: value })).await;
        assert_eq!(answer.status, 400, "{name}: {}", answer.text);
        let data = answer.at("/data");
        assert!(
            data[field]["code"].as_str().is_some_and(|code| !code.is_empty()),
            "{name}: {data}"
        );
        assert_eq!(scene.app.state_digest(), before, "{name}");
    }
}

#[actix_web::test]
async fn a_body_over_the_limit_is_413() {
    let scene = Scene::new().await;
    // 32 MiB, and what the JSON field may hold besides.
    let text = "x".repeat(34 * 1024 * 1024);
    let body = json!({ "text": text });
    scene.refuses("too large", 413, scene.user.post(NOTES, body)).await;
    scene.app.guest().get(NOTES).await.expect(200);
}

#[actix_web::test]
async fn a_body_of_millions_of_values_is_400() {
    let scene = Scene::new().await;
    // Each of its two bytes would take 72 in memory.
    let body = json!({ "text": "t", "unknown": vec![1; 2 << 20] });
    scene.refuses("too many values", 400, scene.user.post(NOTES, body)).await;
    scene.app.guest().get(NOTES).await.expect(200);
}

#[actix_web::test]
async fn a_password_of_a_megabyte_is_refused_unhashed() {
    let scene = Scene::new().await;
    let password = "p".repeat(1024 * 1024);
    let body = json!({
        "email": "big@example.com", "password": password, "passwordConfirm": password,
    });
    scene.refuses("sign-up", 400, scene.app.guest().create("users", body)).await;
    let path = "/api/collections/users/auth-with-password";
    let body = json!({ "identity": "ann@example.com", "password": password });
    scene.refuses("sign-in", 400, scene.app.guest().post(path, body)).await;
}

#[actix_web::test]
async fn filters_have_an_end() {
    let scene = Scene::new().await;
    let guest = scene.app.guest();
    let long = format!("text = '{}'", "x".repeat(10_000));
    scene.refuses("10,000 characters", 400, guest.list("notes", &long)).await;

    let nested = |levels| format!("{}text='here'{}", "(".repeat(levels), ")".repeat(levels));
    let answer = guest.list("notes", &nested(200)).await.expect(200);
    assert_eq!(answer.at("/totalItems"), json!(1));
    scene.refuses("5,000 parentheses", 400, guest.list("notes", &nested(5_000))).await;
    scene.refuses("501 parentheses", 400, guest.list("notes", &nested(501))).await;

    let many = vec!["rank = 7"; 201].join("||");
    scene.refuses("201 comparisons", 400, guest.list("notes", &many)).await;
}

#[actix_web::test]
async fn broken_filters_and_sorts_are_refused() {
    let scene = Scene::new().await;
    let guest = scene.app.guest();
    for filter in [
        "text",
        "text =",
        "= 'x'",
        "text = 'x",
        "text == 'x'",
        "(text = 'x'",
        "text = 'x')",
        "text = 'x' rank = 1",
        "nothing = 1",
        "text = nothing",
        "owner.nothing = 1",
        "text = 1e5",
        "owner.password = 'x'",
        "owner.tokenKey ~ 'a'",
        "nope(1) = 1",
        "text:nope = 1",
        "// only",
        "@nope = 1",
        "text = 'x' &",
        "text = 'x' && ",
        "\u{0}",
    ] {
        scene.refuses(filter, 400, guest.list("notes", filter)).await;
    }
    for sort in ["nothing", "-", "text,,rank", "'text'", "@now", "rank;--", "owner.tokenKey"] {
        scene.refuses(sort, 400, guest.query(NOTES, &[("sort", sort)])).await;
    }
    for filter in ["@request.auth.id = ''", "@collection.users.id != ''"] {
        scene.refuses(filter, 403, guest.list("notes", filter)).await;
    }
    for (key, value) in [("page", "one"), ("perPage", "1.5"), ("skipTotal", "perhaps")] {
        scene.refuses(value, 400, guest.query(NOTES, &[(key, value)])).await;
    }
}

#[actix_web::test]
async fn sql_stays_text_wherever_it_is_put() {
    let scene = Scene::new().await;
    let (guest, user) = (scene.app.guest(), &scene.user);
    for sql in [
        "'; DROP TABLE notes; --",
        "\"; DROP TABLE notes; --",
        "' OR '1'='1",
        "x' UNION SELECT 1 --",
        "$1",
        "?1",
        "\\'; DELETE FROM notes; --",
        "`notes`",
        "%00",
        "[notes]",
        "*/ DROP TABLE notes",
    ] {
        let before = scene.app.state_digest();
        let quoted = format!("text = '{}'", sql.replace('\\', "\\\\").replace('\'', "\\'"));
        let found = guest.list("notes", &quoted).await.expect(200);
        assert_eq!(found.at("/totalItems"), json!(0), "{sql}");
        let positions = [
            guest.list("notes", sql).await,
            guest.query(NOTES, &[("sort", sql)]).await,
            guest.query(&format!("{NOTES}/{}", encoded(sql)), &[]).await,
            guest.get(&format!("/api/collections/{}/records", encoded(sql))).await,
            user.patch(NOTES, json!({ sql: sql })).await,
            user.create("notes", json!({ "id": sql, "text": "x" })).await,
            user.create("notes", json!({ "text": "x", "owner": sql })).await,
            sign_in(&guest, sql, sql).await,
            guest.with_token(sql).get("/api/collections").await,
        ];
        for (position, answer) in positions.iter().enumerate() {
            assert!((400..500).contains(&answer.status), "{sql} at {position}: {}", answer.text);
        }
        for key in ["expand", "fields", "page", "search"] {
            let answer = guest.query(NOTES, &[(key, sql)]).await;
            assert!(answer.status < 500, "{sql} as {key}: {}", answer.text);
        }
        assert_eq!(scene.app.state_digest(), before, "{sql}");

        let stored = user.create("notes", json!({ "text": sql, "meta": { sql: sql } })).await;
        let stored = stored.expect(200);
        assert_eq!(stored.at("/text"), json!(sql));
        assert_eq!(guest.list("notes", &quoted).await.at("/items/0/id"), json!(stored.id()));
        user.delete(&format!("{NOTES}/{}", stored.id())).await.expect(204);
    }
    assert_eq!(scene.app.count("notes"), 1);
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

async fn sign_in(client: &Client, identity: &str, password: &str) -> Answer {
    let body = json!({ "identity": identity, "password": password });
    client.post("/api/collections/users/auth-with-password", body).await
}

#[actix_web::test]
async fn ids_and_collections_that_are_none_are_not_found() {
    let scene = Scene::new().await;
    let user = &scene.user;
    for id in ["no_such_record1", "x", "..", "%2e%2e%2f", "%00", &"a".repeat(5_000), "a%20b"] {
        let path = format!("{NOTES}/{id}");
        let before = scene.app.state_digest();
        for answer in [
            user.get(&path).await,
            user.patch(&path, json!({ "text": "changed" })).await,
            user.delete(&path).await,
        ] {
            assert_eq!(answer.status, 404, "{id}: {}", answer.text);
            assert_envelope(&answer, id);
        }
        assert_eq!(scene.app.state_digest(), before, "{id}");
    }
    for name in ["nothing", "notes_", "_collections", "sqlite_schema", "no%20tes"] {
        let path = format!("/api/collections/{name}/records");
        scene.refuses(name, 404, user.get(&path)).await;
        scene.refuses(name, 404, user.post(&path, json!({ "text": "x" }))).await;
    }
    for id in ["short", "UPPER_CASE_ID_1", "has spaces here", "aaaaaaaaaaaaaaaaaaaa"] {
        let body = json!({ "id": id, "text": "x" });
        scene.refuses(id, 400, user.create("notes", body)).await;
    }
    let taken = json!({ "id": scene.note, "text": "x" });
    scene.refuses("an id that is taken", 400, user.create("notes", taken)).await;
}

#[actix_web::test]
async fn tokens_that_are_wrong_expired_or_foreign_make_a_guest() {
    let scene = Scene::new().await;
    let guest = scene.app.guest();
    let good = scene.user.token();
    let me = scene.user.id();
    let (head, tail) = good.rsplit_once('.').unwrap();
    let flipped = if tail.starts_with('A') { "B" } else { "A" };
    let other = TestApp::with_config(CONFIG).await;
    let foreign = other.user("ann@example.com").await;
    let tokens = [
        "",
        "x",
        "a.b.c",
        "Bearer ",
        "Bearer x",
        &format!("{head}."),
        &format!("{head}.{flipped}{}", &tail[1..]),
        &format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}.", head.split_once('.').unwrap().1),
        foreign.token(),
    ];
    for token in tokens {
        assert_is_guest(&guest.with_token(token), me, token).await;
    }

    scene.user.post("/api/collections/users/auth-refresh", Value::Null).await.expect(200);
    scene.app.advance_days(6);
    assert_is_guest(&scene.user, me, "expired").await;
    assert_eq!(scene.app.count("notes"), 1);
}

async fn assert_is_guest(client: &Client, user: &str, name: &str) {
    let created = client.create("notes", json!({ "text": "x" })).await;
    assert_eq!(created.status, 400, "{name}: {}", created.text);
    let refreshed = client.post("/api/collections/users/auth-refresh", Value::Null).await;
    assert_eq!(refreshed.status, 401, "{name}: {}", refreshed.text);
    let path = format!("/api/collections/users/records/{user}");
    let changed = client.patch(&path, json!({ "name": "Mallory" })).await;
    assert_eq!(changed.status, 404, "{name}: {}", changed.text);
}
