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

use actix_http::HttpService;
use actix_server::Server;
use actix_service::{IntoServiceFactory, ServiceFactory, fn_factory, map_config};
use actix_web::dev::AppConfig;
use actix_web::middleware::DefaultHeaders;
use actix_web::rt::net::TcpStream;
use actix_web::web::Data;
use rustls::ServerConfig;
use tokio_rustls::TlsAcceptor;

pub use redirect::Target;

use crate::http::front::Front;
use crate::services::app::App;
use crate::services::certificates::Certificates;

/// A year: browsers come back over TLS alone (RFC 6797).
const ONLY_HTTPS: (&str, &str) = ("Strict-Transport-Security", "max-age=31536000");

/// What is served, and to whom.
pub struct Secure {
    /// The handles of the use cases.
    pub app: Data<App>,
    /// What is shown beside the API, and how patient the server is.
    pub front: Front,
    /// What handshakes are answered with.
    pub certificates: Arc<Certificates>,
    /// Where plain HTTP leads.
    pub target: Target,
    /// Whether browsers are told never to come without TLS again.
    pub only_https: bool,
}

/// Serves HTTPS at one listener and leads there from the other.
///
/// Requests in flight have `drain` seconds when the server stops.
///
/// # Errors
/// When the system refuses the listeners, or TLS cannot be set up.
pub fn serve(
    plain: TcpListener,
    secure: TcpListener,
    site: Secure,
    drain: u64,
) -> io::Result<Server> {
    let address = secure.local_addr()?;
    let Secure { app, front, certificates, target, only_https } = site;
    let limits = *front.connections.limits();
    let tls = Arc::new(certificates.server_config().map_err(io::Error::other)?);
    // More than are served, so that those who are refused are told.
    let most = limits.most.saturating_mul(2);
    let builder = Server::build().disable_signals().shutdown_timeout(drain);
    let builder = builder.max_concurrent_connections(most);
    let stopping = builder.graceful_shutdown_signal();
    let redirect = Data::new(redirect::Plain { target, certificates });
    let plain_application = {
        let (app, front, stopping) = (app.clone(), front.clone(), stopping.clone());
        move || {
            let application = redirect::application(app.clone(), front.clone(), redirect.clone());
            let connections = Arc::clone(&front.connections);
            let stopping = stopping.clone();
            HttpService::build()
                .client_request_timeout(limits.head)
                .keep_alive(limits.keep_alive)
                .on_connect_ext(move |socket: &TcpStream, extensions| {
                    connections.admit(socket, extensions);
                })
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
        let (app, front, stopping) = (app.clone(), front.clone(), stopping.clone());
        fn_factory(move || {
            let application = crate::http::application(app.clone(), front.clone());
            let headers = match only_https {
                true => DefaultHeaders::new().add(ONLY_HTTPS),
                false => DefaultHeaders::new(),
            };
            let application = application.wrap(headers).into_factory();
            let (acceptor, stopping) = (acceptor.clone(), stopping.clone());
            let (clock, connections) = (app.clock.clone(), Arc::clone(&front.connections));
            async move {
                let application = application.new_service(AppConfig::default()).await?;
                let application = Rc::new(application);
                connection::service(application, acceptor, stopping, clock, connections).await
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
