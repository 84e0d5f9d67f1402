//! PocketBase's settings: a row that may be encrypted.

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::Aead;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::KeyInit;

use crate::domain::settings::Settings;
use crate::domain::{Json, JsonMap};
use crate::services::pocketbase::error::ImportError;
use crate::store::{Db, Statement, Value};

/// Bytes before what is encrypted.
const NONCE: usize = 12;

/// The settings, and a line about what in them has no counterpart.
pub(super) fn read(db: &mut Db, key: Option<&str>) -> Result<(Settings, Vec<String>), ImportError> {
    let sql = "SELECT \"value\" FROM \"_params\" WHERE \"id\" = 'settings'";
    let row = db.fetch_optional(Statement::new(sql, Vec::new())).map_err(ImportError::Source)?;
    let Some(row) = row else { return Ok((Settings::default(), Vec::new())) };
    let stored = match row.value(0).map_err(ImportError::Source)? {
        Value::Bytes(bytes) => bytes.clone(),
        Value::Text(text) => text.clone().into_bytes(),
        _ => Vec::new(),
    };
    parse(&plain(stored, key)?)
}

fn parse(text: &[u8]) -> Result<(Settings, Vec<String>), ImportError> {
    let unreadable = |reason: String| ImportError::Unreadable {
        what: "the settings of PocketBase".to_owned(),
        reason,
    };
    let map: JsonMap =
        serde_json::from_slice(text).map_err(|error| unreadable(error.to_string()))?;
    let mut settings =
        Settings::from_stored_json(&map).map_err(|error| unreadable(error.to_string()))?;
    for endpoint in [&mut settings.s3.endpoint, &mut settings.backups.s3.endpoint] {
        // What stands there without a scheme is one of HTTPS.
        if !endpoint.is_empty() && !endpoint.contains("://") {
            endpoint.insert_str(0, "https://");
        }
    }
    let mut unknown = Vec::new();
    collect_unknown(&map, &settings.to_stored_json(), "", &mut unknown);
    let note = format!("Settings that are not known here: {}.", unknown.join(", "));
    Ok((settings, if unknown.is_empty() { Vec::new() } else { vec![note] }))
}

/// The settings as JSON, which is what is stored where there is no key.
fn plain(stored: Vec<u8>, key: Option<&str>) -> Result<Vec<u8>, ImportError> {
    if stored.trim_ascii_start().first().is_none_or(|byte| *byte == b'{') {
        return Ok(stored);
    }
    let key = key.ok_or(ImportError::Encrypted)?;
    let wrong = ImportError::WrongKey;
    let cipher = Aes256Gcm::new_from_slice(key.as_bytes())
        .map_err(|_| wrong("a key has 32 characters, and this has another number of them"))?;
    // As a value of JSON it stands in quotes.
    let text = stored.trim_ascii();
    let text = text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")).unwrap_or(text);
    let sealed = STANDARD.decode(text).map_err(|_| wrong("they are not what PocketBase stores"))?;
    let (nonce, sealed) =
        sealed.split_first_chunk::<NONCE>().ok_or(wrong("they are not what PocketBase stores"))?;
    cipher.decrypt(&(*nonce).into(), sealed).map_err(|_| wrong("this is not their key"))
}

/// The keys of `map` that `known` has not.
fn collect_unknown(map: &JsonMap, known: &JsonMap, prefix: &str, unknown: &mut Vec<String>) {
    for (key, value) in map {
        let path = format!("{prefix}{key}");
        match (value, known.get(key)) {
            (Json::Object(value), Some(Json::Object(known))) => {
                collect_unknown(value, known, &format!("{path}."), unknown);
            }
            (_, Some(_)) => {}
            (_, None) => unknown.push(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "12345678901234567890123456789012";

    fn sealed(text: &str) -> Vec<u8> {
        let cipher = Aes256Gcm::new_from_slice(KEY.as_bytes()).unwrap();
        let nonce = [7; NONCE];
        let mut bytes = nonce.to_vec();
        bytes.extend(cipher.encrypt(&nonce.into(), text.as_bytes()).unwrap());
        STANDARD.encode(bytes).into_bytes()
    }

    #[test]
    fn encrypted_settings_open_with_their_key_only() {
        let text = r#"{"meta":{"appName":"Ours"}}"#;
        assert_eq!(plain(sealed(text), Some(KEY)).unwrap(), text.as_bytes());
        assert_eq!(plain(text.into(), None).unwrap(), text.as_bytes());
        assert!(matches!(plain(sealed(text), None), Err(ImportError::Encrypted)));
        for key in ["short", "12345678901234567890123456789013"] {
            assert!(
                matches!(plain(sealed(text), Some(key)), Err(ImportError::WrongKey(_))),
                "{key}"
            );
        }
        assert!(matches!(plain(b"AAAA".to_vec(), Some(KEY)), Err(ImportError::WrongKey(_))));
    }

    #[test]
    fn what_is_not_known_is_named() {
        let (settings, notes) = parse(
            br#"{"meta":{"appName":"Ours","logo":"x"},"ai":{"on":true},"s3":{"endpoint":"a.b"}}"#,
        )
        .unwrap();
        assert_eq!(settings.s3.endpoint, "https://a.b");
        assert_eq!(settings.meta.app_name, "Ours");
        assert_eq!(notes, ["Settings that are not known here: meta.logo, ai."]);
        assert!(matches!(parse(br#"{"batch":1}"#), Err(ImportError::Unreadable { .. })));
    }
}
