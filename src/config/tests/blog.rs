//! The blog of config.md §2, which is the example file at the top of the tree.

use crate::config::tests::loaded;
use crate::config::{Level, explain};
use crate::domain::fields::FieldKind;
use crate::domain::rules::Rule;

const BLOG: &str = include_str!("../../../config.toml");

const OWNER: &str = "(@request.auth.id != \"\" && @request.auth.collectionName = \"users\" && \
                     author = @request.auth.id)";
const ADMIN: &str = "(@request.auth.role = 'admin')";
const STAFF: &str = "(@request.auth.role = 'author' || (@request.auth.role = 'admin'))";

fn text(rule: &Option<Rule>) -> Option<&str> {
    rule.as_ref().map(Rule::text)
}

#[test]
fn the_rules_are_the_documents() {
    let config = loaded(BLOG);
    let posts = &config.collection("posts").unwrap().collection;
    let read = format!("status = 'published' || {OWNER} || {ADMIN}");
    assert_eq!(text(&posts.rules.list), Some(read.as_str()));
    assert_eq!(text(&posts.rules.view), Some(read.as_str()));
    assert_eq!(text(&posts.rules.create), Some(format!("{STAFF} && {OWNER}").as_str()));
    let update = format!("({OWNER} || {ADMIN}) && @request.body.author:changed = false");
    assert_eq!(text(&posts.rules.update), Some(update.as_str()));
    assert_eq!(text(&posts.rules.delete), Some(format!("{OWNER} || {ADMIN}").as_str()));

    let users = &config.collection("users").unwrap().collection;
    let me = "@request.auth.id != \"\" && @request.auth.collectionName = \"users\" && \
              id = @request.auth.id";
    assert_eq!(text(&users.rules.list), Some(""));
    assert_eq!(text(&users.rules.create), Some("@request.body.role:isset = false"));
    let update = format!("({me}) && @request.body.role:changed = false");
    assert_eq!(text(&users.rules.update), Some(update.as_str()));
    assert_eq!(text(&users.rules.delete), Some(me));

    let tags = &config.collection("tags").unwrap().collection;
    assert_eq!(text(&tags.rules.update), Some("@request.auth.role = 'admin'"));
    let comments = &config.collection("comments").unwrap().collection;
    let update = format!(
        "{OWNER} && @request.body.post:changed = false && @request.body.author:changed = false"
    );
    assert_eq!(text(&comments.rules.update), Some(update.as_str()));
}

#[test]
fn the_shapes_are_the_documents() {
    let config = loaded(BLOG);
    let posts = &config.collection("posts").unwrap().collection;
    assert_eq!(posts.id, "pbc_1125843985");
    let names: Vec<&str> = posts.fields.iter().map(|field| field.name.as_str()).collect();
    let expected = [
        "id",
        "title",
        "body",
        "cover",
        "status",
        "published_at",
        "author",
        "tags",
        "slug",
        "created",
        "updated",
    ];
    assert_eq!(names, expected);
    let published = posts.field("published_at").unwrap();
    assert!(published.ext.nullable && !published.required);
    let former = crate::domain::id::field_id(&published.kind, "publishedAt", |_| false);
    assert_eq!(published.id, former, "a renamed field keeps the id of its first name");
    let FieldKind::Relation(tags) = &posts.field("tags").unwrap().kind else { panic!("tags") };
    assert_eq!((tags.max_select, tags.cascade_delete), (5, false));
    let author = posts.field("author").unwrap();
    let FieldKind::Relation(options) = &author.kind else { panic!("author") };
    assert_eq!(options.collection_id, "_pb_users_auth_");
    assert!(options.cascade_delete && author.required);
    assert_eq!(author.ext.default, Some("@me".into()));
    assert_eq!(
        posts.indexes,
        [
            "CREATE UNIQUE INDEX `idx_slug_pbc_1125843985` ON `posts` (`slug`)",
            "CREATE INDEX `idx_status_published_at_pbc_1125843985` ON `posts` (`status`, `published_at` DESC)",
        ]
    );
    assert_eq!(posts.ext.search, ["title", "body"]);
    let users = &config.collection("users").unwrap().collection;
    assert_eq!(users.id, "_pb_users_auth_");
    assert!(users.auth().unwrap().otp.enabled && !users.auth().unwrap().oauth2.enabled);
    let likes = &config.collection("likes").unwrap().collection;
    assert!(likes.indexes[0].starts_with("CREATE UNIQUE INDEX"), "{:?}", likes.indexes);
}

#[test]
fn the_view_has_inferred_fields() {
    let config = loaded(BLOG);
    let stats = &config.collection("post_stats").unwrap().collection;
    let shapes: Vec<(&str, &str)> =
        stats.fields.iter().map(|field| (field.name.as_str(), field.kind.type_name())).collect();
    assert_eq!(shapes, [("id", "text"), ("likes", "number"), ("comments", "number")]);
}

#[test]
fn what_is_not_there_yet_is_said_once_each() {
    let config = loaded(BLOG);
    let warnings: Vec<&str> = config
        .warnings
        .faults()
        .iter()
        .map(|fault| {
            assert_eq!(fault.level, Level::Warning);
            fault.message.split(" not there yet").next().unwrap()
        })
        .collect();
    assert_eq!(warnings, [""; 0]);
}

#[test]
fn the_rest_is_read() {
    let config = loaded(BLOG);
    let settings = config.settings.as_map();
    assert_eq!(settings["meta"]["appName"], "Tiny Blog");
    assert_eq!(settings["meta"]["appURL"], "http://localhost:8090");
    assert_eq!(settings["meta"]["senderAddress"], "hi@example.com");
    assert_eq!(settings["rateLimits"]["rules"][0]["label"], "*:auth");
    assert_eq!(settings["rateLimits"]["rules"][0]["duration"], 60);
    assert!(config.webhooks.is_empty(), "an empty address switches a webhook off");
    assert_eq!(config.removed.collections[0], "drafts");
    assert_eq!(
        (config.removed.fields[0].0.as_str(), config.removed.fields[0].1.as_str()),
        ("posts", "subtitle")
    );
    let rows: Vec<&str> = config.seeds.rows.iter().map(|row| row.collection.as_str()).collect();
    assert_eq!(rows, ["users", "tags", "tags", "posts"]);
    let references = &config.seeds.rows[3].references;
    assert_eq!(references.len(), 2);
    assert_eq!((references[0].collection.as_str(), references[0].key.as_str()), ("users", "email"));
    assert_eq!(references[1].position, Some(0));
    assert_eq!(config.seeds.fakes[0].count, 20);
    assert!(config.seeds.runs_in("dev") && !config.seeds.runs_in("prod"));
}

#[test]
fn explain_shows_what_a_collection_expands_to() {
    let config = loaded(BLOG);
    let explained: Vec<String> = ["posts", "users"]
        .iter()
        .map(|name| explain(config.collection(name).unwrap(), &config.schema))
        .collect();
    insta::assert_snapshot!(explained.join("\n"));
}
