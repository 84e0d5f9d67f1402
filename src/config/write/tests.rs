//! What is written is read as what it was written from.

use std::sync::Arc;

use serde_json::json;

use super::{WrittenConfig, write};
use crate::config::{Config, Source, load};
use crate::domain::Json;
use crate::domain::collection::Collection;
use crate::domain::random::Random;
use crate::domain::schema::Schema;
use crate::domain::settings::Settings;
use crate::domain::time::Timestamp;

fn collections(bodies: &[Json]) -> Vec<Arc<Collection>> {
    let mut all: Vec<Arc<Collection>> = Vec::new();
    for body in bodies {
        let schema = Schema::new(0, all.clone());
        let (now, mut random) = (Timestamp::default(), Random::seeded(7));
        let mut made =
            Collection::create(body.as_object().unwrap(), &schema, now, &mut random).unwrap();
        if made.is_view() {
            made.infer_fields(&schema).unwrap();
        }
        all.push(Arc::new(made));
    }
    all
}

fn read(written: &WrittenConfig) -> Config {
    let secret = |path: &str| {
        let found = written.secrets.iter().find(|(name, _)| name == path);
        found.map(|(_, secret)| secret.clone()).ok_or_else(|| path.to_owned())
    };
    let source = Source { secret_file: &secret, ..Source::of_text(written.text.clone()) };
    load(&source).unwrap_or_else(|report| {
        panic!("{}\n{}", report.render(crate::config::Colours::Plain), written.text)
    })
}

/// The definition without what no file says.
fn said(collection: &Collection) -> Json {
    let mut json = collection.to_json();
    json.retain(|key, _| !["created", "updated"].contains(&key.as_str()));
    // The product's own fields come last in a file that does not declare them.
    if let Some(Json::Array(fields)) = json.get_mut("fields") {
        fields.sort_by_key(|field| field["name"].to_string());
    }
    if let Some(Json::Array(indexes)) = json.get_mut("indexes") {
        indexes.sort_by_key(ToString::to_string);
    }
    Json::Object(json)
}

fn same_again(bodies: &[Json], settings: &Settings) -> WrittenConfig {
    let all = collections(bodies);
    let written = write("Made by a test.\nTwo lines.", &all, settings, "secrets");
    let config = read(&written);
    assert_eq!(config.collections.len(), all.len());
    for (spec, collection) in config.collections.iter().zip(&all) {
        assert_eq!(said(&spec.collection), said(collection), "{}", written.text);
    }
    let mut again = Settings::default();
    again.apply(config.settings.as_map()).unwrap();
    assert_eq!(&again, settings, "{}", written.text);
    written
}

fn dates() -> [Json; 2] {
    [
        json!({ "name": "created", "type": "autodate", "onCreate": true }),
        json!({ "name": "updated", "type": "autodate", "onCreate": true, "onUpdate": true }),
    ]
}

#[test]
fn a_collection_reads_well() {
    let [created, updated] = dates();
    let written = same_again(
        &[
            json!({ "name": "tags", "fields": [
                { "name": "name", "type": "text", "required": true, "presentable": true },
            ]}),
            json!({
                "name": "posts",
                "listRule": "", "viewRule": "",
                "createRule": "@request.auth.id != \"\"",
                "updateRule": "title = 'a' || title = \"b\"",
                "fields": [
                    { "name": "title", "type": "text", "max": 80, "help": "it's\n\"so\"" },
                    { "name": "slug", "type": "text", "required": true, "pattern": "^\\w+$" },
                    { "name": "size", "type": "number", "min": -1.5, "required": true },
                    { "name": "kind", "type": "select", "values": ["a b", "c, d", "it's", "\"e\""], "maxSelect": 3 },
                    { "name": "tags", "type": "relation", "collectionId": "pbc_1219621782", "maxSelect": 5, "minSelect": 1 },
                    { "name": "papers", "type": "file", "maxSelect": 99, "maxSize": 1500, "mimeTypes": ["text/plain"] },
                    created, updated,
                ],
                "indexes": [
                    "CREATE UNIQUE INDEX `idx_slug_pbc_1125843985` ON `posts` (`slug`)",
                    "CREATE INDEX `idx_size_title_pbc_1125843985` ON `posts` (`size` DESC, `title`)",
                    "CREATE INDEX `own` ON `posts` (lower(`title`)) WHERE `title` != ''",
                ],
            }),
            json!({ "name": "totals", "type": "view", "listRule": "",
                "viewQuery": "SELECT id, '${x}' AS mark\nFROM posts" }),
        ],
        &Settings::default(),
    );
    insta::assert_snapshot!(written.text, @r##"
    # Made by a test.
    # Two lines.

    [collections.tags]
    timestamps = false

    [collections.tags.fields]
    name = "text! label"

    [collections.posts]
    indexes = [
      "-size, title",
      "CREATE INDEX `own` ON `posts` (lower(`title`)) WHERE `title` != ''",
    ]

    [collections.posts.fields]
    title  = { type = "text", max = 80, help = "it's\n\"so\"" }
    slug   = { type = "text!", pattern = '^\w+$', unique = true }
    size   = "number min=-1.5 nonzero"
    kind   = { type = "select[3]", values = ["a b", "c, d", "it's", '"e"'] }
    tags   = "-> tags[5] min=1"
    papers = "file[] max=1500B types=text/plain"

    [collections.posts.rules]
    read   = "public"
    create = "auth"
    update = '''title = 'a' || title = "b"'''

    [collections.totals]
    type = "view"
    query = """
    SELECT id, '$${x}' AS mark
    FROM posts"""

    [collections.totals.rules]
    list = "public"
    "##);
    assert_eq!(written.secrets, []);
}

#[test]
fn accounts_and_settings_keep_their_secrets_beside_the_file() {
    let users = json!({
        "name": "users", "type": "auth", "manageRule": "id = 'x'", "authRule": null,
        "fields": [{ "name": "nick", "type": "text" }],
        "indexes": ["CREATE UNIQUE INDEX `idx_nick` ON `users` (`nick`)"],
        "passwordAuth": { "enabled": true, "identityFields": ["nick"] },
        "otp": { "enabled": true, "length": 6, "duration": 90 },
        "mfa": { "enabled": true, "rule": "nick = 'a'" },
        "authAlert": { "enabled": false },
        "authToken": { "duration": 3600 },
        "oauth2": { "enabled": true, "mappedFields": { "name": "nick" }, "providers": [
            { "name": "github", "clientId": "id", "clientSecret": "hush ${x}" },
            { "name": "oidc", "clientId": "id", "clientSecret": "quiet", "authURL": "https://a.b/c",
              "tokenURL": "https://a.b/t", "userInfoURL": "https://a.b/u", "pkce": true,
              "extra": { "issuers": ["https://a.b"] } },
        ]},
        "verificationTemplate": { "subject": "${hi}", "body": "<a href=\"{APP_URL}\">'x'</a>\n" },
    });
    let settings = json!({
        "meta": { "appName": "A \"b\"", "senderName": "C, 'd'", "senderAddress": "e@example.com" },
        "smtp": { "enabled": true, "host": "::1", "port": 25, "username": "a@b", "password": "p:/@ %" },
        "s3": { "enabled": true, "bucket": "b", "region": "r", "endpoint": "http://h:1",
                "accessKey": "k", "secret": "s/+", "forcePathStyle": true },
        "rateLimits": { "enabled": true, "rules": [
            { "label": "*:auth", "audience": "@guest", "duration": 3, "maxRequests": 2 },
            { "label": "POST /api/x", "audience": "", "duration": 7200, "maxRequests": 9 },
        ]},
        "trustedProxy": { "headers": ["X-Real-IP"] }, "superuserIPs": ["10.0.0.0/8"],
        "batch": { "enabled": true, "maxRequests": 7, "timeout": 90 },
        "backups": { "cron": "0 3 * * *", "cronMaxKeep": 4 },
        "logs": { "maxDays": 0, "minLevel": 4, "logIP": false, "logAuthId": true },
    });
    let settings = Settings::from_stored_json(settings.as_object().unwrap()).unwrap();
    let written = same_again(&[users], &settings);
    let names: Vec<&str> = written.secrets.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        ["secrets/smtp", "secrets/files_s3", "secrets/oauth_github", "secrets/oauth_oidc"]
    );
    for secret in ["hush", "quiet", "p%3A", "p:/", "s%2F", "s/+"] {
        assert!(!written.text.contains(secret), "{}", written.text);
        assert!(!format!("{written:?}").contains(secret));
    }
}

#[test]
fn what_a_section_would_not_say_right_is_left_out_of_the_file() {
    let rule = |audience: &str| json!({ "label": "*:auth", "audience": audience, "duration": 3, "maxRequests": 2 });
    let settings = json!({
        "meta": { "appName": "Ours", "senderName": "A <b>", "senderAddress": "e@example.com" },
        "rateLimits": { "enabled": true, "rules": [rule("@guest"), rule("@auth")] },
        "s3": { "enabled": true, "bucket": "", "region": "", "endpoint": "http://h:1" },
        "logs": { "minLevel": 3 },
    });
    let settings = Settings::from_stored_json(settings.as_object().unwrap()).unwrap();
    let written = write("", &[], &settings, "secrets");
    assert_eq!(written.text, "\n[app]\nname = \"Ours\"\n");
    assert_eq!(written.secrets, []);
}
