//! Who ships to a place: one server at a time. A file there names it, and is written anew every few seconds.
//! Another server takes over when that has not happened for a while, by its own clock.

use std::time::{Duration, Instant};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::domain::random::{LOWER_ALPHANUMERIC, Random};
use crate::domain::time::Timestamp;
use crate::services::replica::ReplicaError;
use crate::services::replica::names::OWNER;
use crate::services::replica::place::Place;

/// How often the owner says that it is there.
const RENEWAL: Duration = Duration::from_secs(15);

/// How long a silent owner keeps others away.
const SILENCE: Duration = Duration::from_secs(90);

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Card {
    /// The data folder; empty when nobody ships.
    owner: String,
    /// The process.
    run: String,
    /// Grows with every renewal.
    count: u64,
    /// The generation that is written.
    pub(super) generation: Option<String>,
    /// Up to when everything that was committed is in it, in milliseconds.
    pub(super) synced: i64,
}

/// The claim of this process to a place.
pub(super) struct Owner {
    card: Card,
    /// When the place was last seen to be ours.
    held: Option<Instant>,
    /// What another owner said, and since when.
    seen: Option<(Card, Instant)>,
}

impl Owner {
    /// Of the data folder `owner`. Nothing is claimed yet.
    pub(super) fn new(owner: &str) -> Self {
        let run = Random::system().text(20, LOWER_ALPHANUMERIC);
        let card = Card { owner: owner.to_owned(), run, count: 0, generation: None, synced: 0 };
        Self { card, held: None, seen: None }
    }

    /// What is told with the next renewal.
    pub(super) fn tell(&mut self, generation: String, synced: Timestamp) {
        self.card.generation = Some(generation);
        self.card.synced = synced.millis();
    }

    /// Makes sure that `place` is ours, if that was not done a moment ago.
    ///
    /// # Errors
    /// [`ReplicaError::Foreign`] when it is somebody else's, [`ReplicaError::Gone`] when it was ours and is
    /// empty, or why it cannot be reached.
    pub(super) async fn hold(&mut self, place: &Place) -> Result<(), ReplicaError> {
        if self.held.is_some_and(|held| held.elapsed() < RENEWAL) {
            return Ok(());
        }
        let found = read(place).await?;
        match found {
            None if self.held.is_some() => {
                return Err(ReplicaError::Gone(place.shown().to_owned()));
            }
            Some(card) if self.held.is_some() && card.run != self.card.run => {
                self.held = None;
                self.seen = Some((card, Instant::now()));
                return Err(ReplicaError::Foreign(place.shown().to_owned()));
            }
            // One process at a time has the data folder.
            Some(card) if self.held.is_none() && !self.may_take(&card) => {
                return Err(ReplicaError::Foreign(place.shown().to_owned()));
            }
            _ => {}
        }
        self.write(place).await?;
        self.held = Some(Instant::now());
        Ok(())
    }

    fn may_take(&mut self, card: &Card) -> bool {
        if card.owner.is_empty() {
            return true;
        }
        match &self.seen {
            Some((seen, since)) if seen == card => since.elapsed() >= SILENCE,
            None if card.owner == self.card.owner => true,
            _ => {
                self.seen = Some((card.clone(), Instant::now()));
                false
            }
        }
    }

    /// Lets others have `place` at once.
    pub(super) async fn release(&mut self, place: &Place) -> Result<(), ReplicaError> {
        if self.held.take().is_none() {
            return Ok(());
        }
        if read(place).await?.is_some_and(|card| card.run != self.card.run) {
            return Ok(());
        }
        self.card.owner.clear();
        self.write(place).await
    }

    async fn write(&mut self, place: &Place) -> Result<(), ReplicaError> {
        self.card.count += 1;
        let text = serde_json::to_vec(&self.card).map_err(std::io::Error::from)?;
        place.put(OWNER, Bytes::from(text)).await
    }
}

/// What the file in `place` says, if there is one that can be understood.
pub(super) async fn read(place: &Place) -> Result<Option<Card>, ReplicaError> {
    let found = place.get(OWNER).await?;
    Ok(found.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}
