//! Who sent a request, and the guards that routes ask (contract A 1.3, B 0.4).

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, HOST};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use crate::domain::caller::Caller;
use crate::domain::collection::Collection;
use crate::domain::rules::RequestInfo;
use crate::domain::time::Timestamp;
use crate::http::address::real_ip;
use crate::http::error::ApiError;
use crate::http::query::Query;
use crate::services::Error;
use crate::services::app::App;
use crate::services::auth::session;
use crate::services::superusers::require_known_address;
use crate::services::tokens::Session;

/// The sender of a request, for handlers to take as a parameter. Only a database that cannot be
/// asked makes it fail; whoever has no valid token is a guest.
#[derive(Debug, Clone)]
pub struct Sender {
    /// Who asks.
    pub caller: Caller,
    /// The token that says so, unless the caller is a guest.
    pub session: Option<Arc<Session>>,
}

/// A sender who is a superuser, for handlers to take as a parameter: nobody else gets to them.
#[derive(Debug, Clone)]
pub struct Superuser(pub Sender);

/// Put into the extensions of a request once it is known who sent it.
pub(in crate::http) struct Known(pub(in crate::http) Caller);

impl FromRequest for Sender {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let app = request.app_data::<Data<App>>().cloned();
        let request = request.clone();
        Box::pin(async move {
            let app =
                app.ok_or_else(|| Error::internal("the server was started without an App"))?;
            Ok(Self::seen(&app, &request).await?)
        })
    }
}

impl FromRequest for Superuser {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let sender = Sender::from_request(request, payload);
        Box::pin(async move {
            let sender = sender.await?;
            require_superuser(&sender.caller)?;
            Ok(Self(sender))
        })
    }
}

impl Sender {
    /// Whoever sent `request`, which is noted with it.
    ///
    /// # Errors
    /// `Forbidden` for superusers who come from elsewhere than they may, or when the database cannot be
    /// asked.
    pub async fn seen(app: &App, request: &HttpRequest) -> Result<Self, Error> {
        let sender = Self::of(app, token(request)).await?;
        if sender.caller.is_superuser() {
            require_known_address(app, real_ip(request)).await?;
        }
        if sender.session.is_some() {
            request.extensions_mut().insert(Known(sender.caller.clone()));
        }
        Ok(sender)
    }

    /// Whoever sends `token`.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn of(app: &App, token: Option<&str>) -> Result<Self, Error> {
        let session = match token {
            Some(token) => session::session_of(app, token).await?,
            None => None,
        };
        let caller = session.as_ref().map_or_else(Caller::guest, |session| session.caller());
        Ok(Self { caller, session })
    }
}

/// The token of a request: the whole `Authorization` header, less the word `Bearer` and one space.
pub fn token(request: &HttpRequest) -> Option<&str> {
    let header = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let token = match header.split_at_checked(7) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer ") => token,
        _ => header,
    };
    (!token.is_empty()).then_some(token)
}

/// Lets superusers pass.
///
/// # Errors
/// `Unauthenticated` for guests, `Forbidden` for everybody else.
pub fn require_superuser(caller: &Caller) -> Result<(), Error> {
    require_any(caller)?;
    if caller.is_superuser() { Ok(()) } else { Err(Error::Forbidden) }
}

/// Lets everybody pass who is signed in.
///
/// # Errors
/// `Unauthenticated` for guests.
pub fn require_any(caller: &Caller) -> Result<(), Error> {
    caller.record().map(|_| ()).ok_or(Error::Unauthenticated)
}

/// Lets records of `collection` pass, whatever its type; superusers are no exception.
///
/// # Errors
/// `Unauthenticated` for guests, `Forbidden` for everybody else.
pub fn require_same_collection(caller: &Caller, collection: &Collection) -> Result<(), Error> {
    let record = caller.record().ok_or(Error::Unauthenticated)?;
    if record.collection().id == collection.id { Ok(()) } else { Err(Error::Forbidden) }
}

/// What rules may know of a request, without a body: that is known later.
pub fn request_info(request: &HttpRequest, caller: Caller, now: Timestamp) -> RequestInfo {
    let mut headers = std::collections::BTreeMap::new();
    // `Host` says where a request goes, not who sends it or how: it is no header to a rule.
    for (name, value) in request.headers().iter().filter(|(name, _)| *name != HOST) {
        let value = || String::from_utf8_lossy(value.as_bytes()).into_owned();
        headers.entry(name.as_str().replace('-', "_")).or_insert_with(value);
    }
    RequestInfo {
        method: request.method().as_str().to_owned(),
        caller,
        query: Query::parse(request.query_string()).into_values(),
        headers,
        now,
        ..RequestInfo::default()
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;
    use crate::services::test_records::{auth_collection, auth_record};

    #[test]
    fn one_bearer_in_any_case_is_stripped() {
        let read = |header: &str| {
            let request = TestRequest::get().insert_header(("authorization", header));
            token(&request.to_http_request()).map(str::to_owned)
        };
        assert_eq!(read("a.b.c").as_deref(), Some("a.b.c"));
        assert_eq!(read("Bearer a.b.c").as_deref(), Some("a.b.c"));
        assert_eq!(read("bEARER a.b.c").as_deref(), Some("a.b.c"));
        assert_eq!(read("Bearer  a.b.c").as_deref(), Some(" a.b.c"));
        assert_eq!(read("Bearer a").as_deref(), Some("a"));
        assert_eq!(read("Bearera.b.c").as_deref(), Some("Bearera.b.c"));
        assert_eq!(read("Basic abc").as_deref(), Some("Basic abc"));
        assert_eq!(read(""), None);
        assert_eq!(token(&TestRequest::get().to_http_request()), None);
    }

    #[test]
    fn guards_refuse_guests_first_and_then_the_wrong_ones() {
        let (users, superusers) = (auth_collection("users"), auth_collection("_superusers"));
        let signed_in = |collection| Caller::signed_in(Arc::new(auth_record(collection, "a")));
        let (user, root) = (signed_in(&users), signed_in(&superusers));
        let guest = Caller::guest();
        assert!(matches!(require_superuser(&guest), Err(Error::Unauthenticated)));
        assert!(matches!(require_superuser(&user), Err(Error::Forbidden)));
        assert!(require_superuser(&root).is_ok());
        assert!(matches!(require_any(&guest), Err(Error::Unauthenticated)));
        assert!(require_any(&user).is_ok());
        let same = |caller| require_same_collection(caller, &users);
        assert!(matches!(same(&guest), Err(Error::Unauthenticated)));
        assert!(matches!(same(&root), Err(Error::Forbidden)));
        assert!(same(&user).is_ok());
    }

    #[test]
    fn rules_see_first_values_and_headers_by_their_folded_names() {
        let request = TestRequest::with_uri("/x?a=1&a=2&b=")
            .method(actix_web::http::Method::PATCH)
            .append_header(("X-My-Header", "one"))
            .append_header(("x-my-header", "two"))
            .append_header(("host", "example.com"))
            .to_http_request();
        let info = request_info(&request, Caller::guest(), Timestamp::from_millis(5));
        assert_eq!(info.method, "PATCH");
        assert_eq!(info.query["a"], "1");
        assert_eq!(info.query["b"], "");
        assert_eq!(info.headers["x_my_header"], "one");
        assert!(!info.headers.contains_key("host"));
        assert_eq!(info.now.millis(), 5);
    }
}
