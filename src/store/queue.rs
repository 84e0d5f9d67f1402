//! The table `_queue`: jobs that outlive the process. A job is claimed with a lease, so it is done
//! again when whoever did it is gone, and by one process at a time as long as leases are renewed. Jobs
//! are in lanes, so that whoever does them can keep some from standing in front of others.
//! What a job means is decided elsewhere.

use crate::domain::Json;
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::row::Row;
use crate::store::sql::Statement;
use crate::store::tx::{Db, Tx};
use crate::store::value::Value;

/// Dead jobs of a lane that are kept: whoever can make jobs fail must not fill the disk with them.
const MOST_DEAD: i64 = 1_000;

/// A job on its way into the queue.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// What it is told apart by: one that is there already is not queued again.
    pub id: String,
    /// What it waits for: the jobs of the same lane.
    pub lane: String,
    /// What is to be done.
    pub kind: String,
    /// What with.
    pub payload: Json,
    /// When it is due.
    pub run_at: Timestamp,
}

/// The right to do a job. It is over when the job was claimed anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The job.
    pub id: String,
    /// How often it was claimed, this time included.
    pub attempts: i64,
}

/// A job that is to be done now.
#[derive(Debug, Clone, PartialEq)]
pub struct Claimed {
    /// The right to do it.
    pub claim: Claim,
    /// Its lane.
    pub lane: String,
    /// What is to be done.
    pub kind: String,
    /// What with.
    pub payload: Json,
}

/// Whether a job will be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is due at some time, or being done.
    Waiting,
    /// It was given up.
    Dead,
}

/// A job, to be looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// What it is told apart by.
    pub id: String,
    /// What is to be done.
    pub kind: String,
    /// What with.
    pub payload: Json,
    /// Whether it will be.
    pub state: State,
    /// When it is due; of a dead one, when it was given up.
    pub run_at: Timestamp,
    /// How often it was tried.
    pub attempts: i64,
    /// Why the last attempt failed, empty before there was one.
    pub error: String,
    /// When it was queued.
    pub created: Timestamp,
}

impl State {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Dead => "dead",
        }
    }

    /// The state that a word names.
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Waiting, Self::Dead].into_iter().find(|state| state.word() == word)
    }
}

/// Queues a job.
///
/// # Errors
/// What the database says.
pub fn push(tx: &mut Tx, job: &NewJob, now: Timestamp) -> Result<(), StoreError> {
    let sql = "INSERT INTO \"_queue\" (\"id\", \"kind\", \"payload\", \"state\", \"run_at\", \
               \"lease\", \"attempts\", \"error\", \"created\", \"lane\") \
               VALUES ($1, $2, $3, 'waiting', $4, $5, 0, '', $6, $7) ON CONFLICT (\"id\") DO NOTHING";
    let params = vec![
        Value::text(&job.id),
        Value::text(&job.kind),
        Value::Json(job.payload.clone()),
        Value::Timestamp(job.run_at),
        Value::Timestamp(now),
        Value::Timestamp(now),
        Value::text(&job.lane),
    ];
    tx.run(Statement::new(sql, params)).map(|_| ())
}

/// The lanes that [`claim`] finds something in.
///
/// # Errors
/// What the database says.
pub fn due_lanes(db: &mut Db, now: Timestamp) -> Result<Vec<String>, StoreError> {
    // From one lane to the next one by the index, however much waits in them.
    let sql = "WITH RECURSIVE \"lanes\" (\"name\") AS (\
               SELECT MIN(\"lane\") FROM \"_queue\" WHERE \"state\" = 'waiting' UNION ALL \
               SELECT (SELECT MIN(\"lane\") FROM \"_queue\" WHERE \"state\" = 'waiting' \
               AND \"lane\" > \"name\") FROM \"lanes\" WHERE \"name\" IS NOT NULL) \
               SELECT \"name\" FROM \"lanes\" WHERE \"name\" IS NOT NULL AND EXISTS (\
               SELECT 1 FROM \"_queue\" WHERE \"state\" = 'waiting' AND \"lane\" = \"name\" \
               AND \"run_at\" <= $1 AND \"lease\" <= $2)";
    let rows = db.fetch_all(Statement::new(sql, vec![Value::Timestamp(now); 2]))?;
    rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
}

/// Takes at most `limit` jobs of `lane` that are due and nobody's, the oldest first: until `lease` they
/// are nobody else's.
///
/// # Errors
/// What the database says.
pub fn claim(
    tx: &mut Tx,
    now: Timestamp,
    lease: Timestamp,
    lane: &str,
    limit: i64,
) -> Result<Vec<Claimed>, StoreError> {
    // Those that another process claims at this moment are passed over, not waited for.
    let skip = tx.dialect().skip_locked();
    let sql = format!(
        "WITH \"due\" AS MATERIALIZED (SELECT \"id\" FROM \"_queue\" WHERE \"state\" = 'waiting' \
         AND \"lane\" = $1 AND \"run_at\" <= $2 AND \"lease\" <= $3 \
         ORDER BY \"run_at\" LIMIT $4{skip}) \
         UPDATE \"_queue\" SET \"lease\" = $5, \"attempts\" = \"attempts\" + 1 \
         WHERE \"id\" IN (SELECT \"id\" FROM \"due\") \
         RETURNING \"id\", \"attempts\", \"kind\", \"payload\""
    );
    let params = vec![
        Value::text(lane),
        Value::Timestamp(now),
        Value::Timestamp(now),
        Value::Int(limit),
        Value::Timestamp(lease),
    ];
    let rows = tx.fetch_all(Statement::new(sql, params))?;
    let claimed = |row: &Row| {
        Ok(Claimed {
            claim: Claim { id: row.text(0)?.to_owned(), attempts: row.int(1)? },
            lane: lane.to_owned(),
            kind: row.text(2)?.to_owned(),
            payload: row.json(3)?,
        })
    };
    rows.iter().map(claimed).collect()
}

/// Prolongs a lease until `lease`; false when the claim is over.
///
/// # Errors
/// What the database says.
pub fn renew(tx: &mut Tx, claim: &Claim, lease: Timestamp) -> Result<bool, StoreError> {
    change(tx, claim, "\"lease\" = $1", vec![Value::Timestamp(lease)])
}

/// Removes a job that is done; false when the claim is over.
///
/// # Errors
/// What the database says.
pub fn finish(tx: &mut Tx, claim: &Claim) -> Result<bool, StoreError> {
    let sql = "DELETE FROM \"_queue\" WHERE \"state\" = 'waiting' AND \"id\" = $1 \
               AND \"attempts\" = $2";
    let params = vec![Value::text(&claim.id), Value::Int(claim.attempts)];
    Ok(tx.run(Statement::new(sql, params))? > 0)
}

/// Lets a job that failed because of `error` be done again from `run_at` on; false when the claim is
/// over.
///
/// # Errors
/// What the database says.
pub fn retry(
    tx: &mut Tx,
    claim: &Claim,
    run_at: Timestamp,
    error: &str,
) -> Result<bool, StoreError> {
    let set = "\"run_at\" = $1, \"lease\" = $2, \"error\" = $3";
    let moment = Value::Timestamp(run_at);
    change(tx, claim, set, vec![moment.clone(), moment, Value::text(error)])
}

/// Gives up a job because of `error`; false when the claim is over. Of those of its lane that were given
/// up the oldest are forgotten when there are too many.
///
/// # Errors
/// What the database says.
pub fn bury(tx: &mut Tx, claim: &Claim, now: Timestamp, error: &str) -> Result<bool, StoreError> {
    let set = "\"state\" = 'dead', \"run_at\" = $1, \"lease\" = $2, \"error\" = $3";
    let moment = Value::Timestamp(now);
    let is_buried = change(tx, claim, set, vec![moment.clone(), moment, Value::text(error)])?;
    let sql = "DELETE FROM \"_queue\" WHERE \"state\" = 'dead' \
               AND \"lane\" = (SELECT \"lane\" FROM \"_queue\" WHERE \"id\" = $1) \
               AND \"id\" NOT IN (SELECT \"id\" FROM \"_queue\" WHERE \"state\" = 'dead' \
               AND \"lane\" = (SELECT \"lane\" FROM \"_queue\" WHERE \"id\" = $2) \
               ORDER BY \"run_at\" DESC, \"id\" LIMIT $3)";
    let id = Value::text(&claim.id);
    tx.run(Statement::new(sql, vec![id.clone(), id, Value::Int(MOST_DEAD)]))?;
    Ok(is_buried)
}

/// Gives back a job that was not tried: it is anybody's at once. False when the claim is over.
///
/// # Errors
/// What the database says.
pub fn release(tx: &mut Tx, claim: &Claim, now: Timestamp) -> Result<bool, StoreError> {
    let set = "\"lease\" = $1, \"attempts\" = \"attempts\" - 1";
    change(tx, claim, set, vec![Value::Timestamp(now)])
}

/// Ends all leases of a database that no other process uses, for whoever had them is gone; how many
/// there were. Where others may use it, nothing happens, and leases end by themselves.
///
/// # Errors
/// What the database says.
pub fn end_leases(tx: &mut Tx, now: Timestamp) -> Result<u64, StoreError> {
    if !tx.dialect().has_one_process() {
        return Ok(0);
    }
    let sql = "UPDATE \"_queue\" SET \"lease\" = $1 WHERE \"lease\" > $2";
    tx.run(Statement::new(sql, vec![Value::Timestamp(now); 2]))
}

/// The jobs of a state, those first that were touched last; at most `limit`.
///
/// # Errors
/// What the database says.
pub fn list(db: &mut Db, state: State, limit: i64) -> Result<Vec<Entry>, StoreError> {
    let sql = "SELECT \"id\", \"kind\", \"payload\", \"state\", \"run_at\", \"attempts\", \
               \"error\", \"created\" FROM \"_queue\" WHERE \"state\" = $1 \
               ORDER BY \"run_at\" DESC, \"id\" LIMIT $2";
    let params = vec![Value::text(state.word()), Value::Int(limit)];
    db.fetch_all(Statement::new(sql, params))?.iter().map(entry).collect()
}

/// How many jobs there are of a state.
///
/// # Errors
/// What the database says.
pub fn count(db: &mut Db, state: State) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) FROM \"_queue\" WHERE \"state\" = $1";
    db.fetch_one(Statement::new(sql, vec![Value::text(state.word())]))?.int(0)
}

// Where nobody is at a job, its lease is over or, while it waits for its next attempt, ends with that.

/// Lets a job be done from `now` on: a dead one as if it were new, one that waits for its next attempt
/// without waiting. False when somebody is at it, or when there is no such one.
///
/// # Errors
/// What the database says.
pub fn replay(tx: &mut Tx, id: &str, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "UPDATE \"_queue\" SET \"run_at\" = $1, \"lease\" = $2, \"state\" = 'waiting', \
               \"attempts\" = CASE \"state\" WHEN 'dead' THEN 0 ELSE \"attempts\" END \
               WHERE \"id\" = $3 \
               AND (\"state\" = 'dead' OR \"lease\" <= $4 OR \"lease\" = \"run_at\")";
    let moment = Value::Timestamp(now);
    let params = vec![moment.clone(), moment.clone(), Value::text(id), moment];
    Ok(tx.run(Statement::new(sql, params))? > 0)
}

/// Removes a job that is dead or waits at `now`; false when somebody is at it, or when there is no such
/// one.
///
/// # Errors
/// What the database says.
pub fn remove(tx: &mut Tx, id: &str, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "DELETE FROM \"_queue\" WHERE \"id\" = $1 \
               AND (\"state\" = 'dead' OR \"lease\" <= $2 OR \"lease\" = \"run_at\")";
    Ok(tx.run(Statement::new(sql, vec![Value::text(id), Value::Timestamp(now)]))? > 0)
}

/// One job.
///
/// # Errors
/// What the database says.
pub fn one(db: &mut Db, id: &str) -> Result<Option<Entry>, StoreError> {
    let sql = "SELECT \"id\", \"kind\", \"payload\", \"state\", \"run_at\", \"attempts\", \
               \"error\", \"created\" FROM \"_queue\" WHERE \"id\" = $1";
    let row = db.fetch_optional(Statement::new(sql, vec![Value::text(id)]))?;
    row.as_ref().map(entry).transpose()
}

/// Removes the jobs that were given up before `moment`.
///
/// # Errors
/// What the database says.
pub fn remove_dead(tx: &mut Tx, moment: Timestamp) -> Result<u64, StoreError> {
    let sql = "DELETE FROM \"_queue\" WHERE \"state\" = 'dead' AND \"run_at\" < $1";
    tx.run(Statement::new(sql, vec![Value::Timestamp(moment)]))
}

/// Changes a job if the claim holds.
fn change(
    tx: &mut Tx,
    claim: &Claim,
    set: &str,
    mut params: Vec<Value>,
) -> Result<bool, StoreError> {
    let next = params.len() + 1;
    let sql = format!(
        "UPDATE \"_queue\" SET {set} WHERE \"state\" = 'waiting' AND \"id\" = ${next} \
         AND \"attempts\" = ${}",
        next + 1
    );
    params.extend([Value::text(&claim.id), Value::Int(claim.attempts)]);
    Ok(tx.run(Statement::new(sql, params))? > 0)
}

fn entry(row: &Row) -> Result<Entry, StoreError> {
    let state = State::of_word(row.text(3)?);
    Ok(Entry {
        id: row.text(0)?.to_owned(),
        kind: row.text(1)?.to_owned(),
        payload: row.json(2)?,
        state: state.ok_or_else(|| StoreError::Data("a job of no known state".to_owned()))?,
        run_at: row.timestamp(4)?,
        attempts: row.int(5)?,
        error: row.text(6)?.to_owned(),
        created: row.timestamp(7)?,
    })
}
