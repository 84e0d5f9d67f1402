//! Who is asked about together, and what a handle does without the tasks behind it.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::*;
use crate::domain::collection::Collection;
use crate::domain::record::Record;
use crate::domain::rules::Rule;
use crate::services::test_app::{START, TestApp};
use crate::services::test_records::{auth_collection, auth_record, base_collection};
use crate::services::tokens::{Grant, Lifetime, issue};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// `posts` under this list rule.
fn posts(rule: &str) -> Arc<Collection> {
    let mut posts = Collection::clone(&base_collection("posts"));
    posts.rules.list = Some(Rule::new(rule));
    Arc::new(posts)
}

/// A connection that is told of `topics`, as the account if there is one.
async fn listen(app: &TestApp, account: Option<&Record>, topics: &[&str]) -> Connection {
    let connection = app.app.realtime.connect(HERE, None, app.app.clock.now()).unwrap();
    let now = app.app.clock.now();
    let session = account.map(|account| {
        let grant = Grant::Auth { refreshable: true };
        let token = issue(account, grant, Lifetime::Usual, now).unwrap();
        (token, Arc::new(account.clone()))
    });
    let wanted = Subscription {
        client_id: connection.id().to_owned(),
        topics: topics.iter().map(|&topic| topic.to_owned()).collect(),
        address: HERE,
        session,
    };
    subscribe(&app.app, wanted).await.unwrap();
    connection
}

/// How many are asked about, and how many clients that are.
fn audiences(app: &TestApp, posts: &Arc<Collection>) -> (usize, usize) {
    let record = Record::new(Arc::clone(posts), vec![json!("p1")]);
    let audiences = audience::of(&app.app.realtime, posts, &record);
    (audiences.len(), audiences.iter().map(|audience| audience.clients.len()).sum())
}

#[actix_web::test]
async fn who_is_told_the_same_is_asked_about_once() {
    let users = auth_collection("users");
    let account = |id: &str| {
        let mut account = auth_record(&users, id);
        for name in ["email", "username"] {
            account.set(name, json!(format!("{id}@example.com")));
        }
        account
    };
    let (ann, bob) = (account("ann"), account("bob"));
    let app = TestApp::start(vec![Arc::clone(&users), posts("")]).await;
    for account in [&ann, &bob] {
        app.insert(account.clone()).await;
    }
    let mut connections = Vec::new();
    for _ in 0..10 {
        connections.push(listen(&app, None, &["posts/*"]).await);
    }
    for account in [&ann, &ann, &bob] {
        connections.push(listen(&app, Some(account), &["posts/*"]).await);
    }
    assert_eq!(audiences(&app, &posts("")), (1, 13));
    assert_eq!(audiences(&app, &posts("id != ''")), (3, 13));
    let filter = "posts/*?options=%7B%22query%22%3A%7B%22filter%22%3A%22id%3D1%22%7D%7D";
    for account in [None, Some(&ann), Some(&bob)] {
        connections.push(listen(&app, account, &[filter]).await);
    }
    assert_eq!(audiences(&app, &posts("")), (4, 16));
    connections.truncate(1);
    assert_eq!(audiences(&app, &posts("")), (1, 1));
}

#[actix_web::test]
async fn without_clients_nothing_is_kept() {
    let app = TestApp::start(vec![posts("")]).await;
    let realtime = &app.app.realtime;
    assert!(!realtime.is_wanted());
    let committed = |number, events: &[Event]| realtime.committed(number, events);
    let connection = listen(&app, None, &["posts"]).await;
    drop(connection);
    // It may come back.
    committed(3, &[Event::SchemaChanged, Event::SchemaChanged]);
    let backlog::Task::Commit(commit) = realtime.backlog.next().await else { panic!("no commit") };
    assert_eq!((commit.number_of(0) >> 20, commit.events.len()), (3, 2));
    let start = app.app.clock.now();
    realtime.sweep(start);
    realtime.sweep(start.plus_millis(61_000));
    assert!(!realtime.is_wanted());
}

#[actix_web::test]
async fn a_clock_that_jumped_before_a_client_came_does_not_end_it() {
    let app = TestApp::start(vec![posts("")]).await;
    let realtime = &app.app.realtime;
    realtime.sweep(app.app.clock.now());
    app.app.clock.advance(Duration::from_secs(24 * 3_600));
    let _connection = listen(&app, None, &["posts"]).await;
    realtime.sweep(app.app.clock.now());
    assert_eq!(realtime.clients().len(), 1);
}

#[actix_web::test]
async fn one_address_has_so_many_connections_and_a_closed_server_takes_none() {
    let realtime = Arc::new(Realtime::default());
    let connections: Vec<Connection> =
        (0..20_000).map(|_| realtime.connect(HERE, None, START).unwrap()).collect();
    let refused = realtime.connect(HERE, None, START).err();
    assert!(matches!(refused, Some(Error::TooManyRequests { .. })));
    let there = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
    assert!(realtime.connect(there, None, START).is_ok());
    // Who was cut off still holds a place until the connection is closed.
    realtime.end_all();
    assert!(realtime.connect(HERE, None, START).is_err());
    drop(connections);
    assert!(realtime.connect(HERE, None, START).is_ok());
    realtime.close();
    assert!(matches!(realtime.connect(there, None, START).err(), Some(Error::Unavailable(_))));
}
