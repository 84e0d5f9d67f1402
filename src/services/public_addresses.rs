//! Asking addresses that strangers name, such as the picture of a profile: only hosts of the public
//! Internet are reached, whatever a name resolves to and wherever an answer redirects to. What an
//! operator writes down is trusted and does not come here.

use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::{Action, Attempt, Policy};
use reqwest::{Method, RequestBuilder};
use url::Url;

use crate::domain::addresses::{is_public, may_be_public};
use crate::services::BoxError;

/// Redirects that are followed, each checked as the first address is.
const MOST_REDIRECTS: usize = 5;

/// Whether a client goes where an answer sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redirects {
    /// A few times.
    Followed,
    /// Never: the redirect is the answer.
    Answered,
}

/// Whom a client may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reach {
    /// Hosts of the public Internet.
    #[default]
    Public,
    /// Any host: for tests, whose servers are on this machine.
    Anywhere,
}

/// The address is that of no public host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no host of the public Internet")]
pub struct NotPublic(String);

/// A client that reaches no further than it may.
#[derive(Debug, Clone)]
pub struct Outbound {
    client: reqwest::Client,
    reach: Reach,
}

impl Outbound {
    /// A client that gives up after `patience`.
    ///
    /// # Errors
    /// When the machine's certificates cannot be read.
    pub fn new(
        reach: Reach,
        patience: Duration,
        redirects: Redirects,
    ) -> Result<Self, reqwest::Error> {
        // A client takes the provider of the process and fails without one; another one is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let follow = match redirects {
            Redirects::Followed => Policy::custom(move |attempt| reach.follow(attempt)),
            Redirects::Answered => Policy::none(),
        };
        let client = reqwest::Client::builder().timeout(patience).no_proxy().redirect(follow);
        let client = match reach {
            Reach::Public => client.dns_resolver(PublicOnly),
            Reach::Anywhere => client,
        };
        Ok(Self { client: client.build()?, reach })
    }

    /// A request to `url`, if that is within reach as far as it shows.
    ///
    /// # Errors
    /// [`NotPublic`].
    pub fn request(&self, method: Method, url: Url) -> Result<RequestBuilder, NotPublic> {
        self.reach.check(&url)?;
        Ok(self.client.request(method, url))
    }
}

impl Reach {
    /// Refuses what is no address of the web, and hosts out of reach. Names are looked at when they
    /// are resolved.
    fn check(self, url: &Url) -> Result<(), NotPublic> {
        let is_of_web = matches!(url.scheme(), "http" | "https") && url.has_host();
        let is_within = is_of_web && (self == Self::Anywhere || may_be_public(url));
        if is_within { Ok(()) } else { Err(NotPublic(url.host_str().unwrap_or_default().into())) }
    }

    fn follow(self, attempt: Attempt<'_>) -> Action {
        if attempt.previous().len() > MOST_REDIRECTS {
            return attempt.error("there are too many redirects");
        }
        match self.check(attempt.url()) {
            Ok(()) => attempt.follow(),
            Err(error) => attempt.error(error),
        }
    }
}

/// What `place` holds, made on first use: a client reads the machine's certificates, and most servers
/// never ask anybody anything.
///
/// # Errors
/// When it cannot be made.
pub(super) fn made_once<T>(
    place: &OnceLock<T>,
    make: impl FnOnce() -> Result<T, reqwest::Error>,
) -> Result<&T, reqwest::Error> {
    match place.get() {
        Some(client) => Ok(client),
        None => {
            let client = make()?;
            Ok(place.get_or_init(|| client))
        }
    }
}

/// Resolves names to their public addresses alone. The connection goes to what was checked here, so
/// a name cannot mean something else a moment later.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err(BoxError::from(NotPublic(name.as_str().to_owned())));
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[test]
    fn addresses_are_checked_however_they_are_spelled() {
        let check = |url: &str| Reach::Public.check(&Url::parse(url).unwrap()).is_ok();
        for url in [
            "http://127.0.0.1/x",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://017700000001/",
            "http://[::1]/",
            "http://[::ffff:169.254.169.254]/",
            "file:///etc/passwd",
            "ftp://example.com/x",
            "data:text/plain,x",
        ] {
            assert!(!check(url), "{url}");
        }
        assert!(check("https://8.8.8.8/x") && check("http://example.com/x"));
        let local = Url::parse("http://127.0.0.1/x").unwrap();
        assert!(Reach::Anywhere.check(&local).is_ok());
        assert!(Reach::Anywhere.check(&Url::parse("file:///x").unwrap()).is_err());
    }

    /// Why a client that reaches public hosts alone does not get `url`.
    async fn refusal(url: &str) -> String {
        let outbound =
            Outbound::new(Reach::Public, Duration::from_secs(10), Redirects::Followed).unwrap();
        // Past the first check, as if the address were that of a public host.
        let error = outbound.client.get(url).send().await.unwrap_err();
        let mut text = error.to_string();
        let mut next = std::error::Error::source(&error);
        while let Some(cause) = next {
            text = format!("{text}: {cause}");
            next = cause.source();
        }
        text
    }

    #[actix_web::test]
    async fn a_name_of_this_machine_is_not_reached() {
        let text = refusal("http://localhost:9/x").await;
        assert!(text.contains("`localhost` is no host of the public Internet"), "{text}");
    }

    #[actix_web::test]
    async fn redirects_are_checked() {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = actix_web::rt::spawn(async move {
            for place in ["http://10.0.0.1/x", "http://localhost/x"] {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut head = [0; 1024];
                let _ = stream.read(&mut head).await.unwrap();
                let answer = format!(
                    "HTTP/1.1 302 Found\r\nLocation: {place}\r\nContent-Length: 0\r\n\
                     Connection: close\r\n\r\n"
                );
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        let url = format!("http://{address}/picture.png");
        for host in ["`10.0.0.1`", "`localhost`"] {
            let text = refusal(&url).await;
            assert!(text.contains(&format!("{host} is no host of the public")), "{text}");
        }
        serving.await.unwrap();
    }
}
