//! A provider of the test's own: it asks nobody for a password, and is strict in all else. Codes are
//! good once, for the application, the address and the verifier that they were made for; id_tokens are
//! signed. On demand it goes wrong in one place.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use actix_web::dev::ServerHandle;
use actix_web::http::header::{AUTHORIZATION, LOCATION};
use actix_web::web::{Bytes, Data, Query};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The application that is registered there.
pub(super) const CLIENT: &str = "app";
pub(super) const SECRET: &str = "s3cret & more";

/// The moment at which its clock stands: that of the servers of these tests.
pub(super) const NOW: i64 = 1_767_225_600;

/// A key pair made for these tests, with no other use.
const RSA: &[u8] = include_bytes!("rsa.der");
const KEY_ID: &str = "2026";

/// A picture of one point.
pub(super) const PICTURE: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// How it goes wrong.
#[derive(Clone)]
pub(super) enum Fault {
    /// It does not answer.
    Hang,
    /// It answers this, whatever was asked.
    Answer(u16, &'static str, String),
    /// It leads elsewhere.
    Redirect(String),
}

/// What it knows and how it behaves.
#[derive(Default)]
pub(super) struct State {
    /// Who is signed in there: the claims of OpenID Connect.
    pub person: Value,
    /// What `/user` answers, for providers that are not OpenID's.
    pub user: Value,
    /// What `/user/emails` answers.
    pub emails: Value,
    /// What goes wrong, by path.
    pub faults: HashMap<&'static str, Fault>,
    /// What is written over the claims of id_tokens.
    pub claims: Value,
    /// Another issuer than it is, in its own configuration.
    pub issuer: Option<String>,
    /// Whether the secret is taken from forms alone, and tokens are answered as one.
    pub is_old: bool,
    /// Whether id_tokens are signed with another key than it shows.
    pub signs_with_another_key: bool,
    /// Every path that was asked for.
    pub asked: Vec<String>,
    codes: HashMap<String, Issued>,
    made: usize,
}

#[derive(Clone)]
struct Issued {
    redirect: String,
    challenge: String,
    nonce: Option<String>,
}

/// A running provider. It ends with the test.
pub(super) struct Provider {
    /// Its address, which is its issuer as well.
    pub url: String,
    state: Data<Mutex<State>>,
    handle: ServerHandle,
}

impl Provider {
    /// A provider at which Ann is signed in.
    pub(super) fn start() -> Self {
        let state = Data::new(Mutex::new(State::default()));
        let shared = state.clone();
        let server = HttpServer::new(move || {
            App::new().app_data(shared.clone()).default_service(web::to(answer))
        });
        let server = server.workers(1).disable_signals().bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        let provider = Self { url, state, handle };
        provider.sign_in("ann", "ann@example.com");
        provider
    }

    /// Its state, to be looked at and changed.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Another person is signed in there from now on, with an address that is proved.
    pub(super) fn sign_in(&self, name: &str, email: &str) {
        let mut state = self.state();
        state.person = json!({
            "sub": format!("id of {name}"), "name": format!("{name} at home"), "preferred_username": name,
            "picture": format!("{}/picture.png", self.url), "email": email, "email_verified": true,
        });
        state.user = json!({
            "id": name.len() * 1000, "login": name, "name": name, "avatar_url": "", "username": name,
            "email": email, "confirmed_at": "2020-01-01T00:00:00Z",
        });
        state.emails = json!([
            { "email": "other@example.com", "verified": true, "primary": false },
            { "email": email, "verified": true, "primary": true },
        ]);
    }

    /// Lets it go wrong at `path` from now on.
    pub(super) fn fail(&self, path: &'static str, fault: Fault) {
        self.state().faults.insert(path, fault);
    }

    /// How often `path` was asked for.
    pub(super) fn asked(&self, path: &str) -> usize {
        self.state().asked.iter().filter(|asked| *asked == path).count()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        // Requests that hang end with it.
        actix_web::rt::spawn(self.handle.stop(false));
    }
}

async fn answer(request: HttpRequest, body: Bytes, state: Data<Mutex<State>>) -> HttpResponse {
    let path = request.path().to_owned();
    let fault = {
        let mut state = state.lock().unwrap();
        state.asked.push(path.clone());
        state.faults.get(path.as_str()).cloned()
    };
    match fault {
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Answer(status, kind, text)) => {
            let status = actix_web::http::StatusCode::from_u16(status).unwrap();
            return HttpResponse::build(status).content_type(kind).body(text);
        }
        Some(Fault::Redirect(place)) => {
            return HttpResponse::TemporaryRedirect().insert_header((LOCATION, place)).finish();
        }
        None => {}
    }
    let url = format!("http://{}", request.app_config().local_addr());
    let mut state = state.lock().unwrap();
    match path.as_str() {
        "/authorize" => authorize(&request, &mut state),
        "/token" => token(&request, &body, &url, &mut state),
        "/userinfo" => behind_token(&request, &state.person),
        "/user" => behind_token(&request, &state.user),
        "/user/emails" => behind_token(&request, &state.emails),
        "/keys" => HttpResponse::Ok().json(json!({ "keys": [public_key()] })),
        "/picture.png" => {
            HttpResponse::Ok().content_type("image/png").body(STANDARD.decode(PICTURE).unwrap())
        }
        "/.well-known/openid-configuration" => HttpResponse::Ok().json(json!({
            "issuer": state.issuer.clone().unwrap_or_else(|| url.clone()),
            "authorization_endpoint": format!("{url}/authorize"),
            "token_endpoint": format!("{url}/token"),
            "userinfo_endpoint": format!("{url}/userinfo"),
            "jwks_uri": format!("{url}/keys"),
        })),
        _ => HttpResponse::NotFound().finish(),
    }
}

/// Everybody agrees to everything: the way back has a new code.
fn authorize(request: &HttpRequest, state: &mut State) -> HttpResponse {
    let query = Query::<HashMap<String, String>>::from_query(request.query_string()).unwrap();
    let text = |key: &str| query.get(key).cloned().unwrap_or_default();
    let is_right = text("client_id") == CLIENT && text("response_type") == "code";
    if !is_right || text("redirect_uri").is_empty() {
        return HttpResponse::BadRequest().finish();
    }
    state.made += 1;
    let code = format!("code {}", state.made);
    let issued = Issued {
        redirect: text("redirect_uri"),
        challenge: text("code_challenge"),
        nonce: query.get("nonce").cloned(),
    };
    state.codes.insert(code.clone(), issued);
    let mut back = url::Url::parse(&text("redirect_uri")).unwrap();
    back.query_pairs_mut().append_pair("code", &code).append_pair("state", &text("state"));
    HttpResponse::Found().insert_header((LOCATION, back.to_string())).finish()
}

fn token(request: &HttpRequest, body: &[u8], url: &str, state: &mut State) -> HttpResponse {
    let form: HashMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
    let text = |key: &str| form.get(key).cloned().unwrap_or_default();
    let known = if state.is_old {
        text("client_id") == CLIENT && text("client_secret") == SECRET
    } else {
        let escaped: String = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
        let expected = format!("Basic {}", STANDARD.encode(format!("{CLIENT}:{escaped}")));
        header(request) == expected
    };
    if !known {
        return HttpResponse::Unauthorized().json(json!({ "error": "invalid_client" }));
    }
    let refuse = || HttpResponse::BadRequest().json(json!({ "error": "invalid_grant" }));
    let Some(issued) = state.codes.remove(&text("code")) else { return refuse() };
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(text("code_verifier")));
    let is_bound = issued.challenge.is_empty() || issued.challenge == challenge;
    if text("grant_type") != "authorization_code"
        || text("redirect_uri") != issued.redirect
        || !is_bound
    {
        return refuse();
    }
    if state.is_old {
        return HttpResponse::Ok()
            .content_type("application/x-www-form-urlencoded")
            .body("access_token=opens+user&token_type=bearer&scope=user");
    }
    HttpResponse::Ok().json(json!({
        "access_token": "opens user", "token_type": "Bearer", "expires_in": "3600",
        "refresh_token": "for later", "id_token": id_token(state, url, issued.nonce),
    }))
}

fn id_token(state: &State, url: &str, nonce: Option<String>) -> String {
    let mut claims = json!({
        "iss": url, "aud": CLIENT, "iat": NOW, "exp": NOW + 600, "nonce": nonce,
    });
    let map = claims.as_object_mut().unwrap();
    for more in [&state.person, &state.claims] {
        map.extend(more.as_object().cloned().unwrap_or_default());
    }
    // What is written over with null is left out.
    map.retain(|_, claim| !claim.is_null());
    let header = Header { kid: Some(KEY_ID.to_owned()), ..Header::new(Algorithm::RS256) };
    let mut token = encode(&header, &claims, &private_key()).unwrap();
    if state.signs_with_another_key {
        let cut = token.rfind('.').unwrap() + 1;
        token.truncate(cut);
        token.push_str(&URL_SAFE_NO_PAD.encode([7; 256]));
    }
    token
}

fn private_key() -> EncodingKey {
    EncodingKey::from_rsa_der(RSA)
}

fn public_key() -> Value {
    let mut key = json!(Jwk::from_encoding_key(&private_key(), Algorithm::RS256).unwrap());
    key["kid"] = json!(KEY_ID);
    key
}

fn behind_token(request: &HttpRequest, value: &Value) -> HttpResponse {
    if header(request) == "Bearer opens user" {
        HttpResponse::Ok().json(value)
    } else {
        HttpResponse::Unauthorized().finish()
    }
}

fn header(request: &HttpRequest) -> &str {
    request.headers().get(AUTHORIZATION).map_or("", |value| value.to_str().unwrap())
}
