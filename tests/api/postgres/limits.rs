//! Limits on requests that two processes hold together.

use sqlx::{Connection, PgConnection};

use super::{Place, QUICK, try_run};
use crate::harness::{Database, Process, RUNS_OUT};

const HEALTH: &str = "/api/health";

fn place(rate: &str) -> Option<Place> {
    Place::with_config(&format!("[limits]\n\"/api/\" = \"{rate}\"\n{QUICK}"))
}

/// Waits until the database knows of one window with this many requests.
async fn told(place: &Place, requests: i64) {
    let mut connection = PgConnection::connect(place.url.as_str()).await.unwrap();
    let known = async {
        loop {
            let known = sqlx::query_scalar::<_, i64>("SELECT requests FROM _limits");
            if known.fetch_all(&mut connection).await.unwrap() == [requests] {
                return;
            }
        }
    };
    tokio::time::timeout(RUNS_OUT, known).await.expect("it is told");
}

#[tokio::test]
async fn two_accept_no_more_together_than_one_alone() {
    const MOST: i64 = 10;
    let Some(place) = place("10/hour") else { return };
    let other = tempfile::tempdir().unwrap();
    std::fs::copy(place.folder().join("config.toml"), other.path().join("config.toml")).unwrap();
    let first = Process::serve(place.folder(), &[]);
    let second = Process::serve_with(other.path(), &[("DATABASE_URL", place.url.as_str())]);
    for _ in 0..MOST {
        first.guest().get(HEALTH).await.expect(200);
    }
    first.guest().get(HEALTH).await.expect(429);
    told(&place, MOST).await;
    let mut accepted = 0;
    let refused = loop {
        let answer = second.guest().get(HEALTH).await;
        if answer.status == 429 {
            break answer;
        }
        answer.expect(200);
        accepted += 1;
        // What comes of one round is known before the next one.
        assert!(accepted <= 2, "the second goes by its own counts");
        told(&place, MOST + accepted).await;
    };
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((3_000..=3_600).contains(&wait), "{wait}");
    assert!(!Database::of(place.folder()).holds("127.0.0.1"), "what is stored is a hash");
    assert_eq!(first.terminate().code, Some(0));
    assert_eq!(second.terminate().code, Some(0));
}

#[tokio::test]
async fn a_window_that_is_over_makes_room_for_the_next_one() {
    let Some(place) = place("1000/hour") else { return };
    let server = Process::serve(place.folder(), &[]);
    for (before, requests) in [(0, 1), (0, 2), (3_600, 1), (-10_000, 1)] {
        // As if it had been so long ago, or the clock had been put back since.
        let sql = format!("UPDATE _limits SET start = start - {before}, ends = ends - {before}");
        try_run(place.url.as_str(), sql).unwrap();
        server.guest().get(HEALTH).await.expect(200);
        told(&place, requests).await;
    }
    assert_eq!(server.terminate().code, Some(0));
}

#[tokio::test]
async fn a_process_that_starts_again_goes_on_with_what_was_counted() {
    let Some(place) = place("3/hour") else { return };
    let server = Process::serve(place.folder(), &[]);
    for _ in 0..3 {
        server.guest().get(HEALTH).await.expect(200);
    }
    told(&place, 3).await;
    server.kill();
    let server = Process::serve(place.folder(), &[]);
    server.guest().get(HEALTH).await.expect(200);
    told(&place, 4).await;
    // The round may just be ending; a second one comes after it.
    let status = server.guest().get(HEALTH).await.status;
    if status == 200 {
        told(&place, 5).await;
        server.guest().get(HEALTH).await.expect(429);
    } else {
        assert_eq!(status, 429);
    }
    assert_eq!(server.terminate().code, Some(0));
}
