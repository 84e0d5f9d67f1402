//! Schedules: the cron grammar of contract B 6.3, which has fewer words than most, and the moments
//! that they name. All of it in UTC, to the minute.

mod schedule;

pub use schedule::Schedule;

/// Words for whole schedules, and what they stand for.
const MACROS: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

const SEGMENTS: [(&str, u32, u32); 5] = [
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day of the month", 1, 31),
    ("month", 1, 12),
    ("day of the week", 0, 6),
];

/// Whether `text` is a schedule.
///
/// # Errors
/// Why not.
pub fn check(text: &str) -> Result<(), String> {
    if text.starts_with('@') {
        let words = MACROS.map(|(word, _)| word);
        return if words.contains(&text) {
            Ok(())
        } else {
            Err(format!("there is no `{text}`, only {}", words.join(", ")))
        };
    }
    let segments: Vec<&str> = text.split(' ').collect();
    if segments.len() != SEGMENTS.len() {
        return Err(format!("it has 5 segments, not {}", segments.len()));
    }
    for (segment, (name, min, max)) in segments.into_iter().zip(SEGMENTS) {
        for part in segment.split(',') {
            check_part(part, min, max).map_err(|reason| format!("{reason} in the {name}"))?;
        }
    }
    Ok(())
}

/// A schedule in its five segments, whether it is written so or as one word.
pub fn expand(text: &str) -> &str {
    MACROS.iter().find(|(word, _)| *word == text).map_or(text, |(_, segments)| segments)
}

fn check_part(part: &str, min: u32, max: u32) -> Result<(), String> {
    let (range, step) = match part.split_once('/') {
        Some((range, step)) => (range, Some(step)),
        None => (part, None),
    };
    let wide = range == "*" || range.contains('-');
    if range != "*" {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last) = (number(first, min, max)?, number(last, min, max)?);
        if first > last {
            return Err(format!("`{range}` runs backwards"));
        }
    }
    let Some(step) = step else { return Ok(()) };
    let count = number(step, 1, max)?;
    if count > 1 && !wide {
        return Err(format!("`{part}` has a step without a range"));
    }
    Ok(())
}

fn number(text: &str, min: u32, max: u32) -> Result<u32, String> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number: Option<u32> = text.parse().ok().filter(|_| digits);
    match number {
        Some(number) if (min..=max).contains(&number) => Ok(number),
        Some(number) => Err(format!("{number} is not from {min} to {max}")),
        None => Err(format!("`{text}` is no number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_is_the_contracts() {
        let good = [
            "* * * * *",
            "0 3 * * *",
            "*/5 0-12/2 1,15 1-6 0-6",
            "59 23 31 12 6",
            "@daily",
            "@hourly",
            "5/1 * * * *",
        ];
        for text in good {
            assert_eq!(check(text), Ok(()), "{text}");
        }
        let bad = [
            "",
            "* * * *",
            "* * * * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * 7",
            "*/0 * * * *",
            "*/60 * * * *",
            "5/2 * * * *",
            "5-1 * * * *",
            "* * * JAN *",
            "* * L * *",
            "* * 1W * *",
            "* * * * 1#2",
            "@reboot",
            "+5 * * * *",
            "1,,2 * * * *",
        ];
        for text in bad {
            assert!(check(text).is_err(), "{text}");
        }
    }
}
