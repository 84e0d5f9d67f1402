//! HTTPS: the same application behind TLS, and plain HTTP that leads there.
//!
//! actix-web's own HTTPS has no bound on what one HTTP/2 connection may ask at a time, and hears of a
//! client that left when it next has something to say. So TLS and HTTP/2 are put together here, from the
//! same parts: [`connection`] takes a connection, [`http2`] speaks HTTP/2 on it, and HTTP/1.1 is
//! actix-web's.

mod connection;
mod http2;
mod redirect;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_http::HttpService;
use actix_server::Server;
use actix_service::{IntoServiceFactory, ServiceFactory, fn_factory, map_config};
use actix_web::dev::AppConfig;
use actix_web::middleware::DefaultHeaders;
use actix_web::web::Data;
use rustls::ServerConfig;
use tokio_rustls::TlsAcceptor;

pub use redirect::Target;

use crate::http::edge::Origins;
use crate::services::app::App;
use crate::services::certificates::Certificates;

/// A year: browsers come back over TLS alone (RFC 6797).
const ONLY_HTTPS: (&str, &str) = ("Strict-Transport-Security", "max-age=31536000");

/// What is served, and to whom.
pub struct Secure {
    /// The handles of the use cases.
    pub app: Data<App>,
    /// Origins that browsers may call from.
    pub origins: Data<Origins>,
    /// What handshakes are answered with.
    pub certificates: Arc<Certificates>,
    /// Where plain HTTP leads.
    pub target: Target,
    /// Whether browsers are told never to come without TLS again.
    pub only_https: bool,
}

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For the head of a request, and for a handshake.
    pub head: Duration,
    /// For requests in flight when the server stops, in seconds.
    pub drain: u64,
}

/// Serves HTTPS at one listener and leads there from the other.
///
/// # Errors
/// When the system refuses the listeners, or TLS cannot be set up.
pub fn serve(
    plain: TcpListener,
    secure: TcpListener,
    site: Secure,
    patience: Patience,
) -> io::Result<Server> {
    let address = secure.local_addr()?;
    let Secure { app, origins, certificates, target, only_https } = site;
    let tls = Arc::new(certificates.server_config().map_err(io::Error::other)?);
    let builder = Server::build().disable_signals().shutdown_timeout(patience.drain);
    let stopping = builder.graceful_shutdown_signal();
    let redirect = Data::new(redirect::Plain { target, certificates });
    let plain_application = {
        let (app, origins, stopping) = (app.clone(), origins.clone(), stopping.clone());
        move || {
            let application = redirect::application(app.clone(), origins.clone(), redirect.clone());
            let stopping = stopping.clone();
            HttpService::build()
                .client_request_timeout(patience.head)
                .graceful_shutdown_signal(move || {
                    let stopping = stopping.clone();
                    async move { stopping.notified().await }
                })
                .finish(map_config(application, |_| AppConfig::default()))
                .tcp()
        }
    };
    let secure_application = move || {
        let acceptor = TlsAcceptor::from(Arc::clone(&tls) as Arc<ServerConfig>);
        let (app, origins, stopping) = (app.clone(), origins.clone(), stopping.clone());
        fn_factory(move || {
            let application = crate::http::application(app.clone(), origins.clone());
            let headers = match only_https {
                true => DefaultHeaders::new().add(ONLY_HTTPS),
                false => DefaultHeaders::new(),
            };
            let application = application.wrap(headers).into_factory();
            let (acceptor, stopping) = (acceptor.clone(), stopping.clone());
            let clock = app.clock.clone();
            async move {
                let application = application.new_service(AppConfig::default()).await?;
                let application = Rc::new(application);
                connection::service(application, acceptor, stopping, clock, patience).await
            }
        })
    };
    let plain_name = format!("http-{}", plain.local_addr()?);
    let builder = builder.listen(plain_name, plain, plain_application)?;
    let builder = builder.listen(format!("https-{address}"), secure, secure_application)?;
    Ok(builder.run())
}

/// The address of a connection's other end.
type Peer = Option<SocketAddr>;
