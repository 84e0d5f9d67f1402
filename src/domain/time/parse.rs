//! The layouts in which moments are written (contract A 1.8). Knows no clock and no local zone.

use super::{Civil, Timestamp};

/// Reads `text` in any known layout.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let mut cursor = Cursor { rest: text };
    let moment = match text.as_bytes().first()? {
        b'0'..=b'9' if text.as_bytes().get(4) == Some(&b'-') => numeric(&mut cursor),
        b'0'..=b'9' => day_first(&mut cursor),
        _ => named(&mut cursor),
    }?;
    if cursor.rest.is_empty() { moment.timestamp() } else { None }
}

/// A moment as written, before its offset is taken off.
struct Written {
    civil: Civil,
    offset_minutes: i64,
}

impl Written {
    fn timestamp(&self) -> Option<Timestamp> {
        let local = Timestamp::from_civil(self.civil)?;
        let moment = local.plus_millis(-self.offset_minutes * 60_000);
        (0..=9999).contains(&moment.civil().year).then_some(moment)
    }
}

/// `2006-01-02`, or with a time: `T` or a space, a fraction, a zone, and a zone's name.
fn numeric(cursor: &mut Cursor<'_>) -> Option<Written> {
    let year = cursor.digits(4)?;
    cursor.skip("-")?;
    let month = cursor.digits(2)? as u8;
    cursor.skip("-")?;
    let mut civil = midnight(year, month, cursor.digits(2)? as u8);
    if cursor.rest.is_empty() {
        return Some(Written { civil, offset_minutes: 0 });
    }
    cursor.skip("T").or_else(|| cursor.skip(" "))?;
    cursor.time(&mut civil)?;
    cursor.fraction(&mut civil)?;
    let offset_minutes = match cursor.skip("Z") {
        Some(()) => 0,
        None if cursor.rest.is_empty() => 0,
        None => {
            let _ = cursor.skip(" ");
            let offset = cursor.offset()?;
            if cursor.skip(" ").is_some() {
                cursor.zone_name()?;
            }
            offset
        }
    };
    Some(Written { civil, offset_minutes })
}

/// `02 Jan 2006`, and RFC 822: `02 Jan 06 15:04 MST` or `-0700`.
fn day_first(cursor: &mut Cursor<'_>) -> Option<Written> {
    let day = cursor.digits(2)? as u8;
    cursor.skip(" ")?;
    let month = cursor.month()?;
    cursor.skip(" ")?;
    let year = cursor.number()?;
    if cursor.rest.is_empty() {
        return (year.1 == 4)
            .then(|| Written { civil: midnight(year.0, month, day), offset_minutes: 0 });
    }
    let mut civil = midnight(two_digit_year(year)?, month, day);
    cursor.skip(" ")?;
    civil.hour = cursor.digits(2)? as u8;
    cursor.skip(":")?;
    civil.minute = cursor.digits(2)? as u8;
    cursor.skip(" ")?;
    Some(Written { civil, offset_minutes: cursor.zone()? })
}

/// The layouts that begin with a weekday: RFC 1123 (`Mon, 02 Jan 2006 15:04:05 MST`), RFC 850
/// (`Monday, 02-Jan-06 15:04:05 MST`), and ANSI C, Unix and Ruby (`Mon Jan 2 15:04:05 … 2006`).
fn named(cursor: &mut Cursor<'_>) -> Option<Written> {
    cursor.weekday()?;
    if cursor.skip(",").is_none() {
        return month_first(cursor);
    }
    cursor.skip(" ")?;
    let day = cursor.digits(2)? as u8;
    let dashed = cursor.skip("-").is_some();
    let separator = if dashed { "-" } else { " " };
    if !dashed {
        cursor.skip(separator)?;
    }
    let month = cursor.month()?;
    cursor.skip(separator)?;
    let year = if dashed { two_digit_year(cursor.number()?)? } else { cursor.digits(4)? };
    let mut civil = midnight(year, month, day);
    cursor.skip(" ")?;
    cursor.time(&mut civil)?;
    cursor.fraction(&mut civil)?;
    cursor.skip(" ")?;
    Some(Written { civil, offset_minutes: cursor.zone()? })
}

fn month_first(cursor: &mut Cursor<'_>) -> Option<Written> {
    cursor.skip(" ")?;
    let month = cursor.month()?;
    cursor.skip(" ")?;
    let _ = cursor.skip(" ");
    let (day, width) = cursor.number()?;
    let mut civil = midnight(0, month, if width <= 2 { day as u8 } else { return None });
    cursor.skip(" ")?;
    cursor.time(&mut civil)?;
    cursor.fraction(&mut civil)?;
    cursor.skip(" ")?;
    let mut offset_minutes = 0;
    if !cursor.rest.starts_with(|c: char| c.is_ascii_digit()) {
        offset_minutes = cursor.zone()?;
        cursor.skip(" ")?;
    }
    civil.year = cursor.digits(4)?;
    Some(Written { civil, offset_minutes })
}

const fn midnight(year: i64, month: u8, day: u8) -> Civil {
    Civil { year, month, day, hour: 0, minute: 0, second: 0, millisecond: 0 }
}

/// Two digits mean 1969 to 2068.
const fn two_digit_year((year, width): (i64, usize)) -> Option<i64> {
    match (width, year) {
        (2, 69..) => Some(1900 + year),
        (2, _) => Some(2000 + year),
        _ => None,
    }
}

struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    fn skip(&mut self, text: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(text)?;
        Some(())
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    /// A run of at most nine digits and its width.
    fn number(&mut self) -> Option<(i64, usize)> {
        let width = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        if !(1..=9).contains(&width) {
            return None;
        }
        Some((self.take(width).parse().ok()?, width))
    }

    /// Exactly `width` digits.
    fn digits(&mut self, width: usize) -> Option<i64> {
        let text = self.rest.get(..width)?;
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        self.take(width).parse().ok()
    }

    /// `15:04:05`.
    fn time(&mut self, civil: &mut Civil) -> Option<()> {
        civil.hour = self.digits(2)? as u8;
        self.skip(":")?;
        civil.minute = self.digits(2)? as u8;
        self.skip(":")?;
        civil.second = self.digits(2)? as u8;
        Some(())
    }

    /// `.123456`, of which the milliseconds count and the rest is cut off; nothing is fine too.
    fn fraction(&mut self, civil: &mut Civil) -> Option<()> {
        if self.skip(".").or_else(|| self.skip(",")).is_none() {
            return Some(());
        }
        let width = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        if width == 0 {
            return None;
        }
        let text = self.take(width);
        civil.millisecond = format!("{:0<3}", &text[..width.min(3)]).parse().ok()?;
        Some(())
    }

    /// `+02:00` or `+0200`, in minutes.
    fn offset(&mut self) -> Option<i64> {
        let sign = if self.skip("+").is_some() {
            1
        } else {
            self.skip("-")?;
            -1
        };
        let hours = self.digits(2)?;
        let _ = self.skip(":");
        let minutes = self.digits(2)?;
        (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
    }

    /// An offset in digits, or a name, which says nothing and counts as UTC.
    fn zone(&mut self) -> Option<i64> {
        if self.rest.starts_with(['+', '-']) {
            return self.offset();
        }
        self.zone_name().map(|()| 0)
    }

    fn zone_name(&mut self) -> Option<()> {
        let width = self.rest.bytes().take_while(u8::is_ascii_uppercase).count();
        if !(1..=5).contains(&width) {
            return None;
        }
        self.take(width);
        Some(())
    }

    fn month(&mut self) -> Option<u8> {
        const MONTHS: [&str; 12] =
            ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
        let name = self.rest.get(..3)?.to_ascii_lowercase();
        let month = MONTHS.iter().position(|month| *month == name)?;
        self.take(3);
        Some(month as u8 + 1)
    }

    fn weekday(&mut self) -> Option<()> {
        const DAYS: [&str; 7] =
            ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
        let width = self.rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let name = self.take(width).to_ascii_lowercase();
        DAYS.iter().any(|day| *day == name || day[..3] == name).then_some(())
    }
}
