//! One connection of HTTPS: the handshake, and the protocol that it settled on.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_http::error::DispatchError;
use actix_http::{HttpService, Protocol, Request};
use actix_server::GracefulShutdownSignal;
use actix_service::{Service, ServiceFactory, fn_service};
use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use actix_web::rt::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::Peer;
use super::http2::{self, Site};
use crate::http::connections::Connections;
use crate::services::certificates::CHALLENGE_PROTOCOL;
use crate::services::clock::Clock;

/// Longest time that a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Takes connections of one thread.
pub(super) struct Acceptor<A, H> {
    application: Rc<A>,
    http1: Rc<H>,
    acceptor: TlsAcceptor,
    stopping: GracefulShutdownSignal,
    clock: Clock,
    connections: Arc<Connections>,
}

/// The application, as a service that both protocols call.
pub(super) trait Answers:
    Service<Request, Response = ServiceResponse<BoxBody>, Error = actix_web::Error, Future: 'static>
    + 'static
{
}

impl<S> Answers for S
where
    S: Service<Request, Response = ServiceResponse<BoxBody>, Error = actix_web::Error> + 'static,
    S::Future: 'static,
{
}

/// What takes connections, for one thread.
///
/// # Errors
/// Never.
pub(super) async fn service<A: Answers>(
    application: Rc<A>,
    acceptor: TlsAcceptor,
    stopping: GracefulShutdownSignal,
    clock: Clock,
    connections: Arc<Connections>,
) -> Result<impl Service<TcpStream, Response = (), Error = ()>, ()> {
    let answer = {
        let application = Rc::clone(&application);
        move |request: Request| {
            let answer = application.call(request);
            async move { answer.await.map_err(|error| error.error_response()) }
        }
    };
    let stop = stopping.clone();
    let (limits, known) = (*connections.limits(), Arc::clone(&connections));
    let http1 = HttpService::build()
        .client_request_timeout(limits.head)
        .keep_alive(limits.keep_alive)
        .on_connect_ext(move |stream: &TlsStream<TcpStream>, extensions| {
            known.admit(stream.get_ref().0, extensions);
        })
        // As without TLS: who closes their side is gone.
        .h1_allow_half_closed(false)
        .graceful_shutdown_signal(move || {
            let stop = stop.clone();
            async move { stop.notified().await }
        })
        .finish(fn_service(answer))
        .new_service(())
        .await?;
    let http1 = Rc::new(http1);
    Ok(Acceptor { application, http1, acceptor, stopping, clock, connections })
}

impl<A, H> Service<TcpStream> for Acceptor<A, H>
where
    A: Answers,
    H: Service<(TlsStream<TcpStream>, Protocol, Peer), Response = (), Error = DispatchError>
        + 'static,
{
    type Response = ();
    type Error = ();
    type Future = Pin<Box<dyn Future<Output = Result<(), ()>>>>;

    fn poll_ready(&self, _: &mut Context<'_>) -> Poll<Result<(), ()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&self, stream: TcpStream) -> Self::Future {
        let (application, http1) = (Rc::clone(&self.application), Rc::clone(&self.http1));
        let (acceptor, stopping) = (self.acceptor.clone(), self.stopping.clone());
        let (clock, connections) = (self.clock.clone(), Arc::clone(&self.connections));
        Box::pin(async move {
            // Nobody can be told before the handshake.
            let Some(held) = connections.admit_timed(&stream) else { return Ok(()) };
            let peer = stream.peer_addr().ok();
            // Small answers are whole: nothing is gained by waiting for more.
            let _ = stream.set_nodelay(true);
            let Some(stream) = handshake(acceptor, stream, peer).await else { return Ok(()) };
            match stream.get_ref().1.alpn_protocol() {
                Some(b"h2") => {
                    let site = Site { application, clock, peer };
                    if let Err(error) = http2::serve(stream, site, stopping).await {
                        tracing::debug!(%error, ?peer, "a connection ended");
                    }
                }
                // The handshake was all that was wanted.
                Some(protocol) if protocol == CHALLENGE_PROTOCOL => {}
                _ => {
                    // It is known to HTTP/1.1 with its requests.
                    drop(held);
                    if let Err(error) = http1.call((stream, Protocol::Http1, peer)).await {
                        tracing::debug!(%error, ?peer, "a connection ended");
                    }
                }
            }
            Ok(())
        })
    }
}

/// What scans the Internet fails here all the time, so it is no news.
async fn handshake(
    acceptor: TlsAcceptor,
    stream: TcpStream,
    peer: Option<SocketAddr>,
) -> Option<TlsStream<TcpStream>> {
    match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err(error)) => {
            tracing::debug!(%error, ?peer, "a handshake failed");
            None
        }
        Err(_) => {
            tracing::debug!(?peer, "a handshake took too long");
            None
        }
    }
}
