//! Somebody who talks to the server: a guest, a user or a superuser.

use reqwest::Method;
use serde_json::{Value, json};

use super::Answer;

/// A base address and, once signed in, a token. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    base: String,
    token: Option<String>,
    id: Option<String>,
    http: reqwest::Client,
}

impl Client {
    /// A guest of the server at `base`, for example `http://127.0.0.1:1234`.
    pub(crate) fn guest(base: impl Into<String>) -> Self {
        // The client wants one even where it speaks no TLS; the second installation says no.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self { base: base.into(), token: None, id: None, http: reqwest::Client::new() }
    }

    /// The same connection pool with a token that the test brings itself.
    pub(crate) fn with_token(&self, token: impl Into<String>) -> Self {
        Self { token: Some(token.into()), id: None, ..self.clone() }
    }

    /// The same from another address of this machine.
    pub(crate) fn at_address(&self, address: &str) -> Self {
        let address = address.parse::<std::net::IpAddr>().unwrap();
        let http = reqwest::Client::builder().local_address(address).build().unwrap();
        Self { http, ..self.clone() }
    }

    /// Signs in with a password and answers the client that is signed in.
    pub(crate) async fn sign_in(&self, collection: &str, identity: &str, password: &str) -> Self {
        let path = format!("/api/collections/{collection}/auth-with-password");
        let body = json!({ "identity": identity, "password": password });
        let answer = self.post(&path, body).await.expect(200);
        let text = |pointer| answer.at(pointer).as_str().unwrap().to_owned();
        Self { token: Some(text("/token")), id: Some(text("/record/id")), ..self.clone() }
    }

    /// The id of the record that is signed in.
    #[track_caller]
    pub(crate) fn id(&self) -> &str {
        self.id.as_deref().expect("this client did not sign in by itself")
    }

    /// The token that requests carry.
    #[track_caller]
    pub(crate) fn token(&self) -> &str {
        self.token.as_deref().expect("a guest has no token")
    }

    /// `GET path`; the path may hold a query, already encoded.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// `GET path` with parameters that are still to be encoded.
    pub(crate) async fn query(&self, path: &str, parameters: &[(&str, &str)]) -> Answer {
        let encoded: String =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        self.get(&format!("{path}?{encoded}")).await
    }

    /// The records of a collection under a filter.
    pub(crate) async fn list(&self, collection: &str, filter: &str) -> Answer {
        self.query(&records(collection), &[("filter", filter)]).await
    }

    /// Creates a record.
    pub(crate) async fn create(&self, collection: &str, body: Value) -> Answer {
        self.post(&records(collection), body).await
    }

    /// `POST path` with a JSON body.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    /// `PATCH path` with a JSON body.
    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::PATCH, path).json(&body)).await
    }

    /// `DELETE path`.
    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// Any method with any body, for what is not JSON.
    pub(crate) async fn raw(
        &self,
        method: &str,
        path: &str,
        content_type: &str,
        body: Vec<u8>,
    ) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.request(method, path).header("Content-Type", content_type).body(body);
        self.send(request).await
    }

    /// Sends a request that the test built with [`Client::request`].
    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        Answer::try_read(request.send().await.unwrap()).await.expect("the answer was cut off")
    }

    /// `POST path`, or `None` if the server went away before it answered in full.
    pub(crate) async fn try_post(&self, path: &str, body: Value) -> Option<Answer> {
        Answer::try_read(self.request(Method::POST, path).json(&body).send().await.ok()?).await
    }

    /// `PATCH path`, or `None` if the server went away before it answered in full.
    pub(crate) async fn try_patch(&self, path: &str, body: Value) -> Option<Answer> {
        Answer::try_read(self.request(Method::PATCH, path).json(&body).send().await.ok()?).await
    }

    /// A request with the token in place, to be changed and sent.
    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.header("Authorization", token),
            None => request,
        }
    }
}

fn records(collection: &str) -> String {
    format!("/api/collections/{collection}/records")
}
