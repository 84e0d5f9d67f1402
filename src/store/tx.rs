//! The two sides of a transaction: [`Db`] fetches, [`Tx`] also changes. Knows no engine beyond the
//! words of [`Session`], and no table.

use std::convert::Infallible;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Instant;

use crate::domain::event::Event;
use crate::domain::keyring::Keyring;
use crate::domain::schema::Schema;
use crate::store::Follower;
use crate::store::console::Table;
use crate::store::dialect::Dialect;
use crate::store::engine::{REVISION, Session};
use crate::store::error::StoreError;
use crate::store::row::Row;
use crate::store::sql::Statement;
use crate::store::value::Value;

/// What a function of [`crate::store::Store::read`] works on.
pub struct Db {
    session: Session,
    schema: Arc<Schema>,
    /// What stored secrets are sealed and opened with.
    keyring: Keyring,
    /// The first failure that nothing survives. While it stands every statement answers it, and the
    /// function fails with it whatever it returns: PostgreSQL aborts the transaction and would
    /// answer COMMIT with a silent rollback, so both engines behave so.
    failure: Option<StoreError>,
}

/// What a function of [`crate::store::Store::write`] works on: everything that [`Db`] does, and
/// changes.
pub struct Tx {
    db: Db,
    events: Vec<Event>,
    /// The revision that this function raised the database to, if it did.
    revision: Option<i64>,
}

impl Db {
    pub(in crate::store) const fn new(
        session: Session,
        schema: Arc<Schema>,
        keyring: Keyring,
    ) -> Self {
        Self { session, schema, keyring, failure: None }
    }

    /// Starts a function: nothing failed yet.
    pub(in crate::store) fn begin(&mut self, schema: Arc<Schema>, deadline: Instant) {
        self.schema = schema;
        self.failure = None;
        self.session.limit(Some(deadline));
    }

    /// Ends a function; answers what stands in the way of its result.
    pub(in crate::store) fn end(&mut self) -> Option<StoreError> {
        self.session.limit(None);
        self.failure.take()
    }

    pub(in crate::store) const fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    /// The SQL that the engine speaks.
    pub const fn dialect(&self) -> Dialect {
        self.session.dialect()
    }

    /// All collections as this function sees them.
    pub fn schema(&self) -> Arc<Schema> {
        Arc::clone(&self.schema)
    }

    /// Fails when the collections may have changed since the function began, which is then run again from
    /// the start: for who compares them with rows that change together with them, once these are read.
    ///
    /// # Errors
    /// [`StoreError::Conflict`], or what the database says.
    pub fn confirm_schema(&mut self) -> Result<(), StoreError> {
        if self.dialect().has_one_process() {
            return Ok(());
        }
        let found = self.fetch_one(Statement::new(REVISION, Vec::new()))?.int(0)?;
        self.statement(|session| session.check_revision(found))
    }

    /// What stored secrets are sealed and opened with.
    pub(in crate::store) fn keyring(&self) -> Keyring {
        self.keyring.clone()
    }

    /// Every row that `statement` answers.
    ///
    /// # Errors
    /// What the database says; the whole function fails with it, see [`Tx::attempt`].
    pub fn fetch_all(&mut self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        let mut rows = Vec::new();
        self.fetch_each(statement, |row| {
            rows.push(row);
            Ok(())
        })?;
        Ok(rows)
    }

    /// Every row that a statement of [`crate::store::filter::Query::counted_page`] answers, and how
    /// many were sorted for it: as many as there would be without its limit, unless there was nothing
    /// to sort.
    ///
    /// # Errors
    /// What the database says; the whole function fails with it, see [`Tx::attempt`].
    pub fn fetch_counted(&mut self, statement: Statement) -> Result<(Vec<Row>, u64), StoreError> {
        self.session.start_tally();
        let rows = self.fetch_all(statement)?;
        Ok((rows, self.session.tally()))
    }

    /// The first row that `statement` answers.
    ///
    /// # Errors
    /// What the database says; the whole function fails with it, see [`Tx::attempt`].
    pub fn fetch_optional(&mut self, statement: Statement) -> Result<Option<Row>, StoreError> {
        self.statement(|session| session.fetch_first(&statement))
    }

    /// The first row that `statement` answers, for statements that always answer one.
    ///
    /// # Errors
    /// What the database says, or [`StoreError::Data`] when there is no row.
    pub fn fetch_one(&mut self, statement: Statement) -> Result<Row, StoreError> {
        self.fetch_optional(statement)?
            .ok_or_else(|| StoreError::Data("a row was expected, there is none".to_owned()))
    }

    /// Hands each row that `statement` answers to `row`, without keeping them.
    ///
    /// # Errors
    /// What the database says, or the first error of `row`.
    pub fn fetch_each(
        &mut self,
        statement: Statement,
        mut row: impl FnMut(Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.statement(|session| session.fetch_each(&statement, &mut row))
    }

    /// Runs the statement `sql`, whatever it says, and keeps at most `limit` of its rows as texts.
    ///
    /// # Errors
    /// What the database says; the whole function fails with it, see [`Tx::attempt`].
    pub(in crate::store) fn fetch_table(
        &mut self,
        sql: &str,
        limit: usize,
    ) -> Result<Table, StoreError> {
        self.statement(|session| session.fetch_table(sql, limit))
    }

    fn statement<T>(
        &mut self,
        run: impl FnOnce(&mut Session) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let late = self.session.is_late();
        let result = if late { Err(StoreError::Deadline) } else { run(&mut self.session) };
        result.inspect_err(|error| self.failure = Some(error.clone()))
    }
}

impl Tx {
    pub(in crate::store) const fn new(db: Db) -> Self {
        Self { db, events: Vec::new(), revision: None }
    }

    /// The side that only fetches.
    pub(in crate::store) fn into_db(self) -> Db {
        self.db
    }

    /// What a function leaves beside its changes: its events, and the revision if it raised it.
    pub(in crate::store) fn take_effects(&mut self) -> (Vec<Event>, Option<i64>) {
        (std::mem::take(&mut self.events), self.revision.take())
    }

    /// Lets `follower` do what follows from the events of a function that succeeded. When it fails, the
    /// function does.
    pub(in crate::store) fn follow(&mut self, follower: &Follower) {
        let events = std::mem::take(&mut self.events);
        let followed = if events.is_empty() { Ok(()) } else { follower(self, &events) };
        let added = std::mem::replace(&mut self.events, events);
        self.events.extend(added);
        if let Err(error) = followed {
            self.db.failure.get_or_insert(error);
        }
    }

    /// Runs a statement that answers no rows; how many rows it changed.
    ///
    /// # Errors
    /// What the database says; the whole function fails with it, see [`Tx::attempt`].
    pub fn run(&mut self, statement: Statement) -> Result<u64, StoreError> {
        self.db.statement(|session| session.run(&statement))
    }

    /// Stores many rows with the text of [`Dialect::load`]; a fraction of the time of as many
    /// statements.
    ///
    /// # Errors
    /// What the database says; the whole function fails with it, see [`Tx::attempt`].
    pub(in crate::store) fn load(
        &mut self,
        sql: &str,
        rows: &[Vec<Value>],
    ) -> Result<(), StoreError> {
        self.db.statement(|session| session.load(sql, rows))
    }

    /// Runs `work` so that its failure can be survived: when it fails, its changes and events are
    /// undone and the function may go on. Meant for texts of users that the database may refuse.
    ///
    /// # Errors
    /// What `work` answers. A passed deadline and an ended transaction are not survived.
    pub fn attempt<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.db.statement(Session::savepoint)?;
        let before = (self.events.len(), self.revision, self.db.schema());
        let result = work(self);
        let result = match self.db.failure.take() {
            Some(failure) if self.is_final(&failure) => {
                self.db.failure = Some(failure.clone());
                return Err(failure.into());
            }
            Some(failure) => result.and(Err(failure.into())),
            None => result,
        };
        if result.is_ok() {
            self.db.statement(Session::release)?;
        } else {
            let (events, revision, schema) = before;
            self.events.truncate(events);
            self.revision = revision;
            self.db.schema = schema;
            self.db.statement(Session::roll_back)?;
        }
        result
    }

    /// Runs `work`, which fetches, so that nothing of it lasts and nothing can be written: the texts
    /// of users may call functions that write, and change settings of the connection. What fails in it
    /// is survived as by [`Tx::attempt`].
    ///
    /// # Errors
    /// What `work` answers. A passed deadline and an ended transaction are not survived.
    pub fn look<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&mut Db) -> Result<T, E>,
    ) -> Result<T, E> {
        let looked = self.attempt(|tx| {
            if let Some(read_only) = tx.dialect().read_only() {
                tx.run(read_only)?;
            }
            // A failure, so that everything is undone.
            Err::<Infallible, _>(Looked(work(tx)))
        });
        match looked {
            Err(Looked(result)) => result,
            Ok(never) => match never {},
        }
    }

    /// Announces `event` once the function is committed; never when it is not.
    pub fn emit(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Makes `collections` the schema, for this function at once and for all others with the
    /// commit. The rows of `_collections` and the tables are the caller's to change.
    ///
    /// # Errors
    /// What the database says.
    pub fn set_schema(&mut self, schema: Schema) -> Result<(), StoreError> {
        let version = self.revise()?;
        self.db.schema = Arc::new(Schema::new(version, schema.collections().to_vec()));
        Ok(())
    }

    /// Tells every process that something they cache (collections, settings) changed; the new
    /// revision. [`Tx::set_schema`] does it by itself.
    ///
    /// # Errors
    /// What the database says.
    pub fn revise(&mut self) -> Result<i64, StoreError> {
        let raise = "UPDATE \"_revision\" SET \"number\" = \"number\" + 1 RETURNING \"number\"";
        let revision = self.db.fetch_one(Statement::new(raise, Vec::new()))?.int(0)?;
        if self.revision.replace(revision).is_none() {
            self.db.statement(|session| session.check_revision(revision - 1))?;
            self.events.push(Event::SchemaChanged);
        }
        Ok(revision)
    }

    fn is_final(&mut self, failure: &StoreError) -> bool {
        matches!(failure, StoreError::Deadline | StoreError::Closed) || self.db.session.is_ended()
    }
}

/// What [`Tx::look`] saw, on its way out of an attempt that has to fail.
struct Looked<T, E>(Result<T, E>);

impl<T, E: From<StoreError>> From<StoreError> for Looked<T, E> {
    fn from(error: StoreError) -> Self {
        Self(Err(error.into()))
    }
}

impl Deref for Tx {
    type Target = Db;

    fn deref(&self) -> &Db {
        &self.db
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Db {
        &mut self.db
    }
}
