//! Servers that cannot be used: exit code 1, words that help, nothing touched, no password shown.

use std::net::TcpListener;

use serde_json::json;

use super::{Place, try_run};
use crate::harness::{Database, Process};

const PASSWORD: &str = "not-to-be-shown";

/// Starts a server at this address, which must refuse and say each of `words` on standard error.
#[track_caller]
fn assert_refuses(place: &Place, address: &str, words: &[&str]) {
    let arguments = ["serve", "--http", "127.0.0.1:0"];
    let finished = Process::run_with(place.folder(), &arguments, &[("DATABASE_URL", address)]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    for word in words {
        assert!(finished.stderr.contains(word), "{word:?} is not in:\n{}", finished.stderr);
    }
    let said = format!("{}{}", finished.stdout, finished.stderr);
    assert!(!said.contains("panicked") && !said.contains(PASSWORD), "{said}");
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let Some(place) = Place::new() else { return };
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = place.address(|url| {
        url.set_port(Some(port)).unwrap();
        url.set_password(Some(PASSWORD)).unwrap();
    });
    assert_refuses(&place, &address, &["cannot reach", "127.0.0.1", &port.to_string()]);
    let address = place.address(|url| url.set_host(Some("nowhere.invalid")).unwrap());
    assert_refuses(&place, &address, &["cannot reach", "nowhere.invalid"]);
}

#[test]
fn what_is_no_address_is_told() {
    let Some(place) = Place::new() else { return };
    for address in ["postgres://[::1", "postgres://host:many/db", "mysql://host/db", "here"] {
        assert_refuses(&place, address, &["address"]);
    }
}

#[test]
fn what_answers_and_is_no_postgresql_is_told() {
    let Some(place) = Place::new() else { return };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    // Takes connections and ends them.
    std::thread::spawn(move || while listener.accept().is_ok() {});
    let address = place.address(|url| url.set_port(Some(port)).unwrap());
    assert_refuses(&place, &address, &["cannot reach", &port.to_string()]);
}

#[test]
fn a_database_that_does_not_exist_is_named() {
    let Some(place) = Place::new() else { return };
    let address = place.address(|url| url.set_path("/no_such_database"));
    assert_refuses(&place, &address, &["no_such_database", "CREATE DATABASE"]);
}

#[test]
fn a_schema_that_does_not_exist_is_told() {
    let Some(place) = Place::new() else { return };
    let query = "options=-csearch_path%3Dno_such_schema";
    let address = place.address(|url| url.set_query(Some(query)));
    assert_refuses(&place, &address, &["schema", "CREATE SCHEMA"]);
}

#[test]
fn a_password_that_is_wrong_is_told_and_not_shown() {
    let Some(place) = Place::new() else { return };
    let (role, right) = place.role("wrong");
    place.run(format!("ALTER SCHEMA {} OWNER TO {}", place.schema(), role.name));
    let wrong = right.replace("the%20right%20one", PASSWORD);
    if try_run(&wrong, "SELECT 1".to_owned()).is_ok() {
        eprintln!("the server of TEST_POSTGRES_URL lets everybody in");
        return;
    }
    assert_refuses(&place, &wrong, &["refuses this user", &role.name]);
    let server = Process::serve_with(place.folder(), &[("DATABASE_URL", &right)]);
    assert_eq!(server.terminate().code, Some(0));
}

#[test]
fn a_user_without_rights_is_told_which() {
    let Some(place) = Place::new() else { return };
    let (role, address) = place.role("poor");
    let (schema, name) = (place.schema(), &role.name);
    place.run(format!("GRANT USAGE ON SCHEMA {schema} TO {name}"));
    let before = Database::of(place.folder()).digest();
    assert_refuses(&place, &address, &["may not make tables", &schema, name, "GRANT"]);
    assert_eq!(Database::of(place.folder()).digest(), before);
}

#[tokio::test]
async fn tables_of_another_program_are_left_alone() {
    let Some(place) = Place::new() else { return };
    place.run("CREATE TABLE theirs (a int); INSERT INTO theirs VALUES (1)");
    let before = Database::of(place.folder()).digest();
    assert_refuses(&place, place.url.as_str(), &["another program", "theirs", &place.schema()]);
    assert_eq!(Database::of(place.folder()).digest(), before);

    // Theirs beside ours are nobody's business.
    place.run("DROP TABLE theirs");
    assert_eq!(Process::serve(place.folder(), &[]).terminate().code, Some(0));
    place.run("CREATE TABLE theirs (a int)");
    let server = Process::serve(place.folder(), &[]);
    server.guest().create("notes", json!({ "text": "here" })).await.expect(200);
}

#[tokio::test]
async fn a_database_that_takes_no_writes_is_refused() {
    let Some(place) = Place::new() else { return };
    let address = place.address_with_options("-cdefault_transaction_read_only=on");
    let before = Database::of(place.folder()).digest();
    assert_refuses(&place, &address, &["read-only"]);
    assert_eq!(Database::of(place.folder()).digest(), before);

    let server = Process::serve(place.folder(), &[]);
    server.guest().create("notes", json!({ "text": "here" })).await.expect(200);
    assert_eq!(server.terminate().code, Some(0));
    let before = Database::of(place.folder()).digest();
    assert_refuses(&place, &address, &["read-only"]);
    assert_eq!(Database::of(place.folder()).digest(), before);
}
