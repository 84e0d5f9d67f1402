//! The address that a request came from, behind proxies that are trusted too (contract B 9.5).

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use actix_web::http::header::HeaderMap;
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpRequest};

use crate::domain::settings::TrustedProxy;
use crate::services::app::App;
use crate::services::settings::{self, Vantage};

/// Put into the extensions of a request that came through a proxy.
struct Forwarded(IpAddr);

/// The address that counts: what a trusted proxy says, else that of the connection.
pub fn real_ip(request: &HttpRequest) -> IpAddr {
    let forwarded = request.extensions().get::<Forwarded>().map(|forwarded| forwarded.0);
    forwarded.unwrap_or_else(|| peer(request))
}

/// The address of the connection.
pub fn peer(request: &HttpRequest) -> IpAddr {
    let peer = request.peer_addr().map(|address| address.ip().to_canonical());
    peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}

/// The address that would count under other settings.
pub(super) fn vantage(request: &HttpRequest) -> Vantage {
    let (headers, peer) = (request.headers().clone(), peer(request));
    Arc::new(move |settings| forwarded(&settings.trusted_proxy, &headers).unwrap_or(peer))
}

/// Notes what the proxies that the settings trust say of `request`. Where the settings cannot be read,
/// nobody is trusted.
pub(super) async fn note(request: &HttpRequest) {
    let Some(app) = request.app_data::<Data<App>>() else { return };
    let Ok(settings) = settings::current(app).await else { return };
    if let Some(address) = forwarded(&settings.trusted_proxy, request.headers()) {
        request.extensions_mut().insert(Forwarded(address));
    }
}

/// What the first header says that says something: of its last line the last address, which the nearest
/// proxy wrote, or the first one, which the client may have written itself.
fn forwarded(trusted: &TrustedProxy, headers: &HeaderMap) -> Option<IpAddr> {
    trusted.headers.iter().find_map(|name| {
        let line = headers.get_all(name).last()?.to_str().ok()?;
        let mut addresses = line.split(',').filter_map(|part| part.trim().parse::<IpAddr>().ok());
        let found = if trusted.use_leftmost_ip { addresses.next() } else { addresses.next_back() };
        found.map(|address| address.to_canonical())
    })
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn found(trusted: &[&str], leftmost: bool, lines: &[(&str, &str)]) -> String {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        let trusted = TrustedProxy {
            headers: trusted.iter().map(|name| (*name).to_owned()).collect(),
            use_leftmost_ip: leftmost,
        };
        forwarded(&trusted, &headers).map_or_else(String::new, |address| address.to_string())
    }

    #[test]
    fn the_last_address_of_the_last_line_counts() {
        let lines = [("X-Forwarded-For", "1.1.1.1"), ("x-forwarded-for", "2.2.2.2, 3.3.3.3 ,x")];
        assert_eq!(found(&["X-Forwarded-For"], false, &lines), "3.3.3.3");
        assert_eq!(found(&["X-Forwarded-For"], true, &lines), "2.2.2.2");
        assert_eq!(found(&[], false, &lines), "", "nobody is trusted unasked");
    }

    #[test]
    fn a_header_that_says_nothing_leaves_it_to_the_next() {
        let lines = [("A", "unknown, 1.2.3.4:80"), ("B", "::ffff:9.9.9.9"), ("C", "8.8.8.8")];
        assert_eq!(found(&["Z", "A", "B", "C"], false, &lines), "9.9.9.9");
        assert_eq!(found(&["A"], false, &lines), "");
        assert_eq!(found(&["", "\u{e4}", "B"], false, &lines), "9.9.9.9", "no names of headers");
    }
}
