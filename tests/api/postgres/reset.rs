//! `dev --reset` in a schema that others use too.

use super::Place;
use crate::harness::{PASSWORD, Process};

#[test]
fn a_schema_that_others_use_too_is_not_reset() {
    let Some(place) = Place::new() else { return };
    let upsert = ["superuser", "upsert", "root@example.com", PASSWORD];
    assert_eq!(Process::run(place.folder(), &upsert).code, Some(0));
    place.run("CREATE TABLE strangers (x int); INSERT INTO strangers VALUES (1)");
    let finished = Process::run(place.folder(), &["dev", "--reset", "--http", "127.0.0.1:0"]);
    assert_eq!(finished.code, Some(1));
    assert!(finished.stderr.contains("\"strangers\" is one"), "{}", finished.stderr);
    place.run("SELECT 1 / count(*) FROM strangers; SELECT 1 / count(*) FROM _superusers");
    place.run("DROP TABLE strangers");
    let server = Process::dev(place.folder(), &["--reset"]);
    // There is no superuser any more.
    server.wait_for_output("pbinstall/");
}

#[test]
fn a_schema_of_another_program_is_not_reset() {
    let Some(place) = Place::new() else { return };
    place.run(
        "CREATE TABLE _migrations (name text); INSERT INTO _migrations VALUES ('0001_system'); \
         CREATE TABLE strangers (x int); INSERT INTO strangers VALUES (1)",
    );
    let finished = Process::run(place.folder(), &["dev", "--reset", "--http", "127.0.0.1:0"]);
    assert_eq!(finished.code, Some(1));
    assert!(finished.stderr.contains("another program"), "{}", finished.stderr);
    place.run("SELECT 1 / count(*) FROM strangers; SELECT 1 / count(*) FROM _migrations");
}
