//! Secrets in rows: none is readable where there is a key, on either engine.

use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::domain::collection::Collection;
use crate::domain::keyring::Key;
use crate::domain::settings::{Secret, Settings};
use crate::domain::time::Timestamp;
use crate::store::accounts::AccountKey;
use crate::store::authenticators::{self, Authenticator};
use crate::store::testing::{TestDatabase, dump};
use crate::store::{Store, StoreOptions, collections, params, settings};

/// Begins every secret of these tests, and nothing else.
const HUSH: &str = "HUSH";

/// The secrets of a collection, the settings and an authenticator: five for tokens, two of providers,
/// three of settings, one.
const ALL: usize = 11;

fn key(letter: char) -> Key {
    Key::parse(&String::from(letter).repeat(32)).unwrap()
}

fn only(letter: char) -> Keyring {
    Keyring::Keys { key: Some(key(letter)), previous: None }
}

fn from_to(previous: char, letter: char) -> Keyring {
    Keyring::Keys { key: Some(key(letter)), previous: Some(key(previous)) }
}

fn people() -> Collection {
    let mut definition = json!({ "id": "pbc_people", "name": "people", "type": "auth",
        "oauth2": { "providers": [
            { "name": "github", "clientId": "a", "clientSecret": "HUSH-github" },
            { "name": "google", "clientId": "b", "clientSecret": "HUSH-google" },
        ] } });
    let object = definition.as_object_mut().unwrap();
    let blank = Collection::from_stored_json(object).unwrap();
    // Whatever kinds of tokens there are, so that a new one is not forgotten here.
    for (token, _) in blank.auth().unwrap().tokens() {
        object.insert(token.to_owned(), json!({ "secret": format!("HUSH-{token}") }));
    }
    Collection::from_stored_json(object).unwrap()
}

fn set() -> Settings {
    let mut settings = Settings::default();
    settings.smtp.password = Secret::new("HUSH-smtp");
    settings.s3.secret = Secret::new("HUSH-s3");
    settings.backups.s3.secret = Secret::new("HUSH-backups");
    settings
}

fn authenticator() -> Authenticator {
    Authenticator {
        id: "a1".to_owned(),
        account: account(),
        is_active: true,
        secret: "HUSH-totp".to_owned(),
        step: 7,
        recovery: vec!["hash".to_owned()],
        created: Timestamp::default(),
    }
}

fn account() -> AccountKey {
    AccountKey { collection: "pbc_people".to_owned(), record: "ann".to_owned() }
}

fn open_with(database: &TestDatabase, keyring: Keyring) -> Result<Store, OpenError> {
    Store::open(StoreOptions { keyring, ..database.options() })
}

/// A store with all the secrets in it.
async fn filled(database: &TestDatabase, keyring: Keyring) -> Store {
    let store = open_with(database, keyring).unwrap();
    let fill = |tx: &mut Tx| {
        collections::insert(tx, &people())?;
        collections::publish(tx)?;
        authenticators::insert(tx, &authenticator())?;
        settings::save(tx, &set(), Timestamp::default())
    };
    store.write(fill).await.unwrap();
    store
}

async fn everything(store: &Store) -> String {
    store.read(dump).await.unwrap()
}

/// What is above the store sees the secrets.
async fn assert_readable(store: &Store) {
    let stored = store.schema().by_name("people").map(|people| people.to_stored_json());
    assert_eq!(stored, Some(people().to_stored_json()));
    assert!(store.read(settings::load).await.unwrap() == set(), "other settings");
    let found = store.read(|db| authenticators::of_account(db, &account())).await.unwrap();
    assert_eq!(found, Some(authenticator()));
}

async fn renew_all(store: &Store) -> usize {
    store.write(renew).await.unwrap()
}

#[test]
fn every_secret_of_a_definition_and_of_settings_is_sealed_and_nothing_else() {
    let columns = json!({ "id": "a1", "secret": "HUSH-totp" }).as_object().unwrap().clone();
    let documents = [
        (Document::Collection, people().to_stored_json()),
        (Document::Settings, set().to_stored_json()),
        (Document::Authenticator, columns),
    ];
    let mut found = 0;
    for (document, plain) in documents {
        let mut sealed = plain.clone();
        seal(&only('a'), document, &mut sealed).unwrap();
        let text = Json::Object(sealed.clone()).to_string();
        assert!(!text.contains(HUSH), "{text}");
        found += text.matches("ferrobase-sealed:").count();
        open(&only('a'), document, &mut sealed).unwrap();
        assert_eq!(sealed, plain);
    }
    assert_eq!(found, ALL);
}

#[test]
fn a_secret_opens_only_where_it_was_sealed() {
    let mut definition = people().to_stored_json();
    seal(&only('a'), Document::Collection, &mut definition).unwrap();
    let mut moved = definition.clone();
    moved.insert("fileToken".to_owned(), definition["authToken"].clone());
    assert!(open(&only('a'), Document::Collection, &mut moved).is_err());
    let mut copied = definition.clone();
    copied.insert("id".to_owned(), "pbc_others".into());
    assert!(open(&only('a'), Document::Collection, &mut copied).is_err());
}

#[tokio::test]
async fn with_a_key_no_row_holds_a_plain_secret() {
    let database = TestDatabase::new();
    let store = filled(&database, only('a')).await;
    assert!(!everything(&store).await.contains(HUSH));
    assert_readable(&store).await;
    assert_eq!(renew_all(&store).await, 0);
    store.close().await;
    assert_readable(&open_with(&database, only('a')).unwrap()).await;
}

#[tokio::test]
async fn without_a_key_rows_hold_them_as_they_are() {
    let database = TestDatabase::new();
    let store = filled(&database, Keyring::default()).await;
    assert_eq!(everything(&store).await.matches(HUSH).count(), ALL);
    assert_readable(&store).await;
    assert_eq!(renew_all(&store).await, 0);
}

#[tokio::test]
async fn plain_secrets_are_sealed_once_there_is_a_key() {
    let database = TestDatabase::new();
    filled(&database, Keyring::default()).await.close().await;
    let store = open_with(&database, only('a')).unwrap();
    assert_readable(&store).await;
    assert_eq!(renew_all(&store).await, ALL);
    let sealed = everything(&store).await;
    assert!(!sealed.contains(HUSH), "{sealed}");
    assert_readable(&store).await;
    assert_eq!(renew_all(&store).await, 0);
    assert_eq!(everything(&store).await, sealed, "sealed again for nothing");
}

#[tokio::test]
async fn a_key_is_replaced_by_another() {
    let database = TestDatabase::new();
    filled(&database, only('a')).await.close().await;
    let store = open_with(&database, from_to('a', 'b')).unwrap();
    assert_readable(&store).await;
    assert_eq!(renew_all(&store).await, ALL);
    assert_eq!(renew_all(&store).await, 0);
    store.close().await;
    assert!(matches!(open_with(&database, only('a')), Err(OpenError::Sealed { .. })));
    assert_readable(&open_with(&database, only('b')).unwrap()).await;
}

#[tokio::test]
async fn with_a_previous_key_alone_secrets_are_plain_again() {
    let database = TestDatabase::new();
    filled(&database, only('a')).await.close().await;
    let store =
        open_with(&database, Keyring::Keys { key: None, previous: Some(key('a')) }).unwrap();
    assert_eq!(renew_all(&store).await, ALL);
    store.close().await;
    let store = open_with(&database, Keyring::default()).unwrap();
    assert_eq!(everything(&store).await.matches(HUSH).count(), ALL);
    assert_readable(&store).await;
}

#[tokio::test]
async fn without_the_key_nothing_opens_and_nothing_changes() {
    let database = TestDatabase::new();
    let store = filled(&database, only('a')).await;
    // An older version made it: it would be brought up to date.
    let older = [
        "DELETE FROM \"_migrations\" WHERE \"name\" = '0008_throttle'",
        "DROP TABLE \"_throttle\"",
    ];
    for sql in older {
        store.write(move |tx| tx.run(Statement::new(sql, Vec::new()))).await.unwrap();
    }
    let before = everything(&store).await;
    store.close().await;
    let (wanted, other) = (key('a').name().to_owned(), key('b').name().to_owned());
    for (keyring, words) in [
        (Keyring::default(), vec![wanted.as_str(), "there is no key", "FERROBASE_AUTH_KEY"]),
        (only('b'), vec![&wanted, &other, "previous_key"]),
    ] {
        let Err(error) = open_with(&database, keyring) else { panic!("it opened") };
        let text = error.to_string();
        for word in words.into_iter().chain(["pbc_people.authToken.secret", "10 secrets more"]) {
            assert!(text.contains(word), "{word:?} is not in {text}");
        }
    }
    let store = open_with(&database, Keyring::Blind).unwrap();
    let after = everything(&store).await;
    assert!(after.contains("0008_throttle"), "opened, it is brought up to date");
    store.close().await;
    let count = |text: &str| text.matches("ferrobase-sealed:").count();
    assert_eq!((count(&before), count(&after)), (ALL, ALL));
    assert!(!before.contains("0008_throttle"));
}

#[tokio::test]
async fn a_secret_that_was_tampered_with_stops_the_start() {
    let database = TestDatabase::new();
    let store = filled(&database, only('a')).await;
    let spoil = |tx: &mut Tx| {
        let Some(Json::Object(mut stored)) = params::load(tx, STORED)? else { panic!("none") };
        let password = text_at(&mut stored, &["smtp", "password"]).unwrap();
        password.replace_range(password.len() - 3.., "AAA");
        params::save(tx, STORED, &Json::Object(stored), Timestamp::default())
    };
    store.write(spoil).await.unwrap();
    let read = store.read(settings::load).await;
    assert!(matches!(read, Err(StoreError::Secret(SealError::Damaged { .. }))), "{read:?}");
    store.close().await;
    let Err(error) = open_with(&database, only('a')) else { panic!("it opened") };
    assert!(
        error.to_string().contains("settings.smtp.password is encrypted and damaged"),
        "{error}"
    );
}

#[tokio::test]
async fn another_process_with_the_key_sees_what_changed() {
    let database = TestDatabase::new();
    let first = filled(&database, only('a')).await;
    let second = open_with(&database, only('a')).unwrap();
    let mut changed = people();
    changed.name = "folk".to_owned();
    let new = changed.clone();
    let update = move |tx: &mut Tx| {
        collections::update(tx, &new)?;
        collections::publish(tx).map(|_| ())
    };
    first.write(update).await.unwrap();
    second.poll_revision().await.unwrap();
    let seen = second.schema().by_name("folk").map(|folk| folk.to_stored_json());
    assert_eq!(seen, Some(changed.to_stored_json()));
}

#[tokio::test]
async fn two_starts_at_once_seal_everything_once() {
    let database = TestDatabase::new();
    filled(&database, Keyring::default()).await.close().await;
    let stores: Vec<Arc<Store>> =
        (0..2).map(|_| Arc::new(open_with(&database, only('a')).unwrap())).collect();
    let (first, second) = tokio::join!(stores[0].write(renew), stores[1].write(renew));
    assert_eq!(first.unwrap() + second.unwrap(), ALL);
    assert!(!everything(&stores[0]).await.contains(HUSH));
    assert_readable(&open_with(&database, only('a')).unwrap()).await;
}

#[tokio::test]
async fn who_is_blind_stores_sealed_secrets_as_they_were() {
    let database = TestDatabase::new();
    filled(&database, only('a')).await.close().await;
    let store = open_with(&database, Keyring::Blind).unwrap();
    let rewrite = |tx: &mut Tx| {
        let people = Arc::clone(tx.schema().by_name("people").unwrap());
        collections::update(tx, &people)?;
        let stored = settings::load(tx)?;
        settings::save(tx, &stored, Timestamp::default())
    };
    store.write(rewrite).await.unwrap();
    assert_eq!(renew_all(&store).await, 0);
    store.close().await;
    assert_readable(&open_with(&database, only('a')).unwrap()).await;
}

#[tokio::test]
async fn a_secret_that_would_be_taken_for_a_sealed_one_is_not_stored() {
    let database = TestDatabase::new();
    let store = open_with(&database, Keyring::default()).unwrap();
    let save = |tx: &mut Tx| {
        let mut settings = Settings::default();
        settings.smtp.password = Secret::new("ferrobase-sealed:1:00000000:AAAA");
        settings::save(tx, &settings, Timestamp::default())
    };
    let saved = store.write(save).await;
    assert!(matches!(saved, Err(StoreError::Secret(SealError::Disguised { .. }))), "{saved:?}");
    store.close().await;
    assert!(open_with(&database, Keyring::default()).is_ok());
}
