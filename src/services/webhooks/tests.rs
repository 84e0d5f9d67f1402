//! [`Sender`] and an endpoint on this machine that answers as it is told. From a change to its message,
//! and what becomes of that: `tests/api/webhooks`.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::config::{Secret, Trigger, TriggerEvent, Webhook};
use crate::domain::event::Event;
use crate::domain::record::Record;
use crate::domain::rules::Rule;
use crate::domain::time::Timestamp;
use crate::domain::webhooks::SigningKey;
use crate::services::failure::Failure;
use crate::services::public_addresses::Reach;
use crate::services::queue::backlog;
use crate::services::test_app::{START, TestApp};
use crate::services::test_records::base_collection;
use crate::services::webhooks::follow::queue_all;
use crate::services::webhooks::{Endpoint, Message, SendError, Sender};

const NOW: Timestamp = Timestamp::from_millis(1_614_265_330_999);
const MESSAGE: Message<'static> =
    Message { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", body: r#"{"test": 2432232314}"# };

/// Head and body of a request, the head in small letters.
type Request = (String, String);

/// An endpoint that takes one request, answers, and does not hang up.
struct Receiver {
    port: u16,
    taking: JoinHandle<(Request, TcpStream)>,
}

impl Receiver {
    async fn answers(answer: &str) -> Self {
        let (listener, answer) = (listen().await, answer.to_owned());
        let port = listener.local_addr().unwrap().port();
        let taking = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let request = read(&mut stream).await;
            stream.write_all(answer.as_bytes()).await.unwrap();
            (request, stream)
        });
        Self { port, taking }
    }

    fn endpoint(&self) -> Endpoint {
        endpoint(&format!("http://user:pw@127.0.0.1:{}/hush?token=hush", self.port))
    }
}

fn endpoint(url: &str) -> Endpoint {
    Endpoint {
        url: Secret::new(url, None),
        key: None,
        reach: Reach::Anywhere,
        timeout: Duration::from_secs(60),
    }
}

async fn listen() -> TcpListener {
    TcpListener::bind(("127.0.0.1", 0)).await.unwrap()
}

async fn read(stream: &mut TcpStream) -> Request {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while reader.read_line(&mut head).await.unwrap() > 2 {}
    let head = head.to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.unwrap().parse().unwrap()];
    reader.read_exact(&mut body).await.unwrap();
    (head, String::from_utf8(body).unwrap())
}

/// What becomes of a message to an endpoint that answers so; no text of it shows the address.
async fn outcome(answer: &str) -> Result<(), String> {
    let receiver = Receiver::answers(answer).await;
    let outcome = Sender::default().send(&receiver.endpoint(), MESSAGE, NOW).await;
    receiver.taking.await.unwrap();
    outcome.map_err(|error| {
        let shown = format!("{error:?} {error}");
        assert!(!shown.contains("hush") && !shown.contains("pw"), "{shown}");
        let text = match Failure::from(error) {
            Failure::ForNow(text) => format!("for now: {text}"),
            Failure::ForGood(text) => format!("for good: {text}"),
        };
        text.replace(&receiver.port.to_string(), "PORT")
    })
}

#[actix_web::test]
async fn a_message_is_one_signed_post() {
    let receiver = Receiver::answers("HTTP/1.1 204 No Content\r\n\r\n").await;
    let key = SigningKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let endpoint = Endpoint { key: Some(key), ..receiver.endpoint() };
    Sender::default().send(&endpoint, MESSAGE, NOW).await.unwrap();
    let ((head, body), _) = receiver.taking.await.unwrap();
    assert_eq!(body, MESSAGE.body);
    for line in [
        "post /hush?token=hush http/1.1",
        "authorization: basic dxnlcjpwdw==",
        "content-type: application/json",
        "webhook-id: msg_p5jxn8aqm9lwm0d4lokwxjek",
        "webhook-timestamp: 1614265330",
        "webhook-signature: v1,g0hm9sse+otpjtgt/tmiktsyzle3ufjelvlniolj1oe=",
    ] {
        assert!(head.lines().any(|of_head| of_head == line), "{line} in {head}");
    }
}

#[actix_web::test]
async fn without_a_secret_it_is_not_signed() {
    let receiver = Receiver::answers("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    Sender::default().send(&receiver.endpoint(), MESSAGE, NOW).await.unwrap();
    let ((head, _), _) = receiver.taking.await.unwrap();
    assert!(head.contains("webhook-id:") && !head.contains("webhook-signature"), "{head}");
}

#[actix_web::test]
async fn the_status_is_the_answer() {
    let answer = |status: &str| format!("HTTP/1.1 {status}\r\nContent-Length: 4\r\n\r\nhush");
    assert_eq!(outcome(&answer("202 Accepted")).await, Ok(()));
    for (status, expected) in [
        ("400 Bad Request", "for now: http://127.0.0.1:PORT answered 400 Bad Request"),
        ("503 Busy", "for now: http://127.0.0.1:PORT answered 503 Service Unavailable"),
        (
            "410 Gone",
            "for good: http://127.0.0.1:PORT answered 410 Gone: it wants no more messages",
        ),
    ] {
        assert_eq!(outcome(&answer(status)).await, Err(expected.to_owned()));
    }
}

#[actix_web::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = listen().await;
    let place = elsewhere.local_addr().unwrap();
    for status in ["301 Moved", "307 Temporary Redirect"] {
        let answer = format!(
            "HTTP/1.1 {status}\r\nLocation: http://{place}/hush\r\nContent-Length: 0\r\n\r\n"
        );
        let text = outcome(&answer).await.unwrap_err();
        assert!(text.contains("which sends on to another address; that is not followed"), "{text}");
    }
    assert!(elsewhere.accept().now_or_never().is_none(), "nobody came");
}

#[actix_web::test]
async fn what_follows_the_status_is_not_waited_for() {
    // The body never comes: who waited for it would run into the limit of a minute.
    assert_eq!(outcome("HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\nx").await, Ok(()));
    let text = outcome("HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    assert_eq!(
        text.unwrap_err(),
        "for now: http://127.0.0.1:PORT answered 500 Internal Server Error"
    );
}

#[actix_web::test]
async fn who_hangs_is_left() {
    // The connection is made and nobody reads from it.
    let listener = listen().await;
    let url = format!("http://{}/hush", listener.local_addr().unwrap());
    let endpoint = Endpoint { timeout: Duration::from_millis(50), ..endpoint(&url) };
    let error = Sender::default().send(&endpoint, MESSAGE, NOW).await.unwrap_err();
    assert!(matches!(error, SendError::TooSlow { .. }), "{error:?}");
    assert!(error.to_string().ends_with("took longer than 50ms"), "{error}");
}

#[actix_web::test]
async fn nobody_is_there() {
    let place = listen().await.local_addr().unwrap();
    let endpoint = endpoint(&format!("http://{place}/hush"));
    let error = Sender::default().send(&endpoint, MESSAGE, NOW).await.unwrap_err();
    let text = Failure::from(error).to_string();
    assert!(text.starts_with(&format!("http://{place} does not answer: ")), "{text}");
    assert!(!text.contains("hush"), "{text}");
}

#[actix_web::test]
async fn private_addresses_are_for_who_may() {
    let listener = listen().await;
    let port = listener.local_addr().unwrap().port();
    for host in ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "10.0.0.1", "2130706433"]
    {
        let endpoint =
            Endpoint { reach: Reach::Public, ..endpoint(&format!("http://{host}:{port}/hush")) };
        let error = Sender::default().send(&endpoint, MESSAGE, NOW).await.unwrap_err();
        assert!(matches!(error, SendError::OutOfReach { .. }), "{host}: {error:?}");
        let text = Failure::from(error).to_string();
        assert!(text.contains("is no host of the public Internet"), "{text}");
        assert!(!text.contains("hush"), "{text}");
    }
    assert!(listener.accept().now_or_never().is_none(), "nobody came");
}

#[actix_web::test]
async fn what_is_no_address_is_not_called() {
    for url in ["", "hush", "file:///hush"] {
        let error = Sender::default().send(&endpoint(url), MESSAGE, NOW).await.unwrap_err();
        assert!(!format!("{error:?} {error}").contains("hush"), "{error:?}");
    }
}

/// The collections of a file may be changed by others while it is in force.
#[actix_web::test]
async fn a_when_that_cannot_be_asked_keeps_nobody_from_writing() {
    let notes = base_collection("notes");
    let test = TestApp::start(vec![Arc::clone(&notes)]).await;
    let webhook = |name: &str, when: &str| Webhook {
        name: name.to_owned(),
        on: vec![Trigger { collection: "notes".to_owned(), event: TriggerEvent::Any }],
        when: Some(Rule::new(when)),
        url: Secret::new("https://example.com", None),
        key: None,
        allow_private: false,
        timeout: None,
    };
    let webhooks = [
        webhook("unknown", "gone = 1"),
        webhook("broken", "id = "),
        webhook("asked", "id = 'n1'"),
        webhook("no", "id = 'n2'"),
    ];
    let events = [Event::Created(Arc::new(Record::new(notes, vec![json!("n1")])))];
    let follow = move |tx: &mut crate::store::Tx| queue_all(tx, &events, &webhooks, START);
    test.app.store.write(follow).await.unwrap();
    let jobs = backlog::list(&test.app, "waiting").await.unwrap().items;
    let names: Vec<&str> = jobs.iter().map(|job| job.to.as_str()).collect();
    assert_eq!(names, ["asked"]);
}
