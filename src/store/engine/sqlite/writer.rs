//! The thread that owns the write connection. It runs waiting functions under one COMMIT and
//! answers after it, so an answer means durable. No timer: a group is whatever queued up during the
//! previous fsync.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::Receiver;
use tokio::sync::oneshot;

use crate::domain::event::Event;
use crate::domain::schema::Schema;
use crate::store::engine::REVISION;
use crate::store::engine::call::Function;
use crate::store::engine::sqlite::Shared;
use crate::store::engine::sqlite::checkpoint::Checkpointer;
use crate::store::engine::sqlite::session::Session;
use crate::store::error::StoreError;
use crate::store::sql::Statement;
use crate::store::tx::Tx;

/// Most functions under one COMMIT.
const GROUP: usize = 256;

/// What waits for the writer.
pub(super) enum Job {
    /// A function.
    Call(Box<dyn Function>),
    /// The end; it is reported when everything is on disk.
    Close(oneshot::Sender<()>),
}

/// The writer's side of the database.
pub(super) struct Writer {
    pub(super) tx: Tx,
    pub(super) shared: Arc<Shared>,
    pub(super) jobs: Receiver<Job>,
    pub(super) checkpointer: Checkpointer,
    /// SQLite's own count of commits by other connections; other processes show in it.
    pub(super) data_version: i64,
    /// How long a group takes more functions in; the first ones in it wait that long at most.
    pub(super) group_time: Duration,
    /// Functions whose group was lost through no fault of theirs: they run again, first.
    pub(super) again: VecDeque<Box<dyn Function>>,
    /// Who asked for the end.
    pub(super) closing: Vec<oneshot::Sender<()>>,
    /// The number under which events were last told.
    pub(super) told: u64,
}

/// The functions that ran under the open transaction.
#[derive(Default)]
struct Group {
    done: Vec<Box<dyn Function>>,
    events: Vec<Event>,
    schema: Option<Arc<Schema>>,
    revision: Option<i64>,
    /// Set when SQLite ended the transaction: nothing of the group may be committed.
    lost: bool,
}

impl Writer {
    /// Takes functions until the store is closed or nobody can send any more. What was accepted
    /// before the end is still run.
    pub(super) fn work(mut self) {
        while let Some(first) = self.next() {
            match first {
                Job::Call(function) => self.group(function),
                Job::Close(done) => self.close(done),
            }
            self.checkpointer.look(session(&mut self.tx).connection());
        }
        let Self { tx, checkpointer, closing, .. } = self;
        checkpointer.finish(tx);
        for done in closing {
            // Who asked for the end may have gone.
            let _ = done.send(());
        }
    }

    /// Waits for something to do; `None` at the end.
    fn next(&mut self) -> Option<Job> {
        match self.again.pop_front() {
            Some(function) => Some(Job::Call(function)),
            None => self.jobs.blocking_recv(),
        }
    }

    fn close(&mut self, done: oneshot::Sender<()>) {
        self.jobs.close();
        self.closing.push(done);
    }

    /// Runs one group.
    fn group(&mut self, first: Box<dyn Function>) {
        let (mut group, started) = (Group::default(), Instant::now());
        if let Err(error) = self.begin() {
            return answer_all(vec![first], Some(&error));
        }
        self.fill(&mut group, first);
        let functions = group.done.len();
        if group.lost {
            for function in group.done.into_iter().rev() {
                self.again.push_front(function);
            }
        } else {
            self.commit(group);
        }
        self.shared.writes.group(functions, started.elapsed());
    }

    /// Begins the transaction, and takes in what other processes changed in the schema.
    fn begin(&mut self) -> Result<(), StoreError> {
        session(&mut self.tx).begin_write()?;
        let noticed = self.notice_others();
        if noticed.is_err() {
            session(&mut self.tx).abandon();
        }
        noticed
    }

    fn notice_others(&mut self) -> Result<(), StoreError> {
        let version = data_version(&mut self.tx)?;
        if version == self.data_version {
            return Ok(());
        }
        let stored = self.tx.fetch_one(Statement::new(REVISION, Vec::new()))?.int(0)?;
        if stored > self.shared.revision.load(Ordering::Acquire) {
            let schema = crate::store::collections::load(&mut self.tx, stored)?;
            self.shared.schema.store(Arc::new(schema));
            self.shared.revision.store(stored, Ordering::Release);
            self.send(&[Event::SchemaChanged]);
        }
        self.data_version = version;
        Ok(())
    }

    /// Runs functions until the group is full, the queue empty, or a function ended it.
    fn fill(&mut self, group: &mut Group, first: Box<dyn Function>) {
        let started = Instant::now();
        let mut next = Some(first);
        while let Some(function) = next {
            let is_long = function.is_long();
            if is_long && !group.done.is_empty() {
                self.again.push_front(function);
                return;
            }
            self.run(group, function);
            let full = is_long || group.done.len() >= GROUP || started.elapsed() >= self.group_time;
            if full || group.lost || group.schema.is_some() {
                return;
            }
            next = self.again.pop_front().or_else(|| match self.jobs.try_recv() {
                Ok(Job::Call(function)) => Some(function),
                Ok(Job::Close(done)) => {
                    self.close(done);
                    None
                }
                Err(_) => None,
            });
        }
    }

    /// Runs one function and keeps or undoes its changes.
    fn run(&mut self, group: &mut Group, mut function: Box<dyn Function>) {
        if !function.take() {
            return;
        }
        let schema = self.shared.schema.load_full();
        self.tx.begin(Arc::clone(&schema), function.deadline());
        session(&mut self.tx).begin_function();
        let succeeded = catch_unwind(AssertUnwindSafe(|| {
            let succeeded = function.run(&mut self.tx);
            if succeeded {
                self.tx.follow(&self.shared.follower);
            }
            succeeded
        }));
        let failure = match succeeded {
            Ok(true) => self.tx.end(),
            Ok(false) => {
                self.tx.end();
                return self.undo(group, function);
            }
            Err(_) => {
                self.tx.end();
                Some(StoreError::Panicked)
            }
        };
        let (events, revision) = self.tx.take_effects();
        let kept = match failure {
            None => session(&mut self.tx).keep_function(),
            Some(failure) => Err(failure),
        };
        if let Err(failure) = kept {
            function.fail(failure);
            return self.undo(group, function);
        }
        group.events.extend(events);
        if revision.is_some() {
            group.revision = revision;
            let changed = self.tx.schema();
            group.schema = (!Arc::ptr_eq(&changed, &schema)).then_some(changed);
        }
        group.done.push(function);
    }

    /// Undoes what `function` changed; its failure is its answer.
    fn undo(&mut self, group: &mut Group, function: Box<dyn Function>) {
        self.tx.take_effects();
        let ended = session(&mut self.tx).is_ended();
        if ended || session(&mut self.tx).undo_function().is_err() {
            // The whole group went with it. This function is to blame and is answered; the others
            // did nothing wrong and run again.
            session(&mut self.tx).abandon();
            group.lost = true;
            function.answer();
        } else {
            group.done.push(function);
        }
    }

    /// Commits, publishes, tells, and answers, in this order.
    fn commit(&mut self, group: Group) {
        let Group { done, events, schema, revision, .. } = group;
        let publishing = schema
            .is_some()
            .then(|| self.shared.publishing.write().unwrap_or_else(PoisonError::into_inner));
        let committed = session(&mut self.tx).commit();
        if committed.is_ok() {
            if let Some(schema) = schema {
                self.shared.schema.store(schema);
            }
            if let Some(revision) = revision {
                self.shared.revision.store(revision, Ordering::Release);
            }
        }
        drop(publishing);
        if committed.is_ok() && !events.is_empty() {
            self.send(&events);
        }
        answer_all(done, committed.err().as_ref());
    }

    /// A listener that panics must not stop the writer.
    fn send(&mut self, events: &[Event]) {
        self.told += 1;
        let tell = || {
            (self.shared.events)(events);
            if let Some(feed) = self.shared.feed.as_ref().filter(|feed| feed.is_wanted()) {
                feed.answered(self.told);
                feed.committed(self.told, events);
            }
        };
        if catch_unwind(AssertUnwindSafe(tell)).is_err() {
            tracing::error!("a listener to database events panicked");
        }
    }
}

/// SQLite's own count of commits by other connections than this one.
pub(super) fn data_version(tx: &mut Tx) -> Result<i64, StoreError> {
    tx.fetch_one(Statement::new("PRAGMA data_version", Vec::new()))?.int(0)
}

/// The SQLite connection of `tx`.
pub(super) fn session(tx: &mut Tx) -> &mut Session {
    tx.session().sqlite()
}

fn answer_all(done: Vec<Box<dyn Function>>, failure: Option<&StoreError>) {
    for mut function in done {
        if let Some(failure) = failure {
            function.fail(failure.clone());
        }
        function.answer();
    }
}
