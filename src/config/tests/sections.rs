//! Every other section, with a good and a bad example (config.md 1.7).

use std::time::Duration;

use serde_json::json;

use crate::config::tests::{loaded, refused, refused_source, settings};
use crate::config::{Durability, OnBoot, ReplicaPlace, Source, load};
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
