//! What follows from changes of records inside of their transaction: a job for each webhook that wants
//! to know. So a message leaves if and only if the change was committed.

use std::cell::OnceCell;
use std::sync::Arc;

use crate::config::{TriggerEvent, Webhook};
use crate::domain::event::Event;
use crate::domain::random::{LOWER_ALPHANUMERIC, Random};
use crate::domain::rules::{RequestInfo, Rule};
use crate::domain::time::Timestamp;
use crate::services::clock::Clock;
use crate::services::configuration::CurrentConfig;
use crate::services::queue::{self, Job};
use crate::services::webhooks::change::Change;
use crate::store::filter::{Before, Exists, Query};
use crate::store::{Follower, StoreError, Tx};

/// Characters of a message's id behind `msg_`.
const ID_LENGTH: usize = 24;

/// Queues a message for each change that a webhook of the configuration is about.
pub fn follower(configuration: Arc<CurrentConfig>, clock: Clock) -> Follower {
    Arc::new(move |tx, events| {
        let Some(config) = configuration.config() else { return Ok(()) };
        if config.webhooks.is_empty() {
            return Ok(());
        }
        queue_all(tx, events, &config.webhooks, clock.now())
    })
}

/// Ids are drawn in here: a transaction that runs again was undone, and with it who had the former ones.
pub(super) fn queue_all(
    tx: &mut Tx,
    events: &[Event],
    webhooks: &[Webhook],
    now: Timestamp,
) -> Result<(), StoreError> {
    let before = OnceCell::new();
    for change in events.iter().filter_map(Change::of) {
        let name = &change.record.collection().name;
        for webhook in webhooks.iter().filter(|webhook| webhook.is_about(name, change.event)) {
            // A rule about a record that is gone may read others that went with it.
            let before = (change.event == TriggerEvent::Delete)
                .then(|| before.get_or_init(|| Before::of(events)));
            let holds = match &webhook.when {
                Some(rule) => holds(tx, (webhook, rule), &change, before, now)?,
                None => true,
            };
            if holds {
                queue_one(tx, webhook, &change, now)?;
            }
        }
    }
    Ok(())
}

/// Whether the `when` of a webhook holds for a change, asked of nobody's behalf. One that fails holds
/// for nothing: it must not keep people from writing.
fn holds(
    tx: &mut Tx,
    (webhook, rule): (&Webhook, &Rule),
    change: &Change<'_>,
    before: Option<&Before>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let request = RequestInfo { now, ..RequestInfo::default() };
    let schema = tx.schema();
    let row = Query::told(tx.dialect(), &schema, change.record, before, &request);
    let refused = |reason: &dyn std::fmt::Display| {
        let (webhook, record) = (&webhook.name, change.record.id());
        tracing::warn!(%reason, webhook, record, "a `when` cannot be asked; nothing is sent");
    };
    match row.require(rule).and_then(|row| row.exists()) {
        Ok(Exists::Known(holds)) => Ok(holds),
        Ok(Exists::Ask(statement)) => {
            let asked = tx.attempt(|tx| tx.fetch_one(statement.clone())?.bool(0));
            match asked {
                Err(error @ (StoreError::Statement { .. } | StoreError::Data(_))) => {
                    refused(&error);
                    Ok(false)
                }
                answer => answer,
            }
        }
        Err(error) => {
            refused(&error);
            Ok(false)
        }
    }
}

fn queue_one(
    tx: &mut Tx,
    webhook: &Webhook,
    change: &Change<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let body = change.body(now).map_err(|error| StoreError::Data(error.to_string()))?;
    let id = format!("msg_{}", Random::system().text(ID_LENGTH, LOWER_ALPHANUMERIC));
    let event = format!("{} {}", change.kind(), change.record.id());
    let job = Job::Webhook { id, webhook: webhook.name.clone(), event, body };
    queue::push(tx, job, now)
}
