//! Signing up, in and in again, and tying an account to a provider.

use serde_json::{Value, json};

use super::provider::Fault;
use super::{codes, exchange, holder, start};
use crate::harness::PASSWORD;

#[actix_web::test]
async fn the_first_time_makes_an_account_from_the_profile() {
    let world = start().await;
    let answer = world.arrive().await;
    let body = answer.json();
    let keys: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["record", "token", "meta"]);
    let record = &body["record"];
    for (field, value) in [
        ("email", json!("ann@example.com")),
        ("verified", json!(true)),
        ("name", json!("ann at home")),
        ("username", json!("ann")),
        ("home", json!("id of ann")),
        ("plan", json!("free")),
    ] {
        assert_eq!(record[field], value, "{field}");
    }
    let avatar = record["avatar"].as_str().unwrap();
    assert!(avatar.starts_with("picture_") && avatar.ends_with(".png"), "{avatar}");
    let file = format!("/api/files/users/{}/{avatar}", record["id"].as_str().unwrap());
    world.app.guest().get(&file).await.expect(200);

    let picture = format!("{}/picture.png", world.provider.url);
    let mut meta = body["meta"].clone();
    let raw = meta.as_object_mut().unwrap().remove("rawUser").unwrap();
    assert_eq!(
        meta,
        json!({
            "accessToken": "opens user", "avatarURL": picture, "avatarUrl": picture,
            "email": "ann@example.com", "expiry": "2026-01-01 01:00:00.000Z", "id": "id of ann",
            "isNew": true, "name": "ann at home", "refreshToken": "for later", "username": "ann",
        })
    );
    assert_eq!((&raw["sub"], &raw["aud"]), (&json!("id of ann"), &json!("app")));
    assert!(world.knows(&holder(&world, &answer)).await);
    assert_eq!(world.links(), ["oidc id of ann"]);
    let hashes = world.app.database().column("users", "password");
    assert!(hashes[0].starts_with("$argon2id$"), "{hashes:?}");
}

#[actix_web::test]
async fn accounts_that_sign_ins_make_are_limited_apart_from_sign_ins_and_records() {
    let world = start().await;
    let root = world.app.superuser().await;
    let rule = |label: &str, most: i64| json!({ "label": label, "audience": "", "duration": 60, "maxRequests": most });
    let rules = [rule("users:create", 1), rule("users:auth", 3)];
    let limits = json!({ "rateLimits": { "enabled": true, "rules": rules } });
    root.patch("/api/settings", limits).await.expect(200);
    world.arrive().await;
    world.arrive().await;
    world.provider.sign_in("bob", "bob@example.com");
    let before = world.app.state_digest();
    let refused = world.sign_in(&world.app.guest(), "users", "oidc").await.expect(429);
    assert_eq!(refused.header("retry-after"), Some("60"));
    assert_eq!(world.app.state_digest(), before);
    let body = json!({
        "email": "eve@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD,
    });
    world.app.guest().create("users", body.clone()).await.expect(200);
    world.app.guest().create("users", body).await.expect(429);
}

#[actix_web::test]
async fn the_next_time_finds_it_whatever_the_profile_says_by_then() {
    let world = start().await;
    let first = world.arrive().await;
    world.provider.state().person["email"] = json!("moved@example.com");
    world.provider.state().person["name"] = json!("Other");
    let second = world.arrive().await;
    assert_eq!(second.at("/record"), first.at("/record"), "nothing of the record changes");
    assert_eq!(
        (second.at("/meta/isNew"), second.at("/meta/email")),
        (json!(false), json!("moved@example.com"))
    );
    assert!(world.knows(&holder(&world, &first)).await, "older sessions go on");
    assert_eq!((world.app.count("users"), world.links().len()), (1, 1));
}

#[actix_web::test]
async fn a_provider_of_the_older_kind_does_as_well() {
    let world = start().await;
    world.provider.state().is_old = true;
    let answer = world.sign_in(&world.app.guest(), "users", "github").await.expect(200);
    assert_eq!(answer.at("/record/email"), json!("ann@example.com"), "from the list of addresses");
    assert_eq!((answer.at("/meta/id"), answer.at("/meta/expiry")), (json!("3000"), json!("")));
    assert_eq!(world.provider.asked("/token"), 2, "the header first, then the form");
    assert_eq!(world.links(), ["github 3000"]);
}

#[actix_web::test]
async fn without_pkce_and_with_a_profile_of_its_own_it_works_too() {
    let world = start().await;
    let answer = world.sign_in(&world.app.guest(), "users", "gitlab").await.expect(200);
    assert_eq!(answer.at("/record/username"), json!("ann"));
    let answer = world.sign_in(&world.app.guest(), "users", "oidc2").await.expect(200);
    assert_eq!(answer.at("/meta/isNew"), json!(false), "found by the address");
    assert_eq!(world.links(), ["gitlab 3000", "oidc2 id of ann"]);
    assert_eq!(world.provider.asked("/keys"), 0);
}

#[actix_web::test]
async fn an_address_that_the_token_leaves_out_is_asked_for() {
    let world = start().await;
    world.provider.state().claims = json!({ "email": null, "email_verified": null });
    let answer = world.arrive().await;
    assert_eq!(answer.at("/record/email"), json!("ann@example.com"));
    assert_eq!(world.provider.asked("/userinfo"), 1);
    // What is told about somebody else is worth nothing.
    world.provider.state().claims = json!({ "email": null, "sub": "bob" });
    let answer = world.sign_in(&world.app.guest(), "users", "oidc").await.expect(400);
    assert_eq!(answer.at("/data"), json!({}));
}

#[actix_web::test]
async fn what_is_sent_along_goes_before_the_profile() {
    let world = start().await;
    let grant = world.visit("users", "oidc").await;
    let data = json!({ "createData": {
        "name": "Annie", "username": "", "avatar": null, "plan": "paid", "emailVisibility": true,
        "password": PASSWORD, "passwordConfirm": PASSWORD,
    } });
    let answer = exchange(&world.app.guest(), "users", &grant, data).await.expect(200);
    let record = answer.at("/record");
    assert_eq!((&record["name"], &record["plan"]), (&json!("Annie"), &json!("paid")));
    assert_eq!((&record["username"], &record["avatar"]), (&json!(""), &json!("")));
    assert_eq!(record["home"], json!("id of ann"));
    assert_eq!(world.provider.asked("/picture.png"), 0);
    world.app.guest().sign_in("users", "ann@example.com", PASSWORD).await;
}

#[actix_web::test]
async fn another_address_is_not_verified() {
    let world = start().await;
    let grant = world.visit("users", "oidc").await;
    let data = json!({ "createData": { "email": "other@example.com" } });
    let answer = exchange(&world.app.guest(), "users", &grant, data).await.expect(200);
    assert_eq!(
        (answer.at("/record/email"), answer.at("/record/verified")),
        (json!("other@example.com"), json!(false))
    );
}

#[actix_web::test]
async fn nobody_is_kept_out_for_a_name_or_a_picture() {
    let world = start().await;
    world.arrive().await;
    let big = Fault::Answer(200, "image/png", "x".repeat(3000));
    world.provider.fail("/big.png", big);
    let moved = Fault::Answer(302, "image/gif", "GIF89a, it seems".to_owned());
    world.provider.fail("/moved.gif", moved);
    // Taken in another case, too short, and a picture that is none, too large, or away.
    for (number, (name, picture)) in [
        ("ANN", "/nothing.png".to_owned()),
        ("ab", "/userinfo".to_owned()),
        ("bea", "/.well-known/openid-configuration".to_owned()),
        ("cleo", "not an address".to_owned()),
        ("dora", "file:///etc/passwd".to_owned()),
        ("emma", "/big.png".to_owned()),
        ("fred", "/moved.gif".to_owned()),
    ]
    .into_iter()
    .enumerate()
    {
        world.provider.sign_in(&format!("person {number}"), &format!("p{number}@example.com"));
        let url = if picture.starts_with('/') {
            format!("{}{picture}", world.provider.url)
        } else {
            picture
        };
        world.provider.state().person["preferred_username"] = json!(name);
        world.provider.state().person["picture"] = json!(url);
        let answer = world.arrive().await;
        let kept = if name.len() > 2 && name != "ANN" { name } else { "" };
        assert_eq!(answer.at("/record/username"), json!(kept));
        assert_eq!(answer.at("/record/avatar"), json!(""), "{url}");
    }
}

#[actix_web::test]
async fn a_picture_may_be_an_address_in_a_field() {
    let world = start().await;
    let grant = world.visit("members", "oidc").await;
    let data = json!({ "createData": { "code": "welcome" } });
    let answer = exchange(&world.app.guest(), "members", &grant, data).await.expect(200);
    let url = format!("{}/picture.png", world.provider.url);
    assert_eq!(answer.at("/record/picture"), json!(url));
    assert_eq!(world.provider.asked("/picture.png"), 0);
}

#[actix_web::test]
async fn somebody_who_is_signed_in_ties_the_account_to_their_own() {
    let world = start().await;
    let bob = world.by_password("bob@example.com").await;
    let answer = world.sign_in(&bob, "users", "oidc").await.expect(200);
    assert_eq!(
        (answer.at("/record/id"), answer.at("/record/email")),
        (json!(bob.id()), json!("bob@example.com"))
    );
    assert_eq!(answer.at("/record/verified"), json!(false), "Ann's address is not Bob's");
    assert!(world.knows(&bob).await, "the password stays, and so does the session");
    world.app.guest().sign_in("users", "bob@example.com", PASSWORD).await;
    // The link goes before who is signed in.
    let cleo = world.by_password("cleo@example.com").await;
    let answer = world.sign_in(&cleo, "users", "oidc").await.expect(200);
    assert_eq!(answer.at("/record/id"), json!(bob.id()));
    assert_eq!((world.app.count("users"), world.links().len()), (2, 1));
}

#[actix_web::test]
async fn a_caller_of_another_collection_is_nobody_here() {
    let world = start().await;
    let root = world.app.superuser().await;
    let answer = world.sign_in(&root, "users", "oidc").await.expect(200);
    assert_eq!(answer.at("/meta/isNew"), json!(true));
}

#[actix_web::test]
async fn many_windows_of_one_person_make_one_account() {
    let world = start().await;
    let mut grants = Vec::new();
    for _ in 0..8 {
        grants.push(world.visit("users", "oidc").await);
    }
    let attempts = grants.iter().map(|grant| {
        let guest = world.app.guest();
        async move { exchange(&guest, "users", grant, json!({})).await }
    });
    let answers = futures_util::future::join_all(attempts).await;
    let ids: Vec<Value> =
        answers.iter().map(|answer| answer.clone().expect(200).at("/record/id")).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    let new = answers.iter().filter(|answer| answer.at("/meta/isNew") == json!(true)).count();
    assert_eq!((new, world.app.count("users"), world.links().len()), (1, 1, 1));
}

#[actix_web::test]
async fn expand_and_fields_shape_the_answer_and_a_form_is_read_too() {
    let world = start().await;
    let grant = world.visit("users", "oidc").await;
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs([
        ("provider", "oidc"),
        ("code", grant.code.as_str()),
        ("codeVerifier", grant.verifier.as_str()),
        ("redirectUrl", super::BACK),
    ]);
    let path = format!("{}?fields=record.email,meta.isNew", super::path("users"));
    let kind = "application/x-www-form-urlencoded";
    let answer = world.app.guest().raw("POST", &path, kind, form.finish().into()).await.expect(200);
    assert_eq!(
        answer.json(),
        json!({ "meta": { "isNew": true }, "record": { "email": "ann@example.com" } })
    );
}

#[actix_web::test]
async fn a_wrong_record_is_told_field_by_field() {
    let world = start().await;
    let before = world.app.state_digest();
    for (data, expected) in [
        (json!({ "plan": "none" }), "plan:invalid_value"),
        (json!({ "name": "n".repeat(41) }), "name:max_text_constraint"),
        (json!({ "verified": true }), "verified:values_mismatch"),
        (json!({ "password": PASSWORD }), "passwordConfirm:required"),
        (
            json!({ "password": "short", "passwordConfirm": "short" }),
            "password:min_text_constraint",
        ),
        (json!({ "email": "no address" }), "email:is_email"),
    ] {
        let grant = world.visit("users", "oidc").await;
        let more = json!({ "createData": data });
        let answer = exchange(&world.app.guest(), "users", &grant, more).await;
        assert_eq!((answer.status, codes(&answer).as_str()), (400, expected), "{data}");
        assert_eq!(world.app.state_digest(), before, "{data}");
    }
}
