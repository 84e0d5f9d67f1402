//! Which parts of stored rows are secrets, and the form in which they are stored: sealed, when there
//! is a key. Nothing above this floor sees that form. Only parts of this list are ever sealed.

#[cfg(test)]
mod tests;

use std::path::Path;

use crate::domain::keyring::{Keyring, SealError};
use crate::domain::{Json, JsonMap};
use crate::store::error::{OpenError, StoreError};
use crate::store::row::Row;
use crate::store::settings::STORED;
use crate::store::sql::Statement;
use crate::store::tx::{Db, Tx};
use crate::store::value::Value;

/// The options of an auth collection that have a `secret`.
const TOKENS: [&str; 5] =
    ["authToken", "passwordResetToken", "emailChangeToken", "verificationToken", "fileToken"];

/// The secrets of the settings.
const SETTINGS: [&[&str]; 3] =
    [&["smtp", "password"], &["s3", "secret"], &["backups", "s3", "secret"]];

/// What a stored object is, which says where its secrets are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Document {
    /// The definition of a collection.
    Collection,
    /// The settings.
    Settings,
    /// An authenticator: its id and its secret, which have columns of their own.
    Authenticator,
}

/// A row whose object holds secrets.
struct Stored {
    document: Document,
    id: String,
    object: JsonMap,
}

/// Gives the secrets of `object` the form in which they are stored.
///
/// # Errors
/// [`StoreError::Secret`].
pub(in crate::store) fn seal(
    keyring: &Keyring,
    document: Document,
    object: &mut JsonMap,
) -> Result<(), StoreError> {
    each(document, object, &mut |place, text| {
        *text = keyring.seal(place, text)?;
        Ok(())
    })
}

/// Undoes [`seal`].
///
/// # Errors
/// [`StoreError::Secret`].
pub(in crate::store) fn open(
    keyring: &Keyring,
    document: Document,
    object: &mut JsonMap,
) -> Result<(), StoreError> {
    each(document, object, &mut |place, text| {
        *text = keyring.open(place, text)?;
        Ok(())
    })
}

/// Refuses a database that holds secrets which its keyring cannot open; changes nothing.
///
/// # Errors
/// [`OpenError::Sealed`], or why the database at `path` could not be asked.
pub(in crate::store) fn refuse_sealed(db: &mut Db, path: &Path) -> Result<(), OpenError> {
    let faults = faults(db).map_err(|source| OpenError::Store { path: path.to_owned(), source })?;
    if faults.is_empty() {
        Ok(())
    } else {
        Err(OpenError::Sealed { path: path.to_owned(), faults })
    }
}

/// Stores every secret in the form that the keyring gives it: sealed with its key, or as it is when
/// there is none. How many had another form; nothing is written for the others.
///
/// # Errors
/// What the database says, or [`StoreError::Secret`].
pub fn renew(tx: &mut Tx) -> Result<usize, StoreError> {
    let keyring = tx.keyring();
    let mut renewed = 0;
    let mut stale = Vec::new();
    for mut stored in rows(tx)? {
        let before = renewed;
        each(stored.document, &mut stored.object, &mut |place, text| {
            if !keyring.is_current(text) {
                *text = keyring.seal(place, &keyring.open(place, text)?)?;
                renewed += 1;
            }
            Ok(())
        })?;
        if renewed > before {
            stale.push(stored);
        }
    }
    if renewed > 0 {
        // Fails, to run again, when another process changed something since the rows were read.
        tx.revise()?;
        overwrite(tx, stale)?;
    }
    Ok(renewed)
}

/// Replaces rows so that no plain secret stays behind in the pages that they leave.
fn overwrite(tx: &mut Tx, stale: Vec<Stored>) -> Result<(), StoreError> {
    let dialect = tx.dialect();
    if let Some(wipe) = dialect.wipe(true) {
        tx.fetch_optional(wipe)?;
    }
    for Stored { document, id, object } in stale {
        let whole = |object| Value::Json(Json::Object(object));
        let (sql, value) = match document {
            Document::Collection => {
                ("UPDATE \"_collections\" SET \"definition\" = $1 WHERE \"id\" = $2", whole(object))
            }
            Document::Settings => {
                ("UPDATE \"_params\" SET \"value\" = $1 WHERE \"id\" = $2", whole(object))
            }
            Document::Authenticator => {
                let secret = object.get("secret").and_then(Json::as_str).unwrap_or_default();
                ("UPDATE \"_totp\" SET \"secret\" = $1 WHERE \"id\" = $2", Value::text(secret))
            }
        };
        tx.run(Statement::new(sql, vec![value, Value::text(id)]))?;
    }
    if let Some(no_wipe) = dialect.wipe(false) {
        tx.fetch_optional(no_wipe)?;
    }
    Ok(())
}

/// What is wrong with the secrets of a database, which may not have tables yet.
fn faults(db: &mut Db) -> Result<Vec<SealError>, StoreError> {
    let exists = db.dialect().table_exists("_collections");
    if db.fetch_optional(exists)?.is_none() {
        return Ok(Vec::new());
    }
    let keyring = db.keyring();
    let mut faults = Vec::new();
    for mut stored in rows(db)? {
        each(stored.document, &mut stored.object, &mut |place, text| {
            faults.extend(keyring.open(place, text).err());
            Ok(())
        })?;
    }
    Ok(faults)
}

/// Every row that holds secrets, as it is stored.
fn rows(db: &mut Db) -> Result<Vec<Stored>, StoreError> {
    let collections = "SELECT \"id\", \"definition\" FROM \"_collections\" ORDER BY \"position\"";
    let settings = "SELECT \"id\", \"value\" FROM \"_params\" WHERE \"id\" = $1";
    let statements = [
        (Document::Collection, Statement::new(collections, Vec::new())),
        (Document::Settings, Statement::new(settings, vec![Value::text(STORED)])),
    ];
    let mut stored = Vec::new();
    for (document, statement) in statements {
        for row in db.fetch_all(statement)? {
            // What is no object is told by whoever needs it.
            if let Json::Object(object) = row.json(1)? {
                stored.push(Stored { document, id: row.text(0)?.to_owned(), object });
            }
        }
    }
    stored.extend(authenticators(db)?);
    Ok(stored)
}

/// Every authenticator; none in a database that is too old to have any.
fn authenticators(db: &mut Db) -> Result<Vec<Stored>, StoreError> {
    let exists = db.dialect().table_exists("_totp");
    if db.fetch_optional(exists)?.is_none() {
        return Ok(Vec::new());
    }
    let sql = "SELECT \"id\", \"secret\" FROM \"_totp\" ORDER BY \"id\"";
    let rows = db.fetch_all(Statement::new(sql, Vec::new()))?;
    let stored = |row: &Row| {
        let (id, secret) = (row.text(0)?.to_owned(), row.text(1)?.to_owned());
        let texts = [("id", id.clone()), ("secret", secret)];
        let object = texts.map(|(key, text)| (key.to_owned(), Json::from(text)));
        let object = object.into_iter().collect();
        Ok(Stored { document: Document::Authenticator, id, object })
    };
    rows.iter().map(stored).collect()
}

/// What is done with a secret, in its place, as it is called there.
type Visit<'v> = dyn FnMut(&str, &mut String) -> Result<(), SealError> + 'v;

/// Hands every secret of `object` to `visit`.
fn each(document: Document, object: &mut JsonMap, visit: &mut Visit<'_>) -> Result<(), StoreError> {
    match document {
        Document::Collection => of_collection(object, visit),
        Document::Settings => of_settings(object, visit),
        Document::Authenticator => of_authenticator(object, visit),
    }
    .map_err(StoreError::from)
}

fn of_settings(settings: &mut JsonMap, visit: &mut Visit<'_>) -> Result<(), SealError> {
    for path in SETTINGS {
        if let Some(secret) = text_at(settings, path) {
            visit(&format!("settings.{}", path.join(".")), secret)?;
        }
    }
    Ok(())
}

fn of_authenticator(columns: &mut JsonMap, visit: &mut Visit<'_>) -> Result<(), SealError> {
    let id = columns.get("id").and_then(Json::as_str).unwrap_or_default();
    let place = of_totp(id);
    text_at(columns, &["secret"]).map_or(Ok(()), |secret| visit(&place, secret))
}

/// What the secret of the authenticator with this id is called.
pub(in crate::store) fn of_totp(id: &str) -> String {
    format!("authenticators.{id}.secret")
}

/// Places name the collection by its id and providers by their names, which stay when others change.
fn of_collection(definition: &mut JsonMap, visit: &mut Visit<'_>) -> Result<(), SealError> {
    let id = definition.get("id").and_then(Json::as_str).unwrap_or_default().to_owned();
    for token in TOKENS {
        if let Some(secret) = text_at(definition, &[token, "secret"]) {
            visit(&format!("collections.{id}.{token}.secret"), secret)?;
        }
    }
    let providers = definition.get_mut("oauth2").and_then(|oauth2| oauth2.get_mut("providers"));
    let providers = providers.and_then(Json::as_array_mut).into_iter().flatten();
    for provider in providers.filter_map(Json::as_object_mut) {
        let name = provider.get("name").and_then(Json::as_str).unwrap_or_default();
        let place = format!("collections.{id}.oauth2.{name}.clientSecret");
        if let Some(secret) = text_at(provider, &["clientSecret"]) {
            visit(&place, secret)?;
        }
    }
    Ok(())
}

/// The text behind these keys, if there is one.
fn text_at<'o>(object: &'o mut JsonMap, path: &[&str]) -> Option<&'o mut String> {
    let (last, groups) = path.split_last()?;
    let mut object = object;
    for key in groups {
        object = object.get_mut(*key)?.as_object_mut()?;
    }
    match object.get_mut(*last)? {
        Json::String(text) => Some(text),
        _ => None,
    }
}
