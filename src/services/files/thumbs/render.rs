//! Makes thumbnails (contract A 4.2): one picture in, one out. Blocks, and takes the memory that
//! [`memory_needed`] tells: whoever calls it sees to the thread and to how many run at once.
//!
//! Pictures come from strangers. Their size is looked at before anything is unpacked, and a file
//! that is broken, larger than it says, or made to cost much, ends in an error.

use std::io::{self, BufRead, Cursor, Seek, SeekFrom};

use fast_image_resize::{ResizeOptions, Resizer};
use image::codecs::gif::GifEncoder;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::metadata::Orientation;
use image::{
    ColorType, DynamicImage, Frame, ImageDecoder, ImageEncoder, ImageError, ImageFormat,
    ImageReader,
};

use crate::domain::files::layout::{Layout, layout};
use crate::domain::files::thumb::ThumbSize;
use crate::services::BoxError;

/// High enough that a small picture shows no blocks.
const JPEG_QUALITY: u8 = 90;

/// Between colours that are as good as the slowest and a search that takes ten times as long.
const GIF_SPEED: i32 = 10;

/// Most bytes of a colour profile that is handed on; larger ones are of printers.
const MOST_PROFILE: usize = 16 << 10;

/// Most bytes that a pixel of the picture takes at once: a progressive JPEG holds its coefficients
/// beside the picture, a GIF its frame beside the canvas, sixteen bits a channel are made eight in a
/// copy, and what has an alpha channel is multiplied by it in a copy, beside rows half done.
const PICTURE_BYTES: u64 = 12;

/// The same for a pixel of the thumbnail: rows half done, the thumbnail, turned, and encoded.
const THUMB_BYTES: u64 = 16;

/// What a picture may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of the file: some formats are read whole before they say their size.
    pub bytes: u64,
    /// Most pixels of the picture.
    pub pixels: u64,
    /// Most pixels of the thumbnail.
    pub thumb_pixels: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 64 << 20, pixels: 50_000_000, thumb_pixels: 16_000_000 }
    }
}

/// A thumbnail, ready to be stored and served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thumb {
    /// The file.
    pub bytes: Vec<u8>,
    /// Its content type: that of the picture, PNG for WebP.
    pub mime: &'static str,
}

/// Why there is no thumbnail.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// No PNG, JPEG, GIF or WebP, or one of a kind that is not known.
    #[error("this is not a picture that thumbnails are made of")]
    Unsupported,
    /// The picture, its file or the thumbnail is above the limits.
    #[error("the picture or its thumbnail is too large")]
    TooLarge,
    /// The file is not what it says it is, or ends too early.
    #[error("the picture is broken")]
    Broken(#[source] BoxError),
    /// The file could not be read, which another time it may.
    #[error("the picture could not be read")]
    Io(#[source] io::Error),
}

impl From<io::Error> for RenderError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData => Self::Broken(error.into()),
            _ => Self::Io(error),
        }
    }
}

impl From<ImageError> for RenderError {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::Limits(_) => Self::TooLarge,
            ImageError::Unsupported(_) => Self::Unsupported,
            ImageError::IoError(error) => error.into(),
            ImageError::Decoding(_) | ImageError::Encoding(_) | ImageError::Parameter(_) => {
                Self::Broken(error.into())
            }
        }
    }
}

/// About the most bytes that [`render`] holds at once for a picture stored `width` by `height`,
/// beside its file.
pub fn memory_needed(size: ThumbSize, width: u32, height: u32) -> u64 {
    // Which way the picture is turned is not known yet.
    let thumb_pixels = [layout(size, width, height), layout(size, height, width)]
        .map(|layout| u64::from(layout.width) * u64::from(layout.height));
    let thumb_bytes = thumb_pixels[0].max(thumb_pixels[1]).saturating_mul(THUMB_BYTES);
    (u64::from(width) * u64::from(height)).saturating_mul(PICTURE_BYTES).saturating_add(thumb_bytes)
}

/// Reads the width and the height of a picture, as they are stored, without unpacking it.
///
/// # Errors
/// As [`render`].
pub fn dimensions(source: impl BufRead + Seek, limits: Limits) -> Result<(u32, u32), RenderError> {
    open(source, limits).map(|(_, decoder)| decoder.dimensions())
}

/// Makes the thumbnail of a picture, seen as its orientation says; of an animation the first frame.
///
/// # Errors
/// When `source` is no picture, is broken, or is above the limits.
pub fn render(
    source: impl BufRead + Seek,
    size: ThumbSize,
    limits: Limits,
) -> Result<Thumb, RenderError> {
    let (format, mut decoder) = open(source, limits)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let profile = decoder.icc_profile().ok().flatten();
    let (width, height) = decoder.dimensions();
    let layout = seen_layout(size, width, height, orientation);
    if u64::from(layout.width) * u64::from(layout.height) > limits.thumb_pixels {
        return Err(RenderError::TooLarge);
    }
    let picture = of_eight_bits(DynamicImage::from_decoder(decoder)?);
    let thumb = draw(&picture, layout, orientation)?;
    drop(picture);
    encode(thumb, format, profile)
}

/// A decoder that has read the head of the picture, which is within the limits.
fn open<'a>(
    mut source: impl BufRead + Seek + 'a,
    limits: Limits,
) -> Result<(ImageFormat, impl ImageDecoder + 'a), RenderError> {
    if source.seek(SeekFrom::End(0))? > limits.bytes {
        return Err(RenderError::TooLarge);
    }
    source.rewind()?;
    let mut reader = ImageReader::new(source).with_guessed_format()?;
    let format = match reader.format() {
        Some(
            format @ (ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::Gif | ImageFormat::WebP),
        ) => format,
        _ => return Err(RenderError::Unsupported),
    };
    let mut bounds = image::Limits::default();
    bounds.max_alloc = Some(limits.pixels.saturating_mul(PICTURE_BYTES));
    reader.limits(bounds);
    let decoder = reader.into_decoder()?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err(RenderError::Broken("the picture has no pixels".into()));
    }
    if u64::from(width) * u64::from(height) > limits.pixels {
        return Err(RenderError::TooLarge);
    }
    Ok((format, decoder))
}

/// Whether a picture lies on its side until it is turned.
const fn on_its_side(orientation: Orientation) -> bool {
    matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    )
}

/// The layout of the picture as it is seen.
fn seen_layout(size: ThumbSize, width: u32, height: u32, orientation: Orientation) -> Layout {
    if on_its_side(orientation) { layout(size, height, width) } else { layout(size, width, height) }
}

/// Shrinks the part that `seen` names, and turns what comes out rather than what goes in, which is
/// a hundred times as large.
fn draw(
    picture: &DynamicImage,
    seen: Layout,
    orientation: Orientation,
) -> Result<DynamicImage, RenderError> {
    let stored = stored_layout(seen, picture.width().into(), picture.height().into(), orientation);
    let mut thumb = DynamicImage::new(stored.width, stored.height, picture.color());
    let options =
        ResizeOptions::new().crop(stored.left, stored.top, stored.part_width, stored.part_height);
    Resizer::new()
        .resize(picture, &mut thumb, &options)
        .map_err(|error| RenderError::Broken(error.into()))?;
    thumb.apply_orientation(orientation);
    Ok(thumb)
}

/// Where the part that `seen` names lies in a picture that is stored `width` by `height`, before it
/// is turned.
fn stored_layout(seen: Layout, width: f64, height: f64, orientation: Orientation) -> Layout {
    let turned = on_its_side(orientation);
    let mut stored = seen;
    if turned {
        (stored.left, stored.top) = (seen.top, seen.left);
        (stored.part_width, stored.part_height) = (seen.part_height, seen.part_width);
        (stored.width, stored.height) = (seen.height, seen.width);
    }
    let (mirrored, upside_down) = match orientation {
        Orientation::NoTransforms | Orientation::Rotate90FlipH => (false, false),
        Orientation::FlipHorizontal | Orientation::Rotate270 => (true, false),
        Orientation::FlipVertical | Orientation::Rotate90 => (false, true),
        Orientation::Rotate180 | Orientation::Rotate270FlipH => (true, true),
    };
    if mirrored {
        stored.left = (width - stored.left - stored.part_width).max(0.0);
    }
    if upside_down {
        stored.top = (height - stored.top - stored.part_height).max(0.0);
    }
    stored.part_width = stored.part_width.min(width - stored.left);
    stored.part_height = stored.part_height.min(height - stored.top);
    stored
}

fn encode(
    thumb: DynamicImage,
    format: ImageFormat,
    profile: Option<Vec<u8>>,
) -> Result<Thumb, RenderError> {
    let mut bytes = Cursor::new(Vec::new());
    let mime = match format {
        ImageFormat::Gif => {
            let frame = Frame::new(without_shades(thumb));
            GifEncoder::new_with_speed(&mut bytes, GIF_SPEED).encode_frame(frame)?;
            "image/gif"
        }
        ImageFormat::Jpeg => {
            let encoder = JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY);
            write(&thumb, encoder, profile)?;
            "image/jpeg"
        }
        _ => {
            write(&thumb, PngEncoder::new(&mut bytes), profile)?;
            "image/png"
        }
    };
    Ok(Thumb { bytes: bytes.into_inner(), mime })
}

/// Writes the file with the profile that the colours of the picture are meant in, without which a
/// photograph in wide colours turns pale.
fn write(
    thumb: &DynamicImage,
    mut encoder: impl ImageEncoder,
    profile: Option<Vec<u8>>,
) -> Result<(), RenderError> {
    let space: &[u8] = if thumb.color().has_color() { b"RGB " } else { b"GRAY" };
    let fits =
        |profile: &Vec<u8>| profile.len() <= MOST_PROFILE && profile.get(16..20) == Some(space);
    if let Some(profile) = profile.filter(fits) {
        // An encoder without a place for it writes the picture alone.
        let _ = encoder.set_icc_profile(profile);
    }
    Ok(thumb.write_with_encoder(encoder)?)
}

/// Eight bits a channel, which is all that a screen shows of a small picture.
fn of_eight_bits(picture: DynamicImage) -> DynamicImage {
    match picture.color() {
        ColorType::L8 | ColorType::L16 => picture.into_luma8().into(),
        ColorType::La8 | ColorType::La16 => picture.into_luma_alpha8().into(),
        ColorType::Rgb8 | ColorType::Rgb16 | ColorType::Rgb32F => picture.into_rgb8().into(),
        _ => picture.into_rgba8().into(),
    }
}

/// A pixel of a GIF is seen or not seen: what is mostly seen is.
fn without_shades(thumb: DynamicImage) -> image::RgbaImage {
    let mut thumb = thumb.into_rgba8();
    for pixel in thumb.pixels_mut() {
        pixel.0 = if pixel.0[3] < 128 { [0; 4] } else { [pixel.0[0], pixel.0[1], pixel.0[2], 255] };
    }
    thumb
}

#[cfg(test)]
mod tests;
