//! `[server]`: where it listens, whose certificate it shows, and whom it trusts.

use serde_json::json;

use crate::config::tests::{loaded, refused, settings};

#[test]
fn server() {
    let text = "[server]\nhttp = \"127.0.0.1:8090\"\norigins = [\"https://a.example\", \"*\"]\n\
                trusted_proxies = [\"X-Forwarded-For\"]\nsuperuser_ips = [\"10.0.0.0/8\", \"::1\"]\n";
    let config = loaded(text);
    assert_eq!(config.server.http, "127.0.0.1:8090".parse().ok());
    assert_eq!(config.server.origins.unwrap().len(), 2);
    let expected = json!({"trustedProxy": {"headers": ["X-Forwarded-For"]}, "superuserIPs": ["10.0.0.0/8", "::1"]});
    assert_eq!(settings(text), expected);
    assert_eq!(
        refused(
            "[server]\nhttp = \"localhost\"\norigins = [\"a.example\", \"https://a.example/x\"]\nsuperuser_ips = [\"me\"]\n\
             trusted_proxies = [\"10.0.0.1\"]\n"
        ),
        [
            "2:8 `http` is not an address such as \"127.0.0.1:8090\": `localhost`",
            "3:12 `origins` is not an origin such as \"https://example.com\": `a.example`",
            "3:25 `origins` is not an origin such as \"https://example.com\": `https://a.example/x`",
            "4:18 `me` is no address",
            "5:20 `trusted_proxies` is not the name of a header that they write, such as \"X-Forwarded-For\": `10.0.0.1`",
        ]
    );
}

#[test]
fn https() {
    let config = loaded(
        "[server]\nhttps = \"0.0.0.0:443\"\ndomains = [\"Example.com\", \"www.example.com\"]\n\
         acme = { email = \"me@example.com\", directory = \"letsencrypt-staging\", root = \"ca.pem\" }\n",
    );
    let https = config.server.https;
    assert_eq!(https.address, "0.0.0.0:443".parse().ok());
    assert_eq!(
        https.domains.iter().map(|name| name.as_str()).collect::<Vec<_>>(),
        ["example.com", "www.example.com"]
    );
    let directory = https.acme.directory.unwrap();
    assert_eq!(directory.as_str(), "https://acme-staging-v02.api.letsencrypt.org/directory");
    assert_eq!(
        (https.acme.email.as_deref(), https.acme.root.as_deref()),
        (Some("me@example.com"), Some("ca.pem"))
    );
    assert!(https.certificate.is_none());

    let config = loaded(
        "[server]\ncertificate = \"a.pem\"\ncertificate_key = \"b.pem\"\nacme = { email = \"\" }\n",
    );
    let files = config.server.https.certificate.unwrap();
    assert_eq!((files.certificate.as_str(), files.key.as_str()), ("a.pem", "b.pem"));
    assert_eq!(config.server.https.acme, crate::config::Acme::default());

    assert_eq!(
        refused(
            "[server]\nhttps = \"443\"\ndomains = [\"*.a.example\", \"https://a.example\"]\n\
             acme = { email = \"me\", directory = \"http://a.example\", mail = \"\" }\n"
        ),
        [
            "2:9 `https` is not an address such as \"0.0.0.0:443\": `443`",
            "3:12 `*.a.example` is not a domain",
            "3:27 `https://a.example` is not a domain",
            "4:18 `email` is not an e-mail address: `me`",
            "4:36 `directory` is not \"letsencrypt\", \"letsencrypt-staging\" or an https address: `http://a.example`",
            "4:56 there is no key `mail` in `server.acme`",
        ]
    );
    assert_eq!(
        refused("[server]\ncertificate_key = \"b.pem\"\n"),
        ["2:1 `certificate_key` needs `certificate` beside it"]
    );
    assert_eq!(
        refused(
            "[server]\ndomains = [\"a.example\"]\ncertificate = \"a.pem\"\ncertificate_key = \"b.pem\"\n"
        ),
        ["3:1 `domains` gets certificates, and `certificate` is one of your own"]
    );
}
