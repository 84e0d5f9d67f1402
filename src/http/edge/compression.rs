//! Answers that are worth it leave packed, as the client likes it. A client that asks for nothing, and
//! every small answer, pays a look at the length of the body.
//!
//! What is packed must not tell secrets by its length to somebody who sees it and can make a client ask
//! (BREACH): only answers to GET and HEAD are, since tokens and codes are in answers to POST, and a page
//! of another origin cannot have a client send the token that would open the others.

use std::io::{self, Write};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, VARY,
};
use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Bytes};

use crate::domain::codings::Coding;

/// Bodies from this length on are packed, in bytes: a shorter one fits into one packet as it is.
const LEAST: u64 = 1_400;

/// Bodies from this length on are packed on another thread, since it takes a millisecond or more.
const MUCH: usize = 64 << 10;

/// Levels that are fast for what they save: an answer is sent once.
const ZSTD_LEVEL: i32 = 1;
const BROTLI_LEVEL: i32 = 3;
const GZIP_LEVEL: u32 = 3;

/// Window of brotli, as a power of two.
const BROTLI_WINDOW: i32 = 19;

/// The answer, packed if it is one of those that are and the client takes it so.
pub(super) async fn compress(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let BodySize::Sized(size) = response.response().body().size() else { return response };
    if size < LEAST || !is_packed(&response) {
        return response;
    }
    let header = response.request().headers().get(ACCEPT_ENCODING);
    let coding = header
        .and_then(|header| header.to_str().ok())
        .and_then(|header| Coding::choose(header, &Coding::BY_TIME));
    let (request, response) = response.into_parts();
    let (mut response, body) = response.into_parts();
    // A body that is not in memory is a file.
    let body = match body.try_into_bytes() {
        Ok(body) => body,
        Err(body) => return ServiceResponse::new(request, response.set_body(body)),
    };
    response.headers_mut().append(VARY, HeaderValue::from_static("Accept-Encoding"));
    let packed = match coding {
        Some(coding) if body.len() >= MUCH => {
            let body = body.clone();
            web::block(move || pack(coding, &body)).await.ok()
        }
        Some(coding) => Some(pack(coding, &body)),
        None => None,
    };
    let (coding, body) = match (coding, packed) {
        (Some(coding), Some(Ok(packed))) if packed.len() < body.len() => {
            (Some(coding), Bytes::from(packed))
        }
        _ => (None, body),
    };
    if let Some(coding) = coding {
        let headers = response.headers_mut();
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
        weaken_tag(headers);
    }
    ServiceResponse::new(request, response.set_body(body).map_into_boxed_body())
}

fn is_packed(response: &ServiceResponse<BoxBody>) -> bool {
    let request = response.request();
    [Method::GET, Method::HEAD].contains(request.method())
        && response.status() == StatusCode::OK
        && !response.headers().contains_key(CONTENT_ENCODING)
        && !response.headers().contains_key(VARY)
        && response.headers().get(CONTENT_TYPE).is_some_and(is_text)
}

fn is_text(mime: &HeaderValue) -> bool {
    let mime = mime.as_bytes();
    mime == b"application/json" || (mime.starts_with(b"text/") && mime != b"text/event-stream")
}

/// The same tag would say that the bytes are the same (RFC 9110, 8.8.3.3).
fn weaken_tag(headers: &mut HeaderMap) {
    let weak = headers.get(ETAG).and_then(|tag| tag.to_str().ok());
    let weak = weak.filter(|tag| tag.starts_with('"')).map(|tag| format!("W/{tag}"));
    if let Some(weak) = weak.and_then(|weak| weak.parse().ok()) {
        headers.insert(ETAG, weak);
    }
}

fn pack(coding: Coding, body: &[u8]) -> io::Result<Vec<u8>> {
    match coding {
        Coding::Zstd => zstd::bulk::compress(body, ZSTD_LEVEL),
        Coding::Brotli => {
            let parameters = brotli::enc::BrotliEncoderParams {
                quality: BROTLI_LEVEL,
                lgwin: BROTLI_WINDOW,
                size_hint: body.len(),
                ..Default::default()
            };
            let mut packed = Vec::with_capacity(body.len() / 4);
            brotli::BrotliCompress(&mut &*body, &mut packed, &parameters)?;
            Ok(packed)
        }
        Coding::Gzip => {
            let packed = Vec::with_capacity(body.len() / 4);
            let level = flate2::Compression::new(GZIP_LEVEL);
            let mut encoder = flate2::write::GzEncoder::new(packed, level);
            encoder.write_all(body)?;
            encoder.finish()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use actix_web::test::TestRequest;
    use actix_web::{HttpResponse, body};

    use super::*;

    const TEXT: &str = "a text that repeats itself, again and again; ";

    async fn packed(
        method: Method,
        accepted: Option<&str>,
        response: HttpResponse,
    ) -> ServiceResponse<BoxBody> {
        let mut request = TestRequest::default().method(method);
        if let Some(accepted) = accepted {
            request = request.insert_header((ACCEPT_ENCODING, accepted));
        }
        compress(ServiceResponse::new(request.to_http_request(), response)).await
    }

    fn json(length: usize) -> HttpResponse {
        let body = TEXT.repeat(length.div_ceil(TEXT.len()));
        HttpResponse::Ok().content_type("application/json").body(body[..length].to_owned())
    }

    fn header(response: &ServiceResponse<BoxBody>, name: &str) -> Option<String> {
        response.headers().get(name).map(|value| value.to_str().unwrap().to_owned())
    }

    #[actix_web::test]
    async fn each_coding_gives_the_text_back() {
        for length in [LEAST as usize, 20_000, MUCH, 3 * MUCH] {
            for (accepted, coding) in [("zstd", "zstd"), ("br", "br"), ("gzip", "gzip")] {
                let response = packed(Method::GET, Some(accepted), json(length)).await;
                assert_eq!(header(&response, "content-encoding").as_deref(), Some(coding));
                assert_eq!(header(&response, "vary").as_deref(), Some("Accept-Encoding"));
                let size = response.response().body().size();
                let bytes = body::to_bytes(response.into_body()).await.unwrap();
                assert_eq!(size, BodySize::Sized(bytes.len() as u64));
                assert!(bytes.len() < length / 2, "{coding} {length}: {}", bytes.len());
                let mut text = Vec::new();
                match coding {
                    "zstd" => text = zstd::stream::decode_all(&*bytes).unwrap(),
                    "br" => brotli::BrotliDecompress(&mut &*bytes, &mut text).unwrap(),
                    _ => {
                        flate2::read::GzDecoder::new(&*bytes)
                            .read_to_end(&mut text)
                            .map(drop)
                            .unwrap();
                    }
                }
                let whole = body::to_bytes(json(length).into_body()).await.unwrap();
                assert_eq!(text, whole, "{coding} {length}");
            }
        }
    }

    #[actix_web::test]
    async fn what_is_not_worth_it_or_not_asked_for_stays_as_it_is() {
        let ok = |mime: &'static str| HttpResponse::Ok().content_type(mime).body(TEXT.repeat(100));
        let error =
            || HttpResponse::BadRequest().content_type("application/json").body(TEXT.repeat(100));
        let encoded = || {
            let mut response = json(20_000);
            response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            response
        };
        let all = Some("gzip, br, zstd");
        for (name, method, accepted, response) in [
            ("small", Method::GET, all, json(LEAST as usize - 1)),
            ("a change", Method::POST, all, json(20_000)),
            ("not asked for", Method::GET, None, json(20_000)),
            ("refused", Method::GET, Some("gzip;q=0, identity"), json(20_000)),
            ("unknown", Method::GET, Some("lzma"), json(20_000)),
            ("a failure", Method::GET, all, error()),
            ("a picture", Method::GET, all, ok("image/png")),
            ("events", Method::GET, all, ok("text/event-stream")),
        ] {
            let before = response.body().size();
            let response = packed(method, accepted, response).await;
            assert_eq!(header(&response, "content-encoding"), None, "{name}");
            assert_eq!(response.response().body().size(), before, "{name}");
        }
        let response = packed(Method::GET, all, encoded()).await;
        assert_eq!(header(&response, "content-encoding").as_deref(), Some("gzip"));
        assert_eq!(response.response().body().size(), BodySize::Sized(20_000));
    }

    #[actix_web::test]
    async fn answers_vary_whether_or_not_they_are_packed_and_a_tag_becomes_weak() {
        for (accepted, tag) in [(None, "\"x\""), (Some("gzip"), "W/\"x\"")] {
            let mut response = json(20_000);
            response.headers_mut().insert(ETAG, HeaderValue::from_static("\"x\""));
            let response = packed(Method::HEAD, accepted, response).await;
            assert_eq!(header(&response, "vary").as_deref(), Some("Accept-Encoding"));
            assert_eq!(header(&response, "etag").as_deref(), Some(tag));
        }
        let response = packed(Method::GET, None, json(100)).await;
        assert_eq!(header(&response, "vary"), None);
    }

    #[actix_web::test]
    async fn what_packing_makes_longer_stays_as_it_is() {
        let mut state: u32 = 1;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        let bytes: Vec<u8> = (0..4_000).map(|_| noise()).collect();
        let response = HttpResponse::Ok().content_type("application/json").body(bytes);
        let response = packed(Method::GET, Some("gzip"), response).await;
        assert_eq!(header(&response, "content-encoding"), None);
        assert_eq!(response.response().body().size(), BodySize::Sized(4_000));
    }
}
