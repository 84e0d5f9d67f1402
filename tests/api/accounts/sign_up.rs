//! Sign-up is a create under the create rule.

use serde_json::{Value, json};

use super::{codes, is_signed_in, record, records, sign_in, sign_up, sign_up_with, start};
use crate::harness::{PASSWORD, TestApp};

#[actix_web::test]
async fn whoever_may_create_an_account_gets_in_with_it() {
    let app = start().await;
    let body = sign_up_with("ann@example.com", json!({ "username": "Ann", "nick": "a" }));
    let made = app.guest().create("users", body).await.expect(200);
    let record = made.json();
    let keys: Vec<&str> = record.as_object().unwrap().keys().map(String::as_str).collect();
    // The address is the owner's to show; password and key are nobody's.
    let expected = [
        "collectionId",
        "collectionName",
        "created",
        "emailVisibility",
        "friend",
        "id",
        "nick",
        "role",
        "updated",
        "username",
        "verified",
    ];
    assert_eq!(keys, expected);
    assert_eq!((&record["verified"], &record["role"]), (&json!(false), &json!("reader")));

    let answer = sign_in(&app.guest(), "users", "ann@example.com", PASSWORD).await.expect(200);
    assert_eq!(answer.at("/record/id"), record["id"]);
    assert!(is_signed_in(&app.guest().with_token(answer.at("/token").as_str().unwrap())).await);
}

#[actix_web::test]
async fn who_may_not_create_an_account_leaves_nothing_behind() {
    let app = start().await;
    let guest = app.guest();
    let before = app.state_digest();
    let refused = guest.create("members", sign_up("ann@example.com")).await.expect(400);
    assert_eq!(refused.at("/data"), json!({}));
    guest.create("robots", sign_up("ann@example.com")).await.expect(403);
    guest.create("_superusers", sign_up("ann@example.com")).await.expect(403);
    guest.create("nothing", sign_up("ann@example.com")).await.expect(404);
    assert_eq!(app.state_digest(), before);

    let body = sign_up_with("ann@example.com", json!({ "code": "welcome" }));
    guest.create("members", body).await.expect(200);
    assert_eq!(app.count("members"), 1);
}

#[actix_web::test]
async fn a_wrong_sign_up_is_told_field_by_field_and_leaves_nothing_behind() {
    let app = start().await;
    let guest = app.guest();
    let taken = sign_up_with("ann@example.com", json!({ "username": "ann", "nick": "a" }));
    let id = guest.create("users", taken).await.expect(200).id();
    let staff = guest.create("staff", sign_up("staff@example.com")).await.expect(200).id();
    let long = "x".repeat(300);
    let cases: Vec<(Value, &str)> = vec![
        (json!({}), "password:required passwordConfirm:required"),
        (
            json!({ "password": "", "passwordConfirm": "" }),
            "password:required passwordConfirm:required",
        ),
        (json!({ "password": PASSWORD }), "passwordConfirm:required"),
        (
            json!({ "passwordConfirm": PASSWORD }),
            "password:required passwordConfirm:values_mismatch",
        ),
        (
            sign_up_with("b@example.com", json!({ "passwordConfirm": "another one" })),
            "passwordConfirm:values_mismatch",
        ),
        (sign_up_with("b@example.com", json!({ "verified": true })), "verified:values_mismatch"),
        // The checks of the sign-in fields come first and alone.
        (sign_up_with("no address", json!({ "verified": true })), "verified:values_mismatch"),
        (sign_up(""), "email:required"),
        (sign_up("no address"), "email:is_email"),
        (sign_up(&format!("{long}@example.com")), "email:is_email"),
        (sign_up("ann@example.com"), "email:not_unique"),
        (sign_up_with("b@example.com", json!({ "username": "ANN" })), "username:not_unique"),
        (sign_up_with("b@example.com", json!({ "nick": "a" })), "nick:not_unique"),
        (sign_up_with("b@example.com", json!({ "id": id })), "id:not_unique"),
        (sign_up_with("b@example.com", json!({ "id": staff })), "id:invalid_auth_id"),
        (sign_up_with("b@example.com", json!({ "id": "short" })), "id:min_text_constraint"),
    ];
    let before = app.state_digest();
    for (body, expected) in cases {
        let answer = guest.create("users", body.clone()).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text);
        assert_eq!(codes(&answer), expected, "{body}");
        assert_eq!(app.state_digest(), before, "{body}");
    }
}

#[actix_web::test]
async fn names_that_differ_in_case_only_are_two_unless_the_index_says_otherwise() {
    let app = start().await;
    let body = sign_up_with("ann@example.com", json!({ "nick": "a" }));
    app.guest().create("users", body).await.expect(200);
    let body = sign_up_with("Ann@example.com", json!({ "nick": "A" }));
    app.guest().create("users", body).await.expect(200);
    // Several accounts may be without a name.
    app.guest().create("users", sign_up("b@example.com")).await.expect(200);
    assert_eq!(app.count("users"), 3);
}

#[actix_web::test]
async fn what_only_the_server_sets_cannot_be_brought_along() {
    let app = start().await;
    let guest = app.guest();
    let key = "k".repeat(50);
    let body =
        sign_up_with("ann@example.com", json!({ "tokenKey": key, "tokenKey:autogenerate": "" }));
    guest.create("users", body).await.expect(200);
    let keys = app.database().column("users", "tokenKey");
    assert_eq!(keys.len(), 1);
    assert!(keys[0].len() >= 30 && keys[0] != key, "{keys:?}");
    let hashes = app.database().column("users", "password");
    assert!(hashes[0].starts_with("$argon2id$"), "{hashes:?}");

    let before = app.state_digest();
    let body = sign_up_with("b@example.com", json!({ "role": "admin" }));
    let refused = guest.create("users", body).await.expect(400);
    assert_eq!(refused.at("/data"), json!({}), "`role` is the server's");
    assert_eq!(app.state_digest(), before);
}

/// Passwords by length: what a guest and what a superuser is told.
#[actix_web::test]
async fn passwords_have_a_shortest_and_a_longest() {
    let app = start().await;
    let root = app.superuser().await;
    let cases = [
        ("x".repeat(7), "password:min_text_constraint"),
        ("ä".repeat(7), "password:min_text_constraint"),
        ("x".repeat(8), ""),
        ("x".repeat(71), ""),
        ("x".repeat(72), "password:max_text_constraint"),
        ("x".repeat(73), "password:invalid_value"),
        ("ä".repeat(36), ""),
        ("ä".repeat(37), "password:invalid_value"),
        ("€".repeat(24), ""),
        ("€".repeat(25), "password:invalid_value"),
        ("p".repeat(1024 * 1024), "password:invalid_value"),
    ];
    for (number, (password, expected)) in cases.into_iter().enumerate() {
        let email = format!("user{number}@example.com");
        let secrets = json!({ "password": password, "passwordConfirm": password });
        let (before, name) = (app.state_digest(), password.chars().take(5).collect::<String>());
        let name = format!("{} bytes of {name}", password.len());
        let answer = root.create("users", sign_up_with(&email, secrets.clone())).await;
        if expected.is_empty() {
            answer.expect(200);
            sign_in(&app.guest(), "users", &email, &password).await.expect(200);
            continue;
        }
        assert_eq!(answer.status, 400, "{name}: {}", answer.text);
        assert_eq!(codes(&answer), expected, "{name}");
        let answer = app.guest().create("users", sign_up_with(&email, secrets)).await.expect(400);
        // A value that no password can have is refused before anybody looks at fields, so guests
        // see no code for it (contract B 1.1).
        let guests = if expected.ends_with("invalid_value") { "" } else { expected };
        assert_eq!(codes(&answer), guests, "{name} by a guest");
        assert_eq!(app.state_digest(), before, "{name}");
    }
}

#[actix_web::test]
async fn without_a_config_file_users_are_the_contracts() {
    let app = TestApp::without_config().await;
    let guest = app.guest();
    let made =
        guest.create("users", sign_up_with("ann@example.com", json!({ "name": "Ann" }))).await;
    let made = made.expect(200);
    assert_eq!(made.at("/collectionId"), json!("_pb_users_auth_"));
    assert_eq!((made.at("/name"), made.at("/avatar")), (json!("Ann"), json!("")));
    guest.create("users", sign_up("bob@example.com")).await.expect(200);
    let (ann, id) = (guest.sign_in("users", "ann@example.com", PASSWORD).await, made.id());

    // Everybody sees, changes and deletes themselves alone.
    assert_eq!(guest.get(&records("users")).await.expect(200).at("/totalItems"), json!(0));
    assert_eq!(ann.get(&records("users")).await.expect(200).at("/totalItems"), json!(1));
    guest.get(&record("users", &id)).await.expect(404);
    assert_eq!(
        ann.get(&record("users", &id)).await.expect(200).at("/email"),
        json!("ann@example.com")
    );
    guest.patch(&record("users", &id), json!({ "name": "x" })).await.expect(404);
    ann.patch(&record("users", &id), json!({ "name": "Anna" })).await.expect(200);
    let answer = guest
        .create("users", sign_up_with("c@example.com", json!({ "name": "n".repeat(256) })))
        .await;
    assert_eq!(codes(&answer), "name:max_text_constraint");
    ann.delete(&record("users", &id)).await.expect(204);
    assert_eq!(app.count("users"), 1);
}

#[actix_web::test]
async fn with_a_config_file_only_declared_collections_are_there() {
    let app = TestApp::with_config("[collections.notes]\nfields = { text = \"text\" }\n").await;
    app.guest().get(&records("users")).await.expect(404);
    app.guest().get(&records("notes")).await.expect(403);
}

#[actix_web::test]
async fn of_many_at_once_with_one_address_one_gets_it() {
    let app = start().await;
    let attempts = (0..24).map(|_| {
        let guest = app.guest();
        async move { guest.create("users", sign_up("ann@example.com")).await }
    });
    let answers = futures_util::future::join_all(attempts).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "{answers:?}");
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!((answer.status, codes(answer).as_str()), (400, "email:not_unique"));
    }
    assert_eq!(app.count("users"), 1);
}

#[actix_web::test]
async fn an_address_is_shown_to_others_when_its_owner_says_so() {
    let app = start().await;
    let guest = app.guest();
    let body = sign_up_with("ann@example.com", json!({ "emailVisibility": true }));
    let shown = guest.create("users", body).await.expect(200);
    assert_eq!(shown.at("/email"), json!("ann@example.com"));
    guest.create("users", sign_up("bob@example.com")).await.expect(200);
    let bob = guest.sign_in("users", "bob@example.com", PASSWORD).await;
    let addresses = async |client: &crate::harness::Client| {
        let items = client.get(&records("users")).await.expect(200).at("/items");
        let items = items.as_array().unwrap().clone();
        items.iter().filter_map(|item| item.get("email").cloned()).collect::<Vec<Value>>()
    };
    assert_eq!(addresses(&guest).await, ["ann@example.com"]);
    assert_eq!(addresses(&bob).await.len(), 2);
    assert_eq!(addresses(&app.superuser().await).await.len(), 2);
}
