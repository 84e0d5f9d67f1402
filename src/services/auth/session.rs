//! From the text of a token to who holds it (contract B 2.4).

use std::sync::Arc;

use crate::domain::caller::Caller;
use crate::domain::record::Record;
use crate::domain::time::Timestamp;
use crate::services::Error;
use crate::services::app::App;
use crate::services::auth::sessions;
use crate::services::tokens::{Claims, Session, TokenKind, is_signed_by};
use crate::store::{Db, StoreError, records, sessions as stored};

/// Who asks with `token`: a guest, unless it is an auth token that holds. What is wrong with a token
/// is never an error, the use case decides what a guest may do.
///
/// # Errors
/// When the database cannot be asked.
pub async fn caller_of(app: &App, token: &str) -> Result<Caller, Error> {
    Ok(session_of(app, token).await?.map_or_else(Caller::guest, |session| session.caller()))
}

/// The session of an auth token that holds, from memory where nothing has changed since.
///
/// # Errors
/// When the database cannot be asked.
pub async fn session_of(app: &App, token: &str) -> Result<Option<Arc<Session>>, Error> {
    let now = app.clock.now();
    let session = match app.callers.find(token, now) {
        Some(session) => session,
        None => match read_session(app, token).await? {
            Some(session) => session,
            None => return Ok(None),
        },
    };
    sessions::note_use(app, &session, now);
    Ok(Some(session))
}

async fn read_session(app: &App, token: &str) -> Result<Option<Arc<Session>>, Error> {
    let Some(claims) = claims_that_hold(app, token, &[TokenKind::Auth]) else { return Ok(None) };
    let ticket = app.callers.ticket(&claims.id);
    let Some(session) = verified(app, token, claims).await? else { return Ok(None) };
    let session = Arc::new(session);
    app.callers.keep(token, Arc::clone(&session), ticket);
    Ok(Some(session))
}

/// The record that a token of one of these kinds was made for, when the token holds.
///
/// # Errors
/// When the database cannot be asked.
pub async fn holder_of(
    app: &App,
    token: &str,
    kinds: &[TokenKind],
) -> Result<Option<Session>, Error> {
    match claims_that_hold(app, token, kinds) {
        Some(claims) => verified(app, token, claims).await,
        None => Ok(None),
    }
}

fn claims_that_hold(app: &App, token: &str, kinds: &[TokenKind]) -> Option<Claims> {
    let claims = Claims::read(token)?;
    (kinds.contains(&claims.kind) && claims.holds_at(app.clock.now())).then_some(claims)
}

async fn verified(app: &App, token: &str, claims: Claims) -> Result<Option<Session>, Error> {
    let wanted = claims.clone();
    let Some((record, used)) = app.store.read(move |db| holder(db, &wanted)).await? else {
        return Ok(None);
    };
    let signed = is_signed_by(token, &record, claims.kind);
    Ok(signed.then(|| Session::new(Arc::new(record), claims, used)))
}

/// The record that a token names, and when its session was used last if it belongs to one; nothing
/// when either is gone.
fn holder(db: &mut Db, claims: &Claims) -> Result<Option<(Record, Option<Timestamp>)>, StoreError> {
    let schema = db.schema();
    let collection = schema.find(&claims.collection).filter(|collection| collection.is_auth());
    let Some(collection) = collection else { return Ok(None) };
    let Some(record) = records::by_id(db, collection, &claims.id)? else { return Ok(None) };
    if claims.session.is_empty() {
        return Ok(Some((record, None)));
    }
    let session = stored::by_id(db, &claims.session)?;
    let own = session.filter(|session| {
        session.account.collection == collection.id && session.account.record == claims.id
    });
    Ok(own.map(|session| (record, Some(session.used))))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::collection::{Collection, CollectionKind};
    use crate::services::test_app::TestApp;
    use crate::services::test_records::{auth_collection, auth_record, base_collection};
    use crate::services::tokens::{Grant, Lifetime, issue};

    async fn app_with_user() -> (TestApp, Record, String) {
        let users = auth_collection("users");
        let app = TestApp::start(vec![Arc::clone(&users), base_collection("posts")]).await;
        let user = auth_record(&users, "u1abcdefghijklm");
        app.insert(user.clone()).await;
        let token = token_for(&app, &user);
        (app, user, token)
    }

    fn token_for(app: &TestApp, user: &Record) -> String {
        let grant = Grant::Auth { refreshable: true };
        issue(user, grant, Lifetime::Usual, app.app.clock.now()).unwrap()
    }

    async fn email_of(app: &TestApp, token: &str) -> Option<String> {
        let caller = caller_of(&app.app, token).await.unwrap();
        caller.record().map(|record| record.text("email").to_owned())
    }

    #[actix_web::test]
    async fn a_token_names_its_record_until_it_expires() {
        let (app, _, token) = app_with_user().await;
        for _ in 0..2 {
            assert_eq!(email_of(&app, &token).await.as_deref(), Some("ann@example.com"));
        }
        app.app.clock.advance(Duration::from_secs(432_000));
        assert_eq!(email_of(&app, &token).await, None);
    }

    #[actix_web::test]
    async fn a_change_shows_at_once_and_a_new_token_key_ends_the_session() {
        let (app, user, token) = app_with_user().await;
        assert!(email_of(&app, &token).await.is_some());
        let mut renamed = user.clone();
        renamed.set("email", "new@example.com".into());
        app.update(user, renamed.clone()).await;
        assert_eq!(email_of(&app, &token).await.as_deref(), Some("new@example.com"));
        let mut rotated = renamed.clone();
        rotated.set("tokenKey", "y".repeat(50).into());
        app.update(renamed, rotated.clone()).await;
        assert_eq!(email_of(&app, &token).await, None);
        assert!(email_of(&app, &token_for(&app, &rotated)).await.is_some());
    }

    #[actix_web::test]
    async fn a_removed_record_has_no_session() {
        let (app, user, token) = app_with_user().await;
        assert!(email_of(&app, &token).await.is_some());
        app.remove(user).await;
        assert_eq!(email_of(&app, &token).await, None);
    }

    #[actix_web::test]
    async fn a_new_secret_of_the_collection_ends_all_its_sessions() {
        let (app, user, token) = app_with_user().await;
        assert!(email_of(&app, &token).await.is_some());
        let mut users = Collection::clone(user.collection());
        if let CollectionKind::Auth(options) = &mut users.kind {
            options.auth_token.secret = "another secret of at least thirty".to_owned();
        }
        app.publish(vec![Arc::new(users)]).await;
        assert_eq!(email_of(&app, &token).await, None);
    }

    #[actix_web::test]
    async fn only_auth_tokens_make_a_session_and_each_kind_has_its_own_use() {
        let (app, user, _) = app_with_user().await;
        let file = issue(&user, Grant::File, Lifetime::Usual, app.app.clock.now()).unwrap();
        assert_eq!(email_of(&app, &file).await, None);
        let holder = |kinds: &'static [TokenKind]| holder_of(&app.app, &file, kinds);
        assert!(holder(&[TokenKind::File]).await.unwrap().is_some());
        assert!(holder(&[TokenKind::Auth, TokenKind::Verification]).await.unwrap().is_none());
    }

    #[actix_web::test]
    async fn tokens_for_what_is_not_there_make_guests() {
        let (app, user, token) = app_with_user().await;
        let stranger = auth_record(user.collection(), "nobody");
        let staff = auth_record(&auth_collection("staff"), "u1abcdefghijklm");
        let tampered = format!("{}A", &token[..token.len() - 1]);
        for token in [token_for(&app, &stranger), token_for(&app, &staff), tampered] {
            assert_eq!(email_of(&app, &token).await, None);
        }
        for text in ["", "x", "a.b.c", "Bearer"] {
            assert_eq!(email_of(&app, text).await, None);
        }
    }
}
