//! `[app]`: how the product calls itself.

use crate::config::section::{Reader, Section};
use crate::config::settings::Settings;

/// `[app]` → `meta`.
pub(super) fn read(section: &Section<'_>, settings: &mut Settings, reader: &mut Reader<'_>) {
    section.only(&["name", "url", "accent"], reader);
    let name = |text: &str| {
        let length = text.chars().count();
        (1..=255).contains(&length).then(|| text.to_owned())
    };
    if let Some(name) = section.parse("name", "a name of 1 to 255 characters", reader, name) {
        settings.set("meta", "appName", name);
    }
    let address =
        |text: &str| url::Url::parse(text).ok().filter(url::Url::has_host).map(|_| text.to_owned());
    let what = "an address such as \"https://example.com\"";
    if let Some(address) = section.parse("url", what, reader, address) {
        settings.set("meta", "appURL", address);
    }
    let colour = |text: &str| is_colour(text).then(|| text.to_owned());
    if let Some(colour) = section.parse("accent", "a colour such as \"#1055c9\"", reader, colour) {
        settings.set("meta", "accentColor", colour);
    }
}

fn is_colour(text: &str) -> bool {
    text.len() == 7
        && text.starts_with('#')
        && text[1..].bytes().all(|byte| byte.is_ascii_hexdigit())
}
