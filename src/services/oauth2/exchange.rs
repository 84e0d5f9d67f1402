//! From a code to tokens (contract B 3.4, step 1).

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use url::form_urlencoded::{self, Serializer};

use crate::domain::oauth2::Application;
use crate::domain::time::Timestamp;
use crate::domain::{Json, JsonMap};
use crate::services::oauth2::answer::{Answer, ProviderError, ask};

/// What a client brings back from a provider.
#[derive(Clone, Default)]
pub struct CodeGrant {
    /// The code, good for one exchange.
    pub code: String,
    /// What the code was bound to when PKCE is used.
    pub code_verifier: String,
    /// Where the provider sent it to; empty when the client does not say.
    pub redirect_url: String,
}

/// Tokens of a provider. They are handed on and not stored.
#[derive(Clone)]
pub struct Tokens {
    /// Opens the profile.
    pub access_token: String,
    /// The word before the access token.
    pub scheme: String,
    /// Makes new access tokens; empty when there is none.
    pub refresh_token: String,
    /// When the access token ends, if the provider says so.
    pub expiry: Option<Timestamp>,
    /// The whole answer.
    pub answer: JsonMap,
}

/// How an application says who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Credentials {
    Header,
    Form,
}

/// Exchanges the code of `grant`. Providers differ in how they want to be told the application's
/// secret, and nothing is remembered: the header first, as the standard has it, then the form.
pub(super) async fn exchange(
    client: &reqwest::Client,
    application: &Application,
    grant: &CodeGrant,
    now: Timestamp,
) -> Result<Tokens, ProviderError> {
    match attempt(client, application, grant, Credentials::Header, now).await {
        Err(ProviderError::Refused { .. } | ProviderError::Unreadable { .. }) => {
            attempt(client, application, grant, Credentials::Form, now).await
        }
        outcome => outcome,
    }
}

async fn attempt(
    client: &reqwest::Client,
    application: &Application,
    grant: &CodeGrant,
    credentials: Credentials,
    now: Timestamp,
) -> Result<Tokens, ProviderError> {
    let mut form = Serializer::new(String::new());
    form.append_pair("grant_type", "authorization_code").append_pair("code", &grant.code);
    if !grant.redirect_url.is_empty() {
        form.append_pair("redirect_uri", &grant.redirect_url);
    }
    if application.pkce {
        form.append_pair("code_verifier", &grant.code_verifier);
    }
    let (id, secret) = (&application.client_id, &application.client_secret);
    let mut request = client
        .post(&application.token_url)
        .header(ACCEPT, "application/json")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    match credentials {
        Credentials::Header => request = request.basic_auth(escaped(id), Some(escaped(secret))),
        Credentials::Form => {
            form.append_pair("client_id", id).append_pair("client_secret", secret);
        }
    }
    tokens(ask(request.body(form.finish())).await?.require_success()?, now)
}

/// The standard puts id and secret into the header as a form would have them.
fn escaped(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Reads tokens, as JSON or as a form. An error under a status of success is a refusal.
fn tokens(answer: Answer, now: Timestamp) -> Result<Tokens, ProviderError> {
    let map = match answer.json() {
        Ok(Json::Object(map)) => map,
        Ok(_) => return Err(answer.unreadable("tokens")),
        Err(_) => form_urlencoded::parse(&answer.bytes)
            .map(|(key, value)| (key.into_owned(), Json::from(value.into_owned())))
            .collect(),
    };
    let text = |key: &str| map.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
    if let Some(error) = map.get("error").filter(|error| !error.is_null() && *error != "") {
        // Tokens may stand beside it, so the rest is not repeated.
        return Err(answer.refusal(&error.to_string()));
    }
    let access_token = text("access_token");
    if access_token.is_empty() {
        return Err(answer.unreadable("tokens"));
    }
    Ok(Tokens {
        access_token,
        scheme: scheme(&text("token_type")),
        refresh_token: text("refresh_token"),
        expiry: seconds(map.get("expires_in")).map(|seconds| now.plus_millis(seconds * 1000)),
        answer: map,
    })
}

fn scheme(token_type: &str) -> String {
    match token_type {
        "" => "Bearer".to_owned(),
        written if written.eq_ignore_ascii_case("bearer") => "Bearer".to_owned(),
        written => written.to_owned(),
    }
}

/// A lifetime, as a number or as the text of one; 0 is none.
fn seconds(lifetime: Option<&Json>) -> Option<i64> {
    let seconds = match lifetime? {
        Json::String(text) => text.parse().ok()?,
        number => number.as_i64()?,
    };
    (1..=i64::from(u32::MAX)).contains(&seconds).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Result<Tokens, ProviderError> {
        let answer =
            Answer { place: "p.example".to_owned(), status: 200, bytes: text.as_bytes().to_vec() };
        tokens(answer, Timestamp::from_millis(1_000))
    }

    #[test]
    fn tokens_come_as_json_or_as_a_form() {
        let json = read(r#"{"access_token":"a","token_type":"bearer","expires_in":"60"}"#).unwrap();
        assert_eq!((json.access_token.as_str(), json.scheme.as_str()), ("a", "Bearer"));
        assert_eq!(json.expiry, Some(Timestamp::from_millis(61_000)));
        let form = read("access_token=a%20b&token_type=MAC&refresh_token=r&scope=x").unwrap();
        assert_eq!((form.access_token.as_str(), form.scheme.as_str()), ("a b", "MAC"));
        assert_eq!((form.refresh_token.as_str(), form.expiry), ("r", None));
        assert_eq!(form.answer["scope"], json!("x"));
        let plain = read(r#"{"access_token":"a","expires_in":0,"error":""}"#).unwrap();
        assert_eq!((plain.scheme.as_str(), plain.expiry), ("Bearer", None));
    }

    #[test]
    fn an_error_under_a_success_and_garbage_are_none() {
        for text in [
            r#"{"access_token":"a","error":"bad_verification_code"}"#,
            "error=bad_verification_code&access_token=a",
            r#"{"error":{"code":5}}"#,
            r#"{"token_type":"bearer"}"#,
            r#"{"access_token":7}"#,
            r#"["access_token"]"#,
            "<html>access_token</html>",
            "",
            "\u{0}\u{1}",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn lifetimes_beyond_reason_are_none() {
        for lifetime in [json!(-1), json!("soon"), json!(1e300), json!(i64::MAX), json!(null)] {
            assert_eq!(seconds(Some(&lifetime)), None, "{lifetime}");
        }
        assert_eq!(seconds(Some(&json!(3600))), Some(3600));
    }
}
