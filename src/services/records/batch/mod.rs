//! Several writes of records as one transaction (contract A 6). Each is what it is alone, and sees
//! what those before it did. Knows no HTTP: methods and paths are read before.

mod admission;
mod settling;
mod steps;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::domain::JsonMap;
use crate::domain::random::Random;
use crate::domain::rules::{RequestContext, RequestInfo};
use crate::services::app::App;
use crate::services::files::uploads::{Stored, Uploads};
use crate::services::records::batch::settling::Settled;
use crate::services::records::batch::steps::{Halt, Step};
use crate::services::records::record_view::RecordView;
use crate::services::{Error, settings};
use crate::store::StoreError;

/// Times that a batch starts over to find out about its passwords: once for the new ones and files, once for
/// the old ones that are compared with these, and again when one changes meanwhile.
const ATTEMPTS: usize = 5;

/// Seconds that a batch may take when the setting says nothing useful.
const USUAL_TIMEOUT: i64 = 3;

/// However long a batch may take, it is a day at most.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(24 * 3_600);

/// Bytes that a batch may have when the setting says nothing: 128 MiB.
const USUAL_BODY_SIZE: u64 = 128 << 20;

/// How large a batch may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most operations.
    pub operations: usize,
    /// Most bytes of the request.
    pub body_size: u64,
    /// How long it may take.
    pub timeout: Duration,
}

/// One operation of a batch.
#[derive(Clone)]
pub struct Item {
    /// Id or name of the collection.
    pub collection: String,
    /// What is to be done there.
    pub operation: Operation,
    /// The files that came for it.
    pub uploads: Uploads,
    /// The request that rules see, without its body.
    pub request: RequestInfo,
}

/// What an item of a batch does.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    /// Makes a record of this body.
    Create(Arc<JsonMap>),
    /// Changes the record with this id.
    Update(String, Arc<JsonMap>),
    /// Changes the record that the `id` of the body names, or makes it.
    Upsert(Arc<JsonMap>),
    /// Deletes the record with this id.
    Delete(String),
    /// Fails in its turn, because of this.
    Refused(String),
    /// Fails in its turn, since there were too many like it; the next may come after this long.
    TooMany(Duration),
}

/// What became of an item.
#[derive(Debug)]
pub enum Answer {
    /// The record as the caller may see it.
    Written(RecordView),
    /// It is gone.
    Deleted,
}

/// Why nothing of a batch happened.
#[derive(Debug)]
pub enum Refusal {
    /// The first item that failed, counted from zero, and what it would have been answered alone.
    Item(usize, Error),
    /// The batch as a whole.
    Whole(Error),
}

impl Item {
    /// The body, where there is one.
    fn body(&self) -> Option<&JsonMap> {
        match &self.operation {
            Operation::Create(body) | Operation::Update(_, body) | Operation::Upsert(body) => {
                Some(body)
            }
            Operation::Delete(_) | Operation::Refused(_) | Operation::TooMany(_) => None,
        }
    }
}

impl Operation {
    /// Why it fails in its turn, whatever there is by then.
    fn refusal(&self) -> Option<Error> {
        match self {
            Self::Refused(message) => Some(Error::bad_request(message.as_str())),
            Self::TooMany(wait) => Some(Error::TooManyRequests { retry_after: *wait }),
            Self::Create(_) | Self::Update(..) | Self::Upsert(_) | Self::Delete(_) => None,
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Whole(error)
    }
}

/// How large a batch may be now.
///
/// # Errors
/// `Locked` when batches are not accepted at all, with what to do.
pub async fn limits(app: &App) -> Result<Limits, Error> {
    let batch = &settings::current(app).await?.batch;
    let operations = usize::try_from(batch.max_requests).unwrap_or_default();
    if !batch.enabled || operations == 0 {
        return Err(Error::Locked(
            "Batches are not enabled: set enabled = true below [batch] in config.toml, or \
             batch.enabled in the settings."
                .to_owned(),
        ));
    }
    let body_size = u64::try_from(batch.max_body_size).unwrap_or_default();
    let seconds = if batch.timeout > 0 { batch.timeout } else { USUAL_TIMEOUT };
    Ok(Limits {
        operations,
        body_size: if body_size == 0 { USUAL_BODY_SIZE } else { body_size },
        timeout: Duration::from_secs(seconds.unsigned_abs()).min(LONGEST_TIMEOUT),
    })
}

/// Does everything or nothing, for a caller at `address`.
///
/// # Errors
/// The first item that fails; `BadRequest` for the whole when it takes longer than `timeout`.
pub async fn run(
    app: &App,
    mut items: Vec<Item>,
    address: IpAddr,
    timeout: Duration,
) -> Result<Vec<Answer>, Refusal> {
    let started = Instant::now();
    admission::admit(app, &mut items, address).await?;
    let left = || timeout.saturating_sub(started.elapsed());
    let mut steps: Vec<Step> = items.into_iter().map(step).collect();
    let mut stored = Vec::new();
    let outcome = attempt(app, &mut steps, &mut stored, &left).await;
    if outcome.is_err() {
        for files in stored {
            files.discard(app).await;
        }
    }
    outcome
}

/// Tries until everything that a transaction may not find out by itself is known. Files that are put
/// in their place for it are added to `stored`.
async fn attempt(
    app: &App,
    steps: &mut [Step],
    stored: &mut Vec<Stored>,
    left: &impl Fn() -> Duration,
) -> Result<Vec<Answer>, Refusal> {
    for _ in 0..ATTEMPTS {
        let attempt = steps.to_vec();
        let work = move |tx: &mut _| steps::in_transaction(tx, &attempt);
        let unsettled = match app.store.write_with(left(), work).await {
            Ok(answers) => return Ok(answers),
            Err(Halt::Item(index, error)) => return Err(Refusal::Item(index, error)),
            Err(Halt::Whole(error)) => return Err(Refusal::Whole(error)),
            Err(Halt::Busy) if !left().is_zero() => {
                return Err(Error::unavailable(StoreError::Busy).into());
            }
            Err(Halt::Late | Halt::Busy) => return Err(late().into()),
            Err(Halt::Unsettled(unsettled)) => unsettled,
        };
        let settling = settling::settle(app, steps, stored, unsettled);
        tokio::time::timeout(left(), settling).await.map_err(|_| late())??;
    }
    Err(Error::unavailable("the passwords of a batch keep changing").into())
}

fn step(item: Item) -> Step {
    let request = RequestInfo { context: RequestContext::Batch, ..item.request };
    let settled = Settled { stored: item.uploads.is_empty(), ..Settled::default() };
    Step { item: Item { request, ..item }, random: Random::system(), settled }
}

fn late() -> Error {
    Error::bad_request("The batch took longer than it may, so nothing of it was done.")
}
