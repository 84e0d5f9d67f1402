//! Who is connected, who subscribed to what, and who has just left. Sends nothing and asks no rule.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::record::Record;
use crate::services::Error;
use crate::services::realtime::client::Client;
use crate::services::realtime::topic::{self, Topic};
use crate::services::records::told::Gate;

/// Most connections, of one address and in all. An address may be a proxy with everybody behind it.
const MOST_OF_ADDRESS: usize = 20_000;
const MOST_IN_ALL: usize = 100_000;

/// Most bytes of topics that the clients of one address may subscribe to.
const MOST_TOPIC_BYTES: usize = 64 << 20;

/// How long somebody who is refused should wait.
const PAUSE: Duration = Duration::from_secs(30);

/// How long it is remembered what a client that left had not been told, in milliseconds; of how many
/// clients; and how many bytes their topics may have.
pub(super) const GONE_LASTS: i64 = 60 * 1_000;
const MOST_GONE: usize = 10_000;
const MOST_GONE_BYTES: usize = 16 << 10;

/// Everybody who is connected.
#[derive(Default)]
pub(super) struct Roster {
    clients: HashMap<Arc<str>, Arc<Client>>,
    /// By what topics are about, then by their whole texts.
    groups: HashMap<Box<str>, HashMap<Box<str>, Group>>,
    addresses: HashMap<IpAddr, Tally>,
    connections: usize,
    gone: HashMap<Arc<str>, Gone>,
    is_closed: bool,
}

/// The clients that subscribed to the same topic.
struct Group {
    topic: Arc<Topic>,
    clients: HashMap<Arc<str>, Arc<Client>>,
}

/// What one address has.
#[derive(Default)]
struct Tally {
    connections: usize,
    topic_bytes: usize,
}

/// A client that left and may come back.
pub(super) struct Gone {
    pub(super) address: IpAddr,
    /// The number of the last event that it was told of, if it was to be.
    pub(super) seen: u64,
    pub(super) topics: Vec<Arc<Topic>>,
    left: i64,
}

impl Roster {
    /// Lets a client in.
    ///
    /// # Errors
    /// `TooManyRequests` and `Unavailable` when there are too many.
    pub(super) fn admit(&mut self, client: &Arc<Client>) -> Result<(), Error> {
        if self.is_closed || self.connections >= MOST_IN_ALL {
            return Err(Error::unavailable("no more realtime connections are taken"));
        }
        let tally = self.addresses.entry(client.address).or_default();
        if tally.connections >= MOST_OF_ADDRESS {
            return Err(Error::TooManyRequests { retry_after: PAUSE });
        }
        tally.connections += 1;
        self.connections += 1;
        self.clients.insert(Arc::clone(&client.id), Arc::clone(client));
        Ok(())
    }

    /// How many connections there are.
    pub(super) const fn connections(&self) -> usize {
        self.connections
    }

    /// To be called when the connection of a client is closed, whenever it was removed.
    pub(super) fn disconnected(&mut self, address: IpAddr) {
        self.connections -= 1;
        if let Some(tally) = self.addresses.get_mut(&address) {
            tally.connections -= 1;
        }
        self.forget_address(address);
    }

    /// Takes a client out; false when it was out already.
    pub(super) fn remove(&mut self, client: &Client) -> bool {
        let was_there = self.clients.remove(&client.id).is_some();
        if was_there {
            // There is always room for no topics.
            let _ = self.set_topics_of(client, None, Vec::new());
            client.state().stop_waiting();
        }
        was_there
    }

    /// Remembers that a client left when it had been told of everything up to the event `seen`.
    pub(super) fn remember(
        &mut self,
        client: &Client,
        topics: Vec<Arc<Topic>>,
        seen: u64,
        now: i64,
    ) {
        let bytes: usize = topics.iter().map(|topic| topic.text.len()).sum();
        if topics.is_empty() || bytes > MOST_GONE_BYTES || self.gone.len() >= MOST_GONE {
            return;
        }
        let gone = Gone { address: client.address, seen, topics, left: now };
        self.gone.insert(Arc::clone(&client.id), gone);
    }

    /// Takes what is remembered of the client `id`, if it was at `address`.
    pub(super) fn take_gone(&mut self, id: &str, address: IpAddr, now: i64) -> Option<Gone> {
        self.gone.get(id).filter(|gone| gone.address == address)?;
        self.gone.remove(id).filter(|gone| now - gone.left < GONE_LASTS)
    }

    /// Whether the client `id` is at `address`, or left it a short while ago.
    pub(super) fn is_known(&self, id: &str, address: IpAddr) -> bool {
        let is_there = self.clients.get(id).is_some_and(|client| client.address == address);
        is_there || self.gone.get(id).is_some_and(|gone| gone.address == address)
    }

    /// Forgets those who left long ago.
    pub(super) fn forget(&mut self, now: i64) {
        self.gone.retain(|_, gone| now - gone.left < GONE_LASTS);
    }

    /// The first event that somebody has still to be told of, or had when the server stopped.
    pub(super) fn first_untold(&self) -> Option<u64> {
        let connected = self.clients.values().filter_map(|client| client.outbox.first_unsent());
        let cut_off = self.gone.values().filter(|_| self.is_closed).map(|gone| gone.seen + 1);
        connected.chain(cut_off).min()
    }

    /// The client `id`.
    pub(super) fn find(&self, id: &str) -> Option<&Arc<Client>> {
        self.clients.get(id)
    }

    /// Everybody.
    pub(super) fn clients(&self) -> Vec<Arc<Client>> {
        self.clients.values().cloned().collect()
    }

    /// Whether nobody is there and nobody is expected back.
    pub(super) fn is_empty(&self) -> bool {
        self.clients.is_empty() && self.gone.is_empty()
    }

    /// Lets nobody in any more and forgets those who left.
    pub(super) fn close(&mut self) {
        self.is_closed = true;
        self.gone.clear();
    }

    /// Subscribes a client to `texts` and to nothing else.
    ///
    /// # Errors
    /// `NotFound` when it has left, `TooManyRequests` when its address has too many topics.
    pub(super) fn set_topics(
        &mut self,
        client: &Arc<Client>,
        texts: Vec<String>,
    ) -> Result<(), Error> {
        if !self.clients.contains_key(&client.id) {
            return Err(Error::NotFound);
        }
        self.set_topics_of(client, Some(client), texts)
    }

    fn set_topics_of(
        &mut self,
        client: &Client,
        member: Option<&Arc<Client>>,
        texts: Vec<String>,
    ) -> Result<(), Error> {
        let mut state = client.state();
        let before: usize = state.topics.iter().map(|topic| topic.text.len()).sum();
        let after: usize = texts.iter().map(String::len).sum();
        let tally = self.addresses.entry(client.address).or_default();
        let bytes = tally.topic_bytes - before + after;
        if after > before && bytes > MOST_TOPIC_BYTES {
            return Err(Error::TooManyRequests { retry_after: PAUSE });
        }
        tally.topic_bytes = bytes;
        for topic in std::mem::take(&mut state.topics) {
            self.leave(&topic, &client.id);
        }
        if let Some(member) = member {
            state.topics = texts.into_iter().map(|text| self.join(text, member)).collect();
        }
        drop(state);
        self.forget_address(client.address);
        Ok(())
    }

    fn join(&mut self, text: String, client: &Arc<Client>) -> Arc<Topic> {
        let topic = Topic::parse(&text);
        let groups = self.groups.entry(topic.base().into()).or_default();
        let group = groups
            .entry(text.into())
            .or_insert_with(|| Group { topic: Arc::new(topic), clients: HashMap::new() });
        group.clients.insert(Arc::clone(&client.id), Arc::clone(client));
        Arc::clone(&group.topic)
    }

    fn leave(&mut self, topic: &Topic, id: &str) {
        let Some(groups) = self.groups.get_mut(topic.base()) else { return };
        if let Some(group) = groups.get_mut(topic.text.as_str()) {
            group.clients.remove(id);
            if group.clients.is_empty() {
                groups.remove(topic.text.as_str());
            }
        }
        if groups.is_empty() {
            self.groups.remove(topic.base());
        }
    }

    /// The topics that are about `record`, with the rule of each and those who subscribed to it.
    pub(super) fn subscribers(&self, record: &Record) -> Vec<(Gate, Arc<Topic>, Vec<Arc<Client>>)> {
        let mut subscribers = Vec::new();
        for (base, gate) in topic::bases_of(record) {
            for group in self.groups.get(base.as_str()).into_iter().flat_map(HashMap::values) {
                let clients = group.clients.values().cloned().collect();
                subscribers.push((gate, Arc::clone(&group.topic), clients));
            }
        }
        subscribers
    }

    fn forget_address(&mut self, address: IpAddr) {
        let is_unused = |tally: &Tally| tally.connections == 0 && tally.topic_bytes == 0;
        if self.addresses.get(&address).is_some_and(is_unused) {
            self.addresses.remove(&address);
        }
    }
}
