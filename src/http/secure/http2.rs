//! HTTP/2 on one connection: requests of its streams go to the application, answers back, within bounds
//! that no client may choose. What a stream is for (realtime included) is the application's business.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;
use std::time::{Duration, UNIX_EPOCH};

use actix_http::error::PayloadError;
use actix_http::{Payload, Request};
use actix_server::GracefulShutdownSignal;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::http::header::{
    CONNECTION, CONTENT_LENGTH, HOST, HeaderName, HeaderValue, HttpDate, TRANSFER_ENCODING, UPGRADE,
};
use actix_web::http::{Method, StatusCode, Uri, Version};
use actix_web::{HttpResponse, rt};
use bytes::Bytes;
use futures_util::stream;
use h2::server::{Builder, Connection, SendResponse};
use h2::{Ping, PingPong, Reason, RecvStream, SendStream};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Sleep, sleep, timeout};

use super::Peer;
use super::connection::Answers;
use crate::services::clock::Clock;

/// Requests that one connection may have under way.
const STREAMS: u32 = 100;

/// Bytes of a request's head, as RFC 9113 10.5.1 counts them.
const HEAD: u32 = 64 * 1024;

/// Bytes of a body that a client may send before they are read: of one stream, and of all.
const WINDOW: u32 = 256 * 1024;
const WINDOWS: u32 = 1024 * 1024;

/// How often the other end is asked whether it is there; a connection without streams ends then.
const PULSE: Duration = Duration::from_secs(30);

/// How long it may take to answer that, and to make room for the next bytes of an answer.
const SILENCE: Duration = Duration::from_secs(30);

/// How many bytes of an answer are handed on at a time.
const PIECE: usize = 16 * 1024;

/// What requests of a connection are answered by.
pub(super) struct Site<A> {
    pub(super) application: Rc<A>,
    pub(super) clock: Clock,
    pub(super) peer: Peer,
}

/// What happens on a connection.
#[derive(Default)]
struct Activity {
    open: Cell<usize>,
    began: Cell<u64>,
}

/// A stream that is open until this is dropped.
struct Open(Rc<Activity>);

impl Activity {
    fn begin(self: &Rc<Self>) -> Open {
        self.open.set(self.open.get() + 1);
        self.began.set(self.began.get() + 1);
        Open(Rc::clone(self))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.set(self.0.open.get() - 1);
    }
}

/// Serves a connection to its end.
///
/// # Errors
/// When the client breaks the protocol, or is gone.
pub(super) async fn serve<T, A>(
    io: T,
    site: Site<A>,
    stopping: GracefulShutdownSignal,
) -> Result<(), h2::Error>
where
    T: AsyncRead + AsyncWrite + Unpin,
    A: Answers,
{
    let mut builder = Builder::new();
    builder
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEAD)
        .initial_window_size(WINDOW)
        .initial_connection_window_size(WINDOWS);
    let Ok(connection) = timeout(SILENCE, builder.handshake::<T, Bytes>(io)).await else {
        return Ok(());
    };
    let mut connection: Connection<T, Bytes> = connection?;
    let (site, activity) = (Rc::new(site), Rc::new(Activity::default()));
    let pulse = pulse(connection.ping_pong(), Rc::clone(&activity));
    let (mut pulse, mut stopping) = (pin!(pulse), pin!(stopping.notified()));
    // Set once the connection is to end: it does when its streams have.
    let mut ending: Option<Pin<Box<Sleep>>> = None;
    loop {
        let is_ending = ending.is_some();
        let overdue = async {
            match &mut ending {
                Some(ending) => ending.await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            accepted = connection.accept() => match accepted {
                None => return Ok(()),
                Some(accepted) => {
                    let (request, respond) = accepted?;
                    let open = activity.begin();
                    let site = Rc::clone(&site);
                    rt::spawn(async move {
                        if let Err(error) = answer(request, respond, &site).await {
                            tracing::debug!(%error, peer = ?site.peer, "an answer was cut off");
                        }
                        drop(open);
                    });
                }
            },
            end = &mut pulse, if !is_ending => match end {
                End::Idle => {
                    connection.graceful_shutdown();
                    ending = Some(Box::pin(sleep(SILENCE)));
                }
                End::Silent => return Ok(()),
            },
            () = &mut stopping, if !is_ending => {
                // Streams that are open are finished, and no more are taken.
                connection.graceful_shutdown();
                ending = Some(Box::pin(sleep(SILENCE)));
            }
            // Who does not take part in ending is left, unless something is still answered.
            () = overdue => match activity.open.get() {
                0 => return Ok(()),
                _ => ending = Some(Box::pin(sleep(SILENCE))),
            }
        }
    }
}

/// Why a connection should end.
enum End {
    /// Nothing is asked.
    Idle,
    /// Nobody is there.
    Silent,
}

async fn pulse(ping_pong: Option<PingPong>, activity: Rc<Activity>) -> End {
    let Some(mut ping_pong) = ping_pong else { return std::future::pending().await };
    loop {
        let began = activity.began.get();
        sleep(PULSE).await;
        if activity.open.get() == 0 && activity.began.get() == began {
            return End::Idle;
        }
        match timeout(SILENCE, ping_pong.ping(Ping::opaque())).await {
            Ok(Ok(_)) => {}
            Ok(Err(_)) | Err(_) => return End::Silent,
        }
    }
}

/// Answers one stream, unless the client does not want it any more.
async fn answer<A: Answers>(
    request: http::Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    site: &Site<A>,
) -> Result<(), h2::Error> {
    let is_head = request.method() == http::Method::HEAD;
    let Some(request) = into_actix(request, site.peer) else {
        respond.send_reset(Reason::PROTOCOL_ERROR);
        return Ok(());
    };
    let answer = site.application.call(request);
    let answer = tokio::select! {
        answer = answer => answer,
        _ = poll_fn(|context| respond.poll_reset(context)) => return Ok(()),
    };
    let response = answer.map_or_else(|error| error.error_response(), HttpResponse::from);
    let (response, body) = response.into_parts();
    let size = body.size();
    let is_whole = is_head || size.is_eof();
    let mut head = head(&response, size);
    let now = Duration::from_millis(site.clock.now().millis().unsigned_abs());
    if let Ok(date) = HttpDate::from(UNIX_EPOCH + now).to_string().parse() {
        head.headers_mut().entry(http::header::DATE).or_insert(date);
    }
    let mut stream = respond.send_response(head, is_whole)?;
    if is_whole { Ok(()) } else { send(body, &mut stream).await }
}

/// The request in the types of actix-web, which are of an older version; nothing when it cannot be said
/// in them.
fn into_actix(request: http::Request<RecvStream>, peer: Peer) -> Option<Request> {
    let (parts, body) = request.into_parts();
    let mut request = Request::with_payload(payload(body));
    let head = request.head_mut();
    head.method = Method::from_bytes(parts.method.as_str().as_bytes()).ok()?;
    head.uri = parts.uri.path_and_query()?.as_str().parse::<Uri>().ok()?;
    head.version = Version::HTTP_2;
    head.peer_addr = peer;
    for (name, value) in &parts.headers {
        let name = HeaderName::from_bytes(name.as_str().as_bytes()).ok()?;
        head.headers.append(name, HeaderValue::from_bytes(value.as_bytes()).ok()?);
    }
    // What HTTP/1.1 says in a header.
    if let Some(authority) = parts.uri.authority() {
        head.headers.insert(HOST, HeaderValue::from_str(authority.as_str()).ok()?);
    }
    Some(request)
}

/// The body of a request. Room for more of it is made as it is read.
fn payload(body: RecvStream) -> Payload {
    let chunks = stream::unfold(body, |mut body| async move {
        let chunk = match body.data().await? {
            Ok(chunk) => {
                let released = body.flow_control().release_capacity(chunk.len());
                released.map(|()| chunk)
            }
            Err(error) => Err(error),
        };
        let broken = |error: h2::Error| {
            PayloadError::Io(error.into_io().unwrap_or_else(|| {
                std::io::Error::new(std::io::ErrorKind::ConnectionReset, "the stream was reset")
            }))
        };
        Some((chunk.map_err(broken), body))
    });
    Payload::Stream { payload: Box::pin(chunks) }
}

/// The head of an answer, without what belongs to HTTP/1.1 alone.
fn head(response: &HttpResponse<()>, size: BodySize) -> http::Response<()> {
    let mut head = http::Response::new(());
    *head.status_mut() = status(response.status());
    let headers = head.headers_mut();
    for (name, value) in response.headers() {
        if [CONNECTION, TRANSFER_ENCODING, UPGRADE, CONTENT_LENGTH].contains(name) {
            continue;
        }
        let name = http::HeaderName::from_bytes(name.as_str().as_bytes());
        let value = http::HeaderValue::from_bytes(value.as_bytes());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    if let BodySize::Sized(length) = size {
        headers.insert(http::header::CONTENT_LENGTH, length.into());
    }
    head
}

fn status(status: StatusCode) -> http::StatusCode {
    http::StatusCode::from_u16(status.as_u16()).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR)
}

/// Sends a body as fast as the client takes it. One who leaves, or takes nothing for long, ends it.
async fn send(body: BoxBody, stream: &mut SendStream<Bytes>) -> Result<(), h2::Error> {
    let mut body = pin!(body);
    loop {
        let next = poll_fn(|context| {
            if stream.poll_reset(context).is_ready() {
                return Poll::Ready(None);
            }
            body.as_mut().poll_next(context).map(Some)
        });
        match next.await {
            // The client does not want it any more.
            None => return Ok(()),
            Some(None) => return stream.send_data(Bytes::new(), true),
            Some(Some(Ok(chunk))) => {
                if !send_chunk(chunk, stream).await? {
                    return Ok(());
                }
            }
            Some(Some(Err(error))) => {
                // The length that was promised cannot be kept: the client has to see that.
                tracing::error!(%error, "an answer broke off");
                stream.send_reset(Reason::INTERNAL_ERROR);
                return Ok(());
            }
        }
    }
}

/// Sends one chunk; `false` when the client takes no more.
async fn send_chunk(mut chunk: Bytes, stream: &mut SendStream<Bytes>) -> Result<bool, h2::Error> {
    while !chunk.is_empty() {
        stream.reserve_capacity(chunk.len().min(PIECE));
        match timeout(SILENCE, poll_fn(|context| stream.poll_capacity(context))).await {
            Ok(Some(room)) => stream.send_data(chunk.split_to(room?.min(chunk.len())), false)?,
            Ok(None) => return Ok(false),
            Err(_) => {
                stream.send_reset(Reason::CANCEL);
                return Ok(false);
            }
        }
    }
    Ok(true)
}
