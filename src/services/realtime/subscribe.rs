//! Subscribing: whom a connection acts for and what it is told of (contract A 5.2).

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;

use crate::domain::invalid::{Fault, FieldErrors};
use crate::domain::record::Record;
use crate::services::Error;
use crate::services::app::App;
use crate::services::oauth2::popup::Message;
use crate::services::realtime::backlog::{CatchUp, Former};
use crate::services::realtime::client::{Client, Identity, Predecessor, is_same_account};
use crate::services::realtime::topic::OAUTH2;
use crate::services::realtime::{Realtime, identity, message};

/// Most characters of a client's id, most topics of a client, and most bytes of one (contract A 5.2).
const LONGEST_ID: usize = 255;
const MOST_TOPICS: usize = 1_000;
const LONGEST_TOPIC: usize = 2_500;

/// What a client asks for.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// The id that it was told when it connected.
    pub client_id: String,
    /// All that it wants to be told of from now on.
    pub topics: Vec<String>,
    /// Where it asks from.
    pub address: IpAddr,
    /// The token that the request came with and its holder, unless it came from a guest.
    pub session: Option<(String, Arc<Record>)>,
}

/// Replaces what a client is told of, and whom it acts for.
///
/// # Errors
/// `Invalid` when something is too long or missing, `NotFound` when there is no such client,
/// `BadRequest` when it is somewhere else, `Forbidden` when it acts for somebody else already,
/// `TooManyRequests` when there is no room for its topics.
pub async fn subscribe(app: &App, wanted: Subscription) -> Result<(), Error> {
    check(&wanted)?;
    let client = app.realtime.roster().find(&wanted.client_id).cloned();
    let client = client.ok_or(Error::NotFound)?;
    if client.address != wanted.address {
        return Err(Error::bad_request("The client is connected from another address."));
    }
    let identity = wanted.session.map(|(token, record)| Identity { token, record });
    sign_in(&client, identity.clone())?;
    if let Some(identity) = &identity {
        identity::confirm(app, &client, identity).await?;
    }
    // What was written before is for those who wanted it then.
    app.realtime.progress.settle().await;
    let topics = distinct(wanted.topics);
    let wants_provider = topics.iter().any(|topic| topic == OAUTH2);
    install(&app.realtime, &client, topics)?;
    wait_for_provider(app, &client, wants_provider);
    Ok(())
}

/// What is wrong with the form of a subscription.
fn check(wanted: &Subscription) -> Result<(), Error> {
    let mut errors = FieldErrors::new();
    if wanted.client_id.is_empty() {
        errors.add("clientId", Fault::required());
    } else if wanted.client_id.chars().count() > LONGEST_ID {
        errors.add("clientId", Fault::length(0, LONGEST_ID));
    }
    if wanted.topics.len() > MOST_TOPICS {
        errors.add("subscriptions", Fault::length(0, MOST_TOPICS));
    }
    let mut faulty = FieldErrors::new();
    for (index, topic) in wanted.topics.iter().enumerate() {
        if topic.len() > LONGEST_TOPIC {
            faulty.add(index.to_string(), Fault::length(0, LONGEST_TOPIC));
        } else if topic.contains(char::is_control) {
            // The topic is a line of every message: a break in it would begin another one.
            let message = "Must not have line breaks or other control characters.";
            faulty.add(index.to_string(), Fault::new("validation_match_invalid", message));
        }
    }
    errors.nest("subscriptions", faulty);
    Ok(errors.into_result()?)
}

/// A guest's connection may become somebody's; nobody's becomes somebody else's (contract A 5.2).
fn sign_in(client: &Client, identity: Option<Identity>) -> Result<(), Error> {
    let mut state = client.state();
    let is_allowed = match (&state.identity, &identity) {
        (None, _) => true,
        (Some(current), Some(wanted)) => is_same_account(&current.record, &wanted.record),
        (Some(_), None) => false,
    };
    if !is_allowed {
        return Err(Error::Forbidden);
    }
    state.identity = identity;
    Ok(())
}

fn distinct(topics: Vec<String>) -> Vec<String> {
    let mut seen = HashSet::new();
    topics.into_iter().filter(|topic| !topic.is_empty() && seen.insert(topic.clone())).collect()
}

/// Subscribes a client. Who takes another one's place is told what that one missed, and only then what
/// happens from now on.
fn install(realtime: &Realtime, client: &Arc<Client>, topics: Vec<String>) -> Result<(), Error> {
    realtime.replace_predecessor(client);
    let mut roster = realtime.roster();
    let predecessor = client.state().predecessor.take();
    let former = predecessor.and_then(|predecessor| match predecessor {
        Predecessor::Here(id) => {
            let gone = roster.take_gone(&id, client.address, realtime.pace.now())?;
            Some(Former::Here { topics: gone.topics, seen: gone.seen })
        }
        Predecessor::At(node) => Some(Former::At { node }),
    });
    client.state().awaits_past |= former.is_some();
    let since = realtime.progress.told();
    let installed = roster.set_topics(client, topics);
    drop(roster);
    if let Some(former) = former {
        let client = Arc::clone(client);
        realtime.backlog.push_catch_up(CatchUp { client, former, since });
    }
    installed
}

/// Lets a client that wants to wait for what a provider leads back, or no longer (contract A 5.7).
fn wait_for_provider(app: &App, client: &Arc<Client>, wants: bool) {
    let mut state = client.state();
    if !wants {
        state.stop_waiting();
        return;
    }
    if state.waits.as_ref().is_some_and(|task| !task.is_finished()) {
        return;
    }
    let returned = app.oauth2.popups.wait(&client.id, client.address);
    let (realtime, waiting) = (Arc::clone(&app.realtime), Arc::clone(client));
    let task = tokio::spawn(async move {
        let returned = returned.await.ok();
        realtime.provider_returned(&waiting, returned);
    });
    state.waits = Some(task.abort_handle());
    drop(state);
    if app.realtime.roster().find(&client.id).is_none() {
        // It left before it could be told to stop.
        client.state().stop_waiting();
    }
}

impl Realtime {
    /// Hands over what a provider led back, if it did; the topic is told of nothing else.
    fn provider_returned(&self, client: &Arc<Client>, returned: Option<Message>) {
        if let Some(returned) = returned {
            self.tell(client, message::returned(&returned), None);
        }
        let mut roster = self.roster();
        let topics = client.state().topics.clone();
        let rest = topics.iter().map(|topic| topic.text.clone()).filter(|text| text != OAUTH2);
        // A client that has left has no topics either, and fewer always find room.
        let _ = roster.set_topics(client, rest.collect());
    }
}
