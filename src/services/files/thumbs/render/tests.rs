//! Pictures of these tests are drawn and encoded by them.

use image::codecs::webp::WebPEncoder;
use image::{GrayImage, ImageBuffer, Luma, Rgb, RgbImage, Rgba, RgbaImage};
use proptest::prelude::*;

use super::*;

const RED: [u8; 3] = [220, 30, 30];
const GREEN: [u8; 3] = [30, 200, 30];
const BLUE: [u8; 3] = [30, 30, 220];
const YELLOW: [u8; 3] = [220, 220, 30];

const FORMATS: [ImageFormat; 4] =
    [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP];

/// Red and green above, blue and yellow below.
fn quarters(width: u32, height: u32) -> DynamicImage {
    let colour = |x, y| match (x < width / 2, y < height / 2) {
        (true, true) => RED,
        (false, true) => GREEN,
        (true, false) => BLUE,
        (false, false) => YELLOW,
    };
    RgbImage::from_fn(width, height, |x, y| Rgb(colour(x, y))).into()
}

fn plain(colour: [u8; 4], width: u32, height: u32) -> RgbaImage {
    RgbaImage::from_pixel(width, height, Rgba(colour))
}

fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn made(bytes: &[u8], size: &str) -> Result<Thumb, RenderError> {
    render(Cursor::new(bytes), size.parse().unwrap(), Limits::default())
}

/// The thumbnail, read again.
fn seen(bytes: &[u8], size: &str) -> DynamicImage {
    image::load_from_memory(&made(bytes, size).unwrap().bytes).unwrap()
}

fn size_of(picture: &DynamicImage) -> (u32, u32) {
    (picture.width(), picture.height())
}

/// The names of the colours in the four corners, as one reads them.
fn corners(picture: &DynamicImage) -> String {
    let picture = picture.to_rgb8();
    let (right, bottom) = (picture.width() - 1, picture.height() - 1);
    let name = |(x, y)| {
        let pixel = picture.get_pixel(x, y).0;
        let near = |colour: [u8; 3]| (0..3).all(|at| pixel[at].abs_diff(colour[at]) < 60);
        match pixel {
            _ if near(RED) => 'r',
            _ if near(GREEN) => 'g',
            _ if near(BLUE) => 'b',
            _ if near(YELLOW) => 'y',
            _ => '?',
        }
    };
    [(0, 0), (right, 0), (0, bottom), (right, bottom)].map(name).iter().collect()
}

/// The EXIF block of a picture that says nothing but its orientation.
fn exif(orientation: u8) -> Vec<u8> {
    let mut block = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    block.extend([orientation, 0, 0, 0, 0, 0, 0]);
    block
}

fn photograph(picture: &DynamicImage, orientation: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 95);
    encoder.set_exif_metadata(exif(orientation)).unwrap();
    picture.write_with_encoder(encoder).unwrap();
    bytes
}

fn animation(frames: &[RgbaImage]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new(&mut bytes);
    encoder.encode_frames(frames.iter().cloned().map(Frame::new)).unwrap();
    drop(encoder);
    bytes
}

/// A moving WebP: the pictures of still ones, packed as frames.
fn moving_webp(frames: &[RgbaImage]) -> Vec<u8> {
    fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
        let length = u32::try_from(data.len()).unwrap().to_le_bytes();
        let padding = [0].repeat(data.len() % 2);
        [name.as_slice(), &length, data, &padding].concat()
    }
    let edge = |length: u32| (length - 1).to_le_bytes()[..3].to_vec();
    let (width, height) = (edge(frames[0].width()), edge(frames[0].height()));
    let mut body = chunk(b"VP8X", &[&[0x12, 0, 0, 0][..], &width, &height].concat());
    body.extend(chunk(b"ANIM", &[0; 6]));
    for frame in frames {
        let mut still = Vec::new();
        frame.write_with_encoder(WebPEncoder::new_lossless(&mut still)).unwrap();
        let head = [&[0; 6][..], &width, &height, &[100, 0, 0, 0]].concat();
        body.extend(chunk(b"ANMF", &[&head, &still[12..]].concat()));
    }
    chunk(b"RIFF", &[b"WEBP".as_slice(), &body].concat())
}

/// A PNG whose header says this size, with hardly any pixels behind it.
fn boasting_png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = encoded(&quarters(4, 4), ImageFormat::Png);
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let sum = crc32fast::hash(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&sum.to_be_bytes());
    bytes
}

/// A JPEG whose frame header says this size.
fn boasting_jpeg(width: u16, height: u16) -> Vec<u8> {
    let mut bytes = encoded(&quarters(16, 16), ImageFormat::Jpeg);
    let at = bytes.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    bytes[at + 5..at + 7].copy_from_slice(&height.to_be_bytes());
    bytes[at + 7..at + 9].copy_from_slice(&width.to_be_bytes());
    bytes
}

#[test]
fn every_format_comes_out_in_its_own() {
    for format in FORMATS {
        let bytes = encoded(&quarters(200, 100), format);
        let thumb = made(&bytes, "100x100").unwrap();
        let expected = match format {
            ImageFormat::Jpeg => "image/jpeg",
            ImageFormat::Gif => "image/gif",
            _ => "image/png",
        };
        assert_eq!(thumb.mime, expected);
        let found = image::guess_format(&thumb.bytes).unwrap();
        assert_eq!(found.to_mime_type(), expected);
        let picture = image::load_from_memory(&thumb.bytes).unwrap();
        assert_eq!(size_of(&picture), (100, 100));
        assert_eq!(corners(&picture), "rgby", "{format:?}");
    }
}

/// Sizes and what is seen in the corners, as PocketBase 0.39.11 makes them.
#[test]
fn every_size_shows_its_part() {
    let (wide, tall) = (quarters(200, 100), quarters(100, 200));
    let expected = [
        (&wide, "50x50", (50, 50), "rgby"),
        (&wide, "50x50t", (50, 50), "rgby"),
        (&wide, "60x30f", (60, 30), "rgby"),
        (&wide, "30x60f", (30, 15), "rgby"),
        (&wide, "0x40", (80, 40), "rgby"),
        (&wide, "40x0", (40, 20), "rgby"),
        (&wide, "300x300", (300, 300), "rgby"),
        (&wide, "300x200f", (200, 100), "rgby"),
        (&wide, "0x300", (600, 300), "rgby"),
        (&wide, "90x40t", (90, 40), "rgby"),
        (&tall, "50x50", (50, 50), "rgby"),
        (&tall, "50x50t", (50, 50), "rgrg"),
        (&tall, "50x50b", (50, 50), "byby"),
        (&tall, "80x20t", (80, 20), "rgrg"),
        (&tall, "80x20b", (80, 20), "byby"),
        (&tall, "60x30f", (15, 30), "rgby"),
    ];
    for (picture, size, dimensions, colours) in expected {
        let thumb = seen(&encoded(picture, ImageFormat::Png), size);
        assert_eq!(size_of(&thumb), dimensions, "{size}");
        assert_eq!(corners(&thumb), colours, "{size}");
    }
}

#[test]
fn the_thinnest_pictures_have_a_thumbnail() {
    for (width, height) in [(1, 1), (1, 500), (500, 1), (3, 1000), (1000, 3)] {
        for size in ["100x100", "30x60", "60x30b", "30x60f", "1x1"] {
            let thumb = seen(&encoded(&quarters(width, height), ImageFormat::Png), size);
            assert!(thumb.width() <= 100 && thumb.height() <= 100);
        }
    }
}

#[test]
fn photographs_are_turned_as_they_are_seen() {
    let expected = ["rgby", "gryb", "ybgr", "byrg", "rbgy", "bryg", "ygbr", "gyrb"];
    for (orientation, colours) in (1..).zip(expected) {
        let bytes = photograph(&quarters(160, 80), orientation);
        let turned = orientation > 4;
        let thumb = seen(&bytes, "80x0");
        assert_eq!(size_of(&thumb), if turned { (80, 160) } else { (80, 40) }, "{orientation}");
        assert_eq!(corners(&thumb), colours, "{orientation}");
        assert_eq!(corners(&seen(&bytes, "50x50")), colours, "{orientation}");
        let top = if turned { &colours[..2] } else { colours };
        assert!(corners(&seen(&bytes, "50x50t")).starts_with(top), "{orientation}");
        assert_eq!(dimensions(Cursor::new(&bytes), Limits::default()).unwrap(), (160, 80));
    }
    let unknown = photograph(&quarters(160, 80), 9);
    assert_eq!(corners(&seen(&unknown, "80x0")), "rgby");
}

/// The smallest photograph that says how it is held, byte for byte: 8 by 8 and grey, with an EXIF
/// block in the order of bytes that cameras of one half of the world write.
#[test]
fn an_orientation_is_read_in_either_order_of_bytes() {
    let grey = encoded(
        &DynamicImage::from(GrayImage::from_fn(8, 16, |_, y| Luma([if y < 8 { 250 } else { 5 }]))),
        ImageFormat::Jpeg,
    );
    let block =
        b"\xff\xe1\0\x22Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    let bytes = [&grey[..2], block, &grey[2..]].concat();
    let thumb = seen(&bytes, "16x0").to_luma8();
    assert_eq!(thumb.dimensions(), (16, 8));
    assert!(thumb.get_pixel(0, 4).0[0] < 60 && thumb.get_pixel(15, 4).0[0] > 200);
}

#[test]
fn what_is_clear_stays_clear() {
    let mut picture = plain([200, 0, 0, 255], 80, 80);
    for (x, _, pixel) in picture.enumerate_pixels_mut() {
        if x < 40 {
            pixel.0 = [0, 255, 0, 0];
        }
    }
    for format in [ImageFormat::Png, ImageFormat::Gif, ImageFormat::WebP] {
        let thumb = seen(&encoded(&picture.clone().into(), format), "20x20").to_rgba8();
        assert_eq!(thumb.get_pixel(2, 10).0[3], 0, "{format:?}");
        let [red, green, _, alpha] = thumb.get_pixel(11, 10).0;
        assert!(red > 150 && green < 30 && alpha == 255, "{format:?}: no rim of what is clear");
    }
    let veil = encoded(&plain([10, 20, 30, 128], 40, 40).into(), ImageFormat::Png);
    assert_eq!(seen(&veil, "10x10").to_rgba8().get_pixel(5, 5).0, [10, 20, 30, 128]);
}

#[test]
fn of_an_animation_the_first_frame_is_seen() {
    let [red, _, blue, _] =
        [RED, GREEN, BLUE, YELLOW].map(|[r, g, b]| plain([r, g, b, 255], 60, 40));
    for bytes in [animation(&[red.clone(), blue.clone()]), moving_webp(&[red, blue])] {
        let thumb = seen(&bytes, "30x30");
        assert_eq!((size_of(&thumb), corners(&thumb)), ((30, 30), "rrrr".to_owned()));
    }
}

#[test]
fn every_depth_is_shown_in_eight_bits() {
    let deep: ImageBuffer<Rgba<u16>, _> =
        ImageBuffer::from_pixel(40, 40, Rgba([65535, 0, 0, 32896]));
    let thumb = seen(&encoded(&deep.into(), ImageFormat::Png), "10x10");
    assert_eq!(thumb.color(), ColorType::Rgba8);
    assert_eq!(thumb.to_rgba8().get_pixel(5, 5).0, [255, 0, 0, 128]);
    let grey: ImageBuffer<Luma<u16>, _> = ImageBuffer::from_pixel(40, 40, Luma([32896]));
    let thumb = seen(&encoded(&grey.into(), ImageFormat::Png), "10x10");
    assert_eq!(thumb.color(), ColorType::L8);
    let grey = encoded(&DynamicImage::from(GrayImage::new(40, 40)), ImageFormat::Jpeg);
    assert_eq!(seen(&grey, "10x10").color(), ColorType::L8);
}

#[test]
fn colours_keep_their_profile() {
    let profile_of = |space: &[u8; 4], size: usize| {
        let mut profile = vec![0; size];
        profile[16..20].copy_from_slice(space);
        let mut bytes = Vec::new();
        let mut encoder = JpegEncoder::new(&mut bytes);
        encoder.set_icc_profile(profile).unwrap();
        quarters(40, 40).write_with_encoder(encoder).unwrap();
        let thumb = made(&bytes, "10x10").unwrap().bytes;
        let mut decoder =
            ImageReader::with_format(Cursor::new(thumb), ImageFormat::Jpeg).into_decoder();
        decoder.as_mut().unwrap().icc_profile().unwrap().map(|profile| profile.len())
    };
    assert_eq!(profile_of(b"RGB ", 500), Some(500));
    assert_eq!(profile_of(b"CMYK", 500), None);
    assert_eq!(profile_of(b"RGB ", MOST_PROFILE + 1), None);
}

#[test]
fn pictures_that_boast_are_refused_unread() {
    let too_large = |bytes: &[u8]| {
        let made = made(bytes, "100x100");
        assert!(matches!(made, Err(RenderError::TooLarge)), "{made:?}");
        let read = dimensions(Cursor::new(bytes), Limits::default());
        assert!(matches!(read, Err(RenderError::TooLarge)), "{read:?}");
    };
    too_large(&boasting_png(50_000, 50_000));
    too_large(&boasting_png(i32::MAX as u32, i32::MAX as u32));
    too_large(&boasting_png(50_000_001, 1));
    too_large(&boasting_jpeg(65_535, 65_535));
    let mut canvas = encoded(&quarters(4, 4), ImageFormat::Gif);
    canvas[6..10].fill(255);
    too_large(&canvas);
    assert!(made(&boasting_png(0, 0), "100x100").is_err());
}

#[test]
fn a_frame_may_not_be_larger_than_all_pictures() {
    let mut bytes = encoded(&quarters(4, 4), ImageFormat::Gif);
    let frame = bytes.windows(5).position(|at| at == b"\x2c\0\0\0\0").unwrap();
    bytes[frame + 5..frame + 9].fill(255);
    let made = made(&bytes, "100x100");
    assert!(matches!(made, Err(RenderError::TooLarge | RenderError::Broken(_))), "{made:?}");
}

#[test]
fn limits_are_kept() {
    let bytes = encoded(&quarters(200, 100), ImageFormat::Png);
    let limited =
        |limits: Limits, size: &str| render(Cursor::new(&bytes), size.parse().unwrap(), limits);
    let all = Limits::default();
    assert!(limited(Limits { pixels: 20_000, ..all }, "10x10").is_ok());
    assert!(matches!(
        limited(Limits { pixels: 19_999, ..all }, "10x10"),
        Err(RenderError::TooLarge)
    ));
    assert!(matches!(limited(Limits { bytes: 20, ..all }, "10x10"), Err(RenderError::TooLarge)));
    assert!(limited(Limits { thumb_pixels: 5000, ..all }, "0x50").is_ok());
    assert!(matches!(
        limited(Limits { thumb_pixels: 4999, ..all }, "0x50"),
        Err(RenderError::TooLarge)
    ));
    let line = encoded(&quarters(500, 1), ImageFormat::Png);
    assert!(matches!(made(&line, "0x300"), Err(RenderError::TooLarge)));
    let photograph = memory_needed(ThumbSize::DEFAULT, 8000, 6000);
    assert!((500 << 20..600 << 20).contains(&photograph), "{photograph}");
    assert_eq!(memory_needed("0x300".parse().unwrap(), 1, 500), 500 * 12 + 150_000 * 300 * 16);
    assert_eq!(memory_needed("9x9".parse().unwrap(), u32::MAX, u32::MAX), u64::MAX);
}

#[test]
fn what_is_no_picture_is_refused() {
    for bytes in
        [&b""[..], b"hello", b"<svg></svg>", b"BM123456789012345678901234567890", b"%PDF-1.4"]
    {
        assert!(matches!(made(bytes, "10x10"), Err(RenderError::Unsupported)), "{bytes:?}");
    }
    for start in [&b"\x89PNG\r\n\x1a\n"[..], b"\xff\xd8\xff", b"GIF89a", b"RIFF\0\0\0\0WEBP"] {
        assert!(matches!(made(start, "10x10"), Err(RenderError::Broken(_))), "{start:?}");
    }
}

#[test]
fn half_a_picture_is_an_error_or_half_a_picture() {
    for format in FORMATS {
        let bytes = encoded(&quarters(64, 48), format);
        for length in (0..bytes.len()).step_by(1 + bytes.len() / 60) {
            if let Ok(thumb) = made(&bytes[..length], "16x0") {
                let picture = image::load_from_memory(&thumb.bytes).unwrap();
                assert_eq!(size_of(&picture), (16, 12), "{format:?} {length}");
            }
        }
    }
}

#[test]
fn a_source_that_fails_is_not_a_broken_picture() {
    struct Failing(Cursor<Vec<u8>>);
    impl io::Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    impl BufRead for Failing {
        fn fill_buf(&mut self) -> io::Result<&[u8]> {
            Err(io::Error::other("the disk is gone"))
        }
        fn consume(&mut self, _: usize) {}
    }
    impl Seek for Failing {
        fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
            self.0.seek(position)
        }
    }
    let source = Failing(Cursor::new(vec![0; 100]));
    let made = render(source, ThumbSize::DEFAULT, Limits::default());
    assert!(matches!(made, Err(RenderError::Io(_))), "{made:?}");
}

const ORIENTATIONS: [Orientation; 8] = [
    Orientation::NoTransforms,
    Orientation::Rotate90,
    Orientation::Rotate180,
    Orientation::Rotate270,
    Orientation::FlipHorizontal,
    Orientation::FlipVertical,
    Orientation::Rotate90FlipH,
    Orientation::Rotate270FlipH,
];

proptest! {
    #[test]
    fn turning_the_thumbnail_is_turning_the_picture(
        width in 1..60u32,
        height in 1..60u32,
        size in "(0|[1-9][0-9]?)x[1-9][0-9]?[tbf]?",
        orientation in proptest::sample::select(&ORIENTATIONS[..]),
    ) {
        let size: ThumbSize = size.parse().unwrap();
        let picture: DynamicImage = RgbImage::from_fn(width, height, |x, y| {
            Rgb([(x * 4) as u8, (y * 4) as u8, (x * y / 16) as u8])
        }).into();
        let seen = seen_layout(size, width, height, orientation);
        let turned_after = draw(&picture, seen, orientation).unwrap().into_rgb8();
        let mut turned = picture;
        turned.apply_orientation(orientation);
        let seen = seen_layout(size, turned.width(), turned.height(), Orientation::NoTransforms);
        let turned_before = draw(&turned, seen, Orientation::NoTransforms).unwrap().into_rgb8();
        prop_assert_eq!(turned_after.dimensions(), turned_before.dimensions());
        for (after, before) in turned_after.pixels().zip(turned_before.pixels()) {
            let near = after.0.iter().zip(before.0).all(|(after, before)| after.abs_diff(before) <= 4);
            prop_assert!(near, "{:?} {:?}", after, before);
        }
    }

    #[test]
    fn a_damaged_picture_does_no_damage(
        format in proptest::sample::select(&FORMATS[..]),
        damages in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
    ) {
        let mut bytes = encoded(&quarters(24, 16), format);
        for (place, byte) in damages {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let limits = Limits { pixels: 1 << 20, ..Limits::default() };
        if let Ok(thumb) = render(Cursor::new(&bytes), ThumbSize::DEFAULT, limits) {
            prop_assert_eq!(size_of(&image::load_from_memory(&thumb.bytes).unwrap()), (100, 100));
        }
    }

    #[test]
    fn any_bytes_end_in_an_answer(
        start in prop_oneof![
            Just(&b""[..]), Just(&b"\x89PNG\r\n\x1a\n"[..]), Just(&b"\xff\xd8\xff"[..]),
            Just(&b"GIF89a\x08\0\x08\0"[..]), Just(&b"RIFF\x40\0\0\0WEBPVP8L"[..]),
        ],
        rest in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let limits = Limits { pixels: 1 << 20, ..Limits::default() };
        let _ = render(Cursor::new([start, &rest].concat()), ThumbSize::DEFAULT, limits);
    }
}
