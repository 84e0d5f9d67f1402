use serde_json::json;

use super::profile::{Answers, Unfit, read};
use super::*;
use crate::domain::collection::OAuth2Provider;
use crate::domain::providers::{PROVIDERS, Provider};
use crate::domain::random::Random;
use crate::domain::{Json, JsonMap};

fn configured(name: &str) -> OAuth2Provider {
    OAuth2Provider {
        name: name.to_owned(),
        client_id: "abc".to_owned(),
        client_secret: "hush".to_owned(),
        auth_url: String::new(),
        token_url: String::new(),
        user_info_url: String::new(),
        display_name: String::new(),
        pkce: None,
        extra: None,
    }
}

fn application(name: &str) -> Application {
    Application::new(&configured(name)).unwrap()
}

fn with_extra(name: &str, extra: Json) -> OAuth2Provider {
    OAuth2Provider { extra: extra.as_object().cloned(), ..configured(name) }
}

/// Everything that a provider answers in the cases below.
#[derive(Default)]
struct Given {
    profile: Json,
    emails: Option<Json>,
    tokens: Json,
    claims: Option<Json>,
    email_claim: EmailClaim,
}

fn of(profile: Json) -> Given {
    Given { profile, ..Given::default() }
}

fn read_given(name: &str, given: &Given) -> Result<Profile, Unfit> {
    let map = |json: &Json| json.as_object().cloned().unwrap_or_default();
    let claims = given.claims.as_ref().map(map);
    read(
        name,
        &Answers {
            profile: &map(&given.profile),
            emails: given.emails.as_ref(),
            tokens: &map(&given.tokens),
            claims: claims.as_ref(),
            email_claim: given.email_claim,
        },
    )
}

/// Id, name, user name, picture and address of a profile, as one text.
fn told(name: &str, given: &Given) -> String {
    match read_given(name, given) {
        Ok(profile) => {
            let Profile { id, name, username, avatar_url, email, .. } = profile;
            [id, name, username, avatar_url, email].join("|")
        }
        Err(fault) => fault.to_string(),
    }
}

#[test]
fn every_provider_is_read_by_its_own_words() {
    let github =
        json!({ "id": 583231, "name": "Ann", "login": "ann", "avatar_url": "p", "email": "x@y.z" });
    let mail = |fields: Json| json!([{ "email": "no@b.c" }, fields]);
    let vk = json!({ "response": [{ "id": 7, "first_name": "Ann", "last_name": "Lee",
        "screen_name": "ann", "photo_max": "p" }] });
    let cases: Vec<(&str, Given, &str)> = vec![
        (
            "apple",
            of(json!({ "sub": "a", "email": "a@b.c", "email_verified": "true" })),
            "a||||a@b.c",
        ),
        (
            "google",
            of(
                json!({ "sub": "a", "name": "Ann", "picture": "p", "email": "a@b.c", "email_verified": true }),
            ),
            "a|Ann||p|a@b.c",
        ),
        (
            "microsoft",
            of(json!({ "id": "a", "displayName": "Ann", "mail": "a@b.c" })),
            "a|Ann|||a@b.c",
        ),
        (
            "yandex",
            of(
                json!({ "id": "1", "real_name": "Ann", "login": "ann", "default_email": "a@b.c", "default_avatar_id": "7", "is_avatar_empty": false }),
            ),
            "1|Ann|ann|https://avatars.yandex.net/get-yapic/7/islands-200|a@b.c",
        ),
        (
            "facebook",
            of(
                json!({ "id": "1", "name": "Ann", "email": "a@b.c", "picture": { "data": { "url": "p" } } }),
            ),
            "1|Ann||p|a@b.c",
        ),
        (
            "instagram2",
            of(
                json!({ "user_id": "1", "id": "2", "name": "Ann", "username": "ann", "profile_picture_url": "p" }),
            ),
            "1|Ann|ann|p|",
        ),
        (
            "github",
            Given {
                emails: Some(mail(json!({ "email": "a@b.c", "verified": true, "primary": true }))),
                ..of(github.clone())
            },
            "583231|Ann|ann|p|a@b.c",
        ),
        (
            "gitlab",
            of(
                json!({ "id": 1, "name": "Ann", "username": "ann", "avatar_url": "p", "email": "a@b.c", "confirmed_at": "2020-01-01T00:00:00.000Z" }),
            ),
            "1|Ann|ann|p|a@b.c",
        ),
        (
            "bitbucket",
            Given {
                emails: Some(
                    json!({ "values": [{ "email": "a@b.c", "is_primary": true, "is_confirmed": true }] }),
                ),
                ..of(
                    json!({ "uuid": "{1}", "display_name": "Ann", "username": "ann", "links": { "avatar": { "href": "p" } }, "account_status": "active" }),
                )
            },
            "{1}|Ann|ann|p|a@b.c",
        ),
        (
            "gitee",
            of(
                json!({ "id": 1, "name": "Ann", "login": "ann", "avatar_url": "p", "email": "a@b.c" }),
            ),
            "1|Ann|ann|p|a@b.c",
        ),
        (
            "gitee",
            Given {
                emails: Some(
                    json!([{ "email": "a@b.c", "state": "confirmed", "scope": ["primary"] }]),
                ),
                ..of(json!({ "id": 1, "email": "hidden" }))
            },
            "1||||a@b.c",
        ),
        (
            "gitea",
            Given {
                emails: Some(mail(json!({ "email": "a@b.c", "verified": true, "primary": true }))),
                ..of(
                    json!({ "id": 1, "full_name": "Ann", "login": "ann", "avatar_url": "p", "active": true }),
                )
            },
            "1|Ann|ann|p|a@b.c",
        ),
        (
            "discord",
            of(
                json!({ "id": "1", "username": "ann", "discriminator": "0", "avatar": "p", "email": "a@b.c", "verified": true }),
            ),
            "1|ann|ann|https://cdn.discordapp.com/avatars/1/p.png|a@b.c",
        ),
        (
            "discord",
            of(json!({ "id": "1", "username": "ann", "discriminator": "77" })),
            "1|ann#77|ann||",
        ),
        (
            "discord",
            of(json!({ "id": "1", "username": "ann", "global_name": "Ann" })),
            "1|Ann|ann||",
        ),
        (
            "twitter",
            of(
                json!({ "data": { "id": "1", "name": "Ann", "username": "ann", "profile_image_url": "p", "confirmed_email": "a@b.c" } }),
            ),
            "1|Ann|ann|p|a@b.c",
        ),
        (
            "kakao",
            of(
                json!({ "id": 1, "properties": { "nickname": "ann", "profile_image": "p" }, "kakao_account": { "email": "a@b.c", "is_email_valid": true, "is_email_verified": true } }),
            ),
            "1||ann|p|a@b.c",
        ),
        ("vk", Given { tokens: json!({ "email": "a@b.c" }), ..of(vk) }, "7|Ann Lee|ann|p|a@b.c"),
        (
            "linear",
            of(
                json!({ "data": { "viewer": { "id": "1", "displayName": "ann", "name": "Ann", "email": "a@b.c", "avatarUrl": "p", "active": true } } }),
            ),
            "1|Ann|ann|p|a@b.c",
        ),
        (
            "notion",
            of(
                json!({ "bot": { "owner": { "user": { "id": "1", "name": "Ann", "avatar_url": "p", "person": { "email": "a@b.c" } } } } }),
            ),
            "1|Ann||p|a@b.c",
        ),
        (
            "monday",
            of(
                json!({ "data": { "me": { "id": "1", "enabled": true, "name": "Ann", "email": "a@b.c", "is_verified": true, "photo_small": "p" } } }),
            ),
            "1|Ann||p|a@b.c",
        ),
        (
            "lark",
            of(
                json!({ "data": { "union_id": "1", "name": "Ann", "avatar_url": "p", "email": "a@b.c" } }),
            ),
            "1|Ann||p|",
        ),
        (
            "box",
            of(
                json!({ "id": "1", "name": "Ann", "avatar_url": "p", "login": "a@b.c", "status": "active" }),
            ),
            "1|Ann||p|a@b.c",
        ),
        (
            "spotify",
            of(
                json!({ "id": "1", "display_name": "Ann", "images": [{ "url": "p" }], "email": "a@b.c" }),
            ),
            "1|Ann||p|",
        ),
        (
            "trakt",
            of(
                json!({ "user": { "ids": { "uuid": "1" }, "name": "Ann", "username": "ann", "images": { "avatar": { "full": "p" } } } }),
            ),
            "1|Ann|ann|p|",
        ),
        (
            "twitch",
            of(
                json!({ "data": [{ "id": "1", "display_name": "Ann", "login": "ann", "profile_image_url": "p", "email": "a@b.c" }] }),
            ),
            "1|Ann|ann|p|a@b.c",
        ),
        (
            "patreon",
            of(
                json!({ "data": { "id": "1", "attributes": { "full_name": "Ann", "vanity": "ann", "image_url": "p", "email": "a@b.c", "is_email_verified": true } } }),
            ),
            "1|Ann|ann|p|a@b.c",
        ),
        (
            "strava",
            of(
                json!({ "id": 1, "firstname": "Ann", "lastname": "Lee", "username": "ann", "profile": "p" }),
            ),
            "1|Ann Lee|ann|p|",
        ),
        ("strava", of(json!({ "id": 0 })), "||||"),
        (
            "wakatime",
            of(
                json!({ "data": { "id": "1", "display_name": "Ann", "username": "ann", "photo": "p", "photo_public": true, "email": "a@b.c", "is_email_confirmed": true } }),
            ),
            "1|Ann|ann|p|a@b.c",
        ),
        (
            "livechat",
            of(
                json!({ "account_id": "1", "name": "Ann", "avatar_url": "p", "email": "a@b.c", "email_verified": true }),
            ),
            "1|Ann||p|a@b.c",
        ),
        (
            "mailcow",
            of(
                json!({ "id": "1", "full_name": "Ann", "username": "ann@b.c", "email": "a@b.c", "active": 1 }),
            ),
            "1|Ann|ann||a@b.c",
        ),
        (
            "planningcenter",
            of(
                json!({ "data": { "id": "1", "attributes": { "name": "Ann", "avatar": "p", "status": "active" } } }),
            ),
            "1|Ann||p|",
        ),
        (
            "oidc",
            of(
                json!({ "sub": "1", "name": "Ann", "preferred_username": "ann", "picture": "p", "email": "a@b.c", "email_verified": true }),
            ),
            "1|Ann|ann|p|a@b.c",
        ),
        ("oidc3", of(json!({ "sub": "1", "email": "a@b.c", "email_verified": "1" })), "1||||a@b.c"),
    ];
    for (name, given, expected) in &cases {
        assert_eq!(told(name, given), *expected, "{name}");
    }
    let covered = |provider: &Provider| cases.iter().any(|(name, _, _)| *name == provider.name);
    let missing: Vec<&str> =
        PROVIDERS.iter().filter(|one| !covered(one)).map(|one| one.name).collect();
    assert_eq!(missing, ["oidc2"], "every provider has a case");
}

#[test]
fn addresses_that_nobody_vouches_for_are_left_out() {
    let entry =
        |entry: Json| Given { emails: Some(json!([entry])), ..of(json!({ "active": true })) };
    let cases = [
        ("apple", of(json!({ "email": "a@b.c", "email_verified": "false" }))),
        ("google", of(json!({ "email": "a@b.c", "email_verified": false }))),
        ("oidc", of(json!({ "email": "a@b.c" }))),
        ("oidc", of(json!({ "email": "a@b.c", "email_verified": 1 }))),
        ("oidc", of(json!({ "email": "a@b.c", "email_verified": null }))),
        ("github", of(json!({ "email": "a@b.c" }))),
        ("github", entry(json!({ "email": "a@b.c", "verified": false, "primary": true }))),
        ("github", entry(json!({ "email": "a@b.c", "verified": true, "primary": false }))),
        ("gitea", entry(json!({ "email": "a@b.c", "verified": false, "primary": true }))),
        ("gitlab", of(json!({ "email": "a@b.c", "confirmed_at": null }))),
        ("gitlab", of(json!({ "email": "a@b.c", "confirmed_at": "soon" }))),
        ("gitee", entry(json!({ "email": "a@b.c", "state": "unconfirmed", "scope": ["primary"] }))),
        ("gitee", entry(json!({ "email": "a@b.c", "state": "confirmed", "scope": [] }))),
        ("discord", of(json!({ "email": "a@b.c", "verified": false }))),
        ("kakao", of(json!({ "kakao_account": { "email": "a@b.c", "is_email_valid": true } }))),
        ("monday", of(json!({ "data": { "me": { "enabled": true, "email": "a@b.c" } } }))),
        ("patreon", of(json!({ "data": { "attributes": { "email": "a@b.c" } } }))),
        ("wakatime", of(json!({ "data": { "email": "a@b.c", "photo": "p" } }))),
        ("livechat", of(json!({ "email": "a@b.c" }))),
    ];
    for (name, given) in cases {
        let profile = read_given(name, &given).unwrap();
        assert_eq!((profile.email.as_str(), profile.avatar_url.as_str()), ("", ""), "{name}");
    }
}

#[test]
fn accounts_that_are_closed_or_not_one_are_refused() {
    let cases = [
        ("gitea", json!({ "active": false }), Unfit::Inactive),
        ("bitbucket", json!({ "account_status": "inactive" }), Unfit::Inactive),
        ("linear", json!({ "data": { "viewer": { "active": false } } }), Unfit::Inactive),
        ("monday", json!({ "data": { "me": { "enabled": false } } }), Unfit::Inactive),
        ("box", json!({ "status": "inactive" }), Unfit::Inactive),
        ("mailcow", json!({ "active": 0 }), Unfit::Inactive),
        ("planningcenter", json!({ "data": { "attributes": {} } }), Unfit::Inactive),
        ("vk", json!({ "response": [] }), Unfit::NoAccount),
        ("twitch", json!({ "data": [] }), Unfit::NoAccount),
        ("oidc", json!({ "sub": 7 }), Unfit::Subject),
        ("google", json!({ "sub": ["a"] }), Unfit::Subject),
    ];
    for (name, profile, expected) in cases {
        assert_eq!(read_given(name, &of(profile)), Err(expected), "{name}");
    }
}

#[test]
fn which_address_of_a_microsoft_account_counts_is_an_option() {
    let claims = json!({ "email": "e@b.c", "verified_primary_email": ["v@b.c"] });
    let proved = json!({ "email": "e@b.c", "xms_edov": "1" });
    let cases = [
        ("", &claims, "m@b.c"),
        ("unheard of", &claims, "m@b.c"),
        ("email", &claims, "e@b.c"),
        ("email_and_xms_edov", &claims, ""),
        ("email_and_xms_edov", &proved, "e@b.c"),
        ("verified_primary_email", &claims, "v@b.c"),
        ("verified_primary_email", &proved, ""),
        ("any_verified", &claims, "v@b.c"),
        ("any_verified", &proved, "e@b.c"),
    ];
    for (option, claims, expected) in cases {
        let extra = json!({ "idTokenEmailClaim": option });
        let application = Application::new(&with_extra("microsoft", extra)).unwrap();
        let asks = application.scopes == "User.Read openid";
        assert_eq!(asks, EmailClaim::NAMES.contains(&option), "{option}");
        let given = Given {
            claims: Some(claims.clone()),
            email_claim: application.email_claim,
            ..of(json!({ "id": "a", "mail": "m@b.c" }))
        };
        assert_eq!(read_given("microsoft", &given).unwrap().email, expected, "{option}");
    }
}

#[test]
fn permissions_of_instagram_are_kept_with_the_profile() {
    let given = Given { tokens: json!({ "permissions": ["a"] }), ..of(json!({ "user_id": "1" })) };
    let raw = read_given("instagram2", &given).unwrap().raw;
    assert_eq!(Json::Object(raw), json!({ "user_id": "1", "permissions": ["a"] }));
}

#[test]
fn an_invitation_has_its_parameters_in_order() {
    let invite =
        |application: &Application| Authorization::new(application, &mut Random::seeded(1));
    let github = invite(&application("github"));
    assert_eq!((github.state.len(), github.code_verifier.len()), (30, 43));
    assert_eq!(
        github.url,
        format!(
            "https://github.com/login/oauth/authorize?client_id=abc&code_challenge={}\
             &code_challenge_method=S256&response_type=code&scope=read%3Auser+user%3Aemail\
             &state={}&redirect_uri=",
            github.code_challenge, github.state
        )
    );
    let plain = invite(&application("bitbucket"));
    assert_eq!((plain.code_verifier.as_str(), plain.code_challenge_method), ("", ""));
    assert!(!plain.url.contains("code_challenge"), "{}", plain.url);
    let apple = invite(&application("apple"));
    assert!(apple.url.contains("&response_mode=form_post&response_type=code&"), "{}", apple.url);
    assert!(!invite(&application("notion")).url.contains("scope"), "it asks for nothing");
}

#[test]
fn an_issuer_says_what_the_collection_does_not() {
    let issuer = json!({ "issuers": ["https://id.example"] });
    let written = with_extra("oidc", issuer);
    let bare = Application::new(&written).unwrap();
    assert_eq!(bare.undiscovered(), Some("https://id.example"));
    assert!(bare.lack().is_some() && !bare.uses_nonce());
    assert_eq!(
        Discovery::address("https://id.example/"),
        "https://id.example/.well-known/openid-configuration"
    );

    let document = json!({
        "issuer": "https://id.example/", "authorization_endpoint": "https://id.example/a",
        "token_endpoint": "https://id.example/t", "jwks_uri": "https://id.example/k",
    });
    let discovery = Discovery::read(&document, "https://id.example").unwrap();
    let whole = bare.discovered(&discovery);
    assert_eq!(whole.lack(), None);
    assert_eq!(whole.issuers, ["https://id.example", "https://id.example/"]);
    assert_eq!((whole.source(), whole.uses_nonce()), (ProfileSource::IdToken, true));
    let invitation = Authorization::new(&whole, &mut Random::seeded(1));
    let expected = format!("&nonce={}&response_type", nonce(&invitation.code_verifier));
    assert!(invitation.url.contains(&expected), "{}", invitation.url);

    assert_eq!(Discovery::read(&document, "https://evil.example"), None);
    assert_eq!(Discovery::read(&json!([]), "https://id.example"), None);
}

#[test]
fn addresses_written_down_need_no_issuer() {
    let mut written = with_extra("oidc", json!({ "issuers": ["https://id.example"] }));
    written.auth_url = "https://id.example/a".to_owned();
    written.token_url = "https://id.example/t".to_owned();
    let by_token = Application::new(&written).unwrap();
    assert_eq!((by_token.undiscovered(), by_token.lack()), (None, None));
    assert_eq!(by_token.source(), ProfileSource::IdToken);
    written.user_info_url = "https://id.example/u".to_owned();
    let by_profile = Application::new(&written).unwrap();
    assert_eq!((by_profile.source(), by_profile.uses_nonce()), (ProfileSource::UserInfo, false));
    assert!(application("mailcow").lack().is_some());
    assert_eq!(Application::new(&configured("myspace")), None);
}

#[test]
fn addresses_of_code_hosts_are_asked_for_beside_the_profile() {
    let url = |name: &str, profile: Json| {
        let profile: JsonMap = profile.as_object().cloned().unwrap();
        email_lookup(&application(name), &profile).map(|lookup| lookup.url)
    };
    assert_eq!(url("github", json!({})).unwrap(), "https://api.github.com/user/emails");
    assert_eq!(url("bitbucket", json!({})).unwrap(), "https://api.bitbucket.org/2.0/user/emails");
    assert_eq!(url("gitee", json!({ "email": "a@b.c" })), None);
    assert!(url("gitee", json!({ "email": "hidden" })).is_some());
    assert_eq!(url("gitlab", json!({})), None);
    let request = profile_request(&application("linear"));
    assert!(request.body.unwrap()["query"].as_str().unwrap().contains("viewer"));
    assert_eq!(profile_request(&application("trakt")).headers.len(), 3);
}
