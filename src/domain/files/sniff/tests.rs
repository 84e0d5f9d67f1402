//! Every file here was uploaded to PocketBase 0.39.11, under a name without an extension: the type
//! that it served, and the extension that it gave. Where ours differs, the test says so.

use proptest::prelude::*;

use super::*;

const PLAIN: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";

fn assert_type(head: &[u8], mime: &str, extension: &str) {
    let content = sniff(head);
    assert_eq!(
        (content.mime.as_ref(), content.extension),
        (mime, extension),
        "{:?}",
        String::from_utf8_lossy(&head[..head.len().min(80)])
    );
}

fn assert_types(mime: &str, extension: &str, heads: &[&[u8]]) {
    heads.iter().for_each(|head| assert_type(head, mime, extension));
}

/// `start`, with as many zeros behind it as a file of the type would have other bytes.
fn padded(start: &[u8]) -> Vec<u8> {
    [start, &[0; 40]].concat()
}

/// An archive with entries of these names, as far as a reader of its beginning sees them.
fn archive(names: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for name in names {
        bytes.extend(b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0\0\0\0\0\x09\0\0\0\x50\0\0\0");
        bytes.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        bytes.extend([0, 0]);
        bytes.extend(name.as_bytes());
        bytes.extend(b"\xb3\xa9\xd0\xb7\xb3\xa1\"\x06\0");
    }
    bytes
}

#[test]
fn pictures() {
    assert_type(b"\x89PNG\r\n\x1a\n", "image/png", ".png");
    assert_type(b"\xff\xd8\xff\xe0\0\x10JFIF\0", "image/jpeg", ".jpg");
    assert_types("image/gif", ".gif", &[b"GIF87a", b"GIF89a\x01\0\x01\0\0\0\0;"]);
    assert_type(b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f\0", "image/webp", ".webp");
    assert_types("image/x-icon", ".ico", &[b"\0\0\x01\0\x01\0", b"\0\0\x02\0\x01\0"]);
    let header = b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x02\0\0\0\x02\0\0\0\x01\0\x18\0";
    assert_type(&padded(header), "image/bmp", ".bmp");
    assert_types("image/tiff", ".tiff", &[b"II*\0\0\0\0\0", b"MM\0*\0\0\0\0"]);
    assert_type(&padded(b"8BPS\0\x01"), "image/vnd.adobe.photoshop", ".psd");
    assert_type(&padded(b"\xff\x0a"), "image/jxl", ".jxl");
    let apng =
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0\0\0\0\0\0\0\0\x08acTL";
    assert_type(&padded(apng), "image/vnd.mozilla.apng", ".png");
}

#[test]
fn sounds_and_films() {
    assert_types(
        "audio/mpeg",
        ".mp3",
        &[
            &padded(b"ID3\x03\0\0"),
            &padded(b"\xff\xfb\x90\x64"),
            &padded(b"\xff\xfa\x90\x64"),
            &padded(b"\xff\xf3\x90\x64"),
            &padded(b"\xff\xf2\x90\x64"),
            &padded(b"\xff\xe3\x90\x64"),
            &padded(b"\xff\xe2"),
        ],
    );
    assert_type(&padded(b"RIFF\x24\0\0\0WAVEfmt "), "audio/wav", ".wav");
    assert_type(&padded(b"RIFF\0\0\0\0AVI LIST"), "video/x-msvideo", ".avi");
    assert_type(&padded(b"fLaC\0\0\0\""), "audio/flac", ".flac");
    assert_types(
        "audio/aac",
        ".aac",
        &[&padded(b"\xff\xf1\x50\x80"), &padded(b"\xff\xf9\x50\x80")],
    );
    assert_type(&padded(b"MThd\0\0\0\x06"), "audio/midi", ".midi");
    assert_type(&padded(b".snd\0\0\0\x18"), "audio/basic", ".au");
    assert_type(&padded(b"FORM\0\0\0\0AIFF"), "audio/aiff", ".aiff");
    assert_type(&padded(b"FLV\x01\x05"), "video/x-flv", ".flv");
    assert_types("video/mpeg", ".mpeg", &[&padded(b"\0\0\x01\xba"), &padded(b"\0\0\x01\xb3")]);
    let page =
        |packet: &[u8]| padded(&[b"OggS\0\x02".as_slice(), &[0; 20], b"\x01\x1e", packet].concat());
    assert_type(&page(b"\x01vorbis"), "audio/ogg", ".oga");
    assert_type(&page(b"OpusHead"), "audio/ogg", ".oga");
    assert_type(&page(b"\x80theora"), "video/ogg", ".ogv");
    assert_type(&page(b""), "application/ogg", ".ogg");
    let webm =
        b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm";
    assert_type(webm, "video/webm", ".webm");
    let mkv =
        b"\x1aE\xdf\xa3\xa3B\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x88matroska";
    assert_type(mkv, "video/x-matroska", ".mkv");
}

#[test]
fn brands_of_one_container() {
    let brands: [(&[u8; 4], &str, &str); 18] = [
        (b"mp42", "video/mp4", ".mp4"),
        (b"isom", "video/mp4", ".mp4"),
        (b"avc1", "video/mp4", ".mp4"),
        (b"dash", "video/mp4", ".mp4"),
        (b"XXXX", "video/mp4", ".mp4"),
        (b"M4V ", "video/x-m4v", ".m4v"),
        (b"M4A ", "audio/x-m4a", ".m4a"),
        (b"M4B ", "audio/mp4", ".mp4"),
        (b"qt  ", "video/quicktime", ".mov"),
        (b"3gp4", "video/3gpp", ".3gp"),
        (b"3g2a", "video/3gpp2", ".3g2"),
        (b"heic", "image/heic", ".heic"),
        (b"hevc", "image/heic-sequence", ".heic"),
        (b"mif1", "image/heif", ".heif"),
        (b"msf1", "image/heif-sequence", ".heif"),
        (b"avif", "image/avif", ".avif"),
        (b"F4V ", "video/mp4", ".mp4"),
        (b"iso5", "video/mp4", ".mp4"),
    ];
    for (brand, mime, extension) in brands {
        let head = [b"\0\0\0\x20ftyp".as_slice(), brand, b"\0\0\0\0iso6"].concat();
        assert_type(&head, mime, extension);
    }
    assert_type(b"\0\0\0\x08moov\0\0\0\0", "video/quicktime", ".mov");
    assert_type(b"\0\0\0\x08mdat\0\0\0\0", "video/quicktime", ".mov");
}

#[test]
fn documents_and_archives() {
    assert_types(
        "application/pdf",
        ".pdf",
        &[
            b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n",
            b"%PDF-",
            b"  %PDF-1.4",
            b"<html>%PDF-1.4",
            &[[b'x'; 1010].as_slice(), b"%PDF-1.4"].concat(),
        ],
    );
    assert_type(&[[b'x'; 1020].as_slice(), b"%PDF-1.4"].concat(), PLAIN, ".txt");
    assert_types(
        "application/zip",
        ".zip",
        &[
            &archive(&["x.txt"]),
            &archive(&["a", "word/a.txt"]),
            &archive(&["x/", "META-INF/MANIFEST.MF"]),
            b"PK\x03\x04",
            &padded(b"PK\x05\x06"),
        ],
    );
    let office = "application/vnd.openxmlformats-officedocument";
    let (first, second) = ("[Content_Types].xml", "_rels/.rels");
    assert_types(
        &format!("{office}.wordprocessingml.document"),
        ".docx",
        &[
            &archive(&[first, second, "word/document.xml"]),
            &archive(&[second, first, "word/document.xml"]),
            &archive(&[first, "docProps/app.xml", "customXml/item.xml", "word/document.xml"]),
            &archive(&["word/document.xml"]),
        ],
    );
    let sheet = archive(&[first, second, "xl/workbook.xml"]);
    assert_type(&sheet, &format!("{office}.spreadsheetml.sheet"), ".xlsx");
    let slides = archive(&[first, second, "ppt/presentation.xml"]);
    assert_type(&slides, &format!("{office}.presentationml.presentation"), ".pptx");
    assert_type(&archive(&["META-INF/MANIFEST.MF"]), "application/java-archive", ".jar");
    let package = archive(&["AndroidManifest.xml"]);
    assert_type(&package, "application/vnd.android.package-archive", ".apk");
    let declared = |mime: &str| {
        let mut bytes = archive(&["mimetype"]);
        bytes.truncate(38);
        [bytes.as_slice(), mime.as_bytes(), b"PK\x03\x04"].concat()
    };
    for (mime, extension) in
        [("application/epub+zip", ".epub"), ("application/vnd.oasis.opendocument.text", ".odt")]
    {
        assert_type(&declared(mime), mime, extension);
    }
    assert_type(b"{\\rtf1\\ansi", "text/rtf", ".rtf");
    assert_type(b"%!PS-Adobe-3.0", "application/postscript", ".ps");
    assert_type(&padded(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "application/x-ole-storage", "");
    assert_type(&padded(b"\x1f\x8b\x08"), "application/gzip", ".gz");
    assert_type(&padded(b"BZh91AY&SY"), "application/x-bzip2", ".bz2");
    assert_type(&padded(b"\xfd7zXZ\0"), "application/x-xz", ".xz");
    assert_type(&padded(b"7z\xbc\xaf\x27\x1c"), "application/x-7z-compressed", ".7z");
    assert_type(&padded(b"Rar!\x1a\x07\x01\0"), "application/x-rar-compressed", ".rar");
    assert_type(b"\x28\xb5\x2f\xfd", "application/zstd", ".zst");
    let mut tape = vec![0; 512];
    tape[0] = b'x';
    tape[257..262].copy_from_slice(b"ustar");
    assert_type(&tape, "application/x-tar", ".tar");
}

#[test]
fn programs_and_fonts() {
    let portable = "application/vnd.microsoft.portable-executable";
    assert_types(portable, ".exe", &[&padded(b"MZ"), b"MZ is text"]);
    let elf = |kind: u8| {
        padded(&[b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".as_slice(), &[kind, 0]].concat())
    };
    assert_type(&elf(2), "application/x-executable", "");
    assert_eq!(sniff(&elf(3)).mime, "application/x-sharedlib");
    assert_type(b"\0asm\x01\0\0\0", "application/wasm", ".wasm");
    assert_type(&padded(b"\xca\xfe\xba\xbe\0\0\0\x34"), "application/x-java-applet", ".class");
    assert_type(&padded(b"SQLite format 3\0"), "application/vnd.sqlite3", ".sqlite");
    assert_type(&padded(b"wOFF"), "font/woff", ".woff");
    assert_type(&padded(b"wOF2"), "font/woff2", ".woff2");
    assert_type(&padded(b"OTTO\0\x0f\0\x80\0\x03\0\x70CFF "), "font/otf", ".otf");
    assert_type(&padded(b"\0\x01\0\0\0\x0f\0\x80\0\x03\0\x70OS/2"), "font/ttf", ".ttf");
}

#[test]
fn pages() {
    assert_types(
        HTML,
        ".html",
        &[
            b"<!DOCTYPE html><html><body>x</body></html>",
            b"<!doctype HTML>",
            b"<html></html>",
            b"<HTML><HEAD>",
            b"<html >",
            b"  <body>hi",
            b"\x0c<html>",
            b"\xef\xbb\xbf<html>",
            b"<script>alert(1)</script>",
            b"<iframe src>",
            b"<p class=x>",
            b"<h1>hi</h1>",
            b"<a href=x>",
            b"<!-- c --><html>",
            b"<!-- only a comment -->",
            b"<html><svg xmlns=\"http://www.w3.org/2000/svg\">",
            b"<html><meta charset=\"utf-8\">\xc3\xbc",
            b"<html><p>\xc3\xbc</p>",
        ],
    );
    assert_types(
        PLAIN,
        ".txt",
        &[
            b"<html",
            b"<htmlx>",
            b"<span>x</span>",
            b"<img src=x>",
            b"<abc>",
            b"<br/>",
            b"<h2>",
            b"<!--",
            b"<!doctype html",
            b"<!DOCTYPE foo>",
            b"hi <html>",
            b"<root/>",
        ],
    );
    let charsets: [(&[u8], &str); 5] = [
        (b"<html>\xe4\xf6", "iso-8859-1"),
        (b"<html><meta charset=\"iso-8859-1\">\xe4", "iso-8859-1"),
        (b"<html><meta charset=\"windows-1251\">", "windows-1251"),
        (
            b"<html><meta http-equiv=\"Content-Type\" content=\"text/html; charset=koi8-r\">",
            "koi8-r",
        ),
        (b"<html><meta charset=utf-16>", "utf-16"),
    ];
    for (head, charset) in charsets {
        assert_type(head, &format!("text/html; charset={charset}"), ".html");
    }
    assert_type(b"<html>\x80\x81", "text/html", ".html");
    assert_type(b"<html>\0", "application/octet-stream", "");
    // The original fails on what cannot be the value of a parameter.
    assert_type(b"<html><meta charset=\"bogus<x\">", "text/html; charset=bogus", ".html");
    assert_type(b"<html><meta charset=\"<x\">", HTML, ".html");
}

#[test]
fn xml_by_its_root() {
    let ns = "xmlns=\"http://www.w3.org/2000/svg\"";
    for head in [
        format!("<svg {ns} width=\"1\">"),
        format!("  \n <svg  {ns}>"),
        format!("<!-- hi --><svg {ns}>"),
        format!("<?xml version=\"1.0\"?>\n<svg {ns}/>"),
        "<?xml version=\"1.0\"?>\n<svg width=\"1\" height=\"1\"></svg>".to_owned(),
        "<?xml version=\"1.0\"?>\n<!-- hi -->\n<!DOCTYPE svg PUBLIC \"x\" \"y\">\n<svg/>"
            .to_owned(),
        format!("<?xml version=\"1.0\"?><!-- {} --><svg {ns}>", "x".repeat(2000)),
    ] {
        assert_type(head.as_bytes(), "image/svg+xml", ".svg");
    }
    let text = "text/xml; charset=utf-8";
    assert_types(
        text,
        ".xml",
        &[
            b"<?xml version=\"1.0\"?><root/>",
            b" <?xml version=\"1.0\"?><root/>",
            b"<?xml ?>",
            b"<?XML version=\"1.0\"?><a/>",
            b"<?xml version=\"1.0\"?><html><body>",
            b"\xef\xbb\xbf<?xml version=\"1.0\"?><a/>",
            b"<?xml version=\"1.0\"?><a>\xc3\xbc</a>",
            b"<?xml version=\"1.0\"?><feed>",
        ],
    );
    assert_type(b"<?xml", PLAIN, ".txt");
    let latin = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><root/>";
    assert_type(latin, "text/xml; charset=ISO-8859-1", ".xml");
    assert_type(b"<?xml version=\"1.0\"?><a>\xe4</a>", "text/xml; charset=iso-8859-1", ".xml");
    let roots = [
        ("rss version=\"2.0\"", "application/rss+xml", ".rss"),
        ("feed xmlns=\"http://www.w3.org/2005/Atom\"", "application/atom+xml", ".atom"),
        ("gpx xmlns=\"http://www.topografix.com/GPX/1/1\"", "application/gpx+xml", ".gpx"),
    ];
    for (root, mime, extension) in roots {
        assert_type(format!("<?xml version=\"1.0\"?><{root}>").as_bytes(), mime, extension);
    }
}

/// A drawing is one whether or not its namespace is written where the original looks for it.
#[test]
fn drawings_that_the_original_takes_for_texts() {
    assert_types(
        "image/svg+xml",
        ".svg",
        &[
            b"<svg></svg>",
            b"<svg viewBox=\"0 0 1 1\">",
            b"\xef\xbb\xbf<svg xmlns=\"http://www.w3.org/2000/svg\">",
            b"<!DOCTYPE svg PUBLIC \"x\" \"y\"><svg xmlns=\"http://www.w3.org/2000/svg\">",
        ],
    );
}

#[test]
fn data() {
    let json = "application/json";
    assert_types(
        json,
        ".json",
        &[
            b"{\"a\":1}",
            b"[1,2]",
            b"  {\"a\": [1,2,{\"b\":null}]}\n",
            b"{}",
            b"{\"a\":1,\n\"b\":2}\n",
            format!("[{}1]", "1234567,".repeat(1000)).as_bytes(),
            format!("{{\"a\":\"{}\"}}", "x".repeat(5000)).as_bytes(),
            &[b"[".repeat(100), b"]".repeat(100)].concat(),
        ],
    );
    assert_types(
        "application/x-ndjson",
        ".ndjson",
        &[
            b"{\"a\":1}\n{\"a\":2}\n",
            b"{\"a\":1}\n[2]\n",
            b"[1,2]\n[3,4]\n",
            b"{\"a\":1}\n{\"b\":2",
        ],
    );
    assert_types(
        PLAIN,
        ".txt",
        &[
            b"\"text\"",
            b"123",
            b"true",
            b"null",
            b"{\"a\":",
            b"[1,2",
            b"{not json}",
            b"{\"a\":1} x",
            b"{\"a\":1}{\"b\":2}",
            b"{\"a\":1}\n{\"b\":2}\nx",
            b"\xef\xbb\xbf{\"a\":1}",
            b"1\n2\n",
        ],
    );
    assert_types(
        "text/csv",
        ".csv",
        &[
            b"a,b,c\n1,2,3\n4,5,6\n",
            b"a,b\r\n1,2\r\n",
            b"a,b\n\n1,2",
            b"\"a\",\"b\"\n\"1\",\"2\"\n",
            b"a,\"b\nc\"\n1,2\n",
            b"a, \"b\"\n1,2\n",
            b"a,b\"c\n1,2\n",
            b"#c\na,b\n1,2\n",
            b"\xef\xbb\xbfa,b\n1,2\n",
            b"Hello, world\nIt is, yes\n",
            "a,b,c\n".repeat(1000).as_bytes(),
        ],
    );
    assert_type(b"a\tb\n1\t2\n", "text/tab-separated-values", ".tsv");
    assert_types(
        PLAIN,
        ".txt",
        &[
            b"a,b,c",
            b"a,b\n1,2,3\n",
            b"a;b\n1;2\n",
            b"a\nb\nc\n",
            b"a,b\n#c\n",
            b"a,\"b\n1,2\n",
            b"a,b\n1,2\n<html>",
        ],
    );
}

#[test]
fn texts() {
    assert_types(
        PLAIN,
        ".txt",
        &[
            b"hello world\n",
            "Grüße 你好".as_bytes(),
            b"\xef\xbb\xbfhello",
            b"\xef\xbb\xbf",
            b"a",
            b"\n",
            b"a\x1bb",
            b"body { color: red; }\n",
            b"console.log(1);\n",
            b"# Hello\n\nworld",
            b"a: 1\nb: 2\n",
            b"BMW is a car maker",
            b"BCE, before the common era",
            b"PK text",
            b"%PDF",
            b"RIFFabc is text",
            b"-----BEGIN CERTIFICATE-----\n",
            "ü".repeat(3000).as_bytes(),
            format!("x{}", "ü".repeat(3000)).as_bytes(),
            format!("{}\0", "x".repeat(4000)).as_bytes(),
        ],
    );
    assert_type(b"", "text/plain", ".txt");
    assert_type(b"\x80\x81\x82", "text/plain", ".txt");
    assert_type(b"x\xe2\x82", "text/plain", ".txt");
    assert_type(b"Gr\xfc\xdfe", "text/plain; charset=iso-8859-1", ".txt");
    assert_type(b"\xff\xfeh\0e\0l\0l\0o\0", "text/plain; charset=utf-16le", ".txt");
    assert_type(b"\xfe\xff\0h\0e\0l\0l\0o", "text/plain; charset=utf-16be", ".txt");
    assert_type(b"\xff\xfe\0\0h\0\0\0", "text/plain; charset=utf-32le", ".txt");
    assert_types(
        "application/octet-stream",
        "",
        &[
            b"\0h\0e\0l\0l\0o",
            b"a\0b",
            b"a\x01b",
            b"\0\x01\x02\x03",
            &[0; 100],
            format!("{}\0", "x".repeat(3000)).as_bytes(),
        ],
    );
}

#[test]
fn scripts_and_lists() {
    assert_types("text/javascript", ".js", &[b"#!/usr/bin/env node\nconsole.log(1)"]);
    assert_types(
        "text/x-python",
        ".py",
        &[
            b"#!/usr/bin/env python\nprint(1)",
            b"#!/usr/bin/python3\n",
            b"#!/usr/bin/env -S python3\n",
        ],
    );
    assert_types(
        "text/x-shellscript",
        ".sh",
        &[
            b"#!/bin/sh\necho",
            b"#!/bin/bash\necho",
            b"#! /bin/sh\n",
            b"#!/usr/bin/env bash\n",
            b"#!/usr/local/bin/zsh\n",
        ],
    );
    assert_types("text/x-php", ".php", &[b"<?php echo 1;", b"<? echo"]);
    assert_type(b"BEGIN:VCALENDAR\nVERSION:2.0", "text/calendar", ".ics");
    assert_type(b"BEGIN:VCARD\nVERSION:3.0", "text/vcard", ".vcf");
    assert_types("text/vtt", ".vtt", &[b"WEBVTT\n\n", b"WEBVTT", b"\xef\xbb\xbfWEBVTT\n"]);
    assert_type(b"WEBVTTx", PLAIN, ".txt");
    let lines = b"1\r\n00:00:01,000 --> 00:00:02,000\r\nhi\r\n";
    assert_type(lines, "application/x-subrip", ".srt");
}

proptest! {
    #[test]
    fn any_bytes_are_something(
        start in prop_oneof![
            Just(&b""[..]), Just(&b"PK\x03\x04"[..]), Just(&b"PK\x03\x04mimetype"[..]), Just(&b"RIFF"[..]),
            Just(&b"OggS"[..]), Just(&b"\x1aE\xdf\xa3B\x82"[..]), Just(&b"\0\0\0\x20ftyp"[..]), Just(&b"BM"[..]),
            Just(&b"\xff\xfb"[..]), Just(&b"<?xml "[..]), Just(&b"<html><meta charset"[..]), Just(&b"<!--"[..]),
            Just(&b"<"[..]), Just(&b"{"[..]), Just(&b"#!"[..]), Just(&b"a,\""[..]), Just(&b"\xef\xbb\xbf"[..]),
        ],
        rest in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..4200),
            proptest::collection::vec(prop_oneof![Just(b'<'), Just(b'>'), Just(b'"'), Just(b','), Just(b'\n'),
                Just(b'='), Just(b'-'), Just(b'!'), Just(b'?'), Just(b'{'), Just(b'}'), Just(b' '), 32u8..127], 0..4200),
        ],
    ) {
        let content = sniff(&[start, &rest].concat());
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"/+-.; =_:".contains(&byte);
        prop_assert!(content.mime.bytes().all(allowed), "{}", content.mime);
        prop_assert!(content.extension.is_empty() || content.extension.starts_with('.'));
    }
}
