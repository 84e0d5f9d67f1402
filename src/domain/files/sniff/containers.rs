//! Types that share a container: what is in it, or what it says of itself, tells them apart.

use super::Content;

const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const PPTX: &str = "application/vnd.openxmlformats-officedocument.presentationml.presentation";

pub(super) fn sniff(head: &[u8]) -> Option<Content> {
    zip(head)
        .or_else(|| riff(head))
        .or_else(|| brand(head))
        .or_else(|| ogg(head))
        .or_else(|| ebml(head))
}

/// Archives, and documents and programs that are archives.
fn zip(head: &[u8]) -> Option<Content> {
    if head.starts_with(b"PK\x05\x06") || head.starts_with(b"PK\x07\x08") {
        return Some(Content::of("application/zip", ".zip"));
    }
    if !head.starts_with(b"PK\x03\x04") {
        return None;
    }
    let names = entries(head);
    let first = names.first().copied().unwrap_or_default();
    let content = if first == b"mimetype" {
        declared(head)
    } else if first.starts_with(b"META-INF/") {
        Some(Content::of("application/java-archive", ".jar"))
    } else if first == b"AndroidManifest.xml" {
        Some(Content::of("application/vnd.android.package-archive", ".apk"))
    } else {
        office(first, &names)
    };
    Some(content.unwrap_or(Content::of("application/zip", ".zip")))
}

/// Names of the entries of an archive as far as they begin in `head`.
fn entries(head: &[u8]) -> Vec<&[u8]> {
    let mut names = Vec::new();
    let mut rest = head;
    while let Some(at) = rest.windows(4).position(|bytes| bytes == b"PK\x03\x04") {
        rest = &rest[at..];
        let Some(&[low, high]) = rest.get(26..28) else { break };
        let length = usize::from(u16::from_le_bytes([low, high]));
        let name = &rest[30.min(rest.len())..];
        names.push(&name[..length.min(name.len())]);
        rest = &rest[4..];
    }
    names
}

/// What the first entry, which is stored as it is, says that the archive is.
fn declared(head: &[u8]) -> Option<Content> {
    const TYPES: [(&[u8], &str, &str); 4] = [
        (b"application/epub+zip", "application/epub+zip", ".epub"),
        (
            b"application/vnd.oasis.opendocument.text",
            "application/vnd.oasis.opendocument.text",
            ".odt",
        ),
        (
            b"application/vnd.oasis.opendocument.spreadsheet",
            "application/vnd.oasis.opendocument.spreadsheet",
            ".ods",
        ),
        (
            b"application/vnd.oasis.opendocument.presentation",
            "application/vnd.oasis.opendocument.presentation",
            ".odp",
        ),
    ];
    let text = head.get(38..)?;
    let known = TYPES.iter().find(|(bytes, ..)| text.starts_with(bytes));
    known.map(|(_, mime, extension)| Content::of(mime, extension))
}

/// Office documents: one begins with what all of them have or with a part of its own kind.
fn office(first: &[u8], names: &[&[u8]]) -> Option<Content> {
    const SHARED: [&[u8]; 4] = [b"[Content_Types].xml", b"_rels/", b"docProps/", b"customXml/"];
    const KINDS: [(&[u8], &str, &str); 4] = [
        (b"word/", DOCX, ".docx"),
        (b"xl/", XLSX, ".xlsx"),
        (b"ppt/", PPTX, ".pptx"),
        (b"visio/", "application/vnd.ms-visio.drawing.main+xml", ".vsdx"),
    ];
    let kind = |name: &[u8]| {
        let kind = KINDS.iter().find(|(folder, ..)| name.starts_with(folder))?;
        Some(Content::of(kind.1, kind.2))
    };
    if SHARED.iter().any(|shared| first.starts_with(shared)) {
        names.iter().find_map(|name| kind(name))
    } else {
        kind(first)
    }
}

fn riff(head: &[u8]) -> Option<Content> {
    if head.starts_with(b"FORM") && head.get(8..12) == Some(b"AIFF") {
        return Some(Content::of("audio/aiff", ".aiff"));
    }
    if !head.starts_with(b"RIFF") || head.len() <= 12 {
        return None;
    }
    match &head[8..12] {
        b"WEBP" if head[12..].starts_with(b"VP") => Some(Content::of("image/webp", ".webp")),
        b"WAVE" => Some(Content::of("audio/wav", ".wav")),
        b"AVI " => Some(Content::of("video/x-msvideo", ".avi")),
        _ => None,
    }
}

/// Pictures, sounds and films of the ISO container, by the brand that it names first, and films of
/// its older form, by the box that they begin with.
fn brand(head: &[u8]) -> Option<Content> {
    match head.get(4..8)? {
        b"ftyp" => {}
        b"moov" | b"mdat" | b"free" | b"skip" | b"wide" if head[0] == 0 => {
            return Some(Content::of("video/quicktime", ".mov"));
        }
        _ => return None,
    }
    Some(match head.get(8..12)? {
        b"avif" | b"avis" => Content::of("image/avif", ".avif"),
        b"heic" | b"heix" => Content::of("image/heic", ".heic"),
        b"hevc" | b"hevx" => Content::of("image/heic-sequence", ".heic"),
        b"mif1" => Content::of("image/heif", ".heif"),
        b"msf1" => Content::of("image/heif-sequence", ".heif"),
        b"M4A " => Content::of("audio/x-m4a", ".m4a"),
        b"M4B " | b"M4P " => Content::of("audio/mp4", ".mp4"),
        b"M4V " | b"M4VH" | b"M4VP" => Content::of("video/x-m4v", ".m4v"),
        b"qt  " => Content::of("video/quicktime", ".mov"),
        [b'3', b'g', b'2', _] => Content::of("video/3gpp2", ".3g2"),
        [b'3', b'g', ..] => Content::of("video/3gpp", ".3gp"),
        _ => Content::of("video/mp4", ".mp4"),
    })
}

fn ogg(head: &[u8]) -> Option<Content> {
    const SOUNDS: [&[u8]; 4] = [b"\x01vorbis", b"OpusHead", b"\x7fFLAC", b"Speex   "];
    const FILMS: [&[u8]; 3] = [b"\x80theora", b"fishead\0", b"\x01video\0\0\0"];
    if !head.starts_with(b"OggS") {
        return None;
    }
    let packet = head.get(28..).unwrap_or_default();
    Some(if SOUNDS.iter().any(|sound| packet.starts_with(sound)) {
        Content::of("audio/ogg", ".oga")
    } else if FILMS.iter().any(|film| packet.starts_with(film)) {
        Content::of("video/ogg", ".ogv")
    } else {
        Content::of("application/ogg", ".ogg")
    })
}

/// Matroska and WebM: the element `42 82` near the beginning holds the kind.
fn ebml(head: &[u8]) -> Option<Content> {
    if !head.starts_with(b"\x1a\x45\xdf\xa3") {
        return None;
    }
    let at = head[..head.len().min(256)].windows(2).position(|bytes| bytes == b"\x42\x82")?;
    let kind = head.get(at + 3..)?;
    if kind.starts_with(b"webm") {
        Some(Content::of("video/webm", ".webm"))
    } else if kind.starts_with(b"matroska") {
        Some(Content::of("video/x-matroska", ".mkv"))
    } else {
        None
    }
}
