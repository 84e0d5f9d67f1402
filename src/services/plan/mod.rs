//! From a config file to a database: what would change, what the rows say to it, and doing it in
//! one transaction (config.md §4).
//!
//! A plan compares three things by name: what the file declares, what was applied last, and what
//! the database has. It deletes nothing because it is missing from the file, and it never guesses.

mod applied;
mod boot;
mod change;
mod checks;
mod compare;
mod declared;
mod diff;
mod fields;
mod guest;
mod indexes;
mod merge;
mod render;
mod state;
#[cfg(test)]
mod tests;
mod views;

use std::sync::Arc;
use std::time::Duration;

pub use applied::{LastApplied, last_applied};
pub use boot::{Applied, BootOptions, Stop, boot};
pub use change::{Change, ChangeKind, Class, Plan};
pub use declared::Declared;
pub(in crate::services) use guest::lets_everybody;
pub use render::render;
pub(crate) use state::State;

use crate::domain::Json;
use crate::domain::collection::Collection;
use crate::domain::random::Random;
use crate::domain::schema::Schema;
use crate::domain::time::Timestamp;
use crate::services::Error;
use crate::services::app::App;
use crate::services::collections;
use crate::store::config_states::{self, ConfigState};
use crate::store::{Db, StoreError, Tx, records};

/// How long a plan may hold the database: it may have to read every row of every table.
const LONG: Duration = Duration::from_secs(30 * 60);

/// One thing to do to the database.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Make a collection.
    Create(Collection),
    /// Turn a stored collection into another shape.
    Update {
        /// As it is.
        old: Arc<Collection>,
        /// As it shall be.
        new: Box<Collection>,
    },
    /// Give every row a value in a field that is new.
    Fill {
        /// Id of the collection.
        collection: String,
        /// Name of the field.
        field: String,
        /// The literal, or `@now`.
        value: Json,
    },
}

/// Compares `declared` with the database and asks the rows what they say to it. Changes nothing.
///
/// # Errors
/// When the database cannot be read.
pub async fn compute(app: &App, declared: &Declared) -> Result<Plan, Error> {
    let declared = Arc::new(declared.clone().with_secrets(&mut Random::system()));
    app.store.read(move |db| Ok(draw(db, &declared)?)).await
}

/// Carries `plan` out in one transaction and records it as applied by `author`.
///
/// # Errors
/// [`Error::BadRequest`] when the plan holds what cannot go by itself, or when the database is no
/// longer what it was when the plan was computed; otherwise what the database says. Nothing is
/// changed then.
pub async fn apply(app: &App, plan: &Plan, author: &str) -> Result<Applied, Error> {
    if plan.class() > Class::Opening {
        return Err(Error::bad_request("The plan holds changes that cannot go by themselves."));
    }
    let (plan, now, author) = (plan.clone(), app.clock.now(), author.to_owned());
    app.store
        .write_with(LONG, move |tx| {
            let fresh = draw(tx, &plan.declared)?;
            if fresh.changes != plan.changes || fresh.last_applied != plan.last_applied {
                let moved = "The database changed since the plan was computed; compute it again.";
                return Err(Error::bad_request(moved));
            }
            carry_out(tx, fresh, now, &author)
        })
        .await
}

/// The plan from the database as `db` sees it to `declared`.
fn draw(db: &mut Db, declared: &Arc<Declared>) -> Result<Plan, StoreError> {
    let live = db.schema();
    let stored = config_states::last(db)?;
    db.confirm_schema()?;
    let last: Option<State> = stored
        .as_ref()
        .map(|stored| serde_json::from_value(stored.state.clone()))
        .transpose()
        .map_err(|error| StoreError::Data(format!("the last applied configuration: {error}")))?;
    let difference = diff::diff(declared, &live, last.as_ref());
    let mut changes = Vec::with_capacity(difference.drafts.len());
    for draft in difference.drafts {
        changes.push(checks::answer(db, draft)?);
    }
    let mut steps = difference.steps;
    steps.sort_by_key(|step| rank(step, &difference.view_order));
    Ok(Plan {
        changes,
        unchanged: difference.unchanged,
        parked: difference.parked,
        last_applied: stored.as_ref().map(|stored| stored.number),
        declared: Arc::clone(declared),
        target: Schema::new(live.version(), difference.target),
        steps,
        recorded: last.is_some_and(|last| last == difference.state),
        state: difference.state,
    })
}

/// Tables before the rows that fill them before the views over them, inner views first.
fn rank(step: &Step, view_order: &[String]) -> usize {
    let view = |collection: &Collection| {
        let position = view_order.iter().position(|id| *id == collection.id);
        collection.is_view().then(|| 3 + position.unwrap_or(view_order.len()))
    };
    match step {
        Step::Create(collection) => view(collection).unwrap_or(0),
        Step::Update { new, .. } => view(new).unwrap_or(1),
        Step::Fill { .. } => 2,
    }
}

/// Does what `plan` says and records it; nothing when it says nothing and is recorded already.
fn carry_out(tx: &mut Tx, plan: Plan, now: Timestamp, author: &str) -> Result<Applied, Error> {
    if plan.is_empty() && plan.recorded {
        return Ok(Applied { number: plan.last_applied, plan });
    }
    for step in &plan.steps {
        carry_out_step(tx, step, &plan.target, now)?;
    }
    let number = plan.last_applied.unwrap_or_default() + 1;
    let state = ConfigState {
        number,
        hash: plan.state.hash(),
        author: author.to_owned(),
        created: now,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        state: serde_json::to_value(&plan.state).map_err(Error::internal)?,
    };
    config_states::insert(tx, &state)?;
    tx.revise()?;
    Ok(Applied { number: Some(number), plan })
}

fn carry_out_step(tx: &mut Tx, step: &Step, target: &Schema, now: Timestamp) -> Result<(), Error> {
    match step {
        Step::Create(collection) => {
            let stamped = Collection { created: now, updated: now, ..collection.clone() };
            collections::create(tx, &stamped)?;
        }
        Step::Update { old, new } => {
            let stamped = Collection { updated: now, ..new.as_ref().clone() };
            collections::update(tx, old, &stamped)?;
        }
        Step::Fill { collection, field, value } => {
            let Some(table) = target.by_id(collection) else { return Ok(()) };
            let Some(field) = table.field(field) else { return Ok(()) };
            let value = match value.as_str() {
                Some("@now") => Json::from(now.to_string()),
                _ => value.clone(),
            };
            records::fill(tx, table, field, &value)?;
        }
    }
    Ok(())
}
