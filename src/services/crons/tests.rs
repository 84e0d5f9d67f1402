//! Ticks from the clock to the history, by a clock that the test moves. What the tasks do to records
//! is told in `tests/api`.

use std::sync::Arc;
use std::time::Duration;

use super::ticker::Watch;
use super::{MOST_RUNS, history, start};
use crate::config::{self, Source as Text};
use crate::domain::rules::RequestInfo;
use crate::services::bootstrap::{self, Source};
use crate::services::queue::work_off;
use crate::services::test_app::{START, TestApp};
use crate::store::queue as rows;
use crate::store::{Statement, StoreError};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// Adds a row, so that it can be told how often it ran.
const MARKS: &str = "INSERT INTO _migrations (name) SELECT 'ran ' || COUNT(*) FROM _migrations";

/// An App with these jobs, at 22:13:20.
async fn with_jobs(jobs: &str) -> TestApp {
    let test = TestApp::start(Vec::new()).await;
    bootstrap::run(&test.app, Source::ConfigFile).await.unwrap();
    assert_eq!(START.to_string(), "2023-11-14 22:13:20.500Z");
    configure(&test, jobs);
    test
}

fn configure(test: &TestApp, jobs: &str) {
    let config = config::load(&Text::of_text(jobs)).unwrap();
    test.app.configuration.replace(Arc::new(config));
}

fn job(name: &str, schedule: &str, more: &str) -> String {
    format!("[[jobs]]\nname = \"{name}\"\nschedule = \"{schedule}\"\n{more}\n")
}

fn marking(schedule: &str, more: &str) -> String {
    job("marks", schedule, &format!("sql = \"{MARKS}\"\n{more}"))
}

/// A look at the clock, and everything done that follows from it.
async fn look(test: &TestApp, watch: &mut Watch) {
    watch.look(&test.app).await.unwrap();
    work_off(&test.app).await;
}

/// How often the job ran that says so.
async fn marks(test: &TestApp) -> i64 {
    let sql = "SELECT COUNT(*) FROM _migrations WHERE name LIKE 'ran %'";
    let read = test.app.store.read(move |db| db.fetch_one(Statement::new(sql, Vec::new()))?.int(0));
    read.await.unwrap()
}

/// The runs of a job, the newest first, in a few words each.
async fn runs(test: &TestApp, job: &str) -> Vec<String> {
    let page = history::runs(&test.app, job, &RequestInfo::default()).await.unwrap();
    let words =
        |run: &history::RunView| format!("{} {} {}", run.cause, &run.tick[..16], run.outcome);
    page.items.iter().map(words).collect()
}

#[actix_web::test]
async fn a_tick_is_taken_once_by_whoever_looks_first() {
    let test = with_jobs(&marking("15 * * * *", "")).await;
    let (mut one, mut two) = (Watch::new(START), Watch::new(START));
    look(&test, &mut one).await;
    look(&test, &mut two).await;
    test.app.clock.advance(MINUTE);
    look(&test, &mut one).await;
    assert_eq!(marks(&test).await, 0, "not yet");
    test.app.clock.advance(MINUTE);
    look(&test, &mut one).await;
    look(&test, &mut two).await;
    look(&test, &mut one).await;
    assert_eq!(marks(&test).await, 1);
    assert_eq!(runs(&test, "marks").await, ["schedule 2023-11-14 22:15 done"]);
    test.app.clock.advance(HOUR);
    look(&test, &mut two).await;
    look(&test, &mut one).await;
    assert_eq!(marks(&test).await, 2);
}

#[actix_web::test]
async fn a_tick_of_the_minute_in_which_a_server_starts_is_over() {
    let test = with_jobs(&marking("* * * * *", "")).await;
    let mut watch = Watch::new(START);
    look(&test, &mut watch).await;
    assert_eq!(marks(&test).await, 0);
    test.app.clock.advance(Duration::from_millis(39_500));
    look(&test, &mut watch).await;
    assert_eq!(runs(&test, "marks").await, ["schedule 2023-11-14 22:14 done"]);
}

#[actix_web::test]
async fn many_ticks_at_once_are_one_and_what_is_long_gone_is_missed() {
    let jobs = marking("*/2 * * * *", "")
        + &job("late", "20 * * * *", "sql = \"SELECT 1\"")
        + &job("made_up", "20 * * * *", "missed = \"run\"\nsql = \"SELECT 1\"");
    let test = with_jobs(&jobs).await;
    let mut watch = Watch::new(START);
    look(&test, &mut watch).await;
    // Somebody sets the clock: it is 22:53.
    test.app.clock.advance(40 * MINUTE);
    look(&test, &mut watch).await;
    assert_eq!(runs(&test, "marks").await, ["schedule 2023-11-14 22:52 done"]);
    assert_eq!(runs(&test, "late").await, Vec::<String>::new());
    assert_eq!(runs(&test, "made_up").await, ["missed 2023-11-14 22:20 done"]);
}

#[actix_web::test]
async fn a_clock_that_is_put_back_runs_nothing_twice() {
    let test = with_jobs(&marking("* * * * *", "")).await;
    let mut watch = Watch::new(START);
    look(&test, &mut watch).await;
    for _ in 0..3 {
        test.app.clock.advance(MINUTE);
        look(&test, &mut watch).await;
    }
    assert_eq!(marks(&test).await, 3);
    test.app.clock.put_back(3 * MINUTE);
    look(&test, &mut watch).await;
    for _ in 0..3 {
        test.app.clock.advance(MINUTE);
        look(&test, &mut watch).await;
        assert_eq!(marks(&test).await, 3);
    }
    test.app.clock.advance(MINUTE);
    look(&test, &mut watch).await;
    assert_eq!(marks(&test).await, 4);
}

#[actix_web::test]
async fn a_clock_that_was_years_ahead_is_not_waited_for() {
    let test = with_jobs(&marking("* * * * *", "")).await;
    let mut watch = Watch::new(START);
    look(&test, &mut watch).await;
    test.app.clock.advance(400 * DAY);
    look(&test, &mut watch).await;
    assert_eq!(marks(&test).await, 1);
    test.app.clock.put_back(400 * DAY);
    look(&test, &mut watch).await;
    test.app.clock.advance(MINUTE);
    look(&test, &mut watch).await;
    assert_eq!(marks(&test).await, 2);
    test.app.clock.advance(MINUTE);
    look(&test, &mut watch).await;
    assert_eq!(marks(&test).await, 3);
}

#[actix_web::test]
async fn a_run_that_is_not_over_has_no_other_beside_it() {
    let test = with_jobs(&marking("* * * * *", "")).await;
    let mut watch = Watch::new(START);
    watch.look(&test.app).await.unwrap();
    test.app.clock.advance(MINUTE);
    watch.look(&test.app).await.unwrap();
    // Nobody does it.
    test.app.clock.advance(MINUTE);
    watch.look(&test.app).await.unwrap();
    start(&test.app, "marks").await.unwrap();
    assert_eq!(
        runs(&test, "marks").await,
        [
            "hand 2023-11-14 22:15 skipped",
            "schedule 2023-11-14 22:15 skipped",
            "schedule 2023-11-14 22:14 waiting"
        ]
    );
    work_off(&test.app).await;
    assert_eq!(marks(&test).await, 1);
    start(&test.app, "marks").await.unwrap();
    work_off(&test.app).await;
    assert_eq!(marks(&test).await, 2);
}

#[actix_web::test]
async fn a_run_that_went_from_the_queue_blocks_nothing() {
    let test = with_jobs(&marking("0 0 1 1 *", "")).await;
    start(&test.app, "marks").await.unwrap();
    let clear = |tx: &mut crate::store::Tx| tx.run(Statement::new("DELETE FROM _queue", vec![]));
    test.app.store.write(clear).await.unwrap();
    test.app.clock.advance(MINUTE);
    start(&test.app, "marks").await.unwrap();
    work_off(&test.app).await;
    assert_eq!(
        runs(&test, "marks").await,
        ["hand 2023-11-14 22:14 done", "hand 2023-11-14 22:13 failed"]
    );
}

#[actix_web::test]
async fn a_start_makes_up_for_the_last_tick_that_nobody_took() {
    let jobs =
        marking("0 * * * *", "missed = \"run\"") + &job("skips", "0 * * * *", "sql = \"SELECT 1\"");
    let test = with_jobs(&jobs).await;
    // A job that is new has missed nothing.
    look(&test, &mut Watch::new(START)).await;
    assert_eq!(marks(&test).await, 0);
    // Five hours later it starts again.
    test.app.clock.advance(5 * HOUR);
    let mut watch = Watch::new(test.app.clock.now());
    look(&test, &mut watch).await;
    assert_eq!(runs(&test, "marks").await, ["missed 2023-11-15 03:00 done"]);
    assert_eq!(runs(&test, "skips").await, Vec::<String>::new());
    look(&test, &mut Watch::new(test.app.clock.now())).await;
    assert_eq!(marks(&test).await, 1);
    // With other times than before it begins anew.
    test.app.clock.advance(5 * HOUR);
    configure(&test, &marking("10 * * * *", "missed = \"run\""));
    look(&test, &mut Watch::new(test.app.clock.now())).await;
    assert_eq!(marks(&test).await, 1);
}

#[actix_web::test]
async fn statements_and_the_note_that_they_ran_are_one() {
    let test = with_jobs(&marking("0 0 1 1 *", "")).await;
    start(&test.app, "marks").await.unwrap();
    let [claimed]: [rows::Claimed; 1] = test
        .app
        .store
        .write(|tx| rows::claim(tx, START, START, "cron", 9))
        .await
        .unwrap()
        .try_into()
        .unwrap();
    // Whoever does it dies before the queue hears of it.
    super::carry_out(&test.app, &claimed.claim.id, "marks").await.unwrap();
    assert_eq!(runs(&test, "marks").await, ["hand 2023-11-14 22:13 done"]);
    test.app.clock.advance(MINUTE);
    work_off(&test.app).await;
    assert_eq!(marks(&test).await, 1);
}

#[actix_web::test]
async fn what_fails_changes_nothing_and_says_why() {
    let broken = format!("sql = \"{MARKS}; DELETE FROM nowhere\"");
    let test = with_jobs(&job("broken", "@yearly", &broken)).await;
    start(&test.app, "broken").await.unwrap();
    work_off(&test.app).await;
    assert_eq!(marks(&test).await, 0);
    let page = history::runs(&test.app, "broken", &RequestInfo::default()).await.unwrap();
    assert_eq!((page.items.len(), page.items[0].outcome), (1, "failed"));
    assert!(page.items[0].error.contains("nowhere"), "{}", page.items[0].error);
    for state in [rows::State::Waiting, rows::State::Dead] {
        let left = test.app.store.read(move |db| rows::list(db, state, 9)).await.unwrap();
        assert_eq!(left, [], "nothing is left in the queue");
    }
}

#[actix_web::test]
async fn a_run_whose_servers_die_is_given_up_in_the_end() {
    let test = with_jobs(&marking("0 0 1 1 *", "")).await;
    start(&test.app, "marks").await.unwrap();
    for _ in 0..5 {
        let claimed =
            test.app.store.write(|tx| rows::claim(tx, START, START, "cron", 9)).await.unwrap();
        assert_eq!(claimed.len(), 1);
    }
    work_off(&test.app).await;
    assert_eq!(marks(&test).await, 0);
    assert_eq!(runs(&test, "marks").await, ["hand 2023-11-14 22:13 failed"]);
}

#[actix_web::test]
async fn a_job_that_is_gone_runs_no_more_and_is_forgotten_in_a_week() {
    let test = with_jobs(&marking("* * * * *", "")).await;
    let mut watch = Watch::new(START);
    look(&test, &mut watch).await;
    start(&test.app, "marks").await.unwrap();
    configure(&test, "");
    for _ in 0..5 {
        test.app.clock.advance(HOUR);
        look(&test, &mut watch).await;
    }
    assert_eq!(marks(&test).await, 0);
    assert!(start(&test.app, "marks").await.is_err());
    let stored = async |test: &TestApp| {
        let runs = |db: &mut crate::store::Db| crate::store::crons::page(db, "marks", 9, 0);
        test.app.store.read(runs).await.unwrap()
    };
    let [run]: [_; 1] = stored(&test).await.try_into().unwrap();
    assert!(run.error.contains("no server has a job called \"marks\""), "{}", run.error);
    test.app.clock.advance(6 * DAY);
    look(&test, &mut watch).await;
    assert_eq!(stored(&test).await.len(), 1);
    test.app.clock.advance(DAY);
    look(&test, &mut watch).await;
    assert_eq!(stored(&test).await.len(), 0);
}

#[actix_web::test]
async fn the_history_of_a_job_has_an_end() {
    let test = with_jobs(&job("quick", "@yearly", "sql = \"SELECT 1\"")).await;
    for _ in 0..MOST_RUNS + 5 {
        test.app.clock.advance(Duration::from_secs(1));
        start(&test.app, "quick").await.unwrap();
        work_off(&test.app).await;
    }
    start(&test.app, "__pbLogsCleanup__").await.unwrap();
    let count = |job: &'static str| {
        let count = move |db: &mut crate::store::Db| crate::store::crons::count(db, job);
        test.app.store.read::<_, StoreError>(count)
    };
    assert_eq!(count("quick").await.unwrap(), MOST_RUNS);
    assert_eq!(count("__pbLogsCleanup__").await.unwrap(), 1);
    let newest = &runs(&test, "quick").await[0];
    assert_eq!(newest, "hand 2023-11-14 22:15 done");
}

#[actix_web::test]
async fn a_database_that_is_away_loses_no_tick_of_a_moment_ago() {
    let test = with_jobs(&marking("15 * * * *", "")).await;
    let mut watch = Watch::new(START);
    look(&test, &mut watch).await;
    rename(&test, "_crons", "_away").await;
    test.app.clock.advance(2 * MINUTE);
    assert!(watch.look(&test.app).await.is_err());
    rename(&test, "_away", "_crons").await;
    test.app.clock.advance(3 * MINUTE);
    look(&test, &mut watch).await;
    assert_eq!(runs(&test, "marks").await, ["schedule 2023-11-14 22:15 done"]);
}

async fn rename(test: &TestApp, from: &str, to: &str) {
    let sql = format!("ALTER TABLE {from} RENAME TO {to}");
    let rename = move |tx: &mut crate::store::Tx| tx.run(Statement::new(sql.clone(), Vec::new()));
    test.app.store.write::<_, StoreError>(rename).await.unwrap();
}
