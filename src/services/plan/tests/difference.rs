//! File against last applied against live, without rows.

use serde_json::{Value as Json, json};

use super::{collection, file, posts};
use crate::config::{CollectionSpec, Removed};
use crate::domain::fields::FieldKind;
use crate::domain::schema::Schema;
use crate::services::plan::change::{Change, ChangeKind, Class};
use crate::services::plan::diff::{Difference, diff};
use crate::services::plan::state::State;
use crate::services::plan::{Declared, Step};

/// The database after `declared` was applied to it.
struct World {
    live: Schema,
    last: Option<State>,
}

impl World {
    const fn empty(live: Schema) -> Self {
        Self { live, last: None }
    }

    fn after(declared: &Declared) -> Self {
        Self::empty(Schema::default()).apply(declared)
    }

    fn diff(&self, declared: &Declared) -> Difference {
        diff(declared, &self.live, self.last.as_ref())
    }

    fn apply(&self, declared: &Declared) -> Self {
        let difference = self.diff(declared);
        let version = self.live.version() + 1;
        Self { live: Schema::new(version, difference.target), last: Some(difference.state) }
    }

    /// What somebody did to a collection behind the file's back.
    fn meddle(&self, body: &Json) -> Self {
        let changed = collection(body);
        let collections = self.live.collections().iter().map(|live| {
            if live.name == changed.name { changed.clone().into() } else { live.clone() }
        });
        Self { live: Schema::new(9, collections.collect()), last: self.last.clone() }
    }
}

fn changes(difference: &Difference) -> Vec<&Change> {
    difference.drafts.iter().map(|draft| &draft.change).collect()
}

fn summary(difference: &Difference) -> Vec<(Class, ChangeKind, String)> {
    changes(difference)
        .into_iter()
        .map(|change| (change.class, change.kind, change.path()))
        .collect()
}

fn change(class: Class, kind: ChangeKind, path: &str) -> (Class, ChangeKind, String) {
    (class, kind, path.to_owned())
}

#[test]
fn another_spelling_of_the_same_is_no_drift() {
    let field = |max_select| {
        json!([{ "name": "kind", "type": "select", "values": ["a"], "maxSelect": max_select },
               { "name": "more", "type": "file", "maxSelect": max_select }])
    };
    let with_index = |fields: Json, index: &str| {
        let mut body = posts(&fields);
        body["indexes"] = json!([index]);
        body
    };
    let made = collection(&with_index(field(0), "CREATE INDEX own ON posts (\n  kind\n)"));
    let file = file(&[with_index(field(1), "CREATE INDEX `own` ON `posts` (`kind`)")]);
    let live = Schema::new(1, vec![made.into()]);
    let first = World::empty(live.clone()).diff(&file);
    assert_eq!(summary(&first), []);
    assert!(first.steps.is_empty());
    // Nothing was done, so the database is as it was.
    let again = World { live, last: Some(first.state.clone()) }.diff(&file);
    assert_eq!(summary(&again), []);
    assert_eq!(again.state, first.state);
}

#[test]
fn options_without_words_in_a_file_stay_as_the_database_has_them() {
    let mut body = json!({ "name": "people", "type": "auth", "fields": [
        { "name": "about", "type": "editor" },
    ]});
    let declared = file(&[body.clone()]);
    body["fields"][0]["convertURLs"] = true.into();
    body["mfa"] = json!({ "duration": 1800, "rule": "id = 'x'" });
    body["oauth2"] = json!({ "providers": [
        { "name": "github", "clientId": "id", "clientSecret": "secret" },
    ]});
    let mut made = collection(&body);
    for field in &mut made.fields {
        if let FieldKind::Password(options) = &mut field.kind {
            options.cost = 11;
        }
    }
    let difference = World::empty(Schema::new(1, vec![made.clone().into()])).diff(&declared);
    assert_eq!(summary(&difference), []);
    let kept = difference.target[0].as_ref();
    assert_eq!(kept.auth(), made.auth());
    let options = |name: &str| (kept.field(name).cloned(), made.field(name).cloned());
    for name in ["about", "password"] {
        let (kept, made) = options(name);
        assert_eq!(kept, made);
    }
}

#[test]
fn system_fields_stay_where_the_database_has_them() {
    let text = |name: &str| json!({ "name": name, "type": "text" });
    let people = |fields: &[&str]| {
        let fields: Vec<Json> = fields.iter().map(|name| text(name)).collect();
        json!({ "name": "people", "type": "auth", "fields": fields })
    };
    let names = |difference: &Difference| {
        let names = difference.target[0].fields.iter().map(|field| field.name.clone());
        names.collect::<Vec<_>>().join(" ")
    };
    let mut made = collection(&people(&["name", "city"]));
    made.fields.sort_by_key(|field| !field.system);
    let world = World::empty(Schema::new(1, vec![made.into()]));
    let same = world.diff(&file(&[people(&["name", "city"])]));
    assert_eq!(summary(&same), []);
    let system = "id password tokenKey email emailVisibility verified";
    assert_eq!(names(&same), format!("{system} name city"));
    let other = world.diff(&file(&[people(&["city", "street", "name"])]));
    assert_eq!(
        summary(&other),
        [
            change(Class::Safe, ChangeKind::NewField, "people.street"),
            change(Class::Safe, ChangeKind::FieldOptions, "people.fields"),
        ]
    );
    assert_eq!(names(&other), format!("{system} city street name"));
}

#[test]
fn the_same_file_changes_nothing() {
    let declared = file(&[
        posts(&json!([{ "name": "title", "type": "text", "required": true }])),
        json!({ "name": "people", "type": "auth", "fields": [] }),
    ]);
    let first = World::empty(Schema::default()).diff(&declared);
    assert_eq!(
        summary(&first),
        [
            change(Class::Safe, ChangeKind::NewCollection, "posts"),
            change(Class::Safe, ChangeKind::NewCollection, "people"),
        ]
    );
    let world = World::after(&declared);
    let second = world.diff(&declared);
    assert_eq!(summary(&second), []);
    assert_eq!(second.unchanged, 2);
    assert_eq!(Some(second.state), world.last);
    assert!(second.steps.is_empty());
}

#[test]
fn fields_are_matched_by_name_and_keep_their_ids() {
    let mut declared = file(&[posts(&json!([{ "name": "title", "type": "text" }]))]);
    let world = World::after(&declared);
    declared.collections[0].collection.id = "pbc_elsewhere".to_owned();
    declared.collections[0].collection.fields[1].id = "text_elsewhere".to_owned();
    let difference = world.diff(&declared);
    assert_eq!(summary(&difference), []);
    assert_eq!(difference.target[0].id, world.live.collections()[0].id);
    assert_eq!(difference.target[0].fields[1].id, world.live.collections()[0].fields[1].id);
}

#[test]
fn relations_and_indexes_follow_the_stored_ids() {
    let mut declared =
        file(&[json!({ "name": "tags", "fields": [] }), json!({ "name": "posts", "fields": [] })]);
    let world = World::after(&declared);
    let tags = world.live.by_name("tags").unwrap().id.clone();
    declared.collections[0].collection.id = "pbc_t".to_owned();
    declared.collections[1] = CollectionSpec::new(collection(&json!({
        "name": "posts", "id": "pbc_p",
        "fields": [{ "name": "tag", "type": "relation", "collectionId": "pbc_t" }],
        "indexes": ["CREATE UNIQUE INDEX idx_tag_pbc_p ON posts (tag)"],
    })));
    let posts = world.apply(&declared).live.by_name("posts").unwrap().clone();
    assert_eq!(posts.field("tag").unwrap().to_json()["collectionId"], json!(tags));
    assert!(posts.indexes[0].contains(&format!("idx_tag_{}", posts.id)), "{:?}", posts.indexes);
}

#[test]
fn a_file_that_lost_everything_changes_nothing() {
    let world = World::after(&file(&[posts(&json!([]))]));
    let difference = world.diff(&file(&[]));
    assert_eq!(
        summary(&difference),
        [change(Class::Blocked, ChangeKind::ParkedCollection, "posts")]
    );
}

#[test]
fn a_missing_field_is_parked_and_comes_back() {
    let both = json!([
        { "name": "title", "type": "text" },
        { "name": "slug", "type": "url", "required": true },
    ]);
    let full = file(&[json!({
        "name": "posts", "fields": both,
        "indexes": ["CREATE UNIQUE INDEX idx_slug ON posts (slug)"],
    })]);
    let less = file(&[posts(&json!([{ "name": "title", "type": "text" }]))]);
    let world = World::after(&full);
    let difference = world.diff(&less);
    assert_eq!(
        summary(&difference),
        [
            change(Class::Safe, ChangeKind::ParkedField, "posts.slug"),
            change(Class::Safe, ChangeKind::DroppedIndex, "posts.idx_slug"),
        ]
    );
    assert_eq!(difference.parked, ["posts.slug"]);
    let parked = world.apply(&less);
    let slug = parked.live.by_name("posts").unwrap().field("slug").unwrap().clone();
    assert!(slug.hidden && !slug.required);
    assert_eq!(slug.id, world.live.by_name("posts").unwrap().field("slug").unwrap().id);

    let again = parked.diff(&less);
    assert_eq!(summary(&again), []);
    assert_eq!(again.parked, ["posts.slug"], "it is reported on every plan");

    let back = parked.diff(&full);
    assert_eq!(
        summary(&back),
        [
            change(Class::Safe, ChangeKind::ReturnedField, "posts.slug"),
            change(Class::Safe, ChangeKind::TighterField, "posts.slug"),
            change(Class::Opening, ChangeKind::Shown, "posts.slug"),
            change(Class::Safe, ChangeKind::NewUniqueIndex, "posts.idx_slug"),
        ]
    );
    let returned = parked.apply(&full);
    assert_eq!(summary(&returned.diff(&full)), []);
    assert!(returned.diff(&full).parked.is_empty());
}

#[test]
fn a_missing_collection_is_locked_and_comes_back() {
    let open = json!({ "name": "posts", "fields": [], "listRule": "" });
    let full = file(&[open.clone(), json!({ "name": "tags", "fields": [] })]);
    let less = file(&[json!({ "name": "tags", "fields": [] })]);
    let world = World::after(&full);
    let difference = world.diff(&less);
    assert_eq!(summary(&difference), [change(Class::Safe, ChangeKind::ParkedCollection, "posts")]);
    let parked = world.apply(&less);
    assert_eq!(parked.live.by_name("posts").unwrap().rules.list, None);
    assert_eq!(summary(&parked.diff(&less)), []);
    assert_eq!(parked.diff(&less).parked, ["posts"]);
    assert_eq!(
        summary(&parked.diff(&full)),
        [
            change(Class::Safe, ChangeKind::ReturnedCollection, "posts"),
            change(Class::Opening, ChangeKind::Rule, "posts.rules.list"),
        ]
    );
    assert_eq!(summary(&parked.apply(&full).diff(&full)), []);
}

#[test]
fn a_likely_rename_is_blocked_with_the_line_to_write() {
    let world = World::after(&file(&[posts(&json!([{ "name": "teaser", "type": "text" }]))]));
    let mut declared = file(&[posts(&json!([{ "name": "lead", "type": "text" }]))]);
    let difference = world.diff(&declared);
    let blocked: Vec<&Change> =
        changes(&difference).into_iter().filter(|change| change.class == Class::Blocked).collect();
    assert_eq!(blocked.len(), 1);
    assert_eq!(blocked[0].kind, ChangeKind::LikelyRename);
    assert!(blocked[0].advice.contains("renamed_from=teaser on posts.lead"), "{blocked:?}");

    declared.collections[0].renamed_fields.insert("lead".to_owned(), "teaser".to_owned());
    let difference = world.diff(&declared);
    assert_eq!(
        summary(&difference),
        [change(Class::NeedsApply, ChangeKind::RenamedField, "posts.lead")]
    );
    let renamed = world.apply(&declared);
    let old = world.live.by_name("posts").unwrap().field("teaser").unwrap().id.clone();
    assert_eq!(renamed.live.by_name("posts").unwrap().field("lead").unwrap().id, old);
    assert_eq!(summary(&renamed.diff(&declared)), [], "renamed_from is harmless once done");
}

#[test]
fn another_type_is_no_likely_rename() {
    let world = World::after(&file(&[posts(&json!([{ "name": "teaser", "type": "text" }]))]));
    let declared = file(&[posts(&json!([{ "name": "count", "type": "number" }]))]);
    assert_eq!(
        summary(&world.diff(&declared)),
        [
            change(Class::Safe, ChangeKind::NewField, "posts.count"),
            change(Class::Safe, ChangeKind::ParkedField, "posts.teaser"),
        ]
    );
}

#[test]
fn both_names_of_a_rename_are_an_error() {
    let fields = json!([{ "name": "a", "type": "text" }, { "name": "b", "type": "text" }]);
    let world = World::after(&file(&[posts(&fields), json!({ "name": "news", "fields": [] })]));
    let mut declared = file(&[posts(&json!([{ "name": "b", "type": "text" }]))]);
    declared.collections[0].renamed_fields.insert("b".to_owned(), "a".to_owned());
    declared.collections[0].renamed_from = Some("news".to_owned());
    let kinds: Vec<_> = summary(&world.diff(&declared));
    assert!(kinds.contains(&change(Class::Blocked, ChangeKind::BothNames, "posts")), "{kinds:?}");
    assert!(kinds.contains(&change(Class::Blocked, ChangeKind::BothNames, "posts.b")), "{kinds:?}");
}

#[test]
fn a_renamed_collection_waits_and_keeps_its_id() {
    let world = World::after(&file(&[json!({ "name": "news", "fields": [] })]));
    let mut declared = file(&[posts(&json!([]))]);
    declared.collections[0].renamed_from = Some("news".to_owned());
    let difference = world.diff(&declared);
    assert_eq!(
        summary(&difference),
        [change(Class::NeedsApply, ChangeKind::RenamedCollection, "posts")]
    );
    assert_eq!(difference.target[0].id, world.live.collections()[0].id);
    let fresh = World::empty(Schema::default()).diff(&declared);
    assert_eq!(summary(&fresh), [change(Class::Safe, ChangeKind::NewCollection, "posts")]);
}

#[test]
fn shapes_wait_for_somebody_who_says_so() {
    let world = World::after(&file(&[posts(&json!([
        { "name": "a", "type": "text" },
        { "name": "b", "type": "select", "values": ["x", "y"], "maxSelect": 1 },
        { "name": "c", "type": "select", "values": ["x", "y"], "maxSelect": 2 },
    ]))]));
    let declared = file(&[posts(&json!([
        { "name": "a", "type": "number" },
        { "name": "b", "type": "select", "values": ["x", "y"], "maxSelect": 2 },
        { "name": "c", "type": "select", "values": ["x", "y"], "maxSelect": 1 },
    ]))]);
    assert_eq!(
        summary(&world.diff(&declared)),
        [
            change(Class::NeedsApply, ChangeKind::FieldType, "posts.a"),
            change(Class::NeedsApply, ChangeKind::Cardinality, "posts.b"),
            change(Class::NeedsApply, ChangeKind::Cardinality, "posts.c"),
        ]
    );
    let another_type = file(&[json!({ "name": "posts", "type": "auth", "fields": [] })]);
    let kinds = summary(&world.diff(&another_type));
    assert_eq!(kinds, [change(Class::Blocked, ChangeKind::CollectionType, "posts")]);
}

#[test]
fn rules_that_guests_newly_meet_open() {
    let with = |rule: Json| file(&[json!({ "name": "posts", "fields": [], "listRule": rule })]);
    let world = World::after(&with(json!("@request.auth.id != ''")));
    for (rule, class) in [
        (json!(""), Class::Opening),
        (json!("id != ''"), Class::Opening),
        (Json::Null, Class::Safe),
        (json!("@request.auth.verified = true"), Class::Safe),
    ] {
        let expected = [change(class, ChangeKind::Rule, "posts.rules.list")];
        assert_eq!(summary(&world.diff(&with(rule.clone()))), expected, "{rule}");
    }
}

#[test]
fn options_of_the_type_are_safe_and_said() {
    let with = |options: Json| {
        let mut body = json!({ "name": "people", "type": "auth", "fields": [] });
        body.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
        file(&[body])
    };
    let world = World::after(&with(json!({})));
    let declared = with(json!({ "otp": { "enabled": true, "length": 6 } }));
    let difference = world.diff(&declared);
    assert_eq!(
        summary(&difference),
        [change(Class::Safe, ChangeKind::CollectionOptions, "people.otp")]
    );
    assert!(changes(&difference)[0].text.contains("enabled false -> true"), "{difference:?}");
    let secrets = |world: &World| world.live.collections()[0].auth().unwrap().auth_token.clone();
    let applied = world.apply(&declared);
    assert_eq!(secrets(&world), secrets(&applied), "nobody is signed out");
}

#[test]
fn whoever_takes_authenticators_away_is_told_what_it_means() {
    let with = |ext: Json| {
        let title = json!({ "name": "title", "type": "text" });
        file(&[json!({ "name": "people", "type": "auth", "fields": [title], "ext": ext })])
    };
    let world = World::after(&with(json!({ "totp": true, "search": ["title"] })));
    for (ext, text) in [
        (json!({ "search": ["title"] }), "totp removed"),
        (json!({}), "search removed, totp removed"),
    ] {
        let texts: Vec<String> =
            changes(&world.diff(&with(ext))).iter().map(|change| change.text.clone()).collect();
        assert!(texts.iter().any(|told| told == text), "{texts:?}");
        let means = "whoever has an authenticator signs in without it";
        assert!(texts.iter().any(|told| told == means), "{texts:?}");
    }
}

#[test]
fn what_no_file_ever_had_is_left_alone_unless_the_file_is_strict() {
    let managed = posts(&json!([{ "name": "title", "type": "text" }]));
    let by_hand = json!({
        "name": "posts",
        "fields": [{ "name": "title", "type": "text" }, { "name": "mood", "type": "text" }],
        "indexes": ["CREATE INDEX idx_mood ON posts (mood)"],
    });
    let world = World::after(&file(std::slice::from_ref(&managed))).meddle(&by_hand);
    let mut declared = file(&[managed]);
    let difference = world.diff(&declared);
    assert_eq!(summary(&difference), []);
    assert!(difference.target[0].field("mood").is_some());
    assert_eq!(difference.target[0].indexes.len(), 1);
    declared.strict = true;
    let kinds = summary(&world.diff(&declared));
    assert_eq!(kinds, [change(Class::Blocked, ChangeKind::NotManaged, "posts.mood")]);

    let stranger = Schema::new(1, vec![collection(&json!({ "name": "x", "fields": [] })).into()]);
    let world = World::empty(stranger);
    let mut nothing = file(&[]);
    assert_eq!(summary(&world.diff(&nothing)), []);
    nothing.strict = true;
    assert_eq!(
        summary(&world.diff(&nothing)),
        [change(Class::Blocked, ChangeKind::NotManaged, "x")]
    );
}

#[test]
fn changes_behind_the_files_back_are_drift_until_the_file_says_the_same() {
    let title = |max: i64| posts(&json!([{ "name": "title", "type": "text", "max": max }]));
    let world = World::after(&file(&[title(80)])).meddle(&title(90));
    let kinds = summary(&world.diff(&file(&[title(80)])));
    assert!(
        kinds.contains(&change(Class::NeedsApply, ChangeKind::Drift, "posts.fields.title")),
        "{kinds:?}"
    );
    assert_eq!(summary(&world.diff(&file(&[title(90)]))), [], "adopted");
}

#[test]
fn removal_needs_a_tombstone_and_respects_protection() {
    let mut full = file(&[
        posts(&json!([{ "name": "title", "type": "text" }, { "name": "old", "type": "text" }])),
        json!({ "name": "drafts", "fields": [] }),
    ]);
    let mut less = file(&[posts(&json!([{ "name": "title", "type": "text" }]))]);
    less.removed = Removed {
        collections: vec!["drafts".to_owned(), "never_there".to_owned()],
        fields: vec![("posts".to_owned(), "old".to_owned())],
    };
    let world = World::after(&full);
    let expected = |class| {
        vec![
            change(class, ChangeKind::RemovedCollection, "drafts"),
            change(class, ChangeKind::RemovedField, "posts.old"),
        ]
    };
    assert_eq!(summary(&world.diff(&less)), expected(Class::NeedsApply));
    for declared in &mut full.collections {
        declared.protect = true;
    }
    less.collections[0].protect = true;
    let world = World::after(&full);
    assert_eq!(summary(&world.diff(&less)), expected(Class::Blocked));
}

#[test]
fn a_collection_that_the_file_leaves_free_is_made_once_and_left_alone() {
    let mut declared = file(&[posts(&json!([{ "name": "title", "type": "text" }]))]);
    declared.collections[0].managed = false;
    let world = World::after(&declared).meddle(&posts(&json!([])));
    assert_eq!(summary(&world.diff(&declared)), []);
    assert_eq!(summary(&world.diff(&file(&[]))), []);
}

#[test]
fn new_fields_fill_the_rows_there_are() {
    let world = World::after(&file(&[posts(&json!([]))]));
    let declared = file(&[posts(&json!([
        { "name": "status", "type": "select", "values": ["draft", "live"], "maxSelect": 1,
          "required": true, "ext": { "default": "draft" } },
        { "name": "seen", "type": "date", "ext": { "default": "@now" } },
        { "name": "token", "type": "text", "ext": { "default": "@uuid" } },
    ]))]);
    let difference = world.diff(&declared);
    let filled: Vec<&str> = difference
        .steps
        .iter()
        .filter_map(|step| match step {
            Step::Fill { field, .. } => Some(field.as_str()),
            Step::Create(_) | Step::Update { .. } => None,
        })
        .collect();
    assert_eq!(filled, ["status", "seen"]);
    assert!(changes(&difference)[0].text.contains("existing rows get 'draft'"), "{difference:?}");
}
