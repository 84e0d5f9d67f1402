//! The tables `_crons` and `_cron_runs`: which ticks of jobs were taken, and what came of them. What a
//! job is, and when its ticks are, is decided elsewhere.

use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::row::Row;
use crate::store::sql::Statement;
use crate::store::tx::{Db, Tx};
use crate::store::value::{Kind, Value};

const DAY: i64 = 24 * 60 * 60 * 1_000;

const COLUMNS: &str = "\"id\", \"job\", \"cause\", \"tick\", \"started\", \"finished\", \
                       \"outcome\", \"error\"";

/// The last tick of a job that somebody took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Name of the job.
    pub job: String,
    /// What its ticks follow from.
    pub schedule: String,
    /// The tick.
    pub tick: Timestamp,
}

/// Why a job runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// It is time.
    Schedule,
    /// It was time while no server ran.
    Missed,
    /// Somebody asked for it.
    Hand,
}

/// What came of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nobody has begun it.
    Waiting,
    /// Somebody is at it.
    Running,
    /// It was done.
    Done,
    /// It could not be done.
    Failed,
    /// It was left out.
    Skipped,
}

/// A run of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// What it is told apart by.
    pub id: String,
    /// Name of the job.
    pub job: String,
    /// Why it runs.
    pub cause: Cause,
    /// The tick, or when somebody asked for it.
    pub tick: Timestamp,
    /// Since when somebody is at it.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub finished: Option<Timestamp>,
    /// What came of it.
    pub outcome: Outcome,
    /// Why it failed or was left out, else empty.
    pub error: String,
}

impl Cause {
    const ALL: [Self; 3] = [Self::Schedule, Self::Missed, Self::Hand];

    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::Missed => "missed",
            Self::Hand => "hand",
        }
    }
}

impl Outcome {
    const ALL: [Self; 5] = [Self::Waiting, Self::Running, Self::Done, Self::Failed, Self::Skipped];

    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

impl Run {
    /// A run that nobody has begun.
    pub fn new(id: String, job: &str, cause: Cause, tick: Timestamp) -> Self {
        Self {
            id,
            job: job.to_owned(),
            cause,
            tick,
            started: None,
            finished: None,
            outcome: Outcome::Waiting,
            error: String::new(),
        }
    }

    /// One that was left out because of `reason`.
    #[must_use]
    pub fn skipped(self, reason: &str, now: Timestamp) -> Self {
        let (outcome, error) = (Outcome::Skipped, reason.to_owned());
        Self { outcome, error, finished: Some(now), ..self }
    }
}

/// The mark of a job.
///
/// # Errors
/// What the database says.
pub fn mark(db: &mut Db, job: &str) -> Result<Option<Mark>, StoreError> {
    let sql = "SELECT \"job\", \"schedule\", \"tick\" FROM \"_crons\" WHERE \"job\" = $1";
    let row = db.fetch_optional(Statement::new(sql, vec![Value::text(job)]))?;
    let mark = |row: Row| {
        let (job, schedule) = (row.text(0)?.to_owned(), row.text(1)?.to_owned());
        Ok(Mark { job, schedule, tick: row.timestamp(2)? })
    };
    row.map(mark).transpose()
}

/// Takes a tick; false when somebody has taken it or a later one. The job's runs are nobody else's to
/// add to until the transaction ends.
///
/// A mark that is more than a day ahead is the work of a clock that was wrong, and counts for nothing.
///
/// # Errors
/// What the database says.
pub fn take(tx: &mut Tx, mark: &Mark, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "INSERT INTO \"_crons\" (\"job\", \"schedule\", \"tick\", \"seen\") \
               VALUES ($1, $2, $3, $4) ON CONFLICT (\"job\") DO UPDATE SET \
               \"schedule\" = excluded.\"schedule\", \"tick\" = excluded.\"tick\", \
               \"seen\" = excluded.\"seen\" \
               WHERE \"_crons\".\"tick\" < excluded.\"tick\" OR \"_crons\".\"tick\" > $5 \
               RETURNING \"job\"";
    let mut params = values(mark, now);
    params.push(Value::Timestamp(now.plus_millis(DAY)));
    Ok(tx.fetch_optional(Statement::new(sql, params))?.is_some())
}

/// Notes that a server has the job. One that is new, or has another schedule than before, counts from
/// the tick of `mark` on.
///
/// # Errors
/// What the database says.
pub fn note(tx: &mut Tx, mark: &Mark, now: Timestamp) -> Result<(), StoreError> {
    let sql = "INSERT INTO \"_crons\" (\"job\", \"schedule\", \"tick\", \"seen\") \
               VALUES ($1, $2, $3, $4) ON CONFLICT (\"job\") DO UPDATE SET \
               \"schedule\" = excluded.\"schedule\", \"seen\" = excluded.\"seen\", \
               \"tick\" = CASE WHEN \"_crons\".\"schedule\" <> excluded.\"schedule\" \
               AND \"_crons\".\"tick\" < excluded.\"tick\" THEN excluded.\"tick\" \
               ELSE \"_crons\".\"tick\" END";
    tx.run(Statement::new(sql, values(mark, now))).map(|_| ())
}

/// Forgets jobs that no server has had since `before`, and their runs.
///
/// # Errors
/// What the database says.
pub fn forget_unseen(tx: &mut Tx, before: Timestamp) -> Result<(), StoreError> {
    let sql = "DELETE FROM \"_cron_runs\" WHERE \"job\" IN \
               (SELECT \"job\" FROM \"_crons\" WHERE \"seen\" < $1)";
    tx.run(Statement::new(sql, vec![Value::Timestamp(before)]))?;
    let sql = "DELETE FROM \"_crons\" WHERE \"seen\" < $1";
    tx.run(Statement::new(sql, vec![Value::Timestamp(before)])).map(|_| ())
}

/// Adds a run, and forgets the oldest of the job's that are over, beyond `most`.
///
/// # Errors
/// What the database says.
pub fn add(tx: &mut Tx, run: &Run, most: i64) -> Result<(), StoreError> {
    let sql =
        format!("INSERT INTO \"_cron_runs\" ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");
    let params = vec![
        Value::text(&run.id),
        Value::text(&run.job),
        Value::text(run.cause.word()),
        Value::Timestamp(run.tick),
        optional(run.started),
        optional(run.finished),
        Value::text(run.outcome.word()),
        Value::text(&run.error),
    ];
    tx.run(Statement::new(sql, params))?;
    let sql = "DELETE FROM \"_cron_runs\" WHERE \"job\" = $1 AND \"finished\" IS NOT NULL \
               AND \"id\" NOT IN (SELECT \"id\" FROM \"_cron_runs\" WHERE \"job\" = $2 \
               ORDER BY \"tick\" DESC, \"id\" DESC LIMIT $3)";
    let params = vec![Value::text(&run.job), Value::text(&run.job), Value::Int(most)];
    tx.run(Statement::new(sql, params)).map(|_| ())
}

/// The run of a job that is not over, if there is one. What is not over waits in the queue; a run that
/// does not, since somebody changed the queue by hand or a version that knew it is gone, is over too.
///
/// # Errors
/// What the database says.
pub fn unfinished(tx: &mut Tx, job: &str, now: Timestamp) -> Result<Option<String>, StoreError> {
    let lost = "UPDATE \"_cron_runs\" SET \"outcome\" = $1, \"finished\" = $2, \"error\" = $3 \
                WHERE \"job\" = $4 AND \"finished\" IS NULL AND NOT EXISTS (SELECT 1 FROM \
                \"_queue\" WHERE \"_queue\".\"id\" = \"_cron_runs\".\"id\" \
                AND \"_queue\".\"state\" = 'waiting')";
    let params = vec![
        Value::text(Outcome::Failed.word()),
        Value::Timestamp(now),
        Value::text("it went from the queue before anybody did it"),
        Value::text(job),
    ];
    tx.run(Statement::new(lost, params))?;
    let sql = "SELECT \"id\" FROM \"_cron_runs\" WHERE \"job\" = $1 AND \"finished\" IS NULL \
               LIMIT 1";
    let row = tx.fetch_optional(Statement::new(sql, vec![Value::text(job)]))?;
    row.map(|row| row.text(0).map(str::to_owned)).transpose()
}

/// Notes that somebody is at a run, whatever number of times, and answers it; nothing when it is over.
///
/// # Errors
/// What the database says.
pub fn begin(tx: &mut Tx, id: &str, now: Timestamp) -> Result<Option<Run>, StoreError> {
    let sql = format!(
        "UPDATE \"_cron_runs\" SET \"started\" = COALESCE(\"started\", $1), \"outcome\" = $2 \
         WHERE \"id\" = $3 AND \"finished\" IS NULL RETURNING {COLUMNS}"
    );
    let params = vec![Value::Timestamp(now), Value::text(Outcome::Running.word()), Value::text(id)];
    tx.fetch_optional(Statement::new(sql, params))?.map(|row| decode(&row)).transpose()
}

/// Notes how a run ended; false when it had ended before.
///
/// # Errors
/// What the database says.
pub fn finish(
    tx: &mut Tx,
    id: &str,
    outcome: Outcome,
    error: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "UPDATE \"_cron_runs\" SET \"finished\" = $1, \"outcome\" = $2, \"error\" = $3 \
               WHERE \"id\" = $4 AND \"finished\" IS NULL";
    let params = vec![
        Value::Timestamp(now),
        Value::text(outcome.word()),
        Value::text(error),
        Value::text(id),
    ];
    Ok(tx.run(Statement::new(sql, params))? > 0)
}

/// Some runs of a job, the newest first.
///
/// # Errors
/// What the database says.
pub fn page(db: &mut Db, job: &str, limit: i64, offset: i64) -> Result<Vec<Run>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM \"_cron_runs\" WHERE \"job\" = $1 \
         ORDER BY \"tick\" DESC, \"id\" DESC LIMIT $2 OFFSET $3"
    );
    let params = vec![Value::text(job), Value::Int(limit), Value::Int(offset)];
    db.fetch_all(Statement::new(sql, params))?.iter().map(decode).collect()
}

/// The run of a job that says how it is doing: one that is not over, else the one that ended last.
///
/// # Errors
/// What the database says.
pub fn last(db: &mut Db, job: &str) -> Result<Option<Run>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM \"_cron_runs\" WHERE \"job\" = $1 \
         ORDER BY \"finished\" IS NULL DESC, \"finished\" DESC, \"tick\" DESC, \"id\" DESC LIMIT 1"
    );
    let row = db.fetch_optional(Statement::new(sql, vec![Value::text(job)]))?;
    row.as_ref().map(decode).transpose()
}

/// How many runs of a job there are.
///
/// # Errors
/// What the database says.
pub fn count(db: &mut Db, job: &str) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) FROM \"_cron_runs\" WHERE \"job\" = $1";
    db.fetch_one(Statement::new(sql, vec![Value::text(job)]))?.int(0)
}

/// Forgets runs that ended before `moment`.
///
/// # Errors
/// What the database says.
pub fn forget_runs(tx: &mut Tx, moment: Timestamp) -> Result<u64, StoreError> {
    let sql = "DELETE FROM \"_cron_runs\" WHERE \"finished\" < $1";
    tx.run(Statement::new(sql, vec![Value::Timestamp(moment)]))
}

fn values(mark: &Mark, now: Timestamp) -> Vec<Value> {
    let (job, schedule) = (Value::text(&mark.job), Value::text(&mark.schedule));
    vec![job, schedule, Value::Timestamp(mark.tick), Value::Timestamp(now)]
}

fn optional(moment: Option<Timestamp>) -> Value {
    moment.map_or(Value::Null(Kind::Timestamp), Value::Timestamp)
}

fn decode(row: &Row) -> Result<Run, StoreError> {
    let text = |position| Ok::<_, StoreError>(row.text(position)?.to_owned());
    let moment = |position| {
        if row.is_null(position)? { Ok(None) } else { row.timestamp(position).map(Some) }
    };
    let cause = Cause::ALL.into_iter().find(|cause| row.text(2).ok() == Some(cause.word()));
    let outcome = Outcome::ALL.into_iter().find(|outcome| row.text(6).ok() == Some(outcome.word()));
    let unknown = || StoreError::Data("a run of a job in unknown words".to_owned());
    Ok(Run {
        id: text(0)?,
        job: text(1)?,
        cause: cause.ok_or_else(unknown)?,
        tick: row.timestamp(3)?,
        started: moment(4)?,
        finished: moment(5)?,
        outcome: outcome.ok_or_else(unknown)?,
        error: text(7)?,
    })
}
