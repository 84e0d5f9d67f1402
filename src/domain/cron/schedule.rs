//! The moments that a schedule names. What is a schedule is checked by the grammar of the contract;
//! finding its moments is left to the crate.

use chrono::{DateTime, Utc};
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

use crate::domain::cron::{SEGMENTS, check, expand};
use crate::domain::time::Timestamp;

/// A schedule that can be asked for its moments, which are all at the beginning of a minute.
#[derive(Debug, Clone)]
pub struct Schedule(Cron);

impl Schedule {
    /// Reads a schedule.
    ///
    /// # Errors
    /// Why it is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        check(text)?;
        let segments = expand(text).split(' ').zip(SEGMENTS);
        let plain: Vec<String> =
            segments.map(|(segment, (_, min, max))| plain(segment, min, max)).collect();
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed);
        let parser = parser.dom_and_dow(true).build();
        parser.parse(&plain.join(" ")).map(Self).map_err(|error| error.to_string())
    }

    /// Whether the minute of `moment` is one of its moments.
    pub fn matches(&self, moment: Timestamp) -> bool {
        let moment = civil(moment.floor_to_minute());
        moment.is_some_and(|moment| self.0.is_time_matching(&moment).unwrap_or(false))
    }

    /// Its first moment after `moment`; none when there is no such day, as the 30th of February.
    pub fn next_after(&self, moment: Timestamp) -> Option<Timestamp> {
        let start = civil(moment.floor_to_minute())?;
        self.0.find_next_occurrence(&start, false).ok().map(timestamp)
    }

    /// Its last moment that is not after `moment`.
    pub fn last_until(&self, moment: Timestamp) -> Option<Timestamp> {
        let start = civil(moment.floor_to_minute())?;
        self.0.find_previous_occurrence(&start, true).ok().map(timestamp)
    }
}

/// A segment as a list of numbers, or `*` where all of them are meant: the words that the crate
/// shares with the contract.
fn plain(segment: &str, min: u32, max: u32) -> String {
    let named = |number: &u32| segment.split(',').any(|part| holds(part, *number, min, max));
    let numbers: Vec<u32> = (min..=max).filter(named).collect();
    if numbers.len() as u32 == max - min + 1 {
        return "*".to_owned();
    }
    numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
}

/// Whether a part of a checked segment names `number`.
fn holds(part: &str, number: u32, min: u32, max: u32) -> bool {
    let (range, step) = part.split_once('/').unwrap_or((part, "1"));
    let (first, last) = match range.split_once('-') {
        Some((first, last)) => (first.parse().unwrap_or(min), last.parse().unwrap_or(max)),
        None if range == "*" => (min, max),
        None => {
            let only = range.parse().unwrap_or(min);
            (only, only)
        }
    };
    let step: u32 = step.parse().unwrap_or(1).max(1);
    (first..=last).contains(&number) && (number - first).is_multiple_of(step)
}

fn civil(moment: Timestamp) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(moment.millis())
}

fn timestamp(moment: DateTime<Utc>) -> Timestamp {
    Timestamp::from_millis(moment.timestamp_millis())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn next(schedule: &str, after: &str) -> String {
        let next = Schedule::parse(schedule).unwrap().next_after(at(after));
        next.map(|next| next.to_string()).unwrap_or_default()
    }

    #[test]
    fn words_stand_for_their_segments() {
        for (word, after, expected) in [
            ("@yearly", "2026-01-01 00:00:00Z", "2027-01-01 00:00:00.000Z"),
            ("@annually", "2026-05-01 00:00:00Z", "2027-01-01 00:00:00.000Z"),
            ("@monthly", "2026-01-31 12:00:00Z", "2026-02-01 00:00:00.000Z"),
            ("@weekly", "2026-01-01 00:00:00Z", "2026-01-04 00:00:00.000Z"),
            ("@daily", "2026-01-01 00:00:00Z", "2026-01-02 00:00:00.000Z"),
            ("@midnight", "2026-01-01 23:59:59.999Z", "2026-01-02 00:00:00.000Z"),
            ("@hourly", "2026-01-01 00:59:00Z", "2026-01-01 01:00:00.000Z"),
        ] {
            assert_eq!(next(word, after), expected, "{word}");
            assert_eq!(next(expand(word), after), expected, "{word}");
        }
    }

    #[test]
    fn a_day_must_be_right_by_the_month_and_by_the_week() {
        // Friday the 13th.
        assert_eq!(next("0 0 13 * 5", "2026-01-01 00:00:00Z"), "2026-02-13 00:00:00.000Z");
        assert_eq!(next("0 0 */2 * 1", "2026-01-01 00:00:00Z"), "2026-01-05 00:00:00.000Z");
        assert_eq!(next("0 0 29 2 *", "2026-01-01 00:00:00Z"), "2028-02-29 00:00:00.000Z");
    }

    #[test]
    fn a_day_that_never_comes_is_none() {
        assert_eq!(next("0 0 30 2 *", "2026-01-01 00:00:00Z"), "");
        let never = Schedule::parse("0 0 30 2 *").unwrap();
        assert_eq!(never.last_until(at("2026-01-01 00:00:00Z")), None);
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for text in ["", "* * * *", "@reboot", "* * * JAN *", "* * L * *", "? * * * *"] {
            assert!(Schedule::parse(text).is_err(), "{text}");
        }
    }

    /// The grammar of the contract in one page, asked minute by minute.
    fn named(schedule: &str, moment: Timestamp) -> bool {
        let civil = moment.civil();
        let numbers = [civil.minute, civil.hour, civil.day, civil.month, moment.weekday()];
        let first = [0, 0, 1, 1, 0];
        let segments = schedule.split(' ').zip(numbers.into_iter().zip(first));
        segments.into_iter().all(|(segment, (number, least))| {
            segment.split(',').any(|part| {
                let mut halves = part.split('/');
                let range = halves.next().unwrap();
                let step: u8 = halves.next().map_or(1, |step| step.parse().unwrap());
                let mut ends = range.split('-');
                let first = ends.next().unwrap();
                let (first, last): (u8, u8) = match (first, ends.next()) {
                    ("*", _) => (least, u8::MAX),
                    (first, None) => (first.parse().unwrap(), first.parse().unwrap()),
                    (first, Some(last)) => (first.parse().unwrap(), last.parse().unwrap()),
                };
                number >= first && number <= last && (number - first) % step == 0
            })
        })
    }

    fn part(min: u32, max: u32) -> impl Strategy<Value = String> {
        let range = (min..=max, min..=max).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b)));
        let wide = prop_oneof![Just("*".to_owned()), range];
        prop_oneof![
            2 => Just("*".to_owned()),
            2 => (min..=max).prop_map(|number| number.to_string()),
            1 => (min..=max).prop_map(|number| format!("{number}/1")),
            1 => wide.clone(),
            2 => (wide, 1..=max).prop_map(|(wide, step)| format!("{wide}/{step}")),
        ]
    }

    fn segment(min: u32, max: u32) -> impl Strategy<Value = String> {
        proptest::collection::vec(part(min, max), 1..4).prop_map(|parts| parts.join(","))
    }

    fn schedules() -> impl Strategy<Value = String> {
        let time = (segment(0, 59), segment(0, 23));
        let day = (segment(1, 31), segment(1, 12), segment(0, 6));
        (time, day).prop_map(|((minute, hour), (day, month, weekday))| {
            format!("{minute} {hour} {day} {month} {weekday}")
        })
    }

    const MINUTE: i64 = 60_000;

    proptest! {
        /// The next and the last moment are the ones that asking minute by minute finds.
        #[test]
        fn moments_are_those_of_the_grammar(
            schedule in schedules(),
            start in 0..2_000_000_000_000_i64,
        ) {
            prop_assert_eq!(check(&schedule), Ok(()));
            let (start, asked) = (Timestamp::from_millis(start), Schedule::parse(&schedule).unwrap());
            let floor = start.floor_to_minute();
            prop_assert_eq!(asked.matches(start), named(&schedule, floor));
            let near = 3 * 24 * 60;
            let minutes = |sign: i64, from: i64| {
                let moment = move |n| floor.plus_millis(sign * n * MINUTE);
                (from..=near).map(moment).find(|&moment| named(&schedule, moment))
            };
            let horizon = near * MINUTE;
            let next = asked.next_after(start);
            let next = next.filter(|next| next.millis() - floor.millis() <= horizon);
            prop_assert_eq!(next, minutes(1, 1));
            let last = asked.last_until(start);
            let last = last.filter(|last| floor.millis() - last.millis() <= horizon);
            prop_assert_eq!(last, minutes(-1, 0));
        }
    }
}
