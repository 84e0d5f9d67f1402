use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use serde_json::json;

use super::*;
use crate::domain::caller::Caller;
use crate::domain::collection::{AuthOptions, CollectionKind};
use crate::domain::invalid::Invalid;
use crate::domain::record::Record;
use crate::domain::rules::{RequestInfo, Rule};
use crate::services::auth::password::{Credentials, sign_in};
use crate::services::auth::refresh::refresh;
use crate::services::test_app::TestApp;
use crate::services::test_records::{self, auth_record};
use crate::services::tokens::{Claims, Grant, Lifetime, issue};
use crate::store::records;

const PASSWORD: &str = "correct horse";
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// The collection `users` with options changed by `edit`.
fn users(edit: impl FnOnce(&mut AuthOptions)) -> Arc<Collection> {
    let mut users = Collection::clone(&test_records::auth_collection("users"));
    if let CollectionKind::Auth(options) = &mut users.kind {
        options.password_auth.identity_fields = vec!["username".to_owned(), "email".to_owned()];
        edit(options);
    }
    Arc::new(users)
}

/// An App with Ann in `users`, whose password is [`PASSWORD`].
async fn start(users: &Arc<Collection>) -> TestApp {
    let app = TestApp::start(vec![Arc::clone(users)]).await;
    let mut ann = auth_record(users, "u1abcdefghijklm");
    ann.set("password", app.app.passwords.hash(PASSWORD.to_owned()).await.unwrap().into());
    app.insert(ann).await;
    app
}

fn credentials(identity: &str, password: &str) -> Credentials {
    Credentials {
        identity: identity.to_owned(),
        password: password.to_owned(),
        identity_field: String::new(),
        address: HERE,
    }
}

async fn try_sign_in(app: &TestApp, credentials: Credentials) -> Result<SignedIn, Error> {
    let users = auth_collection(&app.app, "users")?;
    let entry = sign_in(&app.app, &users, credentials, RequestInfo::default()).await?;
    let Entry::SignedIn(signed_in) = entry else { panic!("a second factor: {entry:?}") };
    Ok(signed_in)
}

async fn stored(app: &TestApp) -> Record {
    app.app
        .store
        .read(|db| {
            let schema = db.schema();
            let users = schema.by_name("users").expect("the collection is there");
            records::by_id(db, users, "u1abcdefghijklm")
        })
        .await
        .unwrap()
        .unwrap()
}

fn codes(result: Result<SignedIn, Error>) -> Vec<(String, &'static str)> {
    let Err(Error::Invalid(errors)) = result else { panic!("expected field errors: {result:?}") };
    let code = |invalid: &Invalid| match invalid {
        Invalid::Fault(fault) => fault.code,
        Invalid::Nested(_) => "nested",
    };
    errors.iter().map(|(field, invalid)| (field.to_owned(), code(invalid))).collect()
}

#[actix_web::test]
async fn the_right_password_answers_the_record_with_its_address_and_a_token_that_holds() {
    let app = start(&users(|_| ())).await;
    let signed_in = try_sign_in(&app, credentials("ann@example.com", PASSWORD)).await.unwrap();
    let view = serde_json::to_value(&signed_in.record).unwrap();
    assert_eq!(view["email"], "ann@example.com");
    assert_eq!(view["collectionName"], "users");
    assert!(view.get("password").is_none() && view.get("tokenKey").is_none());
    let caller = session::caller_of(&app.app, &signed_in.token).await.unwrap();
    assert_eq!(caller.record().unwrap().id(), "u1abcdefghijklm");
    assert!(Claims::read(&signed_in.token).unwrap().refreshable);
}

#[actix_web::test]
async fn a_wrong_password_and_an_unknown_account_are_refused_alike() {
    let app = start(&users(|_| ())).await;
    let refused = [
        try_sign_in(&app, credentials("ann@example.com", "wrong")).await,
        try_sign_in(&app, credentials("bob@example.com", PASSWORD)).await,
        try_sign_in(&app, credentials("nobody", PASSWORD)).await,
    ];
    for result in refused {
        let Err(Error::BadRequest(text)) = result else { panic!("{result:?}") };
        assert_eq!(text, "Failed to authenticate.");
    }
}

#[actix_web::test]
async fn fields_are_all_checked_before_anything_is_looked_up() {
    let app = start(&users(|_| ())).await;
    let long = "x".repeat(256);
    let fields = |identity: &str, password: &str, field: &str| Credentials {
        identity_field: field.to_owned(),
        ..credentials(identity, password)
    };
    let pair = |name: &str, code| (name.to_owned(), code);
    let required = "validation_required";
    assert_eq!(
        codes(try_sign_in(&app, fields("", "", "verified")).await),
        [
            pair("identity", required),
            pair("identityField", "validation_in_invalid"),
            pair("password", required)
        ]
    );
    let length = "validation_length_out_of_range";
    assert_eq!(
        codes(try_sign_in(&app, fields(&long, &long, "")).await),
        [pair("identity", length), pair("password", length)]
    );
}

#[actix_web::test]
async fn identities_are_looked_up_in_the_fields_that_may_name_them() {
    let app = start(&users(|_| ())).await;
    let by = |identity: &str, field: &str| Credentials {
        identity_field: field.to_owned(),
        ..credentials(identity, PASSWORD)
    };
    for (identity, field, expected) in [
        ("ann@example.com", "", true),
        ("ann@example.com", "email", true),
        ("ann@example.com", "username", false),
        ("ANN@example.com", "", false),
        ("Ann", "", true),
        ("aNN", "", true),
        ("aNN", "username", true),
        ("Ann", "email", false),
    ] {
        let result = try_sign_in(&app, by(identity, field)).await;
        assert_eq!(result.is_ok(), expected, "{identity} {field}: {result:?}");
    }
}

#[actix_web::test]
async fn an_identity_field_without_its_index_lets_nobody_in() {
    let mut without = Collection::clone(&users(|_| ()));
    without.indexes.clear();
    let app = start(&Arc::new(without)).await;
    let result = try_sign_in(&app, credentials("ann@example.com", PASSWORD)).await;
    assert!(matches!(result, Err(Error::Internal(_))), "{result:?}");
}

#[actix_web::test]
async fn a_closed_way_in_is_forbidden_before_anything_else() {
    let app = start(&users(|options| options.password_auth.enabled = false)).await;
    let result = try_sign_in(&app, credentials("", "")).await;
    assert!(matches!(result, Err(Error::Forbidden)), "{result:?}");
    let open = methods::methods(&app.app, users(|_| ()).auth().unwrap()).await;
    assert_eq!((open.identity_fields.unwrap().len(), open.providers.is_none()), (2, true));
}

#[actix_web::test]
async fn the_auth_rule_decides_after_the_password() {
    for (rule, verified, expected) in [
        (Some(""), false, true),
        (Some("verified = true"), false, false),
        (Some("verified = true"), true, true),
        (Some("@request.context = 'password' && @request.body.identity = 'Ann'"), false, true),
        (Some("nonsense ="), true, false),
        (None, true, false),
    ] {
        let app = start(&users(|options| options.auth_rule = rule.map(Rule::new))).await;
        let (old, mut new) = (stored(&app).await, stored(&app).await);
        new.set("verified", verified.into());
        app.update(old, new).await;
        let users = auth_collection(&app.app, "users").unwrap();
        let request = |caller| RequestInfo {
            caller,
            body: Arc::new(json!({ "identity": "Ann" }).as_object().unwrap().clone()),
            ..RequestInfo::default()
        };
        let right = credentials("Ann", PASSWORD);
        let result = sign_in(&app.app, &users, right.clone(), request(Caller::guest())).await;
        match expected {
            true => assert!(result.is_ok(), "{rule:?} {result:?}"),
            false => assert!(matches!(result, Err(Error::Forbidden)), "{rule:?} {result:?}"),
        }
        let superuser = auth_record(&test_records::auth_collection("_superusers"), "r1");
        let superuser = Caller::signed_in(Arc::new(superuser));
        let bypass = sign_in(&app.app, &users, right, request(superuser)).await;
        assert!(bypass.is_ok(), "superusers let anybody in: {rule:?}");
        let wrong = sign_in(&app.app, &users, credentials("Ann", "x"), request(Caller::guest()));
        assert!(matches!(wrong.await, Err(Error::BadRequest(_))));
    }
}

#[actix_web::test]
async fn the_rule_says_who_needs_a_second_factor() {
    for (rule, expected) in [("verified = true", true), ("no =", false)] {
        let edit = |options: &mut AuthOptions| {
            options.mfa.enabled = true;
            options.mfa.rule = Rule::new(rule);
        };
        let app = start(&users(edit)).await;
        let result = try_sign_in(&app, credentials("Ann", PASSWORD)).await;
        assert_eq!(result.is_ok(), expected, "{rule}: {result:?}");
        assert!(matches!(result, Ok(_) | Err(Error::BadRequest(_))));
    }
}

#[actix_web::test]
async fn too_many_failures_close_the_account_for_the_right_password_too() {
    let app = start(&users(|_| ())).await;
    for _ in 0..10 {
        let result = try_sign_in(&app, credentials("Ann", "wrong")).await;
        assert!(matches!(result, Err(Error::BadRequest(_))), "{result:?}");
    }
    for password in ["wrong", PASSWORD] {
        let result = try_sign_in(&app, credentials("ann", password)).await;
        assert!(matches!(result, Err(Error::TooManyRequests { .. })), "{result:?}");
    }
    app.app.clock.advance(Duration::from_secs(600));
    assert!(try_sign_in(&app, credentials("Ann", PASSWORD)).await.is_ok());
}

#[actix_web::test]
async fn a_hash_of_bcrypt_is_replaced_at_sign_in_and_nobody_is_signed_out() {
    let app = start(&users(|_| ())).await;
    let (old, mut new) = (stored(&app).await, stored(&app).await);
    new.set("password", bcrypt::hash(PASSWORD, 4).unwrap().into());
    app.update(old, new.clone()).await;
    let token = issue(&new, Grant::File, Lifetime::Usual, app.app.clock.now()).unwrap();
    assert!(try_sign_in(&app, credentials("Ann", "wrong")).await.is_err());
    assert!(stored(&app).await.text("password").starts_with("$2"), "only the right one renews");
    assert!(try_sign_in(&app, credentials("Ann", PASSWORD)).await.is_ok());
    let renewed = stored(&app).await;
    assert!(renewed.text("password").starts_with("$argon2id$"));
    assert_eq!(renewed.text("tokenKey"), new.text("tokenKey"));
    let file = [crate::services::tokens::TokenKind::File];
    assert!(session::holder_of(&app.app, &token, &file).await.unwrap().is_some());
    assert!(try_sign_in(&app, credentials("Ann", PASSWORD)).await.is_ok());
}

#[actix_web::test]
async fn refreshing_renews_only_what_is_refreshable() {
    let app = start(&users(|_| ())).await;
    let ann = stored(&app).await;
    for refreshable in [true, false] {
        let grant = Grant::Auth { refreshable };
        let token = issue(&ann, grant, Lifetime::Usual, app.app.clock.now()).unwrap();
        let session = session::session_of(&app.app, &token).await.unwrap().unwrap();
        app.app.clock.advance(Duration::from_secs(60));
        let request = RequestInfo { caller: session.caller(), ..RequestInfo::default() };
        let renewed = refresh(&app.app, &session, &token, HERE, request).await.unwrap();
        assert_eq!(renewed.token != token, refreshable);
        let exp = |token: &str| Claims::read(token).unwrap().all["exp"].as_i64().unwrap();
        assert_eq!(exp(&renewed.token) - exp(&token), if refreshable { 60 } else { 0 });
    }
}

#[actix_web::test]
async fn refreshing_asks_the_auth_rule() {
    let app = start(&users(|options| options.auth_rule = Some(Rule::new("verified = true")))).await;
    let ann = stored(&app).await;
    let grant = Grant::Auth { refreshable: true };
    let token = issue(&ann, grant, Lifetime::Usual, app.app.clock.now()).unwrap();
    let session = session::session_of(&app.app, &token).await.unwrap().unwrap();
    let request = RequestInfo { caller: session.caller(), ..RequestInfo::default() };
    let result = refresh(&app.app, &session, &token, HERE, request).await;
    assert!(matches!(result, Err(Error::Forbidden)), "{result:?}");
}
