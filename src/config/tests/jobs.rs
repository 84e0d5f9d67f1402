//! `[[jobs]]` (config.md 1.7).

use std::time::Duration;

use crate::config::tests::{loaded, refused};
use crate::config::{Keep, Kept, Missed, Task};

#[test]
fn jobs() {
    let text = "[collections.posts.fields]\nshown = \"date\"\n\
                [[jobs]]\nname = \"tidy\"\nschedule = \"@daily\"\nmissed = \"run\"\n\
                keep = { logs = \"30d\", posts = \"1d\", \"posts:shown\" = \"1w\" }\n\
                [[jobs]]\nname = \"sql\"\nschedule = \"*/5 * * * *\"\nsql = \"DELETE FROM x; SELECT 1\"\n";
    let config = loaded(text);
    let Task::Keep(kept) = &config.jobs[0].task else { panic!("{:?}", config.jobs) };
    let days = |days: u64| Duration::from_secs(days * 86_400);
    let posts =
        |field: &str| Kept::Records { collection: "posts".to_owned(), field: field.to_owned() };
    let expected = [(Kept::Logs, 30), (posts("created"), 1), (posts("shown"), 7)];
    assert_eq!(*kept, expected.map(|(kept, age)| Keep { kept, age: days(age) }));
    let missed: Vec<Missed> = config.jobs.iter().map(|job| job.missed).collect();
    assert_eq!(missed, [Missed::Run, Missed::Skip]);
    let Task::Sql(statements) = &config.jobs[1].task else { panic!("{:?}", config.jobs) };
    assert_eq!(*statements, ["DELETE FROM x", "SELECT 1"]);
    assert_eq!(
        refused(
            "[[jobs]]\nname = \"a\"\nschedule = \"daily\"\nbackup = true\n[[jobs]]\nschedule = \"@daily\"\nsql = \"x\"\nbackup = true\n\
             [[jobs]]\nname = \"b\"\nschedule = \"0 0 31 2,4 *\"\nsql = \"SELECT 1\"\n"
        ),
        [
            "3:12 `schedule` is not a schedule: it has 5 segments, not 1",
            "5:1 a job needs a `name`",
            "5:1 a job does one thing, not 2",
            "11:12 `schedule` never comes: no month has that day",
        ]
    );
}

#[test]
fn jobs_that_call() {
    let text = "[[jobs]]\nname = \"a\"\nschedule = \"@daily\"\nwebhook = \"https://example.com/x\"\n\
                secret = \"hush\"\nallow_private = true\ntimeout = \"5s\"\n\
                [[jobs]]\nname = \"off\"\nschedule = \"@daily\"\nwebhook = \"\"\n";
    let config = loaded(text);
    let [job] = config.jobs.as_slice() else { panic!("{:?}", config.jobs) };
    let Task::Webhook(call) = &job.task else { panic!("{job:?}") };
    assert_eq!((call.url.expose(), call.key.is_some()), ("https://example.com/x", true));
    assert_eq!((call.allow_private, call.timeout), (true, Some(Duration::from_secs(5))));
    assert!(!format!("{job:?}").contains("hush"));
    let text = "[[jobs]]\nname = \"a\"\nschedule = \"@daily\"\nwebhook = \"example.com\"\ntimeout = \"0s\"\n\
                [[jobs]]\nname = \"b\"\nschedule = \"@daily\"\nsecret = \"x\"\nkeep = { runs = \"1d\" }\n";
    assert_eq!(
        refused(text),
        [
            "4:11 `webhook` is not an address such as https://example.com/hook",
            "5:11 `timeout` leaves no time for an answer",
            "9:1 `secret` is for jobs with a `webhook`",
        ]
    );
}

#[test]
fn what_jobs_cannot_keep_or_run() {
    let text = "[collections.sessions]\n[collections.posts.fields]\ntitle = \"text\"\n\
                [collections.titles]\ntype = \"view\"\nquery = \"SELECT id, title FROM posts\"\n\
                [[jobs]]\nname = \"a\"\nschedule = \"@daily\"\nmissed = \"later\"\nkeep = {}\n\
                [[jobs]]\nname = \"__b\"\nschedule = \"@daily\"\nevery = 1\nsql = \"COMMIT\"\n\
                [[jobs]]\nname = \"c\"\nschedule = \"@daily\"\n[jobs.keep]\nlog = \"1d\"\n\
                sessions = \"1d\"\n\"posts:title\" = \"1d\"\ntitles = \"1d\"\n_superusers = \"1d\"\n\
                mails = \"long\"\nruns = \"0d\"\n";
    assert_eq!(
        refused(text),
        [
            "10:10 `missed` cannot be `later`",
            "11:1 `keep` names nothing",
            "13:8 `__b` cannot be the name of a job",
            "15:1 there is no key `every` in `jobs`",
            "16:7 `sql` cannot be run: COMMIT cannot stand in it: it is one transaction by itself",
            "21:1 there is nothing called `log` to keep",
            "22:1 `sessions` is a collection, and a word of `keep`",
            "23:1 `posts` has no date `title`",
            "24:1 `titles` is a view, whose records follow from others",
            "25:1 there is nothing called `_superusers` to keep",
            "26:9 `mails` is not a duration such as \"30d\": `long`",
            "27:8 `runs` is not a duration such as \"30d\": `0d`",
        ]
    );
}
