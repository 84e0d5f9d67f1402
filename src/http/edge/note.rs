//! Every answered request is counted and written down (contract B 7.1, 9.2). What this costs every request
//! pays.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::Method;
use actix_web::http::header::{HeaderName, REFERER, USER_AGENT};
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpRequest};

use crate::domain::Json;
use crate::domain::logs::{ERROR, INFO};
use crate::http::address::{peer, real_ip};
use crate::http::caller::Known;
use crate::http::edge::causes;
use crate::http::error::{ApiError, field_errors};
use crate::services::Error;
use crate::services::app::App;
use crate::services::logs::{self, Failure, RequestLog};
use crate::services::metrics::{self, Route};

/// What a route is known by to those who watch.
pub(in crate::http) struct Label {
    pattern: String,
    /// Whether a request that succeeds is not worth an entry.
    is_quiet: bool,
    counts: OnceCell<Arc<Route>>,
}

/// Routes whose successes are not written down: those that show logs and figures, that stay open, or that
/// a page is made of.
const QUIET: [&str; 4] = ["/api/logs", "/api/oauth2-redirect", "/metrics", "/_"];

/// Most letters of a method that are written down.
const METHOD_LENGTH: usize = 50;

/// Put into the extensions of an answer that is not worth an entry.
pub(in crate::http) struct Unnoted;

/// Put into the extensions of an answer that looks like a success and is none, for this reason.
pub(in crate::http) struct Concealed(pub(in crate::http) &'static str);

impl Label {
    /// The label of the route of this pattern.
    pub(in crate::http) fn new(pattern: &str) -> Self {
        let below = |path: &&str| {
            pattern.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        Self {
            pattern: pattern.to_owned(),
            is_quiet: QUIET.iter().any(below),
            counts: OnceCell::new(),
        }
    }
}

/// Counts an answer and writes it down, as far as the settings want it.
pub(super) async fn note(response: &ServiceResponse<BoxBody>, started: Instant) {
    let request = response.request();
    let Some(app) = request.app_data::<Data<App>>() else { return };
    let (took, status) = (started.elapsed(), response.status().as_u16());
    let label = request.app_data::<Label>();
    count(app, label, request.method(), status, took);
    let policy = logs::policy(app).await;
    let failure = || {
        let extensions = response.response().extensions();
        let concealed = extensions.get::<Concealed>().map(|concealed| concealed.0.to_owned());
        if let Some(error) = concealed {
            return Some(Failure { error, details: Json::Null });
        }
        let error = response.response().error()?;
        error.as_error::<ApiError>().map(failure)
    };
    let failure = failure();
    let is_failure = status >= 400 || failure.is_some();
    let is_wanted = policy.takes(if is_failure { ERROR } else { INFO });
    if is_wanted && (is_failure || !is_quiet(response, label)) {
        let extensions = request.extensions();
        let log = RequestLog {
            method: short(request.method().as_str(), METHOD_LENGTH),
            url: request.uri().path_and_query().map_or("", |url| url.as_str()),
            referer: &header(request, &REFERER),
            user_agent: &header(request, &USER_AGENT),
            status,
            took,
            caller: extensions.get::<Known>().map(|known| &known.0),
            user_ip: real_ip(request),
            remote_ip: peer(request),
            failure: failure.as_ref(),
        };
        app.logs.request(policy, &log);
    }
}

/// Whether a success of this kind is not worth an entry.
fn is_quiet(response: &ServiceResponse<BoxBody>, label: Option<&Label>) -> bool {
    let stays_open = |label: &Label| {
        label.pattern == "/api/realtime" && response.request().method() == Method::GET
    };
    label.is_some_and(|label| label.is_quiet || stays_open(label))
        || response.response().extensions().contains::<Unnoted>()
}

fn count(app: &App, label: Option<&Label>, method: &Method, status: u16, took: Duration) {
    let method = metrics::Method::of(method.as_str());
    match label {
        Some(label) => {
            let counts = label.counts.get_or_init(|| app.metrics.requests.route(&label.pattern));
            counts.count(method, status, took);
        }
        None => app.metrics.requests.unmatched().count(method, status, took),
    }
}

/// Counts and writes down a request whose handler panicked; of it there is only its first line left.
pub(super) async fn note_panic(app: &App, line: &str, took: Duration, error: &ApiError) {
    let (method, path) = line.split_once(' ').unwrap_or(("", line));
    let known = Method::from_bytes(method.as_bytes()).unwrap_or_default();
    count(app, None, &known, 500, took);
    let policy = logs::policy(app).await;
    let nowhere = std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);
    let failure = failure(error);
    let log = RequestLog {
        method: short(known.as_str(), METHOD_LENGTH),
        url: path,
        referer: "",
        user_agent: "",
        status: 500,
        took,
        caller: None,
        user_ip: nowhere,
        remote_ip: nowhere,
        failure: Some(&failure),
    };
    app.logs.request(policy, &log);
}

/// What went wrong: what the client was told, and what it was not.
fn failure(error: &ApiError) -> Failure {
    let details = match &error.0 {
        Error::Invalid(errors) => Json::Object(field_errors(errors)),
        Error::Unavailable(_) | Error::Internal(_) => Json::from(causes(&error.0)),
        _ => Json::Null,
    };
    Failure { error: error.0.to_string(), details }
}

fn header<'a>(request: &'a HttpRequest, name: &HeaderName) -> Cow<'a, str> {
    let Some(value) = request.headers().get(name) else { return Cow::default() };
    value.to_str().map_or_else(|_| String::from_utf8_lossy(value.as_bytes()), Cow::from)
}

/// The beginning of `text`.
fn short(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}
