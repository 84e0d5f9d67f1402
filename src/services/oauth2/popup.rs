//! The way back from a provider to the window that sent somebody there (contract B 3.5). A client of
//! the realtime service waits here under its id; the page that the provider leads to hands over what
//! it brought.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

use crate::domain::time::Timestamp;
use crate::domain::{Json, JsonMap};

/// Milliseconds for which a name that Apple told is kept.
const NAME_LASTS: i64 = 60 * 1000;
/// Names that are kept at once.
const MOST_NAMES: usize = 10_000;
/// Longest code that a name is kept under, and characters of a name.
const LONGEST_CODE: usize = 985;
const LONGEST_NAME: usize = 150;

/// What somebody brings back from a provider.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Return {
    /// The id of the client that waits.
    pub state: String,
    /// The code to be exchanged; empty when there is none.
    pub code: String,
    /// Why there is none.
    pub error: String,
    /// What Apple tells of somebody who signs in for the first time, as JSON.
    pub user: String,
}

/// What a waiting client is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its own id.
    pub state: String,
    /// The code; empty when there is none.
    pub code: String,
    /// Why; empty when nothing is wrong.
    pub error: String,
}

/// Whether somebody can go on where they came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The client has the code.
    Success,
    /// Nobody waits, or there is no code.
    Failure,
}

/// The clients that wait, and the names that Apple told meanwhile.
#[derive(Default)]
pub struct Popups {
    waiting: Mutex<HashMap<String, Waiting>>,
    names: Mutex<HashMap<String, (Timestamp, String)>>,
}

struct Waiting {
    address: IpAddr,
    sender: oneshot::Sender<Message>,
}

impl Popups {
    /// Lets the client `id` at `address` wait. It is told one message at most; the other end is
    /// dropped when it is not to wait any longer.
    pub fn wait(&self, id: &str, address: IpAddr) -> oneshot::Receiver<Message> {
        let (sender, receiver) = oneshot::channel();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|_, client| !client.sender.is_closed());
        waiting.insert(id.to_owned(), Waiting { address, sender });
        receiver
    }

    /// Hands over what came back from `address`. Whoever waits for it waits no more, whatever it is.
    pub fn hand_over(&self, brought: Return, address: IpAddr, now: Timestamp) -> Outcome {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let client = waiting.remove(&brought.state);
        drop(waiting);
        let Some(client) = client.filter(|client| client.address == address) else {
            return Outcome::Failure;
        };
        self.keep_name(&brought.code, &brought.user, now);
        let Return { state, code, error, .. } = brought;
        let is_good = error.is_empty() && !code.is_empty();
        match client.sender.send(Message { state, code, error }) {
            Ok(()) if is_good => Outcome::Success,
            _ => Outcome::Failure,
        }
    }

    /// Takes the name that was told with `code`.
    pub fn take_name(&self, code: &str, now: Timestamp) -> Option<String> {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let (kept, name) = names.remove(code)?;
        (now < kept.plus_millis(NAME_LASTS)).then_some(name)
    }

    fn keep_name(&self, code: &str, user: &str, now: Timestamp) {
        let Some(name) = name_in(user).filter(|_| code.len() <= LONGEST_CODE) else { return };
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.retain(|_, (kept, _)| now < kept.plus_millis(NAME_LASTS));
        if names.len() < MOST_NAMES {
            names.insert(code.to_owned(), (now, name));
        }
    }
}

/// First and last name, cut to a sensible length.
fn name_in(user: &str) -> Option<String> {
    let user: JsonMap = serde_json::from_str(user).ok()?;
    let part = |key: &str| user.get("name")?.get(key).and_then(Json::as_str);
    let (first, last) = (part("firstName").unwrap_or(""), part("lastName").unwrap_or(""));
    let name: String = format!("{first} {last}").chars().take(LONGEST_NAME).collect();
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
    const NOW: Timestamp = Timestamp::from_millis(1_000_000);

    fn brought(state: &str, code: &str, error: &str) -> Return {
        let user = r#"{"name":{"firstName":"Ann","lastName":"Lee"}}"#.to_owned();
        Return { state: state.to_owned(), code: code.to_owned(), error: error.to_owned(), user }
    }

    #[test]
    fn who_waits_is_told_once() {
        let popups = Popups::default();
        let mut client = popups.wait("a", HERE);
        assert_eq!(popups.hand_over(brought("b", "code", ""), HERE, NOW), Outcome::Failure);
        assert_eq!(popups.hand_over(brought("a", "code", ""), HERE, NOW), Outcome::Success);
        let told = client.try_recv().unwrap();
        assert_eq!(
            (told.state.as_str(), told.code.as_str(), told.error.as_str()),
            ("a", "code", "")
        );
        assert_eq!(popups.hand_over(brought("a", "code", ""), HERE, NOW), Outcome::Failure);
    }

    #[test]
    fn an_error_is_told_and_is_a_failure() {
        let popups = Popups::default();
        let mut client = popups.wait("a", HERE);
        assert_eq!(popups.hand_over(brought("a", "", "denied"), HERE, NOW), Outcome::Failure);
        assert_eq!(client.try_recv().unwrap().error, "denied");
        drop(popups.wait("b", HERE));
        assert_eq!(popups.hand_over(brought("b", "code", ""), HERE, NOW), Outcome::Failure);
    }

    #[test]
    fn somebody_elses_machine_ends_the_wait_and_tells_nothing() {
        let popups = Popups::default();
        let mut client = popups.wait("a", HERE);
        assert_eq!(popups.hand_over(brought("a", "code", ""), THERE, NOW), Outcome::Failure);
        assert!(client.try_recv().is_err());
        assert_eq!(popups.hand_over(brought("a", "code", ""), HERE, NOW), Outcome::Failure);
        assert_eq!(popups.take_name("code", NOW), None);
    }

    #[test]
    fn a_name_is_kept_for_a_minute_and_taken_once() {
        let popups = Popups::default();
        let hand_over = |state: &str, code: &str| {
            let _client = popups.wait(state, HERE);
            popups.hand_over(brought(state, code, ""), HERE, NOW);
        };
        hand_over("a", "one");
        hand_over("b", "two");
        hand_over("c", &"x".repeat(986));
        assert_eq!(popups.take_name("one", NOW).as_deref(), Some("Ann Lee"));
        assert_eq!(popups.take_name("one", NOW), None);
        assert_eq!(popups.take_name("two", NOW.plus_millis(60_000)), None);
        assert_eq!(popups.take_name(&"x".repeat(986), NOW), None);
    }

    #[test]
    fn names_are_trimmed_and_cut() {
        assert_eq!(name_in(r#"{"name":{"firstName":" Ann "}}"#).as_deref(), Some("Ann"));
        let long = format!(r#"{{"name":{{"firstName":"{}"}}}}"#, "ä".repeat(200));
        assert_eq!(name_in(&long).unwrap().chars().count(), 150);
        for user in ["", "x", "[]", "{}", r#"{"name":{}}"#, r#"{"name":"Ann"}"#] {
            assert_eq!(name_in(user), None, "{user}");
        }
    }
}
