//! Every other section, with a good and a bad example (config.md 1.7).

use std::time::Duration;

use serde_json::json;

use crate::config::tests::{loaded, refused, refused_source, settings};
use crate::config::{
    Durability, Keep, Kept, Missed, OnBoot, ReplicaPlace, Source, Task, TriggerEvent, load,
};
use crate::domain::keyring::Key;
use crate::domain::language::Language;

#[test]
fn the_top_of_the_file() {
    let config = loaded("strict = true\non_boot = \"check\"\n");
    assert!(config.strict);
    assert_eq!(config.on_boot, OnBoot::Check);
    let config = loaded("");
    assert!(!config.strict && config.collections.is_empty());
    assert_eq!(config.on_boot, OnBoot::ApplySafe);
}

#[test]
fn app() {
    assert_eq!(
        settings("[app]\nname = \"Blog\"\nurl = \"https://a.example\"\naccent = \"#1055c9\"\n"),
        json!({"meta": {"appName": "Blog", "appURL": "https://a.example", "accentColor": "#1055c9"}})
    );
    assert_eq!(
        refused("[app]\nname = \"\"\nurl = \"a.example\"\naccent = \"blue\"\n"),
        [
            "2:8 `name` is not a name of 1 to 255 characters: ``",
            "3:7 `url` is not an address such as \"https://example.com\": `a.example`",
            "4:10 `accent` is not a colour such as \"#1055c9\": `blue`",
        ]
    );
}

#[test]
fn database() {
    let config =
        loaded("[database]\nurl = \"\"\ndurability = \"normal\"\npool = 4\ntimeout = \"10s\"\n");
    assert_eq!(config.database.durability, Durability::Normal);
    assert_eq!(
        (config.database.pool, config.database.timeout),
        (Some(4), Some(Duration::from_secs(10)))
    );
    assert_eq!(loaded("").database.durability, Durability::Full);
    assert_eq!(config.database.url, None, "an empty address is SQLite");
    let config = loaded("[database]\nurl = \"postgres://user@host/blog\"\n");
    let url = config.database.url.unwrap();
    assert_eq!(url.expose(), "postgres://user@host/blog");
    assert_eq!(
        refused(
            "[database]\nurl = \"postgres://u:p@host/blog\"\ndurability = \"maybe\"\npool = 0\n"
        ),
        ["3:14 `durability` cannot be `maybe`", "4:8 `pool` is at least 1",]
    );
    assert_eq!(
        refused("[database]\nurl = \"blog.db\"\n"),
        ["2:7 `url` is no address of a database"]
    );
}

#[test]
fn auth() {
    let config =
        loaded("[auth]\nthrottle = false\nargon2 = { memory = \"64MB\", passes = 3, lanes = 2 }\n");
    assert!(!config.auth.throttle);
    let argon2 = config.auth.argon2;
    assert_eq!((argon2.memory, argon2.passes, argon2.lanes), (65_536, 3, 2));
    let default = loaded("").auth;
    assert_eq!((default.throttle, default.argon2.memory), (true, 19_456));
    assert_eq!(
        refused("[auth]\nkey = \"short\"\nprevious_key = \"x\"\nargon2 = { memory = \"1kB\" }\n"),
        [
            "2:7 `key` has 32 bytes, not 5",
            "3:16 `previous_key` has 32 bytes, not 1",
            "4:10 `argon2` needs 8kB of memory for each lane, 4GB and 255 lanes at most",
        ]
    );
}

#[test]
fn keys_for_stored_secrets() {
    let (key, previous) = ("k".repeat(32), "p".repeat(32));
    let auth = loaded(&format!("[auth]\nkey = \"{key}\"\nprevious_key = \"{previous}\"\n")).auth;
    assert_eq!(auth.key.unwrap().name(), Key::parse(&key).unwrap().name());
    assert_eq!(auth.previous_key.unwrap().name(), Key::parse(&previous).unwrap().name());
    let config = loaded("[auth]\nkey = \"${NONE:-}\"\nprevious_key = \"\"\n");
    assert!(config.auth.key.is_none() && config.auth.previous_key.is_none());
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    let literal =
        Source { environment: "prod", ..Source::of_text(format!("[auth]\nkey = \"{key}\"\n")) };
    assert_eq!(refused_source(&literal), ["2:7 `key` is a secret and stands in the file as it is"]);
}

#[test]
fn secrets_without_a_key_are_warned_about_where_they_matter() {
    const OAUTH: &str = "[oauth.github]\nclient_id = \"x\"\nclient_secret = \"${S}\"\n";
    let warnings = |text: &str, environment: &str, key: Option<&str>| -> Vec<String> {
        let variable = |name: &str| match name {
            "FERROBASE_AUTH_KEY" => key.map(str::to_owned),
            "S" => Some("smtps://u:hush@mail.example".to_owned()),
            "B" => Some("https://key:hush@s3.example/bucket?region=eu".to_owned()),
            _ => None,
        };
        let source = Source { environment, variable: &variable, ..Source::of_text(text) };
        let report = load(&source).unwrap().warnings;
        let ours = report.faults().iter().filter(|fault| fault.message.contains("encrypted"));
        ours.map(|fault| {
            let place = fault.place.as_ref().and_then(|place| report.line_and_column(place));
            place.map_or(String::new(), |(line, column)| format!("{line}:{column}"))
        })
        .collect()
    };
    let places = [
        OAUTH,
        "[mail]\nsmtp = \"${S}\"\n",
        "[files]\ns3 = \"${B}\"\n",
        "[backups]\ns3 = \"${B}\"\n",
    ];
    for text in places {
        assert_eq!(warnings(text, "prod", None), [""], "{text}");
        assert_eq!(warnings(text, "prod", Some("")), [""], "{text}");
        for environment in ["dev", "test"] {
            assert_eq!(warnings(text, environment, None), [""; 0], "{text}");
        }
        assert_eq!(warnings(text, "prod", Some(&"k".repeat(32))), [""; 0], "{text}");
    }
    let with_key = |key: &str| format!("[auth]\nkey = \"{key}\"\n{}", places.concat());
    assert_eq!(warnings(&with_key("${FERROBASE_AUTH_KEY:-}"), "prod", None), ["2:1"]);
    let off = "[mail]\nsmtp = \"smtp://mail.example\"\n[oauth.github]\nclient_id = \"\"\n[auth]\nkey = \"\"\n";
    assert_eq!(warnings(off, "prod", None), [""; 0]);
}

#[test]
fn mail_and_files() {
    let text = "[mail]\nfrom = \"Tiny Blog <hi@example.com>\"\nsmtp = \"smtps://me%40x:p%3A@mail.example\"\n\
                [files]\ns3 = \"https://key:sec%2Fret@s3.example:9000/bucket?region=eu\"\n";
    let settings = settings(text);
    assert_eq!(
        settings["meta"],
        json!({"senderName": "Tiny Blog", "senderAddress": "hi@example.com"})
    );
    assert_eq!(
        settings["smtp"],
        json!({"enabled": true, "host": "mail.example", "port": 465, "username": "me@x", "password": "p:", "tls": true})
    );
    assert_eq!(
        settings["s3"],
        json!({"enabled": true, "bucket": "bucket", "region": "eu", "endpoint": "https://s3.example:9000",
            "accessKey": "key", "secret": "sec/ret", "forcePathStyle": false})
    );
    assert_eq!(
        refused(
            "[mail]\nfrom = \"nobody\"\nsmtp = \"mail.example\"\n[files]\ns3 = \"https://s3.example/bucket\"\n"
        ),
        [
            "2:8 `from` is not a sender such as \"Tiny Blog <hi@example.com>\": `nobody`",
            "3:8 `smtp` is not the address of a mail server",
            "5:6 `s3` is not the address of a bucket",
        ]
    );
}

#[test]
fn languages_of_mails() {
    assert_eq!(loaded("").mail.language, Language::English);
    assert_eq!(loaded("[mail]\nlanguage = \"de\"\n").mail.language, Language::German);
    let [fault] = &refused("[mail]\nlanguage = \"klingon\"\n")[..] else { panic!("one fault") };
    assert!(fault.starts_with("2:12 `language` cannot be `klingon`"), "{fault}");
}

#[test]
fn a_mail_server_with_an_address_of_version_6() {
    let smtp = settings("[mail]\nsmtp = \"smtp://[::1]:2525\"\n")["smtp"].clone();
    assert_eq!((&smtp["host"], &smtp["port"]), (&json!("::1"), &json!(2525)));
}

#[test]
fn limits() {
    let text = "[limits]\n\"*:auth\" = \"10/min\"\n\"/api/\" = { rate = \"3/2s\", audience = \"guest\" }\n";
    assert_eq!(
        settings(text),
        json!({"rateLimits": {"rules": [
            {"label": "*:auth", "audience": "", "duration": 60, "maxRequests": 10},
            {"label": "/api/", "audience": "@guest", "duration": 2, "maxRequests": 3},
        ], "enabled": true}})
    );
    assert_eq!(
        refused("[limits]\n\"posts:\" = \"1/s\"\nx = \"10\"\ny = { audience = \"all\" }\n"),
        [
            "2:1 `posts:` is no label of a limit",
            "3:1 `x` is no label of a limit",
            "3:5 `x` is not a rate such as \"10/min\" or \"3/2s\": `10`",
            "4:1 `y` is no label of a limit",
            "4:1 the limit `y` has no `rate`",
            "4:18 `audience` cannot be `all`",
        ]
    );
}

#[test]
fn limits_that_would_never_count_are_told() {
    let text = "[limits]\n\"*:lsit\" = \"1/s\"\n\"PSOT /api/\" = \"1/s\"\n\"get /api/health\" = \"1/s\"\n\
                \"*:authWithTotp\" = \"1/s\"\n\"HEAD /api/\" = \"1/s\"\n";
    assert_eq!(
        refused(text),
        [
            "2:1 `lsit` is no action that is limited",
            "3:1 `PSOT` is no method that is limited",
            "4:1 `get` is no method that is limited",
            "5:1 `authWithTotp` is no action that is limited",
        ]
    );
    let text = "[limits]\n\"psots:list\" = \"1/s\"\n\"_superusers:auth\" = \"1/s\"\n\"posts:list\" = \"1/s\"\n\
                [collections.posts]\n";
    let report = loaded(text).warnings;
    let told: Vec<&str> = report.faults().iter().map(|fault| fault.message.as_str()).collect();
    assert_eq!(told, ["there is no collection `psots` to limit"]);
}

#[test]
fn batch_backups_and_logs() {
    let text = "[batch]\nenabled = true\nmax = 10\ntimeout = \"3s\"\n[backups]\ncron = \"0 3 * * *\"\nkeep = 3\n\
                [logs]\ndays = 7\nlevel = \"warn\"\nip = false\nauth_id = true\ndata = \"8kB\"\nrows = 5000\n";
    assert_eq!(
        settings(text),
        json!({
            "batch": {"enabled": true, "maxRequests": 10, "timeout": 3},
            "backups": {"cron": "0 3 * * *", "cronMaxKeep": 3},
            "logs": {"maxDays": 7, "minLevel": 4, "logIP": false, "logAuthId": true,
                     "maxDataSize": 8192},
        })
    );
    assert_eq!(loaded(text).logs.rows, Some(5000));
    assert_eq!(refused("[logs]\ndata = \"0B\"\nrows = 0\n").len(), 2);
    assert_eq!(
        refused(
            "[batch]\nmax = 0\n[backups]\ncron = \"* * * * MON\"\n[logs]\ndays = -1\nlevel = 3\n"
        ),
        [
            "2:7 `max` is at least 1",
            "4:8 `cron` is not a schedule: `MON` is no number in the day of the week",
            "6:8 `days` is at least 0",
            "7:9 `level` cannot be 3",
        ]
    );
}

#[test]
fn a_replica_is_a_folder_or_a_bucket() {
    let config = loaded("[backups.replica]\nfolder = \"/mnt/app\"\n");
    let replica = config.replica.unwrap();
    assert_eq!(replica.place, ReplicaPlace::Folder("/mnt/app".into()));
    let seconds = [replica.sync, replica.snapshot, replica.keep].map(|time| time.as_secs());
    assert_eq!((seconds, replica.most), ([1, 86_400, 604_800], 256 << 20));
    let text = "[backups.replica]\ns3 = \"https://k:s@host/b?region=r&prefix=a/b\"\nsync = \"10s\"\n\
                snapshot = \"12h\"\nkeep = \"30d\"\nmax_log = \"1GB\"\n";
    let replica = loaded(text).replica.unwrap();
    let ReplicaPlace::Bucket(bucket, prefix) = replica.place else { panic!("no bucket") };
    assert_eq!(
        (bucket.bucket.as_str(), bucket.secret.reveal(), prefix.as_str()),
        ("b", "s", "a/b")
    );
    assert_eq!((replica.sync.as_secs(), replica.most), (10, 1 << 30));
    assert_eq!(loaded("[backups.replica]\nfolder = \"\"\n").replica, None);
    assert_eq!(
        refused("[backups.replica]\n[backups.replica.more]\n"),
        [
            "1:10 `backups.replica` has neither `folder` nor `s3`",
            "2:18 there is no key `more` in `backups.replica`",
        ]
    );
    let text = "[backups.replica]\nfolder = \"a\"\ns3 = \"https://k:s@h/b?region=r\"\nsync = \"0s\"\n\
                max_log = \"5kB\"\n";
    assert_eq!(
        refused(text),
        [
            "3:1 `backups.replica` has a `folder` and an `s3`",
            "4:1 `sync` is at least 1s",
            "5:11 `max_log` is not a size such as \"256MB\", of at least 1MB: `5kB`",
        ]
    );
    let address = |prefix| format!("https://k:s@h/b?region=r{prefix}");
    for (text, place) in [("/a", true), ("", false), (&address(""), true), ("https://h/b", false)] {
        assert_eq!(ReplicaPlace::parse(text).is_some(), place, "{text}");
    }
    for prefix in ["&prefix=", "&prefix=/a", "&prefix=../a", "&prefix=a/"] {
        assert_eq!(ReplicaPlace::parse(&address(prefix)), None, "{prefix}");
    }
    assert_eq!(refused("[backups]\ns3 = \"https://k:s@h/b?region=r&prefix=x\"\n").len(), 1);
}

#[test]
fn webhooks() {
    let text = "[collections.posts.fields]\nstatus = \"text\"\n[[webhooks]]\non = [\"posts:create\", \"posts:*\"]\nwhen = \"status = 'x'\"\n\
                url = \"https://a.example/hook\"\nsecret = \"s\"\ntimeout = \"5s\"\n[[webhooks]]\non = [\"posts:delete\"]\nurl = \"\"\n";
    let config = loaded(text);
    assert_eq!(config.webhooks.len(), 1);
    let events: Vec<TriggerEvent> =
        config.webhooks[0].on.iter().map(|trigger| trigger.event).collect();
    assert_eq!(events, [TriggerEvent::Create, TriggerEvent::Any]);
    assert_eq!(
        refused(
            "[collections.posts]\n[[webhooks]]\non = [\"post:create\", \"posts:view\"]\nurl = \"x\"\n[[webhooks]]\non = [\"posts:create\"]\nwhen = \"statsu = 1\"\nurl = \"\"\n[[webhooks]]\n"
        ),
        [
            "3:7 there is no collection `post`",
            "3:22 `posts:view` is no change of records",
            "4:7 `url` is not an address such as https://example.com/hook",
            "7:9 unknown field \"statsu\"",
            "9:1 a webhook needs `on`",
            "9:1 a webhook needs a `url`",
        ]
    );
}

#[test]
fn webhooks_have_names_that_stay() {
    let hook = |keys: &str| format!("[[webhooks]]\n{keys}\nurl = \"https://a.example\"\n");
    let long = "a".repeat(101);
    let on = "on = [\"posts:create\", \"posts:*\"]";
    let off = format!("[[webhooks]]\n{on}\nurl = \"\"\n");
    let text =
        ["[collections.posts]\n", &off, &hook(on), &hook("on = [\"posts:delete\"]")].concat();
    let text = text + &hook(&format!("{on}\nname = \"Deploy\"")) + &hook(on);
    let names: Vec<String> = loaded(&text).webhooks.into_iter().map(|hook| hook.name).collect();
    let made = "posts:create, posts:*";
    assert_eq!(
        names,
        [&format!("{made} #2"), "posts:delete", "Deploy", &format!("{made} #3")],
        "whether one is switched on changes nothing for the others"
    );
    let named = |name: &str| hook(&format!("on = [\"posts:*\"]\nname = \"{name}\""));
    let names = ["a", "a", "a:b", "", &long].map(named);
    assert_eq!(
        refused(&format!("[collections.posts]\n{}", names.concat())),
        [
            "8:8 there are two webhooks `a`".to_owned(),
            "12:8 `a:b` cannot be the name of a webhook".to_owned(),
            "16:8 `` cannot be the name of a webhook".to_owned(),
            format!("20:8 `{long}` cannot be the name of a webhook"),
        ]
    );
}

#[test]
fn webhooks_that_could_never_be_right_are_faults() {
    let text = "[collections.posts]\n[collections.all]\ntype = \"view\"\nquery = \"SELECT id FROM posts\"\n\
                [[webhooks]]\non = [\"all:create\"]\nurl = \"https://a.example\"\nsecret = \"whsec_%\"\n\
                timeout = \"0s\"\n[[webhooks]]\non = []\nurl = \"ftp://a.example/x\"\n\
                [[webhooks]]\non = [\"posts:*\"]\nurl = \"http://u:p@169.254.1.1/x\"\n\
                [[webhooks]]\non = [\"posts:*\"]\nurl = \"http://localhost/x\"\nallow_private = true\n";
    assert_eq!(
        refused(text),
        [
            "6:7 `all` is a view, which nobody changes",
            "8:10 `secret`: what follows `whsec_` is not base64",
            "9:11 `timeout` leaves no time for an answer",
            "11:6 a webhook needs `on`",
            "12:7 `url` is not an address such as https://example.com/hook",
            "15:7 `url` is a private address, which is never called",
        ]
    );
}

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

#[test]
fn oauth() {
    assert_eq!(
        refused(
            "[oauth.gihub]\nclient_id = \"\"\n[oauth.google]\nclient_id = \"x\"\n[oauth.oidc]\nauth_url = \"x\"\n"
        ),
        [
            "1:8 there is no provider `gihub`",
            "3:8 the provider `google` has no `client_secret`",
            "5:8 the provider `oidc` has no `client_id`",
            "6:12 `auth_url` is not an address: `x`",
        ]
    );
    let secret = "client_id = \"x\"\nclient_secret = \"${SECRET:-hush}\"\n";
    let cases = [
        (
            "oidc",
            "",
            "1:8 the provider `oidc` cannot be used: it needs an issuer, or the addresses for authorisation and tokens",
        ),
        (
            "mailcow",
            "auth_url = \"https://m.example/a\"\ntoken_url = \"https://m.example/t\"",
            "1:8 the provider `mailcow` cannot be used: it needs the address of the profile",
        ),
        ("github", "issuer = \"https://github.com\"", "4:1 the provider `github` has no `issuer`"),
        (
            "github",
            "extra = { jwksURL = \"https://x.example\" }",
            "4:11 there is no key `jwksURL` in `oauth.github.extra`",
        ),
        (
            "oidc2",
            "issuer = \"https://x.example\"\nextra = { jwksUrl = \"x\" }",
            "5:11 there is no key `jwksUrl` in `oauth.oidc2.extra`",
        ),
        (
            "microsoft",
            "extra = { idTokenEmailClaim = \"mail\" }",
            "4:31 `idTokenEmailClaim` cannot be `mail`",
        ),
    ];
    for (name, line, expected) in cases {
        assert_eq!(refused(&format!("[oauth.{name}]\n{secret}{line}\n")), [expected], "{line}");
    }
    loaded(&format!(
        "[oauth.oidc]\n{secret}issuer = \"https://id.example\"\nextra = {{ jwksURL = \"https://id.example/k\" }}\n\
         [oauth.microsoft]\n{secret}extra = {{ idTokenEmailClaim = \"any_verified\" }}\n"
    ));
}

#[test]
fn removed() {
    let config = loaded(
        "[collections.posts]\n[removed]\ncollections = [\"drafts\"]\nfields = [\"posts.subtitle\"]\n",
    );
    assert_eq!(config.removed.collections[0], "drafts");
    assert_eq!(
        refused(
            "[collections.posts]\nfields = { a = \"text\" }\n[removed]\ncollections = [\"posts\", \"a b\"]\nfields = [\"posts.a\", \"posts\"]\n"
        ),
        [
            "4:16 `posts` is declared and removed",
            "4:25 `a b` is no name of a collection",
            "5:11 `posts.a` is declared and removed",
            "5:22 `posts` is no field",
        ]
    );
}
