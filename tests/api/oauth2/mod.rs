//! Signing in through other providers, against one of the test's own.

mod apple;
mod arrive;
mod defend;
mod methods;
mod provider;
mod providers_fail;
mod refuse;
mod unlink;

use std::time::Duration;

use ferrobase::services::oauth2::Limits;
use ferrobase::services::public_addresses::Reach;
use reqwest::redirect::Policy;
use serde_json::{Value, json};

use super::harness::{Answer, Client, PASSWORD, TestApp};
use provider::{Provider, SECRET};

/// Where people come back to. Nobody listens there: the test reads the address.
const BACK: &str = "https://app.example.com/back";

/// `users` that everybody may join, `members` by invitation, `closed` that nobody may, `staff` that
/// nobody gets into this way.
const CONFIG: &str = r#"
[oauth.oidc]
client_id     = "app"
client_secret = "${SECRET}"
issuer        = "${PROVIDER}"
display       = "Home"

[oauth.oidc2]
client_id     = "app"
client_secret = "${SECRET}"
auth_url      = "${PROVIDER}/authorize"
token_url     = "${PROVIDER}/token"
user_info_url = "${PROVIDER}/userinfo"

[oauth.github]
client_id     = "app"
client_secret = "${SECRET}"
auth_url      = "${PROVIDER}/authorize"
token_url     = "${PROVIDER}/token"
user_info_url = "${PROVIDER}/user"

[oauth.gitlab]
client_id     = "app"
client_secret = "${SECRET}"
auth_url      = "${PROVIDER}/authorize?plan=free"
token_url     = "${PROVIDER}/token"
user_info_url = "${PROVIDER}/user"
pkce          = false

[oauth.apple]
client_id     = "app"
client_secret = "${SECRET}"
auth_url      = "${PROVIDER}/authorize"
token_url     = "${PROVIDER}/token"
user_info_url = "${PROVIDER}/keys"

[oauth.microsoft]
client_id     = "app"
client_secret = "${SECRET}"
auth_url      = "${PROVIDER}/authorize"
token_url     = "${PROVIDER}/token"
user_info_url = "${PROVIDER}/user"
extra         = { idTokenEmailClaim = "email_and_xms_edov" }

[oauth.discord]
client_id     = ""
client_secret = ""

[collections.users]
type    = "auth"
owner   = "id"
login   = ["password", "oidc", "oidc2", "github", "gitlab", "discord"]
profile = { id = "home", name = "name", username = "username", avatar = "avatar" }
rules   = { read = "owner", create = "public", update = "owner", delete = "owner" }

[collections.users.fields]
home     = "text"
name     = "text max=40"
username = "text unique nocase min=3"
avatar   = "file max=2kB types=image/*"
plan     = "select(free, paid) default=free"

[collections.members]
type   = "auth"
login  = ["oidc"]
fields = { code = "text", picture = "url", password = "password! min=40" }
profile = { avatar = "picture" }
rules  = { read = "owner", create = "code = 'welcome' && @request.context = 'oauth2'", auth = "verified = true" }
owner  = "id"

[collections.fans]
type    = "auth"
login   = ["apple", "microsoft"]
profile = { name = "name" }
fields  = { name = "text" }
rules   = { create = "public" }

[collections.guarded]
type  = "auth"
login = ["password", "oidc", "oidc2"]
mfa   = true
rules = { create = "public" }

[collections.closed]
type  = "auth"
login = ["oidc"]

[collections.staff]
type  = "auth"
rules = { create = "public" }

[collections.notes]
fields = { text = "text!" }
rules  = { read = "public", create = "auth" }
"#;

/// A provider, and a server that is registered there.
struct World {
    app: TestApp,
    provider: Provider,
}

/// The limits of tests: pictures come from this machine.
const LIMITS: Limits = Limits {
    conversation: Duration::from_secs(30),
    discovery: Duration::from_secs(5),
    picture: Duration::from_secs(10),
    pictures_from: Reach::Anywhere,
    leeway: 300,
};

/// Limits for a provider that never answers.
const SHORT: Limits = Limits {
    conversation: Duration::from_millis(300),
    discovery: Duration::from_millis(300),
    picture: Duration::from_millis(300),
    ..LIMITS
};

async fn start() -> World {
    start_with(LIMITS).await
}

async fn start_with(limits: Limits) -> World {
    let provider = Provider::start();
    let variables = [("PROVIDER", provider.url.as_str()), ("SECRET", SECRET)];
    let app = TestApp::with_limits(CONFIG, &variables, limits).await;
    World { app, provider }
}

/// What somebody has in hand when they come back from a provider.
#[derive(Clone, Debug)]
struct Grant {
    provider: String,
    code: String,
    verifier: String,
}

impl World {
    /// Goes to the provider called `name` as `collection` says, and comes back.
    async fn visit(&self, collection: &str, name: &str) -> Grant {
        let invitation = self.invitation(collection, name).await;
        let text = |key: &str| invitation[key].as_str().unwrap().to_owned();
        let browser = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
        let encoded: String = url::form_urlencoded::byte_serialize(BACK.as_bytes()).collect();
        let went = browser.get(format!("{}{encoded}", text("authURL"))).send().await.unwrap();
        assert_eq!(went.status().as_u16(), 302, "{invitation}");
        let back = url::Url::parse(went.headers()["location"].to_str().unwrap()).unwrap();
        let brought = |key: &str| {
            let mut pairs = back.query_pairs();
            pairs.find(|(name, _)| name == key).map(|(_, value)| value.into_owned()).unwrap()
        };
        assert_eq!(brought("state"), text("state"), "the way back is the one that was begun");
        Grant { provider: name.to_owned(), code: brought("code"), verifier: text("codeVerifier") }
    }

    async fn invitation(&self, collection: &str, name: &str) -> Value {
        let path = format!("/api/collections/{collection}/auth-methods");
        let methods = self.app.guest().get(&path).await.expect(200).at("/oauth2/providers");
        let mut providers = methods.as_array().unwrap().iter();
        providers.find(|provider| provider["name"] == name).cloned().unwrap()
    }

    /// Goes to the provider and signs in with what it gives.
    async fn sign_in(&self, client: &Client, collection: &str, name: &str) -> Answer {
        let grant = self.visit(collection, name).await;
        exchange(client, collection, &grant, json!({})).await
    }

    /// Signs in as whoever is at the provider, which has to work.
    async fn arrive(&self) -> Answer {
        self.sign_in(&self.app.guest(), "users", "oidc").await.expect(200)
    }

    /// An account by password, with an address that nobody proved.
    async fn by_password(&self, email: &str) -> Client {
        let body = json!({ "email": email, "password": PASSWORD, "passwordConfirm": PASSWORD });
        self.app.guest().create("users", body).await.expect(200);
        self.app.guest().sign_in("users", email, PASSWORD).await
    }

    /// Whether the server takes this client for somebody.
    async fn knows(&self, client: &Client) -> bool {
        client.create("notes", json!({ "text": "I was here" })).await.status == 200
    }

    /// The links to providers, as `provider id` and sorted.
    fn links(&self) -> Vec<String> {
        let column = |name: &str| self.app.database().column("_externalAuths", name);
        let pairs = column("provider").into_iter().zip(column("providerId"));
        let mut links: Vec<String> = pairs.map(|(name, id)| format!("{name} {id}")).collect();
        links.sort();
        links
    }
}

async fn exchange(client: &Client, collection: &str, grant: &Grant, more: Value) -> Answer {
    let mut body = json!({
        "provider": grant.provider, "code": grant.code, "codeVerifier": grant.verifier,
        "redirectURL": BACK,
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    client.post(&path(collection), body).await
}

fn path(collection: &str) -> String {
    format!("/api/collections/{collection}/auth-with-oauth2")
}

/// The client that an answer signs in.
fn holder(world: &World, answer: &Answer) -> Client {
    world.app.guest().with_token(answer.at("/token").as_str().unwrap())
}

/// The codes of an answer's field errors by field.
fn codes(answer: &Answer) -> String {
    let data = answer.at("/data");
    let code = |(field, fault): (&String, &Value)| {
        let code = fault["code"].as_str().unwrap_or("?");
        format!("{field}:{}", code.trim_start_matches("validation_"))
    };
    data.as_object().unwrap().iter().map(code).collect::<Vec<_>>().join(" ")
}
