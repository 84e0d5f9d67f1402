//! Sizes of thumbnails (contract A 4.2): the only place that knows how they are written.

use std::fmt;
use std::str::FromStr;

/// Longest side that can be asked for.
pub const LONGEST_SIDE: u32 = 10_000;

/// How a picture comes to have both sides that are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fit {
    /// Filled, and cut alike on both ends.
    Center,
    /// Filled, and cut at the bottom: `t` keeps the top.
    Top,
    /// Filled, and cut at the top: `b` keeps the bottom.
    Bottom,
    /// Nothing is cut: `f` makes the picture as large as fits inside.
    Inside,
}

/// The size of a thumbnail: one side at least, each at most [`LONGEST_SIDE`]. A side that is 0
/// follows from the other one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ThumbSize {
    width: u32,
    height: u32,
    fit: Fit,
}

/// Why a text is not a size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ThumbFault {
    /// It is not `WxH` with an optional `t`, `b` or `f` behind it.
    #[error("must be a size such as 100x100, 100x100t, 100x100b, 100x100f, 0x100 or 100x0")]
    Format,
    /// Both sides are 0.
    #[error("a thumbnail needs a width or a height")]
    NoSide,
    /// A side is longer than [`LONGEST_SIDE`].
    #[error("a side of a thumbnail is at most {LONGEST_SIDE} pixels long")]
    TooLong,
}

impl ThumbSize {
    /// The size that every file field has.
    pub const DEFAULT: Self = Self { width: 100, height: 100, fit: Fit::Center };

    /// The width, nothing when it follows from the height.
    pub const fn width(self) -> Option<u32> {
        if self.width == 0 { None } else { Some(self.width) }
    }

    /// The height, nothing when it follows from the width.
    pub const fn height(self) -> Option<u32> {
        if self.height == 0 { None } else { Some(self.height) }
    }

    /// How both sides are reached; without meaning where one follows from the other.
    pub const fn fit(self) -> Fit {
        self.fit
    }
}

impl FromStr for ThumbSize {
    type Err = ThumbFault;

    fn from_str(text: &str) -> Result<Self, ThumbFault> {
        let (sides, fit) = match text.as_bytes().last() {
            Some(b't') => (&text[..text.len() - 1], Fit::Top),
            Some(b'b') => (&text[..text.len() - 1], Fit::Bottom),
            Some(b'f') => (&text[..text.len() - 1], Fit::Inside),
            _ => (text, Fit::Center),
        };
        let (width, height) = sides.split_once('x').ok_or(ThumbFault::Format)?;
        let (width, height) = (side(width)?, side(height)?);
        if width == 0 && height == 0 {
            return Err(ThumbFault::NoSide);
        }
        if width.max(height) > LONGEST_SIDE {
            return Err(ThumbFault::TooLong);
        }
        Ok(Self { width, height, fit })
    }
}

/// A side of digits; one that no number holds is as good as too long.
fn side(text: &str) -> Result<u32, ThumbFault> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ThumbFault::Format);
    }
    Ok(text.parse().unwrap_or(u32::MAX))
}

impl fmt::Display for ThumbSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let suffix = match self.fit {
            Fit::Center => "",
            Fit::Top => "t",
            Fit::Bottom => "b",
            Fit::Inside => "f",
        };
        write!(f, "{}x{}{suffix}", self.width, self.height)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_form_is_read_and_written_back() {
        let read = |text: &str| {
            let size: ThumbSize = text.parse().unwrap();
            assert_eq!(size.to_string(), text);
            (size.width(), size.height(), size.fit())
        };
        assert_eq!(read("100x200"), (Some(100), Some(200), Fit::Center));
        assert_eq!(read("100x200t"), (Some(100), Some(200), Fit::Top));
        assert_eq!(read("100x200b"), (Some(100), Some(200), Fit::Bottom));
        assert_eq!(read("100x200f"), (Some(100), Some(200), Fit::Inside));
        assert_eq!(read("0x200"), (None, Some(200), Fit::Center));
        assert_eq!(read("100x0t"), (Some(100), None, Fit::Top));
        assert_eq!("100x100".parse(), Ok(ThumbSize::DEFAULT));
        assert_eq!("0100x00100".parse(), Ok(ThumbSize::DEFAULT));
        assert_eq!(read("10000x1").0, Some(LONGEST_SIDE));
    }

    #[test]
    fn what_is_no_size_says_why() {
        let fault = |text: &str| text.parse::<ThumbSize>().unwrap_err();
        for text in
            ["", "x", "t", "100", "100x", "x100", "axb", "100x100F", "100x100tt", "100x100x100"]
        {
            assert_eq!(fault(text), ThumbFault::Format, "{text}");
        }
        for text in ["-1x100", "+1x100", "1.5x2", "100 x100", " 100x100", "١x1", "100×100", "1xé"]
        {
            assert_eq!(fault(text), ThumbFault::Format, "{text}");
        }
        for text in ["0x0", "0x0t", "0x0b", "0x0f", "00x000"] {
            assert_eq!(fault(text), ThumbFault::NoSide, "{text}");
        }
        for text in ["10001x1", "0x10001", "99999999999999999999x1"] {
            assert_eq!(fault(text), ThumbFault::TooLong, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in prop_oneof![".{0,12}", "[0-9]{1,6}x[0-9]{1,6}[tbf]?"]) {
            if let Ok(size) = text.parse::<ThumbSize>() {
                prop_assert!(size.width().is_some() || size.height().is_some());
                prop_assert_eq!(size.to_string().parse(), Ok(size));
            }
        }
    }
}
