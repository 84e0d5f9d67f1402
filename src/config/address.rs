//! Services behind one address: user, password and options in a URL.

use url::Url;

use crate::config::report::Fault;
use crate::config::section::{Reader, Section};
use crate::domain::settings::{S3, Settings};
use crate::domain::{Json, JsonMap};

/// `https://key:secret@host/bucket?region=…`; an empty text switches it off.
pub(super) fn s3(section: &Section<'_>, reader: &mut Reader<'_>) -> Option<JsonMap> {
    let secret = section.secret("s3", reader, |text| !text.is_empty())?;
    if secret.is_empty() {
        return Some(std::iter::once(("enabled".to_owned(), Json::Bool(false))).collect());
    }
    let settings = s3_settings(secret.expose());
    if settings.is_none() {
        let place = section.node("s3").map_or(section.place, |node| &node.place);
        reader.fault(
            Fault::error("`s3` is not the address of a bucket")
                .at(place)
                .help("write https://key:secret@host/bucket?region=…"),
        );
    }
    settings
}

fn s3_settings(text: &str) -> Option<JsonMap> {
    let (settings, prefix) = s3_parts(text)?;
    prefix.is_none().then_some(settings)
}

/// The bucket at an address, and what names in it begin with: `prefix`, a path without slashes at its ends,
/// or `replica`.
pub(super) fn bucket(text: &str) -> Option<(S3, String)> {
    let (settings, prefix) = s3_parts(text)?;
    let prefix = prefix.unwrap_or_else(|| "replica".to_owned());
    let is_plain = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.contains('\\');
    if !prefix.split('/').all(is_plain) {
        return None;
    }
    let mut all = Settings::default();
    all.apply(&std::iter::once(("s3".to_owned(), Json::Object(settings))).collect()).ok()?;
    Some((all.s3, prefix))
}

/// The settings of a bucket, and the prefix if there is one.
fn s3_parts(text: &str) -> Option<(JsonMap, Option<String>)> {
    let url = Url::parse(text).ok().filter(|url| ["http", "https"].contains(&url.scheme()))?;
    let mut path = url.path_segments()?;
    let bucket = path.next().filter(|bucket| !bucket.is_empty())?;
    if path.any(|more| !more.is_empty()) {
        return None;
    }
    let mut region = String::new();
    let mut force_path_style = false;
    let mut prefix = None;
    for (key, value) in url.query_pairs() {
        match key.as_ref() {
            "region" => region = value.into_owned(),
            "prefix" => prefix = Some(value.into_owned()),
            "path_style" => force_path_style = value == "true",
            _ => return None,
        }
    }
    let access_key = decoded(url.username()).filter(|key| !key.is_empty())?;
    let secret = decoded(url.password()?).filter(|secret| !secret.is_empty())?;
    if region.is_empty() {
        return None;
    }
    let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
    let endpoint = format!("{}://{}{port}", url.scheme(), url.host_str()?);
    let mut settings = JsonMap::new();
    settings.insert("enabled".to_owned(), Json::Bool(true));
    settings.insert("bucket".to_owned(), decoded(bucket)?.into());
    settings.insert("region".to_owned(), region.into());
    settings.insert("endpoint".to_owned(), endpoint.into());
    settings.insert("accessKey".to_owned(), access_key.into());
    settings.insert("secret".to_owned(), secret.into());
    settings.insert("forcePathStyle".to_owned(), force_path_style.into());
    Some((settings, prefix))
}

/// A part of an address without its percent escapes.
pub(super) fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        if *first == b'%' {
            let digits = std::str::from_utf8(more.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &more[2..];
        } else {
            bytes.push(*first);
            rest = more;
        }
    }
    String::from_utf8(bytes).ok()
}
