//! Types that a few bytes at a fixed place give away.

use super::Content;

/// Where the bytes stand, what they are, and the type and extension of such files.
type Signature = (usize, &'static [u8], &'static str, &'static str);

#[rustfmt::skip]
const SIGNATURES: [Signature; 54] = [
    (0, b"\x89PNG\r\n\x1a\n", "image/png", ".png"),
    (0, b"\xff\xd8\xff", "image/jpeg", ".jpg"),
    (0, b"GIF87a", "image/gif", ".gif"),
    (0, b"GIF89a", "image/gif", ".gif"),
    (0, b"\0\0\x01\0", "image/x-icon", ".ico"),
    (0, b"\0\0\x02\0", "image/x-icon", ".ico"),
    (0, b"II*\0", "image/tiff", ".tiff"),
    (0, b"MM\0*", "image/tiff", ".tiff"),
    (0, b"8BPS", "image/vnd.adobe.photoshop", ".psd"),
    (0, b"\xff\x0a", "image/jxl", ".jxl"),
    (0, b"\0\0\0\x0cJXL \r\n\x87\n", "image/jxl", ".jxl"),
    (0, b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 ", "image/jp2", ".jp2"),
    (0, b"ID3", "audio/mpeg", ".mp3"),
    (0, b"fLaC\0\0\0\"", "audio/flac", ".flac"),
    (0, b"\xff\xf1", "audio/aac", ".aac"),
    (0, b"\xff\xf9", "audio/aac", ".aac"),
    (0, b"MThd", "audio/midi", ".midi"),
    (0, b".snd", "audio/basic", ".au"),
    (0, b"#!AMR", "audio/amr", ".amr"),
    (0, b"FLV\x01", "video/x-flv", ".flv"),
    (0, b"\0\0\x01\xba", "video/mpeg", ".mpeg"),
    (0, b"\0\0\x01\xb3", "video/mpeg", ".mpeg"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa\0\x62\xce\x6c", "video/x-ms-asf", ".asf"),
    (0, b"\x1f\x8b", "application/gzip", ".gz"),
    (0, b"BZh", "application/x-bzip2", ".bz2"),
    (0, b"\xfd7zXZ\0", "application/x-xz", ".xz"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed", ".7z"),
    (0, b"Rar!\x1a\x07\0", "application/x-rar-compressed", ".rar"),
    (0, b"Rar!\x1a\x07\x01\0", "application/x-rar-compressed", ".rar"),
    (0, b"\x28\xb5\x2f\xfd", "application/zstd", ".zst"),
    (0, b"LZIP", "application/lzip", ".lz"),
    (0, b"MSCF\0\0\0\0", "application/vnd.ms-cab-compressed", ".cab"),
    (0, b"\xed\xab\xee\xdb", "application/x-rpm", ".rpm"),
    (0, b"!<arch>\ndebian-binary", "application/vnd.debian.binary-package", ".deb"),
    (257, b"ustar", "application/x-tar", ".tar"),
    (0, b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0", "application/x-executable", ""),
    (0, b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0", "application/x-sharedlib", ".so"),
    (0, b"\x7fELF", "application/x-elf", ""),
    (0, b"MZ", "application/vnd.microsoft.portable-executable", ".exe"),
    (0, b"\xcf\xfa\xed\xfe", "application/x-mach-binary", ".macho"),
    (0, b"\xca\xfe\xba\xbe\0\0\0\x02", "application/x-mach-binary", ".macho"),
    (0, b"\xca\xfe\xba\xbe", "application/x-java-applet", ".class"),
    (0, b"\0asm", "application/wasm", ".wasm"),
    (0, b"SQLite format 3\0", "application/vnd.sqlite3", ".sqlite"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage", ""),
    (0, b"wOFF", "font/woff", ".woff"),
    (0, b"wOF2", "font/woff2", ".woff2"),
    (0, b"OTTO\0", "font/otf", ".otf"),
    (0, b"\0\x01\0\0\0", "font/ttf", ".ttf"),
    (0, b"FWS", "application/x-shockwave-flash", ".swf"),
    (0, b"CWS", "application/x-shockwave-flash", ".swf"),
    (0, b"%!PS-Adobe-", "application/postscript", ".ps"),
    (0, b"AT&TFORM", "image/vnd.djvu", ".djvu"),
    (0, b"AC10", "image/vnd.dwg", ".dwg"),
];

/// How far into a file its `%PDF-` may stand.
const PDF_WITHIN: usize = 1024;

pub(super) fn sniff(head: &[u8]) -> Option<Content> {
    if head[..head.len().min(PDF_WITHIN)].windows(5).any(|bytes| bytes == b"%PDF-") {
        return Some(Content::of("application/pdf", ".pdf"));
    }
    if head.starts_with(b"\x89PNG") && head.get(37..41) == Some(b"acTL") {
        return Some(Content::of("image/vnd.mozilla.apng", ".png"));
    }
    if is_bitmap(head) {
        return Some(Content::of("image/bmp", ".bmp"));
    }
    if is_mpeg_audio(head) {
        return Some(Content::of("audio/mpeg", ".mp3"));
    }
    let stands =
        |(at, bytes, ..): &&Signature| head.get(*at..).is_some_and(|rest| rest.starts_with(bytes));
    SIGNATURES.iter().find(stands).map(|(_, _, mime, extension)| Content::of(mime, extension))
}

/// `BM` and a header of a size that there is: many a text begins with the two letters.
fn is_bitmap(head: &[u8]) -> bool {
    let header = head.get(14..18).map(|size| [size[0], size[1], size[2], size[3]]);
    let known = header
        .map(u32::from_le_bytes)
        .is_some_and(|size| matches!(size, 12 | 40 | 52 | 56 | 64 | 108 | 124));
    head.starts_with(b"BM") && known
}

/// A frame header of MPEG layer 3 in any version, with a rate that there is.
fn is_mpeg_audio(head: &[u8]) -> bool {
    match head {
        [0xff, 0xe2 | 0xe3 | 0xf2 | 0xf3 | 0xfa | 0xfb, rates, _, ..] => {
            rates >> 4 != 15 && (rates >> 2) & 3 != 3
        }
        _ => false,
    }
}
