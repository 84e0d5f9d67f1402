//! Signing in by password: every row of the contract's table, in its order.

use serde_json::{Value, json};

use super::{codes, record, sign_in, sign_up, sign_up_with, start};
use crate::harness::{Answer, Client, PASSWORD, TestApp};

const PATH: &str = "/api/collections/users/auth-with-password";

async fn with_ann() -> TestApp {
    let app = start().await;
    let names = json!({ "username": "Ann", "nick": "annie" });
    app.guest().create("users", sign_up_with("ann@example.com", names)).await.expect(200);
    app
}

async fn attempt(client: &Client, body: Value) -> Answer {
    client.post(PATH, body).await
}

#[actix_web::test]
async fn the_answer_is_the_record_as_it_sees_itself_and_a_token() {
    let app = with_ann().await;
    let answer = sign_in(&app.guest(), "users", "ann@example.com", PASSWORD).await.expect(200);
    let body = answer.json();
    assert_eq!(body.as_object().unwrap().keys().collect::<Vec<_>>(), ["record", "token"]);
    assert_eq!(body["record"]["email"], "ann@example.com", "one's own address is always shown");
    assert_eq!(body["record"]["collectionName"], "users");
    for secret in ["password", "tokenKey"] {
        assert_eq!(body["record"].get(secret), None);
    }
    let token = body["token"].as_str().unwrap();
    assert_eq!(token.split('.').count(), 3);
    assert!(answer.text.ends_with('\n'));
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

#[actix_web::test]
async fn fields_and_expand_shape_the_answer() {
    let app = with_ann().await;
    let bob = app.guest().create("users", sign_up("bob@example.com")).await.expect(200).id();
    let ann = app.guest().sign_in("users", "ann", PASSWORD).await;
    ann.patch(&super::record("users", ann.id()), json!({ "friend": bob })).await.expect(200);
    let body = json!({ "identity": "ann", "password": PASSWORD });
    let path = format!("{PATH}?fields=record.expand.friend.id,record.username&expand=friend");
    let answer = app.guest().post(&path, body.clone()).await.expect(200);
    assert_eq!(
        answer.json(),
        json!({ "record": { "expand": { "friend": { "id": bob } }, "username": "Ann" } })
    );
    app.guest().post(&format!("{PATH}?fields=a:b"), body).await.expect(400);
}

#[actix_web::test]
async fn collections_that_let_nobody_in_say_so_before_anything_else() {
    let app = with_ann().await;
    let guest = app.guest();
    let path = |name| format!("/api/collections/{name}/auth-with-password");
    for (name, status) in [("nothing", 404), ("notes", 404), ("robots", 403)] {
        guest.post(&path(name), json!({})).await.expect(status);
        guest.raw("POST", &path(name), "application/json", b"{".to_vec()).await.expect(status);
    }
    guest.get(PATH).await.expect(404);
}

#[actix_web::test]
async fn bodies_that_cannot_be_read_are_refused() {
    let app = with_ann().await;
    let right = json!({ "identity": "ann@example.com", "password": PASSWORD }).to_string();
    let cases: [(&str, &str, u16); 10] = [
        ("application/json", "{", 400),
        ("application/json", "[]", 400),
        ("application/json", r#"{"identity":1,"password":"x"}"#, 400),
        ("application/json", r#"{"identity":{},"password":"x"}"#, 400),
        ("text/plain", &right, 400),
        ("application/xml", "<identity>ann@example.com</identity>", 400),
        ("application/json; charset=utf-8", &right, 200),
        ("application/json", r#"{"Identity":"ann@example.com","PASSWORD":"a good password"}"#, 200),
        ("application/json", &format!("{right} and more"), 200),
        (
            "application/x-www-form-urlencoded",
            "identity=ann%40example.com&password=a+good+password",
            200,
        ),
    ];
    for (kind, body, status) in cases {
        let answer = app.guest().raw("POST", PATH, kind, body.as_bytes().to_vec()).await;
        assert_eq!(answer.status, status, "{kind} {body}: {}", answer.text);
        if status == 400 {
            assert_eq!(answer.at("/data"), json!({}), "{kind} {body}");
        }
    }
}

#[actix_web::test]
async fn missing_and_oversized_fields_are_named() {
    let app = with_ann().await;
    let long = "x".repeat(256);
    let cases = [
        (json!({}), "identity:required password:required"),
        (json!(null), "identity:required password:required"),
        (json!({ "identity": "", "password": "" }), "identity:required password:required"),
        (json!({ "identity": "ann" }), "password:required"),
        (json!({ "identity": long, "password": "x" }), "identity:length_out_of_range"),
        (json!({ "identity": "ann", "password": long }), "password:length_out_of_range"),
        (
            json!({ "identity": "ann", "password": "p".repeat(1024 * 1024) }),
            "password:length_out_of_range",
        ),
        (
            json!({ "identity": "ann", "password": "x", "identityField": "name" }),
            "identityField:in_invalid",
        ),
        (
            json!({ "identity": "ann", "password": "x", "identityField": "Email" }),
            "identityField:in_invalid",
        ),
        (
            json!({ "identity": "ann", "password": "x", "identityField": "tokenKey" }),
            "identityField:in_invalid",
        ),
        (
            json!({ "password": "x", "identityField": "id" }),
            "identity:required identityField:in_invalid",
        ),
    ];
    for (body, expected) in cases {
        let answer = attempt(&app.guest(), body.clone()).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text);
        assert_eq!(codes(&answer), expected, "{body}");
    }
    // No body at all is an empty one.
    let request = app.guest().request(reqwest::Method::POST, PATH);
    let answer = app.guest().send(request).await.expect(400);
    assert_eq!(codes(&answer), "identity:required password:required");
}

#[actix_web::test]
async fn an_unknown_account_and_a_wrong_password_look_the_same() {
    let app = with_ann().await;
    let guest = app.guest();
    let before = app.state_digest();
    let mut texts = Vec::new();
    for (identity, password) in [
        ("ann@example.com", "a wrong password"),
        ("nobody@example.com", PASSWORD),
        ("nobody", PASSWORD),
        ("ann@example.com", "a good passworD"),
        ("ann@example.com", " a good password"),
    ] {
        texts.push(sign_in(&guest, "users", identity, password).await.expect(400).text);
    }
    // A password that no account can have.
    texts
        .push(sign_in(&guest, "users", "ann@example.com", &"x".repeat(255)).await.expect(400).text);
    texts.dedup();
    assert_eq!(texts, ["{\"data\":{},\"message\":\"Failed to authenticate.\",\"status\":400}\n"]);
    assert_eq!(app.state_digest(), before);
}

#[actix_web::test]
async fn accounts_are_found_by_the_configured_fields() {
    let app = with_ann().await;
    let guest = app.guest();
    // A name that looks like somebody else's address, and one that is another's nick.
    let bob =
        sign_up_with("bob@example.com", json!({ "username": "annie", "nick": "ann@example.com" }));
    guest.create("users", bob).await.expect(200);
    let with = |field: &str, identity: &str| json!({ "identity": identity, "password": PASSWORD, "identityField": field });
    let cases = [
        // In the order of the list, but `email` first for what can be an address.
        (with("", "ann@example.com"), Some("ann@example.com")),
        (with("", "annie"), Some("bob@example.com")),
        (with("", "Ann"), Some("ann@example.com")),
        (with("email", "ann@example.com"), Some("ann@example.com")),
        (with("nick", "ann@example.com"), Some("bob@example.com")),
        (with("nick", "annie"), Some("ann@example.com")),
        (with("username", "annie"), Some("bob@example.com")),
        (with("username", "ann@example.com"), None),
        (with("email", "annie"), None),
        // In any case where the index says so, and only there.
        (with("", "aNN"), Some("ann@example.com")),
        (with("username", "ANNIE"), Some("bob@example.com")),
        (with("nick", "ANNIE"), None),
        (with("email", "Ann@example.com"), None),
        (with("", "ANN@EXAMPLE.COM"), None),
        // An empty name is nobody's, however many accounts have none.
        (with("nick", " "), None),
        (with("nick", "%"), None),
    ];
    for (body, expected) in cases {
        let answer = attempt(&guest, body.clone()).await;
        match expected {
            Some(email) => {
                assert_eq!(answer.expect(200).at("/record/email"), json!(email), "{body}")
            }
            None => assert_eq!(answer.status, 400, "{body}: {}", answer.text),
        }
    }
}

#[actix_web::test]
async fn an_auth_rule_decides_who_of_those_with_a_password_gets_in() {
    let app = start().await;
    let guest = app.guest();
    let id = guest.create("staff", sign_up("ann@example.com")).await.expect(200).id();
    sign_in(&guest, "staff", "ann@example.com", "a wrong password").await.expect(400);
    let refused = sign_in(&guest, "staff", "ann@example.com", PASSWORD).await.expect(403);
    assert_eq!(refused.at("/data"), json!({}));

    let root = app.superuser().await;
    sign_in(&root, "staff", "ann@example.com", PASSWORD).await.expect(200);
    root.patch(&super::record("staff", &id), json!({ "verified": true })).await.expect(200);
    sign_in(&guest, "staff", "ann@example.com", PASSWORD).await.expect(200);
}

#[actix_web::test]
async fn an_auth_rule_sees_the_caller_as_they_were_and_the_body() {
    let config = r#"
[collections.users]
type  = "auth"
rules = { read = "public", create = "public", auth = "@request.context = 'password' && @request.body.identity = email && @request.auth.id = '' && @request.query.door = 'front'" }
"#;
    let app = TestApp::with_config(config).await;
    app.guest().create("users", sign_up("ann@example.com")).await.expect(200);
    let path = format!("{PATH}?door=front");
    let body = json!({ "identity": "ann@example.com", "password": PASSWORD });
    let answer = app.guest().post(&path, body.clone()).await.expect(200);
    app.guest().post(PATH, body.clone()).await.expect(403);
    let ann = app.guest().with_token(answer.at("/token").as_str().unwrap());
    ann.post(&path, body).await.expect(403);
    // A refresh has another context.
    super::refresh(&ann, "users").await.expect(403);
}

#[actix_web::test]
async fn a_locked_auth_rule_lets_superusers_sign_others_in_and_nobody_else() {
    let config = r#"
[collections.users]
type  = "auth"
rules = { read = "public", create = "public", auth = "locked" }
"#;
    let app = TestApp::with_config(config).await;
    app.guest().create("users", sign_up("ann@example.com")).await.expect(200);
    sign_in(&app.guest(), "users", "ann@example.com", PASSWORD).await.expect(403);
    sign_in(&app.guest(), "users", "ann@example.com", "a wrong password").await.expect(400);
    let root = app.superuser().await;
    let answer = sign_in(&root, "users", "ann@example.com", PASSWORD).await.expect(200);
    let ann = app.guest().with_token(answer.at("/token").as_str().unwrap());
    super::refresh(&ann, "users").await.expect(403);
    assert_eq!(ann.get(&super::records("users")).await.expect(200).at("/totalItems"), json!(1));
}

#[actix_web::test]
async fn who_is_signed_in_can_sign_in_again() {
    let app = with_ann().await;
    let ann = app.guest().sign_in("users", "ann@example.com", PASSWORD).await;
    sign_in(&ann, "users", "ann@example.com", PASSWORD).await.expect(200);
    sign_in(&ann.with_token("rubbish"), "users", "ann@example.com", PASSWORD).await.expect(200);
}

#[actix_web::test]
async fn a_hash_of_bcrypt_lets_its_owner_in_and_becomes_one_of_argon2() {
    let app = with_ann().await;
    let ann = app.guest().sign_in("users", "ann@example.com", PASSWORD).await;
    let hash = bcrypt::hash(PASSWORD, 4).unwrap();
    let update = format!("UPDATE users SET password = '{hash}'");
    app.change(&update);
    sign_in(&app.guest(), "users", "ann@example.com", "a wrong password").await.expect(400);
    assert_eq!(app.database().column("users", "password"), [hash]);
    sign_in(&app.guest(), "users", "ann@example.com", PASSWORD).await.expect(200);
    assert!(app.database().column("users", "password")[0].starts_with("$argon2id$"));
    sign_in(&app.guest(), "users", "ann@example.com", PASSWORD).await.expect(200);
    assert!(super::is_signed_in(&ann).await, "a new hash of the same password ends no session");
}

#[actix_web::test]
async fn an_empty_hash_is_nobodys_password() {
    let app = with_ann().await;
    app.change("UPDATE users SET password = ''");
    for password in [PASSWORD, " ", "''"] {
        sign_in(&app.guest(), "users", "ann@example.com", password).await.expect(400);
    }
}

/// Letters that look alike, or that some ways of folding take for others, are other letters.
#[actix_web::test]
async fn a_name_that_looks_alike_is_somebody_elses() {
    let app = start().await;
    let body = sign_up_with("kim@example.com", json!({ "username": "kim", "nick": "Kim" }));
    let kim = app.guest().create("users", body).await.expect(200).id();
    sign_in(&app.guest(), "users", "KIM", PASSWORD).await.expect(200);
    let alike = [
        "\u{212a}im",  // the sign for kelvin, a k in lower case
        "k\u{131}m",   // i without a dot
        "K\u{130}M",   // I with one
        "k\u{456}m",   // Cyrillic
        "\u{ff4b}im",  // a wide k
        "ki\u{200b}m", // a space without width
        "kim\u{301}",  // with an accent
        "kim\0",
        " kim",
        "kim\u{202e}", // from right to left
    ];
    for name in alike {
        for identity in [name.to_owned(), format!("{name}@example.com")] {
            let answer = sign_in(&app.guest(), "users", &identity, PASSWORD).await;
            assert!(matches!(answer.status, 400 | 429), "{identity:?}: {}", answer.text);
            app.advance(std::time::Duration::from_secs(600));
        }
        // Whether or not an account may be called so, it is another one.
        let body = sign_up_with("other@example.com", json!({ "username": name }));
        let other = app.guest().create("users", body).await;
        if other.status == 200 {
            let answer = sign_in(&app.guest(), "users", name, PASSWORD).await.expect(200);
            assert_ne!(answer.at("/record/id"), json!(kim), "{name:?}");
            app.superuser().await.delete(&record("users", &other.id())).await.expect(204);
        }
    }
}
