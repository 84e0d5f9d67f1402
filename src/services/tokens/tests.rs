use serde_json::json;

use super::*;
use crate::services::test_records::{auth_collection, auth_record, base_collection};

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_500);
const SECOND: i64 = 1_700_000_000;

fn user() -> Record {
    auth_record(&auth_collection("users"), "u1abcdefghijklm")
}

/// A token with these claims, signed with the user's own key.
fn signed(header: &Json, claims: &Json, record: &Record, kind: TokenKind) -> String {
    let part = |value: &Json| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let key = EncodingKey::from_secret(signing_key(record, kind).unwrap().as_bytes());
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
    format!("{message}.{signature}")
}

fn hs256() -> Json {
    json!({ "alg": "HS256", "typ": "JWT" })
}

fn claims(extra: Json) -> Json {
    let mut claims = json!({ "id": "u1abcdefghijklm", "collectionId": "users", "type": "auth" });
    let object = claims.as_object_mut().unwrap();
    object.extend(extra.as_object().unwrap().clone());
    claims
}

fn holds(extra: Json, now: Timestamp) -> bool {
    let token = signed(&hs256(), &claims(extra), &user(), TokenKind::Auth);
    Claims::read(&token).is_some_and(|claims| claims.holds_at(now))
}

#[test]
fn an_issued_token_says_what_the_contract_wants_and_verifies() {
    let user = user();
    let auth = Grant::Auth { refreshable: true };
    let token = issue(&user, auth, Lifetime::Usual, NOW).unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let decoded = |part| String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    assert_eq!(decoded(parts[0]), r#"{"alg":"HS256","typ":"JWT"}"#);
    assert_eq!(
        decoded(parts[1]),
        format!(
            r#"{{"collectionId":"{}","exp":{},"id":"u1abcdefghijklm","refreshable":true,"type":"auth"}}"#,
            user.collection().id,
            SECOND + 432_000
        )
    );
    assert_eq!(parts.len(), 3);
    assert!(is_signed_by(&token, &user, TokenKind::Auth));
    assert_eq!(token, issue(&user, auth, Lifetime::Usual, NOW).unwrap());
}

#[test]
fn each_kind_has_its_claims_and_its_secret() {
    let user = user();
    let minute = Lifetime::Of(Duration::from_secs(60));
    let grants = [
        (Grant::Auth { refreshable: false }, json!({ "refreshable": false })),
        (Grant::Verification, json!({ "email": "ann@example.com" })),
        (Grant::PasswordReset, json!({ "email": "ann@example.com" })),
        (
            Grant::EmailChange { new_email: "new@example.com" },
            json!({ "email": "ann@example.com", "newEmail": "new@example.com" }),
        ),
        (Grant::File, json!({})),
    ];
    for (grant, extra) in grants {
        let token = issue(&user, grant, minute, NOW).unwrap();
        let claims = Claims::read(&token).unwrap();
        let mut expected = json!({
            "id": "u1abcdefghijklm",
            "collectionId": user.collection().id,
            "type": grant.kind().as_str(),
            "exp": SECOND + 60,
        });
        expected.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        assert_eq!(Json::Object(claims.all.clone()), expected);
        for (other, _) in
            [(TokenKind::Auth, ()), (TokenKind::File, ()), (TokenKind::Verification, ())]
        {
            assert_eq!(
                is_signed_by(&token, &user, other),
                other == grant.kind(),
                "{grant:?} {other:?}"
            );
        }
    }
}

#[test]
fn a_token_expires_in_the_second_that_exp_names() {
    let moment = |seconds: i64, millis: i64| Timestamp::from_millis(seconds * 1_000 + millis);
    let exp = json!({ "exp": SECOND });
    assert!(holds(exp.clone(), moment(SECOND - 1, 999)));
    assert!(!holds(exp.clone(), moment(SECOND, 0)));
    assert!(!holds(exp, moment(SECOND + 60, 0)));
    assert!(!holds(json!({ "exp": -5 }), NOW));
    assert!(holds(json!({ "exp": SECOND as f64 + 1.9 }), moment(SECOND, 999)));
    assert!(holds(json!({ "exp": 1e300 }), NOW));
}

#[test]
fn without_exp_or_with_zero_it_never_expires_and_other_types_are_refused() {
    let far = Timestamp::from_millis(i64::MAX / 2);
    assert!(holds(json!({}), far));
    assert!(holds(json!({ "exp": 0 }), far));
    for wrong in [json!("1900000000"), json!(null), json!(true), json!([1_900_000_000_i64])] {
        assert!(!holds(json!({ "exp": wrong }), NOW));
        assert!(!holds(json!({ "nbf": wrong }), NOW));
        assert!(!holds(json!({ "iat": wrong }), NOW));
    }
}

#[test]
fn nbf_and_iat_are_honoured() {
    for claim in ["nbf", "iat"] {
        assert!(holds(json!({ claim: SECOND }), NOW));
        assert!(!holds(json!({ claim: SECOND + 1 }), NOW));
        assert!(holds(json!({ claim: 0 }), NOW));
    }
    assert!(!holds(json!({ "nbf": SECOND + 1, "iat": SECOND }), NOW));
}

#[test]
fn only_hs256_counts() {
    let user = user();
    let claims = claims(json!({}));
    for alg in ["none", "None", "HS384", "HS512", "RS256", "hs256", ""] {
        let token = signed(&json!({ "alg": alg, "typ": "JWT" }), &claims, &user, TokenKind::Auth);
        assert!(!is_signed_by(&token, &user, TokenKind::Auth), "{alg}");
        let unsigned = token.rsplit_once('.').unwrap().0;
        assert!(!is_signed_by(&format!("{unsigned}."), &user, TokenKind::Auth), "{alg}");
    }
    assert!(is_signed_by(
        &signed(&hs256(), &claims, &user, TokenKind::Auth),
        &user,
        TokenKind::Auth
    ));
}

#[test]
fn foreign_secrets_and_changed_bytes_do_not_count() {
    let user = user();
    let token = issue(&user, Grant::Auth { refreshable: true }, Lifetime::Usual, NOW).unwrap();
    let mut rotated = user.clone();
    rotated.set("tokenKey", "another".into());
    assert!(!is_signed_by(&token, &rotated, TokenKind::Auth));
    let stranger = auth_record(&auth_collection("staff"), "u1abcdefghijklm");
    assert!(!is_signed_by(&token, &stranger, TokenKind::Auth));
    for at in 0..token.len() {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        // The last character of a part has bits that are not used; the decoder refuses them set.
        assert!(!is_signed_by(&changed, &user, TokenKind::Auth), "byte {at}");
    }
    for broken in ["", ".", "..", "...", "a.b", "a.b.c", "a.b.c.d", "ä.ö.ü"] {
        assert!(Claims::read(broken).is_none());
        assert!(!is_signed_by(broken, &user, TokenKind::Auth));
    }
}

#[test]
fn claims_need_an_id_a_collection_and_a_known_type() {
    for (name, value) in [
        ("id", json!("")),
        ("id", json!(5)),
        ("collectionId", json!("")),
        ("collectionId", json!(null)),
        ("type", json!("")),
        ("type", json!("Auth")),
        ("type", json!("session")),
    ] {
        let token = signed(&hs256(), &claims(json!({ name: value })), &user(), TokenKind::Auth);
        assert!(Claims::read(&token).is_none(), "{name} {value}");
    }
    for list in [json!([]), json!("x"), json!(null)] {
        let token = signed(&hs256(), &list, &user(), TokenKind::Auth);
        assert!(Claims::read(&token).is_none());
    }
}

#[test]
fn nothing_is_signed_without_a_key() {
    let mut user = user();
    user.set("tokenKey", "".into());
    assert!(issue(&user, Grant::File, Lifetime::Usual, NOW).is_err());
    let base = Record::new(base_collection("posts"), vec![json!("x")]);
    assert!(issue(&base, Grant::File, Lifetime::Usual, NOW).is_err());
    assert!(!is_signed_by("a.b.c", &base, TokenKind::Auth));
}

proptest::proptest! {
    #[test]
    fn payloads_are_plain_base64_whatever_the_address(email in "\\PC{0,40}", id in "[ -~]{1,20}") {
        let mut user = auth_record(&auth_collection("users"), &id);
        user.set("email", email.as_str().into());
        let grant = Grant::EmailChange { new_email: "a?>~\x7f\u{1F600}@b" };
        let token = issue(&user, grant, Lifetime::Usual, NOW).unwrap();
        let payload = token.split('.').nth(1).unwrap();
        proptest::prop_assert!(!payload.contains(['-', '_']), "{}", payload);
        let claims = Claims::read(&token).unwrap();
        proptest::prop_assert_eq!(claims.text("email"), email);
        proptest::prop_assert_eq!(claims.text("newEmail"), "a?>~\x7f\u{1F600}@b");
        proptest::prop_assert_eq!(&claims.id, &id);
    }
}

mod callers {
    use std::sync::Arc;

    use super::*;
    use crate::domain::event::Event;

    fn session(record: &Record) -> (String, Arc<Session>) {
        let token = issue(record, Grant::Auth { refreshable: true }, Lifetime::Usual, NOW).unwrap();
        let claims = Claims::read(&token).unwrap();
        (token, Arc::new(Session::new(Arc::new(record.clone()), claims, None)))
    }

    fn updated(record: &Record) -> Event {
        Event::Updated { old: Arc::new(record.clone()), new: Arc::new(record.clone()) }
    }

    #[test]
    fn a_kept_session_is_found_until_it_expires() {
        let callers = Callers::default();
        let (token, session) = session(&user());
        assert!(callers.find(&token, NOW).is_none());
        callers.keep(&token, Arc::clone(&session), callers.ticket(session.record.id()));
        assert!(callers.find(&token, NOW).is_some());
        let end = Timestamp::from_millis((SECOND + 432_000) * 1_000);
        assert!(callers.find(&token, end.plus_millis(-1)).is_some());
        assert!(callers.find(&token, end).is_none());
    }

    #[test]
    fn a_change_of_the_record_ends_its_sessions_and_nobody_elses() {
        let callers = Callers::default();
        let other = auth_record(&auth_collection("users"), "u2abcdefghijklm");
        let (mine, my_session) = session(&user());
        let (theirs, their_session) = session(&other);
        for event in [updated(&user()), Event::Deleted(Arc::new(user()))] {
            callers.keep(&mine, Arc::clone(&my_session), callers.ticket(user().id()));
            callers.keep(&theirs, Arc::clone(&their_session), callers.ticket(other.id()));
            callers.on_events(&[Event::Created(Arc::new(user()))]);
            assert!(callers.find(&mine, NOW).is_some());
            callers.on_events(&[event]);
            assert!(callers.find(&mine, NOW).is_none());
            // The two ids may share a slot by chance; then the other one is read again too.
            if callers.ticket(user().id()) != callers.ticket(other.id()) {
                assert!(callers.find(&theirs, NOW).is_some());
            }
        }
    }

    #[test]
    fn a_change_of_the_schema_ends_all_sessions() {
        let callers = Callers::default();
        let (token, session) = session(&user());
        callers.keep(&token, Arc::clone(&session), callers.ticket(user().id()));
        callers.on_events(&[Event::SchemaChanged]);
        assert!(callers.find(&token, NOW).is_none());
    }

    #[test]
    fn a_read_that_began_before_a_change_is_never_believed() {
        for change in [updated(&user()), Event::SchemaChanged] {
            let callers = Callers::default();
            let (token, stale) = session(&user());
            let ticket = callers.ticket(user().id());
            callers.on_events(&[change]);
            callers.keep(&token, Arc::clone(&stale), ticket);
            assert!(callers.find(&token, NOW).is_none());
            callers.keep(&token, stale, callers.ticket(user().id()));
            assert!(callers.find(&token, NOW).is_some(), "what is read afterwards counts");
        }
    }

    /// Readers and a writer beside each other: `stored` plays the database, and once a change was
    /// told, no reader may be answered by what was stored before it.
    #[test]
    fn no_reader_sees_the_old_record_after_a_change_was_told() {
        use std::sync::atomic::{AtomicI64, Ordering};

        let callers = Callers::default();
        let (token, _) = session(&user());
        let claims = Claims::read(&token).unwrap();
        let (stored, told) = (AtomicI64::new(0), AtomicI64::new(0));
        let read = || {
            let record = Record::new(Arc::clone(user().collection()), {
                let mut record = user();
                record.set("email", stored.load(Ordering::SeqCst).to_string().into());
                record.values().to_vec()
            });
            Arc::new(Session::new(Arc::new(record), claims.clone(), None))
        };
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while told.load(Ordering::SeqCst) < 500 {
                        let floor = told.load(Ordering::SeqCst);
                        let session = callers.find(&token, NOW).unwrap_or_else(|| {
                            let ticket = callers.ticket(&claims.id);
                            let session = read();
                            callers.keep(&token, Arc::clone(&session), ticket);
                            session
                        });
                        let seen: i64 = session.record.text("email").parse().unwrap();
                        assert!(seen >= floor, "saw {seen} after {floor} was told");
                    }
                });
            }
            for version in 1..=500 {
                stored.store(version, Ordering::SeqCst);
                callers.on_events(&[updated(&user())]);
                told.store(version, Ordering::SeqCst);
            }
        });
    }
}
