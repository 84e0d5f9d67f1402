//! A server of its own for one test: collections written as the JSON of contract A 2.1, and people
//! who ask it.

use std::sync::Arc;

use actix_web::http::Method;
use actix_web::http::header::HeaderMap;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::web::Data;
use serde_json::json;

use crate::domain::Json;
use crate::domain::collection::Collection;
use crate::domain::random::Random;
use crate::domain::record::Record;
use crate::domain::schema::Schema;
use crate::domain::system;
use crate::http::application;
use crate::http::front::Front;
use crate::services::Error;
use crate::services::test_app::{START, TestApp};
use crate::services::tokens::{Grant, Lifetime, issue};
use crate::store::settings::STORED;
use crate::store::{Tx, params, records};

/// The password of everybody.
pub(super) const PASSWORD: &str = "a good password";

/// A running application.
pub(super) struct World {
    pub(super) test: TestApp,
}

/// Somebody who asks.
#[derive(Clone)]
pub(super) struct Person<'a> {
    world: &'a World,
    token: Option<String>,
    pub(super) id: String,
}

/// What was answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Json,
    pub(super) text: String,
}

/// What was answered to [`World::fetch`].
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) status: u16,
    headers: HeaderMap,
    pub(super) bytes: Vec<u8>,
}

impl Fetched {
    /// The value of a header, empty when there is none.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// A part of a form: the key, the file name if it is a file, the bytes.
pub(super) type Part<'a> = (&'a str, Option<&'a str>, &'a [u8]);

/// A form as browsers send it: its content type and its bytes.
pub(super) fn multipart(parts: &[Part<'_>]) -> (&'static str, Vec<u8>) {
    let mut body = Vec::new();
    for (key, name, bytes) in parts {
        let name = name.map(|name| format!("; filename=\"{name}\"")).unwrap_or_default();
        let head = format!("--b\r\nContent-Disposition: form-data; name=\"{key}\"{name}\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--b--\r\n");
    ("multipart/form-data; boundary=b", body)
}

impl World {
    /// The system collections and these, each a JSON object.
    pub(super) async fn new(collections: Json) -> Self {
        let mut random = Random::system();
        let mut all = system::collections(START, &mut random);
        for body in collections.as_array().unwrap() {
            let body = body.as_object().unwrap();
            let schema = Schema::default();
            let mut collection = Collection::create(body, &schema, START, &mut random).unwrap();
            let earlier = all.iter().cloned().map(Arc::new).collect();
            collection.infer_fields(&Schema::new(1, earlier)).unwrap();
            all.push(collection);
        }
        Self { test: TestApp::start(all.into_iter().map(Arc::new).collect()).await }
    }

    /// Stores settings, which count at once.
    pub(super) async fn set(&self, settings: Json) {
        let save = move |tx: &mut Tx| params::save(tx, STORED, &settings, START);
        self.test.app.store.write(save).await.unwrap();
    }

    pub(super) fn guest(&self) -> Person<'_> {
        Person { world: self, token: None, id: String::new() }
    }

    /// A superuser, made by the server itself.
    pub(super) async fn root(&self) -> Person<'_> {
        let root = self.find("_superusers", "rootrootrootroo").await;
        if root.is_none() {
            let schema = self.test.app.store.schema();
            let collection = schema.find("_superusers").unwrap();
            let mut record = Record::new(
                Arc::clone(collection),
                collection.fields.iter().map(|field| field.zero()).collect(),
            );
            record.set("id", json!("rootrootrootroo"));
            record.set("email", json!("root@example.com"));
            record.set("tokenKey", json!("root".repeat(12)));
            self.test.insert(record).await;
        }
        self.person("_superusers", "rootrootrootroo").await
    }

    /// A new record of `users`, made by a superuser with these fields, and signed in.
    pub(super) async fn user(&self, email: &str, fields: Json) -> Person<'_> {
        let mut body = json!({ "email": email, "password": PASSWORD, "passwordConfirm": PASSWORD });
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let created = self.root().await.create("users", body).await.expect(200);
        self.person("users", &created.id()).await
    }

    /// Whoever has this id, signed in.
    pub(super) async fn person(&self, collection: &str, id: &str) -> Person<'_> {
        let record = self.find(collection, id).await.unwrap();
        let grant = Grant::Auth { refreshable: true };
        let token = issue(&record, grant, Lifetime::Usual, START).unwrap();
        Person { world: self, token: Some(token), id: id.to_owned() }
    }

    /// The stored record, with everything that nobody may see.
    pub(super) async fn find(&self, collection: &str, id: &str) -> Option<Record> {
        let (name, id) = (collection.to_owned(), id.to_owned());
        let found = self.test.app.store.read(move |db| {
            let collection = Arc::clone(db.schema().find(&name).unwrap());
            Ok::<_, Error>(records::by_id(db, &collection, &id)?)
        });
        found.await.unwrap()
    }

    pub(super) async fn count(&self, collection: &str) -> i64 {
        let name = collection.to_owned();
        let count = self.test.app.store.read(move |db| {
            let collection = Arc::clone(db.schema().find(&name).unwrap());
            Ok::<_, Error>(records::count(db, &collection)?)
        });
        count.await.unwrap()
    }

    /// The bytes and headers of an answer.
    pub(super) async fn fetch(&self, path: &str, headers: &[(&str, &str)]) -> Fetched {
        let mut request = TestRequest::with_uri(path);
        for (name, value) in headers {
            request = request.insert_header((*name, *value));
        }
        let state = Data::from(Arc::clone(&self.test.app));
        let service = init_service(application(state, Front::default())).await;
        let response = call_service(&service, request.to_request()).await;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Fetched { status, headers, bytes: read_body(response).await.to_vec() }
    }

    async fn send(&self, request: TestRequest) -> Answer {
        let state = Data::from(Arc::clone(&self.test.app));
        let service = init_service(application(state, Front::default())).await;
        let response = call_service(&service, request.to_request()).await;
        let status = response.status().as_u16();
        let text = String::from_utf8(read_body(response).await.to_vec()).unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Json::Null);
        Answer { status, body, text }
    }
}

impl Person<'_> {
    /// The token of somebody who is signed in.
    pub(super) fn token(&self) -> &str {
        self.token.as_deref().unwrap()
    }

    pub(super) async fn ask(&self, method: Method, path: &str, body: Option<Json>) -> Answer {
        let mut request = TestRequest::with_uri(&format!("/api/collections/{path}")).method(method);
        if let Some(token) = &self.token {
            request = request.insert_header(("Authorization", token.as_str()));
        }
        if let Some(body) = body {
            request = request.set_json(body);
        }
        self.world.send(request).await
    }

    /// A batch of these items.
    pub(super) async fn batch(&self, items: Json) -> Answer {
        self.batch_raw("", &[], "application/json", json!({ "requests": items }).to_string()).await
    }

    /// A batch with any query, headers and body.
    pub(super) async fn batch_raw(
        &self,
        query: &str,
        headers: &[(&str, &str)],
        kind: &str,
        body: impl Into<Vec<u8>>,
    ) -> Answer {
        let mut request = TestRequest::post().uri(&format!("/api/batch{query}"));
        if let Some(token) = &self.token {
            request = request.insert_header(("Authorization", token.as_str()));
        }
        for header in headers {
            request = request.insert_header(*header);
        }
        let body: Vec<u8> = body.into();
        let length = body.len().to_string();
        let request = request.insert_header(("Content-Type", kind));
        self.world.send(request.insert_header(("Content-Length", length)).set_payload(body)).await
    }

    /// A request with any body.
    pub(super) async fn raw(&self, path: &str, kind: &str, body: impl Into<Vec<u8>>) -> Answer {
        let mut request = TestRequest::post().uri(&format!("/api/collections/{path}/records"));
        if let Some(token) = &self.token {
            request = request.insert_header(("Authorization", token.as_str()));
        }
        let body: Vec<u8> = body.into();
        let length = body.len().to_string();
        let request = request.insert_header(("Content-Type", kind));
        self.world.send(request.insert_header(("Content-Length", length)).set_payload(body)).await
    }

    /// Asks for a token to read files with.
    pub(super) async fn file_token(&self) -> Answer {
        let mut request = TestRequest::post().uri("/api/files/token");
        if let Some(token) = &self.token {
            request = request.insert_header(("Authorization", token.as_str()));
        }
        self.world.send(request).await
    }

    /// A new record from a form.
    pub(super) async fn upload(&self, collection: &str, parts: &[Part<'_>]) -> Answer {
        let (kind, body) = multipart(parts);
        self.raw(collection, kind, body).await
    }

    /// A changed record from a form.
    pub(super) async fn upload_to(&self, collection: &str, id: &str, parts: &[Part<'_>]) -> Answer {
        let (kind, body) = multipart(parts);
        let path = format!("/api/collections/{collection}/records/{id}");
        let mut request = TestRequest::patch().uri(&path).insert_header(("Content-Type", kind));
        if let Some(token) = &self.token {
            request = request.insert_header(("Authorization", token.as_str()));
        }
        let length = body.len().to_string();
        self.world.send(request.insert_header(("Content-Length", length)).set_payload(body)).await
    }

    pub(super) async fn create(&self, collection: &str, body: Json) -> Answer {
        self.ask(Method::POST, &format!("{collection}/records"), Some(body)).await
    }

    pub(super) async fn update(&self, collection: &str, id: &str, body: Json) -> Answer {
        self.ask(Method::PATCH, &format!("{collection}/records/{id}"), Some(body)).await
    }

    pub(super) async fn delete(&self, collection: &str, id: &str) -> Answer {
        self.ask(Method::DELETE, &format!("{collection}/records/{id}"), None).await
    }

    pub(super) async fn view(&self, collection: &str, id: &str) -> Answer {
        self.view_with(collection, id, &[]).await
    }

    pub(super) async fn view_with(
        &self,
        collection: &str,
        id: &str,
        query: &[(&str, &str)],
    ) -> Answer {
        self.ask(Method::GET, &format!("{collection}/records/{id}{}", encode(query)), None).await
    }

    pub(super) async fn list(&self, collection: &str, query: &[(&str, &str)]) -> Answer {
        self.ask(Method::GET, &format!("{collection}/records{}", encode(query)), None).await
    }
}

impl Answer {
    /// The answer itself when it has this status.
    #[track_caller]
    pub(super) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    #[track_caller]
    pub(super) fn id(&self) -> String {
        self.body["id"].as_str().unwrap_or_else(|| panic!("{}", self.text)).to_owned()
    }

    /// `status field:code …`, the codes without their common beginning.
    pub(super) fn codes(&self) -> String {
        let mut codes = vec![self.status.to_string()];
        for (field, fault) in self.body["data"].as_object().into_iter().flatten() {
            let code = fault["code"].as_str().unwrap_or("?").trim_start_matches("validation_");
            codes.push(format!("{field}:{code}"));
        }
        codes.join(" ")
    }

    /// The values of `field` in the items of a list.
    pub(super) fn column(&self, field: &str) -> Vec<Json> {
        let items = self.body["items"].as_array().unwrap_or_else(|| panic!("{}", self.text));
        items.iter().map(|item| item[field].clone()).collect()
    }
}

fn encode(query: &[(&str, &str)]) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    if query.is_empty() { query } else { format!("?{query}") }
}
