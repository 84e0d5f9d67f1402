//! Plain HTTP beside HTTPS: whoever comes is led on, but for who asks whether the server lives and for an
//! authority that asks about a name.

use std::sync::Arc;

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::header::{HOST, LOCATION};
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, Path};
use actix_web::{App as Application, HttpRequest, HttpResponse};
use url::Host;

use crate::http::edge::edge;
use crate::http::error::ApiError;
use crate::http::front::Front;
use crate::http::{at, get, health};
use crate::services::Error;
use crate::services::app::App;
use crate::services::certificates::Certificates;

/// The port that an `https` address without one means.
const USUAL_PORT: u16 = 443;

/// Where plain HTTP leads.
#[derive(Debug, Clone)]
pub struct Target {
    /// The names that there is a certificate for; empty is any.
    pub domains: Vec<String>,
    /// The port of HTTPS.
    pub port: u16,
}

/// What plain HTTP knows.
pub(super) struct Plain {
    pub(super) target: Target,
    pub(super) certificates: Arc<Certificates>,
}

pub(super) fn application(
    app: Data<App>,
    front: Front,
    plain: Data<Plain>,
) -> Application<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = actix_web::Error,
        InitError = (),
    >,
> {
    Application::new()
        .app_data(app)
        .app_data(front.origins)
        .app_data(front.patience)
        .app_data(plain)
        .service(at("/api/health").route(get().to(health::health)))
        .service(at("/.well-known/acme-challenge/{token}").route(get().to(challenge)))
        .default_service(web::to(lead_on))
        .wrap(from_fn(edge))
}

/// The answer to a challenge, which the authority comes for without TLS (RFC 8555 8.3).
async fn challenge(plain: Data<Plain>, token: Path<String>) -> Result<HttpResponse, ApiError> {
    let text = plain.certificates.challenges.text(&token).ok_or(ApiError(Error::NotFound))?;
    Ok(HttpResponse::Ok().content_type("application/octet-stream").body(text))
}

/// 308, which keeps method and body.
async fn lead_on(plain: Data<Plain>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let location = plain.target.location(host.unwrap_or_default(), path);
    let location = location.ok_or_else(|| ApiError(Error::bad_request("The host is missing.")))?;
    Ok(HttpResponse::PermanentRedirect().insert_header((LOCATION, location)).finish())
}

impl Target {
    /// Where a request for `path` at `host` is led. A host that there is no certificate for is led to the
    /// first that there is one for.
    fn location(&self, host: &str, path: &str) -> Option<String> {
        let asked = without_port(host).and_then(|host| Host::parse(host).ok());
        let asked = asked.map(|host| host.to_string());
        let host = match (asked, self.domains.first()) {
            (Some(asked), Some(_)) if self.domains.contains(&asked) => asked,
            (_, Some(first)) => first.clone(),
            (asked, None) => asked?,
        };
        let path = if path.starts_with('/') { path } else { "/" };
        Some(match self.port {
            USUAL_PORT => format!("https://{host}{path}"),
            port => format!("https://{host}:{port}{path}"),
        })
    }
}

fn without_port(host: &str) -> Option<&str> {
    let is_port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    match host.rsplit_once(':') {
        Some((name, port)) if is_port(port) && !name.is_empty() => Some(name),
        _ => Some(host).filter(|host| !host.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(domains: &[&str], port: u16, host: &str, path: &str) -> Option<String> {
        let domains = domains.iter().map(|&name| name.to_owned()).collect();
        Target { domains, port }.location(host, path)
    }

    #[test]
    fn without_domains_the_host_stays() {
        let to = |host: &str, path: &str| location(&[], 443, host, path);
        assert_eq!(to("a.example", "/x?y=1").as_deref(), Some("https://a.example/x?y=1"));
        assert_eq!(to("A.example:80", "/").as_deref(), Some("https://a.example/"));
        assert_eq!(to("[::1]:80", "/").as_deref(), Some("https://[::1]/"));
        assert_eq!(to("[::1]", "/").as_deref(), Some("https://[::1]/"));
        let other = location(&[], 8443, "192.0.2.1:8080", "/");
        assert_eq!(other.as_deref(), Some("https://192.0.2.1:8443/"));
        for bad in ["", ":80", "a b", "a/b", "me@a.example", "a.example\\b"] {
            assert_eq!(to(bad, "/"), None, "{bad}");
        }
    }

    #[test]
    fn with_domains_nobody_is_led_elsewhere() {
        let to = |host: &str| location(&["a.example", "www.a.example"], 443, host, "/x").unwrap();
        assert_eq!(to("www.a.example"), "https://www.a.example/x");
        for other in ["evil.example", "192.0.2.1", "", "a b"] {
            assert_eq!(to(other), "https://a.example/x", "{other}");
        }
    }

    #[test]
    fn a_path_never_becomes_a_host() {
        assert_eq!(location(&[], 443, "a.example", "*").as_deref(), Some("https://a.example/"));
        let twice = location(&[], 443, "a.example", "//evil.example");
        assert_eq!(twice.as_deref(), Some("https://a.example//evil.example"));
    }
}
