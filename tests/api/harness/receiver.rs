//! A server that webhooks are sent to: each message comes to the test, which says what is answered.

use std::net::SocketAddr;

use ferrobase::domain::webhooks::SigningKey;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

use super::RUNS_OUT;

/// The server. It is gone when it is dropped.
pub(crate) struct Receiver {
    address: SocketAddr,
    messages: UnboundedReceiver<Delivery>,
    serving: tokio::task::JoinHandle<()>,
}

/// A message that waits for its answer; dropped, the connection is closed without one.
pub(crate) struct Delivery {
    /// Method and path.
    pub(crate) target: String,
    /// The body as it came.
    pub(crate) text: String,
    head: String,
    stream: BufReader<TcpStream>,
}

impl Receiver {
    /// One on a free port of this machine.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, messages) = unbounded_channel();
        Self { address, messages, serving: tokio::spawn(accept(listener, tell)) }
    }

    /// Its address, with a path that must be kept secret.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/hush?token=hush", self.address)
    }

    /// The same by a name: what that means is known only when it is called.
    pub(crate) fn named_url(&self) -> String {
        self.url().replace("127.0.0.1", "localhost")
    }

    /// What may be shown of the address.
    pub(crate) fn place(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits for the next message.
    pub(crate) async fn next(&mut self) -> Delivery {
        let message = timeout(RUNS_OUT, self.messages.recv()).await;
        message.expect("no message came").expect("the receiver is gone")
    }

    /// Takes the next message and answers that all is well.
    pub(crate) async fn accept(&mut self) -> Value {
        let delivery = self.next().await;
        let body = delivery.body();
        delivery.answer("204 No Content").await;
        body
    }

    /// Whether no message came that was not waited for.
    pub(crate) fn is_silent(&mut self) -> bool {
        self.messages.try_recv().is_err()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Delivery {
    /// A header of the message.
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        self.find_header(name).unwrap_or_else(|| panic!("no {name} in {}", self.head))
    }

    /// A header of the message, if it has it.
    pub(crate) fn find_header(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }

    /// What the message says.
    #[track_caller]
    pub(crate) fn body(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    /// Whether it is signed with this secret.
    pub(crate) fn is_signed_with(&self, secret: &str) -> bool {
        let seconds = self.header("webhook-timestamp").parse().unwrap();
        let key = SigningKey::parse(secret).unwrap();
        let expected = key.signature(self.header("webhook-id"), seconds, &self.text);
        self.header("webhook-signature") == expected
    }

    /// Answers with this status, and nothing more.
    pub(crate) async fn answer(self, status: &str) {
        self.answer_with(status, "Content-Length: 0\r\n").await;
    }

    /// Answers with these headers too. Whoever asked may be gone.
    pub(crate) async fn answer_with(mut self, status: &str, headers: &str) {
        let answer = format!("HTTP/1.1 {status}\r\n{headers}Connection: close\r\n\r\n");
        let _ = self.stream.write_all(answer.as_bytes()).await;
        let _ = self.stream.flush().await;
    }
}

async fn accept(listener: TcpListener, tell: UnboundedSender<Delivery>) {
    while let Ok((stream, _)) = listener.accept().await {
        let tell = tell.clone();
        tokio::spawn(async move {
            if let Some(delivery) = read(BufReader::new(stream)).await {
                let _ = tell.send(delivery);
            }
        });
    }
}

/// A whole request; nothing when it is cut off.
async fn read(mut stream: BufReader<TcpStream>) -> Option<Delivery> {
    let mut head = String::new();
    while stream.read_line(&mut head).await.ok()? > 2 {}
    let target = head.lines().next()?.trim_end_matches(" HTTP/1.1").to_owned();
    let mut delivery = Delivery { target, text: String::new(), head, stream };
    let mut body = vec![0; delivery.find_header("content-length")?.parse().ok()?];
    delivery.stream.read_exact(&mut body).await.ok()?;
    delivery.text = String::from_utf8(body).ok()?;
    Some(delivery)
}
