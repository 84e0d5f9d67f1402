//! `[mail]`, and the S3 addresses of `[files]` and `[backups]`: services behind one address each.

use url::Url;

use crate::config::cron;
use crate::config::report::Fault;
use crate::config::section::{Reader, Section};
use crate::config::settings::Settings;
use crate::domain::{Json, JsonMap};

/// `[mail]` → `meta` and `smtp`.
pub(super) fn mail(section: &Section<'_>, settings: &mut Settings, reader: &mut Reader<'_>) {
    section.only(&["from", "smtp"], reader);
    reader.not_yet("mail is", section.place);
    let what = "a sender such as \"Tiny Blog <hi@example.com>\"";
    if let Some((name, address)) = section.parse("from", what, reader, sender) {
        if !name.is_empty() {
            settings.set("meta", "senderName", name);
        }
        settings.set("meta", "senderAddress", address);
    }
    let has_password = |text: &str| Url::parse(text).is_ok_and(|url| url.password().is_some());
    let Some(smtp) = section.secret("smtp", reader, has_password) else { return };
    if smtp.is_empty() {
        settings.set("smtp", "enabled", false);
        return;
    }
    match smtp_settings(smtp.expose()) {
        Some(values) => settings.set_top("smtp", values),
        None => {
            let place = section.node("smtp").map_or(section.place, |node| &node.place);
            reader.fault(
                Fault::error("`smtp` is not the address of a mail server")
                    .at(place)
                    .help("write smtp://user:pass@host:587 or smtps://user:pass@host:465"),
            );
        }
    }
}

/// `Name <address>` or the address alone.
fn sender(text: &str) -> Option<(String, String)> {
    let (name, address) = match text.trim().strip_suffix('>').and_then(|text| text.split_once('<'))
    {
        Some((name, address)) => (name.trim().trim_matches('"'), address.trim()),
        None => ("", text.trim()),
    };
    let valid = email_address::EmailAddress::is_valid(address) && name.chars().count() <= 255;
    valid.then(|| (name.to_owned(), address.to_owned()))
}

fn smtp_settings(text: &str) -> Option<JsonMap> {
    let url = Url::parse(text).ok()?;
    let (tls, port) = match url.scheme() {
        "smtp" => (false, 587),
        "smtps" => (true, 465),
        _ => return None,
    };
    let host = url.host_str().filter(|host| !host.is_empty())?;
    let plain = ["", "/"].contains(&url.path()) && url.query().is_none();
    let mut settings = JsonMap::new();
    settings.insert("enabled".to_owned(), Json::Bool(true));
    settings.insert("host".to_owned(), host.into());
    settings.insert("port".to_owned(), url.port().unwrap_or(port).into());
    settings.insert("username".to_owned(), decoded(url.username())?.into());
    settings.insert("password".to_owned(), decoded(url.password().unwrap_or_default())?.into());
    settings.insert("tls".to_owned(), tls.into());
    plain.then_some(settings)
}

/// `[files]` → `s3`.
pub(super) fn files(section: &Section<'_>, settings: &mut Settings, reader: &mut Reader<'_>) {
    section.only(&["s3"], reader);
    reader.not_yet("files are", section.place);
    if let Some(values) = s3(section, reader) {
        settings.set_top("s3", values);
    }
}

/// `[backups]` → `backups`.
pub(super) fn backups(section: &Section<'_>, settings: &mut Settings, reader: &mut Reader<'_>) {
    section.only(&["cron", "keep", "s3"], reader);
    reader.not_yet("backups are", section.place);
    if let Some(schedule) = cron::read("cron", section, reader) {
        settings.set("backups", "cron", schedule);
    }
    if let Some(keep) = section.integer("keep", 1, reader) {
        settings.set("backups", "cronMaxKeep", keep);
    }
    if let Some(values) = s3(section, reader) {
        settings.set("backups", "s3", values);
    }
}

/// `https://key:secret@host/bucket?region=…`; an empty text switches it off.
fn s3(section: &Section<'_>, reader: &mut Reader<'_>) -> Option<JsonMap> {
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
    let url = Url::parse(text).ok().filter(|url| ["http", "https"].contains(&url.scheme()))?;
    let mut path = url.path_segments()?;
    let bucket = path.next().filter(|bucket| !bucket.is_empty())?;
    if path.any(|more| !more.is_empty()) {
        return None;
    }
    let mut region = String::new();
    let mut force_path_style = false;
    for (key, value) in url.query_pairs() {
        match key.as_ref() {
            "region" => region = value.into_owned(),
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
    Some(settings)
}

/// A part of an address without its percent escapes.
fn decoded(text: &str) -> Option<String> {
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
