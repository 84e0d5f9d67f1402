//! Sizes, durations and rates as the language writes them (config.md 1.1).

use std::time::Duration;

/// `digits ("B" / "kB" / "MB" / "GB")`, powers of 1024.
pub(super) fn size(text: &str) -> Option<i64> {
    let (number, unit) = number_and_unit(text)?;
    let factor: i64 = match unit {
        "B" => 1,
        "kB" => 1 << 10,
        "MB" => 1 << 20,
        "GB" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(factor)
}

/// `digits ("s" / "min" / "h" / "d" / "w")`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = number_and_unit(text)?;
    let factor: i64 = match unit {
        "s" => 1,
        "min" => 60,
        "h" => 3600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return None,
    };
    Some(Duration::from_secs(number.checked_mul(factor)?.try_into().ok()?))
}

/// So many requests in so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rate {
    /// How many requests.
    pub requests: i64,
    /// In how many seconds.
    pub seconds: i64,
}

/// `digits "/" digits? ("s" / "min" / "hour" / "day")`, both at least one.
pub(super) fn rate(text: &str) -> Option<Rate> {
    let (requests, window) = text.split_once('/')?;
    let requests = digits(requests)?;
    let start = window.find(|character: char| !character.is_ascii_digit())?;
    let (count, unit) = window.split_at(start);
    let count = if count.is_empty() { 1 } else { digits(count)? };
    let factor: i64 = match unit {
        "s" => 1,
        "min" => 60,
        "hour" => 3600,
        "day" => 86_400,
        _ => return None,
    };
    let seconds = count.checked_mul(factor)?;
    (requests > 0 && seconds > 0).then_some(Rate { requests, seconds })
}

fn number_and_unit(text: &str) -> Option<(i64, &str)> {
    let start = text.find(|character: char| !character.is_ascii_digit())?;
    let (number, unit) = text.split_at(start);
    Some((digits(number)?, unit))
}

fn digits(text: &str) -> Option<i64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_powers_of_1024() {
        let cases = [
            ("5MB", Some(5 << 20)),
            ("1B", Some(1)),
            ("2kB", Some(2048)),
            ("1GB", Some(1 << 30)),
            ("0B", Some(0)),
            ("5", None),
            ("MB", None),
            ("5 MB", None),
            ("5mb", None),
            ("-5MB", None),
            ("9999999999999GB", None),
        ];
        for (text, expected) in cases {
            assert_eq!(size(text), expected, "{text}");
        }
    }

    #[test]
    fn durations_have_a_unit() {
        let cases = [
            ("5s", Some(5)),
            ("30min", Some(1800)),
            ("2h", Some(7200)),
            ("5d", Some(432_000)),
            ("1w", Some(604_800)),
            ("5", None),
            ("5m", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(duration(text), expected.map(Duration::from_secs), "{text}");
        }
    }

    #[test]
    fn rates_count_per_window() {
        let cases = [
            ("10/min", Some((10, 60))),
            ("3/2s", Some((3, 2))),
            ("30/hour", Some((30, 3600))),
            ("1/day", Some((1, 86_400))),
            ("0/s", None),
            ("3/0s", None),
            ("3/h", None),
            ("3", None),
            ("/s", None),
        ];
        for (text, expected) in cases {
            let expected = expected.map(|(requests, seconds)| Rate { requests, seconds });
            assert_eq!(rate(text), expected, "{text}");
        }
    }
}
