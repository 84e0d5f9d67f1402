//! The end of a realtime connection that listens.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Client, RUNS_OUT};

/// An open connection.
pub(crate) struct Events {
    response: reqwest::Response,
    unread: Vec<u8>,
    id: String,
}

/// One message as it came.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Message {
    /// The topic.
    pub(crate) event: String,
    /// What was said.
    pub(crate) data: Value,
}

impl Events {
    /// Connects as somebody new.
    pub(crate) async fn connect(client: &Client) -> Self {
        Self::open(client.request(Method::GET, "/api/realtime")).await
    }

    /// Connects again, as browsers do after the connection `last` broke.
    pub(crate) async fn reconnect(client: &Client, last: &str) -> Self {
        let request = client.request(Method::GET, "/api/realtime");
        Self::open(request.header("Last-Event-ID", last)).await
    }

    async fn open(request: reqwest::RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        let mut events = Self { response, unread: Vec::new(), id: String::new() };
        let hello = events.next().await.expect("a first message");
        assert_eq!(hello.event, "PB_CONNECT");
        events.id = hello.data["clientId"].as_str().unwrap().to_owned();
        events
    }

    /// The id of this client.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// What the connection was answered with.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.response.headers().get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Subscribes to `topics` and to nothing else, as `client`.
    pub(crate) async fn subscribe(&self, client: &Client, topics: &[&str]) -> Answer {
        let body = json!({ "clientId": self.id, "subscriptions": topics });
        client.post("/api/realtime", body).await
    }

    /// The next message; nothing when the server ends the connection.
    pub(crate) async fn next(&mut self) -> Option<Message> {
        loop {
            let block = self.block().await?;
            if block.starts_with(':') {
                continue;
            }
            let lines: Vec<&str> = block.split('\n').collect();
            let [id, event, data] = lines[..] else { panic!("no message: {block:?}") };
            let id = id.strip_prefix("id:").expect("an id first");
            assert!(self.id.is_empty() || self.id == id, "{block}");
            let data = data.strip_prefix("data:").expect("data last");
            return Some(Message {
                event: event.strip_prefix("event:").expect("a name second").to_owned(),
                data: serde_json::from_str(data).unwrap(),
            });
        }
    }

    /// What comes up to the next blank line; nothing when the server ends the connection.
    pub(crate) async fn block(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.unread.windows(2).position(|pair| pair == b"\n\n") {
                let rest = self.unread.split_off(end + 2);
                let block = std::mem::replace(&mut self.unread, rest);
                return Some(String::from_utf8(block[..end].to_vec()).unwrap());
            }
            let chunk = tokio::time::timeout(RUNS_OUT, self.response.chunk());
            match chunk.await.expect("nothing came").ok().flatten() {
                Some(chunk) => self.unread.extend_from_slice(&chunk),
                None => return None,
            }
        }
    }

    /// The next message as `topic action key`, the value of `key` being that of the record.
    pub(crate) async fn told(&mut self, key: &str) -> String {
        let Message { event, data } = self.next().await.expect("the connection ended");
        let value = &data["record"][key];
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        format!("{event} {} {value}", data["action"].as_str().unwrap())
    }

    /// Waits until the server ends the connection; whatever comes before is dropped.
    pub(crate) async fn ended(mut self) {
        while self.next().await.is_some() {}
    }
}
