//! The table `_mails`: the last mails that were to be sent while there was no mail server to send
//! them with.

use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::row::Row;
use crate::store::sql::Statement;
use crate::store::tx::{Db, Tx};
use crate::store::value::Value;

/// Mails that are kept, the newest.
const MOST: i64 = 200;

/// A mail without its texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// What it is told apart by.
    pub id: String,
    /// Its own id, as mail programs know it.
    pub message_id: String,
    /// Who sends it, name and address.
    pub sender: String,
    /// Where it was to go.
    pub recipient: String,
    /// Its subject.
    pub subject: String,
    /// When it was to be sent.
    pub created: Timestamp,
}

/// A mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMail {
    /// What stands on it.
    pub envelope: Envelope,
    /// Its HTML.
    pub html: String,
    /// The same without any.
    pub text: String,
}

/// Keeps a mail, unless it is there, and forgets the oldest when there are too many.
///
/// # Errors
/// What the database says.
pub fn keep(tx: &mut Tx, mail: &StoredMail) -> Result<(), StoreError> {
    let sql = "INSERT INTO \"_mails\" (\"id\", \"message_id\", \"sender\", \"recipient\", \
               \"subject\", \"html\", \"text\", \"created\") \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (\"id\") DO NOTHING";
    let envelope = &mail.envelope;
    let texts = [
        &envelope.id,
        &envelope.message_id,
        &envelope.sender,
        &envelope.recipient,
        &envelope.subject,
        &mail.html,
        &mail.text,
    ];
    let mut params: Vec<Value> = texts.into_iter().map(Value::text).collect();
    params.push(Value::Timestamp(envelope.created));
    tx.run(Statement::new(sql, params))?;
    let sql = "DELETE FROM \"_mails\" WHERE \"id\" NOT IN (SELECT \"id\" FROM \"_mails\" \
               ORDER BY \"created\" DESC, \"id\" LIMIT $1)";
    tx.run(Statement::new(sql, vec![Value::Int(MOST)])).map(|_| ())
}

/// All mails, the newest first.
///
/// # Errors
/// What the database says.
pub fn list(db: &mut Db) -> Result<Vec<Envelope>, StoreError> {
    let sql = "SELECT \"id\", \"message_id\", \"sender\", \"recipient\", \"subject\", \"created\" \
               FROM \"_mails\" ORDER BY \"created\" DESC, \"id\"";
    db.fetch_all(Statement::new(sql, Vec::new()))?.iter().map(envelope).collect()
}

/// The mail with this id.
///
/// # Errors
/// What the database says.
pub fn by_id(db: &mut Db, id: &str) -> Result<Option<StoredMail>, StoreError> {
    let sql = "SELECT \"id\", \"message_id\", \"sender\", \"recipient\", \"subject\", \"created\", \
               \"html\", \"text\" FROM \"_mails\" WHERE \"id\" = $1";
    let row = db.fetch_optional(Statement::new(sql, vec![Value::text(id)]))?;
    let mail = |row: Row| {
        let (html, text) = (row.text(6)?.to_owned(), row.text(7)?.to_owned());
        Ok(StoredMail { envelope: envelope(&row)?, html, text })
    };
    row.map(mail).transpose()
}

/// Forgets all mails.
///
/// # Errors
/// What the database says.
pub fn clear(tx: &mut Tx) -> Result<(), StoreError> {
    tx.run(Statement::new("DELETE FROM \"_mails\"", Vec::new())).map(|_| ())
}

/// Forgets the mails from before `moment`.
///
/// # Errors
/// What the database says.
pub fn forget(tx: &mut Tx, moment: Timestamp) -> Result<u64, StoreError> {
    let sql = "DELETE FROM \"_mails\" WHERE \"created\" < $1";
    tx.run(Statement::new(sql, vec![Value::Timestamp(moment)]))
}

fn envelope(row: &Row) -> Result<Envelope, StoreError> {
    let text = |position| row.text(position).map(str::to_owned);
    Ok(Envelope {
        id: text(0)?,
        message_id: text(1)?,
        sender: text(2)?,
        recipient: text(3)?,
        subject: text(4)?,
        created: row.timestamp(5)?,
    })
}
