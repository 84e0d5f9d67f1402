//! Two processes over one schema.

use std::thread;

use serde_json::json;

use super::Place;
use crate::harness::{Database, PASSWORD, Process};

#[tokio::test]
async fn two_that_start_at_once_on_nothing_migrate_once_and_both_serve() {
    let Some(place) = Place::new() else { return };
    // A folder has one server, so the second has another folder with the same database.
    let other = tempfile::tempdir().unwrap();
    let config = "config.toml";
    std::fs::copy(place.folder().join(config), other.path().join(config)).unwrap();
    let address = place.url.to_string();
    let (first, second) = thread::scope(|scope| {
        let second = scope
            .spawn(|| Process::serve_with(other.path(), &[("DATABASE_URL", address.as_str())]));
        (Process::serve(place.folder(), &[]), second.join().unwrap())
    });
    let database = Database::of(place.folder());
    // A second run of the first migration would have added another.
    assert_eq!(database.count("_revision"), 1);

    let note = first.guest().create("notes", json!({ "text": "of the first" })).await.expect(200);
    let path = format!("/api/collections/notes/records/{}", note.id());
    assert_eq!(second.guest().get(&path).await.expect(200).json(), note.json());
    second.guest().create("notes", json!({ "text": "of the second" })).await.expect(200);
    assert_eq!(database.column("notes", "text"), ["of the first", "of the second"]);
    assert_eq!(first.terminate().code, Some(0));
    second.guest().get(&path).await.expect(200);
    assert_eq!(second.terminate().code, Some(0));
}

#[tokio::test]
async fn a_row_that_both_raise_loses_nothing() {
    let config = "[collections.counters]\nfields = { value = \"int\" }\n\
                  rules = { read = \"public\", write = \"public\" }\n";
    let Some(place) = Place::with_config(&format!("{config}{}", super::QUICK)) else { return };
    let other = tempfile::tempdir().unwrap();
    std::fs::write(other.path().join("config.toml"), format!("{config}{}", super::QUICK)).unwrap();
    let first = Process::serve(place.folder(), &[]);
    let second = Process::serve_with(other.path(), &[("DATABASE_URL", place.url.as_str())]);
    let id = first.guest().create("counters", json!({ "value": 0 })).await.expect(200).id();
    let path = format!("/api/collections/counters/records/{id}");
    let raise = |client: crate::harness::Client| {
        let path = &path;
        async move {
            for _ in 0..10 {
                client.patch(path, json!({ "value+": 1 })).await.expect(200);
            }
        }
    };
    let clients = (0..8).flat_map(|_| [first.guest(), second.guest()]);
    futures_util::future::join_all(clients.map(raise)).await;
    assert_eq!(second.guest().get(&path).await.expect(200).at("/value"), json!(160));
}

#[tokio::test]
async fn a_session_that_ends_on_one_is_over_on_the_other() {
    const TRIES: usize = 2_000;
    let config = "[collections.users]\ntype = \"auth\"\nrules = { create = \"public\" }\n";
    let Some(place) = Place::with_config(&format!("{config}{}", super::QUICK)) else { return };
    let other = tempfile::tempdir().unwrap();
    std::fs::write(other.path().join("config.toml"), format!("{config}{}", super::QUICK)).unwrap();
    let first = Process::serve(place.folder(), &[]);
    let second = Process::serve_with(other.path(), &[("DATABASE_URL", place.url.as_str())]);
    let body = json!({ "email": "ann@example.com", "password": PASSWORD,
        "passwordConfirm": PASSWORD });
    first.guest().create("users", body).await.expect(200);
    let here = first.guest().sign_in("users", "ann@example.com", PASSWORD).await;
    let there = second.guest().with_token(here.token());
    there.get("/api/sessions").await.expect(200);
    here.post("/api/sign-out", json!(null)).await.expect(204);
    here.get("/api/sessions").await.expect(401);
    // The other is told a moment later.
    for _ in 0..TRIES {
        if there.get("/api/sessions").await.status == 401 {
            return;
        }
    }
    panic!("the other process still takes the token");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tick_that_both_would_take_runs_once() {
    const ROUNDS: usize = 4;
    let config = "[collections.notes]\nfields = { text = \"text\" }\n[[jobs]]\nname = \"note\"\n\
                  schedule = \"@yearly\"\nmissed = \"run\"\nsql = \"INSERT INTO notes (id, text) \
                  SELECT 'note-' || COUNT(*), 'x' FROM notes\"\n";
    let Some(place) = Place::with_config(&format!("{config}{}", super::QUICK)) else { return };
    let other = tempfile::tempdir().unwrap();
    std::fs::write(other.path().join("config.toml"), format!("{config}{}", super::QUICK)).unwrap();
    let upsert = ["superuser", "upsert", "root@example.com", PASSWORD];
    assert_eq!(Process::run(place.folder(), &upsert).code, Some(0));
    let first = Process::serve(place.folder(), &[]);
    let database = Database::of(place.folder());
    // This one, and those of the product.
    while database.count("_crons") < 5 {}
    assert_eq!(first.terminate().code, Some(0));
    for round in 1..=ROUNDS {
        assert_eq!(database.count("notes"), round as i64 - 1);
        // Nobody took the last ones.
        database.change("UPDATE _crons SET tick = tick - interval '2 years' WHERE job = 'note'");
        let second = other.path();
        let (first, second) = thread::scope(|scope| {
            let variables = [("DATABASE_URL", place.url.as_str())];
            let second = scope.spawn(move || Process::serve_with(second, &variables));
            (Process::serve(place.folder(), &[]), second.join().unwrap())
        });
        let root = second.guest().sign_in("_superusers", "root@example.com", PASSWORD).await;
        let done = async {
            loop {
                let runs = root.get("/api/crons/note/runs").await.expect(200).at("/items");
                let runs = runs.as_array().unwrap();
                if runs.len() >= round && runs[0]["outcome"] == "done" {
                    return runs.clone();
                }
            }
        };
        let runs = tokio::time::timeout(crate::harness::RUNS_OUT, done).await.unwrap();
        assert_eq!(runs.len(), round, "{runs:?}");
        assert_eq!(first.terminate().code, Some(0));
        assert_eq!(second.terminate().code, Some(0));
        assert_eq!(database.count("_cron_runs"), round as i64);
    }
    assert_eq!(database.count("notes"), ROUNDS as i64);
}
