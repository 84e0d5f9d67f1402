//! The queue: a job is done by one at a time, outlives who did it, and is never lost.

use ferrobase::domain::time::Timestamp;
use ferrobase::store::queue::{self, Claim, Claimed, Entry, NewJob, State};
use ferrobase::store::{Store, StoreError, mails};
use serde_json::json;

use crate::support::*;

const fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_000 * seconds)
}

fn job(id: &str, run_at: i64) -> NewJob {
    let payload = json!({ "b": id, "a": ["ü", 1.50, null] });
    let (id, lane, kind) = (id.to_owned(), String::new(), "mail".to_owned());
    NewJob { id, lane, kind, payload, run_at: at(run_at) }
}

async fn push(store: &Store, id: &str, run_at: i64) {
    let job = job(id, run_at);
    store.write(move |tx| queue::push(tx, &job, at(0))).await.unwrap();
}

/// Claims at a time, for ten seconds.
async fn claim(store: &Store, now: i64, limit: i64) -> Vec<Claimed> {
    store.write(move |tx| queue::claim(tx, at(now), at(now + 10), "", limit)).await.unwrap()
}

fn ids(claimed: &[Claimed]) -> Vec<&str> {
    let mut ids: Vec<&str> = claimed.iter().map(|claimed| claimed.claim.id.as_str()).collect();
    ids.sort_unstable();
    ids
}

async fn list(store: &Store, state: State) -> Vec<Entry> {
    store.read(move |db| queue::list(db, state, 10)).await.unwrap()
}

async fn due_lanes(store: &Store, now: i64) -> Vec<String> {
    store.read(move |db| queue::due_lanes(db, at(now))).await.unwrap()
}

async fn any_due(store: &Store, now: i64) -> bool {
    !due_lanes(store, now).await.is_empty()
}

#[tokio::test]
async fn what_is_due_is_claimed_once_and_the_oldest_first() {
    let test = TestStore::start().await;
    let store = &test.store;
    assert!(!any_due(store, 100).await);
    for (id, run_at) in [("c", 3), ("a", 1), ("later", 50), ("b", 2)] {
        push(store, id, run_at).await;
    }
    // The same id again is the same job.
    push(store, "a", 40).await;
    assert!(!any_due(store, 0).await && any_due(store, 1).await);
    let first = claim(store, 5, 2).await;
    assert_eq!(ids(&first), ["a", "b"]);
    let a = first.iter().find(|claimed| claimed.claim.id == "a").unwrap();
    assert_eq!((a.kind.as_str(), &a.payload), ("mail", &job("a", 1).payload));
    assert_eq!(a.claim.attempts, 1);
    assert_eq!(ids(&claim(store, 5, 9).await), ["c"]);
    assert!(claim(store, 6, 9).await.is_empty());
    assert_eq!(ids(&claim(store, 50, 9).await), ["a", "b", "c", "later"]);
}

#[tokio::test]
async fn who_lost_the_lease_says_nothing_any_more() {
    let test = TestStore::start().await;
    let store = &test.store;
    push(store, "a", 1).await;
    let old = claim(store, 1, 1).await.remove(0).claim;
    assert!(claim(store, 10, 1).await.is_empty());
    let prolonged = old.clone();
    let kept = store.write(move |tx| queue::renew(tx, &prolonged, at(20))).await.unwrap();
    assert!(kept && claim(store, 19, 1).await.is_empty());
    let new = claim(store, 20, 1).await.remove(0).claim;
    assert_eq!((old.attempts, new.attempts), (1, 2));
    let said = store.write(move |tx| {
        Ok::<_, StoreError>([
            queue::renew(tx, &old, at(99))?,
            queue::finish(tx, &old)?,
            queue::retry(tx, &old, at(99), "late")?,
            queue::bury(tx, &old, at(99), "late")?,
            queue::release(tx, &old, at(20))?,
        ])
    });
    assert_eq!(said.await.unwrap(), [false; 5]);
    let waiting = list(store, State::Waiting).await;
    assert_eq!((waiting[0].error.as_str(), waiting[0].run_at), ("", at(1)));
    assert!(store.write(move |tx| queue::finish(tx, &new)).await.unwrap());
    assert!(list(store, State::Waiting).await.is_empty());
}

#[tokio::test]
async fn a_job_that_fails_waits_and_one_that_is_given_up_stays_to_be_looked_at() {
    let test = TestStore::start().await;
    let store = &test.store;
    push(store, "a", 1).await;
    let first = claim(store, 1, 1).await.remove(0).claim;
    store.write(move |tx| queue::retry(tx, &first, at(5), "away")).await.unwrap();
    assert!(claim(store, 4, 1).await.is_empty());
    let second = claim(store, 5, 1).await.remove(0).claim;
    assert_eq!(second.attempts, 2);
    // Given back untried, it is as it was before.
    let given_back = second.clone();
    store.write(move |tx| queue::release(tx, &given_back, at(5))).await.unwrap();
    let again = claim(store, 5, 1).await.remove(0).claim;
    assert_eq!(again, second);
    store.write(move |tx| queue::bury(tx, &again, at(6), "no such user")).await.unwrap();
    assert!(!any_due(store, 1_000).await);
    let dead = list(store, State::Dead).await.remove(0);
    assert_eq!(
        (dead.attempts, dead.error.as_str(), dead.run_at, dead.created),
        (2, "no such user", at(6), at(0))
    );
    assert_eq!(store.read(|db| queue::count(db, State::Dead)).await.unwrap(), 1);
    let replay = |id: &'static str| store.write(move |tx| queue::replay(tx, id, at(7)));
    assert!(!replay("b").await.unwrap());
    assert!(replay("a").await.unwrap());
    let anew = claim(store, 7, 1).await.remove(0).claim;
    assert_eq!(anew.attempts, 1);
    let remove = |id: &'static str| store.write(move |tx| queue::remove(tx, id, at(7)));
    assert!(!remove("a").await.unwrap() && !replay("a").await.unwrap(), "somebody is at it");
    store.write(move |tx| queue::retry(tx, &anew, at(50), "away")).await.unwrap();
    assert!(store.write(|tx| queue::replay(tx, "a", at(9))).await.unwrap());
    let hurried = claim(store, 9, 1).await.remove(0).claim;
    assert_eq!(hurried.attempts, 2, "it is no new one");
    store.write(move |tx| queue::bury(tx, &hurried, at(52), "again")).await.unwrap();
    assert!(remove("a").await.unwrap() && !remove("a").await.unwrap());
    assert!(list(store, State::Dead).await.is_empty());
}

#[tokio::test]
async fn of_what_was_given_up_the_last_thousand_are_kept() {
    let test = TestStore::start().await;
    let counted = test.store.write(|tx| {
        for number in 0..1_002 {
            queue::push(tx, &job(&format!("job{number}"), 0), at(0))?;
            let claimed = queue::claim(tx, at(number), at(number + 1), "", 1)?.remove(0);
            queue::bury(tx, &claimed.claim, at(number), "refused")?;
        }
        let is_there = queue::replay(tx, "job2", at(0))?;
        Ok::<_, StoreError>((queue::replay(tx, "job1", at(0))?, is_there))
    });
    assert_eq!(counted.await.unwrap(), (false, true));
    assert_eq!(test.store.read(|db| queue::count(db, State::Dead)).await.unwrap(), 999);
}

#[tokio::test]
async fn a_job_is_queued_with_its_transaction_or_not_at_all() {
    let test = TestStore::start().await;
    let refused = test.store.write(|tx| {
        queue::push(tx, &job("a", 0), at(0))?;
        insert(tx, "one", 1)?;
        insert(tx, "one", 2)
    });
    assert!(matches!(refused.await, Err(StoreError::Unique(_))));
    assert!(!any_due(&test.store, 1).await);
}

#[tokio::test]
async fn after_a_crash_jobs_are_free_at_once_where_nobody_else_can_have_them() {
    let test = TestStore::start().await;
    push(&test.store, "a", 1).await;
    assert_eq!(claim(&test.store, 1, 1).await.len(), 1);
    test.store.close().await;
    let store = test.database.open().unwrap();
    let ended = store.write(|tx| queue::end_leases(tx, at(2))).await.unwrap();
    assert_eq!(ended, either(1, 0));
    assert_eq!(claim(&store, 2, 1).await.len(), either(1, 0));
    let twice = claim(&store, 30, 1).await.remove(0).claim;
    assert_eq!(twice, Claim { id: "a".to_owned(), attempts: either(3, 2) });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_workers_of_several_processes_share_the_jobs() {
    if postgres_only("a SQLite database is used by one process") {
        return;
    }
    let test = TestStore::start().await;
    for number in 0..60 {
        push(&test.store, &format!("job{number}"), 1).await;
    }
    let stores: Vec<Store> = (0..3).map(|_| test.database.open().unwrap()).collect();
    let workers: Vec<_> = (0..9)
        .map(|worker| {
            let store = stores[worker % 3].clone();
            tokio::spawn(async move {
                let mut done = Vec::new();
                loop {
                    let claimed = claim(&store, 1, 2).await;
                    if claimed.is_empty() && !any_due(&store, 1).await {
                        return done;
                    }
                    for Claimed { claim, .. } in claimed {
                        done.push(claim.id.clone());
                        assert!(store.write(move |tx| queue::finish(tx, &claim)).await.unwrap());
                    }
                }
            })
        })
        .collect();
    let mut done = Vec::new();
    for worker in workers {
        done.extend(worker.await.unwrap());
    }
    done.sort();
    let mut expected: Vec<String> = (0..60).map(|number| format!("job{number}")).collect();
    expected.sort();
    assert_eq!(done, expected, "each once");
}

#[tokio::test]
async fn the_inbox_keeps_the_last_two_hundred_mails() {
    let test = TestStore::start().await;
    let store = &test.store;
    let mail = |number: i64| mails::StoredMail {
        envelope: mails::Envelope {
            id: format!("m{number}"),
            message_id: format!("<m{number}@example.com>"),
            sender: "Blog <hi@example.com>".to_owned(),
            recipient: "ann@example.com".to_owned(),
            subject: "Hello".to_owned(),
            created: at(number),
        },
        html: format!("<p>{number}</p>"),
        text: number.to_string(),
    };
    let keep =
        store.write(move |tx| (0..205).try_for_each(|number| mails::keep(tx, &mail(number))));
    keep.await.unwrap();
    store.write(move |tx| mails::keep(tx, &mail(204))).await.unwrap();
    let listed = store.read(mails::list).await.unwrap();
    assert_eq!((listed.len(), &listed[0]), (200, &mail(204).envelope));
    assert_eq!(listed[199].id, "m5");
    let found = store.read(|db| mails::by_id(db, "m204")).await.unwrap();
    assert_eq!(found, Some(mail(204)));
    assert_eq!(store.read(|db| mails::by_id(db, "m1")).await.unwrap(), None);
    store.write(mails::clear).await.unwrap();
    assert!(store.read(mails::list).await.unwrap().is_empty());
}

#[tokio::test]
async fn lanes_do_not_wait_for_each_other() {
    let test = TestStore::start().await;
    let store = &test.store;
    for (id, lane, run_at) in [("a", "", 1), ("b", "slow", 2), ("c", "slow", 3), ("d", "ü", 90)] {
        let job = NewJob { lane: lane.to_owned(), ..job(id, run_at) };
        store.write(move |tx| queue::push(tx, &job, at(0))).await.unwrap();
    }
    assert_eq!(due_lanes(store, 10).await, ["", "slow"]);
    let slow = store.write(|tx| queue::claim(tx, at(10), at(20), "slow", 9)).await.unwrap();
    assert_eq!(ids(&slow), ["b", "c"]);
    assert!(slow.iter().all(|claimed| claimed.lane == "slow"));
    assert_eq!(due_lanes(store, 10).await, [""]);
    assert_eq!(ids(&claim(store, 10, 9).await), ["a"]);
    assert!(due_lanes(store, 10).await.is_empty());
    let mut late = due_lanes(store, 90).await;
    late.sort_unstable();
    assert_eq!(late, ["", "slow", "ü"], "leases are over");
}

/// Far more than a lane keeps in one lane, and one in another: that one stays.
#[tokio::test]
async fn who_fails_often_drives_out_nobody_else() {
    const FAILED: usize = 1_010;
    let test = TestStore::start().await;
    let store = &test.store;
    push(store, "mine", 0).await;
    let mine = claim(store, 1, 1).await.remove(0).claim;
    store.write(move |tx| queue::bury(tx, &mine, at(1), "x")).await.unwrap();
    let bury_many = |tx: &mut ferrobase::store::Tx| {
        for number in 0..FAILED {
            let lane = "noisy".to_owned();
            queue::push(tx, &NewJob { lane, ..job(&format!("n{number:04}"), 2) }, at(2))?;
        }
        for claimed in queue::claim(tx, at(3), at(9), "noisy", FAILED as i64)? {
            queue::bury(tx, &claimed.claim, at(4), "x")?;
        }
        queue::count(tx, State::Dead)
    };
    assert_eq!(store.write(bury_many).await.unwrap(), 1_001);
    let remains = store.write(|tx| queue::remove(tx, "mine", at(5))).await.unwrap();
    assert!(remains, "the job of the other lane is there");
}
