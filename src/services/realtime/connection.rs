//! The bytes that one client is sent, and the end of it.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, stream};

use crate::services::realtime::Realtime;
use crate::services::realtime::client::Client;
use crate::services::realtime::message;
use crate::services::realtime::outbox::Item;

/// Most bytes that are put together from several messages. What is larger is sent as it is shared by all.
const TOGETHER: usize = 16 << 10;

/// A client's end of the line. When it is dropped, the client has left.
pub struct Connection {
    realtime: Arc<Realtime>,
    client: Arc<Client>,
    /// What is left of a large message whose first line was sent.
    rest: Option<Bytes>,
}

impl Connection {
    pub(super) const fn new(realtime: Arc<Realtime>, client: Arc<Client>) -> Self {
        Self { realtime, client, rest: None }
    }

    /// The id of the client.
    pub fn id(&self) -> &str {
        &self.client.id
    }

    /// The next bytes to be sent; nothing when the connection is to be closed.
    pub async fn next(&mut self) -> Option<Bytes> {
        if let Some(rest) = self.rest.take() {
            return Some(rest);
        }
        let (id, outbox) = (&self.client.id, &self.client.outbox);
        let first = outbox.next().await?;
        if let Item::Message { body, .. } = &first
            && body.len() > TOGETHER
        {
            self.rest = Some(body.clone());
            return Some(message::id_line(id).into());
        }
        // Whatever waits goes out at once: each chunk costs the socket as much as the next one.
        let mut chunk = Vec::new();
        let mut next = Some(first);
        while let Some(item) = next {
            match &item {
                Item::Heartbeat => chunk.extend_from_slice(message::HEARTBEAT),
                Item::Message { body, .. } => {
                    chunk.extend_from_slice(message::id_line(id).as_bytes());
                    chunk.extend_from_slice(body);
                }
            }
            next = outbox.next_within(TOGETHER.saturating_sub(chunk.len()));
        }
        Some(chunk.into())
    }

    /// The bytes one after the other.
    pub fn into_stream(self) -> impl Stream<Item = Result<Bytes, Infallible>> {
        stream::unfold(self, async |mut connection| {
            let bytes = connection.next().await?;
            Some((Ok(bytes), connection))
        })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.realtime.end(&self.client);
        self.realtime.roster().disconnected(self.client.address);
    }
}
