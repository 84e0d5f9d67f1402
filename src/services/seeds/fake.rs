//! Made-up values: from a field's type and options and a source of randomness, so that the same
//! file makes the same rows. Pure.

use crate::domain::Json;
use crate::domain::collection::Collection;
use crate::domain::fields::{DateOptions, Field, FieldKind, NumberOptions, TextOptions};
use crate::domain::random::{LOWER_ALPHANUMERIC, Random};
use crate::domain::time::Timestamp;

/// Dates lie in the year before this moment, so that they do not move with the clock:
/// 2026-01-01 UTC.
const YEAR_END: i64 = 1_767_225_600_000;
const YEAR: u32 = 365 * 24 * 60;

/// The password of made-up accounts.
pub(super) const PASSWORD: &str = "changeme-1234";

/// A value for `field` in the `number`th made-up row (from 1), or nothing where none is needed or
/// can be made up. `targets` are ids that a relation may use.
pub(super) fn value(
    field: &Field,
    number: u32,
    targets: &[String],
    random: &mut Random,
) -> Option<Json> {
    if field.name == "id" || field.name == "tokenKey" {
        return None;
    }
    match &field.kind {
        FieldKind::Text(options) => text(field, options, number, random),
        FieldKind::Editor(_) => Some(format!("<p>{}</p>", sentence(12, random)).into()),
        FieldKind::Number(options) => number_value(options, random),
        FieldKind::Bool => Some((field.required || random.below(2) == 1).into()),
        FieldKind::Email(options) => {
            let host = first(options.only_domains.as_deref()).unwrap_or("example.com");
            Some(format!("{}{number}@{host}", word(random)).into())
        }
        FieldKind::Url(options) => {
            let host = first(options.only_domains.as_deref()).unwrap_or("example.com");
            Some(format!("https://{host}/{}-{number}", word(random)).into())
        }
        FieldKind::Date(options) => Some(date(options, random).to_string().into()),
        FieldKind::Select(options) => {
            pick(&options.values, options.max_select, i64::from(field.required), random)
        }
        FieldKind::Relation(options) => {
            let least = options.min_select.max(i64::from(field.required));
            pick(targets, options.max_select, least, random)
        }
        FieldKind::Json(_) => Some(serde_json::json!({ "made_up": word(random) })),
        FieldKind::Password(_) => Some(PASSWORD.into()),
        FieldKind::GeoPoint => {
            let lon = f64::from(random.below(36_000)) / 100.0 - 180.0;
            let lat = f64::from(random.below(17_000)) / 100.0 - 85.0;
            Some(serde_json::json!({ "lon": lon, "lat": lat }))
        }
        FieldKind::Autodate(_) | FieldKind::File(_) => None,
    }
}

/// The fields of `collection` that need a value and that nothing here can make up: required files.
pub(super) fn impossible(collection: &Collection) -> Option<&Field> {
    collection
        .fields
        .iter()
        .find(|field| field.required && matches!(field.kind, FieldKind::File(_)))
}

fn first(domains: Option<&[String]>) -> Option<&str> {
    domains.and_then(<[String]>::first).map(String::as_str)
}

const WORDS: [&str; 32] = [
    "amber", "basil", "cedar", "delta", "ember", "fjord", "grove", "harbor", "island", "jasper",
    "kernel", "lemon", "meadow", "nimbus", "ocean", "pepper", "quartz", "river", "saffron",
    "timber", "umber", "velvet", "willow", "xenon", "yarrow", "zephyr", "birch", "coral", "dune",
    "fern", "glade", "heath",
];

fn word(random: &mut Random) -> &'static str {
    WORDS[random.below(32) as usize % WORDS.len()]
}

fn sentence(words: u32, random: &mut Random) -> String {
    let words: Vec<&str> = (0..words).map(|_| word(random)).collect();
    let text = words.join(" ");
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
        .unwrap_or_default()
}

/// Text of its options: words with the number of the row, something that the pattern describes, or
/// as many letters as the bounds leave room for.
fn text(field: &Field, options: &TextOptions, number: u32, random: &mut Random) -> Option<Json> {
    if !options.autogenerate_pattern.is_empty() {
        return None;
    }
    let fits = |text: &str| field.check(&Json::from(text)).is_ok();
    let mut candidates = vec![
        format!("{} {number}", sentence(3, random)),
        format!("{}-{}-{number}", word(random), word(random)),
        format!("{}{number}", field.name),
        format!("{number}"),
    ];
    let length = usize::try_from(options.min.max(1)).unwrap_or(1);
    candidates.push(random.text(length, LOWER_ALPHANUMERIC));
    candidates.push(random.text(length, b"0123456789"));
    if let Some(text) = from_pattern(options, random) {
        candidates.push(text);
    }
    candidates.into_iter().find(|text| fits(text)).map(Json::from)
}

/// A text that the pattern describes, for patterns that a text can be made from.
fn from_pattern(options: &TextOptions, random: &mut Random) -> Option<String> {
    let inner = options.pattern.text().trim_start_matches('^').trim_end_matches('$');
    if inner.is_empty() {
        return None;
    }
    let pattern = crate::domain::pattern::AutogeneratePattern::new(inner);
    pattern.generate(random).ok()
}

fn number_value(options: &NumberOptions, random: &mut Random) -> Option<Json> {
    let low = options.min.unwrap_or_else(|| options.max.map_or(1.0, |max| max.min(0.0)));
    let high = options.max.unwrap_or(low + 999.0);
    let share = f64::from(random.below(10_001)) / 10_000.0;
    let value = (high - low).mul_add(share, low);
    let value = if options.only_int {
        value.floor().max(low.ceil())
    } else {
        (value * 100.0).round() / 100.0
    };
    let value = value.clamp(low, high);
    serde_json::Number::from_f64(value).map(|number| {
        if value.fract() == 0.0 && value.abs() < 9e15 {
            Json::from(value as i64)
        } else {
            Json::Number(number)
        }
    })
}

fn date(options: &DateOptions, random: &mut Random) -> Timestamp {
    let minutes = i64::from(random.below(YEAR));
    let moment = Timestamp::from_millis(YEAR_END - minutes * 60_000);
    let moment = options.min.map_or(moment, |min| moment.max(min));
    options.max.map_or(moment, |max| moment.min(max))
}

/// One of `values`, or a few of them where the field is a list; at least `least`.
fn pick(values: &[String], max_select: i64, least: i64, random: &mut Random) -> Option<Json> {
    let bound = u32::try_from(values.len()).ok().filter(|bound| *bound > 0)?;
    if max_select <= 1 {
        return Some(values[random.below(bound) as usize].as_str().into());
    }
    let most = u32::try_from(max_select).unwrap_or(3).min(3).min(bound);
    let least = u32::try_from(least).unwrap_or(0).min(bound);
    let count = least.max(random.below(most + 1));
    let start = random.below(bound);
    let chosen = (0..count).map(|step| values[((start + step) % bound) as usize].as_str());
    Some(chosen.map(Json::from).collect::<Vec<_>>().into())
}
