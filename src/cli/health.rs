//! `ferrobase health`: asks a running server whether it answers, so that containers and service
//! managers need no other program for it. Opens no database and reads no config.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::{Host, Url};

use crate::cli::options::HealthOptions;
use crate::cli::terminal::say;

/// Where a server listens that was told nothing else.
const USUAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8090);

/// Where one listens for plain HTTP that gets certificates for domains.
const USUAL_WITH_DOMAINS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 80);

/// Longest first line of an answer that is read.
const LONGEST_STATUS_LINE: u64 = 1024;

/// Why the server does not count as healthy. The texts are for people.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unhealthy {
    /// What was given is no address that can be asked.
    #[error("{0:?} is not the address of a server, such as http://127.0.0.1:8090.")]
    NoAddress(String),
    /// Nothing was answered.
    #[error("{url} cannot be reached: {source}.")]
    Unreachable {
        /// What was asked.
        url: Url,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The time was over.
    #[error("{url} did not answer within {} s.", patience.as_secs_f64())]
    Late {
        /// What was asked.
        url: Url,
        /// How long it had.
        patience: Duration,
    },
    /// What listens there is something else.
    #[error("{0} did not answer in HTTP.")]
    Foreign(Url),
    /// The server answered something else than 200.
    #[error("{url} answered {status}, not 200.")]
    Status {
        /// What was asked.
        url: Url,
        /// The answer's status with its words.
        status: String,
    },
}

/// Asks once and says so when the server is healthy.
///
/// # Errors
/// What is wrong with the server or with its address.
pub(super) async fn run(options: HealthOptions) -> Result<(), Unhealthy> {
    let base = match options.url {
        Some(text) => parse(text)?,
        None => {
            let usual = if options.domains.is_empty() { USUAL } else { USUAL_WITH_DOMAINS };
            own_address(options.http.unwrap_or(usual))?
        }
    };
    let url = health_of(base, options.live);
    let patience = options.timeout;
    let answer = async {
        match url.scheme() {
            "https" => ask_encrypted(&url).await,
            _ => ask(&url).await,
        }
    };
    let asked = timeout(patience, answer).await;
    let first_line = asked
        .map_err(|_| Unhealthy::Late { url: url.clone(), patience })?
        .map_err(|source| Unhealthy::Unreachable { url: url.clone(), source })?;
    match status(&first_line) {
        Some(status) if status.split(' ').next() == Some("200") => {
            say(&format!("{url} answered 200."));
            Ok(())
        }
        Some(status) => Err(Unhealthy::Status { url, status: status.to_owned() }),
        None => Err(Unhealthy::Foreign(url)),
    }
}

fn parse(text: String) -> Result<Url, Unhealthy> {
    match Url::parse(&text) {
        Ok(url)
            if matches!(url.scheme(), "http" | "https")
                && url.username().is_empty()
                && url.password().is_none()
                && url.query().is_none()
                && url.fragment().is_none() =>
        {
            Ok(url)
        }
        _ => Err(Unhealthy::NoAddress(text)),
    }
}

/// The address at which a server that listens on `listen` can be asked from the same machine: all
/// addresses include the loopback.
fn own_address(mut listen: SocketAddr) -> Result<Url, Unhealthy> {
    match listen.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => listen.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => listen.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    parse(format!("http://{listen}"))
}

/// A server behind a prefix of a proxy keeps the prefix.
fn health_of(mut base: Url, live: bool) -> Url {
    let path = format!("{}/api/health", base.path().trim_end_matches('/'));
    base.set_path(&path);
    base.set_query(live.then_some("live=true"));
    base
}

/// Sends the request and reads the first line of the answer, which holds the status. One request
/// without a body needs no HTTP client, and no dependency for it.
async fn ask(url: &Url) -> io::Result<Vec<u8>> {
    let mut stream = connect(url).await?;
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let request = format!(
        "GET {}{query} HTTP/1.1\r\nHost: {host}{port}\r\nUser-Agent: ferrobase/{}\r\n\
         Accept: application/json\r\nConnection: close\r\n\r\n",
        url.path(),
        env!("CARGO_PKG_VERSION"),
    );
    stream.write_all(request.as_bytes()).await?;
    let mut line = Vec::new();
    BufReader::new(stream.take(LONGEST_STATUS_LINE)).read_until(b'\n', &mut line).await?;
    Ok(line)
}

/// Asks over TLS, and checks the certificate as any client does. Answers a first line as [`ask`] does.
async fn ask_encrypted(url: &Url) -> io::Result<Vec<u8>> {
    // An error says that there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
    let client = client.build().map_err(|error| io::Error::other(innermost(&error)))?;
    let answer = client.get(url.clone()).send().await;
    let status = answer.map_err(|error| io::Error::other(innermost(&error)))?.status();
    Ok(format!("HTTP/1.1 {status}\r\n").into_bytes())
}

/// What the last cause of an error says; those before it repeat the address.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    innermost.to_string()
}

async fn connect(url: &Url) -> io::Result<TcpStream> {
    let port = url.port_or_known_default().unwrap_or(80);
    match url.host() {
        Some(Host::Ipv4(ip)) => TcpStream::connect((ip, port)).await,
        Some(Host::Ipv6(ip)) => TcpStream::connect((ip, port)).await,
        Some(Host::Domain(name)) => TcpStream::connect((name, port)).await,
        None => Err(io::Error::new(io::ErrorKind::InvalidInput, "the address names no host")),
    }
}

/// `200 OK` of `HTTP/1.1 200 OK`; nothing when this is no first line of an answer.
fn status(line: &[u8]) -> Option<&str> {
    let line = std::str::from_utf8(line).ok()?.strip_suffix('\n')?.trim_end();
    let status = line.strip_prefix("HTTP/1.")?.split_once(' ')?.1;
    let code = status.split(' ').next()?;
    let is_code = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit());
    is_code.then_some(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_listens_everywhere_is_asked_on_the_loopback() {
        let asked = |listen: &str| {
            health_of(own_address(listen.parse().unwrap()).unwrap(), false).as_str().to_owned()
        };
        assert_eq!(asked("0.0.0.0:8090"), "http://127.0.0.1:8090/api/health");
        assert_eq!(asked("[::]:9000"), "http://[::1]:9000/api/health");
        assert_eq!(asked("192.0.2.1:80"), "http://192.0.2.1/api/health");
    }

    #[test]
    fn a_prefix_stays_before_the_path() {
        let asked =
            |url: &str| health_of(parse(url.to_owned()).unwrap(), false).as_str().to_owned();
        assert_eq!(asked("http://localhost:8090"), "http://localhost:8090/api/health");
        assert_eq!(asked("http://localhost/"), "http://localhost/api/health");
        assert_eq!(asked("http://localhost/app/"), "http://localhost/app/api/health");
        let live = health_of(parse("http://localhost/app".to_owned()).unwrap(), true);
        assert_eq!(live.as_str(), "http://localhost/app/api/health?live=true");
    }

    #[test]
    fn only_the_first_line_of_an_answer_is_a_status() {
        assert_eq!(status(b"HTTP/1.1 200 OK\r\n"), Some("200 OK"));
        assert_eq!(status(b"HTTP/1.0 503 Service Unavailable\n"), Some("503 Service Unavailable"));
        assert_eq!(status(b"HTTP/1.1 204\r\n"), Some("204"));
        for other in
            ["", "HTTP/1.1 200 OK", "HTTP/1.1 2000 OK\n", "SSH-2.0-OpenSSH\r\n", "HTTP/1.1\n"]
        {
            assert_eq!(status(other.as_bytes()), None, "{other:?}");
        }
    }
}
