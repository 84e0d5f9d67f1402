//! Many rows at once: `COPY … FROM STDIN`, in its text form, which the server reads by the types of
//! the columns.

use std::io::Write;

use crate::domain::time::Timestamp;
use crate::store::engine::postgres::error::store_error;
use crate::store::engine::postgres::session::Session;
use crate::store::error::StoreError;
use crate::store::value::Value;

impl Session {
    /// Runs the COPY statement `sql` with these rows.
    pub(in crate::store) fn load(
        &mut self,
        sql: &str,
        rows: &[Vec<Value>],
    ) -> Result<(), StoreError> {
        let mut text = Vec::new();
        for row in rows {
            for (position, value) in row.iter().enumerate() {
                if position > 0 {
                    text.push(b'\t');
                }
                push(&mut text, value);
            }
            text.push(b'\n');
        }
        let sql = sql.to_owned();
        self.wait_for(async |connection| {
            let mut copy = connection.copy_in_raw(&sql).await.map_err(store_error)?;
            if let Err(error) = copy.send(text).await {
                return Err(store_error(error));
            }
            copy.finish().await.map(|_| ()).map_err(store_error)
        })
    }
}

fn push(text: &mut Vec<u8>, value: &Value) {
    // Writing to memory does not fail.
    let _ = match value {
        Value::Null(_) => text.write_all(b"\\N"),
        Value::Bool(value) => text.write_all(if *value { b"t" } else { b"f" }),
        Value::Int(number) => write!(text, "{number}"),
        Value::Real(number) => write!(text, "{number:e}"),
        Value::Text(value) => {
            push_escaped(text, value);
            Ok(())
        }
        Value::Json(json) => {
            push_escaped(text, &json.to_string());
            Ok(())
        }
        Value::Timestamp(moment) => text.write_all(spell(*moment).as_bytes()),
        Value::Bytes(bytes) => text
            .write_all(b"\\\\x")
            .and_then(|()| bytes.iter().try_for_each(|byte| write!(text, "{byte:02x}"))),
    };
}

/// What separates values and rows, and the backslash itself, have one in front.
fn push_escaped(text: &mut Vec<u8>, value: &str) {
    let mut rest = value.as_bytes();
    while let Some(at) = rest.iter().position(|byte| b"\\\n\r\t".contains(byte)) {
        text.extend_from_slice(&rest[..at]);
        let letter = match rest[at] {
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            other => other,
        };
        text.extend_from_slice(&[b'\\', letter]);
        rest = &rest[at + 1..];
    }
    text.extend_from_slice(rest);
}

/// A moment as the server reads it: its calendar has no year 0, and its ends are infinite.
fn spell(moment: Timestamp) -> String {
    match moment.millis() {
        i64::MIN => "-infinity".to_owned(),
        i64::MAX => "infinity".to_owned(),
        _ => match moment.to_string() {
            text if text.starts_with("0000-") => format!("0001{} BC", &text[4..]),
            text => text,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Json;
    use crate::store::value::Kind;

    #[test]
    fn values_are_written_as_the_server_reads_them() {
        let cases = [
            (Value::Null(Kind::Text), "\\N"),
            (Value::Bool(true), "t"),
            (Value::Int(-5), "-5"),
            (Value::Real(0.1), "1e-1"),
            (Value::Real(1e300), "1e300"),
            (Value::text("\\N"), "\\\\N"),
            (Value::text("a\tb\nc\r\\.ä"), "a\\tb\\nc\\r\\\\.ä"),
            (Value::Json(Json::from("x\ny")), "\"x\\\\ny\""),
            (Value::Bytes(vec![1, 255]), "\\\\x01ff"),
            (Value::Timestamp(Timestamp::default()), "1970-01-01 00:00:00.000Z"),
            (Value::Timestamp(Timestamp::from_millis(i64::MIN)), "-infinity"),
            (
                Value::Timestamp(Timestamp::parse("0000-02-29 01:02:03.004Z").unwrap()),
                "0001-02-29 01:02:03.004Z BC",
            ),
        ];
        for (value, expected) in cases {
            let mut text = Vec::new();
            push(&mut text, &value);
            assert_eq!(String::from_utf8(text).unwrap(), expected);
        }
    }
}
