//! Those who are told the same: the clients of one topic whom the same rule, caller and options decide
//! about. However many they are, they cost one evaluation and one message.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::caller::Caller;
use crate::domain::collection::Collection;
use crate::domain::record::Record;
use crate::services::realtime::Realtime;
use crate::services::realtime::client::Client;
use crate::services::realtime::topic::{self, Topic};
use crate::services::records::told::{Gate, is_same_for_all};

/// Clients that are told the same.
#[derive(Debug)]
pub(super) struct Audience {
    pub(super) gate: Gate,
    pub(super) topic: Arc<Topic>,
    pub(super) caller: Caller,
    pub(super) clients: Vec<Arc<Client>>,
}

/// Whom a message is for, as far as it may differ.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Class {
    Anyone,
    Superuser,
    Account { collection: String, id: String },
}

/// Everybody who might be told of a change of `record`, a record of `collection`.
pub(super) fn of(realtime: &Realtime, collection: &Collection, record: &Record) -> Vec<Audience> {
    let subscribers = realtime.roster().subscribers(record);
    let split = |(gate, topic, clients)| split(collection, gate, topic, clients);
    subscribers.into_iter().flat_map(split).collect()
}

/// `client` alone, once for each of its topics that is about `record` and that `is_wanted`.
pub(super) fn of_one(
    client: &Arc<Client>,
    record: &Record,
    is_wanted: impl Fn(&Topic) -> bool,
) -> Vec<Audience> {
    let bases = topic::bases_of(record);
    let topics = client.state().topics.clone();
    let caller = client.caller();
    let wanted = topics.into_iter().filter(|topic| is_wanted(topic));
    let audience = |topic: Arc<Topic>| {
        let (_, gate) = bases.iter().find(|(base, _)| base == topic.base())?;
        let clients = vec![Arc::clone(client)];
        Some(Audience { gate: *gate, topic, caller: caller.clone(), clients })
    };
    wanted.filter_map(audience).collect()
}

fn split(
    collection: &Collection,
    gate: Gate,
    topic: Arc<Topic>,
    clients: Vec<Arc<Client>>,
) -> Vec<Audience> {
    let is_plain = !topic.asks_for_more();
    let is_same = is_plain && is_same_for_all(collection, gate);
    // Accounts that changed a moment ago may stand beside what they were before.
    let mut audiences: HashMap<Class, Vec<Audience>> = HashMap::new();
    for client in clients.into_iter().filter(|client| !client.state().awaits_past) {
        let caller = client.caller();
        let (class, caller) = match caller.record() {
            Some(_) if caller.is_superuser() && is_plain => (Class::Superuser, caller),
            Some(record) if !is_same || caller.is_superuser() => {
                let (collection, id) = (record.collection().id.clone(), record.id().to_owned());
                (Class::Account { collection, id }, caller)
            }
            Some(_) | None => (Class::Anyone, Caller::guest()),
        };
        let members = audiences.entry(class).or_default();
        match members.iter_mut().find(|members| is_one(&members.caller, &caller)) {
            Some(members) => members.clients.push(client),
            None => {
                let (topic, clients) = (Arc::clone(&topic), vec![client]);
                members.push(Audience { gate, topic, caller, clients });
            }
        }
    }
    audiences.into_values().flatten().collect()
}

/// Whether two callers of one class are the same to rules.
fn is_one(one: &Caller, other: &Caller) -> bool {
    match (one.record(), other.record()) {
        (Some(one), Some(other)) => {
            Arc::ptr_eq(one, other)
                || one == other
                // What superusers see does not depend on which of them it is.
                || (one.collection().name == other.collection().name && is_superuser(one))
        }
        (None, None) => true,
        _ => false,
    }
}

fn is_superuser(record: &Arc<Record>) -> bool {
    Caller::signed_in(Arc::clone(record)).is_superuser()
}
