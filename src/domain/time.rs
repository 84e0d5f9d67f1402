//! Moments, in the product's one text form (contract A 1.8). Knows no clock: the time is passed in.

mod parse;
#[cfg(test)]
mod tests;

use std::fmt;

const DAY: i64 = 86_400_000;

/// Milliseconds since 1970-01-01 UTC. Written `YYYY-MM-DD HH:MM:SS.mmmZ`, in which text order is
/// time order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

/// A moment taken apart, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Civil {
    /// Year of the Gregorian calendar.
    pub year: i64,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
    /// 0 to 999.
    pub millisecond: u16,
}

impl Timestamp {
    /// The last moment that has a text form.
    pub const LATEST: Self = Self(253_402_300_799_999);

    /// The moment `millis` milliseconds after 1970-01-01 UTC.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970-01-01 UTC.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Reads any of the layouts of contract A 1.8; no zone, or a zone given by name, is UTC. `None`
    /// for everything else, the empty text included.
    pub fn parse(text: &str) -> Option<Self> {
        parse::parse(text)
    }

    /// The moment of these parts, `None` when there is no such day or time. Years are 0 to 9999,
    /// the ones that the text form can hold.
    pub fn from_civil(civil: Civil) -> Option<Self> {
        let Civil { year, month, day, hour, minute, second, millisecond } = civil;
        let real = (0..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day)
            && hour < 24
            && minute < 60
            && second < 60
            && millisecond < 1000;
        real.then(|| {
            let seconds = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
            Self(days_from_civil(year, month, day) * DAY + seconds * 1000 + i64::from(millisecond))
        })
    }

    /// The parts of the moment, UTC.
    pub const fn civil(self) -> Civil {
        let (year, month, day) = civil_from_days(self.0.div_euclid(DAY));
        let in_day = self.0.rem_euclid(DAY);
        Civil {
            year,
            month,
            day,
            hour: (in_day / 3_600_000) as u8,
            minute: (in_day / 60_000 % 60) as u8,
            second: (in_day / 1000 % 60) as u8,
            millisecond: (in_day % 1000) as u16,
        }
    }

    /// Day of the week, 0 is Sunday.
    pub const fn weekday(self) -> u8 {
        (self.0.div_euclid(DAY) + 4).rem_euclid(7) as u8
    }

    /// The moment `millis` milliseconds later.
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// The beginning of the minute that the moment is in.
    #[must_use]
    pub const fn floor_to_minute(self) -> Self {
        Self(self.0 - self.0.rem_euclid(60_000))
    }

    /// The form of RFC 3339, which parameters of faults use: `2024-01-01T00:00:00Z`, with a fraction
    /// only where there is one.
    pub fn to_rfc3339(self) -> String {
        let mut text = self.to_string().replace(' ', "T");
        text.pop();
        if let Some(whole) = text.strip_suffix(".000") {
            return format!("{whole}Z");
        }
        format!("{}Z", text.trim_end_matches('0'))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let civil = self.civil();
        if !(0..=9999).contains(&civil.year) {
            let Civil { year, month, day, hour, minute, second, millisecond } = civil;
            return write!(
                f,
                "{year:05}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{millisecond:03}Z"
            );
        }
        let mut text = *b"0000-00-00 00:00:00.000Z";
        digits(&mut text[0..4], civil.year as u32);
        digits(&mut text[5..7], u32::from(civil.month));
        digits(&mut text[8..10], u32::from(civil.day));
        digits(&mut text[11..13], u32::from(civil.hour));
        digits(&mut text[14..16], u32::from(civil.minute));
        digits(&mut text[17..19], u32::from(civil.second));
        digits(&mut text[20..23], u32::from(civil.millisecond));
        f.write_str(std::str::from_utf8(&text).expect("ASCII digits and separators"))
    }
}

/// Writes `number` right-aligned over the zeros of `into`.
fn digits(into: &mut [u8], mut number: u32) {
    for digit in into.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

const fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days of `month` in `year`.
pub const fn days_in_month(year: i64, month: u8) -> u8 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01. Counts in 400-year eras that begin in March, so that the leap day is the
/// last of its year.
fn days_from_civil(year: i64, month: u8, day: u8) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (i64::from(month) + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

const fn civil_from_days(days: i64) -> (i64, u8, u8) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month as u8, day as u8)
}
