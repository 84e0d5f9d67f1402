//! Reading a body off the wire, within its limit.

use std::io::ErrorKind;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_multipart::{Field, Multipart};
use actix_web::HttpRequest;
use actix_web::error::PayloadError;
use actix_web::http::Version;
use actix_web::http::header::{
    CONTENT_LENGTH, CONTENT_TYPE, Charset, ExtendedValue, TRANSFER_ENCODING,
};
use actix_web::web::{Data, Payload};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use tokio::time::{Sleep, sleep};
use url::form_urlencoded;

use crate::domain::Json;
use crate::http::body::form::Form;
use crate::http::body::tree::Budget;
use crate::http::body::{Body, Content, DEFAULT_LIMIT};
use crate::http::front::Patience;
use crate::services::Error;
use crate::services::blobs::{Spool, Spooled};
use crate::services::files::uploads::Received;

/// How long a client may take to send a body (contract B 9.4).
const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// The same for a body of any size, which a slow line may take a day for.
const LONG_PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);

/// Bytes of a body that have to come in the time that the server's [`Patience`] has for them.
const PROGRESS: usize = 16 << 10;

/// Parts of a form; more are not a form but an attack on whoever keeps them.
const MOST_PARTS: usize = 10_000;

/// Bytes of memory that the files of one body may hold; the others wait on the disk.
const FILES_IN_MEMORY: usize = 1 << 20;

/// Bytes of memory taken on the word of `Content-Length` alone.
const TRUSTED: u64 = 64 << 10;

/// What becomes of the files of a body.
#[derive(Clone, Copy)]
pub enum Intake<'a> {
    /// They are read and dropped.
    Drop,
    /// They are kept for whoever asks for them.
    Keep {
        /// Where they wait.
        spool: &'a Spool,
        /// The most bytes of a file under this key; of a larger one only the size is kept.
        most: &'a dyn Fn(&str) -> u64,
    },
}

/// Reads the body of `request`, at most `limit` bytes of it. Files in it are dropped.
///
/// # Errors
/// As [`read_with`].
pub async fn read(request: &HttpRequest, payload: Payload, limit: u64) -> Result<Body, Error> {
    read_with(request, payload, limit, Intake::Drop).await
}

/// The same, and what becomes of files is said by `intake`.
///
/// # Errors
/// `TooLarge` beyond the limit, by the length that was declared or by what really comes; `TooSlow` when
/// it trickles; `BadRequest` when the body or its content type cannot be read, `Unavailable` when its files cannot
/// be kept.
pub async fn read_with(
    request: &HttpRequest,
    payload: Payload,
    limit: u64,
    intake: Intake<'_>,
) -> Result<Body, Error> {
    refuse_declared(request, limit)?;
    let declared = declared_length(request)?;
    if declared == Some(0) {
        return Ok(Body::default());
    }
    let payload = Limited::new(request, payload, limit);
    let budget = Budget::of(limit);
    in_time(PATIENCE, read_content(request, payload, declared, (intake, budget))).await
}

/// Reads a multipart body whose files may have any size and take their time. All else in it is as short
/// as anywhere. Whoever may send one is known before.
///
/// # Errors
/// As [`read_with`], and `BadRequest` for every other kind of body.
pub async fn read_long(
    request: &HttpRequest,
    payload: Payload,
    intake: Intake<'_>,
) -> Result<Body, Error> {
    let header = request.headers().get(CONTENT_TYPE);
    let kind = header.and_then(|header| header.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("multipart/form-data") {
        return read_with(request, payload, DEFAULT_LIMIT, Intake::Drop).await;
    }
    let payload = Limited::new(request, payload, u64::MAX);
    let body = multipart(request, payload, intake, (Budget::of(DEFAULT_LIMIT), DEFAULT_LIMIT));
    in_time(LONG_PATIENCE, body).await
}

async fn in_time(
    patience: Duration,
    body: impl Future<Output = Result<Body, Error>>,
) -> Result<Body, Error> {
    tokio::time::timeout(patience, body).await.unwrap_or(Err(Error::TooSlow))
}

/// Refuses a body that is longer than `limit` by its own word, before anything else is looked at.
///
/// # Errors
/// `TooLarge`, or `BadRequest` when the length cannot be read.
pub fn refuse_declared(request: &HttpRequest, limit: u64) -> Result<(), Error> {
    if declared_length(request)?.is_some_and(|length| length > limit) {
        return Err(Error::TooLarge);
    }
    Ok(())
}

fn declared_length(request: &HttpRequest) -> Result<Option<u64>, Error> {
    let Some(header) = request.headers().get(CONTENT_LENGTH) else { return Ok(None) };
    let length = header.to_str().ok().and_then(|text| text.parse().ok());
    length.map(Some).ok_or_else(|| Error::bad_request("Content-Length is not a number."))
}

async fn read_content(
    request: &HttpRequest,
    payload: Limited,
    declared: Option<u64>,
    (intake, budget): (Intake<'_>, Budget),
) -> Result<Body, Error> {
    let header = request.headers().get(CONTENT_TYPE);
    let kind = header.and_then(|header| header.to_str().ok()).unwrap_or_default();
    if kind.starts_with("multipart/form-data") {
        return multipart(request, payload, intake, (budget, u64::MAX)).await;
    }
    let bytes = all(payload, declared.unwrap_or_default()).await?;
    if bytes.is_empty() && !is_chunked(request) {
        return Ok(Body::default());
    }
    if kind.starts_with("application/json") {
        return json(&bytes, budget);
    }
    if kind.starts_with("application/x-www-form-urlencoded") {
        return urlencoded(&bytes, budget);
    }
    Err(Error::bad_request(
        "The request body has no content type that can be read: send application/json, \
         multipart/form-data or application/x-www-form-urlencoded.",
    ))
}

/// Whether an empty body was announced as one with content. HTTP/2 announces nothing.
fn is_chunked(request: &HttpRequest) -> bool {
    request.version() < Version::HTTP_2 && request.headers().contains_key(TRANSFER_ENCODING)
}

async fn all(mut payload: Limited, declared: u64) -> Result<Bytes, Error> {
    let mut bytes = BytesMut::with_capacity(declared.min(TRUSTED) as usize);
    while let Some(chunk) = payload.next().await {
        bytes.extend_from_slice(&chunk.map_err(|err| payload_error(&err))?);
    }
    Ok(bytes.freeze())
}

fn json(bytes: &[u8], mut budget: Budget) -> Result<Body, Error> {
    match budget.read(bytes) {
        Ok(Json::Object(values)) => Ok(Body { content: Content::Json(values), files: Vec::new() }),
        Ok(Json::Null) => Ok(Body::default()),
        Ok(_) => Err(Error::bad_request("The request body must be a JSON object.")),
        Err(err) => {
            Err(Error::bad_request(format!("The request body cannot be read as JSON: {err}")))
        }
    }
}

fn urlencoded(bytes: &[u8], mut budget: Budget) -> Result<Body, Error> {
    let mut escapes = bytes.split(|byte| *byte == b'%').skip(1);
    if !escapes.all(|rest| rest.get(..2).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))) {
        return Err(Error::bad_request(
            "The request body has a % that two hexadecimal digits do not follow.",
        ));
    }
    let mut form = Form::default();
    for (number, (key, text)) in form_urlencoded::parse(bytes).enumerate() {
        refuse_too_many(number)?;
        form.push(key.into_owned(), text.into_owned(), &mut budget)?;
    }
    Ok(Body { content: Content::Form(form), files: Vec::new() })
}

async fn multipart(
    request: &HttpRequest,
    payload: Limited,
    intake: Intake<'_>,
    (mut budget, mut left): (Budget, u64),
) -> Result<Body, Error> {
    let mut parts = Multipart::new(request.headers(), payload);
    let (mut form, mut files, mut number) = (Form::default(), Vec::new(), 0);
    let mut memory = FILES_IN_MEMORY;
    while let Some(part) = parts.next().await {
        let part = part.map_err(|err| multipart_error(&err))?;
        refuse_too_many(number)?;
        number += 1;
        let (key, name) = names(&part);
        match name {
            Some(name) => {
                let content = file(part, &key, intake, memory).await?;
                memory -= content.memory();
                files.push(Received { key, name, content });
            }
            None => {
                let text = text(part, left).await?;
                left -= text.len() as u64;
                form.push(key, text, &mut budget)?;
            }
        }
    }
    Ok(Body { content: Content::Form(form), files })
}

/// The key of a part and, when it is a file, the name of that. Browsers send an empty file name
/// where no file was chosen: that is no file.
fn names(part: &Field) -> (String, Option<String>) {
    let file = part.content_disposition().and_then(|disposition| {
        let extended = disposition.get_filename_ext().and_then(utf8);
        extended.or_else(|| disposition.get_filename().map(str::to_owned))
    });
    let file = file.filter(|name| !name.is_empty());
    (part.name().unwrap_or_default().to_owned(), file)
}

/// The text of `filename*`, which says how it is encoded (RFC 8187).
fn utf8(value: &ExtendedValue) -> Option<String> {
    let readable = matches!(value.charset, Charset::Us_Ascii)
        || value.charset.to_string().eq_ignore_ascii_case("utf-8");
    readable.then(|| String::from_utf8(value.value.clone()).ok()).flatten()
}

async fn file(
    mut part: Field,
    key: &str,
    intake: Intake<'_>,
    memory: usize,
) -> Result<Spooled, Error> {
    let mut writer = match intake {
        Intake::Drop => Spool::nowhere(),
        Intake::Keep { spool, most } => spool.writer(most(key), memory),
    };
    while let Some(chunk) = part.next().await {
        writer.write(&chunk.map_err(|err| multipart_error(&err))?).await?;
    }
    Ok(writer.finish().await?)
}

/// A text of at most `most` bytes.
async fn text(mut part: Field, most: u64) -> Result<String, Error> {
    let mut bytes = Vec::new();
    while let Some(chunk) = part.next().await {
        bytes.extend_from_slice(&chunk.map_err(|err| multipart_error(&err))?);
        if bytes.len() as u64 > most {
            return Err(Error::TooLarge);
        }
    }
    String::from_utf8(bytes)
        .map_err(|_| Error::bad_request("A text part of the request body is not UTF-8."))
}

fn refuse_too_many(parts: usize) -> Result<(), Error> {
    if parts < MOST_PARTS {
        return Ok(());
    }
    Err(Error::bad_request(format!("The request body has more than {MOST_PARTS} parts.")))
}

fn multipart_error(err: &actix_multipart::MultipartError) -> Error {
    match err {
        actix_multipart::MultipartError::Payload(err) => payload_error(err),
        err => Error::bad_request(format!("The request body is not valid multipart: {err}")),
    }
}

fn payload_error(err: &PayloadError) -> Error {
    match err {
        PayloadError::Overflow => Error::TooLarge,
        PayloadError::Io(error) if error.kind() == ErrorKind::TimedOut => Error::TooSlow,
        err => Error::bad_request(format!("The request body could not be read: {err}")),
    }
}

/// A payload that fails once it is longer than it may be, or slower: who sends a byte now and then would
/// hold a connection, and what was sent of the body, for as long as a body may take.
struct Limited {
    payload: Payload,
    left: u64,
    patience: Duration,
    /// Bytes since the time was last taken.
    since: usize,
    /// Runs while there is nothing to read.
    timer: Option<Pin<Box<Sleep>>>,
}

impl Limited {
    fn new(request: &HttpRequest, payload: Payload, left: u64) -> Self {
        let patience = request.app_data::<Data<Patience>>().map(|patience| patience.body);
        let patience = patience.unwrap_or(Patience::default().body);
        Self { payload, left, patience, since: 0, timer: None }
    }

    fn poll_timer(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(self.patience)));
        timer.as_mut().poll(context)
    }
}

impl Stream for Limited {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = self.payload.poll_next_unpin(context);
        match &next {
            Poll::Ready(Some(Ok(chunk))) => {
                match self.left.checked_sub(chunk.len() as u64) {
                    Some(left) => self.left = left,
                    None => return Poll::Ready(Some(Err(PayloadError::Overflow))),
                }
                self.since += chunk.len();
                if self.since >= PROGRESS {
                    (self.since, self.timer) = (0, None);
                }
            }
            Poll::Pending if self.poll_timer(context).is_ready() => {
                let late = std::io::Error::from(ErrorKind::TimedOut);
                return Poll::Ready(Some(Err(PayloadError::Io(late))));
            }
            _ => {}
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use actix_web::FromRequest;
    use actix_web::test::TestRequest;
    use futures_util::stream;

    use super::*;

    #[actix_web::test]
    async fn a_body_that_never_ends_is_given_up() {
        let never = in_time(Duration::from_millis(1), std::future::pending()).await;
        assert!(matches!(never, Err(Error::TooSlow)), "{never:?}");
    }

    type BoxedPayloadStream = Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>>;

    #[actix_web::test]
    async fn a_body_that_does_not_arrive_is_given_up() {
        for kind in ["application/json", "multipart/form-data; boundary=x"] {
            let request = TestRequest::post().insert_header(("content-type", kind));
            let request = request.to_http_request();
            let begun = stream::once(async { Ok(Bytes::from_static(b"--x\r\n")) });
            let stream: BoxedPayloadStream = Box::pin(begun.chain(stream::pending()));
            let payload =
                Payload::from_request(&request, &mut actix_web::dev::Payload::from(stream));
            let payload = payload.await.expect("a payload");
            let mut payload = Limited::new(&request, payload, 100);
            payload.patience = Duration::from_millis(1);
            let body = read_content(&request, payload, None, (Intake::Drop, Budget::of(100)));
            let given_up = body.await;
            assert!(matches!(&given_up, Err(Error::TooSlow)), "{kind}: {given_up:?}");
        }
    }
}
