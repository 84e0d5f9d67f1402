//! Which part of a picture its thumbnail shows, and how large that becomes (contract A 4.2).

use crate::domain::files::thumb::{Fit, ThumbSize};

/// The part of a picture that is shown, in pixels of the picture, which need not be whole, and the
/// size that it is shown at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Layout {
    /// Pixels cut off on the left.
    pub left: f64,
    /// Pixels cut off at the top.
    pub top: f64,
    /// Width of the part that is shown.
    pub part_width: f64,
    /// Height of the part that is shown.
    pub part_height: f64,
    /// Width of the thumbnail.
    pub width: u32,
    /// Height of the thumbnail.
    pub height: u32,
}

/// The layout of a thumbnail of a picture that is seen `width` by `height`, neither of them 0.
///
/// Small pictures are enlarged, but for those that already fit inside (`f`). Sides that follow from
/// the ratio have at least a pixel, and may come out as long as the ratio of the picture has it.
pub fn layout(size: ThumbSize, width: u32, height: u32) -> Layout {
    let (wide, high) = (f64::from(width), f64::from(height));
    match (size.width(), size.height()) {
        (Some(to_width), Some(to_height)) if size.fit() == Fit::Inside => {
            let (to_width, to_height) = inside(width, height, to_width, to_height);
            whole(width, height, to_width, to_height)
        }
        (Some(to_width), Some(to_height)) => fill(size.fit(), wide, high, to_width, to_height),
        (Some(to_width), None) => {
            whole(width, height, to_width, pixels(f64::from(to_width) * high / wide))
        }
        (None, to_height) => {
            let to_height = to_height.unwrap_or(height);
            whole(width, height, pixels(f64::from(to_height) * wide / high), to_height)
        }
    }
}

/// To the nearest pixel, and one at least.
fn pixels(length: f64) -> u32 {
    (length.round() as u32).max(1)
}

fn whole(width: u32, height: u32, to_width: u32, to_height: u32) -> Layout {
    Layout {
        left: 0.0,
        top: 0.0,
        part_width: width.into(),
        part_height: height.into(),
        width: to_width,
        height: to_height,
    }
}

/// The largest size of the same ratio inside another one, no larger than the picture itself. The
/// side that follows is cut to a whole pixel, where elsewhere it is rounded: clients that lay out
/// by the reference's sizes expect both.
fn inside(width: u32, height: u32, most_width: u32, most_height: u32) -> (u32, u32) {
    if width <= most_width && height <= most_height {
        return (width, height);
    }
    let ratio = f64::from(width) / f64::from(height);
    if ratio > f64::from(most_width) / f64::from(most_height) {
        (most_width, ((f64::from(most_width) / ratio) as u32).max(1))
    } else {
        (((f64::from(most_height) * ratio) as u32).max(1), most_height)
    }
}

/// The largest part of the ratio that is asked for, at the place that `fit` says.
fn fill(fit: Fit, wide: f64, high: f64, to_width: u32, to_height: u32) -> Layout {
    let (across, down) = (f64::from(to_width), f64::from(to_height));
    let scale = (across / wide).max(down / high);
    let part_width = (across / scale).min(wide);
    let part_height = (down / scale).min(high);
    let spare = high - part_height;
    let top = match fit {
        Fit::Top => 0.0,
        Fit::Bottom => spare,
        Fit::Center | Fit::Inside => spare / 2.0,
    };
    let left = (wide - part_width) / 2.0;
    Layout { left, top, part_width, part_height, width: to_width, height: to_height }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(size: &str, width: u32, height: u32) -> Layout {
        layout(size.parse().unwrap(), width, height)
    }

    const SIZES: [&str; 9] =
        ["100x100", "30x60f", "60x30f", "300x200f", "0x40", "40x0", "0x1", "0x300", "300x0"];

    /// Sizes of pictures, and those that PocketBase 0.39.11 gave to their thumbnails.
    const AS_THE_ORIGINAL: [(u32, u32, &str); 9] = [
        (200, 100, "100x100 30x15 60x30 200x100 80x40 40x20 2x1 600x300 300x150"),
        (100, 200, "100x100 30x60 15x30 100x200 20x40 40x80 1x1 150x300 300x600"),
        (101, 33, "100x100 30x9 60x19 101x33 122x40 40x13 3x1 918x300 300x98"),
        (33, 101, "100x100 19x60 9x30 33x101 13x40 40x122 1x1 98x300 300x918"),
        (10, 10, "100x100 10x10 10x10 10x10 40x40 40x40 1x1 300x300 300x300"),
        (1, 500, "100x100 1x60 1x30 1x200 1x40 40x20000 1x1 1x300 300x150000"),
        (150, 100, "100x100 30x20 45x30 150x100 60x40 40x27 2x1 450x300 300x200"),
        (3, 1000, "100x100 1x60 1x30 1x200 1x40 40x13333 1x1 1x300 300x100000"),
        (1000, 3, "100x100 30x1 60x1 300x1 13333x40 40x1 333x1 100000x300 300x1"),
    ];

    #[test]
    fn thumbnails_are_as_large_as_those_of_the_original() {
        for (width, height, expected) in AS_THE_ORIGINAL {
            let found = SIZES.map(|size| {
                let layout = of(size, width, height);
                format!("{}x{}", layout.width, layout.height)
            });
            assert_eq!(found.join(" "), expected, "{width}x{height}");
        }
    }

    #[test]
    fn what_is_cut_off_depends_on_the_fit() {
        let part = |size: &str, width, height| {
            let layout = of(size, width, height);
            (layout.left, layout.top, layout.part_width, layout.part_height)
        };
        assert_eq!(part("50x50", 200, 100), (50.0, 0.0, 100.0, 100.0));
        assert_eq!(part("50x50t", 200, 100), (50.0, 0.0, 100.0, 100.0));
        assert_eq!(part("50x50", 100, 200), (0.0, 50.0, 100.0, 100.0));
        assert_eq!(part("50x50t", 100, 200), (0.0, 0.0, 100.0, 100.0));
        assert_eq!(part("50x50b", 100, 200), (0.0, 100.0, 100.0, 100.0));
        assert_eq!(part("50x50f", 100, 200), (0.0, 0.0, 100.0, 200.0));
        assert_eq!(part("0x50b", 100, 200), (0.0, 0.0, 100.0, 200.0));
    }

    proptest! {
        #[test]
        fn a_part_lies_in_the_picture(
            size in "(0|[1-9][0-9]{0,3})x[1-9][0-9]{0,3}[tbf]?",
            width in prop_oneof![1..40u32, 1..100_000u32],
            height in prop_oneof![1..40u32, 1..100_000u32],
        ) {
            let layout = of(&size, width, height);
            prop_assert!(layout.width > 0 && layout.height > 0);
            prop_assert!(layout.left >= 0.0 && layout.top >= 0.0);
            prop_assert!(layout.part_width > 0.0 && layout.part_height > 0.0);
            prop_assert!(layout.left + layout.part_width <= f64::from(width));
            prop_assert!(layout.top + layout.part_height <= f64::from(height));
        }
    }
}
