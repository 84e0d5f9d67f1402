//! What is told from memory is what the database would have had told.

use serde_json::json;

use super::*;
use crate::domain::Json;
use crate::domain::caller::Caller;
use crate::domain::collection::CollectionKind;
use crate::domain::fields::{FieldKind, TextOptions};
use crate::services::test_app::TestApp;
use crate::services::test_records::{auth_collection, auth_record, base_collection};

/// What memory knows.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Memory {
    Tells,
    Refuses,
    Open,
}

fn text(name: &str) -> Field {
    Field::new(name, FieldKind::Text(TextOptions::default()))
}

/// `posts` with an owner, a hidden field and one that only its owner reads.
fn posts(list: Option<&str>, view: &str) -> Arc<Collection> {
    let mut posts = Collection::clone(&base_collection("posts"));
    let mut draft = text("draft");
    draft.ext.read = Some(Rule::new("owner = @request.auth.id"));
    posts.fields.extend([text("owner"), Field { hidden: true, ..text("secret") }, draft]);
    posts.rules.list = list.map(Rule::new);
    posts.rules.view = Some(Rule::new(view));
    Arc::new(posts)
}

/// `users` whom everybody may list, and who are managed by this rule.
fn users(manage: &str) -> Arc<Collection> {
    let mut users = Collection::clone(&auth_collection("users"));
    users.rules.list = Some(Rule::new(""));
    if let CollectionKind::Auth(options) = &mut users.kind {
        options.manage_rule = Some(Rule::new(manage));
    }
    Arc::new(users)
}

fn asked_by(caller: Option<Record>, query: &[(&str, &str)]) -> RequestInfo {
    let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let caller = caller.map_or_else(Caller::guest, |record| Caller::signed_in(Arc::new(record)));
    RequestInfo { caller, query: query.collect(), ..RequestInfo::default() }
}

/// Compares what both say, and answers the text of a message, if there is one.
async fn compare(
    app: &TestApp,
    record: Record,
    gate: Gate,
    request: RequestInfo,
    expected: Memory,
) -> Option<String> {
    let change = Told { record: Arc::new(record), before: None };
    let written = |view: Option<RecordView>| view.map(|view| serde_json::to_string(&view).unwrap());
    let memory = told_from_memory(&app.app.store.schema(), &change, gate, &request).map(written);
    let (asked, of) = (change.clone(), request.clone());
    let database = app.app.store.read(move |db| told(db, &asked, gate, &of));
    let database = written(database.await.unwrap());
    let found = match &memory {
        Ok(Some(_)) => Memory::Tells,
        Ok(None) => Memory::Refuses,
        Err(Open) => Memory::Open,
    };
    assert_eq!(found, expected, "{gate:?} for {request:?}");
    if let Ok(memory) = memory {
        assert_eq!(memory, database, "{gate:?} for {request:?}");
    }
    database
}

#[actix_web::test]
async fn rules_of_the_record_and_the_caller_are_decided_from_memory() {
    use Memory::{Open, Refuses, Tells};
    let accounts = users("");
    let superusers = auth_collection("_superusers");
    let owned = "owner = @request.auth.id && @request.auth.id != ''";
    let joined = "@collection.users.id ?= owner";
    let app = TestApp::start(vec![Arc::clone(&accounts), posts(Some(owned), "")]).await;
    for id in ["ann", "bob"] {
        let mut account = auth_record(&accounts, id);
        for name in ["email", "username"] {
            account.set(name, json!(format!("{id}@example.com")));
        }
        app.insert(account).await;
    }
    let account = |id: &str| Some(auth_record(&accounts, id));
    let root = || Some(auth_record(&superusers, "root"));
    for (list, view, gate, caller, query, expected) in [
        (Some(owned), "", Gate::List, account("ann"), None, Tells),
        (Some(owned), "", Gate::List, account("bob"), None, Refuses),
        (Some(owned), "", Gate::List, None, None, Refuses),
        (Some(owned), "", Gate::List, root(), None, Tells),
        (Some(owned), "", Gate::View, None, None, Tells),
        (None, "", Gate::List, account("ann"), None, Refuses),
        (None, "", Gate::List, root(), None, Tells),
        (Some("no = such"), owned, Gate::List, account("ann"), None, Refuses),
        (Some("no = such"), owned, Gate::View, account("ann"), None, Tells),
        (Some(joined), "", Gate::List, account("ann"), None, Open),
        (Some(""), "", Gate::List, account("ann"), Some(("filter", "id = 'p1'")), Open),
        (Some(""), "", Gate::List, account("ann"), Some(("expand", "owner")), Open),
        (Some(""), "", Gate::List, root(), Some(("filter", "id = 'p2'")), Open),
        (Some(""), "", Gate::List, None, Some(("fields", "id")), Tells),
        // What the rule refuses needs no look at the filter.
        (Some(owned), "", Gate::List, account("bob"), Some(("filter", "id = 'p1'")), Refuses),
    ] {
        let posts = posts(list, view);
        app.publish(vec![Arc::clone(&accounts), Arc::clone(&posts)]).await;
        let values = ["p1", "ann", "hush", "words"].map(Json::from);
        let record = Record::new(posts, values.into());
        let is_owner = caller.as_ref().is_some_and(|caller| caller.id() == "ann");
        let is_root = caller.as_ref().is_some_and(|caller| caller.id() == "root");
        let request = asked_by(caller, &query.into_iter().collect::<Vec<_>>());
        let told = compare(&app, record, gate, request, expected).await;
        if let Some(told) = told {
            assert_eq!(told.contains("words"), is_owner || is_root, "{told}");
            assert_eq!(told.contains("hush"), is_root, "{told}");
        }
    }
}

#[actix_web::test]
async fn addresses_are_withheld_from_memory_as_from_the_database() {
    use Memory::{Open, Tells};
    let start = users("");
    let app = TestApp::start(vec![Arc::clone(&start)]).await;
    app.insert(auth_record(&start, "ann")).await;
    let joined = "@collection.users.id ?= @request.auth.id";
    for (manage, caller, shown, expected) in [
        ("", None, false, Tells),
        ("", Some("ann"), true, Tells),
        ("", Some("bob"), false, Tells),
        ("@request.auth.id = 'bob'", Some("bob"), true, Tells),
        ("@request.auth.id = 'bob'", Some("eve"), false, Tells),
        ("@request.auth.id = 'bob'", None, false, Tells),
        (joined, Some("ann"), true, Tells),
        (joined, Some("bob"), false, Open),
    ] {
        let users = users(manage);
        app.publish(vec![Arc::clone(&users)]).await;
        let caller = caller.map(|id| auth_record(&users, id));
        let request = asked_by(caller, &[]);
        let ann = auth_record(&users, "ann");
        let told = compare(&app, ann, Gate::List, request, expected).await;
        assert_eq!(told.unwrap().contains("ann@example.com"), shown, "{manage}");
    }
}
