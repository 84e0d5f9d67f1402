//! Values as PostgreSQL sends and takes them, in its binary format.

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgRow, PgTypeInfo, PgValueRef};
use sqlx::{Encode, Postgres, Row as _, Type, ValueRef as _};

use crate::domain::time::Timestamp;
use crate::store::engine::postgres::numeric;
use crate::store::error::StoreError;
use crate::store::row::Row;
use crate::store::value::{Kind, Value};

/// Milliseconds from 1970 to 2000, where PostgreSQL's time begins.
const EPOCH: i64 = 946_684_800_000;

/// Numbers of the types in `pg_type`, which never change.
mod oid {
    pub(super) const BOOL: u32 = 16;
    pub(super) const BYTEA: u32 = 17;
    pub(super) const INT8: u32 = 20;
    pub(super) const INT2: u32 = 21;
    pub(super) const INT4: u32 = 23;
    pub(super) const TEXT: u32 = 25;
    pub(super) const OID: u32 = 26;
    pub(super) const JSON: u32 = 114;
    pub(super) const FLOAT4: u32 = 700;
    pub(super) const FLOAT8: u32 = 701;
    pub(super) const DATE: u32 = 1082;
    pub(super) const TIMESTAMP: u32 = 1114;
    pub(super) const TIMESTAMPTZ: u32 = 1184;
    pub(super) const NUMERIC: u32 = 1700;
    pub(super) const JSONB: u32 = 3802;
}

/// A parameter.
pub(super) struct Parameter<'a>(pub(super) &'a Value);

/// The letter of a kind: statements of one text and different types of parameters are different
/// statements.
pub(super) const fn letter(kind: Kind) -> char {
    match kind {
        Kind::Bool => 'b',
        Kind::Int => 'i',
        Kind::Real => 'r',
        Kind::Text => 't',
        Kind::Bytes => 'x',
        Kind::Json => 'j',
        Kind::Timestamp => 'm',
    }
}

const fn type_of(kind: Kind) -> u32 {
    match kind {
        Kind::Bool => oid::BOOL,
        Kind::Int => oid::INT8,
        Kind::Real => oid::FLOAT8,
        Kind::Text => oid::TEXT,
        Kind::Bytes => oid::BYTEA,
        Kind::Json => oid::JSON,
        Kind::Timestamp => oid::TIMESTAMPTZ,
    }
}

impl Type<Postgres> for Parameter<'_> {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(oid::TEXT))
    }
}

impl Encode<'_, Postgres> for Parameter<'_> {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        match self.0 {
            Value::Null(_) => return Ok(IsNull::Yes),
            Value::Bool(value) => buffer.push(u8::from(*value)),
            Value::Int(number) => buffer.extend_from_slice(&number.to_be_bytes()),
            Value::Real(number) => buffer.extend_from_slice(&number.to_be_bytes()),
            Value::Text(text) => encode_text(text, buffer),
            Value::Bytes(bytes) => buffer.extend_from_slice(bytes),
            Value::Json(json) => buffer.extend_from_slice(json.to_string().as_bytes()),
            Value::Timestamp(moment) => {
                buffer.extend_from_slice(&micros(*moment).to_be_bytes());
            }
        }
        Ok(IsNull::No)
    }

    fn produces(&self) -> Option<PgTypeInfo> {
        Some(PgTypeInfo::with_oid(Oid(type_of(self.0.kind()))))
    }
}

/// Texts cannot hold U+0000 on the server, and no record has one. Who asks for one finds nothing,
/// unless a record has the noncharacter that stands in its place.
fn encode_text(text: &str, buffer: &mut PgArgumentBuffer) {
    if text.contains('\0') {
        buffer.extend_from_slice(text.replace('\0', "\u{10FFFF}").as_bytes());
    } else {
        buffer.extend_from_slice(text.as_bytes());
    }
}

/// The values of a row.
pub(super) fn decode(row: &PgRow) -> Result<Row, StoreError> {
    let mut values = Vec::with_capacity(row.len());
    for column in 0..row.len() {
        let failed =
            |error: &dyn std::fmt::Display| StoreError::Data(format!("column {column}: {error}"));
        let value = row.try_get_raw(column).map_err(|error| failed(&error))?;
        values.push(decode_value(&value).map_err(|error| failed(&error))?);
    }
    Ok(Row::new(values))
}

fn decode_value(value: &PgValueRef<'_>) -> Result<Value, BoxDynError> {
    let type_oid = value.type_info().oid().map_or(0, |oid| oid.0);
    if value.is_null() {
        return Ok(Value::Null(kind_of(type_oid)));
    }
    let bytes = value.as_bytes()?;
    Ok(match type_oid {
        oid::BOOL => Value::Bool(bytes != [0]),
        oid::INT8 => Value::Int(i64::from_be_bytes(bytes.try_into()?)),
        oid::INT4 => Value::Int(i32::from_be_bytes(bytes.try_into()?).into()),
        oid::INT2 => Value::Int(i16::from_be_bytes(bytes.try_into()?).into()),
        oid::OID => Value::Int(u32::from_be_bytes(bytes.try_into()?).into()),
        oid::FLOAT8 => Value::Real(f64::from_be_bytes(bytes.try_into()?)),
        oid::FLOAT4 => Value::Real(f32::from_be_bytes(bytes.try_into()?).into()),
        oid::NUMERIC => numeric::decode(bytes).ok_or("not a numeric")?,
        oid::TIMESTAMPTZ | oid::TIMESTAMP => moment(i64::from_be_bytes(bytes.try_into()?)),
        oid::DATE => {
            let days = i64::from(i32::from_be_bytes(bytes.try_into()?));
            moment(days.saturating_mul(86_400_000_000))
        }
        oid::BYTEA => Value::Bytes(bytes.to_vec()),
        oid::JSON => Value::Json(serde_json::from_slice(bytes)?),
        oid::JSONB => Value::Json(serde_json::from_slice(bytes.get(1..).unwrap_or_default())?),
        // Texts of all kinds, and what a view may compute besides: its binary form is read as text.
        _ => Value::Text(match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => String::from_utf8_lossy(bytes).into_owned(),
        }),
    })
}

/// Microseconds since 2000. The ends of either scale are the other's, which are PostgreSQL's
/// infinities.
fn micros(moment: Timestamp) -> i64 {
    match moment.millis() {
        i64::MIN => i64::MIN,
        millis => millis.saturating_sub(EPOCH).saturating_mul(1000),
    }
}

/// The moment of microseconds since 2000.
fn moment(micros: i64) -> Value {
    let millis = match micros {
        i64::MIN => i64::MIN,
        i64::MAX => i64::MAX,
        micros => micros.div_euclid(1000).saturating_add(EPOCH),
    };
    Value::Timestamp(Timestamp::from_millis(millis))
}

const fn kind_of(type_oid: u32) -> Kind {
    match type_oid {
        oid::BOOL => Kind::Bool,
        oid::INT8 | oid::INT4 | oid::INT2 | oid::OID => Kind::Int,
        oid::FLOAT8 | oid::FLOAT4 | oid::NUMERIC => Kind::Real,
        oid::TIMESTAMPTZ | oid::TIMESTAMP | oid::DATE => Kind::Timestamp,
        oid::BYTEA => Kind::Bytes,
        oid::JSON | oid::JSONB => Kind::Json,
        _ => Kind::Text,
    }
}
