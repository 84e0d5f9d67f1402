//! The statements that Ferrobase sends for one request of each workload, in their order, as
//! `log_statement = all` shows them. When they change there, they are to change here.

use clap::ValueEnum;
use futures_util::TryStreamExt;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgArguments, PgConnection, PgTypeInfo};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Encode, Postgres, Row, Type};

/// Starts a transaction and asks whether the collections are still those that are known.
const BEGIN: &str = r#"BEGIN; SELECT "number" FROM "_revision""#;
/// As long as the name that a process of Ferrobase has.
const NODE: &str = "0123456789abcdef0123456789abcdef";

const MAY_CREATE: &str = r#"SELECT EXISTS (SELECT 1 FROM (SELECT CAST($1 AS text) AS "owner", CAST($2 AS text) AS "room") AS "message" WHERE "message"."owner" = $3 AND EXISTS (SELECT 1 FROM "room_members" AS "@1" WHERE "@1"."user" = $4 AND "@1"."room" = "message"."room"))"#;
const HOLD: &str = concat!(
    r#"SELECT (SELECT 1 FROM "users" WHERE "id" = $1 FOR KEY SHARE), "#,
    r#"(SELECT 1 FROM "room" WHERE "id" = $2 FOR KEY SHARE)"#
);
const INSERT: &str = r#"INSERT INTO "message" ("id", "owner", "room", "data", "rank", "created", "updated") VALUES ($1, $2, $3, $4, $5, $6, $7)"#;

const LOCK: &str = r#"SELECT "message"."id", "message"."owner", "message"."room", "message"."data", "message"."rank", "message"."created", "message"."updated" FROM "message" WHERE "id" = $1 FOR NO KEY UPDATE"#;
const MAY_UPDATE: &str = r#"SELECT EXISTS (SELECT 1 FROM "message" WHERE "message"."id" = $1 AND "message"."owner" = $2)"#;
const UPDATE: &str = r#"UPDATE "message" SET "data" = $1, "updated" = $2 WHERE "id" = $3"#;

const VIEW: &str = r#"SELECT "message"."id", "message"."owner", "message"."room", "message"."data", "message"."rank", "message"."created", "message"."updated" FROM "message" WHERE "message"."id" = $1"#;
const NEWEST: &str = r#"SELECT "message"."id", "message"."owner", "message"."room", "message"."data", "message"."rank", "message"."created", "message"."updated" FROM "message" WHERE "message"."room" = $1 ORDER BY "message"."created" DESC LIMIT $2"#;
const LOWEST: &str = r#"SELECT "message"."id", "message"."owner", "message"."room", "message"."data", "message"."rank", "message"."created", "message"."updated" FROM "message" WHERE "message"."rank" > $1 ORDER BY "message"."rank" LIMIT $2"#;
const FIRST: &str = r#"SELECT "message"."id", "message"."owner", "message"."room", "message"."data", "message"."rank", "message"."created", "message"."updated" FROM "message" ORDER BY "message"."_rowid_" LIMIT $1"#;
const COUNT_OF_ROOM: &str = r#"SELECT COUNT(*) FROM "message" WHERE "message"."room" = $1"#;
const COUNT_ABOVE: &str = r#"SELECT COUNT(*) FROM "message" WHERE "message"."rank" > $1"#;
const COUNT: &str = r#"SELECT COUNT(*) FROM "message""#;
const ROOM: &str = r#"SELECT "room"."id", "room"."name", "room"."created", "room"."updated" FROM "room" WHERE "room"."id" = $1"#;

const COLLECTION: &str = "pbc_669929365";
const PAGE: i64 = 30;
const DATA: &str =
    "lantern amber fjord kettle garnet island delta pebble cedar orchard ember nectar";

/// 2026 in microseconds since 2000, where the server's time begins.
const NOW: i64 = 820_540_800_000_000;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Whose statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "PascalCase")]
pub(crate) enum Workload {
    /// The rule's question, the two references, the row
    W1,
    /// One row by its id
    W2,
    /// The newest 30 of a room, and their number
    W3,
    /// As W3 without the number
    W3n,
    /// The 30 of the lowest rank above a bound, and the number above it
    W3b,
    /// The first 30 rows, and the number of all
    W3c,
    /// As W3, and the room
    W4,
    /// One row by its id, the rule's question, and its change
    W5,
    /// Nine W2, then one W1
    W6,
}

/// Values to bind.
pub(crate) struct Ids {
    messages: Vec<String>,
    owned: Vec<String>,
    rooms: Vec<String>,
    caller: String,
    /// Of the rows that this process writes.
    prefix: String,
}

impl Ids {
    pub(crate) async fn read(connection: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let caller: String = sqlx::query_scalar("SELECT id FROM users ORDER BY id LIMIT 1")
            .fetch_one(&mut *connection)
            .await?;
        let owned = sqlx::query_scalar("SELECT id FROM message WHERE owner = $1 LIMIT 10000")
            .bind(&caller)
            .fetch_all(&mut *connection)
            .await?;
        let messages = sqlx::query_scalar("SELECT id FROM message ORDER BY rank LIMIT 10000")
            .fetch_all(&mut *connection)
            .await?;
        let rooms = sqlx::query_scalar("SELECT id FROM room").fetch_all(connection).await?;
        let prefix = format!("{:06x}", std::process::id());
        Ok(Self { messages, owned, rooms, caller, prefix })
    }

    /// A message as it stands in an event.
    fn as_event(&self, id: &str, room: &str, number: usize) -> String {
        let (caller, rank) = (&self.caller, number % self.rooms.len());
        let now = format!("2026-01-01 00:00:00.{:03}Z", number % 1000);
        format!(
            r#"{{"id":"{id}","owner":"{caller}","room":"{room}","data":"{DATA}","rank":{rank},"created":"{now}","updated":"{now}"}}"#
        )
    }
}

impl Workload {
    /// Runs the statements of one request.
    pub(crate) async fn request(
        self,
        connection: &mut PgConnection,
        ids: &Ids,
        number: usize,
    ) -> Result<(), Failure> {
        let room = &ids.rooms[number % ids.rooms.len()];
        match self {
            Self::W1 => create(connection, ids, number).await?,
            Self::W6 if number % 10 == 9 => create(connection, ids, number).await?,
            Self::W2 | Self::W6 => {
                let message = &ids.messages[number % ids.messages.len()];
                read(connection, sqlx::query(VIEW).bind(message)).await?;
            }
            Self::W3n => read(connection, sqlx::query(NEWEST).bind(room).bind(PAGE)).await?,
            Self::W3 => {
                read(connection, sqlx::query(NEWEST).bind(room).bind(PAGE)).await?;
                read(connection, sqlx::query(COUNT_OF_ROOM).bind(room)).await?;
            }
            Self::W4 => {
                read(connection, sqlx::query(NEWEST).bind(room).bind(PAGE)).await?;
                read(connection, sqlx::query(ROOM).bind(room)).await?;
                read(connection, sqlx::query(COUNT_OF_ROOM).bind(room)).await?;
            }
            Self::W3b => {
                let bound = 400_000.0 + (number % 100) as f64 * 2000.0;
                read(connection, sqlx::query(LOWEST).bind(bound).bind(PAGE)).await?;
                read(connection, sqlx::query(COUNT_ABOVE).bind(bound)).await?;
            }
            Self::W3c => {
                read(connection, sqlx::query(FIRST).bind(PAGE)).await?;
                read(connection, sqlx::query(COUNT)).await?;
            }
            Self::W5 => update(connection, ids, number).await?,
        }
        Ok(())
    }
}

async fn create(connection: &mut PgConnection, ids: &Ids, number: usize) -> Result<(), Failure> {
    let room = &ids.rooms[number % ids.rooms.len()];
    let id = format!("{}{number:09}", ids.prefix);
    let now = Moment(NOW + number as i64 * 1000);
    sqlx::raw_sql(BEGIN).fetch_one(&mut *connection).await?;
    let may_create = sqlx::query(MAY_CREATE).bind(&ids.caller).bind(room);
    read(connection, may_create.bind(&ids.caller).bind(&ids.caller)).await?;
    read(connection, sqlx::query(HOLD).bind(&ids.caller).bind(room)).await?;
    let insert = sqlx::query(INSERT).bind(&id).bind(&ids.caller).bind(room).bind(DATA);
    let rank = (number % ids.rooms.len()) as f64;
    insert.bind(rank).bind(now).bind(now).execute(&mut *connection).await?;
    let new = ids.as_event(&id, room, number);
    commit(connection, &format!(r#"[{{"new":{new},"collection":"{COLLECTION}"}}]"#)).await
}

async fn update(connection: &mut PgConnection, ids: &Ids, number: usize) -> Result<(), Failure> {
    let message = &ids.owned[number % ids.owned.len()];
    let now = Moment(NOW + number as i64 * 1000);
    sqlx::raw_sql(BEGIN).fetch_one(&mut *connection).await?;
    read(connection, sqlx::query(LOCK).bind(message)).await?;
    read(connection, sqlx::query(MAY_UPDATE).bind(message).bind(&ids.caller)).await?;
    let update = sqlx::query(UPDATE).bind(DATA).bind(now).bind(message);
    update.execute(&mut *connection).await?;
    let room = &ids.rooms[number % ids.rooms.len()];
    let [old, new] = [number, number + 1].map(|number| ids.as_event(message, room, number));
    let events = format!(r#"[{{"old":{old},"new":{new},"collection":"{COLLECTION}"}}]"#);
    commit(connection, &events).await
}

/// Writes for other processes what happened, and ends the transaction, in one message.
async fn commit(connection: &mut PgConnection, events: &str) -> Result<(), Failure> {
    let sql = format!(
        r#"INSERT INTO "_events" ("node", "events") VALUES ('{NODE}', '{events}'); COMMIT"#
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await?;
    Ok(())
}

/// Reads every column of every row, as whoever answers them must; there is at least one.
async fn read(
    connection: &mut PgConnection,
    query: Query<'_, Postgres, PgArguments>,
) -> Result<(), Failure> {
    let mut rows = query.fetch(connection);
    let mut length = 0;
    while let Some(row) = rows.try_next().await? {
        for column in 0..row.len() {
            length += row.try_get_raw(column)?.as_bytes().map_or(0, <[u8]>::len);
        }
    }
    if length == 0 {
        return Err("there are no rows: was the database loaded?".into());
    }
    std::hint::black_box(length);
    Ok(())
}

/// Microseconds since 2000, which is how the server takes a time.
#[derive(Clone, Copy)]
struct Moment(i64);

impl Type<Postgres> for Moment {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(1184))
    }
}

impl Encode<'_, Postgres> for Moment {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buffer.extend_from_slice(&self.0.to_be_bytes());
        Ok(IsNull::No)
    }
}
