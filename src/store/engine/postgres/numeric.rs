//! PostgreSQL's `numeric`, which sums and averages of views are, as the number it stands for.

use crate::store::value::Value;

/// Bit pattern of the sign of a negative number; 0 is positive, all else is no finite number.
const NEGATIVE: u16 = 0x4000;

/// Reads the binary format: four 16-bit numbers (how many digits, weight of the first one, sign,
/// decimal places) and the digits, to the base of 10,000. Whole numbers that fit are whole.
pub(super) fn decode(bytes: &[u8]) -> Option<Value> {
    let mut words = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let count = usize::from(words.next()?);
    let weight = i32::from(words.next()?.cast_signed());
    let sign = words.next()?;
    let places = words.next()?;
    let digits: Vec<u16> = words.take(count).collect();
    if digits.len() != count {
        return None;
    }
    if sign != 0 && sign != NEGATIVE {
        return Some(Value::Real(f64::NAN));
    }
    let text = text(&digits, weight, sign == NEGATIVE, places);
    match text.parse::<i64>() {
        Ok(whole) => Some(Value::Int(whole)),
        Err(_) => text.parse().ok().map(Value::Real),
    }
}

/// The number in decimal, as exact as it is.
fn text(digits: &[u16], weight: i32, negative: bool, places: u16) -> String {
    let digit = |position: i32| {
        usize::try_from(position).ok().and_then(|at| digits.get(at)).copied().unwrap_or(0)
    };
    let mut text = String::from(if negative { "-" } else { "" });
    for position in 0..=weight {
        text.push_str(&format!("{:04}", digit(position)));
    }
    if weight < 0 {
        text.push('0');
    }
    if places > 0 {
        text.push('.');
        let groups = i32::from(places.div_ceil(4));
        for group in 0..groups {
            text.push_str(&format!("{:04}", digit(weight + 1 + group)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numeric(weight: i16, sign: u16, places: u16, digits: &[u16]) -> Option<Value> {
        let count = u16::try_from(digits.len()).unwrap();
        let words = [count, weight.cast_unsigned(), sign, places];
        let bytes: Vec<u8> =
            words.iter().chain(digits).flat_map(|word| word.to_be_bytes()).collect();
        decode(&bytes)
    }

    #[test]
    fn numbers_are_read_as_what_they_stand_for() {
        assert_eq!(numeric(0, 0, 0, &[]), Some(Value::Int(0)));
        assert_eq!(numeric(0, 0, 0, &[42]), Some(Value::Int(42)));
        assert_eq!(numeric(1, 0, 0, &[3]), Some(Value::Int(30_000)));
        assert_eq!(numeric(0, NEGATIVE, 2, &[1, 5000]), Some(Value::Real(-1.5)));
        assert_eq!(numeric(-1, 0, 4, &[25]), Some(Value::Real(0.0025)));
        assert_eq!(numeric(-2, 0, 8, &[25]), Some(Value::Real(0.000_000_25)));
        assert_eq!(numeric(5, 0, 0, &[1]), Some(Value::Real(1e20)));
        assert!(matches!(numeric(0, 0xC000, 0, &[]), Some(Value::Real(number)) if number.is_nan()));
        assert_eq!(decode(&[0, 1, 0, 0]), None, "cut short");
    }
}
