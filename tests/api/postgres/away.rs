//! A server that goes away, or has no time, while requests are answered: each is answered as it
//! should be or with 503, and when the server is back nobody has to do anything.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::sync::mpsc;

use super::{CONFIG, Place};
use crate::harness::{Answer, Client, Database, Process, QUICK};

const NOTES: &str = "/api/collections/notes/records";

/// Ends a wait that has failed already.
const MOST_TRIES: usize = 1000;

/// 503 as every client is told it.
#[track_caller]
fn assert_unavailable(answer: &Answer) {
    assert_eq!(answer.status, 503, "{}", answer.text);
    assert_eq!(answer.at("/status"), json!(503));
    assert_eq!(answer.at("/data"), json!({}));
    let id = answer.header("x-request-id").unwrap();
    assert_eq!(id.len(), 15, "{id}");
    for word in ["SQL", "sqlx", "connection", "postgres", "terminat"] {
        assert!(!answer.text.contains(word), "{}", answer.text);
    }
}

/// Asks until a read and a write succeed; meanwhile the answer is 503.
async fn recovers(client: &Client) {
    for _ in 0..MOST_TRIES {
        let read = client.get(NOTES).await;
        let write = client.create("notes", json!({ "text": "again" })).await;
        if read.status == 200 && write.status == 200 {
            return;
        }
        [read, write].iter().filter(|answer| answer.status != 200).for_each(assert_unavailable);
    }
    panic!("the server does not come back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_cut_lose_no_answered_write() {
    const ROUNDS: usize = 20;
    let Some(place) = Place::new() else { return };
    let name = place.schema();
    let address = place.address(|url| {
        url.query_pairs_mut().append_pair("application_name", &name);
    });
    let server = Process::serve_with(place.folder(), &[("DATABASE_URL", &address)]);
    let (tell, mut told) = mpsc::unbounded_channel();
    let stop = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..8)
        .map(|_| tokio::spawn(ask(server.guest(), tell.clone(), Arc::clone(&stop))))
        .collect();
    drop(tell);
    let cut = format!(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
         WHERE application_name = '{name}'"
    );
    let mut superuser = PgConnection::connect(place.url.as_str()).await.unwrap();
    let mut written = HashSet::new();
    for round in 0..ROUNDS {
        sqlx::raw_sql(AssertSqlSafe(cut.clone())).execute(&mut superuser).await.unwrap();
        // Another number of answers each round, so that the cut meets other moments.
        for _ in 0..20 + 7 * round {
            written.extend(told.recv().await.unwrap());
        }
    }
    stop.store(true, Ordering::SeqCst);
    while let Some(id) = told.recv().await {
        written.extend(id);
    }
    for client in clients {
        client.await.unwrap();
    }
    recovers(&server.guest()).await;
    let stored: HashSet<_> =
        Database::of(place.folder()).column("notes", "id").into_iter().collect();
    assert!(written.len() > ROUNDS, "{} were written", written.len());
    assert!(written.is_subset(&stored), "an answered write is lost");
    assert_eq!(server.terminate().code, Some(0));
}

/// Writes and reads until it is told to stop, and tells of each answer the id of what was written.
async fn ask(client: Client, tell: mpsc::UnboundedSender<Option<String>>, stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::SeqCst) {
        let answer = client.create("notes", json!({ "text": "a note" })).await;
        let written = (answer.status == 200).then(|| answer.id());
        if written.is_none() {
            assert_unavailable(&answer);
        }
        // Nobody listens any more at the end.
        let _ = tell.send(written);
        let answer = client.get(NOTES).await;
        if answer.status != 200 {
            assert_unavailable(&answer);
        }
        let _ = tell.send(None);
    }
}

#[tokio::test]
async fn a_database_that_is_away_is_503_until_it_is_back() {
    let Some(place) = Place::new() else { return };
    let (role, address) = place.role("away");
    let name = &role.name;
    place.run(format!("ALTER SCHEMA {} OWNER TO {name}", place.schema()));
    let server = Process::serve_with(place.folder(), &[("DATABASE_URL", &address)]);
    let guest = server.guest();
    guest.create("notes", json!({ "text": "here" })).await.expect(200);

    place.run(format!(
        "ALTER ROLE {name} NOLOGIN; \
         SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{name}'"
    ));
    for _ in 0..8 {
        assert_unavailable(&guest.get(NOTES).await);
        assert_unavailable(&guest.create("notes", json!({ "text": "lost" })).await);
    }
    // Probes are told, and those who ask for the process alone are not.
    assert_unavailable(&guest.get("/api/health").await);
    guest.get("/api/health?live=true").await.expect(200);
    place.run(format!("ALTER ROLE {name} LOGIN"));
    recovers(&guest).await;
    // What was said last counts for a second.
    while guest.get("/api/health").await.status != 200 {}
    let texts = Database::of(place.folder()).column("notes", "text");
    assert!(!texts.contains(&"lost".to_owned()), "{texts:?}");
    assert_eq!(server.terminate().code, Some(0));
}

#[tokio::test]
async fn requests_that_the_database_has_no_time_for_wait_for_a_bounded_time() {
    let quick = QUICK.replace("pool       = 3", "pool = 3\ntimeout = \"1s\"");
    let Some(place) = Place::with_config(&format!("{CONFIG}\n{quick}")) else { return };
    let server = Process::serve(place.folder(), &[]);
    let guest = server.guest();
    guest.create("notes", json!({ "text": "here" })).await.expect(200);

    let mut locker = PgConnection::connect(place.url.as_str()).await.unwrap();
    let lock = "BEGIN; LOCK TABLE notes IN ACCESS EXCLUSIVE MODE";
    sqlx::raw_sql(lock).execute(&mut locker).await.unwrap();
    // Many times as many as there are connections.
    let answers = (0..32).map(|number| {
        let guest = guest.clone();
        async move {
            if number % 2 == 0 {
                guest.get(NOTES).await
            } else {
                guest.create("notes", json!({ "text": "lost" })).await
            }
        }
    });
    futures_util::future::join_all(answers).await.iter().for_each(assert_unavailable);
    guest.get("/api/health").await.expect(200);
    sqlx::raw_sql("ROLLBACK").execute(&mut locker).await.unwrap();

    assert_eq!(guest.get(NOTES).await.expect(200).at("/totalItems"), json!(1));
    guest.create("notes", json!({ "text": "there" })).await.expect(200);
    assert_eq!(Database::of(place.folder()).column("notes", "text"), ["here", "there"]);
    assert_eq!(server.terminate().code, Some(0));
}
