//! The words that stand for the request's moment: `@now` and its kin (contract A 3.13), all UTC.

use crate::domain::Json;
use crate::domain::time::{Civil, Timestamp};

const DAY: i64 = 86_400_000;

/// Every macro.
pub(super) const NAMES: [&str; 16] = [
    "@now",
    "@yesterday",
    "@tomorrow",
    "@todayStart",
    "@todayEnd",
    "@monthStart",
    "@monthEnd",
    "@yearStart",
    "@yearEnd",
    "@second",
    "@minute",
    "@hour",
    "@day",
    "@month",
    "@weekday",
    "@year",
];

/// What the macro called `name` is worth at `now`; `None` when there is no such macro.
pub(super) fn value(name: &str, now: Timestamp) -> Option<Json> {
    let civil = now.civil();
    let today = now.millis().div_euclid(DAY);
    let start = |year, month, day| {
        let midnight = Civil { year, month, day, hour: 0, minute: 0, second: 0, millisecond: 0 };
        Timestamp::from_civil(midnight).unwrap_or(now)
    };
    let this_month = start(civil.year, civil.month, 1);
    let next_month = match civil.month {
        12 => start(civil.year + 1, 1, 1),
        month => start(civil.year, month + 1, 1),
    };
    let moment = match name {
        "@now" => now,
        "@yesterday" => now.plus_millis(-DAY),
        "@tomorrow" => now.plus_millis(DAY),
        "@todayStart" => Timestamp::from_millis(today * DAY),
        "@todayEnd" => Timestamp::from_millis((today + 1) * DAY - 1),
        "@monthStart" => this_month,
        "@monthEnd" => next_month.plus_millis(-1),
        "@yearStart" => start(civil.year, 1, 1),
        "@yearEnd" => start(civil.year + 1, 1, 1).plus_millis(-1),
        "@second" => return Some(civil.second.into()),
        "@minute" => return Some(civil.minute.into()),
        "@hour" => return Some(civil.hour.into()),
        "@day" => return Some(civil.day.into()),
        "@month" => return Some(civil.month.into()),
        "@weekday" => return Some(now.weekday().into()),
        "@year" => return Some(civil.year.into()),
        _ => return None,
    };
    Some(moment.to_string().into())
}
