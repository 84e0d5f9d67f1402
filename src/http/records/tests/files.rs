//! Files through the door: uploads, what is kept of them, who may read them.

use serde_json::json;

use super::world::{Answer, World};
use crate::domain::Json;
use crate::services::files::loose;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

fn collections() -> Json {
    let open = |name: &str, fields: Json| {
        json!({ "id": format!("c_{name}"), "name": name, "listRule": "", "viewRule": "",
            "createRule": "", "updateRule": "", "deleteRule": "", "fields": fields })
    };
    let mut guarded = open(
        "guarded",
        json!([{ "name": "owner", "type": "text" },
            { "name": "paper", "type": "file", "protected": true }]),
    );
    guarded["viewRule"] =
        json!("@request.context = 'protectedFile' && owner = @request.auth.email");
    let mut ruled = open("ruled", json!([{ "name": "doc", "type": "file" }]));
    ruled["createRule"] =
        json!("@request.body.doc.originalName = 'a.txt' && @request.body.doc:changed = true");
    let mut locked = open("locked", json!([{ "name": "doc", "type": "file" }]));
    locked["createRule"] = Json::Null;
    let view = json!({ "id": "c_shown", "name": "shown", "type": "view", "viewRule": "",
        "viewQuery": "SELECT id, doc AS paper FROM docs" });
    json!([
        { "id": "c_users", "name": "users", "type": "auth", "createRule": "" },
        open("docs", json!([
            { "name": "title", "type": "text", "max": 5 },
            { "name": "doc", "type": "file", "maxSize": 1000 },
            { "name": "pics", "type": "file", "maxSelect": 3, "mimeTypes": ["image/png"],
                "thumbs": ["60x0"] },
        ])),
        guarded,
        ruled,
        locked,
        view,
    ])
}

/// All stored files, as paths.
async fn stored(world: &World) -> Vec<String> {
    loose::sweep(&world.test.app).await.unwrap();
    let mut paths = Vec::new();
    for collection in ["c_docs", "c_guarded", "c_ruled", "c_locked"] {
        paths.extend(world.test.app.files.blobs.list(&format!("{collection}/")).await.unwrap());
    }
    paths.sort();
    paths
}

fn name(answer: &Answer, field: &str) -> String {
    answer.body[field].as_str().unwrap_or_else(|| panic!("{}", answer.text)).to_owned()
}

fn names(answer: &Answer, field: &str) -> Vec<String> {
    let names = answer.body[field].as_array().unwrap_or_else(|| panic!("{}", answer.text));
    names.iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

#[actix_web::test]
async fn a_file_is_stored_under_its_record_and_answered_as_it_came() {
    let world = World::new(collections()).await;
    let made =
        world.guest().upload("docs", &[("doc", Some("My Photo.PNG"), PNG)]).await.expect(200);
    let (id, name) = (made.id(), name(&made, "doc"));
    assert!(name.starts_with("my_photo_") && name.ends_with(".PNG"), "{name}");
    assert_eq!(stored(&world).await, [format!("c_docs/{id}/{name}")]);

    let path = format!("/api/files/docs/{id}/{name}");
    let file = world.fetch(&path, &[]).await;
    assert_eq!((file.status, file.bytes.as_slice()), (200, PNG));
    assert_eq!(file.header("content-type"), "image/png");
    assert_eq!(file.header("content-disposition"), format!("inline; filename=\"{name}\""));
    assert_eq!(file.header("accept-ranges"), "bytes");
    assert_eq!(file.header("x-frame-options"), "");
    assert!(file.header("content-security-policy").contains("sandbox"));
    let forced = world.fetch(&format!("{path}?download=1"), &[]).await;
    assert!(forced.header("content-disposition").starts_with("attachment"));
    let by_id = world.fetch(&path.replace("/docs/", "/c_docs/"), &[]).await;
    assert_eq!(by_id.status, 200);
    for missing in [
        format!("/api/files/docs/{id}/other.png"),
        format!("/api/files/docs/nobody/{name}"),
        format!("/api/files/nothing/{id}/{name}"),
        format!("/api/files/docs/{id}/..%2F..%2Fdata.db"),
        format!("/api/files/docs/{id}/%00"),
    ] {
        assert_eq!(world.fetch(&missing, &[]).await.status, 404, "{missing}");
    }
}

#[actix_web::test]
async fn parts_of_a_file_and_conditions() {
    let world = World::new(collections()).await;
    let made = world.guest().upload("docs", &[("doc", Some("a.txt"), b"0123456789")]).await;
    let path = format!("/api/files/docs/{}/{}", made.id(), name(&made, "doc"));
    let part = world.fetch(&path, &[("Range", "bytes=2-4")]).await;
    assert_eq!((part.status, part.bytes.as_slice()), (206, b"234".as_slice()));
    assert_eq!(part.header("content-range"), "bytes 2-4/10");
    let end = world.fetch(&path, &[("Range", "bytes=-3")]).await;
    assert_eq!((end.status, end.bytes.as_slice()), (206, b"789".as_slice()));
    let beyond = world.fetch(&path, &[("Range", "bytes=10-")]).await;
    assert_eq!((beyond.status, beyond.header("content-range")), (416, "bytes */10"));
    let several = world.fetch(&path, &[("Range", "bytes=0-0,8-9")]).await;
    assert_eq!(several.status, 206);
    assert!(several.header("content-type").starts_with("multipart/byteranges; boundary="));
    let text = String::from_utf8(several.bytes.clone()).unwrap();
    assert!(text.contains("Content-Range: bytes 0-0/10") && text.contains("\r\n\r\n89\r\n--"));

    let whole = world.fetch(&path, &[]).await;
    let at = whole.header("last-modified").to_owned();
    let known = world.fetch(&path, &[("If-Modified-Since", &at)]).await;
    assert_eq!((known.status, known.bytes.len()), (304, 0));
    let range = [("Range", "bytes=0-0"), ("If-Range", "Mon, 01 Jan 2001 00:00:00 GMT")];
    assert_eq!(world.fetch(&path, &range).await.status, 200);
}

#[actix_web::test]
async fn a_set_of_files_is_replaced_joined_and_reduced() {
    let world = World::new(collections()).await;
    let guest = world.guest();
    let two = [("pics", Some("a.png"), PNG), ("pics", Some("b.png"), PNG)];
    let made = guest.upload("docs", &two).await.expect(200);
    let (id, first) = (made.id(), names(&made, "pics"));
    assert_eq!(first.len(), 2);

    let joined = guest.upload_to("docs", &id, &[("pics+", Some("c.png"), PNG)]).await.expect(200);
    assert_eq!(names(&joined, "pics")[..2], first[..]);
    let fourth = guest.upload_to("docs", &id, &[("pics+", Some("d.png"), PNG)]).await;
    assert_eq!(fourth.codes(), "400 pics:too_many_files");
    assert_eq!(stored(&world).await.len(), 3, "nothing of a refused upload stays");

    let kept = [("pics", None, first[1].as_bytes()), ("pics", Some("e.png"), PNG)];
    let replaced = guest.upload_to("docs", &id, &kept).await.expect(200);
    let after = names(&replaced, "pics");
    assert_eq!((after.len(), after[0].as_str()), (2, first[1].as_str()));
    assert_eq!(stored(&world).await.len(), 2);

    let before = guest.upload_to("docs", &id, &[("+pics", Some("f.png"), PNG)]).await.expect(200);
    assert!(names(&before, "pics")[0].starts_with("f_") || names(&before, "pics")[0].len() > 10);
    assert_eq!(names(&before, "pics")[1..], after[..]);
    let reduced = guest.update("docs", &id, json!({ "pics-": after })).await.expect(200);
    assert_eq!(names(&reduced, "pics").len(), 1);
    let unknown = guest.update("docs", &id, json!({ "pics": ["other.png"] })).await;
    assert_eq!(unknown.codes(), "400 pics:invalid_file");
    guest.update("docs", &id, json!({ "pics": [] })).await.expect(200);
    assert!(stored(&world).await.is_empty());
}

#[actix_web::test]
async fn the_last_of_several_files_is_the_one_of_a_single_field() {
    let world = World::new(collections()).await;
    let two = [("doc", Some("one.txt"), b"1".as_slice()), ("doc", Some("two.txt"), b"2")];
    let made = world.guest().upload("docs", &two).await.expect(200);
    assert!(name(&made, "doc").starts_with("two_"));
    assert_eq!(stored(&world).await.len(), 1);
    let next = [("doc", Some("three.txt"), b"3".as_slice())];
    let next = world.guest().upload_to("docs", &made.id(), &next).await.expect(200);
    assert_eq!(stored(&world).await, [format!("c_docs/{}/{}", made.id(), name(&next, "doc"))]);
    world.guest().delete("docs", &made.id()).await.expect(204);
    assert!(stored(&world).await.is_empty());
}

#[actix_web::test]
async fn refused_uploads_leave_nothing() {
    let world = World::new(collections()).await;
    let guest = world.guest();
    for (parts, codes) in [
        (vec![("doc", Some("a.bin"), [0; 1001].as_slice())], "400 doc:file_size_limit"),
        (vec![("pics", Some("a.png"), b"text".as_slice())], "400 pics:invalid_mime_type"),
        (
            vec![("title", None, b"too long".as_slice()), ("doc", Some("a.txt"), b"x")],
            "400 title:max_text_constraint",
        ),
    ] {
        assert_eq!(guest.upload("docs", &parts).await.codes(), codes);
    }
    guest.upload("ruled", &[("doc", Some("b.txt"), b"x")]).await.expect(400);
    guest.upload("locked", &[("doc", Some("a.txt"), b"x")]).await.expect(403);
    assert!(stored(&world).await.is_empty());
    guest.upload("ruled", &[("doc", Some("a.txt"), b"x")]).await.expect(200);
    // Files under other keys are nobody's.
    guest.upload("docs", &[("elsewhere", Some("a.txt"), b"x")]).await.expect(200);
    assert_eq!(stored(&world).await.len(), 1);
}

#[actix_web::test]
async fn hostile_names_stay_names() {
    let world = World::new(collections()).await;
    let long = "x".repeat(10_000);
    for sent in
        ["../../../etc/passwd", "..", "a\0b.txt", "CON", ".htaccess", "\u{202e}gnp.exe", &long]
    {
        let made = world.guest().upload("docs", &[("doc", Some(sent), b"x")]).await;
        let made = if made.status == 400 { continue } else { made.expect(200) };
        let stored = name(&made, "doc");
        assert!(stored.len() < 140 && !stored.contains(['/', '\\', '\0', '\u{202e}']), "{stored}");
        assert!(!stored.starts_with('.'), "{stored}");
        let path = format!("/api/files/docs/{}/{stored}", made.id());
        assert_eq!(world.fetch(&path, &[]).await.status, 200, "{stored}");
    }
}

#[actix_web::test]
async fn protected_files_need_a_token_of_somebody_who_may_view_the_record() {
    let world = World::new(collections()).await;
    let ann = world.user("ann@example.com", json!({})).await;
    let bob = world.user("bob@example.com", json!({})).await;
    let parts = [("owner", None, b"ann@example.com".as_slice()), ("paper", Some("a.txt"), b"x")];
    let made = ann.upload("guarded", &parts).await.expect(200);
    let path = format!("/api/files/guarded/{}/{}", made.id(), name(&made, "paper"));
    assert_eq!(world.fetch(&path, &[]).await.status, 404);
    assert_eq!(world.guest().file_token().await.status, 401);
    let token = ann.file_token().await.expect(200).body["token"].as_str().unwrap().to_owned();
    let file = world.fetch(&format!("{path}?token={token}"), &[]).await;
    assert_eq!((file.status, file.bytes.as_slice()), (200, b"x".as_slice()));
    assert!(file.header("cache-control").starts_with("private"));
    let other = bob.file_token().await.expect(200).body["token"].as_str().unwrap().to_owned();
    assert_eq!(world.fetch(&format!("{path}?token={other}"), &[]).await.status, 404);
    let auth = ann.token().to_owned();
    assert_eq!(world.fetch(&format!("{path}?token={auth}"), &[]).await.status, 404);
    assert_eq!(world.fetch(&path, &[("Authorization", &auth)]).await.status, 404);
    world.test.app.clock.advance(std::time::Duration::from_secs(181));
    assert_eq!(world.fetch(&format!("{path}?token={token}"), &[]).await.status, 404);
}

#[actix_web::test]
async fn a_view_shows_the_files_of_what_it_reads() {
    let world = World::new(collections()).await;
    let made = world.guest().upload("docs", &[("doc", Some("a.txt"), b"x")]).await.expect(200);
    let path = format!("/api/files/shown/{}/{}", made.id(), name(&made, "doc"));
    assert_eq!(world.fetch(&path, &[]).await.bytes, b"x");
}

#[actix_web::test]
async fn an_upload_that_was_cut_off_is_removed_later() {
    let world = World::new(collections()).await;
    let app = &world.test.app;
    let path = "c_docs/aaaaaaaaaaaaaaa/lost_0123456789.txt";
    let due = app.clock.now().plus_millis(loose::PATIENCE);
    let announced = move |tx: &mut crate::store::Tx| {
        crate::store::loose_files::announce(tx, &[path.to_owned()], due)
    };
    app.store.write(announced).await.unwrap();
    app.files.blobs.put(path, "x".into(), "text/plain").await.unwrap();
    assert_eq!(stored(&world).await.len(), 1, "it may still be on its way");
    app.clock.advance(std::time::Duration::from_secs(3_600));
    assert!(stored(&world).await.is_empty());
}

/// A picture of one colour.
fn picture(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let picture = image::DynamicImage::new_rgb8(width, height);
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

#[actix_web::test]
async fn thumbnails_are_made_once_and_go_with_their_picture() {
    let world = World::new(collections()).await;
    let guest = world.guest();
    let png = picture(300, 200);
    let parts = [("pics", Some("a.png"), png.as_slice())];
    let made = guest.upload("docs", &parts).await.expect(200);
    let name = names(&made, "pics").remove(0);
    let path = format!("/api/files/docs/{}/{name}", made.id());
    let size = |bytes: &[u8]| {
        let picture = image::load_from_memory(bytes).unwrap();
        (picture.width(), picture.height())
    };
    let ask = |query: &'static str| {
        let path = format!("{path}?thumb={query}");
        let world = &world;
        async move { world.fetch(&path, &[]).await }
    };
    let (one, two) = tokio::join!(ask("100x100"), ask("100x100"));
    assert_eq!((one.status, size(&one.bytes), one.bytes == two.bytes), (200, (100, 100), true));
    assert_eq!(one.header("content-type"), "image/png");
    assert!(one.header("content-disposition").contains(&format!("100x100_{name}")));
    assert_eq!(size(&ask("60x0").await.bytes), (60, 40));
    for other in ["70x70", "100x100f", "0x0", "nonsense", "99999999x1"] {
        assert_eq!(ask(other).await.bytes, png, "{other}");
    }
    assert_eq!(stored(&world).await.len(), 3);
    guest.delete("docs", &made.id()).await.expect(204);
    assert!(stored(&world).await.is_empty());
}

#[actix_web::test]
async fn of_what_is_no_picture_or_a_bomb_the_file_itself_is_served() {
    let world = World::new(collections()).await;
    // A header that promises 50,000 by 50,000 pixels.
    let mut bomb = picture(1, 1);
    bomb[16..20].copy_from_slice(&50_000u32.to_be_bytes());
    bomb[20..24].copy_from_slice(&50_000u32.to_be_bytes());
    for bytes in [bomb.as_slice(), b"text", PNG] {
        let made = world.guest().upload("docs", &[("doc", Some("a.png"), bytes)]).await.expect(200);
        let path = format!("/api/files/docs/{}/{}?thumb=100x100", made.id(), name(&made, "doc"));
        for _ in 0..2 {
            let served = world.fetch(&path, &[]).await;
            assert_eq!((served.status, served.bytes.as_slice()), (200, bytes));
        }
    }
    assert_eq!(stored(&world).await.len(), 3);
}
