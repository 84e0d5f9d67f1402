//! `kill -9` under load, and what comes back.

use std::collections::BTreeSet;

use tokio::task::JoinSet;

use super::super::harness::{Client, Process};
use super::super::only::sqlite_only;
use super::{
    TO_FOLDER, done, files, generations, millis, moment, prepare, refused, restore, serve_plain,
    shipped, snapshot, texts, until, write,
};

const WRITERS: usize = 8;

/// Writes until the server is gone; when each note that was answered was made.
async fn write_on(client: Client, name: String) -> Vec<(String, i64)> {
    let mut told = Vec::new();
    for number in 0.. {
        let text = format!("{name}.{number:05}");
        let body = serde_json::json!({ "text": text });
        let path = "/api/collections/notes/records";
        let Some(answer) = client.try_post(path, body).await else { break };
        let created = answer.expect(200).at("/created");
        told.push((text, millis(created.as_str().unwrap())));
    }
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_moment_has_the_rows_that_were_answered_before_it() {
    if sqlite_only("PostgreSQL ships its log by itself") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let replica = folder.path().join("replica");
    prepare(folder.path(), TO_FOLDER);
    let process = Process::serve(folder.path(), &[]);
    let guest = process.guest();
    for number in 0..20 {
        write(&guest, &format!("a.{number:05}")).await;
    }
    snapshot(&replica).await;
    let first = shipped(&guest, &replica).await;
    let answered = texts(&guest).await;

    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        writers.spawn(write_on(process.guest(), format!("b{writer}")));
    }
    let seen = files(&replica, "segments").len();
    until(|| (files(&replica, "segments").len() > seen + 2).then_some(())).await;
    process.kill();
    let told = writers.join_all().await;

    // Exactly what was answered before the first moment.
    done(&restore(folder.path(), &["--at", &moment(first), "--dir", "first"]), "Restored");
    let server = serve_plain(folder.path(), "first");
    assert_eq!(texts(&server.guest()).await, answered);
    drop(server);

    // And at the last one everything that was answered a little earlier.
    let last = files(&replica, "segments").last().unwrap().1;
    done(&restore(folder.path(), &["--at", &moment(last), "--dir", "last"]), "Restored");
    let server = serve_plain(folder.path(), "last");
    let found: BTreeSet<String> = texts(&server.guest()).await.into_iter().collect();
    drop(server);
    let segments = files(&replica, "segments");
    let (_, before) = segments[segments.len() - 2];
    let mut sure = 0;
    for told in &told {
        // One that is younger than the segment before is not older than the answer to the one before it.
        let answered = told.windows(2).filter(|pair| pair[1].1 <= before);
        sure += answered.inspect(|pair| assert!(found.contains(&pair[0].0), "{pair:?}")).count();
        let known = told.iter().filter(|(text, _)| found.contains(text)).count();
        assert!(told[..known].iter().all(|(text, _)| found.contains(text)), "there is a gap");
        assert!(told.iter().all(|(text, created)| *created <= last || !found.contains(text)));
    }
    assert!(sure > 0);

    // The next process goes on in the same generation.
    let process = Process::serve(folder.path(), &[]);
    let guest = process.guest();
    shipped(&guest, &replica).await;
    assert_eq!(generations(&replica).len(), 1);
    let before = texts(&guest).await;
    assert_eq!(process.terminate().code, Some(0));
    // After an orderly end, too.
    let process = Process::serve(folder.path(), &[]);
    let end = shipped(&process.guest(), &replica).await;
    assert_eq!(generations(&replica).len(), 1);
    assert_eq!(process.terminate().code, Some(0));

    // Into the place of the data, and back.
    refused(&restore(folder.path(), &["--at", "2001-01-01T00:00:00Z"]), "These moments can be");
    done(&restore(folder.path(), &["--list"]), "segments:");
    done(&restore(folder.path(), &["--at", &moment(first)]), "--undo");
    let process = Process::serve(folder.path(), &[]);
    assert_eq!(texts(&process.guest()).await, answered);
    until(|| (generations(&replica).len() == 2).then_some(())).await;
    shipped(&process.guest(), &replica).await;
    assert_eq!(process.terminate().code, Some(0));
    done(&restore(folder.path(), &["--undo"]), "is back");
    let process = Process::serve(folder.path(), &[]);
    let now = texts(&process.guest()).await;
    assert!(now.len() >= before.len() && before.iter().all(|text| now.contains(text)));
    assert_eq!(process.terminate().code, Some(0));
    // What was shipped before is still there to be restored.
    done(&restore(folder.path(), &["--at", &moment(end), "--dir", "end"]), "Restored");
}
